/* SPDX-License-Identifier: MIT */
/* Windows that convolutions and pools slide over images. */
#ifndef OCTET_HOST_WINDOW_H
#define OCTET_HOST_WINDOW_H

#include "host_priv.h"

/** struct octet_window - index 0: rows, 1: columns */
struct octet_window {
	int32_t size[2], stride[2], dilation[2], pad[2];
	int32_t in[2], out[2];
};

/**
 * octet_window_check() - sane options, and the output's extent is what they give
 *
 * @padding: enum octet_graph_padding; @w->pad is worked out
 */
int octet_window_check(struct octet_window *w, int32_t padding, const char **why);

#endif /* OCTET_HOST_WINDOW_H */
