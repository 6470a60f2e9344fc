// SPDX-License-Identifier: MIT
/* An operator's options in a few words. */
#include <stdarg.h>
#include <stdio.h>

#include "model.h"

struct text {
	char *start, *at;
	size_t left;
};

static void put(struct text *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void put(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->at, t->left, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= t->left)
		n = t->left ? (int)t->left - 1 : 0;
	t->at += n;
	t->left -= (size_t)n;
}

static void activation(struct text *t, int32_t act)
{
	static const char *const names[] = { "", "relu", "relu-1..1", "relu6", "tanh", "sign" };

	if (act > 0 && act < (int32_t)(sizeof(names) / sizeof(names[0])))
		put(t, "%s%s", t->at > t->start ? " " : "", names[act]);
}

static void window(struct text *t, uint32_t r, uint32_t s, int32_t sh, int32_t sw, int32_t padding)
{
	put(t, "%ux%u", r, s);
	if (sh != 1 || sw != 1)
		put(t, " stride %dx%d", sh, sw);
	put(t, padding == OCTET_G_SAME ? " same" : " valid");
}

static void dilation(struct text *t, int32_t dh, int32_t dw)
{
	if (dh != 1 || dw != 1)
		put(t, " dilation %dx%d", dh, dw);
}

static void kernel(struct text *t, const struct octet_graph_tensor *w,
		   const struct octet_graph_op *op)
{
	if (w->rank != 4)
		return;
	if (op->code == OCTET_G_CONV_2D) {
		window(t, w->dims[1], w->dims[2], op->opt.conv2d.stride_h,
		       op->opt.conv2d.stride_w, op->opt.conv2d.padding);
		dilation(t, op->opt.conv2d.dilation_h, op->opt.conv2d.dilation_w);
		activation(t, op->opt.conv2d.activation);
	} else if (op->code == OCTET_G_DEPTHWISE_CONV_2D) {
		window(t, w->dims[1], w->dims[2], op->opt.depthwise.stride_h,
		       op->opt.depthwise.stride_w, op->opt.depthwise.padding);
		dilation(t, op->opt.depthwise.dilation_h, op->opt.depthwise.dilation_w);
		if (op->opt.depthwise.multiplier > 1)
			put(t, " x%d", op->opt.depthwise.multiplier);
		activation(t, op->opt.depthwise.activation);
	} else {
		window(t, w->dims[1], w->dims[2], op->opt.tconv.stride_h, op->opt.tconv.stride_w,
		       op->opt.tconv.padding);
		activation(t, op->opt.tconv.activation);
	}
}

void octet_graph_params(const struct octet_graph *g, const struct octet_graph_op *op, char *out,
			size_t size)
{
	const struct octet_graph_tensor *w = octet_graph_input(g, op, 1);
	struct text t = { out, out, size };

	put(&t, "%s", "");
	switch (op->code) {
	case OCTET_G_CONV_2D:
	case OCTET_G_DEPTHWISE_CONV_2D:
	case OCTET_G_TRANSPOSE_CONV:
		if (w)
			kernel(&t, w, op);
		break;
	case OCTET_G_AVERAGE_POOL_2D:
	case OCTET_G_MAX_POOL_2D:
		window(&t, (uint32_t)op->opt.pool.filter_h, (uint32_t)op->opt.pool.filter_w,
		       op->opt.pool.stride_h, op->opt.pool.stride_w, op->opt.pool.padding);
		activation(&t, op->opt.pool.activation);
		break;
	case OCTET_G_FULLY_CONNECTED:
		if (w && w->rank == 2)
			put(&t, "%u -> %u", w->dims[1], w->dims[0]);
		activation(&t, op->opt.fc.activation);
		break;
	case OCTET_G_ADD:
	case OCTET_G_SUB:
	case OCTET_G_MUL:
	case OCTET_G_DIV:
		activation(&t, op->opt.arith.activation);
		break;
	case OCTET_G_CONCATENATION:
		put(&t, "axis %d", op->opt.concat.axis);
		break;
	case OCTET_G_SOFTMAX:
		put(&t, "beta %g", (double)op->opt.softmax.beta);
		break;
	case OCTET_G_LEAKY_RELU:
		put(&t, "alpha %g", (double)op->opt.leaky.alpha);
		break;
	default:
		break;
	}
}
