// SPDX-License-Identifier: MIT
/* Random jobs: extents, windows, strides. */
#include <string.h>

#include "randop_priv.h"

#define pick randop_pick
#define MANY 200 /* channels, for small images only */

static uint32_t outputs(uint32_t in, uint32_t before, uint32_t after, uint32_t k, uint32_t stride,
			uint32_t dilation)
{
	uint32_t all = in + before + after, window = (k - 1) * dilation + 1;

	return all < window ? 0 : (all - window) / stride + 1;
}

/* The input: that of the tensor given, or a new one. */
static void input_shape(struct randop_maker *m, uint32_t channels)
{
	struct octet_cmd *c = m->c;
	bool little = m->small || chance(m->r, 70);

	c->n2 = 1;
	c->groups = c->r = c->s = c->sh = c->sw = c->dh = c->dw = 1;
	if (m->in) {
		c->n = m->in->n;
		c->h = m->in->h;
		c->w = m->in->w;
		c->cin = m->in->c;
		return;
	}
	c->n = pick(m->r, 1, 2);
	c->h = pick(m->r, 1, little ? 9 : 24);
	c->w = pick(m->r, 1, little ? 9 : 24);
	c->cin = channels;
	if (channels > MANY) {
		c->n = 1;
		c->h = pick(m->r, 1, 3);
		c->w = pick(m->r, 1, 3);
	}
}

static uint32_t some_channels(struct randop_maker *m, uint32_t most)
{
	if (!m->small && chance(m->r, 2))
		return pick(m->r, MANY, 1300);
	return pick(m->r, 1, m->small || chance(m->r, 80) ? 20 : most);
}

static void window_shape(struct randop_maker *m)
{
	struct octet_cmd *c = m->c;
	struct tool_random *r = m->r;
	bool pool = c->op == OCTET_OP_POOL;
	int tries = 0;

	do {
		/* Tiny images take a window of one tap at last. */
		c->r = tries < 9 ? pick(r, 1, 5) : 1;
		c->s = tries++ < 9 ? pick(r, 1, 5) : 1;
		c->sh = pick(r, 1, 3);
		c->sw = pick(r, 1, 3);
		c->dh = pool ? 1 : pick(r, 1, 2);
		c->dw = pool ? 1 : pick(r, 1, 3);
		c->pt = pick(r, 0, c->r - pool);
		c->pl = pick(r, 0, c->s - pool);
		c->oh = outputs(c->h, c->pt, pick(r, 0, c->r - pool), c->r, c->sh, c->dh);
		c->ow = outputs(c->w, c->pl, pick(r, 0, c->s - pool), c->s, c->sw, c->dw);
	} while (!c->oh || !c->ow);
}

