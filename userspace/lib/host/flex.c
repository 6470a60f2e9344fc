// SPDX-License-Identifier: MIT
/*
 * FlexBuffers: the last byte is the width of the root, the one before its
 * type; offsets lead backwards. A type byte has the kind above two bits of
 * the width.
 */

#include <string.h>

#include "flex.h"

enum {
	FLEX_INT = 1, FLEX_UINT = 2, FLEX_FLOAT = 3, FLEX_INDIRECT_INT = 6,
	FLEX_INDIRECT_UINT = 7, FLEX_INDIRECT_FLOAT = 8, FLEX_MAP = 9, FLEX_BOOL = 26,
};

struct flex {
	const uint8_t *bytes;
	size_t size;
};

static bool fits(const struct flex *f, size_t at, size_t n)
{
	return at <= f->size && n <= f->size - at;
}

static bool word(const struct flex *f, size_t at, unsigned int width, uint64_t *v)
{
	*v = 0;
	if ((width != 1 && width != 2 && width != 4 && width != 8) || !fits(f, at, width))
		return false;
	memcpy(v, f->bytes + at, width);
	return true;
}

/* Where the offset at @at leads. */
static bool follow(const struct flex *f, size_t at, unsigned int width, size_t *to)
{
	uint64_t offset;

	if (!word(f, at, width, &offset) || !offset || offset > at)
		return false;
	*to = at - (size_t)offset;
	return true;
}

/* A number of a kind at a place. */
static bool number(const struct flex *f, unsigned int kind, size_t at, unsigned int width,
		   double *value)
{
	uint64_t v;
	float single;

	if (!word(f, at, width, &v))
		return false;
	switch (kind) {
	case FLEX_UINT:
	case FLEX_BOOL:
		*value = (double)v;
		return true;
	case FLEX_INT:
		if (width < 8 && v >> (8 * width - 1))
			v |= ~(uint64_t)0 << (8 * width);
		*value = (double)(int64_t)v;
		return true;
	case FLEX_FLOAT:
		if (width == 4) {
			memcpy(&single, &v, sizeof(single));
			*value = (double)single;
			return true;
		}
		if (width != 8)
			return false;
		memcpy(value, &v, sizeof(*value));
		return true;
	default:
		return false;
	}
}

struct map {
	size_t values, keys;
	unsigned int width, key_width;
	uint64_t count;
};

static bool root_map(const struct flex *f, struct map *m)
{
	unsigned int width;
	size_t head;
	uint64_t key_width;
	uint8_t type;

	if (f->size < 3)
		return false;
	width = f->bytes[f->size - 1];
	type = f->bytes[f->size - 2];
	if (type >> 2 != FLEX_MAP || width > f->size - 2 ||
	    !follow(f, f->size - 2 - width, width, &m->values))
		return false;
	m->width = 1u << (type & 3);
	if (m->values < 3 * (size_t)m->width)
		return false;
	head = m->values - 3 * (size_t)m->width;
	if (!follow(f, head, m->width, &m->keys) ||
	    !word(f, head + m->width, m->width, &key_width) ||
	    !word(f, head + 2 * (size_t)m->width, m->width, &m->count) || key_width > 8)
		return false;
	m->key_width = (unsigned int)key_width;
	/* Values, then their types; and no more keys than there are bytes. */
	return m->count <= f->size && fits(f, m->values, (size_t)m->count * (m->width + 1)) &&
	       fits(f, m->keys, (size_t)m->count * m->key_width);
}

static bool is_key(const struct flex *f, size_t at, const char *key)
{
	size_t n = strlen(key) + 1;

	return fits(f, at, n) && !memcmp(f->bytes + at, key, n);
}

bool octet_flex_number(const uint8_t *buffer, size_t bytes, const char *key, double *value)
{
	struct flex f = { .bytes = buffer, .size = buffer ? bytes : 0 };
	struct map m;

	if (!root_map(&f, &m))
		return false;
	for (size_t i = 0; i < m.count; i++) {
		size_t at = m.values + i * m.width, text;
		unsigned int width = m.width, kind;
		uint8_t type;

		if (!follow(&f, m.keys + i * m.key_width, m.key_width, &text))
			return false;
		if (!is_key(&f, text, key))
			continue;
		type = f.bytes[m.values + (size_t)m.count * m.width + i];
		kind = type >> 2;
		if (kind >= FLEX_INDIRECT_INT && kind <= FLEX_INDIRECT_FLOAT) {
			if (!follow(&f, at, width, &at))
				return false;
			width = 1u << (type & 3);
			kind -= FLEX_INDIRECT_INT - FLEX_INT;
		}
		return number(&f, kind, at, width, value);
	}
	return false;
}
