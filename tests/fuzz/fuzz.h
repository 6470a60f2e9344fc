/* SPDX-License-Identifier: MIT */
/*
 * The fuzzer of the machine core.
 *
 * fuzz_core.c     the host, the actions
 * fuzz_guest.c    what a guest has in memory: tables, rings, jobs
 * fuzz_command.c  commands and chains, and the records and tables they name
 * fuzz_model.c    what the machine did against the manual
 * fuzz_arith.c    the arithmetic by loops, from the manual and nothing else
 * random.c        a main() for compilers without libFuzzer
 */
#ifndef OCTET_FUZZ_H
#define OCTET_FUZZ_H

#include <stdbool.h>
#include <stdint.h>

#include "core_priv.h"

#define FUZZ_RAM	(UINT64_C(16) << 20)

/* DMA addresses */
#define FUZZ_ASIDS	UINT64_C(0x1000)
#define FUZZ_TABLES	UINT64_C(0x2000)	/* per ASID three pages */
#define FUZZ_RINGS	UINT64_C(0x20000)	/* per core a ring, a queue */
#define FUZZ_CMDS	UINT64_C(0x40000)	/* in every address space */
#define FUZZ_DATA	UINT64_C(0x200000)	/* 2 MiB aligned */

/* Virtual: 2 MiB from FUZZ_VA on are FUZZ_DATA, 256 KiB before are FUZZ_CMDS. */
#define FUZZ_VA		UINT64_C(0x40200000)
#define FUZZ_VA_CMDS	(FUZZ_VA - 0x40000)
#define FUZZ_ORDER	6u

/**
 * struct fuzz - one run
 *
 * @pending: a core's compute that was asked for and not done
 * @check: the core's result equals the model's; memory must follow
 * @link: per core hashes of the tensors of its chain; 0: not known
 * @faults: injected ones, or tables that changed: memory may differ
 */
struct fuzz {
	const uint8_t *data;
	size_t left;
	struct octet_machine *m;
	uint64_t now, deadline;
	bool pending[OCTET_CORE_MAX], check[OCTET_CORE_MAX];
	uint64_t link[OCTET_CORE_MAX][OCTET_CHAIN_MAX + 1];
	bool faults;
	unsigned int slices;
	uint64_t seq;
};

/** What all runs together came to. */
struct fuzz_seen {
	unsigned long long computed, compared, links, stopped, saved, loaded;
	unsigned long long by_op[OCTET_OP_TCONV2D + 1];
};

extern struct fuzz_seen fuzz_seen;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline uint8_t fuzz_byte(struct fuzz *f)
{
	if (!f->left)
		return 0;
	f->left--;
	return *f->data++;
}

static inline uint32_t fuzz_word(struct fuzz *f)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++)
		v = v << 8 | fuzz_byte(f);
	return v;
}

/* fuzz_core.c */
void fuzz_store(uint64_t addr, const void *from, size_t len);
const uint8_t *fuzz_load(uint64_t addr, size_t len);

/* fuzz_guest.c */
uint32_t fuzz_value(struct fuzz *f);
void fuzz_setup(struct fuzz *f);
void fuzz_edit_tables(struct fuzz *f);
void fuzz_scribble(struct fuzz *f);
void fuzz_push_job(struct fuzz *f, unsigned int core);

/* fuzz_command.c */
void fuzz_mutate(struct fuzz *f, void *record, size_t size);
struct octet_cmd fuzz_command(struct fuzz *f);
void fuzz_chain(struct fuzz *f, struct octet_cmd *cmds, uint32_t count);

/* fuzz_arith.c */
int64_t fuzz_element(uint8_t type, const void *p, uint64_t i);
int64_t fuzz_result(const struct octet_work *w, uint64_t p, uint32_t o);

/* fuzz_model.c: abort() where the machine and the model differ */
uint64_t fuzz_work(const struct octet_cmd *cmd);
void fuzz_check_inputs(struct fuzz *f, const struct octet_core *core);
void fuzz_check_result(const struct octet_core *core);
void fuzz_note_link(struct fuzz *f, const struct octet_core *core, bool known);
void fuzz_check_memory(struct fuzz *f, const struct octet_core *core,
		       const struct octet_cmd *cmd);

#endif /* OCTET_FUZZ_H */