/* Chains do not grow without end. */
static uint32_t at_most(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static void conv_shape(struct randop_maker *m)
{
	struct octet_cmd *c = m->c;
	uint32_t groups = chance(m->r, 60) ? 1 : pick(m->r, 2, 4);
	uint32_t most = m->small || chance(m->r, 80) ? 9 : 70;

	input_shape(m, groups * pick(m->r, 1, most));
	if (c->cin % groups)
		groups = 1;
	c->groups = groups;
	c->cout = groups * pick(m->r, 1, most);
	if (c->op == OCTET_OP_CONV2D) {
		window_shape(m);
		return;
	}
	c->r = pick(m->r, 1, 4);
	c->s = pick(m->r, 1, 4);
	c->sh = pick(m->r, 1, 3);
	c->sw = pick(m->r, 1, 3);
	c->pt = pick(m->r, 0, c->r);
	c->pl = pick(m->r, 0, c->s);
	c->oh = at_most(pick(m->r, 1, (c->h - 1) * c->sh + c->r), 30);
	c->ow = at_most(pick(m->r, 1, (c->w - 1) * c->sw + c->s), 30);
}

static void gemm_shape(struct randop_maker *m)
{
	struct octet_cmd *c = m->c;
	uint32_t most = m->small || chance(m->r, 80) ? 20 : 150;

	input_shape(m, pick(m->r, 1, most));
	if (m->in) {
		c->cin *= c->w;
	} else {
		c->n = chance(m->r, 60) ? 1 : pick(m->r, 2, 3);
		c->n2 = chance(m->r, 60) ? 1 : pick(m->r, 2, 3);
		c->h = pick(m->r, 1, most);
	}
	c->w = c->ow = 1;
	c->oh = c->h;
	c->cout = pick(m->r, 1, most);
}

void randop_shape(struct randop_maker *m)
{
	struct octet_cmd *c = m->c;

	switch (c->op) {
	case OCTET_OP_CONV2D:
	case OCTET_OP_TCONV2D:
		conv_shape(m);
		return;
	case OCTET_OP_GEMM:
		gemm_shape(m);
		return;
	}
	input_shape(m, some_channels(m, 150));
	c->cout = c->cin;
	c->oh = c->h;
	c->ow = c->w;
	switch (c->op) {
	case OCTET_OP_DEPTHWISE:
		c->cout *= c->cin > 50 || chance(m->r, 70) ? 1 : pick(m->r, 2, 3);
		window_shape(m);
		break;
	case OCTET_OP_POOL:
		window_shape(m);
		break;
	case OCTET_OP_RESIZE:
		c->oh = pick(m->r, 1, 14);
		c->ow = pick(m->r, 1, 14);
		break;
	case OCTET_OP_REDUCE:
		c->cout = 1;
		break;
	}
}

/* Extents along the strides, 0 where there is none; returns elements of a run. */
static size_t extents(const struct octet_cmd *c, unsigned int operand, uint32_t dim[4])
{
	bool out = operand == OCTET_OPERAND_DST || operand == OCTET_OPERAND_SRC2;
	uint32_t h = out ? c->oh : c->h, w = out ? c->ow : c->w;
	uint32_t channels = out ? c->cout : c->cin;
	const struct octet_operand *o = &c->src + operand;

	if (c->op == OCTET_OP_GEMM) {
		uint32_t rows = operand == OCTET_OPERAND_WGT ? c->cin : c->h;
		uint32_t columns = operand == OCTET_OPERAND_SRC ? c->cin : c->cout;
		bool turned = o->flags & OCTET_OPERAND_TRANSPOSED;

		memcpy(dim, (uint32_t[4]){ c->n2, c->n, turned ? columns : rows, 0 }, 16);
		return turned ? rows : columns;
	}
	if (operand == OCTET_OPERAND_WGT) {
		bool dw = c->op == OCTET_OP_DEPTHWISE;

		memcpy(dim, (uint32_t[4]){ 0, dw ? 0 : c->cout, c->r, c->s }, 16);
		return dw ? c->cout : c->cin / c->groups;
	}
	if (c->op == OCTET_OP_COPY) {
		memcpy(dim, (uint32_t[4]){ c->n, h, w, channels }, 16);
		return 1;
	}
	memcpy(dim, (uint32_t[4]){ 0, c->n, h, w }, 16);
	return o->flags & OCTET_OPERAND_REPEAT ? 1 : channels;
}

/* In which order the strides nest: that of the dimensions, or any. */
static void nesting(struct randop_maker *m, bool dense, int order[4])
{
	bool mixed = !dense && chance(m->r, m->c->op == OCTET_OP_COPY ? 60 : 5);

	for (int i = 0; i < 4; i++)
		order[i] = i;
	for (uint32_t i = 3; mixed && i; i--) {
		uint32_t k = tool_below(m->r, i + 1);
		int swap = order[i];

		order[i] = order[k];
		order[k] = swap;
	}
}

static size_t packed_bytes(const struct octet_cmd *c)
{
	size_t k = (size_t)c->r * c->s * (c->cin / c->groups);

	return c->groups * ((c->cout / c->groups + 15) / 16) * ((k + 3) / 4) * OCTET_PACKED_LINE;
}

size_t randop_strides(struct randop_maker *m, unsigned int operand, bool dense)
{
	struct octet_operand *o = randop_operand(m->c, operand);
	bool input = operand != OCTET_OPERAND_DST;
	bool gaps = !dense && chance(m->r, 30);
	size_t unit = randop_size(o->type), step, end;
	uint32_t dim[4], still = m->c->op == OCTET_OP_EW ? 20 : 4;
	int order[4];

	step = end = unit * extents(m->c, operand, dim);
	if (o->type == OCTET_TYPE_INT4) {
		for (int i = 0; i < 4; i++)
			end *= dim[i] ? dim[i] : 1;
		return (end + 1) / 2;
	}
	if (o->layout == OCTET_LAYOUT_PACKED)
		return packed_bytes(m->c);
	nesting(m, dense, order);
	for (int k = 3; k >= 0; k--) {
		int i = order[k];

		if (dim[i] == 0)
			continue;
		if (gaps && chance(m->r, 60))
			step += unit * pick(m->r, 0, 5);
		o->stride[i] = input && !dense && chance(m->r, still) ? 0 : step;
		end += (dim[i] - 1) * o->stride[i];
		step *= dim[i];
	}
	o->addr = gaps ? unit * pick(m->r, 0, 15) : 0;
	return o->addr + end;
}
