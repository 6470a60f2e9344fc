// SPDX-License-Identifier: MIT
/* Shapes: operators that go element by element or by rows, and matrix products. */

#include <errno.h>
#include <string.h>

#include "check.h"

int check_shape_same(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0);

	return check_result(c, 0, x->rank, x->dims);
}

int check_shape_softmax(struct check *c)
{
	int rc = check_rank(c, 0, 1, OCTET_GRAPH_RANK);

	if (!rc && c->op->code == OCTET_G_SOFTMAX && !(c->op->opt.softmax.beta > 0))
		rc = check_fail(c, -EINVAL, "beta is %g, it must be above 0",
				(double)c->op->opt.softmax.beta);
	return rc ? rc : check_shape_same(c);
}

/* Extents from the last on: equal, or one of them 1. */
static int broadcast(struct check *c, uint32_t *rank, uint32_t *dims)
{
	const struct octet_graph_tensor *a = check_in(c, 0), *b = check_in(c, 1);

	*rank = a->rank > b->rank ? a->rank : b->rank;
	for (uint32_t i = 1; i <= *rank; i++) {
		uint32_t d = i <= a->rank ? a->dims[a->rank - i] : 1;
		uint32_t e = i <= b->rank ? b->dims[b->rank - i] : 1;

		if (d != e && d != 1 && e != 1)
			return check_fail(c, -EINVAL,
					  "extents %u and %u, %u from the last, do not go together: "
					  "they must be equal, or one of them 1", d, e, i - 1);
		dims[*rank - i] = d == 1 ? e : d;
	}
	return 0;
}

int check_shape_broadcast(struct check *c)
{
	uint32_t rank, dims[OCTET_GRAPH_RANK];
	int rc = broadcast(c, &rank, dims);

	return rc ? rc : check_result(c, 0, rank, dims);
}

int check_shape_prelu(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0);
	uint32_t rank, dims[OCTET_GRAPH_RANK];
	int rc = broadcast(c, &rank, dims);

	if (!rc && (rank != x->rank || memcmp(dims, x->dims, rank * sizeof(*dims))))
		rc = check_fail_at(c, -EINVAL, c->op->inputs[1],
				   "the slopes stretch the result beyond the input");
	return rc ? rc : check_result(c, 0, rank, dims);
}

int check_shape_select(struct check *c)
{
	const struct octet_graph_tensor *k = check_in(c, 0), *a = check_in(c, 1);
	const struct octet_graph_tensor *b = check_in(c, 2);

	if (a->rank != b->rank || memcmp(a->dims, b->dims, a->rank * sizeof(*a->dims)))
		return check_fail_at(c, -EINVAL, c->op->inputs[2],
				     "both choices must have the same shape");
	if (k->elements != 1 && k->elements != a->elements &&
	    !(k->rank == 1 && a->rank && k->dims[0] == a->dims[0]))
		return check_fail_at(c, -EINVAL, c->op->inputs[0],
				     "the condition fits neither the elements nor the rows");
	return check_result(c, 0, a->rank, a->dims);
}

int check_shape_reduce(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0);
	uint32_t count, at, rank = 0, dims[OCTET_GRAPH_RANK];
	int64_t axes[OCTET_GRAPH_RANK];
	bool gone[OCTET_GRAPH_RANK] = { false };
	int rc = check_ints(c, 1, axes, OCTET_GRAPH_RANK, &count);

	for (uint32_t i = 0; i < count && !rc; i++) {
		/* The one axis of a scalar. */
		if (!x->rank && (axes[i] == 0 || axes[i] == -1))
			continue;
		rc = check_axis(c, axes[i], x->rank, &at);
		if (!rc)
			gone[at] = true;
	}
	if (rc)
		return rc;
	for (uint32_t i = 0; i < x->rank; i++)
		if (!gone[i] || c->op->opt.reduce.keep_dims)
			dims[rank++] = gone[i] ? 1 : x->dims[i];
	return check_result(c, 0, rank, dims);
}

