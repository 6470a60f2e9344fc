// SPDX-License-Identifier: MIT
/*
 * Buffers and fences that more than one client, device or process uses. Two
 * devices: accel0 and accel1.
 */
#include <linux/udmabuf.h>
#include <sys/wait.h>

#include "gemm.h"

static int one, two;

static int share(int from, uint32_t handle)
{
	int dmabuf;

	if (drmPrimeHandleToFD(from, handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf))
		bail("exporting a buffer: %s", strerror(errno));
	return dmabuf;
}

static struct drm_octet_bo_info import(int to, int dmabuf)
{
	struct drm_octet_bo_info info = { 0 };

	if (drmPrimeFDToHandle(to, dmabuf, &info.handle) ||
	    dev_ioctl(to, DRM_IOCTL_OCTET_BO_INFO, &info))
		bail("importing a buffer: %s", strerror(errno));
	return info;
}

/* The other device's job reads what the first's writes, when that is there. */
static void two_devices(void)
{
	struct drm_octet_sync out = { .handle = sync_new(two) };
	struct drm_octet_bo_info bo, again;
	struct drm_octet_bo_ref ref;
	struct drm_octet_job job;
	struct gemm first, second;
	int dmabuf, file;

	gemm_new_slow(&first, one, 3);
	gemm_new_sized(&second, two, 192, 8, 192, 1, 92);
	dmabuf = share(one, first.buf.handle);
	bo = import(two, dmabuf);
	again = import(two, dmabuf);
	check(bo.size == first.buf.size && bo.va && bo.handle == again.handle && bo.va == again.va,
	      "another device imports a buffer, twice: one address, %#llx",
	      (unsigned long long)bo.va);

	gemm_cmd(&second, 0)->dst.addr = bo.va + first.c_at;
	ref = (struct drm_octet_bo_ref){ bo.handle, DRM_OCTET_BO_WRITE | DRM_OCTET_BO_IMPLICIT };
	job = gemm_job_sync(&second, NULL, &out);
	check_ret(gemm_submit(&first, queue_new(one), sync_new(one)), 0, "  a slow job of the first");
	check_ret(submit(two, queue_new(two), &job, 1, &ref, 1), 0, "  one of the second writes there");
	file = sync_export(two, out.handle);
	check(sync_file_wait(file, 30000) == 0, "  it ends well");
	check(buf_wait(one, &first.buf, 0, 0) == 0, "  and what it waited for had ended");
	check(!memcmp(gemm_result(&first), second.expected, gemm_result_bytes(&first)),
	      "  the last bytes are its own");
	close(file);
	gemm_free(&first);
	check(buf_close(two, &(struct buf){ .handle = bo.handle }) == 0, "  both close it");
	close(dmabuf);
	gemm_free(&second);
}

/* The creator's file and handle go; the importer's job still reads the bytes. */
static void outlives(void)
{
	int creator = dev_open(), dmabuf;
	struct buf b = buf_new(creator, 4096, DRM_OCTET_BO_READONLY);
	uint32_t queue = queue_new(one);
	struct drm_octet_bo_info bo;
	struct gemm g;

	gemm_new(&g, one, 9);
	memcpy(b.map, g.buf.map + g.a_at, g.m * g.k);
	dmabuf = share(creator, b.handle);
	buf_unmap(&b);
	close(creator);
	bo = import(one, dmabuf);
	close(dmabuf);
	check(bo.flags == DRM_OCTET_BO_READONLY, "a read-only buffer outlives its creator: flags %#x",
	      bo.flags);
	gemm_cmd(&g, 0)->src.addr = gemm_cmd(&g, 1)->src.addr = bo.va;
	check(gemm_run(&g, queue) == 0 && gemm_right(&g), "  a job reads it");
	gemm_cmd(&g, 0)->dst.addr = bo.va;
	check_ret(gemm_run(&g, queue), -EFAULT, "  but cannot write to it");
	check(queue_query(one, queue).status == OCTET_STATUS_PERMISSION, "  for want of permission");
	gemm_free(&g);
}

