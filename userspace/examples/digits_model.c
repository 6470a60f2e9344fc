// SPDX-License-Identifier: MIT
/* The digits demo's float model: load, save, verify. Format: digits_model.h. */

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "digits_model.h"

#define FILE_HEADER 16u
#define LAYER_HEADER 48u
#define LAYER_FIELDS (LAYER_HEADER / 4)
#define MAX_FILE (16u << 20)

struct report {
	char *text;
	size_t size;
	const char *path;
};

__attribute__((format(printf, 3, 4)))
static int fail(const struct report *r, int code, const char *fmt, ...)
{
	va_list ap;
	int n = 0;

	if (!r->text || !r->size)
		return code;
	if (r->path)
		n = snprintf(r->text, r->size, "%s: ", r->path);
	if (n < 0 || (size_t)n >= r->size)
		return code;
	va_start(ap, fmt);
	vsnprintf(r->text + n, r->size - (size_t)n, fmt, ap);
	va_end(ap);
	return code;
}

size_t digits_layer_inputs(const struct digits_layer *l)
{
	return (size_t)l->in_h * l->in_w * l->in_c;
}

size_t digits_layer_outputs(const struct digits_layer *l)
{
	return (size_t)l->out_h * l->out_w * l->out_c;
}

size_t digits_layer_weights(const struct digits_layer *l)
{
	return (size_t)l->out_c * l->kernel * l->kernel * l->in_c;
}

uint64_t digits_layer_macs(const struct digits_layer *l)
{
	return (uint64_t)l->out_h * l->out_w * digits_layer_weights(l);
}

size_t digits_model_inputs(const struct digits_model *m)
{
	return m->n_layers ? digits_layer_inputs(&m->layers[0]) : 0;
}

size_t digits_model_params(const struct digits_model *m)
{
	size_t sum = 0;

	for (uint32_t i = 0; i < m->n_layers; i++)
		sum += digits_layer_weights(&m->layers[i]) + m->layers[i].out_c;
	return sum;
}

static int check_range(const struct report *r, uint32_t i, const char *what,
		       uint32_t value, uint32_t lo, uint32_t hi)
{
	if (value >= lo && value <= hi)
		return 0;
	return fail(r, -EINVAL, "layer %" PRIu32 ": %s is %" PRIu32
		    ", must be %" PRIu32 "..%" PRIu32, i, what, value, lo, hi);
}

static int check_fields(const struct report *r, uint32_t i,
			const struct digits_layer *l)
{
	const struct {
		const char *what;
		uint32_t value, lo, hi;
	} rules[] = {
		{ "kind", l->kind, DIGITS_CONV, DIGITS_DENSE },
		{ "input height", l->in_h, 1, DIGITS_MAX_DIM },
		{ "input width", l->in_w, 1, DIGITS_MAX_DIM },
		{ "input channels", l->in_c, 1, DIGITS_MAX_DIM },
		{ "output height", l->out_h, 1, DIGITS_MAX_DIM },
		{ "output width", l->out_w, 1, DIGITS_MAX_DIM },
		{ "output channels", l->out_c, 1, DIGITS_MAX_DIM },
		{ "kernel", l->kernel, 1, DIGITS_MAX_KERNEL },
		{ "stride", l->stride, 1, DIGITS_MAX_KERNEL },
		{ "pad", l->pad, 0, l->kernel - 1 },
		{ "relu", l->relu, 0, 1 },
	};

	for (size_t k = 0; k < sizeof(rules) / sizeof(rules[0]); k++) {
		int ret = check_range(r, i, rules[k].what, rules[k].value,
				      rules[k].lo, rules[k].hi);

		if (ret)
			return ret;
	}
	return 0;
}

