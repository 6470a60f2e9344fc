// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/simd.h"
#include "compute_item.h"
#include "unit.h"

static const char *const levels[] = { "portable", "avx2", "avx512vnni", "amx" };

static uint64_t seed = 1;

uint32_t item_rnd(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 33) % n);
}

int32_t item_low(uint8_t type)
{
	return type == OCTET_TYPE_INT8 ? -128 : type == OCTET_TYPE_UINT8 ? 0 :
	       type == OCTET_TYPE_INT16 ? -32768 : INT32_MIN;
}

int32_t item_high(uint8_t type)
{
	return type == OCTET_TYPE_INT8 ? 127 : type == OCTET_TYPE_UINT8 ? 255 :
	       type == OCTET_TYPE_INT16 ? 32767 : INT32_MAX;
}

size_t item_size(uint8_t type)
{
	return type == OCTET_TYPE_INT32 ? 4 : type == OCTET_TYPE_INT16 ? 2 : 1;
}

int32_t item_code(uint8_t type)
{
	return item_low(type) + (int32_t)item_rnd((uint32_t)(item_high(type) - item_low(type)) + 1);
}

uint8_t item_type8(void)
{
	return item_rnd(2) ? OCTET_TYPE_INT8 : OCTET_TYPE_UINT8;
}

void item_plain(struct octet_cmd *cmd, uint8_t op)
{
	cmd->op = op;
	cmd->n = 1 + item_rnd(3);
	cmd->n2 = 1;
	cmd->h = cmd->oh = 1 + item_rnd(9);
	cmd->w = cmd->ow = 1 + item_rnd(9);
	cmd->cin = cmd->cout = 1 + item_rnd(item_rnd(2) ? 5 : 300);
	cmd->groups = 1;
	cmd->r = cmd->s = cmd->sh = cmd->sw = cmd->dh = cmd->dw = 1;
}

void item_clamp(struct octet_cmd *cmd)
{
	cmd->act_min = item_low(cmd->dst.type);
	cmd->act_max = item_high(cmd->dst.type);
	if (item_rnd(3) || cmd->dst.type == OCTET_TYPE_INT32)
		return;
	cmd->act_min += (int32_t)item_rnd((uint32_t)(cmd->act_max - cmd->act_min) / 3);
	cmd->act_max -= (int32_t)item_rnd((uint32_t)(cmd->act_max - cmd->act_min) / 3);
}

uint8_t *item_bytes(size_t n)
{
	static const uint8_t extremes[] = { 0, 0x7f, 0x80, 0xff };
	uint8_t *p = malloc(n ? n : 1);

	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)item_rnd(256);
	if (item_rnd(4) == 0)
		memset(p, extremes[item_rnd(4)], n);
	return p;
}

static size_t weights(const struct octet_cmd *c)
{
	switch (c->op) {
	case OCTET_OP_CONV2D:
	case OCTET_OP_TCONV2D:
		return (size_t)c->cout * c->r * c->s * (c->cin / c->groups);
	case OCTET_OP_DEPTHWISE:
		return (size_t)c->cout * c->r * c->s;
	case OCTET_OP_GEMM:
		return (size_t)c->n2 * c->n * c->cin * c->cout;
	}
	return 0;
}

void item_start(struct item *it)
{
	struct octet_work *w = &it->work;
	const struct octet_cmd *c = &w->cmd;
	size_t images = (size_t)c->n * c->n2;

	it->results = images * c->oh * c->ow * c->cout;
	w->src = item_bytes(images * c->h * c->w * c->cin * item_size(c->src.type));
	w->wgt = weights(c) ? item_bytes(weights(c)) : NULL;
	if (c->op == OCTET_OP_EW || c->tail & OCTET_TAIL_ADD)
		w->src2 = item_bytes(it->results * item_size(c->src2.type));
	w->dst = calloc(it->results + 1, 4);
	w->cancel = &it->cancel;
	w->progress = &it->progress;
}

void item_done(struct item *it)
{
	free(it->work.src);
	free(it->work.src2);
	free(it->work.wgt);
	free(it->work.prm);
	free(it->work.prm16);
	free(it->work.chn);
	free(it->work.table);
	free(it->work.dst);
}

