/* SPDX-License-Identifier: MIT */
/*
 * Operators on the host: plain C, one call each, with the bits of TFLite
 * 2.14's reference kernels (BuiltinRefOpResolver) and double rounding.
 *
 * What an operator needs of types, shapes and parameters is checked when it
 * is looked up, from the graph alone. A run allocates nothing and can fail
 * only for values: an index of GATHER beyond its axis, a division by zero.
 *
 * Floats: where TFLite calls libm in float32 (EXP, the gates of a float
 * LSTM), the value is computed in double and rounded once, so that it does not
 * depend on a libm.
 */
#ifndef OCTET_HOST_H
#define OCTET_HOST_H

#include "../model/graph.h"

/**
 * struct octet_host_call - one operator, ready to run
 *
 * @buffers: contents by tensor number, aligned as malloc() does; of constants
 *	NULL stands for the graph's own data. Variables are read and written.
 *	Inputs and outputs do not overlap
 * @scratch: octet_host_scratch() bytes, aligned as malloc() does
 * @err: gets a sentence when the call fails; may be NULL
 */
struct octet_host_call {
	const struct octet_graph *g;
	const struct octet_graph_op *op;
	void *const *buffers;
	void *scratch;
	size_t scratch_bytes;
	char *err;
	size_t err_size;
};

/** Return: 0; -EINVAL with a sentence in @err: values that the operator has no result for. */
typedef int octet_host_fn(const struct octet_host_call *call);

/**
 * octet_host_find() - the function that runs operator number @op
 *
 * @why_not: a static sentence when it fails, NULL otherwise
 *
 * Return: 0; -ENOTSUP an operator or a combination of types that is not here;
 * -EINVAL tensors or options that contradict each other.
 */
int octet_host_find(const struct octet_graph *g, uint32_t op, octet_host_fn **fn,
		    const char **why_not);

/** octet_host_scratch() - bytes that it needs; 0 also for what is not found */
size_t octet_host_scratch(const struct octet_graph *g, uint32_t op);

#endif /* OCTET_HOST_H */
