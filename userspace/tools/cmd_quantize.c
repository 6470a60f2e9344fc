// SPDX-License-Identifier: MIT
/* octet quantize: a float model and samples become an int8 model. */
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <json-c/json.h>

#include "compare.h"

/**
 * struct job - what the run needs and finds
 *
 * @told: the reason of a failure is printed already; @err: or else stands here
 * @packed: of the file before, how many more its weights would take as float32
 * @ranges: of activations; @clipped: the sum of their shares; @worst: the largest, of @worst_tensor
 * @before: @after: bytes of the files
 * @kept: operators that stay float, with reasons; @ranked: by --rank
 * @quantized: operators; @left: those that stay float; @converts: QUANTIZE and DEQUANTIZE
 */
struct job {
	const struct tool_options *o;
	struct octet_model *model, *result;
	struct tool_sets sets;
	bool told;
	char err[512];
	unsigned int ranges;
	double clipped, worst;
	uint32_t worst_tensor;
	unsigned int quantized, left, converts;
	struct json_object *kept, *ranked;
	double seconds;
	long long before, packed, after;
};

static int next_sample(void *opaque, uint64_t index, void *const *inputs)
{
	struct job *j = opaque;

	if (index >= j->sets.used)
		return 0;
	if (!tool_sets_read(&j->sets, (unsigned long)index, (float *const *)inputs))
		return 1;
	j->told = true;
	return -EINVAL;
}

static int progress(void *opaque, uint64_t done)
{
	struct job *j = opaque;

	/* Some steps go over the samples once more, and the count goes on. */
	if (j->sets.used && done)
		tool_progress("calibrating: sample", (unsigned long)(done - 1) % j->sets.used + 1,
			      j->sets.used);
	return 0;
}

static void note_range(void *opaque, uint32_t tensor, float min, float max, double clipped)
{
	struct job *j = opaque;

	(void)min;
	(void)max;
	j->ranges++;
	j->clipped += clipped;
	if (clipped <= j->worst)
		return;
	j->worst = clipped;
	j->worst_tensor = tensor;
}

static int load(const char *path, struct octet_model **model)
{
	OCTET_OPTS(octet_model_opts, opts);
	char err[512] = "";
	int ret;

	opts.errbuf = err;
	opts.errbuf_size = sizeof(err);
	ret = octet_model_load(model, path, &opts);
	if (!ret)
		return EXIT_OK;
	fprintf(stderr, "octet: %s: %s\n", path, err[0] ? err : octet_strerror(ret));
	return EXIT_FAILED;
}

