// SPDX-License-Identifier: MIT
/* EW of the device's arithmetic, against TFLite's steps. */
#include <errno.h>
#include <stdlib.h>

#include "compute_item.h"
#include "unit.h"

static int32_t clamp(const struct octet_cmd *c, int64_t y)
{
	return (int32_t)(y < c->act_min ? c->act_min : y > c->act_max ? c->act_max : y);
}

static int64_t scaled(const struct octet_cmd *c, const struct octet_operand *o, int32_t x)
{
	return item_addend(c->stage, (int64_t)x - o->zero_point, c->left_shift, o->mult, o->shift);
}

static int64_t want(const struct octet_work *w, size_t at)
{
	const struct octet_cmd *c = &w->cmd;
	int32_t x = item_get(w->src, at, c->src.type), x2 = item_get(w->src2, at, c->src2.type);
	int64_t a = scaled(c, &c->src, x), b = scaled(c, &c->src2, x2), y;

	switch (c->sub) {
	case OCTET_EW_MIN:
	case OCTET_EW_MAX:
		y = clamp(c, (c->sub == OCTET_EW_MIN) == (x < x2) ? x : x2);
		break;
	case OCTET_EW_MUL:
		y = (int64_t)(x - c->src.zero_point) * (x2 - c->src2.zero_point);
		y = item_stage(c, (int32_t)(uint32_t)(uint64_t)y);
		break;
	default:
		y = c->sub == OCTET_EW_ADD ? a + b : a - b;
		y = (int32_t)(uint32_t)(uint64_t)y;
		if (c->sub == OCTET_EW_SQDIFF)
			y = (int32_t)((uint32_t)y * (uint32_t)y);
		y = (int32_t)item_fix(c->stage, (int32_t)y, c->dst.mult, c->dst.shift);
		y = clamp(c, y + c->dst.zero_point);
	}
	if (c->tail & OCTET_TAIL_LUT)
		return item_get(w->table, (uint8_t)y, c->dst.type);
	return y;
}

/* sensible two times out of three, else anything that is allowed */
static void rescale(struct octet_operand *o, bool sensible, uint32_t shift, uint32_t low)
{
	o->mult = item_rnd(1u << 31);
	o->shift = sensible ? shift + item_rnd(6) : low + item_rnd(63 - low);
	if (item_rnd(8) == 0)
		o->mult = OCTET_MULT_MAX;
}

static void arithmetic(struct octet_cmd *c, bool sensible)
{
	bool square = c->sub == OCTET_EW_MUL || c->sub == OCTET_EW_SQDIFF;

	c->stage = (uint8_t)(1 + item_rnd(c->sub == OCTET_EW_MUL ? 5 : 4));
	c->src.zero_point = item_code(c->src.type);
	c->src2.zero_point = item_code(c->src2.type);
	c->dst.zero_point = item_code(c->dst.type);
	if (c->stage == OCTET_STAGE_FP32_RNE)
		c->dst.mult = 0x38000000 + item_rnd(0x4000000);
	else
		rescale(&c->dst, sensible, square ? 36 : c->left_shift + 30, 1);
	if (c->sub == OCTET_EW_MUL)
		return;
	c->left_shift = item_rnd(21);
	rescale(&c->src, sensible, 31, 0);
	rescale(&c->src2, sensible, 31, 0);
	if (sensible)
		c->dst.shift = (square ? 33 : 31) + c->left_shift + item_rnd(4);
	if (c->dst.shift > OCTET_SHIFT_MAX)
		c->dst.shift = OCTET_SHIFT_MAX;
}

static void one(uint8_t sub, bool wide)
{
	struct item it = { 0 };
	struct octet_cmd *c = &it.work.cmd;

	item_plain(c, OCTET_OP_EW);
	c->sub = sub;
	c->src.type = item_type8();
	c->src2.type = item_type8();
	c->dst.type = item_type8();
	if (sub == OCTET_EW_MIN || sub == OCTET_EW_MAX)
		c->src2.type = c->dst.type = c->src.type;
	else
		arithmetic(c, item_rnd(3));
	if (wide) {
		c->src.type = c->src2.type = c->dst.type = OCTET_TYPE_INT16;
		if (c->stage) {
			c->src.zero_point = item_code(OCTET_TYPE_INT16);
			c->dst.zero_point = item_code(OCTET_TYPE_INT16);
		}
	} else if (item_rnd(3) == 0) {
		c->tail = OCTET_TAIL_LUT;
		it.work.table = item_bytes(OCTET_LUT8_SIZE);
	}
	item_clamp(c);
	item_start(&it);
	item_check(&it, want);
	item_done(&it);
}

static void test_all_kinds(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 3000; i++)
		one((uint8_t)(i % 6), i % 4 == 0);
}

/* every pair of codes, with the parameters of a real addition */
static void test_every_pair(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 48; i++) {
		struct item it = { 0 };
		struct octet_cmd *c = &it.work.cmd;

		item_plain(c, OCTET_OP_EW);
		c->n = 1;
		c->h = c->oh = c->w = c->ow = 16;
		c->cin = c->cout = 256;
		c->src.type = item_type8();
		c->src2.type = item_type8();
		c->dst.type = item_type8();
		c->sub = (uint8_t)(i % 3);
		arithmetic(c, true);
		item_clamp(c);
		item_start(&it);
		for (uint32_t k = 0; k < 65536; k++) {
			it.work.src[k] = (uint8_t)k;
			it.work.src2[k] = (uint8_t)(k >> 8);
		}
		item_check(&it, want);
		item_done(&it);
	}
}

static void test_cancel(void **state)
{
	struct item it = { 0 };
	struct octet_cmd *c = &it.work.cmd;

	(void)state;
	for (uint8_t sub = 0; sub < 6; sub++) {
		it = (struct item) { 0 };
		item_plain(c, OCTET_OP_EW);
		c->sub = sub;
		c->src.type = c->src2.type = c->dst.type = OCTET_TYPE_INT8;
		if (sub != OCTET_EW_MIN && sub != OCTET_EW_MAX)
			arithmetic(c, true);
		item_start(&it);
		atomic_store(&it.cancel, true);
		assert_int_equal(octet_work_compute(&it.work), -ECANCELED);
		item_done(&it);
	}
}

/* the injected fault shows in sums too */
static void test_break_rounding(void **state)
{
	struct item it = { 0 };
	struct octet_cmd *c = &it.work.cmd;
	size_t differ = 0;

	(void)state;
	item_plain(c, OCTET_OP_EW);
	c->n = 1;
	c->h = c->oh = c->w = c->ow = 30;
	c->cin = c->cout = 20;
	c->src.type = c->src2.type = c->dst.type = OCTET_TYPE_INT8;
	c->stage = OCTET_STAGE_FIX_DBL;
	c->left_shift = 2;
	c->src.mult = c->src2.mult = c->dst.mult = 1 << 30;
	c->src.shift = c->src2.shift = 31;
	c->dst.shift = 35;
	c->act_min = -128;
	c->act_max = 127;
	item_start(&it);
	for (size_t i = 0; i < it.results; i++)
		it.work.src[i] = (uint8_t)i;
	item_check(&it, want);
	it.work.break_rounding = true;
	assert_int_equal(octet_work_compute(&it.work), 0);
	for (size_t i = 0; i < it.results; i++)
		differ += want(&it.work, i) != item_get(it.work.dst, i, c->dst.type);
	assert_true(differ > it.results / 10);
	item_done(&it);
}

UNIT_MAIN(unit_case(test_all_kinds), unit_case(test_every_pair), unit_case(test_cancel),
	  unit_case(test_break_rounding))
