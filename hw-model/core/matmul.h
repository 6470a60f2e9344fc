/* SPDX-License-Identifier: MIT */
/*
 * The matrix product under CONV2D and GEMM: a block of input rows, packed by
 * the caller, times packed weights, through the output stage.
 *
 * Inputs become unsigned and weights signed by exchanging the top bit and
 * moving the zero point with it. With x' and w' the moved values
 *
 *	sum (x - zx)(w - zw) = sum x'w' - zx' sum w' - zw' sum x' + K zx' zw'
 *
 * all modulo 2^32. The second and fourth term and the bias are what
 * the sums start from.
 */
#ifndef OCTET_MATMUL_H
#define OCTET_MATMUL_H

#include "compute.h"
#include "output_stage.h"
#include "simd.h"

/** Output channels handled at a time. */
#define OCTET_MATMUL_COLUMNS (2 * OCTET_PANEL)

/**
 * struct octet_walk - rows of a product that overlap in the block
 *
 * @parts: of a row, @words words each, @step words apart; 0: rows do not overlap
 * @width: rows that follow each other @next words apart; then comes the next line
 * @line: words from a line to the next
 * @first: rows of the first line that are left out
 */
struct octet_walk {
	size_t parts, words, step, width, next, line, first;
};

/**
 * struct octet_matmul - weights of @n outputs over @k inputs
 *
 * @a: input block, @rows rows of @words words, tails zero
 * @walk: or its other shape
 * @b: panels; @room: memory for them, NULL where they are used as they lie
 * @packed: the command's weights are panels already
 * @started: @start is complete
 * @start: what a sum starts from, per output
 * @zw: weight zero point, per output
 * @direct: so few rows that packing weights costs more than it saves: each result
 *	is a dot product with @w, outputs @so apart, of a row of @x
 * @lanes: threads that it is worth
 * @first_panel: those of the outputs that are computed, up to @end_panel
 */
struct octet_matmul {
	const struct octet_simd *simd;
	const struct octet_work *work;
	const struct octet_requant *rq;
	size_t k, words, n, panels, rows;
	uint32_t *a;
	struct octet_walk walk;
	const uint32_t *b;
	uint32_t *room;
	bool packed, started;
	size_t o0;
	int32_t *start;
	int32_t *zw;
	bool any_zw;
	int32_t zx;
	uint8_t flip_x, flip_w;
	int32_t *acc;
	int32_t *sums;
	bool direct;
	const uint8_t *w;
	size_t so, sk;
	int16_t *x;
	unsigned int lanes;
	size_t first_panel, end_panel;
};

/** Products that overlapping rows of one line may have at most: between two ticks. */
#define OCTET_WALK_MACS (32u << 20)

/** Rows up to which weights are not packed. */
#define OCTET_DIRECT_ROWS 4

/**
 * octet_matmul_init() - room for products with @n outputs over @k inputs
 * @most_rows: at a time
 * @direct: no more than OCTET_DIRECT_ROWS rows meet the same weights, whose
 *	inputs are contiguous
 */
int octet_matmul_init(struct octet_matmul *mm, const struct octet_work *work,
		      const struct octet_requant *rq, size_t k, size_t n, size_t most_rows,
		      bool direct);
void octet_matmul_free(struct octet_matmul *mm);

/**
 * octet_matmul_weights() - pack weights, element (k, o) at w[o * so + k * sk]
 * @o0: first output channel, for zero points and biases
 */
int octet_matmul_weights(struct octet_matmul *mm, const uint8_t *w, size_t so, size_t sk,
			 size_t o0);

/**
 * octet_matmul_panels() - weights of layout PACKED, those of a group
 * @o0: first output channel
 */
int octet_matmul_panels(struct octet_matmul *mm, size_t group, size_t o0);

/** octet_matmul_start() - what the sums of the @panels from @p on start from */
void octet_matmul_start(struct octet_matmul *mm, size_t p, size_t panels);

/** Rows [@first, @first + @count) of a product, no more than a block has room for. */
typedef int octet_rows_fn(struct octet_matmul *mm, void *arg, size_t first, size_t count);

/**
 * octet_matmul_share() - all @rows rows of a product with weights that are ready
 *
 * @fn lays them out and calls octet_matmul_run(), in several threads at once: on copies of
 * @mm with blocks of their own, @arg being the same for all.
 */
int octet_matmul_share(struct octet_matmul *mm, size_t rows, octet_rows_fn *fn, void *arg);

/** octet_matmul_row() - where element @k of row @i of the block goes. */
static inline void *octet_matmul_row(struct octet_matmul *mm, size_t i, size_t k)
{
	return (uint8_t *)(mm->a + i * mm->words) + k * (4 / mm->simd->lanes);
}

/**
 * octet_matmul_run() - the first @rows rows of the block
 * @dst: result of row 0, output @o0; rows are @ldd elements apart
 */
int octet_matmul_run(struct octet_matmul *mm, size_t rows, size_t o0, uint8_t *dst, size_t ldd);

/* direct.c: octet_matmul_weights() and octet_matmul_run() without packing */
void octet_direct_weights(struct octet_matmul *mm, const uint8_t *w, size_t so, size_t o0);
int octet_direct_run(struct octet_matmul *mm, size_t rows, size_t o0, uint8_t *dst, size_t ldd);

#endif /* OCTET_MATMUL_H */
