/* SPDX-License-Identifier: MIT */
#ifndef OCTET_DEPTHWISE_H
#define OCTET_DEPTHWISE_H

#include "compute.h"
#include "output_stage.h"
#include "simd.h"

/** octet_depthwise_has_rows() - can the command be done by rows? */
bool octet_depthwise_has_rows(const struct octet_cmd *cmd);

/** octet_depthwise_lines() - bytes that octet_depthwise_rows() makes of the weights */
uint64_t octet_depthwise_lines(const struct octet_cmd *cmd);

/** octet_depthwise_rows() - as octet_compute_depthwise() */
int octet_depthwise_rows(const struct octet_work *work, const struct octet_requant *rq);

#endif /* OCTET_DEPTHWISE_H */
