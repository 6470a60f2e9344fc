// SPDX-License-Identifier: MIT
/* Multiply-accumulates of an operator, whoever runs it. */
#include "model.h"

static uint64_t product(const uint32_t *dims, uint32_t from, uint32_t to)
{
	uint64_t v = 1;

	for (uint32_t i = from; i < to; i++)
		v *= dims[i];
	return v;
}

uint64_t octet_graph_macs(const struct octet_graph *g, const struct octet_graph_op *op)
{
	const struct octet_graph_tensor *x = octet_graph_input(g, op, 0);
	const struct octet_graph_tensor *w = octet_graph_input(g, op, 1);
	const struct octet_graph_tensor *y = octet_graph_output(g, op, 0);

	if (!x || !w || !y)
		return 0;
	switch (op->code) {
	case OCTET_G_CONV_2D:
		return w->rank == 4 ? y->elements * product(w->dims, 1, 4) : 0;
	case OCTET_G_DEPTHWISE_CONV_2D:
		return w->rank == 4 ? y->elements * product(w->dims, 1, 3) : 0;
	case OCTET_G_FULLY_CONNECTED:
		return w->rank == 2 ? y->elements * w->dims[1] : 0;
	case OCTET_G_BATCH_MATMUL:
		return x->rank >= 2 ? y->elements * x->dims[x->rank - (op->opt.matmul.adj_x ? 2 : 1)]
				    : 0;
	case OCTET_G_TRANSPOSE_CONV:
		/* inputs: shape, weights, activations */
		x = octet_graph_input(g, op, 2);
		return x && w->rank == 4 ? x->elements * product(w->dims, 0, 3) : 0;
	default:
		return 0;
	}
}
