// SPDX-License-Identifier: MIT
/*
 * Command validation: each rule by one field changed in a command that is
 * otherwise right, through the machine, with the status and the operand that
 * the completion must name. Nothing of a refused command is written.
 */
#include "core_mutation.h"

enum base { CONV, DEPTHWISE, GEMM, BASES };

/* What every operand refuses; @o is the operand of a convolution. */
#define OPERAND(o, n)							\
	M(CONV, o.space, 3, RESERVED, n),				\
	M(CONV, o.space, 4, BAD_SPACE, n),				\
	M(CONV, o.space, 255, BAD_SPACE, n),				\
	M(CONV, o.type, 255, BAD_TYPE, n),				\
	M(CONV, o.layout, OCTET_LAYOUT_PACKED, BAD_LAYOUT, n),		\
	M(CONV, o.layout, 255, BAD_LAYOUT, n),				\
	M(CONV, o.link, 1, RESERVED, n),				\
	M(CONV, o.link, OCTET_OPERAND_LINK_NEWEST, RESERVED, n),	\
	M(CONV, o.flags, OCTET_OPERAND_TRANSPOSED, BAD_FLAGS, n),	\
	M(CONV, o.flags, 4, BAD_FLAGS, n),				\
	M(CONV, o.flags, 0x80000000, BAD_FLAGS, n),			\
	M(CONV, o.stride[0], 1, RESERVED, n),				\
	M(CONV, o.reserved, 1, RESERVED, n)

