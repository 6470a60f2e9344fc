/* SPDX-License-Identifier: MIT */
/*
 * What the files of the core share: the machine, a core, a job in progress.
 *
 * One job goes through the files in this order: ring.c takes the entry,
 * fetch.c copies its commands, decode*.c check them, exec.c runs one after
 * the other (gather.c moves operands, mmu.c translates), ring.c completes it.
 * machine.c is the state machine around that.
 */
#ifndef OCTET_CORE_PRIV_H
#define OCTET_CORE_PRIV_H

#include <stddef.h>

#include "bits.h"
#include "octet_core.h"
#include "cycles.h"
#include "mmu.h"
#include "work.h"

#include "../../driver/octet_regs.h"

/*
 * Jobs of more commands, or of more rows in chains, are checked without the lock. Where
 * the reports are kept, rows do not count.
 */
#define OCTET_CHECK_INLINE	64u
#define OCTET_CHECK_KEPT	256u
#define OCTET_CHECK_ROWS	1024u

/* Limits of this version; the capability registers tell them. */
#define OCTET_RING_ORDER_MIN	6u
#define OCTET_RING_ORDER_MAX	12u
#define OCTET_ASID_ORDER	12u
#define OCTET_OPERAND_ORDER	28u
#define OCTET_DIM_ORDER		20u
#define OCTET_JOB_CMDS_MAX	4096u
#define OCTET_DMA_BITS		56u

#define OCTET_ENTRY_SIZE	64u

/* What the machine offers: each operation has a row in opinfo.c. */
#define OCTET_OPS		GENMASK(OCTET_OP_TCONV2D, OCTET_OP_CONV2D)

/* Sets of element types and of stages */
#define OCTET_TYPES_8BIT	(BIT(OCTET_TYPE_INT8) | BIT(OCTET_TYPE_UINT8))
#define OCTET_TYPES_ALL		(OCTET_TYPES_8BIT | BIT(OCTET_TYPE_INT16) | \
				 BIT(OCTET_TYPE_INT32) | BIT(OCTET_TYPE_INT4))
#define OCTET_STAGES_FIX	(BIT(OCTET_STAGE_FIX_DBL) | BIT(OCTET_STAGE_FIX_DBL_UP) | \
				 BIT(OCTET_STAGE_FIX_UP) | BIT(OCTET_STAGE_FIX_AWAY))

/* Operands of struct octet_cmd, not counting the table. */
#define OCTET_OPERANDS		6

/* Larger buffers are given back after their job. */
#define OCTET_BUFFER_KEEP	((size_t)8 << 20)

#define OCTET_GLOBAL_WORDS	(0x100 / 4)
#define OCTET_CORE_WORDS	(0x080 / 4)

/* Rules of a command's extents. */
enum octet_shape {
	OCTET_SHAPE_CONV,
	OCTET_SHAPE_DEPTHWISE,
	OCTET_SHAPE_TCONV,
	OCTET_SHAPE_GEMM,
	OCTET_SHAPE_POOL,
	OCTET_SHAPE_SAME,	/* result as input */
	OCTET_SHAPE_SOFTMAX,
	OCTET_SHAPE_REDUCE,
	OCTET_SHAPE_RESIZE,
};

/* How the type of an operand follows from that of src. */
enum octet_typed {
	OCTET_TYPED_8BIT,
	OCTET_TYPED_WIDTH,	/* 8-bit with 8-bit, int16 with int16 */
	OCTET_TYPED_SRC,	/* the same */
	OCTET_TYPED_STAGE,	/* as WIDTH; RAW: int32 */
	OCTET_TYPED_INDEX,	/* int32 */
	OCTET_TYPED_ANY,
};

enum octet_table {
	OCTET_TABLE_NONE,
	OCTET_TABLE_LUT,
	OCTET_TABLE_SOFTMAX,
	OCTET_TABLE_TAPS,
};

