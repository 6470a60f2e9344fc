// SPDX-License-Identifier: MIT
/*
 * Where tensors live in memory: constants once, inputs and outputs of each
 * slot apart, activations in an arena in which lifetimes share bytes.
 *
 * A job may be run again from its start after a reset of the device, so what it
 * reads from outside keeps its bytes until the job is over.
 */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

static size_t align(size_t bytes)
{
	return (bytes + PLAN_ALIGN - 1) / PLAN_ALIGN * PLAN_ALIGN;
}

void octet_plan_roots(struct octet_plan *plan)
{
	const struct octet_low_tensor *low = plan->low->tensors;

	const struct octet_graph *g = plan->graph;

	for (uint32_t i = 0; i < plan->low->tensor_count; i++) {
		struct plan_tensor *t = &plan->tensors[i];

		t->root = i;
		t->segment = -1;
		while (low[t->root].alias >= 0) {
			t->offset += low[t->root].offset;
			t->root = (uint32_t)low[t->root].alias;
		}
	}
	for (uint32_t i = 0; i < g->input_count; i++)
		plan->tensors[plan->tensors[g->inputs[i]].root].edge = true;
	for (uint32_t i = 0; i < g->output_count; i++)
		plan->tensors[plan->tensors[g->outputs[i]].root].edge = true;
}

static void at_home(struct octet_plan *plan, const int32_t *list, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct plan_tensor *t = &plan->tensors[plan->tensors[list[i]].root];

		if (t->home != PLAN_NOWHERE)
			continue;
		t->home = PLAN_IO;
		t->at = plan->io_bytes;
		plan->io_bytes += align(plan->low->tensors[plan->tensors[list[i]].root].bytes);
	}
}

static void constant(struct octet_plan *plan, uint32_t root)
{
	struct plan_tensor *t = &plan->tensors[root];

	t->home = PLAN_HOST;
	if (!t->on_device)
		return;
	t->home = PLAN_CONST;
	t->at = plan->const_bytes;
	plan->const_bytes += align(plan->low->tensors[root].bytes);
}

static void variable(struct octet_plan *plan, uint32_t root)
{
	struct plan_tensor *t = &plan->tensors[root];

	t->home = PLAN_STATE;
	t->at = plan->state_bytes;
	plan->state_bytes += align(plan->low->tensors[root].bytes);
}

/* Is a root within one job in the SRAM or a link? */
static bool inside(const struct octet_plan *plan, uint32_t root)
{
	const struct plan_tensor *t = &plan->tensors[root];
	const struct octet_place_spot *spot;

	if (t->segment < 0)
		return false;
	spot = &plan->segments[t->segment].place.spots[root];
	return spot->space == OCTET_CYCLES_SRAM || spot->space == OCTET_CYCLES_LINK;
}

/* A tensor of the arena on its way to a place. */
struct piece {
	uint32_t root;
	size_t bytes;
};

static int larger_first(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return x->root < y->root ? -1 : x->root > y->root;
}

static bool together(const struct plan_tensor *a, const struct plan_tensor *b, bool keep)
{
	return keep || (a->first <= b->last && b->first <= a->last);
}

/* The lowest place that no tensor alive at the same time has. */
static size_t first_fit(const struct octet_plan *plan, const struct piece *pieces, size_t done)
{
	const struct plan_tensor *t = &plan->tensors[pieces[done].root];
	size_t at = 0, need = pieces[done].bytes;
	bool moved = true;

	while (moved) {
		moved = false;
		for (size_t i = 0; i < done; i++) {
			const struct plan_tensor *o = &plan->tensors[pieces[i].root];

			if (!together(t, o, plan->opts.keep) || at + need <= o->at ||
			    o->at + pieces[i].bytes <= at)
				continue;
			at = o->at + pieces[i].bytes;
			moved = true;
		}
	}
	return at;
}

