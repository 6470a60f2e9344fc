// SPDX-License-Identifier: MIT
/* LUT, COPY and SOFTMAX of the device's arithmetic. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compute_item.h"
#include "unit.h"

static int32_t clamp(const struct octet_cmd *c, int64_t y)
{
	return (int32_t)(y < c->act_min ? c->act_min : y > c->act_max ? c->act_max : y);
}

static int64_t want_lut(const struct octet_work *w, size_t at)
{
	const struct octet_cmd *c = &w->cmd;
	int32_t x = item_get(w->src, at, c->src.type);
	const int16_t *t = w->table;
	double y;

	if (c->src.type != OCTET_TYPE_INT16)
		return clamp(c, item_get(w->table, (uint8_t)x, c->dst.type));
	x += 32768;
	/* exact: floor of a multiple of 1/128 */
	y = t[x / 128] + (t[x / 128 + 1] - t[x / 128]) * (x % 128) / 128.0 + 0.5;
	return clamp(c, (int64_t)(y + 65536) - 65536);
}

static void test_lut8(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 200; i++) {
		struct item it = { 0 };
		struct octet_cmd *c = &it.work.cmd;

		item_plain(c, OCTET_OP_LUT);
		c->src.type = item_type8();
		c->dst.type = item_type8();
		it.work.table = item_bytes(OCTET_LUT8_SIZE);
		item_clamp(c);
		item_start(&it);
		item_check(&it, want_lut);
		item_done(&it);
	}
}

/* all inputs */
static void test_lut16(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 30; i++) {
		struct item it = { 0 };
		struct octet_cmd *c = &it.work.cmd;
		int16_t *t;

		item_plain(c, OCTET_OP_LUT);
		c->n = 1;
		c->h = c->oh = c->w = c->ow = c->cin = c->cout = 64;
		c->src.type = c->dst.type = OCTET_TYPE_INT16;
		t = it.work.table = item_bytes(OCTET_LUT16_ENTRIES * 2);
		/* the steepest slopes */
		for (int k = 0; i == 0 && k < OCTET_LUT16_ENTRIES; k++)
			t[k] = k & 1 ? 32767 : -32768;
		item_clamp(c);
		item_start(&it);
		for (int32_t k = 0; k < 262144; k++)
			((int16_t *)it.work.src)[k] = (int16_t)k;
		item_check(&it, want_lut);
		item_done(&it);
	}
}

static int64_t want_copy(const struct octet_work *w, size_t at)
{
	return w->cmd.sub == OCTET_COPY_FILL ? w->cmd.pad_value :
					       item_get(w->src, at, w->cmd.src.type);
}

static void test_copy(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 200; i++) {
		struct item it = { 0 };
		struct octet_cmd *c = &it.work.cmd;

		item_plain(c, OCTET_OP_COPY);
		c->sub = i & 1 ? OCTET_COPY_FILL : OCTET_COPY_COPY;
		c->dst.type = (uint8_t)(OCTET_TYPE_INT8 + i / 2 % 4);
		c->src.type = c->dst.type;
		c->pad_value = c->dst.type == OCTET_TYPE_INT32 ?
			(int32_t)(item_rnd(1u << 31) << 1) : item_code(c->dst.type);
		item_start(&it);
		if (c->sub == OCTET_COPY_FILL) {
			free(it.work.src);
			it.work.src = NULL;
			c->src.type = OCTET_TYPE_NONE;
		}
		item_check(&it, want_copy);
		item_done(&it);
	}
}

/* gemmlowp's fixed point, step by step */
static int32_t doubling_high(int32_t a, int32_t b)
{
	int64_t ab = (int64_t)a * b;

	if (a == b && a == INT32_MIN)
		return INT32_MAX;
	return (int32_t)((ab + (ab >= 0 ? 1 << 30 : 1 - (1 << 30))) / (1ll << 31));
}

static int32_t by_pot(int32_t x, int e)
{
	int32_t mask = (int32_t)((1u << e) - 1), rest = x & mask;

	return (x >> e) + (rest > (mask >> 1) + (x < 0));
}

static int32_t times4(int32_t x)
{
	return x > INT32_MAX / 4 ? INT32_MAX : x < INT32_MIN / 4 ? INT32_MIN : x * 4;
}

