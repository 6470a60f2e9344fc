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
	int ret = octet_cpu_new(&cpu, name, 0, err, sizeof(err));

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
	const struct octet_cpu_memory memory = { .opaque = &j->map, .at = tc_at };
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
			fail_msg("%s: OCTET_SEED=%llu op %u sub %u stage %u tail %u types %u %u %u %u: "
				 "byte %zu of %zu is 0x%02x, want 0x%02x",
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

static const enum octet_op all_ops[] = {
	OCTET_OP_CONV2D, OCTET_OP_DEPTHWISE, OCTET_OP_GEMM, OCTET_OP_EW,
	OCTET_OP_LUT, OCTET_OP_POOL, OCTET_OP_COPY, OCTET_OP_SOFTMAX,
	OCTET_OP_RESIZE, OCTET_OP_REDUCE, OCTET_OP_TCONV2D,
};
#define ALL_OPS	(sizeof(all_ops) / sizeof(all_ops[0]))

/* A random command of a variant and an input type. */
static struct octet_cmd wanted(uint64_t *rng, enum octet_op op, unsigned int sub,
			       unsigned int type)
{
	struct octet_cmd c;

	do {
		c = ops_random(rng, op);
	} while (c.sub != sub || c.src.type != type);
	return c;
}

static void redo(struct octet_cpu *cpu, uint64_t *rng, struct octet_cmd c)
{
	struct job j = { .c = c };

	for (unsigned int i = 0; i <= OCTET_OPERAND_DST; i++)
		if (c.src.space && (&c.src)[i].type &&
		    (&c.src)[i].type != OCTET_TYPE_INT4)
			ops_dense(&j.c, i);
	job_memory(&j, rng);
	run(cpu, &j, 0);
	job_free(&j);
}

/* Longer than the blocks of the operations. */
static void large(const char *name)
{
	struct octet_cpu *cpu = open_level(name);
	uint64_t rng = seed();
	struct octet_cmd c;

	for (unsigned int sub = 0; sub < 3; sub++) {
		c = wanted(&rng, OCTET_OP_POOL, sub, OCTET_TYPE_INT8);
		c.n = 1;
		c.h = c.w = 31;
		c.cin = c.cout = 1100;
		c.oh = 1;
		c.ow = 2;
		c.r = c.s = 30;
		c.sh = c.sw = 1;
		c.pt = c.pl = 0;
		redo(cpu, &rng, c);
	}
	c = wanted(&rng, OCTET_OP_GEMM, 0, OCTET_TYPE_INT16);
	c.n = c.n2 = 1;
	c.h = c.oh = 98;
	c.cin = 17001;
	c.cout = 2;
	redo(cpu, &rng, c);
	c = wanted(&rng, OCTET_OP_DEPTHWISE, 0, OCTET_TYPE_INT16);
	c.cin = c.cout = 1300;
	redo(cpu, &rng, c);
	for (unsigned int type = 1; type <= 3; type++) {
		c = wanted(&rng, OCTET_OP_TCONV2D, 0, type);
		c.groups = 1;
		c.n = c.h = c.oh = 2;
		c.w = 120;
		c.ow = 250;
		c.cin = 150;
		c.cout = 40;
		redo(cpu, &rng, c);
		c.w = c.ow = 2;
		c.cin = 17001;
		c.cout = 5;
		redo(cpu, &rng, c);
	}
	c = wanted(&rng, OCTET_OP_SOFTMAX, 0, OCTET_TYPE_UINT8);
	c.n = c.h = c.w = c.oh = c.ow = 1;
	c.cin = c.cout = OCTET_SOFTMAX_MAX;
	redo(cpu, &rng, c);
	octet_cpu_free(cpu);
}

/* Transposes and long runs of COPY, each type. */
static void copies(const char *name)
{
	struct octet_cpu *cpu = open_level(name);
	uint64_t rng = seed();

	for (unsigned int type = 1; type <= 4; type++)
		for (int i = 0; i < 24; i++) {
			struct octet_cmd c = wanted(&rng, OCTET_OP_COPY, 0, type);
			struct job j = { .c = c };

			j.c.n = 2;
			j.c.h = j.c.oh = 37;
			j.c.w = j.c.ow = 45;
			j.c.cin = j.c.cout = 40;
			ops_strides(&rng, &j.c);
			job_memory(&j, &rng);
			run(cpu, &j, 0);
			job_free(&j);
		}
	octet_cpu_free(cpu);
}

/* 1 x 1 convolutions, whose patches may be the input as it lies in memory. */
static void pointwise(const char *name)
{
	struct octet_cpu *cpu = open_level(name);
	uint64_t rng = seed();

	for (unsigned int i = 0; i < 90; i++) {
		struct job j = {
			.c = wanted(&rng, OCTET_OP_CONV2D, 0, 1 + i % 3),
		};

		j.c.r = j.c.s = j.c.sh = j.c.sw = j.c.groups = 1;
		j.c.pt = j.c.pl = 0;
		j.c.n = 1 + i % 2;
		j.c.h = j.c.oh = 5;
		j.c.w = j.c.ow = 4;
		j.c.cin = 8;
		ops_strides(&rng, &j.c);
		job_memory(&j, &rng);
		run(cpu, &j, i);
		job_free(&j);
	}
	octet_cpu_free(cpu);
}

/* A larger kernel over whole sixteens of channels, padded to the same size or half. */
static struct octet_cmd image(uint64_t *rng, unsigned int i)
{
	struct octet_cmd c;

	do {
		c = wanted(rng, OCTET_OP_CONV2D, 0, 1 + i % 2);
	} while (c.wgt.type == OCTET_TYPE_INT4);
	c.r = c.s = i % 5 ? 3 : 5;
	c.sh = c.sw = i % 4 ? 1 : 2;
	c.dh = c.dw = 1;
	c.pt = c.pl = c.r / 2;
	c.groups = 1 + i % 3 / 2;
	c.n = 1 + i % 2;
	c.h = (uint32_t)tc_between(rng, 7, 17);
	c.w = (uint32_t)tc_between(rng, 7, 17);
	c.oh = (c.h - 1) / c.sh + 1;
	c.ow = (c.w - 1) / c.sw + 1;
	c.cin = 16 * c.groups * (uint32_t)tc_between(rng, 1, 3);
	c.cout = c.groups * (uint32_t)tc_between(rng, 16, 40);
	return c;
}

/* Convolutions as networks have them, then the largest sums that some kernels take. */
static void images(const char *name)
{
	struct octet_cpu *cpu = open_level(name);
	uint64_t rng = seed();
	struct job j;

	for (unsigned int i = 0; i < 60; i++) {
		j = (struct job){ .c = image(&rng, i) };
		ops_strides(&rng, &j.c);
		job_memory(&j, &rng);
		run(cpu, &j, i);
		job_free(&j);
	}
	for (unsigned int cin = 896; cin <= 944; cin += 48) {
		const uint8_t *p[OPS_PLACES];

		do {
			j = (struct job){ .c = image(&rng, 1) };
		} while (j.c.wgt.type != OCTET_TYPE_UINT8 || j.c.prm.space ||
			 j.c.src.type != OCTET_TYPE_UINT8);
		j.c.h = j.c.w = j.c.oh = j.c.ow = 8;
		j.c.cin = cin;
		j.c.src.zero_point = j.c.wgt.zero_point = 0;
		for (unsigned int k = 0; k <= OCTET_OPERAND_DST; k++)
			if ((&j.c.src)[k].type)
				ops_dense(&j.c, k);
		job_memory(&j, &rng);
		memset(j.mem[0].p, 0xff, j.mem[0].size);
		memset(j.mem[OCTET_OPERAND_WGT].p, 0xff,
		       j.mem[OCTET_OPERAND_WGT].size);
		for (unsigned int k = 0; k < OPS_PLACES; k++)
			p[k] = j.mem[k].p;
		ops_reference(&j.c, p, j.want);
		run(cpu, &j, cin);
		job_free(&j);
	}
	octet_cpu_free(cpu);
}

/* Sums so long that the memory of a block takes a few rows only, all of which are in one. */
static void tall(const char *name)
{
	static const struct {
		enum octet_op op;
		uint32_t h, cin;
	} shapes[] = {
		{ OCTET_OP_GEMM, 37, 32764 }, { OCTET_OP_GEMM, 64, 32764 },
		{ OCTET_OP_GEMM, 80, 24000 }, { OCTET_OP_CONV2D, 10, 2048 },
	};
	struct octet_cpu *cpu = open_level(name);
	uint64_t rng = seed();
	struct octet_cmd c;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		do {
			c = wanted(&rng, shapes[i].op, 0, OCTET_TYPE_INT8);
		} while (c.wgt.type == OCTET_TYPE_INT4);
		c.n = c.n2 = c.groups = 1;
		c.h = c.oh = shapes[i].h;
		c.cin = shapes[i].cin;
		c.cout = 16;
		if (c.op == OCTET_OP_CONV2D) {
			c.w = c.ow = c.h;
			c.r = c.s = 3;
			c.sh = c.sw = 1;
			c.dh = c.dw = c.pt = c.pl = 12;
		}
		redo(cpu, &rng, c);
	}
	octet_cpu_free(cpu);
}

