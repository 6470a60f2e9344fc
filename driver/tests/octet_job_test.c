// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test.h>

#include <linux/limits.h>

#include <drm/octet_isa.h>

#include "../octet_core.h"
#include "../octet_drv.h"
#include "../octet_job.h"
#include "../octet_submit.h"
#include "../octet_sync.h"

static const struct octet_limits octet_job_test_limits = {
	.max_cmds = 256,
	.sram_size = 1 << 20,
};

struct octet_job_case {
	const char *name;
	struct drm_octet_job job;
	int ret;
};

#define GOOD .cmd_va = 0x10000, .cmd_count = 1

static const struct octet_job_case octet_job_cases[] = {
	{ "smallest", { GOOD }, 0 },
	{ "most commands", { .cmd_va = 0x10000, .cmd_count = 256 }, 0 },
	{ "no command", { .cmd_va = 0x10000 }, -EINVAL },
	{ "too many commands", { .cmd_va = 0x10000, .cmd_count = 257 }, -EINVAL },
	{ "count of all ones", { .cmd_va = 0x10000, .cmd_count = U32_MAX }, -EINVAL },
	{ "flags", { GOOD, .flags = 1 }, -EINVAL },
	{ "highest flag", { GOOD, .flags = 1U << 31 }, -EINVAL },
	{ "command off by 8", { .cmd_va = 0x10008, .cmd_count = 1 }, -EINVAL },
	{ "command off by 1", { .cmd_va = 0x10001, .cmd_count = 1 }, -EINVAL },
	{ "report", { GOOD, .report_va = 0x20008 }, 0 },
	{ "report off by 4", { GOOD, .report_va = 0x20004 }, -EINVAL },
	{ "whole SRAM", { GOOD, .sw = 1 << 19, .lb = 1 << 19 }, 0 },
	{ "sw too large", { GOOD, .sw = (1 << 20) + 1 }, -EINVAL },
	{ "lb too large", { GOOD, .lb = (1 << 20) + 1 }, -EINVAL },
	{ "sum too large", { GOOD, .sw = 1 << 19, .lb = (1 << 19) + 1 }, -EINVAL },
	{ "sum wraps", { GOOD, .sw = U32_MAX, .lb = 2 }, -EINVAL },
	{ "any budget", { GOOD, .budget = U64_MAX }, 0 },
};

static void octet_job_case_name(const struct octet_job_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(octet_job, octet_job_cases, octet_job_case_name);

static void octet_job_test_check(struct kunit *test)
{
	const struct octet_job_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, octet_job_check(&c->job, &octet_job_test_limits),
			c->ret);
}

struct octet_array_case {
	const char *name;
	struct drm_octet_array array;
	int ret;
};

#define ELEM sizeof(struct drm_octet_job)

static const struct octet_array_case octet_array_cases[] = {
	{ "empty", { }, 0 },
	{ "one", { .count = 1, .stride = ELEM }, 0 },
	{ "most", { .count = OCTET_MAX_JOBS, .stride = ELEM }, 0 },
	{ "too many", { .count = OCTET_MAX_JOBS + 1, .stride = ELEM }, -EINVAL },
	{ "count of all ones", { .count = U32_MAX, .stride = ELEM }, -EINVAL },
	{ "no stride", { .count = 1 }, -EINVAL },
	{ "short stride", { .count = 1, .stride = ELEM - 1 }, -EINVAL },
	{ "longer stride", { .count = 1, .stride = ELEM + 8 }, 0 },
	{ "stride over a page", { .count = 1, .stride = PAGE_SIZE + 8 }, -E2BIG },
	{ "stride of all ones", { .count = 1, .stride = U32_MAX }, -E2BIG },
};

static void octet_array_case_name(const struct octet_array_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(octet_array, octet_array_cases, octet_array_case_name);

static void octet_job_test_array(struct kunit *test)
{
	const struct octet_array_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, c->ret,
			octet_job_check_array(&c->array, ELEM, OCTET_MAX_JOBS));
}

static void octet_job_test_bo(struct kunit *test)
{
	static const struct {
		u32 flags;
		int ret;
	} cases[] = {
		{ DRM_OCTET_BO_READ, 0 },
		{ DRM_OCTET_BO_WRITE, 0 },
		{ DRM_OCTET_BO_READ | DRM_OCTET_BO_WRITE | DRM_OCTET_BO_IMPLICIT, 0 },
		{ 0, -EINVAL },
		{ DRM_OCTET_BO_IMPLICIT, -EINVAL },
		{ DRM_OCTET_BO_READ | 8, -EINVAL },
		{ U32_MAX, -EINVAL },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct drm_octet_bo_ref ref = {
			.handle = 1, .flags = cases[i].flags,
		};

		KUNIT_EXPECT_EQ_MSG(test, octet_job_check_bo(&ref), cases[i].ret,
				    "flags %#x", cases[i].flags);
	}
}

