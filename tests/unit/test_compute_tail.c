// SPDX-License-Identifier: MIT
/* Tails of the device's arithmetic: the same command without them, then TFLite's steps. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compute_item.h"
#include "unit.h"

/* what the output stage gives, of the command under test */
static uint8_t *before;

static int64_t want(const struct octet_work *w, size_t at)
{
	const struct octet_cmd *c = &w->cmd;
	int64_t y = item_get(before, at, c->dst.type), x2;

	if (c->tail & OCTET_TAIL_ADD) {
		x2 = item_get(w->src2, at, c->src2.type) - (int64_t)c->src2.zero_point;
		y = item_addend(c->sum_stage, y - c->mid_zero_point, c->left_shift, c->mid_mult,
				c->mid_shift);
		y += item_addend(c->sum_stage, x2, c->left_shift, c->src2.mult, c->src2.shift);
		y = (int32_t)item_fix(c->sum_stage, (int32_t)y, c->sum_mult, c->sum_shift);
		y += c->dst.zero_point;
		y = y < c->act_min ? c->act_min : y > c->act_max ? c->act_max : y;
	}
	if (c->tail & OCTET_TAIL_LUT)
		return item_get(w->table, (uint8_t)y, c->dst.type);
	return y;
}

static void without(struct item *it)
{
	struct item plain = *it;
	struct octet_cmd *c = &plain.work.cmd;

	c->tail = 0;
	if (it->work.cmd.tail & OCTET_TAIL_ADD) {
		c->dst.zero_point = c->mid_zero_point;
		c->act_min = c->mid_min;
		c->act_max = c->mid_max;
	}
	before = malloc(it->results);
	plain.work.dst = before;
	assert_int_equal(octet_work_compute(&plain.work), 0);
}

static void shape(struct octet_cmd *c)
{
	static const uint8_t ops[] = {
		OCTET_OP_CONV2D, OCTET_OP_DEPTHWISE, OCTET_OP_GEMM, OCTET_OP_TCONV2D,
	};

	item_plain(c, ops[item_rnd(4)]);
	c->cin = 1 + item_rnd(20);
	c->cout = c->op == OCTET_OP_DEPTHWISE ? c->cin : 1 + item_rnd(item_rnd(4) ? 60 : 600);
	if (c->op == OCTET_OP_GEMM) {
		c->n2 = 1 + item_rnd(2);
		c->w = c->ow = 1;
	} else {
		c->r = c->s = (uint16_t)(1 + item_rnd(3));
		c->sh = c->sw = (uint16_t)(1 + item_rnd(2));
		c->pt = c->pl = c->r / 2;
	}
}

static void addition(struct octet_cmd *c, bool sensible)
{
	c->tail |= OCTET_TAIL_ADD;
	c->src2.type = item_type8();
	c->src2.zero_point = item_code(c->src2.type);
	c->mid_zero_point = item_code(c->dst.type);
	c->mid_min = item_low(c->dst.type) + (int32_t)item_rnd(40);
	c->mid_max = item_high(c->dst.type) - (int32_t)item_rnd(40);
	c->sum_stage = (uint8_t)(1 + item_rnd(4));
	c->left_shift = item_rnd(21);
	c->mid_mult = item_rnd(1u << 31);
	c->src2.mult = item_rnd(1u << 31);
	c->sum_mult = item_rnd(1u << 31);
	c->mid_shift = sensible ? 31 + item_rnd(3) : item_rnd(63);
	c->src2.shift = sensible ? 31 + item_rnd(3) : item_rnd(63);
	c->sum_shift = sensible ? c->left_shift + 30 + item_rnd(4) : 1 + item_rnd(62);
}

static void test_random(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 1500; i++) {
		struct item it = { 0 };
		struct octet_cmd *c = &it.work.cmd;

		shape(c);
		c->src.type = item_type8();
		c->wgt.type = item_type8();
		c->dst.type = item_type8();
		c->src.zero_point = item_code(c->src.type);
		c->dst.zero_point = item_code(c->dst.type);
		c->stage = (uint8_t)(1 + item_rnd(5));
		c->dst.mult = c->stage == OCTET_STAGE_FP32_RNE ? 0x3b000000 + item_rnd(0x1000000) :
								  item_rnd(1u << 31);
		c->dst.shift = c->stage == OCTET_STAGE_FP32_RNE ? 0 : 36 + item_rnd(8);
		if (i % 3)
			addition(c, item_rnd(3));
		if (i % 3 != 1) {
			c->tail |= OCTET_TAIL_LUT;
			it.work.table = item_bytes(OCTET_LUT8_SIZE);
		}
		item_clamp(c);
		item_start(&it);
		without(&it);
		item_check(&it, want);
		free(before);
		item_done(&it);
	}
}

/* the injected fault reaches the rescales of the addition: the output stage has another code */
static void test_break_rounding(void **state)
{
	struct item it = { 0 };
	struct octet_cmd *c = &it.work.cmd;
	size_t differ = 0;

	(void)state;
	item_plain(c, OCTET_OP_GEMM);
	c->n = 1;
	c->h = c->oh = 100;
	c->w = c->ow = 1;
	c->cin = 20;
	c->cout = 32;
	c->src.type = c->wgt.type = c->dst.type = OCTET_TYPE_INT8;
	c->stage = OCTET_STAGE_FIX_UP;
	c->dst.mult = 1 << 30;
	c->dst.shift = 38;
	item_clamp(c);
	addition(c, true);
	c->sum_stage = OCTET_STAGE_FIX_DBL;
	c->left_shift = 1;
	c->mid_mult = c->src2.mult = c->sum_mult = 1 << 30;
	c->mid_shift = c->src2.shift = 31;
	c->sum_shift = 34;
	item_start(&it);
	for (size_t i = 0; i < it.results; i++)
		it.work.src2[i] = (uint8_t)i;
	without(&it);
	item_check(&it, want);
	it.work.break_rounding = true;
	assert_int_equal(octet_work_compute(&it.work), 0);
	for (size_t i = 0; i < it.results; i++)
		differ += want(&it.work, i) != item_get(it.work.dst, i, c->dst.type);
	assert_true(differ > it.results / 10);
	free(before);
	item_done(&it);
}

UNIT_MAIN(unit_case(test_random), unit_case(test_break_rounding))
