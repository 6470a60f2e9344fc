// SPDX-License-Identifier: MIT
/*
 * Saved state: random jobs are cut at random steps, saved, loaded into a fresh
 * machine and go on; memory, completions and counters must be those of a run
 * without cuts. What has been changed on the way is refused, or runs.
 */
#include <stdlib.h>
#include <string.h>

#include "unit.h"
#include "core_fake_host.h"

/* With the sanitizers a machine costs more than its jobs. */
#ifdef __SANITIZE_ADDRESS__
#define ROUNDS	60u
#else
#define ROUNDS	250u
#endif
#define JOBS	6
#define KINDS	16
#define HALF		0x8000u		/* of a buffer, a core's share */
#define IN_SRAM	(32u << 10)

static uint32_t seed;
static unsigned int cuts, ok_of[KINDS];

static uint32_t roll(uint32_t below)
{
	seed = seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)seed * below >> 32);
}

static struct octet_cmd kind_of(uint32_t kind)
{
	switch (kind) {
	case 0: return fake_gemm(4, 8, 4);
	case 1: return fake_conv();
	case 2: return fake_depthwise();
	case 3: return fake_tconv();
	case 4: return fake_lut();
	case 5: return fake_pool(OCTET_POOL_MAX);
	case 6: return fake_pool(OCTET_POOL_SUM);
	case 7: return fake_copy();
	case 8: return fake_fill();
	case 9: return fake_softmax();
	case 10: return fake_reduce(OCTET_REDUCE_MAX);
	case 11: return fake_resize();
	case 12: return fake_residual();
	case 13: return fake_ew(OCTET_EW_MUL);
	case 14: return fake_ew(OCTET_EW_MAX);
	default: return fake_ew(OCTET_EW_ADD);
	}
}

static struct octet_cmd command(void)
{
	struct octet_cmd cmd = kind_of(roll(KINDS));

	if (cmd.src.space && roll(3) == 0)
		cmd.dst.addr = cmd.src.addr;	/* once more would be wrong */
	if (roll(4) == 0) {
		cmd.dst.space = OCTET_SPACE_SRAM;
		cmd.dst.addr = 1024 * roll(16);
	}
	if (cmd.src.space && roll(4) == 0) {
		cmd.src.space = OCTET_SPACE_SRAM;
		cmd.src.addr = 1024 * roll(16);
	}
	return cmd;
}

/* The other core's share of memory. */
static void move(struct octet_cmd *cmd)
{
	struct octet_operand *all[] = { &cmd->src, &cmd->src2, &cmd->wgt, &cmd->dst };

	for (int i = 0; i < 4; i++)
		if (all[i]->space == OCTET_SPACE_VA)
			all[i]->addr += HALF;
}

/* A job of each kind of ending; mostly good. Return: its entry's flags. */
static void queue_job(struct fake *f, unsigned int core, unsigned int number)
{
	uint64_t at = 0x1000 * (uint64_t)number;
	uint32_t count = 1 + roll(5);
	struct octet_cmd *cmds = fake_va(f, VA_CMD + at);
	struct octet_ring_entry *e = fake_push(f, core, 100 + number);

	for (uint32_t i = 0; i < count; i++) {
		cmds[i] = command();
		if (count > 3 && i >= count - 3 && number % 2) {
			/* the last three are a chain */
			cmds[i] = fake_ew(OCTET_EW_ADD);
			cmds[i].dst.addr = cmds[i].src.addr;
			fake_link(&cmds[i], i == count - 3 ? -1 : (int)(i + 3 - count), i == count - 1);
		}
		if (core)
			move(&cmds[i]);
	}
	e->opcode = roll(8) ? OCTET_RING_RUN : OCTET_RING_NOP;
	e->flags = (uint8_t)(roll(2) * OCTET_RING_F_IRQ + roll(2) * OCTET_RING_F_RESUME);
	e->asid = 1;
	e->cmd_va = roll(20) ? VA_CMD + at : 0x66000000;
	e->cmd_count = count;
	e->sw = IN_SRAM;
	e->lb = 256 << 10;
	e->budget = roll(10) ? 0 : 20000;
	e->report_va = roll(2) ? VA_REPORT + 0x400 * number : 0;
}

