/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __OCTET_QUEUE_H__
#define __OCTET_QUEUE_H__

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include <drm/gpu_scheduler.h>

struct drm_device;
struct drm_file;
struct octet_arena;
struct octet_client;
struct octet_device;

/* Batches whose memory a queue keeps. */
#define OCTET_MAX_SPARES 8

/**
 * struct octet_fault - how a job failed
 *
 * @error: fence error
 * @status: enum octet_status, 0 for a timeout
 * @command: index
 * @detail: operand and access
 * @va: address that faulted
 */
struct octet_fault {
	int error;
	u32 status;
	u32 command;
	u32 detail;
	u64 va;
};

/**
 * struct octet_queue - a queue of a client
 *
 * @kref: held by the client and by its jobs
 * @rcu: frees it when no fence's callback looks at @entity any more
 * @id: number
 * @lock: makes arm and push of one submit one step; protects @closed, @seqno,
 *	@core
 * @entity: the scheduler's queue
 * @closed: being destroyed
 * @seqno: of the newest fence
 * @context: fence context
 * @core: where the newest job was sent
 * @banned: a job failed; written under the core's lock
 * @info_lock: protects @fault
 * @fault: of the first job that failed
 * @spare_lock: protects @spares, @num_spares
 * @spares: memory of batches that are done, the newest first
 * @num_spares: entries of @spares
 * @arena: memory for the next submit, NULL while one is under way
 * @completed: jobs without error
 * @resets: resets that its jobs caused
 */
struct octet_queue {
	struct kref kref;
	struct rcu_head rcu;
	u32 id;
	struct mutex lock;	/* see above */
	struct drm_sched_entity entity;
	bool closed;
	u64 seqno;
	u64 context;
	u32 core;
	bool banned;
	spinlock_t info_lock;	/* irq-safe */
	struct octet_fault fault;
	spinlock_t spare_lock;	/* see above */
	struct list_head spares;
	u32 num_spares;
	struct octet_arena *arena;
	atomic64_t completed;
	atomic64_t resets;
};

struct octet_queue *octet_queue_get(struct octet_client *client, u32 id);
void octet_queue_put(struct octet_queue *queue);
void octet_queue_place(struct octet_queue *queue, struct octet_device *odev);
void octet_queue_fail(struct octet_queue *queue, const struct octet_fault *fault);
void octet_queue_destroy_all(struct octet_device *odev,
			     struct octet_client *client);

int octet_ioctl_queue_create(struct drm_device *drm, void *data,
			     struct drm_file *file);
int octet_ioctl_queue_destroy(struct drm_device *drm, void *data,
			      struct drm_file *file);
int octet_ioctl_queue_query(struct drm_device *drm, void *data,
			    struct drm_file *file);

#endif /* __OCTET_QUEUE_H__ */
