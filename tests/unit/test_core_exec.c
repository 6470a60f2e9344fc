// SPDX-License-Identifier: MIT
/*
 * Jobs: results through every layout, SRAM, budget, reports, resumed jobs,
 * paced time, resets in mid-job, injected faults and their positive controls.
 */
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "core_fake_host.h"

#define ENABLE	OCTET_CORE_CTRL_ENABLE
#define RESET	OCTET_CORE_CTRL_RESET
#define SW	(64u << 10)

static struct octet_completion run(struct fake *f)
{
	struct octet_completion c;

	fake_doorbell(f, 0);
	fake_run(f);
	assert_true(fake_pop(f, 0, &c));
	return c;
}

static void resume(struct fake *f)
{
	fake_cwrite(f, 0, OCTET_CORE_CTRL, ENABLE | OCTET_CORE_CTRL_RESUME);
}

static void fill(int8_t *p, size_t n, unsigned int seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (int8_t)((seed + i * 37) % 251 - 125);
}

/* C = A B with all strides and transpositions, from the operands' own words. */
static void check_gemm(struct fake *f, const struct octet_cmd *c)
{
	const int8_t *a = fake_va(f, c->src.addr), *b = fake_va(f, c->wgt.addr);
	const uint8_t *out = fake_va(f, c->dst.addr);
	bool ta = c->src.flags & OCTET_OPERAND_TRANSPOSED;
	bool tb = c->wgt.flags & OCTET_OPERAND_TRANSPOSED;

	for (uint32_t n2 = 0; n2 < c->n2; n2++)
	for (uint32_t n = 0; n < c->n; n++)
	for (uint32_t i = 0; i < c->h; i++)
	for (uint32_t j = 0; j < c->cout; j++) {
		int32_t sum = 0, got;

		for (uint32_t k = 0; k < c->cin; k++) {
			uint64_t ia = n2 * c->src.stride[0] + n * c->src.stride[1] +
				      (ta ? k : i) * c->src.stride[2] + (ta ? i : k);
			uint64_t ib = n2 * c->wgt.stride[0] + n * c->wgt.stride[1] +
				      (tb ? j : k) * c->wgt.stride[2] + (tb ? k : j);

			sum += (a[ia] - c->src.zero_point) * (b[ib] - c->wgt.zero_point);
		}
		memcpy(&got, out + n2 * c->dst.stride[0] + n * c->dst.stride[1] +
		       i * c->dst.stride[2] + 4ull * j, 4);
		assert_int_equal(got, sum);
	}
}

static void test_strides(void **state)
{
	struct fake *f = fake_ready("");

	(void)state;
	fill(fake_va(f, VA_SRC), VA_SIZE, 1);
	fill(fake_va(f, VA_WGT), VA_SIZE, 2);
	for (int i = 0; i < 32; i++) {
		struct octet_cmd cmd = fake_gemm(3, 5, 4);

		cmd.n2 = 2;
		cmd.n = 3;
		cmd.src.zero_point = 7;
		cmd.wgt.zero_point = -3;
		cmd.src.stride[0] = i & 1 ? 0 : 900;
		cmd.src.stride[1] = i & 2 ? 0 : 151;
		cmd.src.stride[2] = i & 4 ? 700 : 5;
		cmd.wgt.stride[0] = i & 1 ? 4000 : 0;
		cmd.wgt.stride[1] = i & 2 ? 1 : 0;
		cmd.wgt.stride[2] = i & 8 ? 1 : 5;
		if (i & 16)
			cmd.src.flags |= OCTET_OPERAND_TRANSPOSED;
		if (i & 8)
			cmd.wgt.flags |= OCTET_OPERAND_TRANSPOSED;
		/* The result: dense, with gaps, or with dimensions exchanged. */
		cmd.dst.stride[2] = i & 4 ? 96 : 16;
		cmd.dst.stride[1] = i & 4 ? 16 : 48;
		cmd.dst.stride[0] = i & 2 ? 5000 : 288;
		memset(fake_va(f, VA_DST), 0, VA_SIZE);
		assert_int_equal(fake_job(f, &cmd, 1).status, 0);
		check_gemm(f, &cmd);
	}
	fake_free(f);
}