int check_shape_arg(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0), *y = check_out(c, 0);
	uint32_t count, at, rank = 0, dims[OCTET_GRAPH_RANK];
	int64_t axis;
	int rc = check_ints(c, 1, &axis, 1, &count);

	if (!rc)
		rc = check_axis(c, axis, x->rank, &at);
	if (!rc && y->type != OCTET_INT32 && y->type != OCTET_INT64)
		rc = check_fail_at(c, -EINVAL, c->op->outputs[0],
				   "its type is %s, indexes are int32 or int64",
				   octet_graph_type_name(y->type));
	if (rc)
		return rc;
	for (uint32_t i = 0; i < x->rank; i++)
		if (i != at)
			dims[rank++] = x->dims[i];
	return check_result(c, 0, rank, dims);
}

int check_shape_topk(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0);
	uint32_t count, dims[OCTET_GRAPH_RANK];
	int64_t k;
	int rc = check_ints(c, 1, &k, 1, &count);

	if (!rc)
		rc = check_rank(c, 0, 1, OCTET_GRAPH_RANK);
	if (!rc)
		rc = check_option(c, "k", k, 1, x->dims[x->rank - 1]);
	if (rc)
		return rc;
	memcpy(dims, x->dims, sizeof(dims));
	dims[x->rank - 1] = (uint32_t)k;
	rc = check_result(c, 0, x->rank, dims);
	return rc ? rc : check_result(c, 1, x->rank, dims);
}

int check_shape_fc(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0), *w = check_in(c, 1);
	const struct octet_opt_fc *o = &c->op->opt.fc;
	uint32_t dims[OCTET_GRAPH_RANK];
	int rc = check_option(c, "fused_activation_function", o->activation, OCTET_G_ACT_NONE,
			      OCTET_G_ACT_RELU6);

	if (!rc && o->weights_format)
		rc = check_fail(c, -ENOTSUP, "weights_format %d (shuffled) is not supported",
				o->weights_format);
	if (!rc)
		rc = check_rank(c, 1, 2, 2);
	if (!rc)
		rc = check_rank(c, 0, 1, OCTET_GRAPH_RANK);
	if (rc)
		return rc;
	if (x->elements % w->dims[1] ||
	    (o->keep_num_dims && x->dims[x->rank - 1] != w->dims[1]))
		return check_fail_at(c, -EINVAL, c->op->inputs[1],
				     "rows of %u do not fit an input of %llu elements", w->dims[1],
				     (unsigned long long)x->elements);
	rc = check_bias(c, 2, w->dims[0]);
	if (rc)
		return rc;
	memcpy(dims, x->dims, sizeof(dims));
	if (o->keep_num_dims) {
		dims[x->rank - 1] = w->dims[0];
		return check_result(c, 0, x->rank, dims);
	}
	dims[0] = (uint32_t)(x->elements / w->dims[1]);
	dims[1] = w->dims[0];
	/* A batch of one is often left out of the file's shape, and TFLite follows. */
	if (check_out(c, 0)->rank == 1 && dims[0] == 1)
		return check_result(c, 0, 1, dims + 1);
	return check_result(c, 0, 2, dims);
}

int check_shape_matmul(struct check *c)
{
	const struct octet_graph_tensor *a = check_in(c, 0), *b = check_in(c, 1);
	const struct octet_opt_matmul *o = &c->op->opt.matmul;
	uint32_t rank = a->rank > b->rank ? a->rank : b->rank, dims[OCTET_GRAPH_RANK];
	uint32_t ka, kb;
	int rc = check_rank(c, 0, 2, OCTET_GRAPH_RANK);

	if (!rc)
		rc = check_rank(c, 1, 2, OCTET_GRAPH_RANK);
	if (rc)
		return rc;
	ka = a->dims[a->rank - (o->adj_x ? 2 : 1)];
	kb = b->dims[b->rank - (o->adj_y ? 1 : 2)];
	if (ka != kb)
		return check_fail(c, -EINVAL, "rows of %u and columns of %u do not go together",
				  ka, kb);
	for (uint32_t i = 3; i <= rank; i++) {
		uint32_t d = i <= a->rank ? a->dims[a->rank - i] : 1;
		uint32_t e = i <= b->rank ? b->dims[b->rank - i] : 1;

		if (d != e && d != 1 && e != 1)
			return check_fail(c, -EINVAL, "batches of %u and %u do not go together", d,
					  e);
		dims[rank - i] = d == 1 ? e : d;
	}
	dims[rank - 2] = a->dims[a->rank - (o->adj_x ? 1 : 2)];
	dims[rank - 1] = b->dims[b->rank - (o->adj_y ? 2 : 1)];
	return check_result(c, 0, rank, dims);
}

