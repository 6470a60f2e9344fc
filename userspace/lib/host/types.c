// SPDX-License-Identifier: MIT
/* Element types, constants and activation ranges. */

#include "host_priv.h"

size_t octet_host_size(enum octet_dtype type)
{
	switch (type) {
	case OCTET_INT8:
	case OCTET_UINT8:
	case OCTET_BOOL:
		return 1;
	case OCTET_INT16:
	case OCTET_FLOAT16:
		return 2;
	case OCTET_INT32:
	case OCTET_FLOAT32:
		return 4;
	case OCTET_INT64:
		return 8;
	case OCTET_INT4:
		break;
	}
	return 0;
}

bool octet_host_quantized(octet_tensor_t *t)
{
	int32_t min, max;

	if (t->type != OCTET_INT8 && t->type != OCTET_UINT8 && t->type != OCTET_INT16 &&
	    t->type != OCTET_INT32)
		return false;
	octet_host_range(t->type, &min, &max);
	return t->quants == 1 && t->scale[0] > 0 && isfinite(t->scale[0]) &&
	       t->zero_point[0] >= min && t->zero_point[0] <= max;
}

void octet_host_range(enum octet_dtype type, int32_t *min, int32_t *max)
{
	switch (type) {
	case OCTET_INT8:
		*min = INT8_MIN;
		*max = INT8_MAX;
		break;
	case OCTET_UINT8:
		*min = 0;
		*max = UINT8_MAX;
		break;
	case OCTET_INT16:
		*min = INT16_MIN;
		*max = INT16_MAX;
		break;
	default:
		*min = INT32_MIN;
		*max = INT32_MAX;
	}
}

bool octet_host_same_shape(octet_tensor_t *a, octet_tensor_t *b)
{
	if (a->rank != b->rank)
		return false;
	for (uint32_t d = 0; d < a->rank; d++)
		if (a->dims[d] != b->dims[d])
			return false;
	return true;
}

bool octet_host_same_quant(octet_tensor_t *a, octet_tensor_t *b)
{
	if (!a->quants && !b->quants)
		return true;
	return a->quants == 1 && b->quants == 1 && a->scale[0] == b->scale[0] &&
	       a->zero_point[0] == b->zero_point[0];
}

bool octet_host_ints(octet_tensor_t *t, uint32_t max, int64_t *v, uint32_t *n)
{
	if (!t || !t->data || (t->type != OCTET_INT32 && t->type != OCTET_INT64) ||
	    t->elements > max)
		return false;
	*n = (uint32_t)t->elements;
	for (uint32_t i = 0; i < *n; i++)
		v[i] = octet_host_load(t->type, t->data, i);
	return true;
}

bool octet_host_axis(int64_t axis, uint32_t rank, uint32_t *result)
{
	if (axis < 0)
		axis += rank;
	if (axis < 0 || axis >= rank)
		return false;
	*result = (uint32_t)axis;
	return true;
}

void octet_host_int4(const uint8_t *packed, size_t n, int8_t *values)
{
	for (size_t i = 0; i < n; i++) {
		int nibble = packed[i / 2] >> (i & 1 ? 4 : 0) & 15;

		values[i] = (int8_t)(nibble > 7 ? nibble - 16 : nibble);
	}
}

float octet_host_half(uint16_t half)
{
	int exponent = half >> 10 & 31;
	int mantissa = half & 1023;
	float v;

	if (exponent == 31)
		v = mantissa ? NAN : INFINITY;
	else if (exponent)
		v = ldexpf((float)(mantissa + 1024), exponent - 25);
	else
		v = ldexpf((float)mantissa, -24);
	return half >> 15 ? -v : v;
}

/* TFLite's Quantize() of a bound; false beyond int32. */
static bool bound(octet_tensor_t *out, float v, int32_t *q)
{
	float steps = roundf(v / out->scale[0]);

	if (!(fabsf(steps) < 0x1p31f))
		return false;
	*q = octet_host_clamp((int64_t)steps + out->zero_point[0], INT32_MIN, INT32_MAX);
	return true;
}

bool octet_host_activation(int32_t activation, octet_tensor_t *out, int32_t *min, int32_t *max)
{
	int32_t low, high;

	octet_host_range(out->type, min, max);
	low = *min;
	high = *max;
	switch (activation) {
	case OCTET_G_ACT_NONE:
		return true;
	case OCTET_G_ACT_RELU:
		if (!bound(out, 0, &low))
			return false;
		break;
	case OCTET_G_ACT_RELU6:
		if (!bound(out, 0, &low) || !bound(out, 6, &high))
			return false;
		break;
	case OCTET_G_ACT_RELU_N1_TO_1:
		if (!bound(out, -1, &low) || !bound(out, 1, &high))
			return false;
		break;
	default:
		return false;
	}
	*min = low > *min ? low : *min;
	*max = high < *max ? high : *max;
	return *min <= *max;
}

bool octet_host_activation_float(int32_t activation, float *min, float *max)
{
	*min = -INFINITY;
	*max = INFINITY;
	switch (activation) {
	case OCTET_G_ACT_NONE:
		return true;
	case OCTET_G_ACT_RELU:
		*min = 0;
		return true;
	case OCTET_G_ACT_RELU6:
		*min = 0;
		*max = 6;
		return true;
	case OCTET_G_ACT_RELU_N1_TO_1:
		*min = -1;
		*max = 1;
		return true;
	default:
		return false;
	}
}
