// SPDX-License-Identifier: MIT
/*
 * DEPTHWISE of any shape: sixteen channels at a time, taps in pairs. The weight zero point
 * is taken off the packed weights, which have room for it:
 *
 *	sum (x - zx) w'' = sum x'w'' - zx' sum w'',	w'' = w - zw
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "depthwise.h"

/**
 * struct depthwise - packed weights and scratch of a command
 *
 * @w: [chunk of 16 channels][pair of taps][16][2]
 * @start: bias - zx' sum w''
 * @tap: where each tap's channels are, for one pixel
 * @offset: of each tap from the first one, where all are inside the image
 * @pad: channels of padding
 * @spread: taps x channels of one pixel: with a channel multiplier, and where
 *	whole chunks would reach past the end of the input
 * @end: of the input
 */
struct depthwise {
	const struct octet_work *work;
	const struct octet_requant *rq;
	const struct octet_simd *simd;
	size_t taps, pairs, channels, chunks;
	uint8_t flip;
	int16_t *w;
	int32_t *start;
	const uint8_t **tap;
	size_t *offset;
	uint8_t *pad;
	uint8_t *spread;
	const uint8_t *end;
};

static int32_t weight(const struct octet_work *work, size_t tap, size_t o)
{
	const struct octet_cmd *cmd = &work->cmd;
	uint8_t raw = work->wgt[tap * cmd->cout + o];
	int32_t w = octet_code(cmd->wgt.type, raw);

	return w - (work->chn ? work->chn[o].zero_point : cmd->wgt.zero_point);
}

static int pack(struct depthwise *d)
{
	const struct octet_work *work = d->work;
	int32_t zx = work->cmd.src.zero_point + d->flip;

	for (size_t o = 0; o < d->channels; o++) {
		int16_t *to = d->w + (o / 16 * d->pairs * 16 + o % 16) * 2;
		uint32_t sum = 0;

		if ((o % 16 == 0 || d->taps >= OCTET_LONG_SUM) && octet_work_tick(work))
			return -ECANCELED;
		for (size_t t = 0; t < d->taps; t++) {
			int32_t w = weight(work, t, o);

			to[t / 2 * 32 + t % 2] = (int16_t)w;
			sum += (uint32_t)w;
		}
		d->start[o] = (int32_t)((work->prm ? (uint32_t)work->prm[o].bias : 0) -
					(uint32_t)zx * sum);
	}
	return 0;
}

static void depthwise_free(struct depthwise *d)
{
	free(d->w);
	free(d->start);
	free(d->tap);
	free(d->offset);
	free(d->pad);
	free(d->spread);
}

static int depthwise_init(struct depthwise *d, const struct octet_work *work,
			  const struct octet_requant *rq)
{
	const struct octet_cmd *cmd = &work->cmd;
	size_t taps = (size_t)cmd->r * cmd->s;

	*d = (struct depthwise) {
		.work = work, .rq = rq, .simd = octet_simd_get(), .taps = taps,
		.pairs = (taps + 1) / 2, .channels = cmd->cout,
		.chunks = ((size_t)cmd->cout + 15) / 16,
		.flip = cmd->src.type == OCTET_TYPE_INT8 ? 128 : 0,
		.end = work->src + (size_t)cmd->n * cmd->h * cmd->w * cmd->cin,
	};
	d->w = calloc(d->chunks * d->pairs * 32, sizeof(*d->w));
	d->start = calloc(d->chunks * 16, sizeof(*d->start));
	d->tap = malloc(2 * d->pairs * sizeof(*d->tap));
	d->offset = malloc(taps * sizeof(*d->offset));
	d->pad = malloc(d->chunks * 16);
	d->spread = calloc(taps, d->chunks * 16);
	if (!d->w || !d->start || !d->tap || !d->offset || !d->pad || !d->spread)
		return -ENOMEM;
	memset(d->pad, (uint8_t)cmd->pad_value, d->chunks * 16);
	for (size_t t = 0; t < taps; t++)
		d->offset[t] = (t / cmd->s * cmd->dh * cmd->w + t % cmd->s * cmd->dw) * cmd->cin;
	/* with an odd number of taps the last has weights 0 */
	d->tap[2 * d->pairs - 1] = d->pad;
	return 0;
}

