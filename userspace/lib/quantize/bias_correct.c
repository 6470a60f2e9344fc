// SPDX-License-Identifier: MIT
/*
 * Bias correction: rounding weights shifts the mean of a layer's result, channel by
 * channel, by E[(Wq - W) x]. That much is taken from the bias. All layers at once
 * and in one pass over the samples: each layer of the float model gets a twin with
 * weights W - Wq, without bias and activation, whose mean per channel is the
 * correction. Paddings, strides and groups are those of the layer itself. The
 * inputs are those of the float model: each layer answers for its own weights, not
 * for the errors of those before it.
 */
#include <stdlib.h>
#include <string.h>

#include "quantize.h"

/** struct twins - @graph: the float model with twins; per operator of @z->g: */
struct twins {
	struct octet_graph *graph;
	int32_t *result;
	double **sum;
	uint64_t *count;
};

static int make_room(struct quantizer *z, struct twins *w)
{
	uint32_t n = z->g->op_count + 1;

	w->graph = octet_graph_new();
	w->result = calloc(n, sizeof(*w->result));
	w->sum = calloc(n, sizeof(*w->sum));
	w->count = calloc(n, sizeof(*w->count));
	if (!w->graph || !w->result || !w->sum || !w->count)
		return -ENOMEM;
	w->graph->tensors = octet_graph_alloc(w->graph, z->g->tensor_count + 2ull * n,
					      sizeof(*w->graph->tensors));
	w->graph->ops = octet_graph_alloc(w->graph, 2ull * n, sizeof(*w->graph->ops));
	if (!w->graph->tensors || !w->graph->ops)
		return -ENOMEM;
	memcpy(w->graph->tensors, z->g->tensors, z->g->tensor_count * sizeof(*z->g->tensors));
	w->graph->tensor_count = z->g->tensor_count;
	w->graph->inputs = z->g->inputs;
	w->graph->outputs = z->g->outputs;
	w->graph->input_count = z->g->input_count;
	w->graph->output_count = z->g->output_count;
	return 0;
}

static void release(const struct quantizer *z, struct twins *w)
{
	for (uint32_t i = 0; w->sum && i < z->g->op_count; i++)
		free(w->sum[i]);
	octet_graph_free(w->graph);
	free(w->result);
	free(w->sum);
	free(w->count);
}

/* W - Wq, as a tensor of the twins' graph. */
static int difference(struct quantizer *z, struct twins *w, const struct octet_graph_op *op,
		      const struct quantize_layer *l, int32_t *tensor)
{
	struct octet_graph_tensor t = *l->weights;
	float *d = octet_graph_alloc(w->graph, t.elements, sizeof(*d));
	float in = z->params[quantize_root(z, op->inputs[l->rule->data])].scale;
	struct quantize_codes c;
	int ret = d ? quantize_codes(z, op, l->rule, in, &c) : -ENOMEM;

	if (ret)
		return ret;
	for (uint64_t i = 0; i < t.elements; i++) {
		size_t k = c.whole ? 0 : i / c.inner % c.channels;

		int32_t code = z->type == OCTET_UINT8 ? (uint8_t)c.codes[i] : c.codes[i];

		d[i] = c.reals[i] - c.scale[k] * (float)(code - c.zero[k]);
	}
	t.type = OCTET_FLOAT32;
	t.bytes = t.elements * sizeof(*d);
	t.quants = 0;
	t.data = d;
	*tensor = (int32_t)w->graph->tensor_count;
	w->graph->tensors[w->graph->tensor_count++] = t;
	return 0;
}

static int add_twin(struct quantizer *z, struct twins *w, uint32_t i,
		    const struct quantize_layer *l)
{
	struct octet_graph_op *op = &w->graph->ops[w->graph->op_count];
	int32_t *inputs = octet_graph_alloc(w->graph, l->rule->bias + 1, sizeof(*inputs));
	int32_t *result = octet_graph_alloc(w->graph, 1, sizeof(*result));
	int ret;

	w->sum[i] = calloc(l->channels, sizeof(double));
	if (!inputs || !result || !w->sum[i])
		return -ENOMEM;
	*op = z->g->ops[i];
	memcpy(inputs, op->inputs, l->rule->bias * sizeof(*inputs));
	inputs[l->rule->bias] = -1;
	ret = difference(z, w, &z->g->ops[i], l, &inputs[l->rule->weights]);
	if (ret)
		return ret;
	op->inputs = inputs;
	op->input_count = l->rule->bias + 1;
	op->outputs = result;
	*quantize_activation(op) = OCTET_G_ACT_NONE;
	*result = w->result[i] = (int32_t)w->graph->tensor_count;
	w->graph->tensors[*result] = z->g->tensors[z->g->ops[i].outputs[0]];
	w->graph->tensors[*result].producer = (int32_t)w->graph->op_count++;
	w->graph->tensor_count++;
	return 0;
}

static int add_all(struct quantizer *z, struct twins *w)
{
	for (uint32_t i = 0; i < z->g->op_count; i++) {
		struct octet_graph_op *op = &w->graph->ops[w->graph->op_count];
		struct quantize_layer l;
		int ret;

		*op = z->g->ops[i];
		for (uint32_t k = 0; k < op->output_count; k++)
			w->graph->tensors[op->outputs[k]].producer = (int32_t)w->graph->op_count;
		w->graph->op_count++;
		if (!quantize_layer(z, i, &l) ||
		    z->g->tensors[op->inputs[l.rule->data]].data)
			continue;
		ret = add_twin(z, w, i, &l);
		if (ret)
			return ret;
	}
	return 0;
}

static int look(struct quantizer *z, struct octet_plan *plan, uint64_t sample, void *arg)
{
	struct twins *w = arg;

	(void)sample;
	for (uint32_t i = 0; i < z->g->op_count; i++) {
		struct quantize_layer l;
		const void *data;
		const float *v;
		size_t bytes;
		int ret;

		if (!w->sum[i] || !quantize_layer(z, i, &l))
			continue;
		ret = octet_plan_tensor(plan, (uint32_t)w->result[i], &data, &bytes);
		if (ret)
			return ret;
		v = data;
		for (size_t k = 0; k < bytes / sizeof(*v); k++)
			w->sum[i][k % l.channels] += (double)v[k];
		w->count[i] += bytes / sizeof(*v) / l.channels;
	}
	return 0;
}

static int correct(struct quantizer *z, const struct twins *w)
{
	for (uint32_t i = 0; i < z->g->op_count; i++) {
		struct quantize_layer l;
		float *b;

		if (!w->sum[i] || !w->count[i] || !quantize_layer(z, i, &l))
			continue;
		b = quantize_own_bias(z, &z->w->ops[i]);
		if (!b)
			return -ENOMEM;
		for (size_t c = 0; c < l.channels; c++)
			b[c] += (float)(w->sum[i][c] / (double)w->count[i]);
	}
	return 0;
}

int quantize_bias_correct(struct quantizer *z, octet_samples_fn *samples, void *opaque)
{
	struct octet_model model = { 0 };
	struct twins w = { 0 };
	int ret = make_room(z, &w);

	if (!ret)
		ret = add_all(z, &w);
	model.graph = w.graph;
	if (!ret)
		ret = quantize_watch(z, &model, samples, opaque, 0, look, &w);
	if (!ret)
		ret = correct(z, &w);
	release(z, &w);
	return ret;
}
