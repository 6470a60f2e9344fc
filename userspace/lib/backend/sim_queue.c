// SPDX-License-Identifier: MIT
/* Queues of the simulator: jobs that wait, states, file descriptors. */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim.h"

static struct sim *sim_of(const struct octet_queue *queue)
{
	return ((struct sim_queue *)queue->priv)->sim;
}

/* A queue stays on one core: the one with the fewest. */
int sim_queue_new(struct octet_queue *queue, enum octet_priority priority)
{
	struct sim *sim = queue->ctx->priv;
	struct sim_queue *q = calloc(1, sizeof(*q));
	struct sim_core *core;

	if (!q)
		return octet_set_error(queue->ctx, -ENOMEM, "octet_queue_new: out of memory");
	q->sim = sim;
	q->refs = 1;
	q->priority = priority;
	pthread_mutex_lock(&sim->lock);
	core = &sim->cores[0];
	for (unsigned int i = 1; i < sim->core_count; i++)
		if (sim->cores[i].queue_count < core->queue_count)
			core = &sim->cores[i];
	q->core = core;
	q->next = core->queues;
	core->queues = q;
	core->queue_count++;
	pthread_mutex_unlock(&sim->lock);
	queue->priv = q;
	return 0;
}

static void queue_put(struct sim_queue *q)
{
	if (!--q->refs)
		free(q);
}

static void waits_drop(struct sim_queue *q, size_t count)
{
	for (; count; count--) {
		queue_put(q->waits[q->wait_head].queue);
		q->wait_head = (q->wait_head + 1) % SIM_WAITS;
		q->wait_count--;
	}
}

void sim_queue_free(struct octet_queue *queue)
{
	struct sim_queue *q = queue->priv, **link;
	struct sim *sim = q->sim;

	pthread_mutex_lock(&sim->lock);
	for (link = &q->core->queues; *link != q; link = &(*link)->next)
		;
	*link = q->next;
	q->core->queue_count--;
	waits_drop(q, q->wait_count);
	queue_put(q);
	pthread_mutex_unlock(&sim->lock);
}

static bool ended(const struct sim_queue *q, uint64_t seq)
{
	return seq <= q->state.completed || q->state.error || q->sim->gone;
}

bool sim_queue_ready(struct sim_queue *q)
{
	struct sim_pending *p = &q->pending[q->head];

	if (!q->count || q->state.error)
		return false;
	for (; p->waits; p->waits--) {
		const struct sim_wait *wait = &q->waits[q->wait_head];

		if (!ended(wait->queue, wait->seq))
			return false;
		waits_drop(q, 1);
	}
	return true;
}

/* Waits of a submit, one per queue that is not this one and not done. */
static int waits_add(struct sim_queue *q, const struct octet_run *run, uint32_t *added)
{
	*added = 0;
	for (size_t i = 0; i < run->wait_count; i++) {
		struct sim_queue *other = run->wait[i]->queue->priv;

		if (other == q || ended(other, run->wait[i]->seq))
			continue;
		if (q->wait_count == SIM_WAITS) {
			while (*added) {
				--*added;
				--q->wait_count;
				other = q->waits[(q->wait_head + q->wait_count) % SIM_WAITS].queue;
				queue_put(other);
			}
			return -EBUSY;
		}
		q->waits[(q->wait_head + q->wait_count) % SIM_WAITS] =
			(struct sim_wait){ other, run->wait[i]->seq };
		q->wait_count++;
		other->refs++;
		++*added;
	}
	return 0;
}

static int enqueue(struct sim_queue *q, const struct octet_run *run)
{
	uint32_t waits;

	if (q->sim->gone)
		return -ENODEV;
	if (q->state.error)
		return -ECANCELED;
	if (q->count + run->count > SIM_QUEUE_DEPTH || waits_add(q, run, &waits))
		return -EBUSY;
	for (size_t i = 0; i < run->count; i++) {
		const struct octet_job *job = run->jobs[i];
		struct sim_pending *p = &q->pending[(q->head + q->count) % SIM_QUEUE_DEPTH];

		*p = (struct sim_pending){
			.cmd_va = job->commands->va,
			.report_va = job->reports->va,
			.budget = job->budget,
			.cmd_count = job->count,
			.sw = job->sw,
			.lb = job->lb,
			.waits = i ? 0 : waits,
			.irq = run->each || i + 1 == run->count,
		};
		q->count++;
	}
	sim_core_feed(q->core);
	return 0;
}

int sim_submit(struct octet_queue *queue, const struct octet_run *run)
{
	struct sim *sim = sim_of(queue);
	int ret;

	pthread_mutex_lock(&sim->lock);
	ret = enqueue(queue->priv, run);
	pthread_mutex_unlock(&sim->lock);
	if (ret == -EBUSY)
		return octet_set_error(
			queue->ctx, ret,
			"octet_submit: too much is queued: at most %d jobs and %d fences to wait for per queue",
			SIM_QUEUE_DEPTH, SIM_WAITS);
	if (ret == -ENODEV)
		return octet_set_error(queue->ctx, ret, "octet_submit: the device is gone");
	return ret;
}

int sim_queue_wait(struct octet_queue *queue, uint64_t seq, int64_t deadline)
{
	struct sim_queue *q = queue->priv;
	struct sim *sim = q->sim;
	struct timespec t = { deadline / 1000000000, deadline % 1000000000 };
	int ret = 0;

	pthread_mutex_lock(&sim->lock);
	while (!ended(q, seq) && !ret) {
		if (deadline == INT64_MAX)
			pthread_cond_wait(&sim->done, &sim->lock);
		else
			ret = pthread_cond_timedwait(&sim->done, &sim->lock, &t);
	}
	if (ended(q, seq))
		ret = 0;
	if (!ret && sim->gone && !q->state.error && seq > q->state.completed)
		ret = ENODEV;
	pthread_mutex_unlock(&sim->lock);
	if (ret == ENODEV)
		return octet_set_error(queue->ctx, -ENODEV, "the device is gone");
	return -ret;
}

int sim_queue_state(struct octet_queue *queue, struct octet_queue_state *state)
{
	struct sim *sim = sim_of(queue);

	pthread_mutex_lock(&sim->lock);
	*state = ((struct sim_queue *)queue->priv)->state;
	pthread_mutex_unlock(&sim->lock);
	return 0;
}

void sim_queue_signal(struct sim_queue *q)
{
	bool all = q->state.error || q->sim->gone;

	octet_watch_fire(&q->watchers, all ? UINT64_MAX : q->state.completed);
	pthread_cond_broadcast(&q->sim->done);
}

void sim_queue_fail(struct sim_queue *q, const struct octet_queue_state *why)
{
	uint64_t completed = q->state.completed;

	q->state = *why;
	q->state.completed = completed;
	q->count = 0;
	waits_drop(q, q->wait_count);
	sim_queue_signal(q);
}

int sim_fence_fd(struct octet_fence *fence, int *out)
{
	struct sim_queue *q = fence->queue->priv;
	int fd;

	pthread_mutex_lock(&q->sim->lock);
	fd = octet_watch_add(&q->watchers, fence->seq, ended(q, fence->seq));
	pthread_mutex_unlock(&q->sim->lock);
	if (fd < 0)
		return octet_set_error(fence->ctx, fd, "octet_fence_fd: %s", strerror(-fd));
	*out = fd;
	return 0;
}
