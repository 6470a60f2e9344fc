/* SPDX-License-Identifier: MIT */
/*
 * Reading flatbuffers that nobody has checked: each access checks what it is
 * about to touch, in 64 bits, and has words for what it finds wrong. All
 * functions return 0 or an error, whose sentence is in @err.
 */
#ifndef OCTET_TFLITE_FB_H
#define OCTET_TFLITE_FB_H

#include <string.h>

#include "schema.h"

/* A file has at most so many tables, and so many bytes of metadata per byte of its own. */
#define FB_TABLES_MAX	1000000u
#define FB_VISITS	16u

/**
 * struct fb - a file
 *
 * @size: of the flatbuffer, which may be less than the file
 * @file_size: of the file
 * @tables: visited so far
 * @visited: bytes looked at so far: offsets may share, and make a small file large
 */
struct fb {
	const uint8_t *data;
	uint64_t size, file_size;
	uint64_t tables, visited;
	char *err;
	size_t err_size;
};

/**
 * struct fb_table - a table whose vtable is checked
 *
 * @index: in the list that it comes from, for messages; -1: not from a list
 */
struct fb_table {
	uint64_t pos, vtable;
	uint32_t vtable_size, size;
	enum tfl_table kind;
	int64_t index;
};

/** struct fb_vector - checked; @pos: of the first element; absent: count 0, pos 0 */
struct fb_vector {
	uint64_t pos;
	uint32_t count;
};

int fb_fail(struct fb *fb, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** fb_open() - check size and identifier, find the root */
int fb_open(struct fb *fb, const void *data, size_t size, enum tfl_table kind,
	    struct fb_table *root);

/* The field must be of the table's kind. Absent fields have their initial value. */
int fb_scalar(struct fb *fb, const struct fb_table *t, enum tfl_field f, int64_t *value);
int fb_float(struct fb *fb, const struct fb_table *t, enum tfl_field f, float *value);
int fb_string(struct fb *fb, const struct fb_table *t, enum tfl_field f, const char **string);
int fb_vector(struct fb *fb, const struct fb_table *t, enum tfl_field f, struct fb_vector *v);

/** fb_table() - what a TABLE or UNION field refers to; @present false: nothing */
int fb_table(struct fb *fb, const struct fb_table *t, enum tfl_field f, enum tfl_table kind,
	     struct fb_table *out, bool *present);

/** fb_element() - table @i of a vector */
int fb_element(struct fb *fb, const struct fb_vector *v, uint32_t i, enum tfl_table kind,
	       struct fb_table *out);

/** fb_visit() - count bytes that the caller looks at because the file says so */
int fb_visit(struct fb *fb, uint64_t bytes);

static inline int32_t fb_int_at(const struct fb *fb, const struct fb_vector *v, uint32_t i)
{
	int32_t value;

	memcpy(&value, fb->data + v->pos + (uint64_t)i * sizeof(value), sizeof(value));
	return value;
}

static inline int64_t fb_long_at(const struct fb *fb, const struct fb_vector *v, uint32_t i)
{
	int64_t value;

	memcpy(&value, fb->data + v->pos + (uint64_t)i * sizeof(value), sizeof(value));
	return value;
}

static inline float fb_float_at(const struct fb *fb, const struct fb_vector *v, uint32_t i)
{
	float value;

	memcpy(&value, fb->data + v->pos + (uint64_t)i * sizeof(value), sizeof(value));
	return value;
}

#endif /* OCTET_TFLITE_FB_H */
