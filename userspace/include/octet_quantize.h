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
 *
 * PERCENTILE, MSE, ENTROPY: a histogram whose bins are a power of two wide and begin at 0 on
 * either side. It doubles their width when a value lies beyond, merging neighbours, so the
 * result depends neither on the order of the values nor on how calls divide them. Exact zeros
 * are counted apart: they have no error.
 *
 * Whatever the kind: values of one sign give a range that begins at 0, and never one with
 * another side; equal values v give 0..v, zeros alone 0..0, for which octet_quant_params()
 * takes scale 1; no range is wider than what was seen.
 */

struct octet_observer;

/** How a range is found. */
enum octet_observer_kind {
	OCTET_OBSERVE_MINMAX = 0,	/* smallest and largest value */
	OCTET_OBSERVE_MOVING = 1,	/* moving average of each call's smallest and largest */
	OCTET_OBSERVE_PERCENTILE = 2,	/* so many of the values inside */
	OCTET_OBSERVE_HISTOGRAM = 3,	/* smallest L2 error by PyTorch's search over the bins */
	OCTET_OBSERVE_MSE = 4,		/* smallest mean squared error over shrunken ranges */
	OCTET_OBSERVE_ENTROPY = 5,	/* smallest Kullback-Leibler divergence: TensorRT */
};

/**
 * struct octet_observer_opts
 *
 * @kind: see enum octet_observer_kind
 * @bins: 16..65536, of the histogram; 0 means 2048. But for HISTOGRAM, on either side of 0
 * @percentile: PERCENTILE: percent inside, above 50, 0 means 99.999. Either end loses half of
 *	the rest, values of one sign lose all of it at their end; SYMMETRIC counts |x|
 * @momentum: MOVING: weight of the newest call, 0 means 0.01
 * @channels: MINMAX and MOVING: one range per channel, the innermost dimension of what is
 *	added; 0 means 1
 * @levels: HISTOGRAM and ENTROPY: codes that the search assumes; 0: those of the quantization.
 *	PyTorch searches for 256 also where it then uses 7 bits
 */
