// SPDX-License-Identifier: MIT
/* octet run: a network on samples. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "network.h"

#define SHOWN 20	/* samples whose results are printed */
#define TOP 5

struct sink {
	const struct tool_options *o;
	struct tool_network *n;
	struct octet_tensor_info result;	/* the first output */
	struct tool_labels labels;
	struct json_object *list;
	FILE *output;
	bool failed;
};

struct ranked {
	size_t index;
	double value;
};

static int higher(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static const char *label(const struct sink *s, size_t class)
{
	return class < s->labels.count ? s->labels.line[class] : "";
}

/* The largest values of the first output. */
static void print_top(struct sink *s, unsigned long sample, const void *data)
{
	size_t count = tool_elements(&s->result);
	size_t top = s->o->top ? s->o->top : TOP;
	struct ranked *r = calloc(count + 1, sizeof(*r));
	struct json_object *list = s->o->json ? json_object_new_array() : NULL;

	if (!r)
		return;
	for (size_t i = 0; i < count; i++)
		r[i] = (struct ranked){ i, tool_decode(&s->result, data, i) };
	qsort(r, count, sizeof(*r), higher);
	if (sample < SHOWN)
		printf("sample %lu\n", sample);
	for (size_t i = 0; i < count && i < top; i++) {
		struct json_object *one;

		if (sample < SHOWN)
			printf("  %6zu  %10.5f  %s\n", r[i].index, r[i].value, label(s, r[i].index));
		if (!list)
			continue;
		one = json_object_new_object();
		json_object_object_add(one, "class", json_object_new_int64((int64_t)r[i].index));
		json_object_object_add(one, "value", json_object_new_double(r[i].value));
		if (label(s, r[i].index)[0])
			json_object_object_add(one, "label",
					       json_object_new_string(label(s, r[i].index)));
		json_object_array_add(list, one);
	}
	if (sample == SHOWN)
		printf("(and so on: the rest is in --output or --json)\n");
	if (list)
		json_object_array_add(s->list, list);
	free(r);
}

static void take(void *opaque, unsigned long sample, const void *const *outputs)
{
	struct sink *s = opaque;

	for (uint32_t i = 0; i < s->n->outputs && s->output; i++)
		if (fwrite(outputs[i], 1, s->n->result_bytes[i], s->output) !=
		    s->n->result_bytes[i])
			s->failed = true;
	if (s->n->outputs && (!s->output || s->o->labels || s->o->json))
		print_top(s, sample, outputs[0]);
}

static int open_sink(struct sink *s, const struct tool_options *o, struct tool_network *n)
{
	size_t classes;

	memset(s, 0, sizeof(*s));
	s->o = o;
	s->n = n;
	s->list = json_object_new_array();
	s->result.size = sizeof(s->result);
	if (n->outputs)
		octet_model_tensor(n->model, (uint32_t)octet_model_output(n->model, 0), &s->result);
	classes = n->outputs ? s->result.bytes / tool_element_bytes(s->result.type) : 0;
	if (o->labels && tool_labels_read(o->labels, &s->labels))
		return EXIT_FAILED;
	if (o->labels && s->labels.count != classes)
		fprintf(stderr, "octet: --labels %s: %zu names, the model has %zu classes: names may be "
			"those of others\n", o->labels, s->labels.count, classes);
	if (!o->output)
		return EXIT_OK;
	s->output = fopen(o->output, "wb");
	if (s->output)
		return EXIT_OK;
	fprintf(stderr, "octet: --output %s: %s\n", o->output, strerror(errno));
	return EXIT_FAILED;
}

static int close_sink(struct sink *s)
{
	if (s->output && (fclose(s->output) || s->failed)) {
		fprintf(stderr, "octet: --output %s: could not be written\n", s->o->output);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

static void summary(const struct tool_network *n, unsigned long count, double wall,
		    struct json_object *root)
{
	OCTET_OPTS(octet_plan_info, info);
	double each = count ? wall / (double)count : 0;

	octet_plan_info(n->plan, &info);
	printf("run: %lu sample%s on %s, %.3f ms each; load %.1f ms, plan %.1f ms, peak memory %ld KiB\n",
	       count, count == 1 ? "" : "s", octet_backend_name(octet_get_backend(n->ctx)), each * 1e3, n->load_s * 1e3,
	       n->plan_s * 1e3, tool_peak_kib());
	if (octet_get_backend(n->ctx) != OCTET_BACKEND_CPU)
		printf("run: %" PRIu64 " cycles predicted for %u sample%s, %.1f %% of the MACs on the "
		       "device\n", info.cycles, n->batch, n->batch == 1 ? "" : "s",
		       info.macs ? 100.0 * (double)info.device_macs / (double)info.macs : 100.0);
	json_object_object_add(root, "samples", json_object_new_int64((int64_t)count));
	json_object_object_add(root, "seconds_each", json_object_new_double(each));
	json_object_object_add(root, "load_seconds", json_object_new_double(n->load_s));
	json_object_object_add(root, "plan_seconds", json_object_new_double(n->plan_s));
	json_object_object_add(root, "peak_kib", json_object_new_int64(tool_peak_kib()));
	json_object_object_add(root, "cycles", json_object_new_int64((int64_t)info.cycles));
	json_object_object_add(root, "macs", json_object_new_int64((int64_t)info.macs));
	json_object_object_add(root, "device_macs", json_object_new_int64((int64_t)info.device_macs));
}

static int run(const struct tool_options *o, struct tool_network *n, struct tool_samples *samples)
{
	struct json_object *root = json_object_new_object();
	struct sink sink;
	double wall = 0;
	int ret = open_sink(&sink, o, n);

	if (!ret)
		ret = tool_run_samples(n, samples, "run", take, &sink, &wall);
	if (close_sink(&sink) && !ret)
		ret = EXIT_FAILED;
	if (!ret)
		summary(n, samples->count, wall, root);
	json_object_object_add(root, "results", sink.list);
	tool_labels_free(&sink.labels);
	if (o->json && !ret)
		return tool_write_json(root, o->json);
	json_object_put(root);
	return ret;
}

int cmd_run(const struct tool_options *o)
{
	return tool_with_samples(o, o->inputs, o->input_count, run);
}
