// SPDX-License-Identifier: MIT
/*
 * octet_submit() allocates nothing but the fences. The linker sends malloc()
 * and its kin here (see tests/build.mk).
 */

#include "libtest.h"

/* Of this thread: the simulated cores have threads of their own. */
static _Thread_local unsigned int count;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__wrap_malloc(size_t size)
{
	count++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	count++;
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	count++;
	return __real_realloc(p, size);
}

static void submit(enum octet_backend backend)
{
	struct octet_ctx *ctx = lt_open(backend, NULL);
	struct octet_job *jobs[8];
	struct octet_fence *f;
	unsigned int before;

	for (int i = 0; i < 8; i++)
		jobs[i] = lt_gemm_job(ctx, 16, NULL);
	/* Executors may size their own scratch in the first run. */
	assert_int_equal(octet_submit(ctx, NULL, jobs, 8, NULL, &f), 0);
	assert_int_equal(octet_fence_wait(f, -1), 0);
	octet_fence_free(f);
	before = count;
	assert_int_equal(octet_submit(ctx, NULL, jobs, 8, NULL, NULL), 0);
	assert_int_equal(octet_submit(ctx, NULL, jobs, 8, NULL, &f), 0);
	assert_int_equal(octet_fence_wait(f, -1), 0);
	assert_int_equal(count - before, 1);
	octet_fence_free(f);
	octet_close(ctx);
}

static void test_sim(void **state)
{
	(void)state;
	submit(OCTET_BACKEND_SIM);
}

static void test_cpu(void **state)
{
	(void)state;
	submit(OCTET_BACKEND_CPU);
}

UNIT_MAIN(unit_case(test_sim), unit_case(test_cpu))
