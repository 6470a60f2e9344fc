// SPDX-License-Identifier: MIT
/*
 * The device's arithmetic against triple loops, at every SIMD level, on random
 * and on awkward shapes. With --bench: GMAC/s of each level.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/octet_core.h"
#include "core/output_stage.h"
#include "core/simd.h"
#include "core/work.h"
#include "unit.h"

static const char *const levels[] = { "portable", "avx2", "avx512vnni", "amx" };

static uint64_t seed = 1;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 33) % n);
}

/* a command with its operands, freed by done() */
struct item {
	struct octet_work work;
	size_t results;
	atomic_bool cancel;
	atomic_uint progress;
};

static size_t extent(const struct octet_cmd *c, size_t *src, size_t *wgt)
{
	if (c->op == OCTET_OP_GEMM) {
		size_t batch = (size_t)c->n * c->n2;

		*src = batch * c->h * c->cin;
		*wgt = batch * c->cin * c->cout;
		return batch * c->h * c->cout;
	}
	*src = (size_t)c->n * c->h * c->w * c->cin;
	*wgt = (size_t)c->r * c->s * c->cout;
	if (c->op == OCTET_OP_CONV2D)
		*wgt *= c->cin / c->groups;
	return (size_t)c->n * c->oh * c->ow * c->cout;
}

static uint8_t *bytes(size_t n)
{
	uint8_t *p = malloc(n ? n : 1);

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)rnd(256);
	return p;
}

static void records(struct item *it, bool prm, bool chn)
{
	struct octet_cmd *c = &it->work.cmd;
	bool fp32 = c->stage == OCTET_STAGE_FP32_RNE, raw = c->stage == OCTET_STAGE_RAW;
	uint32_t octave = rnd(6);

	c->dst.mult = fp32 ? 0x3a000000 + (octave << 23) + rnd(1 << 23) : raw ? 0 : rnd(1u << 31);
	c->dst.shift = fp32 || raw ? 0 : 36 + rnd(8);
	if (prm) {
		it->work.prm = malloc(c->cout * sizeof(*it->work.prm));
		for (uint32_t o = 0; o < c->cout; o++) {
			it->work.prm[o].bias = (int32_t)(rnd(1 << 16)) - (1 << 15);
			if (rnd(50) == 0)
				it->work.prm[o].bias = INT32_MAX;
			it->work.prm[o].mult = raw ? 0 : c->dst.mult ^ rnd(1 << 20);
		}
	}
	if (chn) {
		it->work.chn = calloc(c->cout, sizeof(*it->work.chn));
		for (uint32_t o = 0; o < c->cout; o++) {
			it->work.chn[o].shift = fp32 || raw ? 0 : (uint8_t)(1 + rnd(62));
			it->work.chn[o].zero_point = c->wgt.type == OCTET_TYPE_INT8 ?
				(int16_t)(rnd(256) - 128) : (int16_t)rnd(256);
		}
	}
	if (rnd(4) == 0)
		c->flags |= OCTET_CMD_PER_TENSOR;
}

static int32_t value_of(uint8_t type)
{
	return type == OCTET_TYPE_UINT8 ? (int32_t)rnd(256) : (int32_t)rnd(256) - 128;
}

static void types(struct octet_cmd *c)
{
	c->src.type = rnd(2) ? OCTET_TYPE_INT8 : OCTET_TYPE_UINT8;
	c->wgt.type = rnd(2) ? OCTET_TYPE_INT8 : OCTET_TYPE_UINT8;
	c->dst.type = rnd(2) ? OCTET_TYPE_INT8 : OCTET_TYPE_UINT8;
	c->stage = (uint8_t)rnd(6);
	c->src.zero_point = value_of(c->src.type);
	c->pad_value = rnd(2) ? c->src.zero_point : value_of(c->src.type);
	c->wgt.zero_point = rnd(2) ? 0 : value_of(c->wgt.type);
	c->dst.zero_point = value_of(c->dst.type);
	c->act_min = c->dst.type == OCTET_TYPE_INT8 ? -128 : 0;
	c->act_max = c->act_min + 255;
	if (c->stage == OCTET_STAGE_RAW) {
		c->dst.type = OCTET_TYPE_INT32;
		c->dst.zero_point = 0;
		c->act_min = INT32_MIN;
		c->act_max = INT32_MAX;
	} else if (rnd(3) == 0) {
		c->act_min += (int32_t)rnd(100);
		c->act_max -= (int32_t)rnd(100);
	}
}

