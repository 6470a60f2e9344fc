/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __OCTET_DUMP_H__
#define __OCTET_DUMP_H__

#include <linux/types.h>

struct octet_core;
struct octet_device;
struct octet_fault;
struct octet_job;

int octet_dump_init(struct octet_device *odev);
bool octet_dump_capture(struct octet_core *core, const struct octet_job *job,
			const struct octet_fault *fault, const char *reason);
void octet_dump_defer(struct octet_device *odev);
void octet_dump_finish(struct octet_device *odev);

#endif /* __OCTET_DUMP_H__ */
