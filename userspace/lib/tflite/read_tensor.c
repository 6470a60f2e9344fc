// SPDX-License-Identifier: MIT
/* The reader: tensors with their shapes, contents and quantization. */

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "read.h"

/* TFLite counts elements in an int. */
#define ELEMENTS_MAX	INT32_MAX

static const char *label(struct tfl_reader *r, uint32_t index, char *out)
{
	return octet_graph_label(r->g, (int32_t)index, out);
}

static int read_shape(struct tfl_reader *r, const struct fb_table *t, uint32_t index)
{
	struct octet_graph_tensor *x = &r->g->tensors[index];
	char name[OCTET_GRAPH_LABEL];
	struct fb_vector v;
	int rc = fb_vector(&r->fb, t, TFL_Tensor_shape, &v);

	if (rc)
		return rc;
	if (v.count > OCTET_GRAPH_RANK)
		return fb_fail(&r->fb, -ENOTSUP, "%s: rank %u is above %u",
			       label(r, index, name), v.count, OCTET_GRAPH_RANK);
	x->rank = v.count;
	x->elements = 1;
	for (uint32_t i = 0; i < v.count; i++) {
		int32_t dim = fb_int_at(&r->fb, &v, i);

		if (dim < 0)
			return fb_fail(&r->fb, dim < -1 ? -EINVAL : -ENOTSUP,
				       "%s: dimension %u is %d: %s", label(r, index, name), i, dim,
				       dim < -1 ? "it cannot be negative" :
				       "shapes that only running tells are not supported; convert "
				       "the model with fixed shapes");
		x->dims[i] = (uint32_t)dim;
		x->elements *= (uint32_t)dim;
		if (x->elements > ELEMENTS_MAX)
			return fb_fail(&r->fb, -EFBIG, "%s: more than %d elements",
				       label(r, index, name), ELEMENTS_MAX);
	}
	x->bytes = octet_graph_bytes(x->type, x->elements);
	return 0;
}

static int read_type(struct tfl_reader *r, const struct fb_table *t, uint32_t index)
{
	struct octet_graph_tensor *x = &r->g->tensors[index];
	char name[OCTET_GRAPH_LABEL];
	struct fb_table sparsity;
	int64_t type, variable = 0, external = 0;
	bool sparse = false;
	int rc = fb_scalar(&r->fb, t, TFL_Tensor_type, &type);

	if (!rc)
		rc = fb_scalar(&r->fb, t, TFL_Tensor_is_variable, &variable);
	if (!rc)
		rc = fb_scalar(&r->fb, t, TFL_Tensor_external_buffer, &external);
	if (!rc)
		rc = fb_table(&r->fb, t, TFL_Tensor_sparsity, TFL_SparsityParameters, &sparsity,
			      &sparse);
	if (rc)
		return rc;
	x->variable = variable;
	x->type = tfl_dtype(type);
	if (!x->type)
		return fb_fail(&r->fb, *tfl_type_name(type) == '?' ? -EINVAL : -ENOTSUP,
			       "%s: element type %" PRId64 " (%s) is not supported",
			       label(r, index, name), type, tfl_type_name(type));
	if (sparse)
		return fb_fail(&r->fb, -ENOTSUP,
			       "%s: sparse tensors are not supported; convert the model without "
			       "sparsity", label(r, index, name));
	if (external)
		return fb_fail(&r->fb, -ENOTSUP,
			       "%s: contents in another file are not supported",
			       label(r, index, name));
	return 0;
}

static int read_contents(struct tfl_reader *r, const struct fb_table *t, uint32_t index)
{
	struct octet_graph_tensor *x = &r->g->tensors[index];
	uint64_t align = octet_graph_bytes(x->type, 1);
	const struct tfl_buffer *b;
	char name[OCTET_GRAPH_LABEL];
	int64_t buffer;
	void *copy;
	int rc = fb_scalar(&r->fb, t, TFL_Tensor_buffer, &buffer);

	if (rc)
		return rc;
	/* Buffer 0 stands for no contents, even in files without any buffers. */
	if (!buffer && !r->buffer_count)
		return 0;
	if (buffer >= r->buffer_count)
		return fb_fail(&r->fb, -EINVAL, "%s: buffer %" PRId64 " of %u does not exist",
			       label(r, index, name), buffer, r->buffer_count);
	b = &r->buffers[buffer];
	if (!b->data)
		return 0;
	if (!buffer)
		return fb_fail(&r->fb, -EINVAL, "buffer 0 has %" PRIu64
			       " bytes, but stands for no contents", b->bytes);
	if (b->bytes != x->bytes)
		return fb_fail(&r->fb, -EINVAL,
			       "%s: buffer %" PRId64 " has %" PRIu64
			       " bytes, but %" PRIu64 " elements of %s take %" PRIu64,
			       label(r, index, name), buffer, b->bytes, x->elements,
			       octet_graph_type_name(x->type), x->bytes);
	if (x->variable)
		return fb_fail(&r->fb, -EINVAL, "%s: a variable has contents",
			       label(r, index, name));
	x->data = b->data;
	rc = fb_visit(&r->fb, b->bytes);
	if (rc || (uintptr_t)b->data % align == 0)
		return rc;
	copy = octet_graph_alloc(r->g, 1, b->bytes);
	if (!copy)
		return fb_fail(&r->fb, -ENOMEM, "out of memory");
	x->data = memcpy(copy, b->data, b->bytes);
	return 0;
}

