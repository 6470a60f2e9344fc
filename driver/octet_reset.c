// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Recovery
 *
 * A watchdog per core measures from when a job became the oldest in flight. Who
 * does not end in time is reset: the core; if that does not help, the device; if
 * that does not either, the device is lost and user space is told. After each
 * step the hardware has to answer.
 *
 * A reset needs no help of the scheduler but to stop: jobs keep their fences,
 * and the innocent ones go to the fresh ring. All recovery runs on one ordered
 * workqueue, one at a time.
 */
#include <linux/iopoll.h>
#include <linux/pci.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_print.h>

#include "octet_compat.h"
#include "octet_device.h"
#include "octet_drv.h"
#include "octet_job.h"
#include "octet_queue.h"
#include "octet_reset.h"
#include "octet_trace.h"

/* How long another core's job may hold up a reset before it is interrupted. */
#define OCTET_BOUNDARY_US	(30 * 1000)
/* Between two commands a job stops at once, but the machine may be slow. */
#define OCTET_STOP_US		(500 * 1000)
/* Who computes for too long obeys; a core that hangs is not waited for. */
#define OCTET_LATE_US		(100 * 1000)

static unsigned long octet_reset_busy(struct octet_device *odev, unsigned long mask)
{
	unsigned long busy = 0;
	u32 i;

	for_each_set_bit(i, &mask, OCTET_MAX_CORES)
		if (octet_core_busy(&odev->cores[i]))
			busy |= BIT(i);
	return busy;
}

/* Each core on its own: waiting for another is no time that its client has had. */
static unsigned long octet_reset_settle(struct octet_device *odev,
					unsigned long mask)
{
	unsigned long busy = octet_reset_busy(odev, mask);
	unsigned long still = mask & ~busy;
	u32 i;

	for_each_set_bit(i, &still, OCTET_MAX_CORES)
		octet_core_settle(&odev->cores[i]);
	return busy;
}

/* Return: those of @mask that are busy all the same. */
static unsigned long octet_reset_wait(struct octet_device *odev,
				      unsigned long mask, u64 us)
{
	unsigned long busy;

	read_poll_timeout(octet_reset_settle, busy, !busy, 100, us, false, odev, mask);
	return busy;
}

/* Until the running jobs have had their time. */
static u64 octet_reset_patience(struct octet_device *odev, unsigned long mask)
{
	u64 us = OCTET_STOP_US;
	u32 i;

	for_each_set_bit(i, &mask, OCTET_MAX_CORES)
		us = max(us, octet_core_time_left_us(&odev->cores[i]));
	return us;
}

/*
 * Brings cores to a stand: at the end of their jobs, or between two commands; with
 * @stop, where the end takes too long, else when the job has had its time. Those
 * whose job has had it already are left little patience, and who takes no notice
 * goes on.
 */
static void octet_reset_quiesce(struct octet_device *odev, unsigned long mask,
				bool stop)
{
	unsigned long wait = 0, late = 0;
	u32 i;

	for_each_set_bit(i, &mask, OCTET_MAX_CORES) {
		if (!stop)
			octet_core_await_resumed(&odev->cores[i]);
		if (!octet_core_hold(&odev->cores[i]))
			continue;
		if (octet_core_late(&odev->cores[i]))
			late |= BIT(i);
		else
			wait |= BIT(i);
	}
	for_each_set_bit(i, &late, OCTET_MAX_CORES)
		octet_core_stop(&odev->cores[i]);
	octet_reset_wait(odev, late, OCTET_LATE_US);
	if (stop) {
		wait = octet_reset_wait(odev, wait, OCTET_BOUNDARY_US);
		for_each_set_bit(i, &wait, OCTET_MAX_CORES)
			octet_core_stop(&odev->cores[i]);
	}
	late = octet_reset_wait(odev, wait, octet_reset_patience(odev, wait));
	if (!stop) {
		for_each_set_bit(i, &late, OCTET_MAX_CORES)
			octet_core_expire(&odev->cores[i]);
		octet_reset_wait(odev, late, OCTET_LATE_US);
	}
	for_each_set_bit(i, &mask, OCTET_MAX_CORES)
		octet_core_settle(&odev->cores[i]);
}

