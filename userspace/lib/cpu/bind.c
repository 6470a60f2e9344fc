/* SPDX-License-Identifier: MIT */
/*
 * From a checked command to host memory: operands are found, and inputs that
 * the output overlaps copied, so that all is read before the first result is
 * written. Links live in memory of the executor.
 */
#include <errno.h>
#include <string.h>

#include "check.h"

static int no_memory(struct octet_cpu_fault *fault, uint64_t bytes)
{
	fault->va = bytes;
	return -ENOMEM;
}

int octet_cpu_find(const struct octet_cpu_memory *memory, unsigned int operand,
		   uint64_t va, uint64_t bytes, void **out,
		   struct octet_cpu_fault *fault)
{
	const bool write = operand == OCTET_OPERAND_DST;
	const uint32_t access = write ? OCTET_ACCESS_WRITE : OCTET_ACCESS_READ;
	uint32_t status = OCTET_STATUS_UNMAPPED;

	if (va + bytes >= va) {
		*out = memory->at(memory->opaque, va, bytes, write);
		if (*out)
			return 0;
		/* What is wrong with the first byte is what is reported. */
		if (write && !memory->at(memory->opaque, va, 1, true) &&
		    memory->at(memory->opaque, va, 1, false))
			status = OCTET_STATUS_PERMISSION;
	}
	return octet_cpu_refuse(fault, status, operand | access << 8, va,
				"%s: [0x%llx, + %llu bytes) is %s",
				octet_cpu_operand_names[operand],
				(unsigned long long)va,
				(unsigned long long)bytes,
				status == OCTET_STATUS_PERMISSION ?
				"read-only" : "not mapped as a whole");
}

/* Memory of an operand; NULL if it is absent. */
static int find(struct octet_cpu *cpu, const struct octet_cpu_memory *memory,
		const struct cpu_job *job, unsigned int i,
		const struct cpu_shape *shape, uint8_t **out,
		struct octet_cpu_fault *fault)
{
	const struct octet_operand *op =
		octet_cpu_operand(&job->cmds[job->index], i);
	const uint32_t own = job->index - job->start + 1;
	void *at = NULL;
	int err = 0;

	switch (op->space) {
	case OCTET_SPACE_SRAM:
		at = (uint8_t *)cpu->sram.data + op->addr;
		break;
	case OCTET_SPACE_LINK:
		if (i != OCTET_OPERAND_DST) {
			at = cpu->link[octet_cpu_link(job, op)].data;
			break;
		}
		at = octet_cpu_grow(&cpu->link[own], shape->bytes);
		if (!at)
			err = no_memory(fault, shape->bytes);
		break;
	case OCTET_SPACE_VA:
		err = octet_cpu_find(memory, i, op->addr, shape->bytes, &at,
				     fault);
		break;
	}
	*out = at;
	return err;
}

/* Whether a later command of the chain reads the chain's input. */
static bool input_is_read(const struct cpu_job *job)
{
	for (uint32_t i = job->start; job->cmds[i].flags & OCTET_CMD_CHAIN; ) {
		const struct octet_cmd *cmd = &job->cmds[++i];

		if ((cmd->src.space == OCTET_SPACE_LINK && !cmd->src.link) ||
		    (cmd->src2.space == OCTET_SPACE_LINK && !cmd->src2.link))
			return true;
	}
	return false;
}

/* What is done between two looks at the cancel flag. */
#define SLICE	(UINT64_C(1) << 20)

static bool canceled(const struct octet_cpu *cpu)
{
	return atomic_load_explicit(cpu->cancel, memory_order_relaxed);
}

static int copy_bytes(const struct octet_cpu *cpu, uint8_t *to,
		      const uint8_t *from, uint64_t bytes)
{
	for (uint64_t i = 0; i < bytes; i += SLICE) {
		if (canceled(cpu))
			return -ECANCELED;
		memcpy(to + i, from + i,
		       bytes - i < SLICE ? bytes - i : SLICE);
	}
	return 0;
}

/* Joins the inner dimensions that follow each other without gaps. */
static struct cpu_shape join(struct cpu_shape s)
{
	for (int d = CPU_DIMS - 1; d >= 0; d--) {
		if (s.extent[d] > 1 && s.stride[d] != s.inner)
			break;
		s.inner *= s.extent[d];
		s.extent[d] = 1;
	}
	return s;
}

/* Link 0: the chain's input without gaps. */
static int gather(struct octet_cpu *cpu, const struct cpu_work *work,
		  struct octet_cpu_fault *fault)
{
	const struct cpu_shape s = join(work->src);
	uint8_t *to = octet_cpu_grow(&cpu->link[0], work->src.elements);

