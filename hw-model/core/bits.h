/* SPDX-License-Identifier: MIT */
/*
 * The macros that driver/octet_regs.h expects of whoever includes it, and
 * fields and little-endian loads on top of them.
 */
#ifndef OCTET_BITS_H
#define OCTET_BITS_H

#include <stdint.h>

#define BIT(n)			(1u << (n))
#define BIT_ULL(n)		(UINT64_C(1) << (n))
#define GENMASK(h, l)		((~0u >> (31 - (h))) & (~0u << (l)))
#define GENMASK_ULL(h, l)	((~UINT64_C(0) >> (63 - (h))) & (~UINT64_C(0) << (l)))

/* Lowest set bit: what a field's value is multiplied by. */
#define OCTET_FIELD_ONE(mask)		((mask) & (~(mask) + 1))
#define OCTET_FIELD_GET(mask, v)	(((v) & (mask)) / OCTET_FIELD_ONE(mask))
#define OCTET_FIELD_PREP(mask, v)	(((v) * OCTET_FIELD_ONE(mask)) & (mask))

static inline uint64_t octet_get64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static inline void octet_put64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

#endif /* OCTET_BITS_H */