static void start(struct item *it)
{
	struct octet_work *w = &it->work;
	size_t src, wgt;

	it->results = extent(&w->cmd, &src, &wgt);
	w->src = bytes(src);
	w->wgt = bytes(wgt);
	w->dst = calloc(it->results, 4);
	w->cancel = &it->cancel;
	w->progress = &it->progress;
}

static void done(struct item *it)
{
	free(it->work.src);
	free(it->work.wgt);
	free(it->work.prm);
	free(it->work.chn);
	free(it->work.dst);
}

static int32_t element(const uint8_t *p, size_t i, uint8_t type)
{
	return type == OCTET_TYPE_INT8 ? (int8_t)p[i] : p[i];
}

static int32_t wgt_zero(const struct octet_work *w, size_t o)
{
	return w->chn ? w->chn[o].zero_point : w->cmd.wgt.zero_point;
}

static uint32_t dot_gemm(const struct octet_work *w, size_t b, size_t i, size_t o)
{
	const struct octet_cmd *c = &w->cmd;
	uint32_t acc = 0;

	for (size_t k = 0; k < c->cin; k++) {
		size_t at = c->src.flags & OCTET_OPERAND_TRANSPOSED ? k * c->h + i : i * c->cin + k;
		size_t bt = c->wgt.flags & OCTET_OPERAND_TRANSPOSED ? o * c->cin + k :
								      k * c->cout + o;
		int32_t x = element(w->src, b * c->h * c->cin + at, c->src.type);
		int32_t y = element(w->wgt, b * c->cin * c->cout + bt, c->wgt.type);

		acc += (uint32_t)((x - c->src.zero_point) * (y - wgt_zero(w, o)));
	}
	return acc;
}

/* one tap: image n, input row y, column x, channel ci; weight element k */
static uint32_t tap(const struct octet_work *w, size_t n, int64_t y, int64_t x, size_t ci,
		    size_t k, size_t o)
{
	const struct octet_cmd *c = &w->cmd;
	int32_t v = c->pad_value;

	if (y >= 0 && y < c->h && x >= 0 && x < c->w)
		v = element(w->src, ((n * c->h + (size_t)y) * c->w + (size_t)x) * c->cin + ci,
			    c->src.type);
	return (uint32_t)((v - c->src.zero_point) *
			  (element(w->wgt, k, c->wgt.type) - wgt_zero(w, o)));
}

static uint32_t dot_window(const struct octet_work *w, size_t n, size_t p, size_t o)
{
	const struct octet_cmd *c = &w->cmd;
	size_t ci = c->cin / c->groups, first = o / (c->cout / c->groups) * ci;
	uint32_t acc = 0;

	for (size_t r = 0; r < c->r; r++)
		for (size_t s = 0; s < c->s; s++) {
			int64_t y = (int64_t)(p / c->ow * c->sh + r * c->dh) - c->pt;
			int64_t x = (int64_t)(p % c->ow * c->sw + s * c->dw) - c->pl;

			if (c->op == OCTET_OP_DEPTHWISE) {
				acc += tap(w, n, y, x, o / (c->cout / c->cin),
					   (r * c->s + s) * c->cout + o, o);
				continue;
			}
			for (size_t i = 0; i < ci; i++)
				acc += tap(w, n, y, x, first + i,
					   ((o * c->r + r) * c->s + s) * ci + i, o);
		}
	return acc;
}

static int32_t want(const struct octet_work *w, size_t at)
{
	const struct octet_cmd *c = &w->cmd;
	bool gemm = c->op == OCTET_OP_GEMM, tensor = c->flags & OCTET_CMD_PER_TENSOR;
	size_t o = at % c->cout, p = at / c->cout;
	size_t rows = gemm ? c->h : (size_t)c->oh * c->ow;
	uint32_t acc = gemm ? dot_gemm(w, p / rows, p % rows, o) :
			      dot_window(w, p / rows, p % rows, o);
	uint32_t mult = tensor || !w->prm ? c->dst.mult : w->prm[o].mult;
	uint32_t shift = tensor || !w->chn ? c->dst.shift : w->chn[o].shift;

	return octet_output_stage_one(c->stage, (int32_t)acc, w->prm ? w->prm[o].bias : 0, mult,
				      shift, c->dst.zero_point, c->act_min, c->act_max);
}

