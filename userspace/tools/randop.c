// SPDX-License-Identifier: MIT
/* Random operations: shapes, strides, types, zero points, output stages. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "randop.h"

#define chance(r, percent) (tool_below(r, 100) < (percent))

static uint32_t pick(struct tool_random *r, uint32_t lo, uint32_t hi)
{
	return lo + tool_below(r, hi - lo + 1);
}

static void type_range(uint32_t type, int32_t *lo, int32_t *hi)
{
	*lo = type == OCTET_TYPE_UINT8 ? 0 : type == OCTET_TYPE_INT8 ? -128 : INT32_MIN;
	*hi = type == OCTET_TYPE_UINT8 ? 255 : type == OCTET_TYPE_INT8 ? 127 : INT32_MAX;
}

static int32_t any_value(struct tool_random *r, uint32_t type)
{
	int32_t lo, hi;

	type_range(type, &lo, &hi);
	if (chance(r, 10))
		return chance(r, 50) ? lo : hi;
	return tool_between(r, lo, hi);
}

struct octet_operand *randop_operand(struct octet_cmd *cmd, unsigned int index)
{
	return &cmd->src + index;
}

static uint32_t outputs(uint32_t in, uint32_t before, uint32_t after, uint32_t k, uint32_t stride,
			uint32_t dilation)
{
	uint32_t all = in + before + after, window = (k - 1) * dilation + 1;

	return all < window ? 0 : (all - window) / stride + 1;
}

static void image_shape(struct octet_cmd *c, struct tool_random *r)
{
	bool small = chance(r, 70);

	c->n = pick(r, 1, 2);
	c->n2 = 1;
	do {
		c->h = pick(r, 1, small ? 9 : 24);
		c->w = pick(r, 1, small ? 9 : 24);
		c->r = pick(r, 1, 5);
		c->s = pick(r, 1, 5);
		c->sh = pick(r, 1, 3);
		c->sw = pick(r, 1, 3);
		c->dh = pick(r, 1, 2);
		c->dw = pick(r, 1, 3);
		c->pt = pick(r, 0, c->r);
		c->pl = pick(r, 0, c->s);
		c->oh = outputs(c->h, c->pt, pick(r, 0, c->r), c->r, c->sh, c->dh);
		c->ow = outputs(c->w, c->pl, pick(r, 0, c->s), c->s, c->sw, c->dw);
	} while (!c->oh || !c->ow);
}

static void conv_shape(struct octet_cmd *c, struct tool_random *r)
{
	image_shape(c, r);
	c->groups = chance(r, 60) ? 1 : pick(r, 2, 4);
	c->cin = c->groups * pick(r, 1, chance(r, 80) ? 9 : 70);
	c->cout = c->groups * pick(r, 1, chance(r, 80) ? 9 : 70);
}

static void depthwise_shape(struct octet_cmd *c, struct tool_random *r)
{
	image_shape(c, r);
	c->groups = 1;
	c->cin = pick(r, 1, chance(r, 80) ? 20 : 150);
	c->cout = c->cin * (chance(r, 70) ? 1 : pick(r, 2, 3));
}

static void gemm_shape(struct octet_cmd *c, struct tool_random *r)
{
	uint32_t most = chance(r, 80) ? 20 : 150;

	c->n = chance(r, 60) ? 1 : pick(r, 2, 3);
	c->n2 = chance(r, 60) ? 1 : pick(r, 2, 3);
	c->h = c->oh = pick(r, 1, most);
	c->cin = pick(r, 1, most);
	c->cout = pick(r, 1, most);
	c->w = c->ow = c->groups = 1;
	c->r = c->s = c->sh = c->sw = c->dh = c->dw = 1;
}

/*
 * Strides for extents dim[4], outermost first, of rows of `inner` bytes; dense
 * or with gaps; inputs also broadcast. Returns the bytes the operand spans.
 */
static size_t strides(struct octet_operand *o, struct tool_random *r, const uint32_t dim[4],
		      size_t inner, size_t unit, bool input)
{
	bool gaps = chance(r, 30);
	size_t step = inner, end = inner;

	for (int i = 3; i >= 0; i--) {
		if (dim[i] == 0)
			continue;
		if (gaps && chance(r, 60))
			step += unit * pick(r, 0, 5);
		o->stride[i] = input && chance(r, 4) ? 0 : step;
		end += (dim[i] - 1) * o->stride[i];
		step *= dim[i];
	}
	o->addr = gaps ? unit * pick(r, 0, 15) : 0;
	return o->addr + end;
}

