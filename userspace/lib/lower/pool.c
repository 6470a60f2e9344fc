// SPDX-License-Identifier: MIT
/* AVERAGE_POOL_2D, MAX_POOL_2D, MEAN, SUM. */
#include "lower_priv.h"

static uint32_t before(uint64_t out, uint64_t stride, uint64_t taps, uint64_t in)
{
	uint64_t span = (out - 1) * stride + taps;

	return span > in ? (uint32_t)((span - in) / 2) : 0;
}

int lower_pool(struct lower *l, const struct octet_graph_op *op)
{
	const struct octet_opt_pool *o = &op->opt.pool;
	int32_t in = lower_in(op, 0), out = op->outputs[0];
	const struct octet_graph_tensor *x = lower_of(l, in), *y = lower_of(l, out);
	const int32_t all[] = { o->filter_h, o->filter_w, o->stride_h, o->stride_w };
	struct lower_shape sx, sy;
	struct octet_low_cmd c;
	int ret;

	if (!x || x->rank != 4 || y->rank != 4 || x->type != y->type ||
	    (!lower_is8(x) && x->type != OCTET_INT16))
		return lower_refuse(l, "its input is %s of rank %u",
				    x ? octet_graph_type_name(x->type) : "missing",
				    x ? x->rank : 0);
	for (int i = 0; i < 4; i++)
		if (all[i] < 1 || all[i] > UINT16_MAX)
			return lower_refuse(l, "its window or stride is %d", all[i]);
	if ((int64_t)all[0] * all[1] > LOWER_EXTENT)
		return lower_refuse(l, "its window has more than %u taps", LOWER_EXTENT);
	if (!lower_shape(l, in, &sx) || !lower_shape(l, out, &sy))
		return lower_refuse(l, "its channels do not lie side by side");
	lower_init(&c, OCTET_OP_POOL);
	c.cmd.sub = op->code == OCTET_G_MAX_POOL_2D ? OCTET_POOL_MAX : OCTET_POOL_AVERAGE;
	lower_put(l, &c, OCTET_OPERAND_SRC, in, &sx);
	lower_put(l, &c, OCTET_OPERAND_DST, out, &sy);
	c.cmd.r = (uint16_t)o->filter_h;
	c.cmd.s = (uint16_t)o->filter_w;
	c.cmd.sh = (uint16_t)o->stride_h;
	c.cmd.sw = (uint16_t)o->stride_w;
	c.cmd.pt = (uint16_t)before(c.cmd.oh, c.cmd.sh, c.cmd.r, c.cmd.h);
	c.cmd.pl = (uint16_t)before(c.cmd.ow, c.cmd.sw, c.cmd.s, c.cmd.w);
	ret = lower_act(l, y, o->activation, &c.cmd.act_min, &c.cmd.act_max);
	return ret ? ret : lower_emit(l, &c);
}

/* TFLite's: 1 / n goes into the multiplier, as much as the shift leaves room for. */
static void fold(uint64_t n, uint32_t *mult, uint32_t *shift)
{
	int left = 31 - (int)*shift, bits = 63 - __builtin_clzll(n);

	bits = bits > 32 ? 32 : bits;
	bits = bits > 31 + left ? 31 + left : bits;
	*mult = (uint32_t)(((uint64_t)*mult << bits) / n);
	*shift += (uint32_t)bits;
}

bool lower_one_block(const struct octet_graph_tensor *x, const int64_t *axes, uint32_t count,
		     uint32_t *first, uint32_t *last)
{
	bool in[OCTET_GRAPH_RANK] = { false };
	bool any = false;

	for (uint32_t i = 0; i < count; i++) {
		int64_t a = axes[i] < 0 ? axes[i] + x->rank : axes[i];

		if (a < 0 || a >= x->rank)
			return false;
		in[a] = true;
	}
	for (uint32_t d = 0; d < x->rank; d++) {
		if (!in[d])
			continue;
		if (!any)
			*first = d;
		any = true;
		*last = d;
	}
	for (uint32_t d = any ? *first : 0; any && d <= *last; d++)
		if (!in[d] && x->dims[d] != 1)
			return false;
	return any;
}

