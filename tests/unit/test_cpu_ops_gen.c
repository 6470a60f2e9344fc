/* SPDX-License-Identifier: MIT */
/* Random commands of every operation. */
#include <stdlib.h>
#include <string.h>

#include "test_cpu_ops.h"

static uint32_t u32(uint64_t *rng, int64_t lo, int64_t hi)
{
	return (uint32_t)tc_between(rng, lo, hi);
}

static bool coin(uint64_t *rng)
{
	return tc_next(rng) & 1;
}

static bool weights(const struct octet_cmd *c)
{
	return c->op <= OCTET_OP_GEMM || c->op == OCTET_OP_TCONV2D;
}

static void range(unsigned int type, int32_t *lo, int32_t *hi)
{
	*lo = type == OCTET_TYPE_UINT8 ? 0 : type == OCTET_TYPE_INT16 ?
	      INT16_MIN : type == OCTET_TYPE_INT32 ? INT32_MIN :
	      type == OCTET_TYPE_INT4 ? -8 : INT8_MIN;
	*hi = type == OCTET_TYPE_UINT8 ? UINT8_MAX : type == OCTET_TYPE_INT16 ?
	      INT16_MAX : type == OCTET_TYPE_INT32 ? INT32_MAX :
	      type == OCTET_TYPE_INT4 ? 7 : INT8_MAX;
}

static int32_t in_type(uint64_t *rng, unsigned int type)
{
	int32_t lo, hi;

	range(type, &lo, &hi);
	return (int32_t)tc_between(rng, lo, hi);
}

uint64_t ops_extents(const struct octet_cmd *c, unsigned int operand,
		     uint32_t e[4])
{
	const struct octet_operand *op = &(&c->src)[operand];
	const bool out = operand == OCTET_OPERAND_DST ||
			 operand == OCTET_OPERAND_SRC2;
	const bool t = op->flags & OCTET_OPERAND_TRANSPOSED;
	const bool wgt = operand == OCTET_OPERAND_WGT;
	const uint32_t h = out ? c->oh : c->h, w = out ? c->ow : c->w;
	const uint32_t channels = out ? c->cout : c->cin;

	e[0] = e[1] = e[2] = e[3] = 1;
	if (c->op == OCTET_OP_GEMM) {
		const uint32_t rows = wgt ? c->cin : h;
		const uint32_t columns = wgt ? c->cout : channels;

		e[0] = c->n2;
		e[1] = c->n;
		e[2] = t ? columns : rows;
		return t ? rows : columns;
	}
	if (wgt) {
		e[2] = c->r;
		e[3] = c->s;
		if (c->op == OCTET_OP_DEPTHWISE)
			return c->cout;
		e[1] = c->cout;
		return c->cin / c->groups;
	}
	if (c->op == OCTET_OP_COPY) {
		e[0] = c->n;
		e[1] = h;
		e[2] = w;
		e[3] = channels;
		return 1;
	}
	e[1] = c->n;
	e[2] = h;
	e[3] = w;
	return op->flags & OCTET_OPERAND_REPEAT ? 1 : channels;
}

static uint64_t table_bytes(const struct octet_cmd *c)
{
	if (c->tail & OCTET_TAIL_LUT)
		return 256;
	if (c->op == OCTET_OP_LUT)
		return c->src.type == OCTET_TYPE_INT16 ? 1026 : 256;
	if (c->op == OCTET_OP_SOFTMAX)
		return 1024;
	return c->op == OCTET_OP_RESIZE ?
	       (c->oh + c->ow) * sizeof(struct octet_tap) : 0;
}

uint64_t ops_bytes(const struct octet_cmd *c, unsigned int place)
{
	const struct octet_operand *op = &(&c->src)[place];
	uint32_t e[4];
	uint64_t bytes;

	if (place == OPS_TABLE)
		return table_bytes(c);
	if (!op->space)
		return 0;
	if (place == OCTET_OPERAND_PRM)
		return c->cout * (c->src.type == OCTET_TYPE_INT16 ?
				  sizeof(struct octet_param16) :
				  sizeof(struct octet_param));
	if (place == OCTET_OPERAND_CHN)
		return c->cout * sizeof(struct octet_channel);
	bytes = ops_extents(c, place, e) * ops_size(op->type);
	if (op->type == OCTET_TYPE_INT4)
		return (bytes * e[0] * e[1] * e[2] * e[3] + 1) / 2;
	for (int d = 0; d < 4; d++)
		bytes += (e[d] - 1) * op->stride[d];
	return bytes;
}

