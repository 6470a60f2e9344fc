// SPDX-License-Identifier: MIT
/*
 * A compute looks at the cancel flag after a bounded amount of work, at the shapes that
 * have the most of it in one place: a row, a pixel, a result. Looks are counted as progress.
 */
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "core/depthwise.h"
#include "core/simd.h"

/* Elements that may pass between two looks. */
#define BOUND	(UINT64_C(1) << 23)

/* One image, a stage that gives 8 bits. */
static struct octet_cmd blank(uint8_t op, uint32_t h, uint32_t w, uint32_t cin)
{
	return (struct octet_cmd) {
		.op = op, .stage = OCTET_STAGE_FIX_DBL, .act_min = -128, .act_max = 127,
		.n = 1, .n2 = 1, .h = h, .w = w, .cin = cin, .oh = 1, .ow = 1, .cout = 1,
		.groups = 1, .r = 1, .s = 1, .sh = 1, .sw = 1, .dh = 1, .dw = 1,
		.src.type = OCTET_TYPE_INT8, .src2.type = OCTET_TYPE_INT8,
		.wgt.type = OCTET_TYPE_INT8, .dst.type = OCTET_TYPE_INT8,
		.dst.mult = 1 << 30, .dst.shift = 40,
	};
}

static struct octet_cmd sized(struct octet_cmd cmd, uint32_t oh, uint32_t ow, uint32_t cout,
			      uint16_t r, uint16_t s)
{
	cmd.oh = oh;
	cmd.ow = ow;
	cmd.cout = cout;
	cmd.r = r;
	cmd.s = s;
	return cmd;
}

static struct octet_cmd typed(struct octet_cmd cmd, uint8_t type)
{
	cmd.src.type = cmd.dst.type = type;
	if (type == OCTET_TYPE_INT16)
		cmd.stage = OCTET_STAGE_FIX_UP;
	return cmd;
}

static uint64_t taps(const struct octet_cmd *cmd)
{
	return (uint64_t)cmd->r * cmd->s;
}

/* Elements that go into each result. */
static uint64_t sum_of(const struct octet_cmd *cmd)
{
	switch (cmd->op) {
	case OCTET_OP_CONV2D:
	case OCTET_OP_TCONV2D:
		return taps(cmd) * cmd->cin / cmd->groups;
	case OCTET_OP_GEMM:
	case OCTET_OP_REDUCE:
		return cmd->cin;
	case OCTET_OP_DEPTHWISE:
	case OCTET_OP_POOL:
		return taps(cmd);
	default:
		return 1;
	}
}

static uint64_t results(const struct octet_cmd *cmd)
{
	return (uint64_t)cmd->oh * cmd->ow * cmd->cout;
}

static void *operand(uint64_t elements)
{
	void *p = calloc(elements + 64, 2);

	assert_non_null(p);
	return p;
}

static void check(const struct octet_cmd *cmd)
{
	uint64_t weights = cmd->op == OCTET_OP_DEPTHWISE ? taps(cmd) * cmd->cout :
			   sum_of(cmd) * cmd->cout, all = results(cmd) * sum_of(cmd);
	atomic_uint looks = 0;
	struct octet_work work = { .cmd = *cmd, .progress = &looks };

	if (cmd->op == OCTET_OP_TCONV2D)
		all /= (uint64_t)cmd->sh * cmd->sw;
	work.src = operand((uint64_t)cmd->h * cmd->w * cmd->cin);
	work.src2 = cmd->op == OCTET_OP_EW ? operand(results(cmd)) : NULL;
	work.wgt = operand(weights);
	work.dst = operand(results(cmd));
	work.table = operand(OCTET_LUT16_ENTRIES + 8ull * (cmd->oh + cmd->ow));
	if (cmd->op == OCTET_OP_SOFTMAX)
		memset(work.table, 1, OCTET_SOFTMAX_ENTRIES * sizeof(int32_t));
	assert_int_equal(octet_work_compute(&work), 0);
	if (looks < all / BOUND)
		fail_msg("operation %u, %ux%ux%u from %ux%ux%u, kernel %ux%u: %u looks at the "
			 "cancel flag in %llu elements", cmd->op, cmd->oh, cmd->ow, cmd->cout,
			 cmd->h, cmd->w, cmd->cin, cmd->r, cmd->s, looks,
			 (unsigned long long)all);
	free(work.src);
	free(work.src2);
	free(work.wgt);
	free(work.dst);
	free(work.table);
}

static void check_levels(struct octet_cmd cmd)
{
	static const char *const levels[] = { "portable", "avx2", "avx512vnni" };

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (!octet_simd_force(levels[i]))
			check(&cmd);
	octet_simd_force(NULL);
}

