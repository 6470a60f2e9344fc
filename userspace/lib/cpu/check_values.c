/* SPDX-License-Identifier: MIT */
/* Command validation: shape and tiling, quantization parameters. */
#include <errno.h>
#include <inttypes.h>

#include "check.h"

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

/* The operation's own rules: what is 1, what equals what. */
static int check_own(const struct octet_cmd *cmd,
		     struct octet_cpu_fault *fault)
{
	const bool gemm = cmd->op == OCTET_OP_GEMM;
	const bool window = cmd->op == OCTET_OP_CONV2D ||
			    cmd->op == OCTET_OP_DEPTHWISE ||
			    cmd->op == OCTET_OP_TCONV2D ||
			    cmd->op == OCTET_OP_POOL;

	if (!gemm && cmd->n2 != 1)
		return BAD_SHAPE(fault, "n2 %u must be 1", cmd->n2);
	if (gemm && (cmd->w != 1 || cmd->ow != 1))
		return BAD_SHAPE(fault, "GEMM: w %u, ow %u must be 1", cmd->w,
				 cmd->ow);
	if (cmd->op != OCTET_OP_CONV2D && cmd->op != OCTET_OP_TCONV2D &&
	    cmd->groups != 1)
		return BAD_SHAPE(fault, "groups %u must be 1 with op %u",
				 cmd->groups, cmd->op);
	if (!window && (cmd->r != 1 || cmd->s != 1 || cmd->sh != 1 ||
			cmd->sw != 1 || cmd->pt || cmd->pl))
		return BAD_SHAPE(fault,
				 "op %u: r, s, sh, sw must be 1, pt and pl 0",
				 cmd->op);
	if (cmd->op != OCTET_OP_CONV2D && cmd->op != OCTET_OP_DEPTHWISE &&
	    (cmd->dh != 1 || cmd->dw != 1))
		return BAD_SHAPE(fault, "dh %u, dw %u must be 1 with op %u",
				 cmd->dh, cmd->dw, cmd->op);
	if (!window && cmd->op != OCTET_OP_RESIZE &&
	    (cmd->oh != cmd->h || cmd->ow != cmd->w))
		return BAD_SHAPE(fault, "oh %u, ow %u are not h %u, w %u",
				 cmd->oh, cmd->ow, cmd->h, cmd->w);
	return 0;
}

static int check_channels(const struct octet_cmd *cmd,
			  struct octet_cpu_fault *fault)
{
	switch (cmd->op) {
	case OCTET_OP_GEMM:
		return 0;
	case OCTET_OP_CONV2D:
	case OCTET_OP_TCONV2D:
		if (!(cmd->cin % cmd->groups) && !(cmd->cout % cmd->groups))
			return 0;
		return BAD_SHAPE(fault,
				 "groups %u does not divide cin %u and cout %u",
				 cmd->groups, cmd->cin, cmd->cout);
	case OCTET_OP_DEPTHWISE:
		if (!(cmd->cout % cmd->cin))
			return 0;
		return BAD_SHAPE(fault, "cout %u is no multiple of cin %u",
				 cmd->cout, cmd->cin);
	case OCTET_OP_REDUCE:
		if (cmd->cout == 1)
			return 0;
		return BAD_SHAPE(fault, "REDUCE: cout %u must be 1", cmd->cout);
	}
	if (cmd->cout != cmd->cin)
		return BAD_SHAPE(fault, "cout %u is not cin %u", cmd->cout,
				 cmd->cin);
	if (cmd->op == OCTET_OP_SOFTMAX && cmd->cin > OCTET_SOFTMAX_MAX)
		return BAD_SHAPE(fault, "SOFTMAX: cin %u is over %u", cmd->cin,
				 OCTET_SOFTMAX_MAX);
	return 0;
}

/* Each window of a POOL has a tap in the image. */
static int check_windows(const struct octet_cmd *cmd,
			 struct octet_cpu_fault *fault)
{
	const int64_t last_y = (int64_t)(cmd->oh - 1) * cmd->sh - cmd->pt;
	const int64_t last_x = (int64_t)(cmd->ow - 1) * cmd->sw - cmd->pl;

