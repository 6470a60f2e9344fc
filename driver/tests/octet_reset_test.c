// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test.h>

#include <linux/prandom.h>

#include <drm/drm_drv.h>
#include <drm/octet_isa.h>

#include "../octet_drv.h"
#include "../octet_job.h"
#include "../octet_queue.h"
#include "../octet_vm.h"
#include "octet_mock.h"

#define CORES	2

struct octet_reset_test {
	struct octet_mock *mock;
	struct drm_file *file;
	u32 queue[CORES];	/* each begins on a core of its own */
};

static int octet_reset_test_init(struct kunit *test)
{
	struct octet_reset_test *t;
	u32 i;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->mock = octet_mock_create(test, CORES);
	t->file = octet_mock_open(test, t->mock);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->file);
	/* The first queue of a device begins on core 1. */
	for (i = 0; i < CORES; i++)
		t->queue[(i + 1) % CORES] = octet_mock_queue(test, t->mock, t->file);
	return 0;
}

static struct drm_octet_core_counters octet_reset_test_counters(struct kunit *test,
								u32 core)
{
	struct octet_reset_test *t = test->priv;
	struct drm_octet_core_counters c = { };

	octet_core_counters(&t->mock->odev->cores[core], &c);
	return c;
}

/* A job on each core, the first of which does @act and the other runs slowly. */
static void octet_reset_test_occupy(struct kunit *test, enum octet_mock_act act,
				    struct dma_fence **fence)
{
	struct octet_reset_test *t = test->priv;
	u32 i;

	octet_mock_script(t->mock, 0, act, 0);
	octet_mock_script(t->mock, 1, OCTET_MOCK_SLOW, 2);
	for (i = 0; i < CORES; i++) {
		fence[i] = octet_mock_job(test, t->mock, t->file, t->queue[i]);
		octet_mock_fetched(test, t->mock, i, 1);
	}
}

static bool octet_reset_test_busy(struct kunit *test, u32 core)
{
	struct octet_reset_test *t = test->priv;
	unsigned long flags;
	bool busy;

	spin_lock_irqsave(&t->mock->lock, flags);
	busy = t->mock->core[core].state == OCTET_CORE_STATE_BUSY;
	spin_unlock_irqrestore(&t->mock->lock, flags);
	return busy;
}

/* Until all fences are signalled: whatever hangs has had its time. */
static void octet_reset_test_settle(struct kunit *test, struct dma_fence **fence,
				    u32 count)
{
	struct octet_reset_test *t = test->priv;
	u32 i, core;

	for (i = 0; i < count; i++)
		while (!dma_fence_is_signaled(fence[i])) {
			for (core = 0; core < CORES; core++)
				if (octet_reset_test_busy(test, core))
					octet_mock_late(t->mock, core);
			schedule_timeout_uninterruptible(1);
		}
}

