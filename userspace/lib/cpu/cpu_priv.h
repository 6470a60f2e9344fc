/* SPDX-License-Identifier: MIT */
/* Shared by the files of the CPU fallback. */
#ifndef OCTET_CPU_PRIV_H
#define OCTET_CPU_PRIV_H

#include <stdatomic.h>

#include "cpu.h"
#include "kernels.h"

#define CPU_EXTENT_MAX	(1u << 20)
/* Rows and columns between the first and the last tap, exclusive. */
#define CPU_REACH_END	(1u << 30)
#define CPU_BYTES_MAX	(UINT64_C(1) << 28)
#define CPU_DIMS	4

/**
 * struct cpu_shape - an operand as nested loops, outermost first
 *
 * @extent: number of steps; 1 for dimensions that the operand lacks
 * @stride: bytes of a step; those of extent 1 are zero
 * @inner: bytes of the contiguous innermost run
 * @bytes: first to last byte
 * @elements: bytes of all elements, those of a broadcast counted each time
 */
struct cpu_shape {
	uint32_t extent[CPU_DIMS];
	uint64_t stride[CPU_DIMS];
	uint64_t inner;
	uint64_t bytes;
	uint64_t elements;
};

/** struct cpu_buffer - memory that grows and is kept between runs */
struct cpu_buffer {
	void *data;
	size_t size;
};

/* Largest blocks of the matrix product, in elements. */
#define CPU_BLOCK_M	96
#define CPU_BLOCK_K	16384	/* even */
#define CPU_SLICE_K	512	/* even: panel slice that stays in the L1 cache */
#define CPU_PACK_B	(1u << 20)
#define CPU_BLOCK_N	512
/* And of the depthwise convolution. */
#define CPU_DW_CHANNELS	512
#define CPU_DW_TAPS	512	/* even */

/**
 * struct octet_cpu
 * @cancel: set by octet_cpu_cancel()
 * @sram: the job's SRAM
 * @cmds: copies of the commands
 * @params: bias, mult, shift, weight zero point by channel
 * @copy: inputs that the output overlaps: src, wgt
 * @pack_a, @pack_b, @acc, @row: blocks of the matrix product
 * @taps: inputs of a depthwise pixel, a channel multiplier expanded
 */
struct octet_cpu {
	const struct cpu_kernels *k;
	atomic_bool cancel;
	struct cpu_buffer sram;
	struct cpu_buffer cmds;
	struct cpu_buffer params;
	struct cpu_buffer copy[2];
	int16_t *pack_a;
	int16_t *pack_b;
	int16_t *row;
	int32_t *acc;
	uint8_t *taps;
};

/**
 * struct cpu_work - one command, its operands found, ready to execute
 *
 * @shape: of src, wgt, dst
 * @x, @w, @y: element 0 of src, wgt, dst
 * @zw: weight zero point by channel
 * @x_signed, @w_signed: int8, else uint8
 * @y_size: bytes of a result
 */
struct cpu_work {
	const struct octet_cmd *cmd;
	struct cpu_shape src, wgt, dst;
	const uint8_t *x;
	const uint8_t *w;
	uint8_t *y;
	const int32_t *zw;
	struct cpu_stage stage;
	bool x_signed;
	bool w_signed;
	unsigned int y_size;
};

/* Fills @fault and returns -EFAULT. */
int octet_cpu_refuse(struct octet_cpu_fault *fault, uint32_t status,
		     uint32_t detail, uint64_t va, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Grows @buffer to @size bytes, not cleared; NULL when memory is short. */
void *octet_cpu_grow(struct cpu_buffer *buffer, size_t size);

/* Checks one command, all but its parameter records; 0 or -EFAULT. */
int octet_cpu_check(const struct octet_cmd *cmd, uint32_t sw,
		    struct octet_cpu_fault *fault);

/* The part of it about shape and tiling, and the part about numbers. */
int octet_cpu_check_shape(const struct octet_cmd *cmd,
			  struct octet_cpu_fault *fault);
int octet_cpu_check_quant(const struct octet_cmd *cmd,
			  struct octet_cpu_fault *fault);

/* Multiplier and shift against the bounds of a stage code. */
bool octet_cpu_scale_ok(unsigned int stage, uint32_t mult, uint32_t shift,
			bool with_shift);

/* Range of an element type. */
void octet_cpu_type_range(unsigned int type, int32_t *lo, int32_t *hi);

/*
 * Loops of an operand: SRC, WGT, PRM, CHN or DST. @bytes and @elements are
 * UINT64_MAX when they do not fit 64 bits.
 */
void octet_cpu_shape(const struct octet_cmd *cmd, unsigned int operand,
		     struct cpu_shape *shape);
const struct octet_operand *octet_cpu_operand(const struct octet_cmd *cmd,
					      unsigned int operand);

/* Finds operands, reads the records, copies what the output overlaps. */
int octet_cpu_bind(struct octet_cpu *cpu, const struct octet_cpu_memory *memory,
		   const struct octet_cmd *cmd, struct cpu_work *work,
		   struct octet_cpu_fault *fault);

/* The operations; 0 or -ECANCELED. */
int octet_cpu_matrix(struct octet_cpu *cpu, const struct cpu_work *work);
int octet_cpu_depthwise(struct octet_cpu *cpu, const struct cpu_work *work);

/* Inputs of the matrix product, pack.c. */
void octet_cpu_pack_b(const struct octet_cpu *cpu, const struct cpu_work *work,
		      const uint8_t *w, uint64_t o0, size_t n, uint64_t k0,
		      size_t k);
void octet_cpu_pack_a_conv(const struct octet_cpu *cpu,
			   const struct cpu_work *work, uint32_t group,
			   uint64_t pixel, uint64_t k0, size_t k,
			   int16_t *row);
void octet_cpu_pack_a_gemm(const struct octet_cpu *cpu,
			   const struct cpu_work *work, const uint8_t *a,
			   uint64_t m0, size_t m, uint64_t k0, size_t k,
			   size_t lda);

#endif
