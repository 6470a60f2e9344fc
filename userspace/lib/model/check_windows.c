// SPDX-License-Identifier: MIT
/* Shapes: images, windows that slide over them, and what trades rows for channels. */

#include <errno.h>
#include <string.h>

#include "check.h"

/* Far above what any image has; products of two stay in 32 bits. */
#define WINDOW_MAX	32767

/** struct window - one direction of a sliding window */
struct window {
	const char *stride_name, *dilation_name;
	int64_t in, taps, stride, dilation;
};

static int slide(struct check *c, const struct window *w, int32_t padding, uint32_t *out)
{
	int64_t reach = (w->taps - 1) * w->dilation + 1;
	int rc = check_option(c, w->stride_name, w->stride, 1, WINDOW_MAX);

	if (!rc)
		rc = check_option(c, w->dilation_name, w->dilation, 1, WINDOW_MAX);
	if (!rc)
		rc = check_option(c, "padding", padding, OCTET_G_SAME, OCTET_G_VALID);
	if (!rc)
		rc = check_option(c, "the extent of the window", w->taps, 1, WINDOW_MAX);
	if (rc)
		return rc;
	if (padding == OCTET_G_SAME)
		*out = (uint32_t)((w->in + w->stride - 1) / w->stride);
	else if (reach > w->in)
		return check_fail(c, -EINVAL,
				  "a window of %lld does not fit into an image of %lld without "
				  "padding", (long long)reach, (long long)w->in);
	else
		*out = (uint32_t)((w->in - reach) / w->stride + 1);
	return 0;
}

static int check_activation(struct check *c, int32_t activation)
{
	return check_option(c, "fused_activation_function", activation, OCTET_G_ACT_NONE,
			    OCTET_G_ACT_RELU6);
}

int check_shape_conv(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0), *w = check_in(c, 1);
	const struct octet_opt_conv2d *o = &c->op->opt.conv2d;
	uint32_t dims[4];
	int rc = check_rank(c, 0, 4, 4);

	if (!rc)
		rc = check_rank(c, 1, 4, 4);
	if (!rc)
		rc = check_activation(c, o->activation);
	if (!rc && (x->dims[3] % w->dims[3] || w->dims[0] % (x->dims[3] / w->dims[3])))
		rc = check_fail_at(c, -EINVAL, c->op->inputs[1],
				   "%u channels of %u, for %u results: groups must divide both",
				   w->dims[3], x->dims[3], w->dims[0]);
	if (!rc)
		rc = slide(c, &(struct window){ "stride_h", "dilation_h_factor", x->dims[1],
						w->dims[1], o->stride_h, o->dilation_h },
			   o->padding, &dims[1]);
	if (!rc)
		rc = slide(c, &(struct window){ "stride_w", "dilation_w_factor", x->dims[2],
						w->dims[2], o->stride_w, o->dilation_w },
			   o->padding, &dims[2]);
	if (!rc)
		rc = check_bias(c, 2, w->dims[0]);
	if (rc)
		return rc;
	dims[0] = x->dims[0];
	dims[3] = w->dims[0];
	return check_result(c, 0, 4, dims);
}

int check_shape_depthwise(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0), *w = check_in(c, 1);
	const struct octet_opt_depthwise *o = &c->op->opt.depthwise;
	uint32_t dims[4];
	int rc = check_rank(c, 0, 4, 4);

	if (!rc)
		rc = check_rank(c, 1, 4, 4);
	if (!rc)
		rc = check_activation(c, o->activation);
	if (!rc && (w->dims[0] != 1 || w->dims[3] % x->dims[3]))
		rc = check_fail_at(c, -EINVAL, c->op->inputs[1],
				   "%u channels do not divide its %u, or its first extent %u is "
				   "not 1", x->dims[3], w->dims[3], w->dims[0]);
	/* Newer kernels ignore it; a wrong one still says that something is wrong. */
	if (!rc && o->multiplier && (uint64_t)(uint32_t)o->multiplier * x->dims[3] != w->dims[3])
		rc = check_fail(c, -EINVAL, "depth_multiplier is %d, but the weights have %u "
				"channels for %u", o->multiplier, w->dims[3], x->dims[3]);
	if (!rc)
		rc = slide(c, &(struct window){ "stride_h", "dilation_h_factor", x->dims[1],
						w->dims[1], o->stride_h, o->dilation_h },
			   o->padding, &dims[1]);
	if (!rc)
		rc = slide(c, &(struct window){ "stride_w", "dilation_w_factor", x->dims[2],
						w->dims[2], o->stride_w, o->dilation_w },
			   o->padding, &dims[2]);
	if (!rc)
		rc = check_bias(c, 2, w->dims[3]);
	if (rc)
		return rc;
	dims[0] = x->dims[0];
	dims[3] = w->dims[3];
	return check_result(c, 0, 4, dims);
}

/* The image that a convolution with these options would bring back to the input. */
static int unslide(struct check *c, const char *name, uint32_t in, uint32_t taps, int32_t stride,
		   int32_t padding, uint32_t out)
{
	uint32_t back;
	int rc = slide(c, &(struct window){ name, "dilation", out, taps, stride, 1 }, padding,
		       &back);

	if (!rc && back != in)
		rc = check_fail(c, -EINVAL,
				"a result of %u, with %s %d and a window of %u, belongs to an "
				"input of %u, not %u", out, name, stride, taps, back, in);
	return rc;
}

