// SPDX-License-Identifier: MIT
/* Samples: raw files, .npy files and images become a model's own codes. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"

size_t tool_element_bytes(enum octet_dtype type)
{
	switch (type) {
	case OCTET_INT8:
	case OCTET_UINT8:
	case OCTET_BOOL:
		return 1;
	case OCTET_INT16:
	case OCTET_FLOAT16:
		return 2;
	case OCTET_INT32:
	case OCTET_FLOAT32:
		return 4;
	case OCTET_INT64:
		return 8;
	default:
		return 0;
	}
}

/* TFLite's rule: divide, round half away from zero, add the zero point. */
static int encode16(const struct octet_tensor_info *t, const float *in, size_t count, int16_t *out)
{
	for (size_t i = 0; i < count; i++) {
		float v = roundf(in[i] / t->scale[0]) + (float)t->zero_point[0];

		if (isnan(in[i]))
			return -EINVAL;
		out[i] = v < -32768.0f ? -32768 : v > 32767.0f ? 32767 : (int16_t)v;
	}
	return 0;
}

int tool_encode(const struct octet_tensor_info *t, const float *in, size_t count, void *out)
{
	OCTET_OPTS(octet_quant_opts, q);

	if (t->type == OCTET_FLOAT32) {
		memcpy(out, in, count * sizeof(*in));
		return 0;
	}
	if (t->quants != 1)
		return -EINVAL;
	if (t->type == OCTET_INT16)
		return encode16(t, in, count, out);
	if (t->type != OCTET_INT8 && t->type != OCTET_UINT8)
		return -EINVAL;
	q.type = t->type;
	return octet_quantize(&q, t->scale[0], t->zero_point[0], in, count, out);
}

static double code(const struct octet_tensor_info *t, const void *data, size_t i)
{
	switch (t->type) {
	case OCTET_INT8:
		return ((const int8_t *)data)[i];
	case OCTET_UINT8:
	case OCTET_BOOL:
		return ((const uint8_t *)data)[i];
	case OCTET_INT16:
		return ((const int16_t *)data)[i];
	case OCTET_INT32:
		return ((const int32_t *)data)[i];
	case OCTET_INT64:
		return (double)((const int64_t *)data)[i];
	case OCTET_FLOAT32:
		return ((const float *)data)[i];
	default:
		return 0;
	}
}

double tool_decode(const struct octet_tensor_info *t, const void *data, size_t i)
{
	double v = code(t, data, i);

	if (t->quants != 1 || t->type == OCTET_FLOAT32)
		return v;
	return (v - t->zero_point[0]) * t->scale[0];
}

/* All of a stream, and room for one byte more; NULL with errno. */
static uint8_t *all_of(FILE *f, size_t *bytes)
{
	size_t room = 1 << 16, got;
	uint8_t *data = malloc(room), *grown;

	for (*bytes = 0; data; *bytes += got) {
		got = fread(data + *bytes, 1, room - 1 - *bytes, f);
		if (!got)
			break;
		if (*bytes + got < room - 1)
			continue;
		room *= 2;
		grown = realloc(data, room);
		if (!grown)
			free(data);
		data = grown;
	}
	if (data && ferror(f)) {
		free(data);
		return NULL;
	}
	return data;
}

/* Pipes have no size to ask for, so a file is read to its end. */
static uint8_t *whole_file(const char *path, size_t *bytes)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = f ? all_of(f, bytes) : NULL;

	if (!data)
		fprintf(stderr, "octet: %s: %s\n", path, strerror(errno ? errno : EIO));
	if (f)
		fclose(f);
	return data;
}

/* Real values become codes; the file's own bytes are given up. */
static uint8_t *encode_all(const struct octet_tensor_info *t, const char *path, uint8_t *data,
			   size_t *bytes)
{
	size_t count = *bytes / sizeof(float), element = tool_element_bytes(t->type), at = 0;
	const float *real = (const float *)(const void *)data;
	uint8_t *codes = NULL;

	if (*bytes % sizeof(float)) {
		fprintf(stderr, "octet: %s: %zu bytes are no float32 values: 4 bytes each\n", path,
			*bytes);
		free(data);
		return NULL;
	}
	codes = malloc(count * element + 1);
	if (!codes)
		fprintf(stderr, "octet: %s: out of memory\n", path);
	if (codes && tool_encode(t, real, count, codes)) {
		while (at < count && !isnan(real[at]))
			at++;
		if (at < count)
			fprintf(stderr, "octet: %s: value %zu is NaN, which no code stands for; are "
				"these float32 values?\n", path, at);
		else
			fprintf(stderr, "octet: %s: real values cannot be quantized for input '%s': it "
				"is %s without one scale\n", path, t->name, octet_dtype_name(t->type));
		free(codes);
		codes = NULL;
	}
	free(data);
	*bytes = count * element;
	return codes;
}

/* The codes of one file. */
static uint8_t *codes_of(const struct tool_options *o, const char *path,
			 const struct octet_tensor_info *t, size_t *bytes)
{
	enum octet_dtype type = o->real_input ? OCTET_FLOAT32 : t->type;
	size_t n = strlen(path);
	uint8_t *data;

	if (tool_is_image(path)) {
		*bytes = t->bytes;
		return tool_image_read(o, path, t);
	}
	if (n > 4 && !strcmp(path + n - 4, ".npy"))
		data = tool_npy_read(path, &type, bytes);
	else
		data = whole_file(path, bytes);
	if (!data || type == t->type)
		return data;
	if (type == OCTET_FLOAT32)
		return encode_all(t, path, data, bytes);
	fprintf(stderr, "octet: %s: has %s, input '%s' of the model is %s; float32 would be "
		"quantized\n", path, octet_dtype_name(type), t->name, octet_dtype_name(t->type));
	free(data);
	return NULL;
}

