// SPDX-License-Identifier: MIT
/* octet_model_quantize(): the steps in their order. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "../model/check.h"
#include "format.h"

int quantize_fail(const struct quantizer *z, int error, const char *format, ...)
{
	va_list args;

	if (!z->o.errbuf || !z->o.errbuf_size)
		return error;
	va_start(args, format);
	vsnprintf(z->o.errbuf, z->o.errbuf_size, format, args);
	va_end(args);
	return error;
}

static int read_options(struct quantizer *z, const struct octet_quantize_opts *opts)
{
	int ret = octet_opts_in(NULL, "octet_quantize_opts", opts, sizeof(z->o), &z->o);

	if (ret)
		return ret;
	/* The caller may leave the inner struct as it is. */
	z->o.observer.size = sizeof(z->o.observer);
	ret = format_options(z);
	if (ret)
		return ret;
	if (!(z->o.smooth_alpha >= 0 && z->o.smooth_alpha <= 1))
		return quantize_fail(z, -EINVAL, "smooth_alpha is %g, must be 0..1",
				     (double)z->o.smooth_alpha);
	if (z->o.adaround && z->type == OCTET_UINT8)
		return quantize_fail(z, -EINVAL, "adaround is for weights with zero point 0: not with "
						 "activations of uint8");
	return 0;
}

static int make_room(struct quantizer *z)
{
	size_t n = z->limit + 1;

	z->observers = calloc(n, sizeof(struct octet_observer *));
	z->root = calloc(n, sizeof(*z->root));
	z->fixed = calloc(n, sizeof(*z->fixed));
	z->params = calloc(n, sizeof(*z->params));
	z->codes = calloc(n, sizeof(*z->codes));
	z->reals = calloc(n, sizeof(*z->reals));
	if (!z->observers || !z->root || !z->fixed || !z->params || !z->codes ||
	    !z->reals)
		return -ENOMEM;
	return 0;
}

static void release(struct quantizer *z)
{
	for (uint32_t i = 0; z->observers && i < z->limit; i++)
		octet_observer_free(z->observers[i]);
	octet_graph_free(z->q);
	free(z->observers);
	free(z->excluded);
	free(z->root);
	free(z->fixed);
	free(z->params);
	free(z->codes);
	free(z->reals);
}

static int is_float(const struct quantizer *z)
{
	for (uint32_t i = 0; i < z->g->tensor_count; i++)
		if (z->g->tensors[i].type == OCTET_FLOAT32 && !z->g->tensors[i].data)
			return 0;
	return quantize_fail(z, -EINVAL, "the model has no float32 activation: it is quantized already");
}

int quantize_finish(struct quantizer *z, struct octet_model **out)
{
	struct octet_model *model = calloc(1, sizeof(*model));
	int ret = model ? octet_graph_check(z->q, z->o.errbuf, z->o.errbuf_size) : -ENOMEM;

	if (ret) {
		free(model);
		return ret;
	}
	model->graph = z->q;
	z->q = NULL;
	*out = model;
	return 0;
}

/* Weights and biases hold numbers: or the first sample would be blamed. */
static int check_layers(struct quantizer *z)
{
	for (uint32_t i = 0; i < z->g->op_count; i++) {
		const struct octet_graph_op *op = &z->g->ops[i];
		struct quantize_layer l;

		if (!quantize_layer(z, i, &l))
			continue;
		for (uint32_t k = 0; k < op->input_count; k++) {
			const struct octet_graph_tensor *t = octet_graph_input(z->g, op, k);
			int ret = t && t->data && t->type == OCTET_FLOAT32 ?
				  quantize_finite(z, t, t->data) : 0;

			if (ret)
				return ret;
		}
	}
	return 0;
}

