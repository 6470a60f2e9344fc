// SPDX-License-Identifier: MIT
/*
 * Two clients with two queues each run arrays of jobs while the device
 * misbehaves once, as the case has asked it to. One job may fail, and those
 * behind it in its own queue are cancelled; everybody else's end well with right
 * bits. What was reset is read from counters.
 *
 * usage: recovery hang | command | completion | dma | irq | budget
 */
#include "gemm.h"

#define QUEUES 4
#define JOBS 6

struct lane {
	int fd;
	uint32_t queue, sync[JOBS];
	struct gemm g[JOBS];
	int end[JOBS];
};

static struct {
	struct lane lane[QUEUES];
	struct drm_octet_device_info info;
	struct drm_octet_core_counters before[8], after[8];
	int64_t started, ended;
	int early;	/* fences signalled long before a timeout */
} t;

static void lane_new(struct lane *l, int fd, uint32_t seed)
{
	l->fd = fd;
	l->queue = queue_new(fd);
	for (uint32_t i = 0; i < JOBS; i++) {
		gemm_new(&l->g[i], fd, seed + i);
		l->sync[i] = sync_new(fd);
	}
}

static void lane_submit(struct lane *l)
{
	struct drm_octet_job jobs[JOBS];
	struct drm_octet_sync out[JOBS];
	struct drm_octet_bo_ref refs[JOBS];
	int ret;

	for (int i = 0; i < JOBS; i++) {
		out[i] = (struct drm_octet_sync){ .handle = l->sync[i] };
		jobs[i] = gemm_job_sync(&l->g[i], NULL, &out[i]);
		refs[i] = gemm_ref(&l->g[i]);
	}
	ret = submit(l->fd, l->queue, jobs, JOBS, refs, JOBS);
	if (ret)
		bail("a submit: %s", strerror(-ret));
}

static void lane_free(struct lane *l)
{
	for (int i = 0; i < JOBS; i++) {
		drmSyncobjDestroy(l->fd, l->sync[i]);
		gemm_free(&l->g[i]);
	}
	queue_free(l->fd, l->queue);
}

/* Runs everything once; the device misbehaves somewhere in it. */
static void run_lanes(void)
{
	int fd[2] = { dev_open(), dev_open() };
	uint32_t cores;

	t.info = dev_info(fd[0]);
	cores = t.info.cores;
	for (int q = 0; q < QUEUES; q++)
		lane_new(&t.lane[q], fd[q % 2], 100u * (uint32_t)q);
	for (uint32_t c = 0; c < cores; c++)
		t.before[c] = dev_core(fd[0], c);
	t.started = now_ns();
	for (int q = 0; q < QUEUES; q++)
		lane_submit(&t.lane[q]);
	sleep_ms(t.info.job_timeout_ms / 4);
	for (int q = 0; q < QUEUES; q++)
		for (int i = 0; i < JOBS; i++)
			t.early += !sync_wait(t.lane[q].fd, t.lane[q].sync[i], 0);
	for (int q = 0; q < QUEUES; q++)
		for (int i = 0; i < JOBS; i++)
			t.lane[q].end[i] = sync_result(t.lane[q].fd, t.lane[q].sync[i]);
	t.ended = now_ns();
	for (uint32_t c = 0; c < cores; c++)
		t.after[c] = dev_core(fd[0], c);
}

/* The queue with a failed job, or NULL; more than one is a failure itself. */
static struct lane *guilty_lane(void)
{
	struct lane *guilty = NULL;
	int count = 0;

	for (int q = 0; q < QUEUES; q++)
		for (int i = 0; i < JOBS; i++)
			if (t.lane[q].end[i]) {
				count += guilty != &t.lane[q];
				guilty = &t.lane[q];
			}
	check(count <= 1, "queues with a failed job: %d of %d", count, QUEUES);
	return guilty;
}

