// SPDX-License-Identifier: MIT
/*
 * Every lowering against the host operators, which are written independently:
 * the same graph once with all operations of the device, once with none.
 */
#include "lower_run.h"
#include "models.h"
#include "unit.h"

#define SEEDS	40

static uint32_t pick(struct mb *m, uint32_t low, uint32_t high)
{
	return low + mb_random(m) % (high - low + 1);
}

static enum octet_dtype eight(struct mb *m)
{
	return mb_random(m) & 1 ? OCTET_INT8 : OCTET_UINT8;
}

static int image(struct mb *m, enum octet_dtype type, uint32_t c)
{
	int32_t zero = type == OCTET_INT16 ? 0 : type == OCTET_INT8 ? -9 : 121;

	return mb_input(m, "x", type, MB(pick(m, 1, 2), pick(m, 5, 9), pick(m, 5, 9), c),
			type == OCTET_INT16 ? 0.0002f : 0.03f, zero);
}

static struct mb_conv window(struct mb *m)
{
	return (struct mb_conv){
		.cout = pick(m, 1, 9), .kh = pick(m, 1, 4), .kw = pick(m, 1, 4),
		.stride = pick(m, 1, 3), .stride_w = pick(m, 1, 3),
		.padding = pick(m, 0, 1) ? OCTET_G_SAME : OCTET_G_VALID,
		.act = pick(m, 0, 3), .no_bias = pick(m, 0, 4) == 0,
	};
}

static void conv(struct mb *m, enum octet_dtype type)
{
	struct mb_conv c = window(m);
	int x;

	c.no_bias = c.no_bias && type != OCTET_INT16;
	if (pick(m, 0, 2) == 0)
		c.stride = c.stride_w = 1, c.dilation = 2, c.kh = 2, c.kw = 2;
	c.groups = pick(m, 1, 2);
	c.cout *= c.groups;
	c.per_tensor = type != OCTET_UINT8 && pick(m, 0, 3) == 0;
	if (type == OCTET_UINT8)
		c.per_tensor = true, c.wzero = 119, c.groups = 1;
	x = image(m, type, 2 * c.groups);
	mb_output(m, mb_conv2d(m, x, &c));
}

static void conv8(struct mb *m)
{
	conv(m, OCTET_INT8);
}

static void convu8(struct mb *m)
{
	conv(m, OCTET_UINT8);
}

static void conv16(struct mb *m)
{
	conv(m, OCTET_INT16);
}

static void conv4(struct mb *m)
{
	struct mb_conv c = window(m);

	c.wtype = OCTET_INT4;
	mb_output(m, mb_conv2d(m, image(m, OCTET_INT8, 3), &c));
}

static void depthwise(struct mb *m)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT16 };
	enum octet_dtype type = types[pick(m, 0, 2)];
	struct mb_conv c = window(m);

	c.cout = 3 * pick(m, 1, 3);
	c.no_bias = c.no_bias && type != OCTET_INT16;
	if (type == OCTET_UINT8)
		c.per_tensor = true, c.wzero = 130;
	mb_output(m, mb_depthwise(m, image(m, type, 3), &c));
}

static void tconv(struct mb *m)
{
	struct mb_conv c = window(m);
	enum octet_dtype type = pick(m, 0, 2) ? OCTET_INT8 : OCTET_INT16;

	c.padding = OCTET_G_SAME;
	c.act = 0;
	c.no_bias = c.no_bias && type != OCTET_INT16;
	mb_output(m, mb_tconv2d(m, image(m, type, 3), &c));
}

static void fc(struct mb *m)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT16 };
	enum octet_dtype type = types[pick(m, 0, 2)];
	struct mb_conv c = { .cout = pick(m, 1, 20), .act = pick(m, 0, 3),
			     .no_bias = pick(m, 0, 2) == 0 };
	int32_t zero = type == OCTET_INT16 ? 0 : 3;
	int x = mb_input(m, "x", type, MB(pick(m, 1, 4), pick(m, 1, 3), 17), 0.02f, zero);

	c.keep_num_dims = true;
	c.no_bias = c.no_bias && type != OCTET_INT16;
	if (type == OCTET_INT8)
		c.per_channel = pick(m, 0, 1), c.wzero = c.per_channel ? 0 : -5;
	if (type == OCTET_UINT8)
		c.wzero = 100;
	mb_output(m, mb_fc(m, x, &c));
}

