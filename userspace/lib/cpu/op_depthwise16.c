/* SPDX-License-Identifier: MIT */
/* DEPTHWISE of int16 inputs, and the output stage of 48-bit sums. */
#include <errno.h>

#include "op.h"

void octet_cpu_requant16(const struct cpu_work *work, uint64_t channel,
			 const int64_t *acc, size_t n, uint8_t *y)
{
	const struct cpu_stage *st = &work->stage;

	for (size_t i = 0; i < n; i++) {
		const uint64_t c = channel + i;

		octet_cpu_store16(y + 2 * i,
				  octet_cpu_stage_wide(acc[i], work->bias16[c],
						       st->mult[c],
						       st->shift[c], st->lo,
						       st->hi));
	}
}

/* Adds the products of one tap, channels [c0, c0 + n) of the result. */
static void tap(const struct cpu_work *work, const uint8_t *x, const int8_t *w,
		uint64_t c0, size_t n, int64_t *acc)
{
	const uint32_t multiplier = work->cmd->cout / work->cmd->cin;

	if (!x) {
		for (size_t c = 0; c < n; c++)
			acc[c] += (int64_t)work->cmd->pad_value * w[c];
	} else if (multiplier == 1) {
		x += 2 * c0;
		for (size_t c = 0; c < n; c++)
			acc[c] += octet_cpu_load16(x + 2 * c) * w[c];
	} else {
		for (size_t c = 0; c < n; c++)
			acc[c] += octet_cpu_load16(x + (c0 + c) / multiplier *
						       2) * w[c];
	}
}

static void pixel(const struct cpu_work *work, const uint8_t *image,
		  uint64_t oy, uint64_t ox, uint8_t *y)
{
	const struct octet_cmd *cmd = work->cmd;
	int64_t acc[CPU_DW_CHANNELS];
	size_t n;

	for (uint64_t c0 = 0; c0 < cmd->cout; c0 += n) {
		n = cmd->cout - c0 < CPU_DW_CHANNELS ?
		    (size_t)(cmd->cout - c0) : CPU_DW_CHANNELS;
		memset(acc, 0, n * sizeof(*acc));
		for (uint64_t t = 0; t < (uint64_t)cmd->r * cmd->s; t++) {
			const uint64_t i = t / cmd->s, j = t % cmd->s;
			const int64_t iy = (int64_t)(oy * cmd->sh +
						     i * cmd->dh) - cmd->pt;
			const int64_t ix = (int64_t)(ox * cmd->sw +
						     j * cmd->dw) - cmd->pl;
			const uint8_t *x = NULL;

			if (iy >= 0 && iy < cmd->h && ix >= 0 && ix < cmd->w)
				x = image + (uint64_t)iy * work->src.stride[2] +
				    (uint64_t)ix * work->src.stride[3];
			tap(work, x, (const int8_t *)work->w +
				     i * work->wgt.stride[2] +
				     j * work->wgt.stride[3] + c0,
			    c0, n, acc);
		}
		octet_cpu_requant16(work, c0, acc, n, y + 2 * c0);
	}
}

int octet_cpu_op_depthwise16(struct octet_cpu *cpu, const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	const uint64_t *out = work->dst.stride;

	for (uint64_t n = 0; n < cmd->n; n++)
		for (uint64_t i = 0; i < cmd->oh; i++)
			for (uint64_t j = 0; j < cmd->ow; j++) {
				if (octet_cpu_canceled(cpu))
					return -ECANCELED;
				pixel(work, work->x + n * work->src.stride[1],
				      i, j, work->y + n * out[1] + i * out[2] +
				      j * out[3]);
			}
	return 0;
}
