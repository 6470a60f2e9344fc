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
 * struct octet_matmul - weights of @n outputs over @k inputs
 *
 * @a: input block, @rows rows of @words words, tails zero
 * @b: panels
 * @start: what a sum starts from, per output
 * @zw: weight zero point, per output
 */
struct octet_matmul {
	const struct octet_simd *simd;
	const struct octet_work *work;
	const struct octet_requant *rq;
	size_t k, words, n, panels, rows;
	uint32_t *a;
	uint32_t *b;
	int32_t *start;
	int32_t *zw;
	bool any_zw;
	int32_t zx;
	uint8_t flip_x, flip_w;
	int32_t *acc;
	int32_t *sums;
};

int octet_matmul_init(struct octet_matmul *mm, const struct octet_work *work,
		      const struct octet_requant *rq, size_t k, size_t n, size_t most_rows);
void octet_matmul_free(struct octet_matmul *mm);

/**
 * octet_matmul_weights() - pack weights, element (k, o) at w[o * so + k * sk]
 * @o0: first output channel, for zero points and biases
 */
int octet_matmul_weights(struct octet_matmul *mm, const uint8_t *w, size_t so, size_t sk,
			 size_t o0);

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

#endif /* OCTET_MATMUL_H */
