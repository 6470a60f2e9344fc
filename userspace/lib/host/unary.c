// SPDX-License-Identifier: MIT
/* Operators of one value: by tables for 8 bits, by their own arithmetic for the rest. */

#include <stdlib.h>

#include "host_priv.h"

/* ---- 8 bits ----------------------------------------------------------------- */

static int table(const struct octet_graph *g, const struct octet_graph_op *op, uint8_t *t)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);

	return octet_table_unary(op->code, &op->opt, in->type, in->scale[0], in->zero_point[0],
				 out->type, out->scale[0], out->zero_point[0], t);
}

static int shape_check(const struct octet_graph *g, const struct octet_graph_op *op,
		       const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);

	OCTET_HOST_NEED(octet_host_same_shape(in, out), -EINVAL, "input and output differ in shape");
	OCTET_HOST_NEED(in->type == out->type, -EINVAL, "input and output differ in type");
	return 0;
}

static int table_check(const struct octet_graph *g, const struct octet_graph_op *op,
		       const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	int ret = shape_check(g, op, why);
	uint8_t t[256];

	if (ret)
		return ret;
	OCTET_HOST_NEED(octet_host_is8(in), -ENOTSUP,
			"the host has this operator for other types only");
	OCTET_HOST_NEED(octet_host_quantized(in) && octet_host_quantized(out), -EINVAL,
			"input and output need one valid scale and zero point each");
	ret = table(g, op, t);
	OCTET_HOST_NEED(ret != -ENOTSUP, ret, "there is no table for this operator");
	OCTET_HOST_NEED(!ret, ret, "TFLite refuses these scales (LOGISTIC: the output's is 1/256)");
	return 0;
}

static int table_run(const struct octet_host_call *c)
{
	uint64_t n = octet_host_tin(c, 0)->elements;
	const uint8_t *x = octet_host_in(c, 0);
	uint8_t *y = octet_host_out(c, 0), t[256];

	table(c->g, c->op, t);
	for (uint64_t i = 0; i < n; i++)
		y[i] = t[x[i]];
	return 0;
}

/* ---- 16 bits ---------------------------------------------------------------- */

static int check16(const struct octet_graph *g, const struct octet_graph_op *op, const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	int ret = shape_check(g, op, why);

	if (ret)
		return ret;
	OCTET_HOST_NEED(in->type == OCTET_INT16, -ENOTSUP,
			"the host has this operator for other types only");
	OCTET_HOST_NEED(octet_host_quantized(in) && octet_host_quantized(out), -EINVAL,
			"input and output need one valid scale each");
	OCTET_HOST_NEED(!in->zero_point[0] && !out->zero_point[0], -EINVAL,
			"zero points of int16 tensors must be 0");
	return 0;
}

static int curve16_check(const struct octet_graph *g, const struct octet_graph_op *op,
			 const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	int16_t t[OCTET_LUT16_ENTRIES];
	int ret = check16(g, op, why);

	if (ret)
		return ret;
	ret = octet_table_unary16(op->code, &op->opt, in->scale[0], 0, out->scale[0], 0, t);
	OCTET_HOST_NEED(!ret, ret, "there is no int16 table for these scales");
	return 0;
}

static int curve16(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *out = octet_host_tout(c, 0);
	const int16_t *x = octet_host_in(c, 0);
	int16_t *y = octet_host_out(c, 0), t[OCTET_LUT16_ENTRIES];

	octet_table_unary16(c->op->code, &c->op->opt, in->scale[0], 0, out->scale[0], 0, t);
	for (uint64_t i = 0; i < in->elements; i++)
		y[i] = octet_table_lookup16(x[i], t);
	return 0;
}

static int sigmoid16_check(const struct octet_graph *g, const struct octet_graph_op *op,
			   const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	struct octet_table_sigmoid s;
	int ret = check16(g, op, why);

	if (ret)
		return ret;
	ret = octet_table_sigmoid16(op->code, in->scale[0], out->scale[0], &s);
	OCTET_HOST_NEED(!ret, ret, "the output's scale must be 1/32768, the input's below 5");
	return 0;
}

static int sigmoid16(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *out = octet_host_tout(c, 0);
	const int16_t *x = octet_host_in(c, 0);
	int16_t *y = octet_host_out(c, 0);
	struct octet_table_sigmoid s;

	octet_table_sigmoid16(c->op->code, in->scale[0], out->scale[0], &s);
	for (uint64_t i = 0; i < in->elements; i++)
		y[i] = c->op->code == OCTET_G_TANH ? octet_table_tanh16(&s, x[i]) :
						     octet_table_logistic16(&s, x[i]);
	return 0;
}

