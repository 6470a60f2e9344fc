// SPDX-License-Identifier: MIT
/*
 * What a hostile guest can make the host do: steps under the lock are short
 * whatever an operand looks like, and nothing is lost between two slices.
 */
#include <string.h>

#include "unit.h"
#include "core_fake_host.h"

#define VA_WIDE		UINT64_C(0x40000000)
#define WIDE		(UINT64_C(64) << 20)
/* Two slices' worth of DMA calls, translations included. */
#define STEP_DMA	8192

/* VA_WIDE: 64 MiB of address space on one page. */
static uint64_t map_wide(struct fake *f)
{
	uint64_t pa = fake_alloc(f, 4096, 4096);

	for (uint64_t at = 0; at < WIDE; at += OCTET_PAGE_SIZE)
		fake_map(f, 1, VA_WIDE + at, pa, OCTET_PAGE_SIZE, FAKE_RW);
	return pa;
}

/* A byte of every page of VA_WIDE, 16 times over: @rows results. */
static struct octet_cmd scattered_source(uint32_t rows)
{
	struct octet_cmd cmd = fake_gemm(1, 1, 1);

	cmd.op = OCTET_OP_CONV2D;
	cmd.h = cmd.oh = rows;
	cmd.w = 1 << 14;
	memset(cmd.src.stride, 0, sizeof(cmd.src.stride));
	memset(cmd.wgt.stride, 0, sizeof(cmd.wgt.stride));
	memset(cmd.dst.stride, 0, sizeof(cmd.dst.stride));
	cmd.src.addr = VA_WIDE;
	cmd.src.stride[3] = OCTET_PAGE_SIZE - 1;
	cmd.dst.stride[2] = rows > 1 ? 4 : 0;
	return cmd;
}

/* One step; its DMA calls are bounded. */
static bool short_step(struct fake *f)
{
	uint64_t before = f->dma;
	struct octet_step step = octet_core_step(f->m, 0);

	assert_true(f->dma - before < STEP_DMA);
	return step.kind == OCTET_STEP_COMPUTE;
}

static void test_source_in_slices(void **state)
{
	struct fake *f = fake_ready("sram=4M");
	struct octet_cmd cmd = scattered_source(16);
	struct octet_completion c;
	int steps = 0;

	(void)state;
	*(uint8_t *)fake_at(f, map_wide(f)) = 7;
	*(uint8_t *)fake_va(f, VA_WGT) = 3;
	fake_queue(f, 0, &cmd, 1)->lb = 2 << 20;
	fake_doorbell(f, 0);
	for (; short_step(f); steps++)
		octet_core_compute(f->m, 0);
	assert_true(steps > 16);
	assert_true(fake_pop(f, 0, &c));
	assert_int_equal(c.status, OCTET_STATUS_OK);
	assert_int_equal(*(int32_t *)fake_va(f, VA_DST), 21);
	fake_free(f);
}

static void test_result_in_slices(void **state)
{
	struct fake *f = fake_ready("sram=4M");
	struct octet_cmd cmd = fake_depthwise();
	struct octet_completion c;
	int steps = 0;

	(void)state;
	map_wide(f);
	/* a result byte on each of 8192 pages, one beside the other: 64 KiB of them */
	cmd.h = cmd.oh = 8;
	cmd.w = cmd.ow = 8192;
	cmd.cin = cmd.cout = cmd.r = cmd.s = 1;
	cmd.pt = cmd.pl = 0;
	memset(cmd.src.stride, 0, sizeof(cmd.src.stride));
	memset(cmd.wgt.stride, 0, sizeof(cmd.wgt.stride));
	cmd.dst.addr = VA_WIDE;
	cmd.dst.stride[1] = 0;
	cmd.dst.stride[2] = 1;
	cmd.dst.stride[3] = OCTET_PAGE_SIZE;
	fake_queue(f, 0, &cmd, 1);
	fake_doorbell(f, 0);
	for (; short_step(f); steps++)
		octet_core_compute(f->m, 0);
	assert_true(steps > 16);
	assert_true(fake_pop(f, 0, &c));
	assert_int_equal(c.status, OCTET_STATUS_OK);
	fake_free(f);
}

