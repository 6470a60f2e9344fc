// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>

#include <drm/octet_isa.h>

#include "stage_vectors.h"

const char *const stage_kind_names[STAGE_KINDS] = {
	"ties", "extremes", "zero points", "16-bit sweep", "small widths", "random",
};

const char *const stage_names[6] = {
	"RAW", "FIX_DBL", "FIX_DBL_UP", "FIX_UP", "FIX_AWAY", "FP32_RNE",
};

struct judge {
	stage_fn fn;
	unsigned int stage;
	struct stage_verdict verdict;
};

static void try(struct judge *j, struct stage_vector v)
{
	int32_t want, got;

	v.stage = j->stage;
	if (v.stage == OCTET_STAGE_RAW)
		v.mult = v.shift = 0;
	if (v.stage == OCTET_STAGE_FP32_RNE)
		v.shift = 0;
	want = ref_stage(v.stage, v.acc, v.bias, v.mult, v.shift, v.zero_point, v.lo, v.hi);
	got = j->fn(v.stage, v.acc, v.bias, v.mult, v.shift, v.zero_point, v.lo, v.hi);
	j->verdict.vectors++;
	if (want == got)
		return;
	if (!j->verdict.wrong++) {
		j->verdict.first = v;
		j->verdict.want = want;
		j->verdict.got = got;
	}
}

/* without zero point and clamp: the whole range of the code is visible */
static void open(struct judge *j, int32_t acc, uint32_t mult, uint32_t shift)
{
	try(j, (struct stage_vector) { .acc = acc, .mult = mult, .shift = shift,
				       .lo = INT32_MIN, .hi = INT32_MAX });
}

static uint32_t float_bits(float f)
{
	uint32_t bits;

	memcpy(&bits, &f, sizeof(bits));
	return bits;
}

static const int32_t ends[] = {
	0, 1, -1, 2, -2, 3, -3, 0x3fffffff, 0x40000000, 0x40000001, -0x3fffffff, -0x40000000,
	-0x40000001, INT32_MAX - 1, INT32_MAX, -INT32_MAX, INT32_MIN + 2, INT32_MIN,
	0xffffff, 0x1000000, 0x1000001, 0x1000002, 0x1000003, -0xffffff, -0x1000000, -0x1000001,
	-0x1000003,
};
#define ENDS (sizeof(ends) / sizeof(ends[0]))

/*
 * v mult / 2^shift just half way for odd v with mult = 2^(shift - 1), and both
 * neighbours. From shift 32 on the double codes first round at 2^31: so v near
 * odd multiples of 2^(shift - 31) over 2 with mult 2^30, and all around.
 */
static void fix_ties(struct judge *j)
{
	for (uint32_t shift = 1; shift <= 62; shift++) {
		uint32_t mult = shift <= 31 ? 1u << (shift - 1) : 1u << 30;
		int64_t step = shift <= 31 ? 1 : 1ll << (shift - 31);

		for (int64_t k = -41; k <= 41; k++)
			for (int64_t d = -4; d <= 4; d++) {
				int64_t v = k * step + (shift <= 31 ? 0 : step / 2) + d;

				if (v < INT32_MIN || v > INT32_MAX)
					continue;
				open(j, (int32_t)v, mult, shift);
				open(j, (int32_t)v, mult + 1, shift);
				open(j, (int32_t)v, mult - 1, shift);
				open(j, (int32_t)v, (uint32_t)(mult * 3ull / 2), shift);
			}
	}
}

/*
 * Ties of each of the three roundings: v beyond 2^24, the product, the integer.
 */
