// SPDX-License-Identifier: MIT
/*
 * One operator each, of those that few networks have, with the shape that
 * TFLite gives its result. Nothing here is inferred: the shapes are worked out by
 * hand, so that they can judge who infers them.
 */
#include <string.h>

#include "models_priv.h"

#define I8 OCTET_INT8

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

static int ints(struct mb *m, struct mb_shape shape, const int32_t *values)
{
	return mb_const(m, "k", OCTET_INT32, shape, 0, 0, values);
}

/* Weights, or a state, without a thought about their values. */
static int weights(struct mb *m, enum octet_dtype type, struct mb_shape shape)
{
	return mb_const(m, "w", type, shape, type == OCTET_FLOAT32 ? 0 : 0.01f, 0, NULL);
}

static int variable(struct mb *m, enum octet_dtype type, struct mb_shape shape)
{
	int s = mb_tensor(m, "state", type, shape, type == OCTET_FLOAT32 ? 0 : 0.01f, 0);

	mb_get(m, s)->variable = true;
	return s;
}

static void s_strided_masks(struct mb *m)
{
	union octet_graph_options o = { .slice = {
		.begin_mask = 1, .end_mask = 2, .shrink_axis_mask = 4 } };
	int x = in(m, MB(4, 6, 8, 5)), b = MB_INTS(m, 2, 1, 3), e = MB_INTS(m, 3, 0, 4);
	int s = MB_INTS(m, 1, 2, 1);

	mb_op(m, OCTET_G_STRIDED_SLICE, &o, MB_LIST(x, b, e, s), MB_LIST(out(m, MB(3, 3, 5))));
}

static void s_strided_ellipsis(struct mb *m)
{
	union octet_graph_options o = { .slice = { .ellipsis_mask = 1, .new_axis_mask = 4 } };
	int x = in(m, MB(4, 6, 8)), b = MB_INTS(m, 0, -3, 0), e = MB_INTS(m, 0, -1, 0);
	int s = MB_INTS(m, 1, 1, 1);

	mb_op(m, OCTET_G_STRIDED_SLICE, &o, MB_LIST(x, b, e, s),
	      MB_LIST(out(m, MB(4, 6, 2, 1))));
}

static void s_strided_backwards(struct mb *m)
{
	union octet_graph_options o = { .slice = { .end_mask = 1 } };
	int x = in(m, MB(7)), b = MB_INTS(m, -1), e = MB_INTS(m, 0), s = MB_INTS(m, -2);

	mb_op(m, OCTET_G_STRIDED_SLICE, &o, MB_LIST(x, b, e, s), MB_LIST(out(m, MB(4))));
}

static void s_slice(struct mb *m)
{
	int x = in(m, MB(4, 6)), b = MB_INTS(m, 1, 2), s = MB_INTS(m, 2, -1);

	mb_op(m, OCTET_G_SLICE, NULL, MB_LIST(x, b, s), MB_LIST(out(m, MB(2, 4))));
}

static void s_gather(struct mb *m)
{
	union octet_graph_options o = { .gather = { .axis = 1 } };
	int x = in(m, MB(3, 6, 4)), k = ints(m, MB(2, 5), NULL);

	mb_op(m, OCTET_G_GATHER, &o, MB_LIST(x, k), MB_LIST(out(m, MB(3, 2, 5, 4))));
}

static void s_gather_nd(struct mb *m)
{
	int x = in(m, MB(3, 6, 4)), k = ints(m, MB(7, 2), NULL);

	mb_op(m, OCTET_G_GATHER_ND, NULL, MB_LIST(x, k), MB_LIST(out(m, MB(7, 4))));
}

static void s_tile(struct mb *m)
{
	int x = in(m, MB(3, 4)), k = MB_INTS(m, 2, 1);

	mb_op(m, OCTET_G_TILE, NULL, MB_LIST(x, k), MB_LIST(out(m, MB(6, 4))));
}

static void s_broadcast_to(struct mb *m)
{
	int x = in(m, MB(1, 4)), k = MB_INTS(m, 5, 4);

	mb_op(m, OCTET_G_BROADCAST_TO, NULL, MB_LIST(x, k), MB_LIST(out(m, MB(5, 4))));
}

static void s_pack(struct mb *m)
{
	union octet_graph_options o = { .pack = { .count = 2, .axis = -1 } };
	int x = in(m, MB(3, 4));

	mb_op(m, OCTET_G_PACK, &o, MB_LIST(x, x), MB_LIST(out(m, MB(3, 4, 2))));
}

