/* SPDX-License-Identifier: MIT */
/* The operations as Documentation/commands.rst writes them. */
#include <string.h>

#include "test_cpu_ops.h"

unsigned int ops_size(unsigned int type)
{
	return type == OCTET_TYPE_INT32 ? 4 : type == OCTET_TYPE_INT16 ? 2 : 1;
}

int64_t ops_value(unsigned int type, const uint8_t *p)
{
	int16_t half;
	int32_t word;

	switch (type) {
	case OCTET_TYPE_UINT8:
		return *p;
	case OCTET_TYPE_INT16:
		memcpy(&half, p, 2);
		return half;
	case OCTET_TYPE_INT32:
		memcpy(&word, p, 4);
		return word;
	}
	return (int8_t)*p;
}

static void put(unsigned int type, uint8_t *p, int64_t v)
{
	const int32_t word = (int32_t)v;

	memcpy(p, &word, ops_size(type));
}

/**
 * struct at - place of a result: indexes as of the strides, innermost apart
 */
struct at {
	uint64_t i[4];
	uint64_t c;
};

static uint64_t offset(const struct octet_operand *op, const struct at *at)
{
	uint64_t sum = at->c * ops_size(op->type);

	if (op->flags & OCTET_OPERAND_REPEAT)
		sum = 0;
	for (int d = 0; d < 4; d++)
		sum += at->i[d] ? at->i[d] * op->stride[d] : 0;
	return sum;
}

static int64_t read_at(const struct octet_operand *op, const uint8_t *p,
		       uint64_t i0, uint64_t i1, uint64_t i2, uint64_t i3,
		       uint64_t c)
{
	const struct at at = { { i0, i1, i2, i3 }, c };

	return ops_value(op->type, p + offset(op, &at));
}

