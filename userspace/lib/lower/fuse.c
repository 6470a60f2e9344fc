// SPDX-License-Identifier: MIT
/*
 * Commands that do the work of two: a table or a clamp behind a command, an
 * addition behind a convolution. The joined command takes the place of the
 * second one, where all that it reads is there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lower_priv.h"

/**
 * struct fuse - what is known of the program
 *
 * @writer: command that writes a tensor; -1: none, or several
 * @readers: commands that read it
 * @kept: others name it, or it is a part of another or has parts
 * @dead: command is gone
 * @into: [op] the operator whose command does its work; its own number if none
 */
struct fuse {
	struct lower *l;
	int32_t *writer;
	uint32_t *readers;
	bool *kept;
	bool *dead;
	uint32_t *into;
};

static void look(struct fuse *f)
{
	const struct octet_low *low = f->l->low;
	const struct octet_graph *g = f->l->g;

	for (uint32_t i = 0; i < low->tensor_count; i++) {
		f->writer[i] = -1;
		if (low->tensors[i].alias >= 0)
			f->kept[i] = f->kept[low->tensors[i].alias] = true;
		if (i < g->tensor_count)
			f->kept[i] |= g->tensors[i].variable || f->l->uses[i].output;
	}
	for (uint32_t i = 0; i < low->cmd_count; i++) {
		const int32_t *t = low->cmds[i].tensor;

		for (int k = 0; k < OCTET_LOW_OPERANDS; k++)
			if (t[k] >= 0 && k != OCTET_OPERAND_DST)
				f->readers[t[k]]++;
		if (f->writer[t[OCTET_OPERAND_DST]] >= 0)
			f->kept[t[OCTET_OPERAND_DST]] = true;
		f->writer[t[OCTET_OPERAND_DST]] = (int32_t)i;
	}
	for (uint32_t i = 0; i < low->step_count; i++) {
		const struct octet_graph_op *op = &g->ops[low->steps[i].index];

		if (low->steps[i].kind != OCTET_LOW_HOST)
			continue;
		for (uint32_t k = 0; k < op->input_count; k++)
			if (op->inputs[k] >= 0)
				f->kept[op->inputs[k]] = true;
	}
	for (uint32_t i = 0; i < g->op_count; i++)
		f->into[i] = i;
}

static bool is8(uint8_t type)
{
	return type == OCTET_TYPE_INT8 || type == OCTET_TYPE_UINT8;
}

/* Whole and dense as rows of channels, first to last byte of @t? */
static bool whole(const struct fuse *f, const struct octet_cmd *cmd,
		  const struct octet_operand *o, int32_t t, bool out)
{
	uint32_t e[4] = { cmd->n, out ? cmd->oh : cmd->h, out ? cmd->ow : cmd->w,
			  out ? cmd->cout : cmd->cin };
	uint64_t step = e[3];

	if (cmd->n2 != 1 || o->addr || !is8(o->type) || (o->flags & OCTET_OPERAND_REPEAT))
		return false;
	if (cmd->op == OCTET_OP_GEMM && cmd->n != 1)
		return false;
	for (int i = 2; i >= 0; i--) {
		/* rows of a GEMM have the index of rows, as those of images do */
		if (e[i] > 1 && o->stride[i + 1] != step)
			return false;
		step *= e[i];
	}
	return step == f->l->low->tensors[t].bytes;
}

/* The command that makes all of @t for command @b alone, in the same shape; NULL. */
static struct octet_low_cmd *maker(const struct fuse *f, uint32_t b, enum octet_operand_index i)
{
	struct octet_low *low = f->l->low;
	const struct octet_low_cmd *cb = &low->cmds[b];
	int32_t t = cb->tensor[i], a;
	struct octet_low_cmd *ca;

