// SPDX-License-Identifier: MIT
/* Host operators by hand: small results, refusals, errors of values. */

#include "unit.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/flex.h"
#include "test_host_cases.h"

static struct one o;

static int setup(uint32_t code, const char *name)
{
	one_begin(&o, code, name, 1);
	return 0;
}

static int32_t floats(uint32_t n, const float *v)
{
	int32_t t = one_tensor(&o, OCTET_FLOAT32, 1, &n, 0, 0);

	memcpy(o.buffers[t], v, n * sizeof(*v));
	return t;
}

static void test_quantize(void **state)
{
	static const float x[] = { 0, 0.24f, 0.25f, -0.25f, 1e30f, -1e30f, NAN, 10 };
	static const int8_t y[] = { 3, 3, 4, 2, 127, -128, 3, 23 };
	uint32_t n = 8;

	(void)state;
	setup(OCTET_G_QUANTIZE, "QUANTIZE");
	one_input(&o, floats(n, x));
	one_output(&o, one_tensor(&o, OCTET_INT8, 1, &n, 0.5f, 3));
	assert_int_equal(one_run(&o), 0);
	assert_memory_equal(o.buffers[o.out[0]], y, 8);
	one_end(&o);
}

static void test_cast(void **state)
{
	static const float x[] = { 1.9f, -1.9f, 3e9f, -3e9f, NAN, 300 };
	static const int32_t y[] = { 1, -1, INT32_MAX, INT32_MIN, 0, 300 };
	uint32_t n = 6;

	(void)state;
	setup(OCTET_G_CAST, "CAST");
	one_input(&o, floats(n, x));
	one_output(&o, one_tensor(&o, OCTET_INT32, 1, &n, 0, 0));
	assert_int_equal(one_run(&o), 0);
	assert_memory_equal(o.buffers[o.out[0]], y, sizeof(y));
	one_end(&o);
}

static void test_half(void **state)
{
	static const uint16_t x[] = { 0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x7c00 };
	static const float y[] = { 1, -2, 65504, 0x1p-24f, -0.0f, INFINITY };
	uint32_t n = 6;
	int32_t t;

	(void)state;
	setup(OCTET_G_DEQUANTIZE, "DEQUANTIZE");
	t = one_tensor(&o, OCTET_FLOAT16, 1, &n, 0, 0);
	memcpy(o.buffers[t], x, sizeof(x));
	one_input(&o, t);
	one_output(&o, one_tensor(&o, OCTET_FLOAT32, 1, &n, 0, 0));
	assert_int_equal(one_run(&o), 0);
	assert_memory_equal(o.buffers[o.out[0]], y, sizeof(y));
	one_end(&o);
}

static int32_t int32s(uint32_t rank, const uint32_t *dims, const int32_t *v)
{
	int32_t t = one_tensor(&o, OCTET_INT32, rank, dims, 0, 0);

	memcpy(o.buffers[t], v, o.t[t].bytes);
	return t;
}

static void test_floor_div(void **state)
{
	static const int32_t a[] = { 7, -7, 7, -7, 6, INT32_MIN };
	static const int32_t b[] = { 2, 2, -2, -2, 3, -1 };
	static const int32_t y[] = { 3, -4, -4, 3, 2, INT32_MIN };
	uint32_t n = 6;

	(void)state;
	setup(OCTET_G_FLOOR_DIV, "FLOOR_DIV");
	one_input(&o, int32s(1, &n, a));
	one_input(&o, int32s(1, &n, b));
	one_output(&o, one_tensor(&o, OCTET_INT32, 1, &n, 0, 0));
	assert_int_equal(one_run(&o), 0);
	assert_memory_equal(o.buffers[o.out[0]], y, sizeof(y));
	((int32_t *)o.buffers[o.in[1]])[4] = 0;
	assert_int_equal(one_run(&o), -EINVAL);
	assert_string_equal(o.err, "FLOOR_DIV: element 4 of the divisor is 0");
	one_end(&o);
}

/* A tensor of 2 x 3 numbers, indices that leave it. */
static void test_gather(void **state)
{
	static const uint32_t dims[] = { 2, 3 }, out[] = { 2, 2 };
	static const int32_t x[] = { 1, 2, 3, 4, 5, 6 }, at[] = { 2, 0 };
	static const int32_t y[] = { 3, 1, 6, 4 };
	uint32_t n = 2;

	(void)state;
	setup(OCTET_G_GATHER, "GATHER");
	o.op.opt.gather.axis = 1;
	one_input(&o, int32s(2, dims, x));
	one_input(&o, int32s(1, &n, at));
	one_output(&o, one_tensor(&o, OCTET_INT32, 2, out, 0, 0));
	assert_int_equal(one_run(&o), 0);
	assert_memory_equal(o.buffers[o.out[0]], y, sizeof(y));
	((int32_t *)o.buffers[o.in[1]])[1] = 3;
	assert_int_equal(one_run(&o), -EINVAL);
	assert_string_equal(o.err, "GATHER: index 1 is 3, allowed are 0 to 2");
	((int32_t *)o.buffers[o.in[1]])[1] = -1;
	assert_int_equal(one_run(&o), -EINVAL);
	o.op.opt.gather.axis = 2;
	assert_int_equal(one_run(&o), -EINVAL);
	assert_non_null(o.why_not);
	one_end(&o);
}

