// SPDX-License-Identifier: MIT
/* Post-training quantization of the digits network with liboctet's calls. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <octet.h>

#include "qmodel.h"

static int fail(int code, char *err, size_t err_size, const char *what)
{
	if (err)
		snprintf(err, err_size, "%s: %s", what, octet_strerror(code));
	return code;
}

static void widen(struct digits_range *r, const float *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i] < r->min)
			r->min = v[i];
		if (v[i] > r->max)
			r->max = v[i];
	}
}

/* Ranges of the input and of every layer's output over training images. */
static int observe(struct digits_qmodel *q, const struct digits_model *m,
		   const struct digits_data *d, size_t n)
{
	float in[DIGITS_PIXELS];
	float *acts = calloc(digits_model_acts(m), sizeof(*acts));

	if (!acts)
		return -ENOMEM;
	for (size_t i = 0; i < n && i < d->n_train; i++) {
		digits_data_input(d, i, in);
		widen(&q->in, in, DIGITS_PIXELS);
		digits_model_forward(m, in, acts);
		for (uint32_t l = 0; l < m->n_layers; l++)
			widen(&q->layers[l].out, acts + digits_model_act_offset(m, l),
			      digits_layer_outputs(&m->layers[l]));
	}
	free(acts);
	return 0;
}

static int activation_params(struct digits_range *r)
{
	OCTET_OPTS(octet_quant_opts, o);

	o.type = OCTET_INT8;
	o.scheme = OCTET_ASYMMETRIC;
	return octet_quant_params(&o, r->min, r->max, &r->scale, &r->zero_point);
}

static int quantize_layer(struct digits_qlayer *ql, const struct digits_layer *l, float s_in)
{
	size_t n = digits_layer_weights(l), per_channel = n / l->out_c;
	OCTET_OPTS(octet_quant_opts, o);
	int ret;

	o.type = OCTET_INT8;
	o.scheme = OCTET_SYMMETRIC;
	ql->shape = l;
	ql->weights = malloc(n);
	ql->bias = calloc(l->out_c, sizeof(*ql->bias));
	ql->w_scale = calloc(l->out_c, sizeof(*ql->w_scale));
	ql->w_zero = calloc(l->out_c, sizeof(*ql->w_zero));
	if (!ql->weights || !ql->bias || !ql->w_scale || !ql->w_zero)
		return -ENOMEM;
	ret = octet_quant_params_channel(&o, l->weights, 1, l->out_c, per_channel, ql->w_scale,
					 ql->w_zero);
	if (ret)
		return ret;
	ret = octet_quantize_channel(&o, ql->w_scale, ql->w_zero, l->weights, 1, l->out_c,
				     per_channel, ql->weights);
	if (ret)
		return ret;
	return octet_quantize_bias(s_in, ql->w_scale, true, l->bias, l->out_c, ql->bias);
}

int digits_qmodel_make(struct digits_qmodel *q, const struct digits_model *m,
		       const struct digits_data *d, size_t n_calibrate, char *err, size_t err_size)
{
	char what[32];
	float s_in;
	int ret;

	memset(q, 0, sizeof(*q));
	q->n_layers = m->n_layers;
	ret = observe(q, m, d, n_calibrate);
	if (ret)
		return fail(ret, err, err_size, "calibration");
	ret = activation_params(&q->in);
	if (ret)
		return fail(ret, err, err_size, "range of the input");
	s_in = q->in.scale;
	for (uint32_t l = 0; l < m->n_layers; l++) {
		snprintf(what, sizeof(what), "layer %u", l);
		ret = activation_params(&q->layers[l].out);
		if (!ret)
			ret = quantize_layer(&q->layers[l], &m->layers[l], s_in);
		if (ret) {
			digits_qmodel_free(q);
			return fail(ret, err, err_size, what);
		}
		s_in = q->layers[l].out.scale;
	}
	return 0;
}

void digits_qmodel_free(struct digits_qmodel *q)
{
	for (uint32_t l = 0; l < q->n_layers; l++) {
		free(q->layers[l].weights);
		free(q->layers[l].bias);
		free(q->layers[l].w_scale);
		free(q->layers[l].w_zero);
	}
	memset(q, 0, sizeof(*q));
}

size_t digits_qmodel_bytes(const struct digits_qmodel *q)
{
	size_t bytes = 0;

	/* A weight is one byte; bias, multiplier, shift and zero point are twelve. */
	for (uint32_t l = 0; l < q->n_layers; l++)
		bytes += digits_layer_weights(q->layers[l].shape) +
			 12 * (size_t)q->layers[l].shape->out_c;
	return bytes;
}
