// SPDX-License-Identifier: MIT
/*
 * The threads of the CPU fallback: each part is done once, helpers help, sleep and end,
 * fewer of them than wanted do as well. That results are the same is the matter of the
 * other tests of the fallback, which run with several threads too (cpu_*_threads).
 */
#include "unit.h"

#include <errno.h>
#include <fenv.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "cpu/team.h"
#include "cpu/threads.h"
#include "test_cpu.h"

#define MINUTE	60000	/* what takes longer never comes, in milliseconds */

/* The linker sends the library's calls here: so many succeed. */
static int allowed = -1;
static atomic_int created;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *arg);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *),
			  void *arg)
{
	if (allowed == 0)
		return EAGAIN;
	allowed -= allowed > 0;
	atomic_fetch_add(&created, 1);
	return __real_pthread_create(thread, attr, fn, arg);
}

/** struct round - parts under way; @fail: the one that does not succeed */
struct round {
	unsigned int threads, fail;
	atomic_uint done[CPU_PARTS_MAX];
	atomic_bool wrong;
};

static int count_part(void *context, unsigned int part, unsigned int thread)
{
	struct round *r = context;

	if (part >= CPU_PARTS_MAX || thread >= r->threads) {
		atomic_store(&r->wrong, true);
		return 0;
	}
	atomic_fetch_add(&r->done[part], 1);
	return part == r->fail ? -ENOMEM : 0;
}

static void run_round(struct cpu_threads *t, unsigned int threads, unsigned int parts,
		      unsigned int fail)
{
	struct round r = { .threads = threads, .fail = fail };
	const int ret = octet_cpu_threads_run(t, parts, count_part, &r);

	assert_int_equal(ret, fail < parts ? -ENOMEM : 0);
	assert_false(atomic_load(&r.wrong));
	for (unsigned int i = 0; i < CPU_PARTS_MAX; i++)
		assert_int_equal(atomic_load(&r.done[i]), i < parts);
}

static void each_part_once(void **state)
{
	static const unsigned int counts[] = { 2, 3, 7, CPU_THREADS_MAX };
	uint64_t rng = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct cpu_threads *t = octet_cpu_threads_new(counts[i]);

		assert_non_null(t);
		assert_int_equal(octet_cpu_threads_start(t), counts[i]);
		assert_int_equal(octet_cpu_threads_start(t), counts[i]);
		for (int round = 0; round < 500; round++) {
			octet_cpu_threads_expect(t, round % 3);
			run_round(t, counts[i], (unsigned int)tc_between(&rng, 1, CPU_PARTS_MAX),
				  (unsigned int)tc_between(&rng, 0, 4 * CPU_PARTS_MAX));
		}
		octet_cpu_threads_free(t);
	}
}

/** struct meeting - of as many threads as there are parts */
struct meeting {
	unsigned int wanted;
	atomic_uint here;
};

/* Waits for the others, each of which must be another thread. */
static int meet(void *context, unsigned int part, unsigned int thread)
{
	struct meeting *m = context;

	(void)part;
	(void)thread;
	atomic_fetch_add(&m->here, 1);
	for (int i = 0; i < MINUTE && atomic_load(&m->here) < m->wanted; i++)
		usleep(1000);
	return atomic_load(&m->here) < m->wanted ? -ETIMEDOUT : 0;
}

/* At the same time, from sleep and from looking for work. */
static void helpers_help(void **state)
{
	struct cpu_threads *t = octet_cpu_threads_new(5);

	(void)state;
	assert_int_equal(octet_cpu_threads_start(t), 5);
	for (int round = 0; round < 20; round++) {
		struct meeting m = { .wanted = 5 };

		octet_cpu_threads_expect(t, round % 2);
		assert_int_equal(octet_cpu_threads_run(t, 5, meet, &m), 0);
		assert_int_equal(octet_cpu_threads_helped(t), 4 * (round + 1));
		usleep(round % 4 * 300);
	}
	octet_cpu_threads_free(t);
}