static const struct mutation mutations[] = {
	OPERAND(src, SRC),
	OPERAND(wgt, WGT),
	OPERAND(prm, PRM),
	OPERAND(chn, CHN),
	OPERAND(dst, DST),

	M(CONV, op, 0, BAD_OP, CMD),
	M(CONV, op, OCTET_OP_TCONV2D + 1, BAD_OP, CMD),
	M(CONV, op, 31, BAD_OP, CMD),
	M(CONV, op, 255, BAD_OP, CMD),
	M(CONV, flags, OCTET_CMD_CHAIN, BAD_CHAIN, CMD),
	M(CONV, flags, 4, BAD_FLAGS, CMD),
	M(CONV, flags, 0x80000000, BAD_FLAGS, CMD),
	M(CONV, sub, 1, BAD_OP, CMD),
	M(CONV, sub, 255, BAD_OP, CMD),
	M(CONV, tail, OCTET_TAIL_ADD, BAD_SPACE, SRC2),
	M(CONV, tail, 4, BAD_FLAGS, CMD),
	M(CONV, tail, 0x80000000, BAD_FLAGS, CMD),
	M(CONV, left_shift, 1, RESERVED, CMD),
	M(CONV, table, 1ll << 40, RESERVED, CMD),
	M(CONV, mid_mult, 1, RESERVED, CMD),
	M(CONV, mid_shift, 1, RESERVED, CMD),
	M(CONV, mid_zero_point, -1, RESERVED, CMD),
	M(CONV, mid_min, -1, RESERVED, CMD),
	M(CONV, mid_max, 1, RESERVED, CMD),
	M(CONV, sum_stage, 1, RESERVED, CMD),
	M(CONV, sum_mult, 1, RESERVED, CMD),
	M(CONV, sum_shift, 1, RESERVED, CMD),
	M(CONV, reserved0[0], 1, RESERVED, CMD),
	M(CONV, reserved0[2], 0x80, RESERVED, CMD),
	M(CONV, reserved1, 0x80000000, RESERVED, CMD),
	M(CONV, src2.space, OCTET_SPACE_VA, BAD_SPACE, SRC2),
	M(CONV, src2.space, OCTET_SPACE_LINK, BAD_SPACE, SRC2),
	M(CONV, src2.addr, 1, RESERVED, SRC2),
	M(CONV, src2.stride[3], 1, RESERVED, SRC2),
	M(CONV, src2.type, OCTET_TYPE_INT8, RESERVED, SRC2),
	M(CONV, src2.mult, 1, RESERVED, SRC2),
	M(CONV, src.mult, 1, RESERVED, SRC),
	M(CONV, src.shift, 1, RESERVED, SRC),
	M(CONV, wgt.mult, 1, RESERVED, WGT),
	M(CONV, prm.zero_point, 1, RESERVED, PRM),
	M(CONV, prm.mult, 1, RESERVED, PRM),
	M(CONV, chn.shift, 1, RESERVED, CHN),
	M(CONV, prm.stride[3], 4, RESERVED, PRM),
	M(DEPTHWISE, wgt.stride[1], 1, RESERVED, WGT),
	M(GEMM, src.stride[3], 1, RESERVED, SRC),
	M(GEMM, dst.stride[3], 1, RESERVED, DST),
	M(GEMM, pad_value, 1, RESERVED, CMD),

	M(CONV, n, 0, BAD_SHAPE, CMD),
	M(CONV, n2, 0, BAD_SHAPE, CMD),
	M(CONV, n2, 2, BAD_SHAPE, CMD),
	M(CONV, h, 0, BAD_SHAPE, CMD),
	M(CONV, w, 0, BAD_SHAPE, CMD),
	M(CONV, cin, 0, BAD_SHAPE, CMD),
	M(CONV, oh, 0, BAD_SHAPE, CMD),
	M(CONV, ow, 0, BAD_SHAPE, CMD),
	M(CONV, cout, 0, BAD_SHAPE, CMD),
	M(CONV, groups, 0, BAD_SHAPE, CMD),
	M(CONV, h, (1 << 20) + 1, BAD_SHAPE, CMD),
	M(CONV, ow, 0xffffffff, BAD_SHAPE, CMD),
	M(CONV, cin, 5, BAD_SHAPE, CMD),
	M(CONV, cout, 7, BAD_SHAPE, CMD),
	M(CONV, groups, 3, BAD_SHAPE, CMD),
	M(CONV, groups, 8, BAD_SHAPE, CMD),
	M(CONV, r, 0, BAD_SHAPE, CMD),
	M(CONV, s, 0, BAD_SHAPE, CMD),
	M(CONV, sh, 0, BAD_SHAPE, CMD),
	M(CONV, sw, 0, BAD_SHAPE, CMD),
	M(CONV, dh, 0, BAD_SHAPE, CMD),
	M(CONV, dw, 0, BAD_SHAPE, CMD),
	M(CONV, policy, 4, BAD_SHAPE, CMD),
	M(CONV, policy, OCTET_POLICY_STRIPE, BAD_SHAPE, CMD),
	M(CONV, rows, 1, BAD_SHAPE, CMD),
	M(DEPTHWISE, groups, 2, BAD_SHAPE, CMD),
	M(DEPTHWISE, cout, 6, BAD_SHAPE, CMD),
	M(DEPTHWISE, cout, 2, BAD_SHAPE, CMD),
	M(GEMM, w, 2, BAD_SHAPE, CMD),
	M(GEMM, ow, 2, BAD_SHAPE, CMD),
	M(GEMM, oh, 3, BAD_SHAPE, CMD),
	M(GEMM, groups, 2, BAD_SHAPE, CMD),
	M(GEMM, r, 2, BAD_SHAPE, CMD),
	M(GEMM, sw, 2, BAD_SHAPE, CMD),
	M(GEMM, dh, 2, BAD_SHAPE, CMD),
	M(GEMM, pt, 1, BAD_SHAPE, CMD),
	M(GEMM, pl, 1, BAD_SHAPE, CMD),

	/* A missing operand still has its fields: they are what is wrong first. */
	M(CONV, src.space, OCTET_SPACE_NONE, RESERVED, SRC),
	M(CONV, prm.space, OCTET_SPACE_SRAM, BAD_SPACE, PRM),
	M(CONV, chn.space, OCTET_SPACE_SRAM, BAD_SPACE, CHN),

	M(CONV, src.type, OCTET_TYPE_NONE, BAD_TYPE, SRC),
	M(CONV, src.type, OCTET_TYPE_INT32, BAD_TYPE, SRC),
	M(CONV, src.type, OCTET_TYPE_INT4, BAD_TYPE, SRC),
	M(CONV, src.type, OCTET_TYPE_INT16, BAD_SPACE, CHN),
	M(DEPTHWISE, src.type, OCTET_TYPE_INT16, BAD_TYPE, DST),
	M(CONV, wgt.type, OCTET_TYPE_INT16, BAD_TYPE, WGT),
	M(CONV, wgt.type, OCTET_TYPE_INT4, BAD_LAYOUT, WGT),
	M(CONV, dst.type, OCTET_TYPE_INT16, BAD_TYPE, DST),
	M(CONV, prm.type, OCTET_TYPE_INT32, BAD_TYPE, PRM),
	M(CONV, dst.type, OCTET_TYPE_INT32, BAD_TYPE, DST),
	M(CONV, stage, OCTET_STAGE_RAW, BAD_TYPE, DST),
	M(GEMM, dst.type, OCTET_TYPE_INT8, BAD_TYPE, DST),
	M(GEMM, stage, OCTET_STAGE_FIX_DBL, BAD_TYPE, DST),

	M(CONV, prm.addr, VA_PRM + 2, BAD_LAYOUT, PRM),
	M(CONV, chn.addr, VA_CHN + 1, BAD_LAYOUT, CHN),
	M(GEMM, dst.addr, VA_DST + 2, BAD_LAYOUT, DST),
	M(GEMM, dst.stride[2], 18, BAD_LAYOUT, DST),
	M(GEMM, dst.stride[2], 12, BAD_LAYOUT, DST),
	M(GEMM, dst.stride[2], (1ll << 40) + 2, BAD_LAYOUT, DST),
	M(CONV, dst.stride[3], 0, BAD_LAYOUT, DST),
	M(CONV, dst.stride[3], 7, BAD_LAYOUT, DST),
	M(CONV, dst.stride[2], 31, BAD_LAYOUT, DST),
	M(CONV, dst.stride[1], 64, BAD_LAYOUT, DST),
	M(CONV, dst.flags, OCTET_OPERAND_CONST, BAD_FLAGS, DST),
	M(GEMM, dst.flags, OCTET_OPERAND_TRANSPOSED, BAD_FLAGS, DST),

	M(CONV, stage, 6, BAD_QUANT, CMD),
	M(CONV, stage, 255, BAD_QUANT, CMD),
	M(CONV, src.zero_point, 128, BAD_QUANT, SRC),
	M(CONV, src.zero_point, -129, BAD_QUANT, SRC),
	M(CONV, wgt.zero_point, 200, BAD_QUANT, WGT),
	M(CONV, dst.zero_point, 128, BAD_QUANT, DST),
	M(GEMM, dst.zero_point, 1, BAD_QUANT, DST),
	M(GEMM, dst.mult, 1, BAD_QUANT, DST),
	M(GEMM, dst.shift, 1, BAD_QUANT, DST),
	M(DEPTHWISE, dst.mult, 0x80000000, BAD_QUANT, DST),
	M(DEPTHWISE, dst.shift, 0, BAD_QUANT, DST),
	M(DEPTHWISE, dst.shift, 63, BAD_QUANT, DST),
	M(DEPTHWISE, stage, OCTET_STAGE_FP32_RNE, BAD_QUANT, DST),
	M(CONV, flags, OCTET_CMD_PER_TENSOR, BAD_QUANT, DST),	/* shift 0 now applies */
	M(CONV, act_min, -129, BAD_QUANT, CMD),
	M(CONV, act_max, 128, BAD_QUANT, CMD),
	M(CONV, act_max, -129, BAD_QUANT, CMD),
	M(CONV, pad_value, 128, BAD_QUANT, CMD),
	M(CONV, pad_value, -129, BAD_QUANT, CMD),

	M(CONV, src.stride[1], 1ull << 28, TOO_LARGE, SRC),
	M(CONV, src.stride[1], INT64_MAX, TOO_LARGE, SRC),
	M(CONV, src.stride[2], -1, TOO_LARGE, SRC),
	M(CONV, wgt.stride[1], 1ull << 40, TOO_LARGE, WGT),
	M(CONV, dst.stride[1], 1ull << 28, TOO_LARGE, DST),
	M(CONV, src.space, OCTET_SPACE_SRAM, BAD_SRAM, SRC),
	M(CONV, wgt.space, OCTET_SPACE_SRAM, BAD_SRAM, WGT),
	M(CONV, dst.space, OCTET_SPACE_SRAM, BAD_SRAM, DST),

	/* Allowed */
	M(CONV, policy, OCTET_POLICY_RESIDENT, OK, CMD),
	M(CONV, src.flags, OCTET_OPERAND_CONST, OK, CMD),
	M(CONV, prm.flags, OCTET_OPERAND_CONST, OK, CMD),
	M(CONV, src.zero_point, -128, OK, CMD),
	M(CONV, pad_value, 127, OK, CMD),
	M(CONV, act_min, 127, OK, CMD),
	M(CONV, src.stride[1], 0, OK, CMD),
	M(CONV, src.stride[3], 0, OK, CMD),
	M(CONV, stage, OCTET_STAGE_FIX_AWAY, OK, CMD),
	M(CONV, pt, 2, OK, CMD),
	M(DEPTHWISE, dst.mult, 0, OK, CMD),
	M(DEPTHWISE, dst.shift, 62, OK, CMD),
	M(DEPTHWISE, wgt.type, OCTET_TYPE_UINT8, OK, CMD),
	M(GEMM, src.flags, OCTET_OPERAND_TRANSPOSED, OK, CMD),
	M(GEMM, act_min, 5, OK, CMD),
};