/* Bytes between the rows of a result keep their value. */
static void test_gaps_untouched(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmd = fake_gemm(4, 4, 2);
	uint8_t *dst = fake_va(f, VA_DST);

	(void)state;
	cmd.dst.stride[2] = 4100;
	memset(dst, 0x5a, VA_SIZE);
	assert_int_equal(fake_job(f, &cmd, 1).status, 0);
	for (size_t i = 0; i < VA_SIZE; i++)
		assert_int_equal(dst[i], i % 4100 < 8 && i < 4 * 4100 ? 0 : 0x5a);
	fake_free(f);
}

/* The result may lie on the inputs: they have been read before. */
static void test_overlap(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmd = fake_gemm(8, 8, 8);
	int32_t want[64];

	(void)state;
	fill(fake_va(f, VA_SRC), 512, 5);
	fill(fake_va(f, VA_WGT), 64, 9);
	assert_int_equal(fake_job(f, &cmd, 1).status, 0);
	memcpy(want, fake_va(f, VA_DST), sizeof(want));
	cmd.dst.addr = VA_SRC;
	assert_int_equal(fake_job(f, &cmd, 1).status, 0);
	assert_memory_equal(fake_va(f, VA_SRC), want, sizeof(want));
	fake_free(f);
}

/* A job that copies src into SRAM at 0, or SRAM at 0 to dst, by a 1x1 product. */
static struct octet_cmd through_sram(bool in)
{
	struct octet_cmd cmd = fake_gemm(1, 1, 1);

	if (in) {
		cmd.dst.space = OCTET_SPACE_SRAM;
		cmd.dst.addr = 0;
	} else {
		cmd.src.space = OCTET_SPACE_SRAM;
		cmd.src.addr = 0;
	}
	return cmd;
}

static int32_t sram_job(struct fake *f, const struct octet_cmd *cmds, uint32_t count)
{
	fake_queue(f, 0, cmds, count)->sw = SW;
	*(int32_t *)fake_va(f, VA_DST) = -1;
	assert_int_equal(run(f).status, 0);
	return *(int32_t *)fake_va(f, VA_DST);
}

static void test_sram(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd both[2] = { through_sram(true), through_sram(false) };

	(void)state;
	*(int8_t *)fake_va(f, VA_SRC) = 6;
	*(int8_t *)fake_va(f, VA_WGT) = 3;
	/* Within a job it holds: 6 * 3, low byte times 3. */
	assert_int_equal(sram_job(f, both, 2), 54);
	/* The next job finds zeros. */
	assert_int_equal(sram_job(f, &both[1], 1), 0);
	fake_free(f);
}

static void test_broken_sram_zeroing_shows(void **state)
{
	struct fake *f = fake_ready("break-sram-zeroing=on");
	struct octet_cmd both[2] = { through_sram(true), through_sram(false) };

	(void)state;
	*(int8_t *)fake_va(f, VA_SRC) = 6;
	*(int8_t *)fake_va(f, VA_WGT) = 3;
	assert_int_equal(sram_job(f, both, 2), 54);
	assert_int_equal(sram_job(f, &both[1], 1), 54);
	octet_machine_inject(f->m)->break_sram_zeroing = false;
	assert_int_equal(sram_job(f, &both[1], 1), 0);
	fake_free(f);
}

/* Reports, completion and counters tell the same. */
static void test_reports(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmds[3] = { fake_gemm(8, 8, 8), fake_conv(), fake_depthwise() };
	const struct octet_report *r = fake_va(f, VA_REPORT);
	struct octet_completion c;
	uint64_t total = 0, read = 0, write = 0;

	(void)state;
	fake_queue(f, 0, cmds, 3)->report_va = VA_REPORT;
	c = run(f);
	assert_int_equal(c.status, 0);
	assert_int_equal(c.command, 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(r[i].total, r[i].compute + r[i].dma_stall + r[i].output_stall +
				 r[i].overhead);
		assert_int_equal(r[i].overhead, i ? 200 : 400);
		total += r[i].total;
		read += r[i].dram_read;
		write += r[i].dram_write;
	}
	assert_int_equal(c.cycles, total);
	assert_int_equal(c.dram_read, read);
	assert_int_equal(c.dram_write, write);
	assert_int_equal(c.macs, 512 + 2 * 16 * 8 * 18 + 16 * 8 * 9);
	assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_CYCLES), total);
	assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_MACS), c.macs);
	assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_COMMANDS), 3);
	assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_JOBS), 1);
	assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_FETCH_CYCLES), 250 + 3 * 16);
	fake_free(f);
}

