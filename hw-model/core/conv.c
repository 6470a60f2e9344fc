// SPDX-License-Identifier: MIT
/* CONV2D: the taps of a block of pixels become rows of a matrix product. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "matmul.h"

/**
 * struct conv - one group of one image
 *
 * @pad: a kernel row of padding
 * @ci: input channels of the group
 */
struct conv {
	const struct octet_cmd *cmd;
	const uint8_t *src;
	const uint8_t *pad;
	size_t ci;
	size_t co;
};

/* one kernel row of one pixel into the block at @to */
static void kernel_row(struct octet_matmul *mm, const struct conv *cv, uint8_t *to, int64_t iy,
		       int64_t ix)
{
	const struct octet_cmd *cmd = cv->cmd;
	size_t step = 4 / mm->simd->lanes;

	if (iy < 0 || iy >= cmd->h) {
		mm->simd->fill(to, cv->pad, cmd->s * cv->ci, mm->flip_x);
		return;
	}
	if (cmd->groups == 1 && cmd->dw == 1 && ix >= 0 && ix + cmd->s <= cmd->w) {
		mm->simd->fill(to, cv->src + ((size_t)iy * cmd->w + (size_t)ix) * cmd->cin,
			       cmd->s * cv->ci, mm->flip_x);
		return;
	}
	for (size_t s = 0; s < cmd->s; s++, ix += cmd->dw, to += cv->ci * step) {
		const uint8_t *from = cv->pad;

		if (ix >= 0 && ix < cmd->w)
			from = cv->src + ((size_t)iy * cmd->w + (size_t)ix) * cmd->cin;
		mm->simd->fill(to, from, cv->ci, mm->flip_x);
	}
}

static void pixel(struct octet_matmul *mm, const struct conv *cv, size_t i, size_t p)
{
	const struct octet_cmd *cmd = cv->cmd;
	int64_t iy = (int64_t)(p / cmd->ow) * cmd->sh - cmd->pt;
	int64_t ix = (int64_t)(p % cmd->ow) * cmd->sw - cmd->pl;

	for (size_t r = 0; r < cmd->r; r++, iy += cmd->dh)
		kernel_row(mm, cv, octet_matmul_row(mm, i, r * cmd->s * cv->ci), iy, ix);
}

static int one_image(struct octet_matmul *mm, const struct conv *cv, size_t o0, uint8_t *dst)
{
	const struct octet_cmd *cmd = cv->cmd;
	size_t pixels = (size_t)cmd->oh * cmd->ow;
	size_t size = octet_type_size(cmd->dst.type);
	int err = 0;

	for (size_t p = 0; !err && p < pixels; p += mm->rows) {
		size_t rows = pixels - p < mm->rows ? pixels - p : mm->rows;

		for (size_t i = 0; i < rows; i++) {
			if (mm->k >= OCTET_LONG_SUM && octet_work_tick(mm->work))
				return -ECANCELED;
			pixel(mm, cv, i, p + i);
		}
		err = octet_matmul_run(mm, rows, o0, dst + p * cmd->cout * size, cmd->cout);
	}
	return err;
}

static int one_group(struct octet_matmul *mm, struct conv *cv, size_t group)
{
	const struct octet_work *work = mm->work;
	const struct octet_cmd *cmd = cv->cmd;
	size_t k = mm->k, o0 = group * cv->co;
	size_t in = (size_t)cmd->h * cmd->w * cmd->cin;
	size_t out = (size_t)cmd->oh * cmd->ow * cmd->cout;
	size_t size = octet_type_size(cmd->dst.type);
	int err;

	err = octet_matmul_weights(mm, work->wgt + o0 * k, k, 1, o0);
	for (size_t i = 0; !err && i < cmd->n; i++) {
		cv->src = work->src + i * in + group * cv->ci;
		err = one_image(mm, cv, o0, work->dst + (i * out + o0) * size);
	}
	return err;
}

int octet_compute_conv(const struct octet_work *work, const struct octet_requant *rq)
{
	const struct octet_cmd *cmd = &work->cmd;
	struct conv cv = {
		.cmd = cmd, .ci = cmd->cin / cmd->groups, .co = cmd->cout / cmd->groups,
	};
	size_t k = (size_t)cmd->r * cmd->s * cv.ci;
	struct octet_matmul mm;
	uint8_t *pad;
	int err;

	pad = malloc(cmd->s * cv.ci);
	if (!pad)
		return -ENOMEM;
	memset(pad, (uint8_t)cmd->pad_value, cmd->s * cv.ci);
	cv.pad = pad;
	err = octet_matmul_init(&mm, work, rq, k, cv.co, (size_t)cmd->oh * cmd->ow);
	for (size_t g = 0; !err && g < cmd->groups; g++)
		err = one_group(&mm, &cv, g);
	if (mm.a)
		octet_matmul_free(&mm);
	free(pad);
	return err;
}
