// SPDX-License-Identifier: MIT
/*
 * Every rejection that uapi/drm/octet_accel.h documents, each beside the call
 * that differs from it in nothing else and is accepted. DRM_OCTET_SUBMIT has a
 * program of its own, uapi_submit.c.
 */
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "gemm.h"

static int query(int fd, struct drm_octet_dev_query *q)
{
	return dev_ioctl(fd, DRM_IOCTL_OCTET_DEV_QUERY, q);
}

static void dev_query_refused(int fd, uint32_t cores)
{
	uint8_t buf[512];
	struct drm_octet_dev_query ok = { .size = sizeof(buf), .ptr = (uintptr_t)buf }, q;

	check_ret(query(fd, &ok), 0, "DEV_QUERY device");
	q = ok, q.query = 3;
	check_ret(query(fd, &q), -EINVAL, "DEV_QUERY unknown query");
	q = ok, q.index = 1;
	check_ret(query(fd, &q), -EINVAL, "DEV_QUERY device with an index");
	q = ok, q.query = DRM_OCTET_QUERY_CLIENT, q.index = 1;
	check_ret(query(fd, &q), -EINVAL, "DEV_QUERY client with an index");
	q = ok, q.pad = 1;
	check_ret(query(fd, &q), -EINVAL, "DEV_QUERY pad not zero");
	q = ok, q.query = DRM_OCTET_QUERY_CORE, q.index = cores - 1;
	check_ret(query(fd, &q), 0, "DEV_QUERY last core");
	q.index = cores;
	check_ret(query(fd, &q), -ENOENT, "DEV_QUERY core after the last");
	q = ok, q.ptr = 8;
	check_ret(query(fd, &q), -EFAULT, "DEV_QUERY bad pointer");
}

static void dev_query_size(int fd, uint32_t which, uint32_t size, const char *name)
{
	uint8_t buf[512], whole[512];
	struct drm_octet_dev_query q = { .query = which };
	bool rest = true, zero = true;
	int ret;

	ret = query(fd, &q);
	check(!ret && q.size == size,
	      "DEV_QUERY %s with size 0 tells the size: %u, header %u", name, q.size, size);

	memset(whole, 0xa5, sizeof(whole));
	q = (struct drm_octet_dev_query){ which, 0, sizeof(whole), 0, (uintptr_t)whole };
	ret = query(fd, &q);
	check(!ret && q.size == size,
	      "DEV_QUERY %s with a larger buffer gives size %u", name, q.size);
	for (uint32_t i = size; i < sizeof(whole); i++)
		zero &= !whole[i];
	check(zero, "DEV_QUERY %s zeroes the rest of a larger buffer", name);

	memset(buf, 0xa5, sizeof(buf));
	q = (struct drm_octet_dev_query){ which, 0, 8, 0, (uintptr_t)buf };
	ret = query(fd, &q);
	check(!ret && !memcmp(buf, whole, 8),
	      "DEV_QUERY %s with 8 bytes gives the first 8", name);
	for (uint32_t i = 8; i < sizeof(buf); i++)
		rest &= buf[i] == 0xa5;
	check(rest, "DEV_QUERY %s writes nothing past a small buffer", name);
}

static void dev_query_values(int fd)
{
	struct drm_octet_device_info i = dev_info(fd);
	struct drm_octet_client_info c = dev_client(fd);

	check(i.version >> 16 == 1, "device version is 1.x: %#x", i.version);
	check(i.cores >= 1 && i.cores <= 8, "device has 1 to 8 cores: %u", i.cores);
	check(i.array_p && i.array_k && i.array_c, "array is %u x %u x %u", i.array_p, i.array_k,
	      i.array_c);
	check(i.ops == (2u << OCTET_OP_TCONV2D) - (1u << OCTET_OP_CONV2D),
	      "operations are CONV2D to TCONV2D: %#x", i.ops);
	check(i.stages == 0x3f, "all six output stage codes: %#x", i.stages);
	check(i.max_jobs >= 32 && i.ring_entries >= i.max_jobs && i.max_bos,
	      "max_jobs %u, ring_entries %u, max_bos %u", i.max_jobs, i.ring_entries, i.max_bos);
	check(i.job_timeout_ms > 0 && i.job_timeout_ms < 10000, "job_timeout_ms is well below 10 s: %u",
	      i.job_timeout_ms);
	check(i.va_start && i.va_start < i.va_end && i.va_end <= 1ull << i.va_bits,
	      "addresses %#llx to %#llx", (unsigned long long)i.va_start,
	      (unsigned long long)i.va_end);
	check(c.asid != 0, "the client's address space has number %u, not 0", c.asid);
}

