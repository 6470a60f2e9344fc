/* SPDX-License-Identifier: MIT */
/*
 * What a backend provides: memory, queues, and the state of a queue. All that
 * is about fences follows from the queue's state, in fence.c.
 */
#ifndef OCTET_BACKEND_H
#define OCTET_BACKEND_H

#include "../internal.h"

/**
 * struct octet_queue_state - how far a queue is
 *
 * @completed: jobs that ended well: the job that failed is number
 *	@completed + 1, those after it are cancelled
 * @error: of the failed job, a negative errno; 0 if none failed
 * @status: enum octet_status of that job; 0: a timeout
 * @text: more words about it, where the executor has them
 */
struct octet_queue_state {
	uint64_t completed;
	int error;
	uint32_t status;
	uint32_t command;
	uint32_t detail;
	uint64_t fault_va;
	char text[160];
};

/**
 * struct octet_run - what octet_submit() hands to a backend
 *
 * @wait: fences that the first job waits for
 * @each: every job gets a fence, else the last one alone
 * @first_seq: sequence number of the first job
 */
struct octet_run {
	struct octet_job *const *jobs;
	size_t count;
	struct octet_fence *const *wait;
	size_t wait_count;
	bool each;
	uint64_t first_seq;
};

/**
 * struct octet_backend_ops - the calls of a backend
 *
 * All set the context's message when they fail. @wait, @state and @fence_fd
 * may be called by any thread.
 *
 * @open: set ctx->priv, ctx->info and ctx->reason
 * @close: all queues and buffers are gone
 * @buffer_new: zeroed memory: fill in map, va and handle of @buffer; its size
 *	is set and may be rounded up
 * @buffer_name: tell people who look from outside what it is; printable. NULL
 *	where nobody can look
 * @queue_free: nothing runs on it any more
 * @submit: run all jobs in order or none; allocates nothing. -ECANCELED, with
 *	no message, when a job of the queue has failed
 * @job_free: what the backend keeps in octet_job.made; may be NULL
 * @wait: until job @seq has ended, absolute time; 0, -ETIMEDOUT, -ENODEV
 */
struct octet_backend_ops {
	int (*open)(struct octet_ctx *ctx, const struct octet_open_opts *opts);
	void (*close)(struct octet_ctx *ctx);
	int (*counters)(struct octet_ctx *ctx, uint32_t core, struct octet_counters *counters);
	int (*usage)(struct octet_ctx *ctx, struct octet_usage *usage);
	int (*buffer_new)(struct octet_buffer *buffer);
	void (*buffer_free)(struct octet_buffer *buffer);
	void (*buffer_name)(struct octet_buffer *buffer, const char *name);
	int (*queue_new)(struct octet_queue *queue, enum octet_priority priority);
	void (*queue_free)(struct octet_queue *queue);
	void (*job_free)(struct octet_job *job);
	int (*submit)(struct octet_queue *queue, const struct octet_run *run);
	int (*wait)(struct octet_queue *queue, uint64_t seq, int64_t deadline);
	int (*state)(struct octet_queue *queue, struct octet_queue_state *state);
	int (*fence_fd)(struct octet_fence *fence, int *fd);
};

extern const struct octet_backend_ops octet_drm_ops;
extern const struct octet_backend_ops octet_sim_ops;
extern const struct octet_backend_ops octet_cpu_ops;

/** octet_drm_probe() - is there a device? @reason says why not */
bool octet_drm_probe(const char *device, char *reason, size_t size);

#endif /* OCTET_BACKEND_H */
