/* SPDX-License-Identifier: MIT */
/* What the tests of the CPU fallback share. */
#ifndef OCTET_TEST_CPU_H
#define OCTET_TEST_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu/cpu.h"

/* Numbers from a seed; tc_between() includes both ends. */
uint64_t tc_next(uint64_t *rng);
int64_t tc_between(uint64_t *rng, int64_t lo, int64_t hi);
void tc_bytes(uint64_t *rng, void *p, size_t n);

/**
 * struct tc_guard - memory between two pages that may not be touched
 *
 * The bytes end right before the upper page or begin right after the lower
 * one: @p is chosen by tc_guard_new().
 */
struct tc_guard {
	uint8_t *map;
	size_t mapped;
	uint8_t *p;
	size_t size;
};

void tc_guard_new(struct tc_guard *g, size_t size, bool at_end);
void tc_guard_free(struct tc_guard *g);

/** struct tc_memory - virtual addresses of a job, in regions */
struct tc_memory {
	struct {
		uint64_t va;
		uint64_t size;
		uint8_t *host;
		bool writable;
	} region[8];
	unsigned int count;
};

void tc_map(struct tc_memory *m, uint64_t va, uint64_t size, void *host,
	    bool writable);
void *tc_at(void *opaque, uint64_t va, uint64_t size, bool write);

/**
 * tc_reference - what a command must compute, one element after the other
 * @src, @wgt, @prm, @chn: element 0, not overlapped by @dst
 */
void tc_reference(const struct octet_cmd *cmd, const uint8_t *src,
		  const uint8_t *wgt, const struct octet_param *prm,
		  const struct octet_channel *chn, uint8_t *dst);

/** tc_stage - the output stage in the one-step form of the manual */
int32_t tc_stage(unsigned int stage, int32_t acc, int32_t bias, uint32_t mult,
		 uint32_t shift, int32_t zp, int32_t lo, int32_t hi);

/** tc_gemm - a plain valid GEMM command, addresses to be filled in */
struct octet_cmd tc_gemm(uint32_t m, uint32_t n, uint32_t k);
/** tc_conv - a plain valid convolution, stride 1, "same" padding */
struct octet_cmd tc_conv(enum octet_op op, uint32_t n, uint32_t h, uint32_t w,
			 uint32_t cin, uint32_t cout, uint32_t k);

/** tc_extents - extents along the strides; returns the innermost bytes */
uint32_t tc_extents(const struct octet_cmd *cmd, unsigned int operand,
		    uint32_t extent[4]);

/** tc_bytes_of - bytes from the first to the last of an operand */
uint64_t tc_bytes_of(const struct octet_cmd *cmd, unsigned int operand);

#endif
