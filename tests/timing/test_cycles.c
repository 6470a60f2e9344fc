// SPDX-License-Identifier: MIT
/*
 * The timing's twelve worked examples, on a1024 with 32 bytes of DRAM per
 * cycle; and that absurd numbers neither stall nor overflow it.
 */
#include <string.h>
#include <time.h>

#include "core/cycles.h"
#include "unit.h"

#define KIB 1024u
#define W256 (768 * KIB)	/* sw that leaves 256 KiB of staging */

static const struct octet_cycles_machine a1024 = {
	.p = 8, .k = 16, .c = 8, .dram_bpc = 32, .sram = 1024 * KIB,
};

static struct octet_report rep[8];
static const char *why;

/* a command between SRAM tensors; the caller changes what differs */
static struct octet_cycles_cmd layer(enum octet_op op, uint32_t hw, uint32_t cin, uint32_t ohw,
				     uint32_t cout, uint32_t kernel)
{
	struct octet_cycles_cmd c = {
		.op = op, .n = 1, .h = hw, .w = hw, .cin = cin, .oh = ohw, .ow = ohw,
		.cout = cout, .groups = 1, .r = kernel, .s = kernel, .sh = 1, .sw = 1, .dh = 1,
		.dw = 1, .src = OCTET_CYCLES_SRAM, .dst = OCTET_CYCLES_SRAM,
		.weights = OCTET_CYCLES_DRAM, .weights_const = true, .params = true,
		.src_link = OCTET_OPERAND_LINK_NEWEST, .src2_link = OCTET_OPERAND_LINK_NEWEST,
		.abytes = 1, .obytes = 1, .wbits = 8,
	};

	if (op == OCTET_OP_EW || op == OCTET_OP_SOFTMAX) {
		c.weights = OCTET_CYCLES_NONE;
		c.params = false;
	}
	return c;
}

static struct octet_cycles_cmd gemm(uint32_t m, uint32_t k, uint32_t n)
{
	struct octet_cycles_cmd c = layer(OCTET_OP_GEMM, m, k, m, n, 1);

	c.w = c.ow = 1;
	return c;
}

static int run(const struct octet_cycles_cmd *cmds, size_t count, uint64_t sw, uint64_t lb)
{
	size_t bad = 0;

	memset(rep, 0xa5, sizeof(rep));
	return octet_cycles_job(&a1024, cmds, count, sw, lb, rep, &bad, &why);
}

/* the job's cycles, after checking that the parts sum to the totals */
static uint64_t cycles(const struct octet_cycles_cmd *cmds, size_t count, uint64_t sw, uint64_t lb)
{
	uint64_t sum = 0;

	assert_int_equal(run(cmds, count, sw, lb), 0);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(rep[i].total, rep[i].compute + rep[i].dma_stall +
				 rep[i].output_stall + rep[i].overhead);
		sum += rep[i].total;
	}
	return sum;
}

static struct octet_cycles_cmd depthwise14(void)
{
	struct octet_cycles_cmd c = layer(OCTET_OP_DEPTHWISE, 14, 512, 14, 512, 3);

	c.pt = c.pl = 1;
	return c;
}

static void test_01_depthwise(void **state)
{
	struct octet_cycles_cmd c = depthwise14();

	(void)state;
	assert_int_equal(cycles(&c, 1, W256, 0), 1968);
	assert_int_equal(rep[0].compute, 1568);
	assert_int_equal(rep[0].dma_stall, 0);
	assert_int_equal(rep[0].sram, 260608);
	assert_int_equal(rep[0].dram_read, 8704);
}

static void test_02_pointwise(void **state)
{
	struct octet_cycles_cmd c = layer(OCTET_OP_CONV2D, 14, 512, 14, 512, 1);

	(void)state;
	assert_int_equal(cycles(&c, 1, W256, 0), 51600);
	assert_int_equal(rep[0].compute, 50176);
	assert_int_equal(rep[0].dma_stall, 1024);
	assert_int_equal(rep[0].sram, 4311040);
	assert_int_equal(octet_cycles_macs(&c), 196 * 512 * 512);
}

static void test_03_prefetch(void **state)
{
	struct octet_cycles_cmd c[2] = {
		depthwise14(), layer(OCTET_OP_CONV2D, 14, 512, 14, 512, 1),
	};

	(void)state;
	assert_int_equal(cycles(c, 2, W256, 0), 52344);
	assert_int_equal(rep[0].total, 1968);
	assert_int_equal(rep[1].total, 50376);
	assert_int_equal(rep[1].dma_stall, 0);
}

