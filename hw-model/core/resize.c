// SPDX-License-Identifier: MIT
/* RESIZE: the table says which two rows and columns a result mixes. */
#include <errno.h>

#include "compute.h"
#include "simd.h"

OCTET_VECTOR_LOOPS

/** struct corners - four input pixels and their weights, in 2^-20 */
struct corners {
	size_t at[4];
	int32_t weight[4];
};

/* @sum: an integer that holds 5 * 2^20 times the largest code, both weights being -1 */
#define MIX(name, target, type, sum)							\
target static void name(const struct octet_work *work, const struct corners *q, size_t p,	\
			size_t o, size_t n)						\
{											\
	const type *src = (const type *)work->src + o;					\
	const type *a = src + q->at[0], *b = src + q->at[1];				\
	const type *c = src + q->at[2], *d = src + q->at[3];				\
	type *restrict to = (type *)work->dst + p * work->cmd.cout + o;			\
	const sum wa = q->weight[0], wb = q->weight[1];					\
	const sum wc = q->weight[2], wd = q->weight[3];					\
	const sum lo = work->cmd.act_min, hi = work->cmd.act_max;			\
	OCTET_SCRATCH sum v[OCTET_BLOCK];						\
											\
	for (size_t i = 0; i < n; i++)							\
		v[i] = wa * a[i] + wb * b[i] + wc * c[i] + wd * d[i];			\
	/* a sign of 0 or -1 makes the rounding symmetric */				\
	for (size_t i = 0; i < n; i++)							\
		v[i] = (v[i] + (1 << 19) + (v[i] >> (sizeof(sum) * 8 - 1))) >> 20;	\
	for (size_t i = 0; i < n; i++)							\
		v[i] = v[i] < lo ? lo : v[i] > hi ? hi : v[i];				\
	for (size_t i = 0; i < n; i++)							\
		to[i] = (type)v[i];							\
}

MIX(mix_s8, , int8_t, int32_t)
MIX(mix_u8, , uint8_t, int32_t)
MIX(mix_s16, , int16_t, int64_t)

/* multiplications of 32 bits are what matters: before SSE4.1 there are none in vectors */
#if defined(__x86_64__)
#define AVX2 __attribute__((target("avx2")))
MIX(avx2_s8, AVX2, int8_t, int32_t)
MIX(avx2_u8, AVX2, uint8_t, int32_t)
MIX(avx2_s16, AVX2, int16_t, int64_t)
#else
#define avx2_s8 mix_s8
#define avx2_u8 mix_u8
#define avx2_s16 mix_s16
#endif

typedef void mix(const struct octet_work *work, const struct corners *q, size_t p, size_t o,
		 size_t n);

static mix *choose(unsigned int type)
{
	bool vectors = octet_simd_get() != &octet_simd_portable;

	switch (type) {
	case OCTET_TYPE_INT8:
		return vectors ? avx2_s8 : mix_s8;
	case OCTET_TYPE_UINT8:
		return vectors ? avx2_u8 : mix_u8;
	}
	return vectors ? avx2_s16 : mix_s16;
}

static struct corners corners(const struct octet_cmd *cmd, size_t image,
			      const struct octet_tap *row, const struct octet_tap *column)
{
	size_t lo = (image * cmd->h + row->lo) * cmd->w, hi = (image * cmd->h + row->hi) * cmd->w;
	int32_t below = OCTET_TAP_ONE - row->weight, left = OCTET_TAP_ONE - column->weight;

	return (struct corners) {
		.at = {
			(lo + column->lo) * cmd->cin, (lo + column->hi) * cmd->cin,
			(hi + column->lo) * cmd->cin, (hi + column->hi) * cmd->cin,
		},
		.weight = {
			below * left, below * column->weight,
			row->weight * left, row->weight * column->weight,
		},
	};
}

int octet_compute_resize(const struct octet_work *work)
{
	const struct octet_cmd *cmd = &work->cmd;
	struct octet_pacer pacer = { .work = work };
	const struct octet_tap *tap = work->table;
	size_t per_image = (size_t)cmd->oh * cmd->ow;
	mix *run = choose(cmd->src.type);

	for (size_t p = 0; p < octet_pixels(cmd); p++) {
		struct corners q = corners(cmd, p / per_image, &tap[p % per_image / cmd->ow],
					   &tap[cmd->oh + p % cmd->ow]);

		if (octet_pace(&pacer, 4 * (size_t)cmd->cout + 8))
			return -ECANCELED;
		for (size_t o = 0; o < cmd->cout; o += OCTET_BLOCK)
			run(work, &q, p, o,
			    cmd->cout - o < OCTET_BLOCK ? cmd->cout - o : OCTET_BLOCK);
	}
	return 0;
}