/* The translations of an input are in use until it is copied. */
static void test_invalidation_waits_for_the_copy(void **state)
{
	struct fake *f = fake_ready("sram=4M");
	struct octet_cmd cmd = scattered_source(16);

	(void)state;
	map_wide(f);
	fake_queue(f, 0, &cmd, 1)->lb = 2 << 20;
	fake_doorbell(f, 0);
	assert_true(short_step(f));
	fake_invalidate(f, OCTET_TLB_CMD_RANGE, 1, VA_WIDE + 4096, 1);
	assert_int_equal(fake_read(f, OCTET_REG_TLB_STATUS), OCTET_TLB_STATUS_BUSY);
	octet_core_compute(f->m, 0);
	fake_run(f);
	assert_int_equal(fake_read(f, OCTET_REG_TLB_STATUS), 0);
	fake_free(f);
}

static void test_reset_between_slices(void **state)
{
	struct fake *f = fake_ready("sram=4M");
	struct octet_cmd cmd = scattered_source(16), small = fake_gemm(2, 2, 2);
	struct octet_completion c;

	(void)state;
	map_wide(f);
	fake_queue(f, 0, &cmd, 1)->lb = 2 << 20;
	fake_doorbell(f, 0);
	assert_true(short_step(f));
	fake_invalidate(f, OCTET_TLB_CMD_ALL, 0, 0, 0);
	fake_cwrite(f, 0, OCTET_CORE_CTRL, OCTET_CORE_CTRL_RESET);
	assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_RESET);
	assert_int_equal(fake_read(f, OCTET_REG_TLB_STATUS), 0);
	octet_core_compute(f->m, 0);
	assert_false(short_step(f));
	assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_OFF);
	fake_enable(f, 0);
	c = fake_job(f, &small, 1);
	assert_int_equal(c.status, OCTET_STATUS_OK);
	fake_free(f);
}

/* What a compute packs grows with the products of one sum. */
static void test_sum_limit(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmd = fake_gemm(1, 1, 1);

	(void)state;
	cmd.op = OCTET_OP_CONV2D;
	memset(cmd.src.stride, 0, sizeof(cmd.src.stride));
	memset(cmd.wgt.stride, 0, sizeof(cmd.wgt.stride));
	memset(cmd.dst.stride, 0, sizeof(cmd.dst.stride));
	cmd.r = 1 << 10;
	cmd.s = 1 << 10;
	assert_int_equal(fake_job(f, &cmd, 1).status, OCTET_STATUS_OK);
	cmd.r++;
	assert_int_equal(fake_job(f, &cmd, 1).status, OCTET_STATUS_BAD_SHAPE);
	cmd.op = OCTET_OP_DEPTHWISE;
	assert_int_equal(fake_job(f, &cmd, 1).status, OCTET_STATUS_BAD_SHAPE);
	cmd.op = OCTET_OP_CONV2D;
	cmd.r = 1;
	cmd.s = 2;
	cmd.cin = 1 << 20;
	assert_int_equal(fake_job(f, &cmd, 1).status, OCTET_STATUS_BAD_SHAPE);
	fake_free(f);
}

/* Looks at the cancel flag per compute: progress counts them. */
static unsigned int looks(const struct octet_cmd *cmd)
{
	struct fake *f = fake_ready("sram=16M");
	struct octet_core *core = &f->m->core[0];
	unsigned int before;

	fake_queue(f, 0, cmd, 1)->lb = 4 << 20;
	fake_doorbell(f, 0);
	while (octet_core_step(f->m, 0).kind == OCTET_STEP_COMPUTE &&
	       core->phase != OCTET_PHASE_COMPUTE)
		octet_core_compute(f->m, 0);
	assert_int_equal(core->phase, OCTET_PHASE_COMPUTE);
	before = atomic_load(&core->progress);
	octet_core_compute(f->m, 0);
	before = atomic_load(&core->progress) - before;
	fake_free(f);
	return before;
}

