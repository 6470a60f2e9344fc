// SPDX-License-Identifier: MIT
/* STOP of a job in each of its phases, RESUME, resets that do not end, a livelock. */
#include <string.h>

#include "unit.h"
#include "core_fake_host.h"

#define ENABLE	OCTET_CORE_CTRL_ENABLE
#define STOP	OCTET_CORE_CTRL_STOP
#define RESET	OCTET_CORE_CTRL_RESET
#define CMDS	3u

/* A job of CMDS commands that each add src2 to dst in place: not to be done twice. */
static void in_place(struct octet_cmd *cmds)
{
	for (unsigned int i = 0; i < CMDS; i++) {
		cmds[i] = fake_ew(OCTET_EW_ADD);
		cmds[i].src.addr = cmds[i].dst.addr = VA_DST + 0x1000 * i;
	}
}

static void fill(struct fake *f)
{
	memset(fake_va(f, VA_SRC2), 5, 64);
	for (unsigned int i = 0; i < CMDS; i++)
		memset(fake_va(f, VA_DST + 0x1000 * i), (int)(10 + i), 64);
}

static bool stopped(struct fake *f)
{
	return fake_cread(f, 0, OCTET_CORE_STATUS) & OCTET_CORE_STATUS_STOPPED;
}

static void check_stopped(struct fake *f, uint64_t seq, uint32_t command)
{
	struct octet_completion c;

	assert_true(stopped(f));
	assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_OFF);
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_SEQ_LO), seq);
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_STOP_CMD), command);
	assert_false(fake_pop(f, 0, &c));
	assert_int_equal(fake_read(f, OCTET_REG_TLB_STATUS), 0);
}

/* Steps core 0 until it is in @phase before command @next. */
static void run_to(struct fake *f, enum octet_phase phase, uint32_t next)
{
	struct octet_core *core = &f->m->core[0];

	while (core->phase != phase || core->job.next != next) {
		assert_int_equal(octet_core_step(f->m, 0).kind, OCTET_STEP_COMPUTE);
		if (core->phase == phase && core->job.next == next)
			return;
		octet_core_compute(f->m, 0);
	}
}

static void stop(struct fake *f)
{
	fake_cwrite(f, 0, OCTET_CORE_CTRL, STOP);
	if (!atomic_load(&f->m->core[0].compute_done))
		octet_core_compute(f->m, 0);
	fake_run(f);
}

/* A core reset, the ring anew, and the job again from @first. */
static void go_on(struct fake *f, const struct octet_cmd *cmds, uint32_t count, uint32_t first)
{
	struct octet_ring_entry *e;
	struct octet_completion c;

	fake_cwrite(f, 0, OCTET_CORE_CTRL, RESET);
	assert_false(stopped(f));
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_STOP_CMD), 0);
	fake_enable(f, 0);
	e = fake_queue(f, 0, cmds, count);
	e->first = first;
	e->flags = OCTET_RING_F_RESUME;
	fake_doorbell(f, 0);
	fake_run(f);
	assert_true(fake_pop(f, 0, &c));
	assert_int_equal(c.status, 0);
	assert_int_equal(c.command, count);
}

static void check_result(struct fake *f, const uint8_t *want)
{
	for (unsigned int i = 0; i < CMDS; i++)
		assert_memory_equal(fake_va(f, VA_DST + 0x1000 * i), want + 64 * i, 64);
}

static void expected(uint8_t *want)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmds[CMDS];

	in_place(cmds);
	fill(f);
	assert_int_equal(fake_job(f, cmds, CMDS).status, 0);
	for (unsigned int i = 0; i < CMDS; i++)
		memcpy(want + 64 * i, fake_va(f, VA_DST + 0x1000 * i), 64);
	assert_true(want[0] != 10 && want[0] != want[64]);
	fake_free(f);
}

/* In the compute of each command: it is given up, those before it are done. */
static void test_stop_in_compute(void **state)
{
	uint8_t want[64 * CMDS];

	(void)state;
	expected(want);
	for (uint32_t at = 0; at < CMDS; at++) {
		struct fake *f = fake_ready("");
		struct octet_cmd cmds[CMDS];

		in_place(cmds);
		fill(f);
		fake_queue(f, 0, cmds, CMDS);
		fake_doorbell(f, 0);
		run_to(f, OCTET_PHASE_COMPUTE, at);
		stop(f);
		check_stopped(f, 100, at);
		assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_COMMANDS), at);
		assert_int_equal(*(uint8_t *)fake_va(f, VA_DST + 0x1000 * at), 10 + at);
		go_on(f, cmds, CMDS, at);
		check_result(f, want);
		assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_COMMANDS), CMDS);
		fake_free(f);
	}
}

