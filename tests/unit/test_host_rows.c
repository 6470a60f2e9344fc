// SPDX-License-Identifier: MIT
/* Cases of operators that look at rows and planes: reductions, SOFTMAX, RESIZE. */

#include <math.h>
#include <string.h>

#include "test_host_cases.h"

/* The shape without (with 1 for) the axes of @mask. */
static uint32_t reduced(uint32_t rank, const uint32_t *dims, uint32_t mask, bool keep,
			uint32_t *out)
{
	uint32_t k = 0;

	for (uint32_t d = 0; d < rank; d++) {
		if (!(mask >> d & 1))
			out[k++] = dims[d];
		else if (keep)
			out[k++] = 1;
	}
	return k;
}

static void reduce_types(struct one *o, enum octet_dtype type)
{
	uint32_t rank = 1 + one_random(o, 4), dims[8], out[8], n = 0, mask, k;
	int32_t axes[8], t;

	case_dims(o, rank, 6, dims);
	mask = 1 + one_random(o, (1u << rank) - 1);
	o->op.opt.reduce.keep_dims = (int32_t)one_random(o, 2);
	for (uint32_t d = 0; d < rank; d++)
		if (mask >> d & 1)
			axes[n++] = (int32_t)d - (one_random(o, 2) ? (int32_t)rank : 0);
	k = reduced(rank, dims, mask, o->op.opt.reduce.keep_dims, out);
	t = case_quantized(o, type, rank, dims);
	one_fill(o, t);
	if (type == OCTET_INT32)
		for (uint64_t i = 0; i < o->t[t].elements; i++)
			((int32_t *)o->buffers[t])[i] >>= 12;
	one_input(o, t);
	one_input(o, one_ints(o, n, axes));
	one_output(o, case_quantized(o, type, k, out));
}

static void mean(struct one *o)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT16,
						  OCTET_FLOAT32, OCTET_INT32, OCTET_INT64 };

	reduce_types(o, case_pick(o, 6, types));
}

/* TFLite's reference kernel takes int8 for uint8: those are left out. */
static void sum(struct one *o)
{
	static const enum octet_dtype types[] = { OCTET_UINT8, OCTET_FLOAT32, OCTET_INT32,
						  OCTET_INT64 };

	reduce_types(o, case_pick(o, 4, types));
}

static void extreme(struct one *o)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT16,
						  OCTET_FLOAT32, OCTET_INT32, OCTET_INT64 };

	reduce_types(o, case_pick(o, 6, types));
	if (o->t[o->in[0]].quants) {
		*(float *)(uintptr_t)o->t[o->out[0]].scale = o->t[o->in[0]].scale[0];
		*(int32_t *)(uintptr_t)o->t[o->out[0]].zero_point = o->t[o->in[0]].zero_point[0];
	}
}

static void arg(struct one *o)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT32,
						  OCTET_FLOAT32 };
	enum octet_dtype type = case_pick(o, 4, types);
	uint32_t rank = 1 + one_random(o, 4), dims[8], out[8], axis = one_random(o, rank), k;
	int32_t at = (int32_t)axis - (one_random(o, 2) ? (int32_t)rank : 0), t;

	case_dims(o, rank, 7, dims);
	k = reduced(rank, dims, 1u << axis, false, out);
	o->op.opt.arg.output_type = one_random(o, 2) ? OCTET_INT32 : OCTET_INT64;
	t = case_quantized(o, type, rank, dims);
	one_fill(o, t);
	/* Some equal ones. */
	for (uint64_t i = 0; i < o->t[t].elements && type != OCTET_FLOAT32; i++)
		if (type == OCTET_INT8)
			((int8_t *)o->buffers[t])[i] /= 32;
	one_input(o, t);
	one_input(o, one_ints(o, 0, &at));
	one_output(o, one_tensor(o, (enum octet_dtype)o->op.opt.arg.output_type, k, out, 0, 0));
}

static void topk(struct one *o)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT32,
						  OCTET_FLOAT32, OCTET_INT64 };
	enum octet_dtype type = case_pick(o, 5, types);
	uint32_t rank = 1 + one_random(o, 3), dims[8];
	int32_t k, t;

	case_dims(o, rank, 12, dims);
	k = 1 + (int32_t)one_random(o, dims[rank - 1]);
	t = case_quantized(o, type, rank, dims);
	one_fill(o, t);
	for (uint64_t i = 0; i < o->t[t].elements; i++)
		if (type == OCTET_INT8)
			((int8_t *)o->buffers[t])[i] /= 32;
	one_input(o, t);
	one_input(o, one_ints(o, 0, &k));
	dims[rank - 1] = (uint32_t)k;
	one_output(o, case_quantized(o, type, rank, dims));
	one_output(o, one_tensor(o, OCTET_INT32, rank, dims, 0, 0));
}

