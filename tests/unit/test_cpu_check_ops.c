/* SPDX-License-Identifier: MIT */
/*
 * Validation of the operations without weights, of tails, int16, int4 and
 * chains: one rule broken at a time, the status and the operand that name it.
 * No result byte may be written. test_cpu_check.c has the rules that all share.
 */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "test_cpu.h"

#define SRAM	65536
#define SW	4096
#define SRC	UINT64_C(0x10000)
#define SRC2	UINT64_C(0x20000)
#define WGT	UINT64_C(0x30000)
#define PRM	UINT64_C(0x40000)
#define TABLE	UINT64_C(0x50000)
#define DST	UINT64_C(0x60000)
#define BYTES	8192

static struct octet_cpu *cpu;
static _Alignas(64) uint8_t memory_bytes[6][BYTES];
static struct octet_param16 *const prm16 = (void *)memory_bytes[3];
static struct octet_tap *const taps = (void *)memory_bytes[4];
static int32_t *const exps = (void *)memory_bytes[4];

enum base {
	CONV, CONV16, TCONV, DW, GEMM, ADDED, LOOKED, POOL, AVG16, SUM, ADD,
	ADD16, MUL, MAX, LUT, LUT16, COPY, COPY32, FILL, SOFTMAX, REDUCE, ARG,
	RESIZE,
};

/** struct rule - a valid command, one thing changed; status OK: allowed */
struct rule {
	const char *name;
	enum base base;
	void (*change)(struct octet_cmd *c);
	uint32_t status;
	uint32_t detail;
};

/* 4 x 4 pixels of 8 channels, dense. */
static void image(struct octet_operand *o, uint64_t addr, uint8_t type)
{
	const uint64_t size = type == OCTET_TYPE_INT32 ? 4 :
			      type == OCTET_TYPE_INT16 ? 2 : 1;

	memset(o, 0, sizeof(*o));
	o->space = OCTET_SPACE_VA;
	o->addr = addr;
	o->type = type;
	o->stride[3] = 8 * size;
	o->stride[2] = 32 * size;
	o->stride[1] = 128 * size;
}

static struct octet_cmd plain(enum octet_op op, uint8_t sub, uint8_t type)
{
	struct octet_cmd c = tc_conv(op, 1, 4, 4, 8, 8, 1);

	c.sub = sub;
	c.stage = OCTET_STAGE_RAW;
	image(&c.src, SRC, type);
	memset(&c.wgt, 0, sizeof(c.wgt));
	image(&c.dst, DST, type);
	if (type == OCTET_TYPE_INT16)
		c.act_min = -30000;
	return c;
}

static struct octet_cmd weighted(enum octet_op op)
{
	struct octet_cmd c = op == OCTET_OP_GEMM ? tc_gemm(4, 8, 8) :
						   tc_conv(op, 1, 4, 4, 8, 8, 3);

	c.src.addr = SRC;
	c.wgt.addr = WGT;
	c.dst.addr = DST;
	return c;
}

static struct octet_cmd wide(void)
{
	struct octet_cmd c = weighted(OCTET_OP_CONV2D);

	image(&c.src, SRC, OCTET_TYPE_INT16);
	image(&c.dst, DST, OCTET_TYPE_INT16);
	c.stage = OCTET_STAGE_FIX_UP;
	c.prm.space = OCTET_SPACE_VA;
	c.prm.addr = PRM;
	return c;
}

static struct octet_cmd added(void)
{
	struct octet_cmd c = weighted(OCTET_OP_CONV2D);

	c.tail = OCTET_TAIL_ADD;
	image(&c.src2, SRC2, OCTET_TYPE_UINT8);
	c.left_shift = 20;
	c.src2.mult = c.mid_mult = c.sum_mult = 1u << 30;
	c.sum_shift = 40;
	c.sum_stage = OCTET_STAGE_FIX_DBL;
	c.mid_min = -128;
	c.mid_max = 127;
	return c;
}

static struct octet_cmd pair(uint8_t sub, uint8_t type)
{
	struct octet_cmd c = plain(OCTET_OP_EW, sub, type);

	image(&c.src2, SRC2, type);
	if (sub == OCTET_EW_MAX)
		return c;
	c.stage = OCTET_STAGE_FIX_DBL;
	c.dst.mult = 1u << 30;
	c.dst.shift = 40;
	if (sub == OCTET_EW_ADD) {
		c.src.mult = c.src2.mult = 1u << 30;
		c.left_shift = 20;
	}
	return c;
}

