/* SPDX-License-Identifier: MIT */
/* The ioctls of /dev/accel/accelN as functions that return 0 or -errno. */
#ifndef OCTET_TEST_DEV_H
#define OCTET_TEST_DEV_H

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include <drm/octet_accel.h>
#include <drm/octet_isa.h>
#include <linux/sync_file.h>
#include <xf86drm.h>

#include "tap.h"

#define SECOND 1000000000ll
#define ARRAY(p, n) { (uintptr_t)(p), (n), sizeof(*(p)) }

struct buf {
	uint32_t handle;
	uint64_t size, va;
	uint8_t *map;
};

static inline const char *dev_path(void)
{
	const char *path = getenv("OCTET_DEVICE");

	return path ? path : "/dev/accel/accel0";
}

static inline int dev_open(void)
{
	int fd = open(dev_path(), O_RDWR | O_CLOEXEC);

	if (fd < 0)
		bail("%s: %s", dev_path(), strerror(errno));
	return fd;
}

static inline int dev_ioctl(int fd, unsigned long request, void *arg)
{
	return drmIoctl(fd, request, arg) ? -errno : 0;
}

static inline int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static inline void sleep_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

static inline int dev_query(int fd, uint32_t query, uint32_t index, void *out, uint32_t size)
{
	struct drm_octet_dev_query q = {
		.query = query, .index = index, .size = size, .ptr = (uintptr_t)out,
	};

	return dev_ioctl(fd, DRM_IOCTL_OCTET_DEV_QUERY, &q);
}

/* "on": the device does not sleep, and so makes no entries of its own to wake up. */
static inline void dev_power(const char *mode)
{
	const char *node = strrchr(dev_path(), '/') + 1;
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/accel/%s/device/power/control", node);
	f = fopen(path, "w");
	if (!f || fprintf(f, "%s\n", mode) < 0)
		bail("%s: %s", path, strerror(errno));
	fclose(f);
}

static inline struct drm_octet_device_info dev_info(int fd)
{
	struct drm_octet_device_info info = { 0 };

	if (dev_query(fd, DRM_OCTET_QUERY_DEVICE, 0, &info, sizeof(info)))
		bail("DEV_QUERY of the device: %s", strerror(errno));
	return info;
}

static inline struct drm_octet_core_counters dev_core(int fd, uint32_t core)
{
	struct drm_octet_core_counters c = { 0 };

	if (dev_query(fd, DRM_OCTET_QUERY_CORE, core, &c, sizeof(c)))
		bail("DEV_QUERY of core %u: %s", core, strerror(errno));
	return c;
}

/* All counters, added up over the cores; device_resets is the device's. */
static inline struct drm_octet_core_counters dev_counters(int fd)
{
	struct drm_octet_core_counters sum = { 0 }, c;
	uint32_t cores = dev_info(fd).cores;
	__u64 *to = (__u64 *)&sum, *from = (__u64 *)&c;	/* the type of the fields */

	for (uint32_t i = 0; i < cores; i++) {
		c = dev_core(fd, i);
		for (size_t k = 0; k < sizeof(c) / sizeof(*to); k++)
			to[k] += from[k];
		sum.device_resets = c.device_resets;
	}
	return sum;
}

static inline struct drm_octet_client_info dev_client(int fd)
{
	struct drm_octet_client_info info = { 0 };

	if (dev_query(fd, DRM_OCTET_QUERY_CLIENT, 0, &info, sizeof(info)))
		bail("DEV_QUERY of the client: %s", strerror(errno));
	return info;
}

static inline int buf_create(int fd, uint64_t size, uint32_t flags, struct buf *b)
{
	struct drm_octet_bo_create c = { .size = size, .flags = flags };
	int ret = dev_ioctl(fd, DRM_IOCTL_OCTET_BO_CREATE, &c);

	if (ret)
		return ret;
	*b = (struct buf){ .handle = c.handle, .size = c.size, .va = c.va };
	b->map = mmap(NULL, c.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, c.mmap_offset);
	return b->map == MAP_FAILED ? -errno : 0;
}

static inline struct buf buf_new(int fd, uint64_t size, uint32_t flags)
{
	struct buf b = { 0 };
	int ret = buf_create(fd, size, flags, &b);

	if (ret)
		bail("a buffer of %llu bytes: %s", (unsigned long long)size, strerror(-ret));
	return b;
}

static inline int buf_close(int fd, const struct buf *b)
{
	struct drm_gem_close c = { .handle = b->handle };

	return dev_ioctl(fd, DRM_IOCTL_GEM_CLOSE, &c);
}

static inline void buf_unmap(struct buf *b)
{
	munmap(b->map, b->size);
	b->map = NULL;
}

