/* SPDX-License-Identifier: MIT */
/* Reading tests/vectors: lines of words, and the values that their makers use. */
#ifndef OCTET_TESTS_VECTORS_H
#define OCTET_TESTS_VECTORS_H

#include <stddef.h>
#include <stdio.h>

/* vectors_open() - a file of tests/vectors, found from the top of the tree or from $OCTET_TOP */
FILE *vectors_open(const char *name);

/* vectors_next() - the next line but for comments, cut into words; how many, -1: the end */
int vectors_next(FILE *file, char *line, size_t size, char **words, int most);

/* vectors_value() - value @i of a shape as make_torch.py has it */
float vectors_value(const char *shape, unsigned int seed, unsigned int i);

/* vectors_fill() - the first @count of them */
void vectors_fill(const char *shape, unsigned int seed, float *out, size_t count);

#endif /* OCTET_TESTS_VECTORS_H */