void ops_dense(struct octet_cmd *c, unsigned int operand)
{
	struct octet_operand *op = &(&c->src)[operand];
	uint32_t e[4];
	uint64_t covered = ops_extents(c, operand, e) * ops_size(op->type);

	for (int d = 3; d >= 0; d--) {
		op->stride[d] = e[d] > 1 ? covered : 0;
		covered *= e[d];
	}
}

static void operand_strides(uint64_t *rng, struct octet_cmd *c,
			    unsigned int operand)
{
	struct octet_operand *op = &(&c->src)[operand];
	const uint32_t unit = ops_size(op->type);
	const bool input = operand != OCTET_OPERAND_DST;
	int order[4] = { 3, 2, 1, 0 };
	uint32_t e[4];
	uint64_t covered;

	ops_dense(c, operand);
	covered = ops_extents(c, operand, e) * unit;
	if (coin(rng))
		return;
	for (int i = 3; i > 0 && c->op == OCTET_OP_COPY; i--) {
		const uint32_t j = u32(rng, 0, i);
		const int swap = order[i];

		order[i] = order[j];
		order[j] = swap;
	}
	for (int i = 0; i < 4; i++) {
		__u64 *stride = &op->stride[order[i]];

		*stride = 0;
		if (e[order[i]] == 1)
			continue;
		*stride = covered;
		if (tc_next(rng) % 3 == 0)
			*stride += unit * u32(rng, 0, 4);
		covered = *stride * e[order[i]];
		if (input && tc_next(rng) % 8 == 0)
			*stride = 0;
	}
}

void ops_strides(uint64_t *rng, struct octet_cmd *c)
{
	for (unsigned int i = 0; i <= OCTET_OPERAND_DST; i++)
		if ((&c->src)[i].type && (&c->src)[i].type != OCTET_TYPE_INT4)
			operand_strides(rng, c, i);
}

static uint32_t some_mult(uint64_t *rng, unsigned int stage)
{
	if (stage == OCTET_STAGE_RAW)
		return 0;
	if (stage == OCTET_STAGE_FP32_RNE)
		return u32(rng, 0x37800000, 0x3d800000);
	return tc_next(rng) % 16 ? u32(rng, 1 << 30, OCTET_MULT_MAX) :
				   u32(rng, 0, OCTET_MULT_MAX);
}

static uint32_t some_shift(uint64_t *rng, unsigned int stage)
{
	if (stage == OCTET_STAGE_RAW || stage == OCTET_STAGE_FP32_RNE)
		return 0;
	return tc_next(rng) % 16 ? u32(rng, 30, 44) : u32(rng, 1, 62);
}

static void fill_records(uint64_t *rng, const struct octet_cmd *c,
			 unsigned int place, uint8_t *p)
{
	for (uint32_t o = 0; o < c->cout; o++) {
		const struct octet_param a = { (int32_t)tc_between(rng, -9999, 9999),
					       some_mult(rng, c->stage) };
		struct octet_param16 b = { .mult = u32(rng, 0, OCTET_MULT16_MAX),
					   .shift = (uint8_t)u32(rng, 8, 40) };
		const struct octet_channel n = { (uint8_t)some_shift(rng, c->stage),
						 0,
						 (int16_t)in_type(rng, c->wgt.type) };

		b.bias = (int64_t)(tc_next(rng) << 16) >> (coin(rng) ? 16 : 40);
		if (place == OCTET_OPERAND_CHN)
			memcpy(p + o * sizeof(n), &n, sizeof(n));
		else if (c->src.type == OCTET_TYPE_INT16)
			memcpy(p + o * sizeof(b), &b, sizeof(b));
		else
			memcpy(p + o * sizeof(a), &a, sizeof(a));
	}
}

static void fill_taps(uint64_t *rng, const struct octet_cmd *c,
		      struct octet_tap *t)
{
	const bool plain = coin(rng);

	for (uint32_t i = 0; i < c->oh + c->ow; i++) {
		const uint32_t all = i < c->oh ? c->h : c->w;

		t[i] = (struct octet_tap) {
			.lo = u32(rng, 0, all - 1),
			.hi = u32(rng, 0, all - 1),
			.weight = (int32_t)tc_between(rng, plain ? 0 : -1024,
						      1024),
		};
		if (tc_next(rng) % 4 == 0)
			t[i].weight = 0;
	}
}

