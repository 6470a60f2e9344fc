// SPDX-License-Identifier: MIT
/* Reads the digits' CSV; every number is checked. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data.h"

/* 65 numbers of at most two digits each, commas, line end: 196. */
#define LINE_MAX_BYTES 512

/* Takes one number and its end (',' or, for the last, the line's end). */
static int take(const char **p, int last, unsigned int limit, uint8_t *out)
{
	unsigned int v = 0;
	const char *s = *p;

	if (*s < '0' || *s > '9')
		return -1;
	for (; *s >= '0' && *s <= '9'; s++) {
		v = 10 * v + (unsigned int)(*s - '0');
		if (v > limit)
			return -1;
	}
	if (!last && *s == ',')
		s++;
	else if (!last || (*s && *s != '\n' && *s != '\r'))
		return -1;
	*p = s;
	*out = (uint8_t)v;
	return 0;
}

/*
 * Returns 0, or the number (from 1) of the column that is wrong; *line is then
 * at its text.
 */
static unsigned int parse_line(const char **line, uint8_t *pixels, uint8_t *label)
{
	for (unsigned int i = 0; i < DIGITS_PIXELS; i++)
		if (take(line, 0, DIGITS_PIXEL_MAX, &pixels[i]))
			return i + 1;
	if (take(line, 1, DIGITS_CLASSES - 1, label))
		return DIGITS_PIXELS + 1;
	return 0;
}

static int grow(struct digits_data *d, size_t *room)
{
	size_t want = *room ? 2 * *room : 2048;
	uint8_t *pixels = realloc(d->pixels, want * DIGITS_PIXELS);
	uint8_t *labels;

	if (!pixels)
		return -ENOMEM;
	d->pixels = pixels;
	labels = realloc(d->labels, want);
	if (!labels)
		return -ENOMEM;
	d->labels = labels;
	*room = want;
	return 0;
}

static int read_lines(struct digits_data *d, FILE *f, const char *path, char *err,
		      size_t err_size)
{
	char line[LINE_MAX_BYTES];
	size_t room = 0;

	while (fgets(line, sizeof(line), f)) {
		const char *at = line;
		unsigned int column;
		size_t bad;

		if (d->n == DIGITS_MAX_IMAGES) {
			snprintf(err, err_size, "%s: more than %u lines", path,
				 DIGITS_MAX_IMAGES);
			return -EFBIG;
		}
		if (d->n == room && grow(d, &room)) {
			snprintf(err, err_size, "%s: no memory", path);
			return -ENOMEM;
		}
		column = parse_line(&at, d->pixels + d->n * DIGITS_PIXELS,
				    &d->labels[d->n]);
		if (column) {
			bad = strcspn(at, ",\r\n");
			snprintf(err, err_size, "%s: line %zu, column %u is '%.*s':"
				 " expected 64 pixels 0..%u and a label 0..%u,"
				 " separated by commas", path, d->n + 1, column,
				 bad < 16 ? (int)bad : 16, at,
				 DIGITS_PIXEL_MAX, DIGITS_CLASSES - 1);
			return -EINVAL;
		}
		d->n++;
	}
	if (ferror(f)) {
		snprintf(err, err_size, "%s: cannot be read", path);
		return -EIO;
	}
	if (d->n < DIGITS_MIN_IMAGES) {
		snprintf(err, err_size, "%s: %zu images, at least %u are needed;"
			 " fetch-digits.sh gets 1797", path, d->n,
			 DIGITS_MIN_IMAGES);
		return -EINVAL;
	}
	return 0;
}

int digits_data_load(struct digits_data *d, const char *path, char *err,
		     size_t err_size)
{
	FILE *f = fopen(path, "r");
	int ret;

	memset(d, 0, sizeof(*d));
	if (!f) {
		ret = -errno;
		snprintf(err, err_size, "%s: %s; fetch-digits.sh gets it", path,
			 strerror(-ret));
		return ret;
	}
	ret = read_lines(d, f, path, err, err_size);
	fclose(f);
	if (ret)
		digits_data_free(d);
	else
		d->n_train = d->n - DIGITS_HELD_OUT;
	return ret;
}

void digits_data_free(struct digits_data *d)
{
	free(d->pixels);
	free(d->labels);
	memset(d, 0, sizeof(*d));
}

void digits_data_input(const struct digits_data *d, size_t i, float *out)
{
	const uint8_t *p = d->pixels + i * DIGITS_PIXELS;

	for (unsigned int k = 0; k < DIGITS_PIXELS; k++)
		out[k] = (float)p[k] / (float)DIGITS_PIXEL_MAX;
}