static int64_t clamped(int64_t v, int64_t lo, int64_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

static int32_t fix(unsigned int stage, int64_t v, uint32_t mult, uint32_t shift)
{
	int64_t round = 0;

	v = (int32_t)(uint32_t)v;
	if (shift) {
		round = INT64_C(1) << (shift - 1);
		if (stage == OCTET_STAGE_FIX_DBL && shift > 31)
			round += v >= 0 ? 1 << 30 : -(1 << 30);
		if (stage == OCTET_STAGE_FIX_DBL_UP && shift > 31)
			round += 1 << 30;
		if (stage == OCTET_STAGE_FIX_AWAY)
			round -= v < 0;
	}
	return (int32_t)(uint32_t)((v * mult + round) >> shift);
}

static int64_t shifted(const struct octet_cmd *c, int64_t v)
{
	return (int64_t)((uint64_t)v << c->left_shift);
}

/* Tails of a code, x2 the addend's. */
static int64_t tails(const struct octet_cmd *c, const uint8_t *const *p,
		     const struct at *at, int64_t y)
{
	int64_t u;

	if (c->tail & OCTET_TAIL_ADD) {
		u = ops_value(c->src2.type, p[1] + offset(&c->src2, at));
		u = (int64_t)fix(c->sum_stage, shifted(c, u - c->src2.zero_point),
				 c->src2.mult, c->src2.shift) +
		    fix(c->sum_stage, shifted(c, y - c->mid_zero_point),
			c->mid_mult, c->mid_shift);
		y = clamped((int64_t)fix(c->sum_stage, u, c->sum_mult,
					 c->sum_shift) + c->dst.zero_point,
			    c->act_min, c->act_max);
	}
	if (c->tail & OCTET_TAIL_LUT)
		y = ops_value(c->dst.type, p[OPS_TABLE] + (y & 255));
	return y;
}

/* int48 */
static int64_t wrap48(int64_t v)
{
	const int64_t top = INT64_C(1) << 47;

	v &= 2 * top - 1;
	return v >= top ? v - 2 * top : v;
}

static int64_t staged16(const struct octet_cmd *c, const uint8_t *const *p,
			uint64_t o, int64_t acc)
{
	uint32_t mult = c->dst.mult, shift = c->dst.shift;
	struct octet_param16 r = { 0 };

	if (c->prm.space) {
		memcpy(&r, p[OCTET_OPERAND_PRM] + o * sizeof(r), sizeof(r));
		if (!(c->flags & OCTET_CMD_PER_TENSOR)) {
			mult = r.mult;
			shift = r.shift;
		}
	}
	acc = wrap48(acc + r.bias);
	return clamped((acc * mult + (INT64_C(1) << (shift - 1))) >> shift,
		       c->act_min, c->act_max);
}

static int64_t staged(const struct octet_cmd *c, const uint8_t *const *p,
		      uint64_t o, int64_t acc)
{
	const bool add = c->tail & OCTET_TAIL_ADD;
	const bool records = !(c->flags & OCTET_CMD_PER_TENSOR);
	uint32_t mult = c->dst.mult, shift = c->dst.shift;
	struct octet_param r = { 0, 0 };
	struct octet_channel n;

	if (c->src.type == OCTET_TYPE_INT16)
		return staged16(c, p, o, acc);
	if (c->prm.space) {
		memcpy(&r, p[OCTET_OPERAND_PRM] + o * sizeof(r), sizeof(r));
		mult = records ? r.mult : mult;
	}
	if (c->chn.space && records) {
		memcpy(&n, p[OCTET_OPERAND_CHN] + o * sizeof(n), sizeof(n));
		shift = n.shift;
	}
	return tc_stage(c->stage, (int32_t)(uint32_t)acc, r.bias, mult, shift,
			add ? c->mid_zero_point : c->dst.zero_point,
			add ? c->mid_min : c->act_min,
			add ? c->mid_max : c->act_max);
}

static int64_t weight(const struct octet_cmd *c, const uint8_t *const *p,
		      const struct at *at, uint64_t o)
{
	const uint8_t *w = p[OCTET_OPERAND_WGT];
	uint32_t e[4];
	uint64_t inner, index = 0;
	struct octet_channel n;
	int64_t zero = c->wgt.zero_point;

	if (c->chn.space) {
		memcpy(&n, p[OCTET_OPERAND_CHN] + o * sizeof(n), sizeof(n));
		zero = n.zero_point;
	}
	if (c->wgt.type != OCTET_TYPE_INT4)
		return ops_value(c->wgt.type, w + offset(&c->wgt, at)) - zero;
	inner = ops_extents(c, OCTET_OPERAND_WGT, e);
	for (int d = 0; d < 4; d++)
		index = index * e[d] + at->i[d];
	index = index * inner + at->c;
	return ((w[index / 2] >> index % 2 * 4 & 15) ^ 8) - 8 - zero;
}

static int64_t tap(const struct octet_cmd *c, const uint8_t *const *p,
		   const struct at *at, uint64_t i, uint64_t j, uint64_t k)
{
	const bool dw = c->op == OCTET_OP_DEPTHWISE;
	const uint64_t cg = dw ? 1 : c->cin / c->groups;
	const uint64_t g = dw ? at->c / (c->cout / c->cin) :
				at->c / (c->cout / c->groups);
	const struct at w = { { 0, dw ? 0 : at->c, i, j }, dw ? at->c : k };
	int64_t y = (int64_t)at->i[2] * c->sh - c->pt + (int64_t)i * c->dh;
	int64_t x = (int64_t)at->i[3] * c->sw - c->pl + (int64_t)j * c->dw;
	const bool t = c->op == OCTET_OP_TCONV2D;
	int64_t v = c->pad_value;

	if (t) {
		y = (int64_t)at->i[2] + c->pt - (int64_t)i;
		x = (int64_t)at->i[3] + c->pl - (int64_t)j;
		if (y < 0 || x < 0 || y % c->sh || x % c->sw)
			return 0;
		y /= c->sh;
		x /= c->sw;
	}
	if (y >= 0 && y < c->h && x >= 0 && x < c->w)
		v = read_at(&c->src, p[0], 0, at->i[1], (uint64_t)y,
			    (uint64_t)x, g * cg + k);
	else if (t)
		return 0;
	return (v - c->src.zero_point) * weight(c, p, &w, at->c);
}

static int64_t conv(const struct octet_cmd *c, const uint8_t *const *p,
		    const struct at *at)
{
	const uint64_t cg = c->op == OCTET_OP_DEPTHWISE ? 1 :
			    c->cin / c->groups;
	int64_t acc = 0;

	for (uint64_t i = 0; i < c->r; i++)
		for (uint64_t j = 0; j < c->s; j++)
			for (uint64_t k = 0; k < cg; k++)
				acc += tap(c, p, at, i, j, k);
	return tails(c, p, at, staged(c, p, at->c, acc));
}

static int64_t gemm(const struct octet_cmd *c, const uint8_t *const *p,
		    const struct at *at)
{
	const bool ta = c->src.flags & OCTET_OPERAND_TRANSPOSED;
	const bool tb = c->wgt.flags & OCTET_OPERAND_TRANSPOSED;
	const uint64_t i = at->i[2], j = at->c;
	int64_t acc = 0;

	for (uint64_t k = 0; k < c->cin; k++) {
		const struct at b = { { at->i[0], at->i[1], tb ? j : k, 0 },
				      tb ? k : j };

		acc += (read_at(&c->src, p[0], at->i[0], at->i[1], ta ? k : i,
				0, ta ? i : k) - c->src.zero_point) *
		       weight(c, p, &b, j);
	}
	return tails(c, p, at, staged(c, p, j, acc));
}

static int64_t pool(const struct octet_cmd *c, const uint8_t *const *p,
		    const struct at *at)
{
	int64_t sum = 0, most = INT64_MIN, count = 0;

	for (int64_t i = 0; i < c->r; i++)
		for (int64_t j = 0; j < c->s; j++) {
			const int64_t y = (int64_t)at->i[2] * c->sh - c->pt + i;
			const int64_t x = (int64_t)at->i[3] * c->sw - c->pl + j;
			int64_t v;

			if (y < 0 || y >= c->h || x < 0 || x >= c->w)
				continue;
			v = read_at(&c->src, p[0], 0, at->i[1], (uint64_t)y,
				    (uint64_t)x, at->c);
			most = v > most ? v : most;
			sum += v;
			count++;
		}
	if (c->sub == OCTET_POOL_SUM)
		return tails(c, p, at, staged(c, p, at->c, sum -
					      count * c->src.zero_point));
	/* |sum| / count, ties up, then the sign */
	if (c->sub == OCTET_POOL_AVERAGE)
		most = (2 * (sum < 0 ? -sum : sum) + count) / (2 * count) *
		       (sum < 0 ? -1 : 1);
	return clamped(most, c->act_min, c->act_max);
}

static int64_t ew(const struct octet_cmd *c, const uint8_t *const *p,
		  const struct at *at)
{
	int64_t a = ops_value(c->src.type, p[0] + offset(&c->src, at));
	int64_t b = ops_value(c->src2.type, p[1] + offset(&c->src2, at));
	int64_t y;

	if (c->sub == OCTET_EW_MIN || c->sub == OCTET_EW_MAX)
		return tails(c, p, at, clamped((a < b) == (c->sub == OCTET_EW_MIN) ?
					       a : b, c->act_min, c->act_max));
	a -= c->src.zero_point;
	b -= c->src2.zero_point;
	if (c->sub == OCTET_EW_MUL)
		return tails(c, p, at, tc_stage(c->stage,
					(int32_t)(uint32_t)(a * b), 0,
					c->dst.mult, c->dst.shift,
					c->dst.zero_point, c->act_min,
					c->act_max));
	a = fix(c->stage, shifted(c, a), c->src.mult, c->src.shift);
	b = fix(c->stage, shifted(c, b), c->src2.mult, c->src2.shift);
	y = c->sub == OCTET_EW_ADD ? a + b : a - b;
	if (c->sub == OCTET_EW_SQDIFF)
		y = (int64_t)((uint64_t)y * (uint64_t)y);
	y = (int64_t)fix(c->stage, y, c->dst.mult, c->dst.shift) +
	    c->dst.zero_point;
	return tails(c, p, at, clamped(y, c->act_min, c->act_max));
}

static int64_t lut(const struct octet_cmd *c, const uint8_t *const *p,
		   const struct at *at)
{
	const int64_t x = ops_value(c->src.type, p[0] + offset(&c->src, at));
	const int64_t i = 256 + (x >> 7);
	const uint8_t *t = p[OPS_TABLE];
	int64_t y, z;

	if (c->src.type != OCTET_TYPE_INT16)
		return clamped(ops_value(c->dst.type, t + (x & 255)),
			       c->act_min, c->act_max);
	y = ops_value(OCTET_TYPE_INT16, t + 2 * i);
	z = ops_value(OCTET_TYPE_INT16, t + 2 * i + 2);
	return clamped(y + (((z - y) * (x & 127) + 64) >> 7), c->act_min,
		       c->act_max);
}

static int64_t one(const struct octet_cmd *c, const uint8_t *const *p,
		   const struct at *at)
{
	struct at pixel = *at;

	pixel.c = 0;
	switch (c->op) {
	case OCTET_OP_GEMM:
		return gemm(c, p, at);
	case OCTET_OP_POOL:
		return pool(c, p, at);
	case OCTET_OP_EW:
		return ew(c, p, at);
	case OCTET_OP_LUT:
		return lut(c, p, at);
	case OCTET_OP_COPY:
		return c->sub == OCTET_COPY_FILL ? c->pad_value :
		       ops_value(c->src.type, p[0] + offset(&c->src, at));
	case OCTET_OP_SOFTMAX:
		return ops_softmax(c, p[0] + offset(&c->src, &pixel),
				   (const void *)p[OPS_TABLE], (uint32_t)at->c);
	case OCTET_OP_REDUCE:
		return clamped(ops_reduce(c, p[0] + offset(&c->src, &pixel)),
			       c->act_min, c->act_max);
	case OCTET_OP_RESIZE:
		pixel.i[2] = pixel.i[3] = 0;
		return clamped(ops_resize(c, p[0] + offset(&c->src, &pixel),
					  (const void *)p[OPS_TABLE],
					  (uint32_t)at->i[2],
					  (uint32_t)at->i[3], (uint32_t)at->c),
			       c->act_min, c->act_max);
	}
	return conv(c, p, at);
}

void ops_reference(const struct octet_cmd *c, const uint8_t *const *p,
		   uint8_t *y)
{
	struct at at;
	uint32_t e[4];
	const uint64_t inner = ops_extents(c, OCTET_OPERAND_DST, e);

	for (at.i[0] = 0; at.i[0] < e[0]; at.i[0]++)
		for (at.i[1] = 0; at.i[1] < e[1]; at.i[1]++)
			for (at.i[2] = 0; at.i[2] < e[2]; at.i[2]++)
				for (at.i[3] = 0; at.i[3] < e[3]; at.i[3]++)
					for (at.c = 0; at.c < inner; at.c++)
						put(c->dst.type,
						    y + offset(&c->dst, &at),
						    one(c, p, &at));
}
