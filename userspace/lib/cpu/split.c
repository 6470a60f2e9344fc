/* SPDX-License-Identifier: MIT */
/*
 * A command as several that compute a part of its result each. A part is a command
 * of its own: fewer rows and another border, or fewer channels and other weights. So
 * no operation knows of it, and what a part computes are the bits of the whole.
 */
#include "split.h"
#include "winograd.h"

#define CHANNELS	64u	/* whole panels of all kernels */
#define MATRIX_ROWS	16u

static bool windowed(const struct octet_cmd *cmd)
{
	return cmd->op == OCTET_OP_CONV2D || cmd->op == OCTET_OP_DEPTHWISE ||
	       cmd->op == OCTET_OP_POOL;
}

/* Of which channels of the result are those of the weights, or of the input. */
static bool has_channels(const struct octet_cmd *cmd)
{
	switch (cmd->op) {
	case OCTET_OP_CONV2D:
	case OCTET_OP_TCONV2D:
		return cmd->groups == 1;
	case OCTET_OP_DEPTHWISE:
		return cmd->cin == cmd->cout;
	case OCTET_OP_GEMM:
	case OCTET_OP_POOL:
	case OCTET_OP_RESIZE:
		return true;
	}
	return false;
}

uint64_t octet_cpu_axis(const struct cpu_work *work, enum cpu_axis axis,
			uint32_t *unit)
{
	const struct octet_cmd *cmd = work->cmd;
	/* its table has taps by row */
	const bool resize = cmd->op == OCTET_OP_RESIZE;

	*unit = 1;
	switch (axis) {
	case CPU_AXIS_ROWS:
		if (cmd->op == OCTET_OP_GEMM)
			*unit = MATRIX_ROWS;
		/* see narrow_transposed(): pt has 16 bits */
		if (cmd->op == OCTET_OP_TCONV2D && cmd->r + cmd->sh > UINT16_MAX)
			return 1;
		return resize ? 1 : work->dst.extent[axis];
	case CPU_AXIS_COLUMNS:
		return resize || cmd->op == OCTET_OP_TCONV2D ?
		       1 : work->dst.extent[axis];
	case CPU_AXIS_CHANNELS:
		*unit = CHANNELS;
		return has_channels(cmd) ? cmd->cout : 1;
	default:
		return work->dst.extent[axis];
	}
}

/**
 * struct window - one dimension of an image under a kernel
 * @in, @pad: of the image
 * @step, @taps, @dilation: of the kernel
 */
struct window {
	uint32_t *in;
	uint16_t *pad;
	uint16_t step, taps, dilation;
};

static struct window window_of(struct octet_cmd *cmd, enum cpu_axis axis)
{
	if (axis == CPU_AXIS_ROWS)
		return (struct window){ &cmd->h, &cmd->pt, cmd->sh, cmd->r,
					cmd->dh };
	return (struct window){ &cmd->w, &cmd->pl, cmd->sw, cmd->s, cmd->dw };
}

/*
 * The image as results [first, first + count) see it: what comes before their first
 * tap and after their last one is left off. Returns the first row or column.
 */
static uint64_t narrow(const struct window *w, uint64_t first, uint64_t count)
{
	const uint64_t dilation = w->dilation ? w->dilation : 1;
	const uint64_t reach = (count - 1) * w->step +
			       (w->taps - 1) * dilation + 1;
	const uint64_t before = first * w->step, all = *w->in;
	uint64_t from = 0, pad = 0, left;

	if (before < *w->pad)
		pad = *w->pad - before;
	else
		from = before - *w->pad < all ? before - *w->pad : all;
	left = reach > pad ? reach - pad : 0;
	*w->pad = (uint16_t)pad;
	*w->in = (uint32_t)(left < all - from ? left : all - from);
	return from;
}

/*
 * A transposed convolution: input row y adds to rows y * sh - pt and further. Rows
 * before the first that adds to row @first are left off; how many.
 */
static uint64_t narrow_transposed(struct octet_cmd *cmd, uint64_t first)
{
	const uint64_t at = first + cmd->pt;
	uint64_t from = at < cmd->r ? 0 : (at - (cmd->r - 1u)) / cmd->sh;

	if (from > cmd->h)
		from = cmd->h;
	cmd->pt = (uint16_t)(at - from * cmd->sh);
	cmd->h -= (uint32_t)from;
	return from;
}

/* Sets the extents of what lies along an axis. */
static void set_extent(struct cpu_part *p, enum cpu_axis axis, uint32_t count)
{
	struct octet_cmd *cmd = &p->cmd;
	struct cpu_work *work = &p->work;

	work->dst.extent[axis] = count;
	work->src2.extent[axis] = count;
	work->src.extent[axis] = count;
	if (cmd->op == OCTET_OP_COPY)
		return;
	switch (axis) {
	case CPU_AXIS_BATCH2:
		cmd->n2 = count;
		break;
	case CPU_AXIS_BATCH:
		cmd->n = count;
		break;
	case CPU_AXIS_ROWS:
		cmd->oh = count;
		if (!windowed(cmd) && cmd->op != OCTET_OP_TCONV2D)
			cmd->h = count;
		break;
	default:
		cmd->ow = count;
		if (!windowed(cmd))
			cmd->w = count;
	}
}

