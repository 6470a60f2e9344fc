/* SPDX-License-Identifier: MIT */
/*
 * TCONV2D by scattering: a row of inputs times one tap of the weights is added
 * to every sw-th pixel of a row of sums, so a tap is one matrix product.
 */
#include <errno.h>

#include "op.h"

/* Elements of a block of weights and of a row of sums, where tiles allow. */
#define WEIGHTS_MAX	(1u << 20)
#define SUMS_MAX	(1u << 18)

/**
 * struct tconv - output channels [o, o + n) of one group
 * @group: number of it
 * @wide: n, filled up to tiles: a row's step in sums and weights
 * @k: input channels of the group
 * @even: @k, filled up
 * @b: weights, tap by tap
 * @acc: sums of a row of the output
 * @sums: int16: those of the slices before
 * @pending: products in a sum of @acc, at most
 */
struct tconv {
	struct octet_cpu *cpu;
	const struct cpu_work *work;
	uint32_t group;
	uint64_t o;
	size_t n, wide;
	size_t k, even;
	int16_t *b;
	int32_t *acc;
	int64_t *sums;
	size_t pending;
};

/* Weights of a tap as panels, see kernels.h. */
static void pack_tap(struct tconv *t, uint64_t i, uint64_t j)
{
	const struct cpu_work *work = t->work;
	const size_t tile = t->cpu->k->tile_n;
	int16_t *to = t->b + (i * work->cmd->s + j) * t->even * t->wide;

	memset(to, 0, t->even * t->wide * sizeof(*to));
	for (size_t c = 0; c < t->n; c++) {
		const uint8_t *w = work->w + (t->o + c) * work->wgt.stride[1] +
				   i * work->wgt.stride[2] +
				   j * work->wgt.stride[3];
		int16_t *panel = to + c / tile * tile * t->even + c % tile * 2;

		for (size_t k = 0; k < t->k; k++)
			panel[k / 2 * 2 * tile + k % 2] = (int16_t)(
				octet_cpu_code(w[k], work->w_signed) -
				work->zw[t->o + c]);
	}
}

/* Pixels [x, x + m) of an input row, filled up. */
static void pack_pixels(struct tconv *t, const uint8_t *row, uint64_t x,
			size_t m)
{
	const struct cpu_work *work = t->work;
	int16_t *to = t->cpu->pack_a;

	for (size_t i = 0; i < m; i++, to += t->even) {
		const uint8_t *from = row + (x + i) * work->src.stride[3] +
				      t->group * t->k * work->x_size;

		octet_cpu_take(t->cpu, work, to, from, t->k);
		if (t->even > t->k)
			to[t->k] = 0;
	}
}

static void flush(struct tconv *t)
{
	const size_t all = t->work->cmd->ow * t->wide;

	for (size_t i = 0; i < all; i++)
		t->sums[i] += t->acc[i];
	memset(t->acc, 0, all * sizeof(*t->acc));
	t->pending = 0;
}

/*
 * Adds pixels [x, x + m), packed, times tap (i, j): input column x goes to
 * x * sw + j - pl, if there is one.
 */
static void add_tap(struct tconv *t, uint64_t x, size_t m, uint64_t i,
		    uint64_t j)
{
	const struct octet_cmd *cmd = t->work->cmd;
	const size_t tile = t->cpu->k->tile_n;
	const int64_t shift = (int64_t)j - cmd->pl, sw = cmd->sw;
	const int16_t *b = t->b + (i * cmd->s + j) * t->even * t->wide;
	const size_t slice = t->sums ? CPU_SUM16 : t->even;
	int64_t first = (int64_t)x, end = (int64_t)(x + m);

	if (first * sw + shift < 0)
		first = (-shift + sw - 1) / sw;
	if ((end - 1) * sw + shift >= cmd->ow)
		end = ((int64_t)cmd->ow - shift + sw - 1) / sw;
	if (first >= end)
		return;
	for (size_t k = 0; k < t->even; k += slice) {
		const size_t now = t->even - k < slice ? t->even - k : slice;

		if (t->sums && t->pending + now > CPU_SUM16)
			flush(t);
		t->pending += now;
		t->cpu->k->gemm((size_t)(end - first), t->wide, now / 2,
				t->cpu->pack_a +
				(size_t)(first - (int64_t)x) * t->even + k,
				t->even, b + k * tile, t->even * tile,
				t->acc + (size_t)(first * sw + shift) * t->wide,
				(size_t)sw * t->wide);
	}
}

