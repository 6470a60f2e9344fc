// SPDX-License-Identifier: MIT
/* ADD, SUB, MUL, MAXIMUM, MINIMUM, SQUARED_DIFFERENCE, with broadcasts. */
#include <math.h>
#include <string.h>

#include "lower_priv.h"

/** struct trio - dimensions of the result with the strides of both inputs and itself */
struct trio {
	uint32_t count;
	uint32_t e[OCTET_GRAPH_RANK + 3];
	uint64_t s[3][OCTET_GRAPH_RANK + 3];
};

static bool gather(const struct lower *l, const int32_t tensors[3], struct trio *t)
{
	const struct octet_graph_tensor *y = lower_of(l, tensors[2]);

	t->count = y->rank;
	for (uint32_t d = 0; d < y->rank; d++)
		t->e[d] = y->dims[d];
	for (int i = 0; i < 3; i++) {
		const struct octet_graph_tensor *x = lower_of(l, tensors[i]);
		uint64_t strides[OCTET_GRAPH_RANK];
		uint32_t lead = y->rank - x->rank;

		if (x->rank > y->rank)
			return false;
		lower_strides(l, tensors[i], strides);
		for (uint32_t d = 0; d < y->rank; d++) {
			bool repeats = d < lead || x->dims[d - lead] == 1;

			t->s[i][d] = repeats ? 0 : strides[d - lead];
			if (!repeats && x->dims[d - lead] != y->dims[d])
				return false;
		}
	}
	return true;
}

/* Neighbours that all three step over alike become one; extents of 1 vanish. */
static void merge(struct trio *t)
{
	struct trio m = { .count = 0 };

	for (uint32_t d = 0; d < t->count; d++) {
		uint32_t k = m.count - 1;
		bool one = m.count > 0;

		if (t->e[d] == 1)
			continue;
		for (int i = 0; i < 3; i++)
			one = one && m.s[i][k] == t->s[i][d] * t->e[d];
		if (one && (uint64_t)m.e[k] * t->e[d] <= LOWER_EXTENT) {
			m.e[k] *= t->e[d];
		} else {
			k = m.count++;
			m.e[k] = t->e[d];
		}
		for (int i = 0; i < 3; i++)
			m.s[i][k] = t->s[i][d];
	}
	*t = m;
}

/* One long dimension is rows and channels. */
static void halve(struct trio *t, uint32_t size)
{
	uint32_t part = LOWER_ROW / size;

	if (t->e[0] <= part)
		return;
	while (t->e[0] % part)
		part--;
	t->e[1] = part;
	t->e[0] /= part;
	for (int i = 0; i < 3; i++) {
		t->s[i][1] = t->s[i][0];
		t->s[i][0] *= part;
	}
	t->count = 2;
}

/* As four dimensions: NHWC where there are four, else from the channels outwards. */
static bool four(struct trio *t, uint32_t size)
{
	static const uint8_t places[5][4] = { { 0 }, { 3 }, { 1, 3 }, { 1, 2, 3 }, { 0, 1, 2, 3 } };
	struct trio m = { .count = 4, .e = { 1, 1, 1, 1 } };

	if (t->count && (t->s[2][t->count - 1] != size && t->e[t->count - 1] > 1))
		t->count++;
	if (t->count > 4)
		return false;
	if (t->count == 1)
		halve(t, size);
	for (uint32_t k = 0; k < t->count; k++) {
		uint32_t at = places[t->count][k];

		m.e[at] = t->e[k] ? t->e[k] : 1;
		for (int i = 0; i < 3; i++)
			m.s[i][at] = t->s[i][k];
	}
	*t = m;
	for (int i = 0; i < 3; i++)
		if (m.e[3] > 1 && m.s[i][3] != size && (i == 2 || m.s[i][3]))
			return false;
	return true;
}

