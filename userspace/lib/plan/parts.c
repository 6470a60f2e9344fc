// SPDX-License-Identifier: MIT
/*
 * A batch in parts: a segment's commands run once for each part, in the same
 * places of the SRAM. Large parts save commands and bytes of weights, small ones keep
 * activations in the SRAM. The fewest cycles win, by the timing of the whole job.
 */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

/** Sizes of parts that are looked at. */
#define FORMS 16

static bool same_constants(const struct octet_low_tensor *a, const struct octet_low_tensor *b)
{
	if (!a->data || !b->data)
		return !a->data && !b->data;
	return a->bytes == b->bytes && (a->data == b->data || !memcmp(a->data, b->data, a->bytes));
}

static bool same_tensors(const struct octet_low *a, const struct octet_low *b)
{
	if (a->tensor_count != b->tensor_count)
		return false;
	for (uint32_t i = 0; i < a->tensor_count; i++) {
		const struct octet_low_tensor *x = &a->tensors[i], *y = &b->tensors[i];

		if (x->alias != y->alias || x->offset != y->offset || x->strided != y->strided ||
		    !same_constants(x, y))
			return false;
	}
	return true;
}

/* The same steps on the same tensors; sizes may differ. */
static bool same_program(const struct octet_low *a, const struct octet_low *b)
{
	if (a->cmd_count != b->cmd_count || a->step_count != b->step_count || !same_tensors(a, b))
		return false;
	for (uint32_t i = 0; i < a->step_count; i++)
		if (a->steps[i].kind != b->steps[i].kind || a->steps[i].index != b->steps[i].index)
			return false;
	for (uint32_t i = 0; i < a->cmd_count; i++) {
		const struct octet_low_cmd *x = &a->cmds[i], *y = &b->cmds[i];

		if (x->cmd.op != y->cmd.op || x->op != y->op ||
		    memcmp(x->tensor, y->tensor, sizeof(x->tensor)))
			return false;
	}
	return true;
}

static void free_form(const struct octet_plan *plan, struct plan_form *form)
{
	if (form->low != plan->low)
		octet_low_free(form->low);
	octet_graph_batch_free(form->graph);
	form->low = NULL;
	form->graph = NULL;
}

/* A form for parts of @batch samples; one whose program is another is dropped. */
static int add_form(struct octet_plan *plan, uint32_t batch)
{
	const struct octet_graph *graph = plan->model->graph;
	struct plan_form form = { .batch = batch };
	char err[64];
	int ret = 0;

	if (plan->opts.batch == 1)
		form.low = plan->low;
	else if (batch > 1)
		ret = octet_graph_batch(graph, batch, &form.graph, err, sizeof(err));
	if (!ret && !form.low)
		ret = octet_plan_lower(plan, form.graph ? form.graph : graph, &form.low);
	if (!ret && same_program(plan->low, form.low))
		plan->forms[plan->form_count++] = form;
	else
		free_form(plan, &form);
	return ret == -ENOMEM ? ret : 0;
}

/* The plan's own program is that for one sample; its tensors have the whole batch. */
static void all_samples(struct octet_plan *plan)
{
	const struct octet_graph *one = plan->model->graph, *all = plan->graph;
	struct octet_low *low = plan->low;

	for (uint32_t i = 0; i < low->tensor_count && all != one; i++)
		if (!low->tensors[i].data && (i >= one->tensor_count ||
					      one->tensors[i].bytes != all->tensors[i].bytes))
			low->tensors[i].bytes *= plan->opts.batch;
}

int octet_plan_forms(struct octet_plan *plan)
{
	uint32_t batch = plan->opts.batch, last = 0;

	plan->forms = calloc(FORMS, sizeof(*plan->forms));
	if (!plan->forms)
		return -ENOMEM;
	all_samples(plan);
	/* The whole batch as the last; no two that are nearly the same. */
	for (uint32_t b = 1; b <= batch / 2 && plan->form_count < FORMS - 1; b++) {
		int ret;

		if (batch % b || b < last + last / 2)
			continue;
		last = b;
		ret = add_form(plan, b);
		if (ret)
			return ret;
	}
	return add_form(plan, batch);
}

