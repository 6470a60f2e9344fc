// SPDX-License-Identifier: MIT
/* The machine's life, and the state machine of a core. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "core_priv.h"
#include "simd.h"

void octet_guest_error(struct octet_machine *m, const char *fmt, ...)
{
	char text[200];
	va_list args;

	if (!m->host.guest_error)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	m->host.guest_error(m->host.opaque, text);
}

void octet_trace(struct octet_machine *m, const char *fmt, ...)
{
	char text[200];
	va_list args;

	if (!m->host.trace)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	m->host.trace(m->host.opaque, text);
}

/*
 * The job asks for @size bytes: 0 or -ENOMEM. What it asks for counts, not what is there,
 * so that how it ends depends neither on other cores nor on earlier jobs.
 */
int octet_buffer_charge(struct octet_core *core, struct octet_buffer *b, uint64_t size)
{
	uint64_t share = core->m->config.host_memory / core->m->config.cores;

	if (size <= b->charged)
		return 0;
	if (size - b->charged > share - core->charged) {
		octet_trace(core->m, "core %u: the job needs more than the core's share of "
			    "host-memory, %llu bytes", core->index, (unsigned long long)share);
		return -ENOMEM;
	}
	core->charged += size - b->charged;
	b->charged = size;
	return 0;
}

/* Room for @size bytes whose old contents do not matter: 0 or -ENOMEM. */
int octet_buffer_need(struct octet_core *core, struct octet_buffer *b, size_t size)
{
	if (octet_buffer_charge(core, b, size))
		return -ENOMEM;
	if (size <= b->size)
		return 0;
	free(b->data);
	b->data = malloc(size);
	b->size = b->data ? size : 0;
	return b->data ? 0 : -ENOMEM;
}

void octet_buffer_trim(struct octet_core *core, struct octet_buffer *b)
{
	core->charged -= b->charged;
	b->charged = 0;
	if (b->size <= OCTET_BUFFER_KEEP)
		return;
	free(b->data);
	b->data = NULL;
	b->size = 0;
}

static struct octet_buffer *buffer(struct octet_core *core, unsigned int i)
{
	struct octet_buffer *all[] = {
		&core->cmds, &core->timing, &core->reports, &core->src, &core->src2,
		&core->wgt, &core->prm, &core->chn, &core->table, &core->out, &core->stage,
		&core->packed_weights,
	};
	const unsigned int count = sizeof(all) / sizeof(all[0]);

	if (i < count)
		return all[i];
	return i - count < OCTET_CHAIN_MAX ? &core->link[i - count] : NULL;
}

static void trim(struct octet_core *core)
{
	for (unsigned int i = 0; buffer(core, i); i++)
		octet_buffer_trim(core, buffer(core, i));
}

void octet_core_kick(struct octet_core *core)
{
	core->m->host.kick(core->m->host.opaque, core->index);
}

/*
 * Puts a core back to where power-on leaves it, but for its counters and SRAM. A
 * compute under way is told to stop; the step after it ends the reset.
 */
void octet_core_reset(struct octet_core *core)
{
	bool running = !atomic_load(&core->compute_done);

	octet_regs_reset_core(core);
	core->head = 0;
	core->cq_tail = 0;
	core->seq = 0;
	core->ring_error = false;
	core->stop_cmd = 0;
	core->unannounced = false;
	core->announce_ns = 0;
	octet_mmu_flush_core(core);
	octet_mmu_release(core);
	octet_count(core, OCTET_COUNTER_RESETS, 1);
	if (running)
		atomic_store(&core->cancel, true);
	else
		trim(core);
	core->phase = running || core->stuck ? OCTET_PHASE_RESET : OCTET_PHASE_FETCH;
	octet_core_kick(core);
}

/* SRAM starts as zeros; only what has been written has to be cleared. */
static void clear_sram(struct octet_core *core)
{
	memset(core->sram, 0, core->sram_dirty);
	core->sram_dirty = 0;
}

