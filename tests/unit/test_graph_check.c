// SPDX-License-Identifier: MIT
/*
 * The checks of graphs: what TFLite makes of shapes, operator by operator, and
 * each refusal with its error and its words.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "models.h"
#include "unit.h"

#define ERR 256
#define I8 OCTET_INT8

static int check(struct mb *m, char *err)
{
	*err = 0;
	return octet_graph_check(mb_graph(m), err, ERR);
}

/* An activation of int8. */
static int in(struct mb *m, struct mb_shape shape)
{
	return mb_input(m, "x", I8, shape, 0.05f, 3);
}

/* Like it, to be written by mb_op(). */
static int out(struct mb *m, struct mb_shape shape)
{
	int y = mb_tensor(m, "y", I8, shape, 0.05f, 3);

	mb_output(m, y);
	return y;
}

static union octet_graph_options *last(struct mb *m)
{
	return &mb_graph(m)->ops[mb_graph(m)->op_count - 1].opt;
}

/* ---- Shapes: those of mb_odd are right, and wrong with one extent more ---- */

static void grow_output(struct mb *m, uint32_t axis)
{
	const struct octet_graph *g = mb_graph(m);
	struct octet_graph_tensor *y = &g->tensors[g->ops[0].outputs[0]];

	y->elements = y->elements / y->dims[axis] * (y->dims[axis] + 1);
	y->dims[axis]++;
	y->bytes = octet_graph_bytes(y->type, y->elements);
}

static void fix_output(struct mb *m)
{
	const struct octet_graph *g = mb_graph(m);

	for (uint32_t i = 0; i < g->tensor_count; i++) {
		struct octet_graph_tensor *y = &g->tensors[i];

		y->elements = 1;
		for (uint32_t d = 0; d < y->rank; d++)
			y->elements *= y->dims[d];
		y->bytes = octet_graph_bytes(y->type, y->elements);
	}
}

static void test_shapes(void **state)
{
	char err[ERR];

	(void)state;
	for (const struct mb_sample *s = mb_odd; s->name; s++) {
		for (uint32_t axis = 0; axis < 5; axis++) {
			struct mb *m = mb_new(1);
			const struct octet_graph *g = mb_graph(m);

			s->build(m);
			fix_output(m);
			if (check(m, err))
				fail_msg("%s: %s", s->name, err);
			if (axis < g->tensors[g->ops[0].outputs[0]].rank) {
				grow_output(m, axis);
				/* Not by chance: something about shapes. */
				if (check(m, err) != -EINVAL || !strpbrk(err, "0123456789"))
					fail_msg("%s, axis %u grown: \"%s\"", s->name, axis, err);
			}
			mb_free(m);
		}
	}
}

/* ---- Refusals ---- */

static struct mb_conv conv = { .name = "c", .cout = 4, .kh = 3 };

/* A convolution, and its tensors by number: 0 x, 1 c, 2 c/w, 3 c/b. */
static void base(struct mb *m)
{
	int x = in(m, MB(1, 8, 8, 3));

	mb_output(m, mb_conv2d(m, x, &conv));
}

static void b_stride(struct mb *m)
{
	base(m);
	last(m)->conv2d.stride_w = 0;
}

static void b_dilation(struct mb *m)
{
	base(m);
	last(m)->conv2d.dilation_h = -1;
}

static void b_padding(struct mb *m)
{
	base(m);
	last(m)->conv2d.padding = 2;
}

static void b_activation(struct mb *m)
{
	base(m);
	last(m)->conv2d.activation = OCTET_G_ACT_TANH;
}

static void b_zero_point(struct mb *m)
{
	base(m);
	mb_set_quant(m, 0, 0.05f, 300);
}

static void b_scale(struct mb *m)
{
	base(m);
	mb_set_quant(m, 0, 1e-20f, 0);
}

static void b_nan(struct mb *m)
{
	base(m);
	*(float *)mb_get(m, 2)->scale = __builtin_nanf("");
}

