// SPDX-License-Identifier: MIT
/* Scale and zero point from ranges and from data. */

#include <math.h>

#include "quant.h"

int octet_quant_params(const struct octet_quant_opts *opts, float min, float max, float *scale,
		       int32_t *zero_point)
{
	struct octet_codes codes;
	int ret = octet_codes_get(opts, &codes);

	if (ret)
		return ret;
	if (!scale || !zero_point)
		return -EINVAL;
	return octet_range_params(&codes, min, max, scale, zero_point);
}

/* The range of one channel of [outer][channels][inner]. */
static int channel_range(const float *data, size_t outer, size_t channels, size_t inner,
			 size_t channel, float *min, float *max)
{
	*min = 0;
	*max = 0;
	for (size_t o = 0; o < outer; o++) {
		const float *row = data + (o * channels + channel) * inner;

		for (size_t i = 0; i < inner; i++) {
			if (!isfinite(row[i]))
				return -EINVAL;
			*min = fminf(*min, row[i]);
			*max = fmaxf(*max, row[i]);
		}
	}
	return 0;
}

int octet_quant_params_channel(const struct octet_quant_opts *opts, const float *data, size_t outer,
			       size_t channels, size_t inner, float *scale, int32_t *zero_point)
{
	struct octet_codes codes;
	int ret = octet_codes_get(opts, &codes);

	if (ret)
		return ret;
	if (!data || !scale || !zero_point)
		return -EINVAL;
	/* Twice: results stay untouched unless every channel is good. */
	for (int pass = 0; pass < 2; pass++) {
		for (size_t c = 0; c < channels; c++) {
			float min, max, s;
			int32_t zero;

			ret = channel_range(data, outer, channels, inner, c, &min, &max);
			if (!ret)
				ret = octet_range_params(&codes, min, max, &s, &zero);
			if (ret)
				return ret;
			if (pass) {
				scale[c] = s;
				zero_point[c] = zero;
			}
		}
	}
	return 0;
}