static struct octet_cmd base(enum base which)
{
	if (which == GEMM)
		return fake_gemm(4, 4, 4);
	return which == CONV ? fake_conv() : fake_depthwise();
}

static void test_mutations(void **state)
{
	struct fake *f = fake_ready("");

	(void)state;
	for (size_t i = 0; i < sizeof(mutations) / sizeof(mutations[0]); i++) {
		struct octet_cmd cmd = base(mutations[i].base);

		mutation_apply(&cmd, &mutations[i]);
		mutation_check(f, &cmd, mutations[i].what, mutations[i].status, mutations[i].operand);
	}
	fake_free(f);
}

/* The bases themselves are accepted: else the mutations prove nothing. */
static void test_bases(void **state)
{
	struct fake *f = fake_ready("");

	(void)state;
	for (int i = 0; i < BASES; i++) {
		struct octet_cmd cmd = base((enum base)i);

		mutation_check(f, &cmd, "unchanged", OCTET_STATUS_OK, 0);
	}
	fake_free(f);
}

/* Packed weights: one thing changed in what is right. */
static void test_packed(void **state)
{
	static const struct mutation packed[] = {
		M(CONV, n, 1, OK, CMD),
		M(CONV, wgt.type, OCTET_TYPE_UINT8, OK, CMD),
		M(CONV, groups, 1, OK, CMD),
		M(CONV, wgt.addr, VA_WGT + 64, OK, CMD),
		M(CONV, wgt.addr, VA_WGT + 32, BAD_LAYOUT, WGT),
		M(CONV, wgt.addr, VA_WGT + 1, BAD_LAYOUT, WGT),
		M(CONV, wgt.type, OCTET_TYPE_INT4, BAD_LAYOUT, WGT),
		M(CONV, wgt.stride[0], 64, RESERVED, WGT),
		M(CONV, wgt.stride[1], 64, BAD_LAYOUT, WGT),
		M(CONV, wgt.stride[2], 64, BAD_LAYOUT, WGT),
		M(CONV, wgt.stride[3], 64, BAD_LAYOUT, WGT),
		M(CONV, wgt.layout, 2, BAD_LAYOUT, WGT),
		M(CONV, wgt.flags, OCTET_OPERAND_TRANSPOSED, BAD_FLAGS, WGT),
		M(CONV, src.layout, OCTET_LAYOUT_PACKED, BAD_LAYOUT, SRC),
		M(CONV, dst.layout, OCTET_LAYOUT_PACKED, BAD_LAYOUT, DST),
		M(CONV, wgt.zero_point, 200, BAD_QUANT, WGT),
		M(CONV, wgt.space, OCTET_SPACE_SRAM, BAD_SRAM, WGT),
		M(DEPTHWISE, n, 1, BAD_LAYOUT, WGT),
		M(GEMM, n, 1, OK, CMD),
		M(GEMM, wgt.stride[2], 4, BAD_LAYOUT, WGT),
		M(GEMM, wgt.flags, OCTET_OPERAND_TRANSPOSED, BAD_LAYOUT, WGT),
	};
	struct fake *f = fake_ready("");

	(void)state;
	for (size_t i = 0; i < sizeof(packed) / sizeof(packed[0]); i++) {
		struct octet_cmd cmd = base(packed[i].base);

		cmd.wgt.layout = OCTET_LAYOUT_PACKED;
		memset(cmd.wgt.stride, 0, sizeof(cmd.wgt.stride));
		mutation_apply(&cmd, &packed[i]);
		mutation_check(f, &cmd, packed[i].what, packed[i].status, packed[i].operand);
	}
	fake_free(f);
}