/* Types whose scales mean something. */
static bool quantizable(enum octet_dtype type)
{
	return type == OCTET_INT8 || type == OCTET_UINT8 || type == OCTET_INT16 ||
	       type == OCTET_INT4 || type == OCTET_INT32 || type == OCTET_INT64;
}

/* The axis of many scales; a vector has only one, whatever the file says. */
static int read_axis(struct tfl_reader *r, const struct fb_table *q, uint32_t index)
{
	struct octet_graph_tensor *x = &r->g->tensors[index];
	char name[OCTET_GRAPH_LABEL];
	int64_t axis;
	int rc = fb_scalar(&r->fb, q, TFL_QuantizationParameters_quantized_dimension, &axis);

	if (rc || x->quants == 1)
		return rc;
	if (x->rank == 1)
		axis = 0;
	if (axis < 0 || axis >= x->rank)
		return fb_fail(&r->fb, -EINVAL,
			       "%s: quantized_dimension is %" PRId64 ", but its rank is %u",
			       label(r, index, name), axis, x->rank);
	x->axis = (uint32_t)axis;
	if (x->dims[axis] != x->quants)
		return fb_fail(&r->fb, -EINVAL,
			       "%s: %u scales do not fit dimension %" PRId64 ", which is %u",
			       label(r, index, name), x->quants, axis, x->dims[axis]);
	return 0;
}

static int copy_quants(struct tfl_reader *r, const struct fb_vector *scale,
		       const struct fb_vector *zero, uint32_t index)
{
	struct octet_graph_tensor *x = &r->g->tensors[index];
	float *scales = octet_graph_alloc(r->g, scale->count, sizeof(*scales));
	int32_t *zeros = octet_graph_alloc(r->g, scale->count, sizeof(*zeros));
	char name[OCTET_GRAPH_LABEL];

	if (!scales || !zeros)
		return fb_fail(&r->fb, -ENOMEM, "out of memory");
	for (uint32_t i = 0; i < scale->count; i++)
		scales[i] = fb_float_at(&r->fb, scale, i);
	/* One zero point may stand for all channels. */
	for (uint32_t i = 0; zero->count && i < scale->count; i++) {
		int64_t z = fb_long_at(&r->fb, zero, zero->count == 1 ? 0 : i);

		zeros[i] = (int32_t)z;
		if (z != zeros[i])
			return fb_fail(&r->fb, -EINVAL,
				       "%s: zero point %" PRId64 " is not in %s's range",
				       label(r, index, name), z, octet_graph_type_name(x->type));
	}
	x->scale = scales;
	x->zero_point = zeros;
	return 0;
}

static int read_quants(struct tfl_reader *r, const struct fb_table *t, uint32_t index)
{
	struct octet_graph_tensor *x = &r->g->tensors[index];
	struct fb_vector scale, zero;
	char name[OCTET_GRAPH_LABEL];
	int64_t details;
	struct fb_table q;
	bool present;
	int rc = fb_table(&r->fb, t, TFL_Tensor_quantization, TFL_QuantizationParameters, &q,
			  &present);

	if (rc || !present)
		return rc;
	q.index = index;
	rc = fb_scalar(&r->fb, &q, TFL_QuantizationParameters_details_type, &details);
	if (!rc)
		rc = fb_vector(&r->fb, &q, TFL_QuantizationParameters_scale, &scale);
	if (!rc)
		rc = fb_vector(&r->fb, &q, TFL_QuantizationParameters_zero_point, &zero);
	if (rc)
		return rc;
	if (details)
		return fb_fail(&r->fb, -ENOTSUP,
			       "%s: quantization details of kind %" PRId64
			       " (custom, by blocks) are not supported",
			       label(r, index, name), details);
	if (!scale.count || !quantizable(x->type))
		return 0;
	/* An int32 that counts something may carry a scale of 0 along. */
	if (scale.count == 1 && fb_float_at(&r->fb, &scale, 0) == 0 &&
	    (x->type == OCTET_INT32 || x->type == OCTET_INT64))
		return 0;
	if (zero.count > 1 && zero.count != scale.count)
		return fb_fail(&r->fb, -EINVAL, "%s: %u scales, but %u zero points",
			       label(r, index, name), scale.count, zero.count);
	x->quants = scale.count;
	rc = read_axis(r, &q, index);
	return rc ? rc : copy_quants(r, &scale, &zero, index);
}

int tfl_read_tensor(struct tfl_reader *r, const struct fb_table *t, uint32_t index)
{
	struct octet_graph_tensor *x = &r->g->tensors[index];
	int rc;

	x->producer = -1;
	rc = fb_string(&r->fb, t, TFL_Tensor_name, &x->name);
	if (!rc)
		rc = read_type(r, t, index);
	if (!rc)
		rc = read_shape(r, t, index);
	if (!rc)
		rc = read_quants(r, t, index);
	return rc ? rc : read_contents(r, t, index);
}
