// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test.h>

#include <linux/bitfield.h>
#include <linux/dma-direct.h>
#include <linux/prandom.h>
#include <linux/sizes.h>

#include <drm/drm_kunit_helpers.h>

#include "../octet_mmu.h"

#define DMA	0x12340000ULL

struct octet_mmu_test {
	struct device *dev;
	struct octet_pt pt;
};

static int octet_mmu_test_init(struct kunit *test)
{
	struct octet_mmu_test *t;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->dev = drm_kunit_helper_alloc_device(test);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->dev);
	KUNIT_ASSERT_EQ(test, octet_pt_init(&t->pt, t->dev, 1024), 0);
	test->priv = t;
	return 0;
}

static void octet_mmu_test_exit(struct kunit *test)
{
	struct octet_mmu_test *t = test->priv;

	if (t && t->pt.root)
		octet_pt_fini(&t->pt);
}

/*
 * A reader that knows only the manual: follows DMA addresses from the root, as
 * the device does. Return: the leaf entry, or 0 where nothing is mapped.
 */
static u64 octet_mmu_test_walk(struct kunit *test, u64 va)
{
	struct octet_mmu_test *t = test->priv;
	dma_addr_t table = t->pt.root->dma;
	int level;

	for (level = 2; level >= 0; level--) {
		__le64 *ptes = phys_to_virt(dma_to_phys(t->dev, table));
		u64 pte = le64_to_cpu(ptes[(va >> (12 + 9 * level)) & 511]);

		if (!(pte & 1))
			return 0;
		KUNIT_EXPECT_EQ(test, pte >> 54, 0);
		if (pte & 0xe) {
			KUNIT_EXPECT_EQ(test, level, 0);
			return pte;
		}
		KUNIT_EXPECT_NE(test, level, 0);
		table = (pte >> 10 & GENMASK_ULL(43, 0)) << 12;
	}
	return 0;
}

static void octet_mmu_test_expect(struct kunit *test, u64 va, u64 dma, u64 bits)
{
	KUNIT_EXPECT_EQ_MSG(test, octet_mmu_test_walk(test, va),
			    (dma >> 12) << 10 | bits, "va %#llx", va);
}

static void octet_mmu_test_map_one(struct kunit *test)
{
	struct octet_mmu_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, octet_pt_map(&t->pt, SZ_64K, DMA, SZ_4K, true), 0);
	octet_mmu_test_expect(test, SZ_64K, DMA, 7);
	octet_mmu_test_expect(test, SZ_64K - SZ_4K, 0, 0);
	octet_mmu_test_expect(test, SZ_64K + SZ_4K, 0, 0);
	octet_mmu_test_expect(test, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, t->pt.tables, 3);

	octet_pt_unmap(&t->pt, SZ_64K, SZ_4K);
	octet_mmu_test_expect(test, SZ_64K, 0, 0);
}

static void octet_mmu_test_read_only(struct kunit *test)
{
	struct octet_mmu_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, octet_pt_map(&t->pt, SZ_1M, DMA, SZ_8K, false), 0);
	octet_mmu_test_expect(test, SZ_1M, DMA, 3);
	octet_mmu_test_expect(test, SZ_1M + SZ_4K, DMA + SZ_4K, 3);
	octet_pt_unmap(&t->pt, SZ_1M, SZ_8K);
}

/* A range across tables of both lower levels. */
static void octet_mmu_test_span(struct kunit *test)
{
	struct octet_mmu_test *t = test->priv;
	u64 va = SZ_1G - SZ_8K, size = SZ_16K;
	u64 off;

	KUNIT_ASSERT_EQ(test, octet_pt_map(&t->pt, va, DMA, size, true), 0);
	for (off = 0; off < size; off += SZ_4K)
		octet_mmu_test_expect(test, va + off, DMA + off, 7);
	KUNIT_EXPECT_EQ(test, t->pt.tables, 5);

	octet_pt_unmap(&t->pt, va, size);
	for (off = 0; off < size; off += SZ_4K)
		octet_mmu_test_expect(test, va + off, 0, 0);
}

static void octet_mmu_test_top(struct kunit *test)
{
	struct octet_mmu_test *t = test->priv;
	u64 va = BIT_ULL(38) - SZ_4K;
	u64 dma = BIT_ULL(56) - SZ_4K;

	KUNIT_ASSERT_EQ(test, octet_pt_map(&t->pt, va, dma, SZ_4K, true), 0);
	octet_mmu_test_expect(test, va, dma, 7);
	octet_pt_unmap(&t->pt, va, SZ_4K);
}

