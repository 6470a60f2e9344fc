// SPDX-License-Identifier: MIT
/*
 * DEPTHWISE by rows of results: sixteen channels of the input rows that a kernel covers
 * are laid out column by column, so that a column serves all results it is part of.
 * With x', w' and the zero points as in matmul.h
 *
 *	sum (x - zx)(w - zw) = sum x'w' - zw' sum x' - zx' sum (w' - zw')
 *
 * where weights of 16 bits have room for w' - zw'.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "depthwise.h"

/* Columns and results that are worked on at once. */
#define COLUMNS	256
#define PIXELS	64

/**
 * struct rows - packed weights and scratch of a command
 *
 * @lines: weights, [chunk][s][groups]; then a kernel of ones
 * @start: bias - zx' sum (w' - zw')
 * @all_zw: zero points of the weights
 * @any_zw: they are not in the weights, which have no room for them
 * @columns: aligned to a line
 * @row: where the rows of the kernel are, at pixel 0 and channel 0; NULL: outside
 * @at: the same for some columns, and @step from one to the next
 * @pad: sixteen channels of padding
 * @last: a copy of the last row of the input, which may be read past its end
 */
struct rows {
	const struct octet_work *work;
	const struct octet_cmd *cmd;
	const struct octet_requant *rq;
	const struct octet_simd *simd;
	size_t lanes, chunks, kernel;
	uint8_t flip_x, flip_w;
	struct octet_dw_rows k;
	void *lines;
	int32_t *start, *all_zw;
	bool any_zw;
	uint8_t *columns;
	const uint8_t **row, **at;
	size_t *step;
	uint8_t pad[16];
	uint8_t *last;
	struct octet_pacer pacer;
};

/* columns of the input that @count results of a row are made of */
static size_t span(const struct octet_cmd *cmd, size_t count)
{
	return (count - 1) * cmd->sw + (size_t)(cmd->s - 1) * cmd->dw + 1;
}

/* results of a row that there are columns for */
static size_t strip_max(const struct octet_cmd *cmd)
{
	size_t most = (COLUMNS - span(cmd, 1)) / cmd->sw + 1;

	return most < PIXELS ? most : PIXELS;
}

bool octet_depthwise_has_rows(const struct octet_cmd *cmd)
{
	size_t count;

	if (cmd->cin != cmd->cout || (size_t)cmd->w * cmd->cin < 16 ||
	    span(cmd, 1) + cmd->sw > COLUMNS || (size_t)cmd->r * cmd->s >= OCTET_LONG_SUM / 16)
		return false;
	/* Far more columns to lay out than taps to sum up are not worth it. */
	count = strip_max(cmd) < cmd->ow ? strip_max(cmd) : cmd->ow;
	return span(cmd, count) <= 4 * count * cmd->s;
}

/* the place of output @j of tap (@r, @s) in the lines of a chunk */
static void *place(const struct rows *d, uint8_t *chunk, size_t r, size_t s, size_t j)
{
	uint8_t *line = chunk + (s * d->k.groups + r / d->lanes) * OCTET_DW_LINE;

	return line + (j * d->lanes + r % d->lanes) * (4 / d->lanes);
}

/* one tap of the @n outputs from @o on, all of a chunk */
static void pack_tap(struct rows *d, size_t r, size_t s, size_t o, size_t n, uint32_t *sum)
{
	const uint8_t *w = d->work->wgt + (r * d->cmd->s + s) * d->cmd->cout + o;
	void *to = place(d, (uint8_t *)d->lines + o / 16 * d->kernel, r, s, 0);
	const int32_t *zw = d->all_zw + o;
	uint8_t *to8 = to;
	int16_t *to16 = to;

	for (size_t j = 0; j < n; j++) {
		int8_t v = (int8_t)(w[j] ^ d->flip_w);

		sum[j] += (uint32_t)(v - zw[j]);
		if (d->lanes == 4)
			to8[4 * j] = (uint8_t)v;
		else
			to16[2 * j] = (int16_t)(v - zw[j]);
	}
}

