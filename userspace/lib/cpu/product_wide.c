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

/* A slice of a panel with all rows; what comes next is fetched meanwhile. */
static void tiles(const struct cpu_bytes *k, struct cpu_tile t)
{
	t.next_bytes = t.taps * t.lines * CPU_WIDE_LINE;
	t.next = t.w + t.next_bytes;
	k->tile(&t);
}

void octet_cpu_wide_panel(const struct cpu_bytes *k, const struct cpu_tile *all)
{
	const size_t taps = SLICE / all->lines ? SLICE / all->lines : 1;
	struct cpu_tile t = *all;

	for (size_t tap = 0; tap < all->taps; tap += taps) {
		t.taps = least(taps, all->taps - tap);
		for (size_t l = 0; l < all->lines; l += t.lines) {
			t.lines = least(SLICE, all->lines - l);
			t.skip = 4 * l;
			t.x = all->x + tap * t.step;
			tiles(k, t);
			t.w += t.taps * t.lines * CPU_WIDE_LINE;
			t.less = NULL;
			t.from = all->acc;
		}
	}
}

void octet_cpu_wide_multiply(struct cpu_block *b)
{
	const struct cpu_packed *p = b->p;
	const size_t panel = p->lines * CPU_WIDE_LINE;
	struct cpu_tile t = {
		.rows = b->rows,
		.panels = 1,
		.taps = b->taps,
		.lines = b->lines,
		.x = b->x,
		.step = CPU_BLOCK_ROWS,
		.w = p->w + b->group * p->panels * panel,
		.start = p->start + b->group * p->wide,
		.less = b->sums,
		.acc = b->cpu->acc,
	};

	for (size_t c = 0; c < p->channels; c += CPU_PANEL) {
		octet_cpu_wide_panel(b->cpu->k->bytes, &t);
		b->cpu->k->bytes->finish(&b->tail, c, t.acc, CPU_PANEL,
					 b->rows, least(p->channels - c,
							CPU_PANEL), b->out);
		t.w += panel;
		t.start += CPU_PANEL;
	}
}
