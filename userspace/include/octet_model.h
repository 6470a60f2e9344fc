/* SPDX-License-Identifier: MIT */
/**
 * liboctet, models: networks from files, ready to run. Included by octet.h, whose head says
 * what holds for all calls: errors, options, threads, lifetimes.
 */
#ifndef OCTET_MODEL_API_H
#define OCTET_MODEL_API_H

#include "octet.h"

#ifdef __cplusplus
extern "C" {
#endif

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

/**
 * octet_model_part() - operators @first .. @first + @count - 1 as a model of their own
 *
 * Tensors keep their numbers. Its inputs are what these operators read and do not compute, its
 * outputs all that they compute, both in the order of the numbers; variables stay variables.
 * @model must outlive it. Return: 0; -ENOENT: no such operators; -ENOMEM.
 */
int octet_model_part(struct octet_model **part, const struct octet_model *model, uint32_t first,
		     uint32_t count);

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

/**
 * octet_plan_reset() - variables (state of recurrent networks) as before the first run
 *
 * By TFLite's rule: bytes of zeros, int8 its zero point. Return: 0; -EBUSY: a run is under way.
 */
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

#ifdef __cplusplus
}
#endif

#endif /* OCTET_MODEL_API_H */