static int check_conv_dim(const struct report *r, uint32_t i, const char *what,
			  const struct digits_layer *l, uint32_t in, uint32_t out)
{
	uint32_t padded = in + 2 * l->pad;
	uint32_t want = padded < l->kernel ?
			0 : (padded - l->kernel) / l->stride + 1;

	if (out == want)
		return 0;
	return fail(r, -EINVAL, "layer %" PRIu32 ": output %s is %" PRIu32
		    ", but input %" PRIu32 ", kernel %" PRIu32 ", stride %" PRIu32
		    " and pad %" PRIu32 " give %" PRIu32, i, what, out, in,
		    l->kernel, l->stride, l->pad, want);
}

static int check_shape(const struct report *r, uint32_t i,
		       const struct digits_layer *l)
{
	int ret;

	if (l->kind == DIGITS_CONV) {
		ret = check_conv_dim(r, i, "height", l, l->in_h, l->out_h);
		if (!ret)
			ret = check_conv_dim(r, i, "width", l, l->in_w, l->out_w);
		if (ret)
			return ret;
	} else if (l->in_h != 1 || l->in_w != 1 || l->out_h != 1 ||
		   l->out_w != 1 || l->kernel != 1 || l->stride != 1 || l->pad) {
		return fail(r, -EINVAL, "layer %" PRIu32 ": a dense layer must be"
			    " 1 x 1 x K to 1 x 1 x N with kernel 1, stride 1,"
			    " pad 0", i);
	}
	if (digits_layer_inputs(l) > DIGITS_MAX_VALUES ||
	    digits_layer_outputs(l) > DIGITS_MAX_VALUES ||
	    digits_layer_weights(l) > DIGITS_MAX_VALUES)
		return fail(r, -EINVAL, "layer %" PRIu32 ": input, output or"
			    " weights have more than %u values", i,
			    DIGITS_MAX_VALUES);
	return 0;
}

static int check_link(const struct report *r, uint32_t i,
		      const struct digits_layer *prev,
		      const struct digits_layer *l)
{
	size_t have = digits_layer_outputs(prev);

	if (l->kind == DIGITS_DENSE) {
		if (l->in_c == have)
			return 0;
		return fail(r, -EINVAL, "layer %" PRIu32 ": takes %" PRIu32
			    " inputs, but layer %" PRIu32 " gives %zu values",
			    i, l->in_c, i - 1, have);
	}
	if (l->in_h == prev->out_h && l->in_w == prev->out_w &&
	    l->in_c == prev->out_c)
		return 0;
	return fail(r, -EINVAL, "layer %" PRIu32 ": input is %" PRIu32 "x%" PRIu32
		    "x%" PRIu32 ", but layer %" PRIu32 " gives %" PRIu32 "x%" PRIu32
		    "x%" PRIu32, i, l->in_h, l->in_w, l->in_c, i - 1,
		    prev->out_h, prev->out_w, prev->out_c);
}

/* Checks layer i of the model on its own and against the layer before it. */
static int check_layer(const struct report *r, const struct digits_model *m,
		       uint32_t i)
{
	const struct digits_layer *l = &m->layers[i];
	int ret = check_fields(r, i, l);

	if (!ret)
		ret = check_shape(r, i, l);
	if (!ret && i)
		ret = check_link(r, i, &m->layers[i - 1], l);
	return ret;
}

static int alloc_layer(const struct report *r, uint32_t i, struct digits_layer *l)
{
	l->weights = calloc(digits_layer_weights(l), sizeof(float));
	l->bias = calloc(l->out_c, sizeof(float));
	if (l->weights && l->bias)
		return 0;
	return fail(r, -ENOMEM, "layer %" PRIu32 ": no memory for %zu weights", i,
		    digits_layer_weights(l));
}

void digits_model_free(struct digits_model *m)
{
	for (uint32_t i = 0; i < DIGITS_MAX_LAYERS; i++) {
		free(m->layers[i].weights);
		free(m->layers[i].bias);
	}
	memset(m, 0, sizeof(*m));
}

static int check_count(const struct report *r, uint32_t n)
{
	if (n >= 1 && n <= DIGITS_MAX_LAYERS)
		return 0;
	return fail(r, -EINVAL, "%" PRIu32 " layers, must be 1..%u", n,
		    DIGITS_MAX_LAYERS);
}

