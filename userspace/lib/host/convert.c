// SPDX-License-Identifier: MIT
/* QUANTIZE, DEQUANTIZE, CAST: values from one type to another. */

#include "host_priv.h"

/* ---- QUANTIZE --------------------------------------------------------------- */

static bool integer_quantized(octet_tensor_t *t)
{
	return octet_host_quantized(t);
}

/* One scale per slice of a dimension. */
static bool per_channel(octet_tensor_t *t)
{
	if (t->quants < 2 || t->axis >= t->rank || t->dims[t->axis] != t->quants)
		return false;
	for (uint32_t i = 0; i < t->quants; i++)
		if (!(t->scale[i] > 0) || !isfinite(t->scale[i]))
			return false;
	return true;
}

static int quantize_check(const struct octet_graph *g, const struct octet_graph_op *op,
			  const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);

	OCTET_HOST_NEED(octet_host_same_shape(in, out), -EINVAL, "input and output differ in shape");
	OCTET_HOST_NEED(octet_host_is8(out) || out->type == OCTET_INT16 || out->type == OCTET_INT32,
			-ENOTSUP, "QUANTIZE gives int8, uint8, int16 and int32 only");
	if (in->type == OCTET_FLOAT32) {
		OCTET_HOST_NEED(integer_quantized(out) || per_channel(out), -EINVAL,
				"the output has no valid scale and zero point");
		return 0;
	}
	OCTET_HOST_NEED(octet_host_is8(in) || in->type == OCTET_INT16 || in->type == OCTET_INT32,
			-ENOTSUP, "QUANTIZE takes float32, int8, uint8, int16 and int32 only");
	OCTET_HOST_NEED(integer_quantized(in) && integer_quantized(out), -EINVAL,
			"input and output need one valid scale and zero point each");
	OCTET_HOST_NEED((double)in->scale[0] / (double)out->scale[0] < 0x1p31, -EINVAL,
			"the scales are too far apart");
	return 0;
}

static int64_t quantize_one(float v, float scale, int32_t zp)
{
	float steps = roundf(v / scale);

	/* No number becomes the zero point; beyond int32 saturates. */
	if (isnan(steps))
		return zp;
	return (int64_t)fminf(fmaxf(steps, -0x1p31f), 0x1p31f) + zp;
}

static void quantize_float(const struct octet_host_call *c)
{
	octet_tensor_t *out = octet_host_tout(c, 0);
	const float *x = octet_host_in(c, 0);
	void *y = octet_host_out(c, 0);
	uint64_t inner = out->quants > 1 ? octet_host_product(out, out->axis + 1, out->rank) : 1;
	int32_t min, max;

	octet_host_range(out->type, &min, &max);
	for (uint64_t i = 0; i < out->elements; i++) {
		uint64_t channel = out->quants > 1 ? i / inner % out->quants : 0;

		octet_host_store(out->type, y, i,
				 octet_host_clamp(quantize_one(x[i], out->scale[channel],
							       out->zero_point[channel]),
						  min, max));
	}
}

static int quantize(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *out = octet_host_tout(c, 0);
	const void *x = octet_host_in(c, 0);
	void *y = octet_host_out(c, 0);
	int32_t mult, min, max;
	int shift;

	if (in->type == OCTET_FLOAT32) {
		quantize_float(c);
		return 0;
	}
	octet_host_range(out->type, &min, &max);
	octet_fx_multiplier((double)in->scale[0] / (double)out->scale[0], &mult, &shift);
	for (uint64_t i = 0; i < out->elements; i++) {
		uint32_t v = (uint32_t)octet_host_load(in->type, x, i) -
			     (uint32_t)in->zero_point[0];
		int64_t q = (int64_t)octet_fx_scale((int32_t)v, mult, shift) + out->zero_point[0];

		octet_host_store(out->type, y, i, octet_host_clamp(q, min, max));
	}
	return 0;
}

/* ---- DEQUANTIZE ------------------------------------------------------------- */

