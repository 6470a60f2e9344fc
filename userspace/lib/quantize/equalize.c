// SPDX-License-Identifier: MIT
/*
 * Cross-layer equalization (Nagel et al., Data-free quantization): channel c of a
 * tensor between two layers is divided by s and the weights that read it are
 * multiplied by s, which the network does not notice as long as what lies between
 * is NONE or RELU: relu(x / s) = relu(x) / s. Not RELU6, whose 6 would have to
 * become one per channel. With s = sqrt(r1 / r2), r1 and r2 the largest weights of
 * the channel before and behind, both become sqrt(r1 * r2), so that no channel is
 * left with few codes when all share a scale.
 */
#include <math.h>
#include <stdlib.h>

#include "quantize.h"

/* Moves are at most this far, and a bias counts as weights of this part of it. */
#define FARTHEST	1024.0f
#define BIAS_PART	(1.0f / 64)

static bool reads_channels(const struct quantizer *z, uint32_t i, int32_t tensor, uint32_t channels)
{
	const struct octet_graph_op *op = &z->g->ops[i];
	struct quantize_layer l;
	uint32_t last;

	if (!quantize_layer(z, i, &l) || op->inputs[l.rule->data] != tensor)
		return false;
	for (uint32_t k = 0; k < op->input_count; k++)
		if (k != l.rule->data && op->inputs[k] == tensor)
			return false;
	last = l.weights->dims[l.weights->rank - 1];
	return op->code == OCTET_G_DEPTHWISE_CONV_2D ? last % channels == 0 : last == channels;
}

static bool reads(const struct octet_graph_op *op, int32_t tensor)
{
	for (uint32_t k = 0; k < op->input_count; k++)
		if (op->inputs[k] == tensor)
			return true;
	return false;
}

/* A layer whose result may be scaled: or one that multiplies by a constant per channel. */
static bool writes_channels(const struct quantizer *z, int32_t i, uint32_t channels)
{
	struct octet_graph_op *op = &z->w->ops[i];
	const struct octet_graph_tensor *c = octet_graph_input(z->g, op, 1);
	int32_t act = quantize_activation(op) ? *quantize_activation(op) : -1;
	struct quantize_layer l;

	if (act != OCTET_G_ACT_NONE && act != OCTET_G_ACT_RELU)
		return false;
	if (quantize_layer(z, (uint32_t)i, &l))
		return l.channels == channels;
	return !z->excluded[i] && (op->code == OCTET_G_MUL || op->code == OCTET_G_ADD) && c &&
	       c->data && c->elements == channels && c->rank && c->dims[c->rank - 1] == channels;
}

bool quantize_site(struct quantizer *z, int32_t tensor, struct quantize_site *s)
{
	const struct octet_graph_tensor *t = &z->g->tensors[tensor];
	uint32_t readers = 0;
	int32_t by = t->producer;

	*s = (struct quantize_site){ .tensor = tensor };
	if (by < 0 || !t->rank || t->type != OCTET_FLOAT32 || z->g->ops[by].output_count != 1)
		return false;
	s->channels = t->dims[t->rank - 1];
	for (uint32_t i = 0; i < z->g->op_count; i++)
		if (reads(&z->g->ops[i], tensor)) {
			if (!reads_channels(z, i, tensor, s->channels))
				return false;
			readers++;
		}
	if (!readers || quantize_readers(z, tensor) != readers || !writes_channels(z, by, s->channels))
		return false;
	s->writer = &z->w->ops[by];
	if (s->writer->code != OCTET_G_ADD)
		return true;
	/* Behind a product nobody else reads, a constant sum goes along. */
	s->adder = s->writer;
	by = z->g->tensors[s->adder->inputs[0]].producer;
	if (by < 0 || z->g->ops[by].code != OCTET_G_MUL ||
	    quantize_reader(z, s->adder->inputs[0]) < 0 || !writes_channels(z, by, s->channels) ||
	    *quantize_activation(&z->w->ops[by]) != OCTET_G_ACT_NONE)
		return false;
	s->writer = &z->w->ops[by];
	return true;
}

/* Which channel of the input a weight of @op reads. */
static uint32_t channel_of(const struct octet_graph_op *op, const struct octet_graph_tensor *w,
			   uint32_t channels, uint64_t i)
{
	uint32_t last = w->dims[w->rank - 1];

	if (op->code == OCTET_G_DEPTHWISE_CONV_2D)
		return (uint32_t)(i % last) / (last / channels);
	return (uint32_t)(i % last);
}

