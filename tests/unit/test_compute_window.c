// SPDX-License-Identifier: MIT
/*
 * TCONV2D, and everything that has int16 inputs: the device's arithmetic against
 * loops that scatter each input to the results it reaches.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compute_item.h"
#include "unit.h"

/* the sums of all results, modulo 2^64 */
static uint64_t *sums;

static int64_t weight(const struct octet_work *w, size_t at, size_t o)
{
	return item_get(w->wgt, at, w->cmd.wgt.type) -
	       (w->chn ? w->chn[o].zero_point : w->cmd.wgt.zero_point);
}

static int64_t input(const struct octet_work *w, size_t at)
{
	return item_get(w->src, at, w->cmd.src.type) - w->cmd.src.zero_point;
}

/* one input pixel and one tap to one result pixel; group g */
static void to_result(const struct octet_work *w, size_t from, size_t to, size_t r, size_t s,
		      size_t g)
{
	const struct octet_cmd *c = &w->cmd;
	size_t ci = c->cin / c->groups, co = c->cout / c->groups;

	for (size_t o = g * co; o < (g + 1) * co; o++)
		for (size_t i = 0; i < ci; i++)
			sums[to * c->cout + o] += (uint64_t)(input(w, from * c->cin + g * ci + i) *
				weight(w, ((o * c->r + r) * c->s + s) * ci + i, o));
}

static void transposed(const struct octet_work *w)
{
	const struct octet_cmd *c = &w->cmd;

	for (size_t p = 0; p < (size_t)c->n * c->h * c->w; p++)
		for (size_t t = 0; t < (size_t)c->r * c->s; t++) {
			size_t r = t / c->s, s = t % c->s, n = p / c->h / c->w;
			int64_t y = (int64_t)(p / c->w % c->h * c->sh + r) - c->pt;
			int64_t x = (int64_t)(p % c->w * c->sw + s) - c->pl;

			if (y < 0 || y >= c->oh || x < 0 || x >= c->ow)
				continue;
			for (size_t g = 0; g < c->groups; g++)
				to_result(w, p, (n * c->oh + (size_t)y) * c->ow + (size_t)x, r, s,
					  g);
		}
}

/* CONV2D and DEPTHWISE, whose padding has a value */
static void convolution(const struct octet_work *w, size_t at)
{
	const struct octet_cmd *c = &w->cmd;
	bool dw = c->op == OCTET_OP_DEPTHWISE;
	size_t o = at % c->cout, p = at / c->cout, ci = dw ? 1 : c->cin / c->groups;
	size_t first = dw ? o / (c->cout / c->cin) : o / (c->cout / c->groups) * ci;

	for (size_t k = 0; k < c->r * c->s * ci; k++) {
		int64_t y = (int64_t)(p / c->ow % c->oh * c->sh + k / ci / c->s * c->dh) - c->pt;
		int64_t x = (int64_t)(p % c->ow * c->sw + k / ci % c->s * c->dw) - c->pl;
		int64_t v = (int64_t)c->pad_value - c->src.zero_point;

		if (y >= 0 && y < c->h && x >= 0 && x < c->w)
			v = input(w, ((p / c->ow / c->oh * c->h + (size_t)y) * c->w + (size_t)x) *
				  c->cin + first + k % ci);
		sums[at] += (uint64_t)(v * weight(w, dw ? k * c->cout + o :
						  o * c->r * c->s * ci + k, o));
	}
}

static void product(const struct octet_work *w, size_t at)
{
	const struct octet_cmd *c = &w->cmd;
	size_t o = at % c->cout, i = at / c->cout % c->h, b = at / c->cout / c->h;

	for (size_t k = 0; k < c->cin; k++) {
		size_t a = c->src.flags & OCTET_OPERAND_TRANSPOSED ? k * c->h + i :
								      i * c->cin + k;
		size_t t = c->wgt.flags & OCTET_OPERAND_TRANSPOSED ? o * c->cin + k :
								      k * c->cout + o;

		sums[at] += (uint64_t)(input(w, b * c->h * c->cin + a) *
				       weight(w, b * c->cin * c->cout + t, o));
	}
}

