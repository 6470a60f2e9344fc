// SPDX-License-Identifier: MIT
/*
 * The CPU backend: one thread that runs the fallback, all queues of a context
 * in the order of their submits; who waits without a limit helps. So a fence to wait for has always passed.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "../cpu/cpu.h"
#include "backend.h"
#include "ranges.h"
#include "watch.h"

#define CPU_SRAM (1u << 20)
#define CPU_DEPTH 4096
#define CPU_MAX_CMDS 4096
#define SHORT_CMDS 16
#define SHORT_NS (UINT64_C(1) << 19) /* by octet_cpu_speed(), which is careful */
#define PAGE 4096

struct cpu_queue {
	struct octet_queue_state state;
	struct octet_watch *watchers;
};

/** struct cpu_run - a job in the line */
struct cpu_run {
	struct cpu_queue *queue;
	struct octet_job *job;
};

/**
 * struct cpu_state
 *
 * @generation: counts changes of @memory
 * @memory: buffers; a device address is the address here
 * @running: the first job of the line is being run, by the thread or by one that
 *	waits and would only have slept
 * @line: jobs
 */
struct cpu_state {
	struct octet_cpu *cpu;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	bool stop, running;
	struct octet_ranges memory;
	uint64_t generation;
	unsigned int queues;
	struct cpu_run line[CPU_DEPTH];
	size_t head, count;
};

static void *memory_at(void *opaque, uint64_t va, uint64_t bytes, bool write)
{
	struct cpu_state *cpu = opaque;
	const struct octet_range *range;
	void *at = NULL;

	pthread_mutex_lock(&cpu->lock);
	range = octet_ranges_find(&cpu->memory, va, bytes);
	if (range && (range->writable || !write))
		at = (void *)(uintptr_t)va;
	pthread_mutex_unlock(&cpu->lock);
	return at;
}

/** struct job_memory - memory as a job sees it */
struct job_memory {
	struct cpu_state *cpu;
	const struct octet_job *job;
};

static void *job_memory_at(void *opaque, uint64_t va, uint64_t bytes, bool write)
{
	return memory_at(((struct job_memory *)opaque)->cpu, va, bytes, write);
}

/* What the library wrote once and no job can write, and what the caller promised. */
static bool memory_constant(void *opaque, uint64_t va, uint64_t bytes)
{
	const struct job_memory *m = opaque;
	const struct octet_range *range;
	bool constant;

	pthread_mutex_lock(&m->cpu->lock);
	range = octet_ranges_find(&m->cpu->memory, va, bytes);
	constant = range && !range->writable;
	pthread_mutex_unlock(&m->cpu->lock);
	for (uint32_t i = 0; range && !constant && m->job->const_weights &&
	     i < m->job->use_count; i++)
		constant = m->job->uses[i].buffer->va == range->start &&
			   m->job->uses[i].flags & OCTET_USE_CONST;
	return constant;
}

/* The first run makes the job ready. */
static int run_job(struct cpu_state *cpu, struct octet_job *job, struct octet_cpu_fault *fault)
{
	struct job_memory view = { cpu, job };
	struct octet_cpu_memory memory = {
		.opaque = &view,
		.at = job_memory_at,
		.constant = memory_constant,
	};
	struct octet_cpu_job *made = job->made;
	int ret = 0;

	pthread_mutex_lock(&cpu->lock);
	memory.generation = cpu->generation;
	pthread_mutex_unlock(&cpu->lock);
	if (!made)
		ret = octet_cpu_job_new(cpu->cpu, &memory, (const void *)job->commands->map,
					job->count, CPU_SRAM, job->sw, &made, fault);
	job->made = made;
	if (!ret)
		ret = octet_cpu_job_run(cpu->cpu, &memory, made, (void *)job->reports->map, fault);
	return ret;
}

