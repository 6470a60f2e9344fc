/* SPDX-License-Identifier: MIT */
/* Matrix products of float32 with weights of any type. */
#ifndef OCTET_FLOAT_PRODUCT_H
#define OCTET_FLOAT_PRODUCT_H

#include "float.h"

/* Results whose weights lie side by side. */
#define OCTET_FLOAT_PANEL 16

/**
 * struct octet_float_weights - a weight for each product
 *
 * @type, @quants, @scale, @zero_point: as in a tensor
 * @base: element of the first
 * @row: elements from one result's weights to the next one's
 * @step: from one product's to the next one's
 * @per: results that share a scale, where there are several scales
 */
struct octet_float_weights {
	const void *data;
	enum octet_dtype type;
	uint32_t quants;
	const float *scale;
	const int32_t *zero_point;
	size_t base, row, step;
	uint32_t per;
};

/**
 * struct octet_float_product - y[r][c] = clamp(sum of x[r][k] * w[c][k] + bias[c])
 *
 * @first: number of the first result among the weights
 * @x: @x_row elements from row to row; NULL: @fill writes rows on demand
 * @fill: @count rows from @first on, one behind the other
 * @drain: takes rows of results; NULL: they go to @y, @y_row apart
 */
struct octet_float_product {
	uint64_t rows;
	uint32_t cols, depth;
	size_t first;
	const float *x;
	size_t x_row;
	struct octet_float_weights w;
	const float *bias;
	float low, high;
	float *y;
	size_t y_row;
	void (*fill)(const void *context, uint64_t first, uint32_t count, float *to);
	void (*drain)(const void *context, uint64_t first, uint32_t count, const float *from);
	const void *context;
};

/** octet_float_scratch() - bytes; looks at @rows, @cols, @depth, @fill and @drain */
size_t octet_float_scratch(const struct octet_float_product *p);

/** octet_float_run() - @scratch: octet_float_scratch() bytes */
void octet_float_run(const struct octet_float_product *p, void *scratch);

/* weights.c */

/** octet_float_weights_check() - a type that can be read; scales per tensor or along @axis */
int octet_float_weights_check(octet_tensor_t *w, uint32_t axis, const char **why);

/** octet_float_weights_of() - @row, @step and @per are left to the caller */
void octet_float_weights_of(struct octet_float_weights *w, octet_tensor_t *t, const void *data);

/** octet_float_panel() - @depth groups of OCTET_FLOAT_PANEL weights, zeros beyond @count */
void octet_float_panel(const struct octet_float_weights *w, size_t first, uint32_t count,
		       uint32_t depth, float *to);

/** octet_float_plain() - @n weights as they lie, a scale for each of the last @quants in turn */
void octet_float_plain(const struct octet_float_weights *w, size_t n, float *to);

/** octet_float_of_half() - a float16, exactly */
static inline float octet_float_of_half(uint16_t half)
{
	uint32_t sign = (uint32_t)(half & 0x8000) << 16, rest = half & 0x7fff, bits;
	/* Below the normal numbers: steps of 2^-24. */
	float small = (float)rest * 0x1p-24f, v;

	memcpy(&bits, &small, sizeof(bits));
	if (rest >= 0x7c00)
		bits = rest << 13 | 0x7f800000;
	else if (rest >= 0x0400)
		bits = (rest << 13) + (112u << 23);
	bits |= sign;
	memcpy(&v, &bits, sizeof(v));
	return v;
}

/* gemm_*.c */

/**
 * struct octet_float_block - rows of x times one panel
 *
 * @bias: @cols of them, or NULL
 */
struct octet_float_block {
	size_t rows, depth;
	const float *x;
	size_t x_row;
	const float *panel;
	uint32_t cols;
	const float *bias;
	float low, high;
	float *y;
	size_t y_row;
};

typedef void octet_float_gemm_fn(const struct octet_float_block *b);
octet_float_gemm_fn octet_float_gemm_scalar, octet_float_gemm_avx2, octet_float_gemm_avx512;

#endif /* OCTET_FLOAT_PRODUCT_H */
