// SPDX-License-Identifier: MIT
/*
 * DEPTHWISE by rows of results: some channels of the input rows that a kernel covers are
 * laid out column by column, so that a column serves all results it is part of.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "depthwise.h"
#include "depthwise_rows.h"
#include "tail.h"

OCTET_VECTOR_LOOPS

/* columns of the input that @count results of a row are made of */
static size_t span(const struct octet_cmd *cmd, size_t count)
{
	return (count - 1) * cmd->sw + (size_t)(cmd->s - 1) * cmd->dw + 1;
}

/* results of a row that there are columns for; longer ones do not stay in the cache */
static size_t strip_max(const struct octet_cmd *cmd, size_t unit)
{
	size_t most = (OCTET_DW_COLUMNS - span(cmd, 1)) / cmd->sw + 1, some = unit > 16 ? 32 : 64;

	most = most < some ? most : some;
	return most < cmd->ow ? most : cmd->ow;
}

bool octet_depthwise_has_rows(const struct octet_cmd *cmd)
{
	size_t unit = octet_simd_get()->dw_unit, count;

	if (cmd->cin != cmd->cout || (size_t)cmd->w * cmd->cin < unit ||
	    span(cmd, 1) + cmd->sw > OCTET_DW_COLUMNS ||
	    (size_t)cmd->r * cmd->s >= OCTET_LONG_SUM / 16)
		return false;
	/* Far more columns to lay out than taps to sum up are not worth it. */
	count = strip_max(cmd, unit);
	return span(cmd, count) <= 4 * count * cmd->s;
}

static void rows_free(struct octet_depthwise *d)
{
	free(d->lines);
	free(d->start);
	free(d->all_zw);
	free(d->last);
	free(d->own.pos);
	free(d->own.near_scale);
}

static int scratch(struct octet_depthwise *d)
{
	size_t rows = d->k.groups * d->lanes * 4, sums = d->down * d->most * d->unit;
	size_t column = d->k.groups * d->unit * 4;

	d->columns = aligned_alloc(OCTET_DW_LINE, span(d->cmd, d->most) * column);
	d->acc = aligned_alloc(OCTET_DW_LINE, 2 * sums * sizeof(*d->acc));
	d->ones = d->acc ? d->acc + sums : NULL;
	d->row = malloc(rows * sizeof(*d->row));
	d->at = malloc(rows * sizeof(*d->at));
	d->inside = malloc(rows * sizeof(*d->inside));
	return d->columns && d->acc && d->row && d->at && d->inside ? 0 : -ENOMEM;
}

static void scratch_free(struct octet_depthwise *d)
{
	free(d->columns);
	free(d->acc);
	free(d->row);
	free(d->at);
	free(d->inside);
}

/* rows of results that the rows of a word serve */
static size_t served(const struct octet_cmd *cmd, size_t rows)
{
	size_t down = cmd->dh == 1 ? (rows - cmd->r) / cmd->sh + 1 : 1;

	down = down < 4 ? down : 4;
	return down < cmd->oh ? down : cmd->oh;
}

static size_t word_groups(const struct octet_cmd *cmd, const struct octet_simd *simd)
{
	return (cmd->r + simd->lanes - 1) / simd->lanes;
}

uint64_t octet_depthwise_lines(const struct octet_cmd *cmd)
{
	const struct octet_simd *simd = octet_simd_get();
	size_t groups = word_groups(cmd, simd), unit = simd->dw_unit;
	uint64_t chunks = ((uint64_t)cmd->cout + unit - 1) / unit;

	return (chunks + 1) * served(cmd, groups * simd->lanes) * cmd->s * groups * unit * 4;
}

