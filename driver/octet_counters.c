// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Counters
 *
 * A device reset and the loss of power clear the device's counters. What they
 * held is added up before, so that user space sees sums since probe.
 */
#include <drm/octet_accel.h>

#include "octet_device.h"

static u64 octet_core_counter(struct octet_core *core, u32 i)
{
	u32 reg = OCTET_CORE_COUNTER(i);
	u32 hi, lo, again = octet_core_read(core, reg + 4);

	do {
		hi = again;
		lo = octet_core_read(core, reg);
		again = octet_core_read(core, reg + 4);
	} while (hi != again);
	return (u64)hi << 32 | lo;
}

/* Before the device's counters are cleared. They count nothing any more. */
void octet_core_save_counters(struct octet_core *core)
{
	u64 now[OCTET_COUNTERS];
	unsigned long flags;
	u32 i;

	/* All ones is a device that is gone. */
	if (READ_ONCE(core->saved) ||
	    octet_read(core->odev, OCTET_REG_ID) != OCTET_ID_MAGIC)
		return;

	for (i = 0; i < OCTET_COUNTERS; i++)
		now[i] = octet_core_counter(core, i);

	spin_lock_irqsave(&core->lock, flags);
	for (i = 0; i < OCTET_COUNTERS; i++)
		core->base[i] += now[i];
	core->saved = true;
	core->epoch++;
	spin_unlock_irqrestore(&core->lock, flags);
}

/* Return: whether no reset came in between. */
static bool octet_core_sum_counters(struct octet_core *core, u64 *counter)
{
	u32 i, epoch = READ_ONCE(core->epoch);
	bool saved = READ_ONCE(core->saved), same;
	unsigned long flags;

	for (i = 0; i < OCTET_COUNTERS; i++)
		counter[i] = saved ? 0 : octet_core_counter(core, i);

	spin_lock_irqsave(&core->lock, flags);
	same = epoch == core->epoch && saved == core->saved;
	for (i = 0; i < OCTET_COUNTERS; i++)
		counter[i] += core->base[i];
	spin_unlock_irqrestore(&core->lock, flags);
	return same;
}

/* Inside drm_dev_enter(). */
void octet_core_counters(struct octet_core *core,
			 struct drm_octet_core_counters *out)
{
	struct octet_core_stats stats;

	/* The first fields are the device's, in its order. */
	static_assert(offsetof(struct drm_octet_core_counters, submitted) ==
		      OCTET_COUNTERS * sizeof(u64));
	while (!octet_core_sum_counters(core, (u64 *)out))
		cpu_relax();

	octet_core_stats(core, &stats);
	out->submitted = stats.submitted;
	out->completed = stats.completed;
	out->failed = stats.failed;
	out->interrupts = stats.interrupts;
	out->timeouts = stats.timeouts;
	out->device_resets = READ_ONCE(core->odev->resets);
}