/* A compute that ended before the step could take it in writes nothing either. */
static void test_stop_after_compute(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmds[CMDS];

	(void)state;
	in_place(cmds);
	fill(f);
	fake_queue(f, 0, cmds, CMDS);
	fake_doorbell(f, 0);
	run_to(f, OCTET_PHASE_COMPUTE, 1);
	octet_core_compute(f->m, 0);
	stop(f);
	check_stopped(f, 100, 1);
	assert_int_equal(*(uint8_t *)fake_va(f, VA_DST + 0x1000), 11);
	fake_free(f);
}

/* Copies of 16 MiB move in slices: @load: of the input, else of the result. */
static struct fake *large(struct octet_cmd *cmd, bool load)
{
	struct fake *f = fake_ready("sram=64M");

	*cmd = fake_fill();
	cmd->oh = cmd->ow = cmd->h = cmd->w = 2048;
	cmd->cin = cmd->cout = 4;
	*(load ? &cmd->src : &cmd->dst) = (struct octet_operand) {
		.space = OCTET_SPACE_SRAM, .type = OCTET_TYPE_INT8,
		.stride = { UINT64_C(4) << 22, 8192, 4, 1 },
	};
	if (load) {
		cmd->sub = OCTET_COPY_COPY;
		cmd->pad_value = 0;
		cmd->dst.stride[0] = cmd->dst.stride[1] = 0;
		cmd->h = cmd->oh = 2048;
	}
	return f;
}

static void test_stop_in_slices(void **state)
{
	struct octet_cmd cmds[2];
	struct fake *f = large(&cmds[0], false);

	(void)state;
	cmds[1] = cmds[0];
	/* The second reads what the first has written. */
	cmds[1].sub = OCTET_COPY_COPY;
	cmds[1].pad_value = 0;
	cmds[1].src = cmds[0].dst;
	fake_queue(f, 0, cmds, 2)->sw = 48 << 20;
	fake_doorbell(f, 0);
	run_to(f, OCTET_PHASE_STORE, 0);
	assert_true(f->m->core[0].sram[0] == 7);
	/* The store goes on to its end: the command is complete. */
	stop(f);
	check_stopped(f, 100, 1);
	assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_COMMANDS), 1);
	assert_int_equal(f->m->core[0].sram[(16 << 20) - 1], 7);
	fake_free(f);

	f = large(&cmds[0], false);
	fake_queue(f, 0, cmds, 2)->sw = 48 << 20;
	fake_doorbell(f, 0);
	run_to(f, OCTET_PHASE_LOAD, 1);
	assert_true(f->m->core[0].walking);
	stop(f);
	check_stopped(f, 100, 1);
	fake_free(f);
}

/* In the store of the last command: the job ends as ever. */
static void test_stop_in_last_store(void **state)
{
	struct octet_cmd cmd;
	struct fake *f = large(&cmd, false);
	struct octet_completion c;

	(void)state;
	fake_queue(f, 0, &cmd, 1)->sw = 48 << 20;
	fake_doorbell(f, 0);
	run_to(f, OCTET_PHASE_STORE, 0);
	stop(f);
	assert_false(stopped(f));
	assert_true(fake_pop(f, 0, &c));
	assert_int_equal(c.status, 0);
	assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_OFF);
	/* ENABLE ends the wish. */
	fake_cwrite(f, 0, OCTET_CORE_CTRL, ENABLE);
	fake_queue(f, 0, &cmd, 1)->sw = 48 << 20;
	fake_doorbell(f, 0);
	fake_run(f);
	assert_true(fake_pop(f, 0, &c));
	fake_free(f);
}

