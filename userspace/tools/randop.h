/* SPDX-License-Identifier: MIT */
/*
 * Random operations for the self-test: raw commands over every code, type, shape
 * rule and edge, with the bytes of their operands.
 */
#ifndef OCTET_TOOL_RANDOP_H
#define OCTET_TOOL_RANDOP_H

#include <drm/octet_isa.h>

#include "tool.h"

#define RANDOP_OPERANDS 6

/**
 * struct randop - one operation
 *
 * @cmd: complete but for addresses, which are offsets into the operands' bytes
 * @next: a second command, which reads @cmd's result out of SRAM; op 0 if there is none
 * @bytes: of each operand's memory, by enum octet_operand_index, 0 if absent
 * @data: their contents; that of dst is what is there before
 * @sram: bytes of SRAM the two commands share
 * @invalid: what was made wrong on purpose, NULL if nothing
 */
struct randop {
	struct octet_cmd cmd, next;
	size_t bytes[RANDOP_OPERANDS];
	uint8_t *data[RANDOP_OPERANDS];
	uint32_t sram;
	const char *invalid;
};

/* Makes one; -ENOMEM. */
int randop_make(struct randop *op, struct tool_random *r);
void randop_free(struct randop *op);

/* Breaks one rule of the command. */
void randop_break(struct randop *op, struct tool_random *r);

/* The operand @index of a command. */
struct octet_operand *randop_operand(struct octet_cmd *cmd, unsigned int index);

/* One line for people. */
void randop_describe(const struct randop *op, char *text, size_t size);

#endif
