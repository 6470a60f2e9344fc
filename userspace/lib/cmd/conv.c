// SPDX-License-Identifier: MIT
/* conv2d, conv1d and depthwise: shapes checked, one command packed. */

#include "cmd.h"

static int rank_check(struct octet_job *job, const struct octet_conv_call *c,
		      const struct octet_tensor *t, const char *role, uint32_t rank,
		      const char *order)
{
	char label[OCTET_LABEL_SIZE];

	if (t->rank == rank)
		return 0;
	octet_tensor_label(t, role, label, sizeof(label));
	return octet_set_error(job->ctx, -EINVAL, "%s: tensor %s has rank %u, must have %u: %s",
			       c->call, label, t->rank, rank, order);
}

/* 1-D is 2-D with one row. */
static int shapes(struct octet_job *job, struct octet_conv_call *c)
{
	const uint32_t *x = c->x->dims, *w = c->w->dims, *y = c->y->dims;
	const char *image = c->oned ? "[N,W,C]" : "[N,H,W,C]";
	const char *weights = c->depthwise ? "[R,S,C]" : c->oned ? "[O,S,I]" : "[O,R,S,I]";
	uint32_t one = c->oned ? 1 : 0;
	int ret;

	ret = rank_check(job, c, c->x, "x", 4 - one, image);
	if (!ret)
		ret = rank_check(job, c, c->y, "y", 4 - one, image);
	if (!ret)
		ret = rank_check(job, c, c->w, "w", c->depthwise ? 3 : 4 - one, weights);
	if (ret)
		return ret;
	c->n = x[0];
	c->h = one ? 1 : x[1];
	c->wd = x[2 - one];
	c->cin = x[3 - one];
	c->oh = one ? 1 : y[1];
	c->ow = y[2 - one];
	c->cout = y[3 - one];
	if (c->depthwise) {
		c->r = w[0];
		c->s = w[1];
		c->wcin = 1;
	} else {
		c->r = one ? 1 : w[1];
		c->s = w[2 - one];
		c->wcin = w[3 - one];
	}
	return 0;
}

static int defaults(struct octet_job *job, struct octet_conv_call *c)
{
	struct octet_conv_opts *o = &c->o;
	const char *bad = NULL;

	if (c->oned && (o->stride_h > 1 || o->dilation_h > 1 || o->pad_top || o->pad_bottom))
		return octet_set_error(
			job->ctx, -EINVAL,
			"%s: stride_h %u, dilation_h %u, pad_top %u, pad_bottom %u:"
			" a 1-D image has one row, use the fields of columns",
			c->call, o->stride_h, o->dilation_h, o->pad_top, o->pad_bottom);
	if (c->depthwise && o->groups > 1)
		return octet_set_error(job->ctx, -EINVAL,
				       "%s: groups is %u: a depthwise convolution takes 0", c->call,
				       o->groups);
	o->stride_h += !o->stride_h;
	o->stride_w += !o->stride_w;
	o->dilation_h += !o->dilation_h;
	o->dilation_w += !o->dilation_w;
	o->groups += !o->groups;
	if (o->stride_h > UINT16_MAX || o->stride_w > UINT16_MAX)
		bad = "stride";
	else if (o->dilation_h > UINT16_MAX || o->dilation_w > UINT16_MAX)
		bad = "dilation";
	else if (o->pad_top > UINT16_MAX || o->pad_left > UINT16_MAX ||
		 o->pad_bottom > UINT16_MAX || o->pad_right > UINT16_MAX)
		bad = "padding";
	else if (c->r > UINT16_MAX || c->s > UINT16_MAX)
		bad = "kernel";
	if (bad)
		return octet_set_error(job->ctx, -EINVAL, "%s: a %s is larger than %d", c->call,
				       bad, UINT16_MAX);
	return 0;
}

