/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Octet int8 accelerator: who runs the cores.
 *
 * A core's state machine steps under the big lock: fetches, walks, copies, writes,
 * interrupts. Whoever has something for it steps it there and then: the processor
 * that rings the doorbell, the core's thread after a compute, a bottom half for
 * all else. Handing over to another thread costs as much as a small job, and far
 * more where the host is busy.
 *
 * Arithmetic goes to the core's thread, which owns the private copies until the
 * next step and computes without the big lock, so that it can be waited for with
 * the lock held. Only what is brief is computed by others, where they stepped.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/main-loop.h"
#include "qemu/rcu.h"
#include "system/cpu-timers.h"
#include "system/runstate.h"
#include "octet-pci.h"
#include "trace.h"

/* What computes may take of the big lock before the thread goes on with them. */
#define OCTET_BRIEF_NS 30000
/* Others get the big lock when the thread has had it for so long, in parts. */
#define OCTET_SHARE_NS 1000000
#define OCTET_PAUSE_US 50

/*
 * Each change of a timer wakes QEMU's main loop. One that is early does no harm: it
 * finds nothing due and sets the next one.
 */
static void octet_arm(OctetCore *c, uint64_t deadline_ns)
{
    if (deadline_ns) {
        /* The farthest deadlines are no time of QEMU's clock. */
        timer_mod_anticipate_ns(c->timer, MIN(deadline_ns, INT64_MAX));
    }
}

/* Messages go out as soon as the machine has returned. */
static struct octet_step octet_step_machine(OctetCore *c)
{
    struct octet_step step = octet_core_step(c->s->machine, c->index);

    octet_send_irqs(c->s);
    return step;
}

static struct octet_step octet_compute(OctetCore *c)
{
    trace_octet_compute(c->index);
    octet_core_compute(c->s->machine, c->index);
    return octet_step_machine(c);
}

/*
 * Where virtual time counts instructions it may leap while the guest waits, and
 * a compute must take none of it: all that a core has to do is done at once.
 */
static bool octet_here(const struct octet_step *step, int64_t end)
{
    return step->kind == OCTET_STEP_COMPUTE &&
           (icount_enabled() || (step->brief && get_clock() < end));
}

/* A reset that is due steps the core again. */
static bool octet_may_step(const OctetState *s)
{
    return s->running && !s->reset_due;
}

/* Takes in the result of a compute, and goes on for @brief_ns with brief ones. */
static void octet_go_on(OctetCore *c, int64_t brief_ns)
{
    int64_t end = brief_ns ? get_clock() + brief_ns : 0;
    struct octet_step step;

    c->computed = false;
    step = octet_step_machine(c);
    while (octet_may_step(c->s) && octet_here(&step, end)) {
        step = octet_compute(c);
    }
    octet_arm(c, step.deadline_ns);
    c->computing = step.kind == OCTET_STEP_COMPUTE;
}

/*
 * The only place that steps a core; the caller is inside the device. While a
 * compute is under way there is nothing to do but interrupts that are due: the step
 * after the compute sees everything else. Returns whether the thread has to compute.
 */
static bool octet_step(OctetCore *c, int64_t brief_ns)
{
    OctetState *s = c->s;

    c->kicked = false;
    if (!octet_may_step(s)) {
        return false;
    }
    if (c->computing && !qatomic_load_acquire(&c->computed)) {
        octet_arm(c, octet_core_tick(s->machine, c->index));
        octet_send_irqs(s);
        return false;
    }
    octet_go_on(c, brief_ns);
    return c->computing;
}

/* Where somebody is inside, the core is stepped when they have left. */
static bool octet_try_step(OctetCore *c, int64_t brief_ns)
{
    bool more;

    if (!octet_enter(c->s)) {
        c->kicked = true;
        return false;
    }
    more = octet_step(c, brief_ns);
    octet_leave(c->s);
    return more;
}

/*
 * Computes what it was given, then steps on. Those who waited for the compute may
 * have taken the result in first, and may have started another one.
 */
