// SPDX-License-Identifier: MIT
/*
 * RELU, RELU6, LEAKY_RELU and QUANTIZE of int16: a product with 1, whose output
 * stage has the factor. Both sides of LEAKY_RELU are computed, the larger one is
 * the result; with slopes up to 1/2 rounding cannot change which one that is.
 */
#include <stdlib.h>

#include "lower_priv.h"

static int one(struct lower *l, int32_t *tensor)
{
	int16_t *data = malloc(sizeof(*data));

	if (!data)
		return -ENOMEM;
	*data = 1;
	return lower_tensor(l, sizeof(*data), data, tensor);
}

/* @x times @factor into @y: -1: a tensor made here */
static int scaled(struct lower *l, int32_t x, int32_t *y, double factor, int32_t min,
		  int32_t max)
{
	struct lower_shape s, unit = { { 1, 1, 1, 1 }, { 0, 0, 0, 2 } };
	struct octet_low_cmd c;
	int32_t unity;
	int ret = one(l, &unity);

	if (!ret && *y < 0)
		ret = lower_tensor(l, lower_of(l, x)->bytes, NULL, y);
	if (ret)
		return ret;
	if (!lower_is_dense(l, x) || !lower_shape(l, x, &s))
		return lower_refuse(l, "its channels do not lie side by side");
	lower_tall(&s, 2);
	lower_init(&c, OCTET_OP_EW);
	c.cmd.sub = OCTET_EW_MUL;
	c.cmd.stage = OCTET_STAGE_FIX_DBL;
	c.cmd.act_min = min;
	c.cmd.act_max = max;
	lower_put(l, &c, OCTET_OPERAND_SRC, x, &s);
	lower_put(l, &c, OCTET_OPERAND_SRC2, unity, &unit);
	c.cmd.src2.stride[3] = 0;
	c.cmd.src2.flags = OCTET_OPERAND_REPEAT;
	c.cmd.src2.type = OCTET_TYPE_INT16;
	lower_put(l, &c, OCTET_OPERAND_DST, *y, &s);
	c.cmd.dst.type = OCTET_TYPE_INT16;
	ret = lower_mult(l, OCTET_STAGE_FIX_DBL, factor, &c.cmd.dst.mult, &c.cmd.dst.shift);
	return ret ? ret : lower_emit(l, &c);
}

static int larger(struct lower *l, int32_t x, int32_t a, int32_t b, int32_t y)
{
	struct lower_shape s;
	struct octet_low_cmd c;

	if (!lower_shape(l, x, &s) || !lower_is_dense(l, y))
		return lower_refuse(l, "its channels do not lie side by side");
	lower_tall(&s, 2);
	lower_init(&c, OCTET_OP_EW);
	c.cmd.sub = OCTET_EW_MAX;
	lower_limits(OCTET_INT16, &c.cmd.act_min, &c.cmd.act_max);
	lower_put(l, &c, OCTET_OPERAND_SRC, a, &s);
	lower_put(l, &c, OCTET_OPERAND_SRC2, b, &s);
	lower_put(l, &c, OCTET_OPERAND_DST, y, &s);
	c.cmd.src.type = OCTET_TYPE_INT16;
	c.cmd.src2.type = OCTET_TYPE_INT16;
	return lower_emit(l, &c);
}

int lower_wide(struct lower *l, const struct octet_graph_op *op)
{
	int32_t in = lower_in(op, 0), out = op->outputs[0], high = -1, low = -1, min, max;
	const struct octet_graph_tensor *x = lower_of(l, in), *y = lower_of(l, out);
	int32_t act = op->code == OCTET_G_RELU6 ? OCTET_G_ACT_RELU6 :
		      op->code == OCTET_G_RELU ? OCTET_G_ACT_RELU : OCTET_G_ACT_NONE;
	float ratio = lower_scale(x) / lower_scale(y), alpha = op->opt.leaky.alpha;
	float product = lower_scale(x) * alpha;
	int ret = lower_act(l, y, act, &min, &max);

	if (ret || lower_zero(x) || lower_zero(y) || !lower_is_dense(l, out))
		return ret ? ret : lower_refuse(l, "an int16 zero point is not 0");
	if (op->code == OCTET_G_QUANTIZE)
		return scaled(l, in, &out, (double)lower_scale(x) / (double)lower_scale(y), min,
			      max);
	if (op->code != OCTET_G_LEAKY_RELU)
		return scaled(l, in, &out, (double)ratio, min, max);
	if (!(alpha >= 0 && alpha <= 0.5f))
		return lower_refuse(l, "its slope is %g, not 0 to 0.5", (double)alpha);
	ret = scaled(l, in, &high, (double)ratio, min, max);
	if (!ret)
		ret = scaled(l, in, &low, (double)(product / lower_scale(y)), min, max);
	return ret ? ret : larger(l, in, high, low, out);
}
