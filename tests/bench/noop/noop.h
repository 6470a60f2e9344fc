/* SPDX-License-Identifier: MIT */
/* The one ioctl of the no-op driver: a job that does nothing. */
#ifndef OCTET_BENCH_NOOP_H
#define OCTET_BENCH_NOOP_H

#include <linux/types.h>

/**
 * struct drm_noop_submit - run a job
 *
 * @syncobj: gets the job's fence
 * @pad: MBZ
 */
struct drm_noop_submit {
	__u32 syncobj;
	__u32 pad;
};

#define DRM_NOOP_SUBMIT 0
#define DRM_IOCTL_NOOP_SUBMIT \
	DRM_IOW(DRM_COMMAND_BASE + DRM_NOOP_SUBMIT, struct drm_noop_submit)

#endif