static void octet_mmu_test_neighbours(struct kunit *test)
{
	struct octet_mmu_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, octet_pt_map(&t->pt, SZ_2M, DMA, SZ_4M, true), 0);
	octet_pt_unmap(&t->pt, SZ_2M + SZ_4K, SZ_4M - SZ_8K);
	octet_mmu_test_expect(test, SZ_2M, DMA, 7);
	octet_mmu_test_expect(test, SZ_2M + SZ_4K, 0, 0);
	octet_mmu_test_expect(test, SZ_2M + SZ_4M - SZ_8K, 0, 0);
	octet_mmu_test_expect(test, SZ_2M + SZ_4M - SZ_4K, DMA + SZ_4M - SZ_4K, 7);
	KUNIT_EXPECT_TRUE(test, list_empty(&t->pt.unlinked));
	octet_pt_unmap(&t->pt, SZ_2M, SZ_4M);
}

/* Empty tables are unlinked at once and freed only when the caller says so. */
static void octet_mmu_test_tables_freed(struct kunit *test)
{
	struct octet_mmu_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, octet_pt_map(&t->pt, SZ_1G, DMA, SZ_4M, true), 0);
	KUNIT_EXPECT_EQ(test, t->pt.tables, 4);
	octet_pt_unmap(&t->pt, SZ_1G, SZ_4M);
	KUNIT_EXPECT_EQ(test, t->pt.tables, 4);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&t->pt.unlinked), 3);
	octet_mmu_test_expect(test, SZ_1G, 0, 0);

	/* While they wait, a new mapping has those that it needs linked again. */
	KUNIT_ASSERT_EQ(test, octet_pt_map(&t->pt, SZ_1G, DMA, SZ_4K, true), 0);
	KUNIT_EXPECT_EQ(test, t->pt.tables, 4);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&t->pt.unlinked), 1);
	octet_pt_free_unlinked(&t->pt);
	KUNIT_EXPECT_EQ(test, t->pt.tables, 3);
	octet_mmu_test_expect(test, SZ_1G, DMA, 7);

	octet_pt_unmap(&t->pt, SZ_1G, SZ_4K);
	octet_pt_free_unlinked(&t->pt);
	KUNIT_EXPECT_EQ(test, t->pt.tables, 1);
	KUNIT_EXPECT_EQ(test, t->pt.root->used, 0);
}

/* An invalidation frees what was unlinked before it began, and nothing else. */
static void octet_mmu_test_rounds(struct kunit *test)
{
	struct octet_mmu_test *t = test->priv;
	struct octet_table *kept;
	u64 at;

	for (at = SZ_2M; at <= 3 * SZ_2M; at += SZ_2M)
		KUNIT_ASSERT_EQ(test, octet_pt_map(&t->pt, at, DMA + at, SZ_4K, true), 0);
	KUNIT_EXPECT_EQ(test, t->pt.tables, 5);
	octet_pt_unmap(&t->pt, SZ_2M, SZ_4K);
	t->pt.round++;
	octet_pt_unmap(&t->pt, SZ_4M, SZ_4K);
	t->pt.round++;
	kept = list_last_entry(&t->pt.unlinked, struct octet_table, node);
	octet_pt_free_until(&t->pt, 0);
	KUNIT_EXPECT_EQ(test, t->pt.tables, 4);
	octet_mmu_test_expect(test, 3 * SZ_2M, DMA + 3 * SZ_2M, 7);

	/* The device may have cached the way to the other one: it stays the way. */
	KUNIT_ASSERT_EQ(test, octet_pt_map(&t->pt, SZ_4M + SZ_8K, DMA, SZ_4K, true), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&t->pt.unlinked));
	KUNIT_EXPECT_NE(test, le64_to_cpu(kept->ptes[2]), 0);
	octet_pt_free_until(&t->pt, 1);
	KUNIT_EXPECT_EQ(test, t->pt.tables, 4);
	octet_mmu_test_expect(test, SZ_4M + SZ_8K, DMA, 7);

	/* The table above goes with the last, and comes back with another's. */
	octet_pt_unmap(&t->pt, 0, SZ_1G);
	KUNIT_EXPECT_EQ(test, list_count_nodes(&t->pt.unlinked), 3);
	KUNIT_ASSERT_EQ(test, octet_pt_map(&t->pt, 5 * SZ_2M, DMA, SZ_4K, true), 0);
	octet_pt_free_unlinked(&t->pt);
	KUNIT_EXPECT_EQ(test, t->pt.tables, 3);
	octet_mmu_test_expect(test, 5 * SZ_2M, DMA, 7);
	octet_pt_unmap(&t->pt, 5 * SZ_2M, SZ_4K);
}

