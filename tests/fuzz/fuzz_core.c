// SPDX-License-Identifier: MIT
/*
 * Fuzzes the machine core as a guest sees it: register writes, page tables,
 * rings, commands, in any order and with steps in between. Every result that is
 * small enough is compared with fuzz_model.c, in the private copy and in memory.
 *
 * The input is a list of actions; what they need is read from it as it comes, so
 * that each input is valid and small changes stay small.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "simd.h"

#define ACTIONS		96
#define SMALL_WORK	(1u << 16)
#define LARGE_WORK	(UINT64_C(1) << 24)
#define SLICES		16

struct fuzz_seen fuzz_seen;

static uint8_t memory[FUZZ_RAM];
static bool dirty[FUZZ_RAM >> 12];

static void mark(uint64_t addr, size_t len)
{
	for (uint64_t page = addr >> 12; page <= (addr + len - 1) >> 12; page++)
		dirty[page] = true;
}

static bool inside(uint64_t addr, size_t len)
{
	return len <= FUZZ_RAM && addr <= FUZZ_RAM - len;
}

void fuzz_store(uint64_t addr, const void *from, size_t len)
{
	if (!len || !inside(addr, len))
		return;
	mark(addr, len);
	memcpy(memory + addr, from, len);
}

const uint8_t *fuzz_load(uint64_t addr, size_t len)
{
	return inside(addr, len) ? memory + addr : NULL;
}

static int dma_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
	(void)opaque;
	if (!inside(addr, len))
		return -1;
	memcpy(buf, memory + addr, len);
	return 0;
}

static int dma_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
	(void)opaque;
	if (!inside(addr, len))
		return -1;
	fuzz_store(addr, buf, len);
	return 0;
}

static void kick(void *opaque, unsigned int core)
{
	struct fuzz *f = opaque;

	if (core >= octet_machine_config(f->m)->cores)
		abort();
}

static void irq(void *opaque, unsigned int vector)
{
	struct fuzz *f = opaque;

	if (vector > octet_machine_config(f->m)->cores)
		abort();
}

static uint64_t clock_ns(void *opaque)
{
	return ((struct fuzz *)opaque)->now;
}

static void text(void *opaque, const char *text)
{
	(void)opaque;
	if (strlen(text) >= 200)
		abort();
}

static void make_machine(struct fuzz *f)
{
	static const char *const levels[] = { NULL, "portable", "avx2", "avx512vnni" };
	static const char *const arrays[] = { "a256", "a512", "a1024", "a2048" };
	struct octet_host host = {
		f, dma_read, dma_write, kick, irq, clock_ns, text, text, 1, NULL
	};
	uint8_t kind = fuzz_byte(f);
	struct octet_config config;

	octet_simd_force(levels[fuzz_byte(f) & 3]);
	octet_config_default(&config);
	octet_config_set(&config, "array", arrays[kind & 3], NULL, 0);
	config.cores = 1 + (kind >> 2 & 1);
	config.sram = kind & 8 ? 64 << 10 : 1 << 20;
	if (kind >> 4 == 15)
		config.timing = OCTET_TIMING_PACED;
	f->m = octet_machine_new(&config, &host, NULL, 0);
	if (!f->m)
		abort();
}

static uint32_t creg(struct fuzz *f, unsigned int core, uint32_t reg)
{
	return octet_machine_read(f->m, OCTET_CORE(core) + reg);
}

static void cset(struct fuzz *f, unsigned int core, uint32_t reg, uint32_t value)
{
	octet_machine_write(f->m, OCTET_CORE(core) + reg, value);
}

/* A compute the host was asked for. */
static void compute(struct fuzz *f, unsigned int c)
{
	struct octet_core *core = &f->m->core[c];
	uint64_t work;

	f->pending[c] = false;
	if (core->phase != OCTET_PHASE_COMPUTE) {
		if (++f->slices > SLICES)
			cset(f, c, OCTET_CORE_CTRL, OCTET_CORE_CTRL_RESET);
		octet_core_compute(f->m, c);
		return;
	}
	work = fuzz_work(&core->work.cmd);
	if (work > LARGE_WORK)
		cset(f, c, OCTET_CORE_CTRL, OCTET_CORE_CTRL_RESET);
	octet_core_compute(f->m, c);
	fuzz_seen.computed += !core->compute_rc;
	f->check[c] = work <= SMALL_WORK && !core->compute_rc;
	fuzz_note_link(f, core, f->check[c]);
	if (!f->check[c])
		return;
	fuzz_seen.compared++;
	fuzz_seen.by_op[core->work.cmd.op]++;
	fuzz_check_result(core);
}

