/* SPDX-License-Identifier: MIT */
/*
 * Random jobs for the self-test: raw commands over every operation, type, shape
 * rule, tail and edge, alone, through SRAM or in chains, with their memory.
 */
#ifndef OCTET_TOOL_RANDOP_H
#define OCTET_TOOL_RANDOP_H

#include <drm/octet_isa.h>

#include "tool.h"

#define RANDOP_CMDS	12
#define RANDOP_BLOCKS	48
#define RANDOP_OPERANDS	6

/**
 * struct randop_block - a piece of memory of the job
 * @plain: commands may write it: neither records nor tables nor constants
 */
struct randop_block {
	size_t bytes;
	uint8_t *data;
	bool plain;
};

/**
 * struct randop - one job
 *
 * @cmd: complete but for virtual addresses, see randop_place()
 * @block: memory, with what is there before the job
 * @sram: bytes of SRAM that the commands place
 * @invalid: what was made wrong on purpose, NULL if nothing
 */
struct randop {
	struct octet_cmd cmd[RANDOP_CMDS];
	uint32_t count;
	struct randop_block block[RANDOP_BLOCKS];
	uint32_t blocks;
	uint32_t sram;
	const char *invalid;
};

/* Makes one, @packed: for a device that takes packed weights; -ENOMEM. */
int randop_make(struct randop *op, struct tool_random *r, bool packed);
void randop_free(struct randop *op);

/* The commands, their memory being at @base, one address a block. */
void randop_place(const struct randop *op, const uint64_t *base, struct octet_cmd *cmds);

/* Breaks one rule of a command. */
void randop_break(struct randop *op, struct tool_random *r);

/* The operand @index of a command. */
struct octet_operand *randop_operand(struct octet_cmd *cmd, unsigned int index);

/* The block that an operand's (unplaced) address is in; -1: none. */
int randop_block(uint64_t addr);

/* A line a command, for people. */
void randop_describe(const struct randop *op, char *text, size_t size);

#endif
