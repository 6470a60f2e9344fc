// SPDX-License-Identifier: MIT
/* Element types: names and sizes. */
#include "internal.h"

static const struct {
	const char *name;
	unsigned int bits;
} types[] = {
	[OCTET_INT8] = { "int8", 8 },	    [OCTET_UINT8] = { "uint8", 8 },
	[OCTET_INT16] = { "int16", 16 },    [OCTET_INT32] = { "int32", 32 },
	[OCTET_INT4] = { "int4", 4 },	    [OCTET_INT64] = { "int64", 64 },
	[OCTET_FLOAT32] = { "float32", 32 }, [OCTET_BOOL] = { "bool", 8 },
	[OCTET_FLOAT16] = { "float16", 16 },
};

static bool known(enum octet_dtype type)
{
	return (size_t)type < sizeof(types) / sizeof(types[0]) && types[type].name;
}

const char *octet_dtype_name(enum octet_dtype type)
{
	return known(type) ? types[type].name : "?";
}

unsigned int octet_dtype_bits(enum octet_dtype type)
{
	return known(type) ? types[type].bits : 0;
}