static void octet_job_test_sync(struct kunit *test)
{
	static const struct {
		u32 flags;
		u64 point;
		int in;
		int out;
	} cases[] = {
		{ 0, 0, 0, 0 },
		{ 0, 1, -EINVAL, -EINVAL },
		{ DRM_OCTET_SYNC_TIMELINE, 1, 0, 0 },
		{ DRM_OCTET_SYNC_TIMELINE, U64_MAX, 0, 0 },
		{ DRM_OCTET_SYNC_TIMELINE, 0, 0, -EINVAL },
		{ 2, 0, -EINVAL, -EINVAL },
		{ U32_MAX, 0, -EINVAL, -EINVAL },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct drm_octet_sync sync = {
			.flags = cases[i].flags, .point = cases[i].point,
		};

		KUNIT_EXPECT_EQ_MSG(test, octet_sync_check(&sync, false),
				    cases[i].in, "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, octet_sync_check(&sync, true),
				    cases[i].out, "case %u", i);
	}
}

/* A batch ends before the next job that waits. */
static void octet_job_test_runs(struct kunit *test)
{
	struct drm_octet_job jobs[6] = { };

	KUNIT_EXPECT_EQ(test, octet_job_run_length(jobs, 0, 6), 6);
	jobs[0].in_syncs.count = 1;
	KUNIT_EXPECT_EQ(test, octet_job_run_length(jobs, 0, 6), 6);
	jobs[2].in_syncs.count = 3;
	jobs[3].in_syncs.count = 1;
	jobs[4].out_syncs.count = 1;
	KUNIT_EXPECT_EQ(test, octet_job_run_length(jobs, 0, 6), 2);
	KUNIT_EXPECT_EQ(test, octet_job_run_length(jobs, 2, 6), 1);
	KUNIT_EXPECT_EQ(test, octet_job_run_length(jobs, 3, 6), 3);
	KUNIT_EXPECT_EQ(test, octet_job_run_length(jobs, 5, 6), 1);
}

/* What has credits has room in the ring; four single jobs have, or one array. */
static void octet_job_test_credits(struct kunit *test)
{
	u32 n;

	for (n = 1; n <= OCTET_MAX_JOBS; n++) {
		KUNIT_EXPECT_GE(test, octet_job_credits(n), n);
		KUNIT_EXPECT_LE(test, octet_job_credits(n), OCTET_CREDITS);
	}
	KUNIT_EXPECT_LE(test, OCTET_CREDITS, OCTET_RING_ENTRIES);
	KUNIT_EXPECT_EQ(test, OCTET_CREDITS / octet_job_credits(1), 4);
	KUNIT_EXPECT_EQ(test, OCTET_CREDITS / octet_job_credits(16), 4);
	KUNIT_EXPECT_EQ(test, OCTET_CREDITS / octet_job_credits(32), 2);
}

/* Sizes that user space is built with; all are multiples of 8. */
static void octet_job_test_layout(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, sizeof(struct drm_octet_array), 16);
	KUNIT_EXPECT_EQ(test, sizeof(struct drm_octet_dev_query), 24);
	KUNIT_EXPECT_EQ(test, sizeof(struct drm_octet_bo_create), 40);
	KUNIT_EXPECT_EQ(test, sizeof(struct drm_octet_bo_info), 32);
	KUNIT_EXPECT_EQ(test, sizeof(struct drm_octet_bo_wait), 16);
	KUNIT_EXPECT_EQ(test, sizeof(struct drm_octet_queue_create), 16);
	KUNIT_EXPECT_EQ(test, sizeof(struct drm_octet_queue_destroy), 8);
	KUNIT_EXPECT_EQ(test, sizeof(struct drm_octet_queue_query), 48);
	KUNIT_EXPECT_EQ(test, sizeof(struct drm_octet_sync), 16);
	KUNIT_EXPECT_EQ(test, sizeof(struct drm_octet_bo_ref), 8);
	KUNIT_EXPECT_EQ(test, sizeof(struct drm_octet_job), 72);
	KUNIT_EXPECT_EQ(test, sizeof(struct drm_octet_submit), 40);
	KUNIT_EXPECT_EQ(test, sizeof(struct octet_cmd), OCTET_CMD_SIZE);
}

static struct kunit_case octet_job_tests[] = {
	KUNIT_CASE_PARAM(octet_job_test_check, octet_job_gen_params),
	KUNIT_CASE_PARAM(octet_job_test_array, octet_array_gen_params),
	KUNIT_CASE(octet_job_test_bo),
	KUNIT_CASE(octet_job_test_sync),
	KUNIT_CASE(octet_job_test_runs),
	KUNIT_CASE(octet_job_test_credits),
	KUNIT_CASE(octet_job_test_layout),
	{ }
};

static struct kunit_suite octet_job_suite = {
	.name = "octet_job",
	.test_cases = octet_job_tests,
};

kunit_test_suite(octet_job_suite);
