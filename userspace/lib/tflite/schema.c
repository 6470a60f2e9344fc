// SPDX-License-Identifier: MIT
/* The field table. */

#include "schema.h"

const char *const tfl_tables[TFL_TABLE_COUNT] = {
#define TABLE(t) [TFL_##t] = #t,
#define FIELD(t, f, n, k, d)
#define OPTION(t, f, n, k, d, m)
#include "fields.def"
};

const struct tfl_field_info tfl_fields[TFL_FIELD_COUNT] = {
#define TABLE(t)
#define FIELD(t, f, n, k, d) [TFL_##t##_##f] = { TFL_##t, #f, n, TFL_##k, d, -1 },
#define OPTION(t, f, n, k, d, m) [TFL_##t##_##f] = {			\
	TFL_##t, #f, n, TFL_##k, d, (int32_t)offsetof(union octet_graph_options, m) },
#include "fields.def"
};

static const struct tfl_op_info operators[] = {
#define OPERATOR(code, name, options, table) [code] = { #name, options, TFL_##table },
#include "operators.def"
};

const struct tfl_op_info *tfl_op(uint32_t code)
{
	if (code >= sizeof(operators) / sizeof(operators[0]) || !operators[code].name)
		return NULL;
	return &operators[code];
}

uint32_t tfl_width(enum tfl_kind kind)
{
	switch (kind) {
	case TFL_BOOL:
	case TFL_BYTE:
	case TFL_UTYPE:
		return 1;
	case TFL_ULONG:
		return 8;
	default:
		return 4;
	}
}

uint32_t tfl_element(enum tfl_kind kind)
{
	switch (kind) {
	case TFL_STRING:
	case TFL_BYTES:
		return 1;
	case TFL_LONGS:
		return 8;
	default:
		return 4;
	}
}

/** struct type_info - a TensorType; ours, if we have it */
static const struct type_info {
	const char *name;
	enum octet_dtype type;
} types[] = {
	[0] = { "FLOAT32", OCTET_FLOAT32 },	[1] = { "FLOAT16", OCTET_FLOAT16 },
	[2] = { "INT32", OCTET_INT32 },		[3] = { "UINT8", OCTET_UINT8 },
	[4] = { "INT64", OCTET_INT64 },		[5] = { "STRING", 0 },
	[6] = { "BOOL", OCTET_BOOL },		[7] = { "INT16", OCTET_INT16 },
	[8] = { "COMPLEX64", 0 },		[9] = { "INT8", OCTET_INT8 },
	[10] = { "FLOAT64", 0 },		[11] = { "COMPLEX128", 0 },
	[12] = { "UINT64", 0 },			[13] = { "RESOURCE", 0 },
	[14] = { "VARIANT", 0 },		[15] = { "UINT32", 0 },
	[16] = { "UINT16", 0 },			[17] = { "INT4", OCTET_INT4 },
	[18] = { "BFLOAT16", 0 },		[19] = { "INT2", 0 },
	[20] = { "UINT4", 0 },			[21] = { "FLOAT8_E4M3FN", 0 },
	[22] = { "FLOAT8_E5M2", 0 },
};

#define TYPES ((int64_t)(sizeof(types) / sizeof(types[0])))

enum octet_dtype tfl_dtype(int64_t type)
{
	return type >= 0 && type < TYPES ? types[type].type : 0;
}

const char *tfl_type_name(int64_t type)
{
	return type >= 0 && type < TYPES ? types[type].name : "?";
}

int32_t tfl_type_of(enum octet_dtype type)
{
	for (int32_t i = 0; i < TYPES; i++)
		if (types[i].type == type)
			return i;
	return -1;
}
