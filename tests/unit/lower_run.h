/* SPDX-License-Identifier: MIT */
/*
 * Programs of lib/lower run without plan or machine: commands by the CPU
 * fallback, host operators by lib/host, each tensor in memory of its own, so that
 * the fallback refuses whatever reaches beyond it.
 */
#ifndef OCTET_TESTS_LOWER_RUN_H
#define OCTET_TESTS_LOWER_RUN_H

#include "lower/lower.h"
#include "models.h"

/** struct lower_run - a program and the memory of its tensors */
struct lower_run {
	struct octet_low *low;
	uint8_t **memory;	/* of roots, [tensor_count] */
	uint8_t **at;		/* of every tensor, [tensor_count] */
};

/** lower_run_new() - lower @g; ends the test with a sentence if that fails */
void lower_run_new(struct lower_run *run, const struct octet_graph *g,
		   const struct octet_low_opts *opts, const char *name);

/** lower_run_fill() - inputs of the graph at random */
void lower_run_fill(struct lower_run *run, uint32_t seed);

/** lower_run_go() - all steps; false: with a sentence on stderr */
bool lower_run_go(struct lower_run *run, const char *name);
void lower_run_free(struct lower_run *run);

/**
 * lower_run_each() - the same graph with all operations of the device and with none
 * @seeds: numbers from 1 on, each another graph of @build; every second one with keep_all
 * @host: how many operators may be on the host in the first case
 */
void lower_run_each(void (*build)(struct mb *m), const char *name, uint32_t seeds, int host);

#endif /* OCTET_TESTS_LOWER_RUN_H */