	if (cmd->pt >= cmd->r || cmd->pl >= cmd->s)
		return BAD_SHAPE(fault,
				 "POOL: pt %u, pl %u must be less than r %u, s %u",
				 cmd->pt, cmd->pl, cmd->r, cmd->s);
	if (last_y >= cmd->h || last_x >= cmd->w)
		return BAD_SHAPE(fault,
				 "POOL: the last window is at row %" PRId64
				 ", column %" PRId64 ", outside the image %ux%u",
				 last_y, last_x, cmd->h, cmd->w);
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

	if (cmd->op != OCTET_OP_DEPTHWISE && cmd->op != OCTET_OP_POOL)
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
	err = check_own(cmd, fault);
	if (!err)
		err = check_channels(cmd, fault);
	if (!err && cmd->op == OCTET_OP_POOL)
		err = check_windows(cmd, fault);
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
	case OCTET_TYPE_INT16:
		*lo = INT16_MIN;
		*hi = INT16_MAX;
		break;
	case OCTET_TYPE_INT4:
		*lo = -8;
		*hi = 7;
		break;
	default:
		*lo = INT32_MIN;
		*hi = INT32_MAX;
	}
}

unsigned int octet_cpu_type_size(unsigned int type)
{
	return type == OCTET_TYPE_INT32 ? 4 : type == OCTET_TYPE_INT16 ? 2 : 1;
}

static bool inside(unsigned int type, int32_t value)
{
	int32_t lo, hi;

	octet_cpu_type_range(type, &lo, &hi);
	return value >= lo && value <= hi;
}

bool octet_cpu_mult_ok(unsigned int stage, uint32_t mult, uint32_t most)
{
	if (stage == OCTET_STAGE_RAW)
		return !mult;
	if (stage == OCTET_STAGE_FP32_RNE)
		return mult >= OCTET_FP32_SCALE_MIN &&
		       mult < OCTET_FP32_SCALE_END;
	return mult <= most;
}

bool octet_cpu_shift_ok(unsigned int stage, uint32_t shift, uint32_t least)
{
	if (stage == OCTET_STAGE_RAW || stage == OCTET_STAGE_FP32_RNE)
		return !shift;
	return shift >= least && shift <= OCTET_SHIFT_MAX;
}

/* Which of dst.mult and dst.shift apply depends on the records given. */
static int check_dst_scale(const struct octet_cmd *cmd,
			   struct octet_cpu_fault *fault)
{
	const bool wide = octet_cpu_weighted(cmd) &&
			  cmd->src.type == OCTET_TYPE_INT16;
	const bool records = !(cmd->flags & OCTET_CMD_PER_TENSOR);
	const bool mult = !records || !cmd->prm.space;
	const bool shift = !records ||
			   !(wide ? cmd->prm.space : cmd->chn.space);

	if ((mult && !octet_cpu_mult_ok(cmd->stage, cmd->dst.mult,
					wide ? OCTET_MULT16_MAX :
					       OCTET_MULT_MAX)) ||
	    (shift && !octet_cpu_shift_ok(cmd->stage, cmd->dst.shift,
					  OCTET_SHIFT_MIN)))
		return BAD_QUANT(fault, OCTET_OPERAND_DST,
				 "dst: mult 0x%x, shift %u are out of bounds for stage %u, src type %u",
				 cmd->dst.mult, cmd->dst.shift, cmd->stage,
				 cmd->src.type);
	return 0;
}

static int check_scales(const struct octet_cmd *cmd,
			const struct cpu_rules *rules,
			struct octet_cpu_fault *fault)
{
	int err = 0;

	if (rules->scales >> OCTET_OPERAND_DST & 1)
		err = check_dst_scale(cmd, fault);
	for (unsigned int i = 0; !err && i <= OCTET_OPERAND_SRC2; i++) {
		const struct octet_operand *op = octet_cpu_operand(cmd, i);

		if (rules->scales >> i & 1 &&
		    (op->mult > OCTET_MULT_MAX || op->shift > OCTET_SHIFT_MAX))
			err = BAD_QUANT(fault, i,
					"%s: mult 0x%x, shift %u: at most 0x%x, %u",
					octet_cpu_operand_names[i], op->mult,
					op->shift, OCTET_MULT_MAX,
					OCTET_SHIFT_MAX);
	}
	return err;
}

static int check_zero_points(const struct octet_cmd *cmd,
			     const struct cpu_rules *rules,
			     struct octet_cpu_fault *fault)
{
	const bool none = octet_cpu_weighted(cmd) &&
			  cmd->src.type == OCTET_TYPE_INT16;