/* The first input of a part: places along the axis of src, or bytes of a row. */
static uint64_t input_at(struct cpu_part *p, enum cpu_axis axis, uint64_t first,
			 uint32_t count)
{
	struct octet_cmd *cmd = &p->cmd;
	const uint64_t stride = p->work.src.stride[axis];

	if (axis < CPU_AXIS_ROWS)
		return first * stride;
	if (windowed(cmd)) {
		const struct window w = window_of(cmd, axis);

		return narrow(&w, first, count) * stride;
	}
	if (cmd->op == OCTET_OP_TCONV2D)
		return narrow_transposed(cmd, first) * stride;
	if (cmd->op == OCTET_OP_GEMM &&
	    cmd->src.flags & OCTET_OPERAND_TRANSPOSED)
		return first * p->work.x_size;
	return first * stride;
}

static void cut_places(struct cpu_part *p, enum cpu_axis axis, uint32_t first,
		       uint32_t count)
{
	struct cpu_work *work = &p->work;

	if (work->x)
		work->x += input_at(p, axis, first, count);
	if (work->x2)
		work->x2 += first * work->src2.stride[axis];
	if (work->w && p->cmd.op == OCTET_OP_GEMM && axis < CPU_AXIS_ROWS)
		work->w += first * work->wgt.stride[axis];
	work->y += first * work->dst.stride[axis];
	set_extent(p, axis, count);
}

/* Packed weights of channels from @first on; there is one group. */
static void cut_packed(struct cpu_part *p, uint32_t first, uint32_t count)
{
	const bool depth = p->cmd.op == OCTET_OP_DEPTHWISE;
	const uint32_t panel = depth ? CPU_DEPTH : CPU_PANEL;
	struct cpu_packed *to = &p->packed;

	*to = *p->work.packed;
	to->channels = count;
	to->panels = (count + panel - 1) / panel;
	to->wide = to->panels * panel;
	to->w += (uint64_t)first / panel * to->lines * to->line;
	to->start += first;
	to->less += to->less ? first * to->less_each : 0;
	to->zw += to->zw ? first : 0;
	to->tail.stage.bias += first;
	to->tail.stage.mult += first;
	to->tail.stage.shift += first;
	to->tail.half += first;
	to->tail.right += first;
	to->tail.ties += first;
	p->work.packed = to;
}

/* Bytes from one channel's weights to the next one's. */
static uint64_t weight_step(const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;

	if (cmd->op == OCTET_OP_DEPTHWISE)
		return 1;
	if (cmd->op != OCTET_OP_GEMM)
		return work->wgt.stride[1];
	return cmd->wgt.flags & OCTET_OPERAND_TRANSPOSED ?
	       work->wgt.stride[2] : 1;
}

static void cut_weights(struct cpu_part *p, uint32_t first, uint32_t count)
{
	const struct octet_cmd *cmd = &p->cmd;
	struct cpu_work *work = &p->work;
	uint64_t k = cmd->cin;

	if (work->packed)
		cut_packed(p, first, count);
	if (work->w)
		work->w += first * weight_step(work);
	if (work->zw)
		work->zw += first;
	if (!work->panels)
		return;
	if (cmd->op != OCTET_OP_GEMM)
		k = (uint64_t)cmd->r * cmd->s * work->wgt.inner;
	work->panels += first * (k + k % 2);
}

static void cut_channels(struct cpu_part *p, uint32_t first, uint32_t count)
{
	struct octet_cmd *cmd = &p->cmd;
	struct cpu_work *work = &p->work;
	struct cpu_stage *st = &work->stage;

	cut_weights(p, first, count);
	if (!octet_cpu_weighted(cmd) || cmd->op == OCTET_OP_DEPTHWISE) {
		work->x += (uint64_t)first * work->x_size;
		cmd->cin = count;
	}
	if (work->x2)
		work->x2 += (uint64_t)first * work->x2_size;
	work->y += (uint64_t)first * work->y_size;
	if (st->bias)
		st->bias += first;
	if (st->mult)
		st->mult += first;
	if (st->shift)
		st->shift += first;
	if (work->bias16)
		work->bias16 += first;
	cmd->cout = count;
}

void octet_cpu_cut(const struct cpu_work *work, enum cpu_axis axis,
		   uint32_t first, uint32_t count, struct cpu_part *part)
{
	part->cmd = *work->cmd;
	part->work = *work;
	part->work.cmd = &part->cmd;
	if (axis == CPU_AXIS_CHANNELS)
		cut_channels(part, first, count);
	else
		cut_places(part, axis, first, count);
}