static void run(struct cpu_state *cpu, const struct cpu_run *r, struct octet_queue_state *result)
{
	struct octet_cpu_fault fault = { 0 };
	int ret = run_job(cpu, r->job, &fault);

	*result = (struct octet_queue_state){ .error = ret };
	if (!ret)
		return;
	/* A cancelled run has no status: nothing is wrong with its commands. */
	if (ret == -ECANCELED) {
		result->command = fault.command;
		snprintf(result->text, sizeof(result->text),
			 "cancelled at command %u of %u, its result may be incomplete",
			 fault.command, r->job->count);
		return;
	}
	if (ret == -EFAULT)
		result->error = octet_status_error(fault.status);
	result->status = fault.status;
	result->command = fault.command;
	result->detail = fault.detail;
	result->fault_va = fault.va;
	snprintf(result->text, sizeof(result->text), "%s", fault.text);
}

static void finish(struct cpu_state *cpu, struct cpu_queue *q,
		   const struct octet_queue_state *result)
{
	if (result->error) {
		uint64_t completed = q->state.completed;

		q->state = *result;
		q->state.completed = completed;
	} else {
		q->state.completed++;
	}
	octet_watch_fire(&q->watchers, result->error ? UINT64_MAX : q->state.completed);
	pthread_cond_broadcast(&cpu->done);
}

/* The first job of the line, with the lock, which is let go meanwhile. */
static void run_next(struct cpu_state *cpu)
{
	struct octet_queue_state result;
	struct cpu_run *r = &cpu->line[cpu->head];

	cpu->running = true;
	/* Those after a failed job are cancelled. */
	if (!r->queue->state.error) {
		pthread_mutex_unlock(&cpu->lock);
		run(cpu, r, &result);
		pthread_mutex_lock(&cpu->lock);
		finish(cpu, r->queue, &result);
	}
	cpu->running = false;
	cpu->head = (cpu->head + 1) % CPU_DEPTH;
	cpu->count--;
	pthread_cond_broadcast(&cpu->done);
}

static void *cpu_main(void *opaque)
{
	struct cpu_state *cpu = opaque;

	pthread_mutex_lock(&cpu->lock);
	while (!cpu->stop) {
		if (cpu->count && !cpu->running)
			run_next(cpu);
		else
			pthread_cond_wait(&cpu->work, &cpu->lock);
	}
	pthread_mutex_unlock(&cpu->lock);
	return NULL;
}

static void fill_info(struct cpu_state *cpu, struct octet_info *info)
{
	const unsigned int threads = octet_cpu_threads(cpu->cpu, NULL);

	info->sram = CPU_SRAM;
	/* All there are, with all types, tails and chains. */
	info->ops = (1u << (OCTET_OP_TCONV2D + 1)) - (1u << OCTET_OP_CONV2D);
	info->stages = (1u << (OCTET_STAGE_FP32_RNE + 1)) - 1;
	info->max_cmds = CPU_MAX_CMDS;
	snprintf(info->simd, sizeof(info->simd), "%s", octet_cpu_level(cpu->cpu));
	snprintf(info->name, sizeof(info->name), "CPU fallback, %s", info->simd);
	if (threads > 1)
		snprintf(info->name, sizeof(info->name), "CPU fallback, %s, %u threads",
			 info->simd, threads);
}

static int cpu_open(struct octet_ctx *ctx, const struct octet_open_opts *opts)
{
	struct cpu_state *cpu = calloc(1, sizeof(*cpu));
	pthread_condattr_t attr;
	char err[200] = "";
	int ret;

	if (!cpu)
		return octet_set_error(ctx, -ENOMEM, "octet_open: out of memory");
	ret = octet_cpu_new(&cpu->cpu, opts->cpu_level, opts->cpu_threads, err, sizeof(err));
	if (ret) {
		free(cpu);
		return octet_set_error(ctx, ret, "octet_open: %s", err);
	}
	pthread_mutex_init(&cpu->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&cpu->work, &attr);
	pthread_cond_init(&cpu->done, &attr);
	pthread_condattr_destroy(&attr);
	ctx->priv = cpu;
	fill_info(cpu, &ctx->info);
	ret = -pthread_create(&cpu->thread, NULL, cpu_main, cpu);
	if (ret) {
		octet_cpu_free(cpu->cpu);
		free(cpu);
		return octet_set_error(ctx, ret, "octet_open: no thread: %s", strerror(-ret));
	}
	return 0;
}