static void test_budget(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmds[2] = { fake_gemm(4, 4, 4), fake_gemm(4, 4, 4) };
	struct octet_report *r = fake_va(f, VA_REPORT);
	struct octet_ring_entry *e;
	struct octet_completion c;
	uint64_t first, both;

	(void)state;
	fake_queue(f, 0, cmds, 2)->report_va = VA_REPORT;
	both = run(f).cycles;
	first = r[0].total;
	/* Exactly enough; one cycle short of the second; of the first. */
	e = fake_queue(f, 0, cmds, 2);
	e->budget = both;
	assert_int_equal(run(f).status, 0);
	e = fake_queue(f, 0, cmds, 2);
	e->budget = both - 1;
	c = run(f);
	assert_int_equal(c.status, OCTET_STATUS_BUDGET);
	assert_int_equal(c.command, 1);
	assert_int_equal(c.cycles, first);
	resume(f);
	e = fake_queue(f, 0, cmds, 2);
	e->budget = first - 1;
	c = run(f);
	assert_int_equal(c.status, OCTET_STATUS_BUDGET);
	assert_int_equal(c.command, 0);
	assert_int_equal(c.cycles, 0);
	fake_free(f);
}

/* A job from a command on: what is before is neither run nor looked at. */
static void test_first(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmds[3] = { fake_gemm(2, 2, 2), fake_gemm(2, 2, 2), fake_gemm(4, 4, 4) };
	struct octet_report *r = fake_va(f, VA_REPORT);
	struct octet_ring_entry *e;
	struct octet_completion c;
	uint64_t alone;

	(void)state;
	alone = fake_job(f, &cmds[2], 1).cycles;
	cmds[0].op = 99;
	e = fake_queue(f, 0, cmds, 3);
	e->first = 2;
	e->report_va = VA_REPORT;
	c = run(f);
	assert_int_equal(c.status, 0);
	assert_int_equal(c.command, 3);
	assert_int_equal(c.cycles, alone);
	assert_int_equal(r[0].total, 0);
	assert_int_equal(r[2].total, alone);
	/* Faults keep the index within the whole job. */
	cmds[2].n = 0;
	fake_queue(f, 0, cmds, 3)->first = 1;
	c = run(f);
	assert_int_equal(c.status, OCTET_STATUS_BAD_SHAPE);
	assert_int_equal(c.command, 2);
	fake_free(f);
}

/* NO_FIT names the command; the job has written nothing. */
static void test_no_fit(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmds[2] = { fake_gemm(2, 2, 2), fake_gemm(64, 512, 2) };
	struct octet_completion c;

	(void)state;
	cmds[1].policy = OCTET_POLICY_RESIDENT;
	fake_queue(f, 0, cmds, 2)->lb = 4096;
	c = run(f);
	assert_int_equal(c.status, OCTET_STATUS_NO_FIT);
	assert_int_equal(c.command, 1);
	assert_int_equal(c.cycles, 0);
	fake_free(f);
}

/* An error in the middle: what is before it is complete. */
static void test_error_in_the_middle(void **state)
{
	struct fake *f = fake_ready("inject-command=2");
	struct octet_cmd cmds[3] = { fake_gemm(1, 1, 1), fake_gemm(1, 1, 1), fake_gemm(1, 1, 1) };
	int32_t *out = fake_va(f, VA_DST);
	struct octet_completion c;

	(void)state;
	*(int8_t *)fake_va(f, VA_SRC) = 6;
	*(int8_t *)fake_va(f, VA_WGT) = 7;
	for (int i = 0; i < 3; i++) {
		cmds[i].dst.addr += 4 * (unsigned int)i;
		out[i] = -1;
	}
	c = fake_job(f, cmds, 3);
	assert_int_equal(c.status, OCTET_STATUS_INJECTED);
	assert_int_equal(c.command, 1);
	assert_true(c.cycles > 0);
	assert_int_equal(out[0], 42);
	assert_int_equal(out[1], -1);
	assert_int_equal(out[2], -1);
	fake_queue(f, 0, cmds, 3)->first = 1;
	assert_int_equal(run(f).status, 0);
	assert_int_equal(out[2], 42);
	fake_free(f);
}