static int bo_create(int fd, struct drm_octet_bo_create c)
{
	int ret = dev_ioctl(fd, DRM_IOCTL_OCTET_BO_CREATE, &c);
	struct drm_gem_close close = { .handle = c.handle };

	if (!ret)
		dev_ioctl(fd, DRM_IOCTL_GEM_CLOSE, &close);
	return ret;
}

static void buffers_created(int fd)
{
	struct drm_octet_bo_create ok = { .size = 4096 }, c;

	check_ret(bo_create(fd, ok), 0, "BO_CREATE");
	c = ok, c.flags = DRM_OCTET_BO_READONLY;
	check_ret(bo_create(fd, c), 0, "BO_CREATE read-only");
	c = ok, c.size = 0;
	check_ret(bo_create(fd, c), -EINVAL, "BO_CREATE size 0");
	c = ok, c.flags = 1 << 1;
	check_ret(bo_create(fd, c), -EINVAL, "BO_CREATE unknown flag");
	c = ok, c.flags = 1u << 31;
	check_ret(bo_create(fd, c), -EINVAL, "BO_CREATE unknown highest flag");
	c = ok, c.vm_id = 1;
	check_ret(bo_create(fd, c), -EINVAL, "BO_CREATE vm_id not zero");
	c = ok, c.pad = 1;
	check_ret(bo_create(fd, c), -EINVAL, "BO_CREATE pad not zero");
	c = ok, c.size = 1ull << 40;
	check_ret(bo_create(fd, c), -ENOSPC, "BO_CREATE over the cap on bytes");
	c = ok, c.size = UINT64_MAX;
	check_ret(bo_create(fd, c), -ENOSPC, "BO_CREATE of 2^64 - 1 bytes");
}

static void buffers_told(int fd)
{
	struct buf b = buf_new(fd, 5000, DRM_OCTET_BO_READONLY);
	struct drm_octet_bo_info i = { .handle = b.handle };
	bool zero = true;

	check(b.size == 8192, "BO_CREATE rounds 5000 bytes up to pages: %llu",
	      (unsigned long long)b.size);
	for (uint64_t k = 0; k < b.size; k++)
		zero &= !b.map[k];
	check(zero, "BO_CREATE gives zeroed memory");
	check_ret(dev_ioctl(fd, DRM_IOCTL_OCTET_BO_INFO, &i), 0, "BO_INFO");
	check(i.size == b.size && i.va == b.va && i.flags == DRM_OCTET_BO_READONLY && i.mmap_offset,
	      "BO_INFO tells size, address and flags of BO_CREATE");
	i.handle = b.handle + 1000;
	check_ret(dev_ioctl(fd, DRM_IOCTL_OCTET_BO_INFO, &i), -ENOENT, "BO_INFO unknown handle");
	i.handle = 0;
	check_ret(dev_ioctl(fd, DRM_IOCTL_OCTET_BO_INFO, &i), -ENOENT, "BO_INFO handle 0");

	check_ret(buf_wait(fd, &b, 0, 0), 0, "BO_WAIT on an idle buffer with timeout 0");
	check_ret(buf_wait(fd, &b, DRM_OCTET_BO_WAIT_WRITERS, 0), 0, "BO_WAIT for writers");
	check_ret(buf_wait(fd, &b, 1 << 1, 0), -EINVAL, "BO_WAIT unknown flag");
	buf_free(fd, &b);
	check_ret(buf_wait(fd, &b, 0, 0), -ENOENT, "BO_WAIT on a closed handle");
	i.handle = b.handle;
	check_ret(dev_ioctl(fd, DRM_IOCTL_OCTET_BO_INFO, &i), -ENOENT, "BO_INFO on a closed handle");
}

