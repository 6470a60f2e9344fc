// SPDX-License-Identifier: MIT
/*
 * The rules of a command, in the order of the manual's page "Commands". Each
 * function checks one topic and returns 0 or a status; the fault names the
 * operand (OCTET_OPERAND_CMD: a field of the command itself).
 */
#include "core_priv.h"

#define OPS	(BIT(OCTET_OP_CONV2D) | BIT(OCTET_OP_DEPTHWISE) | BIT(OCTET_OP_GEMM))
#define OPERANDS	6

static const struct octet_operand *operand(const struct octet_cmd *cmd, int i)
{
	return octet_cmd_operand(cmd, (unsigned int)i);
}

static int bad(struct octet_fault *fault, int status, int which)
{
	return octet_fail(fault, status, (enum octet_operand_index)which, OCTET_ACCESS_NONE, 0);
}

static bool is_gemm(const struct octet_cmd *cmd)
{
	return cmd->op == OCTET_OP_GEMM;
}

static bool absent(const struct octet_operand *o)
{
	return o->space == OCTET_SPACE_NONE;
}

static bool records(int i)
{
	return i == OCTET_OPERAND_PRM || i == OCTET_OPERAND_CHN;
}

static bool blank(const struct octet_operand *o)
{
	return !o->addr && !o->space && !o->type && !o->layout && !o->link && !o->flags &&
	       !o->stride[0] && !o->stride[1] && !o->stride[2] && !o->stride[3] &&
	       !o->zero_point && !o->mult && !o->shift && !o->reserved;
}

/* Strides an operand does not have: bit i for stride[i]. */
static unsigned int unused_strides(const struct octet_cmd *cmd, int i)
{
	if (records(i))
		return 0xf;
	if (is_gemm(cmd))
		return BIT(3);
	if (i == OCTET_OPERAND_WGT && cmd->op == OCTET_OP_DEPTHWISE)
		return BIT(0) | BIT(1);
	return BIT(0);
}

static bool reserved_set(const struct octet_cmd *cmd, int i)
{
	const struct octet_operand *o = operand(cmd, i);
	unsigned int unused = unused_strides(cmd, i);

	if (absent(o))
		return !blank(o);
	for (int k = 0; k < 4; k++)
		if ((unused & BIT(k)) && o->stride[k])
			return true;
	if (o->link || o->reserved)
		return true;
	if (i != OCTET_OPERAND_DST && (o->mult || o->shift))
		return true;
	return records(i) && o->zero_point;
}

/* Offered, known and reserved: what every operation has. */
static int check_header(const struct octet_cmd *cmd, struct octet_fault *fault)
{
	uint32_t set = cmd->tail | cmd->sub;

	if (cmd->op >= 32 || !(OPS & BIT(cmd->op)))
		return bad(fault, OCTET_STATUS_BAD_OP, OCTET_OPERAND_CMD);
	if (cmd->flags & ~(OCTET_CMD_PER_TENSOR | OCTET_CMD_CHAIN))
		return bad(fault, OCTET_STATUS_BAD_FLAGS, OCTET_OPERAND_CMD);
	if (cmd->flags & OCTET_CMD_CHAIN)
		return bad(fault, OCTET_STATUS_BAD_CHAIN, OCTET_OPERAND_CMD);
	for (int i = 0; i < OPERANDS; i++)
		if (operand(cmd, i)->space == OCTET_SPACE_LINK)
			return bad(fault, OCTET_STATUS_BAD_CHAIN, i);
	for (size_t i = 0; i < sizeof(cmd->reserved0) / sizeof(cmd->reserved0[0]); i++)
		set |= cmd->reserved0[i];
	for (size_t i = 0; i < sizeof(cmd->reserved1) / sizeof(cmd->reserved1[0]); i++)
		set |= cmd->reserved1[i];
	if (set || (is_gemm(cmd) && cmd->pad_value))
		return bad(fault, OCTET_STATUS_RESERVED, OCTET_OPERAND_CMD);
	for (int i = 0; i < OPERANDS; i++)
		if (reserved_set(cmd, i))
			return bad(fault, OCTET_STATUS_RESERVED, i);
	return 0;
}

