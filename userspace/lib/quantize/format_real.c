// SPDX-License-Identifier: MIT
/*
 * Models whose activations stay float32: weights as int8 for operators that take
 * both (dynamic range), or weights of int8 and float16 that a DEQUANTIZE expands.
 */
#include <math.h>
#include <string.h>

#include "format.h"

/* Largest number of float16, and where rounding would go beyond it. */
#define HALF_LIMIT 65520.0f

/* Operators that TFLite runs on float activations and int8 weights. */
static bool is_hybrid(uint32_t code)
{
	return code == OCTET_G_CONV_2D || code == OCTET_G_DEPTHWISE_CONV_2D ||
	       code == OCTET_G_FULLY_CONNECTED;
}

static bool is_float(const struct octet_graph_tensor *t)
{
	return t->type == OCTET_FLOAT32 || t->type == OCTET_FLOAT16;
}

bool format_stored(const struct quantizer *z, const struct octet_graph_op *op, uint32_t i)
{
	const struct quantize_op_rule *rule = quantize_rule_of(op);
	const struct octet_graph_tensor *t = octet_graph_input(z->g, op, i);

	if (!format_is_real(z) || z->excluded[op - z->g->ops] || !t || !t->data || !rule ||
	    rule->rule != QUANTIZE_WEIGHTS)
		return false;
	if (z->o.format == OCTET_FORMAT_FLOAT16)
		return t->type != OCTET_FLOAT16 && (i == rule->weights || i == rule->bias);
	/* A hybrid model's weights are what they shall be. */
	if (z->o.format == OCTET_FORMAT_DYNAMIC_RANGE && !is_float(t))
		return false;
	return i == rule->weights;
}

/* Ties to even; exact where float16 has the value. */
static uint16_t half_of(float v)
{
	uint32_t bits, rest, half;
	uint16_t sign;

	memcpy(&bits, &v, sizeof(bits));
	sign = (uint16_t)(bits >> 16 & 0x8000);
	bits &= 0x7fffffff;
	/* Below 2^-14: steps of 2^-24, and nearbyint() has ties to even. */
	if (bits < 113u << 23)
		return sign | (uint16_t)nearbyint(ldexp(fabs((double)v), 24));
	half = (bits - (112u << 23)) >> 13;
	rest = bits & 0x1fff;
	if (rest > 0x1000 || (rest == 0x1000 && half & 1))
		half++;
	return sign | (uint16_t)half;
}

static int halves(struct quantizer *z, const struct octet_graph_tensor *t, int32_t *tensor)
{
	uint16_t *to = octet_graph_alloc(z->q, t->elements, sizeof(*to));
	const float *from = quantize_reals(z, t);
	int ret;

	if (!to || !from)
		return -ENOMEM;
	for (uint64_t i = 0; i < t->elements; i++) {
		if (!isfinite(from[i]))
			return quantize_fail(z, -EINVAL, "tensor '%s': element %llu is NaN or "
							 "infinite", t->name,
					     (unsigned long long)i);
		if (!(fabsf(from[i]) < HALF_LIMIT))
			return quantize_fail(z, -ERANGE, "tensor '%s': element %llu is %g, float16 "
							 "ends at 65504: exclude its operator",
					     t->name, (unsigned long long)i, (double)from[i]);
		to[i] = half_of(from[i]);
	}
	ret = quantize_tensor(z, t, tensor);
	if (ret)
		return ret;
	z->q->tensors[*tensor].data = to;
	return quantize_set(z, *tensor, OCTET_FLOAT16, 0, 0, NULL, NULL);
}

/* A DEQUANTIZE behind a constant, and what it gives. */
static int expand(struct quantizer *z, const struct octet_graph_tensor *like, int32_t from,
		  int32_t *tensor)
{
	const struct octet_graph_tensor *stored = &z->q->tensors[from];
	int ret = quantize_tensor(z, like, tensor);

	if (ret)
		return ret;
	z->q->tensors[*tensor].data = NULL;
	quantize_set(z, *tensor, OCTET_FLOAT32, 0, 0, NULL, NULL);
	ret = quantize_convert(z, OCTET_G_DEQUANTIZE, "DEQUANTIZE", from, *tensor);
	if (!ret)
		z->q->ops[z->q->op_count - 1].version = stored->type == OCTET_FLOAT16 ? 3 : 2;
	return ret;
}

int format_constant(struct quantizer *z, const struct octet_graph_op *op, uint32_t i,
		    int32_t *tensor)
{
	const struct octet_graph_tensor *t = octet_graph_input(z->g, op, i);
	bool as_is = z->o.format == OCTET_FORMAT_DYNAMIC_RANGE && is_hybrid(op->code);
	int32_t *made = &z->codes[op->inputs[i]], stored;
	int ret;

	/* An expanded one does for every reader. */
	if (*made >= 0 && z->q->tensors[*made].type == OCTET_FLOAT32 && !as_is) {
		*tensor = *made;
		return 0;
	}
	if (z->o.format == OCTET_FORMAT_FLOAT16)
		ret = halves(z, t, &stored);
	else
		/* No bias has to be in steps of the weights. */
		ret = quantize_weights(z, op, quantize_rule_of(op), INFINITY, &stored);
	if (!ret && !as_is)
		ret = expand(z, t, stored, &stored);
	*tensor = stored;
	if (!ret)
		*made = stored;
	return ret;
}