static void b_no_scale(struct mb *m)
{
	base(m);
	mb_get(m, 1)->quants = 0;
}

static void b_weights_zero(struct mb *m)
{
	base(m);
	((int32_t *)mb_get(m, 2)->zero_point)[2] = 1;
}

static void b_weights_axis(struct mb *m)
{
	base(m);
	mb_get(m, 2)->axis = 3;
	mb_get(m, 2)->quants = 3;
}

static void b_weights_type(struct mb *m)
{
	base(m);
	mb_get(m, 2)->type = OCTET_UINT8;
}

static void b_bias_type(struct mb *m)
{
	base(m);
	mb_get(m, 3)->type = OCTET_FLOAT32;
	mb_get(m, 3)->quants = 0;
}

static void b_bias_scale(struct mb *m)
{
	base(m);
	((float *)mb_get(m, 3)->scale)[1] += 0.001f;
}

static void b_bias_count(struct mb *m)
{
	base(m);
	mb_get(m, 3)->dims[0] = 5;
	mb_get(m, 3)->quants = 0;
	fix_output(m);
}

static void b_bias_large(struct mb *m)
{
	base(m);
	((int32_t *)mb_get(m, 3)->data)[0] = INT32_MIN;
}

static void b_groups(struct mb *m)
{
	base(m);
	mb_get(m, 2)->dims[3] = 2;
	fix_output(m);
}

static void b_deep(struct mb *m)
{
	int x = mb_input(m, "x", I8, MB(1, 70000), 0.05f, 127), y;

	y = mb_fc(m, x, &(struct mb_conv){ .name = "f", .cout = 1, .no_bias = true });
	memset((void *)mb_get(m, 2)->data, 0x81, 70000);
	mb_output(m, y);
}

static void b_twice(struct mb *m)
{
	base(m);
	mb_op(m, OCTET_G_RELU, NULL, MB_LIST(0), MB_LIST(1));
}

static void b_order(struct mb *m)
{
	int x = in(m, MB(4)), y = out(m, MB(4)), z = mb_tensor(m, "z", I8, MB(4), 0.05f, 3);

	mb_op(m, OCTET_G_RELU, NULL, MB_LIST(z), MB_LIST(y));
	mb_op(m, OCTET_G_RELU, NULL, MB_LIST(x), MB_LIST(z));
}

static void b_self(struct mb *m)
{
	int x = in(m, MB(4)), y = out(m, MB(4));

	mb_op(m, OCTET_G_ADD, NULL, MB_LIST(x, y), MB_LIST(y));
}

static void b_input_written(struct mb *m)
{
	int x = in(m, MB(4));

	mb_op(m, OCTET_G_RELU, NULL, MB_LIST(x), MB_LIST(x));
	mb_output(m, x);
}

static void b_output(struct mb *m)
{
	base(m);
	out(m, MB(4));
}

static void b_left_out(struct mb *m)
{
	int x = in(m, MB(4)), y = out(m, MB(4));

	mb_op(m, OCTET_G_ADD, NULL, MB_LIST(x, -1), MB_LIST(y));
}

static void b_count(struct mb *m)
{
	int x = in(m, MB(4)), y = out(m, MB(4));

	mb_op(m, OCTET_G_ADD, NULL, MB_LIST(x), MB_LIST(y));
}

static void b_nothing(struct mb *m)
{
	in(m, MB(4));
}

static void b_data_shape(struct mb *m)
{
	int x = in(m, MB(3, 4)), p = mb_input(m, "p", OCTET_INT32, MB(2, 2), 0, 0);

	mb_op(m, OCTET_G_PAD, NULL, MB_LIST(x, p), MB_LIST(out(m, MB(4, 5))));
}

static void b_softmax(struct mb *m)
{
	int x = in(m, MB(3, 4));

	mb_op(m, OCTET_G_SOFTMAX, &(union octet_graph_options){ .softmax = { 1 } }, MB_LIST(x),
	      MB_LIST(out(m, MB(3, 4))));
}