static void start_and_stop(void **state)
{
	(void)state;
	octet_cpu_threads_free(NULL);
	for (int i = 0; i < 300; i++) {
		struct cpu_threads *t = octet_cpu_threads_new(1 + i % 8);

		if (i % 3)
			octet_cpu_threads_start(t);
		if (i % 3 == 2)
			run_round(t, 1 + i % 8, 1 + i % 64, CPU_PARTS_MAX);
		octet_cpu_threads_expect(t, i % 2);
		octet_cpu_threads_free(t);
	}
}

static void fewer_than_wanted(void **state)
{
	(void)state;
	for (int most = 0; most < 5; most++) {
		struct cpu_threads *t = octet_cpu_threads_new(7);

		allowed = most;
		assert_int_equal(octet_cpu_threads_start(t), most + 1);
		allowed = -1;
		for (unsigned int parts = 1; parts <= CPU_PARTS_MAX; parts++)
			run_round(t, 7, parts, CPU_PARTS_MAX);
		octet_cpu_threads_free(t);
	}
}

static int direction(void *context, unsigned int part, unsigned int thread)
{
	int *seen = context;

	(void)thread;
	usleep(1000);
	seen[part] = fegetround();
	return 0;
}

/* The bits of float stages depend on how the processor rounds. */
static void rounding_of_the_caller(void **state)
{
	static const int modes[] = { FE_UPWARD, FE_TOWARDZERO, FE_TONEAREST };
	struct cpu_threads *t = octet_cpu_threads_new(4);
	int seen[16];

	(void)state;
	octet_cpu_threads_start(t);
	for (int round = 0; round < 12; round++) {
		fesetround(modes[round % 3]);
		octet_cpu_threads_run(t, 16, direction, seen);
		for (int i = 0; i < 16; i++)
			assert_int_equal(seen[i], modes[round % 3]);
	}
	fesetround(FE_TONEAREST);
	octet_cpu_threads_free(t);
}

static int64_t processor_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Between jobs nobody looks for work; in a job not for long. */
static void idle_helpers_sleep(void **state)
{
	struct cpu_threads *t = octet_cpu_threads_new(3);

	(void)state;
	octet_cpu_threads_start(t);
	for (int more = 0; more < 2; more++) {
		int64_t before;

		octet_cpu_threads_expect(t, more);
		run_round(t, 3, 64, CPU_PARTS_MAX);
		before = processor_time();
		usleep(300000);
		assert_true(processor_time() - before < 100000000);
	}
	octet_cpu_threads_free(t);
}

static struct octet_cpu *executor(unsigned int threads)
{
	struct octet_cpu *cpu;
	char err[160];

	assert_int_equal(octet_cpu_new(&cpu, NULL, 0, err, sizeof(err)), 0);
	assert_int_equal(octet_cpu_set_threads(cpu, threads, err, sizeof(err)), 0);
	return cpu;
}

enum { M = 96, N = 192, K = 64 };

static uint8_t a[M * K], b[K * N], want[M * N];

/* A product of which all threads get parts; whether it is right. */
static bool product(struct octet_cpu *cpu)
{
	struct octet_cmd c = tc_gemm(M, N, K);
	uint8_t y[M * N];
	struct tc_memory map = { .count = 0 };
	const struct octet_cpu_memory memory = { .opaque = &map, .at = tc_at };

	c.dst.shift = 36;
	c.src.addr = 0x100000;
	c.wgt.addr = 0x200000;
	c.dst.addr = 0x300000;
	tc_map(&map, c.src.addr, sizeof(a), a, false);
	tc_map(&map, c.wgt.addr, sizeof(b), b, false);
	tc_map(&map, c.dst.addr, sizeof(y), y, true);
	if (octet_cpu_run(cpu, &memory, &c, 1, 1 << 20, 0, NULL, NULL))
		return false;
	if (!*want)
		tc_reference(&c, a, b, NULL, NULL, want);
	return !memcmp(y, want, sizeof(y));
}

/* Repeats until helpers have done a part; false: they never do. */
static bool help_comes(struct octet_cpu *cpu)
{
	uint64_t helped = 0;

	for (int i = 0; i < MINUTE && !helped; i++) {
		if (!product(cpu))
			return false;
		octet_cpu_threads(cpu, &helped);
		usleep(helped ? 0 : 1000);
	}
	return helped;
}

