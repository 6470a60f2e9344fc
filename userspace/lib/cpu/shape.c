/* SPDX-License-Identifier: MIT */
/* Operands as nested loops: extents, strides and the bytes they cover. */
#include <string.h>

#include "cpu_priv.h"

const struct octet_operand *octet_cpu_operand(const struct octet_cmd *cmd,
					      unsigned int operand)
{
	return &(&cmd->src)[operand];
}

/* Extents, and elements of the innermost run, of rows x columns. */
static void matrix(struct cpu_shape *s, const struct octet_operand *op,
		   const struct octet_cmd *cmd, uint32_t rows, uint32_t columns)
{
	/* Only inputs have such a flag: it is refused, but not here. */
	const bool transposed = (op == &cmd->src || op == &cmd->wgt) &&
				(op->flags & OCTET_OPERAND_TRANSPOSED);

	s->extent[0] = cmd->n2;
	s->extent[1] = cmd->n;
	s->extent[2] = transposed ? columns : rows;
	s->inner = transposed ? rows : columns;
}

static void image(struct cpu_shape *s, const struct octet_cmd *cmd, uint32_t h,
		  uint32_t w, uint32_t c)
{
	if (cmd->op == OCTET_OP_COPY) {
		s->extent[0] = cmd->n;
		s->extent[1] = h;
		s->extent[2] = w;
		s->extent[3] = c;
		s->inner = 1;
		return;
	}
	s->extent[1] = cmd->n;
	s->extent[2] = h;
	s->extent[3] = w;
	s->inner = c;
}

static void weights(struct cpu_shape *s, const struct octet_cmd *cmd)
{
	s->extent[2] = cmd->r;
	s->extent[3] = cmd->s;
	if (cmd->op == OCTET_OP_DEPTHWISE) {
		s->inner = cmd->cout;
		return;
	}
	s->extent[1] = cmd->cout;
	s->inner = cmd->cin / cmd->groups;
}

static uint64_t span(const struct cpu_shape *s)
{
	uint64_t bytes = s->inner, step;

	for (int d = 0; d < CPU_DIMS; d++) {
		if (__builtin_mul_overflow(s->stride[d],
					   (uint64_t)s->extent[d] - 1, &step) ||
		    __builtin_add_overflow(bytes, step, &bytes))
			return UINT64_MAX;
	}
	return bytes;
}

static uint64_t volume(const struct cpu_shape *s)
{
	uint64_t bytes = s->inner;

	for (int d = 0; d < CPU_DIMS; d++)
		if (__builtin_mul_overflow(bytes, (uint64_t)s->extent[d], &bytes))
			return UINT64_MAX;
	return bytes;
}

/* Strides without gaps; nonsense, but no harm, where they exceed 64 bits. */
static void pack(struct cpu_shape *s)
{
	uint64_t step = s->inner;

	for (int d = CPU_DIMS - 1; d >= 0; d--) {
		s->stride[d] = s->extent[d] > 1 ? step : 0;
		step *= s->extent[d];
	}
	s->elements = volume(s);
	s->bytes = s->elements;
}

/* Extents and elements of a run, without strides. */
static void extents(const struct octet_cmd *cmd, unsigned int operand,
		    struct cpu_shape *s)
{
	const struct octet_operand *op = octet_cpu_operand(cmd, operand);
	const bool gemm = cmd->op == OCTET_OP_GEMM;

	memset(s, 0, sizeof(*s));
	for (int d = 0; d < CPU_DIMS; d++)
		s->extent[d] = 1;
	switch (operand) {
	case OCTET_OPERAND_SRC:
		if (gemm)
			matrix(s, op, cmd, cmd->h, cmd->cin);
		else
			image(s, cmd, cmd->h, cmd->w, cmd->cin);
		break;
	case OCTET_OPERAND_WGT:
		if (gemm)
			matrix(s, op, cmd, cmd->cin, cmd->cout);
		else
			weights(s, cmd);
		break;
	case OCTET_OPERAND_SRC2:
	case OCTET_OPERAND_DST:
		if (gemm)
			matrix(s, op, cmd, cmd->oh, cmd->cout);
		else
			image(s, cmd, cmd->oh, cmd->ow, cmd->cout);
		break;
	case OCTET_OPERAND_PRM:
		s->inner = cmd->src.type == OCTET_TYPE_INT16 ?
			   sizeof(struct octet_param16) :
			   sizeof(struct octet_param);
		s->inner *= cmd->cout;
		break;
	case OCTET_OPERAND_CHN:
		s->inner = (uint64_t)cmd->cout * sizeof(struct octet_channel);
		break;
	}
}

void octet_cpu_unpacked(const struct octet_cmd *cmd, struct cpu_shape *s)
{
	extents(cmd, OCTET_OPERAND_WGT, s);
	pack(s);
}

/* One run of @bytes. */
static void run(struct cpu_shape *s, uint64_t bytes)
{
	s->inner = bytes;
	for (int d = 0; d < CPU_DIMS; d++) {
		s->extent[d] = 1;
		s->stride[d] = 0;
	}
	s->bytes = s->elements = bytes;
}

/* PACKED weights: blocks of 16 channels by 4 inputs, whole ones. */
static uint64_t packed_bytes(const struct octet_cmd *cmd)
{
	const uint64_t channels = cmd->cout / cmd->groups;
	const uint64_t inputs = (uint64_t)(cmd->cin / cmd->groups) * cmd->r *
				cmd->s;
	uint64_t blocks = inputs / 4 + (inputs % 4 != 0);

	blocks *= channels / 16 + (channels % 16 != 0);
	return blocks * cmd->groups * OCTET_PACKED_LINE;
}

void octet_cpu_shape(const struct octet_cmd *cmd, unsigned int operand,
		     struct cpu_shape *s)
{
	const struct octet_operand *op = octet_cpu_operand(cmd, operand);
	uint64_t channels = 1;

	if (op->type == OCTET_TYPE_INT4) {
		octet_cpu_unpacked(cmd, s);
		/* never more than 2^63: the most is 2^80, which saturates */
		run(s, s->elements / 2 + s->elements % 2);
		return;
	}
	if (op->layout == OCTET_LAYOUT_PACKED) {
		run(s, packed_bytes(cmd));
		return;
	}
	extents(cmd, operand, s);
	s->inner *= octet_cpu_type_size(op->type);
	if (op->space == OCTET_SPACE_LINK) {
		pack(s);
		return;
	}
	if (cmd->op == OCTET_OP_EW && operand <= OCTET_OPERAND_SRC2 &&
	    op->flags & OCTET_OPERAND_REPEAT) {
		s->inner = octet_cpu_type_size(op->type);
		channels = cmd->cin;
	}
	for (int d = 0; d < CPU_DIMS; d++)
		s->stride[d] = s->extent[d] > 1 ? op->stride[d] : 0;
	s->bytes = span(s);
	s->elements = volume(s);
	if (__builtin_mul_overflow(s->elements, channels, &s->elements))
		s->elements = UINT64_MAX;
}
