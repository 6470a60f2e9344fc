// SPDX-License-Identifier: MIT
/*
 * What threads are worth: operations, and networks from files, on the CPU fallback with
 * 1, 2, ... threads, runs in turns; the median of each round's ratio counts. Prints JSON
 * rows for tests/bench/cpu.
 *
 *	bench_threads SECONDS MOST [NAME MODEL.tflite]...
 *
 * MOST: threads at most, their numbers double; 0: as many as there are processors.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include <octet.h>

#include "turns.h"

#define COUNTS	7

enum kind { GEMM, CONV, DEPTHWISE };

/* h x h x cin -> cout; GEMM: h x cin by cin x cout */
struct shape {
	const char *name;
	enum kind kind;
	uint32_t h, cin, cout, kernel;
};

static const struct shape shapes[] = {
	{ "gemm 256", GEMM, 256, 256, 256, 1 },
	{ "gemm 1024", GEMM, 1024, 1024, 1024, 1 },
	{ "conv 3x3 56x56x64", CONV, 56, 64, 64, 3 },
	{ "conv 3x3 14x14x256", CONV, 14, 256, 256, 3 },
	{ "conv 3x3 7x7x512", CONV, 7, 512, 512, 3 },
	{ "conv 1x1 28x28x128 -> 512", CONV, 28, 128, 512, 1 },
	{ "depthwise 3x3 56x56x144", DEPTHWISE, 56, 144, 144, 3 },
};

/** struct team - a number of threads */
struct team {
	unsigned int threads;
	struct octet_ctx *ctx;
	struct octet_job *job;
	struct octet_plan *plan;
	struct entrant entrant;
};

static void check(const struct team *e, int ret)
{
	if (!ret)
		return;
	fprintf(stderr, "bench threads: %s\n", octet_last_error(e->ctx));
	exit(1);
}

static struct octet_tensor *tensor(struct team *e, uint32_t rank, const uint32_t *dims)
{
	struct octet_tensor *t;
	uint8_t *at;

	check(e, octet_tensor_new(e->ctx, OCTET_INT8, rank, dims, &t));
	at = octet_tensor_map(t);
	for (size_t i = 0; i < octet_tensor_bytes(t); i++)
		at[i] = (uint8_t)(i * 2654435761u >> 13);
	return t;
}

static void append(struct team *e, const struct shape *s)
{
	const uint32_t image[4] = { 1, s->h, s->h, s->cin }, result[4] = { 1, s->h, s->h, s->cout };
	const uint32_t filter[4] = { s->cout, s->kernel, s->kernel, s->cin };
	OCTET_OPTS(octet_conv_opts, conv);
	OCTET_OPTS(octet_gemm_opts, gemm);
	struct octet_tensor *x, *w, *y;

	conv.stage = gemm.stage = OCTET_FIX_DBL;
	conv.pad_top = conv.pad_left = conv.pad_bottom = conv.pad_right = s->kernel / 2;
	gemm.transpose_b = gemm.const_b = true;
	if (s->kind == GEMM) {
		x = tensor(e, 2, (uint32_t[]){ s->h, s->cin });
		w = tensor(e, 2, (uint32_t[]){ s->cout, s->cin });
		y = tensor(e, 2, (uint32_t[]){ s->h, s->cout });
		check(e, octet_tensor_set_quant(y, 1000, 0));
		check(e, octet_job_gemm(e->job, x, w, NULL, y, &gemm));
		return;
	}
	x = tensor(e, 4, image);
	y = tensor(e, 4, result);
	check(e, octet_tensor_set_quant(y, 1000, 0));
	if (s->kind == CONV)
		check(e, octet_job_conv2d(e->job, x, tensor(e, 4, filter), NULL, y, &conv));
	else
		check(e, octet_job_depthwise(e->job, x, tensor(e, 3, filter + 1), NULL, y, &conv));
}

