/* SPDX-License-Identifier: MIT */
/*
 * Command validation of the CPU fallback: one rule broken at a time, and the
 * status that names it. No output byte may be written.
 */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test_cpu.h"

#define SRAM	65536
#define SW	4096
#define SRC	UINT64_C(0x10000)
#define WGT	UINT64_C(0x20000)
#define DST	UINT64_C(0x30000)
#define PRM	UINT64_C(0x40000)
#define CHN	UINT64_C(0x50000)
#define RO	UINT64_C(0x60000)

static struct octet_cpu *cpu;
static uint8_t memory_bytes[6][8192];
static struct octet_param prm[16];
static struct octet_channel chn[16];

enum base { CONV, DW, GEMM };

/**
 * struct rule - a valid command, one field changed
 * @status: OCTET_STATUS_OK: the change is allowed
 */
struct rule {
	const char *name;
	enum base base;
	void (*change)(struct octet_cmd *c);
	uint32_t status;
	uint32_t detail;
};

static struct octet_cmd valid(enum base base)
{
	struct octet_cmd c = base == GEMM ? tc_gemm(4, 8, 8) :
		tc_conv(base == DW ? OCTET_OP_DEPTHWISE : OCTET_OP_CONV2D,
			1, 4, 4, 8, 8, 3);

	c.src.addr = SRC;
	c.wgt.addr = WGT;
	c.dst.addr = DST;
	return c;
}

static int run(const struct octet_cmd *c, uint32_t count,
	       struct octet_cpu_fault *fault)
{
	struct tc_memory map = { 0 };
	const struct octet_cpu_memory memory = { .opaque = &map, .at = tc_at };

	tc_map(&map, SRC, 4096, memory_bytes[0], false);
	tc_map(&map, WGT, 4096, memory_bytes[1], false);
	tc_map(&map, DST, 4096, memory_bytes[2], true);
	tc_map(&map, PRM, sizeof(prm), prm, false);
	tc_map(&map, CHN, sizeof(chn), chn, false);
	tc_map(&map, RO, 4096, memory_bytes[3], false);
	memset(memory_bytes[2], 0x5a, sizeof(memory_bytes[2]));
	return octet_cpu_run(cpu, &memory, c, count, SRAM, SW, NULL, fault);
}

static bool untouched(void)
{
	for (size_t i = 0; i < sizeof(memory_bytes[2]); i++)
		if (memory_bytes[2][i] != 0x5a)
			return false;
	return true;
}

static void records(void)
{
	memset(chn, 0, sizeof(chn));
	for (int i = 0; i < 16; i++) {
		prm[i].bias = i;
		prm[i].mult = 1u << 30;
		chn[i].shift = 40;
	}
}

static void use_prm(struct octet_cmd *c)
{
	c->prm.space = OCTET_SPACE_VA;
	c->prm.addr = PRM;
}

static void use_chn(struct octet_cmd *c)
{
	c->chn.space = OCTET_SPACE_VA;
	c->chn.addr = CHN;
}

static void raw(struct octet_cmd *c)
{
	c->stage = OCTET_STAGE_RAW;
	c->dst.type = OCTET_TYPE_INT32;
	c->dst.mult = c->dst.shift = 0;
	for (int d = 0; d < 4; d++)
		c->dst.stride[d] *= 4;
}

static void fp32(struct octet_cmd *c)
{
	c->stage = OCTET_STAGE_FP32_RNE;
	c->dst.mult = OCTET_FP32_SCALE_MIN;
	c->dst.shift = 0;
}

#define CHANGE(f, ...)	static void f(struct octet_cmd *c) { __VA_ARGS__; }
CHANGE(none, (void)c)
CHANGE(op0, c->op = 0)
CHANGE(op_12, c->op = OCTET_OP_TCONV2D + 1)
CHANGE(op_99, c->op = 99)
CHANGE(flags_unknown, c->flags = 4)
CHANGE(flags_chain, c->flags = OCTET_CMD_CHAIN)
CHANGE(src_link, c->src.space = OCTET_SPACE_LINK; c->src.addr = 0;
       memset(c->src.stride, 0, sizeof(c->src.stride)))
