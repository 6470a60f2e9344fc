/* SPDX-License-Identifier: MIT */
/*
 * What the processor offers and the operating system keeps across switches:
 * CPUID alone is not enough, a kernel may have AVX state switched off.
 */
#include "kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>

#include <sys/syscall.h>
#include <unistd.h>

#define XCR0_TILES	0x60000u	/* configuration and data */
#define EDX_AMX		0x3000000u	/* TILE, INT8 */
#define REQUEST_STATE	0x1023		/* arch_prctl(): leave to use a state */
#define STATE_TILES	18
#define XCR0_AVX	0x06u	/* SSE, AVX */
#define XCR0_AVX512	0xe6u	/* and opmask, ZMM_Hi256, Hi16_ZMM */

static uint32_t xgetbv0(void)
{
	uint32_t lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return lo;
}

unsigned int octet_cpu_features(void)
{
	const unsigned int need512 = bit_AVX512F | bit_AVX512BW |
				     bit_AVX512DQ | bit_AVX512VL;
	unsigned int a, b, c, d, found = 0;
	uint32_t state;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
		return 0;
	state = xgetbv0();
	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
		return 0;
	if ((state & XCR0_AVX) == XCR0_AVX && (b & bit_AVX2))
		found |= CPU_AVX2;
	if ((found & CPU_AVX2) && (state & XCR0_AVX512) == XCR0_AVX512 &&
	    (b & need512) == need512 && (c & bit_AVX512VNNI))
		found |= CPU_AVX512VNNI;
	/* Tiles are large: Linux keeps them for those who ask. */
	if ((d & EDX_AMX) == EDX_AMX && (state & XCR0_TILES) == XCR0_TILES &&
	    !syscall(SYS_arch_prctl, REQUEST_STATE, STATE_TILES))
		found |= CPU_AMX;
	return found;
}
#else
unsigned int octet_cpu_features(void)
{
	return 0;
}
#endif
