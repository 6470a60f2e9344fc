/* SPDX-License-Identifier: MIT */
/* Command validation: shape and tiling, quantization parameters. */
#include <inttypes.h>

#include "cpu_priv.h"

#define BAD_SHAPE(fault, ...)						\
	octet_cpu_refuse(fault, OCTET_STATUS_BAD_SHAPE,			\
			 OCTET_OPERAND_CMD, 0, __VA_ARGS__)
#define BAD_QUANT(fault, operand, ...)					\
	octet_cpu_refuse(fault, OCTET_STATUS_BAD_QUANT, operand, 0, __VA_ARGS__)

static int check_extents(const struct octet_cmd *cmd,
			 struct octet_cpu_fault *fault)
{
	const struct {
		const char *name;
		uint32_t value;
	} extents[] = {
		{ "n", cmd->n }, { "n2", cmd->n2 }, { "h", cmd->h },
		{ "w", cmd->w }, { "cin", cmd->cin }, { "oh", cmd->oh },
		{ "ow", cmd->ow }, { "cout", cmd->cout }, { "r", cmd->r },
		{ "s", cmd->s }, { "sh", cmd->sh }, { "sw", cmd->sw },
		{ "dh", cmd->dh }, { "dw", cmd->dw },
		{ "groups", cmd->groups },
	};

	for (size_t i = 0; i < sizeof(extents) / sizeof(extents[0]); i++)
		if (!extents[i].value || extents[i].value > CPU_EXTENT_MAX)
			return BAD_SHAPE(fault, "%s %u is outside 1..%u",
					 extents[i].name, extents[i].value,
					 CPU_EXTENT_MAX);
	return 0;
}

static int check_gemm(const struct octet_cmd *cmd,
		      struct octet_cpu_fault *fault)
{
	if (cmd->w != 1 || cmd->ow != 1 || cmd->groups != 1)
		return BAD_SHAPE(fault, "GEMM: w %u, ow %u, groups %u must be 1",
				 cmd->w, cmd->ow, cmd->groups);
	if (cmd->oh != cmd->h)
		return BAD_SHAPE(fault, "GEMM: oh %u is not h %u", cmd->oh,
				 cmd->h);
	if (cmd->r != 1 || cmd->s != 1 || cmd->sh != 1 || cmd->sw != 1 ||
	    cmd->dh != 1 || cmd->dw != 1)
		return BAD_SHAPE(fault,
				 "GEMM: r, s, sh, sw, dh, dw must be 1");
	if (cmd->pt || cmd->pl)
		return BAD_SHAPE(fault, "GEMM: pt %u, pl %u must be 0",
				 cmd->pt, cmd->pl);
	return 0;
}

/* Bounds of what several fields make together. */
static int check_reach(const struct octet_cmd *cmd,
		       struct octet_cpu_fault *fault)
{
	uint64_t sum = (uint64_t)cmd->r * cmd->s;
	uint64_t rows = (uint64_t)(cmd->oh - 1) * cmd->sh +
			(uint64_t)(cmd->r - 1) * cmd->dh;
	uint64_t cols = (uint64_t)(cmd->ow - 1) * cmd->sw +
			(uint64_t)(cmd->s - 1) * cmd->dw;

	if (cmd->op != OCTET_OP_DEPTHWISE)
		sum *= cmd->cin / cmd->groups;
	if (sum > CPU_EXTENT_MAX)
		return BAD_SHAPE(fault,
				 "a result sums up %" PRIu64 " products, at most %u can be",
				 sum, CPU_EXTENT_MAX);
	if (rows >= CPU_REACH_END || cols >= CPU_REACH_END)
		return BAD_SHAPE(fault,
				 "the last tap is %" PRIu64 " rows, %" PRIu64
				 " columns from the first, less than %u can be",
				 rows, cols, CPU_REACH_END);
	return 0;
}

static int check_tiling(const struct octet_cmd *cmd,
			struct octet_cpu_fault *fault)
{
	if (cmd->policy > OCTET_POLICY_STRIPE)
		return BAD_SHAPE(fault, "policy %u is unknown", cmd->policy);
	if (cmd->policy == OCTET_POLICY_STRIPE ?
	    (!cmd->rows || cmd->rows > cmd->oh) : cmd->rows != 0)
		return BAD_SHAPE(fault,
				 "rows %u: 1..%u with policy STRIPE, else 0",
				 cmd->rows, cmd->oh);
	return 0;
}

int octet_cpu_check_shape(const struct octet_cmd *cmd,
			  struct octet_cpu_fault *fault)
{
	int err = check_extents(cmd, fault);

