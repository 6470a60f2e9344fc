// SPDX-License-Identifier: MIT
/* Models: a file is mapped, read, checked; then it can be asked about. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../internal.h"
#include "../tflite/tflite.h"
#include "check.h"
#include "model.h"

static const char *const flavours[] = {
	[OCTET_FLAVOUR_TFLITE] = "tflite",
	[OCTET_FLAVOUR_TFLITE_OPT] = "tflite-opt",
	[OCTET_FLAVOUR_XNNPACK] = "xnnpack",
};

#define FLAVOURS (sizeof(flavours) / sizeof(flavours[0]))

const char *octet_flavour_name(enum octet_flavour flavour)
{
	return (size_t)flavour < FLAVOURS ? flavours[flavour] : "?";
}

int octet_flavour_parse(const char *name, enum octet_flavour *flavour)
{
	for (size_t i = 0; name && flavour && i < FLAVOURS; i++) {
		if (strcmp(name, flavours[i]))
			continue;
		*flavour = (enum octet_flavour)i;
		return 0;
	}
	return -EINVAL;
}

static int options(const struct octet_model_opts *opts, struct octet_model_opts *o)
{
	int ret = octet_opts_in(NULL, "octet_model_opts", opts, sizeof(*o), o);

	if (!ret && o->errbuf && o->errbuf_size)
		o->errbuf[0] = '\0';
	if (!ret && !o->errbuf)
		o->errbuf_size = 0;
	return ret;
}

static int read_graph(struct octet_model *model, const void *data, size_t bytes,
		      const struct octet_model_opts *o)
{
	int ret = octet_tflite_read(data, bytes, &model->graph, o->errbuf, o->errbuf_size);

	if (ret)
		return ret;
	ret = octet_graph_check(model->graph, o->errbuf, o->errbuf_size);
	if (ret)
		octet_graph_free(model->graph);
	return ret;
}

static int fail(const struct octet_model_opts *o, int error, const char *path, const char *what)
{
	if (o->errbuf_size)
		snprintf(o->errbuf, o->errbuf_size, "%s: %s", path, what);
	return error;
}

/* The options, and an empty model for @call. */
static int begin(const char *call, const struct octet_model_opts *opts, bool complete,
		 struct octet_model_opts *o, struct octet_model **model)
{
	int ret = options(opts, o);

	if (ret)
		return ret;
	if (!complete)
		return fail(o, -EINVAL, call, "model, or what to load, is NULL");
	*model = calloc(1, sizeof(**model));
	return *model ? 0 : fail(o, -ENOMEM, call, "out of memory");
}

int octet_model_load_memory(struct octet_model **out, const void *data, size_t bytes,
			    const struct octet_model_opts *opts)
{
	struct octet_model_opts o;
	struct octet_model *model;
	int ret = begin("octet_model_load_memory", opts, out && data, &o, &model);

	if (ret)
		return ret;
	ret = read_graph(model, data, bytes, &o);
	if (ret) {
		free(model);
		return ret;
	}
	*out = model;
	return 0;
}

/* Maps a file; the descriptor is not needed afterwards. */
static int map_file(const char *path, struct octet_model *model, const struct octet_model_opts *o)
{
	struct stat st;
	/* A pipe without a writer must not hold the caller up. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), ret = 0;

	if (fd < 0)
		return fail(o, -errno, path, strerror(errno));
	if (fstat(fd, &st))
		ret = fail(o, -errno, path, strerror(errno));
	else if (!S_ISREG(st.st_mode))
		ret = fail(o, -EINVAL, path, "not a regular file");
	else if (!st.st_size)
		ret = fail(o, -EINVAL, path, "the file is empty, a .tflite file is expected");
	else if (st.st_size > INT32_MAX)
		ret = fail(o, -EFBIG, path, "over 2 GiB, which a .tflite file cannot be");
	if (!ret) {
		model->map_bytes = (size_t)st.st_size;
		model->map = mmap(NULL, model->map_bytes, PROT_READ, MAP_PRIVATE, fd, 0);
		if (model->map == MAP_FAILED)
			ret = fail(o, -errno, path, strerror(errno));
	}
	close(fd);
	return ret;
}

int octet_model_load(struct octet_model **out, const char *path,
		     const struct octet_model_opts *opts)
{
	struct octet_model_opts o;
	struct octet_model *model;
	int ret = begin("octet_model_load", opts, out && path, &o, &model);

	if (ret)
		return ret;
	ret = map_file(path, model, &o);
	if (ret) {
		free(model);
		return ret;
	}
	ret = read_graph(model, model->map, model->map_bytes, &o);
	if (ret) {
		munmap(model->map, model->map_bytes);
		free(model);
		return ret;
	}
	*out = model;
	return 0;
}

void octet_model_free(struct octet_model *model)
{
	if (!model)
		return;
	octet_graph_free(model->graph);
	if (model->map)
		munmap(model->map, model->map_bytes);
	free(model);
}

uint32_t octet_model_tensors(const struct octet_model *model)
{
	return model ? model->graph->tensor_count : 0;
}

uint32_t octet_model_ops(const struct octet_model *model)
{
	return model ? model->graph->op_count : 0;
}

uint32_t octet_model_inputs(const struct octet_model *model)
{
	return model ? model->graph->input_count : 0;
}

uint32_t octet_model_outputs(const struct octet_model *model)
{
	return model ? model->graph->output_count : 0;
}

int octet_model_input(const struct octet_model *model, uint32_t index)
{
	return index < octet_model_inputs(model) ? model->graph->inputs[index] : -ENOENT;
}

int octet_model_output(const struct octet_model *model, uint32_t index)
{
	return index < octet_model_outputs(model) ? model->graph->outputs[index] : -ENOENT;
}

int octet_model_tensor(const struct octet_model *model, uint32_t tensor,
		       struct octet_tensor_info *out)
{
	struct octet_tensor_info info = { 0 };
	const struct octet_graph_tensor *t;

	if (!model || !out)
		return -EINVAL;
	if (tensor >= model->graph->tensor_count)
		return -ENOENT;
	t = &model->graph->tensors[tensor];
	info.name = t->name;
	info.type = t->type;
	info.rank = t->rank;
	for (uint32_t i = 0; i < t->rank && i < OCTET_MODEL_RANK; i++)
		info.dims[i] = t->dims[i];
	info.bytes = t->bytes;
	info.quants = t->quants;
	info.axis = t->axis;
	info.scale = t->scale;
	info.zero_point = t->zero_point;
	info.constant = t->data;
	return octet_opts_out(NULL, "octet_tensor_info", &info, sizeof(info), out);
}

_Static_assert(OCTET_MODEL_RANK == OCTET_GRAPH_RANK, "ranks");
