/* SPDX-License-Identifier: MIT */
/* Nested loops over the elements of several operands. */
#include <errno.h>
#include <fenv.h>

#include "op.h"

void octet_cpu_walk_set(struct cpu_walk *walk, unsigned int i,
			const struct cpu_work *work, const uint8_t *base,
			const struct cpu_shape *shape, uint64_t step)
{
	const int first = work->cmd->op == OCTET_OP_GEMM ? 0 : 1;

	/* one type for inputs and results: who walks knows which are which */
	walk->base[i] = (uint8_t *)(uintptr_t)base;
	for (int d = 0; d < 3; d++) {
		walk->extent[d] = shape->extent[first + d];
		walk->stride[i][d] = shape->stride[first + d];
	}
	walk->stride[i][3] = step;
}

/* Whether in every operand dimension d steps over all of dimension d + 1. */
static bool joined(const struct cpu_walk *walk, int d)
{
	for (unsigned int i = 0; i < walk->operands; i++)
		if (walk->stride[i][d] !=
		    walk->stride[i][d + 1] * walk->extent[d + 1])
			return false;
	return true;
}

/* Removes dimension d; those outside it move one place inwards. */
static void drop(struct cpu_walk *walk, int d)
{
	for (; d > 0; d--) {
		walk->extent[d] = walk->extent[d - 1];
		for (unsigned int i = 0; i < walk->operands; i++)
			walk->stride[i][d] = walk->stride[i][d - 1];
	}
	walk->extent[0] = 1;
	for (unsigned int i = 0; i < walk->operands; i++)
		walk->stride[i][0] = 0;
}

void octet_cpu_walk_join(struct cpu_walk *walk)
{
	for (int d = 0; d < CPU_DIMS; d++)
		if (walk->extent[d] == 1)
			drop(walk, d);
	for (int d = CPU_DIMS - 2; d >= 0; d--) {
		while (walk->extent[d] > 1 && joined(walk, d)) {
			walk->extent[d + 1] *= walk->extent[d];
			drop(walk, d);
		}
	}
}

static int row(const struct octet_cpu *cpu, const struct cpu_walk *walk,
	       uint8_t *const *p, cpu_run_fn run, void *context)
{
	const uint64_t all = walk->extent[3];
	uint8_t *at[CPU_WALK_MAX] = { NULL };

	for (uint64_t i = 0; i < all; i += CPU_RUN) {
		const size_t n = all - i < CPU_RUN ? (size_t)(all - i) : CPU_RUN;

		if (octet_cpu_canceled(cpu))
			return -ECANCELED;
		for (unsigned int o = 0; o < walk->operands; o++)
			at[o] = p[o] + i * walk->stride[o][3];
		run(context, at, n);
	}
	return 0;
}

int octet_cpu_walk(const struct octet_cpu *cpu, const struct cpu_walk *walk,
		   cpu_run_fn run, void *context)
{
	const uint64_t *e = walk->extent;
	uint8_t *p[CPU_WALK_MAX] = { NULL };
	int err;

	for (uint64_t i = 0; i < e[0]; i++)
		for (uint64_t j = 0; j < e[1]; j++)
			for (uint64_t k = 0; k < e[2]; k++) {
				for (unsigned int o = 0; o < walk->operands; o++)
					p[o] = walk->base[o] +
					       i * walk->stride[o][0] +
					       j * walk->stride[o][1] +
					       k * walk->stride[o][2];
				err = row(cpu, walk, p, run, context);
				if (err)
					return err;
			}
	return 0;
}

void octet_cpu_uniform(struct cpu_uniform *u, unsigned int stage,
		       uint32_t mult, uint32_t shift, int32_t zero_point,
		       int32_t lo, int32_t hi)
{
	for (size_t i = 0; i < CPU_RUN; i++) {
		u->bias[i] = 0;
		u->mult[i] = mult;
		u->shift[i] = shift;
	}
	u->stage = (struct cpu_stage) {
		.stage = stage,
		.nearest = fegetround() == FE_TONEAREST,
		.zero_point = zero_point,
		.lo = lo,
		.hi = hi,
		.bias = u->bias,
		.mult = u->mult,
		.shift = u->shift,
	};
}
