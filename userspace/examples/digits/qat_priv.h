/* SPDX-License-Identifier: MIT */
/* Shared by the files of the training graph; see qat_net.h. */
#ifndef DIGITS_QAT_PRIV_H
#define DIGITS_QAT_PRIV_H

#include "qat_net.h"

/* Options of all activations, of all weights. */
struct octet_quant_opts qat_activations(const struct qat_net *net);
struct octet_quant_opts qat_weights(const struct qat_net *net);

/* Where a weight of OHWI stands in HWIO. */
size_t qat_hwio(const struct digits_layer *l, size_t ohwi);

/* Weights through their nodes, after each change of them. */
int qat_refresh(struct qat_net *net);
/* Ranges as observers and weights have them now. */
int qat_follow(struct qat_net *net);

#endif