static void test_paced(void **state)
{
	struct fake *f = fake_ready("timing=paced,clock=500M");
	struct octet_cmd cmd = fake_gemm(16, 16, 16);
	uint64_t start = f->now, cycles;
	struct octet_completion c;
	struct octet_step step;

	(void)state;
	fake_queue(f, 0, &cmd, 1)->report_va = VA_REPORT;
	fake_doorbell(f, 0);
	do {
		step = octet_core_step(f->m, 0);
		if (step.kind == OCTET_STEP_COMPUTE)
			octet_core_compute(f->m, 0);
	} while (step.kind == OCTET_STEP_COMPUTE);
	assert_false(fake_pop(f, 0, &c));
	cycles = ((struct octet_report *)fake_va(f, VA_REPORT))->total;
	assert_int_equal(step.deadline_ns, start + 2 * cycles);
	f->now = step.deadline_ns - 1;
	assert_int_equal(octet_core_step(f->m, 0).deadline_ns, step.deadline_ns);
	assert_false(fake_pop(f, 0, &c));
	f->now++;
	octet_core_step(f->m, 0);
	assert_true(fake_pop(f, 0, &c));
	assert_int_equal(c.cycles, cycles);
	fake_free(f);
}

/* A reset while a compute runs ends in the step after it; nothing is written. */
static void test_reset_during_compute(void **state)
{
	struct octet_cmd cmd = fake_gemm(1, 1, 1);

	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		struct fake *f = fake_ready("");
		struct octet_completion c;
		int32_t *out = fake_va(f, VA_DST);

		*out = 77;
		assert_int_equal(fake_job(f, &cmd, 1).status, 0);
		*out = 77;
		fake_queue(f, 0, &cmd, 1);
		fake_doorbell(f, 0);
		assert_int_equal(octet_core_step(f->m, 0).kind, OCTET_STEP_COMPUTE);
		if (kind == 0)
			fake_cwrite(f, 0, OCTET_CORE_CTRL, RESET);
		else if (kind == 1)
			fake_write(f, OCTET_REG_CTRL, OCTET_CTRL_RESET);
		else
			octet_machine_reset(f->m);
		assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_RESET);
		assert_int_equal(fake_read(f, OCTET_REG_STATUS), kind == 0);
		fake_cwrite(f, 0, OCTET_CORE_CTRL, ENABLE);
		assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_RESET);
		octet_core_compute(f->m, 0);
		fake_run(f);
		assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_OFF);
		assert_int_equal(fake_read(f, OCTET_REG_STATUS), OCTET_STATUS_READY);
		assert_int_equal(*out, 77);
		assert_int_equal(fake_cread(f, 0, OCTET_CORE_RING_HEAD), 0);
		assert_int_equal(fake_read(f, OCTET_REG_RESETS), kind == 1);
		assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_JOBS), kind == 0);
		assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_RESETS), kind == 0);
		fake_write(f, OCTET_REG_ASID_TABLE_LO, (uint32_t)f->asid_table);
		fake_write(f, OCTET_REG_ASID_COUNT, 512);
		fake_enable(f, 0);
		assert_int_equal(fake_job(f, &cmd, 1).status, 0);
		assert_false(fake_pop(f, 0, &c));
		fake_free(f);
	}
}

/* A hung job: only a reset helps, and the other core does not notice. */
static void test_hang(void **state)
{
	struct fake *f = fake_ready("inject-hang=1,inject-core=0");
	struct octet_cmd cmd = fake_gemm(1, 1, 1);
	struct octet_completion c;
	uint32_t progress;

	(void)state;
	fake_enable(f, 1);
	fake_queue(f, 1, &cmd, 1);
	fake_doorbell(f, 1);
	fake_queue(f, 0, &cmd, 1);
	fake_doorbell(f, 0);
	fake_run(f);
	assert_true(fake_pop(f, 1, &c));
	assert_int_equal(c.status, 0);
	assert_false(fake_pop(f, 0, &c));
	assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_BUSY);
	progress = fake_cread(f, 0, OCTET_CORE_PROGRESS);
	f->now += 1000000000;
	fake_run(f);
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_PROGRESS), progress);
	assert_int_equal(octet_machine_inject(f->m)->hang, 0);
	fake_cwrite(f, 0, OCTET_CORE_CTRL, RESET);
	fake_enable(f, 0);
	assert_int_equal(fake_job(f, &cmd, 1).status, 0);
	fake_queue(f, 1, &cmd, 1);
	fake_doorbell(f, 1);
	fake_run(f);
	assert_true(fake_pop(f, 1, &c));
	assert_int_equal(fake_counter(f, 1, OCTET_COUNTER_RESETS), 0);
	fake_free(f);
}

