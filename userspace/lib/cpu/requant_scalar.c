/* SPDX-License-Identifier: MIT */
/* Output stage of a row of accumulators, the specification. */
#include "cpu.h"
#include "kernels.h"

void octet_cpu_requant_scalar(const struct cpu_stage *st, size_t channel,
			      const int32_t *acc, size_t n, void *dst)
{
	uint8_t *bytes = dst;
	int32_t *words = dst;

	for (size_t i = 0; i < n; i++) {
		const size_t c = channel + i;
		int32_t y = octet_cpu_stage_one(st->stage, acc[i], st->bias[c],
						st->mult[c], st->shift[c],
						st->zero_point, st->lo, st->hi);

		if (st->stage == OCTET_STAGE_RAW)
			words[i] = y;
		else
			bytes[i] = (uint8_t)y;
	}
}