static struct octet_cmd with_table(struct octet_cmd c)
{
	c.table = TABLE;
	return c;
}

static struct octet_cmd copy(uint8_t sub, uint8_t type)
{
	struct octet_cmd c = plain(OCTET_OP_COPY, sub, type);
	const uint64_t size = type == OCTET_TYPE_INT32 ? 4 : 1;

	c.act_min = c.act_max = 0;
	for (int d = 0; d < 3; d++) {
		c.src.stride[d] = c.src.stride[d + 1];
		c.dst.stride[d] = c.dst.stride[d + 1];
	}
	c.src.stride[3] = c.dst.stride[3] = size;
	if (sub == OCTET_COPY_FILL)
		memset(&c.src, 0, sizeof(c.src));
	return c;
}

static struct octet_cmd reduce(uint8_t sub)
{
	struct octet_cmd c = plain(OCTET_OP_REDUCE, sub, OCTET_TYPE_INT8);

	c.cout = 1;
	if (sub == OCTET_REDUCE_ARGMAX)
		image(&c.dst, DST, OCTET_TYPE_INT32);
	return c;
}

static struct octet_cmd window(uint8_t sub, uint8_t type)
{
	struct octet_cmd c = plain(OCTET_OP_POOL, sub, type);

	c.r = c.s = 3;
	c.pt = c.pl = 1;
	if (sub == OCTET_POOL_SUM) {
		c.stage = OCTET_STAGE_FIX_DBL;
		c.dst.mult = 1u << 30;
		c.dst.shift = 34;
	}
	return c;
}

static struct octet_cmd valid(enum base base)
{
	const uint8_t i8 = OCTET_TYPE_INT8, i16 = OCTET_TYPE_INT16;

	switch (base) {
	case CONV:
		return weighted(OCTET_OP_CONV2D);
	case CONV16:
		return wide();
	case TCONV:
		return weighted(OCTET_OP_TCONV2D);
	case DW:
		return weighted(OCTET_OP_DEPTHWISE);
	case GEMM:
		return weighted(OCTET_OP_GEMM);
	case ADDED:
		return added();
	case LOOKED: {
		struct octet_cmd c = with_table(weighted(OCTET_OP_DEPTHWISE));

		c.tail = OCTET_TAIL_LUT;
		return c;
	}
	case POOL:
		return window(OCTET_POOL_MAX, i8);
	case AVG16:
		return window(OCTET_POOL_AVERAGE, i16);
	case SUM:
		return window(OCTET_POOL_SUM, i8);
	case ADD:
		return pair(OCTET_EW_ADD, i8);
	case ADD16:
		return pair(OCTET_EW_ADD, i16);
	case MUL:
		return pair(OCTET_EW_MUL, i8);
	case MAX:
		return pair(OCTET_EW_MAX, i8);
	case LUT:
		return with_table(plain(OCTET_OP_LUT, 0, i8));
	case LUT16:
		return with_table(plain(OCTET_OP_LUT, 0, i16));
	case COPY:
		return copy(OCTET_COPY_COPY, i8);
	case COPY32:
		return copy(OCTET_COPY_COPY, OCTET_TYPE_INT32);
	case FILL:
		return copy(OCTET_COPY_FILL, i8);
	case SOFTMAX:
		return with_table(plain(OCTET_OP_SOFTMAX, 0, i8));
	case REDUCE:
		return reduce(OCTET_REDUCE_MAX);
	case ARG:
		return reduce(OCTET_REDUCE_ARGMAX);
	case RESIZE:
		break;
	}
	return with_table(plain(OCTET_OP_RESIZE, 0, i8));
}

static int run(const struct octet_cmd *c, uint32_t count,
	       struct octet_cpu_fault *fault)
{
	struct tc_memory map = { 0 };
	const struct octet_cpu_memory memory = { .opaque = &map, .at = tc_at };

	for (unsigned int i = 0; i < 6; i++)
		tc_map(&map, SRC + i * 0x10000, BYTES, memory_bytes[i], i == 5);
	memset(memory_bytes[5], 0x5a, BYTES);
	return octet_cpu_run(cpu, &memory, c, count, SRAM, SW, NULL, fault);
}

