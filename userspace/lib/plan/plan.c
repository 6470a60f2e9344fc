// SPDX-License-Identifier: MIT
/* Plans put together and taken apart. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../backend/backend.h"
#include "plan.h"

static int read_options(struct octet_ctx *ctx, const struct octet_plan_opts *opts,
			struct octet_plan_opts *o)
{
	int ret = octet_opts_in(ctx, "octet_plan_opts", opts, sizeof(*o), o);

	if (ret)
		return ret;
	if (!o->batch)
		o->batch = 1;
	if (!o->slots)
		o->slots = 1;
	if (octet_flavour_name(o->flavour)[0] == '?')
		return octet_set_error(ctx, -EINVAL, "octet_plan_new: flavour %d is unknown",
				       o->flavour);
	if (o->slots > PLAN_SLOTS_MAX)
		return octet_set_error(ctx, -EINVAL, "octet_plan_new: %u slots, at most %u",
				       o->slots, PLAN_SLOTS_MAX);
	return 0;
}

static void machine_of(const struct octet_ctx *ctx, struct octet_cycles_machine *m)
{
	const struct octet_info *info = &ctx->info;

	/* The CPU has no array: commands are judged by the default machine. */
	*m = (struct octet_cycles_machine){
		.p = info->p ? info->p : 8,
		.k = info->k ? info->k : 16,
		.c = info->c ? info->c : 8,
		.dram_bpc = info->dram_bpc ? info->dram_bpc : 32,
		.sram = info->sram ? info->sram : 1u << 20,
	};
}

static int make_batch(struct octet_plan *plan)
{
	char err[256] = "";
	int ret;

	plan->graph = plan->model->graph;
	if (plan->opts.batch == 1)
		return 0;
	ret = octet_graph_batch(plan->graph, plan->opts.batch, &plan->batched, err, sizeof(err));
	if (ret)
		return octet_set_error(plan->ctx, ret, "a batch of %u: %s", plan->opts.batch, err);
	plan->graph = plan->batched;
	return 0;
}

int octet_plan_lower(struct octet_plan *plan, const struct octet_graph *graph,
		     struct octet_low **low)
{
	struct octet_low_opts opts = {
		.flavour = plan->opts.flavour,
		.ops = plan->ctx->info.ops,
		.keep_all = plan->opts.keep,
		.packed = plan->ctx->info.features & OCTET_FEATURE_PACKED,
		.host = plan->off_device,
	};
	char err[256] = "";
	int ret = octet_lower(graph, &opts, low, err, sizeof(err));

	return ret ? octet_set_error(plan->ctx, ret, "%s", err) : 0;
}

static int lower(struct octet_plan *plan)
{
	int ret = octet_plan_lower(plan, plan->model->graph, &plan->low);

	if (ret)
		return ret;
	plan->tensors = calloc(plan->low->tensor_count + 1, sizeof(*plan->tensors));
	if (!plan->tensors)
		return octet_set_error(plan->ctx, -ENOMEM, "octet_plan_new: out of memory");
	octet_plan_roots(plan);
	return 0;
}

/*
 * Commands and jobs. What does not fit the machine goes to the CPU, one operator at a time,
 * which changes what is fused: then all over again.
 */
static int program(struct octet_plan *plan)
{
	int ret;

	plan->predicted = calloc(plan->graph->op_count + 1, sizeof(*plan->predicted));
	plan->off_device = calloc(plan->graph->op_count + 1, sizeof(*plan->off_device));
	if (!plan->predicted || !plan->off_device)
		return -ENOMEM;
	for (;;) {
		ret = lower(plan);
		if (!ret)
			ret = octet_plan_forms(plan);
		if (!ret)
			ret = octet_plan_cut(plan);
		if (ret != -EAGAIN)
			return ret;
		octet_plan_uncut(plan);
		octet_plan_forms_free(plan);
		octet_low_free(plan->low);
		free(plan->tensors);
		plan->low = NULL;
		plan->tensors = NULL;
	}
}

static void predict(struct octet_plan *plan)
{
	const struct octet_low *low = plan->low;

	for (uint32_t s = 0; s < plan->segment_count; s++) {
		const struct plan_segment *seg = &plan->segments[s];

		for (uint32_t i = 0; i < seg->count * seg->parts; i++) {
			uint32_t step = seg->first + i % seg->count;
			struct octet_op_report *p =
				&plan->predicted[low->cmds[low->steps[step].index].op];

			octet_plan_add(p, &seg->place.reports[i]);
			p->macs += octet_cycles_macs(&seg->place.cmds[i]);
		}
	}
}

/* What a slot needs besides buffers; its conditions are on the monotonic clock. */
static int slot_init(struct octet_plan *plan, struct plan_slot *slot)
{
	pthread_condattr_t attr;
	int ret;

	slot->plan = plan;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&slot->wake, &attr);
	pthread_cond_init(&slot->done, &attr);
	pthread_condattr_destroy(&attr);
	slot->jobs = calloc(plan->segment_count + 1, sizeof(struct octet_job *));
	slot->buffers = calloc(plan->graph->tensor_count + 1, sizeof(void *));
	slot->host_ns = calloc(plan->host_count + 1, sizeof(uint64_t));
	slot->scratch = malloc(plan->scratch_bytes + 1);
	if (!slot->jobs || !slot->buffers || !slot->host_ns || !slot->scratch)
		return octet_set_error(plan->ctx, -ENOMEM, "octet_plan_new: out of memory");
	ret = octet_queue_make(plan->ctx, OCTET_PRIORITY_NORMAL, &slot->queue);
	return ret;
}