/* The job that hangs is lost, those of others behind it run, in their order. */
static void octet_reset_test_hang(struct kunit *test)
{
	struct octet_reset_test *t = test->priv;
	u64 resets = octet_reset_test_counters(test, 0).core_resets;
	struct dma_fence *fence[CORES], *innocent[3], *behind;
	struct drm_octet_queue_query q;
	u32 other, i, first;

	octet_reset_test_occupy(test, OCTET_MOCK_HANG, fence);
	behind = octet_mock_job(test, t->mock, t->file, t->queue[0]);
	/* Both cores have work: the next queue's turn is core 0 or 1. */
	other = octet_mock_queue(test, t->mock, t->file);
	for (i = 0; i < ARRAY_SIZE(innocent); i++)
		innocent[i] = octet_mock_job(test, t->mock, t->file, other);
	first = octet_mock_logged(t->mock, 0);

	octet_mock_late(t->mock, 0);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[0]), -ETIME);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, behind), -ECANCELED);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(fence[1]));
	octet_mock_finish(t->mock, 1, OCTET_STATUS_OK);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[1]), 0);
	for (i = 0; i < ARRAY_SIZE(innocent); i++)
		KUNIT_EXPECT_EQ(test, octet_mock_wait(test, innocent[i]), 0);

	q = octet_mock_query(test, t->mock, t->file, t->queue[0]);
	KUNIT_EXPECT_EQ(test, q.flags, DRM_OCTET_QUEUE_BANNED);
	KUNIT_EXPECT_EQ(test, q.error, -ETIME);
	KUNIT_EXPECT_EQ(test, q.status, 0);
	KUNIT_EXPECT_EQ(test, q.resets, 1);
	q = octet_mock_query(test, t->mock, t->file, other);
	KUNIT_EXPECT_EQ(test, q.flags, 0);
	KUNIT_EXPECT_EQ(test, q.completed, ARRAY_SIZE(innocent));
	KUNIT_EXPECT_EQ(test, q.resets, 0);
	KUNIT_EXPECT_EQ(test, octet_reset_test_counters(test, 0).core_resets, resets + 1);
	KUNIT_EXPECT_EQ(test, octet_reset_test_counters(test, 0).timeouts, 1);
	KUNIT_EXPECT_EQ(test, octet_reset_test_counters(test, 1).timeouts, 0);
	KUNIT_EXPECT_EQ(test, t->mock->resets, 1);
	for (i = first; i < octet_mock_logged(t->mock, 0); i++)
		KUNIT_EXPECT_TRUE(test, t->mock->core[0].log[i].opcode == OCTET_RING_NOP ||
				  le32_to_cpu(t->mock->core[0].log[i].queue) != t->queue[0]);
}

/* A job that has time left is not touched, however often one looks. */
static void octet_reset_test_patience(struct kunit *test)
{
	struct octet_reset_test *t = test->priv;
	u64 resets = octet_reset_test_counters(test, 0).core_resets;
	struct dma_fence *fence[CORES];
	u32 i;

	octet_reset_test_occupy(test, OCTET_MOCK_SLOW, fence);
	for (i = 0; i < 20; i++)
		octet_mock_watch(t->mock, i % CORES);
	KUNIT_EXPECT_EQ(test, octet_reset_test_counters(test, 0).core_resets, resets);
	for (i = 0; i < CORES; i++) {
		KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(fence[i]));
		octet_mock_finish(t->mock, i, OCTET_STATUS_OK);
		KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[i]), 0);
	}
}

/* Commands where no address can be: the dump of a job that hangs looks for them. */
static void octet_reset_test_wild(struct kunit *test)
{
	static const u64 addresses[] = {
		0, OCTET_VA_START - 1, OCTET_VA_END - 1, OCTET_VA_END, ~0ULL << 6,
	};
	struct octet_reset_test *t = test->priv;
	struct dma_fence *fence;
	u32 i, queue;

	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		queue = octet_mock_queue(test, t->mock, t->file);
		octet_mock_bo(test, t->mock, t->file, SZ_4K);
		octet_mock_script(t->mock, 0, OCTET_MOCK_HANG, 0);
		octet_mock_script(t->mock, 1, OCTET_MOCK_HANG, 0);
		fence = octet_mock_job_at(test, t->mock, t->file, queue,
					  addresses[i] & ~63ULL);
		octet_reset_test_settle(test, &fence, 1);
		KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence), -ETIME);
		/* One dump at a time. */
		flush_workqueue(t->mock->odev->vm_wq);
	}
}

/* Late, it ends when the core is held: who comes next is not the one to dump. */
static void octet_reset_test_next(struct kunit *test)
{
	struct octet_reset_test *t = test->priv;
	struct dma_fence *fence[CORES], *next;
	u32 other;

	octet_reset_test_occupy(test, OCTET_MOCK_YIELD, fence);
	other = octet_mock_queue(test, t->mock, t->file);
	next = octet_mock_job_at(test, t->mock, t->file, other, ~0ULL << 6);
	octet_mock_late(t->mock, 0);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[0]), 0);
	octet_mock_finish(t->mock, 1, OCTET_STATUS_OK);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[1]), 0);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, next), 0);
	KUNIT_EXPECT_EQ(test, octet_reset_test_counters(test, 0).timeouts, 0);
}

