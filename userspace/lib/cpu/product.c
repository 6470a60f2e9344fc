/* SPDX-License-Identifier: MIT */
/*
 * CONV2D and GEMM on the byte kernels. A block of rows is found once, see
 * product_inputs.c, then panel by panel multiplied tile by tile, so that a panel's
 * weights serve all of the block.
 */
#include <errno.h>

#include "op.h"
#include "product.h"
#include "strassen.h"
#include "winograd.h"

static uint64_t rows_of(const struct octet_cmd *cmd)
{
	return cmd->op == OCTET_OP_GEMM ? cmd->h :
	       (uint64_t)cmd->n * cmd->oh * cmd->ow;
}

bool octet_cpu_bytes_fit(const struct octet_cpu *cpu,
			 const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	uint64_t k = cmd->cin;

	if (!cpu->k->bytes || work->x_size != 1)
		return false;
	if (cmd->op == OCTET_OP_DEPTHWISE)
		return cmd->cin == cmd->cout &&
		       (uint64_t)cmd->r * cmd->s <= CPU_TAPS;
	if (cmd->op != OCTET_OP_GEMM)
		k = (uint64_t)cmd->r * cmd->s * work->wgt.inner;
	/* one row is quicker with weights as they are */
	if (cpu->k->bytes->widen && rows_of(cmd) == 1)
		return false;
	return k + 4 <= CPU_BLOCK_K * sizeof(int16_t);
}

size_t octet_cpu_block_size(void)
{
	return sizeof(struct cpu_block);
}

static void find_outputs(struct cpu_block *b)
{
	const struct octet_cmd *cmd = b->work->cmd;
	const uint64_t *stride = b->work->dst.stride;
	const uint64_t skip = b->group * b->p->channels * b->work->y_size;
	uint64_t m = b->m0;

	for (size_t i = 0, count; i < b->rows; i += count, m += count) {
		uint64_t step = stride[2];
		uint8_t *to = b->y + m * step;

		count = b->rows - i;
		if (cmd->op != OCTET_OP_GEMM) {
			if (count > cmd->ow - m % cmd->ow)
				count = cmd->ow - m % cmd->ow;
			step = stride[3];
			to = b->work->y + m / cmd->ow / cmd->oh * stride[1] +
			     m / cmd->ow % cmd->oh * stride[2] +
			     m % cmd->ow * step + skip;
		}
		for (size_t j = 0; j < count; j++)
			b->out[i + j] = to + j * step;
	}
}

/* Sums of the inputs as the kernels take them. */
static void sum_inputs(struct cpu_block *b)
{
	const uint8_t flip = (uint8_t)b->flip;
	const int32_t less = b->p->negative ? 128 : 0;

	for (size_t i = 0; i < b->rows; i++) {
		uint32_t sum = 0;

		for (size_t t = 0; t < b->taps; t++) {
			const uint8_t *x = b->x[t * CPU_BLOCK_ROWS + i];

			for (size_t k = 0; k < 4 * b->lines; k++)
				sum += (uint32_t)((x[k] ^ flip ^ less) - less);
		}
		b->sums[i] = (int32_t)sum;
	}
}

static void subtract(const struct cpu_block *b, size_t i, size_t rows, size_t n,
		     const int32_t *zw, int32_t *acc)
{
	for (; rows--; i++, acc += n)
		for (size_t c = 0; c < n; c++)
			acc[c] = (int32_t)((uint32_t)acc[c] -
					   (uint32_t)b->sums[i] *
					   (uint32_t)zw[c]);
}

/* Panels [first, first + panels) of all rows of the block, in tiles of as many rows. */
static void strip(struct cpu_block *b, size_t first, size_t panels, size_t tiles)
{
	const struct cpu_packed *p = b->p;
	const struct cpu_bytes *k = b->cpu->k->bytes;
	const size_t c = first * CPU_PANEL;
	const size_t left = p->channels - c;
	const size_t n = left < panels * CPU_PANEL ? left : panels * CPU_PANEL;
	struct cpu_tile t = {
		.panels = panels,
		.taps = b->taps,
		.lines = b->lines,
		.step = CPU_BLOCK_ROWS,
		.flip = b->flip,
		.negative = p->negative,
		.w = p->w + (b->group * p->panels + first) * p->lines * CPU_LINE,
		.ldw = p->lines * CPU_LINE,
		.start = p->start + b->group * p->wide + c,
		.acc = b->cpu->acc,
		.tail = p->zw ? NULL : &b->tail,
		.channel = c,
		.channels = n,
	};

	for (size_t i = 0; i < b->rows; i += t.rows, tiles--) {
		t.rows = (b->rows - i + tiles - 1) / tiles;
		t.x = b->x + i;
		t.y = b->out + i;
		if (k->tile(&t))
			continue;
		if (p->zw)
			subtract(b, i, t.rows, panels * CPU_PANEL,
				 p->zw + b->group * p->wide + c, t.acc);
		k->finish(&b->tail, c, t.acc, panels * CPU_PANEL, t.rows, n,
			  b->out + i);
	}
}