static void pack_chunk(struct rows *d, size_t o, size_t n)
{
	const struct octet_work *work = d->work;
	const struct octet_cmd *cmd = d->cmd;
	uint32_t zx = (uint32_t)(cmd->src.zero_point + d->flip_x), sum[16] = { 0 };

	for (size_t j = 0; j < n; j++) {
		int32_t zw = work->chn ? work->chn[o + j].zero_point : cmd->wgt.zero_point;

		d->all_zw[o + j] = zw - d->flip_w;
		d->any_zw |= d->lanes == 4 && zw != d->flip_w;
	}
	for (size_t r = 0; r < cmd->r; r++)
		for (size_t s = 0; s < cmd->s; s++)
			pack_tap(d, r, s, o, n, sum);
	for (size_t j = 0; j < n; j++)
		d->start[o + j] = (int32_t)((work->prm ? (uint32_t)work->prm[o + j].bias : 0) -
					    zx * sum[j]);
}

static int pack(struct rows *d)
{
	const struct octet_cmd *cmd = d->cmd;
	uint8_t *ones = (uint8_t *)d->lines + d->chunks * d->kernel;

	for (size_t o = 0; o < cmd->cout; o += 16) {
		if (octet_pace(&d->pacer, (size_t)cmd->r * cmd->s * 16))
			return -ECANCELED;
		pack_chunk(d, o, cmd->cout - o < 16 ? cmd->cout - o : 16);
	}
	for (size_t r = 0; d->any_zw && r < cmd->r; r++)
		for (size_t s = 0; s < cmd->s; s++)
			for (size_t j = 0; j < 16; j++)
				*(uint8_t *)place(d, ones, r, s, j) = 1;
	return 0;
}

static void rows_free(struct rows *d)
{
	free(d->lines);
	free(d->start);
	free(d->all_zw);
	free(d->last);
}

static int rows_init(struct rows *d, const struct octet_work *work,
		     const struct octet_requant *rq)
{
	const struct octet_cmd *cmd = &work->cmd;
	const struct octet_simd *simd = octet_simd_get();
	size_t groups = (cmd->r + simd->lanes - 1) / simd->lanes, line = (size_t)cmd->w * cmd->cin;
	size_t in = (size_t)cmd->n * cmd->h * line;

	*d = (struct rows) {
		.work = work, .cmd = cmd, .rq = rq, .simd = simd, .lanes = simd->lanes,
		.chunks = ((size_t)cmd->cout + 15) / 16, .kernel = cmd->s * groups * OCTET_DW_LINE,
		.flip_x = cmd->src.type == OCTET_TYPE_INT8 ? 128 : 0,
		.flip_w = cmd->wgt.type == OCTET_TYPE_UINT8 ? 128 : 0,
		.k = { .across = cmd->s, .groups = groups, .across_step = cmd->dw,
		       .pixel_step = cmd->sw },
		.pacer.work = work,
	};
	d->lines = calloc(d->chunks + 1, d->kernel);
	d->start = calloc(d->chunks * 16, sizeof(*d->start));
	d->all_zw = calloc(d->chunks * 16, sizeof(*d->all_zw));
	d->last = malloc(line + 16);
	if (!d->lines || !d->start || !d->all_zw || !d->last)
		return -ENOMEM;
	memset(d->pad, (uint8_t)cmd->pad_value, sizeof(d->pad));
	memcpy(d->last, work->src + in - line, line);
	memset(d->last + line, 0, 16);
	return 0;
}

