/* SPDX-License-Identifier: MIT */
/*
 * The inputs of a block of a product: pointers to the runs of its rows. Where kernels
 * take them otherwise than they lie, as unsigned bytes or as int16, or where they do
 * not lie in runs of whole fours, all of the block is copied once.
 */
#include "product.h"

#define ROW	(1u << 15)	/* bytes of a row of a product at most */

void octet_cpu_fetch(const struct cpu_block *b, uint8_t *to,
		     const uint8_t *from, size_t n, size_t count, size_t step,
		     int32_t *less)
{
	const struct cpu_bytes *k = b->cpu->k->bytes;

	if (k->widen)
		k->widen((int16_t *)(void *)to, from, n, count, step,
			 b->work->x_signed, b->work->cmd->src.zero_point, less);
	else
		k->take(to, from, n, count, step, (uint8_t)b->p->flip);
}

/* Patches whose runs are no whole fours, transposed matrices. */
static void from_copies(struct cpu_block *b)
{
	const bool wide = b->cpu->k->bytes->widen;
	const size_t n = 4 * b->lines, lda = n * octet_cpu_input_size(b);
	uint8_t *to = (uint8_t *)b->cpu->pack_a;
	/* what then is zero */
	const uint8_t fill = (uint8_t)(wide ? b->work->cmd->src.zero_point :
				       (int32_t)b->p->flip);

	for (size_t i = 0; i < b->rows; i++, to += lda) {
		uint8_t *row = wide ? (uint8_t *)b->cpu->pack_a + CPU_INPUTS - ROW :
				      to;

		octet_cpu_row_bytes(b->work, b->group, b->a, b->m0 + i,
				    b->lines, fill, row);
		if (wide || b->p->flip)
			octet_cpu_fetch(b, to, row, n, 1, 0, &b->sums[i]);
		b->x[i] = to;
	}
}

/* @count pixels of an output row, the first one at column @x of image row @row. */
static void find_run(const struct cpu_block *b, const uint8_t *row, int64_t x,
		     size_t count, const uint8_t **to)
{
	const struct octet_cmd *cmd = b->work->cmd;
	const uint64_t step = b->work->src.stride[3];
	size_t i = 0;

	for (; i < count && (!row || x < 0); i++, x += cmd->sw)
		to[i] = b->cpu->pad;
	if (i < count && x < cmd->w) {
		const uint8_t *at = row + (uint64_t)x * step;
		const size_t inside = (cmd->w - 1 - (size_t)x) / cmd->sw + 1;
		const size_t end = count - i < inside ? count : i + inside;
		const size_t by = cmd->sw * step;

		for (; i < end; i++, at += by)
			to[i] = at;
	}
	for (; i < count; i++)
		to[i] = b->cpu->pad;
}

/* Of kernels by one pixel. */
static void find_pixels(struct cpu_block *b)
{
	const struct octet_cmd *cmd = b->work->cmd;
	const uint64_t *stride = b->work->src.stride;

	for (size_t i = 0, count; i < b->rows; i += count) {
		const uint64_t m = b->m0 + i, ox = m % cmd->ow;
		const uint64_t oy = m / cmd->ow % cmd->oh;
		const int64_t y = (int64_t)(oy * cmd->sh) - cmd->pt;
		const uint8_t *image = b->work->x +
				       b->group * b->work->wgt.inner +
				       m / cmd->ow / cmd->oh * stride[1];

		count = cmd->ow - ox;
		if (count > b->rows - i)
			count = b->rows - i;
		find_run(b, y < 0 || y >= cmd->h ? NULL :
			 image + (uint64_t)y * stride[2],
			 (int64_t)(ox * cmd->sw) - cmd->pl, count, &b->x[i]);
	}
}

void octet_cpu_find_rows(struct cpu_block *b)
{
	if (b->work->cmd->op != OCTET_OP_GEMM) {
		find_pixels(b);
		return;
	}
	for (size_t i = 0; i < b->rows; i++)
		b->x[i] = b->a + (b->m0 + i) * b->work->src.stride[2];
}

/* Rows that are one run each: neighbours at once where they are equally far apart. */
static void from_runs(struct cpu_block *b)
{
	const struct cpu_bytes *k = b->cpu->k->bytes;
	const size_t n = 4 * b->lines, lda = n * octet_cpu_input_size(b);
	uint8_t *to = (uint8_t *)b->cpu->pack_a;

	octet_cpu_find_rows(b);
	if (!k->widen && (!b->p->flip || k->flips())) {
		b->flip = b->p->flip;
		return;
	}
	for (size_t i = 0, count; i < b->rows; i += count) {
		const uintptr_t at = (uintptr_t)b->x[i];
		const size_t step = i + 1 < b->rows ?
				    (uintptr_t)b->x[i + 1] - at : 0;

		for (count = 1; i + count < b->rows &&
		     (uintptr_t)b->x[i + count] - at == count * step;)
			count++;
		octet_cpu_fetch(b, to, b->x[i], n, count, step, &b->sums[i]);
		for (size_t j = 0; j < count; j++, to += lda)
			b->x[i + j] = to;
	}
}

void octet_cpu_inputs(struct cpu_block *b)
{
	b->flip = 0;
	if (b->copy)
		from_copies(b);
	else if (b->images)
		octet_cpu_images(b);
	else
		from_runs(b);
}