static void test_gather_nd(void **state)
{
	static const uint32_t dims[] = { 2, 3 }, index[] = { 2, 2 };
	static const int32_t x[] = { 1, 2, 3, 4, 5, 6 }, at[] = { 1, 2, 0, 1 };
	static const int32_t y[] = { 6, 2 };
	uint32_t n = 2;

	(void)state;
	setup(OCTET_G_GATHER_ND, "GATHER_ND");
	one_input(&o, int32s(2, dims, x));
	one_input(&o, int32s(2, index, at));
	one_output(&o, one_tensor(&o, OCTET_INT32, 1, &n, 0, 0));
	assert_int_equal(one_run(&o), 0);
	assert_memory_equal(o.buffers[o.out[0]], y, sizeof(y));
	((int32_t *)o.buffers[o.in[1]])[2] = 2;
	assert_int_equal(one_run(&o), -EINVAL);
	assert_string_equal(o.err, "GATHER_ND: index 1, dimension 0 is 2, allowed are 0 to 1");
	one_end(&o);
}

/* Where a slice begins may be known only when it runs. */
static void test_slice_at_run(void **state)
{
	static const int32_t x[] = { 1, 2, 3, 4, 5 }, begin[] = { 3 }, y[] = { 4, 5 };
	uint32_t five = 5, two = 2, one = 1;

	(void)state;
	setup(OCTET_G_SLICE, "SLICE");
	one_input(&o, int32s(1, &five, x));
	one_input(&o, int32s(1, &one, begin));
	one_output(&o, one_tensor(&o, OCTET_INT32, 1, &two, 0, 0));
	assert_int_equal(one_run(&o), 0);
	assert_memory_equal(o.buffers[o.out[0]], y, sizeof(y));
	((int32_t *)o.buffers[o.in[1]])[0] = 4;
	assert_int_equal(one_run(&o), -EINVAL);
	assert_string_equal(o.err, "SLICE: dimension 0 begins at 4, allowed are 0 to 3");
	one_end(&o);
}

/* LiteRT's kernel of int8 SUM; the reference kernel of 2.14 takes it for uint8. */
static void test_sum_int8(void **state)
{
	static const int8_t x[] = { 10, -20, 30, -40 };
	int32_t axis = 0, t;
	uint32_t n = 4, one = 1;

	(void)state;
	setup(OCTET_G_SUM, "SUM");
	t = one_tensor(&o, OCTET_INT8, 1, &n, 0.5f, -10);
	memcpy(o.buffers[t], x, 4);
	one_input(&o, t);
	one_input(&o, one_ints(&o, 1, &axis));
	o.op.opt.reduce.keep_dims = 1;
	one_output(&o, one_tensor(&o, OCTET_INT8, 1, &one, 0.5f, 7));
	assert_int_equal(one_run(&o), 0);
	/* 20 - 10 + 40 - 30 = 20 steps */
	assert_int_equal(*(int8_t *)o.buffers[o.out[0]], 27);
	one_end(&o);
}

static void test_argmax_ties(void **state)
{
	static const int32_t x[] = { 3, 9, 9, 1 };
	uint32_t n = 4;
	int32_t axis = -1;

	(void)state;
	setup(OCTET_G_ARG_MAX, "ARG_MAX");
	one_input(&o, int32s(1, &n, x));
	one_input(&o, one_ints(&o, 0, &axis));
	one_output(&o, one_tensor(&o, OCTET_INT64, 0, NULL, 0, 0));
	assert_int_equal(one_run(&o), 0);
	assert_int_equal(*(int64_t *)o.buffers[o.out[0]], 1);
	one_end(&o);
}

static void test_resize_float(void **state)
{
	static const float x[] = { 0, 4 }, y[] = { 0, 1, 3, 4 };
	static const uint32_t in[] = { 1, 1, 2, 1 }, out[] = { 1, 1, 4, 1 };
	int32_t t;

	(void)state;
	setup(OCTET_G_RESIZE_BILINEAR, "RESIZE_BILINEAR");
	o.op.opt.resize.half_pixel = 1;
	t = one_tensor(&o, OCTET_FLOAT32, 4, in, 0, 0);
	memcpy(o.buffers[t], x, sizeof(x));
	one_input(&o, t);
	one_output(&o, one_tensor(&o, OCTET_FLOAT32, 4, out, 0, 0));
	assert_int_equal(one_run(&o), 0);
	assert_memory_equal(o.buffers[o.out[0]], y, sizeof(y));
	one_end(&o);
}

