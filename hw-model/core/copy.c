// SPDX-License-Identifier: MIT
/* COPY: the work is in gather and scatter, little remains here. */
#include <errno.h>
#include <string.h>

#include "compute.h"

/* elements between two looks at the cancel flag */
#define SLICE ((size_t)1 << 20)

static void fill(uint8_t *dst, size_t n, size_t size, int32_t value)
{
	/* little-endian: the low bytes come first */
	if (size == 1) {
		memset(dst, (uint8_t)value, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		memcpy(dst + i * size, &value, size);
}

int octet_compute_copy(const struct octet_work *work)
{
	const struct octet_cmd *cmd = &work->cmd;
	size_t n = octet_pixels(cmd) * cmd->cout, size = octet_type_size(cmd->dst.type);

	for (size_t at = 0; at < n; at += SLICE) {
		size_t part = n - at < SLICE ? n - at : SLICE;

		if (octet_work_tick(work))
			return -ECANCELED;
		if (cmd->sub == OCTET_COPY_FILL)
			fill(work->dst + at * size, part, size, cmd->pad_value);
		else
			memcpy(work->dst + at * size, work->src + at * size, part * size);
	}
	return 0;
}
