/* SPDX-License-Identifier: MIT */
/*
 * What the files of the checks share. Each operator has a line in check_ops.c
 * with a function for its shapes and one for its quantization; both stop at
 * the first rule that is broken and leave a sentence.
 */
#ifndef OCTET_CHECK_H
#define OCTET_CHECK_H

#include "graph.h"

/**
 * struct check - a graph, and the operator that is looked at
 *
 * @ready: per tensor: has a value when this operator runs
 * @peak: per tensor: largest magnitude of a constant; -1: not known yet
 */
struct check {
	const struct octet_graph *g;
	const struct octet_graph_op *op;
	uint32_t index;
	bool *ready;
	int64_t *peak;
	char *err;
	size_t err_size;
};

/**
 * struct check_op - an operator's rules
 *
 * @optional: bit i: input i may be left out
 * @shape: @quant: 0 or an error; NULL: nothing to check
 */
struct check_op {
	uint32_t min_inputs, max_inputs, min_outputs, max_outputs;
	uint32_t optional;
	int (*shape)(struct check *c);
	int (*quant)(struct check *c);
};

/** check_op_find() - NULL: an operator without rules */
const struct check_op *check_op_find(uint32_t code);

/* check.c */

/** check_fail() - "operator 3 (CONV_2D): ..." */
int check_fail(struct check *c, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** check_fail_at() - "operator 3 (CONV_2D): tensor 12 'w': ..." */
int check_fail_at(struct check *c, int error, int32_t tensor, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/** check_in(), check_out() - of the operator; NULL: left out or not there */
static inline const struct octet_graph_tensor *check_in(struct check *c, uint32_t i)
{
	return octet_graph_input(c->g, c->op, i);
}

static inline const struct octet_graph_tensor *check_out(struct check *c, uint32_t i)
{
	return octet_graph_output(c->g, c->op, i);
}

/** check_result() - output @i must have this shape */
int check_result(struct check *c, uint32_t i, uint32_t rank, const uint32_t *dims);

/** check_rank() - of input @i */
int check_rank(struct check *c, uint32_t i, uint32_t min, uint32_t max);

/**
 * check_ints() - the values of input @i, a constant of int32 or int64
 *
 * -ENOTSUP: not a constant: then the shape depends on data.
 */
int check_ints(struct check *c, uint32_t i, int64_t *values, uint32_t max, uint32_t *count);

/** check_axis() - brings an axis that may be negative to 0..rank-1 */
int check_axis(struct check *c, int64_t axis, uint32_t rank, uint32_t *at);

/** check_option() - @min <= @value <= @max, else @name is out of range */
int check_option(struct check *c, const char *name, int64_t value, int64_t min, int64_t max);

/** check_bias() - input @i, where it is there, has an element for each channel */
int check_bias(struct check *c, uint32_t i, uint32_t channels);

/* check_shapes.c: element by element, rows */
int check_shape_same(struct check *c);
int check_shape_broadcast(struct check *c);
int check_shape_prelu(struct check *c);
int check_shape_select(struct check *c);
int check_shape_softmax(struct check *c);
int check_shape_reduce(struct check *c);
int check_shape_arg(struct check *c);
int check_shape_topk(struct check *c);
int check_shape_fc(struct check *c);
int check_shape_matmul(struct check *c);
int check_shape_lstm(struct check *c);
int check_shape_sequence(struct check *c);
int check_shape_svdf(struct check *c);

/* check_windows.c */
int check_shape_conv(struct check *c);
int check_shape_depthwise(struct check *c);
int check_shape_tconv(struct check *c);
int check_shape_pool(struct check *c);
int check_shape_resize(struct check *c);
int check_shape_to_depth(struct check *c);
int check_shape_to_space(struct check *c);

/* check_moves.c */
int check_shape_reshape(struct check *c);
int check_shape_squeeze(struct check *c);
int check_shape_expand(struct check *c);
int check_shape_transpose(struct check *c);
int check_shape_concat(struct check *c);
int check_shape_pack(struct check *c);
int check_shape_unpack(struct check *c);
int check_shape_pad(struct check *c);
int check_shape_tile(struct check *c);
int check_shape_fill(struct check *c);
int check_shape_shape(struct check *c);

/* check_cuts.c */
int check_shape_split(struct check *c);
int check_shape_split_v(struct check *c);
int check_shape_slice(struct check *c);
int check_shape_strided(struct check *c);
int check_shape_gather(struct check *c);
int check_shape_gather_nd(struct check *c);
int check_shape_space_to_batch(struct check *c);
int check_shape_batch_to_space(struct check *c);

/* check_quant.c: activations */
int check_quant_tensor(struct check *c, uint32_t tensor);
int check_quant_same(struct check *c);
int check_quant_type(struct check *c);
int check_quant_rescale(struct check *c);
int check_quant_sum(struct check *c);
int check_quant_fixed(struct check *c);
int check_quant_concat(struct check *c);
int check_quant_compare(struct check *c);
int check_quant_quantize(struct check *c);
int check_quant_dequantize(struct check *c);

/** check_quant_need() - a scale per tensor; int16: zero point 0 */
int check_quant_need(struct check *c, int32_t tensor);

/* check_weights.c */
int check_quant_weights(struct check *c);
int check_quant_tconv(struct check *c);

#endif /* OCTET_CHECK_H */
