// SPDX-License-Identifier: MIT
/* Does a graph make sense? Tensors, order, and then operator by operator. */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define TEXT_SIZE	256
#define DIM_TEXT	12

/* "operator 3 (CONV_2D)"; outside of operators "the graph" */
static void who(struct check *c, char *out, size_t size)
{
	if (c->op)
		snprintf(out, size, "operator %u (%.40s)", c->index,
			 c->op->name ? c->op->name : "?");
	else
		snprintf(out, size, "the graph");
	for (char *at = out; *at; at++)
		if ((uint8_t)*at < 0x20 || *at == 0x7f)
			*at = '?';
}

int check_fail(struct check *c, int error, const char *format, ...)
{
	char name[80], text[TEXT_SIZE];
	va_list args;

	if (!c->err || !c->err_size)
		return error;
	who(c, name, sizeof(name));
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(c->err, c->err_size, "%s: %s", name, text);
	return error;
}

int check_fail_at(struct check *c, int error, int32_t tensor, const char *format, ...)
{
	char name[80], label[OCTET_GRAPH_LABEL], text[TEXT_SIZE];
	va_list args;

	if (!c->err || !c->err_size)
		return error;
	who(c, name, sizeof(name));
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	octet_graph_label(c->g, tensor, label);
	if (c->op)
		snprintf(c->err, c->err_size, "%s: %s: %s", name, label, text);
	else
		snprintf(c->err, c->err_size, "%s: %s", label, text);
	return error;
}

static const char *shape_text(uint32_t rank, const uint32_t *dims, char *out, size_t size)
{
	size_t at = (size_t)snprintf(out, size, "[");

	for (uint32_t i = 0; i < rank && at < size; i++)
		at += (size_t)snprintf(out + at, size - at, i ? ",%u" : "%u", dims[i]);
	if (at < size)
		snprintf(out + at, size - at, "]");
	return out;
}

int check_result(struct check *c, uint32_t i, uint32_t rank, const uint32_t *dims)
{
	const struct octet_graph_tensor *y = check_out(c, i);
	char have[OCTET_GRAPH_RANK * DIM_TEXT], want[OCTET_GRAPH_RANK * DIM_TEXT];

	if (!y || (y->rank == rank && !memcmp(y->dims, dims, rank * sizeof(*dims))))
		return 0;
	return check_fail_at(c, -EINVAL, c->op->outputs[i],
			     "its shape is %s, but the operator makes %s",
			     shape_text(y->rank, y->dims, have, sizeof(have)),
			     shape_text(rank, dims, want, sizeof(want)));
}

int check_rank(struct check *c, uint32_t i, uint32_t min, uint32_t max)
{
	const struct octet_graph_tensor *x = check_in(c, i);

	if (x->rank >= min && x->rank <= max)
		return 0;
	return check_fail_at(c, -EINVAL, c->op->inputs[i],
			     "its rank is %u, allowed are %u to %u", x->rank, min, max);
}

int check_ints(struct check *c, uint32_t i, int64_t *values, uint32_t max, uint32_t *count)
{
	const struct octet_graph_tensor *x = check_in(c, i);

	if (x->type != OCTET_INT32 && x->type != OCTET_INT64)
		return check_fail_at(c, -EINVAL, c->op->inputs[i],
				     "its type is %s, but int32 or int64 belong there",
				     octet_graph_type_name(x->type));
	if (!x->data)
		return check_fail_at(c, -ENOTSUP, c->op->inputs[i],
				     "it is computed, so that the result's shape is not known "
				     "beforehand; only constants are supported there");
	if (x->elements > max)
		return check_fail_at(c, -EINVAL, c->op->inputs[i],
				     "%" PRIu64 " elements, at most %u belong there", x->elements,
				     max);
	*count = (uint32_t)x->elements;
	for (uint32_t k = 0; k < *count; k++)
		values[k] = x->type == OCTET_INT32 ? ((const int32_t *)x->data)[k] :
			    ((const int64_t *)x->data)[k];
	return 0;
}

int check_axis(struct check *c, int64_t axis, uint32_t rank, uint32_t *at)
{
	if (axis < -(int64_t)rank || axis >= (int64_t)rank)
		return check_fail(c, -EINVAL, "axis is %" PRId64 ", but the rank is %u", axis,
				  rank);
	*at = (uint32_t)(axis < 0 ? axis + rank : axis);
	return 0;
}

int check_option(struct check *c, const char *name, int64_t value, int64_t min, int64_t max)
{
	if (value >= min && value <= max)
		return 0;
	return check_fail(c, -EINVAL, "%s is %" PRId64 ", allowed are %" PRId64 " to %" PRId64,
			  name, value, min, max);
}

int check_bias(struct check *c, uint32_t i, uint32_t channels)
{
	const struct octet_graph_tensor *b = check_in(c, i);

	if (!b || b->elements == channels)
		return 0;
	return check_fail_at(c, -EINVAL, c->op->inputs[i],
			     "%" PRIu64 " elements do not fit %u channels of the result",
			     b->elements, channels);
}

static int check_tensor(struct check *c, uint32_t i)
{
	const struct octet_graph_tensor *t = &c->g->tensors[i];
	uint64_t elements = 1;

	if (t->rank > OCTET_GRAPH_RANK)
		return check_fail_at(c, -EINVAL, (int32_t)i, "rank %u is above %u", t->rank,
				     OCTET_GRAPH_RANK);
	for (uint32_t d = 0; d < t->rank && elements <= INT32_MAX; d++)
		elements *= t->dims[d];
	if (elements > INT32_MAX)
		return check_fail_at(c, -EFBIG, (int32_t)i, "more than %d elements", INT32_MAX);
	if (elements != t->elements || octet_graph_bytes(t->type, elements) != t->bytes)
		return check_fail_at(c, -EINVAL, (int32_t)i,
				     "%" PRIu64 " elements in %" PRIu64
				     " bytes do not fit its shape and type %s", t->elements,
				     t->bytes, octet_graph_type_name(t->type));
	if (t->data && t->variable)
		return check_fail_at(c, -EINVAL, (int32_t)i, "a variable has contents");
	return check_quant_tensor(c, i);
}

