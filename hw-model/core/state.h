/* SPDX-License-Identifier: MIT */
/*
 * Saved state.
 *
 * state.c        the format
 * state_core.c   where a core stands, and what cannot be
 */
#ifndef OCTET_STATE_H
#define OCTET_STATE_H

#include "core_priv.h"

/**
 * struct octet_stream - bytes that are counted, written or read
 *
 * @data: NULL: only count
 * @size: of @data
 * @at: bytes so far
 * @loading: read
 * @why: the first rule that was broken; reads give zeros from then on
 * @text: room for @why
 */
struct octet_stream {
	uint8_t *data;
	size_t size, at;
	bool loading;
	const char *why;
	char text[96];
};

void octet_stream_bytes(struct octet_stream *s, void *p, size_t n);
void octet_stream_rule(struct octet_stream *s, bool ok, const char *why);

/* Where a core stands, at a command boundary. The values are part of the format. */
enum octet_saved {
	OCTET_SAVED_FETCH = 0,
	OCTET_SAVED_CHECK = 1,		/* check the job again, go on with its command @next */
	OCTET_SAVED_PACE = 2,
	OCTET_SAVED_POST = 3,
	OCTET_SAVED_HALTED = 4,
	OCTET_SAVED_HUNG = 5,
	OCTET_SAVED_LIVELOCK = 6,
	OCTET_SAVED_STOPPED = 7,
	OCTET_SAVED_RESET = 8,		/* stuck */
	OCTET_SAVED_STORE = 9,		/* as CHECK, but go on with writing the result of @next */
};

enum octet_saved octet_state_phase(const struct octet_core *core);
uint32_t octet_state_next(const struct octet_core *core);
void octet_state_set_phase(struct octet_core *core, enum octet_saved phase);

bool octet_state_tlb_ok(const struct octet_tlb_entry *e);
bool octet_state_entry_ok(const struct octet_core *core);
bool octet_state_boundary_ok(const struct octet_job *job, enum octet_saved phase);
void octet_state_check_core(struct octet_stream *s, const struct octet_core *core,
			    enum octet_saved phase);
void octet_state_check_globals(struct octet_stream *s, const struct octet_machine *m);

#endif /* OCTET_STATE_H */