static void put_data(struct fake *f)
{
	for (uint64_t i = 0; i < VA_SIZE; i += i % HALF < 2048 ? 1 : HALF - 2048) {
		((uint8_t *)fake_va(f, VA_SRC))[i] = (uint8_t)roll(256);
		((uint8_t *)fake_va(f, VA_SRC2))[i] = (uint8_t)roll(256);
		((uint8_t *)fake_va(f, VA_WGT))[i] = (uint8_t)roll(256);
	}
}

static struct fake *scenario(uint32_t number)
{
	static const char *const configs[] = {
		"", "timing=paced", "timing=paced,array=a256", "sram=384K",
		"inject-hang=2,inject-core=0",
		"inject-bad-completion=2,inject-drop-irq=2,inject-core=1",
	};
	struct fake *f;

	seed = number;
	f = fake_ready(configs[roll(6)]);
	put_data(f);
	fake_cwrite(f, 0, OCTET_CORE_IRQ_DELAY_US, roll(2) * 50);
	fake_enable(f, 1);
	for (unsigned int i = 0; i < JOBS; i++)
		queue_job(f, i & 1, i);
	fake_doorbell(f, 0);
	fake_doorbell(f, 1);
	return f;
}

static void load_into(struct fake *f, const void *data, size_t size)
{
	struct octet_config cfg = *octet_machine_config(f->m);
	struct octet_host host = f->m->host;
	char err[200] = "";

	octet_machine_free(f->m);
	memset(&cfg.inject, 0, sizeof(cfg.inject));
	f->m = octet_machine_new(&cfg, &host, err, sizeof(err));
	assert_non_null(f->m);
	if (octet_machine_load(f->m, data, size, err, sizeof(err)))
		fail_msg("%s", err);
}

/* The machine goes, another one comes. */
static void cut(struct fake *f)
{
	void *data, *again;
	size_t size, size2;

	assert_int_equal(octet_machine_save(f->m, &data, &size), 0);
	load_into(f, data, size);
	assert_int_equal(octet_machine_save(f->m, &again, &size2), 0);
	assert_int_equal(size, size2);
	assert_memory_equal(data, again, size);
	free(again);
	free(data);
	cuts++;
}

/* Software of a core: leaves HALTED, resets a hung core and drops its ring. */
static bool care(struct fake *f, unsigned int c)
{
	if (fake_state(f, c) == OCTET_CORE_STATE_HALTED) {
		fake_cwrite(f, c, OCTET_CORE_CTRL,
			    OCTET_CORE_CTRL_ENABLE | OCTET_CORE_CTRL_RESUME);
		return true;
	}
	if (f->m->core[c].phase != OCTET_PHASE_HUNG)
		return false;
	fake_cwrite(f, c, OCTET_CORE_CTRL, OCTET_CORE_CTRL_RESET);
	return true;
}

/* Runs to the end; a cut before one of @every moves, 0: none. */
static void drive(struct fake *f, uint32_t every, uint32_t cut_seed)
{
	bool pending[2] = { false, false };
	uint64_t deadline = 1;

	seed = cut_seed;
	while (deadline) {
		bool busy = false;

		deadline = 0;
		for (unsigned int c = 0; c < 2; c++) {
			struct octet_step step;

			if (every && roll(every) == 0) {
				cut(f);
				pending[0] = pending[1] = false;
			}
			if (pending[c])
				octet_core_compute(f->m, c);
			step = octet_core_step(f->m, c);
			pending[c] = step.kind == OCTET_STEP_COMPUTE;
			busy |= pending[c] || care(f, c);
			if (step.deadline_ns && (!deadline || step.deadline_ns < deadline))
				deadline = step.deadline_ns;
		}
		if (busy)
			deadline = 1;
		else if (deadline)
			f->now = deadline;
	}
}

static void compare(struct fake *a, struct fake *b, uint32_t number)
{
	if (a->next != b->next || memcmp(a->ram, b->ram, a->next))
		fail_msg("scenario %u: memory differs", number);
	assert_int_equal(a->irqs[1], b->irqs[1]);
	assert_int_equal(a->irqs[2], b->irqs[2]);
	assert_int_equal(a->now, b->now);
	for (unsigned int c = 0; c < 2; c++) {
		assert_int_equal(fake_state(a, c), fake_state(b, c));
		assert_memory_equal(a->m->core[c].sram, b->m->core[c].sram,
				    a->m->config.sram);
		for (unsigned int i = 0; i < OCTET_COUNTERS; i++)
			/* A command that runs again may miss again. */
			if (i != OCTET_COUNTER_TLB_MISSES)
				assert_int_equal(fake_counter(a, c, i), fake_counter(b, c, i));
	}
}

