// SPDX-License-Identifier: MIT
/* ADD, SUB, MUL, DIV, FLOOR_DIV, SQUARED_DIFFERENCE, MAXIMUM, MINIMUM, with broadcast. */

#include "host_priv.h"

/* Parameters of the quantized forms; the second of a, b is that of the result. */
struct quantized {
	int left;
	int32_t zp_a, zp_b, zp_y, min, max;
	int32_t mult_a, mult_b, mult_y;
	int shift_a, shift_b, shift_y;
};

static int32_t activation_of(const struct octet_graph_op *op)
{
	switch (op->code) {
	case OCTET_G_ADD:
	case OCTET_G_SUB:
	case OCTET_G_MUL:
	case OCTET_G_DIV:
		return op->opt.arith.activation;
	default:
		return OCTET_G_ACT_NONE;
	}
}

/* Three scales: both inputs to twice the larger, the result from there. */
static int addends(octet_tensor_t *a, octet_tensor_t *b, octet_tensor_t *y, int left, bool square,
		   struct quantized *q)
{
	double s_a = (double)a->scale[0], s_b = (double)b->scale[0];
	double twice = 2 * fmax(s_a, s_b), out;

	q->left = left;
	out = twice / ((double)(1 << left) * (double)y->scale[0]);
	if (square)
		out = twice * twice / ((double)(1 << (2 * left)) * (double)y->scale[0]);
	/* TFLite aborts here. */
	if (!(out < 1))
		return -EINVAL;
	octet_fx_multiplier(s_a / twice, &q->mult_a, &q->shift_a);
	octet_fx_multiplier(s_b / twice, &q->mult_b, &q->shift_b);
	octet_fx_multiplier(out, &q->mult_y, &q->shift_y);
	return q->shift_y > 0 ? -EINVAL : 0;
}

static int parameters(const struct octet_graph *g, const struct octet_graph_op *op,
		      struct quantized *q)
{
	octet_tensor_t *a = octet_graph_input(g, op, 0), *b = octet_graph_input(g, op, 1);
	octet_tensor_t *y = octet_graph_output(g, op, 0);
	/* TFLite multiplies and divides the scales of MUL and DIV in float32. */
	float product = a->scale[0] * b->scale[0], divisor = b->scale[0] * y->scale[0];
	float factor = product / y->scale[0];

	memset(q, 0, sizeof(*q));
	q->zp_a = a->zero_point[0];
	q->zp_b = b->zero_point[0];
	q->zp_y = y->zero_point[0];
	if (!octet_host_activation(activation_of(op), y, &q->min, &q->max))
		return -EINVAL;
	switch (op->code) {
	case OCTET_G_ADD:
	case OCTET_G_SUB:
		return addends(a, b, y, octet_host_is16(y) ? 15 : 20, false, q);
	case OCTET_G_SQUARED_DIFFERENCE:
		return addends(a, b, y, 7, true, q);
	case OCTET_G_DIV:
		factor = a->scale[0] / divisor;
		break;
	default:
		break;
	}
	octet_fx_multiplier((double)factor, &q->mult_y, &q->shift_y);
	return q->shift_y > 15 ? -EINVAL : 0;
}

static int broadcast_check(const struct octet_graph *g, const struct octet_graph_op *op,
			   const char **why)
{
	octet_tensor_t *y = octet_graph_output(g, op, 0);
	struct octet_host_walk w;

	octet_host_walk_begin(&w, y);
	OCTET_HOST_NEED(octet_host_walk_add(&w, 0, octet_graph_input(g, op, 0)) &&
				octet_host_walk_add(&w, 1, octet_graph_input(g, op, 1)),
			-EINVAL, "the inputs cannot be broadcast to the output's shape");
	OCTET_HOST_NEED(octet_graph_input(g, op, 0)->type == octet_graph_input(g, op, 1)->type,
			-EINVAL, "the inputs differ in type");
	OCTET_HOST_NEED(octet_graph_input(g, op, 0)->type == y->type, -ENOTSUP,
			"input and output differ in type");
	return 0;
}

static void walk(const struct octet_host_call *c, struct octet_host_walk *w)
{
	octet_host_walk_begin(w, octet_host_tout(c, 0));
	octet_host_walk_add(w, 0, octet_host_tin(c, 0));
	octet_host_walk_add(w, 1, octet_host_tin(c, 1));
}