static bool extents_ok(const struct octet_cmd *cmd)
{
	const uint32_t dims[] = {
		cmd->n, cmd->n2, cmd->h, cmd->w, cmd->cin, cmd->oh, cmd->ow, cmd->cout,
		cmd->groups,
	};

	for (size_t i = 0; i < sizeof(dims) / sizeof(dims[0]); i++)
		if (!dims[i] || dims[i] > BIT(OCTET_DIM_ORDER))
			return false;
	return cmd->r && cmd->s && cmd->sh && cmd->sw && cmd->dh && cmd->dw;
}

static bool gemm_ok(const struct octet_cmd *cmd)
{
	return cmd->w == 1 && cmd->ow == 1 && cmd->oh == cmd->h && cmd->groups == 1 &&
	       cmd->r == 1 && cmd->s == 1 && cmd->sh == 1 && cmd->sw == 1 &&
	       cmd->dh == 1 && cmd->dw == 1 && !cmd->pt && !cmd->pl;
}

static bool conv_ok(const struct octet_cmd *cmd)
{
	if (cmd->n2 != 1)
		return false;
	if (cmd->op == OCTET_OP_DEPTHWISE)
		return cmd->groups == 1 && cmd->cout % cmd->cin == 0;
	return cmd->cin % cmd->groups == 0 && cmd->cout % cmd->groups == 0;
}

/* Input coordinates of the farthest tap stay far inside 32 bits. */
static bool reach_ok(const struct octet_cmd *cmd)
{
	uint64_t rows = (uint64_t)(cmd->oh - 1) * cmd->sh + (uint64_t)(cmd->r - 1) * cmd->dh;
	uint64_t cols = (uint64_t)(cmd->ow - 1) * cmd->sw + (uint64_t)(cmd->s - 1) * cmd->dw;

	return rows < BIT(30) && cols < BIT(30);
}

/*
 * Products summed up in one result. What a compute packs is a small multiple of
 * this, and it looks at its cancel flag after as many.
 */
static bool sum_ok(const struct octet_cmd *cmd)
{
	uint64_t taps = (uint64_t)cmd->r * cmd->s;

	if (cmd->op != OCTET_OP_DEPTHWISE)
		taps *= cmd->cin / cmd->groups;
	return taps <= BIT(OCTET_DIM_ORDER);
}

static bool policy_ok(const struct octet_cmd *cmd)
{
	if (cmd->policy > OCTET_POLICY_STRIPE)
		return false;
	if (cmd->policy == OCTET_POLICY_STRIPE)
		return cmd->rows >= 1 && cmd->rows <= cmd->oh;
	return !cmd->rows;
}

static int check_shape(const struct octet_cmd *cmd, struct octet_fault *fault)
{
	bool ok = extents_ok(cmd) && (is_gemm(cmd) ? gemm_ok(cmd) : conv_ok(cmd)) &&
		  sum_ok(cmd) && reach_ok(cmd) && policy_ok(cmd);

	return ok ? 0 : bad(fault, OCTET_STATUS_BAD_SHAPE, OCTET_OPERAND_CMD);
}

static bool space_ok(const struct octet_operand *o, int i)
{
	if (i == OCTET_OPERAND_SRC2)
		return absent(o);
	if (records(i))
		return absent(o) || o->space == OCTET_SPACE_VA;
	return o->space == OCTET_SPACE_VA || o->space == OCTET_SPACE_SRAM;
}

static int check_spaces(const struct octet_cmd *cmd, struct octet_fault *fault)
{
	for (int i = 0; i < OPERANDS; i++)
		if (!space_ok(operand(cmd, i), i))
			return bad(fault, OCTET_STATUS_BAD_SPACE, i);
	return 0;
}

