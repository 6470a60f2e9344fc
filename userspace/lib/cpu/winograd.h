/* SPDX-License-Identifier: MIT */
/*
 * Convolutions by 3 x 3, by Winograd's F(2 x 2, 3 x 3): 16 products where there are 36.
 * With patches d of 4 x 4 inputs and kernels g, the 2 x 2 results are
 *
 *	A' ((G g G') . (B' d B)) A,	B' = 1  0 -1  0   A' = 1  1  1  0
 *					     0  1  1  0        0  1 -1 -1
 *	2 G = 2  0  0			     0 -1  1  0
 *	      1  1  1			     0  1  0 -1
 *	      1 -1  1
 *	      0  0  2
 *
 * With 2 G all numbers are integers, four times the results come out, and as long as
 * these fit 32 bits all of it is exact.
 */
#ifndef OCTET_CPU_WINOGRAD_H
#define OCTET_CPU_WINOGRAD_H

#include "packed.h"

#define CPU_PLACES	16u	/* of a patch */

/* Whether the level does the command so, and it pays. */
bool octet_cpu_winograd_fits(const struct octet_cpu *cpu,
			     const struct cpu_work *work);

/* G g G' times four: @g by row and column. */
void octet_cpu_winograd_weights(const int32_t *g, int16_t *u);

/* One group. */
int octet_cpu_winograd(struct octet_cpu *cpu, const struct cpu_work *work,
		       const struct cpu_packed *p, size_t group,
		       const struct cpu_tail *tail);

#endif
