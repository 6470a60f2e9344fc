// SPDX-License-Identifier: MIT
/* Memory that goes as a whole. */
#include <stdlib.h>
#include <string.h>

#include "place_priv.h"

struct place_chunk {
	struct place_chunk *next;
};

void *place_alloc(struct place_arena *arena, size_t bytes)
{
	size_t size = 1 << 16;
	struct place_chunk *c;
	char *at;

	bytes = (bytes + !bytes + 31) & ~(size_t)31;
	if (bytes > arena->left) {
		if (bytes > size)
			size = bytes;
		c = malloc(sizeof(*c) + 32 + size);
		if (!c) {
			arena->failed = true;
			return NULL;
		}
		c->next = arena->chunks;
		arena->chunks = c;
		arena->left = size;
		arena->at = (char *)(((uintptr_t)(c + 1) + 31) & ~(uintptr_t)31);
	}
	at = arena->at;
	arena->at += bytes;
	arena->left -= bytes;
	return memset(at, 0, bytes);
}

void place_free_all(struct place_arena *arena)
{
	while (arena->chunks) {
		struct place_chunk *c = arena->chunks;

		arena->chunks = c->next;
		free(c);
	}
	arena->left = 0;
}
