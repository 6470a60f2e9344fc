// SPDX-License-Identifier: MIT
/* CONCATENATION, PACK, SPLIT, UNPACK: pieces along one axis. */
#include <math.h>
#include <stdlib.h>

#include "lower_priv.h"

/**
 * struct pieces - one tensor cut along an axis
 *
 * @outer: rows of it; @row: bytes of one
 * @at: where the next piece begins in a row
 */
struct pieces {
	int32_t whole;
	uint64_t outer, row, at;
};

static int cut(struct lower *l, struct pieces *p, int32_t whole, int64_t axis)
{
	const struct octet_graph_tensor *t = lower_of(l, whole);

	if (axis < 0)
		axis += t->rank;
	if (axis < 0 || axis >= t->rank)
		return lower_refuse(l, "its axis is out of range");
	if (!lower_type_size(t->type))
		return lower_refuse(l, "elements of type %s cannot be moved",
				    octet_graph_type_name(t->type));
	*p = (struct pieces){ .whole = whole, .outer = 1 };
	for (uint32_t d = 0; d < (uint32_t)axis; d++)
		p->outer *= t->dims[d];
	p->row = t->elements / p->outer * lower_type_size(t->type);
	return 0;
}

/* Copies a piece; @into: from the part to the whole. */
static int copy_piece(struct lower *l, const struct pieces *p, int32_t part, uint64_t bytes,
		      bool into)
{
	const struct octet_graph_tensor *t = lower_of(l, part);
	uint32_t size = lower_type_size(t->type);
	const uint32_t dims[] = { (uint32_t)p->outer, (uint32_t)(bytes / size) };
	const struct lower_box a = { part, 0, { bytes, size } };
	const struct lower_box b = { p->whole, p->at, { p->row, size } };
	struct lower_box v = { .tensor = p->whole, .offset = p->at };

	if (!lower_is_dense(l, p->whole))
		return lower_refuse(l, "a tensor is a part of another one");
	if (p->outer > UINT32_MAX || bytes / size > UINT32_MAX)
		return lower_refuse(l, "a tensor is too large");
	/* Of the whole's rank: the same steps there. PACK and UNPACK have one less. */
	if (t->rank != lower_of(l, p->whole)->rank && lower_is_dense(l, part))
		return lower_copy(l, t->type, 2, dims, into ? &b : &a, into ? &a : &b, 0);
	if (t->rank != lower_of(l, p->whole)->rank)
		return lower_refuse(l, "a tensor is a part of another one");
	lower_strides(l, p->whole, v.s);
	const struct lower_box w = lower_whole(l, part);

	return lower_copy(l, t->type, t->rank, t->dims, into ? &v : &w, into ? &w : &v, 0);
}

/* TFLite's float requantization of uint8 concatenations, as a table. */
static int rescale_piece(struct lower *l, const struct pieces *p, int32_t part, uint64_t bytes)
{
	const struct octet_graph_tensor *x = lower_of(l, part), *y = lower_of(l, p->whole);
	float inverse = 1.0f / lower_scale(y), scale = lower_scale(x) * inverse;
	float bias = (float)-lower_zero(x) * scale;
	const struct lower_shape sx = { { 1, (uint32_t)p->outer, 1, (uint32_t)bytes },
					{ 0, bytes, 0, 1 } };
	const struct lower_shape sy = { { 1, (uint32_t)p->outer, 1, (uint32_t)bytes },
					{ 0, p->row, 0, 1 } };
	struct octet_low_cmd c;
	uint8_t *table;
	int ret;

	if (!lower_is_dense(l, part) || !lower_is_dense(l, p->whole))
		return lower_refuse(l, "a tensor is a part of another one");
	table = malloc(OCTET_LUT8_SIZE);
	if (!table)
		return -ENOMEM;
	for (int i = 0; i < OCTET_LUT8_SIZE; i++) {
		float v = roundf((float)i * scale + bias);
		int32_t q = (int32_t)(v < -1e6f ? -1e6f : v > 1e6f ? 1e6f : v) + lower_zero(y);

		table[i] = (uint8_t)(q < 0 ? 0 : q > 255 ? 255 : q);
	}
	lower_init(&c, OCTET_OP_LUT);
	lower_put(l, &c, OCTET_OPERAND_SRC, part, &sx);
	lower_put(l, &c, OCTET_OPERAND_DST, p->whole, &sy);
	c.cmd.dst.addr = p->at;
	lower_limits(y->type, &c.cmd.act_min, &c.cmd.act_max);
	ret = lower_tensor(l, OCTET_LUT8_SIZE, table, &c.tensor[OCTET_OPERAND_TABLE]);
	return ret ? ret : lower_emit(l, &c);
}

