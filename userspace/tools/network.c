// SPDX-License-Identifier: MIT
/* A model loaded and planned, and run over many samples. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "network.h"

static int edges(struct tool_network *n, const char *path)
{
	OCTET_OPTS(octet_tensor_info, t);

	n->inputs = octet_model_inputs(n->model);
	n->outputs = octet_model_outputs(n->model);
	if (n->inputs > TOOL_INPUTS || n->outputs > TOOL_INPUTS) {
		fprintf(stderr, "octet: %s: %u inputs and %u outputs, this program handles %d\n",
			path, n->inputs, n->outputs, TOOL_INPUTS);
		return EXIT_FAILED;
	}
	for (uint32_t i = 0; i < n->inputs; i++) {
		octet_model_tensor(n->model, (uint32_t)octet_model_input(n->model, i), &t);
		n->sample_bytes[i] = t.bytes;
	}
	for (uint32_t i = 0; i < n->outputs; i++) {
		octet_model_tensor(n->model, (uint32_t)octet_model_output(n->model, i), &t);
		n->result_bytes[i] = t.bytes;
	}
	return EXIT_OK;
}

int tool_network_plan(struct tool_network *n, struct octet_ctx *ctx, struct octet_model *model,
		      const struct tool_options *o, const struct octet_plan_opts *opts)
{
	double start = tool_now();

	n->ctx = ctx;
	n->model = model;
	n->batch = opts->batch ? opts->batch : 1;
	n->slots = opts->slots ? opts->slots : 1;
	if (edges(n, o->model))
		return EXIT_FAILED;
	if (octet_plan_new(ctx, model, opts, &n->plan))
		return tool_fail(ctx, o->model);
	n->plan_s = tool_now() - start;
	return EXIT_OK;
}

int tool_network_open(struct tool_network *n, const struct tool_options *o,
		      const struct octet_plan_opts *opts)
{
	OCTET_OPTS(octet_model_opts, load);
	struct octet_model *model = NULL;
	double start = tool_now();
	char err[512] = "";
	int ret;

	memset(n, 0, sizeof(*n));
	load.errbuf = err;
	load.errbuf_size = sizeof(err);
	ret = octet_model_load(&model, o->model, &load);
	if (ret) {
		/* The library's words begin with the name of what cannot be read. */
		if (strncmp(err, o->model, strlen(o->model)))
			fprintf(stderr, "octet: %s: %s\n", o->model,
				err[0] ? err : octet_strerror(ret));
		else
			fprintf(stderr, "octet: %s\n", err);
		return EXIT_FAILED;
	}
	n->model = model;
	n->load_s = tool_now() - start;
	n->ctx = tool_open(o);
	ret = n->ctx ? tool_network_plan(n, n->ctx, model, o, opts) : EXIT_FAILED;
	if (ret)
		tool_network_close(n);
	return ret;
}

void tool_network_close(struct tool_network *n)
{
	octet_plan_free(n->plan);
	octet_close(n->ctx);
	octet_model_free(n->model);
	memset(n, 0, sizeof(*n));
}

/* Runs in flight: slot i % slots has the samples from batch i on. */
struct flight {
	struct tool_network *n;
	const struct tool_samples *s;
	void (*done)(void *opaque, unsigned long sample, const void *const *outputs);
	void *opaque;
};

static int launch(struct flight *f, unsigned long run)
{
	struct tool_network *n = f->n;
	uint32_t slot = (uint32_t)(run % n->slots);

	for (uint32_t i = 0; i < n->inputs; i++) {
		uint8_t *to = octet_plan_input(n->plan, slot, i, NULL);

		for (uint32_t b = 0; b < n->batch; b++) {
			unsigned long sample = run * n->batch + b;

			/* The last batch may be short: its rest repeats a sample. */
			if (sample >= f->s->count)
				sample = f->s->count - 1;
			memcpy(to + b * n->sample_bytes[i],
			       f->s->data[i] + sample * n->sample_bytes[i], n->sample_bytes[i]);
		}
	}
	return octet_plan_start(n->plan, slot);
}

static int land(struct flight *f, unsigned long run)
{
	const void *outputs[TOOL_INPUTS];
	struct tool_network *n = f->n;
	uint32_t slot = (uint32_t)(run % n->slots);
	int ret = octet_plan_wait(n->plan, slot, -1);

	if (ret || !f->done)
		return ret;
	for (uint32_t b = 0; b < n->batch && run * n->batch + b < f->s->count; b++) {
		for (uint32_t i = 0; i < n->outputs; i++)
			outputs[i] = (const uint8_t *)octet_plan_output(n->plan, slot, i, NULL) +
				     b * n->result_bytes[i];
		f->done(f->opaque, run * n->batch + b, outputs);
	}
	return 0;
}

