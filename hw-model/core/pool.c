// SPDX-License-Identifier: MIT
/* POOL: a block of channels is carried through all taps of a window. */
#include <errno.h>
#include <string.h>

#include "compute.h"
#include "output_stage.h"

OCTET_VECTOR_LOOPS

/** struct pool - a command; @rq is that of SUM */
struct pool {
	const struct octet_work *work;
	const struct octet_cmd *cmd;
	const struct octet_requant *rq;
	struct octet_pacer pacer;
};

/** struct window - the taps of a pixel that are inside the image; end exclusive */
struct window {
	size_t image, y0, y1, x0, x1, taps;
};

/* The quotient of every 8-bit sum: tests/unit/test_compute_pool.c tries all ties. */
#define RECIPROCAL_MAX 1024

/*
 * acc[c] over @n channels from @c0 on. The channels of a row of taps lie
 * @cin apart.
 */
#define OVER_WINDOW(name, type, sum, start, step)					\
static void name(const struct pool *p, const struct window *w, size_t c0, size_t n,	\
		 sum *restrict acc)							\
{											\
	const struct octet_cmd *cmd = p->cmd;						\
											\
	for (size_t c = 0; c < n; c++)							\
		acc[c] = (start);							\
	for (size_t y = w->y0; y < w->y1; y++) {					\
		size_t at = (w->image * cmd->h + y) * cmd->w + w->x0;			\
		const type *x = (const type *)p->work->src + at * cmd->cin + c0;	\
											\
		for (size_t i = w->x0; i < w->x1; i++, x += cmd->cin)			\
			for (size_t c = 0; c < n; c++)					\
				acc[c] = (step);					\
	}										\
}

OVER_WINDOW(max_s8, int8_t, int8_t, INT8_MIN, x[c] > acc[c] ? x[c] : acc[c])
OVER_WINDOW(max_u8, uint8_t, uint8_t, 0, x[c] > acc[c] ? x[c] : acc[c])
OVER_WINDOW(max_s16, int16_t, int16_t, INT16_MIN, x[c] > acc[c] ? x[c] : acc[c])
OVER_WINDOW(sum_s8, int8_t, int32_t, 0, acc[c] + x[c])
OVER_WINDOW(sum_u8, uint8_t, int32_t, 0, acc[c] + x[c])
OVER_WINDOW(sum_s16, int16_t, int64_t, 0, acc[c] + x[c])

#define CLAMP(to, from, type)								\
	for (size_t c = 0; c < n; c++)							\
		((type *)(to))[c] = (type)octet_clamp((int32_t)(from)[c], cmd->act_min,	\
						      cmd->act_max)

static void maximum(const struct pool *p, const struct window *w, size_t c0, size_t n, void *dst)
{
	const struct octet_cmd *cmd = p->cmd;
	OCTET_SCRATCH uint8_t u8[OCTET_BLOCK];
	OCTET_SCRATCH int8_t s8[OCTET_BLOCK];
	OCTET_SCRATCH int16_t s16[OCTET_BLOCK];

	switch (cmd->src.type) {
	case OCTET_TYPE_INT8:
		max_s8(p, w, c0, n, s8);
		CLAMP(dst, s8, int8_t);
		break;
	case OCTET_TYPE_UINT8:
		max_u8(p, w, c0, n, u8);
		CLAMP(dst, u8, uint8_t);
		break;
	default:
		max_s16(p, w, c0, n, s16);
		CLAMP(dst, s16, int16_t);
		break;
	}
}

static void sum8(const struct pool *p, const struct window *w, size_t c0, size_t n, int32_t *acc)
{
	if (p->cmd->src.type == OCTET_TYPE_INT8)
		sum_s8(p, w, c0, n, acc);
	else
		sum_u8(p, w, c0, n, acc);
}

/* ties away from zero */
static int64_t quotient(int64_t sum, int64_t n)
{
	return sum < 0 ? -((-2 * sum + n) / (2 * n)) : (2 * sum + n) / (2 * n);
}

