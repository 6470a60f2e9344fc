// SPDX-License-Identifier: MIT
/*
 * May this process use AMX? The processor must have it, and Linux keeps room for tiles
 * only where a process asks: once for all of its threads, also those yet to come.
 */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE	/* syscall() */
#endif
#include "simd.h"

#if defined(__x86_64__) && defined(__linux__)

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OSXSAVE		(1u << 27)	/* leaf 1, ecx */
#define AMX_TILE	(1u << 24)	/* leaf 7, edx */
#define AMX_INT8	(1u << 25)
#define TILE_STATES	(3u << 17)	/* XCR0: shapes, contents */
#define TILE_CONTENTS	18
#define REQ_XCOMP_PERM	0x1023		/* arch_prctl() */

/* tiles as simd_amx.c wants them: eight of sixteen rows of 64 bytes */
static bool palette_fits(void)
{
	unsigned int a, b, c, d;

	if (!__get_cpuid_count(0x1d, 1, &a, &b, &c, &d))
		return false;
	return (b & 0xffff) == 64 && b >> 16 >= 8 && (c & 0xffff) == 16;
}

bool octet_amx_usable(void)
{
	unsigned int a, b, c, d, states, high;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & OSXSAVE))
		return false;
	__asm__ volatile("xgetbv" : "=a"(states), "=d"(high) : "c"(0));
	if ((states & TILE_STATES) != TILE_STATES)
		return false;
	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & AMX_TILE) || !(d & AMX_INT8))
		return false;
	return palette_fits() && !syscall(SYS_arch_prctl, REQ_XCOMP_PERM, TILE_CONTENTS);
}

#else

bool octet_amx_usable(void)
{
	return false;
}

#endif