static void all_sums(const struct octet_work *w, size_t results)
{
	sums = calloc(results, sizeof(*sums));
	if (w->cmd.op == OCTET_OP_TCONV2D)
		transposed(w);
	for (size_t i = 0; w->cmd.op != OCTET_OP_TCONV2D && i < results; i++) {
		if (w->cmd.op == OCTET_OP_GEMM)
			product(w, i);
		else
			convolution(w, i);
	}
}

/* TFLite's int64 MultiplyByQuantizedMultiplier, after the reduction of its multiplier */
static int64_t want16(const struct octet_work *w, size_t at)
{
	const struct octet_cmd *c = &w->cmd;
	bool tensor = !w->prm16 || c->flags & OCTET_CMD_PER_TENSOR;
	size_t o = at % c->cout;
	uint64_t v = sums[at] + (w->prm16 ? (uint64_t)w->prm16[o].bias : 0);
	unsigned int shift = tensor ? c->dst.shift : w->prm16[o].shift;
	__int128 y = v & 0xffffffffffff;

	if (y >> 47)
		y -= (__int128)1 << 48;
	y = y * (tensor ? c->dst.mult : w->prm16[o].mult) + ((__int128)1 << (shift - 1));
	y = (y >= 0 ? y : y - ((__int128)1 << shift) + 1) / ((__int128)1 << shift);
	return y < c->act_min ? c->act_min : y > c->act_max ? c->act_max : (int64_t)y;
}

static int64_t want8(const struct octet_work *w, size_t at)
{
	struct octet_cmd c = w->cmd;
	size_t o = at % c.cout;
	bool tensor = c.flags & OCTET_CMD_PER_TENSOR;
	uint32_t v = (uint32_t)sums[at] + (w->prm ? (uint32_t)w->prm[o].bias : 0);

	if (w->prm && !tensor)
		c.dst.mult = w->prm[o].mult;
	if (w->chn && !tensor)
		c.dst.shift = w->chn[o].shift;
	return item_stage(&c, (int32_t)v);
}

static void shape(struct octet_cmd *c, uint8_t op)
{
	item_plain(c, op);
	c->cin = 1 + item_rnd(item_rnd(2) ? 4 : 30);
	c->cout = 1 + item_rnd(item_rnd(2) ? 4 : 40);
	if (op == OCTET_OP_GEMM) {
		c->n2 = 1 + item_rnd(2);
		c->w = c->ow = 1;
		c->cin = 1 + item_rnd(item_rnd(3) ? 70 : 9000);
		c->src.flags = item_rnd(2) ? OCTET_OPERAND_TRANSPOSED : 0;
		c->wgt.flags = item_rnd(2) ? OCTET_OPERAND_TRANSPOSED : 0;
		return;
	}
	c->oh = 1 + item_rnd(12);
	c->ow = 1 + item_rnd(12);
	c->r = (uint16_t)(1 + item_rnd(5));
	c->s = (uint16_t)(1 + item_rnd(5));
	c->sh = (uint16_t)(1 + item_rnd(4));
	c->sw = (uint16_t)(1 + item_rnd(4));
	c->pt = (uint16_t)item_rnd(item_rnd(9) ? 5 : 30);
	c->pl = (uint16_t)item_rnd(item_rnd(9) ? 5 : 30);
	if (op != OCTET_OP_TCONV2D) {
		c->dh = (uint16_t)(1 + item_rnd(3));
		c->dw = (uint16_t)(1 + item_rnd(3));
	}
	if (op == OCTET_OP_DEPTHWISE) {
		c->cout = c->cin * (1 + item_rnd(item_rnd(2) ? 1 : 20));
	} else if (item_rnd(3) == 0) {
		c->groups = 1 + item_rnd(4);
		c->cin = c->groups * (1 + item_rnd(6));
		c->cout = c->groups * (1 + item_rnd(20));
	}
}