static void cpu_close(struct octet_ctx *ctx)
{
	struct cpu_state *cpu = ctx->priv;

	pthread_mutex_lock(&cpu->lock);
	cpu->stop = true;
	pthread_cond_signal(&cpu->work);
	pthread_mutex_unlock(&cpu->lock);
	pthread_join(cpu->thread, NULL);
	octet_cpu_free(cpu->cpu);
	pthread_cond_destroy(&cpu->work);
	pthread_cond_destroy(&cpu->done);
	pthread_mutex_destroy(&cpu->lock);
	free(cpu->memory.at);
	free(cpu);
}

static int cpu_usage(struct octet_ctx *ctx, struct octet_usage *usage)
{
	struct cpu_state *cpu = ctx->priv;

	for (size_t i = 0; i < cpu->memory.count; i++)
		usage->buffer_bytes += cpu->memory.at[i].size;
	usage->buffers = (uint32_t)cpu->memory.count;
	usage->queues = cpu->queues;
	return 0;
}

static int cpu_buffer_new(struct octet_buffer *buffer)
{
	struct cpu_state *cpu = buffer->ctx->priv;
	size_t bytes = (buffer->size + PAGE - 1) / PAGE * PAGE;
	int ret = 0;

	buffer->map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buffer->map == MAP_FAILED)
		return octet_set_error(buffer->ctx, -ENOMEM, "no memory for a buffer of %zu bytes",
				       bytes);
	buffer->va = (uintptr_t)buffer->map;
	pthread_mutex_lock(&cpu->lock);
	ret = octet_ranges_add(&cpu->memory, buffer->va, bytes, !buffer->read_only);
	cpu->generation++;
	pthread_mutex_unlock(&cpu->lock);
	if (ret) {
		munmap(buffer->map, bytes);
		return octet_set_error(buffer->ctx, ret, "out of memory");
	}
	buffer->size = bytes;
	return 0;
}

static void cpu_buffer_free(struct octet_buffer *buffer)
{
	struct cpu_state *cpu = buffer->ctx->priv;

	pthread_mutex_lock(&cpu->lock);
	octet_ranges_del(&cpu->memory, buffer->va);
	cpu->generation++;
	pthread_mutex_unlock(&cpu->lock);
	munmap(buffer->map, buffer->size);
}

static int cpu_queue_new(struct octet_queue *queue, enum octet_priority priority)
{
	struct cpu_state *cpu = queue->ctx->priv;

	(void)priority;
	queue->priv = calloc(1, sizeof(struct cpu_queue));
	if (!queue->priv)
		return octet_set_error(queue->ctx, -ENOMEM, "octet_queue_new: out of memory");
	cpu->queues++;
	return 0;
}

/* Cancelled jobs of the queue may still be in the line. */
static bool in_line(const struct cpu_state *cpu, const struct cpu_queue *q)
{
	for (size_t i = 0; i < cpu->count; i++)
		if (cpu->line[(cpu->head + i) % CPU_DEPTH].queue == q)
			return true;
	return false;
}

static void cpu_queue_free(struct octet_queue *queue)
{
	struct cpu_state *cpu = queue->ctx->priv;
	struct cpu_queue *q = queue->priv;

	pthread_mutex_lock(&cpu->lock);
	while (in_line(cpu, q)) {
		pthread_cond_signal(&cpu->work);
		pthread_cond_wait(&cpu->done, &cpu->lock);
	}
	pthread_mutex_unlock(&cpu->lock);
	cpu->queues--;
	free(q);
}

static void cpu_job_free(struct octet_job *job)
{
	octet_cpu_job_free(job->made);
}

/*
 * Whether to wake the thread takes longer than to run the job when it is waited for.
 * All that could notice that it was not begun yet wakes the thread: see start_late().
 */