static int rows_init(struct octet_depthwise *d, const struct octet_work *work,
		     const struct octet_requant *rq)
{
	const struct octet_cmd *cmd = &work->cmd;
	const struct octet_simd *simd = octet_simd_get();
	size_t groups = word_groups(cmd, simd), line = (size_t)cmd->w * cmd->cin;
	size_t in = (size_t)cmd->n * cmd->h * line, unit = simd->dw_unit;

	*d = (struct octet_depthwise) {
		.work = work, .cmd = cmd, .rq = rq, .stage = rq, .simd = simd,
		.lanes = simd->lanes, .unit = unit, .chunks = (cmd->cout + unit - 1) / unit,
		.most = strip_max(cmd, unit), .down = served(cmd, groups * simd->lanes),
		.kernel = cmd->s * groups * unit * 4,
		.flip_x = cmd->src.type == OCTET_TYPE_INT8 ? 128 : 0,
		.flip_w = cmd->wgt.type == OCTET_TYPE_UINT8 ? 128 : 0,
		.k = { .across = cmd->s, .groups = groups, .across_step = cmd->dw,
		       .pixel_step = cmd->sw },
		.pacer.work = work,
	};
	d->lines = aligned_alloc(OCTET_DW_LINE, octet_depthwise_lines(cmd));
	d->start = malloc(d->chunks * unit * sizeof(*d->start));
	d->all_zw = malloc(d->chunks * unit * sizeof(*d->all_zw));
	d->last = malloc(line + OCTET_DW_CHANNELS);
	if (!d->lines || !d->start || !d->all_zw || !d->last)
		return -ENOMEM;
	memset(d->pad, (uint8_t)cmd->pad_value, sizeof(d->pad));
	memcpy(d->last, work->src + in - line, line);
	memset(d->last + line, 0, OCTET_DW_CHANNELS);
	return 0;
}

/* the rows of the words for results of row @oy on */
static void find_rows(struct octet_depthwise *d, size_t image, size_t oy)
{
	const struct octet_cmd *cmd = d->cmd;
	int64_t iy = (int64_t)oy * cmd->sh - cmd->pt;
	size_t used = (d->down - 1) * cmd->sh + cmd->r;

	for (size_t t = 0; t < d->k.groups * d->lanes; t++, iy += cmd->dh) {
		d->row[t] = NULL;
		if (t >= used || iy < 0 || iy >= cmd->h)
			continue;
		d->row[t] = d->work->src + (image * cmd->h + (size_t)iy) * cmd->w * cmd->cin;
		if (image == cmd->n - 1u && iy == cmd->h - 1)
			d->row[t] = d->last;
	}
}

/*
 * Where columns from @i on of each strip are, channels from @c0 on.
 * Return: the next column at which one enters or leaves the image.
 */
static size_t locate(struct octet_depthwise *d, const struct octet_dw_place *p, size_t i,
		     size_t c0, bool *any)
{
	size_t end = p->count, cin = d->cmd->cin;

	*any = false;
	for (size_t j = 0; j < p->strips; j++) {
		int64_t x = p->x + (int64_t)(j * p->apart + i), w = d->cmd->w;
		int64_t next = x < 0 ? -x : x < w ? w - x : (int64_t)p->count;
		bool inside = x >= 0 && x < w;

		*any |= inside;
		if (next < (int64_t)(end - i))
			end = i + (size_t)next;
		for (size_t t = 0; t < d->k.groups * d->lanes; t++) {
			const uint8_t *row = inside ? d->row[t] : NULL;

			d->at[t * p->strips + j] = row ? row + (size_t)x * cin + c0 : d->pad;
			d->inside[t * p->strips + j] = row ? SIZE_MAX : 0;
		}
	}
	return end;
}

static bool same(const struct octet_dw_place *a, const struct octet_dw_place *b)
{
	return a->x == b->x && a->count == b->count && a->strips == 1 && b->strips == 1;
}

