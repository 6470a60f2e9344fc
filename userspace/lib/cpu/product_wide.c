/* SPDX-License-Identifier: MIT */
/*
 * CONV2D and GEMM on wide kernels, see bytes.h. Inputs become int16 once a block: rows
 * of matrices and of pixels as they are, image rows of larger kernels with their
 * padding, so that all patches of the block find them there. Panel by panel, slices of
 * weights that the first cache holds meet all rows of the block.
 */
#include <string.h>

#include "product.h"

#define ROOM	(sizeof(int16_t) * CPU_BLOCK_M * CPU_BLOCK_K)
#define ROW	(1u << 15)	/* bytes of a row of a product at most */
#define SLACK	64u
#define CACHE_1	(16u << 10)	/* for the inputs and sums of a block, */
#define CACHE_2	(448u << 10)	/* or, of large ones, for the inputs */
#define SLICE	160u		/* lines of a panel */
#define STEP	24u		/* rows */

static void widen(const struct cpu_block *b, int16_t *to, const uint8_t *from,
		  size_t n, size_t count, size_t step, int32_t *less)
{
	b->cpu->k->bytes->widen(to, from, n, count, step, b->work->x_signed,
				b->work->cmd->src.zero_point, less);
}

/* Patches whose runs are no whole fours, transposed matrices. */
static void from_copies(struct cpu_block *b)
{
	const size_t n = 4 * b->lines;
	int16_t *to = b->cpu->pack_a;
	uint8_t *row = (uint8_t *)to + ROOM - ROW;

	for (size_t i = 0; i < b->rows; i++, to += n) {
		octet_cpu_row_bytes(b->work, b->group, b->a, b->m0 + i,
				    b->lines,
				    (uint8_t)b->work->cmd->src.zero_point, row);
		widen(b, to, row, n, 1, 0, &b->sums[i]);
		b->x[i] = (const uint8_t *)to;
	}
}

/* Each run of each row by itself, neighbours at once where they are equally far apart. */
static void from_runs(struct cpu_block *b)
{
	const size_t n = 4 * b->lines;
	int16_t *to = b->cpu->pack_a;
	int32_t less[CPU_BLOCK_ROWS];

	octet_cpu_find_inputs(b);
	memset(b->sums, 0, sizeof(b->sums));
	for (size_t t = 0; t < b->taps; t++) {
		const uint8_t **x = &b->x[t * CPU_BLOCK_ROWS];

		for (size_t i = 0, count; i < b->rows; i += count) {
			const uintptr_t at = (uintptr_t)x[i];
			const size_t step = i + 1 < b->rows ?
					    (uintptr_t)x[i + 1] - at : 0;

			for (count = 1; i + count < b->rows &&
			     (uintptr_t)x[i + count] - at == count * step;)
				count++;
			widen(b, to, x[i], n, count, step, less);
			for (size_t j = 0; j < count; j++, to += n) {
				b->sums[i + j] += less[j];
				x[i + j] = (const uint8_t *)to;
			}
		}
	}
}

/**
 * struct images - image rows as int16
 *
 * @height, @width: of an image, as far as patches reach, padding included
 * @row: bytes of one: pixels, then what each is less
 * @slots: rows there is room for
 */
struct images {
	uint64_t height, width, row, slots;
};

static struct images images_of(const struct cpu_block *b)
{
	const struct octet_cmd *cmd = b->work->cmd;
	const uint64_t c = 4 * b->lines;
	struct images m = {
		.height = (uint64_t)(cmd->oh - 1) * cmd->sh +
			  (uint64_t)(cmd->r - 1) * cmd->dh + 1,
		.width = (uint64_t)(cmd->ow - 1) * cmd->sw +
			 (uint64_t)(cmd->s - 1) * cmd->dw + 1,
	};