/* Its size, to the byte, in SRAM; batches; int16 inputs; what is too large. */
static void test_packed_sizes(void **state)
{
	struct octet_cmd cmd = fake_gemm(1, 5, 17);	/* two panels of two lines */
	struct octet_fault fault = { 0 };

	(void)state;
	cmd.wgt.layout = OCTET_LAYOUT_PACKED;
	memset(cmd.wgt.stride, 0, sizeof(cmd.wgt.stride));
	cmd.wgt.space = OCTET_SPACE_SRAM;
	cmd.wgt.addr = 128;
	assert_int_equal(octet_decode_cmd(&cmd, 384, &fault), 0);
	assert_int_equal(octet_decode_cmd(&cmd, 383, &fault), OCTET_STATUS_BAD_SRAM);
	cmd.n = 2;
	cmd.dst.stride[1] = 1024;
	assert_int_equal(octet_decode_cmd(&cmd, 384, &fault), OCTET_STATUS_BAD_LAYOUT);
	cmd = fake_gemm(1, 1 << 14, 1 << 14);
	cmd.wgt.layout = OCTET_LAYOUT_PACKED;
	memset(cmd.wgt.stride, 0, sizeof(cmd.wgt.stride));
	assert_int_equal(octet_decode_cmd(&cmd, 0, &fault), 0);
	cmd.cin++;
	assert_int_equal(octet_decode_cmd(&cmd, 0, &fault), OCTET_STATUS_TOO_LARGE);
	cmd = fake_conv16();
	cmd.wgt.layout = OCTET_LAYOUT_PACKED;
	memset(cmd.wgt.stride, 0, sizeof(cmd.wgt.stride));
	assert_int_equal(octet_decode_cmd(&cmd, 0, &fault), OCTET_STATUS_BAD_LAYOUT);
	/* Groups of one channel take a line each, whatever they hold. */
	cmd = fake_conv();
	cmd.wgt.layout = OCTET_LAYOUT_PACKED;
	memset(cmd.wgt.stride, 0, sizeof(cmd.wgt.stride));
	cmd.n = cmd.h = cmd.w = cmd.oh = cmd.ow = cmd.r = cmd.s = 1;
	cmd.groups = cmd.cin = cmd.cout = 1 << 20;
	cmd.wgt.space = OCTET_SPACE_SRAM;
	cmd.wgt.addr = 0;
	assert_int_equal(octet_decode_cmd(&cmd, 1 << 26, &fault), 0);
	assert_int_equal(octet_decode_cmd(&cmd, (1 << 26) - 1, &fault), OCTET_STATUS_BAD_SRAM);
}