static void b_tanh(struct mb *m)
{
	int y = mb_unary(m, OCTET_G_TANH, in(m, MB(3, 4)), 0, 0);

	mb_output(m, y);
	mb_set_quant(m, y, 1.0f / 128, 1);
}

static void b_concat(struct mb *m)
{
	int x = in(m, MB(3, 4)), y = mb_input(m, "z", I8, MB(3, 4), 0.06f, 3);

	mb_output(m, mb_concat(m, 0, 2, (int[]){ x, y }));
}

static void b_pad(struct mb *m)
{
	int y = mb_pad(m, in(m, MB(3, 4)), (int32_t[]){ 1, 0, 0, 1 });

	mb_output(m, y);
	mb_set_quant(m, y, 0.05f, 4);
}

static void b_elements(struct mb *m)
{
	mb_op(m, OCTET_G_RESHAPE, NULL, MB_LIST(in(m, MB(3, 4))), MB_LIST(out(m, MB(13))));
}

static void b_pool(struct mb *m)
{
	int y = mb_pool(m, OCTET_G_MAX_POOL_2D, in(m, MB(1, 4, 4, 2)), &(struct mb_conv){ .kh = 2 });

	mb_output(m, y);
	mb_set_quant(m, y, 0.04f, 3);
}

static void b_filter(struct mb *m)
{
	mb_output(m, mb_pool(m, OCTET_G_AVERAGE_POOL_2D, in(m, MB(1, 4, 4, 2)),
			     &(struct mb_conv){ .kh = 2 }));
	last(m)->pool.filter_h = 0;
}

static void b_add(struct mb *m)
{
	int x = in(m, MB(4));

	mb_output(m, mb_arith(m, OCTET_G_ADD, x, x, OCTET_G_ACT_NONE, 1e-8f, 0));
}

static void b_types(struct mb *m)
{
	int x = in(m, MB(4)), y = mb_input(m, "f", OCTET_FLOAT32, MB(4), 0, 0);

	mb_op(m, OCTET_G_MUL, NULL, MB_LIST(x, y), MB_LIST(out(m, MB(4))));
}

static void b_int16(struct mb *m)
{
	int x = mb_input(m, "x", OCTET_INT16, MB(4), 0.001f, 5);

	mb_output(m, mb_unary(m, OCTET_G_RELU, x, 0, 0));
}

static void b_extents(struct mb *m)
{
	int x = in(m, MB(4)), y = in(m, MB(3));

	mb_op(m, OCTET_G_MUL, NULL, MB_LIST(x, y), MB_LIST(out(m, MB(4))));
}

static void b_axis(struct mb *m)
{
	int x = in(m, MB(4, 4));

	mb_output(m, mb_concat(m, 1, 2, (int[]){ x, x }));
	last(m)->concat.axis = 2;
}

static void b_perm(struct mb *m)
{
	int x = in(m, MB(4, 4)), p = MB_INTS(m, 1, 1);

	mb_op(m, OCTET_G_TRANSPOSE, NULL, MB_LIST(x, p), MB_LIST(out(m, MB(4, 4))));
}

static void b_corners(struct mb *m)
{
	mb_output(m, mb_resize(m, OCTET_G_RESIZE_BILINEAR, in(m, MB(1, 4, 4, 2)), 8, 8, true,
			       true));
}

static void b_shuffled(struct mb *m)
{
	mb_output(m, mb_fc(m, in(m, MB(1, 8)), &(struct mb_conv){ .cout = 2 }));
	last(m)->fc.weights_format = 1;
}

static void b_multiplier(struct mb *m)
{
	mb_output(m, mb_depthwise(m, in(m, MB(1, 8, 8, 3)), &(struct mb_conv){ .kh = 3 }));
	last(m)->depthwise.multiplier = 2;
}

static void b_beta(struct mb *m)
{
	mb_output(m, mb_softmax(m, in(m, MB(4)), -1));
}

