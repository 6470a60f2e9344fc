/* SPDX-License-Identifier: MIT */
/*
 * What the files of lib/lower share.
 *
 * A lowering function gets one operator and emits commands for it, or makes
 * an alias. It returns 0, LOWER_HOST with a sentence in @why (then all that
 * it emitted is taken back), or a negative errno.
 */
#ifndef OCTET_LOWER_PRIV_H
#define OCTET_LOWER_PRIV_H

#include <errno.h>

#include "lower.h"

#define LOWER_HOST	1
#define LOWER_EXTENT	(1u << 20)	/* largest extent of a command */
#define LOWER_SIZE	(1u << 28)	/* largest operand, bytes and elements */
#define LOWER_ROW	8192		/* bytes of a row that fit anywhere */
#define LOWER_COPIES	256		/* more commands than this for one move: host */

/** struct lower_uses - who touches a tensor of the graph */
struct lower_uses {
	uint32_t readers;	/* operands of operators */
	uint32_t reader;	/* an operator that reads it */
	bool input, output;	/* of the graph */
};

/**
 * struct lower - state while a program is made
 *
 * @op: operator under way
 * @why: sentence of the newest LOWER_HOST
 * @stride: bytes between neighbours, [tensor][rank], of strided aliases; else all 0
 * @deny: [op_count] what was tried to spare copies or commands did not work out
 * @pads: [op_count] the PAD that a convolution does itself, + 1; 0: none
 * @again: an operator could not be lowered because of an earlier choice, now denied
 */
struct lower {
	const struct octet_graph *g;
	struct octet_low_opts o;
	struct octet_low *low;
	uint32_t tensor_room, cmd_room, step_room;
	uint32_t op;
	char why[112];
	struct lower_uses *uses;
	uint64_t (*stride)[OCTET_GRAPH_RANK];
	int32_t *view_of;
	bool *deny;
	uint32_t *pads;
	bool again;
};

/** struct lower_shape - a tensor as images, rows, pixels, channels; strides in bytes */
struct lower_shape {
	uint32_t e[4];
	uint64_t s[4];
};

typedef int lower_fn(struct lower *l, const struct octet_graph_op *op);

/* lower.c */