/* Sums that leave 48 bits, in each direction, come back on the other side. */
static void wrap48(const char *name)
{
	struct octet_cpu *cpu = open_level(name);
	uint64_t rng = seed();

	for (int i = 0; i < 8; i++) {
		static const enum octet_op ops[] = {
			OCTET_OP_CONV2D, OCTET_OP_DEPTHWISE, OCTET_OP_GEMM,
			OCTET_OP_TCONV2D,
		};
		const bool down = i & 1;
		struct job j = { 0 };
		struct octet_param16 r = {
			.bias = (down ? -1 : 1) * ((INT64_C(1) << 47) - 9) - down,
			.mult = OCTET_MULT16_MAX, .shift = 48,
		};
		const uint8_t *p[OPS_PLACES];
		const int16_t x = down ? INT16_MIN : INT16_MAX;

		do {
			j.c = wanted(&rng, ops[i / 2], 0, OCTET_TYPE_INT16);
		} while (!j.c.prm.space || j.c.flags ||
			 j.c.wgt.type != OCTET_TYPE_INT8);
		j.c.pad_value = 0;
		j.c.act_min = INT16_MIN;
		j.c.act_max = INT16_MAX;
		job_memory(&j, &rng);
		for (size_t k = 0; k < j.mem[0].size; k += 2)
			memcpy(j.mem[0].p + k, &x, 2);
		memset(j.mem[OCTET_OPERAND_WGT].p, 127,
		       j.mem[OCTET_OPERAND_WGT].size);
		for (uint32_t o = 0; o < j.c.cout; o++)
			memcpy(j.mem[OCTET_OPERAND_PRM].p + o * sizeof(r), &r,
			       sizeof(r));
		for (unsigned int k = 0; k < OPS_PLACES; k++)
			p[k] = j.mem[k].p;
		ops_reference(&j.c, p, j.want);
		run(cpu, &j, 0);
		job_free(&j);
	}
	octet_cpu_free(cpu);
}