/* The same job over its time: late although it would end. */
static void octet_reset_test_late(struct kunit *test)
{
	struct octet_reset_test *t = test->priv;
	struct dma_fence *fence[CORES];

	octet_reset_test_occupy(test, OCTET_MOCK_SLOW, fence);
	octet_mock_late(t->mock, 0);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[0]), -ETIME);
	/* It is told to stop, which it does: the core has not failed. */
	KUNIT_EXPECT_EQ(test, t->mock->core[0].stops, 1);
	KUNIT_EXPECT_EQ(test, octet_reset_test_counters(test, 0).timeouts, 1);
	KUNIT_EXPECT_EQ(test, octet_mock_logged(t->mock, 0), 1);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(fence[1]));
	KUNIT_EXPECT_EQ(test, t->mock->core[1].stops, 0);
	octet_mock_finish(t->mock, 1, OCTET_STATUS_OK);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[1]), 0);
}

/* It has stopped, but its core cannot be reset: the device's reset spares it not. */
static void octet_reset_test_late_stuck(struct kunit *test)
{
	struct octet_reset_test *t = test->priv;
	struct dma_fence *fence[CORES];

	octet_reset_test_occupy(test, OCTET_MOCK_SLOW, fence);
	t->mock->core[0].stuck = true;
	octet_mock_late(t->mock, 0);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[0]), -ETIME);
	KUNIT_EXPECT_EQ(test, octet_reset_test_counters(test, 0).timeouts, 1);
	KUNIT_EXPECT_EQ(test, octet_mock_logged(t->mock, 0), 1);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[1]), 0);
}

/* Complete, with its message lost, when the watchdog comes: not to blame. */
static void octet_reset_test_just_in_time(struct kunit *test)
{
	struct octet_reset_test *t = test->priv;
	u64 resets = octet_reset_test_counters(test, 0).core_resets;
	struct dma_fence *fence[CORES];

	octet_reset_test_occupy(test, OCTET_MOCK_SLOW, fence);
	t->mock->core[0].drop_irqs = 1;
	octet_mock_finish(t->mock, 0, OCTET_STATUS_OK);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(fence[0]));
	octet_mock_late(t->mock, 0);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[0]), 0);
	KUNIT_EXPECT_EQ(test, octet_reset_test_counters(test, 0).core_resets, resets);
	octet_mock_finish(t->mock, 1, OCTET_STATUS_OK);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[1]), 0);
}

/* @core was given a job that goes on with @command. */
static void octet_reset_test_resumed(struct kunit *test, u32 core, u32 command)
{
	struct octet_reset_test *t = test->priv;
	u32 i, resumed = 0;

	for (i = 0; i < octet_mock_logged(t->mock, core); i++) {
		struct octet_ring_entry *entry = &t->mock->core[core].log[i];

		if (!(entry->flags & OCTET_RING_F_RESUME))
			continue;
		KUNIT_EXPECT_EQ(test, le32_to_cpu(entry->first), command);
		KUNIT_EXPECT_EQ(test, le32_to_cpu(entry->queue), t->queue[core]);
		resumed++;
	}
	KUNIT_EXPECT_EQ(test, resumed, 1);
}

/* A core that does not stop: the device is reset, and no innocent job is lost. */
static void octet_reset_test_stuck_core(struct kunit *test)
{
	struct octet_reset_test *t = test->priv;
	struct dma_fence *fence[CORES], *innocent[2];
	u32 other, i;

	octet_reset_test_occupy(test, OCTET_MOCK_HANG, fence);
	other = octet_mock_queue(test, t->mock, t->file);
	for (i = 0; i < ARRAY_SIZE(innocent); i++)
		innocent[i] = octet_mock_job(test, t->mock, t->file, other);
	t->mock->core[0].stuck = true;

	octet_mock_late(t->mock, 0);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[0]), -ETIME);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[1]), 0);
	for (i = 0; i < ARRAY_SIZE(innocent); i++)
		KUNIT_EXPECT_EQ(test, octet_mock_wait(test, innocent[i]), 0);
	KUNIT_EXPECT_EQ(test, t->mock->resets, 2);
	KUNIT_EXPECT_EQ(test, octet_reset_test_counters(test, 0).device_resets, 1);
	KUNIT_EXPECT_EQ(test, 0, octet_mock_query(test, t->mock, t->file,
						  t->queue[1]).flags);
	KUNIT_EXPECT_EQ(test, t->mock->odev->lost, 0);
	/* It went on where it was, in the SRAM as it had left it. */
	octet_reset_test_resumed(test, 1, 2);
}