static void octet_mmu_test_cap(struct kunit *test)
{
	struct octet_mmu_test *t = test->priv;

	t->pt.max_tables = 4;
	KUNIT_EXPECT_EQ(test, octet_pt_map(&t->pt, SZ_2M, DMA, 3 * SZ_2M, true),
			-ENOSPC);
	octet_pt_unmap(&t->pt, SZ_2M, 3 * SZ_2M);
	octet_pt_free_unlinked(&t->pt);
	KUNIT_EXPECT_EQ(test, t->pt.tables, 1);
	KUNIT_EXPECT_EQ(test, octet_pt_map(&t->pt, SZ_2M, DMA, SZ_4M, true), 0);
	octet_pt_unmap(&t->pt, SZ_2M, SZ_4M);
}

#define RANDOM_PAGES	4096

/* Random ranges against a plain array. */
static void octet_mmu_test_random(struct kunit *test)
{
	struct octet_mmu_test *t = test->priv;
	const u64 base = SZ_1G - RANDOM_PAGES / 2 * SZ_4K;
	struct rnd_state rnd;
	u64 *model;
	u32 round, i;

	model = kunit_kcalloc(test, RANDOM_PAGES, sizeof(*model), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model);
	prandom_seed_state(&rnd, 20);

	for (round = 0; round < 200; round++) {
		u32 first = prandom_u32_state(&rnd) % RANDOM_PAGES;
		u32 n = 1 + prandom_u32_state(&rnd) % min(700U, RANDOM_PAGES - first);
		bool writable = prandom_u32_state(&rnd) & 1;
		u64 dma = (u64)round << 32;

		octet_pt_unmap(&t->pt, base + first * (u64)SZ_4K, n * (u64)SZ_4K);
		t->pt.round = round;
		/* An invalidation of some rounds ago is complete. */
		if (round > 4 && round % 2)
			octet_pt_free_until(&t->pt, round - 4);
		memset(&model[first], 0, n * sizeof(*model));
		if (round % 3 == 2)
			continue;
		KUNIT_ASSERT_EQ(test, 0,
				octet_pt_map(&t->pt, base + first * (u64)SZ_4K, dma,
					     n * (u64)SZ_4K, writable));
		for (i = 0; i < n; i++)
			model[first + i] = ((dma >> 12) + i) << 10 |
					   (writable ? 7 : 3);
	}
	for (i = 0; i < RANDOM_PAGES; i++)
		KUNIT_ASSERT_EQ(test, model[i],
				octet_mmu_test_walk(test, base + i * (u64)SZ_4K));

	octet_pt_unmap(&t->pt, base, RANDOM_PAGES * (u64)SZ_4K);
	octet_pt_free_unlinked(&t->pt);
	KUNIT_EXPECT_EQ(test, t->pt.tables, 1);
}

static void octet_mmu_test_asids(struct kunit *test)
{
	struct octet_mmu_test *t = test->priv;
	struct octet_mmu mmu;
	int i;

	KUNIT_ASSERT_EQ(test, octet_mmu_init(&mmu, t->dev, NULL, 8), 0);
	for (i = 1; i < 8; i++) {
		KUNIT_EXPECT_EQ(test, octet_mmu_asid_get(&mmu, i * SZ_4K), i);
		KUNIT_EXPECT_EQ(test, le64_to_cpu(mmu.table[i]), i * SZ_4K | 1);
	}
	KUNIT_EXPECT_EQ(test, octet_mmu_asid_get(&mmu, SZ_4K), -ENOSPC);
	KUNIT_EXPECT_EQ(test, mmu.table[0], 0);

	/* Cleared at once, but not handed out before it is put. */
	octet_mmu_asid_clear(&mmu, 3);
	KUNIT_EXPECT_EQ(test, mmu.table[3], 0);
	KUNIT_EXPECT_EQ(test, octet_mmu_asid_get(&mmu, SZ_4K), -ENOSPC);
	octet_mmu_asid_put(&mmu, 3);
	KUNIT_EXPECT_EQ(test, octet_mmu_asid_get(&mmu, SZ_1M), 3);
	octet_mmu_fini(&mmu);
}

static struct kunit_case octet_mmu_tests[] = {
	KUNIT_CASE(octet_mmu_test_map_one),
	KUNIT_CASE(octet_mmu_test_read_only),
	KUNIT_CASE(octet_mmu_test_span),
	KUNIT_CASE(octet_mmu_test_top),
	KUNIT_CASE(octet_mmu_test_neighbours),
	KUNIT_CASE(octet_mmu_test_tables_freed),
	KUNIT_CASE(octet_mmu_test_rounds),
	KUNIT_CASE(octet_mmu_test_cap),
	KUNIT_CASE(octet_mmu_test_random),
	KUNIT_CASE(octet_mmu_test_asids),
	{ }
};

static struct kunit_suite octet_mmu_suite = {
	.name = "octet_mmu",
	.init = octet_mmu_test_init,
	.exit = octet_mmu_test_exit,
	.test_cases = octet_mmu_tests,
};

kunit_test_suite(octet_mmu_suite);
