// SPDX-License-Identifier: MIT
/*
 * Chains: their rules, the same bits as without, all or nothing. The commands
 * have 4x4 pixels of 4 channels, int8, in every tensor.
 */
#include "core_mutation.h"

#define NEWEST	OCTET_OPERAND_LINK_NEWEST
#define BYTES	64u
#define LENGTH	3u
/* Where the results of a job without chains are. */
#define VA_MID(i)	(VA_SRC + 0x1000 * ((uint64_t)(i) + 1))

static void fill(void *p, size_t n, uint32_t seed)
{
	uint8_t *b = p;

	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525 + 1013904223;
		b[i] = (uint8_t)(seed >> 24);
	}
}

static struct fake *ready(const char *config)
{
	struct fake *f = fake_ready(config);

	fill(fake_va(f, VA_SRC), BYTES, 1);
	fill(fake_va(f, VA_SRC2), BYTES, 2);
	fill(fake_va(f, VA_TABLE), 256, 3);
	fill(fake_va(f, VA_WGT), VA_SIZE, 4);
	return f;
}

/* src -> x + src2 -> table -> + src */
static void three(struct octet_cmd cmds[LENGTH])
{
	cmds[0] = fake_ew(OCTET_EW_ADD);
	cmds[1] = fake_lut();
	cmds[2] = fake_ew(OCTET_EW_ADD);
	fake_link(&cmds[0], -1, false);
	fake_link(&cmds[1], 1, false);
	fake_link(&cmds[2], NEWEST, true);
	fake_link_operand(&cmds[2].src2, 0);
}

static struct octet_completion run(struct fake *f)
{
	struct octet_completion c;

	fake_doorbell(f, 0);
	fake_run(f);
	assert_true(fake_pop(f, 0, &c));
	if (c.status)
		fake_cwrite(f, 0, OCTET_CORE_CTRL,
			    OCTET_CORE_CTRL_ENABLE | OCTET_CORE_CTRL_RESUME);
	return c;
}

/* The same commands with every result in memory. */
static void unchain(struct octet_cmd *cmds, uint32_t count)
{
	uint32_t start = 0;

	for (uint32_t i = 0; i < count; i++) {
		bool more = cmds[i].flags & OCTET_CMD_CHAIN;
		struct octet_operand *o[3] = { &cmds[i].src, &cmds[i].src2, &cmds[i].dst };

		for (int k = 0; k < 3; k++) {
			uint32_t from = i - start;

			if (o[k]->space != OCTET_SPACE_LINK)
				continue;
			if (k == 2)
				from++;
			else if (o[k]->link != NEWEST)
				from = o[k]->link;
			o[k]->space = OCTET_SPACE_VA;
			o[k]->link = 0;
			o[k]->addr = from ? VA_MID(from) : cmds[start].src.addr;
			memcpy(o[k]->stride, (__u64[]){ 0, 64, 16, 4 }, 32);
		}
		cmds[i].flags &= ~OCTET_CMD_CHAIN;
		if (!more)
			start = i + 1;
	}
}

/* Runs a chain and its commands one by one; the result is the same. */
static void check_equal(struct fake *f, const struct octet_cmd *cmds, uint32_t count,
			const char *what)
{
	struct octet_cmd single[16];
	uint8_t want[BYTES], before[BYTES];
	struct octet_completion c;

	memcpy(single, cmds, count * sizeof(*cmds));
	unchain(single, count);
	memcpy(before, fake_va(f, VA_SRC), BYTES);
	c = fake_job(f, single, count);
	if (c.status)
		fail_msg("%s: single: status 0x%x, command %u", what, c.status, c.command);
	memcpy(want, fake_va(f, cmds[count - 1].dst.addr), BYTES);
	memcpy(fake_va(f, VA_SRC), before, BYTES);
	memset(fake_va(f, VA_DST), 0x5a, BYTES);
	for (unsigned int i = 1; i <= OCTET_CHAIN_MAX; i++)
		memset(fake_va(f, VA_MID(i)), 0x77, BYTES);
	c = fake_job(f, cmds, count);
	if (c.status)
		fail_msg("%s: chain: status 0x%x, command %u", what, c.status, c.command);
	assert_int_equal(c.command, count);
	if (memcmp(fake_va(f, cmds[count - 1].dst.addr), want, BYTES))
		fail_msg("%s: the chain has other bits", what);
	for (unsigned int i = 1; i <= OCTET_CHAIN_MAX; i++)
		assert_int_equal(*(uint8_t *)fake_va(f, VA_MID(i)), 0x77);
}

