// SPDX-License-Identifier: MIT
/*
 * Every allocation of every call fails once: the call then ends with an error that
 * is documented and has changed nothing, or it does its work all the same.
 *
 * usage: fail_nth calls MOST | probe ADDRESS STEP
 *
 * MOST rounds a call, 0 for all. The probe of the PCI function ADDRESS has its 1st,
 * (1 + STEP)th, ... allocation fail.
 */
#include "fail_nth.h"

#define JOBS	3
#define ROUNDS	5000	/* a call with more allocations than this has a loop */

/**
 * struct world - what the calls work on
 *
 * @fd: a file; @fd2: another one of the same device
 * @g: buffers with jobs
 * @sync: signalled by jobs; @timeline: likewise, at a point; @before: signalled
 * @fresh: made for one call by its prepare()
 * @made: by the call: file or handle
 * @clean: what the files hold between two calls
 */
struct world {
	int fd, fd2;
	struct gemm g[JOBS];
	uint32_t queue, sync, timeline, before;
	struct buf fresh;
	uint32_t fresh_queue;
	int fresh_fd;
	uint64_t point;
	int made;
	uint32_t handle;
	struct drm_octet_client_info clean[2];
};

/**
 * struct call - one call
 *
 * @name: for people
 * @prepare: before each round, without failing allocations, may be NULL
 * @call: 0 or -errno
 * @cleanup: after each round
 * @must: it gives something back and so may not fail
 * @other: what DRM or shmem say instead of -ENOMEM, besides it
 */
struct call {
	const char *name;
	void (*prepare)(struct world *w);
	int (*call)(struct world *w);
	void (*cleanup)(struct world *w, int ret);
	bool must;
	int other;
};

/* Files and queries */

static int call_open(struct world *w)
{
	w->made = open(dev_path(), O_RDWR | O_CLOEXEC);
	return w->made < 0 ? -errno : 0;
}

static void cleanup_made(struct world *w, int ret)
{
	if (!ret)
		close(w->made);
}

static int call_query_device(struct world *w)
{
	struct drm_octet_device_info info;

	return dev_query(w->fd, DRM_OCTET_QUERY_DEVICE, 0, &info, sizeof(info));
}

static int call_query_core(struct world *w)
{
	struct drm_octet_core_counters c;

	return dev_query(w->fd, DRM_OCTET_QUERY_CORE, 0, &c, sizeof(c));
}

static int call_query_client(struct world *w)
{
	struct drm_octet_client_info info;

	return dev_query(w->fd, DRM_OCTET_QUERY_CLIENT, 0, &info, sizeof(info));
}

/* Buffers */

static int create_bo(struct world *w, uint64_t size)
{
	struct drm_octet_bo_create c = { .size = size };
	int ret = dev_ioctl(w->fd, DRM_IOCTL_OCTET_BO_CREATE, &c);

	w->handle = c.handle;
	return ret;
}

static int call_bo_create(struct world *w)
{
	return create_bo(w, 3 * 4096);
}

static int call_bo_create_large(struct world *w)
{
	return create_bo(w, 3 << 20);
}

static void close_handle(int fd, uint32_t handle)
{
	struct drm_gem_close c = { .handle = handle };

	if (dev_ioctl(fd, DRM_IOCTL_GEM_CLOSE, &c))
		bail("closing handle %u: %s", handle, strerror(errno));
}

static void cleanup_handle(struct world *w, int ret)
{
	if (!ret)
		close_handle(w->fd, w->handle);
}

static void prepare_bo(struct world *w)
{
	w->fresh = buf_new(w->fd, 5 * 4096, 0);
}

static void cleanup_bo(struct world *w, int ret)
{
	(void)ret;
	buf_free(w->fd, &w->fresh);
}

static int call_bo_info(struct world *w)
{
	struct drm_octet_bo_info info = { .handle = w->fresh.handle };

	return dev_ioctl(w->fd, DRM_IOCTL_OCTET_BO_INFO, &info);
}

static int call_bo_set_name(struct world *w)
{
	static const char name[] = "weights of the second layer";
	struct drm_octet_bo_set_name n = {
		.handle = w->fresh.handle, .size = sizeof(name) - 1, .ptr = (uintptr_t)name,
	};

	return dev_ioctl(w->fd, DRM_IOCTL_OCTET_BO_SET_NAME, &n);
}

static int call_gem_close(struct world *w)
{
	return buf_close(w->fd, &w->fresh);
}

static void cleanup_closed(struct world *w, int ret)
{
	buf_unmap(&w->fresh);
	if (ret)
		buf_close(w->fd, &w->fresh);
}

