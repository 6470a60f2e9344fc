// SPDX-License-Identifier: MIT
/* Images as samples: decoded and scaled by stb, then brought to the model's codes. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <stb/stb_image.h>
#include <stb/stb_image_resize.h>

#include "network.h"

bool tool_is_image(const char *path)
{
	static const char *const ends[] = { ".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm", ".gif" };
	size_t n = strlen(path);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t e = strlen(ends[i]);

		if (n > e && !strcasecmp(path + n - e, ends[i]))
			return true;
	}
	return false;
}

/* The largest middle part of an image that has the model's proportions. */
static void middle(int *x, int *y, int *w, int *h, uint32_t want_w, uint32_t want_h)
{
	int full_w = *w, full_h = *h;

	if ((uint64_t)full_w * want_h > (uint64_t)full_h * want_w)
		*w = (int)((uint64_t)full_h * want_w / want_h);
	else
		*h = (int)((uint64_t)full_w * want_h / want_w);
	if (*w < 1)
		*w = 1;
	if (*h < 1)
		*h = 1;
	*x = (full_w - *w) / 2;
	*y = (full_h - *h) / 2;
}

/* Pixels of the model's size, malloced. */
static uint8_t *pixels(const struct tool_options *o, const char *path, uint32_t h, uint32_t w,
		       uint32_t c)
{
	int iw, ih, in, x = 0, y = 0, stride;
	uint8_t *image = stbi_load(path, &iw, &ih, &in, (int)c), *out;

	if (!image) {
		fprintf(stderr, "octet: %s: no image that can be read (%s)\n", path,
			stbi_failure_reason());
		return NULL;
	}
	stride = iw * (int)c;
	if (o->crop)
		middle(&x, &y, &iw, &ih, w, h);
	out = malloc((size_t)h * w * c);
	if (out && !stbir_resize_uint8(image + (size_t)y * (size_t)stride + (size_t)x * c, iw, ih,
				       stride, out, (int)w, (int)h, 0, (int)c)) {
		fprintf(stderr, "octet: %s: cannot be scaled to %ux%u\n", path, w, h);
		free(out);
		out = NULL;
	}
	stbi_image_free(image);
	return out;
}

static void swap_colours(uint8_t *p, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint8_t red = p[3 * i];

		p[3 * i] = p[3 * i + 2];
		p[3 * i + 2] = red;
	}
}

/* (pixel - mean) / std as real values, quantized by the model's parameters. */
static uint8_t *normalized(const struct tool_options *o, const char *path, const uint8_t *p,
			   const struct octet_tensor_info *t, uint32_t c)
{
	size_t count = t->bytes / tool_element_bytes(t->type);
	float *real = malloc(count * sizeof(*real));
	uint8_t *out = malloc(t->bytes);
	int ret = real && out ? 0 : -1;

	for (size_t i = 0; !ret && i < count; i++) {
		float std = o->std.given ? o->std.v[i % c] : 1.0f;

		real[i] = ((float)p[i] - (o->mean.given ? o->mean.v[i % c] : 0.0f)) / std;
	}
	if (!ret)
		ret = tool_encode(t, real, count, out);
	free(real);
	if (!ret)
		return out;
	fprintf(stderr, "octet: %s: --mean and --std give no number that input '%s' can hold\n",
		path, t->name);
	free(out);
	return NULL;
}

/* The pixel is the code: 0..255, or -128..127. */
static uint8_t *as_codes(const char *path, uint8_t *p, const struct octet_tensor_info *t)
{
	if (t->type == OCTET_UINT8)
		return p;
	if (t->type != OCTET_INT8) {
		fprintf(stderr, "octet: %s: input '%s' is %s: say --mean and --std\n", path, t->name,
			octet_dtype_name(t->type));
		free(p);
		return NULL;
	}
	for (size_t i = 0; i < t->bytes; i++)
		p[i] ^= 0x80;
	return p;
}

uint8_t *tool_image_read(const struct tool_options *o, const char *path,
			 const struct octet_tensor_info *t)
{
	uint32_t c = t->rank == 4 ? t->dims[3] : 0;
	uint8_t *p, *out;
	char dims[96];

	if (t->rank != 4 || t->dims[0] != 1 || (c != 1 && c != 3)) {
		fprintf(stderr, "octet: %s: input '%s' is %s: an image needs 1xHxWx1 or 1xHxWx3\n",
			path, t->name, tool_dims(t, dims, sizeof(dims)));
		return NULL;
	}
	p = pixels(o, path, t->dims[1], t->dims[2], c);
	if (!p)
		return NULL;
	if (o->bgr && c == 3)
		swap_colours(p, (size_t)t->dims[1] * t->dims[2]);
	if (!o->mean.given && !o->std.given)
		return as_codes(path, p, t);
	out = normalized(o, path, p, t, c);
	free(p);
	return out;
}
