// SPDX-License-Identifier: MIT
/* A group under a policy: shapes, staging, DRAM bytes; and the choice of "auto". */
#include "cycles_priv.h"

/* t(D), rounded up; u(x), rounded down, is in cycles.c */
static uint64_t dma_cycles(struct octet_cyc *x, uint64_t bytes)
{
	octet_u128 d = 17 * (octet_u128)x->m->dram_bpc;

	return octet_cyc_cut(x, ((octet_u128)bytes * 20 + d - 1) / d);
}

struct octet_cyc_dma octet_cyc_dma(struct octet_cyc *x, const struct octet_cyc_group *g,
				   uint64_t have)
{
	uint64_t there = g->head_const ? have : 0, all;
	uint64_t wait = g->head_w > there ? g->head_w - there : 0;
	struct octet_cyc_dma d;

	d.head = dma_cycles(x, octet_cyc_add(x, g->head_in, wait));
	d.tail = dma_cycles(x, g->tail);
	all = dma_cycles(x, g->dram > have ? g->dram - have : 0);
	d.mid = all > d.head + d.tail ? all - d.head - d.tail : 0;
	return d;
}

static uint64_t alone(struct octet_cyc *x, const struct octet_cyc_group *g)
{
	struct octet_cyc_dma d = octet_cyc_dma(x, g, 0);

	return octet_cyc_add(x, d.head + d.tail, g->cycles > d.mid ? g->cycles : d.mid);
}

/** The shape a command runs on, with its weight blocks. */
struct blocks {
	uint64_t size, count;
	int shape;
};

static struct blocks pick(struct octet_cyc *x, const struct octet_cycles_cmd *c,
			  const struct octet_cyc_span *span, uint64_t stream, bool held)
{
	struct blocks best = { .shape = -1 };

	for (int s = 0; s < (octet_cyc_on_array(c) ? 2 : 1); s++) {
		struct octet_cyc_shape shape = octet_cyc_shape(x->m, (unsigned int)s);
		uint64_t count = c->groups * octet_ceil(c->cout / c->groups, shape.k), g;

		if (c->op == OCTET_OP_GEMM)
			count = octet_cyc_mul(x, count, c->n);
		g = octet_ceil(stream, count);
		/* one accumulator load: the weights need not be held */
		if ((uint64_t)span->most * c->ow <= 8ull * shape.p)
			g = octet_min(g, x->staging / 8);
		if (!held && octet_min(stream, 2 * g) > x->staging)
			continue;
		if (best.shape < 0 || span->work[s].cycles < span->work[best.shape].cycles)
			best = (struct blocks) { .size = g, .count = count, .shape = s };
	}
	return best;
}

/** One way to run a group. */
struct attempt {
	bool weight;
	uint32_t rows;
};

static void dram_bytes(struct octet_cyc *x, const struct octet_cycles_cmd *cmds,
		       struct octet_cyc_group *g, const uint64_t *stream, uint64_t passes,
		       uint64_t rereads)
{
	for (unsigned int i = 0; i < g->count; i++) {
		const struct octet_cycles_cmd *c = &cmds[i];
		uint64_t in = octet_cyc_mul(x, c->h, octet_cyc_in_row(x, c));
		uint64_t r = octet_cyc_mul(x, stream[i], passes);

		if (c->src2 == OCTET_CYCLES_DRAM)
			r = octet_cyc_add(x, r, octet_cyc_src2(x, c));
		if (i == 0 && c->src == OCTET_CYCLES_DRAM)
			r = octet_cyc_add(x, r, octet_cyc_mul(x, in, rereads));
		g->reads[i] = r;
		g->writes[i] = 0;
		if (c->dst == OCTET_CYCLES_DRAM)
			g->writes[i] = octet_cyc_mul(x, c->oh, octet_cyc_out_row(x, c));
		g->dram = octet_cyc_add(x, g->dram, octet_cyc_add(x, r, g->writes[i]));
		g->fixed = octet_cyc_add(x, g->fixed, octet_cyc_const(x, c));
		g->cycles = octet_cyc_add(x, g->cycles, g->work[i].cycles);
	}
}

static void ends(struct octet_cyc *x, const struct octet_cycles_cmd *first,
		 const struct octet_cycles_cmd *last, struct octet_cyc_group *g)
{
	g->head_const = first->weights != OCTET_CYCLES_DRAM || first->weights_const;
	if (first->src == OCTET_CYCLES_DRAM)
		g->head_in = octet_cyc_mul(x, (uint64_t)octet_cyc_hi(first, 1),
					   octet_cyc_in_row(x, first));
	if (first->src2 == OCTET_CYCLES_DRAM)
		g->head_in = octet_cyc_add(x, g->head_in,
					   octet_ceil(octet_cyc_src2(x, first), first->oh));
	if (last->dst == OCTET_CYCLES_DRAM)
		g->tail = octet_cyc_out_row(x, last);
}

