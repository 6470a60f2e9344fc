/* SPDX-License-Identifier: MIT */
/*
 * The output stage: from accumulators to results, by the six codes of
 * Documentation/hardware.rst, "Output stage". Integers only.
 */
#ifndef OCTET_OUTPUT_STAGE_H
#define OCTET_OUTPUT_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <drm/octet_isa.h>

struct octet_tail;
struct octet_work;

/**
 * struct octet_fix - one rescale by a FIX code
 *
 * y = (v * mult + (v < 0 ? neg : pos)) >> shift
 */
struct octet_fix {
	uint32_t mult, shift;
	int64_t pos, neg;
};

/**
 * octet_fix_init() - parameters of any code, for struct octet_requant
 * @broken: the injected fault: a constant of FIX_DBL is wrong
 */
struct octet_fix octet_fix_init(unsigned int code, uint32_t mult, uint32_t shift, bool broken);

/** octet_fix_one() - a FIX code, modulo 2^32. */
static inline int32_t octet_fix_one(const struct octet_fix *f, int32_t v)
{
	return (int32_t)((v * (int64_t)f->mult + (v < 0 ? f->neg : f->pos)) >> f->shift);
}

/**
 * struct octet_requant - parameters of a command's output stage
 *
 * The FIX codes are one formula, y = (v * mult + (v < 0 ? neg : pos)) >> shift.
 * FP32_RNE uses mult (24 bits, with the leading one) and shift (150 - biased
 * exponent). The arrays are padded, so that vectors may read past the end.
 *
 * @code: enum octet_stage
 * @type: enum octet_type of the result
 * @zero_point: of the result
 * @lo: lower clamp
 * @hi: upper clamp
 * @near_scale: what octet_simd.near() needs, per channel, or NULL
 * @near_bias: likewise
 * @near_turn: likewise
 * @wrap: the scaled value is taken modulo 2^32 before the zero point: sums of
 *	two tensors, not accumulators
 * @flat: all channels have the same parameters
 * @tail: what follows, or NULL
 */
struct octet_requant {
	unsigned int code;
	unsigned int type;
	int32_t zero_point;
	int32_t lo, hi;
	uint32_t *mult;
	uint32_t *shift;
	int64_t *pos;
	int64_t *neg;
	float *near_scale, *near_bias;
	int32_t *near_turn;
	bool wrap;
	bool flat;
	struct octet_tail *tail;
};

/**
 * octet_requant_init() - the command's output stage and tails, per channel
 *
 * Return: 0 or -ENOMEM; free with octet_requant_free().
 */
int octet_requant_init(struct octet_requant *rq, const struct octet_work *work);

/** Channels at a time where all have the same parameters. */
#define OCTET_FLAT 32

/** octet_requant_init_flat() - the same for OCTET_BLOCK elements that share dst.mult. */
int octet_requant_init_flat(struct octet_requant *rq, const struct octet_work *work);

/** octet_requant_init_sum() - one FIX for OCTET_BLOCK sums of two addends. */
int octet_requant_init_sum(struct octet_requant *rq, const struct octet_work *work,
			   unsigned int code, uint32_t mult, uint32_t shift);
void octet_requant_free(struct octet_requant *rq);

/** octet_requant_prepare() - @n channels for octet_requant_store_rows(), which is quicker then */
void octet_requant_prepare(struct octet_requant *rq, size_t n);

/** octet_requant_scalar() - what every struct octet_simd.requant must equal. */
void octet_requant_scalar(const struct octet_requant *rq, const int32_t *acc, size_t o0,
			  size_t n, int32_t *y);

/** octet_requant_bytes() - scaled, as codes of 8 bits. */
void octet_requant_bytes(const struct octet_requant *rq, const int32_t *acc, size_t o0, size_t n,
			 uint8_t *y);

/** octet_requant_run() - the fastest way: simd level, or modulo 2^32 where asked for. */
void octet_requant_run(const struct octet_requant *rq, const int32_t *acc, size_t o0, size_t n,
		       int32_t *y);

/**
 * octet_requant_store() - scale, apply the tail, narrow to the type of the result
 * @acc: accumulators of channels from @o0 on; n rounded up to 16 may be read
 * @n: up to OCTET_BLOCK
 * @dst: a place in the command's result
 */
void octet_requant_store(const struct octet_requant *rq, const int32_t *acc, size_t o0, size_t n,
			 void *dst);

/** octet_requant_store_rows() - @rows rows, @ldacc sums and @ldd elements apart */
void octet_requant_store_rows(const struct octet_requant *rq, const int32_t *acc, size_t ldacc,
			      size_t o0, size_t n, size_t rows, void *dst, size_t ldd);

/**
 * octet_output_stage_one() - one accumulator, for tests
 * @mult: bits of the float32 scale for FP32_RNE
 */
int32_t octet_output_stage_one(unsigned int stage, int32_t acc, int32_t bias, uint32_t mult,
			       uint32_t shift, int32_t zero_point, int32_t lo, int32_t hi);

#endif /* OCTET_OUTPUT_STAGE_H */
