// SPDX-License-Identifier: MIT
/*
 * The new graph: operators in their order, each on codes or on real values, with
 * QUANTIZE and DEQUANTIZE where one follows the other.
 */
#include <stdlib.h>
#include <string.h>

#include "format.h"

int quantize_tensor(struct quantizer *z, const struct octet_graph_tensor *like, int32_t *tensor)
{
	struct octet_graph *q = z->q;

	if (q->tensor_count == z->tensor_room)
		return quantize_fail(z, -ENOMEM, "more tensors than foreseen");
	q->tensors[q->tensor_count] = *like;
	q->tensors[q->tensor_count].producer = -1;
	*tensor = (int32_t)q->tensor_count++;
	return 0;
}

static uint64_t bytes_of(const struct octet_graph_tensor *t)
{
	return (t->elements * octet_dtype_bits(t->type) + 7) / 8;
}

int quantize_set(struct quantizer *z, int32_t tensor, enum octet_dtype type, uint32_t quants,
		 uint32_t axis, const float *scale, const int32_t *zero_point)
{
	struct octet_graph_tensor *t = &z->q->tensors[tensor];

	t->type = type;
	t->bytes = bytes_of(t);
	t->quants = quants;
	t->axis = axis;
	t->scale = scale;
	t->zero_point = zero_point;
	return 0;
}

/* Parameters of an activation, in the new graph's memory. */
static int set_params(struct quantizer *z, int32_t tensor, const struct quantize_params *p)
{
	float *scale = octet_graph_alloc(z->q, 1, sizeof(*scale));
	int32_t *zero = octet_graph_alloc(z->q, 1, sizeof(*zero));

	if (!scale || !zero)
		return -ENOMEM;
	*scale = p->scale;
	*zero = p->zero_point;
	return quantize_set(z, tensor, z->type, 1, 0, scale, zero);
}

static struct octet_graph_op *add_op(struct quantizer *z, uint32_t inputs, uint32_t outputs)
{
	struct octet_graph_op *op;

	if (z->q->op_count == z->op_room)
		return NULL;
	op = &z->q->ops[z->q->op_count++];
	op->version = 1;
	op->inputs = octet_graph_alloc(z->q, inputs, sizeof(*op->inputs));
	op->outputs = octet_graph_alloc(z->q, outputs, sizeof(*op->outputs));
	op->input_count = inputs;
	op->output_count = outputs;
	return op->inputs && op->outputs ? op : NULL;
}

int quantize_convert(struct quantizer *z, uint32_t code, const char *name, int32_t from,
		     int32_t to)
{
	struct octet_graph_op *op = add_op(z, 1, 1);

	if (!op)
		return -ENOMEM;
	op->code = code;
	op->name = name;
	((int32_t *)(uintptr_t)op->inputs)[0] = from;
	((int32_t *)(uintptr_t)op->outputs)[0] = to;
	z->q->tensors[to].producer = (int32_t)z->q->op_count - 1;
	return 0;
}

/* A new tensor for the codes of @t, not computed yet. */
static int new_codes(struct quantizer *z, int32_t t, int32_t *tensor)
{
	int ret = quantize_tensor(z, &z->g->tensors[t], tensor);

	return ret ? ret : set_params(z, *tensor, &z->params[quantize_root(z, t)]);
}

/* The quantized form of @t, made if need be. */
static int codes_of(struct quantizer *z, int32_t t, int32_t *tensor)
{
	int ret = 0;

	if (z->codes[t] < 0 && z->g->tensors[t].data)
		ret = quantize_constant(z, t, &z->codes[t]);
	if (z->codes[t] < 0 && !ret) {
		ret = new_codes(z, t, &z->codes[t]);
		if (!ret)
			ret = quantize_convert(z, OCTET_G_QUANTIZE, "QUANTIZE", z->reals[t],
					       z->codes[t]);
	}
	*tensor = z->codes[t];
	return ret;
}

