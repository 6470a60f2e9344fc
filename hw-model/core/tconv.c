// SPDX-License-Identifier: MIT
/*
 * TCONV2D: the results whose taps are the same elements of the kernel form a
 * phase, one for each remainder of row and column by the strides. A phase is a
 * convolution with every sh-th row and sw-th column of the kernel, backwards.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conv.h"

/**
 * struct phase - one direction of a phase
 *
 * @first: first result
 * @count: results
 * @taps: elements of the kernel
 * @from: the first of them, by the input that it meets: the last of the kernel
 * @pad: padding of the convolution, may be negative
 */
struct phase {
	size_t first, count, taps, from;
	int64_t pad;
};

/* @rest: remainder of result + @pad by @stride */
static struct phase direction(size_t rest, size_t pad, size_t stride, size_t kernel,
			      size_t results)
{
	struct phase p = { .first = (rest + stride - pad % stride) % stride };

	if (p.first < results)
		p.count = (results - p.first - 1) / stride + 1;
	if (rest < kernel)
		p.taps = (kernel - rest - 1) / stride + 1;
	if (p.taps)
		p.from = rest + (p.taps - 1) * stride;
	p.pad = (int64_t)p.taps - 1 - (int64_t)((p.first + pad - rest) / stride);
	return p;
}

/**
 * struct tconv - a command
 *
 * @pad: a kernel row of zero points
 * @w: weights of a group's phase
 */
struct tconv {
	const struct octet_work *work;
	const struct octet_requant *rq;
	size_t ci, co;
	uint8_t *pad;
	uint8_t *w;
};

/* the phase's part of the kernel, [co][rows][columns][ci] */
static bool select_weights(const struct tconv *t, const struct phase *y, const struct phase *x,
			   size_t group)
{
	const struct octet_cmd *cmd = &t->work->cmd;
	struct octet_pacer pacer = { .work = t->work };
	uint8_t *to = t->w;

	for (size_t o = group * t->co; o < (group + 1) * t->co; o++)
		for (size_t a = 0; a < y->taps; a++)
			for (size_t b = 0; b < x->taps; b++, to += t->ci) {
				size_t r = y->from - a * cmd->sh, s = x->from - b * cmd->sw;

				if (octet_pace(&pacer, t->ci))
					return false;
				memcpy(to, t->work->wgt + ((o * cmd->r + r) * cmd->s + s) * t->ci,
				       t->ci);
			}
	return true;
}

static int groups(const struct tconv *t, struct octet_conv *cv, const struct phase *y,
		  const struct phase *x)
{
	size_t k = cv->r * cv->s * cv->ci;
	struct octet_matmul mm;
	int err;

	err = octet_matmul_init(&mm, t->work, t->rq, k, t->co,
				cv->step_h == cv->ow * cv->step_w ? cv->oh * cv->ow : cv->ow,
				false);
	if (err)
		return err;
	for (size_t g = 0; !err && g < cv->cmd->groups; g++) {
		if (y->taps && x->taps && !select_weights(t, y, x, g)) {
			err = -ECANCELED;
			break;
		}
		err = octet_matmul_weights(&mm, t->w, k, 1, g * t->co);
		if (!err)
			err = octet_conv_group(&mm, cv, g);
	}
	octet_matmul_free(&mm);
	return err;
}

static int one_phase(const struct tconv *t, const struct phase *y, const struct phase *x)
{
	const struct octet_cmd *cmd = &t->work->cmd;
	struct octet_conv cv = {
		.cmd = cmd, .pad = t->pad, .ci = t->ci, .r = y->taps, .s = x->taps, .sh = 1,
		.sw = 1, .dh = 1, .dw = 1, .pt = y->pad, .pl = x->pad, .oh = y->count,
		.ow = x->count, .first = y->first * cmd->ow + x->first,
		.step_h = (size_t)cmd->sh * cmd->ow, .step_w = cmd->sw,
	};

	/* no taps: one that lies outside, so that the biases come out */
	if (!y->taps || !x->taps) {
		cv.ci = cv.r = cv.s = 1;
		cv.pt = INT32_MAX;
	}
	return groups(t, &cv, y, x);
}

static int phases(const struct tconv *t)
{
	const struct octet_cmd *cmd = &t->work->cmd;
	int err = 0;

	for (size_t i = 0; !err && i < cmd->sh; i++) {
		struct phase y = direction(i, cmd->pt, cmd->sh, cmd->r, cmd->oh);

		for (size_t j = 0; y.count && !err && j < cmd->sw; j++) {
			struct phase x = direction(j, cmd->pl, cmd->sw, cmd->s, cmd->ow);

			if (x.count)
				err = one_phase(t, &y, &x);
		}
	}
	return err;
}

int octet_compute_tconv(const struct octet_work *work, const struct octet_requant *rq)
{
	const struct octet_cmd *cmd = &work->cmd;
	struct tconv t = {
		.work = work, .rq = rq, .ci = cmd->cin / cmd->groups,
		.co = cmd->cout / cmd->groups,
	};
	size_t rows = ((size_t)cmd->r + cmd->sh - 1) / cmd->sh;
	size_t columns = ((size_t)cmd->s + cmd->sw - 1) / cmd->sw;
	int err = -ENOMEM;

	t.pad = malloc(columns * t.ci);
	t.w = calloc(t.co * rows * columns, t.ci);
	if (t.pad && t.w) {
		memset(t.pad, (uint8_t)cmd->src.zero_point, columns * t.ci);
		err = phases(&t);
	}
	free(t.pad);
	free(t.w);
	return err;
}
