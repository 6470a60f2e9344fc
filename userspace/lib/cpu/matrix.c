/* SPDX-License-Identifier: MIT */
/*
 * CONV2D and GEMM as blocked matrix products. A row of the left matrix is a
 * pixel's patch (conv) or a row of A; a column of the right one is an output
 * channel. Both are packed to int16, block by block, so that scratch memory
 * does not depend on the command. Sums of int16 inputs are made in slices that
 * fit 32 bits, and added up in 64.
 */
#include <errno.h>

#include "op.h"
#include "packed.h"

/**
 * struct product - one matrix product of a command
 * @group: of the convolution
 * @channel: first output channel
 * @a, @b: element 0 of the inputs (GEMM: of this batch)
 * @y: element 0 of the result
 */
struct product {
	uint32_t group;
	uint64_t channel;
	const uint8_t *a;
	const uint8_t *b;
	uint8_t *y;
	uint64_t m, n, k;
};

static uint8_t *row_of(const struct cpu_work *work, const struct product *p,
		       uint64_t m)
{
	const struct octet_cmd *cmd = work->cmd;
	const uint64_t *stride = work->dst.stride;

	if (cmd->op == OCTET_OP_GEMM)
		return p->y + m * stride[2];
	return p->y + m / cmd->ow / cmd->oh * stride[1] +
	       m / cmd->ow % cmd->oh * stride[2] + m % cmd->ow * stride[3];
}

/* Whether the patches of a convolution are its input, one after the other. */
static bool patches_are_input(const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	const uint64_t *stride = work->src.stride;
	const uint64_t pixel = (uint64_t)cmd->cin * work->x_size;

	return cmd->r == 1 && cmd->s == 1 && cmd->sh == 1 && cmd->sw == 1 &&
	       !cmd->pt && !cmd->pl && cmd->oh == cmd->h &&
	       cmd->ow == cmd->w && cmd->groups == 1 &&
	       (cmd->w == 1 || stride[3] == pixel) &&
	       (cmd->h == 1 || stride[2] == pixel * cmd->w) &&
	       (cmd->n == 1 || stride[1] == pixel * cmd->w * cmd->h);
}

static void pack_a(const struct octet_cpu *cpu, const struct cpu_work *work,
		   const struct product *p, uint64_t m0, size_t m, uint64_t k0,
		   size_t k, size_t lda)
{
	if (work->cmd->op == OCTET_OP_GEMM) {
		octet_cpu_pack_a_gemm(cpu, work, p->a, m0, m, k0, k, lda);
		return;
	}
	if (k == p->k && k == lda && patches_are_input(work)) {
		octet_cpu_take(cpu, work, cpu->pack_a,
			       p->a + m0 * k * work->x_size, m * k);
		return;
	}
	for (size_t i = 0; i < m; i++)
		octet_cpu_pack_a_conv(cpu, work, p->group, m0 + i, k0, k,
				      cpu->pack_a + i * lda);
}

/* acc += A block x B block, in slices that stay in the caches */
static void multiply(const struct octet_cpu *cpu, const int16_t *b, size_t m,
		     size_t n, size_t k, size_t ldc)
{
	const size_t tile = cpu->k->tile_n;

	for (size_t k0 = 0; k0 < k; k0 += CPU_SLICE_K) {
		const size_t left = k - k0;
		const size_t now = left < CPU_SLICE_K ? left : CPU_SLICE_K;

		cpu->k->gemm(m, n, now / 2, cpu->pack_a + k0, k,
			     b + k0 * tile, k * tile, cpu->acc, ldc);
	}
}

/* The same into 64 bits, from slices of CPU_SUM16 products. */
static void multiply16(const struct octet_cpu *cpu, size_t m, size_t n,
		       size_t k, int64_t *wide)
{
	const size_t tile = cpu->k->tile_n;

	for (size_t k0 = 0; k0 < k; k0 += CPU_SUM16) {
		const size_t left = k - k0;
		const size_t now = left < CPU_SUM16 ? left : CPU_SUM16;

		memset(cpu->acc, 0, m * n * sizeof(*cpu->acc));
		cpu->k->gemm(m, n, now / 2, cpu->pack_a + k0, k,
			     cpu->pack_b + k0 * tile, k * tile, cpu->acc, n);
		for (size_t i = 0; i < m * n; i++)
			wide[i] += cpu->acc[i];
	}
}

static size_t least(uint64_t a, size_t b)
{
	return a < b ? (size_t)a : b;
}

