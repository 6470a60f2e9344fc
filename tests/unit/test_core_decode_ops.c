// SPDX-License-Identifier: MIT
/*
 * Validation of the operations without weights, of int16 inputs, int4 weights
 * and tails: one field changed at a time. What is allowed is only checked here.
 */
#include "core_mutation.h"

enum base {
	ADD, MUL, MIN, LUT, POOL, SUM, COPY, FILL, SOFTMAX, RESIZE, REDUCE, ARG, TCONV, CONV16,
	RESIDUAL, CONV4, BASES,
};

/* Weights of 8 x 3 x 3 x 2 elements, two per byte. */
static struct octet_cmd conv4(void)
{
	struct octet_cmd cmd = fake_conv();

	cmd.wgt.type = OCTET_TYPE_INT4;
	memset(cmd.wgt.stride, 0, sizeof(cmd.wgt.stride));
	return cmd;
}

static struct octet_cmd base(int which)
{
	switch (which) {
	case ADD: return fake_ew(OCTET_EW_ADD);
	case MUL: return fake_ew(OCTET_EW_MUL);
	case MIN: return fake_ew(OCTET_EW_MIN);
	case LUT: return fake_lut();
	case POOL: return fake_pool(OCTET_POOL_MAX);
	case SUM: return fake_pool(OCTET_POOL_SUM);
	case COPY: return fake_copy();
	case FILL: return fake_fill();
	case SOFTMAX: return fake_softmax();
	case RESIZE: return fake_resize();
	case REDUCE: return fake_reduce(OCTET_REDUCE_MIN);
	case ARG: return fake_reduce(OCTET_REDUCE_ARGMAX);
	case TCONV: return fake_tconv();
	case CONV16: return fake_conv16();
	case RESIDUAL: return fake_residual();
	default: return conv4();
	}
}

/* What an operation without window, groups and batches asks for. */
#define PIXELS(b)							\
	M(b, n2, 2, BAD_SHAPE, CMD),					\
	M(b, groups, 2, BAD_SHAPE, CMD),				\
	M(b, r, 2, BAD_SHAPE, CMD),					\
	M(b, s, 2, BAD_SHAPE, CMD),					\
	M(b, sh, 2, BAD_SHAPE, CMD),					\
	M(b, sw, 2, BAD_SHAPE, CMD),					\
	M(b, dh, 2, BAD_SHAPE, CMD),					\
	M(b, dw, 2, BAD_SHAPE, CMD),					\
	M(b, pt, 1, BAD_SHAPE, CMD),					\
	M(b, pl, 1, BAD_SHAPE, CMD)

/* The result is as large as the input. */
#define SAME(b)								\
	PIXELS(b),							\
	M(b, oh, 5, BAD_SHAPE, CMD),					\
	M(b, ow, 3, BAD_SHAPE, CMD),					\
	M(b, cout, 3, BAD_SHAPE, CMD)

/* Operands and fields of convolutions. */
#define NO_WEIGHTS(b)							\
	M(b, wgt.space, OCTET_SPACE_VA, BAD_SPACE, WGT),		\
	M(b, prm.space, OCTET_SPACE_VA, BAD_SPACE, PRM),		\
	M(b, chn.space, OCTET_SPACE_VA, BAD_SPACE, CHN),		\
	M(b, wgt.type, OCTET_TYPE_INT8, RESERVED, WGT),			\
	M(b, flags, OCTET_CMD_PER_TENSOR, OK, CMD),			\
	M(b, flags, 4, BAD_FLAGS, CMD),					\
	M(b, tail, OCTET_TAIL_ADD, BAD_FLAGS, CMD),			\
	M(b, tail, 4, BAD_FLAGS, CMD),					\
	M(b, reserved1, 1, RESERVED, CMD),				\
	M(b, sum_mult, 1, RESERVED, CMD),				\
	M(b, policy, 9, BAD_SHAPE, CMD)

#define NO_SRC2(b)							\
	M(b, src2.space, OCTET_SPACE_VA, BAD_SPACE, SRC2),		\
	M(b, src2.space, OCTET_SPACE_LINK, BAD_SPACE, SRC2)

/* Neither an output stage nor what belongs to one. */
#define NO_STAGE(b)							\
	M(b, stage, OCTET_STAGE_FIX_DBL, BAD_QUANT, CMD),		\
	M(b, stage, 6, BAD_QUANT, CMD),					\
	M(b, dst.mult, 1, RESERVED, DST),				\
	M(b, dst.shift, 1, RESERVED, DST),				\
	M(b, src.zero_point, 1, RESERVED, SRC),				\
	M(b, src.mult, 1, RESERVED, SRC),				\
	M(b, left_shift, 1, RESERVED, CMD)

