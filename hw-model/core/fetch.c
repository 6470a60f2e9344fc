// SPDX-License-Identifier: MIT
/*
 * Copies a job's commands once; checks all of them and times the job, which
 * takes a while when there are many and touches nothing but the copies.
 */
#include <errno.h>
#include <string.h>

#include "core_priv.h"

static int failed(struct octet_fault *fault, int status, const struct octet_ring_entry *e,
		  uint64_t va)
{
	uint64_t index = va >= e->cmd_va ? (va - e->cmd_va) / OCTET_CMD_SIZE : e->first;

	fault->command = index < e->first ? e->first : (uint32_t)index;
	return octet_fail(fault, status, OCTET_OPERAND_CMD, OCTET_ACCESS_FETCH, va);
}

static int copy(struct octet_core *core, uint32_t count, struct octet_fault *fault)
{
	const struct octet_ring_entry *e = &core->job.entry;
	struct octet_pages *pages = &core->in_pages;
	uint64_t len = (uint64_t)count * OCTET_CMD_SIZE;
	uint64_t va, bad;
	int status;

	if (__builtin_add_overflow(e->cmd_va, (uint64_t)e->first * OCTET_CMD_SIZE, &va))
		return failed(fault, OCTET_STATUS_NON_CANONICAL, e, e->cmd_va);
	bad = va;
	status = octet_pages_cover(core, pages, va, len);
	if (!status)
		status = octet_pages_touch(core, pages, va, len, OCTET_ACCESS_FETCH, &bad);
	if (!status)
		status = octet_pages_read(core, pages, va, core->cmds.data, len, &bad);
	return status ? failed(fault, status, e, bad) : 0;
}

static int no_memory(struct octet_core *core, struct octet_fault *fault)
{
	fault->command = core->job.entry.first;
	return octet_fail(fault, OCTET_STATUS_NO_MEMORY, OCTET_OPERAND_CMD, OCTET_ACCESS_NONE, 0);
}

/* What the timing needs to know of the job's commands, whatever these say. */
static const struct octet_cycles_cmd *timing_view(struct octet_core *core)
{
	struct octet_cycles_cmd *timing = core->timing.data;
	uint32_t count = octet_job_count(&core->job);

	for (uint32_t i = 0; i < count; i++)
		octet_cycles_from_cmd(&timing[i], &core->job.cmds[i]);
	return timing;
}

static int time_job(struct octet_core *core, uint32_t count, struct octet_fault *fault)
{
	struct octet_job *job = &core->job;
	size_t bad = 0;
	int status;

	status = octet_cycles_job_kept(&core->kept, &core->m->timing, timing_view(core), count,
				       job->entry.sw, job->entry.lb, job->reports, &bad,
				       &job->why, &core->cancel);
	if (!status)
		return 0;
	fault->command = job->entry.first + (uint32_t)bad;
	return octet_fail(fault, status, OCTET_OPERAND_CMD, OCTET_ACCESS_NONE, 0);
}

/* Room for the job's commands: 0 or -ENOMEM. */
int octet_fetch_room(struct octet_core *core)
{
	struct octet_job *job = &core->job;
	uint32_t count = octet_job_count(job);

	if (octet_buffer_need(core, &core->cmds, count * sizeof(struct octet_cmd)) ||
	    octet_buffer_need(core, &core->timing, count * sizeof(struct octet_cycles_cmd)) ||
	    octet_buffer_need(core, &core->reports, count * sizeof(struct octet_report)))
		return -ENOMEM;
	job->cmds = core->cmds.data;
	job->reports = core->reports.data;
	return 0;
}

int octet_fetch_job(struct octet_core *core, struct octet_fault *fault)
{
	uint32_t count = octet_job_count(&core->job);

	octet_count(core, OCTET_COUNTER_FETCH_CYCLES, (uint64_t)OCTET_CYCLES_FETCH_CMD * count);
	if (octet_fetch_room(core))
		return no_memory(core, fault);
	return copy(core, count, fault);
}

/*
 * Is it a matter of microseconds? The stripes of chains, of TCONV2D and of RESIZE are
 * counted one by one, as many as they have rows; other commands in closed form; those of
 * jobs whose reports are kept not at all.
 */
bool octet_check_is_short(struct octet_core *core)
{
	const struct octet_job *job = &core->job;
	uint32_t count = octet_job_count(job);
	uint64_t rows = 0;

	for (uint32_t i = 0; i < count && i < OCTET_CHECK_INLINE; i++) {
		const struct octet_cmd *cmd = &job->cmds[i];

		if ((cmd->flags & OCTET_CMD_CHAIN) || cmd->op == OCTET_OP_TCONV2D ||
		    cmd->op == OCTET_OP_RESIZE || (i && job->cmds[i - 1].flags & OCTET_CMD_CHAIN))
			rows += cmd->oh;
	}
	if (count <= OCTET_CHECK_INLINE && rows <= OCTET_CHECK_ROWS)
		return true;
	return count <= OCTET_CHECK_KEPT &&
	       octet_cycles_is_kept(&core->kept, timing_view(core), count, job->entry.sw,
				    job->entry.lb);
}

/* Without the lock too: neither registers nor callbacks. */
void octet_check_job(struct octet_core *core)
{
	struct octet_job *job = &core->job;
	uint32_t count = octet_job_count(job);

	job->checked = true;
	if (octet_decode_job(job->cmds, count, job->entry.sw, &job->fault)) {
		job->fault.command += job->entry.first;
		return;
	}
	time_job(core, count, &job->fault);
	if (atomic_load(&core->cancel)) {
		/* By a reset, or by the host: then it is done again. */
		job->fault = (struct octet_fault) { 0 };
		job->checked = false;
	}
}
