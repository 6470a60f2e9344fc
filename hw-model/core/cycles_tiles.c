// SPDX-License-Identifier: MIT
/* Stripes of a group, and the line buffers between its commands. */
#include "cycles_priv.h"

/** struct tally - a group whose stripes are being counted */
struct tally {
	struct octet_cyc *x;
	const struct octet_cycles_cmd *cmds;
	unsigned int count;
	struct octet_cyc_tiles *out;
};

/* @times stripes of rows [a, b) of command @i */
static void add(struct tally *t, unsigned int i, int64_t a, int64_t b, uint64_t times)
{
	struct octet_cyc_span *span = &t->out->span[i];
	const struct octet_cycles_cmd *c = &t->cmds[i];

	if (b - a > span->most)
		span->most = b - a;
	for (unsigned int s = 0; s < (octet_cyc_on_array(c) ? 2u : 1u); s++) {
		struct octet_cyc_work *sum = &span->work[s];
		struct octet_cyc_work w;

		w = octet_cyc_work(t->x, c, a, b, octet_cyc_shape(t->x->m, s));
		sum->mac = octet_cyc_add(t->x, sum->mac, octet_cyc_mul(t->x, w.mac, times));
		sum->cycles = octet_cyc_add(t->x, sum->cycles,
					    octet_cyc_mul(t->x, w.cycles, times));
		sum->sram = octet_cyc_add(t->x, sum->sram, octet_cyc_mul(t->x, w.sram, times));
	}
}

/*
 * A single command, in closed form. hi() and lo() are linear between the rows
 * where they begin to differ from 0 and where they reach h. So stripes between two
 * such places are alike, and what a line buffer holds is largest at one.
 */
#define CUTS 32

static unsigned int cuts(const struct octet_cycles_cmd *c, int64_t n, int64_t stripes,
			 int64_t *cut)
{
	int64_t sh = 1, up = 0, pt = 0, row[4];
	unsigned int count = 0;

	if (octet_cyc_on_array(c) && c->op != OCTET_OP_GEMM) {
		sh = c->sh;
		pt = c->pt;
		up = (int64_t)(c->r - 1) * c->dh + 1 - sh;
	}
	/* hi(y) = y sh + up - pt, lo(y) = y sh - pt */
	row[0] = (pt - up) / sh;
	row[1] = (c->h + pt - up) / sh;
	row[2] = pt / sh;
	row[3] = (c->h + pt) / sh;
	for (int i = 0; i < 4; i++)
		for (int64_t d = -3; d <= 2; d++)
			cut[count++] = row[i] / n + d;
	cut[count++] = 0;
	cut[count++] = 1;
	cut[count++] = stripes - 3;
	cut[count++] = stripes - 2;
	cut[count++] = stripes - 1;
	cut[count++] = stripes;
	for (unsigned int i = 0; i < count; i++)
		cut[i] = cut[i] < 0 ? 0 : cut[i] > stripes ? stripes : cut[i];
	for (unsigned int i = 1; i < count; i++)
		for (unsigned int j = i; j && cut[j] < cut[j - 1]; j--) {
			int64_t t = cut[j];

			cut[j] = cut[j - 1];
			cut[j - 1] = t;
		}
	return count;
}

static int64_t up_to(const struct octet_cycles_cmd *c, int64_t y)
{
	return y < c->oh ? y : c->oh;
}

/* most rows of the input that [j, j + 2) stripes of @n rows need */
static int64_t rows_kept(const struct octet_cycles_cmd *c, int64_t n, int64_t stripes,
			 const int64_t *cut, unsigned int count)
{
	int64_t most = 0;

	for (unsigned int i = 0; i < 2 * count; i++) {
		int64_t j = cut[i / 2] - (i & 1), rows;

		if (j < 0 || j >= stripes)
			continue;
		rows = octet_cyc_hi(c, up_to(c, (j + 2) * n)) - octet_cyc_lo(c, j * n);
		most = rows > most ? rows : most;
	}
	return most;
}

