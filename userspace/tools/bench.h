/* SPDX-License-Identifier: MIT */
/* octet bench: its state, shared by submission (cmd_bench.c) and operations (bench_ops.c). */
#ifndef OCTET_TOOL_BENCH_H
#define OCTET_TOOL_BENCH_H

#include "tool.h"

/* Jobs of one submit in the array benchmark. */
#define BENCH_ARRAY 32

struct bench {
	struct octet_ctx *ctx, *cpu;
	bool quick;
	struct tool_random seed;
	struct json_object *rows;
};

/* GEMM, 3x3 convolutions, depthwise: time, cycles, and a check of every result. */
int bench_operations(struct bench *b);

/* Appends a figure to the JSON rows. */
void bench_add(struct bench *b, const char *name, double value, const char *unit);

/* Sorts v. */
double bench_median(double *v, size_t n);

/* One submit of @count jobs and a wait for the last; @each may be NULL. */
int bench_run_once(struct octet_ctx *ctx, struct octet_job *const *jobs, size_t count,
		   struct octet_fence **each, double *seconds);

#endif
