/* SPDX-License-Identifier: MIT */
/* The part of the reference about rows of channels, and RESIZE. */
#include "test_cpu_ops.h"

static int64_t saturated(int64_t v)
{
	return v < INT32_MIN ? INT32_MIN : v > INT32_MAX ? INT32_MAX : v;
}

/* RHU(p q / 2^31) */
static int64_t mul(int64_t p, int64_t q)
{
	return (p * q + (1 << 30)) >> 31;
}

static int64_t recip(int64_t a)
{
	const int64_t h = (a + (INT64_C(1) << 31)) >> 1;
	int64_t x = 1515870810 + mul(h, -1010580540);

	for (int i = 0; i < 3; i++)
		x = saturated(x + saturated(4 * mul(x, (1 << 29) - mul(h, x))));
	return saturated(2 * x);
}

int64_t ops_softmax(const struct octet_cmd *c, const uint8_t *x,
		    const int32_t *table, uint32_t channel)
{
	int64_t most = INT64_MIN, s = 0, e, y = 0;
	int k = 0;

	for (uint32_t i = 0; i < c->cin; i++)
		if (ops_value(c->src.type, x + i) > most)
			most = ops_value(c->src.type, x + i);
	for (uint32_t i = 0; i < c->cin; i++) {
		e = table[most - ops_value(c->src.type, x + i)];
		s += c->sub == OCTET_SOFTMAX_DIVIDE ? e : (e + 2048) >> 12;
	}
	e = table[most - ops_value(c->src.type, x + channel)];
	if (s && c->sub == OCTET_SOFTMAX_DIVIDE) {
		y = (512 * e + s) / (2 * s);
	} else if (s) {
		while (!(s << k & INT64_C(1) << 31))
			k++;
		y = mul(recip((s << k) - (INT64_C(1) << 31)), e);
		y = (y + (INT64_C(1) << (34 - k))) >> (35 - k);
	}
	y += c->dst.zero_point;
	return y < c->act_min ? c->act_min : y > c->act_max ? c->act_max : y;
}

int64_t ops_reduce(const struct octet_cmd *c, const uint8_t *x)
{
	const bool least = c->sub == OCTET_REDUCE_MIN ||
			   c->sub == OCTET_REDUCE_ARGMIN;
	const unsigned int size = ops_size(c->src.type);
	int64_t best = ops_value(c->src.type, x), at = 0;

	for (uint32_t i = 1; i < c->cin; i++) {
		const int64_t v = ops_value(c->src.type, x + i * size);

		if (least ? v < best : v > best) {
			best = v;
			at = i;
		}
	}
	return c->sub >= OCTET_REDUCE_ARGMAX ? at : best;
}

int64_t ops_resize(const struct octet_cmd *c, const uint8_t *image,
		   const struct octet_tap *taps, uint32_t y, uint32_t x,
		   uint32_t channel)
{
	const struct octet_tap *row = &taps[y], *column = &taps[c->oh + x];
	const unsigned int size = ops_size(c->src.type);
	int64_t v = 0;

	for (int i = 0; i < 4; i++) {
		const uint64_t at = (i & 1 ? row->hi : row->lo) *
				    (c->h > 1 ? c->src.stride[2] : 0) +
				    (i & 2 ? column->hi : column->lo) *
				    (c->w > 1 ? c->src.stride[3] : 0);

		v += (int64_t)(i & 1 ? row->weight : 1024 - row->weight) *
		     (i & 2 ? column->weight : 1024 - column->weight) *
		     ops_value(c->src.type, image + at + channel * size);
	}
	/* ties away from zero: of the magnitude, up */
	return v < 0 ? -((-v + (1 << 19)) >> 20) : (v + (1 << 19)) >> 20;
}
