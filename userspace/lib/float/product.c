// SPDX-License-Identifier: MIT
/* Rows in blocks, weights in panels. */

#include "product.h"

/* Floats of a block of rows: it shall stay in a cache. */
#define BLOCK_FLOATS	(64 * 1024)
#define BLOCK_MIN	8u
#define BLOCK_MAX	512u

static uint32_t block_rows(const struct octet_float_product *p)
{
	uint32_t widest = p->drain && p->cols > p->depth ? p->cols : p->depth;
	uint32_t n = BLOCK_FLOATS / widest / BLOCK_MIN * BLOCK_MIN;

	n = n < BLOCK_MIN ? BLOCK_MIN : n;
	n = n > BLOCK_MAX ? BLOCK_MAX : n;
	return n < p->rows ? n : (uint32_t)p->rows;
}

static size_t panels(const struct octet_float_product *p)
{
	return ((size_t)p->cols + OCTET_FLOAT_PANEL - 1) / OCTET_FLOAT_PANEL;
}

/* One block meets each panel once; several want them all kept. */
static size_t kept(const struct octet_float_product *p)
{
	return block_rows(p) < p->rows ? panels(p) : 1;
}

size_t octet_float_scratch(const struct octet_float_product *p)
{
	size_t floats = kept(p) * p->depth * OCTET_FLOAT_PANEL;

	if (p->fill)
		floats += (size_t)block_rows(p) * p->depth;
	if (p->drain)
		floats += (size_t)block_rows(p) * p->cols;
	return floats * sizeof(float);
}

static octet_float_gemm_fn *gemm(void)
{
	if (__builtin_cpu_supports("avx512f"))
		return octet_float_gemm_avx512;
	if (__builtin_cpu_supports("avx2"))
		return octet_float_gemm_avx2;
	return octet_float_gemm_scalar;
}

static uint32_t panel(const struct octet_float_product *p, size_t i, float *to)
{
	uint32_t first = (uint32_t)i * OCTET_FLOAT_PANEL, count = p->cols - first;

	count = count < OCTET_FLOAT_PANEL ? count : OCTET_FLOAT_PANEL;
	if (to)
		octet_float_panel(&p->w, p->first + first, count, p->depth, to);
	return count;
}

/* @pack: panels are not there yet, and are made one by one in the same place. */
static void block(const struct octet_float_product *p, const struct octet_float_block *rows,
		  float *weights, bool pack)
{
	size_t size = (size_t)p->depth * OCTET_FLOAT_PANEL;
	octet_float_gemm_fn *run = gemm();

	for (size_t i = 0; i < panels(p); i++) {
		struct octet_float_block b = *rows;

		b.cols = panel(p, i, pack ? weights : NULL);
		b.panel = pack ? weights : weights + i * size;
		b.bias = p->bias ? p->bias + i * OCTET_FLOAT_PANEL : NULL;
		b.y += i * OCTET_FLOAT_PANEL;
		run(&b);
	}
}

void octet_float_run(const struct octet_float_product *p, void *scratch)
{
	size_t size = (size_t)p->depth * OCTET_FLOAT_PANEL;
	float *weights = scratch, *x = weights + kept(p) * size;
	uint32_t most = block_rows(p);
	float *y = p->fill ? x + (size_t)most * p->depth : x;
	bool pack = most == p->rows;

	for (size_t i = 0; i < panels(p) && !pack; i++)
		panel(p, i, weights + i * size);
	for (uint64_t row = 0; row < p->rows; row += most) {
		uint64_t left = p->rows - row;
		uint32_t n = left < most ? (uint32_t)left : most;
		struct octet_float_block b = {
			.rows = n, .depth = p->depth,
			.x = p->fill ? x : p->x + row * p->x_row,
			.x_row = p->fill ? p->depth : p->x_row,
			.low = p->low, .high = p->high,
			.y = p->drain ? y : p->y + row * p->y_row,
			.y_row = p->drain ? p->cols : p->y_row,
		};

		if (p->fill)
			p->fill(p->context, row, n, x);
		block(p, &b, weights, pack);
		if (p->drain)
			p->drain(p->context, row, n, y);
	}
}