static const struct mutation mutations[] = {
	SAME(ADD),
	NO_WEIGHTS(ADD),
	M(ADD, sub, 6, BAD_OP, CMD),
	M(ADD, sub, 32, BAD_OP, CMD),
	M(ADD, sub, OCTET_EW_SUB, OK, CMD),
	M(ADD, sub, OCTET_EW_SQDIFF, OK, CMD),
	M(ADD, sub, OCTET_EW_MUL, RESERVED, CMD),	/* left_shift */
	M(ADD, pad_value, 1, RESERVED, CMD),
	M(ADD, table, VA_TABLE, RESERVED, CMD),
	M(ADD, src2.space, OCTET_SPACE_NONE, RESERVED, SRC2),
	M(ADD, src.stride[0], 1, RESERVED, SRC),
	M(ADD, src2.stride[0], 1, RESERVED, SRC2),
	M(ADD, src2.link, 1, RESERVED, SRC2),
	M(ADD, src.space, OCTET_SPACE_LINK, RESERVED, SRC),	/* its address */
	M(ADD, src.type, OCTET_TYPE_INT32, BAD_TYPE, SRC),
	M(ADD, src.type, OCTET_TYPE_INT16, BAD_TYPE, SRC2),
	M(ADD, src.type, OCTET_TYPE_UINT8, OK, CMD),
	M(ADD, src2.type, OCTET_TYPE_UINT8, OK, CMD),
	M(ADD, src2.type, OCTET_TYPE_INT16, BAD_TYPE, SRC2),
	M(ADD, src2.type, OCTET_TYPE_NONE, BAD_TYPE, SRC2),
	M(ADD, dst.type, OCTET_TYPE_INT16, BAD_TYPE, DST),
	M(ADD, dst.type, OCTET_TYPE_INT32, BAD_TYPE, DST),
	M(ADD, src2.layout, 1, BAD_LAYOUT, SRC2),
	M(ADD, dst.stride[3], 0, BAD_LAYOUT, DST),
	M(ADD, src.stride[3], 0, OK, CMD),
	M(ADD, src2.stride[2], 0, OK, CMD),
	M(ADD, src.flags, OCTET_OPERAND_REPEAT, OK, CMD),
	M(ADD, src2.flags, OCTET_OPERAND_REPEAT | OCTET_OPERAND_CONST, OK, CMD),
	M(ADD, dst.flags, OCTET_OPERAND_REPEAT, BAD_FLAGS, DST),
	M(ADD, src.flags, OCTET_OPERAND_TRANSPOSED, BAD_FLAGS, SRC),
	M(ADD, src2.flags, 8, BAD_FLAGS, SRC2),
	M(ADD, stage, OCTET_STAGE_RAW, BAD_QUANT, CMD),
	M(ADD, stage, OCTET_STAGE_FP32_RNE, BAD_QUANT, CMD),
	M(ADD, stage, OCTET_STAGE_FIX_AWAY, OK, CMD),
	M(ADD, dst.shift, 0, BAD_QUANT, DST),
	M(ADD, dst.mult, 0x80000000, BAD_QUANT, DST),
	M(ADD, src.shift, 0, OK, CMD),
	M(ADD, src.shift, 63, BAD_QUANT, SRC),
	M(ADD, src.mult, 0x80000000, BAD_QUANT, SRC),
	M(ADD, src2.shift, 63, BAD_QUANT, SRC2),
	M(ADD, src2.mult, 0xffffffff, BAD_QUANT, SRC2),
	M(ADD, src.zero_point, 128, BAD_QUANT, SRC),
	M(ADD, src2.zero_point, -129, BAD_QUANT, SRC2),
	M(ADD, dst.zero_point, 128, BAD_QUANT, DST),
	M(ADD, left_shift, 20, OK, CMD),
	M(ADD, left_shift, 21, BAD_QUANT, CMD),
	M(ADD, act_max, 128, BAD_QUANT, CMD),
	M(ADD, src.stride[1], 0, OK, CMD),
	M(ADD, src2.stride[2], 1ll << 30, TOO_LARGE, SRC2),
	M(ADD, src2.space, OCTET_SPACE_SRAM, BAD_SRAM, SRC2),
	M(ADD, flags, OCTET_CMD_CHAIN, BAD_CHAIN, CMD),
	M(MUL, stage, OCTET_STAGE_RAW, BAD_QUANT, CMD),
	M(MUL, stage, OCTET_STAGE_FP32_RNE, BAD_QUANT, DST),
	M(MUL, src.mult, 1, RESERVED, SRC),
	M(MUL, src2.shift, 1, RESERVED, SRC2),
	M(MUL, src2.zero_point, 5, OK, CMD),
	M(MUL, left_shift, 1, RESERVED, CMD),
	SAME(MIN),
	NO_STAGE(MIN),
	M(MIN, src2.zero_point, 1, RESERVED, SRC2),
	M(MIN, dst.zero_point, 1, RESERVED, DST),
	M(MIN, src.type, OCTET_TYPE_UINT8, BAD_TYPE, SRC2),
	M(MIN, src2.type, OCTET_TYPE_UINT8, BAD_TYPE, SRC2),
	M(MIN, dst.type, OCTET_TYPE_UINT8, BAD_TYPE, DST),

	SAME(LUT),
	NO_WEIGHTS(LUT),
	NO_SRC2(LUT),
	NO_STAGE(LUT),
	M(LUT, sub, 1, BAD_OP, CMD),
	M(LUT, tail, OCTET_TAIL_LUT, BAD_FLAGS, CMD),
	M(LUT, table, VA_TABLE + 2, BAD_LAYOUT, TABLE),
	M(LUT, table, VA_TABLE + VA_SIZE, UNMAPPED, TABLE),
	M(LUT, table, VA_TABLE + VA_SIZE - 252, UNMAPPED, TABLE),
	M(LUT, table, VA_TABLE + VA_SIZE - 256, OK, CMD),
	M(LUT, dst.type, OCTET_TYPE_UINT8, BAD_QUANT, CMD),	/* act_min */
	M(LUT, src.type, OCTET_TYPE_UINT8, OK, CMD),
	M(LUT, src.type, OCTET_TYPE_INT16, BAD_TYPE, DST),
	M(LUT, src.flags, OCTET_OPERAND_REPEAT, BAD_FLAGS, SRC),
	M(LUT, dst.zero_point, 1, RESERVED, DST),

	NO_WEIGHTS(POOL),
	NO_SRC2(POOL),
	NO_STAGE(POOL),
	M(POOL, sub, 3, BAD_OP, CMD),
	M(POOL, sub, OCTET_POOL_AVERAGE, OK, CMD),
	M(POOL, tail, OCTET_TAIL_LUT, BAD_FLAGS, CMD),
	M(POOL, n2, 2, BAD_SHAPE, CMD),
	M(POOL, cout, 3, BAD_SHAPE, CMD),
	M(POOL, groups, 4, BAD_SHAPE, CMD),
	M(POOL, dh, 2, BAD_SHAPE, CMD),
	M(POOL, dw, 2, BAD_SHAPE, CMD),
	M(POOL, pt, 2, BAD_SHAPE, CMD),
	M(POOL, pl, 2, BAD_SHAPE, CMD),
	M(POOL, r, 1, BAD_SHAPE, CMD),
	M(POOL, r, 5, OK, CMD),
	M(POOL, sh, 2, BAD_SHAPE, CMD),
	M(POOL, sw, 2, BAD_SHAPE, CMD),
	M(POOL, oh, 6, BAD_SHAPE, CMD),
	M(POOL, ow, 6, BAD_SHAPE, CMD),
	M(POOL, oh, 5, OK, CMD),
	M(POOL, src.type, OCTET_TYPE_UINT8, BAD_TYPE, DST),
	M(POOL, src.type, OCTET_TYPE_INT32, BAD_TYPE, SRC),
	M(POOL, pad_value, 1, RESERVED, CMD),
	M(SUM, src.zero_point, 5, OK, CMD),
	M(SUM, src.type, OCTET_TYPE_INT16, BAD_TYPE, SRC),
	M(SUM, src.type, OCTET_TYPE_UINT8, OK, CMD),
	M(SUM, stage, OCTET_STAGE_RAW, BAD_TYPE, DST),
	M(SUM, stage, OCTET_STAGE_FIX_UP, OK, CMD),
	M(SUM, tail, OCTET_TAIL_LUT, OK, CMD),
	M(SUM, tail, OCTET_TAIL_ADD, BAD_FLAGS, CMD),
	M(SUM, dst.shift, 0, BAD_QUANT, DST),
	M(SUM, src.mult, 1, RESERVED, SRC),

	SAME(COPY),
	NO_WEIGHTS(COPY),
	NO_SRC2(COPY),
	NO_STAGE(COPY),
	M(COPY, sub, 2, BAD_OP, CMD),
	M(COPY, tail, OCTET_TAIL_LUT, BAD_FLAGS, CMD),
	M(COPY, act_min, -128, RESERVED, CMD),
	M(COPY, act_max, 1, RESERVED, CMD),
	M(COPY, pad_value, 1, RESERVED, CMD),
	M(COPY, src.type, OCTET_TYPE_INT16, BAD_TYPE, DST),
	M(COPY, dst.type, OCTET_TYPE_UINT8, BAD_TYPE, DST),
	M(COPY, src.type, OCTET_TYPE_INT4, BAD_TYPE, SRC),
	M(COPY, src.type, OCTET_TYPE_NONE, BAD_TYPE, SRC),
	M(COPY, src.stride[3], 0, OK, CMD),
	M(COPY, src.stride[3], 16, OK, CMD),
	M(COPY, dst.stride[3], 0, BAD_LAYOUT, DST),
	M(COPY, dst.stride[3], 2, BAD_LAYOUT, DST),
	M(COPY, dst.stride[3], 64, OK, CMD),
	M(COPY, dst.stride[0], 0, OK, CMD),	/* one image */
	M(COPY, dst.stride[1], 0, BAD_LAYOUT, DST),
	M(COPY, dst.zero_point, 1, RESERVED, DST),
	M(FILL, src.space, OCTET_SPACE_VA, BAD_SPACE, SRC),
	M(FILL, src.type, OCTET_TYPE_INT8, RESERVED, SRC),
	M(FILL, pad_value, -128, OK, CMD),
	M(FILL, pad_value, 128, BAD_QUANT, CMD),
	M(FILL, dst.type, OCTET_TYPE_UINT8, OK, CMD),
	M(FILL, dst.type, OCTET_TYPE_INT4, BAD_TYPE, DST),
	M(FILL, dst.type, OCTET_TYPE_INT16, BAD_LAYOUT, DST),

	SAME(SOFTMAX),
	NO_WEIGHTS(SOFTMAX),
	NO_SRC2(SOFTMAX),
	NO_STAGE(SOFTMAX),
	M(SOFTMAX, sub, OCTET_SOFTMAX_DIVIDE, OK, CMD),
	M(SOFTMAX, sub, 2, BAD_OP, CMD),
	M(SOFTMAX, tail, OCTET_TAIL_LUT, BAD_FLAGS, CMD),
	M(SOFTMAX, src.type, OCTET_TYPE_INT16, BAD_TYPE, SRC),
	M(SOFTMAX, dst.type, OCTET_TYPE_INT16, BAD_TYPE, DST),
	M(SOFTMAX, dst.type, OCTET_TYPE_UINT8, BAD_QUANT, DST),	/* the zero point */
	M(SOFTMAX, dst.zero_point, 127, OK, CMD),
	M(SOFTMAX, dst.zero_point, 128, BAD_QUANT, DST),
	M(SOFTMAX, table, VA_TABLE + 1, BAD_LAYOUT, TABLE),

	PIXELS(RESIZE),
	NO_WEIGHTS(RESIZE),
	NO_SRC2(RESIZE),
	NO_STAGE(RESIZE),
	M(RESIZE, cout, 3, BAD_SHAPE, CMD),
	M(RESIZE, oh, 7, OK, CMD),
	M(RESIZE, src.type, OCTET_TYPE_UINT8, BAD_TYPE, DST),
	M(RESIZE, dst.zero_point, 1, RESERVED, DST),
	M(RESIZE, tail, OCTET_TAIL_LUT, BAD_FLAGS, CMD),
	M(RESIZE, sub, 1, BAD_OP, CMD),

	PIXELS(REDUCE),
	NO_WEIGHTS(REDUCE),
	NO_SRC2(REDUCE),
	NO_STAGE(REDUCE),
	M(REDUCE, cout, 2, BAD_SHAPE, CMD),
	M(REDUCE, cout, 4, BAD_SHAPE, CMD),
	M(REDUCE, oh, 5, BAD_SHAPE, CMD),
	M(REDUCE, sub, 4, BAD_OP, CMD),
	M(REDUCE, sub, OCTET_REDUCE_ARGMIN, BAD_TYPE, DST),
	M(REDUCE, src.type, OCTET_TYPE_UINT8, BAD_TYPE, DST),
	M(ARG, dst.type, OCTET_TYPE_INT8, BAD_TYPE, DST),
	M(ARG, src.type, OCTET_TYPE_UINT8, OK, CMD),
	M(ARG, src.type, OCTET_TYPE_INT32, BAD_TYPE, SRC),
	M(ARG, dst.addr, VA_DST + 2, BAD_LAYOUT, DST),
	M(ARG, act_min, INT32_MIN, OK, CMD),
	M(ARG, table, 4, RESERVED, CMD),

	M(TCONV, dh, 2, BAD_SHAPE, CMD),
	M(TCONV, dw, 2, BAD_SHAPE, CMD),
	M(TCONV, groups, 3, BAD_SHAPE, CMD),
	M(TCONV, pad_value, 1, RESERVED, CMD),
	M(TCONV, sh, 3, OK, CMD),
	M(TCONV, pt, 9, OK, CMD),
	M(TCONV, sub, 1, BAD_OP, CMD),
	M(TCONV, oh, 1 << 20, BAD_LAYOUT, DST),

	M(CONV16, wgt.type, OCTET_TYPE_UINT8, BAD_TYPE, WGT),
	M(CONV16, wgt.type, OCTET_TYPE_INT4, BAD_LAYOUT, WGT),
	M(CONV16, dst.type, OCTET_TYPE_INT8, BAD_TYPE, DST),
	M(CONV16, dst.type, OCTET_TYPE_INT32, BAD_TYPE, DST),
	M(CONV16, chn.space, OCTET_SPACE_VA, BAD_SPACE, CHN),
	M(CONV16, prm.addr, VA_PRM + 4, BAD_LAYOUT, PRM),
	M(CONV16, src.addr, VA_SRC + 1, BAD_LAYOUT, SRC),
	M(CONV16, src.stride[3], 9, BAD_LAYOUT, SRC),
	M(CONV16, dst.stride[2], 65, BAD_LAYOUT, DST),
	M(CONV16, stage, OCTET_STAGE_FIX_DBL, BAD_QUANT, CMD),
	M(CONV16, stage, OCTET_STAGE_RAW, BAD_QUANT, CMD),
	M(CONV16, stage, OCTET_STAGE_FP32_RNE, BAD_QUANT, CMD),
	M(CONV16, src.zero_point, 1, BAD_QUANT, SRC),
	M(CONV16, wgt.zero_point, 1, BAD_QUANT, WGT),
	M(CONV16, dst.zero_point, -1, BAD_QUANT, DST),
	M(CONV16, flags, OCTET_CMD_PER_TENSOR, BAD_QUANT, DST),	/* shift 0 now applies */
	M(CONV16, dst.shift, 99, OK, CMD),			/* records have it */
	M(CONV16, dst.mult, 0x8000, OK, CMD),
	M(CONV16, act_min, -32768, OK, CMD),
	M(CONV16, act_min, -32769, BAD_QUANT, CMD),
	M(CONV16, pad_value, 32767, OK, CMD),
	M(CONV16, pad_value, 32768, BAD_QUANT, CMD),
	M(CONV16, tail, OCTET_TAIL_LUT, BAD_TYPE, SRC),

	M(CONV4, wgt.stride[1], 18, BAD_LAYOUT, WGT),
	M(CONV4, wgt.stride[3], 2, BAD_LAYOUT, WGT),
	M(CONV4, wgt.stride[0], 2, RESERVED, WGT),
	M(CONV4, wgt.zero_point, 7, OK, CMD),
	M(CONV4, wgt.zero_point, 8, BAD_QUANT, WGT),
	M(CONV4, wgt.zero_point, -9, BAD_QUANT, WGT),

	M(RESIDUAL, tail, OCTET_TAIL_ADD | OCTET_TAIL_LUT, OK, CMD),
	M(RESIDUAL, tail, OCTET_TAIL_LUT, RESERVED, CMD),
	M(RESIDUAL, tail, 0, RESERVED, CMD),
	M(RESIDUAL, src2.space, OCTET_SPACE_NONE, RESERVED, SRC2),
	M(RESIDUAL, src2.type, OCTET_TYPE_INT16, BAD_TYPE, SRC2),
	M(RESIDUAL, src2.type, OCTET_TYPE_UINT8, OK, CMD),
	M(RESIDUAL, src2.flags, OCTET_OPERAND_REPEAT, BAD_FLAGS, SRC2),
	M(RESIDUAL, src2.stride[0], 1, RESERVED, SRC2),
	M(RESIDUAL, src2.stride[1], 0, OK, CMD),
	M(RESIDUAL, src2.addr, VA_DST, OK, CMD),
	M(RESIDUAL, src2.zero_point, 128, BAD_QUANT, SRC2),
	M(RESIDUAL, src2.shift, 63, BAD_QUANT, SRC2),
	M(RESIDUAL, src.mult, 1, RESERVED, SRC),
	M(RESIDUAL, dst.type, OCTET_TYPE_INT32, BAD_TYPE, DST),
	M(RESIDUAL, stage, OCTET_STAGE_RAW, BAD_QUANT, CMD),
	M(RESIDUAL, left_shift, 21, BAD_QUANT, CMD),
	M(RESIDUAL, mid_shift, 0, OK, CMD),
	M(RESIDUAL, mid_shift, 63, BAD_QUANT, CMD),
	M(RESIDUAL, mid_mult, 0x80000000, BAD_QUANT, CMD),
	M(RESIDUAL, mid_min, -129, BAD_QUANT, CMD),
	M(RESIDUAL, mid_max, 128, BAD_QUANT, CMD),
	M(RESIDUAL, mid_max, -129, BAD_QUANT, CMD),
	M(RESIDUAL, mid_zero_point, 128, BAD_QUANT, CMD),
	M(RESIDUAL, sum_stage, OCTET_STAGE_RAW, BAD_QUANT, CMD),
	M(RESIDUAL, sum_stage, OCTET_STAGE_FP32_RNE, BAD_QUANT, CMD),
	M(RESIDUAL, sum_stage, 77, BAD_QUANT, CMD),
	M(RESIDUAL, sum_stage, OCTET_STAGE_FIX_UP, OK, CMD),
	M(RESIDUAL, sum_shift, 0, BAD_QUANT, CMD),
	M(RESIDUAL, sum_shift, 63, BAD_QUANT, CMD),
	M(RESIDUAL, sum_mult, 0x80000000, BAD_QUANT, CMD),
	M(RESIDUAL, table, VA_TABLE, RESERVED, CMD),
};