static bool is_short(const struct cpu_state *cpu, const struct octet_run *run)
{
	const uint64_t macs = SHORT_NS * octet_cpu_speed(cpu->cpu);
	const struct octet_job *job = run->jobs[0];

	return run->count == 1 && job->count <= SHORT_CMDS && octet_job_macs(job) < macs;
}

static void start_late(struct cpu_state *cpu)
{
	if (cpu->count && !cpu->running)
		pthread_cond_signal(&cpu->work);
}

static int cpu_submit(struct octet_queue *queue, const struct octet_run *run)
{
	struct cpu_state *cpu = queue->ctx->priv;
	struct cpu_queue *q = queue->priv;
	int ret = 0;

	pthread_mutex_lock(&cpu->lock);
	if (q->state.error)
		ret = -ECANCELED;
	else if (cpu->count + run->count > CPU_DEPTH)
		ret = -EBUSY;
	for (size_t i = 0; i < run->count && !ret; i++) {
		cpu->line[(cpu->head + cpu->count++) % CPU_DEPTH] = (struct cpu_run){
			.queue = q,
			.job = run->jobs[i],
		};
	}
	if (cpu->count > 1 || !is_short(cpu, run))
		pthread_cond_signal(&cpu->work);
	pthread_mutex_unlock(&cpu->lock);
	if (ret == -EBUSY)
		octet_set_error(queue->ctx, ret, "octet_submit: at most %d jobs can be queued",
				CPU_DEPTH);
	return ret;
}

static bool ended(const struct cpu_queue *q, uint64_t seq)
{
	return seq <= q->state.completed || q->state.error;
}

static int cpu_wait(struct octet_queue *queue, uint64_t seq, int64_t deadline)
{
	struct timespec t = { deadline / 1000000000, deadline % 1000000000 };
	struct cpu_state *cpu = queue->ctx->priv;
	int ret = 0;

	pthread_mutex_lock(&cpu->lock);
	if (deadline != INT64_MAX)
		start_late(cpu);
	while (!ended(queue->priv, seq) && !ret) {
		if (deadline != INT64_MAX)
			ret = pthread_cond_timedwait(&cpu->done, &cpu->lock, &t);
		else if (cpu->count && !cpu->running)
			run_next(cpu);
		else
			pthread_cond_wait(&cpu->done, &cpu->lock);
	}
	/* The thread may have woken while a job was being run here. */
	start_late(cpu);
	if (ended(queue->priv, seq))
		ret = 0;
	pthread_mutex_unlock(&cpu->lock);
	return -ret;
}

static int cpu_queue_state(struct octet_queue *queue, struct octet_queue_state *state)
{
	struct cpu_state *cpu = queue->ctx->priv;

	pthread_mutex_lock(&cpu->lock);
	start_late(cpu);
	*state = ((struct cpu_queue *)queue->priv)->state;
	pthread_mutex_unlock(&cpu->lock);
	return 0;
}

static int cpu_fence_fd(struct octet_fence *fence, int *out)
{
	struct cpu_state *cpu = fence->ctx->priv;
	struct cpu_queue *q = fence->queue->priv;
	int fd;

	pthread_mutex_lock(&cpu->lock);
	start_late(cpu);
	fd = octet_watch_add(&q->watchers, fence->seq, ended(q, fence->seq));
	pthread_mutex_unlock(&cpu->lock);
	if (fd < 0)
		return octet_set_error(fence->ctx, fd, "octet_fence_fd: %s", strerror(-fd));
	*out = fd;
	return 0;
}

const struct octet_backend_ops octet_cpu_ops = {
	.open = cpu_open,
	.close = cpu_close,
	.usage = cpu_usage,
	.buffer_new = cpu_buffer_new,
	.buffer_free = cpu_buffer_free,
	.queue_new = cpu_queue_new,
	.queue_free = cpu_queue_free,
	.job_free = cpu_job_free,
	.submit = cpu_submit,
	.wait = cpu_wait,
	.state = cpu_queue_state,
	.fence_fd = cpu_fence_fd,
};
