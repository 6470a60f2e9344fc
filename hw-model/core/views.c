// SPDX-License-Identifier: MIT
/* Shapes of operands: which runs of bytes a command reads and writes. */
#include "core_priv.h"

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

/* COPY has strides for its channels too: runs of one element. */
static struct shape image(const struct octet_cmd *cmd, uint32_t h, uint32_t w, uint32_t c)
{
	if (cmd->op == OCTET_OP_COPY)
		return (struct shape) { { cmd->n, h, w, c }, 1 };
	return (struct shape) { { 1, cmd->n, h, w }, c };
}

/* One element for all channels of a pixel: the innermost extent has stride 0. */
static struct shape repeated(const struct octet_cmd *cmd)
{
	return (struct shape) { { cmd->n, cmd->h, cmd->w, cmd->cin }, 1 };
}

static struct shape source(const struct octet_cmd *cmd)
{
	if (cmd->op == OCTET_OP_GEMM)
		return matrix(cmd, cmd->h, cmd->cin, cmd->src.flags & OCTET_OPERAND_TRANSPOSED);
	return image(cmd, cmd->h, cmd->w, cmd->cin);
}

static struct shape result(const struct octet_cmd *cmd)
{
	if (cmd->op == OCTET_OP_GEMM)
		return matrix(cmd, cmd->oh, cmd->cout, false);
	return image(cmd, cmd->oh, cmd->ow, cmd->cout);
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

/* Elements without gaps, whatever the shape: links, and two per byte of int4. */
static int dense(struct octet_view *view, const struct shape *shape, uint64_t size, bool nibbles)
{
	uint64_t elements = shape->inner;

	for (int i = 0; i < 4; i++) {
		view->ext[i] = 1;
		view->stride[i] = 0;
		if (__builtin_mul_overflow(elements, shape->ext[i], &elements))
			return OCTET_STATUS_TOO_LARGE;
	}
	if (nibbles)
		elements = elements / 2 + elements % 2;
	if (__builtin_mul_overflow(elements, size, &view->run))
		return OCTET_STATUS_TOO_LARGE;
	return measure(view);
}

/* Elements of weights whose size has been checked. */
uint64_t octet_view_weights(const struct octet_cmd *cmd)
{
	struct shape shape = weights(cmd);

	return shape.ext[0] * shape.ext[1] * shape.ext[2] * shape.ext[3] * shape.inner;
}

static uint64_t table_size(const struct octet_cmd *cmd)
{
	switch (octet_cmd_table(cmd, octet_op_info(cmd))) {
	case OCTET_TABLE_LUT:
		return cmd->src.type == OCTET_TYPE_INT16 ?
			OCTET_LUT16_ENTRIES * sizeof(int16_t) : OCTET_LUT8_SIZE;
	case OCTET_TABLE_SOFTMAX:
		return OCTET_SOFTMAX_ENTRIES * sizeof(int32_t);
	case OCTET_TABLE_TAPS:
		return ((uint64_t)cmd->oh + cmd->ow) * sizeof(struct octet_tap);
	default:
		return 0;
	}
}

/* Panels of 16 outputs, lines of 4 inputs; the shape is in bounds. */
static uint64_t packed_size(const struct octet_cmd *cmd)
{
	uint64_t k = (uint64_t)cmd->r * cmd->s * (cmd->cin / cmd->groups);
	uint64_t panels = (cmd->cout / cmd->groups + 15) / 16;

	return cmd->groups * panels * ((k + 3) / 4) * OCTET_PACKED_LINE;
}

static int one_run(struct octet_view *view, uint8_t space, uint64_t addr, uint64_t run)
{
	*view = (struct octet_view) {
		.space = space, .addr = addr, .ext = { 1, 1, 1, 1 }, .run = run
	};
	return measure(view);
}

/* Strides as the operand has them, where their extent is more than 1. */
static int strided(struct octet_view *view, const struct octet_operand *op,
		   const struct shape *shape, uint64_t size, bool repeat)
{
	for (int i = 0; i < 4; i++) {
		int from = repeat ? i + 1 : i;

		view->ext[i] = shape->ext[i];
		view->stride[i] = from > 3 || shape->ext[i] == 1 ? 0 : op->stride[from];
	}
	view->run = shape->inner * size;
	return measure(view);
}

/*
 * The view of one operand, or of the table, of a command whose shape is in
 * bounds. Records and the table are one run. Return: 0 or TOO_LARGE, with no dense
 * and extent then.
 */
int octet_view_operand(struct octet_view *view, const struct octet_cmd *cmd,
		       enum octet_operand_index index)
{
	const struct octet_operand *op;
	struct shape shape;
	bool repeat;

	if (index == OCTET_OPERAND_TABLE)
		return one_run(view, OCTET_SPACE_VA, cmd->table, table_size(cmd));
	op = octet_cmd_operand(cmd, index);
	*view = (struct octet_view) { .space = op->space, .addr = op->addr };
	switch (index) {
	case OCTET_OPERAND_PRM:
		return one_run(view, op->space, op->addr, (uint64_t)cmd->cout *
			       (octet_cmd_wide(cmd) ? sizeof(struct octet_param16) :
						      sizeof(struct octet_param)));
	case OCTET_OPERAND_CHN:
		return one_run(view, op->space, op->addr,
			       (uint64_t)cmd->cout * sizeof(struct octet_channel));
	case OCTET_OPERAND_SRC:
		shape = source(cmd);
		break;
	case OCTET_OPERAND_WGT:
		if (op->layout == OCTET_LAYOUT_PACKED)
			return one_run(view, op->space, op->addr, packed_size(cmd));
		shape = weights(cmd);
		break;
	default:
		shape = result(cmd);
		break;
	}
	/* Elsewhere the flag is refused, but not before strides are looked at. */
	repeat = cmd->op == OCTET_OP_EW && index <= OCTET_OPERAND_SRC2 &&
		 (op->flags & OCTET_OPERAND_REPEAT);
	if (repeat)
		shape = repeated(cmd);
	if (op->space == OCTET_SPACE_LINK || op->type == OCTET_TYPE_INT4)
		return dense(view, &shape, octet_type_size(op->type),
			     op->type == OCTET_TYPE_INT4);
	return strided(view, op, &shape, octet_type_size(op->type), repeat);
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

/* Moves the dimensions that are more than one run inwards. */
static void compact(struct octet_view *v)
{
	int to = 3;

	for (int i = 3; i >= 0; i--) {
		if (v->ext[i] == 1)
			continue;
		v->ext[to] = v->ext[i];
		v->stride[to--] = v->stride[i];
	}
	for (; to >= 0; to--) {
		v->ext[to] = 1;
		v->stride[to] = 0;
	}
}

/*
 * Joins neighbouring dimensions that are one: without gaps, so that runs get
 * long, and else, so that rows of runs do. Extents and strides are in bounds.
 */
void octet_view_merge(struct octet_view *v)
{
	compact(v);
	while (v->ext[3] > 1 && v->stride[3] == v->run) {
		v->run *= v->ext[3];
		v->ext[3] = 1;
		compact(v);
	}
	for (int i = 3; i > 0;) {
		if (v->ext[i - 1] == 1 || v->stride[i - 1] != v->stride[i] * v->ext[i]) {
			i--;
			continue;
		}
		v->ext[i] *= v->ext[i - 1];
		v->ext[i - 1] = 1;
		compact(v);
	}
}
