/* SPDX-License-Identifier: MIT */
/*
 * Command validation, in the order of Documentation/commands.rst, "Checks";
 * the first rule that a command breaks is reported.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

const char *const octet_cpu_operand_names[] = {
	"src", "src2", "wgt", "prm", "chn", "dst", "command", "report", "table",
};

#define names	octet_cpu_operand_names

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

/* A field of an operand that must be zero and is not, or NULL. */
static const char *stray(const struct octet_cmd *cmd,
			 const struct cpu_rules *rules, unsigned int i)
{
	const struct octet_operand *op = octet_cpu_operand(cmd, i);
	const unsigned int strides = octet_cpu_strides(cmd, rules, i);
	static const struct octet_operand none;

	if (op->space == OCTET_SPACE_NONE)
		return memcmp(op, &none, sizeof(none)) ?
			"a field of an absent operand" : NULL;
	if (op->reserved)
		return "reserved";
	if (op->space != OCTET_SPACE_LINK && op->link)
		return "link outside space LINK";
	if (op->space == OCTET_SPACE_LINK && op->addr)
		return "addr of a link";
	for (unsigned int d = 0; d < CPU_DIMS; d++)
		if (op->stride[d] && !(strides >> d & 1))
			return "a stride that it does not have";
	if (!(rules->scales >> i & 1) && (op->mult || op->shift))
		return "mult and shift, which do not apply here,";
	if (!(rules->zero_points >> i & 1) && op->zero_point)
		return "zero_point, which does not apply here,";
	return NULL;
}

/* A field of the command that must be zero and is not, or NULL. */
static const char *stray_field(const struct octet_cmd *cmd,
			       const struct cpu_rules *rules)
{
	const uint32_t without = ~rules->fields;

	if (cmd->reserved0[0] || cmd->reserved0[1] || cmd->reserved0[2] ||
	    cmd->reserved1)
		return "a reserved field";
	if (without & CPU_PAD_VALUE && cmd->pad_value)
		return "pad_value, which this operation has not,";
	if (without & CPU_CLAMP && (cmd->act_min || cmd->act_max))
		return "act_min or act_max of a COPY";
	if (without & CPU_LEFT_SHIFT && cmd->left_shift)
		return "left_shift, which only additions have,";
	if (without & CPU_TABLE && cmd->table)
		return "table, which is not used here,";
	if (without & CPU_MID &&
	    (cmd->mid_mult || cmd->mid_shift || cmd->mid_zero_point ||
	     cmd->mid_min || cmd->mid_max || cmd->sum_stage || cmd->sum_mult ||
	     cmd->sum_shift))
		return "a mid or sum field without TAIL_ADD";
	return NULL;
}

static int check_reserved(const struct octet_cmd *cmd,
			  const struct cpu_rules *rules,
			  struct octet_cpu_fault *fault)
{
	const char *field = stray_field(cmd, rules);

	if (field)
		return octet_cpu_refuse(fault, OCTET_STATUS_RESERVED,
					OCTET_OPERAND_CMD, 0,
					"command: %s is not 0", field);
	for (unsigned int i = 0; i < CPU_OPERANDS; i++) {
		field = stray(cmd, rules, i);
		if (field)
			return octet_cpu_refuse(fault, OCTET_STATUS_RESERVED,
						i, 0, "%s: %s must be 0",
						names[i], field);
	}
	return 0;
}

static int check_head(const struct octet_cmd *cmd, struct cpu_rules *rules,
		      struct octet_cpu_fault *fault)
{
	const uint32_t known = OCTET_CMD_PER_TENSOR | OCTET_CMD_CHAIN;

	if (!octet_cpu_rules(cmd, rules))
		return octet_cpu_refuse(fault, OCTET_STATUS_BAD_OP,
					OCTET_OPERAND_CMD, 0,
					"op %u, sub %u: there is no such operation",
					cmd->op, cmd->sub);
	if (cmd->flags & ~known)
		return octet_cpu_refuse(fault, OCTET_STATUS_BAD_FLAGS,
					OCTET_OPERAND_CMD, 0,
					"flags 0x%x: unknown bits 0x%x",
					cmd->flags, cmd->flags & ~known);
	if (cmd->tail & ~rules->tails)
		return octet_cpu_refuse(fault, OCTET_STATUS_BAD_FLAGS,
					OCTET_OPERAND_CMD, 0,
					"tail 0x%x: op %u, sub %u may have 0x%x",
					cmd->tail, cmd->op, cmd->sub,
					rules->tails);
	return check_reserved(cmd, rules, fault);
}

