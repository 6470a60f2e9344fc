/* SPDX-License-Identifier: MIT */
/*
 * A network as the library sees it: tensors, and operators in the order in
 * which they run. A reader (tflite/) makes it, the checks (model/) look at
 * it, lowering (lower/) turns it into commands. It knows no machine.
 *
 * Everything a graph points to lives as long as the graph; strings and
 * constant data may lie in the caller's read-only mapping of the file.
 */
#ifndef OCTET_GRAPH_H
#define OCTET_GRAPH_H

#include "../public.h"

#define OCTET_GRAPH_RANK 8

/**
 * struct octet_graph_tensor
 *
 * @name: "" if the file has none; for people, not unique
 * @dims: row-major, [rank], each at least 1; rank 0 is a scalar. Only a tensor
 *	that no operator reads or writes (an intermediate) may have 0 there
 * @elements: product of @dims
 * @bytes: what the elements take; INT4: two per byte, low nibble first,
 *	(elements + 1) / 2
 * @data: constant contents, @bytes of them, aligned to the element; NULL:
 *	computed, or an input of the graph
 * @variable: state that survives from run to run, zero points at first
 * @quants: 0: not quantized; 1: per tensor; dims[axis]: per channel
 * @scale: [quants]
 * @zero_point: [quants], always filled in
 * @producer: operator that writes it; -1: none
 */
struct octet_graph_tensor {
	const char *name;
	enum octet_dtype type;
	uint32_t rank;
	uint32_t dims[OCTET_GRAPH_RANK];
	uint64_t elements, bytes;
	const void *data;
	bool variable;
	uint32_t quants, axis;
	const float *scale;
	const int32_t *zero_point;
	int32_t producer;
};

/** TFLite's numbers of its operators, those that any part of the library names. */
enum octet_graph_code {
	OCTET_G_ADD = 0,
	OCTET_G_AVERAGE_POOL_2D = 1,
	OCTET_G_CONCATENATION = 2,
	OCTET_G_CONV_2D = 3,
	OCTET_G_DEPTHWISE_CONV_2D = 4,
	OCTET_G_DEPTH_TO_SPACE = 5,
	OCTET_G_DEQUANTIZE = 6,
	OCTET_G_FLOOR = 8,
	OCTET_G_FULLY_CONNECTED = 9,
	OCTET_G_L2_NORMALIZATION = 11,
	OCTET_G_LOGISTIC = 14,
	OCTET_G_LSTM = 16,
	OCTET_G_MAX_POOL_2D = 17,
	OCTET_G_MUL = 18,
	OCTET_G_RELU = 19,
	OCTET_G_RELU_N1_TO_1 = 20,
	OCTET_G_RELU6 = 21,
	OCTET_G_RESHAPE = 22,
	OCTET_G_RESIZE_BILINEAR = 23,
	OCTET_G_SOFTMAX = 25,
	OCTET_G_SPACE_TO_DEPTH = 26,
	OCTET_G_SVDF = 27,
	OCTET_G_TANH = 28,
	OCTET_G_CUSTOM = 32,
	OCTET_G_PAD = 34,
	OCTET_G_GATHER = 36,
	OCTET_G_BATCH_TO_SPACE_ND = 37,
	OCTET_G_SPACE_TO_BATCH_ND = 38,
	OCTET_G_TRANSPOSE = 39,
	OCTET_G_MEAN = 40,
	OCTET_G_SUB = 41,
	OCTET_G_DIV = 42,
	OCTET_G_SQUEEZE = 43,
	OCTET_G_UNIDIRECTIONAL_SEQUENCE_LSTM = 44,
	OCTET_G_STRIDED_SLICE = 45,
	OCTET_G_EXP = 47,
	OCTET_G_TOPK_V2 = 48,
	OCTET_G_SPLIT = 49,
	OCTET_G_LOG_SOFTMAX = 50,
	OCTET_G_CAST = 53,
	OCTET_G_PRELU = 54,
	OCTET_G_MAXIMUM = 55,
	OCTET_G_ARG_MAX = 56,
	OCTET_G_MINIMUM = 57,
	OCTET_G_LESS = 58,
	OCTET_G_NEG = 59,
	OCTET_G_PADV2 = 60,
	OCTET_G_GREATER = 61,
	OCTET_G_GREATER_EQUAL = 62,
	OCTET_G_LESS_EQUAL = 63,
	OCTET_G_SELECT = 64,
	OCTET_G_SLICE = 65,
	OCTET_G_SIN = 66,
	OCTET_G_TRANSPOSE_CONV = 67,
	OCTET_G_TILE = 69,
	OCTET_G_EXPAND_DIMS = 70,
	OCTET_G_EQUAL = 71,
	OCTET_G_NOT_EQUAL = 72,
	OCTET_G_LOG = 73,
	OCTET_G_SUM = 74,
	OCTET_G_SQRT = 75,
	OCTET_G_RSQRT = 76,
	OCTET_G_SHAPE = 77,
	OCTET_G_ARG_MIN = 79,
	OCTET_G_REDUCE_MAX = 82,
	OCTET_G_PACK = 83,
	OCTET_G_LOGICAL_OR = 84,
	OCTET_G_LOGICAL_AND = 86,
	OCTET_G_LOGICAL_NOT = 87,
	OCTET_G_UNPACK = 88,
	OCTET_G_REDUCE_MIN = 89,
	OCTET_G_FLOOR_DIV = 90,
	OCTET_G_SQUARE = 92,
	OCTET_G_FILL = 94,
	OCTET_G_RESIZE_NEAREST_NEIGHBOR = 97,
	OCTET_G_LEAKY_RELU = 98,
	OCTET_G_SQUARED_DIFFERENCE = 99,
	OCTET_G_MIRROR_PAD = 100,
	OCTET_G_ABS = 101,
	OCTET_G_SPLIT_V = 102,
	OCTET_G_CEIL = 104,
	OCTET_G_GATHER_ND = 107,
	OCTET_G_COS = 108,
	OCTET_G_ELU = 111,
	OCTET_G_QUANTIZE = 114,
	OCTET_G_HARD_SWISH = 117,
	OCTET_G_SELECT_V2 = 123,
	OCTET_G_BATCH_MATMUL = 126,
	OCTET_G_BROADCAST_TO = 130,
	OCTET_G_GELU = 150,
	OCTET_G_RELU_0_TO_1 = 152,
};

