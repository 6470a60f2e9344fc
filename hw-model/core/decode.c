// SPDX-License-Identifier: MIT
/*
 * The rules of a command, in the order of the manual's page on commands,
 * "Checks". Each function checks one topic and returns 0 or a status; the fault
 * names the operand (OCTET_OPERAND_CMD: a field of the command itself).
 */
#include <string.h>

#include "core_priv.h"

#define KNOWN_FLAGS	(OCTET_CMD_PER_TENSOR | OCTET_CMD_CHAIN)
#define KNOWN_TAILS	(OCTET_TAIL_ADD | OCTET_TAIL_LUT)

typedef const struct octet_op_info info_t;

static const struct octet_operand *operand(const struct octet_cmd *cmd, int i)
{
	return octet_cmd_operand(cmd, (unsigned int)i);
}

static bool is_gemm(const struct octet_cmd *cmd)
{
	return cmd->op == OCTET_OP_GEMM;
}

static bool records(int i)
{
	return i == OCTET_OPERAND_PRM || i == OCTET_OPERAND_CHN;
}

static uint32_t with_residual(const struct octet_cmd *cmd, uint32_t mask)
{
	return octet_cmd_adds(cmd) ? mask | BIT(OCTET_OPERAND_SRC2) : mask;
}

static bool has(const struct octet_cmd *cmd, info_t *info, int i)
{
	return with_residual(cmd, info->has | info->may) & BIT(i);
}

static int check_header(const struct octet_cmd *cmd, info_t *info, struct octet_fault *fault)
{
	if (!info)
		return octet_bad(fault, OCTET_STATUS_BAD_OP, OCTET_OPERAND_CMD);
	if ((cmd->flags & ~KNOWN_FLAGS) || (cmd->tail & ~(KNOWN_TAILS & info->tails)))
		return octet_bad(fault, OCTET_STATUS_BAD_FLAGS, OCTET_OPERAND_CMD);
	return 0;
}

static bool stray_field(const struct octet_cmd *cmd, info_t *info)
{
	uint32_t set = cmd->reserved0[0] | cmd->reserved0[1] | cmd->reserved0[2] |
		       cmd->reserved1;

	if (!info->pads)
		set |= (uint32_t)cmd->pad_value;
	if (info->plain)
		set |= (uint32_t)cmd->act_min | (uint32_t)cmd->act_max;
	if (!info->left_shift && !octet_cmd_adds(cmd))
		set |= cmd->left_shift;
	if (octet_cmd_table(cmd, info) == OCTET_TABLE_NONE)
		set |= cmd->table != 0;
	if (!octet_cmd_adds(cmd))
		set |= cmd->mid_mult | cmd->mid_shift | (uint32_t)cmd->mid_zero_point |
		       (uint32_t)cmd->mid_min | (uint32_t)cmd->mid_max | cmd->sum_stage |
		       cmd->sum_mult | cmd->sum_shift;
	return set;
}

static bool blank(const struct octet_operand *o)
{
	static const struct octet_operand none;

	return !memcmp(o, &none, sizeof(none));
}

/* Strides an operand does not have: bit i for stride[i]. */
static unsigned int unused_strides(const struct octet_cmd *cmd, info_t *info, int i)
{
	if (records(i) || !has(cmd, info, i) ||
	    operand(cmd, i)->space == OCTET_SPACE_LINK)
		return 0xf;
	if (is_gemm(cmd))
		return BIT(3);
	if (info->plain)
		return 0;
	if (i == OCTET_OPERAND_WGT && cmd->op == OCTET_OP_DEPTHWISE)
		return BIT(0) | BIT(1);
	return BIT(0);
}

static bool stray_in_operand(const struct octet_cmd *cmd, info_t *info, int i)
{
	const struct octet_operand *o = operand(cmd, i);
	unsigned int unused = unused_strides(cmd, info, i);
	uint64_t set = o->reserved;

	if (octet_operand_absent(o))
		return !blank(o);
	set |= o->space == OCTET_SPACE_LINK ? o->addr : o->link;
	for (int k = 0; k < 4; k++)
		if (unused & BIT(k))
			set |= o->stride[k];
	if (!(with_residual(cmd, info->scale) & BIT(i)))
		set |= o->mult | o->shift;
	if (!(with_residual(cmd, info->zero) & BIT(i)))
		set |= (uint32_t)o->zero_point;
	return set;
}

static int check_reserved(const struct octet_cmd *cmd, info_t *info, struct octet_fault *fault)
{
	if (stray_field(cmd, info))
		return octet_bad(fault, OCTET_STATUS_RESERVED, OCTET_OPERAND_CMD);
	for (int i = 0; i < OCTET_OPERANDS; i++)
		if (stray_in_operand(cmd, info, i))
			return octet_bad(fault, OCTET_STATUS_RESERVED, i);
	return 0;
}

