// SPDX-License-Identifier: MIT
/* Cases of operators that compute element by element. */

#include <math.h>

#include "test_host_cases.h"

uint32_t case_dims(struct one *o, uint32_t rank, uint32_t most, uint32_t *dims)
{
	for (uint32_t d = 0; d < rank; d++)
		dims[d] = 1 + one_random(o, most);
	return rank;
}

float case_scale(struct one *o)
{
	return (float)exp(one_real(o, -6, -1));
}

int32_t case_zp(struct one *o, enum octet_dtype type)
{
	if (type == OCTET_INT8)
		return (int32_t)one_random(o, 256) - 128;
	return type == OCTET_UINT8 ? (int32_t)one_random(o, 256) : 0;
}

enum octet_dtype case_pick(struct one *o, uint32_t n, const enum octet_dtype *types)
{
	return types[one_random(o, n)];
}

int32_t case_quantized(struct one *o, enum octet_dtype type, uint32_t rank, const uint32_t *dims)
{
	float scale = case_scale(o);
	bool none = type == OCTET_FLOAT32 || type == OCTET_INT64 || type == OCTET_BOOL ||
		    type == OCTET_FLOAT16;

	return one_tensor(o, type, rank, dims, none ? 0 : scale, case_zp(o, type));
}

static void quantize(struct one *o)
{
	static const enum octet_dtype from[] = { OCTET_FLOAT32, OCTET_INT8, OCTET_UINT8,
						 OCTET_INT16, OCTET_INT32 };
	static const enum octet_dtype to[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT16 };
	enum octet_dtype in = case_pick(o, 5, from), out = case_pick(o, 3, to);
	uint32_t dims[4];
	int32_t t;

	if (in == OCTET_INT16 || in == OCTET_INT32)
		out = one_random(o, 2) ? OCTET_INT8 : OCTET_INT16;
	else if (in != OCTET_FLOAT32 && out == OCTET_INT16)
		out = OCTET_INT8;
	case_dims(o, 4, 6, dims);
	t = case_quantized(o, in, 4, dims);
	one_fill(o, t);
	one_input(o, t);
	one_output(o, case_quantized(o, out, 4, dims));
}

static void dequantize(struct one *o)
{
	static const enum octet_dtype from[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT16,
						 OCTET_FLOAT16 };
	uint32_t dims[4];
	int32_t t;

	case_dims(o, 4, 6, dims);
	t = case_quantized(o, case_pick(o, 4, from), 4, dims);
	one_fill(o, t);
	one_input(o, t);
	one_output(o, one_tensor(o, OCTET_FLOAT32, 4, dims, 0, 0));
}

/* A scale and a zero point for each slice of a dimension. */
static void channels(struct one *o, int32_t t, uint32_t axis)
{
	int32_t zp[8];
	float scale[8];

	for (uint32_t i = 0; i < o->t[t].dims[axis]; i++) {
		scale[i] = case_scale(o);
		zp[i] = case_zp(o, o->t[t].type);
	}
	one_channels(o, t, axis, scale, zp);
}

static void per_channel(struct one *o)
{
	enum octet_dtype type = one_random(o, 2) ? OCTET_INT8 : OCTET_UINT8;
	bool forth = o->op.code == OCTET_G_QUANTIZE;
	uint32_t dims[4], axis = one_random(o, 4);
	int32_t real, codes;

	case_dims(o, 4, 6, dims);
	dims[axis] = 2 + one_random(o, 5);
	real = one_tensor(o, OCTET_FLOAT32, 4, dims, 0, 0);
	codes = case_quantized(o, type, 4, dims);
	channels(o, codes, axis);
	o->op.version = forth ? 3 : 5;
	one_fill(o, forth ? real : codes);
	one_input(o, forth ? real : codes);
	one_output(o, forth ? codes : real);
}

static void cast(struct one *o)
{
	static const enum octet_dtype types[] = { OCTET_FLOAT32, OCTET_INT32, OCTET_INT64,
						  OCTET_INT8, OCTET_UINT8, OCTET_INT16,
						  OCTET_BOOL };
	enum octet_dtype in = case_pick(o, 7, types), out = case_pick(o, 7, types);
	uint32_t dims[3];
	int32_t t;

	case_dims(o, 3, 6, dims);
	t = one_tensor(o, in, 3, dims, 0, 0);
	one_fill(o, t);
	if (in == OCTET_FLOAT32)
		for (uint64_t i = 0; i < o->t[t].elements; i++)
			((float *)o->buffers[t])[i] = (float)one_real(o, out == OCTET_UINT8 ? 0 :
								      -100, 100);
	one_input(o, t);
	one_output(o, one_tensor(o, out, 3, dims, 0, 0));
}

