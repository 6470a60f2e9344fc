/* SPDX-License-Identifier: MIT */
/*
 * Every kernel level of the CPU fallback against the scalar one, bit for bit,
 * all buffers between guard pages; the scalar output stage against the
 * one-step form. Repeat a run with OCTET_SEED=N.
 */
#include "unit.h"

#include <fenv.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/kernels.h"
#include "test_cpu.h"

static uint64_t seed(void)
{
	const char *s = getenv("OCTET_SEED");

	return s ? strtoull(s, NULL, 0) : 1;
}

static const struct cpu_kernels *level(const char *name)
{
	const struct cpu_kernels *k;

	for (unsigned int i = 0; (k = octet_cpu_kernels(i)); i++) {
		if (strcmp(k->name, name))
			continue;
		if (k->features & ~octet_cpu_features())
			unit_skip("this processor lacks the level");
		return k;
	}
	unit_skip("this build lacks the level");
	return NULL;
}

/* Values of int16 operands: corners often, else anything they can be. */
static int16_t operand(uint64_t *rng)
{
	static const int16_t corners[] = { -255, 255, -128, 127, 0 };

	if (tc_next(rng) % 4 == 0)
		return corners[tc_next(rng) % 5];
	return (int16_t)tc_between(rng, -255, 255);
}

/* Columns for a tile of another width: the layout drawn in kernels.h. */
static void panels(int16_t *to, const int16_t *b, size_t tile, size_t n,
		   size_t k)
{
	for (size_t j = 0; j < (n + tile - 1) / tile * tile; j++)
		for (size_t i = 0; i < k; i++)
			to[j / tile * tile * k + i / 2 * 2 * tile +
			   j % tile * 2 + i % 2] = j < n ? b[j * k + i] : 0;
}

static void gemm_case(const struct cpu_kernels *k, uint64_t *rng, size_t m,
		      size_t n, size_t pairs)
{
	const struct cpu_kernels *scalar = octet_cpu_kernels(0);
	const size_t wide = (n + k->tile_n - 1) / k->tile_n * k->tile_n;
	const size_t lda = 2 * pairs + (size_t)tc_between(rng, 0, 3);
	const size_t ldb = 2 * pairs * k->tile_n;
	struct tc_guard a, b, c;
	int16_t *plain = calloc(n * pairs * 2 + 1, 2);
	int32_t *want = calloc(m * wide, 4);

	tc_guard_new(&a, (m * lda - (lda - 2 * pairs)) * 2, tc_next(rng) & 1);
	tc_guard_new(&b, wide * pairs * 4, tc_next(rng) & 1);
	tc_guard_new(&c, m * wide * 4, tc_next(rng) & 1);
	for (size_t i = 0; i < a.size / 2; i++)
		((int16_t *)a.p)[i] = operand(rng);
	for (size_t i = 0; i < n * pairs * 2; i++)
		plain[i] = operand(rng);
	panels((int16_t *)b.p, plain, k->tile_n, n, 2 * pairs);
	tc_bytes(rng, c.p, c.size);
	memcpy(want, c.p, c.size);
	scalar->gemm(m, n, pairs, (int16_t *)a.p, lda, plain, 2 * pairs, want,
		     wide);
	k->gemm(m, wide, pairs, (int16_t *)a.p, lda, (int16_t *)b.p, ldb,
		(int32_t *)c.p, wide);
	assert_memory_equal(c.p, want, c.size);
	tc_guard_free(&a);
	tc_guard_free(&b);
	tc_guard_free(&c);
	free(plain);
	free(want);
}

static void gemm_level(const char *name)
{
	const struct cpu_kernels *k = level(name);
	uint64_t rng = seed();

	for (size_t m = 1; m <= 2 * k->tile_m + 1; m++)
		for (size_t n = 1; n <= 2 * k->tile_n + 1;
		     n += 1 + tc_next(&rng) % 4)
			gemm_case(k, &rng, m, n, 1 + tc_next(&rng) % 20);
	for (size_t pairs = 1; pairs < 40; pairs++)
		gemm_case(k, &rng, 2 * k->tile_m + 1, 2 * k->tile_n + 1, pairs);
}

