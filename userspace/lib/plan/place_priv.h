/* SPDX-License-Identifier: MIT */
/*
 * Inside the placement planner.
 *
 *	place.c		the search over the splits of the SRAM, and its result
 *	place_check.c	what cannot be placed
 *	place_bound.c	what no plan can do without
 *	place_graph.c	lives of tensors; which layers may be joined
 *	place_group.c	what a chain costs, for given spaces and a given split
 *	place_path.c	the best row of chains: dynamic programming
 *	place_sram.c	offsets
 *
 * Tensors that may be in SRAM have a slot: two that live at a time have two
 * slots, so that 64 bits say what is in the SRAM between two layers.
 */
#ifndef OCTET_PLACE_PRIV_H
#define OCTET_PLACE_PRIV_H

#include "place.h"

#include <core/cycles_priv.h>

#define PLACE_SLOTS 64
#define PLACE_NEVER UINT32_MAX

/* Parts into which the SRAM is cut to see whether layers fit at all. */
#define PLACE_PARTS 256

/** struct place_arena - memory that goes as a whole */
struct place_arena {
	struct place_chunk *chunks;
	char *at;
	size_t left;
	bool failed;
};

void *place_alloc(struct place_arena *arena, size_t bytes);
void place_free_all(struct place_arena *arena);

/**
 * struct place_life - a tensor
 *
 * @root: itself, or what it is a part of; the rest is only kept of roots
 * @first: first layer that writes it, PLACE_NEVER: none
 * @last: last layer that names it; @read: last layer that reads it
 * @writers: how many layers write it
 * @slot: -1: stays in DRAM
 * @outside: comes from outside the job, goes there, or may not be in SRAM
 * @whole: has no aliases and is none
 */
struct place_life {
	uint32_t root, first, last, read, writers;
	int slot;
	bool named, outside, whole;
	uint64_t bytes;
};

/**
 * struct place_tries - the ways to cut a chain, from one stripe to one row
 *
 * Of no interest for them: the split, and all spaces but that of the first source.
 * @tiles: NULL until looked at; @least: bytes of line buffers, 0 until looked at
 */
struct place_try {
	uint32_t policy, rows;
	uint64_t least;
	struct octet_cyc_tiles *tiles;
};

struct place_tries {
	uint32_t count;
	struct place_try try[];
};

/** struct place_option - a way to run a chain; @in_place: the result may overwrite src2 */
struct place_option {
	struct place_option *next;
	struct octet_cyc_group group;
	uint32_t policy, rows;
	bool in_place;
};

/** struct place_case - the options of a chain where @reads of its operands are in SRAM */
struct place_case {
	struct place_case *next;
	uint64_t reads;
	bool out_sram;
	struct place_option *options;
};

/**
 * struct place_range - layers first .. first + count - 1 as one group
 *
 * @reads: slots that it reads; @keep: slots that live on after it
 * @over: slot of a second operand that ends with this group's result, of the
 *	same size, so that the result may take its place; -1: none
 * @split: the split that @cases are for
 */
struct place_range {
	bool legal;
	uint32_t first, count;
	uint64_t reads, keep;
	int over;
	uint32_t split;
	struct place_case *cases;
	struct place_tries *tries[2];	/* first source in DRAM, in SRAM */
};

/** struct place_ctx - what a run of the planner knows */
struct place_ctx {
	const struct octet_cycles_machine *machine;
	const struct octet_place_net *net;
	enum octet_place_level level;
	struct place_arena arena, cases;
	struct place_life *lives;
	struct place_range **ranges;	/* [layer][count - 1] */
	uint32_t (*live)[PLACE_SLOTS];	/* [layer][slot]: root that is live before it */
	uint64_t *live_mask;		/* [layer] */
	struct octet_cyc x;		/* lb and staging of the split */
	uint32_t split;
	uint32_t longest;		/* chain */
	uint64_t sw, budget;
	uint64_t fixed;			/* CONST bytes of the job */
};

/** struct place_step - one group of a path */
struct place_step {
	const struct place_range *range;
	const struct place_option *option;
	uint64_t mask;
	bool out_sram, in_place;
};

/** struct place_block - offset of a root; @from, @to: the layers while it is taken */
struct place_block {
	uint32_t from, to;
	uint64_t bytes, offset;
};

static inline const struct octet_place_layer *place_layer(const struct place_ctx *p, uint32_t i)
{
	return &p->net->layers[i];
}

/* the root of a tensor of a layer, or NULL */
static inline struct place_life *place_life(const struct place_ctx *p, int32_t tensor)
{
	return tensor < 0 ? NULL : &p->lives[p->lives[tensor].root];
}

/* is it in SRAM, by the mask */
static inline bool place_in(const struct place_life *life, uint64_t mask)
{
	return life && life->slot >= 0 && mask >> life->slot & 1;
}

/*
 * What plans are compared by: cycles, and a quarter of those that the DRAM needs for its bytes;
 * times 17 B, so that a byte costs 5.
 */
static inline uint64_t place_cost(const struct place_ctx *p, uint64_t cycles, uint64_t bytes)
{
	return 17ull * p->machine->dram_bpc * cycles + 5 * bytes;
}

/* place_check.c: return the error */
int place_fail(struct octet_place *out, int error, uint32_t layer, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
int place_check_net(const struct octet_place_net *net, struct octet_place *out);
int place_check_layer(const struct place_ctx *p, uint32_t i, struct octet_place *out);
int place_check_job(const struct place_ctx *p, struct octet_place *out);

/* place_bound.c: also finds the CONST bytes */
void place_bound(struct place_ctx *p, uint64_t *cycles, uint64_t *dram);

/* place_graph.c: -ENOMEM */
int place_graph(struct place_ctx *p);
struct place_range *place_range(struct place_ctx *p, uint32_t first, uint32_t count);
bool place_spaces(const struct place_ctx *p, const struct place_range *r, uint64_t mask,
		  bool out_sram, struct octet_cycles_cmd *cmds);

/* place_group.c */
const struct place_option *place_options(struct place_ctx *p, struct place_range *r, uint64_t mask,
					 bool out_sram);
void place_set_split(struct place_ctx *p, uint64_t sw, uint64_t lb, uint64_t staging);

/* place_path.c: number of steps, 0: no path */
uint32_t place_path(struct place_ctx *p, struct place_step *steps, uint64_t *cost);

/* place_sram.c: the peak */
uint64_t place_offsets(struct place_block *blocks, uint32_t count);

#endif /* OCTET_PLACE_PRIV_H */
