// SPDX-License-Identifier: MIT
/* What a plan tells: its memory, its operators, what they cost. */
#include <string.h>

#include "plan.h"

static void *edge(struct octet_plan *plan, uint32_t slot, const int32_t *list, uint32_t count,
		  uint32_t index, size_t *bytes)
{
	if (!plan || slot >= plan->opts.slots || index >= count)
		return NULL;
	if (bytes)
		*bytes = plan->graph->tensors[list[index]].bytes;
	return octet_plan_at(plan, &plan->slots[slot], (uint32_t)list[index]);
}

void *octet_plan_input(struct octet_plan *plan, uint32_t slot, uint32_t index, size_t *bytes)
{
	return edge(plan, slot, plan ? plan->graph->inputs : NULL,
		    plan ? plan->graph->input_count : 0, index, bytes);
}

const void *octet_plan_output(struct octet_plan *plan, uint32_t slot, uint32_t index,
			      size_t *bytes)
{
	return edge(plan, slot, plan ? plan->graph->outputs : NULL,
		    plan ? plan->graph->output_count : 0, index, bytes);
}

int octet_plan_reset(struct octet_plan *plan)
{
	if (!plan)
		return -EINVAL;
	for (uint32_t i = 0; i < plan->opts.slots; i++)
		if (octet_plan_running(&plan->slots[i]))
			return octet_set_error(plan->ctx, -EBUSY,
					       "octet_plan_reset: slot %u is running", i);
	octet_plan_clear(plan);
	return 0;
}

int octet_plan_tensor(struct octet_plan *plan, uint32_t tensor, const void **data, size_t *bytes)
{
	const void *at;

	if (!plan || !data)
		return -EINVAL;
	at = tensor < plan->graph->tensor_count && !plan->low->tensors[tensor].strided ?
		     octet_plan_at(plan, &plan->slots[0], tensor) : NULL;
	if (!at || !plan->opts.keep)
		return octet_set_error(plan->ctx, -ENOENT,
				       "octet_plan_tensor: tensor %u is not kept by this plan",
				       tensor);
	*data = at;
	if (bytes)
		*bytes = plan->graph->tensors[tensor].bytes;
	return 0;
}

void octet_plan_add(struct octet_op_report *sum, const struct octet_report *r)
{
	sum->total += r->total;
	sum->compute += r->compute;
	sum->dma_stall += r->dma_stall;
	sum->output_stall += r->output_stall;
	sum->overhead += r->overhead;
	sum->dram_read += r->dram_read;
	sum->dram_write += r->dram_write;
	sum->sram += r->sram;
}

/* What the commands of an operator cost, and where its result is. */
static void commands_of(struct octet_plan *plan, uint32_t op, struct octet_plan_op *out)
{
	const struct octet_low *low = plan->low;
	const struct octet_job *const *jobs = (const struct octet_job *const *)plan->slots[0].jobs;

	for (uint32_t s = 0; s < plan->segment_count; s++) {
		const struct plan_segment *seg = &plan->segments[s];
		const struct octet_report *reports = (const void *)jobs[s]->reports->map;

		for (uint32_t i = 0; i < seg->count * seg->parts; i++) {
			uint32_t step = i % seg->count;

			if (low->cmds[low->steps[seg->first + step].index].op != op)
				continue;
			out->commands++;
			if (seg->chain[step])
				out->chain = seg->chain[step];
			out->in_sram = seg->place.cmds[i].dst != OCTET_CYCLES_DRAM;
			octet_plan_add(&out->measured, &reports[i]);
		}
	}
	out->measured.macs = out->predicted.macs;
}

static void host_of(struct octet_plan *plan, uint32_t op, struct octet_plan_op *out)
{
	for (uint32_t i = 0; i < plan->host_count; i++)
		if (plan->hosts[i].op == op)
			out->host_ns = plan->slots[0].host_ns[i];
}

int octet_plan_op(struct octet_plan *plan, uint32_t index, struct octet_plan_op *user)
{
	struct octet_plan_op out = { 0 };
	const struct octet_graph_op *op;
	const struct octet_low_op *low;

	if (!plan)
		return -EINVAL;
	if (index >= plan->graph->op_count)
		return octet_set_error(plan->ctx, -ENOENT,
				       "octet_plan_op: no operator %u, the model has %u", index,
				       plan->graph->op_count);
	op = &plan->graph->ops[index];
	low = &plan->low->ops[index];
	out.name = op->name;
	out.code = op->code;
	out.inputs = op->inputs;
	out.outputs = op->outputs;
	out.input_count = op->input_count;
	out.output_count = op->output_count;
	out.where = (enum octet_where)low->where;
	out.fused_into = low->into;
	out.exact = low->exact;
	out.why = low->why;
	out.macs = octet_graph_macs(plan->graph, op);
	out.predicted = plan->predicted[index];
	commands_of(plan, index, &out);
	host_of(plan, index, &out);
	octet_graph_params(plan->graph, op, out.params, sizeof(out.params));
	if (plan->ctx->backend == OCTET_BACKEND_CPU) {
		memset(&out.predicted, 0, sizeof(out.predicted));
		memset(&out.measured, 0, sizeof(out.measured));
	}
	return octet_opts_out(plan->ctx, "octet_plan_op", &out, sizeof(out), user);
}

int octet_plan_info(const struct octet_plan *plan, struct octet_plan_info *user)
{
	struct octet_plan_info info = { 0 };

	if (!plan)
		return -EINVAL;
	for (uint32_t i = 0; i < plan->graph->op_count; i++) {
		uint64_t macs = octet_graph_macs(plan->graph, &plan->graph->ops[i]);

		info.macs += macs;
		if (plan->low->ops[i].where == OCTET_LOW_ON_DEVICE ||
		    plan->low->ops[i].where == OCTET_LOW_FUSED)
			info.device_macs += macs;
	}
	for (uint32_t s = 0; s < plan->segment_count; s++) {
		const struct octet_place *place = &plan->segments[s].place;

		info.commands += plan->segments[s].count * plan->segments[s].parts;
		info.cycles += place->cycles;
		info.dram_read += place->dram_read;
		info.dram_write += place->dram_write;
		info.sram = info.sram > place->sw ? info.sram : place->sw;
		info.lines = info.lines > place->lb ? info.lines : place->lb;
		info.command_bytes += (plan->slots[0].jobs[s]->commands->size +
				       plan->slots[0].jobs[s]->reports->size) *
				      plan->opts.slots;
	}
	info.segments = plan->segment_count;
	info.host_ops = plan->host_count;
	info.chains = plan->chain_count;
	info.const_bytes = plan->const_bytes;
	info.arena_bytes = plan->arena_bytes;
	return octet_opts_out(plan->ctx, "octet_plan_info", &info, sizeof(info), user);
}

_Static_assert((int)OCTET_ON_DEVICE == OCTET_LOW_ON_DEVICE && (int)OCTET_ON_CPU == OCTET_LOW_ON_HOST &&
	       (int)OCTET_ON_NOTHING == OCTET_LOW_FREE && (int)OCTET_ON_FUSED == OCTET_LOW_FUSED,
	       "where operators run");
