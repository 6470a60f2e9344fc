/* SPDX-License-Identifier: MIT */
/* The vectors of the output stage's conformance; any stage_fn may be judged. */
#ifndef OCTET_TESTS_STAGE_VECTORS_H
#define OCTET_TESTS_STAGE_VECTORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "refs.h"

struct stage_vector {
	unsigned int stage;
	int32_t acc, bias;
	uint32_t mult, shift;
	int32_t zero_point, lo, hi;
};

/**
 * struct stage_verdict - outcome of judging one function on one code
 *
 * @vectors: how many were tried
 * @wrong: how many of them differ from ref_stage()
 * @first: the first that differs, if @wrong
 * @want: right for @first
 * @got: what the function gave
 */
struct stage_verdict {
	uint64_t vectors, wrong;
	struct stage_vector first;
	int32_t want, got;
};

/** Kinds of vectors. */
enum stage_kind {
	STAGE_TIES,		/* products exactly half way, and their neighbours */
	STAGE_EXTREMES,		/* parameters and accumulators at their ends */
	STAGE_ZERO_POINTS,	/* zero points and clamps at the ends of the types */
	STAGE_SWEEP,		/* all 16-bit accumulators, many parameters */
	STAGE_SMALL,		/* all 9-bit accumulators, all 7-bit multipliers, all shifts */
	STAGE_RANDOM,
	STAGE_KINDS,
};

extern const char *const stage_kind_names[STAGE_KINDS];
extern const char *const stage_names[6];

/** stage_judge() - @fn on all vectors of one kind for one code */
struct stage_verdict stage_judge(stage_fn fn, unsigned int stage, enum stage_kind kind);

/**
 * stage_report() - all kinds and codes, a line for each code
 *
 * Return: vector groups that failed; adds those that passed to *passed.
 */
int stage_report(const char *name, stage_fn fn, int *passed);

#endif /* OCTET_TESTS_STAGE_VECTORS_H */