/* A job of this command: what the checks say, without the arithmetic. */
static int decode(const struct octet_cmd *cmd)
{
	struct octet_fault fault = { 0 };

	return octet_decode_job(cmd, 1, 0, &fault);
}

static void test_mutations(void **state)
{
	struct fake *f = fake_ready("");

	(void)state;
	for (size_t i = 0; i < sizeof(mutations) / sizeof(mutations[0]); i++) {
		const struct mutation *m = &mutations[i];
		struct octet_cmd cmd = base(m->base);

		mutation_apply(&cmd, m);
		if (m->status)
			mutation_check(f, &cmd, m->what, m->status, m->operand);
		else if (decode(&cmd))
			fail_msg("%s: status 0x%x", m->what, decode(&cmd));
	}
	fake_free(f);
}

static void test_bases(void **state)
{
	(void)state;
	for (int i = 0; i < BASES; i++) {
		struct octet_cmd cmd = base(i);

		if (decode(&cmd))
			fail_msg("base %d: status 0x%x", i, decode(&cmd));
	}
}

/* Each operation that the register names has variants, and no other number has. */
static void test_offered(void **state)
{
	(void)state;
	for (unsigned int op = 0; op < 256; op++) {
		struct octet_cmd cmd = { .op = (uint8_t)op };

		assert_int_equal(octet_op_info(&cmd) != NULL, op < 32 && (OCTET_OPS >> op & 1));
	}
}