static int shapes(struct lower *l, struct octet_low_cmd *c, const int32_t tensors[3])
{
	static const enum octet_operand_index index[] = { OCTET_OPERAND_SRC, OCTET_OPERAND_SRC2,
							  OCTET_OPERAND_DST };
	struct trio t = { .count = 0 }, natural;
	uint32_t size = lower_type_size(lower_of(l, tensors[2])->type);
	struct lower_shape s[3];
	bool plain = true;

	if (!gather(l, tensors, &t))
		return lower_refuse(l, "its shapes do not broadcast");
	for (int i = 0; i < 3; i++)
		plain = plain && lower_shape(l, tensors[i], &s[i]) &&
			!memcmp(s[i].e, s[0].e, sizeof(s[0].e));
	for (int i = 0; i < 3 && plain; i++)
		if (lower_is_dense(l, tensors[0]) && lower_is_dense(l, tensors[1]) &&
		    lower_is_dense(l, tensors[2]))
			lower_tall(&s[i], size);
	natural = t;
	if (!plain && (t.count != 4 || !four(&natural, size))) {
		merge(&t);
		if (!four(&t, size))
			return lower_refuse(l, "its broadcast has more than four dimensions");
		natural = t;
	}
	for (int i = 0; i < 3; i++) {
		struct octet_operand *o = &(&c->cmd.src)[index[i]];

		if (!plain) {
			memcpy(s[i].e, natural.e, sizeof(s[i].e));
			memcpy(s[i].s, natural.s[i], sizeof(s[i].s));
		}
		lower_put(l, c, index[i], tensors[i], &s[i]);
		if (!plain && s[i].e[3] > 1 && !s[i].s[3])
			o->flags |= OCTET_OPERAND_REPEAT;
	}
	return 0;
}

/* XNNPACK: both inputs in units of 2^-shift of the result's step, one rounding. */
static int add_xnnpack(struct lower *l, struct octet_cmd *cmd, const float s[3])
{
	float ra = s[0] / s[2], rb = s[1] / s[2], most = ra > rb ? ra : rb;
	int exponent, shift;

	frexpf(most, &exponent);
	shift = 20 - (exponent - 1);
	if (shift < 12 || shift > 30)
		return lower_refuse(l, "a scale is %g times that of the result", (double)most);
	cmd->stage = OCTET_STAGE_FIX_UP;
	cmd->src.mult = (uint32_t)lrintf(ldexpf(ra, shift));
	cmd->src2.mult = (uint32_t)lrintf(ldexpf(rb, shift));
	cmd->dst.mult = 1;
	cmd->dst.shift = (uint32_t)shift;
	return 0;
}

static bool log2_of(float scale, int *exponent)
{
	return frexpf(scale, exponent) == 0.5f;
}

/* int16 with scales that are powers of two: a shift, then a saturating sum. */
static bool add_shifts(struct octet_cmd *cmd, const float s[3])
{
	struct octet_operand *in[2] = { &cmd->src, &cmd->src2 };
	int e[3], right[2];

	for (int i = 0; i < 3; i++)
		if (!log2_of(s[i], &e[i]))
			return false;
	for (int i = 0; i < 2; i++) {
		right[i] = e[2] - e[i];
		if (right[i] < 0 || right[i] > 31)
			return false;
	}
	if (right[0] && right[1])
		return false;
	cmd->stage = OCTET_STAGE_FIX_AWAY;
	for (int i = 0; i < 2; i++) {
		in[i]->mult = 1;
		in[i]->shift = (uint32_t)right[i];
	}
	cmd->dst.mult = 2;
	cmd->dst.shift = 1;
	return true;
}

static int add_scales(struct lower *l, struct octet_cmd *cmd, const float s[3], int left)
{
	const bool square = cmd->sub == OCTET_EW_SQDIFF;
	double twice = 2.0 * (double)(s[0] > s[1] ? s[0] : s[1]);
	double out = (square ? twice * twice : twice) /
		     ((double)(1 << (square ? 2 * left : left)) * (double)s[2]);
	int ret;

	cmd->stage = OCTET_STAGE_FIX_DBL;
	cmd->left_shift = (uint32_t)left;
	ret = lower_mult(l, OCTET_STAGE_FIX_DBL, (double)s[0] / twice, &cmd->src.mult,
			 &cmd->src.shift);
	if (!ret)
		ret = lower_mult(l, OCTET_STAGE_FIX_DBL, (double)s[1] / twice, &cmd->src2.mult,
				 &cmd->src2.shift);
	if (!ret)
		ret = lower_mult(l, OCTET_STAGE_FIX_DBL, out, &cmd->dst.mult, &cmd->dst.shift);
	return ret;
}

