// SPDX-License-Identifier: MIT
/*
 * What a submit promises: all jobs or none, order in a queue, one doorbell for
 * an array, a fence for each job, waiting by binary and timeline syncobjs.
 * What the device did is read from its own counters.
 */
#include "gemm.h"

#define MANY 32

static int fd;
static struct drm_octet_device_info info;

/* One job on its own: bits, report, counters. */
static void one_job(void)
{
	struct drm_octet_core_counters before = dev_counters(fd), after;
	uint32_t queue = queue_new(fd);
	const struct octet_report *r;
	struct gemm g;

	gemm_new(&g, fd, 11);
	check_ret(gemm_run(&g, queue), 0, "one job");
	check(gemm_right(&g), "its result equals three plain loops");
	r = gemm_report(&g, 1);
	check(r->total && r->total == r->compute + r->dma_stall + r->output_stall + r->overhead,
	      "its report adds up: %llu cycles", (unsigned long long)r->total);
	after = dev_counters(fd);
	check(after.jobs - before.jobs == 1 && after.commands - before.commands == GEMM_CMDS,
	      "the device counted 1 job and %u commands: %llu, %llu", GEMM_CMDS,
	      (unsigned long long)(after.jobs - before.jobs),
	      (unsigned long long)(after.commands - before.commands));
	check(after.macs - before.macs == (uint64_t)GEMM_CMDS * g.m * g.k * g.n,
	      "and %llu multiply-accumulates", (unsigned long long)(after.macs - before.macs));
	check(after.cycles - before.cycles == r->total + gemm_report(&g, 0)->total,
	      "and the cycles of the reports");
	check(queue_query(fd, queue).completed == 1, "the queue counted 1 job completed");
	check(buf_wait(fd, &g.buf, 0, 0) == 0, "the buffer is idle when the fence has signalled");
	gemm_free(&g);
	queue_free(fd, queue);
}

/* One job of an array cannot be accepted: none of them runs. */
static void atomic_array(uint32_t flags, uint32_t bad_sync, int want, const char *text)
{
	struct drm_octet_core_counters before, after;
	struct drm_octet_sync out[3];
	struct drm_octet_job jobs[3];
	struct drm_octet_bo_ref refs[3];
	uint32_t queue = queue_new(fd), good = sync_new(fd);
	struct gemm g[3];
	bool untouched = true, right = true;

	for (uint32_t i = 0; i < 3; i++) {
		gemm_new(&g[i], fd, 20 + i);
		out[i] = (struct drm_octet_sync){ .handle = i == 1 && bad_sync ? bad_sync : good };
		jobs[i] = gemm_job_sync(&g[i], NULL, &out[i]);
		refs[i] = gemm_ref(&g[i]);
	}
	jobs[1].flags = flags;
	before = dev_counters(fd);
	check_ret(submit(fd, queue, jobs, 3, refs, 3), want, text);
	sleep_ms(50);
	after = dev_counters(fd);
	for (int i = 0; i < 3; i++)
		untouched &= gemm_untouched(&g[i]);
	check(untouched && after.entries == before.entries && after.doorbells == before.doorbells,
	      "  none of the three jobs ran");
	check(drmSyncobjWait(fd, &good, 1, 0, 0, NULL) == -EINVAL, "  no out-sync got a fence");

	jobs[1].flags = 0;
	out[1].handle = good;
	check_ret(submit(fd, queue, jobs, 3, refs, 3), 0, "  the array without the bad job");
	for (int i = 0; i < 3; i++) {
		buf_wait(fd, &g[i].buf, 0, now_ns() + 20 * SECOND);
		right &= gemm_right(&g[i]);
		gemm_free(&g[i]);
	}
	check(right, "  all three results are right");
	drmSyncobjDestroy(fd, good);
	queue_free(fd, queue);
}