/* Columns [o, o + n) of rows [m0, m0 + m) from rows of sums, wide long. */
static void results(const struct octet_cpu *cpu, const struct cpu_work *work,
		    const struct product *p, uint64_t m0, size_t m, uint64_t o,
		    size_t n, size_t wide)
{
	const int64_t *sums = cpu->wide.data;

	for (size_t i = 0; i < m; i++) {
		uint8_t *y = row_of(work, p, m0 + i) + o * work->y_size;

		if (work->x_size == 2)
			octet_cpu_requant16(work, o, sums + i * wide, n, y);
		else
			cpu->k->requant(&work->stage, o, cpu->acc + i * wide,
					n, y);
	}
}

/* Elements of a group's panels. */
static size_t panels_step(const struct octet_cpu *cpu, const struct product *p)
{
	const size_t tile = cpu->k->tile_n;

	return (p->n + tile - 1) / tile * tile * (p->k + p->k % 2);
}

/* Columns [n0, n0 + n) of the result. */
static int columns(struct octet_cpu *cpu, const struct cpu_work *work,
		   const struct product *p, uint64_t n0, size_t n)
{
	const size_t tile = cpu->k->tile_n;
	const size_t wide = (n + tile - 1) / tile * tile;
	const uint64_t o = p->channel + n0;
	const int16_t *b = cpu->pack_b;
	int64_t *sums = NULL;

	if (work->panels)
		b = work->panels + p->group * panels_step(cpu, p) +
		    n0 * (p->k + p->k % 2);
	if (work->x_size == 2) {
		sums = octet_cpu_grow(&cpu->wide, CPU_BLOCK_M * wide *
						  sizeof(*sums));
		if (!sums)
			return -ENOMEM;
	}
	for (uint64_t m0 = 0; m0 < p->m; m0 += CPU_BLOCK_M) {
		const size_t m = least(p->m - m0, CPU_BLOCK_M);

		memset(cpu->acc, 0, m * wide * sizeof(*cpu->acc));
		if (sums)
			memset(sums, 0, m * wide * sizeof(*sums));
		for (uint64_t k0 = 0; k0 < p->k; k0 += CPU_BLOCK_K) {
			const size_t k = least(p->k - k0, CPU_BLOCK_K);
			const size_t even = k + k % 2;

			if (atomic_load_explicit(cpu->cancel,
						 memory_order_relaxed))
				return -ECANCELED;
			/* packed B serves all rows if it fits as a whole */
			if (!work->panels && (!m0 || p->k > CPU_BLOCK_K))
				octet_cpu_pack_b(cpu, work, p->b, o, n, k0, k);
			pack_a(cpu, work, p, m0, m, k0, k, even);
			if (sums)
				multiply16(cpu, m, wide, even, sums);
			else
				multiply(cpu, b, m, wide, even, wide);
		}
		results(cpu, work, p, m0, m, o, n, wide);
	}
	return 0;
}

/*
 * Bytes from one output channel's weights to the next, if these lie side by
 * side in the order of the patch; else 0.
 */
static uint64_t filter_step(const struct cpu_work *work)
{
	const struct cpu_shape *s = &work->wgt;

	if (work->cmd->op == OCTET_OP_GEMM)
		return work->cmd->wgt.flags & OCTET_OPERAND_TRANSPOSED ?
		       s->stride[2] : 0;
	if ((s->extent[3] == 1 || s->stride[3] == s->inner) &&
	    (s->extent[2] == 1 || s->stride[2] == s->inner * s->extent[3]))
		return s->stride[1];
	return 0;
}

/* One row of bytes: to pack the weights would cost more than to use them. */
static int one_row(struct octet_cpu *cpu, const struct cpu_work *work,
		   const struct product *p, uint64_t step)
{
	uint32_t sum = 0;

	pack_a(cpu, work, p, 0, 1, 0, (size_t)p->k, (size_t)p->k);
	for (size_t k = 0; k < p->k; k++)
		sum += (uint32_t)cpu->pack_a[k];
	for (uint64_t n0 = 0; n0 < p->n; n0 += CPU_BLOCK_N) {
		const size_t n = least(p->n - n0, CPU_BLOCK_N);
		const uint64_t o = p->channel + n0;

		if (octet_cpu_canceled(cpu))
			return -ECANCELED;
		cpu->k->rows(n, (size_t)p->k, cpu->pack_a, p->b + o * step,
			     step, work->w_signed, cpu->acc);
		for (size_t i = 0; i < n; i++)
			cpu->acc[i] = (int32_t)((uint32_t)cpu->acc[i] - sum *
						(uint32_t)work->zw[o + i]);
		results(cpu, work, p, 0, 1, o, n, n);
	}
	return 0;
}

