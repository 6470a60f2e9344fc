/* SPDX-License-Identifier: MIT */
/* Sets of real samples, read one at a time: sets may be larger than memory. */
#ifndef OCTET_TOOL_SET_H
#define OCTET_TOOL_SET_H

#include <stdio.h>

#include "network.h"

/**
 * struct tool_set - samples of one input
 *
 * @t: the input as float32
 * @file: [files], sorted by name; one of them for a set that is a file
 * @first: [files + 1]: number of a file's first sample
 * @f: the file that was read last, @current
 */
struct tool_set {
	struct octet_tensor_info t;
	size_t elements;
	char **file;
	unsigned long *first;
	size_t files, current;
	FILE *f;
	long begin;
};

/**
 * struct tool_sets - samples of all inputs
 *
 * @count: samples in the sets
 * @used: of these, spread evenly: --limit
 */
struct tool_sets {
	const struct tool_options *o;
	struct tool_set set[TOOL_INPUTS];
	uint32_t inputs;
	unsigned long count, used;
};

/**
 * tool_sets_open() - @o->sets for the inputs of @model
 *
 * Looks at every file's length, and prints what is wrong. An exit code.
 */
int tool_sets_open(struct tool_sets *s, const struct tool_options *o,
		   const struct octet_model *model);
void tool_sets_close(struct tool_sets *s);

/** tool_sets_index() - which sample of the sets is used as number @i */
unsigned long tool_sets_index(const struct tool_sets *s, unsigned long i);

/** tool_sets_read() - used sample @i; prints what is wrong; an exit code */
int tool_sets_read(struct tool_sets *s, unsigned long i, float *const *out);

#endif