/* An array: one doorbell, one entry and one fence for each job. */
static void array_of_many(void)
{
	struct drm_octet_core_counters before, after;
	struct drm_octet_sync out[MANY];
	struct drm_octet_job jobs[MANY];
	struct drm_octet_bo_ref refs[MANY];
	uint32_t queue = queue_new(fd);
	unsigned int fine = 0, right = 0;
	struct gemm g[MANY];

	for (uint32_t i = 0; i < MANY; i++) {
		gemm_new(&g[i], fd, 100 + i);
		out[i] = (struct drm_octet_sync){ .handle = sync_new(fd) };
		jobs[i] = gemm_job_sync(&g[i], NULL, &out[i]);
		refs[i] = gemm_ref(&g[i]);
	}
	dev_power("on");
	before = dev_counters(fd);
	check_ret(submit(fd, queue, jobs, MANY, refs, MANY), 0, "an array of 32 jobs");
	for (int i = 0; i < MANY; i++) {
		fine += sync_result(fd, out[i].handle) == 0;
		right += gemm_right(&g[i]);
		drmSyncobjDestroy(fd, out[i].handle);
	}
	after = dev_counters(fd);
	dev_power("auto");
	check(fine == MANY, "  %u of 32 out-fences signalled without error", fine);
	check(right == MANY, "  %u of 32 results are right when their own fence signals", right);
	check(after.entries - before.entries == MANY, "  ring entries by the device's counter: %llu",
	      (unsigned long long)(after.entries - before.entries));
	check(after.doorbells - before.doorbells == 1, "  doorbells by the device's counter: %llu",
	      (unsigned long long)(after.doorbells - before.doorbells));
	printf("# interrupts for them: %llu\n", (unsigned long long)(after.irqs - before.irqs));
	for (int i = 0; i < MANY; i++)
		gemm_free(&g[i]);
	queue_free(fd, queue);
}

/* Two products into one result: which one is there at the end ran last. */
struct race {
	struct gemm slow, fast;
	uint32_t slow_sync, fast_sync;
};

static void race_new(struct race *r)
{
	gemm_new_slow(&r->slow, fd, 31);
	gemm_new_sized(&r->fast, fd, 192, 8, 192, 1, 32);
	r->slow_sync = sync_new(fd);
	r->fast_sync = sync_new(fd);
	/* The fast one writes into the slow one's buffer, over its result. */
	gemm_cmd(&r->fast, 0)->dst.addr = r->slow.buf.va + r->slow.c_at;
}

static bool race_fast_last(struct race *r)
{
	return !memcmp(gemm_result(&r->slow), r->fast.expected, gemm_result_bytes(&r->slow));
}

static void race_free(struct race *r)
{
	gemm_free(&r->slow);
	gemm_free(&r->fast);
	drmSyncobjDestroy(fd, r->slow_sync);
	drmSyncobjDestroy(fd, r->fast_sync);
}

static void order_in_queue(void)
{
	uint32_t queue = queue_new(fd);
	struct race r;

	race_new(&r);
	check_ret(gemm_submit(&r.slow, queue, r.slow_sync), 0, "a slow job, then a fast one");
	check_ret(gemm_submit(&r.fast, queue, r.fast_sync), 0, "  in the same queue");
	check_ret(sync_result(fd, r.fast_sync), 0, "  the fast one ends well");
	check(sync_wait(fd, r.slow_sync, 0) == 0, "  the slow one had ended before");
	check(race_fast_last(&r), "  what the fast one wrote is there: it ran last");
	race_free(&r);
	queue_free(fd, queue);
}

/* The fast job waits in another queue by an in-sync, binary or of a timeline. */
static void order_by_sync(uint64_t point)
{
	uint32_t flags = point ? DRM_OCTET_SYNC_TIMELINE : 0, one = queue_new(fd), two = queue_new(fd);
	struct drm_octet_sync sync, out;
	struct drm_octet_job job;
	struct race r;

	race_new(&r);
	sync = (struct drm_octet_sync){ r.slow_sync, flags, point };
	job = gemm_job_sync(&r.slow, NULL, &sync);
	check_ret(submit(fd, one, &job, 1, NULL, 0), 0,
		  point ? "a slow job that signals a timeline" : "a slow job that signals a syncobj");
	out = (struct drm_octet_sync){ .handle = r.fast_sync };
	job = gemm_job_sync(&r.fast, &sync, &out);
	check_ret(submit(fd, two, &job, 1, NULL, 0), 0, "  a fast job of another queue waits for it");
	check_ret(sync_result(fd, r.fast_sync), 0, "  the fast one ends well");
	check(race_fast_last(&r), "  it ran last");
	race_free(&r);
	queue_free(fd, one);
	queue_free(fd, two);
}

/* A job in the middle of an array waits for another queue's job. */
static void wait_in_array(void)
{
	uint32_t one = queue_new(fd), two = queue_new(fd);
	struct drm_octet_sync in, out;
	struct drm_octet_job jobs[3];
	struct gemm first, last;
	struct race r;

	race_new(&r);
	gemm_new(&first, fd, 41);
	gemm_new(&last, fd, 42);
	in = (struct drm_octet_sync){ .handle = r.slow_sync };
	out = (struct drm_octet_sync){ .handle = r.fast_sync };
	jobs[0] = gemm_job(&first);
	jobs[1] = gemm_job_sync(&r.fast, &in, NULL);
	jobs[2] = gemm_job_sync(&last, NULL, &out);
	gemm_submit(&r.slow, one, r.slow_sync);
	check_ret(submit(fd, two, jobs, 3, NULL, 0), 0, "an array whose middle job waits");
	check_ret(sync_result(fd, r.fast_sync), 0, "  it ends well");
	check(race_fast_last(&r) && gemm_right(&first) && gemm_right(&last),
	      "  the middle one ran after what it waits for; all results are right");
	gemm_free(&first);
	gemm_free(&last);
	race_free(&r);
	queue_free(fd, one);
	queue_free(fd, two);
}

