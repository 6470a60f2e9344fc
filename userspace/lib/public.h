/* SPDX-License-Identifier: MIT */
/* octet.h as the library itself sees it: its calls, and no others, are exported. */
#ifndef OCTET_PUBLIC_H
#define OCTET_PUBLIC_H

#pragma GCC visibility push(default)
#include <octet.h>
#pragma GCC visibility pop

#endif /* OCTET_PUBLIC_H */
