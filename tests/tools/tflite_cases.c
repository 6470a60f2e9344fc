// SPDX-License-Identifier: MIT
/*
 * Models that Octet wrote, with inputs and what the CPU backend made of them, for
 * tests/oracles/tflite.cc:
 *
 *	tflite_cases OUT [DATA]
 *
 * Small float networks in all formats; with DATA (Documentation/testing.rst) also its
 * float models quantized, and its int8 models read and written again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "float_nets.h"
#include "model/model.h"
#include "model_files.h"
#include "tflite/tflite.h"

#define PATH 512

static const char *out;
static struct octet_ctx *ctx;

static void die(const char *what, const char *why)
{
	fprintf(stderr, "tflite_cases: %s: %s\n", what, why);
	exit(1);
}

static FILE *create(const char *name, const char *suffix, const char *mode)
{
	char path[PATH];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s%s", out, name, suffix);
	f = fopen(path, mode);
	if (!f)
		die(path, "cannot be written");
	return f;
}

static void put(FILE *f, const void *data, size_t bytes)
{
	if (fwrite(data, 1, bytes, f) != bytes)
		die(out, "cannot be written");
}

/* Bytes for each sample: those of @given while there are some, else random. */
struct feed {
	const struct float_net *of;
	const uint8_t *given;
	size_t size;
	uint64_t state;
};

static void fill(struct feed *f, const struct octet_graph *g, unsigned int sample,
		 void *const *inputs)
{
	bool real = f->of && g->tensors[g->inputs[0]].type == OCTET_FLOAT32;

	if (real) {
		float_net_sample((void *)(uintptr_t)f->of, sample, inputs);
		return;
	}
	for (uint32_t i = 0; i < g->input_count; i++) {
		size_t bytes = g->tensors[g->inputs[i]].bytes;

		if (g->input_count == 1 && (sample + 1) * bytes <= f->size) {
			memcpy(inputs[i], f->given + sample * bytes, bytes);
			continue;
		}
		for (size_t k = 0; k < bytes; k++) {
			f->state = f->state * 6364136223846793005u + 1442695040888963407u;
			((uint8_t *)inputs[i])[k] = (uint8_t)(f->state >> 56);
			/* Any bits, but of numbers from -2 to 2. */
			if (g->tensors[g->inputs[i]].type == OCTET_FLOAT32 && k % 4 == 3)
				((uint8_t *)inputs[i])[k] &= 0xbf;
		}
	}
}

static void run(const char *name, struct octet_model *model, struct feed *f, unsigned int samples)
{
	FILE *in = create(name, ".in", "wb"), *results = create(name, ".out", "wb");
	const struct octet_graph *g = model->graph;
	struct octet_plan *plan;
	void *inputs[16];
	size_t bytes;

	if (octet_plan_new(ctx, model, NULL, &plan))
		die(name, octet_last_error(ctx));
	for (uint32_t i = 0; i < g->input_count && i < 16; i++)
		inputs[i] = octet_plan_input(plan, 0, i, NULL);
	for (unsigned int s = 0; s < samples; s++) {
		fill(f, g, s, inputs);
		for (uint32_t i = 0; i < g->input_count; i++)
			put(in, inputs[i], g->tensors[g->inputs[i]].bytes);
		if (octet_plan_start(plan, 0) || octet_plan_wait(plan, 0, -1))
			die(name, octet_last_error(ctx));
		for (uint32_t i = 0; i < g->output_count; i++) {
			const void *y = octet_plan_output(plan, 0, i, &bytes);

			put(results, y, bytes);
		}
	}
	octet_plan_free(plan);
	fclose(in);
	fclose(results);
}

/* TFLite has its own sums of floats, and hybrid kernels that quantize activations. */
static const char *rule_of(enum octet_quantize_format format)
{
	switch (format) {
	case OCTET_FORMAT_DYNAMIC_RANGE:
		return "20";
	case OCTET_FORMAT_WEIGHT_ONLY:
	case OCTET_FORMAT_FLOAT16:
		return "100";
	default:
		return "exact";
	}
}

