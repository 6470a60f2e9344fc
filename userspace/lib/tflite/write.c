// SPDX-License-Identifier: MIT
/* The writer: a graph as a .tflite file, by the same field table as the reader. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fbw.h"
#include "tflite.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
/* As the schema demands of buffers. */
#define BUFFER_ALIGN	16u
#define OPTIONS_MAX	16u

/**
 * struct writer
 *
 * @codes: [op_count]: entry of operator_codes of each operator
 * @first: [code_count]: an operator with that code
 * @failed: what is wrong with the graph; 0: nothing
 */
struct writer {
	struct fbw w;
	const struct octet_graph *g;
	uint32_t *codes, *first;
	uint32_t code_count;
	int failed;
	char *err;
	size_t err_size;
};

__attribute__((format(printf, 2, 3)))
static void refuse(struct writer *o, const char *format, ...)
{
	va_list args;

	if (o->failed)
		return;
	o->failed = -EINVAL;
	if (!o->err || !o->err_size)
		return;
	va_start(args, format);
	vsnprintf(o->err, o->err_size, format, args);
	va_end(args);
}

static bool same_code(const struct octet_graph_op *a, const struct octet_graph_op *b)
{
	return a->code == b->code && a->version == b->version &&
	       (a->code != OCTET_G_CUSTOM || !strcmp(a->name, b->name));
}

static void number_codes(struct writer *o)
{
	for (uint32_t i = 0; i < o->g->op_count; i++) {
		uint32_t c = 0;

		while (c < o->code_count &&
		       !same_code(&o->g->ops[o->first[c]], &o->g->ops[i]))
			c++;
		if (c == o->code_count)
			o->first[o->code_count++] = i;
		o->codes[i] = c;
	}
}

static void write_codes(struct writer *o, size_t model)
{
	size_t list = fbw_vector(&o->w, 4, o->code_count, NULL, 4);

	fbw_link(&o->w, model, TFL_Model_operator_codes, list);
	for (uint32_t c = 0; c < o->code_count; c++) {
		const struct octet_graph_op *op = &o->g->ops[o->first[c]];
		bool custom = op->code == OCTET_G_CUSTOM;
		int32_t old = op->code < TFL_CODE_EXTENDED ? (int32_t)op->code : TFL_CODE_EXTENDED;
		struct fbw_value values[] = {
			{ TFL_OperatorCode_deprecated_builtin_code, old, 0 },
			{ TFL_OperatorCode_version, op->version, 0 },
			{ TFL_OperatorCode_builtin_code, (int32_t)op->code, 0 },
			{ TFL_OperatorCode_custom_code, 0, 0 },
		};
		size_t t = fbw_table(&o->w, TFL_OperatorCode, values, COUNT(values) - !custom);

		fbw_link_element(&o->w, list, c, t);
		if (custom)
			fbw_link(&o->w, t, TFL_OperatorCode_custom_code,
				 fbw_string(&o->w, op->name));
	}
}

/* Buffer 0 is empty; the constants' follow in the order of the tensors. */
static void write_buffers(struct writer *o, size_t model)
{
	static const struct fbw_value value = { TFL_Buffer_data, 0, 0 };
	uint32_t count = 1, next = 1;
	size_t list, t;

	for (uint32_t i = 0; i < o->g->tensor_count; i++)
		count += o->g->tensors[i].data != NULL;
	list = fbw_vector(&o->w, 4, count, NULL, 4);
	fbw_link(&o->w, model, TFL_Model_buffers, list);
	fbw_link_element(&o->w, list, 0, fbw_table(&o->w, TFL_Buffer, NULL, 0));
	for (uint32_t i = 0; i < o->g->tensor_count; i++) {
		const struct octet_graph_tensor *x = &o->g->tensors[i];

		if (!x->data)
			continue;
		t = fbw_table(&o->w, TFL_Buffer, &value, 1);
		fbw_link_element(&o->w, list, next++, t);
		fbw_link(&o->w, t, TFL_Buffer_data,
			 fbw_vector(&o->w, 1, x->bytes, x->data, BUFFER_ALIGN));
	}
}

static void write_quants(struct writer *o, const struct octet_graph_tensor *x, size_t tensor)
{
	struct fbw_value values[] = {
		{ TFL_QuantizationParameters_scale, 0, 0 },
		{ TFL_QuantizationParameters_zero_point, 0, 0 },
		{ TFL_QuantizationParameters_quantized_dimension, (int32_t)x->axis, 0 },
	};
	size_t t, zeros;

	if (!x->quants)
		return;
	t = fbw_table(&o->w, TFL_QuantizationParameters, values, COUNT(values));
	fbw_link(&o->w, tensor, TFL_Tensor_quantization, t);
	fbw_link(&o->w, t, TFL_QuantizationParameters_scale,
		 fbw_vector(&o->w, 4, x->quants, x->scale, 4));
	zeros = fbw_vector(&o->w, 8, x->quants, NULL, 8);
	fbw_link(&o->w, t, TFL_QuantizationParameters_zero_point, zeros);
	for (uint32_t i = 0; !o->w.error && i < x->quants; i++)
		memcpy(o->w.data + zeros + 4 + 8 * (size_t)i, &(int64_t){ x->zero_point[i] }, 8);
}

