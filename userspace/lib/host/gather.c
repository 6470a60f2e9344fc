// SPDX-License-Identifier: MIT
/* GATHER and GATHER_ND: elements by indices that are computed. */

#include "host_priv.h"

static bool index_type(octet_tensor_t *t)
{
	return t->type == OCTET_INT32 || t->type == OCTET_INT64 || t->type == OCTET_INT16;
}

/* [batch][outer][axis][inner] by [batch][count] indices */
struct gather {
	uint64_t batch, outer, size, count, inner;
};

static bool gather_options(const struct octet_graph *g, const struct octet_graph_op *op,
			   struct gather *s)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *at = octet_graph_input(g, op, 1);
	octet_tensor_t *out = octet_graph_output(g, op, 0);
	uint32_t axis, batch, k = 0;

	if (!octet_host_axis(op->opt.gather.axis, in->rank, &axis))
		return false;
	/* batch_dims of a scalar's rank is 0. */
	batch = (uint32_t)op->opt.gather.batch_dims;
	if (op->opt.gather.batch_dims < 0)
		batch = (uint32_t)(op->opt.gather.batch_dims + (int64_t)at->rank);
	if (batch > axis || batch > at->rank)
		return false;
	for (uint32_t d = 0; d < batch; d++)
		if (in->dims[d] != at->dims[d])
			return false;
	/* The output's shape: axes before, indices, axes behind. */
	if (out->rank != in->rank - 1 + at->rank - batch)
		return false;
	for (uint32_t d = 0; d < axis; d++)
		if (out->dims[k++] != in->dims[d])
			return false;
	for (uint32_t d = batch; d < at->rank; d++)
		if (out->dims[k++] != at->dims[d])
			return false;
	for (uint32_t d = axis + 1; d < in->rank; d++)
		if (out->dims[k++] != in->dims[d])
			return false;
	s->batch = octet_host_product(in, 0, batch);
	s->outer = octet_host_product(in, batch, axis);
	s->size = in->dims[axis];
	s->count = octet_host_product(at, batch, at->rank);
	s->inner = octet_host_product(in, axis + 1, in->rank);
	return true;
}

static int gather_check(const struct octet_graph *g, const struct octet_graph_op *op,
			const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0);
	struct gather s;

	OCTET_HOST_NEED(in->type == octet_graph_output(g, op, 0)->type, -EINVAL,
			"input and output differ in type");
	OCTET_HOST_NEED(octet_host_size(in->type), -ENOTSUP, "GATHER of int4 is not on the host");
	OCTET_HOST_NEED(index_type(octet_graph_input(g, op, 1)), -EINVAL,
			"the indices must be int16, int32 or int64");
	OCTET_HOST_NEED(gather_options(g, op, &s), -EINVAL,
			"axis and shapes of GATHER contradict each other");
	return 0;
}

static int gather(const struct octet_host_call *c)
{
	octet_tensor_t *at = octet_host_tin(c, 1);
	size_t size = octet_host_size(octet_host_tin(c, 0)->type), run;
	const void *indices = octet_host_in(c, 1);
	const char *x = octet_host_in(c, 0);
	char *y = octet_host_out(c, 0);
	struct gather s;

	gather_options(c->g, c->op, &s);
	run = s.inner * size;
	for (uint64_t b = 0; b < s.batch; b++) {
		for (uint64_t o = 0; o < s.outer; o++) {
			const char *slab = x + (b * s.outer + o) * s.size * run;

			for (uint64_t i = 0; i < s.count; i++) {
				int64_t k = octet_host_load(at->type, indices, b * s.count + i);

				if (k < 0 || (uint64_t)k >= s.size)
					return octet_host_fail(c,
						"GATHER: index %llu is %lld, allowed are 0 to %llu",
						(unsigned long long)(b * s.count + i), (long long)k,
						(unsigned long long)s.size - 1);
				memcpy(y, slab + (uint64_t)k * run, run);
				y += run;
			}
		}
	}
	return 0;
}

/* ---- GATHER_ND ------------------------------------------------------------------ */

static int nd_check(const struct octet_graph *g, const struct octet_graph_op *op, const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *at = octet_graph_input(g, op, 1);
	octet_tensor_t *out = octet_graph_output(g, op, 0);
	uint32_t depth, k = 0;

	OCTET_HOST_NEED(in->type == out->type, -EINVAL, "input and output differ in type");
	OCTET_HOST_NEED(octet_host_size(in->type), -ENOTSUP,
			"GATHER_ND of int4 is not on the host");
	OCTET_HOST_NEED(index_type(at), -EINVAL, "the indices must be int16, int32 or int64");
	OCTET_HOST_NEED(at->rank, -EINVAL, "the indices must have a dimension");
	depth = at->dims[at->rank - 1];
	OCTET_HOST_NEED(depth <= in->rank, -EINVAL,
			"an index has more entries than the input has dimensions");
	OCTET_HOST_NEED(out->rank == at->rank - 1 + in->rank - depth, -EINVAL,
			"the output's shape does not fit");
	for (uint32_t d = 0; d + 1 < at->rank; d++)
		OCTET_HOST_NEED(out->dims[k++] == at->dims[d], -EINVAL,
				"the output's shape does not fit");
	for (uint32_t d = depth; d < in->rank; d++)
		OCTET_HOST_NEED(out->dims[k++] == in->dims[d], -EINVAL,
				"the output's shape does not fit");
	return 0;
}

static int nd(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *at = octet_host_tin(c, 1);
	uint32_t depth = at->dims[at->rank - 1];
	size_t run = octet_host_product(in, depth, in->rank) * octet_host_size(in->type);
	uint64_t count = at->elements / depth;
	const void *indices = octet_host_in(c, 1);
	const char *x = octet_host_in(c, 0);
	char *y = octet_host_out(c, 0);

	for (uint64_t i = 0; i < count; i++, y += run) {
		uint64_t slab = 0;

		for (uint32_t d = 0; d < depth; d++) {
			int64_t k = octet_host_load(at->type, indices, i * depth + d);

			if (k < 0 || k >= in->dims[d])
				return octet_host_fail(c,
					"GATHER_ND: index %llu, dimension %u is %lld, allowed are 0 to %u",
					(unsigned long long)i, d, (long long)k, in->dims[d] - 1);
			slab = slab * in->dims[d] + (uint64_t)k;
		}
		memcpy(y, x + slab * run, run);
	}
	return 0;
}

const struct octet_host_kernel octet_host_gather[] = {
	{ OCTET_G_GATHER, 2, 2, 1, gather_check, gather, NULL },
	{ OCTET_G_GATHER_ND, 2, 2, 1, nd_check, nd, NULL },
	{ 0 },
};
