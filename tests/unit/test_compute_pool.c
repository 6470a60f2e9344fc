// SPDX-License-Identifier: MIT
/* POOL of the device's arithmetic, against loops and C's division. */
#include <errno.h>
#include <stdlib.h>

#include "compute_item.h"
#include "unit.h"

struct taps {
	int64_t sum, max, n;
};

static struct taps window(const struct octet_work *w, size_t at)
{
	const struct octet_cmd *c = &w->cmd;
	size_t o = at % c->cout, p = at / c->cout, per = (size_t)c->oh * c->ow;
	struct taps t = { .max = INT32_MIN };

	for (int64_t i = 0; i < c->r; i++)
		for (int64_t j = 0; j < c->s; j++) {
			int64_t y = (int64_t)(p % per / c->ow * c->sh) - c->pt + i;
			int64_t x = (int64_t)(p % c->ow * c->sw) - c->pl + j, v;

			if (y < 0 || y >= c->h || x < 0 || x >= c->w)
				continue;
			v = item_get(w->src, ((p / per * c->h + (size_t)y) * c->w + (size_t)x) *
				     c->cin + o, c->src.type);
			t.sum += v;
			t.max = v > t.max ? v : t.max;
			t.n++;
		}
	return t;
}

static int64_t want(const struct octet_work *w, size_t at)
{
	const struct octet_cmd *c = &w->cmd;
	struct taps t = window(w, at);
	int64_t y = t.max;

	if (c->sub == OCTET_POOL_AVERAGE)
		y = t.sum > 0 ? (t.sum + t.n / 2) / t.n : (t.sum - t.n / 2) / t.n;
	if (c->sub == OCTET_POOL_SUM)
		y = item_stage(c, (int32_t)(t.sum - t.n * c->src.zero_point));
	y = y < c->act_min ? c->act_min : y > c->act_max ? c->act_max : y;
	if (c->tail & OCTET_TAIL_LUT)
		return item_get(w->table, (uint8_t)y, c->dst.type);
	return y;
}

/* extent, window, stride, padding and results of one direction: each meets the image */
static void direction(uint32_t *in, uint32_t *out, uint16_t *taps, uint16_t *step, uint16_t *pad)
{
	*in = 1 + item_rnd(12);
	*taps = (uint16_t)(1 + item_rnd(6));
	*step = (uint16_t)(1 + item_rnd(3));
	*pad = (uint16_t)item_rnd(*taps);
	*out = 1 + item_rnd((*in + *pad - 1) / *step + 1);
}

static void sums(struct item *it)
{
	struct octet_cmd *c = &it->work.cmd;

	c->stage = (uint8_t)item_rnd(6);
	c->src.zero_point = item_code(c->src.type);
	if (c->stage == OCTET_STAGE_RAW) {
		c->dst.type = OCTET_TYPE_INT32;
		return;
	}
	c->dst.type = item_type8();
	c->dst.zero_point = item_code(c->dst.type);
	c->dst.mult = c->stage == OCTET_STAGE_FP32_RNE ? 0x3d000000 + item_rnd(0x2000000) :
							  item_rnd(1u << 31);
	c->dst.shift = c->stage == OCTET_STAGE_FP32_RNE ? 0 : 1 + item_rnd(item_rnd(2) ? 62 : 36);
	if (item_rnd(2)) {
		c->tail = OCTET_TAIL_LUT;
		it->work.table = item_bytes(OCTET_LUT8_SIZE);
	}
}

static void test_all_kinds(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 2000; i++) {
		struct item it = { 0 };
		struct octet_cmd *c = &it.work.cmd;

		item_plain(c, OCTET_OP_POOL);
		c->sub = (uint8_t)(i % 3);
		direction(&c->h, &c->oh, &c->r, &c->sh, &c->pt);
		direction(&c->w, &c->ow, &c->s, &c->sw, &c->pl);
		c->src.type = c->dst.type = c->sub != OCTET_POOL_SUM && item_rnd(4) == 0 ?
			OCTET_TYPE_INT16 : item_type8();
		if (c->sub == OCTET_POOL_SUM)
			sums(&it);
		item_clamp(c);
		item_start(&it);
		item_check(&it, want);
		item_done(&it);
	}
}