CHANGE(link_strides, c->src.space = OCTET_SPACE_LINK; c->src.addr = 0)
CHANGE(link_addr, src_link(c); c->src.addr = 64)
CHANGE(reserved0, c->reserved0[2] = 1)
CHANGE(reserved1, c->reserved1 = 1)
CHANGE(sub, c->sub = 1)
CHANGE(tail, c->tail = 4)
CHANGE(operand_reserved, c->wgt.reserved = 1)
CHANGE(operand_link, c->src.link = 1)
CHANGE(src_mult, c->src.mult = 1)
CHANGE(wgt_shift, c->wgt.shift = 1)
CHANGE(absent_field, c->src2.addr = 64)
CHANGE(h0, c->h = 0)
CHANGE(n_large, c->n = (1u << 20) + 1)
CHANGE(sh0, c->sh = 0)
CHANGE(dw0, c->dw = 0)
CHANGE(groups0, c->groups = 0)
CHANGE(groups3, c->groups = 3)
CHANGE(groups2, c->groups = 2)
CHANGE(n2, c->n2 = 2)
CHANGE(cout12, c->cout = 12)
CHANGE(oh5, c->oh = 5)
CHANGE(w2, c->w = 2)
CHANGE(ow2, c->ow = 2)
CHANGE(r2, c->r = 2)
CHANGE(dil2, c->dh = 2)
CHANGE(pt1, c->pt = 1)
CHANGE(policy4, c->policy = 4)
CHANGE(stripe0, c->policy = OCTET_POLICY_STRIPE)
CHANGE(stripe_ok, c->policy = OCTET_POLICY_STRIPE; c->rows = 4)
CHANGE(stripe_over, c->policy = OCTET_POLICY_STRIPE; c->rows = 5)
CHANGE(rows_auto, c->rows = 1)
CHANGE(no_src, memset(&c->src, 0, sizeof(c->src)))
CHANGE(no_dst, memset(&c->dst, 0, sizeof(c->dst)))
CHANGE(space9, c->wgt.space = 9)
CHANGE(src2, c->src2.space = OCTET_SPACE_VA)
CHANGE(prm_sram, c->prm.space = OCTET_SPACE_SRAM)
CHANGE(src_int4, c->src.type = OCTET_TYPE_INT4)
CHANGE(wgt_none, c->wgt.type = OCTET_TYPE_NONE)
CHANGE(dst_int32, c->dst.type = OCTET_TYPE_INT32)
CHANGE(raw_int8, c->stage = OCTET_STAGE_RAW)
CHANGE(prm_typed, use_prm(c); c->prm.type = OCTET_TYPE_INT32)
CHANGE(packed, c->wgt.layout = OCTET_LAYOUT_PACKED)
CHANGE(layout7, c->src.layout = 7)
CHANGE(panels, packed(c); memset(c->wgt.stride, 0, sizeof(c->wgt.stride)))
CHANGE(panels_input, c->src.layout = OCTET_LAYOUT_PACKED)
CHANGE(panels_uint8, panels(c); c->wgt.type = OCTET_TYPE_UINT8)
CHANGE(panels_int4, panels(c); c->wgt.type = OCTET_TYPE_INT4)
CHANGE(panels_int16, panels(c); c->src.type = c->dst.type = OCTET_TYPE_INT16;
       c->stage = OCTET_STAGE_FIX_UP; c->src.stride[3] = c->dst.stride[3] = 16;
       c->src.stride[2] = c->dst.stride[2] = 64; c->dst.mult = 1)
CHANGE(panels_turned, panels(c); c->wgt.flags = OCTET_OPERAND_TRANSPOSED)
CHANGE(panels_batch, panels(c); c->n = 2; c->dst.stride[1] = 512)
CHANGE(panels_images, panels(c); c->n = 2)
CHANGE(panels_unaligned, panels(c); c->wgt.addr += 32)
CHANGE(panels_stride, panels(c); c->wgt.stride[2] = 64)
CHANGE(panels_zero, panels(c); c->wgt.zero_point = 200)
CHANGE(panels_sram, panels(c); c->wgt.space = OCTET_SPACE_SRAM;
       c->wgt.addr = SW - 18 * 64)
CHANGE(panels_sram_out, panels_sram(c); c->wgt.addr += 64)
CHANGE(panels_end, panels(c); c->wgt.addr = WGT + 4096 - 18 * 64)
CHANGE(panels_unmapped, panels_end(c); c->wgt.addr += 64)
CHANGE(panels_large, panels(c); c->cin = c->cout = 1 << 14; c->h = c->oh = 1;
       c->cin++)
