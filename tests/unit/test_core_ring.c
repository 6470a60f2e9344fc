// SPDX-License-Identifier: MIT
/* Rings, completions and interrupts: order, abuse, wrap, full queue. */
#include <string.h>

#include "unit.h"
#include "core_fake_host.h"

#define ENABLE	OCTET_CORE_CTRL_ENABLE
#define RESUME	(OCTET_CORE_CTRL_ENABLE | OCTET_CORE_CTRL_RESUME)
#define RESET	OCTET_CORE_CTRL_RESET
#define SIZE	(1u << FAKE_ORDER)

static bool ring_error(struct fake *f)
{
	return fake_cread(f, 0, OCTET_CORE_STATUS) & OCTET_CORE_STATUS_RING_ERROR;
}

static void check_works(struct fake *f)
{
	struct octet_completion c;

	fake_push(f, 0, 4711);
	fake_doorbell(f, 0);
	fake_run(f);
	assert_true(fake_pop(f, 0, &c));
	assert_int_equal(c.seq, 4711);
	assert_int_equal(c.status, 0);
}

static void test_order_and_wrap(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_completion c;
	uint64_t seq = 0, want = 0;

	(void)state;
	for (unsigned int round = 0; round < 40; round++) {
		for (unsigned int i = 0; i < 1 + round % SIZE; i++)
			fake_push(f, 0, seq++);
		fake_doorbell(f, 0);
		fake_run(f);
		while (fake_pop(f, 0, &c))
			assert_int_equal(c.seq, want++);
		assert_int_equal(want, seq);
	}
	assert_true(seq > 8 * SIZE);
	assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_ENTRIES), seq);
	assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_DOORBELLS), 40);
	assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_DOORBELL_CYCLES), 4000);
	assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_FETCH_CYCLES), 250 * seq);
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_RING_HEAD), seq);
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_CQ_TAIL), seq);
	fake_free(f);
}

/* A NOP completes; what it does not use is not looked at. */
static void test_nop(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_ring_entry *e = fake_push(f, 0, 9);
	struct octet_completion c;

	(void)state;
	memset((uint8_t *)e + 16, 0xff, 48);
	e->asid = 0xffff;
	fake_doorbell(f, 0);
	fake_run(f);
	assert_true(fake_pop(f, 0, &c));
	assert_int_equal(c.status, 0);
	assert_int_equal(c.command, 0);
	assert_int_equal(c.cycles, 0);
	assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_JOBS), 0);
	fake_free(f);
}

static void test_bad_setup(void **state)
{
	static const struct { uint32_t offset, value; const char *text; } cases[] = {
		{ OCTET_CORE_RING_ORDER, 5, "RING_ORDER" },
		{ OCTET_CORE_RING_ORDER, 13, "RING_ORDER" },
		{ OCTET_CORE_RING_ORDER, 0xffffffff, "RING_ORDER" },
		{ OCTET_CORE_RING_ORDER, 7, "CQ_ORDER" },
		{ OCTET_CORE_CQ_ORDER, 5, "CQ_ORDER" },
		{ OCTET_CORE_CQ_ORDER, 32, "CQ_ORDER" },
		{ OCTET_CORE_RING_LO, 0, "RING is not" },
		{ OCTET_CORE_RING_LO, 0x10020, "RING is not" },
		{ OCTET_CORE_RING_HI, 0x01000000, "RING is not" },
		{ OCTET_CORE_CQ_LO, 0x10001, "CQ is not" },
		{ OCTET_CORE_RING_TAIL, SIZE + 1, "RING_TAIL" },
	};
	struct fake *f = fake_ready("");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned int irqs = f->irqs[1];

		fake_enable(f, 0);
		fake_cwrite(f, 0, OCTET_CORE_CTRL, 0);
		fake_cwrite(f, 0, cases[i].offset, cases[i].value);
		fake_cwrite(f, 0, OCTET_CORE_CTRL, ENABLE);
		if (!ring_error(f) || !strstr(f->error, cases[i].text))
			fail_msg("case %zu: %s", i, f->error);
		assert_int_equal(fake_cread(f, 0, OCTET_CORE_IRQ_STATUS), OCTET_CORE_IRQ_RING);
		assert_int_equal(f->irqs[1], irqs + 1);
		/* Nothing is executed until a reset. */
		fake_doorbell(f, 0);
		fake_run(f);
		assert_int_equal(fake_cread(f, 0, OCTET_CORE_RING_HEAD), 0);
		fake_cwrite(f, 0, OCTET_CORE_CTRL, RESET);
		fake_cwrite(f, 0, OCTET_CORE_RING_HI, 0);
		fake_enable(f, 0);
		assert_false(ring_error(f));
		check_works(f);
		fake_cwrite(f, 0, OCTET_CORE_CTRL, RESET);
	}
	fake_free(f);
}

