/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of what the device says, for logs, dumps, debugfs and tracepoints. */
#ifndef __OCTET_FAULT_H__
#define __OCTET_FAULT_H__

#include <linux/types.h>

struct octet_core;
struct octet_fault;
struct octet_job;

const char *octet_status_name(u32 status);
const char *octet_operand_name(u32 detail);
const char *octet_access_name(u32 detail);
bool octet_fault_is_clients(u32 status);

void octet_fault_report(struct octet_core *core, const struct octet_job *job,
			const struct octet_fault *fault);

#endif /* __OCTET_FAULT_H__ */
