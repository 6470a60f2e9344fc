// SPDX-License-Identifier: MIT
/* L2_NORMALIZATION and PRELU. */

#include "host_priv.h"

static int l2_check(const struct octet_graph *g, const struct octet_graph_op *op, const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);

	OCTET_HOST_NEED(octet_host_same_shape(in, out) && in->type == out->type && in->rank,
			-EINVAL, "input and output differ in shape or type");
	OCTET_HOST_NEED(octet_host_is8(in) || in->type == OCTET_FLOAT32, -ENOTSUP,
			"the host has this operator for other types only");
	OCTET_HOST_NEED(op->opt.arith.activation == OCTET_G_ACT_NONE, -ENOTSUP,
			"L2_NORMALIZATION with an activation");
	if (in->type == OCTET_FLOAT32)
		return 0;
	OCTET_HOST_NEED(octet_host_quantized(in) && octet_host_quantized(out) &&
				out->scale[0] == 1.0f / 128 &&
				out->zero_point[0] == (in->type == OCTET_INT8 ? 0 : 128),
			-EINVAL, "the output must have scale 1/128 and zero point 0 (uint8: 128)");
	OCTET_HOST_NEED(in->dims[in->rank - 1] <= 32768, -EINVAL,
			"more than 32768 elements in a row: the sum of squares would overflow");
	return 0;
}

static void l2_row8(octet_tensor_t *in, octet_tensor_t *out, const void *x, void *y, uint64_t at,
		    uint32_t n)
{
	int32_t sum = 0, mult, min, max;
	int shift;

	for (uint32_t i = 0; i < n; i++) {
		int32_t d = (int32_t)octet_host_load(in->type, x, at + i) - in->zero_point[0];

		sum += d * d;
	}
	octet_fx_inv_sqrt(sum, &mult, &shift);
	octet_host_range(out->type, &min, &max);
	for (uint32_t i = 0; i < n; i++) {
		int32_t d = (int32_t)octet_host_load(in->type, x, at + i) - in->zero_point[0], v;

		/* Times 128: uint8 before, int8 in the exponent. */
		if (in->type == OCTET_UINT8)
			v = octet_fx_scale(128 * d, mult, shift);
		else
			v = octet_fx_scale(d, mult, shift + 7);
		octet_host_store(out->type, y, at + i,
				 octet_host_clamp((int64_t)v + out->zero_point[0], min, max));
	}
}

static int l2(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *out = octet_host_tout(c, 0);
	uint32_t n = in->dims[in->rank - 1];
	const float *x = octet_host_in(c, 0);
	float *y = octet_host_out(c, 0);

	for (uint64_t at = 0; at < in->elements; at += n) {
		float sum = 0;

		if (in->type != OCTET_FLOAT32) {
			l2_row8(in, out, x, y, at, n);
			continue;
		}
		for (uint32_t i = 0; i < n; i++)
			sum += x[at + i] * x[at + i];
		sum = fmaxf(sqrtf(sum), 1e-6f);
		for (uint32_t i = 0; i < n; i++)
			y[at + i] = x[at + i] / sum;
	}
	return 0;
}

/* ---- PRELU ------------------------------------------------------------------------ */

static int prelu_check(const struct octet_graph *g, const struct octet_graph_op *op,
		       const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *alpha = octet_graph_input(g, op, 1);
	octet_tensor_t *out = octet_graph_output(g, op, 0);
	struct octet_host_walk w;

	octet_host_walk_begin(&w, out);
	OCTET_HOST_NEED(octet_host_same_shape(in, out) && octet_host_walk_add(&w, 1, alpha),
			-EINVAL, "the shapes of input, alpha and output do not fit");
	OCTET_HOST_NEED(in->type == out->type && in->type == alpha->type, -EINVAL,
			"input, alpha and output differ in type");
	OCTET_HOST_NEED(octet_host_is8(in) || in->type == OCTET_FLOAT32, -ENOTSUP,
			"the host has this operator for other types only");
	if (in->type == OCTET_FLOAT32)
		return 0;
	OCTET_HOST_NEED(octet_host_quantized(in) && octet_host_quantized(alpha) &&
				octet_host_quantized(out),
			-EINVAL, "input, alpha and output need one valid scale and zero point each");
	OCTET_HOST_NEED(in->scale[0] / out->scale[0] < 0x1p15f &&
				in->scale[0] * alpha->scale[0] / out->scale[0] < 0x1p14f,
			-EINVAL, "the scales are too far apart");
	return 0;
}

static void prelu_real(const struct octet_host_call *c, struct octet_host_walk *w)
{
	const float *x = octet_host_in(c, 0), *alpha = octet_host_in(c, 1);
	float *y = octet_host_out(c, 0);

	do {
		float v = *x++;

		*y++ = v >= 0 ? v : v * alpha[w->at[1]];
	} while (octet_host_walk_next(w));
}

static int prelu(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *alpha = octet_host_tin(c, 1);
	octet_tensor_t *out = octet_host_tout(c, 0);
	float product = octet_host_quantized(in) ? in->scale[0] * alpha->scale[0] : 0;
	struct octet_host_walk w;
	int32_t mult, low_mult, min, max;
	int shift, low_shift;
	uint64_t i = 0;

	octet_host_walk_begin(&w, out);
	octet_host_walk_add(&w, 1, alpha);
	if (in->type == OCTET_FLOAT32) {
		prelu_real(c, &w);
		return 0;
	}
	octet_fx_multiplier((double)(in->scale[0] / out->scale[0]), &mult, &shift);
	octet_fx_multiplier((double)(product / out->scale[0]), &low_mult, &low_shift);
	octet_host_range(out->type, &min, &max);
	do {
		int32_t v = (int32_t)octet_host_load(in->type, octet_host_in(c, 0), i) -
			    in->zero_point[0];
		int32_t a = (int32_t)octet_host_load(alpha->type, octet_host_in(c, 1),
						     (size_t)w.at[1]) -
			    alpha->zero_point[0];

		v = v >= 0 ? octet_fx_scale(v, mult, shift) :
			     octet_fx_scale(v * a, low_mult, low_shift);
		octet_host_store(out->type, octet_host_out(c, 0), i++,
				 octet_host_clamp((int64_t)v + out->zero_point[0], min, max));
	} while (octet_host_walk_next(&w));
	return 0;
}

const struct octet_host_kernel octet_host_norm[] = {
	{ OCTET_G_L2_NORMALIZATION, 1, 1, 1, l2_check, l2, NULL },
	{ OCTET_G_PRELU, 2, 2, 1, prelu_check, prelu, NULL },
	{ 0 },
};
