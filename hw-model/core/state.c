// SPDX-License-Identifier: MIT
/*
 * The machine's state as bytes: little-endian, one version, checked field by
 * field when it is loaded. A core is saved at a command boundary: a command, or
 * chain, of which nothing has been written runs again, after its job has been
 * checked again. Of a result that is partly written the rest is saved.
 *
 * One function per object goes both ways: it counts, writes, or reads.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

#define MAGIC		0x5354434fu	/* "OCTS" */
#define STATE_VERSION	1u

/* A number of @n bytes. */
static void number(struct octet_stream *s, uint64_t *v, unsigned int n)
{
	uint8_t raw[8] = { 0 };

	for (unsigned int i = 0; i < n; i++)
		raw[i] = (uint8_t)(*v >> 8 * i);
	octet_stream_bytes(s, raw, n);
	*v = 0;
	for (unsigned int i = 0; i < n; i++)
		*v |= (uint64_t)raw[i] << 8 * i;
}

#define FIELD(s, field, n) do {				\
	uint64_t v_ = (uint64_t)(field);		\
							\
	number(s, &v_, n);				\
	(field) = (__typeof__(field))v_;		\
} while (0)

static void flag(struct octet_stream *s, bool *b)
{
	uint64_t v = *b;

	number(s, &v, 1);
	octet_stream_rule(s, v <= 1, "a flag is neither 0 nor 1");
	*b = v & 1;
}

void octet_stream_bytes(struct octet_stream *s, void *p, size_t n)
{
	if (s->loading && (s->why || n > s->size - s->at)) {
		octet_stream_rule(s, false, "it ends early");
		memset(p, 0, n);
		return;
	}
	if (s->loading)
		memcpy(p, s->data + s->at, n);
	else if (s->data)
		memcpy(s->data + s->at, p, n);
	s->at += n;
}

/* Keeps the first broken rule. */
void octet_stream_rule(struct octet_stream *s, bool ok, const char *why)
{
	if (s->loading && !ok && !s->why)
		s->why = why;
}

/* A property of the machine that both sides must share. */
static void same(struct octet_stream *s, const char *name, uint64_t mine)
{
	uint64_t v = mine;

	number(s, &v, 8);
	if (!s->loading || s->why || v == mine)
		return;
	snprintf(s->text, sizeof(s->text), "its machine has %s=%llu, this one %s=%llu", name,
		 (unsigned long long)v, name, (unsigned long long)mine);
	s->why = s->text;
}

static void header(struct octet_stream *s, const struct octet_machine *m)
{
	const struct octet_config *c = &m->config;
	uint32_t magic = MAGIC;
	uint64_t length = s->size;

	FIELD(s, magic, 4);
	octet_stream_rule(s, magic == MAGIC, "it is not an Octet's");
	same(s, "version of the state", STATE_VERSION);
	FIELD(s, length, 8);
	octet_stream_rule(s, length == s->size, "its length is not what it says");
	same(s, "cores", c->cores);
	same(s, "MACs", (uint64_t)c->p * c->k * c->c);
	same(s, "sram", c->sram);
	same(s, "clock", c->clock_hz);
	same(s, "dram-bytes-per-cycle", c->dram_bpc);
}

static void inject(struct octet_stream *s, struct octet_inject *i)
{
	uint64_t core = (uint64_t)(i->core + 1);

	FIELD(s, i->hang, 8);
	FIELD(s, i->livelock, 8);
	FIELD(s, i->stuck_core, 8);
	FIELD(s, i->stuck_device, 8);
	FIELD(s, i->command, 8);
	FIELD(s, i->drop_irq, 8);
	FIELD(s, i->dma_error, 8);
	FIELD(s, i->bad_completion, 8);
	number(s, &core, 1);
	octet_stream_rule(s, core <= OCTET_CORE_MAX, "inject-core is no core");
	i->core = core <= OCTET_CORE_MAX ? (int)core - 1 : -1;
	flag(s, &i->gone);
	flag(s, &i->break_sram_zeroing);
	flag(s, &i->break_tlb_invalidation);
	flag(s, &i->break_tlb_tags);
	flag(s, &i->break_rounding);
}