static void wide(struct octet_operand *o)
{
	o->type = OCTET_TYPE_INT16;
	for (int i = 0; i < 4; i++)
		o->stride[i] *= 2;
}

/* int16 all through, where an operation has it. */
static void test_int16(void **state)
{
	static const int bases[] = { ADD, MUL, MIN, LUT, POOL, COPY, RESIZE, REDUCE };

	(void)state;
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		struct octet_cmd cmd = base(bases[i]);

		wide(&cmd.src);
		wide(&cmd.dst);
		if (cmd.src2.space)
			wide(&cmd.src2);
		assert_int_equal(decode(&cmd), 0);
		if (cmd.op == OCTET_OP_COPY)
			continue;
		cmd.act_min = -32769;
		assert_int_equal(decode(&cmd), OCTET_STATUS_BAD_QUANT);
		cmd.act_min = -32768;
		cmd.dst.stride[3]++;
		assert_int_equal(decode(&cmd), OCTET_STATUS_BAD_LAYOUT);
		cmd.dst.stride[3]--;
		if (octet_op_info(&cmd)->tails) {
			cmd.tail = OCTET_TAIL_LUT;
			assert_int_equal(decode(&cmd), OCTET_STATUS_BAD_TYPE);
		}
	}
}

/* With a tail RAW is refused for what it is, whatever dst is. */
static void test_raw_tail(void **state)
{
	struct octet_cmd cmd = fake_gemm(4, 4, 4);

	(void)state;
	cmd.tail = OCTET_TAIL_LUT;
	cmd.table = VA_TABLE;
	assert_int_equal(decode(&cmd), OCTET_STATUS_BAD_TYPE);
	cmd.dst.type = OCTET_TYPE_INT8;
	assert_int_equal(decode(&cmd), OCTET_STATUS_BAD_QUANT);
	cmd = fake_ew(OCTET_EW_MAX);
	cmd.tail = OCTET_TAIL_LUT;
	cmd.table = VA_TABLE;
	assert_int_equal(decode(&cmd), 0);
}

