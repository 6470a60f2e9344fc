// SPDX-License-Identifier: MIT
/*
 * Commands as software would write them, from what opinfo.c says an operation has:
 * valid, but for what is rare; fuzz_mutate() then changes some. With the records
 * and tables that they name.
 */
#include <string.h>

#include "fuzz.h"

/* Offsets of operands in the data */
#define AT_SRC		0x0000
#define AT_WGT		0x2000
#define AT_SRC2		0x4000
#define AT_DST		0x8000
#define AT_RECORDS	0x100000
#define AT_TABLE	0x110000

typedef const struct octet_op_info info_t;

static uint32_t few(struct fuzz *f, uint32_t most)
{
	return 1 + fuzz_byte(f) % most;
}

static bool rarely(struct fuzz *f, unsigned int one_in)
{
	return fuzz_byte(f) % one_in == one_in - 1;
}

/* A bit of @mask, which has one. */
static uint8_t one_of(struct fuzz *f, uint32_t mask)
{
	unsigned int n = fuzz_byte(f) % (unsigned int)__builtin_popcount(mask);

	while (n--)
		mask &= mask - 1;
	return (uint8_t)__builtin_ctz(mask);
}

void fuzz_mutate(struct fuzz *f, void *record, size_t size)
{
	uint8_t times = fuzz_byte(f);

	if (times < 0xc0)
		return;
	for (times &= 3; times != 0xff; times--) {
		size_t at = (fuzz_byte(f) | (size_t)fuzz_byte(f) << 8) % (size / 4) * 4;
		uint32_t v = fuzz_value(f);

		memcpy((uint8_t *)record + at, &v, sizeof(v));
	}
}

/*
 * Dense strides of the dimensions @ext from the innermost on, or in another order, with
 * gaps or broadcasts now and then. An extent of 0 is a stride that is not there.
 */
static void layout(struct fuzz *f, struct octet_operand *o, const uint32_t ext[4], uint64_t run,
		   bool any_order)
{
	uint8_t gap = fuzz_byte(f), turn = any_order ? fuzz_byte(f) & 3 : 0;
	uint64_t stride = run *= octet_type_size(o->type);

	if (o->space == OCTET_SPACE_LINK || o->type == OCTET_TYPE_INT4)
		return;
	for (int k = 3; k >= 0; k--) {
		int i = (k + turn) & 3;

		if (!ext[i])
			continue;
		if ((gap >> i & 1) && gap < 64)
			stride += 4 * (gap & 15);
		o->stride[i] = stride;
		if ((gap >> i & 1) && gap >= 64 && gap < 96)
			o->stride[i] = 0;
		stride *= ext[i];
	}
}

static void image(struct fuzz *f, const struct octet_cmd *c, struct octet_operand *o, uint32_t h,
		  uint32_t w, uint32_t channels)
{
	if (o->space == OCTET_SPACE_NONE)
		return;
	if (c->op == OCTET_OP_COPY)
		layout(f, o, (uint32_t[]){ c->n, h, w, channels }, 1, true);
	else if (o->flags & OCTET_OPERAND_REPEAT)
		layout(f, o, (uint32_t[]){ 0, c->n, h, w }, 1, false);
	else
		layout(f, o, (uint32_t[]){ 0, c->n, h, w }, channels, false);
}

static void layouts(struct fuzz *f, struct octet_cmd *c)
{
	uint32_t ci = c->groups ? c->cin / c->groups : 1;

	image(f, c, &c->src, c->h, c->w, c->cin);
	image(f, c, &c->src2, c->oh, c->ow, c->cout);
	image(f, c, &c->dst, c->oh, c->ow, c->cout);
	if (c->op == OCTET_OP_DEPTHWISE)
		layout(f, &c->wgt, (uint32_t[]){ 0, 0, c->r, c->s }, c->cout, false);
	else if (c->wgt.space)
		layout(f, &c->wgt, (uint32_t[]){ 0, c->cout, c->r, c->s }, ci, false);
}

static void layouts_gemm(struct fuzz *f, struct octet_cmd *c)
{
	bool ta = c->src.flags & OCTET_OPERAND_TRANSPOSED;
	bool tb = c->wgt.flags & OCTET_OPERAND_TRANSPOSED;

	layout(f, &c->src, (uint32_t[]){ c->n2, c->n, ta ? c->cin : c->h, 0 },
	       ta ? c->h : c->cin, false);
	layout(f, &c->wgt, (uint32_t[]){ c->n2, c->n, tb ? c->cout : c->cin, 0 },
	       tb ? c->cin : c->cout, false);
	layout(f, &c->dst, (uint32_t[]){ c->n2, c->n, c->h, 0 }, c->cout, false);
	if (c->src2.space)
		layout(f, &c->src2, (uint32_t[]){ c->n2, c->n, c->h, 0 }, c->cout, false);
}