static bool untouched(void)
{
	for (size_t i = 0; i < BYTES; i++)
		if (memory_bytes[5][i] != 0x5a)
			return false;
	return true;
}

/* Records and tables that are good for every base. */
static void records(void)
{
	for (int i = 0; i < 8; i++)
		prm16[i] = (struct octet_param16) {
			.bias = -i, .mult = 1u << 14, .shift = 24,
		};
	memset(memory_bytes[4], 0, BYTES);
}

#define CHANGE(f, ...)	static void f(struct octet_cmd *c) { __VA_ARGS__; }
CHANGE(none, (void)c)
CHANGE(sub6, c->sub = 6)
CHANGE(sub2, c->sub = 2)
CHANGE(sub1, c->sub = 1)
CHANGE(sub255, c->sub = 255)
CHANGE(tail_add, c->tail = OCTET_TAIL_ADD)
CHANGE(tail_lut, c->tail = OCTET_TAIL_LUT; c->table = TABLE)
CHANGE(tail_none, c->tail = 0)
CHANGE(pad, c->pad_value = 1)
CHANGE(pad_far, c->pad_value = 128)
CHANGE(act, c->act_max = 1)
CHANGE(act_far, c->act_max = 128)
CHANGE(act16, c->act_max = INT16_MAX)
CHANGE(act16_far, c->act_max = INT16_MAX + 1)
CHANGE(left1, c->left_shift = 1)
CHANGE(left21, c->left_shift = 21)
CHANGE(table, c->table = TABLE)
CHANGE(table_odd, c->table = TABLE + 2)
CHANGE(table_away, c->table = 0x1000)
CHANGE(table_none, c->table = 0)
CHANGE(mid, c->mid_max = 1)
CHANGE(sum_stage, c->sum_stage = 1)
CHANGE(src_mult, c->src.mult = 1)
CHANGE(src2_shift, c->src2.shift = 1)
CHANGE(src2_shift62, c->src2.shift = 62)
CHANGE(src2_shift63, c->src2.shift = 63)
CHANGE(src_shift63, c->src.shift = 63)
CHANGE(src_mult_far, c->src.mult = 1u << 31)
CHANGE(dst_mult, c->dst.mult = 1)
CHANGE(dst_shift0, c->dst.shift = 0)
CHANGE(src_zero, c->src.zero_point = 1)
CHANGE(src2_zero, c->src2.zero_point = 1)
CHANGE(src2_zero_far, c->src2.zero_point = 256)
CHANGE(src_zero16, c->src.zero_point = 32767)
CHANGE(src_zero16_far, c->src.zero_point = 32768)
CHANGE(dst_zero, c->dst.zero_point = 1)
CHANGE(wgt_zero, c->wgt.zero_point = 1)
CHANGE(stray_src2, c->src2.space = OCTET_SPACE_VA)
CHANGE(stray_stride, c->src2.space = OCTET_SPACE_VA; c->src2.stride[2] = 4)
CHANGE(stray_wgt, c->wgt.space = OCTET_SPACE_VA)
CHANGE(stray_src, c->src.space = OCTET_SPACE_VA)
CHANGE(stray_prm, c->prm.space = OCTET_SPACE_VA; c->prm.addr = PRM)
CHANGE(no_src2, memset(&c->src2, 0, sizeof(c->src2)))
CHANGE(chn, c->chn.space = OCTET_SPACE_VA; c->chn.addr = PRM)
CHANGE(prm_odd, c->prm.addr += 4)
CHANGE(groups2, c->groups = 2)
CHANGE(dh2, c->dh = 2)
CHANGE(r2, c->r = 2)
CHANGE(pt1, c->pt = 1)
CHANGE(pt3, c->pt = 3)
CHANGE(oh3, c->oh = 3)
CHANGE(oh6, c->oh = 6)
CHANGE(cout4, c->cout = 4)
CHANGE(cout1, c->cout = 1)
CHANGE(many, c->cin = c->cout = 4097; c->h = c->w = c->oh = c->ow = 1)
CHANGE(window_far, c->r = c->s = 1025; c->pt = c->pl = 1)
CHANGE(window_most, c->r = c->s = 1024; c->pt = c->pl = 1000)
CHANGE(taps_far, c->sh = 40000; c->oh = 30000)
CHANGE(src_int16, c->src.type = OCTET_TYPE_INT16)
CHANGE(src_int32, c->src.type = OCTET_TYPE_INT32)
CHANGE(src2_uint8, c->src2.type = OCTET_TYPE_UINT8)
CHANGE(src2_int16, c->src2.type = OCTET_TYPE_INT16)
CHANGE(dst_uint8, c->dst.type = OCTET_TYPE_UINT8; c->act_min = 0)
CHANGE(dst_int8, c->dst.type = OCTET_TYPE_INT8)
CHANGE(dst_int32, c->dst.type = OCTET_TYPE_INT32)
CHANGE(wgt_uint8, c->wgt.type = OCTET_TYPE_UINT8)
CHANGE(wgt_int4, c->wgt.type = OCTET_TYPE_INT4;
       memset(c->wgt.stride, 0, sizeof(c->wgt.stride)))
