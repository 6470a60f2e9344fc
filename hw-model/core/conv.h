/* SPDX-License-Identifier: MIT */
/* Convolutions as matrix products, shared by CONV2D and the phases of TCONV2D. */
#ifndef OCTET_CONV_H
#define OCTET_CONV_H

#include "matmul.h"

/**
 * struct octet_conv - one group of a convolution
 *
 * @src: first channel of the group, per image
 * @pad: a kernel row of padding
 * @ci: input channels of the group
 * @r: kernel rows, and so on: as in struct octet_cmd
 * @oh: rows of results to compute
 * @ow: columns of results to compute
 * @first: pixel of the image's results where the first one goes
 * @step_h: pixels of the image's results between neighbours of a column
 * @step_w: the same within a row
 */
struct octet_conv {
	const struct octet_cmd *cmd;
	const uint8_t *src;
	const uint8_t *pad;
	size_t ci;
	size_t r, s, sh, sw, dh, dw;
	int64_t pt, pl;
	size_t oh, ow;
	size_t first, step_h, step_w;
};

/**
 * octet_conv_group() - all images of a group
 * @mm: has its weights, and takes no more rows at a time than fit it
 * @group: number of the group
 */
int octet_conv_group(struct octet_matmul *mm, struct octet_conv *cv, size_t group);

#endif /* OCTET_CONV_H */
