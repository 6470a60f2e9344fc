// SPDX-License-Identifier: MIT
/*
 * What each operation has: one table, in the words of the manual's page on
 * commands. A row is an operation with the variants that are alike.
 */
#include "core_priv.h"

#define SRC	BIT(OCTET_OPERAND_SRC)
#define SRC2	BIT(OCTET_OPERAND_SRC2)
#define WGT	BIT(OCTET_OPERAND_WGT)
#define RECORDS	(BIT(OCTET_OPERAND_PRM) | BIT(OCTET_OPERAND_CHN))
#define DST	BIT(OCTET_OPERAND_DST)

#define T8	OCTET_TYPES_8BIT
#define T16	BIT(OCTET_TYPE_INT16)
#define T32	BIT(OCTET_TYPE_INT32)

#define RAW	BIT(OCTET_STAGE_RAW)
#define FIX	OCTET_STAGES_FIX
#define FP32	BIT(OCTET_STAGE_FP32_RNE)

#define BOTH	(OCTET_TAIL_ADD | OCTET_TAIL_LUT)

/* CONV2D and what is like it */
#define PRODUCT(number, form, padding)					\
	{ .op = number, .subs = 1, .has = SRC | WGT | DST, .may = RECORDS,	\
	  .shape = form, .src = T8 | T16, .src2 = OCTET_TYPED_8BIT,		\
	  .dst = OCTET_TYPED_STAGE, .stages = RAW | FIX | FP32,			\
	  .wide = true, .tails = BOTH, .zero = SRC | WGT | DST,		\
	  .scale = DST, .pads = padding }