int tool_run_samples(struct tool_network *n, const struct tool_samples *s, const char *what,
		     void (*done)(void *opaque, unsigned long sample, const void *const *outputs),
		     void *opaque, double *wall_s)
{
	struct flight f = { n, s, done, opaque };
	unsigned long runs = (s->count + n->batch - 1) / n->batch, landed = 0;
	double start = tool_now();
	int ret = 0;

	for (unsigned long run = 0; run < runs && !ret; run++) {
		if (run - landed == n->slots)
			ret = land(&f, landed++);
		if (!ret)
			ret = launch(&f, run);
		tool_progress(what, landed * n->batch, s->count);
	}
	while (landed < runs && !ret)
		ret = land(&f, landed++);
	tool_progress_end();
	if (ret)
		return tool_fail(n->ctx, what);
	if (wall_s)
		*wall_s = tool_now() - start;
	return EXIT_OK;
}

int tool_with_samples(const struct tool_options *o, const char *const *paths,
		      unsigned int path_count,
		      int (*work)(const struct tool_options *o, struct tool_network *n,
				  struct tool_samples *samples))
{
	OCTET_OPTS(octet_plan_opts, opts);
	struct tool_samples samples;
	struct tool_network n;
	int ret;

	opts.flavour = o->flavour;
	opts.batch = o->batch;
	opts.slots = o->slots ? o->slots : 2;
	opts.no_sram = o->no_sram;
	ret = tool_network_open(&n, o, &opts);
	if (ret)
		return ret;
	ret = tool_samples_read(&n, o, paths, path_count, &samples);
	if (!ret) {
		ret = work(o, &n, &samples);
		tool_samples_free(&samples);
	}
	tool_network_close(&n);
	return ret;
}

size_t tool_elements(const struct octet_tensor_info *t)
{
	size_t element = tool_element_bytes(t->type);

	return element ? t->bytes / element : 0;
}

long tool_peak_kib(void)
{
	struct rusage u;

	return getrusage(RUSAGE_SELF, &u) ? 0 : u.ru_maxrss;
}

/* A float model whose weights are int8 or float16: hybrid, dynamic range, weight-only. */
static bool is_float(const struct octet_model *model)
{
	OCTET_OPTS(octet_tensor_info, t);

	for (uint32_t i = 0; i < octet_model_outputs(model); i++)
		if (!octet_model_tensor(model, (uint32_t)octet_model_output(model, i), &t) &&
		    t.type == OCTET_FLOAT32)
			return true;
	return false;
}

long long tool_packed_bytes(const struct octet_model *model)
{
	OCTET_OPTS(octet_tensor_info, t);
	long long bytes = 0;

	for (uint32_t i = 0; is_float(model) && i < octet_model_tensors(model); i++) {
		octet_model_tensor(model, i, &t);
		if (t.constant && t.type == OCTET_FLOAT16)
			bytes += (long long)t.bytes;
		else if (t.constant && t.quants && t.type == OCTET_INT8)
			bytes += 3 * (long long)t.bytes;
	}
	return bytes;
}

void tool_print_sizes(long long before, long long packed, long long after)
{
	printf("size: %lld bytes before", before);
	if (packed)
		printf(" (%lld if its packed weights were float32)", before + packed);
	printf(", %lld after: %.2f times smaller\n", after,
	       after ? (double)(before + packed) / (double)after : 0);
}

const char *tool_dims(const struct octet_tensor_info *t, char *out, size_t size)
{
	size_t at = 0;

	snprintf(out, size, "scalar");
	for (uint32_t i = 0; i < t->rank && at < size; i++)
		at += (size_t)snprintf(out + at, size - at, i ? "x%u" : "%u", t->dims[i]);
	return out;
}

int tool_name_width(const struct tool_network *n)
{
	size_t width = strlen("operator");

	for (uint32_t i = 0; i < octet_model_ops(n->model); i++) {
		OCTET_OPTS(octet_plan_op, op);

		if (!octet_plan_op(n->plan, i, &op) && strlen(op.name) > width)
			width = strlen(op.name);
	}
	return (int)width;
}

const char *tool_where(const struct octet_plan_op *op)
{
	switch (op->where) {
	case OCTET_ON_DEVICE:
		return "device";
	case OCTET_ON_CPU:
		return "cpu";
	case OCTET_ON_NOTHING:
		return "-";
	default:
		return "fused";
	}
}