static void s_unpack(struct mb *m)
{
	union octet_graph_options o = { .pack = { .count = 2, .axis = 1 } };
	int x = in(m, MB(3, 2)), y = out(m, MB(3)), z = out(m, MB(3));

	mb_op(m, OCTET_G_UNPACK, &o, MB_LIST(x), MB_LIST(y, z));
}

static void s_split_v(struct mb *m)
{
	union octet_graph_options o = { .split = { .count = 2 } };
	int x = in(m, MB(3, 7)), s = MB_INTS(m, 2, -1), a = ints(m, MB(), (int32_t[]){ 1 });
	int y = out(m, MB(3, 2)), z = out(m, MB(3, 5));

	mb_op(m, OCTET_G_SPLIT_V, &o, MB_LIST(x, s, a), MB_LIST(y, z));
}

static void s_space_to_batch(struct mb *m)
{
	int x = in(m, MB(1, 5, 4, 2)), b = MB_INTS(m, 2, 2);
	int p = ints(m, MB(2, 2), (int32_t[]){ 0, 1, 0, 0 });

	mb_op(m, OCTET_G_SPACE_TO_BATCH_ND, NULL, MB_LIST(x, b, p),
	      MB_LIST(out(m, MB(4, 3, 2, 2))));
}

static void s_batch_to_space(struct mb *m)
{
	int x = in(m, MB(4, 3, 2, 2)), b = MB_INTS(m, 2, 2);
	int p = ints(m, MB(2, 2), (int32_t[]){ 0, 1, 0, 0 });

	mb_op(m, OCTET_G_BATCH_TO_SPACE_ND, NULL, MB_LIST(x, b, p),
	      MB_LIST(out(m, MB(1, 5, 4, 2))));
}

static void s_space_to_depth(struct mb *m)
{
	union octet_graph_options o = { .block = { .block_size = 2 } };

	mb_op(m, OCTET_G_SPACE_TO_DEPTH, &o, MB_LIST(in(m, MB(1, 4, 6, 3))),
	      MB_LIST(out(m, MB(1, 2, 3, 12))));
}

static void s_depth_to_space(struct mb *m)
{
	union octet_graph_options o = { .block = { .block_size = 2 } };

	mb_op(m, OCTET_G_DEPTH_TO_SPACE, &o, MB_LIST(in(m, MB(1, 2, 3, 12))),
	      MB_LIST(out(m, MB(1, 4, 6, 3))));
}

static void s_mirror_pad(struct mb *m)
{
	int x = in(m, MB(3, 4)), p = ints(m, MB(2, 2), (int32_t[]){ 2, 1, 0, 3 });

	mb_op(m, OCTET_G_MIRROR_PAD, NULL, MB_LIST(x, p), MB_LIST(out(m, MB(6, 7))));
}

static void s_squeeze(struct mb *m)
{
	mb_op(m, OCTET_G_SQUEEZE, NULL, MB_LIST(in(m, MB(1, 3, 1, 4))),
	      MB_LIST(out(m, MB(3, 1, 4))));
}

static void s_expand(struct mb *m)
{
	int x = in(m, MB(3, 4)), a = ints(m, MB(), (int32_t[]){ -1 });

	mb_op(m, OCTET_G_EXPAND_DIMS, NULL, MB_LIST(x, a), MB_LIST(out(m, MB(3, 4, 1))));
}

static void s_arg_max(struct mb *m)
{
	int x = in(m, MB(3, 4)), a = ints(m, MB(), (int32_t[]){ -1 });
	int y = mb_tensor(m, "y", OCTET_INT64, MB(3), 0, 0);

	mb_output(m, y);
	mb_op(m, OCTET_G_ARG_MAX, NULL, MB_LIST(x, a), MB_LIST(y));
}

static void s_topk(struct mb *m)
{
	int x = in(m, MB(3, 9)), k = ints(m, MB(), (int32_t[]){ 4 }), y = out(m, MB(3, 4));
	int i = mb_tensor(m, "i", OCTET_INT32, MB(3, 4), 0, 0);

	mb_op(m, OCTET_G_TOPK_V2, NULL, MB_LIST(x, k), MB_LIST(y, i));
}

static void s_broadcast(struct mb *m)
{
	int x = in(m, MB(2, 1, 4)), y = in(m, MB(5, 1));

	mb_op(m, OCTET_G_MUL, NULL, MB_LIST(x, y), MB_LIST(out(m, MB(2, 5, 4))));
}

static void s_matmul(struct mb *m)
{
	union octet_graph_options o = { .matmul = { .adj_x = 1 } };
	int x = in(m, MB(2, 1, 8, 3)), y = in(m, MB(5, 8, 4));

	mb_op(m, OCTET_G_BATCH_MATMUL, &o, MB_LIST(x, y), MB_LIST(out(m, MB(2, 5, 3, 4))));
}

