// SPDX-License-Identifier: MIT
/* Quantization of activations: the rules that TFLite's kernels set when they prepare. */

#include <errno.h>
#include <math.h>

#include "check.h"

/* Scales of activations and weights; those of biases are products of two. */
#define SCALE_MIN	9.094947017729282e-13	/* 2^-40 */
#define SCALE_MAX	1099511627776.0		/* 2^40 */
/* TFLite's own tolerance where scales must be equal. */
#define SCALE_EQUAL	1e-6
/* A multiplier of TFLite has at most so many bits left of the point. */
#define FACTOR_MAX	1073741824.0		/* 2^30 */
#define ADD_SHIFT	20
#define ADD_SHIFT_16	15
#define SUM_MAX		2147483647.0

static bool is_code(enum octet_dtype type)
{
	return type == OCTET_INT8 || type == OCTET_UINT8 || type == OCTET_INT16 ||
	       type == OCTET_INT4;
}

static void code_range(enum octet_dtype type, int32_t *lo, int32_t *hi)
{
	switch (type) {
	case OCTET_INT8:
		*lo = INT8_MIN;
		*hi = INT8_MAX;
		break;
	case OCTET_UINT8:
		*lo = 0;
		*hi = UINT8_MAX;
		break;
	case OCTET_INT16:
		*lo = INT16_MIN;
		*hi = INT16_MAX;
		break;
	case OCTET_INT4:
		*lo = -8;
		*hi = 7;
		break;
	default:
		*lo = INT32_MIN;
		*hi = INT32_MAX;
	}
}

int check_quant_tensor(struct check *c, uint32_t tensor)
{
	const struct octet_graph_tensor *t = &c->g->tensors[tensor];
	int32_t lo, hi;

	if (!t->quants)
		return 0;
	if (t->quants != 1 && (t->axis >= t->rank || t->dims[t->axis] != t->quants))
		return check_fail_at(c, -EINVAL, (int32_t)tensor,
				     "%u scales fit neither the tensor nor its axis %u", t->quants,
				     t->axis);
	code_range(t->type, &lo, &hi);
	for (uint32_t i = 0; i < t->quants; i++) {
		double s = t->scale[i];
		bool good = is_code(t->type) ? s >= SCALE_MIN && s <= SCALE_MAX :
			    s > 0 && isfinite(s);

		if (!good)
			return check_fail_at(c, -EINVAL, (int32_t)tensor,
					     "scale %u is %g, but scales lie in 2^-40 to 2^40", i,
					     s);
		if (t->zero_point[i] < lo || t->zero_point[i] > hi)
			return check_fail_at(c, -EINVAL, (int32_t)tensor,
					     "zero point %d is not in %s's range, %d to %d",
					     t->zero_point[i], octet_graph_type_name(t->type), lo,
					     hi);
	}
	return 0;
}

static int need_scale(struct check *c, int32_t tensor)
{
	const struct octet_graph_tensor *t = &c->g->tensors[tensor];

	if (t->quants == 1)
		return 0;
	return check_fail_at(c, -EINVAL, tensor,
			     "it has %u scales, but an activation of %s needs one", t->quants,
			     octet_graph_type_name(t->type));
}

int check_quant_need(struct check *c, int32_t tensor)
{
	const struct octet_graph_tensor *t = &c->g->tensors[tensor];
	int rc = need_scale(c, tensor);

	if (rc)
		return rc;
	if (t->type == OCTET_INT16 && t->zero_point[0])
		return check_fail_at(c, -EINVAL, tensor,
				     "zero point %d: activations of int16 have 0", t->zero_point[0]);
	return 0;
}

/* Which inputs hold data; others are axes, shapes, indexes. */
static void data_inputs(struct check *c, uint32_t *first, uint32_t *count)
{
	*first = c->op->code == OCTET_G_SPLIT ? 1 : 0;
	*count = 1;
	switch (c->op->code) {
	case OCTET_G_ADD:
	case OCTET_G_SUB:
	case OCTET_G_MUL:
	case OCTET_G_DIV:
	case OCTET_G_FLOOR_DIV:
	case OCTET_G_MAXIMUM:
	case OCTET_G_MINIMUM:
	case OCTET_G_SQUARED_DIFFERENCE:
	case OCTET_G_PRELU:
	case OCTET_G_BATCH_MATMUL:
		*count = 2;
		break;
	case OCTET_G_CONCATENATION:
	case OCTET_G_PACK:
		*count = c->op->input_count;
		break;
	default:
		break;
	}
}

