/* SPDX-License-Identifier: MIT */
/*
 * From a checked command to host memory: records are copied and checked,
 * operands found, and inputs that the output overlaps copied, so that all is
 * read before the first result is written.
 */
#include <errno.h>
#include <fenv.h>
#include <string.h>

#include "cpu_priv.h"

static const char *const names[] = { "src", "src2", "wgt", "prm", "chn", "dst" };

static int find(struct octet_cpu *cpu, const struct octet_cpu_memory *memory,
		const struct octet_cmd *cmd, unsigned int i, uint64_t bytes,
		void **out, struct octet_cpu_fault *fault)
{
	const struct octet_operand *op = octet_cpu_operand(cmd, i);
	const bool write = i == OCTET_OPERAND_DST;
	const uint32_t access = write ? OCTET_ACCESS_WRITE : OCTET_ACCESS_READ;
	uint32_t status = OCTET_STATUS_UNMAPPED;

	if (op->space == OCTET_SPACE_SRAM) {
		*out = (uint8_t *)cpu->sram.data + op->addr;
		return 0;
	}
	if (op->addr + bytes >= op->addr) {
		*out = memory->at(memory->opaque, op->addr, bytes, write);
		if (*out)
			return 0;
		/* What is wrong with the first byte is what is reported. */
		if (write && !memory->at(memory->opaque, op->addr, 1, true) &&
		    memory->at(memory->opaque, op->addr, 1, false))
			status = OCTET_STATUS_PERMISSION;
	}
	return octet_cpu_refuse(fault, status, i | access << 8, op->addr,
				"%s: [0x%llx, + %llu bytes) is %s", names[i],
				(unsigned long long)op->addr,
				(unsigned long long)bytes,
				status == OCTET_STATUS_PERMISSION ?
				"read-only" : "not mapped as a whole");
}

/* Per-channel parameters as four arrays, whatever the command gave. */
struct channels {
	int32_t *bias;
	uint32_t *mult;
	uint32_t *shift;
	int32_t *zw;
};

static int read_params(const struct octet_cmd *cmd, const uint8_t *prm,
		       const struct channels *ch,
		       struct octet_cpu_fault *fault)
{
	struct octet_param p;

	for (uint32_t c = 0; c < cmd->cout; c++) {
		memcpy(&p, prm + c * sizeof(p), sizeof(p));
		ch->bias[c] = p.bias;
		if (cmd->flags & OCTET_CMD_PER_TENSOR)
			continue;
		if (!octet_cpu_scale_ok(cmd->stage, p.mult, 0, false))
			return octet_cpu_refuse(fault, OCTET_STATUS_BAD_QUANT,
						OCTET_OPERAND_PRM, 0,
						"prm: channel %u: mult 0x%x is out of bounds for stage %u",
						c, p.mult, cmd->stage);
		ch->mult[c] = p.mult;
	}
	return 0;
}

static int read_channels(const struct octet_cmd *cmd, const uint8_t *chn,
			 const struct channels *ch,
			 struct octet_cpu_fault *fault)
{
	struct octet_channel r;
	int32_t lo, hi;

	octet_cpu_type_range(cmd->wgt.type, &lo, &hi);
	for (uint32_t c = 0; c < cmd->cout; c++) {
		memcpy(&r, chn + c * sizeof(r), sizeof(r));
		if (r.reserved)
			return octet_cpu_refuse(fault, OCTET_STATUS_RESERVED,
						OCTET_OPERAND_CHN, 0,
						"chn: channel %u: reserved byte is %u, not 0",
						c, r.reserved);
		if (r.zero_point < lo || r.zero_point > hi)
			return octet_cpu_refuse(fault, OCTET_STATUS_BAD_QUANT,
						OCTET_OPERAND_CHN, 0,
						"chn: channel %u: weight zero point %d is outside %d..%d",
						c, r.zero_point, lo, hi);
		ch->zw[c] = r.zero_point;
		if (cmd->flags & OCTET_CMD_PER_TENSOR)
			continue;
		/* the multiplier has been checked: test the shift with a good one */
		if (!octet_cpu_scale_ok(cmd->stage, cmd->stage ==
					OCTET_STAGE_FP32_RNE ?
					OCTET_FP32_SCALE_MIN : 0, r.shift, true))
			return octet_cpu_refuse(fault, OCTET_STATUS_BAD_QUANT,
						OCTET_OPERAND_CHN, 0,
						"chn: channel %u: shift %u is out of bounds for stage %u",
						c, r.shift, cmd->stage);
		ch->shift[c] = r.shift;
	}
	return 0;
}

