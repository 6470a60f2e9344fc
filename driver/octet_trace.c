// SPDX-License-Identifier: GPL-2.0-only
#include "octet_compat.h"

#ifndef __CHECKER__
#define CREATE_TRACE_POINTS
#include "octet_trace.h"
#endif
