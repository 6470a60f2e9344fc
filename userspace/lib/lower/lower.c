// SPDX-License-Identifier: MIT
/* The loop over the operators, and the memory of a program. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../host/host.h"
#include "lower_priv.h"

int lower_refuse(struct lower *l, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(l->why, sizeof(l->why), format, args);
	va_end(args);
	return LOWER_HOST;
}

/* Room for one more; the array may move. */
static bool room(void **array, uint32_t count, uint32_t *have, size_t size)
{
	uint32_t want = *have ? *have * 2 : 32;
	void *more;

	if (count < *have)
		return true;
	more = realloc(*array, want * size);
	if (!more)
		return false;
	*array = more;
	*have = want;
	return true;
}

void lower_init(struct octet_low_cmd *c, enum octet_op op)
{
	*c = (struct octet_low_cmd){ .cmd = {
		.op = (uint8_t)op, .n = 1, .n2 = 1, .h = 1, .w = 1, .cin = 1, .oh = 1, .ow = 1,
		.cout = 1, .groups = 1, .r = 1, .s = 1, .sh = 1, .sw = 1, .dh = 1, .dw = 1,
	} };
	for (int i = 0; i < OCTET_LOW_OPERANDS; i++)
		c->tensor[i] = -1;
}

static int check_extents(struct lower *l, const struct octet_cmd *cmd)
{
	const uint32_t in[] = { cmd->n2, cmd->n, cmd->h, cmd->w, cmd->cin };
	const uint32_t out[] = { cmd->n2, cmd->n, cmd->oh, cmd->ow, cmd->cout };
	uint64_t ins = 1, outs = 1;

	for (int i = 0; i < 5; i++) {
		uint32_t most = in[i] > out[i] ? in[i] : out[i];

		if (!in[i] || !out[i] || most > LOWER_EXTENT)
			return lower_refuse(l, "an extent is %u, the device takes up to %u", most,
					    LOWER_EXTENT);
		ins *= in[i];
		outs *= out[i];
		if (ins > LOWER_SIZE || outs > LOWER_SIZE)
			return lower_refuse(l, "it has more elements than the device takes, %u",
					    LOWER_SIZE);
	}
	return 0;
}

int lower_emit(struct lower *l, struct octet_low_cmd *c)
{
	struct octet_low *low = l->low;
	int ret;

	if (!(l->o.ops & 1u << c->cmd.op))
		return lower_refuse(l, "the device does not offer %s", octet_op_name(c->cmd.op));
	ret = check_extents(l, &c->cmd);
	if (ret)
		return ret;
	for (int i = 0; i < OCTET_OPERAND_DST; i++)
		if (c->tensor[i] >= 0 && lower_data(l, c->tensor[i]))
			(&c->cmd.src)[i].flags |= OCTET_OPERAND_CONST;
	for (int i = 0; i < OCTET_LOW_OPERANDS; i++)
		if (c->tensor[i] >= 0 && low->tensors[c->tensor[i]].bytes > LOWER_SIZE)
			return lower_refuse(l, "a tensor is larger than %u bytes", LOWER_SIZE);
	if (!room((void **)&low->cmds, low->cmd_count, &l->cmd_room, sizeof(*low->cmds)) ||
	    !room((void **)&low->steps, low->step_count, &l->step_room, sizeof(*low->steps)))
		return -ENOMEM;
	c->op = l->op;
	low->steps[low->step_count++] = (struct octet_low_step){ OCTET_LOW_CMD, low->cmd_count };
	low->cmds[low->cmd_count++] = *c;
	return 0;
}

int lower_tensor(struct lower *l, uint64_t bytes, void *owned, int32_t *tensor)
{
	struct octet_low *low = l->low;

	if (!room((void **)&low->tensors, low->tensor_count, &l->tensor_room,
		  sizeof(*low->tensors))) {
		free(owned);
		return -ENOMEM;
	}
	*tensor = (int32_t)low->tensor_count;
	low->tensors[low->tensor_count++] = (struct octet_low_tensor){
		.bytes = bytes, .data = owned, .owned = owned, .alias = -1,
	};
	return 0;
}

void lower_free(struct lower *l, const char *why)
{
	struct octet_low_op *op = &l->low->ops[l->op];

	op->where = OCTET_LOW_FREE;
	snprintf(op->why, sizeof(op->why), "%s", why);
}

const void *lower_data(const struct lower *l, int32_t tensor)
{
	const struct octet_low_tensor *t = l->low->tensors;
	uint64_t offset = 0;

	while (tensor >= 0 && t[tensor].alias >= 0) {
		offset += t[tensor].offset;
		tensor = t[tensor].alias;
	}
	return tensor >= 0 && t[tensor].data ? (const uint8_t *)t[tensor].data + offset : NULL;
}

