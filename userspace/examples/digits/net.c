// SPDX-License-Identifier: MIT
/* Gradients and AdamW for the digits network; see net.h. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"

#define BETA1 0.9f
#define BETA2 0.999f

static uint64_t rng_next(uint64_t *state) /* splitmix64 */
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

float rng_unit(uint64_t *state)
{
	return (float)(rng_next(state) >> 40) * 0x1p-24f;
}

uint32_t rng_below(uint64_t *state, uint32_t n)
{
	return (uint32_t)((rng_next(state) >> 32) * n >> 32);
}

float exp_negative(float x)
{
	double r, sum = 1, term = 1;
	int k;

	if (x < -80)
		return 0;
	k = (int)(x * 1.4426950408889634 - 0.5);
	r = x - k * 0.6931471805599453;
	for (int i = 1; i < 12; i++) {
		term *= r / i;
		sum += term;
	}
	return (float)ldexp(sum, k);
}

/* y += a * x; the fixed inner block becomes SIMD at -O2. */
static void axpy(float *restrict y, float a, const float *restrict x, size_t n)
{
	size_t i = 0;

	for (; i + 8 <= n; i += 8)
		for (size_t k = 0; k < 8; k++)
			y[i + k] += a * x[i + k];
	for (; i < n; i++)
		y[i] += a * x[i];
}

static size_t hwio_index(const struct digits_layer *l, size_t ohwi)
{
	size_t hwi = (size_t)l->kernel * l->kernel * l->in_c;

	return ohwi % hwi * l->out_c + ohwi / hwi;
}

static void refresh_ohwi(const struct digits_layer *l, struct net_layer *nl)
{
	for (size_t i = 0; i < nl->n_w; i++)
		nl->w_ohwi[i] = nl->w[hwio_index(l, i)];
}

int net_create(struct net *net, struct digits_model *model, uint64_t seed)
{
	memset(net, 0, sizeof(*net));
	net->model = model;
	net->rng = seed;
	net->b1t = net->b2t = 1;
	for (uint32_t i = 0; i < model->n_layers; i++) {
		const struct digits_layer *l = &model->layers[i];
		struct net_layer *nl = &net->layers[i];
		size_t outs = digits_layer_outputs(l), n, fan;
		float limit;

		nl->n_w = digits_layer_weights(l);
		nl->n_b = l->out_c;
		n = nl->n_w + nl->n_b;
		nl->w = calloc(5 * n + nl->n_w + 2 * outs, sizeof(float));
		if (!nl->w)
			return -1;
		nl->grad = nl->w + n;
		nl->m = nl->grad + n;
		nl->v = nl->m + n;
		nl->mean = nl->v + n;
		nl->w_ohwi = nl->mean + n;
		nl->act = nl->w_ohwi + nl->n_w;
		nl->delta = nl->act + outs;
		fan = nl->n_w / nl->n_b;
		limit = sqrtf(6.0f / (float)fan);
		for (size_t k = 0; k < nl->n_w; k++)
			nl->w[k] = (2 * rng_unit(&net->rng) - 1) * limit;
		memcpy(nl->mean, nl->w, n * sizeof(float));
		refresh_ohwi(l, nl);
	}
	return 0;
}

void net_free(struct net *net)
{
	for (uint32_t i = 0; i < DIGITS_MAX_LAYERS; i++)
		free(net->layers[i].w);
	memset(net, 0, sizeof(*net));
}

/* Calls do_tap for each kernel tap of each output pixel that is not padding:
 * a is the input pixel, b the output pixel, w the tap, by offset. */
typedef void tap_fn(const struct digits_layer *l, struct net_layer *nl,
		    const float *in, float *din, size_t a, size_t b, size_t tap);

static void for_taps(const struct digits_layer *l, struct net_layer *nl,
		     const float *in, float *din, tap_fn *do_tap)
{
	for (uint32_t oy = 0; oy < l->out_h; oy++)
	for (uint32_t ox = 0; ox < l->out_w; ox++)
	for (uint32_t ky = 0; ky < l->kernel; ky++)
	for (uint32_t kx = 0; kx < l->kernel; kx++) {
		uint32_t y = oy * l->stride + ky - l->pad;
		uint32_t x = ox * l->stride + kx - l->pad;

		if (y < l->in_h && x < l->in_w)
			do_tap(l, nl, in, din, ((size_t)y * l->in_w + x) * l->in_c,
			       ((size_t)oy * l->out_w + ox) * l->out_c,
			       (size_t)ky * l->kernel + kx);
	}
}

static void tap_forward(const struct digits_layer *l, struct net_layer *nl,
			const float *in, float *din, size_t a, size_t b, size_t tap)
{
	const float *w = nl->w + tap * l->in_c * l->out_c;

	(void)din;
	for (size_t c = 0; c < l->in_c; c++)
		if (in[a + c] != 0)
			axpy(nl->act + b, in[a + c], w + c * l->out_c, l->out_c);
}