/* Of TOPK_V2 the second result is not data. */
static uint32_t data_outputs(struct check *c)
{
	return c->op->code == OCTET_G_TOPK_V2 ? 1 : c->op->output_count;
}

static int same_type(struct check *c, int32_t tensor, enum octet_dtype type)
{
	if (c->g->tensors[tensor].type == type)
		return 0;
	return check_fail_at(c, -EINVAL, tensor, "its type is %s, but its operator works on %s",
			     octet_graph_type_name(c->g->tensors[tensor].type),
			     octet_graph_type_name(type));
}

int check_quant_type(struct check *c)
{
	uint32_t first, count;
	enum octet_dtype type;
	int rc = 0;

	data_inputs(c, &first, &count);
	type = check_in(c, first)->type;
	for (uint32_t i = 1; i < count && !rc; i++)
		rc = same_type(c, c->op->inputs[first + i], type);
	for (uint32_t i = 0; i < data_outputs(c) && !rc; i++)
		rc = same_type(c, c->op->outputs[i], type);
	return rc;
}

/* As TFLite compares them; tensors without quantization have nothing to differ in. */
static int same_quant(struct check *c, int32_t tensor, const struct octet_graph_tensor *than)
{
	const struct octet_graph_tensor *t = &c->g->tensors[tensor];

	if (!t->quants || !than->quants || t->quants > 1 || than->quants > 1)
		return 0;
	if (fabs((double)t->scale[0] - than->scale[0]) <= SCALE_EQUAL * fmax(1, than->scale[0]) &&
	    t->zero_point[0] == than->zero_point[0])
		return 0;
	return check_fail_at(c, -EINVAL, tensor,
			     "scale %.9g and zero point %d differ from %.9g and %d, but its "
			     "operator only moves values", (double)t->scale[0], t->zero_point[0],
			     (double)than->scale[0], than->zero_point[0]);
}

/*
 * TFLite's kernels of these take the codes as they are and do not look at scales;
 * old converters did not either. The others insist.
 */
static bool ignores_scales(uint32_t code)
{
	switch (code) {
	case OCTET_G_AVERAGE_POOL_2D:
	case OCTET_G_MAX_POOL_2D:
	case OCTET_G_REDUCE_MAX:
	case OCTET_G_REDUCE_MIN:
	case OCTET_G_PAD:
	case OCTET_G_PADV2:
	case OCTET_G_MIRROR_PAD:
	case OCTET_G_UNPACK:
		return false;
	default:
		return true;
	}
}

int check_quant_same(struct check *c)
{
	const struct octet_graph_tensor *x;
	uint32_t first, count;
	int rc = check_quant_type(c);

	data_inputs(c, &first, &count);
	x = check_in(c, first);
	if (rc || !is_code(x->type) || ignores_scales(c->op->code))
		return rc;
	for (uint32_t i = 1; i < count && !rc; i++)
		rc = same_quant(c, c->op->inputs[first + i], x);
	for (uint32_t i = 0; i < data_outputs(c) && !rc; i++)
		rc = same_quant(c, c->op->outputs[i], x);
	/* A mean rounds, and a clamp needs to know where 0 is. */
	if (!rc && c->op->code == OCTET_G_AVERAGE_POOL_2D)
		rc = check_quant_need(c, c->op->inputs[0]);
	return rc;
}

/* uint8 alone may differ: it is brought to the result's scale. */
int check_quant_concat(struct check *c)
{
	bool rescales = c->op->code == OCTET_G_CONCATENATION &&
			check_in(c, 0)->type == OCTET_UINT8;
	int rc = check_quant_type(c);

	if (rc || !is_code(check_in(c, 0)->type))
		return rc;
	for (uint32_t i = 0; i < c->op->input_count && !rc; i++)
		rc = rescales ? check_quant_need(c, c->op->inputs[i]) :
		     same_quant(c, c->op->inputs[i], check_out(c, 0));
	return rc || !rescales ? rc : check_quant_need(c, c->op->outputs[0]);
}

