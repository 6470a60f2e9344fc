// SPDX-License-Identifier: MIT
/*
 * A copy of the float model that may be changed: operators and tensors are ours,
 * constants the caller's until someone wants one of its own. Tensors keep their
 * numbers, new ones follow.
 */
#include <string.h>

#include "quantize.h"

/* Per operator: weights, bias, and one in between for a method. */
#define EDITS	4

static const int32_t *copy_list(struct quantizer *z, const int32_t *from, uint32_t count)
{
	int32_t *to = octet_graph_alloc(z->q, count + 1, sizeof(*to));

	if (to && count)
		memcpy(to, from, count * sizeof(*to));
	return to;
}

static int copy_op(struct quantizer *z, const struct octet_graph_op *from, uint32_t i)
{
	struct octet_graph_op *to = &z->w->ops[i];

	*to = *from;
	to->inputs = copy_list(z, from->inputs, from->input_count);
	to->outputs = copy_list(z, from->outputs, from->output_count);
	z->origin[i] = i;
	return to->inputs && to->outputs ? 0 : -ENOMEM;
}

int quantize_edit(struct quantizer *z, const struct octet_graph *from)
{
	struct octet_graph *w = octet_graph_alloc(z->q, 1, sizeof(*w));

	z->given = from->tensor_count;
	z->limit = from->tensor_count + EDITS * from->op_count + 16;
	z->origin = octet_graph_alloc(z->q, from->op_count + 1, sizeof(*z->origin));
	if (!w || !z->origin)
		return -ENOMEM;
	*w = *from;
	w->tensors = octet_graph_alloc(z->q, z->limit, sizeof(*w->tensors));
	w->ops = octet_graph_alloc(z->q, from->op_count + 1, sizeof(*w->ops));
	z->w = w;
	if (!w->tensors || !w->ops)
		return -ENOMEM;
	memcpy(w->tensors, from->tensors, from->tensor_count * sizeof(*w->tensors));
	for (uint32_t i = 0; i < from->op_count; i++) {
		int ret = copy_op(z, &from->ops[i], i);

		if (ret)
			return ret;
	}
	z->edited.graph = w;
	z->model = &z->edited;
	z->g = w;
	return 0;
}

int32_t quantize_new(struct quantizer *z, const struct octet_graph_tensor *like)
{
	struct octet_graph_tensor *t;

	if (z->w->tensor_count == z->limit)
		return -1;
	t = &z->w->tensors[z->w->tensor_count];
	*t = *like;
	t->producer = -1;
	t->variable = false;
	return (int32_t)z->w->tensor_count++;
}

/* A float32 tensor with memory of its own, for one operator alone. */
static float *attach(struct quantizer *z, struct octet_graph_op *op, uint32_t input,
		     const struct octet_graph_tensor *like)
{
	float *data = octet_graph_alloc(z->q, like->elements, sizeof(*data));
	int32_t made = data ? quantize_new(z, like) : -1;
	struct octet_graph_tensor *t;

	if (made < 0)
		return NULL;
	t = &z->w->tensors[made];
	t->type = OCTET_FLOAT32;
	t->bytes = t->elements * sizeof(*data);
	t->quants = 0;
	t->scale = NULL;
	t->zero_point = NULL;
	t->data = data;
	((int32_t *)(uintptr_t)op->inputs)[input] = made;
	return data;
}

float *quantize_own(struct quantizer *z, struct octet_graph_op *op, uint32_t input)
{
	struct octet_graph_tensor t = z->w->tensors[op->inputs[input]];
	const float *from;
	float *data;

	if ((uint32_t)op->inputs[input] >= z->given)
		return (float *)(uintptr_t)t.data;
	from = quantize_reals(z, &t);
	data = from ? attach(z, op, input, &t) : NULL;
	if (data)
		memcpy(data, from, t.elements * sizeof(*data));
	return data;
}

float *quantize_own_bias(struct quantizer *z, struct octet_graph_op *op)
{
	const struct quantize_op_rule *rule = quantize_rule_of(op);
	const struct octet_graph_tensor *w = octet_graph_input(z->g, op, rule->weights);
	struct octet_graph_tensor t = { .name = w->name, .type = OCTET_FLOAT32, .rank = 1 };
	int32_t *inputs;

	if (octet_graph_input(z->g, op, rule->bias))
		return quantize_own(z, op, rule->bias);
	if (op->input_count <= rule->bias) {
		inputs = octet_graph_alloc(z->q, rule->bias + 1, sizeof(*inputs));
		if (!inputs)
			return NULL;
		memcpy(inputs, op->inputs, op->input_count * sizeof(*inputs));
		op->inputs = inputs;
		op->input_count = rule->bias + 1;
	}
	t.dims[0] = w->dims[op->code == OCTET_G_DEPTHWISE_CONV_2D ? 3 : 0];
	t.elements = t.dims[0];
	return attach(z, op, rule->bias, &t);
}

uint32_t quantize_readers(const struct quantizer *z, int32_t tensor)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < z->g->op_count; i++)
		for (uint32_t k = 0; k < z->g->ops[i].input_count; k++)
			n += z->g->ops[i].inputs[k] == tensor;
	for (uint32_t i = 0; i < z->g->output_count; i++)
		n += z->g->outputs[i] == tensor;
	return n;
}

int32_t quantize_reader(const struct quantizer *z, int32_t tensor)
{
	if (quantize_readers(z, tensor) != 1)
		return -1;
	for (uint32_t i = 0; i < z->g->op_count; i++)
		for (uint32_t k = 0; k < z->g->ops[i].input_count; k++)
			if (z->g->ops[i].inputs[k] == tensor)
				return (int32_t)i;
	return -1;
}

int32_t *quantize_activation(struct octet_graph_op *op)
{
	switch (op->code) {
	case OCTET_G_CONV_2D:
		return &op->opt.conv2d.activation;
	case OCTET_G_DEPTHWISE_CONV_2D:
		return &op->opt.depthwise.activation;
	case OCTET_G_FULLY_CONNECTED:
		return &op->opt.fc.activation;
	case OCTET_G_TRANSPOSE_CONV:
		return &op->opt.tconv.activation;
	case OCTET_G_ADD:
	case OCTET_G_SUB:
	case OCTET_G_MUL:
	case OCTET_G_DIV:
		return &op->opt.arith.activation;
	default:
		return NULL;
	}
}

bool quantize_layer(const struct quantizer *z, uint32_t i, struct quantize_layer *l)
{
	const struct octet_graph_op *op = &z->g->ops[i];
	uint32_t axis = op->code == OCTET_G_DEPTHWISE_CONV_2D ? 3 : 0;
	const struct octet_graph_tensor *b;

	l->rule = quantize_rule_of(op);
	if (z->excluded[i] || !l->rule || l->rule->rule != QUANTIZE_WEIGHTS)
		return false;
	l->weights = octet_graph_input(z->g, op, l->rule->weights);
	b = octet_graph_input(z->g, op, l->rule->bias);
	if (!l->weights || !l->weights->data || l->weights->rank <= axis || (b && !b->data))
		return false;
	l->channels = l->weights->dims[axis];
	l->outer = 1;
	l->inner = 1;
	for (uint32_t d = 0; d < l->weights->rank; d++)
		if (d < axis)
			l->outer *= l->weights->dims[d];
		else if (d > axis)
			l->inner *= l->weights->dims[d];
	return true;
}
