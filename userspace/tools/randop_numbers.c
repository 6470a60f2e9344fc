// SPDX-License-Identifier: MIT
/* Random jobs: zero points, output stages, clamps, records and tables. */
#include <math.h>
#include <string.h>

#include "randop_priv.h"

#define pick randop_pick

static void type_range(uint32_t type, int32_t *lo, int32_t *hi)
{
	static const int32_t range[][2] = {
		[OCTET_TYPE_INT8] = { -128, 127 }, [OCTET_TYPE_UINT8] = { 0, 255 },
		[OCTET_TYPE_INT16] = { INT16_MIN, INT16_MAX },
		[OCTET_TYPE_INT32] = { INT32_MIN, INT32_MAX }, [OCTET_TYPE_INT4] = { -8, 7 },
	};

	*lo = range[type][0];
	*hi = range[type][1];
}

static int32_t any_value(struct tool_random *r, uint32_t type)
{
	int32_t lo, hi;

	type_range(type, &lo, &hi);
	if (chance(r, 10))
		return chance(r, 50) ? lo : hi;
	return tool_between(r, lo, hi);
}

/* Bounds within a type, mostly all of it. */
static void bounds(struct tool_random *r, uint32_t type, int32_t *from, int32_t *to)
{
	int32_t lo, hi;

	type_range(type, &lo, &hi);
	*from = lo;
	*to = hi;
	if (chance(r, 25)) {
		*from = any_value(r, type);
		*to = tool_between(r, *from, hi);
	}
}

/* About how large accumulators are, over how large results are. */
static double magnitude(const struct octet_cmd *c)
{
	double taps = (double)c->r * c->s;

	if (c->op == OCTET_OP_POOL)
		return taps / 2;
	if (c->op == OCTET_OP_CONV2D || c->op == OCTET_OP_TCONV2D || c->op == OCTET_OP_GEMM)
		taps *= (double)c->cin / c->groups;
	return 5000.0 * sqrt(taps) / 60 * (c->wgt.type == OCTET_TYPE_INT4 ? 1.0 / 16 : 1);
}

/* mult and shift of the output stage that bring results near the type's range. */
static void one_scale(const struct octet_cmd *c, struct tool_random *r, uint32_t *mult,
		      uint32_t *shift)
{
	bool wide = c->src.type == OCTET_TYPE_INT16;
	uint32_t bits = wide ? 15 : 31, most = wide ? OCTET_MULT16_MAX : OCTET_MULT_MAX;
	double factor = (0.25 + tool_below(r, 1000) / 400.0) / magnitude(c);
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
		*mult = tool_below(r, most) + chance(r, 50);
		*shift = pick(r, OCTET_SHIFT_MIN, OCTET_SHIFT_MAX);
		return;
	}
	*mult = (uint32_t)(frexp(factor, &e) * most);
	*shift = (uint32_t)((int)bits - e);
}

/* One of the addends and the sum of an addition with left shift L. */
static void addend(struct tool_random *r, uint32_t *mult, uint32_t *shift)
{
	*mult = pick(r, 1u << 29, OCTET_MULT_MAX);
	*shift = chance(r, 10) ? pick(r, 0, OCTET_SHIFT_MAX) : pick(r, 30, 33);
	if (chance(r, 5))
		*mult = chance(r, 50) ? 0 : OCTET_MULT_MAX;
}

static void sum(struct tool_random *r, uint32_t left, uint32_t *mult, uint32_t *shift)
{
	addend(r, mult, shift);
	if (!chance(r, 10))
		*shift = 31 + left + pick(r, 0, 3);
	if (*shift < OCTET_SHIFT_MIN)
		*shift = OCTET_SHIFT_MIN;
	if (*shift > OCTET_SHIFT_MAX)
		*shift = OCTET_SHIFT_MAX;
}