/* ---- Quantized -------------------------------------------------------------- */

/* int16 with scales that are powers of two and pot_scale: shifts, in two parts. */
static bool log2_of(float v, int *exponent)
{
	float precise = (float)(log((double)v) * (1 / log(2.0)));

	*exponent = (int)roundf(precise);
	return fabsf(roundf(precise) - precise) < 1e-3f;
}

static bool pot16(const struct octet_graph *g, const struct octet_graph_op *op, int *a, int *b)
{
	int y;

	if (!octet_host_is16(octet_graph_output(g, op, 0)) || !op->opt.arith.pot_scale ||
	    (op->code != OCTET_G_ADD && op->code != OCTET_G_SUB))
		return false;
	if (!log2_of(octet_graph_input(g, op, 0)->scale[0], a) ||
	    !log2_of(octet_graph_input(g, op, 1)->scale[0], b) ||
	    !log2_of(octet_graph_output(g, op, 0)->scale[0], &y))
		return false;
	*a -= y;
	*b -= y;
	return true;
}

static int quantized_check(const struct octet_graph *g, const struct octet_graph_op *op,
			   const char **why)
{
	octet_tensor_t *a = octet_graph_input(g, op, 0), *b = octet_graph_input(g, op, 1);
	octet_tensor_t *y = octet_graph_output(g, op, 0);
	int ret = broadcast_check(g, op, why), s_a, s_b;
	struct quantized q;

	if (ret)
		return ret;
	OCTET_HOST_NEED(octet_host_is8(y) || octet_host_is16(y), -ENOTSUP,
			"the host has this operator for other types only");
	OCTET_HOST_NEED(y->quants || !octet_host_is16(y), -ENOTSUP, "int16 without a scale");
	OCTET_HOST_NEED(op->code != OCTET_G_DIV || octet_host_is8(y), -ENOTSUP,
			"DIV has no int16 form");
	OCTET_HOST_NEED(op->code != OCTET_G_SQUARED_DIFFERENCE || octet_host_is8(y), -ENOTSUP,
			"SQUARED_DIFFERENCE has no int16 form");
	OCTET_HOST_NEED(octet_host_quantized(a) && octet_host_quantized(b) &&
				octet_host_quantized(y),
			-EINVAL, "inputs and output need one valid scale and zero point each");
	OCTET_HOST_NEED(!octet_host_is16(y) || (!a->zero_point[0] && !b->zero_point[0] &&
						!y->zero_point[0]),
			-EINVAL, "zero points of int16 tensors must be 0");
	if (pot16(g, op, &s_a, &s_b)) {
		OCTET_HOST_NEED((!s_a || !s_b) && s_a <= 0 && s_b <= 0 && s_a > -16 && s_b > -16,
				-EINVAL, "int16 scales do not fit: one must be the output's");
		return 0;
	}
	OCTET_HOST_NEED(!parameters(g, op, &q), -EINVAL,
			"the scales are too far apart, or the activation leaves no value");
	return 0;
}

static int32_t addend(int32_t v, const struct quantized *q, int32_t mult, int shift)
{
	return octet_fx_scale((int32_t)((uint32_t)v << q->left), mult, shift);
}

/* The quotient of DIV; @b is not 0. */
static int32_t divide(const struct quantized *q, int32_t a, int32_t b)
{
	int over, headroom, shift;
	int32_t inverse, quotient;

	if (b < 0) {
		a = -a;
		b = -b;
	}
	inverse = octet_fx_reciprocal(b, 31, &over);
	headroom = a ? __builtin_clrsb(a) : 31;
	quotient = octet_fx_mul(32, (int32_t)((uint32_t)a << headroom), inverse);
	quotient = octet_fx_mul(32, quotient, q->mult_y);
	/* Shifts beyond 31 are undefined in TFLite; here they do what they mean. */
	shift = q->shift_y - over - headroom;
	if (shift > 0)
		return octet_host_clamp((int64_t)quotient * ((int64_t)1 << shift), -(1 << 30),
					1 << 30);
	return shift < -31 ? 0 : octet_fx_div_pot(quotient, -shift);
}

