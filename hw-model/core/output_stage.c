// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compute.h"
#include "output_stage.h"
#include "simd.h"
#include "tail.h"

OCTET_VECTOR_LOOPS

/* What a FIX code adds before the shift, of each shift: to v >= 0, and to v < 0. */
struct rounding {
	int64_t pos, neg;
};

/* An addend may be taken as it is: nothing is added where nothing is shifted. */
#define HALF(s)		((int64_t)(((uint64_t)1 << (s)) >> 1))
#define TWICE(s)	((s) > 31 ? (int64_t)1 << 30 : 0)
#define DBL(s)		{ HALF(s) + TWICE(s), HALF(s) - TWICE(s) },
#define DBL_UP(s)	{ HALF(s) + TWICE(s), HALF(s) + TWICE(s) },
#define UP(s)		{ HALF(s), HALF(s) },
#define AWAY(s)		{ HALF(s), HALF(s) - ((s) > 0) },
#define FOUR(f, s)	f(s) f((s) + 1) f((s) + 2) f((s) + 3)
#define SIXTEEN(f, s)	FOUR(f, s) FOUR(f, (s) + 4) FOUR(f, (s) + 8) FOUR(f, (s) + 12)
#define SHIFTS(f)	SIXTEEN(f, 0) SIXTEEN(f, 16) SIXTEEN(f, 32) SIXTEEN(f, 48)

static const struct rounding roundings[][64] = {
	[OCTET_STAGE_FIX_DBL] = { SHIFTS(DBL) },
	[OCTET_STAGE_FIX_DBL_UP] = { SHIFTS(DBL_UP) },
	[OCTET_STAGE_FIX_UP] = { SHIFTS(UP) },
	[OCTET_STAGE_FIX_AWAY] = { SHIFTS(AWAY) },
};

struct octet_fix octet_fix_init(unsigned int code, uint32_t mult, uint32_t shift, bool broken)
{
	struct octet_fix c = { .mult = mult, .shift = shift };

	if (code == OCTET_STAGE_RAW)
		return c;
	if (code == OCTET_STAGE_FP32_RNE) {
		c.mult = (mult & 0x7fffff) | 0x800000;
		c.shift = 150 - (mult >> 23);
		return c;
	}
	c.pos = roundings[code][shift].pos;
	c.neg = roundings[code][shift].neg;
	if (broken && code == OCTET_STAGE_FIX_DBL) {
		/* the injected fault: the exponent is one too small */
		c.pos -= HALF(shift) - (HALF(shift) >> 1);
		c.neg -= HALF(shift) - (HALF(shift) >> 1);
	}
	return c;
}

/* without branches: signs of accumulators cannot be foretold */
static inline int64_t fix(const struct octet_requant *rq, size_t o, int32_t v)
{
	int64_t sign = -(int64_t)(v < 0);
	int64_t r = rq->pos[o] + ((rq->neg[o] - rq->pos[o]) & sign);

	return (v * (int64_t)rq->mult[o] + r) >> rq->shift[o];
}

/* x / 2^s, half to even; s below 64 */
static uint64_t rne(uint64_t x, unsigned int s)
{
	uint64_t half;

	if (!s)
		return x;
	half = 1ull << (s - 1);
	return (x + half - 1 + ((x >> s) & 1)) >> s;
}

static unsigned int bits_over(uint64_t x, unsigned int bits)
{
	unsigned int len = x ? 64 - (unsigned int)__builtin_clzll(x) : 0;

	return len > bits ? len - bits : 0;
}

/*
 * float32 multiplication and rounding to an integer, in integers: v, the
 * product and the result are each rounded half to even, the first two to 24
 * bits. The scale is mant * 2^-down.
 */
static int64_t fp32_rne(int32_t v, uint32_t mant, int32_t down)
{
	uint64_t a = v < 0 ? -(int64_t)v : v;
	unsigned int s = bits_over(a, 24), t;
	uint64_t m = rne(a, s) * mant;

	t = bits_over(m, 24);
	m = rne(m, t);
	down -= (int32_t)(s + t);
	m = down > 0 ? rne(m, (unsigned int)down) : m << -down;
	return v < 0 ? -(int64_t)m : (int64_t)m;
}

static inline int32_t finish(int64_t y, int32_t zero_point, int32_t lo, int32_t hi)
{
	y += zero_point;
	y = y < lo ? lo : y;
	return (int32_t)(y > hi ? hi : y);
}

static void fix_all(const struct octet_requant *rq, const int32_t *restrict acc, size_t o0,
		    size_t n, int32_t *restrict y)
{
	const int32_t zero_point = rq->zero_point, lo = rq->lo, hi = rq->hi;

	for (size_t i = 0; i < n; i++)
		y[i] = finish(fix(rq, o0 + i, acc[i]), zero_point, lo, hi);
}

