// SPDX-License-Identifier: MIT
/* octet quantize: a float model and samples become an int8 model. */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <json-c/json.h>

#include "compare.h"

/**
 * struct job - what the run needs and finds
 *
 * @told: the reason of a failure is printed already
 * @ranges: of activations; @clipped: the sum of their shares; @worst: the largest, of @worst_tensor
 * @before: @after: bytes of the files; @packed: what packed weights would add as float32
 * @quantized: operators; @left: those that stay float; @converts: QUANTIZE and DEQUANTIZE
 */
struct job {
	const struct tool_options *o;
	struct octet_model *model, *result;
	struct tool_sets sets;
	bool told;
	unsigned int ranges;
	double clipped, worst;
	uint32_t worst_tensor;
	unsigned int quantized, left, converts;
	struct json_object *kept;
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

	tool_progress("calibrating: sample", (unsigned long)done, j->sets.used);
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

static int quantize(struct job *j)
{
	OCTET_OPTS(octet_quantize_opts, opts);
	const struct tool_options *o = j->o;
	double start = tool_now();
	char err[512] = "";
	int ret;

	opts.activations = o->activations;
	opts.per_tensor = o->per_tensor;
	opts.real_io = o->real_io;
	opts.observer.size = sizeof(opts.observer);
	opts.observer.kind = o->observer;
	opts.observer.percentile = o->percentile;
	opts.exclude = o->exclude;
	opts.exclude_count = o->exclude_count;
	opts.progress = progress;
	opts.progress_opaque = j;
	opts.range = note_range;
	opts.range_opaque = j;
	opts.errbuf = err;
	opts.errbuf_size = sizeof(err);
	ret = octet_model_quantize(&j->result, j->model, &opts, next_sample, j);
	tool_progress_end();
	j->seconds = tool_now() - start;
	if (!ret)
		return EXIT_OK;
	if (!j->told)
		fprintf(stderr, "octet: %s: %s\n", o->model, err[0] ? err : octet_strerror(ret));
	return EXIT_FAILED;
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

static void note_left(struct job *j, const struct octet_plan_op *op,
		      const struct octet_tensor_info *t)
{
	const char *pattern = excluded_by(j->o, op->name, t->name);
	struct json_object *entry = json_object_new_object();
	char why[160];

	if (pattern)
		snprintf(why, sizeof(why), "--exclude '%s'", pattern);
	else
		snprintf(why, sizeof(why), "its result is %s, which has no codes",
			 octet_dtype_name(t->type));
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

/* What became of each operator; the plan also shows that the result runs. */
static int look_at(struct job *j)
{
	struct octet_ctx *ctx = tool_open_cpu(j->o);
	struct octet_plan *plan;

	if (!ctx)
		return EXIT_FAILED;
	if (octet_plan_new(ctx, j->result, NULL, &plan)) {
		tool_fail(ctx, "the quantized model");
		octet_close(ctx);
		return EXIT_FAILED;
	}
	for (uint32_t i = 0; i < octet_model_ops(j->result); i++) {
		OCTET_OPTS(octet_tensor_info, t);
		OCTET_OPTS(octet_plan_op, op);

		if (octet_plan_op(plan, i, &op) || !op.output_count)
			continue;
		octet_model_tensor(j->result, (uint32_t)op.outputs[0], &t);
		if (converts(op.name))
			j->converts++;
		else if (t.quants || (t.type != OCTET_FLOAT32 &&
				      !excluded_by(j->o, op.name, t.name)))
			j->quantized++;
		else
			note_left(j, &op, &t);
	}
	octet_plan_free(plan);
	octet_close(ctx);
	return EXIT_OK;
}

static void print(const struct job *j)
{
	OCTET_OPTS(octet_tensor_info, t);
	size_t left = json_object_array_length(j->kept);
	char name[49];

	printf("quantize: %s: %u operators quantized, %u left float; %u conversions added\n",
	       j->o->model, j->quantized, j->left, j->converts);
	for (size_t i = 0; i < left; i++) {
		struct json_object *e = json_object_array_get_idx(j->kept, i), *op, *tensor, *why;

		json_object_object_get_ex(e, "operator", &op);
		json_object_object_get_ex(e, "tensor", &tensor);
		json_object_object_get_ex(e, "why", &why);
		printf("  float: %-22s '%s': %s\n", json_object_get_string(op),
		       json_object_get_string(tensor), json_object_get_string(why));
	}
	printf("ranges: %u by %s over %lu samples; %.4f %% of the values clipped on average", j->ranges,
	       octet_observer_name(j->o->observer), j->sets.used,
	       j->ranges ? 100 * j->clipped / j->ranges : 0);
	octet_model_tensor(j->model, j->worst_tensor, &t);
	if (j->worst > 0)
		printf(", most, %.4f %%, of '%s'", 100 * j->worst,
		       compare_short(t.name, name, sizeof(name)));
	putchar('\n');
	tool_print_sizes(j->before, j->packed, j->after);
	printf("time: %.2f s, %.1f MiB at the most\n", j->seconds,
	       (double)tool_peak_kib() / 1024);
}

static int write_json(const struct job *j)
{
	struct json_object *root = json_object_new_object();

#define ADD(key, value) json_object_object_add(root, key, value)
	ADD("model", json_object_new_string(j->o->model));
	ADD("output", json_object_new_string(j->o->output));
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
	if (!o->set_count || !o->output) {
		fputs("octet quantize: --calibrate SET and -o FILE.tflite are needed\n", stderr);
		return EXIT_USAGE;
	}
	if (o->percentile > 0 && o->observer != OCTET_OBSERVE_PERCENTILE) {
		fputs("octet quantize: --percentile is for --observer percentile\n", stderr);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

int cmd_quantize(const struct tool_options *o)
{
	struct job j = { .o = o };
	int ret = usage_errors(o);

	if (ret)
		return ret;
	j.kept = json_object_new_array();
	ret = load(o->model, &j.model);
	if (!ret)
		ret = check_inputs(&j);
	if (!ret)
		ret = tool_sets_open(&j.sets, o, j.model);
	if (!ret)
		ret = quantize(&j);
	if (!ret)
		ret = look_at(&j);
	if (!ret)
		ret = save(&j);
	if (!ret) {
		j.before = size_of(o->model);
		j.packed = tool_packed_bytes(j.model);
		j.after = size_of(o->output);
		print(&j);
		ret = o->json ? write_json(&j) : EXIT_OK;
	}
	tool_sets_close(&j.sets);
	octet_model_free(j.result);
	octet_model_free(j.model);
	json_object_put(j.kept);
	return ret;
}
