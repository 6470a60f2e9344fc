// SPDX-License-Identifier: MIT
/* SLICE, STRIDED_SLICE, PAD, PADV2, TRANSPOSE, TILE, BROADCAST_TO. */
#include <string.h>

#include "lower_priv.h"

/** struct range - one dimension of a slice */
struct range {
	int64_t begin, step;
	uint32_t count;
};

static int slice_ranges(struct lower *l, const struct octet_graph_op *op, struct range *r)
{
	const struct octet_graph_tensor *x = lower_of(l, lower_in(op, 0));
	uint32_t begins, sizes;
	int64_t begin[16], size[16];

	if (!lower_const_ints(l, lower_in(op, 1), &begins, begin) ||
	    !lower_const_ints(l, lower_in(op, 2), &sizes, size))
		return lower_refuse(l, "its begin or size is computed");
	if (begins != x->rank || sizes != x->rank)
		return lower_refuse(l, "its begin and size do not have the input's rank");
	for (uint32_t d = 0; d < x->rank; d++) {
		int64_t n = size[d] < 0 ? (int64_t)x->dims[d] - begin[d] : size[d];

		if (begin[d] < 0 || n < 1 || begin[d] + n > x->dims[d])
			return lower_refuse(l, "it reaches outside its input");
		r[d] = (struct range){ begin[d], 1, (uint32_t)n };
	}
	return 0;
}

static int64_t limit(int64_t v, int64_t most)
{
	return v < 0 ? 0 : v > most ? most : v;
}

static int strided_range(struct lower *l, const struct octet_opt_slice *o, uint32_t d,
			 int64_t extent, int64_t begin, int64_t end, int64_t step,
			 struct range *r)
{
	bool shrink = o->shrink_axis_mask >> d & 1;

	if (step < 1)
		return lower_refuse(l, "it steps backwards");
	begin += begin < 0 ? extent : 0;
	end += end < 0 ? extent : 0;
	begin = o->begin_mask >> d & 1 ? 0 : limit(begin, extent);
	end = o->end_mask >> d & 1 ? extent : limit(end, extent);
	if (shrink) {
		end = begin + 1;
		step = 1;
	}
	if (begin >= end || end > extent)
		return lower_refuse(l, "it takes nothing along dimension %u", d);
	*r = (struct range){ begin, step, (uint32_t)((end - begin + step - 1) / step) };
	return 0;
}

static int strided_ranges(struct lower *l, const struct octet_graph_op *op, struct range *r)
{
	const struct octet_graph_tensor *x = lower_of(l, lower_in(op, 0));
	const struct octet_opt_slice *o = &op->opt.slice;
	uint32_t begins, ends, steps;
	int64_t begin[16], end[16], step[16];
	int ret = 0;

	if (o->ellipsis_mask || o->new_axis_mask || o->offset)
		return lower_refuse(l, "it has an ellipsis, a new axis or offsets");
	if (!lower_const_ints(l, lower_in(op, 1), &begins, begin) ||
	    !lower_const_ints(l, lower_in(op, 2), &ends, end) ||
	    !lower_const_ints(l, lower_in(op, 3), &steps, step))
		return lower_refuse(l, "its begin, end or step is computed");
	if (begins > x->rank || ends != begins || steps != begins)
		return lower_refuse(l, "its begin, end and step do not fit the input's rank");
	for (uint32_t d = 0; d < x->rank && !ret; d++) {
		if (d < begins)
			ret = strided_range(l, o, d, x->dims[d], begin[d], end[d], step[d], &r[d]);
		else
			r[d] = (struct range){ 0, 1, x->dims[d] };
	}
	return ret;
}

int lower_slice(struct lower *l, const struct octet_graph_op *op)
{
	int32_t in = lower_in(op, 0), out = op->outputs[0];
	const struct octet_graph_tensor *x = lower_of(l, in), *y = lower_of(l, out);
	struct lower_box src, dst = { .tensor = out };
	struct range r[OCTET_GRAPH_RANK];
	uint32_t dims[OCTET_GRAPH_RANK];
	uint64_t step, elements = 1;
	bool run = true;
	int ret;

	if (!x || x->type != y->type || !lower_is_dense(l, out) || !lower_type_size(x->type))
		return lower_refuse(l, "its tensors cannot be moved");
	ret = op->code == OCTET_G_SLICE ? slice_ranges(l, op, r) : strided_ranges(l, op, r);
	if (ret)
		return ret;
	src = lower_whole(l, in);
	step = lower_type_size(x->type);
	for (uint32_t d = x->rank; d--;) {
		dims[d] = r[d].count;
		elements *= dims[d];
		src.offset += (uint64_t)r[d].begin * src.s[d];
		src.s[d] *= (uint64_t)r[d].step;
		dst.s[d] = step;
		run = run && (dims[d] == 1 || src.s[d] == step);
		step *= dims[d];
	}
	if (elements != y->elements)
		return lower_refuse(l, "its result has another size");
	if (run && lower_alias_out(l, out, in, src.offset)) {
		lower_free(l, "its result is a part of its input's memory");
		return 0;
	}
	return lower_copy(l, x->type, x->rank, dims, &dst, &src, 0);
}

static int pad_value(struct lower *l, const struct octet_graph_op *op, int32_t *value)
{
	const struct octet_graph_tensor *x = lower_of(l, lower_in(op, 0));
	const uint8_t *data;

	*value = lower_zero(lower_of(l, op->outputs[0]));
	if (op->code == OCTET_G_PAD || lower_in(op, 2) < 0)
		return 0;
	data = lower_data(l, lower_in(op, 2));
	if (!data || lower_of(l, lower_in(op, 2))->type != x->type)
		return lower_refuse(l, "its value is computed");
	switch (lower_type_size(x->type)) {
	case 1:
		*value = x->type == OCTET_INT8 ? *(const int8_t *)data : data[0];
		return 0;
	case 2:
		*value = *(const int16_t *)(const void *)data;
		return 0;
	case 4:
		*value = *(const int32_t *)(const void *)data;
		return 0;
	default:
		return lower_refuse(l, "it fills with int64");
	}
}

