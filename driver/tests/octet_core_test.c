// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test.h>

#include <drm/octet_isa.h>

#include "../octet_drv.h"
#include "../octet_fault.h"
#include "../octet_job.h"
#include "../octet_queue.h"
#include "octet_mock.h"

static struct drm_octet_core_counters octet_core_test_counters(struct kunit *test)
{
	struct octet_mock_client *t = test->priv;
	struct drm_octet_core_counters c = { };

	octet_core_counters(&t->mock->odev->cores[0], &c);
	return c;
}

static void octet_core_test_complete(struct kunit *test)
{
	struct octet_mock_client *t = test->priv;
	struct octet_ring_entry *entry = &t->mock->core[0].log[0];
	struct drm_octet_core_counters c;
	struct octet_client *client = t->file->driver_priv;

	KUNIT_EXPECT_EQ(test, 0, octet_mock_wait(test, octet_mock_job(test, t->mock,
								      t->file, t->queue)));
	KUNIT_EXPECT_EQ(test, octet_mock_logged(t->mock, 0), 1);
	KUNIT_EXPECT_EQ(test, entry->opcode, OCTET_RING_RUN);
	KUNIT_EXPECT_EQ(test, entry->flags, OCTET_RING_F_IRQ);
	KUNIT_EXPECT_EQ(test, le16_to_cpu(entry->asid), octet_client_asid(client));
	KUNIT_EXPECT_EQ(test, le32_to_cpu(entry->queue), t->queue);
	KUNIT_EXPECT_EQ(test, le64_to_cpu(entry->cmd_va), 0x10000);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(entry->cmd_count), 3);
	KUNIT_EXPECT_EQ(test, le32_to_cpu(entry->first), 0);
	/* No job is without a budget: the longest time, in cycles. */
	KUNIT_EXPECT_EQ(test, le64_to_cpu(entry->budget),
			1000000ULL * t->mock->odev->timeout_ms);
	KUNIT_EXPECT_EQ(test, entry->reserved, 0);

	c = octet_core_test_counters(test);
	KUNIT_EXPECT_EQ(test, c.submitted, 1);
	KUNIT_EXPECT_EQ(test, c.completed, 1);
	KUNIT_EXPECT_EQ(test, c.failed, 0);
	KUNIT_EXPECT_EQ(test, c.jobs, 1);
	KUNIT_EXPECT_EQ(test, c.timeouts, 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&client->cycles[0]), 100);
}

/* Ring, completion queue and phase go round several times. */
static void octet_core_test_wrap(struct kunit *test)
{
	struct octet_mock_client *t = test->priv;
	struct dma_fence *fence[7];
	u32 round, i, jobs = 0;
	u64 seq = 1;	/* 0 was probe's own */

	for (round = 0; jobs < 3 * OCTET_RING_ENTRIES; round++) {
		u32 n = 1 + round % ARRAY_SIZE(fence);

		KUNIT_ASSERT_EQ(test, 0, octet_mock_jobs(test, t->mock, t->file,
							 t->queue, fence, n));
		for (i = 0; i < n; i++)
			KUNIT_ASSERT_EQ(test, octet_mock_wait(test, fence[i]), 0);
		jobs += n;
	}
	KUNIT_EXPECT_EQ(test, octet_mock_logged(t->mock, 0), jobs);
	for (i = 0; i < jobs; i++)
		KUNIT_EXPECT_EQ(test, le64_to_cpu(t->mock->core[0].log[i].seq), seq++);
	KUNIT_EXPECT_EQ(test, octet_core_test_counters(test).completed, jobs);
}