static void test_other_injections(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_inject *inject = octet_machine_inject(f->m);
	struct octet_cmd cmd = fake_gemm(1, 1, 1);
	struct octet_completion c;
	unsigned int irqs;

	(void)state;
	inject->bad_completion = 2;
	assert_int_equal(fake_job(f, &cmd, 1).seq, 100);
	assert_int_equal(fake_job(f, &cmd, 1).seq, ~UINT64_C(101));
	fake_cwrite(f, 0, OCTET_CORE_IRQ_STATUS, 7);
	irqs = f->irqs[1];
	inject->drop_irq = 1;
	fake_job(f, &cmd, 1);
	assert_int_equal(f->irqs[1], irqs);
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_IRQ_STATUS), OCTET_CORE_IRQ_DONE);
	/* Another core's injection leaves this one alone. */
	inject->core = 1;
	inject->command = 1;
	assert_int_equal(fake_job(f, &cmd, 1).status, 0);
	assert_int_equal(inject->command, 1);
	/* The first bus access is the ring entry, the second the ASID table. */
	inject->core = -1;
	inject->command = 0;
	inject->dma_error = 2;
	c = fake_job(f, &cmd, 1);
	assert_int_equal(c.status, OCTET_STATUS_BUS_ERROR);
	inject->dma_error = 1;
	fake_queue(f, 0, &cmd, 1);
	fake_doorbell(f, 0);
	fake_run(f);
	assert_true(fake_cread(f, 0, OCTET_CORE_STATUS) & OCTET_CORE_STATUS_RING_ERROR);
	fake_free(f);
}

/* Every DMA access of a job in turn: a status, never a crash, and life goes on. */
static void test_each_dma_error(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmds[2] = { fake_conv(), fake_gemm(4, 4, 4) };
	uint64_t before, calls;

	(void)state;
	fake_queue(f, 0, cmds, 2)->report_va = VA_REPORT;
	before = f->dma;
	assert_int_equal(run(f).status, 0);
	calls = f->dma - before;
	assert_true(calls > 20);
	for (uint64_t i = 1; i <= calls; i++) {
		struct octet_completion c;

		fake_cwrite(f, 0, OCTET_CORE_CTRL, RESET);
		fake_enable(f, 0);
		octet_machine_inject(f->m)->dma_error = i;
		fake_queue(f, 0, cmds, 2)->report_va = VA_REPORT;
		fake_doorbell(f, 0);
		fake_run(f);
		if (fake_pop(f, 0, &c))
			assert_int_equal(c.status, OCTET_STATUS_BUS_ERROR);
		else
			assert_true(fake_cread(f, 0, OCTET_CORE_STATUS) &
				    OCTET_CORE_STATUS_RING_ERROR);
	}
	fake_cwrite(f, 0, OCTET_CORE_CTRL, RESET);
	fake_enable(f, 0);
	assert_int_equal(fake_job(f, cmds, 2).status, 0);
	fake_free(f);
}

/* Surprise removal, also while a compute runs. */
static void test_gone(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmd = fake_gemm(1, 1, 1);
	uint64_t dma;
	unsigned int irqs;

	(void)state;
	fake_queue(f, 0, &cmd, 1);
	fake_doorbell(f, 0);
	assert_int_equal(octet_core_step(f->m, 0).kind, OCTET_STEP_COMPUTE);
	octet_machine_inject(f->m)->gone = true;
	dma = f->dma;
	irqs = f->irqs[1];
	octet_core_compute(f->m, 0);
	fake_run(f);
	assert_int_equal(fake_read(f, OCTET_REG_ID), 0xffffffff);
	assert_int_equal(fake_cread(f, 1, OCTET_CORE_COUNTER(3)), 0xffffffff);
	fake_cwrite(f, 0, OCTET_CORE_CTRL, RESET);
	fake_cwrite(f, 0, OCTET_CORE_IRQ_ENABLE, 7);
	fake_run(f);
	assert_int_equal(f->dma, dma);
	assert_int_equal(f->irqs[1], irqs);
	fake_free(f);
}

UNIT_MAIN(
	unit_case(test_strides),
	unit_case(test_gaps_untouched),
	unit_case(test_overlap),
	unit_case(test_sram),
	unit_case(test_broken_sram_zeroing_shows),
	unit_case(test_reports),
	unit_case(test_budget),
	unit_case(test_first),
	unit_case(test_no_fit),
	unit_case(test_error_in_the_middle),
	unit_case(test_paced),
	unit_case(test_reset_during_compute),
	unit_case(test_hang),
	unit_case(test_other_injections),
	unit_case(test_each_dma_error),
	unit_case(test_gone),
)
