// SPDX-License-Identifier: MIT
/*
 * Line buffers or weight staging: how a job divides the SRAM that software
 * does not place. The machine's own timing judges a handful of splits.
 */

#include <stdlib.h>

#include "cpu/cpu.h"
#include "internal.h"

#include <core/cycles.h>

struct search {
	struct octet_cycles_machine machine;
	struct octet_cycles_cmd *cmds;
	struct octet_report *report;
	size_t count, bad;
	const char *why;
	uint64_t best;
};

static void try_split(struct search *s, uint32_t sw, uint32_t lb, uint32_t *chosen)
{
	uint64_t total = 0;

	if (octet_cycles_job(&s->machine, s->cmds, s->count, sw, lb, s->report, &s->bad, &s->why))
		return;
	for (size_t i = 0; i < s->count; i++)
		total += s->report[i].total;
	if (total < s->best) {
		s->best = total;
		*chosen = lb;
	}
}

static int search(struct octet_job *job, struct search *s, uint32_t sw, uint32_t *lb)
{
	uint32_t rest = job->ctx->info.sram - sw;

	for (size_t i = 0; i < s->count; i++)
		octet_cycles_from_cmd(&s->cmds[i], &job->planned[i].cmd);
	s->best = UINT64_MAX;
	for (uint32_t i = 0; i <= 8; i++)
		try_split(s, sw, (uint32_t)((uint64_t)rest * i / 8) & ~63u, lb);
	/* Nothing yet: what fits needs nearly all of it for one or the other. */
	for (uint32_t i = 1; i < 128 && s->best == UINT64_MAX; i++)
		try_split(s, sw, (uint32_t)((uint64_t)rest * i / 128) & ~63u, lb);
	if (s->best != UINT64_MAX)
		return 0;
	return octet_set_error(
		job->ctx, -EINVAL,
		"octet_job_ready: command %zu (%s) fits no split of %u bytes of SRAM: %s", s->bad,
		octet_op_name(job->planned[s->bad].cmd.op), rest, s->why ? s->why : "?");
}

/*
 * Commands that were not made here may be nonsense, which the timing need not
 * stand: only those that will not be refused are judged.
 */
static bool commands_sane(const struct octet_job *job, uint32_t sw, bool *sane)
{
	struct octet_cpu_fault fault;
	struct octet_cmd *cmds;

	*sane = true;
	cmds = calloc(job->count, sizeof(*cmds));
	if (!cmds)
		return false;
	for (uint32_t i = 0; i < job->count; i++)
		cmds[i] = job->planned[i].cmd;
	for (uint32_t i = 0; *sane && i < job->count; i++)
		*sane = !job->planned[i].raw ||
			!octet_cpu_check_one(cmds, job->count, i, sw, &fault);
	free(cmds);
	return true;
}

int octet_plan_lines(struct octet_job *job, uint32_t sw, uint32_t *lb)
{
	const struct octet_info *info = &job->ctx->info;
	struct search s = {
		.machine = { info->p, info->k, info->c, info->dram_bpc, info->sram },
		.count = job->count,
	};
	bool sane;
	int ret;

	*lb = ((info->sram - sw) / 2) & ~63u;
	/* The CPU has no SRAM to divide. */
	if (!info->cores)
		return 0;
	if (!commands_sane(job, sw, &sane))
		return octet_set_error(job->ctx, -ENOMEM, "octet_job_ready: out of memory");
	if (!sane)
		return 0;
	s.cmds = calloc(job->count, sizeof(*s.cmds));
	s.report = calloc(job->count, sizeof(*s.report));
	if (s.cmds && s.report)
		ret = search(job, &s, sw, lb);
	else
		ret = octet_set_error(job->ctx, -ENOMEM, "octet_job_ready: out of memory");
	free(s.cmds);
	free(s.report);
	return ret;
}
