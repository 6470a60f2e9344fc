/* SPDX-License-Identifier: MIT */
/* Shared by the files that make random jobs. */
#ifndef OCTET_TOOL_RANDOP_PRIV_H
#define OCTET_TOOL_RANDOP_PRIV_H

#include "randop.h"

#define chance(r, percent) (tool_below(r, 100) < (percent))

/** struct randop_tensor - what a command may read: link of its chain, or SRAM */
struct randop_tensor {
	uint8_t type;
	uint32_t n, h, w, c;
	uint32_t addr;
};

/**
 * struct randop_maker - a job in the making
 *
 * @c: the command being made
 * @packed: the device takes packed weights
 * @in: what it reads if not fresh memory; @link: its number in the chain
 * @links: tensors of the chain under way, from 0; type 0: not to be read
 * @read: bit i: a command reads link i; @tame: each reads the newest one
 * @sram: what is in SRAM, so far
 */
struct randop_maker {
	struct randop *op;
	struct tool_random *r;
	struct octet_cmd *c;
	const struct randop_tensor *in;
	bool small, packed;
	struct randop_tensor links[OCTET_CHAIN_MAX];
	uint32_t link_count, read;
	bool tame;
	struct randop_tensor sram[RANDOP_CMDS];
	uint32_t sram_count, sram_bytes;
};

static inline uint32_t randop_pick(struct tool_random *r, uint32_t lo, uint32_t hi)
{
	return lo + tool_below(r, hi - lo + 1);
}

static inline bool randop_weighted(const struct octet_cmd *c)
{
	return c->op == OCTET_OP_CONV2D || c->op == OCTET_OP_DEPTHWISE ||
	       c->op == OCTET_OP_TCONV2D || c->op == OCTET_OP_GEMM;
}

static inline bool randop_is8(uint32_t type)
{
	return type == OCTET_TYPE_INT8 || type == OCTET_TYPE_UINT8;
}

static inline uint32_t randop_size(uint32_t type)
{
	return type == OCTET_TYPE_INT32 ? 4 : type == OCTET_TYPE_INT16 ? 2 : 1;
}

/* Extents, window, groups of an operation whose op, sub and src type are set. */
void randop_shape(struct randop_maker *m);

/* Strides of an operand in memory, dense where @gaps may not be; the bytes it spans. */
size_t randop_strides(struct randop_maker *m, unsigned int operand, bool dense);

/* A new block, -1 if there is none left. */
int randop_block_new(struct randop_maker *m, size_t bytes, bool plain);
uint64_t randop_address(int block, uint64_t offset);

/* Everything that is a number: zero points, scales, clamps, records, the table. */
void randop_numbers(struct randop_maker *m);

#endif