static void test_bad_tail(void **state)
{
	static const uint32_t tails[] = { 2 + SIZE + 1, 0x80000000, 1, 0, 0xffffffff };
	struct fake *f = fake_ready("");

	(void)state;
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		check_works(f);
		check_works(f);
		fake_cwrite(f, 0, OCTET_CORE_RING_TAIL, tails[i]);
		assert_true(ring_error(f));
		fake_run(f);
		assert_int_equal(fake_cread(f, 0, OCTET_CORE_RING_HEAD), 2);
		fake_cwrite(f, 0, OCTET_CORE_CTRL, RESET);
		fake_enable(f, 0);
	}
	/* Exactly full is fine. */
	for (unsigned int i = 0; i < SIZE; i++)
		fake_push(f, 0, i);
	fake_doorbell(f, 0);
	assert_false(ring_error(f));
	fake_free(f);
}

/* A ring or a queue outside memory, found when it is used. */
static void test_ring_outside_memory(void **state)
{
	struct fake *f = fake_ready("");

	(void)state;
	for (int queue = 0; queue < 2; queue++) {
		fake_cwrite(f, 0, OCTET_CORE_CTRL, RESET);
		fake_enable(f, 0);
		fake_cwrite(f, 0, OCTET_CORE_CTRL, 0);
		fake_cwrite(f, 0, queue ? OCTET_CORE_CQ_HI : OCTET_CORE_RING_HI, 1);
		fake_cwrite(f, 0, OCTET_CORE_CTRL, ENABLE);
		assert_false(ring_error(f));
		fake_push(f, 0, 1);
		fake_doorbell(f, 0);
		fake_run(f);
		assert_true(ring_error(f));
		fake_cwrite(f, 0, OCTET_CORE_CTRL, RESET);
	}
	fake_enable(f, 0);
	check_works(f);
	fake_free(f);
}

static void test_doorbell_without_setup(void **state)
{
	struct fake *f = fake_new("");

	(void)state;
	fake_cwrite(f, 0, OCTET_CORE_RING_TAIL, 3);
	fake_run(f);
	assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_OFF);
	assert_int_equal(f->dma, 0);
	fake_cwrite(f, 0, OCTET_CORE_CTRL, ENABLE);
	fake_run(f);
	assert_true(ring_error(f));
	assert_int_equal(f->dma, 0);
	fake_free(f);
}

/* A full completion queue makes the core wait; nothing is lost. */
static void test_queue_full(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_completion c;
	uint64_t want = 0;

	(void)state;
	for (uint64_t i = 0; i < SIZE; i++)
		fake_push(f, 0, i);
	fake_doorbell(f, 0);
	fake_run(f);
	for (uint64_t i = SIZE; i < SIZE + 5; i++)
		fake_push(f, 0, i);
	fake_doorbell(f, 0);
	fake_run(f);
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_CQ_TAIL), SIZE);
	assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_BUSY);
	/* A head that lies is refused and frees nothing. */
	fake_cwrite(f, 0, OCTET_CORE_CQ_HEAD, SIZE + 1);
	assert_non_null(strstr(f->error, "CQ_HEAD"));
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_CQ_HEAD), 0);
	while (want < SIZE + 5) {
		assert_true(fake_pop(f, 0, &c));
		assert_int_equal(c.seq, want++);
		assert_true(f->kicked[0]);
		fake_run(f);
	}
	assert_false(fake_pop(f, 0, &c));
	fake_free(f);
}

