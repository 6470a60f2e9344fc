// SPDX-License-Identifier: MIT
/*
 * Numbers of the output stage: multipliers, clamps, records. Which products
 * are rounded to float32 decides bits; it follows TFLite and XNNPACK.
 */
#include <math.h>
#include <stdlib.h>

#include "lower_priv.h"

#define TFLITE_INT32 2	/* number of the type in options */

enum octet_stage lower_stage_weights(const struct lower *l)
{
	switch (l->o.flavour) {
	case OCTET_FLAVOUR_TFLITE_OPT:
		return OCTET_STAGE_FIX_DBL_UP;
	case OCTET_FLAVOUR_XNNPACK:
		return OCTET_STAGE_FP32_RNE;
	default:
		return OCTET_STAGE_FIX_DBL;
	}
}

int lower_mult(struct lower *l, enum octet_stage stage, double factor, uint32_t *mult,
	       uint32_t *shift)
{
	int exponent;

	/* TFLite: below the smallest shift the multiplier is 0. */
	if (stage != OCTET_STAGE_FP32_RNE && factor >= 0 && isfinite(factor)) {
		double m = frexp(factor, &exponent);

		exponent = factor > 0 ? exponent : -99;
		if (exponent < -31 && !(exponent == -32 && round(m * 0x1p31) == 0x1p31)) {
			*mult = 0;
			*shift = 31;
			return 0;
		}
	}
	if (octet_requant((enum octet_stage_code)stage, factor, mult, shift))
		return lower_refuse(l, "the factor %g of its scales cannot be expressed in %s",
				    factor, octet_stage_name((enum octet_stage_code)stage));
	return 0;
}

void lower_limits(enum octet_dtype type, int32_t *min, int32_t *max)
{
	*min = type == OCTET_INT8 ? -128 : type == OCTET_INT16 ? -32768 :
	       type == OCTET_INT32 ? INT32_MIN : 0;
	*max = type == OCTET_INT8 ? 127 : type == OCTET_INT16 ? 32767 :
	       type == OCTET_INT32 ? INT32_MAX : 255;
}

/* Quantize() of an activation bound in float32, saturated far outside all types. */
static int32_t bound(const struct lower *l, const struct octet_graph_tensor *y, float value)
{
	float steps = value / lower_scale(y);

	steps = l->o.flavour == OCTET_FLAVOUR_XNNPACK ? rintf(steps) : roundf(steps);
	if (steps > 0x1p24f)
		steps = 0x1p24f;
	if (steps < -0x1p24f)
		steps = -0x1p24f;
	return lower_zero(y) + (int32_t)steps;
}

int lower_act(struct lower *l, const struct octet_graph_tensor *y, int32_t activation,
	      int32_t *min, int32_t *max)
{
	int32_t low, high;

	lower_limits(y->type, min, max);
	low = *min;
	high = *max;
	switch (activation) {
	case OCTET_G_ACT_NONE:
		return 0;
	case OCTET_G_ACT_RELU:
		low = bound(l, y, 0);
		break;
	case OCTET_G_ACT_RELU6:
		low = bound(l, y, 0);
		high = bound(l, y, 6);
		break;
	case OCTET_G_ACT_RELU_N1_TO_1:
		low = bound(l, y, -1);
		high = bound(l, y, 1);
		break;
	default:
		return lower_refuse(l, "its fused activation %d is no clamp", activation);
	}
	*min = low > *min ? low : *min;
	*max = high < *max ? high : *max;
	if (*min > *max)
		return lower_refuse(l, "its fused activation leaves no code of the result");
	return 0;
}

/* One per output channel. */
struct channel {
	uint32_t mult, shift;
	int32_t zero;
};

/*
 * Does TFLite sum an int16 operator in 32 bits, and round it as it rounds 8-bit results? With
 * a bias of int32, and in some operators without any.
 */
static bool narrow_sums(const struct lower *l, const struct lower_weighted *w)
{
	const struct octet_graph_tensor *b = lower_of(l, w->bias);
	uint32_t code = l->g->ops[l->op].code;

	if (b)
		return b->type == OCTET_INT32 || w->bias_type == TFLITE_INT32;
	return w->bias_type == TFLITE_INT32 || code == OCTET_G_FULLY_CONNECTED ||
	       code == OCTET_G_TRANSPOSE_CONV;
}

