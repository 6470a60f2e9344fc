// SPDX-License-Identifier: MIT
/*
 * All operations by loops over the formulas of the manual's page on commands, one
 * result at a time. Shares no code with the arithmetic.
 */
#include <stdlib.h>

#include "fuzz.h"

typedef __int128 wide_t;

int64_t fuzz_element(uint8_t type, const void *p, uint64_t i)
{
	switch (type) {
	case OCTET_TYPE_UINT8:
		return ((const uint8_t *)p)[i];
	case OCTET_TYPE_INT16:
		return ((const int16_t *)p)[i];
	case OCTET_TYPE_INT32:
		return ((const int32_t *)p)[i];
	}
	return ((const int8_t *)p)[i];	/* int4 has a byte each */
}

static wide_t floor_shift(wide_t v, unsigned int shift)
{
	wide_t d = (wide_t)1 << shift, q = v / d;

	return q - (v % d < 0);
}

/* v rounded to @bits significant bits, half to even; *e: power of two taken out */
static uint64_t significant(uint64_t v, int bits, int *e)
{
	while (v >> bits) {
		int drop = 0;
		uint64_t half, rest;

		while (v >> bits >> drop)
			drop++;
		half = UINT64_C(1) << (drop - 1);
		rest = v & (2 * half - 1);
		v >>= drop;
		*e += drop;
		v += rest > half || (rest == half && (v & 1));
	}
	return v;
}

static int64_t float_scale(int64_t v, uint32_t bits)
{
	int e = (int)(bits >> 23) - 150, sign = v < 0;
	uint64_t a = sign ? -(uint64_t)v : (uint64_t)v;
	wide_t y;

	a = significant(a, 24, &e) * ((bits & 0x7fffff) | 0x800000);
	a = significant(a, 24, &e);
	if (e >= 0) {
		y = (wide_t)a << e;
	} else if (e < -100) {
		y = 0;
	} else {
		wide_t unit = (wide_t)1 << -e, rest = a % unit;

		y = a / unit;
		if (2 * rest > unit || (2 * rest == unit && (y & 1)))
			y++;
	}
	return (int64_t)(sign ? -y : y);
}

static int64_t stage(uint8_t code, int64_t v, uint32_t mult, uint32_t shift)
{
	wide_t rnd, big = shift > 31 ? (wide_t)1 << 30 : 0;

	if (code == OCTET_STAGE_RAW)
		return v;
	if (code == OCTET_STAGE_FP32_RNE)
		return float_scale(v, mult);
	if (!shift)
		return (int64_t)((wide_t)v * mult);
	rnd = (wide_t)1 << (shift - 1);
	if (code == OCTET_STAGE_FIX_DBL)
		rnd += v >= 0 ? big : -big;
	else if (code == OCTET_STAGE_FIX_DBL_UP)
		rnd += big;
	else if (code == OCTET_STAGE_FIX_AWAY)
		rnd -= v < 0;
	return (int64_t)floor_shift((wide_t)v * mult + rnd, shift);
}

static int32_t wrap(int64_t v)
{
	return (int32_t)(uint32_t)(uint64_t)v;
}

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

/* FIX of the manual: an int32. */
static int32_t fix(uint8_t code, int32_t v, uint32_t mult, uint32_t shift)
{
	return wrap(stage(code, v, mult, shift));
}

static int32_t addend(uint8_t code, int64_t v, uint32_t left, const struct octet_operand *o)
{
	return fix(code, wrap((int64_t)((uint64_t)v << left)), o->mult, o->shift);
}

/* @y: what the output stage or an addition came to */
static int64_t last_steps(const struct octet_work *w, uint64_t at, int64_t y)
{
	const struct octet_cmd *c = &w->cmd;

	if (c->tail & OCTET_TAIL_ADD) {
		int64_t t = clamp(y + c->mid_zero_point, c->mid_min, c->mid_max);
		int64_t x2 = fuzz_element(c->src2.type, w->src2, at);
		int32_t u = wrap((t - c->mid_zero_point) * (INT64_C(1) << c->left_shift));
		int64_t sum = fix(c->sum_stage, u, c->mid_mult, c->mid_shift);

		sum += addend(c->sum_stage, x2 - c->src2.zero_point, c->left_shift, &c->src2);
		y = fix(c->sum_stage, wrap(sum), c->sum_mult, c->sum_shift);
	}
	y = clamp(y + c->dst.zero_point, c->act_min, c->act_max);
	if (c->tail & OCTET_TAIL_LUT)
		y = fuzz_element(c->dst.type, w->table, (uint64_t)y & 255);
	return y;
}