static void step(struct fuzz *f, unsigned int c)
{
	struct octet_core *core = &f->m->core[c];
	uint64_t done = core->counter[OCTET_COUNTER_COMMANDS];
	struct octet_cmd cmd = core->work.cmd;
	bool check = f->check[c] && core->phase == OCTET_PHASE_COMPUTE &&
		     !core->job.entry.report_va;
	const struct octet_buffer out = core->out;
	uint32_t head = core->head;
	struct octet_step step;

	if (f->pending[c])
		return;
	step = octet_core_step(f->m, c);
	f->pending[c] = step.kind == OCTET_STEP_COMPUTE;
	f->check[c] = false;
	/* The command is complete and no other one, no other job, came after it. */
	if (check && core->phase != OCTET_PHASE_RESET &&
	    core->counter[OCTET_COUNTER_COMMANDS] > done &&
	    core->out.data == out.data && core->out.size == out.size &&
	    core->head == head && !f->pending[c])
		fuzz_check_memory(f, core, &cmd);
	if (f->pending[c] && core->phase == OCTET_PHASE_COMPUTE) {
		if (core->job.next == core->job.chain)
			memset(f->link[c], 0, sizeof(f->link[c]));
		if (fuzz_work(&core->work.cmd) <= SMALL_WORK)
			fuzz_check_inputs(f, core);
	}
	if (step.deadline_ns && step.deadline_ns - f->now < 1000000000)
		f->deadline = step.deadline_ns;
}

static void run(struct fuzz *f, unsigned int c)
{
	for (int i = 0; i < 64; i++) {
		step(f, c);
		if (!f->pending[c])
			break;
		compute(f, c);
	}
}

static void write_register(struct fuzz *f)
{
	uint8_t which = fuzz_byte(f);
	uint32_t value = fuzz_value(f), offset;

	if (which & 0x80)
		offset = octet_global_regs[which % octet_global_regs_count].offset;
	else
		offset = OCTET_CORE(which & 1) +
			 octet_core_regs[(which >> 1) % octet_core_regs_count].offset;
	if (which == 0xff)
		offset = value * 2654435761u % (2 * OCTET_BAR_SIZE);
	f->faults = true;
	octet_machine_write(f->m, offset, value);
	octet_machine_read(f->m, offset);
	octet_machine_read(f->m, offset ^ 0x104);
}

static void reset(struct fuzz *f)
{
	uint8_t how = fuzz_byte(f);

	switch (how & 3) {
	case 0:
	case 1:
		cset(f, how >> 2 & 1, OCTET_CORE_CTRL, OCTET_CORE_CTRL_RESET);
		break;
	case 2:
		octet_machine_write(f->m, OCTET_REG_CTRL, OCTET_CTRL_RESET);
		break;
	default:
		octet_machine_reset(f->m);
	}
	if (how & 0x10)
		return;
	for (unsigned int c = 0; c < 2; c++) {
		if (f->pending[c])
			compute(f, c);
		run(f, c % octet_machine_config(f->m)->cores);
	}
	fuzz_setup(f);
}

static void inject(struct fuzz *f)
{
	struct octet_inject *i = octet_machine_inject(f->m);
	uint8_t which = fuzz_byte(f), n = fuzz_byte(f);

	f->faults = true;
	switch (which % 11) {
	case 8: i->livelock = n & 1; break;
	case 9: i->stuck_core = n & 3; break;
	case 10: i->stuck_device = n & 1; break;
	case 0: i->hang = n & 1; break;
	case 1: i->command = n & 7; break;
	case 2: i->drop_irq = n & 7; break;
	case 3: i->dma_error = n; break;
	case 4: i->bad_completion = n & 7; break;
	case 5: i->core = (n & 3) - 1; break;
	case 6: i->break_sram_zeroing = n & 1; break;
	default:
		i->break_tlb_invalidation = n & 1;
		i->break_rounding = n & 2;
		i->break_tlb_tags = n & 4;
		i->gone = (n & 0xfc) == 0xfc;
	}
}

/* Gives a core's job up before its next command; half of the time a reset follows. */
static void stop(struct fuzz *f, unsigned int c)
{
	uint8_t how = fuzz_byte(f);

	cset(f, c, OCTET_CORE_CTRL, OCTET_CORE_CTRL_STOP);
	if (f->pending[c])
		compute(f, c);
	run(f, c);
	if (creg(f, c, OCTET_CORE_STATUS) & OCTET_CORE_STATUS_STOPPED) {
		fuzz_seen.stopped++;
		if (creg(f, c, OCTET_CORE_STOP_CMD) >= f->m->core[c].job.entry.cmd_count)
			abort();
	}
	cset(f, c, OCTET_CORE_CTRL, how & 1 ? OCTET_CORE_CTRL_RESET : OCTET_CORE_CTRL_ENABLE);
}