static void octet_reset_test_lost(struct kunit *test, struct dma_fence **fence,
				  int error)
{
	struct octet_reset_test *t = test->priv;
	struct drm_file *file;
	struct dma_fence *none;
	u32 i;

	for (i = 0; i < CORES; i++)
		KUNIT_EXPECT_LT(test, octet_mock_wait(test, fence[i]), 0);
	KUNIT_EXPECT_EQ(test, t->mock->odev->lost, error);
	KUNIT_EXPECT_EQ(test, error, octet_mock_jobs(test, t->mock, t->file,
						     t->queue[1], &none, 1));
	file = octet_mock_open(test, t->mock);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(file), error);
}

/* A command that is thrown away, by the doing of others, has all its time again. */
static void octet_reset_test_time(struct kunit *test)
{
	struct octet_reset_test *t = test->priv;
	struct octet_device *odev = t->mock->odev;
	struct dma_fence *fence[CORES];

	octet_reset_test_occupy(test, OCTET_MOCK_HANG, fence);
	octet_mock_script(t->mock, 1, OCTET_MOCK_SLOW, 2);
	odev->timeout_ms = 1000 * 1000;
	spin_lock_irq(&odev->cores[1].lock);
	odev->cores[1].head_ns -= 600ULL * NSEC_PER_SEC;
	spin_unlock_irq(&odev->cores[1].lock);
	KUNIT_EXPECT_LE(test, octet_core_time_left_us(&odev->cores[1]),
			400ULL * USEC_PER_SEC);
	t->mock->core[0].stuck = true;
	octet_mock_late(t->mock, 0);
	KUNIT_EXPECT_EQ(test, t->mock->resets, 2);
	octet_reset_test_resumed(test, 1, 2);
	KUNIT_EXPECT_GT(test, octet_core_time_left_us(&odev->cores[1]),
			600ULL * USEC_PER_SEC);
	octet_mock_finish(t->mock, 1, OCTET_STATUS_OK);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[1]), 0);
}

/*
 * Parked before the interrupted job went on: its SRAM is lost, and so is the job,
 * unless all of it is still to do.
 */
static void octet_reset_test_no_sram(struct kunit *test, u32 command, int error,
				     u32 entries)
{
	struct octet_reset_test *t = test->priv;
	struct octet_device *odev = t->mock->odev;
	struct dma_fence *fence[CORES];
	u32 i;

	octet_reset_test_occupy(test, OCTET_MOCK_HANG, fence);
	t->mock->core[1].arg[0] = command;
	t->mock->core[1].stop_cmd = command;
	t->mock->core[1].no_resume = true;
	t->mock->core[0].stuck = true;
	octet_mock_late(t->mock, 0);
	KUNIT_EXPECT_EQ(test, t->mock->resets, 2);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(fence[1]));
	/* So that it is not waited for long. */
	odev->timeout_ms = 1;
	octet_device_park(odev);
	odev->timeout_ms = 2000;
	octet_device_unpark(odev);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[1]), error);
	KUNIT_EXPECT_EQ(test, octet_mock_logged(t->mock, 1), entries);
	for (i = 0; i < octet_mock_logged(t->mock, 1); i++)
		KUNIT_EXPECT_EQ(test, 0, t->mock->core[1].log[i].flags &
				OCTET_RING_F_RESUME);
}

static void octet_reset_test_sram(struct kunit *test)
{
	octet_reset_test_no_sram(test, 2, -EFAULT, 1);
}

static void octet_reset_test_no_command(struct kunit *test)
{
	octet_reset_test_no_sram(test, 0, 0, 2);
}

