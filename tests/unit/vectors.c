// SPDX-License-Identifier: MIT
/* Reading tests/vectors. */
#include "vectors.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

FILE *vectors_open(const char *name)
{
	const char *top = getenv("OCTET_TOP");
	char path[512];

	snprintf(path, sizeof(path), "%s/tests/vectors/%s", top ? top : ".", name);
	return fopen(path, "r");
}

int vectors_next(FILE *file, char *line, size_t size, char **words, int most)
{
	do {
		if (!fgets(line, (int)size, file))
			return -1;
	} while (line[0] == '#');
	int n = 0;

	for (char *w = strtok(line, " \n"); w && n < most; w = strtok(NULL, " \n"))
		words[n++] = w;
	return n;
}

static int64_t uniform(unsigned int seed, unsigned int i)
{
	uint64_t z = ((uint64_t)seed << 32) + i + 0x9E3779B97F4A7C15u;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	z ^= z >> 31;
	return (int64_t)(z >> 43) - (1 << 20);
}

static int64_t times(int64_t a, int64_t b)
{
	return (a * b) >> 20;
}

float vectors_value(const char *shape, unsigned int seed, unsigned int i)
{
	int64_t u = uniform(seed, i), size = u < 0 ? -u : u, square = times(u, size);
	const double one = 1 << 20;

	if (!strcmp(shape, "uniform"))
		return (float)((double)u / one);
	if (!strcmp(shape, "peaked"))
		return (float)((double)times(square, size) / one * 8);
	if (!strcmp(shape, "relu"))
		return (float)(fmax((double)square, 0) / one * 6);
	if (!strcmp(shape, "shifted"))
		return (float)((double)u / one * 3 + 1);
	if (!strcmp(shape, "whole")) {
		if (i < 2)
			return i ? 8 : -4;
		return (float)fmax((double)square / one * 8, -4);
	}
	if (!strcmp(shape, "tail"))
		return (float)((double)times(square, square < 0 ? -square : square) / one * 100);
	if (!strcmp(shape, "outlier"))
		return (float)((double)u / one * (i % 499 == 7 ? 60 : 1));
	return NAN;
}

void vectors_fill(const char *shape, unsigned int seed, float *out, size_t count)
{
	for (size_t i = 0; i < count; i++)
		out[i] = vectors_value(shape, seed, (unsigned int)i);
}
