// SPDX-License-Identifier: MIT
/*
 * XNNPACK's qs8 operators with scales by channel. It takes the best level of the
 * processor and no other: it is a peer of that level alone.
 */
#include <stdlib.h>
#include <string.h>

#include <xnnpack.h>

#include "peer.h"

struct state {
	xnn_operator_t op;
	int8_t *x, *y;
	void *workspace;
};

static void check(enum xnn_status status, const char *what)
{
	if (status != xnn_status_success)
		peer_die("XNNPACK: %s: status %d", what, (int)status);
}

static const char *begin(const char *level)
{
	if (strcmp(level, PEER_BEST_LEVEL))
		return NULL;
	check(xnn_initialize(NULL), "xnn_initialize");
	return "XNNPACK " PEER_XNNPACK_VERSION;
}

static enum xnn_status create(struct state *s, const struct peer_op *op, const struct peer_data *d)
{
	const uint32_t k = op->kernel, p = k / 2;
	const uint32_t groups = op->kind == PEER_DEPTHWISE ? op->cin : 1;

	if (op->kind == PEER_GEMM)
		return xnn_create_fully_connected_nc_qs8_qc8w(
			op->k, op->n, op->k, op->n, (int8_t)d->x_zero, d->x_scale, d->w_scale,
			d->w, d->bias, (int8_t)d->y_zero, d->y_scale, -128, 127, 0, NULL, NULL,
			&s->op);
	return xnn_create_convolution2d_nhwc_qs8_qc8w(
		p, p, p, p, k, k, op->stride, op->stride, 1, 1, groups, op->cin / groups,
		op->cout / groups, op->cin, op->cout, (int8_t)d->x_zero, d->x_scale, d->w_scale,
		d->w, d->bias, (int8_t)d->y_zero, d->y_scale, -128, 127, 0, NULL, NULL, &s->op);
}

static void *buffer(size_t bytes)
{
	/* it may read and write a little further */
	void *at = aligned_alloc(64, (bytes + 255) / 64 * 64);

	if (!at)
		peer_die("out of memory");
	return at;
}

static void *make(const struct peer_op *op, const struct peer_data *d)
{
	struct state *s = calloc(1, sizeof(*s));
	size_t work = 0, align = 64, oh, ow;

	if (!s)
		peer_die("out of memory");
	if (create(s, op, d) != xnn_status_success)
		return NULL;
	s->x = buffer(d->x_bytes);
	s->y = buffer(d->y_bytes);
	memcpy(s->x, d->x, d->x_bytes);
	if (op->kind == PEER_GEMM) {
		check(xnn_reshape_fully_connected_nc_qs8_qc8w(s->op, op->m, NULL), "reshape");
		check(xnn_setup_fully_connected_nc_qs8_qc8w(s->op, s->x, s->y), "setup");
		return s;
	}
	check(xnn_reshape_convolution2d_nhwc_qs8_qc8w(s->op, 1, op->h, op->h, &work, &align, &oh,
						      &ow, NULL), "reshape");
	s->workspace = buffer(work);
	check(xnn_setup_convolution2d_nhwc_qs8_qc8w(s->op, s->workspace, s->x, s->y), "setup");
	return s;
}

static void run(void *state)
{
	check(xnn_run_operator(((struct state *)state)->op, NULL), "run");
}

static const int8_t *result(void *state)
{
	return ((struct state *)state)->y;
}

static void release(void *state)
{
	struct state *s = state;

	xnn_delete_operator(s->op);
	free(s->workspace);
	free(s->x);
	free(s->y);
	free(s);
}

const struct peer peer_xnnpack = { "XNNPACK", begin, make, run, result, NULL, release };