static int32_t got(const struct octet_work *w, size_t at)
{
	int32_t v;

	if (w->cmd.dst.type != OCTET_TYPE_INT32)
		return element(w->dst, at, w->cmd.dst.type);
	memcpy(&v, w->dst + 4 * at, 4);
	return v;
}

/* The weights in panels, what is no weight being anything; NULL: not for this one. */
static uint8_t *packed(const struct octet_work *w)
{
	const struct octet_cmd *c = &w->cmd;
	bool gemm = c->op == OCTET_OP_GEMM;
	size_t k = (size_t)c->r * c->s * (c->cin / c->groups), co = c->cout / c->groups;
	size_t lines = (k + 3) / 4, panels = (co + 15) / 16;
	uint8_t *p;

	if (gemm ? c->n * c->n2 > 1 || c->wgt.flags : c->op != OCTET_OP_CONV2D)
		return NULL;
	p = bytes(c->groups * panels * lines * 64);
	for (size_t o = 0; o < c->cout; o++)
		for (size_t i = 0; i < k; i++) {
			size_t panel = o / co * panels + o % co / 16;

			p[(panel * lines + i / 4) * 64 + o % co % 16 * 4 + i % 4] =
				w->wgt[gemm ? i * co + o : o * k + i];
		}
	return p;
}

static void compare(struct item *it, struct octet_work *run, const char *level)
{
	const struct octet_cmd *c = &it->work.cmd;

	memset(it->work.dst, 0x5a, it->results * 4);
	assert_int_equal(octet_work_compute(run), 0);
	for (size_t i = 0; i < it->results; i++) {
		if (want(&it->work, i) == got(&it->work, i))
			continue;
		fail_msg("%s: op %u stage %u, %u x %u x %u x %u -> %u x %u x %u, kernel %u x %u,"
			 " groups %u, result %zu: want %d, got %d", level, c->op, c->stage, c->n,
			 c->h, c->w, c->cin, c->oh, c->ow, c->cout, c->r, c->s, c->groups, i,
			 want(&it->work, i), got(&it->work, i));
	}
	/* nothing past the end */
	for (size_t i = it->results; c->dst.type != OCTET_TYPE_INT32 && i < it->results + 3 &&
	     i < it->results * 4; i++)
		assert_int_equal(it->work.dst[i], 0x5a);
}

static void at_all_levels(struct item *it)
{
	struct octet_work panels = it->work;

	panels.wgt = packed(&it->work);
	panels.cmd.wgt.layout = OCTET_LAYOUT_PACKED;
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (octet_simd_force(levels[i]))
			continue;
		compare(it, &it->work, levels[i]);
		if (panels.wgt)
			compare(it, &panels, levels[i]);
	}
	free(panels.wgt);
	octet_simd_force(NULL);
	assert_true(atomic_load(&it->progress) > 0);
}

static void random_window(struct octet_cmd *c)
{
	c->op = rnd(3) ? OCTET_OP_CONV2D : OCTET_OP_DEPTHWISE;
	c->n = 1 + rnd(3);
	c->n2 = 1;
	c->h = 1 + rnd(12);
	c->w = 1 + rnd(12);
	c->oh = 1 + rnd(9);
	c->ow = 1 + rnd(9);
	c->r = (uint16_t)(1 + rnd(4));
	c->s = (uint16_t)(1 + rnd(4));
	c->sh = (uint16_t)(1 + rnd(3));
	c->sw = (uint16_t)(1 + rnd(3));
	c->dh = (uint16_t)(1 + rnd(rnd(2) ? 3 : 1));
	c->dw = (uint16_t)(1 + rnd(rnd(2) ? 3 : 1));
	c->pt = (uint16_t)rnd(5);
	c->pl = (uint16_t)rnd(5);
	c->cin = 1 + rnd(rnd(2) ? 5 : 40);
	c->groups = 1;
	if (c->op == OCTET_OP_DEPTHWISE) {
		c->cout = c->cin * (1 + rnd(rnd(2) ? 1 : 3));
		return;
	}
	c->cout = 1 + rnd(40);
	if (rnd(3) == 0) {
		c->groups = 1 + rnd(5);
		c->cin = c->groups * (1 + rnd(6));
		c->cout = c->groups * (1 + rnd(20));
	}
}

