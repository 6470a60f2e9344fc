// SPDX-License-Identifier: MIT
/* Address translation: ASID table, Sv39 page tables, TLB. */
#include <stdlib.h>

#include "core_priv.h"

/* Entries of a table that a walk reads at level 0, 64 bytes: the TLB gets all of them. */
#define LINE_ENTRIES	8u

/* Length of an access through merged pages, to keep one DMA call bounded. */
#define DMA_CHUNK	((uint64_t)1 << 20)

static bool canonical(uint64_t va)
{
	uint64_t top = va >> (OCTET_VA_BITS - 1);

	return top == 0 || top == ~UINT64_C(0) >> (OCTET_VA_BITS - 1);
}

static uint32_t page_number(uint64_t va)
{
	return (uint32_t)((va & GENMASK_ULL(OCTET_VA_BITS - 1, 0)) >> OCTET_PAGE_SHIFT);
}

int octet_mmu_select(struct octet_core *core, uint16_t asid)
{
	const uint32_t *regs = core->m->regs;
	uint64_t table = regs[OCTET_REG_ASID_TABLE_LO / 4] |
			 (uint64_t)regs[OCTET_REG_ASID_TABLE_HI / 4] << 32;
	uint8_t raw[8];
	uint64_t entry;

	core->way.known = false;
	if (asid >= regs[OCTET_REG_ASID_COUNT / 4])
		return OCTET_STATUS_BAD_ASID;
	if (octet_dma_read(core, table + 8 * (uint64_t)asid, raw, sizeof(raw)))
		return OCTET_STATUS_BUS_ERROR;
	entry = octet_get64(raw);
	if (!(entry & OCTET_ASID_VALID) || (entry & ~(OCTET_ASID_VALID | OCTET_ASID_ROOT)))
		return OCTET_STATUS_BAD_ASID;
	core->asid.asid = asid;
	core->asid.root = entry & OCTET_ASID_ROOT;
	core->asid.root_known = true;
	return 0;
}

/* A leaf of @level: its address bits for @va, or BAD_PTE. */
static int leaf(uint64_t pte, int level, uint64_t va, struct octet_tlb_entry *out)
{
	uint64_t base = OCTET_FIELD_GET(OCTET_PTE_PPN, pte) << OCTET_PAGE_SHIFT;
	uint64_t inside = BIT_ULL(OCTET_PT_SHIFT(level)) - 1;

	if (base & inside)
		return OCTET_STATUS_BAD_PTE;
	out->page = base | (va & inside & ~(uint64_t)(OCTET_PAGE_SIZE - 1));
	out->writable = pte & OCTET_PTE_W;
	return 0;
}

/* An entry that says something, of any level: 0 or a status. */
static int check_entry(uint64_t pte)
{
	if (!(pte & OCTET_PTE_V))
		return OCTET_STATUS_UNMAPPED;
	return pte & (OCTET_PTE_RESERVED | OCTET_PTE_X | OCTET_PTE_G) ? OCTET_STATUS_BAD_PTE : 0;
}

/* An entry of level 0: with neither R nor W it would be a pointer. */
static int last_entry(uint64_t pte, uint64_t va, struct octet_tlb_entry *out)
{
	int status = check_entry(pte);

	if (status)
		return status;
	return pte & OCTET_PTE_R ? leaf(pte, 0, va, out) : OCTET_STATUS_BAD_PTE;
}

/* A page that lies beside one that was missed, unless the TLB has it already. */
static void fill(struct octet_core *core, uint64_t va, uint64_t pte)
{
	struct octet_tlb_entry fresh = {
		.valid = true,
		.vpn = page_number(va),
		.asid = core->asid.asid,
	};
	struct octet_tlb_entry *e = &core->tlb.entry[fresh.vpn % OCTET_TLB_SIZE];

	if (e->valid && e->vpn == fresh.vpn && e->asid == fresh.asid)
		return;
	if (!last_entry(pte, va, &fresh))
		*e = fresh;
}

/* The line of a table of level 0 that has the entry of @va. */
static int walk_line(struct octet_core *core, uint64_t table, uint64_t va,
		     struct octet_tlb_entry *out)
{
	unsigned int index = va >> OCTET_PAGE_SHIFT & (OCTET_PT_ENTRIES - 1);
	unsigned int at = index % LINE_ENTRIES;
	uint8_t raw[8 * LINE_ENTRIES];
	int status;