void ops_fill(uint64_t *rng, const struct octet_cmd *c, unsigned int place,
	      uint8_t *p, uint64_t bytes)
{
	int32_t v;

	if (place == OCTET_OPERAND_PRM || place == OCTET_OPERAND_CHN) {
		fill_records(rng, c, place, p);
		return;
	}
	tc_bytes(rng, p, bytes);
	if (place != OPS_TABLE)
		return;
	if (c->op == OCTET_OP_RESIZE)
		fill_taps(rng, c, (void *)p);
	for (uint64_t i = 0; c->op == OCTET_OP_SOFTMAX && i < bytes; i += 4) {
		v = (int32_t)(tc_next(rng) >> 33 >> (coin(rng) ? 0 : i / 32));
		memcpy(p + i, &v, 4);
	}
}

static void windows(uint64_t *rng, struct octet_cmd *c)
{
	c->r = (uint16_t)u32(rng, 1, 4);
	c->s = (uint16_t)u32(rng, 1, 4);
	c->pt = (uint16_t)u32(rng, 0, c->r - 1);
	c->pl = (uint16_t)u32(rng, 0, c->s - 1);
	c->sh = (uint16_t)u32(rng, 1, 3);
	c->sw = (uint16_t)u32(rng, 1, 3);
	c->oh = u32(rng, 1, (c->h - 1 + c->pt) / c->sh + 1);
	c->ow = u32(rng, 1, (c->w - 1 + c->pl) / c->sw + 1);
	if (c->op == OCTET_OP_POOL)
		return;
	c->oh = u32(rng, 1, 12);
	c->ow = u32(rng, 1, 12);
	if (c->op == OCTET_OP_TCONV2D)
		return;
	if (c->op == OCTET_OP_CONV2D && tc_next(rng) % 4 == 0) {
		/* each pixel by itself; now and then more of them, or less */
		c->r = c->s = c->sh = c->sw = 1;
		c->pt = c->pl = 0;
		c->oh = coin(rng) ? c->h : c->oh;
		c->ow = coin(rng) ? c->w : c->ow;
	}
	c->dh = (uint16_t)(coin(rng) ? 1 : u32(rng, 1, 3));
	c->dw = (uint16_t)(coin(rng) ? 1 : u32(rng, 1, 3));
}

static void shape(uint64_t *rng, struct octet_cmd *c)
{
	uint32_t g = u32(rng, 1, 3);

	c->n = u32(rng, 1, 3);
	c->h = c->oh = u32(rng, 1, 9);
	c->w = c->ow = u32(rng, 1, 9);
	c->cin = c->cout = tc_next(rng) % 4 ? u32(rng, 1, 40) :
					      u32(rng, 1, 1400);
	switch (c->op) {
	case OCTET_OP_CONV2D:
	case OCTET_OP_TCONV2D:
		c->cin = g * u32(rng, 1, 12);
		c->cout = g * u32(rng, 1, 20);
		c->groups = coin(rng) ? g : 1;
		windows(rng, c);
		break;
	case OCTET_OP_DEPTHWISE:
		c->cin = u32(rng, 1, 40);
		c->cout = c->cin * (coin(rng) ? 1 : g);
		windows(rng, c);
		break;
	case OCTET_OP_GEMM:
		c->n2 = u32(rng, 1, 2);
		c->w = c->ow = 1;
		c->h = c->oh = coin(rng) ? 1 : u32(rng, 1, 30);
		c->cin = u32(rng, 1, 400);
		c->cout = u32(rng, 1, 50);
		c->src.flags = coin(rng) ? OCTET_OPERAND_TRANSPOSED : 0;
		c->wgt.flags = coin(rng) ? OCTET_OPERAND_TRANSPOSED : 0;
		break;
	case OCTET_OP_POOL:
		windows(rng, c);
		break;
	case OCTET_OP_SOFTMAX:
		/* the reference looks at the whole row for each channel */
		c->cin = c->cout = u32(rng, 1, 99);
		break;
	case OCTET_OP_REDUCE:
		c->cout = 1;
		break;
	case OCTET_OP_RESIZE:
		c->oh = u32(rng, 1, 12);
		c->ow = u32(rng, 1, 12);
		break;
	}
}