static bool type_ok(const struct octet_cmd *cmd, int i)
{
	const struct octet_operand *o = operand(cmd, i);

	if (absent(o) || records(i))
		return o->type == OCTET_TYPE_NONE;
	if (i == OCTET_OPERAND_DST && cmd->stage == OCTET_STAGE_RAW)
		return o->type == OCTET_TYPE_INT32;
	return o->type == OCTET_TYPE_INT8 || o->type == OCTET_TYPE_UINT8;
}

static int check_types(const struct octet_cmd *cmd, struct octet_fault *fault)
{
	for (int i = 0; i < OPERANDS; i++)
		if (!type_ok(cmd, i))
			return bad(fault, OCTET_STATUS_BAD_TYPE, i);
	return 0;
}

static uint64_t alignment(const struct octet_cmd *cmd, int i)
{
	if (i == OCTET_OPERAND_PRM)
		return 4;
	if (i == OCTET_OPERAND_CHN)
		return 2;
	return operand(cmd, i)->type == OCTET_TYPE_INT32 ? 4 : 1;
}

static bool layout_ok(const struct octet_cmd *cmd, int i)
{
	const struct octet_operand *o = operand(cmd, i);
	uint64_t align = alignment(cmd, i);
	struct octet_view view;

	if (o->layout != OCTET_LAYOUT_STRIDED || o->addr % align)
		return false;
	if (absent(o) || i != OCTET_OPERAND_DST)
		return true;
	/* What is too large is refused later, by its own status; its strides are here. */
	(void)octet_view_operand(&view, cmd, OCTET_OPERAND_DST);
	for (int k = 0; k < 4; k++)
		if (view.stride[k] % align)
			return false;
	return !octet_view_overlaps(&view);
}

static int check_layouts(const struct octet_cmd *cmd, struct octet_fault *fault)
{
	for (int i = 0; i < OPERANDS; i++)
		if (!layout_ok(cmd, i))
			return bad(fault, OCTET_STATUS_BAD_LAYOUT, i);
	return 0;
}

static int check_operand_flags(const struct octet_cmd *cmd, struct octet_fault *fault)
{
	for (int i = 0; i < OPERANDS; i++) {
		uint32_t allowed = OCTET_OPERAND_CONST;

		if (i == OCTET_OPERAND_DST)
			allowed = 0;
		else if (is_gemm(cmd) && !records(i))
			allowed |= OCTET_OPERAND_TRANSPOSED;
		if (operand(cmd, i)->flags & ~allowed)
			return bad(fault, OCTET_STATUS_BAD_FLAGS, i);
	}
	return 0;
}

static bool in_type(uint8_t type, int64_t v)
{
	if (type == OCTET_TYPE_INT8)
		return v >= INT8_MIN && v <= INT8_MAX;
	if (type == OCTET_TYPE_UINT8)
		return v >= 0 && v <= UINT8_MAX;
	return true;	/* int32: every value of the field */
}

static bool mult_ok(uint8_t stage, uint32_t mult)
{
	if (stage == OCTET_STAGE_RAW)
		return mult == 0;
	if (stage == OCTET_STAGE_FP32_RNE)
		return mult >= OCTET_FP32_SCALE_MIN && mult < OCTET_FP32_SCALE_END;
	return mult <= OCTET_MULT_MAX;
}

static bool shift_ok(uint8_t stage, uint32_t shift)
{
	if (stage == OCTET_STAGE_RAW || stage == OCTET_STAGE_FP32_RNE)
		return shift == 0;
	return shift >= OCTET_SHIFT_MIN && shift <= OCTET_SHIFT_MAX;
}

static bool per_tensor(const struct octet_cmd *cmd)
{
	return cmd->flags & OCTET_CMD_PER_TENSOR;
}