/* Elements count as often as they are used; nibbles by twos. */
static void test_sizes(void **state)
{
	struct octet_cmd cmd = fake_ew(OCTET_EW_MIN);

	(void)state;
	cmd.h = cmd.oh = cmd.cin = cmd.cout = 1 << 14;
	cmd.w = cmd.ow = 1;
	cmd.src.stride[2] = 0;
	cmd.src2.flags = OCTET_OPERAND_REPEAT;
	cmd.src2.stride[2] = 1;
	cmd.dst.stride[2] = 1 << 14;
	assert_int_equal(decode(&cmd), 0);
	cmd.h = cmd.oh = (1 << 14) + 1;
	assert_int_equal(decode(&cmd), OCTET_STATUS_TOO_LARGE);
	cmd = fake_gemm(1, 1 << 15, 1 << 14);
	cmd.wgt.type = OCTET_TYPE_INT4;
	cmd.wgt.stride[2] = 0;
	assert_int_equal(decode(&cmd), 0);
	cmd.cin++;
	assert_int_equal(decode(&cmd), OCTET_STATUS_TOO_LARGE);
	cmd.cin = 1 << 20;
	cmd.cout = 1 << 20;
	cmd.n = 1 << 20;
	cmd.n2 = 1 << 20;
	cmd.src.stride[0] = cmd.src.stride[1] = 0;
	cmd.dst.stride[2] = 0;
	cmd.dst.stride[1] = 4 << 20;
	cmd.dst.stride[0] = 4ull << 40;
	assert_int_equal(decode(&cmd), OCTET_STATUS_TOO_LARGE);
}

