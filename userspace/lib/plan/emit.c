// SPDX-License-Identifier: MIT
/* Commands with addresses: the jobs of a slot. */
#include <string.h>

#include "plan.h"

static void in_memory(const struct octet_plan *plan, const struct plan_slot *slot,
		      const struct plan_segment *seg, uint32_t part, int32_t tensor, __u64 *addr)
{
	const struct plan_tensor *t = &plan->tensors[tensor], *root = &plan->tensors[t->root];
	const struct octet_buffer *buffer = octet_plan_buffer(plan, slot, root->home);

	*addr += buffer->va + root->at + t->offset;
	if (part)
		*addr += part * octet_plan_shift(plan, seg, t->root);
}

static void link_operand(struct octet_operand *o, uint8_t number)
{
	o->space = OCTET_SPACE_LINK;
	o->addr = 0;
	o->link = number;
	o->flags = 0;
	memset(o->stride, 0, sizeof(o->stride));
}

/* Gives an operand the place that was chosen for its tensor. */
static void settle(const struct octet_plan *plan, const struct plan_slot *slot,
		   const struct plan_segment *seg, uint32_t part, struct octet_operand *o,
		   int32_t tensor, enum octet_cycles_space space, uint8_t link)
{
	const struct plan_tensor *t;

	if (tensor < 0)
		return;
	t = &plan->tensors[tensor];
	if (space == OCTET_CYCLES_LINK) {
		link_operand(o, link);
	} else if (space == OCTET_CYCLES_SRAM) {
		o->space = OCTET_SPACE_SRAM;
		o->addr += seg->place.spots[t->root].offset + t->offset;
	} else {
		in_memory(plan, slot, seg, part, tensor, &o->addr);
	}
}

static void command(const struct octet_plan *plan, const struct plan_slot *slot,
		    const struct plan_segment *seg, uint32_t part, uint32_t i,
		    struct octet_cmd *cmd)
{
	const struct octet_low *low = seg->low;
	const struct octet_low_cmd *from = &low->cmds[low->steps[seg->first + i].index];
	const struct octet_cycles_cmd *p = &seg->place.cmds[i];
	const int32_t *t = from->tensor;

	*cmd = from->cmd;
	settle(plan, slot, seg, part, &cmd->src, t[OCTET_OPERAND_SRC], p->src, p->src_link);
	settle(plan, slot, seg, part, &cmd->src2, t[OCTET_OPERAND_SRC2], p->src2, p->src2_link);
	settle(plan, slot, seg, part, &cmd->wgt, t[OCTET_OPERAND_WGT], p->weights, 0);
	settle(plan, slot, seg, part, &cmd->prm, t[OCTET_OPERAND_PRM], OCTET_CYCLES_DRAM, 0);
	settle(plan, slot, seg, part, &cmd->chn, t[OCTET_OPERAND_CHN], OCTET_CYCLES_DRAM, 0);
	settle(plan, slot, seg, part, &cmd->dst, t[OCTET_OPERAND_DST], p->dst, 0);
	if (t[OCTET_OPERAND_TABLE] >= 0)
		in_memory(plan, slot, seg, part, t[OCTET_OPERAND_TABLE], &cmd->table);
	cmd->policy = (uint8_t)p->policy;
	cmd->rows = p->rows;
	if (p->chain)
		cmd->flags |= OCTET_CMD_CHAIN;
}

static int buffers_of(struct octet_plan *plan, struct plan_slot *slot, struct octet_job *job)
{
	struct octet_buffer *const buffers[] = { plan->constants, plan->state, slot->io,
						 slot->arena };
	int ret = 0;

	for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]) && !ret; i++)
		if (buffers[i])
			ret = octet_job_use(job, buffers[i],
					    i ? OCTET_USE_READ | OCTET_USE_WRITE : OCTET_USE_READ);
	return ret;
}

static int emit_segment(struct octet_plan *plan, struct plan_slot *slot,
			const struct plan_segment *seg, struct octet_job *job)
{
	for (uint32_t i = 0; i < seg->count * seg->parts; i++) {
		struct octet_planned *planned = octet_job_add(job, "octet_plan_new");
		struct octet_cycles_cmd timing;

		if (!planned)
			return octet_job_add_error(job);
		planned->raw = true;
		command(plan, slot, seg, seg->part + i / seg->count, i % seg->count,
			&planned->cmd);
		octet_cycles_from_cmd(&timing, &planned->cmd);
		planned->macs = octet_cycles_macs(&timing);
	}
	return octet_job_bind(job, seg->place.sw, seg->place.lb);
}

int octet_plan_emit(struct octet_plan *plan, struct plan_slot *slot)
{
	for (uint32_t s = 0; s < plan->segment_count; s++) {
		int ret = octet_job_new(plan->ctx, &slot->jobs[s]);

		if (!ret)
			ret = buffers_of(plan, slot, slot->jobs[s]);
		if (!ret)
			ret = emit_segment(plan, slot, &plan->segments[s], slot->jobs[s]);
		if (ret)
			return ret;
	}
	return 0;
}