/* Sets are float32 values: so must the inputs be. */
static int check_inputs(const struct job *j)
{
	OCTET_OPTS(octet_tensor_info, t);

	for (uint32_t i = 0; i < octet_model_inputs(j->model); i++) {
		octet_model_tensor(j->model, (uint32_t)octet_model_input(j->model, i), &t);
		if (t.type == OCTET_FLOAT32)
			continue;
		fprintf(stderr, "octet: %s: its input '%s' is %s: a model with float32 inputs is "
			"needed%s\n", j->o->model, t.name, octet_dtype_name(t.type),
			t.quants ? "; this one is quantized already" : "");
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static void options(struct job *j, struct octet_quantize_opts *opts)
{
	const struct tool_options *o = j->o;

	opts->activations = o->activations;
	opts->per_tensor = o->per_tensor;
	opts->real_io = o->real_io;
	opts->observer.size = sizeof(opts->observer);
	opts->observer.kind = o->observer;
	opts->observer.percentile = o->percentile;
	opts->exclude = o->exclude;
	opts->exclude_count = o->exclude_count;
	opts->progress = progress;
	opts->progress_opaque = j;
	opts->no_fold = o->no_fold;
	opts->equalize = o->equalize;
	opts->smooth_alpha = o->smooth;
	opts->keep_worst = o->keep_worst;
	opts->adaround = o->adaround;
	opts->correct_bias = o->correct_bias;
	opts->format = o->format;
	opts->weights = o->weights;
	opts->errbuf = j->err;
	opts->errbuf_size = sizeof(j->err);
}

static int failed(const struct job *j, int ret)
{
	if (!j->told)
		fprintf(stderr, "octet: %s: %s\n", j->o->model,
			j->err[0] ? j->err : octet_strerror(ret));
	return EXIT_FAILED;
}

static int quantize(struct job *j)
{
	OCTET_OPTS(octet_quantize_opts, opts);
	double start = tool_now();
	int ret;

	options(j, &opts);
	opts.range = note_range;
	opts.range_opaque = j;
	ret = octet_model_quantize(&j->result, j->model, &opts,
				   j->o->set_count ? next_sample : NULL, j);
	tool_progress_end();
	j->seconds = tool_now() - start;
	return ret ? failed(j, ret) : EXIT_OK;
}

static void add_rank(struct job *j, uint32_t index, const struct octet_plan_op *op, const char *name,
		     double sqnr)
{
	struct json_object *entry = json_object_new_object();

	json_object_object_add(entry, "index", json_object_new_int64(index));
	json_object_object_add(entry, "operator", json_object_new_string(op->name));
	json_object_object_add(entry, "tensor", json_object_new_string(name));
	json_object_object_add(entry, "sqnr_db",
			       isfinite(sqnr) ? json_object_new_double(sqnr) : NULL);
	json_object_array_add(j->ranked, entry);
}

/* Names of operators are a plan's to know. */
static void print_rank(struct job *j, struct octet_plan *plan, const uint32_t *ops,
		       const double *sqnr, uint32_t count)
{
	printf("  %4s  %-22s %-40s %s\n", "#", "operator", "result",
	       "SQNR dB of the outputs with this one quantized alone");
	for (uint32_t i = 0; i < count; i++) {
		OCTET_OPTS(octet_tensor_info, t);
		OCTET_OPTS(octet_plan_op, op);
		char name[41];

		if (octet_plan_op(plan, ops[i], &op) || !op.output_count)
			continue;
		octet_model_tensor(j->model, (uint32_t)op.outputs[0], &t);
		add_rank(j, ops[i], &op, t.name, sqnr[i]);
		printf("  %4u  %-22s %-40s ", ops[i], op.name,
		       compare_short(t.name, name, sizeof(name)));
		if (isinf(sqnr[i]))
			puts("exact");
		else
			printf("%.1f\n", sqnr[i]);
	}
}

static int rank_on(struct job *j, struct octet_ctx *ctx, uint32_t *ops, double *sqnr)
{
	OCTET_OPTS(octet_quantize_opts, opts);
	struct octet_plan *plan;
	uint32_t count = 0;
	int ret;

	options(j, &opts);
	ret = octet_quantize_sensitivity(j->model, &opts, next_sample, j, ops, sqnr, &count);
	tool_progress_end();
	if (ret)
		return failed(j, ret);
	if (octet_plan_new(ctx, j->model, NULL, &plan))
		return tool_fail(ctx, j->o->model);
	print_rank(j, plan, ops, sqnr, count);
	octet_plan_free(plan);
	return EXIT_OK;
}

static int rank(struct job *j)
{
	size_t n = octet_model_ops(j->model);
	uint32_t *ops = calloc(n + 1, sizeof(*ops));
	double *sqnr = calloc(n + 1, sizeof(*sqnr));
	struct octet_ctx *ctx = tool_open_cpu(j->o);
	int ret = EXIT_FAILED;

	if (!ops || !sqnr)
		fputs("octet quantize: out of memory\n", stderr);
	else if (ctx)
		ret = rank_on(j, ctx, ops, sqnr);
	octet_close(ctx);
	free(ops);
	free(sqnr);
	return ret;
}

static int save(struct job *j)
{
	OCTET_OPTS(octet_model_opts, opts);
	char err[512] = "";
	int ret;

	opts.errbuf = err;
	opts.errbuf_size = sizeof(err);
	ret = octet_model_save(j->result, j->o->output, &opts);
	if (!ret)
		return EXIT_OK;
	fprintf(stderr, "octet: %s: %s\n", j->o->output, err[0] ? err : octet_strerror(ret));
	return EXIT_FAILED;
}

static long long size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : (long long)st.st_size;
}

/* The pattern that left an operator as it was; NULL: none did. */
static const char *excluded_by(const struct tool_options *o, const char *op, const char *name)
{
	for (unsigned int i = 0; i < o->exclude_count; i++)
		if (!fnmatch(o->exclude[i], op, 0) || !fnmatch(o->exclude[i], name, 0))
			return o->exclude[i];
	return NULL;
}

/* Formats whose activations stay float32, so that they need no samples. */
static bool is_blind(const struct tool_options *o)
{
	return o->format >= OCTET_FORMAT_DYNAMIC_RANGE;
}

static void say_why(const struct job *j, const struct octet_plan_op *op,
		    const struct octet_tensor_info *t, char *why, size_t size)
{
	const char *pattern = excluded_by(j->o, op->name, t->name);

	if (pattern)
		snprintf(why, size, "--exclude '%s'", pattern);
	else if (is_blind(j->o))
		snprintf(why, size, "%s packs constant weights, and this has none",
			 octet_format_name(j->o->format));
	else if (j->o->keep_worst)
		snprintf(why, size, "--keep-worst %u", j->o->keep_worst);
	else
		snprintf(why, size, "its result is %s, which has no codes",
			 octet_dtype_name(t->type));
}

static void note_left(struct job *j, const struct octet_plan_op *op,
		      const struct octet_tensor_info *t)
{
	struct json_object *entry = json_object_new_object();
	char why[160];

	say_why(j, op, t, why, sizeof(why));
	j->left++;
	json_object_object_add(entry, "operator", json_object_new_string(op->name));
	json_object_object_add(entry, "tensor", json_object_new_string(t->name));
	json_object_object_add(entry, "why", json_object_new_string(why));
	json_object_array_add(j->kept, entry);
}

static bool converts(const char *name)
{
	return !strcmp(name, "QUANTIZE") || !strcmp(name, "DEQUANTIZE");
}

static bool is_packed(const struct octet_tensor_info *t)
{
	return t->constant && (t->quants || t->type == OCTET_FLOAT16);
}

/*
 * Does an operator have codes: its result, or its weights? @packed: [tensors] that are
 * constants which a DEQUANTIZE has unpacked.
 */
static bool has_codes(const struct job *j, const struct octet_plan_op *op,
		      const struct octet_tensor_info *result, const bool *packed)
{
	OCTET_OPTS(octet_tensor_info, t);

	if (result->quants || (result->type != OCTET_FLOAT32 &&
			       !excluded_by(j->o, op->name, result->name)))
		return true;
	/* A hybrid operator that stayed as it was has packed weights too. */
	for (uint32_t i = 0; is_blind(j->o) && i < op->input_count; i++) {
		if (op->inputs[i] < 0)
			continue;
		octet_model_tensor(j->result, (uint32_t)op->inputs[i], &t);
		if (packed[op->inputs[i]] || is_packed(&t))
			return true;
	}
	return false;
}

static void look_at_op(struct job *j, const struct octet_plan_op *op, bool *packed)
{
	OCTET_OPTS(octet_tensor_info, from);
	OCTET_OPTS(octet_tensor_info, t);

	octet_model_tensor(j->result, (uint32_t)op->outputs[0], &t);
	if (converts(op->name)) {
		octet_model_tensor(j->result, (uint32_t)op->inputs[0], &from);
		packed[op->outputs[0]] = is_packed(&from);
		j->converts += !is_packed(&from);
	} else if (has_codes(j, op, &t, packed)) {
		j->quantized++;
	} else {
		note_left(j, op, &t);
	}
}

/* What became of each operator; the plan also shows that the result runs. */
static int look_at(struct job *j)
{
	struct octet_ctx *ctx = tool_open_cpu(j->o);
	bool *packed = calloc(octet_model_tensors(j->result) + 1, sizeof(*packed));
	struct octet_plan *plan;
	int ret = EXIT_FAILED;

	if (!packed)
		fputs("octet quantize: out of memory\n", stderr);
	else if (ctx && octet_plan_new(ctx, j->result, NULL, &plan))
		tool_fail(ctx, "the quantized model");
	else if (ctx)
		ret = EXIT_OK;
	for (uint32_t i = 0; !ret && i < octet_model_ops(j->result); i++) {
		OCTET_OPTS(octet_plan_op, op);

		if (!octet_plan_op(plan, i, &op) && op.output_count)
			look_at_op(j, &op, packed);
	}
	if (!ret)
		octet_plan_free(plan);
	octet_close(ctx);
	free(packed);
	return ret;
}

static void print_ranges(const struct job *j)
{
	OCTET_OPTS(octet_tensor_info, t);
	char name[49];

	printf("ranges: %u by %s over %lu samples; %.4f %% of the values clipped on average", j->ranges,
	       octet_observer_name(j->o->observer), j->sets.used, 100 * j->clipped / j->ranges);
	octet_model_tensor(j->model, j->worst_tensor, &t);
	if (j->worst > 0)
		printf(", most, %.4f %%, of '%s'", 100 * j->worst,
		       compare_short(t.name, name, sizeof(name)));
	putchar('\n');
}

static void print(const struct job *j)
{
	size_t left = json_object_array_length(j->kept);

	printf("quantize: %s: %s: %u operators quantized, %u left float; %u conversions added\n",
	       j->o->model, octet_format_name(j->o->format), j->quantized, j->left, j->converts);
	for (size_t i = 0; i < left; i++) {
		struct json_object *e = json_object_array_get_idx(j->kept, i), *op, *tensor, *why;

		json_object_object_get_ex(e, "operator", &op);
		json_object_object_get_ex(e, "tensor", &tensor);
		json_object_object_get_ex(e, "why", &why);
		printf("  float: %-22s '%s': %s\n", json_object_get_string(op),
		       json_object_get_string(tensor), json_object_get_string(why));
	}
	if (j->ranges)
		print_ranges(j);
	tool_print_sizes(j->before, j->packed, j->after);
	printf("time: %.2f s, %.1f MiB at the most\n", j->seconds,
	       (double)tool_peak_kib() / 1024);
}

static int write_json(const struct job *j)
{
	struct json_object *root = json_object_new_object();

#define ADD(key, value) json_object_object_add(root, key, value)
	ADD("model", json_object_new_string(j->o->model));
	ADD("rank", json_object_get(j->ranked));
	if (!j->o->output)
		return tool_write_json(root, j->o->json);
	ADD("output", json_object_new_string(j->o->output));
	ADD("format", json_object_new_string(octet_format_name(j->o->format)));
	ADD("samples", json_object_new_int64((int64_t)j->sets.used));
	ADD("observer", json_object_new_string(octet_observer_name(j->o->observer)));
	ADD("quantized", json_object_new_int64(j->quantized));
	ADD("float", json_object_get(j->kept));
	ADD("conversions", json_object_new_int64(j->converts));
	ADD("clipped_mean", json_object_new_double(j->ranges ? j->clipped / j->ranges : 0));
	ADD("clipped_max", json_object_new_double(j->worst));
	ADD("bytes_before", json_object_new_int64(j->before));
	ADD("bytes_as_float32", json_object_new_int64(j->before + j->packed));
	ADD("bytes_after", json_object_new_int64(j->after));
	ADD("seconds", json_object_new_double(j->seconds));
	ADD("peak_kib", json_object_new_int64(tool_peak_kib()));
#undef ADD
	return tool_write_json(root, j->o->json);
}

static int usage_errors(const struct tool_options *o)
{
	if ((!o->set_count && !is_blind(o)) || (!o->output && !o->rank)) {
		fputs("octet quantize: --calibrate SET and -o FILE.tflite are needed\n", stderr);
		return EXIT_USAGE;
	}
	if (!o->set_count && (o->rank || o->limit)) {
		fputs("octet quantize: --rank and --limit are for --calibrate SET\n", stderr);
		return EXIT_USAGE;
	}
	if (o->percentile > 0 && o->observer != OCTET_OBSERVE_PERCENTILE) {
		fputs("octet quantize: --percentile is for --observer percentile\n", stderr);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static int make(struct job *j)
{
	int ret = quantize(j);

	if (!ret)
		ret = look_at(j);
	if (!ret)
		ret = save(j);
	if (ret)
		return ret;
	j->before = size_of(j->o->model);
	j->packed = tool_packed_bytes(j->model);
	j->after = size_of(j->o->output);
	print(j);
	return EXIT_OK;
}

int cmd_quantize(const struct tool_options *o)
{
	struct job j = { .o = o };
	int ret = usage_errors(o);

	if (ret)
		return ret;
	j.kept = json_object_new_array();
	j.ranked = json_object_new_array();
	ret = load(o->model, &j.model);
	if (!ret)
		ret = check_inputs(&j);
	if (!ret && o->set_count)
		ret = tool_sets_open(&j.sets, o, j.model);
	if (!ret && o->rank)
		ret = rank(&j);
	if (!ret && o->output)
		ret = make(&j);
	if (!ret && o->json)
		ret = write_json(&j);
	tool_sets_close(&j.sets);
	octet_model_free(j.result);
	octet_model_free(j.model);
	json_object_put(j.kept);
	json_object_put(j.ranked);
	return ret;
}
