// SPDX-License-Identifier: MIT
/*
 * What the timing gets to know of a command, and what that comes to: the
 * recurrence itself has tests of its own.
 */
#include <string.h>

#include "unit.h"
#include "core_fake_host.h"

/* Results per cycle of an a1024. */
#define O	64u

static struct octet_cycles_cmd view(const struct octet_cmd *cmd)
{
	struct octet_cycles_cmd v;

	octet_cycles_from_cmd(&v, cmd);
	return v;
}

/* The report of a job of one command. */
static struct octet_report report(const struct octet_cmd *cmd)
{
	struct fake *f = fake_ready("");
	struct octet_completion c;
	struct octet_report r;

	fake_queue(f, 0, cmd, 1)->report_va = VA_REPORT;
	fake_doorbell(f, 0);
	fake_run(f);
	assert_true(fake_pop(f, 0, &c));
	assert_int_equal(c.status, OCTET_STATUS_OK);
	assert_int_equal(c.macs, 0);
	memcpy(&r, fake_va(f, VA_REPORT), sizeof(r));
	fake_free(f);
	return r;
}

static void test_sizes_of_elements(void **state)
{
	struct octet_cmd cmd = fake_conv16();
	struct octet_cycles_cmd v = view(&cmd);

	(void)state;
	assert_int_equal(v.abytes, 2);
	assert_int_equal(v.obytes, 2);
	assert_int_equal(v.wbits, 8);
	assert_true(v.params);
	cmd.wgt.type = OCTET_TYPE_INT4;
	assert_int_equal(view(&cmd).wbits, 4);
	cmd = fake_reduce(OCTET_REDUCE_ARGMAX);
	assert_int_equal(view(&cmd).abytes, 1);
	assert_int_equal(view(&cmd).obytes, 4);
	cmd = fake_fill();
	cmd.dst.type = OCTET_TYPE_INT16;
	assert_int_equal(view(&cmd).obytes, 2);
	assert_int_equal(view(&cmd).src, OCTET_CYCLES_NONE);
}

static void test_links(void **state)
{
	struct octet_cmd cmd = fake_residual();
	struct octet_cycles_cmd v;

	(void)state;
	fake_link(&cmd, OCTET_OPERAND_LINK_NEWEST, false);
	fake_link_operand(&cmd.src2, 3);
	v = view(&cmd);
	assert_int_equal(v.src, OCTET_CYCLES_LINK);
	assert_int_equal(v.src2, OCTET_CYCLES_LINK);
	assert_int_equal(v.dst, OCTET_CYCLES_LINK);
	assert_int_equal(v.src_link, OCTET_OPERAND_LINK_NEWEST);
	assert_int_equal(v.src2_link, 3);
	assert_true(v.chain);
}

/* Elements of src2 are as many as results; their size is their own. */
static void test_bytes_of_src2(void **state)
{
	struct octet_cmd cmd = fake_residual();

	(void)state;
	assert_int_equal(view(&cmd).src2_bytes, 0);
	cmd.dst.type = OCTET_TYPE_INT32;
	assert_int_equal(view(&cmd).src2_bytes, 4 * 4 * 8);
	cmd.src2.type = OCTET_TYPE_INT16;
	assert_int_equal(view(&cmd).src2_bytes, 2 * 4 * 4 * 8);
	cmd.src2.space = OCTET_SPACE_NONE;
	assert_int_equal(view(&cmd).src2_bytes, 0);
	cmd.src2.space = OCTET_SPACE_VA;
	cmd.n = cmd.n2 = cmd.oh = cmd.ow = cmd.cout = UINT32_MAX;
	assert_true(view(&cmd).src2_bytes >= UINT64_C(1) << 61);
}

/* An element-wise command over its input: cycles and ports. */
static void test_reduce(void **state)
{
	struct octet_cmd cmd = fake_reduce(OCTET_REDUCE_MAX);
	struct octet_report r;

	(void)state;
	cmd.cin = 1000;
	cmd.src.stride[1] = 16000;
	cmd.src.stride[2] = 4000;
	cmd.src.stride[3] = 1000;
	r = report(&cmd);
	assert_int_equal(r.compute, 16 * 1000 / O);
	assert_int_equal(r.sram, 16 * 1000 + 16);
	assert_int_equal(r.output_stall, 0);
	assert_int_equal(r.dram_read, 16 * 1000);
	assert_int_equal(r.dram_write, 16);
	cmd.cin = 3;
	r = report(&cmd);
	assert_int_equal(r.compute, 1);
	/* Indices are four bytes wide. */
	cmd = fake_reduce(OCTET_REDUCE_ARGMIN);
	r = report(&cmd);
	assert_int_equal(r.sram, 64 + 4 * 16);
	assert_int_equal(r.dram_write, 4 * 16);
}

static void test_fill(void **state)
{
	struct octet_cmd fill = fake_fill(), copy = fake_copy();
	struct octet_report r = report(&fill);

	(void)state;
	assert_int_equal(r.compute, 1);
	assert_int_equal(r.dram_read, 0);
	assert_int_equal(r.dram_write, 64);
	assert_int_equal(r.sram, 64);
	r = report(&copy);
	assert_int_equal(r.dram_read, 64);
	assert_int_equal(r.sram, 128);
}

/* Resident, a command needs a line buffer for all of its input: a FILL has none. */
static void test_fill_has_no_rows(void **state)
{
	const struct octet_cycles_machine a1024 = { 8, 16, 8, 32, 1 << 20 };
	struct octet_cmd fill = fake_fill(), copy = fake_copy();
	struct octet_cycles_cmd v;
	struct octet_report r;

	(void)state;
	fill.h = fill.oh = copy.h = copy.oh = 1 << 16;
	fill.policy = copy.policy = OCTET_POLICY_RESIDENT;
	v = view(&copy);
	assert_int_equal(octet_cycles_job(&a1024, &v, 1, 0, 256 << 10, &r, NULL, NULL),
			 OCTET_STATUS_NO_FIT);
	v = view(&fill);
	assert_int_equal(octet_cycles_job(&a1024, &v, 1, 0, 0, &r, NULL, NULL), 0);
	assert_int_equal(r.compute, (16 << 16) / O);
	assert_int_equal(r.dram_read, 0);
}

UNIT_MAIN(
	unit_case(test_sizes_of_elements),
	unit_case(test_links),
	unit_case(test_bytes_of_src2),
	unit_case(test_reduce),
	unit_case(test_fill),
	unit_case(test_fill_has_no_rows),
)
