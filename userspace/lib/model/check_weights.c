// SPDX-License-Identifier: MIT
/* Quantization of weights and biases, and sums that must not overflow. */

#include <errno.h>
#include <inttypes.h>
#include <math.h>

#include "check.h"

/* TFLite's tolerance, in steps of the result. */
#define BIAS_STEPS	0.02
#define FACTOR_MAX	1073741824.0		/* 2^30 */
#define SUM_MAX		2147483647.0		/* of 8-bit activations */
#define SUM_MAX_16	140737488355327.0	/* of 16-bit ones: 48 bits */

/**
 * struct layer - tensor numbers of an operator with weights
 *
 * @axis: of the weights: channels of the result
 * @depth: products in a sum
 */
struct layer {
	int32_t x, w, b, y;
	uint32_t axis, channels;
	uint64_t depth;
};

static const struct octet_graph_tensor *at(struct check *c, int32_t i)
{
	return i < 0 ? NULL : &c->g->tensors[i];
}

static const char *type_of(struct check *c, int32_t i)
{
	return octet_graph_type_name(at(c, i)->type);
}

static int bad_type(struct check *c, int32_t tensor, const char *what, const char *rule,
		    const struct layer *l)
{
	return check_fail_at(c, -EINVAL, tensor, "%s of %s with an input of %s: %s", what,
			     type_of(c, tensor), type_of(c, l->x), rule);
}

static bool is_int8(const struct octet_graph_tensor *t)
{
	return t->type == OCTET_INT8 || t->type == OCTET_INT4;
}

static int check_types(struct check *c, const struct layer *l)
{
	const struct octet_graph_tensor *x = at(c, l->x), *w = at(c, l->w), *y = at(c, l->y);
	const struct octet_graph_tensor *b = at(c, l->b);
	bool fc = c->op->code == OCTET_G_FULLY_CONNECTED;

	switch (x->type) {
	case OCTET_INT8:
	case OCTET_INT16:
		if (!is_int8(w))
			return bad_type(c, l->w, "weights", "int8 or int4 belong there", l);
		break;
	case OCTET_UINT8:
		if (w->type != OCTET_UINT8)
			return bad_type(c, l->w, "weights", "uint8 belong there", l);
		break;
	case OCTET_FLOAT32:
		if (w->type != OCTET_FLOAT32 && w->type != OCTET_UINT8 && !is_int8(w))
			return bad_type(c, l->w, "weights", "float32, int8, uint8 or int4 belong "
					"there", l);
		break;
	default:
		return check_fail_at(c, -EINVAL, l->x, "no kernel of TFLite takes an input of %s",
				     type_of(c, l->x));
	}
	if (y->type != x->type && !(fc && x->type == OCTET_UINT8 && y->type == OCTET_INT16))
		return bad_type(c, l->y, "a result", "both must be the same", l);
	if (!b)
		return 0;
	if (x->type == OCTET_FLOAT32 && b->type != OCTET_FLOAT32)
		return bad_type(c, l->b, "a bias", "float32 belongs there", l);
	if (x->type == OCTET_INT16 && b->type != OCTET_INT64 && b->type != OCTET_INT32)
		return bad_type(c, l->b, "a bias", "int64 or int32 belong there", l);
	if ((x->type == OCTET_INT8 || x->type == OCTET_UINT8) && b->type != OCTET_INT32)
		return bad_type(c, l->b, "a bias", "int32 belongs there", l);
	return 0;
}

/* Scales per tensor or per channel of the result; zero points where TFLite has them. */
static int check_w(struct check *c, const struct layer *l)
{
	const struct octet_graph_tensor *w = at(c, l->w);
	bool fc = c->op->code == OCTET_G_FULLY_CONNECTED;

	if (!w->quants)
		return check_fail_at(c, -EINVAL, l->w, "weights of %s have no scale",
				     type_of(c, l->w));
	if (w->quants > 1 && w->type == OCTET_UINT8)
		return check_fail_at(c, -EINVAL, l->w, "%u scales: weights of uint8 have one",
				     w->quants);
	if (w->quants > 1 && w->axis != l->axis)
		return check_fail_at(c, -EINVAL, l->w,
				     "quantized_dimension is %u, but its channels are axis %u",
				     w->axis, l->axis);
	for (uint32_t i = 0; i < w->quants && w->type != OCTET_UINT8; i++)
		if (w->zero_point[i] && !(fc && w->quants == 1))
			return check_fail_at(c, -EINVAL, l->w,
					     "zero point %u is %d, but weights of %s have 0", i,
					     w->zero_point[i], type_of(c, l->w));
	return 0;
}