CHANGE(unused_stride, c->src.stride[0] = 4)
CHANGE(unused_stride3, c->src.stride[3] = 4)
CHANGE(prm_stride, use_prm(c); c->prm.stride[3] = 8)
CHANGE(wgt_stride1, c->wgt.stride[1] = 4)
CHANGE(gemm_stride0, c->src.stride[0] = 4)
CHANGE(gemm_pad, c->pad_value = 1)
CHANGE(broadcast, c->h = c->oh = 1 << 16; c->cin = 1 << 13;
       c->src.stride[2] = 0)
CHANGE(dst_far, c->n = 2; c->dst.stride[1] = 128;
       c->dst.stride[2] = UINT64_C(1) << 63)
CHANGE(dst_endless, c->n = 2; c->dst.stride[1] = UINT64_MAX;
       c->dst.stride[2] = UINT64_C(1) << 63)
CHANGE(dst_broadcast, c->dst.stride[2] = 0)
CHANGE(dst_overlap, c->dst.stride[3] = 7)
CHANGE(dst_gap, c->dst.stride[3] = 9; c->dst.stride[2] = 36)
CHANGE(raw_unaligned, raw(c); c->dst.addr += 2)
CHANGE(raw_stride, raw(c); c->dst.stride[2] += 2)
CHANGE(prm_unaligned, use_prm(c); c->prm.addr += 2)
CHANGE(dst_const, c->dst.flags = OCTET_OPERAND_CONST)
CHANGE(src_const, c->src.flags = OCTET_OPERAND_CONST)
CHANGE(transposed, c->wgt.flags = OCTET_OPERAND_TRANSPOSED)
CHANGE(dst_transposed, c->dst.flags = OCTET_OPERAND_TRANSPOSED)
CHANGE(operand_flags, c->src.flags = 4)
CHANGE(stage6, c->stage = 6)
CHANGE(mult_large, c->dst.mult = 1u << 31)
CHANGE(shift0, c->dst.shift = 0)
CHANGE(shift63, c->dst.shift = 63)
CHANGE(shift62, c->dst.shift = 62)
CHANGE(raw_mult, raw(c); c->dst.mult = 1)
CHANGE(raw_shift, raw(c); c->dst.shift = 1)
CHANGE(raw_zero, raw(c); c->dst.zero_point = 1)
CHANGE(raw_clamp, raw(c); c->act_min = -70000; c->act_max = 70000)
CHANGE(fp32_small, fp32(c); c->dst.mult = OCTET_FP32_SCALE_MIN - 1)
CHANGE(fp32_large, fp32(c); c->dst.mult = OCTET_FP32_SCALE_END)
CHANGE(fp32_negative, fp32(c); c->dst.mult |= 1u << 31)
CHANGE(fp32_shift, fp32(c); c->dst.shift = 1)
CHANGE(src_zero, c->src.zero_point = 128)
CHANGE(src_zero_u, c->src.type = OCTET_TYPE_UINT8; c->src.zero_point = -1)
CHANGE(wgt_zero, c->wgt.zero_point = -129)
CHANGE(dst_zero, c->dst.zero_point = 200)
CHANGE(act_order, c->act_min = 1; c->act_max = 0)
CHANGE(act_low, c->act_min = -129)
CHANGE(act_high, c->act_max = 128)
CHANGE(pad, c->pad_value = 128)
CHANGE(too_large, c->src.stride[2] = 1u << 28)
CHANGE(wraps, c->src.stride[2] = UINT64_MAX / 2)
CHANGE(sram_out, c->src.space = OCTET_SPACE_SRAM; c->src.addr = SW - 127)
CHANGE(sram_in, c->src.space = OCTET_SPACE_SRAM; c->src.addr = SW - 128)
CHANGE(sram_far, c->src.space = OCTET_SPACE_SRAM; c->src.addr = UINT64_MAX)
CHANGE(src_unmapped, c->src.addr = 0x1000)
CHANGE(src_end, c->src.addr = SRC + 4096 - 127)
CHANGE(src_wraps, c->src.addr = UINT64_MAX - 3)
CHANGE(prm_unmapped, use_prm(c); c->prm.addr = 0x1000)
CHANGE(dst_unmapped, c->dst.addr = 0x1000)
CHANGE(dst_read_only, c->dst.addr = RO)
CHANGE(dst_read_only_end, c->dst.addr = RO + 4096 - 4)
CHANGE(prm_mult, use_prm(c); prm[7].mult = 1u << 31)
CHANGE(prm_mult_fp32, fp32(c); use_prm(c))
CHANGE(prm_mult_ignored, use_prm(c); prm[7].mult = 1u << 31;
       c->flags = OCTET_CMD_PER_TENSOR)
