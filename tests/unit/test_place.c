// SPDX-License-Identifier: MIT
/*
 * The placement planner on random small networks: what it plans is followed
 * group by group, with an owner for each byte of the SRAM, and must be what the
 * machine can run and be told. OCTET_PLACE_NETS=N: how many networks.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/place.h"
#include "unit.h"

#define LAYERS 20
#define TENSORS 60

/** A random network; tensors have extents, for the generator. */
struct net {
	struct octet_place_layer layer[LAYERS];
	struct octet_place_tensor tensor[TENSORS];
	struct shape { uint32_t n, h, w, c; } shape[TENSORS];
	bool read[TENSORS];
	uint32_t layers, tensors;
};

static uint32_t seed;

static uint32_t rnd(uint32_t limit)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)seed * limit) >> 32);
}

/* How often things happened that the test is about. */
static struct {
	unsigned int sram, links, input_links, in_place, duties, aliases, weights, stripes, refused;
} seen;

static int add_tensor(struct net *n, struct shape s)
{
	uint32_t i = n->tensors++;

	assert_true(i < TENSORS);
	n->shape[i] = s;
	n->tensor[i] = (struct octet_place_tensor) {
		.bytes = (uint64_t)s.n * s.h * s.w * s.c, .alias_of = -1,
		.external = rnd(30) == 0, .no_sram = rnd(40) == 0,
	};
	return (int)i;
}

/* a tensor to read, mostly a new one; the parts of a concatenation not themselves */
static int pick(struct net *n)
{
	uint32_t back = rnd(3) ? rnd(3) : rnd(n->tensors);
	uint32_t i = back < n->tensors ? n->tensors - 1 - back : 0;

	while (n->tensor[i].alias_of >= 0 && n->layers &&
	       n->layer[n->layers - 1].dst_view)
		i = (uint32_t)n->tensor[i].alias_of;
	n->read[i] = true;
	return (int)i;
}

/* a tensor of the same extents, seldom one of as many bytes only */
static int pick_like(struct net *n, struct shape s)
{
	uint64_t bytes = (uint64_t)s.n * s.h * s.w * s.c;

	for (uint32_t i = n->tensors; i-- > 0;)
		if (n->tensor[i].alias_of < 0 && n->tensor[i].bytes == bytes && rnd(3) &&
		    (!memcmp(&n->shape[i], &s, sizeof(s)) || rnd(4) == 0)) {
			n->read[i] = true;
			return (int)i;
		}
	return -1;
}

static struct octet_cycles_cmd command(uint32_t op, struct shape in)
{
	return (struct octet_cycles_cmd) {
		.op = op, .n = in.n, .h = in.h, .w = in.w, .cin = in.c, .oh = in.h, .ow = in.w,
		.cout = in.c, .groups = 1, .r = 1, .s = 1, .sh = 1, .sw = 1, .dh = 1, .dw = 1,
		.abytes = 1, .obytes = 1, .wbits = 8,
	};
}

static void window(struct octet_cycles_cmd *c)
{
	c->r = c->s = 1 + 2 * rnd(2);
	c->sh = c->sw = 1 + rnd(2);
	c->pt = c->pl = c->r / 2;
	c->oh = (c->h - 1) / c->sh + 1;
	c->ow = (c->w - 1) / c->sw + 1;
}