static void executor_shares(void **state)
{
	struct octet_cpu *cpu = executor(3);
	uint64_t rng = 1, helped;

	(void)state;
	tc_bytes(&rng, a, sizeof(a));
	tc_bytes(&rng, b, sizeof(b));
	/* short operations stay with the caller, no thread is made for them */
	octet_cpu_part_ns = INT64_MAX;
	atomic_store(&created, 0);
	assert_true(product(cpu));
	assert_int_equal(atomic_load(&created), 0);
	assert_int_equal(octet_cpu_threads(cpu, &helped), 3);
	assert_int_equal(helped, 0);
	octet_cpu_part_ns = 0;
	assert_true(help_comes(cpu));
	assert_int_equal(atomic_load(&created), 2);
	octet_cpu_free(cpu);
}

static void executor_without_threads(void **state)
{
	struct octet_cpu *cpu = executor(7);
	uint64_t helped;

	(void)state;
	allowed = 0;
	assert_true(product(cpu));
	assert_true(product(cpu));
	octet_cpu_threads(cpu, &helped);
	assert_int_equal(helped, 0);
	allowed = -1;
	octet_cpu_free(cpu);
}

static void numbers(void **state)
{
	struct octet_cpu *cpu = executor(0);
	char err[160];

	(void)state;
	assert_int_equal(octet_cpu_threads(cpu, NULL), 1);
	assert_int_equal(octet_cpu_set_threads(cpu, 65, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "65"));
	assert_int_equal(octet_cpu_set_threads(cpu, OCTET_CPU_ALL, err, sizeof(err)), 0);
	assert_int_equal(octet_cpu_threads(cpu, NULL),
			 octet_cpu_processors() < 64 ? octet_cpu_processors() : 64);
	octet_cpu_free(cpu);
	setenv("OCTET_CPU_THREADS", "5", 1);
	cpu = executor(0);
	assert_int_equal(octet_cpu_threads(cpu, NULL), 5);
	assert_int_equal(octet_cpu_set_threads(cpu, 2, err, sizeof(err)), 0);
	assert_int_equal(octet_cpu_threads(cpu, NULL), 2);
	octet_cpu_free(cpu);
	for (int i = 0; i < 5; i++) {
		static const char *const bad[] = { "0", "65", "-1", "two", "4x" };

		setenv("OCTET_CPU_THREADS", bad[i], 1);
		assert_int_equal(octet_cpu_new(&cpu, NULL, 0, err, sizeof(err)), -EINVAL);
		assert_non_null(strstr(err, bad[i]));
	}
	unsetenv("OCTET_CPU_THREADS");
}

/* The child of a fork starts threads of its own, and ends without its parent's. */
static void after_fork(void **state)
{
#ifdef __SANITIZE_THREAD__
	(void)state;
	unit_skip("ThreadSanitizer has no threads after a fork");
#else
	struct octet_cpu *cpu = executor(3);
	int status;
	pid_t pid;

	(void)state;
	assert_true(help_comes(cpu));
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		uint64_t before, helped;
		bool fine = true;

		octet_cpu_threads(cpu, &before);
		for (int i = 0; i < MINUTE; i++) {
			fine &= product(cpu);
			octet_cpu_threads(cpu, &helped);
			if (helped > before)
				break;
			usleep(1000);
		}
		octet_cpu_free(cpu);
		_exit(fine && helped > before ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(product(cpu));
	octet_cpu_free(cpu);
	/* and one that only ends it */
	cpu = executor(3);
	assert_true(help_comes(cpu));
	pid = fork();
	if (!pid) {
		octet_cpu_free(cpu);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	octet_cpu_free(cpu);
#endif
}

UNIT_MAIN(unit_case(each_part_once), unit_case(helpers_help), unit_case(start_and_stop),
	  unit_case(fewer_than_wanted), unit_case(rounding_of_the_caller),
	  unit_case(idle_helpers_sleep), unit_case(executor_shares),
	  unit_case(executor_without_threads), unit_case(numbers), unit_case(after_fork))
