/* SPDX-License-Identifier: MIT */
/* The evaluation graph on the device, beside the fallback and the training graph. */
#ifndef DIGITS_QAT_RUN_H
#define DIGITS_QAT_RUN_H

#include "qat_net.h"

/* Images of a job; image counts must be multiples. */
#define QAT_BATCH 60u

struct qat_result {
	size_t right, images;
	uint64_t outputs; /* of all layers */
	uint64_t mismatches; /* device against CPU fallback, must be 0 */
	/* Integers against the floats of the training graph, which round in other places. */
	uint64_t off;
	int most; /* steps */
	size_t answers_off;
};

/*
 * Images [from, to) on both contexts, every output of every layer compared. Returns 0
 * or a negative errno value, after a sentence to stderr.
 */
int qat_run(struct octet_ctx *device, struct octet_ctx *cpu, struct qat_net *net,
	    const struct digits_data *d, size_t from, size_t to, struct qat_result *r);

#endif
