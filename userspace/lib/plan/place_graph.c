// SPDX-License-Identifier: MIT
/* Lives of tensors, and which layers may be joined to a chain. */
#include <errno.h>

#include "place_priv.h"

static void named(struct place_ctx *p, int32_t tensor, uint32_t layer, bool writes)
{
	struct place_life *life = place_life(p, tensor);

	if (!life)
		return;
	/* read before it is written: it comes from outside */
	if (!life->named && !writes)
		life->outside = true;
	life->named = true;
	life->last = layer;
	if (!writes) {
		life->read = layer;
		return;
	}
	if (life->first == PLACE_NEVER)
		life->first = layer;
	life->writers++;
}

static void find_lives(struct place_ctx *p)
{
	const struct octet_place_tensor *t = p->net->tensors;

	for (uint32_t i = 0; i < p->net->tensor_count; i++)
		p->lives[i] = (struct place_life) {
			.root = t[i].alias_of < 0 ? i : (uint32_t)t[i].alias_of,
			.bytes = octet_ceil(t[i].bytes, OCTET_PLACE_ALIGN) * OCTET_PLACE_ALIGN,
			.first = PLACE_NEVER, .read = PLACE_NEVER, .slot = -1, .whole = true,
		};
	for (uint32_t i = 0; i < p->net->tensor_count; i++) {
		struct place_life *life = &p->lives[p->lives[i].root];

		if (t[i].external || t[i].no_sram)
			life->outside = true;
		if (t[i].alias_of >= 0)
			life->whole = false;
	}
	for (uint32_t i = 0; i < p->net->layer_count; i++) {
		const struct octet_place_layer *l = place_layer(p, i);

		named(p, l->src, i, false);
		named(p, l->src2, i, false);
		named(p, l->b, i, false);
		named(p, l->dst, i, true);
	}
}

/* A slot for each tensor, while there are any; in the order of layers. */
static void give_slots(struct place_ctx *p)
{
	uint32_t until[PLACE_SLOTS];
	bool taken[PLACE_SLOTS] = { false };

	for (uint32_t i = 0; i < p->net->layer_count; i++) {
		struct place_life *life = place_life(p, place_layer(p, i)->dst);
		int s = 0;

		if (!life || life->first != i || life->outside || life->read == PLACE_NEVER ||
		    life->bytes > p->machine->sram)
			continue;
		while (s < PLACE_SLOTS && taken[s] && until[s] >= i)
			s++;
		if (s == PLACE_SLOTS)
			continue;
		life->slot = s;
		taken[s] = true;
		until[s] = life->last;
		for (uint32_t k = i + 1; k <= life->last; k++) {
			p->live[k][s] = life->root;
			p->live_mask[k] |= 1ull << s;
		}
	}
}

int place_graph(struct place_ctx *p)
{
	size_t n = p->net->layer_count;

	p->lives = place_alloc(&p->arena, p->net->tensor_count * sizeof(*p->lives));
	p->ranges = place_alloc(&p->arena, n * OCTET_CYCLES_CHAIN * sizeof(*p->ranges));
	p->live = place_alloc(&p->arena, (n + 1) * sizeof(*p->live));
	p->live_mask = place_alloc(&p->arena, (n + 1) * sizeof(*p->live_mask));
	if (p->arena.failed)
		return -ENOMEM;
	find_lives(p);
	if (p->level != OCTET_PLACE_NONE)
		give_slots(p);
	return 0;
}

/* A line buffer: images, rows, bytes of a row and of an element. */
struct form {
	uint32_t n, rows, element;
	uint64_t row;
};

static struct form result_of(const struct octet_cycles_cmd *c)
{
	return (struct form) { c->n, c->oh, c->obytes, (uint64_t)c->ow * c->cout * c->obytes };
}

static struct form operand_of(const struct octet_cycles_cmd *c)
{
	return (struct form) { c->n, c->h, c->abytes, (uint64_t)c->w * c->cin * c->abytes };
}

static bool same_form(struct form a, struct form b)
{
	return a.n == b.n && a.rows == b.rows && a.element == b.element && a.row == b.row;
}

/* as many bytes as the result: no broadcast */
static bool full_src2(const struct octet_cycles_cmd *c)
{
	struct form f = result_of(c);

	return !c->src2_bytes || (octet_u128)f.row * f.n * f.rows == c->src2_bytes;
}

/* may an operand of @l be a line buffer of form @f */
static bool may_link(const struct octet_place_layer *l, bool second, struct form f)
{
	if (second)
		return !l->src2_view && full_src2(&l->cost) && same_form(result_of(&l->cost), f);
	return !l->src_view && same_form(operand_of(&l->cost), f);
}

/* the layer of the range before @i that makes @tensor; -1: none */
static int maker(const struct place_ctx *p, const struct place_range *r, uint32_t i, int32_t tensor)
{
	for (uint32_t k = 0; tensor >= 0 && k < i; k++)
		if (place_layer(p, r->first + k)->dst == tensor)
			return (int)k;
	return -1;
}

static bool result_may_link(const struct place_ctx *p, const struct place_range *r, uint32_t i)
{
	const struct octet_place_layer *l = place_layer(p, r->first + i);
	const struct place_life *life = place_life(p, l->dst);

	return life && !l->dst_view && !life->outside && life->whole && life->writers == 1 &&
	       life->read != PLACE_NEVER && life->read > life->first &&
	       life->last < r->first + r->count;
}

