// SPDX-License-Identifier: MIT
/*
 * What every backend promises: fences, descriptors, arrays, queues, failures
 * that stay in their queue. Runs on sim, cpu and, where there is one, drm.
 */

#include "libtest.h"

#include <poll.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

static const enum octet_backend backends[] = {
	OCTET_BACKEND_SIM,
	OCTET_BACKEND_CPU,
	OCTET_BACKEND_DRM,
};

static void each(void (*test)(struct octet_ctx *ctx))
{
	for (size_t i = 0; i < 3; i++) {
		struct octet_ctx *ctx;

		if (backends[i] == OCTET_BACKEND_DRM && lt_machine() != OCTET_BACKEND_DRM)
			continue;
		ctx = lt_open(backends[i], NULL);
		test(ctx);
		octet_close(ctx);
	}
}

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void check_result(struct octet_tensor *y, uint32_t n)
{
	const int32_t *out = octet_tensor_map(y);
	uint64_t seed = n;
	int8_t *a = malloc((size_t)n * n), *b = malloc((size_t)n * n);
	int32_t sum = 0;

	for (uint32_t i = 0; i < n * n; i++)
		a[i] = (int8_t)lt_random(&seed);
	for (uint32_t i = 0; i < n * n; i++)
		b[i] = (int8_t)lt_random(&seed);
	for (uint32_t k = 0; k < n; k++)
		sum += a[(n - 1) * n + k] * b[k * n + n - 1];
	assert_int_equal(out[n * n - 1], sum);
	free(a);
	free(b);
}

static void async(struct octet_ctx *ctx)
{
	struct octet_tensor *y;
	struct octet_job *job = lt_gemm_job(ctx, 96, &y);
	struct octet_fence *fence, *again;
	OCTET_OPTS(octet_op_report, report);
	int fd, early;

	assert_int_equal(octet_submit(ctx, NULL, &job, 1, NULL, &fence), 0);
	assert_int_equal(octet_fence_fd(fence, &early), 0);
	assert_int_equal(octet_fence_wait(fence, -1), 0);
	assert_int_equal(octet_fence_wait(fence, 0), 0);
	check_result(y, 96);
	assert_int_equal(octet_fence_fd(fence, &fd), 0);
	assert_int_equal(poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 5000), 1);
	assert_int_equal(poll(&(struct pollfd){ .fd = early, .events = POLLIN }, 1, 5000), 1);
	close(fd);
	close(early);
	/* Run again; a descriptor outlives its fence. */
	memset(octet_tensor_map(y), 0, octet_tensor_bytes(y));
	assert_int_equal(octet_submit(ctx, NULL, &job, 1, NULL, &again), 0);
	assert_int_equal(octet_fence_fd(again, &fd), 0);
	octet_fence_free(again);
	assert_int_equal(poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 5000), 1);
	close(fd);
	check_result(y, 96);
	octet_fence_free(fence);
	assert_int_equal(octet_job_report(job, 0, &report), 0);
	assert_int_equal(report.macs, 96 * 96 * 96);
	if (octet_get_backend(ctx) != OCTET_BACKEND_CPU) {
		assert_true(report.total >= 96 * 96 * 96 / 1024);
		assert_int_equal(report.total, report.compute + report.dma_stall +
						       report.output_stall + report.overhead);
	}
	octet_job_free(job);
	octet_tensor_free(y);
}

static void test_async(void **state)
{
	(void)state;
	each(async);
}

static void arrays(struct octet_ctx *ctx)
{
	enum { N = 32 };
	struct octet_job *jobs[N];
	struct octet_tensor *y[N];
	struct octet_fence *fences[N], *last;
	OCTET_OPTS(octet_submit_opts, o);

	for (uint32_t i = 0; i < N; i++)
		jobs[i] = lt_gemm_job(ctx, 4 + i, &y[i]);
	o.each = fences;
	assert_int_equal(octet_submit(ctx, NULL, jobs, N, &o, &last), 0);
	assert_int_equal(octet_fence_wait(last, -1), 0);
	for (uint32_t i = 0; i < N; i++) {
		assert_int_equal(octet_fence_wait(fences[i], 0), 0);
		check_result(y[i], 4 + i);
		octet_fence_free(fences[i]);
	}
	octet_fence_free(last);
	/* Without fences: the job knows when it is done. */
	for (uint32_t i = 0; i < N; i++)
		memset(octet_tensor_map(y[i]), 0, octet_tensor_bytes(y[i]));
	assert_int_equal(octet_submit(ctx, NULL, jobs, N, NULL, NULL), 0);
	for (uint32_t i = 0; i < N; i++) {
		octet_job_free(jobs[i]);
		check_result(y[i], 4 + i);
		octet_tensor_free(y[i]);
	}
}