static void matmul(struct mb *m)
{
	bool ax = pick(m, 0, 1), ay = pick(m, 0, 1), one = pick(m, 0, 1);
	uint32_t b = pick(m, 1, 3), rows = pick(m, 1, 5), k = pick(m, 2, 6), n = pick(m, 1, 5);
	int x = mb_input(m, "a", OCTET_INT8, MB(2, b, ax ? k : rows, ax ? rows : k), 0.02f, 4);
	int y = mb_input(m, "b", OCTET_INT8, MB(2, one ? 1 : b, ay ? n : k, ay ? k : n), 0.03f, -7);

	mb_output(m, mb_matmul(m, x, y, ax, ay, 0, 5));
}

static void pools(struct mb *m)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT16 };
	enum octet_dtype type = types[pick(m, 0, 2)];
	struct mb_conv c = window(m);
	int x = image(m, type, pick(m, 1, 5));

	mb_output(m, mb_pool(m, OCTET_G_MAX_POOL_2D, x, &c));
	mb_output(m, mb_pool(m, OCTET_G_AVERAGE_POOL_2D, x, &c));
}

static void means(struct mb *m)
{
	static const struct {
		uint32_t count;
		int32_t axes[3];
	} sets[] = { { 2, { 1, 2 } }, { 1, { 3 } }, { 1, { 0 } }, { 3, { 1, 2, 3 } },
		     { 2, { 2, 3 } }, { 1, { -2 } }, { 2, { 2, 1 } } };
	uint32_t i = pick(m, 0, 6);
	enum octet_dtype type = eight(m);
	int x = image(m, type, pick(m, 1, 5));

	mb_output(m, mb_reduce(m, OCTET_G_MEAN, x, sets[i].count, sets[i].axes, pick(m, 0, 1),
			       0.021f, 5));
	mb_output(m, mb_reduce(m, OCTET_G_SUM, x, sets[i].count, sets[i].axes, pick(m, 0, 1),
			       0.2f, 5));
	mb_output(m, mb_reduce(m, OCTET_G_REDUCE_MAX, x, sets[i].count, sets[i].axes,
			       pick(m, 0, 1), 0, 0));
	mb_output(m, mb_reduce(m, OCTET_G_REDUCE_MIN, x, sets[i].count, sets[i].axes,
			       pick(m, 0, 1), 0, 0));
}

/* Shapes of an element-wise operator: each dimension as it is or 1. */
static struct mb_shape some(struct mb *m, struct mb_shape s, bool some_are_one)
{
	for (uint32_t d = 0; d < s.rank && some_are_one; d++)
		if (pick(m, 0, 2) == 0)
			s.dims[d] = 1;
	return s;
}

static void arith(struct mb *m)
{
	static const uint32_t codes[] = { OCTET_G_ADD, OCTET_G_SUB, OCTET_G_MUL };
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT16 };
	enum octet_dtype type = types[pick(m, 0, 2)];
	int32_t z = type == OCTET_INT16 ? 0 : 8;
	struct mb_shape s = pick(m, 0, 1) ? MB(2, 3, 4, 5) : pick(m, 0, 1) ? MB(3, 7) :
			    MB(2, 2, 3, 2, 4);
	bool one = pick(m, 0, 1);
	int a = mb_input(m, "a", type, some(m, s, one), 0.02f, z);
	int b = mb_input(m, "b", type, some(m, s, one), 0.05f, z ? -z + 8 : 0);

	for (uint32_t i = 0; i < 3; i++)
		mb_output(m, mb_arith(m, codes[i], a, b, pick(m, 0, 3), 0.061f, z / 2));
}

static void order(struct mb *m)
{
	enum octet_dtype type = eight(m);
	struct mb_shape s = pick(m, 0, 1) ? MB(2, 3, 4, 5) : MB(3, 7);
	int a = mb_input(m, "a", type, some(m, s, true), 0.02f, 8);
	int b = mb_input(m, "b", type, some(m, s, true), 0.02f, 8);

	mb_output(m, mb_arith(m, OCTET_G_MAXIMUM, a, b, 0, 0.02f, 8));
	mb_output(m, mb_arith(m, OCTET_G_MINIMUM, a, b, 0, 0.02f, 8));
	if (type == OCTET_INT8)
		mb_output(m, mb_arith(m, OCTET_G_SQUARED_DIFFERENCE, a, b, 0, 0.09f, -100));
}