/* Products of the largest magnitude, more than 32 bits hold. */
static void deep(const char *name)
{
	static const enum octet_op ops[] = {
		OCTET_OP_CONV2D, OCTET_OP_DEPTHWISE, OCTET_OP_GEMM,
		OCTET_OP_TCONV2D,
	};
	struct octet_cpu *cpu = open_level(name);
	uint64_t rng = seed();

	for (int i = 0; i < 4; i++) {
		struct job j = { 0 };
		const uint8_t *p[OPS_PLACES];
		const int16_t x = INT16_MIN;

		do {
			j.c = wanted(&rng, ops[i], 0, OCTET_TYPE_INT16);
		} while (j.c.prm.space || j.c.wgt.type != OCTET_TYPE_INT8);
		j.c.n = j.c.n2 = j.c.groups = j.c.h = j.c.w = 1;
		j.c.oh = j.c.ow = j.c.cout = 1;
		j.c.r = j.c.s = j.c.sh = j.c.sw = j.c.dh = j.c.dw = 1;
		j.c.pt = j.c.pl = 0;
		j.c.cin = ops[i] == OCTET_OP_DEPTHWISE ? 1 : 2001;
		if (ops[i] == OCTET_OP_DEPTHWISE)
			j.c.h = j.c.w = j.c.r = j.c.s = 45;
		j.c.dst.mult = 1;
		j.c.dst.shift = 20;
		j.c.act_min = INT16_MIN;
		j.c.act_max = INT16_MAX;
		for (unsigned int k = 0; k <= OCTET_OPERAND_DST; k++)
			if ((&j.c.src)[k].type)
				ops_dense(&j.c, k);
		job_memory(&j, &rng);
		for (size_t k = 0; k < j.mem[0].size; k += 2)
			memcpy(j.mem[0].p + k, &x, 2);
		memset(j.mem[OCTET_OPERAND_WGT].p, 0x80,
		       j.mem[OCTET_OPERAND_WGT].size);
		for (unsigned int k = 0; k < OPS_PLACES; k++)
			p[k] = j.mem[k].p;
		ops_reference(&j.c, p, j.want);
		run(cpu, &j, 0);
		job_free(&j);
	}
	octet_cpu_free(cpu);
}

/* Exponentials whose sums and quotients end in one half. */
static void ties(const char *name)
{
	struct octet_cpu *cpu = open_level(name);
	uint64_t rng = seed();

	for (unsigned int sub = 0; sub < 2; sub++) {
		struct job j = {
			.c = wanted(&rng, OCTET_OP_SOFTMAX, sub, OCTET_TYPE_INT8),
		};
		const uint8_t *p[OPS_PLACES];

		j.c.cin = j.c.cout = sub ? 2 : 3;
		j.c.dst.zero_point = j.c.dst.type == OCTET_TYPE_INT8 ? -128 : 0;
		j.c.act_min = j.c.dst.zero_point;
		j.c.act_max = j.c.act_min + 255;
		ops_dense(&j.c, OCTET_OPERAND_SRC);
		ops_dense(&j.c, OCTET_OPERAND_DST);
		job_memory(&j, &rng);
		for (int i = 0; i < OCTET_SOFTMAX_ENTRIES; i++) {
			const int32_t e = !sub ? 2048 : i ? 1 : 511;

			memcpy(j.mem[OPS_TABLE].p + 4 * i, &e, 4);
		}
		for (unsigned int k = 0; k < OPS_PLACES; k++)
			p[k] = j.mem[k].p;
		ops_reference(&j.c, p, j.want);
		run(cpu, &j, 0);
		job_free(&j);
	}
	octet_cpu_free(cpu);
}

