// SPDX-License-Identifier: MIT
/*
 * Commands that do the work of several operators, and pieces that are written or
 * read where they belong: the same bits as one by one, and really fewer commands.
 */
#include <string.h>

#include "lower_run.h"
#include "unit.h"

#define SEEDS	24
#define ALL_OPS	0xffeu

static uint32_t pick(struct mb *m, uint32_t low, uint32_t high)
{
	return low + mb_random(m) % (high - low + 1);
}

static int image(struct mb *m, enum octet_dtype type, uint32_t c)
{
	return mb_input(m, "x", type, MB(pick(m, 1, 2), 6, 5, c), 0.03f,
			type == OCTET_INT8 ? -9 : 119);
}

static int conv(struct mb *m, int x, uint32_t cout, enum octet_graph_act act)
{
	return mb_conv2d(m, x, &(struct mb_conv){ .cout = cout, .kh = pick(m, 1, 3), .act = act,
						  .scale = 0.03f, .zero_point = -9 });
}

/* Commands that @build takes; and equal bits, by the runs of lower_run_each(). */
static uint32_t commands(void (*build)(struct mb *m), bool keep)
{
	struct octet_low_opts o = { .ops = ALL_OPS, .keep_all = keep };
	struct mb *m = mb_new(5);
	struct octet_low *low;
	char err[256] = "";
	uint32_t n;

	build(m);
	if (octet_lower(mb_graph(m), &o, &low, err, sizeof(err)))
		fail_msg("%s", err);
	n = low->cmd_count;
	for (uint32_t i = 0; i < low->graph->op_count; i++)
		if (low->ops[i].where == OCTET_LOW_FUSED)
			assert_true(low->ops[low->ops[i].into].where == OCTET_LOW_ON_DEVICE);
	octet_low_free(low);
	mb_free(m);
	return n;
}

static void residual(struct mb *m)
{
	int x = image(m, OCTET_INT8, 4), y = conv(m, x, 4, OCTET_G_ACT_RELU);

	y = pick(m, 0, 1) ? mb_arith(m, OCTET_G_ADD, x, y, pick(m, 0, 3), 0.04f, 5)
			  : mb_arith(m, OCTET_G_ADD, y, x, pick(m, 0, 3), 0.04f, 5);
	mb_output(m, y);
}

static void residual_two(struct mb *m)
{
	int x = image(m, OCTET_INT8, 3), a = conv(m, x, 5, 0), b = conv(m, x, 5, 0);

	mb_output(m, mb_unary(m, OCTET_G_HARD_SWISH,
			      mb_arith(m, OCTET_G_ADD, a, b, 0, 0.04f, 5), 0.03f, -2));
}

static void tables(struct mb *m)
{
	int x = conv(m, image(m, OCTET_INT8, 3), 5, 0);

	x = mb_unary(m, OCTET_G_LOGISTIC, x, 0, 0);
	x = mb_unary(m, OCTET_G_LEAKY_RELU, x, 0.02f, 3);
	mb_output(m, mb_requant(m, x, OCTET_INT8, 0.03f, -7));
}

static void clamps(struct mb *m)
{
	int x = conv(m, image(m, OCTET_INT8, 3), 5, 0);

	x = mb_unary(m, OCTET_G_RELU6, x, 0.03f, -9);
	x = mb_pool(m, OCTET_G_AVERAGE_POOL_2D, x, &(struct mb_conv){ .kh = 2, .stride = 2 });
	mb_output(m, mb_unary(m, OCTET_G_RELU, x, 0.03f, -9));
}

/* uint8 outside, int8 inside, as converters make it. */
static void other_type(struct mb *m)
{
	int x = image(m, OCTET_UINT8, 3);

	x = conv(m, mb_requant(m, x, OCTET_INT8, 0.03f, -9), 6, 0);
	x = mb_softmax(m, mb_reshape(m, mb_reduce(m, OCTET_G_MEAN, x, 2, (int32_t[]){ 1, 2 },
				     false, 0.03f, -9), MB(mb_get(m, x)->dims[0], 6)), 1);
	mb_output(m, mb_requant(m, x, OCTET_UINT8, 1.0f / 256, 0));
}