static void test_equal(void **state)
{
	struct fake *f = ready("");
	struct octet_cmd cmds[LENGTH];

	(void)state;
	three(cmds);
	check_equal(f, cmds, LENGTH, "three");
	/* Later tensors by their number, and twice. */
	cmds[2].src.link = 2;
	cmds[2].src2.link = 2;
	check_equal(f, cmds, LENGTH, "the newest by number");
	cmds[2].src.link = 0;
	check_equal(f, cmds, LENGTH, "the input as src");
	cmds[2].src.link = 1;
	check_equal(f, cmds, LENGTH, "an older one as src");
	fake_free(f);
}

/* The result over the input that a later command still names. */
static void test_in_place(void **state)
{
	struct fake *f = ready("");
	struct octet_cmd cmds[LENGTH];

	(void)state;
	three(cmds);
	cmds[2].dst.addr = VA_SRC;
	check_equal(f, cmds, LENGTH, "result over the input");
	cmds[2].src2 = fake_ew(OCTET_EW_ADD).src2;
	cmds[2].src2.addr = VA_DST;
	cmds[2].dst.addr = VA_DST;
	fill(fake_va(f, VA_DST), BYTES, 9);
	assert_int_equal(fake_job(f, cmds, LENGTH).status, 0);
	fake_free(f);
}

static struct octet_cmd pick(uint32_t kind)
{
	struct octet_cmd cmd;

	switch (kind % 6) {
	case 0:
		return fake_lut();
	case 1:
		return fake_pool(kind & 64 ? OCTET_POOL_MAX : OCTET_POOL_SUM);
	case 2:
		cmd = fake_conv();
		cmd.n = 1;
		cmd.cout = 4;
		cmd.src.stride[1] = 0;
		memcpy(cmd.dst.stride, (__u64[]){ 0, 64, 16, 4 }, 32);
		return cmd;
	case 3:
		cmd = fake_residual();
		cmd.cout = 4;
		memcpy(cmd.wgt.stride, (__u64[]){ 0, 0, 12, 4 }, 32);
		memcpy(cmd.dst.stride, (__u64[]){ 0, 64, 16, 4 }, 32);
		memcpy(cmd.src2.stride, (__u64[]){ 0, 64, 16, 4 }, 32);
		return cmd;
	default:
		return fake_ew((uint8_t)(kind >> 8 & 3));
	}
}

/* A chain of @count commands; every link is read by the command after it at least. */
static void compose(struct octet_cmd *cmds, uint32_t count, uint32_t seed)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t r = (seed = seed * 1664525 + 1013904223) >> 8;
		bool newest_first = r & 1;

		cmds[i] = pick(r >> 4);
		if (!cmds[i].src2.space)
			newest_first = true;
		fake_link(&cmds[i], -1, i + 1 == count);
		if (!i)
			continue;
		fake_link_operand(&cmds[i].src, newest_first ? NEWEST : (uint8_t)((r >> 16) % i));
		if (!cmds[i].src2.space || (newest_first && r & 2))
			continue;
		fake_link_operand(&cmds[i].src2,
				  newest_first ? (uint8_t)((r >> 16) % (i + 1)) : NEWEST);
	}
}

static void test_many(void **state)
{
	struct fake *f = ready("");

	(void)state;
	for (uint32_t i = 0; i < 300; i++) {
		struct octet_cmd cmds[2 * OCTET_CHAIN_MAX];
		uint32_t count = OCTET_CHAIN_MIN + i % 7;
		char what[32];

		compose(cmds, count, i);
		snprintf(what, sizeof(what), "chain %u of %u", i, count);
		check_equal(f, cmds, count, what);
		/* And behind another one. */
		three(cmds);
		compose(cmds + LENGTH, count, i);
		check_equal(f, cmds, LENGTH + count, what);
	}
	fake_free(f);
}

/* A field of one command of three, and which command is named. */
struct rule {
	unsigned int at;
	struct mutation m;
	unsigned int command;
};

