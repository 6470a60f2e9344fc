// SPDX-License-Identifier: MIT
/*
 * The time limit of a job, on a device that takes modelled time: jobs of 60 to 80 per
 * cent of the limit end well, one behind the other and with others before them;
 * one that lives on and never ends is ended at the limit.
 */
#include "gemm.h"
#include "host.h"

#define QUEUES 2
#define JOBS 3

static unsigned int limit_ms;

/* Commands until a job takes @percent of the limit, from what one has taken. */
static uint32_t commands_of(int fd, uint32_t percent, uint32_t clock_khz)
{
	uint32_t queue = queue_new(fd);
	uint64_t cycles;
	struct gemm g;

	gemm_new_sized(&g, fd, 192, 256, 192, 2, 1);
	if (gemm_run(&g, queue))
		bail("a short job fails");
	cycles = gemm_report(&g, 1)->total;
	gemm_free(&g);
	queue_free(fd, queue);
	return (uint32_t)((uint64_t)clock_khz * limit_ms * percent / 100 / cycles);
}

static void below(int fd, uint32_t clock_khz)
{
	struct drm_octet_core_counters before = dev_counters(fd), after;
	uint32_t queue[QUEUES], sync[QUEUES][JOBS];
	struct gemm g[QUEUES][JOBS];
	int bad = 0, wrong = 0;
	int64_t start = now_ns();

	for (uint32_t q = 0; q < QUEUES; q++)
		queue[q] = queue_new(fd);
	for (uint32_t i = 0; i < JOBS; i++)
		for (uint32_t q = 0; q < QUEUES; q++) {
			uint32_t n = commands_of(fd, 60 + 10 * ((i + q) % 3), clock_khz);

			gemm_new_sized(&g[q][i], fd, 192, 256, 192, n, 10 * q + i);
			sync[q][i] = sync_new(fd);
		}
	for (uint32_t i = 0; i < JOBS; i++)
		for (uint32_t q = 0; q < QUEUES; q++)
			if (gemm_submit(&g[q][i], queue[q], sync[q][i]))
				bail("a submit: %s", strerror(errno));
	for (uint32_t i = 0; i < JOBS; i++)
		for (uint32_t q = 0; q < QUEUES; q++) {
			int end = sync_result(fd, sync[q][i]);

			if (end)
				printf("# job %u of queue %u ended with %d\n", i, q, end);
			bad += end != 0;
			wrong += !end && !gemm_right(&g[q][i]);
			gemm_free(&g[q][i]);
		}
	after = dev_counters(fd);
	check(!bad && !wrong, "%d jobs of 60 to 80 %% of the limit, together %lld ms: %d ended, %d wrong",
	      QUEUES * JOBS, (long long)(now_ns() - start) / 1000000, bad, wrong);
	check(after.timeouts == before.timeouts && after.core_resets == before.core_resets,
	      "  no timeout, no reset");
}

/* PROGRESS moves all the time. */
static void livelock(int fd)
{
	uint32_t queue = queue_new(fd);
	struct gemm g;
	int64_t ms;

	gemm_new(&g, fd, 5);
	if (!host_set("inject-livelock", "1"))
		bail("the device has no inject-livelock");
	ms = now_ns() / 1000000;
	check_ret(gemm_run(&g, queue), -ETIME, "a job that lives and never ends");
	ms = now_ns() / 1000000 - ms;
	check(ms >= limit_ms && ms < 20 * limit_ms, "  after %lld ms, the limit is %u", (long long)ms,
	      limit_ms);
	check(queue_query(fd, queue).error == -ETIME, "  its queue says so too");
	check(gemm_works(fd), "  and another queue's job gives right bits");
	gemm_free(&g);
}

/* More modelled time than the limit: the device's own budget ends it. */
static void above(int fd, uint32_t clock_khz)
{
	uint32_t queue = queue_new(fd), n = commands_of(fd, 150, clock_khz);
	struct gemm g;

	gemm_new_sized(&g, fd, 192, 256, 192, n, 7);
	check_ret(gemm_run(&g, queue), -ETIME, "a job of 150 % of the limit");
	check(gemm_works(fd), "  and another queue's job gives right bits");
	gemm_free(&g);
}

int main(void)
{
	struct drm_octet_device_info info;
	int fd;

	tap_start(200);
	fd = dev_open();
	info = dev_info(fd);
	limit_ms = info.job_timeout_ms;
	printf("# limit %u ms, clock %u kHz\n", limit_ms, info.clock_khz);
	for (int i = 0; i < 2; i++)
		below(fd, info.clock_khz);
	livelock(fd);
	above(fd, info.clock_khz);
	close(fd);
	return tap_end();
}
