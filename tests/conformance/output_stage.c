// SPDX-License-Identifier: MIT
/*
 * The six codes of the device's output stage against the ecosystems' formulas;
 * and the vectors themselves: each plausible mistake in a code must be found.
 */
#include <stdbool.h>
#include <stdio.h>

#include <drm/octet_isa.h>

#include "core/output_stage.h"
#include "stage_vectors.h"

/** struct mistake - a one-step form that is not quite the code's */
struct mistake {
	unsigned int stage;
	const char *what;
	int64_t (*round)(int32_t v, uint32_t shift);	/* FIX codes */
	int64_t (*rescale)(int32_t v, uint32_t mult);	/* FP32_RNE and RAW */
	bool narrow;					/* y cut to 32 bits before the clamp */
	bool open_below;				/* no lower clamp */
};

static int64_t half(uint32_t shift)
{
	return 1ll << (shift - 1);
}

static int64_t dbl(int32_t v, uint32_t shift)
{
	return half(shift) + (shift > 31 ? (v >= 0 ? 1 << 30 : -(1 << 30)) : 0);
}

static int64_t dbl_up(int32_t v, uint32_t shift)
{
	(void)v;
	return half(shift) + (shift > 31 ? 1 << 30 : 0);
}

static int64_t up(int32_t v, uint32_t shift)
{
	(void)v;
	return half(shift);
}

static int64_t away(int32_t v, uint32_t shift)
{
	return half(shift) - (v < 0);
}

static int64_t dbl_low(int32_t v, uint32_t shift)
{
	return dbl(v, shift) - 1;
}

static int64_t dbl_high(int32_t v, uint32_t shift)
{
	return dbl(v, shift) + 1;
}

static int64_t dbl_half(int32_t v, uint32_t shift)
{
	return dbl(v, shift) - half(shift) / 2;
}

static int64_t dbl_from31(int32_t v, uint32_t shift)
{
	return half(shift) + (shift > 30 ? (v >= 0 ? 1 << 30 : -(1 << 30)) : 0);
}

static int64_t dbl_from33(int32_t v, uint32_t shift)
{
	return half(shift) + (shift > 32 ? (v >= 0 ? 1 << 30 : -(1 << 30)) : 0);
}

static int64_t dbl_29(int32_t v, uint32_t shift)
{
	return half(shift) + (shift > 31 ? (v >= 0 ? 1 << 29 : -(1 << 29)) : 0);
}

static int64_t dbl_up_low(int32_t v, uint32_t shift)
{
	return dbl_up(v, shift) - 1;
}

static int64_t dbl_up_from31(int32_t v, uint32_t shift)
{
	(void)v;
	return half(shift) + (shift > 30 ? 1 << 30 : 0);
}

static int64_t up_low(int32_t v, uint32_t shift)
{
	return up(v, shift) - 1;
}

static int64_t down(int32_t v, uint32_t shift)
{
	(void)v;
	(void)shift;
	return 0;
}

static int64_t away_twice(int32_t v, uint32_t shift)
{
	return half(shift) - 2 * (v < 0);
}

static int64_t away_positive(int32_t v, uint32_t shift)
{
	return half(shift) - (v > 0);
}

static uint64_t even(uint64_t x, int s)
{
	uint64_t low = s > 0 ? x & ((1ull << s) - 1) : 0, tie = s > 0 ? 1ull << (s - 1) : 0;

	if (s <= 0)
		return x << -s;
	x >>= s;
	return x + (low > tie || (low == tie && (x & 1)));
}

static int length24(uint64_t x)
{
	int s = 0;

	while (x >> s >= 1 << 24)
		s++;
	return s;
}

enum skip { NOTHING, ACCUMULATOR, PRODUCT, TO_EVEN, TRUNCATE };

