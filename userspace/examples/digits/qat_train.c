// SPDX-License-Identifier: MIT
/* Training, post-training quantization, and the way to integers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "distort.h"
#include "net.h"
#include "qat_priv.h"

#define BATCH 32u

/* Up over the first twentieth, then down in a straight line to nearly 0. */
static float rate_at(const struct qat_plan *p, float done)
{
	float up = done * 20, down = (1.001f - done) / 0.95f;

	return p->lr * (up < down ? up + 0.01f : down);
}

/* One round over the images, each bent another way. */
static int epoch(struct qat_net *net, const struct digits_data *d, const struct qat_plan *p,
		 unsigned int e, size_t *order, uint64_t *rng, size_t *right)
{
	float in[DIGITS_PIXELS], bent[DIGITS_PIXELS];
	uint32_t pending = 0;
	int ret = 0;

	*right = 0;
	for (size_t i = 0; !ret && i < p->n; i++) {
		size_t j = i + rng_below(rng, (uint32_t)(p->n - i)), pick = order[j];

		order[j] = order[i];
		order[i] = pick;
		digits_data_input(d, pick, in);
		digits_distort(rng, in, bent);
		*right += (size_t)qat_learn(net, bent, d->labels[pick]);
		if (++pending < BATCH && i + 1 < p->n)
			continue;
		ret = qat_step(net, rate_at(p, ((float)e + (float)i / (float)p->n) /
					       (float)p->epochs), pending);
		pending = 0;
	}
	return ret;
}

int qat_train(struct qat_net *net, const struct digits_data *d, const struct qat_plan *p)
{
	bool learned = p->ranges == QAT_LEARNED;
	enum octet_observer_kind kind = learned ? OCTET_OBSERVE_MSE : OCTET_OBSERVE_MOVING;
	size_t *order = malloc(p->n * sizeof(*order)), right;
	uint64_t rng = p->seed;
	int ret = order ? 0 : -ENOMEM;

	for (size_t i = 0; order && i < p->n; i++)
		order[i] = i;
	for (unsigned int e = 0; !ret && e < p->epochs; e++) {
		/* Only the last round in float shows what the nodes will meet. */
		if (e + 1 == p->delay)
			ret = qat_watch(net, kind);
		if (!ret && e == p->delay)
			ret = qat_quantize(net, kind);
		if (!ret)
			ret = epoch(net, d, p, e, order, &rng, &right);
		if (!ret && (e + 1 == p->delay || (e + 1) * 4 / p->epochs != e * 4 / p->epochs))
			fprintf(stderr, "qat_digits: %u bits, %s ranges: epoch %u/%u%s, %.1f%% of"
				" the distorted images right\n", p->bits,
				learned ? "learned" : "observed", e + 1, p->epochs,
				net->quantize ? "" : " in float",
				100.0 * (double)right / (double)p->n);
	}
	net->observe = false;
	free(order);
	return ret;
}

int qat_post_training(struct qat_net *net, const struct digits_data *d, size_t n,
		      enum octet_observer_kind kind)
{
	float in[DIGITS_PIXELS];
	int ret = qat_watch(net, kind);

	for (size_t i = 0; !ret && i < n; i++) {
		digits_data_input(d, i, in);
		qat_forward(net, in);
		ret = net->err;
	}
	if (!ret)
		ret = qat_quantize(net, kind);
	net->observe = false;
	return ret;
}

static int freeze_layer(const struct qat_net *net, const struct qat_layer *l, float s_in,
			struct digits_qlayer *q)
{
	struct octet_quant_opts o = qat_weights(net);
	size_t channels = l->shape->out_c;
	int ret;

	q->shape = l->shape;
	q->weights = malloc(l->w.n);
	q->bias = calloc(channels, sizeof(*q->bias));
	q->w_scale = calloc(channels, sizeof(*q->w_scale));
	q->w_zero = calloc(channels, sizeof(*q->w_zero));
	if (!q->weights || !q->bias || !q->w_scale || !q->w_zero)
		return -ENOMEM;
	memcpy(q->w_scale, l->w_scale.v, channels * sizeof(*q->w_scale));
	q->out.scale = *l->node.scale.v;
	q->out.zero_point = l->node.zero_point;
	ret = octet_quantize_channel(&o, q->w_scale, q->w_zero, l->w.v, 1, channels,
				     l->w.n / channels, q->weights);
	if (ret)
		return ret;
	return octet_quantize_bias(s_in, q->w_scale, true, l->b.v, channels, q->bias);
}

int qat_freeze(const struct qat_net *net, struct digits_qmodel *q)
{
	int ret = net->quantize ? 0 : -EINVAL;
	float s_in = net->in_scale;

	memset(q, 0, sizeof(*q));
	q->bits = net->bits;
	q->n_layers = net->n_layers;
	q->in.scale = net->in_scale;
	q->in.zero_point = net->in_zero;
	for (uint32_t i = 0; !ret && i < net->n_layers; i++) {
		ret = freeze_layer(net, &net->layers[i], s_in, &q->layers[i]);
		s_in = q->layers[i].out.scale;
	}
	if (ret)
		digits_qmodel_free(q);
	return ret;
}