/* A core reset has to be over soon also where one result takes long. */
static void test_long_sums_look_at_cancel(void **state)
{
	struct octet_cmd cmd = fake_gemm(1, 1, 1);

	(void)state;
	cmd.op = OCTET_OP_CONV2D;
	memset(cmd.src.stride, 0, sizeof(cmd.src.stride));
	memset(cmd.wgt.stride, 0, sizeof(cmd.wgt.stride));
	memset(cmd.dst.stride, 0, sizeof(cmd.dst.stride));
	cmd.n = 8;
	cmd.dst.stride[1] = 64;
	cmd.cout = 16;
	cmd.r = 512;
	cmd.s = 512;
	/* per image: its packing and its products; and the weights */
	assert_true(looks(&cmd) >= 17);
	cmd.op = OCTET_OP_DEPTHWISE;
	/* per image: rows of taps; and the weights of each channel */
	assert_true(looks(&cmd) >= 16 + 8 * 512);
}

/* Large copies of operands do not wait for the modelled time. */
static void test_paced_core_holds_little(void **state)
{
	struct fake *f = fake_ready("sram=64M,timing=paced,clock=1000");
	struct octet_core *core = &f->m->core[0];
	struct octet_cmd cmd = fake_copy();

	(void)state;
	cmd.h = cmd.w = cmd.oh = cmd.ow = 2048;
	cmd.src = (struct octet_operand) {
		.space = OCTET_SPACE_SRAM, .type = OCTET_TYPE_INT8,
		.stride = { UINT64_C(4) << 22, 8192, 4, 1 },
	};
	cmd.dst = cmd.src;
	fake_queue(f, 0, &cmd, 1)->sw = 48 << 20;
	fake_doorbell(f, 0);
	fake_run(f);
	assert_int_equal(core->phase, OCTET_PHASE_PACE);
	assert_in_range(core->src.size, 0, OCTET_BUFFER_KEEP);
	assert_in_range(core->out.size, 0, OCTET_BUFFER_KEEP);
	fake_free(f);
}

/* Thousands of commands are checked and timed without the lock. */
static void test_long_job_is_checked_outside(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmds[128];
	struct octet_completion c;
	unsigned int steps = 0;

	(void)state;
	for (int i = 0; i < 128; i++)
		cmds[i] = fake_gemm(2, 2, 2);
	cmds[100].op = 0;
	fake_queue(f, 0, cmds, 128);
	fake_doorbell(f, 0);
	for (; short_step(f); steps++) {
		fake_invalidate(f, OCTET_TLB_CMD_ALL, 0, 0, 0);
		octet_core_compute(f->m, 0);
	}
	assert_int_equal(steps, 1);
	assert_true(fake_pop(f, 0, &c));
	assert_int_equal(c.status, OCTET_STATUS_BAD_OP);
	assert_int_equal(c.command, 100);
	fake_cwrite(f, 0, OCTET_CORE_CTRL, OCTET_CORE_CTRL_ENABLE | OCTET_CORE_CTRL_RESUME);
	cmds[100].op = OCTET_OP_GEMM;
	fake_queue(f, 0, cmds, 128);
	fake_doorbell(f, 0);
	assert_true(short_step(f));
	fake_cwrite(f, 0, OCTET_CORE_CTRL, OCTET_CORE_CTRL_RESET);
	octet_core_compute(f->m, 0);
	fake_run(f);
	assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_OFF);
	fake_enable(f, 0);
	c = fake_job(f, cmds, 128);
	assert_int_equal(c.status, OCTET_STATUS_OK);
	assert_int_equal(c.command, 128);
	fake_free(f);
}

/* A transposed convolution of a million rows: its stripes are counted one by one. */
static struct octet_cmd many_stripes(void)
{
	struct octet_cmd cmd = fake_tconv();

