// SPDX-License-Identifier: MIT
/*
 * Address spaces: translation, permission, every bad entry, TLB and its
 * invalidation. A 1x1x1 GEMM with int32 result is the probe: it reads a byte
 * at src and at wgt and writes four at dst.
 */
#include <string.h>

#include "unit.h"
#include "core_fake_host.h"

/* src * wgt through the device; fails if the job fails. */
static int32_t probe(struct fake *f)
{
	struct octet_cmd cmd = fake_gemm(1, 1, 1);
	struct octet_completion c = fake_job(f, &cmd, 1);
	int32_t out;

	assert_int_equal(c.status, OCTET_STATUS_OK);
	memcpy(&out, fake_va(f, VA_DST), 4);
	return out;
}

static struct octet_completion probe_at(struct fake *f, uint64_t src)
{
	struct octet_cmd cmd = fake_gemm(1, 1, 1);

	cmd.src.addr = src;
	return fake_job(f, &cmd, 1);
}

static void expect(struct octet_completion c, unsigned int status, unsigned int operand,
		   unsigned int access, uint64_t va)
{
	assert_int_equal(c.status, status);
	assert_int_equal(c.detail, operand | access << 8);
	assert_int_equal(c.fault_va, va);
	assert_int_equal(c.command, 0);
	assert_int_equal(c.asid, 1);
}

static void set_bytes(struct fake *f, int8_t src, int8_t wgt)
{
	*(int8_t *)fake_va(f, VA_SRC) = src;
	*(int8_t *)fake_va(f, VA_WGT) = wgt;
}

/* Gives VA_SRC another page that holds @value. */
static void remap_src(struct fake *f, int8_t value)
{
	uint64_t pa = fake_alloc(f, 4096, 4096);

	fake_map(f, 1, VA_SRC, pa, 4096, FAKE_RW);
	*(int8_t *)fake_at(f, pa) = value;
}

static void test_stale_until_invalidated(void **state)
{
	static const uint32_t commands[] = {
		OCTET_TLB_CMD_ALL, OCTET_TLB_CMD_ASID, OCTET_TLB_CMD_RANGE
	};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct fake *f = fake_ready("");

		set_bytes(f, 3, 5);
		assert_int_equal(probe(f), 15);
		remap_src(f, 7);
		assert_int_equal(probe(f), 15);
		assert_int_equal(probe(f), 15);
		/* Not this translation: another ASID, other pages. */
		fake_invalidate(f, OCTET_TLB_CMD_ASID, 2, 0, 0);
		fake_invalidate(f, OCTET_TLB_CMD_RANGE, 1, VA_SRC + 4096, 100);
		fake_invalidate(f, OCTET_TLB_CMD_RANGE, 1, VA_SRC - 4096, 1);
		fake_invalidate(f, OCTET_TLB_CMD_RANGE, 1, VA_SRC, 0);
		assert_int_equal(probe(f), 15);
		fake_invalidate(f, commands[i], 1, VA_SRC, 1);
		assert_int_equal(fake_read(f, OCTET_REG_TLB_STATUS), 0);
		assert_int_equal(probe(f), 35);
		fake_free(f);
	}
}

/* After unmap and invalidate the access faults. */
static void test_unmap(void **state)
{
	struct fake *f = fake_ready("");

	(void)state;
	set_bytes(f, 3, 5);
	probe(f);
	*fake_pte(f, 1, VA_SRC, 0) = 0;
	assert_int_equal(probe_at(f, VA_SRC).status, OCTET_STATUS_OK);
	fake_invalidate(f, OCTET_TLB_CMD_RANGE, 1, VA_SRC, 1);
	expect(probe_at(f, VA_SRC), OCTET_STATUS_UNMAPPED, OCTET_OPERAND_SRC, OCTET_ACCESS_READ,
	       VA_SRC);
	/* No negative entry: mapping needs no invalidation. */
	remap_src(f, 2);
	assert_int_equal(probe(f), 10);
	fake_free(f);
}

