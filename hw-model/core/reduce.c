// SPDX-License-Identifier: MIT
/* REDUCE: the extreme of a pixel's channels, or where it first is. */
#include <errno.h>

#include "compute.h"

OCTET_VECTOR_LOOPS

#define EXTREME(name, type)								\
static int32_t name(const void *src, size_t n, bool max, bool arg)			\
{											\
	const type *x = src;								\
	type m = x[0];									\
	size_t i = 0;									\
											\
	if (max)									\
		for (size_t c = 0; c < n; c++)						\
			m = x[c] > m ? x[c] : m;					\
	else										\
		for (size_t c = 0; c < n; c++)						\
			m = x[c] < m ? x[c] : m;					\
	if (!arg)									\
		return m;								\
	while (x[i] != m)								\
		i++;									\
	return (int32_t)i;								\
}

EXTREME(extreme_s8, int8_t)
EXTREME(extreme_u8, uint8_t)
EXTREME(extreme_s16, int16_t)

static void put(uint8_t *dst, size_t at, unsigned int type, int32_t v)
{
	if (type == OCTET_TYPE_INT32)
		((int32_t *)dst)[at] = v;
	else if (type == OCTET_TYPE_INT16)
		((int16_t *)dst)[at] = (int16_t)v;
	else
		dst[at] = (uint8_t)v;
}

int octet_compute_reduce(const struct octet_work *work)
{
	const struct octet_cmd *cmd = &work->cmd;
	struct octet_pacer pacer = { .work = work };
	bool max = cmd->sub == OCTET_REDUCE_MAX || cmd->sub == OCTET_REDUCE_ARGMAX;
	bool arg = cmd->sub == OCTET_REDUCE_ARGMAX || cmd->sub == OCTET_REDUCE_ARGMIN;
	size_t n = cmd->cin, step = n * octet_type_size(cmd->src.type);

	for (size_t p = 0; p < octet_pixels(cmd); p++) {
		const uint8_t *x = work->src + p * step;
		int32_t y;

		if (octet_pace(&pacer, n))
			return -ECANCELED;
		if (cmd->src.type == OCTET_TYPE_INT8)
			y = extreme_s8(x, n, max, arg);
		else if (cmd->src.type == OCTET_TYPE_UINT8)
			y = extreme_u8(x, n, max, arg);
		else
			y = extreme_s16(x, n, max, arg);
		put(work->dst, p, cmd->dst.type, octet_clamp(y, cmd->act_min, cmd->act_max));
	}
	return 0;
}
