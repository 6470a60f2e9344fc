// SPDX-License-Identifier: MIT
/*
 * One command: everything that can be refused is looked at before the
 * compute, so that a command either writes its whole result or nothing.
 */
#include <errno.h>

#include "core_priv.h"

/* Elements of int4 weights that one step makes bytes of. */
#define UNPACK_SLICE	(UINT64_C(1) << 20)

static int refuse(struct octet_fault *fault, int status)
{
	return octet_fail(fault, status, OCTET_OPERAND_CMD, OCTET_ACCESS_NONE, 0);
}

static unsigned int position(const struct octet_job *job)
{
	return job->next - job->chain;
}

/* The commands of the chain in work, from its first one on. */
static const struct octet_cmd *chain(const struct octet_job *job)
{
	return &job->cmds[job->chain - job->entry.first];
}

static bool chained(const struct octet_cmd *cmd)
{
	return cmd->flags & OCTET_CMD_CHAIN;
}

/* Its number in the chain, counted from 0. */
static unsigned int last_of_chain(const struct octet_job *job)
{
	unsigned int i = position(job);

	while (chained(&chain(job)[i]))
		i++;
	return i;
}

static void swap(struct octet_buffer *a, struct octet_buffer *b)
{
	struct octet_buffer t = *a;

	*a = *b;
	*b = t;
}

/*
 * Copies operand @index densely into @buffer, which gets @room times its size; a
 * slice. The view was checked before.
 */
static int load(struct octet_core *core, enum octet_operand_index index,
		struct octet_buffer *buffer, unsigned int room, struct octet_fault *fault)
{
	struct octet_view view;
	int status;

	if (!core->walking) {
		if (octet_view_operand(&view, &core->work.cmd, index))
			return octet_bad(fault, OCTET_STATUS_TOO_LARGE, index);
		if (octet_buffer_need(core, buffer, room * view.dense))
			return octet_bad(fault, OCTET_STATUS_NO_MEMORY, index);
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

	if (octet_operand_absent(&work->cmd.prm))
		return 0;
	status = load(core, OCTET_OPERAND_PRM, &core->prm, 1, fault);
	if (status)
		return status;
	if (octet_cmd_wide(&work->cmd)) {
		work->prm16 = core->prm.data;
		return octet_decode_params16(&work->cmd, work->prm16, fault);
	}
	work->prm = core->prm.data;
	return octet_decode_params(&work->cmd, work->prm, fault);
}

static int load_channels(struct octet_core *core, struct octet_fault *fault)
{
	struct octet_work *work = &core->work;
	int status;

	if (octet_operand_absent(&work->cmd.chn))
		return 0;
	status = load(core, OCTET_OPERAND_CHN, &core->chn, 1, fault);
	if (status)
		return status;
	work->chn = core->chn.data;
	return octet_decode_channels(&work->cmd, work->chn, fault);
}

static int load_table(struct octet_core *core, struct octet_fault *fault)
{
	struct octet_work *work = &core->work;
	int status;

	if (octet_cmd_table(&work->cmd, octet_op_info(&work->cmd)) == OCTET_TABLE_NONE)
		return 0;
	status = load(core, OCTET_OPERAND_TABLE, &core->table, 1, fault);
	if (status)
		return status;
	work->table = core->table.data;
	return octet_decode_table(&work->cmd, work->table, fault);
}

/* src or src2: a tensor of the chain, or a copy. */
static int load_input(struct octet_core *core, enum octet_operand_index index,
		      struct octet_buffer *buffer, uint8_t **to, struct octet_fault *fault)
{
	const struct octet_operand *o = octet_cmd_operand(&core->work.cmd, index);
	int status;

