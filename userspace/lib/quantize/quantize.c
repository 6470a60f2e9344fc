// SPDX-License-Identifier: MIT
/* octet_model_quantize(): the steps in their order. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "../model/check.h"
#include "quantize.h"

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
	z->type = z->o.activations ? z->o.activations : OCTET_INT8;
	if (z->type != OCTET_INT8 && z->type != OCTET_UINT8)
		return quantize_fail(z, -EINVAL, "activations are int8 or uint8, not %s",
				     octet_dtype_name(z->type));
	return 0;
}

static int make_room(struct quantizer *z)
{
	size_t n = z->g->tensor_count + 1;

	z->observers = calloc(n, sizeof(struct octet_observer *));
	z->excluded = calloc(z->g->op_count + 1, sizeof(*z->excluded));
	z->root = calloc(n, sizeof(*z->root));
	z->fixed = calloc(n, sizeof(*z->fixed));
	z->params = calloc(n, sizeof(*z->params));
	z->codes = calloc(n, sizeof(*z->codes));
	z->reals = calloc(n, sizeof(*z->reals));
	z->q = octet_graph_new();
	if (!z->observers || !z->excluded || !z->root || !z->fixed || !z->params || !z->codes ||
	    !z->reals || !z->q)
		return -ENOMEM;
	return 0;
}

static void release(struct quantizer *z)
{
	for (uint32_t i = 0; z->observers && i < z->g->tensor_count; i++)
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

static int finish(struct quantizer *z, struct octet_model **out)
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

int octet_model_quantize(struct octet_model **out, const struct octet_model *model,
			 const struct octet_quantize_opts *opts, octet_samples_fn *samples,
			 void *opaque)
{
	struct quantizer z = { .model = model };
	int ret = read_options(&z, opts);

	if (ret)
		return ret;
	if (!out || !model || !samples)
		return quantize_fail(&z, -EINVAL, "octet_model_quantize: a pointer is NULL");
	z.g = model->graph;
	ret = make_room(&z);
	if (!ret)
		ret = is_float(&z);
	if (!ret)
		ret = quantize_exclude(&z);
	if (!ret)
		ret = quantize_calibrate(&z, samples, opaque);
	if (!ret)
		ret = quantize_share(&z);
	if (!ret)
		ret = quantize_build(&z);
	if (!ret)
		ret = finish(&z, out);
	if (ret == -ENOMEM)
		quantize_fail(&z, ret, "out of memory");
	release(&z);
	return ret;
}