bool lower_const_ints(const struct lower *l, int32_t tensor, uint32_t *count, int64_t out[16])
{
	const struct octet_graph_tensor *t = lower_of(l, tensor);
	const void *data = t ? lower_data(l, tensor) : NULL;

	if (!data || t->elements > 16 || (t->type != OCTET_INT32 && t->type != OCTET_INT64))
		return false;
	*count = (uint32_t)t->elements;
	for (uint32_t i = 0; i < *count; i++)
		out[i] = t->type == OCTET_INT64 ? ((const int64_t *)data)[i]
						: ((const int32_t *)data)[i];
	return true;
}

/* What an operator has emitted so far, to be taken back. */
struct mark {
	uint32_t tensors, cmds, steps;
};

static void back_to(struct lower *l, const struct mark *mark)
{
	struct octet_low *low = l->low;

	for (uint32_t i = mark->tensors; i < low->tensor_count; i++)
		free(low->tensors[i].owned);
	low->tensor_count = mark->tensors;
	low->cmd_count = mark->cmds;
	low->step_count = mark->steps;
}

static int fail(struct lower *l, const struct octet_graph_op *op, const char *host, char *err,
		size_t err_size)
{
	char label[OCTET_GRAPH_LABEL];

	snprintf(err, err_size, "operator %u (%s), %s: not on the device: %s; not on the CPU: %s",
		 l->op, op->name,
		 octet_graph_label(l->g, op->output_count ? op->outputs[0] : -1, label), l->why,
		 host ? host : "unknown");
	return -ENOTSUP;
}

/* Host operators need dense tensors: what made one strided is tried no more. */
static bool dense_only(struct lower *l, const int32_t *tensors, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (tensors[i] < 0 || lower_is_dense(l, tensors[i]))
			continue;
		l->deny[l->view_of[tensors[i]]] = true;
		l->again = true;
	}
	return !l->again;
}

static int on_host(struct lower *l, const struct octet_graph_op *op, char *err, size_t err_size)
{
	struct octet_low *low = l->low;
	struct octet_low_op *state = &low->ops[l->op];
	const char *why_not = NULL;
	octet_host_fn *fn;

	if (!dense_only(l, op->inputs, op->input_count) ||
	    !dense_only(l, op->outputs, op->output_count))
		return 0;
	if (octet_host_find(l->g, l->op, &fn, &why_not))
		return fail(l, op, why_not, err, err_size);
	if (!room((void **)&low->steps, low->step_count, &l->step_room, sizeof(*low->steps)))
		return -ENOMEM;
	state->where = OCTET_LOW_ON_HOST;
	snprintf(state->why, sizeof(state->why), "%s", l->why);
	low->steps[low->step_count++] = (struct octet_low_step){ OCTET_LOW_HOST, l->op };
	return 0;
}

static int one(struct lower *l, const struct octet_graph_op *op, char *err, size_t err_size)
{
	struct octet_low *low = l->low;
	struct octet_low_op *state = &low->ops[l->op];
	struct mark mark = { low->tensor_count, low->cmd_count, low->step_count };
	lower_fn *fn = lower_find(op->code);
	int ret;

	if (state->where == OCTET_LOW_FUSED) {
		state->exact = lower_exact(l, op);
		return 0;
	}
	snprintf(l->why, sizeof(l->why), "the device has no operation for it");
	if (!op->output_count || op->outputs[0] < 0)
		ret = lower_refuse(l, "it has no result");
	else if (l->o.host && l->o.host[l->op])
		ret = lower_refuse(l, "it does not fit the machine's SRAM");
	else
		ret = fn ? fn(l, op) : LOWER_HOST;
	if (ret < 0)
		return ret;
	if (ret) {
		back_to(l, &mark);
		if (l->pads[l->op]) {
			l->deny[l->pads[l->op] - 1] = true;
			l->again = true;
			return 0;
		}
		ret = on_host(l, op, err, err_size);
	}
	state->first = mark.steps;
	state->count = low->step_count - mark.steps;
	state->exact = lower_exact(l, op);
	return ret;
}