static void test_04_stripes(void **state)
{
	struct octet_cycles_cmd c = layer(OCTET_OP_CONV2D, 224, 3, 112, 32, 3);

	(void)state;
	c.sh = c.sw = 2;
	c.src = OCTET_CYCLES_DRAM;
	c.policy = OCTET_POLICY_STRIPE;
	c.rows = 8;
	assert_int_equal(cycles(&c, 1, W256, 32 * KIB), 19291);
	assert_int_equal(rep[0].compute, 18816);
	assert_int_equal(rep[0].dma_stall, 75);
	assert_int_equal(rep[0].dram_read, 151648);
}

static void test_05_fully_connected(void **state)
{
	struct octet_cycles_cmd c = gemm(1, 1024, 1001);

	(void)state;
	c.dst = OCTET_CYCLES_DRAM;
	assert_int_equal(cycles(&c, 1, W256, 0), 38216);
	assert_int_equal(rep[0].compute, 2048);
	assert_int_equal(rep[0].output_stall, 2088);
	assert_int_equal(rep[0].dma_stall, 33680);
	assert_int_equal(rep[0].dram_write, 1001);
}

static void test_06_gemm512(void **state)
{
	struct octet_cycles_cmd c = gemm(512, 512, 512);

	(void)state;
	c.src = c.dst = OCTET_CYCLES_DRAM;
	assert_int_equal(cycles(&c, 1, 0, 256 * KIB), 131616);
	assert_int_equal(rep[0].compute, 131072);
	assert_int_equal(rep[0].dma_stall, 144);
	assert_int_equal(rep[0].dram_read, 528384);
	assert_int_equal(rep[0].dram_write, 262144);
}

static void test_07_weight_by_auto(void **state)
{
	struct octet_cycles_cmd c = layer(OCTET_OP_CONV2D, 56, 256, 56, 512, 1);

	(void)state;
	c.src = c.dst = OCTET_CYCLES_DRAM;
	assert_int_equal(cycles(&c, 1, 832 * KIB, 64 * KIB), 403391);
	assert_int_equal(rep[0].compute, 401408);
	assert_int_equal(rep[0].dma_stall, 1583);
	assert_int_equal(rep[0].dram_read, 2543616);
	assert_int_equal(rep[0].dram_write, 1605632);
}

static void test_08_transposed(void **state)
{
	struct octet_cycles_cmd c = layer(OCTET_OP_TCONV2D, 8, 32, 16, 16, 4);

	(void)state;
	c.sh = c.sw = 2;
	c.pt = c.pl = 1;
	assert_int_equal(cycles(&c, 1, W256, 0), 1018);
	assert_int_equal(rep[0].compute, 512);
	assert_int_equal(rep[0].dma_stall, 106);
	assert_int_equal(rep[0].sram, 69632);
}

static void test_09_add_softmax(void **state)
{
	struct octet_cycles_cmd c[2] = {
		layer(OCTET_OP_EW, 56, 24, 56, 24, 1), layer(OCTET_OP_SOFTMAX, 128, 128, 128, 128, 1),
	};

	(void)state;
	c[0].src2 = OCTET_CYCLES_SRAM;
	c[1].w = c[1].ow = 1;
	c[1].n = 12;
	assert_int_equal(cycles(c, 2, W256, 0), 11032);
	assert_int_equal(rep[0].total, 1576);
	assert_int_equal(rep[0].sram, 225792);
	assert_int_equal(rep[1].total, 9456);
	assert_int_equal(rep[1].sram, 786432);
}

static void test_10_chain(void **state)
{
	struct octet_cycles_cmd c[3] = {
		layer(OCTET_OP_CONV2D, 112, 16, 112, 96, 1),
		layer(OCTET_OP_DEPTHWISE, 112, 96, 56, 96, 3),
		layer(OCTET_OP_CONV2D, 56, 96, 56, 24, 1),
	};

	(void)state;
	c[0].chain = c[1].chain = true;
	c[0].dst = c[1].dst = c[1].src = c[2].src = OCTET_CYCLES_LINK;
	c[1].sh = c[1].sw = 2;
	c[2].dst = OCTET_CYCLES_DRAM;
	c[2].policy = OCTET_POLICY_STRIPE;
	c[2].rows = 8;
	assert_int_equal(cycles(c, 3, 544 * KIB, 224 * KIB), 35122);
	assert_int_equal(rep[0].total, 19216);
	assert_int_equal(rep[1].total, 6248);
	assert_int_equal(rep[1].output_stall, 1344);
	assert_int_equal(rep[2].total, 9658);
	assert_int_equal(rep[2].dma_stall, 50);
	assert_int_equal(rep[2].dram_write, 75264);
}