	if (err)
		return err;
	if (cmd->op == OCTET_OP_GEMM) {
		err = check_gemm(cmd, fault);
	} else if (cmd->n2 != 1) {
		err = BAD_SHAPE(fault, "n2 %u must be 1", cmd->n2);
	} else if (cmd->op == OCTET_OP_DEPTHWISE) {
		if (cmd->groups != 1 || cmd->cout % cmd->cin)
			err = BAD_SHAPE(fault,
					"DEPTHWISE: groups %u must be 1, cout %u a multiple of cin %u",
					cmd->groups, cmd->cout, cmd->cin);
	} else if (cmd->cin % cmd->groups || cmd->cout % cmd->groups) {
		err = BAD_SHAPE(fault,
				"groups %u does not divide cin %u and cout %u",
				cmd->groups, cmd->cin, cmd->cout);
	}
	if (!err)
		err = check_reach(cmd, fault);
	return err ? err : check_tiling(cmd, fault);
}

void octet_cpu_type_range(unsigned int type, int32_t *lo, int32_t *hi)
{
	switch (type) {
	case OCTET_TYPE_INT8:
		*lo = INT8_MIN;
		*hi = INT8_MAX;
		break;
	case OCTET_TYPE_UINT8:
		*lo = 0;
		*hi = UINT8_MAX;
		break;
	default:
		*lo = INT32_MIN;
		*hi = INT32_MAX;
	}
}

static bool inside(unsigned int type, int32_t value)
{
	int32_t lo, hi;

	octet_cpu_type_range(type, &lo, &hi);
	return value >= lo && value <= hi;
}

bool octet_cpu_scale_ok(unsigned int stage, uint32_t mult, uint32_t shift,
			bool with_shift)
{
	switch (stage) {
	case OCTET_STAGE_RAW:
		return !mult && (!with_shift || !shift);
	case OCTET_STAGE_FP32_RNE:
		return mult >= OCTET_FP32_SCALE_MIN &&
		       mult < OCTET_FP32_SCALE_END && (!with_shift || !shift);
	default:
		return mult <= OCTET_MULT_MAX &&
		       (!with_shift || (shift >= OCTET_SHIFT_MIN &&
					shift <= OCTET_SHIFT_MAX));
	}
}

/* Which of dst.mult and dst.shift apply depends on the records given. */
static int check_scale(const struct octet_cmd *cmd,
		       struct octet_cpu_fault *fault)
{
	const bool per_tensor = cmd->flags & OCTET_CMD_PER_TENSOR;
	const bool mult = per_tensor || !cmd->prm.space;
	const bool shift = per_tensor || !cmd->chn.space;
	/* stands in for the one that is not read */
	const uint32_t some = cmd->stage == OCTET_STAGE_FP32_RNE ?
				      OCTET_FP32_SCALE_MIN : 0;

	if (!octet_cpu_scale_ok(cmd->stage, mult ? cmd->dst.mult : some,
				cmd->dst.shift, shift))
		return BAD_QUANT(fault, OCTET_OPERAND_DST,
				 "dst: mult 0x%x, shift %u are out of bounds for stage %u",
				 cmd->dst.mult, cmd->dst.shift, cmd->stage);
	return 0;
}

int octet_cpu_check_quant(const struct octet_cmd *cmd,
			  struct octet_cpu_fault *fault)
{
	int err;

	if (cmd->stage > OCTET_STAGE_FP32_RNE)
		return BAD_QUANT(fault, OCTET_OPERAND_CMD,
				 "stage %u is not offered", cmd->stage);
	err = check_scale(cmd, fault);
	if (err)
		return err;
	if (!inside(cmd->src.type, cmd->src.zero_point))
		return BAD_QUANT(fault, OCTET_OPERAND_SRC,
				 "src: zero point %d is outside its type",
				 cmd->src.zero_point);
	if (!inside(cmd->wgt.type, cmd->wgt.zero_point))
		return BAD_QUANT(fault, OCTET_OPERAND_WGT,
				 "wgt: zero point %d is outside its type",
				 cmd->wgt.zero_point);
	if (cmd->stage == OCTET_STAGE_RAW ? cmd->dst.zero_point != 0 :
	    !inside(cmd->dst.type, cmd->dst.zero_point))
		return BAD_QUANT(fault, OCTET_OPERAND_DST,
				 "dst: zero point %d is outside its type (RAW: 0)",
				 cmd->dst.zero_point);
	if (cmd->act_min > cmd->act_max || !inside(cmd->dst.type, cmd->act_min) ||
	    !inside(cmd->dst.type, cmd->act_max))
		return BAD_QUANT(fault, OCTET_OPERAND_CMD,
				 "clamp %d..%d is empty or outside dst's type",
				 cmd->act_min, cmd->act_max);
	if (!inside(cmd->src.type, cmd->pad_value))
		return BAD_QUANT(fault, OCTET_OPERAND_CMD,
				 "pad_value %d is outside src's type",
				 cmd->pad_value);
	return 0;
}