static const struct octet_op_info rows[] = {
	PRODUCT(OCTET_OP_CONV2D, OCTET_SHAPE_CONV, true),
	PRODUCT(OCTET_OP_DEPTHWISE, OCTET_SHAPE_DEPTHWISE, true),
	PRODUCT(OCTET_OP_TCONV2D, OCTET_SHAPE_TCONV, false),
	PRODUCT(OCTET_OP_GEMM, OCTET_SHAPE_GEMM, false),
	{ .op = OCTET_OP_EW,
	  .subs = BIT(OCTET_EW_ADD) | BIT(OCTET_EW_SUB) | BIT(OCTET_EW_SQDIFF),
	  .has = SRC | SRC2 | DST, .shape = OCTET_SHAPE_SAME, .src = T8 | T16,
	  .src2 = OCTET_TYPED_WIDTH, .dst = OCTET_TYPED_WIDTH, .stages = FIX,
	  .tails = OCTET_TAIL_LUT, .zero = SRC | SRC2 | DST, .scale = SRC | SRC2 | DST,
	  .left_shift = true, .repeats = true },
	{ .op = OCTET_OP_EW, .subs = BIT(OCTET_EW_MUL), .has = SRC | SRC2 | DST,
	  .shape = OCTET_SHAPE_SAME, .src = T8 | T16, .src2 = OCTET_TYPED_WIDTH,
	  .dst = OCTET_TYPED_WIDTH, .stages = FIX | FP32, .tails = OCTET_TAIL_LUT,
	  .zero = SRC | SRC2 | DST, .scale = DST, .repeats = true },
	{ .op = OCTET_OP_EW, .subs = BIT(OCTET_EW_MIN) | BIT(OCTET_EW_MAX),
	  .has = SRC | SRC2 | DST, .shape = OCTET_SHAPE_SAME, .src = T8 | T16,
	  .src2 = OCTET_TYPED_SRC, .dst = OCTET_TYPED_SRC, .stages = RAW,
	  .tails = OCTET_TAIL_LUT, .repeats = true },
	{ .op = OCTET_OP_LUT, .subs = 1, .has = SRC | DST, .shape = OCTET_SHAPE_SAME,
	  .src = T8 | T16, .dst = OCTET_TYPED_WIDTH, .stages = RAW,
	  .table = OCTET_TABLE_LUT },
	{ .op = OCTET_OP_POOL, .subs = BIT(OCTET_POOL_MAX) | BIT(OCTET_POOL_AVERAGE),
	  .has = SRC | DST, .shape = OCTET_SHAPE_POOL, .src = T8 | T16,
	  .dst = OCTET_TYPED_SRC, .stages = RAW },
	{ .op = OCTET_OP_POOL, .subs = BIT(OCTET_POOL_SUM), .has = SRC | DST,
	  .shape = OCTET_SHAPE_POOL, .src = T8, .dst = OCTET_TYPED_STAGE,
	  .stages = RAW | FIX | FP32, .tails = OCTET_TAIL_LUT, .zero = SRC | DST,
	  .scale = DST },
	{ .op = OCTET_OP_COPY, .subs = BIT(OCTET_COPY_COPY), .has = SRC | DST,
	  .shape = OCTET_SHAPE_SAME, .src = T8 | T16 | T32, .dst = OCTET_TYPED_SRC,
	  .stages = RAW, .plain = true },
	{ .op = OCTET_OP_COPY, .subs = BIT(OCTET_COPY_FILL), .has = DST,
	  .shape = OCTET_SHAPE_SAME, .dst = OCTET_TYPED_ANY, .stages = RAW, .plain = true,
	  .pads = true },
	{ .op = OCTET_OP_SOFTMAX,
	  .subs = BIT(OCTET_SOFTMAX_RECIPROCAL) | BIT(OCTET_SOFTMAX_DIVIDE),
	  .has = SRC | DST, .shape = OCTET_SHAPE_SOFTMAX, .src = T8,
	  .dst = OCTET_TYPED_WIDTH, .stages = RAW, .zero = DST,
	  .table = OCTET_TABLE_SOFTMAX },
	{ .op = OCTET_OP_RESIZE, .subs = 1, .has = SRC | DST, .shape = OCTET_SHAPE_RESIZE,
	  .src = T8 | T16, .dst = OCTET_TYPED_SRC, .stages = RAW,
	  .table = OCTET_TABLE_TAPS },
	{ .op = OCTET_OP_REDUCE, .subs = BIT(OCTET_REDUCE_MAX) | BIT(OCTET_REDUCE_MIN),
	  .has = SRC | DST, .shape = OCTET_SHAPE_REDUCE, .src = T8 | T16,
	  .dst = OCTET_TYPED_SRC, .stages = RAW },
	{ .op = OCTET_OP_REDUCE, .subs = BIT(OCTET_REDUCE_ARGMAX) | BIT(OCTET_REDUCE_ARGMIN),
	  .has = SRC | DST, .shape = OCTET_SHAPE_REDUCE, .src = T8 | T16,
	  .dst = OCTET_TYPED_INDEX, .stages = RAW },
};

/* NULL if the machine does not offer the operation or the variant. */
const struct octet_op_info *octet_op_info(const struct octet_cmd *cmd)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].op == cmd->op && cmd->sub < 32 && (rows[i].subs & BIT(cmd->sub)))
			return &rows[i];
	return NULL;
}

/* Which table a command of this operation has. */
enum octet_table octet_cmd_table(const struct octet_cmd *cmd, const struct octet_op_info *info)
{
	return cmd->tail & OCTET_TAIL_LUT ? OCTET_TABLE_LUT : info->table;
}

uint64_t octet_type_size(uint8_t type)
{
	switch (type) {
	case OCTET_TYPE_INT32:
		return 4;
	case OCTET_TYPE_INT16:
		return 2;
	}
	return 1;
}

/* Sums of 48 bits, one record of 16 bytes per channel. */
bool octet_cmd_wide(const struct octet_cmd *cmd)
{
	const struct octet_op_info *info;

	if (cmd->src.type != OCTET_TYPE_INT16)
		return false;
	info = octet_op_info(cmd);
	return info && info->wide;
}
