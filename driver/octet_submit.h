/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __OCTET_SUBMIT_H__
#define __OCTET_SUBMIT_H__

#include <linux/types.h>

#include <drm/octet_accel.h>

struct drm_device;
struct drm_file;
struct octet_arena;

/**
 * struct octet_limits - what the submit parser checks against
 *
 * @max_cmds: commands per job
 * @sram_size: bytes
 */
struct octet_limits {
	u32 max_cmds;
	u32 sram_size;
};

int octet_job_check_array(const struct drm_octet_array *array, size_t elem,
			  u32 max);
int octet_job_check(const struct drm_octet_job *job,
		    const struct octet_limits *limits);
int octet_job_check_bo(const struct drm_octet_bo_ref *ref);
void *octet_job_copy_array(struct octet_arena *arena,
			   const struct drm_octet_array *array, size_t elem, u32 max);
u32 octet_job_run_length(const struct drm_octet_job *jobs, u32 first, u32 count);
u32 octet_job_credits(u32 count);

int octet_ioctl_submit(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* __OCTET_SUBMIT_H__ */