static void note_kinds(void)
{
	for (uint32_t kind = 0; kind < KINDS; kind++) {
		struct fake *f = fake_ready("");
		struct octet_cmd cmd = kind_of(kind);

		put_data(f);
		ok_of[kind] += !fake_job(f, &cmd, 1).status;
		fake_free(f);
	}
}

static void test_cuts(void **state)
{
	(void)state;
	note_kinds();
	for (uint32_t kind = 0; kind < KINDS; kind++)
		if (!ok_of[kind])
			fail_msg("kind %u does not run", kind);
	for (uint32_t number = 0; number < ROUNDS; number++) {
		struct fake *whole = scenario(number), *parts = scenario(number);

		drive(whole, 0, 0);
		drive(parts, 2 + number % 5, number + 1);
		compare(whole, parts, number);
		fake_free(whole);
		fake_free(parts);
	}
	assert_true(cuts > 10 * ROUNDS);
}

/* A byte of SRAM that tells where it comes from. */
static uint8_t mark(size_t i)
{
	return (uint8_t)((i * 2654435761u) >> 24);
}

#define LARGE	((size_t)16 << 20)

/* 16 MiB move by eight bytes, in place: a cut in the slices of the load and of the store. */
static void test_cut_in_slices(void **state)
{
	struct octet_cmd cmd = fake_copy();
	struct octet_operand big = {
		.space = OCTET_SPACE_SRAM, .type = OCTET_TYPE_INT8,
		.stride = { UINT64_C(4) << 22, 8192, 4, 1 },
	};
	unsigned int storing = 0;

	(void)state;
	cmd.h = cmd.w = cmd.oh = cmd.ow = 2048;
	cmd.src = cmd.dst = big;
	cmd.dst.addr = 8;
	for (int at = 1; at < 12; at++) {
		struct fake *f = fake_ready("sram=64M");
		struct octet_ring_entry *e = fake_queue(f, 0, &cmd, 1);
		struct octet_completion c;
		int moves = 0;

		e->sw = 48 << 20;
		e->flags = OCTET_RING_F_RESUME;
		for (size_t i = 0; i < LARGE; i++)
			f->m->core[0].sram[i] = mark(i);
		f->m->core[0].sram_dirty = LARGE;
		fake_doorbell(f, 0);
		while (octet_core_step(f->m, 0).kind == OCTET_STEP_COMPUTE) {
			storing += moves + 1 == at && f->m->core[0].phase == OCTET_PHASE_STORE;
			if (++moves == at)
				cut(f);
			else
				octet_core_compute(f->m, 0);
		}
		assert_true(fake_pop(f, 0, &c));
		assert_int_equal(c.status, 0);
		for (size_t i = 0; i < LARGE; i++)
			if (f->m->core[0].sram[8 + i] != mark(i))
				fail_msg("cut %d: byte %zu", at, i);
		fake_free(f);
	}
	assert_true(storing > 1);
}

#define SIDE	256u

/* A result of 64 Ki runs of a byte, partly written. */
static struct fake *scattering(unsigned int slices)
{
	struct octet_cmd cmd = fake_fill();
	struct fake *f = fake_ready("");
	unsigned int left = slices;

	cmd.h = cmd.oh = 1;
	cmd.w = cmd.ow = cmd.cin = cmd.cout = SIDE;
	cmd.dst.stride[1] = cmd.dst.stride[0] = SIDE * SIDE;
	cmd.dst.stride[2] = 1;
	cmd.dst.stride[3] = SIDE;
	fake_queue(f, 0, &cmd, 1);
	fake_doorbell(f, 0);
	while (left) {
		assert_int_equal(octet_core_step(f->m, 0).kind, OCTET_STEP_COMPUTE);
		if (f->m->core[0].phase == OCTET_PHASE_STORE && !--left)
			return f;
		octet_core_compute(f->m, 0);
	}
	return f;
}

static unsigned int written(struct fake *f)
{
	const uint8_t *to = fake_va(f, VA_DST);
	unsigned int n = 0;

	for (unsigned int i = 0; i < SIDE * SIDE; i++)
		n += to[i] == 7;
	return n;
}

