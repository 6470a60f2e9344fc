/* SPDX-License-Identifier: MIT */
/*
 * Training of a digits_model: gradients and AdamW. No libm but sqrtf and ldexp,
 * whose results are exact, so that every host computes the same bits.
 */
#ifndef DIGITS_NET_H
#define DIGITS_NET_H

#include <stdint.h>

#include "../digits_model.h"

struct net_layer {
	size_t n_w, n_b;
	/* HWIO: inner loops run over output channels. [n_w] then bias [n_b] */
	float *w, *grad, *m, *v, *mean;
	float *w_ohwi; /* the same weights for the backward pass */
	float *act, *delta;
};

struct net {
	struct digits_model *model;
	uint64_t rng;
	double b1t, b2t; /* beta^step */
	struct net_layer layers[DIGITS_MAX_LAYERS];
};

struct net_rates {
	float lr, decay, mean_keep;
};

float rng_unit(uint64_t *state); /* 0 <= x < 1 */
uint32_t rng_below(uint64_t *state, uint32_t n);
/* e^x for x <= 0. libm's differs in the last bit from CPU to CPU. */
float exp_negative(float x);

int net_create(struct net *net, struct digits_model *model, uint64_t seed);
void net_free(struct net *net);

/* Forward and backward of one image; gradients are added up. Returns 1 if the
 * answer was right. */
int net_learn(struct net *net, const float *in, uint32_t label);
/* One AdamW step with the gradients of n images. */
void net_step(struct net *net, const struct net_rates *r, uint32_t n);
/* Puts the running mean of the weights into the model. */
void net_export(struct net *net);

#endif