	for (unsigned int i = 0; i < CPU_OPERANDS; i++) {
		const struct octet_operand *op = octet_cpu_operand(cmd, i);
		int32_t lo, hi;

		if (!(rules->zero_points >> i & 1))
			continue;
		octet_cpu_type_range(op->type, &lo, &hi);
		if (none || op->type == OCTET_TYPE_INT32)
			lo = hi = 0;
		if (op->zero_point < lo || op->zero_point > hi)
			return BAD_QUANT(fault, i,
					 "%s: zero point %d is outside %d..%d",
					 octet_cpu_operand_names[i],
					 op->zero_point, lo, hi);
	}
	return 0;
}

static int check_clamp(const struct octet_cmd *cmd, const char *name,
		       int32_t lo, int32_t hi, struct octet_cpu_fault *fault)
{
	if (lo <= hi && inside(cmd->dst.type, lo) && inside(cmd->dst.type, hi))
		return 0;
	return BAD_QUANT(fault, OCTET_OPERAND_CMD,
			 "%s_min %d, %s_max %d: empty or outside dst's type %u",
			 name, lo, name, hi, cmd->dst.type);
}

static int check_mid(const struct octet_cmd *cmd,
		     struct octet_cpu_fault *fault)
{
	const unsigned int most = OCTET_STAGE_FIX_AWAY;

	if (check_clamp(cmd, "mid", cmd->mid_min, cmd->mid_max, fault))
		return -EFAULT;
	if (!inside(cmd->dst.type, cmd->mid_zero_point))
		return BAD_QUANT(fault, OCTET_OPERAND_CMD,
				 "mid_zero_point %d is outside dst's type %u",
				 cmd->mid_zero_point, cmd->dst.type);
	if (cmd->sum_stage < OCTET_STAGE_FIX_DBL || cmd->sum_stage > most)
		return BAD_QUANT(fault, OCTET_OPERAND_CMD,
				 "sum_stage %u is no FIX code",
				 cmd->sum_stage);
	if (cmd->mid_mult > OCTET_MULT_MAX || cmd->sum_mult > OCTET_MULT_MAX ||
	    cmd->mid_shift > OCTET_SHIFT_MAX ||
	    !octet_cpu_shift_ok(cmd->sum_stage, cmd->sum_shift, 1))
		return BAD_QUANT(fault, OCTET_OPERAND_CMD,
				 "mid_mult 0x%x, mid_shift %u, sum_mult 0x%x, sum_shift %u are out of bounds",
				 cmd->mid_mult, cmd->mid_shift, cmd->sum_mult,
				 cmd->sum_shift);
	return 0;
}

static int check_fields(const struct octet_cmd *cmd,
			const struct cpu_rules *rules,
			struct octet_cpu_fault *fault)
{
	const struct octet_operand *pad =
		cmd->op == OCTET_OP_COPY ? &cmd->dst : &cmd->src;

	if (rules->fields & CPU_CLAMP &&
	    check_clamp(cmd, "act", cmd->act_min, cmd->act_max, fault))
		return -EFAULT;
	if (rules->fields & CPU_PAD_VALUE &&
	    !inside(pad->type, cmd->pad_value))
		return BAD_QUANT(fault, OCTET_OPERAND_CMD,
				 "pad_value %d is outside type %u",
				 cmd->pad_value, pad->type);
	if (cmd->left_shift > OCTET_LEFT_SHIFT_MAX)
		return BAD_QUANT(fault, OCTET_OPERAND_CMD,
				 "left_shift %u is over %u", cmd->left_shift,
				 OCTET_LEFT_SHIFT_MAX);
	return rules->fields & CPU_MID ? check_mid(cmd, fault) : 0;
}

int octet_cpu_check_quant(const struct octet_cmd *cmd,
			  const struct cpu_rules *rules,
			  struct octet_cpu_fault *fault)
{
	int err;

	if (cmd->stage > OCTET_STAGE_FP32_RNE ||
	    !(rules->stages >> cmd->stage & 1))
		return BAD_QUANT(fault, OCTET_OPERAND_CMD,
				 "stage %u, allowed is the mask 0x%x with op %u, sub %u, tail 0x%x, src type %u",
				 cmd->stage, rules->stages, cmd->op, cmd->sub,
				 cmd->tail, cmd->src.type);
	err = check_scales(cmd, rules, fault);
	if (!err)
		err = check_zero_points(cmd, rules, fault);
	return err ? err : check_fields(cmd, rules, fault);
}