	if (octet_operand_absent(o))
		return 0;
	if (o->space == OCTET_SPACE_LINK) {
		*to = core->link[octet_chain_tensor(o, position(&core->job))].data;
		return 0;
	}
	status = load(core, index, buffer, 1, fault);
	if (status)
		return status;
	*to = buffer->data;
	return 0;
}

static int load_source(struct octet_core *core, struct octet_fault *fault)
{
	const struct octet_job *job = &core->job;
	int status = load_input(core, OCTET_OPERAND_SRC, &core->src, &core->work.src, fault);

	/* Later commands of the chain may read it again, as it is now. */
	if (!status && position(job) == 0 && chained(&core->work.cmd) &&
	    octet_chain_reads(chain(job), 0, last_of_chain(job), 0))
		swap(&core->src, &core->link[0]);
	return status;
}

static int load_source2(struct octet_core *core, struct octet_fault *fault)
{
	return load_input(core, OCTET_OPERAND_SRC2, &core->src2, &core->work.src2, fault);
}

/* Nibbles to bytes, from the last one on, in place: a slice. */
static int unpack(struct octet_core *core)
{
	uint64_t stop = core->packed > UNPACK_SLICE ? core->packed - UNPACK_SLICE : 0;
	uint8_t *p = core->wgt.data;

	for (; core->packed > stop; core->packed--) {
		uint64_t i = core->packed - 1;
		unsigned int nibble = i & 1 ? p[i / 2] >> 4 : p[i / 2] & 15;

		p[i] = (uint8_t)((nibble ^ 8) - 8);
	}
	return core->packed ? OCTET_AGAIN : 0;
}

static int load_weights(struct octet_core *core, struct octet_fault *fault)
{
	struct octet_work *work = &core->work;
	bool nibbles = work->cmd.wgt.type == OCTET_TYPE_INT4;
	int status;

	if (octet_operand_absent(&work->cmd.wgt))
		return 0;
	if (!core->packed) {
		if (octet_buffer_charge(core, &core->packed_weights,
					octet_work_packed(&work->cmd,
							  octet_view_weights(&work->cmd))))
			return octet_bad(fault, OCTET_STATUS_NO_MEMORY, OCTET_OPERAND_WGT);
		status = load(core, OCTET_OPERAND_WGT, &core->wgt, nibbles ? 2 : 1, fault);
		if (status)
			return status;
		work->wgt = core->wgt.data;
		if (nibbles)
			core->packed = octet_view_weights(&work->cmd);
	}
	return unpack(core);
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
	bool link = chained(&core->work.cmd);
	struct octet_view view;
	int status;

	if (!core->walking) {
		if (octet_view_operand(&view, &core->work.cmd, OCTET_OPERAND_DST))
			return octet_bad(fault, OCTET_STATUS_TOO_LARGE, OCTET_OPERAND_DST);
		if (octet_buffer_need(core, &core->out, view.dense))
			return octet_bad(fault, OCTET_STATUS_NO_MEMORY, OCTET_OPERAND_DST);
		octet_walk_begin(core, &view, OCTET_OPERAND_DST, core->out.data);
		core->work.dst = core->out.data;
		core->walking = true;
	}
	status = link ? 0 : octet_scatter_map(core, fault);
	if (!status)
		status = map_report(core, fault);
	if (!status)
		core->report_pages.held = core->job.entry.report_va;
	return status;
}

/* What has to be there before the compute, in this order. */
static int (*const loads[])(struct octet_core *core, struct octet_fault *fault) = {
	load_parameters, load_channels, load_table, load_source, load_source2, load_weights,
	map_result,
};

static bool over_budget(const struct octet_job *job, uint64_t total)
{
	uint64_t budget = job->entry.budget, spent = job->cycles + job->chain_cycles;

	return budget && (spent > budget || total > budget - spent);
}

/* The first command of what would run next as a whole. */
uint32_t octet_exec_unit(const struct octet_job *job)
{
	uint32_t i = job->next - job->entry.first;

	return i && chained(&job->cmds[i - 1]) ? job->chain : job->next;
}

static void take_up(struct octet_core *core)
{
	struct octet_job *job = &core->job;

	core->work = (struct octet_work) {
		.cmd = job->cmds[job->next - job->entry.first],
		.break_rounding = core->m->inject.break_rounding,
		.cancel = &core->cancel, .progress = &core->progress,
		.threads = core->m->host.threads, .parallel = core->m->host.parallel,
		.opaque = core->m->host.opaque,
	};
	core->walking = false;
	core->packed = 0;
	core->loaded = 0;
}

/*
 * The result of the job's next command was partly written when the core was saved, and is
 * in its buffer again: all but its pages is there. 0 or a status.
 */
int octet_exec_restore(struct octet_core *core, struct octet_fault *fault)
{
	struct octet_job *job = &core->job;
	struct octet_view view;

	fault->command = job->next;
	job->chain = job->next;
	while (job->chain > job->entry.first &&
	       chained(&job->cmds[job->chain - job->entry.first - 1]))
		job->chain--;
	take_up(core);
	core->loaded = sizeof(loads) / sizeof(loads[0]) - 1;
	core->compute_rc = 0;
	/* Who has written the state may have lied about the size. */
	if (octet_view_operand(&view, &core->work.cmd, OCTET_OPERAND_DST) ||
	    view.dense != job->result)
		return octet_bad(fault, OCTET_STATUS_TOO_LARGE, OCTET_OPERAND_DST);
	return 0;
}

/* Takes up the job's next command: 0 or a status. */
int octet_exec_start(struct octet_core *core, struct octet_fault *fault)
{
	struct octet_job *job = &core->job;
	uint32_t i = job->next - job->entry.first;

	fault->command = job->next;
	if (octet_exec_unit(job) == job->next) {
		job->chain = job->next;
		job->chain_cycles = 0;
	}
	if (over_budget(job, job->reports[i].total))
		return refuse(fault, OCTET_STATUS_BUDGET);
	if (octet_inject_fires(core, &core->m->inject.command))
		return refuse(fault, OCTET_STATUS_INJECTED);
	take_up(core);
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

static void account(struct octet_core *core, uint32_t i)
{
	struct octet_job *job = &core->job;
	const struct octet_report *report = &job->reports[i];
	const struct octet_cycles_cmd *timing = core->timing.data;
	uint64_t macs = octet_cycles_macs(&timing[i]);

	octet_count_command(core, report, macs);
	job->cycles += report->total;
	job->macs += macs;
	job->dram_read += report->dram_read;
	job->dram_write += report->dram_write;
}

/* A command, a chain at its last one: complete, and counted. */
static void complete(struct octet_core *core)
{
	struct octet_job *job = &core->job;

	for (uint32_t i = job->chain; i <= job->next; i++)
		account(core, i - job->entry.first);
	job->chain_cycles = 0;
	for (unsigned int i = 0; i < OCTET_CHAIN_MAX; i++)
		octet_buffer_trim(core, &core->link[i]);
}

/* Keeps the result of a command, and what is still to be read. */
static void keep_link(struct octet_core *core)
{
	const struct octet_job *job = &core->job;
	unsigned int at = position(job), last = last_of_chain(job);

	swap(&core->out, &core->link[at + 1]);
	for (unsigned int k = 0; k <= at; k++)
		if (!octet_chain_reads(chain(job), at + 1, last, k))
			octet_buffer_trim(core, &core->link[k]);
}

/*
 * Writes the result and the report of a computed command: 0, OCTET_AGAIN after
 * a slice, or a status. The walk is where map_result() has left it. A link goes
 * nowhere: its buffer is kept for the commands after it.
 */
int octet_exec_store(struct octet_core *core, struct octet_fault *fault)
{
	struct octet_job *job = &core->job;
	const struct octet_report *report = &job->reports[job->next - job->entry.first];
	bool link = chained(&core->work.cmd);
	int status = 0;

	fault->command = job->next;
	atomic_fetch_add(&core->progress, 1);
	if (core->compute_rc)
		status = refuse(fault, OCTET_STATUS_NO_MEMORY);
	else if (!link)
		status = octet_scatter(core, fault);
	if (status == OCTET_AGAIN)
		return status;
	if (!status)
		status = write_report(core, report, fault);
	octet_mmu_release(core);
	if (status)
		return status;
	if (link) {
		keep_link(core);
		job->chain_cycles += report->total;
	} else {
		complete(core);
	}
	job->next++;
	return 0;
}
