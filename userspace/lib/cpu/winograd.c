/* SPDX-License-Identifier: MIT */
/*
 * Winograd's convolution on wide kernels: some patches are transformed, place by place
 * of a patch they are rows of a product with the kernels' places, and panel by panel
 * the sums are transformed back and finished.
 */
#include <errno.h>

#include "op.h"
#include "winograd.h"

#define PATCHES	64u
#define FEW	24u
#define CACHE_2	(768u << 10)
#define CHANNELS 896u	/* 4 x 9 x 255 x 255 x this is less than 2^31 */

/**
 * struct patches - some of a group's
 *
 * @first, @count: of all patches, image by image, row by row
 * @rows: results of these that exist
 * @inputs: [place][@count][channel]
 * @less: [place][@count], see struct cpu_tile
 * @x: [place][PATCHES], pointers to inputs
 * @sums: [place][@count][CPU_PANEL]
 * @results: sums of results, those that exist first
 * @to: where each patch's four results go there
 * @out: and then
 */
struct patches {
	struct octet_cpu *cpu;
	const struct cpu_work *work;
	const struct cpu_packed *p;
	size_t group, c;
	uint64_t first;
	size_t count, rows;
	int16_t *inputs;
	int32_t less[CPU_PLACES * PATCHES];
	const uint8_t *x[CPU_PLACES][PATCHES];
	int32_t *sums, *results;
	int32_t *to[4 * PATCHES];
	uint8_t *out[4 * PATCHES];
};

static uint64_t down(const struct octet_cmd *cmd)
{
	return (cmd->oh + UINT64_C(1)) / 2;
}

static uint64_t across(const struct octet_cmd *cmd)
{
	return (cmd->ow + UINT64_C(1)) / 2;
}

bool octet_cpu_winograd_fits(const struct octet_cpu *cpu,
			     const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;

	return cpu->k->bytes->patch && cmd->op == OCTET_OP_CONV2D &&
	       cmd->r == 3 && cmd->s == 3 && cmd->sh == 1 && cmd->sw == 1 &&
	       cmd->dh == 1 && cmd->dw == 1 && work->wgt.inner % 16 == 0 &&
	       work->wgt.inner <= CHANNELS &&
	       cmd->cout / cmd->groups >= CPU_PANEL &&
	       down(cmd) * across(cmd) * 20 <= (uint64_t)cmd->oh * cmd->ow * 9;
}

/* 2 G times three numbers, @step apart. */
static void spread(const int32_t *g, size_t step, int32_t *to, size_t to_step)
{
	const int32_t ends = g[0] + g[2 * step];

	to[0] = 2 * g[0];
	to[to_step] = ends + g[step];
	to[2 * to_step] = ends - g[step];
	to[3 * to_step] = 2 * g[2 * step];
}

void octet_cpu_winograd_weights(const int32_t *g, int16_t *u)
{
	int32_t columns[12], all[CPU_PLACES];

	for (size_t j = 0; j < 3; j++)
		spread(g + j, 3, columns + j, 3);
	for (size_t i = 0; i < 4; i++)
		spread(columns + 3 * i, 1, all + 4 * i, 1);
	for (size_t e = 0; e < CPU_PLACES; e++)
		u[e] = (int16_t)all[e];
}

/* The 16 inputs of a patch whose first one is at @y, @x. */
static void find_inputs(const struct patches *s, const uint8_t *image,
			int64_t y, int64_t x, const uint8_t **to)
{
	const struct octet_cmd *cmd = s->work->cmd;
	const uint64_t *stride = s->work->src.stride;

	for (size_t e = 0; e < CPU_PLACES; e++) {
		const int64_t i = y + (int64_t)(e / 4), j = x + (int64_t)(e % 4);

		if (i < 0 || i >= cmd->h || j < 0 || j >= cmd->w)
			to[e] = s->cpu->pad;
		else
			to[e] = image + (uint64_t)i * stride[2] +
				(uint64_t)j * stride[3];
	}
}

/* Where the four results of patch @n go; those that do not exist go to the end. */
static void find_results(struct patches *s, size_t n, uint8_t *image,
			 uint64_t y, uint64_t x)
{
	const struct octet_cmd *cmd = s->work->cmd;
	const uint64_t *stride = s->work->dst.stride;

	for (size_t i = 0; i < 4; i++) {
		const uint64_t oy = y + i / 2, ox = x + i % 2;
		size_t at = 4 * PATCHES;

		if (oy < cmd->oh && ox < cmd->ow) {
			at = s->rows++;
			s->out[at] = image + oy * stride[2] + ox * stride[3];
		}
		s->to[4 * n + i] = s->results + at * CPU_PANEL;
	}
}

