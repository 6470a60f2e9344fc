// SPDX-License-Identifier: MIT
/*
 * Linked into a test of the CPU fallback (--wrap): its executors have several threads,
 * another number each time, and share the smallest operations too, cut here and there.
 * Random commands have more channels. A test that is to see all cuts fails without one.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "cpu/split.h"
#include "cpu/team.h"
#include "test_cpu_ops.h"

#define WRAP(type, name, ...)				\
	type __real_##name(__VA_ARGS__);		\
	type __wrap_##name(__VA_ARGS__);		\
	type __wrap_##name(__VA_ARGS__)

/* Random commands, and how many of them see to everything. */
static unsigned int commands;
#define ENOUGH 10000

static atomic_uint cuts[OCTET_OP_TCONV2D + 1][CPU_AXES];

WRAP(int, octet_cpu_new, struct octet_cpu **out, const char *level, uint32_t threads,
     char *err, size_t n)
{
	static const unsigned char counts[] = { 3, 7, 2, 16 };
	static unsigned int next;
	int ret;

	octet_cpu_part_ns = 0;
	ret = __real_octet_cpu_new(out, level, threads, err, n);
	/* those that a test has asked for stay */
	if (!ret && octet_cpu_threads(*out, NULL) == 1)
		ret = octet_cpu_set_threads(*out, counts[next++ % sizeof(counts)], err, n);
	return ret;
}

static bool constant(void *opaque, uint64_t va, uint64_t size)
{
	(void)opaque;
	(void)va;
	(void)size;
	return true;
}

/* Every second run is that of a job made ready: parts of weights packed beforehand. */
WRAP(int, octet_cpu_run, struct octet_cpu *cpu, const struct octet_cpu_memory *memory,
     const struct octet_cmd *cmds, uint32_t count, uint32_t sram_size, uint32_t sw,
     struct octet_report *report, struct octet_cpu_fault *fault)
{
	static unsigned int next;
	struct octet_cpu_memory fixed = *memory;
	struct octet_cpu_fault unused;
	struct octet_cpu_job *job;
	int ret;

	if (next++ % 2)
		return __real_octet_cpu_run(cpu, memory, cmds, count, sram_size, sw, report, fault);
	fault = fault ? fault : &unused;
	fixed.constant = constant;
	ret = octet_cpu_job_new(cpu, &fixed, cmds, count, sram_size, sw, &job, fault);
	if (ret)
		return ret;
	ret = octet_cpu_job_run(cpu, &fixed, job, report, fault);
	octet_cpu_job_free(job);
	return ret;
}

WRAP(void, octet_cpu_cut, const struct cpu_work *work, enum cpu_axis axis, uint32_t first,
     uint32_t count, struct cpu_part *part)
{
	atomic_fetch_add(&cuts[work->cmd->op][axis], 1);
	__real_octet_cpu_cut(work, axis, first, count, part);
}

static void more_channels(uint64_t *rng, struct octet_cmd *c)
{
	const uint32_t many = (uint32_t)tc_between(rng, 65, 200);

	switch (c->op) {
	case OCTET_OP_CONV2D:
	case OCTET_OP_TCONV2D:
		c->groups = 1;
		c->cout = many;
		break;
	case OCTET_OP_GEMM:
		c->cout = many;
		break;
	case OCTET_OP_DEPTHWISE:
	case OCTET_OP_RESIZE:
		c->cin = c->cout = many;
		break;
	}
}

/* Each time another axis, or that which is best. */
WRAP(struct octet_cmd, ops_random, uint64_t *rng, enum octet_op op)
{
	struct octet_cmd c = __real_ops_random(rng, op);
	const unsigned int axis = commands++ % (CPU_AXES + 1);

	octet_cpu_axes = axis < CPU_AXES ? 1u << axis : ~0u;
	if (axis < CPU_AXIS_CHANNELS)
		return c;
	more_channels(rng, &c);
	for (unsigned int i = 0; i <= OCTET_OPERAND_DST; i++)
		if ((&c.src)[i].space && (&c.src)[i].type && (&c.src)[i].type != OCTET_TYPE_INT4)
			ops_dense(&c, i);
	return c;
}

/* Bits of the axes: batch2, batch, rows, columns, channels. */
static const unsigned char possible[OCTET_OP_TCONV2D + 1] = {
	[OCTET_OP_CONV2D] = 0x1e, [OCTET_OP_DEPTHWISE] = 0x1e, [OCTET_OP_GEMM] = 0x17,
	[OCTET_OP_EW] = 0x0e, [OCTET_OP_LUT] = 0x0e, [OCTET_OP_POOL] = 0x1e,
	[OCTET_OP_COPY] = 0x0f, [OCTET_OP_SOFTMAX] = 0x0e, [OCTET_OP_RESIZE] = 0x12,
	[OCTET_OP_REDUCE] = 0x0e, [OCTET_OP_TCONV2D] = 0x16,
};

__attribute__((destructor)) static void all_seen(void)
{
	bool missing = false;

	if (commands < ENOUGH)
		return;
	for (unsigned int op = 0; op <= OCTET_OP_TCONV2D; op++)
		for (unsigned int axis = 0; axis < CPU_AXES; axis++) {
			if (!(possible[op] >> axis & 1) || cuts[op][axis])
				continue;
			fprintf(stderr, "operation %u was never cut along axis %u\n", op, axis);
			missing = true;
		}
	if (missing)
		_exit(1);
}
