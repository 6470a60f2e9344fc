/* SPDX-License-Identifier: MIT */
/*
 * Random commands for the device's arithmetic, and the output stage a second
 * time: gemmlowp's two steps, 128 bits, and floats.
 */
#ifndef OCTET_TESTS_COMPUTE_ITEM_H
#define OCTET_TESTS_COMPUTE_ITEM_H

#include <stdatomic.h>
#include <stdint.h>

#include "core/work.h"

/* a command with its operands, freed by item_done() */
struct item {
	struct octet_work work;
	size_t results;
	atomic_bool cancel;
	atomic_uint progress;
};

/* what result @at has to be */
typedef int64_t item_want(const struct octet_work *work, size_t at);

uint32_t item_rnd(uint32_t n);

/* among all codes of a type */
int32_t item_code(uint8_t type);
int32_t item_low(uint8_t type);
int32_t item_high(uint8_t type);
size_t item_size(uint8_t type);

/* a random 8-bit type */
uint8_t item_type8(void);

/* the shape of operations on one tensor: n h w c */
void item_plain(struct octet_cmd *cmd, uint8_t op);

/* clamp to the type, sometimes to less */
void item_clamp(struct octet_cmd *cmd);

/* @n random bytes; one in four of them all alike and extreme */
uint8_t *item_bytes(size_t n);

/* operands for the command; a table is the test's business */
void item_start(struct item *it);
void item_done(struct item *it);

/* at every SIMD level; nothing past the end may change */
void item_check(struct item *it, item_want *want);

int32_t item_get(const void *p, size_t at, uint8_t type);

/* FIX codes without the reduction to 32 bits */
int64_t item_fix(unsigned int stage, int32_t v, uint32_t mult, uint32_t shift);
/* the same for an addend: modulo 2^32, from shift 0 on */
int32_t item_addend(unsigned int stage, int64_t v, uint32_t left, uint32_t mult, uint32_t shift);
/* a whole output stage */
int32_t item_stage(const struct octet_cmd *cmd, int32_t v);

#endif /* OCTET_TESTS_COMPUTE_ITEM_H */
