/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __OCTET_SYNC_H__
#define __OCTET_SYNC_H__

#include <linux/types.h>

struct dma_fence;
struct dma_fence_chain;
struct drm_file;
struct drm_octet_job;
struct drm_octet_sync;
struct drm_syncobj;

/**
 * struct octet_sync_in - a fence to wait for
 *
 * @fence: holds a reference
 * @job: index of the job that waits
 */
struct octet_sync_in {
	struct dma_fence *fence;
	u32 job;
};

/**
 * struct octet_sync_out - a syncobj to signal
 *
 * @syncobj: holds a reference
 * @chain: for timelines, allocated beforehand; NULL for binary ones
 * @point: of the timeline
 * @job: index of the job whose fence it gets
 */
struct octet_sync_out {
	struct drm_syncobj *syncobj;
	struct dma_fence_chain *chain;
	u64 point;
	u32 job;
};

/**
 * struct octet_syncs - all syncobjs of a submit
 *
 * @in: fences to wait for, by job
 * @num_in: entries of @in
 * @out: syncobjs to signal, by job
 * @num_out: entries of @out
 */
struct octet_syncs {
	struct octet_sync_in *in;
	u32 num_in;
	struct octet_sync_out *out;
	u32 num_out;
};

int octet_sync_check(const struct drm_octet_sync *sync, bool out);
int octet_sync_prepare(struct octet_syncs *syncs, struct octet_arena *arena,
		       struct drm_file *file, const struct drm_octet_job *jobs, u32 count);
void octet_sync_attach(struct octet_syncs *syncs, struct dma_fence **fences);
void octet_sync_fini(struct octet_syncs *syncs);

#endif /* __OCTET_SYNC_H__ */
