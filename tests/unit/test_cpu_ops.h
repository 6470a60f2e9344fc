/* SPDX-License-Identifier: MIT */
/* Commands of every operation with their memory, and what they must give. */
#ifndef OCTET_TEST_CPU_OPS_H
#define OCTET_TEST_CPU_OPS_H

#include "test_cpu.h"

/* Operands by enum octet_operand_index, then the table. */
#define OPS_TABLE	6
#define OPS_PLACES	7

/**
 * ops_reference - the manual's formulas, one element after the other
 * @p: element 0 of each operand and the table, inputs not overlapped by dst
 * @y: element 0 of the result
 */
void ops_reference(const struct octet_cmd *c, const uint8_t *const *p,
		   uint8_t *y);

/* One element of SOFTMAX, REDUCE, RESIZE for it: ops_ref_rows.c's part. */
int64_t ops_softmax(const struct octet_cmd *c, const uint8_t *x,
		    const int32_t *table, uint32_t channel);
int64_t ops_reduce(const struct octet_cmd *c, const uint8_t *x);
int64_t ops_resize(const struct octet_cmd *c, const uint8_t *image,
		   const struct octet_tap *taps, uint32_t y, uint32_t x,
		   uint32_t channel);
int64_t ops_value(unsigned int type, const uint8_t *p);
unsigned int ops_size(unsigned int type);

/* Extents along the strides; returns the elements of the innermost run. */
uint64_t ops_extents(const struct octet_cmd *c, unsigned int operand,
		     uint32_t extent[4]);
/* Bytes of a place, 0 if the command has none there. */
uint64_t ops_bytes(const struct octet_cmd *c, unsigned int place);

/* A random command of the operation, valid but for addresses. */
struct octet_cmd ops_random(uint64_t *rng, enum octet_op op);
/* Random strides of the operands: gaps, broadcasts, other orders for COPY. */
void ops_strides(uint64_t *rng, struct octet_cmd *c);
/* Strides without gaps. */
void ops_dense(struct octet_cmd *c, unsigned int operand);
/* Random contents of a place, valid for the command. */
void ops_fill(uint64_t *rng, const struct octet_cmd *c, unsigned int place,
	      uint8_t *p, uint64_t bytes);

#endif