/* Neither does the device: it is beyond recovery, and everybody is told. */
static void octet_reset_test_stuck_device(struct kunit *test)
{
	struct octet_reset_test *t = test->priv;
	struct dma_fence *fence[CORES];

	octet_reset_test_occupy(test, OCTET_MOCK_HANG, fence);
	t->mock->core[0].stuck = true;
	t->mock->stuck = true;
	octet_mock_late(t->mock, 0);
	octet_reset_test_lost(test, fence, -EIO);
}

/* Memory is given away that it used: it gets no access before its reset is over. */
static void octet_reset_test_back(struct kunit *test)
{
	struct octet_reset_test *t = test->priv;
	struct octet_device *odev = t->mock->odev;
	struct dma_fence *fence[CORES];
	u32 queue;

	KUNIT_EXPECT_FALSE(test, t->mock->master);
	KUNIT_EXPECT_TRUE(test, t->mock->pdev.is_busmaster);
	octet_reset_test_occupy(test, OCTET_MOCK_HANG, fence);
	t->mock->core[0].stuck = true;
	t->mock->stuck = true;
	octet_mock_late(t->mock, 0);
	octet_reset_test_lost(test, fence, -EIO);
	KUNIT_EXPECT_TRUE(test, t->mock->master);
	KUNIT_EXPECT_FALSE(test, t->mock->pdev.is_busmaster);

	octet_pm_prepare_reset(odev);
	t->mock->stuck = false;
	octet_pm_finish_reset(odev);
	KUNIT_EXPECT_EQ(test, odev->lost, 0);
	KUNIT_EXPECT_FALSE(test, t->mock->master);
	KUNIT_EXPECT_TRUE(test, t->mock->pdev.is_busmaster);
	/* What waited for a fence meanwhile finds all cores at work, or none. */
	KUNIT_EXPECT_TRUE(test, t->mock->paused);
	queue = octet_mock_queue(test, t->mock, t->file);
	KUNIT_EXPECT_EQ(test, 0, octet_mock_wait(test, octet_mock_job(test, t->mock,
								      t->file, queue)));
}

/* All ones: the device has been pulled out. */
static void octet_reset_test_gone(struct kunit *test)
{
	struct octet_reset_test *t = test->priv;
	struct dma_fence *fence[CORES];

	octet_reset_test_occupy(test, OCTET_MOCK_HANG, fence);
	t->mock->gone = true;
	octet_mock_watch(t->mock, 0);
	octet_reset_test_lost(test, fence, -ENODEV);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[0]), -ENODEV);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[1]), -ENODEV);
}

/* Pulled out in mid-reset. */
static void octet_reset_test_gone_in_reset(struct kunit *test)
{
	struct octet_reset_test *t = test->priv;
	struct dma_fence *fence[CORES];

	octet_reset_test_occupy(test, OCTET_MOCK_HANG, fence);
	t->mock->gone = true;
	queue_work(t->mock->odev->reset_wq, &t->mock->odev->reset_work);
	flush_work(&t->mock->odev->reset_work);
	octet_reset_test_lost(test, fence, -ENODEV);
}

/* An invalidation that does not end has the device reset. */
static void octet_reset_test_flush(struct kunit *test)
{
	struct octet_reset_test *t = test->priv;
	struct octet_device *odev = t->mock->odev;
	u32 flushes = t->mock->flushes;

	KUNIT_EXPECT_EQ(test, odev->mmu.ops->invalidate(&odev->mmu, 1, SZ_64K, 1), 0);
	KUNIT_EXPECT_EQ(test, t->mock->flushes, flushes + 1);
	KUNIT_EXPECT_EQ(test, t->mock->regs[OCTET_REG_TLB_CMD / 4], OCTET_TLB_CMD_RANGE);
	KUNIT_EXPECT_EQ(test, t->mock->regs[OCTET_REG_TLB_ASID / 4], 1);
	KUNIT_EXPECT_EQ(test, t->mock->regs[OCTET_REG_TLB_VA_LO / 4], SZ_64K);
	KUNIT_EXPECT_EQ(test, t->mock->regs[OCTET_REG_TLB_PAGES / 4], 1);
	KUNIT_EXPECT_EQ(test, odev->mmu.ops->invalidate(&odev->mmu, 2, 0, 0), 0);
	KUNIT_EXPECT_EQ(test, t->mock->regs[OCTET_REG_TLB_CMD / 4], OCTET_TLB_CMD_ASID);
	KUNIT_EXPECT_EQ(test, t->mock->regs[OCTET_REG_TLB_ASID / 4], 2);

	/* So that it is not waited for long. */
	odev->timeout_ms = 1;
	t->mock->tlb_stuck = true;
	KUNIT_EXPECT_EQ(test, odev->mmu.ops->invalidate(&odev->mmu, 1, SZ_64K, 1),
			-ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, t->mock->flushes, flushes + 2);
	t->mock->tlb_stuck = false;
	octet_device_queue_reset(odev);
	flush_work(&odev->reset_work);
	KUNIT_EXPECT_EQ(test, t->mock->resets, 2);
	KUNIT_EXPECT_EQ(test, octet_reset_test_counters(test, 0).device_resets, 1);

	/* A device that is gone holds no translations. */
	t->mock->gone = true;
	KUNIT_EXPECT_EQ(test, odev->mmu.ops->invalidate(&odev->mmu, 1, SZ_64K, 1), 0);
}

