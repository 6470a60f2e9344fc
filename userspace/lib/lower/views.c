// SPDX-License-Identifier: MIT
/*
 * What is decided before the commands are made: concatenations whose inputs
 * are written where they belong, splits that are read where they lie, and
 * paddings that a convolution does itself. All of it is a guess that each operator
 * can be lowered so; where one cannot, the next attempt does without.
 */
#include <stdio.h>
#include <string.h>

#include "lower_priv.h"

/* Operators whose commands write (read) with strides of their own. */
static bool strides(uint32_t code)
{
	switch (code) {
	case OCTET_G_CONV_2D:
	case OCTET_G_DEPTHWISE_CONV_2D:
	case OCTET_G_TRANSPOSE_CONV:
	case OCTET_G_AVERAGE_POOL_2D:
	case OCTET_G_MAX_POOL_2D:
	case OCTET_G_ADD:
	case OCTET_G_SUB:
	case OCTET_G_MUL:
	case OCTET_G_MAXIMUM:
	case OCTET_G_MINIMUM:
	case OCTET_G_LOGISTIC:
	case OCTET_G_TANH:
	case OCTET_G_HARD_SWISH:
	case OCTET_G_RELU:
	case OCTET_G_RELU6:
	case OCTET_G_LEAKY_RELU:
	case OCTET_G_QUANTIZE:
	case OCTET_G_RESIZE_BILINEAR:
	case OCTET_G_RESIZE_NEAREST_NEIGHBOR:
		return true;
	default:
		return false;
	}
}

static bool eight(const struct octet_graph_tensor *t)
{
	return lower_is8(t) || t->type == OCTET_INT16;
}

/* Does every reader but operator @but read @tensor with strides, once? */
static bool readers(const struct lower *l, int32_t tensor, uint32_t but)
{
	for (uint32_t i = 0; i < l->g->op_count; i++) {
		const struct octet_graph_op *op = &l->g->ops[i];
		uint32_t n = 0;

		for (uint32_t k = 0; k < op->input_count; k++)
			n += op->inputs[k] == tensor;
		if (i == but ? n > 1 : n && !strides(op->code))
			return false;
	}
	return true;
}

static int64_t axis_of(const struct octet_graph_tensor *t, int64_t axis)
{
	return axis < 0 ? axis + t->rank : axis;
}

static bool outer_is_one(const struct octet_graph_tensor *t, int64_t axis)
{
	for (int64_t d = 0; d < axis; d++)
		if (t->dims[d] != 1)
			return false;
	return true;
}

/* @part becomes the piece of @whole that begins at index @at of @axis. */
static void view(struct lower *l, int32_t part, int32_t whole, int64_t axis, uint64_t at,
		 uint32_t op)
{
	struct octet_low_tensor *t = &l->low->tensors[part];
	uint64_t s[OCTET_GRAPH_RANK];

	lower_strides(l, whole, s);
	memcpy(l->stride[part], s, sizeof(s));
	t->alias = whole;
	t->offset = at * s[axis];
	t->strided = true;
	l->view_of[part] = (int32_t)op;
}

static void join_views(struct lower *l, const struct octet_graph_op *op, uint32_t number)
{
	int32_t whole = op->outputs[0];
	const struct octet_graph_tensor *y = lower_of(l, whole);
	int64_t axis = axis_of(y, op->opt.concat.axis);
	uint64_t at = 0;

	if (axis < 1 || axis >= y->rank || !eight(y) || outer_is_one(y, axis))
		return;
	for (uint32_t i = 0; i < op->input_count; i++) {
		int32_t part = op->inputs[i];
		const struct octet_graph_tensor *x = lower_of(l, part);

		if (!x || x->rank != y->rank)
			return;
		if (lower_movable(l, part) && strides(l->g->ops[x->producer].code) &&
		    lower_same(x, y) && readers(l, part, number))
			view(l, part, whole, axis, at, number);
		at += x->dims[axis];
	}
}

static void take_views(struct lower *l, const struct octet_graph_op *op, uint32_t number)
{
	bool sized = op->code == OCTET_G_SPLIT_V;
	int32_t whole = lower_in(op, sized ? 0 : 1);
	const struct octet_graph_tensor *x = lower_of(l, whole);
	uint32_t count;
	int64_t axis[16];
	uint64_t at = 0;

	if (!x || !eight(x) || x->variable || !lower_is_dense(l, whole) ||
	    !lower_const_ints(l, lower_in(op, sized ? 2 : 0), &count, axis) || count != 1)
		return;
	axis[0] = axis_of(x, axis[0]);
	if (axis[0] < 1 || axis[0] >= x->rank || outer_is_one(x, axis[0]))
		return;
	for (uint32_t i = 0; i < op->output_count; i++) {
		int32_t part = op->outputs[i];
		const struct octet_graph_tensor *y = lower_of(l, part);

		if (y->rank != x->rank || y->type != x->type)
			return;
		if (lower_movable(l, part) && readers(l, part, number))
			view(l, part, whole, axis[0], at, number);
		at += y->dims[axis[0]];
	}
}

/* Rows and columns of zero points before a convolution are its own padding. */
static void own_padding(struct lower *l, const struct octet_graph_op *op, uint32_t number)
{
	int32_t out = op->outputs[0];
	const struct octet_graph_tensor *x = lower_of(l, lower_in(op, 0)), *y = lower_of(l, out);
	const struct lower_uses *uses = &l->uses[out];
	struct octet_low_op *state = &l->low->ops[number];
	const struct octet_graph_op *reader;
	uint32_t count;
	int64_t p[16];

	if (uses->readers != 1 || uses->output || !x || x->rank != 4 || !lower_is8(x) ||
	    !lower_same(x, y) || !lower_const_ints(l, lower_in(op, 1), &count, p) || count != 8)
		return;
	reader = &l->g->ops[uses->reader];
	if ((reader->code != OCTET_G_CONV_2D && reader->code != OCTET_G_DEPTHWISE_CONV_2D) ||
	    lower_in(reader, 0) != out)
		return;
	for (int i = 0; i < 8; i++)
		if (p[i] < 0 || p[i] > 1024 || (p[i] && (i < 2 || i > 5)))
			return;
	l->pads[uses->reader] = number + 1;
	state->where = OCTET_LOW_FUSED;
	state->into = uses->reader;
	snprintf(state->why, sizeof(state->why), "padding of operator %u (%s)", uses->reader,
		 reader->name);
}

int lower_plan_views(struct lower *l)
{
	if (l->o.keep_all)
		return 0;
	for (uint32_t i = 0; i < l->g->op_count; i++) {
		const struct octet_graph_op *op = &l->g->ops[i];

		if (l->deny[i] || !op->output_count)
			continue;
		if (op->code == OCTET_G_CONCATENATION)
			join_views(l, op, i);
		else if (op->code == OCTET_G_SPLIT || op->code == OCTET_G_SPLIT_V)
			take_views(l, op, i);
		else if (op->code == OCTET_G_PAD)
			own_padding(l, op, i);
	}
	return 0;
}