/* Registers whose value is kept as it was written. */
static void registers(struct octet_stream *s, const struct octet_reg *table, size_t count,
		      uint32_t *regs)
{
	for (size_t i = 0; i < count; i++) {
		const struct octet_reg *r = &table[i];
		uint32_t *word = &regs[r->offset / 4];

		if ((r->access == OCTET_ACC_RO && (r->read || r->reset)) ||
		    r->access == OCTET_ACC_WO)
			continue;
		if (r->access == OCTET_ACC_RO && table == octet_global_regs)
			continue;	/* a capability */
		FIELD(s, *word, 4);
		octet_stream_rule(s, r->access == OCTET_ACC_RO || !(*word & ~r->mask),
				  "a register has bits that it does not have");
	}
}

static void tlb(struct octet_stream *s, struct octet_core *core)
{
	uint32_t count = 0;

	for (unsigned int i = 0; i < OCTET_TLB_SIZE; i++)
		count += core->tlb.entry[i].valid;
	FIELD(s, count, 4);
	octet_stream_rule(s, count <= OCTET_TLB_SIZE, "too many TLB entries");
	for (uint32_t i = 0, at = 0; i < count && !s->why; i++, at++) {
		struct octet_tlb_entry e = { 0 };

		while (!s->loading && !core->tlb.entry[at].valid)
			at++;
		if (!s->loading)
			e = core->tlb.entry[at];
		FIELD(s, e.vpn, 4);
		FIELD(s, e.asid, 2);
		FIELD(s, e.page, 8);
		flag(s, &e.writable);
		octet_stream_rule(s, octet_state_tlb_ok(&e), "a TLB entry is not possible");
		e.valid = true;
		if (s->loading && !s->why)
			core->tlb.entry[e.vpn % OCTET_TLB_SIZE] = e;
	}
	FIELD(s, core->asid.asid, 2);
	flag(s, &core->asid.root_known);
	FIELD(s, core->asid.root, 8);
	octet_stream_rule(s, !(core->asid.root & ~OCTET_ASID_ROOT), "a root table is misaligned");
}

static void sram(struct octet_stream *s, struct octet_core *core)
{
	uint64_t dirty = core->sram_dirty;

	FIELD(s, dirty, 8);
	octet_stream_rule(s, dirty <= core->m->config.sram, "more SRAM than there is");
	if (s->why)
		return;
	octet_stream_bytes(s, core->sram, dirty);
	core->sram_dirty = dirty;
}

static void fault(struct octet_stream *s, struct octet_fault *f)
{
	FIELD(s, f->status, 2);
	FIELD(s, f->detail, 4);
	FIELD(s, f->va, 8);
	FIELD(s, f->command, 4);
}

/* The commands that a job has copied. */
static void commands(struct octet_stream *s, struct octet_core *core, enum octet_saved phase)
{
	struct octet_job *job = &core->job;
	size_t size = (size_t)octet_job_count(job) * sizeof(struct octet_cmd);

	if (s->loading) {
		octet_stream_rule(s, octet_state_entry_ok(core), "a job's entry is not possible");
		octet_stream_rule(s, s->why || size <= s->size - s->at, "it ends early");
		if (s->why)
			return;
		if (octet_fetch_room(core)) {
			octet_stream_rule(s, false, "no memory");
			return;
		}
	}
	octet_stream_bytes(s, job->cmds, size);
	octet_stream_rule(s, octet_state_boundary_ok(job, phase),
			  "a job does not stand at a command that can be its next");
}

/* Is the job to be checked again? */
static bool has_commands(enum octet_saved phase)
{
	return phase == OCTET_SAVED_CHECK || phase == OCTET_SAVED_STORE;
}

/* The bytes of a result that are not written yet. */
static void result(struct octet_stream *s, struct octet_core *core)
{
	bool live = core->phase == OCTET_PHASE_STORE && !s->loading;
	struct octet_job *job = &core->job;
	uint64_t size = live ? core->walk.view.dense : job->result, done = job->stored;

	if (live)
		done = (uint64_t)(core->walk.dense - (uint8_t *)core->out.data);
	FIELD(s, size, 8);
	FIELD(s, done, 8);
	octet_stream_rule(s, size <= BIT_ULL(OCTET_OPERAND_ORDER) && done < size,
			  "a result has a size that it cannot have");
	octet_stream_rule(s, s->why || size - done <= s->size - s->at, "it ends early");
	if (s->loading && !s->why && octet_buffer_need(core, &core->out, size))
		octet_stream_rule(s, false, "no memory");
	if (s->why)
		return;
	octet_stream_bytes(s, (uint8_t *)core->out.data + done, size - done);
	if (!s->loading)
		return;
	job->result = size;
	job->stored = done;
}