void octet_requant_scalar(const struct octet_requant *rq, const int32_t *acc, size_t o0,
			  size_t n, int32_t *y)
{
	int64_t r;

	if (rq->code != OCTET_STAGE_RAW && rq->code != OCTET_STAGE_FP32_RNE) {
		fix_all(rq, acc, o0, n, y);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		r = acc[i];
		if (rq->code == OCTET_STAGE_FP32_RNE)
			r = fp32_rne(acc[i], rq->mult[o0 + i], (int32_t)rq->shift[o0 + i]);
		y[i] = finish(r, rq->zero_point, rq->lo, rq->hi);
	}
}

int32_t octet_output_stage_one(unsigned int stage, int32_t acc, int32_t bias, uint32_t mult,
			       uint32_t shift, int32_t zero_point, int32_t lo, int32_t hi)
{
	struct octet_fix c = octet_fix_init(stage, mult, shift, false);
	struct octet_requant rq = {
		.code = stage, .zero_point = zero_point, .lo = lo, .hi = hi,
		.mult = &c.mult, .shift = &c.shift, .pos = &c.pos, .neg = &c.neg,
	};
	int32_t v = (int32_t)((uint32_t)acc + (uint32_t)bias), y;

	octet_requant_scalar(&rq, &v, 0, 1, &y);
	return y;
}

void octet_requant_run(const struct octet_requant *rq, const int32_t *acc, size_t o0, size_t n,
		       int32_t *y)
{
	if (!rq->wrap) {
		octet_simd_get()->requant(rq, acc, o0, n, y);
		return;
	}
	for (size_t i = 0; i < n; i++)
		y[i] = finish((int32_t)fix(rq, o0 + i, acc[i]), rq->zero_point, rq->lo, rq->hi);
}

void octet_requant_bytes(const struct octet_requant *rq, const int32_t *acc, size_t o0, size_t n,
			 uint8_t *to)
{
	OCTET_SCRATCH int32_t y[OCTET_BLOCK];

	if (!rq->wrap) {
		const struct octet_simd *simd = octet_simd_get();
		size_t most = rq->flat ? n - n % OCTET_FLAT : 0;

		if (most)
			simd->narrow_rows(rq, acc, OCTET_FLAT, 0, OCTET_FLAT, most / OCTET_FLAT,
					  to, OCTET_FLAT);
		if (most < n)
			simd->narrow(rq, acc + most, o0, n - most, to + most);
		return;
	}
	octet_requant_run(rq, acc, o0, n, y);
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)y[i];
}

void octet_requant_store(const struct octet_requant *rq, const int32_t *acc, size_t o0, size_t n,
			 void *dst)
{
	OCTET_SCRATCH int32_t y[OCTET_BLOCK];
	int16_t *d16 = dst;

	if (octet_type_size(rq->type) == 1) {
		octet_requant_bytes(rq, acc, o0, n, dst);
		if (rq->tail)
			octet_tail_apply(rq->tail, dst, n, 1, n);
		return;
	}
	octet_requant_run(rq, acc, o0, n, y);
	if (rq->type == OCTET_TYPE_INT32)
		memcpy(dst, y, n * sizeof(*y));
	else
		for (size_t i = 0; i < n; i++)
			d16[i] = (int16_t)y[i];
}

void octet_requant_store_rows(const struct octet_requant *rq, const int32_t *acc, size_t ldacc,
			      size_t o0, size_t n, size_t rows, void *dst, size_t ldd)
{
	size_t size = octet_type_size(rq->type);
	uint8_t *to = dst;

	if (size > 1 || rq->wrap) {
		for (size_t i = 0; i < rows; i++)
			octet_requant_store(rq, acc + i * ldacc, o0, n, to + i * ldd * size);
		return;
	}
	octet_simd_get()->narrow_rows(rq, acc, ldacc, o0, n, rows, to, ldd);
	if (rq->tail)
		octet_tail_apply(rq->tail, to, n, rows, ldd);
}

/* One piece of memory, of which the wider numbers are the first part. */
static int allocate(struct octet_requant *rq, size_t n)
{
	size_t all = n + OCTET_PANEL, pad = OCTET_PANEL;

	rq->pos = malloc(all * (2 * sizeof(*rq->pos) + 2 * sizeof(*rq->mult)));
	if (!rq->pos)
		return -ENOMEM;
	rq->neg = rq->pos + all;
	rq->mult = (uint32_t *)(rq->neg + all);
	rq->shift = rq->mult + all;
	memset(rq->pos + n, 0, pad * sizeof(*rq->pos));
	memset(rq->neg + n, 0, pad * sizeof(*rq->neg));
	memset(rq->mult + n, 0, pad * sizeof(*rq->mult));
	memset(rq->shift + n, 0, pad * sizeof(*rq->shift));
	return 0;
}