static void run(void *state)
{
	struct octet_fence *fence;
	struct team *e = state;

	if (e->plan) {
		check(e, octet_plan_start(e->plan, 0));
		check(e, octet_plan_wait(e->plan, 0, -1));
		return;
	}
	check(e, octet_submit(e->ctx, NULL, &e->job, 1, NULL, &fence));
	check(e, octet_fence_wait(fence, -1));
	octet_fence_free(fence);
}

static void row(const char *name, const struct team *e, int count)
{
	static const char *comma = "";
	struct octet_info info = { .size = sizeof(info) };

	check(e, octet_get_info(e->ctx, &info));
	printf("%s{\"name\": \"%s\", \"level\": \"%s\", \"runs\": [", comma, name, info.simd);
	for (int i = 0; i < count; i++) {
		printf("%s{\"threads\": %u, \"us\": %.3f, \"ratio\": %.4f}", i ? ", " : "",
		       e[i].threads, median(e[i].entrant.seconds) * 1e6,
		       median_ratio(&e[0].entrant, &e[i].entrant));
	}
	printf("]}\n");
	comma = ",";
	fflush(stdout);
}

static void measure(struct team *e, int count, double seconds)
{
	struct entrant *entrants[COUNTS];

	for (int i = 0; i < count; i++) {
		e[i].entrant.run = run;
		e[i].entrant.state = &e[i];
		entrants[i] = &e[i].entrant;
	}
	take_turns(entrants, count, seconds);
}

static void open_all(struct team *e, int count)
{
	for (int i = 0; i < count; i++) {
		OCTET_OPTS(octet_open_opts, open);
		char text[200];

		e[i] = (struct team){ .threads = 1u << i };
		open.backend = OCTET_BACKEND_CPU;
		open.cpu_threads = e[i].threads;
		open.errbuf = text;
		open.errbuf_size = sizeof(text);
		if (octet_open(&e[i].ctx, &open)) {
			fprintf(stderr, "bench threads: %s\n", text);
			exit(1);
		}
	}
}

static void operation(const struct shape *s, int count, double seconds)
{
	OCTET_OPTS(octet_job_opts, ready);
	struct team e[COUNTS];

	ready.const_weights = true;
	open_all(e, count);
	for (int i = 0; i < count; i++) {
		check(&e[i], octet_job_new(e[i].ctx, &e[i].job));
		append(&e[i], s);
		check(&e[i], octet_job_ready(e[i].job, &ready));
	}
	measure(e, count, seconds);
	row(s->name, e, count);
	for (int i = 0; i < count; i++)
		octet_close(e[i].ctx);
}

static void network(const char *name, const char *path, int count, double seconds)
{
	struct octet_model *model;
	struct team e[COUNTS];

	if (octet_model_load(&model, path, NULL)) {
		fprintf(stderr, "bench threads: %s: no network\n", path);
		exit(1);
	}
	open_all(e, count);
	for (int i = 0; i < count; i++)
		check(&e[i], octet_plan_new(e[i].ctx, model, NULL, &e[i].plan));
	measure(e, count, seconds);
	row(name, e, count);
	for (int i = 0; i < count; i++)
		octet_close(e[i].ctx);
	octet_model_free(model);
}

static int processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
}

int main(int argc, char **argv)
{
	int most, count = 1;
	double seconds;

	if (argc < 3 || argc % 2 == 0) {
		fputs("usage: bench_threads SECONDS MOST [NAME MODEL.tflite]...\n", stderr);
		return 2;
	}
	seconds = atof(argv[1]);
	most = atoi(argv[2]);
	most = most ? most : processors();
	while (count < COUNTS && 1 << count <= most)
		count++;
	printf("[\n");
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		operation(&shapes[i], count, seconds);
	for (int i = 3; i + 1 < argc; i += 2)
		network(argv[i], argv[i + 1], count, seconds * 2);
	printf("]\n");
	return 0;
}