static int check_spaces(const struct octet_cmd *cmd,
			const struct cpu_rules *rules,
			struct octet_cpu_fault *fault)
{
	uint32_t may = rules->operands | rules->optional;

	if (cmd->src.type == OCTET_TYPE_INT16)
		may &= ~(1u << OCTET_OPERAND_CHN);
	for (unsigned int i = 0; i < CPU_OPERANDS; i++) {
		const unsigned int space = octet_cpu_operand(cmd, i)->space;
		bool ok = space == OCTET_SPACE_VA;

		if (space == OCTET_SPACE_NONE)
			ok = !(rules->operands >> i & 1);
		else if (!(may >> i & 1))
			ok = false;
		else if (space == OCTET_SPACE_SRAM)
			ok = i != OCTET_OPERAND_PRM && i != OCTET_OPERAND_CHN;
		else if (space == OCTET_SPACE_LINK)
			ok = i == OCTET_OPERAND_SRC ||
			     i == OCTET_OPERAND_SRC2 || i == OCTET_OPERAND_DST;
		if (!ok)
			return octet_cpu_refuse(fault, OCTET_STATUS_BAD_SPACE,
						i, 0,
						"%s: space %u is not allowed here; op %u %s it",
						names[i], space, cmd->op,
						rules->operands >> i & 1 ?
						"must have" : may >> i & 1 ?
						"may have" : "does not have");
	}
	return 0;
}

