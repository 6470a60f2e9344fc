// SPDX-License-Identifier: MIT
/* Public models where the machine has them, and comparing graphs. */

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model_files.h"

const char *model_folder(void)
{
	const char *folder = getenv("OCTET_DATA");

	folder = folder && *folder ? folder : "../shared/data";
	return access(folder, R_OK | X_OK) ? NULL : folder;
}

void *model_load(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	void *data = NULL;
	long end = -1;

	if (file && !fseek(file, 0, SEEK_END))
		end = ftell(file);
	if (end > 0)
		data = malloc((size_t)end);
	if (!data || fseek(file, 0, SEEK_SET) || fread(data, 1, (size_t)end, file) != (size_t)end) {
		perror(path);
		exit(2);
	}
	fclose(file);
	*size = (size_t)end;
	return data;
}

size_t model_each(const char *pattern, void (*visit)(const char *path))
{
	char path[512];
	size_t count;
	glob_t found;

	if (!model_folder())
		return 0;
	snprintf(path, sizeof(path), "%s/%s", model_folder(), pattern);
	if (glob(path, 0, NULL, &found))
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++)
		visit(found.gl_pathv[i]);
	count = found.gl_pathc;
	globfree(&found);
	return count;
}

static bool same_list(uint32_t n, const int32_t *a, uint32_t m, const int32_t *b)
{
	return n == m && (!n || !memcmp(a, b, n * sizeof(*a)));
}

static bool same_bytes(const void *a, const void *b, size_t bytes)
{
	return !a == !b && (!a || !memcmp(a, b, bytes));
}

static const char *tensor_differs(const struct octet_graph_tensor *a,
				  const struct octet_graph_tensor *b)
{
	if (strcmp(a->name, b->name))
		return "name";
	if (a->type != b->type || a->bytes != b->bytes || a->elements != b->elements)
		return "type or size";
	if (a->rank != b->rank || memcmp(a->dims, b->dims, a->rank * sizeof(*a->dims)))
		return "shape";
	if (a->quants != b->quants || a->axis != b->axis)
		return "number of scales or axis";
	if (!same_bytes(a->scale, b->scale, a->quants * sizeof(*a->scale)))
		return "scales";
	if (!same_bytes(a->zero_point, b->zero_point, a->quants * sizeof(*a->zero_point)))
		return "zero points";
	if (!same_bytes(a->data, b->data, a->bytes))
		return "contents";
	if (a->variable != b->variable || a->producer != b->producer)
		return "variable or producer";
	return NULL;
}

static const char *op_differs(const struct octet_graph_op *a, const struct octet_graph_op *b)
{
	if (a->code != b->code || a->version != b->version || strcmp(a->name, b->name))
		return "code";
	if (!same_list(a->input_count, a->inputs, b->input_count, b->inputs))
		return "inputs";
	if (!same_list(a->output_count, a->outputs, b->output_count, b->outputs))
		return "outputs";
	if (!same_list(a->intermediate_count, a->intermediates, b->intermediate_count,
		       b->intermediates))
		return "intermediates";
	if (memcmp(&a->opt, &b->opt, sizeof(a->opt)))
		return "options";
	if (a->custom_bytes != b->custom_bytes || !same_bytes(a->custom, b->custom, a->custom_bytes))
		return "custom options";
	return NULL;
}

const char *graph_differs(const struct octet_graph *a, const struct octet_graph *b, char out[128])
{
	const char *what = NULL;

	snprintf(out, 128, "counts, inputs, outputs or description differ");
	if (a->tensor_count != b->tensor_count || a->op_count != b->op_count ||
	    !same_list(a->input_count, a->inputs, b->input_count, b->inputs) ||
	    !same_list(a->output_count, a->outputs, b->output_count, b->outputs) ||
	    strcmp(a->description, b->description))
		return out;
	for (uint32_t i = 0; i < a->tensor_count && !what; i++) {
		what = tensor_differs(&a->tensors[i], &b->tensors[i]);
		snprintf(out, 128, "tensor %u: %s", i, what ? what : "");
	}
	for (uint32_t i = 0; i < a->op_count && !what; i++) {
		what = op_differs(&a->ops[i], &b->ops[i]);
		snprintf(out, 128, "operator %u: %s", i, what ? what : "");
	}
	return what ? out : NULL;
}