static void test_arrays(void **state)
{
	(void)state;
	each(arrays);
}

/* The second queue's job reads what the first queue's job writes. */
static void queues(struct octet_ctx *ctx)
{
	struct octet_tensor *a, *b, *mid, *y;
	struct octet_job *first, *second;
	struct octet_queue *q[2];
	struct octet_fence *f[2];
	OCTET_OPTS(octet_gemm_opts, g);
	OCTET_OPTS(octet_submit_opts, o);
	uint64_t seed = 5;

	a = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(64, 64), &seed);
	b = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(64, 64), NULL);
	mid = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(64, 64), NULL);
	y = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(64, 64), NULL);
	for (int i = 0; i < 64; i++)
		((int8_t *)octet_tensor_map(b))[i * 65] = 1;
	g.stage = OCTET_FIX_DBL;
	assert_int_equal(octet_job_new(ctx, &first), 0);
	assert_int_equal(octet_job_new(ctx, &second), 0);
	assert_int_equal(octet_job_gemm(first, a, b, NULL, mid, &g), 0);
	assert_int_equal(octet_job_gemm(second, mid, b, NULL, y, &g), 0);
	assert_int_equal(octet_job_ready(first, NULL), 0);
	assert_int_equal(octet_job_ready(second, NULL), 0);
	assert_int_equal(octet_queue_new(ctx, OCTET_PRIORITY_NORMAL, &q[0]), 0);
	assert_int_equal(octet_queue_new(ctx, OCTET_PRIORITY_LOW, &q[1]), 0);
	o.wait = &f[0];
	o.wait_count = 1;
	for (int i = 0; i < 50; i++) {
		memset(octet_tensor_map(mid), 0, 64 * 64);
		assert_int_equal(octet_submit(ctx, q[0], &first, 1, NULL, &f[0]), 0);
		assert_int_equal(octet_submit(ctx, q[1], &second, 1, &o, &f[1]), 0);
		octet_fence_free(f[0]);
		assert_int_equal(octet_fence_wait(f[1], -1), 0);
		octet_fence_free(f[1]);
		assert_memory_equal(octet_tensor_map(y), octet_tensor_map(a), 64 * 64);
	}
	octet_queue_free(q[0]);
	octet_queue_free(q[1]);
}

static void test_queues(void **state)
{
	(void)state;
	each(queues);
}

static void failures(struct octet_ctx *ctx)
{
	struct octet_tensor *y, *z;
	struct octet_job *jobs[3] = { lt_gemm_job(ctx, 8, &y), lt_bad_job(ctx),
				      lt_gemm_job(ctx, 8, &z) };
	struct octet_job *fine = lt_gemm_job(ctx, 12, NULL);
	struct octet_queue *bad, *good;
	struct octet_fence *f[3], *ok;
	OCTET_OPTS(octet_submit_opts, o);

	assert_int_equal(octet_queue_new(ctx, OCTET_PRIORITY_NORMAL, &bad), 0);
	assert_int_equal(octet_queue_new(ctx, OCTET_PRIORITY_NORMAL, &good), 0);
	o.each = f;
	assert_int_equal(octet_submit(ctx, bad, jobs, 3, &o, NULL), 0);
	assert_int_equal(octet_submit(ctx, good, &fine, 1, NULL, &ok), 0);
	lt_expect(ctx, octet_fence_wait(f[2], -1), -ECANCELED,
		  "job 3 was cancelled because of job 2", "UNMAPPED");
	lt_expect(ctx, octet_fence_wait(f[1], -1), -EFAULT, "job 2, command 0 (GEMM)", "src",
		  "0x1000", "UNMAPPED");
	assert_int_equal(octet_fence_wait(f[0], -1), 0);
	assert_int_equal(octet_fence_wait(ok, -1), 0);
	check_result(y, 8);
	assert_int_equal(((int32_t *)octet_tensor_map(z))[63], 0);
	lt_expect(ctx, octet_submit(ctx, bad, jobs, 1, NULL, NULL), -ECANCELED, "make a new queue");
	for (int i = 0; i < 3; i++)
		octet_fence_free(f[i]);
	octet_fence_free(ok);
	octet_queue_free(bad);
	assert_int_equal(octet_submit(ctx, good, jobs, 1, NULL, &ok), 0);
	assert_int_equal(octet_fence_wait(ok, -1), 0);
	octet_queue_free(good);
	octet_fence_free(ok);
}