	if (t < 0 || f->kept[t] || f->readers[t] != 1 || f->writer[t] < 0)
		return NULL;
	a = f->writer[t];
	ca = &low->cmds[a];
	if (f->dead[a] || (uint32_t)a >= b)
		return NULL;
	for (int k = 0; k < OCTET_OPERAND_PRM; k++)
		if (ca->tensor[k] >= 0 && (uint32_t)ca->tensor[k] < f->l->g->tensor_count &&
		    f->l->g->tensors[ca->tensor[k]].variable)
			return NULL;
	if (ca->cmd.n != cb->cmd.n || ca->cmd.n2 != cb->cmd.n2 || ca->cmd.oh != cb->cmd.h ||
	    ca->cmd.ow != cb->cmd.w || ca->cmd.cout != cb->cmd.cin)
		return NULL;
	if (!whole(f, &ca->cmd, &ca->cmd.dst, t, true) ||
	    !whole(f, &cb->cmd, &(&cb->cmd.src)[i], t, false))
		return NULL;
	return ca;
}

/* An operand of @from becomes operand @i of @to: place and strides. */
static void move_operand(struct octet_low_cmd *to, enum octet_operand_index i,
			 const struct octet_low_cmd *from, enum octet_operand_index j)
{
	struct octet_operand *o = &(&to->cmd.src)[i];
	const struct octet_operand *s = &(&from->cmd.src)[j];

	to->tensor[i] = from->tensor[j];
	o->addr = s->addr;
	o->space = s->space;
	o->type = s->type;
	o->flags = s->flags & OCTET_OPERAND_CONST;
	memcpy(o->stride, s->stride, sizeof(o->stride));
	if (to->cmd.op == OCTET_OP_GEMM)
		o->stride[1] = o->stride[3] = 0;
}

/* @a, changed, takes the place of @b. */
static void replace(struct fuse *f, struct octet_low_cmd *a, uint32_t b,
		    const struct octet_low_cmd *joined)
{
	struct octet_low *low = f->l->low;

	f->into[a->op] = joined->op;
	f->dead[a - low->cmds] = true;
	low->cmds[b] = *joined;
	f->writer[joined->tensor[OCTET_OPERAND_DST]] = (int32_t)b;
}

static bool has_stage(const struct octet_cmd *cmd)
{
	switch (cmd->op) {
	case OCTET_OP_CONV2D:
	case OCTET_OP_DEPTHWISE:
	case OCTET_OP_TCONV2D:
	case OCTET_OP_GEMM:
		return cmd->stage != OCTET_STAGE_RAW;
	case OCTET_OP_POOL:
		return cmd->sub == OCTET_POOL_SUM && cmd->stage != OCTET_STAGE_RAW;
	default:
		return cmd->op == OCTET_OP_EW;
	}
}

/* A table that only clamps codes: its range. */
static bool is_clamp(const uint8_t *table, uint8_t type, int32_t *low, int32_t *high)
{
	int32_t first = type == OCTET_TYPE_INT8 ? -128 : 0;

	*low = type == OCTET_TYPE_INT8 ? (int8_t)table[first & 255] : table[first & 255];
	*high = type == OCTET_TYPE_INT8 ? (int8_t)table[(first + 255) & 255]
					: table[(first + 255) & 255];
	for (int32_t v = first; v < first + 256; v++) {
		int32_t want = v < *low ? *low : v > *high ? *high : v;

		if (table[v & 255] != (uint8_t)want)
			return false;
	}
	return *low <= *high;
}

/* int8 as uint8 with the same values, or the reverse. */
static bool is_retype(const uint8_t *table)
{
	for (int i = 0; i < 256; i++)
		if (table[i] != (i ^ 0x80))
			return false;
	return true;
}

static bool try_clamp(struct octet_low_cmd *a, const struct octet_low_cmd *b,
		      const uint8_t *table)
{
	int32_t low, high;

	if (a->cmd.tail & OCTET_TAIL_LUT || a->cmd.op == OCTET_OP_LUT ||
	    a->cmd.op == OCTET_OP_COPY || a->cmd.dst.type != b->cmd.dst.type ||
	    !is_clamp(table, a->cmd.dst.type, &low, &high))
		return false;
	low = low > a->cmd.act_min ? low : a->cmd.act_min;
	high = high < a->cmd.act_max ? high : a->cmd.act_max;
	if (low > high)
		return false;
	a->cmd.act_min = low;
	a->cmd.act_max = high;
	return true;
}

