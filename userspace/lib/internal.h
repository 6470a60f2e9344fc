/* SPDX-License-Identifier: MIT */
/*
 * Private types of liboctet that two or more folders share.
 *
 * Locks: @lock of a context guards its lists, the newest run of each job and
 * the newest error message, because fences may be waited for by any thread.
 * Everything else belongs to the one thread that uses the context.
 */
#ifndef OCTET_INTERNAL_H
#define OCTET_INTERNAL_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "public.h"

#include <drm/octet_isa.h>

struct octet_backend_ops;

/** struct octet_link - member of a doubly linked list with a head of its kind */
struct octet_link {
	struct octet_link *prev, *next;
};

static inline void octet_link_init(struct octet_link *head)
{
	head->prev = head;
	head->next = head;
}

static inline void octet_link_add(struct octet_link *head, struct octet_link *link)
{
	link->prev = head->prev;
	link->next = head;
	head->prev->next = link;
	head->prev = link;
}

static inline void octet_link_del(struct octet_link *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
	octet_link_init(link);
}

static inline bool octet_link_empty(const struct octet_link *head)
{
	return head->next == head;
}

/** The struct of @type that holds the link @ptr as @member. */
#define octet_entry(ptr, type, member) \
	((type *)(void *)((char *)(ptr) - offsetof(type, member)))

/**
 * struct octet_ctx
 *
 * @priv: the backend's own state
 * @info: constant after octet_open()
 * @own: the context's own queue
 * @submit_lock: around a backend's submit, because the workers of plans submit, too
 */
struct octet_ctx {
	const struct octet_backend_ops *ops;
	void *priv;
	enum octet_backend backend;
	struct octet_info info;
	char reason[256];
	pthread_mutex_t lock;
	char error[512];
	pthread_mutex_t submit_lock;
	struct octet_link tensors, jobs, queues, fences, plans, panels;
	struct octet_queue *own;
};

/**
 * struct octet_buffer - memory that the machine reaches
 *
 * @va: device address
 * @map: the same bytes here
 * @handle: the backend's own
 * @packed: weights with a packed copy, see job_panels.c
 */
struct octet_buffer {
	struct octet_ctx *ctx;
	unsigned int refs;
	size_t size;
	bool read_only;
	bool packed;
	uint8_t *map;
	uint64_t va;
	uint64_t handle;
};

#define OCTET_NAME_SIZE 64

/**
 * struct octet_tensor
 *
 * @scale: per channel: [dims[axis]], else NULL and @scale0, @zero0 apply
 */
struct octet_tensor {
	struct octet_link link;
	struct octet_ctx *ctx;
	struct octet_buffer *buffer;
	enum octet_dtype type;
	uint32_t rank;
	uint32_t dims[OCTET_MAX_RANK];
	size_t bytes;
	float scale0;
	int32_t zero0;
	uint32_t axis;
	float *scale;
	int32_t *zero;
	char name[OCTET_NAME_SIZE];
};

/* struct octet_use.flags */
#define OCTET_USE_READ	(1u << 0)
#define OCTET_USE_WRITE	(1u << 1)
#define OCTET_USE_CONST	(1u << 2)

/**
 * struct octet_use - a buffer that a job reads or writes
 *
 * CONST: nothing writes it while the job runs. CONST alone: read by the
 * library when the job is made ready, never by the machine.
 */
struct octet_use {
	struct octet_buffer *buffer;
	uint32_t flags;
};

struct octet_panels;

/**
 * struct octet_planned - one command before it is in memory
 *
 * @raw: from octet_job_command(): no records, nothing is known of it
 * @bias: int32 [channels], read when the job is made ready; may be NULL
 * @weights: what @cmd.wgt points to, unless @raw
 * @panels: what it takes instead; may be NULL
 * @mult: [channels]
 * @chn: [channels]
 */
struct octet_planned {
	struct octet_cmd cmd;
	bool raw;
	uint32_t channels;
	const struct octet_buffer *bias;
	struct octet_buffer *weights;
	struct octet_panels *panels;
	uint32_t *mult;
	struct octet_channel *chn;
	uint64_t macs;
};

/**
 * struct octet_job
 *
 * @commands: commands, then their records; read-only to the device
 * @reports: struct octet_report[count]
 * @run_queue: newest run, NULL before the first; @run_seq of that queue
 * @wait_seq: sequence number that covers the run and has a fence
 * @const_weights: the caller's promise, struct octet_job_opts
 * @made: the backend's own
 * @orphan: made by a single-call operation: freed when it has run
 */
struct octet_job {
	struct octet_link link;
	struct octet_ctx *ctx;
	struct octet_planned *planned;
	uint32_t count, room;
	struct octet_use *uses;
	uint32_t use_count, use_room;
	bool ready;
	bool orphan;
	bool const_weights;
	void *made;
	struct octet_buffer *commands;
	struct octet_buffer *reports;
	uint32_t sw, lb;
	uint64_t budget;
	struct octet_queue *run_queue;
	uint64_t run_seq, wait_seq;
};

/**
 * struct octet_queue
 *
 * Sequence numbers count the jobs of a queue from 1.
 *
 * @refs: of the handle, of fences and of jobs that ran on it
 * @submitted: newest sequence number given out
 * @reported: the caller has learned of its failure
 */