static void reset_all(struct octet_machine *m)
{
	for (unsigned int c = 0; c < m->config.cores; c++) {
		m->core[c].stuck = m->stuck;
		octet_core_reset(&m->core[c]);
		memset(m->core[c].counter, 0, sizeof(m->core[c].counter));
	}
	m->tlb_busy = 0;
	octet_regs_reset_global(m);
	m->regs[OCTET_REG_CTRL / 4] = OCTET_CTRL_RESET;
	octet_regs_reset_done(m);
}

void octet_device_reset(struct octet_machine *m)
{
	if (m->inject.stuck_device && !--m->inject.stuck_device)
		m->stuck = true;
	m->resets++;
	reset_all(m);
}

void octet_machine_reset(struct octet_machine *m)
{
	m->stuck = false;
	m->resets = 0;
	reset_all(m);
	for (unsigned int c = 0; c < m->config.cores; c++)
		clear_sram(&m->core[c]);
}

static int core_init(struct octet_machine *m, unsigned int index)
{
	struct octet_core *core = &m->core[index];

	core->m = m;
	core->index = index;
	core->phase = OCTET_PHASE_FETCH;
	atomic_init(&core->cancel, false);
	atomic_init(&core->compute_done, true);
	atomic_init(&core->progress, 0);
	octet_regs_reset_core(core);
	core->sram = calloc(1, m->config.sram);
	return core->sram ? 0 : -ENOMEM;
}

struct octet_machine *octet_machine_new(const struct octet_config *config,
					const struct octet_host *host, char *err, size_t err_size)
{
	struct octet_config checked = *config;
	struct octet_machine *m;

	if (octet_config_check(&checked, err, err_size))
		return NULL;
	octet_simd_get();	/* asks for leave before there are threads */
	m = calloc(1, sizeof(*m));
	if (!m)
		goto no_memory;
	m->config = checked;
	m->host = *host;
	m->inject = checked.inject;
	m->timing = (struct octet_cycles_machine) {
		checked.p, checked.k, checked.c, checked.dram_bpc, checked.sram
	};
	octet_regs_reset_global(m);
	for (unsigned int c = 0; c < checked.cores; c++)
		if (core_init(m, c))
			goto no_memory;
	return m;

no_memory:
	octet_machine_free(m);
	if (err)
		snprintf(err, err_size, "no memory for a machine with %u cores and %llu bytes "
			 "of SRAM each", checked.cores, (unsigned long long)checked.sram);
	return NULL;
}

void octet_machine_free(struct octet_machine *m)
{
	if (!m)
		return;
	for (unsigned int c = 0; c < m->config.cores; c++) {
		struct octet_core *core = &m->core[c];

		for (unsigned int i = 0; buffer(core, i); i++)
			free(buffer(core, i)->data);
		octet_cycles_forget(&core->kept);
		free(core->dst_pages.page);
		free(core->report_pages.page);
		free(core->in_pages.page);
		free(core->sram);
	}
	free(m);
}

const struct octet_config *octet_machine_config(const struct octet_machine *m)
{
	return &m->config;
}

/* Hands work to the host, or nothing to do while others take the lock. */
static void hand_out(struct octet_core *core, enum octet_task task)
{
	core->task = task;
	atomic_store(&core->cancel, false);
	atomic_store(&core->compute_done, false);
}

/* STOP was written: what runs without the lock shall return soon. */
void octet_core_stop(struct octet_core *core)
{
	if (core->phase == OCTET_PHASE_CHECK || core->phase == OCTET_PHASE_COMPUTE)
		atomic_store(&core->cancel, true);
}

/* Gives up the job before @command, of which nothing has been written. */
static void stopped(struct octet_core *core, uint32_t command)
{
	octet_trace(core->m, "core %u: job %llu stopped before command %u", core->index,
		    (unsigned long long)core->job.entry.seq, command);
	octet_mmu_release(core);
	trim(core);
	core->stop_cmd = command;
	core->phase = OCTET_PHASE_STOPPED;
	if (core->unannounced)
		octet_ring_announce(core);
}

