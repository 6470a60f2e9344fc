/* SPDX-License-Identifier: MIT */
/* Operands of the matrix product: strided bytes to packed int16. */
#include "op.h"

static size_t least(uint64_t a, uint64_t b)
{
	return (size_t)(a < b ? a : b);
}

static int32_t value(const uint8_t *p, bool is_signed)
{
	return is_signed ? (int8_t)*p : *p;
}

void octet_cpu_take(const struct octet_cpu *cpu, const struct cpu_work *work,
		    int16_t *to, const uint8_t *from, size_t n)
{
	if (work->x_size == 2)
		memcpy(to, from, 2 * n);
	else
		cpu->k->widen(to, from, n, work->x_signed,
			      work->cmd->src.zero_point);
}

static void fill(int16_t *to, size_t n, int16_t v)
{
	for (size_t i = 0; i < n; i++)
		to[i] = v;
}

/* Elements [k0, k0 + k) of channel o's filter, in the order r, s, c. */
static void filter_row(const struct octet_cpu *cpu, const struct cpu_work *work,
		       const uint8_t *w, uint64_t o, uint64_t k0, size_t k,
		       int16_t *row)
{
	const struct cpu_shape *s = &work->wgt;
	const uint64_t c = s->inner;
	const uint64_t columns = s->extent[3];

	w += o * s->stride[1];
	/* taps that follow each other in memory are one run */
	if ((columns == 1 || s->stride[3] == c) &&
	    (s->extent[2] == 1 || s->stride[2] == c * columns)) {
		cpu->k->widen(row, w + k0, k, work->w_signed, work->zw[o]);
		return;
	}
	while (k) {
		const uint64_t tap = k0 / c;
		const uint64_t at = k0 % c;
		const size_t n = least(c - at, k);

		cpu->k->widen(row, w + tap / columns * s->stride[2] +
				   tap % columns * s->stride[3] + at, n,
			      work->w_signed, work->zw[o]);
		row += n;
		k0 += n;
		k -= n;
	}
}

/* One column of a panel from a row of k values; k is filled up to even. */
static void scatter(int16_t *panel, size_t tile, const int16_t *row, size_t k)
{
	size_t i;

	for (i = 0; i + 1 < k; i += 2)
		memcpy(panel + i * tile, row + i, 2 * sizeof(*row));
	if (i < k) {
		panel[i * tile] = row[i];
		panel[i * tile + 1] = 0;
	}
}

/* Columns of a panel from a K x N matrix: rows k and k + 1 interleave. */
static void interleave(const struct cpu_work *work, const uint8_t *b,
		       uint64_t o, size_t columns, size_t tile, size_t k,
		       int16_t *panel)
{
	const uint64_t stride = work->wgt.stride[2];

	for (size_t i = 0; i < k; i++) {
		int16_t *to = panel + i / 2 * 2 * tile + i % 2;
		const uint8_t *from = b + i * stride + o;

		for (size_t j = 0; j < columns; j++)
			to[2 * j] = (int16_t)(value(from + j, work->w_signed) -
					      work->zw[o + j]);
	}
	if (k % 2)
		for (size_t j = 0; j < columns; j++)
			panel[(k - 1) * tile + 2 * j + 1] = 0;
}

void octet_cpu_pack_b(const struct octet_cpu *cpu, const struct cpu_work *work,
		      const uint8_t *w, uint64_t o0, size_t n, uint64_t k0,
		      size_t k)
{
	const bool gemm = work->cmd->op == OCTET_OP_GEMM;
	const bool transposed = work->cmd->wgt.flags &
				OCTET_OPERAND_TRANSPOSED;
	const uint64_t stride = work->wgt.stride[2];
	const size_t tile = cpu->k->tile_n;
	const size_t even = k + k % 2;

	for (size_t j0 = 0; j0 < n; j0 += tile) {
		int16_t *panel = cpu->pack_b + j0 * even;
		const size_t columns = least(n - j0, tile);

		if (columns < tile)
			memset(panel, 0, even * tile * sizeof(*panel));
		if (gemm && !transposed) {
			interleave(work, w + k0 * stride, o0 + j0, columns,
				   tile, k, panel);
			continue;
		}
		for (size_t j = 0; j < columns; j++) {
			const uint64_t o = o0 + j0 + j;

			if (gemm)
				cpu->k->widen(cpu->row, w + o * stride + k0, k,
					      work->w_signed, work->zw[o]);
			else
				filter_row(cpu, work, w, o, k0, k, cpu->row);
			scatter(panel + 2 * j, tile, cpu->row, k);
		}
	}
}

/**
 * struct patch - what a pixel of the output looks at
 * @x0: leftmost input column, may be negative
 * @image: its image's element 0 of the group
 * @c: channels of the group
 */
