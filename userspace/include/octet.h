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
 * Sections, in the order of use: context, quantization, tensors,
 * operations, jobs and fences, models, version.
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
 * no state.
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
 * @cpu_level: CPU: "scalar", "avx2", "avx512vnni"; NULL: the best, or what the
 *	environment variable OCTET_CPU says
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
};

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

/* ---- Quantization ------------------------------------------------------------
 *
 * real = scale * (q - zero_point). Plain functions on arrays; no context.
 */

/** Element types; the first five are those of commands, the rest is for models. */
enum octet_dtype {
	OCTET_INT8 = 1,
	OCTET_UINT8 = 2,
	OCTET_INT16 = 3,
	OCTET_INT32 = 4,
	OCTET_INT4 = 5,		/* two per byte, low nibble first */
	OCTET_INT64 = 6,
	OCTET_FLOAT32 = 7,
	OCTET_BOOL = 8,
	OCTET_FLOAT16 = 9,
};

enum octet_scheme {
	OCTET_ASYMMETRIC = 0,	/* scale = (max - min) / (2^b - 1), zero point to match */
	OCTET_SYMMETRIC = 1,	/* scale = max |x| / (2^(b-1) - 1), zero point 0 (uint8: 2^(b-1)) */
};

/** Ties of a rounding. */
enum octet_rounding {
	OCTET_ROUND_AWAY = 0,	/* half away from zero: TFLite */
	OCTET_ROUND_EVEN = 1,	/* half to even: ONNX, PyTorch */
	OCTET_ROUND_UP = 2,	/* half up */
	OCTET_ROUND_STOCHASTIC = 3, /* floor(x/s + u), u from a counter-based generator */
};

/** How a real value is brought to steps. */
enum octet_scaling {
	OCTET_DIVIDE = 0,	/* x / scale, float32: TFLite, ONNX */
	OCTET_RECIPROCAL = 1,	/* x * (1 / scale): PyTorch, FBGEMM */
	OCTET_ADD_THEN_ROUND = 2, /* round(x / scale + zero point): XNNPACK */
};

/**
 * struct octet_quant_opts - how to choose parameters and how to quantize
 *
 * @type: OCTET_INT8 (default) or OCTET_UINT8
 * @scheme: see enum octet_scheme
 * @bits: 2..8; 0: 8. Values use 2^bits codes: signed -2^(b-1)..2^(b-1)-1,
 *	unsigned 0..2^b-1
 * @narrow: signed codes without the lowest, -(2^(b-1)-1).. : weights. SYMMETRIC
 *	int8 always clamps so
 * @rounding: ties, of values and of the zero point
 * @scaling: see enum octet_scaling
 * @seed: STOCHASTIC
 * @stream: STOCHASTIC: number of the tensor; values depend on seed, stream, index
 *	alone
 */
struct octet_quant_opts {
	size_t size;
	enum octet_dtype type;
	enum octet_scheme scheme;
	uint32_t bits;
	bool narrow;
	enum octet_rounding rounding;
	enum octet_scaling scaling;
	uint64_t seed;
	uint64_t stream;
};

/**
 * octet_quant_params() - scale and zero point from a range
 *
 * The range is extended to contain 0, so that 0 is exact. An empty range
 * (min = max = 0) gives scale 1. zero_point = qmin - round(min / scale),
 * clamped to the codes.
 *
 * Return: 0; -EINVAL: NaN or infinite, min > max, bad option; -ERANGE: the scale
 * is not a normal float32.
 */
int octet_quant_params(const struct octet_quant_opts *opts, float min, float max, float *scale,
		       int32_t *zero_point);

/**
 * octet_quant_params_channel() - per channel, from data
 * @data: [outer][channels][inner], row-major
 * @scale: [channels]
 * @zero_point: [channels]
 */
int octet_quant_params_channel(const struct octet_quant_opts *opts, const float *data, size_t outer,
			       size_t channels, size_t inner, float *scale, int32_t *zero_point);

/**
 * octet_quantize() - real to codes, clamped
 *
 * out has one byte per value. Return: 0; -EINVAL: NaN (its index is in no
 * message: there is no context), scale not positive and finite, zero point
 * outside the type.
 */