static void types(uint64_t *rng, struct octet_cmd *c)
{
	const bool wide = c->op != OCTET_OP_SOFTMAX && tc_next(rng) % 3 == 0;

	c->src.type = wide ? OCTET_TYPE_INT16 : (uint8_t)u32(rng, 1, 2);
	c->dst.type = wide ? OCTET_TYPE_INT16 : (uint8_t)u32(rng, 1, 2);
	if (weights(c)) {
		c->wgt.type = wide ? OCTET_TYPE_INT8 : (uint8_t)u32(rng, 1, 2);
		if (tc_next(rng) % 4 == 0)
			c->wgt.type = OCTET_TYPE_INT4;
	}
	if (c->op == OCTET_OP_EW)
		c->src2.type = wide ? OCTET_TYPE_INT16 : (uint8_t)u32(rng, 1, 2);
	if (c->op == OCTET_OP_COPY)
		c->src.type = (uint8_t)u32(rng, 1, 4);
	if (c->op == OCTET_OP_POOL && c->sub == OCTET_POOL_SUM && wide)
		c->sub = OCTET_POOL_AVERAGE;
	if (c->op == OCTET_OP_COPY || c->op == OCTET_OP_RESIZE ||
	    c->op == OCTET_OP_REDUCE ||
	    (c->op == OCTET_OP_POOL && c->sub != OCTET_POOL_SUM) ||
	    (c->op == OCTET_OP_EW && (c->sub == OCTET_EW_MIN ||
				      c->sub == OCTET_EW_MAX))) {
		c->dst.type = c->src.type;
		if (c->src2.type)
			c->src2.type = c->src.type;
	}
	if (c->op == OCTET_OP_REDUCE && c->sub >= OCTET_REDUCE_ARGMAX)
		c->dst.type = OCTET_TYPE_INT32;
	if (c->op == OCTET_OP_COPY && c->sub == OCTET_COPY_FILL)
		c->src.type = 0;
}

static bool sums(const struct octet_cmd *c)
{
	return c->op == OCTET_OP_EW && (c->sub == OCTET_EW_ADD ||
	       c->sub == OCTET_EW_SUB || c->sub == OCTET_EW_SQDIFF);
}

static bool has_stage(const struct octet_cmd *c)
{
	return weights(c) || sums(c) ||
	       (c->op == OCTET_OP_POOL && c->sub == OCTET_POOL_SUM) ||
	       (c->op == OCTET_OP_EW && c->sub == OCTET_EW_MUL);
}

static void stage(uint64_t *rng, struct octet_cmd *c)
{
	const bool wide = c->src.type == OCTET_TYPE_INT16;

	if (!has_stage(c))
		return;
	if (sums(c))
		c->stage = (uint8_t)u32(rng, 1, 4);
	else if (c->op == OCTET_OP_EW)
		c->stage = (uint8_t)u32(rng, 1, 5);
	else if (wide)
		c->stage = OCTET_STAGE_FIX_UP;
	else
		c->stage = (uint8_t)u32(rng, 0, 5);
	c->dst.mult = some_mult(rng, c->stage);
	c->dst.shift = some_shift(rng, c->stage);
	if (wide && weights(c)) {
		c->dst.mult = u32(rng, 0, OCTET_MULT16_MAX);
		c->dst.shift = u32(rng, 1, 40);
	}
	if (c->stage == OCTET_STAGE_RAW)
		c->dst.type = OCTET_TYPE_INT32;
}

static void addend(uint64_t *rng, uint32_t *mult, uint32_t *shift)
{
	*mult = u32(rng, 1, OCTET_MULT_MAX);
	*shift = tc_next(rng) % 8 ? u32(rng, 28, 34) : u32(rng, 0, 62);
}

static void tails(uint64_t *rng, struct octet_cmd *c)
{
	const bool wide = c->src.type == OCTET_TYPE_INT16;
	const bool sum = c->op == OCTET_OP_POOL && c->sub == OCTET_POOL_SUM;

	if (c->dst.type > OCTET_TYPE_UINT8 || wide)
		return;
	if ((weights(c) || sum || c->op == OCTET_OP_EW) && tc_next(rng) % 3 == 0)
		c->tail |= OCTET_TAIL_LUT;
	if (!weights(c) || coin(rng))
		return;
	c->tail |= OCTET_TAIL_ADD;
	c->src2.type = (uint8_t)u32(rng, 1, 2);
	c->sum_stage = (uint8_t)u32(rng, 1, 4);
	addend(rng, &c->mid_mult, &c->mid_shift);
	c->sum_mult = u32(rng, 1 << 30, OCTET_MULT_MAX);
	c->sum_shift = coin(rng) ? some_shift(rng, OCTET_STAGE_FIX_UP) :
				   u32(rng, 28, 33);
	range(c->dst.type, &c->mid_min, &c->mid_max);
	c->mid_zero_point = in_type(rng, c->dst.type);
	if (coin(rng))
		c->mid_min = in_type(rng, c->dst.type) / 2;
	if (c->mid_min > c->mid_max)
		c->mid_min = c->mid_max;
}

