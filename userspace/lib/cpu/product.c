/* SPDX-License-Identifier: MIT */
/*
 * CONV2D and GEMM on the byte kernels. A block of rows is found once: pointers to
 * the runs of each (no copy where the runs are whole fours), then panel by panel
 * multiplied tile by tile, so that a panel's weights serve all of the block.
 */
#include <errno.h>

#include "op.h"
#include "product.h"
#include "winograd.h"

#define CACHE_1	(24u << 10)
#define CACHE_2	(768u << 10)

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
	uint64_t ox, oy, n;

	if (cmd->op == OCTET_OP_GEMM) {
		for (size_t i = 0; i < b->rows; i++)
			b->out[i] = b->y + (b->m0 + i) * stride[2];
		return;
	}
	ox = b->m0 % cmd->ow;
	oy = b->m0 / cmd->ow % cmd->oh;
	n = b->m0 / cmd->ow / cmd->oh;
	for (size_t i = 0; i < b->rows; i++) {
		b->out[i] = b->work->y + n * stride[1] + oy * stride[2] +
			    ox * stride[3] + skip;
		if (++ox < cmd->ow)
			continue;
		ox = 0;
		if (++oy < cmd->oh)
			continue;
		oy = 0;
		n++;
	}
}

/*
 * One tap of @count pixels of an output row, the first at column @x of image row
 * @row (NULL: outside).
 */
static void find_run(const struct cpu_block *b, const uint8_t *row, int64_t x,
		     size_t count, const uint8_t **to)
{
	const struct octet_cmd *cmd = b->work->cmd;
	const uint64_t step = b->work->src.stride[3];
	const uint8_t *pad = b->cpu->pad;
	size_t i = 0;

	for (; i < count && (!row || x < 0); i++, x += cmd->sw)
		to[i] = pad;
	if (i < count && x < cmd->w) {
		const uint8_t *at = row + (uint64_t)x * step;
		const size_t inside = (cmd->w - 1 - (size_t)x) / cmd->sw + 1;
		const size_t end = count - i < inside ? count : i + inside;
		const size_t by = cmd->sw * step;

		for (; i + 4 <= end; i += 4, at += 4 * by) {
			to[i] = at;
			to[i + 1] = at + by;
			to[i + 2] = at + 2 * by;
			to[i + 3] = at + 3 * by;
		}
		for (; i < end; i++, at += by)
			to[i] = at;
	}
	for (; i < count; i++)
		to[i] = pad;
}

static void find_patches(struct cpu_block *b)
{
	const struct octet_cmd *cmd = b->work->cmd;
	const uint64_t *stride = b->work->src.stride;
	const size_t c = b->work->wgt.inner;

	for (size_t i = 0; i < b->rows; ) {
		const uint64_t m = b->m0 + i, ox = m % cmd->ow;
		const uint64_t oy = m / cmd->ow % cmd->oh;
		const uint8_t *image = b->work->x + b->group * c +
				       m / cmd->ow / cmd->oh * stride[1];
		size_t count = cmd->ow - ox;

		if (count > b->rows - i)
			count = b->rows - i;
		for (size_t t = 0; t < b->taps; t++) {
			const int64_t y = (int64_t)(oy * cmd->sh) - cmd->pt +
					  (int64_t)(t / cmd->s * cmd->dh);
			const int64_t x = (int64_t)(ox * cmd->sw) - cmd->pl +
					  (int64_t)(t % cmd->s * cmd->dw);

			find_run(b, y < 0 || y >= cmd->h ? NULL :
				 image + (uint64_t)y * stride[2], x, count,
				 &b->x[t * CPU_BLOCK_ROWS + i]);
		}
		i += count;
	}
}