static void test_11_grouped(void **state)
{
	struct octet_cycles_cmd c = layer(OCTET_OP_CONV2D, 14, 64, 14, 64, 3);

	(void)state;
	c.pt = c.pl = 1;
	c.groups = 8;
	assert_int_equal(cycles(&c, 1, W256, 0), 2200);
	assert_int_equal(rep[0].compute, 1800);
	assert_int_equal(rep[0].sram, 146176);
}

static void test_12_streamed(void **state)
{
	struct octet_cycles_cmd c = layer(OCTET_OP_CONV2D, 7, 512, 7, 512, 3);

	(void)state;
	c.pt = c.pl = 1;
	assert_int_equal(cycles(&c, 1, W256, 0), 130429);
	assert_int_equal(rep[0].compute, 129024);
	assert_int_equal(rep[0].dma_stall, 1005);
	assert_int_equal(rep[0].dram_read, 2363392);
}

static void test_refusals(void **state)
{
	struct octet_cycles_cmd c = layer(OCTET_OP_CONV2D, 14, 64, 14, 64, 3);

	(void)state;
	assert_int_equal(run(&c, 1, 1024 * KIB, 1), OCTET_STATUS_BAD_SPLIT);
	assert_int_equal(run(&c, 1, UINT64_MAX, UINT64_MAX), OCTET_STATUS_BAD_SPLIT);
	c.chain = true;
	assert_int_equal(run(&c, 1, 0, 0), OCTET_STATUS_BAD_CHAIN);
	c.chain = false;
	c.src = OCTET_CYCLES_DRAM;
	c.policy = OCTET_POLICY_RESIDENT;
	assert_int_equal(run(&c, 1, 0, 100), OCTET_STATUS_NO_FIT);
	assert_non_null(strstr(why, "lb"));
	c.groups = 0;
	assert_int_equal(run(&c, 1, 0, 100), OCTET_STATUS_NO_FIT);
}

/* every number as large as its field, one after the other and all at once */
static void test_absurd(void **state)
{
	struct octet_cycles_cmd c;
	uint32_t *field[] = {
		&c.n, &c.h, &c.w, &c.cin, &c.oh, &c.ow, &c.cout, &c.r, &c.s, &c.sh, &c.sw, &c.dh,
		&c.dw, &c.pt, &c.pl, &c.groups,
	};
	const size_t fields = sizeof(field) / sizeof(field[0]);
	const uint32_t value[] = { 0, 1u << 20, UINT32_MAX };
	const enum octet_op ops[] = {
		OCTET_OP_CONV2D, OCTET_OP_DEPTHWISE, OCTET_OP_GEMM, OCTET_OP_POOL,
	};
	clock_t most = 0;

	(void)state;
	for (uint32_t i = 0; i < 4 * 3 * (fields + 1); i++) {
		clock_t start = clock();
		size_t f = i / 12;

		c = layer(ops[i % 4], 64, 64, 64, 64, 3);
		c.src = OCTET_CYCLES_DRAM;
		for (size_t k = 0; k < fields; k++)
			if (k == f || f == fields)
				*field[k] = value[i / 4 % 3];
		run(&c, 1, 0, 512 * KIB);
		if (clock() - start > most)
			most = clock() - start;
	}
	assert_true(most < CLOCKS_PER_SEC / 20);
}

UNIT_MAIN(unit_case(test_01_depthwise), unit_case(test_02_pointwise), unit_case(test_03_prefetch),
	  unit_case(test_04_stripes), unit_case(test_05_fully_connected),
	  unit_case(test_06_gemm512), unit_case(test_07_weight_by_auto),
	  unit_case(test_08_transposed), unit_case(test_09_add_softmax), unit_case(test_10_chain),
	  unit_case(test_11_grouped), unit_case(test_12_streamed), unit_case(test_refusals),
	  unit_case(test_absurd))
