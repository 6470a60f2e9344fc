/* SPDX-License-Identifier: MIT */
/**
 * liboctet, post-training quantization: observers that find ranges, and float models made
 * into int8 models. Included by octet.h, whose head says what holds for all calls.
 */
#ifndef OCTET_QUANTIZE_API_H
#define OCTET_QUANTIZE_API_H

#include "octet.h"

#ifdef __cplusplus
extern "C" {
#endif

struct octet_model;
struct octet_model_opts;

/* ---- Observers ------------------------------------------------------------------
 *
 * An observer sees values as they come and keeps what it needs for a range: O(bins)
 * memory, whatever comes. No context; one thread at a time.
 */

struct octet_observer;

/** How a range is found. */
enum octet_observer_kind {
	OCTET_OBSERVE_MINMAX = 0,	/* smallest and largest value */
	OCTET_OBSERVE_MOVING = 1,	/* moving average of each call's smallest and largest */
	OCTET_OBSERVE_PERCENTILE = 2,	/* so many of the values inside */
	OCTET_OBSERVE_HISTOGRAM = 3,	/* smallest L2 error by PyTorch's search over the bins */
	OCTET_OBSERVE_MSE = 4,		/* smallest mean squared error over shrunken ranges */
	OCTET_OBSERVE_ENTROPY = 5,	/* smallest Kullback-Leibler divergence, symmetric: TensorRT */
};

/**
 * struct octet_observer_opts
 *
 * @kind: see enum octet_observer_kind
 * @bins: of the histogram, 0 means 2048
 * @percentile: PERCENTILE: percent inside, 0 means 99.999
 * @momentum: MOVING: weight of the newest call, 0 means 0.01
 * @channels: MINMAX: one range per channel, the innermost dimension of what is added; 0 means 1
 */
struct octet_observer_opts {
	size_t size;
	enum octet_observer_kind kind;
	uint32_t bins;
	double percentile;
	double momentum;
	uint32_t channels;
};

/** octet_observer_new() - -EINVAL: a bad option; -ENOMEM */
int octet_observer_new(struct octet_observer **observer, const struct octet_observer_opts *opts);
void octet_observer_free(struct octet_observer *observer);

/**
 * octet_observer_add() - see @count values
 *
 * Return: 0; -EINVAL: NaN or infinite, of which nothing is taken, or no multiple of the channels.
 */
int octet_observer_add(struct octet_observer *observer, const float *data, size_t count);

/**
 * octet_observer_range() - the range so far
 * @opts: of the quantization that it is for: bits, scheme; NULL: int8 asymmetric
 * @clipped: share of the values outside, 0..1; may be NULL
 *
 * A range of values that are all of one sign begins at 0. Return: 0; -ENODATA: nothing was seen;
 * -EINVAL: no such channel.
 */
int octet_observer_range(const struct octet_observer *observer, const struct octet_quant_opts *opts,
			 uint32_t channel, float *min, float *max, double *clipped);

/** octet_observer_name() - "minmax" and so on; "?" for others */
const char *octet_observer_name(enum octet_observer_kind kind);

/** octet_observer_parse() - the reverse; -EINVAL */
int octet_observer_parse(const char *name, enum octet_observer_kind *kind);

/* ---- Quantizing models -----------------------------------------------------------
 *
 * A float model and some samples become a full-integer model: what TFLite's converter
 * makes of them, by the same rules of which tensors share parameters.
 */

/**
 * octet_samples_fn() - the next sample for calibration
 * @inputs: [octet_model_inputs()], to be filled, float32 of the model's shapes
 *
 * Return: 1: filled; 0: no more; negative: an error that ends the calibration.
 */
typedef int octet_samples_fn(void *opaque, uint64_t index, void *const *inputs);

/** octet_progress_fn() - called after each sample; not 0: stop with -ECANCELED */
typedef int octet_progress_fn(void *opaque, uint64_t done);

/**
 * struct octet_quantize_opts
 *
 * @activations: OCTET_INT8 (default) or OCTET_UINT8
 * @per_tensor: one scale for the weights of an operator; default: per output channel but for
 *	fully connected layers
 * @real_io: inputs and outputs stay float32, between QUANTIZE and DEQUANTIZE
 * @observer: how activations' ranges are found
 * @exclude: operators that stay float: by type ("SOFTMAX"), by the name of their result, or a
 *	pattern of these with * and ?; borrowed for the call
 * @progress: may be NULL
 * @errbuf: gets a sentence on failure; may be NULL
 */
struct octet_quantize_opts {
	size_t size;
	enum octet_dtype activations;
	bool per_tensor;
	bool real_io;
	struct octet_observer_opts observer;
	const char *const *exclude;
	size_t exclude_count;
	octet_progress_fn *progress;
	void *progress_opaque;
	char *errbuf;
	size_t errbuf_size;
};

/**
 * octet_model_quantize() - a new model from @model, which must outlive it
 *
 * Return: 0; -EINVAL: NaN or infinity in weights or samples, no sample, a model that is no float
 * model; -ENOTSUP: an operator without a quantized form that is not excluded; -ERANGE: a scale that
 * is not representable; -ENOMEM.
 */
int octet_model_quantize(struct octet_model **out, const struct octet_model *model,
			 const struct octet_quantize_opts *opts, octet_samples_fn *samples,
			 void *opaque);

/**
 * octet_model_save() - write a .tflite file
 *
 * The file appears complete or not at all. Return: 0; errors of the file system; -EFBIG.
 */
int octet_model_save(const struct octet_model *model, const char *path,
		     const struct octet_model_opts *opts);

#ifdef __cplusplus
}
#endif

#endif /* OCTET_QUANTIZE_API_H */
