/* SPDX-License-Identifier: MIT */
/*
 * Writing flatbuffers, front to back: a table first, with empty places for what
 * it refers to, then that, then fbw_link(). Positions are byte offsets; after a
 * failure (no memory, 2 GiB) calls do nothing and fbw_end() tells.
 */
#ifndef OCTET_TFLITE_FBW_H
#define OCTET_TFLITE_FBW_H

#include "schema.h"

/**
 * struct fbw
 *
 * @vtables: newest one per kind of table: the next one is often equal
 */
struct fbw {
	uint8_t *data;
	size_t size, room;
	int error;
	size_t vtables[TFL_TABLE_COUNT];
};

/** struct fbw_value - a field; of vectors, tables, strings only @field counts */
struct fbw_value {
	enum tfl_field field;
	int32_t i;
	float f;
};

/** fbw_begin() - room for the root's offset and the identifier */
void fbw_begin(struct fbw *w);

/** fbw_table() - fields equal to their initial value are left out */
size_t fbw_table(struct fbw *w, enum tfl_table kind, const struct fbw_value *values, size_t count);

/** fbw_vector() - the elements' first byte lies at a multiple of @align; @data NULL: zeros */
size_t fbw_vector(struct fbw *w, size_t element, size_t count, const void *data, size_t align);

size_t fbw_string(struct fbw *w, const char *string);

/** fbw_link() - the field of the table at @table refers to @target */
void fbw_link(struct fbw *w, size_t table, enum tfl_field field, size_t target);

/** fbw_link_element() - element @i of a vector of tables refers to @target */
void fbw_link_element(struct fbw *w, size_t vector, size_t i, size_t target);

/** fbw_end() - @root is the root; 0, -ENOMEM, -EFBIG. On failure nothing is left to free. */
int fbw_end(struct fbw *w, size_t root);

#endif /* OCTET_TFLITE_FBW_H */
