// SPDX-License-Identifier: MIT
/* octet accuracy: samples with known classes, and how many a network gets right. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "network.h"

struct score {
	const struct octet_tensor_info *result;
	const long *class;
	size_t outputs;
	unsigned long right;
};

/* The largest code wins, the first of several. */
static void judge(void *opaque, unsigned long sample, const void *const *outputs)
{
	struct score *s = opaque;
	size_t best = 0;

	for (size_t i = 1; i < s->outputs; i++)
		if (tool_decode(s->result, outputs[0], i) >
		    tool_decode(s->result, outputs[0], best))
			best = i;
	s->right += s->class[sample] == (long)best;
}

/* The last column of a line: after the last tab, comma, semicolon or blank. */
static const char *class_of(char *text, long *class)
{
	size_t n = strlen(text);
	char *at, *end;

	while (n && strchr(" \t", text[n - 1]))
		text[--n] = '\0';
	at = text + n;
	while (at > text && !strchr("\t,; ", at[-1]))
		at--;
	errno = 0;
	*class = strtol(at, &end, 10);
	if (!errno && end != at && !*end && *class >= 0)
		return NULL;
	return at;
}

/* Four bytes for one, or one for four: the set has another type than was said. */
static const char *mixed_up(size_t lines, unsigned long samples)
{
	if (samples == 4 * lines || samples + 4 == 4 * lines)
		return "; four times as many: float32 values? --set-type float32";
	if (lines == 4 * samples || lines == 4 * samples + 1)
		return "; a quarter as many: the model's own type? --set-type native";
	return "";
}

int tool_classes_read(const char *path, const char *set, unsigned long samples, size_t classes,
		      long *class)
{
	struct tool_labels l;
	const char *bad;
	size_t first;
	long any;
	int ret = tool_labels_read(path, &l);

	if (ret)
		return ret;
	/* One line more than samples, and it has no class: the names of the columns. */
	first = l.count == samples + 1 && class_of(l.line[0], &any);
	if (l.count - first != samples) {
		fprintf(stderr, "octet: %s has %zu lines, %s has %lu samples%s\n", path, l.count, set,
			samples, mixed_up(l.count, samples));
		ret = EXIT_FAILED;
	}
	for (size_t i = first; i < l.count && !ret; i++) {
		bad = class_of(l.line[i], &class[i - first]);
		if (bad) {
			fprintf(stderr, "octet: %s: line %zu: its last column '%s' is no class number\n",
				path, i + 1, bad);
			ret = EXIT_FAILED;
		} else if ((size_t)class[i - first] >= classes) {
			fprintf(stderr, "octet: %s: line %zu: class %ld, the model has %zu\n", path,
				i + 1, class[i - first], classes);
			ret = EXIT_FAILED;
		}
	}
	tool_labels_free(&l);
	return ret;
}

static int report(const struct tool_options *o, const struct tool_network *n,
		  const struct score *score, unsigned long count, double wall)
{
	struct json_object *root;

	printf("%lu samples on %s, %.3f ms each\n", count,
	       octet_backend_name(octet_get_backend(n->ctx)), wall * 1e3 / (double)count);
	printf("accuracy: %lu of %lu (%.2f %%)\n", score->right, count,
	       100.0 * (double)score->right / (double)count);
	if (!o->json)
		return EXIT_OK;
	root = json_object_new_object();
	json_object_object_add(root, "right", json_object_new_int64((int64_t)score->right));
	json_object_object_add(root, "samples", json_object_new_int64((int64_t)count));
	json_object_object_add(root, "seconds_each",
			       json_object_new_double(wall / (double)count));
	return tool_write_json(root, o->json);
}

static int accuracy(const struct tool_options *o, struct tool_network *n,
		    struct tool_samples *samples)
{
	OCTET_OPTS(octet_tensor_info, result);
	struct score score = { .result = &result };
	long *class = calloc(samples->count + 1, sizeof(*class));
	double wall = 0;
	int ret;

	if (!class || !n->outputs) {
		free(class);
		fprintf(stderr, "octet: %s: no outputs, or out of memory\n", o->model);
		return EXIT_FAILED;
	}
	octet_model_tensor(n->model, (uint32_t)octet_model_output(n->model, 0), &result);
	score.class = class;
	score.outputs = tool_elements(&result);
	ret = tool_classes_read(o->labels, o->set, samples->count, score.outputs, class);
	if (!ret)
		ret = tool_run_samples(n, samples, "accuracy", judge, &score, &wall);
	if (!ret)
		ret = report(o, n, &score, samples->count, wall);
	free(class);
	return ret;
}

int cmd_accuracy(const struct tool_options *o)
{
	if (!o->set || !o->labels) {
		fputs("octet accuracy: --set FILE and --labels FILE are needed\n", stderr);
		return EXIT_USAGE;
	}
	return tool_with_samples(o, &o->set, 1, accuracy);
}