/* TFLite's basic cell: five inputs, four outputs. */
static int basic_lstm(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0), *h = check_in(c, 1);
	const struct octet_graph_tensor *w = check_in(c, 2), *b = check_in(c, 3);
	const struct octet_graph_tensor *s = check_in(c, 4);

	if (c->op->input_count != 5 || !x || !h || !w || !b || !s || c->op->output_count != 4)
		return check_fail(c, -EINVAL, "a basic cell has 5 inputs and 4 outputs");
	if (x->rank != 2 || h->rank != 2 || w->rank != 2 || h->dims[0] != x->dims[0] ||
	    w->dims[0] != 4 * (uint64_t)h->dims[1] ||
	    w->dims[1] != (uint64_t)x->dims[1] + h->dims[1] || b->elements != w->dims[0] ||
	    s->elements != h->elements)
		return check_fail(c, -EINVAL, "the shapes of input, state, weights and bias do "
				  "not go together");
	return check_result(c, 0, 2, h->dims);
}

/* Weights 4 and 8: cells by inputs, cells by outputs; the last state is an input too. */
static int full_lstm(struct check *c, uint32_t rank)
{
	const struct octet_graph_tensor *x = check_in(c, 0), *w = check_in(c, 4);
	const struct octet_graph_tensor *r = check_in(c, 8);
	static const uint32_t needed[] = { 0, 2, 3, 4, 6, 7, 8, 13, 14, 15, 18, 19 };
	uint32_t dims[OCTET_GRAPH_RANK];
	int rc;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!check_in(c, needed[i]))
			return check_fail(c, -EINVAL, "input %u is left out, but it is needed",
					  needed[i]);
	rc = check_rank(c, 0, rank, rank);
	if (!rc)
		rc = check_rank(c, 4, 2, 2);
	if (!rc)
		rc = check_rank(c, 8, 2, 2);
	if (rc)
		return rc;
	if (w->dims[1] != x->dims[rank - 1] || r->dims[0] != w->dims[0])
		return check_fail(c, -EINVAL, "the shapes of input and weights do not go together");
	memcpy(dims, x->dims, sizeof(dims));
	dims[rank - 1] = r->dims[1];
	return check_result(c, 0, rank, dims);
}

int check_shape_lstm(struct check *c)
{
	return c->op->opt.lstm.kernel_type == 1 ? basic_lstm(c) : full_lstm(c, 2);
}

int check_shape_sequence(struct check *c)
{
	return full_lstm(c, 3);
}

int check_shape_svdf(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0), *f = check_in(c, 1);
	const struct octet_graph_tensor *t = check_in(c, 2), *s = check_in(c, 4);
	int32_t svd_rank = c->op->opt.svdf.rank;
	uint32_t dims[2];
	int rc = check_option(c, "rank", svd_rank, 1, INT16_MAX);

	for (uint32_t i = 0; i < 3 && !rc; i++)
		rc = check_rank(c, i, 2, 2);
	if (rc)
		return rc;
	if (f->dims[1] != x->dims[1] || t->dims[0] != f->dims[0] ||
	    f->dims[0] % (uint32_t)svd_rank ||
	    s->elements != (uint64_t)x->dims[0] * t->dims[0] * t->dims[1])
		return check_fail(c, -EINVAL,
				  "the shapes of input, weights and state do not go together");
	dims[0] = x->dims[0];
	dims[1] = f->dims[0] / (uint32_t)svd_rank;
	rc = check_bias(c, 3, dims[1]);
	return rc ? rc : check_result(c, 0, 2, dims);
}
