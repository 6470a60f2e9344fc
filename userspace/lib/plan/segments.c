// SPDX-License-Identifier: MIT
/*
 * A program cut into jobs: commands between two host operators, as many as a
 * job may have and as fit the machine together.
 */
#include <stdlib.h>

#include "plan.h"

int octet_plan_insert(struct octet_plan *plan, uint32_t index)
{
	void *grown = realloc(plan->segments, (plan->segment_count + 1) * sizeof(*plan->segments));

	if (!grown)
		return -ENOMEM;
	plan->segments = grown;
	for (uint32_t i = plan->segment_count++; i > index; i--)
		plan->segments[i] = plan->segments[i - 1];
	plan->segments[index] = (struct plan_segment){ 0 };
	return 0;
}

static void use(struct octet_plan *plan, int32_t tensor, bool host, int32_t segment)
{
	struct plan_tensor *root;

	if (tensor < 0)
		return;
	root = &plan->tensors[plan->tensors[tensor].root];
	if (host) {
		root->on_host = true;
		return;
	}
	root->on_device = true;
	if (root->segment == -1)
		root->segment = segment;
	else if (root->segment != segment)
		root->segment = -2;
}

static void use_op(struct octet_plan *plan, const struct octet_graph_op *op)
{
	for (uint32_t i = 0; i < op->input_count; i++)
		use(plan, op->inputs[i], true, -1);
	for (uint32_t i = 0; i < op->output_count; i++)
		use(plan, op->outputs[i], true, -1);
}

/* Who uses each tensor, with the segments as they are. */
static void find_users(struct octet_plan *plan)
{
	const struct octet_low *low = plan->low;

	for (uint32_t i = 0; i < low->tensor_count; i++) {
		plan->tensors[i].on_device = plan->tensors[i].on_host = false;
		plan->tensors[i].segment = -1;
	}
	for (uint32_t i = 0; i < low->step_count; i++)
		if (low->steps[i].kind == OCTET_LOW_HOST)
			use_op(plan, &plan->graph->ops[low->steps[i].index]);
	for (uint32_t s = 0, first = 0; s < plan->segment_count; s++) {
		const struct plan_segment *seg = &plan->segments[s];

		if (seg->first != plan->segments[first].first)
			first = s;
		for (uint32_t i = 0; i < seg->count; i++) {
			const struct octet_low_cmd *c =
				&low->cmds[low->steps[seg->first + i].index];

			for (int k = 0; k < OCTET_LOW_OPERANDS; k++)
				use(plan, c->tensor[k], false, (int32_t)first);
		}
	}
}

/* Runs of commands, each one segment at first. */
static int runs_of_commands(struct octet_plan *plan)
{
	const struct octet_low *low = plan->low;
	struct plan_segment *seg = NULL;

	for (uint32_t i = 0; i < low->step_count; i++) {
		int ret;

		if (low->steps[i].kind == OCTET_LOW_HOST) {
			seg = NULL;
			continue;
		}
		if (!seg || seg->count == plan->ctx->info.max_cmds) {
			ret = octet_plan_insert(plan, plan->segment_count);
			if (ret)
				return ret;
			seg = &plan->segments[plan->segment_count - 1];
			seg->first = i;
		}
		seg->count++;
	}
	return 0;
}

int octet_plan_split(struct octet_plan *plan, uint32_t index, uint32_t at)
{
	int ret = octet_plan_insert(plan, index + 1);
	struct plan_segment *seg;

	if (ret)
		return ret;
	seg = &plan->segments[index];
	plan->segments[index + 1] = (struct plan_segment){
		.first = seg->first + at,
		.count = seg->count - at,
	};
	seg->count = at;
	find_users(plan);
	return 0;
}

void octet_plan_join(struct octet_plan *plan, uint32_t index)
{
	plan->segments[index].count += plan->segments[index + 1].count;
	plan->segment_count--;
	for (uint32_t i = index + 1; i < plan->segment_count; i++)
		plan->segments[i] = plan->segments[i + 1];
	find_users(plan);
}

static int too_large(struct octet_plan *plan, const struct plan_segment *seg, uint32_t bad)
{
	const struct octet_low *low = plan->low;
	uint32_t op = low->cmds[low->steps[seg->first + bad].index].op;

	if (!plan->off_device[op]) {
		plan->off_device[op] = true;
		return -EAGAIN;
	}
	return octet_set_error(plan->ctx, -ENOTSUP,
			       "operator %u %s does not fit the machine: %s", op,
			       plan->graph->ops[op].name, seg->place.error);
}

static int place_all(struct octet_plan *plan)
{
	for (uint32_t i = 0; i < plan->segment_count;) {
		uint32_t bad;
		int ret;

		octet_place_free(&plan->segments[i].place);
		ret = octet_plan_choose(plan, &plan->segments[i], &bad);
		if (ret == -EINVAL && bad) {
			/* What crosses the new border changes: all over again. */
			ret = octet_plan_split(plan, i, bad);
			i = 0;
			if (!ret)
				continue;
		}
		if (ret == -EINVAL)
			return too_large(plan, &plan->segments[i], bad);
		if (!ret)
			ret = octet_plan_mix(plan, i);
		if (ret)
			return ret;
		i++;
	}
	return 0;
}

static void number_chains(struct octet_plan *plan, struct plan_segment *seg)
{
	bool open = false;

	for (uint32_t i = 0; i < seg->count; i++) {
		bool chain = seg->place.cmds[i].chain;

		if (chain && !open)
			plan->chain_count++;
		seg->chain[i] = chain || open ? plan->chain_count : 0;
		open = chain;
	}
}

