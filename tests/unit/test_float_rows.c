// SPDX-License-Identifier: MIT
/* Operators of float32 without weights, against libm in double and plain loops. */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "test_host.h"
#include "unit.h"

#define CASES 60

static int32_t reals(struct one *o, uint32_t rank, const uint32_t *dims, double low, double high)
{
	int32_t t = one_tensor(o, OCTET_FLOAT32, rank, dims, 0, 0);

	for (uint64_t i = 0; i < o->t[t].elements; i++)
		((float *)o->buffers[t])[i] = (float)one_real(o, low, high);
	return t;
}

static const float *result(struct one *o, uint32_t rank, const uint32_t *dims)
{
	int32_t t = one_tensor(o, OCTET_FLOAT32, rank, dims, 0, 0);

	memset(o->buffers[t], 0xff, o->t[t].bytes);
	one_output(o, t);
	if (one_run(o))
		fail_msg("%s: %s %s", o->op.name, o->why_not ? o->why_not : "", o->err);
	return o->buffers[t];
}

static void near(const struct one *o, size_t i, float have, double want)
{
	if (!(fabs((double)have - want) <= 2e-6 * fmax(1, fabs(want))))
		fail_msg("%s: element %zu is %.9g, not %.9g", o->op.name, i, (double)have, want);
}

/* ---- One value ---- */

static double f_logistic(double x) { return 1 / (1 + exp(-x)); }
static double f_hard_swish(double x) { return x * fmin(fmax(x + 3, 0), 6) / 6; }
static double f_elu(double x) { return x < 0 ? expm1(x) : x; }
static double f_gelu(double x) { return 0.5 * x * erfc(-x * M_SQRT1_2); }
static double f_rsqrt(double x) { return 1 / sqrt(x); }
static double f_square(double x) { return x * x; }
static double f_neg(double x) { return -x; }
static double f_relu(double x) { return fmax(x, 0); }
static double f_relu6(double x) { return fmin(fmax(x, 0), 6); }
static double f_relu1(double x) { return fmin(fmax(x, -1), 1); }
static double f_leaky(double x) { return x > 0 ? x : x * (double)0.1f; }

/** struct curve - @low: of its inputs */
struct curve {
	uint32_t code;
	const char *name;
	double (*f)(double x);
	double low;
};

static const struct curve curves[] = {
	{ OCTET_G_LOGISTIC, "LOGISTIC", f_logistic, -12 },
	{ OCTET_G_TANH, "TANH", tanh, -5 },
	{ OCTET_G_HARD_SWISH, "HARD_SWISH", f_hard_swish, -8 },
	{ OCTET_G_ELU, "ELU", f_elu, -8 },
	{ OCTET_G_GELU, "GELU", f_gelu, -6 },
	{ OCTET_G_EXP, "EXP", exp, -8 },
	{ OCTET_G_LOG, "LOG", log, 0.01 },
	{ OCTET_G_SQRT, "SQRT", sqrt, 0 },
	{ OCTET_G_RSQRT, "RSQRT", f_rsqrt, 0.01 },
	{ OCTET_G_SQUARE, "SQUARE", f_square, -8 },
	{ OCTET_G_ABS, "ABS", fabs, -8 },
	{ OCTET_G_NEG, "NEG", f_neg, -8 },
	{ OCTET_G_RELU, "RELU", f_relu, -8 },
	{ OCTET_G_RELU6, "RELU6", f_relu6, -8 },
	{ OCTET_G_RELU_N1_TO_1, "RELU_N1_TO_1", f_relu1, -8 },
	{ OCTET_G_LEAKY_RELU, "LEAKY_RELU", f_leaky, -8 },
};

static void test_curves(void **state)
{
	(void)state;
	for (size_t k = 0; k < sizeof(curves) / sizeof(curves[0]); k++) {
		uint32_t dims[] = { 3, 500 };
		struct one o;
		const float *x, *y;
		int32_t t;

		one_begin(&o, curves[k].code, curves[k].name, k);
		if (curves[k].code == OCTET_G_LEAKY_RELU)
			o.op.opt.leaky.alpha = 0.1f;
		t = reals(&o, 2, dims, curves[k].low, 9);
		one_input(&o, t);
		y = result(&o, 2, dims);
		x = o.buffers[t];
		for (size_t i = 0; i < 1500; i++)
			near(&o, i, y[i], curves[k].f((double)x[i]));
		one_end(&o);
	}
}