int check_quant_compare(struct check *c)
{
	const struct octet_graph_tensor *y = check_out(c, 0);
	int rc = same_type(c, c->op->inputs[1], check_in(c, 0)->type);

	if (!rc && y->type != OCTET_BOOL)
		rc = check_fail_at(c, -EINVAL, c->op->outputs[0],
				   "its type is %s, comparisons give bool",
				   octet_graph_type_name(y->type));
	return rc;
}

/* Sums of products: the deepest must stay in 32 bits. */
static int check_depth(struct check *c)
{
	const struct octet_graph_tensor *a = check_in(c, 0), *b = check_in(c, 1);
	uint32_t k = a->dims[a->rank - (c->op->opt.matmul.adj_x ? 2 : 1)];
	double sum = k;

	if (a->type == OCTET_INT16)
		return 0;
	for (int i = 0; i < 2; i++) {
		const struct octet_graph_tensor *t = i ? b : a;
		int32_t lo, hi;

		code_range(t->type, &lo, &hi);
		sum *= fmax((double)t->zero_point[0] - lo, (double)hi - t->zero_point[0]);
	}
	if (sum <= SUM_MAX)
		return 0;
	return check_fail(c, -EINVAL, "sums of %u products reach %.0f, above 2^31", k, sum);
}

/* How the real value of a result's step grows from those of the inputs. */
static double factor(struct check *c)
{
	const struct octet_graph_tensor *a = check_in(c, 0), *b = check_in(c, 1);
	double out = check_out(c, 0)->scale[0];

	switch (c->op->code) {
	case OCTET_G_MUL:
	case OCTET_G_PRELU:
	case OCTET_G_BATCH_MATMUL:
		return (double)a->scale[0] * b->scale[0] / out;
	case OCTET_G_DIV:
		return a->scale[0] / ((double)b->scale[0] * out);
	default:
		return a->scale[0] / out;
	}
}

int check_quant_rescale(struct check *c)
{
	enum octet_dtype type = check_in(c, 0)->type;
	uint32_t first, count;
	int rc = 0;

	data_inputs(c, &first, &count);
	/* Float activations with quantized matrices are a kernel of their own. */
	if (c->op->code != OCTET_G_BATCH_MATMUL || type != OCTET_FLOAT32)
		rc = check_quant_type(c);
	if (rc || !is_code(type))
		return rc;
	for (uint32_t i = 0; i < count && !rc; i++)
		rc = check_quant_need(c, c->op->inputs[first + i]);
	if (!rc)
		rc = check_quant_need(c, c->op->outputs[0]);
	if (!rc && !(factor(c) < FACTOR_MAX))
		rc = check_fail(c, -EINVAL, "scales of inputs and result give a factor of %g, at "
				"most 2^30 can be represented", factor(c));
	return rc || c->op->code != OCTET_G_BATCH_MATMUL ? rc : check_depth(c);
}

/* ADD and SUB bring both inputs to twice the larger scale, shifted to the left. */
int check_quant_sum(struct check *c)
{
	const struct octet_graph_tensor *a = check_in(c, 0), *b = check_in(c, 1);
	const struct octet_graph_tensor *y = check_out(c, 0);
	int shift = a->type == OCTET_INT16 ? ADD_SHIFT_16 : ADD_SHIFT;
	double twice;
	int rc = check_option(c, "fused_activation_function", c->op->opt.arith.activation,
			      OCTET_G_ACT_NONE, OCTET_G_ACT_RELU6);

	if (!rc)
		rc = check_quant_type(c);
	if (rc || !is_code(a->type))
		return rc;
	rc = check_quant_need(c, c->op->inputs[0]);
	if (!rc)
		rc = check_quant_need(c, c->op->inputs[1]);
	if (!rc)
		rc = check_quant_need(c, c->op->outputs[0]);
	if (rc)
		return rc;
	twice = 2 * fmax(a->scale[0], b->scale[0]);
	if (twice / (ldexp(1, shift) * (double)y->scale[0]) < 1)
		return 0;
	return check_fail_at(c, -EINVAL, c->op->outputs[0],
			     "scale %g is too small for inputs of %g and %g: the factor must stay "
			     "below 2^%d", (double)y->scale[0], (double)a->scale[0],
			     (double)b->scale[0], shift - 1);
}

