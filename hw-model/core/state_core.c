// SPDX-License-Identifier: MIT
/* Where a core stands when it is saved, and what cannot be when it is loaded. */
#include "state.h"

enum octet_saved octet_state_phase(const struct octet_core *core)
{
	switch (core->phase) {
	case OCTET_PHASE_CHECK:
	case OCTET_PHASE_COMMAND:
	case OCTET_PHASE_LOAD:
	case OCTET_PHASE_COMPUTE:
		return core->job.storing ? OCTET_SAVED_STORE : OCTET_SAVED_CHECK;
	case OCTET_PHASE_STORE:
		return OCTET_SAVED_STORE;
	case OCTET_PHASE_PACE:
		return OCTET_SAVED_PACE;
	case OCTET_PHASE_POST:
		return OCTET_SAVED_POST;
	case OCTET_PHASE_HALTED:
		return OCTET_SAVED_HALTED;
	case OCTET_PHASE_HUNG:
		return OCTET_SAVED_HUNG;
	case OCTET_PHASE_LIVELOCK:
		return OCTET_SAVED_LIVELOCK;
	case OCTET_PHASE_STOPPED:
		return OCTET_SAVED_STOPPED;
	case OCTET_PHASE_RESET:
		/* It waits for a compute that the one who loads does not have. */
		return core->stuck ? OCTET_SAVED_RESET : OCTET_SAVED_FETCH;
	default:
		return OCTET_SAVED_FETCH;
	}
}

/* The command that a core with OCTET_SAVED_CHECK or STORE goes on with. */
uint32_t octet_state_next(const struct octet_core *core)
{
	const struct octet_job *job = &core->job;

	switch (core->phase) {
	case OCTET_PHASE_CHECK:
		return job->restart ? job->restart : job->entry.first;
	case OCTET_PHASE_COMMAND:
		return octet_exec_unit(job);
	case OCTET_PHASE_STORE:
		return job->next;
	default:
		return job->storing ? job->next : job->chain;
	}
}

void octet_state_set_phase(struct octet_core *core, enum octet_saved phase)
{
	static const enum octet_phase phases[] = {
		[OCTET_SAVED_FETCH] = OCTET_PHASE_FETCH,
		[OCTET_SAVED_CHECK] = OCTET_PHASE_CHECK,
		[OCTET_SAVED_PACE] = OCTET_PHASE_PACE,
		[OCTET_SAVED_POST] = OCTET_PHASE_POST,
		[OCTET_SAVED_HALTED] = OCTET_PHASE_HALTED,
		[OCTET_SAVED_HUNG] = OCTET_PHASE_HUNG,
		[OCTET_SAVED_LIVELOCK] = OCTET_PHASE_LIVELOCK,
		[OCTET_SAVED_STOPPED] = OCTET_PHASE_STOPPED,
		[OCTET_SAVED_RESET] = OCTET_PHASE_RESET,
		[OCTET_SAVED_STORE] = OCTET_PHASE_CHECK,
	};

	core->phase = phase <= OCTET_SAVED_STORE ? phases[phase] : OCTET_PHASE_FETCH;
	core->job.checked = false;
	core->job.why = NULL;
	core->job.chain_cycles = 0;
	core->job.restart = core->job.next;
}

bool octet_state_tlb_ok(const struct octet_tlb_entry *e)
{
	return !(e->page & (OCTET_PAGE_SIZE - 1)) && e->page < BIT_ULL(OCTET_DMA_BITS) &&
	       e->vpn < BIT(OCTET_VA_BITS - OCTET_PAGE_SHIFT) && e->asid < BIT(OCTET_ASID_ORDER);
}

/* An entry that was found good when it was fetched. */
bool octet_state_entry_ok(const struct octet_core *core)
{
	const struct octet_ring_entry *e = &core->job.entry;

	return octet_ring_entry_ok(e) && e->opcode == OCTET_RING_RUN && !(e->report_va % 8) &&
	       e->asid == core->asid.asid &&
	       (uint64_t)e->sw + e->lb <= core->m->config.sram;
}

/*
 * The next command is one of the job's, or its end, and begins a chain. One whose result is
 * being written ends its chain.
 */
bool octet_state_boundary_ok(const struct octet_job *job, enum octet_saved phase)
{
	uint32_t i = job->next - job->entry.first;

	if (job->next < job->entry.first || job->next > job->entry.cmd_count)
		return false;
	if (phase == OCTET_SAVED_STORE)
		return job->next < job->entry.cmd_count &&
		       !(job->cmds[i].flags & OCTET_CMD_CHAIN);
	return !i || !(job->cmds[i - 1].flags & OCTET_CMD_CHAIN);
}

void octet_state_check_core(struct octet_stream *s, const struct octet_core *core,
			    enum octet_saved phase)
{
	uint32_t ctrl = octet_creg(core, OCTET_CORE_CTRL);
	bool enabled = ctrl & OCTET_CORE_CTRL_ENABLE;
	bool uses = phase == OCTET_SAVED_STORE ||
		    (phase >= OCTET_SAVED_CHECK && phase <= OCTET_SAVED_HALTED);

	octet_stream_rule(s, ctrl == 0 || ctrl == OCTET_CORE_CTRL_ENABLE ||
			  ctrl == OCTET_CORE_CTRL_STOP, "CTRL has a value that it cannot have");
	octet_stream_rule(s, octet_creg(core, OCTET_CORE_VECTOR) <= core->m->config.cores,
			  "VECTOR is none of the machine's");
	octet_stream_rule(s, core->asid.asid < BIT(OCTET_ASID_ORDER), "there is no such ASID");
	octet_stream_rule(s, core->stuck == (phase == OCTET_SAVED_RESET),
			  "a core is stuck, but not in its reset");
	if (!uses && (!enabled || core->ring_error))
		return;
	if (octet_ring_setup_bad(core))
		octet_stream_rule(s, false, "a core works without rings");
	else
		octet_stream_rule(s, core->ring_error || !octet_ring_tail_bad(core),
				  "RING_TAIL is not near RING_HEAD");
}

void octet_state_check_globals(struct octet_stream *s, const struct octet_machine *m)
{
	octet_stream_rule(s, m->regs[OCTET_REG_ASID_COUNT / 4] <= BIT(OCTET_ASID_ORDER),
			  "ASID_COUNT is too large");
	octet_stream_rule(s, m->regs[OCTET_REG_CTRL / 4] || !m->stuck,
			  "the device is stuck, but not in its reset");
}
