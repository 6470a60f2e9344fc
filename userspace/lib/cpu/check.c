/* SPDX-License-Identifier: MIT */
/*
 * Command validation, in the order of Documentation/hardware.rst, "Commands";
 * the first rule that a command breaks is reported.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cpu_priv.h"

#define OPERANDS	6

static const char *const names[] = { "src", "src2", "wgt", "prm", "chn", "dst" };

int octet_cpu_refuse(struct octet_cpu_fault *fault, uint32_t status,
		     uint32_t detail, uint64_t va, const char *format, ...)
{
	va_list args;

	fault->status = status;
	fault->detail = detail;
	fault->va = va;
	va_start(args, format);
	vsnprintf(fault->text, sizeof(fault->text), format, args);
	va_end(args);
	return -EFAULT;
}

/* The first stride that the operand of this operation has. */
static unsigned int first_stride(const struct octet_cmd *cmd, unsigned int i)
{
	if (i == OCTET_OPERAND_PRM || i == OCTET_OPERAND_CHN)
		return CPU_DIMS;
	if (cmd->op == OCTET_OP_GEMM)
		return 0;
	return cmd->op == OCTET_OP_DEPTHWISE && i == OCTET_OPERAND_WGT ? 2 : 1;
}

/* A field of an operand that must be zero and is not, or NULL. */
static const char *stray(const struct octet_cmd *cmd, unsigned int i)
{
	const struct octet_operand *op = octet_cpu_operand(cmd, i);
	const bool records = i == OCTET_OPERAND_PRM || i == OCTET_OPERAND_CHN;
	const unsigned int first = first_stride(cmd, i);
	static const struct octet_operand none;

	if (op->space == OCTET_SPACE_NONE)
		return memcmp(op, &none, sizeof(none)) ?
			"a field of an absent operand" : NULL;
	if (op->reserved)
		return "reserved";
	if (op->link)
		return "link";
	if (i != OCTET_OPERAND_DST && op->mult)
		return "mult";
	if (i != OCTET_OPERAND_DST && op->shift)
		return "shift";
	if (records && op->zero_point)
		return "zero_point";
	for (unsigned int d = 0; d < first; d++)
		if (op->stride[d])
			return "a stride that it does not have";
	if (cmd->op == OCTET_OP_GEMM && op->stride[3])
		return "stride[3] of a matrix";
	return NULL;
}

static int check_reserved(const struct octet_cmd *cmd,
			  struct octet_cpu_fault *fault)
{
	const char *field = NULL;
	uint32_t bits = 0;

	for (unsigned int i = 0; i < 9; i++)
		bits |= cmd->reserved0[i];
	for (unsigned int i = 0; i < 3; i++)
		bits |= cmd->reserved1[i];
	if (bits)
		field = "a reserved field";
	else if (cmd->sub)
		field = "sub";
	else if (cmd->tail)
		field = "tail";
	else if (cmd->op == OCTET_OP_GEMM && cmd->pad_value)
		field = "pad_value of a GEMM";
	if (field)
		return octet_cpu_refuse(fault, OCTET_STATUS_RESERVED,
					OCTET_OPERAND_CMD, 0,
					"command: %s is not 0", field);
	for (unsigned int i = 0; i < OPERANDS; i++) {
		field = stray(cmd, i);
		if (field)
			return octet_cpu_refuse(fault, OCTET_STATUS_RESERVED,
						i, 0, "%s: %s must be 0",
						names[i], field);
	}
	return 0;
}

static int check_head(const struct octet_cmd *cmd,
		      struct octet_cpu_fault *fault)
{
	const uint32_t known = OCTET_CMD_PER_TENSOR | OCTET_CMD_CHAIN;

