/* SPDX-License-Identifier: MIT */
/*
 * What each operation has and uses, as the two tables at the head of
 * Documentation/commands.rst say; and the types of its operands.
 */
#include "check.h"

#define SRC	(1u << OCTET_OPERAND_SRC)
#define SRC2	(1u << OCTET_OPERAND_SRC2)
#define WGT	(1u << OCTET_OPERAND_WGT)
#define PRM	(1u << OCTET_OPERAND_PRM)
#define CHN	(1u << OCTET_OPERAND_CHN)
#define DST	(1u << OCTET_OPERAND_DST)

#define RAW	(1u << OCTET_STAGE_RAW)
#define FIX	(1u << OCTET_STAGE_FIX_DBL | 1u << OCTET_STAGE_FIX_DBL_UP | \
		 1u << OCTET_STAGE_FIX_UP | 1u << OCTET_STAGE_FIX_AWAY)
#define FP32	(1u << OCTET_STAGE_FP32_RNE)

#define SUB(x)	(1u << OCTET_##x)
#define TAILS	(OCTET_TAIL_ADD | OCTET_TAIL_LUT)

/* An operation, the variants that the row is about, what they have. */
static const struct {
	uint8_t op;
	uint32_t subs;
	struct cpu_rules rules;
} rows[] = {
	{ OCTET_OP_CONV2D, 1, {
		.operands = SRC | WGT | DST, .optional = PRM | CHN,
		.tails = TAILS, .stages = RAW | FIX | FP32,
		.fields = CPU_CLAMP | CPU_PAD_VALUE,
		.zero_points = SRC | WGT | DST, .scales = DST } },
	{ OCTET_OP_DEPTHWISE, 1, {
		.operands = SRC | WGT | DST, .optional = PRM | CHN,
		.tails = TAILS, .stages = RAW | FIX | FP32,
		.fields = CPU_CLAMP | CPU_PAD_VALUE,
		.zero_points = SRC | WGT | DST, .scales = DST } },
	{ OCTET_OP_TCONV2D, 1, {
		.operands = SRC | WGT | DST, .optional = PRM | CHN,
		.tails = TAILS, .stages = RAW | FIX | FP32,
		.fields = CPU_CLAMP,
		.zero_points = SRC | WGT | DST, .scales = DST } },
	{ OCTET_OP_GEMM, 1, {
		.operands = SRC | WGT | DST, .optional = PRM | CHN,
		.tails = TAILS, .stages = RAW | FIX | FP32,
		.fields = CPU_CLAMP,
		.zero_points = SRC | WGT | DST, .scales = DST } },
	{ OCTET_OP_POOL, SUB(POOL_MAX) | SUB(POOL_AVERAGE), {
		.operands = SRC | DST, .stages = RAW, .fields = CPU_CLAMP } },
	{ OCTET_OP_POOL, SUB(POOL_SUM), {
		.operands = SRC | DST, .tails = OCTET_TAIL_LUT,
		.stages = RAW | FIX | FP32, .fields = CPU_CLAMP,
		.zero_points = SRC | DST, .scales = DST } },
	{ OCTET_OP_EW, SUB(EW_ADD) | SUB(EW_SUB) | SUB(EW_SQDIFF), {
		.operands = SRC | SRC2 | DST, .tails = OCTET_TAIL_LUT,
		.stages = FIX, .fields = CPU_CLAMP | CPU_LEFT_SHIFT,
		.zero_points = SRC | SRC2 | DST,
		.scales = SRC | SRC2 | DST } },
	{ OCTET_OP_EW, SUB(EW_MUL), {
		.operands = SRC | SRC2 | DST, .tails = OCTET_TAIL_LUT,
		.stages = FIX | FP32, .fields = CPU_CLAMP,
		.zero_points = SRC | SRC2 | DST, .scales = DST } },
	{ OCTET_OP_EW, SUB(EW_MIN) | SUB(EW_MAX), {
		.operands = SRC | SRC2 | DST, .tails = OCTET_TAIL_LUT,
		.stages = RAW, .fields = CPU_CLAMP } },
	{ OCTET_OP_LUT, 1, {
		.operands = SRC | DST, .stages = RAW,
		.fields = CPU_CLAMP | CPU_TABLE } },
	{ OCTET_OP_COPY, SUB(COPY_COPY), {
		.operands = SRC | DST, .stages = RAW } },
	{ OCTET_OP_COPY, SUB(COPY_FILL), {
		.operands = DST, .stages = RAW, .fields = CPU_PAD_VALUE } },
	{ OCTET_OP_SOFTMAX, SUB(SOFTMAX_RECIPROCAL) | SUB(SOFTMAX_DIVIDE), {
		.operands = SRC | DST, .stages = RAW,
		.fields = CPU_CLAMP | CPU_TABLE, .zero_points = DST } },
	{ OCTET_OP_RESIZE, 1, {
		.operands = SRC | DST, .stages = RAW,
		.fields = CPU_CLAMP | CPU_TABLE } },
	{ OCTET_OP_REDUCE, SUB(REDUCE_MAX) | SUB(REDUCE_MIN) |
			   SUB(REDUCE_ARGMAX) | SUB(REDUCE_ARGMIN), {
		.operands = SRC | DST, .stages = RAW, .fields = CPU_CLAMP } },
};