static void random_gemm(struct octet_cmd *c)
{
	c->op = OCTET_OP_GEMM;
	c->n = 1 + rnd(3);
	c->n2 = 1 + rnd(2);
	c->h = c->oh = 1 + rnd(rnd(4) ? 20 : 220);
	c->w = c->ow = 1;
	c->cin = 1 + rnd(rnd(4) ? 40 : 300);
	c->cout = 1 + rnd(70);
	c->groups = 1;
	c->r = c->s = c->sh = c->sw = c->dh = c->dw = 1;
	c->src.flags = rnd(2) ? OCTET_OPERAND_TRANSPOSED : 0;
	c->wgt.flags = rnd(2) ? OCTET_OPERAND_TRANSPOSED : 0;
}

static void one_random(bool gemm)
{
	struct item it = { 0 };

	if (gemm)
		random_gemm(&it.work.cmd);
	else
		random_window(&it.work.cmd);
	types(&it.work.cmd);
	records(&it, rnd(2), rnd(2));
	start(&it);
	at_all_levels(&it);
	done(&it);
}

static void test_random_windows(void **state)
{
	(void)state;
	for (int i = 0; i < 1500; i++)
		one_random(false);
}

static void test_random_gemm(void **state)
{
	(void)state;
	for (int i = 0; i < 500; i++)
		one_random(true);
}

/* sizes on both sides of every tile: 6, 12, 16 and 32 rows, 16 and 32 columns */
static void test_tile_edges(void **state)
{
	static const uint32_t m[] = { 1, 5, 6, 7, 11, 12, 13, 16, 25, 193 };
	static const uint32_t n[] = { 1, 8, 15, 16, 17, 31, 32, 33, 48, 49 };
	static const uint32_t k[] = { 1, 2, 3, 4, 5, 63, 64, 65, 1027 };

	(void)state;
	for (uint32_t i = 0; i < 10 * 10 * 9; i++) {
		struct item it = { 0 };
		struct octet_cmd *c = &it.work.cmd;

		random_gemm(c);
		c->n = c->n2 = 1;
		c->h = c->oh = m[i % 10];
		c->cout = n[i / 10 % 10];
		c->cin = k[i / 100];
		if ((uint64_t)c->h * c->cout * c->cin > 1000000)
			continue;
		types(c);
		records(&it, true, rnd(2));
		start(&it);
		at_all_levels(&it);
		done(&it);
	}
}

/* all products at their extremes: sums that would saturate, and that wrap */
static void test_extremes(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 64; i++) {
		struct item it = { 0 };
		struct octet_cmd *c = &it.work.cmd;

		random_gemm(c);
		c->n = c->n2 = 1;
		c->h = c->oh = 2;
		c->cout = 17;
		c->cin = i & 32 ? 66001 : 260;
		types(c);
		c->stage = OCTET_STAGE_RAW;
		c->dst.type = OCTET_TYPE_INT32;
		c->dst.zero_point = 0;
		c->act_min = INT32_MIN;
		c->act_max = INT32_MAX;
		c->src.type = i & 1 ? OCTET_TYPE_INT8 : OCTET_TYPE_UINT8;
		c->wgt.type = i & 2 ? OCTET_TYPE_INT8 : OCTET_TYPE_UINT8;
		c->src.zero_point = i & 1 ? -128 : 255;
		c->wgt.zero_point = i & 2 ? 127 : 0;
		start(&it);
		memset(it.work.src, i & 4 ? 0x80 : i & 8 ? 0xff : 0, 2 * c->cin);
		memset(it.work.wgt, i & 16 ? 0x80 : 0x7f, 17 * c->cin);
		at_all_levels(&it);
		done(&it);
	}
}

