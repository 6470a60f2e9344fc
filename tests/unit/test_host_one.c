// SPDX-License-Identifier: MIT
/* Graphs of one operator. */

#include <stdlib.h>
#include <string.h>

#include "test_host.h"

void one_begin(struct one *o, uint32_t code, const char *name, uint64_t seed)
{
	memset(o, 0, sizeof(*o));
	o->state = (seed + 1) * 0xd1342543de82ef95u;
	one_random(o, 2);
	o->state ^= o->state >> 31;
	o->op.code = code;
	o->op.name = name;
	o->op.version = 1;
	o->op.inputs = o->in;
	o->op.outputs = o->out;
	o->op.intermediates = o->middle;
	o->g.tensors = o->t;
	o->g.ops = &o->op;
	o->g.op_count = 1;
	o->runs = 1;
}

void one_end(struct one *o)
{
	for (uint32_t i = 0; i < o->g.tensor_count; i++) {
		free(o->buffers[i]);
		free((void *)(uintptr_t)o->t[i].scale);
		free((void *)(uintptr_t)o->t[i].zero_point);
	}
}

uint32_t one_random(struct one *o, uint32_t n)
{
	uint64_t z = o->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return (uint32_t)((z >> 32) * n >> 32);
}

double one_real(struct one *o, double low, double high)
{
	return low + (high - low) * (one_random(o, 1u << 24) * 0x1p-24);
}

static size_t size_of(enum octet_dtype type)
{
	switch (type) {
	case OCTET_INT8:
	case OCTET_UINT8:
	case OCTET_BOOL:
		return 1;
	case OCTET_INT16:
	case OCTET_FLOAT16:
		return 2;
	case OCTET_INT64:
		return 8;
	default:
		return 4;
	}
}

int32_t one_tensor(struct one *o, enum octet_dtype type, uint32_t rank, const uint32_t *dims,
		   float scale, int32_t zero_point)
{
	int32_t i = (int32_t)o->g.tensor_count++;
	struct octet_graph_tensor *t = &o->t[i];

	t->name = "t";
	t->type = type;
	t->rank = rank;
	t->elements = 1;
	t->producer = -1;
	for (uint32_t d = 0; d < rank; d++) {
		t->dims[d] = dims[d];
		t->elements *= dims[d];
	}
	t->bytes = type == OCTET_INT4 ? (t->elements + 1) / 2 : t->elements * size_of(type);
	if (scale > 0) {
		float *s = malloc(sizeof(*s));
		int32_t *z = malloc(sizeof(*z));

		*s = scale;
		*z = zero_point;
		t->scale = s;
		t->zero_point = z;
		t->quants = 1;
	}
	o->buffers[i] = calloc(1, t->bytes + 8);
	return i;
}

void one_channels(struct one *o, int32_t i, uint32_t axis, const float *scale,
		  const int32_t *zero_point)
{
	struct octet_graph_tensor *t = &o->t[i];
	uint32_t n = t->dims[axis];
	float *s = malloc(n * sizeof(*s));
	int32_t *z = calloc(n, sizeof(*z));

	memcpy(s, scale, n * sizeof(*s));
	if (zero_point)
		memcpy(z, zero_point, n * sizeof(*z));
	free((void *)(uintptr_t)t->scale);
	free((void *)(uintptr_t)t->zero_point);
	t->scale = s;
	t->zero_point = z;
	t->quants = n;
	t->axis = axis;
}

void one_fill(struct one *o, int32_t i)
{
	struct octet_graph_tensor *t = &o->t[i];
	uint8_t *bytes = o->buffers[i];
	float *floats = o->buffers[i];

	o->given[i] = true;
	if (t->type == OCTET_FLOAT32) {
		for (uint64_t k = 0; k < t->elements; k++)
			floats[k] = (float)one_real(o, -4, 4);
		return;
	}
	for (uint64_t k = 0; k < t->bytes; k++) {
		bytes[k] = (uint8_t)one_random(o, 256);
		if (t->type == OCTET_BOOL)
			bytes[k] &= 1;
		/* Halves: neither infinite nor no number. */
		if (t->type == OCTET_FLOAT16 && (k & 1))
			bytes[k] &= 0xbf;
	}
	if (t->type == OCTET_INT4 && (t->elements & 1))
		bytes[t->bytes - 1] &= 15;
}

