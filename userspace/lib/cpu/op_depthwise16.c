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

#define LANES 16

/* acc += x w; blocks of a constant size are what the compiler vectorizes */
static void add(const int16_t *restrict x, const int8_t *restrict w, size_t n,
		int32_t *restrict acc)
{
	size_t c = 0;

	for (; c + LANES <= n; c += LANES)
		for (size_t i = 0; i < LANES; i++)
			acc[c + i] += x[c + i] * w[c + i];
	for (; c < n; c++)
		acc[c] += x[c] * w[c];
}

/**
 * struct pixel - channels [c0, c0 + n) of a result's pixel
 * @spread: inputs by output channel, or pad values
 * @acc: sums of up to CPU_SUM16 taps
 * @wide: of all
 */
struct pixel {
	uint64_t c0;
	size_t n;
	int16_t spread[CPU_DW_CHANNELS];
	int32_t acc[CPU_DW_CHANNELS];
	int64_t wide[CPU_DW_CHANNELS];
};

/* Inputs of the pixel's channels; x is NULL outside the image. */
static const int16_t *inputs(const struct cpu_work *work, struct pixel *p,
			     const uint8_t *x)
{
	const uint32_t multiplier = work->cmd->cout / work->cmd->cin;

	if (x && multiplier == 1)
		return (const int16_t *)x + p->c0;
	for (size_t c = 0; c < p->n; c++)
		p->spread[c] = (int16_t)(x ? octet_cpu_load16(x + 2 *
						((p->c0 + c) / multiplier)) :
					     work->cmd->pad_value);
	return p->spread;
}

static void fold(struct pixel *p)
{
	for (size_t c = 0; c < p->n; c++)
		p->wide[c] += p->acc[c];
	memset(p->acc, 0, p->n * sizeof(*p->acc));
}

static void sums(const struct cpu_work *work, struct pixel *p,
		 const uint8_t *image, uint64_t oy, uint64_t ox)
{
	const struct octet_cmd *cmd = work->cmd;
	const uint64_t *in = work->src.stride, *at = work->wgt.stride;
	size_t taps = 0;

	memset(p->acc, 0, p->n * sizeof(*p->acc));
	memset(p->wide, 0, p->n * sizeof(*p->wide));
	for (uint64_t i = 0; i < cmd->r; i++)
		for (uint64_t j = 0; j < cmd->s; j++) {
			const int64_t y = (int64_t)(oy * cmd->sh +
						    i * cmd->dh) - cmd->pt;
			const int64_t x = (int64_t)(ox * cmd->sw +
						    j * cmd->dw) - cmd->pl;
			const uint8_t *from = NULL;

			if (y >= 0 && y < cmd->h && x >= 0 && x < cmd->w)
				from = image + (uint64_t)y * in[2] +
				       (uint64_t)x * in[3];
			add(inputs(work, p, from),
			    (const int8_t *)work->w + i * at[2] + j * at[3] +
			    p->c0, p->n, p->acc);
			if (++taps % CPU_SUM16 == 0)
				fold(p);
		}
	fold(p);
}

static void pixel(const struct cpu_work *work, const uint8_t *image,
		  uint64_t oy, uint64_t ox, uint8_t *y)
{
	const uint64_t all = work->cmd->cout;
	struct pixel p;

	for (p.c0 = 0; p.c0 < all; p.c0 += p.n) {
		p.n = all - p.c0 < CPU_DW_CHANNELS ? (size_t)(all - p.c0) :
						     CPU_DW_CHANNELS;
		sums(work, &p, image, oy, ox);
		octet_cpu_requant16(work, p.c0, p.wide, p.n, y + 2 * p.c0);
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
