// SPDX-License-Identifier: MIT
/* Flatbuffers from strangers, see fb.h. Little-endian, as the format and the host. */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "fb.h"

#define FB_SIZE_MIN	8u
/* Offsets of the format reach so far; constants may lie beyond. */
#define FB_SIZE_MAX	(UINT64_C(1) << 31)
#define FB_VTABLE_MIN	4u
#define FB_LABEL_SIZE	96

int fb_fail(struct fb *fb, int error, const char *format, ...)
{
	va_list args;

	if (!fb->err || !fb->err_size)
		return error;
	va_start(args, format);
	vsnprintf(fb->err, fb->err_size, format, args);
	va_end(args);
	return error;
}

static uint16_t load16(const struct fb *fb, uint64_t pos)
{
	uint16_t value;

	memcpy(&value, fb->data + pos, sizeof(value));
	return value;
}

static uint32_t load32(const struct fb *fb, uint64_t pos)
{
	uint32_t value;

	memcpy(&value, fb->data + pos, sizeof(value));
	return value;
}

static bool inside(const struct fb *fb, uint64_t pos, uint64_t bytes)
{
	return pos <= fb->size && bytes <= fb->size - pos;
}

int fb_visit(struct fb *fb, uint64_t bytes)
{
	uint64_t budget = FB_VISITS * fb->file_size;

	if (bytes > budget || fb->visited > budget - bytes)
		return fb_fail(fb, -EINVAL,
			       "offsets of the file share so much that %u times its %" PRIu64
			       " bytes do not hold what they refer to", FB_VISITS, fb->file_size);
	fb->visited += bytes;
	return 0;
}

/* "Tensor 12" or "Model" */
static const char *label(const struct fb_table *t, char *out)
{
	if (t->index < 0)
		snprintf(out, FB_LABEL_SIZE, "%s", tfl_tables[t->kind]);
	else
		snprintf(out, FB_LABEL_SIZE, "%s %" PRId64, tfl_tables[t->kind], t->index);
	return out;
}

static int bad_field(struct fb *fb, const struct fb_table *t, enum tfl_field f, const char *what)
{
	char name[FB_LABEL_SIZE];

	return fb_fail(fb, -EINVAL, "%s, at byte %" PRIu64 ", field %s: %s (the file has %" PRIu64
		       " bytes)", label(t, name), t->pos, tfl_fields[f].name, what, fb->size);
}

static int bad_table(struct fb *fb, const struct fb_table *t, const char *what)
{
	char name[FB_LABEL_SIZE];

	return fb_fail(fb, -EINVAL, "%s, at byte %" PRIu64 ": %s (the file has %" PRIu64 " bytes)",
		       label(t, name), t->pos, what, fb->size);
}

/* Check the table at t->pos, whose kind and index are set. */
static int open_table(struct fb *fb, struct fb_table *t)
{
	int64_t vtable;

	if (++fb->tables > FB_TABLES_MAX)
		return fb_fail(fb, -EFBIG, "the file has more than %u tables", FB_TABLES_MAX);
	if (t->pos % 4)
		return bad_table(fb, t, "a table lies at a multiple of 4");
	if (!inside(fb, t->pos, 4))
		return bad_table(fb, t, "the table lies outside the file");
	vtable = (int64_t)t->pos - (int32_t)load32(fb, t->pos);
	if (vtable < 0 || vtable % 2 || !inside(fb, (uint64_t)vtable, FB_VTABLE_MIN))
		return bad_table(fb, t, "its vtable lies outside the file or at an odd byte");
	t->vtable = (uint64_t)vtable;
	t->vtable_size = load16(fb, t->vtable);
	t->size = load16(fb, t->vtable + 2);
	if (t->vtable_size < FB_VTABLE_MIN || t->vtable_size % 2 ||
	    !inside(fb, t->vtable, t->vtable_size))
		return bad_table(fb, t, "the size of its vtable is odd, below 4 or leads out of "
				 "the file");
	if (t->size < 4 || !inside(fb, t->pos, t->size))
		return bad_table(fb, t, "its size is below 4 or leads out of the file");
	return fb_visit(fb, (uint64_t)t->vtable_size + t->size);
}

int fb_open(struct fb *fb, const void *data, size_t size, enum tfl_table kind,
	    struct fb_table *root)
{
	fb->data = data;
	fb->file_size = size;
	fb->size = size < FB_SIZE_MAX ? size : FB_SIZE_MAX;
	fb->tables = fb->visited = 0;
	if (size < FB_SIZE_MIN)
		return fb_fail(fb, -EINVAL, "%zu bytes are no .tflite file, which has at least %u",
			       size, FB_SIZE_MIN);
	if (memcmp(fb->data + 4, TFL_IDENTIFIER, 4))
		return fb_fail(fb, -EINVAL, "not a .tflite file: bytes 4 to 7 are not \"%s\"",
			       TFL_IDENTIFIER);
	*root = (struct fb_table){ .pos = load32(fb, 0), .kind = kind, .index = -1 };
	return open_table(fb, root);
}

