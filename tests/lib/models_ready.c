// SPDX-License-Identifier: MIT
/* Networks that are ready: small ones of the kinds that people have. */

#include "models.h"

#define RELU	OCTET_G_ACT_RELU
#define RELU6	OCTET_G_ACT_RELU6

static void conv_net(struct mb *m, enum octet_dtype type, float scale, int32_t zero)
{
	int x = mb_input(m, "image", type, MB(1, 12, 12, 3), scale, zero);

	x = mb_conv2d(m, x, &(struct mb_conv){ .name = "c1", .cout = 8, .kh = 3, .act = RELU });
	x = mb_pool(m, OCTET_G_MAX_POOL_2D, x, &(struct mb_conv){ .kh = 2, .stride = 2 });
	x = mb_conv2d(m, x, &(struct mb_conv){ .name = "c2", .cout = 16, .kh = 3, .stride = 2,
					       .padding = OCTET_G_VALID, .act = RELU });
	x = mb_reshape(m, x, MB(1, 64));
	x = mb_fc(m, x, &(struct mb_conv){ .name = "fc", .cout = 10 });
	mb_output(m, mb_softmax(m, x, 1));
}

static void cnn_int8(struct mb *m)
{
	conv_net(m, OCTET_INT8, 0.02f, -3);
}

static void cnn_uint8(struct mb *m)
{
	conv_net(m, OCTET_UINT8, 0.02f, 127);
}

static void cnn_int16(struct mb *m)
{
	conv_net(m, OCTET_INT16, 0.0001f, 0);
}

static void cnn_float(struct mb *m)
{
	conv_net(m, OCTET_FLOAT32, 0, 0);
}

/* MobileNet: depthwise, pointwise, residual, mean. */
static void mobile(struct mb *m)
{
	int x = mb_input(m, "image", OCTET_INT8, MB(1, 16, 16, 3), 0.0078f, -1), y;

	x = mb_conv2d(m, x, &(struct mb_conv){ .name = "stem", .cout = 8, .kh = 3, .stride = 2,
					       .act = RELU6 });
	y = mb_conv2d(m, x, &(struct mb_conv){ .name = "expand", .cout = 24, .act = RELU6 });
	y = mb_depthwise(m, y, &(struct mb_conv){ .name = "dw", .kh = 3, .act = RELU6 });
	y = mb_conv2d(m, y, &(struct mb_conv){ .name = "project", .cout = 8 });
	x = mb_arith(m, OCTET_G_ADD, x, y, OCTET_G_ACT_NONE, 0, 4);
	x = mb_depthwise(m, x, &(struct mb_conv){ .name = "dw2", .cout = 16, .kh = 5, .kw = 3,
						  .dilation = 2 });
	x = mb_reduce(m, OCTET_G_MEAN, x, 2, (int32_t[]){ 1, 2 }, false, 0.01f, 2);
	x = mb_fc(m, x, &(struct mb_conv){ .name = "classes", .cout = 5, .per_channel = true });
	mb_output(m, mb_softmax(m, x, 1));
}

/* An autoencoder with float ends. */
static void autoencoder(struct mb *m)
{
	int x = mb_input(m, "features", OCTET_FLOAT32, MB(2, 40), 0, 0);

	x = mb_requant(m, x, OCTET_INT8, 0.03f, 5);
	x = mb_fc(m, x, &(struct mb_conv){ .name = "e1", .cout = 16, .act = RELU });
	x = mb_fc(m, x, &(struct mb_conv){ .name = "e2", .cout = 4, .act = RELU, .wzero = 3 });
	x = mb_fc(m, x, &(struct mb_conv){ .name = "d1", .cout = 16, .no_bias = true });
	x = mb_unary(m, OCTET_G_TANH, x, 0, 0);
	x = mb_fc(m, x, &(struct mb_conv){ .name = "d2", .cout = 40 });
	mb_output(m, mb_requant(m, x, OCTET_FLOAT32, 0, 0));
}

/* U-Net: down, up, concatenation, resizing. */
static void unet(struct mb *m)
{
	int x = mb_input(m, "image", OCTET_INT8, MB(1, 8, 8, 4), 0.0235f, 2), d, u;

	d = mb_conv2d(m, x, &(struct mb_conv){ .name = "down", .cout = 8, .kh = 3, .stride = 2,
					       .scale = 0.0235f, .zero_point = 2 });
	u = mb_tconv2d(m, d, &(struct mb_conv){ .name = "up", .cout = 4, .kh = 3, .stride = 2,
						.scale = 0.0235f, .zero_point = 2 });
	x = mb_concat(m, 3, 2, (int[]){ x, u });
	d = mb_resize(m, OCTET_G_RESIZE_BILINEAR, d, 8, 8, false, true);
	x = mb_concat(m, -1, 2, (int[]){ x, d });
	x = mb_unary(m, OCTET_G_LEAKY_RELU, x, 0.02f, -4);
	x = mb_conv2d(m, x, &(struct mb_conv){ .name = "grouped", .cout = 8, .kh = 3, .groups = 2 });
	x = mb_resize(m, OCTET_G_RESIZE_NEAREST_NEIGHBOR, x, 16, 16, false, false);
	mb_output(m, mb_unary(m, OCTET_G_LOGISTIC, x, 0, 0));
}

