/* SPDX-License-Identifier: MIT */
/**
 * liboctet: int8 tensors on the Octet accelerator
 *
 * The shortest complete program:
 *
 *	struct octet_ctx *ctx;
 *	struct octet_tensor *a, *b, *c;
 *	OCTET_OPTS(octet_gemm_opts, o);
 *
 *	octet_open(&ctx, NULL);				// device, else simulator
 *	octet_tensor_new(ctx, OCTET_INT8, 2, (uint32_t[]){4, 8}, &a);
 *	octet_tensor_new(ctx, OCTET_INT8, 2, (uint32_t[]){8, 3}, &b);
 *	octet_tensor_new(ctx, OCTET_INT32, 2, (uint32_t[]){4, 3}, &c);
 *	octet_tensor_write(a, data_a, 32);
 *	octet_tensor_write(b, data_b, 24);
 *	o.stage = OCTET_RAW;
 *	if (octet_gemm(ctx, a, b, NULL, c, &o, NULL))
 *		puts(octet_last_error(ctx));
 *	octet_tensor_read(c, result, 48);
 *	octet_close(ctx);
 *
 * Sections, in the order of use: context, tensors, operations, jobs and fences,
 * version. octet_quant.h has quantization, octet_model.h networks from files,
 * octet_quantize.h makes int8 models of float ones; all are included here.
 *
 * Errors: a call returns 0 or a negative errno and leaves its results
 * untouched on failure; octet_last_error() has a sentence that names the
 * object, the value found and the rule. Nothing is printed, nothing aborts.
 *
 * Options: structs that begin with `size` are declared by OCTET_OPTS(),
 * which zeroes them and fills in the size; zero means default. A library
 * older than the caller refuses fields that it does not know unless they are
 * zero. NULL takes all defaults.
 *
 * Threads: a context and everything made from it may be used by one thread
 * at a time; different contexts by different threads. octet_fence_wait() and
 * octet_fence_fd() may be called from any thread. The quantization calls have
 * no state. The simulator and the CPU have threads of their own, which call
 * nothing of the program's and, with cpu_threads, end with the context.
 *
 * Lifetimes: tensors, jobs, queues, fences and plans belong to a context and end at
 * the latest with octet_close(). A job keeps the tensors that it uses; the
 * caller's handle may be freed before the job.
 */
#ifndef OCTET_H
#define OCTET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "octet_quant.h"

