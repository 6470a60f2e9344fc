/* SPDX-License-Identifier: MIT */
/* What operators with weights have in common. */
#ifndef OCTET_FLOAT_LAYER_H
#define OCTET_FLOAT_LAYER_H

#include "../host/window.h"
#include "product.h"

/** struct octet_float_layer - tensors of an operator, and its activation's bounds */
struct octet_float_layer {
	octet_tensor_t *in, *weights, *bias, *out;
	struct octet_window w;
	float low, high;
};

/**
 * octet_float_layer() - types, activation; of windows: ranks, batch, extents
 *
 * @l: @in, @weights, @bias and @out are set
 * @channels: of the result
 * @axis: dimension of the weights that has a scale each
 */
int octet_float_layer(struct octet_float_layer *l, uint32_t channels, uint32_t axis,
		      int32_t activation, const char **why);

/** octet_float_window() - all of rank 4; @l->w has strides and dilations, the rest is set */
int octet_float_window(struct octet_float_layer *l, int32_t padding, const char **why);

/** octet_float_finish() - add @bias, unless NULL, and clamp @n results */
void octet_float_finish(float *y, const float *bias, size_t n, float low, float high);

/* The operators: a check, a run, bytes of scratch. */
#define OCTET_FLOAT_OPERATOR(name)						\
	int octet_float_##name##_check(const struct octet_graph *g,		\
				       const struct octet_graph_op *op,	\
				       const char **why);			\
	int octet_float_##name(const struct octet_host_call *c);		\
	size_t octet_float_##name##_scratch(const struct octet_graph *g,	\
					    const struct octet_graph_op *op)

OCTET_FLOAT_OPERATOR(arith);
OCTET_FLOAT_OPERATOR(conv);
OCTET_FLOAT_OPERATOR(depthwise);
OCTET_FLOAT_OPERATOR(fc);
OCTET_FLOAT_OPERATOR(half);
OCTET_FLOAT_OPERATOR(matmul);
OCTET_FLOAT_OPERATOR(pool);
OCTET_FLOAT_OPERATOR(tconv);

#endif /* OCTET_FLOAT_LAYER_H */