static void b_variable(struct mb *m)
{
	base(m);
	mb_get(m, 2)->variable = true;
}

static void b_bytes(struct mb *m)
{
	base(m);
	mb_get(m, 2)->bytes--;
}

static void b_tconv(struct mb *m)
{
	mb_output(m, mb_tconv2d(m, in(m, MB(1, 4, 4, 2)), &(struct mb_conv){
		.cout = 3, .kh = 3, .stride = 2, .out_h = 11 }));
}

/** struct refusal - an error, and what its sentence must say */
static const struct refusal {
	void (*build)(struct mb *m);
	int error;
	const char *words;
} refusals[] = {
	{ b_stride, -EINVAL, "operator 0 (CONV_2D): stride_w is 0, allowed are 1 to" },
	{ b_dilation, -EINVAL, "operator 0 (CONV_2D): dilation_h_factor is -1" },
	{ b_padding, -EINVAL, "padding is 2, allowed are 0 to 1" },
	{ b_activation, -EINVAL, "fused_activation_function is 4" },
	{ b_zero_point, -EINVAL, "tensor 0 'x': zero point 300 is not in int8's range" },
	{ b_scale, -EINVAL, "tensor 0 'x': scale 0 is 1e-20" },
	{ b_nan, -EINVAL, "tensor 2 'c/w': scale 0 is nan" },
	{ b_no_scale, -EINVAL, "tensor 1 'c': it has 0 scales, but an activation of int8 needs one" },
	{ b_weights_zero, -EINVAL, "tensor 2 'c/w': zero point 2 is 1, but weights of int8 have 0" },
	{ b_weights_axis, -EINVAL, "tensor 2 'c/w': quantized_dimension is 3, but its channels are "
	  "axis 0" },
	{ b_weights_type, -EINVAL, "tensor 2 'c/w': weights of uint8 with an input of int8" },
	{ b_bias_type, -EINVAL, "tensor 3 'c/b': a bias of float32 with an input of int8" },
	{ b_bias_scale, -EINVAL, "tensor 3 'c/b': channel 1: scale " },
	{ b_bias_count, -EINVAL, "tensor 3 'c/b': 5 elements do not fit 4 channels" },
	{ b_bias_large, -EINVAL, "and a bias 2147483648: together above 2^31" },
	{ b_groups, -EINVAL, "tensor 2 'c/w': 2 channels of 3" },
	{ b_deep, -EINVAL, "sums of 70000 products reach 2266950000" },
	{ b_twice, -EINVAL, "operator 1 (RELU): tensor 1 'c': it is written, but has a value" },
	{ b_order, -EINVAL, "operator 0 (RELU): tensor 2 'z': it is read, but" },
	{ b_self, -EINVAL, "operator 0 (ADD): tensor 1 'y': it is read, but" },
	{ b_input_written, -EINVAL, "tensor 0 'x': it is written, but has a value" },
	{ b_output, -EINVAL, "tensor 4 'y': it is an output of the graph, but" },
	{ b_left_out, -EINVAL, "operator 0 (ADD): input 1 is left out" },
	{ b_count, -EINVAL, "the number of inputs is 1, allowed are 2 to 2" },
	{ b_nothing, -EINVAL, "there is nothing to run" },
	{ b_data_shape, -ENOTSUP, "operator 0 (PAD): tensor 1 'p': it is computed" },
	{ b_softmax, -EINVAL, "(SOFTMAX): tensor 1 'y': scale 0.05 and zero point 3, but the "
	  "operator gives 1/256 and -128" },
	{ b_tanh, -EINVAL, "(TANH): tensor 1 'tanh': scale 0.0078125 and zero point 1" },
	{ b_concat, -EINVAL, "tensor 1 'z': scale 0.0599999987 and zero point 3 differ" },
	{ b_pad, -EINVAL, "'pad': scale 0.0500000007 and zero point 4 differ" },
	{ b_elements, -EINVAL, "'y': it has 13 elements, but the input has 12" },
	{ b_pool, -EINVAL, "tensor 1 'pool': scale " },
	{ b_filter, -EINVAL, "the extent of the window is 0" },
	{ b_add, -EINVAL, "(ADD): tensor 1 'add': scale 1e-08 is too small" },
	{ b_types, -EINVAL, "tensor 1 'f': its type is float32, but its operator works on int8" },
	{ b_int16, -EINVAL, "tensor 0 'x': zero point 5: activations of int16 have 0" },
	{ b_extents, -EINVAL, "extents 4 and 3, 0 from the last, do not go together" },
	{ b_axis, -EINVAL, "axis is 2, but the rank is 2" },
	{ b_perm, -EINVAL, "tensor 1 '': axis 1 is there twice" },
	{ b_corners, -EINVAL, "align_corners and half_pixel_centers exclude each other" },
	{ b_shuffled, -ENOTSUP, "weights_format 1 (shuffled) is not supported" },
	{ b_multiplier, -EINVAL, "depth_multiplier is 2, but the weights have 3 channels for 3" },
	{ b_beta, -EINVAL, "beta is -1" },
	{ b_variable, -EINVAL, "tensor 2 'c/w': a variable has contents" },
	{ b_bytes, -EINVAL, "tensor 2 'c/w': 108 elements in 107 bytes do not fit" },
	{ b_tconv, -EINVAL, "(TRANSPOSE_CONV): a result of 11, with stride_h 2" },
};

