// SPDX-License-Identifier: MIT
/*
 * What eight bits are worth: convolutions of real networks on the CPU fallback in int8
 * against XNNPACK in float32, one thread each, weights packed beforehand there. Prints JSON
 * rows for tests/bench/run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xnnpack.h>

#include <octet.h>

#include "models.h"

#define ROUNDS 15

struct shape {
	const char *name;
	uint32_t h, w, cin, cout, k;
};

static const struct shape shapes[] = {
	{ "conv 3x3 56x56x64 -> 64", 56, 56, 64, 64, 3 },
	{ "conv 3x3 14x14x256 -> 256", 14, 14, 256, 256, 3 },
	{ "conv 1x1 56x56x64 -> 256", 56, 56, 64, 256, 1 },
	{ "conv 1x1 14x14x1024 -> 256", 14, 14, 1024, 256, 1 },
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), by_size);
	return v[ROUNDS / 2];
}

static void die(const char *what)
{
	fprintf(stderr, "int8_float: %s\n", what);
	exit(1);
}

/** struct pair - both ready to run, so that their runs can alternate */
struct pair {
	struct octet_ctx *ctx;
	struct octet_model *model;
	struct octet_plan *plan;
	void *bytes;
	xnn_operator_t op;
	float *in, *out, *weights, *bias;
};

static void make_octet(struct pair *p, const struct shape *s)
{
	OCTET_OPTS(octet_open_opts, open);
	struct mb *m = mb_new(1);
	size_t size;

	open.backend = OCTET_BACKEND_CPU;
	mb_output(m, mb_conv2d(m, mb_input(m, "x", OCTET_INT8, MB(1, s->h, s->w, s->cin), 0.05f, 3),
			       &(struct mb_conv){ .cout = s->cout, .kh = s->k, .kw = s->k }));
	mb_finish(m, &p->bytes, &size);
	mb_free(m);
	if (octet_open(&p->ctx, &open) || octet_model_load_memory(&p->model, p->bytes, size, NULL) ||
	    octet_plan_new(p->ctx, p->model, NULL, &p->plan))
		die("the int8 network cannot be planned");
}

static void make_float(struct pair *p, const struct shape *s)
{
	size_t in = (size_t)s->h * s->w * s->cin, out = (size_t)s->h * s->w * s->cout;
	size_t weights = (size_t)s->cout * s->k * s->k * s->cin;
	uint32_t pad = s->k / 2;

	p->in = calloc(in + 16, sizeof(float));
	p->out = calloc(out + 16, sizeof(float));
	p->weights = calloc(weights, sizeof(float));
	p->bias = calloc(s->cout, sizeof(float));
	if (!p->in || !p->out || !p->weights || !p->bias)
		die("out of memory");
	for (size_t i = 0; i < in; i++)
		p->in[i] = (float)(i % 255) / 128 - 1;
	for (size_t i = 0; i < weights; i++)
		p->weights[i] = (float)(i % 127) / 64 - 1;
	if (xnn_create_convolution2d_nhwc_f32(pad, pad, pad, pad, s->k, s->k, 1, 1, 1, 1, 1, s->cin,
					      s->cout, s->cin, s->cout, p->weights, p->bias, -1e30f,
					      1e30f, 0, &p->op) ||
	    xnn_setup_convolution2d_nhwc_f32(p->op, 1, s->h, s->w, p->in, p->out, NULL))
		die("XNNPACK has no such convolution");
}

static void release(struct pair *p)
{
	xnn_delete_operator(p->op);
	octet_close(p->ctx);
	octet_model_free(p->model);
	free(p->bytes);
	free(p->in);
	free(p->out);
	free(p->weights);
	free(p->bias);
}

static void measure(const struct shape *s, const char *comma)
{
	double gmac = (double)s->h * s->w * s->cin * s->cout * s->k * s->k * 1e-9;
	double ours[ROUNDS], theirs[ROUNDS], a, b;
	struct pair p = { 0 };

	make_octet(&p, s);
	make_float(&p, s);
	for (int i = -2; i < ROUNDS; i++) {
		double start = now(), middle;

		if (octet_plan_start(p.plan, 0) || octet_plan_wait(p.plan, 0, -1))
			die(octet_last_error(p.ctx));
		middle = now();
		xnn_run_operator(p.op, NULL);
		if (i < 0)
			continue;
		ours[i] = middle - start;
		theirs[i] = now() - middle;
	}
	a = gmac / median(ours);
	b = gmac / median(theirs);
	printf("%s\n{\"name\": \"int8 against float: %s\", \"backend\": \"cpu\", \"unit\": \"GMAC/s\", "
	       "\"value\": %.3f, \"peer\": \"XNNPACK float32, one thread\", \"peer_value\": %.3f, "
	       "\"ratio\": %.3f}", comma, s->name, a, b, a / b);
	release(&p);
}

int main(void)
{
	if (xnn_initialize(NULL))
		die("XNNPACK does not run on this machine");
	printf("[");
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		measure(&shapes[i], i ? "," : "");
	printf("\n]\n");
	return 0;
}