/* Positive control: with invalidation broken the tests above would fail. */
static void test_broken_invalidation_shows(void **state)
{
	struct fake *f = fake_ready("break-tlb-invalidation=on");

	(void)state;
	set_bytes(f, 3, 5);
	assert_int_equal(probe(f), 15);
	remap_src(f, 7);
	fake_invalidate(f, OCTET_TLB_CMD_ALL, 0, 0, 0);
	assert_int_equal(probe(f), 15);
	octet_machine_inject(f->m)->break_tlb_invalidation = false;
	fake_invalidate(f, OCTET_TLB_CMD_ALL, 0, 0, 0);
	assert_int_equal(probe(f), 35);
	fake_free(f);
}

static void test_asids_are_apart(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmd = fake_gemm(1, 1, 1);
	struct octet_ring_entry *e;
	struct octet_completion c;
	int8_t *other;
	int32_t *out;

	(void)state;
	set_bytes(f, 3, 5);
	assert_int_equal(probe(f), 15);
	/* ASID 2 has other memory at the same addresses. */
	fake_asid(f, 2);
	memcpy(fake_buffer(f, 2, VA_CMD, 4096), &cmd, sizeof(cmd));
	other = fake_buffer(f, 2, VA_SRC, 4096);
	*other = 11;
	other = fake_buffer(f, 2, VA_WGT, 4096);
	*other = -2;
	out = fake_buffer(f, 2, VA_DST, 4096);
	e = fake_queue(f, 0, &cmd, 1);
	e->asid = 2;
	fake_doorbell(f, 0);
	fake_run(f);
	assert_true(fake_pop(f, 0, &c));
	assert_int_equal(c.status, OCTET_STATUS_OK);
	assert_int_equal(*out, -22);
	assert_int_equal(*(int32_t *)fake_va(f, VA_DST), 15);
	/* Memory of 1 is not there for 2. */
	*fake_pte(f, 2, VA_SRC, 0) = 0;
	fake_invalidate(f, OCTET_TLB_CMD_ASID, 2, 0, 0);
	e = fake_queue(f, 0, &cmd, 1);
	e->asid = 2;
	fake_doorbell(f, 0);
	fake_run(f);
	assert_true(fake_pop(f, 0, &c));
	assert_int_equal(c.status, OCTET_STATUS_UNMAPPED);
	assert_int_equal(c.asid, 2);
	fake_free(f);
}

static void test_bad_asids(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmd = fake_gemm(1, 1, 1);
	static const unsigned int asids[] = { 0, 2, 511, 512, 65535 };

	(void)state;
	for (size_t i = 0; i < sizeof(asids) / sizeof(asids[0]); i++) {
		struct octet_completion c;

		fake_queue(f, 0, &cmd, 1)->asid = (uint16_t)asids[i];
		fake_doorbell(f, 0);
		fake_run(f);
		assert_true(fake_pop(f, 0, &c));
		assert_int_equal(c.status, OCTET_STATUS_BAD_ASID);
		assert_int_equal(c.asid, asids[i]);
		fake_cwrite(f, 0, OCTET_CORE_CTRL, 5);
	}
	fake_free(f);
}

/* A leaf at @level translates every page below it. */
static void superpage(int level, uint64_t va)
{
	struct fake *f = fake_ready("");
	uint64_t size = BIT_ULL(OCTET_PT_SHIFT(level));

	/* The 64 MiB of memory at DMA address 0; 1 GiB leaves reach beyond. */
	*fake_pte(f, 1, va, level) = FAKE_RW;
	set_bytes(f, 3, 5);
	((int8_t *)f->ram)[0x5123] = 9;
	assert_int_equal(probe_at(f, va + 0x5123).status, 0);
	assert_int_equal(*(int32_t *)fake_va(f, VA_DST), 45);
	if (level == 2)
		expect(probe_at(f, va + size - 1), OCTET_STATUS_BUS_ERROR, OCTET_OPERAND_SRC,
		       OCTET_ACCESS_READ, va + size - 1);
	expect(probe_at(f, va + size), OCTET_STATUS_UNMAPPED, OCTET_OPERAND_SRC,
	       OCTET_ACCESS_READ, va + size);
	/* Misaligned: low bits of the page number are set. */
	*fake_pte(f, 1, va, level) = FAKE_RW | BIT_ULL(10);
	fake_invalidate(f, OCTET_TLB_CMD_ALL, 0, 0, 0);
	expect(probe_at(f, va), OCTET_STATUS_BAD_PTE, OCTET_OPERAND_SRC, OCTET_ACCESS_READ, va);
	fake_free(f);
}

