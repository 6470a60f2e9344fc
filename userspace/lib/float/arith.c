// SPDX-License-Identifier: MIT
/*
 * ADD, SUB, MUL, DIV, MAXIMUM, MINIMUM where one input repeats inside of the
 * other, or none is broadcast; lib/host has the rest, with the same bits.
 */

#include "layer.h"

/** struct arith - @inner: elements in a row; @a, @b: their steps in it; likewise from row to row */
struct arith {
	uint64_t inner, outer;
	bool a, b, a_row, b_row;
	float low, high;
};

static bool trailing(octet_tensor_t *t, octet_tensor_t *y)
{
	uint32_t skip = 0, d;

	/* Dimensions of 1 in front change nothing. */
	while (skip < t->rank && t->dims[skip] == 1)
		skip++;
	if (t->rank > y->rank)
		return false;
	for (d = skip; d < t->rank; d++)
		if (t->dims[d] != y->dims[y->rank - t->rank + d])
			return false;
	return true;
}

static int setup(const struct octet_graph *g, const struct octet_graph_op *op, struct arith *r,
		 const char **why)
{
	octet_tensor_t *a = octet_graph_input(g, op, 0), *b = octet_graph_input(g, op, 1);
	octet_tensor_t *y = octet_graph_output(g, op, 0);
	bool fused = op->code != OCTET_G_MAXIMUM && op->code != OCTET_G_MINIMUM;
	uint64_t less = a->elements < b->elements ? a->elements : b->elements;

	OCTET_HOST_NEED(a->type == OCTET_FLOAT32 && b->type == OCTET_FLOAT32 &&
				y->type == OCTET_FLOAT32,
			-ENOTSUP, "the host has this operator for other types only");
	OCTET_HOST_NEED(octet_host_activation_float(fused ? op->opt.arith.activation : 0, &r->low,
						    &r->high),
			-EINVAL, "unknown activation");
	OCTET_HOST_NEED(trailing(a, y) && trailing(b, y) &&
				(a->elements == y->elements || b->elements == y->elements),
			-ENOTSUP, "both inputs are broadcast");
	/* A number repeats in every row, so that there is one row only. */
	r->inner = less == 1 ? y->elements : less;
	r->outer = y->elements / r->inner;
	r->a = a->elements > 1 || y->elements == 1;
	r->b = b->elements > 1 || y->elements == 1;
	r->a_row = a->elements == y->elements;
	r->b_row = b->elements == y->elements;
	return 0;
}

int octet_float_arith_check(const struct octet_graph *g, const struct octet_graph_op *op,
			    const char **why)
{
	struct arith r;

	return setup(g, op, &r, why);
}

size_t octet_float_arith_scratch(const struct octet_graph *g, const struct octet_graph_op *op)
{
	(void)g;
	(void)op;
	return 0;
}

#define ROW(expression)							\
	for (uint64_t i = 0; i < n; i++) {				\
		float u = a[i * step_a], v = b[i * step_b];		\
									\
		y[i] = (expression);					\
	}								\
	break

/* Steps are constants where this is inlined. */
static inline __attribute__((always_inline)) void
row(uint32_t code, uint64_t n, const float *a, size_t step_a, const float *b, size_t step_b,
    float *restrict y)
{
	switch (code) {
	case OCTET_G_ADD:
		ROW(u + v);
	case OCTET_G_SUB:
		ROW(u - v);
	case OCTET_G_MUL:
		ROW(u * v);
	case OCTET_G_DIV:
		ROW(u / v);
	case OCTET_G_MAXIMUM:
		ROW(u > v ? u : v);
	default:
		ROW(u < v ? u : v);
	}
}

int octet_float_arith(const struct octet_host_call *c)
{
	const float *a = octet_host_in(c, 0), *b = octet_host_in(c, 1);
	uint32_t code = c->op->code;
	float *y = octet_host_out(c, 0);
	struct arith r;
	const char *why;

	setup(c->g, c->op, &r, &why);
	for (uint64_t i = 0; i < r.outer; i++, y += r.inner) {
		if (r.a && r.b)
			row(code, r.inner, a, 1, b, 1, y);
		else if (r.a)
			row(code, r.inner, a, 1, b, 0, y);
		else
			row(code, r.inner, a, 0, b, 1, y);
		a += r.a_row ? r.inner : 0;
		b += r.b_row ? r.inner : 0;
		if (r.low > -INFINITY || r.high < INFINITY)
			octet_float_finish(y, NULL, r.inner, r.low, r.high);
	}
	return 0;
}