/* Records of 16 bytes, checked one after the other when they have been copied. */
static void test_records16(void **state)
{
	static const struct {
		struct octet_param16 prm;
		uint32_t flags;
		unsigned int status;
	} cases[] = {
		{ { 0, 0x8000, 31, { 0 } }, 0, OCTET_STATUS_BAD_QUANT },
		{ { 0, 0x7fff, 0, { 0 } }, 0, OCTET_STATUS_BAD_QUANT },
		{ { 0, 0x7fff, 63, { 0 } }, 0, OCTET_STATUS_BAD_QUANT },
		{ { INT64_C(1) << 47, 0x7fff, 62, { 0 } }, 0, OCTET_STATUS_BAD_QUANT },
		{ { -(INT64_C(1) << 47) - 1, 1, 62, { 0 } }, 0, OCTET_STATUS_BAD_QUANT },
		{ { 0, 0x7fff, 62, { 0, 0, 1 } }, 0, OCTET_STATUS_RESERVED },
		{ { 0, 0x8000, 0, { 1, 0, 0 } }, OCTET_CMD_PER_TENSOR, OCTET_STATUS_RESERVED },
		{ { INT64_C(1) << 47, 0, 0, { 0 } }, OCTET_CMD_PER_TENSOR,
		  OCTET_STATUS_BAD_QUANT },
	};
	struct fake *f = fake_ready("");
	struct octet_param16 *prm = fake_va(f, VA_PRM);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct octet_cmd cmd = fake_conv16();
		char what[32];

		for (int k = 0; k < 7; k++)
			prm[k] = (struct octet_param16) { -(INT64_C(1) << 47), 0x7fff, 1, { 0 } };
		prm[7] = cases[i].prm;
		cmd.flags = cases[i].flags;
		cmd.dst.shift = 31;
		snprintf(what, sizeof(what), "record case %zu", i);
		mutation_check(f, &cmd, what, cases[i].status, PRM);
	}
	fake_free(f);
}

