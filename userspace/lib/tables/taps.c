// SPDX-License-Identifier: MIT
/* Where the rows and columns of RESIZE come from. */

#include <errno.h>
#include <math.h>

#include "tables.h"

#define EXTENT_MAX (1u << 20)

static void bilinear(const struct octet_opt_resize *opt, int64_t in, int64_t out,
		     struct octet_tap *taps)
{
	/* Result steps in 1/1024 of an input step. */
	int64_t scale = (1024 * in + out / 2) / out;

	if (opt->align_corners && out > 1)
		scale = (1024 * (in - 1) + (out - 1) / 2) / (out - 1);
	for (int64_t i = 0; i < out; i++) {
		int64_t at = i * scale, lo, hi;

		if (opt->half_pixel)
			at += scale / 2 - 512;
		lo = at / 1024 > 0 ? at / 1024 : 0;
		hi = (at + 1023) / 1024;
		hi = hi < in - 1 ? hi : in - 1;
		lo = lo < hi ? lo : hi;
		taps[i] = (struct octet_tap){
			.lo = (uint32_t)lo,
			.hi = (uint32_t)hi,
			.weight = lo == hi ? 0 : (int32_t)(at - 1024 * lo),
		};
	}
}

static void nearest(const struct octet_opt_resize *opt, int32_t in, int32_t out,
		    struct octet_tap *taps)
{
	float scale = (float)in / (float)out, offset = opt->half_pixel ? 0.5f : 0;

	if (opt->align_corners && out > 1)
		scale = (float)(in - 1) / (float)(out - 1);
	for (int32_t i = 0; i < out; i++) {
		float at = ((float)i + offset) * scale;
		int32_t row = (int32_t)(opt->align_corners ? roundf(at) : floorf(at));

		row = row < in - 1 ? row : in - 1;
		taps[i] = (struct octet_tap){ .lo = (uint32_t)row, .hi = (uint32_t)row };
	}
}

int octet_table_taps(uint32_t code, const struct octet_opt_resize *opt, uint32_t in, uint32_t out,
		     struct octet_tap *taps)
{
	if (!in || !out || in > EXTENT_MAX || out > EXTENT_MAX)
		return -EINVAL;
	switch (code) {
	case OCTET_G_RESIZE_BILINEAR:
		/* TFLite refuses both at once. */
		if (opt->half_pixel && opt->align_corners)
			return -EINVAL;
		bilinear(opt, in, out, taps);
		return 0;
	case OCTET_G_RESIZE_NEAREST_NEIGHBOR:
		nearest(opt, (int32_t)in, (int32_t)out, taps);
		return 0;
	default:
		return -ENOTSUP;
	}
}