static void take_patch(struct patches *s, size_t n)
{
	const struct octet_cmd *cmd = s->work->cmd;
	const uint64_t at = s->first + n, wide = across(cmd);
	const uint64_t image = at / wide / down(cmd);
	const uint64_t y = at / wide % down(cmd) * 2, x = at % wide * 2;
	const size_t place = s->count * s->c;
	const uint8_t *inputs[CPU_PLACES];

	find_inputs(s, s->work->x + image * s->work->src.stride[1] +
		       s->group * s->c, (int64_t)y - cmd->pt,
		    (int64_t)x - cmd->pl, inputs);
	find_results(s, n, s->work->y + image * s->work->dst.stride[1] +
			   s->group * s->p->channels * s->work->y_size, y, x);
	s->cpu->k->bytes->patch(s->inputs + n * s->c, place, inputs, s->c,
				s->work->x_signed, cmd->src.zero_point,
				s->less + n, s->count);
	for (size_t e = 0; e < CPU_PLACES; e++)
		s->x[e][n] = (const uint8_t *)(s->inputs + e * place + n * s->c);
}

/* Sums of a place of all patches; what comes next is fetched meanwhile. */
static void product(const struct patches *s, size_t e, const int8_t *w,
		    size_t bytes, const int32_t *start)
{
	const struct cpu_tile t = {
		.rows = s->count,
		.panels = 1,
		.taps = 1,
		.lines = s->p->lines,
		.x = s->x[e],
		.w = w,
		.start = start,
		.less = s->less + e * s->count,
		.next = w + bytes,
		.next_bytes = bytes,
		.acc = s->sums + e * s->count * CPU_PANEL,
	};

	s->cpu->k->bytes->tile(&t);
}

static void panels(const struct patches *s, const struct cpu_tail *tail)
{
	const struct cpu_packed *p = s->p;
	const size_t bytes = p->lines * CPU_WIDE_LINE;
	const size_t at = s->group * p->panels;
	const int8_t *w = p->w + at * CPU_PLACES * bytes;
	const int32_t *less = p->less + at * CPU_PLACES * CPU_PANEL;

	for (size_t c = 0; c < p->channels; c += CPU_PANEL) {
		const size_t n = p->channels - c;

		for (size_t e = 0; e < CPU_PLACES; e++) {
			product(s, e, w, bytes, less);
			w += bytes;
			less += CPU_PANEL;
		}
		s->cpu->k->bytes->unpatch(s->sums, s->count * CPU_PANEL,
					  s->count, p->start +
					  s->group * p->wide + c, s->to);
		s->cpu->k->bytes->finish(tail, c, s->results, CPU_PANEL, s->rows,
					 n < CPU_PANEL ? n : CPU_PANEL, s->out);
	}
}

int octet_cpu_winograd(struct octet_cpu *cpu, const struct cpu_work *work,
		       const struct cpu_packed *p, size_t group,
		       const struct cpu_tail *tail)
{
	const struct octet_cmd *cmd = work->cmd;
	const uint64_t all = cmd->n * down(cmd) * across(cmd);
	/* weights that come from further shall serve many */
	const bool far = p->panels * p->lines * CPU_PLACES * CPU_WIDE_LINE >
			 CACHE_2;
	const size_t most = far ? PATCHES : FEW;
	struct patches s = {
		.cpu = cpu,
		.work = work,
		.p = p,
		.group = group,
		.c = work->wgt.inner,
		.inputs = cpu->pack_a,
		.sums = cpu->acc,
		.results = cpu->acc + CPU_PLACES * PATCHES * CPU_PANEL,
	};

	memset(cpu->pad, cmd->pad_value, s.c);
	for (; s.first < all; s.first += s.count) {
		if (octet_cpu_canceled(cpu))
			return -ECANCELED;
		s.count = all - s.first < most ? (size_t)(all - s.first) : most;
		s.rows = 0;
		for (size_t n = 0; n < s.count; n++)
			take_patch(&s, n);
		panels(&s, tail);
	}
	return 0;
}
