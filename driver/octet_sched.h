/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __OCTET_SCHED_H__
#define __OCTET_SCHED_H__

struct octet_core;

int octet_sched_init(struct octet_core *core);

#endif /* __OCTET_SCHED_H__ */