static int check_quant(const struct octet_cmd *cmd, struct octet_fault *fault)
{
	const struct octet_operand *dst = &cmd->dst;

	if (cmd->stage > OCTET_STAGE_FP32_RNE)
		return bad(fault, OCTET_STATUS_BAD_QUANT, OCTET_OPERAND_CMD);
	if ((per_tensor(cmd) || absent(&cmd->prm)) && !mult_ok(cmd->stage, dst->mult))
		return bad(fault, OCTET_STATUS_BAD_QUANT, OCTET_OPERAND_DST);
	if ((per_tensor(cmd) || absent(&cmd->chn)) && !shift_ok(cmd->stage, dst->shift))
		return bad(fault, OCTET_STATUS_BAD_QUANT, OCTET_OPERAND_DST);
	if (!in_type(cmd->src.type, cmd->src.zero_point))
		return bad(fault, OCTET_STATUS_BAD_QUANT, OCTET_OPERAND_SRC);
	if (!in_type(cmd->wgt.type, cmd->wgt.zero_point))
		return bad(fault, OCTET_STATUS_BAD_QUANT, OCTET_OPERAND_WGT);
	if (!in_type(dst->type, dst->zero_point) ||
	    (dst->type == OCTET_TYPE_INT32 && dst->zero_point))
		return bad(fault, OCTET_STATUS_BAD_QUANT, OCTET_OPERAND_DST);
	if (cmd->act_min > cmd->act_max || !in_type(dst->type, cmd->act_min) ||
	    !in_type(dst->type, cmd->act_max) || !in_type(cmd->src.type, cmd->pad_value))
		return bad(fault, OCTET_STATUS_BAD_QUANT, OCTET_OPERAND_CMD);
	return 0;
}

static int check_sizes(const struct octet_cmd *cmd, uint64_t sw, struct octet_fault *fault)
{
	for (int i = 0; i < OPERANDS; i++) {
		struct octet_view view;

		if (absent(operand(cmd, i)))
			continue;
		if (octet_view_operand(&view, cmd, (enum octet_operand_index)i))
			return bad(fault, OCTET_STATUS_TOO_LARGE, i);
		if (view.space == OCTET_SPACE_SRAM &&
		    (view.extent > sw || view.addr > sw - view.extent))
			return bad(fault, OCTET_STATUS_BAD_SRAM, i);
	}
	return 0;
}

static int check_stage(const struct octet_cmd *cmd, struct octet_fault *fault)
{
	int status = check_types(cmd, fault);

	if (!status)
		status = check_layouts(cmd, fault);
	if (!status)
		status = check_operand_flags(cmd, fault);
	if (!status)
		status = check_quant(cmd, fault);
	return status;
}

/*
 * Checks a private copy of a command. @sw: bytes of SRAM that its operands
 * may lie in. Return: 0 or a status, which @fault has too.
 */
int octet_decode_cmd(const struct octet_cmd *cmd, uint64_t sw, struct octet_fault *fault)
{
	int status = check_header(cmd, fault);

	if (!status)
		status = check_shape(cmd, fault);
	if (!status)
		status = check_spaces(cmd, fault);
	if (!status)
		status = check_stage(cmd, fault);
	if (!status)
		status = check_sizes(cmd, sw, fault);
	return status;
}

int octet_decode_params(const struct octet_cmd *cmd, const struct octet_param *prm,
			struct octet_fault *fault)
{
	if (per_tensor(cmd))
		return 0;
	for (uint32_t i = 0; i < cmd->cout; i++)
		if (!mult_ok(cmd->stage, prm[i].mult))
			return bad(fault, OCTET_STATUS_BAD_QUANT, OCTET_OPERAND_PRM);
	return 0;
}

int octet_decode_channels(const struct octet_cmd *cmd, const struct octet_channel *chn,
			  struct octet_fault *fault)
{
	for (uint32_t i = 0; i < cmd->cout; i++) {
		if (chn[i].reserved)
			return bad(fault, OCTET_STATUS_RESERVED, OCTET_OPERAND_CHN);
		if (!per_tensor(cmd) && !shift_ok(cmd->stage, chn[i].shift))
			return bad(fault, OCTET_STATUS_BAD_QUANT, OCTET_OPERAND_CHN);
		if (!in_type(cmd->wgt.type, chn[i].zero_point))
			return bad(fault, OCTET_STATUS_BAD_QUANT, OCTET_OPERAND_CHN);
	}
	return 0;
}