CHANGE(int4_strides, c->wgt.type = OCTET_TYPE_INT4)
CHANGE(int4_zero, wgt_int4(c); c->wgt.zero_point = 8)
CHANGE(int4_zero7, wgt_int4(c); c->wgt.zero_point = 7)
CHANGE(int4_end, wgt_int4(c); c->wgt.addr += BYTES - 288)
CHANGE(int4_past, wgt_int4(c); c->wgt.addr += BYTES - 287)
CHANGE(addr_odd, c->src.addr += 1)
CHANGE(addr_2, c->src.addr += 2)
CHANGE(stride_odd, c->src.stride[2] += 1)
CHANGE(stride_zero, c->src.stride[2] = 0)
CHANGE(channel_stride, c->src.stride[3] = 16; c->src.stride[2] = 0)
CHANGE(turned, c->dst.stride[3] = 16; c->dst.stride[2] = 4;
       c->dst.stride[1] = 1)
CHANGE(dst_twice, c->dst.stride[3] = 8; c->dst.stride[2] = 8)
CHANGE(repeat, c->src.flags = OCTET_OPERAND_REPEAT)
CHANGE(repeat2, c->src2.flags = OCTET_OPERAND_REPEAT)
CHANGE(repeat_dst, c->dst.flags = OCTET_OPERAND_REPEAT)
CHANGE(repeat_large, c->src.flags = OCTET_OPERAND_REPEAT;
       c->h = c->oh = c->cin = c->cout = 1 << 14; c->w = c->ow = 1;
       c->src.stride[2] = 1; c->n = 2; c->dst.stride[2] = 1 << 14;
       c->dst.stride[1] = 1 << 28)
CHANGE(turned_src2, c->src2.flags = OCTET_OPERAND_TRANSPOSED)
CHANGE(raw, c->stage = OCTET_STAGE_RAW)
CHANGE(raw_zeros, c->stage = OCTET_STAGE_RAW; c->dst.mult = c->dst.shift = 0)
CHANGE(dbl, c->stage = OCTET_STAGE_FIX_DBL)
CHANGE(fp32, c->stage = OCTET_STAGE_FP32_RNE;
       c->dst.mult = OCTET_FP32_SCALE_MIN; c->dst.shift = 0)
CHANGE(mid_order, c->mid_min = 5; c->mid_max = 4)
CHANGE(mid_far, c->mid_max = 128)
CHANGE(mid_zero_far, c->mid_zero_point = -129)
CHANGE(mid_mult_far, c->mid_mult = 1u << 31)
CHANGE(mid_shift63, c->mid_shift = 63)
CHANGE(sum_raw, c->sum_stage = OCTET_STAGE_RAW)
CHANGE(sum_fp32, c->sum_stage = OCTET_STAGE_FP32_RNE)
CHANGE(sum_mult_far, c->sum_mult = 1u << 31)
CHANGE(sum_shift0, c->sum_shift = 0)
CHANGE(mult16, c->flags = OCTET_CMD_PER_TENSOR; c->dst.mult = 1u << 15;
       c->dst.shift = 20)
CHANGE(mult16_most, c->flags = OCTET_CMD_PER_TENSOR; c->dst.mult = 32767;
       c->dst.shift = 20)
