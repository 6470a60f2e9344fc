/* SPDX-License-Identifier: MIT */
/*
 * The device through /dev/accel: drm.c opens it and has buffers, drm_submit.c
 * queues and fences.
 *
 * Each queue has one timeline syncobj whose points are the sequence numbers of
 * its jobs: a fence needs no object of its own.
 */
#ifndef OCTET_DRM_H
#define OCTET_DRM_H

#include "backend.h"

#include <drm/octet_accel.h>

/**
 * struct drm_state
 *
 * @max_jobs: jobs per submit
 * @jobs: [max_jobs], of the submit being made, as the next two
 * @outs: [max_jobs]
 * @waits: [DRM_WAITS]
 */
struct drm_state {
	int fd;
	uint32_t max_jobs;
	struct drm_octet_job *jobs;
	struct drm_octet_sync *outs;
	struct drm_octet_sync *waits;
};

#define DRM_WAITS 256

/** struct drm_queue - @timeline: syncobj; points are sequence numbers */
struct drm_queue {
	uint32_t id;
	uint32_t timeline;
};

/** drm_call() - an ioctl that is repeated when interrupted; 0 or -errno */
int drm_call(int fd, unsigned long request, void *arg);

int drm_queue_new(struct octet_queue *queue, enum octet_priority priority);
void drm_queue_free(struct octet_queue *queue);
int drm_submit(struct octet_queue *queue, const struct octet_run *run);
int drm_wait(struct octet_queue *queue, uint64_t seq, int64_t deadline);
int drm_state(struct octet_queue *queue, struct octet_queue_state *state);
int drm_fence_fd(struct octet_fence *fence, int *fd);

#endif /* OCTET_DRM_H */