/* a layer's costs; its first operand is @in. Residuals and run-time weights are set in @l */
static void random_op(struct net *n, struct octet_place_layer *l, struct shape in)
{
	static const uint32_t ops[] = {
		OCTET_OP_CONV2D, OCTET_OP_CONV2D, OCTET_OP_DEPTHWISE, OCTET_OP_POOL, OCTET_OP_EW,
		OCTET_OP_EW, OCTET_OP_GEMM, OCTET_OP_SOFTMAX, OCTET_OP_TCONV2D, OCTET_OP_RESIZE,
	};
	struct octet_cycles_cmd *c = &l->cost;

	*c = command(ops[rnd(10)], in);
	switch (c->op) {
	case OCTET_OP_CONV2D:
		c->cout = rnd(2) ? in.c : 1 + rnd(64);
		/* fallthrough */
	case OCTET_OP_DEPTHWISE:
	case OCTET_OP_POOL:
		window(c);
		break;
	case OCTET_OP_TCONV2D:
		c->r = c->s = 2;
		c->sh = c->sw = 2;
		c->oh = 2 * c->h;
		c->ow = 2 * c->w;
		break;
	case OCTET_OP_RESIZE:
		c->oh = 1 + rnd(40);
		break;
	case OCTET_OP_GEMM:
		c->h = c->oh = in.h * in.w;
		c->w = c->ow = 1;
		c->cout = 1 + rnd(64);
		/* half of the channels each */
		if (in.n == 1 && in.c % 2 == 0 && rnd(2)) {
			c->n = 2;
			c->cin /= 2;
		}
		break;
	}
	c->params = c->op == OCTET_OP_CONV2D || c->op == OCTET_OP_DEPTHWISE ||
		    c->op == OCTET_OP_TCONV2D || c->op == OCTET_OP_GEMM;
	c->weights_const = c->params;
	c->weights = c->params ? OCTET_CYCLES_DRAM : OCTET_CYCLES_NONE;
	if (c->op == OCTET_OP_GEMM && rnd(3)) {
		int b = pick(n);
		uint64_t k = n->tensor[b].bytes / c->cin;

		if (k && k <= 512 && n->tensor[b].bytes % c->cin == 0 && c->n == 1) {
			c->cout = (uint32_t)k;
			c->params = rnd(2);
			l->b = b;
		}
	}
}

static void operands(struct net *n, struct octet_place_layer *l)
{
	struct octet_cycles_cmd *c = &l->cost;
	struct shape out = { c->n, c->oh, c->ow, c->cout };

	if (c->op == OCTET_OP_EW && rnd(4) == 0) {
		l->src2 = pick(n);
		c->src2_bytes = n->tensor[l->src2].bytes;
	} else if (c->op == OCTET_OP_EW || (c->params && rnd(2))) {
		l->src2 = pick_like(n, out);
	}
	if (rnd(25) == 0)
		l->src_view = true;
	if (rnd(25) == 0)
		l->src2_view = true;
	if (rnd(30) == 0)
		l->dst_view = true;
}

/* the last two layers write halves of one tensor, if they are alike */
static void concatenate(struct net *n)
{
	struct octet_place_layer *a = &n->layer[n->layers - 2], *b = &n->layer[n->layers - 1];
	struct shape s = n->shape[b->dst];
	int root;

	if (n->layers < 2 || memcmp(&n->shape[a->dst], &s, sizeof(s)) || b->src == a->dst ||
	    b->src2 == a->dst || b->b == a->dst)
		return;
	s.c *= 2;
	root = add_tensor(n, s);
	for (int i = 0; i < 2; i++) {
		struct octet_place_layer *l = i ? b : a;
		struct octet_place_tensor *t = &n->tensor[l->dst];

		t->alias_of = root;
		t->alias_offset = i ? s.c / 2 : 0;
		t->bytes = n->tensor[root].bytes - t->alias_offset;
		l->dst_view = true;
	}
	n->read[root] = true;
}

/* the lower half of the rows of the last result is a tensor to be read */
static void slice(struct net *n)
{
	int root = n->layer[n->layers - 1].dst, part;
	struct shape s = n->shape[root];

	if (s.h % 2 || s.n > 1 || n->tensor[root].alias_of >= 0)
		return;
	s.h /= 2;
	part = add_tensor(n, s);
	n->tensor[part].alias_of = root;
	n->tensor[part].alias_offset = n->tensor[part].bytes;
}