static int check_types(struct lower *l, const struct lower_weighted *w)
{
	const struct octet_graph_tensor *x = lower_of(l, w->x), *wt = lower_of(l, w->w);
	const struct octet_graph_tensor *y = lower_of(l, w->y), *b = lower_of(l, w->bias);
	bool wide = x->type == OCTET_INT16;

	if (!lower_is8(x) && !wide)
		return lower_refuse(l, "its input is %s", octet_graph_type_name(x->type));
	if (wt->type != OCTET_INT8 && wt->type != OCTET_INT4 && (wide || wt->type != OCTET_UINT8))
		return lower_refuse(l, "its weights are %s and its input %s",
				    octet_graph_type_name(wt->type),
				    octet_graph_type_name(x->type));
	if (wide ? y->type != OCTET_INT16 : !lower_is8(y))
		return lower_refuse(l, "its input is %s and its result %s",
				    octet_graph_type_name(x->type),
				    octet_graph_type_name(y->type));
	if (x->quants != 1 || y->quants != 1 || !wt->quants)
		return lower_refuse(l, "input, weights or result have no quantization");
	if (wt->quants > 1 && (wt->axis != w->axis || wt->quants != w->channels))
		return lower_refuse(l, "its weights have scales along dimension %u", wt->axis);
	if (wide && (lower_zero(x) || lower_zero(y)))
		return lower_refuse(l, "an int16 zero point is not 0");
	if (wide && narrow_sums(l, w))
		return lower_refuse(l, "its int16 sums have 32 bits, by its bias or the lack of one");
	if (!b)
		return 0;
	if (!lower_data(l, w->bias))
		return lower_refuse(l, "its bias is computed");
	if (b->elements != w->channels)
		return lower_refuse(l, "its bias has %llu values for %u channels",
				    (unsigned long long)b->elements, w->channels);
	if (b->type != OCTET_INT32 && (!wide || b->type != OCTET_INT64))
		return lower_refuse(l, "its bias is %s", octet_graph_type_name(b->type));
	return 0;
}

static double factor(const struct lower *l, const struct lower_weighted *w, uint32_t c)
{
	const struct octet_graph_tensor *x = lower_of(l, w->x), *wt = lower_of(l, w->w);
	const struct octet_graph_tensor *y = lower_of(l, w->y);
	float s_w = wt->scale[wt->quants > 1 ? c : 0];

	bool fp32 = l->o.flavour == OCTET_FLAVOUR_XNNPACK && x->type != OCTET_INT16;
	float product = x->scale[0] * s_w, quotient = product / y->scale[0];

	if (fp32)
		return (double)quotient;
	if (w->product32 && wt->quants == 1)
		return (double)product / (double)y->scale[0];
	return (double)x->scale[0] * (double)s_w / (double)y->scale[0];
}

/* TFLite's 16 bit multiplier of a 32 bit one. */
static int narrow(struct lower *l, struct channel *ch)
{
	int32_t shift = (int32_t)ch->shift - 16;

	if (shift < OCTET_SHIFT_MIN)
		return lower_refuse(l, "a factor of its scales is too large for int16");
	ch->mult = ch->mult < 0x7fff0000u ? (ch->mult + (1u << 15)) >> 16 : 0x7fff;
	ch->shift = (uint32_t)shift;
	return 0;
}

static int channels(struct lower *l, const struct lower_weighted *w, enum octet_stage stage,
		    struct channel *ch, bool *uniform, bool *plain)
{
	const struct octet_graph_tensor *wt = lower_of(l, w->w);
	bool wide = lower_of(l, w->x)->type == OCTET_INT16;
	int ret;

	*uniform = true;
	*plain = true;
	for (uint32_t c = 0; c < w->channels; c++) {
		ret = lower_mult(l, stage, factor(l, w, c), &ch[c].mult, &ch[c].shift);
		if (!ret && wide)
			ret = narrow(l, &ch[c]);
		if (ret)
			return ret;
		ch[c].zero = wt->zero_point[wt->quants > 1 ? c : 0];
		if (wide && ch[c].zero)
			return lower_refuse(l, "weights for int16 have a zero point");
		if (ch[c].shift != ch[0].shift || ch[c].zero != ch[0].zero)
			*plain = false;
		if (ch[c].mult != ch[0].mult)
			*uniform = false;
	}
	*uniform = *uniform && *plain;
	return 0;
}