static int product(struct octet_cpu *cpu, const struct cpu_work *work,
		   const struct product *p)
{
	const size_t tile = cpu->k->tile_n;
	const size_t k = least(p->k + p->k % 2, CPU_BLOCK_K);
	size_t block = least(CPU_PACK_B / k / tile * tile, CPU_BLOCK_N);
	const uint64_t step = filter_step(work);
	int err;

	if (p->m == 1 && step && work->x_size == 1 &&
	    p->k < CPU_BLOCK_M * CPU_BLOCK_K)
		return one_row(cpu, work, p, step);
	if (block < tile)
		block = tile;
	for (uint64_t n0 = 0; n0 < p->n; n0 += block) {
		err = columns(cpu, work, p, n0, least(p->n - n0, block));
		if (err)
			return err;
	}
	return 0;
}

/* On bytes, its weights packed here; -ENOTSUP: not on this level. */
static int bytes(struct octet_cpu *cpu, const struct cpu_work *work,
		 const struct product *p)
{
	uint64_t bytes;
	const struct cpu_packed *packed = work->packed;
	int err = 0;

	if (!packed) {
		if (!octet_cpu_bytes_fit(cpu, work))
			return -ENOTSUP;
		err = octet_cpu_pack_panels(cpu, work, p->b, cpu->packed,
					    &bytes);
		packed = cpu->packed;
	}
	for (size_t g = 0; !err && g < packed->groups; g++)
		err = octet_cpu_bytes_product(cpu, work, packed, g, p->a, p->y);
	return err;
}

static int gemm(struct octet_cpu *cpu, const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	int err;

	for (uint64_t b2 = 0; b2 < cmd->n2; b2++) {
		for (uint64_t b = 0; b < cmd->n; b++) {
			const struct product p = {
				.a = work->x + b2 * work->src.stride[0] +
				     b * work->src.stride[1],
				.b = work->w + b2 * work->wgt.stride[0] +
				     b * work->wgt.stride[1],
				.y = work->y + b2 * work->dst.stride[0] +
				     b * work->dst.stride[1],
				.m = cmd->h,
				.n = cmd->cout,
				.k = cmd->cin,
			};

			err = bytes(cpu, work, &p);
			if (err == -ENOTSUP)
				err = product(cpu, work, &p);
			if (err)
				return err;
		}
	}
	return 0;
}

/* Group @g of a convolution, or a matrix product that is not batched. */
static struct product group_of(const struct cpu_work *work, uint32_t g)
{
	const struct octet_cmd *cmd = work->cmd;
	const bool gemm = cmd->op == OCTET_OP_GEMM;
	const uint64_t channels = cmd->cout / (gemm ? 1 : cmd->groups);

	return (struct product) {
		.group = g,
		.channel = g * channels,
		.a = work->x,
		.b = work->w,
		.y = work->y,
		.m = gemm ? cmd->h : (uint64_t)cmd->n * cmd->oh * cmd->ow,
		.n = channels,
		.k = gemm ? cmd->cin :
			    (uint64_t)cmd->r * cmd->s * work->wgt.inner,
	};
}

uint64_t octet_cpu_panels_size(const struct octet_cpu *cpu,
			       const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	const struct product p = group_of(work, 0);
	const uint32_t groups = cmd->op == OCTET_OP_GEMM ? 1 : cmd->groups;

	if (cmd->op == OCTET_OP_DEPTHWISE || work->x_size != 1 ||
	    p.k > CPU_BLOCK_K || p.m == 1)
		return 0;
	return groups * panels_step(cpu, &p) * sizeof(int16_t);
}

void octet_cpu_panels_make(const struct octet_cpu *cpu,
			   const struct cpu_work *work, int16_t *to)
{
	const struct octet_cmd *cmd = work->cmd;
	const uint32_t groups = cmd->op == OCTET_OP_GEMM ? 1 : cmd->groups;
	const size_t tile = cpu->k->tile_n;

	for (uint32_t g = 0; g < groups; g++) {
		const struct product p = group_of(work, g);
		const size_t step = tile * (p.k + p.k % 2);

		for (uint64_t n0 = 0; n0 < p.n; n0 += tile, to += step) {
			octet_cpu_pack_b(cpu, work, p.b, p.channel + n0,
					 least(p.n - n0, tile), 0, (size_t)p.k);
			memcpy(to, cpu->pack_b, step * sizeof(*to));
		}
	}
}

int octet_cpu_matrix(struct octet_cpu *cpu, const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	int err;

	if (cmd->op == OCTET_OP_GEMM)
		return gemm(cpu, work);
	err = bytes(cpu, work, &(struct product){ .b = work->w });
	if (err != -ENOTSUP)
		return err;
	for (uint32_t g = 0; g < cmd->groups; g++) {
		const struct product p = group_of(work, g);

		err = product(cpu, work, &p);
		if (err)
			return err;
	}
	return 0;
}
