// SPDX-License-Identifier: MIT
/*
 * The CPU fallback's output stage against the ecosystems' formulas: its
 * specification on all vectors, and what each level of kernels makes of them.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <drm/octet_isa.h>

#include "cpu/cpu.h"
#include "cpu/kernels.h"
#include "stage_vectors.h"

#define LANES	8	/* full vectors of every level, and a masked one */

static const struct cpu_kernels *kernels;

static int32_t clamp(int32_t v, int32_t lo, int32_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

/* One accumulator in all lanes; the lane that differs from @want, or @want. */
static int32_t run_lanes(const struct cpu_stage *p, int32_t acc, int32_t bias, uint32_t mult,
			 uint32_t shift, int32_t want)
{
	int32_t accs[LANES], biases[LANES], words[LANES];
	uint32_t mults[LANES], shifts[LANES];
	struct cpu_stage st = *p;
	uint8_t bytes[LANES];

	for (int i = 0; i < LANES; i++) {
		accs[i] = acc;
		biases[i] = bias;
		mults[i] = mult;
		shifts[i] = shift;
	}
	st.bias = biases;
	st.mult = mults;
	st.shift = shifts;
	kernels->requant(&st, 0, accs, LANES, st.stage == OCTET_STAGE_RAW ? (void *)words : bytes);
	for (int i = 0; i < LANES; i++) {
		int32_t got = st.lo < 0 ? (int8_t)bytes[i] : bytes[i];

		if (st.stage == OCTET_STAGE_RAW)
			got = words[i];
		if (got != want)
			return got;
	}
	return want;
}

/*
 * Kernels write bytes: where a vector asks for more, a signed and an unsigned
 * byte must be the clamped result.
 */
static int32_t level_stage(unsigned int stage, int32_t acc, int32_t bias, uint32_t mult,
			   uint32_t shift, int32_t zero_point, int32_t lo, int32_t hi)
{
	static const struct { int32_t lo, hi; } types[] = { { -128, 127 }, { 0, 255 } };
	int32_t y = octet_cpu_stage_one(stage, acc, bias, mult, shift, zero_point, lo, hi);
	struct cpu_stage st = { .stage = stage, .nearest = true, .zero_point = zero_point,
				.lo = lo, .hi = hi };

	/* RAW has no zero point. */
	if (stage == OCTET_STAGE_RAW)
		return zero_point ? y : run_lanes(&st, acc, bias, mult, shift, y);
	if (zero_point < -128 || zero_point > 255)
		return y;
	for (int i = 0; i < 2; i++) {
		int32_t want, got;

		st.lo = clamp(lo, types[i].lo, types[i].hi);
		st.hi = clamp(hi, types[i].lo, types[i].hi);
		want = clamp(y, st.lo, st.hi);
		got = run_lanes(&st, acc, bias, mult, shift, want);
		if (got != want)
			return got;
	}
	return y;
}

static void judge_level(int *passed, int *failed)
{
	static const enum stage_kind kinds[] = {
		STAGE_TIES, STAGE_EXTREMES, STAGE_ZERO_POINTS, STAGE_RANDOM,
	};

	for (unsigned int stage = 0; stage < 6; stage++) {
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			struct stage_verdict v = stage_judge(level_stage, stage, kinds[k]);

			if (!v.wrong) {
				++*passed;
				continue;
			}
			++*failed;
			printf("%s: %s: %s: %llu of %llu differ; acc %d mult %#x shift %u: want %d, got %d\n",
			       kernels->name, stage_names[stage], stage_kind_names[kinds[k]],
			       (unsigned long long)v.wrong, (unsigned long long)v.vectors,
			       v.first.acc, v.first.mult, v.first.shift, v.want, v.got);
		}
	}
	printf("%s: judged\n", kernels->name);
}

int main(void)
{
	int passed = 0, failed = 0, skipped = 0;

	failed += stage_report("fallback", octet_cpu_stage_one, &passed);
	for (unsigned int i = 0; (kernels = octet_cpu_kernels(i)); i++) {
		if (kernels->features & ~octet_cpu_features()) {
			printf("skipped: %s: not on this processor\n", kernels->name);
			skipped++;
			continue;
		}
		judge_level(&passed, &failed);
	}
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return failed != 0;
}
