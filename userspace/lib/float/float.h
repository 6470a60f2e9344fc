/* SPDX-License-Identifier: MIT */
/*
 * Operators of float32 on the host: products, windows, and what networks run
 * often. The others are lib/host's own.
 *
 * Results repeat on every machine. Each sum is one float32 that starts at +0
 * and takes its products one after the other, each rounded, never fused; then
 * the bias is added, then the activation clamps. The order of the products:
 *
 * CONV_2D		rows of the window, columns, channels of the input
 * DEPTHWISE_CONV_2D	rows, columns
 * FULLY_CONNECTED, BATCH_MATMUL	as they lie in memory: 0, 1, 2 ...
 * TRANSPOSE_CONV	a sum over the channels for each pair of pixels; these
 *			are added in the order of the input's rows and columns
 * AVERAGE_POOL_2D	rows, columns; divided by the number of pixels
 *
 * That is the order of TFLite's reference kernels too, but for TRANSPOSE_CONV
 * (there one sum runs over all), so that float32 networks give their bits.
 * Pixels beyond the image are zeros in CONV_2D, and left out elsewhere.
 * Vectors hold sums of several results, so their width changes nothing.
 *
 * Weights may be int8, uint8, int4 (hybrid, "dynamic range" models) or
 * float16: they become float32, (q - zero point) * scale, when the operator
 * runs. TFLite's hybrid kernels also quantize the activations, anew for each
 * input; here these stay float32, which is closer to the original network.
 */
#ifndef OCTET_FLOAT_H
#define OCTET_FLOAT_H

#include "../host/host_priv.h"

/* Ends with a kernel without @run. */
extern const struct octet_host_kernel octet_float_kernels[];

#endif /* OCTET_FLOAT_H */