/* Any pointwise operator of 8 bits; options by code. */
static void unary8(struct one *o)
{
	enum octet_dtype type = one_random(o, 2) ? OCTET_INT8 : OCTET_UINT8;
	float in = case_scale(o), out = case_scale(o);
	uint32_t n = 256;
	int32_t zp, out_zp, t;

	if (o->op.code == OCTET_G_EXP || o->op.code == OCTET_G_ABS || o->op.code == OCTET_G_ELU ||
	    o->op.code == OCTET_G_RSQRT)
		type = OCTET_INT8;
	zp = case_zp(o, type);
	out_zp = case_zp(o, type);
	if (o->op.code == OCTET_G_LOGISTIC)
		out = 1.0f / 256;
	if (o->op.code == OCTET_G_EXP) {
		in *= 0.1f;
		out *= 16;
	}
	if (o->op.code == OCTET_G_RSQRT)
		zp = -128;
	if (o->op.code == OCTET_G_LEAKY_RELU)
		o->op.opt.leaky.alpha = (float)one_real(o, -0.5, 1.5);
	if (o->op.code == OCTET_G_GELU)
		o->op.opt.gelu.approximate = (int32_t)one_random(o, 2);
	t = one_tensor(o, type, 1, &n, in, zp);
	one_fill(o, t);
	for (uint32_t i = 0; i < n; i++)
		((uint8_t *)o->buffers[t])[i] = (uint8_t)i;
	one_input(o, t);
	one_output(o, one_tensor(o, type, 1, &n, out, out_zp));
}

static void unary16(struct one *o)
{
	uint32_t n = 3000;
	float in = (float)exp(one_real(o, -11, -6)), out = (float)exp(one_real(o, -11, -6));
	int32_t t;

	if (o->op.code == OCTET_G_LOGISTIC || o->op.code == OCTET_G_TANH)
		out = 1.0f / 32768;
	if (!one_random(o, 3))
		in = ldexpf(1, -10 - (int)one_random(o, 4));
	if (o->op.code == OCTET_G_LEAKY_RELU)
		o->op.opt.leaky.alpha = (float)one_real(o, -0.5, 1.5);
	t = one_tensor(o, OCTET_INT16, 1, &n, in, 0);
	one_fill(o, t);
	one_input(o, t);
	one_output(o, one_tensor(o, OCTET_INT16, 1, &n, out, 0));
}

static void unary_real(struct one *o)
{
	uint32_t n = 500;
	int32_t t = one_tensor(o, OCTET_FLOAT32, 1, &n, 0, 0);

	if (o->op.code == OCTET_G_LEAKY_RELU)
		o->op.opt.leaky.alpha = (float)one_real(o, -0.5, 1.5);
	one_fill(o, t);
	for (uint32_t i = 0; i < n; i++)
		if (o->op.code == OCTET_G_LOG || o->op.code == OCTET_G_SQRT ||
		    o->op.code == OCTET_G_RSQRT)
			((float *)o->buffers[t])[i] = (float)exp(one_real(o, -20, 20));
		else if (o->op.code == OCTET_G_LOGISTIC)
			((float *)o->buffers[t])[i] *= 6;
	one_input(o, t);
	one_output(o, one_tensor(o, OCTET_FLOAT32, 1, &n, 0, 0));
}

/* Shapes that broadcast to @dims: dimensions of 1, or fewer of them. */
static uint32_t narrow(struct one *o, uint32_t rank, const uint32_t *dims, uint32_t *small,
		       bool fewer)
{
	uint32_t skip = fewer ? one_random(o, rank) : 0;

	for (uint32_t d = skip; d < rank; d++)
		small[d - skip] = one_random(o, 3) ? dims[d] : 1;
	return rank - skip;
}

static void binary_shapes(struct one *o, uint32_t most, uint32_t rank[3], uint32_t dims[3][8])
{
	uint32_t one = most ? one_random(o, 3) : 0;

	/* @most 0: the same shapes. */
	rank[0] = rank[1] = rank[2] = 1 + one_random(o, most ? most : 4);
	case_dims(o, rank[2], 4, dims[2]);
	for (uint32_t i = 0; i < 8; i++)
		dims[0][i] = dims[1][i] = dims[2][i];
	if (one)
		rank[one - 1] = narrow(o, rank[2], dims[2], dims[one - 1], true);
}