struct octet_queue {
	struct octet_link link;
	struct octet_ctx *ctx;
	atomic_uint refs;
	void *priv;
	uint64_t submitted;
	atomic_bool reported;
};

/** struct octet_fence - job @seq of @queue */
struct octet_fence {
	struct octet_link link;
	struct octet_ctx *ctx;
	struct octet_queue *queue;
	uint64_t seq;
};

/* error.c */

/** octet_set_error() - set the message of @ctx (may be NULL), return @error */
int octet_set_error(struct octet_ctx *ctx, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * octet_error_divert() - messages of this thread go to @text, not to contexts
 * @text: sizeof(octet_ctx.error) bytes; NULL: back to contexts
 *
 * Return: what it was before.
 */
char *octet_error_divert(char *text);

const char *octet_status_name(uint32_t status);
/** octet_status_text() - a sentence about a device status */
const char *octet_status_text(uint32_t status);
const char *octet_operand_name(uint32_t operand);
/** octet_status_error() - what a fence returns for a device status */
int octet_status_error(uint32_t status);

/* options.c */

/**
 * octet_opts_in() - copy a caller's option struct
 * @name: of the struct, for messages
 * @known: size in this library
 */
int octet_opts_in(struct octet_ctx *ctx, const char *name, const void *user, size_t known,
		  void *out);
/** octet_opts_out() - fill in a caller's result struct; its size stays */
int octet_opts_out(struct octet_ctx *ctx, const char *name, const void *from, size_t known,
		   void *user);

/* buffer.c */

int octet_buffer_new(struct octet_ctx *ctx, size_t size, bool read_only,
		     struct octet_buffer **buffer);
/** octet_buffer_name() - what it is for, shown by the kernel where there is one */
__attribute__((format(printf, 2, 3))) void octet_buffer_name(struct octet_buffer *buffer,
							      const char *format, ...);
struct octet_buffer *octet_buffer_get(struct octet_buffer *buffer);
void octet_buffer_put(struct octet_buffer *buffer);

/* dtype.c */

/** octet_dtype_bits() - of an element; 0: no such type */
unsigned int octet_dtype_bits(enum octet_dtype type);

/* tensor.c */

/** octet_dtype_size() - bytes of an element of a single operation's tensor; 0: not for those */
size_t octet_dtype_size(enum octet_dtype type);
/** octet_tensor_label() - "'conv1/w' (w)" or "'w'", for messages */
const char *octet_tensor_label(const struct octet_tensor *tensor, const char *role, char *out,
			       size_t size);
#define OCTET_LABEL_SIZE (OCTET_NAME_SIZE + 32)

/* job.c */

/** struct octet_want - a tensor that a command uses; NULL: none */
struct octet_want {
	struct octet_tensor *tensor;
	const char *role;
	uint32_t flags;
};

/** octet_job_uses() - keep the buffers; refuses changes to what is constant */
int octet_job_uses(struct octet_job *job, const char *call, const struct octet_want *wants,
		   size_t count);
/** octet_job_use() - keep one buffer, without a check */
int octet_job_use(struct octet_job *job, struct octet_buffer *buffer, uint32_t flags);
/** octet_job_bind() - octet_job_ready() with the SRAM divided by the caller */
int octet_job_bind(struct octet_job *job, uint32_t sw, uint32_t lb);
/** octet_job_add() - append an empty command; NULL: no memory, message set */
struct octet_planned *octet_job_add(struct octet_job *job, const char *call);
int octet_job_add_error(const struct octet_job *job);
/** octet_job_drop() - take the newest command back */
void octet_job_drop(struct octet_job *job);
bool octet_job_done(const struct octet_job *job);
/** octet_job_destroy() - without waiting */
void octet_job_destroy(struct octet_job *job);

/* plan/plan.c */

/** octet_plan_free_first() - free one of the context's plans, of which there is one */
void octet_plan_free_first(struct octet_ctx *ctx);

/* job_panels.c */

/**
 * octet_job_panels() - constant weights in the layout that the machine takes as it lies
 *
 * Weights for which there is no memory stay as they are.
 */
void octet_job_panels(struct octet_job *job);
void octet_panels_put(struct octet_panels *panels);
/** octet_panels_forget() - @weights are about to be freed */
void octet_panels_forget(const struct octet_buffer *weights);

/* plan_lines.c */

/** octet_plan_lines() - bytes of line buffers for a job with sw = @sw */
int octet_plan_lines(struct octet_job *job, uint32_t sw, uint32_t *lb);

/* queue.c */

int octet_queue_make(struct octet_ctx *ctx, enum octet_priority priority,
		     struct octet_queue **queue);
struct octet_queue *octet_queue_get(struct octet_queue *queue);
void octet_queue_put(struct octet_queue *queue);

/* fence.c */

/** octet_fence_result() - of a signalled fence, with its message */
int octet_fence_result(struct octet_fence *fence);
int64_t octet_now(void);
/** octet_deadline() - absolute time of a relative timeout, saturating */
int64_t octet_deadline(int64_t timeout_ns);

#endif /* OCTET_INTERNAL_H */