	if (!to)
		return no_memory(fault, work->src.elements);
	if (s.inner == work->src.elements)
		return copy_bytes(cpu, to, work->x, s.inner);
	for (uint64_t i = 0; i < s.extent[0]; i++)
		for (uint64_t j = 0; j < s.extent[1]; j++)
			for (uint64_t k = 0; k < s.extent[2]; k++) {
				const uint8_t *row = work->x +
						     i * s.stride[0] +
						     j * s.stride[1] +
						     k * s.stride[2];

				if (canceled(cpu))
					return -ECANCELED;
				for (uint64_t l = 0; l < s.extent[3]; l++) {
					memcpy(to, row + l * s.stride[3],
					       s.inner);
					to += s.inner;
				}
			}
	return 0;
}

/* INT4 weights as int8: element i is in byte i / 2, the first one below. */
static int unpack(struct octet_cpu *cpu, struct cpu_work *work,
		  struct octet_cpu_fault *fault)
{
	const uint8_t *from = work->w;
	uint64_t pairs, i = 0;
	int8_t *to;

	octet_cpu_unpacked(work->cmd, &work->wgt);
	pairs = work->wgt.bytes / 2;
	to = octet_cpu_grow(&cpu->nibbles, work->wgt.bytes);
	if (!to)
		return no_memory(fault, work->wgt.bytes);
	while (i < pairs) {
		const uint64_t end = pairs - i < SLICE ? pairs : i + SLICE;

		if (canceled(cpu))
			return -ECANCELED;
		for (; i < end; i++) {
			to[2 * i] = (int8_t)(((from[i] & 15) ^ 8) - 8);
			to[2 * i + 1] = (int8_t)((from[i] >> 4 ^ 8) - 8);
		}
	}
	if (work->wgt.bytes % 2)
		to[2 * i] = (int8_t)(((from[i] & 15) ^ 8) - 8);
	work->w = (const uint8_t *)to;
	return 0;
}

/* What @n channels of a block have for one input, @step bytes apart in the result. */
static void spread(uint8_t *to, const uint8_t *block, uint64_t n, uint64_t step)
{
	for (uint64_t o = 0; o < n; o++)
		to[o * step] = block[4 * o];
}

/*
 * PACKED weights as dense rows: [cout][K], GEMM: [K][cout]. Input k of a group's
 * channels 16 p and up is byte k % 4 of the fours of its block, k / 4 of panel p.
 */
static int unpack_panels(struct octet_cpu *cpu, struct cpu_work *work,
			 struct octet_cpu_fault *fault)
{
	const struct octet_cmd *cmd = work->cmd;
	const bool gemm = cmd->op == OCTET_OP_GEMM;
	const uint64_t inputs = (uint64_t)cmd->r * cmd->s * cmd->cin /
				cmd->groups;
	const uint64_t channels = cmd->cout / cmd->groups;
	const uint64_t across = gemm ? channels : 1, down = gemm ? 1 : inputs;
	const uint8_t *panel = work->w;
	uint8_t *to;

	octet_cpu_unpacked(cmd, &work->wgt);
	to = octet_cpu_grow(&cpu->nibbles, work->wgt.bytes);
	if (!to)
		return no_memory(fault, work->wgt.bytes);
	work->w = to;
	for (uint32_t g = 0; g < cmd->groups; g++) {
		for (uint64_t o = 0; o < channels; o += 16) {
			const uint64_t n = channels - o < 16 ? channels - o : 16;

			if (canceled(cpu))
				return -ECANCELED;
			for (uint64_t k = 0; k < inputs; k++)
				spread(to + o * down + k * across,
				       panel + k / 4 * OCTET_PACKED_LINE + k % 4,
				       n, down);
			panel += (inputs + 3) / 4 * OCTET_PACKED_LINE;
		}
		to += channels * inputs;
	}
	return 0;
}

/* Replaces an input by copy number @i if the output overlaps it. */
static int separate(struct octet_cpu *cpu, unsigned int i, const uint8_t **in,
		    uint64_t bytes, const struct cpu_work *work,
		    struct octet_cpu_fault *fault)
{
	const uintptr_t a = (uintptr_t)*in, b = (uintptr_t)work->y;
	const uint8_t *from = *in;
	uint8_t *to;

	if (!a || a + bytes <= b || b + work->dst.bytes <= a)
		return 0;
	to = octet_cpu_grow(&cpu->copy[i], bytes);
	if (!to)
		return no_memory(fault, bytes);
	*in = to;
	return copy_bytes(cpu, to, from, bytes);
}

