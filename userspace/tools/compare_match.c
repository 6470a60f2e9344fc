// SPDX-License-Identifier: MIT
/*
 * Which tensor of a quantized model is which of the float model: by name, by the name without
 * what converters append, or by its place if both have the same operators.
 */
#include <stdlib.h>
#include <string.h>

#include "compare.h"

/* Elements of a tensor, 0 for constants and types that are not compared. */
static size_t elements_of(const struct octet_model *model, uint32_t tensor)
{
	OCTET_OPTS(octet_tensor_info, t);
	size_t element;

	if (octet_model_tensor(model, tensor, &t) || t.constant)
		return 0;
	element = tool_element_bytes(t.type);
	if (!element || t.type == OCTET_INT64 || t.type == OCTET_BOOL || t.type == OCTET_FLOAT16)
		return 0;
	return t.bytes / element;
}

/* Length of a name without "_int8", "_uint8", "_quantized" and numbers at its end. */
static size_t stem(const char *name)
{
	static const char *const ends[] = { "_int8", "_uint8", "_int16", "_quantized",
					    "_dequantized", "_requantized" };
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t end = strlen(ends[i]);

		if (n > end && !strcmp(name + n - end, ends[i]))
			return n - end;
	}
	return n;
}

static bool same_name(const char *a, const char *b, bool exact)
{
	size_t n, m;

	if (exact)
		return *a && !strcmp(a, b);
	n = stem(a);
	m = stem(b);
	return n && n == m && !memcmp(a, b, n);
}

static bool converts(const struct octet_plan_op *op)
{
	return !strcmp(op->name, "QUANTIZE") || !strcmp(op->name, "DEQUANTIZE");
}

static int32_t by_name(const struct compare *c, uint32_t tensor, bool exact)
{
	OCTET_OPTS(octet_tensor_info, want);
	OCTET_OPTS(octet_tensor_info, t);
	size_t elements = elements_of(c->got.model, tensor);

	octet_model_tensor(c->got.model, tensor, &want);
	for (uint32_t i = 0; elements && i < octet_model_tensors(c->ref.model); i++) {
		const void *data;
		size_t bytes;

		if (elements_of(c->ref.model, i) != elements)
			continue;
		octet_model_tensor(c->ref.model, i, &t);
		if (same_name(want.name, t.name, exact) &&
		    !octet_plan_tensor(c->ref.keep, i, &data, &bytes))
			return (int32_t)i;
	}
	return -1;
}

/* The next operator that is no conversion. */
static bool next_op(const struct compare_side *s, uint32_t *at, struct octet_plan_op *op)
{
	for (; *at < octet_model_ops(s->model); (*at)++) {
		if (octet_plan_op(s->keep, *at, op))
			return false;
		if (!converts(op))
			return true;
	}
	return false;
}

/* The same operators in the same order? With @assign: results without a twin get theirs. */
static bool by_place(struct compare *c, bool assign)
{
	OCTET_OPTS(octet_plan_op, x);
	OCTET_OPTS(octet_plan_op, y);
	uint32_t i = 0, k = 0;

	for (;; i++, k++) {
		bool more = next_op(&c->ref, &i, &x);

		if (more != next_op(&c->got, &k, &y))
			return false;
		if (!more)
			return true;
		if (x.code != y.code || x.output_count != y.output_count)
			return false;
		for (uint32_t n = 0; n < x.output_count; n++) {
			size_t a = elements_of(c->ref.model, (uint32_t)x.outputs[n]);

			if (a != elements_of(c->got.model, (uint32_t)y.outputs[n]))
				return false;
			if (assign && a && c->twin[y.outputs[n]] < 0)
				c->twin[y.outputs[n]] = x.outputs[n];
		}
	}
}

/* A conversion's result is what its input is. */
static void through_conversions(struct compare *c)
{
	for (uint32_t i = 0; i < octet_model_ops(c->got.model); i++) {
		OCTET_OPTS(octet_plan_op, op);

		if (octet_plan_op(c->got.keep, i, &op) || !converts(&op) || !op.output_count ||
		    op.inputs[0] < 0)
			continue;
		if (c->twin[op.outputs[0]] < 0)
			c->twin[op.outputs[0]] = c->twin[op.inputs[0]];
	}
}

static void find_twins(struct compare *c)
{
	uint32_t n = octet_model_tensors(c->got.model);

	memset(c->twin, 0xff, n * sizeof(*c->twin));
	for (uint32_t i = 0; i < octet_model_inputs(c->got.model); i++)
		c->twin[octet_model_input(c->got.model, i)] = octet_model_input(c->ref.model, i);
	/* An exact name anywhere comes before one that is only alike. */
	for (int exact = 1; exact >= 0; exact--)
		for (uint32_t i = 0; i < n; i++)
			if (c->twin[i] < 0)
				c->twin[i] = by_name(c, i, exact);
	if (by_place(c, false))
		by_place(c, true);
	through_conversions(c);
}

static void describe(struct compare *c, const struct octet_plan_op *op, uint32_t index,
		     uint32_t tensor)
{
	struct compare_layer *l = &c->layer[c->layers++];
	OCTET_OPTS(octet_tensor_info, t);
	int lo, hi;

	octet_model_tensor(c->got.model, tensor, &t);
	l->op = index;
	l->tensor = tensor;
	l->twin = (uint32_t)c->twin[tensor];
	l->code = op->name;
	l->elements = elements_of(c->got.model, tensor);
	l->name = t.name;
	l->coded = t.quants == 1 && t.type != OCTET_INT32;
	if (!l->coded)
		return;
	lo = t.type == OCTET_UINT8 ? 0 : t.type == OCTET_INT8 ? -128 : -32768;
	hi = t.type == OCTET_UINT8 ? 255 : t.type == OCTET_INT8 ? 127 : 32767;
	l->scale = t.scale[0];
	l->zero_point = t.zero_point[0];
	l->low = (double)t.scale[0] * (lo - t.zero_point[0]);
	l->high = (double)t.scale[0] * (hi - t.zero_point[0]);
}

static size_t count_results(const struct compare_side *s)
{
	size_t n = 0;

	for (uint32_t i = 0; i < octet_model_ops(s->model); i++) {
		OCTET_OPTS(octet_plan_op, op);

		if (!octet_plan_op(s->keep, i, &op))
			n += op.output_count;
	}
	return n;
}

int compare_match(struct compare *c)
{
	c->twin = calloc(octet_model_tensors(c->got.model) + 1, sizeof(*c->twin));
	c->layer = calloc(count_results(&c->got) + 1, sizeof(*c->layer));
	if (!c->twin || !c->layer) {
		fputs("octet compare: out of memory\n", stderr);
		return EXIT_FAILED;
	}
	find_twins(c);
	for (uint32_t i = 0; i < octet_model_ops(c->got.model); i++) {
		OCTET_OPTS(octet_plan_op, op);

		if (octet_plan_op(c->got.keep, i, &op) || converts(&op))
			continue;
		for (uint32_t k = 0; k < op.output_count; k++) {
			if (c->twin[op.outputs[k]] >= 0)
				describe(c, &op, i, (uint32_t)op.outputs[k]);
			else
				c->unmatched++;
		}
	}
	if (c->layers)
		return EXIT_OK;
	fprintf(stderr, "octet: %s, %s: no result of the one has the name and size of a result of the "
		"other: are these two forms of one network?\n", c->ref.path, c->got.path);
	return EXIT_FAILED;
}