static void float_ties(struct judge *j)
{
	for (int k = -2001; k <= 2001; k += 1) {
		open(j, k, float_bits(0.5f), 0);
		open(j, k, float_bits(0.25f), 0);
		open(j, k, float_bits(0.125f * 5), 0);
		open(j, k, float_bits(1.5f), 0);
	}
	for (int bits = 24; bits < 31; bits++)
		for (int k = 0; k < 400; k++) {
			int32_t v = (int32_t)((1u << bits) + (uint32_t)k);
			int32_t top = (int32_t)((2u << bits) - 1 - (uint32_t)k);

			for (int e = -8; e <= 3; e++) {
				float scale = e < 0 ? 1.0f / (float)(1 << -e) : (float)(1 << e);

				open(j, v, float_bits(scale), 0);
				open(j, -v, float_bits(scale), 0);
				open(j, top, float_bits(scale), 0);
				open(j, -top, float_bits(scale) + 1, 0);
			}
		}
	/* products whose 25th bit is the last: odd v times odd mantissas */
	for (uint32_t m = 1; m < 400; m += 2)
		for (int32_t v = 3; v < 300; v += 2) {
			uint32_t one = float_bits(1.0f);

			open(j, v, one + m, 0);
			open(j, -v, one + (m << 15), 0);
			open(j, v * 65537, one + (m << 4), 0);
		}
}

static void ties(struct judge *j)
{
	if (j->stage == OCTET_STAGE_FP32_RNE)
		float_ties(j);
	else
		fix_ties(j);
}

static void extremes(struct judge *j)
{
	static const uint32_t mults[] = {
		0, 1, 2, 3, 0x3fffffff, 1u << 30, (1u << 30) + 1, 0x7ffffffe, 0x7fffffff,
	};
	static const uint32_t scales[] = {
		0x2f800000, 0x2f800001, 0x2fffffff, 0x33800000, 0x3effffff, 0x3f000000,
		0x3f800000, 0x3f7fffff, 0x437fffff, 0x43000000, 0x3eaaaaab,
	};

	for (size_t i = 0; i < ENDS; i++) {
		if (j->stage == OCTET_STAGE_FP32_RNE) {
			for (size_t k = 0; k < sizeof(scales) / sizeof(scales[0]); k++)
				open(j, ends[i], scales[k], 0);
			continue;
		}
		for (uint32_t shift = 1; shift <= 62; shift++)
			for (size_t k = 0; k < sizeof(mults) / sizeof(mults[0]); k++)
				open(j, ends[i], mults[k], shift);
	}
	/* bias: the sum wraps modulo 2^32 */
	for (size_t i = 0; i < ENDS; i++)
		for (size_t k = 0; k < ENDS; k++)
			try(j, (struct stage_vector) {
				.acc = ends[i], .bias = ends[k],
				.mult = j->stage == OCTET_STAGE_FP32_RNE ? 0x3d000001 : 0x51234567,
				.shift = 33, .lo = INT32_MIN, .hi = INT32_MAX });
}

static void zero_points(struct judge *j)
{
	static const struct { int32_t zp, lo, hi; } set[] = {
		{ -128, -128, 127 }, { 127, -128, 127 }, { 0, -128, 127 }, { -128, -128, -128 },
		{ 127, 127, 127 }, { 0, 0, 255 }, { 255, 0, 255 }, { 128, 3, 250 }, { -5, -5, 60 },
		{ 0, INT32_MIN, INT32_MAX }, { 127, INT32_MIN, INT32_MAX },
		{ -128, INT32_MIN, INT32_MAX },
	};

	for (size_t s = 0; s < sizeof(set) / sizeof(set[0]); s++)
		for (int32_t k = -700; k < 700 + (int32_t)ENDS; k++) {
			struct stage_vector v = {
				.acc = k < 700 ? k : ends[k - 700], .mult = 1u << 30, .shift = 31,
				.zero_point = set[s].zp, .lo = set[s].lo, .hi = set[s].hi,
			};

			if (j->stage == OCTET_STAGE_FP32_RNE)
				v.mult = float_bits(0.5f);
			try(j, v);
			/* far beyond 32 bits before the clamp */
			v.mult = j->stage == OCTET_STAGE_FP32_RNE ? 0x437fffff : 0x7fffffff;
			v.shift = 1;
			try(j, v);
		}
}

