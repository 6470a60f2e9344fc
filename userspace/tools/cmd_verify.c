// SPDX-License-Identifier: MIT
/*
 * octet verify: a network on the device and on the CPU fallback. Operator by
 * operator with every activation kept, then as it runs in earnest, fused and chained:
 * there the fallback takes one sample at a time, whatever the batch of the device.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "network.h"

struct tally {
	uint64_t bytes, equal;
	unsigned int layers, differ;
	struct json_object *list;
};

/* What two results of one tensor have in common. */
struct match {
	size_t bytes, equal;
	size_t first;	/* element that differs first */
	double sqnr;
};

static struct match compare(const struct octet_tensor_info *t, const uint8_t *a, const uint8_t *b,
			    size_t bytes)
{
	size_t element = tool_element_bytes(t->type), count = element ? bytes / element : 0;
	struct match m = { .bytes = bytes, .first = SIZE_MAX };
	double signal = 0, noise = 0;

	for (size_t i = 0; i < bytes; i++)
		m.equal += a[i] == b[i];
	for (size_t i = 0; i < count; i++) {
		double x = tool_decode(t, a, i), y = tool_decode(t, b, i);

		if (m.first == SIZE_MAX && memcmp(a + i * element, b + i * element, element))
			m.first = i;
		signal += y * y;
		noise += (x - y) * (x - y);
	}
	m.sqnr = noise > 0 ? 10 * log10(signal / noise) : INFINITY;
	return m;
}

static void print_match(const struct octet_plan_op *op, uint32_t index, int width,
			const struct octet_tensor_info *t, const struct match *m,
			struct tally *tally)
{
	struct json_object *o = json_object_new_object();
	char dims[96], sqnr[32] = "exact";

	if (m->equal != m->bytes && !isfinite(m->sqnr))
		snprintf(sqnr, sizeof(sqnr), "differs");
	else if (m->equal != m->bytes)
		snprintf(sqnr, sizeof(sqnr), "%.1f dB", m->sqnr);
	printf("  %4u  %-*s %-7s %-18s %10zu %10zu  %s\n", index, width, op->name, tool_where(op),
	       tool_dims(t, dims, sizeof(dims)), m->bytes, m->equal, sqnr);
	if (m->first != SIZE_MAX)
		printf("        first difference at element %zu of '%s'\n", m->first, t->name);
	json_object_object_add(o, "operator", json_object_new_int64(index));
	json_object_object_add(o, "name", json_object_new_string(op->name));
	json_object_object_add(o, "where", json_object_new_string(tool_where(op)));
	json_object_object_add(o, "tensor", json_object_new_string(t->name));
	json_object_object_add(o, "bytes", json_object_new_int64((int64_t)m->bytes));
	json_object_object_add(o, "equal", json_object_new_int64((int64_t)m->equal));
	/* JSON has no infinity: null where all is equal, or nothing is left to compare. */
	json_object_object_add(o, "sqnr_db", m->equal == m->bytes || !isfinite(m->sqnr) ?
			       NULL : json_object_new_double(m->sqnr));
	json_object_array_add(tally->list, o);
	tally->bytes += m->bytes;
	tally->equal += m->equal;
	tally->layers++;
	tally->differ += m->equal != m->bytes;
}

static int compare_op(struct tool_network *dev, struct tool_network *cpu, uint32_t index,
		      struct tally *tally)
{
	OCTET_OPTS(octet_plan_op, op);
	int ret = octet_plan_op(dev->plan, index, &op);

	if (ret)
		return tool_fail(dev->ctx, "verify");
	for (uint32_t i = 0; i < op.output_count; i++) {
		OCTET_OPTS(octet_tensor_info, t);
		const void *a, *b;
		size_t bytes;
		struct match m;

		octet_model_tensor(dev->model, (uint32_t)op.outputs[i], &t);
		if (octet_plan_tensor(dev->plan, (uint32_t)op.outputs[i], &a, &bytes) ||
		    octet_plan_tensor(cpu->plan, (uint32_t)op.outputs[i], &b, &bytes))
			continue;
		m = compare(&t, a, b, bytes);
		print_match(&op, index, tool_name_width(dev), &t, &m, tally);
	}
	return EXIT_OK;
}

/* A run from sample @first on. The last batch may be short: its rest repeats a sample. */
static int feed(struct tool_network *n, const struct tool_samples *s, unsigned long first)
{
	for (uint32_t i = 0; i < n->inputs; i++) {
		uint8_t *to = octet_plan_input(n->plan, 0, i, NULL);

		for (uint32_t b = 0; b < n->batch; b++) {
			unsigned long k = first + b < s->count ? first + b : s->count - 1;

			memcpy(to + b * n->sample_bytes[i], s->data[i] + k * n->sample_bytes[i],
			       n->sample_bytes[i]);
		}
	}
	if (octet_plan_start(n->plan, 0) || octet_plan_wait(n->plan, 0, -1))
		return tool_fail(n->ctx, "verify");
	return EXIT_OK;
}

static int layers(struct tool_network *dev, struct tool_network *cpu, const struct tool_samples *s,
		  struct tally *tally)
{
	int ret = feed(dev, s, 0);

	if (!ret)
		ret = feed(cpu, s, 0);
	printf("  %4s  %-*s %-7s %-18s %10s %10s  %s\n", "#", tool_name_width(dev), "operator",
	       "runs on", "result", "bytes", "equal", "SQNR");
	for (uint32_t i = 0; i < octet_model_ops(dev->model) && !ret; i++)
		ret = compare_op(dev, cpu, i, tally);
	return ret;
}

