// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>

#include "compute.h"
#include "tail.h"

/**
 * struct octet_tail - the tails of a command
 *
 * @add: TAIL_ADD
 * @table: of TAIL_LUT, or NULL
 * @src2: the other addend
 * @dst: the result, as large as @src2
 * @own: addends of the output stage's codes
 * @other: addends of the codes of @src2
 * @sum: rescales the sum
 */
struct octet_tail {
	bool add;
	const uint8_t *table;
	const uint8_t *src2;
	const uint8_t *dst;
	int32_t own[256];
	int32_t other[256];
	struct octet_requant sum;
};

void octet_addend_codes(const struct octet_addend *a, unsigned int type, int32_t *codes)
{
	for (unsigned int i = 0; i < 256; i++)
		codes[i] = octet_addend_of(a, octet_code(type, (uint8_t)i));
}

static inline int32_t pair(const int32_t *own, const int32_t *other, uint64_t a, uint64_t b)
{
	return (int32_t)((uint32_t)own[a & 255] + (uint32_t)other[b & 255]);
}

void octet_addend_sum(const int32_t *own, const int32_t *other, const uint8_t *a,
		      const uint8_t *b, size_t n, int32_t *sum)
{
	size_t i = 0;

	/* eight codes by one load: little-endian, as all of the model */
	for (; i + 8 <= n; i += 8) {
		uint64_t x, y;

		memcpy(&x, a + i, 8);
		memcpy(&y, b + i, 8);
#pragma GCC unroll 8
		for (size_t k = 0; k < 8; k++)
			sum[i + k] = pair(own, other, x >> (8 * k), y >> (8 * k));
	}
	for (; i < n; i++)
		sum[i] = pair(own, other, a[i], b[i]);
}

static int addends(struct octet_tail *tail, const struct octet_work *work)
{
	const struct octet_cmd *cmd = &work->cmd;
	bool broken = work->break_rounding;
	struct octet_addend own = {
		.fix = octet_fix_init(cmd->sum_stage, cmd->mid_mult, cmd->mid_shift, broken),
		.zero_point = cmd->mid_zero_point, .left = cmd->left_shift,
	};
	struct octet_addend other = {
		.fix = octet_fix_init(cmd->sum_stage, cmd->src2.mult, cmd->src2.shift, broken),
		.zero_point = cmd->src2.zero_point, .left = cmd->left_shift,
	};

	octet_addend_codes(&own, cmd->dst.type, tail->own);
	octet_addend_codes(&other, cmd->src2.type, tail->other);
	return octet_requant_init_sum(&tail->sum, work, cmd->sum_stage, cmd->sum_mult,
				      cmd->sum_shift);
}

struct octet_tail *octet_tail_new(const struct octet_work *work)
{
	const struct octet_cmd *cmd = &work->cmd;
	struct octet_tail *tail = calloc(1, sizeof(*tail));

	if (!tail)
		return NULL;
	tail->add = cmd->tail & OCTET_TAIL_ADD;
	tail->table = cmd->tail & OCTET_TAIL_LUT ? work->table : NULL;
	tail->src2 = work->src2;
	tail->dst = work->dst;
	if (tail->add && addends(tail, work)) {
		free(tail);
		return NULL;
	}
	return tail;
}

void octet_tail_free(struct octet_tail *tail)
{
	if (!tail)
		return;
	octet_requant_free(&tail->sum);
	free(tail);
}

static void add(const struct octet_tail *tail, uint8_t *dst, size_t n, size_t rows, size_t ldd)
{
	const struct octet_simd *simd = octet_simd_get();
	OCTET_SCRATCH int32_t sum[OCTET_BLOCK + OCTET_PANEL];

	for (size_t i = 0; i < rows; i++)
		octet_addend_sum(tail->own, tail->other, dst + i * ldd,
				 tail->src2 + (dst + i * ldd - tail->dst), n, sum + i * n);
	for (size_t i = 0; tail->sum.wrap && i < rows; i++)
		octet_requant_bytes(&tail->sum, sum + i * n, 0, n, dst + i * ldd);
	if (tail->sum.wrap)
		return;
	for (size_t j = 0; j < n; j += OCTET_FLAT) {
		size_t part = n - j < OCTET_FLAT ? n - j : OCTET_FLAT;

		simd->narrow_rows(&tail->sum, sum + j, n, 0, part, rows, dst + j, ldd);
	}
}

void octet_tail_apply(const struct octet_tail *tail, uint8_t *dst, size_t n, size_t rows,
		      size_t ldd)
{
	size_t most = OCTET_BLOCK / n;

	for (size_t i = 0; tail->add && i < rows; i += most)
		add(tail, dst + i * ldd, n, rows - i < most ? rows - i : most, ldd);
	for (; tail->table && rows; rows--, dst += ldd)
		for (size_t i = 0; i < n; i++)
			dst[i] = tail->table[dst[i]];
}