int digits_model_create(struct digits_model *m, const struct digits_layer *shapes,
			uint32_t n, char *err, size_t err_size)
{
	struct report r = { err, err_size, NULL };
	int ret = check_count(&r, n);

	memset(m, 0, sizeof(*m));
	for (uint32_t i = 0; !ret && i < n; i++) {
		m->layers[i] = shapes[i];
		m->layers[i].weights = NULL;
		m->layers[i].bias = NULL;
		ret = check_layer(&r, m, i);
		if (!ret)
			ret = alloc_layer(&r, i, &m->layers[i]);
	}
	m->n_layers = n;
	if (ret)
		digits_model_free(m);
	return ret;
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static int get_floats(const struct report *r, uint32_t layer, const char *what,
		      const uint8_t *p, float *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t bits = get32(p + 4 * i);

		memcpy(&out[i], &bits, sizeof(bits));
		if (!isfinite(out[i]))
			return fail(r, -EINVAL, "layer %" PRIu32 ": %s %zu is %s,"
				    " must be finite", layer, what, i,
				    isnan(out[i]) ? "not a number" : "infinite");
	}
	return 0;
}

static int parse_layer(const struct report *r, struct digits_model *m, uint32_t i,
		       const uint8_t *p, size_t size, size_t *at)
{
	struct digits_layer *l = &m->layers[i];
	uint32_t f[LAYER_FIELDS];
	size_t n, left = size - *at;
	int ret;

	if (left < LAYER_HEADER)
		return fail(r, -EINVAL, "truncated in the header of layer %" PRIu32
			    ": %zu of %u bytes", i, left, LAYER_HEADER);
	for (uint32_t k = 0; k < LAYER_FIELDS; k++)
		f[k] = get32(p + *at + 4 * k);
	*l = (struct digits_layer){
		.kind = f[0], .in_h = f[1], .in_w = f[2], .in_c = f[3],
		.out_h = f[4], .out_w = f[5], .out_c = f[6],
		.kernel = f[7], .stride = f[8], .pad = f[9], .relu = f[10],
	};
	if (f[11])
		return fail(r, -EINVAL, "layer %" PRIu32 ": reserved field is %"
			    PRIu32 ", must be 0", i, f[11]);
	ret = check_layer(r, m, i);
	if (ret)
		return ret;

	*at += LAYER_HEADER;
	left -= LAYER_HEADER;
	n = digits_layer_weights(l);
	if (left < 4 * (n + l->out_c))
		return fail(r, -EINVAL, "truncated in the data of layer %" PRIu32
			    ": %zu of %zu bytes", i, left, 4 * (n + l->out_c));
	ret = alloc_layer(r, i, l);
	if (!ret)
		ret = get_floats(r, i, "weight", p + *at, l->weights, n);
	if (!ret)
		ret = get_floats(r, i, "bias", p + *at + 4 * n, l->bias, l->out_c);
	*at += 4 * (n + l->out_c);
	return ret;
}

static int parse(const struct report *r, struct digits_model *m, const uint8_t *p,
		 size_t size)
{
	size_t at = FILE_HEADER;
	uint32_t n;
	int ret;

	memset(m, 0, sizeof(*m));
	if (size < FILE_HEADER)
		return fail(r, -EINVAL, "truncated: %zu bytes, the header alone has"
			    " %u", size, FILE_HEADER);
	if (memcmp(p, DIGITS_MODEL_MAGIC, 8))
		return fail(r, -EINVAL, "no float model: it does not begin with \""
			    DIGITS_MODEL_MAGIC "\"; train_digits writes one");
	if (get32(p + 8) != DIGITS_MODEL_VERSION)
		return fail(r, -EINVAL, "version %" PRIu32 ", only %u is known",
			    get32(p + 8), DIGITS_MODEL_VERSION);
	n = get32(p + 12);
	ret = check_count(r, n);
	for (uint32_t i = 0; !ret && i < n; i++)
		ret = parse_layer(r, m, i, p, size, &at);
	if (!ret && at != size)
		ret = fail(r, -EINVAL, "%zu bytes after the last layer, must be 0",
			   size - at);
	if (ret)
		digits_model_free(m);
	else
		m->n_layers = n;
	return ret;
}

