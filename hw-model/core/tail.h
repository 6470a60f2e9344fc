/* SPDX-License-Identifier: MIT */
/*
 * Tails: what follows the output stage of a command, and the addends of
 * additions. Addends of 8-bit tensors are 256 values, so they are looked up.
 */
#ifndef OCTET_TAIL_H
#define OCTET_TAIL_H

#include "output_stage.h"
#include "work.h"

/** struct octet_addend - FIX((x - zero_point) << left) of one operand */
struct octet_addend {
	struct octet_fix fix;
	int32_t zero_point;
	uint32_t left;
};

static inline int32_t octet_addend_of(const struct octet_addend *a, int32_t x)
{
	return octet_fix_one(&a->fix, (int32_t)((uint32_t)(x - a->zero_point) << a->left));
}

/** octet_addend_codes() - the addends of all codes of an 8-bit type. */
void octet_addend_codes(const struct octet_addend *a, unsigned int type, int32_t *codes);

/**
 * octet_addend_sum() - sums of two 8-bit tensors, modulo 2^32
 * @own: what each code of @a stands for
 * @other: the same for @b
 */
void octet_addend_sum(const int32_t *own, const int32_t *other, const uint8_t *a,
		      const uint8_t *b, size_t n, int32_t *sum);

/** octet_tail_new() - NULL without memory; free with octet_tail_free(). */
struct octet_tail *octet_tail_new(const struct octet_work *work);
void octet_tail_free(struct octet_tail *tail);

/**
 * octet_tail_apply() - replace codes of the output stage by the results
 * @dst: in the command's result; src2 is read at the same place
 * @n: codes of a row, up to OCTET_BLOCK
 * @ldd: codes from a row to the next
 */
void octet_tail_apply(const struct octet_tail *tail, uint8_t *dst, size_t n, size_t rows,
		      size_t ldd);

#endif /* OCTET_TAIL_H */
