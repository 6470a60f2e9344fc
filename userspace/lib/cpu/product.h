/* SPDX-License-Identifier: MIT */
/* Blocks of rows of a product, for product.c and product_wide.c. */
#ifndef OCTET_CPU_PRODUCT_H
#define OCTET_CPU_PRODUCT_H

#include "packed.h"

#define CPU_BLOCK_ROWS	240u	/* a multiple of all tiles' */
#define CPU_TAPS	64u	/* of a row, not copied */
/* Bytes of copied inputs. */
#define CPU_INPUTS	(sizeof(int16_t) * CPU_BLOCK_M * CPU_BLOCK_K)

/**
 * struct cpu_block - rows [m0, m0 + rows) of a product
 *
 * @a, @y: GEMM: the matrices
 * @tail: output stage of the group
 * @m: rows of the product
 * @taps, @lines: of a row: runs of fours
 * @copy, @images: rows are copied as a whole; are runs of image rows
 * @flip: what makes inputs unsigned that are not copied
 * @x: [taps][CPU_BLOCK_ROWS]
 * @out: where rows go
 * @sums: of the rows' inputs, where the weights' zero points need them; wide levels:
 *	what the rows' sums are less
 * @kept, @kept_end: which image rows there are copies of
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
	bool copy, images;
	uint32_t flip;
	const uint8_t *x[CPU_TAPS * CPU_BLOCK_ROWS];
	uint8_t *out[CPU_BLOCK_ROWS];
	int32_t sums[CPU_BLOCK_ROWS];
	uint64_t kept, kept_end;
};

/* Bytes of an input as the kernels take it. */
static inline size_t octet_cpu_input_size(const struct cpu_block *b)
{
	return b->cpu->k->bytes->widen ? sizeof(int16_t) : 1;
}

/* Pointers to the runs of the block's rows, which are copied if need be. */
void octet_cpu_inputs(struct cpu_block *b);

/* Where rows of a convolution are runs of image rows: whether blocks of so many can. */
bool octet_cpu_images_fit(const struct cpu_block *b, size_t rows);
void octet_cpu_images(struct cpu_block *b);

/* Whether blocks of few rows can in any case, also in parts of the command. */
bool octet_cpu_image_rows_fit(const struct cpu_work *work);

/* @count runs of @n inputs, @step apart, as the kernels take them; see cpu_bytes. */
void octet_cpu_fetch(const struct cpu_block *b, uint8_t *to,
		     const uint8_t *from, size_t n, size_t count, size_t step,
		     int32_t *less);

/* Pointers to rows that are one run each, as they lie. */
void octet_cpu_find_rows(struct cpu_block *b);

/*
 * Wide levels: rows of a block; its product, once inputs and outputs are found; that
 * of one panel: a tile with all of the rows and all of their inputs.
 */
size_t octet_cpu_wide_rows(const struct cpu_block *b);
void octet_cpu_wide_multiply(struct cpu_block *b);
void octet_cpu_wide_panel(const struct cpu_bytes *k, const struct cpu_tile *all);

#endif
