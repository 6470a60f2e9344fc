/* SPDX-License-Identifier: MIT */
/* What the files of the model builder share. */
#ifndef OCTET_TESTS_MODELS_PRIV_H
#define OCTET_TESTS_MODELS_PRIV_H

#include "models.h"

/**
 * struct mb
 *
 * @g: owns what tensors and operators point to; the lists themselves are ours
 * @spread: per tensor: how far its values lie from zero (root of the mean
 *	square), in steps of its scale, or real without one
 * @inputs: @outputs: of the graph
 */
struct mb {
	struct octet_graph *g;
	uint64_t state;
	struct octet_graph_tensor *tensors;
	double *spread;
	struct octet_graph_op *ops;
	int32_t *inputs, *outputs;
	uint32_t tensor_room, op_room, input_room, output_room;
};

void mb_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/** mb_copy() - into memory that lives as long as the graph; @data NULL: zeros */
void *mb_copy(struct mb *m, const void *data, size_t bytes);

/** mb_uniform() - in [0, 1) */
double mb_uniform(struct mb *m);

/** mb_alike() - a new tensor with type and quantization of @x */
int mb_alike(struct mb *m, const char *name, int x, struct mb_shape shape);

/** mb_shape_of() - of a tensor */
struct mb_shape mb_shape_of(struct mb *m, int x);

/** mb_is_float() - has no scale */
bool mb_is_float(struct mb *m, int x);

#endif /* OCTET_TESTS_MODELS_PRIV_H */