static int bind_channels(struct octet_cpu *cpu,
			 const struct octet_cpu_memory *memory,
			 struct cpu_work *work, struct octet_cpu_fault *fault)
{
	const struct octet_cmd *cmd = work->cmd;
	const size_t n = cmd->cout;
	struct channels ch;
	void *records;
	int err = 0;

	ch.bias = octet_cpu_grow(&cpu->params, 4 * n * sizeof(int32_t));
	if (!ch.bias)
		return -ENOMEM;
	ch.mult = (uint32_t *)ch.bias + n;
	ch.shift = ch.mult + n;
	ch.zw = (int32_t *)ch.shift + n;
	for (size_t c = 0; c < n; c++) {
		ch.bias[c] = 0;
		ch.mult[c] = cmd->dst.mult;
		ch.shift[c] = cmd->dst.shift;
		ch.zw[c] = cmd->wgt.zero_point;
	}
	if (cmd->prm.space) {
		err = find(cpu, memory, cmd, OCTET_OPERAND_PRM,
			   n * sizeof(struct octet_param), &records, fault);
		if (!err)
			err = read_params(cmd, records, &ch, fault);
	}
	if (!err && cmd->chn.space) {
		err = find(cpu, memory, cmd, OCTET_OPERAND_CHN,
			   n * sizeof(struct octet_channel), &records, fault);
		if (!err)
			err = read_channels(cmd, records, &ch, fault);
	}
	work->zw = ch.zw;
	work->stage = (struct cpu_stage) {
		.stage = cmd->stage,
		.nearest = fegetround() == FE_TONEAREST,
		.zero_point = cmd->dst.zero_point,
		.lo = cmd->act_min,
		.hi = cmd->act_max,
		.bias = ch.bias,
		.mult = ch.mult,
		.shift = ch.shift,
	};
	return err;
}

/* Replaces an input by a copy if the output overlaps it. */
static int separate(struct cpu_buffer *copy, const uint8_t **in, uint64_t bytes,
		    const struct cpu_work *work)
{
	const uintptr_t a = (uintptr_t)*in, b = (uintptr_t)work->y;
	void *to;

	if (a + bytes <= b || b + work->dst.bytes <= a)
		return 0;
	to = octet_cpu_grow(copy, bytes);
	if (!to)
		return -ENOMEM;
	*in = memcpy(to, *in, bytes);
	return 0;
}

int octet_cpu_bind(struct octet_cpu *cpu, const struct octet_cpu_memory *memory,
		   const struct octet_cmd *cmd, struct cpu_work *work,
		   struct octet_cpu_fault *fault)
{
	void *x, *w, *y;
	int err;

	memset(work, 0, sizeof(*work));
	work->cmd = cmd;
	octet_cpu_shape(cmd, OCTET_OPERAND_SRC, &work->src);
	octet_cpu_shape(cmd, OCTET_OPERAND_WGT, &work->wgt);
	octet_cpu_shape(cmd, OCTET_OPERAND_DST, &work->dst);
	work->x_signed = cmd->src.type == OCTET_TYPE_INT8;
	work->w_signed = cmd->wgt.type == OCTET_TYPE_INT8;
	work->y_size = cmd->dst.type == OCTET_TYPE_INT32 ? 4 : 1;
	err = bind_channels(cpu, memory, work, fault);
	if (!err)
		err = find(cpu, memory, cmd, OCTET_OPERAND_SRC,
			   work->src.bytes, &x, fault);
	if (!err)
		err = find(cpu, memory, cmd, OCTET_OPERAND_WGT,
			   work->wgt.bytes, &w, fault);
	if (!err)
		err = find(cpu, memory, cmd, OCTET_OPERAND_DST,
			   work->dst.bytes, &y, fault);
	if (err)
		return err;
	work->x = x;
	work->w = w;
	work->y = y;
	err = separate(&cpu->copy[0], &work->x, work->src.bytes, work);
	return err ? err : separate(&cpu->copy[1], &work->w, work->wgt.bytes,
				    work);
}