int octet_quantize(const struct octet_quant_opts *opts, float scale, int32_t zero_point,
		   const float *in, size_t count, void *out);

/** octet_quantize_channel() - layout as octet_quant_params_channel() */
int octet_quantize_channel(const struct octet_quant_opts *opts, const float *scale,
			   const int32_t *zero_point, const float *in, size_t outer, size_t channels,
			   size_t inner, void *out);

/** octet_dequantize() - scale * (q - zero_point); type INT8, UINT8, INT32 */
int octet_dequantize(enum octet_dtype type, float scale, int32_t zero_point, const void *in,
		     size_t count, float *out);

/**
 * octet_quantize_bias() - round(bias / (s_in * s_w)), half away from zero, to int32
 * @s_w: [1] or, with @per_channel, [count]
 *
 * Return: -ERANGE if a value does not fit.
 */
int octet_quantize_bias(float s_in, const float *s_w, bool per_channel, const float *bias,
			size_t count, int32_t *out);

/** Output stage code: enum octet_stage of drm/octet_isa.h, same numbers. */
enum octet_stage_code {
	OCTET_RAW = 0,
	OCTET_FIX_DBL = 1,
	OCTET_FIX_DBL_UP = 2,
	OCTET_FIX_UP = 3,
	OCTET_FIX_AWAY = 4,
	OCTET_FP32_RNE = 5,
};

/** octet_stage_name() - "FIX_DBL" and so on; "?" for others */
const char *octet_stage_name(enum octet_stage_code stage);

/**
 * octet_requant() - multiplier and shift that stand for a real factor
 *
 * FIX codes: TFLite's QuantizeMultiplier, shift = 31 - exponent. FP32_RNE: the
 * factor as float32 bits, shift 0. RAW: zeros.
 *
 * Return: 0; -ERANGE: not representable (factor <= 0, shift outside 1..62,
 * scale outside [2^-32, 2^8)).
 */
int octet_requant(enum octet_stage_code stage, double factor, uint32_t *mult, uint32_t *shift);

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
 */
