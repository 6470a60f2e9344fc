// SPDX-License-Identifier: MIT
/* The training graph: its values and its fake-quant nodes; see qat_net.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "qat_net.h"
#include "qat_priv.h"

static int values_new(struct qat_values *v, size_t n)
{
	v->n = n;
	v->v = calloc(4 * n, sizeof(float));
	if (!v->v)
		return -ENOMEM;
	v->grad = v->v + n;
	v->m1 = v->grad + n;
	v->m2 = v->m1 + n;
	return 0;
}

static int layer_new(struct qat_layer *l, const struct digits_layer *shape)
{
	size_t n = digits_layer_weights(shape), outs = digits_layer_outputs(shape);

	l->shape = shape;
	if (values_new(&l->w, n) || values_new(&l->b, shape->out_c) ||
	    values_new(&l->w_scale, shape->out_c) || values_new(&l->node.scale, 1))
		return -ENOMEM;
	l->wq = calloc(3 * n + 3 * outs + shape->out_c, sizeof(float));
	if (!l->wq)
		return -ENOMEM;
	l->wq_hwio = l->wq + n;
	l->grad_hwio = l->wq_hwio + n;
	l->block = l->grad_hwio + n;
	l->out = l->block + outs;
	l->delta = l->out + outs;
	l->bq = l->delta + outs;
	memcpy(l->w.v, shape->weights, n * sizeof(float));
	memcpy(l->b.v, shape->bias, shape->out_c * sizeof(float));
	return 0;
}

int qat_net_new(struct qat_net *net, const struct digits_model *m, uint32_t bits,
		enum qat_ranges ranges)
{
	OCTET_OPTS(octet_quant_opts, o);
	int ret;

	memset(net, 0, sizeof(*net));
	net->bits = bits;
	net->ranges = ranges;
	net->b1t = net->b2t = 1;
	net->n_layers = m->n_layers;
	o.bits = bits;
	/* What pixels can be is known. */
	ret = octet_quant_params(&o, 0, 1, &net->in_scale, &net->in_zero);
	for (uint32_t i = 0; !ret && i < m->n_layers; i++)
		ret = layer_new(&net->layers[i], &m->layers[i]);
	if (!ret)
		ret = qat_refresh(net);
	if (ret)
		qat_net_free(net);
	return ret;
}

void qat_net_free(struct qat_net *net)
{
	for (uint32_t i = 0; i < DIGITS_MAX_LAYERS; i++) {
		struct qat_layer *l = &net->layers[i];

		free(l->w.v);
		free(l->b.v);
		free(l->w_scale.v);
		free(l->node.scale.v);
		free(l->wq);
		octet_observer_free(l->node.seen);
	}
	memset(net, 0, sizeof(*net));
}

struct octet_quant_opts qat_activations(const struct qat_net *net)
{
	OCTET_OPTS(octet_quant_opts, o);

	o.bits = net->bits;
	return o;
}

struct octet_quant_opts qat_weights(const struct qat_net *net)
{
	OCTET_OPTS(octet_quant_opts, o);

	o.bits = net->bits;
	o.scheme = OCTET_SYMMETRIC;
	return o;
}

int qat_watch(struct qat_net *net, enum octet_observer_kind kind)
{
	OCTET_OPTS(octet_observer_opts, o);
	int ret = 0;

	o.kind = kind;
	for (uint32_t i = 0; !ret && i < net->n_layers; i++) {
		octet_observer_free(net->layers[i].node.seen);
		net->layers[i].node.seen = NULL;
		ret = octet_observer_new(&net->layers[i].node.seen, &o);
	}
	net->observe = !ret;
	return ret;
}

static int node_range(struct qat_net *net, struct qat_node *node)
{
	struct octet_quant_opts o = qat_activations(net);
	float min, max;
	int ret = octet_observer_range(node->seen, &o, 0, &min, &max, NULL);

	if (ret)
		return ret;
	return octet_quant_params(&o, min, max, node->scale.v, &node->zero_point);
}