/* the integer model of FP32_RNE with one rounding left out or changed */
static int64_t model(int32_t v, uint32_t bits, enum skip skip)
{
	uint64_t a = v < 0 ? -(int64_t)v : v;
	int e = 150 - (int)(bits >> 23), s = skip == ACCUMULATOR ? 0 : length24(a), t;
	uint64_t m = (skip == TRUNCATE ? a >> s : even(a, s)) * ((bits & 0x7fffff) | 0x800000);

	t = skip == PRODUCT ? 0 : length24(m);
	m = even(m, t);
	e -= s + t;
	if (skip == TO_EVEN && e > 0)
		m = (m + (1ull << (e - 1))) >> e;
	else
		m = even(m, e);
	return v < 0 ? -(int64_t)m : (int64_t)m;
}

static int64_t fp(int32_t v, uint32_t bits)
{
	return model(v, bits, NOTHING);
}

static int64_t fp_accumulator(int32_t v, uint32_t bits)
{
	return model(v, bits, ACCUMULATOR);
}

static int64_t fp_product(int32_t v, uint32_t bits)
{
	return model(v, bits, PRODUCT);
}

static int64_t fp_away(int32_t v, uint32_t bits)
{
	return model(v, bits, TO_EVEN);
}

static int64_t fp_truncate(int32_t v, uint32_t bits)
{
	return model(v, bits, TRUNCATE);
}

static int64_t raw(int32_t v, uint32_t bits)
{
	(void)bits;
	return v;
}

static int64_t raw_float(int32_t v, uint32_t bits)
{
	(void)bits;
	return v < 0 ? -(int64_t)even((uint64_t)-(int64_t)v, length24((uint64_t)-(int64_t)v)) :
		       (int64_t)even((uint64_t)v, length24((uint64_t)v));
}

/* the first of each code has no mistake and must pass */
static const struct mistake mistakes[] = {
	{ OCTET_STAGE_RAW, NULL, .rescale = raw },
	{ OCTET_STAGE_RAW, "rounded as a float", .rescale = raw_float },
	{ OCTET_STAGE_RAW, "sum with the zero point cut to 32 bits", .rescale = raw, .narrow = true },
	{ OCTET_STAGE_FIX_DBL, NULL, .round = dbl },
	{ OCTET_STAGE_FIX_DBL, "constant one too small", .round = dbl_low },
	{ OCTET_STAGE_FIX_DBL, "constant one too large", .round = dbl_high },
	{ OCTET_STAGE_FIX_DBL, "constant halved (the device's break-rounding)", .round = dbl_half },
	{ OCTET_STAGE_FIX_DBL, "no second rounding", .round = up },
	{ OCTET_STAGE_FIX_DBL, "no sign term", .round = dbl_up },
	{ OCTET_STAGE_FIX_DBL, "second rounding from shift 31", .round = dbl_from31 },
	{ OCTET_STAGE_FIX_DBL, "second rounding from shift 33", .round = dbl_from33 },
	{ OCTET_STAGE_FIX_DBL, "2^29 for 2^30", .round = dbl_29 },
	{ OCTET_STAGE_FIX_DBL, "result cut to 32 bits before the clamp", .round = dbl, .narrow = true },
	{ OCTET_STAGE_FIX_DBL, "no lower clamp", .round = dbl, .open_below = true },
	{ OCTET_STAGE_FIX_DBL_UP, NULL, .round = dbl_up },
	{ OCTET_STAGE_FIX_DBL_UP, "constant one too small", .round = dbl_up_low },
	{ OCTET_STAGE_FIX_DBL_UP, "a sign term", .round = dbl },
	{ OCTET_STAGE_FIX_DBL_UP, "no second rounding", .round = up },
	{ OCTET_STAGE_FIX_DBL_UP, "second rounding from shift 31", .round = dbl_up_from31 },
	{ OCTET_STAGE_FIX_UP, NULL, .round = up },
	{ OCTET_STAGE_FIX_UP, "constant one too small", .round = up_low },
	{ OCTET_STAGE_FIX_UP, "no rounding", .round = down },
	{ OCTET_STAGE_FIX_UP, "ties away from zero", .round = away },
	{ OCTET_STAGE_FIX_UP, "double rounding", .round = dbl },
	{ OCTET_STAGE_FIX_AWAY, NULL, .round = away },
	{ OCTET_STAGE_FIX_AWAY, "no sign term", .round = up },
	{ OCTET_STAGE_FIX_AWAY, "sign term twice", .round = away_twice },
	{ OCTET_STAGE_FIX_AWAY, "sign term of the other sign", .round = away_positive },
	{ OCTET_STAGE_FIX_AWAY, "no rounding", .round = down },
	{ OCTET_STAGE_FP32_RNE, NULL, .rescale = fp },
	{ OCTET_STAGE_FP32_RNE, "accumulator not rounded", .rescale = fp_accumulator },
	{ OCTET_STAGE_FP32_RNE, "product not rounded", .rescale = fp_product },
	{ OCTET_STAGE_FP32_RNE, "ties away from zero", .rescale = fp_away },
	{ OCTET_STAGE_FP32_RNE, "accumulator truncated", .rescale = fp_truncate },
	{ OCTET_STAGE_FP32_RNE, "result cut to 32 bits before the clamp", .rescale = fp,
	  .narrow = true },
};