static void ew_scales(struct octet_cmd *c, struct tool_random *r)
{
	bool wide = c->src.type == OCTET_TYPE_INT16;
	bool square = c->sub == OCTET_EW_SQDIFF;
	float f;

	if (c->sub == OCTET_EW_MIN || c->sub == OCTET_EW_MAX)
		return;
	if (c->sub == OCTET_EW_MUL) {
		addend(r, &c->dst.mult, &c->dst.shift);
		c->dst.shift = pick(r, 36, 40) + (wide ? 8 : 0);
		if (c->stage == OCTET_STAGE_FP32_RNE) {
			f = ldexpf(1.0f + tool_below(r, 1 << 20) / 1048576.0f,
				   tool_between(r, -12, -4) - (wide ? 8 : 0));
			memcpy(&c->dst.mult, &f, sizeof(f));
			c->dst.shift = 0;
		}
		return;
	}
	c->left_shift = chance(r, 10) ? pick(r, 0, 20) : square ? pick(r, 0, 5) :
			wide ? pick(r, 8, 15) : pick(r, 15, 20);
	addend(r, &c->src.mult, &c->src.shift);
	addend(r, &c->src2.mult, &c->src2.shift);
	sum(r, square ? 2 * c->left_shift + 7 : c->left_shift, &c->dst.mult, &c->dst.shift);
}

static void tail_add(struct octet_cmd *c, struct tool_random *r)
{
	c->left_shift = chance(r, 10) ? pick(r, 0, 20) : pick(r, 15, 20);
	c->src2.zero_point = any_value(r, c->src2.type);
	addend(r, &c->src2.mult, &c->src2.shift);
	c->sum_stage = (uint8_t)pick(r, OCTET_STAGE_FIX_DBL, OCTET_STAGE_FIX_AWAY);
	addend(r, &c->mid_mult, &c->mid_shift);
	sum(r, c->left_shift, &c->sum_mult, &c->sum_shift);
	c->mid_zero_point = any_value(r, c->dst.type);
	bounds(r, c->dst.type, &c->mid_min, &c->mid_max);
}

static uint8_t *data_of(struct randop_maker *m, uint64_t addr)
{
	int block = randop_block(addr);

	return block < 0 ? NULL : m->op->block[block].data;
}

static void records(struct randop_maker *m)
{
	struct octet_cmd *c = m->c;
	struct octet_param *prm = (void *)data_of(m, c->prm.space ? c->prm.addr : 0);
	struct octet_channel *chn = (void *)data_of(m, c->chn.space ? c->chn.addr : 0);
	bool per_tensor = c->flags & OCTET_CMD_PER_TENSOR;
	struct tool_random *r = m->r;
	uint32_t mult, shift = c->dst.shift;

	for (uint32_t o = 0; o < c->cout; o++) {
		if (chn && !per_tensor)
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
				.shift = (uint8_t)(per_tensor ? 0 : shift),
				.zero_point = (int16_t)any_value(r, c->wgt.type),
			};
	}
	/* Fields that are not looked at. */
	if (prm && !per_tensor)
		c->dst.mult = 0;
	if (chn && !per_tensor)
		c->dst.shift = 0;
}

static void records16(struct randop_maker *m)
{
	struct octet_param16 *prm = (void *)data_of(m, m->c->prm.space ? m->c->prm.addr : 0);
	struct tool_random *r = m->r;

	for (uint32_t o = 0; prm && o < m->c->cout; o++) {
		uint32_t mult, shift;

		one_scale(m->c, r, &mult, &shift);
		prm[o] = (struct octet_param16){
			.bias = chance(r, 80) ? tool_between(r, -9999999, 9999999) :
				chance(r, 50) ? -(INT64_C(1) << 47) : (INT64_C(1) << 47) - 1,
			.mult = mult,
			.shift = (uint8_t)shift,
		};
	}
}