static void tap_backward(const struct digits_layer *l, struct net_layer *nl,
			 const float *in, float *din, size_t a, size_t b,
			 size_t tap)
{
	float *g = nl->grad + tap * l->in_c * l->out_c;
	size_t filter = nl->n_w / l->out_c;

	for (size_t c = 0; c < l->in_c; c++)
		if (in[a + c] != 0)
			axpy(g + c * l->out_c, in[a + c], nl->delta + b, l->out_c);
	if (!din)
		return;
	for (size_t o = 0; o < l->out_c; o++)
		if (nl->delta[b + o] != 0)
			axpy(din + a, nl->delta[b + o],
			     nl->w_ohwi + o * filter + tap * l->in_c, l->in_c);
}

static void forward(const struct digits_layer *l, struct net_layer *nl,
		    const float *in)
{
	size_t outs = digits_layer_outputs(l);

	for (size_t i = 0; i < outs; i += l->out_c)
		memcpy(nl->act + i, nl->w + nl->n_w, l->out_c * sizeof(float));
	for_taps(l, nl, in, NULL, tap_forward);
	for (size_t i = 0; l->relu && i < outs; i++)
		if (nl->act[i] < 0)
			nl->act[i] = 0;
}

static void backward(const struct digits_layer *l, struct net_layer *nl,
		     const float *in, float *din)
{
	size_t outs = digits_layer_outputs(l);

	for (size_t i = 0; l->relu && i < outs; i++)
		if (nl->act[i] <= 0)
			nl->delta[i] = 0;
	for (size_t i = 0; i < outs; i += l->out_c)
		axpy(nl->grad + nl->n_w, 1, nl->delta + i, l->out_c);
	if (din)
		memset(din, 0, digits_layer_inputs(l) * sizeof(float));
	for_taps(l, nl, in, din, tap_backward);
}

/* Gradient of the cross entropy after a softmax. */
static void loss_delta(struct net_layer *nl, uint32_t label, uint32_t answer)
{
	float sum = 0;

	for (size_t i = 0; i < nl->n_b; i++) {
		nl->delta[i] = exp_negative(nl->act[i] - nl->act[answer]);
		sum += nl->delta[i];
	}
	for (size_t i = 0; i < nl->n_b; i++)
		nl->delta[i] = nl->delta[i] / sum - (i == label);
}

int net_learn(struct net *net, const float *in, uint32_t label)
{
	const struct digits_layer *l = net->model->layers;
	struct net_layer *nl = net->layers;
	uint32_t last = net->model->n_layers - 1, answer;

	for (uint32_t i = 0; i <= last; i++)
		forward(&l[i], &nl[i], i ? nl[i - 1].act : in);
	answer = digits_argmax(nl[last].act, nl[last].n_b);
	loss_delta(&nl[last], label, answer);
	for (uint32_t i = last + 1; i-- > 0;)
		backward(&l[i], &nl[i], i ? nl[i - 1].act : in,
			 i ? nl[i - 1].delta : NULL);
	return answer == label;
}

void net_step(struct net *net, const struct net_rates *r, uint32_t n)
{
	float c1, c2, scale = 1.0f / (float)n;

	net->b1t *= BETA1;
	net->b2t *= BETA2;
	c1 = (float)(1 / (1 - net->b1t));
	c2 = (float)(1 / (1 - net->b2t));
	for (uint32_t i = 0; i < net->model->n_layers; i++) {
		struct net_layer *nl = &net->layers[i];

		for (size_t k = 0; k < nl->n_w + nl->n_b; k++) {
			float g = nl->grad[k] * scale;
			float decay = k < nl->n_w ? r->decay * nl->w[k] : 0;

			nl->m[k] += (1 - BETA1) * (g - nl->m[k]);
			nl->v[k] += (1 - BETA2) * (g * g - nl->v[k]);
			nl->w[k] -= r->lr * (nl->m[k] * c1 /
				    (sqrtf(nl->v[k] * c2) + 1e-8f) + decay);
			nl->mean[k] += (1 - r->mean_keep) *
				       (nl->w[k] - nl->mean[k]);
			nl->grad[k] = 0;
		}
		refresh_ohwi(&net->model->layers[i], nl);
	}
}

void net_export(struct net *net)
{
	for (uint32_t i = 0; i < net->model->n_layers; i++) {
		struct digits_layer *l = &net->model->layers[i];
		struct net_layer *nl = &net->layers[i];

		for (size_t k = 0; k < nl->n_w; k++)
			l->weights[k] = nl->mean[hwio_index(l, k)];
		memcpy(l->bias, nl->mean + nl->n_w, nl->n_b * sizeof(float));
	}
}