static const struct rule rules[] = {
	{ 2, M(2, flags, OCTET_CMD_CHAIN, BAD_CHAIN, CMD), 2 },
	{ 0, M(0, flags, 0, BAD_CHAIN, DST), 0 },
	{ 0, M(0, dst.link, 1, BAD_CHAIN, DST), 0 },
	{ 0, M(0, dst.link, NEWEST, BAD_CHAIN, DST), 0 },
	{ 1, M(1, dst.space, OCTET_SPACE_SRAM, BAD_LAYOUT, DST), 1 },
	{ 0, M(0, policy, OCTET_POLICY_RESIDENT, BAD_CHAIN, CMD), 0 },
	{ 1, M(1, policy, OCTET_POLICY_WEIGHT, BAD_CHAIN, CMD), 1 },
	{ 2, M(2, policy, OCTET_POLICY_RESIDENT, OK, CMD), 0 },
	{ 1, M(1, src.link, 0, BAD_CHAIN, CMD), 2 },		/* nobody reads link 1 */
	{ 2, M(2, src.link, 0, BAD_CHAIN, CMD), 2 },
	{ 1, M(1, src.link, 2, BAD_CHAIN, SRC), 1 },		/* its own result */
	{ 1, M(1, src.link, 3, BAD_CHAIN, SRC), 1 },
	{ 2, M(2, src2.link, 3, BAD_CHAIN, SRC2), 2 },
	{ 2, M(2, src2.link, 254, BAD_CHAIN, SRC2), 2 },
	{ 2, M(2, src2.link, 1, OK, CMD), 0 },
	{ 0, M(0, src.flags, OCTET_OPERAND_REPEAT, BAD_CHAIN, SRC2), 2 },
	{ 0, M(0, src.stride[2], 0, OK, CMD), 0 },
	{ 2, M(2, src2.flags, OCTET_OPERAND_REPEAT, BAD_FLAGS, SRC2), 2 },
	{ 1, M(1, src.addr, 1, RESERVED, SRC), 1 },
	{ 1, M(1, src.stride[3], 4, RESERVED, SRC), 1 },
	{ 0, M(0, dst.stride[1], 4, RESERVED, DST), 0 },
	{ 0, M(0, dst.addr, VA_DST, RESERVED, DST), 0 },
	{ 0, M(0, src.type, OCTET_TYPE_UINT8, BAD_CHAIN, SRC2), 2 },
	{ 1, M(1, src.type, OCTET_TYPE_UINT8, BAD_CHAIN, SRC), 1 },
	{ 2, M(2, src2.type, OCTET_TYPE_UINT8, BAD_CHAIN, SRC2), 2 },
};

static void test_rules(void **state)
{
	struct fake *f = ready("");

	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct rule *r = &rules[i];
		struct octet_cmd cmds[LENGTH];
		struct octet_completion c;

		three(cmds);
		mutation_apply(&cmds[r->at], &r->m);
		memset(fake_va(f, VA_DST), 0x5a, BYTES);
		c = fake_job(f, cmds, LENGTH);
		if (c.status != r->m.status)
			fail_msg("%s: status 0x%x, want 0x%x", r->m.what, c.status, r->m.status);
		if (!c.status)
			continue;
		if (c.command != r->command || (c.detail & 0xff) != r->m.operand)
			fail_msg("%s: command %u operand %u, want %u and %u", r->m.what,
				 c.command, c.detail & 0xff, r->command, r->m.operand);
		assert_int_equal(*(uint8_t *)fake_va(f, VA_DST), 0x5a);
	}
	fake_free(f);
}

static int decode(const struct octet_cmd *cmds, uint32_t count, struct octet_fault *fault)
{
	return octet_decode_job(cmds, count, 4096, fault);
}