/* A chain is one unit: whatever of it is done is done again. */
static void test_stop_in_chain(void **state)
{
	struct octet_cmd cmds[4];
	uint8_t want[64];

	(void)state;
	for (uint32_t at = 0; at <= 4; at++) {
		struct fake *f = fake_ready("");

		cmds[0] = cmds[1] = cmds[2] = cmds[3] = fake_ew(OCTET_EW_ADD);
		cmds[0].src.addr = cmds[0].dst.addr = VA_DST + 0x1000;
		cmds[1].src.addr = VA_DST;
		fake_link(&cmds[1], -1, false);
		fake_link(&cmds[2], 1, false);
		fake_link(&cmds[3], 2, true);
		fill(f);
		if (at == 4) {
			fake_queue(f, 0, cmds, 4);
			fake_doorbell(f, 0);
			fake_run(f);
			assert_int_equal(fake_cread(f, 0, OCTET_CORE_CQ_TAIL), 1);
			assert_int_equal(f->m->core[0].job.fault.status, 0);
			assert_memory_equal(fake_va(f, VA_DST), want, 64);
			fake_free(f);
			return;
		}
		fake_queue(f, 0, cmds, 4);
		fake_doorbell(f, 0);
		run_to(f, OCTET_PHASE_COMPUTE, at);
		stop(f);
		check_stopped(f, 100, at ? 1 : 0);
		assert_int_equal(*(uint8_t *)fake_va(f, VA_DST), 10);
		go_on(f, cmds, 4, at ? 1 : 0);
		if (at)
			assert_memory_equal(fake_va(f, VA_DST), want, 64);
		memcpy(want, fake_va(f, VA_DST), 64);
		fake_free(f);
	}
}

/* Before the check of a long job is finished nothing has run. */
static void test_stop_in_check(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmds[80];
	struct octet_completion c;

	(void)state;
	for (int i = 0; i < 80; i++)
		cmds[i] = fake_gemm(1, 1, 1);
	for (int done = 0; done < 3; done++) {
		struct octet_ring_entry *e;

		/* another job each time: the check of one that comes again is not long */
		cmds[79] = fake_gemm(1, 1, 2 + (uint32_t)done);
		e = fake_queue(f, 0, cmds, 80);
		e->first = 3;
		fake_doorbell(f, 0);
		run_to(f, OCTET_PHASE_CHECK, 0);
		if (done)
			octet_core_compute(f->m, 0);
		if (done == 2)
			f->m->core[0].job.fault.status = OCTET_STATUS_NO_FIT;
		stop(f);
		if (done == 2) {
			/* It has failed: it is posted. */
			assert_false(stopped(f));
			assert_true(fake_pop(f, 0, &c));
			assert_int_equal(c.status, OCTET_STATUS_NO_FIT);
			assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_HALTED);
			break;
		}
		check_stopped(f, 100, 3);
		fake_cwrite(f, 0, OCTET_CORE_CTRL, RESET);
		fake_enable(f, 0);
	}
	fake_free(f);
}

/* Only pacing is left, or room in the queue: the job is posted. */
static void test_stop_in_pace(void **state)
{
	struct fake *f = fake_ready("timing=paced");
	struct octet_cmd cmd = fake_gemm(1, 1, 1);
	struct octet_completion c;

	(void)state;
	fake_queue(f, 0, &cmd, 1);
	fake_doorbell(f, 0);
	fake_run(f);
	assert_int_equal(f->m->core[0].phase, OCTET_PHASE_PACE);
	assert_false(fake_pop(f, 0, &c));
	stop(f);
	assert_false(stopped(f));
	assert_true(fake_pop(f, 0, &c));
	assert_int_equal(c.status, 0);
	assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_OFF);
	fake_free(f);
}

/* STOP of nothing is nothing; with ENABLE it is ignored. */
static void test_stop_without_job(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_completion c;

	(void)state;
	stop(f);
	assert_false(stopped(f));
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_CTRL), STOP);
	fake_cwrite(f, 0, OCTET_CORE_CTRL, ENABLE | STOP);
	assert_non_null(strstr(f->error, "STOP with ENABLE"));
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_CTRL), ENABLE);
	fake_push(f, 0, 8);
	fake_doorbell(f, 0);
	fake_run(f);
	assert_true(fake_pop(f, 0, &c));
	fake_free(f);
}