CHANGE(prm16_mult, (void)c; prm16[7].mult = 1u << 15)
CHANGE(prm16_shift, (void)c; prm16[7].shift = 0)
CHANGE(prm16_bias, (void)c; prm16[7].bias = INT64_C(1) << 47)
CHANGE(prm16_bias_least, (void)c; prm16[7].bias = -(INT64_C(1) << 47))
CHANGE(prm16_reserved, (void)c; prm16[7].reserved[2] = 1)
CHANGE(prm16_ignored, mult16_most(c); prm16[7].shift = 99)
CHANGE(exp_negative, (void)c; exps[255] = -1)
CHANGE(tap_lo, (void)c; taps[3].lo = 4)
CHANGE(tap_hi, (void)c; taps[7].hi = 4)
CHANGE(tap_weight, (void)c; taps[7].weight = -1025)
CHANGE(tap_weight_most, (void)c; taps[7].weight = -1024)
CHANGE(tap_reserved, (void)c; taps[0].reserved = 1)
CHANGE(tap_unread, (void)c; taps[8].reserved = 1)

#define O(x)	OCTET_OPERAND_##x
#define R(base, f, status, detail) { #f, base, f, OCTET_STATUS_##status, detail }
#define OK_(base, f) R(base, f, OK, 0)
#define TABLE_READ (O(TABLE) | OCTET_ACCESS_READ << 8)

