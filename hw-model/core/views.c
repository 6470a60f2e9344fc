// SPDX-License-Identifier: MIT
/* Shapes of operands: which runs of bytes a command reads and writes. */
#include "core_priv.h"

static uint64_t element_size(uint8_t type)
{
	return type == OCTET_TYPE_INT32 ? 4 : 1;
}

/* Outer extents and elements of a run. */
struct shape {
	uint64_t ext[4];
	uint64_t inner;
};

static struct shape matrix(const struct octet_cmd *cmd, uint64_t rows, uint64_t cols, bool turned)
{
	return (struct shape) {
		{ cmd->n2, cmd->n, turned ? cols : rows, 1 }, turned ? rows : cols
	};
}

static struct shape weights(const struct octet_cmd *cmd)
{
	bool turned = cmd->wgt.flags & OCTET_OPERAND_TRANSPOSED;

	if (cmd->op == OCTET_OP_GEMM)
		return matrix(cmd, cmd->cin, cmd->cout, turned);
	if (cmd->op == OCTET_OP_DEPTHWISE)
		return (struct shape) { { 1, 1, cmd->r, cmd->s }, cmd->cout };
	return (struct shape) { { 1, cmd->cout, cmd->r, cmd->s }, cmd->cin / cmd->groups };
}

static struct shape source(const struct octet_cmd *cmd)
{
	if (cmd->op == OCTET_OP_GEMM)
		return matrix(cmd, cmd->h, cmd->cin, cmd->src.flags & OCTET_OPERAND_TRANSPOSED);
	return (struct shape) { { 1, cmd->n, cmd->h, cmd->w }, cmd->cin };
}

static struct shape result(const struct octet_cmd *cmd)
{
	if (cmd->op == OCTET_OP_GEMM)
		return matrix(cmd, cmd->oh, cmd->cout, false);
	return (struct shape) { { 1, cmd->n, cmd->oh, cmd->ow }, cmd->cout };
}

/* Fills in dense and extent; both limited to the device's operand size. */
static int measure(struct octet_view *v)
{
	uint64_t limit = BIT_ULL(OCTET_OPERAND_ORDER);
	uint64_t dense = v->run, extent = v->run, step;

	for (int i = 0; i < 4; i++) {
		if (__builtin_mul_overflow(dense, v->ext[i], &dense))
			return OCTET_STATUS_TOO_LARGE;
		if (v->ext[i] == 1)
			continue;
		if (__builtin_mul_overflow(v->ext[i] - 1, v->stride[i], &step) ||
		    __builtin_add_overflow(extent, step, &extent))
			return OCTET_STATUS_TOO_LARGE;
	}
	v->dense = dense;
	v->extent = extent;
	return dense > limit || extent > limit ? OCTET_STATUS_TOO_LARGE : 0;
}

/*
 * The view of one operand of a command whose shape is in bounds. Record
 * arrays are one run. Return: 0 or TOO_LARGE, with no dense and extent then.
 */
int octet_view_operand(struct octet_view *view, const struct octet_cmd *cmd,
		       enum octet_operand_index index)
{
	const struct octet_operand *op = octet_cmd_operand(cmd, index);
	struct shape shape = { { 1, 1, 1, 1 }, cmd->cout };
	uint64_t size = element_size(op->type);

	switch (index) {
	case OCTET_OPERAND_SRC:
		shape = source(cmd);
		break;
	case OCTET_OPERAND_WGT:
		shape = weights(cmd);
		break;
	case OCTET_OPERAND_PRM:
		size = sizeof(struct octet_param);
		break;
	case OCTET_OPERAND_CHN:
		size = sizeof(struct octet_channel);
		break;
	default:
		shape = result(cmd);
		break;
	}
	*view = (struct octet_view) { .space = op->space, .addr = op->addr };
	for (int i = 0; i < 4; i++) {
		view->ext[i] = shape.ext[i];
		view->stride[i] = shape.ext[i] == 1 ? 0 : op->stride[i];
	}
	view->run = shape.inner * size;
	return measure(view);
}

/*
 * True if two elements may share a byte: ordered by stride, each dimension
 * must step over everything inside it.
 */
bool octet_view_overlaps(const struct octet_view *view)
{
	uint64_t span = view->run, step;
	bool done[4] = { false }, endless = false;

	for (int round = 0; round < 4; round++) {
		int best = -1;

		for (int i = 0; i < 4; i++)
			if (!done[i] && view->ext[i] > 1 &&
			    (best < 0 || view->stride[i] < view->stride[best]))
				best = i;
		if (best < 0)
			break;
		if (endless || view->stride[best] < span)
			return true;
		/* A span of more than 64 bits: no stride is that long. */
		endless = __builtin_mul_overflow(view->ext[best] - 1, view->stride[best], &step) ||
			  __builtin_add_overflow(span, step, &span);
		done[best] = true;
	}
	return false;
}

/* Joins neighbouring dimensions without gaps, so that runs get long. */
void octet_view_merge(struct octet_view *v)
{
	for (int i = 3; i >= 0; i--) {
		if (v->ext[i] == 1)
			continue;
		if (v->stride[i] != v->run)
			break;
		v->run *= v->ext[i];
		v->ext[i] = 1;
	}
}