static void test_failures(void **state)
{
	(void)state;
	each(failures);
}

/* The context's own queue is replaced once the failure has been told. */
static void own_queue(struct octet_ctx *ctx)
{
	struct octet_job *bad = lt_bad_job(ctx), *fine = lt_gemm_job(ctx, 8, NULL);
	struct octet_fence *f, *g;

	assert_int_equal(octet_submit(ctx, NULL, &bad, 1, NULL, &f), 0);
	lt_expect(ctx, octet_fence_wait(f, -1), -EFAULT, "UNMAPPED");
	assert_int_equal(octet_submit(ctx, NULL, &fine, 1, NULL, &g), 0);
	assert_int_equal(octet_fence_wait(g, -1), 0);
	octet_fence_free(g);
	octet_fence_free(f);
	/* Nobody waited: the next submit tells. */
	assert_int_equal(octet_submit(ctx, NULL, &bad, 1, NULL, &f), 0);
	octet_job_free(bad);
	octet_fence_free(f);
	lt_expect(ctx, octet_submit(ctx, NULL, &fine, 1, NULL, &g), -ECANCELED, "replacement");
	assert_int_equal(octet_submit(ctx, NULL, &fine, 1, NULL, &g), 0);
	assert_int_equal(octet_fence_wait(g, -1), 0);
}

static void test_own_queue(void **state)
{
	(void)state;
	each(own_queue);
}

static void *waiter(void *fence)
{
	return (void *)(intptr_t)octet_fence_wait(fence, 10000000000);
}

/* Waiting is for any thread. */
static void threads(struct octet_ctx *ctx)
{
	struct octet_job *job = lt_gemm_job(ctx, 128, NULL), *bad = lt_bad_job(ctx);
	struct octet_job *both[2] = { job, bad };
	struct octet_fence *f[2];
	OCTET_OPTS(octet_submit_opts, o);
	pthread_t t[2];
	void *ret;

	o.each = f;
	assert_int_equal(octet_submit(ctx, NULL, both, 2, &o, NULL), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, waiter, f[i]), 0);
	pthread_join(t[0], &ret);
	assert_int_equal((intptr_t)ret, 0);
	pthread_join(t[1], &ret);
	assert_int_equal((intptr_t)ret, -EFAULT);
}

static void test_threads(void **state)
{
	(void)state;
	each(threads);
}

/* The driver unmaps freed buffers a little later. */
static void usage_settles(struct octet_ctx *ctx, const struct octet_usage *expect)
{
	int64_t end = now() + 2000000000;
	OCTET_OPTS(octet_usage, usage);

	do {
		usleep(1000);
		assert_int_equal(octet_get_usage(ctx, &usage), 0);
	} while (usage.buffers != expect->buffers && now() < end);
	assert_int_equal(usage.buffers, expect->buffers);
	assert_int_equal(usage.buffer_bytes, expect->buffer_bytes);
	assert_int_equal(usage.queues, expect->queues);
}

/* Handles end in any order; what is left ends with the context. */
static void lifetimes(struct octet_ctx *ctx)
{
	struct octet_tensor *x = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(64, 64), NULL);
	struct octet_tensor *y = lt_tensor(ctx, NULL, OCTET_INT32, LT_DIMS(64, 64), NULL);
	OCTET_OPTS(octet_usage, before);
	struct octet_fence *f[64];
	struct octet_queue *q;

	assert_int_equal(octet_get_usage(ctx, &before), 0);
	assert_int_equal(before.buffers, 2);
	assert_int_equal(octet_gemm(ctx, x, x, NULL, y, NULL, NULL), 0);
	for (int i = 0; i < 64; i++) {
		assert_int_equal(octet_gemm(ctx, x, x, NULL, y, NULL, &f[i]), 0);
		if (i % 2)
			octet_fence_free(f[i]);
	}
	assert_int_equal(octet_fence_wait(f[62], -1), 0);
	assert_int_equal(octet_queue_new(ctx, OCTET_PRIORITY_NORMAL, &q), 0);
	octet_queue_free(q);
	/* This one clears away the jobs of the others. */
	assert_int_equal(octet_gemm(ctx, x, x, NULL, y, NULL, NULL), 0);
	assert_int_equal(octet_gemm(ctx, x, x, NULL, y, NULL, NULL), 0);
	usage_settles(ctx, &before);
	octet_gemm(ctx, x, x, NULL, y, NULL, &f[0]);
	octet_tensor_free(x);
	octet_tensor_free(y);
}

