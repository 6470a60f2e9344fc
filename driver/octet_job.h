/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __OCTET_JOB_H__
#define __OCTET_JOB_H__

#include <linux/dma-fence.h>
#include <linux/list.h>
#include <linux/sched.h>

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
	bool canceled;
	bool irq;
	u64 cycles;
	struct drm_octet_job args;
};

/**
 * struct octet_batch - a run of jobs without in-fences: one scheduler job
 *
 * @base: scheduler job
 * @spare: in octet_queue.spares, while it is only memory
 * @room: jobs that it has memory for
 * @room_maps: entries that @maps has memory for
 * @odev: device
 * @client: who submitted it
 * @queue: where to
 * @pid: process that submitted it
 * @comm: its name
 * @awake: holds a power reference
 * @armed: the fences are initialised
 * @num_maps: entries of @maps
 * @maps: buffers that the submit lists; the submit's last batch holds them
 * @count: jobs
 * @jobs: in order
 */
struct octet_batch {
	struct drm_sched_job base;
	struct list_head spare;
	u32 room;
	u32 room_maps;
	struct octet_device *odev;
	struct octet_client *client;
	struct octet_queue *queue;
	bool awake;
	pid_t pid;
	char comm[TASK_COMM_LEN];
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

void octet_fence_arm(struct dma_fence *base, u64 context, u64 seqno);
void octet_fence_signal(struct dma_fence *fence, int error);

struct octet_batch *octet_batch_alloc(struct octet_device *odev,
				      struct octet_client *client,
				      struct octet_queue *queue,
				      const struct drm_octet_job *args, u32 count);
int octet_batch_reserve_maps(struct octet_batch *batch, u32 count);
void octet_batch_cancel(struct octet_batch *batch, int error);
void octet_batch_free(struct octet_batch *batch);
void octet_batch_free_spares(struct octet_queue *queue);

#endif /* __OCTET_JOB_H__ */