struct octet_observer_opts {
	size_t size;
	enum octet_observer_kind kind;
	uint32_t bins;
	double percentile;
	double momentum;
	uint32_t channels;
	uint32_t levels;
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
 * @clipped: share of the values outside, 0..1, exact to a bin; -1: not known, MOVING with
 *	channels; may be NULL
 *
 * A range of values that are all of one sign begins at 0.
 *
 * HISTOGRAM: a range whose width is no float32, or too small for bins, is taken whole.
 * ENTROPY finds a largest |x|: a symmetric quantization, or values of both signs, have half of
 * the codes for it, an asymmetric one of values of one sign has all. From 2^(b-1) >= bins / 8 on
 * there is nothing to gain, and the range is taken whole. The bin at 0 counts as its
 * neighbour, as in NVIDIA's own search.
 *
 * Return: 0; -ENODATA: nothing was seen; -EINVAL: no such channel, a bad option; -ENOMEM.
 */
int octet_observer_range(const struct octet_observer *observer, const struct octet_quant_opts *opts,
			 uint32_t channel, float *min, float *max, double *clipped);

/** octet_observer_name() - "minmax" and so on; "?" for others */
const char *octet_observer_name(enum octet_observer_kind kind);

/** octet_observer_parse() - the reverse; -EINVAL */
int octet_observer_parse(const char *name, enum octet_observer_kind *kind);

/* ---- Presets ---------------------------------------------------------------------
 *
 * What others choose for the same data.
 */

enum octet_preset {
	OCTET_PRESET_TFLITE = 0,	/* int8: asymmetric activations, min-max; narrow symmetric
					 * weights per channel
					 */
	OCTET_PRESET_PYTORCH_FBGEMM = 1, /* uint8 activations of 7 bits by histogram; weights per
					  * channel
					  */
	OCTET_PRESET_PYTORCH_QNNPACK = 2, /* uint8 activations of 8 bits by histogram; weights per
					   * tensor
					   */
	OCTET_PRESET_ONNXRUNTIME = 3,	/* quantize_static(): int8, min-max; symmetric weights
					 * per tensor
					 */
	OCTET_PRESET_TENSORRT = 4,	/* symmetric only: activations by entropy, weights per
					 * channel
					 */
};

/** What is quantized. */
enum octet_role {
	OCTET_ROLE_ACTIVATIONS = 0,
	OCTET_ROLE_WEIGHTS = 1,
};

/**
 * octet_preset_get() - the options of a preset
 * @quant: @observer: declared by OCTET_OPTS(); overwritten but for their size; either may be NULL
 * @per_channel: one scale per output channel? May be NULL
 *
 * Return: 0; -EINVAL: no such preset or role.
 */
int octet_preset_get(enum octet_preset preset, enum octet_role role, struct octet_quant_opts *quant,
		     struct octet_observer_opts *observer, bool *per_channel);

/** octet_preset_name() - "tflite", "fbgemm", "qnnpack", "onnxruntime", "tensorrt"; "?" for others */
const char *octet_preset_name(enum octet_preset preset);

/** octet_preset_parse() - the reverse; -EINVAL */
int octet_preset_parse(const char *name, enum octet_preset *preset);

/* ---- Fake quantization -----------------------------------------------------------
 *
 * For training: floats that have been codes. Forward
 *
 *	y = scale * (clamp(round(x / scale) + zero_point, qmin, qmax) - zero_point)
 *
 * by the rounding, scaling and noise of the options. Backward lets gradients pass where the
 * value was inside the codes (the straight-through estimator) and holds them where it was
 * clamped. For a learned scale, with v = x / scale and y = f(x):
 *
 *	dy/dscale = round(v) - v	inside
 *		    qmin - zero_point	below
 *		    qmax - zero_point	above
 *	dy/dzero_point = 0 inside, -scale below and above
 *
 * times a factor, which LSQ (Esser et al., Learned step size quantization) takes as
 * 1 / sqrt(values * qmax), values of one scale, qmax of the codes; PyTorch's learnable fake
 * quantization as 1. Random rounding enters dy/dscale as the codes that it gave.
 */

/**
 * octet_fake_quant() - forward; @out may be @in
 *
 * Return: 0; -EINVAL: as octet_quantize().
 */
int octet_fake_quant(const struct octet_quant_opts *opts, float scale, int32_t zero_point,
		     const float *in, size_t count, float *out);

/** octet_fake_quant_channel() - layout as octet_quant_params_channel(); @zero_point may be NULL */
int octet_fake_quant_channel(const struct octet_quant_opts *opts, const float *scale,
			     const int32_t *zero_point, const float *in, size_t outer,
			     size_t channels, size_t inner, float *out);

/** octet_fake_quant_mask() - 1 where octet_fake_quant() clamps nothing, else 0 */
int octet_fake_quant_mask(const struct octet_quant_opts *opts, float scale, int32_t zero_point,
			  const float *in, size_t count, uint8_t *mask);

/** octet_fake_quant_mask_channel() - the same per channel */
int octet_fake_quant_mask_channel(const struct octet_quant_opts *opts, const float *scale,
				  const int32_t *zero_point, const float *in, size_t outer,
				  size_t channels, size_t inner, uint8_t *mask);

/**
 * struct octet_fake_quant_grads - gradients that octet_fake_quant_backward() makes
 *
 * @in: [count], of the values: @out where nothing was clamped, else 0; may be NULL, or the
 *	gradient that comes in
 * @scale: [1], per channel [channels], of the learned scales; may be NULL
 * @zero_point: [1], per channel [channels], of learned zero points; may be NULL
 * @factor: of @scale and @zero_point; 0: that of LSQ
 */
struct octet_fake_quant_grads {
	size_t size;
	float *in;
	float *scale;
	float *zero_point;
	double factor;
};

/**
 * octet_fake_quant_backward() - gradients from those of the results
 * @in: what went forward
 * @grad_out: [count], of the results
 *
 * Sums are made in double, in the order of the values. Return: 0; -EINVAL.
 */
int octet_fake_quant_backward(const struct octet_quant_opts *opts, float scale, int32_t zero_point,
			      const float *in, const float *grad_out, size_t count,
			      const struct octet_fake_quant_grads *grads);

/** octet_fake_quant_backward_channel() - the same per channel */
int octet_fake_quant_backward_channel(const struct octet_quant_opts *opts, const float *scale,
				      const int32_t *zero_point, const float *in,
				      const float *grad_out, size_t outer, size_t channels,
				      size_t inner, const struct octet_fake_quant_grads *grads);

/**
 * struct octet_batch_norm - of a layer's channels, to be folded into it in training
 *
 * @gamma: @beta: [channels]; NULL: 1, 0
 * @mean: @variance: [channels], running statistics: constants for the gradients
 * @epsilon: 0: 0.001, as Keras has it; PyTorch: 1e-5
 */
struct octet_batch_norm {
	size_t size;
	const float *gamma, *beta, *mean, *variance;
	float epsilon;
};

/**
 * octet_batch_norm_fold() - weights and biases that have the norm in them
 * @w: layout as octet_quant_params_channel(), in front of fake quantization: what is
 *	rounded must be what the device multiplies
 * @bias: [channels]; NULL: zeros
 * @w_out: @bias_out: may be @w, @bias
 *
 *	w_out = w * f		bias_out = (bias - mean) * f + beta
 *	f = gamma / sqrt(variance + epsilon)
 *
 * Return: 0; -EINVAL: NaN, infinite, a negative variance.
 */
int octet_batch_norm_fold(const struct octet_batch_norm *norm, const float *w, const float *bias,
			  size_t outer, size_t channels, size_t inner, float *w_out,
			  float *bias_out);

/** struct octet_batch_norm_grads - gradients of what was folded; each may be NULL */
struct octet_batch_norm_grads {
	size_t size;
	float *w; /* as the weights; may be the gradient that comes in */
	float *bias, *gamma, *beta; /* [channels] */
};

/**
 * octet_batch_norm_fold_backward() - gradients from those of folded weights and biases
 * @w: @bias: what went forward
 */
int octet_batch_norm_fold_backward(const struct octet_batch_norm *norm, const float *w,
				   const float *bias, const float *grad_w, const float *grad_bias,
				   size_t outer, size_t channels, size_t inner,
				   const struct octet_batch_norm_grads *grads);

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
 * octet_range_fn() - an activation's range, as its observer chose it
 * @tensor: of the float model
 * @clipped: share of its values outside, 0..1
 */
typedef void octet_range_fn(void *opaque, uint32_t tensor, float min, float max, double clipped);

/** What octet_model_quantize() makes. */
enum octet_quantize_format {
	OCTET_FORMAT_INT8 = 0,		/* activations and weights of 8 bits, biases int32 */
	OCTET_FORMAT_INT16X8 = 1,	/* activations symmetric int16, weights int8, biases int64 */
	OCTET_FORMAT_DYNAMIC_RANGE = 2,	/* activations float32; weights of CONV_2D,
					 * DEPTHWISE_CONV_2D and FULLY_CONNECTED int8, those of
					 * TRANSPOSE_CONV as in WEIGHT_ONLY
					 */
	OCTET_FORMAT_WEIGHT_ONLY = 3,	/* float32; weights int8 behind DEQUANTIZE */
	OCTET_FORMAT_FLOAT16 = 4,	/* float32; weights and biases float16 behind DEQUANTIZE */
};

/** octet_format_name() - "int8", "int16x8", "dynamic-range", "weight-only", "float16"; "?" */
const char *octet_format_name(enum octet_quantize_format format);

/** octet_format_parse() - the reverse; -EINVAL */
int octet_format_parse(const char *name, enum octet_quantize_format *format);

/**
 * struct octet_quantize_opts
 *
 * @activations: OCTET_INT8 (default) or OCTET_UINT8, which takes weights of uint8, one scale
 *	for an operator's
 * @per_tensor: one scale for the weights of an operator; default: per output channel but for
 *	fully connected layers
 * @real_io: inputs and outputs stay float32, between QUANTIZE and DEQUANTIZE
 * @observer: how activations' ranges are found
 * @exclude: operators that stay float: by type ("SOFTMAX"), by the name of their result, or a
 *	pattern of these with * and ?; borrowed for the call
 * @progress: may be NULL
 * @errbuf: gets a sentence on failure; may be NULL
 * @range: told of each activation's range once all samples were seen; may be NULL
 *
 * and to win accuracy back, see below:
 *
 * @no_fold: batch norm and activations stay operators of their own
 * @equalize: cross-layer equalization
 * @smooth_alpha: SmoothQuant, 0: no, usually 0.5, at most 1
 * @keep_worst: so many operators stay float, those that cost most alone
 * @adaround: choose for each weight whether it is rounded up or down
 * @correct_bias: take the mean error of rounded weights from the biases
 *
 * and other formats than int8:
 *
 * @format: those whose activations stay float32 need no samples, their callback may be NULL;
 *	operators without a quantized form are left as they are
 * @weights: OCTET_INT8 (default); OCTET_INT4: -7..7, two per byte, with activations of int8,
 *	not of TRANSPOSE_CONV
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
	octet_range_fn *range;
	void *range_opaque;
	bool no_fold;
	bool equalize;
	float smooth_alpha;
	uint32_t keep_worst;
	bool adaround;
	bool correct_bias;
	enum octet_quantize_format format;
	enum octet_dtype weights;
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

/* ---- Accuracy recovery -----------------------------------------------------------
 *
 * What octet_model_quantize() can do beyond rounding, in this order:
 *
 *	fold	unless @no_fold: MUL, DIV, ADD, SUB by constants (batch norm), RELU, RELU6
 *		and RELU_N1_TO_1 behind a layer with weights become part of it, where
 *		nothing else reads what lies between
 *	@equalize	channels of weights on both sides of a tensor get equal ranges, where
 *		NONE or RELU lies between, never RELU6; two passes over all pairs. For
 *		channels that differ much and weights with one scale, and with
 *		@correct_bias; else it may cost
 *	@smooth_alpha	ranges of activations that fully connected layers alone read move
 *		into their weights, s = max |x|^alpha / max |w|^(1 - alpha) per channel;
 *		behind a product with a constant (a layer norm's) or a convolution per channel
 *	@keep_worst	octet_quantize_sensitivity() decides what stays float
 *	@adaround	rounding of weights by coordinate descent on the squared error of the
 *		layer's result over the calibration's inputs; not with activations of uint8
 *	@correct_bias	bias += E[(W - Wq) x] per output channel, x of the float model
 *
 * Excluded operators are left as they are. All is repeatable. @smooth_alpha, @keep_worst,
 * @adaround and @correct_bias go over the samples again: octet_samples_fn() is then asked for
 * index 0 again, must give the same samples, and octet_progress_fn() counts on.
 */

/**
 * octet_quantize_sensitivity() - what each operator costs when it alone is quantized
 * @ops: [octet_model_ops()], gets operators of @model that would be quantized, worst first
 * @sqnr: [octet_model_ops()], their SQNR in dB at the outputs of the model, infinite: no error
 * @count: gets how many; folded operators count with the layer they are folded into
 *
 * Ranges are those of all samples, the comparison takes the first 32. Behind folding,
 * equalization and smoothing, before @adaround and @correct_bias; @keep_worst has no meaning.
 * Return: as octet_model_quantize().
 */
int octet_quantize_sensitivity(const struct octet_model *model,
			       const struct octet_quantize_opts *opts, octet_samples_fn *samples,
			       void *opaque, uint32_t *ops, double *sqnr, uint32_t *count);

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