static void test_refusals(void **state)
{
	char err[ERR];

	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct mb *m = mb_new(1);
		int rc;

		refusals[i].build(m);
		rc = check(m, err);
		if (rc != refusals[i].error || !strstr(err, refusals[i].words))
			fail_msg("%zu (\"%s\"): %d, \"%s\"", i, refusals[i].words, rc, err);
		/* Nobody has to listen. */
		assert_int_equal(octet_graph_check(mb_graph(m), NULL, 0), rc);
		mb_free(m);
	}
}

/* Deep sums pass where the weights are such that they stay small. */
static void test_deep_but_small(void **state)
{
	struct mb *m = mb_new(1);
	char err[ERR];

	(void)state;
	b_deep(m);
	memset((void *)mb_get(m, 2)->data, 1, 70000);
	if (check(m, err))
		fail_msg("%s", err);
	mb_free(m);
}

/* What nobody knows passes, and what comes after it is looked at. */
static void test_unknown(void **state)
{
	struct mb *m = mb_new(1);
	char err[ERR];
	int x = in(m, MB(4)), y = mb_tensor(m, "u", I8, MB(9), 0.05f, 3);

	(void)state;
	mb_custom(m, "Magic", NULL, 0, MB_LIST(x), MB_LIST(y));
	mb_output(m, y);
	if (check(m, err))
		fail_msg("%s", err);
	mb_op(m, OCTET_G_RELU, NULL, MB_LIST(y), MB_LIST(out(m, MB(8))));
	assert_int_equal(check(m, err), -EINVAL);
	assert_non_null(strstr(err, "its shape is [8], but the operator makes [9]"));
	mb_free(m);
}

static void test_names(void **state)
{
	char label[OCTET_GRAPH_LABEL];
	struct mb *m = mb_new(1);
	char name[300];

	(void)state;
	memset(name, 'n', sizeof(name));
	name[299] = 0;
	name[1] = '\033';
	mb_input(m, name, I8, MB(4), 1, 0);
	octet_graph_label(mb_graph(m), 0, label);
	assert_int_equal(strlen(label), strlen("tensor 0 '") + 60 + 4);
	assert_null(strchr(label, '\033'));
	assert_string_equal(octet_graph_label(mb_graph(m), 7, label), "tensor 7");
	assert_string_equal(octet_graph_label(mb_graph(m), -1, label), "tensor -1");
	mb_free(m);
}

UNIT_MAIN(unit_case(test_shapes), unit_case(test_refusals), unit_case(test_deep_but_small),
	  unit_case(test_unknown), unit_case(test_names))