/* Spaces of whole operands, shapes, lengths. */
static void test_shapes(void **state)
{
	struct octet_cmd cmds[LENGTH], nine[9];
	struct octet_fault fault = { 0 };

	(void)state;
	three(cmds);
	cmds[1].src = fake_lut().src;
	assert_int_equal(decode(cmds, LENGTH, &fault), OCTET_STATUS_BAD_CHAIN);
	assert_int_equal(fault.detail, OCTET_OPERAND_SRC);
	cmds[1].src.space = OCTET_SPACE_SRAM;
	cmds[1].src.addr = 0;
	/* Then link 1 is read by nobody. */
	assert_int_equal(decode(cmds, LENGTH, &fault), OCTET_STATUS_BAD_CHAIN);
	assert_int_equal(fault.detail, OCTET_OPERAND_CMD);
	assert_int_equal(fault.command, 2);
	cmds[2].src2.link = 1;
	assert_int_equal(decode(cmds, LENGTH, &fault), 0);
	/* The input is in SRAM: no link 0. */
	three(cmds);
	cmds[0].src.space = OCTET_SPACE_SRAM;
	cmds[0].src.addr = 0;
	assert_int_equal(decode(cmds, LENGTH, &fault), OCTET_STATUS_BAD_CHAIN);
	assert_int_equal(fault.detail, OCTET_OPERAND_SRC2);
	/* The first command has nothing to link to. */
	three(cmds);
	fake_link_operand(&cmds[0].src2, 0);
	assert_int_equal(decode(cmds, LENGTH, &fault), OCTET_STATUS_BAD_CHAIN);
	assert_int_equal(fault.detail, OCTET_OPERAND_SRC2);
	three(cmds);
	fake_link_operand(&cmds[0].src, NEWEST);
	assert_int_equal(decode(cmds, LENGTH, &fault), OCTET_STATUS_BAD_CHAIN);
	assert_int_equal(fault.detail, OCTET_OPERAND_SRC);
	/* Images, rows, bytes of a row. */
	three(cmds);
	cmds[1].n = 2;
	assert_int_equal(decode(cmds, LENGTH, &fault), OCTET_STATUS_BAD_CHAIN);
	assert_int_equal(fault.command, 1);
	cmds[1].n = 1;
	cmds[1].h = cmds[1].oh = 8;
	cmds[1].w = cmds[1].ow = 2;
	assert_int_equal(decode(cmds, LENGTH, &fault), OCTET_STATUS_BAD_CHAIN);
	/* Pixels and channels may be cut otherwise. */
	cmds[1].h = cmds[1].oh = 4;
	cmds[1].w = cmds[1].ow = 16;
	cmds[1].cin = cmds[1].cout = 1;
	assert_int_equal(decode(cmds, LENGTH, &fault), 0);
	/* A FILL has no src: only the first can be one, and nobody names it. */
	three(cmds);
	cmds[0] = fake_fill();
	fake_link(&cmds[0], -1, false);
	assert_int_equal(decode(cmds, LENGTH, &fault), OCTET_STATUS_BAD_CHAIN);
	assert_int_equal(fault.detail, OCTET_OPERAND_SRC2);
	cmds[2].src2.link = 1;
	assert_int_equal(decode(cmds, LENGTH, &fault), 0);
	cmds[1] = cmds[0];
	assert_int_equal(decode(cmds, LENGTH, &fault), OCTET_STATUS_BAD_CHAIN);
	assert_int_equal(fault.detail, OCTET_OPERAND_SRC);
	/* Eight, not nine. */
	compose(nine, 8, 5);
	assert_int_equal(decode(nine, 8, &fault), 0);
	compose(nine, 9, 5);
	assert_int_equal(decode(nine, 9, &fault), OCTET_STATUS_BAD_CHAIN);
	assert_int_equal(fault.command, 7);
	assert_int_equal(fault.detail, OCTET_OPERAND_CMD);
}

/* Products of matrices in a chain: not transposed. */
static void test_matrices(void **state)
{
	struct octet_cmd cmds[2] = { fake_gemm(4, 4, 4), fake_gemm(4, 4, 4) };
	struct octet_fault fault = { 0 };

	(void)state;
	cmds[0].stage = OCTET_STAGE_FIX_DBL;
	cmds[0].dst.type = OCTET_TYPE_INT8;
	cmds[0].dst.shift = 31;
	cmds[0].act_min = -128;
	cmds[0].act_max = 127;
	fake_link(&cmds[0], -1, false);
	fake_link(&cmds[1], 1, true);
	assert_int_equal(decode(cmds, 2, &fault), 0);
	cmds[1].src.flags = OCTET_OPERAND_TRANSPOSED;
	assert_int_equal(decode(cmds, 2, &fault), OCTET_STATUS_BAD_CHAIN);
	assert_int_equal(fault.detail, OCTET_OPERAND_SRC);
	cmds[1].src.flags = 0;
	cmds[0].src.flags = OCTET_OPERAND_TRANSPOSED;
	assert_int_equal(decode(cmds, 2, &fault), 0);
	/* Which one is link 0 of a matrix that stands on its side? */
	cmds[1].src.link = 0;
	assert_int_equal(decode(cmds, 2, &fault), OCTET_STATUS_BAD_CHAIN);
	cmds[0].src.flags = 0;
	assert_int_equal(decode(cmds, 2, &fault), OCTET_STATUS_BAD_CHAIN);
	assert_int_equal(fault.detail, OCTET_OPERAND_CMD);
}