/*
 * What an operation has; opinfo.c has the table. Operands are bits, by their
 * index; TAIL_ADD adds src2 to what @has, @zero and @scale say.
 */
struct octet_op_info {
	uint8_t op;
	uint32_t subs;		/* BIT(struct octet_cmd.sub) */
	uint32_t has, may;	/* operands: always, optional */
	enum octet_shape shape;
	uint32_t src;		/* types of src */
	enum octet_typed src2, dst;
	uint32_t stages;	/* RAW alone: no output stage */
	bool wide;		/* int16 inputs: sums of 48 bits, FIX_UP, no zero points */
	uint32_t tails;
	uint32_t zero, scale;	/* operands with a zero point; with mult and shift */
	bool pads;		/* pad_value */
	bool left_shift;
	bool repeats;		/* REPEAT on src and src2 */
	bool plain;		/* no clamp; strides of all four dimensions */
	enum octet_table table;
};

/* Why a job ends early. status 0 is no fault. */
struct octet_fault {
	uint16_t status;
	uint32_t detail;
	uint64_t va;
	uint32_t command;
};

/* Host memory that grows and is kept from job to job. */
struct octet_buffer {
	void *data;
	size_t size;
	uint64_t charged;	/* bytes that the job in work has asked for */
};

/*
 * An operand as gather and scatter see it: @ext[0] x .. x @ext[3] runs of
 * @run bytes, the outermost dimension first.
 */
struct octet_view {
	uint8_t space;
	uint64_t addr;
	uint64_t ext[4];
	uint64_t stride[4];
	uint64_t run;
	uint64_t dense;		/* bytes of all elements */
	uint64_t extent;	/* bytes from the first to the last one */
};

/* Not a status: the slice is over, the rest wants another step. */
#define OCTET_AGAIN	(-1)

/* An operand on the move, at run @at, @offset bytes into it. */
struct octet_walk {
	struct octet_view view;		/* merged */
	enum octet_operand_index operand;
	bool covered, mapped;
	size_t staged;			/* pages copied */
	uint64_t at[4];
	uint64_t offset;
	uint8_t *dense;			/* the same place in the dense copy */
};

/* The part of a job that outlives one step. */
struct octet_job {
	struct octet_ring_entry entry;
	struct octet_cmd *cmds;		/* [first, count) at [0, ..) */
	struct octet_report *reports;	/* the same */
	bool checked;
	const char *why;		/* that it does not fit, for people */
	uint32_t next;			/* command to run, absolute */
	uint32_t restart;		/* after the check of a loaded job, or 0 */
	bool storing;			/* loaded: @next has been computed, and its result */
	uint64_t result, stored;	/* has @result bytes, of which @stored are written */
	uint32_t chain;			/* first command of its chain, mostly itself */
	uint64_t chain_cycles;		/* of what the chain has done, not in cycles yet */
	uint64_t cycles, macs, dram_read, dram_write;
	uint64_t start_ns;
	struct octet_fault fault;
};

enum octet_task {
	OCTET_TASK_NOTHING,	/* the step only lets go of the lock */
	OCTET_TASK_CHECK,
	OCTET_TASK_COMPUTE,
};

enum octet_phase {
	OCTET_PHASE_FETCH,	/* take the next entry, if there is one */
	OCTET_PHASE_CHECK,	/* check and time its commands */
	OCTET_PHASE_COMMAND,	/* start the job's next command */
	OCTET_PHASE_LOAD,	/* copy inputs, translate the result's pages */
	OCTET_PHASE_COMPUTE,	/* the host computes */
	OCTET_PHASE_STORE,	/* write the result */
	OCTET_PHASE_PACE,	/* wait for the modelled time */
	OCTET_PHASE_POST,	/* write the completion when the queue has room */
	OCTET_PHASE_HALTED,
	OCTET_PHASE_HUNG,
	OCTET_PHASE_LIVELOCK,	/* hung, but PROGRESS moves */
	OCTET_PHASE_STOPPED,	/* gave up its job, until a reset */
	OCTET_PHASE_RESET,	/* wait for a cancelled compute to return, or is stuck */
};

