/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * Octet command format: what a job's command buffer holds.
 *
 * This header is the contract between whoever writes commands (liboctet, a
 * compiler, a test) and the three executors (the device, the same model in a
 * process, the CPU fallback). The kernel driver never reads commands.
 * Documentation/hardware.rst, "Commands", says what each field means.
 *
 * Everything is little-endian and naturally aligned. Reserved fields, unknown
 * flags and fields that an operation does not use must be zero; the device
 * refuses a command that breaks this with OCTET_STATUS_RESERVED or _BAD_FLAGS.
 */
#ifndef _UAPI_DRM_OCTET_ISA_H_
#define _UAPI_DRM_OCTET_ISA_H_

#include <linux/types.h>

#if defined(__cplusplus)
extern "C" {
#endif

/* Size and alignment of a command record. */
#define OCTET_CMD_SIZE		512
#define OCTET_CMD_ALIGN		64

/*
 * enum octet_op - what a command does
 *
 * The numbers are bit positions of the device's operation mask. A device refuses
 * what its mask lacks.
 */
enum octet_op {
	OCTET_OP_CONV2D = 1,	/* NHWC x OHWI -> NHWC */
	OCTET_OP_DEPTHWISE = 2,	/* NHWC x 1HWC -> NHWC, cout = cin * multiplier */
	OCTET_OP_GEMM = 3,	/* C = A B, two batch dimensions */
	OCTET_OP_EW = 4,	/* two tensors, element by element: enum octet_ew */
	OCTET_OP_LUT = 5,	/* one table look-up per element */
	OCTET_OP_POOL = 6,	/* windows of rows and columns: enum octet_pool */
	OCTET_OP_COPY = 7,	/* strided copy and fill: enum octet_copy */
	OCTET_OP_SOFTMAX = 8,	/* along the channels: enum octet_softmax */
	OCTET_OP_RESIZE = 9,	/* two taps per row and per column */
	OCTET_OP_REDUCE = 10,	/* along the channels: enum octet_reduce */
	OCTET_OP_TCONV2D = 11,	/* transposed convolution */
};

/* Variants of operations: struct octet_cmd.sub. 0 for operations without. */
enum octet_ew {
	OCTET_EW_ADD = 0,
	OCTET_EW_SUB = 1,
	OCTET_EW_MUL = 2,
	OCTET_EW_MIN = 3,
	OCTET_EW_MAX = 4,
	OCTET_EW_SQDIFF = 5,	/* square of the difference */
};

enum octet_pool {
	OCTET_POOL_MAX = 0,
	OCTET_POOL_AVERAGE = 1,	/* of the taps inside the image, ties away from zero */
	OCTET_POOL_SUM = 2,	/* into the output stage: MEAN, SUM */
};

enum octet_copy {
	OCTET_COPY_COPY = 0,
	OCTET_COPY_FILL = 1,	/* with pad_value */
};

enum octet_softmax {
	OCTET_SOFTMAX_RECIPROCAL = 0,	/* TFLite reference, TFLM, CMSIS-NN */
	OCTET_SOFTMAX_DIVIDE = 1,	/* exact quotient, ties up */
};

enum octet_reduce {
	OCTET_REDUCE_MAX = 0,
	OCTET_REDUCE_MIN = 1,
	OCTET_REDUCE_ARGMAX = 2,	/* the first of several */
	OCTET_REDUCE_ARGMIN = 3,
};

/*
 * enum octet_stage - output stage code: how an accumulator becomes a result
 *
 * v = accumulator + bias (modulo 2^32); y as in the formulas; the result is
 * clamp(y + zero_point(dst), act_min, act_max). The numbers are bit positions
 * of the device's stage mask.
 */
enum octet_stage {
	OCTET_STAGE_RAW = 0,		/* y = v, dst is int32 */
	OCTET_STAGE_FIX_DBL = 1,	/* TFLite reference, TFLM, CMSIS-NN, gemmlowp */
	OCTET_STAGE_FIX_DBL_UP = 2,	/* TFLite optimized kernels on x86 */
	OCTET_STAGE_FIX_UP = 3,		/* TOSA single rounding, ruy elsewhere */
	OCTET_STAGE_FIX_AWAY = 4,	/* QNNPACK add, ties away from zero */
	OCTET_STAGE_FP32_RNE = 5,	/* XNNPACK, ONNX Runtime, PyTorch */
};

/* Bounds of the requantization parameters; anything else is refused. */
#define OCTET_MULT_MAX		0x7fffffffu	/* FIX codes */
#define OCTET_SHIFT_MIN		1
#define OCTET_SHIFT_MAX		62
#define OCTET_FP32_SCALE_MIN	0x2f800000u	/* 2^-32, inclusive */
#define OCTET_FP32_SCALE_END	0x43800000u	/* 2^8, exclusive */
#define OCTET_MULT16_MAX	0x7fffu		/* int16 inputs */
#define OCTET_LEFT_SHIFT_MAX	20		/* octet_cmd.left_shift */

/* Bounds and sizes of what octet_cmd.table points to. */
#define OCTET_TABLE_ALIGN	4
#define OCTET_LUT8_SIZE		256		/* one byte per code, by its bits 7..0 */
#define OCTET_LUT16_ENTRIES	513		/* __s16 each */
#define OCTET_SOFTMAX_ENTRIES	256		/* __s32 each, not negative */
#define OCTET_SOFTMAX_MAX	4096		/* channels of a SOFTMAX */
#define OCTET_TAP_ONE		1024		/* weight 1 of a tap */

/*
 * enum octet_type - element type of an operand
 *
 * Bit positions of the device's type mask.
 */
enum octet_type {
	OCTET_TYPE_NONE = 0,
	OCTET_TYPE_INT8 = 1,
	OCTET_TYPE_UINT8 = 2,
	OCTET_TYPE_INT16 = 3,
	OCTET_TYPE_INT32 = 4,
	OCTET_TYPE_INT4 = 5,	/* two per byte, low nibble first */
};

/** enum octet_space - where an operand lives */
enum octet_space {
	OCTET_SPACE_NONE = 0,	/* operand absent, all its fields zero */
	OCTET_SPACE_VA = 1,	/* addr: virtual address of the job's context */
	OCTET_SPACE_SRAM = 2,	/* addr: byte offset in [0, sw) of the core's SRAM */
	OCTET_SPACE_LINK = 3,	/* tensor of a chain, see OCTET_CMD_CHAIN */
};

/** enum octet_layout - order of an operand's elements */
enum octet_layout {
	OCTET_LAYOUT_STRIDED = 0,	/* by the byte strides */
	OCTET_LAYOUT_PACKED = 1,	/* weights, 16 outputs x 4 inputs a line */
};

/* A line of packed weights, and their alignment, in bytes. */
#define OCTET_PACKED_LINE	64

/* struct octet_operand.flags */
#define OCTET_OPERAND_CONST	(1u << 0)	/* not written during the job: may be prefetched */
#define OCTET_OPERAND_TRANSPOSED (1u << 1)	/* GEMM matrices: rows and columns exchanged */
#define OCTET_OPERAND_REPEAT	(1u << 2)	/* EW inputs: one element a pixel */
#define OCTET_OPERAND_LINK_NEWEST 0xff		/* octet_operand.link */

/**
 * struct octet_operand - one tensor, table or record array of a command
 *
 * @addr: VA or SRAM offset of element 0; 0 for LINK
 * @space: enum octet_space
 * @type: enum octet_type; NONE for parameter records
 * @layout: enum octet_layout
 * @link: LINK: 0 the chain's input, j the result of its j-th command,
 *	OCTET_OPERAND_LINK_NEWEST; else 0
 * @flags: OCTET_OPERAND_*
 * @stride: bytes between neighbours along the three or four outer dimensions,
 *	outermost first; the innermost dimension is contiguous. 0 broadcasts
 *	(inputs only). Ignored along a dimension of extent 1.
 *	NHWC tensors: -, image, row, pixel. OHWI weights: -, output channel,
 *	kernel row, kernel column. 1HWC weights: -, -, kernel row, kernel column.
 *	GEMM matrices: outer batch, inner batch, row as stored, -.
 *	COPY: image, row, pixel, channel. INT4 weights, PACKED and LINK: none.
 *	Entries marked - must be zero.
 * @zero_point: of the type's range
 * @mult: rescale of this operand: of the output stage for dst (when no
 *	per-channel records apply), of the addends of an addition for src, src2
 * @shift: belongs to @mult
 * @reserved: must be zero
 */
struct octet_operand {
	__u64 addr;
	__u8 space;
	__u8 type;
	__u8 layout;
	__u8 link;
	__u32 flags;
	__u64 stride[4];
	__s32 zero_point;
	__u32 mult;
	__u32 shift;
	__u32 reserved;
};

/**
 * struct octet_param - parameter record of one output channel
 *
 * @bias: int32, in units of the accumulator
 * @mult: FIX codes: multiplier, FP32_RNE: bits of the float32 scale, RAW: 0.
 *	Not read, but still present, when OCTET_CMD_PER_TENSOR is set
 */
struct octet_param {
	__s32 bias;
	__u32 mult;
};

/**
 * struct octet_param16 - parameter record of one output channel, int16 inputs
 *
 * @bias: 48 bits, sign-extended, in units of the accumulator
 * @mult: 0..OCTET_MULT16_MAX; not read with OCTET_CMD_PER_TENSOR
 * @shift: 1..62; not read with OCTET_CMD_PER_TENSOR
 * @reserved: must be zero
 */
struct octet_param16 {
	__s64 bias;
	__u32 mult;
	__u8 shift;
	__u8 reserved[3];
};

/**
 * struct octet_tap - where a result row (column) of RESIZE comes from
 *
 * @lo: first input row (column)
 * @hi: second input row (column)
 * @weight: of @hi, in 1/1024; @lo has the rest. -1024..1024
 * @reserved: must be zero
 */
struct octet_tap {
	__u32 lo;
	__u32 hi;
	__s32 weight;
	__u32 reserved;
};

/**
 * struct octet_channel - side record of one output channel (operand @chn)
 *
 * @shift: FIX codes 1..62, else 0; ignored with OCTET_CMD_PER_TENSOR
 * @reserved: must be zero
 * @zero_point: weight zero point of this channel
 */
struct octet_channel {
	__u8 shift;
	__u8 reserved;
	__s16 zero_point;
};

/** enum octet_policy - how a command (a chain: its last one) is tiled */
enum octet_policy {
	OCTET_POLICY_AUTO = 0,
	OCTET_POLICY_RESIDENT = 1,
	OCTET_POLICY_WEIGHT = 2,
	OCTET_POLICY_STRIPE = 3,	/* octet_cmd.rows output rows per stripe */
};

/* struct octet_cmd.flags */
#define OCTET_CMD_PER_TENSOR	(1u << 0)	/* dst.mult/shift for every channel */
#define OCTET_CMD_CHAIN		(1u << 1)	/* joined with the next: OCTET_FEATURE_CHAIN */

/* Commands in a chain. */
#define OCTET_CHAIN_MIN		2
#define OCTET_CHAIN_MAX		8

/* struct octet_cmd.tail: what follows the output stage, in this order */
#define OCTET_TAIL_ADD		(1u << 0)	/* add src2: residual */
#define OCTET_TAIL_LUT		(1u << 1)	/* last step: the table */

/**
 * struct octet_cmd - one command: a whole layer
 *
 * @op: enum octet_op
 * @stage: enum octet_stage
 * @policy: enum octet_policy
 * @sub: variant of @op, enum octet_ew and so on; 0 where there is none
 * @flags: OCTET_CMD_*
 * @rows: OCTET_POLICY_STRIPE: output rows per stripe, 1..oh; else 0
 * @pad_value: value of taps outside the image, in the type of src; FILL: the value
 * @act_min: lower clamp in the type of dst; RAW: INT32_MIN for none; COPY: 0
 * @act_max: upper clamp, not below @act_min; COPY: 0
 * @tail: OCTET_TAIL_*
 * @left_shift: of the addends: EW ADD, SUB, SQDIFF and TAIL_ADD; else 0
 * @table: VA of the table: LUT, TAIL_LUT, SOFTMAX, RESIZE (struct octet_tap
 *	[oh], then [ow]); else 0
 * @mid_mult: TAIL_ADD: rescale of the output stage's result as an addend
 * @mid_shift: belongs to @mid_mult, 0..62
 * @mid_zero_point: TAIL_ADD: of the output stage's result
 * @mid_min: TAIL_ADD: clamp of the output stage's result
 * @mid_max: see @mid_min
 * @sum_stage: TAIL_ADD: enum octet_stage of the three rescales, a FIX code
 * @reserved0: must be zero
 * @n: images; GEMM: inner batch
 * @n2: 1; GEMM: outer batch
 * @h: input rows; GEMM: M
 * @w: input columns; GEMM: 1
 * @cin: input channels; GEMM: K
 * @oh: output rows; GEMM: M
 * @ow: output columns; GEMM: 1
 * @cout: output channels; GEMM: N
 * @groups: divides cin and cout; 1 for DEPTHWISE and GEMM
 * @r: kernel rows		(GEMM: 1, as the next five)
 * @s: kernel columns
 * @sh: stride in rows
 * @sw: stride in columns
 * @dh: dilation in rows
 * @dw: dilation in columns
 * @pt: rows of padding above	(GEMM: 0). Padding below follows from oh.
 * @pl: columns of padding to the left
 * @sum_mult: TAIL_ADD: rescale of the sum
 * @sum_shift: belongs to @sum_mult, 1..62
 * @reserved1: must be zero
 * @src: input; GEMM: A, M x K
 * @src2: second input of element-wise commands, fused residual
 * @wgt: weights; GEMM: B, K x N (TRANSPOSED: N x K)
 * @prm: struct octet_param[cout] (int16 src: octet_param16), VA space; absent:
 *	bias 0, dst.mult/shift
 * @chn: struct octet_channel[cout], VA space; absent: dst.shift and
 *	wgt.zero_point for every channel
 * @dst: result
 */
struct octet_cmd {
	__u8 op;
	__u8 stage;
	__u8 policy;
	__u8 sub;
	__u32 flags;
	__u32 rows;
	__s32 pad_value;
	__s32 act_min;
	__s32 act_max;
	__u32 tail;
	__u32 left_shift;
	__u64 table;
	__u32 mid_mult;
	__u32 mid_shift;
	__s32 mid_zero_point;
	__s32 mid_min;
	__s32 mid_max;
	__u8 sum_stage;
	__u8 reserved0[3];

	__u32 n;
	__u32 n2;
	__u32 h;
	__u32 w;
	__u32 cin;
	__u32 oh;
	__u32 ow;
	__u32 cout;
	__u32 groups;
	__u16 r;
	__u16 s;
	__u16 sh;
	__u16 sw;
	__u16 dh;
	__u16 dw;
	__u16 pt;
	__u16 pl;
	__u32 sum_mult;
	__u32 sum_shift;
	__u32 reserved1;

	struct octet_operand src;
	struct octet_operand src2;
	struct octet_operand wgt;
	struct octet_operand prm;
	struct octet_operand chn;
	struct octet_operand dst;
};

/**
 * struct octet_report - what a command cost, written by the device
 *
 * Cycles of Documentation/hardware.rst, "Timing". Bytes are those of the model,
 * not of the emulation.
 *
 * @total: cycles, the sum of the next four
 * @compute: of the array
 * @dma_stall: waiting for memory
 * @output_stall: waiting for the output stage or the SRAM
 * @overhead: decode
 * @dram_read: bytes
 * @dram_write: bytes
 * @sram: bytes
 */
struct octet_report {
	__u64 total;
	__u64 compute;
	__u64 dma_stall;
	__u64 output_stall;
	__u64 overhead;
	__u64 dram_read;
	__u64 dram_write;
	__u64 sram;
};

/*
 * enum octet_status - how a job ended, and why the device refused it
 *
 * Found in completion entries and fault records, and handed to user space by
 * the driver's queue query.
 */
enum octet_status {
	OCTET_STATUS_OK = 0x00,
	/* the ring entry, written by the driver */
	OCTET_STATUS_BAD_ENTRY = 0x10,	/* opcode, flags, reserved, counts */
	OCTET_STATUS_BAD_ASID = 0x11,	/* outside the table or not valid */
	OCTET_STATUS_BAD_SPLIT = 0x12,	/* sw + lb larger than the SRAM */
	/* address translation */
	OCTET_STATUS_UNMAPPED = 0x20,
	OCTET_STATUS_PERMISSION = 0x21,
	OCTET_STATUS_BAD_PTE = 0x22,	/* reserved bits, misaligned leaf, W without R */
	OCTET_STATUS_NON_CANONICAL = 0x23,
	OCTET_STATUS_BUS_ERROR = 0x30,	/* a DMA access failed */
	/* the command */
	OCTET_STATUS_BAD_OP = 0x40,	/* unknown or not offered */
	OCTET_STATUS_BAD_FLAGS = 0x41,
	OCTET_STATUS_RESERVED = 0x42,	/* a field that must be zero is not */
	OCTET_STATUS_BAD_SHAPE = 0x43,
	OCTET_STATUS_BAD_TYPE = 0x44,
	OCTET_STATUS_BAD_LAYOUT = 0x45,	/* layout, stride, alignment */
	OCTET_STATUS_BAD_SPACE = 0x46,	/* operand missing, or in a space not allowed there */
	OCTET_STATUS_BAD_QUANT = 0x47,	/* stage, mult, shift, zero point, clamp */
	OCTET_STATUS_BAD_SRAM = 0x48,	/* SRAM operand outside [0, sw) */
	OCTET_STATUS_NO_FIT = 0x49,	/* no tiling fits lb and the weight staging */
	OCTET_STATUS_TOO_LARGE = 0x4a,	/* an operand over the device's limit */
	OCTET_STATUS_BAD_CHAIN = 0x4b,
	OCTET_STATUS_BUDGET = 0x50,	/* the job would take more cycles than its budget */
	OCTET_STATUS_INJECTED = 0x60,	/* fault injection */
	OCTET_STATUS_NO_MEMORY = 0x61,	/* the emulation ran out of host memory */
};

/* Operand numbers in fault details: index into struct octet_cmd, src first. */
enum octet_operand_index {
	OCTET_OPERAND_SRC = 0,
	OCTET_OPERAND_SRC2 = 1,
	OCTET_OPERAND_WGT = 2,
	OCTET_OPERAND_PRM = 3,
	OCTET_OPERAND_CHN = 4,
	OCTET_OPERAND_DST = 5,
	OCTET_OPERAND_CMD = 6,		/* the command record itself */
	OCTET_OPERAND_REPORT = 7,	/* the report array */
	OCTET_OPERAND_TABLE = 8,	/* what octet_cmd.table points to */
};

/* Access kind in fault details. */
enum octet_access {
	OCTET_ACCESS_NONE = 0,
	OCTET_ACCESS_READ = 1,
	OCTET_ACCESS_WRITE = 2,
	OCTET_ACCESS_FETCH = 3,
};

/* Bits of the device's feature word. */
#define OCTET_FEATURE_CHAIN	(1u << 0)
#define OCTET_FEATURE_PACKED	(1u << 1)

#if defined(__cplusplus)
}
#endif

#endif /* _UAPI_DRM_OCTET_ISA_H_ */
