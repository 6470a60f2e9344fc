// SPDX-License-Identifier: MIT
/*
 * Running a plan. Without host operators a run is one submit, and its state that of
 * the slot's queue. With them a worker per slot takes the steps one by one.
 * Nothing here allocates memory but octet_plan_fd().
 */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "../backend/backend.h"
#include "plan.h"

#define SUBMIT_JOBS	64	/* at once: what the driver takes */

/* The fence of a slot's newest submit. */
static struct octet_fence fence_of(const struct plan_slot *slot)
{
	return (struct octet_fence){
		.ctx = slot->plan->ctx,
		.queue = slot->queue,
		.seq = slot->seq,
	};
}

static int submit_some(struct plan_slot *slot, uint32_t first, uint32_t count)
{
	struct octet_ctx *ctx = slot->plan->ctx;
	struct octet_run run = {
		.jobs = &slot->jobs[first],
		.count = count,
		.first_seq = slot->queue->submitted + 1,
	};
	int ret;

	pthread_mutex_lock(&ctx->submit_lock);
	ret = ctx->ops->submit(slot->queue, &run);
	pthread_mutex_unlock(&ctx->submit_lock);
	if (ret)
		return ret;
	pthread_mutex_lock(&ctx->lock);
	for (uint32_t i = 0; i < count; i++) {
		slot->jobs[first + i]->run_seq = run.first_seq + i;
		slot->jobs[first + i]->wait_seq = run.first_seq + count - 1;
	}
	pthread_mutex_unlock(&ctx->lock);
	slot->queue->submitted += count;
	slot->seq = slot->queue->submitted;
	return 0;
}

/*
 * Jobs @first on, in the order of the queue. More than a backend takes at once go in
 * several submits; what is under way when one is refused has ended on return.
 */
static int submit(struct plan_slot *slot, uint32_t first, uint32_t count)
{
	const struct octet_backend_ops *ops = slot->plan->ctx->ops;
	bool waited = true;
	int ret = 0;

	while (count && !ret) {
		uint32_t some = count < SUBMIT_JOBS ? count : SUBMIT_JOBS;

		ret = submit_some(slot, first, some);
		if (!ret) {
			first += some;
			count -= some;
			waited = false;
		} else if (!waited) {
			ops->wait(slot->queue, slot->seq, INT64_MAX);
			waited = true;
			ret = ret == -EBUSY ? 0 : ret;
		}
	}
	return ret;
}

/* Adds to a failure whose it is: job @s->completed + 1 is one of this slot. */
static int name_operator(struct plan_slot *slot, const struct octet_queue_state *s, int error,
			 const char *text)
{
	const struct octet_plan *plan = slot->plan;

	for (uint32_t i = 0; i < plan->segment_count; i++) {
		const struct plan_segment *seg = &plan->segments[i];
		uint32_t count = seg->count * seg->parts, op;
		uint32_t step = s->status && s->command < count ? s->command % seg->count : 0;

		if (slot->jobs[i]->run_seq != s->completed + 1)
			continue;
		op = plan->low->cmds[plan->low->steps[seg->first + step].index].op;
		return octet_set_error(plan->ctx, error, "%s %u %s: %s",
				       s->status ? "operator" : "operators from", op,
				       plan->graph->ops[op].name, text);
	}
	return octet_set_error(plan->ctx, error, "%s", text);
}

/* What became of the slot's newest submit, which has ended. */
static int device_result(struct plan_slot *slot)
{
	struct octet_fence fence = fence_of(slot);
	char text[sizeof(slot->error)] = "", *before;
	struct octet_queue_state state = { 0 };
	int ret = fence.ctx->ops->state(slot->queue, &state);

	if (ret || !state.error || fence.seq <= state.completed)
		return ret;
	/* The job that failed, not one that was cancelled for it. */
	fence.seq = state.completed + 1;
	before = octet_error_divert(text);
	ret = octet_fence_result(&fence);
	octet_error_divert(before);
	return name_operator(slot, &state, ret, text);
}

static int wait_device(struct plan_slot *slot, int64_t deadline)
{
	int ret = slot->plan->ctx->ops->wait(slot->queue, slot->seq, deadline);

	return ret ? ret : device_result(slot);
}