/* every code and many parameters: vector against scalar output stage */
static void test_output_stage_levels(void **state)
{
	(void)state;
	for (int i = 0; i < 400; i++) {
		struct item it = { 0 };
		struct octet_cmd *c = &it.work.cmd;

		random_gemm(c);
		c->n = c->n2 = 1;
		c->h = c->oh = 64;
		c->cin = 1;
		c->cout = 33;
		types(c);
		c->stage = (uint8_t)(1 + i % 5);
		c->dst.type = OCTET_TYPE_INT8;
		c->dst.zero_point = 3;
		c->act_min = -128;
		c->act_max = 127;
		records(&it, true, c->stage != OCTET_STAGE_FP32_RNE);
		c->flags = 0;
		for (uint32_t o = 0; o < c->cout; o++) {
			uint32_t wide = rnd(1u << 31) >> rnd(31);

			it.work.prm[o].bias = rnd(2) ? (int32_t)wide : -(int32_t)wide;
			it.work.prm[o].mult = rnd(1u << 31);
			if (c->stage == OCTET_STAGE_FP32_RNE)
				it.work.prm[o].mult = OCTET_FP32_SCALE_MIN +
					rnd(OCTET_FP32_SCALE_END - OCTET_FP32_SCALE_MIN);
		}
		start(&it);
		at_all_levels(&it);
		done(&it);
	}
}

static void test_cancel(void **state)
{
	struct item it = { 0 };

	(void)state;
	random_gemm(&it.work.cmd);
	types(&it.work.cmd);
	records(&it, false, false);
	start(&it);
	atomic_store(&it.cancel, true);
	assert_int_equal(octet_work_compute(&it.work), -ECANCELED);
	done(&it);
}

/* the injected rounding fault shows on a fair share of ordinary results */
static void test_break_rounding(void **state)
{
	struct item it = { 0 };
	struct octet_cmd *c = &it.work.cmd;
	size_t differ = 0;

	(void)state;
	random_gemm(c);
	c->n = c->n2 = 1;
	c->h = c->oh = 100;
	c->cin = 64;
	c->cout = 32;
	types(c);
	c->stage = OCTET_STAGE_FIX_DBL;
	c->dst.type = OCTET_TYPE_INT8;
	c->dst.zero_point = 0;
	c->act_min = -128;
	c->act_max = 127;
	c->src.zero_point = c->wgt.zero_point = 0;
	c->src.type = c->wgt.type = OCTET_TYPE_INT8;
	c->dst.mult = 0x60000000;
	c->dst.shift = 31 + 9;
	start(&it);
	at_all_levels(&it);
	it.work.break_rounding = true;
	assert_int_equal(octet_work_compute(&it.work), 0);
	for (size_t i = 0; i < it.results; i++)
		differ += want(&it.work, i) != got(&it.work, i);
	assert_true(differ > it.results / 10);
	done(&it);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* @c: op and shape; the rest is plain */
static void bench(const char *name, struct octet_cmd c, uint8_t stage)
{
	struct item it = { .work.cmd = c };
	struct octet_cmd *cmd = &it.work.cmd;
	double macs;

	cmd->src.type = cmd->wgt.type = cmd->dst.type = OCTET_TYPE_INT8;
	cmd->stage = stage;
	cmd->act_min = -128;
	cmd->act_max = 127;
	cmd->src.zero_point = -3;
	cmd->n = cmd->n2 = cmd->groups = 1;
	cmd->dst.mult = stage == OCTET_STAGE_FP32_RNE ? 0x3a123456 : 0x61234567;
	cmd->dst.shift = stage == OCTET_STAGE_FP32_RNE ? 0 : 40;
	start(&it);
	macs = (double)it.results * cmd->r * cmd->s * (c.op == OCTET_OP_DEPTHWISE ? 1 : c.cin);
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		double from, best = 1e9;

		if (octet_simd_force(levels[i]))
			continue;
		for (int k = 0; k < 7; k++) {
			from = seconds();
			octet_work_compute(&it.work);
			best = seconds() - from < best ? seconds() - from : best;
		}
		printf("%-34s %-11s %8.2f GMAC/s %9.1f us\n", name, levels[i], macs / best / 1e9,
		       best * 1e6);
	}
	done(&it);
}

static struct octet_cmd window(uint8_t op, uint32_t hw, uint32_t cin, uint32_t cout, uint16_t r)
{
	return (struct octet_cmd) {
		.op = op, .h = hw, .w = hw, .oh = hw, .ow = hw, .cin = cin, .cout = cout, .r = r,
		.s = r, .sh = 1, .sw = 1, .dh = 1, .dw = 1, .pt = r / 2, .pl = r / 2,
	};
}