static void test_superpages(void **state)
{
	(void)state;
	superpage(1, UINT64_C(0x60000000));
	superpage(2, UINT64_C(0x1000000000));
}

static void test_bad_entries(void **state)
{
	static const struct { int level; uint64_t flip; unsigned int status; } cases[] = {
		{ 0, OCTET_PTE_V, OCTET_STATUS_UNMAPPED },
		{ 0, OCTET_PTE_X, OCTET_STATUS_BAD_PTE },
		{ 0, OCTET_PTE_G, OCTET_STATUS_BAD_PTE },
		{ 0, OCTET_PTE_R, OCTET_STATUS_BAD_PTE },		/* W without R */
		{ 0, OCTET_PTE_R | OCTET_PTE_W, OCTET_STATUS_BAD_PTE },	/* pointer at level 0 */
		{ 0, BIT_ULL(54), OCTET_STATUS_BAD_PTE },
		{ 0, BIT_ULL(63), OCTET_STATUS_BAD_PTE },
		{ 1, OCTET_PTE_V, OCTET_STATUS_UNMAPPED },
		{ 1, OCTET_PTE_X, OCTET_STATUS_BAD_PTE },
		{ 1, OCTET_PTE_W, OCTET_STATUS_BAD_PTE },
		{ 1, OCTET_PTE_G, OCTET_STATUS_BAD_PTE },
		{ 1, BIT_ULL(60), OCTET_STATUS_BAD_PTE },
		{ 2, OCTET_PTE_V, OCTET_STATUS_UNMAPPED },
		{ 2, OCTET_PTE_X, OCTET_STATUS_BAD_PTE },
		{ 2, BIT_ULL(53), OCTET_STATUS_BUS_ERROR },		/* table outside memory */
		/* Ignored bits */
		{ 0, OCTET_PTE_U, OCTET_STATUS_OK },
		{ 0, OCTET_PTE_A, OCTET_STATUS_OK },
		{ 0, OCTET_PTE_D, OCTET_STATUS_OK },
		{ 0, BIT_ULL(8), OCTET_STATUS_OK },
		{ 0, BIT_ULL(9), OCTET_STATUS_OK },
		{ 1, OCTET_PTE_U | OCTET_PTE_A | OCTET_PTE_D, OCTET_STATUS_OK },
	};
	struct fake *f = fake_ready("");
	uint64_t va = UINT64_C(0x1040000000);

	(void)state;
	fake_buffer(f, 1, va, 4096);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t *pte = fake_pte(f, 1, va, cases[i].level);
		struct octet_completion c;

		*pte ^= cases[i].flip;
		fake_invalidate(f, OCTET_TLB_CMD_ALL, 0, 0, 0);
		c = probe_at(f, va);
		if (c.status != cases[i].status)
			fail_msg("case %zu: status 0x%x, want 0x%x", i, c.status, cases[i].status);
		if (c.status)
			expect(c, cases[i].status, OCTET_OPERAND_SRC, OCTET_ACCESS_READ, va);
		else
			assert_int_equal(*pte & OCTET_PTE_A, cases[i].flip & OCTET_PTE_A);
		*pte ^= cases[i].flip;
	}
	fake_free(f);
}

static void test_permission(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmd = fake_gemm(1, 1, 1);
	struct octet_completion c;

	(void)state;
	set_bytes(f, 3, 5);
	*(int32_t *)fake_va(f, VA_DST) = 99;
	*fake_pte(f, 1, VA_DST, 0) &= ~OCTET_PTE_W;
	c = fake_job(f, &cmd, 1);
	expect(c, OCTET_STATUS_PERMISSION, OCTET_OPERAND_DST, OCTET_ACCESS_WRITE, VA_DST);
	assert_int_equal(*(int32_t *)fake_va(f, VA_DST), 99);
	/* The miss filled the TLB: a hit is checked too, reads are fine. */
	c = fake_job(f, &cmd, 1);
	expect(c, OCTET_STATUS_PERMISSION, OCTET_OPERAND_DST, OCTET_ACCESS_WRITE, VA_DST);
	assert_int_equal(probe_at(f, VA_SRC).status, OCTET_STATUS_PERMISSION);
	*fake_pte(f, 1, VA_DST, 0) |= OCTET_PTE_W;
	fake_invalidate(f, OCTET_TLB_CMD_ALL, 0, 0, 0);
	*fake_pte(f, 1, VA_SRC, 0) &= ~OCTET_PTE_W;
	*fake_pte(f, 1, VA_CMD, 0) &= ~OCTET_PTE_W;
	assert_int_equal(probe(f), 15);
	fake_free(f);
}

