// SPDX-License-Identifier: MIT
/* SLICE and STRIDED_SLICE. */

#include "host_priv.h"

/* ---- SLICE ------------------------------------------------------------------- */

static int slice_check(const struct octet_graph *g, const struct octet_graph_op *op,
		       const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	octet_tensor_t *begin = octet_graph_input(g, op, 1);
	int64_t at[OCTET_GRAPH_RANK];
	uint32_t n;

	OCTET_HOST_NEED(in->type == out->type && in->rank == out->rank, -EINVAL,
			"input and output differ in type or rank");
	OCTET_HOST_NEED(octet_host_size(in->type), -ENOTSUP, "SLICE of int4 is not on the host");
	OCTET_HOST_NEED(begin->type == OCTET_INT32 || begin->type == OCTET_INT64, -EINVAL,
			"where the slice begins must be int32 or int64");
	OCTET_HOST_NEED(begin->elements == in->rank, -EINVAL,
			"the beginning does not have one entry per dimension");
	for (uint32_t d = 0; d < in->rank; d++)
		OCTET_HOST_NEED(out->dims[d] <= in->dims[d], -EINVAL,
				"the output is larger than the input");
	/* A beginning that is computed is looked at when it is known. */
	if (!octet_host_ints(begin, OCTET_GRAPH_RANK, at, &n))
		return 0;
	for (uint32_t d = 0; d < n; d++)
		OCTET_HOST_NEED(at[d] >= 0 && at[d] <= in->dims[d] - out->dims[d], -EINVAL,
				"the slice leaves the input");
	return 0;
}

static int slice(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *out = octet_host_tout(c, 0);
	int64_t from[OCTET_GRAPH_RANK], to[OCTET_GRAPH_RANK], offset = 0;
	struct octet_strided s = { .size = octet_host_size(in->type) };

	octet_host_strides(in, from);
	octet_host_strides(out, to);
	for (uint32_t d = 0; d < in->rank; d++) {
		int64_t at = octet_host_load(octet_host_tin(c, 1)->type, octet_host_in(c, 1), d);

		if (at < 0 || at > in->dims[d] - out->dims[d])
			return octet_host_fail(c,
					       "SLICE: dimension %u begins at %lld, allowed are 0 to %u",
					       d, (long long)at, in->dims[d] - out->dims[d]);
		offset += at * from[d];
		octet_copy_dim(&s, out->dims[d], to[d], from[d]);
	}
	octet_copy_run(&s, octet_host_out(c, 0),
		       (const char *)octet_host_in(c, 0) + offset * (int64_t)s.size);
	return 0;
}

/* ---- STRIDED_SLICE ------------------------------------------------------------ */

/* One dimension of the input, or a new one, as it is gone through. */
struct axis {
	int64_t size, start, end, stride, step;
	bool fresh, shrink;
};

struct cut {
	struct axis axis[OCTET_WALK_RANK];
	uint32_t rank;
};

static int64_t bound(int64_t v, int64_t low, int64_t high)
{
	if (v < low)
		return low;
	return v > high ? high : v;
}

/* Where entry @i of the three lists starts and ends. */
static void place(const struct octet_opt_slice *o, struct axis *a, uint32_t i, int64_t begin,
		  int64_t end)
{
	int64_t low = a->stride > 0 ? 0 : -1, high = a->stride > 0 ? a->size : a->size - 1;

	a->start = bound(begin < 0 ? begin + a->size : begin, low, high);
	if (o->begin_mask >> i & 1)
		a->start = a->stride > 0 ? 0 : a->size - 1;
	if (a->shrink) {
		a->end = a->start + 1;
		return;
	}
	if (o->offset)
		end += a->start;
	a->end = bound(end < 0 ? end + a->size : end, low, high);
	if (o->end_mask >> i & 1)
		a->end = a->stride > 0 ? a->size : -1;
}

static void whole(struct axis *a)
{
	a->start = 0;
	a->end = a->size;
	a->stride = 1;
}

/* Entries of the lists and dimensions of the input, side by side. */
static const char *spec(const struct octet_graph *g, const struct octet_graph_op *op,
			struct cut *cut)
{
	const struct octet_opt_slice *o = &op->opt.slice;
	octet_tensor_t *in = octet_graph_input(g, op, 0);
	int64_t begin[OCTET_GRAPH_RANK], end[OCTET_GRAPH_RANK], stride[OCTET_GRAPH_RANK];
	int64_t step[OCTET_GRAPH_RANK];
	uint32_t n, m, k, d = 0, fresh = 0, ellipses = 0, span;