/* The float model in its last form before the calibration. */
static int prepare(struct quantizer *z, const struct octet_model *model,
		   octet_samples_fn *samples, void *opaque)
{
	int ret;

	z->g = model->graph;
	z->q = octet_graph_new();
	z->excluded = calloc(z->g->op_count + 1, sizeof(*z->excluded));
	ret = z->q && z->excluded ? quantize_edit(z, model->graph) : -ENOMEM;
	if (!ret)
		ret = make_room(z);
	if (!ret)
		ret = is_float(z);
	if (!ret)
		ret = quantize_exclude(z);
	if (!ret)
		ret = quantize_fold(z);
	if (!ret)
		ret = quantize_known(z);
	if (!ret)
		ret = check_layers(z);
	if (!ret && z->o.equalize)
		ret = quantize_equalize(z);
	if (!ret && z->o.smooth_alpha > 0)
		ret = quantize_smooth(z, samples, opaque);
	return ret;
}

/* Parameters of activations, and what stays float if that is to be found out. */
static int parameters(struct quantizer *z, octet_samples_fn *samples, void *opaque)
{
	octet_range_fn *range = z->o.range;
	int ret = quantize_calibrate(z, samples, opaque);

	if (!ret && z->o.keep_worst) {
		z->o.range = NULL;
		ret = quantize_share(z);
		if (!ret)
			ret = quantize_keep_worst(z, samples, opaque);
		z->o.range = range;
	}
	return ret ? ret : quantize_share(z);
}

static int begin(struct quantizer *z, const struct octet_model *model,
		 const struct octet_quantize_opts *opts, const void *out, octet_samples_fn *samples)
{
	int ret = read_options(z, opts);

	if (!ret && (!out || !model || (!samples && !format_is_real(z))))
		ret = quantize_fail(z, -EINVAL, "octet_model_quantize: a pointer is NULL");
	return ret;
}

int octet_model_quantize(struct octet_model **out, const struct octet_model *model,
			 const struct octet_quantize_opts *opts, octet_samples_fn *samples,
			 void *opaque)
{
	struct quantizer z = { .model = model };
	int ret = begin(&z, model, opts, out, samples);

	if (ret)
		return ret;
	ret = prepare(&z, model, samples, opaque);
	if (!ret && !format_is_real(&z))
		ret = parameters(&z, samples, opaque);
	if (!ret && z.o.adaround)
		ret = quantize_adaround(&z, samples, opaque);
	if (!ret && z.o.correct_bias)
		ret = quantize_bias_correct(&z, samples, opaque);
	if (!ret)
		ret = quantize_build(&z);
	if (!ret)
		ret = quantize_finish(&z, out);
	if (ret == -ENOMEM)
		quantize_fail(&z, ret, "out of memory");
	release(&z);
	return ret;
}

int octet_quantize_sensitivity(const struct octet_model *model,
			       const struct octet_quantize_opts *opts, octet_samples_fn *samples,
			       void *opaque, uint32_t *ops, double *sqnr, uint32_t *count)
{
	struct quantizer z = { .model = model };
	struct quantize_rank *list = NULL;
	int ret = begin(&z, model, opts, ops && sqnr ? count : NULL, samples);

	if (ret)
		return ret;
	z.o.keep_worst = 0;
	if (format_is_real(&z))
		return quantize_fail(&z, -EINVAL, "format %s quantizes no activation: there is "
						  "nothing to rank", octet_format_name(z.o.format));
	ret = prepare(&z, model, samples, opaque);
	if (!ret)
		ret = parameters(&z, samples, opaque);
	if (!ret) {
		list = calloc(z.g->op_count + 1, sizeof(*list));
		ret = list ? quantize_sensitivity(&z, samples, opaque, list, count) : -ENOMEM;
	}
	for (uint32_t i = 0; !ret && i < *count; i++) {
		ops[i] = z.origin[list[i].op];
		sqnr[i] = list[i].sqnr;
	}
	if (ret == -ENOMEM)
		quantize_fail(&z, ret, "out of memory");
	free(list);
	release(&z);
	return ret;
}
