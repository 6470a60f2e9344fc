// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test.h>

#include "../octet_drv.h"
#include "../octet_job.h"
#include "octet_mock.h"

/* A job keeps the device awake until it has been cleaned up. */
static void octet_pm_test_references(struct kunit *test)
{
	struct octet_mock_client *t = test->priv;
	struct octet_device *odev = t->mock->odev;
	struct dma_fence *fence;

	KUNIT_EXPECT_EQ(test, odev->pm.refs, 0);
	octet_mock_script(t->mock, 0, OCTET_MOCK_SLOW, 0);
	fence = octet_mock_job(test, t->mock, t->file, t->queue);
	octet_mock_fetched(test, t->mock, 0, 1);
	KUNIT_EXPECT_EQ(test, odev->pm.refs, 1);
	octet_mock_finish(t->mock, 0, 0);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence), 0);
	octet_mock_close(test, t->file);
	/* The scheduler's worker frees the batch some time after its fence. */
	KUNIT_EXPECT_TRUE(test, wait_var_event_timeout(&odev->batches,
						       !atomic_read(&odev->batches),
						       OCTET_MOCK_WAIT));
	KUNIT_EXPECT_EQ(test, odev->pm.refs, 0);
}

/* Unbound: nothing to take, and what was taken has been given back. */
static void octet_pm_test_closed(struct kunit *test)
{
	struct octet_mock_client *t = test->priv;
	struct octet_device *odev = t->mock->odev;

	KUNIT_EXPECT_EQ(test, octet_pm_get(odev), 0);
	KUNIT_EXPECT_EQ(test, octet_pm_get(odev), 0);
	KUNIT_EXPECT_EQ(test, odev->pm.refs, 2);
	octet_device_remove(odev);
	KUNIT_EXPECT_EQ(test, odev->pm.refs, 0);
	KUNIT_EXPECT_TRUE(test, odev->pm.closed);
	octet_pm_put(odev);
	octet_pm_put(odev);
	KUNIT_EXPECT_EQ(test, odev->pm.refs, 0);
	KUNIT_EXPECT_EQ(test, octet_pm_get(odev), -ENODEV);
}

/* Asleep, translations are forgotten anyway: no register is touched. */
static void octet_pm_test_asleep(struct kunit *test)
{
	struct octet_mock_client *t = test->priv;
	struct octet_device *odev = t->mock->odev;
	u32 flushes, resets;

	octet_pm_prepare_reset(odev);
	flushes = t->mock->flushes;
	resets = t->mock->resets;
	KUNIT_EXPECT_FALSE(test, octet_pm_enter(odev));
	KUNIT_EXPECT_EQ(test, odev->mmu.ops->invalidate(&odev->mmu, 1, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, t->mock->flushes, flushes);
	octet_pm_finish_reset(odev);
	KUNIT_EXPECT_EQ(test, t->mock->resets, resets + 1);
	KUNIT_ASSERT_TRUE(test, octet_pm_enter(odev));
	octet_pm_exit(odev);
	KUNIT_EXPECT_EQ(test, odev->mmu.ops->invalidate(&odev->mmu, 1, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, t->mock->flushes, flushes + 1);
	KUNIT_EXPECT_EQ(test, 0, octet_mock_wait(test, octet_mock_job(test, t->mock,
								      t->file, t->queue)));
}

/* Counters go on over what makes the device's own begin anew. */
static void octet_pm_test_counters(struct kunit *test)
{
	struct octet_mock_client *t = test->priv;
	struct drm_octet_core_counters before = { }, after = { };
	struct octet_device *odev = t->mock->odev;
	u32 i;

	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, 0,
				octet_mock_wait(test, octet_mock_job(test, t->mock, t->file,
								     t->queue)));
	octet_core_counters(&odev->cores[0], &before);
	KUNIT_EXPECT_EQ(test, before.jobs, 3);
	octet_pm_prepare_reset(odev);
	octet_pm_finish_reset(odev);
	octet_core_counters(&odev->cores[0], &after);
	KUNIT_EXPECT_EQ(test, after.jobs, 3);
	/* The driver tries each core after a reset. */
	KUNIT_EXPECT_GE(test, after.entries, before.entries);
	KUNIT_EXPECT_GE(test, after.core_resets, before.core_resets);
	KUNIT_ASSERT_EQ(test, 0,
			octet_mock_wait(test, octet_mock_job(test, t->mock, t->file,
							     t->queue)));
	octet_core_counters(&odev->cores[0], &after);
	KUNIT_EXPECT_EQ(test, after.jobs, 4);
	KUNIT_EXPECT_EQ(test, after.completed, 4);
}

static struct kunit_case octet_pm_tests[] = {
	KUNIT_CASE(octet_pm_test_references),
	KUNIT_CASE(octet_pm_test_closed),
	KUNIT_CASE(octet_pm_test_asleep),
	KUNIT_CASE(octet_pm_test_counters),
	{ }
};

static struct kunit_suite octet_pm_suite = {
	.name = "octet_pm",
	.init = octet_mock_client_init,
	.test_cases = octet_pm_tests,
};

kunit_test_suite(octet_pm_suite);
