/* SPDX-License-Identifier: MIT */
/*
 * Quantization-aware training of a digits_model with the library's fake
 * quantization. One block of the training graph is
 *
 *	weights --fake quant per channel--+      +--rounded to int32-- bias
 *	                                  v      v
 *	input ---------------------> convolution + bias + ReLU --fake quant--> output
 *
 * A node stands behind a fused block, never between its parts: what the device
 * does not store as codes is not rounded here. The network has no batch norm; one
 * would be folded into weights and bias before their node.
 */
#ifndef DIGITS_QAT_NET_H
#define DIGITS_QAT_NET_H

#include <octet.h>
#include <octet_quantize.h>

#include "../digits_model.h"
#include "data.h"
#include "qmodel.h"

/* Values that AdamW moves. */
struct qat_values {
	size_t n;
	float *v, *grad, *m1, *m2;
};

/* The fake-quant node of one activation tensor. */
struct qat_node {
	struct qat_values scale; /* n = 1 */
	int32_t zero_point;
	struct octet_observer *seen;
};

struct qat_layer {
	const struct digits_layer *shape;
	struct qat_values w; /* OHWI: a channel is one row */
	struct qat_values b;
	struct qat_values w_scale; /* [out_c] */
	float *wq; /* OHWI, what the weights' node gives */
	float *bq; /* in steps of s_in * s_w, which are coarse where bits are few */
	float *wq_hwio, *grad_hwio; /* inner loops run over output channels */
	float *block, *out, *delta; /* before and behind the node; gradient */
	struct qat_node node;
};

enum qat_ranges {
	QAT_LEARNED, /* gradients move the scales (LSQ) */
	QAT_OBSERVED, /* a moving average of the activations, the largest weight */
};

struct qat_net {
	uint32_t bits, n_layers;
	enum qat_ranges ranges;
	bool quantize; /* off: a float network, which observers may watch */
	bool observe;
	float in_scale;
	int32_t in_zero;
	float in[DIGITS_PIXELS];
	double b1t, b2t;
	int err; /* of the library, the first */
	struct qat_layer layers[DIGITS_MAX_LAYERS];
};

/* All return 0 or a negative errno value. The model is the starting point. */
int qat_net_new(struct qat_net *net, const struct digits_model *m, uint32_t bits,
		enum qat_ranges ranges);
void qat_net_free(struct qat_net *net);

/* New observers; from now on they see every block's results. */
int qat_watch(struct qat_net *net, enum octet_observer_kind kind);
/* Ranges from what was seen and from the weights; the nodes begin to work. */
int qat_quantize(struct qat_net *net, enum octet_observer_kind kind);

/* Forward: the last layer's results. */
const float *qat_forward(struct qat_net *net, const float *in);
/* Forward and backward; gradients are added up. 1 if the answer was right. */
int qat_learn(struct qat_net *net, const float *in, uint32_t label);
/* One AdamW step with the gradients of n images. */
int qat_step(struct qat_net *net, float lr, uint32_t n);

struct qat_plan {
	uint32_t bits;
	enum qat_ranges ranges;
	unsigned int epochs, delay; /* of which so many in float */
	float lr;
	uint64_t seed;
	size_t n; /* training images */
};

/* The whole training, progress to stderr; then the net holds the result. */
int qat_train(struct qat_net *net, const struct digits_data *d, const struct qat_plan *p);

/* Post-training quantization: watches n training images, trains nothing. */
int qat_post_training(struct qat_net *net, const struct digits_data *d, size_t n,
		      enum octet_observer_kind kind);

/* The evaluation graph: integers, for the device. The net's shapes must outlive it. */
int qat_freeze(const struct qat_net *net, struct digits_qmodel *q);

#endif
