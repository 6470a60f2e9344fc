/* SPDX-License-Identifier: MIT */
/* Graphs of one operator, for the tests of host operators and tables. */
#ifndef OCTET_TEST_HOST_H
#define OCTET_TEST_HOST_H

#include <stdio.h>

#include "host/host.h"

#define ONE_TENSORS 40

/**
 * struct one - a graph with one operator, and contents of its tensors
 *
 * @state: of the random numbers
 * @runs: how often it runs; variables live on
 * @buffers: contents, allocated by one_tensor()
 */
struct one {
	struct octet_graph g;
	struct octet_graph_op op;
	struct octet_graph_tensor t[ONE_TENSORS];
	int32_t in[ONE_TENSORS], out[ONE_TENSORS], middle[8];
	void *buffers[ONE_TENSORS];
	bool given[ONE_TENSORS];
	uint64_t state;
	uint32_t runs;
	char err[256];
	const char *why_not;
};

/** one_begin() - empty; the same @seed gives the same random numbers */
void one_begin(struct one *o, uint32_t code, const char *name, uint64_t seed);

/** one_end() - free everything */
void one_end(struct one *o);

/** one_random() - in [0, n) */
uint32_t one_random(struct one *o, uint32_t n);

/** one_real() - in [low, high) */
double one_real(struct one *o, double low, double high);

/** one_tensor() - a tensor's number; @scale 0: not quantized. Contents are zeros */
int32_t one_tensor(struct one *o, enum octet_dtype type, uint32_t rank, const uint32_t *dims,
		   float scale, int32_t zero_point);

/** one_channels() - scales and zero points (NULL: 0) per channel */
void one_channels(struct one *o, int32_t t, uint32_t axis, const float *scale,
		  const int32_t *zero_point);

/** one_fill() - random contents over the whole type; floats in [-4, 4) */
void one_fill(struct one *o, int32_t t);

/** one_const() - make it a constant */
void one_const(struct one *o, int32_t t);

/** one_ints() - an int32 constant of rank 1 (rank 0 if n is 0, one value) */
int32_t one_ints(struct one *o, uint32_t n, const int32_t *values);

/** one_input() - append to the operator's inputs; -1: left out */
void one_input(struct one *o, int32_t t);

/** one_output() - append to its outputs */
void one_output(struct one *o, int32_t t);

/** one_middle() - append to its intermediates */
void one_middle(struct one *o, int32_t t);

/** one_variable() - make it a variable; it holds its zero point */
void one_variable(struct one *o, int32_t t);

/** one_run() - look it up and run it; what octet_host_find() or the run gave */
int one_run(struct one *o);

/** one_hash() - FNV-1a of all outputs, on top of @hash */
uint64_t one_hash(const struct one *o, uint64_t hash);

/** one_dump() - the case as the oracle of tests/oracles reads it */
void one_dump(const struct one *o, FILE *f);

#endif /* OCTET_TEST_HOST_H */