/* An LSTM whose gates stand open: the cell adds up tanh of what comes in. */
static void test_lstm_float(void **state)
{
	static const uint32_t x[] = { 1, 3, 1 }, w[] = { 1, 1 }, s[] = { 1, 1 };
	static const float bias[] = { 40, 40, 0, 40 };
	double cell = 0;
	uint32_t one = 1;
	int32_t t;

	(void)state;
	setup(OCTET_G_UNIDIRECTIONAL_SEQUENCE_LSTM, "UNIDIRECTIONAL_SEQUENCE_LSTM");
	o.op.opt.lstm.activation = OCTET_G_ACT_TANH;
	t = one_tensor(&o, OCTET_FLOAT32, 3, x, 0, 0);
	for (int i = 0; i < 3; i++)
		((float *)o.buffers[t])[i] = 0.3f;
	one_input(&o, t);
	for (int g = 0; g < 8; g++) {
		t = one_tensor(&o, OCTET_FLOAT32, 2, w, 0, 0);
		*(float *)o.buffers[t] = g < 4 ? 1 : 0;
		one_input(&o, t);
	}
	for (int g = 0; g < 3; g++)
		one_input(&o, -1);
	for (int g = 0; g < 4; g++) {
		t = one_tensor(&o, OCTET_FLOAT32, 1, &one, 0, 0);
		*(float *)o.buffers[t] = bias[g];
		one_input(&o, t);
	}
	one_input(&o, -1);
	one_input(&o, -1);
	for (int i = 0; i < 2; i++) {
		t = one_tensor(&o, OCTET_FLOAT32, 2, s, 0, 0);
		one_variable(&o, t);
		one_input(&o, t);
	}
	one_output(&o, one_tensor(&o, OCTET_FLOAT32, 3, x, 0, 0));
	assert_int_equal(one_run(&o), 0);
	for (int i = 0; i < 3; i++) {
		double y = (double)((float *)o.buffers[o.out[0]])[i];

		cell += tanh((double)0.3f);
		assert_true(fabs(y - tanh(cell)) < 1e-6);
	}
	/* The state lives on. */
	assert_true(fabs((double)*(float *)o.buffers[o.in[19]] - cell) < 1e-6);
	o.t[o.in[19]].variable = false;
	assert_int_equal(one_run(&o), -EINVAL);
	one_end(&o);
}

/* What contradicts itself is refused when it is looked up, with a reason. */
static void test_refusals(void **state)
{
	uint32_t four = 4, five = 5, dims[] = { 1, 4, 4, 1 }, out[] = { 1, 3, 3, 1 };
	int32_t perm[] = { 0, 0 };

	(void)state;
	setup(OCTET_G_ADD, "ADD");
	one_input(&o, one_tensor(&o, OCTET_INT8, 1, &four, 1, 0));
	one_input(&o, one_tensor(&o, OCTET_INT8, 1, &five, 1, 0));
	one_output(&o, one_tensor(&o, OCTET_INT8, 1, &five, 1, 0));
	assert_int_equal(one_run(&o), -EINVAL);
	assert_non_null(o.why_not);
	one_end(&o);
	setup(OCTET_G_TRANSPOSE, "TRANSPOSE");
	one_input(&o, one_tensor(&o, OCTET_INT8, 2, dims, 1, 0));
	one_input(&o, one_ints(&o, 2, perm));
	one_output(&o, one_tensor(&o, OCTET_INT8, 2, dims, 1, 0));
	assert_int_equal(one_run(&o), -EINVAL);
	one_end(&o);
	setup(OCTET_G_MAX_POOL_2D, "MAX_POOL_2D");
	o.op.opt.pool = (struct octet_opt_pool){ OCTET_G_VALID, 1, 1, 2, 2, 0 };
	one_input(&o, one_tensor(&o, OCTET_INT8, 4, dims, 1, 0));
	one_output(&o, one_tensor(&o, OCTET_INT8, 4, out, 1, 0));
	assert_int_equal(one_run(&o), 0);
	o.op.opt.pool.filter_w = 3;
	assert_int_equal(one_run(&o), -EINVAL);
	o.op.opt.pool.stride_h = 0;
	assert_int_equal(one_run(&o), -EINVAL);
	one_end(&o);
	setup(9999, "NONSENSE");
	one_input(&o, one_tensor(&o, OCTET_INT8, 1, &four, 1, 0));
	one_output(&o, one_tensor(&o, OCTET_INT8, 1, &four, 1, 0));
	assert_int_equal(one_run(&o), -ENOTSUP);
	assert_string_equal(o.why_not, "the host has no such operator");
	one_end(&o);
}

