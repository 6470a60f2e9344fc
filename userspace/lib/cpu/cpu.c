/* SPDX-License-Identifier: MIT */
/* Executors: choosing a level, and running a job. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packed.h"
#include "team.h"
#include "threads.h"

void *octet_cpu_grow(struct cpu_buffer *buffer, size_t size)
{
	if (size > buffer->size) {
		free(buffer->data);
		buffer->data = aligned_alloc(64, (size + 63) & ~(size_t)63);
		buffer->size = buffer->data ? size : 0;
	}
	return buffer->data;
}

static int choose(const struct cpu_kernels **out, const char *level, char *err,
		  size_t n)
{
	const unsigned int have = octet_cpu_features();
	const struct cpu_kernels *k;

	if (!level)
		level = getenv("OCTET_CPU");
	if (level && !*level)
		level = NULL;
	*out = NULL;
	for (unsigned int i = 0; (k = octet_cpu_kernels(i)); i++) {
		if (!level && !(k->features & ~have))
			*out = k;
		if (level && !strcmp(level, k->name)) {
			*out = k;
			if (!(k->features & ~have))
				return 0;
			snprintf(err, n,
				 "CPU level '%s': not on this processor or kernel; unset OCTET_CPU or take 'scalar'",
				 level);
			return -ENOTSUP;
		}
	}
	if (*out)
		return 0;
	snprintf(err, n, "CPU level '%s' is unknown: scalar, avx2, avx512vnni or amx",
		 level);
	return -EINVAL;
}

static struct octet_cpu *make(const struct cpu_kernels *k)
{
	struct octet_cpu *cpu = calloc(1, sizeof(*cpu));
	size_t pack_b;

	if (!cpu)
		return NULL;
	cpu->k = k;
	cpu->cancel = &cpu->canceled;
	atomic_init(&cpu->canceled, false);
	pack_b = (size_t)CPU_BLOCK_K * k->tile_n;
	if (pack_b < CPU_PACK_B)
		pack_b = CPU_PACK_B;
	cpu->pack_a = aligned_alloc(64, sizeof(int16_t) * CPU_BLOCK_M *
					CPU_BLOCK_K);
	cpu->pack_b = aligned_alloc(64, sizeof(int16_t) * pack_b);
	cpu->row = aligned_alloc(64, sizeof(int16_t) * CPU_BLOCK_K);
	cpu->acc = aligned_alloc(64, sizeof(int32_t) * CPU_BLOCK_M *
				     CPU_BLOCK_N);
	cpu->taps = aligned_alloc(64, (size_t)CPU_DW_TAPS * CPU_DW_CHANNELS);
	cpu->packed = calloc(1, sizeof(*cpu->packed));
	cpu->block = aligned_alloc(64, (octet_cpu_block_size() + 63) &
				       ~(size_t)63);
	cpu->pad = aligned_alloc(64, CPU_PAD + 64);
	if (!cpu->packed || !cpu->block || !cpu->pad || !cpu->pack_a || !cpu->pack_b || !cpu->row || !cpu->acc ||
	    !cpu->taps) {
		octet_cpu_free(cpu);
		return NULL;
	}
	return cpu;
}

struct octet_cpu *octet_cpu_lane(struct octet_cpu *of)
{
	struct octet_cpu *cpu = make(of->k);

	if (cpu)
		cpu->cancel = of->cancel;
	return cpu;
}

int octet_cpu_new(struct octet_cpu **out, const char *level, uint32_t threads,
		  char *err, size_t n)
{
	const struct cpu_kernels *k;
	struct octet_cpu *cpu;
	int ret;

	ret = choose(&k, level, err, n);
	if (ret)
		return ret;
	cpu = make(k);
	if (!cpu) {
		snprintf(err, n, "CPU executor: out of memory");
		return -ENOMEM;
	}
	ret = octet_cpu_set_threads(cpu, threads, err, n);
	if (ret)
		octet_cpu_free(cpu);
	else
		*out = cpu;
	return ret;
}

/* What the environment says; 0: that cannot be. */
static uint32_t threads_wanted(const char *text)
{
	unsigned long count;
	char *end;

	if (!text || !*text)
		return 1;
	if (!strcmp(text, "all"))
		return OCTET_CPU_ALL;
	count = strtoul(text, &end, 10);
	return *text < '0' || *text > '9' || *end || count > CPU_THREADS_MAX ? 0 : (uint32_t)count;
}