/* Each part outside the input belongs to the outermost dimension that it is outside of. */
static int pad_edges(struct lower *l, const struct octet_graph_op *op, const int64_t *p,
		     int32_t value)
{
	const struct octet_graph_tensor *x = lower_of(l, lower_in(op, 0));
	const struct octet_graph_tensor *y = lower_of(l, op->outputs[0]);
	struct lower_box whole = lower_whole(l, op->outputs[0]);
	uint32_t dims[OCTET_GRAPH_RANK];
	uint64_t at = 0;
	int ret = 0;

	memcpy(dims, y->dims, sizeof(dims));
	for (uint32_t d = 0; d < x->rank && !ret; d++) {
		for (int side = 0; side < 2 && !ret; side++) {
			struct lower_box box = whole;

			dims[d] = (uint32_t)p[2 * d + side];
			box.offset = at + (side ? (p[2 * d] + x->dims[d]) * whole.s[d] : 0);
			if (dims[d])
				ret = lower_copy(l, x->type, x->rank, dims, &box, NULL, value);
		}
		dims[d] = x->dims[d];
		at += (uint64_t)p[2 * d] * whole.s[d];
	}
	return ret;
}

int lower_pad(struct lower *l, const struct octet_graph_op *op)
{
	int32_t in = lower_in(op, 0), out = op->outputs[0], value;
	const struct octet_graph_tensor *x = lower_of(l, in), *y = lower_of(l, out);
	struct lower_box src, dst;
	uint32_t count;
	int64_t p[16];
	int ret;

	if (!x || x->type != y->type || x->rank != y->rank)
		return lower_refuse(l, "input and result differ in type or rank");
	if (!lower_const_ints(l, lower_in(op, 1), &count, p) || count != 2 * x->rank)
		return lower_refuse(l, "its paddings are computed");
	for (uint32_t d = 0; d < x->rank; d++)
		if (p[2 * d] < 0 || p[2 * d + 1] < 0 ||
		    p[2 * d] + x->dims[d] + p[2 * d + 1] != y->dims[d])
			return lower_refuse(l, "its paddings do not fit its result");
	ret = pad_value(l, op, &value);
	if (ret)
		return ret;
	src = lower_whole(l, in);
	dst = lower_whole(l, out);
	for (uint32_t d = 0; d < x->rank; d++)
		dst.offset += (uint64_t)p[2 * d] * dst.s[d];
	ret = lower_copy(l, x->type, x->rank, x->dims, &dst, &src, 0);
	return ret ? ret : pad_edges(l, op, p, value);
}

int lower_transpose(struct lower *l, const struct octet_graph_op *op)
{
	int32_t in = lower_in(op, 0), out = op->outputs[0];
	const struct octet_graph_tensor *x = lower_of(l, in), *y = lower_of(l, out);
	struct lower_box from, to, src;
	bool seen[OCTET_GRAPH_RANK] = { false };
	uint32_t count;
	int64_t p[16];

	if (!x || x->type != y->type || x->rank != y->rank)
		return lower_refuse(l, "input and result differ in type or rank");
	if (!lower_const_ints(l, lower_in(op, 1), &count, p) || count != x->rank)
		return lower_refuse(l, "its permutation is computed");
	from = lower_whole(l, in);
	to = lower_whole(l, out);
	src = from;
	for (uint32_t d = 0; d < x->rank; d++) {
		p[d] += p[d] < 0 ? x->rank : 0;
		if (p[d] < 0 || p[d] >= x->rank || seen[p[d]] || y->dims[d] != x->dims[p[d]])
			return lower_refuse(l, "its permutation does not fit its result");
		seen[p[d]] = true;
		src.s[d] = from.s[p[d]];
	}
	return lower_copy(l, x->type, x->rank, y->dims, &to, &src, 0);
}

/* Each dimension twice: how often, and itself. */
int lower_tile(struct lower *l, const struct octet_graph_op *op)
{
	int32_t in = lower_in(op, 0), out = op->outputs[0];
	const struct octet_graph_tensor *x = lower_of(l, in), *y = lower_of(l, out);
	struct lower_box from, to, src = { .tensor = in }, dst = { .tensor = out };
	uint32_t dims[16], lead;

	if (!x || x->type != y->type || x->rank > y->rank || y->rank > 7)
		return lower_refuse(l, "its tensors cannot be moved");
	from = lower_whole(l, in);
	to = lower_whole(l, out);
	lead = y->rank - x->rank;
	for (uint32_t d = 0; d < y->rank; d++) {
		uint32_t inner = d < lead ? 1 : x->dims[d - lead];

		if (y->dims[d] % inner || (op->code == OCTET_G_BROADCAST_TO && inner != 1 &&
					   inner != y->dims[d]))
			return lower_refuse(l, "its shapes do not fit");
		dims[2 * d] = y->dims[d] / inner;
		dims[2 * d + 1] = inner;
		src.s[2 * d] = 0;
		src.s[2 * d + 1] = d < lead ? 0 : from.s[d - lead];
		dst.s[2 * d] = to.s[d] * inner;
		dst.s[2 * d + 1] = to.s[d];
	}
	return lower_copy(l, x->type, 2 * y->rank, dims, &dst, &src, 0);
}
