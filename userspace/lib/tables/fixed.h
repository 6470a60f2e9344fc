/* SPDX-License-Identifier: MIT */
/*
 * Fixed-point arithmetic as TFLite's reference kernels and gemmlowp define
 * it, double rounding. Names say what a function does; comments say which of
 * theirs it equals.
 *
 * "Q of n" below: a value of @bits bits (16 or 32) with n integer bits, sign
 * not counted; Q of 0 stands for (-1, 1), its largest code for 1.
 */
#ifndef OCTET_FIXED_H
#define OCTET_FIXED_H

#include <stdint.h>

/**
 * octet_fx_multiplier() - QuantizeMultiplier(): factor ~ mult * 2^(shift - 31)
 *
 * Positive @shift is to the left. @factor is finite and may be negative;
 * below 2^-32 both results are 0.
 */
void octet_fx_multiplier(double factor, int32_t *mult, int *shift);

/** octet_fx_scale() - MultiplyByQuantizedMultiplier() of an int32, shift -31..31 */
int32_t octet_fx_scale(int32_t x, int32_t mult, int shift);

/** octet_fx_scale64() - the same of an int64, |x| < 2^47, shift -31..7: multiplier of 16 bits */
int32_t octet_fx_scale64(int64_t x, int32_t mult, int shift);

/** octet_fx_mul() - SaturatingRoundingDoublingHighMul() */
int32_t octet_fx_mul(int bits, int32_t a, int32_t b);

/** octet_fx_div_pot() - RoundingDivideByPOT(): x / 2^exponent, half away from 0, 0..31 */
int32_t octet_fx_div_pot(int32_t x, int exponent);

/** octet_fx_mul_pot() - SaturatingRoundingMultiplyByPOT(): x * 2^exponent, any sign */
int32_t octet_fx_mul_pot(int bits, int32_t x, int exponent);

/** octet_fx_exp() - exp_on_negative_values(): @a is Q of @integer <= 0; result Q of 0 */
int32_t octet_fx_exp(int bits, int32_t a, int integer);

/** octet_fx_inverse() - one_over_one_plus_x_for_x_in_0_1(), Q of 0 */
int32_t octet_fx_inverse(int bits, int32_t a);

/** octet_fx_logistic() - logistic(): @a is Q of @integer, result Q of 0 */
int32_t octet_fx_logistic(int bits, int32_t a, int integer);

/** octet_fx_tanh() - tanh(): @a is Q of @integer, result Q of 0 */
int32_t octet_fx_tanh(int bits, int32_t a, int integer);

/** octet_fx_reciprocal() - GetReciprocal() of x > 0, Q of @integer: 2^-over * result */
int32_t octet_fx_reciprocal(int32_t x, int integer, int *over);

/**
 * octet_fx_inv_sqrt() - GetInvSqrtQuantizedMultiplierExp(): 1 / sqrt(x) as
 * multiplier and shift, positive to the left; 0 counts as 1
 */
void octet_fx_inv_sqrt(int32_t x, int32_t *mult, int *shift);

/** octet_fx_log() - log_x_for_x_greater_than_or_equal_to_1(): Q of 12 to Q of 5 */
int32_t octet_fx_log(int32_t x);

/** octet_fx_radius() - CalculateInputRadius() */
int octet_fx_radius(int integer, int left_shift, int bits);

#endif /* OCTET_FIXED_H */
