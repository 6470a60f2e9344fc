// SPDX-License-Identifier: MIT
/*
 * Clients at work while the device misbehaves again and again, in one of many
 * ways, picked at random. Each time one queue may pay for it, with the errors that
 * the documentation names; every other job ends well and with right bits, although
 * its commands cannot be repeated. Counters tell that there were resets.
 *
 * usage: rounds ROUNDS [SEED]
 */
#include <pthread.h>
#include <stdatomic.h>

#include "host.h"
#include "inplace.h"

#define LANES 6
#define JOBS 3
#define FILES 3
#define TARGET_MS 50	/* most jobs take longer than a reset waits for their end */
#define MOST 400	/* two and a half times this fit a buffer */
#define ROUND_MS 30000

/* A queue that is never empty. */
struct lane {
	pthread_t thread;
	int fd;
	uint32_t queue, random, sync[JOBS];
	struct inplace job[JOBS];
};

/* What has been seen of the lanes. */
static struct {
	pthread_mutex_t lock;
	unsigned long jobs, lost, wrong;	/* innocent ones */
	unsigned long guilty, etime, efault, odd;
	unsigned long blamed;			/* resets, by the queues' query */
	atomic_bool stop;
} seen = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const struct kind {
	const char *property, *name;
	uint32_t span;		/* fires at one of so many events */
	uint32_t weight;
	int error;		/* of the guilty job, 0: nobody is guilty */
	bool maybe;		/* there need not be one */
	uint32_t resets;	/* of cores, at least */
	bool stuck;		/* the core's reset does not end */
} kinds[] = {
	{ "inject-hang", "hang", 6, 14, -ETIME, false, 1, false },
	{ "inject-livelock", "livelock", 6, 8, -ETIME, false, 1, false },
	{ "inject-hang", "hang of a core that is stuck", 6, 12, -ETIME, false, 1, true },
	{ "inject-command", "failed command", 400, 18, -EFAULT, false, 0, false },
	{ "inject-bad-completion", "wrong completion", 8, 26, -EFAULT, false, 1, false },
	{ "inject-dma-error", "failed DMA access", 900, 18, -EFAULT, true, 0, false },
	{ "inject-drop-irq", "lost interrupt", 6, 6, 0, false, 0, false },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static uint32_t typical;	/* commands of a job of TARGET_MS */

static uint32_t draw(uint32_t *state, uint32_t below)
{
	*state = *state * 1664525u + 1013904223u;
	return (*state >> 8) % below;
}

static void lane_submit(struct lane *l)
{
	struct drm_octet_sync out[JOBS];
	struct drm_octet_job jobs[JOBS];
	struct drm_octet_bo_ref refs[JOBS];
	int ret;

	for (int i = 0; i < JOBS; i++) {
		uint32_t commands = 3 + typical / 2 + draw(&l->random, 2 * typical);

		out[i] = (struct drm_octet_sync){ .handle = l->sync[i] };
		jobs[i] = inplace_job(&l->job[i], commands, draw(&l->random, 2),
				      draw(&l->random, 256));
		jobs[i].out_syncs = (struct drm_octet_array)ARRAY(&out[i], 1);
		refs[i] = (struct drm_octet_bo_ref){
			l->job[i].buf.handle, DRM_OCTET_BO_READ | DRM_OCTET_BO_WRITE
		};
	}
	ret = submit(l->fd, l->queue, jobs, JOBS, refs, JOBS);
	if (ret)
		bail("a queue that is not banned refuses a submit: %s", strerror(-ret));
}

/* The lane's queue failed with job @bad; it gets a new one. */
static void lane_guilty(struct lane *l, const int *end, int bad)
{
	struct drm_octet_queue_query q = queue_query(l->fd, l->queue);

	seen.guilty++;
	seen.etime += end[bad] == -ETIME;
	seen.efault += end[bad] == -EFAULT;
	seen.blamed += q.resets;
	if (q.flags != DRM_OCTET_QUEUE_BANNED || q.error != end[bad])
		seen.odd++;
	for (int i = bad + 1; i < JOBS; i++)
		if (end[i] != -ECANCELED)
			seen.odd++;
	queue_free(l->fd, l->queue);
	l->queue = queue_new(l->fd);
}

static void lane_judge(struct lane *l)
{
	int end[JOBS], bad = JOBS;

	for (int i = 0; i < JOBS; i++)
		end[i] = sync_result(l->fd, l->sync[i]);
	pthread_mutex_lock(&seen.lock);
	for (int i = 0; i < JOBS; i++) {
		if (bad == JOBS && (end[i] == -ETIME || end[i] == -EFAULT))
			bad = i;
		if (i >= bad)
			continue;
		seen.jobs++;
		seen.lost += end[i] != 0;
		if (end[i])
			printf("# queue %u: job %d ended with %d\n", l->queue, i, end[i]);
		else if (!inplace_right(&l->job[i]))
			seen.wrong++;
	}
	if (bad < JOBS)
		lane_guilty(l, end, bad);
	pthread_mutex_unlock(&seen.lock);
}

static void *lane_main(void *arg)
{
	struct lane *l = arg;

	for (int i = 0; i < JOBS; i++) {
		inplace_new(&l->job[i], l->fd);
		l->sync[i] = sync_new(l->fd);
	}
	while (!atomic_load(&seen.stop)) {
		lane_submit(l);
		lane_judge(l);
	}
	if (queue_query(l->fd, l->queue).flags)
		bail("an innocent queue is banned");
	for (int i = 0; i < JOBS; i++)
		inplace_free(&l->job[i]);
	return NULL;
}

/* How many commands take TARGET_MS here and now. */
static uint32_t calibrate(int fd)
{
	uint32_t sync = sync_new(fd), queue = queue_new(fd), commands = 64;
	struct drm_octet_sync out = { .handle = sync };
	struct drm_octet_job job;
	struct inplace p;
	int64_t ns;

	inplace_new(&p, fd);
	for (int i = 0; i < 2; i++) {
		job = inplace_job(&p, commands, true, 1);
		job.out_syncs = (struct drm_octet_array)ARRAY(&out, 1);
		ns = now_ns();
		if (submit(fd, queue, &job, 1, NULL, 0) || sync_result(fd, sync))
			bail("a job without any fault fails");
		ns = now_ns() - ns;
		if (!inplace_right(&p))
			bail("a job without any fault gives wrong bits");
	}
	inplace_free(&p);
	queue_free(fd, queue);
	commands = (uint32_t)(commands * TARGET_MS * 1000000ll / (ns + 1));
	printf("# %u commands take %lld us: jobs of up to %u\n", 64, (long long)ns / 1000,
	       5 * commands / 2 + 3);
	return commands < 4 ? 4 : commands > MOST ? MOST : commands;
}

static unsigned long guilty_so_far(void)
{
	unsigned long n;

	pthread_mutex_lock(&seen.lock);
	n = seen.guilty;
	pthread_mutex_unlock(&seen.lock);
	return n;
}

static const struct kind *pick(uint32_t *random)
{
	uint32_t all = 0, at;

	for (size_t i = 0; i < KINDS; i++)
		all += kinds[i].weight;
	at = draw(random, all);
	for (size_t i = 0; i < KINDS; i++) {
		if (at < kinds[i].weight)
			return &kinds[i];
		at -= kinds[i].weight;
	}
	return NULL;
}

static bool inject(const struct kind *k, uint32_t nth)
{
	char value[16];

	if (k->stuck && !host_set("inject-stuck-core", "1"))
		return false;
	snprintf(value, sizeof(value), "%u", nth);
	return host_set(k->property, value);
}

/* Whether the fault has fired and been dealt with. */
static bool over(const struct kind *k, int fd, unsigned long guilty,
		 const struct drm_octet_core_counters *before)
{
	struct drm_octet_core_counters now;

	if (guilty_so_far() > guilty)
		return true;
	if (k->error && !k->maybe)
		return false;
	now = dev_counters(fd);
	return k->maybe ? now.core_resets > before->core_resets :
			  !host_get("inject-drop-irq");
}

/* Return: whether one queue at most paid, and as it should */
static bool run_round(const struct kind *k, int fd, uint32_t nth)
{
	struct drm_octet_core_counters before = dev_counters(fd), after;
	unsigned long guilty = guilty_so_far(), more;
	int64_t end = now_ns() + ROUND_MS * 1000000ll;

	if (!inject(k, nth))
		bail("%s cannot be set", k->property);
	while (!over(k, fd, guilty, &before) && now_ns() < end)
		sleep_ms(5);
	sleep_ms(20);
	after = dev_counters(fd);
	more = guilty_so_far() - guilty;
	if (more <= (k->error ? 1 : 0) && (more || k->maybe || !k->error) &&
	    after.core_resets - before.core_resets >= k->resets &&
	    after.device_resets - before.device_resets == k->stuck)
		return true;
	printf("# %s %u: %lu queues paid, %llu core resets, %llu device resets\n", k->name, nth, more,
	       (unsigned long long)(after.core_resets - before.core_resets),
	       (unsigned long long)(after.device_resets - before.device_resets));
	return false;
}

static void run_rounds(int fd, uint32_t rounds, uint32_t random)
{
	unsigned long count[KINDS] = { 0 }, survived = 0, timeouts = 0, stuck = 0;
	struct drm_octet_core_counters before = dev_counters(fd), after;

	for (uint32_t r = 0; r < rounds; r++) {
		const struct kind *k = pick(&random);
		bool good = run_round(k, fd, 1 + draw(&random, k->span));

		count[k - kinds]++;
		timeouts += k->error == -ETIME;
		stuck += k->stuck;
		survived += good;
	}
	atomic_store(&seen.stop, true);
	after = dev_counters(fd);
	for (size_t i = 0; i < KINDS; i++)
		printf("# %3lu x %s\n", count[i], kinds[i].name);
	check(survived == rounds, "%u faults injected, %lu survived, %lu innocent jobs lost", rounds,
	      survived, seen.lost + seen.wrong);
	check(after.core_resets - before.core_resets >= timeouts,
	      "core resets by the device's counter: %llu, jobs that did not end: %lu",
	      (unsigned long long)(after.core_resets - before.core_resets), timeouts);
	check(after.device_resets - before.device_resets == stuck,
	      "device resets: %llu, cores that were stuck: %lu",
	      (unsigned long long)(after.device_resets - before.device_resets), stuck);
	check(after.timeouts - before.timeouts == timeouts, "timeouts: %llu, expected %lu",
	      (unsigned long long)(after.timeouts - before.timeouts), timeouts);
}

int main(int argc, char **argv)
{
	uint32_t seed = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : (uint32_t)now_ns();
	struct lane lane[LANES] = { 0 };
	int fd[FILES], mine;

	if (argc < 2) {
		fputs("usage: rounds ROUNDS [SEED]\n", stderr);
		return 2;
	}
	tap_start(600);
	mine = dev_open();
	printf("# seed %u, %u cores, limit %u ms\n", seed, dev_info(mine).cores,
	       dev_info(mine).job_timeout_ms);
	typical = calibrate(mine);
	for (int i = 0; i < FILES; i++)
		fd[i] = dev_open();
	for (uint32_t i = 0; i < LANES; i++) {
		lane[i].fd = fd[i % FILES];
		lane[i].random = seed + 1000 * i;
		lane[i].queue = queue_new(lane[i].fd);
		if (pthread_create(&lane[i].thread, NULL, lane_main, &lane[i]))
			bail("a thread: %s", strerror(errno));
	}
	run_rounds(mine, (uint32_t)strtoul(argv[1], NULL, 0), seed);
	for (int i = 0; i < LANES; i++)
		pthread_join(lane[i].thread, NULL);
	check(!seen.lost && !seen.wrong, "innocent jobs: %lu, lost %lu, wrong %lu", seen.jobs, seen.lost,
	      seen.wrong);
	check(!seen.odd && seen.guilty == seen.etime + seen.efault,
	      "%lu queues paid: %lu -ETIME, %lu -EFAULT, %lu otherwise than documented", seen.guilty,
	      seen.etime, seen.efault, seen.odd);
	check(seen.blamed >= seen.etime, "resets that they caused, by query: %lu", seen.blamed);
	return tap_end();
}
