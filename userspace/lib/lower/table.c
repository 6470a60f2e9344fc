// SPDX-License-Identifier: MIT
/* Which function lowers which operator. */
#include "lower_priv.h"

static const struct {
	uint32_t code;
	lower_fn *fn;
} table[] = {
	{ OCTET_G_CONV_2D, lower_conv2d },
	{ OCTET_G_DEPTHWISE_CONV_2D, lower_depthwise },
	{ OCTET_G_TRANSPOSE_CONV, lower_tconv },
	{ OCTET_G_FULLY_CONNECTED, lower_fc },
	{ OCTET_G_BATCH_MATMUL, lower_matmul },
	{ OCTET_G_AVERAGE_POOL_2D, lower_pool },
	{ OCTET_G_MAX_POOL_2D, lower_pool },
	{ OCTET_G_MEAN, lower_mean },
	{ OCTET_G_SUM, lower_mean },
	{ OCTET_G_REDUCE_MAX, lower_reduce },
	{ OCTET_G_REDUCE_MIN, lower_reduce },
	{ OCTET_G_ARG_MAX, lower_arg },
	{ OCTET_G_ARG_MIN, lower_arg },
	{ OCTET_G_ADD, lower_ew },
	{ OCTET_G_SUB, lower_ew },
	{ OCTET_G_MUL, lower_ew },
	{ OCTET_G_MAXIMUM, lower_ew },
	{ OCTET_G_MINIMUM, lower_ew },
	{ OCTET_G_SQUARED_DIFFERENCE, lower_ew },
	{ OCTET_G_LOGISTIC, lower_unary },
	{ OCTET_G_TANH, lower_unary },
	{ OCTET_G_HARD_SWISH, lower_unary },
	{ OCTET_G_RELU, lower_unary },
	{ OCTET_G_RELU6, lower_unary },
	{ OCTET_G_RELU_N1_TO_1, lower_unary },
	{ OCTET_G_RELU_0_TO_1, lower_unary },
	{ OCTET_G_LEAKY_RELU, lower_unary },
	{ OCTET_G_PRELU, lower_unary },
	{ OCTET_G_ELU, lower_unary },
	{ OCTET_G_GELU, lower_unary },
	{ OCTET_G_EXP, lower_unary },
	{ OCTET_G_LOG, lower_unary },
	{ OCTET_G_ABS, lower_unary },
	{ OCTET_G_NEG, lower_unary },
	{ OCTET_G_SQUARE, lower_unary },
	{ OCTET_G_SQRT, lower_unary },
	{ OCTET_G_RSQRT, lower_unary },
	{ OCTET_G_SIN, lower_unary },
	{ OCTET_G_QUANTIZE, lower_unary },
	{ OCTET_G_SOFTMAX, lower_softmax },
	{ OCTET_G_RESIZE_BILINEAR, lower_resize },
	{ OCTET_G_RESIZE_NEAREST_NEIGHBOR, lower_resize },
	{ OCTET_G_RESHAPE, lower_reshape },
	{ OCTET_G_SQUEEZE, lower_reshape },
	{ OCTET_G_EXPAND_DIMS, lower_reshape },
	{ OCTET_G_CONCATENATION, lower_concat },
	{ OCTET_G_SPLIT, lower_split },
	{ OCTET_G_SPLIT_V, lower_split },
	{ OCTET_G_SLICE, lower_slice },
	{ OCTET_G_STRIDED_SLICE, lower_slice },
	{ OCTET_G_PAD, lower_pad },
	{ OCTET_G_PADV2, lower_pad },
	{ OCTET_G_TRANSPOSE, lower_transpose },
	{ OCTET_G_PACK, lower_pack },
	{ OCTET_G_UNPACK, lower_pack },
	{ OCTET_G_SPACE_TO_BATCH_ND, lower_space_batch },
	{ OCTET_G_BATCH_TO_SPACE_ND, lower_space_batch },
	{ OCTET_G_SPACE_TO_DEPTH, lower_space_depth },
	{ OCTET_G_DEPTH_TO_SPACE, lower_space_depth },
	{ OCTET_G_TILE, lower_tile },
	{ OCTET_G_BROADCAST_TO, lower_tile },
};

lower_fn *lower_find(uint32_t code)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].code == code)
			return table[i].fn;
	return NULL;
}
