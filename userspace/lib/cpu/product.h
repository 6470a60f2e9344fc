/* SPDX-License-Identifier: MIT */
/* Blocks of rows of a product, for product.c and product_wide.c. */
#ifndef OCTET_CPU_PRODUCT_H
#define OCTET_CPU_PRODUCT_H

#include "packed.h"

#define CPU_BLOCK_ROWS	240u	/* a multiple of all tiles' */
#define CPU_TAPS	64u	/* of a row, not copied */
#define CPU_IMAGE_ROWS	256u	/* kept as int16 */

/**
 * struct cpu_block - rows [m0, m0 + rows) of a product
 *
 * @a, @y: GEMM: the matrices
 * @tail: output stage of the group
 * @m: rows of the product
 * @taps, @lines: of a row
 * @x: [taps][CPU_BLOCK_ROWS]
 * @out: where rows go
 * @sums: of the rows' inputs, where the weights' zero points need them; wide levels:
 *	what the rows' sums are less
 * @kept: wide levels: which image rows there are as int16
 */
struct cpu_block {
	struct octet_cpu *cpu;
	const struct cpu_work *work;
	const struct cpu_packed *p;
	size_t group;
	const uint8_t *a;
	uint8_t *y;
	struct cpu_tail tail;
	uint64_t m, m0;
	size_t rows, taps, lines;
	bool copy;
	const uint8_t *x[CPU_TAPS * CPU_BLOCK_ROWS];
	uint8_t *out[CPU_BLOCK_ROWS];
	int32_t sums[CPU_BLOCK_ROWS];
	uint64_t kept[CPU_IMAGE_ROWS];
};

/* Pointers to the runs of the block's rows, as they lie in memory. */
void octet_cpu_find_inputs(struct cpu_block *b);

/* Wide levels: rows of a block; its inputs; its product, once outputs are found. */
size_t octet_cpu_wide_rows(const struct cpu_block *b);
void octet_cpu_wide_inputs(struct cpu_block *b);
void octet_cpu_wide_multiply(struct cpu_block *b);

#endif
