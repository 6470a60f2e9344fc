/* SPDX-License-Identifier: MIT */
/*
 * A plan: a lowered program with memory. plan.c puts it together from
 * segments.c (jobs), parts.c (batches in parts), memory.c (places), emit.c (commands),
 * and run.c runs it.
 *
 * Threads: a plan belongs to the thread of its context. With host operators each
 * slot has a worker, which touches its slot alone; @lock guards @state, @result
 * and @watchers of the slots.
 */
#ifndef OCTET_PLAN_H
#define OCTET_PLAN_H

#include <core/cycles.h>

#include "../host/host.h"
#include "../internal.h"
#include "../lower/lower.h"
#include "../model/model.h"
#include "place.h"

#define PLAN_SLOTS_MAX	64
#define PLAN_ALIGN	64

enum plan_home {
	PLAN_NOWHERE,	/* not in memory: unused, or within a job in SRAM or a link */
	PLAN_CONST,	/* shared by all slots, read-only to the device */
	PLAN_STATE,	/* variables: shared by all slots */
	PLAN_IO,	/* inputs and outputs of a slot */
	PLAN_ARENA,	/* the other activations of a slot */
	PLAN_HOST,	/* constant that only the host reads: where the model has it */
};

/**
 * struct plan_tensor - a tensor of the program
 *
 * @root: what it is a part of, itself if of nothing; @offset: bytes into it
 * The rest is of roots alone:
 * @home: @at: bytes into that memory
 * @first: @last: steps between which its memory is its own
 * @on_device: @on_host: who uses it
 * @segment: the one segment that uses it, of several for one run of steps the
 *	first; -1 none yet, -2 several
 * @edge: an input or output of the model
 */
struct plan_tensor {
	uint32_t root;
	uint64_t offset;
	enum plan_home home;
	uint64_t at;
	uint32_t first, last;
	bool on_device, on_host, edge;
	int32_t segment;
};

/**
 * struct plan_form - the program for a part of the batch
 *
 * The same steps on the same tensors as the whole batch's, fewer samples in each.
 *
 * @graph: NULL: the model's; @low: may be the plan's
 */
struct plan_form {
	uint32_t batch;
	struct octet_graph *graph;
	struct octet_low *low;
};

/**
 * struct plan_segment - commands that are one job
 *
 * The steps run once for each part of the batch, one after the other. What only they use
 * has room for one part.
 *
 * @first: @count: steps of the program
 * @low: the program for one part
 * @part: @parts: the first part of this job, and how many
 * @place: of a part's tensors, which have the program's numbers; commands and reports
 *	are those of all parts
 * @chain: [count], number of the chain of a command in the plan, 0: none
 */
struct plan_segment {
	uint32_t first, count;
	const struct octet_low *low;
	uint32_t part, parts;
	struct octet_place place;
	uint32_t *chain;
};

/** struct plan_item - what a run does next: jobs in one submit, or a host operator */
struct plan_item {
	bool host;
	uint32_t first;		/* segment; HOST: index of the host operator */
	uint32_t count;		/* segments */
};

/** struct plan_host - a host operator */
struct plan_host {
	uint32_t op;
	octet_host_fn *fn;
	size_t scratch;
};

enum plan_state {
	PLAN_IDLE,
	PLAN_RUNNING,
	PLAN_DONE,
};

/**
 * struct plan_slot - memory and jobs of one run in flight
 *
 * @jobs: [segments]
 * @queue: its own; @seq: of the newest submit
 * @buffers: [tensors of the graph], for host operators
 * @host_ns: [host operators], of the newest run
 * @error: the sentence to @result, if that is not 0
 * @watchers: descriptors to write when the run is done
 */
struct plan_slot {
	struct octet_plan *plan;
	struct octet_buffer *io, *arena;
	struct octet_job **jobs;
	struct octet_queue *queue;
	uint64_t seq;
	void **buffers;
	void *scratch;
	uint64_t *host_ns;
	enum plan_state state;
	int result;
	char error[sizeof(((struct octet_ctx *)0)->error)];
	int *watchers;
	uint32_t watcher_count;
	pthread_t worker;
	bool has_worker;
	pthread_cond_t wake, done;
};

/**
 * struct octet_plan
 *
 * @batched: the model's graph with a batch, NULL without
 * @low: the program for one sample; of its tensors @bytes is the whole batch
 * @forms: ways to take the batch in parts, the smallest parts first; the last is whole
 * @off_device: [operators of the graph] whose commands do not fit the machine
 * @predicted: [operators of the graph]
 */
struct octet_plan {
	struct octet_link link;
	struct octet_ctx *ctx;
	struct octet_model *model;
	struct octet_graph *batched;
	const struct octet_graph *graph;
	struct octet_plan_opts opts;
	struct octet_low *low;
	struct plan_form *forms;
	uint32_t form_count;
	bool *off_device;
	struct octet_cycles_machine machine;
	struct plan_tensor *tensors;
	struct plan_segment *segments;
	struct plan_item *items;
	struct plan_host *hosts;
	uint32_t segment_count, item_count, host_count, chain_count;
	size_t io_bytes, arena_bytes, const_bytes, state_bytes, scratch_bytes;
	struct octet_buffer *constants, *state;
	struct plan_slot *slots;
	struct octet_op_report *predicted;
	pthread_mutex_t lock;
	bool stop;
};

