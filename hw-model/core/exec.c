// SPDX-License-Identifier: MIT
/*
 * One command: everything that can be refused is looked at before the
 * compute, so that a command either writes its whole result or nothing.
 */
#include <errno.h>

#include "core_priv.h"

static int refuse(struct octet_fault *fault, int status)
{
	return octet_fail(fault, status, OCTET_OPERAND_CMD, OCTET_ACCESS_NONE, 0);
}

/* Copies operand @index densely into @buffer, a slice. The view was checked before. */
static int load(struct octet_core *core, enum octet_operand_index index,
		struct octet_buffer *buffer, struct octet_fault *fault)
{
	struct octet_view view;
	int status;

	if (!core->walking) {
		if (octet_view_operand(&view, &core->work.cmd, index))
			return octet_fail(fault, OCTET_STATUS_TOO_LARGE, index, OCTET_ACCESS_NONE,
					  0);
		if (octet_buffer_need(buffer, view.dense))
			return octet_fail(fault, OCTET_STATUS_NO_MEMORY, index, OCTET_ACCESS_NONE,
					  0);
		octet_walk_begin(core, &view, index, buffer->data);
		core->walking = true;
	}
	status = octet_gather(core, fault);
	if (status)
		return status;
	core->walking = false;
	octet_mmu_release(core);
	return 0;
}

static int load_parameters(struct octet_core *core, struct octet_fault *fault)
{
	struct octet_work *work = &core->work;
	int status;

	if (work->cmd.prm.space == OCTET_SPACE_NONE)
		return 0;
	status = load(core, OCTET_OPERAND_PRM, &core->prm, fault);
	if (status)
		return status;
	work->prm = core->prm.data;
	return octet_decode_params(&work->cmd, work->prm, fault);
}

static int load_channels(struct octet_core *core, struct octet_fault *fault)
{
	struct octet_work *work = &core->work;
	int status;

	if (work->cmd.chn.space == OCTET_SPACE_NONE)
		return 0;
	status = load(core, OCTET_OPERAND_CHN, &core->chn, fault);
	if (status)
		return status;
	work->chn = core->chn.data;
	return octet_decode_channels(&work->cmd, work->chn, fault);
}

static int load_source(struct octet_core *core, struct octet_fault *fault)
{
	int status = load(core, OCTET_OPERAND_SRC, &core->src, fault);

	core->work.src = core->src.data;
	return status;
}

static int load_weights(struct octet_core *core, struct octet_fault *fault)
{
	int status = load(core, OCTET_OPERAND_WGT, &core->wgt, fault);

	core->work.wgt = core->wgt.data;
	return status;
}

static uint64_t report_va(const struct octet_job *job)
{
	return job->entry.report_va + (uint64_t)job->next * sizeof(struct octet_report);
}

static int map_report(struct octet_core *core, struct octet_fault *fault)
{
	const struct octet_job *job = &core->job;
	uint64_t va = report_va(job), bad = va;
	int status;

	if (!job->entry.report_va)
		return 0;
	if (va < job->entry.report_va)
		status = OCTET_STATUS_NON_CANONICAL;
	else
		status = octet_pages_cover(core, &core->report_pages, va,
					   sizeof(struct octet_report));
	if (!status)
		status = octet_pages_touch(core, &core->report_pages, va,
					   sizeof(struct octet_report), OCTET_ACCESS_WRITE, &bad);
	if (status)
		return octet_fail(fault, status, OCTET_OPERAND_REPORT, OCTET_ACCESS_WRITE, bad);
	return 0;
}

