/* SPDX-License-Identifier: MIT */
/*
 * Inside the timing recurrence. Its numbers come from commands that nobody
 * trusts: sums and products go through struct octet_cyc, which remembers an overflow of
 * 63 bits; such a job does not fit.
 */
#ifndef OCTET_CYCLES_PRIV_H
#define OCTET_CYCLES_PRIV_H

#include "cycles.h"

__extension__ typedef unsigned __int128 octet_u128;

/** Largest extent of any dimension but the batch. */
#define OCTET_CYCLES_EXTENT	(1u << 20)

/** Longest chain. */
#define OCTET_CYCLES_CHAIN	8

/**
 * Most stripes of a chain, of a TCONV2D or of a RESIZE, whose stripes are counted one by
 * one. Beyond it the policy does not fit; "auto" passes over it. All other
 * commands are counted in closed form, with any number of stripes.
 */
#define OCTET_CYCLES_STRIPES	(1u << 16)

/** struct octet_cyc - the machine, and whether a number was too large, or enough is enough */
struct octet_cyc {
	const struct octet_cycles_machine *m;
	const atomic_bool *cancel;
	uint64_t lb, staging;
	bool over;
};

static inline uint64_t octet_cyc_cut(struct octet_cyc *x, octet_u128 v)
{
	if (v >> 62) {
		x->over = true;
		return 1;
	}
	return (uint64_t)v;
}

static inline uint64_t octet_cyc_mul(struct octet_cyc *x, uint64_t a, uint64_t b)
{
	return octet_cyc_cut(x, (octet_u128)a * b);
}

static inline uint64_t octet_cyc_add(struct octet_cyc *x, uint64_t a, uint64_t b)
{
	return octet_cyc_cut(x, (octet_u128)a + b);
}

static inline uint64_t octet_ceil(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

static inline uint64_t octet_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/** Array work of some stripes of one command, on one shape. */
struct octet_cyc_work {
	uint64_t mac, cycles, sram;
};

/** An array shape: pixels and output channels. */
struct octet_cyc_shape {
	uint32_t p, k;
};

/* cycles_work.c: one command */
bool octet_cyc_on_array(const struct octet_cycles_cmd *c);
bool octet_cyc_has_weights(const struct octet_cycles_cmd *c);
struct octet_cyc_shape octet_cyc_shape(const struct octet_cycles_machine *m, unsigned int i);
uint64_t octet_cyc_in_row(struct octet_cyc *x, const struct octet_cycles_cmd *c);
uint64_t octet_cyc_out_row(struct octet_cyc *x, const struct octet_cycles_cmd *c);
uint64_t octet_cyc_src2(struct octet_cyc *x, const struct octet_cycles_cmd *c);
uint64_t octet_cyc_weights(struct octet_cyc *x, const struct octet_cycles_cmd *c);
uint64_t octet_cyc_const(struct octet_cyc *x, const struct octet_cycles_cmd *c);
uint64_t octet_cyc_stream(struct octet_cyc *x, const struct octet_cycles_cmd *c);
int64_t octet_cyc_hi(const struct octet_cycles_cmd *c, int64_t b);
int64_t octet_cyc_lo(const struct octet_cycles_cmd *c, int64_t a);

/** octet_cyc_work() - output rows [a, b) of a command */
struct octet_cyc_work octet_cyc_work(struct octet_cyc *x, const struct octet_cycles_cmd *c,
				     int64_t a, int64_t b, struct octet_cyc_shape shape);

/**
 * struct octet_cyc_span - what the stripes of one command come to
 *
 * @work: sums, per shape
 * @most: rows of the largest stripe
 */
struct octet_cyc_span {
	struct octet_cyc_work work[2];
	int64_t most;
};

/**
 * struct octet_cyc_tiles - a group cut into stripes
 *
 * @buffers: bytes of line buffers
 */
struct octet_cyc_tiles {
	uint64_t stripes;
	uint64_t buffers;
	struct octet_cyc_span span[OCTET_CYCLES_CHAIN];
};

/* cycles_tiles.c: stripes and line buffers; NULL or why they are impossible */
const char *octet_cyc_check_links(const struct octet_cycles_cmd *cmds, unsigned int count);
const char *octet_cyc_tiles(struct octet_cyc *x, const struct octet_cycles_cmd *cmds,
			    unsigned int count, bool weight, uint32_t rows,
			    struct octet_cyc_tiles *out);

/**
 * struct octet_cyc_group - a chain or single command under one policy
 *
 * Per command: @work and DRAM bytes. @head_w may be there ahead if @head_const.
 */
struct octet_cyc_group {
	unsigned int count;
	uint64_t buffers;
	uint64_t hold;
	uint64_t fixed;
	uint64_t head_w, head_in, tail;
	bool head_const;
	uint64_t dram, cycles;
	struct octet_cyc_work work[OCTET_CYCLES_CHAIN];
	uint64_t reads[OCTET_CYCLES_CHAIN];
	uint64_t writes[OCTET_CYCLES_CHAIN];
};

/** DMA cycles of a group: before, beside and after the array's. */
struct octet_cyc_dma {
	uint64_t head, mid, tail;
};

/* cycles_group.c */
int octet_cyc_choose(struct octet_cyc *x, const struct octet_cycles_cmd *cmds,
		     unsigned int count, struct octet_cyc_group *out, const char **why);
struct octet_cyc_dma octet_cyc_dma(struct octet_cyc *x, const struct octet_cyc_group *g,
				   uint64_t have);

/** octet_cyc_fit() - a group of which the stripes are known; NULL or why it does not fit */
const char *octet_cyc_fit(struct octet_cyc *x, const struct octet_cycles_cmd *cmds,
			  unsigned int count, bool weight, const struct octet_cyc_tiles *tiles,
			  struct octet_cyc_group *g);

/** struct octet_cyc_run - the recurrence: CONST bytes not yet here, and here ahead of use */
struct octet_cyc_run {
	struct octet_cyc x;
	uint64_t left, have;
};

/** octet_cyc_step() - the next group of a job: its DMA cycles, and what it leaves ahead */
struct octet_cyc_dma octet_cyc_step(struct octet_cyc_run *r, const struct octet_cyc_group *g);

#endif /* OCTET_CYCLES_PRIV_H */
