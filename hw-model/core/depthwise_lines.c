// SPDX-License-Identifier: MIT
/*
 * Depthwise weights as lines, laid out as the inputs are. With x', w' and the zero points as
 * in matmul.h
 *
 *	sum (x - zx)(w - zw) = sum x'w' - zw' sum x' - zx' sum (w' - zw')
 *
 * where weights of 16 bits have room for w' - zw'.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "depthwise_rows.h"

OCTET_VECTOR_LOOPS

/* row of the kernel that is at row @t of the words for result @j of those they serve, or R */
static size_t kernel_row(const struct octet_depthwise *d, size_t j, size_t t)
{
	size_t top = j * d->cmd->sh;

	return t < top || t - top >= d->cmd->r ? d->cmd->r : t - top;
}

static uint8_t *kernel_at(const struct octet_depthwise *d, size_t chunk, size_t j)
{
	return d->lines + (chunk * d->down + j) * d->kernel;
}

static void zero_points(struct octet_depthwise *d, size_t chunk, size_t n)
{
	const struct octet_channel *chn = d->work->chn;
	const uint8_t *order = octet_depthwise_order(d, chunk);
	int32_t all = d->cmd->wgt.zero_point - d->flip_w, *zw = d->all_zw + chunk * d->unit;

	for (size_t i = 0; i < d->unit; i++)
		zw[i] = all;
	d->any_zw |= d->lanes == 4 && !chn && all;
	for (size_t i = 0; chn && i < d->unit; i++) {
		zw[i] = order[i] < n ? chn[chunk * d->unit + order[i]].zero_point - d->flip_w : 0;
		d->any_zw |= d->lanes == 4 && zw[i];
	}
}

/* weights of 16 bits, which are not negative yet: without zero points */
static void take_off(struct octet_depthwise *d, size_t chunk, size_t j)
{
	int16_t *restrict w = (int16_t *)(void *)kernel_at(d, chunk, j);
	const int32_t *zw = d->all_zw + chunk * d->unit;
	size_t line = 2 * d->unit;

	for (size_t g = 0; g < d->k.groups; g++) {
		int16_t z[2 * OCTET_DW_CHANNELS];

		for (size_t i = 0; i < line; i++)
			z[i] = kernel_row(d, j, 2 * g + i % 2) < d->cmd->r ?
				       (int16_t)(zw[i / 2] + 128) : 0;
		for (size_t s = 0; s < d->k.across; s++)
			for (size_t i = 0; i < line; i++) {
				size_t at = (s * d->k.groups + g) * line + i;

				w[at] = (int16_t)(w[at] - z[i]);
			}
	}
}

/* the weights @w of a unit, @step bytes from one tap to the next */
static void pack_unit(struct octet_depthwise *d, size_t chunk, const uint8_t *w, size_t step)
{
	size_t strips = octet_depthwise_strips(d, chunk), group = d->unit * 4;
	uint8_t none[OCTET_DW_CHANNELS];
	struct octet_dw_input in = {
		.row = d->at, .inside = d->inside, .step = step, .strips = strips,
		.flip = d->lanes == 4 ? d->flip_w : d->flip_w ^ 0x80,
	};

	memset(none, in.flip, sizeof(none));
	for (size_t j = 0; j < d->down; j++) {
		for (size_t t = 0; t < d->k.groups * d->lanes; t++) {
			size_t r = kernel_row(d, j, t);
			bool is = r < d->cmd->r;

			for (size_t i = t * strips; i < (t + 1) * strips; i++) {
				d->at[i] = is ? w + r * d->cmd->s * step : none;
				d->inside[i] = is ? SIZE_MAX : 0;
			}
		}
		for (size_t g = 0; g < d->k.groups; g++) {
			in.row = d->at + g * d->lanes * strips;
			in.inside = d->inside + g * d->lanes * strips;
			d->simd->dw_columns(kernel_at(d, chunk, j) + g * group,
					    d->k.groups * group, &in, d->cmd->s);
		}
		if (d->lanes == 2)
			take_off(d, chunk, j);
	}
}

/* the last channels, with room to read a whole unit of each tap */
static int pack_rest(struct octet_depthwise *d, size_t chunk, size_t n)
{
	size_t taps = (size_t)d->cmd->r * d->cmd->s;
	uint8_t *copy = calloc(taps, OCTET_DW_CHANNELS);

	if (!copy)
		return -ENOMEM;
	for (size_t t = 0; t < taps; t++)
		memcpy(copy + t * OCTET_DW_CHANNELS,
		       d->work->wgt + t * d->cmd->cout + chunk * d->unit, n);
	pack_unit(d, chunk, copy, OCTET_DW_CHANNELS);
	free(copy);
	return 0;
}

