/* SPDX-License-Identifier: MIT */
/*
 * POOL: windows of rows and columns, of the taps that are inside the image.
 * Sums of bytes are depthwise convolutions whose weights are one.
 */
#include <errno.h>

#include "op.h"

/**
 * struct pool - channels [c0, c0 + n) of the output
 * @ones: weights of an even number of taps
 * @last: weights of one tap
 * @acc: sums or maxima
 */
struct pool {
	struct octet_cpu *cpu;
	const struct cpu_work *work;
	uint64_t c0;
	size_t n;
	const int16_t *ones;
	const int16_t *last;
	int32_t *acc;
	int64_t wide[CPU_DW_CHANNELS];
	const uint8_t *x[CPU_DW_TAPS];
};

/** struct window - input rows [i0, i1), columns [j0, j1) */
struct window {
	uint64_t i0, i1, j0, j1;
};

static void cut(int64_t first, uint32_t size, uint32_t all, uint64_t *from,
		uint64_t *to)
{
	*from = first < 0 ? 0 : (uint64_t)first;
	*to = first + size > (int64_t)all ? all : (uint64_t)(first + size);
}

static struct window window(const struct octet_cmd *cmd, uint64_t oy,
			    uint64_t ox)
{
	struct window w;

	cut((int64_t)(oy * cmd->sh) - cmd->pt, cmd->r, cmd->h, &w.i0, &w.i1);
	cut((int64_t)(ox * cmd->sw) - cmd->pl, cmd->s, cmd->w, &w.j0, &w.j1);
	return w;
}

static uint64_t taps_of(const struct window *w)
{
	return (w->i1 - w->i0) * (w->j1 - w->j0);
}

/* One tap after the other, in blocks: fn handles count taps at p->x. */
static void each_block(struct pool *p, const uint8_t *image,
		       const struct window *w,
		       void (*fn)(struct pool *p, size_t count))
{
	const uint64_t *stride = p->work->src.stride;
	size_t count = 0;

	for (uint64_t i = w->i0; i < w->i1; i++)
		for (uint64_t j = w->j0; j < w->j1; j++) {
			p->x[count++] = image + i * stride[2] + j * stride[3] +
					p->c0 * p->work->x_size;
			if (count == CPU_DW_TAPS) {
				fn(p, count);
				count = 0;
			}
		}
	if (count)
		fn(p, count);
}

/* Sums of bytes, less the zero point where the operation takes it off. */
static void sum(struct pool *p, size_t count)
{
	const struct cpu_work *work = p->work;
	const bool stage = work->cmd->sub == OCTET_POOL_SUM;
	const int32_t zx = stage ? work->cmd->src.zero_point : 0;
	const size_t even = count & ~(size_t)1;

	if (even)
		p->cpu->k->depthwise(p->n, even, p->x, work->x_signed, zx,
				     p->ones, p->acc);
	if (count > even)
		p->cpu->k->depthwise(p->n, 1, p->x + even, work->x_signed, zx,
				     p->last, p->acc);
}

static void sum_words(struct pool *p, size_t count)
{
	for (size_t t = 0; t < count; t++)
		for (size_t c = 0; c < p->n; c++)
			p->wide[c] += octet_cpu_load16(p->x[t] + 2 * c);
}

/* TFLite, integer_ops/pooling.h */
static int32_t divide(int64_t sum, int64_t count)
{
	return (int32_t)(sum > 0 ? (sum + count / 2) / count :
				   (sum - count / 2) / count);
}

