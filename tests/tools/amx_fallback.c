// SPDX-License-Identifier: MIT
/* With amx_traps.c: the fallback's AMX level is there wherever AVX-512 VNNI is. */
#define octet_cpu_features found_features
#include "cpu/features.c"
#undef octet_cpu_features

unsigned int octet_cpu_features(void)
{
	const unsigned int found = found_features();

	return found & CPU_AVX512VNNI ? found | CPU_AMX : found;
}