static void window(struct fuzz *f, struct octet_cmd *c, uint8_t how)
{
	c->r = (__u16)few(f, 4);
	c->s = (__u16)few(f, 4);
	c->sh = how & 2 ? 2 : 1;
	c->sw = how & 4 ? 2 : 1;
	c->pt = how >> 6 & 1;
	c->pl = how >> 7 & 1;
}

static uint32_t outputs(uint32_t in, uint32_t pad, uint32_t step)
{
	return (in + pad - 1) / step + 1;
}

static void shape_pool(struct fuzz *f, struct octet_cmd *c, uint8_t how)
{
	c->cin = c->cout = few(f, 40);
	window(f, c, how);
	c->pt = c->pt < c->r ? c->pt : 0;
	c->pl = c->pl < c->s ? c->pl : 0;
	c->oh = outputs(c->h, c->pt, c->sh);
	c->ow = outputs(c->w, c->pl, c->sw);
}

static void shape_conv(struct fuzz *f, struct octet_cmd *c, uint8_t how)
{
	c->groups = 1 + (how & 1);
	c->cin = c->groups * few(f, 20);
	c->cout = c->groups * few(f, 40);
	if (c->op == OCTET_OP_DEPTHWISE) {
		c->groups = 1;
		c->cout = c->cin * (1 + (how & 1));
	}
	window(f, c, how);
	if (c->op != OCTET_OP_TCONV2D) {
		c->dh = how & 16 ? 2 : 1;
		c->dw = how & 32 ? 2 : 1;
	}
	c->oh = few(f, 7);
	c->ow = few(f, 7);
}

static void shape(struct fuzz *f, struct octet_cmd *c, info_t *info)
{
	uint8_t how = fuzz_byte(f);

	if (info->shape == OCTET_SHAPE_GEMM) {
		c->n = 1 + (how & 1);
		c->n2 = 1 + (how >> 1 & 1);
		c->h = c->oh = few(f, 40);
		c->cin = few(f, 255);
		c->cout = few(f, 40);
		c->src.flags |= how & 4 ? OCTET_OPERAND_TRANSPOSED : 0;
		c->wgt.flags |= how & 8 ? OCTET_OPERAND_TRANSPOSED : 0;
		layouts_gemm(f, c);
		return;
	}
	c->n = how & 8 ? 2 : 1;
	c->h = c->oh = few(f, 9);
	c->w = c->ow = few(f, 9);
	c->cin = c->cout = few(f, how & 1 ? 200 : 20);
	switch (info->shape) {
	case OCTET_SHAPE_POOL:
		shape_pool(f, c, how);
		break;
	case OCTET_SHAPE_REDUCE:
		c->cout = 1;
		break;
	case OCTET_SHAPE_RESIZE:
		c->oh = few(f, 12);
		c->ow = few(f, 12);
		break;
	case OCTET_SHAPE_SAME:
	case OCTET_SHAPE_SOFTMAX:
		break;
	default:
		shape_conv(f, c, how);
	}
	layouts(f, c);
}

static uint32_t multiplier(struct fuzz *f, uint8_t stage, bool wide)
{
	uint32_t v = fuzz_word(f);

	if (stage == OCTET_STAGE_RAW)
		return 0;
	if (stage == OCTET_STAGE_FP32_RNE)
		return OCTET_FP32_SCALE_MIN +
		       v % (OCTET_FP32_SCALE_END - OCTET_FP32_SCALE_MIN);
	return v & (wide ? OCTET_MULT16_MAX : OCTET_MULT_MAX);
}

static uint32_t shift(struct fuzz *f, uint8_t stage)
{
	uint8_t v = fuzz_byte(f);

	if (stage == OCTET_STAGE_RAW || stage == OCTET_STAGE_FP32_RNE)
		return 0;
	return OCTET_SHIFT_MIN + v % OCTET_SHIFT_MAX;
}

