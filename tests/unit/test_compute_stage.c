// SPDX-License-Identifier: MIT
/*
 * The output stage to 8 bits at every level, many rows at a time, against the formula:
 * sums next to where one code ends and the next begins, and at the ends of int32.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/output_stage.h"
#include "core/simd.h"
#include "compute_item.h"
#include "unit.h"

#define CHANNELS	48
#define ROWS		7
#define ROUNDS		3000

static const char *const levels[] = { "portable", "avx2", "avx512vnni", "amx" };

/* with room for vectors that read past the end */
static uint32_t mult[CHANNELS + 16], shift[CHANNELS + 16];
static int64_t pos[CHANNELS + 16], neg[CHANNELS + 16];

static uint32_t random_mult(unsigned int code)
{
	if (code == OCTET_STAGE_FP32_RNE)
		return 0x38000000 + (item_rnd(8) << 23) + item_rnd(1 << 23);
	switch (item_rnd(4)) {
	case 0:
		return 1u << item_rnd(31);
	case 1:
		return item_rnd(1u << 31);
	}
	return (1u << 30) + item_rnd(1u << 30);
}

static void random_stage(struct octet_requant *rq)
{
	bool small = item_rnd(4) == 0;

	*rq = (struct octet_requant) {
		.code = item_rnd(6), .mult = mult, .shift = shift, .pos = pos, .neg = neg,
		.type = item_rnd(2) ? OCTET_TYPE_INT8 : OCTET_TYPE_UINT8,
	};
	rq->lo = rq->type == OCTET_TYPE_INT8 ? -128 : 0;
	rq->hi = rq->lo + 255;
	rq->zero_point = rq->lo + (int32_t)item_rnd(256);
	if (item_rnd(2)) {
		rq->lo += (int32_t)item_rnd(100);
		rq->hi -= (int32_t)item_rnd(100);
	}
	for (int o = 0; o < CHANNELS; o++) {
		uint32_t m = random_mult(rq->code), s = 32 + item_rnd(small ? 31 : 12);
		struct octet_fix f;

		if (item_rnd(small ? 8 : 2000) == 0)
			s = 1 + item_rnd(31);
		if (rq->code == OCTET_STAGE_RAW || rq->code == OCTET_STAGE_FP32_RNE)
			s = 0;
		f = octet_fix_init(rq->code, m, s, item_rnd(100) == 0);
		mult[o] = f.mult;
		shift[o] = f.shift;
		pos[o] = f.pos;
		neg[o] = f.neg;
	}
}

/* a sum of channel @o that is about at the end of a code, or anywhere */
static int32_t random_sum(const struct octet_requant *rq, size_t o)
{
	double near = (double)item_rnd(520) - 260 + 0.5;

	if (item_rnd(8) == 0)
		return (int32_t)(item_rnd(1u << 31) << 1);
	if (item_rnd(50) == 0)
		return item_rnd(2) ? INT32_MAX : INT32_MIN;
	if (rq->code != OCTET_STAGE_RAW && mult[o])
		near = ldexp(near, (int)shift[o]) / mult[o];
	if (fabs(near) > 2e9)
		return (int32_t)item_rnd(1u << 24) - (1 << 23);
	return (int32_t)near + (int32_t)item_rnd(3) - 1;
}

static void check(struct octet_requant *rq, const char *level)
{
	size_t o0 = item_rnd(CHANNELS), n = 1 + item_rnd((uint32_t)(CHANNELS - o0));
	size_t rows = 1 + item_rnd(ROWS), ldd = n + item_rnd(3);
	int32_t acc[ROWS * 64] = { 0 }, want[64];
	uint8_t to[ROWS * 64];

	for (size_t i = 0; i < rows; i++)
		for (size_t j = 0; j < n; j++)
			acc[i * 64 + j] = random_sum(rq, o0 + j);
	memset(to, 0x5a, sizeof(to));
	octet_requant_store_rows(rq, acc, 64, o0, n, rows, to, ldd);
	for (size_t i = 0; i < rows; i++) {
		octet_requant_scalar(rq, acc + i * 64, o0, n, want);
		for (size_t j = 0; j < n; j++)
			if (to[i * ldd + j] != (uint8_t)want[j])
				fail_msg("%s: stage %u, channel %zu: %d * %u >> %u: want %d, "
					 "got %u", level, rq->code, o0 + j, acc[i * 64 + j],
					 mult[o0 + j], shift[o0 + j], want[j], to[i * ldd + j]);
		for (size_t j = n; j < ldd; j++)
			assert_int_equal(to[i * ldd + j], 0x5a);
	}
}

static void test_borders(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		unsigned int quick = 0;

		if (octet_simd_force(levels[i]))
			continue;
		for (int round = 0; round < ROUNDS; round++) {
			struct octet_requant rq;

			random_stage(&rq);
			if (round % 4)
				octet_requant_prepare(&rq, CHANNELS);
			quick += rq.near_scale != NULL;
			for (int k = 0; k < 8; k++)
				check(&rq, levels[i]);
			free(rq.near_scale);
		}
		print_message("%s: %u quick stages\n", levels[i], quick);
		assert_true(quick > ROUNDS / 8 || !octet_simd_get()->near);
	}
	octet_simd_force(NULL);
}

UNIT_MAIN(unit_case(test_borders))
