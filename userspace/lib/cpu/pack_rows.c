/* SPDX-License-Identifier: MIT */
/*
 * Rows of the left matrix as bytes, where they do not lie in memory as the byte
 * kernels read them: patches whose runs are no whole fours, transposed matrices.
 */
#include <string.h>

#include "packed.h"

/* A row of A. */
static void matrix_row(const struct cpu_work *work, const uint8_t *a,
		       uint64_t m, size_t k, uint8_t *row)
{
	const uint64_t stride = work->src.stride[2];

	if (!(work->cmd->src.flags & OCTET_OPERAND_TRANSPOSED)) {
		memcpy(row, a + m * stride, k);
		return;
	}
	for (size_t i = 0; i < k; i++)
		row[i] = a[i * stride + m];
}

/* memcpy() for runs that are short: a few channels of a few taps */
static inline void copy(uint8_t *to, const uint8_t *from, size_t n)
{
	if (n > 16 || n < 4) {
		memcpy(to, from, n);
	} else if (n >= 8) {
		memcpy(to, from, 8);
		memcpy(to + n - 8, from + n - 8, 8);
	} else {
		memcpy(to, from, 4);
		memcpy(to + n - 4, from + n - 4, 4);
	}
}

/* Columns [0, s) of a kernel row over an image row that lies at @from. */
static void patch_row(const struct cpu_work *work, const uint8_t *from,
		      int64_t x, size_t c, uint8_t *to)
{
	const struct octet_cmd *cmd = work->cmd;
	const uint64_t step = work->src.stride[3];

	if (x >= 0 && x + cmd->s <= cmd->w && cmd->dw == 1 && step == c) {
		copy(to, from + (uint64_t)x * step, cmd->s * c);
		return;
	}
	for (uint32_t j = 0; j < cmd->s; j++, to += c) {
		const int64_t at = x + (int64_t)j * cmd->dw;

		if (at < 0 || at >= cmd->w)
			memset(to, cmd->pad_value, c);
		else
			memcpy(to, from + (uint64_t)at * step, c);
	}
}

static void patch(const struct cpu_work *work, size_t group, uint64_t m,
		  uint8_t *row)
{
	const struct octet_cmd *cmd = work->cmd;
	const uint64_t *stride = work->src.stride;
	const size_t c = work->wgt.inner, run = c * cmd->s;
	const int64_t x = (int64_t)(m % cmd->ow * cmd->sw) - cmd->pl;
	const int64_t y = (int64_t)(m / cmd->ow % cmd->oh * cmd->sh) - cmd->pt;
	const uint8_t *image = work->x + m / cmd->ow / cmd->oh * stride[1] +
			       group * c;

	for (uint32_t i = 0; i < cmd->r; i++, row += run) {
		const int64_t at = y + (int64_t)i * cmd->dh;

		if (at < 0 || at >= cmd->h)
			memset(row, cmd->pad_value, run);
		else
			patch_row(work, image + (uint64_t)at * stride[2], x, c,
				  row);
	}
}

void octet_cpu_row_bytes(const struct cpu_work *work, size_t group,
			 const uint8_t *a, uint64_t m, size_t lines,
			 uint8_t fill, uint8_t *row)
{
	const struct octet_cmd *cmd = work->cmd;
	size_t k = cmd->cin;

	if (cmd->op == OCTET_OP_GEMM) {
		matrix_row(work, a, m, k, row);
	} else {
		k = (size_t)cmd->r * cmd->s * work->wgt.inner;
		patch(work, group, m, row);
	}
	memset(row + k, fill, 4 * lines - k);
}