/* A core that has stopped does nothing until a reset. */
static void test_only_reset_leaves(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmd = fake_gemm(1, 1, 1);

	(void)state;
	for (int device = 0; device < 2; device++) {
		fake_queue(f, 0, &cmd, 1);
		fake_push(f, 0, 5);
		fake_doorbell(f, 0);
		run_to(f, OCTET_PHASE_COMPUTE, 0);
		stop(f);
		fake_cwrite(f, 0, OCTET_CORE_CTRL, ENABLE);
		assert_non_null(strstr(f->error, "STOPPED"));
		fake_doorbell(f, 0);
		fake_run(f);
		check_stopped(f, 100, 0);
		if (device)
			fake_write(f, OCTET_REG_CTRL, OCTET_CTRL_RESET);
		else
			fake_cwrite(f, 0, OCTET_CORE_CTRL, RESET);
		assert_false(stopped(f));
		fake_enable(f, 0);
	}
	fake_free(f);
}

/* What waits for a later interrupt is announced: no other one may come. */
static void test_stop_announces(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmd = fake_gemm(1, 1, 1);

	(void)state;
	fake_cwrite(f, 0, OCTET_CORE_IRQ_DELAY_US, 1000000);
	fake_push(f, 0, 1);
	fake_queue(f, 0, &cmd, 1);
	fake_doorbell(f, 0);
	run_to(f, OCTET_PHASE_COMPUTE, 0);
	assert_int_equal(f->irqs[1], 0);
	stop(f);
	assert_true(stopped(f));
	assert_int_equal(f->irqs[1], 1);
	fake_free(f);
}

/* Who keeps the SRAM: RESUME does, resets by register do, FLR does not. */
static void test_sram(void **state)
{
	struct octet_cmd put = fake_fill(), get = fake_copy();
	struct fake *f = fake_ready("break-sram-zeroing=off");
	static const int want[] = { 7, 7, 7, 0, 0 };

	(void)state;
	put.dst.space = OCTET_SPACE_SRAM;
	put.dst.addr = 0;
	get.src.space = OCTET_SPACE_SRAM;
	get.src.addr = 0;
	for (int how = 0; how < 5; how++) {
		struct octet_ring_entry *e = fake_queue(f, 0, &put, 1);
		struct octet_completion c;

		e->sw = 4096;
		fake_doorbell(f, 0);
		fake_run(f);
		assert_true(fake_pop(f, 0, &c));
		assert_int_equal(c.status, 0);
		if (how == 1)
			fake_cwrite(f, 0, OCTET_CORE_CTRL, RESET);
		if (how == 2)
			fake_write(f, OCTET_REG_CTRL, OCTET_CTRL_RESET);
		if (how == 3)
			octet_machine_reset(f->m);
		if (how > 1) {
			fake_write(f, OCTET_REG_ASID_TABLE_LO, (uint32_t)f->asid_table);
			fake_write(f, OCTET_REG_ASID_COUNT, 512);
		}
		if (how && how < 4)
			fake_enable(f, 0);
		e = fake_queue(f, 0, &get, 1);
		e->sw = 4096;
		e->flags = how < 4 ? OCTET_RING_F_RESUME : 0;
		fake_doorbell(f, 0);
		fake_run(f);
		assert_true(fake_pop(f, 0, &c));
		assert_int_equal(c.status, 0);
		if (*(uint8_t *)fake_va(f, VA_DST) != want[how])
			fail_msg("case %d", how);
	}
	fake_free(f);
}

/* PROGRESS moves, the job does not; STOP has no effect on it, nor on a hung one. */
static void test_livelock(void **state)
{
	static const char *const kinds[] = { "inject-livelock=1", "inject-hang=1" };
	struct octet_cmd cmd = fake_gemm(1, 1, 1);

	(void)state;
	for (int hang = 0; hang < 2; hang++) {
		struct fake *f = fake_ready(kinds[hang]);
		uint32_t progress;

		fake_queue(f, 0, &cmd, 1);
		fake_doorbell(f, 0);
		fake_run(f);
		progress = fake_cread(f, 0, OCTET_CORE_PROGRESS);
		assert_int_equal(fake_cread(f, 0, OCTET_CORE_PROGRESS) == progress, hang);
		stop(f);
		assert_false(stopped(f));
		assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_BUSY);
		fake_cwrite(f, 0, OCTET_CORE_CTRL, RESET);
		fake_enable(f, 0);
		assert_int_equal(fake_job(f, &cmd, 1).status, 0);
		fake_free(f);
	}
}