static uint32_t spaces(const struct octet_cmd *cmd, info_t *info, int i)
{
	uint32_t none = BIT(OCTET_SPACE_NONE), va = BIT(OCTET_SPACE_VA);
	uint32_t sram = BIT(OCTET_SPACE_SRAM);

	if (!has(cmd, info, i) || (i == OCTET_OPERAND_CHN && octet_cmd_wide(cmd)))
		return none;
	if (records(i))
		return none | va;
	return i == OCTET_OPERAND_WGT ? va | sram : va | sram | BIT(OCTET_SPACE_LINK);
}

static int check_spaces(const struct octet_cmd *cmd, info_t *info, struct octet_fault *fault)
{
	for (int i = 0; i < OCTET_OPERANDS; i++) {
		uint8_t space = operand(cmd, i)->space;

		if (space > OCTET_SPACE_LINK || !(spaces(cmd, info, i) & BIT(space)))
			return octet_bad(fault, OCTET_STATUS_BAD_SPACE, i);
	}
	return 0;
}

static uint32_t typed(const struct octet_cmd *cmd, enum octet_typed how)
{
	bool eight = cmd->src.type != OCTET_TYPE_INT16;

	switch (how) {
	case OCTET_TYPED_8BIT:
		return OCTET_TYPES_8BIT;
	case OCTET_TYPED_SRC:
		return BIT(cmd->src.type);
	case OCTET_TYPED_INDEX:
		return BIT(OCTET_TYPE_INT32);
	case OCTET_TYPED_ANY:
		return OCTET_TYPES_ALL & ~BIT(OCTET_TYPE_INT4);
	case OCTET_TYPED_STAGE:
		if (eight && cmd->stage == OCTET_STAGE_RAW && !cmd->tail)
			return BIT(OCTET_TYPE_INT32);
		break;
	case OCTET_TYPED_WIDTH:
		break;
	}
	return eight ? OCTET_TYPES_8BIT : BIT(OCTET_TYPE_INT16);
}

/* In the order of the operands: that of src is right when the others are asked for. */
static uint32_t types(const struct octet_cmd *cmd, info_t *info, int i)
{
	if (records(i) || octet_operand_absent(operand(cmd, i)))
		return BIT(OCTET_TYPE_NONE);
	switch (i) {
	case OCTET_OPERAND_SRC:
		return cmd->tail ? info->src & OCTET_TYPES_8BIT : info->src;
	case OCTET_OPERAND_SRC2:
		return typed(cmd, info->src2);
	case OCTET_OPERAND_WGT:
		if (octet_cmd_wide(cmd))
			return BIT(OCTET_TYPE_INT8) | BIT(OCTET_TYPE_INT4);
		return OCTET_TYPES_8BIT | BIT(OCTET_TYPE_INT4);
	}
	return typed(cmd, info->dst);
}

static int check_types(const struct octet_cmd *cmd, info_t *info, struct octet_fault *fault)
{
	for (int i = 0; i < OCTET_OPERANDS; i++) {
		uint8_t type = operand(cmd, i)->type;

		if (type > OCTET_TYPE_INT4 || !(types(cmd, info, i) & BIT(type)))
			return octet_bad(fault, OCTET_STATUS_BAD_TYPE, i);
	}
	return 0;
}

static uint64_t alignment(const struct octet_cmd *cmd, int i)
{
	if (i == OCTET_OPERAND_PRM)
		return octet_cmd_wide(cmd) ? 8 : 4;
	if (i == OCTET_OPERAND_CHN)
		return 2;
	return octet_type_size(operand(cmd, i)->type);
}

static bool without_strides(const struct octet_operand *o)
{
	return !o->stride[0] && !o->stride[1] && !o->stride[2] && !o->stride[3];
}

/* Where weights may be packed, and as they have to be then. */
static bool packed_ok(const struct octet_cmd *cmd, int i)
{
	const struct octet_operand *o = operand(cmd, i);

	if (i != OCTET_OPERAND_WGT || !(OCTET_TYPES_8BIT & BIT(o->type)) || octet_cmd_wide(cmd))
		return false;
	if (is_gemm(cmd)) {
		if (cmd->n != 1 || cmd->n2 != 1 || (o->flags & OCTET_OPERAND_TRANSPOSED))
			return false;
	} else if (cmd->op != OCTET_OP_CONV2D) {
		return false;
	}
	return without_strides(o) && o->addr % OCTET_PACKED_LINE == 0;
}