static void unary(struct mb *m)
{
	static const uint32_t codes[] = {
		OCTET_G_LOGISTIC, OCTET_G_TANH, OCTET_G_HARD_SWISH, OCTET_G_RELU, OCTET_G_RELU6,
		OCTET_G_RELU_N1_TO_1, OCTET_G_LEAKY_RELU, OCTET_G_ELU,
	};
	int x = mb_input(m, "x", OCTET_INT8, MB(1, 3, 5, 7), 0.03f, 10);

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		mb_output(m, mb_unary(m, codes[i], x, codes[i] == OCTET_G_LOGISTIC ||
				      codes[i] == OCTET_G_TANH ? 0 : 0.025f, -3));
	mb_output(m, mb_requant(m, x, OCTET_UINT8, 0.04f, 120));
	mb_output(m, mb_requant(m, x, OCTET_INT8, 0.02f, -8));
}

static void unary16(struct mb *m)
{
	static const uint32_t codes[] = { OCTET_G_RELU, OCTET_G_RELU6, OCTET_G_LEAKY_RELU };
	int x = mb_input(m, "x", OCTET_INT16, MB(1, 30, 40, 8), 0.0003f, 0);

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		mb_output(m, mb_unary(m, codes[i], x, pick(m, 0, 1) ? 0.00021f : 0.0005f, 0));
	mb_output(m, mb_requant(m, x, OCTET_INT16, 0.00037f, 0));
	mb_output(m, mb_unary(m, OCTET_G_EXP, x, 0.01f, 0));
}

static void softmax(struct mb *m)
{
	int x = mb_input(m, "x", eight(m), MB(pick(m, 1, 3), pick(m, 1, 4), pick(m, 1, 30)),
			 0.11f, 10);

	mb_output(m, mb_softmax(m, x, pick(m, 0, 1) ? 1 : 0.7f));
}

static void resize(struct mb *m)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT16 };
	int x = image(m, types[pick(m, 0, 2)], pick(m, 1, 4)), mode = (int)pick(m, 0, 2);

	mb_output(m, mb_resize(m, OCTET_G_RESIZE_NEAREST_NEIGHBOR, x, pick(m, 1, 20),
			       pick(m, 1, 20), mode == 1, mode == 2));
	mb_output(m, mb_resize(m, OCTET_G_RESIZE_BILINEAR, x, pick(m, 1, 20), pick(m, 1, 20),
			       mode == 1, mode == 2));
}

static void arg(struct mb *m)
{
	static const uint32_t codes[] = { OCTET_G_ARG_MAX, OCTET_G_ARG_MIN };
	struct mb_shape s = MB(2, 5, 4, 6), r = { .rank = 3 };
	int x = mb_input(m, "x", eight(m), s, 0.1f, 3), axis = (int)pick(m, 0, 3);

	for (uint32_t d = 0, k = 0; d < 4; d++)
		if (d != (uint32_t)axis)
			r.dims[k++] = s.dims[d];
	for (int i = 0; i < 2; i++) {
		union octet_graph_options o = { .arg = { i ? 4 : 2 } };
		int y = mb_tensor(m, "index", i ? OCTET_INT64 : OCTET_INT32, r, 0, 0);

		MB_OP(m, codes[i], &o, MB_LIST(x, MB_INTS(m, axis)), MB_LIST(y));
		mb_output(m, y);
	}
}

#define EACH(build, host)					\
static void test_##build(void **state)				\
{								\
	(void)state;						\
	lower_run_each(build, #build, SEEDS, host);		\
}

EACH(conv8, 0)
EACH(convu8, 0)
EACH(conv16, 0)
EACH(conv4, 0)
EACH(depthwise, 0)
EACH(tconv, 0)
EACH(fc, 0)
EACH(matmul, 0)
EACH(pools, 0)
EACH(means, 0)
EACH(arith, 0)
EACH(order, 0)
EACH(unary, 0)
EACH(unary16, 0)
EACH(softmax, 0)
EACH(resize, 1)
EACH(arg, 0)

UNIT_MAIN(unit_case(test_conv8), unit_case(test_convu8), unit_case(test_conv16),
	  unit_case(test_conv4), unit_case(test_depthwise), unit_case(test_tconv),
	  unit_case(test_fc), unit_case(test_matmul), unit_case(test_pools),
	  unit_case(test_means), unit_case(test_arith), unit_case(test_order),
	  unit_case(test_unary), unit_case(test_unary16), unit_case(test_softmax), unit_case(test_resize),
	  unit_case(test_arg))
