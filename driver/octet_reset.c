// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Recovery
 *
 * A watchdog per core measures from when a job became the oldest in flight. A
 * core reset needs no help of the scheduler but to stop: jobs keep their fences,
 * and the innocent ones go to the fresh ring. All recovery runs on one ordered
 * workqueue, one at a time.
 */
#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "octet_compat.h"
#include "octet_device.h"
#include "octet_drv.h"
#include "octet_job.h"
#include "octet_queue.h"
#include "octet_reset.h"
#include "octet_trace.h"

/* Inside drm_dev_enter(), on reset_wq. The innocent of all cores run again. */
static void octet_reset_device(struct octet_device *odev)
{
	struct octet_job *guilty[OCTET_MAX_CORES];
	u32 i, cores = odev->caps.cores;
	int ret;

	for (i = 0; i < cores; i++)
		drm_sched_wqueue_stop(&odev->cores[i].sched);
	for (i = 0; i < cores; i++) {
		guilty[i] = octet_core_quiesce(&odev->cores[i]);
		octet_core_mask(&odev->cores[i]);
	}

	ret = octet_device_reset_hw(odev);
	trace_octet_device_reset(odev, ret);
	if (ret) {
		octet_device_lost(odev, ret);
	} else {
		/* To wake up is none. */
		if (!odev->parked)
			WRITE_ONCE(odev->resets, odev->resets + 1);
		odev->parked = false;
		for (i = 0; i < cores; i++)
			octet_core_restart(&odev->cores[i], guilty[i], -ETIME);
	}

	for (i = 0; i < cores; i++) {
		drm_sched_wqueue_start(&odev->cores[i].sched);
		octet_core_watch(&odev->cores[i]);
	}
}

static void octet_reset_core(struct octet_core *core)
{
	struct octet_device *odev = core->odev;
	struct octet_job *guilty;
	int error;

	drm_sched_wqueue_stop(&core->sched);
	/* It may have finished, and its job freed, before the scheduler stopped. */
	if (!octet_core_stuck(core, &guilty, &error))
		goto out_start;

	drm_err_ratelimited(&odev->drm, "core %u: queue %u: %s, resetting the core\n",
			    core->index, guilty ? guilty->batch->queue->id : 0,
			    error == -ETIME ? "job takes too long" : "bad completion");
	octet_core_mask(core);
	trace_octet_core_reset(core, guilty, error);
	core->stats.resets++;	/* on an ordered workqueue */
	if (octet_core_reset_hw(core)) {
		drm_err(&odev->drm, "core %u does not stop, resetting the device\n",
			core->index);
		octet_reset_device(odev);
		return;
	}
	octet_core_restart(core, guilty, error);
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
	struct octet_job *guilty;
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
	else if (octet_core_stuck(core, &guilty, &error))
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

/* &octet_device.unpark_work */
void octet_reset_unpark_work(struct work_struct *work)
{
	struct octet_device *odev =
		container_of(work, struct octet_device, unpark_work);
	bool cookie;
	int idx;
	u32 i;

	if (!drm_dev_enter(&odev->drm, &idx))
		return;

	cookie = dma_fence_begin_signalling();
	if (!READ_ONCE(odev->lost))
		octet_reset_device(odev);
	else
		for (i = 0; i < odev->caps.cores; i++)
			drm_sched_wqueue_start(&odev->cores[i].sched);
	odev->parked = false;
	dma_fence_end_signalling(cookie);
	drm_dev_exit(idx);
}

/*
 * &octet_device.park_work. A job that does not end now hangs again, and is found
 * out, after the reset. What is pushed meanwhile waits in the ring of a core
 * that is off.
 */
void octet_reset_park_work(struct work_struct *work)
{
	struct octet_device *odev =
		container_of(work, struct octet_device, park_work);
	bool cookie;
	int idx;
	u32 i;

	if (!drm_dev_enter(&odev->drm, &idx))
		return;

	cookie = dma_fence_begin_signalling();
	odev->parked = true;
	for (i = 0; i < odev->caps.cores; i++)
		drm_sched_wqueue_stop(&odev->cores[i].sched);
	for (i = 0; i < odev->caps.cores; i++) {
		octet_core_quiesce(&odev->cores[i]);
		octet_core_mask(&odev->cores[i]);
	}
	dma_fence_end_signalling(cookie);
	drm_dev_exit(idx);
}
