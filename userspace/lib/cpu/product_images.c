/* SPDX-License-Identifier: MIT */
/*
 * The inputs of convolutions whose kernels have several pixels: image rows as the
 * kernels take them, with their padding, so that all patches of a block find them
 * there. Pixels of a row lie side by side, hence so does all of a kernel's row, if it
 * is not dilated.
 */
#include <string.h>

#include "product.h"

#define SLACK	64u
#define KEEP	(128u << 10)	/* bytes; more is not kept for the next block */

/**
 * struct images - rows of all images, one below the other
 *
 * @height, @width: of an image, as far as patches reach, padding included
 * @pixel: bytes of one
 * @row: bytes of one: pixels, then what each is less
 * @slots: rows there is room for
 */
struct images {
	uint64_t height, width, pixel, row, slots;
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Rows between the first and the last one of a kernel, and one. */
static uint64_t reach(const struct octet_cmd *cmd)
{
	return (uint64_t)(cmd->r - 1) * cmd->dh + 1;
}

static struct images images_of(const struct cpu_work *work, size_t input_size)
{
	const struct octet_cmd *cmd = work->cmd;
	struct images m = {
		.height = (uint64_t)(cmd->oh - 1) * cmd->sh + reach(cmd),
		.width = (uint64_t)(cmd->ow - 1) * cmd->sw +
			 (uint64_t)(cmd->s - 1) * cmd->dw + 1,
		.pixel = work->wgt.inner * input_size,
	};

	if (m.width > CPU_INPUTS)
		return m;
	m.row = m.width * (m.pixel + sizeof(int32_t)) + 2 * SLACK;
	m.row -= m.row % SLACK;
	m.slots = CPU_INPUTS / m.row;
	return m;
}

static uint64_t image_row(const struct cpu_block *b, const struct images *m,
			  uint64_t pixel)
{
	const struct octet_cmd *cmd = b->work->cmd;

	return pixel / cmd->ow / cmd->oh * m->height +
	       pixel / cmd->ow % cmd->oh * cmd->sh;
}

bool octet_cpu_image_rows_fit(const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	const uint64_t step = cmd->sh > reach(cmd) ? cmd->sh : reach(cmd);

	return work->wgt.inner <= CPU_PAD && cmd->r <= CPU_TAPS &&
	       3 * step <= images_of(work, 1).slots;
}

bool octet_cpu_images_fit(const struct cpu_block *b, size_t rows)
{
	const struct octet_cmd *cmd = b->work->cmd;
	const struct images m = images_of(b->work, octet_cpu_input_size(b));
	const uint64_t step = cmd->sh > reach(cmd) ? cmd->sh : reach(cmd);

	/* from one row of results to the next there are at most so many */
	return (rows / cmd->ow + 1) * step + reach(cmd) <= m.slots;
}

static int32_t *less_of(const struct images *m, uint8_t *row)
{
	return (int32_t *)(void *)(row + m->width * m->pixel + SLACK / 2);
}

/* Pixels [x, x + count) of a row from @from, NULL: pad values. */
static void fill(const struct cpu_block *b, const struct images *m,
		 uint8_t *row, uint64_t x, uint64_t count, const uint8_t *from)
{
	const bool wide = b->cpu->k->bytes->widen;
	const int32_t pad = b->work->cmd->pad_value ^ (int32_t)b->p->flip;
	int32_t *less = wide ? less_of(m, row) + x : NULL;

	row += x * m->pixel;
	if (!from && !wide)
		memset(row, (uint8_t)pad, count * m->pixel);
	else
		octet_cpu_fetch(b, row, from ? from : b->cpu->pad,
				b->work->wgt.inner, count,
				from ? b->work->src.stride[3] : 0, less);
}

/* Row @at of all images. Pixels are made in order: each may spoil the next. */
static void make_row(const struct cpu_block *b, const struct images *m,
		     uint64_t at, uint8_t *row)
{
	const struct octet_cmd *cmd = b->work->cmd;
	const uint64_t *stride = b->work->src.stride;
	const int64_t y = (int64_t)(at % m->height) - cmd->pt;
	const uint64_t left = least(cmd->pl, m->width);
	const uint64_t inside = least(cmd->w, m->width - left);
	const uint8_t *image = b->work->x + at / m->height * stride[1] +
			       b->group * b->work->wgt.inner;

	if (y < 0 || y >= cmd->h) {
		fill(b, m, row, 0, m->width, NULL);
		return;
	}
	fill(b, m, row, 0, left, NULL);
	fill(b, m, row, left, inside, image + (uint64_t)y * stride[2]);
	fill(b, m, row, left + inside, m->width - left - inside, NULL);
}

/* Image rows [first, end), side by side; returns the first one. */
static uint8_t *rows_at(struct cpu_block *b, const struct images *m,
			uint64_t first, uint64_t end)
{
	const uint64_t most = KEEP / m->row;
	uint8_t *rows = (uint8_t *)b->cpu->pack_a;

	if (b->kept_end < first || (end - b->kept > most) ||
	    end - b->kept > m->slots)
		b->kept = b->kept_end = first;
	for (; b->kept_end < end; b->kept_end++)
		make_row(b, m, b->kept_end,
			 rows + (b->kept_end - b->kept) * m->row);
	return rows + (first - b->kept) * m->row;
}

/* What is to be subtracted from the sums of @count rows of the product. */
static void add_less(struct cpu_block *b, const struct images *m, size_t i,
		     size_t count, uint64_t ox, uint8_t *row)
{
	const struct octet_cmd *cmd = b->work->cmd;

	for (size_t r = 0; r < cmd->r; r++, row += cmd->dh * m->row) {
		for (size_t s = 0; s < cmd->s; s++) {
			const int32_t *less = less_of(m, row) + ox * cmd->sw +
					      s * cmd->dw;

			for (size_t n = 0; n < count; n++)
				b->sums[i + n] += less[n * cmd->sw];
		}
	}
}

/* Runs of @count rows of the product, the first one's patch at @row. */
static void find_runs(struct cpu_block *b, const struct images *m, size_t i,
		      size_t count, const uint8_t *row)
{
	const struct octet_cmd *cmd = b->work->cmd;
	const size_t runs = b->taps / cmd->r, step = cmd->sw * m->pixel;

	for (size_t t = 0; t < b->taps; t++) {
		const uint8_t **x = &b->x[t * CPU_BLOCK_ROWS + i];
		const uint8_t *at = row + t / runs * cmd->dh * m->row +
				    t % runs * cmd->dw * m->pixel;

		for (size_t n = 0; n < count; n++)
			x[n] = at + n * step;
	}
}

void octet_cpu_images(struct cpu_block *b)
{
	const struct octet_cmd *cmd = b->work->cmd;
	const struct images m = images_of(b->work, octet_cpu_input_size(b));
	const uint64_t first = image_row(b, &m, b->m0);
	const uint64_t last = image_row(b, &m, b->m0 + b->rows - 1);
	uint8_t *rows = rows_at(b, &m, first, last + reach(cmd));

	memset(b->sums, 0, b->rows * sizeof(b->sums[0]));
	for (size_t i = 0, count; i < b->rows; i += count) {
		const uint64_t ox = (b->m0 + i) % cmd->ow;
		uint8_t *row = rows + (image_row(b, &m, b->m0 + i) - first) *
				      m.row;

		count = least(cmd->ow - ox, b->rows - i);
		find_runs(b, &m, i, count, row + ox * cmd->sw * m.pixel);
		if (b->cpu->k->bytes->widen)
			add_less(b, &m, i, count, ox, row);
	}
}
