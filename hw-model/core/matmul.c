// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "matmul.h"

OCTET_VECTOR_LOOPS

/* Bytes of an input block: stays in the second-level cache. */
#define BLOCK_BYTES (256u << 10)
/* Multiply-accumulates between two looks at the cancel flag. */
#define TICK_MACS (4u << 20)
/* Words of a row at a time: a multiple of them, as a tile takes them. */
#define WHOLE 16

static size_t block_rows(const struct octet_matmul *mm, size_t most)
{
	size_t rows = BLOCK_BYTES / (mm->words * 4);

	rows = rows > 192 ? 192 : rows;
	rows -= rows % mm->simd->tile;
	if (rows < mm->simd->tile)
		rows = mm->simd->tile;
	return rows < most ? rows : most;
}

int octet_matmul_init(struct octet_matmul *mm, const struct octet_work *work,
		      const struct octet_requant *rq, size_t k, size_t n, size_t most_rows,
		      bool direct)
{
	const struct octet_cmd *cmd = &work->cmd;
	bool in_place;

	*mm = (struct octet_matmul) {
		.simd = octet_simd_get(), .work = work, .rq = rq, .k = k, .n = n,
		.panels = (n + OCTET_PANEL - 1) / OCTET_PANEL,
		.flip_x = cmd->src.type == OCTET_TYPE_INT8 ? 128 : 0,
		.flip_w = cmd->wgt.type == OCTET_TYPE_UINT8 ? 128 : 0,
		.packed = cmd->wgt.layout == OCTET_LAYOUT_PACKED,
	};
	mm->direct = direct && !mm->packed;
	mm->zx = cmd->src.zero_point + mm->flip_x;
	mm->words = (k + mm->simd->lanes - 1) / mm->simd->lanes;
	mm->rows = block_rows(mm, most_rows);
	mm->a = calloc(mm->rows * mm->words, sizeof(*mm->a));
	in_place = mm->packed && mm->simd->lanes == 4 && !mm->flip_w;
	if (mm->direct)
		mm->x = malloc(mm->rows * k * sizeof(*mm->x));
	else if (!in_place)
		mm->room = malloc(mm->panels * mm->words * OCTET_PANEL * sizeof(*mm->room));
	mm->b = mm->room;
	mm->start = calloc((mm->panels + 1) * OCTET_PANEL, sizeof(*mm->start));
	mm->zw = calloc((mm->panels + 1) * OCTET_PANEL, sizeof(*mm->zw));
	mm->acc = malloc(mm->rows * OCTET_MATMUL_COLUMNS * sizeof(*mm->acc));
	mm->sums = calloc(mm->rows, sizeof(*mm->sums));
	if (mm->a && (mm->room || mm->x || in_place) && mm->start && mm->zw && mm->acc && mm->sums)
		return 0;
	octet_matmul_free(mm);
	return -ENOMEM;
}

void octet_matmul_free(struct octet_matmul *mm)
{
	free(mm->a);
	free(mm->room);
	free(mm->start);
	free(mm->zw);
	free(mm->acc);
	free(mm->sums);
	free(mm->x);
	memset(mm, 0, sizeof(*mm));
}

/* acc = start + a b for one or two panels, all of k */
static int multiply(struct octet_matmul *mm, size_t rows, size_t p, size_t panels)
{
	const uint32_t *b = mm->b + p * mm->words * OCTET_PANEL;
	size_t chunk = TICK_MACS / (OCTET_MATMUL_COLUMNS * 4) / rows;

	chunk = chunk < WHOLE ? WHOLE : chunk - chunk % WHOLE;
	/* always two panels, as many as there is room for: a constant is faster */
	for (size_t i = 0; i < rows; i++)
		memcpy(mm->acc + i * OCTET_MATMUL_COLUMNS, mm->start + p * OCTET_PANEL,
		       OCTET_MATMUL_COLUMNS * sizeof(*mm->acc));
	for (size_t k = 0; k < mm->words; k += chunk) {
		size_t words = mm->words - k < chunk ? mm->words - k : chunk;

		if (octet_work_tick(mm->work))
			return -ECANCELED;
		mm->simd->mm(mm->acc, OCTET_MATMUL_COLUMNS, mm->a + k, mm->words,
			     b + k * OCTET_PANEL, mm->words * OCTET_PANEL, words, rows, panels);
	}
	return 0;
}

/* the weights' zero points of @n outputs off the sums of a row */
static void take_off(int32_t *restrict acc, const int32_t *restrict zw, int32_t sum, size_t n)
{
	for (size_t j = 0; j < n; j++)
		acc[j] = (int32_t)((uint32_t)acc[j] - (uint32_t)zw[j] * (uint32_t)sum);
}

static void finish(struct octet_matmul *mm, size_t rows, size_t first, size_t n, size_t o0,
		   uint8_t *dst, size_t ldd)
{
	size_t size = octet_type_size(mm->rq->type);

	for (size_t i = 0; mm->any_zw && i < rows; i++)
		take_off(mm->acc + i * OCTET_MATMUL_COLUMNS, mm->zw + first, mm->sums[i], n);
	octet_requant_store_rows(mm->rq, mm->acc, OCTET_MATMUL_COLUMNS, o0 + first, n, rows,
				 dst + first * size, ldd);
}

int octet_matmul_run(struct octet_matmul *mm, size_t rows, size_t o0, uint8_t *dst, size_t ldd)
{
	int err;

	if (mm->direct)
		return octet_direct_run(mm, rows, o0, dst, ldd);
	for (size_t i = 0; mm->any_zw && i < rows; i++)
		mm->sums[i] = mm->simd->sum(mm->a + i * mm->words, mm->words);
	for (size_t p = 0; p < mm->panels; p += 2) {
		size_t panels = mm->panels - p < 2 ? 1 : 2;
		size_t first = p * OCTET_PANEL, n = mm->n - first;

		if (!mm->started)
			octet_matmul_start(mm, p, panels);
		err = multiply(mm, rows, p, panels);
		if (err)
			return err;
		finish(mm, rows, first, n < OCTET_MATMUL_COLUMNS ? n : OCTET_MATMUL_COLUMNS, o0,
		       dst, ldd);
	}
	mm->started = true;
	return 0;
}
