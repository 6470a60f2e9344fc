// SPDX-License-Identifier: MIT
/* RESIZE and REDUCE of the device's arithmetic. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "compute_item.h"
#include "unit.h"

static int64_t clamp(const struct octet_cmd *c, int64_t y)
{
	return y < c->act_min ? c->act_min : y > c->act_max ? c->act_max : y;
}

/* exact in doubles: at most 39 bits, the quotient by a power of two */
static int64_t want_resize(const struct octet_work *w, size_t at)
{
	const struct octet_cmd *c = &w->cmd;
	const struct octet_tap *taps = w->table;
	size_t o = at % c->cout, p = at / c->cout, per = (size_t)c->oh * c->ow;
	const struct octet_tap *row = &taps[p % per / c->ow], *col = &taps[c->oh + p % c->ow];
	double v = 0;

	for (int i = 0; i < 4; i++) {
		size_t y = i & 2 ? row->hi : row->lo, x = i & 1 ? col->hi : col->lo;
		double wy = i & 2 ? row->weight : 1024 - row->weight;
		double wx = i & 1 ? col->weight : 1024 - col->weight;

		v += wy * wx * item_get(w->src, ((p / per * c->h + y) * c->w + x) * c->cin + o,
					c->src.type);
	}
	return clamp(c, (int64_t)round(v / 1048576));
}

static void taps(struct octet_tap *tap, uint32_t n, uint32_t extent, uint32_t kind)
{
	for (uint32_t i = 0; i < n; i++) {
		tap[i].lo = item_rnd(extent);
		tap[i].hi = item_rnd(extent);
		tap[i].weight = (int32_t)item_rnd(1025);
		if (kind == 0)
			tap[i].weight = (int32_t)item_rnd(2049) - 1024;
		else if (kind == 1)
			tap[i].weight = -1024;
		else if (kind == 2)
			tap[i].weight = 512 * (int32_t)item_rnd(3);
		else if (kind == 3)
			tap[i].weight = 0;
	}
}

static void test_resize(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		struct item it = { 0 };
		struct octet_cmd *c = &it.work.cmd;
		struct octet_tap *t;

		item_plain(c, OCTET_OP_RESIZE);
		c->oh = 1 + item_rnd(12);
		c->ow = 1 + item_rnd(12);
		c->src.type = item_rnd(3) ? item_type8() : OCTET_TYPE_INT16;
		c->dst.type = c->src.type;
		t = it.work.table = calloc((size_t)c->oh + c->ow, sizeof(*t));
		taps(t, c->oh, c->h, i % 6);
		taps(t + c->oh, c->ow, c->w, i % 6);
		item_clamp(c);
		item_start(&it);
		item_check(&it, want_resize);
		item_done(&it);
	}
}

static int64_t want_reduce(const struct octet_work *w, size_t at)
{
	const struct octet_cmd *c = &w->cmd;
	bool max = c->sub == OCTET_REDUCE_MAX || c->sub == OCTET_REDUCE_ARGMAX;
	bool arg = c->sub >= OCTET_REDUCE_ARGMAX;
	int32_t best = item_get(w->src, at * c->cin, c->src.type);
	size_t where = 0;

	for (size_t i = 1; i < c->cin; i++) {
		int32_t x = item_get(w->src, at * c->cin + i, c->src.type);

		if (max ? x > best : x < best) {
			best = x;
			where = i;
		}
	}
	return clamp(c, arg ? (int64_t)where : best);
}

static void test_reduce(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		struct item it = { 0 };
		struct octet_cmd *c = &it.work.cmd;

		item_plain(c, OCTET_OP_REDUCE);
		c->cout = 1;
		c->sub = (uint8_t)(i % 4);
		c->src.type = item_rnd(3) ? item_type8() : OCTET_TYPE_INT16;
		c->dst.type = c->sub >= OCTET_REDUCE_ARGMAX ? OCTET_TYPE_INT32 : c->src.type;
		item_clamp(c);
		if (item_rnd(9) == 0 && c->dst.type == OCTET_TYPE_INT32)
			c->act_max = 7;
		item_start(&it);
		/* few codes: several are the largest */
		for (uint32_t k = 0; i & 4 && k < it.results * c->cin; k++)
			if (c->src.type != OCTET_TYPE_INT16)
				it.work.src[k] &= 0x83;
		item_check(&it, want_reduce);
		item_done(&it);
	}
}

static void test_cancel(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		struct item it = { 0 };
		struct octet_cmd *c = &it.work.cmd;

		item_plain(c, i ? OCTET_OP_RESIZE : OCTET_OP_REDUCE);
		c->src.type = c->dst.type = OCTET_TYPE_INT8;
		c->cout = i ? c->cin : 1;
		it.work.table = calloc((size_t)c->oh + c->ow, sizeof(struct octet_tap));
		item_start(&it);
		atomic_store(&it.cancel, true);
		assert_int_equal(octet_work_compute(&it.work), -ECANCELED);
		item_done(&it);
	}
}

UNIT_MAIN(unit_case(test_resize), unit_case(test_reduce), unit_case(test_cancel))
