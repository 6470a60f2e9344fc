/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __OCTET_DRV_H__
#define __OCTET_DRV_H__

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/xarray.h>

#include "octet_regs.h"

struct octet_device;
struct octet_quota;
struct octet_vm;

/* Caps of one client; those of its memory are in octet_vm.h. */
#define OCTET_MAX_QUEUES	64	/* over it: -EMFILE */
#define OCTET_MAX_QUEUED	4096	/* jobs not finished; over it: -EBUSY */

/* What one submit may hold. Over them: -EINVAL. */
#define OCTET_MAX_JOBS		64
#define OCTET_MAX_BOS		4096
#define OCTET_MAX_SYNCS		64	/* in or out, per job */

/* Of a core's scheduler: the largest submit fits. See octet_job_credits(). */
#define OCTET_CREDITS		OCTET_MAX_JOBS

/**
 * struct octet_client - an open file
 *
 * @kref: held by the file and by its jobs
 * @id: drm_file.client_id
 * @vm: address space
 * @quota: bytes of the buffers that it has created
 * @queues: struct octet_queue by number
 * @queued: jobs submitted and not yet cleaned up
 * @busy_ns: time that jobs were on the hardware, per core
 * @cycles: modelled cycles of those jobs, per core
 */
struct octet_client {
	struct kref kref;
	u64 id;
	struct octet_vm *vm;
	struct octet_quota *quota;
	struct xarray queues;
	atomic_t queued;
	atomic64_t busy_ns[OCTET_MAX_CORES];
	atomic64_t cycles[OCTET_MAX_CORES];
};

void octet_client_put(struct octet_client *client);
u32 octet_client_asid(const struct octet_client *client);

extern const struct drm_driver octet_drm_driver;

#endif /* __OCTET_DRV_H__ */
