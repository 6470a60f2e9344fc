/* SPDX-License-Identifier: MIT */
/*
 * Post-training quantization of a model. rules.c knows what each operator
 * demands, calibrate.c watches the float model run, share.c joins tensors that
 * must have the same parameters, weights.c makes codes of constants, build.c puts
 * the new graph together.
 *
 * What wins accuracy back changes the float model first, in a copy (edit.c): fold.c,
 * equalize.c and smooth.c before the calibration, bias_correct.c and adaround.c
 * after it, when scales are known. sensitivity.c quantizes one operator at a time.
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
 * @g: the float model as edited: @w
 * @model: around it, to be run
 * @w: the copy; its memory is that of @q, its constants may be the caller's
 * @given: tensors of the caller's model; those behind them are edits
 * @limit: room for tensors in @w
 * @origin: [ops]: number of the operator in the caller's model
 * @passes: samples that all passes so far have seen
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
	struct octet_graph *w;
	struct octet_model edited;
	uint32_t given, limit;
	uint32_t *origin;
	uint64_t passes;
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
/** quantize_known() - refuse operators without a quantized form that are not excluded */
int quantize_known(const struct quantizer *z);

/* edit.c: a copy of the float model that may be changed */

/** quantize_edit() - make the copy: @w, @g, @model, @origin */
int quantize_edit(struct quantizer *z, const struct octet_graph *from);
/** quantize_own() - constant @input of an operator as float32 of its own; NULL: no memory */
float *quantize_own(struct quantizer *z, struct octet_graph_op *op, uint32_t input);
/** quantize_own_bias() - the same of its bias, zeros if it had none */
float *quantize_own_bias(struct quantizer *z, struct octet_graph_op *op);
/** quantize_new() - one more tensor like another; -1: no memory */
int32_t quantize_new(struct quantizer *z, const struct octet_graph_tensor *like);
/** quantize_readers() - operators and outputs of the graph that read a tensor */
uint32_t quantize_readers(const struct quantizer *z, int32_t tensor);
/** quantize_reader() - the one operator behind a tensor; -1: none, several, or an output */
int32_t quantize_reader(const struct quantizer *z, int32_t tensor);
/** quantize_activation() - where an operator's fused activation stands; NULL: it has none */
int32_t *quantize_activation(struct octet_graph_op *op);

/** struct quantize_layer - an operator with constant weights: [outer][channels][inner] */
struct quantize_layer {
	const struct quantize_op_rule *rule;
	const struct octet_graph_tensor *weights;
	size_t outer, channels, inner;
};

/** quantize_layer() - is this one, quantized, and how do its output channels lie? */
bool quantize_layer(const struct quantizer *z, uint32_t op, struct quantize_layer *l);

/* fold.c */
int quantize_fold(struct quantizer *z);

/* equalize.c */
int quantize_equalize(struct quantizer *z);

/** struct quantize_site - channels between operators that a factor can move across */
struct quantize_site {
	struct octet_graph_op *writer;
	struct octet_graph_op *adder;
	int32_t tensor;
	uint32_t channels;
};

/** quantize_site() - can tensor's channels be scaled? */
bool quantize_site(struct quantizer *z, int32_t tensor, struct quantize_site *site);
/** quantize_site_in() - largest |weight| of the readers per channel; -ENOMEM */
int quantize_site_in(struct quantizer *z, const struct quantize_site *site, float *max);
/** quantize_site_move() - divide channels of the tensor by @s, multiply its readers' weights */
int quantize_site_move(struct quantizer *z, const struct quantize_site *site, const float *s);

/* smooth.c */
int quantize_smooth(struct quantizer *z, octet_samples_fn *samples, void *opaque);

/* bias_correct.c */
int quantize_bias_correct(struct quantizer *z, octet_samples_fn *samples, void *opaque);

/* adaround.c */
int quantize_adaround(struct quantizer *z, octet_samples_fn *samples, void *opaque);

/* sensitivity.c */

/** struct quantize_rank - an operator and what it costs */
struct quantize_rank {
	uint32_t op;
	double sqnr;
};

/** quantize_sensitivity() - of all operators that are quantized, worst first; [ops] */
int quantize_sensitivity(struct quantizer *z, octet_samples_fn *samples, void *opaque,
			 struct quantize_rank *list, uint32_t *count);
/** quantize_keep_worst() - exclude them */
int quantize_keep_worst(struct quantizer *z, octet_samples_fn *samples, void *opaque);

/* calibrate.c */

/** quantize_visit_fn() - called after each sample's run */
typedef int quantize_visit_fn(struct quantizer *z, struct octet_plan *plan, uint64_t sample,
			      void *arg);

/** quantize_watch() - run a model on the samples, every activation kept; @limit 0: all */
int quantize_watch(struct quantizer *z, const struct octet_model *model, octet_samples_fn *samples,
		   void *opaque, uint64_t limit, quantize_visit_fn *visit, void *arg);
int quantize_calibrate(struct quantizer *z, octet_samples_fn *samples, void *opaque);

/* share.c */
int quantize_share(struct quantizer *z);
int32_t quantize_root(const struct quantizer *z, int32_t tensor);

/* weights.c */

/** quantize_reals() - a constant as float32, in the new graph's memory; NULL: no memory */
const float *quantize_reals(struct quantizer *z, const struct octet_graph_tensor *t);
/** quantize_finite() - refuse NaN and infinities in a constant */
int quantize_finite(const struct quantizer *z, const struct octet_graph_tensor *t, const float *v);

/** struct quantize_codes - of an operator's weights; [channels], [elements] */
struct quantize_codes {
	size_t outer, channels, inner;
	bool whole;
	float *scale;
	int32_t *zero;
	int8_t *codes;
	const float *reals;
};

/** quantize_codes() - as quantize_weights() makes them, in the new graph's memory */
int quantize_codes(struct quantizer *z, const struct octet_graph_op *op,
		   const struct quantize_op_rule *rule, float in_scale, struct quantize_codes *c);
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

/* quantize.c */

/** quantize_finish() - the new graph as a model */
int quantize_finish(struct quantizer *z, struct octet_model **out);

#endif /* OCTET_QUANTIZE_H */
