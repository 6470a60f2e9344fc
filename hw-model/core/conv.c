// SPDX-License-Identifier: MIT
/* CONV2D: the taps of a block of pixels become rows of a matrix product. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conv.h"

/* one kernel row of one pixel into the block at @to */
static void kernel_row(struct octet_matmul *mm, const struct octet_conv *cv, uint8_t *to,
		       int64_t iy, int64_t ix)
{
	const struct octet_cmd *cmd = cv->cmd;
	size_t step = 4 / mm->simd->lanes;

	if (iy < 0 || iy >= cmd->h) {
		mm->simd->fill(to, cv->pad, cv->s * cv->ci, mm->flip_x);
		return;
	}
	if (cmd->groups == 1 && cv->dw == 1 && ix >= 0 && ix + (int64_t)cv->s <= cmd->w) {
		mm->simd->fill(to, cv->src + ((size_t)iy * cmd->w + (size_t)ix) * cmd->cin,
			       cv->s * cv->ci, mm->flip_x);
		return;
	}
	for (size_t s = 0; s < cv->s; s++, ix += (int64_t)cv->dw, to += cv->ci * step) {
		const uint8_t *from = cv->pad;

		if (ix >= 0 && ix < cmd->w)
			from = cv->src + ((size_t)iy * cmd->w + (size_t)ix) * cmd->cin;
		mm->simd->fill(to, from, cv->ci, mm->flip_x);
	}
}

static void pixel(struct octet_matmul *mm, const struct octet_conv *cv, size_t i, int64_t iy,
		  int64_t ix)
{
	for (size_t r = 0; r < cv->r; r++, iy += (int64_t)cv->dh)
		kernel_row(mm, cv, octet_matmul_row(mm, i, r * cv->s * cv->ci), iy, ix);
}

/* the same of @count pixels beside each other whose columns are all inside the image */
static void inner(struct octet_matmul *mm, const struct octet_conv *cv, size_t i, int64_t iy,
		  int64_t ix, size_t count)
{
	const struct octet_cmd *cmd = cv->cmd;
	bool together = cmd->groups == 1 && cv->dw == 1;
	size_t times = together ? 1 : cv->s, n = cv->s * cv->ci / times;

	for (size_t r = 0; r < cv->r; r++, iy += (int64_t)cv->dh)
		for (size_t s = 0; s < times; s++) {
			uint8_t *to = octet_matmul_row(mm, i, (r * cv->s + s) * cv->ci);
			const uint8_t *from = cv->pad;
			bool inside = iy >= 0 && iy < cmd->h;

			if (inside)
				from = cv->src + ((size_t)iy * cmd->w + (size_t)ix + s * cv->dw) *
						 cmd->cin;
			mm->simd->fill_rows(to, mm->words * sizeof(*mm->a), from,
					    inside ? cv->sw * cmd->cin : 0, n, count, mm->flip_x);
		}
}

/* pixels of a row of results, @count from (@y, @x) on, into the block from row @i on */
static void row_of_pixels(struct octet_matmul *mm, const struct octet_conv *cv, size_t i, size_t y,
			  size_t x, size_t count)
{
	int64_t iy = (int64_t)(y * cv->sh) - cv->pt, ix = (int64_t)(x * cv->sw) - cv->pl;
	int64_t last = (int64_t)cv->cmd->w - 1 - (int64_t)((cv->s - 1) * cv->dw);
	size_t n;

	for (; count && ix < 0; count--, i++, ix += (int64_t)cv->sw)
		pixel(mm, cv, i, iy, ix);
	n = ix > last ? 0 : (size_t)(last - ix) / cv->sw + 1;
	n = n < count ? n : count;
	if (n)
		inner(mm, cv, i, iy, ix, n);
	i += n;
	ix += (int64_t)(n * cv->sw);
	for (count -= n; count; count--, i++, ix += (int64_t)cv->sw)
		pixel(mm, cv, i, iy, ix);
}