static int arena(struct octet_plan *plan)
{
	const struct octet_low *low = plan->low;
	struct piece *pieces = calloc(low->tensor_count, sizeof(*pieces));
	size_t count = 0;

	if (!pieces)
		return -ENOMEM;
	for (uint32_t i = 0; i < low->tensor_count; i++) {
		struct plan_tensor *t = &plan->tensors[i];

		if (t->root != i || t->home != PLAN_NOWHERE || !(t->on_device || t->on_host) ||
		    inside(plan, i))
			continue;
		pieces[count++] = (struct piece){ i, align(octet_plan_bytes(plan, i)) };
	}
	qsort(pieces, count, sizeof(*pieces), larger_first);
	for (size_t i = 0; i < count; i++) {
		struct plan_tensor *t = &plan->tensors[pieces[i].root];

		t->home = PLAN_ARENA;
		t->at = first_fit(plan, pieces, i);
		if (plan->arena_bytes < t->at + pieces[i].bytes)
			plan->arena_bytes = t->at + pieces[i].bytes;
	}
	free(pieces);
	return 0;
}

int octet_plan_layout(struct octet_plan *plan)
{
	const struct octet_graph *g = plan->graph;
	const struct octet_low *low = plan->low;

	for (uint32_t i = 0; i < low->tensor_count; i++) {
		if (plan->tensors[i].root != i)
			continue;
		if (low->tensors[i].data)
			constant(plan, i);
		else if (i < g->tensor_count && g->tensors[i].variable)
			variable(plan, i);
	}
	at_home(plan, g->inputs, g->input_count);
	at_home(plan, g->outputs, g->output_count);
	return arena(plan);
}

/* TFLite's rule: bytes of zeros, but int8 begins with its zero point. */
void octet_plan_clear(struct octet_plan *plan)
{
	const struct octet_graph *g = plan->graph;

	for (uint32_t i = 0; i < g->tensor_count; i++) {
		const struct octet_graph_tensor *t = &g->tensors[i];

		if (plan->tensors[i].root == i && plan->tensors[i].home == PLAN_STATE)
			memset(plan->state->map + plan->tensors[i].at,
			       t->type == OCTET_INT8 && t->quants ? t->zero_point[0] : 0,
			       t->bytes);
	}
}

int octet_plan_memory(struct octet_plan *plan)
{
	const struct octet_low *low = plan->low;
	int ret = 0;

	if (plan->const_bytes)
		ret = octet_buffer_new(plan->ctx, plan->const_bytes, true, &plan->constants);
	if (!ret && plan->state_bytes)
		ret = octet_buffer_new(plan->ctx, plan->state_bytes, false, &plan->state);
	if (ret)
		return ret;
	if (plan->constants)
		octet_buffer_name(plan->constants, "plan: weights");
	if (plan->state)
		octet_buffer_name(plan->state, "plan: variables");
	octet_plan_clear(plan);
	for (uint32_t i = 0; i < low->tensor_count; i++)
		if (plan->tensors[i].root == i && plan->tensors[i].home == PLAN_CONST)
			memcpy(plan->constants->map + plan->tensors[i].at, low->tensors[i].data,
			       low->tensors[i].bytes);
	for (uint32_t i = 0; i < plan->opts.slots && !ret; i++) {
		struct plan_slot *slot = &plan->slots[i];

		if (plan->io_bytes)
			ret = octet_buffer_new(plan->ctx, plan->io_bytes, false, &slot->io);
		if (!ret && plan->arena_bytes)
			ret = octet_buffer_new(plan->ctx, plan->arena_bytes, false, &slot->arena);
		if (slot->io)
			octet_buffer_name(slot->io, "plan: slot %u: inputs and outputs", i);
		if (slot->arena)
			octet_buffer_name(slot->arena, "plan: slot %u: activations", i);
	}
	return ret;
}

struct octet_buffer *octet_plan_buffer(const struct octet_plan *plan, const struct plan_slot *slot,
				       enum plan_home home)
{
	switch (home) {
	case PLAN_CONST:
		return plan->constants;
	case PLAN_STATE:
		return plan->state;
	case PLAN_IO:
		return slot->io;
	case PLAN_ARENA:
		return slot->arena;
	default:
		return NULL;
	}
}

void *octet_plan_at(const struct octet_plan *plan, const struct plan_slot *slot, uint32_t tensor)
{
	const struct plan_tensor *t = &plan->tensors[tensor], *root = &plan->tensors[t->root];
	struct octet_buffer *buffer;

	if (root->home == PLAN_HOST)
		return (uint8_t *)(uintptr_t)plan->low->tensors[t->root].data + t->offset;
	buffer = octet_plan_buffer(plan, slot, root->home);
	return buffer ? buffer->map + root->at + t->offset : NULL;
}
