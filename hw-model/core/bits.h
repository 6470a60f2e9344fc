/* SPDX-License-Identifier: MIT */
/*
 * The macros that driver/octet_regs.h expects of whoever includes it, and
 * fields and little-endian loads on top of them.
 */
#ifndef OCTET_BITS_H
#define OCTET_BITS_H

#include <stdint.h>
#include <string.h>

#define BIT(n)			(1u << (n))
#define BIT_ULL(n)		(UINT64_C(1) << (n))
#define GENMASK(h, l)		((~0u >> (31 - (h))) & (~0u << (l)))
#define GENMASK_ULL(h, l)	((~UINT64_C(0) >> (63 - (h))) & (~UINT64_C(0) << (l)))

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "records are copied as they are: the model needs a little-endian host"
#endif

/* Lowest set bit: what a field's value is multiplied by. */
#define OCTET_FIELD_ONE(mask)		((mask) & (~(mask) + 1))
#define OCTET_FIELD_GET(mask, v)	(((v) & (mask)) / OCTET_FIELD_ONE(mask))
#define OCTET_FIELD_PREP(mask, v)	(((v) * OCTET_FIELD_ONE(mask)) & (mask))

static inline uint64_t octet_get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void octet_put64(uint8_t *p, uint64_t v)
{
	memcpy(p, &v, sizeof(v));
}

#endif /* OCTET_BITS_H */