/* @i names a tensor that can hold something. */
static int check_index(struct check *c, const char *what, int32_t i)
{
	if (i < 0 || i >= (int64_t)c->g->tensor_count)
		return check_fail(c, -EINVAL, "%s %d is not one of %u tensors", what, i,
				  c->g->tensor_count);
	if (!c->g->tensors[i].elements)
		return check_fail_at(c, -ENOTSUP, i, "empty tensors are not supported");
	return 0;
}

static int check_edges(struct check *c)
{
	int rc = 0;

	for (uint32_t i = 0; i < c->g->input_count && !rc; i++) {
		int32_t t = c->g->inputs[i];

		rc = check_index(c, "input", t);
		if (!rc && c->g->tensors[t].data)
			rc = check_fail_at(c, -EINVAL, t, "an input of the graph is a constant");
		if (!rc && c->ready[t] && !c->g->tensors[t].variable)
			rc = check_fail_at(c, -EINVAL, t, "it is an input of the graph twice");
		if (!rc)
			c->ready[t] = true;
	}
	for (uint32_t i = 0; i < c->g->output_count && !rc; i++)
		rc = check_index(c, "output", c->g->outputs[i]);
	return rc;
}

/* Order: what an operator reads is there, what it writes is not. */
static int check_wires(struct check *c)
{
	const struct octet_graph_op *op = c->op;
	int rc = 0;

	for (uint32_t i = 0; i < op->input_count && !rc; i++) {
		if (op->inputs[i] == -1)
			continue;
		rc = check_index(c, "input", op->inputs[i]);
		if (!rc && !c->ready[op->inputs[i]])
			rc = check_fail_at(c, -EINVAL, op->inputs[i],
					   "it is read, but is no input of the graph, no constant, "
					   "and no earlier operator writes it");
	}
	for (uint32_t i = 0; i < op->output_count && !rc; i++) {
		rc = check_index(c, "output", op->outputs[i]);
		if (!rc && c->ready[op->outputs[i]])
			rc = check_fail_at(c, -EINVAL, op->outputs[i],
					   "it is written, but has a value already: each tensor is "
					   "written once, inputs and constants never");
		if (!rc)
			c->ready[op->outputs[i]] = true;
	}
	for (uint32_t i = 0; i < op->intermediate_count && !rc; i++)
		rc = check_option(c, "an intermediate", op->intermediates[i], -1,
				  (int64_t)c->g->tensor_count - 1);
	return rc;
}

static int check_counts(struct check *c, const struct check_op *rules)
{
	const struct octet_graph_op *op = c->op;
	int rc = check_option(c, "the number of inputs", op->input_count, rules->min_inputs,
			      rules->max_inputs);

	if (!rc)
		rc = check_option(c, "the number of outputs", op->output_count,
				  rules->min_outputs, rules->max_outputs);
	for (uint32_t i = 0; i < op->input_count && !rc; i++)
		if (op->inputs[i] == -1 && (i > 31 || !(rules->optional >> i & 1)))
			rc = check_fail(c, -EINVAL, "input %u is left out, but it is needed", i);
	return rc;
}

static int check_one(struct check *c)
{
	const struct check_op *rules = check_op_find(c->op->code);
	int rc = check_wires(c);

	if (rc || !rules)
		return rc;
	rc = check_counts(c, rules);
	if (!rc && rules->shape)
		rc = rules->shape(c);
	if (!rc && rules->quant)
		rc = rules->quant(c);
	return rc;
}

static int check_all(struct check *c)
{
	int rc = 0;

	for (uint32_t i = 0; i < c->g->tensor_count && !rc; i++) {
		rc = check_tensor(c, i);
		c->ready[i] = c->g->tensors[i].data || c->g->tensors[i].variable;
		c->peak[i] = -1;
	}
	if (!rc)
		rc = check_edges(c);
	for (uint32_t i = 0; i < c->g->op_count && !rc; i++) {
		c->op = &c->g->ops[i];
		c->index = i;
		rc = check_one(c);
	}
	c->op = NULL;
	if (!rc && (!c->g->op_count || !c->g->output_count))
		rc = check_fail(c, -EINVAL, "%u operators and %u outputs: there is nothing to run",
				c->g->op_count, c->g->output_count);
	for (uint32_t i = 0; i < c->g->output_count && !rc; i++)
		if (!c->ready[c->g->outputs[i]])
			rc = check_fail_at(c, -EINVAL, c->g->outputs[i],
					   "it is an output of the graph, but no operator writes "
					   "it");
	return rc;
}

int octet_graph_check(const struct octet_graph *g, char *err, size_t err_size)
{
	struct check c = { .g = g, .err = err, .err_size = err_size };
	int rc = -ENOMEM;

	c.ready = calloc((size_t)g->tensor_count + 1, sizeof(*c.ready));
	c.peak = calloc((size_t)g->tensor_count + 1, sizeof(*c.peak));
	if (c.ready && c.peak)
		rc = check_all(&c);
	else if (err && err_size)
		snprintf(err, err_size, "out of memory");
	free(c.ready);
	free(c.peak);
	return rc;
}
