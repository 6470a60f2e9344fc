// SPDX-License-Identifier: MIT
/* Memory of a backend, counted: tensors and jobs hold it. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/backend.h"

int octet_buffer_new(struct octet_ctx *ctx, size_t size, bool read_only, struct octet_buffer **out)
{
	struct octet_buffer *buffer = calloc(1, sizeof(*buffer));
	int ret;

	if (!buffer)
		return octet_set_error(ctx, -ENOMEM, "out of memory");
	buffer->ctx = ctx;
	buffer->refs = 1;
	buffer->size = size;
	buffer->read_only = read_only;
	ret = ctx->ops->buffer_new(buffer);
	if (ret) {
		free(buffer);
		return ret;
	}
	*out = buffer;
	return 0;
}

void octet_buffer_name(struct octet_buffer *buffer, const char *format, ...)
{
	char name[OCTET_NAME_SIZE];
	va_list args;

	if (!buffer->ctx->ops->buffer_name)
		return;
	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	for (char *c = name; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	buffer->ctx->ops->buffer_name(buffer, name);
}

struct octet_buffer *octet_buffer_get(struct octet_buffer *buffer)
{
	buffer->refs++;
	return buffer;
}

void octet_buffer_put(struct octet_buffer *buffer)
{
	if (!buffer || --buffer->refs)
		return;
	if (buffer->packed)
		octet_panels_forget(buffer);
	buffer->ctx->ops->buffer_free(buffer);
	free(buffer);
}