/* the channels of a tap, as many as chunks have */
static const uint8_t *channels(struct depthwise *d, size_t t, const uint8_t *from)
{
	const struct octet_cmd *cmd = &d->work->cmd;
	size_t times = cmd->cout / cmd->cin, all = d->chunks * 16;
	uint8_t *to = d->spread + t * all;

	if (times == 1) {
		if (all <= (size_t)(d->end - from))
			return from;
		memcpy(to, from, cmd->cin);
		return to;
	}
	for (size_t c = 0; c < cmd->cin; c++)
		memset(to + c * times, from[c], times);
	return to;
}

/* all taps inside the image, and whole chunks of them inside the input */
static bool find_inner(struct depthwise *d, const uint8_t *src, int64_t iy, int64_t ix)
{
	const struct octet_cmd *cmd = &d->work->cmd;
	int64_t below = iy + (int64_t)(cmd->r - 1) * cmd->dh;
	int64_t right = ix + (int64_t)(cmd->s - 1) * cmd->dw;
	const uint8_t *x;

	if (cmd->cin != cmd->cout || iy < 0 || ix < 0 || below >= cmd->h || right >= cmd->w)
		return false;
	x = src + ((size_t)iy * cmd->w + (size_t)ix) * cmd->cin;
	if ((size_t)(d->end - x) < d->offset[d->taps - 1] + d->chunks * 16)
		return false;
	for (size_t t = 0; t < d->taps; t++)
		d->tap[t] = x + d->offset[t];
	return true;
}

/* Return: false if cancelled, as pixel(). */
static bool find_taps(struct depthwise *d, const uint8_t *src, size_t oy, size_t ox)
{
	const struct octet_cmd *cmd = &d->work->cmd;
	int64_t iy = (int64_t)oy * cmd->sh - cmd->pt, left = (int64_t)ox * cmd->sw - cmd->pl;
	size_t t = 0;

	if (d->taps >= OCTET_LONG_SUM && octet_work_tick(d->work))
		return false;
	if (find_inner(d, src, iy, left))
		return true;
	for (size_t r = 0; r < cmd->r; r++, iy += cmd->dh) {
		int64_t ix = left;

		if (d->taps >= OCTET_LONG_SUM && octet_work_tick(d->work))
			return false;
		for (size_t s = 0; s < cmd->s; s++, t++, ix += cmd->dw) {
			const uint8_t *x;

			if (iy < 0 || iy >= cmd->h || ix < 0 || ix >= cmd->w) {
				d->tap[t] = d->pad;
				continue;
			}
			x = src + ((size_t)iy * cmd->w + (size_t)ix) * cmd->cin;
			d->tap[t] = channels(d, t, x);
		}
	}
	return true;
}

static bool pixel(struct depthwise *d, uint8_t *dst)
{
	size_t size = octet_type_size(d->rq->type);
	OCTET_SCRATCH int32_t acc[OCTET_BLOCK];

	for (size_t c0 = 0; c0 < d->channels; c0 += OCTET_BLOCK) {
		size_t n = d->channels - c0 < OCTET_BLOCK ? d->channels - c0 : OCTET_BLOCK;
		size_t chunks = (n + 15) / 16;

		if (d->taps >= OCTET_LONG_SUM && octet_work_tick(d->work))
			return false;
		d->simd->dw(acc, d->start + c0, d->tap, d->pairs, c0, chunks,
			    d->w + c0 / 16 * d->pairs * 32, d->flip);
		octet_requant_store(d->rq, acc, c0, n, dst + c0 * size);
	}
	return true;
}

static int run(struct depthwise *d)
{
	const struct octet_cmd *cmd = &d->work->cmd;
	size_t in = (size_t)cmd->h * cmd->w * cmd->cin, cost = d->taps * d->channels, left = 0;
	uint8_t *dst = d->work->dst;

	for (size_t i = 0; i < cmd->n; i++) {
		for (size_t p = 0; p < (size_t)cmd->oh * cmd->ow; p++) {
			if (left < cost) {
				if (octet_work_tick(d->work))
					return -ECANCELED;
				left = 1 << 20;
			}
			left -= left < cost ? left : cost;
			if (!find_taps(d, d->work->src + i * in, p / cmd->ow, p % cmd->ow) ||
			    !pixel(d, dst))
				return -ECANCELED;
			dst += cmd->cout * octet_type_size(d->rq->type);
		}
	}
	return 0;
}

int octet_compute_depthwise(const struct octet_work *work, const struct octet_requant *rq)
{
	struct depthwise d;
	int err;

	if (octet_depthwise_has_rows(&work->cmd))
		return octet_depthwise_rows(work, rq);
	err = depthwise_init(&d, work, rq);
	if (!err)
		err = pack(&d);
	if (!err)
		err = run(&d);
	depthwise_free(&d);
	return err;
}