/* One channel by a search for the least error instead of its largest weight. */
static int search_channel(const struct octet_quant_opts *o, const float *w, size_t n, float *scale)
{
	OCTET_OPTS(octet_observer_opts, opts);
	struct octet_observer *seen;
	float min, max;
	int32_t zero;
	int ret;

	opts.kind = OCTET_OBSERVE_MSE;
	ret = octet_observer_new(&seen, &opts);
	if (ret)
		return ret;
	ret = octet_observer_add(seen, w, n);
	if (!ret)
		ret = octet_observer_range(seen, o, 0, &min, &max, NULL);
	if (!ret)
		ret = octet_quant_params(o, min, max, scale, &zero);
	octet_observer_free(seen);
	return ret;
}

static int weight_ranges(struct qat_net *net, struct qat_layer *l, bool search)
{
	struct octet_quant_opts o = qat_weights(net);
	size_t row = l->w.n / l->shape->out_c;
	int32_t zero[DIGITS_MAX_DIM];
	int ret = 0;

	if (!search)
		return octet_quant_params_channel(&o, l->w.v, 1, l->shape->out_c, row,
						  l->w_scale.v, zero);
	for (size_t c = 0; !ret && c < l->shape->out_c; c++)
		ret = search_channel(&o, l->w.v + c * row, row, &l->w_scale.v[c]);
	return ret;
}

int qat_quantize(struct qat_net *net, enum octet_observer_kind kind)
{
	int ret = 0;

	for (uint32_t i = 0; !ret && i < net->n_layers; i++) {
		ret = node_range(net, &net->layers[i].node);
		if (!ret)
			ret = weight_ranges(net, &net->layers[i], kind == OCTET_OBSERVE_MSE);
	}
	net->quantize = true;
	net->observe = net->ranges == QAT_OBSERVED;
	return ret ? ret : qat_refresh(net);
}

size_t qat_hwio(const struct digits_layer *l, size_t ohwi)
{
	size_t row = (size_t)l->kernel * l->kernel * l->in_c;

	return ohwi % row * l->out_c + ohwi / row;
}

/* As the device has them: int32 in steps of s_in * s_w. */
static int round_bias(struct qat_layer *l, float s_in)
{
	int32_t steps[DIGITS_MAX_DIM];
	int ret = octet_quantize_bias(s_in, l->w_scale.v, true, l->b.v, l->b.n, steps);

	for (size_t c = 0; !ret && c < l->b.n; c++)
		l->bq[c] = (float)((double)s_in * (double)l->w_scale.v[c] * steps[c]);
	return ret;
}

static int refresh_layer(struct qat_net *net, struct qat_layer *l, float s_in)
{
	struct octet_quant_opts o = qat_weights(net);
	size_t row = l->w.n / l->b.n;
	int ret = 0;

	if (net->quantize) {
		ret = octet_fake_quant_channel(&o, l->w_scale.v, NULL, l->w.v, 1, l->b.n, row,
					       l->wq);
		if (!ret)
			ret = round_bias(l, s_in);
	} else {
		memcpy(l->wq, l->w.v, l->w.n * sizeof(float));
		memcpy(l->bq, l->b.v, l->b.n * sizeof(float));
	}
	for (size_t k = 0; k < l->w.n; k++)
		l->wq_hwio[qat_hwio(l->shape, k)] = l->wq[k];
	return ret;
}

int qat_refresh(struct qat_net *net)
{
	float s_in = net->in_scale;
	int ret = 0;

	for (uint32_t i = 0; !ret && i < net->n_layers; i++) {
		ret = refresh_layer(net, &net->layers[i], s_in);
		s_in = *net->layers[i].node.scale.v;
	}
	return ret;
}

/* Observed ranges move while the network trains. */
int qat_follow(struct qat_net *net)
{
	int ret = 0;

	for (uint32_t i = 0; !ret && i < net->n_layers; i++) {
		ret = node_range(net, &net->layers[i].node);
		if (!ret)
			ret = weight_ranges(net, &net->layers[i], false);
	}
	return ret;
}