static int dequantize_check(const struct octet_graph *g, const struct octet_graph_op *op,
			    const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);

	OCTET_HOST_NEED(octet_host_same_shape(in, out), -EINVAL, "input and output differ in shape");
	OCTET_HOST_NEED(out->type == OCTET_FLOAT32, -ENOTSUP, "DEQUANTIZE gives float32 only");
	if (in->type == OCTET_FLOAT16)
		return 0;
	OCTET_HOST_NEED(octet_host_is8(in) || in->type == OCTET_INT16 || in->type == OCTET_INT32 ||
				in->type == OCTET_INT4,
			-ENOTSUP, "DEQUANTIZE takes int4, int8, uint8, int16, int32 and float16");
	OCTET_HOST_NEED(in->quants == 1 || per_channel(in), -EINVAL,
			"the input has no valid scale and zero point");
	return 0;
}

static int64_t code_at(octet_tensor_t *t, const void *x, uint64_t i)
{
	int nibble;

	if (t->type != OCTET_INT4)
		return octet_host_load(t->type, x, i);
	nibble = ((const uint8_t *)x)[i / 2] >> (i & 1 ? 4 : 0) & 15;
	return nibble > 7 ? nibble - 16 : nibble;
}

static int dequantize(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0);
	uint64_t inner = in->quants > 1 ? octet_host_product(in, in->axis + 1, in->rank) : 1;
	const void *x = octet_host_in(c, 0);
	float *y = octet_host_out(c, 0);

	for (uint64_t i = 0; i < in->elements; i++) {
		if (in->type == OCTET_FLOAT16) {
			y[i] = octet_host_half(((const uint16_t *)x)[i]);
		} else if (in->quants > 1) {
			uint64_t channel = i / inner % in->quants;
			int64_t steps = code_at(in, x, i) - in->zero_point[channel];

			y[i] = in->scale[channel] * (float)steps;
		} else {
			int64_t steps = code_at(in, x, i) - in->zero_point[0];

			y[i] = (float)((double)in->scale[0] * (double)steps);
		}
	}
	return 0;
}

/* ---- CAST ------------------------------------------------------------------- */

static bool is_float(enum octet_dtype type)
{
	return type == OCTET_FLOAT32 || type == OCTET_FLOAT16;
}

static int cast_check(const struct octet_graph *g, const struct octet_graph_op *op,
		      const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);

	OCTET_HOST_NEED(octet_host_same_shape(in, out), -EINVAL, "input and output differ in shape");
	OCTET_HOST_NEED(in->type != OCTET_INT4 && out->type != OCTET_INT4 &&
				out->type != OCTET_FLOAT16,
			-ENOTSUP, "CAST of int4 and to float16 is not on the host");
	return 0;
}

/* Truncation; beyond the type saturates, no number is 0. */
static int64_t truncate(enum octet_dtype type, float v)
{
	double low, high;
	int32_t min, max;

	if (isnan(v))
		return 0;
	if (type == OCTET_INT64) {
		if (v >= 0x1p63f)
			return INT64_MAX;
		return v <= -0x1p63f ? INT64_MIN : (int64_t)v;
	}
	octet_host_range(type, &min, &max);
	low = min;
	high = max;
	return (int64_t)fmin(fmax(trunc((double)v), low), high);
}

static int cast(const struct octet_host_call *c)
{
	enum octet_dtype from = octet_host_tin(c, 0)->type, to = octet_host_tout(c, 0)->type;
	uint64_t n = octet_host_tin(c, 0)->elements;
	const void *x = octet_host_in(c, 0);
	void *y = octet_host_out(c, 0);

	for (uint64_t i = 0; i < n; i++) {
		float real = 0;
		int64_t code = 0;

		if (from == OCTET_FLOAT32)
			real = ((const float *)x)[i];
		else if (from == OCTET_FLOAT16)
			real = octet_host_half(((const uint16_t *)x)[i]);
		else
			code = octet_host_load(from, x, i);
		if (to == OCTET_FLOAT32)
			((float *)y)[i] = is_float(from) ? real : (float)code;
		else if (to == OCTET_BOOL)
			((uint8_t *)y)[i] = is_float(from) ? real != 0 : code != 0;
		else
			octet_host_store(to, y, i, is_float(from) ? truncate(to, real) : code);
	}
	return 0;
}

const struct octet_host_kernel octet_host_convert[] = {
	{ OCTET_G_QUANTIZE, 1, 1, 1, quantize_check, quantize, NULL },
	{ OCTET_G_DEQUANTIZE, 1, 1, 1, dequantize_check, dequantize, NULL },
	{ OCTET_G_CAST, 1, 1, 1, cast_check, cast, NULL },
	{ 0 },
};