void one_const(struct one *o, int32_t i)
{
	o->t[i].data = o->buffers[i];
}

int32_t one_ints(struct one *o, uint32_t n, const int32_t *values)
{
	int32_t i = one_tensor(o, OCTET_INT32, n ? 1 : 0, &n, 0, 0);

	memcpy(o->buffers[i], values, (n ? n : 1) * sizeof(*values));
	one_const(o, i);
	return i;
}

void one_input(struct one *o, int32_t t)
{
	o->in[o->op.input_count++] = t;
}

void one_output(struct one *o, int32_t t)
{
	o->out[o->op.output_count++] = t;
	o->t[t].producer = 0;
}

void one_middle(struct one *o, int32_t t)
{
	o->middle[o->op.intermediate_count++] = t;
}

void one_variable(struct one *o, int32_t t)
{
	o->t[t].variable = true;
	if (o->t[t].type == OCTET_INT8)
		memset(o->buffers[t], o->t[t].zero_point[0], o->t[t].bytes);
}

int one_run(struct one *o)
{
	struct octet_host_call call = { .err = o->err, .err_size = sizeof(o->err) };
	octet_host_fn *fn;
	int ret = octet_host_find(&o->g, 0, &fn, &o->why_not);

	if (ret)
		return ret;
	call.g = &o->g;
	call.op = &o->op;
	call.buffers = o->buffers;
	call.scratch_bytes = octet_host_scratch(&o->g, 0);
	call.scratch = malloc(call.scratch_bytes + 1);
	for (uint32_t i = 0; i < o->runs && !ret; i++)
		ret = fn(&call);
	free(call.scratch);
	return ret;
}

uint64_t one_hash(const struct one *o, uint64_t hash)
{
	for (uint32_t i = 0; i < o->op.output_count; i++) {
		const uint8_t *b = o->buffers[o->out[i]];

		for (uint64_t k = 0; k < o->t[o->out[i]].bytes; k++)
			hash = (hash ^ b[k]) * 0x100000001b3u;
	}
	return hash;
}

static void put32(uint32_t v, FILE *f)
{
	fwrite(&v, sizeof(v), 1, f);
}

static void dump_tensor(const struct one *o, uint32_t i, FILE *f)
{
	const struct octet_graph_tensor *t = &o->t[i];
	uint32_t flags = t->data ? 1 : t->variable ? 4 : o->given[i] ? 2 : 0;

	put32(t->type, f);
	put32(t->rank, f);
	fwrite(t->dims, sizeof(t->dims), 1, f);
	put32(flags, f);
	put32(t->quants, f);
	put32(t->axis, f);
	if (t->quants) {
		fwrite(t->scale, sizeof(*t->scale), t->quants, f);
		fwrite(t->zero_point, sizeof(*t->zero_point), t->quants, f);
	}
	fwrite(&t->bytes, sizeof(t->bytes), 1, f);
	if (flags & 3)
		fwrite(o->buffers[i], 1, t->bytes, f);
}

void one_dump(const struct one *o, FILE *f)
{
	char name[64] = "";
	uint32_t options[16] = { 0 };

	snprintf(name, sizeof(name), "%s", o->op.name);
	memcpy(options, &o->op.opt, sizeof(o->op.opt));
	options[15] = o->runs;
	put32(0x4f435431, f);
	put32(o->op.code, f);
	put32((uint32_t)o->op.version, f);
	fwrite(name, sizeof(name), 1, f);
	fwrite(options, sizeof(options), 1, f);
	put32((uint32_t)o->op.custom_bytes, f);
	if (o->op.custom_bytes)
		fwrite(o->op.custom, 1, o->op.custom_bytes, f);
	put32(o->g.tensor_count, f);
	for (uint32_t i = 0; i < o->g.tensor_count; i++)
		dump_tensor(o, i, f);
	put32(o->op.input_count, f);
	fwrite(o->in, sizeof(*o->in), o->op.input_count, f);
	put32(o->op.output_count, f);
	fwrite(o->out, sizeof(*o->out), o->op.output_count, f);
	put32(o->op.intermediate_count, f);
	fwrite(o->middle, sizeof(*o->middle), o->op.intermediate_count, f);
}
