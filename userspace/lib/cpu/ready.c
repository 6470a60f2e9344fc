/* SPDX-License-Identifier: MIT */
/*
 * Jobs that run many times. Once: the checks, records and tables of constant
 * memory read, its weights packed, and found out whether the SRAM must be cleared
 * before a run. A command for which this cannot be done beforehand is bound in
 * each run, as in octet_cpu_run().
 */
#include <errno.h>
#include <fenv.h>
#include <stdlib.h>

#include "op.h"
#include "packed.h"
#include "team.h"

/**
 * struct ready - a command
 *
 * @start: of its chain
 * @bound: @work holds, but for places outside virtual memory
 * @params, @table: what @work points to
 */
struct ready {
	uint32_t start;
	bool bound;
	struct cpu_work work;
	struct cpu_buffer params, table;
	struct cpu_packed packed;
};

/**
 * struct octet_cpu_job
 * @generation: of the memory, for the pointers in @cmd
 * @clear: bytes of the SRAM to clear
 */
struct octet_cpu_job {
	struct octet_cmd *cmds;
	uint32_t count, sw, clear;
	uint64_t generation;
	struct ready cmd[];
};

static bool constant(const struct octet_cpu_memory *memory,
		     const struct octet_cmd *cmd, unsigned int operand)
{
	const struct octet_operand *op = octet_cpu_operand(cmd, operand);
	struct cpu_shape s;

	if (!op->space)
		return true;
	if (op->space != OCTET_SPACE_VA || !memory->constant)
		return false;
	octet_cpu_shape(cmd, operand, &s);
	return memory->constant(memory->opaque, op->addr, s.bytes);
}

/* Tables are constant where the command's weights and records would be. */
static bool fixed(const struct octet_cpu_memory *memory,
		  const struct octet_cmd *cmd)
{
	if (!constant(memory, cmd, OCTET_OPERAND_PRM) ||
	    !constant(memory, cmd, OCTET_OPERAND_CHN))
		return false;
	if (!cmd->table)
		return true;
	return memory->constant &&
	       memory->constant(memory->opaque, cmd->table,
				octet_cpu_table_bytes(cmd));
}

/* For levels without byte kernels. */
static int pack_wide(struct octet_cpu *cpu, struct ready *r)
{
	const uint64_t bytes = octet_cpu_panels_size(cpu, &r->work);
	int16_t *to;

	if (!bytes)
		return -ENOTSUP;
	to = octet_cpu_grow(&r->packed.memory, bytes);
	if (!to)
		return -ENOMEM;
	octet_cpu_panels_make(cpu, &r->work, to);
	r->work.panels = to;
	return 0;
}

/* Weights to their panels; those that need not be so are left as they are. */
static int pack(struct octet_cpu *cpu, struct ready *r,
		struct octet_cpu_fault *fault)
{
	const bool depthwise = r->work.cmd->op == OCTET_OP_DEPTHWISE;
	uint64_t bytes;
	int err;

	err = octet_cpu_bind_weights(cpu, &r->work, fault);
	if (err)
		return err;
	if (!cpu->k->bytes) {
		err = pack_wide(cpu, r);
		return err == -ENOTSUP ? 0 : err;
	}
	err = depthwise ? octet_cpu_pack_depth(cpu, &r->work, &r->packed,
						 &bytes) :
			  octet_cpu_pack_panels(cpu, &r->work, r->work.w,
						&r->packed, &bytes);
	if (!err)
		r->work.packed = &r->packed;
	return err == -ENOTSUP ? 0 : err;
}

static bool dense(const struct octet_cmd *cmd)
{
	return cmd->wgt.type != OCTET_TYPE_INT4 &&
	       cmd->wgt.layout != OCTET_LAYOUT_PACKED;
}

