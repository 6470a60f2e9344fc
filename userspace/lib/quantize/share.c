// SPDX-License-Identifier: MIT
/*
 * Parameters of activations: tensors that an operator wants to be alike share a
 * range, and operators with a known range have their say.
 */
#include <math.h>
#include <stdlib.h>

#include "quantize.h"

int32_t quantize_root(const struct quantizer *z, int32_t tensor)
{
	while (z->root[tensor] != tensor)
		tensor = z->root[tensor];
	return tensor;
}

/* Two fixed sets stay apart: the operator gets a requantization instead. */
static void join(struct quantizer *z, int32_t a, int32_t b)
{
	int32_t x = quantize_root(z, a), y = quantize_root(z, b);

	if (x == y || (z->fixed[x] && z->fixed[y]))
		return;
	if (z->fixed[y])
		z->root[x] = y;
	else
		z->root[y] = x;
}

static void fix(struct quantizer *z, const struct octet_graph_op *op)
{
	for (uint32_t i = 0; i < op->output_count; i++) {
		z->fixed[op->outputs[i]] = true;
		quantize_fixed_params(z->type, op->code, &z->params[op->outputs[i]]);
	}
}

static void share(struct quantizer *z, const struct octet_graph_op *op)
{
	for (uint32_t i = 0; i < op->input_count; i++)
		for (uint32_t k = 0; k < op->output_count; k++)
			if (quantize_is_data(z, op, i) && !z->g->tensors[op->inputs[i]].data)
				join(z, op->inputs[i], op->outputs[k]);
}

/* The range of all tensors with one root. */
static int range_of(struct quantizer *z, int32_t root, float *min, float *max)
{
	bool seen = false;

	*min = *max = 0;
	for (uint32_t i = 0; i < z->g->tensor_count; i++) {
		OCTET_OPTS(octet_quant_opts, q);
		double clipped = 0;
		float lo, hi;

		if (!z->observers[i] || quantize_root(z, (int32_t)i) != root)
			continue;
		q.type = z->type;
		if (octet_observer_range(z->observers[i], &q, 0, &lo, &hi, &clipped))
			continue;
		if (z->o.range)
			z->o.range(z->o.range_opaque, i, lo, hi, clipped);
		*min = seen ? fminf(*min, lo) : lo;
		*max = seen ? fmaxf(*max, hi) : hi;
		seen = true;
	}
	return seen ? 0 : -ENODATA;
}

static int choose(struct quantizer *z, int32_t root)
{
	OCTET_OPTS(octet_quant_opts, q);
	float min, max;
	int ret;

	if (z->fixed[root] || range_of(z, root, &min, &max))
		return 0;
	q.type = z->type;
	ret = octet_quant_params(&q, min, max, &z->params[root].scale,
				 &z->params[root].zero_point);
	if (ret)
		return quantize_fail(z, ret, "tensor %d '%s': its range %g .. %g gives no scale",
				     root, z->g->tensors[root].name, (double)min, (double)max);
	return 0;
}

int quantize_share(struct quantizer *z)
{
	for (uint32_t i = 0; i < z->g->tensor_count; i++)
		z->root[i] = (int32_t)i;
	for (uint32_t i = 0; i < z->g->op_count; i++) {
		const struct quantize_op_rule *rule = quantize_rule_of(&z->g->ops[i]);

		if (!z->excluded[i] && rule->rule == QUANTIZE_FIXED)
			fix(z, &z->g->ops[i]);
	}
	for (uint32_t i = 0; i < z->g->op_count; i++) {
		const struct quantize_op_rule *rule = quantize_rule_of(&z->g->ops[i]);

		if (!z->excluded[i] && rule->rule == QUANTIZE_SAME)
			share(z, &z->g->ops[i]);
	}
	for (uint32_t i = 0; i < z->g->tensor_count; i++) {
		int ret = z->root[i] == (int32_t)i ? choose(z, (int32_t)i) : 0;

		if (ret)
			return ret;
	}
	return 0;
}