struct octet_core {
	struct octet_machine *m;
	unsigned int index;
	uint32_t regs[OCTET_CORE_WORDS];
	uint64_t counter[OCTET_COUNTERS];

	enum octet_phase phase;
	bool ring_error;
	bool stuck;		/* RESET does not end */
	uint32_t stop_cmd;	/* STOPPED: the first command that has not run */
	uint32_t head, cq_tail;
	uint64_t seq;

	/* completions that no interrupt has announced yet */
	bool unannounced;
	uint64_t announce_ns;	/* 0: no limit */

	struct octet_tlb tlb;
	struct octet_tlb_way way;
	struct octet_asid asid;

	struct octet_job job;
	struct octet_work work;
	struct octet_walk walk;
	bool walking;		/* LOAD: the walk is under way */
	unsigned int loaded;	/* LOAD: operands that are done */
	uint64_t packed;	/* LOAD: int4 weights that are two per byte still */
	struct octet_pages dst_pages, report_pages, in_pages;

	uint8_t *sram;
	uint64_t sram_dirty;	/* bytes from 0 on that may not be zero */

	struct octet_buffer cmds, timing, reports, src, src2, wgt, prm, chn, table, out;
	struct octet_buffer stage;			/* gather: pages of short runs */
	struct octet_buffer packed_weights;		/* no data: a compute has its own */
	struct octet_buffer link[OCTET_CHAIN_MAX];	/* tensors of the chain */
	uint64_t charged;				/* of all of these */
	struct octet_cycles_kept kept;			/* of who checks the job */

	/* shared with the compute thread */
	atomic_bool cancel;
	atomic_bool compute_done;
	enum octet_task task;	/* what the thread shall do */
	atomic_uint progress;
	int compute_rc;
};

struct octet_machine {
	struct octet_config config;
	struct octet_host host;
	struct octet_inject inject;
	struct octet_cycles_machine timing;
	uint32_t regs[OCTET_GLOBAL_WORDS];
	uint32_t resets;
	bool stuck;		/* a device reset that only FLR ends */
	uint32_t tlb_busy;	/* cores that still use an old translation */
	struct octet_core core[OCTET_CORE_MAX];
};

static inline uint32_t octet_detail(enum octet_operand_index operand, enum octet_access access)
{
	return OCTET_FIELD_PREP(OCTET_CQ_DETAIL_OPERAND, (uint32_t)operand) |
	       OCTET_FIELD_PREP(OCTET_CQ_DETAIL_ACCESS, (uint32_t)access);
}

static inline const struct octet_operand *octet_cmd_operand(const struct octet_cmd *cmd,
							    unsigned int index)
{
	const uint8_t *base = (const uint8_t *)cmd + offsetof(struct octet_cmd, src);

	return (const struct octet_operand *)(base + index * sizeof(struct octet_operand));
}

/* Records a fault; returns its status, which is what callers pass on. */
static inline int octet_fail(struct octet_fault *fault, int status,
			     enum octet_operand_index operand, enum octet_access access,
			     uint64_t va)
{
	fault->status = (uint16_t)status;
	fault->detail = octet_detail(operand, access);
	fault->va = va;
	return status;
}

/* machine.c */
int octet_buffer_charge(struct octet_core *core, struct octet_buffer *b, uint64_t size);
int octet_buffer_need(struct octet_core *core, struct octet_buffer *b, size_t size);
void octet_buffer_trim(struct octet_core *core, struct octet_buffer *b);
void octet_core_reset(struct octet_core *core);
void octet_device_reset(struct octet_machine *m);
void octet_core_stop(struct octet_core *core);
void octet_core_kick(struct octet_core *core);
__attribute__((format(printf, 2, 3)))
void octet_guest_error(struct octet_machine *m, const char *fmt, ...);
__attribute__((format(printf, 2, 3)))
void octet_trace(struct octet_machine *m, const char *fmt, ...);

