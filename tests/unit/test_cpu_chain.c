/* SPDX-License-Identifier: MIT */
/*
 * Chains of the CPU fallback: equal bits to the same commands with their results
 * in memory, nothing written before the last one, each rule of BAD_CHAIN; and
 * what binding does for single commands: int4 weights, a residual in place.
 */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "test_cpu.h"

#define SRAM	65536
#define SW	8192
#define SIDE	6u
#define C	8u
#define GAP	3u			/* bytes after each pixel of the input */
#define DENSE	(SIDE * SIDE * C)
#define STEP	UINT64_C(0x10000)
#define VA(i)	(STEP * ((i) + 1))
#define REGIONS	8
#define BYTES	8192

enum { IN, OUT, WEIGHTS, TABLE, LINKS };	/* VA(LINKS + j): result j */

static struct octet_cpu *cpu;
static _Alignas(64) uint8_t bytes[REGIONS][BYTES];

static int run(const struct octet_cmd *c, uint32_t count,
	       struct octet_report *report, struct octet_cpu_fault *fault)
{
	struct tc_memory map = { 0 };
	const struct octet_cpu_memory memory = { .opaque = &map, .at = tc_at };

	for (unsigned int i = 0; i < REGIONS; i++)
		tc_map(&map, VA(i), BYTES, bytes[i], i != WEIGHTS);
	return octet_cpu_run(cpu, &memory, c, count, SRAM, SW, report, fault);
}

static void fill(uint64_t seed)
{
	tc_bytes(&seed, bytes, sizeof(bytes));
}

static void dense(struct octet_operand *o, uint64_t addr, uint32_t pixel)
{
	o->space = OCTET_SPACE_VA;
	o->addr = addr;
	o->stride[3] = pixel;
	o->stride[2] = SIDE * pixel;
	o->stride[1] = (uint64_t)SIDE * SIDE * pixel;
}

static void link_to(struct octet_operand *o, uint8_t link)
{
	o->space = OCTET_SPACE_LINK;
	o->addr = 0;
	o->link = link;
	memset(o->stride, 0, sizeof(o->stride));
}

static struct octet_cmd layer(enum octet_op op, uint32_t k)
{
	struct octet_cmd c = tc_conv(op, 1, SIDE, SIDE, C, C, k);

	c.wgt.addr = VA(WEIGHTS);
	c.dst.mult = 1u << 30;
	c.dst.shift = 37;
	c.src.zero_point = 3;
	c.pad_value = 3;
	c.dst.zero_point = -5;
	dense(&c.src, VA(IN), C);
	dense(&c.dst, VA(OUT), C);
	return c;
}

/*
 * A bottleneck: 1x1, depthwise 3x3, a table, 1x1 with the chain's input added.
 * The input has gaps.
 */
static uint32_t bottleneck(struct octet_cmd *c)
{
	c[0] = layer(OCTET_OP_CONV2D, 1);
	c[1] = layer(OCTET_OP_DEPTHWISE, 3);
	c[2] = layer(OCTET_OP_DEPTHWISE, 1);
	c[2].op = OCTET_OP_LUT;
	c[2].stage = OCTET_STAGE_RAW;
	c[2].pad_value = c[2].src.zero_point = c[2].dst.zero_point = 0;
	c[2].dst.mult = c[2].dst.shift = 0;
	memset(&c[2].wgt, 0, sizeof(c[2].wgt));
	c[2].table = VA(TABLE);
	c[3] = layer(OCTET_OP_CONV2D, 1);
	c[3].tail = OCTET_TAIL_ADD;
	c[3].src2 = c[0].src;
	c[3].src2.mult = c[3].mid_mult = c[3].sum_mult = 1u << 30;
	c[3].src2.shift = c[3].mid_shift = 31;
	c[3].left_shift = 20;
	c[3].sum_stage = OCTET_STAGE_FIX_DBL;
	c[3].sum_shift = 49;
	c[3].mid_min = -128;
	c[3].mid_max = 127;
	dense(&c[0].src, VA(IN), C + GAP);
	dense(&c[3].src2, VA(IN), C + GAP);
	for (int i = 0; i < 3; i++) {
		dense(&c[i].dst, VA(LINKS + i), C);
		dense(&c[i + 1].src, VA(LINKS + i), C);
	}
	return 4;
}

