/* SPDX-License-Identifier: MIT */
/*
 * CONV2D and GEMM as blocked matrix products. A row of the left matrix is a
 * pixel's patch (conv) or a row of A; a column of the right one is an output
 * channel. Both are packed to int16, block by block, so that scratch memory
 * does not depend on the command.
 */
#include <errno.h>
#include <string.h>

#include "cpu_priv.h"

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

static void pack_a(const struct octet_cpu *cpu, const struct cpu_work *work,
		   const struct product *p, uint64_t m0, size_t m, uint64_t k0,
		   size_t k, size_t lda)
{
	if (work->cmd->op == OCTET_OP_GEMM) {
		octet_cpu_pack_a_gemm(cpu, work, p->a, m0, m, k0, k, lda);
		return;
	}
	for (size_t i = 0; i < m; i++)
		octet_cpu_pack_a_conv(cpu, work, p->group, m0 + i, k0, k,
				      cpu->pack_a + i * lda);
}

/* acc += A block x B block, in slices that stay in the caches */
static void multiply(const struct octet_cpu *cpu, size_t m, size_t n, size_t k,
		     size_t ldc)
{
	const size_t tile = cpu->k->tile_n;

	for (size_t k0 = 0; k0 < k; k0 += CPU_SLICE_K) {
		const size_t left = k - k0;
		const size_t now = left < CPU_SLICE_K ? left : CPU_SLICE_K;

		cpu->k->gemm(m, n, now / 2, cpu->pack_a + k0, k,
			     cpu->pack_b + k0 * tile, k * tile, cpu->acc, ldc);
	}
}

static size_t least(uint64_t a, size_t b)
{
	return a < b ? (size_t)a : b;
}

/* Columns [n0, n0 + n) of the result. */
static int columns(struct octet_cpu *cpu, const struct cpu_work *work,
		   const struct product *p, uint64_t n0, size_t n)
{
	const size_t tile = cpu->k->tile_n;
	const size_t wide = (n + tile - 1) / tile * tile;
	const uint64_t o = p->channel + n0;

	for (uint64_t m0 = 0; m0 < p->m; m0 += CPU_BLOCK_M) {
		const size_t m = least(p->m - m0, CPU_BLOCK_M);

		memset(cpu->acc, 0, m * wide * sizeof(*cpu->acc));
		for (uint64_t k0 = 0; k0 < p->k; k0 += CPU_BLOCK_K) {
			const size_t k = least(p->k - k0, CPU_BLOCK_K);
			const size_t even = k + k % 2;

			if (atomic_load_explicit(&cpu->cancel,
						 memory_order_relaxed))
				return -ECANCELED;
			/* packed B serves all rows if it fits as a whole */
			if (!m0 || p->k > CPU_BLOCK_K)
				octet_cpu_pack_b(cpu, work, p->b, o, n, k0, k);
			pack_a(cpu, work, p, m0, m, k0, k, even);
			multiply(cpu, m, wide, even, wide);
		}
		for (size_t i = 0; i < m; i++)
			cpu->k->requant(&work->stage, o, cpu->acc + i * wide, n,
					row_of(work, p, m0 + i) +
					o * work->y_size);
	}
	return 0;
}

static int product(struct octet_cpu *cpu, const struct cpu_work *work,
		   const struct product *p)
{
	const size_t tile = cpu->k->tile_n;
	const size_t k = least(p->k + p->k % 2, CPU_BLOCK_K);
	size_t block = least(CPU_PACK_B / k / tile * tile, CPU_BLOCK_N);
	int err;

	if (block < tile)
		block = tile;
	for (uint64_t n0 = 0; n0 < p->n; n0 += block) {
		err = columns(cpu, work, p, n0, least(p->n - n0, block));
		if (err)
			return err;
	}
	return 0;
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

			err = product(cpu, work, &p);
			if (err)
				return err;
		}
	}
	return 0;
}

int octet_cpu_matrix(struct octet_cpu *cpu, const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	const uint64_t channels = cmd->cout / cmd->groups;
	int err;

	if (cmd->op == OCTET_OP_GEMM)
		return gemm(cpu, work);
	for (uint32_t g = 0; g < cmd->groups; g++) {
		const struct product p = {
			.group = g,
			.channel = g * channels,
			.a = work->x,
			.b = work->w,
			.y = work->y,
			.m = (uint64_t)cmd->n * cmd->oh * cmd->ow,
			.n = channels,
			.k = (uint64_t)cmd->r * cmd->s * work->wgt.inner,
		};

		err = product(cpu, work, &p);
		if (err)
			return err;
	}
	return 0;
}
