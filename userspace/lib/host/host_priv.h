/* SPDX-License-Identifier: MIT */
/* What the files of lib/host share. */
#ifndef OCTET_HOST_PRIV_H
#define OCTET_HOST_PRIV_H

#include <errno.h>
#include <math.h>
#include <string.h>

#include "../tables/fixed.h"
#include "../tables/tables.h"
#include "host.h"

/* Dimensions of a copy or a walk, more than tensors have: blocks split theirs. */
#define OCTET_WALK_RANK (2 * OCTET_GRAPH_RANK)

/**
 * struct octet_host_kernel - one implementation of one operator
 *
 * Several may serve one code; the first whose @check agrees runs.
 *
 * @inputs: that must be there, from the first on
 * @inputs_max: that may be there
 * @outputs: that must be there, all of them
 * @check: 0, or -ENOTSUP, -EINVAL with a sentence in @why
 * @scratch: bytes; NULL: none
 */
struct octet_host_kernel {
	uint32_t code;
	uint32_t inputs, inputs_max, outputs;
	int (*check)(const struct octet_graph *g, const struct octet_graph_op *op,
		     const char **why);
	octet_host_fn *run;
	size_t (*scratch)(const struct octet_graph *g, const struct octet_graph_op *op);
};

#define OCTET_HOST_MANY UINT32_MAX

/* Lists that end with a kernel without @run. */
extern const struct octet_host_kernel octet_host_arg[], octet_host_arith[], octet_host_block[],
	octet_host_compare[], octet_host_conv[], octet_host_convert[], octet_host_copy[],
	octet_host_detect[], octet_host_gather[], octet_host_lstm[], octet_host_matmul[],
	 octet_host_norm[], octet_host_pad[], octet_host_pool[],
	octet_host_reduce[], octet_host_resize[], octet_host_slice[], octet_host_softmax[],
	octet_host_svdf[], octet_host_unary[];

static inline int octet_host_no(const char **why, int ret, const char *sentence)
{
	*why = sentence;
	return ret;
}

/* Both at once: what a check says when something is not so. */
#define OCTET_HOST_NEED(cond, ret, sentence)				\
	do {								\
		if (!(cond))						\
			return octet_host_no(why, ret, sentence);	\
	} while (0)

typedef const struct octet_graph_tensor octet_tensor_t;

static inline octet_tensor_t *octet_host_tin(const struct octet_host_call *c, uint32_t i)
{
	return octet_graph_input(c->g, c->op, i);
}

static inline octet_tensor_t *octet_host_tout(const struct octet_host_call *c, uint32_t i)
{
	return octet_graph_output(c->g, c->op, i);
}

/** octet_host_in() - contents of input @i; NULL if it is left out */
static inline const void *octet_host_in(const struct octet_host_call *c, uint32_t i)
{
	int32_t t = i < c->op->input_count ? c->op->inputs[i] : -1;

	if (t < 0)
		return NULL;
	return c->buffers[t] ? c->buffers[t] : c->g->tensors[t].data;
}

/** octet_host_state() - contents of input @i, a variable */
static inline void *octet_host_state(const struct octet_host_call *c, uint32_t i)
{
	return c->buffers[c->op->inputs[i]];
}

static inline void *octet_host_out(const struct octet_host_call *c, uint32_t i)
{
	return c->buffers[c->op->outputs[i]];
}

/** octet_host_fail() - a sentence for the caller; -EINVAL */
__attribute__((format(printf, 2, 3)))
int octet_host_fail(const struct octet_host_call *c, const char *format, ...);

/* ---- Types ----------------------------------------------------------------- */

/** octet_host_size() - bytes of an element; 0 for int4 */
size_t octet_host_size(enum octet_dtype type);

/** octet_host_quantized() - an integer type that has one scale, or none */
bool octet_host_quantized(octet_tensor_t *t);

/** octet_host_range() - smallest and largest code of int8, uint8, int16, int32 */
void octet_host_range(enum octet_dtype type, int32_t *min, int32_t *max);

static inline bool octet_host_is8(octet_tensor_t *t)
{
	return t->type == OCTET_INT8 || t->type == OCTET_UINT8;
}

static inline bool octet_host_is16(octet_tensor_t *t)
{
	return t->type == OCTET_INT16;
}

static inline int32_t octet_host_zp(octet_tensor_t *t)
{
	return t->quants ? t->zero_point[0] : 0;
}

/** octet_host_same_shape() - rank and dimensions */
bool octet_host_same_shape(octet_tensor_t *a, octet_tensor_t *b);

/** octet_host_same_quant() - scale and zero point per tensor, or none on both */
bool octet_host_same_quant(octet_tensor_t *a, octet_tensor_t *b);