static void range(uint8_t type, int32_t *lo, int32_t *hi)
{
	*lo = INT32_MIN;
	*hi = INT32_MAX;
	if (type == OCTET_TYPE_INT4) {
		*lo = -8;
		*hi = 7;
	} else if (type == OCTET_TYPE_INT8 || type == OCTET_TYPE_UINT8) {
		*lo = type == OCTET_TYPE_INT8 ? -128 : 0;
		*hi = *lo + 255;
	} else if (type == OCTET_TYPE_INT16) {
		*lo = INT16_MIN;
		*hi = INT16_MAX;
	}
}

/* A value of the type, of int32 a small one. */
static int32_t in_range(struct fuzz *f, uint8_t type)
{
	int32_t lo, hi;

	range(type, &lo, &hi);
	if (type == OCTET_TYPE_INT32)
		return (int8_t)fuzz_byte(f);
	if (type == OCTET_TYPE_INT16)
		return (int16_t)(fuzz_byte(f) << 8 | fuzz_byte(f));
	return lo + fuzz_byte(f) % (hi - lo + 1);
}

static void clamps(struct fuzz *f, uint8_t type, int32_t *lo, int32_t *hi)
{
	uint8_t how = fuzz_byte(f);

	range(type, lo, hi);
	if (how & 1)
		*lo = in_range(f, type);
	if (how & 2) {
		int32_t v = in_range(f, type);

		*hi = v < *lo ? *lo : v;
	}
}

static void records(struct fuzz *f, struct octet_cmd *c, bool wide)
{
	uint8_t how = fuzz_byte(f);

	if (how & 1)
		c->prm = (struct octet_operand){ .addr = FUZZ_VA + AT_RECORDS,
						 .space = OCTET_SPACE_VA };
	if ((how & 2) && !wide)
		c->chn = (struct octet_operand){ .addr = FUZZ_VA + AT_RECORDS + 0x2000,
						 .space = OCTET_SPACE_VA };
	if (how & 4)
		c->flags |= OCTET_CMD_PER_TENSOR;
	for (uint32_t i = 0; i < c->cout && (how & 3); i++) {
		int32_t bias = (int32_t)fuzz_word(f);
		struct octet_param p = { bias, multiplier(f, c->stage, wide) };
		struct octet_channel n = { (uint8_t)shift(f, c->stage), 0, 0 };
		struct octet_param16 q = { (__s64)bias * (1 << (how >> 4)), p.mult, n.shift, { 0 } };

		n.zero_point = (__s16)in_range(f, c->wgt.type);
		if (wide)
			fuzz_store(FUZZ_DATA + AT_RECORDS + 16 * i, &q, sizeof(q));
		else
			fuzz_store(FUZZ_DATA + AT_RECORDS + 8 * i, &p, sizeof(p));
		fuzz_store(FUZZ_DATA + AT_RECORDS + 0x2000 + 4 * i, &n, sizeof(n));
	}
}

static struct octet_tap tap(struct fuzz *f, uint32_t extent)
{
	struct octet_tap t = { fuzz_byte(f) % extent, fuzz_byte(f) % extent, 0, 0 };

	t.weight = (int32_t)(fuzz_word(f) % 2049) - 1024;
	return t;
}

static void table(struct fuzz *f, struct octet_cmd *c, info_t *info)
{
	enum octet_table kind = octet_cmd_table(c, info);
	uint32_t x = fuzz_word(f);

	if (kind == OCTET_TABLE_NONE)
		return;
	c->table = FUZZ_VA + AT_TABLE + 4 * (x & 255);
	for (uint32_t i = 0; i < c->oh + c->ow && kind == OCTET_TABLE_TAPS; i++) {
		struct octet_tap t = tap(f, i < c->oh ? c->h : c->w);

		fuzz_store(c->table - FUZZ_VA + FUZZ_DATA + 16 * i, &t, sizeof(t));
	}
	for (uint32_t i = 0; i < 257 && kind != OCTET_TABLE_TAPS; i++) {
		uint32_t v = x = x * 1664525 + 1013904223;

		if (kind == OCTET_TABLE_SOFTMAX)
			v = (v & 0x7fffffff) >> (i < 31 ? i : 31) * (x >> 12 & 1);
		fuzz_store(c->table - FUZZ_VA + FUZZ_DATA + 4 * i, &v, sizeof(v));
	}
}