static int run_host(struct plan_slot *slot, uint32_t index)
{
	struct octet_plan *plan = slot->plan;
	const struct plan_host *h = &plan->hosts[index];
	char text[256] = "";
	struct octet_host_call call = {
		.g = plan->graph,
		.op = &plan->graph->ops[h->op],
		.buffers = slot->buffers,
		.scratch = slot->scratch,
		.scratch_bytes = h->scratch,
		.err = text,
		.err_size = sizeof(text),
	};
	int64_t start = octet_now();
	int ret = h->fn(&call);

	slot->host_ns[index] = (uint64_t)(octet_now() - start);
	if (ret)
		return octet_set_error(plan->ctx, ret, "operator %u %s: %s", h->op, call.op->name,
				       text);
	return 0;
}

static int run_items(struct plan_slot *slot)
{
	const struct octet_plan *plan = slot->plan;

	for (uint32_t i = 0; i < plan->item_count; i++) {
		const struct plan_item *item = &plan->items[i];
		int ret;

		if (item->host) {
			ret = run_host(slot, item->first);
		} else {
			ret = submit(slot, item->first, item->count);
			if (!ret)
				ret = wait_device(slot, INT64_MAX);
		}
		if (ret)
			return ret;
	}
	return 0;
}

static void tell_watchers(struct plan_slot *slot)
{
	static const uint64_t one = 1;

	for (uint32_t i = 0; i < slot->watcher_count; i++) {
		if (write(slot->watchers[i], &one, sizeof(one)) < 0)
			continue;	/* an eventfd of ours that is empty takes it */
	}
	for (uint32_t i = 0; i < slot->watcher_count; i++)
		close(slot->watchers[i]);
	slot->watcher_count = 0;
}

static void *worker(void *opaque)
{
	struct plan_slot *slot = opaque;
	struct octet_plan *plan = slot->plan;

	octet_error_divert(slot->error);
	pthread_mutex_lock(&plan->lock);
	for (;;) {
		int ret;

		while (slot->state != PLAN_RUNNING && !plan->stop)
			pthread_cond_wait(&slot->wake, &plan->lock);
		if (slot->state != PLAN_RUNNING)
			break;
		pthread_mutex_unlock(&plan->lock);
		ret = run_items(slot);
		pthread_mutex_lock(&plan->lock);
		slot->result = ret;
		slot->state = PLAN_DONE;
		tell_watchers(slot);
		pthread_cond_broadcast(&slot->done);
	}
	pthread_mutex_unlock(&plan->lock);
	return NULL;
}

int octet_plan_workers(struct octet_plan *plan)
{
	for (uint32_t i = 0; i < plan->opts.slots && plan->host_count; i++) {
		struct plan_slot *slot = &plan->slots[i];

		if (pthread_create(&slot->worker, NULL, worker, slot))
			return octet_set_error(plan->ctx, -EAGAIN,
					       "octet_plan_new: no thread for slot %u", i);
		slot->has_worker = true;
	}
	return 0;
}

/* A slot whose run failed needs a new queue: its old one takes nothing more. */
static int fresh_queue(struct plan_slot *slot)
{
	struct octet_ctx *ctx = slot->plan->ctx;
	struct octet_queue *fresh;
	int ret;

	if (!atomic_load(&slot->queue->reported))
		return 0;
	ret = octet_queue_make(ctx, OCTET_PRIORITY_NORMAL, &fresh);
	if (ret)
		return ret;
	for (uint32_t i = 0; i < slot->plan->segment_count; i++) {
		pthread_mutex_lock(&ctx->lock);
		slot->jobs[i]->run_queue = octet_queue_get(fresh);
		slot->jobs[i]->run_seq = slot->jobs[i]->wait_seq = 0;
		pthread_mutex_unlock(&ctx->lock);
		octet_queue_put(slot->queue);
	}
	octet_queue_put(slot->queue);
	slot->queue = fresh;
	slot->seq = 0;
	return 0;
}

static enum plan_state state_of(struct plan_slot *slot)
{
	enum plan_state state;

