// SPDX-License-Identifier: MIT
/* CONV_2D, DEPTHWISE_CONV_2D, TRANSPOSE_CONV. */
#include "lower_priv.h"

/** struct window - of one axis */
struct window {
	int64_t in, out, taps, stride, dilation;
};

/* TFLite's padding before the image, SAME and VALID alike. */
static int64_t before(const struct window *w)
{
	int64_t total = (w->out - 1) * w->stride + (w->taps - 1) * w->dilation + 1 - w->in;

	return total > 0 ? total / 2 : 0;
}

static int check_rank(struct lower *l, const struct octet_graph_tensor *x,
		      const struct octet_graph_tensor *w, const struct octet_graph_tensor *y)
{
	if (!x || !w || x->rank != 4 || w->rank != 4 || y->rank != 4)
		return lower_refuse(l, "its tensors do not have rank 4");
	return 0;
}

static int numbers(struct lower *l, struct octet_cmd *cmd, const struct window *v,
		   const struct window *h)
{
	const int64_t all[] = { v->taps, v->stride, v->dilation, h->taps, h->stride, h->dilation };

	for (int i = 0; i < 6; i++)
		if (all[i] < 1 || all[i] > UINT16_MAX)
			return lower_refuse(l, "its window, stride or dilation is %lld",
					    (long long)all[i]);
	if (before(v) > UINT16_MAX || before(h) > UINT16_MAX)
		return lower_refuse(l, "its padding is over %d", UINT16_MAX);
	if (v->taps * h->taps > LOWER_EXTENT)
		return lower_refuse(l, "its window has more than %u taps", LOWER_EXTENT);
	cmd->r = (uint16_t)v->taps;
	cmd->s = (uint16_t)h->taps;
	cmd->sh = (uint16_t)v->stride;
	cmd->sw = (uint16_t)h->stride;
	cmd->dh = (uint16_t)v->dilation;
	cmd->dw = (uint16_t)h->dilation;
	cmd->pt = (uint16_t)before(v);
	cmd->pl = (uint16_t)before(h);
	return 0;
}

/* Weights lie as the command wants them. */
static void weights(const struct lower *l, struct octet_low_cmd *c, int32_t w)
{
	const struct octet_graph_tensor *t = lower_of(l, w);
	struct octet_operand *o = &c->cmd.wgt;
	bool depthwise = c->cmd.op == OCTET_OP_DEPTHWISE;

	c->tensor[OCTET_OPERAND_WGT] = w;
	o->space = OCTET_SPACE_VA;
	o->type = (uint8_t)t->type;
	if (t->type == OCTET_INT4)
		return;
	o->stride[3] = t->dims[3];
	o->stride[2] = t->dims[2] * o->stride[3];
	o->stride[1] = depthwise ? 0 : t->dims[1] * o->stride[2];
}

static int activations(struct lower *l, struct octet_low_cmd *c, int32_t x, int32_t y)
{
	struct lower_shape sx, sy;

	if (!lower_shape(l, x, &sx) || !lower_shape(l, y, &sy))
		return lower_refuse(l, "its channels do not lie side by side");
	lower_put(l, c, OCTET_OPERAND_SRC, x, &sx);
	lower_put(l, c, OCTET_OPERAND_DST, y, &sy);
	return 0;
}

static int finish(struct lower *l, struct octet_low_cmd *c, struct lower_weighted *w)
{
	int ret;

	w->channels = lower_of(l, w->y)->dims[3];
	w->product32 = lower_of(l, w->x)->type == OCTET_UINT8;
	ret = lower_output(l, c, w);
	if (ret)
		return ret;
	if (c->cmd.op != OCTET_OP_TCONV2D)
		c->cmd.pad_value = c->cmd.src.zero_point;
	return lower_emit(l, c);
}

static bool divides(uint32_t a, uint32_t b)
{
	return a && b % a == 0;
}

/* A PAD before it becomes the convolution's own padding. */
static int own_pad(struct lower *l, struct octet_low_cmd *c, int32_t *x)
{
	const struct octet_graph_op *pad = &l->g->ops[l->pads[l->op] - 1];
	uint32_t count;
	int64_t p[16];

	if (!lower_const_ints(l, lower_in(pad, 1), &count, p) || count != 8)
		return lower_refuse(l, "the padding before it is computed");
	c->cmd.pt = (uint16_t)(c->cmd.pt + p[2]);
	c->cmd.pl = (uint16_t)(c->cmd.pl + p[4]);
	*x = lower_in(pad, 0);
	return 0;
}