static bool try_retype(struct octet_low_cmd *a, const struct octet_low_cmd *b,
		       const uint8_t *table)
{
	bool stage = has_stage(&a->cmd) || a->cmd.op == OCTET_OP_SOFTMAX;
	int32_t by = b->cmd.dst.type == OCTET_TYPE_UINT8 ? 128 : -128;

	if (!stage || a->cmd.tail || a->cmd.dst.type == b->cmd.dst.type || !is_retype(table) ||
	    (a->cmd.op == OCTET_OP_EW && a->cmd.sub >= OCTET_EW_MIN &&
	     a->cmd.sub <= OCTET_EW_MAX))
		return false;
	a->cmd.dst.zero_point += by;
	a->cmd.act_min += by;
	a->cmd.act_max += by;
	return true;
}

/* Tables one after the other are one. */
static int compose(struct lower *l, struct octet_low_cmd *a, const uint8_t *first,
		   const uint8_t *second)
{
	uint8_t *table = malloc(OCTET_LUT8_SIZE);

	if (!table)
		return -ENOMEM;
	for (int i = 0; i < OCTET_LUT8_SIZE; i++)
		table[i] = second[first[i]];
	return lower_tensor(l, OCTET_LUT8_SIZE, table, &a->tensor[OCTET_OPERAND_TABLE]);
}

static bool full_range(const struct octet_cmd *cmd)
{
	int32_t low, high;

	lower_limits((enum octet_dtype)cmd->dst.type, &low, &high);
	return cmd->act_min <= low && cmd->act_max >= high;
}

/* 1: done; 0: these do not go together */
static int join_table(struct fuse *f, struct octet_low_cmd *joined, const struct octet_low_cmd *b)
{
	struct lower *l = f->l;
	const uint8_t *table = lower_data(l, b->tensor[OCTET_OPERAND_TABLE]);
	const uint8_t *own = joined->tensor[OCTET_OPERAND_TABLE] >= 0 ?
			     lower_data(l, joined->tensor[OCTET_OPERAND_TABLE]) : NULL;
	int ret;

	if (try_clamp(joined, b, table) || try_retype(joined, b, table))
		return 1;
	if (joined->cmd.op == OCTET_OP_LUT && is8(joined->cmd.src.type) &&
	    full_range(&joined->cmd)) {
		ret = compose(l, joined, own, table);
		joined->cmd.act_min = b->cmd.act_min;
		joined->cmd.act_max = b->cmd.act_max;
		return ret ? ret : 1;
	}
	if (joined->cmd.dst.type != b->cmd.dst.type)
		return 0;
	if (joined->cmd.tail & OCTET_TAIL_LUT) {
		ret = compose(l, joined, own, table);
		return ret ? ret : 1;
	}
	if (!has_stage(&joined->cmd) || !is8(joined->cmd.src.type))
		return 0;
	joined->cmd.tail |= OCTET_TAIL_LUT;
	joined->tensor[OCTET_OPERAND_TABLE] = b->tensor[OCTET_OPERAND_TABLE];
	return 1;
}

static int fuse_table(struct fuse *f, uint32_t b)
{
	struct octet_low *low = f->l->low;
	struct octet_low_cmd joined, *a = maker(f, b, OCTET_OPERAND_SRC);
	uint32_t op = low->cmds[b].op;
	int ret;

	if (!a || !is8(low->cmds[b].cmd.dst.type) || !full_range(&low->cmds[b].cmd))
		return 0;
	joined = *a;
	ret = join_table(f, &joined, &low->cmds[b]);
	if (ret <= 0)
		return ret;
	move_operand(&joined, OCTET_OPERAND_DST, &low->cmds[b], OCTET_OPERAND_DST);
	joined.op = op;
	replace(f, a, b, &joined);
	return 0;
}

/* May the result of @a be an addend of @b within one command? */
static bool adds(const struct octet_low_cmd *a, const struct octet_cmd *b)
{
	return (a->cmd.op == OCTET_OP_CONV2D || a->cmd.op == OCTET_OP_DEPTHWISE ||
		a->cmd.op == OCTET_OP_TCONV2D || a->cmd.op == OCTET_OP_GEMM) &&
	       a->cmd.stage != OCTET_STAGE_RAW && !a->cmd.tail && is8(a->cmd.src.type) &&
	       is8(b->dst.type) && a->cmd.dst.type == b->dst.type;
}

