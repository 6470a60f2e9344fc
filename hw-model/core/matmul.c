// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "matmul.h"

OCTET_VECTOR_LOOPS

/* Bytes of an input block: stays in the second-level cache. */
#define BLOCK_BYTES (256u << 10)
/* Multiply-accumulates between two looks at the cancel flag. */
#define TICK_MACS (4u << 20)
/* Bytes of weights from which on a pass over them that does nothing else takes its time. */
#define LATE_BYTES (256u << 10)
/* Words of a row at a time: a multiple of them, as a tile takes them. */
#define WHOLE 16

static size_t block_rows(const struct octet_matmul *mm, size_t most)
{
	size_t rows = BLOCK_BYTES / (mm->words * 4);

	/* 14 x 14 pixels are one block */
	rows = rows > 204 ? 204 : rows;
	rows -= rows % mm->simd->tile;
	if (rows < mm->simd->tile)
		rows = mm->simd->tile;
	return rows < most ? rows : most;
}

/* room for the block, where what lies beyond the inputs of a row is zero */
static uint32_t *new_block(const struct octet_matmul *mm, size_t rows)
{
	size_t words = rows * mm->words;

	return mm->k % mm->simd->lanes ? calloc(words, sizeof(*mm->a)) :
					 malloc(words * sizeof(*mm->a));
}

int octet_matmul_init(struct octet_matmul *mm, const struct octet_work *work,
		      const struct octet_requant *rq, size_t k, size_t n, size_t most_rows,
		      bool direct)
{
	const struct octet_cmd *cmd = &work->cmd;
	bool in_place;

	*mm = (struct octet_matmul) {
		.simd = octet_simd_get(), .work = work, .rq = rq, .k = k, .n = n,
		.panels = (n + OCTET_PANEL - 1) / OCTET_PANEL,
		.flip_x = cmd->src.type == OCTET_TYPE_INT8 ? 128 : 0,
		.flip_w = cmd->wgt.type == OCTET_TYPE_UINT8 ? 128 : 0,
		.packed = cmd->wgt.layout == OCTET_LAYOUT_PACKED,
	};
	mm->direct = direct && !mm->packed;
	mm->zx = cmd->src.zero_point + mm->flip_x;
	mm->words = (k + mm->simd->lanes - 1) / mm->simd->lanes;
	mm->rows = block_rows(mm, most_rows);
	mm->end_panel = mm->panels;
	mm->lanes = octet_lanes(work, (double)most_rows * (double)k * (double)n);
	mm->a = new_block(mm, mm->rows);
	in_place = mm->packed && mm->simd->lanes == 4 && !mm->flip_w;
	if (mm->direct)
		mm->x = malloc(mm->rows * k * sizeof(*mm->x));
	else if (!in_place)
		mm->room = malloc(mm->panels * mm->words * OCTET_PANEL * sizeof(*mm->room));
	mm->b = mm->room;
	mm->start = calloc((mm->panels + 1) * OCTET_PANEL, sizeof(*mm->start));
	mm->zw = calloc((mm->panels + 1) * OCTET_PANEL, sizeof(*mm->zw));
	mm->acc = malloc(mm->rows * OCTET_MATMUL_COLUMNS * sizeof(*mm->acc));
	mm->sums = calloc(mm->rows, sizeof(*mm->sums));
	if (mm->a && (mm->room || mm->x || in_place) && mm->start && mm->zw && mm->acc && mm->sums)
		return 0;
	octet_matmul_free(mm);
	return -ENOMEM;
}

void octet_matmul_free(struct octet_matmul *mm)
{
	free(mm->a);
	free(mm->room);
	free(mm->start);
	free(mm->zw);
	free(mm->acc);
	free(mm->sums);
	free(mm->x);
	memset(mm, 0, sizeof(*mm));
}

/* a product of the panels from @p on, and what it starts from */
static struct octet_product product(const struct octet_matmul *mm, size_t p, size_t panels)
{
	return (struct octet_product) {
		.acc = mm->acc, .ldacc = OCTET_MATMUL_COLUMNS, .from = mm->start + p * OCTET_PANEL,
		.a = mm->a, .lda = mm->words, .parts = 1,
		.b = mm->b + p * mm->words * OCTET_PANEL, .ldb = mm->words * OCTET_PANEL,
		.panels = panels,
	};
}