static unsigned long octet_reset_all(struct octet_device *odev)
{
	return GENMASK(odev->caps.cores - 1, 0);
}

static void octet_reset_stop_scheds(struct octet_device *odev)
{
	u32 i;

	for (i = 0; i < odev->caps.cores; i++)
		drm_sched_wqueue_stop(&odev->cores[i].sched);
}

/* Return: 0 when all cores work again, or why the device is lost. */
static int octet_reset_hw(struct octet_device *odev)
{
	u32 i;
	int ret;

	for (i = 0; i < odev->caps.cores; i++)
		octet_core_save_counters(&odev->cores[i]);

	ret = octet_device_reset_hw(odev);
	trace_octet_device_reset(odev, ret);
	for (i = 0; i < odev->caps.cores; i++) {
		if (ret)
			return ret;
		ret = octet_core_restart(&odev->cores[i]);
	}
	return ret;
}

/* Inside drm_dev_enter(), on reset_wq. The innocent of all cores run on. */
static void octet_reset_device(struct octet_device *odev)
{
	u32 i;
	int ret;

	octet_reset_stop_scheds(odev);
	octet_reset_quiesce(odev, octet_reset_all(odev), true);

	/* Before the fences tell of it. To wake up is none. */
	if (!odev->parked)
		WRITE_ONCE(odev->resets, odev->resets + 1);
	ret = octet_reset_hw(odev);
	/* Nothing has failed before: one bad access shall not cost the device. */
	if (ret == -EIO && odev->parked) {
		/* Some cores may run again: no job shall run twice. */
		octet_reset_quiesce(odev, octet_reset_all(odev), true);
		ret = octet_reset_hw(odev);
	}
	odev->parked = false;
	if (ret)
		octet_device_lost(odev, ret);

	for (i = 0; i < odev->caps.cores; i++) {
		drm_sched_wqueue_start(&odev->cores[i].sched);
		octet_core_watch(&odev->cores[i]);
	}
}

static void octet_reset_core(struct octet_core *core)
{
	struct octet_device *odev = core->odev;
	int error;

	drm_sched_wqueue_stop(&core->sched);
	/* It may have finished, and its job freed, before the scheduler stopped. */
	if (!octet_core_stuck(core, &error))
		goto out_start;

	octet_reset_quiesce(odev, BIT(core->index), true);
	octet_core_count_reset(core, error);
	if (octet_core_reset_hw(core) || octet_core_restart(core)) {
		drm_err(&odev->drm, "core %u does not answer, resetting the device\n",
			core->index);
		octet_reset_device(odev);
		return;
	}
out_start:
	drm_sched_wqueue_start(&core->sched);
	octet_core_watch(core);
}

/* &octet_core.watchdog */
void octet_reset_watchdog(struct work_struct *work)
{
	struct octet_core *core =
		container_of(to_delayed_work(work), struct octet_core, watchdog);
	struct octet_device *odev = core->odev;
	bool cookie;
	int idx, error;

	/* The reset that ends it watches again. */
	if (odev->parked)
		return;
	if (!drm_dev_enter(&odev->drm, &idx))
		return;

	cookie = dma_fence_begin_signalling();
	if (octet_read(odev, OCTET_REG_ID) != OCTET_ID_MAGIC)
		octet_device_lost(odev, -ENODEV);
	else if (octet_core_stuck(core, &error))
		octet_reset_core(core);
	else
		octet_core_watch(core);
	dma_fence_end_signalling(cookie);
	drm_dev_exit(idx);
}

/* &octet_device.reset_work */
void octet_reset_work(struct work_struct *work)
{
	struct octet_device *odev =
		container_of(work, struct octet_device, reset_work);
	bool cookie;
	int idx;

	if (!drm_dev_enter(&odev->drm, &idx))
		return;

	cookie = dma_fence_begin_signalling();
	/* Whoever ends the parking resets it too. */
	if (!READ_ONCE(odev->lost) && !odev->parked)
		octet_reset_device(odev);
	dma_fence_end_signalling(cookie);
	drm_dev_exit(idx);
}