static void lay_out(struct octet_depthwise *d, const struct octet_dw_place *p, size_t c0)
{
	size_t group = d->unit * 4, next = d->k.groups * group, end;
	struct octet_dw_input in = {
		.step = d->cmd->cin, .strips = p->strips, .flip = d->flip_x,
	};
	bool any, again = same(p, &d->laid);

	for (size_t i = 0; i < p->count; i = end) {
		end = locate(d, p, i, c0, &any);
		/* padding beside the image is the same for all channels and rows */
		if (!any && again)
			continue;
		for (size_t g = 0; g < d->k.groups; g++) {
			in.row = d->at + g * d->lanes * p->strips;
			in.inside = d->inside + g * d->lanes * p->strips;
			d->simd->dw_columns(d->columns + i * next + g * group, next, &in, end - i);
		}
	}
	d->laid = *p;
}

/* sums of row @j of those that the columns serve, @count units */
static void sums(struct octet_depthwise *d, size_t chunk, size_t j, size_t count, int32_t *acc)
{
	static const int32_t none[OCTET_DW_CHANNELS];
	const int32_t *restrict zw = d->all_zw + chunk * d->unit, *restrict sum = d->ones;
	size_t unit = d->unit;

	d->k.w = d->lines + (chunk * d->down + j) * d->kernel;
	d->simd->dw_dot(acc, d->start + chunk * unit, &d->k, d->columns, count);
	if (!d->any_zw)
		return;
	d->k.w = d->lines + (d->chunks * d->down + j) * d->kernel;
	d->simd->dw_dot(d->ones, none, &d->k, d->columns, count);
	for (size_t i = 0; i < count; i++, acc += unit, sum += unit)
		for (size_t k = 0; k < unit; k++)
			acc[k] = (int32_t)((uint32_t)acc[k] - (uint32_t)zw[k] * (uint32_t)sum[k]);
}

/* results of other types than codes, from sums in the order of units */
static void store_other(struct octet_depthwise *d, const struct octet_dw_output *o, size_t c0)
{
	const uint8_t *order = octet_depthwise_order(d, c0 / d->unit);
	size_t width = d->unit / o->strips, size = octet_type_size(d->rq->type);
	const int32_t *acc = d->acc;
	OCTET_SCRATCH int32_t sum[OCTET_DW_CHANNELS];

	for (size_t r = 0; r < o->rows; r++)
		for (size_t i = 0; i < o->count; i++, acc += d->unit)
			for (size_t j = 0; j < o->strips && j * o->count + i < o->pixels; j++) {
				for (size_t k = 0; k < d->unit; k++)
					if (k % 16 / 4 * 16 / width == j)
						sum[order[k]] = acc[k];
				octet_requant_store(d->rq, sum, c0, o->n, o->to + r * o->line +
						    (j * o->count + i) * d->cmd->cout * size);
			}
}

static void store(struct octet_depthwise *d, const struct octet_dw_output *o, size_t chunk)
{
	size_t cout = d->cmd->cout, c0 = chunk * d->unit;

	if (d->unit == 16) {
		for (size_t r = 0; r < o->rows; r++)
			octet_requant_store_rows(d->rq, d->acc + r * o->count * 16, 16, c0, o->n,
						 o->pixels, o->to + r * o->line, cout);
		return;
	}
	if (octet_type_size(d->rq->type) > 1) {
		store_other(d, o, c0);
		return;
	}
	d->simd->dw_narrow(d->stage, d->acc, o);
	for (size_t r = 0; d->rq->tail && r < o->rows; r++)
		octet_tail_apply(d->rq->tail, o->to + r * o->line, o->n, o->pixels, cout);
}

/*
 * A chunk of @rows rows of results from (@y, @ox) on, y through all images, @count of each row.
 * Return: false if cancelled.
 */