static void records16(struct item *it)
{
	struct octet_cmd *c = &it->work.cmd;

	c->stage = OCTET_STAGE_FIX_UP;
	c->dst.mult = item_rnd(1 << 15);
	c->dst.shift = item_rnd(2) ? 15 + item_rnd(20) : 1 + item_rnd(62);
	if (item_rnd(4) == 0)
		return;
	it->work.prm16 = calloc(c->cout, sizeof(*it->work.prm16));
	c->flags = item_rnd(4) ? 0 : OCTET_CMD_PER_TENSOR;
	for (uint32_t o = 0; o < c->cout; o++) {
		struct octet_param16 *p = &it->work.prm16[o];

		p->bias = (int64_t)item_rnd(1 << 30) * (1 << item_rnd(18)) *
			  (item_rnd(2) ? 1 : -1);
		if (item_rnd(9) == 0)
			p->bias = item_rnd(2) ? (1ll << 47) - 1 : -(1ll << 47);
		p->mult = item_rnd(9) ? item_rnd(1 << 15) : OCTET_MULT16_MAX;
		p->shift = (uint8_t)(item_rnd(2) ? 15 + item_rnd(30) : 1 + item_rnd(62));
	}
}

static void one16(uint8_t op)
{
	struct item it = { 0 };
	struct octet_cmd *c = &it.work.cmd;

	shape(c, op);
	c->src.type = c->dst.type = OCTET_TYPE_INT16;
	c->wgt.type = item_rnd(3) ? OCTET_TYPE_INT8 : OCTET_TYPE_INT4;
	if (op == OCTET_OP_CONV2D || op == OCTET_OP_DEPTHWISE)
		c->pad_value = item_rnd(2) ? 0 : item_code(OCTET_TYPE_INT16);
	records16(&it);
	item_clamp(c);
	item_start(&it);
	all_sums(&it.work, it.results);
	item_check(&it, want16);
	free(sums);
	item_done(&it);
}

static void test_int16(void **state)
{
	static const uint8_t ops[] = {
		OCTET_OP_CONV2D, OCTET_OP_DEPTHWISE, OCTET_OP_GEMM, OCTET_OP_TCONV2D,
	};

	(void)state;
	for (uint32_t i = 0; i < 1600; i++)
		one16(ops[i % 4]);
}

/* the largest products, long enough that partial sums would leave 32 bits */
static void test_int16_extremes(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 8; i++) {
		struct item it = { 0 };
		struct octet_cmd *c = &it.work.cmd;

		shape(c, OCTET_OP_GEMM);
		c->n = c->n2 = 1;
		c->h = c->oh = 2;
		c->cin = i & 4 ? 1 << 20 : 20011;
		c->cout = 3;
		c->src.type = c->dst.type = OCTET_TYPE_INT16;
		c->wgt.type = OCTET_TYPE_INT8;
		c->stage = OCTET_STAGE_FIX_UP;
		c->dst.mult = OCTET_MULT16_MAX;
		c->dst.shift = 44;
		item_clamp(c);
		item_start(&it);
		for (uint32_t k = 0; k < 2 * c->cin; k++)
			((int16_t *)it.work.src)[k] = i & 1 ? INT16_MIN : INT16_MAX;
		memset(it.work.wgt, i & 2 ? 0x80 : 0x7f, (size_t)3 * c->cin);
		all_sums(&it.work, it.results);
		item_check(&it, want16);
		free(sums);
		item_done(&it);
	}
}

