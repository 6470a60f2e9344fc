// SPDX-License-Identifier: MIT
/*
 * Submits empty jobs and marks where each begins and ends, for a plugin of QEMU
 * that counts instructions (tests/bench/insns).
 *
 * usage: submit_cost noop | single | listed | array | buffers N | clients N
 */
#include "gemm.h"
#include "../../bench/noop/noop.h"

#define ROUNDS 64
#define WARM 32
#define ARRAY_JOBS 32
#define MARK(n) __asm__ volatile("nopl 0x4f4300" n "(%%rax)" ::: "memory")

static struct {
	int fd;
	uint32_t queue, sync;
	struct gemm gemm;
	struct drm_octet_bo_ref refs[3];
	uint32_t num_refs;
} t;

static void wait_sync(void)
{
	if (drmSyncobjWait(t.fd, &t.sync, 1, now_ns() + 20 * SECOND, 0, NULL))
		bail("a job did not end: %s", strerror(errno));
}

static void noop_job(void)
{
	struct drm_noop_submit s = { .syncobj = t.sync };

	if (dev_ioctl(t.fd, DRM_IOCTL_NOOP_SUBMIT, &s))
		bail("the no-op driver: %s", strerror(errno));
}

static void octet_jobs(uint32_t count)
{
	struct drm_octet_sync out = { .handle = t.sync };
	struct drm_octet_job jobs[ARRAY_JOBS];
	int ret;

	for (uint32_t i = 0; i < count; i++)
		jobs[i] = gemm_job(&t.gemm);
	jobs[count - 1].out_syncs = (struct drm_octet_array)ARRAY(&out, 1);
	ret = submit(t.fd, t.queue, jobs, count, t.refs, t.num_refs);
	if (ret)
		bail("a submit: %s", strerror(-ret));
}

static void round_of(uint32_t count)
{
	if (count)
		octet_jobs(count);
	else
		noop_job();
	wait_sync();
}

static void measure(uint32_t count)
{
	for (int i = 0; i < WARM; i++)
		round_of(count);
	MARK("fe");
	for (int i = 0; i < ROUNDS; i++) {
		MARK("01");
		if (count)
			octet_jobs(count);
		else
			noop_job();
		MARK("02");
		wait_sync();
		MARK("03");
		/* What is cleaned up later belongs to this job too. */
		sleep_ms(2);
		MARK("04");
	}
	MARK("ff");
}

/* A product of one number by one, and the buffers that a listed job names. */
static void open_octet(int refs)
{
	t.fd = dev_open();
	t.queue = queue_new(t.fd);
	t.sync = sync_new(t.fd);
	gemm_new_sized(&t.gemm, t.fd, 1, 1, 1, 1, 1);
	for (int i = 0; i < refs; i++) {
		struct buf b = i ? buf_new(t.fd, 4096, 0) : t.gemm.buf;

		t.refs[t.num_refs++] = (struct drm_octet_bo_ref){
			b.handle, i ? DRM_OCTET_BO_READ : DRM_OCTET_BO_WRITE };
	}
}

static void open_noop(void)
{
	t.fd = open("/dev/accel/accel1", O_RDWR | O_CLOEXEC);
	if (t.fd < 0)
		bail("/dev/accel/accel1: %s", strerror(errno));
	t.sync = sync_new(t.fd);
}

static void other_buffers(int n)
{
	for (int i = 0; i < n; i++)
		buf_unmap(&(struct buf){ .map = buf_new(t.fd, 4096, 0).map, .size = 4096 });
}

static void other_clients(int n)
{
	for (int i = 0; i < n; i++)
		queue_new(dev_open());
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	int n = argc > 2 ? atoi(argv[2]) : 0;

	tap_start(300);
	if (!strcmp(what, "noop"))
		open_noop();
	else
		open_octet(strcmp(what, "listed") ? 0 : 3);
	if (!strcmp(what, "buffers"))
		other_buffers(n);
	if (!strcmp(what, "clients"))
		other_clients(n);
	measure(!strcmp(what, "noop") ? 0 : !strcmp(what, "array") ? ARRAY_JOBS : 1);
	check(true, "%s %d", what, n);
	return tap_end();
}