/* Results over inputs, in the same place or at any distance. */
static void aliased(const char *name)
{
	enum { SIZE = 1 << 20, X = 1 << 19 };
	struct octet_cpu *cpu = open_level(name);
	uint8_t *host = malloc(SIZE), *want = malloc(SIZE), *was = malloc(SIZE);
	uint64_t rng = seed();

	for (int i = 0; i < 330; i++) {
		const uint64_t from = rng;
		struct job j = { .c = ops_random(&rng, all_ops[i % ALL_OPS]) };
		const struct octet_cpu_memory memory = { .opaque = &j.map, .at = tc_at };
		const uint8_t *p[OPS_PLACES];
		const bool second = j.c.src2.type && tc_next(&rng) & 1;
		const unsigned int over = second ? OCTET_OPERAND_SRC2 :
						   OCTET_OPERAND_SRC;
		uint64_t y = X;

		ops_strides(&rng, &j.c);
		if (i & 1)
			y += 4 * (uint64_t)tc_between(&rng, -50, 50);
		job_memory(&j, &rng);
		if (j.mem[over].size > X / 2 || j.mem[5].size > X / 2) {
			job_free(&j);
			continue;
		}
		tc_bytes(&rng, host, SIZE);
		memcpy(host + X, j.mem[over].p, j.mem[over].size);
		memcpy(was, host, SIZE);
		memcpy(want, host, SIZE);
		for (unsigned int k = 0; k < OPS_PLACES; k++)
			p[k] = k == over ? was + X : j.mem[k].p;
		ops_reference(&j.c, p, want + y);
		tc_map(&j.map, UINT64_C(0x100000000), SIZE, host, true);
		if (j.mem[over].size)
			(&j.c.src)[over].addr = UINT64_C(0x100000000) + X;
		j.c.dst.addr = UINT64_C(0x100000000) + y;
		assert_int_equal(octet_cpu_run(cpu, &memory, &j.c, 1, SRAM, 0,
					       NULL, NULL), 0);
		if (memcmp(host, want, SIZE))
			fail_msg("OCTET_SEED=%llu op %u sub %u over operand %u",
				 (unsigned long long)from, j.c.op, j.c.sub,
				 over);
		job_free(&j);
	}
	free(host);
	free(want);
	free(was);
	octet_cpu_free(cpu);
}

/* Asked to end, an operation leaves its results alone. */
static void canceled(const char *name)
{
	struct octet_cpu *cpu = open_level(name);
	uint64_t rng = seed();

	for (size_t i = 0; i < 4 * ALL_OPS; i++) {
		struct job j = { .c = ops_random(&rng, all_ops[i % ALL_OPS]) };
		const struct octet_cpu_memory memory = { .opaque = &j.map, .at = tc_at };
		uint8_t *was;

		job_memory(&j, &rng);
		was = malloc(j.mem[5].size);
		memcpy(was, j.mem[5].p, j.mem[5].size);
		octet_cpu_cancel(cpu);
		assert_int_equal(octet_cpu_run(cpu, &memory, &j.c, 1, SRAM, 0,
					       NULL, NULL), -ECANCELED);
		assert_memory_equal(was, j.mem[5].p, j.mem[5].size);
		free(was);
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
#define EDGES(X, l)							\
	X(l, large) X(l, copies) X(l, wrap48) X(l, deep) X(l, ties)	\
	X(l, aliased) X(l, canceled) X(l, pointwise) X(l, images)	\
	X(l, tall)
#define DEFINE_EDGE(l, f)						\
	static void f##_##l(void **state) { (void)state; f(#l); }

#define CPU_LEVEL(l, features, m, n)	OPS(DEFINE, l) EDGES(DEFINE_EDGE, l)
#include "cpu/kernels.inc"
#undef CPU_LEVEL

#define CPU_LEVEL(l, features, m, n)	OPS(LIST, l) EDGES(LIST, l)
int main(void)
{
	const struct CMUnitTest tests[] = {
#include "cpu/kernels.inc"
	};

	return unit_run(tests, (int)(sizeof(tests) / sizeof(tests[0])));
}