/* Takes an entry. Return: false if there is none. */
static bool step_fetch(struct octet_core *core)
{
	struct octet_job *job = &core->job;

	if (!octet_ring_fetch(core))
		return false;
	core->phase = OCTET_PHASE_PACE;
	if (octet_ring_check_entry(core, &job->fault) || job->entry.opcode == OCTET_RING_NOP)
		return true;
	octet_trace(core->m, "core %u: job %llu: commands %u..%u of asid %u", core->index,
		    (unsigned long long)job->entry.seq, job->entry.first,
		    job->entry.cmd_count - 1, job->entry.asid);
	if (octet_inject_fires(core, &core->m->inject.hang)) {
		core->phase = OCTET_PHASE_HUNG;
		return true;
	}
	if (octet_inject_fires(core, &core->m->inject.livelock)) {
		core->phase = OCTET_PHASE_LIVELOCK;
		return true;
	}
	if (!(job->entry.flags & OCTET_RING_F_RESUME) && !core->m->inject.break_sram_zeroing)
		clear_sram(core);
	if (octet_fetch_job(core, &job->fault))
		return true;
	core->phase = OCTET_PHASE_CHECK;
	return true;
}

/* Return: true if the host has something to do, as in the next ones. */
static bool step_check(struct octet_core *core)
{
	struct octet_job *job = &core->job;

	if (!job->checked && octet_stopping(core) && !job->storing) {
		stopped(core, job->entry.first);
		return false;
	}
	if (!job->checked && octet_check_is_short(core)) {
		atomic_store(&core->cancel, false);
		octet_check_job(core);
	}
	if (!job->checked) {
		hand_out(core, OCTET_TASK_CHECK);
		return true;
	}
	if (job->fault.status == OCTET_STATUS_NO_FIT)
		octet_trace(core->m, "core %u: command %u does not fit: %s", core->index,
			    job->fault.command, job->why ? job->why : "no tiling");
	job->next = job->restart ? job->restart : job->entry.first;
	if (job->fault.status)
		core->phase = OCTET_PHASE_PACE;
	else if (!job->storing)
		core->phase = OCTET_PHASE_COMMAND;
	else
		core->phase = octet_exec_restore(core, &job->fault) ? OCTET_PHASE_PACE :
								       OCTET_PHASE_LOAD;
	return false;
}

static bool step_command(struct octet_core *core)
{
	struct octet_job *job = &core->job;

	core->phase = OCTET_PHASE_PACE;
	if (job->next == job->entry.cmd_count)
		return true;
	if (octet_stopping(core))
		stopped(core, octet_exec_unit(job));
	else if (!octet_exec_start(core, &job->fault))
		core->phase = OCTET_PHASE_LOAD;
	return true;
}

static bool step_load(struct octet_core *core)
{
	int status;

	if (octet_stopping(core) && !core->job.storing) {
		stopped(core, core->job.chain);
		return false;
	}
	status = octet_exec_load(core, &core->job.fault);
	if (status > 0) {
		core->phase = OCTET_PHASE_PACE;
		return false;
	}
	if (!status && core->job.storing) {
		octet_walk_seek(core, core->job.stored);
		core->job.storing = false;
		core->phase = OCTET_PHASE_STORE;
		return false;
	}
	if (!status)
		core->phase = OCTET_PHASE_COMPUTE;
	hand_out(core, status ? OCTET_TASK_NOTHING : OCTET_TASK_COMPUTE);
	return true;
}

static bool step_computed(struct octet_core *core)
{
	if (octet_stopping(core)) {
		stopped(core, core->job.chain);
		return false;
	}
	if (core->compute_rc == -ECANCELED) {
		/* Cancelled by the host, not by a reset: the copies are intact. */
		hand_out(core, OCTET_TASK_COMPUTE);
		return true;
	}
	core->phase = OCTET_PHASE_STORE;
	return false;
}

static bool step_store(struct octet_core *core)
{
	int status = octet_exec_store(core, &core->job.fault);

	if (status == OCTET_AGAIN) {
		hand_out(core, OCTET_TASK_NOTHING);
		return true;
	}
	core->phase = status ? OCTET_PHASE_PACE : OCTET_PHASE_COMMAND;
	return false;
}