static void job(struct octet_stream *s, struct octet_core *core, enum octet_saved phase)
{
	struct octet_job *job = &core->job;
	struct octet_fault f = { 0 };
	uint32_t next = 0;

	octet_stream_bytes(s, &job->entry, sizeof(job->entry));
	FIELD(s, job->start_ns, 8);
	FIELD(s, job->cycles, 8);
	FIELD(s, job->macs, 8);
	FIELD(s, job->dram_read, 8);
	FIELD(s, job->dram_write, 8);
	if (!s->loading && has_commands(phase))
		next = octet_state_next(core);
	else if (!s->loading)
		f = job->fault;	/* of a check under way it is the thread's */
	FIELD(s, next, 4);
	fault(s, &f);
	if (s->loading) {
		job->next = next;
		job->fault = f;
		job->storing = phase == OCTET_SAVED_STORE;
	}
	if (has_commands(phase))
		commands(s, core, phase);
	if (phase == OCTET_SAVED_STORE)
		result(s, core);
}

static void one_core(struct octet_stream *s, struct octet_core *core)
{
	enum octet_saved phase = s->loading ? OCTET_SAVED_FETCH : octet_state_phase(core);
	uint32_t progress = atomic_load(&core->progress);

	FIELD(s, phase, 1);
	octet_stream_rule(s, phase <= OCTET_SAVED_STORE, "a core is in no known state");
	flag(s, &core->ring_error);
	flag(s, &core->stuck);
	FIELD(s, core->stop_cmd, 4);
	FIELD(s, core->head, 4);
	FIELD(s, core->cq_tail, 4);
	FIELD(s, core->seq, 8);
	flag(s, &core->unannounced);
	FIELD(s, core->announce_ns, 8);
	FIELD(s, progress, 4);
	registers(s, octet_core_regs, octet_core_regs_count, core->regs);
	for (unsigned int i = 0; i < OCTET_COUNTERS; i++)
		FIELD(s, core->counter[i], 8);
	tlb(s, core);
	sram(s, core);
	job(s, core, phase);
	if (!s->loading)
		return;
	atomic_store(&core->progress, progress);
	octet_state_set_phase(core, phase);
	octet_state_check_core(s, core, phase);
}

static void machine(struct octet_stream *s, struct octet_machine *m)
{
	header(s, m);
	if (s->why)
		return;
	inject(s, &m->inject);
	FIELD(s, m->resets, 4);
	flag(s, &m->stuck);
	registers(s, octet_global_regs, octet_global_regs_count, m->regs);
	octet_state_check_globals(s, m);
	for (unsigned int c = 0; c < m->config.cores && !s->why; c++)
		one_core(s, &m->core[c]);
	octet_stream_rule(s, s->at == s->size, "there are bytes after its end");
}

int octet_machine_save(struct octet_machine *m, void **data, size_t *size)
{
	struct octet_stream s = { 0 };

	machine(&s, m);
	s = (struct octet_stream) { .size = s.at, .data = malloc(s.at) };
	if (!s.data)
		return -ENOMEM;
	machine(&s, m);
	*data = s.data;
	*size = s.size;
	return 0;
}

int octet_machine_load(struct octet_machine *m, const void *data, size_t size, char *err,
		       size_t err_size)
{
	struct octet_stream s = { .data = (uint8_t *)data, .size = size, .loading = true };

	for (unsigned int c = 0; c < m->config.cores; c++)
		if (!atomic_load(&m->core[c].compute_done))
			return -EBUSY;
	octet_machine_reset(m);
	machine(&s, m);
	octet_regs_reset_done(m);
	for (unsigned int c = 0; c < m->config.cores; c++)
		octet_core_kick(&m->core[c]);
	if (!s.why)
		return 0;
	m->inject = m->config.inject;
	octet_machine_reset(m);
	if (err && err_size)
		snprintf(err, err_size, "the saved state cannot be loaded: %s (at byte %zu of %zu)",
			 s.why, s.at, s.size);
	return -EINVAL;
}
