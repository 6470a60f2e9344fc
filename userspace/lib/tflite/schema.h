/* SPDX-License-Identifier: MIT */
/* The field table as C sees it: fields.def and operators.def, with numbers to refer to. */
#ifndef OCTET_TFLITE_SCHEMA_H
#define OCTET_TFLITE_SCHEMA_H

#include "../model/graph.h"

#define TFL_VERSION 3u
#define TFL_IDENTIFIER "TFL3"
/* Operator codes from here on do not fit the old field, which has this instead. */
#define TFL_CODE_EXTENDED 127

enum tfl_table {
#define TABLE(t) TFL_##t,
#define FIELD(t, f, n, k, d)
#define OPTION(t, f, n, k, d, m)
#include "fields.def"
	TFL_TABLE_COUNT
};

/** Which field: TFL_Tensor_shape and so on. */
enum tfl_field {
#define TABLE(t)
#define FIELD(t, f, n, k, d) TFL_##t##_##f,
#define OPTION(t, f, n, k, d, m) TFL_##t##_##f,
#include "fields.def"
	TFL_FIELD_COUNT
};

enum tfl_kind {
	TFL_BOOL, TFL_BYTE, TFL_UTYPE, TFL_INT, TFL_UINT, TFL_FLOAT, TFL_ULONG,
	TFL_STRING, TFL_BYTES, TFL_INTS, TFL_LONGS, TFL_FLOATS, TFL_TABLE, TFL_TABLES,
	TFL_UNION,
};

/**
 * struct tfl_field_info
 *
 * @number: in the table, which is its place in the vtable
 * @initial: value of a field that is left out
 * @member: offset in union octet_graph_options; -1: not an option
 */
struct tfl_field_info {
	enum tfl_table table;
	const char *name;
	uint16_t number;
	enum tfl_kind kind;
	int32_t initial;
	int32_t member;
};

/**
 * struct tfl_op_info
 *
 * @options: number in the union of options; 0: none
 * @table: what the options are; TFL_EmptyOptions: nothing to read in them
 */
struct tfl_op_info {
	const char *name;
	uint8_t options;
	enum tfl_table table;
};

extern const struct tfl_field_info tfl_fields[TFL_FIELD_COUNT];
extern const char *const tfl_tables[TFL_TABLE_COUNT];

/** tfl_op() - NULL: no such number */
const struct tfl_op_info *tfl_op(uint32_t code);

/** tfl_width() - bytes of a field in its table: 1, 4 or 8 */
uint32_t tfl_width(enum tfl_kind kind);

/** tfl_element() - bytes of an element of a vector; TABLES: of an offset */
uint32_t tfl_element(enum tfl_kind kind);

/** tfl_dtype() - our name of a TensorType; 0: not one that the library knows */
enum octet_dtype tfl_dtype(int64_t type);

/** tfl_type_name() - "COMPLEX64"; "?" for unknown ones */
const char *tfl_type_name(int64_t type);

/** tfl_type_of() - the TensorType of ours */
int32_t tfl_type_of(enum octet_dtype type);

#endif /* OCTET_TFLITE_SCHEMA_H */