static void sweep(struct judge *j)
{
	static const uint32_t fix[][2] = {
		{ 1u << 30, 31 }, { 1u << 30, 32 }, { 1u << 30, 33 }, { 0x5a827999, 34 },
		{ 0x7fffffff, 38 }, { 0x40000001, 40 }, { 0x60000000, 42 }, { 0x6db6db6e, 36 },
		{ 0x55555556, 35 }, { 3, 3 }, { 5, 4 }, { 1, 1 }, { 0x12345, 20 }, { 0x48000000, 45 },
		{ 1u << 30, 46 }, { 0x7fffffff, 31 },
	};
	static const float scales[] = {
		1.0f, 0.5f, 0.25f, 0.3333333433f, 0.0078125f, 0.00123f, 0.0625f, 1.5f, 0.75f, 255.0f,
		0.005859375f, 0.1f,
	};
	bool fp = j->stage == OCTET_STAGE_FP32_RNE;
	size_t count = fp ? sizeof(scales) / sizeof(scales[0]) : sizeof(fix) / sizeof(fix[0]);

	for (size_t i = 0; i < count; i++)
		for (int32_t v = -65536; v <= 65536; v++)
			open(j, v, fp ? float_bits(scales[i]) : fix[i][0], fp ? 0 : fix[i][1]);
}

static void small(struct judge *j)
{
	if (j->stage == OCTET_STAGE_FP32_RNE) {
		/* 9-bit v in each octave, 6-bit mantissas, all exponents */
		for (uint32_t e = 95; e < 135; e++)
			for (uint32_t m = 0; m < 64; m++)
				for (int32_t v = -256; v < 256; v++)
					open(j, (int32_t)((uint32_t)v << (e % 22)),
					     e << 23 | m << 17 | (m & 1), 0);
		return;
	}
	for (uint32_t shift = 1; shift <= 62; shift++)
		for (uint32_t m = 0; m < 128; m++) {
			/* where the result has few bits, v is moved up to matter */
			uint32_t up = shift > 46 ? 22 : shift > 31 ? shift - 25 : 0;

			for (int32_t v = -256; v < 256; v++)
				open(j, (int32_t)((uint32_t)v << up),
				     shift < 8 ? m : m << 24, shift);
		}
}

static void randoms(struct judge *j)
{
	uint64_t s = 12345;

	for (int i = 0; i < 1000000; i++) {
		uint32_t a, b;

		s = s * 6364136223846793005u + 1442695040888963407u;
		a = (uint32_t)(s >> 32);
		s = s * 6364136223846793005u + 1442695040888963407u;
		b = (uint32_t)(s >> 32);
		if (j->stage == OCTET_STAGE_FP32_RNE)
			open(j, (int32_t)a >> (s >> 20 & 15),
			     OCTET_FP32_SCALE_MIN +
			     b % (OCTET_FP32_SCALE_END - OCTET_FP32_SCALE_MIN), 0);
		else
			open(j, (int32_t)a >> (s >> 20 & 15), b >> 1, 1 + (s >> 10) % 62);
	}
}

struct stage_verdict stage_judge(stage_fn fn, unsigned int stage, enum stage_kind kind)
{
	static void (*const make[STAGE_KINDS])(struct judge *) = {
		ties, extremes, zero_points, sweep, small, randoms,
	};
	struct judge j = { .fn = fn, .stage = stage };

	make[kind](&j);
	return j.verdict;
}

int stage_report(const char *name, stage_fn fn, int *passed)
{
	int failed = 0;

	for (unsigned int stage = 0; stage < 6; stage++) {
		uint64_t vectors = 0;

		for (int kind = 0; kind < STAGE_KINDS; kind++) {
			struct stage_verdict v = stage_judge(fn, stage, (enum stage_kind)kind);
			const struct stage_vector *f = &v.first;

			vectors += v.vectors;
			if (!v.wrong) {
				++*passed;
				continue;
			}
			failed++;
			printf("%s: %s: %s: %llu of %llu differ; acc %d bias %d mult %#x shift %u"
			       " zero point %d clamp %d..%d: want %d, got %d\n", name,
			       stage_names[stage], stage_kind_names[kind],
			       (unsigned long long)v.wrong, (unsigned long long)v.vectors, f->acc,
			       f->bias, f->mult, f->shift, f->zero_point, f->lo, f->hi, v.want,
			       v.got);
		}
		printf("%s: %s: %llu vectors\n", name, stage_names[stage],
		       (unsigned long long)vectors);
	}
	return failed;
}