static int begin(struct lower *l)
{
	const struct octet_graph *g = l->g;
	struct octet_low *low = calloc(1, sizeof(*low));

	l->low = low;
	if (!low)
		return -ENOMEM;
	low->graph = g;
	l->tensor_room = g->tensor_count + 64;
	l->cmd_room = 0;
	l->step_room = 0;
	low->tensors = calloc(l->tensor_room, sizeof(*low->tensors));
	low->ops = calloc(g->op_count + 1, sizeof(*low->ops));
	if (!low->tensors || !low->ops)
		return -ENOMEM;
	low->tensor_count = g->tensor_count;
	for (uint32_t i = 0; i < g->tensor_count; i++)
		low->tensors[i] = (struct octet_low_tensor){
			.bytes = g->tensors[i].bytes, .data = g->tensors[i].data, .alias = -1,
		};
	memset(l->pads, 0, (g->op_count + 1) * sizeof(*l->pads));
	l->again = false;
	return 0;
}

/* Who reads what; constants of several readers count as well. */
static void count_uses(struct lower *l)
{
	const struct octet_graph *g = l->g;

	for (uint32_t i = 0; i < g->op_count; i++)
		for (uint32_t j = 0; j < g->ops[i].input_count; j++)
			if (g->ops[i].inputs[j] >= 0) {
				l->uses[g->ops[i].inputs[j]].readers++;
				l->uses[g->ops[i].inputs[j]].reader = i;
			}
	for (uint32_t i = 0; i < g->input_count; i++)
		l->uses[g->inputs[i]].input = true;
	for (uint32_t i = 0; i < g->output_count; i++)
		l->uses[g->outputs[i]].output = true;
}

static void use(struct octet_low *low, int32_t tensor)
{
	for (; tensor >= 0; tensor = low->tensors[tensor].alias)
		low->tensors[tensor].used = true;
}

static void mark_used(struct octet_low *low)
{
	const struct octet_graph *g = low->graph;

	for (uint32_t i = 0; i < low->cmd_count; i++)
		for (int j = 0; j < OCTET_LOW_OPERANDS; j++)
			use(low, low->cmds[i].tensor[j]);
	for (uint32_t i = 0; i < low->step_count; i++) {
		const struct octet_graph_op *op = &g->ops[low->steps[i].index];

		if (low->steps[i].kind != OCTET_LOW_HOST)
			continue;
		for (uint32_t j = 0; j < op->input_count; j++)
			use(low, op->inputs[j]);
		for (uint32_t j = 0; j < op->output_count; j++)
			use(low, op->outputs[j]);
	}
	for (uint32_t i = 0; i < g->output_count; i++)
		use(low, g->outputs[i]);
}

static int attempt(struct lower *l, char *err, size_t err_size)
{
	int ret = begin(l);

	if (!ret)
		ret = lower_plan_views(l);
	for (l->op = 0; !ret && l->op < l->g->op_count; l->op++)
		ret = one(l, &l->g->ops[l->op], err, err_size);
	if (!ret && !l->again)
		ret = lower_fuse(l);
	if (!ret && !l->again)
		ret = lower_panels(l);
	if (!ret && !l->again)
		mark_used(l->low);
	return ret;
}

static int start(struct lower *l)
{
	uint32_t tensors = l->g->tensor_count + 1, ops = l->g->op_count + 1;

	l->uses = calloc(tensors, sizeof(*l->uses));
	l->stride = calloc(tensors, sizeof(*l->stride));
	l->view_of = calloc(tensors, sizeof(*l->view_of));
	l->deny = calloc(ops, sizeof(*l->deny));
	l->pads = calloc(ops, sizeof(*l->pads));
	if (!l->uses || !l->stride || !l->view_of || !l->deny || !l->pads)
		return -ENOMEM;
	count_uses(l);
	return 0;
}

int octet_lower(const struct octet_graph *graph, const struct octet_low_opts *opts,
		struct octet_low **low, char *err, size_t err_size)
{
	struct lower l = { .g = graph, .o = *opts };
	char none[1];
	int ret;

	if (!err || !err_size) {
		err = none;
		err_size = sizeof(none);
	}
	err[0] = 0;
	ret = start(&l);
	/* Each further attempt denies one choice more, so this ends. */
	while (!ret) {
		ret = attempt(&l, err, err_size);
		if (ret || !l.again)
			break;
		octet_low_free(l.low);
		l.low = NULL;
	}
	free(l.uses);
	free(l.stride);
	free(l.view_of);
	free(l.deny);
	free(l.pads);
	if (!ret) {
		*low = l.low;
		return 0;
	}
	octet_low_free(l.low);
	if (ret == -ENOMEM)
		snprintf(err, err_size, "out of memory");
	return ret;
}

void octet_low_free(struct octet_low *low)
{
	if (!low)
		return;
	for (uint32_t i = 0; i < low->tensor_count; i++)
		free(low->tensors[i].owned);
	free(low->tensors);
	free(low->cmds);
	free(low->steps);
	free(low->ops);
	free(low);
}