static int32_t quantized_one(const struct octet_host_call *c, const struct quantized *q, int32_t a,
			     int32_t b)
{
	int32_t v;

	switch (c->op->code) {
	case OCTET_G_MUL:
		v = octet_fx_scale(a * b, q->mult_y, q->shift_y);
		break;
	case OCTET_G_DIV:
		v = divide(q, a, b);
		break;
	default:
		a = addend(a, q, q->mult_a, q->shift_a);
		b = addend(b, q, q->mult_b, q->shift_b);
		v = c->op->code == OCTET_G_ADD ? a + b : a - b;
		if (c->op->code == OCTET_G_SQUARED_DIFFERENCE)
			v *= v;
		v = octet_fx_scale(v, q->mult_y, q->shift_y);
	}
	return octet_host_clamp((int64_t)v + q->zp_y, q->min, q->max);
}

static int32_t pot_one(const struct octet_host_call *c, int s_a, int s_b, int32_t a, int32_t b)
{
	int32_t min, max;

	a = octet_fx_div_pot(a, -s_a);
	b = octet_fx_div_pot(b, -s_b);
	octet_host_activation(activation_of(c->op), octet_host_tout(c, 0), &min, &max);
	a = octet_host_clamp(c->op->code == OCTET_G_ADD ? a + b : a - b, INT16_MIN, INT16_MAX);
	return octet_host_clamp(a, min, max);
}

static int quantized_run(const struct octet_host_call *c)
{
	enum octet_dtype type = octet_host_tout(c, 0)->type;
	const void *a = octet_host_in(c, 0), *b = octet_host_in(c, 1);
	void *y = octet_host_out(c, 0);
	struct octet_host_walk w;
	struct quantized q;
	uint64_t i = 0;
	int s_a, s_b;
	bool pot = pot16(c->g, c->op, &s_a, &s_b);

	parameters(c->g, c->op, &q);
	walk(c, &w);
	do {
		int32_t v_a = (int32_t)octet_host_load(type, a, (size_t)w.at[0]) - q.zp_a;
		int32_t v_b = (int32_t)octet_host_load(type, b, (size_t)w.at[1]) - q.zp_b;

		if (c->op->code == OCTET_G_DIV && !v_b)
			return octet_host_fail(c, "DIV: element %llu of the divisor is 0",
					       (unsigned long long)w.at[1]);
		octet_host_store(type, y, i++, pot ? pot_one(c, s_a, s_b, v_a, v_b) :
						     quantized_one(c, &q, v_a, v_b));
	} while (octet_host_walk_next(&w));
	return 0;
}

/* ---- Plain integers, float, and what compares codes -------------------------- */

static int plain_check(const struct octet_graph *g, const struct octet_graph_op *op,
		       const char **why)
{
	octet_tensor_t *y = octet_graph_output(g, op, 0);
	int ret = broadcast_check(g, op, why);
	float low, high;

	if (ret)
		return ret;
	OCTET_HOST_NEED(y->type == OCTET_INT32 || y->type == OCTET_INT64 ||
				y->type == OCTET_FLOAT32 ||
				(y->type == OCTET_INT16 && !y->quants) ||
				(op->code == OCTET_G_FLOOR_DIV && y->type == OCTET_INT8),
			-ENOTSUP, "the host has this operator for other types only");
	OCTET_HOST_NEED(octet_host_activation_float(activation_of(op), &low, &high), -EINVAL,
			"unknown activation");
	return 0;
}

static int codes_check(const struct octet_graph *g, const struct octet_graph_op *op,
		       const char **why)
{
	octet_tensor_t *y = octet_graph_output(g, op, 0);
	int ret = broadcast_check(g, op, why);

	if (ret)
		return ret;
	OCTET_HOST_NEED(y->type == OCTET_FLOAT32 ||
				(octet_host_size(y->type) && y->type != OCTET_FLOAT16),
			-ENOTSUP, "the host has this operator for other types only");
	return 0;
}

static float real_one(const struct octet_graph_op *op, float a, float b)
{
	switch (op->code) {
	case OCTET_G_ADD:
		return a + b;
	case OCTET_G_SUB:
		return a - b;
	case OCTET_G_MUL:
		return a * b;
	case OCTET_G_DIV:
		return a / b;
	case OCTET_G_FLOOR_DIV:
		return (float)floor((double)a / (double)b);
	case OCTET_G_SQUARED_DIFFERENCE:
		return (a - b) * (a - b);
	case OCTET_G_MAXIMUM:
		return a > b ? a : b;
	default:
		return a < b ? a : b;
	}
}

