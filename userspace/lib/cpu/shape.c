/* SPDX-License-Identifier: MIT */
/* Operands as nested loops: extents, strides and the bytes they cover. */
#include <string.h>

#include "cpu_priv.h"

const struct octet_operand *octet_cpu_operand(const struct octet_cmd *cmd,
					      unsigned int operand)
{
	return &(&cmd->src)[operand];
}

static void loop(struct cpu_shape *s, const struct octet_operand *op,
		 unsigned int dim, uint32_t extent)
{
	s->extent[dim] = extent;
	s->stride[dim] = extent > 1 ? op->stride[dim] : 0;
}

static void image(struct cpu_shape *s, const struct octet_operand *op,
		  uint32_t n, uint32_t h, uint32_t w, uint32_t c)
{
	loop(s, op, 1, n);
	loop(s, op, 2, h);
	loop(s, op, 3, w);
	s->inner = c;
}

static void matrix(struct cpu_shape *s, const struct octet_operand *op,
		   const struct octet_cmd *cmd, uint32_t rows, uint32_t columns)
{
	/* A result has no such flag: it is refused, but not here. */
	const bool transposed = op != &cmd->dst &&
				(op->flags & OCTET_OPERAND_TRANSPOSED);

	loop(s, op, 0, cmd->n2);
	loop(s, op, 1, cmd->n);
	loop(s, op, 2, transposed ? columns : rows);
	s->inner = transposed ? rows : columns;
}

static void weights(struct cpu_shape *s, const struct octet_operand *op,
		    const struct octet_cmd *cmd)
{
	if (cmd->op == OCTET_OP_CONV2D)
		loop(s, op, 1, cmd->cout);
	loop(s, op, 2, cmd->r);
	loop(s, op, 3, cmd->s);
	s->inner = cmd->op == OCTET_OP_CONV2D ? cmd->cin / cmd->groups :
						cmd->cout;
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

void octet_cpu_shape(const struct octet_cmd *cmd, unsigned int operand,
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
			image(s, op, cmd->n, cmd->h, cmd->w, cmd->cin);
		break;
	case OCTET_OPERAND_WGT:
		if (gemm)
			matrix(s, op, cmd, cmd->cin, cmd->cout);
		else
			weights(s, op, cmd);
		break;
	case OCTET_OPERAND_DST:
		if (gemm)
			matrix(s, op, cmd, cmd->oh, cmd->cout);
		else
			image(s, op, cmd->n, cmd->oh, cmd->ow, cmd->cout);
		if (op->type == OCTET_TYPE_INT32)
			s->inner *= 4;
		break;
	case OCTET_OPERAND_PRM:
		s->inner = (uint64_t)cmd->cout * sizeof(struct octet_param);
		break;
	case OCTET_OPERAND_CHN:
		s->inner = (uint64_t)cmd->cout * sizeof(struct octet_channel);
		break;
	}
	s->bytes = span(s);
	s->elements = volume(s);
}