/* Parked, jobs wait; afterwards they run, with the fences that they had. */
static void octet_reset_test_park(struct kunit *test)
{
	struct octet_reset_test *t = test->priv;
	struct octet_device *odev = t->mock->odev;
	struct dma_fence *fence[CORES];
	u32 i, logged;

	logged = octet_mock_logged(t->mock, 0) + octet_mock_logged(t->mock, 1);
	octet_device_park(odev);
	for (i = 0; i < CORES; i++)
		fence[i] = octet_mock_job(test, t->mock, t->file, t->queue[i]);
	octet_mock_watch(t->mock, 0);
	KUNIT_EXPECT_EQ(test, octet_mock_logged(t->mock, 0) +
			octet_mock_logged(t->mock, 1), logged);
	for (i = 0; i < CORES; i++)
		KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(fence[i]));

	octet_device_unpark(odev);
	for (i = 0; i < CORES; i++)
		KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[i]), 0);
	/* To wake up is no reset that anybody would ask about. */
	KUNIT_EXPECT_EQ(test, octet_reset_test_counters(test, 0).device_resets, 0);
}

/*
 * Function level reset, with jobs under way that have had their time before it:
 * one hangs, the other is told to stop, which is no failure of its core.
 */
static void octet_reset_test_function(struct kunit *test)
{
	struct octet_reset_test *t = test->priv;
	struct octet_device *odev = t->mock->odev;
	struct dma_fence *fence[CORES], *behind;
	u64 resets[CORES];
	u32 i, other;

	/* The watchdog has no part in this. */
	odev->timeout_ms = 1000 * 1000;
	for (i = 0; i < CORES; i++)
		resets[i] = octet_reset_test_counters(test, i).core_resets;
	octet_reset_test_occupy(test, OCTET_MOCK_HANG, fence);
	other = octet_mock_queue(test, t->mock, t->file);
	behind = octet_mock_job(test, t->mock, t->file, other);
	odev->timeout_ms = 50;
	octet_pm_prepare_reset(odev);
	odev->timeout_ms = 1000 * 1000;
	KUNIT_EXPECT_TRUE(test, odev->pm.asleep);
	KUNIT_EXPECT_FALSE(test, octet_pm_enter(odev));
	for (i = 0; i < CORES; i++) {
		KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[i]), -ETIME);
		KUNIT_EXPECT_EQ(test, t->mock->core[i].stops, i);
		KUNIT_EXPECT_EQ(test, octet_reset_test_counters(test, i).timeouts, 1);
		KUNIT_EXPECT_EQ(test, octet_reset_test_counters(test, i).core_resets,
				resets[i] + !i);
	}
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(behind));
	octet_pm_finish_reset(odev);
	KUNIT_EXPECT_FALSE(test, odev->pm.asleep);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, behind), 0);
	KUNIT_EXPECT_EQ(test, 0,
			octet_mock_wait(test, octet_mock_job(test, t->mock, t->file,
							     octet_mock_queue(test, t->mock,
									      t->file))));
}

