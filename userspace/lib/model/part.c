// SPDX-License-Identifier: MIT
/* A run of a model's operators as a model of its own. */
#include <stdlib.h>
#include <string.h>

#include "../internal.h"
#include "check.h"
#include "model.h"

/* What the walk knows of a tensor. */
enum role {
	ROLE_NONE,
	ROLE_INPUT,	/* read, not computed here */
	ROLE_OUTPUT,	/* computed here */
};

static bool is_data(const struct octet_graph_tensor *t)
{
	return !t->data && !t->variable;
}

static void find_roles(const struct octet_graph *g, uint32_t first, uint32_t count, uint8_t *role)
{
	for (uint32_t i = first; i < first + count; i++) {
		const struct octet_graph_op *op = &g->ops[i];

		for (uint32_t k = 0; k < op->input_count; k++) {
			int32_t t = op->inputs[k];

			if (t >= 0 && role[t] == ROLE_NONE && is_data(&g->tensors[t]))
				role[t] = ROLE_INPUT;
		}
		for (uint32_t k = 0; k < op->output_count; k++)
			role[op->outputs[k]] = ROLE_OUTPUT;
	}
}

/* The tensors of one role, in their order. */
static const int32_t *listed(struct octet_graph *p, const uint8_t *role, enum role wanted,
			     uint32_t *count)
{
	int32_t *list = octet_graph_alloc(p, p->tensor_count + 1, sizeof(*list));

	*count = 0;
	for (uint32_t i = 0; list && i < p->tensor_count; i++)
		if (role[i] == wanted)
			list[(*count)++] = (int32_t)i;
	return list;
}

static int fill(struct octet_graph *p, const struct octet_graph *g, uint32_t first, uint32_t count,
		const uint8_t *role)
{
	p->tensors = octet_graph_alloc(p, g->tensor_count + 1, sizeof(*p->tensors));
	p->ops = octet_graph_alloc(p, count, sizeof(*p->ops));
	if (!p->tensors || !p->ops)
		return -ENOMEM;
	memcpy(p->tensors, g->tensors, g->tensor_count * sizeof(*p->tensors));
	memcpy(p->ops, g->ops + first, count * sizeof(*p->ops));
	p->tensor_count = g->tensor_count;
	p->op_count = count;
	p->description = g->description;
	for (uint32_t i = 0; i < g->tensor_count; i++)
		if (role[i] == ROLE_OUTPUT)
			p->tensors[i].producer -= (int32_t)first;
		else
			p->tensors[i].producer = -1;
	p->inputs = listed(p, role, ROLE_INPUT, &p->input_count);
	p->outputs = listed(p, role, ROLE_OUTPUT, &p->output_count);
	return p->inputs && p->outputs ? 0 : -ENOMEM;
}

int octet_model_part(struct octet_model **out, const struct octet_model *model, uint32_t first,
		     uint32_t count)
{
	struct octet_model *part;
	char err[256];
	uint8_t *role;
	int ret;

	if (!out || !model)
		return -EINVAL;
	if (!count || first >= model->graph->op_count || count > model->graph->op_count - first)
		return -ENOENT;
	part = calloc(1, sizeof(*part));
	role = calloc(model->graph->tensor_count + 1, 1);
	if (part)
		part->graph = octet_graph_new();
	ret = part && part->graph && role ? 0 : -ENOMEM;
	if (!ret) {
		find_roles(model->graph, first, count, role);
		ret = fill(part->graph, model->graph, first, count, role);
	}
	if (!ret)
		ret = octet_graph_check(part->graph, err, sizeof(err));
	free(role);
	if (ret)
		octet_model_free(part);
	else
		*out = part;
	return ret;
}