/* The same tensor in the new graph: integers, and constants of float operators. */
static int plain(struct quantizer *z, int32_t t, int32_t *tensor)
{
	int ret = 0;

	if (z->reals[t] < 0)
		ret = quantize_tensor(z, &z->g->tensors[t], &z->reals[t]);
	*tensor = z->reals[t];
	return ret;
}

static int reals_of(struct quantizer *z, int32_t t, int32_t *tensor)
{
	bool computed = z->reals[t] >= 0;
	int ret = plain(z, t, tensor);

	if (ret || computed || z->codes[t] < 0)
		return ret;
	return quantize_convert(z, OCTET_G_DEQUANTIZE, "DEQUANTIZE", z->codes[t], *tensor);
}

static bool same_params(const struct octet_graph_tensor *t, const struct quantize_params *p)
{
	return t->scale[0] == p->scale && t->zero_point[0] == p->zero_point;
}

/* An input of an operator whose result has other parameters than it may. */
static int requantized(struct quantizer *z, const struct octet_graph_op *op, int32_t *tensor)
{
	const struct quantize_params *p = &z->params[quantize_root(z, op->outputs[0])];
	int32_t from = *tensor;
	int ret;

	if (same_params(&z->q->tensors[from], p))
		return 0;
	ret = quantize_tensor(z, &z->q->tensors[from], tensor);
	if (ret)
		return ret;
	z->q->tensors[*tensor].data = NULL;
	ret = set_params(z, *tensor, p);
	return ret ? ret : quantize_convert(z, OCTET_G_QUANTIZE, "QUANTIZE", from, *tensor);
}

static int input(struct quantizer *z, const struct octet_graph_op *op,
		 const struct quantize_op_rule *rule, uint32_t i, int32_t *tensor)
{
	int ret;

	*tensor = -1;
	if (op->inputs[i] < 0)
		return 0;
	if (!quantize_is_data(z, op, i))
		return plain(z, op->inputs[i], tensor);
	ret = codes_of(z, op->inputs[i], tensor);
	if (ret || rule->rule != QUANTIZE_SAME)
		return ret;
	return requantized(z, op, tensor);
}

/* Weights and bias, by the scale of the data input. */
static int constants(struct quantizer *z, const struct octet_graph_op *op,
		     const struct quantize_op_rule *rule, int32_t *inputs)
{
	const struct octet_graph_tensor *w = octet_graph_input(z->g, op, rule->weights);
	float in_scale = z->q->tensors[inputs[rule->data]].scale[0];
	int ret;

	if (!w || !w->data)
		return quantize_fail(z, -ENOTSUP,
				     "operator %s: its weights are no constant: exclude it", op->name);
	ret = quantize_weights(z, op, rule, in_scale, &inputs[rule->weights]);
	if (!ret && octet_graph_input(z->g, op, rule->bias))
		ret = quantize_bias(z, op, rule, in_scale, inputs[rule->weights],
				    &inputs[rule->bias]);
	return ret;
}

static bool is_constant(const struct quantize_op_rule *rule, uint32_t i)
{
	return rule->rule == QUANTIZE_WEIGHTS && (i == rule->weights || i == rule->bias);
}

static int results(struct quantizer *z, const struct octet_graph_op *from, bool codes,
		   struct octet_graph_op *op)
{
	for (uint32_t i = 0; i < from->output_count; i++) {
		int32_t t = from->outputs[i], *made = &z->reals[t];
		int ret;

		if (codes && z->g->tensors[t].type == OCTET_FLOAT32) {
			made = &z->codes[t];
			ret = new_codes(z, t, made);
		} else {
			ret = plain(z, t, made);
		}
		if (ret)
			return ret;
		((int32_t *)(uintptr_t)op->outputs)[i] = *made;
		z->q->tensors[*made].producer = (int32_t)z->q->op_count - 1;
	}
	return 0;
}