static bool packs(const struct octet_cpu *cpu,
		  const struct octet_cpu_memory *memory,
		  const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;

	if (cmd->op != OCTET_OP_CONV2D && cmd->op != OCTET_OP_DEPTHWISE &&
	    (cmd->op != OCTET_OP_GEMM || cmd->n != 1 || cmd->n2 != 1))
		return false;
	/* others find them packed for int16 where that is possible */
	return (octet_cpu_bytes_fit(cpu, work) ||
		(!cpu->k->bytes && dense(cmd))) &&
	       constant(memory, cmd, OCTET_OPERAND_WGT);
}

/*
 * Binds a command as far as it can be beforehand. What fails here fails in the
 * run too, and is told then.
 */
static int get_ready(struct octet_cpu *cpu,
		     const struct octet_cpu_memory *memory,
		     const struct cpu_job *job, struct ready *r)
{
	const struct cpu_buffer params = cpu->params, table = cpu->table;
	struct octet_cpu_fault fault = { 0 };
	int err;

	if (!fixed(memory, &job->cmds[job->index]))
		return 0;
	cpu->params = cpu->table = (struct cpu_buffer){ NULL, 0 };
	err = octet_cpu_bind_fixed(cpu, memory, job, &r->work, &fault);
	if (!err)
		err = octet_cpu_bind_places(cpu, memory, job, &r->work, &fault);
	r->params = cpu->params;
	r->table = cpu->table;
	cpu->params = params;
	cpu->table = table;
	if (!err && packs(cpu, memory, &r->work)) {
		const struct cpu_shape wgt = r->work.wgt;

		err = pack(cpu, r, &fault);
		if (!r->work.packed)
			r->work.wgt = wgt;
	}
	r->bound = !err && (r->work.packed || !r->work.cmd->wgt.space ||
			    dense(r->work.cmd));
	return err == -ENOMEM ? err : 0;
}

/* Whether a span of the SRAM has all been written; dense ones are noted. */
static bool covered(uint8_t *written, uint32_t sw, const struct octet_cmd *cmd,
		    unsigned int operand)
{
	const struct octet_operand *op = octet_cpu_operand(cmd, operand);
	struct cpu_shape s;

	if (op->space != OCTET_SPACE_SRAM)
		return true;
	octet_cpu_shape(cmd, operand, &s);
	if (op->addr > sw || s.bytes > sw - op->addr)
		return false;
	if (operand != OCTET_OPERAND_DST)
		return !memchr(written + op->addr, 0, s.bytes);
	if (s.bytes == s.elements)
		memset(written + op->addr, 1, s.bytes);
	return true;
}

/* Bytes of the SRAM that must be zero when a run starts: all or none. */
static uint32_t to_clear(const struct octet_cpu_job *job)
{
	static const uint8_t read[] = { OCTET_OPERAND_SRC, OCTET_OPERAND_SRC2,
					OCTET_OPERAND_WGT, OCTET_OPERAND_PRM,
					OCTET_OPERAND_CHN };
	uint8_t *written = calloc(1, (size_t)job->sw + 1);
	bool fine = written;

	for (uint32_t i = 0; fine && i < job->count; i++) {
		const struct octet_cmd *cmd = &job->cmds[i];

		for (size_t o = 0; fine && o < sizeof(read); o++)
			fine = covered(written, job->sw, cmd, read[o]);
		covered(written, job->sw, cmd, OCTET_OPERAND_DST);
	}
	free(written);
	return fine ? 0 : job->sw;
}

void octet_cpu_job_free(struct octet_cpu_job *job)
{
	if (!job)
		return;
	for (uint32_t i = 0; i < job->count; i++) {
		free(job->cmd[i].params.data);
		free(job->cmd[i].table.data);
		free(job->cmd[i].packed.memory.data);
	}
	free(job->cmds);
	free(job);
}

int octet_cpu_job_new(struct octet_cpu *cpu,
		      const struct octet_cpu_memory *memory,
		      const struct octet_cmd *cmds, uint32_t count,
		      uint32_t sram_size, uint32_t sw,
		      struct octet_cpu_job **out, struct octet_cpu_fault *fault)
{
	const size_t bytes = (size_t)count * sizeof(*cmds);
	struct octet_cpu_job *job;
	int err;

