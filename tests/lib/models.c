// SPDX-License-Identifier: MIT
/* The builder of small networks: tensors, operators, the result. See models.h. */

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models_priv.h"
#include "tflite/schema.h"
#include "tflite/tflite.h"

void mb_die(const char *format, ...)
{
	va_list args;

	fputs("models: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(2);
}

static void *grow(void *list, uint32_t count, uint32_t *room, size_t size)
{
	if (count < *room)
		return list;
	*room = *room ? *room * 2 : 16;
	list = realloc(list, *room * size);
	if (!list)
		mb_die("out of memory");
	return list;
}

struct mb *mb_new(uint64_t seed)
{
	struct mb *m = calloc(1, sizeof(*m));

	if (m)
		m->g = octet_graph_new();
	if (!m || !m->g)
		mb_die("out of memory");
	m->state = seed;
	m->g->description = "made by Octet's tests";
	return m;
}

void mb_free(struct mb *m)
{
	if (!m)
		return;
	octet_graph_free(m->g);
	free(m->tensors);
	free(m->spread);
	free(m->ops);
	free(m->inputs);
	free(m->outputs);
	free(m);
}

/* splitmix64 */
uint32_t mb_random(struct mb *m)
{
	uint64_t z = m->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)(z >> 32);
}

double mb_uniform(struct mb *m)
{
	return mb_random(m) / 4294967296.0;
}

void *mb_copy(struct mb *m, const void *data, size_t bytes)
{
	void *to = octet_graph_alloc(m->g, bytes, 1);

	if (!to)
		mb_die("out of memory");
	if (data && bytes)
		memcpy(to, data, bytes);
	return to;
}

/* Values all over a type, seen from the zero point. */
static double whole_range(enum octet_dtype type, int32_t zero_point)
{
	double middle = type == OCTET_UINT8 ? 127.5 : -0.5;

	switch (type) {
	case OCTET_INT8:
	case OCTET_UINT8:
		return sqrt(73.9 * 73.9 + (middle - zero_point) * (middle - zero_point));
	case OCTET_INT16:
		return 18918;
	default:
		return 1;
	}
}

int mb_tensor(struct mb *m, const char *name, enum octet_dtype type, struct mb_shape shape,
	      float scale, int32_t zero_point)
{
	uint32_t i = m->g->tensor_count, room = m->tensor_room;
	struct octet_graph_tensor *t;

	m->spread = grow(m->spread, i, &room, sizeof(*m->spread));
	m->tensors = grow(m->tensors, i, &m->tensor_room, sizeof(*m->tensors));
	m->g->tensors = m->tensors;
	m->g->tensor_count++;
	t = &m->tensors[i];
	*t = (struct octet_graph_tensor){
		.type = type, .rank = shape.rank, .elements = 1, .producer = -1,
	};
	t->name = mb_copy(m, name ? name : "", name ? strlen(name) + 1 : 1);
	for (uint32_t d = 0; d < shape.rank; d++) {
		t->dims[d] = shape.dims[d];
		t->elements *= shape.dims[d];
	}
	t->bytes = octet_graph_bytes(type, t->elements);
	m->spread[i] = whole_range(type, zero_point);
	if (scale > 0)
		mb_set_quant(m, (int)i, scale, zero_point);
	return (int)i;
}

void mb_set_quant(struct mb *m, int tensor, float scale, int32_t zero_point)
{
	struct octet_graph_tensor *t = mb_get(m, tensor);

	t->quants = 1;
	t->axis = 0;
	t->scale = mb_copy(m, &scale, sizeof(scale));
	t->zero_point = mb_copy(m, &zero_point, sizeof(zero_point));
}

struct octet_graph_tensor *mb_get(struct mb *m, int tensor)
{
	if (tensor < 0 || (uint32_t)tensor >= m->g->tensor_count)
		mb_die("tensor %d of %u does not exist", tensor, m->g->tensor_count);
	return &m->tensors[tensor];
}

struct mb_shape mb_shape_of(struct mb *m, int x)
{
	const struct octet_graph_tensor *t = mb_get(m, x);
	struct mb_shape shape = { .rank = t->rank };

	memcpy(shape.dims, t->dims, sizeof(shape.dims));
	return shape;
}

bool mb_is_float(struct mb *m, int x)
{
	return mb_get(m, x)->type == OCTET_FLOAT32;
}

int mb_alike(struct mb *m, const char *name, int x, struct mb_shape shape)
{
	struct octet_graph_tensor t = *mb_get(m, x);
	int y = mb_tensor(m, name, t.type, shape, t.quants ? t.scale[0] : 0,
			  t.quants ? t.zero_point[0] : 0);

	m->spread[y] = m->spread[x];
	return y;
}

int mb_input(struct mb *m, const char *name, enum octet_dtype type, struct mb_shape shape,
	     float scale, int32_t zero_point)
{
	int x = mb_tensor(m, name, type, shape, scale, zero_point);

	m->inputs = grow(m->inputs, m->g->input_count, &m->input_room, sizeof(*m->inputs));
	m->inputs[m->g->input_count++] = x;
	m->g->inputs = m->inputs;
	return x;
}

