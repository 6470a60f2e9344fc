// SPDX-License-Identifier: MIT
/*
 * The CPU fallback, through the public calls: what a program has of it. Or another
 * backend, by its name instead of a level's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <octet.h>

#include "peer.h"

static struct octet_ctx *ctx;

struct state {
	struct octet_tensor *x, *w, *bias, *y;
	struct octet_job *job;
};

static const char *begin(const char *level)
{
	OCTET_OPTS(octet_open_opts, open);
	static char text[96];

	open.backend = OCTET_BACKEND_CPU;
	if (!strcmp(level, "drm"))
		open.backend = OCTET_BACKEND_DRM;
	else if (!strcmp(level, "sim"))
		open.backend = OCTET_BACKEND_SIM;
	else if (strcmp(level, "cpu"))
		open.cpu_level = level;
	if (!ctx && octet_open(&ctx, &open))
		return NULL;
	snprintf(text, sizeof(text), "Octet %s", octet_version());
	return text;
}

struct octet_ctx *peer_octet_context(void)
{
	return ctx;
}

struct octet_job *peer_octet_job(void *state)
{
	return ((struct state *)state)->job;
}

static void check(int error)
{
	if (error)
		peer_die("octet: %s", octet_last_error(ctx));
}

static struct octet_tensor *tensor(enum octet_dtype type, uint32_t rank, const uint32_t *dims,
				   const void *data)
{
	struct octet_tensor *t;

	check(octet_tensor_new(ctx, type, rank, dims, &t));
	if (data)
		check(octet_tensor_write(t, data, octet_tensor_bytes(t)));
	return t;
}

static struct octet_tensor *depthwise_weights(const struct peer_op *op, const int8_t *w)
{
	const uint32_t taps = op->kernel * op->kernel;
	struct octet_tensor *t = tensor(OCTET_INT8, 3,
					(uint32_t[]){ op->kernel, op->kernel, op->cout }, NULL);
	int8_t *to = octet_tensor_map(t);

	for (uint32_t c = 0; c < op->cout; c++)
		for (uint32_t i = 0; i < taps; i++)
			to[i * op->cout + c] = w[c * taps + i];
	return t;
}

static void tensors(struct state *s, const struct peer_op *op, const struct peer_data *d)
{
	const uint32_t h = op->h, o = d->oh;

	if (op->kind == PEER_GEMM) {
		s->x = tensor(OCTET_INT8, 2, (uint32_t[]){ op->m, op->k }, d->x);
		s->w = tensor(OCTET_INT8, 2, (uint32_t[]){ op->n, op->k }, d->w);
		s->y = tensor(OCTET_INT8, 2, (uint32_t[]){ op->m, op->n }, NULL);
	} else {
		s->x = tensor(OCTET_INT8, 4, (uint32_t[]){ 1, h, h, op->cin }, d->x);
		s->y = tensor(OCTET_INT8, 4, (uint32_t[]){ 1, o, o, op->cout }, NULL);
		if (op->kind == PEER_CONV)
			s->w = tensor(OCTET_INT8, 4, (uint32_t[]){ op->cout, op->kernel, op->kernel,
								   op->cin }, d->w);
		else
			s->w = depthwise_weights(op, d->w);
	}
	s->bias = tensor(OCTET_INT32, 1, &d->channels, d->bias);
	check(octet_tensor_set_quant(s->x, d->x_scale, d->x_zero));
	check(octet_tensor_set_quant(s->y, d->y_scale, d->y_zero));
	check(octet_tensor_set_quant_channel(s->w, op->kind == PEER_DEPTHWISE ? 2 : 0, d->w_scale,
					     NULL, d->channels));
}

static void *make(const struct peer_op *op, const struct peer_data *d, enum octet_stage_code stage)
{
	struct state *s = calloc(1, sizeof(*s));
	OCTET_OPTS(octet_conv_opts, conv);
	OCTET_OPTS(octet_gemm_opts, gemm);
	OCTET_OPTS(octet_job_opts, ready);

	if (!s)
		peer_die("out of memory");
	conv.stage = gemm.stage = stage;
	conv.stride_h = conv.stride_w = op->stride;
	conv.pad_top = conv.pad_left = conv.pad_bottom = conv.pad_right = op->kernel / 2;
	ready.const_weights = true;
	gemm.transpose_b = gemm.const_b = true;
	tensors(s, op, d);
	check(octet_job_new(ctx, &s->job));
	if (op->kind == PEER_GEMM)
		check(octet_job_gemm(s->job, s->x, s->w, s->bias, s->y, &gemm));
	else if (op->kind == PEER_CONV)
		check(octet_job_conv2d(s->job, s->x, s->w, s->bias, s->y, &conv));
	else
		check(octet_job_depthwise(s->job, s->x, s->w, s->bias, s->y, &conv));
	check(octet_job_ready(s->job, &ready));
	return s;
}

static void *make_rne(const struct peer_op *op, const struct peer_data *d)
{
	return make(op, d, OCTET_FP32_RNE);
}

static void *make_dbl(const struct peer_op *op, const struct peer_data *d)
{
	return make(op, d, OCTET_FIX_DBL);
}

static void run(void *state)
{
	struct state *s = state;
	struct octet_fence *fence;

	check(octet_submit(ctx, NULL, &s->job, 1, NULL, &fence));
	check(octet_fence_wait(fence, -1));
	octet_fence_free(fence);
}

static const int8_t *result(void *state)
{
	return octet_tensor_map(((struct state *)state)->y);
}

static const char *how(void *state)
{
	static struct octet_info info = { .size = sizeof(info) };

	(void)state;
	check(octet_get_info(ctx, &info));
	return info.simd;
}

static void release(void *state)
{
	struct state *s = state;

	octet_job_free(s->job);
	octet_tensor_free(s->x);
	octet_tensor_free(s->w);
	octet_tensor_free(s->bias);
	octet_tensor_free(s->y);
	free(s);
}

const struct peer peer_octet = { "octet", begin, make_rne, run, result, how, release };
const struct peer peer_octet_dbl = { "octet-dbl", begin, make_dbl, run, result, how, release };