/* a row at a time: policy weight */
static int64_t rows_streamed(const struct octet_cycles_cmd *c)
{
	int64_t cut[CUTS], most = 0;

	if (c->op == OCTET_OP_TCONV2D) {
		for (int64_t y = 0; y < c->oh; y++) {
			int64_t rows = octet_cyc_hi(c, up_to(c, y + 2)) - octet_cyc_lo(c, y);

			most = rows > most ? rows : most;
		}
		return most;
	}
	return rows_kept(c, 1, c->oh, cut, cuts(c, 1, c->oh, cut));
}

static void single(struct tally *t, bool weight, int64_t n)
{
	const struct octet_cycles_cmd *c = t->cmds;
	int64_t cut[CUTS], stripes = (int64_t)t->out->stripes, rows;
	unsigned int count = cuts(c, n, stripes, cut);

	for (unsigned int i = 0; i + 1 < count; i++)
		if (cut[i] < cut[i + 1])
			add(t, 0, cut[i] * n, up_to(c, (cut[i] + 1) * n),
			    (uint64_t)(cut[i + 1] - cut[i]));
	if (c->src == OCTET_CYCLES_SRAM)
		return;
	rows = weight ? rows_streamed(c) : rows_kept(c, n, stripes, cut, count);
	t->out->buffers = octet_cyc_mul(t->x, (uint64_t)rows, octet_cyc_in_row(t->x, c));
}

static unsigned int link(uint8_t from, unsigned int i)
{
	return from == OCTET_OPERAND_LINK_NEWEST ? i : from;
}

/* does command @i read chain tensor @k as its first, as its second operand */
static bool reads_first(const struct octet_cycles_cmd *cmds, unsigned int i, unsigned int k)
{
	const struct octet_cycles_cmd *c = &cmds[i];

	if (i == 0)
		return k == 0 && c->src != OCTET_CYCLES_SRAM;
	return c->src == OCTET_CYCLES_LINK && link(c->src_link, i) == k;
}

static bool reads_second(const struct octet_cycles_cmd *cmds, unsigned int i, unsigned int k)
{
	return cmds[i].src2 == OCTET_CYCLES_LINK && link(cmds[i].src2_link, i) == k;
}

static bool used(const struct octet_cycles_cmd *cmds, unsigned int count, unsigned int k)
{
	for (unsigned int i = 0; i < count; i++)
		if (reads_first(cmds, i, k) || reads_second(cmds, i, k))
			return true;
	return false;
}

/* rows of every chain tensor present after stripe @j */
static void present(const struct tally *t, int64_t n, int64_t j, int64_t *cum)
{
	const struct octet_cycles_cmd *cmds = t->cmds;
	unsigned int m = t->count;

	cum[m] = up_to(&cmds[m - 1], (j + 1) * n);
	for (unsigned int k = m; k-- > 0;) {
		cum[k] = 0;
		for (unsigned int i = 0; i < m; i++) {
			int64_t y = 0;

			if (reads_first(cmds, i, k))
				y = octet_cyc_hi(&cmds[i], cum[i + 1]);
			if (reads_second(cmds, i, k) && cum[i + 1] > y)
				y = cum[i + 1];
			cum[k] = y > cum[k] ? y : cum[k];
		}
		if (j == (int64_t)t->out->stripes - 1)
			cum[k] = k ? cmds[k - 1].oh : cmds[0].h;
	}
}

/* first row of chain tensor @k still needed when @before rows were done */
static int64_t needed_from(const struct tally *t, unsigned int k, const int64_t *before)
{
	int64_t least = INT64_MAX;

	for (unsigned int i = 0; i < t->count; i++) {
		int64_t y = INT64_MAX;

		if (reads_first(t->cmds, i, k))
			y = octet_cyc_lo(&t->cmds[i], before[i + 1]);
		if (reads_second(t->cmds, i, k) && before[i + 1] < y)
			y = before[i + 1];
		least = y < least ? y : least;
	}
	return least;
}