static const struct rule rules[] = {
	OK_(CONV, none), OK_(CONV16, none), OK_(TCONV, none), OK_(DW, none),
	OK_(GEMM, none), OK_(ADDED, none), OK_(LOOKED, none), OK_(POOL, none),
	OK_(AVG16, none), OK_(SUM, none), OK_(ADD, none), OK_(ADD16, none),
	OK_(MUL, none), OK_(MAX, none), OK_(LUT, none), OK_(LUT16, none),
	OK_(COPY, none), OK_(COPY32, none), OK_(FILL, none),
	OK_(SOFTMAX, none), OK_(REDUCE, none), OK_(ARG, none),
	OK_(RESIZE, none),
	/* operations, variants, tails */
	R(ADD, sub6, BAD_OP, O(CMD)), R(COPY, sub2, BAD_OP, O(CMD)),
	R(SOFTMAX, sub2, BAD_OP, O(CMD)), OK_(SOFTMAX, sub1),
	R(LUT, sub1, BAD_OP, O(CMD)), R(RESIZE, sub1, BAD_OP, O(CMD)),
	R(REDUCE, sub255, BAD_OP, O(CMD)), R(TCONV, sub1, BAD_OP, O(CMD)),
	R(POOL, tail_lut, BAD_FLAGS, O(CMD)), OK_(SUM, tail_lut),
	R(SUM, tail_add, BAD_FLAGS, O(CMD)), OK_(ADD, tail_lut),
	R(ADD, tail_add, BAD_FLAGS, O(CMD)), OK_(MAX, tail_lut),
	R(LUT, tail_lut, BAD_FLAGS, O(CMD)),
	R(SOFTMAX, tail_lut, BAD_FLAGS, O(CMD)), OK_(GEMM, tail_lut),
	R(CONV, tail_add, BAD_SPACE, O(SRC2)),
	/* fields that are not used */
	R(TCONV, pad, RESERVED, O(CMD)), R(POOL, pad, RESERVED, O(CMD)),
	OK_(DW, pad), OK_(FILL, pad), R(COPY, pad, RESERVED, O(CMD)),
	R(COPY, act, RESERVED, O(CMD)), R(FILL, act, RESERVED, O(CMD)),
	R(MUL, left1, RESERVED, O(CMD)), OK_(ADD, left1),
	R(CONV, left1, RESERVED, O(CMD)), OK_(ADDED, left1),
	R(CONV, table, RESERVED, O(CMD)), R(POOL, table, RESERVED, O(CMD)),
	R(CONV, mid, RESERVED, O(CMD)), R(ADD, sum_stage, RESERVED, O(CMD)),
	R(MUL, src_mult, RESERVED, O(SRC)), OK_(ADD, src_mult),
	R(CONV, src_mult, RESERVED, O(SRC)),
	R(MAX, src2_shift, RESERVED, O(SRC2)),
	R(POOL, dst_mult, RESERVED, O(DST)),
	R(SOFTMAX, dst_mult, RESERVED, O(DST)),
	R(LUT, src_zero, RESERVED, O(SRC)), R(MAX, src_zero, RESERVED, O(SRC)),
	R(MAX, src2_zero, RESERVED, O(SRC2)),
	R(POOL, dst_zero, RESERVED, O(DST)), OK_(SOFTMAX, dst_zero),
	R(RESIZE, dst_zero, RESERVED, O(DST)),
	R(COPY32, src_zero, RESERVED, O(SRC)), OK_(SUM, src_zero),
	R(ADDED, tail_none, RESERVED, O(CMD)),
	/* shapes */
	R(POOL, groups2, BAD_SHAPE, O(CMD)), OK_(TCONV, cout4),
	R(ADD, groups2, BAD_SHAPE, O(CMD)), R(POOL, dh2, BAD_SHAPE, O(CMD)),
	R(TCONV, dh2, BAD_SHAPE, O(CMD)), R(ADD, r2, BAD_SHAPE, O(CMD)),
	R(LUT, pt1, BAD_SHAPE, O(CMD)), R(RESIZE, r2, BAD_SHAPE, O(CMD)),
	R(POOL, pt3, BAD_SHAPE, O(CMD)), R(POOL, oh6, BAD_SHAPE, O(CMD)),
	OK_(POOL, oh3), OK_(CONV, oh6), OK_(TCONV, oh6),
	R(ADD, oh3, BAD_SHAPE, O(CMD)), R(COPY, oh3, BAD_SHAPE, O(CMD)),
	OK_(RESIZE, oh3), R(RESIZE, cout4, BAD_SHAPE, O(CMD)),
	R(ADD, cout4, BAD_SHAPE, O(CMD)), R(REDUCE, cout4, BAD_SHAPE, O(CMD)),
	R(POOL, cout1, BAD_SHAPE, O(CMD)), R(SOFTMAX, many, BAD_SHAPE, O(CMD)),
	R(POOL, window_far, BAD_SHAPE, O(CMD)), OK_(POOL, window_most),
	R(TCONV, taps_far, BAD_SHAPE, O(CMD)),
	/* spaces */
	R(POOL, stray_src2, BAD_SPACE, O(SRC2)),
	R(POOL, stray_stride, RESERVED, O(SRC2)),
	R(ADD, stray_wgt, BAD_SPACE, O(WGT)),
	R(FILL, stray_src, BAD_SPACE, O(SRC)),
	R(SUM, stray_prm, BAD_SPACE, O(PRM)),
	R(ADD, no_src2, BAD_SPACE, O(SRC2)),
	R(ADDED, no_src2, BAD_SPACE, O(SRC2)),
	R(CONV16, chn, BAD_SPACE, O(CHN)),
	/* types */
	R(SOFTMAX, src_int16, BAD_TYPE, O(SRC)),
	R(SUM, src_int16, BAD_TYPE, O(SRC)),
	R(LUT, src_int32, BAD_TYPE, O(SRC)),
	R(ADDED, src_int16, BAD_TYPE, O(SRC)),
	R(LOOKED, src_int16, BAD_TYPE, O(SRC)),
	R(ADD16, src2_uint8, BAD_TYPE, O(SRC2)), OK_(ADD, src2_uint8),
	R(MAX, src2_uint8, BAD_TYPE, O(SRC2)),
	R(ADD, src2_int16, BAD_TYPE, O(SRC2)),
	R(MAX, dst_uint8, BAD_TYPE, O(DST)), OK_(ADD, dst_uint8),
	R(POOL, dst_uint8, BAD_TYPE, O(DST)), OK_(SUM, dst_uint8),
	R(COPY, dst_uint8, BAD_TYPE, O(DST)),
	R(RESIZE, dst_uint8, BAD_TYPE, O(DST)), OK_(LUT, dst_uint8),
	R(LUT16, dst_int8, BAD_TYPE, O(DST)), R(ARG, dst_int8, BAD_TYPE, O(DST)),
	R(REDUCE, dst_int32, BAD_TYPE, O(DST)),
	R(CONV16, wgt_uint8, BAD_TYPE, O(WGT)), OK_(CONV16, wgt_int4),
	OK_(CONV, wgt_int4), OK_(GEMM, wgt_int4), OK_(DW, wgt_int4),
	/* layout */
	R(CONV, int4_strides, BAD_LAYOUT, O(WGT)),
	R(CONV16, addr_odd, BAD_LAYOUT, O(SRC)),
	R(COPY32, addr_2, BAD_LAYOUT, O(SRC)),
	R(ADD16, stride_odd, BAD_LAYOUT, O(SRC)), OK_(ADD, stride_odd),
	OK_(ADD, stride_zero), OK_(COPY, channel_stride), OK_(COPY, turned),
	R(COPY, dst_twice, BAD_LAYOUT, O(DST)),
	R(CONV16, prm_odd, BAD_LAYOUT, O(PRM)),
	R(LUT, table_odd, BAD_LAYOUT, O(TABLE)),
	R(LOOKED, table_odd, BAD_LAYOUT, O(TABLE)),
	/* flags of operands */
	OK_(ADD, repeat), OK_(MAX, repeat2), R(LUT, repeat, BAD_FLAGS, O(SRC)),
	R(ADD, repeat_dst, BAD_FLAGS, O(DST)),
	R(ADDED, repeat2, BAD_FLAGS, O(SRC2)),
	R(ADDED, turned_src2, BAD_FLAGS, O(SRC2)),
	/* numbers */
	R(ADD, raw, BAD_QUANT, O(CMD)), R(ADD, fp32, BAD_QUANT, O(CMD)),
	OK_(MUL, fp32), R(MAX, dbl, BAD_QUANT, O(CMD)),
	R(COPY, dbl, BAD_QUANT, O(CMD)), R(CONV16, dbl, BAD_QUANT, O(CMD)),
	R(CONV16, raw, BAD_QUANT, O(CMD)), OK_(SUM, fp32),
	R(LOOKED, raw_zeros, BAD_QUANT, O(CMD)), OK_(LOOKED, fp32),
	R(ADD, src_mult_far, BAD_QUANT, O(SRC)),
	R(ADD, src_shift63, BAD_QUANT, O(SRC)),
	R(ADD, src2_shift63, BAD_QUANT, O(SRC2)), OK_(ADD, src2_shift62),
	R(ADDED, src2_shift63, BAD_QUANT, O(SRC2)),
	R(ADD, dst_shift0, BAD_QUANT, O(DST)),
	R(ADDED, src2_zero_far, BAD_QUANT, O(SRC2)),
	OK_(ADD16, src_zero16), R(ADD16, src_zero16_far, BAD_QUANT, O(SRC)),
	R(CONV16, src_zero, BAD_QUANT, O(SRC)),
	R(CONV16, wgt_zero, BAD_QUANT, O(WGT)),
	R(CONV16, dst_zero, BAD_QUANT, O(DST)),
	R(CONV, int4_zero, BAD_QUANT, O(WGT)), OK_(CONV, int4_zero7),
	R(FILL, pad_far, BAD_QUANT, O(CMD)), R(POOL, act_far, BAD_QUANT, O(CMD)),
	OK_(AVG16, act16), R(AVG16, act16_far, BAD_QUANT, O(CMD)),
	R(ADD, left21, BAD_QUANT, O(CMD)), R(ADDED, left21, BAD_QUANT, O(CMD)),
	R(ADDED, mid_order, BAD_QUANT, O(CMD)),
	R(ADDED, mid_far, BAD_QUANT, O(CMD)),
	R(ADDED, mid_zero_far, BAD_QUANT, O(CMD)),
	R(ADDED, mid_mult_far, BAD_QUANT, O(CMD)),
	R(ADDED, mid_shift63, BAD_QUANT, O(CMD)),
	R(ADDED, sum_raw, BAD_QUANT, O(CMD)),
	R(ADDED, sum_fp32, BAD_QUANT, O(CMD)),
	R(ADDED, sum_mult_far, BAD_QUANT, O(CMD)),
	R(ADDED, sum_shift0, BAD_QUANT, O(CMD)),
	R(CONV16, mult16, BAD_QUANT, O(DST)), OK_(CONV16, mult16_most),
	/* sizes */
	R(ADD, repeat_large, TOO_LARGE, O(SRC)), OK_(CONV, int4_end),
	R(CONV, int4_past, UNMAPPED, O(WGT) | OCTET_ACCESS_READ << 8),
	/* records and tables */
	R(CONV16, prm16_mult, BAD_QUANT, O(PRM)),
	R(CONV16, prm16_shift, BAD_QUANT, O(PRM)),
	R(CONV16, prm16_bias, BAD_QUANT, O(PRM)), OK_(CONV16, prm16_bias_least),
	R(CONV16, prm16_reserved, RESERVED, O(PRM)), OK_(CONV16, prm16_ignored),
	R(LUT, table_away, UNMAPPED, TABLE_READ),
	R(LUT, table_none, UNMAPPED, TABLE_READ),
	R(SOFTMAX, exp_negative, BAD_QUANT, O(TABLE)),
	R(RESIZE, tap_lo, BAD_SHAPE, O(TABLE)),
	R(RESIZE, tap_hi, BAD_SHAPE, O(TABLE)),
	R(RESIZE, tap_weight, BAD_QUANT, O(TABLE)),
	OK_(RESIZE, tap_weight_most),
	R(RESIZE, tap_reserved, RESERVED, O(TABLE)), OK_(RESIZE, tap_unread),
};