static void add_layer(struct net *n)
{
	struct octet_place_layer *l = &n->layer[n->layers];
	struct shape s;

	*l = (struct octet_place_layer) { .src = pick(n), .src2 = -1, .b = -1 };
	random_op(n, l, n->shape[l->src]);
	operands(n, l);
	s = (struct shape) { l->cost.n, l->cost.oh, l->cost.ow, l->cost.cout };
	l->dst = add_tensor(n, s);
	n->layers++;
	if (rnd(4) == 0 && n->layers >= 2)
		concatenate(n);
	else if (rnd(6) == 0)
		slice(n);
}

static int add_conv(struct net *n, int src, uint32_t op, uint32_t cout, uint32_t r, int residual)
{
	struct octet_cycles_cmd c = command(op, n->shape[src]);

	c.cout = cout;
	c.r = c.s = r;
	c.pt = c.pl = r / 2;
	c.params = c.weights_const = true;
	c.weights = OCTET_CYCLES_DRAM;
	n->layer[n->layers] = (struct octet_place_layer) {
		.cost = c, .src = src, .src2 = residual, .b = -1,
		.dst = add_tensor(n, (struct shape) { c.n, c.oh, c.ow, cout }),
	};
	n->read[src] = true;
	return n->layer[n->layers++].dst;
}

/*
 * More channels, a window, fewer channels, and what went in added. Or the window first: then
 * the last command overwrites in place what the first still needs, unless the planner looks.
 */
static void add_block(struct net *n, uint32_t times, uint32_t first)
{
	int in = (int)n->tensors - 1, x;
	uint32_t c = n->shape[in].c, wide = c * times;

	if (n->tensor[in].alias_of >= 0)
		return;
	x = add_conv(n, in, OCTET_OP_CONV2D, wide, first, -1);
	if (first == 1)
		x = add_conv(n, x, OCTET_OP_DEPTHWISE, wide, 3, -1);
	add_conv(n, x, OCTET_OP_CONV2D, c, 1, in);
}

static void random_net(struct net *n)
{
	uint32_t layers = 1 + rnd(LAYERS - 1);

	memset(n, 0, sizeof(*n));
	add_tensor(n, (struct shape) { rnd(6) ? 1 : 2, 1 + rnd(40), 1 + rnd(24), 1 + rnd(64) });
	n->tensor[0].external = true;
	while (n->layers < layers) {
		if (n->layers + 4 <= layers && rnd(2))
			add_block(n, 1 + rnd(6), rnd(3) ? 1 : 3);
		add_layer(n);
	}
	for (uint32_t i = 0; i < n->layers; i++)
		if (!n->read[n->layer[i].dst] && n->tensor[n->layer[i].dst].alias_of < 0)
			n->tensor[n->layer[i].dst].external = true;
}

/** struct world - a plan that is being followed; @owner: root + 1 per byte */
struct world {
	const struct net *net;
	const struct octet_place *place;
	uint16_t *owner;
	uint32_t first, last;		/* the group */
};

static int root_of(const struct net *n, int t)
{
	return n->tensor[t].alias_of < 0 ? t : n->tensor[t].alias_of;
}

/* the tensor that a link of command @i names */
static int linked(const struct world *w, uint32_t i, uint8_t link)
{
	uint32_t k = link == OCTET_OPERAND_LINK_NEWEST ? i - w->first : link;

	assert_true(k <= i - w->first);
	if (k)
		return w->net->layer[w->first + k - 1].dst;
	assert_int_equal(w->place->cmds[w->first].src, OCTET_CYCLES_DRAM);
	assert_true(i > w->first);
	seen.input_links++;
	return w->net->layer[w->first].src;
}

