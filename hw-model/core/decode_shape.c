// SPDX-License-Identifier: MIT
/* Extents of a command: bounds, and what each operation asks for. */
#include "core_priv.h"

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

/* "the rest 1": no window, no groups, no padding */
static bool rest_ok(const struct octet_cmd *cmd)
{
	return cmd->groups == 1 && cmd->r == 1 && cmd->s == 1 && cmd->sh == 1 &&
	       cmd->sw == 1 && cmd->dh == 1 && cmd->dw == 1 && !cmd->pt && !cmd->pl;
}

static bool groups_ok(const struct octet_cmd *cmd)
{
	return cmd->cin % cmd->groups == 0 && cmd->cout % cmd->groups == 0;
}

static bool gemm_ok(const struct octet_cmd *cmd)
{
	return cmd->w == 1 && cmd->ow == 1 && cmd->oh == cmd->h && rest_ok(cmd);
}

/* Each window has a tap inside the image. */
static bool meets(uint32_t outs, uint32_t step, uint32_t pad, uint32_t window, uint32_t ins)
{
	return pad < window && (uint64_t)(outs - 1) * step < (uint64_t)ins + pad;
}

static bool pool_ok(const struct octet_cmd *cmd)
{
	return cmd->cout == cmd->cin && cmd->groups == 1 && cmd->dh == 1 && cmd->dw == 1 &&
	       meets(cmd->oh, cmd->sh, cmd->pt, cmd->r, cmd->h) &&
	       meets(cmd->ow, cmd->sw, cmd->pl, cmd->s, cmd->w);
}

static bool pixels_ok(const struct octet_cmd *cmd)
{
	return cmd->oh == cmd->h && cmd->ow == cmd->w && rest_ok(cmd);
}

static bool form_ok(const struct octet_cmd *cmd, enum octet_shape shape)
{
	if (shape != OCTET_SHAPE_GEMM && cmd->n2 != 1)
		return false;
	switch (shape) {
	case OCTET_SHAPE_CONV:
		return groups_ok(cmd);
	case OCTET_SHAPE_DEPTHWISE:
		return cmd->groups == 1 && cmd->cout % cmd->cin == 0;
	case OCTET_SHAPE_TCONV:
		return groups_ok(cmd) && cmd->dh == 1 && cmd->dw == 1;
	case OCTET_SHAPE_GEMM:
		return gemm_ok(cmd);
	case OCTET_SHAPE_POOL:
		return pool_ok(cmd);
	case OCTET_SHAPE_SAME:
		return pixels_ok(cmd) && cmd->cout == cmd->cin;
	case OCTET_SHAPE_SOFTMAX:
		return pixels_ok(cmd) && cmd->cout == cmd->cin && cmd->cin <= OCTET_SOFTMAX_MAX;
	case OCTET_SHAPE_REDUCE:
		return pixels_ok(cmd) && cmd->cout == 1;
	case OCTET_SHAPE_RESIZE:
		return cmd->cout == cmd->cin && rest_ok(cmd);
	}
	return false;
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

	if (cmd->op != OCTET_OP_DEPTHWISE && cmd->op != OCTET_OP_POOL)
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

int octet_decode_shape(const struct octet_cmd *cmd, const struct octet_op_info *info,
		       struct octet_fault *fault)
{
	if (extents_ok(cmd) && form_ok(cmd, info->shape) && sum_ok(cmd) && reach_ok(cmd) &&
	    policy_ok(cmd))
		return 0;
	return octet_bad(fault, OCTET_STATUS_BAD_SHAPE, OCTET_OPERAND_CMD);
}