/* The steps between which a tensor has to keep its bytes. */
static void live(struct plan_tensor *t, uint32_t first, uint32_t last, bool *seen)
{
	if (!*seen || first < t->first)
		t->first = first;
	if (!*seen || last > t->last)
		t->last = last;
	*seen = true;
}

/* First and last step of the chain that command @i of a segment is in. */
static void group(const struct plan_segment *seg, uint32_t i, uint32_t *first, uint32_t *last)
{
	uint32_t a = i, b = i;

	while (a && seg->place.cmds[a - 1].chain)
		a--;
	while (b + 1 < seg->count && seg->place.cmds[b].chain)
		b++;
	*first = seg->first + a;
	*last = seg->first + b;
}

static void live_commands(struct octet_plan *plan, uint32_t index, bool *seen)
{
	const struct plan_segment *seg = &plan->segments[index];
	const struct octet_low *low = plan->low;

	for (uint32_t i = 0; i < seg->count; i++) {
		const struct octet_low_cmd *c = &low->cmds[low->steps[seg->first + i].index];
		uint32_t first, last;

		for (int k = 0; k < OCTET_LOW_OPERANDS; k++) {
			uint32_t root;

			if (c->tensor[k] < 0)
				continue;
			root = plan->tensors[c->tensor[k]].root;
			group(seg, i, &first, &last);
			/* What comes from outside, or goes there, outlives the job. */
			if (plan->tensors[root].on_host || plan->tensors[root].segment < 0) {
				first = seg->first;
				last = seg->first + seg->count - 1;
			}
			live(&plan->tensors[root], first, last, &seen[root]);
		}
	}
}

static int lifetimes(struct octet_plan *plan)
{
	const struct octet_low *low = plan->low;
	bool *seen = calloc(low->tensor_count, sizeof(*seen));

	if (!seen)
		return -ENOMEM;
	for (uint32_t i = 0; i < low->step_count; i++) {
		const struct octet_graph_op *op;

		if (low->steps[i].kind != OCTET_LOW_HOST)
			continue;
		op = &plan->graph->ops[low->steps[i].index];
		for (uint32_t k = 0; k < op->input_count; k++)
			if (op->inputs[k] >= 0)
				live(&plan->tensors[plan->tensors[op->inputs[k]].root], i, i,
				     &seen[plan->tensors[op->inputs[k]].root]);
		for (uint32_t k = 0; k < op->output_count; k++)
			live(&plan->tensors[plan->tensors[op->outputs[k]].root], i, i,
			     &seen[plan->tensors[op->outputs[k]].root]);
	}
	for (uint32_t s = 0; s < plan->segment_count; s++)
		live_commands(plan, s, seen);
	free(seen);
	return 0;
}

static int host(struct octet_plan *plan, uint32_t op)
{
	struct plan_host *h = &plan->hosts[plan->host_count];
	const char *why = "";
	int ret = octet_host_find(plan->graph, op, &h->fn, &why);

	if (ret)
		return octet_set_error(plan->ctx, ret, "operator %u %s: %s", op,
				       plan->graph->ops[op].name, why);
	h->op = op;
	h->scratch = octet_host_scratch(plan->graph, op);
	if (plan->scratch_bytes < h->scratch)
		plan->scratch_bytes = h->scratch;
	plan->host_count++;
	return 0;
}

/* Host operators and segments in the order of the program. */
static int make_items(struct octet_plan *plan)
{
	const struct octet_low *low = plan->low;
	uint32_t segment = 0;
	bool after_device = false;

	plan->items = calloc(low->step_count + 1, sizeof(*plan->items));
	plan->hosts = calloc(low->step_count + 1, sizeof(*plan->hosts));
	if (!plan->items || !plan->hosts)
		return -ENOMEM;
	for (uint32_t i = 0; i < low->step_count;) {
		struct plan_item *item = &plan->items[plan->item_count];
		int ret;

		if (low->steps[i].kind == OCTET_LOW_HOST) {
			*item = (struct plan_item){ true, plan->host_count, 1 };
			ret = host(plan, low->steps[i++].index);
			if (ret)
				return ret;
			plan->item_count++;
			after_device = false;
			continue;
		}
		if (after_device) {
			item[-1].count++;
		} else {
			*item = (struct plan_item){ false, segment, 1 };
			plan->item_count++;
		}
		after_device = true;
		segment++;
		if (segment == plan->segment_count || plan->segments[segment].first != i)
			i += plan->segments[segment - 1].count;
	}
	return 0;
}

void octet_plan_uncut(struct octet_plan *plan)
{
	for (uint32_t i = 0; i < plan->segment_count; i++) {
		octet_place_free(&plan->segments[i].place);
		free(plan->segments[i].chain);
	}
	free(plan->segments);
	plan->segments = NULL;
	plan->segment_count = 0;
}

int octet_plan_cut(struct octet_plan *plan)
{
	int ret = runs_of_commands(plan);

	find_users(plan);
	if (!ret)
		ret = place_all(plan);
	if (!ret)
		ret = octet_plan_repeat(plan);
	if (!ret)
		find_users(plan);
	for (uint32_t i = 0; !ret && i < plan->segment_count; i++) {
		struct plan_segment *seg = &plan->segments[i];

		seg->chain = calloc(seg->count, sizeof(*seg->chain));
		if (!seg->chain)
			return -ENOMEM;
		number_chains(plan, seg);
	}
	if (!ret)
		ret = make_items(plan);
	return ret ? ret : lifetimes(plan);
}