enum octet_graph_padding {
	OCTET_G_SAME = 0,
	OCTET_G_VALID = 1,
};

/** Fused activation functions, TFLite's numbers. */
enum octet_graph_act {
	OCTET_G_ACT_NONE = 0,
	OCTET_G_ACT_RELU = 1,
	OCTET_G_ACT_RELU_N1_TO_1 = 2,
	OCTET_G_ACT_RELU6 = 3,
	OCTET_G_ACT_TANH = 4,
	OCTET_G_ACT_SIGN_BIT = 5,
};

/*
 * Options, one member per options table of the schema, with its field names;
 * fields that the file leaves out have the schema's defaults. Which member
 * belongs to an operator follows from its code. All members are 32 bits
 * wide (bool as int32_t), so that one field table can fill and write them.
 */
struct octet_opt_conv2d {
	int32_t padding, stride_w, stride_h, activation, dilation_w, dilation_h;
	int32_t bias_type;
};

struct octet_opt_depthwise {
	int32_t padding, stride_w, stride_h, multiplier, activation, dilation_w, dilation_h;
};

struct octet_opt_pool {
	int32_t padding, stride_w, stride_h, filter_w, filter_h, activation;
};

struct octet_opt_fc {
	int32_t activation, weights_format, keep_num_dims, asymmetric_inputs, bias_type;
};

struct octet_opt_tconv {
	int32_t padding, stride_w, stride_h, activation, bias_type;
};

/* ADD, SUB, MUL, DIV, L2_NORMALIZATION: mul, div and l2norm have no pot_scale */
struct octet_opt_arith {
	int32_t activation, pot_scale;
};

struct octet_opt_softmax {
	float beta;
};

struct octet_opt_concat {
	int32_t axis, activation;
};

struct octet_opt_resize {
	int32_t align_corners, half_pixel;
};

struct octet_opt_block {
	int32_t block_size;
};

struct octet_opt_gather {
	int32_t axis, batch_dims;
};

struct octet_opt_reduce {
	int32_t keep_dims;
};

struct octet_opt_slice {
	int32_t begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask, offset;
};

struct octet_opt_split {
	int32_t count;
};

struct octet_opt_cast {
	int32_t in_type, out_type;
};

struct octet_opt_arg {
	int32_t output_type;
};

struct octet_opt_pack {
	int32_t count, axis;
};

struct octet_opt_leaky {
	float alpha;
};

struct octet_opt_mirror {
	int32_t mode;
};

struct octet_opt_matmul {
	int32_t adj_x, adj_y, asymmetric_inputs;
};

struct octet_opt_gelu {
	int32_t approximate;
};