/* every operand that is made inside may be a link, and nothing is read that the end overwrites */
static bool operands_link(const struct place_ctx *p, const struct place_range *r)
{
	const struct octet_place_layer *end = place_layer(p, r->first + r->count - 1);

	for (uint32_t i = 0; i < r->count; i++) {
		const struct octet_place_layer *l = place_layer(p, r->first + i);
		int a = maker(p, r, i, l->src), b = maker(p, r, i, l->src2);

		if (l->src < 0 || maker(p, r, i, l->b) >= 0)
			return false;
		if (a >= 0 && !may_link(l, false,
					result_of(&place_layer(p, r->first + (uint32_t)a)->cost)))
			return false;
		if (b >= 0 && !may_link(l, true,
					result_of(&place_layer(p, r->first + (uint32_t)b)->cost)))
			return false;
		if (place_life(p, l->src) == place_life(p, end->dst) ||
		    (l->src2 >= 0 && place_life(p, l->src2) == place_life(p, end->dst)) ||
		    (l->b >= 0 && place_life(p, l->b) == place_life(p, end->dst)))
			return false;
	}
	return true;
}

static bool legal(const struct place_ctx *p, const struct place_range *r)
{
	if (r->count == 1)
		return true;
	for (uint32_t i = 0; i + 1 < r->count; i++)
		if (!result_may_link(p, r, i))
			return false;
	return operands_link(p, r);
}

/* the slot that the result may take over */
static int overwritten(const struct place_ctx *p, const struct place_range *r)
{
	const struct octet_place_layer *end = place_layer(p, r->first + r->count - 1);
	const struct place_life *u = place_life(p, end->src2), *d = place_life(p, end->dst);

	if (!u || !d || u == d || u->slot < 0 || d->slot < 0 || !u->whole || !d->whole)
		return -1;
	if (u->first >= r->first || u->last != r->first + r->count - 1 || u->read != u->last ||
	    p->net->tensors[u->root].bytes != p->net->tensors[d->root].bytes ||
	    d->writers != 1 || end->src == end->src2 || end->b == end->src2)
		return -1;
	return end->src2_view || end->dst_view || !full_src2(&end->cost) ? -1 : u->slot;
}

struct place_range *place_range(struct place_ctx *p, uint32_t first, uint32_t count)
{
	struct place_range **at = &p->ranges[first * OCTET_CYCLES_CHAIN + count - 1], *r;

	if (*at)
		return *at;
	r = place_alloc(&p->arena, sizeof(*r));
	if (!r)
		return NULL;
	*at = r;
	*r = (struct place_range) { .first = first, .count = count, .over = -1 };
	r->legal = legal(p, r);
	if (!r->legal)
		return r;
	r->over = overwritten(p, r);
	for (uint32_t i = 0; i < count; i++) {
		const struct octet_place_layer *l = place_layer(p, first + i);
		const int32_t operand[] = { l->src, l->src2, l->b };

		for (int k = 0; k < 3; k++) {
			const struct place_life *life = place_life(p, operand[k]);

			if (life && life->slot >= 0 && life->first < first)
				r->reads |= 1ull << life->slot;
		}
	}
	for (int s = 0; s < PLACE_SLOTS; s++)
		if (p->live_mask[first] >> s & 1 && p->lives[p->live[first][s]].last >= first + count)
			r->keep |= 1ull << s;
	return r;
}

/* an operand of command @i: a link, or where the mask has it; NONE: impossible */
static enum octet_cycles_space space(const struct place_ctx *p, const struct place_range *r,
				     uint32_t i, bool second, uint64_t mask, uint8_t *link)
{
	const struct octet_place_layer *head = place_layer(p, r->first);
	const struct octet_place_layer *l = place_layer(p, r->first + i);
	int32_t tensor = second ? l->src2 : l->src;
	int from = maker(p, r, i, tensor);

	*link = OCTET_OPERAND_LINK_NEWEST;
	if (tensor < 0)
		return OCTET_CYCLES_NONE;
	if (from >= 0) {
		*link = (uint8_t)(from + 1);
		return OCTET_CYCLES_LINK;
	}
	if (place_in(place_life(p, tensor), mask))
		return OCTET_CYCLES_SRAM;
	if (i > 0 && tensor == head->src && !head->src_view &&
	    may_link(l, second, operand_of(&head->cost))) {
		*link = 0;
		return OCTET_CYCLES_LINK;
	}
	return i > 0 && !second ? OCTET_CYCLES_NONE : OCTET_CYCLES_DRAM;
}

bool place_spaces(const struct place_ctx *p, const struct place_range *r, uint64_t mask,
		  bool out_sram, struct octet_cycles_cmd *cmds)
{
	for (uint32_t i = 0; i < r->count; i++) {
		const struct octet_place_layer *l = place_layer(p, r->first + i);
		struct octet_cycles_cmd *c = &cmds[i];

		*c = l->cost;
		c->src = space(p, r, i, false, mask, &c->src_link);
		c->src2 = space(p, r, i, true, mask, &c->src2_link);
		if (i > 0 && c->src == OCTET_CYCLES_NONE)
			return false;
		if (l->b >= 0) {
			c->weights = place_in(place_life(p, l->b), mask) ? OCTET_CYCLES_SRAM :
									  OCTET_CYCLES_DRAM;
			c->weights_const = false;
		}
		c->chain = i + 1 < r->count;
		c->dst = c->chain ? OCTET_CYCLES_LINK :
			 out_sram ? OCTET_CYCLES_SRAM : OCTET_CYCLES_DRAM;
		c->policy = OCTET_POLICY_AUTO;
		c->rows = 0;
	}
	return true;
}