	if (octet_dma_read(core, table + 8 * (uint64_t)(index - at), raw, sizeof(raw)))
		return OCTET_STATUS_BUS_ERROR;
	status = last_entry(octet_get64(raw + 8 * at), va, out);
	if (status)
		return status;
	for (unsigned int i = 0; i < LINE_ENTRIES; i++)
		if (i != at)
			fill(core, va + ((uint64_t)i - at) * OCTET_PAGE_SIZE,
			     octet_get64(raw + 8 * i));
	core->way = (struct octet_tlb_way) {
		.known = true, .region = va >> OCTET_PT_SHIFT(1), .table = table,
	};
	return 0;
}

static int walk(struct octet_core *core, uint64_t va, struct octet_tlb_entry *out)
{
	uint64_t table = core->asid.root;

	if (core->way.known && core->way.region == va >> OCTET_PT_SHIFT(1))
		return walk_line(core, core->way.table, va, out);
	for (int level = OCTET_PT_LEVELS - 1; level > 0; level--) {
		uint64_t index = va >> OCTET_PT_SHIFT(level) & (OCTET_PT_ENTRIES - 1);
		uint8_t raw[8];
		uint64_t pte;
		int status;

		if (octet_dma_read(core, table + 8 * index, raw, sizeof(raw)))
			return OCTET_STATUS_BUS_ERROR;
		pte = octet_get64(raw);
		status = check_entry(pte);
		if (status)
			return status;
		if (pte & OCTET_PTE_R)
			return leaf(pte, level, va, out);
		if (pte & OCTET_PTE_W)
			return OCTET_STATUS_BAD_PTE;
		table = OCTET_FIELD_GET(OCTET_PTE_PPN, pte) << OCTET_PAGE_SHIFT;
	}
	return walk_line(core, table, va, out);
}

static int miss(struct octet_core *core, uint64_t va, struct octet_tlb_entry *e)
{
	struct octet_tlb_entry fresh = {
		.valid = true,
		.vpn = page_number(va),
		.asid = core->asid.asid,
	};
	int status;

	octet_count(core, OCTET_COUNTER_TLB_MISSES, 1);
	if (!core->asid.root_known) {
		status = octet_mmu_select(core, core->asid.asid);
		if (status)
			return status;
	}
	status = walk(core, va, &fresh);
	if (!status)
		*e = fresh;
	return status;
}

int octet_mmu_translate(struct octet_core *core, uint64_t va, enum octet_access access,
			uint64_t *page)
{
	uint32_t vpn = page_number(va);
	struct octet_tlb_entry *e = &core->tlb.entry[vpn % OCTET_TLB_SIZE];
	int status;

	if (!canonical(va))
		return OCTET_STATUS_NON_CANONICAL;
	if (!e->valid || e->vpn != vpn ||
	    (e->asid != core->asid.asid && !core->m->inject.break_tlb_tags)) {
		status = miss(core, va, e);
		if (status)
			return status;
	}
	/* Every leaf has R, so reads and fetches always may. */
	if (access == OCTET_ACCESS_WRITE && !e->writable)
		return OCTET_STATUS_PERMISSION;
	*page = e->page;
	return 0;
}

int octet_pages_cover(struct octet_core *core, struct octet_pages *pages, uint64_t va,
		      uint64_t len)
{
	uint64_t count;

	if (len > UINT64_MAX - va)
		return OCTET_STATUS_NON_CANONICAL;
	pages->asid = core->asid.asid;
	pages->first = va >> OCTET_PAGE_SHIFT;
	count = ((va + len - 1) >> OCTET_PAGE_SHIFT) - pages->first + 1;
	if (count > pages->room) {
		uint64_t *grown = realloc(pages->page, count * sizeof(*grown));

		if (!grown)
			return OCTET_STATUS_NO_MEMORY;
		pages->page = grown;
		pages->room = count;
	}
	pages->count = count;
	for (uint64_t i = 0; i < count; i++)
		pages->page[i] = OCTET_PAGE_UNTOUCHED;
	return 0;
}

int octet_pages_touch(struct octet_core *core, struct octet_pages *pages, uint64_t va,
		      uint64_t len, enum octet_access access, uint64_t *bad)
{
	uint64_t last = ((va + len - 1) >> OCTET_PAGE_SHIFT) - pages->first;

	for (uint64_t i = (va >> OCTET_PAGE_SHIFT) - pages->first; i <= last; i++) {
		uint64_t at = (pages->first + i) << OCTET_PAGE_SHIFT;
		int status;

		if (pages->page[i] != OCTET_PAGE_UNTOUCHED)
			continue;
		*bad = at < va ? va : at;
		status = octet_mmu_translate(core, *bad, access, &pages->page[i]);
		if (status) {
			pages->page[i] = OCTET_PAGE_UNTOUCHED;
			return status;
		}
	}
	return 0;
}

