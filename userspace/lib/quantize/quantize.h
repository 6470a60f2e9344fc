/* SPDX-License-Identifier: MIT */
/*
 * Post-training quantization of a model. rules.c knows what each operator
 * demands, calibrate.c watches the float model run, share.c joins tensors that
 * must have the same parameters, weights.c makes codes of constants, build.c puts
 * the new graph together.
 */
#ifndef OCTET_QUANTIZE_H
#define OCTET_QUANTIZE_H

#include "../internal.h"
#include "../model/model.h"

/** What an operator demands of the parameters of its tensors. */
enum quantize_rule {
	QUANTIZE_UNKNOWN,	/* no quantized form */
	QUANTIZE_WEIGHTS,	/* constant weights and bias */
	QUANTIZE_OWN,		/* a result with parameters of its own */
	QUANTIZE_SAME,		/* data inputs and results share theirs */
	QUANTIZE_FIXED,		/* a result with parameters that the operator says */
};

struct quantize_op_rule {
	uint32_t code;
	enum quantize_rule rule;
	uint32_t data, weights, bias;	/* numbers of these inputs */
	uint32_t axis;			/* WEIGHTS: output channels of the weights */
	bool every;			/* all inputs are data: CONCATENATION, PACK, ADD */
};

/** struct quantize_params - of an activation */
struct quantize_params {
	float scale;
	int32_t zero_point;
};

/**
 * struct quantizer
 *
 * @observers: [tensors], of float activations
 * @excluded: [ops]
 * @root: [tensors]: representative of the tensors that share parameters
 * @fixed: [tensors]: of roots: parameters that an operator says
 * @params: [tensors]: of roots
 * @codes: [tensors]: number in @q of the quantized form, -1 not made yet
 * @reals: [tensors]: the same of the float form
 */
struct quantizer {
	const struct octet_graph *g;
	const struct octet_model *model;
	struct octet_quantize_opts o;
	enum octet_dtype type;
	struct octet_observer **observers;
	bool *excluded;
	int32_t *root;
	bool *fixed;
	struct quantize_params *params;
	int32_t *codes, *reals;
	struct octet_graph *q;
	uint32_t tensor_room, op_room;
};

/** quantize_fail() - sentence into the caller's buffer; returns @error */
int quantize_fail(const struct quantizer *z, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* rules.c */
const struct quantize_op_rule *quantize_rule_of(const struct octet_graph_op *op);
/** quantize_is_data() - is input @i of an operator an activation that has codes? */
bool quantize_is_data(const struct quantizer *z, const struct octet_graph_op *op, uint32_t i);
void quantize_fixed_params(enum octet_dtype type, uint32_t code, struct quantize_params *p);
int quantize_exclude(struct quantizer *z);

/* calibrate.c */
int quantize_calibrate(struct quantizer *z, octet_samples_fn *samples, void *opaque);

/* share.c */
int quantize_share(struct quantizer *z);
int32_t quantize_root(const struct quantizer *z, int32_t tensor);

/* weights.c */

/** quantize_reals() - a constant as float32, in the new graph's memory; NULL: no memory */
const float *quantize_reals(struct quantizer *z, const struct octet_graph_tensor *t);
/** quantize_weights() - codes of weights: the new tensor */
int quantize_weights(struct quantizer *z, const struct octet_graph_op *op,
		     const struct quantize_op_rule *rule, float in_scale, int32_t *tensor);
int quantize_bias(struct quantizer *z, const struct octet_graph_op *op,
		  const struct quantize_op_rule *rule, float in_scale, int32_t weights,
		  int32_t *tensor);
/** quantize_constant() - codes of a constant that is an activation operand */
int quantize_constant(struct quantizer *z, int32_t from, int32_t *tensor);

/* build.c */

/** quantize_tensor() - one more tensor of the new graph */
int quantize_tensor(struct quantizer *z, const struct octet_graph_tensor *like, int32_t *tensor);
int quantize_set(struct quantizer *z, int32_t tensor, enum octet_dtype type, uint32_t quants,
		 uint32_t axis, const float *scale, const int32_t *zero_point);
int quantize_build(struct quantizer *z);

#endif /* OCTET_QUANTIZE_H */