static void rows_case(const struct cpu_kernels *k, uint64_t *rng, size_t count,
		      size_t n)
{
	const bool is_signed = tc_next(rng) & 1;
	const size_t ldw = n + (size_t)tc_between(rng, 0, 3);
	struct tc_guard x, w, acc;
	int32_t want[16];

	tc_guard_new(&x, n * 2, tc_next(rng) & 1);
	tc_guard_new(&w, count * ldw - (ldw - n), tc_next(rng) & 1);
	tc_guard_new(&acc, count * 4, tc_next(rng) & 1);
	for (size_t i = 0; i < n; i++)
		((int16_t *)x.p)[i] = operand(rng);
	tc_bytes(rng, w.p, w.size);
	if (tc_next(rng) % 4 == 0)
		memset(w.p, is_signed ? 0x80 : 0xff, w.size);
	octet_cpu_rows_scalar(count, n, (int16_t *)x.p, w.p, ldw, is_signed,
			      want);
	k->rows(count, n, (int16_t *)x.p, w.p, ldw, is_signed,
		(int32_t *)acc.p);
	assert_memory_equal(acc.p, want, acc.size);
	tc_guard_free(&x);
	tc_guard_free(&w);
	tc_guard_free(&acc);
}

static void rows_level(const char *name)
{
	const struct cpu_kernels *k = level(name);
	uint64_t rng = seed();

	for (size_t n = 1; n <= 100; n++)
		for (size_t count = 1; count <= 9; count++)
			rows_case(k, &rng, count, n);
}

static void depthwise_case(const struct cpu_kernels *k, uint64_t *rng, size_t n,
			   size_t taps)
{
	const struct cpu_kernels *scalar = octet_cpu_kernels(0);
	const bool is_signed = tc_next(rng) & 1;
	const int32_t zx = (int32_t)tc_between(rng, is_signed ? -128 : 0,
					       is_signed ? 127 : 255);
	struct tc_guard w, acc, x[16];
	const uint8_t *ptr[16];
	int32_t *want = calloc(n, 4);

	tc_guard_new(&w, (taps + 1) / 2 * 2 * n * 2, tc_next(rng) & 1);
	tc_guard_new(&acc, n * 4, tc_next(rng) & 1);
	for (size_t i = 0; i < w.size / 2; i++)
		((int16_t *)w.p)[i] = taps % 2 && i >= (taps - 1) * n && i % 2 ?
				      0 : operand(rng);
	for (size_t t = 0; t < taps; t++) {
		tc_guard_new(&x[t], n, tc_next(rng) & 1);
		tc_bytes(rng, x[t].p, n);
		ptr[t] = x[t].p;
	}
	tc_bytes(rng, acc.p, acc.size);
	memcpy(want, acc.p, acc.size);
	scalar->depthwise(n, taps, ptr, is_signed, zx, (int16_t *)w.p, want);
	k->depthwise(n, taps, ptr, is_signed, zx, (int16_t *)w.p,
		     (int32_t *)acc.p);
	assert_memory_equal(acc.p, want, acc.size);
	for (size_t t = 0; t < taps; t++)
		tc_guard_free(&x[t]);
	tc_guard_free(&w);
	tc_guard_free(&acc);
	free(want);
}

static void depthwise_level(const char *name)
{
	const struct cpu_kernels *k = level(name);
	uint64_t rng = seed();

	for (size_t n = 1; n <= 67; n++)
		for (size_t taps = 1; taps <= 10; taps++)
			depthwise_case(k, &rng, n, taps);
}