CHANGE(prm_dst_unread, use_prm(c); c->dst.mult = 0)
CHANGE(prm_raw, raw(c); use_prm(c))
CHANGE(chn_shift, use_chn(c); chn[7].shift = 63)
CHANGE(chn_shift_ignored, use_chn(c); chn[7].shift = 63;
       c->flags = OCTET_CMD_PER_TENSOR)
CHANGE(chn_dst_unread, use_chn(c); c->dst.shift = 0)
CHANGE(chn_fp32_shift, fp32(c); use_chn(c))
CHANGE(chn_zero, use_chn(c); chn[7].zero_point = 128)
CHANGE(chn_reserved, use_chn(c); chn[7].reserved = 1)

#define O(x)	OCTET_OPERAND_##x
#define READ(x)	(OCTET_OPERAND_##x | OCTET_ACCESS_READ << 8)
#define WRITE(x) (OCTET_OPERAND_##x | OCTET_ACCESS_WRITE << 8)
#define R(base, f, status, detail) { #f, base, f, OCTET_STATUS_##status, detail }

static const struct rule rules[] = {
	R(CONV, none, OK, 0), R(DW, none, OK, 0), R(GEMM, none, OK, 0),
	R(CONV, op0, BAD_OP, O(CMD)), R(CONV, op_12, BAD_OP, O(CMD)),
	R(CONV, op_99, BAD_OP, O(CMD)),
	R(CONV, flags_unknown, BAD_FLAGS, O(CMD)),
	R(CONV, flags_chain, BAD_CHAIN, O(CMD)),
	R(CONV, src_link, BAD_CHAIN, O(SRC)),
	R(CONV, link_strides, RESERVED, O(SRC)),
	R(CONV, link_addr, RESERVED, O(SRC)),
	R(CONV, reserved0, RESERVED, O(CMD)),
	R(CONV, reserved1, RESERVED, O(CMD)), R(CONV, sub, BAD_OP, O(CMD)),
	R(CONV, tail, BAD_FLAGS, O(CMD)),
	R(CONV, operand_reserved, RESERVED, O(WGT)),
	R(CONV, operand_link, RESERVED, O(SRC)),
	R(CONV, src_mult, RESERVED, O(SRC)),
	R(CONV, wgt_shift, RESERVED, O(WGT)),
	R(CONV, absent_field, RESERVED, O(SRC2)),
	R(CONV, h0, BAD_SHAPE, O(CMD)), R(CONV, n_large, BAD_SHAPE, O(CMD)),
	R(CONV, sh0, BAD_SHAPE, O(CMD)), R(GEMM, dw0, BAD_SHAPE, O(CMD)),
	R(CONV, groups0, BAD_SHAPE, O(CMD)),
	R(CONV, groups3, BAD_SHAPE, O(CMD)), R(CONV, groups2, OK, 0),
	R(DW, groups2, BAD_SHAPE, O(CMD)), R(GEMM, groups2, BAD_SHAPE, O(CMD)),
	R(CONV, n2, BAD_SHAPE, O(CMD)), R(DW, cout12, BAD_SHAPE, O(CMD)),
	R(GEMM, oh5, BAD_SHAPE, O(CMD)), R(CONV, oh5, OK, 0),
	R(GEMM, w2, BAD_SHAPE, O(CMD)), R(GEMM, ow2, BAD_SHAPE, O(CMD)),
	R(GEMM, r2, BAD_SHAPE, O(CMD)), R(GEMM, dil2, BAD_SHAPE, O(CMD)),
	R(GEMM, pt1, BAD_SHAPE, O(CMD)), R(CONV, policy4, BAD_SHAPE, O(CMD)),
	R(CONV, stripe0, BAD_SHAPE, O(CMD)), R(CONV, stripe_ok, OK, 0),
	R(CONV, stripe_over, BAD_SHAPE, O(CMD)),
	R(CONV, rows_auto, BAD_SHAPE, O(CMD)),
	R(CONV, no_src, BAD_SPACE, O(SRC)), R(CONV, no_dst, BAD_SPACE, O(DST)),
	R(CONV, space9, BAD_SPACE, O(WGT)), R(CONV, src2, BAD_SPACE, O(SRC2)),
	R(CONV, prm_sram, BAD_SPACE, O(PRM)),
	R(CONV, src_int4, BAD_TYPE, O(SRC)), R(CONV, wgt_none, BAD_TYPE, O(WGT)),
	R(CONV, dst_int32, BAD_TYPE, O(DST)), R(CONV, raw_int8, BAD_TYPE, O(DST)),
	R(CONV, prm_typed, BAD_TYPE, O(PRM)),
	R(CONV, packed, BAD_LAYOUT, O(WGT)), R(CONV, layout7, BAD_LAYOUT, O(SRC)),
	R(GEMM, packed, BAD_LAYOUT, O(WGT)), R(DW, panels, BAD_LAYOUT, O(WGT)),
	R(CONV, panels, OK, 0), R(GEMM, panels, OK, 0),
	R(CONV, panels_input, BAD_LAYOUT, O(SRC)),
	R(CONV, panels_uint8, OK, 0), R(CONV, panels_int4, BAD_LAYOUT, O(WGT)),
	R(CONV, panels_int16, BAD_LAYOUT, O(WGT)),
	R(CONV, panels_turned, BAD_FLAGS, O(WGT)),
	R(GEMM, panels_turned, BAD_LAYOUT, O(WGT)),
	R(GEMM, panels_batch, BAD_LAYOUT, O(WGT)), R(CONV, panels_images, OK, 0),
	R(CONV, panels_unaligned, BAD_LAYOUT, O(WGT)),
	R(CONV, panels_stride, BAD_LAYOUT, O(WGT)),
	R(CONV, panels_zero, BAD_QUANT, O(WGT)),
	R(CONV, panels_sram, OK, 0), R(CONV, panels_sram_out, BAD_SRAM, O(WGT)),
	R(CONV, panels_end, OK, 0), R(CONV, panels_unmapped, UNMAPPED, READ(WGT)),
	R(GEMM, panels_large, TOO_LARGE, O(WGT)),
	R(CONV, unused_stride, RESERVED, O(SRC)),
	R(GEMM, unused_stride3, RESERVED, O(SRC)),
	R(CONV, prm_stride, RESERVED, O(PRM)),
	R(DW, wgt_stride1, RESERVED, O(WGT)), R(GEMM, gemm_stride0, OK, 0),
	R(GEMM, gemm_pad, RESERVED, O(CMD)),
	R(CONV, dst_broadcast, BAD_LAYOUT, O(DST)),
	R(CONV, dst_overlap, BAD_LAYOUT, O(DST)), R(CONV, dst_gap, OK, 0),
	R(GEMM, raw_unaligned, BAD_LAYOUT, O(DST)),
	R(GEMM, raw_stride, BAD_LAYOUT, O(DST)),
	R(CONV, prm_unaligned, BAD_LAYOUT, O(PRM)),
	R(CONV, dst_const, BAD_FLAGS, O(DST)), R(CONV, src_const, OK, 0),
	R(CONV, transposed, BAD_FLAGS, O(WGT)), R(GEMM, transposed, OK, 0),
	R(GEMM, dst_transposed, BAD_FLAGS, O(DST)),
	R(CONV, operand_flags, BAD_FLAGS, O(SRC)),
	R(CONV, stage6, BAD_QUANT, O(CMD)), R(CONV, mult_large, BAD_QUANT, O(DST)),
	R(CONV, shift0, BAD_QUANT, O(DST)), R(CONV, shift63, BAD_QUANT, O(DST)),
	R(CONV, shift62, OK, 0), R(GEMM, raw, OK, 0),
	R(GEMM, raw_mult, BAD_QUANT, O(DST)),
	R(GEMM, raw_shift, BAD_QUANT, O(DST)),
	R(GEMM, raw_zero, BAD_QUANT, O(DST)), R(GEMM, raw_clamp, OK, 0),
	R(CONV, fp32, OK, 0), R(CONV, fp32_small, BAD_QUANT, O(DST)),
	R(CONV, fp32_large, BAD_QUANT, O(DST)),
	R(CONV, fp32_negative, BAD_QUANT, O(DST)),
	R(CONV, fp32_shift, BAD_QUANT, O(DST)),
	R(CONV, src_zero, BAD_QUANT, O(SRC)),
	R(CONV, src_zero_u, BAD_QUANT, O(SRC)),
	R(CONV, wgt_zero, BAD_QUANT, O(WGT)), R(CONV, dst_zero, BAD_QUANT, O(DST)),
	R(CONV, act_order, BAD_QUANT, O(CMD)),
	R(CONV, act_low, BAD_QUANT, O(CMD)), R(CONV, act_high, BAD_QUANT, O(CMD)),
	R(CONV, pad, BAD_QUANT, O(CMD)),
	R(CONV, too_large, TOO_LARGE, O(SRC)), R(CONV, wraps, TOO_LARGE, O(SRC)),
	R(GEMM, broadcast, TOO_LARGE, O(SRC)),
	R(CONV, dst_far, TOO_LARGE, O(DST)), R(CONV, dst_endless, BAD_LAYOUT, O(DST)),
	R(CONV, sram_out, BAD_SRAM, O(SRC)), R(CONV, sram_in, OK, 0),
	R(CONV, sram_far, BAD_SRAM, O(SRC)),
	R(CONV, src_unmapped, UNMAPPED, READ(SRC)),
	R(CONV, src_end, UNMAPPED, READ(SRC)),
	R(CONV, src_wraps, UNMAPPED, READ(SRC)),
	R(CONV, prm_unmapped, UNMAPPED, READ(PRM)),
	R(CONV, dst_unmapped, UNMAPPED, WRITE(DST)),
	R(CONV, dst_read_only, PERMISSION, WRITE(DST)),
	R(CONV, dst_read_only_end, PERMISSION, WRITE(DST)),
	R(CONV, use_prm, OK, 0), R(CONV, use_chn, OK, 0),
	R(CONV, prm_mult, BAD_QUANT, O(PRM)),
	R(CONV, prm_mult_fp32, OK, 0), R(CONV, prm_mult_ignored, OK, 0),
	R(CONV, prm_dst_unread, OK, 0), R(GEMM, prm_raw, BAD_QUANT, O(PRM)),
	R(CONV, chn_shift, BAD_QUANT, O(CHN)), R(CONV, chn_shift_ignored, OK, 0),
	R(CONV, chn_dst_unread, OK, 0),
	R(CONV, chn_fp32_shift, BAD_QUANT, O(CHN)),
	R(CONV, chn_zero, BAD_QUANT, O(CHN)),
	R(CONV, chn_reserved, RESERVED, O(CHN)),
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
		fprintf(stderr, "%s: %d, status 0x%x detail 0x%x '%s', want 0x%x 0x%x\n",
			r->name, err, f.status, f.detail, f.text, r->status,
			r->detail);
		bad++;
	}
	assert_int_equal(bad, 0);
}

