// SPDX-License-Identifier: MIT
/* What lowering writes into commands, computed by hand; and what it says where it cannot. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "lower_run.h"
#include "unit.h"

#define ALL_OPS	0xffeu

static struct octet_low *lowered(struct mb *m, enum octet_flavour flavour, uint32_t ops)
{
	struct octet_low_opts o = { .flavour = flavour, .ops = ops };
	struct octet_low *low;
	char err[256] = "";

	if (octet_lower(mb_graph(m), &o, &low, err, sizeof(err)))
		fail_msg("%s", err);
	return low;
}

static const void *data_of(const struct octet_low *low, const struct octet_low_cmd *c, int operand)
{
	assert_true(c->tensor[operand] >= 0);
	return low->tensors[c->tensor[operand]].data;
}

/* 1x1x1x2 by two filters: scales 0.5 * {0.25, 0.125} / 0.5. */
static int tiny_conv(struct mb *m, enum octet_dtype type, bool channels)
{
	static const int8_t w[] = { 1, 2, 3, 4 };
	static const int32_t b[] = { 10, -20 };
	static const float sw[] = { 0.25f, 0.125f };
	int x = mb_input(m, "x", type, MB(1, 1, 1, 2), 0.5f, type == OCTET_INT8 ? -3 : 120);
	int k = channels ? mb_const_channel(m, "w", OCTET_INT8, MB(2, 1, 1, 2), 0, sw, w)
			 : mb_const(m, "w", type, MB(2, 1, 1, 2), 0.25f, type == OCTET_INT8 ? 0 : 7,
				    w);
	int bias = mb_const(m, "b", OCTET_INT32, MB(2), 0.125f, 0, b);
	int y = mb_tensor(m, "y", type, MB(1, 1, 1, 2), 0.5f, 5);
	union octet_graph_options o = { .conv2d = { OCTET_G_VALID, 1, 1, OCTET_G_ACT_RELU6, 1, 1, 0 } };

	MB_OP(m, OCTET_G_CONV_2D, &o, MB_LIST(x, k, bias), MB_LIST(y));
	mb_output(m, y);
	return y;
}

static void test_records(void **state)
{
	struct mb *m = mb_new(1);
	const struct octet_param *p;
	const struct octet_channel *c;
	struct octet_low *low;

	(void)state;
	tiny_conv(m, OCTET_INT8, true);
	low = lowered(m, OCTET_FLAVOUR_TFLITE, ALL_OPS);
	assert_int_equal(low->cmd_count, 1);
	assert_int_equal(low->cmds[0].cmd.op, OCTET_OP_CONV2D);
	assert_int_equal(low->cmds[0].cmd.stage, OCTET_STAGE_FIX_DBL);
	assert_int_equal(low->cmds[0].cmd.flags, 0);
	assert_int_equal(low->cmds[0].cmd.src.zero_point, -3);
	assert_int_equal(low->cmds[0].cmd.pad_value, -3);
	assert_int_equal(low->cmds[0].cmd.dst.zero_point, 5);
	/* RELU6 at scale 0.5 from zero point 5 */
	assert_int_equal(low->cmds[0].cmd.act_min, 5);
	assert_int_equal(low->cmds[0].cmd.act_max, 17);
	p = data_of(low, &low->cmds[0], OCTET_OPERAND_PRM);
	c = data_of(low, &low->cmds[0], OCTET_OPERAND_CHN);
	assert_int_equal(p[0].bias, 10);
	assert_int_equal(p[1].bias, -20);
	/* 1/4 = 0.5 * 2^-1, 1/8 = 0.5 * 2^-2 */
	assert_int_equal(p[0].mult, 1u << 30);
	assert_int_equal(p[1].mult, 1u << 30);
	assert_int_equal(c[0].shift, 32);
	assert_int_equal(c[1].shift, 33);
	octet_low_free(low);
	mb_free(m);
}

