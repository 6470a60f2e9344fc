// SPDX-License-Identifier: MIT
/*
 * Throughput in modelled cycles: the same independent jobs, from one queue per
 * core, on the device of OCTET_DEVICE. With timing=paced and -icount the guest's
 * clock is the modelled one.
 *
 * usage: scaling QUEUES JOBS
 */
#include "gemm.h"

#define COMMANDS 100

struct lane {
	uint32_t queue, sync;
	struct gemm g;
};

static void lane_submit(int fd, struct lane *l)
{
	struct drm_octet_sync out = { .handle = l->sync };
	struct drm_octet_bo_ref ref = gemm_ref(&l->g);
	struct drm_octet_job job = gemm_job_sync(&l->g, NULL, &out);
	int ret = submit(fd, l->queue, &job, 1, &ref, 1);

	if (ret)
		bail("a submit: %s", strerror(-ret));
}

static uint64_t run(int fd, struct lane *lane, uint32_t queues, uint32_t jobs)
{
	int64_t start = now_ns();

	/* In turn, as independent clients do. */
	for (uint32_t i = 0; i < queues * jobs; i++)
		lane_submit(fd, &lane[i % queues]);
	for (uint32_t q = 0; q < queues; q++)
		if (sync_wait(fd, lane[q].sync, 300 * SECOND))
			bail("queue %u does not end", q);
	return (uint64_t)(now_ns() - start);
}

int main(int argc, char **argv)
{
	uint32_t queues = argc > 1 ? (uint32_t)atoi(argv[1]) : 1;
	uint32_t jobs = argc > 2 ? (uint32_t)atoi(argv[2]) : 1;
	struct drm_octet_core_counters before, after;
	struct lane lane[64];
	struct drm_octet_device_info info;
	uint64_t ns, cycles;
	bool right = true;
	int fd;

	tap_start(600);
	if (!queues || queues > 64 || !jobs)
		bail("usage: scaling QUEUES JOBS");
	fd = dev_open();
	info = dev_info(fd);
	for (uint32_t q = 0; q < queues; q++) {
		lane[q].queue = queue_new(fd);
		lane[q].sync = sync_new(fd);
		gemm_new_sized(&lane[q].g, fd, 192, 256, 192, COMMANDS, q);
	}
	before = dev_counters(fd);
	ns = run(fd, lane, queues, jobs);
	after = dev_counters(fd);
	cycles = after.cycles - before.cycles;
	for (uint32_t q = 0; q < queues; q++)
		right &= gemm_right(&lane[q].g);
	printf("scaling cores=%u queues=%u jobs=%u cycles=%llu elapsed=%llu\n", info.cores, queues,
	       queues * jobs, (unsigned long long)cycles,
	       (unsigned long long)(ns * (info.clock_khz / 1000) / 1000));
	check(right, "%u queues on %u cores: every result is right", queues, info.cores);
	return tap_end();
}
