/* SPDX-License-Identifier: MIT */
/*
 * Small networks for tests: tensors and operators one after the other, then a
 * graph in memory or the bytes of a .tflite file.
 *
 *	struct mb *m = mb_new(seed);
 *	int x = mb_input(m, "x", OCTET_INT8, MB(1, 8, 8, 3), 0.05f, -3);
 *
 *	x = mb_conv2d(m, x, &(struct mb_conv){ .cout = 16, .kh = 3, .kw = 3 });
 *	x = mb_pool(m, OCTET_G_MAX_POOL_2D, x, &(struct mb_conv){ .kh = 2, .kw = 2, .stride = 2 });
 *	x = mb_fc(m, mb_reshape(m, x, MB(1, 256)), &(struct mb_conv){ .cout = 10 });
 *	mb_output(m, mb_softmax(m, x, 1));
 *	mb_finish(m, &bytes, &size);
 *	mb_free(m);
 *
 * Operators make their own weights at random (from the seed alone, the same on
 * every machine) with scales such that results neither vanish nor saturate, and
 * infer the shape of what they return: a tensor number. Whatever the caller gets
 * wrong ends the program with a sentence.
 */
#ifndef OCTET_TESTS_MODELS_H
#define OCTET_TESTS_MODELS_H

#include "model/graph.h"

struct mb;

/** struct mb_shape - by value: MB(1, 8, 8, 3); MB() is a scalar */
struct mb_shape {
	uint32_t rank;
	uint32_t dims[OCTET_GRAPH_RANK];
};