static void operand_shapes(struct randop *op, struct tool_random *r)
{
	struct octet_cmd *c = &op->cmd;
	bool gemm = c->op == OCTET_OP_GEMM;
	size_t size = c->dst.type == OCTET_TYPE_INT32 ? 4 : 1;
	uint32_t src[4] = { 0, c->n, c->h, c->w }, dst[4] = { 0, c->n, c->oh, c->ow };
	uint32_t wgt[4] = { 0, c->cout, c->r, c->s };
	size_t src_row = c->cin, wgt_row = c->cin / c->groups;

	if (gemm) {
		bool ta = c->src.flags & OCTET_OPERAND_TRANSPOSED;
		bool tb = c->wgt.flags & OCTET_OPERAND_TRANSPOSED;

		memcpy(src, (uint32_t[4]){ c->n2, c->n, ta ? c->cin : c->h, 0 }, sizeof(src));
		memcpy(wgt, (uint32_t[4]){ c->n2, c->n, tb ? c->cout : c->cin, 0 }, sizeof(wgt));
		memcpy(dst, (uint32_t[4]){ c->n2, c->n, c->h, 0 }, sizeof(dst));
		src_row = ta ? c->h : c->cin;
		wgt_row = tb ? c->cin : c->cout;
	} else if (c->op == OCTET_OP_DEPTHWISE) {
		memcpy(wgt, (uint32_t[4]){ 0, 0, c->r, c->s }, sizeof(wgt));
		wgt_row = c->cout;
	}
	op->bytes[OCTET_OPERAND_SRC] = strides(&c->src, r, src, src_row, 1, true);
	op->bytes[OCTET_OPERAND_WGT] = strides(&c->wgt, r, wgt, wgt_row, 1, true);
	op->bytes[OCTET_OPERAND_DST] = strides(&c->dst, r, dst, c->cout * size, size, false);
}

/* mult and shift that bring accumulators of this job near the type's range. */
static void one_scale(const struct octet_cmd *c, struct tool_random *r, uint32_t *mult,
		      uint32_t *shift)
{
	double taps = c->op == OCTET_OP_DEPTHWISE ? c->r * c->s :
					       (double)c->r * c->s * c->cin / c->groups;
	double factor = 60.0 / (5000.0 * sqrt(taps)) * (0.25 + tool_below(r, 1000) / 400.0);
	float f = (float)factor;
	int e;

	*mult = *shift = 0;
	if (c->stage == OCTET_STAGE_RAW)
		return;
	if (c->stage == OCTET_STAGE_FP32_RNE) {
		if (chance(r, 10))
			f = ldexpf(1.0f + tool_below(r, 1 << 20) / 1048576.0f,
				   tool_between(r, -32, 7));
		memcpy(mult, &f, sizeof(f));
		return;
	}
	if (chance(r, 10)) {
		*mult = tool_below(r, 0x80000000u);
		*shift = pick(r, OCTET_SHIFT_MIN, OCTET_SHIFT_MAX);
		return;
	}
	*mult = (uint32_t)(frexp(factor, &e) * 2147483647.0);
	*shift = (uint32_t)(31 - e);
}

static void parameters(struct randop *op, struct tool_random *r)
{
	struct octet_cmd *c = &op->cmd;
	struct octet_param *prm = (void *)op->data[OCTET_OPERAND_PRM];
	struct octet_channel *chn = (void *)op->data[OCTET_OPERAND_CHN];
	uint32_t mult, shift;

	one_scale(c, r, &c->dst.mult, &c->dst.shift);
	shift = c->dst.shift;
	for (uint32_t o = 0; o < c->cout; o++) {
		if (chn && !(c->flags & OCTET_CMD_PER_TENSOR))
			one_scale(c, r, &mult, &shift);
		else
			one_scale(c, r, &mult, &(uint32_t){ 0 });
		if (prm)
			prm[o] = (struct octet_param){
				.bias = chance(r, 90) ? tool_between(r, -20000, 20000) :
							tool_between(r, INT32_MIN, INT32_MAX),
				.mult = mult,
			};
		if (chn)
			chn[o] = (struct octet_channel){
				.shift = (uint8_t)shift,
				.zero_point = (int16_t)any_value(r, c->wgt.type),
			};
	}
	/* Fields that do not apply must be zero. */
	if (prm && !(c->flags & OCTET_CMD_PER_TENSOR))
		c->dst.mult = 0;
	if (chn && !(c->flags & OCTET_CMD_PER_TENSOR))
		c->dst.shift = 0;
	if (c->flags & OCTET_CMD_PER_TENSOR)
		for (uint32_t o = 0; chn && o < c->cout; o++)
			chn[o].shift = 0;
}