static void test_non_canonical(void **state)
{
	static const uint64_t bad[] = {
		BIT_ULL(38), BIT_ULL(39), BIT_ULL(63), UINT64_C(0xffffffbfffffffff),
		UINT64_C(0x7fffffffffffffff),
	};
	struct fake *f = fake_ready("");
	uint64_t high = ~GENMASK_ULL(37, 0);	/* the lowest address of the upper half */

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect(probe_at(f, bad[i]), OCTET_STATUS_NON_CANONICAL, OCTET_OPERAND_SRC,
		       OCTET_ACCESS_READ, bad[i]);
	set_bytes(f, 3, 5);
	*(int8_t *)fake_buffer(f, 1, high, 4096) = 4;
	assert_int_equal(probe_at(f, high).status, 0);
	assert_int_equal(*(int32_t *)fake_va(f, VA_DST), 20);
	/* A range that wraps around */
	assert_int_equal(probe_at(f, UINT64_MAX).status, OCTET_STATUS_NON_CANONICAL);
	fake_free(f);
}

/* Faults of the other accesses name what they were for. */
static void test_who_faults(void **state)
{
	static const struct { uint64_t va; unsigned int operand, access; } cases[] = {
		{ VA_CMD, OCTET_OPERAND_CMD, OCTET_ACCESS_FETCH },
		{ VA_SRC, OCTET_OPERAND_SRC, OCTET_ACCESS_READ },
		{ VA_WGT, OCTET_OPERAND_WGT, OCTET_ACCESS_READ },
		{ VA_PRM, OCTET_OPERAND_PRM, OCTET_ACCESS_READ },
		{ VA_CHN, OCTET_OPERAND_CHN, OCTET_ACCESS_READ },
		{ VA_DST, OCTET_OPERAND_DST, OCTET_ACCESS_WRITE },
		{ VA_REPORT, OCTET_OPERAND_REPORT, OCTET_ACCESS_WRITE },
	};
	struct fake *f = fake_ready("");
	struct octet_cmd cmd = fake_conv();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t *pte = fake_pte(f, 1, cases[i].va, 0);
		uint64_t good = *pte;
		struct octet_completion c;

		fake_queue(f, 0, &cmd, 1)->report_va = VA_REPORT;
		*pte = 0;
		memset(fake_va(f, VA_DST + 4096), 0x5a, 512);
		fake_invalidate(f, OCTET_TLB_CMD_ALL, 0, 0, 0);
		fake_doorbell(f, 0);
		fake_run(f);
		assert_true(fake_pop(f, 0, &c));
		expect(c, OCTET_STATUS_UNMAPPED, cases[i].operand, cases[i].access, cases[i].va);
		*pte = good;
		fake_cwrite(f, 0, OCTET_CORE_CTRL, 5);
	}
	/* The fault registers have the same record. */
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_FAULT_STATUS), OCTET_STATUS_UNMAPPED);
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_FAULT_VA_LO), VA_REPORT);
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_FAULT_ASID), 1);
	assert_int_equal(fake_cread(f, 0, OCTET_CORE_FAULT_DETAIL), 0x207);
	fake_free(f);
}

/* Only touched pages have to be there; a hole in the second page is found. */
static void test_second_page(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmd = fake_gemm(3, 100, 1);

	(void)state;
	cmd.src.stride[2] = 4096;
	*fake_pte(f, 1, VA_SRC + 4096, 0) = 0;
	expect(fake_job(f, &cmd, 1), OCTET_STATUS_UNMAPPED, OCTET_OPERAND_SRC, OCTET_ACCESS_READ,
	       VA_SRC + 4096);
	cmd.src.stride[2] = 8192;
	assert_int_equal(fake_job(f, &cmd, 1).status, 0);
	cmd.src.stride[2] = 100;
	cmd.src.addr = VA_SRC + 3900;
	expect(fake_job(f, &cmd, 1), OCTET_STATUS_UNMAPPED, OCTET_OPERAND_SRC, OCTET_ACCESS_READ,
	       VA_SRC + 4096);
	fake_free(f);
}