static int call_map(struct world *w)
{
	struct drm_octet_bo_info info = { .handle = w->fresh.handle };
	volatile uint8_t *map;

	if (dev_ioctl(w->fd, DRM_IOCTL_OCTET_BO_INFO, &info))
		return -errno;
	map = mmap(NULL, w->fresh.size, PROT_READ | PROT_WRITE, MAP_SHARED, w->fd,
		   info.mmap_offset);
	if (map == MAP_FAILED)
		return -errno;
	map[4096] = 7;	/* a fault; out of memory is tried again */
	munmap((void *)map, w->fresh.size);
	return w->fresh.map[4096] == 7 ? 0 : -EIO;
}

static int run_one(struct world *w);

static void prepare_busy(struct world *w)
{
	if (run_one(w))
		bail("a job: %s", strerror(errno));
}

static int call_bo_wait(struct world *w)
{
	return buf_wait(w->fd, &w->g[0].buf, 0, now_ns() + 60 * SECOND);
}

/* Buffers of others */

static int call_prime_export(struct world *w)
{
	return drmPrimeHandleToFD(w->fd, w->fresh.handle, DRM_CLOEXEC | DRM_RDWR, &w->made) ?
	       -errno : 0;
}

static void cleanup_export(struct world *w, int ret)
{
	cleanup_made(w, ret);
	cleanup_bo(w, ret);
}

static void prepare_import(struct world *w)
{
	prepare_bo(w);
	if (drmPrimeHandleToFD(w->fd, w->fresh.handle, DRM_CLOEXEC | DRM_RDWR, &w->fresh_fd))
		bail("PRIME export: %s", strerror(errno));
}

static int call_prime_import(struct world *w)
{
	return drmPrimeFDToHandle(w->fd2, w->fresh_fd, &w->handle) ? -errno : 0;
}

static void cleanup_import(struct world *w, int ret)
{
	if (!ret)
		close_handle(w->fd2, w->handle);
	close(w->fresh_fd);
	cleanup_bo(w, ret);
}

/* Queues */

static int call_queue_create(struct world *w)
{
	return queue_create(w->fd, DRM_OCTET_PRIORITY_NORMAL, &w->handle);
}

static void cleanup_queue(struct world *w, int ret)
{
	if (!ret && queue_free(w->fd, w->handle))
		bail("destroying a queue: %s", strerror(errno));
}

static void prepare_queue(struct world *w)
{
	w->fresh_queue = queue_new(w->fd);
}

static int call_queue_destroy(struct world *w)
{
	return queue_free(w->fd, w->fresh_queue);
}

static int call_queue_query(struct world *w)
{
	struct drm_octet_queue_query q = { .queue = w->queue };

	return dev_ioctl(w->fd, DRM_IOCTL_OCTET_QUEUE_QUERY, &q);
}

/* Submits */

static int run_one(struct world *w)
{
	struct drm_octet_job job = gemm_job(&w->g[0]);
	struct drm_octet_bo_ref ref = gemm_ref(&w->g[0]);

	return submit(w->fd, w->queue, &job, 1, &ref, 1);
}

static void prepare_submit(struct world *w)
{
	drmSyncobjReset(w->fd, &w->sync, 1);
	for (int i = 0; i < JOBS; i++)
		gemm_clear(&w->g[i]);
	w->point += 10;
}

static int call_submit(struct world *w)
{
	struct drm_octet_sync in = { .handle = w->before };
	struct drm_octet_sync out[2] = {
		{ .handle = w->sync },
		{ .handle = w->timeline, .flags = DRM_OCTET_SYNC_TIMELINE, .point = w->point },
	};
	struct drm_octet_job jobs[JOBS];
	struct drm_octet_bo_ref refs[JOBS];

	for (int i = 0; i < JOBS; i++) {
		jobs[i] = gemm_job(&w->g[i]);
		refs[i] = gemm_ref(&w->g[i]);
		refs[i].flags |= i == 1 ? DRM_OCTET_BO_IMPLICIT : 0;
	}
	jobs[0].in_syncs = (struct drm_octet_array)ARRAY(&in, 1);
	jobs[JOBS - 1].out_syncs = (struct drm_octet_array)ARRAY(out, 2);
	return submit(w->fd, w->queue, jobs, JOBS, refs, JOBS);
}

/* Refused: no fence came to anything. Taken: all of it happens. */
static void cleanup_submit(struct world *w, int ret)
{
	bool ok = true;

	if (ret) {
		ok &= sync_wait(w->fd, w->sync, 0) == -EINVAL;
		ok &= sync_wait_point(w->fd, w->timeline, w->point, 0) == -EINVAL;
		for (int i = 0; i < JOBS; i++)
			ok &= !buf_wait(w->fd, &w->g[i].buf, 0, 0) && gemm_untouched(&w->g[i]);
		if (!ok)
			check(false, "a refused submit left a fence or a result");
		return;
	}
	ok &= !sync_result(w->fd, w->sync);
	ok &= !sync_wait_point(w->fd, w->timeline, w->point, 60 * SECOND);
	for (int i = 0; i < JOBS; i++)
		ok &= gemm_right(&w->g[i]);
	if (!ok)
		check(false, "a submit that was taken: fences and results are not right");
}

