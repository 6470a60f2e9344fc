// SPDX-License-Identifier: MIT
/*
 * The matrix product of a few rows: inputs minus their zero point fit 16 bits,
 * and weights are read where they are, once.
 *
 *	sum (x - zx)(w - zw) = sum (x - zx) w - zw sum (x - zx)
 */
#include <errno.h>

#include "matmul.h"

OCTET_VECTOR_LOOPS

void octet_direct_weights(struct octet_matmul *mm, const uint8_t *w, size_t so, size_t o0)
{
	const struct octet_work *work = mm->work;

	mm->w = w;
	mm->so = so;
	mm->any_zw = true;
	for (size_t j = 0; j < mm->n; j++) {
		size_t o = o0 + j;
		int32_t zw = work->chn ? work->chn[o].zero_point : work->cmd.wgt.zero_point;

		mm->zw[j] = zw - mm->flip_w;
		mm->start[j] = work->prm ? work->prm[o].bias : 0;
	}
}

/* row @i of the block, without its zero point */
static void widen(struct octet_matmul *mm, size_t i)
{
	const uint8_t *x8 = octet_matmul_row(mm, i, 0);
	const uint16_t *x16 = (const uint16_t *)x8;
	int16_t *to = mm->x + i * mm->k, zx = (int16_t)mm->zx;
	uint32_t sum = 0;

	if (mm->simd->lanes == 4)
		for (size_t k = 0; k < mm->k; k++)
			to[k] = (int16_t)(x8[k] - zx);
	else
		for (size_t k = 0; k < mm->k; k++)
			to[k] = (int16_t)(x16[k] - zx);
	for (size_t k = 0; k < mm->k; k++)
		sum += (uint32_t)to[k];
	mm->sums[i] = (int32_t)sum;
}

static int columns(struct octet_matmul *mm, size_t i, size_t first, size_t n)
{
	struct octet_pacer pacer = { .work = mm->work, .left = 1 << 20 };
	const int16_t *x = mm->x + i * mm->k;

	for (size_t j = first; j < first + n; j++) {
		int64_t dot = mm->simd->dot16(x, mm->w + j * mm->so, mm->k, mm->flip_w);

		if (octet_pace(&pacer, mm->k))
			return -ECANCELED;
		mm->acc[j - first] = (int32_t)((uint32_t)mm->start[j] + (uint32_t)dot -
					       (uint32_t)mm->zw[j] * (uint32_t)mm->sums[i]);
	}
	return 0;
}

int octet_direct_run(struct octet_matmul *mm, size_t rows, size_t o0, uint8_t *dst, size_t ldd)
{
	size_t size = octet_type_size(mm->rq->type);

	if (octet_work_tick(mm->work))
		return -ECANCELED;
	for (size_t i = 0; i < rows; i++)
		widen(mm, i);
	for (size_t first = 0; first < mm->n; first += OCTET_MATMUL_COLUMNS) {
		size_t n = mm->n - first;

		n = n < OCTET_MATMUL_COLUMNS ? n : OCTET_MATMUL_COLUMNS;
		for (size_t i = 0; i < rows; i++) {
			if (columns(mm, i, first, n))
				return -ECANCELED;
			octet_requant_store(mm->rq, mm->acc, o0 + first, n,
					    dst + (i * ldd + first) * size);
		}
	}
	return 0;
}