/* Attention: products of activations, transposes, softmax over rows. */
static void attention(struct mb *m)
{
	int x = mb_input(m, "tokens", OCTET_INT8, MB(1, 6, 16), 0.02f, 0), q, k, v, y;

	q = mb_fc(m, x, &(struct mb_conv){ .name = "q", .cout = 16, .keep_num_dims = true });
	k = mb_fc(m, x, &(struct mb_conv){ .name = "k", .cout = 16, .keep_num_dims = true });
	v = mb_fc(m, x, &(struct mb_conv){ .name = "v", .cout = 16, .keep_num_dims = true });
	q = mb_transpose(m, mb_reshape(m, q, MB(1, 6, 2, 8)), (int32_t[]){ 0, 2, 1, 3 });
	k = mb_transpose(m, mb_reshape(m, k, MB(1, 6, 2, 8)), (int32_t[]){ 0, 2, 1, 3 });
	v = mb_transpose(m, mb_reshape(m, v, MB(1, 6, 2, 8)), (int32_t[]){ 0, 2, 1, 3 });
	y = mb_softmax(m, mb_matmul(m, q, k, false, true, 0, 1), 1);
	y = mb_matmul(m, y, v, false, false, 0, -2);
	y = mb_reshape(m, mb_transpose(m, y, (int32_t[]){ 0, 2, 1, 3 }), MB(1, 6, 16));
	y = mb_arith(m, OCTET_G_ADD, x, y, OCTET_G_ACT_NONE, 0, 0);
	y = mb_fc(m, y, &(struct mb_conv){ .name = "f1", .cout = 32, .keep_num_dims = true });
	y = mb_unary(m, OCTET_G_GELU, y, 0.02f, -100);
	mb_output(m, mb_fc(m, y, &(struct mb_conv){ .name = "f2", .cout = 16,
						    .keep_num_dims = true }));
}

/* Whatever moves data. */
static void mover(struct mb *m)
{
	int x = mb_input(m, "x", OCTET_INT8, MB(2, 6, 4, 8), 0.05f, 7), y[2];

	x = mb_pad(m, x, (int32_t[]){ 0, 0, 1, 2, 3, 0, 0, 0 });
	mb_split(m, 3, x, 2, y);
	y[0] = mb_slice(m, y[0], (int32_t[]){ 0, 0, 1, 0 }, (int32_t[]){ 2, 8, 6, 4 },
			(int32_t[]){ 1, 2, 2, 1 });
	y[1] = mb_slice(m, y[1], (int32_t[]){ 0, 1, 0, 0 }, (int32_t[]){ 2, 5, 3, 4 },
			(int32_t[]){ 1, 1, 1, 1 });
	x = mb_concat(m, 0, 2, y);
	x = mb_arith(m, OCTET_G_MAXIMUM, x, mb_const(m, "floor", OCTET_INT8, MB(1), 0.05f, 7,
						      &(int8_t){ 3 }), 0, 0, 0);
	mb_output(m, mb_transpose(m, x, (int32_t[]){ 0, 3, 1, 2 }));
	mb_output(m, mb_reduce(m, OCTET_G_REDUCE_MAX, x, 1, (int32_t[]){ 3 }, true, 0, 0));
}

/* Weights of four bits, and an operator that nobody knows. */
static void int4_custom(struct mb *m)
{
	int x = mb_input(m, "x", OCTET_INT8, MB(1, 5, 5, 3), 0.02f, -3), y;

	x = mb_conv2d(m, x, &(struct mb_conv){ .name = "c", .cout = 5, .kh = 3,
					       .wtype = OCTET_INT4 });
	y = mb_tensor(m, "boxes", OCTET_FLOAT32, MB(1, 4), 0, 0);
	mb_custom(m, "TFLite_Detection_PostProcess", "\1\2\3", 3, MB_LIST(x), MB_LIST(y));
	mb_output(m, x);
	mb_output(m, y);
}

const struct mb_sample mb_samples[] = {
	{ "cnn_int8", cnn_int8 },
	{ "cnn_uint8", cnn_uint8 },
	{ "cnn_int16", cnn_int16 },
	{ "cnn_float", cnn_float },
	{ "mobile", mobile },
	{ "autoencoder", autoencoder },
	{ "unet", unet },
	{ "attention", attention },
	{ "mover", mover },
	{ "int4_custom", int4_custom },
	{ NULL, NULL },
};
