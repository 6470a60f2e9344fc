// SPDX-License-Identifier: MIT
/*
 * Computes in parts: in several threads, in one, backwards. The bits are those of a
 * compute without them, and an end that was asked for reaches every thread.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "compute_item.h"
#include "core/output_stage.h"
#include "core/simd.h"

#define THREADS	5

static const char *const levels[] = { "portable", "avx2", "avx512vnni", "amx" };
static unsigned int calls;

struct one {
	void (*run)(void *arg, unsigned int i);
	void *arg;
	unsigned int i;
};

static void *thread(void *opaque)
{
	struct one *o = opaque;

	o->run(o->arg, o->i);
	return NULL;
}

static void in_threads(void *opaque, unsigned int count,
		       void (*run)(void *arg, unsigned int i), void *arg)
{
	pthread_t threads[THREADS];
	struct one ones[THREADS];

	assert_ptr_equal(opaque, &calls);
	assert_in_range(count, 2, THREADS);
	calls++;
	for (unsigned int i = 0; i < count; i++) {
		ones[i] = (struct one) { run, arg, i };
		assert_int_equal(pthread_create(&threads[i], NULL, thread, &ones[i]), 0);
	}
	for (unsigned int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}

static void backwards(void *opaque, unsigned int count,
		      void (*run)(void *arg, unsigned int i), void *arg)
{
	(void)opaque;
	calls++;
	while (count--)
		run(arg, count);
}

static void random_shape(struct octet_cmd *c, unsigned int kind)
{
	*c = (struct octet_cmd) {
		.op = kind == 0 ? OCTET_OP_GEMM : kind == 1 ? OCTET_OP_CONV2D : OCTET_OP_DEPTHWISE,
		.n = 1 + item_rnd(2), .n2 = 1, .h = 20 + item_rnd(30), .w = 1, .ow = 1,
		.cin = 40 + item_rnd(200), .cout = 20 + item_rnd(200), .groups = 1,
		.r = 1, .s = 1, .sh = 1, .sw = 1, .dh = 1, .dw = 1,
		.stage = OCTET_STAGE_FIX_DBL, .flags = OCTET_CMD_PER_TENSOR,
		.src = { .type = item_type8() }, .wgt = { .type = item_type8() },
		.dst = { .type = OCTET_TYPE_INT8, .mult = 0x60000000, .shift = 42 },
		.act_min = -128, .act_max = 127,
	};
	c->src.zero_point = item_code(c->src.type);
	c->wgt.zero_point = item_rnd(2) ? item_code(c->wgt.type) : 0;
	c->oh = c->h;
	if (kind == 0) {
		/* also so few rows that weights are not packed */
		if (item_rnd(4) == 0)
			c->h = c->oh = 1 + item_rnd(4);
		if (item_rnd(2))
			c->wgt.flags = OCTET_OPERAND_TRANSPOSED;
		return;
	}
	c->w = c->ow = 3 + item_rnd(30);
	c->r = c->s = (uint16_t)(1 + 2 * item_rnd(3));
	c->pt = c->pl = c->r / 2;
	if (kind == 2)
		c->cout = c->cin;
	else if (item_rnd(4) == 0)
		c->cin = 2 * c->cin, c->cout = 2 * c->cout, c->groups = 2;
	if (kind == 1)
		c->cin = c->groups * (1 + item_rnd(40));
}

static void compute(struct item *it, octet_parallel_fn *parallel, uint8_t *to)
{
	it->work.threads = THREADS;
	it->work.parallel = parallel;
	it->work.opaque = &calls;
	memset(it->work.dst, 0x5a, it->results);
	assert_int_equal(octet_work_compute(&it->work), 0);
	memcpy(to, it->work.dst, it->results);
}

static void same_bits(unsigned int kind, const char *level)
{
	struct item it = { 0 };
	uint8_t *bits[3];

	random_shape(&it.work.cmd, kind);
	item_start(&it);
	for (int i = 0; i < 3; i++)
		bits[i] = malloc(it.results);
	compute(&it, NULL, bits[0]);
	compute(&it, in_threads, bits[1]);
	compute(&it, backwards, bits[2]);
	for (int i = 1; i < 3; i++)
		if (memcmp(bits[0], bits[i], it.results))
			fail_msg("%s: op %u: other bits in parts", level, it.work.cmd.op);
	for (int i = 0; i < 3; i++)
		free(bits[i]);
	item_done(&it);
}

static void test_same_bits(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (octet_simd_force(levels[i]))
			continue;
		for (unsigned int kind = 0; kind < 3; kind++) {
			calls = 0;
			for (int round = 0; round < 30; round++)
				same_bits(kind, levels[i]);
			/* small ones are not worth it, which the level decides */
			print_message("%s, kind %u: %u calls\n", levels[i], kind, calls);
			assert_true(calls || i);
		}
	}
	octet_simd_force(NULL);
}

static void test_cancel(void **state)
{
	struct item it = { 0 };

	(void)state;
	octet_simd_force("portable");
	for (unsigned int kind = 0; kind < 3; kind++) {
		memset(&it, 0, sizeof(it));
		do
			random_shape(&it.work.cmd, kind);
		while (it.work.cmd.h < 5);
		item_start(&it);
		it.work.threads = THREADS;
		it.work.parallel = in_threads;
		it.work.opaque = &calls;
		atomic_store(&it.cancel, true);
		assert_int_equal(octet_work_compute(&it.work), -ECANCELED);
		item_done(&it);
	}
	octet_simd_force(NULL);
}

UNIT_MAIN(unit_case(test_same_bits), unit_case(test_cancel))
