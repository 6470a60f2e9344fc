// SPDX-License-Identifier: MIT
/* The version, from the one place that has it. */

#include "public.h"

#define TEXT(x) #x
#define VERSION(a, b, c) TEXT(a) "." TEXT(b) "." TEXT(c)

const char *octet_version(void)
{
	return VERSION(OCTET_VERSION_MAJOR, OCTET_VERSION_MINOR, OCTET_VERSION_PATCH);
}
