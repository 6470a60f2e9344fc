/* SPDX-License-Identifier: MIT */
/*
 * DEPTHWISE: block of channels by block of channels, each pixel a sum of
 * taps. Taps outside the image read a row of pad values.
 */
#include <errno.h>
#include <string.h>

#include "packed.h"

/**
 * struct block - channels [c0, c0 + n) of the output
 * @multiplier: outputs per input channel
 * @x: tap pointers of a pixel
 */
struct block {
	struct octet_cpu *cpu;
	const struct cpu_work *work;
	uint64_t c0;
	size_t n;
	uint32_t multiplier;
	const uint8_t *x[CPU_DW_TAPS];
	uint8_t pad[CPU_DW_CHANNELS];
};

/* Weights of taps [t0, t0 + taps) in pairs, see kernels.h. */
static void pack(const struct block *b, uint64_t t0, size_t taps)
{
	const struct cpu_work *work = b->work;
	const struct cpu_shape *s = &work->wgt;
	int16_t *to = b->cpu->pack_b;

	for (size_t t = 0; t < taps; t++) {
		const uint64_t i = (t0 + t) / work->cmd->s;
		const uint64_t j = (t0 + t) % work->cmd->s;
		const uint8_t *w = work->w + i * s->stride[2] +
				   j * s->stride[3] + b->c0;
		int16_t *row = to + t / 2 * 2 * b->n + t % 2;

		for (size_t c = 0; c < b->n; c++) {
			int32_t v = work->w_signed ? (int8_t)w[c] : w[c];

			row[2 * c] = (int16_t)(v - work->zw[b->c0 + c]);
		}
	}
	if (taps % 2)
		for (size_t c = 0; c < b->n; c++)
			to[taps / 2 * 2 * b->n + 2 * c + 1] = 0;
}

/* One byte per output channel from a pixel's input channels. */
static const uint8_t *spread(const struct block *b, const uint8_t *pixel,
			     size_t tap)
{
	uint8_t *to = b->cpu->taps + tap * CPU_DW_CHANNELS;
	uint64_t in = b->c0 / b->multiplier;
	uint32_t left = b->multiplier - (uint32_t)(b->c0 % b->multiplier);

	if (b->multiplier == 1)
		return pixel + b->c0;
	for (size_t c = 0; c < b->n; c++) {
		to[c] = pixel[in];
		if (!--left) {
			left = b->multiplier;
			in++;
		}
	}
	return to;
}

/* Pointers to taps [t0, t0 + taps) of an output pixel. */
static void find_taps(struct block *b, const uint8_t *image, int64_t y0,
		      int64_t x0, uint64_t t0, size_t taps)
{
	const struct octet_cmd *cmd = b->work->cmd;
	const uint64_t *stride = b->work->src.stride;
	uint64_t i = t0 / cmd->s, j = t0 % cmd->s;

	for (size_t t = 0; t < taps; t++) {
		const int64_t y = y0 + (int64_t)(i * cmd->dh);
		const int64_t x = x0 + (int64_t)(j * cmd->dw);

		if (y < 0 || y >= cmd->h || x < 0 || x >= cmd->w)
			b->x[t] = b->pad;
		else
			b->x[t] = spread(b, image + (uint64_t)y * stride[2] +
						(uint64_t)x * stride[3], t);
		if (++j == cmd->s) {
			j = 0;
			i++;
		}
	}
}

static void pixel(struct block *b, uint64_t n, uint64_t oy, uint64_t ox)
{
	const struct cpu_work *work = b->work;
	const struct octet_cmd *cmd = work->cmd;
	const uint64_t *out = work->dst.stride;
	const uint64_t all = (uint64_t)cmd->r * cmd->s;
	const uint8_t *image = work->x + n * work->src.stride[1];
	uint8_t *y = work->y + n * out[1] + oy * out[2] + ox * out[3] +
		     b->c0 * work->y_size;

	memset(b->cpu->acc, 0, b->n * sizeof(*b->cpu->acc));
	for (uint64_t t0 = 0; t0 < all; t0 += CPU_DW_TAPS) {
		const size_t taps = all - t0 < CPU_DW_TAPS ?
				    (size_t)(all - t0) : CPU_DW_TAPS;

		if (all > CPU_DW_TAPS)
			pack(b, t0, taps);
		find_taps(b, image, (int64_t)(oy * cmd->sh) - cmd->pt,
			  (int64_t)(ox * cmd->sw) - cmd->pl, t0, taps);
		b->cpu->k->depthwise(b->n, taps, b->x, work->x_signed,
				     cmd->src.zero_point, b->cpu->pack_b,
				     b->cpu->acc);
	}
	b->cpu->k->requant(&work->stage, b->c0, b->cpu->acc, b->n, y);
}

static int channels(struct block *b)
{
	const struct octet_cmd *cmd = b->work->cmd;
	const uint64_t all = (uint64_t)cmd->r * cmd->s;

	if (all <= CPU_DW_TAPS)
		pack(b, 0, (size_t)all);
	for (uint64_t n = 0; n < cmd->n; n++) {
		for (uint64_t oy = 0; oy < cmd->oh; oy++) {
			if (atomic_load_explicit(b->cpu->cancel,
						 memory_order_relaxed))
				return -ECANCELED;
			for (uint64_t ox = 0; ox < cmd->ow; ox++)
				pixel(b, n, oy, ox);
		}
	}
	return 0;
}

int octet_cpu_depthwise(struct octet_cpu *cpu, const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	struct block b = {
		.cpu = cpu,
		.work = work,
		.multiplier = cmd->cout / cmd->cin,
	};
	uint64_t bytes;
	int err = -ENOTSUP;

	if (work->packed)
		return octet_cpu_bytes_depthwise(cpu, work, work->packed);
	if (octet_cpu_bytes_fit(cpu, work))
		err = octet_cpu_pack_depth(cpu, work, cpu->packed,
					   &bytes);
	if (!err)
		return octet_cpu_bytes_depthwise(cpu, work, cpu->packed);
	if (err != -ENOTSUP)
		return err;
	memset(b.pad, (uint8_t)cmd->pad_value, sizeof(b.pad));
	for (b.c0 = 0; b.c0 < cmd->cout; b.c0 += b.n) {
		b.n = cmd->cout - b.c0 < CPU_DW_CHANNELS ?
		      (size_t)(cmd->cout - b.c0) : CPU_DW_CHANNELS;
		err = channels(&b);
		if (err)
			return err;
	}
	return 0;
}