	if (!octet_host_ints(octet_graph_input(g, op, 1), OCTET_GRAPH_RANK, begin, &n) ||
	    !octet_host_ints(octet_graph_input(g, op, 2), OCTET_GRAPH_RANK, end, &m) ||
	    !octet_host_ints(octet_graph_input(g, op, 3), OCTET_GRAPH_RANK, stride, &k))
		return "begin, end and strides are not constants of int32";
	if (n != m || n != k)
		return "begin, end and strides differ in length";
	for (uint32_t i = 0; i < n; i++) {
		bool gap = o->ellipsis_mask >> i & 1;

		ellipses += gap;
		fresh += !gap && (o->new_axis_mask >> i & 1);
	}
	if (ellipses > 1 || n - ellipses - fresh > in->rank)
		return "begin, end and strides do not fit the input's rank";
	span = in->rank - (n - ellipses - fresh);
	octet_host_strides(in, step);
	memset(cut, 0, sizeof(*cut));
	for (uint32_t i = 0; i < n + (ellipses ? 0 : 1); i++) {
		struct axis *a = &cut->axis[cut->rank];
		bool gap = i == n || (o->ellipsis_mask >> i & 1);

		if (gap) {
			for (uint32_t j = 0; j < span; j++, d++, cut->rank++) {
				a = &cut->axis[cut->rank];
				a->size = in->dims[d];
				a->step = step[d];
				whole(a);
			}
			continue;
		}
		cut->rank++;
		if (o->new_axis_mask >> i & 1) {
			a->size = 1;
			a->fresh = true;
			whole(a);
			continue;
		}
		if (!stride[i])
			return "a stride is 0";
		a->size = in->dims[d];
		a->step = step[d++];
		a->stride = stride[i];
		a->shrink = o->shrink_axis_mask >> i & 1;
		place(o, a, i, begin[i], end[i]);
		if (a->shrink && (a->start < 0 || a->start >= a->size))
			return "a single element lies outside of the input";
	}
	return NULL;
}

static int64_t extent(const struct axis *a)
{
	int64_t n = a->stride > 0 ? (a->end - a->start + a->stride - 1) / a->stride :
				    (a->start - a->end - a->stride - 1) / -a->stride;

	return a->shrink ? 1 : n;
}

static int strided_check(const struct octet_graph *g, const struct octet_graph_op *op,
			 const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	const char *reason;
	struct cut cut;
	uint32_t d = 0;

	OCTET_HOST_NEED(in->type == out->type, -EINVAL, "input and output differ in type");
	OCTET_HOST_NEED(octet_host_size(in->type), -ENOTSUP,
			"STRIDED_SLICE of int4 is not on the host");
	reason = spec(g, op, &cut);
	OCTET_HOST_NEED(!reason, -EINVAL, reason);
	for (uint32_t i = 0; i < cut.rank; i++) {
		if (cut.axis[i].shrink)
			continue;
		OCTET_HOST_NEED(d < out->rank && extent(&cut.axis[i]) == out->dims[d], -EINVAL,
				"the output's shape is not that of the slice");
		d++;
	}
	OCTET_HOST_NEED(d == out->rank, -EINVAL, "the output's shape is not that of the slice");
	return 0;
}

static int strided(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *out = octet_host_tout(c, 0);
	struct octet_strided s = { .size = octet_host_size(in->type) };
	int64_t to[OCTET_GRAPH_RANK], offset = 0;
	struct cut cut;
	uint32_t d = 0;

	spec(c->g, c->op, &cut);
	octet_host_strides(out, to);
	for (uint32_t i = 0; i < cut.rank; i++) {
		const struct axis *a = &cut.axis[i];

		offset += a->start * a->step;
		if (a->shrink)
			continue;
		octet_copy_dim(&s, out->dims[d], to[d], a->step * a->stride);
		d++;
	}
	octet_copy_run(&s, octet_host_out(c, 0),
		       (const char *)octet_host_in(c, 0) + offset * (int64_t)s.size);
	return 0;
}

const struct octet_host_kernel octet_host_slice[] = {
	{ OCTET_G_SLICE, 2, 3, 1, slice_check, slice, NULL },
	{ OCTET_G_STRIDED_SLICE, 4, 4, 1, strided_check, strided, NULL },
	{ 0 },
};