int digits_model_parse(struct digits_model *m, const void *bytes, size_t size,
		       char *err, size_t err_size)
{
	struct report r = { err, err_size, NULL };

	return parse(&r, m, bytes, size);
}

int digits_model_load(struct digits_model *m, const char *path, char *err,
		      size_t err_size)
{
	struct report r = { err, err_size, path };
	uint8_t *bytes;
	size_t size;
	FILE *f;
	int ret;

	memset(m, 0, sizeof(*m));
	f = fopen(path, "rb");
	if (!f) {
		ret = -errno;
		return fail(&r, ret, "%s", strerror(-ret));
	}
	/* One byte more than allowed tells a larger file; seeking would not
	 * work on a pipe. */
	bytes = malloc(MAX_FILE + 1);
	if (!bytes) {
		fclose(f);
		return fail(&r, -ENOMEM, "no memory to read it");
	}
	size = fread(bytes, 1, MAX_FILE + 1, f);
	if (ferror(f))
		ret = fail(&r, -EIO, "cannot be read");
	else if (size > MAX_FILE)
		ret = fail(&r, -EFBIG, "larger than %u bytes", MAX_FILE);
	else
		ret = parse(&r, m, bytes, size);
	free(bytes);
	fclose(f);
	return ret;
}

static int write_floats(FILE *f, const float *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t b[4];
		uint32_t bits;

		memcpy(&bits, &v[i], sizeof(bits));
		put32(b, bits);
		if (fwrite(b, 4, 1, f) != 1)
			return -1;
	}
	return 0;
}

static int write_layer(FILE *f, const struct digits_layer *l)
{
	const uint32_t fields[LAYER_FIELDS] = {
		l->kind, l->in_h, l->in_w, l->in_c, l->out_h, l->out_w, l->out_c,
		l->kernel, l->stride, l->pad, l->relu, 0,
	};
	uint8_t b[LAYER_HEADER];

	for (uint32_t k = 0; k < LAYER_FIELDS; k++)
		put32(b + 4 * k, fields[k]);
	if (fwrite(b, sizeof(b), 1, f) != 1)
		return -1;
	if (write_floats(f, l->weights, digits_layer_weights(l)))
		return -1;
	return write_floats(f, l->bias, l->out_c);
}

static int write_model(FILE *f, const struct digits_model *m)
{
	uint8_t b[FILE_HEADER];
	int bad;

	memcpy(b, DIGITS_MODEL_MAGIC, 8);
	put32(b + 8, DIGITS_MODEL_VERSION);
	put32(b + 12, m->n_layers);
	bad = fwrite(b, sizeof(b), 1, f) != 1;
	for (uint32_t i = 0; !bad && i < m->n_layers; i++)
		bad = write_layer(f, &m->layers[i]);
	return bad ? -1 : 0;
}

/* Written beside its place and renamed, so that no reader sees half a file. */
int digits_model_save(const struct digits_model *m, const char *path, char *err,
		      size_t err_size)
{
	struct report r = { err, err_size, path };
	char tmp[4096];
	FILE *f;
	int bad, ret;

	if (snprintf(tmp, sizeof(tmp), "%s.%ld", path, (long)getpid()) >=
	    (int)sizeof(tmp))
		return fail(&r, -ENAMETOOLONG, "name too long");
	f = fopen(tmp, "wb");
	if (!f) {
		ret = -errno;
		return fail(&r, ret, "cannot be written: %s", strerror(-ret));
	}
	bad = write_model(f, m);
	bad |= fclose(f);
	if (!bad && !rename(tmp, path))
		return 0;
	ret = errno ? -errno : -EIO;
	unlink(tmp);
	return fail(&r, ret, "cannot be written: %s", strerror(-ret));
}
