/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __OCTET_PM_H__
#define __OCTET_PM_H__

#include <linux/pm.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct octet_device;

/**
 * struct octet_pm - power of a device
 *
 * @lock: protects what follows
 * @refs: references that octet_pm_get() has taken
 * @closed: unbound: there is nothing to take or to give back
 * @gate: read by who uses registers unasked, written to change @asleep
 * @asleep: parked, and perhaps without power
 */
struct octet_pm {
	spinlock_t lock;	/* irq-safe */
	u32 refs;
	bool closed;

	struct rw_semaphore gate;
	bool asleep;
};

extern const struct dev_pm_ops octet_pm_ops;

void octet_pm_init(struct octet_device *odev);
void octet_pm_enable(struct octet_device *odev);
void octet_pm_disable(struct octet_device *odev);
int octet_pm_get(struct octet_device *odev);
void octet_pm_put(struct octet_device *odev);
bool octet_pm_enter(struct octet_device *odev);
void octet_pm_exit(struct octet_device *odev);
void octet_pm_prepare_reset(struct octet_device *odev);
void octet_pm_finish_reset(struct octet_device *odev);

#endif /* __OCTET_PM_H__ */