struct octet_opt_lstm {
	int32_t activation;
	float cell_clip, proj_clip;
	int32_t kernel_type, time_major, asymmetric_inputs, diagonal_recurrent;
};

struct octet_opt_svdf {
	int32_t rank, activation, asymmetric_inputs;
};

union octet_graph_options {
	struct octet_opt_conv2d conv2d;
	struct octet_opt_depthwise depthwise;
	struct octet_opt_pool pool;
	struct octet_opt_fc fc;
	struct octet_opt_tconv tconv;
	struct octet_opt_arith arith;
	struct octet_opt_softmax softmax;
	struct octet_opt_concat concat;
	struct octet_opt_resize resize;
	struct octet_opt_block block;
	struct octet_opt_gather gather;
	struct octet_opt_reduce reduce;
	struct octet_opt_slice slice;
	struct octet_opt_split split;
	struct octet_opt_cast cast;
	struct octet_opt_arg arg;
	struct octet_opt_pack pack;
	struct octet_opt_leaky leaky;
	struct octet_opt_mirror mirror;
	struct octet_opt_matmul matmul;
	struct octet_opt_gelu gelu;
	struct octet_opt_lstm lstm;
	struct octet_opt_svdf svdf;
};

/**
 * struct octet_graph_op
 *
 * @code: enum octet_graph_code, or another number of TFLite's
 * @name: "CONV_2D"; of a custom operator its own
 * @inputs: tensor numbers, -1: an optional input left out
 * @outputs: tensor numbers
 * @intermediates: tensors that only lend their quantization (LSTM); -1: none
 * @custom: options of a custom operator, or NULL
 */
struct octet_graph_op {
	uint32_t code;
	const char *name;
	int32_t version;
	uint32_t input_count, output_count;
	const int32_t *inputs;
	const int32_t *outputs;
	uint32_t intermediate_count;
	const int32_t *intermediates;
	union octet_graph_options opt;
	const uint8_t *custom;
	size_t custom_bytes;
};

/**
 * struct octet_graph
 *
 * Operators are in topological order: an operator's inputs are constants,
 * inputs of the graph, variables, or results of earlier operators, and each
 * tensor is written once.
 */
struct octet_graph {
	struct octet_graph_tensor *tensors;
	struct octet_graph_op *ops;
	const int32_t *inputs, *outputs;
	uint32_t tensor_count, op_count, input_count, output_count;
	const char *description;
};

/** octet_graph_input() - tensor @i of an operator; NULL if left out or not there */
static inline const struct octet_graph_tensor *
octet_graph_input(const struct octet_graph *g, const struct octet_graph_op *op, uint32_t i)
{
	return i < op->input_count && op->inputs[i] >= 0 ? &g->tensors[op->inputs[i]] : NULL;
}

static inline const struct octet_graph_tensor *
octet_graph_output(const struct octet_graph *g, const struct octet_graph_op *op, uint32_t i)
{
	return i < op->output_count ? &g->tensors[op->outputs[i]] : NULL;
}

/* graph.c: memory that lives as long as its graph */

/** octet_graph_new() - an empty graph; NULL: no memory */
struct octet_graph *octet_graph_new(void);

/** octet_graph_alloc() - @count zeroed elements of the graph's own memory; NULL */
void *octet_graph_alloc(struct octet_graph *g, uint64_t count, size_t size);

/** octet_graph_free() - NULL is fine; only for graphs of octet_graph_new() */
void octet_graph_free(struct octet_graph *g);

/** octet_graph_bytes() - what @elements of a type take; 0: no such type */
uint64_t octet_graph_bytes(enum octet_dtype type, uint64_t elements);

/** octet_graph_type_name() - "int8"; "?" */
const char *octet_graph_type_name(enum octet_dtype type);

#define OCTET_GRAPH_LABEL 96

/** octet_graph_label() - "tensor 12 'conv3/w'", cut to @out, for messages */
const char *octet_graph_label(const struct octet_graph *g, int32_t tensor,
			      char out[OCTET_GRAPH_LABEL]);

/* check.c */

/**
 * octet_graph_check() - does the graph make sense, by TFLite's own rules?
 *
 * Indexes, order, shapes of every known operator inferred again, and
 * quantization. Operators that are not in enum octet_graph_code pass.
 *
 * Return: 0; -EINVAL: breaks a rule; -ENOTSUP: shapes that depend on data.
 */
int octet_graph_check(const struct octet_graph *g, char *err, size_t err_size);

#endif /* OCTET_GRAPH_H */
