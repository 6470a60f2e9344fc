/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __OCTET_JOB_H__
#define __OCTET_JOB_H__

#include <linux/dma-fence.h>
#include <linux/list.h>

#include <drm/gpu_scheduler.h>
#include <drm/octet_accel.h>

struct drm_device;
struct drm_file;
struct octet_batch;
struct octet_client;
struct octet_device;
struct octet_mapping;
struct octet_queue;

/**
 * struct octet_job - one entry of a ring
 *
 * @node: in octet_core.inflight
 * @batch: the scheduler job it is part of
 * @fence: signalled when the entry is complete
 * @seq: of the entry now in the ring
 * @first: its first command that has not run
 * @resume: a reset came in between: the core's SRAM is as the job left it
 * @ran_ns: time that it has had before
 * @canceled: runs as a NOP, with -ECANCELED
 * @irq: the entry asks for an interrupt
 * @cycles: that the device took, once it is complete
 * @args: from user space, checked
 */
struct octet_job {
	struct list_head node;
	struct octet_batch *batch;
	struct dma_fence *fence;
	u64 seq;
	u32 first;
	bool resume;
	u64 ran_ns;
	bool canceled;
	bool irq;
	u64 cycles;
	struct drm_octet_job args;
};

/**
 * struct octet_batch - a run of jobs without in-fences: one scheduler job
 *
 * @base: scheduler job
 * @odev: device
 * @client: who submitted it
 * @queue: where to
 * @awake: holds a power reference
 * @armed: the fences are initialised
 * @num_maps: entries of @maps
 * @maps: buffers that the submit lists; the submit's last batch holds them
 * @count: jobs
 * @jobs: in order
 */
struct octet_batch {
	struct drm_sched_job base;
	struct octet_device *odev;
	struct octet_client *client;
	struct octet_queue *queue;
	bool awake;
	bool armed;
	u32 num_maps;
	struct octet_mapping **maps;
	u32 count;
	struct octet_job jobs[] __counted_by(count);
};

static inline struct octet_batch *to_octet_batch(struct drm_sched_job *job)
{
	return container_of(job, struct octet_batch, base);
}

/**
 * struct octet_limits - what the submit parser checks against
 *
 * @max_cmds: commands per job
 * @sram_size: bytes
 * @max_budget: cycles
 */
struct octet_limits {
	u32 max_cmds;
	u32 sram_size;
	u64 max_budget;
};

int octet_job_check_array(const struct drm_octet_array *array, size_t elem,
			  u32 max);
int octet_job_check(const struct drm_octet_job *job,
		    const struct octet_limits *limits);
int octet_job_check_bo(const struct drm_octet_bo_ref *ref);
void *octet_job_copy_array(const struct drm_octet_array *array, size_t elem,
			   u32 max);
u32 octet_job_run_length(const struct drm_octet_job *jobs, u32 first, u32 count);
u32 octet_job_credits(u32 count);

void octet_fence_signal(struct dma_fence *fence, int error);
void octet_batch_cancel(struct octet_batch *batch, int error);
void octet_batch_free(struct octet_batch *batch);

int octet_ioctl_submit(struct drm_device *drm, void *data, struct drm_file *file);

#endif /* __OCTET_JOB_H__ */
