// SPDX-License-Identifier: MIT
/*
 * Parameters of activations: tensors that an operator wants to be alike share a
 * range, and operators with a known range have their say.
 */
#include <math.h>
#include <stdlib.h>

#include "format.h"

int32_t quantize_root(const struct quantizer *z, int32_t tensor)
{
	while (z->root[tensor] != tensor)
		tensor = z->root[tensor];
	return tensor;
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
		format_activation(z, &q);
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

/* Would codes of a fixed set hold what another's tensors have been seen to be? */
static bool fits(struct quantizer *z, int32_t fixed, int32_t other)
{
	const struct quantize_params *p = &z->params[fixed];
	octet_range_fn *range = z->o.range;
	double low, high;
	float min, max;
	int ret;

	z->o.range = NULL;
	ret = range_of(z, other, &min, &max);
	z->o.range = range;
	low = z->type == OCTET_UINT8 ? 0 : z->type == OCTET_INT8 ? INT8_MIN : INT16_MIN;
	high = z->type == OCTET_UINT8 ? UINT8_MAX : z->type == OCTET_INT8 ? INT8_MAX : INT16_MAX;
	low = (low - p->zero_point - 1) * (double)p->scale;
	high = (high - p->zero_point + 1) * (double)p->scale;
	return ret || ((double)min >= low && (double)max <= high);
}

/*
 * Two fixed sets stay apart, and one that is too narrow for the other: the operator
 * gets a requantization instead.
 */
static void join(struct quantizer *z, int32_t a, int32_t b)
{
	int32_t x = quantize_root(z, a), y = quantize_root(z, b);

	if (x == y || (z->fixed[x] && z->fixed[y]))
		return;
	if (z->fixed[y] && fits(z, y, x))
		z->root[x] = y;
	else if (!z->fixed[y] && (!z->fixed[x] || fits(z, x, y)))
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

static int choose(struct quantizer *z, int32_t root)
{
	OCTET_OPTS(octet_quant_opts, q);
	float min, max;
	int ret;

	if (z->fixed[root] || range_of(z, root, &min, &max))
		return 0;
	format_activation(z, &q);
	ret = octet_quant_params(&q, min, max, &z->params[root].scale,
				 &z->params[root].zero_point);
	if (ret)
		return quantize_fail(z, ret, "tensor %d '%s': its range %g .. %g gives no scale",
				     root, z->g->tensors[root].name, (double)min, (double)max);
	return 0;
}

int quantize_share(struct quantizer *z)
{
	for (uint32_t i = 0; i < z->g->tensor_count; i++) {
		z->root[i] = (int32_t)i;
		z->fixed[i] = false;
	}
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