static void timeline(void)
{
	uint32_t handle = sync_new(fd), queue = queue_new(fd);
	struct drm_octet_sync out[3];
	struct drm_octet_job jobs[3];
	struct gemm g[3];
	uint64_t value = 0;
	int ret;

	for (uint32_t i = 0; i < 3; i++) {
		gemm_new(&g[i], fd, 50 + i);
		out[i] = (struct drm_octet_sync){ handle, DRM_OCTET_SYNC_TIMELINE, 10 * (i + 1) };
		jobs[i] = gemm_job_sync(&g[i], NULL, &out[i]);
	}
	check_ret(submit(fd, queue, jobs, 3, NULL, 0), 0, "three jobs signal points 10, 20, 30");
	check_ret(sync_wait_point(fd, handle, 20, 20 * SECOND), 0, "  point 20 signals");
	check(gemm_right(&g[0]) && gemm_right(&g[1]), "  the first two results are right then");
	check_ret(sync_wait_point(fd, handle, 30, 20 * SECOND), 0, "  point 30 signals");
	ret = drmSyncobjQuery(fd, &handle, &value, 1);
	check(!ret && value == 30, "  the timeline stands at %llu", (unsigned long long)value);
	for (int i = 0; i < 3; i++)
		gemm_free(&g[i]);
	queue_free(fd, queue);
	drmSyncobjDestroy(fd, handle);
}

static void sync_file(void)
{
	uint32_t queue = queue_new(fd), sync = sync_new(fd);
	struct gemm g;
	int file;

	gemm_new_slow(&g, fd, 61);
	gemm_submit(&g, queue, sync);
	file = sync_export(fd, sync);
	check(sync_file_wait(file, 0) == 1, "a sync_file does not poll readable while its job runs");
	check(sync_file_wait(file, 20000) == 0, "  it does when the job has ended");
	check(gemm_right(&g), "  and the result is right then");
	close(file);
	gemm_free(&g);
	queue_free(fd, queue);
	drmSyncobjDestroy(fd, sync);
}

static void two_cores(void)
{
	uint64_t jobs[8];
	uint32_t queues[2] = { queue_new(fd), queue_new(fd) }, syncs[4], used = 0;
	struct gemm g[4];

	if (info.cores < 2)
		return;
	for (uint32_t i = 0; i < info.cores; i++)
		jobs[i] = dev_core(fd, i).jobs;
	for (uint32_t i = 0; i < 4; i++) {
		gemm_new_slow(&g[i], fd, 70 + i);
		syncs[i] = sync_new(fd);
		gemm_submit(&g[i], queues[i % 2], syncs[i]);
	}
	for (uint32_t i = 0; i < 4; i++) {
		sync_result(fd, syncs[i]);
		check(gemm_right(&g[i]), "two queues at once: job %u is right", i);
		drmSyncobjDestroy(fd, syncs[i]);
		gemm_free(&g[i]);
	}
	for (uint32_t i = 0; i < info.cores; i++)
		used += dev_core(fd, i).jobs > jobs[i];
	check(used == 2, "  they used %u of %u cores", used, info.cores);
	queue_free(fd, queues[0]);
	queue_free(fd, queues[1]);
}

#define LOADED 24

/*
 * What is urgent goes ahead of what waits, though not of what is in a ring: four
 * jobs on its core, while the other core goes on. By the times of the fences, as
 * this process may not run until all is over.
 */