/*
 * A save writes nothing of a result: a guest decides how long that takes, and a stop of the
 * machine would wait for it. What is left is written by the one who loads, even if software
 * wants the core to stop.
 */
static void test_cut_while_scattering(void **state)
{
	struct octet_completion c;

	(void)state;
	for (unsigned int slices = 1; slices < 5; slices++) {
		struct fake *f = scattering(slices);
		unsigned int before = written(f);

		assert_in_range(before, 1, SIDE * SIDE - 1);
		cut(f);
		cut(f);
		assert_int_equal(written(f), before);
		if (slices & 1) {
			fake_cwrite(f, 0, OCTET_CORE_CTRL, 0);
			fake_cwrite(f, 0, OCTET_CORE_CTRL, OCTET_CORE_CTRL_STOP);
		}
		fake_run(f);
		assert_int_equal(written(f), SIDE * SIDE);
		assert_true(fake_pop(f, 0, &c));
		assert_int_equal(c.status, OCTET_STATUS_OK);
		fake_free(f);
	}
}

/* A state that lies about how large the result is. */
static void test_cut_lies_about_result(void **state)
{
	struct fake *f = scattering(1);
	struct octet_completion c;

	(void)state;
	cut(f);
	f->m->core[0].job.result--;
	fake_run(f);
	assert_true(fake_pop(f, 0, &c));
	assert_int_equal(c.status, OCTET_STATUS_TOO_LARGE);
	fake_free(f);
}

/* A TLB entry that memory does not hold any more is still there after a cut. */
static void test_stale_hit(void **state)
{
	struct octet_cmd cmd = fake_fill();
	struct fake *f = fake_ready("");

	(void)state;
	assert_int_equal(fake_job(f, &cmd, 1).status, 0);
	*fake_pte(f, 1, VA_DST, 0) = 0;
	cut(f);
	assert_int_equal(fake_job(f, &cmd, 1).status, 0);
	fake_invalidate(f, OCTET_TLB_CMD_ASID, 1, 0, 0);
	assert_int_equal(fake_job(f, &cmd, 1).status, OCTET_STATUS_UNMAPPED);
	fake_free(f);
}

/* Stuck, hung, stopped, halted, in reset: as before. */
static void test_states(void **state)
{
	struct fake *f = fake_ready("inject-stuck-core=1,inject-livelock=1,gone=off,"
				    "inject-core=0,break-tlb-tags=on");
	struct octet_cmd cmd = fake_gemm(1, 1, 1);
	struct octet_inject *inject;

	(void)state;
	fake_queue(f, 0, &cmd, 1);
	fake_doorbell(f, 0);
	fake_run(f);
	cut(f);
	fake_run(f);
	assert_int_equal(f->m->core[0].phase, OCTET_PHASE_LIVELOCK);
	fake_cwrite(f, 0, OCTET_CORE_CTRL, OCTET_CORE_CTRL_RESET);
	cut(f);
	fake_run(f);
	assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_RESET);
	inject = octet_machine_inject(f->m);
	assert_int_equal(inject->core, 0);
	assert_true(inject->break_tlb_tags);
	inject->stuck_device = 1;
	fake_write(f, OCTET_REG_CTRL, OCTET_CTRL_RESET);
	cut(f);
	assert_int_equal(fake_read(f, OCTET_REG_STATUS), 0);
	assert_int_equal(fake_read(f, OCTET_REG_RESETS), 1);
	octet_machine_reset(f->m);
	fake_write(f, OCTET_REG_ASID_TABLE_LO, (uint32_t)f->asid_table);
	fake_write(f, OCTET_REG_ASID_COUNT, 512);
	fake_enable(f, 0);
	fake_queue(f, 0, &cmd, 1);
	fake_doorbell(f, 0);
	assert_int_equal(octet_core_step(f->m, 0).kind, OCTET_STEP_COMPUTE);
	fake_cwrite(f, 0, OCTET_CORE_CTRL, OCTET_CORE_CTRL_STOP);
	cut(f);
	fake_run(f);
	assert_true(fake_cread(f, 0, OCTET_CORE_STATUS) & OCTET_CORE_STATUS_STOPPED);
	cut(f);
	assert_true(fake_cread(f, 0, OCTET_CORE_STATUS) & OCTET_CORE_STATUS_STOPPED);
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_SEQ_LO), 100);
	fake_free(f);
}

