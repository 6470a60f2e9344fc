/* SPDX-License-Identifier: MIT */
/* Large products, see strassen.h: GEMM and convolutions by 1 x 1 on wide kernels. */
#include "strassen.h"

#define CACHE_2	(768u << 10)	/* for the inputs of a block */
#define STEP	48u		/* rows: whole tiles of both halves */
#define HALF	(CPU_BLOCK_ROWS / 2)
#define ROWS	32u		/* of a product, at least */
#define DEPTH	8192u		/* at most: a block is up to 84 rows even then */

bool octet_cpu_strassen_fits(const struct octet_cpu *cpu,
			     const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	uint64_t rows = cmd->h;

	if (!cpu->k->bytes->quarters || cmd->cin % 32 || cmd->cin < 256 ||
	    cmd->cin > DEPTH || cmd->cout % (2 * CPU_PANEL) || cmd->cout < 128)
		return false;
	if (cmd->op != OCTET_OP_GEMM) {
		rows = (uint64_t)cmd->n * cmd->oh * cmd->ow;
		return rows >= ROWS && cmd->r == 1 && cmd->s == 1 &&
		       cmd->groups == 1;
	}
	return rows >= ROWS && !(cmd->src.flags & OCTET_OPERAND_TRANSPOSED);
}

void octet_cpu_strassen_weights(const int32_t *b, int32_t *to, size_t step)
{
	const int32_t t1 = b[1] - b[0], t2 = b[3] - t1;

	to[CPU_A11_B11 * step] = b[0];
	to[CPU_A12_B21 * step] = b[2];
	to[CPU_S2_T2 * step] = t2;
	to[CPU_S3_T3 * step] = b[3] - b[1];
	to[CPU_S1_T1 * step] = t1;
	to[CPU_S4_B22 * step] = b[3];
	to[CPU_A22_T4 * step] = b[2] - t2;
}

static void add(int32_t *to, int32_t v)
{
	*to = (int32_t)((uint32_t)*to + (uint32_t)v);
}

/* Each result has one of these products once that no other of its column has. */
void octet_cpu_strassen_bias(int32_t even, int32_t odd, int32_t *to, size_t step)
{
	add(to + CPU_A12_B21 * step, even);
	add(to + CPU_A22_T4 * step, even);
	add(to + CPU_S1_T1 * step, odd);
}

size_t octet_cpu_strassen_rows(const struct cpu_packed *p)
{
	const size_t row = CPU_PRODUCTS * p->lines * 4 * sizeof(int16_t) / 4;
	const size_t rows = CACHE_2 / row / STEP * STEP;

	return rows < STEP ? STEP : rows < CPU_BLOCK_ROWS ? rows : CPU_BLOCK_ROWS;
}

/**
 * struct halves - a block whose first @rows rows are the upper half
 *
 * @less: of the products' inputs, see struct cpu_tile
 * @w, @start: of the next product
 */
struct halves {
	struct cpu_block *b;
	size_t rows;
	int32_t less[CPU_PRODUCTS * HALF];
	const int8_t *w;
	const int32_t *start;
};

/* Inputs of all products, and pointers to them. */
static void find_inputs(struct halves *h)
{
	struct cpu_block *b = h->b;
	const size_t n = b->p->k / 2, step = h->rows * n;
	int16_t *to = b->cpu->pack_a;

	octet_cpu_find_rows(b);
	for (size_t i = 0; i < h->rows; i++, to += n) {
		/* where the lower half has a row less, anything will do */
		const size_t bottom = i + h->rows < b->rows ? i + h->rows : i;

		b->cpu->k->bytes->quarters(to, step, b->x[i], b->x[bottom], n,
					   b->work->x_signed,
					   b->work->cmd->src.zero_point,
					   h->less + i, HALF);
	}
	to = b->cpu->pack_a;
	for (size_t e = 0; e < CPU_PRODUCTS; e++)
		for (size_t i = 0; i < h->rows; i++, to += n)
			b->x[e * CPU_BLOCK_ROWS + i] = (const uint8_t *)to;
}

/* to = from + the next product */
static void product(struct halves *h, size_t e, const int32_t *from, int32_t *to)
{
	const size_t lines = h->b->p->lines / 2;
	const struct cpu_tile t = {
		.rows = h->rows,
		.panels = 1,
		.taps = 1,
		.lines = lines,
		.x = &h->b->x[e * CPU_BLOCK_ROWS],
		.step = CPU_BLOCK_ROWS,
		.w = h->w,
		.start = h->start,
		.less = h->less + e * HALF,
		.from = from,
		.acc = to,
	};

	octet_cpu_wide_panel(h->b->cpu->k->bytes, &t);
	h->w += lines * CPU_WIDE_LINE;
	h->start += CPU_PANEL;
}

/* Sums of one panel, of the upper or the lower half. */
static void finish(const struct halves *h, size_t channel, const int32_t *sums,
		   bool lower)
{
	const struct cpu_block *b = h->b;

	b->cpu->k->bytes->finish(&b->tail, channel, sums, CPU_PANEL,
				 lower ? b->rows - h->rows : h->rows, CPU_PANEL,
				 b->out + (lower ? h->rows : 0));
}

static void pair(struct halves *h, size_t c)
{
	const size_t n = h->rows * CPU_PANEL;
	int32_t *u = h->b->cpu->acc, *v = u + n, *s = v + n;

	product(h, CPU_A11_B11, NULL, u);
	product(h, CPU_A12_B21, u, v);
	finish(h, c, v, false);
	product(h, CPU_S2_T2, u, u);
	product(h, CPU_S3_T3, u, v);
	product(h, CPU_S1_T1, NULL, s);
	for (size_t i = 0; i < n; i++) {
		add(u + i, s[i]);
		add(s + i, v[i]);
	}
	finish(h, c + CPU_PANEL, s, true);
	product(h, CPU_S4_B22, u, u);
	finish(h, c + CPU_PANEL, u, false);
	product(h, CPU_A22_T4, v, v);
	finish(h, c, v, true);
}

void octet_cpu_strassen(struct cpu_block *b)
{
	const struct cpu_packed *p = b->p;
	struct halves h = {
		.b = b,
		.rows = (b->rows + 1) / 2,
		.w = p->w,
		.start = p->less,
	};

	find_inputs(&h);
	for (size_t c = 0; c < p->channels; c += 2 * CPU_PANEL) {
		pair(&h, c);
		h.start += CPU_PANEL;
	}
}
