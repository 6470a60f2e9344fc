// SPDX-License-Identifier: MIT
/* Types and shapes of operators with weights or windows; the list of the kernels. */

#include "layer.h"

#define EXTENT_MAX (1u << 24)

int octet_float_layer(struct octet_float_layer *l, uint32_t channels, uint32_t axis,
		      int32_t activation, const char **why)
{
	int ret;

	OCTET_HOST_NEED(l->in->type == OCTET_FLOAT32, -ENOTSUP,
			"the host has this operator for other types only");
	OCTET_HOST_NEED(l->out->type == OCTET_FLOAT32, -EINVAL,
			"a float32 input needs a float32 output");
	ret = octet_float_weights_check(l->weights, axis, why);
	if (ret)
		return ret;
	OCTET_HOST_NEED(!l->bias || l->bias->type == OCTET_FLOAT32, -EINVAL,
			"a float32 input needs a float32 bias");
	OCTET_HOST_NEED(!l->bias || l->bias->elements == channels, -EINVAL,
			"the bias must have one element for each channel");
	OCTET_HOST_NEED(octet_host_activation_float(activation, &l->low, &l->high), -EINVAL,
			"unknown activation");
	return 0;
}

static bool small(octet_tensor_t *t)
{
	return t->dims[1] < EXTENT_MAX && t->dims[2] < EXTENT_MAX;
}

int octet_float_window(struct octet_float_layer *l, int32_t padding, const char **why)
{
	OCTET_HOST_NEED(l->in->dims[0] == l->out->dims[0], -EINVAL,
			"input and output differ in batch");
	OCTET_HOST_NEED(small(l->in) && small(l->out) && (!l->weights || small(l->weights)),
			-EINVAL, "images have at most 2^24 rows and columns");
	for (int d = 0; d < 2; d++) {
		l->w.in[d] = (int32_t)l->in->dims[d + 1];
		l->w.out[d] = (int32_t)l->out->dims[d + 1];
		if (l->weights)
			l->w.size[d] = (int32_t)l->weights->dims[d + 1];
	}
	return octet_window_check(&l->w, padding, why);
}

void octet_float_finish(float *y, const float *bias, size_t n, float low, float high)
{
	for (size_t i = 0; i < n && bias; i++)
		y[i] += bias[i];
	for (size_t i = 0; i < n; i++) {
		float v = y[i] < low ? low : y[i];

		y[i] = v > high ? high : v;
	}
}

#define KERNEL(code, inputs, inputs_max, name)					\
	{ code, inputs, inputs_max, 1, octet_float_##name##_check,		\
	  octet_float_##name, octet_float_##name##_scratch }

const struct octet_host_kernel octet_float_kernels[] = {
	KERNEL(OCTET_G_CONV_2D, 2, 3, conv),
	KERNEL(OCTET_G_DEPTHWISE_CONV_2D, 2, 3, depthwise),
	KERNEL(OCTET_G_FULLY_CONNECTED, 2, 3, fc),
	KERNEL(OCTET_G_TRANSPOSE_CONV, 3, 4, tconv),
	KERNEL(OCTET_G_BATCH_MATMUL, 2, 2, matmul),
	KERNEL(OCTET_G_AVERAGE_POOL_2D, 1, 1, pool),
	KERNEL(OCTET_G_MAX_POOL_2D, 1, 1, pool),
	KERNEL(OCTET_G_ADD, 2, 2, arith),
	KERNEL(OCTET_G_SUB, 2, 2, arith),
	KERNEL(OCTET_G_MUL, 2, 2, arith),
	KERNEL(OCTET_G_DIV, 2, 2, arith),
	KERNEL(OCTET_G_MAXIMUM, 2, 2, arith),
	KERNEL(OCTET_G_MINIMUM, 2, 2, arith),
	KERNEL(OCTET_G_DEQUANTIZE, 1, 1, half),
	{ 0 },
};
