// SPDX-License-Identifier: MIT
/* SOFTMAX and LOG_SOFTMAX along the last dimension. */

#include <float.h>

#include "host_priv.h"

static bool near(float scale, float wanted)
{
	return fabsf(scale - wanted) <= 0.001f * wanted;
}

static int shape_check(const struct octet_graph *g, const struct octet_graph_op *op,
		       const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);

	OCTET_HOST_NEED(octet_host_same_shape(in, out), -EINVAL, "input and output differ in shape");
	OCTET_HOST_NEED(in->rank, -EINVAL, "the input is a scalar");
	return 0;
}

static void rows_of(const struct octet_host_call *c, uint64_t *rows, uint32_t *n)
{
	octet_tensor_t *in = octet_host_tin(c, 0);

	*n = in->dims[in->rank - 1];
	*rows = in->elements / *n;
}

/* ---- SOFTMAX, 8 bits --------------------------------------------------------------- */

static int soft8_check(const struct octet_graph *g, const struct octet_graph_op *op,
		       const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	int ret = shape_check(g, op, why);
	int32_t t[256];

	if (ret)
		return ret;
	OCTET_HOST_NEED(octet_host_is8(in) && (out->type == in->type || out->type == OCTET_INT16),
			-ENOTSUP, "SOFTMAX has no kernel for these types on the host");
	OCTET_HOST_NEED(octet_host_quantized(in) && octet_host_quantized(out), -EINVAL,
			"input and output need one valid scale and zero point each");
	if (out->type == OCTET_INT8)
		OCTET_HOST_NEED(near(out->scale[0], 1.0f / 256) && out->zero_point[0] == -128,
				-EINVAL, "the output must have scale 1/256 and zero point -128");
	/* The sum has 12 integer bits. */
	OCTET_HOST_NEED(in->dims[in->rank - 1] <= 4095, -EINVAL,
			"more than 4095 elements in a row: the kernel's sum would overflow");
	OCTET_HOST_NEED(!octet_table_softmax(op->opt.softmax.beta, in->scale[0], t), -EINVAL,
			"beta times the input's scale is below 2^-26");
	return 0;
}

/* Results of 16 bits; those of 8 are octet_table_softmax_row(). */
static void soft8_row16(const int32_t table[256], bool is_signed, uint32_t n, const uint8_t *in,
			int16_t *out)
{
	uint8_t flip = is_signed ? 0x80 : 0, max = 0;
	int32_t inverse;
	uint32_t sum = 0;
	int over;

	for (uint32_t i = 0; i < n; i++)
		max = (in[i] ^ flip) > max ? in[i] ^ flip : max;
	for (uint32_t i = 0; i < n; i++)
		sum += (uint32_t)octet_fx_div_pot(table[max - (in[i] ^ flip)], 12);
	inverse = octet_fx_reciprocal((int32_t)sum, 12, &over);
	for (uint32_t i = 0; i < n; i++) {
		int32_t y = octet_fx_mul(32, inverse, table[max - (in[i] ^ flip)]);

		y = octet_fx_div_pot(y, over + 31 - 16) + INT16_MIN;
		out[i] = (int16_t)octet_host_clamp(y, INT16_MIN, INT16_MAX);
	}
}

static int soft8(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0);
	bool wide = octet_host_tout(c, 0)->type == OCTET_INT16;
	const uint8_t *x = octet_host_in(c, 0);
	void *y = octet_host_out(c, 0);
	uint64_t rows;
	int32_t t[256];
	uint32_t n;

	rows_of(c, &rows, &n);
	octet_table_softmax(c->op->opt.softmax.beta, in->scale[0], t);
	for (uint64_t r = 0; r < rows; r++) {
		if (wide)
			soft8_row16(t, in->type == OCTET_INT8, n, x + r * n, (int16_t *)y + r * n);
		else
			octet_table_softmax_row(t, in->type == OCTET_INT8, n, x + r * n,
						(uint8_t *)y + r * n);
	}
	return 0;
}

/* ---- SOFTMAX, 16 bits and float ------------------------------------------------------- */

static size_t soft16_scratch(const struct octet_graph *g, const struct octet_graph_op *op)
{
	(void)g;
	(void)op;
	return sizeof(struct octet_table_softmax16);
}

static int soft16_check(const struct octet_graph *g, const struct octet_graph_op *op,
			const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	int ret = shape_check(g, op, why);

	if (ret)
		return ret;
	OCTET_HOST_NEED(octet_host_is16(in) && octet_host_is16(out), -ENOTSUP,
			"SOFTMAX has no kernel for these types on the host");
	OCTET_HOST_NEED(octet_host_quantized(in) && octet_host_quantized(out) &&
				!in->zero_point[0] && !out->zero_point[0] &&
				near(out->scale[0], 1.0f / 32768),
			-EINVAL, "the output must have scale 1/32768; zero points must be 0");
	OCTET_HOST_NEED(in->scale[0] * op->opt.softmax.beta > 0 &&
				in->scale[0] * op->opt.softmax.beta < 2,
			-EINVAL, "beta times the input's scale must be between 0 and 2");
	OCTET_HOST_NEED(in->dims[in->rank - 1] <= 65535, -EINVAL,
			"more than 65535 elements in a row: the kernel's sum would overflow");
	return 0;
}

static int soft16(const struct octet_host_call *c)
{
	struct octet_table_softmax16 *t = c->scratch;
	const int16_t *x = octet_host_in(c, 0);
	int16_t *y = octet_host_out(c, 0);
	uint64_t rows;
	uint32_t n;

	rows_of(c, &rows, &n);
	octet_table_softmax16(c->op->opt.softmax.beta, octet_host_tin(c, 0)->scale[0], t);
	for (uint64_t r = 0; r < rows; r++)
		octet_table_softmax16_row(t, n, x + r * n, y + r * n);
	return 0;
}