/* inject.c */
bool octet_inject_fires(struct octet_core *core, uint64_t *count);
int octet_dma_read(struct octet_core *core, uint64_t addr, void *buf, size_t len);
int octet_dma_write(struct octet_core *core, uint64_t addr, const void *buf, size_t len);

/* regs.c */
enum octet_reg_access {
	OCTET_ACC_RO,
	OCTET_ACC_WO,
	OCTET_ACC_RW,
	OCTET_ACC_RW_OFF,	/* writable while the core is OFF */
	OCTET_ACC_W1C,
};

/* One register; tests read the tables too. */
struct octet_reg {
	uint32_t offset;
	const char *name;
	enum octet_reg_access access;
	uint32_t reset;
	uint32_t mask;		/* bits that can be written */
	uint32_t (*read)(struct octet_machine *m, struct octet_core *core);
	void (*write)(struct octet_machine *m, struct octet_core *core, uint32_t value);
};

extern const struct octet_reg octet_global_regs[];
extern const size_t octet_global_regs_count;
extern const struct octet_reg octet_core_regs[];
extern const size_t octet_core_regs_count;

void octet_regs_reset_global(struct octet_machine *m);
void octet_regs_reset_core(struct octet_core *core);
void octet_regs_reset_done(struct octet_machine *m);
uint32_t octet_core_state(const struct octet_core *core);

static inline uint32_t octet_creg(const struct octet_core *core, uint32_t offset)
{
	return core->regs[offset / 4];
}

static inline uint64_t octet_creg64(const struct octet_core *core, uint32_t offset)
{
	return core->regs[offset / 4] | (uint64_t)core->regs[offset / 4 + 1] << 32;
}

/* Software wants the job given up before its next command. */
static inline bool octet_stopping(const struct octet_core *core)
{
	return octet_creg(core, OCTET_CORE_CTRL) & OCTET_CORE_CTRL_STOP;
}

/* ring.c */
void octet_irq_raise(struct octet_core *core, uint32_t bits);
void octet_irq_message(struct octet_core *core);
void octet_ring_error(struct octet_core *core, const char *why);
void octet_ring_check(struct octet_core *core);
bool octet_ring_more(const struct octet_core *core);
int octet_ring_fetch(struct octet_core *core);
int octet_ring_check_entry(struct octet_core *core, struct octet_fault *fault);
bool octet_ring_entry_ok(const struct octet_ring_entry *e);
const char *octet_ring_setup_bad(const struct octet_core *core);
bool octet_ring_tail_bad(const struct octet_core *core);
bool octet_ring_post(struct octet_core *core);
void octet_ring_announce(struct octet_core *core);
void octet_ring_delay(struct octet_core *core);
void octet_ring_tick(struct octet_core *core);

/* fetch.c */
int octet_fetch_room(struct octet_core *core);
int octet_fetch_job(struct octet_core *core, struct octet_fault *fault);
bool octet_check_is_short(struct octet_core *core);
void octet_check_job(struct octet_core *core);

static inline uint32_t octet_job_count(const struct octet_job *job)
{
	return job->entry.cmd_count - job->entry.first;
}

/* opinfo.c */
const struct octet_op_info *octet_op_info(const struct octet_cmd *cmd);
enum octet_table octet_cmd_table(const struct octet_cmd *cmd, const struct octet_op_info *info);
uint64_t octet_type_size(uint8_t type);
bool octet_cmd_wide(const struct octet_cmd *cmd);

static inline bool octet_cmd_adds(const struct octet_cmd *cmd)
{
	return cmd->tail & OCTET_TAIL_ADD;
}

static inline bool octet_operand_absent(const struct octet_operand *o)
{
	return o->space == OCTET_SPACE_NONE;
}

