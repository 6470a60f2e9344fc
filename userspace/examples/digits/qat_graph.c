// SPDX-License-Identifier: MIT
/* The training graph: forward, straight-through backward, AdamW. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "net.h"
#include "qat_priv.h"

#define BETA1 0.9f
#define BETA2 0.999f
#define WEIGHT_DECAY 0.02f
/* Scales move by shares of themselves, so they stay positive. */
#define SCALE_RATE 0.5f

/* The first error stays; callers look at it once a step. */
static void keep(struct qat_net *net, int ret)
{
	if (ret && !net->err)
		net->err = ret;
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

/* One tap of the kernel at one output pixel: offsets of its input, output, weights. */
typedef void tap_fn(struct qat_layer *l, const float *in, float *din, size_t a, size_t b,
		    size_t tap);

static void for_taps(struct qat_layer *ql, const float *in, float *din, tap_fn *do_tap)
{
	const struct digits_layer *l = ql->shape;

	for (uint32_t oy = 0; oy < l->out_h; oy++)
	for (uint32_t ox = 0; ox < l->out_w; ox++)
	for (uint32_t ky = 0; ky < l->kernel; ky++)
	for (uint32_t kx = 0; kx < l->kernel; kx++) {
		uint32_t y = oy * l->stride + ky - l->pad;
		uint32_t x = ox * l->stride + kx - l->pad;

		if (y < l->in_h && x < l->in_w)
			do_tap(ql, in, din, ((size_t)y * l->in_w + x) * l->in_c,
			       ((size_t)oy * l->out_w + ox) * l->out_c,
			       (size_t)ky * l->kernel + kx);
	}
}

static void tap_forward(struct qat_layer *l, const float *in, float *din, size_t a, size_t b,
			size_t tap)
{
	size_t in_c = l->shape->in_c, out_c = l->shape->out_c;

	(void)din;
	for (size_t c = 0; c < in_c; c++)
		if (in[a + c] != 0)
			axpy(l->block + b, in[a + c], l->wq_hwio + (tap * in_c + c) * out_c, out_c);
}

static void tap_backward(struct qat_layer *l, const float *in, float *din, size_t a, size_t b,
			 size_t tap)
{
	size_t in_c = l->shape->in_c, out_c = l->shape->out_c, row = l->w.n / out_c;

	for (size_t c = 0; c < in_c; c++)
		if (in[a + c] != 0)
			axpy(l->grad_hwio + (tap * in_c + c) * out_c, in[a + c], l->delta + b,
			     out_c);
	for (size_t o = 0; din && o < out_c; o++)
		if (l->delta[b + o] != 0)
			axpy(din + a, l->delta[b + o], l->wq + o * row + tap * in_c, in_c);
}

/* Convolution, bias and ReLU; behind them, and only there, the node. */
static void forward(struct qat_net *net, struct qat_layer *l, const float *in)
{
	struct octet_quant_opts o = qat_activations(net);
	size_t outs = digits_layer_outputs(l->shape);

	for (size_t i = 0; i < outs; i += l->b.n)
		memcpy(l->block + i, l->bq, l->b.n * sizeof(float));
	for_taps(l, in, NULL, tap_forward);
	for (size_t i = 0; l->shape->relu && i < outs; i++)
		if (l->block[i] < 0)
			l->block[i] = 0;
	if (net->observe)
		keep(net, octet_observer_add(l->node.seen, l->block, outs));
	if (net->quantize)
		keep(net, octet_fake_quant(&o, *l->node.scale.v, l->node.zero_point, l->block,
					   outs, l->out));
	else
		memcpy(l->out, l->block, outs * sizeof(float));
}

static void backward(struct qat_net *net, struct qat_layer *l, const float *in, float *din)
{
	struct octet_quant_opts o = qat_activations(net);
	size_t outs = digits_layer_outputs(l->shape);
	OCTET_OPTS(octet_fake_quant_grads, g);
	float scale = 0;

	g.in = l->delta;
	g.scale = &scale;
	if (net->quantize)
		keep(net, octet_fake_quant_backward(&o, *l->node.scale.v, l->node.zero_point,
						    l->block, l->delta, outs, &g));
	*l->node.scale.grad += scale;
	for (size_t i = 0; l->shape->relu && i < outs; i++)
		if (l->block[i] <= 0)
			l->delta[i] = 0;
	for (size_t i = 0; i < outs; i += l->b.n)
		axpy(l->b.grad, 1, l->delta + i, l->b.n);
	if (din)
		memset(din, 0, digits_layer_inputs(l->shape) * sizeof(float));
	for_taps(l, in, din, tap_backward);
}

const float *qat_forward(struct qat_net *net, const float *in)
{
	struct octet_quant_opts o = qat_activations(net);
	const float *x = net->in;

	if (net->quantize)
		keep(net, octet_fake_quant(&o, net->in_scale, net->in_zero, in, DIGITS_PIXELS,
					   net->in));
	else
		memcpy(net->in, in, sizeof(net->in));
	for (uint32_t i = 0; i < net->n_layers; i++) {
		forward(net, &net->layers[i], x);
		x = net->layers[i].out;
	}
	return x;
}

int qat_learn(struct qat_net *net, const float *in, uint32_t label)
{
	struct qat_layer *l = net->layers, *last = &l[net->n_layers - 1];
	const float *logits = qat_forward(net, in);
	uint32_t answer = digits_argmax(logits, last->b.n);
	float sum = 0;

	/* Gradient of the cross entropy after a softmax. */
	for (size_t i = 0; i < last->b.n; i++) {
		last->delta[i] = exp_negative(logits[i] - logits[answer]);
		sum += last->delta[i];
	}
	for (size_t i = 0; i < last->b.n; i++)
		last->delta[i] = last->delta[i] / sum - (i == label);
	for (uint32_t i = net->n_layers; i-- > 0;)
		backward(net, &l[i], i ? l[i - 1].out : net->in, i ? l[i - 1].delta : NULL);
	return answer == label;
}

/* @share: steps are shares of the value, as scales want it. */
static void adam(const struct qat_net *net, struct qat_values *p, float lr, float decay, bool share)
{
	float c1 = (float)(1 / (1 - net->b1t)), c2 = (float)(1 / (1 - net->b2t));

	for (size_t k = 0; k < p->n; k++) {
		float g = share ? p->grad[k] * p->v[k] : p->grad[k], step;

		p->m1[k] += (1 - BETA1) * (g - p->m1[k]);
		p->m2[k] += (1 - BETA2) * (g * g - p->m2[k]);
		step = p->m1[k] * c1 / (sqrtf(p->m2[k] * c2) + 1e-8f);
		p->v[k] -= lr * (share ? step * p->v[k] : step + decay * p->v[k]);
		p->grad[k] = 0;
	}
}

/* Gradients of what the node gave become those of the weights and of its scales. */
static int weight_grads(struct qat_net *net, struct qat_layer *l, float scale)
{
	struct octet_quant_opts o = qat_weights(net);
	OCTET_OPTS(octet_fake_quant_grads, g);

	for (size_t k = 0; k < l->w.n; k++)
		l->w.grad[k] = l->grad_hwio[qat_hwio(l->shape, k)] * scale;
	memset(l->grad_hwio, 0, l->w.n * sizeof(float));
	for (size_t k = 0; k < l->b.n; k++)
		l->b.grad[k] *= scale;
	*l->node.scale.grad *= scale;
	if (!net->quantize)
		return 0;
	g.in = l->w.grad;
	g.scale = l->w_scale.grad;
	return octet_fake_quant_backward_channel(&o, l->w_scale.v, NULL, l->w.v, l->w.grad, 1,
						 l->b.n, l->w.n / l->b.n, &g);
}

int qat_step(struct qat_net *net, float lr, uint32_t n)
{
	net->b1t *= BETA1;
	net->b2t *= BETA2;
	for (uint32_t i = 0; i < net->n_layers; i++) {
		struct qat_layer *l = &net->layers[i];

		keep(net, weight_grads(net, l, 1.0f / (float)n));
		adam(net, &l->w, lr, WEIGHT_DECAY, false);
		adam(net, &l->b, lr, 0, false);
		if (net->quantize && net->ranges == QAT_LEARNED) {
			adam(net, &l->w_scale, lr * SCALE_RATE, 0, true);
			adam(net, &l->node.scale, lr * SCALE_RATE, 0, true);
		}
	}
	if (net->quantize && net->ranges == QAT_OBSERVED)
		keep(net, qat_follow(net));
	keep(net, qat_refresh(net));
	return net->err;
}
