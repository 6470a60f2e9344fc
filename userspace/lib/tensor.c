// SPDX-License-Identifier: MIT
/* Tensors: shape, quantization and memory. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* Of the machine: extents and operands above are refused there anyway. */
#define DIM_MAX (1u << 20)
#define BYTES_MAX ((uint64_t)1 << 36)

size_t octet_dtype_size(enum octet_dtype type)
{
	switch (type) {
	case OCTET_INT8:
	case OCTET_UINT8:
		return 1;
	case OCTET_INT32:
		return 4;
	default:	/* tensors of models have more types than single operations */
		return 0;
	}
}

const char *octet_tensor_label(const struct octet_tensor *tensor, const char *role, char *out,
			       size_t size)
{
	if (!tensor || !tensor->name[0])
		snprintf(out, size, "'%s'", role);
	else if (!role)
		snprintf(out, size, "'%s'", tensor->name);
	else
		snprintf(out, size, "'%s' (%s)", tensor->name, role);
	return out;
}

static int shape_check(struct octet_ctx *ctx, const char *call, enum octet_dtype type,
		       uint32_t rank, const uint32_t *dims, uint64_t *bytes)
{
	if (!octet_dtype_size(type))
		return octet_set_error(ctx, -EINVAL, "%s: type %d is none of INT8, UINT8, INT32",
				       call, type);
	if (!dims || rank < 1 || rank > OCTET_MAX_RANK)
		return octet_set_error(ctx, -EINVAL, "%s: rank is %u, allowed are 1 to %d%s", call,
				       rank, OCTET_MAX_RANK, dims ? "" : "; dims is NULL");
	*bytes = octet_dtype_size(type);
	for (uint32_t i = 0; i < rank; i++) {
		if (!dims[i] || dims[i] > DIM_MAX)
			return octet_set_error(ctx, -EINVAL,
					       "%s: dims[%u] is %u, allowed are 1 to %u", call, i,
					       dims[i], DIM_MAX);
		*bytes *= dims[i];
		if (*bytes > BYTES_MAX)
			return octet_set_error(ctx, -EINVAL, "%s: dims[0..%u] exceed %llu bytes",
					       call, i, (unsigned long long)BYTES_MAX);
	}
	return 0;
}

/* A tensor on @buffer, whose reference it takes. */
static struct octet_tensor *tensor_make(struct octet_buffer *buffer, enum octet_dtype type,
					uint32_t rank, const uint32_t *dims, uint64_t bytes)
{
	struct octet_tensor *tensor = calloc(1, sizeof(*tensor));

	if (!tensor)
		return NULL;
	tensor->ctx = buffer->ctx;
	tensor->buffer = buffer;
	tensor->type = type;
	tensor->rank = rank;
	tensor->bytes = bytes;
	tensor->scale0 = 1;
	memcpy(tensor->dims, dims, rank * sizeof(*dims));
	octet_link_add(&tensor->ctx->tensors, &tensor->link);
	return tensor;
}

int octet_tensor_new(struct octet_ctx *ctx, enum octet_dtype type, uint32_t rank,
		     const uint32_t *dims, struct octet_tensor **out)
{
	static const char call[] = "octet_tensor_new";
	struct octet_buffer *buffer;
	struct octet_tensor *tensor;
	uint64_t bytes;
	int ret;

	if (!ctx || !out)
		return octet_set_error(ctx, -EINVAL, "octet_tensor_new: ctx or tensor is NULL");
	ret = shape_check(ctx, call, type, rank, dims, &bytes);
	if (ret)
		return ret;
	ret = octet_buffer_new(ctx, bytes, false, &buffer);
	if (ret)
		return ret;
	octet_buffer_name(buffer, "tensor");
	tensor = tensor_make(buffer, type, rank, dims, bytes);
	if (!tensor) {
		octet_buffer_put(buffer);
		return octet_set_error(ctx, -ENOMEM, "%s: out of memory", call);
	}
	*out = tensor;
	return 0;
}