static void describe(struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;

	work->x_signed = cmd->src.type != OCTET_TYPE_UINT8;
	work->x2_signed = cmd->src2.type != OCTET_TYPE_UINT8;
	work->w_signed = cmd->wgt.type != OCTET_TYPE_UINT8;
	work->repeat = cmd->src.flags & OCTET_OPERAND_REPEAT;
	work->repeat2 = cmd->src2.flags & OCTET_OPERAND_REPEAT;
	work->x_size = octet_cpu_type_size(cmd->src.type);
	work->x2_size = octet_cpu_type_size(cmd->src2.type);
	work->y_size = octet_cpu_type_size(cmd->dst.type);
}

/** struct place - an operand of a command, and where it is */
struct place {
	unsigned int operand;
	struct cpu_shape *shape;
	uint8_t *at;
};

#define PLACES(work) {						\
	{ OCTET_OPERAND_SRC, &(work)->src, NULL },		\
	{ OCTET_OPERAND_SRC2, &(work)->src2, NULL },		\
	{ OCTET_OPERAND_WGT, &(work)->wgt, NULL },		\
	{ OCTET_OPERAND_DST, &(work)->dst, NULL },		\
}

int octet_cpu_bind_fixed(struct octet_cpu *cpu,
			 const struct octet_cpu_memory *memory,
			 const struct cpu_job *job, struct cpu_work *work,
			 struct octet_cpu_fault *fault)
{
	struct place all[] = PLACES(work);
	int err;

	memset(work, 0, sizeof(*work));
	work->cmd = &job->cmds[job->index];
	describe(work);
	for (int i = 0; i < 4; i++)
		if (octet_cpu_operand(work->cmd, all[i].operand)->space)
			octet_cpu_shape(work->cmd, all[i].operand,
					all[i].shape);
	err = octet_cpu_bind_params(cpu, memory, work, fault);
	if (!err)
		err = octet_cpu_bind_table(cpu, memory, work, fault);
	return err;
}

int octet_cpu_bind_places(struct octet_cpu *cpu,
			  const struct octet_cpu_memory *memory,
			  const struct cpu_job *job, struct cpu_work *work,
			  struct octet_cpu_fault *fault)
{
	struct place all[] = PLACES(work);
	int err = 0;

	for (int i = 0; !err && i < 4; i++) {
		if (!octet_cpu_operand(work->cmd, all[i].operand)->space)
			continue;
		/* unpacked weights have another shape by now */
		if (all[i].operand == OCTET_OPERAND_WGT && work->packed)
			continue;
		err = find(cpu, memory, job, all[i].operand, all[i].shape,
			   &all[i].at, fault);
	}
	work->x = all[0].at;
	work->x2 = all[1].at;
	work->w = all[2].at;
	work->y = all[3].at;
	return err;
}

int octet_cpu_bind_weights(struct octet_cpu *cpu, struct cpu_work *work,
			   struct octet_cpu_fault *fault)
{
	int err = 0;

	if (work->cmd->wgt.type == OCTET_TYPE_INT4)
		err = unpack(cpu, work, fault);
	if (!err && work->cmd->wgt.layout == OCTET_LAYOUT_PACKED)
		err = unpack_panels(cpu, work, fault);
	return err;
}

int octet_cpu_bind_inputs(struct octet_cpu *cpu, const struct cpu_job *job,
			  struct cpu_work *work, struct octet_cpu_fault *fault)
{
	int err = 0;

	if (job->index == job->start && input_is_read(job))
		err = gather(cpu, work, fault);
	if (!err && !work->packed)
		err = octet_cpu_bind_weights(cpu, work, fault);
	if (!err)
		err = separate(cpu, 0, &work->x, work->src.bytes, work, fault);
	if (!err)
		err = separate(cpu, 1, &work->x2, work->src2.bytes, work,
			       fault);
	if (!err && !work->packed)
		err = separate(cpu, 2, &work->w, work->wgt.bytes, work, fault);
	return err;
}

int octet_cpu_bind(struct octet_cpu *cpu, const struct octet_cpu_memory *memory,
		   const struct cpu_job *job, struct cpu_work *work,
		   struct octet_cpu_fault *fault)
{
	int err;

	err = octet_cpu_bind_fixed(cpu, memory, job, work, fault);
	if (!err)
		err = octet_cpu_bind_places(cpu, memory, job, work, fault);
	if (!err)
		err = octet_cpu_bind_inputs(cpu, job, work, fault);
	return err;
}