static void average8(const struct pool *p, const struct window *w, size_t c0, size_t n,
		     uint8_t *dst)
{
	const struct octet_cmd *cmd = p->cmd;
	OCTET_SCRATCH int32_t acc[OCTET_BLOCK];
	unsigned int bits = w->taps > 1 ? 32 - (unsigned int)__builtin_clz((unsigned int)w->taps - 1)
					: 0;
	int64_t mult = (((1ll << 30) + 1) << bits) / (int64_t)w->taps;

	sum8(p, w, c0, n, acc);
	if (w->taps <= RECIPROCAL_MAX)
		for (size_t c = 0; c < n; c++)
			acc[c] = (int32_t)((acc[c] * mult + (1ll << (29 + bits))) >> (30 + bits));
	else
		for (size_t c = 0; c < n; c++)
			acc[c] = (int32_t)quotient(acc[c], (int64_t)w->taps);
	CLAMP(dst, acc, uint8_t);
}

static void average16(const struct pool *p, const struct window *w, size_t c0, size_t n,
		      int16_t *dst)
{
	const struct octet_cmd *cmd = p->cmd;
	OCTET_SCRATCH int64_t acc[OCTET_BLOCK];

	sum_s16(p, w, c0, n, acc);
	for (size_t c = 0; c < n; c++)
		acc[c] = quotient(acc[c], (int64_t)w->taps);
	CLAMP(dst, acc, int16_t);
}

static void sum(const struct pool *p, const struct window *w, size_t c0, size_t n, void *dst)
{
	OCTET_SCRATCH int32_t acc[OCTET_BLOCK];
	/* modulo 2^32 */
	uint32_t zero = (uint32_t)w->taps * (uint32_t)p->cmd->src.zero_point;

	sum8(p, w, c0, n, acc);
	for (size_t c = 0; c < n; c++)
		acc[c] = (int32_t)((uint32_t)acc[c] - zero);
	octet_requant_store(p->rq, acc, c0, n, dst);
}

static bool pixel(struct pool *p, const struct window *w, uint8_t *dst)
{
	const struct octet_cmd *cmd = p->cmd;
	size_t size = octet_type_size(cmd->dst.type);

	for (size_t c0 = 0; c0 < cmd->cout; c0 += OCTET_BLOCK, dst += OCTET_BLOCK * size) {
		size_t n = cmd->cout - c0 < OCTET_BLOCK ? cmd->cout - c0 : OCTET_BLOCK;

		if (octet_pace(&p->pacer, n * (w->taps + 4)))
			return false;
		if (cmd->sub == OCTET_POOL_MAX)
			maximum(p, w, c0, n, dst);
		else if (cmd->sub == OCTET_POOL_SUM)
			sum(p, w, c0, n, dst);
		else if (cmd->src.type == OCTET_TYPE_INT16)
			average16(p, w, c0, n, (int16_t *)dst);
		else
			average8(p, w, c0, n, dst);
	}
	return true;
}

/* [*from, *to): the part of @taps taps from @at on that is inside [0, extent) */
static void inside(int64_t at, int64_t taps, int64_t extent, size_t *from, size_t *to)
{
	*from = (size_t)(at < 0 ? 0 : at);
	*to = (size_t)(at + taps > extent ? extent : at + taps);
}

int octet_compute_pool(const struct octet_work *work, const struct octet_requant *rq)
{
	const struct octet_cmd *cmd = &work->cmd;
	struct pool p = { .work = work, .cmd = cmd, .rq = rq, .pacer.work = work };
	size_t per_image = (size_t)cmd->oh * cmd->ow;
	size_t bytes = cmd->cout * octet_type_size(cmd->dst.type);

	for (size_t i = 0; i < octet_pixels(cmd); i++) {
		struct window w = { .image = i / per_image };
		size_t y = i % per_image / cmd->ow, x = i % cmd->ow;

		inside((int64_t)y * cmd->sh - cmd->pt, cmd->r, cmd->h, &w.y0, &w.y1);
		inside((int64_t)x * cmd->sw - cmd->pl, cmd->s, cmd->w, &w.x0, &w.x1);
		w.taps = (w.y1 - w.y0) * (w.x1 - w.x0);
		if (!pixel(&p, &w, work->dst + i * bytes))
			return -ECANCELED;
	}
	return 0;
}
