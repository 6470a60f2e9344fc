// SPDX-License-Identifier: MIT
/* FULLY_CONNECTED. */

#include "layer.h"

static int setup(const struct octet_graph *g, const struct octet_graph_op *op,
		 struct octet_float_layer *l, struct octet_float_product *p, const char **why)
{
	const struct octet_opt_fc *o = &op->opt.fc;
	int ret;

	memset(l, 0, sizeof(*l));
	memset(p, 0, sizeof(*p));
	l->in = octet_graph_input(g, op, 0);
	l->weights = octet_graph_input(g, op, 1);
	l->bias = octet_graph_input(g, op, 2);
	l->out = octet_graph_output(g, op, 0);
	OCTET_HOST_NEED(l->weights->rank == 2, -EINVAL, "the weights must have rank 2");
	OCTET_HOST_NEED(o->weights_format == 0, -ENOTSUP,
			"shuffled weights are not on the host");
	p->cols = l->weights->dims[0];
	p->depth = l->weights->dims[1];
	p->rows = l->in->elements / p->depth;
	OCTET_HOST_NEED(l->in->elements % p->depth == 0 &&
				l->out->elements == p->rows * p->cols,
			-EINVAL, "input, weights and output do not fit each other");
	ret = octet_float_layer(l, p->cols, 0, o->activation, why);
	p->x_row = p->depth;
	p->y_row = p->cols;
	p->low = l->low;
	p->high = l->high;
	return ret;
}

int octet_float_fc_check(const struct octet_graph *g, const struct octet_graph_op *op,
			 const char **why)
{
	struct octet_float_layer l;
	struct octet_float_product p;

	return setup(g, op, &l, &p, why);
}

size_t octet_float_fc_scratch(const struct octet_graph *g, const struct octet_graph_op *op)
{
	struct octet_float_layer l;
	struct octet_float_product p;
	const char *why;

	return setup(g, op, &l, &p, &why) ? 0 : octet_float_scratch(&p);
}

int octet_float_fc(const struct octet_host_call *c)
{
	struct octet_float_layer l;
	struct octet_float_product p;
	const char *why;

	setup(c->g, c->op, &l, &p, &why);
	octet_float_weights_of(&p.w, l.weights, octet_host_in(c, 1));
	p.w.row = p.depth;
	p.w.step = 1;
	p.x = octet_host_in(c, 0);
	p.bias = octet_host_in(c, 2);
	p.y = octet_host_out(c, 0);
	octet_float_run(&p, c->scratch);
	return 0;
}
