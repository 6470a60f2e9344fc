// SPDX-License-Identifier: MIT
/* Option structs: every one begins with its size and passes here. */

#include <string.h>

#include "internal.h"

/* Larger than any option struct will be: an uninitialised size is told apart. */
#define OPTS_MAX 4096

static int size_check(struct octet_ctx *ctx, const char *name, size_t size, size_t known)
{
	if (size < known)
		return octet_set_error(
			ctx, -EINVAL,
			"struct %s: size is %zu, at least %zu is needed: declare it with OCTET_OPTS()",
			name, size, known);
	if (size > OPTS_MAX)
		return octet_set_error(
			ctx, -EINVAL,
			"struct %s: size is %zu, which cannot be: declare it with OCTET_OPTS()",
			name, size);
	return 0;
}

int octet_opts_in(struct octet_ctx *ctx, const char *name, const void *user, size_t known,
		  void *out)
{
	const unsigned char *bytes = user;
	size_t size;
	int ret;

	memset(out, 0, known);
	if (!user)
		return 0;
	memcpy(&size, user, sizeof(size));
	ret = size_check(ctx, name, size, known);
	if (ret)
		return ret;
	for (size_t i = known; i < size; i++)
		if (bytes[i])
			return octet_set_error(
				ctx, -EINVAL,
				"struct %s: byte %zu is set, but this library (%s) knows %zu bytes",
				name, i, octet_version(), known);
	memcpy(out, user, known);
	return 0;
}

int octet_opts_out(struct octet_ctx *ctx, const char *name, const void *from, size_t known,
		   void *user)
{
	size_t size;
	int ret;

	if (!user)
		return octet_set_error(ctx, -EINVAL, "struct %s: the pointer is NULL", name);
	memcpy(&size, user, sizeof(size));
	ret = size_check(ctx, name, size, known);
	if (ret)
		return ret;
	memcpy((char *)user + sizeof(size), (const char *)from + sizeof(size),
	       known - sizeof(size));
	memset((char *)user + known, 0, size - known);
	return 0;
}
