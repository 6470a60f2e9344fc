/* SPDX-License-Identifier: MIT */
/**
 * liboctet, quantization: parameters, arrays, rounding. Included by octet.h, whose head says
 * what holds for all calls: errors, options, threads, lifetimes.
 */
#ifndef OCTET_QUANT_API_H
#define OCTET_QUANT_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Quantization ------------------------------------------------------------
 *
 * real = scale * (q - zero_point). Plain functions on arrays; no context.
 */

/** Element types; the first five are those of commands, the rest is for models. */
enum octet_dtype {
	OCTET_INT8 = 1,
	OCTET_UINT8 = 2,
	OCTET_INT16 = 3,
	OCTET_INT32 = 4,
	OCTET_INT4 = 5,		/* two per byte, low nibble first */
	OCTET_INT64 = 6,
	OCTET_FLOAT32 = 7,
	OCTET_BOOL = 8,
	OCTET_FLOAT16 = 9,
};

enum octet_scheme {
	OCTET_ASYMMETRIC = 0,	/* scale = (max - min) / (2^b - 1), zero point to match */
	OCTET_SYMMETRIC = 1,	/* scale = max |x| / (2^(b-1) - 1), zero point 0 (uint8: 2^(b-1)) */
};

/** Ties of a rounding. */
enum octet_rounding {
	OCTET_ROUND_AWAY = 0,	/* half away from zero: TFLite */
	OCTET_ROUND_EVEN = 1,	/* half to even: ONNX, PyTorch */
	OCTET_ROUND_UP = 2,	/* half up */
	OCTET_ROUND_STOCHASTIC = 3, /* floor(x/s + u), u from a counter-based generator */
};

/** How a real value is brought to steps. */
enum octet_scaling {
	OCTET_DIVIDE = 0,	/* x / scale, float32: TFLite, ONNX */
	OCTET_RECIPROCAL = 1,	/* x * (1 / scale): PyTorch, FBGEMM */
	OCTET_ADD_THEN_ROUND = 2, /* round(x / scale + zero point): XNNPACK */
};

/** Whose arithmetic finds scale and zero point of a range. They differ in last bits. */
enum octet_params_rule {
	OCTET_PARAMS_OCTET = 0,	/* in double; zero point = qmin - round(min / scale) */
	OCTET_PARAMS_TFLITE = 1, /* its converter: in double, round(q - x / scale) of the end
				  * with the smaller terms, half away from zero
				  */
	OCTET_PARAMS_PYTORCH = 2, /* torch.ao observers: in float32, scale >= 2^-23; symmetric:
				   * scale = max |x| / ((qmax - qmin) / 2)
				   */
	OCTET_PARAMS_FBGEMM = 3, /* ChooseQuantizationParams: scale >= 6.1e-5, the end with the
				  * smaller error, half to even
				  */
	OCTET_PARAMS_ONNXRUNTIME = 4, /* round(qmin - min / scale), scale in double, half to even */
};

/**
 * struct octet_quant_opts - how to choose parameters and how to quantize
 *
 * @type: OCTET_INT8 (default), OCTET_UINT8, or OCTET_INT16, which holds 2 bytes a value
 * @scheme: see enum octet_scheme
 * @bits: 2..8, OCTET_INT16: 2..16; 0: 8, OCTET_INT16: 16. Values use 2^bits codes: signed
 *	-2^(b-1)..2^(b-1)-1, unsigned 0..2^b-1. No uint16: neither TFLite's kernels nor the
 *	machine know it
 * @narrow: signed codes without the lowest, -(2^(b-1)-1).. : weights. SYMMETRIC
 *	signed codes are always so, unless @full
 * @rounding: ties, of values and of the zero point
 * @scaling: see enum octet_scaling
 * @seed: of random numbers: STOCHASTIC and @noise
 * @stream: of random numbers: number of the tensor; values depend on seed, stream, index
 *	alone, not on threads, calls or machines
 * @rule: see enum octet_params_rule
 * @full: SYMMETRIC signed codes include the lowest: PyTorch, TensorRT
 * @power_of_two: scales are rounded up to powers of two, so that nothing more is clipped
 * @noise: normal noise with this standard deviation, in steps, is added to each value before
 *	it is scaled and rounded; 0: none
 */