	pthread_mutex_lock(&slot->plan->lock);
	state = slot->state;
	pthread_mutex_unlock(&slot->plan->lock);
	return state;
}

bool octet_plan_running(struct plan_slot *slot)
{
	if (state_of(slot) != PLAN_RUNNING)
		return false;
	return slot->has_worker ||
	       (slot->plan->segment_count &&
		slot->plan->ctx->ops->wait(slot->queue, slot->seq, 0) == -ETIMEDOUT);
}

static struct plan_slot *slot_of(struct octet_plan *plan, uint32_t slot)
{
	return plan && slot < plan->opts.slots ? &plan->slots[slot] : NULL;
}

static void timespec_of(int64_t deadline, struct timespec *t)
{
	t->tv_sec = (time_t)(deadline / 1000000000);
	t->tv_nsec = (long)(deadline % 1000000000);
}

static int wait_worker(struct plan_slot *slot, int64_t deadline)
{
	struct octet_plan *plan = slot->plan;
	struct timespec until;
	int ret = 0;

	timespec_of(deadline, &until);
	pthread_mutex_lock(&plan->lock);
	while (slot->state == PLAN_RUNNING && !ret)
		ret = deadline == INT64_MAX ? pthread_cond_wait(&slot->done, &plan->lock) :
					      pthread_cond_timedwait(&slot->done, &plan->lock,
								     &until);
	ret = slot->state == PLAN_RUNNING ? -ETIMEDOUT : slot->result;
	pthread_mutex_unlock(&plan->lock);
	return ret;
}

static int wait_slot(struct plan_slot *slot, int64_t deadline)
{
	char *before;
	int ret;

	if (slot->has_worker)
		return wait_worker(slot, deadline);
	if (state_of(slot) == PLAN_RUNNING && slot->plan->segment_count) {
		before = octet_error_divert(slot->error);
		ret = wait_device(slot, deadline);
		octet_error_divert(before);
		if (ret == -ETIMEDOUT)
			return ret;
		slot->result = ret;
	}
	slot->state = PLAN_DONE;
	return slot->result;
}

int octet_plan_start(struct octet_plan *plan, uint32_t index)
{
	struct plan_slot *slot = slot_of(plan, index);
	int ret;

	if (!plan)
		return -EINVAL;
	if (!slot)
		return octet_set_error(plan->ctx, -EINVAL,
				       "octet_plan_start: no slot %u, the plan has %u", index,
				       plan->opts.slots);
	if (octet_plan_running(slot))
		return octet_set_error(plan->ctx, -EBUSY, "octet_plan_start: slot %u is running",
				       index);
	/* A run that nobody waited for may have failed. */
	if (state_of(slot) == PLAN_RUNNING)
		wait_slot(slot, INT64_MAX);
	ret = fresh_queue(slot);
	if (!ret && !plan->host_count && plan->segment_count)
		ret = submit(slot, 0, plan->segment_count);
	if (ret)
		return ret == -ECANCELED ? octet_set_error(plan->ctx, ret,
							   "octet_plan_start: the queue has failed") :
					   ret;
	pthread_mutex_lock(&plan->lock);
	slot->state = PLAN_RUNNING;
	slot->result = 0;
	slot->error[0] = '\0';
	pthread_cond_signal(&slot->wake);
	pthread_mutex_unlock(&plan->lock);
	return 0;
}

int octet_plan_wait(struct octet_plan *plan, uint32_t index, int64_t timeout_ns)
{
	struct plan_slot *slot = slot_of(plan, index);
	int ret;

	if (!plan)
		return -EINVAL;
	if (!slot || state_of(slot) == PLAN_IDLE)
		return octet_set_error(plan->ctx, -EINVAL,
				       "octet_plan_wait: slot %u of %u was not started", index,
				       plan->opts.slots);
	ret = wait_slot(slot, octet_deadline(timeout_ns));
	if (ret == -ETIMEDOUT)
		return octet_set_error(plan->ctx, ret, "octet_plan_wait: not done within %lld ns",
				       (long long)timeout_ns);
	if (!ret)
		return 0;
	return octet_set_error(plan->ctx, ret, "%s",
			       slot->error[0] ? slot->error : octet_strerror(ret));
}

