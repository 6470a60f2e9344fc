/* SPDX-License-Identifier: MIT */
#ifndef DIGITS_DISTORT_H
#define DIGITS_DISTORT_H

#include <stdint.h>

/*
 * Other writers write larger, smaller, slanted, turned, off centre: a random
 * affine map close to the identity, sampled bilinearly. An image in, one out.
 */
void digits_distort(uint64_t *rng, const float *in, float *out);

#endif