bool octet_cpu_rules(const struct octet_cmd *cmd, struct cpu_rules *rules)
{
	const size_t count = sizeof(rows) / sizeof(rows[0]);
	size_t i = 0;

	while (i < count && (rows[i].op != cmd->op || cmd->sub > 31 ||
			     !(rows[i].subs >> cmd->sub & 1)))
		i++;
	if (i == count)
		return false;
	*rules = rows[i].rules;
	if (octet_cpu_weighted(cmd) && cmd->src.type == OCTET_TYPE_INT16)
		rules->stages = 1u << OCTET_STAGE_FIX_UP;
	else if (cmd->tail && rules->stages != RAW)
		rules->stages &= ~RAW;
	if (cmd->tail & rules->tails & OCTET_TAIL_ADD) {
		rules->operands |= SRC2;
		rules->fields |= CPU_LEFT_SHIFT | CPU_MID;
		rules->zero_points |= SRC2;
		rules->scales |= SRC2;
	}
	if (cmd->tail & rules->tails & OCTET_TAIL_LUT)
		rules->fields |= CPU_TABLE;
	return true;
}

bool octet_cpu_weighted(const struct octet_cmd *cmd)
{
	return cmd->op == OCTET_OP_CONV2D || cmd->op == OCTET_OP_DEPTHWISE ||
	       cmd->op == OCTET_OP_TCONV2D || cmd->op == OCTET_OP_GEMM;
}

#define BIT(x)	(1u << OCTET_TYPE_##x)
#define BYTE	(BIT(INT8) | BIT(UINT8))

static unsigned int src_types(const struct octet_cmd *cmd)
{
	if (cmd->tail)
		return BYTE;
	switch (cmd->op) {
	case OCTET_OP_POOL:
		return cmd->sub == OCTET_POOL_SUM ? BYTE : BYTE | BIT(INT16);
	case OCTET_OP_SOFTMAX:
		return BYTE;
	case OCTET_OP_COPY:
		return BYTE | BIT(INT16) | BIT(INT32);
	default:
		return BYTE | BIT(INT16);
	}
}

/* The input's type has been found good by now. */
static unsigned int src2_types(const struct octet_cmd *cmd)
{
	if (cmd->op == OCTET_OP_EW &&
	    (cmd->sub == OCTET_EW_MIN || cmd->sub == OCTET_EW_MAX ||
	     cmd->src.type == OCTET_TYPE_INT16))
		return 1u << cmd->src.type;
	return BYTE;
}

static unsigned int dst_types(const struct octet_cmd *cmd)
{
	const bool raw = cmd->stage == OCTET_STAGE_RAW && !cmd->tail;

	switch (cmd->op) {
	case OCTET_OP_EW:
		if (cmd->sub == OCTET_EW_MIN || cmd->sub == OCTET_EW_MAX)
			return 1u << cmd->src.type;
		break;
	case OCTET_OP_POOL:
		if (cmd->sub != OCTET_POOL_SUM)
			return 1u << cmd->src.type;
		return raw ? BIT(INT32) : BYTE;
	case OCTET_OP_COPY:
		return cmd->sub == OCTET_COPY_FILL ?
		       BYTE | BIT(INT16) | BIT(INT32) : 1u << cmd->src.type;
	case OCTET_OP_REDUCE:
		return cmd->sub == OCTET_REDUCE_ARGMAX ||
		       cmd->sub == OCTET_REDUCE_ARGMIN ?
		       BIT(INT32) : 1u << cmd->src.type;
	case OCTET_OP_RESIZE:
		return 1u << cmd->src.type;
	}
	if (cmd->src.type == OCTET_TYPE_INT16)
		return BIT(INT16);
	return octet_cpu_weighted(cmd) && raw ? BIT(INT32) : BYTE;
}

unsigned int octet_cpu_types(const struct octet_cmd *cmd, unsigned int operand)
{
	if (octet_cpu_operand(cmd, operand)->space == OCTET_SPACE_NONE)
		return BIT(NONE);
	switch (operand) {
	case OCTET_OPERAND_SRC:
		return src_types(cmd);
	case OCTET_OPERAND_SRC2:
		return src2_types(cmd);
	case OCTET_OPERAND_WGT:
		return cmd->src.type == OCTET_TYPE_INT16 ?
		       BIT(INT8) | BIT(INT4) : BYTE | BIT(INT4);
	case OCTET_OPERAND_DST:
		return dst_types(cmd);
	default:
		return BIT(NONE);
	}
}

/* Strides that mean something: bit d for stride[d]. */
unsigned int octet_cpu_strides(const struct octet_cmd *cmd,
			       const struct cpu_rules *rules,
			       unsigned int operand)
{
	if (!(rules->operands >> operand & 1) ||
	    octet_cpu_operand(cmd, operand)->space == OCTET_SPACE_LINK)
		return 0;
	if (cmd->op == OCTET_OP_GEMM)
		return 7;
	if (cmd->op == OCTET_OP_COPY)
		return 15;
	return operand == OCTET_OPERAND_WGT && cmd->op == OCTET_OP_DEPTHWISE ?
	       12 : 14;
}