/* @rows pixels from @p on into the block; Return: false if cancelled. */
static bool lay_out(struct octet_matmul *mm, const struct octet_conv *cv, size_t p, size_t rows)
{
	/* so long ones one by one */
	size_t most = mm->k >= OCTET_LONG_SUM ? 1 : cv->ow, n;

	for (size_t i = 0; i < rows; i += n) {
		size_t x = (p + i) % cv->ow;

		n = cv->ow - x < rows - i ? cv->ow - x : rows - i;
		n = n < most ? n : most;
		if (mm->k >= OCTET_LONG_SUM && octet_work_tick(mm->work))
			return false;
		row_of_pixels(mm, cv, i, (p + i) / cv->ow, x, n);
	}
	return true;
}

/* how many pixels from @p on, @count at most, are evenly spaced in the result */
static size_t even(const struct octet_conv *cv, size_t p, size_t count)
{
	size_t left = cv->step_h == cv->ow * cv->step_w ? count : cv->ow - p % cv->ow;

	return left < count ? left : count;
}

/* one image of a group, and where its results go */
struct image {
	const struct octet_conv *cv;
	size_t o0;
	uint8_t *dst;
};

/* Pixels are rows as they lie, beside each other, and rows of the block without a gap. */
static bool plain(const struct octet_matmul *mm, const struct octet_conv *cv)
{
	return cv->r == 1 && cv->s == 1 && cv->sh == 1 && cv->sw == 1 && !cv->pt && !cv->pl &&
	       cv->cmd->groups == 1 && cv->ow == cv->cmd->w && cv->oh <= cv->cmd->h &&
	       cv->ci % mm->simd->lanes == 0;
}

/* columns of the image that a row of results is made of */
static size_t columns(const struct octet_conv *cv)
{
	return (cv->ow - 1) * cv->sw + cv->s;
}

/* lines of the image that so many rows of results are made of */
static size_t lines(const struct octet_conv *cv, size_t rows)
{
	return (rows - 1) * cv->sh + (cv->r - 1) * cv->dh + 1;
}

/* can pixels overlap in the block, and is there room for @count from @first on? */
static bool overlaps(const struct octet_matmul *mm, const struct octet_conv *cv, size_t first,
		     size_t count)
{
	size_t rows = (first + count - 1) / cv->ow - first / cv->ow + 1, lanes = mm->simd->lanes;

	return cv->r * cv->s > 1 && cv->dw == 1 && cv->cmd->groups == 1 && cv->ci % lanes == 0 &&
	       cv->step_h == cv->ow * cv->step_w && !mm->direct &&
	       cv->ow * mm->k < OCTET_WALK_MACS / OCTET_MATMUL_COLUMNS &&
	       lines(cv, rows) * columns(cv) * (cv->ci / lanes) <= mm->rows * mm->words;
}

/* @count pixels of a line of the image from @x on, which may be outside */
static void line(struct octet_matmul *mm, const struct octet_conv *cv, uint8_t *to, int64_t y,
		 int64_t x, size_t count)
{
	size_t bytes = cv->ci * (4 / mm->simd->lanes), w = cv->cmd->w;
	const uint8_t *from = cv->src + (size_t)y * w * cv->ci;

	for (; count; count--, x++, to += bytes) {
		if (y >= 0 && y < cv->cmd->h && x >= 0 && x < (int64_t)w)
			break;
		mm->simd->fill(to, cv->pad, cv->ci, mm->flip_x);
	}
	if (count && x + (int64_t)count > (int64_t)w) {
		size_t inside = w - (size_t)x;

		line(mm, cv, to + inside * bytes, -1, 0, count - inside);
		count = inside;
	}
	if (count)
		mm->simd->fill(to, from + (size_t)x * cv->ci, count * cv->ci, mm->flip_x);
}

/* the lines of the image for @count pixels from @first on: parts of a pixel are kernel rows */
static void overlapping(struct octet_matmul *mm, const struct octet_conv *cv, size_t first,
			size_t count)
{
	size_t y0 = first / cv->ow, rows = (first + count - 1) / cv->ow - y0 + 1;
	size_t pixel = cv->ci / mm->simd->lanes, line_words = columns(cv) * pixel;
	int64_t y = (int64_t)(y0 * cv->sh) - cv->pt;

	mm->walk = (struct octet_walk) {
		.parts = cv->r, .words = cv->s * pixel, .step = cv->dh * line_words,
		.width = cv->ow, .next = cv->sw * pixel, .line = cv->sh * line_words,
		.first = first % cv->ow,
	};
	for (size_t i = 0; i < lines(cv, rows); i++)
		line(mm, cv, (uint8_t *)(mm->a + i * line_words), y + (int64_t)i, -cv->pl,
		     columns(cv));
}