static bool octet_work(OctetCore *c, int64_t *held)
{
    int64_t start = get_clock();
    bool more = false;

    trace_octet_compute(c->index);
    octet_core_compute(c->s->machine, c->index);
    /* Pairs with loads in octet_step(), octet_join(): results first. */
    qatomic_store_release(&c->computed, true);
    qemu_event_set(&c->woken);
    if (get_clock() - start >= OCTET_PAUSE_US * 1000) {
        *held = 0;
    }
    bql_lock();
    start = get_clock();
    if (c->computing && c->computed) {
        more = octet_try_step(c, 0);
    }
    *held += get_clock() - start;
    bql_unlock();
    /* The lock is not fair: who sleeps for it needs a while to come and take it. */
    if (more && *held >= OCTET_SHARE_NS) {
        g_usleep(OCTET_PAUSE_US);
        *held = 0;
    }
    return more;
}

static void *octet_worker(void *opaque)
{
    OctetCore *c = opaque;
    int64_t held = 0;
    bool more = false;

    rcu_register_thread();
    for (;;) {
        if (!more) {
            qemu_sem_wait(&c->start);
            held = 0;
        }
        if (qatomic_load_acquire(&c->quit)) {
            break;
        }
        more = octet_work(c, &held);
    }
    rcu_unregister_thread();
    octet_thread_ends(c->s);
    return NULL;
}

static void octet_step_bh(void *opaque)
{
    OctetCore *c = opaque;

    if (octet_try_step(c, OCTET_BRIEF_NS)) {
        qemu_sem_post(&c->start);
    }
}

static void octet_timer(void *opaque)
{
    octet_step_bh(opaque);
}

void octet_worker_write(OctetState *s, uint64_t addr, uint32_t value)
{
    unsigned int i;

    if (!octet_enter(s)) {
        return;
    }
    octet_machine_write(s->machine, addr, value);
    octet_send_irqs(s);
    for (i = 0; i < s->config.cores; i++) {
        OctetCore *c = &s->core[i];

        if (c->kicked && octet_step(c, OCTET_BRIEF_NS)) {
            qemu_sem_post(&c->start);
        }
    }
    octet_leave(s);
}

void octet_worker_kick(OctetState *s, unsigned int core)
{
    /* The machine resets itself before there are workers. */
    if (s->core[core].step_bh) {
        s->core[core].kicked = true;
        if (!s->entered) {
            qemu_bh_schedule(s->core[core].step_bh);
        }
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

/*
 * A stopped VM must not see its memory change: nothing is stepped. Computes under
 * way may end, on their private copies; their results are taken in when the VM
 * runs again, and a result that is partly written goes on.
 */
static void octet_vm_state(void *opaque, bool running, RunState state)
{
    OctetState *s = opaque;
    unsigned int i;

    s->running = running;
    for (i = 0; running && i < s->config.cores; i++) {
        qemu_bh_schedule(s->core[i].step_bh);
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
    s->users = s->config.cores;
    s->running = runstate_is_running();
    s->vm_state = qemu_add_vm_change_state_handler(octet_vm_state, s);
}

void octet_workers_stop(OctetState *s)
{
    unsigned int i;

    s->running = false;
    qemu_del_vm_change_state_handler(s->vm_state);
    for (i = 0; i < s->config.cores; i++) {
        octet_core_cancel(s->machine, i);
        qatomic_store_release(&s->core[i].quit, true);
        qemu_sem_post(&s->core[i].start);
    }
}

void octet_workers_free(OctetState *s)
{
    unsigned int i;

    for (i = 0; i < s->config.cores; i++) {
        OctetCore *c = &s->core[i];

        qemu_thread_join(&c->thread);
        timer_free(c->timer);
        qemu_bh_delete(c->step_bh);
        c->step_bh = NULL;
        qemu_sem_destroy(&c->start);
        qemu_event_destroy(&c->woken);
    }
}