static int slopes16_check(const struct octet_graph *g, const struct octet_graph_op *op,
			  const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	int ret = check16(g, op, why);

	if (ret)
		return ret;
	OCTET_HOST_NEED(in->scale[0] / out->scale[0] < 0x1p15f, -EINVAL,
			"the scales are too far apart");
	OCTET_HOST_NEED(op->code != OCTET_G_LEAKY_RELU ||
				fabsf(in->scale[0] * op->opt.leaky.alpha / out->scale[0]) < 0x1p15f,
			-EINVAL, "alpha is too large");
	return 0;
}

/* RELU, RELU6, LEAKY_RELU, ABS: a factor for each side of 0, then a clamp. */
static int slopes16(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *out = octet_host_tout(c, 0);
	const int16_t *x = octet_host_in(c, 0);
	int16_t *y = octet_host_out(c, 0);
	float ratio = in->scale[0] / out->scale[0];
	int32_t mult, low_mult, min = INT16_MIN, max = INT16_MAX;
	int shift, low_shift;

	octet_fx_multiplier((double)ratio, &mult, &shift);
	low_mult = mult;
	low_shift = shift;
	if (c->op->code == OCTET_G_LEAKY_RELU) {
		float product = in->scale[0] * c->op->opt.leaky.alpha;

		octet_fx_multiplier((double)(product / out->scale[0]), &low_mult, &low_shift);
	} else if (c->op->code != OCTET_G_ABS) {
		octet_host_activation(c->op->code == OCTET_G_RELU6 ? OCTET_G_ACT_RELU6 :
								     OCTET_G_ACT_RELU,
				      out, &min, &max);
	}
	for (uint64_t i = 0; i < in->elements; i++) {
		int32_t v = c->op->code == OCTET_G_ABS ? abs(x[i]) : x[i];

		v = v >= 0 ? octet_fx_scale(v, mult, shift) :
			     octet_fx_scale(v, low_mult, low_shift);
		y[i] = (int16_t)octet_host_clamp(v, min, max);
	}
	return 0;
}

/* ---- float32 ---------------------------------------------------------------- */

static float real_logistic(float x)
{
	/* TFLite's ends of the curve. */
	if (x > 16.619047164916992188f)
		return 1;
	if (x < -9)
		return (float)exp((double)x);
	return 1.0f / (1.0f + (float)exp((double)-x));
}

static float real_hard_swish(float x)
{
	float part = x + 3 > 0 ? x + 3 : 0;

	return x * (part < 6 ? part : 6) / 6;
}

static float real_gelu(float x, bool approximate)
{
	float cube = x * x * x;

	if (!approximate)
		return 0.5f * x * (float)erfc((double)(x * (float)-M_SQRT1_2));
	cube = (float)(M_2_SQRTPI * M_SQRT1_2) * (x + 0.044715f * cube);
	return 0.5f * x * (1.0f + (float)tanh((double)cube));
}

static float real_clamp(float x, float low, float high)
{
	x = x < low ? low : x;
	return x > high ? high : x;
}

static float real_curve(const struct octet_graph_op *op, float x)
{
	switch (op->code) {
	case OCTET_G_LOGISTIC:
		return real_logistic(x);
	case OCTET_G_TANH:
		return (float)tanh((double)x);
	case OCTET_G_HARD_SWISH:
		return real_hard_swish(x);
	case OCTET_G_ELU:
		return x < 0 ? (float)expm1((double)x) : x;
	case OCTET_G_GELU:
		return real_gelu(x, op->opt.gelu.approximate);
	case OCTET_G_EXP:
		return (float)exp((double)x);
	case OCTET_G_LOG:
		return (float)log((double)x);
	case OCTET_G_SIN:
		return (float)sin((double)x);
	case OCTET_G_COS:
		return (float)cos((double)x);
	default:
		return x;
	}
}

static float real_one(const struct octet_graph_op *op, float x)
{
	switch (op->code) {
	case OCTET_G_NEG:
		return -x;
	case OCTET_G_ABS:
		return fabsf(x);
	case OCTET_G_FLOOR:
		return floorf(x);
	case OCTET_G_CEIL:
		return ceilf(x);
	case OCTET_G_SQRT:
		return sqrtf(x);
	case OCTET_G_RSQRT:
		return 1.0f / sqrtf(x);
	case OCTET_G_SQUARE:
		return x * x;
	case OCTET_G_RELU:
		return x < 0 ? 0 : x;
	case OCTET_G_RELU6:
		return real_clamp(x, 0, 6);
	case OCTET_G_RELU_N1_TO_1:
		return real_clamp(x, -1, 1);
	case OCTET_G_RELU_0_TO_1:
		return real_clamp(x, 0, 1);
	case OCTET_G_LEAKY_RELU:
		return x > 0 ? x : x * op->opt.leaky.alpha;
	default:
		return real_curve(op, x);
	}
}

static int real_check(const struct octet_graph *g, const struct octet_graph_op *op,
		      const char **why)
{
	int ret = shape_check(g, op, why);

	if (ret)
		return ret;
	OCTET_HOST_NEED(octet_graph_input(g, op, 0)->type == OCTET_FLOAT32, -ENOTSUP,
			"the host has this operator for other types only");
	return 0;
}