int lower_refuse(struct lower *l, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** lower_init() - an empty command; no operands, extents 1 */
void lower_init(struct octet_low_cmd *c, enum octet_op op);
/** lower_emit() - append, if the device can do it */
int lower_emit(struct lower *l, struct octet_low_cmd *c);
/** lower_tensor() - another tensor; @owned: taken over, NULL: computed */
int lower_tensor(struct lower *l, uint64_t bytes, void *owned, int32_t *tensor);
/** lower_free() - the operator needs no command; and why */
void lower_free(struct lower *l, const char *why);
/** lower_data() - constant contents, through aliases; NULL */
const void *lower_data(const struct lower *l, int32_t tensor);
bool lower_const_ints(const struct lower *l, int32_t tensor, uint32_t *count, int64_t out[16]);

static inline const struct octet_graph_tensor *lower_of(const struct lower *l, int32_t tensor)
{
	return tensor < 0 ? NULL : &l->g->tensors[tensor];
}

static inline int32_t lower_in(const struct octet_graph_op *op, uint32_t i)
{
	return i < op->input_count ? op->inputs[i] : -1;
}

static inline bool lower_is8(const struct octet_graph_tensor *t)
{
	return t->type == OCTET_INT8 || t->type == OCTET_UINT8;
}

static inline int32_t lower_zero(const struct octet_graph_tensor *t)
{
	return t->quants ? t->zero_point[0] : 0;
}

static inline float lower_scale(const struct octet_graph_tensor *t)
{
	return t->quants ? t->scale[0] : 1;
}

/** lower_same() - equal type, scale and zero point */
bool lower_same(const struct octet_graph_tensor *a, const struct octet_graph_tensor *b);

/* shape.c */

/** lower_strides() - byte strides of a tensor of the graph, by dimension */
void lower_strides(const struct lower *l, int32_t tensor, uint64_t out[OCTET_GRAPH_RANK]);
bool lower_is_dense(const struct lower *l, int32_t tensor);
/**
 * lower_shape() - four dimensions of a tensor: NHWC of rank 4, else rows and
 * channels; false: its strides do not allow it
 */
bool lower_shape(const struct lower *l, int32_t tensor, struct lower_shape *s);
/** lower_rows() - as @rows runs of @columns elements, @stride bytes apart */
bool lower_rows(const struct lower *l, int32_t tensor, uint64_t columns, uint64_t *rows,
		uint64_t *stride);
/** lower_block() - merged dimensions: before, of, and after axes first..last */
void lower_block(const struct octet_graph_tensor *t, uint32_t first, uint32_t last,
		 uint64_t *outer, uint64_t *block, uint64_t *inner);
/** lower_dense() - strides of dense images of elements of @size bytes */
void lower_dense(struct lower_shape *s, uint32_t size);
/** lower_tall() - elements in any order: dense @s with more and shorter rows, if they are long */
void lower_tall(struct lower_shape *s, uint32_t size);
/** lower_put() - point an operand at a tensor with a shape; extents go into the command */
void lower_put(const struct lower *l, struct octet_low_cmd *c, enum octet_operand_index i,
	       int32_t tensor, const struct lower_shape *s);
/** lower_pointwise() - src and dst of the same extents into the command */
int lower_pointwise(struct lower *l, struct octet_low_cmd *c, int32_t x, int32_t y);
uint32_t lower_type_size(enum octet_dtype type);

/* quant.c */

enum octet_stage lower_stage_weights(const struct lower *l);
/** lower_mult() - QuantizeMultiplier() and the like; LOWER_HOST: no code stands for it */
int lower_mult(struct lower *l, enum octet_stage stage, double factor, uint32_t *mult,
	       uint32_t *shift);
/** lower_act() - clamp of a result with a fused activation */
int lower_act(struct lower *l, const struct octet_graph_tensor *y, int32_t activation,
	      int32_t *min, int32_t *max);
void lower_limits(enum octet_dtype type, int32_t *min, int32_t *max);

/**
 * struct lower_weighted - operands of an operator with weights
 *
 * @axis: of the weights' output channels
 * @product32: the product of the scales is rounded to float32 first
 * @bias_type: of the options, a number of TFLite's; 0: not said
 */
struct lower_weighted {
	int32_t x, w, bias, y;
	uint32_t axis, channels;
	int32_t act;
	bool product32;
	int32_t bias_type;
};

/** lower_output() - types, stage, records, clamp and zero points */
int lower_output(struct lower *l, struct octet_low_cmd *c, const struct lower_weighted *w);

/* copy.c */

/** struct lower_box - a rectangular part of a tensor: strides in bytes, one per dimension */
struct lower_box {
	int32_t tensor;
	uint64_t offset;
	uint64_t s[16];
};

/**
 * lower_copy() - commands that move elements of @type
 * @src: NULL: fill with @value
 */
int lower_copy(struct lower *l, enum octet_dtype type, uint32_t rank, const uint32_t *dims,
	       const struct lower_box *dst, const struct lower_box *src, int32_t value);
/** lower_copy_tensor() - one after the other, whatever their strides and shapes */
int lower_copy_tensor(struct lower *l, int32_t dst, int32_t src);

struct lower_box lower_whole(const struct lower *l, int32_t tensor);

/* reshape.c */

/** lower_movable() - may its bytes lie in another tensor? */
bool lower_movable(const struct lower *l, int32_t tensor);
/** lower_alias_out() - @out becomes a part of @in; false: it must not */
bool lower_alias_out(struct lower *l, int32_t out, int32_t in, uint64_t offset);
/** lower_alias_in() - @in, computed before, is put into @out; false: it must not */
bool lower_alias_in(struct lower *l, int32_t in, int32_t out, uint64_t offset);

/* claims.c */

bool lower_exact(const struct lower *l, const struct octet_graph_op *op);

/* pool.c */

/** lower_one_block() - axes as neighbours first..last; false: others lie between */
bool lower_one_block(const struct octet_graph_tensor *x, const int64_t *axes, uint32_t count,
		     uint32_t *first, uint32_t *last);

/** lower_window() - shape of a reduction over one block of axes, as a window */
int lower_window(struct lower *l, const struct octet_graph_op *op, struct octet_low_cmd *c);

/* fuse.c: what is done by one command instead of several */

int lower_fuse(struct lower *l);

/* panels.c: weights as the device wants them */
int lower_panels(struct lower *l);

/* views.c: strided aliases, chosen before the commands are made */
int lower_plan_views(struct lower *l);

/* One function per operator or family; table.c knows which. */
lower_fn *lower_find(uint32_t code);

lower_fn lower_conv2d, lower_depthwise, lower_tconv;
lower_fn lower_fc, lower_matmul;
lower_fn lower_pool, lower_mean;
lower_fn lower_ew;
lower_fn lower_unary, lower_wide;
lower_fn lower_softmax;
lower_fn lower_resize;
lower_fn lower_reduce, lower_arg;
lower_fn lower_reshape, lower_concat, lower_split, lower_pack, lower_slice, lower_pad,
	lower_transpose, lower_space_batch, lower_space_depth, lower_tile;

#endif /* OCTET_LOWER_PRIV_H */