/* ---- Two values ---- */

static float two(uint32_t code, float a, float b)
{
	switch (code) {
	case OCTET_G_ADD:
		return a + b;
	case OCTET_G_SUB:
		return a - b;
	case OCTET_G_MUL:
		return a * b;
	case OCTET_G_DIV:
		return a / b;
	case OCTET_G_SQUARED_DIFFERENCE:
		return (a - b) * (a - b);
	case OCTET_G_MAXIMUM:
		return a > b ? a : b;
	default:
		return a < b ? a : b;
	}
}

static bool fuses(uint32_t code)
{
	return code == OCTET_G_ADD || code == OCTET_G_SUB || code == OCTET_G_MUL ||
	       code == OCTET_G_DIV;
}

/* Every way to broadcast: each dimension of each input may be 1 or gone. */
static void arith_case(uint32_t seed)
{
	static const uint32_t codes[] = { OCTET_G_ADD, OCTET_G_SUB, OCTET_G_MUL, OCTET_G_DIV,
					  OCTET_G_SQUARED_DIFFERENCE, OCTET_G_MAXIMUM,
					  OCTET_G_MINIMUM };
	uint32_t code = codes[seed % 7], dims[4], in[2][4], rank[2], out[4];
	float low = -INFINITY, high = INFINITY;
	const float *x[2], *y;
	struct one o;
	size_t n = 1;

	one_begin(&o, code, "arithmetic", seed);
	for (int d = 0; d < 4; d++)
		dims[d] = 1 + one_random(&o, 5);
	for (int i = 0; i < 2; i++) {
		uint32_t plain = one_random(&o, 3);

		rank[i] = plain ? 4 : 1 + one_random(&o, 4);
		for (uint32_t d = 0; d < 4; d++)
			in[i][d] = (!plain && one_random(&o, 3) == 0) || d + rank[i] < 4 ? 1 :
				   dims[d];
	}
	for (int d = 0; d < 4; d++) {
		out[d] = in[0][d] > in[1][d] ? in[0][d] : in[1][d];
		n *= out[d];
	}
	rank[seed & 1] = 4;
	if (fuses(code) && one_random(&o, 2)) {
		o.op.opt.arith.activation = OCTET_G_ACT_RELU6;
		low = 0;
		high = 6;
	}
	for (int i = 0; i < 2; i++)
		one_input(&o, reals(&o, rank[i], in[i] + 4 - rank[i], 0.5, 8));
	y = result(&o, 4, out);
	x[0] = o.buffers[0];
	x[1] = o.buffers[1];
	for (size_t i = 0; i < n; i++) {
		size_t from[2], rest = i, at[4];
		float want;

		for (int d = 4; d-- > 0; rest /= out[d])
			at[d] = rest % out[d];
		for (int k = 0; k < 2; k++) {
			from[k] = 0;
			for (int d = 0; d < 4; d++)
				from[k] = from[k] * in[k][d] + (in[k][d] > 1 ? at[d] : 0);
		}
		want = fminf(fmaxf(two(code, x[0][from[0]], x[1][from[1]]), low), high);
		if (memcmp(&want, &y[i], 4))
			fail_msg("operator %u, seed %u: element %zu is %.9g, not %.9g", code, seed,
				 i, (double)y[i], (double)want);
	}
	one_end(&o);
}

static void test_arith(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < 20 * CASES; seed++)
		arith_case(seed);
}

/* ---- Rows ---- */

static void rows_case(uint32_t code, const char *name, uint32_t seed)
{
	struct one o;
	uint32_t dims[2], n;
	const float *x, *y;
	int32_t t;
	double beta = 1;

	one_begin(&o, code, name, seed);
	dims[0] = 1 + one_random(&o, 5);
	n = dims[1] = 1 + one_random(&o, 100);
	if (code == OCTET_G_SOFTMAX) {
		o.op.opt.softmax.beta = seed & 1 ? 1 : 0.5f;
		beta = (double)o.op.opt.softmax.beta;
	}
	t = reals(&o, 2, dims, -6, 6);
	one_input(&o, t);
	y = result(&o, 2, dims);
	x = o.buffers[t];
	for (uint32_t r = 0; r < dims[0]; r++) {
		double sum = 0, squares = 0;

		for (uint32_t i = 0; i < n; i++) {
			double v = (double)x[r * n + i];

			sum += exp(beta * v);
			squares += v * v;
		}
		for (uint32_t i = 0; i < n; i++) {
			double v = (double)x[r * n + i];

			near(&o, r * n + i, y[r * n + i],
			     code == OCTET_G_SOFTMAX ? exp(beta * v) / sum :
			     code == OCTET_G_LOG_SOFTMAX ? v - log(sum) :
			     v / fmax(sqrt(squares), 1e-6));
		}
	}
	one_end(&o);
}

