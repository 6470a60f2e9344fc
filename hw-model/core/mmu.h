/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: ASID table, Sv39 walk, TLB, and the page lists that operands
 * are accessed through.
 */
#ifndef OCTET_MMU_H
#define OCTET_MMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <drm/octet_isa.h>

struct octet_core;
struct octet_machine;
struct octet_fault;

#define OCTET_TLB_SIZE	512u

struct octet_tlb_entry {
	uint64_t page;		/* DMA address */
	uint32_t vpn;
	uint16_t asid;
	bool valid;
	bool writable;
};

struct octet_tlb {
	struct octet_tlb_entry entry[OCTET_TLB_SIZE];
};

/*
 * The table of level 0 that the last walk went through: neighbours need not read the
 * levels above again. It is as if that walk were under way: never longer than the core has
 * the lock, and for one job.
 */
struct octet_tlb_way {
	bool known;
	uint64_t region;	/* address bits above those inside the table */
	uint64_t table;
};

/* The address space of the job in progress. */
struct octet_asid {
	uint16_t asid;
	bool root_known;	/* false after an invalidation: read again */
	uint64_t root;
};

/* Marks a page of struct octet_pages that no access touches. */
#define OCTET_PAGE_UNTOUCHED	UINT64_MAX

/*
 * Translations of the pages of a range, by position; bounded by the largest
 * extent of an operand, whatever its strides.
 */
struct octet_pages {
	uint16_t asid;
	uint64_t first;		/* page number of the first */
	size_t count, room;
	uint64_t *page;
	bool held;		/* in use until a command has finished */
};

/* Reads the ASID's root from the table: 0, BAD_ASID or BUS_ERROR. */
int octet_mmu_select(struct octet_core *core, uint16_t asid);

/* One page: 0 or a status; *page gets the DMA address of the page. */
int octet_mmu_translate(struct octet_core *core, uint64_t va, enum octet_access access,
			uint64_t *page);

/* Covers [va, va + len) without translating anything yet: 0 or a status. */
int octet_pages_cover(struct octet_core *core, struct octet_pages *pages, uint64_t va,
		      uint64_t len);
/* Translates what [va, va + len) touches; *bad gets the address that fails. */
int octet_pages_touch(struct octet_core *core, struct octet_pages *pages, uint64_t va,
		      uint64_t len, enum octet_access access, uint64_t *bad);
/* Copy through translations made before; *bad as above. */
int octet_pages_read(struct octet_core *core, const struct octet_pages *pages, uint64_t va,
		     void *buf, uint64_t len, uint64_t *bad);
int octet_pages_write(struct octet_core *core, const struct octet_pages *pages, uint64_t va,
		      const void *buf, uint64_t len, uint64_t *bad);

/* TLB maintenance of all cores; @command is OCTET_TLB_CMD_*. */
void octet_mmu_invalidate(struct octet_machine *m, uint32_t command);
void octet_mmu_flush_core(struct octet_core *core);
/* The core uses no translation from before any more. */
void octet_mmu_release(struct octet_core *core);

#endif /* OCTET_MMU_H */