/* A sum of products, or of pixels, and the bias. */
static int64_t staged(const struct octet_work *w, uint64_t at, uint32_t o, int64_t acc)
{
	const struct octet_cmd *c = &w->cmd;
	bool tensor = c->flags & OCTET_CMD_PER_TENSOR;
	uint32_t mult = c->dst.mult, shift = c->dst.shift;
	int64_t v = acc;

	if (w->prm16) {
		v += w->prm16[o].bias;
		mult = tensor ? mult : w->prm16[o].mult;
		shift = tensor ? shift : w->prm16[o].shift;
	}
	if (w->prm) {
		v += w->prm[o].bias;
		mult = tensor ? mult : w->prm[o].mult;
	}
	if (w->chn && !tensor)
		shift = w->chn[o].shift;
	if (c->src.type == OCTET_TYPE_INT16)
		v = (int64_t)((uint64_t)v << 16) / 65536;
	else
		v = wrap(v);
	return last_steps(w, at, stage(c->stage, v, mult, shift));
}

static int64_t weight(const struct octet_work *w, uint64_t at, uint32_t o)
{
	return fuzz_element(w->cmd.wgt.type, w->wgt, at) -
	       (w->chn ? w->chn[o].zero_point : w->cmd.wgt.zero_point);
}

static int64_t pixel(const struct octet_work *w, uint64_t n, int64_t y, int64_t x, uint32_t k)
{
	const struct octet_cmd *c = &w->cmd;

	return fuzz_element(c->src.type, w->src,
			    ((n * c->h + (uint64_t)y) * c->w + (uint64_t)x) * c->cin + k);
}

static bool inside(const struct octet_cmd *c, int64_t y, int64_t x)
{
	return y >= 0 && y < c->h && x >= 0 && x < c->w;
}

static int64_t conv(const struct octet_work *w, uint64_t n, int64_t y, int64_t x, uint32_t o)
{
	const struct octet_cmd *c = &w->cmd;
	bool dw = c->op == OCTET_OP_DEPTHWISE;
	uint32_t ci = dw ? 1 : c->cin / c->groups;
	uint32_t c0 = dw ? o / (c->cout / c->cin) : o / (c->cout / c->groups) * ci;
	int64_t sum = 0;

	for (uint32_t i = 0; i < c->r; i++)
	for (uint32_t j = 0; j < c->s; j++)
	for (uint32_t k = 0; k < ci; k++) {
		int64_t iy = y * c->sh - c->pt + (int64_t)i * c->dh;
		int64_t ix = x * c->sw - c->pl + (int64_t)j * c->dw;
		uint64_t tap = (uint64_t)i * c->s + j;
		uint64_t at = dw ? tap * c->cout + o : ((uint64_t)o * c->r * c->s + tap) * ci + k;
		int64_t v = inside(c, iy, ix) ? pixel(w, n, iy, ix, c0 + k) : c->pad_value;

		sum += (v - c->src.zero_point) * weight(w, at, o);
	}
	return sum;
}

static int64_t tconv(const struct octet_work *w, uint64_t n, int64_t y, int64_t x, uint32_t o)
{
	const struct octet_cmd *c = &w->cmd;
	uint32_t ci = c->cin / c->groups, c0 = o / (c->cout / c->groups) * ci;
	int64_t sum = 0;

	for (uint32_t i = 0; i < c->r; i++)
	for (uint32_t j = 0; j < c->s; j++)
	for (uint32_t k = 0; k < ci; k++) {
		int64_t iy = y + c->pt - i, ix = x + c->pl - j;
		uint64_t at = (((uint64_t)o * c->r + i) * c->s + j) * ci + k;

		if (iy % c->sh || ix % c->sw || !inside(c, iy / c->sh, ix / c->sw))
			continue;
		sum += (pixel(w, n, iy / c->sh, ix / c->sw, c0 + k) - c->src.zero_point) *
		       weight(w, at, o);
	}
	return sum;
}

