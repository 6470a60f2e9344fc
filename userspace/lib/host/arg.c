// SPDX-License-Identifier: MIT
/* ARG_MAX, ARG_MIN and TOPK_V2: where the largest elements are. */

#include "host_priv.h"

static bool ordered(octet_tensor_t *t)
{
	return t->type == OCTET_FLOAT32 ||
	       (octet_host_size(t->type) && t->type != OCTET_FLOAT16);
}

/* Is element @a greater than element @b? */
static bool greater(enum octet_dtype type, const void *x, uint64_t a, uint64_t b)
{
	if (type == OCTET_FLOAT32)
		return ((const float *)x)[a] > ((const float *)x)[b];
	return octet_host_load(type, x, a) > octet_host_load(type, x, b);
}

static int arg_check(const struct octet_graph *g, const struct octet_graph_op *op, const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	uint32_t n, axis, k = 0;
	int64_t v;

	OCTET_HOST_NEED(octet_host_ints(octet_graph_input(g, op, 1), 1, &v, &n) && n == 1, -ENOTSUP,
			"the axis is not a constant of int32 or int64");
	OCTET_HOST_NEED(octet_host_axis(v, in->rank, &axis), -EINVAL,
			"the axis is none of the input's");
	OCTET_HOST_NEED(ordered(in), -ENOTSUP, "the host has this operator for other types only");
	OCTET_HOST_NEED(out->type == OCTET_INT32 || out->type == OCTET_INT64, -EINVAL,
			"the output must be int32 or int64");
	OCTET_HOST_NEED(out->rank == in->rank - 1, -EINVAL,
			"the output must have the input's shape without the axis");
	for (uint32_t d = 0; d < in->rank; d++)
		OCTET_HOST_NEED(d == axis || out->dims[k++] == in->dims[d], -EINVAL,
				"the output must have the input's shape without the axis");
	return 0;
}

static int arg(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *out = octet_host_tout(c, 0);
	bool max = c->op->code == OCTET_G_ARG_MAX;
	const void *x = octet_host_in(c, 0);
	uint64_t outer, inner, size;
	uint32_t n, axis = 0;
	int64_t v;

	octet_host_ints(octet_host_tin(c, 1), 1, &v, &n);
	octet_host_axis(v, in->rank, &axis);
	outer = octet_host_product(in, 0, axis);
	inner = octet_host_product(in, axis + 1, in->rank);
	size = in->dims[axis];
	for (uint64_t o = 0; o < outer; o++) {
		for (uint64_t i = 0; i < inner; i++) {
			uint64_t first = o * size * inner + i, best = first;

			for (uint64_t k = 1; k < size; k++) {
				uint64_t at = first + k * inner;

				if (max ? greater(in->type, x, at, best) :
					  greater(in->type, x, best, at))
					best = at;
			}
			octet_host_store(out->type, octet_host_out(c, 0), o * inner + i,
					 (int64_t)((best - first) / inner));
		}
	}
	return 0;
}

/* ---- TOPK_V2 ------------------------------------------------------------------- */

static int topk_check(const struct octet_graph *g, const struct octet_graph_op *op,
		      const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *values = octet_graph_output(g, op, 0);
	octet_tensor_t *at = octet_graph_output(g, op, 1), *k = octet_graph_input(g, op, 1);
	int64_t wanted;
	uint32_t n;

	OCTET_HOST_NEED(in->rank && ordered(in), -ENOTSUP,
			"the host has this operator for other types only");
	OCTET_HOST_NEED(values->type == in->type && values->rank == in->rank, -EINVAL,
			"input and values differ in type or rank");
	OCTET_HOST_NEED(at->type == OCTET_INT32 || at->type == OCTET_INT16, -EINVAL,
			"the indices must be int32 or int16");
	OCTET_HOST_NEED(octet_host_same_shape(values, at), -EINVAL,
			"values and indices differ in shape");
	for (uint32_t d = 0; d + 1 < in->rank; d++)
		OCTET_HOST_NEED(values->dims[d] == in->dims[d], -EINVAL,
				"input and values differ in shape");
	OCTET_HOST_NEED(values->dims[in->rank - 1] <= in->dims[in->rank - 1], -EINVAL,
			"more elements are wanted than there are");
	OCTET_HOST_NEED(!octet_host_ints(k, 1, &wanted, &n) ||
				wanted == values->dims[in->rank - 1],
			-EINVAL, "k is not what the outputs have room for");
	return 0;
}

/* Sorted from the greatest; of equal ones the first comes first. */
static void topk_row(octet_tensor_t *at, enum octet_dtype type, const void *x, uint64_t base,
		     uint64_t size, void *indices, uint64_t slot, uint64_t k)
{
	uint64_t found = 0;

	for (uint64_t i = 0; i < size; i++) {
		uint64_t place = found;

		while (place) {
			int64_t before = octet_host_load(at->type, indices, slot + place - 1);

			if (!greater(type, x, base + i, base + (uint64_t)before))
				break;
			if (place < k)
				octet_host_store(at->type, indices, slot + place, before);
			place--;
		}
		if (place < k)
			octet_host_store(at->type, indices, slot + place, (int64_t)i);
		found += found < k;
	}
}

static int topk(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *at = octet_host_tout(c, 1);
	uint64_t size = in->dims[in->rank - 1], k = at->dims[at->rank - 1];
	uint64_t rows = in->elements / size;
	size_t bytes = octet_host_size(in->type);
	const char *x = octet_host_in(c, 0);
	char *values = octet_host_out(c, 0);
	void *indices = octet_host_out(c, 1);

	for (uint64_t r = 0; r < rows; r++) {
		topk_row(at, in->type, x, r * size, size, indices, r * k, k);
		for (uint64_t i = 0; i < k; i++) {
			int64_t from = octet_host_load(at->type, indices, r * k + i);

			memcpy(values + (r * k + i) * bytes,
			       x + (r * size + (uint64_t)from) * bytes, bytes);
		}
	}
	return 0;
}

const struct octet_host_kernel octet_host_arg[] = {
	{ OCTET_G_ARG_MAX, 2, 2, 1, arg_check, arg, NULL },
	{ OCTET_G_ARG_MIN, 2, 2, 1, arg_check, arg, NULL },
	{ OCTET_G_TOPK_V2, 2, 2, 2, topk_check, topk, NULL },
	{ 0 },
};