	memset(&cmd.prm, 0, sizeof(cmd.prm));
	memset(&cmd.chn, 0, sizeof(cmd.chn));
	memset(cmd.src.stride, 0, sizeof(cmd.src.stride));
	memset(cmd.wgt.stride, 0, sizeof(cmd.wgt.stride));
	memset(cmd.dst.stride, 0, sizeof(cmd.dst.stride));
	cmd.n = cmd.groups = cmd.w = cmd.ow = cmd.cin = cmd.cout = 1;
	cmd.h = cmd.oh = 1 << 20;
	cmd.dst.stride[2] = 1;
	cmd.dst.shift = 31;
	return cmd;
}

/*
 * The timing of a job is no more under the lock than its arithmetic, ends soon
 * when it is cancelled, and begins again if that was not a reset.
 */
static void test_long_timing(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmds[64];
	struct octet_core *core = &f->m->core[0];

	(void)state;
	for (int i = 0; i < 64; i++)
		cmds[i] = many_stripes();
	fake_queue(f, 0, cmds, 64);
	fake_doorbell(f, 0);
	assert_true(short_step(f));
	assert_int_equal(core->task, OCTET_TASK_CHECK);
	octet_core_cancel(f->m, 0);
	octet_core_compute(f->m, 0);
	assert_false(core->job.checked);
	assert_int_equal(core->job.fault.status, 0);
	/* Again, and this time a reset. */
	assert_true(short_step(f));
	assert_int_equal(core->task, OCTET_TASK_CHECK);
	fake_cwrite(f, 0, OCTET_CORE_CTRL, OCTET_CORE_CTRL_RESET);
	octet_core_compute(f->m, 0);
	fake_run(f);
	assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_OFF);
	/* One of them is timed to its end. */
	fake_enable(f, 0);
	cmds[0].h = cmds[0].oh = 2048;
	fake_queue(f, 0, cmds, 1);
	fake_doorbell(f, 0);
	assert_true(short_step(f));
	assert_int_equal(core->task, OCTET_TASK_CHECK);
	octet_core_compute(f->m, 0);
	assert_true(core->job.checked);
	assert_int_equal(core->job.fault.status, 0);
	fake_run(f);
	assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_JOBS), 1);
	/* The second time its reports are there. */
	fake_queue(f, 0, cmds, 1);
	fake_doorbell(f, 0);
	assert_true(short_step(f));
	assert_true(core->job.checked);
	assert_int_equal(core->task, OCTET_TASK_COMPUTE);
	octet_core_compute(f->m, 0);
	fake_run(f);
	assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_JOBS), 2);
	fake_free(f);
}

/* A flag that was set before says nothing about a job that comes later. */
static void test_stale_cancel(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmd = fake_gemm(2, 2, 2);

	(void)state;
	octet_core_cancel(f->m, 0);
	assert_int_equal(fake_job(f, &cmd, 1).status, OCTET_STATUS_OK);
	fake_free(f);
}

/* One element for millions: neither reads nor copies without end in a step. */
static void test_broadcast_in_slices(void **state)
{
	struct fake *f = fake_ready("sram=64M");
	struct octet_cmd cmd = fake_ew(OCTET_EW_MAX);
	struct octet_core *core = &f->m->core[0];
	int steps = 0;

	(void)state;
	*(uint8_t *)fake_va(f, VA_SRC) = 77;
	cmd.h = cmd.oh = 64;
	cmd.w = cmd.ow = 1;
	cmd.cin = cmd.cout = 1 << 18;
	memset(cmd.src.stride, 0, sizeof(cmd.src.stride));
	cmd.src.flags = OCTET_OPERAND_REPEAT;
	memset(cmd.src2.stride, 0, sizeof(cmd.src2.stride));
	cmd.src2.flags = OCTET_OPERAND_REPEAT;
	cmd.dst.addr = VA_WIDE;
	cmd.dst.stride[2] = 1 << 18;
	cmd.dst.stride[3] = 0;
	cmd.dst.stride[1] = 0;
	map_wide(f);
	fake_queue(f, 0, &cmd, 1)->lb = 32 << 20;
	fake_doorbell(f, 0);
	for (; short_step(f) && core->phase != OCTET_PHASE_COMPUTE; steps++)
		octet_core_compute(f->m, 0);
	assert_int_equal(core->phase, OCTET_PHASE_COMPUTE);
	/* 2 x 16 MiB in pieces of 4 */
	assert_true(steps >= 6);
	for (uint32_t i = 0; i < 64u << 18; i++)
		if (core->work.src[i] != 77)
			fail_msg("element %u", i);
	fake_cwrite(f, 0, OCTET_CORE_CTRL, OCTET_CORE_CTRL_RESET);
	octet_core_compute(f->m, 0);
	fake_run(f);
	fake_free(f);
}