static void binary(struct one *o, enum octet_dtype type, uint32_t most)
{
	uint32_t rank[3], dims[3][8];
	int32_t a, b;

	binary_shapes(o, most, rank, dims);
	a = case_quantized(o, type, rank[0], dims[0]);
	b = case_quantized(o, type, rank[1], dims[1]);
	one_fill(o, a);
	one_fill(o, b);
	one_input(o, a);
	one_input(o, b);
	one_output(o, case_quantized(o, type, rank[2], dims[2]));
}

static void arith(struct one *o)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT16 };

	o->op.opt.arith.activation = (int32_t)one_random(o, 4);
	binary(o, case_pick(o, 3, types), o->op.code == OCTET_G_MUL ? 4 : 5);
	/* Room for the result. */
	*(float *)(uintptr_t)o->t[o->out[0]].scale *= 2;
}

static void arith_pot(struct one *o)
{
	int exponent = -(int)one_random(o, 8) - 4, lower = exponent - (int)one_random(o, 3);
	uint32_t side = one_random(o, 2);

	o->op.opt.arith.activation = (int32_t)one_random(o, 4);
	o->op.opt.arith.pot_scale = 1;
	binary(o, OCTET_INT16, 0);
	*(float *)(uintptr_t)o->t[o->in[side]].scale = ldexpf(1, exponent);
	*(float *)(uintptr_t)o->t[o->in[!side]].scale = ldexpf(1, lower);
	*(float *)(uintptr_t)o->t[o->out[0]].scale = ldexpf(1, exponent);
}

static void arith_plain(struct one *o)
{
	static const enum octet_dtype types[] = { OCTET_FLOAT32, OCTET_INT32, OCTET_INT64 };
	bool wide = o->op.code != OCTET_G_DIV && o->op.code != OCTET_G_FLOOR_DIV &&
		    o->op.code != OCTET_G_SQUARED_DIFFERENCE;
	bool acts = o->op.code != OCTET_G_FLOOR_DIV && o->op.code != OCTET_G_SQUARED_DIFFERENCE;

	if (acts)
		o->op.opt.arith.activation = (int32_t)one_random(o, 4);
	binary(o, case_pick(o, wide ? 3 : 2, types), 4);
	for (uint64_t i = 0; i < o->t[o->in[1]].elements; i++)
		if (o->t[o->in[1]].type == OCTET_INT32)
			((int32_t *)o->buffers[o->in[1]])[i] |= 1;
}

/*
 * Dividends of 16 steps and more by divisors of 15 and fewer: where quotients
 * are tiny TFLite shifts an int32 by more than 31, which C leaves open.
 */
static void divide8(struct one *o)
{
	static const uint8_t zps[] = { 100, 20 };

	o->op.opt.arith.activation = (int32_t)one_random(o, 4);
	binary(o, OCTET_UINT8, 4);
	for (uint32_t k = 0; k < 2; k++) {
		uint8_t *v = o->buffers[o->in[k]];

		*(int32_t *)(uintptr_t)o->t[o->in[k]].zero_point = zps[k];
		for (uint64_t i = 0; i < o->t[o->in[k]].elements; i++) {
			int sign = one_random(o, 2) ? 1 : -1;
			int size = (int)(k ? 1 + one_random(o, 15) : 16 + one_random(o, 80));

			v[i] = (uint8_t)(zps[k] + sign * size);
		}
	}
	*(float *)(uintptr_t)o->t[o->in[0]].scale = o->t[o->in[1]].scale[0] *
		o->t[o->out[0]].scale[0] * (float)one_real(o, 0.25, 2);
}

static void squared8(struct one *o)
{
	binary(o, OCTET_INT8, 4);
}

static void extreme(struct one *o)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT16,
						  OCTET_INT32, OCTET_INT64, OCTET_FLOAT32 };

	binary(o, case_pick(o, 6, types), 5);
}

static void compare(struct one *o)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT32,
						  OCTET_INT64, OCTET_FLOAT32 };
	uint32_t rank[3], dims[3][8];
	enum octet_dtype type = case_pick(o, 5, types);

	binary_shapes(o, 4, rank, dims);
	for (uint32_t i = 0; i < 2; i++) {
		int32_t t = case_quantized(o, type, rank[i], dims[i]);

		one_fill(o, t);
		one_input(o, t);
	}
	/* Some equal ones. */
	if (type != OCTET_FLOAT32)
		for (uint64_t i = 0; i < o->t[1].bytes && i < o->t[0].bytes; i++)
			if (i & 8)
				((uint8_t *)o->buffers[1])[i] = ((uint8_t *)o->buffers[0])[i];
	one_output(o, one_tensor(o, OCTET_BOOL, rank[2], dims[2], 0, 0));
}

