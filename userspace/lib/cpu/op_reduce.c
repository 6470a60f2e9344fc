/* SPDX-License-Identifier: MIT */
/* REDUCE: extremes along the channels of each pixel, or where they are. */
#include <errno.h>

#include "op.h"

/* Bytes and int16 by value, n of them; the first of several. */
static size_t extreme(const struct cpu_work *work, const uint8_t *x, bool largest,
		      int32_t *value)
{
	const size_t n = work->cmd->cin;
	size_t at = 0;

	for (size_t c = 0; c < n; c++) {
		const int32_t v = work->x_size == 2 ?
				  octet_cpu_load16(x + 2 * c) :
				  octet_cpu_code(x[c], work->x_signed);

		if (!c || (largest ? v > *value : v < *value)) {
			*value = v;
			at = c;
		}
	}
	return at;
}

static void pixel(const struct cpu_work *work, const uint8_t *x, uint8_t *y)
{
	const struct octet_cmd *cmd = work->cmd;
	const bool largest = cmd->sub == OCTET_REDUCE_MAX ||
			     cmd->sub == OCTET_REDUCE_ARGMAX;
	int32_t value = 0;
	const size_t at = extreme(work, x, largest, &value);

	if (cmd->sub == OCTET_REDUCE_ARGMAX || cmd->sub == OCTET_REDUCE_ARGMIN)
		value = (int32_t)at;
	value = octet_cpu_clamp(value, cmd->act_min, cmd->act_max);
	if (work->y_size == 4)
		octet_cpu_store32(y, value);
	else if (work->y_size == 2)
		octet_cpu_store16(y, value);
	else
		*y = (uint8_t)value;
}

int octet_cpu_op_reduce(struct octet_cpu *cpu, const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	const uint64_t *in = work->src.stride, *out = work->dst.stride;

	for (uint64_t n = 0; n < cmd->n; n++)
		for (uint64_t i = 0; i < cmd->h; i++)
			for (uint64_t j = 0; j < cmd->w; j++) {
				if (octet_cpu_canceled(cpu))
					return -ECANCELED;
				pixel(work, work->x + n * in[1] + i * in[2] +
					    j * in[3],
				      work->y + n * out[1] + i * out[2] +
				      j * out[3]);
			}
	return 0;
}