void octet_plan_forms_free(struct octet_plan *plan)
{
	for (uint32_t i = 0; plan->forms && i < plan->form_count; i++)
		free_form(plan, &plan->forms[i]);
	free(plan->forms);
	plan->forms = NULL;
	plan->form_count = 0;
}

static bool fixed(const struct octet_plan *plan, uint32_t root)
{
	return plan->low->tensors[root].data ||
	       (root < plan->graph->tensor_count && plan->graph->tensors[root].variable);
}

bool octet_plan_outside(const struct octet_plan *plan, uint32_t root)
{
	const struct plan_tensor *t = &plan->tensors[root];

	return t->edge || t->on_host || t->segment < 0 ||
	       (plan->opts.keep && root < plan->graph->tensor_count);
}

uint64_t octet_plan_bytes(const struct octet_plan *plan, uint32_t root)
{
	const struct octet_low *low = plan->low;

	if (!octet_plan_outside(plan, root))
		low = plan->segments[plan->tensors[root].segment].low;
	return low->tensors[root].bytes;
}

uint64_t octet_plan_shift(const struct octet_plan *plan, const struct plan_segment *seg,
			  uint32_t root)
{
	uint64_t bytes = seg->low->tensors[root].bytes;

	/* What is computed of constants alone is the same for all samples. */
	if (fixed(plan, root) || !octet_plan_outside(plan, root) ||
	    bytes == plan->low->tensors[root].bytes)
		return 0;
	return bytes;
}

/* Is all that a segment shares with others made of whole samples, one after the other? */
static bool divisible(const struct octet_plan *plan, const struct plan_segment *seg, uint32_t parts)
{
	for (uint32_t i = 0; i < seg->count; i++) {
		const struct octet_low_cmd *c = &seg->low->cmds[seg->low->steps[seg->first + i].index];

		for (int k = 0; k < OCTET_LOW_OPERANDS; k++) {
			uint32_t root;
			uint64_t shift;

			if (c->tensor[k] < 0)
				continue;
			root = plan->tensors[c->tensor[k]].root;
			shift = octet_plan_shift(plan, seg, root);
			if (shift && (root >= plan->graph->tensor_count ||
				      shift * parts != plan->low->tensors[root].bytes))
				return false;
		}
	}
	return true;
}

static enum octet_place_level level(const struct octet_plan *plan)
{
	/* The CPU has no SRAM: nothing is won there, and bits are the same. */
	if (plan->opts.keep || plan->opts.no_sram || plan->ctx->backend == OCTET_BACKEND_CPU)
		return OCTET_PLACE_NONE;
	return OCTET_PLACE_FULL;
}

/* One part. */
static int place(struct octet_plan *plan, struct plan_segment *seg)
{
	uint32_t tensor_count = seg->low->tensor_count;
	struct octet_place_layer *layers = calloc(seg->count, sizeof(*layers));
	struct octet_place_tensor *tensors = calloc(tensor_count, sizeof(*tensors));
	struct octet_place_net net = {
		.layers = layers,
		.tensors = tensors,
		.layer_count = seg->count,
		.tensor_count = tensor_count,
	};
	int ret = -ENOMEM;

	if (layers && tensors)
		ret = octet_plan_layers(plan, seg, layers, tensors);
	if (!ret)
		ret = octet_place(&plan->machine, &net, level(plan), &seg->place);
	free(layers);
	free(tensors);
	return ret;
}