static void fuse_add(struct fuse *f, uint32_t b)
{
	struct octet_low *low = f->l->low;
	const struct octet_low_cmd *cb = &low->cmds[b];
	const struct octet_operand *mine = NULL, *other = NULL;
	enum octet_operand_index left = OCTET_OPERAND_SRC;
	struct octet_low_cmd joined, *a = NULL;

	if (cb->tensor[OCTET_OPERAND_SRC] == cb->tensor[OCTET_OPERAND_SRC2])
		return;
	for (int i = 0; i < 2; i++) {
		struct octet_low_cmd *c = maker(f, b, i ? OCTET_OPERAND_SRC2 : OCTET_OPERAND_SRC);
		const struct octet_operand *o = i ? &cb->cmd.src : &cb->cmd.src2;

		/* of two convolutions the later one */
		if (!c || !adds(c, &cb->cmd) || (a && c < a) ||
		    (o->flags & OCTET_OPERAND_REPEAT))
			continue;
		a = c;
		mine = i ? &cb->cmd.src2 : &cb->cmd.src;
		other = o;
		left = i ? OCTET_OPERAND_SRC : OCTET_OPERAND_SRC2;
	}
	if (!a || !whole(f, &cb->cmd, other, cb->tensor[left], false))
		return;
	joined = *a;
	joined.cmd.tail = OCTET_TAIL_ADD | cb->cmd.tail;
	joined.tensor[OCTET_OPERAND_TABLE] = cb->tensor[OCTET_OPERAND_TABLE];
	joined.cmd.mid_mult = mine->mult;
	joined.cmd.mid_shift = mine->shift;
	joined.cmd.mid_zero_point = a->cmd.dst.zero_point;
	joined.cmd.mid_min = a->cmd.act_min;
	joined.cmd.mid_max = a->cmd.act_max;
	joined.cmd.left_shift = cb->cmd.left_shift;
	joined.cmd.sum_stage = cb->cmd.stage;
	joined.cmd.sum_mult = cb->cmd.dst.mult;
	joined.cmd.sum_shift = cb->cmd.dst.shift;
	joined.cmd.act_min = cb->cmd.act_min;
	joined.cmd.act_max = cb->cmd.act_max;
	move_operand(&joined, OCTET_OPERAND_SRC2, cb, left);
	joined.cmd.src2.zero_point = other->zero_point;
	joined.cmd.src2.mult = other->mult;
	joined.cmd.src2.shift = other->shift;
	move_operand(&joined, OCTET_OPERAND_DST, cb, OCTET_OPERAND_DST);
	joined.cmd.dst.zero_point = cb->cmd.dst.zero_point;
	joined.op = cb->op;
	replace(f, a, b, &joined);
}

/* An input that is the same values in the other 8-bit type is read as it is. */
static void fuse_input(struct fuse *f, uint32_t b)
{
	struct octet_low *low = f->l->low;
	struct octet_low_cmd *cb = &low->cmds[b];
	struct octet_low_cmd *a = maker(f, b, OCTET_OPERAND_SRC);
	int32_t by;

	if (!a || a->cmd.op != OCTET_OP_LUT || !is8(a->cmd.src.type) || !full_range(&a->cmd) ||
	    !is8(cb->cmd.src.type) || a->cmd.src.type == a->cmd.dst.type ||
	    !is_retype(lower_data(f->l, a->tensor[OCTET_OPERAND_TABLE])))
		return;
	by = a->cmd.src.type == OCTET_TYPE_UINT8 ? 128 : -128;
	cb->cmd.src.zero_point += by;
	if (cb->cmd.op != OCTET_OP_GEMM)
		cb->cmd.pad_value += by;
	cb->cmd.src.type = a->cmd.src.type;
	cb->cmd.src.addr = a->cmd.src.addr;
	cb->cmd.src.flags = (cb->cmd.src.flags & OCTET_OPERAND_TRANSPOSED) |
			    (a->cmd.src.flags & OCTET_OPERAND_CONST);
	cb->tensor[OCTET_OPERAND_SRC] = a->tensor[OCTET_OPERAND_SRC];
	for (int i = 1; i < 4; i++)
		if (cb->cmd.op != OCTET_OP_GEMM || i == 2)
			cb->cmd.src.stride[i] = a->cmd.src.stride[i];
	f->into[a->op] = cb->op;
	f->dead[a - low->cmds] = true;
}