static void add(const char *name, const void *bytes, size_t size, unsigned int samples,
		const char *rule)
{
	FILE *f = create(name, ".tflite", "wb"), *list = create("list", "", "ab");

	put(f, bytes, size);
	fclose(f);
	fprintf(list, "%s %u %s\n", name, samples, rule);
	fclose(list);
}

static void formats(const struct float_net *n, unsigned int samples, bool both)
{
	for (const struct float_format *f = float_formats; f->name; f++) {
		bool real = f->format >= OCTET_FORMAT_DYNAMIC_RANGE;

		/* Inputs and outputs as codes, then as reals. */
		for (int real_io = real; real_io < 1 + (real || both); real_io++) {
			struct feed feed = { .of = n, .state = 3 };
			struct float_net q;
			char name[PATH];

			snprintf(name, sizeof(name), "%s.%s%s", n->name, f->name,
				 real_io && !real ? ".reals" : "");
			float_net_quantize(n, f, real_io, &q);
			add(name, q.bytes, q.size, samples, rule_of(f->format));
			run(name, q.model, &feed, samples);
			float_net_close(&q);
		}
	}
}

/* A float model of the folder. */
static void of_file(const char *path)
{
	struct float_net n;

	float_net_load(&n, path);
	formats(&n, 1, false);
	float_net_close(&n);
}

/* A quantized model of the folder: read, written, and run from what was written. */
static void again(const char *path)
{
	char err[256] = "", inputs[PATH], name[PATH];
	struct feed feed = { .state = 7 };
	struct octet_model *from, *model;
	void *bytes, *given;
	size_t size;

	snprintf(inputs, sizeof(inputs), "%.*s/inputs.bin", (int)(strrchr(path, '/') - path), path);
	snprintf(name, sizeof(name), "%.*s", (int)(strrchr(path, '/') - path), path);
	memmove(name, strrchr(name, '/') + 1, strlen(strrchr(name, '/')));
	given = model_load(inputs, &feed.size);
	feed.given = given;
	if (octet_model_load(&from, path, NULL) ||
	    octet_tflite_write(from->graph, &bytes, &size, err, sizeof(err)))
		die(path, err);
	octet_model_free(from);
	if (octet_model_load_memory(&model, bytes, size, NULL))
		die(path, "what was written is refused");
	add(name, bytes, size, 1, "exact");
	run(name, model, &feed, 1);
	octet_model_free(model);
	free(bytes);
	free(given);
}

/* A quantized network of the builder. */
static void sample(const struct mb_sample *b)
{
	struct mb *m = mb_new(11);
	struct feed feed = { .state = 9 };
	struct octet_model *model;
	char name[PATH];
	void *bytes;
	size_t size;

	snprintf(name, sizeof(name), "small.%s", b->name);
	b->build(m);
	mb_finish(m, &bytes, &size);
	mb_free(m);
	if (octet_model_load_memory(&model, bytes, size, NULL))
		die(b->name, "what was written is refused");
	add(name, bytes, size, 2, "exact");
	run(name, model, &feed, 2);
	octet_model_free(model);
	free(bytes);
}

int main(int argc, char **argv)
{
	OCTET_OPTS(octet_open_opts, o);
	struct float_net n;

	if (argc < 2 || argc > 3 || argv[1][0] == '-') {
		fprintf(stderr, "usage: tflite_cases OUT [DATA]\n");
		return 2;
	}
	out = argv[1];
	o.backend = OCTET_BACKEND_CPU;
	if (octet_open(&ctx, &o))
		die("octet_open", "no CPU backend");
	for (unsigned int i = 0; float_net_open(&n, i); i++) {
		formats(&n, 4, true);
		float_net_close(&n);
	}
	for (const struct mb_sample *b = mb_samples; b->name; b++)
		/* It has boxes of its own making, which nobody else gives the same. */
		if (strcmp(b->name, "int4_custom"))
			sample(b);
	if (argc > 2) {
		setenv("OCTET_DATA", argv[2], 1);
		model_each("float/" "*" ".tflite", of_file);
		model_each("models/" "*" "/model.tflite", again);
	}
	octet_close(ctx);
	return 0;
}