static void test_tables(void **state)
{
	static const struct {
		int place;
		struct octet_tap tap;
		unsigned int status;
	} cases[] = {
		{ 0, { 4, 0, 0, 0 }, OCTET_STATUS_BAD_SHAPE },
		{ 7, { 0, 4, 0, 0 }, OCTET_STATUS_BAD_SHAPE },
		{ 8, { 0, 3, 0, 0 }, OCTET_STATUS_BAD_SHAPE },
		{ 15, { 0xffffffff, 0, 0, 0 }, OCTET_STATUS_BAD_SHAPE },
		{ 3, { 0, 0, 1025, 0 }, OCTET_STATUS_BAD_QUANT },
		{ 3, { 3, 3, -1025, 0 }, OCTET_STATUS_BAD_QUANT },
		{ 9, { 0, 0, INT32_MIN, 1 }, OCTET_STATUS_BAD_QUANT },
		{ 9, { 2, 2, -1024, 1 }, OCTET_STATUS_RESERVED },
		{ 9, { 9, 2, 2000, 1 }, OCTET_STATUS_BAD_SHAPE },
	};
	struct octet_cmd cmd = fake_resize(), soft = fake_softmax();
	struct fake *f = fake_ready("");
	struct octet_tap *taps = fake_va(f, VA_TABLE);
	int32_t *t = fake_va(f, VA_TABLE);

	(void)state;
	/* 4 rows, 3 columns */
	cmd.w = 3;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char what[32];

		for (int k = 0; k < 16; k++)
			taps[k] = (struct octet_tap) { 2, 1, 1024, 0 };
		taps[cases[i].place] = cases[i].tap;
		snprintf(what, sizeof(what), "tap case %zu", i);
		mutation_check(f, &cmd, what, cases[i].status, TABLE);
	}
	memset(t, 0, 1024);
	t[255] = -1;
	mutation_check(f, &soft, "negative exponential", OCTET_STATUS_BAD_QUANT, TABLE);
	fake_free(f);
}