/* One fails: those before it are complete, those behind it do not run. */
static void octet_core_test_fail(struct kunit *test)
{
	struct octet_mock_client *t = test->priv;
	u32 other = octet_mock_queue(test, t->mock, t->file);
	struct drm_octet_queue_query q;
	struct dma_fence *fence[4], *innocent;

	/* Held up by the first, so that all are in the ring when one fails. */
	octet_mock_script(t->mock, 0, OCTET_MOCK_SLOW, 0);
	octet_mock_script(t->mock, 0, OCTET_MOCK_FAIL, OCTET_STATUS_UNMAPPED);
	KUNIT_ASSERT_EQ(test, 0, octet_mock_jobs(test, t->mock, t->file, t->queue,
						 fence, 4));
	octet_mock_fetched(test, t->mock, 0, 1);
	innocent = octet_mock_job(test, t->mock, t->file, other);
	octet_mock_finish(t->mock, 0, OCTET_STATUS_OK);

	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[0]), 0);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[1]), -EFAULT);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[2]), -ECANCELED);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[3]), -ECANCELED);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, innocent), 0);
	KUNIT_EXPECT_EQ(test, t->mock->core[0].log[1].opcode, OCTET_RING_RUN);
	KUNIT_EXPECT_EQ(test, t->mock->core[0].log[2].opcode, OCTET_RING_NOP);
	KUNIT_EXPECT_EQ(test, t->mock->core[0].log[3].opcode, OCTET_RING_NOP);
	KUNIT_EXPECT_EQ(test, t->mock->core[0].log[4].opcode, OCTET_RING_RUN);

	q = octet_mock_query(test, t->mock, t->file, t->queue);
	KUNIT_EXPECT_EQ(test, q.flags, DRM_OCTET_QUEUE_BANNED);
	KUNIT_EXPECT_EQ(test, q.error, -EFAULT);
	KUNIT_EXPECT_EQ(test, q.status, OCTET_STATUS_UNMAPPED);
	KUNIT_EXPECT_EQ(test, q.fault_va, 0x1234000);
	KUNIT_EXPECT_EQ(test, q.detail, 0x0102);
	KUNIT_EXPECT_EQ(test, q.completed, 1);
	KUNIT_EXPECT_EQ(test, q.resets, 0);
	KUNIT_EXPECT_EQ(test, -ECANCELED,
			octet_mock_jobs(test, t->mock, t->file, t->queue, fence, 1));

	q = octet_mock_query(test, t->mock, t->file, other);
	KUNIT_EXPECT_EQ(test, q.flags, 0);
	KUNIT_EXPECT_EQ(test, q.error, 0);
	KUNIT_EXPECT_EQ(test, q.completed, 1);
}

/* Every status of the device becomes one of two errors. */
static void octet_core_test_status(struct kunit *test)
{
	static const u32 status[] = {
		OCTET_STATUS_BAD_ENTRY, OCTET_STATUS_BAD_ASID, OCTET_STATUS_BAD_SPLIT,
		OCTET_STATUS_UNMAPPED, OCTET_STATUS_PERMISSION, OCTET_STATUS_BAD_PTE,
		OCTET_STATUS_NON_CANONICAL, OCTET_STATUS_BUS_ERROR,
		OCTET_STATUS_BAD_OP, OCTET_STATUS_BAD_CHAIN, OCTET_STATUS_BUDGET,
		OCTET_STATUS_INJECTED, OCTET_STATUS_NO_MEMORY, 0xffff,
	};
	struct octet_mock_client *t = test->priv;
	struct drm_octet_queue_query q;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(status); i++) {
		int error = status[i] == OCTET_STATUS_BUDGET ? -ETIME : -EFAULT;
		u32 queue = octet_mock_queue(test, t->mock, t->file);
		struct dma_fence *fence;

		octet_mock_script(t->mock, 0, OCTET_MOCK_FAIL, status[i]);
		fence = octet_mock_job(test, t->mock, t->file, queue);
		KUNIT_EXPECT_EQ_MSG(test, octet_mock_wait(test, fence), error,
				    "status %#x", status[i]);
		q = octet_mock_query(test, t->mock, t->file, queue);
		KUNIT_EXPECT_EQ(test, q.error, error);
		KUNIT_EXPECT_EQ(test, q.status, status[i]);
	}
	/* Log and dump are not the client's to fill. */
	KUNIT_EXPECT_TRUE(test, octet_fault_is_clients(OCTET_STATUS_UNMAPPED));
	KUNIT_EXPECT_TRUE(test, octet_fault_is_clients(OCTET_STATUS_BAD_OP));
	KUNIT_EXPECT_TRUE(test, octet_fault_is_clients(OCTET_STATUS_NO_MEMORY));
	KUNIT_EXPECT_FALSE(test, octet_fault_is_clients(OCTET_STATUS_BUS_ERROR));
	KUNIT_EXPECT_EQ(test, octet_core_test_counters(test).failed, ARRAY_SIZE(status));
	KUNIT_EXPECT_EQ(test, octet_core_test_counters(test).errors, ARRAY_SIZE(status));
}

/* A lost message: the watchdog finds the completion, and nobody is to blame. */
static void octet_core_test_lost_irq(struct kunit *test)
{
	struct octet_mock_client *t = test->priv;
	u64 resets = octet_core_test_counters(test).core_resets;
	struct dma_fence *fence;

	t->mock->core[0].drop_irqs = 1;
	fence = octet_mock_job(test, t->mock, t->file, t->queue);
	octet_mock_fetched(test, t->mock, 0, 1);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(fence));
	octet_mock_late(t->mock, 0);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence), 0);
	KUNIT_EXPECT_EQ(test, octet_core_test_counters(test).core_resets, resets);
	KUNIT_EXPECT_EQ(test, octet_core_test_counters(test).timeouts, 0);
	KUNIT_EXPECT_EQ(test, 0, octet_mock_query(test, t->mock, t->file, t->queue).flags);
}