static int slot_fill(struct octet_plan *plan, struct plan_slot *slot)
{
	int ret = octet_plan_emit(plan, slot);

	if (ret)
		return ret;
	pthread_mutex_lock(&plan->ctx->lock);
	for (uint32_t s = 0; s < plan->segment_count; s++)
		slot->jobs[s]->run_queue = octet_queue_get(slot->queue);
	pthread_mutex_unlock(&plan->ctx->lock);
	for (uint32_t i = 0; i < plan->graph->tensor_count; i++)
		slot->buffers[i] = octet_plan_at(plan, slot, i);
	return 0;
}

static int slots(struct octet_plan *plan)
{
	int ret = 0;

	plan->slots = calloc(plan->opts.slots, sizeof(*plan->slots));
	if (!plan->slots)
		return octet_set_error(plan->ctx, -ENOMEM, "octet_plan_new: out of memory");
	for (uint32_t i = 0; i < plan->opts.slots && !ret; i++)
		ret = slot_init(plan, &plan->slots[i]);
	if (!ret)
		ret = octet_plan_memory(plan);
	for (uint32_t i = 0; i < plan->opts.slots && !ret; i++)
		ret = slot_fill(plan, &plan->slots[i]);
	return ret ? ret : octet_plan_workers(plan);
}

static int assemble(struct octet_plan *plan)
{
	int ret = make_batch(plan);

	if (!ret)
		ret = program(plan);
	if (ret == -ENOMEM)
		return octet_set_error(plan->ctx, ret, "octet_plan_new: out of memory");
	if (ret)
		return ret;
	predict(plan);
	ret = octet_plan_layout(plan);
	if (ret)
		return octet_set_error(plan->ctx, ret, "octet_plan_new: out of memory");
	if (plan->state_bytes && plan->opts.slots > 1)
		return octet_set_error(plan->ctx, -ENOTSUP,
				       "octet_plan_new: the model has variables, so its runs follow "
				       "one another: %u slots cannot be",
				       plan->opts.slots);
	return slots(plan);
}

int octet_plan_new(struct octet_ctx *ctx, struct octet_model *model,
		   const struct octet_plan_opts *opts, struct octet_plan **out)
{
	struct octet_plan_opts o;
	struct octet_plan *plan;
	int ret;

	if (!ctx)
		return -EINVAL;
	if (!model || !out)
		return octet_set_error(ctx, -EINVAL, "octet_plan_new: model or plan is NULL");
	ret = read_options(ctx, opts, &o);
	if (ret)
		return ret;
	plan = calloc(1, sizeof(*plan));
	if (!plan)
		return octet_set_error(ctx, -ENOMEM, "octet_plan_new: out of memory");
	plan->ctx = ctx;
	plan->model = model;
	plan->opts = o;
	pthread_mutex_init(&plan->lock, NULL);
	octet_link_init(&plan->link);
	machine_of(ctx, &plan->machine);
	ret = assemble(plan);
	if (ret) {
		octet_plan_destroy(plan);
		return ret;
	}
	octet_link_add(&ctx->plans, &plan->link);
	*out = plan;
	return 0;
}

static void slot_destroy(struct octet_plan *plan, struct plan_slot *slot)
{
	if (!slot->plan)
		return;
	for (uint32_t s = 0; slot->jobs && s < plan->segment_count; s++)
		if (slot->jobs[s])
			octet_job_destroy(slot->jobs[s]);
	octet_queue_put(slot->queue);
	octet_buffer_put(slot->io);
	octet_buffer_put(slot->arena);
	pthread_cond_destroy(&slot->wake);
	pthread_cond_destroy(&slot->done);
	free(slot->jobs);
	free(slot->buffers);
	free(slot->host_ns);
	free(slot->scratch);
	free(slot->watchers);
}

void octet_plan_destroy(struct octet_plan *plan)
{
	octet_plan_stop(plan);
	for (uint32_t i = 0; plan->slots && i < plan->opts.slots; i++)
		slot_destroy(plan, &plan->slots[i]);
	octet_buffer_put(plan->constants);
	octet_buffer_put(plan->state);
	octet_plan_uncut(plan);
	octet_plan_forms_free(plan);
	octet_low_free(plan->low);
	octet_graph_batch_free(plan->batched);
	octet_link_del(&plan->link);
	pthread_mutex_destroy(&plan->lock);
	free(plan->slots);
	free(plan->off_device);
	free(plan->items);
	free(plan->hosts);
	free(plan->tensors);
	free(plan->predicted);
	free(plan);
}

void octet_plan_free(struct octet_plan *plan)
{
	if (plan)
		octet_plan_destroy(plan);
}

void octet_plan_free_first(struct octet_ctx *ctx)
{
	octet_plan_free(octet_entry(ctx->plans.next, struct octet_plan, link));
}
