/* SPDX-License-Identifier: MIT */
/*
 * The UCI digits as fetch-digits.sh leaves them: CSV, one image a line, 64
 * pixels of 0..16 in row order, then the label 0..9.
 *
 * The images are ordered by writer, so the last 360 are by other people than
 * the rest. They are the held-out ones: accuracy always means those, and
 * neither training nor calibration may look at them.
 */
#ifndef DIGITS_DATA_H
#define DIGITS_DATA_H

#include <stddef.h>
#include <stdint.h>

#define DIGITS_SIDE 8u
#define DIGITS_PIXELS (DIGITS_SIDE * DIGITS_SIDE)
#define DIGITS_CLASSES 10u
#define DIGITS_PIXEL_MAX 16u
#define DIGITS_HELD_OUT 360u
/* Fewer would leave nothing to train on, more is not this data set. */
#define DIGITS_MIN_IMAGES 720u
#define DIGITS_MAX_IMAGES 100000u

struct digits_data {
	size_t n;
	size_t n_train; /* the first ones; the rest is held out */
	uint8_t *pixels; /* [n][64] */
	uint8_t *labels; /* [n] */
};

/*
 * Returns 0 or a negative errno value with a sentence in err[err_size] that
 * names the file, the line and the column.
 */
int digits_data_load(struct digits_data *d, const char *path, char *err,
		     size_t err_size);
void digits_data_free(struct digits_data *d);

/* Image i as the network wants it: pixel / 16, which is exact in float. */
void digits_data_input(const struct digits_data *d, size_t i, float *out);

#endif