static void test_per_tensor(void **state)
{
	struct mb *m = mb_new(1);
	struct octet_low *low;
	const struct octet_cmd *c;

	(void)state;
	tiny_conv(m, OCTET_UINT8, false);
	low = lowered(m, OCTET_FLAVOUR_TFLITE, ALL_OPS);
	c = &low->cmds[0].cmd;
	assert_int_equal(c->flags, OCTET_CMD_PER_TENSOR);
	assert_int_equal(low->cmds[0].tensor[OCTET_OPERAND_CHN], -1);
	assert_int_equal(c->wgt.zero_point, 7);
	assert_int_equal(c->dst.mult, 1u << 30);
	assert_int_equal(c->dst.shift, 32);
	octet_low_free(low);
	mb_free(m);
}

/* Weight @k of output @o of packed ones; what is no weight is 0. */
static int panel_of(const struct octet_low *low, const struct octet_low_cmd *c, uint32_t lines,
		    uint32_t o, uint32_t k)
{
	const int8_t *w = data_of(low, c, OCTET_OPERAND_WGT);

	return w[(o / 16 * lines + k / 4) * 64 + o % 16 * 4 + k % 4];
}

static struct octet_low *lowered_packed(struct mb *m)
{
	struct octet_low_opts o = { .ops = ALL_OPS, .packed = true };
	struct octet_low *low;
	char err[256] = "";

	if (octet_lower(mb_graph(m), &o, &low, err, sizeof(err)))
		fail_msg("%s", err);
	return low;
}

/* Constant weights in panels, made once for two commands; not where it takes too much. */
static void test_panels(void **state)
{
	union octet_graph_options o = { .fc = { .activation = OCTET_G_ACT_NONE } };
	struct mb *m = mb_new(1);
	const struct octet_low_tensor *packed;
	const struct octet_cmd *c;
	struct octet_low *low;
	uint8_t w[20 * 11];
	int x, k[2];

	(void)state;
	for (size_t i = 0; i < sizeof(w); i++)
		w[i] = (uint8_t)(i * 7);
	x = mb_input(m, "x", OCTET_UINT8, MB(2, 11), 0.5f, 3);
	k[0] = mb_const(m, "w", OCTET_UINT8, MB(20, 11), 0.25f, 130, w);
	k[1] = mb_const(m, "few", OCTET_UINT8, MB(3, 11), 0.25f, 130, w);
	for (int i = 0; i < 3; i++) {
		int y = mb_tensor(m, "y", OCTET_UINT8, i < 2 ? MB(2, 20) : MB(2, 3), 0.5f, 5);

		MB_OP(m, OCTET_G_FULLY_CONNECTED, &o, MB_LIST(x, k[i / 2], -1), MB_LIST(y));
		mb_output(m, y);
	}
	low = lowered_packed(m);
	assert_int_equal(low->cmd_count, 3);
	c = &low->cmds[0].cmd;
	packed = &low->tensors[low->cmds[0].tensor[OCTET_OPERAND_WGT]];
	assert_int_equal(c->wgt.layout, OCTET_LAYOUT_PACKED);
	assert_int_equal(c->wgt.flags, OCTET_OPERAND_CONST);
	assert_int_equal(c->wgt.stride[2], 0);
	/* signed, as the array has them */
	assert_int_equal(c->wgt.type, OCTET_TYPE_INT8);
	assert_int_equal(c->wgt.zero_point, 2);
	assert_int_equal(packed->bytes, 2 * 3 * 64);
	for (uint32_t i = 0; i < 32; i++)
		for (uint32_t j = 0; j < 12; j++)
			assert_int_equal(panel_of(low, &low->cmds[0], 3, i, j),
					 i < 20 && j < 11 ? w[i * 11 + j] - 128 : 0);
	assert_ptr_equal(&low->tensors[low->cmds[1].tensor[OCTET_OPERAND_WGT]], packed);
	assert_false(low->tensors[k[0]].used);
	/* 192 bytes for 33 */
	c = &low->cmds[2].cmd;
	assert_int_equal(c->wgt.layout, OCTET_LAYOUT_STRIDED);
	assert_int_equal(c->wgt.type, OCTET_TYPE_UINT8);
	assert_int_equal(low->cmds[2].tensor[OCTET_OPERAND_WGT], k[1]);
	octet_low_free(low);
	mb_free(m);
}