static void records8(struct item *it)
{
	struct octet_cmd *c = &it->work.cmd;
	bool fix = c->stage != OCTET_STAGE_RAW && c->stage != OCTET_STAGE_FP32_RNE;
	uint32_t fp32 = c->stage == OCTET_STAGE_FP32_RNE ? 0x3a000000 : 0;

	c->dst.mult = fix ? item_rnd(1u << 31) : fp32;
	c->dst.shift = fix ? 36 + item_rnd(8) : 0;
	if (item_rnd(2)) {
		it->work.prm = calloc(c->cout, sizeof(*it->work.prm));
		for (uint32_t o = 0; o < c->cout; o++) {
			it->work.prm[o].bias = (int32_t)item_rnd(1 << 16) - (1 << 15);
			it->work.prm[o].mult = fix ? item_rnd(1u << 31) :
						     fp32 ? fp32 + item_rnd(1 << 24) : 0;
		}
	}
	if (item_rnd(2)) {
		it->work.chn = calloc(c->cout, sizeof(*it->work.chn));
		for (uint32_t o = 0; o < c->cout; o++) {
			it->work.chn[o].shift = (uint8_t)(fix ? 36 + item_rnd(8) : 0);
			it->work.chn[o].zero_point = (int16_t)(item_code(c->wgt.type == 5 ? 1 :
									 c->wgt.type));
		}
	}
	c->flags = item_rnd(4) ? 0 : OCTET_CMD_PER_TENSOR;
}

static void test_transposed(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 1500; i++) {
		struct item it = { 0 };
		struct octet_cmd *c = &it.work.cmd;

		shape(c, OCTET_OP_TCONV2D);
		c->src.type = item_type8();
		c->wgt.type = item_rnd(4) ? item_type8() : OCTET_TYPE_INT4;
		c->stage = (uint8_t)item_rnd(6);
		c->dst.type = c->stage == OCTET_STAGE_RAW ? OCTET_TYPE_INT32 : item_type8();
		c->src.zero_point = item_code(c->src.type);
		if (c->stage)
			c->dst.zero_point = item_code(c->dst.type);
		records8(&it);
		item_clamp(c);
		item_start(&it);
		all_sums(&it.work, it.results);
		item_check(&it, want8);
		free(sums);
		item_done(&it);
	}
}

/* the other operations with int4 weights, whose codes are those of int8 */
static void test_int4(void **state)
{
	static const uint8_t ops[] = { OCTET_OP_CONV2D, OCTET_OP_DEPTHWISE, OCTET_OP_GEMM };

	(void)state;
	for (uint32_t i = 0; i < 300; i++) {
		struct item it = { 0 };
		struct octet_cmd *c = &it.work.cmd;

		shape(c, ops[i % 3]);
		c->src.type = item_type8();
		c->wgt.type = OCTET_TYPE_INT4;
		c->wgt.zero_point = (int32_t)item_rnd(16) - 8;
		c->stage = OCTET_STAGE_FIX_DBL;
		c->dst.type = item_type8();
		records8(&it);
		item_clamp(c);
		item_start(&it);
		all_sums(&it.work, it.results);
		item_check(&it, want8);
		free(sums);
		item_done(&it);
	}
}

static void test_cancel(void **state)
{
	static const uint8_t ops[] = {
		OCTET_OP_TCONV2D, OCTET_OP_CONV2D, OCTET_OP_DEPTHWISE, OCTET_OP_GEMM,
	};

	(void)state;
	for (uint32_t i = 0; i < 8; i++) {
		struct item it = { 0 };
		struct octet_cmd *c = &it.work.cmd;

		shape(c, ops[i % 4]);
		c->src.type = c->dst.type = i & 4 ? OCTET_TYPE_INT16 : OCTET_TYPE_INT8;
		c->wgt.type = OCTET_TYPE_INT8;
		c->stage = OCTET_STAGE_FIX_UP;
		c->dst.shift = 20;
		item_start(&it);
		atomic_store(&it.cancel, true);
		assert_int_equal(octet_work_compute(&it.work), -ECANCELED);
		item_done(&it);
	}
}

UNIT_MAIN(unit_case(test_int16), unit_case(test_int16_extremes), unit_case(test_transposed),
	  unit_case(test_int4), unit_case(test_cancel))