static void operand(struct fuzz *f, struct octet_operand *o, uint8_t type, uint32_t at)
{
	uint8_t how = fuzz_byte(f);

	o->type = type;
	o->space = (how & 0xe) == 2 ? OCTET_SPACE_SRAM : OCTET_SPACE_VA;
	o->addr = o->space == OCTET_SPACE_SRAM ? at / 16 : FUZZ_VA + at;
	o->addr += how & 0x10 ? 4076 : 0;
	o->flags = how & 0x20 ? OCTET_OPERAND_CONST : 0;
}

static uint8_t type_of(struct fuzz *f, const struct octet_cmd *c, enum octet_typed how)
{
	uint8_t eight = one_of(f, OCTET_TYPES_8BIT);

	switch (how) {
	case OCTET_TYPED_8BIT:
		return eight;
	case OCTET_TYPED_SRC:
		return c->src.type;
	case OCTET_TYPED_INDEX:
		return OCTET_TYPE_INT32;
	case OCTET_TYPED_ANY:
		return one_of(f, OCTET_TYPES_ALL & ~BIT(OCTET_TYPE_INT4));
	default:
		break;
	}
	if (c->src.type == OCTET_TYPE_INT16)
		return OCTET_TYPE_INT16;
	return how == OCTET_TYPED_STAGE && c->stage == OCTET_STAGE_RAW ? OCTET_TYPE_INT32 : eight;
}

/* @eight: int8 and nothing else, as in the chains here */
static void operands(struct fuzz *f, struct octet_cmd *c, info_t *info, bool eight)
{
	bool wide = info->src & BIT(OCTET_TYPE_INT16) && !eight && rarely(f, 4);
	bool adds;

	c->tail = !wide && rarely(f, 3) ? fuzz_byte(f) & info->tails : 0;
	adds = c->tail & OCTET_TAIL_ADD;
	c->stage = one_of(f, info->stages);
	if (info->wide && wide)
		c->stage = OCTET_STAGE_FIX_UP;
	if (c->stage == OCTET_STAGE_RAW && (c->tail || eight) && (info->stages & (info->stages - 1)))
		c->stage = OCTET_STAGE_FIX_DBL;
	if (info->has & BIT(OCTET_OPERAND_SRC))
		operand(f, &c->src, eight ? OCTET_TYPE_INT8 : wide ? OCTET_TYPE_INT16 :
			info->plain ? one_of(f, info->src) : one_of(f, info->src & OCTET_TYPES_8BIT),
			AT_SRC);
	if (adds || (info->has & BIT(OCTET_OPERAND_SRC2)))
		operand(f, &c->src2, eight ? OCTET_TYPE_INT8 : type_of(f, c, info->src2), AT_SRC2);
	if (info->has & BIT(OCTET_OPERAND_WGT))
		operand(f, &c->wgt, rarely(f, 6) ? OCTET_TYPE_INT4 : wide ? OCTET_TYPE_INT8 :
			one_of(f, OCTET_TYPES_8BIT), AT_WGT);
	operand(f, &c->dst, eight ? OCTET_TYPE_INT8 : type_of(f, c, info->dst),
		AT_DST + 0x100 * fuzz_byte(f));
	c->dst.flags = 0;
	if (info->repeats && !eight && rarely(f, 3))
		*(rarely(f, 2) ? &c->src.flags : &c->src2.flags) |= OCTET_OPERAND_REPEAT;
}

static void scale(struct fuzz *f, struct octet_operand *o)
{
	o->mult = multiplier(f, OCTET_STAGE_FIX_DBL, false);
	o->shift = fuzz_byte(f) % (OCTET_SHIFT_MAX + 1);
}

static void sums(struct fuzz *f, struct octet_cmd *c)
{
	c->left_shift = fuzz_byte(f) % (OCTET_LEFT_SHIFT_MAX + 1);
	if (!(c->tail & OCTET_TAIL_ADD))
		return;
	c->mid_mult = multiplier(f, OCTET_STAGE_FIX_DBL, false);
	c->mid_shift = fuzz_byte(f) % (OCTET_SHIFT_MAX + 1);
	c->mid_zero_point = in_range(f, c->dst.type);
	clamps(f, c->dst.type, &c->mid_min, &c->mid_max);
	c->sum_stage = one_of(f, OCTET_STAGES_FIX);
	c->sum_mult = multiplier(f, OCTET_STAGE_FIX_DBL, false);
	c->sum_shift = shift(f, OCTET_STAGE_FIX_DBL);
}

