// SPDX-License-Identifier: MIT
/* Batch norm folded into weights and biases while they are trained. */

#include <math.h>

#include "quant.h"

/* The channel's 1 / sqrt(variance + epsilon); 0 if there is none. */
static double reciprocal(const struct octet_batch_norm *n, size_t c)
{
	double v = (double)n->variance[c] + (double)n->epsilon;

	return v > 0 && isfinite(v) && n->variance[c] >= 0 ? 1 / sqrt(v) : 0;
}

static double gamma_of(const struct octet_batch_norm *n, size_t c)
{
	return n->gamma ? (double)n->gamma[c] : 1;
}

static bool finite_at(const float *v, size_t c)
{
	return !v || isfinite(v[c]);
}

static int begin(const struct octet_batch_norm *user, const float *w, const float *bias,
		 size_t count, size_t channels, struct octet_batch_norm *n)
{
	int ret = octet_opts_in(NULL, "octet_batch_norm", user, sizeof(*n), n);

	if (ret)
		return ret;
	if (!n->mean || !n->variance || (count && !w) || !(n->epsilon >= 0))
		return -EINVAL;
	if (n->epsilon == 0)
		n->epsilon = 1e-3f;
	for (size_t c = 0; c < channels; c++)
		if (reciprocal(n, c) == 0 || !finite_at(n->mean, c) || !finite_at(n->gamma, c) ||
		    !finite_at(n->beta, c) || !finite_at(bias, c))
			return -EINVAL;
	for (size_t i = 0; i < count; i++)
		if (!isfinite(w[i]))
			return -EINVAL;
	return 0;
}

int octet_batch_norm_fold(const struct octet_batch_norm *norm, const float *w, const float *bias,
			  size_t outer, size_t channels, size_t inner, float *w_out,
			  float *bias_out)
{
	struct octet_batch_norm n;
	size_t count = outer * channels * inner;
	int ret = begin(norm, w, bias, count, channels, &n);

	if (ret)
		return ret;
	if ((count && !w_out) || (channels && !bias_out))
		return -EINVAL;
	for (size_t i = 0; i < count; i++) {
		size_t c = i / inner % channels;

		w_out[i] = (float)((double)w[i] * (gamma_of(&n, c) * reciprocal(&n, c)));
	}
	for (size_t c = 0; c < channels; c++) {
		double b = (bias ? (double)bias[c] : 0) - (double)n.mean[c];

		bias_out[c] = (float)(b * (gamma_of(&n, c) * reciprocal(&n, c)) +
				      (n.beta ? (double)n.beta[c] : 0));
	}
	return 0;
}

int octet_batch_norm_fold_backward(const struct octet_batch_norm *norm, const float *w,
				   const float *bias, const float *grad_w, const float *grad_bias,
				   size_t outer, size_t channels, size_t inner,
				   const struct octet_batch_norm_grads *grads)
{
	struct octet_batch_norm_grads g;
	struct octet_batch_norm n;
	size_t count = outer * channels * inner;
	int ret = begin(norm, w, bias, count, channels, &n);

	if (!ret)
		ret = octet_opts_in(NULL, "octet_batch_norm_grads", grads, sizeof(g), &g);
	if (ret)
		return ret;
	if (!grads || (count && !grad_w) || (channels && !grad_bias))
		return -EINVAL;
	for (size_t c = 0; c < channels; c++) {
		double r = reciprocal(&n, c), f = gamma_of(&n, c) * r, gb = (double)grad_bias[c];
		double sum = gb * ((bias ? (double)bias[c] : 0) - (double)n.mean[c]);

		for (size_t k = 0; k < outer * inner; k++) {
			size_t at = (k / inner * channels + c) * inner + k % inner;
			double gw = (double)grad_w[at];

			sum += gw * (double)w[at];
			if (g.w)
				g.w[at] = (float)(gw * f);
		}
		if (g.gamma)
			g.gamma[c] = (float)(sum * r);
		if (g.beta)
			g.beta[c] = (float)gb;
		if (g.bias)
			g.bias[c] = (float)(gb * f);
	}
	return 0;
}
