/* SPDX-License-Identifier: MIT */
/* Commands with a field set to a value that is likely to be refused. */
#ifndef OCTET_TESTS_MUTATE_H
#define OCTET_TESTS_MUTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <drm/octet_isa.h>

#include "tool.h"

/** mutate_cmd() - set a random field, reserved ones too; @text says which */
void mutate_cmd(struct octet_cmd *cmd, struct tool_random *r, char *text, size_t size);

/** mutate_address() - move an operand to, or right before or behind, one of @places */
void mutate_address(struct octet_cmd *cmd, struct tool_random *r, const uint64_t *places,
		    uint32_t count, char *text, size_t size);

/** mutate_operand() - copy an operand over another, or take one away */
void mutate_operand(struct octet_cmd *cmd, struct tool_random *r, char *text, size_t size);

/** mutate_param() and so on - set a field of one of @count records or table entries */
void mutate_param(struct octet_param *prm, uint32_t count, struct tool_random *r, char *text,
		  size_t size);
void mutate_param16(struct octet_param16 *prm, uint32_t count, struct tool_random *r, char *text,
		    size_t size);
void mutate_channel(struct octet_channel *chn, uint32_t count, struct tool_random *r, char *text,
		    size_t size);
void mutate_tap(struct octet_tap *taps, uint32_t count, struct tool_random *r, char *text,
		size_t size);
void mutate_entry(int32_t *table, uint32_t count, struct tool_random *r, char *text, size_t size);

/** mutate_covers() - every byte of a command belongs to one field of the table */
bool mutate_covers(void);

#endif /* OCTET_TESTS_MUTATE_H */