/* When the modelled machine would be done, on the host's clock. */
static uint64_t pace_deadline(const struct octet_core *core)
{
	uint64_t hz = core->m->config.clock_hz, cycles = core->job.cycles;
	uint64_t ns, rest = (cycles % hz * UINT64_C(1000000000) + hz - 1) / hz;

	if (core->m->config.timing != OCTET_TIMING_PACED || octet_stopping(core))
		return 0;
	if (__builtin_mul_overflow(cycles / hz, UINT64_C(1000000000), &ns) ||
	    __builtin_add_overflow(ns, rest, &ns) ||
	    __builtin_add_overflow(ns, core->job.start_ns, &ns))
		return UINT64_MAX;
	return ns;
}

static bool step_pace(struct octet_core *core)
{
	uint64_t deadline = pace_deadline(core);

	/* The wait may be long, and nothing of the job is needed any more. */
	trim(core);
	if (deadline && core->m->host.clock_ns(core->m->host.opaque) < deadline)
		return false;
	core->phase = OCTET_PHASE_POST;
	return true;
}

static struct octet_step rest(struct octet_core *core, enum octet_step_kind kind)
{
	struct octet_step step = {
		.kind = kind, .deadline_ns = core->unannounced ? core->announce_ns : 0,
		.brief = kind == OCTET_STEP_COMPUTE && core->task == OCTET_TASK_COMPUTE &&
			 octet_work_is_brief(&core->work) && !octet_ring_more(core),
	};
	uint64_t pace = core->phase == OCTET_PHASE_PACE ? pace_deadline(core) : 0;

	if (pace && (!step.deadline_ns || pace < step.deadline_ns))
		step.deadline_ns = pace;
	return step;
}

/* One move of the state machine. Return: false if the core has to wait. */
static bool advance(struct octet_core *core, bool *compute)
{
	/* The host still has what it was given. */
	if (!atomic_load(&core->compute_done))
		return false;
	switch (core->phase) {
	case OCTET_PHASE_FETCH:
		return step_fetch(core);
	case OCTET_PHASE_CHECK:
		*compute = step_check(core);
		return !*compute;
	case OCTET_PHASE_COMMAND:
		return step_command(core);
	case OCTET_PHASE_LOAD:
		*compute = step_load(core);
		return !*compute;
	case OCTET_PHASE_COMPUTE:
		*compute = step_computed(core);
		return !*compute;
	case OCTET_PHASE_STORE:
		*compute = step_store(core);
		return !*compute;
	case OCTET_PHASE_PACE:
		return step_pace(core);
	case OCTET_PHASE_POST:
		return octet_ring_post(core);
	case OCTET_PHASE_RESET:
		if (core->stuck)
			return false;
		trim(core);
		core->phase = OCTET_PHASE_FETCH;
		octet_regs_reset_done(core->m);
		return true;
	default:
		return false;
	}
}

struct octet_step octet_core_step(struct octet_machine *m, unsigned int index)
{
	struct octet_step idle = { .kind = OCTET_STEP_IDLE };
	struct octet_core *core = &m->core[index];
	bool compute = false;

	if (index >= m->config.cores || m->inject.gone)
		return idle;
	octet_ring_tick(core);
	core->way.known = false;
	while (advance(core, &compute))
		;
	return rest(core, compute ? OCTET_STEP_COMPUTE : OCTET_STEP_IDLE);
}

uint64_t octet_core_tick(struct octet_machine *m, unsigned int index)
{
	struct octet_core *core = &m->core[index];

	if (index >= m->config.cores || m->inject.gone)
		return 0;
	octet_ring_tick(core);
	return core->unannounced ? core->announce_ns : 0;
}

void octet_core_compute(struct octet_machine *m, unsigned int index)
{
	struct octet_core *core = &m->core[index];

	if (core->task == OCTET_TASK_CHECK)
		octet_check_job(core);
	else if (core->task == OCTET_TASK_COMPUTE)
		core->compute_rc = octet_work_compute(&core->work);
	atomic_store(&core->compute_done, true);
}

void octet_core_cancel(struct octet_machine *m, unsigned int index)
{
	atomic_store(&m->core[index].cancel, true);
}