int octet_tensor_view(struct octet_tensor *base, uint32_t rank, const uint32_t *dims,
		      struct octet_tensor **out)
{
	static const char call[] = "octet_tensor_view";
	char label[OCTET_LABEL_SIZE];
	struct octet_tensor *tensor;
	uint64_t bytes;
	int ret;

	if (!base || !out)
		return octet_set_error(base ? base->ctx : NULL, -EINVAL,
				       "%s: base or tensor is NULL", call);
	octet_tensor_label(base, base->name[0] ? NULL : "base", label, sizeof(label));
	if (base->scale)
		return octet_set_error(
			base->ctx, -EINVAL,
			"%s: tensor %s has a scale per channel: a view keeps one for all", call,
			label);
	ret = shape_check(base->ctx, call, base->type, rank, dims, &bytes);
	if (ret)
		return ret;
	if (bytes != base->bytes)
		return octet_set_error(base->ctx, -EINVAL,
				       "%s: tensor %s has %zu bytes, the shape asked for %llu",
				       call, label, base->bytes, (unsigned long long)bytes);
	tensor = tensor_make(base->buffer, base->type, rank, dims, bytes);
	if (!tensor)
		return octet_set_error(base->ctx, -ENOMEM, "%s: out of memory", call);
	octet_buffer_get(base->buffer);
	tensor->scale0 = base->scale0;
	tensor->zero0 = base->zero0;
	memcpy(tensor->name, base->name, sizeof(tensor->name));
	*out = tensor;
	return 0;
}

void octet_tensor_free(struct octet_tensor *tensor)
{
	if (!tensor)
		return;
	octet_link_del(&tensor->link);
	octet_buffer_put(tensor->buffer);
	free(tensor->scale);
	free(tensor->zero);
	free(tensor);
}

static int quant_check(struct octet_tensor *tensor, const char *call, uint32_t channel, float scale,
		       int32_t zero_point)
{
	char label[OCTET_LABEL_SIZE];
	int32_t low = INT32_MIN, high = INT32_MAX;

	if (tensor->type == OCTET_INT8) {
		low = -128;
		high = 127;
	} else if (tensor->type == OCTET_UINT8) {
		low = 0;
		high = 255;
	}
	octet_tensor_label(tensor, tensor->name[0] ? NULL : "tensor", label, sizeof(label));
	if (!isnormal(scale) || scale < 0)
		return octet_set_error(
			tensor->ctx, -EINVAL,
			"%s: tensor %s: scale of channel %u is %g, which is not a positive normal float",
			call, label, channel, (double)scale);
	if (zero_point < low || zero_point > high)
		return octet_set_error(
			tensor->ctx, -EINVAL,
			"%s: tensor %s: zero point of channel %u is %d, outside %d..%d of %s", call,
			label, channel, zero_point, low, high, octet_dtype_name(tensor->type));
	return 0;
}

int octet_tensor_set_quant(struct octet_tensor *tensor, float scale, int32_t zero_point)
{
	int ret;

	if (!tensor)
		return -EINVAL;
	ret = quant_check(tensor, "octet_tensor_set_quant", 0, scale, zero_point);
	if (ret)
		return ret;
	free(tensor->scale);
	free(tensor->zero);
	tensor->scale = NULL;
	tensor->zero = NULL;
	tensor->scale0 = scale;
	tensor->zero0 = zero_point;
	return 0;
}