static int bo_name(int fd, uint32_t handle, const char *name, uint32_t size)
{
	struct drm_octet_bo_set_name n = { handle, size, (uintptr_t)name };

	return dev_ioctl(fd, DRM_IOCTL_OCTET_BO_SET_NAME, &n);
}

static void buffers_named(int fd)
{
	struct buf b = buf_new(fd, 4096, 0);
	char longest[DRM_OCTET_BO_NAME_MAX + 2];

	memset(longest, 'n', sizeof(longest));
	check_ret(bo_name(fd, b.handle, "weights", 7), 0, "BO_SET_NAME");
	check_ret(bo_name(fd, b.handle, " ~", 2), 0, "BO_SET_NAME first and last printable byte");
	check_ret(bo_name(fd, b.handle, longest, DRM_OCTET_BO_NAME_MAX), 0, "BO_SET_NAME longest");
	check_ret(bo_name(fd, b.handle, longest, DRM_OCTET_BO_NAME_MAX + 1), -E2BIG,
		  "BO_SET_NAME one byte more");
	check_ret(bo_name(fd, b.handle, longest, UINT32_MAX), -E2BIG, "BO_SET_NAME 2^32 - 1 bytes");
	check_ret(bo_name(fd, b.handle, "a\nb", 3), -EINVAL, "BO_SET_NAME with a line end");
	check_ret(bo_name(fd, b.handle, "a", 2), -EINVAL, "BO_SET_NAME with a zero byte");
	check_ret(bo_name(fd, b.handle, "\x7f", 1), -EINVAL, "BO_SET_NAME with DEL");
	check_ret(bo_name(fd, b.handle, "\xc3\xa4", 2), -EINVAL, "BO_SET_NAME beyond ASCII");
	check_ret(bo_name(fd, b.handle, (char *)8, 4), -EFAULT, "BO_SET_NAME bad pointer");
	check_ret(bo_name(fd, b.handle + 1000, "x", 1), -ENOENT, "BO_SET_NAME unknown handle");
	check_ret(bo_name(fd, 0, "x", 1), -ENOENT, "BO_SET_NAME handle 0");
	check_ret(bo_name(fd, b.handle, NULL, 0), 0, "BO_SET_NAME takes the name away");
	buf_free(fd, &b);
	check_ret(bo_name(fd, b.handle, "x", 1), -ENOENT, "BO_SET_NAME on a closed handle");
}

static void buffers_waited(int fd)
{
	uint32_t queue = queue_new(fd), sync = sync_new(fd);
	struct gemm g;

	gemm_new_slow(&g, fd, 3);
	check_ret(gemm_submit(&g, queue, sync), 0, "a job that takes a while");
	check_ret(buf_wait(fd, &g.buf, 0, 0), -ETIMEDOUT, "BO_WAIT with timeout 0 on a busy buffer");
	check_ret(buf_wait(fd, &g.buf, DRM_OCTET_BO_WAIT_WRITERS, 1), -ETIMEDOUT,
		  "BO_WAIT for writers with a time that has passed");
	check_ret(buf_wait(fd, &g.buf, 0, now_ns() + 30 * SECOND), 0, "BO_WAIT until it is done");
	check(gemm_right(&g), "the result is complete after BO_WAIT");
	gemm_free(&g);
	queue_free(fd, queue);
	drmSyncobjDestroy(fd, sync);
}

static int queue_try(int fd, struct drm_octet_queue_create c)
{
	int ret = dev_ioctl(fd, DRM_IOCTL_OCTET_QUEUE_CREATE, &c);

	if (!ret && c.queue == 0)
		return 1;
	if (!ret)
		queue_free(fd, c.queue);
	return ret;
}