static void write_tensors(struct writer *o, size_t graph)
{
	size_t list = fbw_vector(&o->w, 4, o->g->tensor_count, NULL, 4);
	int32_t next = 1;

	fbw_link(&o->w, graph, TFL_SubGraph_tensors, list);
	for (uint32_t i = 0; i < o->g->tensor_count; i++) {
		const struct octet_graph_tensor *x = &o->g->tensors[i];
		struct fbw_value values[] = {
			{ TFL_Tensor_shape, 0, 0 },
			{ TFL_Tensor_type, tfl_type_of(x->type), 0 },
			{ TFL_Tensor_buffer, x->data ? next++ : 0, 0 },
			{ TFL_Tensor_name, 0, 0 },
			{ TFL_Tensor_is_variable, x->variable, 0 },
			{ TFL_Tensor_has_rank, 1, 0 },
			{ TFL_Tensor_quantization, 0, 0 },
		};
		size_t t;

		if (tfl_type_of(x->type) < 0 || x->rank > OCTET_GRAPH_RANK) {
			refuse(o, "tensor %u: element type %d or rank %u is unknown", i, x->type,
			       x->rank);
			return;
		}
		t = fbw_table(&o->w, TFL_Tensor, values, COUNT(values) - !x->quants);
		fbw_link_element(&o->w, list, i, t);
		fbw_link(&o->w, t, TFL_Tensor_shape, fbw_vector(&o->w, 4, x->rank, x->dims, 4));
		fbw_link(&o->w, t, TFL_Tensor_name, fbw_string(&o->w, x->name ? x->name : ""));
		write_quants(o, x, t);
	}
}

/* Which axes SQUEEZE took away; returns how many. */
static uint32_t squeezed(const struct octet_graph_tensor *x, const struct octet_graph_tensor *y,
			 int32_t *dims)
{
	uint32_t count = 0, at = 0;

	for (uint32_t i = 0; i < x->rank; i++) {
		if (at < y->rank && y->dims[at] == x->dims[i])
			at++;
		else
			dims[count++] = (int32_t)i;
	}
	return count;
}

static void write_options(struct writer *o, const struct octet_graph_op *op, size_t operator)
{
	const struct tfl_op_info *info = tfl_op(op->code);
	const struct octet_graph_tensor *x = octet_graph_input(o->g, op, 0);
	const struct octet_graph_tensor *y = octet_graph_output(o->g, op, 0);
	struct fbw_value values[OPTIONS_MAX];
	int32_t dims[OCTET_GRAPH_RANK];
	size_t count = 0, t;

	for (int f = 0; f < TFL_FIELD_COUNT && count < OPTIONS_MAX; f++) {
		const uint8_t *member = (const uint8_t *)&op->opt + tfl_fields[f].member;

		if (tfl_fields[f].table != info->table)
			continue;
		values[count] = (struct fbw_value){ .field = f };
		if (tfl_fields[f].member >= 0) {
			memcpy(&values[count].i, member, 4);
			memcpy(&values[count].f, member, 4);
		}
		count++;
	}
	t = fbw_table(&o->w, info->table, values, count);
	fbw_link(&o->w, operator, TFL_Operator_builtin_options, t);
	if (info->table == TFL_ReshapeOptions)
		fbw_link(&o->w, t, TFL_ReshapeOptions_new_shape,
			 fbw_vector(&o->w, 4, y ? y->rank : 0, y ? y->dims : NULL, 4));
	if (info->table == TFL_SqueezeOptions)
		fbw_link(&o->w, t, TFL_SqueezeOptions_squeeze_dims,
			 fbw_vector(&o->w, 4, x && y ? squeezed(x, y, dims) : 0, dims, 4));
}

static void write_op(struct writer *o, uint32_t i, size_t list)
{
	const struct octet_graph_op *op = &o->g->ops[i];
	const struct tfl_op_info *info = tfl_op(op->code);
	struct fbw_value values[7] = {
		{ TFL_Operator_opcode_index, (int32_t)o->codes[i], 0 },
		{ TFL_Operator_inputs, 0, 0 },
		{ TFL_Operator_outputs, 0, 0 },
	};
	size_t count = 3, t;

	if (info && info->options) {
		values[count++] = (struct fbw_value){ TFL_Operator_builtin_options_type,
						      info->options, 0 };
		values[count++] = (struct fbw_value){ .field = TFL_Operator_builtin_options };
	}
	if (op->custom)
		values[count++] = (struct fbw_value){ .field = TFL_Operator_custom_options };
	if (op->intermediate_count)
		values[count++] = (struct fbw_value){ .field = TFL_Operator_intermediates };
	t = fbw_table(&o->w, TFL_Operator, values, count);
	fbw_link_element(&o->w, list, i, t);
	fbw_link(&o->w, t, TFL_Operator_inputs,
		 fbw_vector(&o->w, 4, op->input_count, op->inputs, 4));
	fbw_link(&o->w, t, TFL_Operator_outputs,
		 fbw_vector(&o->w, 4, op->output_count, op->outputs, 4));
	if (op->custom)
		fbw_link(&o->w, t, TFL_Operator_custom_options,
			 fbw_vector(&o->w, 1, op->custom_bytes, op->custom, 4));
	if (op->intermediate_count)
		fbw_link(&o->w, t, TFL_Operator_intermediates,
			 fbw_vector(&o->w, 4, op->intermediate_count, op->intermediates, 4));
	if (info && info->options)
		write_options(o, op, t);
}

