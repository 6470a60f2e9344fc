/* SPDX-License-Identifier: MIT */
/*
 * Tables that commands carry: pure functions from the parameters of an
 * operator to what the machine looks up. Each file is one concept.
 *
 * Bits are those of TFLite 2.14's reference kernels where these know the
 * operator and the type; where TFLite calls libm in float32, the value is
 * computed in double and rounded once, so that it does not depend on a libm.
 * Conversions that TFLite leaves undefined (beyond int32) saturate.
 *
 * Return: 0; -ENOTSUP no table for this operator or type; -EINVAL parameters
 * that TFLite refuses (LOGISTIC with another output scale than 1/256), or for
 * which its arithmetic overflows (scales more than 2^22 apart).
 */
#ifndef OCTET_TABLES_H
#define OCTET_TABLES_H

#include "../model/graph.h"

#include <drm/octet_isa.h>

/**
 * struct octet_table_quant - type, scale and zero point of one side
 */
struct octet_table_quant {
	enum octet_dtype type;
	float scale;
	int32_t zero_point;
};

/**
 * octet_table_unary() - results of a pointwise operator on every int8 or uint8 code
 *
 * @code: LOGISTIC, TANH, HARD_SWISH, RELU, RELU6, RELU_N1_TO_1, RELU_0_TO_1,
 *	LEAKY_RELU, ELU, GELU, EXP, ABS, RSQRT, QUANTIZE: exact (ELU, EXP, ABS and
 *	RSQRT of uint8, which TFLite lacks: the same arithmetic). LOG, SQRT: as
 *	LiteRT computes them since. NEG, SQUARE, SIN: TFLite has them in
 *	float only; here the real result, rounded half away from zero
 * @opt: of the operator; may be NULL for those without options
 * @table: index is the raw byte of the input, entry the raw byte of the result
 *
 * Codes without a real result (RSQRT, SQRT of negative values, which TFLite
 * refuses at run time) give the largest code for RSQRT, that of 0 for SQRT.
 */
int octet_table_unary(uint32_t code, const union octet_graph_options *opt,
		      enum octet_dtype in_type, float in_scale, int32_t in_zp,
		      enum octet_dtype out_type, float out_scale, int32_t out_zp,
		      uint8_t table[256]);

/**
 * octet_table_unary16() - base points of an int16 table, LUTPopulate<int16>
 *
 * Result of x: base + (((next - base) * (x & 127) + 64) >> 7), where base is
 * entry 256 + (x >> 7) and next the one behind it: octet_table_lookup16().
 *
 * @code: EXP (TFLite 2.14), GELU, LOG, RSQRT (LiteRT since). Others have an
 *	arithmetic of their own (LOGISTIC, TANH: octet_table_sigmoid16()) and
 *	no such table: -ENOTSUP
 */
int octet_table_unary16(uint32_t code, const union octet_graph_options *opt, float in_scale,
			int32_t in_zp, float out_scale, int32_t out_zp,
			int16_t table[OCTET_LUT16_ENTRIES]);

/** octet_table_lookup16() - LUTLookup() of an int16 */
int16_t octet_table_lookup16(int16_t x, const int16_t table[OCTET_LUT16_ENTRIES]);

/**
 * octet_table_prelu() - PRELU with one alpha for all: @alpha is its code
 */
int octet_table_prelu(const struct octet_table_quant *in, const struct octet_table_quant *alpha,
		      int32_t alpha_code, const struct octet_table_quant *out,
		      uint8_t table[256]);

/**
 * struct octet_table_sigmoid - parameters of int16 LOGISTIC and TANH
 *
 * @mult: 0: the input scale is a power of two
 * @left: shift
 * @grid: sigmoid(i / 24) as 0.16
 */
struct octet_table_sigmoid {
	int32_t mult;
	int left;
	uint16_t grid[256];
};

/** octet_table_sigmoid16() - parameters from the input scale; zero points are 0 */
int octet_table_sigmoid16(uint32_t code, float in_scale, float out_scale,
			  struct octet_table_sigmoid *s);

/** octet_table_logistic16(), octet_table_tanh16() - one value, Q of 0 */
int16_t octet_table_logistic16(const struct octet_table_sigmoid *s, int16_t x);
int16_t octet_table_tanh16(const struct octet_table_sigmoid *s, int16_t x);

/**
 * octet_table_softmax() - exponentials of int8 and uint8 SOFTMAX
 *
 * @table: entry k: exp(-k beta in_scale) as Q0.31; 0 where TFLite leaves the
 *	element out
 */
int octet_table_softmax(float beta, float in_scale, int32_t table[256]);

/**
 * octet_table_softmax_row() - what the machine does with that table, in words of C
 *
 * @in: @n values, raw bytes of int8 or uint8 (both order as they are)
 * @out: raw bytes
 */
void octet_table_softmax_row(const int32_t table[256], bool is_signed, uint32_t n,
			     const uint8_t *in, uint8_t *out);

/**
 * struct octet_table_softmax16 - tables of int16 SOFTMAX
 *
 * @exp: exp over [-10, 0]
 * @inverse: 1 / (1 + x) over [0, 1]
 * @mult, @shift: brings differences to [-65535, 0]
 */
struct octet_table_softmax16 {
	int16_t exp[OCTET_LUT16_ENTRIES], inverse[OCTET_LUT16_ENTRIES];
	int32_t mult;
	int shift;
};

int octet_table_softmax16(float beta, float in_scale, struct octet_table_softmax16 *t);

/** octet_table_softmax16_row() - one row of @n values */
void octet_table_softmax16_row(const struct octet_table_softmax16 *t, uint32_t n,
			       const int16_t *in, int16_t *out);

/**
 * octet_table_taps() - rows (columns) that each result row (column) of RESIZE has
 *
 * BILINEAR is TFLite's integer form, which its int8 and int16 kernels use;
 * the uint8 kernel computes in float and may differ by one. Where both taps
 * are the same row the weight is 0. Where TFLite would read beyond the image
 * (over a thousand result rows with align_corners), the last row is taken.
 *
 * @code: OCTET_G_RESIZE_BILINEAR or OCTET_G_RESIZE_NEAREST_NEIGHBOR
 * @in, @out: extents, 1..2^20
 * @taps: [out]
 */
int octet_table_taps(uint32_t code, const struct octet_opt_resize *opt, uint32_t in, uint32_t out,
		     struct octet_tap *taps);

#endif /* OCTET_TABLES_H */
