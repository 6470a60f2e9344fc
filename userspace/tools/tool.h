/* SPDX-License-Identifier: MIT */
/* The octet program: what its subcommands share. */
#ifndef OCTET_TOOL_H
#define OCTET_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <octet.h>

/* Exit codes, the same for every subcommand. */
#define EXIT_OK 0
#define EXIT_DIFFERS 1	/* the work was done and its result is not right */
#define EXIT_USAGE 2	/* the command line */
#define EXIT_FAILED 3	/* it could not be done: no device, no memory, ... */

/** struct tool_reals - a number per colour */
struct tool_reals {
	bool given;
	float v[3];
};

#define TOOL_INPUTS 8
#define TOOL_EXCLUDES 64

/**
 * struct tool_options - what the command line says
 *
 * @backend: --backend drm|sim|cpu|auto
 * @device: --device PATH
 * @machine: --machine PROPERTIES
 * @cpu_level: --cpu LEVEL; @cpu_threads: --threads N
 * @json: --json FILE, - for standard output
 * @seed: --seed N; given or made up
 * @count: --count N, 0 if not given
 * @quick: --quick
 * @model: MODEL, NULL without; the rest is about it
 * @inputs: --input, once per input of the model
 * @real_input: --input-type, --set-type: float32
 * @bgr: --color bgr
 * @crop: --crop center
 * @keep: --no-fusion
 * @other: compare: the second model
 * @sets: --calibrate, --set: once per input of the model
 * @limit: --limit: so many samples of them, 0: all
 * @activations: --activations; @observer, @percentile: how ranges are found
 * @exclude: --exclude PATTERN, of operators that stay float
 * @html: --html FILE
 * @format: and the rest: as in struct octet_quantize_opts; @rank: --rank
 */
struct tool_options {
	enum octet_backend backend;
	const char *device, *machine, *cpu_level, *json;
	uint32_t cpu_threads;
	uint64_t seed;
	unsigned long count;
	bool quick;
	const char *model, *output, *labels, *set, *trace;
	const char *inputs[TOOL_INPUTS];
	unsigned int input_count;
	enum octet_flavour flavour;
	uint32_t batch, slots, top;
	bool real_input, bgr, crop, no_sram, keep;
	struct tool_reals mean, std;
	const char *other, *html;
	const char *sets[TOOL_INPUTS], *exclude[TOOL_EXCLUDES];
	unsigned int set_count, exclude_count;
	unsigned long limit;
	enum octet_dtype activations;
	enum octet_observer_kind observer;
	double percentile;
	bool per_tensor, real_io, no_isolated;
	enum octet_quantize_format format;
	enum octet_dtype weights;
	uint32_t keep_worst;
	float smooth;
	bool no_fold, equalize, adaround, correct_bias, rank;
};

int cmd_info(const struct tool_options *o);
int cmd_run(const struct tool_options *o);
int cmd_verify(const struct tool_options *o);
int cmd_profile(const struct tool_options *o);
int cmd_accuracy(const struct tool_options *o);
int cmd_quantize(const struct tool_options *o);
int cmd_compare(const struct tool_options *o);
int cmd_selftest(const struct tool_options *o);
int cmd_bench(const struct tool_options *o);

/* Opens what the options ask for; prints why not, and returns NULL. */
struct octet_ctx *tool_open(const struct tool_options *o);

/* Opens the CPU fallback; prints why not, and returns NULL. */
struct octet_ctx *tool_open_cpu(const struct tool_options *o);

/* Prints "octet: WHAT: the context's message", returns EXIT_FAILED. */
int tool_fail(const struct octet_ctx *ctx, const char *what);

/* Seconds of a monotonic clock. */
double tool_now(void);

/* A line that is written over on a terminal, at most ten times a second. */
void tool_progress(const char *what, unsigned long done, unsigned long all);
void tool_progress_end(void);

/* A counter-based generator: the same seed gives the same run everywhere. */
struct tool_random {
	uint64_t state;
};

uint64_t tool_random(struct tool_random *r);
uint32_t tool_below(struct tool_random *r, uint32_t n);	/* 0..n-1 */
int32_t tool_between(struct tool_random *r, int32_t lo, int32_t hi);
void tool_fill(struct tool_random *r, void *p, size_t bytes);

struct json_object;

/*
 * Before the first line of text: finds out whether @path (or NULL) can be
 * written; for "-" text goes to standard error from here on. Returns an exit code.
 */
int tool_prepare_json(const char *path);

/* Once at the end: writes and frees @root. Returns an exit code. */
int tool_write_json(struct json_object *root, const char *path);

#endif