static int join(struct lower *l, struct pieces *p, int32_t part, bool *copied)
{
	const struct octet_graph_tensor *x = lower_of(l, part), *y = lower_of(l, p->whole);
	uint64_t bytes = x->elements / p->outer * lower_type_size(x->type);
	int ret = 0;

	if (x->type != y->type || p->at + bytes > p->row)
		return lower_refuse(l, "an input has another type or shape");
	if (l->low->tensors[part].strided && l->low->tensors[part].alias == p->whole &&
	    l->view_of[part] == (int32_t)l->op) {
		/* made in place */
	} else if (x->quants && y->quants && !lower_same(x, y)) {
		if (x->type != OCTET_UINT8)
			return lower_refuse(l, "its scales or zero points differ");
		*copied = true;
		ret = rescale_piece(l, p, part, bytes);
	} else if (p->outer != 1 || !lower_alias_in(l, part, p->whole, p->at)) {
		*copied = true;
		ret = copy_piece(l, p, part, bytes, true);
	}
	p->at += bytes;
	return ret;
}

static int join_all(struct lower *l, const struct octet_graph_op *op, int64_t axis)
{
	bool copied = false;
	struct pieces p;
	int ret = cut(l, &p, op->outputs[0], axis);

	for (uint32_t i = 0; !ret && i < op->input_count; i++)
		ret = lower_in(op, i) < 0 ? lower_refuse(l, "an input is missing")
					  : join(l, &p, op->inputs[i], &copied);
	if (!ret && !copied)
		lower_free(l, "its inputs are made where they belong in the result");
	return ret;
}

int lower_concat(struct lower *l, const struct octet_graph_op *op)
{
	if (op->opt.concat.activation != OCTET_G_ACT_NONE)
		return lower_refuse(l, "it has a fused activation");
	return join_all(l, op, op->opt.concat.axis);
}

static int take(struct lower *l, struct pieces *p, int32_t part, bool *copied)
{
	const struct octet_graph_tensor *x = lower_of(l, part), *y = lower_of(l, p->whole);
	uint64_t bytes = x->elements / p->outer * lower_type_size(x->type);
	int ret = 0;

	if (x->type != y->type || p->at + bytes > p->row)
		return lower_refuse(l, "a result has another type or shape");
	if (l->low->tensors[part].strided && l->low->tensors[part].alias == p->whole &&
	    l->view_of[part] == (int32_t)l->op) {
		/* read where it lies */
	} else if (p->outer != 1 || !lower_alias_out(l, part, p->whole, p->at)) {
		*copied = true;
		ret = copy_piece(l, p, part, bytes, false);
	}
	p->at += bytes;
	return ret;
}

static int take_all(struct lower *l, const struct octet_graph_op *op, int32_t whole, int64_t axis)
{
	bool copied = false;
	struct pieces p;
	int ret = whole < 0 ? lower_refuse(l, "its input is missing") : cut(l, &p, whole, axis);

	for (uint32_t i = 0; !ret && i < op->output_count; i++)
		ret = take(l, &p, op->outputs[i], &copied);
	if (!ret && !copied)
		lower_free(l, "its results are parts of its input's memory");
	return ret;
}

int lower_split(struct lower *l, const struct octet_graph_op *op)
{
	bool sized = op->code == OCTET_G_SPLIT_V;
	uint32_t count;
	int64_t axis[16];

	if (!lower_const_ints(l, lower_in(op, sized ? 2 : 0), &count, axis) || count != 1)
		return lower_refuse(l, "its axis is computed");
	return take_all(l, op, lower_in(op, sized ? 0 : 1), axis[0]);
}

int lower_pack(struct lower *l, const struct octet_graph_op *op)
{
	if (op->code == OCTET_G_PACK)
		return join_all(l, op, op->opt.pack.axis);
	return take_all(l, op, lower_in(op, 0), op->opt.pack.axis);
}