static int channels_check(struct octet_job *job, const struct octet_conv_call *c)
{
	char lx[OCTET_LABEL_SIZE], lw[OCTET_LABEL_SIZE], ly[OCTET_LABEL_SIZE];
	const uint32_t *w = c->w->dims;
	uint32_t g = c->o.groups, wout = w[c->depthwise ? 2 : 0];

	octet_tensor_label(c->x, "x", lx, sizeof(lx));
	octet_tensor_label(c->w, "w", lw, sizeof(lw));
	octet_tensor_label(c->y, "y", ly, sizeof(ly));
	if (c->x->dims[0] != c->y->dims[0])
		return octet_set_error(job->ctx, -EINVAL, "%s: tensor %s has %u images, %s has %u",
				       c->call, ly, c->y->dims[0], lx, c->x->dims[0]);
	if (wout != c->cout)
		return octet_set_error(job->ctx, -EINVAL,
				       "%s: tensor %s has %u output channels, %s has %u", c->call,
				       lw, wout, ly, c->cout);
	if (c->depthwise && c->cout % c->cin)
		return octet_set_error(job->ctx, -EINVAL,
				       "%s: tensor %s has %u channels, no multiple of the %u of %s",
				       c->call, ly, c->cout, c->cin, lx);
	if (c->depthwise)
		return 0;
	if (c->cin % g || c->cout % g)
		return octet_set_error(
			job->ctx, -EINVAL,
			"%s: groups is %u, which does not divide the %u channels of %s and the %u of %s",
			c->call, g, c->cin, lx, c->cout, ly);
	if (c->wcin != c->cin / g)
		return octet_set_error(
			job->ctx, -EINVAL,
			"%s: tensor %s has %u input channels, %s has %u and groups is %u", c->call,
			lw, c->wcin, lx, c->cin, g);
	return 0;
}

/* Output positions along one axis; 0 when the kernel is larger than the image. */
static uint64_t positions(uint64_t extent, uint64_t before, uint64_t after, uint64_t taps,
			  uint64_t dilation, uint64_t stride)
{
	uint64_t padded = extent + before + after, span = (taps - 1) * dilation + 1;

	return padded < span ? 0 : (padded - span) / stride + 1;
}

static int size_check(struct octet_job *job, const struct octet_conv_call *c)
{
	const struct octet_conv_opts *o = &c->o;
	char label[OCTET_LABEL_SIZE];
	uint64_t oh = positions(c->h, o->pad_top, o->pad_bottom, c->r, o->dilation_h, o->stride_h);
	uint64_t ow = positions(c->wd, o->pad_left, o->pad_right, c->s, o->dilation_w, o->stride_w);

	if (oh == c->oh && ow == c->ow)
		return 0;
	octet_tensor_label(c->y, "y", label, sizeof(label));
	if (!oh || !ow)
		return octet_set_error(
			job->ctx, -EINVAL,
			"%s: a %ux%u kernel with dilation %ux%u is larger than the padded image, %ux%u",
			c->call, c->r, c->s, o->dilation_h, o->dilation_w,
			c->h + o->pad_top + o->pad_bottom, c->wd + o->pad_left + o->pad_right);
	return octet_set_error(
		job->ctx, -EINVAL,
		"%s: tensor %s is %ux%u, but image, kernel, stride and padding give %llux%llu",
		c->call, label, c->oh, c->ow, (unsigned long long)oh, (unsigned long long)ow);
}

static int pad_value(struct octet_job *job, const struct octet_conv_call *c, int32_t *value)
{
	int32_t low = c->x->type == OCTET_INT8 ? -128 : 0;
	char label[OCTET_LABEL_SIZE];

	*value = c->o.has_pad_value ? c->o.pad_value : c->x->zero0;
	if (*value >= low && *value <= low + 255)
		return 0;
	octet_tensor_label(c->x, "x", label, sizeof(label));
	return octet_set_error(job->ctx, -EINVAL, "%s: pad_value %d is outside %d..%d of tensor %s",
			       c->call, *value, low, low + 255, label);
}

