// SPDX-License-Identifier: MIT
/* Dot products of int16 inputs, and GEMM on top of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "int16.h"
#include "simd.h"

int16_t octet_finish16(const struct octet_work *work, size_t o, int64_t acc)
{
	const struct octet_cmd *cmd = &work->cmd;
	const struct octet_param16 *prm = work->prm16;
	bool tensor = !prm || (cmd->flags & OCTET_CMD_PER_TENSOR);
	int64_t mult = tensor ? cmd->dst.mult : prm[o].mult, y;
	unsigned int shift = tensor ? cmd->dst.shift : prm[o].shift;
	uint64_t v = (uint64_t)acc + (prm ? (uint64_t)prm[o].bias : 0);

	/* 48 bits, sign-extended */
	y = (int64_t)(v << 16) >> 16;
	y = (y * mult + (1ll << (shift - 1))) >> shift;
	y += cmd->dst.zero_point;
	return (int16_t)(y < cmd->act_min ? cmd->act_min : y > cmd->act_max ? cmd->act_max : y);
}

bool octet_row16(struct octet_pacer *pacer, const int16_t *x, const uint8_t *w, size_t k,
		 size_t o0, size_t n, int16_t *dst)
{
	const struct octet_simd *simd = octet_simd_get();

	for (size_t o = 0; o < n; o++, w += k) {
		if (octet_pace(pacer, k))
			return false;
		dst[o] = octet_finish16(pacer->work, o0 + o, simd->dot16(x, w, k, 0));
	}
	return true;
}

static int transpose8(struct octet_pacer *pacer, const uint8_t *from, size_t rows,
		      size_t columns, uint8_t *to)
{
	for (size_t i = 0; i < rows; i++) {
		if (octet_pace(pacer, columns))
			return -ECANCELED;
		for (size_t j = 0; j < columns; j++)
			to[j * rows + i] = from[i * columns + j];
	}
	return 0;
}

/* one pair of matrices; @w as [n][k], @x is room for a row */
static int one_batch(struct octet_pacer *pacer, const int16_t *a, const uint8_t *w, int16_t *x,
		     int16_t *dst)
{
	const struct octet_cmd *cmd = &pacer->work->cmd;
	size_t m = cmd->h, k = cmd->cin, n = cmd->cout;
	bool transposed = cmd->src.flags & OCTET_OPERAND_TRANSPOSED;

	for (size_t i = 0; i < m; i++) {
		const int16_t *row = transposed ? x : a + i * k;

		for (size_t j = 0; transposed && j < k; j++)
			x[j] = a[j * m + i];
		if (!octet_row16(pacer, row, w, k, 0, n, dst + i * n))
			return -ECANCELED;
	}
	return 0;
}

int octet_compute_gemm16(const struct octet_work *work)
{
	const struct octet_cmd *cmd = &work->cmd;
	size_t m = cmd->h, k = cmd->cin, n = cmd->cout, batches = (size_t)cmd->n * cmd->n2;
	struct octet_pacer pacer = { .work = work };
	bool transposed = cmd->wgt.flags & OCTET_OPERAND_TRANSPOSED;
	int16_t *x = malloc(k * sizeof(*x));
	uint8_t *turned = transposed ? NULL : malloc(k * n);
	int err = x && (turned || transposed) ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < batches; i++) {
		const uint8_t *w = work->wgt + i * k * n;

		if (turned) {
			err = transpose8(&pacer, w, k, n, turned);
			w = turned;
		}
		if (!err)
			err = one_batch(&pacer, (const int16_t *)work->src + i * m * k, w, x,
					(int16_t *)work->dst + i * m * n);
	}
	free(x);
	free(turned);
	return err;
}
