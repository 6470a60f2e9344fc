// SPDX-License-Identifier: MIT
/* Runs the frozen network: device, CPU fallback, and what training computed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qat_run.h"
#include "qnet.h"

struct pair {
	struct digits_qmodel model;
	struct digits_qnet device, cpu;
};

static int complain(struct octet_ctx *ctx, const char *what, int ret)
{
	fprintf(stderr, "qat_digits: %s: %s: %s\n", octet_backend_name(octet_get_backend(ctx)),
		what, octet_last_error(ctx));
	return ret;
}

static int run_net(struct digits_qnet *net)
{
	struct octet_fence *fence = NULL;
	int ret = octet_submit(net->ctx, NULL, &net->job, 1, NULL, &fence);

	if (ret)
		return complain(net->ctx, "submit", ret);
	ret = octet_fence_wait(fence, 60 * 1000000000ll);
	octet_fence_free(fence);
	return ret ? complain(net->ctx, "the job failed", ret) : 0;
}

static void compare(const struct pair *p, struct qat_result *r)
{
	for (uint32_t l = 0; l < p->model.n_layers; l++) {
		const int8_t *x = digits_qnet_output(&p->device, l);
		const int8_t *y = digits_qnet_output(&p->cpu, l);
		size_t n = digits_qnet_outputs(&p->device, l);

		r->outputs += n;
		for (size_t i = 0; i < n; i++)
			r->mismatches += x[i] != y[i];
	}
}

static uint32_t largest(const int8_t *v)
{
	uint32_t best = 0;

	for (uint32_t c = 1; c < DIGITS_CLASSES; c++)
		if (v[c] > v[best])
			best = c;
	return best;
}

/* Image i of the batch as the training graph saw it. */
static void compare_floats(const struct pair *p, const struct qat_net *net, uint32_t i,
			   struct qat_result *r)
{
	for (uint32_t l = 0; l < net->n_layers; l++) {
		const struct qat_layer *ql = &net->layers[l];
		size_t n = digits_layer_outputs(ql->shape);
		const int8_t *codes = digits_qnet_output(&p->device, l) + i * n;

		for (size_t k = 0; k < n; k++) {
			int code = (int)lround((double)ql->out[k] / (double)*ql->node.scale.v) +
				   ql->node.zero_point;
			int steps = abs(code - codes[k]);

			r->off += steps != 0;
			r->most = steps > r->most ? steps : r->most;
		}
	}
}

static int run_batch(struct pair *p, struct qat_net *net, const struct digits_data *d, size_t at,
		     struct qat_result *r)
{
	float in[DIGITS_PIXELS];
	int ret = digits_qnet_load(&p->device, d, at);

	if (!ret)
		ret = digits_qnet_load(&p->cpu, d, at);
	if (!ret)
		ret = run_net(&p->device);
	if (!ret)
		ret = run_net(&p->cpu);
	if (ret)
		return ret;
	compare(p, r);
	for (uint32_t i = 0; i < QAT_BATCH; i++) {
		const int8_t *logits = digits_qnet_output(&p->device, net->n_layers - 1);
		uint32_t answer = largest(logits + (size_t)i * DIGITS_CLASSES);

		digits_data_input(d, at + i, in);
		r->answers_off += digits_argmax(qat_forward(net, in), DIGITS_CLASSES) != answer;
		compare_floats(p, net, i, r);
		r->right += answer == d->labels[at + i];
		r->images++;
	}
	return net->err;
}

int qat_run(struct octet_ctx *device, struct octet_ctx *cpu, struct qat_net *net,
	    const struct digits_data *d, size_t from, size_t to, struct qat_result *r)
{
	struct pair p = { 0 };
	int ret = qat_freeze(net, &p.model);

	memset(r, 0, sizeof(*r));
	if (ret) {
		fprintf(stderr, "qat_digits: freezing: %s\n", octet_strerror(ret));
		return ret;
	}
	ret = digits_qnet_new(&p.device, device, &p.model, QAT_BATCH);
	if (ret)
		complain(device, "network", ret);
	if (!ret) {
		ret = digits_qnet_new(&p.cpu, cpu, &p.model, QAT_BATCH);
		if (ret)
			complain(cpu, "network", ret);
	}
	for (size_t at = from; !ret && at < to; at += QAT_BATCH)
		ret = run_batch(&p, net, d, at, r);
	if (p.device.ctx)
		digits_qnet_free(&p.device);
	if (p.cpu.ctx)
		digits_qnet_free(&p.cpu);
	digits_qmodel_free(&p.model);
	return ret;
}