static bool layout_ok(const struct octet_cmd *cmd, int i)
{
	const struct octet_operand *o = operand(cmd, i);
	uint64_t align = alignment(cmd, i);
	struct octet_view view;

	if (octet_operand_absent(o))
		return true;
	if (o->layout == OCTET_LAYOUT_PACKED)
		return packed_ok(cmd, i);
	if (o->layout != OCTET_LAYOUT_STRIDED || o->addr % align)
		return false;
	if (o->type == OCTET_TYPE_INT4)
		return without_strides(o);
	/* What is too large is refused later, by its own status; its strides are here. */
	(void)octet_view_operand(&view, cmd, (enum octet_operand_index)i);
	for (int k = 0; k < 4; k++)
		if (view.stride[k] % align)
			return false;
	return i != OCTET_OPERAND_DST || o->space == OCTET_SPACE_LINK ||
	       !octet_view_overlaps(&view);
}

static int check_layouts(const struct octet_cmd *cmd, struct octet_fault *fault)
{
	for (int i = 0; i < OCTET_OPERANDS; i++)
		if (!layout_ok(cmd, i))
			return octet_bad(fault, OCTET_STATUS_BAD_LAYOUT, i);
	if (cmd->table % OCTET_TABLE_ALIGN)
		return octet_bad(fault, OCTET_STATUS_BAD_LAYOUT, OCTET_OPERAND_TABLE);
	return 0;
}

static uint32_t operand_flags(const struct octet_cmd *cmd, info_t *info, int i)
{
	uint32_t allowed = OCTET_OPERAND_CONST;

	if (i == OCTET_OPERAND_DST)
		return 0;
	if (is_gemm(cmd) && (i == OCTET_OPERAND_SRC || i == OCTET_OPERAND_WGT))
		allowed |= OCTET_OPERAND_TRANSPOSED;
	if (info->repeats && (i == OCTET_OPERAND_SRC || i == OCTET_OPERAND_SRC2) &&
	    operand(cmd, i)->space != OCTET_SPACE_LINK)
		allowed |= OCTET_OPERAND_REPEAT;
	return allowed;
}

static int check_flags(const struct octet_cmd *cmd, info_t *info, struct octet_fault *fault)
{
	for (int i = 0; i < OCTET_OPERANDS; i++)
		if (operand(cmd, i)->flags & ~operand_flags(cmd, info, i))
			return octet_bad(fault, OCTET_STATUS_BAD_FLAGS, i);
	return 0;
}

static int check_sizes(const struct octet_cmd *cmd, uint64_t sw, struct octet_fault *fault)
{
	for (int i = 0; i < OCTET_OPERANDS; i++) {
		struct octet_view view;

		if (octet_operand_absent(operand(cmd, i)))
			continue;
		if (octet_view_operand(&view, cmd, (enum octet_operand_index)i))
			return octet_bad(fault, OCTET_STATUS_TOO_LARGE, i);
		if (view.space == OCTET_SPACE_SRAM &&
		    (view.extent > sw || view.addr > sw - view.extent))
			return octet_bad(fault, OCTET_STATUS_BAD_SRAM, i);
	}
	return 0;
}

static int check_operands(const struct octet_cmd *cmd, info_t *info, struct octet_fault *fault)
{
	int status = check_spaces(cmd, info, fault);

	if (!status)
		status = check_types(cmd, info, fault);
	if (!status)
		status = check_layouts(cmd, fault);
	if (!status)
		status = check_flags(cmd, info, fault);
	return status;
}

/*
 * Checks a private copy of a command but for its place in a chain. @sw: bytes of
 * SRAM that its operands may lie in.
 */
int octet_decode_cmd(const struct octet_cmd *cmd, uint64_t sw, struct octet_fault *fault)
{
	info_t *info = octet_op_info(cmd);
	int status = check_header(cmd, info, fault);

	if (!status)
		status = check_reserved(cmd, info, fault);
	if (!status)
		status = octet_decode_shape(cmd, info, fault);
	if (!status)
		status = check_operands(cmd, info, fault);
	if (!status)
		status = octet_decode_quant(cmd, info, fault);
	if (!status)
		status = check_sizes(cmd, sw, fault);
	return status;
}

/* All commands of a job; the fault names the command by its place in @cmds. */
int octet_decode_job(const struct octet_cmd *cmds, uint32_t count, uint64_t sw,
		     struct octet_fault *fault)
{
	uint32_t start = 0;

	for (uint32_t i = 0; i < count; i++) {
		int status = octet_decode_cmd(&cmds[i], sw, fault);

		if (!status)
			status = octet_decode_chain(cmds, count, i, start, fault);
		if (status) {
			fault->command = i;
			return status;
		}
		if (!(cmds[i].flags & OCTET_CMD_CHAIN))
			start = i + 1;
	}
	return 0;
}