const char *octet_cyc_fit(struct octet_cyc *x, const struct octet_cycles_cmd *cmds,
			  unsigned int count, bool weight, const struct octet_cyc_tiles *tiles,
			  struct octet_cyc_group *g)
{
	uint64_t stream[OCTET_CYCLES_CHAIN], sum = 0, rereads = 1;
	bool held;

	*g = (struct octet_cyc_group) { .count = count, .buffers = tiles->buffers };
	if (tiles->buffers > x->lb)
		return "line buffers are larger than lb";
	for (unsigned int i = 0; i < count; i++) {
		stream[i] = octet_cyc_stream(x, &cmds[i]);
		sum = octet_cyc_add(x, sum, stream[i]);
	}
	held = tiles->stripes > 1 && sum <= x->staging;
	g->hold = held ? sum : 0;
	for (unsigned int i = 0; i < count; i++) {
		struct blocks b = pick(x, &cmds[i], &tiles->span[i], stream[i], held);

		if (b.shape < 0)
			return "two weight blocks do not fit the staging, SRAM - sw - lb";
		g->work[i] = tiles->span[i].work[b.shape];
		if (i == 0)
			g->head_w = octet_min(stream[0], b.size);
		if (!held && octet_min(stream[i], 2 * b.size) > g->hold)
			g->hold = octet_min(stream[i], 2 * b.size);
		if (weight) {
			uint64_t fit = x->staging / 2 / (b.size ? b.size : 1);

			rereads = octet_ceil(b.count, fit ? fit : 1);
			g->hold = octet_min(x->staging, stream[0]);
		}
	}
	dram_bytes(x, cmds, g, stream, held ? 1 : tiles->stripes, rereads);
	ends(x, cmds, &cmds[count - 1], g);
	return NULL;
}

static const char *build(struct octet_cyc *x, const struct octet_cycles_cmd *cmds,
			 unsigned int count, struct attempt try, struct octet_cyc_group *g)
{
	const struct octet_cycles_cmd *last = &cmds[count - 1];
	struct octet_cyc_tiles tiles;
	const char *why;

	if (try.rows < 1 || try.rows > last->oh)
		return "rows per stripe are not 1..oh";
	if (try.weight && (count > 1 || !octet_cyc_has_weights(last) || last->n > 1 ||
			   !octet_cyc_stream(x, last)))
		return "policy weight takes one unbatched command with weights in DRAM";
	why = octet_cyc_tiles(x, cmds, count, try.weight, try.rows, &tiles);
	return why ? why : octet_cyc_fit(x, cmds, count, try.weight, &tiles, g);
}

static unsigned int attempts(const struct octet_cycles_cmd *last, struct attempt *try)
{
	unsigned int n = 0;

	if (last->policy == OCTET_POLICY_STRIPE) {
		try[n++] = (struct attempt) { .rows = last->rows };
		return n;
	}
	if (last->policy != OCTET_POLICY_WEIGHT)
		try[n++] = (struct attempt) { .rows = last->oh };
	if (last->policy != OCTET_POLICY_RESIDENT)
		try[n++] = (struct attempt) { .weight = true, .rows = last->oh };
	for (int b = 20; last->policy == OCTET_POLICY_AUTO && b >= 0; b--)
		if (1u << b < last->oh)
			try[n++] = (struct attempt) { .rows = 1u << b };
	return n;
}

int octet_cyc_choose(struct octet_cyc *x, const struct octet_cycles_cmd *cmds,
		     unsigned int count, struct octet_cyc_group *out, const char **why)
{
	struct attempt try[23];
	unsigned int n = attempts(&cmds[count - 1], try);
	struct octet_cyc_group g;
	uint64_t best = 0;
	bool found = false;

	*why = octet_cyc_check_links(cmds, count);
	if (*why)
		return OCTET_STATUS_BAD_CHAIN;
	for (unsigned int i = 0; i < n; i++) {
		const char *no = build(x, cmds, count, try[i], &g);
		uint64_t cycles;

		if (no) {
			*why = no;
			continue;
		}
		cycles = alone(x, &g);
		if (found && (g.dram > out->dram || (g.dram == out->dram && cycles >= best)))
			continue;
		*out = g;
		best = cycles;
		found = true;
	}
	if (x->over)
		*why = "a count of the timing is beyond 62 bits";
	return found && !x->over ? 0 : OCTET_STATUS_NO_FIT;
}