void octet_requant_prepare(struct octet_requant *rq, size_t n)
{
	const struct octet_simd *simd = octet_simd_get();
	size_t all = n + OCTET_PANEL;

	if (!simd->near || rq->near_scale || rq->wrap || octet_type_size(rq->type) > 1 ||
	    rq->code == OCTET_STAGE_RAW || rq->code == OCTET_STAGE_FP32_RNE)
		return;
	rq->near_scale = malloc(3 * all * sizeof(*rq->near_scale));
	/* the slower way is always there */
	if (!rq->near_scale)
		return;
	rq->near_bias = rq->near_scale + all;
	rq->near_turn = (int32_t *)(void *)(rq->near_bias + all);
	if (simd->near(rq, n))
		return;
	free(rq->near_scale);
	rq->near_scale = NULL;
}

static inline void set(struct octet_requant *rq, size_t o, struct octet_fix c)
{
	rq->mult[o] = c.mult;
	rq->shift[o] = c.shift;
	rq->pos[o] = c.pos;
	rq->neg[o] = c.neg;
}

/* All of @n channels alike. */
static void set_all(struct octet_requant *rq, size_t n, struct octet_fix c)
{
	for (size_t o = 0; o < n; o++)
		set(rq, o, c);
}

static struct octet_requant common(const struct octet_work *work)
{
	const struct octet_cmd *cmd = &work->cmd;

	return (struct octet_requant) {
		.code = cmd->stage, .type = cmd->dst.type,
		.zero_point = cmd->dst.zero_point,
		.lo = cmd->act_min, .hi = cmd->act_max,
	};
}

static int add_tail(struct octet_requant *rq, const struct octet_work *work)
{
	if (!work->cmd.tail)
		return 0;
	rq->tail = octet_tail_new(work);
	if (!rq->tail) {
		octet_requant_free(rq);
		return -ENOMEM;
	}
	if (work->cmd.tail & OCTET_TAIL_ADD) {
		rq->zero_point = work->cmd.mid_zero_point;
		rq->lo = work->cmd.mid_min;
		rq->hi = work->cmd.mid_max;
	}
	return 0;
}

static void set_each(struct octet_requant *rq, const struct octet_work *work, bool tensor,
		     bool shared)
{
	const struct octet_cmd *cmd = &work->cmd;

	for (size_t o = 0; o < cmd->cout; o++) {
		uint32_t mult = tensor ? cmd->dst.mult : work->prm[o].mult;
		uint32_t shift = shared ? cmd->dst.shift : work->chn[o].shift;

		set(rq, o, octet_fix_init(cmd->stage, mult, shift, work->break_rounding));
	}
}

int octet_requant_init(struct octet_requant *rq, const struct octet_work *work)
{
	const struct octet_cmd *cmd = &work->cmd;
	bool tensor = !work->prm || (cmd->flags & OCTET_CMD_PER_TENSOR);
	bool shared = !work->chn || (cmd->flags & OCTET_CMD_PER_TENSOR);

	*rq = common(work);
	if (allocate(rq, cmd->cout))
		return -ENOMEM;
	if (shared && (tensor || cmd->stage != OCTET_STAGE_FP32_RNE)) {
		set_all(rq, cmd->cout, octet_fix_init(cmd->stage, cmd->dst.mult, cmd->dst.shift,
						      work->break_rounding));
		for (size_t o = 0; !tensor && o < cmd->cout; o++)
			rq->mult[o] = work->prm[o].mult;
	} else {
		set_each(rq, work, tensor, shared);
	}
	return add_tail(rq, work);
}

static int init_block(struct octet_requant *rq, uint32_t mult, uint32_t shift, bool broken)
{
	if (allocate(rq, OCTET_BLOCK))
		return -ENOMEM;
	set_all(rq, OCTET_BLOCK, octet_fix_init(rq->code, mult, shift, broken));
	rq->flat = true;
	octet_requant_prepare(rq, OCTET_FLAT);
	return 0;
}

int octet_requant_init_flat(struct octet_requant *rq, const struct octet_work *work)
{
	const struct octet_operand *dst = &work->cmd.dst;

	*rq = common(work);
	if (init_block(rq, dst->mult, dst->shift, work->break_rounding))
		return -ENOMEM;
	return add_tail(rq, work);
}

int octet_requant_init_sum(struct octet_requant *rq, const struct octet_work *work,
			   unsigned int code, uint32_t mult, uint32_t shift)
{
	*rq = common(work);
	rq->code = code;
	/* from 31 on every int32 stays one */
	rq->wrap = shift < 31;
	return init_block(rq, mult, shift, work->break_rounding);
}

void octet_requant_free(struct octet_requant *rq)
{
	free(rq->pos);
	free(rq->near_scale);
	octet_tail_free(rq->tail);
	rq->mult = NULL;
	rq->shift = NULL;
	rq->pos = NULL;
	rq->neg = NULL;
	rq->near_scale = NULL;
	rq->tail = NULL;
}
