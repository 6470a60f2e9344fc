/* SPDX-License-Identifier: MIT */
/* Shared by the files of the CPU fallback. */
#ifndef OCTET_CPU_PRIV_H
#define OCTET_CPU_PRIV_H

#include <stdatomic.h>

#include "cpu.h"
#include "kernels.h"

#define CPU_EXTENT_MAX	(1u << 20)
/* Rows and columns between the first and the last tap, exclusive. */
#define CPU_REACH_END	(1u << 30)
#define CPU_BYTES_MAX	(UINT64_C(1) << 28)
#define CPU_DIMS	4

/**
 * struct cpu_shape - an operand as nested loops, outermost first
 *
 * @extent: number of steps; 1 for dimensions that the operand lacks
 * @stride: bytes of a step; those of extent 1 are zero
 * @inner: bytes of the contiguous innermost run
 * @bytes: first to last byte
 * @elements: bytes of all elements, those of a broadcast counted each time
 */
struct cpu_shape {
	uint32_t extent[CPU_DIMS];
	uint64_t stride[CPU_DIMS];
	uint64_t inner;
	uint64_t bytes;
	uint64_t elements;
};

/** struct cpu_buffer - memory that grows and is kept between runs */
struct cpu_buffer {
	void *data;
	size_t size;
};

/* Largest blocks of the matrix product, in elements. */
#define CPU_BLOCK_M	96
#define CPU_BLOCK_K	16384	/* even */
#define CPU_SLICE_K	512	/* even: panel slice that stays in the L1 cache */
#define CPU_PACK_B	(1u << 20)
#define CPU_BLOCK_N	512
/* And of the depthwise convolution. */
#define CPU_DW_CHANNELS	512
#define CPU_DW_TAPS	512	/* even */
/* Bytes of an image row that are replaced by pad values at once. */
#define CPU_PAD		(1u << 14)

struct cpu_packed;
struct cpu_team;

/**
 * struct octet_cpu - an executor, or what a thread of it computes with
 * @cancel: set by octet_cpu_cancel(): the executor's @canceled
 * @team: its threads; NULL: there is one
 * @sram: the job's SRAM
 * @cmds: copies of the commands
 * @params: bias, mult, shift, weight zero point by channel
 * @copy: inputs that the output overlaps, by operand: src, src2, wgt
 * @table: the command's table
 * @nibbles: INT4 weights as int8
 * @link: tensors of the chain under way: its input, gathered, its results
 * @wide: for the operations of op_*.c, theirs alone, any contents
 * @pack_a, @pack_b, @acc, @row: blocks of the matrix product
 * @taps: inputs of a depthwise pixel, a channel multiplier expanded
 * @packed: weights of the command under way, for the byte kernels
 * @block: rows of a product under way there
 * @pad: CPU_PAD pad values and room to read further
 */
struct octet_cpu {
	const struct cpu_kernels *k;
	atomic_bool *cancel;
	atomic_bool canceled;
	struct cpu_team *team;
	struct cpu_buffer sram;
	struct cpu_buffer cmds;
	struct cpu_buffer params;
	struct cpu_buffer copy[3];
	struct cpu_buffer table;
	struct cpu_buffer nibbles;
	struct cpu_buffer link[OCTET_CHAIN_MAX];
	struct cpu_buffer wide;
	int16_t *pack_a;
	int16_t *pack_b;
	int16_t *row;
	int32_t *acc;
	uint8_t *taps;
	struct cpu_packed *packed;
	void *block;
	uint8_t *pad;
};

/**
 * struct cpu_work - one command, its operands found, ready to execute
 *
 * Strides, places and weights are those here, not those of @cmd: links have
 * become dense memory, INT4 has become int8, and an input that the output
 * overlaps a copy; so dst may be written while inputs are still read. Absent
 * operands have NULL, and a shape of zero bytes.
 *
 * @src, @src2, @wgt, @dst: NHWC extents are [1..3], those of COPY [0..3] (then
 *	@inner is one element), those of matrices [0..2] as stored. With REPEAT
 *	@inner is one element; else it is all channels, in bytes
 * @x, @x2, @w, @y: element 0 of src, src2, wgt, dst, aligned to its type
 * @zw: weight zero point by channel; NULL without weights
 * @stage: of the accumulators, by channel where the operation has weights or
 *	is POOL SUM, else arrays are NULL. With TAIL_ADD it makes the addend t:
 *	its zero point and clamp are the mid ones
 * @bias16: with int16 inputs and weights in place of stage.bias, 48 bits
 * @table: private copy, checked; aligned to 64. The formats of octet_isa.h
 * @x_signed, @x2_signed, @w_signed: int8 (int16, int32), else uint8
 * @repeat, @repeat2: src, src2 have one element for all channels of a pixel
 * @x_size, @x2_size, @y_size: bytes of an element
 * @packed: the weights, packed beforehand; NULL: they are not
 * @panels: the same for the int16 kernels, as octet_cpu_pack_b() makes them, of all
 *	columns of all groups
 */