/* one_over_one_plus_x_for_x_in_0_1 */
static int32_t one_over_one_plus(int32_t a)
{
	int64_t half = ((int64_t)a + INT32_MAX + 1) / 2;
	int32_t x = 1515870810 + doubling_high((int32_t)half, -1010580540);

	for (int i = 0; i < 3; i++) {
		int32_t rest = (1 << 29) - doubling_high((int32_t)half, x);

		x += times4(doubling_high(x, rest));
	}
	return x > INT32_MAX / 2 ? INT32_MAX : 2 * x;
}

static int64_t want_softmax(const struct octet_work *w, size_t at)
{
	const struct octet_cmd *c = &w->cmd;
	size_t from = at / c->cin * c->cin;
	const int32_t *table = w->table;
	int32_t max = INT32_MIN, e, sum12 = 0;
	int64_t sum = 0, y = 0;

	for (size_t i = from; i < from + c->cin; i++) {
		int32_t x = item_get(w->src, i, c->src.type);

		max = x > max ? x : max;
	}
	for (size_t i = from; i < from + c->cin; i++) {
		e = table[max - item_get(w->src, i, c->src.type)];
		sum += e;
		sum12 = (int32_t)((uint32_t)sum12 + (uint32_t)by_pot(e, 12));
	}
	e = table[max - item_get(w->src, at, c->src.type)];
	if (c->sub == OCTET_SOFTMAX_DIVIDE) {
		for (y = 0; sum && (2 * y + 1) * sum <= 512 * (int64_t)e;)
			y++;
	} else if (sum12) {
		int head = __builtin_clz((uint32_t)sum12);
		uint32_t unit = ((uint32_t)sum12 << head) - (1u << 31);
		int32_t r = one_over_one_plus((int32_t)unit);

		/* num_bits_over_unit = 12 - head, then 31 - 8 bits more */
		head = 12 - head + 31 - 8;
		y = doubling_high(r, e);
		y = head > 31 ? (y + (1ll << (head - 1))) >> head : by_pot((int32_t)y, head);
	}
	return clamp(c, y + c->dst.zero_point);
}

static void exponentials(int32_t *table, uint32_t kind)
{
	double e = 2147483647.0, step = 1 - 1.0 / (2 << item_rnd(8));

	for (int i = 0; i < OCTET_SOFTMAX_ENTRIES; i++, e *= step) {
		table[i] = (int32_t)e;
		if (kind == 0)
			table[i] = INT32_MAX;
		else if (kind == 1)
			table[i] = (int32_t)(item_rnd(1u << 31) >> item_rnd(31));
		else if (kind == 2)
			table[i] = (int32_t)item_rnd(4000);
	}
}

static void test_softmax(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 800; i++) {
		struct item it = { 0 };
		struct octet_cmd *c = &it.work.cmd;

		item_plain(c, OCTET_OP_SOFTMAX);
		c->n = 1;
		if (i % 50 == 0) {
			c->h = c->oh = c->w = c->ow = 1;
			c->cin = c->cout = i % 100 ? OCTET_SOFTMAX_MAX : 1001;
		} else if (c->cin > 40) {
			c->h = c->oh = 1;
			c->w = c->ow = 2;
		}
		c->sub = (uint8_t)(i & 1);
		c->src.type = item_type8();
		c->dst.type = item_type8();
		c->dst.zero_point = item_code(c->dst.type);
		it.work.table = malloc(OCTET_SOFTMAX_ENTRIES * 4);
		exponentials(it.work.table, i / 2 % 8);
		item_clamp(c);
		item_start(&it);
		item_check(&it, want_softmax);
		item_done(&it);
	}
}

static void test_cancel(void **state)
{
	static const uint8_t ops[] = { OCTET_OP_LUT, OCTET_OP_COPY, OCTET_OP_SOFTMAX };

	(void)state;
	for (uint32_t i = 0; i < 2 * sizeof(ops); i++) {
		struct item it = { 0 };
		struct octet_cmd *c = &it.work.cmd;

		item_plain(c, ops[i / 2]);
		c->src.type = c->dst.type = i & 1 && c->op != OCTET_OP_SOFTMAX ?
			OCTET_TYPE_INT16 : OCTET_TYPE_INT8;
		it.work.table = calloc(2048, 1);
		item_start(&it);
		atomic_store(&it.cancel, true);
		assert_int_equal(octet_work_compute(&it.work), -ECANCELED);
		item_done(&it);
	}
}

UNIT_MAIN(unit_case(test_lut8), unit_case(test_lut16), unit_case(test_copy),
	  unit_case(test_softmax), unit_case(test_cancel))
