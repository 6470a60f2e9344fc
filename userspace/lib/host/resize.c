// SPDX-License-Identifier: MIT
/* RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR. */

#include "host_priv.h"

static int check(const struct octet_graph *g, const struct octet_graph_op *op, const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	const struct octet_opt_resize *o = &op->opt.resize;

	OCTET_HOST_NEED(in->type == out->type && in->rank == 4 && out->rank == 4, -EINVAL,
			"input and output must have rank 4 and one type");
	OCTET_HOST_NEED(in->dims[0] == out->dims[0] && in->dims[3] == out->dims[3], -EINVAL,
			"input and output differ in batch or channels");
	for (uint32_t d = 1; d < 3; d++)
		OCTET_HOST_NEED(in->dims[d] <= 1 << 20 && out->dims[d] <= 1 << 20, -EINVAL,
				"images have at most 2^20 rows and columns");
	if (op->code == OCTET_G_RESIZE_BILINEAR) {
		OCTET_HOST_NEED(!o->align_corners || !o->half_pixel, -EINVAL,
				"align_corners and half_pixel_centers exclude each other");
		OCTET_HOST_NEED(octet_host_is8(in) || octet_host_is16(in) ||
					in->type == OCTET_FLOAT32,
				-ENOTSUP, "the host has this operator for other types only");
		return 0;
	}
	OCTET_HOST_NEED(octet_host_size(in->type), -ENOTSUP, "int4 is not on the host");
	return 0;
}

/* One row or column of the float form. */
struct real_tap {
	uint32_t lo, hi;
	float weight;
};

static size_t scratch(const struct octet_graph *g, const struct octet_graph_op *op)
{
	octet_tensor_t *out = octet_graph_output(g, op, 0);

	return ((size_t)out->dims[1] + out->dims[2]) * sizeof(struct octet_tap);
}

/* ---- Nearest, and bilinear of int8 and int16 -------------------------------------------- */

static void taps_of(const struct octet_host_call *c, struct octet_tap **y, struct octet_tap **x)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *out = octet_host_tout(c, 0);

	*y = c->scratch;
	*x = *y + out->dims[1];
	octet_table_taps(c->op->code, &c->op->opt.resize, in->dims[1], out->dims[1], *y);
	octet_table_taps(c->op->code, &c->op->opt.resize, in->dims[2], out->dims[2], *x);
}

static size_t pixel(octet_tensor_t *t, uint32_t b, uint32_t y, uint32_t x)
{
	return (((size_t)b * t->dims[1] + y) * t->dims[2] + x) * t->dims[3];
}

static int nearest(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *out = octet_host_tout(c, 0);
	size_t size = octet_host_size(in->type), run = size * in->dims[3];
	const char *from = octet_host_in(c, 0);
	char *to = octet_host_out(c, 0);
	struct octet_tap *rows, *cols;

	taps_of(c, &rows, &cols);
	for (uint32_t b = 0; b < out->dims[0]; b++)
		for (uint32_t y = 0; y < out->dims[1]; y++)
			for (uint32_t x = 0; x < out->dims[2]; x++, to += run)
				memcpy(to, from + size * pixel(in, b, rows[y].lo, cols[x].lo),
				       run);
	return 0;
}

static void blend(const struct octet_host_call *c, uint32_t b, const struct octet_tap *row,
		  const struct octet_tap *col, size_t to)
{
	octet_tensor_t *in = octet_host_tin(c, 0);
	size_t ll = pixel(in, b, row->lo, col->lo), lh = pixel(in, b, row->lo, col->hi);
	size_t hl = pixel(in, b, row->hi, col->lo), hh = pixel(in, b, row->hi, col->hi);
	const void *x = octet_host_in(c, 0);

	for (uint32_t i = 0; i < in->dims[3]; i++) {
		int64_t low = octet_host_load(in->type, x, ll + i) * (1024 - col->weight) +
			      octet_host_load(in->type, x, lh + i) * col->weight;
		int64_t high = octet_host_load(in->type, x, hl + i) * (1024 - col->weight) +
			       octet_host_load(in->type, x, hh + i) * col->weight;
		int64_t sum = low * (1024 - row->weight) + high * row->weight;

		sum += sum > 0 ? 1 << 19 : -(1 << 19);
		octet_host_store(in->type, octet_host_out(c, 0), to + i, sum / (1 << 20));
	}
}