static void fill(const struct octet_conv_call *c, struct octet_cmd *cmd)
{
	const struct octet_conv_opts *o = &c->o;
	uint64_t out = octet_dtype_size(c->y->type);

	cmd->op = c->depthwise ? OCTET_OP_DEPTHWISE : OCTET_OP_CONV2D;
	cmd->n = c->n;
	cmd->n2 = 1;
	cmd->h = c->h;
	cmd->w = c->wd;
	cmd->cin = c->cin;
	cmd->oh = c->oh;
	cmd->ow = c->ow;
	cmd->cout = c->cout;
	cmd->groups = c->depthwise ? 1 : o->groups;
	cmd->r = (uint16_t)c->r;
	cmd->s = (uint16_t)c->s;
	cmd->sh = (uint16_t)o->stride_h;
	cmd->sw = (uint16_t)o->stride_w;
	cmd->dh = (uint16_t)o->dilation_h;
	cmd->dw = (uint16_t)o->dilation_w;
	cmd->pt = (uint16_t)o->pad_top;
	cmd->pl = (uint16_t)o->pad_left;
	octet_point_operand(&cmd->src, c->x);
	cmd->src.stride[3] = c->cin;
	cmd->src.stride[2] = (uint64_t)c->wd * c->cin;
	cmd->src.stride[1] = c->h * cmd->src.stride[2];
	octet_point_operand(&cmd->wgt, c->w);
	cmd->wgt.flags = OCTET_OPERAND_CONST;
	cmd->wgt.stride[3] = c->depthwise ? c->cout : c->wcin;
	cmd->wgt.stride[2] = c->s * cmd->wgt.stride[3];
	cmd->wgt.stride[1] = c->depthwise ? 0 : c->r * cmd->wgt.stride[2];
	octet_point_operand(&cmd->dst, c->y);
	cmd->dst.stride[3] = c->cout * out;
	cmd->dst.stride[2] = c->ow * cmd->dst.stride[3];
	cmd->dst.stride[1] = c->oh * cmd->dst.stride[2];
}

static int check(struct octet_job *job, struct octet_conv_call *c)
{
	int ret = shapes(job, c);

	if (!ret)
		ret = defaults(job, c);
	if (!ret)
		ret = channels_check(job, c);
	if (!ret)
		ret = size_check(job, c);
	return ret;
}

static int pack(struct octet_job *job, const struct octet_conv_call *c,
		const struct octet_output *out)
{
	const struct octet_want wants[] = {
		{ c->x, "x", OCTET_USE_READ },
		{ c->w, "w", OCTET_USE_READ | OCTET_USE_CONST },
		{ c->y, "y", OCTET_USE_WRITE },
		{ c->bias, "bias", OCTET_USE_CONST },
	};
	struct octet_planned *planned = octet_job_add(job, c->call);
	int ret;

	if (!planned)
		return octet_job_add_error(job);
	fill(c, &planned->cmd);
	planned->macs = (uint64_t)c->n * c->oh * c->ow * c->cout * c->r * c->s * c->wcin;
	ret = pad_value(job, c, &planned->cmd.pad_value);
	if (!ret)
		ret = octet_cmd_output(job, out, planned);
	if (!ret)
		ret = octet_job_uses(job, c->call, wants, 4);
	if (ret)
		octet_job_drop(job);
	return ret;
}

int octet_cmd_conv(struct octet_job *job, struct octet_conv_call *c,
		   const struct octet_conv_opts *opts)
{
	struct octet_output out;
	int ret;

	ret = octet_opts_in(job->ctx, "octet_conv_opts", opts, sizeof(c->o), &c->o);
	if (ret)
		return ret;
	out = (struct octet_output){
		.call = c->call,
		.x = c->x,
		.w = c->w,
		.bias = c->bias,
		.y = c->y,
		.x_role = "x",
		.w_role = "w",
		.w_axis = c->depthwise ? 2 : 0,
		.stage = c->o.stage,
		.activation = c->o.activation,
		.has_clamp = c->o.has_clamp,
		.clamp_min = c->o.clamp_min,
		.clamp_max = c->o.clamp_max,
	};
	ret = octet_cmd_tensors(job, &out);
	if (!ret)
		ret = check(job, c);
	if (ret)
		return ret;
	out.channels = c->cout;
	return pack(job, c, &out);
}