static void queues_created(int fd)
{
	struct drm_octet_queue_create c = { .priority = DRM_OCTET_PRIORITY_LOW };

	check_ret(queue_try(fd, c), 0, "QUEUE_CREATE low");
	c.priority = DRM_OCTET_PRIORITY_NORMAL;
	check_ret(queue_try(fd, c), 0, "QUEUE_CREATE normal");
	c.priority = DRM_OCTET_PRIORITY_HIGH;
	check_ret(queue_try(fd, c), 0, "QUEUE_CREATE high with CAP_SYS_NICE");
	c.priority = 3;
	check_ret(queue_try(fd, c), -EINVAL, "QUEUE_CREATE unknown priority");
	c.priority = DRM_OCTET_PRIORITY_NORMAL, c.flags = 1;
	check_ret(queue_try(fd, c), -EINVAL, "QUEUE_CREATE unknown flag");
	c.flags = 0, c.pad = 1;
	check_ret(queue_try(fd, c), -EINVAL, "QUEUE_CREATE pad not zero");
}

static void queues_capped(void)
{
	int fd = dev_open(), ret = 0;
	uint32_t first = queue_new(fd), queue, count = 1;

	while (count < 100000 && !(ret = queue_create(fd, DRM_OCTET_PRIORITY_NORMAL, &queue)))
		count++;
	check_ret(ret, -EMFILE, "QUEUE_CREATE over the client's cap");
	check(dev_client(fd).queues == count, "the client has %u queues, it made %u",
	      dev_client(fd).queues, count);
	queue_free(fd, first);
	check_ret(queue_create(fd, DRM_OCTET_PRIORITY_NORMAL, &queue), 0,
		  "QUEUE_CREATE after one is destroyed");
	close(fd);
}

static void queues_used(int fd)
{
	struct drm_octet_queue_destroy d = { .queue = queue_new(fd), .pad = 1 };
	struct drm_octet_queue_query q = queue_query(fd, d.queue);

	check(!q.flags && !q.error && !q.completed && !q.resets, "QUEUE_QUERY of a new queue is blank");
	check_ret(dev_ioctl(fd, DRM_IOCTL_OCTET_QUEUE_DESTROY, &d), -EINVAL,
		  "QUEUE_DESTROY pad not zero");
	d.pad = 0;
	check_ret(dev_ioctl(fd, DRM_IOCTL_OCTET_QUEUE_DESTROY, &d), 0, "QUEUE_DESTROY");
	check_ret(dev_ioctl(fd, DRM_IOCTL_OCTET_QUEUE_DESTROY, &d), -ENOENT, "QUEUE_DESTROY again");
	q.queue = d.queue;
	check_ret(dev_ioctl(fd, DRM_IOCTL_OCTET_QUEUE_QUERY, &q), -ENOENT,
		  "QUEUE_QUERY of a destroyed queue");
	d.queue = q.queue = 0;
	check_ret(dev_ioctl(fd, DRM_IOCTL_OCTET_QUEUE_DESTROY, &d), -ENOENT, "QUEUE_DESTROY queue 0");
	check_ret(dev_ioctl(fd, DRM_IOCTL_OCTET_QUEUE_QUERY, &q), -ENOENT, "QUEUE_QUERY queue 0");
}

/* Handles and queues are a file's own: another file's numbers mean nothing. */
static void files_apart(int fd)
{
	int other = dev_open();
	struct buf b = buf_new(fd, 4096, 0);
	struct drm_octet_bo_info i = { .handle = b.handle };
	struct drm_octet_queue_query q = { .queue = queue_new(fd) };

	check_ret(dev_ioctl(other, DRM_IOCTL_OCTET_BO_INFO, &i), -ENOENT,
		  "BO_INFO with another file's handle");
	check_ret(dev_ioctl(other, DRM_IOCTL_OCTET_QUEUE_QUERY, &q), -ENOENT,
		  "QUEUE_QUERY with another file's queue");
	queue_free(fd, q.queue);
	buf_free(fd, &b);
	close(other);
}