/* images, rows and bytes of a row of a link: as the command before had them */
static void check_form(const struct world *w, uint32_t i, uint8_t link, bool second)
{
	const struct octet_cycles_cmd *c = &w->place->cmds[i], *m;
	uint32_t k = link == OCTET_OPERAND_LINK_NEWEST ? i - w->first : link;
	uint64_t row = second ? (uint64_t)c->ow * c->cout : (uint64_t)c->w * c->cin;
	uint32_t rows = second ? c->oh : c->h;

	m = &w->place->cmds[k ? w->first + k - 1 : w->first];
	assert_int_equal(m->n, c->n);
	assert_int_equal(k ? m->oh : m->h, rows);
	assert_int_equal(k ? m->ow * m->cout : m->w * m->cin, row);
}

static void check_operand(const struct world *w, uint32_t i, int tensor, bool second)
{
	const struct octet_place_layer *l = &w->net->layer[i];
	const struct octet_cycles_cmd *c = &w->place->cmds[i];
	enum octet_cycles_space space = second ? c->src2 : c->src;
	uint8_t link = second ? c->src2_link : c->src_link;

	if (tensor < 0) {
		assert_int_equal(space, OCTET_CYCLES_NONE);
		return;
	}
	if (space == OCTET_CYCLES_LINK) {
		assert_int_equal(linked(w, i, link), tensor);
		assert_false(second ? l->src2_view : l->src_view);
		check_form(w, i, link, second);
		seen.links++;
		return;
	}
	assert_int_equal(space, w->place->spots[tensor].space);
	if (i > w->first && !second)
		assert_int_equal(space, OCTET_CYCLES_SRAM);
}

/* what is read from the SRAM is still there */
static void check_read(const struct world *w, int tensor, enum octet_cycles_space space)
{
	const struct octet_place_spot *s;

	if (tensor < 0 || space != OCTET_CYCLES_SRAM)
		return;
	s = &w->place->spots[tensor];
	for (uint64_t b = 0; b < w->net->tensor[tensor].bytes; b++)
		assert_int_equal(w->owner[s->offset + b], root_of(w->net, tensor) + 1);
	seen.aliases += w->net->tensor[tensor].alias_of >= 0;
}

/* input rows that output rows [a, b) need: brute force over the taps; the next one after, or the first */
static int64_t rows_needed(const struct octet_cycles_cmd *c, int64_t a, int64_t b, bool first)
{
	int64_t lo = c->h, hi = 0;

	for (int64_t y = a; y < b; y++) {
		int64_t from = y, to = y;

		if (c->op == OCTET_OP_CONV2D || c->op == OCTET_OP_DEPTHWISE || c->op == OCTET_OP_POOL) {
			from = y * c->sh - c->pt;
			to = from + (int64_t)(c->r - 1) * c->dh;
		} else if (c->op == OCTET_OP_TCONV2D) {
			to = (y + c->pt) / c->sh;
			from = to - (c->r - 1) / c->sh;
		} else if (c->op == OCTET_OP_RESIZE) {
			from = y * c->h / c->oh - 1;
			to = ((y + 1) * c->h + c->oh - 1) / c->oh;
		}
		from = from < 0 ? 0 : from;
		to = to >= c->h ? c->h - 1 : to;
		lo = from < lo ? from : lo;
		hi = to + 1 > hi ? to + 1 : hi;
	}
	return first ? lo : hi;
}

/* rows of each command's result after the stripe in which the last has @end */
static void rows_done(const struct world *w, int64_t end, int64_t *done)
{
	const struct octet_cycles_cmd *cmds = w->place->cmds;

	done[w->last] = end;
	for (uint32_t k = w->last; k-- > w->first;) {
		done[k] = 0;
		for (uint32_t i = k + 1; i <= w->last; i++) {
			const struct octet_place_layer *l = &w->net->layer[i];
			int64_t y = 0;

			if (l->src == w->net->layer[k].dst)
				y = rows_needed(&cmds[i], 0, done[i], false);
			if (l->src2 == w->net->layer[k].dst && done[i] > y)
				y = done[i];
			if (end == cmds[w->last].oh)
				y = cmds[k].oh;
			done[k] = y > done[k] ? y : done[k];
		}
	}
}