/* Bytes at @va that are contiguous in DMA space too, up to @len; *addr: where. */
static uint64_t contiguous(const struct octet_pages *pages, uint64_t va, uint64_t len,
			   uint64_t *addr)
{
	uint64_t i = (va >> OCTET_PAGE_SHIFT) - pages->first;
	uint64_t offset = va & (OCTET_PAGE_SIZE - 1);
	uint64_t have = OCTET_PAGE_SIZE - offset;

	*addr = pages->page[i] + offset;
	if (len > DMA_CHUNK)
		len = DMA_CHUNK;
	for (; have < len; i++, have += OCTET_PAGE_SIZE)
		if (pages->page[i + 1] != pages->page[i] + OCTET_PAGE_SIZE)
			break;
	return have < len ? have : len;
}

int octet_pages_read(struct octet_core *core, const struct octet_pages *pages, uint64_t va,
		     void *buf, uint64_t len, uint64_t *bad)
{
	uint8_t *to = buf;

	while (len) {
		uint64_t addr;
		uint64_t n = contiguous(pages, va, len, &addr);

		*bad = va;
		if (octet_dma_read(core, addr, to, n))
			return OCTET_STATUS_BUS_ERROR;
		va += n;
		to += n;
		len -= n;
	}
	return 0;
}

int octet_pages_write(struct octet_core *core, const struct octet_pages *pages, uint64_t va,
		      const void *buf, uint64_t len, uint64_t *bad)
{
	const uint8_t *from = buf;

	while (len) {
		uint64_t addr;
		uint64_t n = contiguous(pages, va, len, &addr);

		*bad = va;
		if (octet_dma_write(core, addr, from, n))
			return OCTET_STATUS_BUS_ERROR;
		va += n;
		from += n;
		len -= n;
	}
	return 0;
}

/* What a TLB command covers. */
struct extent {
	bool any_asid, any_page;
	uint32_t asid;
	uint64_t first, end;	/* page numbers below 2^27 */
};

static bool covers(const struct extent *x, uint32_t asid, uint64_t first, uint64_t count)
{
	if (!x->any_asid && asid != x->asid)
		return false;
	return x->any_page || (first < x->end && x->first < first + count);
}

static bool covers_held(const struct extent *x, const struct octet_pages *pages)
{
	uint64_t first = pages->first & GENMASK_ULL(OCTET_VA_BITS - OCTET_PAGE_SHIFT - 1, 0);

	return pages->held && covers(x, pages->asid, first, pages->count);
}

void octet_mmu_invalidate(struct octet_machine *m, uint32_t command)
{
	const uint32_t *regs = m->regs;
	uint64_t va = regs[OCTET_REG_TLB_VA_LO / 4] |
		      (uint64_t)regs[OCTET_REG_TLB_VA_HI / 4] << 32;
	struct extent x = {
		.any_asid = command == OCTET_TLB_CMD_ALL,
		.any_page = command != OCTET_TLB_CMD_RANGE,
		.asid = regs[OCTET_REG_TLB_ASID / 4],
		.first = page_number(va),
		.end = (uint64_t)page_number(va) + regs[OCTET_REG_TLB_PAGES / 4],
	};

	if (m->inject.break_tlb_invalidation)
		return;
	for (unsigned int c = 0; c < m->config.cores; c++) {
		struct octet_core *core = &m->core[c];

		for (unsigned int i = 0; i < OCTET_TLB_SIZE; i++) {
			struct octet_tlb_entry *e = &core->tlb.entry[i];

			if (e->valid && covers(&x, e->asid, e->vpn, 1))
				e->valid = false;
		}
		if (x.any_page && (x.any_asid || core->asid.asid == x.asid))
			core->asid.root_known = false;
		if (covers_held(&x, &core->in_pages) || covers_held(&x, &core->dst_pages) ||
		    covers_held(&x, &core->report_pages))
			m->tlb_busy |= BIT(c);
	}
}

void octet_mmu_flush_core(struct octet_core *core)
{
	for (unsigned int i = 0; i < OCTET_TLB_SIZE; i++)
		core->tlb.entry[i].valid = false;
	core->asid.root_known = false;
	core->way.known = false;
}

void octet_mmu_release(struct octet_core *core)
{
	core->in_pages.held = false;
	core->dst_pages.held = false;
	core->report_pages.held = false;
	core->m->tlb_busy &= ~BIT(core->index);
}