/* A refusal: returns @status, for the operand @which or OCTET_OPERAND_CMD. */
static inline int octet_bad(struct octet_fault *fault, int status, int which)
{
	return octet_fail(fault, status, (enum octet_operand_index)which, OCTET_ACCESS_NONE, 0);
}

/* decode.c: 0 or a status, which the fault has too */
int octet_decode_cmd(const struct octet_cmd *cmd, uint64_t sw, struct octet_fault *fault);
int octet_decode_job(const struct octet_cmd *cmds, uint32_t count, uint64_t sw,
		     struct octet_fault *fault);

/* decode_shape.c, decode_quant.c, decode_chain.c: one topic each */
int octet_decode_shape(const struct octet_cmd *cmd, const struct octet_op_info *info,
		       struct octet_fault *fault);
int octet_decode_quant(const struct octet_cmd *cmd, const struct octet_op_info *info,
		       struct octet_fault *fault);
int octet_decode_chain(const struct octet_cmd *cmds, uint32_t count, uint32_t at,
		       uint32_t start, struct octet_fault *fault);
unsigned int octet_chain_tensor(const struct octet_operand *o, unsigned int position);
bool octet_chain_reads(const struct octet_cmd *cmds, uint32_t first, uint32_t last,
		       unsigned int tensor);

/* decode_records.c: what has been copied for the command */
int octet_decode_params(const struct octet_cmd *cmd, const struct octet_param *prm,
			struct octet_fault *fault);
int octet_decode_params16(const struct octet_cmd *cmd, const struct octet_param16 *prm,
			  struct octet_fault *fault);
int octet_decode_channels(const struct octet_cmd *cmd, const struct octet_channel *chn,
			  struct octet_fault *fault);
int octet_decode_table(const struct octet_cmd *cmd, const void *table,
		       struct octet_fault *fault);

/* decode_quant.c: what a number of the command may be */
struct octet_bounds {
	int64_t lo, hi;
};

struct octet_bounds octet_type_bounds(uint8_t type);
struct octet_bounds octet_mult_bounds(uint8_t stage, bool wide);
struct octet_bounds octet_shift_bounds(uint8_t stage);
bool octet_mult_ok(uint8_t stage, uint32_t mult, bool wide);
bool octet_shift_ok(uint8_t stage, uint32_t shift);
bool octet_in_type(uint8_t type, int64_t v);

/* views.c */
int octet_view_operand(struct octet_view *view, const struct octet_cmd *cmd,
		       enum octet_operand_index index);
uint64_t octet_view_weights(const struct octet_cmd *cmd);
bool octet_view_overlaps(const struct octet_view *view);
void octet_view_merge(struct octet_view *view);

/* gather.c: 0, OCTET_AGAIN after a slice, or a status */
void octet_walk_begin(struct octet_core *core, const struct octet_view *view,
		      enum octet_operand_index operand, uint8_t *dense);
int octet_gather(struct octet_core *core, struct octet_fault *fault);
int octet_scatter_map(struct octet_core *core, struct octet_fault *fault);
int octet_scatter(struct octet_core *core, struct octet_fault *fault);
void octet_walk_seek(struct octet_core *core, uint64_t done);

/* exec.c */
uint32_t octet_exec_unit(const struct octet_job *job);
int octet_exec_start(struct octet_core *core, struct octet_fault *fault);
int octet_exec_restore(struct octet_core *core, struct octet_fault *fault);
int octet_exec_load(struct octet_core *core, struct octet_fault *fault);
int octet_exec_store(struct octet_core *core, struct octet_fault *fault);

/* counters.c */
void octet_count(struct octet_core *core, unsigned int counter, uint64_t n);
void octet_count_command(struct octet_core *core, const struct octet_report *report,
			 uint64_t macs);
uint32_t octet_counter_read(const struct octet_core *core, uint32_t offset);

#endif /* OCTET_CORE_PRIV_H */
