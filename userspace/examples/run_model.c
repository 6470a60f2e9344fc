// SPDX-License-Identifier: MIT
/*
 * A network from a .tflite file, once: run_model MODEL INPUT OUTPUT
 *
 * INPUT is one sample in the model's own type, as bytes; OUTPUT gets the result. What it
 * runs on is liboctet's choice: the device, else the simulator.
 */
#include <stdio.h>
#include <stdlib.h>

#include <octet.h>

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "run_model: %s: %s\n", what, why);
	return 1;
}

/* The heart of it: load, plan, run. */
static int run(struct octet_ctx *ctx, const char *path, FILE *in, FILE *out)
{
	OCTET_OPTS(octet_model_opts, opts);
	struct octet_model *model;
	struct octet_plan *plan;
	size_t in_bytes, out_bytes;
	char err[256] = "";
	void *input;
	const void *output;

	opts.errbuf = err;
	opts.errbuf_size = sizeof(err);
	if (octet_model_load(&model, path, &opts))
		return fail(path, err);
	if (octet_plan_new(ctx, model, NULL, &plan))
		return fail(path, octet_last_error(ctx));
	input = octet_plan_input(plan, 0, 0, &in_bytes);
	output = octet_plan_output(plan, 0, 0, &out_bytes);
	if (!input || !output)
		return fail(path, "a model with an input and an output is needed");
	if (fread(input, 1, in_bytes, in) != in_bytes)
		return fail("input", "it is shorter than the model's input");
	if (octet_plan_start(plan, 0) || octet_plan_wait(plan, 0, -1))
		return fail(path, octet_last_error(ctx));
	if (fwrite(output, 1, out_bytes, out) != out_bytes)
		return fail("output", "it cannot be written");
	octet_plan_free(plan);
	octet_model_free(model);
	return 0;
}

int main(int argc, char **argv)
{
	struct octet_ctx *ctx;
	FILE *in, *out;
	int ret;

	if (argc != 4) {
		fputs("usage: run_model MODEL INPUT OUTPUT\n", stderr);
		return 2;
	}
	in = fopen(argv[2], "rb");
	out = in ? fopen(argv[3], "wb") : NULL;
	if (!out) {
		perror(in ? argv[3] : argv[2]);
		return 2;
	}
	if (octet_open(&ctx, NULL))
		return fail("octet_open", "no backend");
	ret = run(ctx, argv[1], in, out);
	octet_close(ctx);
	fclose(in);
	if (fclose(out))
		ret = fail(argv[3], "it cannot be written");
	return ret;
}