static void widen_level(const char *name)
{
	const struct cpu_kernels *k = level(name);
	uint64_t rng = seed();
	int16_t want[140];

	for (size_t n = 1; n <= 130; n++) {
		const bool is_signed = tc_next(&rng) & 1;
		const int32_t zp = is_signed ? (n & 2 ? -128 : 127) :
					       (n & 2 ? 255 : 0);
		struct tc_guard from, to;

		tc_guard_new(&from, n, tc_next(&rng) & 1);
		tc_guard_new(&to, 2 * n, tc_next(&rng) & 1);
		tc_bytes(&rng, from.p, n);
		octet_cpu_widen_scalar(want, from.p, n, is_signed, zp);
		k->widen((int16_t *)to.p, from.p, n, is_signed, zp);
		assert_memory_equal(to.p, want, 2 * n);
		tc_guard_free(&from);
		tc_guard_free(&to);
	}
}

/* Accumulators: corners, small ones, and all of the rest. */
static int32_t accumulator(uint64_t *rng)
{
	static const int32_t corners[] = { INT32_MIN, INT32_MIN + 1, -1, 0, 1,
					   INT32_MAX, INT32_MAX - 1, 1 << 24,
					   (1 << 24) + 1, 1 << 30, -(1 << 30) };

	switch (tc_next(rng) % 4) {
	case 0:
		return corners[tc_next(rng) % 11];
	case 1:
		return (int32_t)tc_between(rng, -70000, 70000);
	default:
		return (int32_t)tc_next(rng);
	}
}

static uint32_t multiplier(uint64_t *rng, unsigned int stage)
{
	static const uint32_t corners[] = { 0, 1, 1u << 30, OCTET_MULT_MAX };

	if (stage == OCTET_STAGE_RAW)
		return 0;
	if (stage == OCTET_STAGE_FP32_RNE)
		return (uint32_t)tc_between(rng, OCTET_FP32_SCALE_MIN,
					    OCTET_FP32_SCALE_END - 1);
	if (tc_next(rng) % 4 == 0)
		return corners[tc_next(rng) % 4];
	return (uint32_t)tc_between(rng, 1, OCTET_MULT_MAX);
}

static uint32_t shift_of(uint64_t *rng, unsigned int stage)
{
	if (stage == OCTET_STAGE_RAW || stage == OCTET_STAGE_FP32_RNE)
		return 0;
	return (uint32_t)tc_between(rng, OCTET_SHIFT_MIN, OCTET_SHIFT_MAX);
}

static void requant_case(const struct cpu_kernels *k, uint64_t *rng, size_t n,
			 unsigned int stage)
{
	const size_t size = stage == OCTET_STAGE_RAW ? 4 : 1;
	const bool is_signed = tc_next(rng) & 1;
	struct cpu_stage st = { .stage = stage, .nearest = true };
	struct tc_guard bias, mult, shift, acc, dst;
	int32_t want[80];

	st.lo = size == 4 ? INT32_MIN : is_signed ? -128 : 0;
	st.hi = size == 4 ? INT32_MAX : is_signed ? 127 : 255;
	st.zero_point = size == 4 ? 0 : (int32_t)tc_between(rng, st.lo, st.hi);
	if (tc_next(rng) % 4 == 0) {
		st.lo = (int32_t)tc_between(rng, st.lo, st.hi);
		st.hi = (int32_t)tc_between(rng, st.lo, st.hi);
	}
	tc_guard_new(&bias, (n + 1) * 4, tc_next(rng) & 1);
	tc_guard_new(&mult, (n + 1) * 4, tc_next(rng) & 1);
	tc_guard_new(&shift, (n + 1) * 4, tc_next(rng) & 1);
	tc_guard_new(&acc, n * 4, tc_next(rng) & 1);
	tc_guard_new(&dst, n * size, tc_next(rng) & 1);
	for (size_t i = 0; i <= n; i++) {
		((int32_t *)bias.p)[i] = tc_next(rng) & 1 ? 0 : accumulator(rng);
		((uint32_t *)mult.p)[i] = multiplier(rng, stage);
		((uint32_t *)shift.p)[i] = shift_of(rng, stage);
	}
	for (size_t i = 0; i < n; i++)
		((int32_t *)acc.p)[i] = accumulator(rng);
	st.bias = (int32_t *)bias.p;
	st.mult = (uint32_t *)mult.p;
	st.shift = (uint32_t *)shift.p;
	octet_cpu_requant_scalar(&st, 1, (int32_t *)acc.p, n, want);
	k->requant(&st, 1, (int32_t *)acc.p, n, dst.p);
	assert_memory_equal(dst.p, want, n * size);
	tc_guard_free(&bias);
	tc_guard_free(&mult);
	tc_guard_free(&shift);
	tc_guard_free(&acc);
	tc_guard_free(&dst);
}

