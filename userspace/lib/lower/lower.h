/* SPDX-License-Identifier: MIT */
/*
 * Lowering: a checked graph becomes a program of device commands and host
 * operators. It chooses numbers (rounding flavour, multipliers, tables),
 * layouts, fusions and aliases. It knows no addresses: where tensors live, and
 * what is chained, is decided afterwards (plan/).
 */
#ifndef OCTET_LOWER_H
#define OCTET_LOWER_H

#include <drm/octet_isa.h>

#include "../model/graph.h"

#define OCTET_LOW_OPERANDS (OCTET_OPERAND_TABLE + 1)

/**
 * struct octet_low_tensor - memory that a program names
 *
 * The first ones are the graph's tensors, with its numbers; more are made
 * by lowering: temporaries, tables, parameter records, weights in another form.
 *
 * @bytes: all of it
 * @data: constant contents; NULL: computed or an input. Of the graph's constants
 *	the graph's own memory, else owned by the program (@owned)
 * @alias: -1, or the tensor that it is a part of, at byte @offset: a reshape, a
 *	piece of a concatenation or a slice. Aliases may be nested
 * @strided: an alias whose elements are not dense: only commands can use it, with
 *	their strides; a host operator cannot
 * @used: named by a command or host operator, or an output of the graph
 */
struct octet_low_tensor {
	uint64_t bytes;
	const void *data;
	void *owned;
	int32_t alias;
	uint64_t offset;
	bool strided;
	bool used;
};

/**
 * struct octet_low_cmd - a command without addresses
 *
 * @cmd: valid but for addresses: the space of an operand is VA where it has
 *	one, its addr (octet_cmd.table) is a byte offset in its tensor. Policy AUTO, no CHAIN.
 *	CONST is set where the tensor is constant
 * @tensor: of each operand by enum octet_operand_index, -1: none
 * @op: operator of the graph that it belongs to; of fused ones the last
 */
struct octet_low_cmd {
	struct octet_cmd cmd;
	int32_t tensor[OCTET_LOW_OPERANDS];
	uint32_t op;
};

enum octet_low_kind {
	OCTET_LOW_CMD,		/* commands[index] */
	OCTET_LOW_HOST,		/* operator @index of the graph runs on the host */
};

struct octet_low_step {
	enum octet_low_kind kind;
	uint32_t index;
};

enum octet_low_where {
	OCTET_LOW_ON_DEVICE,
	OCTET_LOW_ON_HOST,	/* why says what the device lacks */
	OCTET_LOW_FREE,		/* moves nothing: reshape, aliased concatenation */
	OCTET_LOW_FUSED,	/* part of the commands of @into */
};

/**
 * struct octet_low_op - what became of an operator of the graph
 *
 * @into: FUSED: the operator whose commands do it
 * @first: first of its @count steps
 * @exact: the flavour claims the ecosystem's own bits for it
 * @why: a sentence for HOST and FREE and FUSED, else ""
 */
struct octet_low_op {
	enum octet_low_where where;
	uint32_t into;
	uint32_t first, count;
	bool exact;
	char why[112];
};

/** struct octet_low - a program; constant once made, may be shared by threads */
struct octet_low {
	const struct octet_graph *graph;
	struct octet_low_tensor *tensors;
	struct octet_low_cmd *cmds;
	struct octet_low_step *steps;
	struct octet_low_op *ops;
	uint32_t tensor_count, cmd_count, step_count;
};

/**
 * struct octet_low_opts
 *
 * @flavour: whose rounding
 * @ops: operations that the device offers, BIT(enum octet_op); others go to the host
 * @keep_all: no fusion that makes a tensor of the graph disappear: each activation can
 *	be looked at
 * @packed: the device takes packed weights (OCTET_FEATURE_PACKED): constant ones are
 *	packed, unless that more than doubles them
 * @host: [op_count] operators to keep off the device, as their commands do not fit the
 *	machine; NULL: none
 */
struct octet_low_opts {
	enum octet_flavour flavour;
	uint32_t ops;
	bool keep_all;
	bool packed;
	const bool *host;
};

/**
 * octet_lower() - make a program of a checked graph, which must outlive it
 *
 * Return: 0; -ENOTSUP: an operator runs nowhere, @err names it and says why;
 * -ERANGE: a scale that no code can stand for; -ENOMEM.
 */
int octet_lower(const struct octet_graph *graph, const struct octet_low_opts *opts,
		struct octet_low **low, char *err, size_t err_size);
void octet_low_free(struct octet_low *low);

#endif /* OCTET_LOWER_H */