/* Weights of all readers: their largest into @max, or times @s. */
static int each_reader(struct quantizer *z, const struct quantize_site *site, float *max,
		       const float *s)
{
	for (uint32_t i = 0; i < z->w->op_count; i++) {
		struct octet_graph_op *op = &z->w->ops[i];
		const struct octet_graph_tensor *w;
		struct quantize_layer l;
		float *v;

		if (!reads(op, site->tensor) || !quantize_layer(z, i, &l))
			continue;
		v = quantize_own(z, op, l.rule->weights);
		if (!v)
			return -ENOMEM;
		w = octet_graph_input(z->g, op, l.rule->weights);
		for (uint64_t k = 0; k < w->elements; k++) {
			uint32_t c = channel_of(op, w, site->channels, k);

			if (s)
				v[k] *= s[c];
			else
				max[c] = fmaxf(max[c], fabsf(v[k]));
		}
	}
	return 0;
}

int quantize_site_in(struct quantizer *z, const struct quantize_site *site, float *max)
{
	return each_reader(z, site, max, NULL);
}

static int divide(struct quantizer *z, struct octet_graph_op *op, uint32_t input, const float *s,
		  size_t outer, size_t channels, size_t inner)
{
	float *v = quantize_own(z, op, input);

	if (!v)
		return -ENOMEM;
	for (size_t o = 0; o < outer; o++)
		for (size_t c = 0; c < channels; c++)
			for (size_t i = 0; i < inner; i++)
				v[(o * channels + c) * inner + i] /= s[c];
	return 0;
}

int quantize_site_move(struct quantizer *z, const struct quantize_site *site, const float *s)
{
	struct quantize_layer l;
	int ret;

	if (quantize_layer(z, (uint32_t)(site->writer - z->w->ops), &l)) {
		ret = divide(z, site->writer, l.rule->weights, s, l.outer, l.channels, l.inner);
		if (!ret && octet_graph_input(z->g, site->writer, l.rule->bias))
			ret = divide(z, site->writer, l.rule->bias, s, 1, l.channels, 1);
	} else {
		ret = divide(z, site->writer, 1, s, 1, site->channels, 1);
	}
	if (!ret && site->adder)
		ret = divide(z, site->adder, 1, s, 1, site->channels, 1);
	return ret ? ret : each_reader(z, site, NULL, s);
}

/* Largest weight per output channel of the layer before. */
static int out_ranges(struct quantizer *z, const struct quantize_site *site,
		      const struct quantize_layer *l, float *max)
{
	float *v = quantize_own(z, site->writer, l->rule->weights), *b = NULL;

	if (v && octet_graph_input(z->g, site->writer, l->rule->bias)) {
		b = quantize_own_bias(z, site->writer);
		v = b ? v : NULL;
	}
	if (!v)
		return -ENOMEM;
	for (size_t c = 0; c < l->channels; c++) {
		float most = 0;

		for (size_t o = 0; o < l->outer; o++)
			for (size_t i = 0; i < l->inner; i++)
				most = fmaxf(most, fabsf(v[(o * l->channels + c) * l->inner + i]));
		/* A bias alone must not stretch the range of all channels. */
		max[c] = b && most > 0 ? fmaxf(most, fabsf(b[c]) * BIAS_PART) : most;
	}
	return 0;
}

static int equalize_one(struct quantizer *z, const struct quantize_site *site,
			const struct quantize_layer *l)
{
	float *out = calloc(site->channels, sizeof(*out)), *in = calloc(site->channels, sizeof(*in));
	int ret = out && in ? 0 : -ENOMEM;

	if (!ret)
		ret = out_ranges(z, site, l, out);
	if (!ret)
		ret = quantize_site_in(z, site, in);
	for (uint32_t c = 0; c < site->channels && !ret; c++) {
		float s = out[c] > 0 && in[c] > 0 ? sqrtf(out[c] / in[c]) : 1;

		out[c] = isfinite(s) ? fminf(fmaxf(s, 1 / FARTHEST), FARTHEST) : 1;
	}
	if (!ret)
		ret = quantize_site_move(z, site, out);
	free(out);
	free(in);
	return ret;
}

int quantize_equalize(struct quantizer *z)
{
	int ret = 0;

	/* Twice: what a layer gains behind it shows before it. */
	for (uint32_t pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < z->w->op_count && !ret; i++) {
			struct quantize_site site;
			struct quantize_layer l;

			if (quantize_layer(z, i, &l) && quantize_site(z, z->g->ops[i].outputs[0], &site))
				ret = equalize_one(z, &site, &l);
		}
	return ret;
}