static void requant_level(const char *name)
{
	const struct cpu_kernels *k = level(name);
	uint64_t rng = seed();

	for (unsigned int stage = 0; stage <= OCTET_STAGE_FP32_RNE; stage++)
		for (int round = 0; round < 20; round++)
			for (size_t n = 1; n <= 35; n++)
				requant_case(k, &rng, n, stage);
}

static void stage_one_step(void **state)
{
	uint64_t rng = seed();

	(void)state;
	for (int i = 0; i < 2000000; i++) {
		const unsigned int stage = (unsigned int)(tc_next(&rng) % 6);
		const int32_t acc = accumulator(&rng);
		const uint32_t mult = multiplier(&rng, stage);
		const uint32_t shift = shift_of(&rng, stage);
		int32_t a, b;

		a = octet_cpu_stage_one(stage, acc, 0, mult, shift, 0,
					INT32_MIN, INT32_MAX);
		b = tc_stage(stage, acc, 0, mult, shift, 0, INT32_MIN,
			     INT32_MAX);
		if (a != b)
			fail_msg("stage %u acc %d mult 0x%x shift %u: %d, one-step %d",
				 stage, acc, mult, shift, a, b);
	}
}

/* In another rounding mode the integer model answers, with the same bits. */
static void stage_rounding_mode(void **state)
{
	static const int modes[] = { FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
	uint64_t rng = seed();

	(void)state;
	for (int i = 0; i < 300000; i++) {
		const int32_t acc = accumulator(&rng);
		const uint32_t mult = multiplier(&rng, OCTET_STAGE_FP32_RNE);
		int32_t a, b;

		a = octet_cpu_stage_one(OCTET_STAGE_FP32_RNE, acc, 0, mult, 0,
					0, INT32_MIN, INT32_MAX);
		fesetround(modes[i % 3]);
		b = octet_cpu_stage_one(OCTET_STAGE_FP32_RNE, acc, 0, mult, 0,
					0, INT32_MIN, INT32_MAX);
		fesetround(FE_TONEAREST);
		if (a != b)
			fail_msg("acc %d scale 0x%x: float %d, integer %d", acc,
				 mult, a, b);
	}
}

#define CPU_LEVEL(l, features, m, n)					\
	static void gemm_##l(void **state) { (void)state; gemm_level(#l); } \
	static void rows_##l(void **state) { (void)state; rows_level(#l); } \
	static void depthwise_##l(void **state) { (void)state; depthwise_level(#l); } \
	static void widen_##l(void **state) { (void)state; widen_level(#l); } \
	static void requant_##l(void **state) { (void)state; requant_level(#l); }
#include "cpu/kernels.inc"
#undef CPU_LEVEL

#define CPU_LEVEL(l, features, m, n)					\
	unit_case(gemm_##l), unit_case(rows_##l), unit_case(depthwise_##l), \
	unit_case(widen_##l), unit_case(requant_##l),

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_case(stage_one_step),
		unit_case(stage_rounding_mode),
#include "cpu/kernels.inc"
	};

	return unit_run(tests, (int)(sizeof(tests) / sizeof(tests[0])));
}