/* @row: batch and row in one */
static int64_t gemm(const struct octet_work *w, uint64_t row, uint32_t o)
{
	const struct octet_cmd *c = &w->cmd;
	uint64_t batch = row / c->h, i = row % c->h, m = c->h, n = c->cout, kk = c->cin;
	int64_t sum = 0;

	for (uint64_t k = 0; k < kk; k++) {
		bool ta = c->src.flags & OCTET_OPERAND_TRANSPOSED;
		bool tb = c->wgt.flags & OCTET_OPERAND_TRANSPOSED;
		int64_t a = fuzz_element(c->src.type, w->src,
					 batch * m * kk + (ta ? k * m + i : i * kk + k));

		sum += (a - c->src.zero_point) *
		       weight(w, batch * n * kk + (tb ? o * kk + k : k * n + o), o);
	}
	return sum;
}

/* sum / count, ties away from zero */
static int64_t quotient(int64_t sum, int64_t count)
{
	int64_t a = sum < 0 ? -sum : sum, q = (2 * a + count) / (2 * count);

	return sum < 0 ? -q : q;
}

static int64_t pool(const struct octet_work *w, uint64_t at, uint64_t n, int64_t y, int64_t x,
		    uint32_t o)
{
	const struct octet_cmd *c = &w->cmd;
	int64_t sum = 0, count = 0, most = INT64_MIN;

	for (uint32_t i = 0; i < c->r; i++)
	for (uint32_t j = 0; j < c->s; j++) {
		int64_t iy = y * c->sh - c->pt + i, ix = x * c->sw - c->pl + j, v;

		if (!inside(c, iy, ix))
			continue;
		v = pixel(w, n, iy, ix, o);
		most = v > most ? v : most;
		sum += v;
		count++;
	}
	if (c->sub == OCTET_POOL_SUM)
		return staged(w, at, o, sum - count * c->src.zero_point);
	return clamp(c->sub == OCTET_POOL_MAX ? most : quotient(sum, count), c->act_min,
		     c->act_max);
}

static int64_t ew(const struct octet_work *w, uint64_t at)
{
	const struct octet_cmd *c = &w->cmd;
	int64_t a = fuzz_element(c->src.type, w->src, at);
	int64_t b = fuzz_element(c->src2.type, w->src2, at), x, y;

	if (c->sub == OCTET_EW_MIN)
		return last_steps(w, at, a < b ? a : b);
	if (c->sub == OCTET_EW_MAX)
		return last_steps(w, at, a > b ? a : b);
	a -= c->src.zero_point;
	b -= c->src2.zero_point;
	if (c->sub == OCTET_EW_MUL)
		return last_steps(w, at, stage(c->stage, wrap(a * b), c->dst.mult, c->dst.shift));
	x = addend(c->stage, a, c->left_shift, &c->src);
	y = addend(c->stage, b, c->left_shift, &c->src2);
	if (c->sub == OCTET_EW_ADD)
		x = wrap(x + y);
	else if (c->sub == OCTET_EW_SUB)
		x = wrap(x - y);
	else
		x = wrap((int64_t)((uint64_t)wrap(x - y) * (uint64_t)wrap(x - y)));
	return last_steps(w, at, fix(c->stage, (int32_t)x, c->dst.mult, c->dst.shift));
}

static int64_t lut(const struct octet_work *w, uint64_t at)
{
	const struct octet_cmd *c = &w->cmd;
	int64_t x = fuzz_element(c->src.type, w->src, at), i, a, b;

	if (c->src.type != OCTET_TYPE_INT16)
		return clamp(fuzz_element(c->dst.type, w->table, (uint64_t)x & 255), c->act_min,
			     c->act_max);
	i = 256 + (int64_t)floor_shift(x, 7);
	a = ((const int16_t *)w->table)[i];
	b = ((const int16_t *)w->table)[i + 1];
	return clamp(a + (int64_t)floor_shift((b - a) * (x - (i - 256) * 128) + 64, 7),
		     c->act_min, c->act_max);
}

static int64_t rhu(wide_t v, unsigned int shift)
{
	return (int64_t)floor_shift(v + ((wide_t)1 << (shift - 1)), shift);
}

static int64_t sat(int64_t v)
{
	return clamp(v, INT32_MIN, INT32_MAX);
}

static int64_t reciprocal(int64_t a)
{
	int64_t h = (a + (INT64_C(1) << 31)) / 2;
	int64_t x = 1515870810 + rhu((wide_t)h * -1010580540, 31);

	for (int i = 0; i < 3; i++)
		x = sat(x + sat(4 * rhu((wide_t)x * ((1 << 29) - rhu((wide_t)h * x, 31)), 31)));
	return sat(2 * x);
}