/* The same commands with links for what is in between. */
static void chained(struct octet_cmd *c, uint32_t count)
{
	for (uint32_t i = 0; i + 1 < count; i++) {
		c[i].flags |= OCTET_CMD_CHAIN;
		link_to(&c[i].dst, 0);
		link_to(&c[i + 1].src, i % 2 ? (uint8_t)(i + 1) :
					OCTET_OPERAND_LINK_NEWEST);
	}
	if (c[count - 1].src2.space)
		link_to(&c[count - 1].src2, 0);
}

static void equal(uint64_t out)
{
	uint8_t want[BYTES], want_in[BYTES];
	struct octet_report report[4];
	struct octet_cpu_fault f;
	struct octet_cmd c[4];
	const uint32_t n = bottleneck(c);

	fill(out);
	c[3].dst.addr = out;
	assert_int_equal(run(c, n, NULL, &f), 0);
	memcpy(want, bytes[OUT], BYTES);
	memcpy(want_in, bytes[IN], BYTES);
	fill(out);
	chained(c, n);
	memset(report, 0xff, sizeof(report));
	if (run(c, n, report, &f))
		fail_msg("0x%x: command %u: %s", f.status, f.command, f.text);
	assert_memory_equal(bytes[OUT], want, BYTES);
	assert_memory_equal(bytes[IN], want_in, BYTES);
	assert_int_equal(report[0].total, 0);
	assert_int_equal(report[3].total, 0);
	/* links are nowhere: memory for them was not touched */
	memcpy(want, bytes[LINKS], BYTES);
	fill(out);
	assert_memory_equal(bytes[LINKS], want, BYTES);
}

static void same_bits(void **state)
{
	(void)state;
	equal(VA(OUT));
}

/* The result over the input that is also the residual, at any distance. */
static void in_place(void **state)
{
	(void)state;
	for (uint64_t at = 0; at < 40; at += 7)
		equal(VA(IN) + at);
}

/* A fault in the last command: no byte has been written by then. */
static void atomic(void **state)
{
	struct octet_cpu_fault f;
	struct octet_cmd c[4];
	uint8_t before[REGIONS][BYTES];
	const uint32_t n = bottleneck(c);

	(void)state;
	chained(c, n);
	c[3].prm.space = OCTET_SPACE_VA;
	c[3].prm.addr = 0x100;
	fill(1);
	memcpy(before, bytes, sizeof(before));
	assert_int_equal(run(c, n, NULL, &f), -EFAULT);
	assert_int_equal(f.status, OCTET_STATUS_UNMAPPED);
	assert_int_equal(f.command, 3);
	assert_int_equal(f.detail, OCTET_OPERAND_PRM | OCTET_ACCESS_READ << 8);
	assert_memory_equal(bytes, before, sizeof(before));
}

/* Two chains in a job, SRAM from one to the other, and a chain's src there. */
static void two_chains(void **state)
{
	struct octet_cmd c[4] = {
		layer(OCTET_OP_DEPTHWISE, 3), layer(OCTET_OP_CONV2D, 1),
		layer(OCTET_OP_DEPTHWISE, 3), layer(OCTET_OP_CONV2D, 1),
	};
	struct octet_cpu_fault f;
	uint8_t want[BYTES];

	(void)state;
	for (int i = 0; i < 3; i++) {
		dense(&c[i].dst, VA(LINKS + i), C);
		dense(&c[i + 1].src, VA(LINKS + i), C);
	}
	fill(9);
	assert_int_equal(run(c, 4, NULL, &f), 0);
	memcpy(want, bytes[OUT], BYTES);
	for (int i = 0; i < 4; i += 2)
		chained(c + i, 2);
	c[1].dst.space = c[2].src.space = OCTET_SPACE_SRAM;
	c[1].dst.addr = c[2].src.addr = 100;
	fill(9);
	assert_int_equal(run(c, 4, NULL, &f), 0);
	assert_memory_equal(bytes[OUT], want, BYTES);
}

