// SPDX-License-Identifier: MIT
/* Offsets of tensors in the SRAM: the best of some orders, first fit. */
#include <stdlib.h>
#include <string.h>

#include "place_priv.h"

static uint64_t length(const struct place_block *b)
{
	return b->to - b->from + 1;
}

/* each order puts first what is hard to place later */
static int by_area(const void *x, const void *y)
{
	const struct place_block *a = *(struct place_block *const *)x;
	const struct place_block *b = *(struct place_block *const *)y;
	octet_u128 u = (octet_u128)a->bytes * length(a), v = (octet_u128)b->bytes * length(b);

	return u != v ? (u < v ? 1 : -1) : a < b ? -1 : 1;
}

static int by_bytes(const void *x, const void *y)
{
	const struct place_block *a = *(struct place_block *const *)x;
	const struct place_block *b = *(struct place_block *const *)y;

	return a->bytes != b->bytes ? (a->bytes < b->bytes ? 1 : -1) : a < b ? -1 : 1;
}

static int by_time(const void *x, const void *y)
{
	const struct place_block *a = *(struct place_block *const *)x;
	const struct place_block *b = *(struct place_block *const *)y;

	return a->from != b->from ? (a->from > b->from ? 1 : -1) : by_bytes(x, y);
}

static int by_length(const void *x, const void *y)
{
	const struct place_block *a = *(struct place_block *const *)x;
	const struct place_block *b = *(struct place_block *const *)y;

	return length(a) != length(b) ? (length(a) < length(b) ? 1 : -1) : by_bytes(x, y);
}

/* the lowest place for block @i beside those before it in the order */
static void fit(struct place_block **order, uint32_t i)
{
	struct place_block *b = order[i];
	bool moved = true;

	b->offset = 0;
	while (moved) {
		moved = false;
		for (uint32_t k = 0; k < i; k++) {
			const struct place_block *o = order[k];

			if (o->from > b->to || b->from > o->to ||
			    o->offset >= b->offset + b->bytes || b->offset >= o->offset + o->bytes)
				continue;
			b->offset = o->offset + o->bytes;
			moved = true;
		}
	}
}

uint64_t place_offsets(struct place_block *blocks, uint32_t count)
{
	static int (*const orders[])(const void *, const void *) = {
		by_area, by_bytes, by_length, by_time,
	};
	struct place_block **order = malloc(count * sizeof(*order) + 1);
	uint64_t *best = malloc(count * sizeof(*best) + 1), least = UINT64_MAX;

	for (int o = 0; order && best && o < 4; o++) {
		uint64_t peak = 0;

		for (uint32_t i = 0; i < count; i++)
			order[i] = &blocks[i];
		qsort(order, count, sizeof(*order), orders[o]);
		for (uint32_t i = 0; i < count; i++) {
			fit(order, i);
			if (order[i]->offset + order[i]->bytes > peak)
				peak = order[i]->offset + order[i]->bytes;
		}
		if (peak >= least)
			continue;
		least = peak;
		for (uint32_t i = 0; i < count; i++)
			best[i] = blocks[i].offset;
	}
	for (uint32_t i = 0; best && least != UINT64_MAX && i < count; i++)
		blocks[i].offset = best[i];
	free(order);
	free(best);
	return least;
}
