/* SPDX-License-Identifier: MIT */
/* What the files of lib/quant share. */
#ifndef OCTET_QUANT_H
#define OCTET_QUANT_H

#include "../internal.h"

/** struct octet_codes - options resolved: the codes that values use */
struct octet_codes {
	struct octet_quant_opts opts;
	int32_t min, max;
};

/** octet_codes_get() - check @user and apply defaults; -EINVAL */
int octet_codes_get(const struct octet_quant_opts *user, struct octet_codes *codes);

/**
 * octet_round() - round by a rule; STOCHASTIC: @index picks the random number
 *
 * @v is finite. The result may be far outside any type.
 */
double octet_round(const struct octet_codes *codes, double v, uint64_t index);

/** octet_round_even() - half to even */
double octet_round_even(double v);

/** octet_range_params() - rule.c: scale and zero point of a range, as octet_quant_params() */
int octet_range_params(const struct octet_codes *codes, float min, float max, float *scale,
		       int32_t *zero_point);

/** octet_params_ok() - can values be quantized with these? */
bool octet_params_ok(const struct octet_codes *codes, float scale, int32_t zero_point);

/** octet_has_nan() - is any value NaN? */
bool octet_has_nan(const float *in, size_t count);

/** octet_code_of() - the code of a value before it is clamped; may be infinite */
double octet_code_of(const struct octet_codes *codes, float scale, int32_t zero_point, float x,
		     uint64_t index);

/** octet_stochastic() - uniform in [0, 1), a function of its arguments alone */
double octet_stochastic(uint64_t seed, uint64_t stream, uint64_t index);

/** octet_normal() - standard normal, a function of its arguments alone */
double octet_normal(uint64_t seed, uint64_t stream, uint64_t index);

#endif /* OCTET_QUANT_H */
