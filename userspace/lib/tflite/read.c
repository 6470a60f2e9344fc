// SPDX-License-Identifier: MIT
/* The reader: from the model down to lists of tensors and operators. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "read.h"
#include "tflite.h"

/* Is it a tensor, and one that can hold something? Intermediates need not. */
static int check_index(struct tfl_reader *r, enum tfl_field f, const char *who, uint32_t i,
		       int32_t tensor, bool optional)
{
	char name[OCTET_GRAPH_LABEL];

	if (tensor < (optional ? -1 : 0) || tensor >= (int64_t)r->g->tensor_count)
		return fb_fail(&r->fb, -EINVAL,
			       "%s: %s[%u] is tensor %d, but the file has %u tensors", who,
			       tfl_fields[f].name, i, tensor, r->g->tensor_count);
	if (tensor >= 0 && !r->g->tensors[tensor].elements && f != TFL_Operator_intermediates)
		return fb_fail(&r->fb, -ENOTSUP,
			       "%s: %s has a dimension of 0: empty tensors, and shapes that only "
			       "running tells, are not supported; convert the model with fixed "
			       "shapes", who, octet_graph_label(r->g, tensor, name));
	return 0;
}

int tfl_read_indexes(struct tfl_reader *r, const struct fb_table *t, enum tfl_field f,
		     const char *who, bool optional, const int32_t **indexes, uint32_t *count)
{
	struct fb_vector v;
	int32_t *out;
	int rc = fb_vector(&r->fb, t, f, &v);

	if (rc)
		return rc;
	out = octet_graph_alloc(r->g, v.count, sizeof(*out));
	if (!out)
		return fb_fail(&r->fb, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < v.count && !rc; i++) {
		out[i] = fb_int_at(&r->fb, &v, i);
		rc = check_index(r, f, who, i, out[i], optional);
	}
	if (rc)
		return rc;
	*indexes = out;
	*count = v.count;
	return 0;
}

int tfl_read_outside(struct tfl_reader *r, const struct fb_table *t, enum tfl_field offset,
		     enum tfl_field size, struct tfl_buffer *out)
{
	int64_t from, bytes;
	int rc = fb_scalar(&r->fb, t, offset, &from);

	if (!rc)
		rc = fb_scalar(&r->fb, t, size, &bytes);
	/* The format's way to say that there is none. */
	if (rc || (uint64_t)from <= 1)
		return rc;
	if ((uint64_t)from > r->fb.file_size ||
	    (uint64_t)bytes > r->fb.file_size - (uint64_t)from)
		return fb_fail(&r->fb, -EINVAL,
			       "%s %" PRId64 ": offset %" PRIu64 " and size %" PRIu64
			       " lead out of the file of %" PRIu64 " bytes",
			       tfl_tables[t->kind], t->index, (uint64_t)from, (uint64_t)bytes,
			       r->fb.file_size);
	if (!bytes)
		return 0;
	out->data = r->fb.data + from;
	out->bytes = (uint64_t)bytes;
	return 0;
}

static int read_codes(struct tfl_reader *r, const struct fb_table *model)
{
	struct fb_vector list;
	int rc = fb_vector(&r->fb, model, TFL_Model_operator_codes, &list);

	if (rc)
		return rc;
	r->codes = calloc((size_t)list.count + 1, sizeof(*r->codes));
	if (!r->codes)
		return fb_fail(&r->fb, -ENOMEM, "out of memory");
	r->code_count = list.count;
	for (uint32_t i = 0; i < list.count; i++) {
		int64_t old, now, version;
		const char *custom;
		struct fb_table t;

		rc = fb_element(&r->fb, &list, i, TFL_OperatorCode, &t);
		if (!rc)
			rc = fb_scalar(&r->fb, &t, TFL_OperatorCode_deprecated_builtin_code, &old);
		if (!rc)
			rc = fb_scalar(&r->fb, &t, TFL_OperatorCode_builtin_code, &now);
		if (!rc)
			rc = fb_scalar(&r->fb, &t, TFL_OperatorCode_version, &version);
		if (!rc)
			rc = fb_string(&r->fb, &t, TFL_OperatorCode_custom_code, &custom);
		if (rc)
			return rc;
		/* Older writers fill the one field, newer ones both. */
		now = now > old ? now : old;
		if (now < 0)
			return fb_fail(&r->fb, -EINVAL,
				       "operator code %u is %" PRId64 ", which is negative", i, now);
		r->codes[i].code = (uint32_t)now;
		r->codes[i].version = (int32_t)version;
		r->codes[i].name = now == OCTET_G_CUSTOM && *custom ? custom :
				   tfl_op((uint32_t)now) ? tfl_op((uint32_t)now)->name : "?";
	}
	return 0;
}

