/* SPDX-License-Identifier: MIT */
/*
 * What the operations of the CPU fallback share: nested loops over elements,
 * uniform output stages, loads of mixed types.
 */
#ifndef OCTET_CPU_OP_H
#define OCTET_CPU_OP_H

#include <string.h>

#include "cpu_priv.h"

/* Elements that an operation handles at a time. */
#define CPU_RUN		1024
#define CPU_WALK_MAX	3

/**
 * struct cpu_walk - elements of up to three operands side by side
 *
 * @operands: how many
 * @extent: outermost first, the last one is the innermost run
 * @base: element 0
 * @stride: bytes of a step; 0 broadcasts
 */
struct cpu_walk {
	unsigned int operands;
	uint64_t extent[CPU_DIMS];
	uint8_t *base[CPU_WALK_MAX];
	uint64_t stride[CPU_WALK_MAX][CPU_DIMS];
};

/* Handles n elements at p; their steps are those of the innermost dimension. */
typedef void (*cpu_run_fn)(void *context, uint8_t *const *p, size_t n);

/*
 * Joins dimensions that follow each other in every operand, so that the runs
 * are long; extents of 1 move outwards. Keeps the order of the elements.
 */
void octet_cpu_walk_join(struct cpu_walk *walk);

/* Calls @run for runs of up to CPU_RUN elements, in order; 0 or -ECANCELED. */
int octet_cpu_walk(const struct octet_cpu *cpu, const struct cpu_walk *walk,
		   cpu_run_fn run, void *context);

/*
 * A walk's operand that is an image or, for GEMM, a matrix, and the extents but
 * the last one; neighbours of the innermost dimension are step bytes apart.
 */
void octet_cpu_walk_set(struct cpu_walk *walk, unsigned int i,
			const struct cpu_work *work, const uint8_t *base,
			const struct cpu_shape *shape, uint64_t step);

/** struct cpu_uniform - an output stage without channels */
struct cpu_uniform {
	struct cpu_stage stage;
	int32_t bias[CPU_RUN];
	uint32_t mult[CPU_RUN];
	uint32_t shift[CPU_RUN];
};

void octet_cpu_uniform(struct cpu_uniform *u, unsigned int stage,
		       uint32_t mult, uint32_t shift, int32_t zero_point,
		       int32_t lo, int32_t hi);

/* FIX of the manual, modulo 2^32; shift 0..62. */
int32_t octet_cpu_rescale(unsigned int stage, int32_t v, uint32_t mult,
			  uint32_t shift);

/* Output stage of int16 inputs: FIX_UP of 48 bits, zero point 0. */
int32_t octet_cpu_stage_wide(int64_t acc, int64_t bias, uint32_t mult,
			     uint32_t shift, int32_t lo, int32_t hi);

/* Inputs less their zero point, as int16; int16 ones have none. */
void octet_cpu_take(const struct octet_cpu *cpu, const struct cpu_work *work,
		    int16_t *to, const uint8_t *from, size_t n);

/* Output stage of n sums of int16 inputs, of channels from channel on. */
void octet_cpu_requant16(const struct cpu_work *work, uint64_t channel,
			 const int64_t *acc, size_t n, uint8_t *y);

/*
 * Products of int16 inputs and 8-bit weights that surely fit 32 bits when they
 * are summed up: 2^22 each at most. Even.
 */
#define CPU_SUM16	256

/* The steps of octet_cpu_op_tail(). */
int octet_cpu_tail_add(struct octet_cpu *cpu, const struct cpu_work *work);
int octet_cpu_tail_lut(struct octet_cpu *cpu, const struct cpu_work *work);

static inline bool octet_cpu_canceled(const struct octet_cpu *cpu)
{
	return atomic_load_explicit(cpu->cancel, memory_order_relaxed);
}

static inline int32_t octet_cpu_clamp(int32_t y, int32_t lo, int32_t hi)
{
	return y < lo ? lo : y > hi ? hi : y;
}

/* Value of a byte's code. */
static inline int32_t octet_cpu_code(uint8_t byte, bool is_signed)
{
	return is_signed ? (int8_t)byte : byte;
}

static inline int32_t octet_cpu_load16(const uint8_t *p)
{
	int16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void octet_cpu_store16(uint8_t *p, int32_t v)
{
	const int16_t y = (int16_t)v;

	memcpy(p, &y, sizeof(y));
}

static inline void octet_cpu_store32(uint8_t *p, int32_t v)
{
	memcpy(p, &v, sizeof(v));
}

#endif
