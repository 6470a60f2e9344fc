/* SPDX-License-Identifier: MIT */
/*
 * COPY and FILL: runs of memory where both operands have them, else square
 * tiles, so that a transpose reads and writes whole lines of the cache.
 */
#include <errno.h>

#include "op.h"

#define TILE 32

/**
 * struct copy - a walk seen as planes
 * @inner, @outer: the dimensions of a plane: inner has dst's smallest steps,
 *	outer src's
 */
struct copy {
	const struct octet_cpu *cpu;
	struct cpu_walk w;
	unsigned int size;
	int inner, outer;
};

static void one(uint8_t *to, const uint8_t *from, unsigned int size)
{
	if (size == 1)
		*to = *from;
	else if (size == 2)
		memcpy(to, from, 2);
	else
		memcpy(to, from, 4);
}

static void line(const struct copy *c, uint8_t *to, const uint8_t *from,
		 size_t n)
{
	const uint64_t sx = c->w.stride[0][c->inner];
	const uint64_t sy = c->w.stride[1][c->inner];

	if (sx == c->size && sy == c->size) {
		memcpy(to, from, n * c->size);
		return;
	}
	if (!sx && sy == 1 && c->size == 1) {
		memset(to, *from, n);
		return;
	}
	if (c->size == 1)
		for (size_t i = 0; i < n; i++)
			to[i * sy] = from[i * sx];
	else
		for (size_t i = 0; i < n; i++)
			one(to + i * sy, from + i * sx, c->size);
}

static size_t least(uint64_t a, uint64_t b)
{
	return (size_t)(a < b ? a : b);
}

static int plane(const struct copy *c, uint8_t *to, const uint8_t *from)
{
	const uint64_t rows = c->w.extent[c->outer], all = c->w.extent[c->inner];
	const uint64_t step = c->w.stride[0][c->inner];
	const bool runs = !step || step == c->size;
	const uint64_t wide = runs ? CPU_RUN * 64 : TILE;
	const uint64_t *sx = c->w.stride[0], *sy = c->w.stride[1];

	for (uint64_t i0 = 0; i0 < rows; i0 += TILE)
		for (uint64_t j = 0; j < all; j += wide) {
			if (octet_cpu_canceled(c->cpu))
				return -ECANCELED;
			for (uint64_t i = i0; i < least(rows, i0 + TILE); i++)
				line(c, to + i * sy[c->outer] + j * sy[c->inner],
				     from + i * sx[c->outer] + j * sx[c->inner],
				     least(all - j, wide));
		}
	return 0;
}

static int least_stride(const struct cpu_walk *w, unsigned int i, int except)
{
	int best = -1;

	for (int d = CPU_DIMS - 1; d >= 0; d--)
		if (d != except && w->extent[d] > 1 &&
		    (best < 0 || w->stride[i][d] < w->stride[i][best]))
			best = d;
	return best;
}

static int planes(struct copy *c)
{
	struct cpu_walk *w = &c->w;
	int rest[2], n = 0;

	c->inner = least_stride(w, 1, -1);
	if (c->inner < 0)
		c->inner = CPU_DIMS - 1;
	c->outer = least_stride(w, 0, c->inner);
	for (int d = CPU_DIMS - 1; c->outer < 0; d--)
		if (d != c->inner)
			c->outer = d;
	for (int d = 0; d < CPU_DIMS; d++)
		if (d != c->inner && d != c->outer)
			rest[n++] = d;
	for (uint64_t i = 0; i < w->extent[rest[0]]; i++)
		for (uint64_t j = 0; j < w->extent[rest[1]]; j++) {
			int err = plane(c, w->base[1] +
					   i * w->stride[1][rest[0]] +
					   j * w->stride[1][rest[1]],
					w->base[0] +
					   i * w->stride[0][rest[0]] +
					   j * w->stride[0][rest[1]]);

			if (err)
				return err;
		}
	return 0;
}

int octet_cpu_op_copy(struct octet_cpu *cpu, const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	struct copy c = { .cpu = cpu, .size = work->y_size };
	uint32_t value = (uint32_t)cmd->pad_value;

	c.w.operands = 2;
	c.w.base[0] = (uint8_t *)(uintptr_t)work->x;
	c.w.base[1] = work->y;
	for (int d = 0; d < CPU_DIMS; d++) {
		c.w.extent[d] = work->dst.extent[d];
		c.w.stride[0][d] = work->src.stride[d];
		c.w.stride[1][d] = work->dst.stride[d];
	}
	if (cmd->sub == OCTET_COPY_FILL) {
		c.w.base[0] = (uint8_t *)&value;
		memset(c.w.stride[0], 0, sizeof(c.w.stride[0]));
	}
	octet_cpu_walk_join(&c.w);
	return planes(&c);
}