static int call_sync_export(struct world *w)
{
	return drmSyncobjExportSyncFile(w->fd, w->before, &w->made) ? -errno : 0;
}

static const struct call calls[] = {
	{ "open", NULL, call_open, cleanup_made, false, 0 },
	{ "DEV_QUERY device", NULL, call_query_device, NULL, false, 0 },
	{ "DEV_QUERY core", NULL, call_query_core, NULL, false, 0 },
	{ "DEV_QUERY client", NULL, call_query_client, NULL, false, 0 },
	{ "BO_CREATE", NULL, call_bo_create, cleanup_handle, false, -ENOSPC },
	{ "BO_CREATE with page tables", NULL, call_bo_create_large, cleanup_handle, false,
	  -ENOSPC },
	{ "BO_INFO", prepare_bo, call_bo_info, cleanup_bo, false, 0 },
	{ "BO_SET_NAME", prepare_bo, call_bo_set_name, cleanup_bo, false, 0 },
	{ "BO_WAIT", prepare_busy, call_bo_wait, NULL, false, 0 },
	{ "mmap and a fault", prepare_bo, call_map, cleanup_bo, false, 0 },
	{ "GEM_CLOSE", prepare_bo, call_gem_close, cleanup_closed, true, 0 },
	{ "PRIME export", prepare_bo, call_prime_export, cleanup_export, false, 0 },
	{ "PRIME import", prepare_import, call_prime_import, cleanup_import, false, 0 },
	{ "QUEUE_CREATE", NULL, call_queue_create, cleanup_queue, false, 0 },
	{ "QUEUE_DESTROY", prepare_queue, call_queue_destroy, NULL, true, 0 },
	{ "QUEUE_QUERY", NULL, call_queue_query, NULL, false, 0 },
	{ "SUBMIT", prepare_submit, call_submit, cleanup_submit, false, 0 },
	{ "sync_file export", NULL, call_sync_export, cleanup_made, false, -EINVAL },
};

/* Page tables may stay for the next mapping. */
static struct drm_octet_client_info client_of(int fd)
{
	struct drm_octet_client_info info = dev_client(fd);

	info.table_bytes = 0;
	return info;
}

static void figures(unsigned int hits)
{
	printf("# figure: failing allocations: %u\n# figure: failing allocations survived: %u\n",
	       hits, tap.failed ? 0 : hits);
}

/* What a failed call may not change. */
struct state {
	struct drm_octet_client_info client[2];
	uint64_t submitted, completed, failed;
};

static struct state state_of(const struct world *w)
{
	struct drm_octet_core_counters c = dev_counters(w->fd);

	return (struct state){
		{ client_of(w->fd), client_of(w->fd2) }, c.submitted, c.completed, c.failed,
	};
}

/* Mappings are given back by a worker. */
static bool same_soon(const struct world *w, const struct state *before)
{
	struct state after = state_of(w);

	for (int i = 0; i < 2000 && memcmp(before, &after, sizeof(after)); i++) {
		sleep_ms(5);
		after = state_of(w);
	}
	return !memcmp(before, &after, sizeof(after));
}

/* Everything made by a round is given back, soon. */
static void settle(const struct world *w, const char *after)
{
	struct drm_octet_client_info now[2];

	for (int i = 0; i < 2000; i++) {
		now[0] = client_of(w->fd);
		now[1] = client_of(w->fd2);
		if (!memcmp(now, w->clean, sizeof(now)))
			return;
		sleep_ms(5);
	}
	check(false, "after %s a file holds %llu bytes in %u buffers, %u queues", after,
	      now[0].bo_bytes + now[1].bo_bytes, now[0].bos + now[1].bos,
	      now[0].queues + now[1].queues);
}

static bool allowed(const struct call *call, int ret)
{
	return !call->must && (ret == -ENOMEM || ret == -EFAULT || ret == call->other);
}

static bool one_round(struct world *w, const struct call *call, unsigned int nth,
		      struct fail_sweep *s)
{
	struct state before;
	bool hit;
	int ret;