static int real_check(const struct octet_graph *g, const struct octet_graph_op *op,
		      const char **why)
{
	int ret = shape_check(g, op, why);

	if (ret)
		return ret;
	OCTET_HOST_NEED(octet_graph_input(g, op, 0)->type == OCTET_FLOAT32 &&
				octet_graph_output(g, op, 0)->type == OCTET_FLOAT32,
			-ENOTSUP, "the host has no kernel for these types");
	return 0;
}

static int soft_real(const struct octet_host_call *c)
{
	const float *x = octet_host_in(c, 0);
	float *y = octet_host_out(c, 0), beta = c->op->opt.softmax.beta;
	bool logarithm = c->op->code == OCTET_G_LOG_SOFTMAX;
	uint64_t rows;
	uint32_t n;

	if (logarithm)
		beta = 1;
	rows_of(c, &rows, &n);
	for (uint64_t r = 0; r < rows; r++, x += n, y += n) {
		float max = -FLT_MAX, sum = 0;

		for (uint32_t i = 0; i < n; i++)
			max = x[i] > max ? x[i] : max;
		for (uint32_t i = 0; i < n; i++) {
			y[i] = (float)exp((double)((x[i] - max) * beta));
			sum += y[i];
		}
		for (uint32_t i = 0; i < n; i++)
			y[i] = logarithm ? x[i] - max - (float)log((double)sum) : y[i] / sum;
	}
	return 0;
}

/* ---- LOG_SOFTMAX, 8 bits ----------------------------------------------------------------- */

struct logarithm {
	int32_t mult, back;
	int left, back_shift, reach;
};

static bool logarithm_of(float scale, struct logarithm *l)
{
	double factor = (double)scale * (1 << 26);
	double back;

	if (!(factor > 1) || !isfinite(factor))
		return false;
	octet_fx_multiplier(fmin(factor, 0x1p31 - 1.0), &l->mult, &l->left);
	back = (double)(1 << (31 - l->left)) / (double)l->mult;
	octet_fx_multiplier(back, &l->back, &l->back_shift);
	l->reach = -octet_fx_radius(5, l->left, 31);
	return l->back_shift <= 0;
}

static int log8_check(const struct octet_graph *g, const struct octet_graph_op *op,
		      const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	int ret = shape_check(g, op, why);
	struct logarithm l;

	if (ret)
		return ret;
	OCTET_HOST_NEED(octet_host_is8(in) && out->type == in->type, -ENOTSUP,
			"LOG_SOFTMAX has no kernel for these types on the host");
	OCTET_HOST_NEED(octet_host_quantized(in) && octet_host_quantized(out) &&
				out->scale[0] == 16.0f / 256 &&
				out->zero_point[0] == (in->type == OCTET_INT8 ? 127 : 255),
			-EINVAL, "the output must have scale 1/16 and the highest zero point");
	OCTET_HOST_NEED(in->dims[in->rank - 1] <= 4095, -EINVAL,
			"more than 4095 elements in a row: the kernel's sum would overflow");
	OCTET_HOST_NEED(logarithm_of(in->scale[0], &l), -EINVAL,
			"the input's scale is out of the kernel's range");
	return 0;
}

static void log8_row(const struct logarithm *l, enum octet_dtype type, uint32_t n,
		     const uint8_t *in, uint8_t *out)
{
	int32_t max = INT32_MIN, sum = 0, log, floor, min, top;

	octet_host_range(type, &min, &top);
	for (uint32_t i = 0; i < n; i++) {
		int32_t v = (int32_t)octet_host_load(type, in, i);

		max = v > max ? v : max;
	}
	for (uint32_t i = 0; i < n; i++) {
		int32_t d = (int32_t)octet_host_load(type, in, i) - max;

		if (d >= l->reach)
			sum += octet_fx_div_pot(
				octet_fx_exp(32, octet_fx_scale(d, l->mult, l->left), 5), 12);
	}
	log = octet_fx_log(sum);
	/* Below it the result would leave Q of 5. */
	floor = octet_fx_scale(log + INT32_MIN, l->back, l->back_shift);
	floor = l->reach - 1 > floor ? l->reach - 1 : floor;
	for (uint32_t i = 0; i < n; i++) {
		int32_t d = (int32_t)octet_host_load(type, in, i) - max, y = min;

		if (d > floor)
			y = octet_fx_div_pot(octet_fx_scale(d, l->mult, l->left) - log, 22) + top;
		out[i] = (uint8_t)octet_host_clamp(y, min, top);
	}
}

static int log8(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0);
	const uint8_t *x = octet_host_in(c, 0);
	uint8_t *y = octet_host_out(c, 0);
	struct logarithm l;
	uint64_t rows;
	uint32_t n;

	rows_of(c, &rows, &n);
	logarithm_of(in->scale[0], &l);
	for (uint64_t r = 0; r < rows; r++)
		log8_row(&l, in->type, n, x + r * n, y + r * n);
	return 0;
}

const struct octet_host_kernel octet_host_softmax[] = {
	{ OCTET_G_SOFTMAX, 1, 1, 1, soft8_check, soft8, NULL },
	{ OCTET_G_SOFTMAX, 1, 1, 1, soft16_check, soft16, soft16_scratch },
	{ OCTET_G_SOFTMAX, 1, 1, 1, real_check, soft_real, NULL },
	{ OCTET_G_LOG_SOFTMAX, 1, 1, 1, log8_check, log8, NULL },
	{ OCTET_G_LOG_SOFTMAX, 1, 1, 1, real_check, soft_real, NULL },
	{ 0 },
};