static int conv(struct lower *l, struct octet_low_cmd *c, struct lower_weighted *w,
		const struct window *v, const struct window *h)
{
	int32_t x = w->x;
	int ret = numbers(l, &c->cmd, v, h);

	if (!ret && l->pads[l->op])
		ret = own_pad(l, c, &x);
	if (!ret)
		ret = activations(l, c, x, w->y);
	if (ret)
		return ret;
	weights(l, c, w->w);
	w->x = x;
	return finish(l, c, w);
}

int lower_conv2d(struct lower *l, const struct octet_graph_op *op)
{
	const struct octet_opt_conv2d *o = &op->opt.conv2d;
	struct lower_weighted w = { lower_in(op, 0), lower_in(op, 1), lower_in(op, 2),
				    op->outputs[0], 0, 0, o->activation, false, o->bias_type };
	const struct octet_graph_tensor *x = lower_of(l, w.x), *k = lower_of(l, w.w);
	const struct octet_graph_tensor *y = lower_of(l, w.y);
	struct octet_low_cmd c;
	struct window v, h;

	if (check_rank(l, x, k, y))
		return LOWER_HOST;
	if (!divides(k->dims[3], x->dims[3]) || !divides(x->dims[3] / k->dims[3], y->dims[3]))
		return lower_refuse(l, "%u channels do not make groups of %u", x->dims[3],
				    k->dims[3]);
	lower_init(&c, OCTET_OP_CONV2D);
	c.cmd.groups = x->dims[3] / k->dims[3];
	v = (struct window){ x->dims[1], y->dims[1], k->dims[1], o->stride_h, o->dilation_h };
	h = (struct window){ x->dims[2], y->dims[2], k->dims[2], o->stride_w, o->dilation_w };
	return conv(l, &c, &w, &v, &h);
}

int lower_depthwise(struct lower *l, const struct octet_graph_op *op)
{
	const struct octet_opt_depthwise *o = &op->opt.depthwise;
	struct lower_weighted w = { lower_in(op, 0), lower_in(op, 1), lower_in(op, 2),
				    op->outputs[0], 3, 0, o->activation, false, 0 };
	const struct octet_graph_tensor *x = lower_of(l, w.x), *k = lower_of(l, w.w);
	const struct octet_graph_tensor *y = lower_of(l, w.y);
	struct octet_low_cmd c;
	struct window v, h;

	if (check_rank(l, x, k, y))
		return LOWER_HOST;
	if (!divides(x->dims[3], y->dims[3]))
		return lower_refuse(l, "%u channels are no multiple of %u", y->dims[3],
				    x->dims[3]);
	lower_init(&c, OCTET_OP_DEPTHWISE);
	v = (struct window){ x->dims[1], y->dims[1], k->dims[1], o->stride_h, o->dilation_h };
	h = (struct window){ x->dims[2], y->dims[2], k->dims[2], o->stride_w, o->dilation_w };
	return conv(l, &c, &w, &v, &h);
}

/* The padding is that of the convolution that it transposes. */
int lower_tconv(struct lower *l, const struct octet_graph_op *op)
{
	const struct octet_opt_tconv *o = &op->opt.tconv;
	struct lower_weighted w = { lower_in(op, 2), lower_in(op, 1), lower_in(op, 3),
				    op->outputs[0], 0, 0, o->activation, false, o->bias_type };
	const struct octet_graph_tensor *x = lower_of(l, w.x), *k = lower_of(l, w.w);
	const struct octet_graph_tensor *y = lower_of(l, w.y);
	bool same = o->padding == OCTET_G_SAME;
	struct octet_low_cmd c;
	struct window v, h;
	int ret;

	if (check_rank(l, x, k, y))
		return LOWER_HOST;
	if (k->dims[3] != x->dims[3])
		return lower_refuse(l, "its weights have %u input channels, its input %u",
				    k->dims[3], x->dims[3]);
	v = (struct window){ y->dims[1], 0, k->dims[1], o->stride_h, 1 };
	h = (struct window){ y->dims[2], 0, k->dims[2], o->stride_w, 1 };
	if (v.stride < 1 || h.stride < 1)
		return lower_refuse(l, "its stride is 0");
	v.out = (v.in - (same ? 1 : v.taps) + v.stride) / v.stride;
	h.out = (h.in - (same ? 1 : h.taps) + h.stride) / h.stride;
	lower_init(&c, OCTET_OP_TCONV2D);
	ret = numbers(l, &c.cmd, &v, &h);
	if (!ret)
		ret = activations(l, &c, w.x, w.y);
	if (ret)
		return ret;
	weights(l, &c, w.w);
	return finish(l, &c, &w);
}