int octet_cpu_set_threads(struct octet_cpu *cpu, uint32_t count, char *err,
			  size_t n)
{
	const char *text = getenv("OCTET_CPU_THREADS");
	struct cpu_team *team = NULL;

	if (!count) {
		count = threads_wanted(text);
		if (!count) {
			snprintf(err, n,
				 "OCTET_CPU_THREADS '%s': a number from 1 to %u, or all",
				 text, CPU_THREADS_MAX);
			return -EINVAL;
		}
	}
	if (count == OCTET_CPU_ALL) {
		count = octet_cpu_processors();
		count = count < CPU_THREADS_MAX ? count : CPU_THREADS_MAX;
	}
	if (count > CPU_THREADS_MAX) {
		snprintf(err, n, "%u CPU threads: there can be 1 to %u", count,
			 CPU_THREADS_MAX);
		return -EINVAL;
	}
	if (count > 1) {
		team = octet_cpu_team_new(cpu, count);
		if (!team) {
			snprintf(err, n, "CPU executor: out of memory");
			return -ENOMEM;
		}
	}
	octet_cpu_team_free(cpu->team);
	cpu->team = team;
	return 0;
}

uint32_t octet_cpu_threads(const struct octet_cpu *cpu, uint64_t *helped)
{
	if (helped)
		*helped = octet_cpu_team_helped(cpu->team);
	return octet_cpu_team_count(cpu->team);
}

void octet_cpu_free(struct octet_cpu *cpu)
{
	if (!cpu)
		return;
	octet_cpu_team_free(cpu->team);
	free(cpu->sram.data);
	free(cpu->cmds.data);
	free(cpu->params.data);
	free(cpu->copy[0].data);
	free(cpu->copy[1].data);
	free(cpu->copy[2].data);
	free(cpu->table.data);
	free(cpu->nibbles.data);
	for (unsigned int i = 0; i < OCTET_CHAIN_MAX; i++)
		free(cpu->link[i].data);
	free(cpu->wide.data);
	free(cpu->pack_a);
	free(cpu->pack_b);
	free(cpu->row);
	free(cpu->acc);
	free(cpu->taps);
	if (cpu->packed)
		free(cpu->packed->memory.data);
	free(cpu->packed);
	free(cpu->block);
	free(cpu->pad);
	free(cpu);
}

void octet_cpu_cancel(struct octet_cpu *cpu)
{
	atomic_store(cpu->cancel, true);
}

const char *octet_cpu_level(const struct octet_cpu *cpu)
{
	return cpu->k->name;
}

int octet_cpu_no_memory(struct octet_cpu_fault *fault, uint64_t bytes)
{
	octet_cpu_refuse(fault, OCTET_STATUS_NO_MEMORY, OCTET_OPERAND_CMD, 0,
			 "out of memory: %llu bytes wanted",
			 (unsigned long long)bytes);
	return -ENOMEM;
}

/* The first command of the chain that command @i is in, all before it good. */
static uint32_t start_of(const struct octet_cmd *cmds, uint32_t i)
{
	while (i && cmds[i - 1].flags & OCTET_CMD_CHAIN)
		i--;
	return i;
}

int octet_cpu_check_one(const struct octet_cmd *cmds, uint32_t count,
			uint32_t index, uint32_t sw,
			struct octet_cpu_fault *fault)
{
	const struct cpu_job job = { cmds, count, index, start_of(cmds, index) };

	return octet_cpu_check(&job, sw, fault);
}

