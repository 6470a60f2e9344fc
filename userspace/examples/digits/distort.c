// SPDX-License-Identifier: MIT
/* Images as other people might have written them; see distort.h. */

#include "data.h"
#include "distort.h"
#include "net.h"

static float pixel(const float *in, int y, int x)
{
	if (y < 0 || x < 0 || y >= (int)DIGITS_SIDE || x >= (int)DIGITS_SIDE)
		return 0;
	return in[y * (int)DIGITS_SIDE + x];
}

void digits_distort(uint64_t *rng, const float *in, float *out)
{
	float m[6];

	for (int i = 0; i < 6; i++)
		m[i] = (2 * rng_unit(rng) - 1) * (i < 4 ? 0.15f : 0.7f);
	for (int y = 0; y < (int)DIGITS_SIDE; y++)
		for (int x = 0; x < (int)DIGITS_SIDE; x++) {
			float v = (float)y - 3.5f, u = (float)x - 3.5f;
			float sy = v + m[0] * v + m[1] * u + m[4] + 3.5f;
			float sx = u + m[2] * u + m[3] * v + m[5] + 3.5f;
			int iy = (int)(sy + 8) - 8, ix = (int)(sx + 8) - 8;
			float fy = sy - (float)iy, fx = sx - (float)ix;
			float top = pixel(in, iy, ix) * (1 - fx) +
				    pixel(in, iy, ix + 1) * fx;
			float low = pixel(in, iy + 1, ix) * (1 - fx) +
				    pixel(in, iy + 1, ix + 1) * fx;

			*out++ = top * (1 - fy) + low * fy;
		}
}