static void unknown_ioctl(int fd)
{
	uint64_t arg[8] = { 0 };
	int ret = dev_ioctl(fd, DRM_IOWR(DRM_COMMAND_BASE + 0x1f, uint64_t[8]), arg);

	check_ret(ret, -EINVAL, "an ioctl that does not exist");
}

/* Takes or leaves CAP_SYS_NICE. */
static void nice_cap(bool on)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (syscall(SYS_capget, &h, data))
		bail("capget: %s", strerror(errno));
	data[0].effective &= ~(1u << CAP_SYS_NICE);
	data[0].effective |= on ? data[0].permitted & 1u << CAP_SYS_NICE : 0;
	if (syscall(SYS_capset, &h, data))
		bail("capset: %s", strerror(errno));
}

enum who { USER, USER_NICE, USER_NS };

static int high_as(int fd, enum who who)
{
	struct drm_octet_queue_create c = { .priority = DRM_OCTET_PRIORITY_HIGH };

	if (who == USER_NS && unshare(CLONE_NEWUSER))
		return 1;
	if (who == USER_NICE && prctl(PR_SET_KEEPCAPS, 1))
		return 2;
	if (who != USER_NS && (setgroups(0, NULL) || setresgid(1000, 1000, 1000) ||
			       setresuid(1000, 1000, 1000)))
		return 3;
	if (who != USER)
		nice_cap(true);
	return -queue_try(fd, c);
}

/* A process that inherits the file: its own rights decide, not its parent's. */
static void high_as_others(int fd)
{
	static const struct {
		enum who who;
		int end;
		const char *text;
	} others[] = {
		{ USER, EACCES, "QUEUE_CREATE high by another user: EACCES" },
		{ USER_NICE, 0, "QUEUE_CREATE high by another user with CAP_SYS_NICE" },
		{ USER_NS, EACCES, "QUEUE_CREATE high by root of a user namespace: EACCES" },
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		pid_t child = fork();
		int status = -1;

		if (!child)
			_exit(high_as(fd, others[i].who));
		waitpid(child, &status, 0);
		if (others[i].who == USER_NS && WEXITSTATUS(status) == 1)
			check(true, "%s # SKIP no user namespaces", others[i].text);
		else
			check(WIFEXITED(status) && WEXITSTATUS(status) == others[i].end,
			      "%s (status %#x)", others[i].text, status);
	}
}

static void high_without_cap(int fd)
{
	struct drm_octet_queue_create c = { .priority = DRM_OCTET_PRIORITY_HIGH };

	nice_cap(false);
	check_ret(queue_try(fd, c), -EACCES, "QUEUE_CREATE high without CAP_SYS_NICE");
	c.priority = DRM_OCTET_PRIORITY_NORMAL;
	check_ret(queue_try(fd, c), 0, "QUEUE_CREATE normal without CAP_SYS_NICE");
}

int main(void)
{
	int fd;

	tap_start(90);
	fd = dev_open();
	dev_query_refused(fd, dev_info(fd).cores);
	dev_query_size(fd, DRM_OCTET_QUERY_DEVICE, sizeof(struct drm_octet_device_info), "device");
	dev_query_size(fd, DRM_OCTET_QUERY_CORE, sizeof(struct drm_octet_core_counters), "core");
	dev_query_size(fd, DRM_OCTET_QUERY_CLIENT, sizeof(struct drm_octet_client_info), "client");
	dev_query_values(fd);
	buffers_created(fd);
	buffers_told(fd);
	buffers_named(fd);
	buffers_waited(fd);
	queues_created(fd);
	queues_capped();
	queues_used(fd);
	files_apart(fd);
	unknown_ioctl(fd);
	high_as_others(fd);
	high_without_cap(fd);
	check(gemm_works(fd), "after all that a job runs and gives right bits");
	return tap_end();
}