/** struct fixed - a result's quantization that an operator demands */
struct fixed {
	uint32_t code;
	enum octet_dtype in, out;
	double scale;
	int32_t zero_point;
};

static const struct fixed fixed[] = {
	{ OCTET_G_SOFTMAX, OCTET_INT8, OCTET_INT8, 1.0 / 256, -128 },
	{ OCTET_G_SOFTMAX, OCTET_UINT8, OCTET_UINT8, 1.0 / 256, 0 },
	{ OCTET_G_SOFTMAX, OCTET_INT16, OCTET_INT16, 1.0 / 32768, 0 },
	{ OCTET_G_SOFTMAX, OCTET_INT8, OCTET_INT16, 1.0 / 65536, -32768 },
	{ OCTET_G_SOFTMAX, OCTET_UINT8, OCTET_INT16, 1.0 / 65536, -32768 },
	{ OCTET_G_LOGISTIC, OCTET_INT8, OCTET_INT8, 1.0 / 256, -128 },
	{ OCTET_G_LOGISTIC, OCTET_UINT8, OCTET_UINT8, 1.0 / 256, 0 },
	{ OCTET_G_LOGISTIC, OCTET_INT16, OCTET_INT16, 1.0 / 32768, 0 },
	{ OCTET_G_TANH, OCTET_INT8, OCTET_INT8, 1.0 / 128, 0 },
	{ OCTET_G_TANH, OCTET_UINT8, OCTET_UINT8, 1.0 / 128, 128 },
	{ OCTET_G_TANH, OCTET_INT16, OCTET_INT16, 1.0 / 32768, 0 },
	{ OCTET_G_LOG_SOFTMAX, OCTET_INT8, OCTET_INT8, 16.0 / 256, 127 },
	{ OCTET_G_LOG_SOFTMAX, OCTET_UINT8, OCTET_UINT8, 16.0 / 256, 255 },
	{ OCTET_G_L2_NORMALIZATION, OCTET_INT8, OCTET_INT8, 1.0 / 128, 0 },
	{ OCTET_G_L2_NORMALIZATION, OCTET_UINT8, OCTET_UINT8, 1.0 / 128, 128 },
};

int check_quant_fixed(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0), *y = check_out(c, 0);
	int rc;

	if (!is_code(x->type))
		return same_type(c, c->op->outputs[0], x->type);
	rc = check_quant_need(c, c->op->inputs[0]);
	if (!rc)
		rc = need_scale(c, c->op->outputs[0]);
	if (rc)
		return rc;
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		const struct fixed *f = &fixed[i];

		if (f->code != c->op->code || f->in != x->type || f->out != y->type)
			continue;
		if (y->zero_point[0] == f->zero_point &&
		    fabs(y->scale[0] - f->scale) <= 0.001 * f->scale)
			return 0;
		return check_fail_at(c, -EINVAL, c->op->outputs[0],
				     "scale %g and zero point %d, but the operator gives 1/%g and "
				     "%d", (double)y->scale[0], y->zero_point[0], 1 / f->scale,
				     f->zero_point);
	}
	return check_fail(c, -ENOTSUP, "no kernel of TFLite makes %s of %s",
			  octet_graph_type_name(y->type), octet_graph_type_name(x->type));
}

int check_quant_quantize(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0), *y = check_out(c, 0);
	int rc = 0;

	if (x->type != OCTET_FLOAT32 && x->type != OCTET_INT32 && !is_code(x->type))
		return check_fail_at(c, -EINVAL, c->op->inputs[0], "%s cannot be quantized",
				     octet_graph_type_name(x->type));
	if (!is_code(y->type) && y->type != OCTET_INT32)
		return check_fail_at(c, -EINVAL, c->op->outputs[0], "%s is no quantized type",
				     octet_graph_type_name(y->type));
	if (x->type != OCTET_FLOAT32)
		rc = need_scale(c, c->op->inputs[0]);
	if (!rc && y->quants <= 1)
		rc = need_scale(c, c->op->outputs[0]);
	return rc;
}

int check_quant_dequantize(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0);
	int rc = same_type(c, c->op->outputs[0], OCTET_FLOAT32);

	if (!rc && x->type != OCTET_FLOAT16 && !x->quants)
		rc = check_fail_at(c, -EINVAL, c->op->inputs[0], "it has no scale");
	return rc;
}