static void every_rule(void **state)
{
	struct octet_cpu_fault f;
	struct octet_cmd c;
	int bad = 0, err;

	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct rule *r = &rules[i];

		records();
		c = valid(r->base);
		r->change(&c);
		err = run(&c, 1, &f);
		if (f.status == r->status && f.detail == r->detail &&
		    err == (r->status ? -EFAULT : 0) &&
		    untouched() == !!r->status && !f.text[0] == !r->status)
			continue;
		fprintf(stderr, "%d %s: %d, status 0x%x detail 0x%x '%s', want 0x%x 0x%x\n",
			r->base, r->name, err, f.status, f.detail, f.text,
			r->status, r->detail);
		bad++;
	}
	assert_int_equal(bad, 0);
}

/* Of two broken rules the one that is looked at first is named. */
static void order(void **state)
{
	static const struct {
		enum base base;
		void (*first)(struct octet_cmd *c);
		void (*second)(struct octet_cmd *c);
		uint32_t status;
		uint32_t detail;
	} pairs[] = {
		{ ADD, sub6, oh3, OCTET_STATUS_BAD_OP, O(CMD) },
		{ POOL, tail_lut, pad, OCTET_STATUS_BAD_FLAGS, O(CMD) },
		{ MAX, src2_zero, oh3, OCTET_STATUS_RESERVED, O(SRC2) },
		{ ADD, oh3, no_src2, OCTET_STATUS_BAD_SHAPE, O(CMD) },
		{ CONV16, chn, wgt_uint8, OCTET_STATUS_BAD_SPACE, O(CHN) },
		{ CONV16, wgt_uint8, addr_odd, OCTET_STATUS_BAD_TYPE, O(WGT) },
		{ CONV16, addr_odd, prm_odd, OCTET_STATUS_BAD_LAYOUT, O(SRC) },
		{ LUT, table_odd, repeat, OCTET_STATUS_BAD_LAYOUT, O(TABLE) },
		{ ADD, repeat_dst, raw, OCTET_STATUS_BAD_FLAGS, O(DST) },
		{ ADD, dst_shift0, src_shift63, OCTET_STATUS_BAD_QUANT, O(DST) },
		{ ADD, src2_shift63, act_far, OCTET_STATUS_BAD_QUANT, O(SRC2) },
		{ ADD, left21, repeat_large, OCTET_STATUS_BAD_QUANT, O(CMD) },
		{ CONV16, prm16_bias, prm16_reserved, OCTET_STATUS_BAD_QUANT,
		  O(PRM) },
		{ RESIZE, tap_lo, tap_weight, OCTET_STATUS_BAD_SHAPE, O(TABLE) },
	};
	struct octet_cpu_fault f;

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct octet_cmd c = valid(pairs[i].base);

		records();
		pairs[i].second(&c);
		pairs[i].first(&c);
		assert_int_equal(run(&c, 1, &f), -EFAULT);
		if (f.status != pairs[i].status || f.detail != pairs[i].detail)
			fail_msg("pair %zu: status 0x%x detail 0x%x '%s'", i,
				 f.status, f.detail, f.text);
		assert_true(untouched());
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_case(every_rule), unit_case(order),
	};
	char err[160];
	int ret;

	if (octet_cpu_new(&cpu, NULL, 0, err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	ret = unit_run(tests, (int)(sizeof(tests) / sizeof(tests[0])));
	octet_cpu_free(cpu);
	return ret;
}