static uint64_t misses(struct fake *f)
{
	return fake_counter(f, 0, OCTET_COUNTER_TLB_MISSES);
}

/* 512 entries, indexed by the low bits of the page number. */
static void test_direct_mapped(void **state)
{
	struct fake *f = fake_ready("");
	uint64_t far = VA_SRC + 512 * 4096, before;

	(void)state;
	fake_buffer(f, 1, far, 4096);
	set_bytes(f, 3, 5);
	probe(f);
	before = misses(f);
	probe(f);
	assert_int_equal(misses(f), before);
	probe_at(f, far);
	assert_true(misses(f) > before);
	before = misses(f);
	remap_src(f, 7);
	assert_int_equal(probe(f), 35);
	assert_true(misses(f) > before);
	fake_free(f);
}

/* What the probe of one page at @va misses. */
static uint64_t misses_at(struct fake *f, uint64_t va)
{
	uint64_t before = misses(f);

	assert_int_equal(probe_at(f, va).status, OCTET_STATUS_OK);
	return misses(f) - before;
}

/* A miss reads 64 bytes of the table and fills in eight pages. */
static void test_line(void **state)
{
	struct fake *f = fake_ready("");
	uint64_t dma;

	(void)state;
	set_bytes(f, 3, 5);
	probe(f);
	for (uint64_t i = 0; i < 8; i++)
		assert_int_equal(misses_at(f, VA_SRC + i * 4096), 0);
	dma = f->dma;
	assert_int_equal(misses_at(f, VA_SRC + 7 * 4096), 0);
	dma = f->dma - dma;
	assert_int_equal(misses_at(f, VA_SRC + 15 * 4096), 1);
	for (uint64_t i = 8; i < 16; i++)
		assert_int_equal(misses_at(f, VA_SRC + i * 4096), 0);
	/* A walk is one read for each level. */
	fake_invalidate(f, OCTET_TLB_CMD_RANGE, 1, VA_SRC, 1);
	dma += f->dma;
	assert_int_equal(misses_at(f, VA_SRC), 1);
	assert_int_equal(f->dma, dma + 3);
	fake_free(f);
}

/* What was filled in beside a miss is gone with an invalidation, and stays without. */
static void test_line_invalidated(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmd = fake_gemm(1, 1, 1);
	uint64_t beside = VA_SRC + 4096;

	(void)state;
	set_bytes(f, 3, 5);
	*(int8_t *)fake_va(f, beside) = 4;
	probe(f);
	*fake_pte(f, 1, beside, 0) = 0;
	cmd.src.addr = beside;
	assert_int_equal(fake_job(f, &cmd, 1).status, OCTET_STATUS_OK);
	octet_machine_inject(f->m)->break_tlb_invalidation = true;
	fake_invalidate(f, OCTET_TLB_CMD_RANGE, 1, beside, 1);
	assert_int_equal(fake_job(f, &cmd, 1).status, OCTET_STATUS_OK);
	octet_machine_inject(f->m)->break_tlb_invalidation = false;
	fake_invalidate(f, OCTET_TLB_CMD_RANGE, 1, beside, 1);
	expect(fake_job(f, &cmd, 1), OCTET_STATUS_UNMAPPED, OCTET_OPERAND_SRC, OCTET_ACCESS_READ,
	       beside);
	fake_free(f);
}

/* Entries that are no translation are not filled in: their own access finds out. */
static void test_line_of_bad_entries(void **state)
{
	static const struct { uint64_t flip; unsigned int status; } cases[] = {
		{ OCTET_PTE_V, OCTET_STATUS_UNMAPPED },
		{ OCTET_PTE_X, OCTET_STATUS_BAD_PTE },
		{ OCTET_PTE_R, OCTET_STATUS_BAD_PTE },
		{ OCTET_PTE_R | OCTET_PTE_W, OCTET_STATUS_BAD_PTE },
		{ BIT_ULL(60), OCTET_STATUS_BAD_PTE },
	};
	struct fake *f = fake_ready("");

	(void)state;
	set_bytes(f, 3, 5);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t beside = VA_SRC + 4096, *pte = fake_pte(f, 1, beside, 0);

		fake_invalidate(f, OCTET_TLB_CMD_ALL, 0, 0, 0);
		*pte ^= cases[i].flip;
		assert_int_equal(misses_at(f, VA_SRC), 4);	/* all that the job uses */
		expect(probe_at(f, beside), cases[i].status, OCTET_OPERAND_SRC,
		       OCTET_ACCESS_READ, beside);
		/* Mapping needs no invalidation. */
		*pte ^= cases[i].flip;
		assert_int_equal(misses_at(f, beside), 1);
	}
	fake_free(f);
}