/* The most commands that a chain has, and one more. */
static void length(void **state)
{
	struct octet_cmd c[OCTET_CHAIN_MAX + 1];
	struct octet_cpu_fault f;
	uint8_t want[BYTES];

	(void)state;
	for (int i = 0; i <= OCTET_CHAIN_MAX; i++) {
		c[i] = layer(OCTET_OP_DEPTHWISE, 3);
		dense(&c[i].src, VA(i ? LINKS + (i - 1) % 2 : IN), C);
		dense(&c[i].dst, VA(LINKS + i % 2), C);
	}
	c[OCTET_CHAIN_MAX - 1].dst.addr = VA(OUT);
	fill(4);
	assert_int_equal(run(c, OCTET_CHAIN_MAX, NULL, &f), 0);
	memcpy(want, bytes[OUT], BYTES);
	chained(c, OCTET_CHAIN_MAX);
	fill(4);
	assert_int_equal(run(c, OCTET_CHAIN_MAX, NULL, &f), 0);
	assert_memory_equal(bytes[OUT], want, BYTES);
	chained(c, OCTET_CHAIN_MAX + 1);
	assert_int_equal(run(c, OCTET_CHAIN_MAX + 1, NULL, &f), -EFAULT);
	assert_int_equal(f.status, OCTET_STATUS_BAD_CHAIN);
	assert_int_equal(f.command, OCTET_CHAIN_MAX - 1);
	assert_int_equal(f.detail, OCTET_OPERAND_CMD);
}

/** struct rule - the bottleneck, one thing changed; the command that is refused */
struct rule {
	const char *name;
	void (*change)(struct octet_cmd *c);
	uint32_t status;
	uint32_t command;
	uint32_t detail;
};

#define CHANGE(f, ...)	static void f(struct octet_cmd *c) { __VA_ARGS__; }
CHANGE(last_flag, c[3].flags = OCTET_CMD_CHAIN; link_to(&c[3].dst, 0))
CHANGE(policy, c[1].policy = OCTET_POLICY_WEIGHT)
CHANGE(last_policy, c[3].policy = OCTET_POLICY_WEIGHT)
CHANGE(cut, c[1].flags = 0)
CHANGE(dst_memory, dense(&c[1].dst, VA(LINKS), C))
CHANGE(dst_link, c[1].dst.link = 1)
CHANGE(src_memory, c[1].src.link = 0; dense(&c[1].src, VA(LINKS), C))
CHANGE(src_sram, c[0].dst.link = 0; c[1].src.link = 0;
       dense(&c[1].src, 0, C); c[1].src.space = OCTET_SPACE_SRAM)
CHANGE(first_link, link_to(&c[0].src, 0))
CHANGE(ahead, c[1].src.link = 2)
CHANGE(itself, c[2].src.link = 3)
CHANGE(zero_sram, c[0].src.space = OCTET_SPACE_SRAM; c[0].src.addr = 0)
CHANGE(type, c[2].src.type = OCTET_TYPE_UINT8)
CHANGE(rows, c[1].h = SIDE + 1)
CHANGE(row_bytes, c[3].src.link = 2; c[3].w = SIDE - 1; c[3].pl = 1)
CHANGE(images, c[2].n = 2)
CHANGE(src2_type, c[3].src2.type = OCTET_TYPE_UINT8)
CHANGE(src2_rows, c[3].oh = SIDE - 1)
CHANGE(unread, c[2].src.link = 1)
CHANGE(link_addr, c[1].src.addr = 64)
CHANGE(link_stride, c[1].dst.stride[3] = C)
CHANGE(link_repeat, c[1].src.flags = OCTET_OPERAND_REPEAT)
CHANGE(no_link, c[0].src.link = 1)
CHANGE(weights, c[1].wgt.space = OCTET_SPACE_LINK; c[1].wgt.addr = 0;
       memset(c[1].wgt.stride, 0, 32))