/* the last result overwrites @over, stripe by stripe: nobody may need what is gone */
static void check_duty(const struct world *w, int over)
{
	const struct octet_cycles_cmd *cmds = w->place->cmds, *end = &cmds[w->last];
	int64_t rows = end->policy == OCTET_POLICY_STRIPE ? end->rows : end->oh;
	int64_t before[LAYERS] = { 0 }, now[LAYERS];

	for (int64_t gone = 0; gone < end->oh; gone += rows) {
		int64_t bytes = gone * end->n * end->ow * end->cout * end->obytes;

		rows_done(w, gone + rows < end->oh ? gone + rows : end->oh, now);
		for (uint32_t i = w->first; i < w->last; i++) {
			const struct octet_cycles_cmd *c = &cmds[i];
			int64_t from = rows_needed(c, before[i], now[i], true);

			if (now[i] > before[i] && w->net->layer[i].src == over) {
				assert_true(from * c->n * c->w * c->cin * c->abytes >= bytes);
				seen.duties += gone > 0;
			}
			if (now[i] > before[i] && w->net->layer[i].src2 == over)
				assert_true(before[i] * c->n * c->ow * c->cout * c->obytes >= bytes);
			if (w->net->layer[i].b == over)
				assert_true(bytes == 0);
		}
		memcpy(before, now, sizeof(before));
	}
}

static bool overlap(const struct world *w, int a, int b)
{
	const struct octet_place_spot *x = &w->place->spots[a], *y = &w->place->spots[b];

	return x->space == OCTET_CYCLES_SRAM && y->space == OCTET_CYCLES_SRAM &&
	       x->offset < y->offset + w->net->tensor[b].bytes &&
	       y->offset < x->offset + w->net->tensor[a].bytes;
}

/* the group's result may lie on nothing that the group reads, but for the second operand */
static void check_write(const struct world *w)
{
	const struct octet_place_layer *end = &w->net->layer[w->last];
	const struct octet_place_spot *s = &w->place->spots[end->dst];

	if (s->space != OCTET_CYCLES_SRAM)
		return;
	seen.sram++;
	assert_true(s->offset + w->net->tensor[end->dst].bytes <= w->place->sw);
	for (uint32_t i = w->first; i <= w->last; i++) {
		const struct octet_place_layer *l = &w->net->layer[i];
		const int read[] = { l->src, l->src2, l->b };

		for (int k = 0; k < 3; k++) {
			int t = read[k];

			if (t < 0 || root_of(w->net, t) == root_of(w->net, end->dst) ||
			    !overlap(w, t, end->dst))
				continue;
			assert_int_equal(t, end->src2);
			assert_int_not_equal(t, end->src);
			assert_int_not_equal(t, end->b);
			assert_false(end->src2_view || end->dst_view);
			assert_int_equal(w->place->spots[t].offset, s->offset);
			assert_int_equal(w->net->tensor[t].bytes, w->net->tensor[end->dst].bytes);
			check_duty(w, t);
			seen.in_place += i == w->last;
		}
	}
	for (uint64_t b = 0; b < w->net->tensor[end->dst].bytes; b++)
		w->owner[s->offset + b] = (uint16_t)(root_of(w->net, end->dst) + 1);
}

static void check_group(const struct world *w)
{
	assert_true(w->last - w->first < 8);
	for (uint32_t i = w->first; i <= w->last; i++) {
		const struct octet_place_layer *l = &w->net->layer[i];
		const struct octet_cycles_cmd *c = &w->place->cmds[i];

		check_operand(w, i, l->src, false);
		check_operand(w, i, l->src2, true);
		check_read(w, l->src, c->src);
		check_read(w, l->src2, c->src2);
		if (l->b >= 0) {
			assert_int_equal(c->weights, w->place->spots[l->b].space);
			assert_int_not_equal(c->weights, OCTET_CYCLES_LINK);
			assert_false(c->weights_const);
			check_read(w, l->b, c->weights);
			seen.weights += c->weights == OCTET_CYCLES_SRAM;
		}
		assert_int_equal(c->dst, w->place->spots[l->dst].space);
		assert_int_equal(c->dst == OCTET_CYCLES_LINK, i < w->last);
		if (c->dst == OCTET_CYCLES_LINK)
			assert_false(l->dst_view);
		if (i < w->last)
			assert_int_equal(c->policy, OCTET_POLICY_AUTO);
	}
	seen.stripes += w->place->cmds[w->last].policy == OCTET_POLICY_STRIPE;
	check_write(w);
}