/* Groups one after the other; taps in the order of the filter. */
static void test_panels_of_groups(void **state)
{
	union octet_graph_options o = {
		.conv2d = { OCTET_G_VALID, 1, 1, OCTET_G_ACT_NONE, 1, 1, 0 },
	};
	struct mb *m = mb_new(3);
	int x = mb_input(m, "x", OCTET_INT8, MB(1, 6, 6, 10), 0.1f, 0), k, y;
	struct octet_low *low;
	int8_t w[40 * 6 * 5];
	float scale[40];

	(void)state;
	for (size_t i = 0; i < sizeof(w); i++)
		w[i] = (int8_t)(i * 11);
	for (int i = 0; i < 40; i++)
		scale[i] = 0.01f;
	k = mb_const_channel(m, "w", OCTET_INT8, MB(40, 2, 3, 5), 0, scale, w);
	y = mb_tensor(m, "y", OCTET_INT8, MB(1, 5, 4, 40), 0.5f, 5);
	MB_OP(m, OCTET_G_CONV_2D, &o, MB_LIST(x, k, -1), MB_LIST(y));
	mb_output(m, y);
	low = lowered_packed(m);
	assert_int_equal(low->cmds[0].cmd.groups, 2);
	assert_int_equal(low->cmds[0].cmd.wgt.layout, OCTET_LAYOUT_PACKED);
	for (uint32_t i = 0; i < 64; i++)
		for (uint32_t j = 0; j < 32; j++)
			assert_int_equal(panel_of(low, &low->cmds[0], 8, i, j),
					 i % 32 < 20 && j < 30 ?
					 w[(i / 32 * 20 + i % 32) * 30 + j] : 0);
	octet_low_free(low);
	mb_free(m);
}

