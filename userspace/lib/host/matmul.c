// SPDX-License-Identifier: MIT
/* FULLY_CONNECTED and BATCH_MATMUL. */

#include "product.h"

/* ---- FULLY_CONNECTED -------------------------------------------------------------------- */

static int fc_setup(const struct octet_graph *g, const struct octet_graph_op *op,
		    struct octet_product *p, const char **why)
{
	uint64_t batches;

	memset(p, 0, sizeof(*p));
	p->in = octet_graph_input(g, op, 0);
	p->weights = octet_graph_input(g, op, 1);
	p->bias = octet_graph_input(g, op, 2);
	p->out = octet_graph_output(g, op, 0);
	p->activation = op->opt.fc.activation;
	p->float_scale = true;
	p->wide = octet_host_is16(p->in) && p->bias && p->bias->type == OCTET_INT64;
	OCTET_HOST_NEED(p->weights->rank == 2, -EINVAL, "the weights must have rank 2");
	OCTET_HOST_NEED(op->opt.fc.weights_format == 0, -ENOTSUP,
			"shuffled weights are not on the host");
	p->channels = p->weights->dims[0];
	batches = p->in->elements / p->weights->dims[1];
	OCTET_HOST_NEED(p->in->elements % p->weights->dims[1] == 0 &&
				p->out->elements == batches * p->channels,
			-EINVAL, "input, weights and output do not fit each other");
	return 0;
}

static int fc_check(const struct octet_graph *g, const struct octet_graph_op *op, const char **why)
{
	struct octet_product p;
	int ret = fc_setup(g, op, &p, why);

	return ret ? ret : octet_product_check(&p, 0, why);
}

static size_t fc_scratch(const struct octet_graph *g, const struct octet_graph_op *op)
{
	struct octet_product p;
	const char *why;

	fc_setup(g, op, &p, &why);
	return octet_product_scratch(&p);
}

static int fc(const struct octet_host_call *c)
{
	struct octet_product p;
	const char *why;
	size_t depth, to = 0;

	fc_setup(c->g, c->op, &p, &why);
	p.x = octet_host_in(c, 0);
	p.w = octet_host_in(c, 1);
	p.b = octet_host_in(c, 2);
	p.y = octet_host_out(c, 0);
	octet_product_begin(&p, c->scratch);
	depth = p.weights->dims[1];
	for (size_t b = 0; b < p.in->elements / depth; b++)
		for (uint32_t o = 0; o < p.channels; o++, to++)
			octet_product_store(&p, o, to,
					    octet_product_dot(&p, b * depth, o * depth, depth));
	return 0;
}

/* ---- BATCH_MATMUL -------------------------------------------------------------------------- */

/* Rows of the left, columns of the right, what they share; steps inside of each. */
struct matmul {
	uint32_t rows, cols, depth;
	size_t row, left, col, right;
	struct octet_host_walk batches;
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

static int matmul_setup(const struct octet_graph *g, const struct octet_graph_op *op,
			struct octet_product *p, struct matmul *m, const char **why)
{
	octet_tensor_t *a = octet_graph_input(g, op, 0), *b = octet_graph_input(g, op, 1);
	octet_tensor_t *y = octet_graph_output(g, op, 0);
	bool adj_a = op->opt.matmul.adj_x, adj_b = op->opt.matmul.adj_y;
	struct octet_graph_tensor batch = *y;
	uint32_t a_low, a_high, b_low, b_high;