/* a link is read inside its chain alone; operands elsewhere are found by check_operand() */
static void check_spots(const struct net *n, const struct octet_place *p)
{
	for (uint32_t i = 0; i < n->tensors; i++) {
		const struct octet_place_spot *root = &p->spots[root_of(n, (int)i)];

		if (n->tensor[i].external || n->tensor[i].no_sram)
			assert_true(p->spots[i].space <= OCTET_CYCLES_DRAM);
		if (p->spots[i].space == OCTET_CYCLES_SRAM) {
			assert_int_equal(root->offset % OCTET_PLACE_ALIGN, 0);
			assert_int_equal(p->spots[i].offset, root->offset +
					 (n->tensor[i].alias_of < 0 ? 0 : n->tensor[i].alias_offset));
		}
	}
}

static void check_plan(const struct net *n, const struct octet_cycles_machine *m,
		       const struct octet_place *p)
{
	struct world w = { .net = n, .place = p, .owner = calloc(m->sram, sizeof(*w.owner)) };
	struct octet_report report[LAYERS];
	uint64_t cycles = 0, bytes = 0;

	assert_non_null(w.owner);
	assert_true((uint64_t)p->sw + p->lb <= m->sram);
	assert_int_equal(p->sw % OCTET_PLACE_ALIGN + p->lb % OCTET_PLACE_ALIGN, 0);
	check_spots(n, p);
	for (uint32_t i = 0; i < n->layers; i++) {
		w.last = i;
		if (p->cmds[i].chain)
			continue;
		check_group(&w);
		w.first = i + 1;
	}
	assert_int_equal(w.first, n->layers);
	free(w.owner);
	assert_int_equal(octet_cycles_job(m, p->cmds, n->layers, p->sw, p->lb, report, NULL, NULL), 0);
	assert_memory_equal(report, p->reports, n->layers * sizeof(*report));
	for (uint32_t i = 0; i < n->layers; i++) {
		cycles += report[i].total;
		bytes += report[i].dram_read + report[i].dram_write;
	}
	assert_int_equal(cycles, p->cycles);
	assert_int_equal(bytes, p->dram_read + p->dram_write);
}

static int place(const struct net *n, const struct octet_cycles_machine *m,
		 enum octet_place_level level, struct octet_place *p)
{
	const struct octet_place_net view = { n->layer, n->tensor, n->layers, n->tensors };

	return octet_place(m, &view, level, p);
}

/* all levels of one network: each is legal, and none is worse than the one below */
static void check_net(const struct net *n, const struct octet_cycles_machine *m)
{
	uint64_t cycles = UINT64_MAX, bytes = UINT64_MAX;

	for (int level = OCTET_PLACE_NONE; level <= OCTET_PLACE_FULL; level++) {
		struct octet_place p;
		int ret = place(n, m, (enum octet_place_level)level, &p);

		if (ret) {
			assert_int_equal(ret, -EINVAL);
			assert_true(strlen(p.error) > 20 && p.bad < n->layers);
			assert_int_equal(level, OCTET_PLACE_NONE);
			octet_place_free(&p);
			seen.refused++;
			return;
		}
		check_plan(n, m, &p);
		if (level == OCTET_PLACE_NONE) {
			cycles = p.cycles;
			bytes = p.dram_read + p.dram_write;
			assert_int_equal(p.sw, 0);
		}
		for (uint32_t i = 0; level < OCTET_PLACE_FULL && i < n->layers; i++)
			assert_false(p.cmds[i].chain);
		assert_true(p.cycles <= cycles && p.dram_read + p.dram_write <= bytes);
		octet_place_free(&p);
	}
}

