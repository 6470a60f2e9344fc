// SPDX-License-Identifier: MIT
/* Memory and names of graphs. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph.h"

#define CHUNK	(32u << 10)
#define ALIGN	16u

/* Blocks that are freed together; bytes follow. */
struct chunk {
	struct chunk *next;
	size_t used, size;
} __attribute__((aligned(ALIGN)));

struct owned_graph {
	struct octet_graph graph;
	struct chunk *chunks;
};

struct octet_graph *octet_graph_new(void)
{
	struct owned_graph *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->graph.description = "";
	return &o->graph;
}

void *octet_graph_alloc(struct octet_graph *g, uint64_t count, size_t size)
{
	struct owned_graph *o = (struct owned_graph *)g;
	struct chunk *c = o->chunks;
	uint64_t bytes;

	if (__builtin_mul_overflow(count, (uint64_t)size, &bytes) || bytes > SIZE_MAX / 2)
		return NULL;
	bytes = (bytes + ALIGN - 1) / ALIGN * ALIGN;
	if (!c || c->size - c->used < bytes) {
		size_t room = bytes > CHUNK ? bytes : CHUNK;

		c = calloc(1, sizeof(*c) + room);
		if (!c)
			return NULL;
		c->size = room;
		c->next = o->chunks;
		o->chunks = c;
	}
	c->used += bytes;
	return (uint8_t *)(c + 1) + c->used - bytes;
}

void octet_graph_free(struct octet_graph *g)
{
	struct owned_graph *o = (struct owned_graph *)g;
	struct chunk *next;

	if (!o)
		return;
	for (struct chunk *c = o->chunks; c; c = next) {
		next = c->next;
		free(c);
	}
	free(o);
}

/** struct type_info - name and bits of an element type */
static const struct type_info {
	const char *name;
	uint32_t bits;
} types[] = {
	[OCTET_INT8] = { "int8", 8 },		[OCTET_UINT8] = { "uint8", 8 },
	[OCTET_INT16] = { "int16", 16 },	[OCTET_INT32] = { "int32", 32 },
	[OCTET_INT4] = { "int4", 4 },		[OCTET_INT64] = { "int64", 64 },
	[OCTET_FLOAT32] = { "float32", 32 },	[OCTET_BOOL] = { "bool", 8 },
	[OCTET_FLOAT16] = { "float16", 16 },
};

static const struct type_info *type_info(enum octet_dtype type)
{
	static const struct type_info none = { "?", 0 };

	if ((size_t)type >= sizeof(types) / sizeof(types[0]) || !types[type].name)
		return &none;
	return &types[type];
}

uint64_t octet_graph_bytes(enum octet_dtype type, uint64_t elements)
{
	return (elements * type_info(type)->bits + 7) / 8;
}

const char *octet_graph_type_name(enum octet_dtype type)
{
	return type_info(type)->name;
}

const char *octet_graph_label(const struct octet_graph *g, int32_t tensor,
			      char out[OCTET_GRAPH_LABEL])
{
	const char *name;
	size_t length;
	int at;

	if (tensor < 0 || (uint32_t)tensor >= g->tensor_count) {
		snprintf(out, OCTET_GRAPH_LABEL, "tensor %d", tensor);
		return out;
	}
	name = g->tensors[tensor].name ? g->tensors[tensor].name : "";
	/* Names of fused operators have hundreds of bytes; the start says enough. */
	length = strnlen(name, 60);
	at = snprintf(out, OCTET_GRAPH_LABEL, "tensor %d '%.*s%s'", tensor, (int)length, name,
		      name[length] ? "..." : "");
	/* A file's name shall not steer the terminal. */
	for (int i = 0; i < at; i++)
		if ((uint8_t)out[i] < 0x20 || out[i] == 0x7f)
			out[i] = '?';
	return out;
}
