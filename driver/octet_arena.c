// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Arena
 *
 * A submit needs half a dozen small arrays until it returns. They come from one
 * block, which the queue keeps for its next submit, so that a queue in steady
 * state allocates none. Submits of several threads to one queue find the
 * slot empty and get a block of their own.
 */
#include <linux/atomic.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "octet_arena.h"

#define OCTET_ARENA_MIN		(2048 - sizeof(struct octet_arena))
#define OCTET_ARENA_MAX		(SZ_16K - sizeof(struct octet_arena))

/**
 * struct octet_chunk - memory beside the block
 *
 * @next: chunk
 * @data: memory
 */
struct octet_chunk {
	struct octet_chunk *next;
	u8 data[] __aligned(8);
};

static struct octet_arena *octet_arena_new(size_t size)
{
	struct octet_arena *arena = kvmalloc(sizeof(*arena) + size, GFP_KERNEL);

	if (!arena)
		return NULL;
	arena->size = size;
	arena->used = 0;
	arena->asked = 0;
	arena->chunks = NULL;
	return arena;
}

/* Return: the block of @slot or a new one, or NULL. */
struct octet_arena *octet_arena_take(struct octet_arena **slot)
{
	return xchg(slot, NULL) ?: octet_arena_new(OCTET_ARENA_MIN);
}

/* Return: memory with any contents that lasts until the arena is given back, or NULL */
void *octet_arena_alloc(struct octet_arena *arena, size_t n, size_t elem)
{
	size_t bytes = size_mul(n, elem);
	struct octet_chunk *chunk;
	void *p;

	/* No more than kvmalloc() gives; what overflows is SIZE_MAX. */
	if (bytes > INT_MAX)
		return NULL;
	bytes = ALIGN(bytes, 8);
	if (bytes <= arena->size - arena->used) {
		p = arena->data + arena->used;
		arena->used += bytes;
		arena->asked += bytes;
		return p;
	}

	chunk = kvmalloc(sizeof(*chunk) + bytes, GFP_KERNEL);
	if (!chunk)
		return NULL;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	arena->asked += bytes;
	return chunk->data;
}

static void octet_arena_free_chunks(struct octet_arena *arena)
{
	struct octet_chunk *chunk;

	while ((chunk = arena->chunks)) {
		arena->chunks = chunk->next;
		kvfree(chunk);
	}
}

void octet_arena_free(struct octet_arena *arena)
{
	if (!arena)
		return;
	octet_arena_free_chunks(arena);
	kvfree(arena);
}

/* Keeps the block for the next submit; a larger one if this was too small. */
void octet_arena_give(struct octet_arena **slot, struct octet_arena *arena)
{
	size_t asked = arena->asked;
	struct octet_arena *larger = NULL;

	octet_arena_free_chunks(arena);
	if (asked > arena->size && arena->size < OCTET_ARENA_MAX)
		larger = octet_arena_new(min(roundup_pow_of_two(asked), OCTET_ARENA_MAX));
	if (larger) {
		kvfree(arena);
		arena = larger;
	}
	arena->used = 0;
	arena->asked = 0;
	octet_arena_free(xchg(slot, arena));
}