static void numbers(struct fuzz *f, struct octet_cmd *c, info_t *info)
{
	uint32_t residual = c->tail & OCTET_TAIL_ADD ? BIT(OCTET_OPERAND_SRC2) : 0;
	bool wide = info->wide && c->src.type == OCTET_TYPE_INT16;
	struct octet_operand *all = &c->src;

	for (int i = 0; i < OCTET_OPERANDS; i++) {
		if (((info->zero | residual) >> i & 1) && !wide &&
		    all[i].type != OCTET_TYPE_INT32)
			all[i].zero_point = in_range(f, all[i].type);
		if (i != OCTET_OPERAND_DST && ((info->scale | residual) >> i & 1))
			scale(f, &all[i]);
	}
	if (info->scale & BIT(OCTET_OPERAND_DST)) {
		c->dst.mult = multiplier(f, c->stage, wide);
		c->dst.shift = shift(f, c->stage);
	}
	if (info->left_shift || residual)
		sums(f, c);
	if (!info->plain)
		clamps(f, c->dst.type, &c->act_min, &c->act_max);
	if (info->pads)
		c->pad_value = in_range(f, c->src.space ? c->src.type : c->dst.type);
	if (info->may)
		records(f, c, wide);
	table(f, c, info);
}

static struct octet_cmd blank(uint8_t op)
{
	return (struct octet_cmd) {
		.op = op, .n = 1, .n2 = 1, .h = 1, .w = 1, .cin = 1, .oh = 1, .ow = 1, .cout = 1,
		.groups = 1, .r = 1, .s = 1, .sh = 1, .sw = 1, .dh = 1, .dw = 1,
	};
}

struct octet_cmd fuzz_command(struct fuzz *f)
{
	uint8_t kind = fuzz_byte(f) % 16;
	struct octet_cmd c = blank(kind < 11 ? kind + 1 : OCTET_OP_CONV2D + kind % 3);
	info_t *info;

	c.sub = fuzz_byte(f) % 6;
	info = octet_op_info(&c);
	if (!info) {
		c.sub &= 1;
		info = octet_op_info(&c);
	}
	if (!info) {
		c.sub = 0;
		info = octet_op_info(&c);
	}
	operands(f, &c, info, false);
	shape(f, &c, info);
	numbers(f, &c, info);
	c.policy = fuzz_byte(f) % 8 == 0 ? OCTET_POLICY_STRIPE : OCTET_POLICY_AUTO;
	c.rows = c.policy ? few(f, c.oh) : 0;
	return c;
}

static void link(struct octet_operand *o, uint8_t which)
{
	*o = (struct octet_operand) {
		.space = OCTET_SPACE_LINK, .type = o->type, .link = which,
		.zero_point = o->zero_point, .mult = o->mult, .shift = o->shift,
	};
}

/* Tensors of one shape and type, so that any of them can be named. */
void fuzz_chain(struct fuzz *f, struct octet_cmd *cmds, uint32_t count)
{
	static const uint8_t ops[] = {
		OCTET_OP_CONV2D, OCTET_OP_DEPTHWISE, OCTET_OP_EW, OCTET_OP_EW, OCTET_OP_LUT,
		OCTET_OP_POOL, OCTET_OP_COPY, OCTET_OP_SOFTMAX,
	};
	uint32_t n = rarely(f, 4) ? 2 : 1, h = few(f, 8), w = few(f, 8), channels = few(f, 24);

	for (uint32_t i = 0; i < count; i++) {
		struct octet_cmd *c = &cmds[i];
		info_t *info;

		*c = blank(ops[fuzz_byte(f) % sizeof(ops)]);
		c->sub = c->op == OCTET_OP_EW ? fuzz_byte(f) % 6 : 0;
		info = octet_op_info(c);
		operands(f, c, info, true);
		c->n = n;
		c->h = c->oh = h;
		c->w = c->ow = w;
		c->cin = c->cout = channels;
		if (c->wgt.space || c->op == OCTET_OP_POOL) {
			c->r = c->s = 3;
			c->pt = c->pl = 1;
		}
		if (i)
			link(&c->src, rarely(f, 6) ? (uint8_t)(fuzz_byte(f) % (i + 1)) :
						     OCTET_OPERAND_LINK_NEWEST);
		if (i && c->src2.space && rarely(f, 2))
			link(&c->src2, (uint8_t)(fuzz_byte(f) % (i + 1)));
		if (i + 1 < count) {
			link(&c->dst, 0);
			c->flags |= OCTET_CMD_CHAIN;
		}
		layouts(f, c);
		numbers(f, c, info);
	}
}
