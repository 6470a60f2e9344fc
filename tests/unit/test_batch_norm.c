// SPDX-License-Identifier: MIT
/* Batch norm folded in training: the same results; gradients against differences. */
#include "unit.h"
#include "vectors.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include <octet.h>
#include <octet_quantize.h>

#define O 2
#define C 3
#define I 5
#define N (O * C * I)

struct values {
	float w[N], bias[C], gamma[C], beta[C], mean[C], variance[C];
};

static void make(struct values *v)
{
	vectors_fill("uniform", 1, v->w, N);
	vectors_fill("uniform", 2, v->bias, C);
	vectors_fill("uniform", 3, v->gamma, C);
	vectors_fill("uniform", 4, v->beta, C);
	vectors_fill("uniform", 5, v->mean, C);
	for (int c = 0; c < C; c++)
		v->variance[c] = 0.3f + (float)c;
}

static struct octet_batch_norm norm_of(const struct values *v)
{
	OCTET_OPTS(octet_batch_norm, n);

	n.gamma = v->gamma;
	n.beta = v->beta;
	n.mean = v->mean;
	n.variance = v->variance;
	return n;
}

/* Convolution, then norm, is the folded convolution. */
static void test_forward(void **state)
{
	float x[O * I], w[N], b[C];
	struct octet_batch_norm n;
	struct values v;

	(void)state;
	make(&v);
	n = norm_of(&v);
	vectors_fill("uniform", 6, x, O * I);
	assert_int_equal(octet_batch_norm_fold(&n, v.w, v.bias, O, C, I, w, b), 0);
	for (int c = 0; c < C; c++) {
		double plain = (double)v.bias[c], folded = (double)b[c];

		for (int k = 0; k < O * I; k++) {
			int at = (k / I * C + c) * I + k % I;

			plain += (double)v.w[at] * (double)x[k];
			folded += (double)w[at] * (double)x[k];
		}
		plain = (plain - (double)v.mean[c]) / sqrt((double)v.variance[c] + 1e-3);
		plain = plain * (double)v.gamma[c] + (double)v.beta[c];
		assert_true(fabs(plain - folded) < 1e-5 * (1 + fabs(plain)));
	}
}

/* A sum over the results with fixed weights: its slope is the gradient. */
static double loss(const struct values *v, const float *gw, const float *gb)
{
	struct octet_batch_norm n = norm_of(v);
	float w[N], b[C];
	double sum = 0;

	assert_int_equal(octet_batch_norm_fold(&n, v->w, v->bias, O, C, I, w, b), 0);
	for (int k = 0; k < N; k++)
		sum += (double)w[k] * (double)gw[k];
	for (int c = 0; c < C; c++)
		sum += (double)b[c] * (double)gb[c];
	return sum;
}

static void slopes(struct values *v, float *at, const float *grad, int count, const float *gw,
		   const float *gb)
{
	for (int k = 0; k < count; k++) {
		float keep = at[k];
		double up, down, slope;

		at[k] = keep + 0.0625f;
		up = loss(v, gw, gb);
		at[k] = keep - 0.0625f;
		down = loss(v, gw, gb);
		at[k] = keep;
		slope = (up - down) / 0.125;
		assert_true(fabs(slope - (double)grad[k]) < 1e-4 * (1 + fabs(slope)));
	}
}

static void test_backward(void **state)
{
	float gw[N], gb[C], w[N], bias[C], gamma[C], beta[C];
	OCTET_OPTS(octet_batch_norm_grads, g);
	struct octet_batch_norm n;
	struct values v;

	(void)state;
	make(&v);
	n = norm_of(&v);
	vectors_fill("uniform", 7, gw, N);
	vectors_fill("uniform", 8, gb, C);
	g.w = w;
	g.bias = bias;
	g.gamma = gamma;
	g.beta = beta;
	assert_int_equal(octet_batch_norm_fold_backward(&n, v.w, v.bias, gw, gb, O, C, I, &g), 0);
	slopes(&v, v.w, w, N, gw, gb);
	slopes(&v, v.bias, bias, C, gw, gb);
	slopes(&v, v.gamma, gamma, C, gw, gb);
	slopes(&v, v.beta, beta, C, gw, gb);
}

static void test_bad(void **state)
{
	struct octet_batch_norm n;
	struct values v;
	float w[N], b[C];

	(void)state;
	make(&v);
	n = norm_of(&v);
	v.variance[1] = -1;
	assert_int_equal(octet_batch_norm_fold(&n, v.w, v.bias, O, C, I, w, b), -EINVAL);
	v.variance[1] = NAN;
	assert_int_equal(octet_batch_norm_fold(&n, v.w, v.bias, O, C, I, w, b), -EINVAL);
	v.variance[1] = 0; /* epsilon remains */
	assert_int_equal(octet_batch_norm_fold(&n, v.w, NULL, O, C, I, w, b), 0);
	v.w[4] = INFINITY;
	assert_int_equal(octet_batch_norm_fold(&n, v.w, v.bias, O, C, I, w, b), -EINVAL);
	v.w[4] = 1;
	n.mean = NULL;
	assert_int_equal(octet_batch_norm_fold(&n, v.w, v.bias, O, C, I, w, b), -EINVAL);
}

UNIT_MAIN(unit_case(test_forward), unit_case(test_backward), unit_case(test_bad))
