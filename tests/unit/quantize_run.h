/* SPDX-License-Identifier: MIT */
/* Networks quantized and compared with themselves, for the tests of the quantizer. */
#ifndef OCTET_TESTS_QUANTIZE_RUN_H
#define OCTET_TESTS_QUANTIZE_RUN_H

#include "models.h"
#include "octet_model.h"
#include "octet_quantize.h"

/**
 * struct qr - a float network, the same in codes, and how they are fed
 *
 * @opts: to be changed before qr_quantize(); real_io is set, errors go to @err
 * @samples: how many to calibrate with
 * @low: @high: what inputs are between
 * @bad: this sample has a NaN; -1: none
 * @asked: samples that were asked for
 */
struct qr {
	struct octet_quantize_opts opts;
	uint64_t samples;
	float low, high;
	int64_t bad;
	uint64_t asked;
	char err[256];
	struct mb *m;
	void *bytes;
	struct octet_model *real, *codes;
};

/** qr_new() - an empty builder in @m; of it, once built, qr_quantize() makes the models */
void qr_new(struct qr *q, uint64_t seed);
int qr_quantize(struct qr *q);
void qr_free(struct qr *q);

/** qr_sqnr() - of all float outputs over samples that were not calibrated with */
double qr_sqnr(struct qr *q);

/** qr_run() - the int8 (or float) network on sample @index: output 0, to be freed */
float *qr_run(struct qr *q, struct octet_model *model, uint64_t index, size_t *count);

/** qr_graph() - of the result, to look at */
const struct octet_graph *qr_graph(const struct qr *q);

/** qr_count() - operators of a code in the result */
uint32_t qr_count(const struct qr *q, uint32_t code);

/** qr_op() - the n-th of them, NULL */
const struct octet_graph_op *qr_op(const struct qr *q, uint32_t code, uint32_t n);

#endif /* OCTET_TESTS_QUANTIZE_RUN_H */