/* What a core says cannot be trusted: it is reset, and its other jobs run. */
static void octet_core_test_distrust(struct kunit *test, enum octet_mock_act act)
{
	struct octet_mock_client *t = test->priv;
	u64 resets = octet_core_test_counters(test).core_resets;
	u32 other = octet_mock_queue(test, t->mock, t->file);
	struct dma_fence *fence, *innocent[3];
	u32 i;

	octet_mock_script(t->mock, 0, OCTET_MOCK_SLOW, 0);
	octet_mock_script(t->mock, 0, act, 0);
	innocent[0] = octet_mock_job(test, t->mock, t->file, other);
	octet_mock_fetched(test, t->mock, 0, 1);
	fence = octet_mock_job(test, t->mock, t->file, t->queue);
	innocent[1] = octet_mock_job(test, t->mock, t->file, other);
	innocent[2] = octet_mock_job(test, t->mock, t->file, other);
	octet_mock_finish(t->mock, 0, OCTET_STATUS_OK);

	KUNIT_EXPECT_LE(test, octet_mock_wait(test, fence), 0);
	for (i = 0; i < ARRAY_SIZE(innocent); i++)
		KUNIT_EXPECT_EQ(test, octet_mock_wait(test, innocent[i]), 0);
	KUNIT_EXPECT_EQ(test, octet_core_test_counters(test).core_resets, resets + 1);
	KUNIT_EXPECT_EQ(test, octet_core_test_counters(test).device_resets, 0);
	KUNIT_EXPECT_EQ(test, 0, octet_mock_query(test, t->mock, t->file, other).flags);
}

static void octet_core_test_bad_completion(struct kunit *test)
{
	octet_core_test_distrust(test, OCTET_MOCK_BAD_SEQ);
}

/* Nor is what it completed before the error in doubt. */
static void octet_core_test_ring_error(struct kunit *test)
{
	octet_core_test_distrust(test, OCTET_MOCK_RING_ERROR);
}

/*
 * The same when its message is lost, and the watchdog finds both. An entry that
 * cannot be fetched is tried again, and once more is not.
 */
static void octet_core_test_lost_ring_error(struct kunit *test)
{
	struct octet_mock_client *t = test->priv;
	u32 other = octet_mock_queue(test, t->mock, t->file);
	struct dma_fence *innocent, *fence;

	/* Of the first job's end and of the error. */
	t->mock->core[0].drop_irqs = 2;
	octet_mock_script(t->mock, 0, OCTET_MOCK_OK, 0);
	octet_mock_script(t->mock, 0, OCTET_MOCK_RING_ERROR, 0);
	octet_mock_script(t->mock, 0, OCTET_MOCK_RING_ERROR, 0);
	innocent = octet_mock_job(test, t->mock, t->file, other);
	octet_mock_fetched(test, t->mock, 0, 1);
	fence = octet_mock_job(test, t->mock, t->file, t->queue);
	octet_mock_fetched(test, t->mock, 0, 2);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(innocent));
	octet_mock_watch(t->mock, 0);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, innocent), 0);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence), -EFAULT);
	KUNIT_EXPECT_EQ(test, 0, octet_mock_query(test, t->mock, t->file, other).flags);
}

/* A shared or spurious interrupt. */
static void octet_core_test_irq(struct kunit *test)
{
	struct octet_mock_client *t = test->priv;
	struct octet_device *odev = t->mock->odev;
	int irq = odev->cores[0].irq;

	local_irq_disable();
	KUNIT_EXPECT_EQ(test, octet_core_irq(irq, odev), IRQ_NONE);
	KUNIT_EXPECT_EQ(test, octet_core_irq(irq + 1, odev), IRQ_NONE);
	t->mock->gone = true;
	KUNIT_EXPECT_EQ(test, octet_core_irq(irq, odev), IRQ_NONE);
	t->mock->gone = false;
	local_irq_enable();
	KUNIT_EXPECT_EQ(test, octet_core_test_counters(test).interrupts, 0);
}

static struct kunit_case octet_core_tests[] = {
	KUNIT_CASE(octet_core_test_complete),
	KUNIT_CASE(octet_core_test_wrap),
	KUNIT_CASE(octet_core_test_fail),
	KUNIT_CASE(octet_core_test_status),
	KUNIT_CASE(octet_core_test_lost_irq),
	KUNIT_CASE(octet_core_test_bad_completion),
	KUNIT_CASE(octet_core_test_ring_error),
	KUNIT_CASE(octet_core_test_lost_ring_error),
	KUNIT_CASE(octet_core_test_irq),
	{ }
};

static struct kunit_suite octet_core_suite = {
	.name = "octet_core",
	.init = octet_mock_client_init,
	.test_cases = octet_core_tests,
};

kunit_test_suite(octet_core_suite);