static void test_lifetimes(void **state)
{
	(void)state;
	each(lifetimes);
}

static void test_names(void **state)
{
	OCTET_OPTS(octet_open_opts, o);
	OCTET_OPTS(octet_info, info);
	enum octet_backend b = OCTET_BACKEND_CPU;
	struct octet_ctx *ctx = NULL;
	char err[256] = "";

	(void)state;
	assert_int_equal(octet_backend_parse("sim", &b), 0);
	assert_int_equal(b, OCTET_BACKEND_SIM);
	assert_int_equal(octet_backend_parse("gpu", &b), -EINVAL);
	assert_string_equal(octet_backend_name(OCTET_BACKEND_DRM), "drm");
	assert_string_equal(octet_version(), "0.1.0");
	assert_int_equal(octet_open(&ctx, NULL), 0);
	assert_non_null(strstr(octet_backend_reason(ctx), "Octet device"));
	assert_true(octet_get_backend(ctx) != OCTET_BACKEND_CPU);
	octet_close(ctx);
	ctx = NULL;
	o.errbuf = err;
	o.errbuf_size = sizeof(err);
	o.backend = (enum octet_backend)9;
	assert_int_equal(octet_open(&ctx, &o), -EINVAL);
	assert_non_null(strstr(err, "backend 9"));
	o.backend = OCTET_BACKEND_DRM;
	o.device = "/dev/null";
	assert_int_equal(octet_open(&ctx, &o), -ENODEV);
	assert_non_null(strstr(err, "/dev/null"));
	o.device = "/nonexistent";
	assert_int_equal(octet_open(&ctx, &o), -ENODEV);
	o.device = NULL;
	o.backend = OCTET_BACKEND_CPU;
	o.cpu_level = "mmx";
	assert_int_equal(octet_open(&ctx, &o), -EINVAL);
	assert_non_null(strstr(err, "mmx"));
	o.cpu_level = "scalar";
	o.cpu_threads = 65;
	assert_int_equal(octet_open(&ctx, &o), -EINVAL);
	assert_non_null(strstr(err, "65"));
	o.cpu_threads = 3;
	assert_int_equal(octet_open(&ctx, &o), 0);
	assert_int_equal(octet_get_info(ctx, &info), 0);
	assert_non_null(strstr(info.name, "3 threads"));
	assert_int_equal(info.cores, 0);
	assert_string_equal(info.simd, "scalar");
	octet_close(ctx);
}

static void test_machine(void **state)
{
	OCTET_OPTS(octet_open_opts, o);
	OCTET_OPTS(octet_info, info);
	struct octet_ctx *ctx =
		lt_open(OCTET_BACKEND_SIM, "array=a512,dram-bytes-per-cycle=12,cores=3");
	char err[256] = "";

	(void)state;
	assert_int_equal(octet_get_info(ctx, &info), 0);
	assert_int_equal(info.cores, 3);
	assert_int_equal(info.p * info.k * info.c, 512);
	assert_int_equal(info.dram_bpc, 12);
	assert_int_equal(info.sram, 1 << 20);
	octet_close(ctx);
	o.backend = OCTET_BACKEND_SIM;
	o.errbuf = err;
	o.errbuf_size = sizeof(err);
	o.machine = "array=a9";
	assert_int_equal(octet_open(&ctx, &o), -EINVAL);
	assert_non_null(strstr(err, "array=a9"));
	o.machine = "gone=on";
	assert_int_equal(octet_open(&ctx, &o), -ENODEV);
	assert_non_null(strstr(err, "gone"));
}

/* One job on a machine with a fault; then the context must work again. */
static void fault(const char *machine, int error, const char *word)
{
	struct octet_ctx *ctx = lt_open(OCTET_BACKEND_SIM, machine);
	struct octet_job *job = lt_gemm_job(ctx, 8, NULL);
	struct octet_fence *f;
	uint64_t jobs = 0;

	assert_int_equal(octet_submit(ctx, NULL, &job, 1, NULL, &f), 0);
	if (error)
		lt_expect(ctx, octet_fence_wait(f, 20000000000), error, word);
	else
		assert_int_equal(octet_fence_wait(f, 20000000000), 0);
	octet_fence_free(f);
	assert_int_equal(octet_submit(ctx, NULL, &job, 1, NULL, &f), 0);
	assert_int_equal(octet_fence_wait(f, 20000000000), 0);
	for (uint32_t core = 0; core < 2; core++) {
		OCTET_OPTS(octet_counters, c);

		assert_int_equal(octet_get_counters(ctx, core, &c), 0);
		jobs += c.jobs;
	}
	assert_true(jobs >= 1);
	octet_close(ctx);
}

