// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "octet_core.h"
#include "simd.h"

static bool usable(const struct octet_simd *simd)
{
#if defined(__x86_64__)
	if (simd == &octet_simd_amx)
		return usable(&octet_simd_avx512) && octet_amx_usable();
	if (simd == &octet_simd_avx512)
		return __builtin_cpu_supports("avx512vnni") &&
		       __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
		       __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
		       __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx2");
	if (simd == &octet_simd_avx2)
		return __builtin_cpu_supports("avx2");
#endif
	return simd == &octet_simd_portable;
}

/* best first */
static const struct octet_simd *const levels[] = {
#if defined(__x86_64__)
	&octet_simd_amx,
	&octet_simd_avx512,
	&octet_simd_avx2,
#endif
	&octet_simd_portable,
};

static const struct octet_simd *_Atomic current;

const struct octet_simd *octet_simd_get(void)
{
	if (!atomic_load(&current))
		octet_simd_force(NULL);
	return atomic_load(&current);
}

int octet_simd_force(const char *level)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (level && strcmp(level, levels[i]->name))
			continue;
		if (!usable(levels[i]))
			continue;
		atomic_store(&current, levels[i]);
		return 0;
	}
	return -ENOTSUP;
}

const char *octet_machine_simd(void)
{
	return octet_simd_get()->name;
}