/* what the sums of a unit start from; @columns: ones */
static void start(struct octet_depthwise *d, size_t chunk, size_t n, const void *columns)
{
	const struct octet_work *work = d->work;
	uint32_t zx = (uint32_t)(d->cmd->src.zero_point + d->flip_x);
	uint32_t taps = d->lanes == 4 ? (uint32_t)d->cmd->r * d->cmd->s : 0;
	const uint8_t *order = octet_depthwise_order(d, chunk);
	size_t o = chunk * d->unit;
	static const int32_t none[OCTET_DW_CHANNELS];
	int32_t sum[OCTET_DW_CHANNELS];
	struct octet_dw_rows k = d->k;

	k.across_step = 1;
	k.w = kernel_at(d, chunk, 0);
	d->simd->dw_dot(sum, none, &k, columns, 1);
	for (size_t i = 0; i < d->unit; i++) {
		uint32_t w = (uint32_t)sum[i] - taps * (uint32_t)d->all_zw[o + i];
		uint32_t bias = 0;

		if (work->prm && order[i] < n)
			bias = (uint32_t)work->prm[o + order[i]].bias;
		d->start[o + i] = (int32_t)(bias - zx * w);
	}
}

/* kernels of ones, where there are weights */
static void ones(struct octet_depthwise *d)
{
	for (size_t j = 0; j < d->down; j++)
		for (size_t s = 0; s < d->k.across; s++)
			for (size_t t = 0; t < d->k.groups * 4; t++) {
				uint8_t *to = kernel_at(d, d->chunks, j) +
					      (s * d->k.groups + t / 4) * d->unit * 4 + t % 4;
				bool is = kernel_row(d, j, t) < d->cmd->r;

				for (size_t i = 0; i < d->unit; i++)
					to[4 * i] = is;
			}
}

/* parameters of @count channels; all of them are of some channel, if none of the unit's */
static void copy(struct octet_requant *to, size_t at, const struct octet_requant *rq, size_t from,
		 size_t count)
{
	memcpy(to->mult + at, rq->mult + from, count * sizeof(*to->mult));
	memcpy(to->shift + at, rq->shift + from, count * sizeof(*to->shift));
	memcpy(to->pos + at, rq->pos + from, count * sizeof(*to->pos));
	memcpy(to->neg + at, rq->neg + from, count * sizeof(*to->neg));
}

/* the output stage of a chunk, in the order of its sums: fours of channels */
static void arrange(struct octet_depthwise *d, size_t chunk, size_t n)
{
	const uint8_t *order = octet_depthwise_order(d, chunk);
	size_t o = chunk * d->unit;

	for (size_t i = 0; i < d->unit; i += 4) {
		size_t c = order[i];

		if (c + 4 <= n) {
			copy(&d->own, o + i, d->rq, o + c, 4);
			continue;
		}
		for (size_t k = 0; k < 4; k++)
			copy(&d->own, o + i + k, d->rq, c + k < n ? o + c + k : o, 1);
	}
}

static int own_stage(struct octet_depthwise *d)
{
	size_t all = d->chunks * d->unit;

	d->own = *d->rq;
	d->own.near_scale = NULL;
	d->own.pos = calloc(all, 2 * sizeof(*d->own.pos) + 2 * sizeof(*d->own.mult));
	if (!d->own.pos)
		return -ENOMEM;
	d->own.neg = d->own.pos + all;
	d->own.mult = (uint32_t *)(void *)(d->own.neg + all);
	d->own.shift = d->own.mult + all;
	for (size_t i = 0; i < d->chunks; i++) {
		size_t left = d->cmd->cout - i * d->unit;

		arrange(d, i, left < d->unit ? left : d->unit);
	}
	octet_requant_prepare(&d->own, all);
	d->stage = &d->own;
	return 0;
}

static void find_order(struct octet_depthwise *d)
{
	for (size_t last = 0; last < 2; last++) {
		size_t strips = last ? octet_depthwise_strips(d, d->chunks - 1) : 1;

		for (size_t i = 0; i < d->unit; i++) {
			/* four channels of each quarter of the unit after another */
			size_t at = d->unit == 16 ? i : i % 16 / 4 * 16 + i / 16 * 4 + i % 4;

			d->order[last][i] = (uint8_t)(at % (d->unit / strips));
		}
	}
}

int octet_depthwise_pack(struct octet_depthwise *d)
{
	const struct octet_cmd *cmd = d->cmd;
	size_t taps = (size_t)cmd->r * cmd->s, columns = d->kernel / 4;
	uint32_t one = d->lanes == 4 ? 0x01010101 : 0x00010001;
	int err = 0;

	find_order(d);
	if (d->unit > 16)
		err = own_stage(d);
	for (size_t i = 0; i < columns; i++)
		((uint32_t *)(void *)d->columns)[i] = one;
	for (size_t i = 0; !err && i < d->chunks; i++) {
		size_t at = i * d->unit, n = cmd->cout - at;

		n = n < d->unit ? n : d->unit;
		if (octet_pace(&d->pacer, taps * d->unit * d->down))
			return -ECANCELED;
		zero_points(d, i, n);
		if (n < d->unit / octet_depthwise_strips(d, i))
			err = pack_rest(d, i, n);
		else
			pack_unit(d, i, d->work->wgt + at, cmd->cout);
		if (!err)
			start(d, i, n, d->columns);
	}
	if (!err && d->any_zw)
		ones(d);
	return err;
}