/* Two things wrong: the check that the manual names first is reported. */
static void test_order(void **state)
{
	static const struct mutation order[] = {
		M(CONV, op, 0, BAD_OP, CMD),
		M(CONV, flags, 0x100, BAD_FLAGS, CMD),
		M(CONV, reserved1, 1, RESERVED, CMD),
		M(CONV, n, 0, BAD_SHAPE, CMD),
		M(CONV, prm.space, OCTET_SPACE_SRAM, BAD_SPACE, PRM),
		M(CONV, src.type, 0, BAD_TYPE, SRC),
		M(CONV, wgt.layout, 1, BAD_LAYOUT, WGT),
		M(CONV, dst.flags, 1, BAD_FLAGS, DST),
		M(CONV, act_max, 500, BAD_QUANT, CMD),
		M(CONV, src.stride[1], 1ull << 40, TOO_LARGE, SRC),
		M(CONV, flags, OCTET_CMD_CHAIN, BAD_CHAIN, CMD),
	};
	size_t count = sizeof(order) / sizeof(order[0]);
	struct fake *f = fake_ready("");

	(void)state;
	for (size_t i = 0; i < count; i++) {
		struct octet_cmd cmd = fake_conv();

		for (size_t k = count; k-- > i;)
			mutation_apply(&cmd, &order[k]);
		mutation_check(f, &cmd, order[i].what, order[i].status, order[i].operand);
	}
	fake_free(f);
}