/* batch.c */

/** octet_graph_batch() - a copy for @batch samples; -ENOTSUP with a sentence */
int octet_graph_batch(const struct octet_graph *g, uint32_t batch, struct octet_graph **out,
		      char *err, size_t err_size);
void octet_graph_batch_free(struct octet_graph *g);

/* plan.c */

int octet_plan_lower(struct octet_plan *plan, const struct octet_graph *graph,
		     struct octet_low **low);

/* parts.c */

/** octet_plan_forms() - the ways to take the batch in parts */
int octet_plan_forms(struct octet_plan *plan);
void octet_plan_forms_free(struct octet_plan *plan);
/** octet_plan_outside() - has a root all samples, or those of one part? */
bool octet_plan_outside(const struct octet_plan *plan, uint32_t root);
/** octet_plan_bytes() - of a root, as it is in memory */
uint64_t octet_plan_bytes(const struct octet_plan *plan, uint32_t root);
/** octet_plan_shift() - bytes from a root's samples of one part to those of the next */
uint64_t octet_plan_shift(const struct octet_plan *plan, const struct plan_segment *seg,
			  uint32_t root);
/**
 * octet_plan_choose() - how a segment takes the batch, and its place
 *
 * Return: 0; -EINVAL: command @bad does not fit the machine, alone or beside those before it
 */
int octet_plan_choose(struct octet_plan *plan, struct plan_segment *seg, uint32_t *bad);
/** octet_plan_attempt() - a segment in parts of that form, its place as one job */
int octet_plan_attempt(struct octet_plan *plan, struct plan_segment *seg,
		       const struct plan_form *form);
/** octet_plan_repeat() - jobs of as many parts as one may have */
int octet_plan_repeat(struct octet_plan *plan);

/* mix.c */

/** octet_plan_mix() - cut a segment that has its place if larger parts pay at its end */
int octet_plan_mix(struct octet_plan *plan, uint32_t index);

/* segments.c */

/**
 * octet_plan_cut() - jobs and host operators, and where the jobs' tensors live
 *
 * Return: 0; -EAGAIN: an operator does not fit the machine, it is marked in @off_device:
 * lower again; -ENOTSUP: it had been marked before.
 */
int octet_plan_cut(struct octet_plan *plan);
/**
 * octet_plan_split() - end segment @index before its command @at: the rest is a new one
 *
 * Who uses each tensor is known anew. octet_plan_join() is the way back; places stay
 * with the caller.
 */
int octet_plan_split(struct octet_plan *plan, uint32_t index, uint32_t at);
void octet_plan_join(struct octet_plan *plan, uint32_t index);
/** octet_plan_insert() - an empty segment, which is number @index then */
int octet_plan_insert(struct octet_plan *plan, uint32_t index);
void octet_plan_uncut(struct octet_plan *plan);

/* memory.c */

/** octet_plan_roots() - resolve aliases */
void octet_plan_roots(struct octet_plan *plan);
/** octet_plan_layout() - homes and offsets of all tensors */
int octet_plan_layout(struct octet_plan *plan);
/** octet_plan_memory() - buffers, constants in place */
int octet_plan_memory(struct octet_plan *plan);
/** octet_plan_clear() - variables as they are before the first run */
void octet_plan_clear(struct octet_plan *plan);
/** octet_plan_at() - a tensor of a slot in this process; NULL: not in memory */
void *octet_plan_at(const struct octet_plan *plan, const struct plan_slot *slot, uint32_t tensor);
struct octet_buffer *octet_plan_buffer(const struct octet_plan *plan, const struct plan_slot *slot,
				       enum plan_home home);

/* report.c */

/** octet_plan_add() - one more command into what an operator costs */
void octet_plan_add(struct octet_op_report *sum, const struct octet_report *r);

/* emit.c */

/** octet_plan_emit() - the jobs of a slot */
int octet_plan_emit(struct octet_plan *plan, struct plan_slot *slot);

/* views.c */

/** octet_plan_layers() - the commands of a segment as the planner sees them */
int octet_plan_layers(struct octet_plan *plan, const struct plan_segment *segment,
		      struct octet_place_layer *layers, struct octet_place_tensor *tensors);

/* run.c */

int octet_plan_workers(struct octet_plan *plan);
/** octet_plan_running() - is a slot's run under way? */
bool octet_plan_running(struct plan_slot *slot);
/** octet_plan_stop() - wait for the runs, end the workers */
void octet_plan_stop(struct octet_plan *plan);
void octet_plan_destroy(struct octet_plan *plan);

#endif /* OCTET_PLAN_H */
