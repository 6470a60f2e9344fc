// SPDX-License-Identifier: MIT
/* Numbers of a command: stage, multipliers, shifts, zero points, clamps. */
#include "core_priv.h"

typedef const struct octet_op_info info_t;

struct octet_bounds octet_type_bounds(uint8_t type)
{
	switch (type) {
	case OCTET_TYPE_INT8:
		return (struct octet_bounds) { INT8_MIN, INT8_MAX };
	case OCTET_TYPE_UINT8:
		return (struct octet_bounds) { 0, UINT8_MAX };
	case OCTET_TYPE_INT16:
		return (struct octet_bounds) { INT16_MIN, INT16_MAX };
	case OCTET_TYPE_INT4:
		return (struct octet_bounds) { -8, 7 };
	}
	/* int32: every value of the field */
	return (struct octet_bounds) { INT64_MIN, INT64_MAX };
}

struct octet_bounds octet_mult_bounds(uint8_t stage, bool wide)
{
	if (stage == OCTET_STAGE_RAW)
		return (struct octet_bounds) { 0, 0 };
	if (stage == OCTET_STAGE_FP32_RNE)
		return (struct octet_bounds) { OCTET_FP32_SCALE_MIN, OCTET_FP32_SCALE_END - 1 };
	return (struct octet_bounds) { 0, wide ? OCTET_MULT16_MAX : OCTET_MULT_MAX };
}

struct octet_bounds octet_shift_bounds(uint8_t stage)
{
	if (stage == OCTET_STAGE_RAW || stage == OCTET_STAGE_FP32_RNE)
		return (struct octet_bounds) { 0, 0 };
	return (struct octet_bounds) { OCTET_SHIFT_MIN, OCTET_SHIFT_MAX };
}

static bool inside(struct octet_bounds b, int64_t v)
{
	return v >= b.lo && v <= b.hi;
}

bool octet_in_type(uint8_t type, int64_t v)
{
	return inside(octet_type_bounds(type), v);
}

bool octet_mult_ok(uint8_t stage, uint32_t mult, bool wide)
{
	return inside(octet_mult_bounds(stage, wide), mult);
}

bool octet_shift_ok(uint8_t stage, uint32_t shift)
{
	return inside(octet_shift_bounds(stage), shift);
}

static bool is_fix(uint8_t stage)
{
	return stage < 32 && (OCTET_STAGES_FIX & BIT(stage));
}

static bool addend_ok(uint32_t mult, uint32_t shift)
{
	return mult <= OCTET_MULT_MAX && shift <= OCTET_SHIFT_MAX;
}

static bool stage_ok(const struct octet_cmd *cmd, info_t *info)
{
	uint32_t stages = info->stages;

	if (octet_cmd_wide(cmd))
		stages = BIT(OCTET_STAGE_FIX_UP);
	if (cmd->tail && info->stages != BIT(OCTET_STAGE_RAW))
		stages &= ~BIT(OCTET_STAGE_RAW);
	return cmd->stage < 32 && (stages & BIT(cmd->stage));
}

/* Without records, or where they hold the bias alone. */
static bool dst_scale_ok(const struct octet_cmd *cmd)
{
	bool tensor = cmd->flags & OCTET_CMD_PER_TENSOR, wide = octet_cmd_wide(cmd);
	const struct octet_operand *shifts = wide ? &cmd->prm : &cmd->chn;

	if ((tensor || octet_operand_absent(&cmd->prm)) &&
	    !octet_mult_ok(cmd->stage, cmd->dst.mult, wide))
		return false;
	return (!tensor && !octet_operand_absent(shifts)) ||
	       octet_shift_ok(cmd->stage, cmd->dst.shift);
}

static int check_scales(const struct octet_cmd *cmd, info_t *info, struct octet_fault *fault)
{
	/* The others have neither mult nor shift: they were zero. */
	if ((info->scale & BIT(OCTET_OPERAND_DST)) && !dst_scale_ok(cmd))
		return octet_bad(fault, OCTET_STATUS_BAD_QUANT, OCTET_OPERAND_DST);
	if (!addend_ok(cmd->src.mult, cmd->src.shift))
		return octet_bad(fault, OCTET_STATUS_BAD_QUANT, OCTET_OPERAND_SRC);
	if (!addend_ok(cmd->src2.mult, cmd->src2.shift))
		return octet_bad(fault, OCTET_STATUS_BAD_QUANT, OCTET_OPERAND_SRC2);
	return 0;
}

static int check_zero_points(const struct octet_cmd *cmd, struct octet_fault *fault)
{
	for (int i = 0; i < OCTET_OPERANDS; i++) {
		const struct octet_operand *o = octet_cmd_operand(cmd, (unsigned int)i);
		bool none = o->type == OCTET_TYPE_INT32 || octet_cmd_wide(cmd);

		if (none ? o->zero_point != 0 : !octet_in_type(o->type, o->zero_point))
			return octet_bad(fault, OCTET_STATUS_BAD_QUANT, i);
	}
	return 0;
}

static bool sum_ok(const struct octet_cmd *cmd)
{
	return cmd->mid_min <= cmd->mid_max && octet_in_type(cmd->dst.type, cmd->mid_min) &&
	       octet_in_type(cmd->dst.type, cmd->mid_max) &&
	       octet_in_type(cmd->dst.type, cmd->mid_zero_point) && is_fix(cmd->sum_stage) &&
	       addend_ok(cmd->mid_mult, cmd->mid_shift) &&
	       octet_mult_ok(cmd->sum_stage, cmd->sum_mult, false) &&
	       octet_shift_ok(cmd->sum_stage, cmd->sum_shift);
}

static bool fields_ok(const struct octet_cmd *cmd)
{
	uint8_t padded = octet_operand_absent(&cmd->src) ? cmd->dst.type : cmd->src.type;

	return cmd->act_min <= cmd->act_max && octet_in_type(cmd->dst.type, cmd->act_min) &&
	       octet_in_type(cmd->dst.type, cmd->act_max) &&
	       octet_in_type(padded, cmd->pad_value) &&
	       cmd->left_shift <= OCTET_LEFT_SHIFT_MAX && (!octet_cmd_adds(cmd) || sum_ok(cmd));
}

int octet_decode_quant(const struct octet_cmd *cmd, const struct octet_op_info *info,
		       struct octet_fault *fault)
{
	int status;

	if (!stage_ok(cmd, info))
		return octet_bad(fault, OCTET_STATUS_BAD_QUANT, OCTET_OPERAND_CMD);
	status = check_scales(cmd, info, fault);
	if (!status)
		status = check_zero_points(cmd, fault);
	if (!status && !fields_ok(cmd))
		status = octet_bad(fault, OCTET_STATUS_BAD_QUANT, OCTET_OPERAND_CMD);
	return status;
}