/** octet_host_load() - an integer or bool element */
static inline int64_t octet_host_load(enum octet_dtype type, const void *p, size_t i)
{
	switch (type) {
	case OCTET_INT8:
		return ((const int8_t *)p)[i];
	case OCTET_UINT8:
	case OCTET_BOOL:
		return ((const uint8_t *)p)[i];
	case OCTET_INT16:
		return ((const int16_t *)p)[i];
	case OCTET_INT32:
		return ((const int32_t *)p)[i];
	case OCTET_INT64:
		return ((const int64_t *)p)[i];
	default:
		return 0;
	}
}

/** octet_host_store() - the low bits of @v */
static inline void octet_host_store(enum octet_dtype type, void *p, size_t i, int64_t v)
{
	switch (type) {
	case OCTET_INT8:
	case OCTET_UINT8:
	case OCTET_BOOL:
		((uint8_t *)p)[i] = (uint8_t)v;
		break;
	case OCTET_INT16:
		((uint16_t *)p)[i] = (uint16_t)v;
		break;
	case OCTET_INT32:
		((uint32_t *)p)[i] = (uint32_t)v;
		break;
	case OCTET_INT64:
		((int64_t *)p)[i] = v;
		break;
	default:
		break;
	}
}

static inline int32_t octet_host_clamp(int64_t v, int32_t min, int32_t max)
{
	if (v < min)
		return min;
	return v > max ? max : (int32_t)v;
}

/**
 * octet_host_ints() - a constant int32 or int64 tensor as numbers
 *
 * @max: entries of @v
 */
bool octet_host_ints(octet_tensor_t *t, uint32_t max, int64_t *v, uint32_t *n);

/** octet_host_axis() - @axis counted from the front, in [0, rank); negative ones from the back */
bool octet_host_axis(int64_t axis, uint32_t rank, uint32_t *result);

/** octet_host_int4() - unpack: sign-extended nibbles, the low one first */
void octet_host_int4(const uint8_t *packed, size_t n, int8_t *values);

/** octet_host_half() - a float16 as float */
float octet_host_half(uint16_t half);

/* ---- Activation ------------------------------------------------------------ */

/** octet_host_activation() - CalculateActivationRangeQuantized(); false: no such function */
bool octet_host_activation(int32_t activation, octet_tensor_t *out, int32_t *min, int32_t *max);

/** octet_host_activation_float() - the same for float; infinite without bounds */
bool octet_host_activation_float(int32_t activation, float *min, float *max);

/* ---- Walks ----------------------------------------------------------------- */

/**
 * struct octet_host_walk - element by element through up to three tensors
 *
 * @dims: outermost first
 * @stride: elements from one index to the next, per tensor; 0 broadcasts
 * @at: element each tensor is at
 */
struct octet_host_walk {
	uint32_t rank;
	uint32_t dims[OCTET_GRAPH_RANK], index[OCTET_GRAPH_RANK];
	int64_t stride[3][OCTET_GRAPH_RANK];
	int64_t at[3];
};

/** octet_host_walk_begin() - through @shape; tensors are added by octet_host_walk_add() */
void octet_host_walk_begin(struct octet_host_walk *w, octet_tensor_t *shape);

/**
 * octet_host_walk_add() - tensor number @i is broadcast to the shape
 *
 * Return: false: its shape does not fit, aligned at the last dimension
 */
bool octet_host_walk_add(struct octet_host_walk *w, uint32_t i, octet_tensor_t *t);

/** octet_host_walk_next() - to the next element; false after the last */
static inline bool octet_host_walk_next(struct octet_host_walk *w)
{
	for (uint32_t d = w->rank; d-- > 0;) {
		if (++w->index[d] < w->dims[d]) {
			for (int i = 0; i < 3; i++)
				w->at[i] += w->stride[i][d];
			return true;
		}
		w->index[d] = 0;
		for (int i = 0; i < 3; i++)
			w->at[i] -= w->stride[i][d] * (w->dims[d] - 1);
	}
	return false;
}

/**
 * struct octet_strided - a strided copy
 *
 * @dims: outermost first
 * @to, @from: elements from one index to the next
 * @size: bytes of an element
 */
struct octet_strided {
	uint32_t rank;
	uint32_t dims[OCTET_WALK_RANK];
	int64_t to[OCTET_WALK_RANK], from[OCTET_WALK_RANK];
	size_t size;
};

/** octet_copy_dim() - append an inner dimension */
void octet_copy_dim(struct octet_strided *c, uint32_t dim, int64_t to, int64_t from);

/** octet_copy_run() - @to and @from point to the first elements */
void octet_copy_run(const struct octet_strided *c, void *to, const void *from);

/** octet_host_strides() - elements from one index to the next, rows contiguous */
void octet_host_strides(octet_tensor_t *t, int64_t stride[OCTET_GRAPH_RANK]);

/** octet_host_product() - dims[from] .. dims[to - 1] multiplied */
uint64_t octet_host_product(octet_tensor_t *t, uint32_t from, uint32_t to);

#endif /* OCTET_HOST_PRIV_H */
