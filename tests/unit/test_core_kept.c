// SPDX-License-Identifier: MIT
/*
 * Reports of jobs that came before: always those that the timing itself gives, whichever field
 * of a command is another one.
 */
#include <string.h>

#include "unit.h"
#include "core_fake_host.h"

#define KIB	UINT64_C(1024)
#define LB	(256 * KIB)
#define MOST	4u

static const struct octet_cycles_machine a1024 = { 8, 16, 8, 32, 1 << 20 };

/* What a job comes to; all of it is compared. */
struct outcome {
	int status;
	size_t bad;
	struct octet_report report[MOST];
};

static struct outcome fresh(const struct octet_cycles_cmd *cmds, size_t count, uint64_t sw,
			    uint64_t lb)
{
	struct outcome o = { 0 };

	o.status = octet_cycles_job(&a1024, cmds, count, sw, lb, o.report, &o.bad, NULL);
	return o;
}

static struct outcome kept(struct octet_cycles_kept *k, const struct octet_cycles_cmd *cmds,
			   size_t count, uint64_t sw, uint64_t lb)
{
	struct outcome o = { 0 };

	o.status = octet_cycles_job_kept(k, &a1024, cmds, count, sw, lb, o.report, &o.bad, NULL,
					 NULL);
	return o;
}

static bool same(const struct outcome *a, const struct outcome *b)
{
	if (a->status || b->status)
		return a->status == b->status;
	return !memcmp(a->report, b->report, sizeof(a->report));
}

static struct octet_cycles_cmd conv(void)
{
	return (struct octet_cycles_cmd) {
		.op = OCTET_OP_CONV2D, .n = 1, .h = 27, .w = 27, .cin = 64, .oh = 27, .ow = 27,
		.cout = 64, .groups = 1, .r = 3, .s = 3, .sh = 1, .sw = 1, .dh = 1, .dw = 1,
		.pt = 1, .pl = 1, .src = OCTET_CYCLES_DRAM, .src2 = OCTET_CYCLES_DRAM,
		.weights = OCTET_CYCLES_DRAM, .dst = OCTET_CYCLES_DRAM, .weights_const = true,
		.params = true, .policy = OCTET_POLICY_STRIPE, .rows = 8, .abytes = 1,
		.obytes = 1, .wbits = 8, .src_link = OCTET_OPERAND_LINK_NEWEST,
		.src2_link = OCTET_OPERAND_LINK_NEWEST,
	};
}

static struct octet_cycles_cmd tconv(void)
{
	struct octet_cycles_cmd c = conv();

	c.op = OCTET_OP_TCONV2D;
	c.oh = c.ow = 57;
	c.sh = c.sw = 2;
	return c;
}

/* Three commands, of which the last one adds a tensor of the chain. */
static void chain(struct octet_cycles_cmd *cmds)
{
	for (int i = 0; i < 3; i++) {
		cmds[i] = conv();
		cmds[i].src2 = OCTET_CYCLES_NONE;
		cmds[i].policy = OCTET_POLICY_AUTO;
		cmds[i].rows = 0;
		cmds[i].chain = i < 2;
		cmds[i].dst = i < 2 ? OCTET_CYCLES_LINK : OCTET_CYCLES_DRAM;
		if (i)
			cmds[i].src = OCTET_CYCLES_LINK;
	}
	cmds[1].cout = 128;
	cmds[2].cin = 128;
	cmds[2].src2 = OCTET_CYCLES_LINK;
	cmds[2].src2_link = 1;
}

#define FIELD(job, at, f, v)	{ #f, job, at, offsetof(struct octet_cycles_cmd, f), \
				  sizeof(((struct octet_cycles_cmd *)0)->f), v }

enum { CONV, TCONV, CHAIN };