static void quantization(struct randop *op, struct tool_random *r)
{
	struct octet_cmd *c = &op->cmd;
	int32_t lo, hi;

	c->src.zero_point = any_value(r, c->src.type);
	c->pad_value = c->op == OCTET_OP_GEMM ? 0 : any_value(r, c->src.type);
	c->wgt.zero_point = c->chn.space ? 0 : any_value(r, c->wgt.type);
	c->dst.zero_point = c->stage == OCTET_STAGE_RAW ? 0 : any_value(r, c->dst.type);
	type_range(c->dst.type, &lo, &hi);
	c->act_min = lo;
	c->act_max = hi;
	if (chance(r, 25)) {
		c->act_min = any_value(r, c->dst.type);
		c->act_max = tool_between(r, c->act_min, hi);
	}
}

static int allocate(struct randop *op, struct tool_random *r)
{
	for (unsigned int i = 0; i < RANDOP_OPERANDS; i++) {
		if (!op->bytes[i])
			continue;
		op->data[i] = malloc(op->bytes[i]);
		if (!op->data[i])
			return -ENOMEM;
		tool_fill(r, op->data[i], op->bytes[i]);
	}
	return 0;
}

/* Sends the result through SRAM into a second command, a 1x1 depthwise. */
static void through_sram(struct randop *op, struct tool_random *r)
{
	struct octet_cmd *c = &op->cmd, *n = &op->next;
	size_t bytes = (size_t)c->n * c->n2 * c->oh * c->ow * c->cout;
	uint64_t dense[3] = { (uint64_t)c->oh * c->ow * c->cout, (uint64_t)c->ow * c->cout,
			      c->cout };

	if (c->op == OCTET_OP_GEMM || c->dst.type == OCTET_TYPE_INT32 || bytes > 65536)
		return;
	*n = (struct octet_cmd){
		.op = OCTET_OP_DEPTHWISE, .stage = OCTET_STAGE_FIX_UP,
		.act_min = c->dst.type == OCTET_TYPE_UINT8 ? 0 : -128,
		.act_max = c->dst.type == OCTET_TYPE_UINT8 ? 255 : 127,
		.n = c->n, .n2 = 1, .h = c->oh, .w = c->ow, .cin = c->cout, .oh = c->oh,
		.ow = c->ow, .cout = c->cout, .groups = 1,
		.r = 1, .s = 1, .sh = 1, .sw = 1, .dh = 1, .dw = 1,
	};
	n->dst = c->dst;
	n->dst.mult = 0x60000000;
	n->dst.shift = 33;
	n->wgt = (struct octet_operand){ .space = OCTET_SPACE_VA, .type = OCTET_TYPE_INT8 };
	op->sram = (uint32_t)(bytes + 64 + 4095) & ~4095u;
	c->dst.space = OCTET_SPACE_SRAM;
	c->dst.addr = pick(r, 0, 63);
	memcpy(c->dst.stride + 1, dense, sizeof(dense));
	n->src = (struct octet_operand){ .addr = c->dst.addr, .space = OCTET_SPACE_SRAM,
					 .type = c->dst.type, .zero_point = c->dst.zero_point };
	memcpy(n->src.stride + 1, dense, sizeof(dense));
}