/* T passes while the next job computes. */
static void test_delay_during_compute(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmd = fake_gemm(2, 2, 2);

	(void)state;
	fake_cwrite(f, 0, OCTET_CORE_IRQ_DELAY_US, 10);
	fake_push(f, 0, 1);
	fake_queue(f, 0, &cmd, 1);
	fake_doorbell(f, 0);
	assert_int_equal(octet_core_step(f->m, 0).kind, OCTET_STEP_COMPUTE);
	assert_int_equal(octet_core_tick(f->m, 0), f->now + 10000);
	assert_int_equal(f->irqs[1], 0);
	f->now += 10000;
	assert_int_equal(octet_core_tick(f->m, 0), 0);
	assert_int_equal(f->irqs[1], 1);
	octet_core_compute(f->m, 0);
	fake_run(f);
	fake_free(f);
}

/* Nobody asked for an interrupt, and the core can do nothing but wait. */
static void test_full_queue_announces(void **state)
{
	struct fake *f = fake_ready("");

	(void)state;
	for (unsigned int i = 0; i < BIT(FAKE_ORDER); i++)
		fake_push(f, 0, i);
	fake_doorbell(f, 0);
	/* One more entry is there as soon as the first one is taken. */
	assert_int_equal(octet_core_step(f->m, 0).kind, OCTET_STEP_IDLE);
	fake_cwrite(f, 0, OCTET_CORE_IRQ_STATUS, 7);
	f->irqs[1] = 0;
	for (unsigned int i = 0; i < BIT(FAKE_ORDER); i++)
		fake_push(f, 0, i);
	fake_doorbell(f, 0);
	fake_cwrite(f, 0, OCTET_CORE_CQ_HEAD, 8);
	fake_run(f);
	assert_int_equal(f->irqs[1], 1);
	fake_free(f);
}

/* An entry that is refused names the command it would have begun with. */
static void test_refused_entry_names_first(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmds[2] = { fake_gemm(2, 2, 2), fake_gemm(2, 2, 2) };
	struct octet_ring_entry *e = fake_queue(f, 0, cmds, 2);
	struct octet_completion c;

	(void)state;
	e->first = 1;
	e->asid = 9;
	fake_doorbell(f, 0);
	fake_run(f);
	assert_true(fake_pop(f, 0, &c));
	assert_int_equal(c.status, OCTET_STATUS_BAD_ASID);
	assert_int_equal(c.command, 1);
	fake_free(f);
}

UNIT_MAIN(
	unit_case(test_source_in_slices),
	unit_case(test_result_in_slices),
	unit_case(test_invalidation_waits_for_the_copy),
	unit_case(test_reset_between_slices),
	unit_case(test_sum_limit),
	unit_case(test_paced_core_holds_little),
	unit_case(test_long_sums_look_at_cancel),
	unit_case(test_long_job_is_checked_outside),
	unit_case(test_long_timing),
	unit_case(test_stale_cancel),
	unit_case(test_broadcast_in_slices),
	unit_case(test_delay_during_compute),
	unit_case(test_full_queue_announces),
	unit_case(test_refused_entry_names_first),
)