struct octet_job_opts {
	size_t size;
	uint32_t sram_software;
	uint32_t sram_lines;
	uint64_t cycle_budget;
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
 * new queue; the context's own is replaced by itself); -EBUSY: too much queued.
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

/* ---- Models --------------------------------------------------------------------
 *
 *	octet_model_load(&model, "net.tflite", NULL);
 *	octet_plan_new(ctx, model, NULL, &plan);
 *	octet_plan_run(plan, inputs, outputs);
 *
 * A model is a network as loaded: constant, belongs to no context, may be shared by
 * threads. A plan is a model made ready for a context: memory laid out, weights in
 * place, commands written. Running allocates nothing.
 */

struct octet_model;
struct octet_plan;

/** Whose arithmetic a model is run with. */
enum octet_flavour {
	OCTET_FLAVOUR_TFLITE = 0,	/* TFLite reference kernels, TFLM, CMSIS-NN */
	OCTET_FLAVOUR_TFLITE_OPT = 1,	/* TFLite optimized kernels on x86 */
	OCTET_FLAVOUR_XNNPACK = 2,	/* XNNPACK, the default of LiteRT on desktops */
};

/** octet_flavour_name() - "tflite", "tflite-opt", "xnnpack" */
const char *octet_flavour_name(enum octet_flavour flavour);

/** octet_flavour_parse() - the reverse; -EINVAL */
int octet_flavour_parse(const char *name, enum octet_flavour *flavour);

/**
 * struct octet_model_opts
 *
 * @errbuf: gets a sentence that names tensor or operator and the rule when loading
 *	fails; may be NULL
 * @errbuf_size: its size
 */
struct octet_model_opts {
	size_t size;
	char *errbuf;
	size_t errbuf_size;
};

/**
 * octet_model_load() - read and check a .tflite file
 *
 * The file is mapped read-only and must not change while the model lives.
 *
 * Return: 0; -ENOENT and others of open(); -EINVAL: malformed; -ENOTSUP: understood but
 * not supported; -EFBIG; -ENOMEM.
 */
int octet_model_load(struct octet_model **model, const char *path,
		     const struct octet_model_opts *opts);

/** octet_model_load_memory() - the same from memory, which is borrowed until octet_model_free() */
int octet_model_load_memory(struct octet_model **model, const void *data, size_t bytes,
			    const struct octet_model_opts *opts);

/** octet_model_free() - after its plans; NULL is fine */
void octet_model_free(struct octet_model *model);

#define OCTET_MODEL_RANK 8

/**
 * struct octet_tensor_info - a tensor of a model
 *
 * @name: lives as long as the model
 * @bytes: dense, of one inference
 * @quants: 0: not quantized, 1: per tensor, else per channel along @axis
 * @scale: [quants], of the model
 * @zero_point: [quants]
 * @constant: weights and the like
 */
struct octet_tensor_info {
	size_t size;
	const char *name;
	enum octet_dtype type;
	uint32_t rank;
	uint32_t dims[OCTET_MODEL_RANK];
	size_t bytes;
	uint32_t quants, axis;
	const float *scale;
	const int32_t *zero_point;
	bool constant;
};

uint32_t octet_model_tensors(const struct octet_model *model);
uint32_t octet_model_ops(const struct octet_model *model);
uint32_t octet_model_inputs(const struct octet_model *model);
uint32_t octet_model_outputs(const struct octet_model *model);
/** octet_model_input() - tensor number of input @index; -ENOENT */
int octet_model_input(const struct octet_model *model, uint32_t index);
int octet_model_output(const struct octet_model *model, uint32_t index);
/** octet_model_tensor() - -ENOENT: no such tensor */
int octet_model_tensor(const struct octet_model *model, uint32_t tensor,
		       struct octet_tensor_info *info);
/** octet_dtype_name() - "int8" and so on; "?" for others */
const char *octet_dtype_name(enum octet_dtype type);

/**
 * struct octet_plan_opts
 *
 * @flavour: whose arithmetic
 * @batch: inferences that run as one, 0 means 1; inputs and outputs hold as many
 *	samples back to back
 * @slots: runs that may be in flight, 0 means 1, at most 64; 1 for a model with variables
 * @keep: every activation keeps its own memory and can be read after a run: no
 *	fusions, no chains, no SRAM
 * @no_sram: all tensors in DRAM, no chains
 */
struct octet_plan_opts {
	size_t size;
	enum octet_flavour flavour;
	uint32_t batch;
	uint32_t slots;
	bool keep;
	bool no_sram;
};

/**
 * octet_plan_new() - make a model ready to run
 *
 * Return: 0; -ENOTSUP: an operator runs neither on the device nor on the CPU, or
 * @batch is not possible; -ERANGE: scales; -ENOMEM, -ENOSPC; octet_last_error() says what.
 */
int octet_plan_new(struct octet_ctx *ctx, struct octet_model *model,
		   const struct octet_plan_opts *opts, struct octet_plan **plan);

/** octet_plan_free() - waits for its runs; NULL is fine */
void octet_plan_free(struct octet_plan *plan);

/**
 * octet_plan_run() - run once, in slot 0, and wait
 * @inputs: [octet_model_inputs()], each of octet_plan_input_bytes()
 * @outputs: [octet_model_outputs()]
 *
 * Return: as octet_fence_wait(); -EINVAL: a host operator refused its data, such as an
 * index out of range.
 */
int octet_plan_run(struct octet_plan *plan, const void *const *inputs, void *const *outputs);

/**
 * octet_plan_input() - memory of an input in a slot, to be filled before the start
 * @bytes: gets its size, all samples of the batch; may be NULL
 *
 * NULL: no such slot or input. Valid while the plan lives; a run leaves inputs as they are.
 */
void *octet_plan_input(struct octet_plan *plan, uint32_t slot, uint32_t index, size_t *bytes);
const void *octet_plan_output(struct octet_plan *plan, uint32_t slot, uint32_t index,
			      size_t *bytes);

/**
 * octet_plan_start() - run a slot without waiting
 *
 * Runs of different slots overlap. With CPU operators between the
 * device's, a thread of the library carries on. Return: 0; -EBUSY: the slot is running.
 */
int octet_plan_start(struct octet_plan *plan, uint32_t slot);

/**
 * octet_plan_wait() - until a slot's run is done
 * @timeout_ns: from now; negative: for ever
 *
 * Return: the result of the run; -ETIMEDOUT: not yet.
 */
int octet_plan_wait(struct octet_plan *plan, uint32_t slot, int64_t timeout_ns);

/** octet_plan_fd() - a descriptor that polls readable when the slot's run is done; the caller closes it */
int octet_plan_fd(struct octet_plan *plan, uint32_t slot, int *fd);

/** octet_plan_reset() - variables (state of recurrent networks) back to zero; no run may be under way */
int octet_plan_reset(struct octet_plan *plan);

/**
 * octet_plan_tensor() - contents of an activation after a run of slot 0, plans with keep
 *
 * -ENOENT: not an activation of this plan.
 */
int octet_plan_tensor(struct octet_plan *plan, uint32_t tensor, const void **data, size_t *bytes);

/** Where an operator runs. */
enum octet_where {
	OCTET_ON_DEVICE = 0,
	OCTET_ON_CPU = 1,
	OCTET_ON_NOTHING = 2,	/* no work: a reshape, a concatenation in place */
	OCTET_ON_FUSED = 3,	/* done by another operator's command */
};

/**
 * struct octet_plan_op - an operator of a plan
 *
 * @name: "CONV_2D"
 * @code: TFLite's number
 * @inputs: tensor numbers, [input_count], -1: left out; of the model
 * @outputs: [output_count]
 * @where: who runs it
 * @fused_into: FUSED: the operator that does it
 * @exact: the flavour claims the ecosystem's own bits for it
 * @why: why not on the device, or what it was fused into; "" if it runs there
 * @macs: multiply-accumulates of the batch
 * @commands: of the device
 * @chain: number of its chain in the plan, from 1; 0: none
 * @in_sram: its (first) result stays in the SRAM or in the array
 * @predicted: cycles by the timing, the batch; zeros for the CPU
 * @measured: of the newest finished run of slot 0; zeros before, or for the CPU backend
 * @host_ns: time of a CPU operator in that run
 * @params: kernel, strides and the like for people, "3x3 stride 2x2 same relu6"
 */
struct octet_plan_op {
	size_t size;
	const char *name;
	uint32_t code;
	const int32_t *inputs, *outputs;
	uint32_t input_count, output_count;
	enum octet_where where;
	uint32_t fused_into;
	bool exact;
	const char *why;
	uint64_t macs;
	uint32_t commands;
	uint32_t chain;
	bool in_sram;
	struct octet_op_report predicted, measured;
	uint64_t host_ns;
	char params[64];
};

/** octet_plan_op() - -ENOENT: no such operator */
int octet_plan_op(struct octet_plan *plan, uint32_t index, struct octet_plan_op *op);

/**
 * struct octet_plan_info - a plan as a whole
 *
 * @macs: of the batch; @device_macs: those on the device
 * @commands: of the device; @segments: jobs of a run; @host_ops: CPU operators
 * @chains: chains
 * @cycles: predicted, of the batch
 * @dram_read: @dram_write: bytes, predicted
 * @sram: bytes placed by the planner; @lines: bytes of line buffers, largest of its jobs
 * @const_bytes: weights, records, tables; @arena_bytes: activations of a slot;
 *	@command_bytes: commands and reports of all slots
 */
struct octet_plan_info {
	size_t size;
	uint64_t macs, device_macs;
	uint32_t commands, segments, host_ops, chains;
	uint64_t cycles, dram_read, dram_write;
	uint32_t sram, lines;
	uint64_t const_bytes, arena_bytes, command_bytes;
};

int octet_plan_info(const struct octet_plan *plan, struct octet_plan_info *info);

/* ---- Version ------------------------------------------------------------------ */

/** octet_version() - "0.1.0", of the library at run time */
const char *octet_version(void);

#ifdef __cplusplus
}
#endif

#endif /* OCTET_H */
