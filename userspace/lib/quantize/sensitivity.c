// SPDX-License-Identifier: MIT
/*
 * Which operators hurt: each is quantized alone, between QUANTIZE and DEQUANTIZE in
 * the float model, and the outputs are compared with those of the float model:
 * SQNR = 10 log10(sum y^2 / sum (y - yq)^2) over all outputs and the first samples.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quantize.h"

/* Samples that the ranking looks at. */
#define SAMPLES	32

/** struct compare - @ref: outputs of the float model, one after the other */
struct compare {
	float *ref;
	size_t per_sample, room;
	bool keep;
	double signal, noise;
};

static size_t floats_out(const struct quantizer *z)
{
	size_t n = 0;

	for (uint32_t i = 0; i < z->g->output_count; i++)
		if (z->g->tensors[z->g->outputs[i]].type == OCTET_FLOAT32)
			n += z->g->tensors[z->g->outputs[i]].elements;
	return n;
}

static int keep(struct compare *c, uint64_t sample)
{
	float *more;

	if (sample < c->room)
		return 0;
	more = realloc(c->ref, (sample + 1) * (c->per_sample + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	c->ref = more;
	c->room = sample + 1;
	return 0;
}

static void add(struct compare *c, float *ref, const float *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double d = (double)ref[i] - (double)v[i];

		c->signal += (double)ref[i] * (double)ref[i];
		c->noise += d * d;
	}
}

static int look(struct quantizer *z, struct octet_plan *plan, uint64_t sample, void *arg)
{
	struct compare *c = arg;
	float *ref;
	int ret = c->keep ? keep(c, sample) : 0;

	if (ret)
		return ret;
	ref = c->ref + sample * c->per_sample;
	for (uint32_t i = 0; i < z->g->output_count; i++) {
		size_t n = z->g->tensors[z->g->outputs[i]].elements;
		const void *v;

		if (z->g->tensors[z->g->outputs[i]].type != OCTET_FLOAT32)
			continue;
		v = octet_plan_output(plan, 0, i, NULL);
		if (c->keep)
			memcpy(ref, v, n * sizeof(*ref));
		else
			add(c, ref, v, n);
		ref += n;
	}
	return 0;
}

/* All but @op stay float; the new graph is another one than the final. */
static int alone(struct quantizer *z, uint32_t op, octet_samples_fn *samples, void *opaque,
		 struct compare *c)
{
	bool *excluded = z->excluded, *others = calloc(z->g->op_count + 1, sizeof(*others));
	struct octet_graph *q = z->q;
	struct octet_model *model = NULL;
	int ret;

	z->q = octet_graph_new();
	if (others)
		memset(others, true, z->g->op_count);
	ret = others && z->q ? 0 : -ENOMEM;
	if (!ret) {
		others[op] = false;
		z->excluded = others;
		ret = quantize_build(z);
	}
	if (!ret)
		ret = quantize_finish(z, &model);
	c->signal = c->noise = 0;
	if (!ret)
		ret = quantize_watch(z, model, samples, opaque, SAMPLES, look, c);
	octet_model_free(model);
	octet_graph_free(z->q);
	free(others);
	z->excluded = excluded;
	z->q = q;
	return ret;
}

static int worse(const void *a, const void *b)
{
	const struct quantize_rank *x = a, *y = b;

	if (x->sqnr != y->sqnr)
		return x->sqnr < y->sqnr ? -1 : 1;
	return x->op < y->op ? -1 : x->op > y->op;
}

int quantize_sensitivity(struct quantizer *z, octet_samples_fn *samples, void *opaque,
			 struct quantize_rank *list, uint32_t *count)
{
	struct compare c = { .per_sample = floats_out(z), .keep = true };
	bool real_io = z->o.real_io;
	int ret = quantize_watch(z, z->model, samples, opaque, SAMPLES, look, &c);

	c.keep = false;
	*count = 0;
	z->o.real_io = true;
	for (uint32_t i = 0; i < z->g->op_count && !ret; i++) {
		if (z->excluded[i])
			continue;
		ret = alone(z, i, samples, opaque, &c);
		list[*count].op = i;
		list[(*count)++].sqnr = c.noise > 0 ? 10 * log10(c.signal / c.noise) : INFINITY;
	}
	z->o.real_io = real_io;
	free(c.ref);
	if (!ret)
		qsort(list, *count, sizeof(*list), worse);
	return ret;
}

int quantize_keep_worst(struct quantizer *z, octet_samples_fn *samples, void *opaque)
{
	struct quantize_rank *list = calloc(z->g->op_count + 1, sizeof(*list));
	uint32_t count;
	int ret = list ? quantize_sensitivity(z, samples, opaque, list, &count) : -ENOMEM;

	for (uint32_t i = 0; !ret && i < count && i < z->o.keep_worst; i++)
		z->excluded[list[i].op] = true;
	free(list);
	return ret;
}
