// SPDX-License-Identifier: MIT
/*
 * The ways to run a group. Stripes and their array work depend neither on
 * the split of the SRAM nor on most of the spaces: they are counted once.
 */
#include <string.h>

#include "place_priv.h"

void place_set_split(struct place_ctx *p, uint64_t sw, uint64_t lb, uint64_t staging)
{
	place_free_all(&p->cases);
	p->x = (struct octet_cyc) { .m = p->machine, .lb = lb, .staging = staging };
	p->sw = sw;
	p->split++;
}

/* Most ways to cut a chain: 2^20 rows, a quarter more stripes each time. */
#define TRIES 80

static struct place_tries *list_tries(struct place_ctx *p, const struct octet_cycles_cmd *cmds,
				      uint32_t count)
{
	const struct octet_cycles_cmd *last = &cmds[count - 1];
	struct place_try try[TRIES] = { { OCTET_POLICY_RESIDENT, last->oh, 0, NULL } };
	uint32_t n = 1, before = last->oh;
	struct place_tries *list;
	bool batch = false;

	if (count == 1 && octet_cyc_has_weights(last) && last->n == 1)
		try[n++] = (struct place_try) { OCTET_POLICY_WEIGHT, last->oh, 0, NULL };
	for (uint32_t i = 0; i < count; i++)
		batch |= cmds[i].n > 1;
	for (uint64_t stripes = 2; !batch && before > 1 && n < TRIES;
	     stripes += stripes < 8 ? 1 : stripes / 4) {
		uint32_t rows = (uint32_t)octet_ceil(last->oh, stripes);

		if (rows < before)
			try[n++] = (struct place_try) { OCTET_POLICY_STRIPE, rows, 0, NULL };
		before = rows;
	}
	list = place_alloc(&p->arena, sizeof(*list) + n * sizeof(*try));
	if (!list)
		return NULL;
	list->count = n;
	memcpy(list->try, try, n * sizeof(*try));
	return list;
}

/* false: it can never fit */
static bool count_tiles(struct place_ctx *p, const struct octet_cycles_cmd *cmds, uint32_t count,
			struct place_try *try)
{
	struct octet_cyc x = { .m = p->machine };
	struct octet_cyc_tiles tiles;

	try->least = UINT64_MAX;
	if (octet_cyc_tiles(&x, cmds, count, try->policy == OCTET_POLICY_WEIGHT, try->rows,
			    &tiles) || x.over)
		return false;
	try->tiles = place_alloc(&p->arena, sizeof(tiles));
	if (!try->tiles)
		return false;
	*try->tiles = tiles;
	try->least = tiles.buffers;
	return true;
}

/* rows present of the result of each command, when the last one has @end */
static void present(const struct octet_cycles_cmd *cmds, uint32_t count, int64_t end,
		    int64_t *cum)
{
	cum[count] = end;
	for (uint32_t k = count; k-- > 1;) {
		cum[k] = 0;
		for (uint32_t i = k; i < count; i++) {
			const struct octet_cycles_cmd *c = &cmds[i];
			int64_t y = 0;

			if (c->src == OCTET_CYCLES_LINK && c->src_link == k)
				y = octet_cyc_hi(c, cum[i + 1]);
			if (c->src2 == OCTET_CYCLES_LINK && c->src2_link == k && cum[i + 1] > y)
				y = cum[i + 1];
			cum[k] = y > cum[k] ? y : cum[k];
		}
	}
}

/*
 * May the last result overwrite the second operand as it comes: all other
 * readers in the group must have done with the rows by then, and see the same rows. The
 * machine does not look.
 */
static bool may_overwrite(const struct place_ctx *p, const struct place_range *r,
			  const struct octet_cycles_cmd *cmds, uint32_t rows)
{
	const struct octet_cycles_cmd *end = &cmds[r->count - 1];
	int32_t over = place_layer(p, r->first + r->count - 1)->src2;
	int64_t cum[OCTET_CYCLES_CHAIN + 1];

	for (int64_t done = rows; done < end->oh; done += rows) {
		present(cmds, r->count, done, cum);
		for (uint32_t i = 0; i + 1 < r->count; i++) {
			const struct octet_place_layer *l = place_layer(p, r->first + i);

			if (l->b == over)
				return false;
			if (l->src == over && (cmds[i].h != end->oh ||
					       octet_cyc_lo(&cmds[i], cum[i + 1]) < done))
				return false;
			if (l->src2 == over && (cmds[i].oh != end->oh || cum[i + 1] < done))
				return false;
		}
	}
	return true;
}