int octet_tensor_set_quant_channel(struct octet_tensor *tensor, uint32_t axis, const float *scale,
				   const int32_t *zero_point, uint32_t count)
{
	static const char call[] = "octet_tensor_set_quant_channel";
	char label[OCTET_LABEL_SIZE];
	float *scales;
	int32_t *zeros;
	int ret;

	if (!tensor)
		return -EINVAL;
	octet_tensor_label(tensor, tensor->name[0] ? NULL : "tensor", label, sizeof(label));
	if (!scale)
		return octet_set_error(tensor->ctx, -EINVAL, "%s: tensor %s: scale is NULL", call,
				       label);
	if (axis >= tensor->rank)
		return octet_set_error(tensor->ctx, -EINVAL,
				       "%s: tensor %s: axis %u, but its rank is %u", call, label,
				       axis, tensor->rank);
	if (count != tensor->dims[axis])
		return octet_set_error(tensor->ctx, -EINVAL,
				       "%s: tensor %s: %u scales, but dims[%u] is %u", call, label,
				       count, axis, tensor->dims[axis]);
	for (uint32_t i = 0; i < count; i++) {
		ret = quant_check(tensor, call, i, scale[i], zero_point ? zero_point[i] : 0);
		if (ret)
			return ret;
	}
	scales = malloc(count * sizeof(*scales));
	zeros = calloc(count, sizeof(*zeros));
	if (!scales || !zeros) {
		free(scales);
		free(zeros);
		return octet_set_error(tensor->ctx, -ENOMEM, "%s: out of memory", call);
	}
	memcpy(scales, scale, count * sizeof(*scales));
	if (zero_point)
		memcpy(zeros, zero_point, count * sizeof(*zeros));
	free(tensor->scale);
	free(tensor->zero);
	tensor->axis = axis;
	tensor->scale = scales;
	tensor->zero = zeros;
	return 0;
}

int octet_tensor_set_name(struct octet_tensor *tensor, const char *name)
{
	if (!tensor || !name)
		return -EINVAL;
	if (strlen(name) >= sizeof(tensor->name))
		return octet_set_error(
			tensor->ctx, -EINVAL,
			"octet_tensor_set_name: '%.20s...' has %zu bytes, at most %zu fit", name,
			strlen(name), sizeof(tensor->name) - 1);
	strcpy(tensor->name, name);
	/* A view's name is not that of the memory. */
	if (tensor->buffer->refs == 1)
		octet_buffer_name(tensor->buffer, "%s", name);
	return 0;
}

void *octet_tensor_map(struct octet_tensor *tensor)
{
	return tensor ? tensor->buffer->map : NULL;
}

size_t octet_tensor_bytes(const struct octet_tensor *tensor)
{
	return tensor ? tensor->bytes : 0;
}

uint32_t octet_tensor_rank(const struct octet_tensor *tensor)
{
	return tensor ? tensor->rank : 0;
}

uint32_t octet_tensor_dim(const struct octet_tensor *tensor, uint32_t axis)
{
	return tensor && axis < tensor->rank ? tensor->dims[axis] : 0;
}

uint64_t octet_tensor_address(const struct octet_tensor *tensor)
{
	return tensor ? tensor->buffer->va : 0;
}

static int copy_check(const struct octet_tensor *tensor, const char *call, const void *data,
		      size_t bytes)
{
	char label[OCTET_LABEL_SIZE];

	if (!tensor)
		return -EINVAL;
	octet_tensor_label(tensor, tensor->name[0] ? NULL : "tensor", label, sizeof(label));
	if (!data)
		return octet_set_error(tensor->ctx, -EINVAL, "%s: tensor %s: data is NULL", call,
				       label);
	if (bytes != tensor->bytes)
		return octet_set_error(tensor->ctx, -EINVAL, "%s: tensor %s has %zu bytes, not %zu",
				       call, label, tensor->bytes, bytes);
	return 0;
}

int octet_tensor_write(struct octet_tensor *tensor, const void *data, size_t bytes)
{
	int ret = copy_check(tensor, "octet_tensor_write", data, bytes);

	if (!ret)
		memcpy(tensor->buffer->map, data, bytes);
	return ret;
}

int octet_tensor_read(const struct octet_tensor *tensor, void *data, size_t bytes)
{
	int ret = copy_check(tensor, "octet_tensor_read", data, bytes);

	if (!ret)
		memcpy(data, tensor->buffer->map, bytes);
	return ret;
}