static void test_random(void **state)
{
	static const uint32_t arrays[][4] = {
		{ 4, 8, 8, 8 }, { 8, 8, 8, 12 }, { 8, 16, 8, 32 }, { 16, 16, 8, 64 },
	};
	const char *count = getenv("OCTET_PLACE_NETS");
	static struct net n;

	(void)state;
	for (uint32_t i = 0; i < (count ? (uint32_t)atoi(count) : 150); i++) {
		struct octet_cycles_machine m = { 0 };

		seed = i * 2654435761u;
		random_net(&n);
		m.p = arrays[i % 4][0];
		m.k = arrays[i % 4][1];
		m.c = arrays[i % 4][2];
		m.dram_bpc = arrays[i % 4][3];
		m.sram = 8192u << rnd(6);
		if (getenv("OCTET_PLACE_TALK"))
			fprintf(stderr, "network %u\n", i);
		check_net(&n, &m);
	}
	if (getenv("OCTET_PLACE_TALK"))
		fprintf(stderr, "sram %u links %u input %u in place %u duties %u aliases %u weights %u "
			"stripes %u refused %u\n", seen.sram, seen.links, seen.input_links,
			seen.in_place, seen.duties, seen.aliases, seen.weights, seen.stripes,
			seen.refused);
	/* or the test proves nothing */
	assert_true(seen.sram && seen.links && seen.input_links && seen.in_place);
	assert_true(seen.aliases && seen.weights && seen.stripes);
}

static const struct octet_cycles_machine a1024 = {
	.p = 8, .k = 16, .c = 8, .dram_bpc = 32, .sram = 1 << 20,
};

/*
 * Residual blocks in stripes. Those that begin with 1x1 run ahead of what the end overwrites;
 * those that begin with 3x3 need a row that would be gone.
 */
static void test_in_place(void **state)
{
	static struct net n;

	(void)state;
	for (uint32_t sram = 1 << 16; sram <= 1 << 18; sram *= 2)
		for (uint32_t first = 1; first <= 3; first += 2) {
			struct octet_cycles_machine m = a1024;

			m.sram = sram;
			memset(&n, 0, sizeof(n));
			add_tensor(&n, (struct shape) { 1, 28, 28, 24 });
			n.tensor[0].external = true;
			for (int i = 0; i < 4; i++)
				add_block(&n, 6, first);
			for (uint32_t i = 0; i < n.tensors; i++)
				n.tensor[i].no_sram = n.tensor[i].external = false;
			n.tensor[0].external = n.tensor[n.tensors - 1].external = true;
			check_net(&n, &m);
		}
	assert_true(seen.duties > 0);
}

/* @count convolutions in a row, 1x1 */
static void row(struct net *n, struct shape s, uint32_t count)
{
	memset(n, 0, sizeof(*n));
	seed = 1;
	for (uint32_t i = 0; i <= count; i++) {
		int t = add_tensor(n, s);

		n->tensor[t].external = i == 0 || i == count;
		n->tensor[t].no_sram = false;
		if (i == count)
			break;
		n->layer[i] = (struct octet_place_layer) {
			.cost = command(OCTET_OP_CONV2D, s), .src = t, .src2 = -1, .b = -1,
			.dst = t + 1,
		};
		n->layer[i].cost.params = n->layer[i].cost.weights_const = true;
		n->layer[i].cost.weights = OCTET_CYCLES_DRAM;
		n->layers++;
	}
}

