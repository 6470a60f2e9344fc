/* SPDX-License-Identifier: MIT */
/*
 * octet_cpu_run() of every operation against the manual's formulas, on random
 * commands, every level, operands between guard pages. Repeat a run with
 * OCTET_SEED=N.
 */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test_cpu_ops.h"

#define SRAM	(1u << 20)
#define VA(i)	(UINT64_C(0x10000000) * ((i) + 1) + 0x40)

static uint64_t seed(void)
{
	const char *s = getenv("OCTET_SEED");

	return s ? strtoull(s, NULL, 0) : 1;
}

static struct octet_cpu *open_level(const char *name)
{
	struct octet_cpu *cpu;
	char err[160];
	int ret = octet_cpu_new(&cpu, name, err, sizeof(err));

	if (ret == -ENOTSUP || (ret == -EINVAL && strcmp(name, "scalar")))
		unit_skip(err);
	assert_int_equal(ret, 0);
	return cpu;
}

/* A command with its memory. */
struct job {
	struct octet_cmd c;
	struct tc_guard mem[OPS_PLACES];
	struct tc_memory map;
	uint8_t *want;
};

/* Alignment of a place's bytes; those of guards end where a page does. */
static unsigned int unit(const struct octet_cmd *c, unsigned int place)
{
	if (place == OPS_TABLE)
		return 4;
	if (place == OCTET_OPERAND_PRM)
		return c->src.type == OCTET_TYPE_INT16 ? 8 : 4;
	if (place == OCTET_OPERAND_CHN)
		return 2;
	return ops_size((&c->src)[place].type);
}

static void job_memory(struct job *j, uint64_t *rng)
{
	const uint8_t *p[OPS_PLACES];

	for (unsigned int i = 0; i < OPS_PLACES; i++) {
		const uint64_t bytes = ops_bytes(&j->c, i);
		bool at_end = tc_next(rng) & 1;

		/* the end of a page is aligned, what ends there may not be */
		if (bytes % unit(&j->c, i))
			at_end = false;
		tc_guard_new(&j->mem[i], bytes, at_end);
		p[i] = j->mem[i].p;
		if (!bytes)
			continue;
		ops_fill(rng, &j->c, i, j->mem[i].p, bytes);
		tc_map(&j->map, VA(i), bytes, j->mem[i].p,
		       i == OCTET_OPERAND_DST);
		if (i == OPS_TABLE)
			j->c.table = VA(i);
		else
			(&j->c.src)[i].addr = VA(i);
	}
	j->want = malloc(j->mem[OCTET_OPERAND_DST].size);
	memcpy(j->want, p[OCTET_OPERAND_DST], j->mem[OCTET_OPERAND_DST].size);
	ops_reference(&j->c, p, j->want);
}

static void job_free(struct job *j)
{
	for (unsigned int i = 0; i < OPS_PLACES; i++)
		tc_guard_free(&j->mem[i]);
	free(j->want);
}

static void run(struct octet_cpu *cpu, struct job *j, uint64_t from)
{
	const struct octet_cpu_memory memory = { &j->map, tc_at };
	const struct tc_guard *y = &j->mem[OCTET_OPERAND_DST];
	struct octet_cpu_fault fault;
	const int err = octet_cpu_run(cpu, &memory, &j->c, 1, SRAM, 0, NULL,
				      &fault);

	if (err)
		fail_msg("OCTET_SEED=%llu op %u sub %u: error %d status 0x%x: %s",
			 (unsigned long long)from, j->c.op, j->c.sub, err,
			 fault.status, fault.text);
	for (size_t i = 0; i < y->size; i++)
		if (y->p[i] != j->want[i])
			fail_msg("%s: OCTET_SEED=%llu op %u sub %u stage %u tail %u types %u %u %u %u: byte %zu of %zu is 0x%02x, want 0x%02x",
				 octet_cpu_level(cpu), (unsigned long long)from,
				 j->c.op, j->c.sub, j->c.stage, j->c.tail,
				 j->c.src.type, j->c.src2.type, j->c.wgt.type,
				 j->c.dst.type, i, y->size, y->p[i],
				 j->want[i]);
}

static void random_op(const char *name, enum octet_op op)
{
	struct octet_cpu *cpu = open_level(name);
	uint64_t rng = seed();

	for (int i = 0; i < 400; i++) {
		const uint64_t from = rng;
		struct job j = { .c = ops_random(&rng, op) };

		ops_strides(&rng, &j.c);
		job_memory(&j, &rng);
		run(cpu, &j, from);
		job_free(&j);
	}
	octet_cpu_free(cpu);
}

#define OPS(X, l)							\
	X(l, CONV2D) X(l, DEPTHWISE) X(l, GEMM) X(l, EW) X(l, LUT)	\
	X(l, POOL) X(l, COPY) X(l, SOFTMAX) X(l, RESIZE) X(l, REDUCE)	\
	X(l, TCONV2D)
#define DEFINE(l, op)							\
	static void op##_##l(void **state)				\
	{								\
		(void)state;						\
		random_op(#l, OCTET_OP_##op);				\
	}
#define LIST(l, op) unit_case(op##_##l),

#define CPU_LEVEL(l, features, m, n)	OPS(DEFINE, l)
#include "cpu/kernels.inc"
#undef CPU_LEVEL

#define CPU_LEVEL(l, features, m, n)	OPS(LIST, l)
int main(void)
{
	const struct CMUnitTest tests[] = {
#include "cpu/kernels.inc"
	};

	return unit_run(tests, (int)(sizeof(tests) / sizeof(tests[0])));
}
