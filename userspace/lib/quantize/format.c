// SPDX-License-Identifier: MIT
/* What the formats of the new model mean for codes of activations and weights. */
#include <string.h>

#include "format.h"

static const char *const names[] = {
	[OCTET_FORMAT_INT8] = "int8",
	[OCTET_FORMAT_INT16X8] = "int16x8",
	[OCTET_FORMAT_DYNAMIC_RANGE] = "dynamic-range",
	[OCTET_FORMAT_WEIGHT_ONLY] = "weight-only",
	[OCTET_FORMAT_FLOAT16] = "float16",
};

#define FORMATS (sizeof(names) / sizeof(names[0]))

const char *octet_format_name(enum octet_quantize_format format)
{
	return (unsigned int)format < FORMATS ? names[format] : "?";
}

int octet_format_parse(const char *name, enum octet_quantize_format *format)
{
	for (unsigned int i = 0; name && format && i < FORMATS; i++) {
		if (strcmp(name, names[i]))
			continue;
		*format = (enum octet_quantize_format)i;
		return 0;
	}
	return -EINVAL;
}

static int check_weights(const struct quantizer *z)
{
	enum octet_dtype w = z->o.weights;

	if (w && w != OCTET_INT8 && w != OCTET_INT4)
		return quantize_fail(z, -EINVAL, "weights are int8 or int4, not %s: leave them 0",
				     octet_dtype_name(w));
	if (w != OCTET_INT4)
		return 0;
	if (z->o.format != OCTET_FORMAT_INT8 || z->o.activations == OCTET_UINT8)
		return quantize_fail(z, -EINVAL, "weights of int4 go with activations of int8, "
						 "not with format %s%s",
				     octet_format_name(z->o.format),
				     z->o.activations == OCTET_UINT8 ? " and uint8" : "");
	return 0;
}

int format_options(struct quantizer *z)
{
	enum octet_dtype want = z->o.activations;

	if ((unsigned int)z->o.format >= FORMATS)
		return quantize_fail(z, -EINVAL, "format is %d; 0 to %zu are known",
				     (int)z->o.format, FORMATS - 1);
	if (z->o.format == OCTET_FORMAT_INT8) {
		z->type = want ? want : OCTET_INT8;
		if (z->type != OCTET_INT8 && z->type != OCTET_UINT8)
			return quantize_fail(z, -EINVAL, "activations are int8 or uint8, not %s",
					     octet_dtype_name(z->type));
		return check_weights(z);
	}
	z->type = z->o.format == OCTET_FORMAT_INT16X8 ? OCTET_INT16 : OCTET_FLOAT32;
	if (want && want != z->type)
		return quantize_fail(z, -EINVAL, "format %s has activations of %s, not %s",
				     octet_format_name(z->o.format), octet_dtype_name(z->type),
				     octet_dtype_name(want));
	if (!format_is_real(z))
		return check_weights(z);
	z->o.real_io = true;
	if (z->o.smooth_alpha > 0 || z->o.keep_worst || z->o.adaround || z->o.correct_bias)
		return quantize_fail(z, -EINVAL, "format %s quantizes no activation: smooth_alpha, "
						 "keep_worst, adaround and correct_bias are for others",
				     octet_format_name(z->o.format));
	return check_weights(z);
}

void format_activation(const struct quantizer *z, struct octet_quant_opts *q)
{
	q->type = z->type;
	/* Zero points are 0 there. */
	if (z->type == OCTET_INT16)
		q->scheme = OCTET_SYMMETRIC;
}

/* TFLite's TRANSPOSE_CONV has no weights of four bits. */
static bool is_int4(const struct quantizer *z, const struct octet_graph_op *op)
{
	return z->o.weights == OCTET_INT4 && op->code != OCTET_G_TRANSPOSE_CONV;
}

void format_weights(const struct quantizer *z, const struct octet_graph_op *op,
		    struct octet_quant_opts *q, bool *whole)
{
	if (z->type == OCTET_UINT8) {
		/* One scale and any zero point: the kernels know no other. */
		q->type = OCTET_UINT8;
		*whole = true;
		return;
	}
	q->scheme = OCTET_SYMMETRIC;
	if (is_int4(z, op))
		q->bits = 4;
}

enum octet_dtype format_store(const struct quantizer *z, const struct octet_graph_op *op,
			      void *codes, uint64_t count)
{
	uint8_t *c = codes;

	if (z->type == OCTET_UINT8)
		return OCTET_UINT8;
	if (!is_int4(z, op))
		return OCTET_INT8;
	for (uint64_t i = 0; i < count; i += 2) {
		uint8_t high = i + 1 < count ? c[i + 1] : 0;

		c[i / 2] = (uint8_t)((c[i] & 15) | high << 4);
	}
	return OCTET_INT4;
}
