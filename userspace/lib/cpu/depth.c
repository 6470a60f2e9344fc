/* SPDX-License-Identifier: MIT */
/*
 * DEPTHWISE on the byte kernels: block of channels by block of channels, so that
 * the rows of one stay in the first cache. Pixels whose taps are all columns of the image are one run of the kernel;
 * rows outside the image are read from one of pad values.
 */
#include <errno.h>

#include "op.h"
#include "packed.h"

#define TAPS 64u

/**
 * struct row - a row of results of a block
 *
 * @image, @y: the image, and the first pixel of the row
 * @top: first image row
 * @c0: first channel
 * @first, @end: pixels whose taps are columns of the image
 * @pad: pad values, as long as the taps of these
 */
struct row {
	struct octet_cpu *cpu;
	const struct cpu_work *work;
	const uint8_t *image;
	uint8_t *y;
	int64_t top;
	size_t c0;
	uint64_t first, end;
	const uint8_t *pad;
	struct cpu_dw dw;
};

/* Taps of pixel @ox; those outside are pad values. */
static void find_taps(const struct row *r, uint64_t ox, const uint8_t **x)
{
	const struct octet_cmd *cmd = r->work->cmd;
	const uint64_t *stride = r->work->src.stride;

	for (size_t t = 0; t < r->dw.taps; t++) {
		const int64_t i = r->top + (int64_t)(t / cmd->s * cmd->dh);
		const int64_t j = (int64_t)(ox * cmd->sw) - cmd->pl +
				  (int64_t)(t % cmd->s * cmd->dw);

		if (i < 0 || i >= cmd->h || j < 0 || j >= cmd->w)
			x[t] = r->pad;
		else
			x[t] = r->image + (uint64_t)i * stride[2] +
			       (uint64_t)j * stride[3] + r->c0;
	}
}

static void pixels(const struct row *r, uint64_t ox, uint64_t count)
{
	const struct octet_cmd *cmd = r->work->cmd;
	const size_t step = r->work->dst.stride[3];
	const uint8_t *x[TAPS];

	find_taps(r, ox, x);
	r->cpu->k->bytes->depthwise(&r->dw, count, x,
				    cmd->sw * r->work->src.stride[3],
				    r->y + ox * step + r->c0 * r->work->y_size,
				    step);
}

static void one_row(const struct row *r)
{
	const uint64_t ow = r->work->cmd->ow;
	uint64_t ox = 0;

	for (; ox < r->first && ox < ow; ox++)
		pixels(r, ox, 1);
	if (ox < r->end) {
		pixels(r, ox, r->end - ox);
		ox = r->end;
	}
	for (; ox < ow; ox++)
		pixels(r, ox, 1);
}

static void all_rows(struct row *r, uint64_t n)
{
	const struct octet_cmd *cmd = r->work->cmd;
	const uint64_t *stride = r->work->dst.stride;

	r->y = r->work->y + n * stride[1];
	r->top = -(int64_t)cmd->pt;
	for (uint64_t oy = 0; oy < cmd->oh; oy++) {
		one_row(r);
		r->y += stride[2];
		r->top += cmd->sh;
	}
}

/* Channels of block @i of the packed weights. */
static void take_block(struct row *r, const struct cpu_packed *p, size_t i)
{
	const size_t at = i * CPU_DEPTH, left = p->channels - at;

	r->c0 = at;
	r->dw = (struct cpu_dw) {
		.n = left < CPU_DEPTH ? left : CPU_DEPTH,
		.taps = p->k,
		.flip = p->flip,
		.negative = p->negative,
		.w = p->w + i * p->lines * CPU_DEPTH * 4,
		.start = p->start + at,
		.tail = p->tail,
	};
	r->dw.tail.stage.nearest = r->work->stage.nearest;
	r->dw.tail.stage.mult += at;
	r->dw.tail.stage.shift += at;
	r->dw.tail.half += at;
	r->dw.tail.right += at;
	r->dw.tail.ties += at;
}

/* Pixels whose taps are all columns of the image; none if that is too long. */
static int find_inside(struct row *r)
{
	const struct octet_cmd *cmd = r->work->cmd;
	const int64_t reach = (int64_t)(cmd->s - 1) * cmd->dw;
	const int64_t last = (int64_t)cmd->w - 1 - reach + cmd->pl;
	const uint64_t step = cmd->sw * r->work->src.stride[3];
	uint64_t bytes;

	r->first = (cmd->pl + cmd->sw - 1) / cmd->sw;
	r->end = last < 0 ? 0 : (uint64_t)last / cmd->sw + 1;
	if (r->end > cmd->ow)
		r->end = cmd->ow;
	if (r->end <= r->first || step > (1u << 20))
		r->first = r->end = 0;
	bytes = (r->end - r->first) * step + CPU_DEPTH;
	if (bytes > (1u << 20)) {
		r->first = r->end = 0;
		bytes = CPU_DEPTH;
	}
	r->pad = octet_cpu_grow(&r->cpu->wide, bytes);
	if (!r->pad)
		return -ENOMEM;
	memset(r->cpu->wide.data, cmd->pad_value, bytes);
	return 0;
}

int octet_cpu_bytes_depthwise(struct octet_cpu *cpu,
			      const struct cpu_work *work,
			      const struct cpu_packed *p)
{
	const struct octet_cmd *cmd = work->cmd;
	struct row r = { .cpu = cpu, .work = work };

	if (find_inside(&r))
		return -ENOMEM;
	for (uint64_t n = 0; n < cmd->n; n++) {
		r.image = work->x + n * work->src.stride[1];
		for (size_t i = 0; i < p->panels; i++) {
			if (octet_cpu_canceled(cpu))
				return -ECANCELED;
			take_block(&r, p, i);
			all_rows(&r, n);
		}
	}
	return 0;
}
