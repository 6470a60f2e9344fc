/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Octet int8 accelerator: the PCI function around hw-model/core.
 *
 * octet-pci.c     QOM type, configuration space, BARs, DMA, MSI-X
 * octet-enter.c   what may not happen while one is inside the machine; the end
 * octet-worker.c  one thread per core, bottom halves, timers, VM stop
 * octet-team.c    threads that share the arithmetic of large commands
 * octet-vmstate.c  the machine's state in a snapshot or a migration
 * octet-inject.c  fault injection properties, writable at run time
 */
#ifndef HW_MISC_OCTET_PCI_H
#define HW_MISC_OCTET_PCI_H

#include "qemu/thread.h"
#include "qemu/timer.h"
#include "hw/pci/pci_device.h"
#include "migration/vmstate.h"
#include "qom/object.h"
#include "core/octet_core.h"

#define TYPE_OCTET "octet"
OBJECT_DECLARE_SIMPLE_TYPE(OctetState, OCTET)

#define OCTET_THREADS_MAX 16
#define OCTET_THREADS_DEFAULT 4

typedef struct OctetTeam OctetTeam;

/**
 * OctetCore: the threads and timers of one core
 *
 * @s: the device
 * @index: number of the core
 * @thread: computes, on private copies only, and steps after that
 * @start: posted to start a compute, or to end the thread with @quit
 * @step_bh: steps the core from the main loop
 * @timer: a deadline of the core on the virtual clock
 * @woken: set after @computed, for those who wait for it
 * @computing: a compute was started and its result not yet taken in; big lock
 * @computed: set by the thread when the compute is done
 * @kicked: the core has something to do; big lock
 * @quit: the thread shall end
 */
typedef struct OctetCore {
    OctetState *s;
    unsigned int index;
    QemuThread thread;
    QemuSemaphore start;
    QemuEvent woken;
    QEMUBH *step_bh;
    QEMUTimer *timer;
    bool computing;
    bool computed;
    bool kicked;
    bool quit;
} OctetCore;

/**
 * OctetState: the device
 *
 * @config: from the properties; @machine is made from it at realize
 * @plugged: between realize and exit, while the function may be used
 * @array: property "array"
 * @timing: property "timing"
 * @threads: property "threads": of the arithmetic of one core
 * @team: all but one of them; NULL: there is no other
 * @running: the VM runs; while it does not, no core steps
 * @entered: between octet_enter() and octet_leave(); big lock
 * @was_engaged: of QEMU's guard against accesses from inside, before that
 * @users: threads that have not ended, and who is inside; big lock
 * @reset_due: the one who is inside resets the machine when it leaves
 * @irqs: messages to send, a bit for each vector; none while the VM is stopped
 * @saved: the machine's state on its way to or from a stream
 * @saved_size: bytes of it
 */
struct OctetState {
    PCIDevice parent_obj;

    MemoryRegion mmio;
    struct octet_config config;
    char *array;
    char *timing;
    uint32_t threads;
    OctetTeam *team;
    struct octet_machine *machine;
    VMChangeStateEntry *vm_state;
    bool plugged;
    bool running;
    bool entered;
    bool was_engaged;
    bool reset_due;
    unsigned int users;
    uint32_t irqs;
    uint8_t *saved;
    uint32_t saved_size;
    OctetCore core[OCTET_CORE_MAX];
};

/*
 * Around the calls into the machine, but for reads and resets, and around the
 * messages after them. False if somebody is inside, or the device is gone.
 */
bool octet_enter(OctetState *s);

/* Does what had to wait; kicked cores are stepped soon. */
void octet_leave(OctetState *s);

/* Now, or when the one who is inside leaves. */
void octet_reset_machine(OctetState *s);

/*
 * Sends what the machine has raised, when it has returned: a message is a store to
 * wherever the guest wants, and may reset or unplug us.
 */
void octet_send_irqs(OctetState *s);

void octet_workers_start(OctetState *s);

/* Nothing new starts, what runs is cancelled; the threads end. */
void octet_workers_stop(OctetState *s);

/* Of threads that have ended. */
void octet_workers_free(OctetState *s);

/* The last act of a core's thread; without the big lock. */
void octet_thread_ends(OctetState *s);

/* Cancels computes and waits for them; what they did is not taken in. */
void octet_workers_abandon(OctetState *s);

/* Run octet_core_step() on a core soon; the core's kick. */
void octet_worker_kick(OctetState *s, unsigned int core);

/* A register write; what it sets off begins before its end. */
void octet_worker_write(OctetState *s, uint64_t addr, uint32_t value);

/* @threads of them wait for parts to run. */
OctetTeam *octet_team_new(unsigned int threads);
void octet_team_free(OctetTeam *team);

/* run(arg, i) for each i below @count, in the caller's thread and the team's. */
void octet_team_run(OctetTeam *team, unsigned int count,
                    void (*run)(void *arg, unsigned int i), void *arg);

void octet_inject_add_properties(OctetState *s);

extern const VMStateDescription octet_vmstate;

#endif