static uint32_t last_of(const struct fuse *f, uint32_t op)
{
	while (f->into[op] != op)
		op = f->into[op];
	return op;
}

/* Commands and steps without the dead ones; operators by what is left. */
static void settle(struct fuse *f, uint32_t *number)
{
	struct octet_low *low = f->l->low;
	uint32_t cmds = 0, steps = 0;

	for (uint32_t i = 0; i < low->cmd_count; i++) {
		number[i] = cmds;
		if (!f->dead[i])
			low->cmds[cmds++] = low->cmds[i];
	}
	for (uint32_t op = 0; op < f->l->g->op_count; op++)
		low->ops[op].count = 0;
	for (uint32_t i = 0; i < low->step_count; i++) {
		struct octet_low_step s = low->steps[i];
		struct octet_low_op *op;

		if (s.kind == OCTET_LOW_CMD && f->dead[s.index])
			continue;
		if (s.kind == OCTET_LOW_CMD)
			s.index = number[s.index];
		op = &low->ops[s.kind == OCTET_LOW_CMD ? low->cmds[s.index].op : s.index];
		if (!op->count++)
			op->first = steps;
		low->steps[steps++] = s;
	}
	low->cmd_count = cmds;
	low->step_count = steps;
	for (uint32_t i = 0; i < f->l->g->op_count; i++) {
		struct octet_low_op *op = &low->ops[i];

		if (f->into[i] == i || op->count)
			continue;
		op->where = OCTET_LOW_FUSED;
		op->into = last_of(f, i);
		op->first = low->ops[op->into].first;
		snprintf(op->why, sizeof(op->why), "done by the command of operator %u (%s)",
			 op->into, f->l->g->ops[op->into].name);
	}
}

static int join_all(struct fuse *f)
{
	struct octet_low *low = f->l->low;
	int ret = 0;

	for (uint32_t b = 0; b < low->cmd_count && !ret; b++)
		if (low->cmds[b].cmd.op == OCTET_OP_LUT && is8(low->cmds[b].cmd.src.type))
			ret = fuse_table(f, b);
	for (uint32_t b = 0; b < low->cmd_count && !ret; b++) {
		const struct octet_cmd *cmd = &low->cmds[b].cmd;

		if (f->dead[b])
			continue;
		if (cmd->op == OCTET_OP_EW && cmd->sub == OCTET_EW_ADD)
			fuse_add(f, b);
		else if (cmd->op == OCTET_OP_CONV2D || cmd->op == OCTET_OP_DEPTHWISE ||
			 cmd->op == OCTET_OP_GEMM)
			fuse_input(f, b);
	}
	return ret;
}

int lower_fuse(struct lower *l)
{
	uint32_t tensors = l->low->tensor_count + 1, cmds = l->low->cmd_count + 1;
	struct fuse f = { .l = l };
	uint32_t *number;
	int ret = -ENOMEM;

	if (l->o.keep_all)
		return 0;
	f.writer = calloc(tensors, sizeof(*f.writer));
	f.readers = calloc(tensors, sizeof(*f.readers));
	f.kept = calloc(tensors, sizeof(*f.kept));
	f.dead = calloc(cmds, sizeof(*f.dead));
	f.into = calloc(l->g->op_count + 1, sizeof(*f.into));
	number = calloc(cmds, sizeof(*number));
	if (f.writer && f.readers && f.kept && f.dead && f.into && number) {
		look(&f);
		ret = join_all(&f);
		if (!ret)
			settle(&f, number);
	}
	free(f.writer);
	free(f.readers);
	free(f.kept);
	free(f.dead);
	free(f.into);
	free(number);
	return ret;
}
