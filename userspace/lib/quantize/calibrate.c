// SPDX-License-Identifier: MIT
/* The float model runs on the samples, and observers watch its activations. */
#include <stdlib.h>

#include "quantize.h"

/** struct watch - a float model on the CPU, every activation kept */
struct watch {
	struct octet_ctx *ctx;
	struct octet_plan *plan;
};

static int open_watch(struct quantizer *z, const struct octet_model *model, struct watch *w)
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
	ret = octet_plan_new(w->ctx, (struct octet_model *)(uintptr_t)model, &opts, &w->plan);
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

static int observe(struct quantizer *z, struct octet_plan *plan, uint64_t sample, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < z->g->tensor_count; i++) {
		const void *data;
		size_t bytes;

		/* Tensors that no operator computes are not in the plan. */
		if (!z->observers[i] || octet_plan_tensor(plan, i, &data, &bytes))
			continue;
		if (octet_observer_add(z->observers[i], data, bytes / sizeof(float)))
			return quantize_fail(z, -EINVAL,
					     "sample %llu: tensor %u '%s' has NaN or infinite values",
					     (unsigned long long)sample, i, z->g->tensors[i].name);
	}
	return 0;
}

/* One sample: filled in, run, looked at. 1: there was none. */
static int run_one(struct quantizer *z, struct watch *w, void *const *inputs,
		   octet_samples_fn *samples, void *opaque, uint64_t sample)
{
	int ret = samples(opaque, sample, inputs);

	if (!ret)
		return 1;
	if (ret < 0)
		return quantize_fail(z, ret, "sample %llu: it could not be read",
				     (unsigned long long)sample);
	ret = octet_plan_start(w->plan, 0);
	if (!ret)
		ret = octet_plan_wait(w->plan, 0, -1);
	return ret ? quantize_fail(z, ret, "%s", octet_last_error(w->ctx)) : 0;
}

static int run_all(struct quantizer *z, struct watch *w, octet_samples_fn *samples, void *opaque,
		   uint64_t limit, quantize_visit_fn *visit, void *arg)
{
	void *inputs[64];

	if (z->g->input_count > 64)
		return quantize_fail(z, -ENOTSUP, "%u inputs, at most 64", z->g->input_count);
	for (uint32_t i = 0; i < z->g->input_count; i++)
		inputs[i] = octet_plan_input(w->plan, 0, i, NULL);
	for (uint64_t done = 0; !limit || done < limit; done++) {
		int ret = run_one(z, w, inputs, samples, opaque, done);

		if (ret == 1 && !done)
			return quantize_fail(z, -EINVAL, "there is no sample to calibrate with");
		if (ret == 1)
			break;
		if (!ret)
			ret = visit(z, w->plan, done, arg);
		if (ret)
			return ret;
		if (z->o.progress && z->o.progress(z->o.progress_opaque, ++z->passes))
			return quantize_fail(z, -ECANCELED, "stopped after %llu samples",
					     (unsigned long long)z->passes);
	}
	return 0;
}

int quantize_watch(struct quantizer *z, const struct octet_model *model, octet_samples_fn *samples,
		   void *opaque, uint64_t limit, quantize_visit_fn *visit, void *arg)
{
	struct watch w = { 0 };
	int ret = open_watch(z, model, &w);

	if (!ret)
		ret = run_all(z, &w, samples, opaque, limit, visit, arg);
	octet_plan_free(w.plan);
	octet_close(w.ctx);
	return ret;
}

int quantize_calibrate(struct quantizer *z, octet_samples_fn *samples, void *opaque)
{
	int ret = make_observers(z);

	return ret ? ret : quantize_watch(z, z->model, samples, opaque, 0, observe, NULL);
}
