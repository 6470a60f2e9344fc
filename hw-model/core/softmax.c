// SPDX-License-Identifier: MIT
/* SOFTMAX: exponentials come from the table, the two variants divide differently. */
#include <errno.h>

#include "compute.h"

static int32_t saturate(int64_t v)
{
	return v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : (int32_t)v;
}

/* p q / 2^31, ties up */
static int32_t mul(int32_t p, int32_t q)
{
	return (int32_t)(((int64_t)p * q + (1ll << 30)) >> 31);
}

/* 2 / (1 + a), a and the result in units of 2^-31: Newton's steps from 48/17 - 32/17 h */
static int32_t recip(int32_t a)
{
	int32_t h = (int32_t)(((int64_t)a + (1ll << 31)) >> 1);
	int32_t x = 1515870810 + mul(h, -1010580540);

	for (int i = 0; i < 3; i++) {
		int32_t step = saturate(4ll * mul(x, (1 << 29) - mul(h, x)));

		x = saturate((int64_t)x + step);
	}
	return saturate(2ll * x);
}

/* e[c], and the largest code */
static void exponentials(const struct octet_work *work, const uint8_t *x, int32_t *e)
{
	const struct octet_cmd *cmd = &work->cmd;
	const int32_t *table = work->table;
	uint8_t flip = cmd->src.type == OCTET_TYPE_INT8 ? 128 : 0, m = 0;

	for (size_t c = 0; c < cmd->cin; c++)
		m = (x[c] ^ flip) > m ? x[c] ^ flip : m;
	for (size_t c = 0; c < cmd->cin; c++)
		e[c] = table[m - (x[c] ^ flip)];
}

static void reciprocal(const struct octet_cmd *cmd, int32_t *e)
{
	uint32_t s = 0, k;
	int32_t r;

	for (size_t c = 0; c < cmd->cin; c++)
		s += ((uint32_t)e[c] + (1 << 11)) >> 12;
	k = s ? (uint32_t)__builtin_clz(s) : 0;
	r = s ? recip((int32_t)((s << k) - (1u << 31))) : 0;
	for (size_t c = 0; c < cmd->cin; c++)
		e[c] = (int32_t)((mul(r, e[c]) + (1ll << (34 - k))) >> (35 - k));
}

static void divide(const struct octet_cmd *cmd, int32_t *e)
{
	uint64_t s = 0;

	for (size_t c = 0; c < cmd->cin; c++)
		s += (uint64_t)e[c];
	for (size_t c = 0; s && c < cmd->cin; c++)
		e[c] = (int32_t)((512 * (uint64_t)e[c] + s) / (2 * s));
}

int octet_compute_softmax(const struct octet_work *work)
{
	const struct octet_cmd *cmd = &work->cmd;
	struct octet_pacer pacer = { .work = work };
	OCTET_SCRATCH int32_t e[OCTET_SOFTMAX_MAX];

	for (size_t p = 0; p < octet_pixels(cmd); p++) {
		uint8_t *to = work->dst + p * cmd->cin;

		if (octet_pace(&pacer, 8 * (size_t)cmd->cin))
			return -ECANCELED;
		exponentials(work, work->src + p * cmd->cin, e);
		if (cmd->sub == OCTET_SOFTMAX_DIVIDE)
			divide(cmd, e);
		else
			reciprocal(cmd, e);
		for (size_t c = 0; c < cmd->cin; c++)
			to[c] = (uint8_t)octet_clamp(e[c] + cmd->dst.zero_point, cmd->act_min,
						     cmd->act_max);
	}
	return 0;
}