static int pixels(struct octet_matmul *mm, void *arg, size_t first, size_t count)
{
	const struct image *im = arg;
	const struct octet_conv *cv = im->cv;
	size_t bytes = cv->cmd->cout * octet_type_size(cv->cmd->dst.type), rows;
	bool as_they_lie = plain(mm, cv);
	int err = 0;

	mm->walk.parts = 0;
	if (overlaps(mm, cv, first, count)) {
		overlapping(mm, cv, first, count);
		return octet_matmul_run(mm, count, im->o0, im->dst +
					(cv->first + first * cv->step_w) * bytes,
					cv->step_w * cv->cmd->cout);
	}
	for (size_t p = first; !err && p < first + count; p += rows) {
		size_t at = cv->first + p / cv->ow * cv->step_h + p % cv->ow * cv->step_w;

		rows = even(cv, p, first + count - p);
		if (as_they_lie)
			mm->simd->fill(mm->a, cv->src + p * cv->ci, rows * cv->ci, mm->flip_x);
		else if (!lay_out(mm, cv, p, rows))
			return -ECANCELED;
		err = octet_matmul_run(mm, rows, im->o0, im->dst + at * bytes,
				       cv->step_w * cv->cmd->cout);
	}
	return err;
}

int octet_conv_group(struct octet_matmul *mm, struct octet_conv *cv, size_t group)
{
	const struct octet_work *work = mm->work;
	const struct octet_cmd *cmd = cv->cmd;
	size_t o0 = group * (cmd->cout / cmd->groups), size = octet_type_size(cmd->dst.type);
	size_t in = (size_t)cmd->h * cmd->w * cmd->cin;
	size_t out = (size_t)cmd->oh * cmd->ow * cmd->cout;
	struct image im = { .cv = cv, .o0 = o0 };
	int err = 0;

	for (size_t i = 0; !err && i < cmd->n; i++) {
		cv->src = work->src + i * in + group * (cmd->cin / cmd->groups);
		im.dst = work->dst + (i * out + o0) * size;
		err = octet_matmul_share(mm, cv->oh * cv->ow, pixels, &im);
	}
	return err;
}

static int all_groups(struct octet_matmul *mm, struct octet_conv *cv)
{
	size_t co = mm->n, k = mm->k;
	int err = 0;

	for (size_t g = 0; !err && g < cv->cmd->groups; g++) {
		if (mm->packed)
			err = octet_matmul_panels(mm, g, g * co);
		else
			err = octet_matmul_weights(mm, mm->work->wgt + g * co * k, k, 1, g * co);
		if (!err)
			err = octet_conv_group(mm, cv, g);
	}
	return err;
}

int octet_compute_conv(const struct octet_work *work, const struct octet_requant *rq)
{
	const struct octet_cmd *cmd = &work->cmd;
	struct octet_conv cv = {
		.cmd = cmd, .ci = cmd->cin / cmd->groups,
		.r = cmd->r, .s = cmd->s, .sh = cmd->sh, .sw = cmd->sw, .dh = cmd->dh,
		.dw = cmd->dw, .pt = cmd->pt, .pl = cmd->pl, .oh = cmd->oh, .ow = cmd->ow,
		.step_h = cmd->ow, .step_w = 1,
	};
	struct octet_matmul mm;
	uint8_t *pad;
	int err;

	pad = malloc(cv.s * cv.ci);
	if (!pad)
		return -ENOMEM;
	memset(pad, (uint8_t)cmd->pad_value, cv.s * cv.ci);
	cv.pad = pad;
	err = octet_matmul_init(&mm, work, rq, cv.r * cv.s * cv.ci, cmd->cout / cmd->groups,
				cv.oh * cv.ow, octet_pixels(cmd) <= OCTET_DIRECT_ROWS);
	/* whole rows of results share more of the image */
	if (!err && mm.rows > cv.ow && overlaps(&mm, &cv, 0, mm.rows))
		mm.rows -= mm.rows % cv.ow;
	if (!err) {
		err = all_groups(&mm, &cv);
		octet_matmul_free(&mm);
	}
	free(pad);
	return err;
}