/* Where a field lies; 0: absent. */
static int locate(struct fb *fb, const struct fb_table *t, enum tfl_field f, uint64_t *pos)
{
	const struct tfl_field_info *info = &tfl_fields[f];
	uint32_t width = tfl_width(info->kind), entry = FB_VTABLE_MIN + 2u * info->number;
	uint32_t offset;

	*pos = 0;
	if (entry + 2 > t->vtable_size)
		return 0;
	offset = load16(fb, t->vtable + entry);
	if (!offset)
		return 0;
	if (offset < 4 || offset + width > t->size)
		return bad_field(fb, t, f, "it lies outside its table");
	if ((t->pos + offset) % width)
		return bad_field(fb, t, f, "it is not aligned to its size");
	*pos = t->pos + offset;
	return 0;
}

int fb_scalar(struct fb *fb, const struct fb_table *t, enum tfl_field f, int64_t *value)
{
	uint64_t pos;
	int rc = locate(fb, t, f, &pos);

	if (rc)
		return rc;
	*value = tfl_fields[f].initial;
	if (!pos)
		return 0;
	switch (tfl_fields[f].kind) {
	case TFL_BOOL:
	case TFL_UTYPE:
		*value = fb->data[pos];
		break;
	case TFL_BYTE:
		*value = (int8_t)fb->data[pos];
		break;
	case TFL_ULONG:
		memcpy(value, fb->data + pos, sizeof(*value));
		break;
	case TFL_UINT:
		*value = load32(fb, pos);
		break;
	default:
		*value = (int32_t)load32(fb, pos);
	}
	return 0;
}

int fb_float(struct fb *fb, const struct fb_table *t, enum tfl_field f, float *value)
{
	uint64_t pos;
	int rc = locate(fb, t, f, &pos);

	if (rc)
		return rc;
	*value = (float)tfl_fields[f].initial;
	if (pos)
		memcpy(value, fb->data + pos, sizeof(*value));
	return 0;
}

/* Follow the offset of a field; 0: absent. */
static int follow(struct fb *fb, const struct fb_table *t, enum tfl_field f, uint64_t *target)
{
	uint64_t pos;
	int rc = locate(fb, t, f, &pos);

	*target = 0;
	if (rc || !pos)
		return rc;
	*target = pos + load32(fb, pos);
	if (*target == pos || !inside(fb, *target, 4))
		return bad_field(fb, t, f, "its offset leads out of the file");
	if (*target % 4)
		return bad_field(fb, t, f, "its offset does not lead to a multiple of 4");
	return 0;
}

int fb_vector(struct fb *fb, const struct fb_table *t, enum tfl_field f, struct fb_vector *v)
{
	uint32_t element = tfl_element(tfl_fields[f].kind);
	uint64_t pos;
	int rc = follow(fb, t, f, &pos);

	*v = (struct fb_vector){ 0 };
	if (rc || !pos)
		return rc;
	v->count = load32(fb, pos);
	v->pos = pos + 4;
	if (!inside(fb, v->pos, (uint64_t)v->count * element))
		return bad_field(fb, t, f, "its elements do not fit into the file");
	if (v->count && element == 8 && v->pos % 8)
		return bad_field(fb, t, f, "its elements do not lie at a multiple of 8");
	/* Contents of buffers are not looked at here. */
	return fb_visit(fb, element == 1 ? 4 : 4 + (uint64_t)v->count * element);
}

int fb_string(struct fb *fb, const struct fb_table *t, enum tfl_field f, const char **string)
{
	struct fb_vector v;
	int rc = fb_vector(fb, t, f, &v);

	*string = "";
	if (rc || !v.pos)
		return rc;
	if (!inside(fb, v.pos + v.count, 1) || fb->data[v.pos + v.count])
		return bad_field(fb, t, f, "the string does not end with a zero byte");
	*string = (const char *)fb->data + v.pos;
	return 0;
}

int fb_table(struct fb *fb, const struct fb_table *t, enum tfl_field f, enum tfl_table kind,
	     struct fb_table *out, bool *present)
{
	uint64_t pos;
	int rc = follow(fb, t, f, &pos);

	*present = !rc && pos;
	*out = (struct fb_table){ .pos = pos, .kind = kind, .index = t->index };
	return *present ? open_table(fb, out) : rc;
}

int fb_element(struct fb *fb, const struct fb_vector *v, uint32_t i, enum tfl_table kind,
	       struct fb_table *out)
{
	uint64_t pos = v->pos + (uint64_t)i * 4;

	*out = (struct fb_table){ .pos = pos + load32(fb, pos), .kind = kind, .index = i };
	return open_table(fb, out);
}