/* The commands of one part again for each other one, all timed as one job. */
static int repeat(const struct octet_plan *plan, struct plan_segment *seg)
{
	struct octet_place *p = &seg->place;
	uint32_t total = seg->count * seg->parts;
	void *cmds, *reports;

	cmds = realloc(p->cmds, (size_t)total * sizeof(*p->cmds));
	p->cmds = cmds ? cmds : p->cmds;
	reports = realloc(p->reports, (size_t)total * sizeof(*p->reports));
	p->reports = reports ? reports : p->reports;
	if (!cmds || !reports)
		return -ENOMEM;
	for (uint32_t i = seg->count; i < total; i++)
		p->cmds[i] = p->cmds[i - seg->count];
	if (octet_cycles_job(&plan->machine, p->cmds, total, p->sw, p->lb, p->reports, NULL, NULL))
		return -EINVAL;
	p->cycles = p->dram_read = p->dram_write = 0;
	for (uint32_t i = 0; i < total; i++) {
		p->cycles += p->reports[i].total;
		p->dram_read += p->reports[i].dram_read;
		p->dram_write += p->reports[i].dram_write;
	}
	return 0;
}

/* All parts, as if a job had room for them: the jobs are made later. */
int octet_plan_attempt(struct octet_plan *plan, struct plan_segment *seg,
		       const struct plan_form *form)
{
	int ret;

	seg->low = form->low;
	seg->part = 0;
	seg->parts = plan->opts.batch / form->batch;
	seg->place = (struct octet_place){ 0 };
	if (seg->parts > 1 && !divisible(plan, seg, seg->parts))
		return -EDOM;
	ret = place(plan, seg);
	return ret || seg->parts == 1 ? ret : repeat(plan, seg);
}

/* Of two ways the one with fewer cycles; without SRAM to win, the one with fewer commands. */
static bool better(const struct octet_plan *plan, const struct plan_segment *try,
		   const struct plan_segment *best)
{
	return !best->place.cmds || level(plan) == OCTET_PLACE_NONE ||
	       try->place.cycles <= best->place.cycles;
}

int octet_plan_choose(struct octet_plan *plan, struct plan_segment *seg, uint32_t *bad)
{
	struct plan_segment best = *seg;
	int ret = -EINVAL;

	best.place = (struct octet_place){ 0 };
	*bad = 0;
	for (uint32_t i = 0; i < plan->form_count; i++) {
		struct plan_segment try = *seg;
		int err = octet_plan_attempt(plan, &try, &plan->forms[i]);

		/* Of those that fail, the smallest parts tell what does not fit. */
		if (err && err != -EDOM && ret == -EINVAL && !best.place.error[0]) {
			*bad = try.place.bad;
			memcpy(best.place.error, try.place.error, sizeof(try.place.error));
		}
		if (err || !better(plan, &try, &best)) {
			octet_place_free(&try.place);
			if (err == -ENOMEM)
				ret = err;
			continue;
		}
		octet_place_free(&best.place);
		best = try;
		ret = ret == -ENOMEM ? ret : 0;
	}
	*seg = best;
	return ret;
}

static void *copy(const void *from, size_t bytes)
{
	void *to = malloc(bytes + !bytes);

	return to ? memcpy(to, from, bytes) : NULL;
}

/* The first job of a segment takes @parts, the one behind it the others. */
static int split(struct octet_plan *plan, uint32_t index, uint32_t parts)
{
	struct plan_segment *seg, *rest;
	int ret = octet_plan_insert(plan, index + 1);

	if (ret)
		return ret;
	seg = &plan->segments[index];
	rest = seg + 1;
	*rest = *seg;
	rest->part += parts;
	rest->parts -= parts;
	seg->parts = parts;
	rest->place.spots = copy(seg->place.spots, plan->low->tensor_count * sizeof(*seg->place.spots));
	rest->place.cmds = copy(seg->place.cmds, seg->count * sizeof(*seg->place.cmds));
	rest->place.reports = copy(seg->place.reports, seg->count * sizeof(*seg->place.reports));
	return rest->place.spots && rest->place.cmds && rest->place.reports ? repeat(plan, seg) :
									     -ENOMEM;
}

int octet_plan_repeat(struct octet_plan *plan)
{
	for (uint32_t i = 0; i < plan->segment_count; i++) {
		uint32_t most = plan->ctx->info.max_cmds / plan->segments[i].count;
		int ret = 0;

		if (plan->segments[i].parts > most)
			ret = split(plan, i, most);
		else if (plan->segments[i].part)
			ret = repeat(plan, &plan->segments[i]);
		if (ret)
			return ret;
	}
	return 0;
}
