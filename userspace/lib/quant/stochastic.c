// SPDX-License-Identifier: MIT
/*
 * A counter-based generator: number i does not need number i - 1, so that
 * neither threads nor the order of calls change a result.
 */

#include "quant.h"

/* The finalizer of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom
 * number generators, 2014).
 */
static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

#define GAMMA 0x9e3779b97f4a7c15u

double octet_stochastic(uint64_t seed, uint64_t stream, uint64_t index)
{
	uint64_t key = mix(mix(seed + GAMMA) + stream * GAMMA);

	return (double)(mix(key + (index + 1) * GAMMA) >> 11) * 0x1p-53;
}