/* Each page of a line has the permission of its own entry. */
static void test_line_permission(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmd = fake_gemm(1, 1, 1);
	uint64_t before;

	(void)state;
	set_bytes(f, 3, 5);
	*fake_pte(f, 1, VA_DST + 4096, 0) &= ~OCTET_PTE_W;
	probe(f);
	before = misses(f);
	cmd.dst.addr = VA_DST + 4096;
	expect(fake_job(f, &cmd, 1), OCTET_STATUS_PERMISSION, OCTET_OPERAND_DST,
	       OCTET_ACCESS_WRITE, VA_DST + 4096);
	cmd.dst.addr = VA_DST + 2 * 4096;
	assert_int_equal(fake_job(f, &cmd, 1).status, OCTET_STATUS_OK);
	assert_int_equal(misses(f), before);
	fake_free(f);
}

/* A translation that is there stays as it is, whoever beside it is missed. */
static void test_line_keeps(void **state)
{
	struct fake *f = fake_ready("");
	uint64_t far = VA_SRC + 4096 + 512 * 4096;

	(void)state;
	fake_buffer(f, 1, far, 4096);
	set_bytes(f, 3, 5);
	probe(f);
	remap_src(f, 7);
	/* The page beside it is displaced, and comes back with its line. */
	assert_int_equal(misses_at(f, far), 1);
	assert_int_equal(misses_at(f, VA_SRC + 4096), 1);
	assert_int_equal(probe(f), 15);
	fake_invalidate(f, OCTET_TLB_CMD_RANGE, 1, VA_SRC, 1);
	assert_int_equal(probe(f), 35);
	fake_free(f);
}

/* A later job finds its own way through the tables: that of level 0 may be another. */
static void test_other_table(void **state)
{
	struct fake *f = fake_ready("");
	uint64_t *above = fake_pte(f, 1, VA_SRC, 1), table = fake_alloc(f, 4096, 4096);
	void *old = fake_at(f, (*above >> 10) << 12);
	uint64_t next = VA_SRC + 24 * 4096;

	(void)state;
	fake_buffer(f, 1, next, 4096);
	set_bytes(f, 3, 5);
	probe(f);
	assert_int_equal(misses_at(f, VA_SRC + 8 * 4096), 1);
	memcpy(fake_at(f, table), old, 4096);
	memset(old, 0, 4096);
	*above = FAKE_PTR | table >> 12 << 10;
	assert_int_equal(misses_at(f, next), 1);
	fake_free(f);
}

/* Pages far from each other in memory: a read of the table for eight of them. */
static void test_long_operand(void **state)
{
	struct fake *f = fake_ready("");
	uint64_t va = UINT64_C(0x1040200000), before, dma;
	struct octet_cmd cmd = fake_gemm(1, 32 * 4096, 1);

	(void)state;
	fake_buffer(f, 1, UINT64_C(0x1048040000), 32 * 4096);
	for (uint64_t i = 0; i < 32; i++)
		fake_map(f, 1, va + i * 4096, fake_alloc(f, 8192, 4096), 4096, FAKE_RW);
	cmd.src.addr = va;
	cmd.wgt.addr = UINT64_C(0x1048040000);
	before = misses(f);
	dma = f->dma;
	assert_int_equal(fake_job(f, &cmd, 1).status, OCTET_STATUS_OK);
	/* command, result, and the operands' */
	assert_int_equal(misses(f) - before, 2 + 2 * 4);
	/*
	 * Entry, ASID and completion, 4; command and result with their walks, 4 each; 32
	 * pages, and 32 at once; the operands' walks, whose first ones begin at the root.
	 */
	assert_int_equal(f->dma - dma, 4 + 4 + 4 + 32 + 1 + 2 * (2 + 4));
	fake_free(f);
}