	if (m.width > ROOM)
		return m;
	m.row = m.width * (c * sizeof(int16_t) + sizeof(int32_t)) + 2 * SLACK;
	m.row -= m.row % SLACK;
	m.slots = ROOM / m.row;
	if (m.slots > CPU_IMAGE_ROWS)
		m.slots = CPU_IMAGE_ROWS;
	return m;
}

static uint64_t image_row(const struct cpu_block *b, const struct images *m,
			  uint64_t pixel)
{
	const struct octet_cmd *cmd = b->work->cmd;

	return pixel / cmd->ow / cmd->oh * m->height +
	       pixel / cmd->ow % cmd->oh * cmd->sh;
}

static bool images_fit(const struct cpu_block *b, const struct images *m)
{
	const struct octet_cmd *cmd = b->work->cmd;

	return m->slots && image_row(b, m, b->m0 + b->rows - 1) -
			   image_row(b, m, b->m0) +
			   (uint64_t)(cmd->r - 1) * cmd->dh < m->slots;
}

static int32_t *less_of(const struct cpu_block *b, const struct images *m,
			int16_t *row)
{
	return (int32_t *)(void *)(row + m->width * 4 * b->lines + SLACK / 4);
}

/* Pixels [x, x + count) of a row from @from, NULL: pad values. */
static void fill(const struct cpu_block *b, const struct images *m,
		 int16_t *row, uint64_t x, uint64_t count, const uint8_t *from)
{
	const size_t c = 4 * b->lines;

	widen(b, row + x * c, from ? from : b->cpu->pad, c, count,
	      from ? b->work->src.stride[3] : 0, less_of(b, m, row) + x);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Row @at of all images. Pixels are made in order: each may spoil the next. */
static void make_row(const struct cpu_block *b, const struct images *m,
		     uint64_t at, int16_t *row)
{
	const struct octet_cmd *cmd = b->work->cmd;
	const uint64_t *stride = b->work->src.stride;
	const int64_t y = (int64_t)(at % m->height) - cmd->pt;
	const uint64_t left = least(cmd->pl, m->width);
	const uint64_t inside = least(cmd->w, m->width - left);
	const uint8_t *image = b->work->x + at / m->height * stride[1] +
			       b->group * 4 * b->lines;

	if (y < 0 || y >= cmd->h) {
		fill(b, m, row, 0, m->width, NULL);
		return;
	}
	fill(b, m, row, 0, left, NULL);
	fill(b, m, row, left, inside, image + (uint64_t)y * stride[2]);
	fill(b, m, row, left + inside, m->width - left - inside, NULL);
}

static int16_t *keep_row(struct cpu_block *b, const struct images *m,
			 uint64_t at)
{
	const uint64_t slot = at % m->slots;
	int16_t *row = b->cpu->pack_a + slot * m->row / sizeof(*row);

	if (b->kept[slot] != at + 1) {
		make_row(b, m, at, row);
		b->kept[slot] = at + 1;
	}
	return row;
}

/* A kernel row of @count pixels of an output row, from column @ox on. */
static void find_taps(struct cpu_block *b, const struct images *m, size_t i,
		      size_t count, uint64_t ox, size_t tap, int16_t *row)
{
	const struct octet_cmd *cmd = b->work->cmd;
	const size_t c = 4 * b->lines;
	const int32_t *less = less_of(b, m, row);

	for (size_t j = 0; j < cmd->s; j++, tap++) {
		size_t x = ox * cmd->sw + j * cmd->dw;

		for (size_t n = i; n < i + count; n++, x += cmd->sw) {
			b->x[tap * CPU_BLOCK_ROWS + n] =
				(const uint8_t *)(row + x * c);
			b->sums[n] += less[x];
		}
	}
}

static void from_images(struct cpu_block *b, const struct images *m)
{
	const struct octet_cmd *cmd = b->work->cmd;

	memset(b->sums, 0, sizeof(b->sums));
	for (size_t i = 0, count; i < b->rows; i += count) {
		const uint64_t ox = (b->m0 + i) % cmd->ow;
		const uint64_t at = image_row(b, m, b->m0 + i);

		count = least(cmd->ow - ox, b->rows - i);
		for (size_t r = 0; r < cmd->r; r++)
			find_taps(b, m, i, count, ox, r * cmd->s,
				  keep_row(b, m, at + r * cmd->dh));
	}
}

void octet_cpu_wide_inputs(struct cpu_block *b)
{
	struct images m;

	if (b->copy) {
		from_copies(b);
		return;
	}
	if (b->taps > 1) {
		m = images_of(b);
		if (images_fit(b, &m)) {
			from_images(b, &m);
			return;
		}
		memset(b->kept, 0, sizeof(b->kept));
	}
	from_runs(b);
}

/* As many as a cache holds; larger kernels share their inputs. */
size_t octet_cpu_wide_rows(const struct cpu_block *b)
{
	const size_t row = b->p->lines * 4 * sizeof(int16_t);
	/* a block may take up to three quarters of another one, see alike() */
	const size_t fit = (ROOM - ROW - SLACK) / row * 4 / 7;
	const size_t sums = CPU_PANEL * sizeof(int32_t);
	size_t rows = CACHE_1 / (row + sums) / STEP * STEP;

	if (b->taps > 1)
		rows = CPU_BLOCK_ROWS;
	else if (rows < 2 * STEP)
		rows = CACHE_2 / row / STEP * STEP;
	if (rows < 2 * STEP)
		rows = 2 * STEP;
	if (rows > CPU_BLOCK_ROWS)
		rows = CPU_BLOCK_ROWS;
	return rows < fit ? rows : fit;
}

/* A slice of a panel with all rows, in steps that leave time to fetch the next one. */
static void tiles(struct cpu_block *b, struct cpu_tile *t)
{
	const size_t bytes = t->taps * t->lines * CPU_WIDE_LINE;
	const size_t steps = (b->rows + STEP - 1) / STEP;
	const size_t ahead = bytes / steps + 1;
	const int8_t *next = t->w + bytes;

	for (size_t i = 0; i < b->rows; i += t->rows) {
		for (size_t n = 0; n < ahead; n += 64)
			__builtin_prefetch(next + n, 0, 2);
		next += ahead;
		t->rows = least(STEP, b->rows - i);
		t->acc = b->cpu->acc + i * CPU_PANEL;
		if (t->less)
			t->less = b->sums + i;
		b->cpu->k->bytes->tile(t);
		t->x += t->rows;
	}
}

/* The sums of a panel, slice by slice. */
static void slices(struct cpu_block *b, const int8_t *w, const int32_t *start)
{
	const size_t taps = SLICE / b->lines ? SLICE / b->lines : 1;
	struct cpu_tile t = {
		.panels = 1,
		.step = CPU_BLOCK_ROWS,
		.w = w,
		.start = start,
		.less = b->sums,
	};

	for (size_t tap = 0; tap < b->taps; tap += taps) {
		t.taps = least(taps, b->taps - tap);
		for (size_t l = 0; l < b->lines; l += t.lines) {
			t.lines = least(SLICE, b->lines - l);
			t.skip = 4 * l;
			t.x = b->x + tap * CPU_BLOCK_ROWS;
			tiles(b, &t);
			t.w += t.taps * t.lines * CPU_WIDE_LINE;
			t.less = NULL;
		}
	}
}

void octet_cpu_wide_multiply(struct cpu_block *b)
{
	const struct cpu_packed *p = b->p;
	const size_t panel = p->lines * CPU_WIDE_LINE;
	const int8_t *w = p->w + b->group * p->panels * panel;

	for (size_t c = 0; c < p->channels; c += CPU_PANEL, w += panel) {
		slices(b, w, p->start + b->group * p->wide + c);
		b->cpu->k->bytes->finish(&b->tail, c, b->cpu->acc, CPU_PANEL,
					 b->rows, least(p->channels - c,
							CPU_PANEL), b->out);
	}
}