	if (cmd->op != OCTET_OP_CONV2D && cmd->op != OCTET_OP_DEPTHWISE &&
	    cmd->op != OCTET_OP_GEMM)
		return octet_cpu_refuse(fault, OCTET_STATUS_BAD_OP,
					OCTET_OPERAND_CMD, 0,
					"op %u: not offered; CONV2D, DEPTHWISE and GEMM are",
					cmd->op);
	if (cmd->flags & ~known)
		return octet_cpu_refuse(fault, OCTET_STATUS_BAD_FLAGS,
					OCTET_OPERAND_CMD, 0,
					"flags 0x%x: unknown bits 0x%x",
					cmd->flags, cmd->flags & ~known);
	if (cmd->flags & OCTET_CMD_CHAIN)
		return octet_cpu_refuse(fault, OCTET_STATUS_BAD_CHAIN,
					OCTET_OPERAND_CMD, 0,
					"flag CHAIN: chains are not offered");
	for (unsigned int i = 0; i < OPERANDS; i++)
		if (octet_cpu_operand(cmd, i)->space == OCTET_SPACE_LINK)
			return octet_cpu_refuse(fault, OCTET_STATUS_BAD_CHAIN,
						i, 0,
						"%s: space LINK: chains are not offered",
						names[i]);
	return check_reserved(cmd, fault);
}

static int check_spaces(const struct octet_cmd *cmd,
			struct octet_cpu_fault *fault)
{
	for (unsigned int i = 0; i < OPERANDS; i++) {
		const unsigned int space = octet_cpu_operand(cmd, i)->space;
		bool ok;

		switch (i) {
		case OCTET_OPERAND_SRC2:
			ok = space == OCTET_SPACE_NONE;
			break;
		case OCTET_OPERAND_PRM:
		case OCTET_OPERAND_CHN:
			ok = space == OCTET_SPACE_NONE ||
			     space == OCTET_SPACE_VA;
			break;
		default:
			ok = space == OCTET_SPACE_VA ||
			     space == OCTET_SPACE_SRAM;
		}
		if (!ok)
			return octet_cpu_refuse(fault, OCTET_STATUS_BAD_SPACE,
						i, 0,
						"%s: space %u is not allowed here",
						names[i], space);
	}
	return 0;
}

static int check_types(const struct octet_cmd *cmd,
		       struct octet_cpu_fault *fault)
{
	for (unsigned int i = 0; i < OPERANDS; i++) {
		const unsigned int type = octet_cpu_operand(cmd, i)->type;
		bool ok = type == OCTET_TYPE_INT8 || type == OCTET_TYPE_UINT8;

		if (i == OCTET_OPERAND_SRC2 || i == OCTET_OPERAND_PRM ||
		    i == OCTET_OPERAND_CHN)
			ok = type == OCTET_TYPE_NONE;
		else if (i == OCTET_OPERAND_DST &&
			 cmd->stage == OCTET_STAGE_RAW)
			ok = type == OCTET_TYPE_INT32;
		if (!ok)
			return octet_cpu_refuse(fault, OCTET_STATUS_BAD_TYPE,
						i, 0,
						"%s: type %u does not go with stage %u here",
						names[i], type, cmd->stage);
	}
	return 0;
}

/*
 * Two elements of an output may not share a byte: in the order of the strides,
 * each steps over all that lies inside it.
 */
static bool overlaps_itself(const struct cpu_shape *s)
{
	bool done[CPU_DIMS] = { false }, beyond = false;
	uint64_t covered = s->inner, add;

	for (int round = 0; round < CPU_DIMS; round++) {
		int best = -1;

		for (int d = 0; d < CPU_DIMS; d++)
			if (!done[d] && s->extent[d] > 1 &&
			    (best < 0 || s->stride[d] < s->stride[best]))
				best = d;
		if (best < 0)
			return false;
		if (beyond || s->stride[best] < covered)
			return true;
		done[best] = true;
		/* No 64-bit stride steps over more than 64 bits. */
		beyond = __builtin_mul_overflow(s->stride[best],
						(uint64_t)s->extent[best] - 1,
						&add) ||
			 __builtin_add_overflow(covered, add, &covered);
	}
	return false;
}

static int check_alignment(const struct octet_operand *op, unsigned int i,
			   const struct cpu_shape *s,
			   struct octet_cpu_fault *fault)
{
	unsigned int align = 1;

