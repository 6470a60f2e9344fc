/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Octet int8 accelerator: threads that share the arithmetic of large commands.
 *
 * Who computes takes part itself and never waits for a thread that has not begun:
 * parts that nobody has taken yet are its own. So a busy host costs nothing but
 * the help, and cores that compute at once share the threads without a plan.
 */
#include "qemu/osdep.h"
#include "qemu/queue.h"
#include "octet-pci.h"

/**
 * OctetTask: a call of octet_team_run(), on its caller's stack
 *
 * @next: the first part that nobody has taken
 * @under_way: parts that other threads have taken and not finished
 */
typedef struct OctetTask {
    void (*run)(void *arg, unsigned int part);
    void *arg;
    unsigned int count, next, under_way;
    QTAILQ_ENTRY(OctetTask) entry;
} OctetTask;

struct OctetTeam {
    QemuMutex lock;
    QemuCond wanted;            /* there is a part to take, or @quit */
    QemuCond finished;          /* a task has nothing under way */
    QTAILQ_HEAD(, OctetTask) tasks; /* those with parts to take */
    unsigned int count;
    bool quit;
    QemuThread thread[];
};

/* The next part of a task, with the lock; the last one takes it off the list. */
static unsigned int octet_take(OctetTeam *team, OctetTask *task)
{
    unsigned int part = task->next++;

    if (task->next == task->count) {
        QTAILQ_REMOVE(&team->tasks, task, entry);
    }
    return part;
}

static void *octet_member(void *opaque)
{
    OctetTeam *team = opaque;

    qemu_mutex_lock(&team->lock);
    while (!team->quit) {
        OctetTask *task = QTAILQ_FIRST(&team->tasks);
        unsigned int part;

        if (!task) {
            qemu_cond_wait(&team->wanted, &team->lock);
            continue;
        }
        part = octet_take(team, task);
        task->under_way++;
        qemu_mutex_unlock(&team->lock);
        task->run(task->arg, part);
        qemu_mutex_lock(&team->lock);
        if (!--task->under_way) {
            qemu_cond_broadcast(&team->finished);
        }
    }
    qemu_mutex_unlock(&team->lock);
    return NULL;
}

void octet_team_run(OctetTeam *team, unsigned int count,
                    void (*run)(void *arg, unsigned int part), void *arg)
{
    OctetTask task = { .run = run, .arg = arg, .count = count };
    unsigned int i;

    if (!count) {
        return;
    }
    qemu_mutex_lock(&team->lock);
    QTAILQ_INSERT_TAIL(&team->tasks, &task, entry);
    for (i = 1; i < count && i <= team->count; i++) {
        qemu_cond_signal(&team->wanted);
    }
    while (task.next < count) {
        unsigned int part = octet_take(team, &task);

        qemu_mutex_unlock(&team->lock);
        run(arg, part);
        qemu_mutex_lock(&team->lock);
    }
    while (task.under_way) {
        qemu_cond_wait(&team->finished, &team->lock);
    }
    qemu_mutex_unlock(&team->lock);
}

OctetTeam *octet_team_new(unsigned int threads)
{
    OctetTeam *team = g_malloc0(sizeof(*team) +
                                threads * sizeof(team->thread[0]));
    char name[16];

    qemu_mutex_init(&team->lock);
    qemu_cond_init(&team->wanted);
    qemu_cond_init(&team->finished);
    QTAILQ_INIT(&team->tasks);
    for (; team->count < threads; team->count++) {
        snprintf(name, sizeof(name), "octet-part%u", team->count);
        qemu_thread_create(&team->thread[team->count], name, octet_member,
                           team, QEMU_THREAD_JOINABLE);
    }
    return team;
}

void octet_team_free(OctetTeam *team)
{
    unsigned int i;

    qemu_mutex_lock(&team->lock);
    team->quit = true;
    qemu_cond_broadcast(&team->wanted);
    qemu_mutex_unlock(&team->lock);
    for (i = 0; i < team->count; i++) {
        qemu_thread_join(&team->thread[i]);
    }
    qemu_cond_destroy(&team->finished);
    qemu_cond_destroy(&team->wanted);
    qemu_mutex_destroy(&team->lock);
    g_free(team);
}