static const struct mistake *made;

static int32_t mistaken(unsigned int stage, int32_t acc, int32_t bias, uint32_t mult,
			uint32_t shift, int32_t zero_point, int32_t lo, int32_t hi)
{
	int32_t v = (int32_t)((uint32_t)acc + (uint32_t)bias);
	int64_t y;

	(void)stage;
	if (made->rescale)
		y = made->rescale(v, mult);
	else
		y = (v * (int64_t)mult + made->round(v, shift)) >> shift;
	y += zero_point;
	if (made->narrow)
		y = (int32_t)(uint32_t)y;
	if (y < lo && !made->open_below)
		return lo;
	return y > hi ? hi : (int32_t)y;
}

static void check_mistakes(int *passed, int *failed)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		uint64_t directed = 0, all = 0;

		made = &mistakes[i];
		for (int kind = 0; kind < STAGE_KINDS; kind++) {
			struct stage_verdict v = stage_judge(mistaken, made->stage,
							     (enum stage_kind)kind);

			all += v.wrong;
			if (kind <= STAGE_ZERO_POINTS)
				directed += v.wrong;
		}
		printf("mistake: %s: %s: %llu directed, %llu vectors in all find it\n",
		       stage_names[made->stage], made->what ? made->what : "none",
		       (unsigned long long)directed, (unsigned long long)all);
		if (made->what ? directed > 0 : all == 0)
			++*passed;
		else
			++*failed;
	}
}

/*
 * Eight bits for 32: every product and shift. The two steps of gemmlowp and the
 * one step of the device are equal at any width.
 */
static int check_analogue(void)
{
	int wrong = 0;

	for (int v = -127; v <= 127; v++)
		for (int m = 0; m <= 127; m++)
			for (int s = 1; s <= 14; s++) {
				int left = s < 7 ? 7 - s : 0, right = s > 7 ? s - 7 : 0;
				int ab = v * (1 << left) * m;
				int high = (ab + (ab >= 0 ? 1 << 6 : 1 - (1 << 6))) / (1 << 7);
				int two = (int)ref_rdbypot(high, right);
				int rnd = (1 << (s - 1)) + (s > 7 ? (v >= 0 ? 1 << 6 : -(1 << 6)) : 0);

				wrong += two != (v * m + rnd) >> s;
			}
	printf("analogue: 8-bit words, all %d cases: %d differ\n", 255 * 128 * 14, wrong);
	return wrong;
}

int main(void)
{
	int passed = 0, failed = 0;

	failed += stage_report("hw-model", octet_output_stage_one, &passed);
	check_mistakes(&passed, &failed);
	if (check_analogue())
		failed++;
	else
		passed++;
	printf("%d passed, %d failed, 0 skipped\n", passed, failed);
	return failed != 0;
}