CHANGE(unlike, c[3].src2.link = OCTET_OPERAND_LINK_NEWEST; c[3].ow = 5)

#define R(f, status, command, detail) \
	{ #f, f, OCTET_STATUS_##status, command, OCTET_OPERAND_##detail }

static void every_rule(void **state)
{
	static const struct rule rules[] = {
		R(last_flag, BAD_CHAIN, 3, CMD), R(policy, BAD_CHAIN, 1, CMD),
		R(last_policy, OK, 0, SRC), R(cut, BAD_CHAIN, 1, DST),
		R(dst_memory, BAD_CHAIN, 1, DST), R(dst_link, BAD_CHAIN, 1, DST),
		R(src_memory, BAD_CHAIN, 1, SRC), R(src_sram, BAD_CHAIN, 3, CMD),
		R(first_link, BAD_CHAIN, 0, SRC), R(ahead, BAD_CHAIN, 1, SRC),
		R(itself, BAD_CHAIN, 2, SRC), R(zero_sram, BAD_CHAIN, 3, SRC2),
		R(type, BAD_CHAIN, 2, SRC), R(rows, BAD_CHAIN, 1, SRC),
		R(row_bytes, BAD_CHAIN, 3, SRC), R(images, BAD_CHAIN, 2, SRC),
		R(src2_type, BAD_CHAIN, 3, SRC2), R(src2_rows, BAD_CHAIN, 3, SRC2),
		R(unread, BAD_CHAIN, 3, CMD), R(link_addr, RESERVED, 1, SRC),
		R(link_stride, RESERVED, 1, DST), R(link_repeat, BAD_FLAGS, 1, SRC),
		R(no_link, RESERVED, 0, SRC), R(weights, BAD_SPACE, 1, WGT),
		R(unlike, BAD_CHAIN, 3, SRC2),
	};
	struct octet_cpu_fault f;
	struct octet_cmd c[4];
	int bad = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct rule *r = &rules[i];

		chained(c, bottleneck(c));
		c[2].src.link = 2;
		r->change(c);
		run(c, 4, NULL, &f);
		if (f.status == r->status && f.command == r->command &&
		    f.detail == r->detail)
			continue;
		fprintf(stderr, "%s: 0x%x, command %u, operand %u '%s', want 0x%x, %u, %u\n",
			r->name, f.status, f.command, f.detail, f.text,
			r->status, r->command, r->detail);
		bad++;
	}
	assert_int_equal(bad, 0);
}

/* Link 0 of a transposed or a repeated input: there is no such tensor. */
static void inputs_without_rows(void **state)
{
	struct octet_cmd c[2] = { tc_gemm(8, 8, 8), tc_gemm(8, 8, 8) };
	struct octet_cpu_fault f;

	(void)state;
	for (int i = 0; i < 2; i++) {
		c[i].wgt.addr = VA(WEIGHTS);
		c[i].dst.addr = VA(OUT);
		c[i].src.addr = VA(IN);
	}
	chained(c, 2);
	c[1].tail = OCTET_TAIL_ADD;
	c[1].src2.type = OCTET_TYPE_INT8;
	c[1].mid_max = c[1].sum_stage = c[1].sum_shift = 1;
	link_to(&c[1].src2, 0);
	assert_int_equal(run(c, 2, NULL, &f), 0);
	c[0].src.flags = OCTET_OPERAND_TRANSPOSED;
	assert_int_equal(run(c, 2, NULL, &f), -EFAULT);
	assert_int_equal(f.status, OCTET_STATUS_BAD_CHAIN);
	assert_int_equal(f.detail, OCTET_OPERAND_SRC2);
	c[0].src.flags = 0;
	c[1].src.flags = OCTET_OPERAND_TRANSPOSED;
	assert_int_equal(run(c, 2, NULL, &f), -EFAULT);
	assert_int_equal(f.status, OCTET_STATUS_BAD_CHAIN);
	assert_int_equal(f.detail, OCTET_OPERAND_SRC);
}