static void test_bad_entries(void **state)
{
	struct octet_cmd cmd = fake_gemm(1, 1, 1);
	struct fake *f = fake_ready("");

	(void)state;
	for (int i = 0; i < 10; i++) {
		struct octet_ring_entry *e = fake_queue(f, 0, &cmd, 1);
		unsigned int want = OCTET_STATUS_BAD_ENTRY, errors = f->irqs[1];
		struct octet_completion c;

		switch (i) {
		case 0: e->opcode = 2; break;
		case 1: e->flags = 4; break;
		case 2: e->reserved = 1; break;
		case 3: e->cmd_count = 0; break;
		case 4: e->cmd_count = 4097; break;
		case 5: e->first = 1; break;
		case 6: e->cmd_va += 32; break;
		case 7: e->report_va = VA_REPORT + 4; break;
		case 8: e->sw = (1 << 20) - e->lb + 1; want = OCTET_STATUS_BAD_SPLIT; break;
		case 9: e->sw = 0xffffffff; e->lb = 0xffffffff; want = OCTET_STATUS_BAD_SPLIT; break;
		}
		fake_push(f, 0, 5555);
		fake_doorbell(f, 0);
		fake_run(f);
		assert_true(fake_pop(f, 0, &c));
		if (c.status != want)
			fail_msg("case %d: status 0x%x", i, c.status);
		assert_int_equal(c.detail, i == 7 ? OCTET_OPERAND_REPORT : OCTET_OPERAND_CMD);
		/* Halted: the next entry waits for RESUME. */
		assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_HALTED);
		assert_false(fake_pop(f, 0, &c));
		assert_int_equal(fake_cread(f, 0, OCTET_CORE_IRQ_STATUS),
				 OCTET_CORE_IRQ_DONE | OCTET_CORE_IRQ_ERROR);
		assert_int_equal(f->irqs[1], errors + 1);
		fake_cwrite(f, 0, OCTET_CORE_IRQ_STATUS, 7);
		fake_cwrite(f, 0, OCTET_CORE_CTRL, RESUME);
		fake_run(f);
		assert_true(fake_pop(f, 0, &c));
		assert_int_equal(c.seq, 5555);
		fake_cwrite(f, 0, OCTET_CORE_IRQ_STATUS, 7);
	}
	assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_ERRORS), 10);
	fake_free(f);
}

/* While halted, software may turn what is not fetched into NOPs. */
static void test_drop_while_halted(void **state)
{
	struct octet_cmd cmd = fake_gemm(1, 1, 1);
	struct fake *f = fake_ready("");
	struct octet_ring_entry *second;
	struct octet_completion c;

	(void)state;
	fake_queue(f, 0, &cmd, 1)->cmd_va = 0x7000000;
	second = fake_queue(f, 0, &cmd, 1);
	fake_doorbell(f, 0);
	fake_run(f);
	assert_true(fake_pop(f, 0, &c));
	assert_int_equal(c.status, OCTET_STATUS_UNMAPPED);
	second->opcode = OCTET_RING_NOP;
	fake_cwrite(f, 0, OCTET_CORE_CTRL, RESUME);
	fake_run(f);
	assert_true(fake_pop(f, 0, &c));
	assert_int_equal(c.status, 0);
	assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_JOBS), 0);
	fake_free(f);
}

static void test_resume_when_not_halted(void **state)
{
	struct fake *f = fake_ready("");

	(void)state;
	fake_cwrite(f, 0, OCTET_CORE_CTRL, RESUME);
	assert_non_null(strstr(f->error, "not halted"));
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_CTRL), ENABLE);
	check_works(f);
	fake_free(f);
}

/* Messages are edges: none while the bit stays set, one for many completions. */
static void test_irq_edges(void **state)
{
	struct fake *f = fake_ready("");

	(void)state;
	check_works(f);
	assert_int_equal(f->irqs[1], 1);
	check_works(f);
	assert_int_equal(f->irqs[1], 1);
	fake_cwrite(f, 0, OCTET_CORE_IRQ_STATUS, OCTET_CORE_IRQ_DONE);
	for (int i = 0; i < 32; i++)
		fake_push(f, 0, (uint64_t)i);
	fake_doorbell(f, 0);
	fake_run(f);
	assert_int_equal(f->irqs[1], 2);
	/* Not enabled: no message; enabling with the bit set sends it. */
	fake_cwrite(f, 0, OCTET_CORE_IRQ_STATUS, OCTET_CORE_IRQ_DONE);
	fake_cwrite(f, 0, OCTET_CORE_IRQ_ENABLE, 0);
	fake_push(f, 0, 1);
	fake_doorbell(f, 0);
	fake_run(f);
	assert_int_equal(f->irqs[1], 2);
	fake_cwrite(f, 0, OCTET_CORE_VECTOR, 0);
	fake_cwrite(f, 0, OCTET_CORE_IRQ_ENABLE, OCTET_CORE_IRQ_DONE);
	assert_int_equal(f->irqs[0], 1);
	assert_int_equal(f->irqs[1], 2);
	assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_IRQS), 3);
	assert_int_equal(fake_counter(f, 0, OCTET_COUNTER_IRQ_CYCLES), 900);
	fake_free(f);
}

