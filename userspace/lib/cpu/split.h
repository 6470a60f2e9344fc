/* SPDX-License-Identifier: MIT */
/* A command as several that compute a part of its result each. */
#ifndef OCTET_CPU_SPLIT_H
#define OCTET_CPU_SPLIT_H

#include "packed.h"

/* Ways to cut a result; the first four are the dimensions of struct cpu_shape. */
enum cpu_axis {
	CPU_AXIS_BATCH2,	/* COPY: the first of four */
	CPU_AXIS_BATCH,
	CPU_AXIS_ROWS,
	CPU_AXIS_COLUMNS,
	CPU_AXIS_CHANNELS,
	CPU_AXES
};

/** struct cpu_part - what @work and its command and weights point to */
struct cpu_part {
	struct octet_cmd cmd;
	struct cpu_work work;
	struct cpu_packed packed;
};

/*
 * Elements of the result along an axis, and of how many each part but the last has
 * to have a multiple; 1 if the command cannot be cut there.
 */
uint64_t octet_cpu_axis(const struct cpu_work *work, enum cpu_axis axis,
			uint32_t *unit);

/* Elements [first, first + count) along an axis, and all that they depend on. */
void octet_cpu_cut(const struct cpu_work *work, enum cpu_axis axis,
		   uint32_t first, uint32_t count, struct cpu_part *part);

#endif