/* A tensor whose type or shape was changed gets contents that fit. */
static void refit(uint32_t k)
{
	static const uint8_t sizes[] = { 4, 1, 1, 2, 4, 1, 8, 4, 1, 2 };
	struct octet_graph_tensor *t = &o.t[k];

	t->elements = 1;
	for (uint32_t d = 0; d < t->rank; d++) {
		t->dims[d] += !t->dims[d];
		t->elements *= t->dims[d];
	}
	t->bytes = t->type == OCTET_INT4 ? (t->elements + 1) / 2 : t->elements * sizes[t->type];
	free(o.buffers[k]);
	o.buffers[k] = calloc(1, t->bytes);
	assert_non_null(o.buffers[k]);
	if (t->data)
		t->data = o.buffers[k];
}

static void mutate(void)
{
	uint32_t k = one_random(&o, o.g.tensor_count);

	switch (one_random(&o, 7)) {
	case 0:
		o.t[k].type = (enum octet_dtype)(1 + one_random(&o, 9));
		break;
	case 1:
		o.t[k].rank = one_random(&o, 6);
		break;
	case 2:
		if (o.t[k].rank)
			o.t[k].dims[one_random(&o, o.t[k].rank)] = 1 + one_random(&o, 200);
		break;
	case 3:
		((int32_t *)&o.op.opt)[one_random(&o, 6)] = (int32_t)one_random(&o, 9) - 4;
		break;
	case 4:
		if (o.t[k].quants)
			*(float *)(uintptr_t)o.t[k].scale =
				ldexpf(1, (int)one_random(&o, 140) - 70);
		return;
	case 5:
		if (o.t[k].quants)
			*(int32_t *)(uintptr_t)o.t[k].zero_point =
				(int32_t)one_random(&o, 700) - 350;
		return;
	default:
		if (o.op.input_count)
			o.in[one_random(&o, o.op.input_count)] = -1;
	}
	refit(k);
}

/* One thing of every case changed at random: it runs, or is refused with a reason. */
static void test_mutations(void **state)
{
	static const struct host_group *const sets[] = {
		host_groups_value, host_groups_move, host_groups_rows, host_groups_heavy,
		host_groups_cell, host_groups_boxes,
	};

	(void)state;
	for (size_t s = 0; s < sizeof(sets) / sizeof(sets[0]); s++) {
		for (const struct host_group *g = sets[s]; g->name; g++) {
			for (uint64_t seed = 1000; seed < 1080; seed++) {
				one_begin(&o, g->code, g->name, seed);
				g->build(&o);
				mutate();
				if (one_run(&o))
					assert_true(o.why_not || o.err[0]);
				one_end(&o);
			}
		}
	}
}

static void test_flex(void **state)
{
	static const char *const keys[] = { "a", "count", "real", "yes" };
	static const double values[] = { -7, 300, 0.25, 1 };
	uint8_t bad[512];
	const uint8_t *buffer;
	size_t bytes;
	double v;

	(void)state;
	buffer = case_flex(4, keys, "iifb", values, &bytes);
	for (int i = 0; i < 4; i++) {
		assert_true(octet_flex_number(buffer, bytes, keys[i], &v));
		assert_true(v == values[i]);
	}
	assert_false(octet_flex_number(buffer, bytes, "coun", &v));
	assert_false(octet_flex_number(buffer, bytes, "counts", &v));
	assert_false(octet_flex_number(NULL, 0, "a", &v));
	/* Cut short, or with one byte changed: no crash, no read outside. */
	for (size_t n = 0; n <= bytes; n++) {
		for (int x = 0; x < 256; x += 5) {
			uint8_t *exact = malloc(bytes);

			memcpy(exact, buffer, bytes);
			if (n < bytes)
				exact[n] = (uint8_t)x;
			for (int i = 0; i < 4; i++)
				octet_flex_number(exact, bytes, keys[i], &v);
			free(exact);
		}
		memcpy(bad, buffer, n);
		octet_flex_number(bad, n, "real", &v);
	}
}

UNIT_MAIN(unit_case(test_quantize), unit_case(test_cast), unit_case(test_half),
	  unit_case(test_floor_div), unit_case(test_gather), unit_case(test_gather_nd),
	  unit_case(test_slice_at_run), unit_case(test_sum_int8), unit_case(test_argmax_ties),
	  unit_case(test_resize_float), unit_case(test_lstm_float), unit_case(test_refusals),
	  unit_case(test_mutations), unit_case(test_flex))