static void logic(struct one *o)
{
	binary(o, OCTET_BOOL, 4);
}

static void choose(struct one *o)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_INT32, OCTET_FLOAT32,
						  OCTET_INT64, OCTET_INT16 };
	enum octet_dtype type = case_pick(o, 5, types);
	uint32_t rank[3], dims[3][8];
	bool second = o->op.code == OCTET_G_SELECT_V2;
	int32_t t;

	binary_shapes(o, second ? 5 : 4, rank, dims);
	if (second)
		t = one_tensor(o, OCTET_BOOL, rank[2], dims[2], 0, 0);
	else
		t = one_tensor(o, OCTET_BOOL, one_random(o, 2) ? rank[2] : 1, dims[2], 0, 0);
	one_fill(o, t);
	one_input(o, t);
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t k = second ? i : 2;

		t = one_tensor(o, type, rank[k], dims[k], 0, 0);
		one_fill(o, t);
		one_input(o, t);
	}
	one_output(o, one_tensor(o, type, rank[2], dims[2], 0, 0));
}

#define UNARY8(code) { #code "/8", OCTET_G_##code, unary8 }
#define UNARY16(code) { #code "/16", OCTET_G_##code, unary16 }
#define REAL(code) { #code "/float", OCTET_G_##code, unary_real }
#define PLAIN(code) { #code "/plain", OCTET_G_##code, arith_plain }
#define COMPARE(code) { #code, OCTET_G_##code, compare }

const struct host_group host_groups_value[] = {
	{ "QUANTIZE", OCTET_G_QUANTIZE, quantize },
	{ "DEQUANTIZE", OCTET_G_DEQUANTIZE, dequantize },
	{ "QUANTIZE/channels", OCTET_G_QUANTIZE, per_channel },
	{ "DEQUANTIZE/channels", OCTET_G_DEQUANTIZE, per_channel },
	{ "CAST", OCTET_G_CAST, cast },
	UNARY8(LOGISTIC), UNARY8(TANH), UNARY8(HARD_SWISH), UNARY8(RELU), UNARY8(RELU6),
	UNARY8(RELU_N1_TO_1), UNARY8(RELU_0_TO_1), UNARY8(LEAKY_RELU), UNARY8(ELU), UNARY8(GELU),
	UNARY8(EXP), UNARY8(ABS), UNARY8(RSQRT),
	UNARY16(LOGISTIC), UNARY16(TANH), UNARY16(RELU), UNARY16(RELU6), UNARY16(LEAKY_RELU),
	UNARY16(EXP), UNARY16(ABS),
	REAL(NEG), REAL(ABS), REAL(FLOOR), REAL(SQRT), REAL(RSQRT), REAL(SQUARE),
	REAL(RELU), REAL(RELU6), REAL(RELU_N1_TO_1), REAL(RELU_0_TO_1), REAL(LEAKY_RELU),
	REAL(LOGISTIC), REAL(TANH), REAL(HARD_SWISH), REAL(EXP), REAL(LOG), REAL(SIN), REAL(COS),
	{ "ADD", OCTET_G_ADD, arith }, { "SUB", OCTET_G_SUB, arith },
	{ "MUL", OCTET_G_MUL, arith },
	{ "ADD/pot16", OCTET_G_ADD, arith_pot }, { "SUB/pot16", OCTET_G_SUB, arith_pot },
	PLAIN(ADD), PLAIN(SUB), PLAIN(MUL), PLAIN(DIV), PLAIN(FLOOR_DIV),
	PLAIN(SQUARED_DIFFERENCE),
	{ "DIV/8", OCTET_G_DIV, divide8 },
	{ "SQUARED_DIFFERENCE/8", OCTET_G_SQUARED_DIFFERENCE, squared8 },
	{ "MAXIMUM", OCTET_G_MAXIMUM, extreme }, { "MINIMUM", OCTET_G_MINIMUM, extreme },
	COMPARE(LESS), COMPARE(LESS_EQUAL), COMPARE(GREATER), COMPARE(GREATER_EQUAL),
	COMPARE(EQUAL), COMPARE(NOT_EQUAL),
	{ "LOGICAL_AND", OCTET_G_LOGICAL_AND, logic }, { "LOGICAL_OR", OCTET_G_LOGICAL_OR, logic },
	{ "SELECT", OCTET_G_SELECT, choose }, { "SELECT_V2", OCTET_G_SELECT_V2, choose },
	{ 0 },
};