/* The window is all rows and columns; pixels of the result are the block's outside. */
static int window(struct lower *l, struct octet_low_cmd *c, int32_t in, int32_t out,
		  uint32_t first, uint32_t last)
{
	const struct octet_graph_tensor *x = lower_of(l, in);
	uint32_t size = lower_type_size(x->type);
	uint64_t outer, block, inner;
	struct lower_shape sx, sy;
	bool image = x->rank == 4 && first == 1 && last == 2;

	lower_block(x, first, last, &outer, &block, &inner);
	if (block > LOWER_EXTENT || outer > LOWER_EXTENT || inner > LOWER_EXTENT)
		return lower_refuse(l, "it reduces %llu values", (unsigned long long)block);
	if (!image && !lower_is_dense(l, in))
		return lower_refuse(l, "its input is a part of another tensor");
	if (inner == 1)
		sx = (struct lower_shape){ { 1, (uint32_t)outer, (uint32_t)block, 1 }, { 0 } };
	else
		sx = (struct lower_shape){ { (uint32_t)outer, (uint32_t)block, 1,
					     (uint32_t)inner }, { 0 } };
	lower_dense(&sx, size);
	if (image && !lower_shape(l, in, &sx))
		return lower_refuse(l, "its channels do not lie side by side");
	if (!lower_is_dense(l, out))
		return lower_refuse(l, "its result is a part of another tensor");
	sy = sx;
	sy.e[2] = 1;
	if (inner != 1 || image)
		sy.e[1] = 1;
	lower_dense(&sy, lower_type_size(lower_of(l, out)->type));
	lower_put(l, c, OCTET_OPERAND_SRC, in, &sx);
	lower_put(l, c, OCTET_OPERAND_DST, out, &sy);
	c->cmd.r = (uint16_t)(sx.e[1] / sy.e[1]);
	c->cmd.s = (uint16_t)sx.e[2];
	if (sx.e[1] / sy.e[1] > UINT16_MAX || sx.e[2] > UINT16_MAX)
		return lower_refuse(l, "it reduces %llu values", (unsigned long long)block);
	return 0;
}

int lower_window(struct lower *l, const struct octet_graph_op *op, struct octet_low_cmd *c)
{
	int32_t in = lower_in(op, 0), out = op->outputs[0];
	uint32_t count, first = 0, last = 0;
	int64_t axes[16];

	if (!lower_const_ints(l, lower_in(op, 1), &count, axes))
		return lower_refuse(l, "its axes are computed");
	if (!lower_one_block(lower_of(l, in), axes, count, &first, &last))
		return lower_refuse(l, "its axes are not neighbours");
	return window(l, c, in, out, first, last);
}

int lower_mean(struct lower *l, const struct octet_graph_op *op)
{
	const struct octet_graph_tensor *x = lower_of(l, lower_in(op, 0));
	const struct octet_graph_tensor *y = lower_of(l, op->outputs[0]);
	struct octet_low_cmd c;
	int ret;

	if (!x || !lower_is8(x) || x->type != y->type || x->quants != 1 || y->quants != 1)
		return lower_refuse(l, "its input is %s",
				    x ? octet_graph_type_name(x->type) : "missing");
	lower_init(&c, OCTET_OP_POOL);
	c.cmd.sub = OCTET_POOL_SUM;
	c.cmd.stage = OCTET_STAGE_FIX_DBL;
	ret = lower_window(l, op, &c);
	if (!ret)
		ret = lower_mult(l, OCTET_STAGE_FIX_DBL,
				 (double)x->scale[0] / (double)y->scale[0], &c.cmd.dst.mult,
				 &c.cmd.dst.shift);
	if (ret)
		return ret;
	if (op->code == OCTET_G_MEAN)
		fold((uint64_t)c.cmd.r * c.cmd.s, &c.cmd.dst.mult, &c.cmd.dst.shift);
	c.cmd.src.zero_point = lower_zero(x);
	c.cmd.dst.zero_point = lower_zero(y);
	lower_limits(y->type, &c.cmd.act_min, &c.cmd.act_max);
	return lower_emit(l, &c);
}