static int mul_scales(struct lower *l, struct octet_cmd *cmd, const float s[3])
{
	bool fp32 = l->o.flavour == OCTET_FLAVOUR_XNNPACK &&
		    cmd->dst.type != OCTET_TYPE_INT16;
	/* TFLite computes this one in float32, too. */
	float product = s[0] * s[1], factor = product / s[2];

	cmd->stage = fp32 ? OCTET_STAGE_FP32_RNE : OCTET_STAGE_FIX_DBL;
	return lower_mult(l, (enum octet_stage)cmd->stage, (double)factor, &cmd->dst.mult,
			  &cmd->dst.shift);
}

static int scales(struct lower *l, const struct octet_graph_op *op, struct octet_cmd *cmd,
		  const struct octet_graph_tensor *const t[3])
{
	const float s[3] = { t[0]->scale[0], t[1]->scale[0], t[2]->scale[0] };
	bool wide = t[2]->type == OCTET_INT16;

	cmd->src.zero_point = lower_zero(t[0]);
	cmd->src2.zero_point = lower_zero(t[1]);
	cmd->dst.zero_point = lower_zero(t[2]);
	switch (op->code) {
	case OCTET_G_MUL:
		return mul_scales(l, cmd, s);
	case OCTET_G_SQUARED_DIFFERENCE:
		return add_scales(l, cmd, s, 7);
	default:
		if (wide && op->opt.arith.pot_scale && add_shifts(cmd, s))
			return 0;
		if (l->o.flavour == OCTET_FLAVOUR_XNNPACK && !wide)
			return add_xnnpack(l, cmd, s);
		return add_scales(l, cmd, s, wide ? 15 : 20);
	}
}

static int variant(uint32_t code)
{
	switch (code) {
	case OCTET_G_ADD:
		return OCTET_EW_ADD;
	case OCTET_G_SUB:
		return OCTET_EW_SUB;
	case OCTET_G_MUL:
		return OCTET_EW_MUL;
	case OCTET_G_MINIMUM:
		return OCTET_EW_MIN;
	case OCTET_G_MAXIMUM:
		return OCTET_EW_MAX;
	default:
		return OCTET_EW_SQDIFF;
	}
}

static int check_types(struct lower *l, const struct octet_graph_op *op,
		       const struct octet_graph_tensor *const t[3])
{
	bool order = op->code == OCTET_G_MINIMUM || op->code == OCTET_G_MAXIMUM;

	for (int i = 0; i < 3; i++) {
		if (!t[i] || (!lower_is8(t[i]) && t[i]->type != OCTET_INT16) ||
		    t[i]->type != t[0]->type)
			return lower_refuse(l, "the device has none of %s, %s and %s",
					    octet_graph_type_name(t[0]->type),
					    octet_graph_type_name(t[1]->type),
					    octet_graph_type_name(t[2]->type));
		if (order ? !lower_same(t[i], t[0]) : t[i]->quants != 1)
			return lower_refuse(l, order ? "its scales or zero points differ" :
					    "a tensor has no quantization");
		if (t[i]->type == OCTET_INT16 && !order && lower_zero(t[i]))
			return lower_refuse(l, "an int16 zero point is not 0");
	}
	if (op->code == OCTET_G_SQUARED_DIFFERENCE && t[0]->type != OCTET_INT8)
		return lower_refuse(l, "its types are %s", octet_graph_type_name(t[0]->type));
	return 0;
}

int lower_ew(struct lower *l, const struct octet_graph_op *op)
{
	const int32_t tensors[3] = { lower_in(op, 0), lower_in(op, 1), op->outputs[0] };
	const struct octet_graph_tensor *const t[3] = {
		lower_of(l, tensors[0]), lower_of(l, tensors[1]), lower_of(l, tensors[2]),
	};
	struct octet_low_cmd c;
	int32_t act = OCTET_G_ACT_NONE;
	int ret;

	if (!t[0] || !t[1])
		return lower_refuse(l, "an input is missing");
	lower_init(&c, OCTET_OP_EW);
	c.cmd.sub = (uint8_t)variant(op->code);
	ret = check_types(l, op, t);
	if (!ret)
		ret = shapes(l, &c, tensors);
	if (!ret && c.cmd.sub != OCTET_EW_MIN && c.cmd.sub != OCTET_EW_MAX)
		ret = scales(l, op, &c.cmd, t);
	if (c.cmd.sub <= OCTET_EW_MUL)
		act = op->opt.arith.activation;
	if (!ret)
		ret = lower_act(l, t[2], act, &c.cmd.act_min, &c.cmd.act_max);
	return ret ? ret : lower_emit(l, &c);
}
