// SPDX-License-Identifier: MIT
/* What each operator demands, and which operators stay float. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

#define NONE UINT32_MAX

static const struct quantize_op_rule rules[] = {
	{ OCTET_G_CONV_2D, QUANTIZE_WEIGHTS, 0, 1, 2, 0, false },
	{ OCTET_G_DEPTHWISE_CONV_2D, QUANTIZE_WEIGHTS, 0, 1, 2, 3, false },
	{ OCTET_G_FULLY_CONNECTED, QUANTIZE_WEIGHTS, 0, 1, 2, NONE, false },
	{ OCTET_G_TRANSPOSE_CONV, QUANTIZE_WEIGHTS, 2, 1, 3, 0, false },
	{ OCTET_G_ADD, QUANTIZE_OWN, 0, NONE, NONE, NONE, true },
	{ OCTET_G_SUB, QUANTIZE_OWN, 0, NONE, NONE, NONE, true },
	{ OCTET_G_MUL, QUANTIZE_OWN, 0, NONE, NONE, NONE, true },
	{ OCTET_G_SQUARED_DIFFERENCE, QUANTIZE_OWN, 0, NONE, NONE, NONE, true },
	{ OCTET_G_BATCH_MATMUL, QUANTIZE_OWN, 0, NONE, NONE, NONE, true },
	{ OCTET_G_MEAN, QUANTIZE_OWN, 0, NONE, NONE, NONE, false },
	{ OCTET_G_SUM, QUANTIZE_OWN, 0, NONE, NONE, NONE, false },
	{ OCTET_G_RELU, QUANTIZE_OWN, 0, NONE, NONE, NONE, false },
	{ OCTET_G_RELU6, QUANTIZE_OWN, 0, NONE, NONE, NONE, false },
	{ OCTET_G_RELU_N1_TO_1, QUANTIZE_OWN, 0, NONE, NONE, NONE, false },
	{ OCTET_G_LEAKY_RELU, QUANTIZE_OWN, 0, NONE, NONE, NONE, false },
	{ OCTET_G_PRELU, QUANTIZE_OWN, 0, NONE, NONE, NONE, true },
	{ OCTET_G_ELU, QUANTIZE_OWN, 0, NONE, NONE, NONE, false },
	{ OCTET_G_GELU, QUANTIZE_OWN, 0, NONE, NONE, NONE, false },
	{ OCTET_G_HARD_SWISH, QUANTIZE_OWN, 0, NONE, NONE, NONE, false },
	{ OCTET_G_EXP, QUANTIZE_OWN, 0, NONE, NONE, NONE, false },
	{ OCTET_G_ABS, QUANTIZE_OWN, 0, NONE, NONE, NONE, false },
	{ OCTET_G_RSQRT, QUANTIZE_OWN, 0, NONE, NONE, NONE, false },
	{ OCTET_G_SOFTMAX, QUANTIZE_FIXED, 0, NONE, NONE, NONE, false },
	{ OCTET_G_LOGISTIC, QUANTIZE_FIXED, 0, NONE, NONE, NONE, false },
	{ OCTET_G_TANH, QUANTIZE_FIXED, 0, NONE, NONE, NONE, false },
	{ OCTET_G_L2_NORMALIZATION, QUANTIZE_FIXED, 0, NONE, NONE, NONE, false },
	{ OCTET_G_AVERAGE_POOL_2D, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_MAX_POOL_2D, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_RESHAPE, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_SQUEEZE, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_EXPAND_DIMS, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_TRANSPOSE, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_PAD, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_MIRROR_PAD, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_SLICE, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_STRIDED_SLICE, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_SPLIT, QUANTIZE_SAME, 1, NONE, NONE, NONE, false },
	{ OCTET_G_SPLIT_V, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_UNPACK, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_GATHER, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_TILE, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_RESIZE_BILINEAR, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_RESIZE_NEAREST_NEIGHBOR, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_SPACE_TO_DEPTH, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_DEPTH_TO_SPACE, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_SPACE_TO_BATCH_ND, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_BATCH_TO_SPACE_ND, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_REDUCE_MAX, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_REDUCE_MIN, QUANTIZE_SAME, 0, NONE, NONE, NONE, false },
	{ OCTET_G_ARG_MAX, QUANTIZE_OWN, 0, NONE, NONE, NONE, false },
	{ OCTET_G_ARG_MIN, QUANTIZE_OWN, 0, NONE, NONE, NONE, false },
	{ OCTET_G_CONCATENATION, QUANTIZE_SAME, 0, NONE, NONE, NONE, true },
	{ OCTET_G_PACK, QUANTIZE_SAME, 0, NONE, NONE, NONE, true },
	{ OCTET_G_MAXIMUM, QUANTIZE_SAME, 0, NONE, NONE, NONE, true },
	{ OCTET_G_MINIMUM, QUANTIZE_SAME, 0, NONE, NONE, NONE, true },
};

const struct quantize_op_rule *quantize_rule_of(const struct octet_graph_op *op)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].code == op->code)
			return &rules[i];
	return NULL;
}

bool quantize_is_data(const struct quantizer *z, const struct octet_graph_op *op, uint32_t i)
{
	const struct quantize_op_rule *rule = quantize_rule_of(op);

	if (!rule || i >= op->input_count || op->inputs[i] < 0)
		return false;
	if (z->g->tensors[op->inputs[i]].type != OCTET_FLOAT32)
		return false;
	return rule->every || i == rule->data;
}

/* Results whose range is known: TFLite demands these very parameters. */
void quantize_fixed_params(enum octet_dtype type, uint32_t code, struct quantize_params *p)
{
	bool both_signs = code == OCTET_G_TANH || code == OCTET_G_L2_NORMALIZATION;

	p->scale = both_signs ? 1.0f / 128 : 1.0f / 256;
	p->zero_point = both_signs ? 0 : -128;
	if (type == OCTET_UINT8)
		p->zero_point += 128;
	if (type == OCTET_INT16)
		*p = (struct quantize_params){ 1.0f / 32768, 0 };
}

/* By type, by name of the result, or a pattern of either. */
static bool named(const struct quantizer *z, const struct octet_graph_op *op, const char *pattern)
{
	if (!fnmatch(pattern, op->name, 0))
		return true;
	for (uint32_t i = 0; i < op->output_count; i++)
		if (!fnmatch(pattern, z->g->tensors[op->outputs[i]].name, 0))
			return true;
	return false;
}

int quantize_exclude(struct quantizer *z)
{
	for (size_t k = 0; k < z->o.exclude_count; k++) {
		bool hit = false;

		for (uint32_t i = 0; i < z->g->op_count; i++)
			if (named(z, &z->g->ops[i], z->o.exclude[k]))
				z->excluded[i] = hit = true;
		if (!hit)
			return quantize_fail(z, -EINVAL,
					     "exclude '%s': no operator has this type or a result of "
					     "this name", z->o.exclude[k]);
	}
	return 0;
}

int quantize_known(const struct quantizer *z)
{
	int ret = format_known(z);

	for (uint32_t i = 0; i < z->g->op_count && !ret && !format_is_real(z); i++)
		if (!z->excluded[i] && !quantize_rule_of(&z->g->ops[i]))
			return quantize_fail(z, -ENOTSUP,
					     "operator %u %s has no quantized form: exclude it", z->origin[i],
					     z->g->ops[i].name);
	return ret;
}
