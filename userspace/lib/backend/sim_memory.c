// SPDX-License-Identifier: MIT
/* Memory of the simulated machine: what DMA may touch, and the Sv39 tables. */

#include <stdlib.h>
#include <sys/mman.h>

#include "sim.h"

#define PAGE ((uint64_t)OCTET_PAGE_SIZE)
#define VA_START ((uint64_t)1 << 28)
#define VA_END ((uint64_t)1 << (OCTET_VA_BITS - 1))

bool sim_memory_reaches(const struct sim_memory *memory, uint64_t addr, size_t bytes)
{
	return octet_ranges_find(&memory->dma, addr, bytes);
}

void *sim_memory_dma(struct sim_memory *memory, size_t bytes)
{
	void *host = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (host == MAP_FAILED)
		return NULL;
	if (octet_ranges_add(&memory->dma, (uintptr_t)host, bytes, true)) {
		munmap(host, bytes);
		return NULL;
	}
	return host;
}

void sim_memory_dma_free(struct sim_memory *memory, void *host, size_t bytes)
{
	if (!host)
		return;
	octet_ranges_del(&memory->dma, (uintptr_t)host);
	munmap(host, bytes);
}

int sim_memory_init(struct sim_memory *memory)
{
	memory->asids = sim_memory_dma(memory, PAGE);
	memory->root = sim_memory_dma(memory, PAGE);
	if (!memory->asids || !memory->root)
		return -ENOMEM;
	memory->tables = 1;
	memory->asids[SIM_ASID] = OCTET_ASID_VALID | (uintptr_t)memory->root;
	return 0;
}

/* Page tables and whatever else is left. */
void sim_memory_free(struct sim_memory *memory)
{
	while (memory->dma.count) {
		struct octet_range range = memory->dma.at[memory->dma.count - 1];

		sim_memory_dma_free(memory, (void *)(uintptr_t)range.start, range.size);
	}
	free(memory->dma.at);
	free(memory->va.at);
}

/* The level-0 entry of @va; makes the tables that lead there. */
static uint64_t *entry_of(struct sim_memory *memory, uint64_t va)
{
	uint64_t *table = memory->root;

	for (int level = OCTET_PT_LEVELS - 1; level > 0; level--) {
		uint64_t *entry = &table[va >> OCTET_PT_SHIFT(level) & (OCTET_PT_ENTRIES - 1)];

		if (*entry & OCTET_PTE_V) {
			table = (uint64_t *)(uintptr_t)((*entry & OCTET_PTE_PPN) >> 10 << 12);
			continue;
		}
		table = sim_memory_dma(memory, PAGE);
		if (!table)
			return NULL;
		memory->tables++;
		*entry = OCTET_PTE_V | (uintptr_t)table >> 12 << 10;
	}
	return &table[va >> OCTET_PAGE_SHIFT & (OCTET_PT_ENTRIES - 1)];
}

/* First gap that has room, with an unmapped page after each mapping. */
static int find_va(const struct sim_memory *memory, uint64_t bytes, uint64_t *va)
{
	uint64_t at = VA_START;

	for (size_t i = 0; i < memory->va.count; i++) {
		const struct octet_range *range = &memory->va.at[i];

		if (range->start - at >= bytes + PAGE)
			break;
		at = range->start + range->size + PAGE;
	}
	if (at + bytes + PAGE > VA_END)
		return -ENOSPC;
	*va = at;
	return 0;
}

int sim_memory_map(struct sim_memory *memory, void *host, size_t bytes, bool writable,
		   uint64_t *out)
{
	uint64_t flags = OCTET_PTE_V | OCTET_PTE_R | (writable ? OCTET_PTE_W : 0);
	uint64_t va;
	int ret = find_va(memory, bytes, &va);

	if (ret)
		return ret;
	for (uint64_t at = 0; at < bytes; at += PAGE) {
		uint64_t *entry = entry_of(memory, va + at);

		if (!entry) {
			sim_memory_unmap(memory, va, at);
			return -ENOMEM;
		}
		*entry = ((uintptr_t)host + at) >> 12 << 10 | flags;
	}
	ret = octet_ranges_add(&memory->va, va, bytes, writable);
	if (ret) {
		sim_memory_unmap(memory, va, bytes);
		return ret;
	}
	*out = va;
	return 0;
}

void sim_memory_unmap(struct sim_memory *memory, uint64_t va, size_t bytes)
{
	for (uint64_t at = 0; at < bytes; at += PAGE)
		*entry_of(memory, va + at) = 0;
	octet_ranges_del(&memory->va, va);
}