/* One more descriptor that the worker writes to when it is done. */
static int watch(struct plan_slot *slot, int *fd)
{
	struct octet_plan *plan = slot->plan;
	int ret = 0, event, own = -1;
	int *grown;

	pthread_mutex_lock(&plan->lock);
	event = eventfd(slot->state == PLAN_DONE, EFD_CLOEXEC);
	if (event < 0)
		ret = -errno;
	if (!ret && slot->state == PLAN_RUNNING) {
		grown = realloc(slot->watchers, (slot->watcher_count + 1) * sizeof(*grown));
		if (grown)
			slot->watchers = grown;
		own = grown ? dup(event) : -1;
		if (own < 0)
			ret = grown ? -errno : -ENOMEM;
		else
			slot->watchers[slot->watcher_count++] = own;
	}
	pthread_mutex_unlock(&plan->lock);
	if (!ret)
		*fd = event;
	else if (event >= 0)
		close(event);
	return ret;
}

int octet_plan_fd(struct octet_plan *plan, uint32_t index, int *fd)
{
	struct plan_slot *slot = slot_of(plan, index);
	struct octet_fence fence;
	int ret;

	if (!plan || !fd)
		return -EINVAL;
	if (!slot || state_of(slot) == PLAN_IDLE)
		return octet_set_error(plan->ctx, -EINVAL,
				       "octet_plan_fd: slot %u of %u was not started", index,
				       plan->opts.slots);
	if (!plan->host_count && plan->segment_count) {
		fence = fence_of(slot);
		return plan->ctx->ops->fence_fd(&fence, fd);
	}
	if (!slot->has_worker)
		wait_slot(slot, INT64_MAX);
	ret = watch(slot, fd);
	return ret ? octet_set_error(plan->ctx, ret, "octet_plan_fd: %s", strerror(-ret)) : 0;
}

static void copy(void *to, const void *from, size_t bytes)
{
	if (bytes)
		memcpy(to, from, bytes);
}

int octet_plan_run(struct octet_plan *plan, const void *const *inputs, void *const *outputs)
{
	const struct octet_graph *g = plan ? plan->graph : NULL;
	size_t bytes;
	int ret;

	if (!plan)
		return -EINVAL;
	if ((g->input_count && !inputs) || (g->output_count && !outputs))
		return octet_set_error(plan->ctx, -EINVAL,
				       "octet_plan_run: inputs or outputs is NULL");
	if (octet_plan_running(&plan->slots[0]))
		return octet_set_error(plan->ctx, -EBUSY, "octet_plan_run: slot 0 is running");
	for (uint32_t i = 0; i < g->input_count; i++) {
		void *to = octet_plan_input(plan, 0, i, &bytes);

		if (!inputs[i])
			return octet_set_error(plan->ctx, -EINVAL,
					       "octet_plan_run: inputs[%u] is NULL", i);
		copy(to, inputs[i], bytes);
	}
	ret = octet_plan_start(plan, 0);
	if (!ret)
		ret = octet_plan_wait(plan, 0, -1);
	if (ret)
		return ret;
	for (uint32_t i = 0; i < g->output_count; i++) {
		const void *from = octet_plan_output(plan, 0, i, &bytes);

		if (outputs[i])
			copy(outputs[i], from, bytes);
	}
	return 0;
}

void octet_plan_stop(struct octet_plan *plan)
{
	pthread_mutex_lock(&plan->lock);
	plan->stop = true;
	for (uint32_t i = 0; plan->slots && i < plan->opts.slots; i++)
		pthread_cond_signal(&plan->slots[i].wake);
	pthread_mutex_unlock(&plan->lock);
	for (uint32_t i = 0; plan->slots && i < plan->opts.slots; i++) {
		struct plan_slot *slot = &plan->slots[i];

		if (slot->has_worker)
			pthread_join(slot->worker, NULL);
		else if (slot->queue)
			plan->ctx->ops->wait(slot->queue, slot->seq, INT64_MAX);
	}
}
