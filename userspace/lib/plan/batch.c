// SPDX-License-Identifier: MIT
/*
 * A graph for several samples at once: the outermost dimension of every
 * activation grows from 1 to the batch. Possible where no operator looks
 * across samples or has sizes of its own in constants.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

struct batched {
	struct octet_graph graph;
	struct octet_graph_tensor tensors[];
};

/* Operators whose meaning is that of each sample alone, by shapes and options. */
static bool per_sample(const struct octet_graph *g, const struct octet_graph_op *op)
{
	const struct octet_graph_tensor *x = octet_graph_input(g, op, 0);

	switch (op->code) {
	case OCTET_G_CONV_2D:
	case OCTET_G_DEPTHWISE_CONV_2D:
	case OCTET_G_FULLY_CONNECTED:
	case OCTET_G_AVERAGE_POOL_2D:
	case OCTET_G_MAX_POOL_2D:
	case OCTET_G_ADD:
	case OCTET_G_SUB:
	case OCTET_G_MUL:
	case OCTET_G_RESHAPE:
	case OCTET_G_QUANTIZE:
	case OCTET_G_DEQUANTIZE:
	case OCTET_G_LOGISTIC:
	case OCTET_G_TANH:
	case OCTET_G_RELU:
	case OCTET_G_RELU6:
	case OCTET_G_RELU_N1_TO_1:
	case OCTET_G_HARD_SWISH:
	case OCTET_G_LEAKY_RELU:
	case OCTET_G_RESIZE_BILINEAR:
	case OCTET_G_RESIZE_NEAREST_NEIGHBOR:
	case OCTET_G_PAD:
	case OCTET_G_MEAN:
		return true;
	case OCTET_G_SOFTMAX:
		return x && x->rank > 1;
	case OCTET_G_CONCATENATION:
		return op->opt.concat.axis != 0 && x && op->opt.concat.axis != -(int32_t)x->rank;
	default:
		return false;
	}
}

static int refuse(char *err, size_t err_size, uint32_t op, const char *name, const char *why)
{
	if (err_size)
		snprintf(err, err_size, "operator %u %s: %s", op, name, why);
	return -ENOTSUP;
}

/* Constants, and what is computed from nothing else: float16 weights, dequantized. */
static bool *settled_of(const struct octet_graph *g)
{
	bool *settled = calloc((size_t)g->tensor_count + 1, sizeof(*settled));

	for (uint32_t i = 0; i < g->tensor_count && settled; i++)
		settled[i] = g->tensors[i].data;
	for (uint32_t i = 0; i < g->op_count && settled; i++) {
		const struct octet_graph_op *op = &g->ops[i];
		bool all = op->input_count;

		for (uint32_t k = 0; k < op->input_count; k++)
			all &= op->inputs[k] < 0 || settled[op->inputs[k]];
		for (uint32_t k = 0; k < op->output_count; k++)
			settled[op->outputs[k]] = all;
	}
	return settled;
}

/* Axes or amounts in constants must leave the outermost dimension alone. */
static bool constants_ok(const struct octet_graph *g, const struct octet_graph_op *op)
{
	const struct octet_graph_tensor *c = octet_graph_input(g, op, 1);
	const struct octet_graph_tensor *x = octet_graph_input(g, op, 0);
	const int32_t *v = c ? c->data : NULL;

	if (op->code == OCTET_G_PAD)
		return v && c->type == OCTET_INT32 && !v[0] && !v[1];
	if (op->code != OCTET_G_MEAN)
		return true;
	if (!v || c->type != OCTET_INT32)
		return false;
	for (uint64_t i = 0; i < c->elements; i++)
		if (v[i] == 0 || v[i] == -(int32_t)x->rank)
			return false;
	return true;
}

/* Operators of several activations, which broadcast from the innermost dimension on. */
static bool several(uint32_t code)
{
	return code == OCTET_G_ADD || code == OCTET_G_SUB || code == OCTET_G_MUL ||
	       code == OCTET_G_CONCATENATION;
}

/* NULL, or what is wrong with activation @i of an operator. */
static const char *input_bad(const struct octet_graph *g, const struct octet_graph_op *op,
			     uint32_t i)
{
	const struct octet_graph_tensor *x = octet_graph_input(g, op, i);
	const struct octet_graph_tensor *y = octet_graph_output(g, op, 0);

	if (x->variable)
		return "reads a variable, which samples change one after the other";
	if (!x->rank || x->dims[0] != 1)
		return "has an input whose first dimension is not 1";
	if (i && !several(op->code))
		return "has weights or sizes that are computed";
	if (several(op->code) && (!y || x->rank != y->rank))
		return "has an input of another rank than its result";
	return NULL;
}