/* Two things wrong: the check that the manual names first is reported. */
static void test_order(void **state)
{
	static const struct mutation order[] = {
		M(RESIDUAL, sub, 1, BAD_OP, CMD),
		M(RESIDUAL, flags, 0x100, BAD_FLAGS, CMD),
		M(RESIDUAL, reserved0[1], 1, RESERVED, CMD),
		M(RESIDUAL, src2.stride[0], 1, RESERVED, SRC2),
		M(RESIDUAL, policy, 4, BAD_SHAPE, CMD),
		M(RESIDUAL, prm.space, OCTET_SPACE_SRAM, BAD_SPACE, PRM),
		M(RESIDUAL, src2.type, OCTET_TYPE_INT16, BAD_TYPE, SRC2),
		M(RESIDUAL, src2.layout, 1, BAD_LAYOUT, SRC2),
		M(RESIDUAL, table, VA_TABLE + 1, BAD_LAYOUT, TABLE),
		M(RESIDUAL, src2.flags, 4, BAD_FLAGS, SRC2),
		M(RESIDUAL, stage, 9, BAD_QUANT, CMD),
		M(RESIDUAL, dst.shift, 70, BAD_QUANT, DST),
		M(RESIDUAL, src2.shift, 70, BAD_QUANT, SRC2),
		M(RESIDUAL, wgt.zero_point, 700, BAD_QUANT, WGT),
		M(RESIDUAL, sum_shift, 700, BAD_QUANT, CMD),
		M(RESIDUAL, src.stride[2], 1ull << 40, TOO_LARGE, SRC),
		M(RESIDUAL, src2.stride[3], 1ull << 40, TOO_LARGE, SRC2),
		M(RESIDUAL, flags, OCTET_CMD_CHAIN, BAD_CHAIN, CMD),
	};
	size_t count = sizeof(order) / sizeof(order[0]);
	struct fake *f = fake_ready("");

	(void)state;
	for (size_t i = 0; i < count; i++) {
		struct octet_cmd cmd = fake_residual();

		cmd.tail |= OCTET_TAIL_LUT;
		cmd.table = VA_TABLE;
		for (size_t k = count; k-- > i;)
			mutation_apply(&cmd, &order[k]);
		mutation_check(f, &cmd, order[i].what, order[i].status, order[i].operand);
	}
	fake_free(f);
}

UNIT_MAIN(
	unit_case(test_bases),
	unit_case(test_offered),
	unit_case(test_mutations),
	unit_case(test_order),
	unit_case(test_int16),
	unit_case(test_raw_tail),
	unit_case(test_sizes),
	unit_case(test_records16),
	unit_case(test_tables),
)
