/* SPDX-License-Identifier: MIT */
/*
 * The digits network in int8: what calibration and quantization make of the
 * float model, before any device is involved.
 */
#ifndef DIGITS_QMODEL_H
#define DIGITS_QMODEL_H

#include <stddef.h>
#include <stdint.h>

#include "../digits_model.h"
#include "data.h"

/* Scale and zero point of one activation tensor. */
struct digits_range {
	float min, max;
	float scale;
	int32_t zero_point;
};

/* A quantized layer: weights per output channel, symmetric; bias in s_in * s_w. */
struct digits_qlayer {
	const struct digits_layer *shape;
	int8_t *weights;
	int32_t *bias;
	float *w_scale;
	int32_t *w_zero;
	struct digits_range out;
};

struct digits_qmodel {
	uint32_t n_layers;
	uint32_t bits; /* of the codes, which stay in int8; 0: 8 */
	struct digits_range in;
	struct digits_qlayer layers[DIGITS_MAX_LAYERS];
};

/*
 * Observes every activation over the first n_calibrate training images
 * (min-max), then quantizes. The float model must outlive the result. Returns
 * 0 or a negative errno value with a sentence in err.
 */
int digits_qmodel_make(struct digits_qmodel *q, const struct digits_model *m,
		       const struct digits_data *d, size_t n_calibrate, char *err,
		       size_t err_size);
void digits_qmodel_free(struct digits_qmodel *q);

/* Bytes of the parameters as the device reads them. */
size_t digits_qmodel_bytes(const struct digits_qmodel *q);

#endif
