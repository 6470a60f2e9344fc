// SPDX-License-Identifier: MIT
/* CONV2D, TCONV2D and DEPTHWISE with int16 inputs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "int16.h"

OCTET_VECTOR_LOOPS

/**
 * tap() - input row (or column) of a tap; false if it is outside
 * @out: result row
 */
static bool tap(bool transposed, int64_t out, int64_t i, int64_t pad, int64_t stride,
		int64_t dilation, int64_t extent, size_t *at)
{
	int64_t in = transposed ? out + pad - i : out * stride - pad + i * dilation;

	if (transposed && in % stride)
		return false;
	if (transposed)
		in /= stride;
	*at = (size_t)in;
	return in >= 0 && in < extent;
}

/* the taps of a pixel, one group: [r][s][ci] */
static void gather(const struct octet_cmd *cmd, const int16_t *src, size_t pixel, int16_t *x)
{
	bool transposed = cmd->op == OCTET_OP_TCONV2D;
	int16_t pad = (int16_t)cmd->pad_value;
	size_t ci = cmd->cin / cmd->groups, y, z;

	for (size_t r = 0; r < cmd->r; r++) {
		bool in = tap(transposed, (int64_t)(pixel / cmd->ow), (int64_t)r, cmd->pt,
			      cmd->sh, cmd->dh, cmd->h, &y);

		for (size_t s = 0; s < cmd->s; s++, x += ci) {
			if (in && tap(transposed, (int64_t)(pixel % cmd->ow), (int64_t)s,
				      cmd->pl, cmd->sw, cmd->dw, cmd->w, &z)) {
				memcpy(x, src + (y * cmd->w + z) * cmd->cin, ci * sizeof(*x));
				continue;
			}
			/* pad_value is 0 where it does not belong to the operation */
			for (size_t c = 0; c < ci; c++)
				x[c] = pad;
		}
	}
}

int octet_compute_window16(const struct octet_work *work)
{
	const struct octet_cmd *cmd = &work->cmd;
	size_t per_image = (size_t)cmd->oh * cmd->ow, in = (size_t)cmd->h * cmd->w * cmd->cin;
	size_t ci = cmd->cin / cmd->groups, co = cmd->cout / cmd->groups;
	size_t k = (size_t)cmd->r * cmd->s * ci;
	struct octet_pacer pacer = { .work = work };
	int16_t *x = malloc(k * sizeof(*x));
	bool on = true;

	if (!x)
		return -ENOMEM;
	for (size_t p = 0; on && p < octet_pixels(cmd); p++) {
		const int16_t *src = (const int16_t *)work->src + p / per_image * in;
		int16_t *dst = (int16_t *)work->dst + p * cmd->cout;

		for (size_t g = 0; on && g < cmd->groups; g++) {
			on = !octet_pace(&pacer, k);
			if (!on)
				break;
			gather(cmd, src + g * ci, p % per_image, x);
			on = octet_row16(&pacer, x, work->wgt + g * co * k, k, g * co, co,
					 dst + g * co);
		}
	}
	free(x);
	return on ? 0 : -ECANCELED;
}

/* @n channels from @o0 on of one tap; @x is NULL outside the image */
static void add_tap(const struct octet_cmd *cmd, const int16_t *x, const int8_t *w, size_t o0,
		    size_t n, int64_t *restrict acc)
{
	size_t times = cmd->cout / cmd->cin;

	if (!x)
		for (size_t o = 0; o < n; o++)
			acc[o] += cmd->pad_value * w[o];
	else if (times == 1)
		for (size_t o = 0; o < n; o++)
			acc[o] += x[o0 + o] * w[o];
	else
		for (size_t o = 0; o < n; o++)
			acc[o] += x[(o0 + o) / times] * w[o];
}

static void pixel(const struct octet_work *work, size_t p, size_t o0, size_t n, int16_t *dst)
{
	const struct octet_cmd *cmd = &work->cmd;
	size_t per_image = (size_t)cmd->oh * cmd->ow, y, z;
	int64_t acc[OCTET_BLOCK] = { 0 };

	for (size_t t = 0; t < (size_t)cmd->r * cmd->s; t++) {
		const int16_t *x = NULL;

		if (tap(false, (int64_t)(p % per_image / cmd->ow), (int64_t)(t / cmd->s), cmd->pt,
			cmd->sh, cmd->dh, cmd->h, &y) &&
		    tap(false, (int64_t)(p % cmd->ow), (int64_t)(t % cmd->s), cmd->pl, cmd->sw,
			cmd->dw, cmd->w, &z))
			x = (const int16_t *)work->src +
			    ((p / per_image * cmd->h + y) * cmd->w + z) * cmd->cin;
		add_tap(cmd, x, (const int8_t *)work->wgt + t * cmd->cout + o0, o0, n, acc);
	}
	for (size_t o = 0; o < n; o++)
		dst[o] = octet_finish16(work, o0 + o, acc[o]);
}

int octet_compute_depthwise16(const struct octet_work *work)
{
	const struct octet_cmd *cmd = &work->cmd;
	struct octet_pacer pacer = { .work = work };
	int16_t *dst = (int16_t *)work->dst;
	size_t taps = (size_t)cmd->r * cmd->s;

	for (size_t p = 0; p < octet_pixels(cmd); p++)
		for (size_t o0 = 0; o0 < cmd->cout; o0 += OCTET_BLOCK) {
			size_t n = cmd->cout - o0 < OCTET_BLOCK ? cmd->cout - o0 : OCTET_BLOCK;

			if (octet_pace(&pacer, n * taps))
				return -ECANCELED;
			pixel(work, p, o0, n, dst + p * cmd->cout + o0);
		}
	return 0;
}