void mb_output(struct mb *m, int tensor)
{
	mb_get(m, tensor);
	m->outputs = grow(m->outputs, m->g->output_count, &m->output_room, sizeof(*m->outputs));
	m->outputs[m->g->output_count++] = tensor;
	m->g->outputs = m->outputs;
}

/* Random contents; int4 and weights of int8 leave out the lowest code. */
static void *contents(struct mb *m, const struct octet_graph_tensor *t)
{
	uint8_t *bytes = mb_copy(m, NULL, t->bytes);
	float *floats = (float *)bytes;

	for (uint64_t i = 0; i < t->bytes; i++) {
		uint32_t r = mb_random(m);

		if (t->type == OCTET_INT8)
			bytes[i] = (uint8_t)(int8_t)((int32_t)(r % 255) - 127);
		else if (t->type == OCTET_INT4)
			bytes[i] = (uint8_t)(((r % 15 + 9) & 15) | ((r >> 8) % 15 + 9) << 4);
		else
			bytes[i] = (uint8_t)(r >> 8);
	}
	/* The high nibble of an odd last one. */
	if (t->type == OCTET_INT4 && t->elements % 2)
		bytes[t->bytes - 1] &= 15;
	for (uint64_t i = 0; t->type == OCTET_FLOAT32 && i < t->elements; i++)
		floats[i] = (float)(2 * mb_uniform(m) - 1);
	for (uint64_t i = 0; t->type == OCTET_BOOL && i < t->elements; i++)
		bytes[i] &= 1;
	return bytes;
}

int mb_const(struct mb *m, const char *name, enum octet_dtype type, struct mb_shape shape,
	     float scale, int32_t zero_point, const void *data)
{
	int x = mb_tensor(m, name, type, shape, scale, zero_point);
	struct octet_graph_tensor *t = mb_get(m, x);

	t->data = data ? mb_copy(m, data, t->bytes) : contents(m, t);
	return x;
}

int mb_const_channel(struct mb *m, const char *name, enum octet_dtype type,
		     struct mb_shape shape, uint32_t axis, const float *scale, const void *data)
{
	int x = mb_const(m, name, type, shape, 0, 0, data);
	struct octet_graph_tensor *t = mb_get(m, x);

	t->quants = shape.dims[axis];
	t->axis = axis;
	t->scale = mb_copy(m, scale, t->quants * sizeof(*scale));
	t->zero_point = mb_copy(m, NULL, t->quants * sizeof(*t->zero_point));
	return x;
}

int mb_ints(struct mb *m, uint32_t count, const int32_t *values)
{
	return mb_const(m, "", OCTET_INT32, MB(count), 0, 0, values);
}

static struct octet_graph_op *new_op(struct mb *m, uint32_t code, uint32_t input_count,
				     const int *inputs, uint32_t output_count, const int *outputs)
{
	struct octet_graph_op *op;

	m->ops = grow(m->ops, m->g->op_count, &m->op_room, sizeof(*m->ops));
	m->g->ops = m->ops;
	op = &m->ops[m->g->op_count];
	*op = (struct octet_graph_op){
		.code = code, .name = tfl_op(code) ? tfl_op(code)->name : "?", .version = 1,
		.input_count = input_count, .output_count = output_count,
	};
	op->inputs = mb_copy(m, inputs, input_count * sizeof(*inputs));
	op->outputs = mb_copy(m, outputs, output_count * sizeof(*outputs));
	for (uint32_t i = 0; i < output_count; i++)
		mb_get(m, outputs[i])->producer = (int32_t)m->g->op_count;
	m->g->op_count++;
	return op;
}

void mb_op(struct mb *m, uint32_t code, const union octet_graph_options *opt,
	   uint32_t input_count, const int *inputs, uint32_t output_count, const int *outputs)
{
	struct octet_graph_op *op = new_op(m, code, input_count, inputs, output_count, outputs);

	if (opt)
		op->opt = *opt;
}

void mb_custom(struct mb *m, const char *name, const void *options, size_t bytes,
	       uint32_t input_count, const int *inputs, uint32_t output_count,
	       const int *outputs)
{
	struct octet_graph_op *op = new_op(m, OCTET_G_CUSTOM, input_count, inputs, output_count,
					   outputs);

	op->name = mb_copy(m, name, strlen(name) + 1);
	op->custom = bytes ? mb_copy(m, options, bytes) : NULL;
	op->custom_bytes = bytes;
}

const struct octet_graph *mb_graph(struct mb *m)
{
	return m->g;
}

void mb_finish(struct mb *m, void **bytes, size_t *size)
{
	char err[256];
	int rc = octet_tflite_write(m->g, bytes, size, err, sizeof(err));

	if (rc)
		mb_die("octet_tflite_write: %d, %s", rc, err);
}
