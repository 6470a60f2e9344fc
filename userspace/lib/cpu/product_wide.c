/* SPDX-License-Identifier: MIT */
/*
 * CONV2D and GEMM on wide kernels, see bytes.h. Panel by panel, slices of weights that
 * the first cache holds meet all rows of a block.
 */
#include "product.h"

#define SPARE	((1u << 15) + 64)	/* for a row of bytes, and what is written too much */
#define CACHE_1	(16u << 10)	/* for the inputs and sums of a block, */
#define CACHE_2	(448u << 10)	/* or, of large ones, for the inputs */
#define SLICE	160u		/* lines of a panel */
#define STEP	24u		/* rows */

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* As many as a cache holds; larger kernels share their inputs. */
size_t octet_cpu_wide_rows(const struct cpu_block *b)
{
	const size_t row = b->p->lines * 4 * sizeof(int16_t);
	/* a block may take up to three quarters of another one, see alike() */
	const size_t fit = (CPU_INPUTS - SPARE) / row * 4 / 7;
	const size_t sums = CPU_PANEL * sizeof(int32_t);
	size_t rows = CACHE_1 / (row + sums) / STEP * STEP;

	if (b->images)
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