static int check_types(const struct octet_cmd *cmd,
		       struct octet_cpu_fault *fault)
{
	for (unsigned int i = 0; i < CPU_OPERANDS; i++) {
		const unsigned int type = octet_cpu_operand(cmd, i)->type;
		const unsigned int types = octet_cpu_types(cmd, i);

		if (type > OCTET_TYPE_INT4 || !(types >> type & 1))
			return octet_cpu_refuse(fault, OCTET_STATUS_BAD_TYPE,
						i, 0,
						"%s: type %u; mask 0x%x with op %u, stage %u, src type %u",
						names[i], type, types, cmd->op,
						cmd->stage, cmd->src.type);
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

static int check_alignment(const struct octet_cmd *cmd, unsigned int i,
			   const struct cpu_shape *s,
			   struct octet_cpu_fault *fault)
{
	const struct octet_operand *op = octet_cpu_operand(cmd, i);
	unsigned int align = octet_cpu_type_size(op->type);

	if (i == OCTET_OPERAND_PRM)
		align = cmd->src.type == OCTET_TYPE_INT16 ? 8 : 4;
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
	for (int d = 0; d < CPU_DIMS && op->type == OCTET_TYPE_INT4; d++)
		if (op->stride[d])
			return octet_cpu_refuse(fault, OCTET_STATUS_BAD_LAYOUT,
						i, 0,
						"%s: stride[%d] %llu: int4 is dense, its strides are 0",
						names[i], d,
						(unsigned long long)op->stride[d]);
	return 0;
}

#define BAD_PACKED(...)							\
	octet_cpu_refuse(fault, OCTET_STATUS_BAD_LAYOUT, i, 0, __VA_ARGS__)

static int check_packed(const struct octet_cmd *cmd, unsigned int i,
			struct octet_cpu_fault *fault)
{
	const struct octet_operand *op = octet_cpu_operand(cmd, i);

	if (i != OCTET_OPERAND_WGT || (cmd->op != OCTET_OP_CONV2D &&
				       cmd->op != OCTET_OP_GEMM))
		return BAD_PACKED("%s of op %u: layout PACKED: only weights of CONV2D and GEMM have it",
				  names[i], cmd->op);
	if (cmd->op == OCTET_OP_GEMM &&
	    (cmd->n > 1 || cmd->n2 > 1 ||
	     op->flags & OCTET_OPERAND_TRANSPOSED))
		return BAD_PACKED("wgt: layout PACKED with n %u, n2 %u, flags 0x%x: one matrix, not TRANSPOSED",
				  cmd->n, cmd->n2, op->flags);
	if (op->type == OCTET_TYPE_INT4 || cmd->src.type == OCTET_TYPE_INT16)
		return BAD_PACKED("wgt: layout PACKED with type %u and src type %u: both must have 8 bits",
				  op->type, cmd->src.type);
	if (op->addr % OCTET_PACKED_LINE)
		return BAD_PACKED("wgt: address 0x%llx: packed weights are aligned to %u",
				  (unsigned long long)op->addr,
				  OCTET_PACKED_LINE);
	for (int d = 0; d < CPU_DIMS; d++)
		if (op->stride[d])
			return BAD_PACKED("wgt: stride[%d] %llu: packed weights have none, 0",
					  d, (unsigned long long)op->stride[d]);
	return 0;
}

static int check_layouts(const struct octet_cmd *cmd,
			 struct octet_cpu_fault *fault)
{
	struct cpu_shape s;
	int err;

	for (unsigned int i = 0; i < CPU_OPERANDS; i++) {
		const struct octet_operand *op = octet_cpu_operand(cmd, i);

		if (op->space == OCTET_SPACE_NONE)
			continue;
		if (op->layout == OCTET_LAYOUT_PACKED) {
			err = check_packed(cmd, i, fault);
			if (err)
				return err;
			continue;
		}
		if (op->layout != OCTET_LAYOUT_STRIDED)
			return octet_cpu_refuse(fault, OCTET_STATUS_BAD_LAYOUT,
						i, 0,
						"%s: layout %u: there are STRIDED, 0, and PACKED, 1",
						names[i], op->layout);
		octet_cpu_shape(cmd, i, &s);
		err = check_alignment(cmd, i, &s, fault);
		if (err)
			return err;
		if (i == OCTET_OPERAND_DST && overlaps_itself(&s))
			return octet_cpu_refuse(fault, OCTET_STATUS_BAD_LAYOUT,
						i, 0,
						"dst: strides make elements overlap");
	}
	if (cmd->table % OCTET_TABLE_ALIGN)
		return octet_cpu_refuse(fault, OCTET_STATUS_BAD_LAYOUT,
					OCTET_OPERAND_TABLE, 0,
					"table: address 0x%llx is not aligned to %u",
					(unsigned long long)cmd->table,
					OCTET_TABLE_ALIGN);
	return 0;
}

static int check_operand_flags(const struct octet_cmd *cmd,
			       struct octet_cpu_fault *fault)
{
	for (unsigned int i = 0; i < CPU_OPERANDS; i++) {
		const struct octet_operand *op = octet_cpu_operand(cmd, i);
		const uint32_t flags = op->flags;
		uint32_t allowed = OCTET_OPERAND_CONST;

		if (i == OCTET_OPERAND_DST)
			allowed = 0;
		else if (cmd->op == OCTET_OP_GEMM &&
			 (i == OCTET_OPERAND_SRC || i == OCTET_OPERAND_WGT))
			allowed |= OCTET_OPERAND_TRANSPOSED;
		else if (cmd->op == OCTET_OP_EW &&
			 op->space != OCTET_SPACE_LINK)
			allowed |= OCTET_OPERAND_REPEAT;
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

	for (unsigned int i = 0; i < CPU_OPERANDS; i++) {
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

int octet_cpu_check(const struct cpu_job *job, uint32_t sw,
		    struct octet_cpu_fault *fault)
{
	const struct octet_cmd *cmd = &job->cmds[job->index];
	struct cpu_rules rules;
	int err = check_head(cmd, &rules, fault);

	if (!err)
		err = octet_cpu_check_shape(cmd, fault);
	if (!err)
		err = check_spaces(cmd, &rules, fault);
	if (!err)
		err = check_types(cmd, fault);
	if (!err)
		err = check_layouts(cmd, fault);
	if (!err)
		err = check_operand_flags(cmd, fault);
	if (!err)
		err = octet_cpu_check_quant(cmd, &rules, fault);
	if (!err)
		err = check_places(cmd, sw, fault);
	return err ? err : octet_cpu_check_chain(job, fault);
}
