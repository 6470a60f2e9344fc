// SPDX-License-Identifier: MIT
/* .npy files, NumPy's own: a header that is a Python dictionary, then values. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "network.h"

#define HEADER_MAX 65536

static const struct {
	const char *name;
	enum octet_dtype type;
} types[] = {
	{ "|i1", OCTET_INT8 },	  { "|u1", OCTET_UINT8 },   { "|b1", OCTET_BOOL },
	{ "<i2", OCTET_INT16 },	  { "<i4", OCTET_INT32 },   { "<i8", OCTET_INT64 },
	{ "<f4", OCTET_FLOAT32 }, { "<f2", OCTET_FLOAT16 },
};

static const char *bad(const char *path, const char *why)
{
	fprintf(stderr, "octet: %s: %s\n", path, why);
	return NULL;
}

/* Reads the dictionary; NULL, printed, if this is none. The caller frees it. */
static char *header(FILE *f, const char *path)
{
	unsigned char start[12] = { 0 };
	size_t bytes;
	char *text;

	if (fread(start, 1, 10, f) != 10 || memcmp(start, "\x93NUMPY", 6))
		return (char *)bad(path, "not a .npy file: it does not begin with \\x93NUMPY");
	bytes = start[8] | (size_t)start[9] << 8;
	/* Version 2 and later: the length has 32 bits. */
	if (start[6] > 1) {
		if (fread(start + 10, 1, 2, f) != 2)
			return (char *)bad(path, "the .npy header is cut off");
		bytes |= (size_t)start[10] << 16 | (size_t)start[11] << 24;
	}
	if (bytes > HEADER_MAX)
		return (char *)bad(path, "the .npy header is over 64 KiB");
	text = calloc(1, bytes + 1);
	if (text && fread(text, 1, bytes, f) == bytes)
		return text;
	free(text);
	return (char *)bad(path, "the .npy header is cut off");
}

static bool type_of(const char *text, enum octet_dtype *type)
{
	const char *at = strstr(text, "'descr'");

	at = at ? strchr(at + 7, '\'') : NULL;
	for (size_t i = 0; at && i < sizeof(types) / sizeof(types[0]); i++) {
		if (strncmp(at + 1, types[i].name, 3) || at[4] != '\'')
			continue;
		*type = types[i].type;
		return true;
	}
	return false;
}

/* Elements, by 'shape': (1, 49, 10). */
static bool count_of(const char *text, size_t *count)
{
	const char *at = strstr(text, "'shape'");

	at = at ? strchr(at, '(') : NULL;
	if (!at)
		return false;
	*count = 1;
	for (at++; *at && *at != ')'; at++) {
		char *end;
		unsigned long long dim = strtoull(at, &end, 10);

		if (end == at)
			continue;
		if (__builtin_mul_overflow(*count, (size_t)dim, count))
			return false;
		at = end - 1;
	}
	return *at == ')';
}

/* What the values are; or why they cannot be read. */
static const char *describe(const char *text, enum octet_dtype *type, size_t *bytes)
{
	size_t count = 0;

	if (!type_of(text, type))
		return strstr(text, "'<f8'") ? "has float64: save it with .astype(np.float32)" :
		       "its 'descr' is none of |b1 |i1 |u1 <i2 <i4 <i8 <f2 <f4: little-endian numbers "
		       "are needed";
	if (!strstr(text, "'fortran_order': False"))
		return "its order is Fortran's: save it with np.ascontiguousarray()";
	if (!count_of(text, &count) ||
	    __builtin_mul_overflow(count, tool_element_bytes(*type), bytes))
		return "its 'shape' cannot be read";
	return NULL;
}

/* A file may have less than its header says, and is not believed. */
static const char *enough(FILE *f, size_t bytes)
{
	struct stat st;
	long at = ftell(f);

	if (fstat(fileno(f), &st) || at < 0 || st.st_size < at ||
	    (size_t)(st.st_size - at) < bytes)
		return "has fewer values than its shape says";
	return NULL;
}

FILE *tool_npy_open(const char *path, enum octet_dtype *type, size_t *bytes)
{
	FILE *f = fopen(path, "rb");
	const char *why = NULL;
	char *text;

	if (!f) {
		bad(path, strerror(errno));
		return NULL;
	}
	text = header(f, path);
	if (text)
		why = describe(text, type, bytes);
	if (text && !why)
		why = enough(f, *bytes);
	if (why)
		bad(path, why);
	if (text && !why) {
		free(text);
		return f;
	}
	free(text);
	fclose(f);
	return NULL;
}

uint8_t *tool_npy_read(const char *path, enum octet_dtype *type, size_t *bytes)
{
	FILE *f = tool_npy_open(path, type, bytes);
	uint8_t *data = f ? malloc(*bytes + 1) : NULL;

	if (data && fread(data, 1, *bytes, f) != *bytes) {
		bad(path, "has fewer values than its shape says");
		free(data);
		data = NULL;
	}
	if (f)
		fclose(f);
	return data;
}