/* The same, 32 bits: |sum| < 2^30. */
static int32_t divide32(int32_t sum, int32_t count)
{
	return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

static void averages(struct pool *p, const uint8_t *image,
		     const struct window *w, uint8_t *y)
{
	const struct octet_cmd *cmd = p->work->cmd;
	const uint64_t count = taps_of(w);

	if (p->work->x_size == 2) {
		memset(p->wide, 0, p->n * sizeof(*p->wide));
		each_block(p, image, w, sum_words);
		for (size_t c = 0; c < p->n; c++)
			octet_cpu_store16(y + 2 * c, octet_cpu_clamp(
				divide(p->wide[c], (int64_t)count),
				cmd->act_min, cmd->act_max));
		return;
	}
	memset(p->acc, 0, p->n * sizeof(*p->acc));
	each_block(p, image, w, sum);
	for (size_t c = 0; c < p->n; c++)
		y[c] = (uint8_t)octet_cpu_clamp(divide32(p->acc[c],
							 (int32_t)count),
						cmd->act_min, cmd->act_max);
}

static void sums(struct pool *p, const uint8_t *image, const struct window *w,
		 uint8_t *y)
{
	memset(p->acc, 0, p->n * sizeof(*p->acc));
	each_block(p, image, w, sum);
	p->cpu->k->requant(&p->work->stage, p->c0, p->acc, p->n, y);
}

#define LANES 16

/* Largest of bytes without a sign; flip makes signed ones such. */
static void larger_bytes(uint8_t *restrict m, const uint8_t *restrict x,
			 size_t n, uint8_t flip)
{
	size_t c = 0;

	for (; c + LANES <= n; c += LANES)
		for (size_t i = 0; i < LANES; i++) {
			const uint8_t v = x[c + i] ^ flip;

			m[c + i] = m[c + i] > v ? m[c + i] : v;
		}
	for (; c < n; c++) {
		const uint8_t v = x[c] ^ flip;

		m[c] = m[c] > v ? m[c] : v;
	}
}

static void max_bytes(struct pool *p, size_t count)
{
	const uint8_t flip = p->work->x_signed ? 0x80 : 0;

	for (size_t t = 0; t < count; t++)
		larger_bytes((uint8_t *)p->acc, p->x[t], p->n, flip);
}

static void max_words(struct pool *p, size_t count)
{
	for (size_t t = 0; t < count; t++)
		for (size_t c = 0; c < p->n; c++) {
			const int32_t v = octet_cpu_load16(p->x[t] + 2 * c);

			p->acc[c] = p->acc[c] > v ? p->acc[c] : v;
		}
}

static void maxima(struct pool *p, const uint8_t *image, const struct window *w,
		   uint8_t *y)
{
	const struct octet_cmd *cmd = p->work->cmd;
	const bool is_signed = p->work->x_signed;
	const uint8_t *m = (uint8_t *)p->acc;

	if (p->work->x_size == 2) {
		for (size_t c = 0; c < p->n; c++)
			p->acc[c] = INT16_MIN;
		each_block(p, image, w, max_words);
		for (size_t c = 0; c < p->n; c++)
			octet_cpu_store16(y + 2 * c, octet_cpu_clamp(
				p->acc[c], cmd->act_min, cmd->act_max));
		return;
	}
	memset(p->acc, 0, p->n);
	each_block(p, image, w, max_bytes);
	for (size_t c = 0; c < p->n; c++)
		y[c] = (uint8_t)octet_cpu_clamp(octet_cpu_code(
			m[c] ^ (is_signed ? 0x80 : 0), is_signed),
			cmd->act_min, cmd->act_max);
}

static int channels(struct pool *p)
{
	const struct cpu_work *work = p->work;
	const struct octet_cmd *cmd = work->cmd;
	const uint64_t *out = work->dst.stride;

	for (uint64_t n = 0; n < cmd->n; n++) {
		const uint8_t *image = work->x + n * work->src.stride[1];

		for (uint64_t at = 0; at < (uint64_t)cmd->oh * cmd->ow; at++) {
			const uint64_t oy = at / cmd->ow, ox = at % cmd->ow;
			const struct window w = window(cmd, oy, ox);
			uint8_t *y = work->y + n * out[1] + oy * out[2] +
				     ox * out[3] + p->c0 * work->y_size;

			if (octet_cpu_canceled(p->cpu))
				return -ECANCELED;
			if (cmd->sub == OCTET_POOL_MAX)
				maxima(p, image, &w, y);
			else if (cmd->sub == OCTET_POOL_AVERAGE)
				averages(p, image, &w, y);
			else
				sums(p, image, &w, y);
		}
	}
	return 0;
}

/* Weights for sum(): pairs of taps, and a tap whose partner counts nothing. */
static void weights(struct pool *p)
{
	const struct octet_cmd *cmd = p->work->cmd;
	const uint64_t all = (uint64_t)cmd->r * cmd->s;
	const size_t taps = all < CPU_DW_TAPS ? (size_t)all : CPU_DW_TAPS;
	const size_t n = cmd->cout < CPU_DW_CHANNELS ? cmd->cout :
						       CPU_DW_CHANNELS;
	const size_t pairs = taps * n;
	int16_t *to = p->cpu->pack_b;

	for (size_t i = 0; i < pairs; i++)
		to[i] = 1;
	for (size_t c = 0; c < 2 * n; c++)
		to[pairs + c] = c % 2 == 0;
	p->ones = to;
	p->last = to + pairs;
}

int octet_cpu_op_pool(struct octet_cpu *cpu, const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	struct pool p = { .cpu = cpu, .work = work, .acc = cpu->acc };
	int err;

	if (cmd->sub != OCTET_POOL_MAX)
		weights(&p);
	for (p.c0 = 0; p.c0 < cmd->cout; p.c0 += p.n) {
		p.n = cmd->cout - p.c0 < CPU_DW_CHANNELS ?
		      (size_t)(cmd->cout - p.c0) : CPU_DW_CHANNELS;
		err = channels(&p);
		if (err)
			return err;
	}
	return 0;
}