static void udmabuf(void)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = 4096 };
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), dmabuf;
	struct drm_octet_bo_info bo;
	uint8_t *map;
	struct gemm g;

	if (dev < 0) {
		printf("ok %d - memory of a process # SKIP no /dev/udmabuf\n", tap_number());
		tap.passed++;
		return;
	}
	create.memfd = memfd_create("operand", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	if (ftruncate(create.memfd, 4096) || fcntl(create.memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		bail("a memfd: %s", strerror(errno));
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, create.memfd, 0);
	dmabuf = ioctl(dev, UDMABUF_CREATE, &create);
	if (map == MAP_FAILED || dmabuf < 0)
		bail("a udmabuf: %s", strerror(errno));
	gemm_new(&g, one, 10);
	memcpy(map, g.buf.map + g.a_at, g.m * g.k);
	memset(g.buf.map + g.a_at, 0, g.m * g.k);
	bo = import(one, dmabuf);
	gemm_cmd(&g, 0)->src.addr = gemm_cmd(&g, 1)->src.addr = bo.va;
	check(gemm_run(&g, queue_new(one)) == 0 && gemm_right(&g),
	      "a job reads the memory of a process, through udmabuf");
	gemm_free(&g);
	close(dmabuf);
	close(create.memfd);
	close(dev);
}

/* Two queues of a client: readers do not wait for readers, all wait for writers. */
static void implicit(uint32_t first, uint32_t second, bool waits)
{
	uint32_t queues[2] = { queue_new(one), queue_new(one) };
	uint32_t syncs[2] = { sync_new(one), sync_new(one) };
	struct buf b = buf_new(one, 4096, 0);
	struct drm_octet_sync out[2] = { { .handle = syncs[0] }, { .handle = syncs[1] } };
	struct drm_octet_bo_ref refs[2] = { { b.handle, first },
					    { b.handle, second | DRM_OCTET_BO_IMPLICIT } };
	struct drm_octet_job jobs[2];
	struct gemm slow, fast;

	gemm_new_slow(&slow, one, 20);
	gemm_new(&fast, one, 21);
	jobs[0] = gemm_job_sync(&slow, NULL, &out[0]);
	jobs[1] = gemm_job_sync(&fast, NULL, &out[1]);
	check(!submit(one, queues[0], &jobs[0], 1, &refs[0], 1) &&
	      !submit(one, queues[1], &jobs[1], 1, &refs[1], 1),
	      "a slow job %s a buffer, a fast one %s it", first & DRM_OCTET_BO_WRITE ? "writes" : "reads",
	      second & DRM_OCTET_BO_WRITE ? "writes" : "reads");
	check_ret(sync_result(one, syncs[1]), 0, "  the fast one ends well");
	check((sync_wait(one, syncs[0], 0) == 0) == waits, "  it %s", waits ? "waited" : "did not wait");
	check_ret(sync_result(one, syncs[0]), 0, "  the slow one ends well");
	gemm_free(&slow);
	gemm_free(&fast);
	buf_free(one, &b);
}

/* Merged, imported, and waited for by another process. */
static void sync_files(void)
{
	uint32_t syncs[2] = { sync_new(one), sync_new(two) }, imported = sync_new(two);
	struct sync_merge_data merge = { .name = "both" };
	struct gemm g[2], last;
	struct drm_octet_sync in = { .handle = imported }, out = { .handle = sync_new(two) };
	struct drm_octet_job job;
	int files[2], status = -1;
	pid_t pid;

	gemm_new_slow(&g[0], one, 30);
	gemm_new(&g[1], two, 31);
	gemm_new(&last, two, 32);
	for (int i = 0; i < 2; i++) {
		gemm_submit(&g[i], queue_new(g[i].fd), syncs[i]);
		files[i] = sync_export(g[i].fd, syncs[i]);
	}
	merge.fd2 = files[1];
	if (ioctl(files[0], SYNC_IOC_MERGE, &merge))
		bail("SYNC_IOC_MERGE: %s", strerror(errno));
	check(sync_file_wait(merge.fence, 0) == 1, "fences of two devices merged: pending");
	if (drmSyncobjImportSyncFile(two, imported, merge.fence))
		bail("importing a sync_file: %s", strerror(errno));
	job = gemm_job_sync(&last, &in, &out);
	check_ret(submit(two, queue_new(two), &job, 1, NULL, 0), 0, "  a job waits for both");
	pid = fork();
	if (pid == 0)
		_exit(sync_file_wait(merge.fence, 30000) == 0 && gemm_right(&g[0]) ? 0 : 1);
	check_ret(sync_result(two, out.handle), 0, "  it ends well");
	check(sync_file_wait(files[0], 0) == 0 && sync_file_wait(files[1], 0) == 0, "  after both");
	waitpid(pid, &status, 0);
	check(status == 0, "  another process waited too, and saw the result");
	close(merge.fence);
	gemm_cmd(&g[1], 0)->src.addr = 0x40;
	check_ret(gemm_run(&g[1], queue_new(two)), -EFAULT, "a sync_file tells the error of its job");
	for (int i = 0; i < 2; i++) {
		gemm_free(&g[i]);
		close(files[i]);
	}
	gemm_free(&last);
}

static volatile sig_atomic_t signals;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

/* Signals come every 10 ms while a wait goes on; its time is absolute. */
static void interrupted(int flags, int want, const char *text)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct itimerspec every = { { 0, 10000000 }, { 0, 10000000 } };
	struct drm_octet_bo_wait w = { .timeout_ns = INT64_MAX };
	uint32_t queue = queue_new(one), sync = sync_new(one);
	struct gemm g;
	timer_t timer;
	int ret;

	gemm_new_slow(&g, one, 40);
	w.handle = g.buf.handle;
	signals = 0;
	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < 4; i++)
		gemm_submit(&g, queue, sync);
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	timer_settime(timer, 0, &every, NULL);
	ret = ioctl(one, DRM_IOCTL_OCTET_BO_WAIT, &w) ? -errno : 0;
	timer_delete(timer);
	check_ret(ret, want, text);
	check(signals > 0, "  %d signals came", (int)signals);
	check_ret(buf_wait(one, &g.buf, 0, now_ns() - SECOND) ? 1 : 0, want ? 1 : 0,
		  "  a time in the past tells the state");
	check_ret(sync_result(one, sync), 0, "  the jobs end well");
	gemm_free(&g);
}

int main(void)
{
	tap_start(100);
	one = dev_open();
	two = open("/dev/accel/accel1", O_RDWR | O_CLOEXEC);
	if (two < 0)
		bail("/dev/accel/accel1: %s", strerror(errno));
	two_devices();
	outlives();
	udmabuf();
	implicit(DRM_OCTET_BO_READ, DRM_OCTET_BO_READ, false);
	implicit(DRM_OCTET_BO_READ, DRM_OCTET_BO_WRITE, true);
	implicit(DRM_OCTET_BO_WRITE, DRM_OCTET_BO_READ, true);
	implicit(DRM_OCTET_BO_WRITE, DRM_OCTET_BO_WRITE, true);
	sync_files();
	interrupted(SA_RESTART, 0, "BO_WAIT goes on after signals");
	interrupted(0, -EINTR, "BO_WAIT ends with a signal that asks for it");
	return tap_end();
}
