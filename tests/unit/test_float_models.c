// SPDX-License-Identifier: MIT
/*
 * Public float networks, where the folder with them is: OCTET_DATA, or
 * ../shared/data beside the project. Those of float32 give the bits of TFLite
 * 2.14.1's reference kernels (BuiltinRefOpResolver), which were hashed once with the
 * same inputs; the keyword network is hybrid and is held to its score.
 */
#include <stdio.h>

#include "libtest.h"

#define SAMPLES 3

/** struct net - @high: inputs are in [0, @high); @hash: FNV-1a of TFLite's outputs */
struct net {
	const char *name;
	float high;
	uint64_t hash;
};

static const struct net nets[] = {
	{ "ad01_fp32", 8, 0x38d65da5ae2b5877 },
	{ "ic01_resnet_fp32", 255, 0x7c4c3ea7b2f1c71f },
	{ "vww01_fp32", 1, 0x95c264fdefed8bdf },
};

static void path_of(char *path, size_t size, const char *file)
{
	const char *folder = getenv("OCTET_DATA");

	snprintf(path, size, "%s/%s", folder ? folder : "../shared/data", file);
	if (access(path, R_OK))
		unit_skip("no folder of public models");
}

/* Skips before anything is held: a leak counts as a failure. */
static struct octet_ctx *open_with_models(void)
{
	char path[512];

	path_of(path, sizeof(path), "float/ad01_fp32.tflite");
	path_of(path, sizeof(path), "sets/kws01/samples.bin");
	return lt_open(OCTET_BACKEND_CPU, NULL);
}

static struct octet_plan *load(struct octet_ctx *ctx, const char *name,
			       struct octet_model **model)
{
	OCTET_OPTS(octet_model_opts, opts);
	char path[512], file[64], err[256] = "";
	struct octet_plan *plan;

	snprintf(file, sizeof(file), "float/%s.tflite", name);
	path_of(path, sizeof(path), file);
	opts.errbuf = err;
	opts.errbuf_size = sizeof(err);
	if (octet_model_load(model, path, &opts))
		fail_msg("%s: %s", path, err);
	if (octet_plan_new(ctx, *model, NULL, &plan))
		fail_msg("%s: %s", name, octet_last_error(ctx));
	return plan;
}

static void run(struct octet_ctx *ctx, struct octet_plan *plan)
{
	if (octet_plan_start(plan, 0) || octet_plan_wait(plan, 0, -1))
		fail_msg("%s", octet_last_error(ctx));
}

static uint64_t hash_of(struct octet_ctx *ctx, const struct net *net)
{
	uint64_t state = 1, hash = 0xcbf29ce484222325u;
	struct octet_model *model;
	struct octet_plan *plan = load(ctx, net->name, &model);

	for (int s = 0; s < SAMPLES; s++) {
		size_t in, out;
		float *x = octet_plan_input(plan, 0, 0, &in);
		const uint8_t *y = octet_plan_output(plan, 0, 0, &out);

		for (size_t i = 0; i < in / sizeof(*x); i++)
			x[i] = (float)(lt_random(&state) >> 8 & 0xffff) * net->high / 65536;
		run(ctx, plan);
		for (size_t i = 0; i < out; i++)
			hash = (hash ^ y[i]) * 0x100000001b3u;
	}
	octet_plan_free(plan);
	octet_model_free(model);
	return hash;
}

static void test_bits(void **state)
{
	struct octet_ctx *ctx = open_with_models();

	(void)state;
	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
		uint64_t hash = hash_of(ctx, &nets[i]);

		if (hash != nets[i].hash)
			fail_msg("%s: hash 0x%016llx, TFLite's is 0x%016llx", nets[i].name,
				 (unsigned long long)hash, (unsigned long long)nets[i].hash);
	}
	octet_close(ctx);
}

/* int8 samples as they were published; the float network gets what they stand for. */
static void test_keywords(void **state)
{
	struct octet_ctx *ctx = open_with_models();
	struct octet_model *model;
	struct octet_plan *plan = load(ctx, "kws01_fp32", &model);
	int right = 0, count = 0, class;
	FILE *samples, *labels;
	char path[512], line[256];
	int8_t sample[490];
	size_t bytes;
	float *x = octet_plan_input(plan, 0, 0, &bytes);

	(void)state;
	assert_int_equal(bytes, sizeof(sample) * sizeof(*x));
	path_of(path, sizeof(path), "sets/kws01/samples.bin");
	samples = fopen(path, "rb");
	path_of(path, sizeof(path), "sets/kws01/labels.tsv");
	labels = fopen(path, "r");
	assert_true(samples && labels && fgets(line, sizeof(line), labels));
	for (; fread(sample, sizeof(sample), 1, samples) == 1; count++) {
		const float *y = octet_plan_output(plan, 0, 0, &bytes);
		int best = 0;

		assert_true(fgets(line, sizeof(line), labels) &&
			    sscanf(line, "%*d %*s %*d %d", &class) == 1);
		for (size_t i = 0; i < sizeof(sample); i++)
			x[i] = (float)(sample[i] - 83) * 0.584702909f;
		run(ctx, plan);
		for (int i = 1; i < (int)(bytes / sizeof(*y)); i++)
			best = y[i] > y[best] ? i : best;
		right += best == class;
	}
	fclose(samples);
	fclose(labels);
	octet_plan_free(plan);
	octet_model_free(model);
	octet_close(ctx);
	assert_int_equal(count, 1000);
	assert_int_equal(right, 901);
}

UNIT_MAIN(unit_case(test_bits), unit_case(test_keywords))