/* Wraps as machines do; @b is not 0 where something is divided. */
static int64_t plain_one(const struct octet_graph_op *op, int64_t a, int64_t b)
{
	uint64_t d = (uint64_t)a - (uint64_t)b;

	switch (op->code) {
	case OCTET_G_ADD:
		return (int64_t)((uint64_t)a + (uint64_t)b);
	case OCTET_G_SUB:
		return (int64_t)d;
	case OCTET_G_MUL:
		return (int64_t)((uint64_t)a * (uint64_t)b);
	case OCTET_G_DIV:
		return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
	case OCTET_G_FLOOR_DIV:
		if (b == -1)
			return (int64_t)(0 - (uint64_t)a);
		return a / b - (a % b != 0 && (a < 0) != (b < 0));
	case OCTET_G_SQUARED_DIFFERENCE:
		return (int64_t)(d * d);
	case OCTET_G_MAXIMUM:
		return a > b ? a : b;
	default:
		return a < b ? a : b;
	}
}

static int64_t plain_clamp(enum octet_dtype type, int64_t v, float low, float high)
{
	/* The product or sum as it is stored, before the activation. */
	if (type == OCTET_INT32)
		v = (int32_t)(uint32_t)v;
	else if (type == OCTET_INT16)
		v = (int16_t)(uint16_t)v;
	if (low > -0x1p30f && v < (int64_t)low)
		return (int64_t)low;
	if (high < 0x1p30f && v > (int64_t)high)
		return (int64_t)high;
	return v;
}

static int real_run(const struct octet_host_call *c, struct octet_host_walk *w)
{
	const float *a = octet_host_in(c, 0), *b = octet_host_in(c, 1);
	float *y = octet_host_out(c, 0), low, high;
	uint64_t i = 0;

	octet_host_activation_float(activation_of(c->op), &low, &high);
	do {
		float v = real_one(c->op, a[w->at[0]], b[w->at[1]]);

		if (c->op->code == OCTET_G_FLOOR_DIV && b[w->at[1]] == 0)
			return octet_host_fail(c, "FLOOR_DIV: element %llu of the divisor is 0",
					       (unsigned long long)w->at[1]);
		v = v < low ? low : v;
		y[i++] = v > high ? high : v;
	} while (octet_host_walk_next(w));
	return 0;
}

static int plain_run(const struct octet_host_call *c)
{
	enum octet_dtype type = octet_host_tout(c, 0)->type;
	bool divides = c->op->code == OCTET_G_DIV || c->op->code == OCTET_G_FLOOR_DIV;
	const void *a = octet_host_in(c, 0), *b = octet_host_in(c, 1);
	void *y = octet_host_out(c, 0);
	struct octet_host_walk w;
	float low, high;
	uint64_t i = 0;

	walk(c, &w);
	if (type == OCTET_FLOAT32)
		return real_run(c, &w);
	octet_host_activation_float(activation_of(c->op), &low, &high);
	do {
		int64_t v_a = octet_host_load(type, a, (size_t)w.at[0]);
		int64_t v_b = octet_host_load(type, b, (size_t)w.at[1]);

		if (divides && !v_b)
			return octet_host_fail(c, "%s: element %llu of the divisor is 0",
					       c->op->name, (unsigned long long)w.at[1]);
		octet_host_store(type, y, i++,
				 plain_clamp(type, plain_one(c->op, v_a, v_b), low, high));
	} while (octet_host_walk_next(&w));
	return 0;
}

#define QUANTIZED(code) { code, 2, 2, 1, quantized_check, quantized_run, NULL }
#define PLAIN(code) { code, 2, 2, 1, plain_check, plain_run, NULL }
#define CODES(code) { code, 2, 2, 1, codes_check, plain_run, NULL }

const struct octet_host_kernel octet_host_arith[] = {
	QUANTIZED(OCTET_G_ADD), PLAIN(OCTET_G_ADD), QUANTIZED(OCTET_G_SUB), PLAIN(OCTET_G_SUB),
	QUANTIZED(OCTET_G_MUL), PLAIN(OCTET_G_MUL), QUANTIZED(OCTET_G_DIV), PLAIN(OCTET_G_DIV),
	QUANTIZED(OCTET_G_SQUARED_DIFFERENCE), PLAIN(OCTET_G_SQUARED_DIFFERENCE),
	PLAIN(OCTET_G_FLOOR_DIV), CODES(OCTET_G_MAXIMUM), CODES(OCTET_G_MINIMUM),
	{ 0 },
};