static void high_priority(void)
{
	uint32_t normal[2] = { queue_new(fd), queue_new(fd) }, high = 0, ahead = 0;
	uint32_t syncs[LOADED], urgent_sync = sync_new(fd);
	struct gemm slow, urgent;
	int64_t submitted, ended;

	if (queue_create(fd, DRM_OCTET_PRIORITY_HIGH, &high))
		bail("a queue of high priority: %s", strerror(errno));
	gemm_new_slow(&slow, fd, 86);
	gemm_new(&urgent, fd, 87);
	for (int i = 0; i < LOADED; i++) {
		syncs[i] = sync_new(fd);
		gemm_submit(&slow, normal[i % 2], syncs[i]);
	}
	gemm_submit(&urgent, high, urgent_sync);
	submitted = now_ns();
	check_ret(sync_result(fd, urgent_sync), 0, "a job of high priority behind 24 slow ones");
	check(gemm_right(&urgent), "  its result is right");
	check_ret(buf_wait(fd, &slow.buf, 0, now_ns() + 60 * SECOND), 0, "  they end too");
	check(gemm_right(&slow), "  and their result is right");
	ended = sync_signalled_ns(fd, urgent_sync);
	for (int i = 0; i < LOADED; i++) {
		int64_t at = sync_signalled_ns(fd, syncs[i]);

		ahead += at > submitted && at < ended;
		drmSyncobjDestroy(fd, syncs[i]);
	}
	check(ahead <= 16, "  it waited for %u of them", ahead);
	drmSyncobjDestroy(fd, urgent_sync);
	gemm_free(&slow);
	gemm_free(&urgent);
	queue_free(fd, high);
	queue_free(fd, normal[0]);
	queue_free(fd, normal[1]);
}

/* Readers of a buffer do not make those wait who wait for its writers alone. */
static void readers_and_writers(void)
{
	uint32_t queue = queue_new(fd);
	struct buf b = buf_new(fd, 4096, 0);
	struct drm_octet_bo_ref ref = { b.handle, DRM_OCTET_BO_READ };
	struct drm_octet_job job;
	struct gemm g;

	gemm_new_slow(&g, fd, 81);
	job = gemm_job(&g);
	check_ret(submit(fd, queue, &job, 1, &ref, 1), 0, "a slow job that reads a buffer");
	check_ret(buf_wait(fd, &b, DRM_OCTET_BO_WAIT_WRITERS, 0), 0, "  no writer to wait for");
	check_ret(buf_wait(fd, &b, 0, 0), -ETIMEDOUT, "  but a reader");
	check_ret(buf_wait(fd, &b, 0, now_ns() + 20 * SECOND), 0, "  until the job has ended");
	check(gemm_right(&g), "  its result is right");
	gemm_free(&g);
	buf_free(fd, &b);
	queue_free(fd, queue);
}

/* Another file imports the buffer; IMPLICIT makes its job wait for ours. */
static void shared_buffer(void)
{
	int other = dev_open(), dmabuf = -1;
	uint32_t mine = queue_new(fd), theirs = queue_new(other), sync = sync_new(other);
	struct drm_octet_sync out = { .handle = sync };
	struct drm_octet_bo_ref ref = { 0, DRM_OCTET_BO_WRITE | DRM_OCTET_BO_IMPLICIT };
	struct drm_octet_bo_info bo = { 0 };
	struct drm_octet_job job;
	struct gemm slow, fast;

	gemm_new_slow(&slow, fd, 91);
	gemm_new_sized(&fast, other, 192, 8, 192, 1, 92);
	if (drmPrimeHandleToFD(fd, slow.buf.handle, DRM_CLOEXEC, &dmabuf) ||
	    drmPrimeFDToHandle(other, dmabuf, &ref.handle))
		bail("sharing a buffer: %s", strerror(errno));
	bo.handle = ref.handle;
	check_ret(dev_ioctl(other, DRM_IOCTL_OCTET_BO_INFO, &bo), 0, "BO_INFO of a shared buffer");
	check(bo.size == slow.buf.size && bo.va, "  it has the size, and an address of its own");
	gemm_cmd(&fast, 0)->dst.addr = bo.va + slow.c_at;
	job = gemm_job_sync(&fast, NULL, &out);
	gemm_submit(&slow, mine, sync_new(fd));
	check_ret(submit(other, theirs, &job, 1, &ref, 1), 0, "  a job of the other file writes to it");
	check_ret(sync_result(other, sync), 0, "  it ends well");
	check(!memcmp(gemm_result(&slow), fast.expected, gemm_result_bytes(&slow)),
	      "  it ran after the first file's job");
	buf_wait(fd, &slow.buf, 0, now_ns() + 20 * SECOND);
	gemm_free(&fast);
	gemm_free(&slow);
	queue_free(fd, mine);
	close(dmabuf);
	close(other);
}

int main(void)
{
	tap_start(120);
	fd = dev_open();
	info = dev_info(fd);
	one_job();
	atomic_array(1, 0, -EINVAL, "an array with a bad flag in the middle job");
	atomic_array(0, 4711, -ENOENT, "an array with an unknown syncobj in the middle job");
	array_of_many();
	order_in_queue();
	order_by_sync(0);
	order_by_sync(7);
	wait_in_array();
	timeline();
	sync_file();
	two_cores();
	high_priority();
	readers_and_writers();
	shared_buffer();
	return tap_end();
}
