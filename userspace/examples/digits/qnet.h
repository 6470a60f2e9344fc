/* SPDX-License-Identifier: MIT */
/*
 * The int8 digits network bound to a context: tensors in its memory and one job
 * of as many commands as there are layers, for a fixed batch.
 */
#ifndef DIGITS_QNET_H
#define DIGITS_QNET_H

#include <octet.h>

#include "qmodel.h"

struct digits_qnet {
	struct octet_ctx *ctx;
	const struct digits_qmodel *model;
	uint32_t batch;
	struct octet_tensor *in;
	struct octet_tensor *out[DIGITS_MAX_LAYERS]; /* as its layer gives it */
	struct octet_job *job;
};

/* Returns 0 or a negative errno value; octet_last_error(ctx) has the sentence. */
int digits_qnet_new(struct digits_qnet *net, struct octet_ctx *ctx,
		    const struct digits_qmodel *q, uint32_t batch);
void digits_qnet_free(struct digits_qnet *net);

/* Quantizes images first, first + 1, ... of the data into the input. */
int digits_qnet_load(struct digits_qnet *net, const struct digits_data *d, size_t first);

/* Layer l's outputs of the whole batch, and how many there are. */
const int8_t *digits_qnet_output(const struct digits_qnet *net, uint32_t l);
size_t digits_qnet_outputs(const struct digits_qnet *net, uint32_t l);

#endif