static void test_missing(void **state)
{
	static const struct { int operand; unsigned int status; } cases[] = {
		{ SRC, OCTET_STATUS_BAD_SPACE }, { WGT, OCTET_STATUS_BAD_SPACE },
		{ DST, OCTET_STATUS_BAD_SPACE }, { CHN, OCTET_STATUS_OK },
	};
	struct fake *f = fake_ready("");

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct octet_cmd cmd = fake_conv();

		if (cases[i].operand == CHN)
			cmd.dst.shift = 31;
		memset((uint8_t *)&cmd + offsetof(struct octet_cmd, src) +
		       (size_t)cases[i].operand * sizeof(struct octet_operand), 0,
		       sizeof(struct octet_operand));
		mutation_check(f, &cmd, "missing", cases[i].status, (unsigned int)cases[i].operand);
	}
	fake_free(f);
}

/* SRAM operands lie in [0, sw), to the byte. */
static void test_sram_bounds(void **state)
{
	struct fake *f = fake_ready("");
	static const struct { uint64_t addr, sw; unsigned int status; } cases[] = {
		{ 0, 128, OCTET_STATUS_OK }, { 0, 127, OCTET_STATUS_BAD_SRAM },
		{ 1, 128, OCTET_STATUS_BAD_SRAM }, { 72, 200, OCTET_STATUS_OK },
		{ UINT64_MAX, 128, OCTET_STATUS_BAD_SRAM },
		{ UINT64_MAX - 127, 128, OCTET_STATUS_BAD_SRAM },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct octet_cmd cmd = fake_conv();	/* src: 128 bytes */
		struct octet_completion c;

		cmd.src.space = OCTET_SPACE_SRAM;
		cmd.src.addr = cases[i].addr;
		fake_queue(f, 0, &cmd, 1)->sw = (uint32_t)cases[i].sw;
		fake_doorbell(f, 0);
		fake_run(f);
		assert_true(fake_pop(f, 0, &c));
		assert_int_equal(c.status, cases[i].status);
		if (c.status)
			fake_cwrite(f, 0, OCTET_CORE_CTRL, 5);
	}
	fake_free(f);
}

/* Largest operands: 2^28 bytes pass, one element more does not. */
static void test_sizes(void **state)
{
	struct octet_cmd cmd = fake_gemm(1 << 14, 1 << 14, 1);
	struct octet_fault fault = { 0 };

	(void)state;
	assert_int_equal(octet_decode_cmd(&cmd, 0, &fault), 0);
	cmd.cin = (1 << 14) + 1;
	cmd.src.stride[2] = cmd.cin;
	assert_int_equal(octet_decode_cmd(&cmd, 0, &fault), OCTET_STATUS_TOO_LARGE);
	cmd = fake_gemm(1, 1, 1);
	cmd.n = cmd.n2 = cmd.h = cmd.oh = cmd.cin = cmd.cout = 1 << 20;
	/* Elements that overlap are refused before their number. */
	assert_int_equal(octet_decode_cmd(&cmd, 0, &fault), OCTET_STATUS_BAD_LAYOUT);
	cmd.dst.stride[2] = 4ull << 20;
	cmd.dst.stride[1] = 4ull << 40;
	cmd.dst.stride[0] = 4ull << 60;
	assert_int_equal(octet_decode_cmd(&cmd, 0, &fault), OCTET_STATUS_TOO_LARGE);
	/* The rows end beyond 64 bits, where the second image would have to begin. */
	cmd = fake_conv();
	cmd.dst.stride[2] = 1ull << 63;
	assert_int_equal(octet_decode_cmd(&cmd, 0, &fault), OCTET_STATUS_TOO_LARGE);
	cmd.dst.stride[1] = UINT64_MAX;
	assert_int_equal(octet_decode_cmd(&cmd, 0, &fault), OCTET_STATUS_BAD_LAYOUT);
	/* Broadcast does not make it smaller: the copy is what counts. */
	cmd = fake_gemm(1 << 15, 1 << 14, 1);
	cmd.src.stride[2] = 0;
	assert_int_equal(octet_decode_cmd(&cmd, 0, &fault), OCTET_STATUS_TOO_LARGE);
}

