/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Octet int8 accelerator: who runs the cores.
 *
 * A core's bottom half steps its state machine under the big lock: fetches,
 * walks, copies, writes, interrupts. Arithmetic goes to the core's thread, which
 * owns the private copies until the next step and never takes the big lock, so
 * it can be joined with the lock held.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/main-loop.h"
#include "system/cpu-timers.h"
#include "system/runstate.h"
#include "octet-pci.h"
#include "trace.h"

static void *octet_worker(void *opaque)
{
    OctetCore *c = opaque;

    for (;;) {
        qemu_sem_wait(&c->start);
        if (qatomic_load_acquire(&c->quit)) {
            return NULL;
        }
        octet_core_compute(c->s->machine, c->index);
        /* Pairs with loads in octet_step_bh(), octet_join(): results first. */
        qatomic_store_release(&c->computed, true);
        qemu_event_set(&c->woken);
        qemu_bh_schedule(c->step_bh);
    }
}

static void octet_arm(OctetCore *c, uint64_t deadline_ns)
{
    if (deadline_ns) {
        /* The farthest deadlines are no time of QEMU's clock. */
        timer_mod_ns(c->timer, MIN(deadline_ns, INT64_MAX));
    } else {
        timer_del(c->timer);
    }
}

/*
 * Where virtual time counts instructions it may leap while the guest waits, and
 * a compute must take none of it: all that a core has to do is done at once. A
 * message that the guest aims at our own registers must not come in here again.
 */
static void octet_run(OctetCore *c)
{
    struct octet_step step;

    if (c->s->stepping) {
        return;
    }
    c->s->stepping = true;
    do {
        step = octet_core_step(c->s->machine, c->index);
        if (step.kind == OCTET_STEP_COMPUTE) {
            trace_octet_compute(c->index);
            octet_core_compute(c->s->machine, c->index);
        }
    } while (step.kind == OCTET_STEP_COMPUTE);
    c->s->stepping = false;
    octet_arm(c, step.deadline_ns);
}

/*
 * The only place that steps a core. While a compute is under way a kick has
 * nothing to do but interrupts that are due: the step after the compute sees
 * everything else.
 */
static void octet_step_bh(void *opaque)
{
    OctetCore *c = opaque;
    struct octet_step step;

    c->kicked = false;
    if (!c->s->running) {
        return;
    }
    if (icount_enabled()) {
        octet_run(c);
        return;
    }
    if (c->computing) {
        if (!qatomic_load_acquire(&c->computed)) {
            octet_arm(c, octet_core_tick(c->s->machine, c->index));
            return;
        }
        c->computing = false;
        c->computed = false;
    }
    step = octet_core_step(c->s->machine, c->index);
    octet_arm(c, step.deadline_ns);
    if (step.kind == OCTET_STEP_COMPUTE) {
        trace_octet_compute(c->index);
        c->computing = true;
        qemu_sem_post(&c->start);
    }
}

static void octet_timer(void *opaque)
{
    OctetCore *c = opaque;

    qemu_bh_schedule(c->step_bh);
    if (icount_enabled()) {
        octet_step_bh(c);
    }
}

void octet_workers_sync(OctetState *s)
{
    unsigned int i;

    for (i = 0; icount_enabled() && i < s->config.cores; i++) {
        if (s->core[i].kicked) {
            octet_step_bh(&s->core[i]);
        }
    }
}

void octet_worker_kick(OctetState *s, unsigned int core)
{
    /* The machine resets itself before there are workers. */
    if (s->core[core].step_bh) {
        s->core[core].kicked = true;
        qemu_bh_schedule(s->core[core].step_bh);
    }
}

/* The thread has finished; its core may be stepped or loaded. */
static void octet_join(OctetCore *c)
{
    if (!c->computing) {
        return;
    }
    /* Reset, then look: an old wakeup costs a round, a new one is not lost. */
    for (;;) {
        qemu_event_reset(&c->woken);
        if (qatomic_load_acquire(&c->computed)) {
            break;
        }
        qemu_event_wait(&c->woken);
    }
    c->computing = false;
    c->computed = false;
}

/* A result that is partly written is written to its end, at a command boundary. */
static void octet_settle(OctetCore *c)
{
    struct octet_machine *m = c->s->machine;

    if (octet_core_storing(m, c->index)) {
        octet_join(c);
        octet_core_settle(m, c->index);
    }
}

/*
 * A stopped VM must not see its memory change, and memory is saved after this: so
 * what is being written is finished here. Computes under way may end, on their
 * private copies; their results are taken in when the VM runs again.
 */
static void octet_vm_state(void *opaque, bool running, RunState state)
{
    OctetState *s = opaque;
    unsigned int i;

    s->running = running;
    for (i = 0; i < s->config.cores; i++) {
        if (running) {
            qemu_bh_schedule(s->core[i].step_bh);
        } else {
            octet_settle(&s->core[i]);
        }
    }
}

void octet_workers_abandon(OctetState *s)
{
    unsigned int i;

    for (i = 0; i < s->config.cores; i++) {
        octet_core_cancel(s->machine, i);
    }
    for (i = 0; i < s->config.cores; i++) {
        octet_join(&s->core[i]);
        timer_del(s->core[i].timer);
    }
}

void octet_workers_start(OctetState *s)
{
    MemReentrancyGuard *guard = &DEVICE(s)->mem_reentrancy_guard;
    char name[16];
    unsigned int i;

    for (i = 0; i < s->config.cores; i++) {
        OctetCore *c = &s->core[i];

        c->s = s;
        c->index = i;
        c->computing = false;
        c->computed = false;
        c->kicked = false;
        c->quit = false;
        qemu_sem_init(&c->start, 0);
        qemu_event_init(&c->woken, false);
        c->step_bh = qemu_bh_new_guarded(octet_step_bh, c, guard);
        c->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, octet_timer, c);
        snprintf(name, sizeof(name), "octet%u", i);
        qemu_thread_create(&c->thread, name, octet_worker, c,
                           QEMU_THREAD_JOINABLE);
    }
    s->running = runstate_is_running();
    s->vm_state = qemu_add_vm_change_state_handler(octet_vm_state, s);
}

/* Nothing new starts, what runs is cancelled and joined, then freed. */
void octet_workers_stop(OctetState *s)
{
    unsigned int i;

    s->running = false;
    qemu_del_vm_change_state_handler(s->vm_state);
    for (i = 0; i < s->config.cores; i++) {
        octet_core_cancel(s->machine, i);
    }
    for (i = 0; i < s->config.cores; i++) {
        OctetCore *c = &s->core[i];

        qatomic_store_release(&c->quit, true);
        qemu_sem_post(&c->start);
        qemu_thread_join(&c->thread);
        timer_free(c->timer);
        qemu_bh_delete(c->step_bh);
        c->step_bh = NULL;
        qemu_sem_destroy(&c->start);
        qemu_event_destroy(&c->woken);
    }
}