static int read_buffers(struct tfl_reader *r, const struct fb_table *model)
{
	struct fb_vector list, data;
	int rc = fb_vector(&r->fb, model, TFL_Model_buffers, &list);

	if (rc)
		return rc;
	r->buffers = calloc((size_t)list.count + 1, sizeof(*r->buffers));
	if (!r->buffers)
		return fb_fail(&r->fb, -ENOMEM, "out of memory");
	r->buffer_count = list.count;
	for (uint32_t i = 0; i < list.count; i++) {
		struct fb_table t;

		rc = fb_element(&r->fb, &list, i, TFL_Buffer, &t);
		if (!rc)
			rc = fb_vector(&r->fb, &t, TFL_Buffer_data, &data);
		if (!rc)
			rc = tfl_read_outside(r, &t, TFL_Buffer_offset, TFL_Buffer_size,
					      &r->buffers[i]);
		if (rc)
			return rc;
		if (data.count)
			r->buffers[i] = (struct tfl_buffer){ r->fb.data + data.pos, data.count };
	}
	return 0;
}

static int read_tensors(struct tfl_reader *r, const struct fb_table *graph)
{
	struct fb_vector list;
	struct fb_table t;
	int rc = fb_vector(&r->fb, graph, TFL_SubGraph_tensors, &list);

	if (rc)
		return rc;
	r->g->tensors = octet_graph_alloc(r->g, list.count, sizeof(*r->g->tensors));
	if (!r->g->tensors)
		return fb_fail(&r->fb, -ENOMEM, "out of memory");
	r->g->tensor_count = list.count;
	for (uint32_t i = 0; i < list.count && !rc; i++) {
		rc = fb_element(&r->fb, &list, i, TFL_Tensor, &t);
		if (!rc)
			rc = tfl_read_tensor(r, &t, i);
	}
	return rc;
}

static int read_ops(struct tfl_reader *r, const struct fb_table *graph)
{
	struct fb_vector list;
	struct fb_table t;
	int rc = fb_vector(&r->fb, graph, TFL_SubGraph_operators, &list);

	if (rc)
		return rc;
	r->g->ops = octet_graph_alloc(r->g, list.count, sizeof(*r->g->ops));
	if (!r->g->ops)
		return fb_fail(&r->fb, -ENOMEM, "out of memory");
	r->g->op_count = list.count;
	for (uint32_t i = 0; i < list.count && !rc; i++) {
		rc = fb_element(&r->fb, &list, i, TFL_Operator, &t);
		if (!rc)
			rc = tfl_read_op(r, &t, i);
	}
	return rc;
}

static int read_model(struct tfl_reader *r, const struct fb_table *model)
{
	struct fb_vector list;
	struct fb_table graph;
	int64_t version;
	int rc = fb_scalar(&r->fb, model, TFL_Model_version, &version);

	if (!rc && version != TFL_VERSION)
		return fb_fail(&r->fb, version > TFL_VERSION ? -ENOTSUP : -EINVAL,
			       "the file's schema has version %" PRId64 ", this library reads %u",
			       version, TFL_VERSION);
	if (!rc)
		rc = fb_string(&r->fb, model, TFL_Model_description, &r->g->description);
	if (!rc)
		rc = fb_vector(&r->fb, model, TFL_Model_subgraphs, &list);
	if (rc)
		return rc;
	if (list.count != 1)
		return fb_fail(&r->fb, list.count ? -ENOTSUP : -EINVAL,
			       "the file has %u subgraphs, this library runs files with 1",
			       list.count);
	rc = fb_element(&r->fb, &list, 0, TFL_SubGraph, &graph);
	if (!rc)
		rc = read_codes(r, model);
	if (!rc)
		rc = read_buffers(r, model);
	if (!rc)
		rc = read_tensors(r, &graph);
	if (!rc)
		rc = tfl_read_indexes(r, &graph, TFL_SubGraph_inputs, "the graph", false,
				      &r->g->inputs, &r->g->input_count);
	if (!rc)
		rc = tfl_read_indexes(r, &graph, TFL_SubGraph_outputs, "the graph", false,
				      &r->g->outputs, &r->g->output_count);
	return rc ? rc : read_ops(r, &graph);
}

int octet_tflite_read(const void *data, size_t bytes, struct octet_graph **graph, char *err,
		      size_t err_size)
{
	struct tfl_reader r = { .fb = { .err = err, .err_size = err_size } };
	struct fb_table model;
	int rc = fb_open(&r.fb, data, bytes, TFL_Model, &model);

	if (rc)
		return rc;
	r.g = octet_graph_new();
	rc = r.g ? read_model(&r, &model) : fb_fail(&r.fb, -ENOMEM, "out of memory");
	free(r.codes);
	free(r.buffers);
	if (rc)
		octet_graph_free(r.g);
	else
		*graph = r.g;
	return rc;
}
