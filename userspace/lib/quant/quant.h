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

/** octet_stochastic() - uniform in [0, 1), a function of its arguments alone */
double octet_stochastic(uint64_t seed, uint64_t stream, uint64_t index);

#endif /* OCTET_QUANT_H */