	memset(fault, 0, sizeof(*fault));
	job = calloc(1, sizeof(*job) + count * sizeof(job->cmd[0]));
	if (job)
		job->cmds = aligned_alloc(64, bytes + 64 - bytes % 64);
	if (!job || !job->cmds) {
		free(job);
		return octet_cpu_no_memory(fault, bytes);
	}
	memcpy(job->cmds, cmds, bytes);
	job->count = count;
	job->sw = sw;
	job->generation = memory->generation;
	err = octet_cpu_check_all(job->cmds, count, sram_size, sw, fault);
	if (!err && !octet_cpu_grow(&cpu->sram, (size_t)sw + 1))
		err = octet_cpu_no_memory(fault, sw);
	for (uint32_t i = 0; !err && i < count; i++) {
		struct cpu_job at = { job->cmds, count, i, i };

		while (at.start &&
		       cmds[at.start - 1].flags & OCTET_CMD_CHAIN)
			at.start--;
		job->cmd[i].start = at.start;
		err = get_ready(cpu, memory, &at, &job->cmd[i]);
		if (err)
			octet_cpu_no_memory(fault, bytes);
	}
	if (!err)
		job->clear = to_clear(job);
	if (err)
		octet_cpu_job_free(job);
	else
		*out = job;
	return err;
}

/* Places that are not the same in each run. */
static int find_again(struct octet_cpu *cpu,
		      const struct octet_cpu_memory *memory,
		      const struct cpu_job *at, bool same,
		      struct cpu_work *work, struct octet_cpu_fault *fault)
{
	const struct octet_cmd *cmd = work->cmd;
	const uint8_t va = OCTET_SPACE_VA;

	if (same && cmd->src.space == va && cmd->dst.space == va &&
	    (!cmd->src2.space || cmd->src2.space == va) &&
	    (!cmd->wgt.space || cmd->wgt.space == va))
		return 0;
	return octet_cpu_bind_places(cpu, memory, at, work, fault);
}

static int run_one(struct octet_cpu *cpu, const struct octet_cpu_memory *memory,
		   const struct octet_cpu_job *job, uint32_t i,
		   struct octet_cpu_fault *fault)
{
	const struct ready *r = &job->cmd[i];
	const struct cpu_job at = { job->cmds, job->count, i, r->start };
	struct cpu_work work;
	int err;

	if (!r->bound)
		return octet_cpu_execute(cpu, memory, &at, fault);
	work = r->work;
	work.stage.nearest = fegetround() == FE_TONEAREST;
	err = find_again(cpu, memory, &at,
			 job->generation == memory->generation, &work, fault);
	if (!err)
		err = octet_cpu_bind_inputs(cpu, &at, &work, fault);
	if (err == -ENOMEM)
		return octet_cpu_no_memory(fault, fault->va);
	return err ? err : octet_cpu_do(cpu, &work, fault);
}

int octet_cpu_job_run(struct octet_cpu *cpu,
		      const struct octet_cpu_memory *memory,
		      struct octet_cpu_job *job, struct octet_report *report,
		      struct octet_cpu_fault *fault)
{
	int err = 0;

	memset(fault, 0, sizeof(*fault));
	if (!octet_cpu_grow(&cpu->sram, (size_t)job->sw + 1))
		err = octet_cpu_no_memory(fault, job->sw);
	else
		memset(cpu->sram.data, 0, job->clear);
	octet_cpu_team_begin(cpu->team);
	for (uint32_t i = 0; !err && i < job->count; i++) {
		fault->command = i;
		err = run_one(cpu, memory, job, i, fault);
		if (!err && report)
			memset((char *)report + i * sizeof(*report), 0,
			       sizeof(*report));
	}
	octet_cpu_team_end(cpu->team);
	if (atomic_exchange(cpu->cancel, false) && !err)
		err = -ECANCELED;
	if (!err)
		fault->command = 0;
	return err;
}