static void test_depthwise(void **state)
{
	struct octet_cmd cmd = blank(OCTET_OP_DEPTHWISE, 1, 1, 16);

	(void)state;
	/* one long row of results, of one chunk of channels */
	check_levels(sized(cmd, 1, 2048, 16, 340, 3));
	check_levels(sized(cmd, 1, 1 << 18, 16, 3, 3));
	/* rows of one result, one channel, a multiplier, a long kernel */
	check_levels(sized(cmd, 2048, 1, 16, 32, 32));
	check_levels(sized(blank(OCTET_OP_DEPTHWISE, 4, 4, 1), 1, 1 << 16, 1, 31, 31));
	check_levels(sized(cmd, 1, 2048, 32, 32, 32));
	check_levels(sized(cmd, 1, 8, 16, 512, 512));
	check_levels(typed(sized(cmd, 1, 2048, 16, 32, 32), OCTET_TYPE_INT16));
}

/* The most columns for the fewest results: two of 256. */
static void test_few_results_a_strip(void **state)
{
	struct octet_cmd cmd = sized(blank(OCTET_OP_DEPTHWISE, 8, 8, 16), 1, 1 << 20, 16, 511, 2);

	(void)state;
	cmd.dw = 127;
	cmd.sw = 128;
	assert_false(octet_depthwise_has_rows(&cmd));
	cmd.ow = 512;
	check_levels(cmd);
	for (uint32_t stride = 1; stride <= 2; stride++) {
		cmd = sized(blank(OCTET_OP_DEPTHWISE, 64, 64, 16), 64, 64, 16, 3, 3);
		cmd.sh = cmd.sw = (uint8_t)stride;
		assert_true(octet_depthwise_has_rows(&cmd));
		cmd.r = cmd.s = 7;
		cmd.ow = 1;
		assert_true(octet_depthwise_has_rows(&cmd));
	}
	cmd = sized(blank(OCTET_OP_DEPTHWISE, 33, 33, 16), 33, 33, 16, 3, 3);
	cmd.dw = cmd.dh = 18;
	assert_true(octet_depthwise_has_rows(&cmd));
}

static void test_sums(void **state)
{
	struct octet_cmd tconv = sized(blank(OCTET_OP_TCONV2D, 64, 64, 64), 64, 64, 64, 4, 4);
	uint8_t type = OCTET_TYPE_INT8;

	(void)state;
	tconv.sh = tconv.sw = 2;
	for (int i = 0; i < 2; i++, type = OCTET_TYPE_INT16) {
		check_levels(typed(sized(blank(OCTET_OP_CONV2D, 1, 1, 4), 1, 1 << 12, 64, 16, 16),
				   type));
		check_levels(typed(sized(blank(OCTET_OP_CONV2D, 1, 1, 16), 1, 1, 16, 512, 512),
				   type));
		check_levels(typed(sized(blank(OCTET_OP_GEMM, 64, 1, 1 << 12), 64, 1, 256, 1, 1),
				   type));
		check_levels(typed(sized(blank(OCTET_OP_GEMM, 1, 1, 1 << 16), 1, 1, 1 << 10, 1, 1),
				   type));
		check_levels(typed(sized(blank(OCTET_OP_GEMM, 1, 1, 64), 1, 1, 1 << 20, 1, 1),
				   type));
		check_levels(typed(tconv, type));
	}
}

static void test_others(void **state)
{
	static const uint8_t ops[] = {
		OCTET_OP_EW, OCTET_OP_LUT, OCTET_OP_COPY, OCTET_OP_SOFTMAX, OCTET_OP_RESIZE,
	};
	struct octet_cmd cmd;

	(void)state;
	for (uint8_t sub = OCTET_POOL_MAX; sub <= OCTET_POOL_SUM; sub++) {
		cmd = sized(blank(OCTET_OP_POOL, 32, 4096, 16), 1, 4065, 16, 32, 32);
		cmd.sub = sub;
		check_levels(cmd);
	}
	cmd = blank(OCTET_OP_REDUCE, 64, 1, 1 << 20);
	cmd.oh = 64;
	check_levels(cmd);
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		cmd = sized(blank(ops[i], 1, 1 << 14, 1 << 11), 1, 1 << 14, 1 << 11, 1, 1);
		cmd.sub = ops[i] == OCTET_OP_EW ? OCTET_EW_MAX : 0;
		check_levels(cmd);
	}
}

UNIT_MAIN(unit_case(test_depthwise), unit_case(test_few_results_a_strip), unit_case(test_sums),
	  unit_case(test_others))