static void padding(struct mb *m)
{
	int x = image(m, OCTET_INT8, 3);

	x = mb_pad(m, x, (int32_t[]){ 0, 0, 1, 2, 3, 0, 0, 0 });
	mb_output(m, mb_depthwise(m, x, &(struct mb_conv){ .kh = 3, .stride = pick(m, 1, 2),
							   .padding = pick(m, 0, 1) }));
}

static void transformer(struct mb *m)
{
	int x = mb_input(m, "x", OCTET_INT8, MB(1, 6, 16), 0.02f, 0), y;

	y = mb_fc(m, x, &(struct mb_conv){ .cout = 32, .keep_num_dims = true, .scale = 0.05f });
	y = mb_unary(m, OCTET_G_GELU, y, 0.02f, -100);
	y = mb_fc(m, y, &(struct mb_conv){ .cout = 16, .keep_num_dims = true });
	mb_output(m, mb_arith(m, OCTET_G_ADD, x, y, 0, 0.03f, 1));
}

/* Channels side by side, without a copy. */
static void channels(struct mb *m)
{
	int x = image(m, OCTET_INT8, 4), part[3], y, half[2];

	part[0] = conv(m, x, 4, 0);
	part[1] = mb_pool(m, OCTET_G_MAX_POOL_2D, x, &(struct mb_conv){ .kh = 3, .stride = 1 });
	part[2] = conv(m, part[0], 8, OCTET_G_ACT_RELU);
	y = mb_concat(m, 3, 3, part);
	mb_split(m, 3, conv(m, y, 8, 0), 2, half);
	half[0] = conv(m, half[0], 4, 0);
	mb_output(m, mb_arith(m, OCTET_G_MUL, half[0], half[1], 0, 0.05f, 0));
}

/* The same with readers that need them dense: tried, and done with copies. */
static void channels_host(struct mb *m)
{
	int x = image(m, OCTET_INT8, 4), part[2], y;

	part[0] = conv(m, x, 4, 0);
	part[1] = conv(m, x, 4, 0);
	y = mb_concat(m, 3, 2, part);
	mb_output(m, mb_requant(m, part[0], OCTET_INT16, 0.0002f, 0));
	mb_output(m, y);
}

/* What others read, too, stays. */
static void shared(struct mb *m)
{
	int x = conv(m, image(m, OCTET_INT8, 3), 3, 0), y = conv(m, x, 3, 0);

	mb_output(m, mb_arith(m, OCTET_G_ADD, x, y, 0, 0.04f, 5));
	mb_output(m, y);
	mb_output(m, mb_unary(m, OCTET_G_TANH, x, 0, 0));
}

static const struct {
	const char *name;
	void (*build)(struct mb *m);
	int host;
	uint32_t apart, joined;
} cases[] = {
	{ "residual", residual, 0, 2, 1 },
	{ "residual_two", residual_two, 0, 4, 2 },
	{ "tables", tables, 0, 4, 1 },
	{ "clamps", clamps, 0, 4, 2 },
	{ "other_type", other_type, 0, 5, 3 },
	{ "padding", padding, 0, 5, 1 },
	{ "transformer", transformer, 0, 4, 2 },
	{ "channels", channels, 0, 11, 6 },
	{ "channels_host", channels_host, 1, 4, 4 },
	{ "shared", shared, 0, 4, 4 },
};

static void test_bits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		lower_run_each(cases[i].build, cases[i].name, SEEDS, cases[i].host);
}

static void test_commands(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t apart = commands(cases[i].build, true);
		uint32_t joined = commands(cases[i].build, false);

		if (apart != cases[i].apart || joined != cases[i].joined)
			fail_msg("%s: %u commands apart, %u joined; not %u and %u", cases[i].name,
				 apart, joined, cases[i].apart, cases[i].joined);
	}
}

UNIT_MAIN(unit_case(test_bits), unit_case(test_commands))