static bool better(const struct place_option *a, const struct place_option *b, uint64_t a_alone,
		   uint64_t b_alone)
{
	return a->group.dram <= b->group.dram && a_alone <= b_alone &&
	       a->group.hold <= b->group.hold && a->in_place >= b->in_place;
}

static uint64_t alone(struct octet_cyc *x, const struct octet_cyc_group *g)
{
	struct octet_cyc_dma d = octet_cyc_dma(x, g, 0);

	return d.head + d.tail + (g->cycles > d.mid ? g->cycles : d.mid);
}

/* keeps it unless another is as good in everything; drops those that it beats */
static bool keep(struct place_ctx *p, struct place_case *c, const struct place_option *new)
{
	uint64_t cost = alone(&p->x, &new->group);
	struct place_option **at = &c->options, *o;

	for (o = c->options; o; o = o->next)
		if (better(o, new, alone(&p->x, &o->group), cost))
			return true;
	while (*at) {
		if (better(new, *at, cost, alone(&p->x, &(*at)->group)))
			*at = (*at)->next;
		else
			at = &(*at)->next;
	}
	o = place_alloc(&p->cases, sizeof(*o));
	if (!o)
		return false;
	*o = *new;
	*at = o;
	o->next = NULL;
	return true;
}

/* tries a policy; true if it fits */
static bool attempt(struct place_ctx *p, struct place_range *r, struct place_case *c,
		    const struct octet_cycles_cmd *cmds, struct place_try *try)
{
	struct place_option o = { .policy = try->policy };

	if (try->least > p->x.lb ||
	    (!try->tiles && !count_tiles(p, cmds, r->count, try)) || try->least > p->x.lb)
		return false;
	if (try->policy == OCTET_POLICY_WEIGHT && !octet_cyc_stream(&p->x, cmds))
		return false;
	if (octet_cyc_fit(&p->x, cmds, r->count, try->policy == OCTET_POLICY_WEIGHT, try->tiles,
			  &o.group) || p->x.over) {
		p->x.over = false;
		return false;
	}
	if (try->policy == OCTET_POLICY_STRIPE)
		o.rows = try->rows;
	if (r->over >= 0 && c->out_sram && c->reads >> r->over & 1)
		o.in_place = may_overwrite(p, r, cmds, try->rows);
	keep(p, c, &o);
	return true;
}

/* Stripes from few to many: once it fits, more of them only cost. */
#define FITTING 2

static void attempts(struct place_ctx *p, struct place_range *r, struct place_case *c,
		     const struct octet_cycles_cmd *cmds)
{
	struct place_tries **list = &r->tries[cmds[0].src == OCTET_CYCLES_SRAM];
	uint32_t fitting = 0;

	if (!*list)
		*list = list_tries(p, cmds, r->count);
	for (uint32_t i = 0; *list && i < (*list)->count && fitting < FITTING; i++)
		if (attempt(p, r, c, cmds, &(*list)->try[i]))
			fitting += (*list)->try[i].policy == OCTET_POLICY_STRIPE;
}

const struct place_option *place_options(struct place_ctx *p, struct place_range *r, uint64_t mask,
					 bool out_sram)
{
	struct octet_cycles_cmd cmds[OCTET_CYCLES_CHAIN];
	struct place_case *c;

	if (r->split != p->split)
		r->cases = NULL;
	r->split = p->split;
	mask &= r->reads;
	for (c = r->cases; c; c = c->next)
		if (c->reads == mask && c->out_sram == out_sram)
			return c->options;
	c = place_alloc(&p->cases, sizeof(*c));
	if (!c)
		return NULL;
	c->reads = mask;
	c->out_sram = out_sram;
	c->next = r->cases;
	r->cases = c;
	if (place_spaces(p, r, mask, out_sram, cmds) &&
	    !octet_cyc_check_links(cmds, r->count))
		attempts(p, r, c, cmds);
	return c->options;
}