static void numbers(uint64_t *rng, struct octet_cmd *c)
{
	const bool wide = c->src.type == OCTET_TYPE_INT16;
	const bool fill = c->op == OCTET_OP_COPY && c->sub == OCTET_COPY_FILL;

	if (weights(c)) {
		c->prm.space = coin(rng) ? OCTET_SPACE_VA : 0;
		c->chn.space = !wide && coin(rng) ? OCTET_SPACE_VA : 0;
		c->flags = coin(rng) ? OCTET_CMD_PER_TENSOR : 0;
		if (!wide)
			c->wgt.zero_point = in_type(rng, c->wgt.type);
	}
	if ((weights(c) && !wide) || sums(c) ||
	    (c->op == OCTET_OP_POOL && c->sub == OCTET_POOL_SUM) ||
	    (c->op == OCTET_OP_EW && c->sub == OCTET_EW_MUL))
		c->src.zero_point = in_type(rng, c->src.type);
	if (sums(c) || (c->op == OCTET_OP_EW && c->sub == OCTET_EW_MUL) ||
	    c->tail & OCTET_TAIL_ADD)
		c->src2.zero_point = in_type(rng, c->src2.type);
	if (sums(c) || c->tail & OCTET_TAIL_ADD) {
		addend(rng, &c->src2.mult, &c->src2.shift);
		c->left_shift = coin(rng) ? OCTET_LEFT_SHIFT_MAX :
				u32(rng, 0, OCTET_LEFT_SHIFT_MAX);
	}
	if (sums(c))
		addend(rng, &c->src.mult, &c->src.shift);
	if ((has_stage(c) && c->dst.type <= OCTET_TYPE_UINT8) ||
	    c->op == OCTET_OP_SOFTMAX ||
	    (c->op == OCTET_OP_EW && has_stage(c)))
		c->dst.zero_point = in_type(rng, c->dst.type);
	if (c->op == OCTET_OP_CONV2D || c->op == OCTET_OP_DEPTHWISE)
		c->pad_value = in_type(rng, c->src.type);
	if (fill)
		c->pad_value = in_type(rng, c->dst.type);
	if (c->op == OCTET_OP_COPY)
		return;
	range(c->dst.type, &c->act_min, &c->act_max);
	if (tc_next(rng) % 3 == 0)
		c->act_min = in_type(rng, c->dst.type) / 2;
	if (c->act_min > c->act_max)
		c->act_min = c->act_max;
}

struct octet_cmd ops_random(uint64_t *rng, enum octet_op op)
{
	static const unsigned int subs[16] = {
		[OCTET_OP_EW] = 6, [OCTET_OP_POOL] = 3, [OCTET_OP_COPY] = 2,
		[OCTET_OP_SOFTMAX] = 2, [OCTET_OP_REDUCE] = 4,
	};
	struct octet_cmd c;

	memset(&c, 0, sizeof(c));
	c.op = (uint8_t)op;
	c.sub = subs[op] ? (uint8_t)u32(rng, 0, subs[op] - 1) : 0;
	c.n = c.n2 = c.groups = c.r = c.s = c.sh = c.sw = c.dh = c.dw = 1;
	shape(rng, &c);
	types(rng, &c);
	stage(rng, &c);
	if (c.stage != OCTET_STAGE_RAW || !has_stage(&c))
		tails(rng, &c);
	numbers(rng, &c);
	if (op == OCTET_OP_EW) {
		c.src.flags = tc_next(rng) % 4 ? 0 : OCTET_OPERAND_REPEAT;
		c.src2.flags = tc_next(rng) % 4 ? 0 : OCTET_OPERAND_REPEAT;
	}
	for (unsigned int i = 0; i <= OCTET_OPERAND_DST; i++) {
		struct octet_operand *o = &(&c.src)[i];

		if (o->type)
			o->space = OCTET_SPACE_VA;
		if (o->type && o->type != OCTET_TYPE_INT4)
			ops_dense(&c, i);
	}
	return c;
}