/* An entry that asks announces at once, others wait for the delay. */
static void test_irq_asked_and_delayed(void **state)
{
	struct octet_cmd cmd = fake_gemm(1, 1, 1);
	struct fake *f = fake_ready("");
	struct octet_step step;

	(void)state;
	fake_cwrite(f, 0, OCTET_CORE_IRQ_DELAY_US, 50);
	fake_push(f, 0, 1);
	fake_queue(f, 0, &cmd, 1);
	fake_doorbell(f, 0);
	step = octet_core_step(f->m, 0);
	assert_int_equal(step.kind, OCTET_STEP_COMPUTE);
	assert_int_equal(f->irqs[1], 0);
	assert_int_equal(step.deadline_ns, f->now + 50000);
	f->now += 50000;
	octet_core_compute(f->m, 0);
	octet_core_step(f->m, 0);
	assert_int_equal(f->irqs[1], 1);
	fake_cwrite(f, 0, OCTET_CORE_IRQ_STATUS, 7);
	fake_push(f, 0, 1)->flags = OCTET_RING_F_IRQ;
	fake_queue(f, 0, &cmd, 1);
	fake_doorbell(f, 0);
	assert_int_equal(octet_core_step(f->m, 0).kind, OCTET_STEP_COMPUTE);
	assert_int_equal(f->irqs[1], 2);
	octet_core_compute(f->m, 0);
	fake_run(f);
	fake_free(f);
}

/* Who steps may compute what is small, but not a queue of it. */
static void test_brief_is_the_last(void **state)
{
	struct octet_cmd cmd = fake_gemm(1, 1, 1);
	struct fake *f = fake_ready("");
	struct octet_step step;

	(void)state;
	for (int job = 0; job < 2; job++)
		fake_queue(f, 0, &cmd, 1);
	fake_doorbell(f, 0);
	for (int job = 0; job < 2; job++) {
		step = octet_core_step(f->m, 0);
		assert_int_equal(step.kind, OCTET_STEP_COMPUTE);
		assert_int_equal(step.brief, job == 1);
		octet_core_compute(f->m, 0);
	}
	fake_run(f);
	fake_free(f);
}

/* A delay that is set while a completion is not announced counts from then on. */
static void test_irq_delay_set_late(void **state)
{
	struct octet_cmd cmd = fake_gemm(1, 1, 1);
	struct fake *f = fake_ready("");

	(void)state;
	fake_push(f, 0, 1);
	fake_queue(f, 0, &cmd, 1);
	fake_doorbell(f, 0);
	assert_int_equal(octet_core_step(f->m, 0).kind, OCTET_STEP_COMPUTE);
	assert_int_equal(octet_core_tick(f->m, 0), 0);
	f->now += 1000;
	f->kicked[0] = false;
	fake_cwrite(f, 0, OCTET_CORE_IRQ_DELAY_US, 50);
	assert_true(f->kicked[0]);
	assert_int_equal(octet_core_tick(f->m, 0), f->now + 50000);
	f->now += 49999;
	/* what waits keeps its time */
	fake_cwrite(f, 0, OCTET_CORE_IRQ_DELAY_US, 90);
	assert_int_equal(octet_core_tick(f->m, 0), f->now + 1);
	assert_int_equal(f->irqs[1], 0);
	f->now++;
	assert_int_equal(octet_core_tick(f->m, 0), 0);
	assert_int_equal(f->irqs[1], 1);
	octet_core_compute(f->m, 0);
	fake_run(f);
	fake_free(f);
}

/* Clearing ENABLE ends after the job under way; the rest waits. */
static void test_disable(void **state)
{
	struct octet_cmd cmd = fake_gemm(1, 1, 1);
	struct fake *f = fake_ready("");
	struct octet_completion c;

	(void)state;
	fake_queue(f, 0, &cmd, 1);
	fake_push(f, 0, 8);
	fake_doorbell(f, 0);
	assert_int_equal(octet_core_step(f->m, 0).kind, OCTET_STEP_COMPUTE);
	fake_cwrite(f, 0, OCTET_CORE_CTRL, 0);
	assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_BUSY);
	octet_core_compute(f->m, 0);
	fake_run(f);
	assert_int_equal(fake_state(f, 0), OCTET_CORE_STATE_OFF);
	assert_int_equal(f->irqs[1], 1);
	assert_true(fake_pop(f, 0, &c));
	assert_false(fake_pop(f, 0, &c));
	fake_cwrite(f, 0, OCTET_CORE_CTRL, ENABLE);
	fake_run(f);
	assert_true(fake_pop(f, 0, &c));
	assert_int_equal(c.seq, 8);
	fake_free(f);
}

UNIT_MAIN(
	unit_case(test_order_and_wrap),
	unit_case(test_nop),
	unit_case(test_bad_setup),
	unit_case(test_bad_tail),
	unit_case(test_ring_outside_memory),
	unit_case(test_doorbell_without_setup),
	unit_case(test_queue_full),
	unit_case(test_bad_entries),
	unit_case(test_drop_while_halted),
	unit_case(test_resume_when_not_halted),
	unit_case(test_irq_edges),
	unit_case(test_irq_asked_and_delayed), unit_case(test_brief_is_the_last),
	unit_case(test_irq_delay_set_late),
	unit_case(test_disable),
)
