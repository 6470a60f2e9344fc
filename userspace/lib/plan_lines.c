// SPDX-License-Identifier: MIT
/*
 * Line buffers or weight staging: how a job divides the SRAM that software
 * does not place. The machine's own timing judges a handful of splits.
 */

#include <stdlib.h>

#include "internal.h"

#include <core/cycles.h>

#define EXTENT_MAX (1u << 20)

/* Commands that were not made here may be nonsense, which the timing need not stand. */
static bool command_sane(const struct octet_cmd *cmd)
{
	const uint32_t extents[] = {
		cmd->n,	     cmd->n2, cmd->h, cmd->w,  cmd->cin, cmd->oh, cmd->ow, cmd->cout,
		cmd->groups, cmd->r,  cmd->s, cmd->sh, cmd->sw,	 cmd->dh, cmd->dw,
	};

	if (cmd->op < OCTET_OP_CONV2D || cmd->op > OCTET_OP_GEMM || cmd->flags > 1)
		return false;
	for (size_t i = 0; i < sizeof(extents) / sizeof(extents[0]); i++)
		if (!extents[i] || extents[i] > EXTENT_MAX)
			return false;
	return cmd->cin % cmd->groups == 0 && cmd->cout % cmd->groups == 0;
}

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

int octet_plan_lines(struct octet_job *job, uint32_t sw, uint32_t *lb)
{
	const struct octet_info *info = &job->ctx->info;
	struct search s = {
		.machine = { info->p, info->k, info->c, info->dram_bpc, info->sram },
		.count = job->count,
	};
	int ret;

	*lb = ((info->sram - sw) / 2) & ~63u;
	/* The CPU has no SRAM to divide. */
	if (!info->cores)
		return 0;
	for (uint32_t i = 0; i < job->count; i++) {
		const struct octet_planned *p = &job->planned[i];

		if (p->raw && !command_sane(&p->cmd))
			return 0;
	}
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