static int check_factors(struct check *c, const struct layer *l)
{
	const struct octet_graph_tensor *x = at(c, l->x), *w = at(c, l->w), *y = at(c, l->y);
	const struct octet_graph_tensor *b = at(c, l->b);
	uint32_t count = w->quants > 1 || (b && b->quants > 1) ? l->channels : 1;

	for (uint32_t i = 0; i < count; i++) {
		double in = (double)x->scale[0] * w->scale[w->quants > 1 ? i : 0], bias;

		if (!(in / y->scale[0] < FACTOR_MAX))
			return check_fail_at(c, -EINVAL, l->w,
					     "channel %u: scales of input, weights and result give a "
					     "factor of %g, at most 2^30 can be represented", i,
					     in / y->scale[0]);
		if (!b || !b->quants)
			continue;
		bias = b->scale[b->quants > 1 ? i : 0];
		if (b->zero_point[b->quants > 1 ? i : 0])
			return check_fail_at(c, -EINVAL, l->b,
					     "channel %u: zero point %d, but a bias has 0", i,
					     b->zero_point[b->quants > 1 ? i : 0]);
		if (fabs(in - bias) / y->scale[0] > BIAS_STEPS)
			return check_fail_at(c, -EINVAL, l->b,
					     "channel %u: scale %g is too far from %g, the product of "
					     "the input's and the weights'", i, bias, in);
	}
	return 0;
}

/* The largest magnitude of a constant, remembered; unknown ones may be anything small. */
static double bias_peak(struct check *c, const struct layer *l)
{
	const struct octet_graph_tensor *b = at(c, l->b);
	int64_t *peak;

	if (!b || !b->data)
		return 0;
	peak = &c->peak[l->b];
	if (*peak >= 0)
		return (double)*peak;
	*peak = 0;
	for (uint64_t i = 0; i < b->elements; i++) {
		int64_t v = b->type == OCTET_INT32 ? ((const int32_t *)b->data)[i] :
			    ((const int64_t *)b->data)[i];

		v = v == INT64_MIN ? INT64_MAX : v < 0 ? -v : v;
		*peak = v > *peak ? v : *peak;
	}
	return (double)*peak;
}

/* Of constant bytes in rows of @depth: the largest sum of magnitudes, remembered. */
static double row_peak(struct check *c, const struct layer *l)
{
	const struct octet_graph_tensor *w = at(c, l->w);
	int64_t *peak = &c->peak[l->w];

	if (*peak >= 0)
		return (double)*peak;
	*peak = 0;
	for (uint64_t row = 0; row + l->depth <= w->elements; row += l->depth) {
		int64_t sum = 0;

		for (uint64_t i = row; i < row + l->depth; i++) {
			int32_t v = w->type == OCTET_INT8 ? ((const int8_t *)w->data)[i] :
				    ((const uint8_t *)w->data)[i];

			v -= w->zero_point[0];
			sum += v < 0 ? -v : v;
		}
		*peak = sum > *peak ? sum : *peak;
	}
	return (double)*peak;
}

static double reach(const struct octet_graph_tensor *t)
{
	double lo = t->type == OCTET_UINT8 ? 0 : t->type == OCTET_INT4 ? -8 :
		    t->type == OCTET_INT16 ? INT16_MIN : INT8_MIN;
	double hi = t->type == OCTET_UINT8 ? UINT8_MAX : -lo - 1;

	return fmax(t->zero_point[0] - lo, hi - t->zero_point[0]);
}

/* Sums that leave their 32 (48) bits would be wrong without a word. */
static int check_sums(struct check *c, const struct layer *l)
{
	const struct octet_graph_tensor *x = at(c, l->x), *w = at(c, l->w);
	double max = x->type == OCTET_INT16 ? SUM_MAX_16 : SUM_MAX;
	double bias = bias_peak(c, l), sum = (double)l->depth * reach(w) * reach(x);
	bool rows = l->axis == 0 && w->data && w->type != OCTET_INT4;

	/* Few networks come here: what could be is too much, so look at what is. */
	if (sum + bias > max && rows)
		sum = row_peak(c, l) * reach(x);
	if (sum + bias <= max)
		return 0;
	return check_fail(c, -EINVAL,
			  "sums of %" PRIu64 " products reach %.0f, and a bias %.0f: together above "
			  "2^%d", l->depth, sum, bias, x->type == OCTET_INT16 ? 47 : 31);
}

static int check_layer(struct check *c, const struct layer *l)
{
	int rc = check_types(c, l);

	if (rc)
		return rc;
	if (at(c, l->x)->type == OCTET_FLOAT32)
		return at(c, l->w)->type == OCTET_FLOAT32 ? 0 : check_w(c, l);
	rc = check_quant_need(c, l->x);
	if (!rc)
		rc = check_quant_need(c, l->y);
	if (!rc)
		rc = check_w(c, l);
	if (!rc)
		rc = check_factors(c, l);
	return rc ? rc : check_sums(c, l);
}

int check_quant_weights(struct check *c)
{
	struct layer l = { c->op->inputs[0], c->op->inputs[1], -1, c->op->outputs[0], 0, 0, 0 };
	const struct octet_graph_tensor *w = at(c, l.w);

	if (c->op->input_count > 2)
		l.b = c->op->inputs[2];
	if (c->op->code == OCTET_G_DEPTHWISE_CONV_2D)
		l.axis = 3;
	l.channels = w->dims[l.axis];
	l.depth = w->elements / l.channels;
	return check_layer(c, &l);
}

int check_quant_tconv(struct check *c)
{
	struct layer l = { c->op->inputs[2], c->op->inputs[1], -1, c->op->outputs[0], 0, 0, 0 };
	const struct octet_graph_tensor *w = at(c, l.w);

	if (c->op->input_count > 3)
		l.b = c->op->inputs[3];
	l.channels = w->dims[0];
	l.depth = w->elements / l.channels;
	return check_layer(c, &l);
}
