// SPDX-License-Identifier: MIT
/*
 * The best row of groups for one split of the SRAM: dynamic programming over
 * the layers. A state says what is in the SRAM between two layers and how many CONST
 * bytes are on the chip ahead of use; its cost is the timing's, not an estimate.
 */
#include <stdlib.h>
#include <string.h>

#include "place_priv.h"

/** Most states between two layers. */
#define STATES 32

/**
 * struct state
 *
 * @mask: slots in SRAM; @used: their bytes
 * @run: the recurrence up to here
 * @cost: see place_cost()
 */
struct state {
	uint64_t mask, used, cost;
	struct octet_cyc_run run;
	const struct state *from;
	struct place_step step;
};

struct layer_states {
	struct state *state[STATES];
	uint32_t count;
};

struct path {
	struct place_ctx *p;
	struct layer_states *at;
	uint64_t work;
};

/*
 * Is @a at least as good as @b, whatever follows? A byte that waits in the staging
 * saves 20 / 17 B cycles at most.
 */
static bool dominates(const struct state *a, const struct state *b)
{
	uint64_t ahead = b->run.have > a->run.have ? b->run.have - a->run.have : 0;

	return a->mask == b->mask && a->cost + 20 * ahead <= b->cost;
}

static uint64_t rank(const struct state *s)
{
	uint64_t ahead = 10 * s->run.have;

	return s->cost > ahead ? s->cost - ahead : 0;
}

static void insert(struct path *path, uint32_t layer, const struct state *new)
{
	struct layer_states *at = &path->at[layer];
	uint32_t n = 0, worst = 0;
	struct state *s;

	for (uint32_t i = 0; i < at->count; i++)
		if (dominates(at->state[i], new))
			return;
	for (uint32_t i = 0; i < at->count; i++)
		if (!dominates(new, at->state[i]))
			at->state[n++] = at->state[i];
	at->count = n;
	for (uint32_t i = 0; i < n; i++)
		if (rank(at->state[i]) > rank(at->state[worst]))
			worst = i;
	if (n == STATES && rank(at->state[worst]) <= rank(new))
		return;
	s = place_alloc(&path->p->cases, sizeof(*s));
	if (!s)
		return;
	*s = *new;
	at->state[n < STATES ? at->count++ : worst] = s;
}

static uint64_t bytes_of(const struct place_ctx *p, uint32_t layer, uint64_t mask)
{
	uint64_t sum = 0;

	for (mask &= p->live_mask[layer]; mask; mask &= mask - 1)
		sum += p->lives[p->live[layer][__builtin_ctzll(mask)]].bytes;
	return sum;
}

/* one group after a state, by one option */
static void extend(struct path *path, const struct state *s, struct place_range *r, bool out_sram,
		   const struct place_option *o)
{
	struct place_ctx *p = path->p;
	uint32_t next = r->first + r->count;
	const struct place_life *out = place_life(p, place_layer(p, next - 1)->dst);
	struct state new = { .run = s->run, .from = s };
	bool in_place = o->in_place && s->mask >> r->over & 1;
	struct octet_cyc_dma d;

	path->work++;
	new.mask = s->mask & r->keep;
	new.used = s->used;
	if (out_sram && !(place_in(out, s->mask) && out->first < r->first)) {
		if (!in_place)
			new.used += out->bytes;
		if (new.used > p->sw)
			return;
	}
	if (out_sram)
		new.mask |= 1ull << out->slot;
	new.mask &= p->live_mask[next];
	new.used = bytes_of(p, next, new.mask);
	d = octet_cyc_step(&new.run, &o->group);
	new.cost = s->cost + place_cost(p, r->count * OCTET_CYCLES_COMMAND + d.head + d.tail +
					(o->group.cycles > d.mid ? o->group.cycles : d.mid),
					o->group.dram);
	new.step = (struct place_step) { r, o, s->mask, out_sram, in_place };
	insert(path, next, &new);
}

static void extend_all(struct path *path, const struct state *s, struct place_range *r)
{
	struct place_ctx *p = path->p;
	const struct place_life *out = place_life(p, place_layer(p, r->first + r->count - 1)->dst);
	bool may = out && out->slot >= 0 && p->sw;
	/* a part of a tensor that is there already goes where the rest is */
	bool begun = may && out->first < r->first;
	bool there = begun && place_in(out, s->mask);

	for (int sram = 0; sram < 2; sram++) {
		const struct place_option *o;

		if (sram ? !may || (begun && !there) : there)
			continue;
		for (o = place_options(p, r, s->mask, sram); o; o = o->next)
			extend(path, s, r, sram, o);
	}
}

static uint32_t collect(const struct layer_states *end, struct place_step *steps, uint64_t *cost)
{
	const struct state *best = NULL;
	uint32_t n = 0;

	for (uint32_t i = 0; i < end->count; i++)
		if (!best || end->state[i]->cost < best->cost)
			best = end->state[i];
	for (const struct state *s = best; s && s->from; s = s->from)
		n++;
	*cost = best ? best->cost : UINT64_MAX;
	for (uint32_t i = n; i--; best = best->from)
		steps[i] = best->step;
	return n;
}

uint32_t place_path(struct place_ctx *p, struct place_step *steps, uint64_t *cost)
{
	uint32_t n = p->net->layer_count, count;
	struct path path = { .p = p, .at = calloc(n + 1, sizeof(*path.at)) };
	struct state start = { .run = { .x = p->x } };

	if (!path.at)
		return 0;
	start.run.left = p->fixed;
	insert(&path, 0, &start);
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 1; k <= p->longest && i + k <= n; k++) {
			struct place_range *r = place_range(p, i, k);

			if (!r || !r->legal)
				continue;
			for (uint32_t s = 0; s < path.at[i].count; s++)
				extend_all(&path, path.at[i].state[s], r);
		}
	count = collect(&path.at[n], steps, cost);
	p->budget = p->budget > path.work ? p->budget - path.work : 0;
	free(path.at);
	return count;
}