int randop_make(struct randop *op, struct tool_random *r)
{
	static void (*const shapes[])(struct octet_cmd *, struct tool_random *) = {
		conv_shape, depthwise_shape, gemm_shape,
	};
	struct octet_cmd *c = &op->cmd;
	uint32_t kind = tool_below(r, 3);

	memset(op, 0, sizeof(*op));
	c->op = (uint8_t)(OCTET_OP_CONV2D + kind);
	c->stage = (uint8_t)tool_below(r, 6);
	shapes[kind](c, r);
	c->src.space = c->wgt.space = c->dst.space = OCTET_SPACE_VA;
	c->src.type = (uint8_t)pick(r, OCTET_TYPE_INT8, OCTET_TYPE_UINT8);
	c->wgt.type = (uint8_t)pick(r, OCTET_TYPE_INT8, OCTET_TYPE_UINT8);
	c->dst.type = c->stage == OCTET_STAGE_RAW ? OCTET_TYPE_INT32 :
			      (uint8_t)pick(r, OCTET_TYPE_INT8, OCTET_TYPE_UINT8);
	c->wgt.flags = chance(r, 70) ? OCTET_OPERAND_CONST : 0;
	if (kind == 2) {
		c->src.flags |= chance(r, 30) ? OCTET_OPERAND_TRANSPOSED : 0;
		c->wgt.flags |= chance(r, 50) ? OCTET_OPERAND_TRANSPOSED : 0;
	}
	operand_shapes(op, r);
	if (chance(r, 80)) {
		c->prm.space = OCTET_SPACE_VA;
		op->bytes[OCTET_OPERAND_PRM] = c->cout * sizeof(struct octet_param);
		c->flags |= chance(r, 30) ? OCTET_CMD_PER_TENSOR : 0;
	}
	if (chance(r, 50)) {
		c->chn.space = OCTET_SPACE_VA;
		op->bytes[OCTET_OPERAND_CHN] = c->cout * sizeof(struct octet_channel);
	}
	if (allocate(op, r)) {
		randop_free(op);
		return -ENOMEM;
	}
	quantization(op, r);
	parameters(op, r);
	if (chance(r, 15))
		through_sram(op, r);
	return 0;
}

void randop_free(struct randop *op)
{
	for (unsigned int i = 0; i < RANDOP_OPERANDS; i++)
		free(op->data[i]);
	memset(op, 0, sizeof(*op));
}

void randop_break(struct randop *op, struct tool_random *r)
{
	struct octet_cmd *c = &op->cmd;

#define BREAK(n, text, what) case n: what; op->invalid = text; break
	switch (tool_below(r, 18)) {
	BREAK(0, "unknown operation", c->op = 77);
	BREAK(1, "operation that is not offered", c->op = OCTET_OP_SOFTMAX);
	BREAK(2, "unknown output stage", c->stage = 6);
	BREAK(3, "reserved word", c->reserved0[3] = 1);
	BREAK(4, "unknown flag", c->flags |= 1u << 30);
	BREAK(5, "chain flag", c->flags |= OCTET_CMD_CHAIN);
	BREAK(6, "no input channels", c->cin = 0);
	BREAK(7, "no groups", c->groups = 0);
	BREAK(8, "stride 0", c->sh = 0);
	BREAK(9, "clamp upside down", (c->act_min = 5, c->act_max = 4));
	BREAK(10, "zero point outside its type", c->src.zero_point = 300);
	BREAK(11, "int16 input", c->src.type = OCTET_TYPE_INT16);
	BREAK(12, "no input", memset(&c->src, 0, sizeof(c->src)));
	BREAK(13, "second input", c->src2 = c->src);
	BREAK(14, "packed weights", c->wgt.layout = OCTET_LAYOUT_PACKED);
	BREAK(15, "constant result", c->dst.flags |= OCTET_OPERAND_CONST);
	BREAK(16, "extent over the limit", c->w = 1u << 21);
	BREAK(17, "SRAM operand outside the software part",
	      (c->src.space = OCTET_SPACE_SRAM, c->src.addr = 1u << 30));
	}
#undef BREAK
}

void randop_describe(const struct randop *op, char *text, size_t size)
{
	const struct octet_cmd *c = &op->cmd;

	snprintf(text, size,
		 "%s %s n %u,%u in %ux%ux%u out %ux%ux%u kernel %ux%u stride %u,%u dilation %u,%u "
		 "pad %u,%u groups %u types %u,%u,%u%s%s%s%s%s%s",
		 octet_op_name(c->op),
		 octet_stage_name((enum octet_stage_code)c->stage), c->n2, c->n, c->h, c->w,
		 c->cin, c->oh, c->ow, c->cout, c->r, c->s, c->sh, c->sw, c->dh, c->dw, c->pt,
		 c->pl, c->groups, c->src.type, c->wgt.type, c->dst.type,
		 c->prm.space ? " records" : "", c->chn.space ? " side-records" : "",
		 c->flags & OCTET_CMD_PER_TENSOR ? " per-tensor" : "", op->next.op ? " SRAM" : "",
		 op->invalid ? " broken: " : "", op->invalid ? op->invalid : "");
}