/*
 * What reset the device from outside may have brought it back. The mappings of
 * its clients are as they were, and so their queues work again. No job runs in
 * between, while some cores take jobs and others do not; nor while @lost still
 * says that nothing needs to be invalidated. The caller starts the schedulers.
 */
static void octet_reset_revive(struct octet_device *odev)
{
	u32 i;

	octet_reset_stop_scheds(odev);
	if (octet_reset_hw(odev)) {
		pci_clear_master(to_pci_dev(odev->drm.dev));
		/* Some cores may run again. */
		for (i = 0; i < odev->caps.cores; i++)
			octet_core_kill(&odev->cores[i], -ENODEV);
		return;
	}
	/* Pairs with octet_device_flush_tlb(); the doorbell of a job orders. */
	WRITE_ONCE(odev->lost, 0);
	for (i = 0; i < odev->caps.cores; i++) {
		octet_core_revive(&odev->cores[i]);
		octet_core_watch(&odev->cores[i]);
	}
	drm_info(&odev->drm, "the device is back\n");
}

/* &octet_device.unpark_work */
void octet_reset_unpark_work(struct work_struct *work)
{
	struct octet_device *odev =
		container_of(work, struct octet_device, unpark_work);
	bool cookie;
	int idx;
	u32 i;

	cookie = dma_fence_begin_signalling();
	if (drm_dev_enter(&odev->drm, &idx)) {
		if (!odev->lost)
			octet_reset_device(odev);
		else if (odev->lost == -EIO)
			octet_reset_revive(odev);
		drm_dev_exit(idx);
	}
	/* Of a device that is gone as well: its jobs end by being run. */
	odev->parked = false;
	for (i = 0; i < odev->caps.cores; i++)
		drm_sched_wqueue_start(&odev->cores[i].sched);
	dma_fence_end_signalling(cookie);
}

/*
 * The SRAM will not survive what comes now, and a job must not run twice: the
 * running ones end in their time, or are ended. The others wait.
 */
static void octet_reset_park(struct octet_device *odev)
{
	bool failed = false;
	unsigned long busy;
	int ret = 0;
	u32 i;

	octet_reset_stop_scheds(odev);
	octet_reset_quiesce(odev, octet_reset_all(odev), false);

	busy = octet_reset_busy(odev, octet_reset_all(odev));
	for_each_set_bit(i, &busy, OCTET_MAX_CORES) {
		octet_core_count_reset(&odev->cores[i], -ETIME);
		failed |= octet_core_reset_hw(&odev->cores[i]) != 0;
	}
	for (i = 0; i < odev->caps.cores; i++)
		octet_core_save_counters(&odev->cores[i]);
	if (failed)
		ret = octet_device_reset_hw(odev);
	if (ret)
		octet_device_lost(odev, ret);
	for (i = 0; i < odev->caps.cores; i++) {
		octet_core_judge(&odev->cores[i]);
		octet_core_lose_sram(&odev->cores[i]);
		/* Nothing is left to wait for: whoever comes is told. */
		if (ret)
			drm_sched_wqueue_start(&odev->cores[i].sched);
	}
}

/* &octet_device.park_work */
void octet_reset_park_work(struct work_struct *work)
{
	struct octet_device *odev =
		container_of(work, struct octet_device, park_work);
	bool cookie;
	int idx;

	if (!drm_dev_enter(&odev->drm, &idx))
		return;

	cookie = dma_fence_begin_signalling();
	odev->parked = true;
	if (!odev->lost)
		octet_reset_park(odev);
	dma_fence_end_signalling(cookie);
	drm_dev_exit(idx);
}

/*
 * &octet_device.wedged_work, after all fences are signalled: an event allocates.
 * drm_dev_wedged_event() would send it from the primary node, which an accel
 * device does not have.
 */
void octet_reset_wedged_work(struct work_struct *work)
{
	struct octet_device *odev =
		container_of(work, struct octet_device, wedged_work);
	char event[] = "WEDGED=rebind,bus-reset";
	char *envp[2] = { event };
	int idx;

	if (!drm_dev_enter(&odev->drm, &idx))
		return;
	kobject_uevent_env(&odev->drm.accel->kdev->kobj, KOBJ_CHANGE, envp);
	drm_dev_exit(idx);
}
