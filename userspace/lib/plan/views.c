// SPDX-License-Identifier: MIT
/*
 * The commands of a segment as the placement planner sees them: which tensor
 * each reads and writes, and where that is not the whole tensor as it lies.
 */
#include <stdlib.h>

#include "plan.h"

/* Extents of an activation, outermost first, and the index of its first stride. */
struct box {
	uint32_t ext[4];
	uint32_t inner;
	unsigned int first;
};

static struct box box_of(const struct octet_cmd *cmd, enum octet_operand_index i)
{
	bool out = i == OCTET_OPERAND_DST || (i == OCTET_OPERAND_SRC2 && cmd->op != OCTET_OP_EW);

	if (cmd->op == OCTET_OP_GEMM)
		return (struct box){ { cmd->n2, cmd->n, out ? cmd->oh : cmd->h, 1 },
				     out ? cmd->cout : cmd->cin, 0 };
	if (cmd->op == OCTET_OP_COPY)
		return (struct box){ { cmd->n, cmd->h, cmd->w, cmd->cin }, 1, 0 };
	if (out)
		return (struct box){ { 1, cmd->n, cmd->oh, cmd->ow }, cmd->cout, 1 };
	return (struct box){ { 1, cmd->n, cmd->h, cmd->w }, cmd->cin, 1 };
}

static uint64_t type_bytes(uint8_t type)
{
	return type == OCTET_TYPE_INT32 ? 4 : type == OCTET_TYPE_INT16 ? 2 : 1;
}

/* Is the operand all of a tensor of @bytes, in the order of its elements? */
static bool whole(const struct octet_cmd *cmd, enum octet_operand_index i,
		  const struct octet_operand *o, uint64_t bytes)
{
	struct box b = box_of(cmd, i);
	uint64_t step = b.inner * type_bytes(o->type);

	if (o->addr || (o->flags & ~OCTET_OPERAND_CONST))
		return false;
	for (int d = 3; d >= (int)b.first; d--) {
		if (b.ext[d] > 1 && o->stride[d] != step)
			return false;
		step *= b.ext[d];
	}
	return step == bytes;
}

/*
 * The number under which the planner knows an operand's tensor: that of the root
 * if it is all of it.
 */
static int32_t known_as(const struct octet_plan *plan, const struct octet_low_tensor *low,
			int32_t tensor)
{
	const struct plan_tensor *t;

	if (tensor < 0)
		return -1;
	t = &plan->tensors[tensor];
	if (!t->offset && !low[tensor].strided && low[tensor].bytes == low[t->root].bytes)
		return (int32_t)t->root;
	return tensor;
}

/* As a link must be seen by reader and writer alike: images, rows, bytes of a row. */
struct rows {
	uint64_t images, rows, row;
};

static struct rows rows_of(const struct octet_cmd *cmd, enum octet_operand_index i, uint8_t type)
{
	struct box b = box_of(cmd, i);

	if (cmd->op == OCTET_OP_COPY)
		return (struct rows){ cmd->n, cmd->h,
				      (uint64_t)cmd->w * cmd->cin * type_bytes(type) };
	if (cmd->op == OCTET_OP_GEMM)
		return (struct rows){ (uint64_t)b.ext[0] * b.ext[1], b.ext[2],
				      b.inner * type_bytes(type) };
	return (struct rows){ b.ext[1], b.ext[2], (uint64_t)b.ext[3] * b.inner * type_bytes(type) };
}

static bool alike(struct rows a, struct rows b)
{
	return a.images == b.images && a.rows == b.rows && a.row == b.row;
}

/* How each tensor was seen first; others that see it differently need it in memory. */
static bool seen_alike(struct rows *seen, int32_t tensor, struct rows now)
{
	if (!seen[tensor].rows) {
		seen[tensor] = now;
		return true;
	}
	return alike(seen[tensor], now);
}

static int32_t operand(struct octet_plan *plan, const struct octet_low_tensor *low,
		       const struct octet_low_cmd *c, enum octet_operand_index i,
		       struct rows *seen, bool *view)
{
	const struct octet_operand *o = &(&c->cmd.src)[i];
	int32_t tensor = known_as(plan, low, c->tensor[i]);

	*view = false;
	if (tensor < 0)
		return -1;
	*view = !whole(&c->cmd, i, o, low[tensor].bytes);
	if (!*view)
		*view = !seen_alike(seen, tensor, rows_of(&c->cmd, i, o->type));
	return tensor;
}

static void layer(struct octet_plan *plan, const struct octet_low_tensor *low,
		  const struct octet_low_cmd *c, struct rows *seen, struct octet_place_layer *l)
{
	const struct octet_operand *wgt = &c->cmd.wgt;
	bool view;

	octet_cycles_from_cmd(&l->cost, &c->cmd);
	l->b = -1;
	if (wgt->space && !(wgt->flags & OCTET_OPERAND_CONST))
		l->b = operand(plan, low, c, OCTET_OPERAND_WGT, seen, &view);
	l->src = operand(plan, low, c, OCTET_OPERAND_SRC, seen, &l->src_view);
	l->src2 = operand(plan, low, c, OCTET_OPERAND_SRC2, seen, &l->src2_view);
	l->dst = operand(plan, low, c, OCTET_OPERAND_DST, seen, &l->dst_view);
}

static bool stays_out(const struct octet_plan *plan, uint32_t root, int32_t segment)
{
	const struct plan_tensor *t = &plan->tensors[root];
	const struct octet_graph *g = plan->graph;

	if (plan->low->tensors[root].data || t->on_host || t->segment != segment)
		return true;
	return t->edge || (root < g->tensor_count && g->tensors[root].variable);
}

int octet_plan_layers(struct octet_plan *plan, const struct plan_segment *segment,
		      struct octet_place_layer *layers, struct octet_place_tensor *tensors)
{
	const struct octet_low *low = segment->low;
	struct rows *seen = calloc(low->tensor_count, sizeof(*seen));
	int32_t index = 0;

	if (!seen)
		return -ENOMEM;
	while (plan->segments[index].first != segment->first)
		index++;
	for (uint32_t i = 0; i < low->tensor_count; i++) {
		const struct plan_tensor *t = &plan->tensors[i];

		tensors[i] = (struct octet_place_tensor){
			.bytes = low->tensors[i].bytes,
			.external = stays_out(plan, t->root, index),
			.alias_of = -1,
		};
		if (known_as(plan, low->tensors, (int32_t)i) == (int32_t)t->root)
			continue;
		tensors[i].alias_of = (int32_t)t->root;
		tensors[i].alias_offset = t->offset;
		if (low->tensors[i].strided)
			tensors[i].bytes = low->tensors[t->root].bytes - t->offset;
	}
	for (uint32_t i = 0; i < segment->count; i++)
		layer(plan, low->tensors, &low->cmds[low->steps[segment->first + i].index], seen,
		      &layers[i]);
	free(seen);
	return 0;
}
