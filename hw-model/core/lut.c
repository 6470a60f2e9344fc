// SPDX-License-Identifier: MIT
#include <errno.h>

#include "compute.h"

static int lut8(const struct octet_work *work, size_t n)
{
	const struct octet_cmd *cmd = &work->cmd;
	struct octet_pacer pacer = { .work = work };
	const uint8_t *codes = work->table;
	uint8_t table[OCTET_LUT8_SIZE];

	for (size_t i = 0; i < OCTET_LUT8_SIZE; i++)
		table[i] = (uint8_t)octet_clamp(octet_code(cmd->dst.type, codes[i]), cmd->act_min,
						cmd->act_max);
	for (size_t at = 0; at < n; at += OCTET_BLOCK) {
		size_t end = n - at < OCTET_BLOCK ? n : at + OCTET_BLOCK;

		if (octet_pace(&pacer, OCTET_BLOCK))
			return -ECANCELED;
		for (size_t i = at; i < end; i++)
			work->dst[i] = table[work->src[i]];
	}
	return 0;
}

static int32_t interpolate(const int16_t *table, int32_t x)
{
	int32_t i = 256 + (x >> 7), low = table[i];

	return low + (((table[i + 1] - low) * (x & 127) + 64) >> 7);
}

static int lut16(const struct octet_work *work, size_t n)
{
	const struct octet_cmd *cmd = &work->cmd;
	struct octet_pacer pacer = { .work = work };
	const int16_t *src = (const int16_t *)work->src;
	int16_t *dst = (int16_t *)work->dst;

	for (size_t i = 0; i < n; i++) {
		if (i % OCTET_BLOCK == 0 && octet_pace(&pacer, OCTET_BLOCK))
			return -ECANCELED;
		dst[i] = (int16_t)octet_clamp(interpolate(work->table, src[i]), cmd->act_min,
					      cmd->act_max);
	}
	return 0;
}

int octet_compute_lut(const struct octet_work *work)
{
	size_t n = octet_pixels(&work->cmd) * work->cmd.cout;

	return work->cmd.src.type == OCTET_TYPE_INT16 ? lut16(work, n) : lut8(work, n);
}