struct patch {
	const struct octet_cpu *cpu;
	const struct cpu_work *work;
	const uint8_t *image;
	int64_t x0;
	uint64_t c;
	int16_t pad;
};

/*
 * Elements [at, at + n) of a row of taps, columns j and up of the kernel, that
 * lie side by side in memory; row is the input row's first byte.
 */
static void copy_run(const struct patch *p, const uint8_t *row, uint64_t j,
		     uint64_t taps, uint64_t at, size_t n, int16_t *to)
{
	const struct octet_cmd *cmd = p->work->cmd;
	const int64_t x = p->x0 + (int64_t)j * cmd->dw;
	const int64_t c = (int64_t)p->c;
	const uint64_t step = p->work->src.stride[3];
	int64_t first = x < 0 ? -x : 0;
	int64_t end = (int64_t)cmd->w - x;
	int64_t from = (int64_t)at, until = (int64_t)(at + n), mid;

	if (end > (int64_t)taps)
		end = (int64_t)taps;
	/* elements of the run that are inside the image: [first, end) */
	if (end <= first) {
		fill(to, n, p->pad);
		return;
	}
	first *= c;
	end *= c;
	if (from < first) {
		mid = until < first ? until : first;
		fill(to, (size_t)(mid - from), p->pad);
		to += mid - from;
		from = mid;
	}
	if (from < until && from < end) {
		mid = until < end ? until : end;
		/* taps > 1 only where step is c, or the image one pixel wide */
		octet_cpu_take(p->cpu, p->work, to, row + (uint64_t)(x + from / c) * step +
					  (uint64_t)(from % c) *
					  p->work->x_size,
		     (size_t)(mid - from));
		to += mid - from;
		from = mid;
	}
	if (from < until)
		fill(to, (size_t)(until - from), p->pad);
}

void octet_cpu_pack_a_conv(const struct octet_cpu *cpu,
			   const struct cpu_work *work, uint32_t group,
			   uint64_t pixel, uint64_t k0, size_t k, int16_t *row)
{
	const struct octet_cmd *cmd = work->cmd;
	const uint64_t c = work->wgt.inner;
	const uint64_t *stride = work->src.stride;
	const uint64_t oy = pixel / cmd->ow % cmd->oh;
	/* columns of the kernel that are one run of memory */
	const bool joined = cmd->dw == 1 && cmd->groups == 1 &&
			    (stride[3] == c * work->x_size || cmd->w == 1);
	const uint64_t taps = joined ? cmd->s : 1;
	const struct patch p = {
		.cpu = cpu,
		.work = work,
		.image = work->x + pixel / cmd->ow / cmd->oh * stride[1] +
			 group * c * work->x_size,
		.x0 = (int64_t)(pixel % cmd->ow * cmd->sw) - cmd->pl,
		.c = c,
		.pad = (int16_t)(cmd->pad_value - cmd->src.zero_point),
	};

	if (k % 2)
		row[k] = 0;
	while (k) {
		const uint64_t i = k0 / (c * cmd->s);
		const uint64_t j = k0 / c % cmd->s / taps * taps;
		const uint64_t at = k0 - (i * cmd->s + j) * c;
		const size_t n = least(taps * c - at, k);
		const int64_t y = (int64_t)(oy * cmd->sh + i * cmd->dh) -
				  cmd->pt;

		if (y < 0 || y >= cmd->h)
			fill(row, n, p.pad);
		else
			copy_run(&p, p.image + (uint64_t)y * stride[2], j, taps,
				 at, n, row);
		row += n;
		k0 += n;
		k -= n;
	}
}

static void take_one(const struct cpu_work *work, int16_t *to,
		     const uint8_t *from)
{
	if (work->x_size == 2)
		memcpy(to, from, 2);
	else
		*to = (int16_t)(value(from, work->x_signed) -
				work->cmd->src.zero_point);
}

void octet_cpu_pack_a_gemm(const struct octet_cpu *cpu,
			   const struct cpu_work *work, const uint8_t *a,
			   uint64_t m0, size_t m, uint64_t k0, size_t k,
			   size_t lda)
{
	const uint64_t stride = work->src.stride[2];
	int16_t *to = cpu->pack_a;

	if (k % 2)
		for (size_t i = 0; i < m; i++)
			to[i * lda + k] = 0;
	if (!(work->cmd->src.flags & OCTET_OPERAND_TRANSPOSED)) {
		for (size_t i = 0; i < m; i++)
			octet_cpu_take(cpu, work, to + i * lda,
			     a + (m0 + i) * stride + k0 * work->x_size, k);
		return;
	}
	for (size_t j = 0; j < k; j++) {
		const uint8_t *from = a + (k0 + j) * stride +
				      m0 * work->x_size;

		for (size_t i = 0; i < m; i++)
			take_one(work, to + i * lda + j,
				 from + i * work->x_size);
	}
}