static bool block(struct octet_depthwise *d, size_t y, size_t rows, size_t ox, size_t count,
		  size_t chunk)
{
	const struct octet_cmd *cmd = d->cmd;
	size_t strips = octet_depthwise_strips(d, chunk), wide = (count + strips - 1) / strips;
	size_t c0 = chunk * d->unit, n = cmd->cout - c0, size = octet_type_size(d->rq->type);
	struct octet_dw_place place = {
		.x = (int64_t)ox * cmd->sw - cmd->pl, .apart = wide * cmd->sw,
		.count = span(cmd, wide), .strips = strips,
	};
	struct octet_dw_output out = {
		.to = d->work->dst + ((y * cmd->ow + ox) * cmd->cout + c0) * size,
		.step = cmd->cout, .line = (size_t)cmd->ow * cmd->cout * size,
		.o = c0, .n = n < d->unit ? n : d->unit, .strips = strips, .count = wide,
		.pixels = count, .rows = rows,
	};

	/* what is laid out costs as what is summed up */
	if (octet_pace(&d->pacer, (place.count + rows * wide * cmd->s) * d->k.groups * d->unit * 4))
		return false;
	lay_out(d, &place, c0);
	for (size_t j = 0; j < rows; j++)
		sums(d, chunk, j, wide, d->acc + j * wide * d->unit);
	store(d, &out, chunk);
	return true;
}

/* rows of results that are served at once, the @i-th time */
static int some_rows(struct octet_depthwise *d, size_t i)
{
	const struct octet_cmd *cmd = d->cmd;
	size_t times = (cmd->oh + d->down - 1) / d->down, image = i / times;
	size_t y = i % times * d->down, rows = cmd->oh - y < d->down ? cmd->oh - y : d->down;
	size_t parts = (cmd->ow + d->most - 1) / d->most, each = (cmd->ow + parts - 1) / parts;

	find_rows(d, image, y);
	for (size_t ox = 0; ox < cmd->ow; ox += each)
		for (size_t chunk = 0; chunk < d->chunks; chunk++)
			if (!block(d, image * cmd->oh + y, rows, ox,
				   cmd->ow - ox < each ? cmd->ow - ox : each, chunk))
				return -ECANCELED;
	return 0;
}

/* a command in parts, each some times the rows that are served at once */
struct sharing {
	struct octet_depthwise lane[OCTET_LANES_MAX];
	size_t all, each;
};

static int part(void *arg, unsigned int index, size_t number)
{
	struct sharing *s = arg;
	size_t i = number * s->each, end = s->all - i < s->each ? s->all : i + s->each;
	int err = 0;

	for (; !err && i < end; i++)
		err = some_rows(&s->lane[index], i);
	return err;
}

static int run(struct octet_depthwise *d)
{
	const struct octet_cmd *cmd = d->cmd;
	/* a product takes eight times as long as in a matrix product */
	double cost = 8.0 * (double)octet_pixels(cmd) * cmd->cout * cmd->r * cmd->s;
	unsigned int lanes = octet_lanes(d->work, cost);
	struct sharing *s = calloc(1, sizeof(*s));
	int err = 0;

	if (!s)
		return -ENOMEM;
	s->all = cmd->n * ((cmd->oh + d->down - 1) / d->down);
	s->each = lanes == 1 ? s->all : (s->all + lanes * 4 - 1) / (lanes * 4);
	/* the first has its scratch already */
	s->lane[0] = *d;
	for (unsigned int i = 1; i < lanes; i++) {
		s->lane[i] = *d;
		if (scratch(&s->lane[i]))
			err = -ENOMEM;
	}
	if (!err)
		err = octet_parts(d->work, lanes, (s->all + s->each - 1) / s->each, part, s);
	for (unsigned int i = 1; i < lanes; i++)
		scratch_free(&s->lane[i]);
	free(s);
	return err;
}

int octet_depthwise_rows(const struct octet_work *work, const struct octet_requant *rq)
{
	struct octet_depthwise d;
	int err;

	err = rows_init(&d, work, rq);
	if (!err)
		err = scratch(&d);
	if (!err)
		err = octet_depthwise_pack(&d);
	if (!err)
		err = run(&d);
	scratch_free(&d);
	rows_free(&d);
	return err;
}