static void write_graph(struct writer *o, size_t model)
{
	static const struct fbw_value values[] = {
		{ TFL_SubGraph_tensors, 0, 0 },
		{ TFL_SubGraph_inputs, 0, 0 },
		{ TFL_SubGraph_outputs, 0, 0 },
		{ TFL_SubGraph_operators, 0, 0 },
		{ TFL_SubGraph_name, 0, 0 },
	};
	size_t graphs = fbw_vector(&o->w, 4, 1, NULL, 4);
	size_t t = fbw_table(&o->w, TFL_SubGraph, values, COUNT(values)), list;

	fbw_link(&o->w, model, TFL_Model_subgraphs, graphs);
	fbw_link_element(&o->w, graphs, 0, t);
	write_tensors(o, t);
	fbw_link(&o->w, t, TFL_SubGraph_inputs,
		 fbw_vector(&o->w, 4, o->g->input_count, o->g->inputs, 4));
	fbw_link(&o->w, t, TFL_SubGraph_outputs,
		 fbw_vector(&o->w, 4, o->g->output_count, o->g->outputs, 4));
	list = fbw_vector(&o->w, 4, o->g->op_count, NULL, 4);
	fbw_link(&o->w, t, TFL_SubGraph_operators, list);
	for (uint32_t i = 0; i < o->g->op_count; i++)
		write_op(o, i, list);
	fbw_link(&o->w, t, TFL_SubGraph_name, fbw_string(&o->w, "main"));
}

static void check_list(struct writer *o, const char *what, uint32_t count, const int32_t *list)
{
	for (uint32_t i = 0; i < count; i++)
		if (list[i] < -1 || list[i] >= (int64_t)o->g->tensor_count)
			refuse(o, "%s name tensor %d, the graph has %u", what, list[i],
			       o->g->tensor_count);
}

static void check_graph(struct writer *o)
{
	const struct octet_graph *g = o->g;

	check_list(o, "inputs", g->input_count, g->inputs);
	check_list(o, "outputs", g->output_count, g->outputs);
	for (uint32_t i = 0; i < g->op_count; i++) {
		check_list(o, "an operator's inputs", g->ops[i].input_count, g->ops[i].inputs);
		check_list(o, "an operator's outputs", g->ops[i].output_count, g->ops[i].outputs);
		if (g->ops[i].code == OCTET_G_CUSTOM && !g->ops[i].name)
			refuse(o, "operator %u is a custom one and has no name", i);
	}
}

static int write_model(struct writer *o)
{
	static const struct fbw_value values[] = {
		{ TFL_Model_version, (int32_t)TFL_VERSION, 0 },
		{ TFL_Model_operator_codes, 0, 0 },
		{ TFL_Model_subgraphs, 0, 0 },
		{ TFL_Model_description, 0, 0 },
		{ TFL_Model_buffers, 0, 0 },
	};
	size_t model;

	fbw_begin(&o->w);
	model = fbw_table(&o->w, TFL_Model, values, COUNT(values));
	write_codes(o, model);
	write_graph(o, model);
	fbw_link(&o->w, model, TFL_Model_description,
		 fbw_string(&o->w, o->g->description ? o->g->description : ""));
	write_buffers(o, model);
	return fbw_end(&o->w, model);
}

int octet_tflite_write(const struct octet_graph *graph, void **bytes, size_t *size, char *err,
		       size_t err_size)
{
	struct writer o = { .g = graph, .err = err, .err_size = err_size };
	int rc = -ENOMEM;

	check_graph(&o);
	if (o.failed)
		return o.failed;
	o.codes = calloc((size_t)graph->op_count + 1, sizeof(*o.codes));
	o.first = calloc((size_t)graph->op_count + 1, sizeof(*o.first));
	if (o.codes && o.first) {
		number_codes(&o);
		rc = write_model(&o);
	}
	free(o.codes);
	free(o.first);
	if (!rc && o.failed)
		free(o.w.data);
	else if (rc && err && err_size)
		snprintf(err, err_size, "%s", rc == -EFBIG ? "the file would exceed 2 GiB" :
			 "out of memory");
	if (rc || o.failed)
		return rc ? rc : o.failed;
	*bytes = o.w.data;
	*size = o.w.size;
	return 0;
}