#ifdef __cplusplus
extern "C" {
#endif

#define OCTET_VERSION_MAJOR 0
#define OCTET_VERSION_MINOR 1
#define OCTET_VERSION_PATCH 0

/** Declare an option struct: zeroed, with its size. */
#ifdef __cplusplus
#define OCTET_OPTS(type, name) \
	struct type name = [] { struct type t = {}; t.size = sizeof(t); return t; }()
#else
#define OCTET_OPTS(type, name) struct type name = {.size = sizeof(struct type)}
#endif

/* ---- Context --------------------------------------------------------------- */

struct octet_ctx;

/** Who executes. */
enum octet_backend {
	OCTET_BACKEND_AUTO = 0,	/* the device if there is one, else the simulator */
	OCTET_BACKEND_DRM = 1,	/* the device, through /dev/accel */
	OCTET_BACKEND_SIM = 2,	/* the hardware model, in this process */
	OCTET_BACKEND_CPU = 3,	/* the independent CPU fallback: no cycles */
};

/**
 * struct octet_open_opts
 *
 * @backend: who executes
 * @device: path such as "/dev/accel/accel0"; NULL: the first Octet device
 * @machine: SIM: properties of the machine, "array=a512,dram-bytes-per-cycle=12";
 *	NULL: the default machine. Borrowed for the call
 * @cpu_level: CPU: "scalar", "avx2", "avx512vnni", "amx"; NULL: the best, or what the
 *	environment variable OCTET_CPU says
 * @cpu_threads: CPU: threads that share an operation, the one that runs it included:
 *	1 to 64, or OCTET_CPU_THREADS_ALL; 0: what the environment variable
 *	OCTET_CPU_THREADS says, a number or "all", else 1. The results are the same
 * @errbuf: gets the error message when octet_open() fails, for there is no
 *	context to ask then; may be NULL
 * @errbuf_size: its size
 */
struct octet_open_opts {
	size_t size;
	enum octet_backend backend;
	const char *device;
	const char *machine;
	const char *cpu_level;
	char *errbuf;
	size_t errbuf_size;
	uint32_t cpu_threads;
};

/** As many threads as processors that the process may use, 64 at most. */
#define OCTET_CPU_THREADS_ALL UINT32_MAX

/**
 * octet_open() - make a context
 *
 * Return: 0; -ENODEV no device (DRM), with the reason; -EINVAL a bad option;
 * -EACCES no permission for the device; -EPROTO the driver is of another major
 * version; -ENOMEM.
 */
int octet_open(struct octet_ctx **ctx, const struct octet_open_opts *opts);

/** octet_close() - wait for what runs, free everything of @ctx. NULL is fine. */
void octet_close(struct octet_ctx *ctx);

/** octet_last_error() - the newest failure, valid until the next call; never NULL */
const char *octet_last_error(const struct octet_ctx *ctx);

/** octet_strerror() - a static sentence for a return value of this library */
const char *octet_strerror(int error);

/** octet_get_backend() - what AUTO became */
enum octet_backend octet_get_backend(const struct octet_ctx *ctx);

/** octet_backend_name() - "drm", "sim", "cpu", "auto" */
const char *octet_backend_name(enum octet_backend backend);

/** octet_backend_parse() - the reverse; -EINVAL */
int octet_backend_parse(const char *name, enum octet_backend *backend);

/** octet_backend_reason() - why this backend, in a sentence */
const char *octet_backend_reason(const struct octet_ctx *ctx);

/**
 * struct octet_info - the machine behind a context
 *
 * @cores: 0 for the CPU
 * @p: array: pixels; @k output channels; @c dot product width
 * @sram: bytes per core
 * @clock_hz: clock
 * @dram_bpc: DRAM bytes per cycle
 * @ops: bit i: operation i of enum octet_op (drm/octet_isa.h)
 * @stages: bit i: enum octet_stage_code i
 * @max_cmds: commands per job
 * @ring_entries: of a core
 * @simd: arithmetic in use ("portable", "avx2", ...); "" where not known
 * @name: for people, such as "Octet 1.0 at /dev/accel/accel0"
 * @features: OCTET_FEATURE_* (drm/octet_isa.h) of the device; 0 for the CPU
 */
struct octet_info {
	size_t size;
	uint32_t cores, p, k, c;
	uint32_t sram;
	uint64_t clock_hz;
	uint32_t dram_bpc;
	uint32_t ops, stages;
	uint32_t max_cmds;
	uint32_t ring_entries;
	char simd[24];
	char name[80];
	uint32_t features;
};

int octet_get_info(const struct octet_ctx *ctx, struct octet_info *info);

/** octet_op_name() - "CONV2D" for enum octet_op 1, and so on; "?" for others */
const char *octet_op_name(uint32_t op);

/**
 * struct octet_counters - the device's counters of one core, see the manual
 *
 * Zero for the CPU.
 */
struct octet_counters {
	size_t size;
	uint64_t cycles, compute, dma_stall, output_stall, overhead;
	uint64_t macs, dram_read, dram_write, sram;
	uint64_t jobs, commands, entries, doorbells, irqs, errors, tlb_misses;
	uint64_t doorbell_cycles, fetch_cycles, irq_cycles, core_resets;
};

/** octet_get_counters() - -ENOENT: no such core */
int octet_get_counters(struct octet_ctx *ctx, uint32_t core, struct octet_counters *counters);

/**
 * struct octet_usage - what a context holds of the device
 *
 * @buffer_bytes: memory mapped for the device
 * @table_bytes: page tables for it (0 for the CPU)
 * @buffers: number of buffers
 * @queues: number of queues
 */
struct octet_usage {
	size_t size;
	uint64_t buffer_bytes, table_bytes;
	uint32_t buffers, queues;
};

int octet_get_usage(struct octet_ctx *ctx, struct octet_usage *usage);

/* ---- Tensors -----------------------------------------------------------------
 *
 * Dense, row-major, in memory that the device reaches. Activations are NHWC
 * (1-D: NWC), weights OHWI (conv2d), OWI (conv1d), HWC (depthwise; channels =
 * outputs), matrices [rows, columns] with up to two batch dimensions before.
 */

struct octet_tensor;

#define OCTET_MAX_RANK 4

int octet_tensor_new(struct octet_ctx *ctx, enum octet_dtype type, uint32_t rank,
		     const uint32_t *dims, struct octet_tensor **tensor);

/**
 * octet_tensor_view() - another shape on the same memory and with the same
 * per-tensor quantization
 *
 * Return: -EINVAL unless the number of elements is the same, or when @base is
 * quantized per channel.
 */
int octet_tensor_view(struct octet_tensor *base, uint32_t rank, const uint32_t *dims,
		      struct octet_tensor **tensor);

/** octet_tensor_free() - NULL is fine; jobs that use it keep its memory. */
void octet_tensor_free(struct octet_tensor *tensor);

/** octet_tensor_set_quant() - per tensor; the default is scale 1, zero point 0 */
int octet_tensor_set_quant(struct octet_tensor *tensor, float scale, int32_t zero_point);

/**
 * octet_tensor_set_quant_channel() - per channel, copied
 * @axis: 0 for OHWI, OWI and transposed matrices, the last for HWC and matrices
 * @count: must be dims[axis]
 */
int octet_tensor_set_quant_channel(struct octet_tensor *tensor, uint32_t axis, const float *scale,
				   const int32_t *zero_point, uint32_t count);

/** octet_tensor_set_name() - for error messages; copied, at most 63 bytes */
int octet_tensor_set_name(struct octet_tensor *tensor, const char *name);

/**
 * octet_tensor_map() - the memory itself; valid while the tensor lives
 *
 * The caller keeps out of the way of jobs that use it.
 */
void *octet_tensor_map(struct octet_tensor *tensor);
size_t octet_tensor_bytes(const struct octet_tensor *tensor);
uint32_t octet_tensor_rank(const struct octet_tensor *tensor);
uint32_t octet_tensor_dim(const struct octet_tensor *tensor, uint32_t axis);

/** octet_tensor_write(), _read() - copy; -EINVAL unless bytes is the tensor's size */
int octet_tensor_write(struct octet_tensor *tensor, const void *data, size_t bytes);
int octet_tensor_read(const struct octet_tensor *tensor, void *data, size_t bytes);

/* ---- Operations --------------------------------------------------------------
 *
 * An operation packs the scale and zero-point descriptors of its tensors into
 * one command. The factor s_in * s_w / s_out of each channel becomes mult and
 * shift by the code's own rule: FIX codes f64(s_in) * f64(s_w[c]) / f64(s_out);
 * FP32_RNE f32(f32(s_in * s_w[c]) / s_out). bias: int32 [cout] in units of
 * s_in * s_w, or NULL. RAW needs an int32 result; its scales are not used.
 */

/** Fused activation: clamps the result in its own codes. */
enum octet_activation {
	OCTET_ACT_NONE = 0,
	OCTET_ACT_RELU = 1,
	OCTET_ACT_RELU6 = 2,
	OCTET_ACT_RELU_N1_TO_1 = 3,
};

/**
 * struct octet_conv_opts - conv1d, conv2d, depthwise
 *
 * @stage: OCTET_RAW is 0: set it; the one field without a default
 * @activation: with RAW: NONE
 * @stride_h: @stride_w: 0 means 1
 * @dilation_h: @dilation_w: 0 means 1
 * @pad_top: @pad_left: @pad_bottom: @pad_right: taps outside the image
 * @groups: 0 means 1; depthwise: 0
 * @pad_value: value of those taps, used if @has_pad_value; else the input zero point
 * @clamp_min: @clamp_max: narrow the result further, used if @has_clamp
 */
struct octet_conv_opts {
	size_t size;
	enum octet_stage_code stage;
	enum octet_activation activation;
	uint32_t stride_h, stride_w;
	uint32_t dilation_h, dilation_w;
	uint32_t pad_top, pad_left, pad_bottom, pad_right;
	uint32_t groups;
	bool has_pad_value;
	int32_t pad_value;
	bool has_clamp;
	int32_t clamp_min, clamp_max;
};

/**
 * struct octet_gemm_opts
 *
 * @stage: see struct octet_conv_opts; also @activation, @has_clamp
 * @transpose_a: a is stored [K, M]
 * @transpose_b: b is stored [N, K], as fully connected weights are
 * @const_b: b does not change while the job runs: the machine may prefetch it
 */
struct octet_gemm_opts {
	size_t size;
	enum octet_stage_code stage;
	enum octet_activation activation;
	bool transpose_a, transpose_b;
	bool const_b;
	bool has_clamp;
	int32_t clamp_min, clamp_max;
};

struct octet_fence;

/*
 * One operation, at once. With @fence NULL the call waits and returns the
 * result of the job; otherwise it returns when submitted. Shapes: x [N,H,W,C]
 * (conv1d: [N,W,C]), w, y as above. Return: 0; -EINVAL with the tensor and the
 * rule; -ERANGE for scales; a job's error (see octet_fence_wait()).
 */
int octet_conv2d(struct octet_ctx *ctx, struct octet_tensor *x, struct octet_tensor *w,
		 struct octet_tensor *bias, struct octet_tensor *y,
		 const struct octet_conv_opts *opts, struct octet_fence **fence);
int octet_conv1d(struct octet_ctx *ctx, struct octet_tensor *x, struct octet_tensor *w,
		 struct octet_tensor *bias, struct octet_tensor *y,
		 const struct octet_conv_opts *opts, struct octet_fence **fence);
int octet_depthwise(struct octet_ctx *ctx, struct octet_tensor *x, struct octet_tensor *w,
		    struct octet_tensor *bias, struct octet_tensor *y,
		    const struct octet_conv_opts *opts, struct octet_fence **fence);
int octet_gemm(struct octet_ctx *ctx, struct octet_tensor *a, struct octet_tensor *b,
	       struct octet_tensor *bias, struct octet_tensor *y,
	       const struct octet_gemm_opts *opts, struct octet_fence **fence);

/* ---- Jobs, queues, fences ----------------------------------------------------
 *
 * plan: octet_job_new(), octet_job_conv2d()... ; bind: octet_job_ready(); run:
 * octet_submit(), any number of times, which allocates nothing but the fence.
 */

struct octet_job;
struct octet_queue;

int octet_job_new(struct octet_ctx *ctx, struct octet_job **job);

/** octet_job_free() - waits for its newest run; NULL is fine */
void octet_job_free(struct octet_job *job);

int octet_job_conv2d(struct octet_job *job, struct octet_tensor *x, struct octet_tensor *w,
		     struct octet_tensor *bias, struct octet_tensor *y,
		     const struct octet_conv_opts *opts);
int octet_job_conv1d(struct octet_job *job, struct octet_tensor *x, struct octet_tensor *w,
		     struct octet_tensor *bias, struct octet_tensor *y,
		     const struct octet_conv_opts *opts);
int octet_job_depthwise(struct octet_job *job, struct octet_tensor *x, struct octet_tensor *w,
			struct octet_tensor *bias, struct octet_tensor *y,
			const struct octet_conv_opts *opts);
int octet_job_gemm(struct octet_job *job, struct octet_tensor *a, struct octet_tensor *b,
		   struct octet_tensor *bias, struct octet_tensor *y,
		   const struct octet_gemm_opts *opts);

/**
 * octet_job_command() - append a raw struct octet_cmd of drm/octet_isa.h
 * @cmd: copied; its addresses come from octet_tensor_address()
 * @tensors: what it reads and writes, so that the job keeps them
 */
int octet_job_command(struct octet_job *job, const void *cmd, size_t bytes,
		      struct octet_tensor *const *tensors, size_t count);

/** octet_tensor_address() - device address of a tensor's first byte */
uint64_t octet_tensor_address(const struct octet_tensor *tensor);

/**
 * struct octet_job_opts
 *
 * @sram_software: bytes of SRAM that commands name
 * @sram_lines: bytes of line buffers; 0: chosen by the library
 * @cycle_budget: largest number of cycles; 0: the driver's own
 * @const_weights: weights (of GEMM: a constant b) keep their values for as long as the
 *	job lives, from octet_job_ready() on. The CPU packs them once, in the first run; for a
 *	machine that takes packed weights octet_job_ready() makes a packed copy of them, one
 *	for all jobs of a context that use them alike, if there is memory
 */
struct octet_job_opts {
	size_t size;
	uint32_t sram_software;
	uint32_t sram_lines;
	uint64_t cycle_budget;
	bool const_weights;
};

/**
 * octet_job_ready() - write the commands to memory; nothing can be appended after
 *
 * Scales are taken when an operation is appended, bias values here.
 *
 * Return: 0; -EINVAL: no command, ready already, or no split of the SRAM in which
 * each command fits; -ENOMEM, -ENOSPC.
 */
int octet_job_ready(struct octet_job *job, const struct octet_job_opts *opts);

/** octet_job_macs() - useful multiply-accumulates of one run, from the shapes */
uint64_t octet_job_macs(const struct octet_job *job);
uint32_t octet_job_length(const struct octet_job *job);

/**
 * struct octet_op_report - what one operation cost in the newest finished run
 *
 * Zeros for the CPU. total = compute + dma_stall + output_stall + overhead.
 */
struct octet_op_report {
	size_t size;
	uint64_t total, compute, dma_stall, output_stall, overhead;
	uint64_t dram_read, dram_write, sram;
	uint64_t macs;
};

int octet_job_report(struct octet_job *job, uint32_t index, struct octet_op_report *report);

enum octet_priority {
	OCTET_PRIORITY_NORMAL = 0,
	OCTET_PRIORITY_LOW = 1,
	OCTET_PRIORITY_HIGH = 2,	/* needs CAP_SYS_NICE */
};

/** octet_queue_new() - jobs of a queue run in order; several queues use several cores */
int octet_queue_new(struct octet_ctx *ctx, enum octet_priority priority, struct octet_queue **queue);

/** octet_queue_free() - waits for its jobs; NULL is fine */
void octet_queue_free(struct octet_queue *queue);

/**
 * struct octet_submit_opts
 *
 * @wait: fences that the first job waits for; borrowed for the call
 * @wait_count: how many
 * @each: if not NULL, gets one fence per job, [count] (octet_submit()'s @fence is
 *	that of the last one, too)
 */
struct octet_submit_opts {
	size_t size;
	struct octet_fence *const *wait;
	size_t wait_count;
	struct octet_fence **each;
};

/**
 * octet_submit() - run ready jobs in order, all or none
 * @queue: NULL: the context's own
 * @fence: of the last job; may be NULL
 *
 * Return: 0; -EINVAL; -ECANCELED: a job of this queue failed earlier (make a
 * new queue; the context's own is replaced by itself); -EBUSY: too much queued, or a
 * job has not ended on another queue.
 */
int octet_submit(struct octet_ctx *ctx, struct octet_queue *queue, struct octet_job *const *jobs,
		 size_t count, const struct octet_submit_opts *opts, struct octet_fence **fence);

/**
 * octet_fence_wait() - until the job is done
 * @timeout_ns: from now; negative: for ever
 *
 * Return: 0; -ETIMEDOUT: not yet; -EFAULT: the machine refused or faulted the
 * job, octet_last_error() says which command and why; -ETIME: over its
 * budget or time; -ECANCELED: an earlier job of the queue failed; -ENODEV: the
 * device is gone.
 */
int octet_fence_wait(struct octet_fence *fence, int64_t timeout_ns);

/** octet_fence_fd() - a file descriptor that polls readable when done (drm: a sync_file); the caller closes it */
int octet_fence_fd(struct octet_fence *fence, int *fd);
void octet_fence_free(struct octet_fence *fence);

/* ---- Version ------------------------------------------------------------------ */

/** octet_version() - "0.1.0", of the library at run time */
const char *octet_version(void);

#ifdef __cplusplus
}
#endif

#include "octet_model.h"
#include "octet_quantize.h"

#endif /* OCTET_H */