/* the rows of the kernel for results of row @oy */
static void find_rows(struct rows *d, size_t image, size_t oy)
{
	const struct octet_cmd *cmd = d->cmd;
	int64_t iy = (int64_t)oy * cmd->sh - cmd->pt;

	for (size_t r = 0; r < d->k.groups * d->lanes; r++, iy += cmd->dh) {
		d->row[r] = NULL;
		/* beyond the kernel weights are 0 */
		if (r >= cmd->r || iy < 0 || iy >= cmd->h)
			continue;
		d->row[r] = d->work->src + (image * cmd->h + (size_t)iy) * cmd->w * cmd->cin;
		if (image == cmd->n - 1u && iy == cmd->h - 1)
			d->row[r] = d->last;
	}
}

/* @count columns from column @to of the scratch on, from pixel @x on or of padding */
static void columns(struct rows *d, size_t to, size_t count, bool inside, size_t x, size_t c0)
{
	size_t cin = d->cmd->cin, next = d->k.groups * OCTET_DW_LINE;
	uint8_t *line = d->columns + to * next;

	if (!count)
		return;
	for (size_t r = 0; r < d->k.groups * d->lanes; r++) {
		bool image = inside && d->row[r];

		d->at[r] = image ? d->row[r] + x * cin + c0 : d->pad;
		d->step[r] = image ? cin : 0;
	}
	for (size_t g = 0; g < d->k.groups; g++)
		d->simd->dw_columns(line + g * OCTET_DW_LINE, next, d->at + g * d->lanes,
				    d->step + g * d->lanes, count, d->flip_x);
}

/* the @count columns of the input from @ix on, which may be outside */
static void lay_out(struct rows *d, int64_t ix, size_t count, size_t c0)
{
	int64_t end = ix + (int64_t)count, w = d->cmd->w;
	int64_t from = ix < 0 ? 0 : ix, to = end < w ? end : w;
	size_t left, middle;

	if (from >= to) {
		columns(d, 0, count, false, 0, c0);
		return;
	}
	left = (size_t)(from - ix);
	middle = (size_t)(to - from);
	columns(d, 0, left, false, 0, c0);
	columns(d, left, middle, true, (size_t)from, c0);
	columns(d, left + middle, count - left - middle, false, 0, c0);
}

/* sums of @count results of sixteen channels, from column @ox on */
static void strip(struct rows *d, size_t ox, size_t count, size_t chunk, int32_t *acc)
{
	const struct octet_cmd *cmd = d->cmd;
	OCTET_SCRATCH int32_t sum[PIXELS * 16];
	static const int32_t none[16];
	const int32_t *zw = d->all_zw + chunk * 16;

	lay_out(d, (int64_t)ox * cmd->sw - cmd->pl, span(cmd, count), chunk * 16);
	d->k.w = (uint8_t *)d->lines + chunk * d->kernel;
	d->simd->dw_dot(acc, d->start + chunk * 16, &d->k, d->columns, count);
	if (!d->any_zw)
		return;
	d->k.w = (uint8_t *)d->lines + d->chunks * d->kernel;
	d->simd->dw_dot(sum, none, &d->k, d->columns, count);
	for (size_t i = 0; i < count * 16; i++)
		acc[i] = (int32_t)((uint32_t)acc[i] - (uint32_t)zw[i % 16] * (uint32_t)sum[i]);
}

/*
 * @count results of a chunk from (@y, @ox) on, y through all images; more than the rest of a
 * row are whole rows. Return: false if cancelled.
 */
static bool block(struct rows *d, size_t y, size_t ox, size_t count, size_t chunk)
{
	const struct octet_cmd *cmd = d->cmd;
	size_t c0 = chunk * 16, n = cmd->cout - c0 < 16 ? cmd->cout - c0 : 16;
	size_t at = ((y * cmd->ow + ox) * cmd->cout + c0) * octet_type_size(d->rq->type);
	OCTET_SCRATCH int32_t acc[PIXELS * 16];

	for (size_t done = 0; done < count; y++) {
		size_t part = count - done < cmd->ow ? count - done : cmd->ow;
		size_t lines = span(cmd, part) + part * cmd->s;

		/* what is laid out costs as what is summed up */
		if (octet_pace(&d->pacer, lines * d->k.groups * OCTET_DW_LINE))
			return false;
		find_rows(d, y / cmd->oh, y % cmd->oh);
		strip(d, ox, part, chunk, acc + done * 16);
		done += part;
	}
	octet_requant_store_rows(d->rq, acc, 16, c0, n, count, d->work->dst + at, cmd->cout);
	return true;
}