static void test_flavours(void **state)
{
	static const struct {
		enum octet_flavour flavour;
		uint8_t stage;
		bool conv, add, softmax;
	} all[] = {
		{ OCTET_FLAVOUR_TFLITE, OCTET_STAGE_FIX_DBL, true, true, true },
		{ OCTET_FLAVOUR_TFLITE_OPT, OCTET_STAGE_FIX_DBL_UP, true, false, false },
		{ OCTET_FLAVOUR_XNNPACK, OCTET_STAGE_FP32_RNE, true, true, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct mb *m = mb_new(1);
		struct octet_low *low;
		int y = tiny_conv(m, OCTET_INT8, false);

		y = mb_arith(m, OCTET_G_ADD, y, y, 0, 0.5f, 0);
		mb_output(m, mb_softmax(m, y, 1));
		low = lowered(m, all[i].flavour, ALL_OPS);
		assert_int_equal(low->cmds[0].cmd.stage, all[i].stage);
		assert_int_equal(low->ops[0].exact, all[i].conv);
		assert_int_equal(low->ops[1].exact, all[i].add);
		assert_int_equal(low->ops[2].exact, all[i].softmax);
		if (all[i].stage == OCTET_STAGE_FP32_RNE) {
			float scale;

			memcpy(&scale, &low->cmds[0].cmd.dst.mult, sizeof(scale));
			assert_true(scale == 0.25f);
			/* both addends in units of 2^-20 of the result's step */
			assert_int_equal(low->cmds[1].cmd.stage, OCTET_STAGE_FIX_UP);
			assert_int_equal(low->cmds[1].cmd.left_shift, 0);
			assert_int_equal(low->cmds[1].cmd.src.mult, 1u << 20);
			assert_int_equal(low->cmds[1].cmd.src.shift, 0);
			assert_int_equal(low->cmds[1].cmd.dst.mult, 1);
			assert_int_equal(low->cmds[1].cmd.dst.shift, 20);
		}
		octet_low_free(low);
		mb_free(m);
	}
}

/* TFLite: total = max((out - 1) stride + (k - 1) dilation + 1 - in, 0), half of it before. */
static void test_padding(void **state)
{
	struct mb *m = mb_new(3);
	int x = mb_input(m, "x", OCTET_INT8, MB(1, 7, 8, 2), 0.1f, 0);
	struct octet_low *low;

	(void)state;
	mb_output(m, mb_conv2d(m, x, &(struct mb_conv){ .cout = 3, .kh = 3, .kw = 4, .stride = 2 }));
	mb_output(m, mb_depthwise(m, x, &(struct mb_conv){ .kh = 3, .kw = 2, .dilation = 2 }));
	low = lowered(m, OCTET_FLAVOUR_TFLITE, ALL_OPS);
	assert_int_equal(low->cmds[0].cmd.oh, 4);
	assert_int_equal(low->cmds[0].cmd.pt, 1);	/* 3 * 2 + 3 - 7 = 2 */
	assert_int_equal(low->cmds[0].cmd.pl, 1);	/* 3 * 2 + 4 - 8 = 2 */
	assert_int_equal(low->cmds[1].cmd.pt, 2);	/* 6 + 5 - 7 = 4 */
	assert_int_equal(low->cmds[1].cmd.pl, 1);	/* 7 + 3 - 8 = 2 */
	octet_low_free(low);
	mb_free(m);
}

/* 1 / n goes into the multiplier: 0.5 / 0.25 = 2 is 2^30 and 2 to the left; n = 12. */
static void test_mean(void **state)
{
	struct mb *m = mb_new(3);
	int x = mb_input(m, "x", OCTET_INT8, MB(1, 3, 4, 2), 0.5f, 9);
	struct octet_low *low;

	(void)state;
	mb_output(m, mb_reduce(m, OCTET_G_MEAN, x, 2, (int32_t[]){ 1, 2 }, true, 0.25f, -1));
	low = lowered(m, OCTET_FLAVOUR_TFLITE, ALL_OPS);
	assert_int_equal(low->cmds[0].cmd.op, OCTET_OP_POOL);
	assert_int_equal(low->cmds[0].cmd.sub, OCTET_POOL_SUM);
	assert_int_equal(low->cmds[0].cmd.r, 3);
	assert_int_equal(low->cmds[0].cmd.s, 4);
	assert_int_equal(low->cmds[0].cmd.src.zero_point, 9);
	/* shift by 3 bits: 2^33 / 12, and 31 - 2 + 3 */
	assert_int_equal(low->cmds[0].cmd.dst.mult, (1ull << 33) / 12);
	assert_int_equal(low->cmds[0].cmd.dst.shift, 32);
	octet_low_free(low);
	mb_free(m);
}

/* Scales 0.5 and 0.25, result 0.5, left shift 20. */
static void test_add(void **state)
{
	struct mb *m = mb_new(3);
	int a = mb_input(m, "a", OCTET_INT8, MB(1, 2, 2, 4), 0.5f, 1);
	int b = mb_input(m, "b", OCTET_INT8, MB(1, 1, 1, 1), 0.25f, 2);
	const struct octet_cmd *c;
	struct octet_low *low;

	(void)state;
	mb_output(m, mb_arith(m, OCTET_G_ADD, a, b, 0, 0.5f, 3));
	low = lowered(m, OCTET_FLAVOUR_TFLITE, ALL_OPS);
	c = &low->cmds[0].cmd;
	assert_int_equal(c->left_shift, 20);
	/* 0.5 / 1 = 0.5 * 2^0; 0.25 / 1; 1 / (2^20 0.5) = 0.5 * 2^-18 */
	assert_int_equal(c->src.mult, 1u << 30);
	assert_int_equal(c->src.shift, 31);
	assert_int_equal(c->src2.mult, 1u << 30);
	assert_int_equal(c->src2.shift, 32);
	assert_int_equal(c->dst.mult, 1u << 30);
	assert_int_equal(c->dst.shift, 49);
	assert_int_equal(c->src2.flags, OCTET_OPERAND_REPEAT);
	assert_int_equal(c->src2.stride[1] + c->src2.stride[2] + c->src2.stride[3], 0);
	octet_low_free(low);
	mb_free(m);
}

static void quantized(double factor, uint32_t *mult, uint32_t *shift)
{
	int e;

	*mult = (uint32_t)llround(frexp(factor, &e) * 0x1p31);
	*shift = (uint32_t)(31 - e);
}

/* Operators whose scales TFLite multiplies in float32, and one where it does not. */
static void test_products(void **state)
{
	const float a = 0.1f, b = 0.3f, y = 0.07f, ab = a * b, aby = ab / y;
	const double wide = (double)a * (double)b / (double)y;
	const double expect[] = { (double)ab / (double)y, (double)aby, wide,
				  (double)ab / (double)y };
	struct mb *m = mb_new(3);
	int x = mb_input(m, "x", OCTET_INT8, MB(1, 2), a, 0), out[4];
	int w = mb_const(m, "w", OCTET_INT8, MB(2, 2), b, 0, NULL);
	int image = mb_input(m, "image", OCTET_INT8, MB(1, 1, 1, 2), a, 0);
	int k = mb_const(m, "k", OCTET_INT8, MB(2, 1, 1, 2), b, 0, NULL);
	int image8 = mb_input(m, "image8", OCTET_UINT8, MB(1, 1, 1, 2), a, 0);
	int k8 = mb_const(m, "k8", OCTET_UINT8, MB(2, 1, 1, 2), b, 0, NULL);
	union octet_graph_options fc = { .fc = { 0 } };
	union octet_graph_options conv = { .conv2d = { OCTET_G_VALID, 1, 1, 0, 1, 1, 0 } };
	struct octet_low *low;

	(void)state;
	for (int i = 0; i < 2; i++)
		out[i] = mb_tensor(m, "y", OCTET_INT8, i ? MB(2, 2) : MB(1, 2), y, 0);
	for (int i = 2; i < 4; i++)
		out[i] = mb_tensor(m, "y", i > 2 ? OCTET_UINT8 : OCTET_INT8, MB(1, 1, 1, 2), y, 0);
	MB_OP(m, OCTET_G_FULLY_CONNECTED, &fc, MB_LIST(x, w, -1), MB_LIST(out[0]));
	MB_OP(m, OCTET_G_MUL, NULL, MB_LIST(x, w), MB_LIST(out[1]));
	MB_OP(m, OCTET_G_CONV_2D, &conv, MB_LIST(image, k, -1), MB_LIST(out[2]));
	MB_OP(m, OCTET_G_CONV_2D, &conv, MB_LIST(image8, k8, -1), MB_LIST(out[3]));
	for (int i = 0; i < 4; i++)
		mb_output(m, out[i]);
	low = lowered(m, OCTET_FLAVOUR_TFLITE, ALL_OPS);
	for (int i = 0; i < 4; i++) {
		uint32_t mult, shift;

		quantized(expect[i], &mult, &shift);
		assert_int_equal(low->cmds[i].cmd.dst.mult, mult);
		assert_int_equal(low->cmds[i].cmd.dst.shift, shift);
		for (int j = 0; j < i && i < 3; j++)
			assert_true(expect[j] != expect[i]);
	}
	octet_low_free(low);
	mb_free(m);
}

/* 6 / 12 is half a step: TFLite rounds it away from zero, XNNPACK to even. */
static void test_ties(void **state)
{
	struct mb *m = mb_new(3);
	int x = mb_input(m, "x", OCTET_INT8, MB(1, 1, 1, 2), 12, 3);
	struct octet_low *low;

	(void)state;
	mb_output(m, mb_conv2d(m, x, &(struct mb_conv){ .cout = 2, .act = OCTET_G_ACT_RELU6,
							.scale = 12, .zero_point = 3 }));
	low = lowered(m, OCTET_FLAVOUR_TFLITE, ALL_OPS);
	assert_int_equal(low->cmds[0].cmd.act_max, 4);
	octet_low_free(low);
	low = lowered(m, OCTET_FLAVOUR_XNNPACK, ALL_OPS);
	assert_int_equal(low->cmds[0].cmd.act_max, 3);
	octet_low_free(low);
	mb_free(m);
}

/* 16x8: 15 bits of the multiplier, rounded, but never 2^15; shift 15 - e. */
static void test_wide(void **state)
{
	static const float w[] = { 0x1.fffffep-1f, 0x1.8001p-1f };
	struct mb *m = mb_new(3);
	int x = mb_input(m, "x", OCTET_INT16, MB(1, 1, 1, 1), 1, 0);
	int k = mb_const_channel(m, "k", OCTET_INT8, MB(2, 1, 1, 1), 0, w, NULL);
	int b = mb_const(m, "b", OCTET_INT64, MB(2), 1, 0, (int64_t[]){ -5, 1 << 29 });
	int y = mb_tensor(m, "y", OCTET_INT16, MB(1, 1, 1, 2), 1, 0);
	union octet_graph_options o = { .conv2d = { OCTET_G_VALID, 1, 1, 0, 1, 1, 0 } };
	const struct octet_param16 *p;
	struct octet_low *low;

	(void)state;
	MB_OP(m, OCTET_G_CONV_2D, &o, MB_LIST(x, k, b), MB_LIST(y));
	mb_output(m, y);
	low = lowered(m, OCTET_FLAVOUR_TFLITE, ALL_OPS);
	assert_int_equal(low->cmds[0].cmd.stage, OCTET_STAGE_FIX_UP);
	p = data_of(low, &low->cmds[0], OCTET_OPERAND_PRM);
	assert_int_equal(p[0].mult, 0x7fff);
	assert_int_equal(p[0].shift, 15);
	assert_true(p[0].bias == -5);
	/* 0x60004000 has its half rounded away */
	assert_int_equal(p[1].mult, 0x6000);
	assert_int_equal(p[1].shift, 15);
	assert_true(p[1].bias == 1 << 29);
	octet_low_free(low);
	mb_free(m);
}

/* What the device lacks goes to the host and says so. */
static void test_mask(void **state)
{
	struct mb *m = mb_new(3);
	int x = mb_input(m, "x", OCTET_INT8, MB(1, 6, 6, 2), 0.1f, 0);
	struct octet_low *low;

	(void)state;
	x = mb_conv2d(m, x, &(struct mb_conv){ .cout = 3, .kh = 3 });
	mb_output(m, mb_pool(m, OCTET_G_MAX_POOL_2D, x, &(struct mb_conv){ .kh = 2 }));
	low = lowered(m, OCTET_FLAVOUR_TFLITE, ALL_OPS & ~(1u << OCTET_OP_POOL));
	assert_int_equal(low->ops[0].where, OCTET_LOW_ON_DEVICE);
	assert_int_equal(low->ops[1].where, OCTET_LOW_ON_HOST);
	assert_string_equal(low->ops[1].why, "the device does not offer POOL");
	assert_int_equal(low->step_count, 2);
	assert_int_equal(low->steps[1].kind, OCTET_LOW_HOST);
	assert_int_equal(low->steps[1].index, 1);
	assert_true(low->ops[0].exact);
	octet_low_free(low);
	mb_free(m);
}

static void test_kept_off(void **state)
{
	const bool host[] = { false, true };
	struct octet_low_opts o = { .ops = ALL_OPS, .host = host };
	struct mb *m = mb_new(3);
	int x = mb_input(m, "x", OCTET_INT8, MB(1, 6, 6, 2), 0.1f, 0);
	struct octet_low *low;
	char err[256];

	(void)state;
	x = mb_conv2d(m, x, &(struct mb_conv){ .cout = 3, .kh = 3 });
	mb_output(m, mb_unary(m, OCTET_G_TANH, x, 0, 0));
	assert_int_equal(octet_lower(mb_graph(m), &o, &low, err, sizeof(err)), 0);
	assert_int_equal(low->ops[0].where, OCTET_LOW_ON_DEVICE);
	assert_int_equal(low->ops[1].where, OCTET_LOW_ON_HOST);
	octet_low_free(low);
	mb_free(m);
}

static void test_nowhere(void **state)
{
	struct octet_low_opts o = { .ops = ALL_OPS };
	struct mb *m = mb_new(3);
	int x = mb_input(m, "x", OCTET_INT8, MB(1, 6), 0.1f, 0);
	int y = mb_tensor(m, "boxes", OCTET_FLOAT32, MB(1, 4), 0, 0);
	struct octet_low *low = NULL;
	char err[256] = "";

	(void)state;
	mb_custom(m, "Nonsense", "", 0, MB_LIST(x), MB_LIST(y));
	mb_output(m, y);
	assert_int_equal(octet_lower(mb_graph(m), &o, &low, err, sizeof(err)), -ENOTSUP);
	assert_null(low);
	assert_non_null(strstr(err, "operator 0"));
	assert_non_null(strstr(err, "Nonsense"));
	assert_non_null(strstr(err, "'boxes'"));
	assert_non_null(strstr(err, "not on the CPU"));
	/* nobody asks */
	assert_int_equal(octet_lower(mb_graph(m), &o, &low, NULL, 0), -ENOTSUP);
	mb_free(m);
}

/* The machine holds whole rows: nothing makes one of a large tensor. */
static void test_rows(void **state)
{
	struct mb *m = mb_new(3);
	int x = mb_input(m, "x", OCTET_INT8, MB(1, 400000), 0.1f, 0), y;
	struct octet_low_opts o = { .ops = ALL_OPS, .keep_all = true };
	struct octet_low *low;
	char err[256];

	(void)state;
	y = mb_unary(m, OCTET_G_TANH, x, 0, 0);
	y = mb_arith(m, OCTET_G_ADD, x, y, 0, 0.1f, 0);
	y = mb_arith(m, OCTET_G_MUL, y, mb_const(m, "two", OCTET_INT8, MB(1), 0.1f, 0,
						 &(int8_t){ 20 }), 0, 0.1f, 0);
	mb_output(m, mb_concat(m, 0, 2, (int[]){ y, x }));
	mb_output(m, mb_pad(m, y, (int32_t[]){ 1, 0, 0, 0 }));
	if (octet_lower(mb_graph(m), &o, &low, err, sizeof(err)))
		fail_msg("%s", err);
	for (uint32_t i = 0; i < low->cmd_count; i++) {
		const struct octet_cmd *c = &low->cmds[i].cmd;

		assert_true((uint64_t)c->n * c->w * c->cin <= 65536);
		assert_true((uint64_t)c->n * c->ow * c->cout <= 65536);
	}
	octet_low_free(low);
	mb_free(m);
}

UNIT_MAIN(unit_case(test_records), unit_case(test_per_tensor), unit_case(test_panels),
	  unit_case(test_panels_of_groups), unit_case(test_flavours),
	  unit_case(test_padding), unit_case(test_mean), unit_case(test_add),
	  unit_case(test_products), unit_case(test_ties), unit_case(test_wide),
	  unit_case(test_mask), unit_case(test_kept_off), unit_case(test_nowhere), unit_case(test_rows))
