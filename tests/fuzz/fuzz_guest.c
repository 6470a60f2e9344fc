// SPDX-License-Identifier: MIT
/* What a guest has in memory. Valid at first, then changed as the input says. */
#include <string.h>

#include "fuzz.h"

#define PTR	OCTET_PTE_V
#define RW	(OCTET_PTE_V | OCTET_PTE_R | OCTET_PTE_W)

/* A number as software might write it: small, a power of two, or anything. */
uint32_t fuzz_value(struct fuzz *f)
{
	uint8_t kind = fuzz_byte(f);

	switch (kind >> 6) {
	case 0:
		return kind & 63;
	case 1:
		return (1u << (kind & 31)) - (kind >> 5 & 1);
	case 2:
		return -(uint32_t)(kind & 63);
	default:
		return fuzz_word(f);
	}
}

static void put64(uint64_t addr, uint64_t v)
{
	fuzz_store(addr, &v, sizeof(v));
}

static uint64_t entry(uint64_t addr, uint64_t flags)
{
	return OCTET_FIELD_PREP(OCTET_PTE_PPN, addr >> OCTET_PAGE_SHIFT) | flags;
}

/* ASID 1: pages of 4 KiB; 2: one of 2 MiB; 3: the data read-only. */
static void address_space(unsigned int asid)
{
	uint64_t root = FUZZ_TABLES + asid * 0x4000, middle = root + 0x1000;
	uint64_t low = root + 0x2000, data = root + 0x3000;
	uint64_t flags = asid == 3 ? RW & ~OCTET_PTE_W : RW;

	put64(FUZZ_ASIDS + 8 * asid, root | OCTET_ASID_VALID);
	put64(root + 8 * (FUZZ_VA >> OCTET_PT_SHIFT(2) & 511), entry(middle, PTR));
	put64(middle + 8 * (FUZZ_VA_CMDS >> OCTET_PT_SHIFT(1) & 511), entry(low, PTR));
	put64(middle + 8 * (FUZZ_VA >> OCTET_PT_SHIFT(1) & 511),
	      asid == 2 ? entry(FUZZ_DATA, RW) : entry(data, PTR));
	for (unsigned int i = 0; i < 64; i++)
		put64(low + 8 * (512 - 64 + i), entry(FUZZ_CMDS + 4096 * i, RW));
	for (unsigned int i = 0; i < 512 && asid != 2; i++)
		put64(data + 8 * i, entry(FUZZ_DATA + 4096 * i, flags));
}

static void core_up(struct fuzz *f, unsigned int c)
{
	uint32_t ring = (uint32_t)FUZZ_RINGS + c * 0x4000, page = OCTET_CORE(c);
	static const uint8_t zero[64 << FUZZ_ORDER];

	fuzz_store(ring + 0x2000, zero, sizeof(zero));
	octet_machine_write(f->m, page + OCTET_CORE_RING_LO, ring);
	octet_machine_write(f->m, page + OCTET_CORE_RING_ORDER, FUZZ_ORDER);
	octet_machine_write(f->m, page + OCTET_CORE_CQ_LO, ring + 0x2000);
	octet_machine_write(f->m, page + OCTET_CORE_CQ_ORDER, FUZZ_ORDER);
	octet_machine_write(f->m, page + OCTET_CORE_IRQ_ENABLE, 7);
	octet_machine_write(f->m, page + OCTET_CORE_CTRL, OCTET_CORE_CTRL_ENABLE);
}

void fuzz_setup(struct fuzz *f)
{
	uint32_t noise[1024], x = 1;

	for (size_t i = 0; i < 1024; i++)
		noise[i] = x = x * 1664525 + 1013904223;
	for (unsigned int i = 0; i < 8; i++)
		fuzz_store(FUZZ_DATA + 4096 * i, noise, sizeof(noise));
	for (unsigned int asid = 1; asid <= 3; asid++)
		address_space(asid);
	octet_machine_write(f->m, OCTET_REG_ASID_TABLE_LO, (uint32_t)FUZZ_ASIDS);
	octet_machine_write(f->m, OCTET_REG_ASID_COUNT, 16);
	for (unsigned int c = 0; c < octet_machine_config(f->m)->cores; c++)
		core_up(f, c);
}

void fuzz_edit_tables(struct fuzz *f)
{
	uint64_t addr = FUZZ_TABLES + (1 + fuzz_byte(f) % 3) * 0x4000;
	uint8_t how = fuzz_byte(f), bit = fuzz_byte(f) % 64;
	uint64_t v = 0;

	f->faults = true;
	addr += 0x1000 * (how & 3) + 8 * (fuzz_byte(f) + (how & 4 ? 256 : 0));
	memcpy(&v, fuzz_load(addr, 8), 8);
	if (how & 8)
		v ^= UINT64_C(1) << bit;
	else if (how & 16)
		v = 0;
	else
		v = entry((uint64_t)fuzz_value(f) << 12, RW);
	put64(addr, v);
}

void fuzz_scribble(struct fuzz *f)
{
	uint64_t addr = (uint64_t)(fuzz_word(f) % FUZZ_RAM);
	uint32_t v = fuzz_word(f);

	f->faults = true;
	fuzz_store(addr, &v, sizeof(v));
}

void fuzz_push_job(struct fuzz *f, unsigned int core)
{
	uint32_t page = OCTET_CORE(core);
	uint32_t tail = octet_machine_read(f->m, page + OCTET_CORE_RING_TAIL);
	uint64_t at = FUZZ_RINGS + core * 0x4000 + 64 * (tail & ((1u << FUZZ_ORDER) - 1));
	uint8_t how = fuzz_byte(f);
	struct octet_ring_entry e = {
		.opcode = (how & 0x3f) == 0x3f ? OCTET_RING_NOP : OCTET_RING_RUN,
		.flags = (how >> 7) | ((how & 0x48) == 0x48 ? OCTET_RING_F_RESUME : 0),
		.seq = ++f->seq, .asid = 1 + (how & 0x30 ? 0 : (how & 15) % 3),
		.cmd_count = 1 + (how >> 2 & 1) + (how >> 3 & 1),
		.sw = 0x4000, .lb = 0x8000,
	};
	struct octet_cmd cmds[4];

	e.cmd_va = FUZZ_VA_CMDS + 0x8000 * core + 0x800 * (tail & 7);
	e.report_va = how & 1 ? FUZZ_VA + 0x180000 + 8 * fuzz_byte(f) : 0;
	if (how & 0x40) {
		e.cmd_count++;
		fuzz_chain(f, cmds, e.cmd_count);
	}
	for (uint32_t i = 0; i < e.cmd_count; i++) {
		if (!(how & 0x40))
			cmds[i] = fuzz_command(f);
		fuzz_mutate(f, &cmds[i], sizeof(cmds[i]));
		fuzz_store(e.cmd_va - FUZZ_VA_CMDS + FUZZ_CMDS + i * sizeof(cmds[i]), &cmds[i],
			   sizeof(cmds[i]));
	}
	fuzz_mutate(f, &e, sizeof(e));
	fuzz_store(at, &e, sizeof(e));
	octet_machine_write(f->m, page + OCTET_CORE_RING_TAIL, tail + 1);
}