/* the results of a window of @n taps, whose sum is one less in each channel */
static void every_sum(uint32_t n, uint8_t type)
{
	struct item it = { 0 };
	struct octet_cmd *c = &it.work.cmd;

	item_plain(c, OCTET_OP_POOL);
	c->sub = OCTET_POOL_AVERAGE;
	c->n = 1;
	c->h = 1;
	c->oh = c->ow = 1;
	c->w = n;
	c->s = (uint16_t)n;
	c->cin = c->cout = 255 * n + 1;
	c->src.type = c->dst.type = type;
	item_clamp(c);
	c->act_min = item_low(type);
	c->act_max = item_high(type);
	item_start(&it);
	for (uint32_t i = 0; i < c->cin; i++)
		for (uint32_t t = 0; t < n; t++) {
			int32_t v = (int32_t)(i / n + (t < i % n)) + item_low(type);

			it.work.src[(size_t)t * c->cin + i] = (uint8_t)v;
		}
	item_check(&it, want);
	item_done(&it);
}

static void test_every_average(void **state)
{
	(void)state;
	for (uint32_t n = 1; n <= 81; n++) {
		every_sum(n, OCTET_TYPE_INT8);
		every_sum(n, OCTET_TYPE_UINT8);
	}
}

/* the formula of the larger windows: every sum near a tie, both signs */
static void test_reciprocal(void **state)
{
	(void)state;
	for (int64_t n = 1; n <= 1024; n++) {
		unsigned int bits = 0;
		int64_t mult;

		while ((1ll << bits) < n)
			bits++;
		mult = (((1ll << 30) + 1) << bits) / n;
		for (int64_t q = -256; q < 256; q++)
			for (int64_t d = -1; d <= 1; d++) {
				int64_t sum = q * n + n / 2 + d;
				int64_t y = sum > 0 ? (sum + n / 2) / n : (sum - n / 2) / n;

				if (sum < -128 * n || sum > 255 * n)
					continue;
				if (y != (sum * mult + (1ll << (29 + bits))) >> (30 + bits))
					fail_msg("%lld of %lld taps", (long long)sum, (long long)n);
			}
	}
}

/* windows too large for the reciprocal, sums of int16 beyond 32 bits */
static void test_large_windows(void **state)
{
	static const uint32_t sizes[] = { 1023, 1024, 1025, 70000, 131073 };

	(void)state;
	for (uint32_t i = 0; i < 60; i++) {
		struct item it = { 0 };
		struct octet_cmd *c = &it.work.cmd;

		item_plain(c, OCTET_OP_POOL);
		c->sub = (uint8_t)(i % 3);
		c->n = c->oh = c->ow = 1;
		c->h = c->r = 3;
		c->w = sizes[i / 3 % 5] / 3;
		c->s = (uint16_t)(c->w > 65535 ? 65535 : c->w);
		c->cin = c->cout = 1 + item_rnd(5);
		c->src.type = c->dst.type = i & 1 && c->sub != OCTET_POOL_SUM ? OCTET_TYPE_INT16 :
										 item_type8();
		if (c->sub == OCTET_POOL_SUM)
			sums(&it);
		item_clamp(c);
		item_start(&it);
		item_check(&it, want);
		item_done(&it);
	}
}

static void test_cancel(void **state)
{
	struct item it = { 0 };
	struct octet_cmd *c = &it.work.cmd;

	(void)state;
	item_plain(c, OCTET_OP_POOL);
	c->src.type = c->dst.type = OCTET_TYPE_INT8;
	item_start(&it);
	atomic_store(&it.cancel, true);
	assert_int_equal(octet_work_compute(&it.work), -ECANCELED);
	item_done(&it);
}

UNIT_MAIN(unit_case(test_all_kinds), unit_case(test_every_average), unit_case(test_reciprocal),
	  unit_case(test_large_windows), unit_case(test_cancel))
