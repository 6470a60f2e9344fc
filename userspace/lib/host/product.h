/* SPDX-License-Identifier: MIT */
/* Sums of products of quantized tensors, and how they become results. */
#ifndef OCTET_HOST_PRODUCT_H
#define OCTET_HOST_PRODUCT_H

#include "host_priv.h"

/**
 * struct octet_product - what the operators of this kind have in common
 *
 * @w, @x: int8 or uint8, int8, uint8 or int16; int4 weights are unpacked
 * @channels: of the result
 * @float_scale: the product of the scales is rounded to float32, as TFLite
 *	does per tensor (uint8, FULLY_CONNECTED, BATCH_MATMUL)
 * @wide: sums of 48 bits and 16-bit multipliers
 */
struct octet_product {
	octet_tensor_t *in, *weights, *bias, *out;
	const void *x, *w, *b;
	void *y;
	uint32_t channels;
	int32_t activation;
	bool float_scale, wide;
	int32_t zp_x, zp_w, zp_y, min, max;
	int32_t *mult;
	int *shift;
};

/**
 * octet_product_check() - types, scales, zero points and bias
 *
 * @in, @weights, @bias, @out, @channels, @activation, @float_scale and @wide
 * are set
 *
 * @axis: dimension of the weights that has a scale each; beyond the rank: none
 */
int octet_product_check(const struct octet_product *p, uint32_t axis, const char **why);

/** octet_product_scratch() - bytes that octet_product_begin() takes */
size_t octet_product_scratch(const struct octet_product *p);

/** octet_product_begin() - @p as for the check, @w, @b, @x, @y set; the rest is worked out */
void octet_product_begin(struct octet_product *p, void *scratch);

/** octet_product_dot() - @n products from element @x of the input and @w of the weights on */
int64_t octet_product_dot(const struct octet_product *p, size_t x, size_t w, size_t n);

/** octet_product_one() - one product */
int64_t octet_product_one(const struct octet_product *p, size_t x, size_t w);

/** octet_product_store() - bias, rescale, clamp; element @to of the result */
void octet_product_store(const struct octet_product *p, uint32_t channel, size_t to, int64_t sum);

#endif /* OCTET_HOST_PRODUCT_H */