struct octet_quant_opts {
	size_t size;
	enum octet_dtype type;
	enum octet_scheme scheme;
	uint32_t bits;
	bool narrow;
	enum octet_rounding rounding;
	enum octet_scaling scaling;
	uint64_t seed;
	uint64_t stream;
	enum octet_params_rule rule;
	bool full;
	bool power_of_two;
	float noise;
};

/**
 * octet_quant_check() - are these options good?
 * @errbuf: gets a sentence that names the option and the rule; may be NULL
 *
 * The calls below answer the same options with -EINVAL alone. Return: 0; -EINVAL.
 */
int octet_quant_check(const struct octet_quant_opts *opts, char *errbuf, size_t errbuf_size);

/**
 * octet_quant_params() - scale and zero point from a range
 *
 * The range is extended to contain 0, so that 0 is exact. An empty range
 * (min = max = 0) gives scale 1. zero_point = qmin - round(min / scale),
 * clamped to the codes. @rule says where others differ: an empty range gives
 * PYTORCH 2^-23, FBGEMM 0.1, and an empty or tiny one ONNXRUNTIME scale 1.
 *
 * Return: 0; -EINVAL: NaN or infinite, min > max, bad option; -ERANGE: the scale
 * is not a normal float32.
 */
int octet_quant_params(const struct octet_quant_opts *opts, float min, float max, float *scale,
		       int32_t *zero_point);

/**
 * octet_quant_params_channel() - per channel, from data
 * @data: [outer][channels][inner], row-major
 * @scale: [channels]
 * @zero_point: [channels]
 */
int octet_quant_params_channel(const struct octet_quant_opts *opts, const float *data, size_t outer,
			       size_t channels, size_t inner, float *scale, int32_t *zero_point);

/**
 * octet_quantize() - real to codes, clamped
 *
 * out has one byte per value, int16_t for OCTET_INT16. Return: 0; -EINVAL: NaN (its index is in no
 * message: there is no context), scale not positive and finite, zero point
 * outside the type.
 */
int octet_quantize(const struct octet_quant_opts *opts, float scale, int32_t zero_point,
		   const float *in, size_t count, void *out);

/** octet_quantize_channel() - layout as octet_quant_params_channel() */
int octet_quantize_channel(const struct octet_quant_opts *opts, const float *scale,
			   const int32_t *zero_point, const float *in, size_t outer, size_t channels,
			   size_t inner, void *out);

/** octet_dequantize() - scale * (q - zero_point); type INT8, UINT8, INT16, INT32 */
int octet_dequantize(enum octet_dtype type, float scale, int32_t zero_point, const void *in,
		     size_t count, float *out);

/**
 * octet_quantize_bias() - round(bias / (s_in * s_w)), half away from zero, to int32
 * @s_w: [1] or, with @per_channel, [count]
 *
 * Return: -ERANGE if a value does not fit.
 */
int octet_quantize_bias(float s_in, const float *s_w, bool per_channel, const float *bias,
			size_t count, int32_t *out);

/** Output stage code: enum octet_stage of drm/octet_isa.h, same numbers. */
enum octet_stage_code {
	OCTET_RAW = 0,
	OCTET_FIX_DBL = 1,
	OCTET_FIX_DBL_UP = 2,
	OCTET_FIX_UP = 3,
	OCTET_FIX_AWAY = 4,
	OCTET_FP32_RNE = 5,
};

/** octet_stage_name() - "FIX_DBL" and so on; "?" for others */
const char *octet_stage_name(enum octet_stage_code stage);

/**
 * octet_requant() - multiplier and shift that stand for a real factor
 *
 * FIX codes: TFLite's QuantizeMultiplier, shift = 31 - exponent. FP32_RNE: the
 * factor as float32 bits, shift 0. RAW: zeros.
 *
 * Return: 0; -ERANGE: not representable (factor <= 0, shift outside 1..62,
 * scale outside [2^-32, 2^8)).
 */
int octet_requant(enum octet_stage_code stage, double factor, uint32_t *mult, uint32_t *shift);

#ifdef __cplusplus
}
#endif

#endif /* OCTET_QUANT_API_H */