static int64_t softmax(const struct octet_work *w, uint64_t p, uint32_t o)
{
	const struct octet_cmd *c = &w->cmd;
	const int32_t *t = w->table;
	int64_t most = INT64_MIN, s = 0, y, k = 0;
	bool divide = c->sub == OCTET_SOFTMAX_DIVIDE;

	for (uint32_t i = 0; i < c->cin; i++) {
		int64_t x = fuzz_element(c->src.type, w->src, p * c->cin + i);

		most = x > most ? x : most;
	}
	for (uint32_t i = 0; i < c->cin; i++) {
		int64_t e = t[most - fuzz_element(c->src.type, w->src, p * c->cin + i)];

		s += divide ? e : (e + 2048) >> 12;
	}
	y = t[most - fuzz_element(c->src.type, w->src, p * c->cin + o)];
	if (!s) {
		y = 0;
	} else if (divide) {
		y = (512 * y + s) / (2 * s);
	} else {
		while (!(s << k & INT64_C(0x80000000)))
			k++;
		y = rhu(rhu((wide_t)reciprocal((s << k) - (INT64_C(1) << 31)) * y, 31),
			(unsigned int)(35 - k));
	}
	return clamp(y + c->dst.zero_point, c->act_min, c->act_max);
}

static int64_t reduce(const struct octet_work *w, uint64_t p)
{
	const struct octet_cmd *c = &w->cmd;
	bool largest = c->sub == OCTET_REDUCE_MAX || c->sub == OCTET_REDUCE_ARGMAX;
	int64_t best = fuzz_element(c->src.type, w->src, p * c->cin), place = 0;

	for (uint32_t i = 1; i < c->cin; i++) {
		int64_t x = fuzz_element(c->src.type, w->src, p * c->cin + i);

		if (largest ? x > best : x < best) {
			best = x;
			place = i;
		}
	}
	if (c->sub == OCTET_REDUCE_ARGMAX || c->sub == OCTET_REDUCE_ARGMIN)
		best = place;
	return clamp(best, c->act_min, c->act_max);
}

static int64_t resize(const struct octet_work *w, uint64_t n, int64_t y, int64_t x, uint32_t o)
{
	const struct octet_tap *ty = (const struct octet_tap *)w->table + y;
	const struct octet_tap *tx = (const struct octet_tap *)w->table + w->cmd.oh + x;
	int64_t v = 0;

	for (int i = 0; i < 4; i++) {
		int64_t a = i & 1 ? ty->weight : OCTET_TAP_ONE - ty->weight;
		int64_t b = i & 2 ? tx->weight : OCTET_TAP_ONE - tx->weight;

		v += a * b * pixel(w, n, i & 1 ? ty->hi : ty->lo, i & 2 ? tx->hi : tx->lo, o);
	}
	return clamp(quotient(v, 1 << 20), w->cmd.act_min, w->cmd.act_max);
}

/* Result @o of the @p-th pixel (of a GEMM: row). */
int64_t fuzz_result(const struct octet_work *w, uint64_t p, uint32_t o)
{
	const struct octet_cmd *c = &w->cmd;
	int64_t x = (int64_t)(p % c->ow), y = (int64_t)(p / c->ow % c->oh);
	uint64_t n = p / c->ow / c->oh, at = p * c->cout + o;

	switch (c->op) {
	case OCTET_OP_CONV2D:
	case OCTET_OP_DEPTHWISE:
		return staged(w, at, o, conv(w, n, y, x, o));
	case OCTET_OP_TCONV2D:
		return staged(w, at, o, tconv(w, n, y, x, o));
	case OCTET_OP_GEMM:
		return staged(w, at, o, gemm(w, p, o));
	case OCTET_OP_POOL:
		return pool(w, at, n, y, x, o);
	case OCTET_OP_EW:
		return ew(w, at);
	case OCTET_OP_LUT:
		return lut(w, at);
	case OCTET_OP_COPY:
		return c->sub == OCTET_COPY_FILL ? c->pad_value :
						   fuzz_element(c->src.type, w->src, at);
	case OCTET_OP_SOFTMAX:
		return softmax(w, p, o);
	case OCTET_OP_REDUCE:
		return reduce(w, p);
	case OCTET_OP_RESIZE:
		return resize(w, n, y, x, o);
	}
	abort();
}