static int map_result(struct octet_core *core, struct octet_fault *fault)
{
	struct octet_view view;
	int status;

	if (!core->walking) {
		if (octet_view_operand(&view, &core->work.cmd, OCTET_OPERAND_DST))
			return octet_fail(fault, OCTET_STATUS_TOO_LARGE, OCTET_OPERAND_DST,
					  OCTET_ACCESS_NONE, 0);
		if (octet_buffer_need(&core->out, view.dense))
			return octet_fail(fault, OCTET_STATUS_NO_MEMORY, OCTET_OPERAND_DST,
					  OCTET_ACCESS_NONE, 0);
		octet_walk_begin(core, &view, OCTET_OPERAND_DST, core->out.data);
		core->work.dst = core->out.data;
		core->walking = true;
	}
	status = octet_scatter_map(core, fault);
	if (!status)
		status = map_report(core, fault);
	if (!status)
		core->report_pages.held = core->job.entry.report_va;
	return status;
}

/* What has to be there before the compute, in this order. */
static int (*const loads[])(struct octet_core *core, struct octet_fault *fault) = {
	load_parameters, load_channels, load_source, load_weights, map_result,
};

/* Takes up the job's next command: 0 or a status. */
int octet_exec_start(struct octet_core *core, struct octet_fault *fault)
{
	struct octet_job *job = &core->job;
	uint32_t i = job->next - job->entry.first;
	uint64_t budget = job->entry.budget;

	fault->command = job->next;
	if (budget && (job->cycles > budget || job->reports[i].total > budget - job->cycles))
		return refuse(fault, OCTET_STATUS_BUDGET);
	if (octet_inject_fires(core, &core->m->inject.command))
		return refuse(fault, OCTET_STATUS_INJECTED);
	core->work.cmd = job->cmds[i];
	core->work.break_rounding = core->m->inject.break_rounding;
	core->work.prm = NULL;
	core->work.chn = NULL;
	core->walking = false;
	core->loaded = 0;
	return 0;
}

/* Gets the command ready to compute: 0, OCTET_AGAIN after a slice, or a status. */
int octet_exec_load(struct octet_core *core, struct octet_fault *fault)
{
	int status = 0;

	atomic_fetch_add(&core->progress, 1);
	while (!status && core->loaded < sizeof(loads) / sizeof(loads[0])) {
		status = loads[core->loaded](core, fault);
		core->loaded += !status;
	}
	if (status > 0)
		octet_mmu_release(core);
	return status;
}

static int write_report(struct octet_core *core, const struct octet_report *report,
			struct octet_fault *fault)
{
	uint64_t bad = 0;
	int status;

	if (!core->job.entry.report_va)
		return 0;
	status = octet_pages_write(core, &core->report_pages, report_va(&core->job), report,
				   sizeof(*report), &bad);
	if (status)
		return octet_fail(fault, status, OCTET_OPERAND_REPORT, OCTET_ACCESS_WRITE, bad);
	return 0;
}

static void account(struct octet_core *core, const struct octet_report *report)
{
	struct octet_job *job = &core->job;
	struct octet_cycles_cmd timing;
	uint64_t macs;

	octet_cycles_from_cmd(&timing, &core->work.cmd);
	macs = octet_cycles_macs(&timing);
	octet_count_command(core, report, macs);
	job->cycles += report->total;
	job->macs += macs;
	job->dram_read += report->dram_read;
	job->dram_write += report->dram_write;
}

/*
 * Writes the result and the report of a computed command: 0, OCTET_AGAIN after
 * a slice, or a status. The walk is where map_result() has left it.
 */
int octet_exec_store(struct octet_core *core, struct octet_fault *fault)
{
	struct octet_job *job = &core->job;
	const struct octet_report *report = &job->reports[job->next - job->entry.first];
	int status;

	fault->command = job->next;
	atomic_fetch_add(&core->progress, 1);
	if (core->compute_rc)
		status = refuse(fault, OCTET_STATUS_NO_MEMORY);
	else
		status = octet_scatter(core, fault);
	if (status == OCTET_AGAIN)
		return status;
	if (!status)
		status = write_report(core, report, fault);
	octet_mmu_release(core);
	if (status)
		return status;
	account(core, report);
	job->next++;
	return 0;
}
