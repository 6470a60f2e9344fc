// SPDX-License-Identifier: MIT
/* Which function runs an operator. */

#include <stdarg.h>
#include <stdio.h>

#include "../float/float.h"
#include "host_priv.h"

static const struct octet_host_kernel *const lists[] = {
	octet_float_kernels,
	octet_host_arg, octet_host_arith, octet_host_block, octet_host_compare, octet_host_conv,
	octet_host_convert, octet_host_copy, octet_host_detect, octet_host_gather,
	octet_host_lstm, octet_host_matmul, octet_host_norm, octet_host_pad, octet_host_pool,
	octet_host_reduce, octet_host_resize, octet_host_slice, octet_host_softmax,
	octet_host_svdf, octet_host_unary,
};

/* Counts, and that nothing is left out which must be there. */
static int arity(const struct octet_host_kernel *k, const struct octet_graph *g,
		 const struct octet_graph_op *op, const char **why)
{
	OCTET_HOST_NEED(op->input_count >= k->inputs, -EINVAL, "an input is missing");
	OCTET_HOST_NEED(op->input_count <= k->inputs_max, -EINVAL, "there are too many inputs");
	OCTET_HOST_NEED(op->output_count == k->outputs ||
				(k->outputs == OCTET_HOST_MANY && op->output_count),
			-EINVAL, "the number of outputs is wrong");
	for (uint32_t i = 0; i < k->inputs; i++)
		OCTET_HOST_NEED(octet_graph_input(g, op, i), -EINVAL, "an input is left out");
	/* Strings and the like have no type here. */
	for (uint32_t i = 0; i < op->input_count; i++)
		OCTET_HOST_NEED(op->inputs[i] < 0 || g->tensors[op->inputs[i]].type, -ENOTSUP,
				"an input has a type that the library does not know");
	return 0;
}

static const struct octet_host_kernel *find(const struct octet_graph *g, uint32_t number, int *ret,
					    const char **why)
{
	const struct octet_graph_op *op = &g->ops[number];

	*ret = -ENOTSUP;
	*why = "the host has no such operator";
	for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++) {
		for (const struct octet_host_kernel *k = lists[l]; k->run; k++) {
			const char *reason = NULL;
			int r;

			if (k->code != op->code)
				continue;
			r = arity(k, g, op, &reason);
			if (!r)
				r = k->check(g, op, &reason);
			if (!r)
				return k;
			/* A contradiction says more than a type that one of several lacks. */
			if (*ret == -ENOTSUP) {
				*ret = r;
				*why = reason;
			}
		}
	}
	return NULL;
}

int octet_host_find(const struct octet_graph *g, uint32_t op, octet_host_fn **fn,
		    const char **why_not)
{
	const struct octet_host_kernel *k;
	int ret;

	k = find(g, op, &ret, why_not);
	if (!k)
		return ret;
	*why_not = NULL;
	*fn = k->run;
	return 0;
}

size_t octet_host_scratch(const struct octet_graph *g, uint32_t op)
{
	const struct octet_host_kernel *k;
	const char *why;
	int ret;

	k = find(g, op, &ret, &why);
	return k && k->scratch ? k->scratch(g, &g->ops[op]) : 0;
}

int octet_host_fail(const struct octet_host_call *c, const char *format, ...)
{
	va_list args;

	if (c->err && c->err_size) {
		va_start(args, format);
		vsnprintf(c->err, c->err_size, format, args);
		va_end(args);
	}
	return -EINVAL;
}
