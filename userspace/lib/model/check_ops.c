// SPDX-License-Identifier: MIT
/* The list of operators and their rules. */

#include <stddef.h>

#include "check.h"

/* LSTM leaves out what its variant lacks; check_shape_lstm() says what it may not. */
#define ANY 0xffffffffu

static const struct check_op ops[] = {
	[OCTET_G_ADD] = { 2, 2, 1, 1, 0, check_shape_broadcast, check_quant_sum },
	[OCTET_G_SUB] = { 2, 2, 1, 1, 0, check_shape_broadcast, check_quant_sum },
	[OCTET_G_MUL] = { 2, 2, 1, 1, 0, check_shape_broadcast, check_quant_rescale },
	[OCTET_G_DIV] = { 2, 2, 1, 1, 0, check_shape_broadcast, check_quant_rescale },
	[OCTET_G_FLOOR_DIV] = { 2, 2, 1, 1, 0, check_shape_broadcast, check_quant_type },
	[OCTET_G_MAXIMUM] = { 2, 2, 1, 1, 0, check_shape_broadcast, check_quant_same },
	[OCTET_G_MINIMUM] = { 2, 2, 1, 1, 0, check_shape_broadcast, check_quant_same },
	[OCTET_G_SQUARED_DIFFERENCE] = { 2, 2, 1, 1, 0, check_shape_broadcast,
					 check_quant_rescale },
	[OCTET_G_LESS] = { 2, 2, 1, 1, 0, check_shape_broadcast, check_quant_compare },
	[OCTET_G_GREATER] = { 2, 2, 1, 1, 0, check_shape_broadcast, check_quant_compare },
	[OCTET_G_EQUAL] = { 2, 2, 1, 1, 0, check_shape_broadcast, check_quant_compare },
	[OCTET_G_PRELU] = { 2, 2, 1, 1, 0, check_shape_prelu, check_quant_rescale },
	[OCTET_G_SELECT] = { 3, 3, 1, 1, 0, check_shape_select, NULL },

	[OCTET_G_RELU] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_rescale },
	[OCTET_G_RELU6] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_rescale },
	[OCTET_G_RELU_N1_TO_1] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_rescale },
	[OCTET_G_RELU_0_TO_1] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_rescale },
	[OCTET_G_LEAKY_RELU] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_rescale },
	[OCTET_G_HARD_SWISH] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_rescale },
	[OCTET_G_ELU] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_rescale },
	[OCTET_G_GELU] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_rescale },
	[OCTET_G_EXP] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_rescale },
	[OCTET_G_RSQRT] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_rescale },
	[OCTET_G_ABS] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_rescale },
	[OCTET_G_NEG] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_type },
	[OCTET_G_SIN] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_type },
	[OCTET_G_LOG] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_rescale },
	[OCTET_G_SQRT] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_type },
	[OCTET_G_SQUARE] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_type },
	[OCTET_G_FLOOR] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_type },
	[OCTET_G_LOGISTIC] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_fixed },
	[OCTET_G_TANH] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_fixed },
	[OCTET_G_SOFTMAX] = { 1, 1, 1, 1, 0, check_shape_softmax, check_quant_fixed },
	[OCTET_G_LOG_SOFTMAX] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_fixed },
	[OCTET_G_L2_NORMALIZATION] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_fixed },
	[OCTET_G_QUANTIZE] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_quantize },
	[OCTET_G_DEQUANTIZE] = { 1, 1, 1, 1, 0, check_shape_same, check_quant_dequantize },
	[OCTET_G_CAST] = { 1, 1, 1, 1, 0, check_shape_same, NULL },

	[OCTET_G_CONV_2D] = { 2, 3, 1, 1, 4, check_shape_conv, check_quant_weights },
	[OCTET_G_DEPTHWISE_CONV_2D] = { 2, 3, 1, 1, 4, check_shape_depthwise,
					check_quant_weights },
	[OCTET_G_TRANSPOSE_CONV] = { 3, 4, 1, 1, 8, check_shape_tconv, check_quant_tconv },
	[OCTET_G_FULLY_CONNECTED] = { 2, 3, 1, 1, 4, check_shape_fc, check_quant_weights },
	[OCTET_G_BATCH_MATMUL] = { 2, 2, 1, 1, 0, check_shape_matmul, check_quant_rescale },
	[OCTET_G_AVERAGE_POOL_2D] = { 1, 1, 1, 1, 0, check_shape_pool, check_quant_same },
	[OCTET_G_MAX_POOL_2D] = { 1, 1, 1, 1, 0, check_shape_pool, check_quant_same },
	[OCTET_G_RESIZE_BILINEAR] = { 2, 2, 1, 1, 0, check_shape_resize, check_quant_same },
	[OCTET_G_RESIZE_NEAREST_NEIGHBOR] = { 2, 2, 1, 1, 0, check_shape_resize,
					      check_quant_same },
	[OCTET_G_SPACE_TO_DEPTH] = { 1, 1, 1, 1, 0, check_shape_to_depth, check_quant_same },
	[OCTET_G_DEPTH_TO_SPACE] = { 1, 1, 1, 1, 0, check_shape_to_space, check_quant_same },
	[OCTET_G_LSTM] = { 5, 24, 1, 4, ANY, check_shape_lstm, NULL },
	[OCTET_G_UNIDIRECTIONAL_SEQUENCE_LSTM] = { 20, 24, 1, 1, ANY, check_shape_sequence, NULL },
	[OCTET_G_SVDF] = { 5, 5, 1, 1, 8, check_shape_svdf, NULL },

	[OCTET_G_MEAN] = { 2, 2, 1, 1, 0, check_shape_reduce, check_quant_rescale },
	[OCTET_G_SUM] = { 2, 2, 1, 1, 0, check_shape_reduce, check_quant_rescale },
	[OCTET_G_REDUCE_MAX] = { 2, 2, 1, 1, 0, check_shape_reduce, check_quant_same },
	[OCTET_G_REDUCE_MIN] = { 2, 2, 1, 1, 0, check_shape_reduce, check_quant_same },
	[OCTET_G_ARG_MAX] = { 2, 2, 1, 1, 0, check_shape_arg, NULL },
	[OCTET_G_ARG_MIN] = { 2, 2, 1, 1, 0, check_shape_arg, NULL },
	[OCTET_G_TOPK_V2] = { 2, 2, 2, 2, 0, check_shape_topk, check_quant_same },

	[OCTET_G_RESHAPE] = { 1, 2, 1, 1, 0, check_shape_reshape, check_quant_same },
	[OCTET_G_SQUEEZE] = { 1, 1, 1, 1, 0, check_shape_squeeze, check_quant_same },
	[OCTET_G_EXPAND_DIMS] = { 2, 2, 1, 1, 0, check_shape_expand, check_quant_same },
	[OCTET_G_TRANSPOSE] = { 2, 2, 1, 1, 0, check_shape_transpose, check_quant_same },
	[OCTET_G_CONCATENATION] = { 1, 1000000, 1, 1, 0, check_shape_concat, check_quant_concat },
	[OCTET_G_PACK] = { 1, 1000000, 1, 1, 0, check_shape_pack, check_quant_concat },
	[OCTET_G_UNPACK] = { 1, 1, 1, 1000000, 0, check_shape_unpack, check_quant_same },
	[OCTET_G_PAD] = { 2, 2, 1, 1, 0, check_shape_pad, check_quant_same },
	[OCTET_G_PADV2] = { 3, 3, 1, 1, 0, check_shape_pad, check_quant_same },
	[OCTET_G_MIRROR_PAD] = { 2, 2, 1, 1, 0, check_shape_pad, check_quant_same },
	[OCTET_G_TILE] = { 2, 2, 1, 1, 0, check_shape_tile, check_quant_same },
	[OCTET_G_BROADCAST_TO] = { 2, 2, 1, 1, 0, check_shape_fill, check_quant_same },
	[OCTET_G_FILL] = { 2, 2, 1, 1, 0, check_shape_fill, NULL },
	[OCTET_G_SHAPE] = { 1, 1, 1, 1, 0, check_shape_shape, NULL },
	[OCTET_G_SPLIT] = { 2, 2, 1, 1000000, 0, check_shape_split, check_quant_same },
	[OCTET_G_SPLIT_V] = { 3, 3, 1, 1000000, 0, check_shape_split_v, check_quant_same },
	[OCTET_G_SLICE] = { 3, 3, 1, 1, 0, check_shape_slice, check_quant_same },
	[OCTET_G_STRIDED_SLICE] = { 4, 4, 1, 1, 0, check_shape_strided, check_quant_same },
	[OCTET_G_GATHER] = { 2, 2, 1, 1, 0, check_shape_gather, check_quant_same },
	[OCTET_G_GATHER_ND] = { 2, 2, 1, 1, 0, check_shape_gather_nd, check_quant_same },
	[OCTET_G_SPACE_TO_BATCH_ND] = { 3, 3, 1, 1, 0, check_shape_space_to_batch,
					check_quant_same },
	[OCTET_G_BATCH_TO_SPACE_ND] = { 3, 3, 1, 1, 0, check_shape_batch_to_space,
					check_quant_same },
};

const struct check_op *check_op_find(uint32_t code)
{
	if (code >= sizeof(ops) / sizeof(ops[0]) || !ops[code].max_outputs)
		return NULL;
	return &ops[code];
}