static void check_innocent(const struct lane *guilty)
{
	int lost = 0, wrong = 0, jobs = 0;

	for (int q = 0; q < QUEUES; q++) {
		struct lane *l = &t.lane[q];

		if (l == guilty)
			continue;
		for (int i = 0; i < JOBS; i++, jobs++) {
			lost += l->end[i] != 0;
			wrong += !l->end[i] && !gemm_right(&l->g[i]);
		}
		check(!queue_query(l->fd, l->queue).flags && !queue_query(l->fd, l->queue).resets,
		      "innocent queue %d is not banned, caused no reset", q);
		check_ret(gemm_run(&l->g[0], l->queue), 0, "  and goes on");
	}
	check(!lost && !wrong, "innocent jobs: %d, lost %d, wrong %d", jobs, lost, wrong);
}

static void check_guilty(struct lane *l, int error, uint32_t status, uint64_t resets)
{
	struct drm_octet_queue_query q = queue_query(l->fd, l->queue);
	int bad = 0, before = 0, after = 0;

	while (bad < JOBS && !l->end[bad])
		bad++;
	for (int i = 0; i < bad; i++)
		before += gemm_right(&l->g[i]);
	for (int i = bad + 1; i < JOBS; i++)
		after += l->end[i] == -ECANCELED && gemm_untouched(&l->g[i]);
	check(l->end[bad] == error, "the guilty job's fence has error %d, expected %d", l->end[bad],
	      error);
	check(before == bad, "%d jobs before it in its queue are right", before);
	check(after == JOBS - 1 - bad, "%d jobs behind it in its queue are cancelled, none ran", after);
	check(q.flags == DRM_OCTET_QUEUE_BANNED && q.error == error && q.status == status,
	      "its queue is banned: error %d, status %#x", q.error, q.status);
	check(q.completed == (uint64_t)bad && q.resets == resets,
	      "its queue completed %llu, caused %llu resets", (unsigned long long)q.completed,
	      (unsigned long long)q.resets);
	check_ret(gemm_run(&l->g[0], l->queue), -ECANCELED, "its queue takes no more");
}

static void check_resets(uint64_t cores, uint64_t timeouts)
{
	uint64_t reset = 0, late = 0;

	for (uint32_t c = 0; c < t.info.cores; c++) {
		reset += t.after[c].core_resets - t.before[c].core_resets;
		late += t.after[c].timeouts - t.before[c].timeouts;
	}
	check(reset == cores, "core resets by the device's counter: %llu, expected %llu",
	      (unsigned long long)reset, (unsigned long long)cores);
	check(late == timeouts, "timeouts: %llu, expected %llu", (unsigned long long)late,
	      (unsigned long long)timeouts);
	check(t.after[0].device_resets == t.before[0].device_resets, "the device was not reset");
}

/*
 * The reset core had other queues' jobs too. That is certain where there is one
 * core; with more the driver may have put the guilty queue on one by itself.
 */
static void check_company(void)
{
	for (uint32_t c = 0; c < t.info.cores; c++) {
		uint64_t jobs = t.after[c].submitted - t.before[c].submitted;

		if (t.after[c].core_resets == t.before[c].core_resets)
			continue;
		check(jobs >= (t.info.cores == 1 ? QUEUES : 1) * JOBS,
		      "core %u was reset and had %llu jobs of %d", c, (unsigned long long)jobs,
		      QUEUES * JOBS);
	}
	/* The other cores did not wait. */
	if (t.info.cores > 1)
		check(t.early >= JOBS, "%d jobs had ended long before the timeout", t.early);
}

static void after_all(void)
{
	int fd = dev_open();

	for (int q = 0; q < QUEUES; q++)
		lane_free(&t.lane[q]);
	for (int i = 0; i < 4; i++)
		check(gemm_works(fd), "afterwards a new client's job gives right bits");
	close(fd);
}

static void hang(void)
{
	struct lane *guilty;
	int64_t ms;

	run_lanes();
	ms = (t.ended - t.started) / 1000000;
	guilty = guilty_lane();
	if (!check(guilty != NULL, "a job hung: the injection worked"))
		return;
	check_guilty(guilty, -ETIME, OCTET_STATUS_OK, 1);
	check_resets(1, 1);
	check_company();
	check_innocent(guilty);
	check(ms >= t.info.job_timeout_ms && ms < t.info.job_timeout_ms + 5000,
	      "all was over after %lld ms, the limit is %u", (long long)ms, t.info.job_timeout_ms);
}

