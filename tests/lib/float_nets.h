/* SPDX-License-Identifier: MIT */
/* Small float networks, samples for them, and what quantization makes of them. */
#ifndef OCTET_TESTS_FLOAT_NETS_H
#define OCTET_TESTS_FLOAT_NETS_H

#include <octet.h>

#include "models.h"

/* Samples that float_net_sample() has. */
#define FLOAT_NET_SAMPLES 24

/** struct float_net - a network as a model; @bytes of the file are @model's memory */
struct float_net {
	const char *name;
	struct octet_model *model;
	void *bytes;
	size_t size;
};

/** float_net_open() - number @i; false: there is none. Ends the program on an error */
bool float_net_open(struct float_net *n, unsigned int i);
/** float_net_load() - from a file, named after it */
void float_net_load(struct float_net *n, const char *path);
void float_net_close(struct float_net *n);

/** float_net_sample() - an octet_samples_fn; @opaque: struct float_net; the same each time */
int float_net_sample(void *opaque, uint64_t index, void *const *inputs);

/** struct float_format - options of a format, and what it may cost */
struct float_format {
	const char *name;
	enum octet_quantize_format format;
	enum octet_dtype activations, weights;
	double sqnr_min;
};

/* ends with a NULL name */
extern const struct float_format float_formats[];

/** float_net_quantize() - the new model as a file's bytes, loaded and checked again */
void float_net_quantize(const struct float_net *from, const struct float_format *f, bool real_io,
			struct float_net *to);

#endif /* OCTET_TESTS_FLOAT_NETS_H */