static void s_valid_conv(struct mb *m)
{
	int x = in(m, MB(1, 11, 9, 4));

	mb_output(m, mb_conv2d(m, x, &(struct mb_conv){ .cout = 3, .kh = 3, .kw = 2, .stride = 2,
							.dilation = 2, .padding = OCTET_G_VALID }));
	/* (11 - 5) / 2 + 1, (9 - 3) / 2 + 1 */
	memcpy(mb_get(m, m->outputs[0])->dims, (uint32_t[]){ 1, 4, 4, 3 }, 16);
}

static void s_tconv(struct mb *m)
{
	int x = in(m, MB(1, 4, 4, 2));

	mb_output(m, mb_tconv2d(m, x, &(struct mb_conv){ .cout = 3, .kh = 3, .stride = 2,
							 .padding = OCTET_G_VALID }));
}

static void s_fc_rank(struct mb *m)
{
	mb_output(m, mb_fc(m, in(m, MB(2, 3, 8)), &(struct mb_conv){ .cout = 5 }));
}

static void s_reduce_all(struct mb *m)
{
	mb_output(m, mb_reduce(m, OCTET_G_SUM, in(m, MB(2, 3)), 2, (int32_t[]){ 0, -1 }, true,
			       0.1f, 0));
}

static void s_split(struct mb *m)
{
	int y[3];

	mb_split(m, 1, in(m, MB(2, 9)), 3, y);
	mb_output(m, y[2]);
}

static void s_svdf(struct mb *m)
{
	union octet_graph_options o = { .svdf = { .rank = 2 } };
	int x = in(m, MB(1, 5)), f = mb_const(m, "f", I8, MB(8, 5), 0.1f, 0, NULL);
	int t = mb_const(m, "t", OCTET_INT16, MB(8, 10), 0.1f, 0, NULL);
	int s = variable(m, OCTET_INT16, MB(1, 80));

	mb_op(m, OCTET_G_SVDF, &o, MB_LIST(x, f, t, -1, s), MB_LIST(out(m, MB(1, 4))));
}

static void s_shape(struct mb *m)
{
	int x = in(m, MB(2, 3)), y = mb_tensor(m, "s", OCTET_INT32, MB(2), 0, 0);

	mb_op(m, OCTET_G_SHAPE, NULL, MB_LIST(x), MB_LIST(y));
	mb_output(m, y);
}

static void s_pad_value(struct mb *m)
{
	int x = in(m, MB(3, 4)), p = ints(m, MB(2, 2), (int32_t[]){ 1, 0, 0, 2 });
	int v = mb_const(m, "v", I8, MB(), 0.05f, 3, &(int8_t){ -9 });

	mb_op(m, OCTET_G_PADV2, NULL, MB_LIST(x, p, v), MB_LIST(out(m, MB(4, 6))));
}

static void s_prelu(struct mb *m)
{
	int x = in(m, MB(1, 3, 4, 5)), a = weights(m, I8, MB(1, 1, 5));

	mb_op(m, OCTET_G_PRELU, NULL, MB_LIST(x, a), MB_LIST(out(m, MB(1, 3, 4, 5))));
}

static void s_select(struct mb *m)
{
	int x = in(m, MB(3, 4)), z = in(m, MB(3, 4));
	int c = mb_tensor(m, "c", OCTET_BOOL, MB(3, 4), 0, 0), y = out(m, MB(3, 4));

	mb_op(m, OCTET_G_SELECT, NULL, MB_LIST(c, x, z), MB_LIST(y));
	mb_op(m, OCTET_G_GREATER, NULL, MB_LIST(x, z), MB_LIST(c));
	/* The condition comes first. */
	struct octet_graph_op first = m->ops[0];

	m->ops[0] = m->ops[1];
	m->ops[1] = first;
	mb_get(m, c)->producer = 0;
	mb_get(m, y)->producer = 1;
}

static void s_fill(struct mb *m)
{
	int k = MB_INTS(m, 2, 3), v = mb_input(m, "v", I8, MB(), 0.05f, 3);

	mb_op(m, OCTET_G_FILL, NULL, MB_LIST(k, v), MB_LIST(out(m, MB(2, 3))));
}