/* The second core reset does not end, until the device is reset. */
static void test_stuck_core(void **state)
{
	struct fake *f = fake_ready("inject-stuck-core=2,inject-core=0");
	struct octet_cmd cmd = fake_gemm(1, 1, 1);

	(void)state;
	fake_cwrite(f, 1, OCTET_CORE_CTRL, RESET);
	fake_cwrite(f, 0, OCTET_CORE_CTRL, RESET);
	assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_OFF);
	fake_cwrite(f, 0, OCTET_CORE_CTRL, RESET);
	for (int i = 0; i < 3; i++) {
		fake_run(f);
		assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_RESET);
		assert_int_equal(fake_cread(f, 0, OCTET_CORE_CTRL), RESET);
		fake_cwrite(f, 0, OCTET_CORE_CTRL, i ? RESET : ENABLE);
	}
	assert_int_equal(fake_state(f, 1), OCTET_CORE_STATE_OFF);
	assert_int_equal(fake_read(f, OCTET_REG_STATUS), OCTET_STATUS_READY);
	fake_write(f, OCTET_REG_CTRL, OCTET_CTRL_RESET);
	fake_run(f);
	assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_OFF);
	assert_int_equal(fake_read(f, OCTET_REG_STATUS), OCTET_STATUS_READY);
	fake_write(f, OCTET_REG_ASID_TABLE_LO, (uint32_t)f->asid_table);
	fake_write(f, OCTET_REG_ASID_COUNT, 512);
	fake_enable(f, 0);
	assert_int_equal(fake_job(f, &cmd, 1).status, 0);
	fake_free(f);
}

/* READY stays clear, whatever software resets, until FLR. */
static void test_stuck_device(void **state)
{
	struct fake *f = fake_ready("inject-stuck-device=1,inject-core=1");
	struct octet_cmd cmd = fake_gemm(1, 1, 1);

	(void)state;
	fake_write(f, OCTET_REG_CTRL, OCTET_CTRL_RESET);
	for (int i = 0; i < 3; i++) {
		fake_run(f);
		assert_int_equal(fake_read(f, OCTET_REG_STATUS), 0);
		assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_RESET);
		fake_cwrite(f, 1, OCTET_CORE_CTRL, RESET);
		if (i)
			fake_write(f, OCTET_REG_CTRL, OCTET_CTRL_RESET);
	}
	assert_int_equal(fake_read(f, OCTET_REG_RESETS), 3);
	octet_machine_reset(f->m);
	fake_run(f);
	assert_int_equal(fake_read(f, OCTET_REG_STATUS), OCTET_STATUS_READY);
	assert_int_equal(fake_read(f, OCTET_REG_RESETS), 0);
	fake_write(f, OCTET_REG_ASID_TABLE_LO, (uint32_t)f->asid_table);
	fake_write(f, OCTET_REG_ASID_COUNT, 512);
	fake_enable(f, 0);
	assert_int_equal(fake_job(f, &cmd, 1).status, 0);
	fake_free(f);
}

/* Without tags a translation of one address space serves the next one. */
static void test_tlb_tags(void **state)
{
	struct octet_cmd cmd = fake_gemm(1, 1, 1);

	(void)state;
	for (int broken = 0; broken < 2; broken++) {
		struct fake *f = fake_ready(broken ? "break-tlb-tags=on" : "");
		struct octet_completion c;

		assert_int_equal(fake_job(f, &cmd, 1).status, 0);
		fake_asid(f, 2);
		fake_map(f, 2, VA_CMD, fake_alloc(f, 4096, 4096), 4096, FAKE_RO);
		fake_queue(f, 0, &cmd, 1)->asid = 2;
		fake_doorbell(f, 0);
		fake_run(f);
		assert_true(fake_pop(f, 0, &c));
		assert_int_equal(c.status == 0, broken);
		fake_free(f);
	}
}

UNIT_MAIN(
	unit_case(test_stop_in_compute),
	unit_case(test_stop_after_compute),
	unit_case(test_stop_in_slices),
	unit_case(test_stop_in_last_store),
	unit_case(test_stop_in_chain),
	unit_case(test_stop_in_check),
	unit_case(test_stop_in_pace),
	unit_case(test_stop_without_job),
	unit_case(test_only_reset_leaves),
	unit_case(test_stop_announces),
	unit_case(test_sram),
	unit_case(test_livelock),
	unit_case(test_stuck_core),
	unit_case(test_stuck_device),
	unit_case(test_tlb_tags),
)