static int read_one(const struct tool_network *n, const struct tool_options *o, uint32_t i,
		    const char *path, struct tool_samples *s)
{
	OCTET_OPTS(octet_tensor_info, t);
	unsigned long count;
	size_t bytes = 0;
	char dims[96];

	octet_model_tensor(n->model, (uint32_t)octet_model_input(n->model, i), &t);
	s->data[i] = codes_of(o, path, &t, &bytes);
	if (!s->data[i])
		return EXIT_FAILED;
	if (!bytes || bytes % t.bytes) {
		fprintf(stderr, "octet: %s: its values make %zu bytes, a sample of input '%s' (%s %s) "
			"has %zu; whole samples are needed, at least one\n", path, bytes, t.name,
			octet_dtype_name(t.type), tool_dims(&t, dims, sizeof(dims)), t.bytes);
		return EXIT_FAILED;
	}
	count = bytes / t.bytes;
	if (i && count != s->count) {
		fprintf(stderr, "octet: %s: %lu samples, the first input has %lu\n", path, count,
			s->count);
		return EXIT_FAILED;
	}
	s->count = count;
	return EXIT_OK;
}

int tool_samples_read(const struct tool_network *n, const struct tool_options *o,
		      const char *const *paths, unsigned int path_count, struct tool_samples *s)
{
	memset(s, 0, sizeof(*s));
	if (path_count != n->inputs) {
		fprintf(stderr, "octet: %s has %u input%s, files are given for %u: --input FILE for "
			"each\n", o->model, n->inputs, n->inputs == 1 ? "" : "s", path_count);
		return EXIT_USAGE;
	}
	for (uint32_t i = 0; i < n->inputs; i++)
		if (read_one(n, o, i, paths[i], s)) {
			tool_samples_free(s);
			return EXIT_FAILED;
		}
	if (!n->inputs)
		s->count = 1;
	return EXIT_OK;
}

/* Random bytes are no good as real values (NaN), indexes or truth values. */
static void tame(struct tool_random *r, enum octet_dtype type, uint8_t *data, size_t bytes)
{
	void *v = data;

	for (size_t k = 0; type == OCTET_FLOAT32 && k < bytes / 4; k++)
		((float *)v)[k] = (float)tool_between(r, -1000000, 1000000) * 1e-6f;
	for (size_t k = 0; type == OCTET_FLOAT16 && k < bytes / 2; k++)
		((uint16_t *)v)[k] &= 0xbfff;
	for (size_t k = 0; type == OCTET_INT32 && k < bytes / 4; k++)
		((uint32_t *)v)[k] &= 1;
	for (size_t k = 0; type == OCTET_INT64 && k < bytes / 8; k++)
		((uint64_t *)v)[k] &= 1;
	for (size_t k = 0; type == OCTET_BOOL && k < bytes; k++)
		data[k] &= 1;
}

int tool_samples_random(const struct tool_network *n, uint64_t seed, unsigned long count,
			struct tool_samples *s)
{
	struct tool_random r = { seed };
	OCTET_OPTS(octet_tensor_info, t);

	memset(s, 0, sizeof(*s));
	s->count = count;
	for (uint32_t i = 0; i < n->inputs; i++) {
		size_t bytes = n->sample_bytes[i] * count;

		octet_model_tensor(n->model, (uint32_t)octet_model_input(n->model, i), &t);
		s->data[i] = malloc(bytes + 1);
		if (!s->data[i]) {
			tool_samples_free(s);
			fputs("octet: out of memory\n", stderr);
			return EXIT_FAILED;
		}
		tool_fill(&r, s->data[i], bytes);
		tame(&r, t.type, s->data[i], bytes);
	}
	return EXIT_OK;
}

void tool_samples_free(struct tool_samples *s)
{
	for (unsigned int i = 0; i < TOOL_INPUTS; i++)
		free(s->data[i]);
	memset(s, 0, sizeof(*s));
}

/* Lines end with \n or \r\n. An empty one counts: those after it keep their numbers. */
static int split(struct tool_labels *l, char *text)
{
	size_t room = 0;

	for (char *at = text, *next; at && *at; at = next) {
		next = strchr(at, '\n');
		if (next)
			*next++ = '\0';
		at[strcspn(at, "\r")] = '\0';
		if (l->count == room) {
			char **grown;

			room = room ? 2 * room : 64;
			grown = realloc(l->line, room * sizeof(*grown));
			if (!grown)
				return EXIT_FAILED;
			l->line = grown;
		}
		l->line[l->count++] = at;
	}
	while (l->count && !l->line[l->count - 1][0])
		l->count--;
	return EXIT_OK;
}

int tool_labels_read(const char *path, struct tool_labels *l)
{
	static const char bom[] = "\xef\xbb\xbf";
	size_t bytes;

	memset(l, 0, sizeof(*l));
	l->text = (char *)whole_file(path, &bytes);
	if (!l->text)
		return EXIT_FAILED;
	l->text[bytes] = '\0';
	if (!split(l, l->text + (strncmp(l->text, bom, 3) ? 0 : 3)))
		return EXIT_OK;
	fprintf(stderr, "octet: %s: out of memory\n", path);
	tool_labels_free(l);
	return EXIT_FAILED;
}

void tool_labels_free(struct tool_labels *l)
{
	free(l->line);
	free(l->text);
	memset(l, 0, sizeof(*l));
}