/* Every field, in a job that takes another time with it. */
static const struct field {
	const char *name;
	int job;
	unsigned int at;
	size_t offset, size;
	uint64_t value;
} fields[] = {
	FIELD(CONV, 0, src2_bytes, 1 << 20),
	FIELD(CONV, 0, op, OCTET_OP_DEPTHWISE),
	FIELD(CONV, 0, n, 2),
	FIELD(CONV, 0, h, 28),
	FIELD(CONV, 0, w, 28),
	FIELD(CONV, 0, cin, 65),
	FIELD(CONV, 0, oh, 26),
	FIELD(CONV, 0, ow, 26),
	FIELD(CONV, 0, cout, 80),
	FIELD(CONV, 0, groups, 2),
	FIELD(CONV, 0, r, 2),
	FIELD(CONV, 0, s, 2),
	FIELD(TCONV, 0, sh, 3),
	FIELD(TCONV, 0, sw, 3),
	FIELD(CONV, 0, dh, 2),
	FIELD(CONV, 0, dw, 0),		/* not one of the machine's */
	FIELD(CONV, 0, pt, 0),
	FIELD(TCONV, 0, pl, 0),
	FIELD(CONV, 0, src, OCTET_CYCLES_SRAM),
	FIELD(CONV, 0, src2, OCTET_CYCLES_NONE),
	FIELD(CONV, 0, weights, OCTET_CYCLES_SRAM),
	FIELD(CONV, 0, dst, OCTET_CYCLES_SRAM),
	FIELD(CONV, 0, policy, OCTET_POLICY_RESIDENT),
	FIELD(CONV, 0, rows, 1),
	FIELD(CONV, 0, abytes, 2),
	FIELD(CONV, 0, obytes, 2),
	FIELD(CONV, 0, wbits, 4),
	FIELD(CHAIN, 1, src_link, 2),	/* a later tensor, as the next */
	FIELD(CHAIN, 2, src2_link, 3),
	FIELD(CONV, 0, weights_const, false),
	FIELD(CONV, 0, params, false),
	FIELD(CONV, 0, chain, true),	/* does not end in its job */
};

static size_t make(int job, struct octet_cycles_cmd *cmds)
{
	if (job == CHAIN) {
		chain(cmds);
		return 3;
	}
	cmds[0] = job == TCONV ? tconv() : conv();
	return 1;
}

static void test_every_field(void **state)
{
	size_t bytes = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct field *f = &fields[i];
		struct octet_cycles_cmd cmds[MOST];
		struct octet_cycles_kept k = { 0 };
		size_t count = make(f->job, cmds);
		struct outcome first = kept(&k, cmds, count, 0, LB), want, got;

		assert_int_equal(first.status, 0);
		memcpy((uint8_t *)&cmds[f->at] + f->offset, &f->value, f->size);
		want = fresh(cmds, count, 0, LB);
		if (same(&first, &want))
			fail_msg("%s: no other time, so that this shows nothing", f->name);
		got = kept(&k, cmds, count, 0, LB);
		if (!same(&got, &want))
			fail_msg("%s: the report of a job that had another one", f->name);
		octet_cycles_forget(&k);
		bytes += f->size;
	}
	/* None is missing. */
	assert_int_equal(bytes + sizeof(((struct octet_cycles_cmd *)0)->zero),
			 sizeof(struct octet_cycles_cmd));
}

static void test_the_split(void **state)
{
	static const struct { uint64_t sw, lb; } splits[] = {
		{ 0, LB }, { 640 * KIB, LB }, { 640 * KIB, 64 * KIB }, { 640 * KIB, 4 * KIB },
	};
	struct octet_cycles_kept k = { 0 };
	struct octet_cycles_cmd cmds[2] = { conv(), conv() };
	struct outcome before = { 0 };

	(void)state;
	cmds[0].policy = cmds[1].policy = OCTET_POLICY_AUTO;
	cmds[0].rows = cmds[1].rows = 0;
	cmds[0].cin = 256;
	for (size_t i = 0; i < 9; i++) {
		uint64_t sw = splits[i % 4].sw, lb = splits[i % 4].lb;
		struct outcome got = kept(&k, cmds, 2, sw, lb), want = fresh(cmds, 2, sw, lb);

		assert_true(same(&got, &want));
		if (same(&want, &before))
			fail_msg("split %zu: no other time, so that this shows nothing", i);
		before = want;
	}
	octet_cycles_forget(&k);
}

/* A job that begins with all the commands of another one. */
static void test_the_count(void **state)
{
	struct octet_cycles_kept k = { 0 };
	struct octet_cycles_cmd cmds[3] = { conv(), conv(), conv() };

	(void)state;
	for (size_t i = 0; i < 7; i++) {
		size_t count = 3 - i % 3;
		struct outcome got = kept(&k, cmds, count, 0, LB);
		struct outcome want = fresh(cmds, count, 0, LB);

		assert_true(same(&got, &want));
	}
	assert_int_equal(k.cmds, 1 + 2 + 3);
	octet_cycles_forget(&k);
	assert_int_equal(k.cmds, 0);
}

