// SPDX-License-Identifier: MIT
/* DEQUANTIZE of float16: whole networks keep their weights so. */

#include "layer.h"

int octet_float_half_check(const struct octet_graph *g, const struct octet_graph_op *op,
			   const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);

	OCTET_HOST_NEED(in->type == OCTET_FLOAT16 && out->type == OCTET_FLOAT32, -ENOTSUP,
			"the host has this operator for other types only");
	OCTET_HOST_NEED(octet_host_same_shape(in, out), -EINVAL,
			"input and output differ in shape");
	return 0;
}

size_t octet_float_half_scratch(const struct octet_graph *g, const struct octet_graph_op *op)
{
	(void)g;
	(void)op;
	return 0;
}

int octet_float_half(const struct octet_host_call *c)
{
	uint64_t n = octet_host_tin(c, 0)->elements;
	const uint16_t *x = octet_host_in(c, 0);
	float *y = octet_host_out(c, 0);

	for (uint64_t i = 0; i < n; i++)
		y[i] = octet_float_of_half(x[i]);
	return 0;
}