static inline void buf_free(int fd, struct buf *b)
{
	buf_unmap(b);
	buf_close(fd, b);
}

static inline int buf_wait(int fd, const struct buf *b, uint32_t flags, int64_t timeout_ns)
{
	struct drm_octet_bo_wait w = {
		.handle = b->handle, .flags = flags, .timeout_ns = timeout_ns,
	};

	return dev_ioctl(fd, DRM_IOCTL_OCTET_BO_WAIT, &w);
}

static inline int queue_create(int fd, uint32_t priority, uint32_t *queue)
{
	struct drm_octet_queue_create c = { .priority = priority };
	int ret = dev_ioctl(fd, DRM_IOCTL_OCTET_QUEUE_CREATE, &c);

	*queue = c.queue;
	return ret;
}

static inline uint32_t queue_new(int fd)
{
	uint32_t queue = 0;
	int ret = queue_create(fd, DRM_OCTET_PRIORITY_NORMAL, &queue);

	if (ret)
		bail("a queue: %s", strerror(-ret));
	return queue;
}

static inline int queue_free(int fd, uint32_t queue)
{
	struct drm_octet_queue_destroy d = { .queue = queue };

	return dev_ioctl(fd, DRM_IOCTL_OCTET_QUEUE_DESTROY, &d);
}

static inline struct drm_octet_queue_query queue_query(int fd, uint32_t queue)
{
	struct drm_octet_queue_query q = { .queue = queue };
	int ret = dev_ioctl(fd, DRM_IOCTL_OCTET_QUEUE_QUERY, &q);

	if (ret)
		bail("QUEUE_QUERY of queue %u: %s", queue, strerror(-ret));
	return q;
}

static inline int submit(int fd, uint32_t queue, const struct drm_octet_job *jobs, uint32_t count,
			 const struct drm_octet_bo_ref *bos, uint32_t n_bos)
{
	struct drm_octet_submit s = {
		.queue = queue, .jobs = ARRAY(jobs, count), .bos = ARRAY(bos, n_bos),
	};

	return dev_ioctl(fd, DRM_IOCTL_OCTET_SUBMIT, &s);
}

static inline uint32_t sync_new(int fd)
{
	uint32_t handle = 0;

	if (drmSyncobjCreate(fd, 0, &handle))
		bail("a syncobj: %s", strerror(errno));
	return handle;
}

/* Return: 0 when signalled, with or without an error, or -errno. */
static inline int sync_wait(int fd, uint32_t handle, int64_t timeout_ns)
{
	int ret = drmSyncobjWait(fd, &handle, 1, now_ns() + timeout_ns, 0, NULL);

	return ret < 0 ? (errno ? -errno : ret) : 0;
}

static inline int sync_wait_point(int fd, uint32_t handle, uint64_t point, int64_t timeout_ns)
{
	int ret = drmSyncobjTimelineWait(fd, &handle, &point, 1, now_ns() + timeout_ns, 0, NULL);

	return ret < 0 ? (errno ? -errno : ret) : 0;
}

/* A sync_file's state: 1 pending, 0 signalled, or the negative error of its fence. */
static inline int sync_file_state(int sync_file)
{
	struct sync_file_info info = { 0 };

	if (ioctl(sync_file, SYNC_IOC_FILE_INFO, &info))
		bail("SYNC_IOC_FILE_INFO: %s", strerror(errno));
	return info.status < 0 ? info.status : !info.status;
}

static inline int sync_file_wait(int sync_file, int timeout_ms)
{
	struct pollfd p = { .fd = sync_file, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1 ? sync_file_state(sync_file) : 1;
}

static inline int sync_export(int fd, uint32_t handle)
{
	int file = -1;

	if (drmSyncobjExportSyncFile(fd, handle, &file))
		bail("exporting a sync_file: %s", strerror(errno));
	return file;
}

/* Waits for a binary syncobj and returns the error of its fence; 1: not in time. */
static inline int sync_result(int fd, uint32_t handle)
{
	int file = sync_export(fd, handle);
	int state = sync_file_wait(file, 30000);

	close(file);
	return state;
}

/* When the fence of a binary syncobj was signalled, on the clock of now_ns(). */
static inline int64_t sync_signalled_ns(int fd, uint32_t handle)
{
	struct sync_fence_info fence = { 0 };
	struct sync_file_info info = { .num_fences = 1, .sync_fence_info = (uintptr_t)&fence };
	int file = sync_export(fd, handle);

	if (ioctl(file, SYNC_IOC_FILE_INFO, &info) || info.num_fences != 1)
		bail("SYNC_IOC_FILE_INFO: %s", strerror(errno));
	close(file);
	return fence.timestamp_ns;
}

#endif