static void weighted(struct randop_maker *m)
{
	struct octet_cmd *c = m->c;
	bool wide = c->src.type == OCTET_TYPE_INT16;

	if (!wide) {
		c->src.zero_point = any_value(m->r, c->src.type);
		c->wgt.zero_point = c->chn.space ? 0 : any_value(m->r, c->wgt.type);
	}
	if (c->op == OCTET_OP_CONV2D || c->op == OCTET_OP_DEPTHWISE)
		c->pad_value = any_value(m->r, c->src.type);
	if (!wide && c->stage != OCTET_STAGE_RAW)
		c->dst.zero_point = any_value(m->r, c->dst.type);
	one_scale(c, m->r, &c->dst.mult, &c->dst.shift);
	if (wide)
		records16(m);
	else
		records(m);
}

/* T[d], from almost 1 down, or anything, powers of two, nothing at all. */
static void softmax_table(struct tool_random *r, int32_t *t)
{
	uint32_t keep = pick(r, 40000, 65535), mode = tool_below(r, 10);
	int64_t v = INT32_MAX;

	for (int i = 0; i < OCTET_SOFTMAX_ENTRIES; i++) {
		t[i] = mode == 0 ? 0 : mode == 1 ? tool_between(r, 0, INT32_MAX) :
		       mode < 4 ? 1 << (30 - tool_below(r, mode == 2 ? 31 : 6)) : (int32_t)v;
		v = v * keep >> 16;
	}
}

static void taps(struct tool_random *r, struct octet_tap *t, uint32_t count, uint32_t in)
{
	for (uint32_t i = 0; i < count; i++)
		t[i] = (struct octet_tap){
			.lo = tool_below(r, in),
			.hi = tool_below(r, in),
			.weight = chance(r, 20) ? 0 : chance(r, 10) ? tool_between(r, -1024, 0) :
				  chance(r, 10) ? 1024 * tool_between(r, -1, 1) :
				  tool_between(r, 0, 1024),
		};
}

static void table(struct randop_maker *m)
{
	struct octet_cmd *c = m->c;
	void *data = data_of(m, c->table);

	if (c->op == OCTET_OP_SOFTMAX) {
		softmax_table(m->r, data);
	} else if (c->op == OCTET_OP_RESIZE) {
		taps(m->r, data, c->oh, c->h);
		taps(m->r, (struct octet_tap *)data + c->oh, c->ow, c->w);
	}
}

void randop_numbers(struct randop_maker *m)
{
	struct octet_cmd *c = m->c;
	bool compares = c->op == OCTET_OP_EW &&
			(c->sub == OCTET_EW_MIN || c->sub == OCTET_EW_MAX);

	if (randop_weighted(c)) {
		weighted(m);
	} else if (c->op == OCTET_OP_EW && !compares) {
		c->src.zero_point = any_value(m->r, c->src.type);
		c->src2.zero_point = any_value(m->r, c->src2.type);
		c->dst.zero_point = any_value(m->r, c->dst.type);
	} else if (c->op == OCTET_OP_POOL && c->sub == OCTET_POOL_SUM) {
		c->src.zero_point = any_value(m->r, c->src.type);
		if (c->stage != OCTET_STAGE_RAW)
			c->dst.zero_point = any_value(m->r, c->dst.type);
		one_scale(c, m->r, &c->dst.mult, &c->dst.shift);
	} else if (c->op == OCTET_OP_SOFTMAX) {
		c->dst.zero_point = any_value(m->r, c->dst.type);
	} else if (c->op == OCTET_OP_COPY && c->sub == OCTET_COPY_FILL) {
		c->pad_value = any_value(m->r, c->dst.type);
	}
	if (c->op == OCTET_OP_EW)
		ew_scales(c, m->r);
	if (c->tail & OCTET_TAIL_ADD)
		tail_add(c, m->r);
	if (c->op != OCTET_OP_COPY)
		bounds(m->r, c->dst.type, &c->act_min, &c->act_max);
	if (c->table)
		table(m);
}
