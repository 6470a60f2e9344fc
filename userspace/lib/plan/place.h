/* SPDX-License-Identifier: MIT */
/*
 * Placement: where the tensors of one job live, which commands are joined to
 * chains, how they are tiled, how the SRAM is divided. A pure function of
 * shapes: it knows cycles and bytes, nothing of arithmetic or memory. Its costs
 * are those of the machine's own timing, so a plan is never one that the
 * machine refuses to time.
 *
 * Layers run in the order given. A tensor in SRAM lives within the job. The commands of
 * a chain run interleaved: a tensor in DRAM that one of them names is in use from the first
 * command of the chain to the last.
 */
#ifndef OCTET_PLACE_H
#define OCTET_PLACE_H

#include <core/cycles.h>

/** Offsets in the SRAM, sw and lb are multiples of it. */
#define OCTET_PLACE_ALIGN 64

/**
 * enum octet_place_level
 *
 * @OCTET_PLACE_NONE: all in DRAM, no chains
 * @OCTET_PLACE_SRAM: tensors in SRAM, no chains: for machines that have none
 * @OCTET_PLACE_FULL: both
 */
enum octet_place_level {
	OCTET_PLACE_NONE,
	OCTET_PLACE_SRAM,
	OCTET_PLACE_FULL,
};

/**
 * struct octet_place_tensor
 *
 * @bytes: all of it, from the first to the last
 * @external: the world outside the job reads or writes it, or it is constant:
 *	stays in DRAM, may be read by any layer and written by any
 * @no_sram: stays in DRAM for another reason
 * @alias_of: part of this tensor (zero-copy concatenation, slice), which is
 *	no alias itself; -1: none. All parts share its place and its life
 * @alias_offset: where it begins there
 *
 * A reshape that moves nothing is the same tensor.
 */
struct octet_place_tensor {
	uint64_t bytes;
	bool external, no_sram;
	int32_t alias_of;
	uint64_t alias_offset;
};

/**
 * struct octet_place_layer
 *
 * @cost: shape, op, bytes, params, weights_const; not looked at: chain, policy, rows,
 *	links, and the spaces, but for weights with @b = -1 (constants in DRAM, or none)
 * @src: tensors; -1: none (FILL has no input)
 * @src2: second operand or fused residual, -1: none. If the cost has @src2_bytes that differ
 *	from the result's (broadcast), it is neither a link nor overwritten in place
 * @b: weights made at run time (GEMM), -1: none
 * @dst: the result
 * @src_view: reads @src with strides or in part: not as a link
 * @src2_view: the same of @src2, which is not overwritten in place either
 * @dst_view: writes @dst with strides or in part: not to a link, not in place
 *
 * A tensor that has aliases, or is one, is never a link.
 */
struct octet_place_layer {
	struct octet_cycles_cmd cost;
	int32_t src, src2, b, dst;
	bool src_view, src2_view, dst_view;
};

struct octet_place_net {
	const struct octet_place_layer *layers;
	const struct octet_place_tensor *tensors;
	uint32_t layer_count, tensor_count;
};

/**
 * struct octet_place_spot - where a tensor is
 *
 * @space: NONE: no layer names it; LINK: a line buffer, it has no address
 * @offset: in the SRAM; of an alias its own
 */
struct octet_place_spot {
	enum octet_cycles_space space;
	uint32_t offset;
};

/**
 * struct octet_place - a plan
 *
 * @spots: [tensor_count]
 * @cmds: [layer_count], the layers' costs with all fields filled in: spaces, link numbers,
 *	chain, policy and rows (of a chain in its last command)
 * @reports: [layer_count], what octet_cycles_job() says of them; the sums follow
 * @bad: on failure the layer that does not fit
 * @error: on failure a sentence
 */
struct octet_place {
	uint32_t sw, lb;
	struct octet_place_spot *spots;
	struct octet_cycles_cmd *cmds;
	struct octet_report *reports;
	uint64_t cycles, dram_read, dram_write;
	uint32_t bad;
	char error[256];
};

/**
 * octet_place() - place the tensors and commands of one job
 * @place: filled in; free it with octet_place_free(), also after a failure
 *
 * Return: 0; -EINVAL: the description is wrong, or layer @place->bad does not
 * fit the machine, alone or beside the layers before it (cut the job there); -ENOMEM.
 */
int octet_place(const struct octet_cycles_machine *machine, const struct octet_place_net *net,
		enum octet_place_level level, struct octet_place *place);

void octet_place_free(struct octet_place *place);

#endif /* OCTET_PLACE_H */