/* Reports of all commands; what the chain costs counts when it is complete. */
static void test_reports(void **state)
{
	struct fake *f = ready("");
	const struct octet_report *r = fake_va(f, VA_REPORT);
	struct octet_cmd cmds[4];
	struct octet_completion c;
	uint64_t total = 0;

	(void)state;
	cmds[0] = fake_conv();
	three(&cmds[1]);
	fake_queue(f, 0, cmds, 4)->report_va = VA_REPORT;
	c = run(f);
	assert_int_equal(c.status, 0);
	for (int i = 0; i < 4; i++) {
		assert_true(r[i].total >= 200);
		total += r[i].total;
	}
	/* Links are not DRAM traffic. */
	assert_int_equal(r[1].dram_write + r[2].dram_read + r[2].dram_write + r[3].dram_read, 0);
	assert_int_equal(r[1].dram_read, 2 * BYTES);
	assert_int_equal(r[3].dram_write, BYTES);
	assert_int_equal(c.cycles, total);
	assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_COMMANDS), 4);
	assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_CYCLES), total);
	fake_free(f);
}

static void test_budget(void **state)
{
	struct fake *f = ready("");
	struct octet_report *r = fake_va(f, VA_REPORT);
	struct octet_cmd cmds[4];
	struct octet_completion c;
	uint64_t all, first;

	(void)state;
	cmds[0] = fake_lut();
	cmds[0].dst.addr = VA_DST + 0x1000;
	three(&cmds[1]);
	fake_queue(f, 0, cmds, 4)->report_va = VA_REPORT;
	all = run(f).cycles;
	first = r[0].total;
	fake_queue(f, 0, cmds, 4)->budget = all;
	assert_int_equal(run(f).status, 0);
	memset(fake_va(f, VA_DST), 0x5a, BYTES);
	/* One short of the last command; of the one in the middle. */
	fake_queue(f, 0, cmds, 4)->budget = all - 1;
	c = run(f);
	assert_int_equal(c.status, OCTET_STATUS_BUDGET);
	assert_int_equal(c.command, 3);
	assert_int_equal(c.cycles, first);
	fake_queue(f, 0, cmds, 4)->budget = first + r[1].total;
	c = run(f);
	assert_int_equal(c.status, OCTET_STATUS_BUDGET);
	assert_int_equal(c.command, 2);
	assert_int_equal(c.cycles, first);
	assert_int_equal(*(uint8_t *)fake_va(f, VA_DST), 0x5a);
	fake_free(f);
}

/* A failure inside a chain: nothing is written, and the chain can begin again. */
static void test_failure_in_the_middle(void **state)
{
	struct fake *f = ready("");
	uint8_t want[BYTES];
	struct octet_cmd cmds[4];
	struct octet_completion c;

	(void)state;
	cmds[0] = fake_lut();
	cmds[0].dst.addr = VA_DST + 0x1000;
	three(&cmds[1]);
	assert_int_equal(fake_job(f, cmds, 4).status, 0);
	memcpy(want, fake_va(f, VA_DST), BYTES);
	for (unsigned int at = 1; at < 4; at++) {
		uint64_t commands = fake_counter(f, 0, OCTET_COUNTER_COMMANDS);

		memset(fake_va(f, VA_DST), 0x5a, BYTES);
		octet_machine_inject(f->m)->command = at + 1;
		c = fake_job(f, cmds, 4);
		assert_int_equal(c.status, OCTET_STATUS_INJECTED);
		assert_int_equal(c.command, at);
		assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_COMMANDS), commands + 1);
		for (unsigned int i = 0; i < BYTES; i++)
			assert_int_equal(((uint8_t *)fake_va(f, VA_DST))[i], 0x5a);
		/* From the first one of the chain on: the same bits. */
		fake_queue(f, 0, cmds, 4)->first = 1;
		assert_int_equal(run(f).status, 0);
		assert_memory_equal(fake_va(f, VA_DST), want, BYTES);
	}
	for (unsigned int first = 2; first < 4; first++) {
		fake_queue(f, 0, cmds, 4)->first = first;
		c = run(f);
		assert_int_equal(c.status, OCTET_STATUS_BAD_CHAIN);
		assert_int_equal(c.command, first);
		assert_int_equal(c.detail & 0xff, OCTET_OPERAND_SRC);
	}
	fake_free(f);
}