/* A probe that fails late: whatever asks for recovery then gets none. */
static void octet_reset_test_abandon(struct kunit *test)
{
	struct octet_reset_test *t = test->priv;
	struct octet_device *odev = t->mock->odev;
	u32 i, resets;

	queue_delayed_work(odev->reset_wq, &odev->cores[0].watchdog, HZ * 1000);
	octet_device_abandon(odev);
	KUNIT_EXPECT_FALSE(test, t->mock->pdev.is_busmaster);
	resets = t->mock->resets;
	octet_device_queue_reset(odev);
	for (i = 0; i < CORES; i++) {
		mod_delayed_work(odev->reset_wq, &odev->cores[i].watchdog, HZ * 1000);
		KUNIT_EXPECT_FALSE(test, delayed_work_pending(&odev->cores[i].watchdog));
		KUNIT_EXPECT_EQ(test, t->mock->core[i].irq_enable, 0);
	}
	flush_workqueue(odev->reset_wq);
	KUNIT_EXPECT_EQ(test, t->mock->resets, resets);
}

/* Removal with jobs under way and in the ring. */
static void octet_reset_test_remove(struct kunit *test)
{
	struct octet_reset_test *t = test->priv;
	struct drm_octet_core_counters c = { };
	struct dma_fence *fence[CORES], *behind, *none;
	u32 i;

	octet_reset_test_occupy(test, OCTET_MOCK_HANG, fence);
	behind = octet_mock_job(test, t->mock, t->file, t->queue[0]);
	octet_device_remove(t->mock->odev);
	for (i = 0; i < CORES; i++)
		KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[i]), -ENODEV);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, behind), -ENODEV);
	KUNIT_EXPECT_EQ(test, t->mock->odev->lost, -ENODEV);
	KUNIT_EXPECT_EQ(test, -ENODEV, octet_mock_jobs(test, t->mock, t->file,
						       t->queue[0], &none, 1));
	/* Once more than once. */
	for (i = 0; i < CORES; i++)
		octet_core_kill(&t->mock->odev->cores[i], -ENODEV);
	octet_core_counters(&t->mock->odev->cores[0], &c);
	KUNIT_EXPECT_EQ(test, c.submitted, c.completed + c.failed);
}

/* Pulled out while the system sleeps: no resume comes before the removal. */
static void octet_reset_test_remove_parked(struct kunit *test)
{
	struct octet_reset_test *t = test->priv;
	struct octet_device *odev = t->mock->odev;
	struct dma_fence *fence[CORES];
	u32 i;

	octet_device_park(odev);
	for (i = 0; i < CORES; i++)
		fence[i] = octet_mock_job(test, t->mock, t->file, t->queue[i]);
	t->mock->gone = true;
	octet_device_remove(odev);
	for (i = 0; i < CORES; i++)
		KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[i]), -ENODEV);
	/* Late, and with nothing left to do. */
	octet_device_unpark(odev);
	KUNIT_EXPECT_FALSE(test, odev->parked);
	/* Each is freed, or the release of the device would wait for ever. */
	KUNIT_EXPECT_TRUE(test, wait_var_event_timeout(&odev->batches,
						       !atomic_read(&odev->batches),
						       OCTET_MOCK_WAIT));
}

#define ROUNDS	40
#define QUEUES	4
#define JOBS	4

/* Each core completes some jobs and then hangs. */
static void octet_reset_test_scripts(struct kunit *test, struct rnd_state *rnd)
{
	struct octet_reset_test *t = test->priv;
	u32 core, i;

	for (core = 0; core < CORES; core++) {
		u32 good = prandom_u32_state(rnd) % 6;

		t->mock->core[core].steps = 0;
		t->mock->core[core].step = 0;
		for (i = 0; i < good; i++)
			octet_mock_script(t->mock, core, OCTET_MOCK_OK, 0);
		octet_mock_script(t->mock, core, OCTET_MOCK_HANG, 0);
	}
}

/* Return: how many jobs of the queue hung, of which there can be one */
static u32 octet_reset_test_judge(struct kunit *test, u32 queue,
				  struct dma_fence **fence)
{
	struct octet_reset_test *t = test->priv;
	struct drm_octet_queue_destroy args = { .queue = queue };
	struct drm_octet_queue_query query;
	int error = 0;
	u32 i;