static void test_rows(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < CASES; seed++) {
		rows_case(OCTET_G_SOFTMAX, "SOFTMAX", seed);
		rows_case(OCTET_G_LOG_SOFTMAX, "LOG_SOFTMAX", seed);
		rows_case(OCTET_G_L2_NORMALIZATION, "L2_NORMALIZATION", seed);
	}
}

static void test_mean(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < CASES; seed++) {
		uint32_t dims[] = { 2, 1 + seed % 7, 1 + seed % 5, 1 + seed % 33 };
		uint32_t out[] = { 2, dims[3] };
		const float *x, *y;
		struct one o;
		int32_t t;

		one_begin(&o, OCTET_G_MEAN, "MEAN", seed);
		t = reals(&o, 4, dims, -6, 6);
		one_input(&o, t);
		one_input(&o, one_ints(&o, 2, (int32_t[]){ 1, -2 }));
		y = result(&o, 2, out);
		x = o.buffers[t];
		for (uint32_t i = 0; i < 2 * dims[3]; i++) {
			uint32_t n = dims[1] * dims[2];
			double sum = 0;

			for (uint32_t p = 0; p < n; p++)
				sum += (double)x[(i / dims[3] * n + p) * dims[3] + i % dims[3]];
			near(&o, i, y[i], sum / n);
		}
		one_end(&o);
	}
}

static void test_prelu(void **state)
{
	uint32_t dims[] = { 2, 3, 4, 19 }, alphas[] = { 1, 1, 19 };
	const float *x, *a, *y;
	struct one o;

	(void)state;
	one_begin(&o, OCTET_G_PRELU, "PRELU", 1);
	one_input(&o, reals(&o, 4, dims, -6, 6));
	one_input(&o, reals(&o, 3, alphas, -1, 1));
	y = result(&o, 4, dims);
	x = o.buffers[0];
	a = o.buffers[1];
	for (size_t i = 0; i < 2 * 3 * 4 * 19; i++)
		near(&o, i, y[i], (double)(x[i] >= 0 ? x[i] : x[i] * a[i % 19]));
	one_end(&o);
}

/* Half-pixel centres, as most networks have them. */
static void test_resize(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < CASES; seed++) {
		uint32_t in[] = { 1, 1 + seed % 9, 1 + seed % 4, 3 }, out[] = { 1, 7, 1 + seed % 11, 3 };
		const float *x, *y;
		struct one o;

		one_begin(&o, OCTET_G_RESIZE_BILINEAR, "RESIZE_BILINEAR", seed);
		o.op.opt.resize.half_pixel = 1;
		one_input(&o, reals(&o, 4, in, -6, 6));
		one_input(&o, one_ints(&o, 2, (int32_t[]){ (int32_t)out[1], (int32_t)out[2] }));
		y = result(&o, 4, out);
		x = o.buffers[0];
		for (uint32_t i = 0; i < out[1] * out[2] * 3; i++) {
			double at[2], sum = 0, pos[2] = { i / 3 / out[2], i / 3 % out[2] };

			for (int d = 0; d < 2; d++) {
				at[d] = (pos[d] + 0.5) * in[d + 1] / out[d + 1] - 0.5;
				at[d] = fmin(fmax(at[d], 0), in[d + 1] - 1.0);
			}
			for (uint32_t p = 0; p < in[1] * in[2]; p++)
				sum += (double)x[p * 3 + i % 3] *
				       fmax(0, 1 - fabs(at[0] - p / in[2])) *
				       fmax(0, 1 - fabs(at[1] - p % in[2]));
			if (!(fabs((double)y[i] - sum) < 1e-5))
				fail_msg("seed %u: element %u is %.9g, not %.9g", seed, i,
					 (double)y[i], sum);
		}
		one_end(&o);
	}
}

UNIT_MAIN(unit_case(test_curves), unit_case(test_arith), unit_case(test_rows),
	  unit_case(test_mean), unit_case(test_prelu), unit_case(test_resize))