int32_t item_get(const void *p, size_t at, uint8_t type)
{
	switch (type) {
	case OCTET_TYPE_INT8:
	case OCTET_TYPE_INT4:
		return ((const int8_t *)p)[at];
	case OCTET_TYPE_UINT8:
		return ((const uint8_t *)p)[at];
	case OCTET_TYPE_INT16:
		return ((const int16_t *)p)[at];
	}
	return ((const int32_t *)p)[at];
}

static void compare(struct item *it, const char *level, item_want *want)
{
	const struct octet_cmd *c = &it->work.cmd;
	size_t size = item_size(c->dst.type);

	memset(it->work.dst, 0x5a, (it->results + 1) * 4);
	assert_int_equal(octet_work_compute(&it->work), 0);
	for (size_t i = 0; i < it->results; i++) {
		int32_t got = item_get(it->work.dst, i, c->dst.type);

		if (want(&it->work, i) == got)
			continue;
		fail_msg("%s: op %u.%u stage %u tail %u types %u %u -> %u, %u x %u x %u x %u -> "
			 "%u x %u x %u, kernel %u x %u, result %zu: want %lld, got %d", level,
			 c->op, c->sub, c->stage, c->tail, c->src.type, c->src2.type, c->dst.type,
			 c->n, c->h, c->w, c->cin, c->oh, c->ow, c->cout, c->r, c->s, i,
			 (long long)want(&it->work, i), got);
	}
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(it->work.dst[it->results * size + i], 0x5a);
}

void item_check(struct item *it, item_want *want)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (!octet_simd_force(levels[i]))
			compare(it, levels[i], want);
	octet_simd_force(NULL);
	assert_true(atomic_load(&it->progress) > 0);
}

static int64_t floor_shift(__int128 v, unsigned int shift)
{
	__int128 unit = (__int128)1 << shift, q = v / unit;

	return (int64_t)(q - (v % unit < 0));
}

/* gemmlowp's SaturatingRoundingDoublingHighMul, wider than 32 bits */
static int64_t srdhm(int64_t a, int64_t b)
{
	__int128 ab = (__int128)a * b;

	return (int64_t)((ab + (ab >= 0 ? 1 << 30 : 1 - (1 << 30))) / (1ll << 31));
}

/* gemmlowp's RoundingDivideByPOT */
static int64_t rdbypot(int64_t x, unsigned int e)
{
	int64_t mask = (1ll << e) - 1, rest = x & mask;

	return (x >> e) + (rest > (mask >> 1) + (x < 0));
}

int64_t item_fix(unsigned int stage, int32_t v, uint32_t mult, uint32_t shift)
{
	__int128 product = (__int128)v * mult, twice;

	if (!shift)
		return (int64_t)product;
	switch (stage) {
	case OCTET_STAGE_FIX_DBL:
		if (shift > 31)
			return rdbypot(srdhm(v, mult), shift - 31);
		break;
	case OCTET_STAGE_FIX_DBL_UP:
		if (shift > 31)
			return floor_shift(2 * (__int128)srdhm(v, mult) +
					   ((__int128)1 << (shift - 31)), shift - 30);
		break;
	case OCTET_STAGE_FIX_AWAY:
		twice = 2 * (product < 0 ? -product : product) + ((__int128)1 << shift);
		twice >>= shift + 1;
		return (int64_t)(v < 0 ? -twice : twice);
	}
	return floor_shift(2 * product + ((__int128)1 << shift), shift + 1);
}

int32_t item_addend(unsigned int stage, int64_t v, uint32_t left, uint32_t mult, uint32_t shift)
{
	return (int32_t)item_fix(stage, (int32_t)(v * (1ll << left)), mult, shift);
}

int32_t item_stage(const struct octet_cmd *cmd, int32_t v)
{
	__int128 y = v;
	float scale;

	if (cmd->stage == OCTET_STAGE_FP32_RNE) {
		memcpy(&scale, &cmd->dst.mult, 4);
		y = llrint((double)((float)v * scale));
	} else if (cmd->stage != OCTET_STAGE_RAW) {
		y = item_fix(cmd->stage, v, cmd->dst.mult, cmd->dst.shift);
	}
	y += cmd->dst.zero_point;
	return y < cmd->act_min ? cmd->act_min : y > cmd->act_max ? cmd->act_max : (int32_t)y;
}
