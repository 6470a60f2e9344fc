/* SPDX-License-Identifier: MIT */
/* Traces in the JSON format that ui.perfetto.dev and chrome://tracing open. */
#ifndef OCTET_TRACE_H
#define OCTET_TRACE_H

#include "network.h"

/** tool_trace_write() - the newest run of slot 0, on the modelled clock. An exit code */
int tool_trace_write(const struct tool_network *n, const char *path);

#endif