/* All of input row yi with the kernel's row i. */
static int add_row(struct tconv *t, const uint8_t *row, uint64_t i)
{
	const struct octet_cmd *cmd = t->work->cmd;
	const size_t fits = (size_t)CPU_BLOCK_M * CPU_BLOCK_K / t->even;
	const size_t block = fits < CPU_BLOCK_M ? fits : CPU_BLOCK_M;
	size_t m;

	for (uint64_t x = 0; x < cmd->w; x += m) {
		m = cmd->w - x < block ? (size_t)(cmd->w - x) : block;
		if (octet_cpu_canceled(t->cpu))
			return -ECANCELED;
		pack_pixels(t, row, x, m);
		for (uint64_t j = 0; j < cmd->s; j++)
			add_tap(t, x, m, i, j);
	}
	return 0;
}

static int row(struct tconv *t, uint64_t n, uint64_t oy)
{
	const struct cpu_work *work = t->work;
	const struct octet_cmd *cmd = work->cmd;
	const size_t all = cmd->ow * t->wide;
	uint8_t *y = work->y + n * work->dst.stride[1] +
		     oy * work->dst.stride[2] + t->o * work->y_size;
	int err;

	memset(t->acc, 0, all * sizeof(*t->acc));
	t->pending = 0;
	if (t->sums)
		memset(t->sums, 0, all * sizeof(*t->sums));
	for (uint64_t i = 0; i < cmd->r; i++) {
		const int64_t at = (int64_t)(oy + cmd->pt) - (int64_t)i;

		if (at < 0 || at % cmd->sh || at / cmd->sh >= cmd->h)
			continue;
		err = add_row(t, work->x + n * work->src.stride[1] +
				 (uint64_t)(at / cmd->sh) * work->src.stride[2],
			      i);
		if (err)
			return err;
	}
	if (t->sums)
		flush(t);
	for (uint64_t x = 0; x < cmd->ow; x++, y += work->dst.stride[3]) {
		if (t->sums)
			octet_cpu_requant16(work, t->o, t->sums + x * t->wide,
					    t->n, y);
		else
			t->cpu->k->requant(&work->stage, t->o,
					   t->acc + x * t->wide, t->n, y);
	}
	return 0;
}

static int block(struct tconv *t)
{
	const struct octet_cmd *cmd = t->work->cmd;
	int err;

	for (uint64_t i = 0; i < cmd->r; i++)
		for (uint64_t j = 0; j < cmd->s; j++)
			pack_tap(t, i, j);
	for (uint64_t n = 0; n < cmd->n; n++)
		for (uint64_t y = 0; y < cmd->oh; y++) {
			err = row(t, n, y);
			if (err)
				return err;
		}
	return 0;
}

/* Memory for blocks of channels: their number. */
static size_t memory(struct tconv *t)
{
	const struct octet_cmd *cmd = t->work->cmd;
	const bool words = t->work->x_size == 2;
	const size_t tile = t->cpu->k->tile_n;
	const size_t taps = (size_t)cmd->r * cmd->s * t->even;
	const size_t channels = cmd->cout / cmd->groups;
	size_t wide = (channels + tile - 1) / tile * tile;
	uint8_t *p;

	while (wide > tile && (taps * wide > WEIGHTS_MAX ||
			       cmd->ow * wide > SUMS_MAX))
		wide = (wide / 2 + tile - 1) / tile * tile;
	p = octet_cpu_grow(&t->cpu->wide, cmd->ow * wide *
					  (words ? 12 : 4) + taps * wide * 2);
	if (!p)
		return 0;
	t->sums = words ? (int64_t *)p : NULL;
	t->acc = (int32_t *)(p + (words ? cmd->ow * wide * 8 : 0));
	t->b = (int16_t *)(t->acc + cmd->ow * wide);
	return wide;
}

int octet_cpu_op_tconv(struct octet_cpu *cpu, const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	const uint64_t channels = cmd->cout / cmd->groups;
	struct tconv t = {
		.cpu = cpu,
		.work = work,
		.k = cmd->cin / cmd->groups,
		.even = (cmd->cin / cmd->groups + 1) & ~(size_t)1,
	};
	size_t most;
	int err;

	most = memory(&t);
	if (!most)
		return -ENOMEM;
	for (t.group = 0; t.group < cmd->groups; t.group++)
		for (uint64_t c = 0; c < channels; c += t.n) {
			t.o = t.group * channels + c;
			t.n = channels - c < most ? (size_t)(channels - c) :
						    most;
			t.wide = (t.n + cpu->k->tile_n - 1) / cpu->k->tile_n *
				 cpu->k->tile_n;
			err = block(&t);
			if (err)
				return err;
		}
	return 0;
}