/* nothing but what must be moves: weights, records, the ends */
static void test_stays_on_chip(void **state)
{
	struct octet_place p;
	static struct net n;

	(void)state;
	row(&n, (struct shape) { 1, 28, 28, 64 }, 12);
	assert_int_equal(place(&n, &a1024, OCTET_PLACE_FULL, &p), 0);
	check_plan(&n, &a1024, &p);
	assert_int_equal(p.dram_read, 12 * (64 * 64 + 64 * 8) + 28 * 28 * 64);
	assert_int_equal(p.dram_write, 28 * 28 * 64);
	octet_place_free(&p);
}

static void test_too_large(void **state)
{
	struct octet_cycles_machine m = a1024;
	struct octet_place p;
	static struct net n;

	(void)state;
	m.sram = 4096;
	row(&n, (struct shape) { 1, 28, 28, 64 }, 3);
	n.layer[1].cost.w = n.layer[1].cost.ow = 1 << 16;
	n.tensor[2].bytes = 28 << 22;
	assert_int_equal(place(&n, &m, OCTET_PLACE_FULL, &p), -EINVAL);
	assert_int_equal(p.bad, 1);
	assert_non_null(strstr(p.error, "layer 1"));
	octet_place_free(&p);
}

/* one wants most of the SRAM for rows, the other for weights: two jobs */
static void test_cut(void **state)
{
	struct octet_cycles_machine m = a1024;
	struct octet_place p;
	static struct net n;

	(void)state;
	m.sram = 65536;
	row(&n, (struct shape) { 1, 28, 28, 64 }, 3);
	n.layer[0].cost.w = n.layer[0].cost.ow = 300;
	n.layer[2].cost.cin = 24;
	n.layer[2].cost.w = n.layer[2].cost.ow = 65;
	n.layer[2].cost.r = n.layer[2].cost.s = 7;
	n.layer[2].cost.pt = n.layer[2].cost.pl = 3;
	for (uint32_t i = 0; i < n.tensors; i++) {
		n.tensor[i].external = true;
		n.tensor[i].bytes = 1 << 20;
	}
	assert_int_equal(place(&n, &m, OCTET_PLACE_FULL, &p), -EINVAL);
	assert_int_equal(p.bad, 2);
	assert_non_null(strstr(p.error, "cut the job"));
	octet_place_free(&p);
	n.layers = 2;
	assert_int_equal(place(&n, &m, OCTET_PLACE_FULL, &p), 0);
	octet_place_free(&p);
}

static void test_nonsense(void **state)
{
	struct octet_place p;
	static struct net n;

	(void)state;
	row(&n, (struct shape) { 1, 8, 8, 8 }, 3);
	n.layer[2].src = 77;
	assert_int_equal(place(&n, &a1024, OCTET_PLACE_FULL, &p), -EINVAL);
	assert_non_null(strstr(p.error, "tensor 77"));
	octet_place_free(&p);
	row(&n, (struct shape) { 1, 8, 8, 8 }, 3);
	n.tensor[2].bytes--;
	assert_int_equal(place(&n, &a1024, OCTET_PLACE_FULL, &p), -EINVAL);
	assert_int_equal(p.bad, 1);
	assert_non_null(strstr(p.error, "writes 512 bytes"));
	octet_place_free(&p);
	row(&n, (struct shape) { 1, 8, 8, 8 }, 3);
	n.tensor[1].alias_of = 2;
	n.tensor[1].alias_offset = 1;
	assert_int_equal(place(&n, &a1024, OCTET_PLACE_FULL, &p), -EINVAL);
	assert_non_null(strstr(p.error, "no part"));
	octet_place_free(&p);
	n.layers = 0;
	n.tensors = 0;
	assert_int_equal(place(&n, &a1024, OCTET_PLACE_FULL, &p), 0);
	assert_int_equal(p.cycles, 0);
	octet_place_free(&p);
}

UNIT_MAIN(unit_case(test_random), unit_case(test_in_place), unit_case(test_stays_on_chip), unit_case(test_too_large),
	  unit_case(test_cut), unit_case(test_nonsense))
