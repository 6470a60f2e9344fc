// SPDX-License-Identifier: MIT
/* Activations of int16 with weights of int8: biases are int64. */
#include <math.h>

#include "format.h"

/* What is left of 48 bits; scales were chosen for half of it. */
#define BIAS_LIMIT 0x1p47

/* TFLite has no kernel of these for int16. */
static const uint32_t no_int16[] = {
	OCTET_G_RELU_N1_TO_1, OCTET_G_PRELU, OCTET_G_ELU, OCTET_G_GELU, OCTET_G_HARD_SWISH,
	OCTET_G_RSQRT, OCTET_G_L2_NORMALIZATION, OCTET_G_ARG_MAX, OCTET_G_ARG_MIN,
	OCTET_G_SQUARED_DIFFERENCE, OCTET_G_SUM, OCTET_G_SPACE_TO_DEPTH, OCTET_G_DEPTH_TO_SPACE,
	OCTET_G_TILE,
};

/* Nor of these for uint8. */
static const uint32_t no_uint8[] = {
	OCTET_G_EXP, OCTET_G_ABS, OCTET_G_ELU, OCTET_G_RSQRT, OCTET_G_SQUARED_DIFFERENCE,
	OCTET_G_BATCH_MATMUL,
};

static bool is_among(uint32_t code, const uint32_t *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == code)
			return true;
	return false;
}

#define AMONG(code, list) is_among(code, list, sizeof(list) / sizeof((list)[0]))

int format_known(const struct quantizer *z)
{
	for (uint32_t i = 0; i < z->g->op_count; i++) {
		uint32_t code = z->g->ops[i].code;

		if (!z->excluded[i] && ((z->type == OCTET_INT16 && AMONG(code, no_int16)) ||
					(z->type == OCTET_UINT8 && AMONG(code, no_uint8))))
			return quantize_fail(z, -ENOTSUP, "operator %u %s has no form with "
							  "activations of %s: exclude it",
					     z->origin[i], z->g->ops[i].name,
					     octet_dtype_name(z->type));
	}
	return 0;
}

int format_wide_bias(struct quantizer *z, const struct octet_graph_tensor *b, float in_scale,
		     int32_t weights, const float *reals, int32_t *tensor)
{
	const struct octet_graph_tensor *w = &z->q->tensors[weights];
	uint32_t quants = w->quants;
	const float *w_scale = w->scale;
	float *scale = octet_graph_alloc(z->q, quants, sizeof(*scale));
	int32_t *zero = octet_graph_alloc(z->q, quants, sizeof(*zero));
	int64_t *codes = octet_graph_alloc(z->q, b->elements, sizeof(*codes));
	int ret;

	if (!scale || !zero || !codes)
		return -ENOMEM;
	for (uint64_t i = 0; i < b->elements; i++) {
		double step = (double)in_scale * (double)w_scale[quants > 1 ? i : 0];
		double q = round((double)reals[i] / step);

		if (!(fabs(q) < BIAS_LIMIT))
			return quantize_fail(z, -ERANGE, "bias '%s': element %llu is %g, over 2^47 "
							 "steps of %g", b->name,
					     (unsigned long long)i, (double)reals[i], step);
		codes[i] = (int64_t)q;
	}
	for (uint32_t i = 0; i < quants; i++)
		scale[i] = in_scale * w_scale[i];
	ret = quantize_tensor(z, b, tensor);
	if (ret)
		return ret;
	z->q->tensors[*tensor].data = codes;
	return quantize_set(z, *tensor, OCTET_INT64, quants, 0, scale, zero);
}

/* Oldest version of an operator that has these types; TFLite's own table. */
static int32_t version(const struct quantizer *z, const struct octet_graph_op *op)
{
	static const struct {
		uint32_t code;
		int32_t int8, int16;
	} versions[] = {
		{ OCTET_G_CONV_2D, 3, 4 }, { OCTET_G_DEPTHWISE_CONV_2D, 3, 5 },
		{ OCTET_G_FULLY_CONNECTED, 4, 7 }, { OCTET_G_TRANSPOSE_CONV, 2, 3 },
		{ OCTET_G_ADD, 2, 3 }, { OCTET_G_SUB, 2, 5 }, { OCTET_G_MUL, 2, 4 },
		{ OCTET_G_MEAN, 2, 3 }, { OCTET_G_AVERAGE_POOL_2D, 2, 3 },
		{ OCTET_G_MAX_POOL_2D, 2, 3 }, { OCTET_G_SOFTMAX, 2, 3 },
		{ OCTET_G_LOGISTIC, 2, 3 }, { OCTET_G_TANH, 2, 3 },
		{ OCTET_G_CONCATENATION, 2, 3 }, { OCTET_G_PAD, 2, 3 },
		{ OCTET_G_RELU, 2, 3 }, { OCTET_G_RELU6, 2, 3 }, { OCTET_G_LEAKY_RELU, 2, 2 },
		{ OCTET_G_TRANSPOSE, 2, 4 }, { OCTET_G_SLICE, 2, 4 },
		{ OCTET_G_STRIDED_SLICE, 2, 4 }, { OCTET_G_RESIZE_BILINEAR, 2, 4 },
		{ OCTET_G_RESIZE_NEAREST_NEIGHBOR, 2, 4 }, { OCTET_G_BATCH_MATMUL, 2, 3 },
		{ OCTET_G_MAXIMUM, 2, 4 }, { OCTET_G_MINIMUM, 2, 4 },
		{ OCTET_G_QUANTIZE, 1, 2 }, { OCTET_G_DEQUANTIZE, 2, 3 },
		{ OCTET_G_REDUCE_MAX, 2, 3 }, { OCTET_G_REDUCE_MIN, 2, 3 },
		{ OCTET_G_SPLIT, 2, 4 }, { OCTET_G_PACK, 2, 3 },
	};

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (versions[i].code == op->code)
			return z->type == OCTET_INT16 ? versions[i].int16 : versions[i].int8;
	return 1;
}

/* Float activations with weights of int8. */
static int32_t mixed_version(const struct quantizer *z, const struct octet_graph_op *op)
{
	const struct octet_graph_tensor *w = octet_graph_input(z->q, op, 1);

	if (!w || w->type != OCTET_INT8 || z->q->tensors[op->inputs[0]].type != OCTET_FLOAT32)
		return 1;
	switch (op->code) {
	case OCTET_G_CONV_2D:
		return w->quants > 1 ? 5 : 2;
	case OCTET_G_DEPTHWISE_CONV_2D:
		return w->quants > 1 ? 6 : 4;
	case OCTET_G_FULLY_CONNECTED:
		return 3;
	default:
		return 1;
	}
}

void format_op(const struct quantizer *z, struct octet_graph_op *op, bool codes)
{
	int32_t least = codes ? version(z, op) : 1, mixed = mixed_version(z, op);

	if (least < mixed)
		least = mixed;
	if (op->version < least)
		op->version = least;
	/* Scales are no powers of two. */
	if (codes && z->type == OCTET_INT16 &&
	    (op->code == OCTET_G_ADD || op->code == OCTET_G_SUB))
		op->opt.arith.pot_scale = 0;
}
