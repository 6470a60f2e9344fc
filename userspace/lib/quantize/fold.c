// SPDX-License-Identifier: MIT
/*
 * Batch norm and activations behind a layer with weights become part of it, where
 * nobody else reads what lies between:
 *
 *	conv, MUL, DIV by a constant per channel	weights and bias times it
 *	conv, ADD, SUB of a constant per channel	bias plus it
 *	conv, RELU, RELU6, RELU_N1_TO_1		fused activation; also ADD, SUB, MUL
 *
 * DEQUANTIZE of a constant, as models with float16 weights have it, becomes the
 * constant. Excluded operators are left as they are.
 */
#include <string.h>

#include "quantize.h"

static bool same_shape(const struct octet_graph_tensor *a, const struct octet_graph_tensor *b)
{
	return a->rank == b->rank && !memcmp(a->dims, b->dims, a->rank * sizeof(a->dims[0]));
}

/* One value, or one per channel of the innermost dimension. */
static bool per_channel(const struct octet_graph_tensor *t, size_t channels)
{
	if (!t || !t->data)
		return false;
	return t->elements == 1 ||
	       (t->elements == channels && t->rank && t->dims[t->rank - 1] == channels);
}

/* The constant operand of @op beside @tensor, or NULL. */
static const struct octet_graph_tensor *operand(const struct quantizer *z,
						const struct octet_graph_op *op, int32_t tensor)
{
	bool swap = op->code == OCTET_G_ADD || op->code == OCTET_G_MUL;

	if (op->input_count != 2)
		return NULL;
	if (op->inputs[0] == tensor)
		return octet_graph_input(z->g, op, 1);
	return swap ? octet_graph_input(z->g, op, 0) : NULL;
}

static int scale_layer(struct quantizer *z, struct octet_graph_op *op,
		       const struct quantize_layer *l, const float *c, size_t count, bool divide)
{
	bool biased = octet_graph_input(z->g, op, l->rule->bias);
	float *w = quantize_own(z, op, l->rule->weights), *b = NULL;

	if (biased)
		b = quantize_own_bias(z, op);
	if (!w || (biased && !b))
		return -ENOMEM;
	for (size_t k = 0; k < l->channels; k++) {
		float f = c[count > 1 ? k : 0];

		for (size_t o = 0; o < l->outer; o++) {
			float *row = w + (o * l->channels + k) * l->inner;

			for (size_t i = 0; i < l->inner; i++)
				row[i] = divide ? row[i] / f : row[i] * f;
		}
		if (b)
			b[k] = divide ? b[k] / f : b[k] * f;
	}
	return 0;
}

static int shift_layer(struct quantizer *z, struct octet_graph_op *op,
		       const struct quantize_layer *l, const float *c, size_t count, bool minus)
{
	float *b = quantize_own_bias(z, op);

	if (!b)
		return -ENOMEM;
	for (size_t k = 0; k < l->channels; k++)
		b[k] += minus ? -c[count > 1 ? k : 0] : c[count > 1 ? k : 0];
	return 0;
}

/* MUL, DIV, ADD, SUB by a constant into the layer before: 1: done, 0: not possible. */
static int fold_arith(struct quantizer *z, uint32_t i, struct octet_graph_op *next)
{
	struct octet_graph_op *op = &z->w->ops[i];
	const struct octet_graph_tensor *c = operand(z, next, op->outputs[0]);
	struct quantize_layer l;
	const float *v;
	int ret;

	if (!quantize_layer(z, i, &l) || !per_channel(c, l.channels))
		return 0;
	v = quantize_reals(z, c);
	if (!v)
		return -ENOMEM;
	if (next->code == OCTET_G_MUL || next->code == OCTET_G_DIV)
		ret = scale_layer(z, op, &l, v, c->elements, next->code == OCTET_G_DIV);
	else
		ret = shift_layer(z, op, &l, v, c->elements, next->code == OCTET_G_SUB);
	if (!ret)
		*quantize_activation(op) = next->opt.arith.activation;
	return ret ? ret : 1;
}

static int fold_activation(struct octet_graph_op *op, uint32_t code)
{
	*quantize_activation(op) = code == OCTET_G_RELU ? OCTET_G_ACT_RELU :
				   code == OCTET_G_RELU6 ? OCTET_G_ACT_RELU6 :
							   OCTET_G_ACT_RELU_N1_TO_1;
	return 1;
}

/* The operator behind @i, into it. */
static int fold_next(struct quantizer *z, uint32_t i, bool *gone)
{
	struct octet_graph_op *op = &z->w->ops[i], *next;
	int32_t *act = quantize_activation(op), j;
	int ret = 0;

	if (!act || *act != OCTET_G_ACT_NONE || z->excluded[i] || op->output_count != 1)
		return 0;
	j = quantize_reader(z, op->outputs[0]);
	if (j < 0 || z->excluded[j] || z->g->ops[j].output_count != 1)
		return 0;
	next = &z->w->ops[j];
	if (z->g->tensors[op->outputs[0]].type != OCTET_FLOAT32 ||
	    !same_shape(&z->g->tensors[op->outputs[0]], &z->g->tensors[next->outputs[0]]))
		return 0;
	if (next->code == OCTET_G_MUL || next->code == OCTET_G_DIV || next->code == OCTET_G_ADD ||
	    next->code == OCTET_G_SUB)
		ret = fold_arith(z, i, next);
	else if (next->code == OCTET_G_RELU || next->code == OCTET_G_RELU6 ||
		 next->code == OCTET_G_RELU_N1_TO_1)
		ret = fold_activation(op, next->code);
	if (ret <= 0)
		return ret;
	((int32_t *)(uintptr_t)op->outputs)[0] = next->outputs[0];
	gone[j] = true;
	next->input_count = 0;
	return 1;
}

static int fold_constant(struct quantizer *z, uint32_t i, bool *gone)
{
	const struct octet_graph_op *op = &z->g->ops[i];
	const struct octet_graph_tensor *from;
	struct octet_graph_tensor *to;

	if (op->code != OCTET_G_DEQUANTIZE || !op->input_count)
		return 0;
	from = octet_graph_input(z->g, op, 0);
	to = &z->w->tensors[op->outputs[0]];
	if (!from || !from->data || to->type != OCTET_FLOAT32)
		return 0;
	to->data = quantize_reals(z, from);
	gone[i] = true;
	return to->data ? 0 : -ENOMEM;
}

static void close_gaps(struct quantizer *z, const bool *gone)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < z->w->tensor_count; i++)
		z->w->tensors[i].producer = -1;
	for (uint32_t i = 0; i < z->w->op_count; i++) {
		if (gone[i])
			continue;
		z->w->ops[n] = z->w->ops[i];
		z->excluded[n] = z->excluded[i];
		z->origin[n] = z->origin[i];
		for (uint32_t k = 0; k < z->w->ops[n].output_count; k++)
			z->w->tensors[z->w->ops[n].outputs[k]].producer = (int32_t)n;
		n++;
	}
	z->w->op_count = n;
}

int quantize_fold(struct quantizer *z)
{
	bool *gone = octet_graph_alloc(z->q, z->w->op_count + 1, sizeof(*gone));
	int ret = gone ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < z->w->op_count && ret >= 0; i++)
		ret = fold_constant(z, i, gone);
	for (uint32_t i = 0; i < z->w->op_count && ret >= 0 && !z->o.no_fold; i++)
		do
			ret = gone[i] ? 0 : fold_next(z, i, gone);
		while (ret > 0);
	if (ret >= 0)
		close_gaps(z, gone);
	return ret < 0 ? ret : 0;
}