/* Rows of a tile at most: not so many that there is no room for four panels. */
static size_t tile_rows(const struct cpu_bytes *k, size_t panels)
{
	const size_t wide = panels < 4 ? panels : 4;
	size_t most = 1;

	while (most < CPU_ROWS && k->most[most + 1] >= wide)
		most++;
	return most;
}

static void multiply(struct cpu_block *b)
{
	const struct cpu_bytes *k = b->cpu->k->bytes;
	const size_t most = tile_rows(k, b->p->panels);
	const size_t tiles = (b->rows + most - 1) / most;
	const size_t wide = k->most[(b->rows + tiles - 1) / tiles];
	size_t strips = (b->p->panels + wide - 1) / wide, panels;

	if (b->p->zw)
		sum_inputs(b);
	for (size_t first = 0; strips; first += panels, strips--) {
		panels = (b->p->panels - first + strips - 1) / strips;
		strip(b, first, panels, tiles);
	}
}

static void results(struct cpu_block *b)
{
	find_outputs(b);
	if (b->p->strassen) {
		octet_cpu_strassen(b);
		return;
	}
	octet_cpu_inputs(b);
	if (b->cpu->k->bytes->widen)
		octet_cpu_wide_multiply(b);
	else
		multiply(b);
}

/*
 * A small last block would read all weights for a few rows. Among many blocks it does
 * not matter, but that they are whole tiles does.
 */
static size_t alike(uint64_t m, size_t most)
{
	const uint64_t blocks = (m + most / 4) / most;

	if (blocks && blocks <= 8 &&
	    (m + blocks - 1) / blocks <= CPU_BLOCK_ROWS)
		return (size_t)((m + blocks - 1) / blocks);
	return most;
}

static struct cpu_tail tail_of(const struct cpu_packed *p,
			       const struct cpu_work *work, size_t group)
{
	struct cpu_tail tail = p->tail;

	tail.stage.nearest = work->stage.nearest;
	tail.stage.mult += group * p->wide;
	tail.stage.shift += group * p->wide;
	tail.half += group * p->wide;
	tail.right += group * p->wide;
	tail.ties += group * p->wide;
	return tail;
}

static size_t rows_of_block(const struct cpu_block *b)
{
	const size_t room = CPU_INPUTS / (4 * b->p->lines);
	size_t most;

	if (b->p->strassen)
		return alike(b->m, octet_cpu_strassen_rows(b->p));
	if (b->cpu->k->bytes->widen)
		return alike(b->m, octet_cpu_wide_rows(b));
	most = alike(b->m, CPU_BLOCK_ROWS);
	return most < room ? most : room;
}

/*
 * What the rows of the product are: whole, runs of image rows, or copies of patches.
 * Returns how many a block has.
 */
static size_t arrange(struct cpu_block *b)
{
	const struct octet_cmd *cmd = b->work->cmd;
	const uint64_t pixels = (uint64_t)cmd->r * cmd->s;
	size_t most;

	b->taps = 1;
	b->images = false;
	b->kept = b->kept_end = 0;
	if (cmd->op == OCTET_OP_GEMM) {
		b->copy = cmd->cin % 4 ||
			  cmd->src.flags & OCTET_OPERAND_TRANSPOSED;
	} else {
		/* what a wide row's sum is less is known pixel by pixel */
		const size_t run = b->work->wgt.inner *
			(cmd->dw == 1 && !b->cpu->k->bytes->widen ? cmd->s : 1);

		b->copy = !b->p->row && (run % 4 || pixels > CPU_TAPS ||
					 b->work->wgt.inner > CPU_PAD);
		memset(b->cpu->pad, cmd->pad_value,
		       b->copy ? 0 : b->work->wgt.inner);
		b->images = !b->copy && pixels > 1;
	}
	most = rows_of_block(b);
	while (b->p->row && !octet_cpu_images_fit(b, most))
		most /= 2;
	if (b->images && octet_cpu_images_fit(b, most)) {
		b->taps = cmd->dw == 1 ? cmd->r : (size_t)pixels;
	} else if (b->images) {
		b->copy = true;
		b->images = false;
		most = rows_of_block(b);
	}
	b->lines = b->p->lines / b->taps;
	return most;
}

int octet_cpu_bytes_product(struct octet_cpu *cpu, const struct cpu_work *work,
			    const struct cpu_packed *p, size_t group,
			    const uint8_t *a, uint8_t *y)
{
	struct cpu_block *b = cpu->block;
	size_t most;

	b->cpu = cpu;
	b->work = work;
	b->p = p;
	b->group = group;
	b->a = a;
	b->y = y;
	b->m = rows_of(work->cmd);
	b->tail = tail_of(p, work, group);
	if (p->less && !p->strassen)
		return octet_cpu_winograd(cpu, work, p, group, &b->tail);
	most = arrange(b);
	if (cpu->k->bytes->begin)
		cpu->k->bytes->begin();
	for (b->m0 = 0; b->m0 < b->m && !octet_cpu_canceled(cpu);
	     b->m0 += b->rows) {
		b->rows = b->m - b->m0 < most ? (size_t)(b->m - b->m0) : most;
		results(b);
	}
	if (cpu->k->bytes->end)
		cpu->k->bytes->end();
	return octet_cpu_canceled(cpu) ? -ECANCELED : 0;
}