/* The shape that is asked for; where it is computed, the file's own one is known. */
static int tconv_shape(struct check *c, uint32_t *dims)
{
	const struct octet_graph_tensor *y = check_out(c, 0);
	uint32_t count;
	int64_t shape[4];
	int rc;

	if (!check_in(c, 0)->data) {
		memcpy(dims, y->dims, 4 * sizeof(*dims));
		return y->rank == 4 ? 0 : check_result(c, 0, 4, dims);
	}
	rc = check_ints(c, 0, shape, 4, &count);
	if (!rc)
		rc = check_option(c, "the number of extents of the shape", count, 4, 4);
	for (uint32_t i = 0; i < 4 && !rc; i++) {
		rc = check_option(c, "an extent of the shape", shape[i], 1, INT32_MAX);
		dims[i] = (uint32_t)shape[i];
	}
	return rc;
}

int check_shape_tconv(struct check *c)
{
	const struct octet_graph_tensor *w = check_in(c, 1), *x = check_in(c, 2);
	const struct octet_opt_tconv *o = &c->op->opt.tconv;
	uint32_t dims[4];
	int rc = tconv_shape(c, dims);

	if (!rc)
		rc = check_rank(c, 1, 4, 4);
	if (!rc)
		rc = check_rank(c, 2, 4, 4);
	if (!rc)
		rc = check_activation(c, o->activation);
	if (!rc && (w->dims[3] != x->dims[3] || w->dims[0] != dims[3] || x->dims[0] != dims[0]))
		rc = check_fail_at(c, -EINVAL, c->op->inputs[1],
				   "its channels or the batch do not fit input and result");
	if (!rc)
		rc = unslide(c, "stride_h", x->dims[1], w->dims[1], o->stride_h, o->padding,
			     dims[1]);
	if (!rc)
		rc = unslide(c, "stride_w", x->dims[2], w->dims[2], o->stride_w, o->padding,
			     dims[2]);
	if (!rc)
		rc = check_bias(c, 3, dims[3]);
	return rc ? rc : check_result(c, 0, 4, dims);
}

int check_shape_pool(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0);
	const struct octet_opt_pool *o = &c->op->opt.pool;
	uint32_t dims[4];
	int rc = check_rank(c, 0, 4, 4);

	if (!rc)
		rc = check_activation(c, o->activation);
	if (!rc)
		rc = slide(c, &(struct window){ "stride_h", "dilation", x->dims[1], o->filter_h,
						o->stride_h, 1 }, o->padding, &dims[1]);
	if (!rc)
		rc = slide(c, &(struct window){ "stride_w", "dilation", x->dims[2], o->filter_w,
						o->stride_w, 1 }, o->padding, &dims[2]);
	if (rc)
		return rc;
	dims[0] = x->dims[0];
	dims[3] = x->dims[3];
	return check_result(c, 0, 4, dims);
}

int check_shape_resize(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0);
	const struct octet_opt_resize *o = &c->op->opt.resize;
	uint32_t count, dims[4];
	int64_t size[2];
	int rc = check_rank(c, 0, 4, 4);

	if (!rc)
		rc = check_ints(c, 1, size, 2, &count);
	if (!rc)
		rc = check_option(c, "the number of extents of the size", count, 2, 2);
	for (uint32_t i = 0; i < 2 && !rc; i++)
		rc = check_option(c, "an extent of the size", size[i], 1, WINDOW_MAX);
	if (!rc && o->align_corners && o->half_pixel)
		rc = check_fail(c, -EINVAL, "align_corners and half_pixel_centers exclude each "
				"other");
	if (rc)
		return rc;
	memcpy(dims, x->dims, sizeof(dims));
	dims[1] = (uint32_t)size[0];
	dims[2] = (uint32_t)size[1];
	return check_result(c, 0, 4, dims);
}

int check_shape_to_depth(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0);
	int32_t block = c->op->opt.block.block_size;
	uint32_t b = (uint32_t)block;
	int rc = check_rank(c, 0, 4, 4);

	if (!rc)
		rc = check_option(c, "block_size", block, 1, WINDOW_MAX);
	if (!rc && (x->dims[1] % b || x->dims[2] % b))
		rc = check_fail(c, -EINVAL, "block_size %d does not divide an image of %u by %u",
				block, x->dims[1], x->dims[2]);
	if (rc)
		return rc;
	return check_result(c, 0, 4, (uint32_t[]){ x->dims[0], x->dims[1] / b, x->dims[2] / b,
						   x->dims[3] * b * b });
}

int check_shape_to_space(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0);
	int32_t block = c->op->opt.block.block_size;
	uint32_t b = (uint32_t)block;
	int rc = check_rank(c, 0, 4, 4);

	if (!rc)
		rc = check_option(c, "block_size", block, 1, WINDOW_MAX);
	if (!rc && x->dims[3] % (b * b))
		rc = check_fail(c, -EINVAL, "block_size %d squared does not divide %u channels",
				block, x->dims[3]);
	if (rc)
		return rc;
	return check_result(c, 0, 4, (uint32_t[]){ x->dims[0], x->dims[1] * b, x->dims[2] * b,
						   x->dims[3] / (b * b) });
}