/* A state of a machine in the middle of things; to be freed. */
static void *some_state(size_t *size)
{
	struct octet_cmd cmd = fake_gemm(4, 8, 4);
	struct fake *f = fake_ready("");
	void *data;

	memset(f->m->core[1].sram, 1, 100);
	f->m->core[1].sram_dirty = 100;
	fake_queue(f, 0, &cmd, 1);
	fake_doorbell(f, 0);
	assert_int_equal(octet_core_step(f->m, 0).kind, OCTET_STEP_COMPUTE);
	assert_int_equal(octet_machine_save(f->m, &data, size), 0);
	fake_free(f);
	return data;
}

static void refused(const char *config, const void *data, size_t size, const char *part)
{
	struct fake *f = fake_new(config);
	char err[200] = "";

	assert_int_equal(octet_machine_load(f->m, data, size, err, sizeof(err)), -22);
	if (!strstr(err, part))
		fail_msg("'%s' does not say '%s'", err, part);
	assert_int_equal(octet_machine_load(f->m, data, size, NULL, 0), -22);
	/* It works as after power-on. */
	fake_write(f, OCTET_REG_ASID_COUNT, 5);
	assert_int_equal(fake_read(f, OCTET_REG_ASID_COUNT), 5);
	fake_run(f);
	fake_free(f);
}

static void test_refusals(void **state)
{
	size_t size;
	uint8_t *data = some_state(&size);
	struct fake *f;

	(void)state;
	refused("cores=3", data, size, "its machine has cores=2, this one cores=3");
	refused("array=a512", data, size, "MACs=1024, this one MACs=512");
	refused("sram=64K", data, size, "sram=1048576, this one sram=65536");
	refused("clock=1M", data, size, "clock");
	refused("dram-bytes-per-cycle=1", data, size, "dram-bytes-per-cycle");
	refused("", data, 0, "ends early");
	data[4]++;
	refused("", data, size, "version of the state=2");
	data[4]--;
	data[0]++;
	refused("", data, size, "not an Octet's");
	data[0]--;
	f = fake_new("");
	for (size_t cut_at = 0; cut_at < size; cut_at++)
		assert_int_equal(octet_machine_load(f->m, data, cut_at, NULL, 0), -22);
	fake_free(f);
	free(data);
}

/* What is loaded from changed bytes may be anything, but it must stay a machine. */
static void test_mutations(void **state)
{
	size_t size;
	uint8_t *data = some_state(&size), *changed = malloc(size);
	struct fake *f = fake_ready("");
	unsigned int loaded = 0;

	(void)state;
	assert_non_null(changed);
	seed = 1;
	for (size_t round = 0; round < 20000; round++) {
		memcpy(changed, data, size);
		for (uint32_t n = 1 + roll(2); n; n--)
			changed[roll(10) ? 64 + roll((uint32_t)size - 64) : roll((uint32_t)size)] ^=
				(uint8_t)(roll(3) ? 1u << roll(8) : roll(256));
		if (!octet_machine_load(f->m, changed, size, NULL, 0)) {
			loaded++;
			fake_doorbell(f, 0);
			fake_run(f);
			f->now += UINT64_C(1) << 40;
			fake_run(f);
		}
	}
	fake_free(f);
	assert_true(loaded > 1000 && loaded < 19000);
	free(changed);
	free(data);
}

static void test_busy(void **state)
{
	size_t size;
	void *data = some_state(&size);
	struct octet_cmd cmd = fake_gemm(1, 1, 1);
	struct fake *f = fake_ready("");

	(void)state;
	fake_queue(f, 0, &cmd, 1);
	fake_doorbell(f, 0);
	assert_int_equal(octet_core_step(f->m, 0).kind, OCTET_STEP_COMPUTE);
	assert_int_equal(octet_machine_load(f->m, data, size, NULL, 0), -16);
	octet_core_compute(f->m, 0);
	assert_int_equal(octet_machine_load(f->m, data, size, NULL, 0), 0);
	fake_run(f);
	free(data);
	fake_free(f);
}

UNIT_MAIN(
	unit_case(test_cuts),
	unit_case(test_cut_in_slices), unit_case(test_cut_while_scattering),
	unit_case(test_cut_lies_about_result),
	unit_case(test_stale_hit),
	unit_case(test_states),
	unit_case(test_refusals),
	unit_case(test_mutations),
	unit_case(test_busy),
)