/* acc = start + a b for one or two panels, all of k */
static int multiply(struct octet_matmul *mm, size_t rows, size_t p, size_t panels)
{
	size_t chunk = TICK_MACS / (OCTET_MATMUL_COLUMNS * 4) / rows;
	struct octet_product m = product(mm, p, panels);

	m.rows = rows;
	chunk = chunk < WHOLE ? WHOLE : chunk - chunk % WHOLE;
	for (size_t k = 0; k < mm->words; k += chunk) {
		m.words = mm->words - k < chunk ? mm->words - k : chunk;
		if (octet_work_tick(mm->work))
			return -ECANCELED;
		mm->simd->mm(&m);
		m.from = mm->acc;
		m.ldfrom = OCTET_MATMUL_COLUMNS;
		m.a += m.words;
		m.b += m.words * OCTET_PANEL;
	}
	return 0;
}

/* the same of rows that overlap: line by line */
static int walk(struct octet_matmul *mm, size_t rows, size_t p, size_t panels)
{
	const struct octet_walk *w = &mm->walk;
	struct octet_product m = product(mm, p, panels);
	const uint32_t *line = mm->a;
	size_t at = w->first;

	m.lda = w->next;
	m.words = w->words;
	m.parts = w->parts;
	m.step = w->step;
	for (size_t i = 0; i < rows; i += m.rows, line += w->line, at = 0) {
		if (octet_work_tick(mm->work))
			return -ECANCELED;
		m.rows = w->width - at < rows - i ? w->width - at : rows - i;
		m.acc = mm->acc + i * OCTET_MATMUL_COLUMNS;
		m.a = line + at * w->next;
		mm->simd->mm(&m);
	}
	return 0;
}

/* the weights' zero points of @n outputs off the sums of a row */
static void take_off(int32_t *restrict acc, const int32_t *restrict zw, int32_t sum, size_t n)
{
	for (size_t j = 0; j < n; j++)
		acc[j] = (int32_t)((uint32_t)acc[j] - (uint32_t)zw[j] * (uint32_t)sum);
}

/* of each row of the block */
static void sum_rows(struct octet_matmul *mm, size_t rows)
{
	const struct octet_walk *w = &mm->walk;

	for (size_t i = 0; i < rows; i++) {
		const uint32_t *a = mm->a + i * mm->words;

		if (!w->parts) {
			mm->sums[i] = mm->simd->sum(a, mm->words);
			continue;
		}
		a = mm->a + (w->first + i) / w->width * w->line +
		    (w->first + i) % w->width * w->next;
		mm->sums[i] = 0;
		for (size_t k = 0; k < w->parts; k++, a += w->step)
			mm->sums[i] = (int32_t)((uint32_t)mm->sums[i] +
						(uint32_t)mm->simd->sum(a, w->words));
	}
}

/* what the sums start from where that was found out after them */
static void add_start(struct octet_matmul *mm, size_t rows, size_t p)
{
	const int32_t *restrict start = mm->start + p * OCTET_PANEL;
	int32_t *restrict acc = mm->acc;

	for (size_t i = 0; i < rows; i++, acc += OCTET_MATMUL_COLUMNS)
		for (size_t j = 0; j < OCTET_MATMUL_COLUMNS; j++)
			acc[j] = (int32_t)((uint32_t)acc[j] + (uint32_t)start[j]);
}

static void finish(struct octet_matmul *mm, size_t rows, size_t first, size_t n, size_t o0,
		   uint8_t *dst, size_t ldd)
{
	size_t size = octet_type_size(mm->rq->type);

	for (size_t i = 0; mm->any_zw && i < rows; i++)
		take_off(mm->acc + i * OCTET_MATMUL_COLUMNS, mm->zw + first, mm->sums[i], n);
	octet_requant_store_rows(mm->rq, mm->acc, OCTET_MATMUL_COLUMNS, o0 + first, n, rows,
				 dst + first * size, ldd);
}

int octet_matmul_run(struct octet_matmul *mm, size_t rows, size_t o0, uint8_t *dst, size_t ldd)
{
	int err;

	if (mm->direct)
		return octet_direct_run(mm, rows, o0, dst, ldd);
	if (mm->any_zw)
		sum_rows(mm, rows);
	for (size_t p = mm->first_panel; p < mm->end_panel; p += 2) {
		size_t panels = mm->panels - p < 2 ? 1 : 2;
		size_t first = p * OCTET_PANEL, n = mm->n - first;

		/* where weights come from far they are read by the product first */
		bool late = !mm->started && mm->words >= OCTET_PANEL * 4 &&
			    mm->panels * mm->words * OCTET_PANEL * 4 >= LATE_BYTES;

		if (late)
			memset(mm->start + first, 0, panels * OCTET_PANEL * sizeof(*mm->start));
		else if (!mm->started)
			octet_matmul_start(mm, p, panels);
		err = (mm->walk.parts ? walk : multiply)(mm, rows, p, panels);
		if (err)
			return err;
		if (late) {
			octet_matmul_start(mm, p, panels);
			add_start(mm, rows, p);
		}
		finish(mm, rows, first, n < OCTET_MATMUL_COLUMNS ? n : OCTET_MATMUL_COLUMNS, o0,
		       dst, ldd);
	}
	return 0;
}