int octet_cpu_check_all(const struct octet_cmd *cmds, uint32_t count,
			uint32_t sram_size, uint32_t sw,
			struct octet_cpu_fault *fault)
{
	if (sw > sram_size)
		return octet_cpu_refuse(fault, OCTET_STATUS_BAD_SPLIT,
					OCTET_OPERAND_CMD, 0,
					"sw %u is larger than the SRAM, %u bytes",
					sw, sram_size);
	for (uint32_t i = 0; i < count; i++) {
		fault->command = i;
		if (octet_cpu_check_one(cmds, count, i, sw, fault))
			return -EFAULT;
	}
	return 0;
}

/* Copies the commands and clears the SRAM, then checks all of the job. */
static int prepare(struct octet_cpu *cpu, const struct octet_cmd *cmds,
		   uint32_t count, uint32_t sram_size, uint32_t sw,
		   struct octet_cpu_fault *fault)
{
	const size_t bytes = (size_t)count * sizeof(*cmds);
	const uint32_t sram = sw > sram_size ? 0 : sw;
	const struct octet_cmd *copy;

	if (!octet_cpu_grow(&cpu->sram, (size_t)sram + 1))
		return octet_cpu_no_memory(fault, sram);
	memset(cpu->sram.data, 0, sram);
	copy = octet_cpu_grow(&cpu->cmds, bytes + 1);
	if (!copy)
		return octet_cpu_no_memory(fault, bytes);
	if (bytes)
		memcpy(cpu->cmds.data, cmds, bytes);
	return octet_cpu_check_all(copy, count, sram_size, sw, fault);
}

typedef int (*cpu_op)(struct octet_cpu *cpu, const struct cpu_work *work);

static cpu_op op_of(const struct octet_cmd *cmd)
{
#define CPU_OP(op, with8, with16)	[OCTET_OP_##op] = { with8, with16 },
	static const cpu_op ops[][2] = {
#include "ops.inc"
	};
#undef CPU_OP
	if (cmd->op >= sizeof(ops) / sizeof(ops[0]))
		return NULL;
	return ops[cmd->op][cmd->src.type == OCTET_TYPE_INT16];
}

/* A command's operation and what follows it. */
static int whole(struct octet_cpu *cpu, const struct cpu_work *work)
{
	const int err = op_of(work->cmd)(cpu, work);

	return err || !work->cmd->tail ? err : octet_cpu_op_tail(cpu, work);
}

int octet_cpu_do(struct octet_cpu *cpu, const struct cpu_work *work,
		 struct octet_cpu_fault *fault)
{
	const struct octet_cmd *cmd = work->cmd;
	int err;

	if (!op_of(cmd))
		return octet_cpu_refuse(fault, OCTET_STATUS_BAD_OP,
					OCTET_OPERAND_CMD, 0,
					"op %u with src type %u has no function in ops.inc",
					cmd->op, cmd->src.type);
	err = octet_cpu_team_do(cpu, work, whole);
	return err == -ENOMEM ? octet_cpu_no_memory(fault, work->dst.bytes) :
				err;
}

int octet_cpu_execute(struct octet_cpu *cpu,
		      const struct octet_cpu_memory *memory,
		      const struct cpu_job *job, struct octet_cpu_fault *fault)
{
	struct cpu_work work;
	int err;

	err = octet_cpu_bind(cpu, memory, job, &work, fault);
	if (err == -ENOMEM)
		return octet_cpu_no_memory(fault, fault->va);
	return err ? err : octet_cpu_do(cpu, &work, fault);
}

int octet_cpu_run(struct octet_cpu *cpu, const struct octet_cpu_memory *memory,
		  const struct octet_cmd *cmds, uint32_t count,
		  uint32_t sram_size, uint32_t sw, struct octet_report *report,
		  struct octet_cpu_fault *fault)
{
	struct octet_cpu_fault dummy;
	int err;

	if (!fault)
		fault = &dummy;
	memset(fault, 0, sizeof(*fault));
	err = prepare(cpu, cmds, count, sram_size, sw, fault);
	octet_cpu_team_begin(cpu->team);
	for (uint32_t i = 0; !err && i < count; i++) {
		const struct octet_cmd *copy = cpu->cmds.data;
		const struct cpu_job job = {
			copy, count, i, start_of(copy, i)
		};

		fault->command = i;
		err = octet_cpu_execute(cpu, memory, &job, fault);
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