	if (call->prepare)
		call->prepare(w);
	before = state_of(w);
	fail_arm(nth);
	ret = call->call(w);
	hit = fail_disarm();
	s->hits += hit;
	s->refused += hit && ret;
	s->survived += hit && !ret;
	if (ret && (!hit || !allowed(call, ret)))
		check(false, "%s, allocation %u: %s", call->name, nth, strerror(-ret));
	/* The job that it waits for comes to its end meanwhile. */
	if (ret && call->call != call_bo_wait && !same_soon(w, &before))
		check(false, "%s, allocation %u: it failed and left something behind",
		      call->name, nth);
	if (call->cleanup)
		call->cleanup(w, ret);
	settle(w, call->name);
	return hit;
}

static void sweep(struct world *w, const struct call *call, unsigned int most,
		  struct fail_sweep *sum)
{
	struct fail_sweep s = { 0 };
	int failed = tap.failed;

	for (unsigned int nth = 1; nth <= most; nth++)
		if (!one_round(w, call, nth, &s)) {
			s.complete = true;
			break;
		}
	check(tap.failed == failed && (s.complete || most < ROUNDS),
	      "%s: of %u failing allocations %u made it fail%s", call->name, s.hits, s.refused,
	      s.complete ? "" : ", and there are more");
	sum->hits += s.hits;
	sum->refused += s.refused;
	sum->survived += s.survived;
	check(gemm_works(w->fd), "  a job afterwards gives right bits");
	settle(w, "a job");
}

static void world_new(struct world *w)
{
	*w = (struct world){ .fd = dev_open(), .fd2 = dev_open() };
	w->queue = queue_new(w->fd);
	w->sync = sync_new(w->fd);
	w->timeline = sync_new(w->fd);
	if (drmSyncobjCreate(w->fd, DRM_SYNCOBJ_CREATE_SIGNALED, &w->before))
		bail("a syncobj: %s", strerror(errno));
	for (int i = 0; i < JOBS; i++)
		gemm_new(&w->g[i], w->fd, 50 + i);
	w->clean[0] = client_of(w->fd);
	w->clean[1] = client_of(w->fd2);
}

static void all_calls(unsigned int most)
{
	struct fail_sweep sum = { 0 };
	struct world w;

	world_new(&w);
	/* Faults of this program's own memory would be counted too. */
	mlockall(MCL_CURRENT);
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		sweep(&w, &calls[i], most ? most : ROUNDS, &sum);
	printf("# refused %u, done all the same %u\n", sum.refused, sum.survived);
	figures(sum.hits);
	check(sum.refused > 20, "allocations did fail: %u calls were refused", sum.refused);
}

/* Probe */

static int write_file(int fd, const char *text)
{
	return pwrite(fd, text, strlen(text), 0) < 0 ? -errno : 0;
}

static bool bound(const char *address)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/octet/%s", address);
	return !access(path, F_OK);
}

static void probes(const char *address, unsigned int step)
{
	int bind = open("/sys/bus/pci/drivers/octet/bind", O_WRONLY);
	int unbind = open("/sys/bus/pci/drivers/octet/unbind", O_WRONLY);
	unsigned int hits = 0, refused = 0, nth;
	bool hit = true;
	int ret;

	if (bind < 0 || unbind < 0)
		bail("bind, unbind: %s", strerror(errno));
	mlockall(MCL_CURRENT);
	for (nth = 1; hit && nth < ROUNDS; nth += step) {
		ret = write_file(unbind, address);
		if (ret || bound(address))
			bail("unbind before allocation %u: %s", nth, strerror(-ret));
		fail_arm(nth);
		ret = write_file(bind, address);
		hit = fail_disarm();
		hits += hit;
		refused += hit && ret;
		if (ret && !hit)
			bail("bind failed by itself: %s", strerror(-ret));
		if (!ret != bound(address))
			bail("allocation %u: bind said %s, bound is %d", nth, strerror(-ret),
			     bound(address));
		if (ret && write_file(bind, address))
			bail("bind after failing allocation %u: %s", nth, strerror(errno));
	}
	printf("# refused %u, done all the same %u\n", refused, hits - refused);
	figures(hits);
	check(refused > 0 && !hit, "probe: of %u failing allocations %u made it fail", hits,
	      refused);
	/* A node may be missing where its making failed. */
	write_file(unbind, address);
	check(!write_file(bind, address), "unbind and bind");
	ret = dev_open();
	check(gemm_works(ret), "a job afterwards gives right bits");
	close(ret);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	tap_start(7200);	/* the case has the limit */
	if (!fail_start()) {
		puts("ok 1 - failing allocations # SKIP this kernel injects no faults");
		return 0;
	}
	if (!strcmp(what, "calls") && argc == 3) {
		all_calls(atoi(argv[2]));
	} else if (!strcmp(what, "probe") && argc == 4 && atoi(argv[3]) > 0) {
		probes(argv[2], atoi(argv[3]));
	} else {
		fputs("usage: fail_nth calls MOST | probe ADDRESS STEP\n", stderr);
		return 2;
	}
	return tap_end();
}