/* What a command in the middle cannot read is its own fault. */
static void test_faults_in_the_middle(void **state)
{
	struct fake *f = ready("");
	struct octet_cmd cmds[LENGTH];
	struct octet_completion c;

	(void)state;
	three(cmds);
	cmds[1].table = VA_TABLE + VA_SIZE;
	memset(fake_va(f, VA_DST), 0x5a, BYTES);
	c = fake_job(f, cmds, LENGTH);
	assert_int_equal(c.status, OCTET_STATUS_UNMAPPED);
	assert_int_equal(c.command, 1);
	assert_int_equal(c.detail & 0xff, OCTET_OPERAND_TABLE);
	assert_true(c.fault_va == VA_TABLE + VA_SIZE);
	three(cmds);
	cmds[2].dst.addr = VA_DST + VA_SIZE - 8;
	c = fake_job(f, cmds, LENGTH);
	assert_int_equal(c.status, OCTET_STATUS_UNMAPPED);
	assert_int_equal(c.command, 2);
	assert_int_equal(c.detail & 0xff, OCTET_OPERAND_DST);
	assert_int_equal(c.cycles, 0);
	assert_int_equal(*(uint8_t *)fake_va(f, VA_DST), 0x5a);
	fake_free(f);
}

/* Steps until the compute of command @at is asked for. */
static void until(struct fake *f, unsigned int at)
{
	struct octet_core *core = &f->m->core[0];

	while (octet_core_step(f->m, 0).kind == OCTET_STEP_COMPUTE) {
		if (core->phase == OCTET_PHASE_COMPUTE && core->job.next == at)
			return;
		octet_core_compute(f->m, 0);
	}
	fail_msg("command %u does not come", at);
}

static void test_reset_in_the_middle(void **state)
{
	struct fake *f = ready("");
	struct octet_cmd cmds[LENGTH];
	uint8_t want[BYTES];

	(void)state;
	three(cmds);
	assert_int_equal(fake_job(f, cmds, LENGTH).status, 0);
	memcpy(want, fake_va(f, VA_DST), BYTES);
	for (unsigned int at = 0; at < LENGTH; at++) {
		struct octet_completion c;

		memset(fake_va(f, VA_DST), 0x5a, BYTES);
		fake_queue(f, 0, cmds, LENGTH);
		fake_doorbell(f, 0);
		until(f, at);
		fake_cwrite(f, 0, OCTET_CORE_CTRL, OCTET_CORE_CTRL_RESET);
		octet_core_compute(f->m, 0);
		fake_run(f);
		assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_OFF);
		assert_int_equal(*(uint8_t *)fake_va(f, VA_DST), 0x5a);
		fake_enable(f, 0);
		assert_false(fake_pop(f, 0, &c));
		assert_int_equal(fake_job(f, cmds, LENGTH).status, 0);
		assert_memory_equal(fake_va(f, VA_DST), want, BYTES);
	}
	fake_free(f);
}

/* A compute that the host cancels is done again from intact copies and links. */
static void test_cancel_in_the_middle(void **state)
{
	struct fake *f = ready("");
	struct octet_cmd cmds[LENGTH];
	uint8_t want[BYTES];

	(void)state;
	three(cmds);
	assert_int_equal(fake_job(f, cmds, LENGTH).status, 0);
	memcpy(want, fake_va(f, VA_DST), BYTES);
	for (unsigned int at = 0; at < LENGTH; at++) {
		memset(fake_va(f, VA_DST), 0x5a, BYTES);
		fake_queue(f, 0, cmds, LENGTH);
		fake_doorbell(f, 0);
		until(f, at);
		octet_core_cancel(f->m, 0);
		octet_core_compute(f->m, 0);
		assert_int_equal(run(f).status, 0);
		assert_memory_equal(fake_va(f, VA_DST), want, BYTES);
	}
	fake_free(f);
}

