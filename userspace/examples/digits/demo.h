/* SPDX-License-Identifier: MIT */
/* The digits demo: its state, shared by running (demo.c) and printing (report.c). */
#ifndef DIGITS_DEMO_H
#define DIGITS_DEMO_H

#include <octet.h>

#include "data.h"
#include "qmodel.h"
#include "qnet.h"

/* Jobs of one submit in the batch pass. */
#define DEMO_NETS 4

/* One executor: the device or the CPU fallback. */
struct side {
	struct octet_ctx *ctx;
	struct digits_qnet net[DEMO_NETS];
	double seconds; /* from submit to signalled fence */
	uint64_t jobs, macs; /* by the plan */
};

/* The first output that differs. */
struct mismatch {
	size_t image;
	uint32_t layer;
	size_t index;
	int device, cpu;
};

struct demo {
	enum octet_backend backend;
	const char *data_path, *model_path;
	size_t calibrate;
	uint32_t batch;

	struct digits_data data;
	struct digits_model model;
	struct digits_qmodel qmodel;
	struct side device, cpu;

	size_t float_right, right;
	uint64_t outputs, mismatches;
	struct mismatch first;
	double single_rate, batch_rate;
	uint64_t jobs_before, macs_before, counted_jobs, counted_macs;
	struct octet_op_report single[DIGITS_MAX_LAYERS], batched[DIGITS_MAX_LAYERS];
};

/* Remembers the newest reports of the first network, for batch 1 or more. */
void demo_keep_reports(struct demo *d, uint32_t batch);

/* Sums of the device's job and MAC counters over its cores. */
int demo_read_counters(struct demo *d, uint64_t *jobs, uint64_t *macs);

/* Prints the table and the verdict; returns the exit code. */
int demo_print(const struct demo *d);

#endif
