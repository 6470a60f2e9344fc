// SPDX-License-Identifier: MIT
/* Weights of any type as float32. */

#include "product.h"

int octet_float_weights_check(octet_tensor_t *w, uint32_t axis, const char **why)
{
	if (w->type == OCTET_FLOAT32 || w->type == OCTET_FLOAT16)
		return 0;
	OCTET_HOST_NEED(w->type == OCTET_INT8 || w->type == OCTET_UINT8 || w->type == OCTET_INT4,
			-EINVAL,
			"weights with float32 inputs must be float32, float16, int8, uint8 or int4");
	OCTET_HOST_NEED(w->quants == 1 || (w->quants && w->axis == axis &&
					   w->quants == w->dims[axis]),
			-EINVAL, "the weights need one scale, or one for each channel");
	for (uint32_t i = 0; i < w->quants; i++)
		OCTET_HOST_NEED(w->scale[i] > 0 && isfinite(w->scale[i]), -EINVAL,
				"a scale of the weights is not a positive number");
	return 0;
}

void octet_float_weights_of(struct octet_float_weights *w, octet_tensor_t *t, const void *data)
{
	memset(w, 0, sizeof(*w));
	w->data = data;
	w->type = t->type;
	w->quants = t->quants;
	w->scale = t->scale;
	w->zero_point = t->zero_point;
	w->per = 1;
}

static inline int code(const struct octet_float_weights *w, size_t i)
{
	int nibble;

	if (w->type == OCTET_INT8)
		return ((const int8_t *)w->data)[i];
	if (w->type == OCTET_UINT8)
		return ((const uint8_t *)w->data)[i];
	nibble = ((const uint8_t *)w->data)[i / 2] >> (i & 1 ? 4 : 0) & 15;
	return nibble > 7 ? nibble - 16 : nibble;
}

static inline float value(const struct octet_float_weights *w, size_t i, uint32_t scale)
{
	if (w->type == OCTET_FLOAT32)
		return ((const float *)w->data)[i];
	if (w->type == OCTET_FLOAT16)
		return octet_float_of_half(((const uint16_t *)w->data)[i]);
	return (float)(code(w, i) - w->zero_point[scale]) * w->scale[scale];
}

/* All there, one product behind the other: what most networks have. */
static void panel_full(const struct octet_float_weights *w, size_t first, uint32_t depth, float *to)
{
	const float *from = (const float *)w->data + w->base + first * w->row;
	size_t row = w->row;

	for (uint32_t k = 0; k < depth; k++, to += OCTET_FLOAT_PANEL)
		for (uint32_t c = 0; c < OCTET_FLOAT_PANEL; c++)
			to[c] = from[c * row + k];
}

void octet_float_panel(const struct octet_float_weights *w, size_t first, uint32_t count,
		       uint32_t depth, float *to)
{
	if (w->type == OCTET_FLOAT32 && w->step == 1 && count == OCTET_FLOAT_PANEL) {
		panel_full(w, first, depth, to);
		return;
	}
	for (uint32_t c = 0; c < OCTET_FLOAT_PANEL; c++) {
		size_t from = w->base + (first + c) * w->row;
		uint32_t scale = w->quants > 1 && c < count ? (uint32_t)(first + c) / w->per : 0;

		for (uint32_t k = 0; k < depth; k++)
			to[(size_t)k * OCTET_FLOAT_PANEL + c] =
				c < count ? value(w, from + k * w->step, scale) : 0;
	}
}

void octet_float_plain(const struct octet_float_weights *w, size_t n, float *to)
{
	uint32_t scale = 0;

	for (size_t i = 0; i < n; i++) {
		to[i] = value(w, i, scale);
		if (w->quants > 1)
			scale = scale + 1 < w->quants ? scale + 1 : 0;
	}
}