void octet_cpu_find_inputs(struct cpu_block *b)
{
	const size_t lda = 4 * b->lines;
	uint8_t *to = (uint8_t *)b->cpu->pack_a;

	if (b->copy) {
		for (size_t i = 0; i < b->rows; i++, to += lda) {
			octet_cpu_row_bytes(b->work, b->group, b->a, b->m0 + i,
					    b->lines, (uint8_t)b->p->flip, to);
			b->x[i] = to;
		}
	} else if (b->work->cmd->op == OCTET_OP_GEMM) {
		for (size_t i = 0; i < b->rows; i++)
			b->x[i] = b->a + (b->m0 + i) * b->work->src.stride[2];
	} else {
		find_patches(b);
	}
}

/* Sums of the inputs as the kernels take them. */
static void sum_inputs(struct cpu_block *b)
{
	const uint8_t flip = (uint8_t)b->p->flip;
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
		.flip = p->flip,
		.negative = p->negative,
		.w = p->w + (b->group * p->panels + first) * p->lines * CPU_LINE,
		.ldw = p->lines * CPU_LINE,
		.start = p->start + b->group * p->wide + c,
		.acc = b->cpu->acc,
	};

	for (size_t i = 0; i < b->rows; i += t.rows, tiles--) {
		t.rows = (b->rows - i + tiles - 1) / tiles;
		t.x = b->x + i;
		k->tile(&t);
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

	octet_cpu_find_inputs(b);
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
	if (!b->cpu->k->bytes->widen) {
		multiply(b);
		return;
	}
	octet_cpu_wide_inputs(b);
	octet_cpu_wide_multiply(b);
}

/* Whether the kernels read the inputs where they are. */
static bool in_place(const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;

	if (cmd->op == OCTET_OP_GEMM)
		return cmd->cin % 4 == 0 &&
		       !(cmd->src.flags & OCTET_OPERAND_TRANSPOSED);
	return work->wgt.inner % 4 == 0 && (uint64_t)cmd->r * cmd->s <= CPU_TAPS &&
	       work->wgt.inner <= CPU_PAD;
}

/*
 * Rows of a block: few where the weights stay in the first cache, so that rows of
 * results are done at once; else as many as that cache holds, so that these come
 * from the second one seldom; all where they come from further.
 */
static size_t block_rows(const struct cpu_packed *p)
{
	const size_t row = 4 * p->lines + p->channels;
	const size_t rows = CACHE_1 / row / 24 * 24;
	const size_t weights = p->lines * p->panels * CPU_LINE;

	if (weights <= CACHE_1)
		return 24;
	if (weights > CACHE_2 || rows > CPU_BLOCK_ROWS)
		return CPU_BLOCK_ROWS;
	return rows < 48 ? 48 : rows;
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

int octet_cpu_bytes_product(struct octet_cpu *cpu, const struct cpu_work *work,
			    const struct cpu_packed *p, size_t group,
			    const uint8_t *a, uint8_t *y)
{
	const struct octet_cmd *cmd = work->cmd;
	const bool gemm = cmd->op == OCTET_OP_GEMM;
	struct cpu_block *b = cpu->block;
	size_t most;

	b->cpu = cpu;
	b->work = work;
	b->p = p;
	b->group = group;
	b->a = a;
	b->y = y;
	b->m = rows_of(cmd);
	most = alike(b->m, block_rows(p));
	b->copy = !in_place(work);
	b->tail = tail_of(p, work, group);
	if (p->less)
		return octet_cpu_winograd(cpu, work, p, group, &b->tail);
	b->taps = b->copy || gemm ? 1 : (size_t)cmd->r * cmd->s;
	b->lines = p->lines / b->taps;
	if (cpu->k->bytes->widen) {
		most = alike(b->m, octet_cpu_wide_rows(b));
		memset(b->kept, 0, sizeof(b->kept));
		if (!b->copy && !gemm)
			memset(cpu->pad, cmd->pad_value, work->wgt.inner);
	} else if (b->copy) {
		const size_t room = sizeof(int16_t) * CPU_BLOCK_M * CPU_BLOCK_K;

		most = room / (4 * b->lines) < most ? room / (4 * b->lines) :
						      most;
	} else if (!gemm) {
		memset(cpu->pad, cmd->pad_value, work->wgt.inner);
	}
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