/* Whatever was being computed is lost, and done again. */
static void forget_computes(struct fuzz *f)
{
	memset(f->pending, 0, sizeof(f->pending));
	memset(f->check, 0, sizeof(f->check));
}

static void change(struct fuzz *f, uint8_t *data, size_t size)
{
	for (uint8_t n = 1 + (fuzz_byte(f) & 3); n; n--) {
		uint32_t at = fuzz_word(f);

		/* Most of it is counters, SRAM and TLB. */
		data[at % (at & 1 ? size : size < 1024 ? size : 1024)] ^= fuzz_byte(f);
	}
}

/* Another machine goes on from here; @changed: from something else. */
static void save_and_load(struct fuzz *f, bool changed)
{
	struct octet_host host = f->m->host;
	struct octet_machine *m;
	void *data;
	size_t size;

	m = octet_machine_new(octet_machine_config(f->m), &host, NULL, 0);
	if (!m || octet_machine_save(f->m, &data, &size))
		abort();
	octet_machine_free(f->m);
	f->m = m;
	forget_computes(f);
	if (changed)
		change(f, data, size);
	f->faults |= changed;
	if (!octet_machine_load(m, data, size, NULL, 0)) {
		fuzz_seen.loaded += changed;
		fuzz_seen.saved += !changed;
	} else if (!changed) {
		abort();
	} else {
		fuzz_setup(f);
	}
	free(data);
}

static void consume(struct fuzz *f, unsigned int c)
{
	cset(f, c, OCTET_CORE_CQ_HEAD, creg(f, c, OCTET_CORE_CQ_TAIL));
	cset(f, c, OCTET_CORE_IRQ_STATUS, 7);
	cset(f, c, OCTET_CORE_CTRL, OCTET_CORE_CTRL_ENABLE | OCTET_CORE_CTRL_RESUME);
}

static void invalidate(struct fuzz *f)
{
	uint8_t how = fuzz_byte(f);
	uint64_t va = FUZZ_VA + ((uint64_t)fuzz_byte(f) << 12);

	octet_machine_write(f->m, OCTET_REG_TLB_ASID, how >> 4);
	octet_machine_write(f->m, OCTET_REG_TLB_VA_LO, (uint32_t)va);
	octet_machine_write(f->m, OCTET_REG_TLB_VA_HI, 0);
	octet_machine_write(f->m, OCTET_REG_TLB_PAGES, how >> 2);
	octet_machine_write(f->m, OCTET_REG_TLB_CMD, how & 3);
}

static void act(struct fuzz *f)
{
	uint8_t what = fuzz_byte(f);
	unsigned int c = what >> 4 & 1 ? octet_machine_config(f->m)->cores - 1 : 0;

	switch (what & 15) {
	case 0: write_register(f); break;
	case 1: fuzz_edit_tables(f); break;
	case 2: reset(f); break;
	case 3: inject(f); break;
	case 4: consume(f, c); break;
	case 5: invalidate(f); break;
	case 6: f->now += (uint64_t)fuzz_byte(f) << (fuzz_byte(f) & 31); break;
	case 7: f->now = f->deadline > f->now ? f->deadline : f->now; break;
	case 8: fuzz_scribble(f); break;
	case 9: step(f, c); break;
	case 10:
		if (f->pending[c])
			compute(f, c);
		break;
	case 11:
		if (what & 0x80)
			save_and_load(f, what & 0x20);
		else if (what & 0x40)
			stop(f, c);
		else
			octet_core_cancel(f->m, c);
		break;
	case 12:
	case 13:
		fuzz_push_job(f, c);
		break;
	default:
		fuzz_push_job(f, c);
		if (f->pending[c])
			compute(f, c);
		run(f, c);
		consume(f, c);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { .data = data, .left = size, .now = 1000 };

	make_machine(&f);
	fuzz_setup(&f);
	for (int i = 0; i < ACTIONS && f.left; i++)
		act(&f);
	octet_machine_free(f.m);
	for (size_t page = 0; page < sizeof(dirty); page++) {
		if (dirty[page])
			memset(memory + (page << 12), 0, 4096);
		dirty[page] = false;
	}
	return 0;
}