/* Every DMA access of a chain in turn; then all is well again. */
static void test_each_dma_error(void **state)
{
	struct fake *f = ready("");
	struct octet_cmd cmds[LENGTH];
	uint8_t want[BYTES];
	uint64_t before, calls;

	(void)state;
	three(cmds);
	fake_queue(f, 0, cmds, LENGTH)->report_va = VA_REPORT;
	before = f->dma;
	assert_int_equal(run(f).status, 0);
	memcpy(want, fake_va(f, VA_DST), BYTES);
	calls = f->dma - before;
	for (uint64_t i = 1; i <= calls; i++) {
		struct octet_completion c;

		fake_cwrite(f, 0, OCTET_CORE_CTRL, OCTET_CORE_CTRL_RESET);
		fake_enable(f, 0);
		memset(fake_va(f, VA_DST), 0x5a, BYTES);
		octet_machine_inject(f->m)->dma_error = i;
		fake_queue(f, 0, cmds, LENGTH)->report_va = VA_REPORT;
		fake_doorbell(f, 0);
		fake_run(f);
		if (fake_pop(f, 0, &c))
			assert_int_equal(c.status, OCTET_STATUS_BUS_ERROR);
		else
			assert_true(fake_cread(f, 0, OCTET_CORE_STATUS) &
				    OCTET_CORE_STATUS_RING_ERROR);
		/* All or nothing, as the result is one access. */
		if (*(uint8_t *)fake_va(f, VA_DST) != 0x5a)
			assert_memory_equal(fake_va(f, VA_DST), want, BYTES);
	}
	fake_free(f);
}

/* Large links are given back when the chain is over. */
static void test_memory(void **state)
{
	struct fake *f = ready("sram=64M");
	struct octet_core *core = &f->m->core[0];
	struct octet_cmd cmds[LENGTH];

	(void)state;
	three(cmds);
	cmds[2] = fake_pool(OCTET_POOL_MAX);
	fake_link(&cmds[2], NEWEST, true);
	/* 12 MiB each, of one row of pixels; then the largest of 4096 x 256. */
	for (int i = 0; i < 3; i++) {
		cmds[i].h = cmds[i].oh = 3 << 12;
		cmds[i].w = cmds[i].ow = 1 << 8;
		memset(cmds[i].src.stride, 0, sizeof(cmds[i].src.stride));
		memset(cmds[i].src2.stride, 0, sizeof(cmds[i].src2.stride));
	}
	cmds[2].r = cmds[2].sh = 1 << 12;
	cmds[2].s = 1 << 8;
	cmds[2].pt = cmds[2].pl = 0;
	cmds[2].oh = 3;
	cmds[2].ow = 1;
	fake_queue(f, 0, cmds, LENGTH)->lb = 48 << 20;
	fake_doorbell(f, 0);
	until(f, 2);
	/* Nobody reads the first result any more. */
	assert_true(core->link[1].size <= OCTET_BUFFER_KEEP);
	assert_true(core->link[2].size > OCTET_BUFFER_KEEP);
	octet_core_compute(f->m, 0);
	assert_int_equal(run(f).status, 0);
	for (unsigned int i = 0; i < OCTET_CHAIN_MAX; i++)
		assert_true(core->link[i].size <= OCTET_BUFFER_KEEP);
	assert_true(core->src.size <= OCTET_BUFFER_KEEP && core->out.size <= OCTET_BUFFER_KEEP);
	fake_free(f);
}

UNIT_MAIN(
	unit_case(test_equal),
	unit_case(test_in_place),
	unit_case(test_many),
	unit_case(test_rules),
	unit_case(test_shapes),
	unit_case(test_matrices),
	unit_case(test_reports),
	unit_case(test_budget),
	unit_case(test_failure_in_the_middle),
	unit_case(test_faults_in_the_middle),
	unit_case(test_reset_in_the_middle),
	unit_case(test_cancel_in_the_middle),
	unit_case(test_each_dma_error),
	unit_case(test_memory),
)