static void s_lstm_basic(struct mb *m)
{
	union octet_graph_options o = { .lstm = { .activation = OCTET_G_ACT_TANH,
						  .kernel_type = 1 } };
	enum octet_dtype f = OCTET_FLOAT32;
	int x = mb_input(m, "x", f, MB(2, 5), 0, 0), h = mb_input(m, "h", f, MB(2, 3), 0, 0);
	int w = weights(m, f, MB(12, 8)), b = weights(m, f, MB(12));
	int c = mb_input(m, "c", f, MB(2, 3), 0, 0), y = mb_tensor(m, "y", f, MB(2, 3), 0, 0);
	int d = mb_tensor(m, "d", f, MB(2, 3), 0, 0), t = mb_tensor(m, "t", f, MB(2, 8), 0, 0);
	int u = mb_tensor(m, "u", f, MB(2, 12), 0, 0);

	mb_op(m, OCTET_G_LSTM, &o, MB_LIST(x, h, w, b, c), MB_LIST(y, d, t, u));
	mb_output(m, y);
}

/* Five inputs, four cells, three outputs by way of a projection. */
static void full_lstm(struct mb *m, uint32_t code, struct mb_shape shape)
{
	union octet_graph_options o = { .lstm = { .activation = OCTET_G_ACT_TANH,
						  .cell_clip = 10 } };
	enum octet_dtype f = OCTET_FLOAT32;
	int in5[4], in3[4], b[4], inputs[20];
	int x = mb_input(m, "x", f, shape, 0, 0), y;

	for (int i = 0; i < 4; i++) {
		in5[i] = weights(m, f, MB(4, 5));
		in3[i] = weights(m, f, MB(4, 3));
		b[i] = weights(m, f, MB(4));
	}
	inputs[0] = x;
	for (int i = 0; i < 4; i++) {
		inputs[1 + i] = in5[i];
		inputs[5 + i] = in3[i];
		inputs[9 + i] = i < 3 ? -1 : b[0];
		inputs[12 + i] = b[i];
	}
	inputs[16] = weights(m, f, MB(3, 4));
	inputs[17] = -1;
	inputs[18] = variable(m, f, MB(2, 3));
	inputs[19] = variable(m, f, MB(2, 4));
	shape.dims[shape.rank - 1] = 3;
	y = mb_tensor(m, "y", f, shape, 0, 0);
	mb_op(m, code, &o, 20, inputs, 1, &y);
	mb_output(m, y);
}

static void s_lstm(struct mb *m)
{
	full_lstm(m, OCTET_G_LSTM, MB(2, 5));
}

static void s_sequence(struct mb *m)
{
	full_lstm(m, OCTET_G_UNIDIRECTIONAL_SEQUENCE_LSTM, MB(2, 7, 5));
}

/* Its shape is computed: of a shape, which a file knows all the same. */
static void s_reshape(struct mb *m)
{
	int x = in(m, MB(3, 4)), z = in(m, MB(6, 2)), k = mb_tensor(m, "k", OCTET_INT32, MB(2), 0, 0);

	mb_op(m, OCTET_G_RESHAPE, NULL, MB_LIST(x, MB_INTS(m, -1, 2)), MB_LIST(out(m, MB(6, 2))));
	mb_op(m, OCTET_G_SHAPE, NULL, MB_LIST(z), MB_LIST(k));
	mb_op(m, OCTET_G_RESHAPE, NULL, MB_LIST(x, k), MB_LIST(out(m, MB(6, 2))));
}

const struct mb_sample mb_odd[] = {
	{ "strided_masks", s_strided_masks },
	{ "strided_ellipsis", s_strided_ellipsis },
	{ "strided_backwards", s_strided_backwards },
	{ "slice", s_slice },
	{ "gather", s_gather },
	{ "gather_nd", s_gather_nd },
	{ "tile", s_tile },
	{ "broadcast_to", s_broadcast_to },
	{ "pack", s_pack },
	{ "unpack", s_unpack },
	{ "split_v", s_split_v },
	{ "space_to_batch", s_space_to_batch },
	{ "batch_to_space", s_batch_to_space },
	{ "space_to_depth", s_space_to_depth },
	{ "depth_to_space", s_depth_to_space },
	{ "mirror_pad", s_mirror_pad },
	{ "squeeze", s_squeeze },
	{ "expand", s_expand },
	{ "arg_max", s_arg_max },
	{ "topk", s_topk },
	{ "broadcast", s_broadcast },
	{ "matmul", s_matmul },
	{ "valid_conv", s_valid_conv },
	{ "tconv", s_tconv },
	{ "fc_rank", s_fc_rank },
	{ "reduce_all", s_reduce_all },
	{ "split", s_split },
	{ "svdf", s_svdf },
	{ "shape", s_shape },
	{ "pad_value", s_pad_value },
	{ "prelu", s_prelu },
	{ "select", s_select },
	{ "fill", s_fill },
	{ "lstm_basic", s_lstm_basic },
	{ "lstm", s_lstm },
	{ "sequence", s_sequence },
	{ "reshape", s_reshape },
	{ NULL, NULL },
};
