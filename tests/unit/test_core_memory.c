// SPDX-License-Identifier: MIT
/*
 * Host memory: copies of operands are as large as a guest says, whatever memory
 * they repeat, so that a core has a share and no more.
 */
#include "unit.h"
#include "core_fake_host.h"

#define DEPTH	65536u
/* Of 16 MiB: what else the job asks for is less than a row. */
#define FITS	250u
#define ROWS	256u

/* @rows times the same DEPTH bytes, by one weight. */
static struct octet_cmd repeating(uint32_t rows)
{
	struct octet_cmd cmd = fake_gemm(rows, DEPTH, 1);

	cmd.src.stride[2] = 0;
	cmd.wgt.stride[2] = 0;
	return cmd;
}

static void runs(struct fake *f, const struct octet_cmd *cmd)
{
	struct octet_completion c = fake_job(f, cmd, 1);

	assert_int_equal(c.status, OCTET_STATUS_OK);
}

static void refused(struct fake *f, const struct octet_cmd *cmd, uint32_t operand)
{
	struct octet_completion c = fake_job(f, cmd, 1);

	assert_int_equal(c.status, OCTET_STATUS_NO_MEMORY);
	assert_int_equal(OCTET_FIELD_GET(OCTET_CQ_DETAIL_OPERAND, c.detail), operand);
}

/* What earlier jobs have left does not count. */
static void test_share(void **state)
{
	struct fake *f = fake_ready("sram=4M,host-memory=32M");
	struct octet_cmd fits = repeating(FITS), all = repeating(ROWS), small = fake_conv();

	(void)state;
	for (int i = 0; i < 3; i++) {
		runs(f, &fits);
		refused(f, &all, OCTET_OPERAND_SRC);
		runs(f, &small);
	}
	fake_free(f);
}

/* A core's share is its own, whatever another one has. */
static void test_other_core(void **state)
{
	struct fake *f = fake_ready("sram=4M,host-memory=32M");
	struct octet_cmd fits = repeating(FITS);
	struct octet_completion c;

	(void)state;
	fake_enable(f, 1);
	fake_queue(f, 1, &fits, 1);
	fake_doorbell(f, 1);
	while (octet_core_step(f->m, 1).kind == OCTET_STEP_COMPUTE &&
	       f->m->core[1].phase != OCTET_PHASE_COMPUTE)
		octet_core_compute(f->m, 1);
	assert_true(f->m->core[1].charged > UINT64_C(15) << 20);
	runs(f, &fits);
	octet_core_compute(f->m, 1);
	fake_run(f);
	assert_true(fake_pop(f, 1, &c));
	assert_int_equal(c.status, OCTET_STATUS_OK);
	fake_free(f);
}

/* A compute packs weights: 4 MiB and 12 MiB for that are too much. */
static void test_weights(void **state)
{
	struct fake *f = fake_ready("sram=4M,host-memory=32M");
	struct octet_cmd cmd = fake_gemm(1, DEPTH, 64);

	(void)state;
	cmd.wgt.stride[2] = 0;
	refused(f, &cmd, OCTET_OPERAND_WGT);
	cmd = fake_gemm(1, DEPTH, 60);
	cmd.wgt.stride[2] = 0;
	runs(f, &cmd);
	fake_free(f);
}

/* One row of taps over @channels channels, which repeat the same bytes. */
static struct octet_cmd one_row(uint32_t channels)
{
	struct octet_cmd cmd = fake_depthwise();

	memset(&cmd.prm, 0, sizeof(cmd.prm));
	memset(&cmd.chn, 0, sizeof(cmd.chn));
	cmd.dst.mult = 1 << 30;
	cmd.dst.shift = 30;
	cmd.h = cmd.w = cmd.ow = 1;
	cmd.oh = 4;
	cmd.cin = cmd.cout = channels;
	cmd.r = 1;
	cmd.s = 255;
	cmd.pt = 0;
	cmd.pl = 127;
	memset(cmd.src.stride, 0, sizeof(cmd.src.stride));
	memset(cmd.wgt.stride, 0, sizeof(cmd.wgt.stride));
	memset(cmd.dst.stride, 0, sizeof(cmd.dst.stride));
	cmd.dst.stride[2] = channels;
	return cmd;
}

/* Of 2 MiB of weights a compute makes 16 and more where a kernel has a single row. */
static void test_depthwise_weights(void **state)
{
	struct fake *f = fake_ready("sram=4M,host-memory=32M");
	struct octet_cmd cmd = one_row(8192);

	(void)state;
	refused(f, &cmd, OCTET_OPERAND_WGT);
	cmd = one_row(1024);
	runs(f, &cmd);
	fake_free(f);
}

UNIT_MAIN(
	unit_case(test_share),
	unit_case(test_other_core),
	unit_case(test_weights),
	unit_case(test_depthwise_weights),
)