/* Records are checked after their copy; the first bad one stops the command. */
static void test_records(void **state)
{
	static const struct {
		unsigned int stage, type;
		struct octet_param prm;
		struct octet_channel chn;
		unsigned int status, operand;
	} cases[] = {
		{ 1, 1, { 0, 0x7fffffff }, { 62, 0, 127 }, OCTET_STATUS_OK, 0 },
		{ 1, 1, { -5, 0 }, { 1, 0, -128 }, OCTET_STATUS_OK, 0 },
		{ 1, 1, { 0, 0x80000000 }, { 31, 0, 0 }, OCTET_STATUS_BAD_QUANT, PRM },
		{ 1, 1, { 0, 1 }, { 0, 0, 0 }, OCTET_STATUS_BAD_QUANT, CHN },
		{ 1, 1, { 0, 1 }, { 63, 0, 0 }, OCTET_STATUS_BAD_QUANT, CHN },
		{ 1, 1, { 0, 1 }, { 31, 1, 0 }, OCTET_STATUS_RESERVED, CHN },
		{ 1, 1, { 0, 1 }, { 31, 0, 128 }, OCTET_STATUS_BAD_QUANT, CHN },
		{ 1, 1, { 0, 1 }, { 31, 0, -129 }, OCTET_STATUS_BAD_QUANT, CHN },
		{ 1, 2, { 0, 1 }, { 31, 0, -1 }, OCTET_STATUS_BAD_QUANT, CHN },
		{ 1, 2, { 0, 1 }, { 31, 0, 255 }, OCTET_STATUS_OK, 0 },
		{ 5, 1, { 0, 0x2f800000 }, { 0, 0, 0 }, OCTET_STATUS_OK, 0 },
		{ 5, 1, { 0, 0x2f7fffff }, { 0, 0, 0 }, OCTET_STATUS_BAD_QUANT, PRM },
		{ 5, 1, { 0, 0x437fffff }, { 0, 0, 0 }, OCTET_STATUS_OK, 0 },
		{ 5, 1, { 0, 0x43800000 }, { 0, 0, 0 }, OCTET_STATUS_BAD_QUANT, PRM },
		{ 5, 1, { 0, 0xbf800000 }, { 0, 0, 0 }, OCTET_STATUS_BAD_QUANT, PRM },
		{ 5, 1, { 0, 0x7fc00000 }, { 0, 0, 0 }, OCTET_STATUS_BAD_QUANT, PRM },
		{ 5, 1, { 0, 0x3f800000 }, { 31, 0, 0 }, OCTET_STATUS_BAD_QUANT, CHN },
	};
	struct fake *f = fake_ready("");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct octet_cmd cmd = fake_conv();
		struct octet_param *prm = fake_va(f, VA_PRM);
		struct octet_channel *chn = fake_va(f, VA_CHN);
		char what[32];

		cmd.stage = (uint8_t)cases[i].stage;
		cmd.wgt.type = (uint8_t)cases[i].type;
		for (int k = 0; k < 8; k++) {
			prm[k].mult = cmd.stage == 5 ? 0x3f800000 : 1;
			chn[k] = (struct octet_channel) { cmd.stage == 5 ? 0 : 31, 0, 0 };
		}
		prm[7] = cases[i].prm;
		chn[7] = cases[i].chn;
		snprintf(what, sizeof(what), "record case %zu", i);
		mutation_check(f, &cmd, what, cases[i].status, cases[i].operand);
	}
	fake_free(f);
}

