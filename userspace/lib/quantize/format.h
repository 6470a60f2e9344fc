/* SPDX-License-Identifier: MIT */
/*
 * Formats of the new model other than int8: format.c has their options, format_wide.c
 * what activations of int16 need, format_real.c models whose activations stay float.
 */
#ifndef OCTET_QUANTIZE_FORMAT_H
#define OCTET_QUANTIZE_FORMAT_H

#include "quantize.h"

/** format_is_real() - do activations stay float32? */
static inline bool format_is_real(const struct quantizer *z)
{
	return z->o.format >= OCTET_FORMAT_DYNAMIC_RANGE;
}

/* format.c */

/** format_options() - check what the caller asks for; sets the activations' type */
int format_options(struct quantizer *z);
/** format_activation() - how activations are quantized */
void format_activation(const struct quantizer *z, struct octet_quant_opts *q);
/** format_weights() - how weights of an operator are quantized; @whole: one scale */
void format_weights(const struct quantizer *z, const struct octet_graph_op *op,
		    struct octet_quant_opts *q, bool *whole);
/** format_store() - type of new weights; four bits are packed into the codes' place */
enum octet_dtype format_store(const struct quantizer *z, const struct octet_graph_op *op,
			      void *codes, uint64_t count);

/* format_wide.c */

/** format_known() - refuse operators that TFLite has not for the activations' type */
int format_known(const struct quantizer *z);
/** format_wide_bias() - int64 */
int format_wide_bias(struct quantizer *z, const struct octet_graph_tensor *b, float in_scale,
		     int32_t weights, const float *reals, int32_t *tensor);
/** format_op() - options and versions of an operator that the format asks for */
void format_op(const struct quantizer *z, struct octet_graph_op *op, bool codes);

/* format_real.c */

/** format_stored() - is this input a constant that the format changes? */
bool format_stored(const struct quantizer *z, const struct octet_graph_op *op, uint32_t i);
/** format_constant() - the tensor of the new graph that the operator reads instead */
int format_constant(struct quantizer *z, const struct octet_graph_op *op, uint32_t i,
		    int32_t *tensor);

/* build.c */

/** quantize_convert() - an operator that makes one tensor of another */
int quantize_convert(struct quantizer *z, uint32_t code, const char *name, int32_t from,
		     int32_t to);

#endif /* OCTET_QUANTIZE_FORMAT_H */