static void command(void)
{
	struct lane *guilty;

	run_lanes();
	guilty = guilty_lane();
	if (!check(guilty != NULL, "a command failed: the injection worked"))
		return;
	check_guilty(guilty, -EFAULT, OCTET_STATUS_INJECTED, 0);
	check_resets(0, 0);
	check_innocent(guilty);
}

/* What the core said cannot be trusted: it is reset, one job is to blame. */
static void completion(void)
{
	struct lane *guilty;

	run_lanes();
	guilty = guilty_lane();
	check_innocent(guilty);
	check_resets(1, 0);
}

/* A lost DMA hits one job, or the ring itself: whichever, nobody else suffers. */
static void dma(void)
{
	uint64_t errors = 0;
	struct lane *guilty;

	run_lanes();
	guilty = guilty_lane();
	for (uint32_t c = 0; c < t.info.cores; c++)
		errors += t.after[c].errors - t.before[c].errors +
			  t.after[c].core_resets - t.before[c].core_resets;
	check(errors == 1, "error completions and core resets together: %llu",
	      (unsigned long long)errors);
	check_innocent(guilty);
}

static void irq(void)
{
	run_lanes();
	check(guilty_lane() == NULL, "no job is lost with the interrupt");
	check_resets(0, 0);
	check_innocent(NULL);
	printf("# all was over after %lld ms\n", (long long)(t.ended - t.started) / 1000000);
}

static int run_with_budget(int fd, struct gemm *g, uint32_t queue, uint64_t budget)
{
	struct drm_octet_sync out = { .handle = sync_new(fd) };
	struct drm_octet_job job = gemm_job_sync(g, NULL, &out);
	int ret;

	gemm_clear(g);
	job.budget = budget;
	ret = submit(fd, queue, &job, 1, NULL, 0);
	if (!ret)
		ret = sync_result(fd, out.handle);
	drmSyncobjDestroy(fd, out.handle);
	return ret;
}

/* No fault to inject here: a budget of exactly the job's cycles, and one less. */
static void budget(void)
{
	int fd = dev_open();
	struct drm_octet_core_counters before = dev_counters(fd), after;
	uint32_t queue = queue_new(fd);
	struct drm_octet_queue_query q;
	struct gemm g;
	uint64_t cycles;

	gemm_new(&g, fd, 7);
	check_ret(run_with_budget(fd, &g, queue, 0), 0, "a job without a budget");
	cycles = gemm_report(&g, 0)->total + gemm_report(&g, 1)->total;
	check_ret(run_with_budget(fd, &g, queue, cycles), 0, "a budget of its cycles");
	check(gemm_right(&g), "  the result is right");
	check_ret(run_with_budget(fd, &g, queue, cycles - 1), -ETIME, "one cycle less");
	check(gemm_report(&g, 0)->total && !gemm_report(&g, 1)->total,
	      "  its first command ran, its second did not");
	q = queue_query(fd, queue);
	check(q.flags == DRM_OCTET_QUEUE_BANNED && q.error == -ETIME &&
	      q.status == OCTET_STATUS_BUDGET && q.command == 1 && q.completed == 2 && !q.resets,
	      "  QUEUE_QUERY: error %d, status %#x, command %u, %llu completed", q.error, q.status,
	      q.command, (unsigned long long)q.completed);
	after = dev_counters(fd);
	check(after.core_resets == before.core_resets && after.timeouts == before.timeouts,
	      "  no reset, no timeout");
	check(gemm_works(fd), "afterwards a new queue's job gives right bits");
	gemm_free(&g);
	close(fd);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} subjects[] = {
		{ "hang", hang }, { "command", command }, { "completion", completion },
		{ "dma", dma }, { "irq", irq }, { "budget", budget },
	};

	for (size_t i = 0; argc == 2 && i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		if (strcmp(argv[1], subjects[i].name))
			continue;
		tap_start(60);
		printf("# recovery %s\n", argv[1]);
		subjects[i].run();
		if (t.lane[0].queue)
			after_all();
		return tap_end();
	}
	fputs("usage: recovery hang | command | completion | dma | irq | budget\n", stderr);
	return 2;
}
