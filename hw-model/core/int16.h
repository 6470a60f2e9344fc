/* SPDX-License-Identifier: MIT */
/* int16 inputs: sums of 48 bits, 15-bit multipliers, no zero points. */
#ifndef OCTET_INT16_H
#define OCTET_INT16_H

#include "compute.h"

/** octet_finish16() - FIX_UP of channel @o, clamped; @acc without the bias. */
int16_t octet_finish16(const struct octet_work *work, size_t o, int64_t acc);

int octet_compute_window16(const struct octet_work *work);
int octet_compute_depthwise16(const struct octet_work *work);
int octet_compute_gemm16(const struct octet_work *work);

/**
 * octet_row16() - results of one row of @k inputs with @n outputs from @o0 on
 * @x: inputs
 * @w: int8 weights, [n][k]
 * @dst: result of output @o0
 *
 * Return: false if cancelled.
 */
bool octet_row16(struct octet_pacer *pacer, const int16_t *x, const uint8_t *w, size_t k,
		 size_t o0, size_t n, int16_t *dst);

#endif /* OCTET_INT16_H */
