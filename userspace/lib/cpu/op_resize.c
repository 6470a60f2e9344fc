/* SPDX-License-Identifier: MIT */
/* RESIZE: each result from two rows and two columns, as TFLite's bilinear one. */
#include <errno.h>

#include "op.h"

/**
 * struct corners - what the channels of a result pixel are made of
 * @x: the four pixels
 * @weight: theirs, in 1 / 2^20
 */
struct corners {
	const uint8_t *x[4];
	int64_t weight[4];
};

/* TFLite, resize_bilinear.h, ResizeBilinearInteger() */
static int32_t rounded(int64_t v)
{
	const int64_t y = (v + (v > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20);

	return (int32_t)y;
}

static void blend_words(const struct cpu_work *work, const struct corners *k,
			uint8_t *y)
{
	const struct octet_cmd *cmd = work->cmd;

	for (size_t c = 0; c < cmd->cout; c++) {
		int64_t v = 0;

		for (int i = 0; i < 4; i++)
			v += k->weight[i] * octet_cpu_load16(k->x[i] + 2 * c);
		octet_cpu_store16(y + 2 * c, octet_cpu_clamp(rounded(v),
							     cmd->act_min,
							     cmd->act_max));
	}
}

/*
 * The same of bytes, in 32 bits: weights -2^21, -2^21, 2^20 and 2^22 are the
 * largest together.
 */
static void blend_bytes(const struct cpu_work *work, const struct corners *k,
			uint8_t *y)
{
	const struct octet_cmd *cmd = work->cmd;
	const bool is_signed = work->x_signed;
	const int32_t w[4] = { (int32_t)k->weight[0], (int32_t)k->weight[1],
			       (int32_t)k->weight[2], (int32_t)k->weight[3] };

	for (size_t c = 0; c < cmd->cout; c++) {
		const int32_t v = w[0] * octet_cpu_code(k->x[0][c], is_signed) +
				  w[1] * octet_cpu_code(k->x[1][c], is_signed) +
				  w[2] * octet_cpu_code(k->x[2][c], is_signed) +
				  w[3] * octet_cpu_code(k->x[3][c], is_signed);
		const int32_t t = (v + (v > 0 ? 1 << 19 : -(1 << 19))) /
				  (1 << 20);

		y[c] = (uint8_t)octet_cpu_clamp(t, cmd->act_min, cmd->act_max);
	}
}

static void pixel(const struct cpu_work *work, const uint8_t *image,
		  const struct octet_tap *row, const struct octet_tap *column,
		  uint8_t *y)
{
	const uint64_t *stride = work->src.stride;
	const uint64_t rows[2] = { row->lo, row->hi };
	const uint64_t columns[2] = { column->lo, column->hi };
	const int64_t row_weight[2] = { OCTET_TAP_ONE - row->weight,
					row->weight };
	const int64_t column_weight[2] = { OCTET_TAP_ONE - column->weight,
					   column->weight };
	struct corners k;

	for (int i = 0; i < 4; i++) {
		k.x[i] = image + rows[i / 2] * stride[2] +
			 columns[i % 2] * stride[3];
		k.weight[i] = row_weight[i / 2] * column_weight[i % 2];
	}
	if (work->x_size == 2)
		blend_words(work, &k, y);
	else
		blend_bytes(work, &k, y);
}

int octet_cpu_op_resize(struct octet_cpu *cpu, const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	const struct octet_tap *rows = work->table;
	const struct octet_tap *columns = rows + cmd->oh;
	const uint64_t *out = work->dst.stride;

	for (uint64_t n = 0; n < cmd->n; n++)
		for (uint64_t i = 0; i < cmd->oh; i++)
			for (uint64_t j = 0; j < cmd->ow; j++) {
				if (octet_cpu_canceled(cpu))
					return -ECANCELED;
				pixel(work, work->x + n * work->src.stride[1],
				      &rows[i], &columns[j],
				      work->y + n * out[1] + i * out[2] +
				      j * out[3]);
			}
	return 0;
}