static void softmax(struct one *o)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT16 };
	enum octet_dtype in = case_pick(o, 3, types), out = in;
	uint32_t dims[3];
	int32_t t;

	case_dims(o, 3, 5, dims);
	dims[2] = 1 + one_random(o, 300);
	if (in != OCTET_INT16 && !one_random(o, 3))
		out = OCTET_INT16;
	o->op.opt.softmax.beta = one_random(o, 2) ? 1 : (float)one_real(o, 0.5, 2);
	t = one_tensor(o, in, 3, dims,
		       in == OCTET_INT16 ? (float)exp(one_real(o, -11, -6)) : case_scale(o),
		       case_zp(o, in));
	one_fill(o, t);
	one_input(o, t);
	one_output(o, one_tensor(o, out, 3, dims, out == OCTET_INT16 ? 1.0f / 32768 : 1.0f / 256,
				 out == OCTET_INT8 ? -128 : 0));
}

static void log_softmax(struct one *o)
{
	enum octet_dtype type = one_random(o, 2) ? OCTET_INT8 : OCTET_UINT8;
	uint32_t dims[2];
	int32_t t;

	case_dims(o, 2, 5, dims);
	dims[1] = 1 + one_random(o, 200);
	t = case_quantized(o, type, 2, dims);
	one_fill(o, t);
	one_input(o, t);
	one_output(o, one_tensor(o, type, 2, dims, 16.0f / 256, type == OCTET_INT8 ? 127 : 255));
}

static void softmax_real(struct one *o)
{
	uint32_t dims[2] = { 4, 1 + one_random(o, 60) };
	int32_t t = one_tensor(o, OCTET_FLOAT32, 2, dims, 0, 0);

	o->op.opt.softmax.beta = (float)one_real(o, 0.5, 2);
	one_fill(o, t);
	one_input(o, t);
	one_output(o, one_tensor(o, OCTET_FLOAT32, 2, dims, 0, 0));
}

static void l2(struct one *o)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_FLOAT32 };
	enum octet_dtype type = case_pick(o, 3, types);
	uint32_t rank = 1 + one_random(o, 4), dims[8];
	int32_t t;

	case_dims(o, rank, 9, dims);
	t = case_quantized(o, type, rank, dims);
	one_fill(o, t);
	one_input(o, t);
	one_output(o, one_tensor(o, type, rank, dims, type == OCTET_FLOAT32 ? 0 : 1.0f / 128,
				 type == OCTET_UINT8 ? 128 : 0));
}

static void prelu(struct one *o)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_FLOAT32 };
	enum octet_dtype type = case_pick(o, 3, types);
	uint32_t dims[4], alpha[4];
	int32_t t;

	case_dims(o, 4, 5, dims);
	for (uint32_t d = 0; d < 4; d++)
		alpha[d] = one_random(o, 2) ? dims[d] : 1;
	t = case_quantized(o, type, 4, dims);
	one_fill(o, t);
	one_input(o, t);
	t = case_quantized(o, type, 4, alpha);
	one_fill(o, t);
	one_input(o, t);
	one_output(o, case_quantized(o, type, 4, dims));
}

static void resize(struct one *o)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_FLOAT32,
						  OCTET_INT16 };
	enum octet_dtype type = case_pick(o, 4, types);
	uint32_t dims[4], out[4];
	int32_t size[2], t;
	bool both = o->op.code == OCTET_G_RESIZE_NEAREST_NEIGHBOR;

	case_dims(o, 4, 6, dims);
	memcpy(out, dims, sizeof(out));
	out[1] = 1 + one_random(o, 14);
	out[2] = 1 + one_random(o, 14);
	size[0] = (int32_t)out[1];
	size[1] = (int32_t)out[2];
	o->op.opt.resize.align_corners = (int32_t)one_random(o, 2);
	if (both || !o->op.opt.resize.align_corners)
		o->op.opt.resize.half_pixel = (int32_t)one_random(o, 2);
	t = one_tensor(o, type, 4, dims, type == OCTET_FLOAT32 ? 0 : 0.25f, 0);
	one_fill(o, t);
	one_input(o, t);
	one_input(o, one_ints(o, 2, size));
	one_output(o, one_tensor(o, type, 4, out, type == OCTET_FLOAT32 ? 0 : 0.25f, 0));
}

const struct host_group host_groups_rows[] = {
	{ "SUM", OCTET_G_SUM, sum }, { "MEAN", OCTET_G_MEAN, mean },
	{ "REDUCE_MAX", OCTET_G_REDUCE_MAX, extreme },
	{ "REDUCE_MIN", OCTET_G_REDUCE_MIN, extreme },
	{ "ARG_MAX", OCTET_G_ARG_MAX, arg }, { "ARG_MIN", OCTET_G_ARG_MIN, arg },
	{ "TOPK_V2", OCTET_G_TOPK_V2, topk },
	{ "SOFTMAX", OCTET_G_SOFTMAX, softmax },
	{ "SOFTMAX/float", OCTET_G_SOFTMAX, softmax_real },
	{ "LOG_SOFTMAX", OCTET_G_LOG_SOFTMAX, log_softmax },
	{ "LOG_SOFTMAX/float", OCTET_G_LOG_SOFTMAX, softmax_real },
	{ "L2_NORMALIZATION", OCTET_G_L2_NORMALIZATION, l2 },
	{ "PRELU", OCTET_G_PRELU, prelu },
	{ "RESIZE_BILINEAR", OCTET_G_RESIZE_BILINEAR, resize },
	{ "RESIZE_NEAREST_NEIGHBOR", OCTET_G_RESIZE_NEAREST_NEIGHBOR, resize },
	{ 0 },
};