static int check_op(const struct octet_graph *g, const bool *settled, uint32_t index, char *err,
		    size_t err_size)
{
	const struct octet_graph_op *op = &g->ops[index];

	if (op->output_count && settled[op->outputs[0]])
		return 0;
	if (!per_sample(g, op) || !constants_ok(g, op))
		return refuse(err, err_size, index, op->name,
			      "is not known to do the same to each sample of a batch; several "
			      "slots work without a batch");
	for (uint32_t i = 0; i < op->input_count; i++) {
		const char *why = op->inputs[i] >= 0 && !settled[op->inputs[i]] ?
					  input_bad(g, op, i) : NULL;

		if (why)
			return refuse(err, err_size, index, op->name, why);
	}
	for (uint32_t i = 0; i < op->output_count; i++)
		if (!g->tensors[op->outputs[i]].rank || g->tensors[op->outputs[i]].dims[0] != 1)
			return refuse(err, err_size, index, op->name,
				      "has a result whose first dimension is not 1");
	return 0;
}

static int refuse_tensor(char *err, size_t err_size, const struct octet_graph *g, int32_t tensor,
			 const char *why)
{
	char label[OCTET_GRAPH_LABEL];

	if (err_size)
		snprintf(err, err_size, "%s: %s", octet_graph_label(g, tensor, label), why);
	return -ENOTSUP;
}

/* Inputs and outputs have to hold as many samples as the batch, used or not. */
static int check_edges(const struct octet_graph *g, const bool *settled, const int32_t *list,
		       uint32_t count, char *err, size_t err_size)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct octet_graph_tensor *t = &g->tensors[list[i]];

		if (settled[list[i]] || t->variable)
			return refuse_tensor(err, err_size, g, list[i],
					     "an input or output that does not grow with the batch");
		if (!t->rank || t->dims[0] != 1)
			return refuse_tensor(err, err_size, g, list[i],
					     "its first dimension is not 1");
	}
	return 0;
}

static bool grows(const struct octet_graph *g, const bool *settled, uint32_t tensor)
{
	const struct octet_graph_tensor *t = &g->tensors[tensor];

	return !settled[tensor] && !t->variable && t->rank && t->dims[0] == 1;
}

/* The limit is that of a file's tensors: no size in the library overflows below it. */
static int check_sizes(const struct octet_graph *g, const bool *settled, uint32_t batch, char *err,
		       size_t err_size)
{
	for (uint32_t i = 0; i < g->tensor_count; i++)
		if (grows(g, settled, i) && g->tensors[i].elements > INT32_MAX / batch)
			return refuse_tensor(err, err_size, g, (int32_t)i,
					     "more than 2147483647 elements");
	return 0;
}

static int grow(const struct octet_graph *g, const bool *settled, uint32_t batch,
		struct octet_graph **out)
{
	struct batched *b = calloc(1, sizeof(*b) + g->tensor_count * sizeof(b->tensors[0]));

	if (!b)
		return -ENOMEM;
	b->graph = *g;
	b->graph.tensors = b->tensors;
	memcpy(b->tensors, g->tensors, g->tensor_count * sizeof(b->tensors[0]));
	for (uint32_t i = 0; i < g->tensor_count; i++) {
		struct octet_graph_tensor *t = &b->tensors[i];

		if (!grows(g, settled, i))
			continue;
		t->dims[0] = batch;
		t->elements *= batch;
		t->bytes *= batch;
	}
	*out = &b->graph;
	return 0;
}

int octet_graph_batch(const struct octet_graph *g, uint32_t batch, struct octet_graph **out,
		      char *err, size_t err_size)
{
	bool *settled = settled_of(g);
	int ret = settled ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < g->op_count && !ret; i++)
		ret = check_op(g, settled, i, err, err_size);
	if (!ret)
		ret = check_edges(g, settled, g->inputs, g->input_count, err, err_size);
	if (!ret)
		ret = check_edges(g, settled, g->outputs, g->output_count, err, err_size);
	if (!ret)
		ret = check_sizes(g, settled, batch, err, err_size);
	if (!ret)
		ret = grow(g, settled, batch, out);
	free(settled);
	return ret;
}

void octet_graph_batch_free(struct octet_graph *g)
{
	if (g)
		free(octet_entry(g, struct batched, graph));
}