	for (i = 0; i < JOBS; i++) {
		int end = octet_mock_wait(test, fence[i]);

		if (!error)
			error = end;
		else
			KUNIT_EXPECT_EQ(test, end, -ECANCELED);
	}
	query = octet_mock_query(test, t->mock, t->file, queue);
	KUNIT_EXPECT_TRUE(test, !error || error == -ETIME);
	KUNIT_EXPECT_EQ(test, query.error, error);
	KUNIT_EXPECT_EQ(test, query.resets, error ? 1 : 0);
	KUNIT_EXPECT_EQ(test, query.flags, error ? DRM_OCTET_QUEUE_BANNED : 0);
	KUNIT_EXPECT_EQ(test, 0, octet_ioctl_queue_destroy(&t->mock->odev->drm, &args,
							   t->file));
	return error != 0;
}

/* Random misbehaviour: every fence signals, an error bans its queue alone. */
static void octet_reset_test_random(struct kunit *test)
{
	struct octet_reset_test *t = test->priv;
	struct dma_fence *fence[QUEUES][JOBS];
	u32 round, core, q, hangs = 0;
	u64 resets, timeouts = 0;
	u32 queue[QUEUES];
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 5);
	resets = octet_reset_test_counters(test, 0).core_resets +
		 octet_reset_test_counters(test, 1).core_resets;
	for (round = 0; round < ROUNDS; round++) {
		octet_reset_test_scripts(test, &rnd);
		for (q = 0; q < QUEUES; q++) {
			queue[q] = octet_mock_queue(test, t->mock, t->file);
			KUNIT_ASSERT_EQ(test, 0, octet_mock_jobs(test, t->mock, t->file,
								 queue[q], fence[q],
								 JOBS));
		}
		octet_reset_test_settle(test, fence[0], QUEUES * JOBS);
		for (q = 0; q < QUEUES; q++)
			hangs += octet_reset_test_judge(test, queue[q], fence[q]);
	}
	for (core = 0; core < CORES; core++) {
		timeouts += octet_reset_test_counters(test, core).timeouts;
		resets -= octet_reset_test_counters(test, core).core_resets;
	}
	KUNIT_EXPECT_GT(test, hangs, ROUNDS / 2);
	KUNIT_EXPECT_EQ(test, timeouts, hangs);
	KUNIT_EXPECT_EQ(test, -resets, hangs);
}

static struct kunit_case octet_reset_tests[] = {
	KUNIT_CASE(octet_reset_test_hang),
	KUNIT_CASE(octet_reset_test_patience),
	KUNIT_CASE(octet_reset_test_wild),
	KUNIT_CASE(octet_reset_test_next),
	KUNIT_CASE(octet_reset_test_late),
	KUNIT_CASE(octet_reset_test_late_stuck),
	KUNIT_CASE(octet_reset_test_just_in_time),
	KUNIT_CASE(octet_reset_test_stuck_core),
	KUNIT_CASE(octet_reset_test_time),
	KUNIT_CASE(octet_reset_test_sram),
	KUNIT_CASE(octet_reset_test_no_command),
	KUNIT_CASE(octet_reset_test_stuck_device),
	KUNIT_CASE(octet_reset_test_back),
	KUNIT_CASE(octet_reset_test_gone),
	KUNIT_CASE(octet_reset_test_gone_in_reset),
	KUNIT_CASE(octet_reset_test_flush),
	KUNIT_CASE(octet_reset_test_park),
	KUNIT_CASE(octet_reset_test_function),
	KUNIT_CASE(octet_reset_test_abandon),
	KUNIT_CASE(octet_reset_test_remove),
	KUNIT_CASE(octet_reset_test_remove_parked),
	KUNIT_CASE(octet_reset_test_random),
	{ }
};

static struct kunit_suite octet_reset_suite = {
	.name = "octet_reset",
	.init = octet_reset_test_init,
	.test_cases = octet_reset_tests,
};

kunit_test_suite(octet_reset_suite);