/* any group, one stripe after the other */
static void each(struct tally *t, int64_t n)
{
	int64_t cum[3][OCTET_CYCLES_CHAIN + 1] = { 0 }, kept[OCTET_CYCLES_CHAIN] = { 0 };
	int64_t stripes = (int64_t)t->out->stripes;
	int64_t *before = cum[0], *now = cum[1], *next = cum[2], *swap;
	bool use[OCTET_CYCLES_CHAIN];

	for (unsigned int k = 0; k < t->count; k++)
		use[k] = used(t->cmds, t->count, k);
	present(t, n, 0, now);
	for (int64_t j = 0; j < stripes; j++) {
		if (t->x->cancel && atomic_load_explicit(t->x->cancel, memory_order_relaxed)) {
			t->x->over = true;
			return;
		}
		present(t, n, j + 1 < stripes ? j + 1 : j, next);
		for (unsigned int k = 0; k < t->count; k++) {
			int64_t rows;

			add(t, k, before[k + 1], now[k + 1], 1);
			if (!use[k])
				continue;
			rows = (k ? now[k] : next[0]) - needed_from(t, k, before);
			kept[k] = rows > kept[k] ? rows : kept[k];
		}
		swap = before;
		before = now;
		now = next;
		next = swap;
	}
	for (unsigned int k = 0; k < t->count; k++) {
		uint64_t row = k ? octet_cyc_out_row(t->x, &t->cmds[k - 1]) :
				   octet_cyc_in_row(t->x, &t->cmds[0]);

		t->out->buffers = octet_cyc_add(t->x, t->out->buffers,
						octet_cyc_mul(t->x, (uint64_t)kept[k], row));
	}
}

static bool links_ahead(const struct octet_cycles_cmd *cmds, unsigned int i,
			enum octet_cycles_space space, uint8_t from)
{
	unsigned int k;

	if (space != OCTET_CYCLES_LINK)
		return false;
	k = link(from, i);
	return k > i || (k == 0 && cmds[0].src != OCTET_CYCLES_DRAM);
}

const char *octet_cyc_check_links(const struct octet_cycles_cmd *cmds, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		const struct octet_cycles_cmd *c = &cmds[i];

		if (i == 0 && c->src == OCTET_CYCLES_LINK)
			return "a chain's first input is in DRAM or SRAM";
		if (i > 0 && c->src == OCTET_CYCLES_DRAM)
			return "inside a chain the first operand is a link or in SRAM";
		if (links_ahead(cmds, i, c->src, c->src_link) ||
		    links_ahead(cmds, i, c->src2, c->src2_link))
			return "a link names a later tensor, or an input that is not in DRAM";
		if ((c->dst == OCTET_CYCLES_LINK) != (i + 1 < count))
			return "every result but the last one of a chain is a link";
		if (i > 0 && !used(cmds, count, i))
			return "a link that nobody reads";
	}
	return NULL;
}

const char *octet_cyc_tiles(struct octet_cyc *x, const struct octet_cycles_cmd *cmds,
			    unsigned int count, bool weight, uint32_t rows,
			    struct octet_cyc_tiles *out)
{
	const struct octet_cycles_cmd *last = &cmds[count - 1];
	struct tally t = { .x = x, .cmds = cmds, .count = count, .out = out };
	bool closed = count == 1 && last->src2 != OCTET_CYCLES_LINK &&
		      last->op != OCTET_OP_TCONV2D && last->op != OCTET_OP_RESIZE;

	*out = (struct octet_cyc_tiles) { .stripes = octet_ceil(last->oh, rows) };
	for (unsigned int i = 0; i < count; i++)
		if (out->stripes > 1 && cmds[i].n > 1)
			return "a batch runs as one stripe";
	if (!closed && out->stripes > OCTET_CYCLES_STRIPES)
		return "more than 65536 stripes of a chain, TCONV2D or RESIZE";
	if (closed) {
		single(&t, weight, rows);
		return NULL;
	}
	each(&t, rows);
	if (weight)
		out->buffers = last->src == OCTET_CYCLES_SRAM && last->src2 != OCTET_CYCLES_LINK ?
			0 : octet_cyc_mul(x, (uint64_t)rows_streamed(last),
					  octet_cyc_in_row(x, last));
	return NULL;
}
