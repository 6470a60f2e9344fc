// SPDX-License-Identifier: MIT
/* Writing flatbuffers, see fbw.h. Little-endian, as the format and the host. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fbw.h"

#define SIZE_LIMIT	((size_t)1 << 31)
#define FIELDS_MAX	16u
#define SOFFSET		4u

/* Append zeros, the first at a multiple of @align less @before; 0: failed. */
static size_t append(struct fbw *w, size_t bytes, size_t align, size_t before)
{
	size_t pos = (w->size + before + align - 1) / align * align - before;
	size_t room = w->room ? w->room : 4096;
	uint8_t *data;

	if (!w->error && (bytes > SIZE_LIMIT || pos > SIZE_LIMIT - bytes))
		w->error = -EFBIG;
	if (w->error)
		return 0;
	while (room < pos + bytes)
		room *= 2;
	if (room != w->room) {
		data = realloc(w->data, room);
		if (!data) {
			w->error = -ENOMEM;
			return 0;
		}
		w->data = data;
		w->room = room;
	}
	memset(w->data + w->size, 0, pos + bytes - w->size);
	w->size = pos + bytes;
	return pos;
}

static void store(struct fbw *w, size_t pos, const void *value, size_t bytes)
{
	if (!w->error)
		memcpy(w->data + pos, value, bytes);
}

static void store32(struct fbw *w, size_t pos, size_t value)
{
	store(w, pos, &(uint32_t){ (uint32_t)value }, 4);
}

void fbw_begin(struct fbw *w)
{
	*w = (struct fbw){ 0 };
	append(w, 8, 8, 0);
	store(w, 4, TFL_IDENTIFIER, 4);
}

static bool is_initial(const struct fbw_value *v)
{
	const struct tfl_field_info *info = &tfl_fields[v->field];

	switch (info->kind) {
	case TFL_BOOL:
	case TFL_BYTE:
	case TFL_UTYPE:
	case TFL_INT:
	case TFL_UINT:
		return v->i == info->initial;
	case TFL_FLOAT:
		/* A NaN and -0 differ from it. */
		return !memcmp(&v->f, &(float){ (float)info->initial }, sizeof(v->f));
	default:
		return false;
	}
}

/* Give places to the fields: words before bytes. Returns the table's size. */
static uint16_t lay_out(const struct fbw_value *values, size_t count, uint16_t *vtable)
{
	uint16_t at = SOFFSET, fields = 0;

	for (uint32_t width = 4; width; width = width == 4 ? 1 : 0) {
		for (size_t i = 0; i < count; i++) {
			const struct tfl_field_info *info = &tfl_fields[values[i].field];

			if (tfl_width(info->kind) != width || is_initial(&values[i]))
				continue;
			vtable[2 + info->number] = at;
			at += (uint16_t)width;
			if (info->number + 1 > fields)
				fields = (uint16_t)(info->number + 1);
		}
	}
	vtable[0] = (uint16_t)(2 * (2 + fields));
	vtable[1] = at;
	return at;
}

static bool same_vtable(const struct fbw *w, size_t old, const uint16_t *vtable)
{
	return old && !memcmp(w->data + old, vtable, sizeof(*vtable)) &&
	       !memcmp(w->data + old, vtable, vtable[0]);
}

size_t fbw_table(struct fbw *w, enum tfl_table kind, const struct fbw_value *values, size_t count)
{
	uint16_t vtable[2 + FIELDS_MAX] = { 0 };
	uint16_t bytes = lay_out(values, count, vtable);
	size_t old = w->vtables[kind], pos;

	if (!w->error && !same_vtable(w, old, vtable)) {
		old = append(w, vtable[0], 2, 0);
		store(w, old, vtable, vtable[0]);
		w->vtables[kind] = old;
	}
	pos = append(w, bytes, 4, 0);
	store32(w, pos, pos - old);
	for (size_t i = 0; i < count; i++) {
		const struct tfl_field_info *info = &tfl_fields[values[i].field];
		uint16_t at = vtable[2 + info->number];

		if (!at)
			continue;
		if (tfl_width(info->kind) == 1)
			store(w, pos + at, &(int8_t){ (int8_t)values[i].i }, 1);
		else if (info->kind == TFL_FLOAT)
			store(w, pos + at, &values[i].f, 4);
		else if (info->kind == TFL_INT || info->kind == TFL_UINT)
			store(w, pos + at, &values[i].i, 4);
	}
	return pos;
}

size_t fbw_vector(struct fbw *w, size_t element, size_t count, const void *data, size_t align)
{
	size_t pos;

	if (count > SIZE_LIMIT / element) {
		w->error = w->error ? w->error : -EFBIG;
		return 0;
	}
	pos = append(w, 4 + element * count, align < 4 ? 4 : align, 4);
	store32(w, pos, count);
	if (data && count)
		store(w, pos + 4, data, element * count);
	return pos;
}

size_t fbw_string(struct fbw *w, const char *string)
{
	size_t length = strlen(string), pos = append(w, 4 + length + 1, 4, 0);

	store32(w, pos, length);
	store(w, pos + 4, string, length);
	return pos;
}

void fbw_link(struct fbw *w, size_t table, enum tfl_field field, size_t target)
{
	uint32_t back;
	uint16_t at;

	if (w->error)
		return;
	memcpy(&back, w->data + table, sizeof(back));
	memcpy(&at, w->data + table - back + 4 + 2 * tfl_fields[field].number, sizeof(at));
	store32(w, table + at, target - table - at);
}

void fbw_link_element(struct fbw *w, size_t vector, size_t i, size_t target)
{
	size_t pos = vector + 4 + 4 * i;

	store32(w, pos, target - pos);
}

int fbw_end(struct fbw *w, size_t root)
{
	store32(w, 0, root);
	if (w->error) {
		free(w->data);
		w->data = NULL;
	}
	return w->error;
}