/**
 * struct sharing - a product in parts: blocks of rows, and for each some of the outputs
 *
 * @lane: copies of the product with scratch of their own
 */
struct sharing {
	struct octet_matmul lane[OCTET_LANES_MAX];
	octet_rows_fn *fn;
	void *arg;
	size_t rows, step, across, panels;
};

static int lane_init(struct octet_matmul *lane, const struct octet_matmul *mm, size_t rows)
{
	*lane = *mm;
	lane->rows = rows;
	lane->x = NULL;
	lane->a = new_block(mm, rows);
	lane->acc = malloc(rows * OCTET_MATMUL_COLUMNS * sizeof(*lane->acc));
	lane->sums = calloc(rows, sizeof(*lane->sums));
	if (mm->direct)
		lane->x = malloc(rows * mm->k * sizeof(*lane->x));
	return lane->a && lane->acc && lane->sums && (lane->x || !mm->direct) ? 0 : -ENOMEM;
}

static void lane_free(struct octet_matmul *lane)
{
	free(lane->a);
	free(lane->acc);
	free(lane->sums);
	free(lane->x);
}

static int part(void *arg, unsigned int index, size_t number)
{
	struct sharing *s = arg;
	struct octet_matmul *lane = &s->lane[index];
	size_t first = number / s->across * s->step, left = s->rows - first;

	lane->first_panel = number % s->across * s->panels;
	lane->end_panel = lane->first_panel + s->panels;
	if (lane->end_panel > lane->panels)
		lane->end_panel = lane->panels;
	return s->fn(lane, s->arg, first, left < s->step ? left : s->step);
}

/* Parts for all, some more than there are threads: these need not start together. */
static void divide(struct sharing *s, const struct octet_matmul *mm, unsigned int lanes)
{
	size_t want = lanes * 4, tile = mm->simd->tile, blocks;

	s->step = (s->rows + want - 1) / want;
	s->step += tile - 1 - (s->step + tile - 1) % tile;
	/* weights are read again by every block */
	s->step = s->step < tile * 4 ? tile * 4 : s->step;
	s->step = s->step < mm->rows ? s->step : mm->rows;
	blocks = (s->rows + s->step - 1) / s->step;
	s->across = mm->direct || blocks >= lanes * 2 ? 1 : (want + blocks - 1) / blocks;
	s->panels = (mm->panels + s->across - 1) / s->across;
	s->panels += s->panels % 2;
	s->across = (mm->panels + s->panels - 1) / s->panels;
}

static int alone(struct octet_matmul *mm, size_t rows, octet_rows_fn *fn, void *arg)
{
	int err = 0;

	for (size_t first = 0; !err && first < rows; first += mm->rows) {
		err = fn(mm, arg, first, rows - first < mm->rows ? rows - first : mm->rows);
		mm->started = true;
	}
	return err;
}

static int start_panels(void *arg, unsigned int lane, size_t pair)
{
	struct octet_matmul *mm = arg;

	(void)lane;
	octet_matmul_start(mm, pair * 2, mm->panels - pair * 2 < 2 ? 1 : 2);
	return octet_work_tick(mm->work) ? -ECANCELED : 0;
}

int octet_matmul_share(struct octet_matmul *mm, size_t rows, octet_rows_fn *fn, void *arg)
{
	unsigned int lanes = mm->lanes;
	struct sharing *s;
	int err = 0;

	if (lanes < 2)
		return alone(mm, rows, fn, arg);
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->fn = fn;
	s->arg = arg;
	s->rows = rows;
	divide(s, mm, lanes);
	if (!mm->started && !mm->direct)
		err = octet_parts(mm->work, lanes, (mm->panels + 1) / 2, start_panels, mm);
	mm->started = true;
	for (unsigned int i = 0; i < lanes; i++)
		if (lane_init(&s->lane[i], mm, s->step))
			err = -ENOMEM;
	if (!err)
		err = octet_parts(mm->work, lanes, (rows + s->step - 1) / s->step * s->across,
				  part, s);
	for (unsigned int i = 0; i < lanes; i++)
		lane_free(&s->lane[i]);
	free(s);
	return err;
}