static int bilinear(const struct octet_host_call *c)
{
	octet_tensor_t *out = octet_host_tout(c, 0);
	struct octet_tap *rows, *cols;

	taps_of(c, &rows, &cols);
	for (uint32_t b = 0; b < out->dims[0]; b++)
		for (uint32_t y = 0; y < out->dims[1]; y++)
			for (uint32_t x = 0; x < out->dims[2]; x++)
				blend(c, b, &rows[y], &cols[x], pixel(out, b, y, x));
	return 0;
}

/* ---- Bilinear of float32 and uint8: in float32 -------------------------------------------- */

static void real_taps(const struct octet_opt_resize *o, uint32_t in, uint32_t out,
		      struct real_tap *taps)
{
	float scale = (float)in / (float)out;

	if (o->align_corners && out > 1)
		scale = (float)(in - 1) / (float)(out - 1);
	for (uint32_t i = 0; i < out; i++) {
		float at = (float)i * scale;
		int64_t lo, hi;

		if (o->half_pixel)
			at = ((float)i + 0.5f) * scale - 0.5f;
		lo = (int64_t)floorf(at);
		hi = (int64_t)ceilf(at);
		lo = lo < 0 ? 0 : lo;
		hi = hi < in ? hi : (int64_t)in - 1;
		/* The weight counts from the first row, even where that moved. */
		taps[i].weight = at - (float)lo;
		taps[i].lo = (uint32_t)(lo < hi ? lo : hi);
		taps[i].hi = (uint32_t)hi;
	}
}

static float value(octet_tensor_t *t, const void *x, size_t i)
{
	return t->type == OCTET_FLOAT32 ? ((const float *)x)[i] :
					  (float)((const uint8_t *)x)[i];
}

static void blend_real(const struct octet_host_call *c, uint32_t b, const struct real_tap *row,
		       const struct real_tap *col, size_t to)
{
	octet_tensor_t *in = octet_host_tin(c, 0);
	size_t ll = pixel(in, b, row->lo, col->lo), lh = pixel(in, b, row->lo, col->hi);
	size_t hl = pixel(in, b, row->hi, col->lo), hh = pixel(in, b, row->hi, col->hi);
	float wy = row->weight, wx = col->weight;
	const void *x = octet_host_in(c, 0);

	for (uint32_t i = 0; i < in->dims[3]; i++) {
		float v = value(in, x, ll + i) * (1 - wy) * (1 - wx) +
			  value(in, x, hl + i) * wy * (1 - wx) +
			  value(in, x, lh + i) * (1 - wy) * wx + value(in, x, hh + i) * wy * wx;

		if (in->type == OCTET_FLOAT32)
			((float *)octet_host_out(c, 0))[to + i] = v;
		else
			((uint8_t *)octet_host_out(c, 0))[to + i] = (uint8_t)(v + 0.5f);
	}
}

static int bilinear_real(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *out = octet_host_tout(c, 0);
	struct real_tap *rows = c->scratch, *cols = rows + out->dims[1];

	real_taps(&c->op->opt.resize, in->dims[1], out->dims[1], rows);
	real_taps(&c->op->opt.resize, in->dims[2], out->dims[2], cols);
	for (uint32_t b = 0; b < out->dims[0]; b++)
		for (uint32_t y = 0; y < out->dims[1]; y++)
			for (uint32_t x = 0; x < out->dims[2]; x++)
				blend_real(c, b, &rows[y], &cols[x], pixel(out, b, y, x));
	return 0;
}

static int resize(const struct octet_host_call *c)
{
	enum octet_dtype type = octet_host_tin(c, 0)->type;

	if (c->op->code == OCTET_G_RESIZE_NEAREST_NEIGHBOR)
		return nearest(c);
	return type == OCTET_FLOAT32 || type == OCTET_UINT8 ? bilinear_real(c) : bilinear(c);
}

const struct octet_host_kernel octet_host_resize[] = {
	{ OCTET_G_RESIZE_BILINEAR, 1, 2, 1, check, resize, scratch },
	{ OCTET_G_RESIZE_NEAREST_NEIGHBOR, 1, 2, 1, check, resize, scratch },
	{ 0 },
};
