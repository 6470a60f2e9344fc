// SPDX-License-Identifier: MIT
/* Networks quantized and compared with themselves. */
#include "quantize_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/model.h"

#define CHECKED	16

static float value(const struct qr *q, uint64_t sample, uint64_t i)
{
	uint64_t x = (sample + 1) * 0x9e3779b97f4a7c15u + i * 0xd1342543de82ef95u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return q->low + (q->high - q->low) * (float)((double)(x >> 40) / 16777216.0);
}

static void fill(const struct qr *q, uint64_t sample, void *const *inputs)
{
	for (uint32_t k = 0; k < octet_model_inputs(q->real); k++) {
		OCTET_OPTS(octet_tensor_info, info);

		octet_model_tensor(q->real, (uint32_t)octet_model_input(q->real, k), &info);
		for (size_t i = 0; i < info.bytes / sizeof(float); i++)
			((float *)inputs[k])[i] = value(q, sample, i + k * 65536);
	}
}

static int next(void *opaque, uint64_t index, void *const *inputs)
{
	struct qr *q = opaque;

	if (index >= q->samples)
		return 0;
	q->asked++;
	fill(q, index, inputs);
	if ((int64_t)index == q->bad)
		((float *)inputs[0])[0] = NAN;
	return 1;
}

void qr_new(struct qr *q, uint64_t seed)
{
	OCTET_OPTS(octet_quantize_opts, opts);

	*q = (struct qr){ .opts = opts, .samples = 16, .low = -1, .high = 1, .bad = -1 };
	q->opts.real_io = true;
	q->m = mb_new(seed);
}

int qr_quantize(struct qr *q)
{
	OCTET_OPTS(octet_model_opts, load);
	size_t size;
	int ret;

	q->opts.errbuf = load.errbuf = q->err;
	q->opts.errbuf_size = load.errbuf_size = sizeof(q->err);
	octet_model_free(q->codes);
	q->codes = NULL;
	if (!q->real) {
		mb_finish(q->m, &q->bytes, &size);
		ret = octet_model_load_memory(&q->real, q->bytes, size, &load);
		if (ret)
			return ret;
	}
	q->asked = 0;
	return octet_model_quantize(&q->codes, q->real, &q->opts, next, q);
}

void qr_free(struct qr *q)
{
	octet_model_free(q->codes);
	octet_model_free(q->real);
	free(q->bytes);
	mb_free(q->m);
}

/** struct side - a model, ready to run */
struct side {
	struct octet_ctx *ctx;
	struct octet_plan *plan;
};

static int open_side(struct side *s, struct octet_model *model)
{
	OCTET_OPTS(octet_open_opts, open);
	int ret;

	open.backend = OCTET_BACKEND_CPU;
	*s = (struct side){ 0 };
	ret = octet_open(&s->ctx, &open);
	if (!ret)
		ret = octet_plan_new(s->ctx, model, NULL, &s->plan);
	if (ret)
		fprintf(stderr, "plan: %d %s\n", ret, s->ctx ? octet_last_error(s->ctx) : "");
	return ret;
}

static void close_side(struct side *s)
{
	octet_plan_free(s->plan);
	octet_close(s->ctx);
}

static int run(const struct qr *q, struct side *s, uint64_t sample)
{
	void *inputs[8];
	int ret;

	for (uint32_t k = 0; k < octet_model_inputs(q->real); k++)
		inputs[k] = octet_plan_input(s->plan, 0, k, NULL);
	fill(q, sample, inputs);
	ret = octet_plan_start(s->plan, 0);
	return ret ? ret : octet_plan_wait(s->plan, 0, -1);
}

static int compare(struct qr *q, struct side *real, struct side *codes, double *signal,
		   double *noise)
{
	for (uint64_t i = 0; i < CHECKED; i++) {
		if (run(q, real, 1000 + i) || run(q, codes, 1000 + i))
			return -1;
		for (uint32_t k = 0; k < octet_model_outputs(q->real); k++) {
			size_t bytes, other;
			const float *a = octet_plan_output(real->plan, 0, k, &bytes);
			const float *b = octet_plan_output(codes->plan, 0, k, &other);

			if (bytes != other)
				return -1;
			for (size_t e = 0; e < bytes / sizeof(*a); e++) {
				double d = (double)a[e] - (double)b[e];

				*signal += (double)a[e] * (double)a[e];
				*noise += d * d;
			}
		}
	}
	return 0;
}

double qr_sqnr(struct qr *q)
{
	double signal = 0, noise = 0;
	struct side real, codes;
	int ret = open_side(&real, q->real);

	ret |= open_side(&codes, q->codes);
	if (!ret)
		ret = compare(q, &real, &codes, &signal, &noise);
	close_side(&real);
	close_side(&codes);
	return ret ? -INFINITY : noise > 0 ? 10 * log10(signal / noise) : INFINITY;
}

float *qr_run(struct qr *q, struct octet_model *model, uint64_t index, size_t *count)
{
	struct side s;
	float *out = NULL;
	size_t bytes;

	if (!open_side(&s, model) && !run(q, &s, index)) {
		const float *from = octet_plan_output(s.plan, 0, 0, &bytes);

		*count = bytes / sizeof(*out);
		out = malloc(bytes);
		for (size_t i = 0; out && i < *count; i++)
			out[i] = from[i];
	}
	close_side(&s);
	return out;
}

const struct octet_graph *qr_graph(const struct qr *q)
{
	return q->codes->graph;
}

const struct octet_graph_op *qr_op(const struct qr *q, uint32_t code, uint32_t n)
{
	const struct octet_graph *g = qr_graph(q);

	for (uint32_t i = 0; i < g->op_count; i++)
		if (g->ops[i].code == code && !n--)
			return &g->ops[i];
	return NULL;
}

uint32_t qr_count(const struct qr *q, uint32_t code)
{
	uint32_t n = 0;

	while (qr_op(q, code, n))
		n++;
	return n;
}
