// SPDX-License-Identifier: MIT
/* REDUCE_MAX, REDUCE_MIN, ARG_MAX, ARG_MIN. */
#include "lower_priv.h"

static int check(struct lower *l, const struct octet_graph_op *op)
{
	const struct octet_graph_tensor *x = lower_of(l, lower_in(op, 0));

	if (!x || (!lower_is8(x) && x->type != OCTET_INT16))
		return lower_refuse(l, "its input is %s",
				    x ? octet_graph_type_name(x->type) : "missing");
	return 0;
}

/* As rows of the values to be reduced; where they do not lie so, a copy does. */
static int rows(struct lower *l, struct octet_low_cmd *c, int32_t in, int32_t out,
		uint32_t first, uint32_t last)
{
	const struct octet_graph_tensor *x = lower_of(l, in);
	uint32_t size = lower_type_size(x->type);
	struct lower_shape sx, sy;
	uint64_t outer, block, inner;
	int32_t from = in;
	int ret;

	lower_block(x, first, last, &outer, &block, &inner);
	if (!lower_is_dense(l, in) || !lower_is_dense(l, out))
		return lower_refuse(l, "a tensor is a part of another one");
	if (outer > LOWER_EXTENT || inner > LOWER_EXTENT || block > LOWER_EXTENT)
		return lower_refuse(l, "it reduces %llu values", (unsigned long long)block);
	if (inner != 1) {
		const uint32_t dims[] = { (uint32_t)outer, (uint32_t)inner, (uint32_t)block };
		const struct lower_box src = { in, 0, { block * inner * size, size, inner * size } };
		struct lower_box dst = { 0, 0, { block * inner * size, block * size, size } };

		ret = lower_tensor(l, x->bytes, NULL, &from);
		dst.tensor = from;
		if (!ret)
			ret = lower_copy(l, x->type, 3, dims, &dst, &src, 0);
		if (ret)
			return ret;
	}
	sx = (struct lower_shape){ { (uint32_t)outer, (uint32_t)inner, 1, (uint32_t)block }, { 0 } };
	if (inner == 1)
		sx = (struct lower_shape){ { 1, (uint32_t)outer, 1, (uint32_t)block }, { 0 } };
	lower_dense(&sx, size);
	sy = sx;
	sy.e[3] = 1;
	lower_dense(&sy, lower_type_size(lower_of(l, out)->type));
	lower_put(l, c, OCTET_OPERAND_SRC, from, &sx);
	c->cmd.src.type = (uint8_t)x->type;
	lower_put(l, c, OCTET_OPERAND_DST, out, &sy);
	lower_limits(lower_of(l, out)->type, &c->cmd.act_min, &c->cmd.act_max);
	return 0;
}

int lower_reduce(struct lower *l, const struct octet_graph_op *op)
{
	const struct octet_graph_tensor *x = lower_of(l, lower_in(op, 0));
	const struct octet_graph_tensor *y = lower_of(l, op->outputs[0]);
	uint32_t count, first, last;
	struct octet_low_cmd c;
	int64_t axes[16];
	int ret = check(l, op);

	if (ret)
		return ret;
	if (!lower_same(x, y))
		return lower_refuse(l, "its scales or zero points differ");
	if (!lower_const_ints(l, lower_in(op, 1), &count, axes))
		return lower_refuse(l, "its axes are computed");
	if (!lower_one_block(x, axes, count, &first, &last))
		return lower_refuse(l, "its axes are not neighbours");
	/* Over rows and columns the largest is a pool. */
	if (op->code == OCTET_G_REDUCE_MAX && last + 1 < x->rank) {
		lower_init(&c, OCTET_OP_POOL);
		c.cmd.sub = OCTET_POOL_MAX;
		ret = lower_window(l, op, &c);
		lower_limits(y->type, &c.cmd.act_min, &c.cmd.act_max);
		if (!ret)
			return lower_emit(l, &c);
	}
	lower_init(&c, OCTET_OP_REDUCE);
	c.cmd.sub = op->code == OCTET_G_REDUCE_MAX ? OCTET_REDUCE_MAX : OCTET_REDUCE_MIN;
	ret = rows(l, &c, lower_in(op, 0), op->outputs[0], first, last);
	return ret ? ret : lower_emit(l, &c);
}

/* int64 indexes: the command writes the low words, the others are 0. */
static int high_words(struct lower *l, struct octet_low_cmd *c, int32_t out)
{
	const struct octet_graph_tensor *y = lower_of(l, out);
	const struct lower_box box = { out, 4, { 8 } };
	const uint32_t count = (uint32_t)y->elements;

	c->cmd.dst.type = OCTET_TYPE_INT32;
	lower_limits(OCTET_INT32, &c->cmd.act_min, &c->cmd.act_max);
	return lower_copy(l, OCTET_INT32, 1, &count, &box, NULL, 0);
}

int lower_arg(struct lower *l, const struct octet_graph_op *op)
{
	const struct octet_graph_tensor *x = lower_of(l, lower_in(op, 0));
	const struct octet_graph_tensor *y = lower_of(l, op->outputs[0]);
	uint32_t count, axis;
	struct octet_low_cmd c;
	int64_t axes[16];
	int ret = check(l, op);

	if (ret)
		return ret;
	if (y->type != OCTET_INT32 && y->type != OCTET_INT64)
		return lower_refuse(l, "its result is %s", octet_graph_type_name(y->type));
	if (!lower_const_ints(l, lower_in(op, 1), &count, axes) || count != 1)
		return lower_refuse(l, "its axis is computed");
	if (axes[0] < 0)
		axes[0] += x->rank;
	if (axes[0] < 0 || axes[0] >= x->rank)
		return lower_refuse(l, "its axis is out of range");
	axis = (uint32_t)axes[0];
	lower_init(&c, OCTET_OP_REDUCE);
	c.cmd.sub = op->code == OCTET_G_ARG_MAX ? OCTET_REDUCE_ARGMAX : OCTET_REDUCE_ARGMIN;
	ret = rows(l, &c, lower_in(op, 0), op->outputs[0], axis, axis);
	if (!ret && y->type == OCTET_INT64)
		ret = high_words(l, &c, op->outputs[0]);
	return ret ? ret : lower_emit(l, &c);
}
