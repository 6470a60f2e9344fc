/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __OCTET_ARENA_H__
#define __OCTET_ARENA_H__

#include <linux/types.h>

struct octet_chunk;

/**
 * struct octet_arena - memory of one submit at a time
 *
 * @size: bytes of @data
 * @used: of these
 * @asked: bytes that the submit has asked for in all
 * @chunks: what did not fit
 * @data: memory
 */
struct octet_arena {
	size_t size;
	size_t used;
	size_t asked;
	struct octet_chunk *chunks;
	u8 data[] __aligned(8);
};

struct octet_arena *octet_arena_take(struct octet_arena **slot);
void *octet_arena_alloc(struct octet_arena *arena, size_t n, size_t elem);
void octet_arena_give(struct octet_arena **slot, struct octet_arena *arena);
void octet_arena_free(struct octet_arena *arena);

#endif /* __OCTET_ARENA_H__ */
