/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Octet int8 accelerator: who is inside the device, and who is its last user.
 *
 * DMA and messages go wherever the guest wants. A message, one of ours or that of
 * an IOMMU about a DMA of ours, may be aimed at our own registers, may reset or
 * unplug us, or may make another device wait and so run our bottom halves. None of
 * that may happen inside the machine: accesses of our registers are refused, as
 * QEMU's guard does, all else waits until the one who is inside leaves.
 *
 * The last user frees what an unplug leaves: who is inside, or a thread of a core.
 * It may be any bottom half that does it, below the unplug of another device
 * too, so that the big lock must not be given up for it.
 */
#include "qemu/osdep.h"
#include "block/aio.h"
#include "qemu/main-loop.h"
#include "octet-pci.h"

/* No thread of ours is left, and no callback of ours is on any stack. */
static void octet_reap(void *opaque)
{
    OctetState *s = opaque;

    octet_workers_free(s);
    if (s->team) {
        octet_team_free(s->team);
        s->team = NULL;
    }
    object_unref(OBJECT(s));
}

/* While the device is plugged its threads are users. */
static void octet_put(OctetState *s)
{
    if (!--s->users) {
        aio_bh_schedule_oneshot(qemu_get_aio_context(), octet_reap, s);
    }
}

static void octet_put_bh(void *opaque)
{
    octet_put(opaque);
}

void octet_thread_ends(OctetState *s)
{
    aio_bh_schedule_oneshot(qemu_get_aio_context(), octet_put_bh, s);
}

bool octet_enter(OctetState *s)
{
    MemReentrancyGuard *guard = &DEVICE(s)->mem_reentrancy_guard;

    if (s->entered || !s->plugged) {
        return false;
    }
    s->entered = true;
    s->users++;
    s->was_engaged = guard->engaged_in_io;
    guard->engaged_in_io = true;
    return true;
}

void octet_leave(OctetState *s)
{
    unsigned int i;

    DEVICE(s)->mem_reentrancy_guard.engaged_in_io = s->was_engaged;
    s->entered = false;
    if (s->reset_due) {
        octet_reset_machine(s);
    }
    for (i = 0; i < s->config.cores; i++) {
        if (s->core[i].kicked) {
            qemu_bh_schedule(s->core[i].step_bh);
        }
    }
    octet_put(s);
}

void octet_reset_machine(OctetState *s)
{
    s->irqs = 0;
    s->reset_due = s->entered;
    if (!s->entered) {
        octet_machine_reset(s->machine);
    }
}
