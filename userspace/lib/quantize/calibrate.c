// SPDX-License-Identifier: MIT
/* The float model runs on the samples, and observers watch its activations. */
#include <stdlib.h>

#include "quantize.h"

/** struct watch - a float model on the CPU, every activation kept */
struct watch {
	struct octet_ctx *ctx;
	struct octet_plan *plan;
};

static int open_watch(struct quantizer *z, struct watch *w)
{
	OCTET_OPTS(octet_open_opts, open);
	OCTET_OPTS(octet_plan_opts, opts);
	char err[256] = "";
	int ret;

	open.backend = OCTET_BACKEND_CPU;
	open.errbuf = err;
	open.errbuf_size = sizeof(err);
	ret = octet_open(&w->ctx, &open);
	if (ret)
		return quantize_fail(z, ret, "%s", err);
	opts.keep = true;
	/* A plan only reads its model. */
	ret = octet_plan_new(w->ctx, (struct octet_model *)(uintptr_t)z->model, &opts, &w->plan);
	return ret ? quantize_fail(z, ret, "%s", octet_last_error(w->ctx)) : 0;
}

static int make_observers(struct quantizer *z)
{
	for (uint32_t i = 0; i < z->g->tensor_count; i++) {
		const struct octet_graph_tensor *t = &z->g->tensors[i];
		int ret;

		if (t->type != OCTET_FLOAT32 || t->data)
			continue;
		ret = octet_observer_new(&z->observers[i], &z->o.observer);
		if (ret)
			return quantize_fail(z, ret, "the observer's options: %s",
					     octet_strerror(ret));
	}
	return 0;
}

static int observe(struct quantizer *z, struct watch *w, uint64_t sample)
{
	for (uint32_t i = 0; i < z->g->tensor_count; i++) {
		const void *data;
		size_t bytes;

		/* Tensors that no operator computes are not in the plan. */
		if (!z->observers[i] || octet_plan_tensor(w->plan, i, &data, &bytes))
			continue;
		if (octet_observer_add(z->observers[i], data, bytes / sizeof(float)))
			return quantize_fail(z, -EINVAL,
					     "sample %llu: tensor %u '%s' has NaN or infinite values",
					     (unsigned long long)sample, i, z->g->tensors[i].name);
	}
	return 0;
}

static int run_all(struct quantizer *z, struct watch *w, octet_samples_fn *samples, void *opaque)
{
	void *inputs[64];
	uint64_t done = 0;

	if (z->g->input_count > 64)
		return quantize_fail(z, -ENOTSUP, "%u inputs, at most 64", z->g->input_count);
	for (uint32_t i = 0; i < z->g->input_count; i++)
		inputs[i] = octet_plan_input(w->plan, 0, i, NULL);
	for (;; done++) {
		int ret = samples(opaque, done, inputs);

		if (!ret)
			break;
		if (ret < 0)
			return quantize_fail(z, ret, "sample %llu: it could not be read",
					     (unsigned long long)done);
		ret = octet_plan_start(w->plan, 0);
		if (!ret)
			ret = octet_plan_wait(w->plan, 0, -1);
		if (ret)
			return quantize_fail(z, ret, "%s", octet_last_error(w->ctx));
		ret = observe(z, w, done);
		if (ret)
			return ret;
		if (z->o.progress && z->o.progress(z->o.progress_opaque, done + 1))
			return quantize_fail(z, -ECANCELED, "stopped after %llu samples",
					     (unsigned long long)(done + 1));
	}
	if (!done)
		return quantize_fail(z, -EINVAL, "there is no sample to calibrate with");
	return 0;
}

int quantize_calibrate(struct quantizer *z, octet_samples_fn *samples, void *opaque)
{
	struct watch w = { 0 };
	int ret = make_observers(z);

	if (!ret)
		ret = open_watch(z, &w);
	if (!ret)
		ret = run_all(z, &w, samples, opaque);
	octet_plan_free(w.plan);
	octet_close(w.ctx);
	return ret;
}