/* An invalidation that covers a running command's result stays busy. */
static void test_busy(void **state)
{
	static const struct { uint32_t command; unsigned int asid; uint64_t va; bool busy; } cases[] = {
		{ OCTET_TLB_CMD_ALL, 0, 0, true },
		{ OCTET_TLB_CMD_ASID, 1, 0, true },
		{ OCTET_TLB_CMD_ASID, 2, 0, false },
		{ OCTET_TLB_CMD_RANGE, 1, VA_DST, true },
		{ OCTET_TLB_CMD_RANGE, 1, VA_DST + 4096, false },
		{ OCTET_TLB_CMD_RANGE, 1, VA_SRC, false },
		{ OCTET_TLB_CMD_RANGE, 1, VA_REPORT, true },
		{ OCTET_TLB_CMD_RANGE, 2, VA_DST, false },
	};
	struct fake *f = fake_ready("");
	struct octet_cmd cmd = fake_gemm(1, 1, 1);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct octet_completion c;

		fake_queue(f, 0, &cmd, 1)->report_va = VA_REPORT;
		fake_doorbell(f, 0);
		assert_int_equal(octet_core_step(f->m, 0).kind, OCTET_STEP_COMPUTE);
		fake_invalidate(f, cases[i].command, cases[i].asid, cases[i].va, 1);
		if (fake_read(f, OCTET_REG_TLB_STATUS) != cases[i].busy)
			fail_msg("case %zu", i);
		octet_core_compute(f->m, 0);
		assert_int_equal(fake_read(f, OCTET_REG_TLB_STATUS), cases[i].busy);
		fake_run(f);
		assert_int_equal(fake_read(f, OCTET_REG_TLB_STATUS), 0);
		assert_true(fake_pop(f, 0, &c));
		assert_int_equal(c.status, 0);
	}
	/* A command while busy is ignored; a core reset ends it. */
	fake_queue(f, 0, &cmd, 1);
	fake_doorbell(f, 0);
	assert_int_equal(octet_core_step(f->m, 0).kind, OCTET_STEP_COMPUTE);
	fake_invalidate(f, OCTET_TLB_CMD_ALL, 0, 0, 0);
	fake_invalidate(f, OCTET_TLB_CMD_ALL, 0, 0, 0);
	assert_non_null(strstr(f->error, "busy"));
	fake_cwrite(f, 0, OCTET_CORE_CTRL, OCTET_CORE_CTRL_RESET);
	assert_int_equal(fake_read(f, OCTET_REG_TLB_STATUS), 0);
	octet_core_compute(f->m, 0);
	fake_run(f);
	fake_free(f);
}

/* The result goes where it was mapped when the command began. */
static void test_held_translation(void **state)
{
	struct fake *f = fake_ready("");
	struct octet_cmd cmd = fake_gemm(1, 1, 1);
	int32_t *old = fake_va(f, VA_DST);
	struct octet_completion c;

	(void)state;
	set_bytes(f, 3, 5);
	fake_queue(f, 0, &cmd, 1);
	fake_doorbell(f, 0);
	assert_int_equal(octet_core_step(f->m, 0).kind, OCTET_STEP_COMPUTE);
	*fake_pte(f, 1, VA_DST, 0) = 0;
	fake_invalidate(f, OCTET_TLB_CMD_RANGE, 1, VA_DST, 1);
	octet_core_compute(f->m, 0);
	fake_run(f);
	assert_true(fake_pop(f, 0, &c));
	assert_int_equal(c.status, 0);
	assert_int_equal(*old, 15);
	assert_int_equal(fake_job(f, &cmd, 1).status, OCTET_STATUS_UNMAPPED);
	fake_free(f);
}

UNIT_MAIN(
	unit_case(test_stale_until_invalidated),
	unit_case(test_unmap),
	unit_case(test_broken_invalidation_shows),
	unit_case(test_asids_are_apart),
	unit_case(test_bad_asids),
	unit_case(test_superpages),
	unit_case(test_bad_entries),
	unit_case(test_permission),
	unit_case(test_non_canonical),
	unit_case(test_who_faults),
	unit_case(test_second_page),
	unit_case(test_direct_mapped),
	unit_case(test_line),
	unit_case(test_line_invalidated),
	unit_case(test_line_of_bad_entries),
	unit_case(test_line_permission),
	unit_case(test_line_keeps),
	unit_case(test_other_table),
	unit_case(test_long_operand),
	unit_case(test_busy),
	unit_case(test_held_translation),
)