/* A second time nothing is computed: a report that was changed comes back. */
static void test_second_time(void **state)
{
	struct octet_cycles_kept k = { 0 };
	struct octet_cycles_cmd cmd = conv();
	struct outcome first = kept(&k, &cmd, 1, 0, LB), again;

	(void)state;
	k.job[0].reports[0].total++;
	again = kept(&k, &cmd, 1, 0, LB);
	assert_int_equal(again.report[0].total, first.report[0].total + 1);
	octet_cycles_forget(&k);
	again = kept(&k, &cmd, 1, 0, LB);
	assert_int_equal(again.report[0].total, first.report[0].total);
	octet_cycles_forget(&k);
}

/* What is kept is bounded; what is used often stays. */
static void test_bounds(void **state)
{
	static struct octet_cycles_cmd many[OCTET_CYCLES_KEPT_CMDS + 1];
	static struct octet_report reports[OCTET_CYCLES_KEPT_CMDS + 1];
	struct octet_cycles_kept k = { 0 };
	struct octet_cycles_cmd often = conv();
	struct outcome want = fresh(&often, 1, 0, LB), got;

	(void)state;
	for (uint32_t i = 0; i < 3 * OCTET_CYCLES_KEPT; i++) {
		struct octet_cycles_cmd cmd = conv();

		cmd.cout = 8 + i;
		got = kept(&k, &often, 1, 0, LB);
		assert_true(same(&got, &want));
		want = fresh(&cmd, 1, 0, LB);
		got = kept(&k, &cmd, 1, 0, LB);
		assert_true(same(&got, &want));
		want = fresh(&often, 1, 0, LB);
		if (!i)
			k.job[0].reports[0].total = want.report[0].total + 1;
		want.report[0].total++;
	}
	assert_int_equal(k.cmds, OCTET_CYCLES_KEPT);
	for (size_t i = 0; i < OCTET_CYCLES_KEPT_CMDS + 1; i++)
		many[i] = often;
	for (size_t count = OCTET_CYCLES_KEPT_CMDS + 1; count; count /= 2) {
		assert_int_equal(octet_cycles_job_kept(&k, &a1024, many, count, 0, LB, reports,
						       NULL, NULL, NULL), 0);
		assert_true(k.cmds <= OCTET_CYCLES_KEPT_CMDS);
	}
	octet_cycles_forget(&k);
}

/* A job with a fault has it again, and leaves nothing. */
static void test_faults(void **state)
{
	struct octet_cycles_kept k = { 0 };
	struct octet_cycles_cmd cmds[2] = { conv(), conv() };

	(void)state;
	cmds[1].groups = 0;
	for (int i = 0; i < 3; i++) {
		struct outcome got = kept(&k, cmds, 2, 0, LB);

		assert_int_equal(got.status, OCTET_STATUS_NO_FIT);
		assert_int_equal(got.bad, 1);
		assert_int_equal(k.cmds, 0);
	}
}

/* The device: jobs that differ in a place or a number only have one time between them. */
static void test_device(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmd = fake_conv();
	struct octet_report first, again;

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct octet_completion c;

		cmd.dst.addr = VA_DST + 64 * (uint64_t)i;
		cmd.act_min = -100 - i;
		fake_queue(f, 0, &cmd, 1)->report_va = VA_REPORT;
		fake_doorbell(f, 0);
		fake_run(f);
		assert_true(fake_pop(f, 0, &c));
		assert_int_equal(c.status, OCTET_STATUS_OK);
		memcpy(i ? &again : &first, fake_va(f, VA_REPORT), sizeof(first));
		if (i)
			assert_memory_equal(&again, &first, sizeof(first));
	}
	assert_int_equal(f->m->core[0].kept.cmds, 1);
	fake_free(f);
}

UNIT_MAIN(
	unit_case(test_every_field),
	unit_case(test_the_split),
	unit_case(test_the_count),
	unit_case(test_second_time),
	unit_case(test_bounds),
	unit_case(test_faults),
	unit_case(test_device),
)