static int64_t bias_at(const struct lower *l, int32_t bias, uint32_t c)
{
	const struct octet_graph_tensor *b = lower_of(l, bias);
	const void *data = b ? lower_data(l, bias) : NULL;

	if (!data)
		return 0;
	return b->type == OCTET_INT64 ? ((const int64_t *)data)[c] : ((const int32_t *)data)[c];
}

static int record_operand(struct lower *l, struct octet_low_cmd *c, enum octet_operand_index i,
			  void *data, uint64_t bytes)
{
	struct octet_operand *o = &(&c->cmd.src)[i];

	o->space = OCTET_SPACE_VA;
	return lower_tensor(l, bytes, data, &c->tensor[i]);
}

static int records(struct lower *l, struct octet_low_cmd *c, const struct lower_weighted *w,
		   const struct channel *ch)
{
	bool wide = lower_of(l, w->x)->type == OCTET_INT16;
	size_t size = wide ? sizeof(struct octet_param16) : sizeof(struct octet_param);
	void *data = calloc(w->channels, size);

	if (!data)
		return -ENOMEM;
	for (uint32_t i = 0; i < w->channels; i++) {
		int64_t bias = bias_at(l, w->bias, i);

		if (bias < -((int64_t)1 << 47) || bias >= (int64_t)1 << 47) {
			free(data);
			return lower_refuse(l, "bias %u is %lld, over 48 bits", i, (long long)bias);
		}
		/* There TFLite's result loses its high bits; the device would clamp. */
		if (wide && fabs(ldexp((double)bias * ch[i].mult, -(int)ch[i].shift)) > 0x1p30) {
			free(data);
			return lower_refuse(l, "bias %u is %lld, beyond an int32 result", i,
					    (long long)bias);
		}
		if (wide)
			((struct octet_param16 *)data)[i] = (struct octet_param16){
				.bias = bias, .mult = ch[i].mult, .shift = (uint8_t)ch[i].shift,
			};
		else
			((struct octet_param *)data)[i] = (struct octet_param){
				.bias = (int32_t)bias, .mult = ch[i].mult,
			};
	}
	return record_operand(l, c, OCTET_OPERAND_PRM, data, w->channels * size);
}

static int side_records(struct lower *l, struct octet_low_cmd *c, const struct lower_weighted *w,
			const struct channel *ch)
{
	struct octet_channel *data = calloc(w->channels, sizeof(*data));

	if (!data)
		return -ENOMEM;
	for (uint32_t i = 0; i < w->channels; i++) {
		data[i].shift = (uint8_t)ch[i].shift;
		data[i].zero_point = (int16_t)ch[i].zero;
	}
	return record_operand(l, c, OCTET_OPERAND_CHN, data, w->channels * sizeof(*data));
}

static int fill(struct lower *l, struct octet_low_cmd *c, const struct lower_weighted *w,
		struct channel *ch)
{
	bool wide = lower_of(l, w->x)->type == OCTET_INT16, uniform, plain;
	int ret = channels(l, w, (enum octet_stage)c->cmd.stage, ch, &uniform, &plain);

	if (ret)
		return ret;
	if (uniform) {
		c->cmd.dst.mult = ch[0].mult;
		c->cmd.dst.shift = ch[0].shift;
	}
	if (plain && !wide)
		c->cmd.dst.shift = ch[0].shift;
	if (plain)
		c->cmd.wgt.zero_point = ch[0].zero;
	if (uniform && w->bias < 0)
		return 0;
	if (uniform)
		c->cmd.flags |= OCTET_CMD_PER_TENSOR;
	ret = records(l, c, w, ch);
	if (!ret && !plain && !wide)
		ret = side_records(l, c, w, ch);
	return ret;
}

int lower_output(struct lower *l, struct octet_low_cmd *c, const struct lower_weighted *w)
{
	bool wide = lower_of(l, w->x)->type == OCTET_INT16;
	struct channel *ch;
	int ret = check_types(l, w);

	if (!ret)
		ret = lower_act(l, lower_of(l, w->y), w->act, &c->cmd.act_min, &c->cmd.act_max);
	if (ret)
		return ret;
	c->cmd.stage = wide ? OCTET_STAGE_FIX_UP : (uint8_t)lower_stage_weights(l);
	c->cmd.src.zero_point = lower_zero(lower_of(l, w->x));
	c->cmd.dst.zero_point = lower_zero(lower_of(l, w->y));
	ch = calloc(w->channels, sizeof(*ch));
	if (!ch)
		return -ENOMEM;
	ret = fill(l, c, w, ch);
	free(ch);
	return ret;
}