	OCTET_HOST_NEED(a->rank >= 2 && b->rank >= 2 && y->rank >= 2, -EINVAL,
			"matrices have two dimensions at least");
	a_low = a->dims[a->rank - 1];
	a_high = a->dims[a->rank - 2];
	b_low = b->dims[b->rank - 1];
	b_high = b->dims[b->rank - 2];
	memset(p, 0, sizeof(*p));
	*p = (struct octet_product){ .in = a, .weights = b, .out = y, .channels = 1,
				     .float_scale = true, .wide = octet_host_is16(a) };
	m->rows = adj_a ? a_low : a_high;
	m->depth = adj_a ? a_high : a_low;
	m->cols = adj_b ? b_high : b_low;
	m->row = adj_a ? 1 : a_low;
	m->left = adj_a ? a_low : 1;
	m->col = adj_b ? b_low : 1;
	m->right = adj_b ? 1 : b_low;
	OCTET_HOST_NEED(m->depth == (adj_b ? b_low : b_high), -EINVAL,
			"the matrices do not fit each other");
	OCTET_HOST_NEED(y->dims[y->rank - 2] == m->rows && y->dims[y->rank - 1] == m->cols,
			-EINVAL, "the output's matrices do not fit the inputs'");
	batch.dims[y->rank - 1] = batch.dims[y->rank - 2] = 1;
	octet_host_walk_begin(&m->batches, &batch);
	OCTET_HOST_NEED(batch_of(&m->batches, 0, a) && batch_of(&m->batches, 1, b), -EINVAL,
			"the batches cannot be broadcast to the output's");
	return 0;
}

static int matmul_check(const struct octet_graph *g, const struct octet_graph_op *op,
			const char **why)
{
	struct octet_product p;
	struct matmul m;
	int ret = matmul_setup(g, op, &p, &m, why);

	if (ret)
		return ret;
	if (p.in->type == OCTET_FLOAT32 && p.weights->type == OCTET_FLOAT32 &&
	    p.out->type == OCTET_FLOAT32)
		return 0;
	OCTET_HOST_NEED(p.in->type == p.weights->type && p.in->type != OCTET_UINT8, -ENOTSUP,
			"both matrices must be int8, int16 or float32");
	return octet_product_check(&p, OCTET_GRAPH_RANK, why);
}

static size_t matmul_scratch(const struct octet_graph *g, const struct octet_graph_op *op)
{
	struct octet_product p;
	struct matmul m;
	const char *why;

	matmul_setup(g, op, &p, &m, &why);
	return octet_product_scratch(&p);
}

static int64_t matmul_sum(const struct octet_product *p, const struct matmul *m, size_t a, size_t b)
{
	int64_t sum = 0;

	if (m->left == 1 && m->right == 1)
		return octet_product_dot(p, a, b, m->depth);
	for (uint32_t k = 0; k < m->depth; k++)
		sum += octet_product_one(p, a + k * m->left, b + k * m->right);
	return sum;
}

static float matmul_real(const struct octet_product *p, const struct matmul *m, size_t a, size_t b)
{
	const float *x = p->x, *w = p->w;
	float sum = 0;

	for (uint32_t k = 0; k < m->depth; k++)
		sum += x[a + k * m->left] * w[b + k * m->right];
	return sum;
}

static int matmul(const struct octet_host_call *c)
{
	bool real = octet_host_tin(c, 0)->type == OCTET_FLOAT32;
	struct octet_product p;
	struct matmul m;
	const char *why;
	size_t to = 0;

	matmul_setup(c->g, c->op, &p, &m, &why);
	p.x = octet_host_in(c, 0);
	p.w = octet_host_in(c, 1);
	p.y = octet_host_out(c, 0);
	if (!real)
		octet_product_begin(&p, c->scratch);
	do {
		for (uint32_t r = 0; r < m.rows; r++) {
			for (uint32_t o = 0; o < m.cols; o++, to++) {
				size_t a = (size_t)m.batches.at[0] + r * m.row;
				size_t b = (size_t)m.batches.at[1] + o * m.col;

				if (real)
					((float *)p.y)[to] = matmul_real(&p, &m, a, b);
				else
					octet_product_store(&p, 0, to, matmul_sum(&p, &m, a, b));
			}
		}
	} while (octet_host_walk_next(&m.batches));
	return 0;
}

const struct octet_host_kernel octet_host_matmul[] = {
	{ OCTET_G_FULLY_CONNECTED, 2, 3, 1, fc_check, fc, fc_scratch },
	{ OCTET_G_BATCH_MATMUL, 2, 2, 1, matmul_check, matmul, matmul_scratch },
	{ 0 },
};