/* A residual that is the result itself: as if it were a copy. */
static void residual_in_place(void **state)
{
	struct octet_cmd c[4];
	struct octet_cpu_fault f;
	uint8_t want[BYTES];

	(void)state;
	bottleneck(c);
	for (int shift = -30; shift <= 30; shift += 10) {
		dense(&c[3].src, VA(IN), C);
		dense(&c[3].src2, VA(LINKS), C);
		dense(&c[3].dst, VA(OUT) + 64, C);
		fill(5);
		memcpy(bytes[LINKS], bytes[OUT] + 64 + shift, DENSE);
		assert_int_equal(run(&c[3], 1, NULL, &f), 0);
		memcpy(want, bytes[OUT], BYTES);
		fill(5);
		c[3].src2.addr = VA(OUT) + 64 + (uint64_t)(int64_t)shift;
		assert_int_equal(run(&c[3], 1, NULL, &f), 0);
		assert_memory_equal(bytes[OUT], want, BYTES);
	}
}

/* Weights as nibbles give what the same weights as bytes give. */
static void int4(void **state)
{
	struct octet_cmd gemm = tc_gemm(5, 3, 7);
	struct octet_cmd c[3] = {
		layer(OCTET_OP_CONV2D, 3), layer(OCTET_OP_DEPTHWISE, 3), gemm,
	};
	struct octet_cpu_fault f;
	uint8_t want[BYTES];

	(void)state;
	c[2].n = 3;
	c[2].wgt.stride[1] = 21;
	c[2].src.stride[1] = 0;
	c[2].dst.stride[1] = 15;
	for (int i = 0; i < 3; i++) {
		const int weights = i == 0 ? 9 * C * C : i == 1 ? 9 * C : 63;

		c[i].src.addr = VA(IN);
		c[i].wgt.addr = VA(LINKS);
		c[i].dst.addr = VA(OUT);
		c[i].wgt.zero_point = -8;
		c[i].dst.shift = 35;
		fill(6);
		for (int k = 0; k < weights; k++) {
			const int nibble = bytes[WEIGHTS][k / 2] >> k % 2 * 4;

			bytes[LINKS][k] = (uint8_t)(((nibble & 15) ^ 8) - 8);
		}
		assert_int_equal(run(&c[i], 1, NULL, &f), 0);
		memcpy(want, bytes[OUT], BYTES);
		fill(6);
		c[i].wgt.addr = VA(WEIGHTS);
		c[i].wgt.type = OCTET_TYPE_INT4;
		memset(c[i].wgt.stride, 0, sizeof(c[i].wgt.stride));
		if (run(&c[i], 1, NULL, &f))
			fail_msg("%s", f.text);
		assert_memory_equal(bytes[OUT], want, BYTES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		unit_case(same_bits), unit_case(in_place), unit_case(atomic),
		unit_case(two_chains), unit_case(length), unit_case(every_rule),
		unit_case(inputs_without_rows), unit_case(residual_in_place),
		unit_case(int4),
	};
	char err[160];
	int ret;

	if (octet_cpu_new(&cpu, NULL, 0, err, sizeof(err))) {
		fprintf(stderr, "%s\n", err);
		return 1;
	}
	ret = unit_run(tests, (int)(sizeof(tests) / sizeof(tests[0])));
	octet_cpu_free(cpu);
	return ret;
}