/* What is wrong with the first channel of which something is: as one reads it. */
static int first_wrong(const struct octet_cmd *cmd, const struct octet_channel *chn)
{
	bool shifts = !(cmd->flags & OCTET_CMD_PER_TENSOR);
	int lo = cmd->wgt.type == OCTET_TYPE_UINT8 ? 0 : -128;

	for (uint32_t i = 0; i < cmd->cout; i++) {
		if (chn[i].reserved)
			return OCTET_STATUS_RESERVED;
		if (shifts && (chn[i].shift < 1 || chn[i].shift > 62))
			return OCTET_STATUS_BAD_QUANT;
		if (chn[i].zero_point < lo || chn[i].zero_point > lo + 255)
			return OCTET_STATUS_BAD_QUANT;
	}
	return OCTET_STATUS_OK;
}

/* Any number of channels, of which several are wrong in different ways. */
static void test_many_records(void **state)
{
	static const int16_t zeros[] = { 127, 0, 256, -129 };
	struct octet_param prm[70] = { { 0, 0 } };
	struct octet_channel chn[70] = { { 0, 0, 0 } };
	unsigned int seen[3] = { 0 }, random = 1;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		struct octet_cmd cmd = fake_conv();
		struct octet_fault fault = { 0 };
		int want;

		cmd.cout = 1 + (unsigned int)round % 70;
		cmd.flags = round & 1 ? OCTET_CMD_PER_TENSOR : 0;
		cmd.wgt.type = round & 2 ? OCTET_TYPE_UINT8 : OCTET_TYPE_INT8;
		for (uint32_t i = 0; i < cmd.cout; i++) {
			chn[i] = (struct octet_channel) { 31, 0, 5 };
			prm[i].mult = 0x7fffffff;
		}
		for (int k = 0; k < 3; k++) {
			uint32_t at = (random = random * 1664525 + 1013904223) >> 8;

			prm[at % cmd.cout].mult = round & 4 ? 1 : 0x80000000;
			if (k == 0)
				chn[at % cmd.cout].reserved = at >> 8 & 1;
			if (k == 1)
				chn[at % cmd.cout].shift = at >> 8 & 1 ? 63 : 62;
			if (k == 2)
				chn[at % cmd.cout].zero_point = zeros[at >> 8 & 3];
		}
		want = first_wrong(&cmd, chn);
		assert_int_equal(octet_decode_channels(&cmd, chn, &fault), want);
		assert_int_equal(fault.status, want);
		seen[want == OCTET_STATUS_RESERVED ? 1 : want ? 2 : 0]++;
		want = !(round & 4) && !(round & 1) ? OCTET_STATUS_BAD_QUANT : OCTET_STATUS_OK;
		assert_int_equal(octet_decode_params(&cmd, prm, &fault), want);
	}
	assert_true(seen[0] > 100 && seen[1] > 100 && seen[2] > 100);
}

/* The index of the first bad command is reported, and none has run. */
static void test_third_command(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmds[4] = { fake_conv(), fake_conv(), fake_conv(), fake_conv() };
	struct octet_completion c;

	(void)state;
	cmds[2].op = 99;
	cmds[3].n = 0;
	c = fake_job(f, cmds, 4);
	assert_int_equal(c.status, OCTET_STATUS_BAD_OP);
	assert_int_equal(c.command, 2);
	assert_int_equal(c.cycles, 0);
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_FAULT_CMD), 2);
	assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_COMMANDS), 0);
	fake_free(f);
}

UNIT_MAIN(
	unit_case(test_bases),
	unit_case(test_mutations),
	unit_case(test_packed),
	unit_case(test_packed_sizes),
	unit_case(test_order),
	unit_case(test_missing),
	unit_case(test_sram_bounds),
	unit_case(test_sizes),
	unit_case(test_records),
	unit_case(test_many_records),
	unit_case(test_third_command),
)