/* As it runs in earnest: the outputs of every sample, sample @at of the device's batch. */
static int output(struct tool_network *dev, struct tool_network *cpu, const struct tool_samples *s,
		  unsigned long sample, struct tally *tally)
{
	unsigned long at = sample % dev->batch;
	int ret = at ? EXIT_OK : feed(dev, s, sample);

	if (!ret)
		ret = feed(cpu, s, sample);
	for (uint32_t i = 0; i < dev->outputs && !ret; i++) {
		const uint8_t *a = octet_plan_output(dev->plan, 0, i, NULL);
		const uint8_t *b = octet_plan_output(cpu->plan, 0, i, NULL);

		a += at * dev->result_bytes[i];
		for (size_t j = 0; j < dev->result_bytes[i]; j++)
			tally->equal += a[j] == b[j];
		tally->bytes += dev->result_bytes[i];
	}
	return ret;
}

static int outputs(struct tool_network *dev, struct tool_network *cpu, const struct tool_samples *s,
		   struct tally *tally)
{
	for (unsigned long k = 0; k < s->count; k++) {
		int ret = output(dev, cpu, s, k, tally);

		if (ret)
			return ret;
		tool_progress("verify", k + 1, s->count);
	}
	tool_progress_end();
	return EXIT_OK;
}

/* One way of planning, on both; @dev and @cpu keep their contexts and the model. */
static int with_plans(const struct tool_options *o, struct tool_network *dev,
		      struct tool_network *cpu, bool keep, const struct tool_samples *s,
		      struct tally *tally)
{
	OCTET_OPTS(octet_plan_opts, opts);
	int ret;

	opts.flavour = o->flavour;
	opts.keep = keep;
	opts.no_sram = o->no_sram;
	opts.batch = o->batch;
	ret = tool_network_plan(dev, dev->ctx, dev->model, o, &opts);
	opts.batch = keep ? o->batch : 1;
	if (!ret)
		ret = tool_network_plan(cpu, cpu->ctx, cpu->model, o, &opts);
	if (!ret)
		ret = keep ? layers(dev, cpu, s, tally) : outputs(dev, cpu, s, tally);
	octet_plan_free(dev->plan);
	octet_plan_free(cpu->plan);
	dev->plan = cpu->plan = NULL;
	return ret;
}

static int finish(const struct tool_options *o, const struct tool_network *dev, uint64_t seed,
		  const struct tally *layer, const struct tally *whole, unsigned long samples)
{
	struct json_object *root;
	bool ok = layer->bytes == layer->equal && whole->bytes == whole->equal;

	printf("outputs of %lu samples, fused and chained: %" PRIu64 " bytes, %" PRIu64 " equal\n",
	       samples, whole->bytes, whole->equal);
	if (!o->input_count)
		printf("inputs: random bytes, --seed %" PRIu64 "\n", seed);
	printf("verify: %s against cpu: %u layers, %u differ; %" PRIu64 " of %" PRIu64
	       " bytes equal: %s\n", octet_backend_name(octet_get_backend(dev->ctx)), layer->layers,
	       layer->differ, layer->equal + whole->equal, layer->bytes + whole->bytes,
	       ok ? "PASS" : "FAIL");
	if (o->json) {
		root = json_object_new_object();
		json_object_object_add(root, "layers", json_object_get(layer->list));
		json_object_object_add(root, "output_bytes",
				       json_object_new_int64((int64_t)whole->bytes));
		json_object_object_add(root, "output_equal",
				       json_object_new_int64((int64_t)whole->equal));
		json_object_object_add(root, "pass", json_object_new_boolean(ok));
		if (tool_write_json(root, o->json))
			return EXIT_FAILED;
	}
	return ok ? EXIT_OK : EXIT_DIFFERS;
}

static int verify(const struct tool_options *o, struct tool_network *dev, struct tool_network *cpu)
{
	struct tally layer = { .list = json_object_new_array() }, whole = { 0 };
	struct tool_samples s;
	int ret = o->input_count ?
			  tool_samples_read(dev, o, o->inputs, o->input_count, &s) :
			  tool_samples_random(dev, o->seed, o->batch > 4 ? o->batch : 4, &s);

	if (!ret) {
		ret = with_plans(o, dev, cpu, true, &s, &layer);
		if (!ret)
			ret = with_plans(o, dev, cpu, false, &s, &whole);
		if (!ret)
			ret = finish(o, dev, o->seed, &layer, &whole, s.count);
		tool_samples_free(&s);
	}
	json_object_put(layer.list);
	return ret;
}

int cmd_verify(const struct tool_options *o)
{
	OCTET_OPTS(octet_plan_opts, opts);
	struct tool_network dev, cpu = { 0 };
	int ret;

	if (o->backend == OCTET_BACKEND_CPU) {
		fputs("octet verify: --backend cpu would compare the fallback with itself\n", stderr);
		return EXIT_USAGE;
	}
	opts.flavour = o->flavour;
	ret = tool_network_open(&dev, o, &opts);
	if (ret)
		return ret;
	octet_plan_free(dev.plan);
	dev.plan = NULL;
	cpu.model = dev.model;
	cpu.ctx = tool_open_cpu(o);
	ret = cpu.ctx ? verify(o, &dev, &cpu) : EXIT_FAILED;
	octet_close(cpu.ctx);
	tool_network_close(&dev);
	return ret;
}