static void test_faults(void **state)
{
	(void)state;
	fault("inject-hang=1", -ETIME, "took longer");
	fault("inject-livelock=1", -ETIME, "took longer");
	fault("inject-command=1", -EFAULT, "INJECTED");
	fault("inject-drop-irq=1", 0, NULL);
	fault("inject-bad-completion=1", -EFAULT, "job 1");
	fault("inject-dma-error=1", -EFAULT, "BUS_ERROR");
}

static void test_paced(void **state)
{
	struct octet_ctx *ctx = lt_open(OCTET_BACKEND_SIM, "timing=paced,clock=100K");
	struct octet_job *job = lt_gemm_job(ctx, 64, NULL);
	OCTET_OPTS(octet_op_report, report);
	struct octet_fence *f;
	int64_t start = now();

	(void)state;
	assert_int_equal(octet_submit(ctx, NULL, &job, 1, NULL, &f), 0);
	assert_int_equal(octet_fence_wait(f, 1000), -ETIMEDOUT);
	assert_int_equal(octet_fence_wait(f, -1), 0);
	assert_int_equal(octet_job_report(job, 0, &report), 0);
	/* 10 us a cycle. */
	assert_true(now() - start >= (int64_t)report.total * 10000);
	octet_close(ctx);
}

/* A job knows its newest run only: it has one at a time, but for those of one queue. */
static void test_one_queue(void **state)
{
	struct octet_ctx *ctx = lt_open(OCTET_BACKEND_SIM, "timing=paced,clock=100K");
	struct octet_job *job = lt_gemm_job(ctx, 64, NULL);
	struct octet_fence *f, *other;
	struct octet_queue *q;
	int ret = 0;

	(void)state;
	assert_int_equal(octet_queue_new(ctx, OCTET_PRIORITY_NORMAL, &q), 0);
	/* Some milliseconds a run, which this thread may sleep away. */
	for (int i = 0; i < 100 && !ret; i++) {
		assert_int_equal(octet_submit(ctx, NULL, &job, 1, NULL, &f), 0);
		assert_int_equal(octet_submit(ctx, NULL, &job, 1, NULL, NULL), 0);
		ret = octet_submit(ctx, q, &job, 1, NULL, &other);
		if (!ret)
			octet_fence_free(other);
		octet_fence_free(f);
		assert_int_equal(octet_submit(ctx, ret ? NULL : q, &job, 1, NULL, &f), 0);
		assert_int_equal(octet_fence_wait(f, -1), 0);
		octet_fence_free(f);
	}
	lt_expect(ctx, ret, -EBUSY, "jobs[0]", "another queue");
	assert_int_equal(octet_submit(ctx, q, &job, 1, NULL, NULL), 0);
	octet_job_free(job);
	octet_close(ctx);
}

static void test_budget(void **state)
{
	struct octet_ctx *ctx = lt_open(OCTET_BACKEND_SIM, NULL);
	OCTET_OPTS(octet_job_opts, o);
	OCTET_OPTS(octet_gemm_opts, g);
	struct octet_tensor *a = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(64, 64), NULL);
	struct octet_tensor *y = lt_tensor(ctx, NULL, OCTET_INT32, LT_DIMS(64, 64), NULL);
	struct octet_job *job;
	struct octet_fence *f;

	(void)state;
	assert_int_equal(octet_job_new(ctx, &job), 0);
	assert_int_equal(octet_job_gemm(job, a, a, NULL, y, &g), 0);
	o.cycle_budget = 100;
	assert_int_equal(octet_job_ready(job, &o), 0);
	assert_int_equal(octet_submit(ctx, NULL, &job, 1, NULL, &f), 0);
	lt_expect(ctx, octet_fence_wait(f, -1), -ETIME, "BUDGET");
	octet_close(ctx);
}

UNIT_MAIN(unit_case(test_async), unit_case(test_arrays), unit_case(test_queues),
	  unit_case(test_failures), unit_case(test_own_queue), unit_case(test_threads),
	  unit_case(test_lifetimes), unit_case(test_names), unit_case(test_machine),
	  unit_case(test_faults), unit_case(test_paced), unit_case(test_budget),
	  unit_case(test_one_queue))