struct cpu_work {
	const struct octet_cmd *cmd;
	struct cpu_shape src, src2, wgt, dst;
	const uint8_t *x;
	const uint8_t *x2;
	const uint8_t *w;
	uint8_t *y;
	const int32_t *zw;
	struct cpu_stage stage;
	const int64_t *bias16;
	const void *table;
	bool x_signed;
	bool x2_signed;
	bool w_signed;
	bool repeat;
	bool repeat2;
	unsigned int x_size;
	unsigned int x2_size;
	unsigned int y_size;
	const struct cpu_packed *packed;
	const int16_t *panels;
};

/* Fills @fault and returns -EFAULT. */
int octet_cpu_refuse(struct octet_cpu_fault *fault, uint32_t status,
		     uint32_t detail, uint64_t va, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Grows @buffer to @size bytes, not cleared; NULL when memory is short. */
void *octet_cpu_grow(struct cpu_buffer *buffer, size_t size);

/**
 * struct cpu_job - a command among those of its job
 * @cmds, @count: the job
 * @index: of the command
 * @start: of the first one of its chain; @index outside chains
 */
struct cpu_job {
	const struct octet_cmd *cmds;
	uint32_t count;
	uint32_t index;
	uint32_t start;
};

/* Checks one command, all but its records and its table; 0 or -EFAULT. */
int octet_cpu_check(const struct cpu_job *job, uint32_t sw,
		    struct octet_cpu_fault *fault);

/* Which tensor of its chain a link names: 0 the input, j the jth result. */
uint32_t octet_cpu_link(const struct cpu_job *job,
			const struct octet_operand *op);

/* Multiplier and shift against the bounds of a stage code. */
bool octet_cpu_mult_ok(unsigned int stage, uint32_t mult, uint32_t most);
bool octet_cpu_shift_ok(unsigned int stage, uint32_t shift, uint32_t least);

/* Range and size of an element type; INT4 counts as its int8. */
void octet_cpu_type_range(unsigned int type, int32_t *lo, int32_t *hi);
unsigned int octet_cpu_type_size(unsigned int type);

/* CONV2D, DEPTHWISE, TCONV2D or GEMM. */
bool octet_cpu_weighted(const struct octet_cmd *cmd);

/*
 * Loops of an operand by its index. @bytes and @elements are UINT64_MAX when
 * they do not fit 64 bits. Links are dense; INT4 and PACKED weights are one run
 * of bytes, but for octet_cpu_unpacked(), where they are dense.
 */
void octet_cpu_shape(const struct octet_cmd *cmd, unsigned int operand,
		     struct cpu_shape *shape);
void octet_cpu_unpacked(const struct octet_cmd *cmd, struct cpu_shape *shape);
const struct octet_operand *octet_cpu_operand(const struct octet_cmd *cmd,
					      unsigned int operand);

/*
 * Finds operands, reads records and table, copies what the output overlaps.
 * -ENOMEM fills fault->va with the bytes wanted.
 */
int octet_cpu_bind(struct octet_cpu *cpu, const struct octet_cpu_memory *memory,
		   const struct cpu_job *job, struct cpu_work *work,
		   struct octet_cpu_fault *fault);

/*
 * Its steps. octet_cpu_bind_fixed(): all that is about records and table, and the
 * operands' shapes. octet_cpu_bind_places(): the operands' memory. octet_cpu_bind_inputs():
 * the chain's input gathered, weights unpacked (not those that are packed
 * beforehand), copies of what the output overlaps.
 */
int octet_cpu_bind_fixed(struct octet_cpu *cpu,
			 const struct octet_cpu_memory *memory,
			 const struct cpu_job *job, struct cpu_work *work,
			 struct octet_cpu_fault *fault);
int octet_cpu_bind_places(struct octet_cpu *cpu,
			  const struct octet_cpu_memory *memory,
			  const struct cpu_job *job, struct cpu_work *work,
			  struct octet_cpu_fault *fault);
int octet_cpu_bind_inputs(struct octet_cpu *cpu, const struct cpu_job *job,
			  struct cpu_work *work, struct octet_cpu_fault *fault);

/* INT4 and PACKED weights as dense ones, in cpu->nibbles. */
int octet_cpu_bind_weights(struct octet_cpu *cpu, struct cpu_work *work,
			   struct octet_cpu_fault *fault);

/* From cpu.c: runs a command whose operands are bound; checks all of a job. */
int octet_cpu_do(struct octet_cpu *cpu, const struct cpu_work *work,
		 struct octet_cpu_fault *fault);
int octet_cpu_execute(struct octet_cpu *cpu,
		      const struct octet_cpu_memory *memory,
		      const struct cpu_job *job, struct octet_cpu_fault *fault);
int octet_cpu_check_all(const struct octet_cmd *cmds, uint32_t count,
			uint32_t sram_size, uint32_t sw,
			struct octet_cpu_fault *fault);
int octet_cpu_no_memory(struct octet_cpu_fault *fault, uint64_t bytes);

/* The part of it about parameter records, and about the table. */
int octet_cpu_bind_params(struct octet_cpu *cpu,
			  const struct octet_cpu_memory *memory,
			  struct cpu_work *work, struct octet_cpu_fault *fault);
int octet_cpu_bind_table(struct octet_cpu *cpu,
			 const struct octet_cpu_memory *memory,
			 struct cpu_work *work, struct octet_cpu_fault *fault);

/* Bytes of the table; 0 if the command has none. */
uint64_t octet_cpu_table_bytes(const struct octet_cmd *cmd);

/* Host memory of a virtual address; 0 or -EFAULT. */
int octet_cpu_find(const struct octet_cpu_memory *memory, unsigned int operand,
		   uint64_t va, uint64_t bytes, void **out,
		   struct octet_cpu_fault *fault);

/*
 * The operations; 0, -ECANCELED, -ENOMEM. ops.inc says which one executes what.
 * They look at cpu->cancel now and then, as octet_cpu_depthwise() does.
 */
int octet_cpu_matrix(struct octet_cpu *cpu, const struct cpu_work *work);
int octet_cpu_depthwise(struct octet_cpu *cpu, const struct cpu_work *work);
int octet_cpu_op_ew(struct octet_cpu *cpu, const struct cpu_work *work);
int octet_cpu_op_lut(struct octet_cpu *cpu, const struct cpu_work *work);
int octet_cpu_op_pool(struct octet_cpu *cpu, const struct cpu_work *work);
int octet_cpu_op_copy(struct octet_cpu *cpu, const struct cpu_work *work);
int octet_cpu_op_softmax(struct octet_cpu *cpu, const struct cpu_work *work);
int octet_cpu_op_resize(struct octet_cpu *cpu, const struct cpu_work *work);
int octet_cpu_op_reduce(struct octet_cpu *cpu, const struct cpu_work *work);
int octet_cpu_op_tconv(struct octet_cpu *cpu, const struct cpu_work *work);
/* With int16 inputs: sums of 48 bits, bias16, FIX_UP, int16 results. */
int octet_cpu_op_depthwise16(struct octet_cpu *cpu,
			     const struct cpu_work *work);

/*
 * What follows an operation whose command has tails, in place, over all of dst:
 * TAIL_ADD with x2 (dst's shape, own strides), then TAIL_LUT. The operation has
 * left codes of dst's type there: with TAIL_ADD the addend t, clamped to
 * mid_min .. mid_max, else the result.
 */
int octet_cpu_op_tail(struct octet_cpu *cpu, const struct cpu_work *work);

/*
 * Bytes of all of a command's panels for the int16 kernels; 0 if they cannot be made
 * beforehand. And the panels themselves.
 */
uint64_t octet_cpu_panels_size(const struct octet_cpu *cpu,
			       const struct cpu_work *work);
void octet_cpu_panels_make(const struct octet_cpu *cpu,
			   const struct cpu_work *work, int16_t *to);

/* Inputs of the matrix product, pack.c. */
void octet_cpu_pack_b(const struct octet_cpu *cpu, const struct cpu_work *work,
		      const uint8_t *w, uint64_t o0, size_t n, uint64_t k0,
		      size_t k);
void octet_cpu_pack_a_conv(const struct octet_cpu *cpu,
			   const struct cpu_work *work, uint32_t group,
			   uint64_t pixel, uint64_t k0, size_t k,
			   int16_t *row);
void octet_cpu_pack_a_gemm(const struct octet_cpu *cpu,
			   const struct cpu_work *work, const uint8_t *a,
			   uint64_t m0, size_t m, uint64_t k0, size_t k,
			   size_t lda);

#endif