	if (i == OCTET_OPERAND_PRM || op->type == OCTET_TYPE_INT32)
		align = 4;
	else if (i == OCTET_OPERAND_CHN)
		align = 2;
	if (op->addr % align)
		return octet_cpu_refuse(fault, OCTET_STATUS_BAD_LAYOUT, i, 0,
					"%s: address 0x%llx is not aligned to %u",
					names[i], (unsigned long long)op->addr,
					align);
	for (int d = 0; d < CPU_DIMS; d++)
		if (s->stride[d] % align)
			return octet_cpu_refuse(fault, OCTET_STATUS_BAD_LAYOUT,
						i, 0,
						"%s: stride[%d] %llu is not a multiple of %u",
						names[i], d,
						(unsigned long long)s->stride[d],
						align);
	return 0;
}

static int check_layouts(const struct octet_cmd *cmd,
			 struct octet_cpu_fault *fault)
{
	struct cpu_shape s;
	int err;

	for (unsigned int i = 0; i < OPERANDS; i++) {
		const struct octet_operand *op = octet_cpu_operand(cmd, i);

		if (op->space == OCTET_SPACE_NONE)
			continue;
		if (op->layout != OCTET_LAYOUT_STRIDED)
			return octet_cpu_refuse(fault, OCTET_STATUS_BAD_LAYOUT,
						i, 0,
						"%s: layout %u: only STRIDED is offered",
						names[i], op->layout);
		octet_cpu_shape(cmd, i, &s);
		err = check_alignment(op, i, &s, fault);
		if (err)
			return err;
		if (i == OCTET_OPERAND_DST && overlaps_itself(&s))
			return octet_cpu_refuse(fault, OCTET_STATUS_BAD_LAYOUT,
						i, 0,
						"dst: strides make elements overlap");
	}
	return 0;
}

static int check_operand_flags(const struct octet_cmd *cmd,
			       struct octet_cpu_fault *fault)
{
	for (unsigned int i = 0; i < OPERANDS; i++) {
		const uint32_t flags = octet_cpu_operand(cmd, i)->flags;
		uint32_t allowed = OCTET_OPERAND_CONST;

		if (i == OCTET_OPERAND_DST)
			allowed = 0;
		else if (cmd->op == OCTET_OP_GEMM &&
			 (i == OCTET_OPERAND_SRC || i == OCTET_OPERAND_WGT))
			allowed |= OCTET_OPERAND_TRANSPOSED;
		if (flags & ~allowed)
			return octet_cpu_refuse(fault, OCTET_STATUS_BAD_FLAGS,
						i, 0,
						"%s: flags 0x%x are not allowed here",
						names[i], flags & ~allowed);
	}
	return 0;
}

static int check_places(const struct octet_cmd *cmd, uint32_t sw,
			struct octet_cpu_fault *fault)
{
	struct cpu_shape s;

	for (unsigned int i = 0; i < OPERANDS; i++) {
		const struct octet_operand *op = octet_cpu_operand(cmd, i);

		if (op->space == OCTET_SPACE_NONE)
			continue;
		octet_cpu_shape(cmd, i, &s);
		if (s.bytes > CPU_BYTES_MAX || s.elements > CPU_BYTES_MAX)
			return octet_cpu_refuse(fault, OCTET_STATUS_TOO_LARGE,
						i, 0,
						"%s: spans %llu bytes, has %llu, at most %llu",
						names[i],
						(unsigned long long)s.bytes,
						(unsigned long long)s.elements,
						(unsigned long long)CPU_BYTES_MAX);
		if (op->space == OCTET_SPACE_SRAM &&
		    (op->addr > sw || s.bytes > sw - op->addr))
			return octet_cpu_refuse(fault, OCTET_STATUS_BAD_SRAM,
						i, 0,
						"%s: SRAM offset %llu + %llu bytes is outside [0, %u)",
						names[i],
						(unsigned long long)op->addr,
						(unsigned long long)s.bytes, sw);
	}
	return 0;
}

int octet_cpu_check(const struct octet_cmd *cmd, uint32_t sw,
		    struct octet_cpu_fault *fault)
{
	int err = check_head(cmd, fault);

	if (!err)
		err = octet_cpu_check_shape(cmd, fault);
	if (!err)
		err = check_spaces(cmd, fault);
	if (!err)
		err = check_types(cmd, fault);
	if (!err)
		err = check_layouts(cmd, fault);
	if (!err)
		err = check_operand_flags(cmd, fault);
	if (!err)
		err = octet_cpu_check_quant(cmd, fault);
	if (!err)
		err = check_places(cmd, sw, fault);
	return err;
}