static int real_run(const struct octet_host_call *c)
{
	uint64_t n = octet_host_tin(c, 0)->elements;
	const float *x = octet_host_in(c, 0);
	float *y = octet_host_out(c, 0);

	for (uint64_t i = 0; i < n; i++)
		y[i] = real_one(c->op, x[i]);
	return 0;
}

/* ---- Plain integers and bool ------------------------------------------------ */

static int plain_check(const struct octet_graph *g, const struct octet_graph_op *op,
		       const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0);
	int ret = shape_check(g, op, why);

	if (ret)
		return ret;
	if (op->code == OCTET_G_LOGICAL_NOT)
		OCTET_HOST_NEED(in->type == OCTET_BOOL, -EINVAL, "LOGICAL_NOT takes bool");
	else
		OCTET_HOST_NEED(in->type == OCTET_INT32 || in->type == OCTET_INT64 ||
					(in->type == OCTET_INT16 && !in->quants),
				-ENOTSUP, "the host has this operator for other types only");
	return 0;
}

static int plain_run(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0);
	const void *x = octet_host_in(c, 0);
	void *y = octet_host_out(c, 0);

	for (uint64_t i = 0; i < in->elements; i++) {
		int64_t v = octet_host_load(in->type, x, i);

		if (c->op->code == OCTET_G_LOGICAL_NOT)
			v = !v;
		else if (c->op->code == OCTET_G_NEG || v < 0)
			v = (int64_t)(0 - (uint64_t)v);
		octet_host_store(in->type, y, i, v);
	}
	return 0;
}

#define TABLE8(code) { code, 1, 1, 1, table_check, table_run, NULL }
#define REAL(code) { code, 1, 1, 1, real_check, real_run, NULL }
#define CURVE16(code) { code, 1, 1, 1, curve16_check, curve16, NULL }
#define SIGMOID16(code) { code, 1, 1, 1, sigmoid16_check, sigmoid16, NULL }
#define SLOPES16(code) { code, 1, 1, 1, slopes16_check, slopes16, NULL }
#define PLAIN(code) { code, 1, 1, 1, plain_check, plain_run, NULL }

const struct octet_host_kernel octet_host_unary[] = {
	TABLE8(OCTET_G_LOGISTIC), SIGMOID16(OCTET_G_LOGISTIC), REAL(OCTET_G_LOGISTIC),
	TABLE8(OCTET_G_TANH), SIGMOID16(OCTET_G_TANH), REAL(OCTET_G_TANH),
	TABLE8(OCTET_G_HARD_SWISH), REAL(OCTET_G_HARD_SWISH),
	TABLE8(OCTET_G_RELU), SLOPES16(OCTET_G_RELU), REAL(OCTET_G_RELU),
	TABLE8(OCTET_G_RELU6), SLOPES16(OCTET_G_RELU6), REAL(OCTET_G_RELU6),
	TABLE8(OCTET_G_RELU_N1_TO_1), REAL(OCTET_G_RELU_N1_TO_1),
	TABLE8(OCTET_G_RELU_0_TO_1), REAL(OCTET_G_RELU_0_TO_1),
	TABLE8(OCTET_G_LEAKY_RELU), SLOPES16(OCTET_G_LEAKY_RELU), REAL(OCTET_G_LEAKY_RELU),
	TABLE8(OCTET_G_ELU), REAL(OCTET_G_ELU),
	TABLE8(OCTET_G_GELU), CURVE16(OCTET_G_GELU), REAL(OCTET_G_GELU),
	TABLE8(OCTET_G_EXP), CURVE16(OCTET_G_EXP), REAL(OCTET_G_EXP),
	TABLE8(OCTET_G_LOG), CURVE16(OCTET_G_LOG), REAL(OCTET_G_LOG),
	TABLE8(OCTET_G_RSQRT), CURVE16(OCTET_G_RSQRT), REAL(OCTET_G_RSQRT),
	PLAIN(OCTET_G_ABS), TABLE8(OCTET_G_ABS), SLOPES16(OCTET_G_ABS), REAL(OCTET_G_ABS),
	PLAIN(OCTET_G_NEG), TABLE8(OCTET_G_NEG), REAL(OCTET_G_NEG),
	TABLE8(OCTET_G_SQUARE), REAL(OCTET_G_SQUARE),
	TABLE8(OCTET_G_SIN), REAL(OCTET_G_SIN), REAL(OCTET_G_COS),
	TABLE8(OCTET_G_SQRT), REAL(OCTET_G_SQRT), REAL(OCTET_G_FLOOR), REAL(OCTET_G_CEIL),
	PLAIN(OCTET_G_LOGICAL_NOT),
	{ 0 },
};