/* Pixels whose channels are rows of the product as they lie, and such as are next to that. */
static void test_pointwise(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 96; i++) {
		struct item it = { 0 };
		struct octet_cmd *c = &it.work.cmd;

		*c = window(OCTET_OP_CONV2D, 15, i & 1 ? 8 : 1 + rnd(9), 1 + rnd(40), 1);
		c->n = 1 + rnd(2);
		c->n2 = c->groups = 1;
		c->oh -= i >> 1 & 1;
		c->ow -= i >> 2 & 1;
		c->pl = i >> 3 & 1;
		c->pt = i >> 4 & 1;
		if (i >> 5 == 2)
			c->sw = c->sh = 2;
		types(c);
		records(&it, true, rnd(2));
		start(&it);
		at_all_levels(&it);
		done(&it);
	}
}

/* A guess of the time: it must not wrap around for shapes of any size. */
static void test_brief(void **state)
{
	struct octet_work w = { 0 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		if (octet_simd_force(levels[i]))
			continue;
		w.cmd = window(OCTET_OP_CONV2D, 4, 8, 8, 3);
		w.cmd.n = w.cmd.n2 = w.cmd.groups = 1;
		assert_true(octet_work_is_brief(&w));
		w.cmd.cin = 1 << 20;
		assert_false(octet_work_is_brief(&w));
		w.cmd = window(OCTET_OP_CONV2D, 224, 8, 8, 3);
		w.cmd.n = w.cmd.n2 = w.cmd.groups = 1;
		assert_false(octet_work_is_brief(&w));
		w.cmd = window(OCTET_OP_CONV2D, 1, 1, 1, 65535);
		w.cmd.n = w.cmd.n2 = w.cmd.groups = 1;
		assert_false(octet_work_is_brief(&w));
		w.cmd = window(OCTET_OP_EW, 1 << 20, 1 << 20, 1 << 20, 1);
		w.cmd.n = w.cmd.n2 = w.cmd.groups = 1;
		assert_false(octet_work_is_brief(&w));
	}
	octet_simd_force(NULL);
}

static int benches(void)
{
	struct octet_cmd gemm = window(OCTET_OP_GEMM, 512, 512, 512, 1), fc;

	gemm.w = gemm.ow = 1;
	fc = gemm;
	fc.h = fc.oh = 1;
	fc.cin = 1024;
	fc.cout = 1001;
	fc.wgt.flags = OCTET_OPERAND_TRANSPOSED;
	bench("GEMM 512, FIX_DBL", gemm, OCTET_STAGE_FIX_DBL);
	bench("GEMM 512, FP32_RNE", gemm, OCTET_STAGE_FP32_RNE);
	bench("conv 3x3 56x56x64", window(OCTET_OP_CONV2D, 56, 64, 64, 3), OCTET_STAGE_FIX_DBL);
	bench("conv 3x3 28x28x128", window(OCTET_OP_CONV2D, 28, 128, 128, 3), OCTET_STAGE_FIX_DBL);
	bench("conv 3x3 7x7x512", window(OCTET_OP_CONV2D, 7, 512, 512, 3), OCTET_STAGE_FIX_DBL);
	bench("conv 1x1 56x56x64 -> 256", window(OCTET_OP_CONV2D, 56, 64, 256, 1),
	      OCTET_STAGE_FIX_DBL);
	bench("conv 3x3 112x112x3 -> 32", window(OCTET_OP_CONV2D, 112, 3, 32, 3),
	      OCTET_STAGE_FIX_DBL);
	bench("depthwise 3x3 112x112x32", window(OCTET_OP_DEPTHWISE, 112, 32, 32, 3),
	      OCTET_STAGE_FIX_DBL);
	bench("depthwise 3x3 14x14x512", window(OCTET_OP_DEPTHWISE, 14, 512, 512, 3),
	      OCTET_STAGE_FIX_DBL);
	bench("fully connected 1024 -> 1001", fc, OCTET_STAGE_FIX_DBL);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		unit_case(test_random_windows), unit_case(test_random_gemm),
		unit_case(test_tile_edges), unit_case(test_extremes),
		unit_case(test_output_stage_levels), unit_case(test_cancel),
		unit_case(test_break_rounding), unit_case(test_brief),
		unit_case(test_pointwise),
	};

	if (argc > 1 && !strcmp(argv[1], "--bench"))
		return benches();
	return unit_run(tests, sizeof(tests) / sizeof(tests[0]));
}
