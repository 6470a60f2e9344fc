// SPDX-License-Identifier: MIT
/*
 * How long a job of high priority waits behind a loaded queue of low priority, in
 * jobs (told by the times of their fences) and in milliseconds; how queues
 * spread over the cores.
 *
 * usage: priority wait | balance
 */
#include "gemm.h"

#define LOADED 128

static int fd;

/* @array jobs a submit; at most @bound of them may end before the urgent one. */
static void wait_behind(uint32_t array, uint32_t bound)
{
	uint32_t low, high, syncs[LOADED], urgent_sync = sync_new(fd), passed = 0;
	struct drm_octet_sync out[LOADED];
	struct drm_octet_job jobs[LOADED];
	struct gemm slow, urgent;
	int64_t submitted, ended;

	if (queue_create(fd, DRM_OCTET_PRIORITY_LOW, &low) ||
	    queue_create(fd, DRM_OCTET_PRIORITY_HIGH, &high))
		bail("two queues: %s", strerror(errno));
	gemm_new_sized(&slow, fd, 192, 256, 192, 100, 86);
	gemm_new(&urgent, fd, 87);
	for (uint32_t i = 0; i < LOADED; i++) {
		out[i] = (struct drm_octet_sync){ .handle = syncs[i] = sync_new(fd) };
		jobs[i] = gemm_job_sync(&slow, NULL, &out[i]);
	}
	for (uint32_t i = 0; i < LOADED; i += array)
		if (submit(fd, low, &jobs[i], array, NULL, 0))
			bail("a submit: %s", strerror(errno));
	/* As much as ever fits is in the ring when one of them has ended. */
	check_ret(sync_result(fd, syncs[0]), 0, "a loaded queue of low priority");
	check_ret(gemm_submit(&urgent, high, urgent_sync), 0, "  a job of high priority");
	submitted = now_ns();
	check_ret(sync_result(fd, urgent_sync), 0, "  it ends well");
	ended = sync_signalled_ns(fd, urgent_sync);
	check_ret(sync_result(fd, syncs[LOADED - 1]), 0, "  what it overtook does too");
	for (uint32_t i = 0; i < LOADED; i++) {
		int64_t at = sync_signalled_ns(fd, syncs[i]);

		passed += at > submitted && at < ended;
		drmSyncobjDestroy(fd, syncs[i]);
	}
	printf("# low priority in arrays of %u: waited for %u jobs, %.1f ms\n", array, passed,
	       (double)(ended - submitted) / 1e6);
	check(passed <= bound, "  behind %u jobs in arrays of %u, at most %u", passed, array, bound);
	check(gemm_right(&urgent) && gemm_right(&slow), "  both results are right");
	gemm_free(&slow);
	gemm_free(&urgent);
	queue_free(fd, low);
	queue_free(fd, high);
}

/* As many queues as cores: each core gets one. */
static void balance(void)
{
	uint32_t cores = dev_info(fd).cores, queues[8], syncs[8], used = 0, wrong = 0;
	uint64_t before[8], most = 0;
	struct gemm g[8];

	for (uint32_t i = 0; i < cores; i++) {
		before[i] = dev_core(fd, i).jobs;
		queues[i] = queue_new(fd);
		syncs[i] = sync_new(fd);
		gemm_new_sized(&g[i], fd, 192, 256, 192, 100, 70 + i);
	}
	for (uint32_t i = 0; i < cores; i++)
		gemm_submit(&g[i], queues[i], syncs[i]);
	for (uint32_t i = 0; i < cores; i++)
		wrong += sync_result(fd, syncs[i]) != 0 || !gemm_right(&g[i]);
	for (uint32_t i = 0; i < cores; i++) {
		uint64_t jobs = dev_core(fd, i).jobs - before[i];

		used += jobs > 0;
		most = jobs > most ? jobs : most;
	}
	check(!wrong, "%u queues at once: every result is right", cores);
	check(used == cores && most == 1, "  they used %u of %u cores, at most %llu jobs on one", used,
	      cores, (unsigned long long)most);
}

int main(int argc, char **argv)
{
	tap_start(110);
	fd = dev_open();
	if (argc == 2 && !strcmp(argv[1], "balance")) {
		balance();
		return tap_end();
	}
	if (argc != 2 || strcmp(argv[1], "wait")) {
		fputs("usage: priority wait | balance\n", stderr);
		return 2;
	}
	wait_behind(1, 4);
	wait_behind(16, 64);
	wait_behind(32, 64);
	wait_behind(64, 64);
	return tap_end();
}
