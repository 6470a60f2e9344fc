// SPDX-License-Identifier: MIT
/* BATCH_MATMUL; the right side may be int8, as weights are. */

#include "layer.h"

/** struct matmul - the left matrix: @x; steps from row to row and inside of a row */
struct matmul {
	octet_tensor_t *a, *b, *y;
	struct octet_host_walk batches;
	struct octet_float_product p;
	const float *x;
	size_t row, step;
};

/* A tensor with 1 in place of its last two dimensions. */
static bool batch_of(struct octet_host_walk *w, uint32_t i, octet_tensor_t *t)
{
	struct octet_graph_tensor batch = *t;
	int64_t matrix = (int64_t)t->dims[t->rank - 1] * t->dims[t->rank - 2];

	batch.dims[t->rank - 1] = batch.dims[t->rank - 2] = 1;
	if (!octet_host_walk_add(w, i, &batch))
		return false;
	for (uint32_t d = 0; d < w->rank; d++)
		w->stride[i][d] *= matrix;
	return true;
}

/* Columns of a matrix that lies the other way round. */
static void fill(const void *context, uint64_t first, uint32_t count, float *to)
{
	const struct matmul *m = context;

	for (uint64_t r = first; r < first + count; r++)
		for (uint32_t k = 0; k < m->p.depth; k++)
			*to++ = m->x[r * m->row + k * m->step];
}

static void product(const struct octet_graph_op *op, struct matmul *m)
{
	uint32_t a_low = m->a->dims[m->a->rank - 1], a_high = m->a->dims[m->a->rank - 2];
	uint32_t b_low = m->b->dims[m->b->rank - 1], b_high = m->b->dims[m->b->rank - 2];
	bool adj_a = op->opt.matmul.adj_x, adj_b = op->opt.matmul.adj_y;

	m->row = adj_a ? 1 : a_low;
	m->step = adj_a ? a_low : 1;
	m->p.rows = adj_a ? a_low : a_high;
	m->p.depth = adj_a ? a_high : a_low;
	m->p.cols = adj_b ? b_high : b_low;
	m->p.x_row = m->p.depth;
	m->p.y_row = m->p.cols;
	m->p.low = -INFINITY;
	m->p.high = INFINITY;
	m->p.fill = adj_a ? fill : NULL;
	m->p.w.row = adj_b ? b_low : 1;
	m->p.w.step = adj_b ? 1 : b_low;
}

static int setup(const struct octet_graph *g, const struct octet_graph_op *op, struct matmul *m,
		 const char **why)
{
	struct octet_graph_tensor batch;
	uint32_t b_low, b_high;
	int ret;

	memset(m, 0, sizeof(*m));
	m->a = octet_graph_input(g, op, 0);
	m->b = octet_graph_input(g, op, 1);
	m->y = octet_graph_output(g, op, 0);
	OCTET_HOST_NEED(m->a->type == OCTET_FLOAT32, -ENOTSUP,
			"the host has this operator for other types only");
	OCTET_HOST_NEED(m->y->type == OCTET_FLOAT32, -EINVAL,
			"a float32 input needs a float32 output");
	OCTET_HOST_NEED(m->a->rank >= 2 && m->b->rank >= 2 && m->y->rank >= 2, -EINVAL,
			"matrices have two dimensions at least");
	ret = octet_float_weights_check(m->b, OCTET_GRAPH_RANK, why);
	if (ret)
		return ret;
	octet_float_weights_of(&m->p.w, m->b, NULL);
	product(op, m);
	b_low = m->b->dims[m->b->rank - 1];
	b_high = m->b->dims[m->b->rank - 2];
	OCTET_HOST_NEED(m->p.depth == (op->opt.matmul.adj_y ? b_low : b_high), -EINVAL,
			"the matrices do not fit each other");
	OCTET_HOST_NEED(m->y->dims[m->y->rank - 2] == m->p.rows &&
				m->y->dims[m->y->rank - 1] == m->p.cols,
			-EINVAL, "the output's matrices do not fit the inputs'");
	batch = *m->y;
	batch.dims[batch.rank - 1] = batch.dims[batch.rank - 2] = 1;
	octet_host_walk_begin(&m->batches, &batch);
	OCTET_HOST_NEED(batch_of(&m->batches, 0, m->a) && batch_of(&m->batches, 1, m->b), -EINVAL,
			"the batches cannot be broadcast to the output's");
	return 0;
}

int octet_float_matmul_check(const struct octet_graph *g, const struct octet_graph_op *op,
			     const char **why)
{
	struct matmul m;

	return setup(g, op, &m, why);
}

size_t octet_float_matmul_scratch(const struct octet_graph *g, const struct octet_graph_op *op)
{
	struct matmul m;
	const char *why;

	return setup(g, op, &m, &why) ? 0 : octet_float_scratch(&m.p);
}

int octet_float_matmul(const struct octet_host_call *c)
{
	const float *x = octet_host_in(c, 0);
	const char *why;
	struct matmul m;

	setup(c->g, c->op, &m, &why);
	m.p.context = &m;
	m.p.w.data = octet_host_in(c, 1);
	m.p.y = octet_host_out(c, 0);
	do {
		m.p.x = m.x = x + m.batches.at[0];
		m.p.w.base = (size_t)m.batches.at[1];
		octet_float_run(&m.p, c->scratch);
		m.p.y += m.p.rows * m.p.cols;
	} while (octet_host_walk_next(&m.batches));
	return 0;
}