static int one(struct quantizer *z, const struct octet_graph_op *from, bool codes)
{
	const struct quantize_op_rule *rule = quantize_rule_of(from);
	int32_t *inputs = octet_graph_alloc(z->q, from->input_count, sizeof(*inputs));
	struct octet_graph_op *op;
	int ret = inputs ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < from->input_count && !ret; i++) {
		if (codes && is_constant(rule, i))
			inputs[i] = -1;
		else if (codes)
			ret = input(z, from, rule, i, &inputs[i]);
		else if (from->inputs[i] < 0)
			inputs[i] = -1;
		else if (format_stored(z, from, i))
			ret = format_constant(z, from, i, &inputs[i]);
		else
			ret = reals_of(z, from->inputs[i], &inputs[i]);
	}
	if (!ret && codes && rule->rule == QUANTIZE_WEIGHTS)
		ret = constants(z, from, rule, inputs);
	if (ret)
		return ret;
	op = add_op(z, from->input_count, from->output_count);
	if (!op)
		return -ENOMEM;
	op->code = from->code;
	op->name = from->name;
	op->version = from->version;
	op->opt = from->opt;
	op->custom = from->custom;
	op->custom_bytes = from->custom_bytes;
	memcpy((int32_t *)(uintptr_t)op->inputs, inputs, from->input_count * sizeof(*inputs));
	format_op(z, op, codes);
	return results(z, from, codes, op);
}

static int begin(struct quantizer *z)
{
	const struct octet_graph *g = z->g;

	/* Each tensor as codes, as reals, and requantized for a reader. */
	z->tensor_room = 4 * g->tensor_count + 64;
	z->op_room = 3 * g->op_count + 64;
	for (uint32_t i = 0; i < g->op_count; i++) {
		z->tensor_room += g->ops[i].input_count;
		z->op_room += g->ops[i].input_count;
	}
	z->q->tensors = octet_graph_alloc(z->q, z->tensor_room, sizeof(*z->q->tensors));
	z->q->ops = octet_graph_alloc(z->q, z->op_room, sizeof(*z->q->ops));
	z->q->inputs = octet_graph_alloc(z->q, g->input_count, sizeof(int32_t));
	z->q->outputs = octet_graph_alloc(z->q, g->output_count, sizeof(int32_t));
	if (!z->q->tensors || !z->q->ops || !z->q->inputs || !z->q->outputs)
		return -ENOMEM;
	z->q->input_count = g->input_count;
	z->q->output_count = g->output_count;
	z->q->description = g->description;
	memset(z->codes, 0xff, g->tensor_count * sizeof(*z->codes));
	memset(z->reals, 0xff, g->tensor_count * sizeof(*z->reals));
	return 0;
}

/* The graph's inputs: as codes, or as they are with a QUANTIZE behind them. */
static int inputs_of(struct quantizer *z)
{
	for (uint32_t i = 0; i < z->g->input_count; i++) {
		int32_t t = z->g->inputs[i], made;
		int ret;

		if (z->g->tensors[t].type == OCTET_FLOAT32 && !z->o.real_io) {
			ret = new_codes(z, t, &made);
			z->codes[t] = made;
		} else {
			ret = plain(z, t, &made);
		}
		if (ret)
			return ret;
		((int32_t *)(uintptr_t)z->q->inputs)[i] = made;
	}
	return 0;
}

static int outputs_of(struct quantizer *z)
{
	for (uint32_t i = 0; i < z->g->output_count; i++) {
		int32_t t = z->g->outputs[i], made;
		bool real = z->g->tensors[t].type != OCTET_FLOAT32 || z->o.real_io;
		int ret = real ? reals_of(z, t, &made) : codes_of(z, t, &made);

		if (ret)
			return ret;
		((int32_t *)(uintptr_t)z->q->outputs)[i] = made;
	}
	return 0;
}

int quantize_build(struct quantizer *z)
{
	int ret = begin(z);

	if (!ret)
		ret = inputs_of(z);
	for (uint32_t i = 0; i < z->g->op_count && !ret; i++)
		ret = one(z, &z->g->ops[i], !z->excluded[i] && !format_is_real(z));
	return ret ? ret : outputs_of(z);
}