/* @rows rows of results, by blocks of @most results of a row, or all at once */
static int some_rows(struct rows *d, size_t y, size_t rows, size_t most)
{
	const struct octet_cmd *cmd = d->cmd;
	size_t wide = rows * cmd->ow;
	bool on = true;

	for (size_t chunk = 0; on && chunk < d->chunks; chunk++) {
		if (cmd->ow <= most) {
			on = block(d, y, 0, wide, chunk);
			continue;
		}
		for (size_t ox = 0; on && ox < cmd->ow; ox += most)
			on = block(d, y, ox, cmd->ow - ox < most ? cmd->ow - ox : most, chunk);
	}
	return on ? 0 : -ECANCELED;
}

/* a command in parts, each some times @once rows of results */
struct sharing {
	struct rows lane[OCTET_LANES_MAX];
	size_t all, once, most, each;
};

static int part(void *arg, unsigned int index, size_t number)
{
	struct sharing *s = arg;
	size_t y = number * s->each, end = s->all - y < s->each ? s->all : y + s->each;
	int err = 0;

	for (; !err && y < end; y += s->once)
		err = some_rows(&s->lane[index], y, end - y < s->once ? end - y : s->once, s->most);
	return err;
}

static int scratch(struct rows *d)
{
	size_t rows = d->k.groups * d->lanes;

	d->columns = aligned_alloc(OCTET_DW_LINE, COLUMNS * d->k.groups * OCTET_DW_LINE);
	d->row = malloc(rows * sizeof(*d->row));
	d->at = malloc(rows * sizeof(*d->at));
	d->step = malloc(rows * sizeof(*d->step));
	return d->columns && d->row && d->at && d->step ? 0 : -ENOMEM;
}

static void scratch_free(struct rows *d)
{
	free(d->columns);
	free(d->row);
	free(d->at);
	free(d->step);
}

static void divide(struct sharing *s, const struct octet_cmd *cmd, size_t lanes)
{
	size_t times;

	s->all = (size_t)cmd->n * cmd->oh;
	s->most = strip_max(cmd);
	s->once = cmd->ow <= s->most ? PIXELS / cmd->ow : 1;
	times = (s->all + s->once - 1) / s->once;
	s->each = lanes == 1 ? s->all : (times + lanes * 4 - 1) / (lanes * 4) * s->once;
}

static int run(struct rows *d)
{
	const struct octet_cmd *cmd = d->cmd;
	/* a product takes eight times as long as in a matrix product */
	double cost = 8.0 * (double)octet_pixels(cmd) * cmd->cout * cmd->r * cmd->s;
	unsigned int lanes = octet_lanes(d->work, cost);
	struct sharing *s = calloc(1, sizeof(*s));
	int err = 0;

	if (!s)
		return -ENOMEM;
	divide(s, cmd, lanes);
	for (unsigned int i = 0; i < lanes; i++) {
		s->lane[i] = *d;
		if (scratch(&s->lane[i]))
			err = -ENOMEM;
	}
	if (!err)
		err = octet_parts(d->work, lanes, (s->all + s->each - 1) / s->each, part, s);
	for (unsigned int i = 0; i < lanes; i++)
		scratch_free(&s->lane[i]);
	free(s);
	return err;
}

int octet_depthwise_rows(const struct octet_work *work, const struct octet_requant *rq)
{
	struct rows d;
	int err;

	err = rows_init(&d, work, rq);
	if (!err)
		err = pack(&d);
	if (!err)
		err = run(&d);
	rows_free(&d);
	return err;
}
