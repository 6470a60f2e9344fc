// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Power
 *
 * A device without jobs goes to D3hot after a while, where it has no state and
 * answers no access. Each batch keeps it awake, from before it is armed, where
 * the resume may fail and allocate, until it is freed. Who only wants to look
 * at registers, or to drop translations, does without while the device sleeps.
 *
 * Asleep is parked: schedulers stopped, cores off, interrupts disabled. To wake
 * up is a device reset, which programs everything. Sleep states of the system
 * and function level resets go the same way, with jobs in flight: these stay in
 * the rings' lists, and run when the device is back.
 */
#include <linux/interrupt.h>
#include <linux/pci.h>
#include <linux/pm_runtime.h>

#include <drm/drm_drv.h>

#include "octet_device.h"
#include "octet_pm.h"

#define OCTET_AUTOSUSPEND_MS	200

void octet_pm_init(struct octet_device *odev)
{
	spin_lock_init(&odev->pm.lock);
	init_rwsem(&odev->pm.gate);
}

/* The device may sleep from here on; the PCI core holds a reference in probe. */
void octet_pm_enable(struct octet_device *odev)
{
	struct device *dev = odev->drm.dev;

	/* No 10 ms sleep before the first job: it is ready in D0 at once. */
	to_pci_dev(dev)->d3hot_delay = 0;
	pm_runtime_set_autosuspend_delay(dev, OCTET_AUTOSUSPEND_MS);
	pm_runtime_use_autosuspend(dev);
	/* Forgets an error of an earlier binding, as of a device that was gone. */
	pm_runtime_set_active(dev);
	pm_runtime_allow(dev);
	pm_runtime_mark_last_busy(dev);
	pm_runtime_put_autosuspend(dev);
}

/*
 * The references of batches that still exist are given back here: they may stay
 * for long, and the device gets another driver.
 */
void octet_pm_disable(struct octet_device *odev)
{
	struct device *dev = odev->drm.dev;
	u32 refs;

	pm_runtime_get_noresume(dev);
	pm_runtime_forbid(dev);
	pm_runtime_dont_use_autosuspend(dev);

	spin_lock_irq(&odev->pm.lock);
	refs = odev->pm.refs;
	odev->pm.refs = 0;
	odev->pm.closed = true;
	spin_unlock_irq(&odev->pm.lock);
	while (refs--)
		pm_runtime_put_noidle(dev);
}

/**
 * octet_pm_get - wake the device up and keep it awake
 * @odev: device
 *
 * Never under a lock that completion or a reset takes.
 *
 * Return: 0, why no job runs any more, or the error of the resume.
 */
int octet_pm_get(struct octet_device *odev)
{
	int idx, ret;

	if (!drm_dev_enter(&odev->drm, &idx))
		return -ENODEV;

	ret = pm_runtime_resume_and_get(odev->drm.dev);
	if (!ret) {
		spin_lock_irq(&odev->pm.lock);
		odev->pm.refs++;
		spin_unlock_irq(&odev->pm.lock);
		/* Waking it up may have shown that it is. */
		ret = READ_ONCE(odev->lost);
		if (ret)
			octet_pm_put(odev);
	}
	drm_dev_exit(idx);
	return ret;
}

/* From anywhere: it only queues work. */
void octet_pm_put(struct octet_device *odev)
{
	struct device *dev = odev->drm.dev;
	unsigned long flags;

	spin_lock_irqsave(&odev->pm.lock, flags);
	if (!odev->pm.closed) {
		odev->pm.refs--;
		pm_runtime_mark_last_busy(dev);
		pm_runtime_put_autosuspend(dev);
	}
	spin_unlock_irqrestore(&odev->pm.lock, flags);
}

/*
 * Whether the registers may be used, until octet_pm_exit(). For those who have no
 * reference, which is all but jobs and resets. Inside drm_dev_enter().
 */
bool octet_pm_enter(struct octet_device *odev)
{
	down_read(&odev->pm.gate);
	if (!odev->pm.asleep)
		return true;
	up_read(&odev->pm.gate);
	return false;
}

void octet_pm_exit(struct octet_device *odev)
{
	up_read(&odev->pm.gate);
}

static void octet_pm_set_asleep(struct octet_device *odev, bool asleep)
{
	down_write(&odev->pm.gate);
	odev->pm.asleep = asleep;
	up_write(&odev->pm.gate);
}

/* No message that is on its way may make a handler read what is asleep. */
static void octet_pm_set_irqs(struct octet_device *odev, bool enable)
{
	u32 i;

	for (i = 0; i < odev->caps.cores; i++) {
		if (i && !odev->cores[i].vector)
			continue;
		if (enable)
			enable_irq(odev->cores[i].irq);
		else
			disable_irq(odev->cores[i].irq);
	}
}

static void octet_pm_sleep(struct octet_device *odev)
{
	octet_device_park(odev);
	octet_pm_set_irqs(odev, false);
	octet_pm_set_asleep(odev, true);
}

static void octet_pm_wake(struct octet_device *odev)
{
	octet_pm_set_asleep(odev, false);
	octet_pm_set_irqs(odev, true);
	octet_device_unpark(odev);
}

/* A device that is lost sleeps like any other, and never stops the system. */
static int octet_pm_suspend(struct device *dev)
{
	octet_pm_sleep(dev_get_drvdata(dev));
	return 0;
}

/*
 * No error for a device that is lost either: the PM core would keep it, and refuse
 * to wake up the device when a reset has brought it back. See octet_pm_get().
 */
static int octet_pm_resume(struct device *dev)
{
	octet_pm_wake(dev_get_drvdata(dev));
	return 0;
}

/* A function level reset reaches a device that is awake. */
void octet_pm_prepare_reset(struct octet_device *odev)
{
	pm_runtime_get_sync(odev->drm.dev);
	octet_pm_sleep(odev);
}

void octet_pm_finish_reset(struct octet_device *odev)
{
	octet_pm_wake(odev);
	pm_runtime_mark_last_busy(odev->drm.dev);
	pm_runtime_put_autosuspend(odev->drm.dev);
}

const struct dev_pm_ops octet_pm_ops = {
	SYSTEM_SLEEP_PM_OPS(octet_pm_suspend, octet_pm_resume)
	RUNTIME_PM_OPS(octet_pm_suspend, octet_pm_resume, NULL)
};