#define MB(...) ((struct mb_shape){						\
	sizeof((uint32_t[]){ 0, ##__VA_ARGS__ }) / sizeof(uint32_t) - 1, { __VA_ARGS__ } })

struct mb *mb_new(uint64_t seed);
void mb_free(struct mb *m);

/** mb_random() - the builder's own generator: next 32 bits */
uint32_t mb_random(struct mb *m);

/* ---- Tensors ---- */

/** mb_input() - an input of the graph; scale 0: not quantized */
int mb_input(struct mb *m, const char *name, enum octet_dtype type, struct mb_shape shape,
	     float scale, int32_t zero_point);

/** mb_tensor() - a tensor that mb_op() shall write */
int mb_tensor(struct mb *m, const char *name, enum octet_dtype type, struct mb_shape shape,
	      float scale, int32_t zero_point);

/** mb_const() - a constant; @data: copied, NULL: random over the whole range */
int mb_const(struct mb *m, const char *name, enum octet_dtype type, struct mb_shape shape,
	     float scale, int32_t zero_point, const void *data);

/** mb_const_channel() - per channel of @axis, zero points 0; @scale: [dims[axis]] */
int mb_const_channel(struct mb *m, const char *name, enum octet_dtype type,
		     struct mb_shape shape, uint32_t axis, const float *scale, const void *data);

/** mb_ints() - an int32 vector such as a shape, paddings, an axis */
int mb_ints(struct mb *m, uint32_t count, const int32_t *values);
#define MB_INTS(m, ...) mb_ints(m, sizeof((int32_t[]){ __VA_ARGS__ }) / sizeof(int32_t), \
				(int32_t[]){ __VA_ARGS__ })

/** mb_set_quant() - change a tensor's quantization, such as a result's */
void mb_set_quant(struct mb *m, int tensor, float scale, int32_t zero_point);

/** mb_get() - to look at, or to break; valid until the next tensor is made */
struct octet_graph_tensor *mb_get(struct mb *m, int tensor);

/** mb_output() - an output of the graph */
void mb_output(struct mb *m, int tensor);

/* ---- Any operator ---- */

/**
 * mb_op() - append an operator
 * @opt: NULL: all zero
 * @inputs: @outputs: tensor numbers, -1: left out
 */
void mb_op(struct mb *m, uint32_t code, const union octet_graph_options *opt,
	   uint32_t input_count, const int *inputs, uint32_t output_count, const int *outputs);

#define MB_LIST(...) sizeof((int[]){ __VA_ARGS__ }) / sizeof(int), (int[]){ __VA_ARGS__ }
/* MB_OP(m, code, &opt, MB_LIST(a, b), MB_LIST(y)) */
#define MB_OP(m, code, opt, ...) mb_op(m, code, opt, __VA_ARGS__)

/** mb_custom() - an operator of that name with @bytes of options */
void mb_custom(struct mb *m, const char *name, const void *options, size_t bytes,
	       uint32_t input_count, const int *inputs, uint32_t output_count,
	       const int *outputs);

/* ---- Operators with weights ---- */

/**
 * struct mb_conv - zero means the default
 *
 * @name: of the operator; tensors are "name/w", "name/b", "name"
 * @cout: output channels; depthwise: channels times multiplier
 * @kh: @kw: window, default 1
 * @stride: @stride_w: default 1; @stride_w: as @stride
 * @dilation: @dilation_w: likewise
 * @padding: OCTET_G_SAME is 0
 * @groups: conv2d: default 1
 * @out_h: @out_w: mb_tconv2d(): the output, default input times stride
 * @wtype: default int8 (uint8 if the input is); OCTET_INT4
 * @wzero: zero point of the weights, with @per_tensor
 * @per_tensor: one weight scale; fully connected: unless @per_channel
 * @no_bias: leave the bias out
 * @scale: @zero_point: of the result; scale 0: chosen to fit
 */
struct mb_conv {
	const char *name;
	uint32_t cout, kh, kw, stride, stride_w, dilation, dilation_w;
	enum octet_graph_padding padding;
	enum octet_graph_act act;
	uint32_t groups, out_h, out_w;
	enum octet_dtype wtype;
	int32_t wzero;
	bool per_tensor, per_channel, no_bias, keep_num_dims;
	float scale;
	int32_t zero_point;
};

/* int8, uint8, int16 (16x8, int64 bias) and float32 by the type of the input. */
int mb_conv2d(struct mb *m, int x, const struct mb_conv *c);
int mb_depthwise(struct mb *m, int x, const struct mb_conv *c);
int mb_fc(struct mb *m, int x, const struct mb_conv *c);
int mb_tconv2d(struct mb *m, int x, const struct mb_conv *c);

/* ---- Operators without ---- */

/** mb_pool() - AVERAGE_POOL_2D, MAX_POOL_2D; kh, kw, stride, padding, act */
int mb_pool(struct mb *m, uint32_t code, int x, const struct mb_conv *c);

/** mb_arith() - ADD, SUB, MUL, DIV, MAXIMUM, MINIMUM, SQUARED_DIFFERENCE with broadcast */
int mb_arith(struct mb *m, uint32_t code, int a, int b, enum octet_graph_act act, float scale,
	     int32_t zero_point);

/**
 * mb_unary() - any operator of one input whose result has its shape
 *
 * Scale 0: as the input, or what TFLite demands (LOGISTIC, TANH). LEAKY_RELU:
 * alpha 0.1.
 */
int mb_unary(struct mb *m, uint32_t code, int x, float scale, int32_t zero_point);

/** mb_requant() - QUANTIZE, DEQUANTIZE, CAST to another type; which, follows from the types */
int mb_requant(struct mb *m, int x, enum octet_dtype type, float scale, int32_t zero_point);

int mb_softmax(struct mb *m, int x, float beta);
int mb_concat(struct mb *m, int axis, uint32_t count, const int *x);
/** mb_split() - equal parts, their numbers in @y */
void mb_split(struct mb *m, int axis, int x, uint32_t count, int *y);
int mb_reshape(struct mb *m, int x, struct mb_shape shape);
/** mb_pad() - @paddings: [rank][2] */
int mb_pad(struct mb *m, int x, const int32_t *paddings);
int mb_transpose(struct mb *m, int x, const int32_t *perm);
/** mb_slice() - STRIDED_SLICE; begin, end, stride: [rank] */
int mb_slice(struct mb *m, int x, const int32_t *begin, const int32_t *end,
	     const int32_t *stride);
/** mb_reduce() - MEAN, SUM, REDUCE_MAX, REDUCE_MIN over @axes; scale 0: as the input */
int mb_reduce(struct mb *m, uint32_t code, int x, uint32_t count, const int32_t *axes,
	      bool keep_dims, float scale, int32_t zero_point);
/** mb_resize() - RESIZE_BILINEAR, RESIZE_NEAREST_NEIGHBOR */
int mb_resize(struct mb *m, uint32_t code, int x, uint32_t h, uint32_t w, bool align_corners,
	      bool half_pixel);
/** mb_matmul() - BATCH_MATMUL; scale 0: chosen to fit */
int mb_matmul(struct mb *m, int a, int b, bool adj_x, bool adj_y, float scale,
	      int32_t zero_point);

/* ---- The result ---- */

/** mb_graph() - what was built; valid until more is added, or mb_free() */
const struct octet_graph *mb_graph(struct mb *m);

/** mb_finish() - the bytes of a .tflite file; to be freed with free() */
void mb_finish(struct mb *m, void **bytes, size_t *size);

/* ---- Networks that are ready ---- */

/** struct mb_sample - @build adds a network, its inputs and outputs to an empty builder */
struct mb_sample {
	const char *name;
	void (*build)(struct mb *m);
};

/* models_ready.c; ends with a NULL name */
extern const struct mb_sample mb_samples[];

/* models_odd.c: one operator each, of those that few networks have; likewise */
extern const struct mb_sample mb_odd[];

#endif /* OCTET_TESTS_MODELS_H */
