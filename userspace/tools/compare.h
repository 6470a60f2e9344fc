/* SPDX-License-Identifier: MIT */
/*
 * octet compare: a model and its quantized form, layer by layer. compare_match.c finds
 * which tensors are one another's, compare_stats.c adds up how far they are apart,
 * compare_run.c runs both, compare_print.c and report_html.c show it.
 */
#ifndef OCTET_COMPARE_H
#define OCTET_COMPARE_H

#include "set.h"

#define COMPARE_BINS 2048

/** struct compare_stats - sums over all elements of all samples */
struct compare_stats {
	uint64_t count, saturated;
	double signal, noise, dot, power;
	double largest;
};

/** struct compare_histogram - bins over -reach .. reach, which doubles as values need it */
struct compare_histogram {
	double reach, min, max;
	uint64_t count;
	uint64_t bin[COMPARE_BINS];
};

/**
 * struct compare_layer - a result that both models have
 *
 * @op: of the quantized model; @code: its type, @name: its result's name
 * @tensor: of the quantized model, @twin: of the float model
 * @coded: @tensor has codes: @scale, @zero_point, and the values @low .. @high that they reach
 * @accumulated: all of one model against all of the other
 * @isolated: this operator alone, on the float model's activations; if @part
 * @part: @plan: this operator as a model
 */
struct compare_layer {
	uint32_t op, tensor, twin;
	const char *code, *name;
	size_t elements;
	bool coded;
	float scale;
	int32_t zero_point;
	double low, high;
	struct compare_stats accumulated, isolated;
	struct compare_histogram histogram;
	struct octet_model *part;
	struct octet_plan *plan;
	uint32_t output;
};

/**
 * struct compare_side - one of the two models
 *
 * @keep: a plan that keeps every activation
 * @where: for people: on what it ran
 * @bytes: of the file; @packed: how many more its packed weights would take as float32
 * @ms: median of an inference, 0: not measured
 * @cycles: predicted for the device, 0: none
 * @best: [samples], the class of each; @right: how many are as labelled
 */
struct compare_side {
	const char *path;
	struct octet_model *model;
	struct octet_ctx *ctx;
	struct octet_plan *keep;
	char where[64];
	long long bytes, packed;
	double ms;
	uint64_t cycles;
	uint32_t *best;
	unsigned long right;
};

/**
 * struct compare - all of it
 *
 * @twin: [tensors of @got]: the same of @ref, -1: none
 * @class: [samples in the sets], with labels
 * @classes: elements of the first output, 0: the outputs cannot be compared so
 * @agree: samples with the same class by both
 */
struct compare {
	const struct tool_options *o;
	struct compare_side ref, got;
	struct tool_sets sets;
	int32_t *twin;
	struct compare_layer *layer;
	size_t layers, unmatched;
	float *in[TOOL_INPUTS], *a, *b;
	long *class;
	size_t classes;
	unsigned long agree;
	double seconds;
};

/* All return an exit code, the reason printed. */

int compare_match(struct compare *c);
int compare_run(struct compare *c);
int compare_speed(struct compare *c);
void compare_free_parts(struct compare *c);

void compare_add(struct compare_stats *s, const struct compare_layer *l, const float *ref,
		 const float *got);
void compare_see(struct compare_histogram *h, const float *v, size_t count);

/** compare_sqnr() - dB; infinite: no noise */
double compare_sqnr(const struct compare_stats *s);
double compare_cosine(const struct compare_stats *s);
double compare_saturated(const struct compare_stats *s);

/** compare_decode() - codes to real values; false: no numbers that can be compared */
bool compare_decode(const struct octet_tensor_info *t, const void *data, size_t count, float *out);

/** compare_short() - a name without what a converter appended after ';', cut */
const char *compare_short(const char *name, char *out, size_t size);

/** compare_sort() - layers, the worst accumulated SQNR first; NULL: no memory */
const struct compare_layer **compare_sort(const struct compare *c);

void compare_print(const struct compare *c);
struct json_object *compare_json(const struct compare *c);
int compare_html(const struct compare *c, const char *path);

#endif