/* A bad command is found before the first one runs; a bad address later. */
static void order(void **state)
{
	struct octet_cmd c[3] = { valid(CONV), valid(GEMM), valid(DW) };
	struct octet_cpu_fault f;

	(void)state;
	c[2].h = 0;
	assert_int_equal(run(c, 3, &f), -EFAULT);
	assert_int_equal(f.command, 2);
	assert_true(untouched());
	c[2] = valid(DW);
	c[1].src.addr = 0x77;
	assert_int_equal(run(c, 3, &f), -EFAULT);
	assert_int_equal(f.command, 1);
	assert_int_equal(f.va, 0x77);
	assert_false(untouched());
	assert_int_equal(run(c, 0, &f), 0);
}

static void split(void **state)
{
	struct tc_memory map = { 0 };
	const struct octet_cpu_memory memory = { .opaque = &map, .at = tc_at };
	struct octet_cpu_fault f;
	struct octet_cmd c = valid(CONV);

	(void)state;
	assert_int_equal(octet_cpu_run(cpu, &memory, &c, 1, SRAM, SRAM + 1,
				       NULL, &f), -EFAULT);
	assert_int_equal(f.status, OCTET_STATUS_BAD_SPLIT);
}

/* Random bytes over a valid command: any status, but no crash. */
static void noise(void **state)
{
	struct octet_cpu_fault f;
	uint64_t rng = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct octet_cmd c = valid((enum base)(i % 3));
		uint8_t *bytes = (uint8_t *)&c;
		const int flips = (int)tc_between(&rng, 1, 4);

		records();
		for (int j = 0; j < flips; j++)
			bytes[tc_next(&rng) % sizeof(c)] ^=
				(uint8_t)(1 << tc_next(&rng) % 8);
		/* valid commands may be huge: only small ones are run */
		if ((uint64_t)c.n * c.n2 * c.oh * c.ow > 4096 ||
		    (uint64_t)c.r * c.s * c.cin > 65536 || c.cout > 4096)
			continue;
		run(&c, 1, &f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_case(every_rule), unit_case(order), unit_case(split),
		unit_case(noise),
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
