// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Page tables
 *
 * The device walks Sv39 tables in memory. It caches no negative entries, so that
 * mapping needs no invalidation; unmapping does, and a table page stays
 * allocated until an invalidation of its ASID is complete: unmapping only
 * unlinks it, octet_pt_free_until() frees it afterwards. What is mapped in
 * between gets the same table, for the device may still go by way of it.
 */
#include <linux/bitfield.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include "octet_compat.h"
#include "octet_mmu.h"

#define OCTET_ROOT_LEVEL	(OCTET_PT_LEVELS - 1)

static_assert(OCTET_PT_ENTRIES * sizeof(__le64) == OCTET_PAGE_SIZE);

static u32 octet_pt_index(u64 va, u32 level)
{
	return (va >> OCTET_PT_SHIFT(level)) & (OCTET_PT_ENTRIES - 1);
}

static u64 octet_pte(dma_addr_t dma, u64 bits)
{
	return FIELD_PREP(OCTET_PTE_PPN, (u64)dma >> OCTET_PAGE_SHIFT) |
	       OCTET_PTE_V | bits;
}

static void octet_table_free(struct octet_pt *pt, struct octet_table *table)
{
	dma_free_coherent(pt->dev, OCTET_PAGE_SIZE, table->ptes, table->dma);
	kfree(table->child);
	kfree(table);
	pt->tables--;
}

static struct octet_table *octet_table_alloc(struct octet_pt *pt, u32 level)
{
	struct octet_table *table;

	if (pt->tables >= pt->max_tables)
		return ERR_PTR(-ENOSPC);

	table = kzalloc_obj(*table);
	if (!table)
		return ERR_PTR(-ENOMEM);

	if (level) {
		table->child = kcalloc(OCTET_PT_ENTRIES, sizeof(*table->child),
				       GFP_KERNEL);
		if (!table->child)
			goto err_free;
	}
	table->ptes = dma_alloc_coherent(pt->dev, OCTET_PAGE_SIZE, &table->dma,
					 GFP_KERNEL);
	if (!table->ptes)
		goto err_free;

	INIT_LIST_HEAD(&table->node);
	pt->tables++;
	return table;

err_free:
	kfree(table->child);
	kfree(table);
	return ERR_PTR(-ENOMEM);
}

static void octet_table_set(struct octet_table *table, u32 index, u64 pte)
{
	WRITE_ONCE(table->ptes[index], cpu_to_le64(pte));
}

static bool octet_table_unlinked(const struct octet_table *table)
{
	return !list_empty(&table->node);
}

static struct octet_table *octet_table_add(struct octet_pt *pt,
					   struct octet_table *parent, u32 index,
					   u32 level)
{
	struct octet_table *table = octet_table_alloc(pt, level);

	if (IS_ERR(table))
		return table;
	table->parent = parent;
	table->index = index;
	parent->child[index] = table;
	return table;
}

/* The device finds it; or may not any more, but go there from what it cached. */
static void octet_table_link(struct octet_table *table)
{
	struct octet_table *parent = table->parent;

	list_del_init(&table->node);
	parent->used++;
	/* The device must not see the pointer before the zeros. */
	dma_wmb();
	octet_table_set(parent, table->index, octet_pte(table->dma, 0));
}

static void octet_table_unlink(struct octet_pt *pt, struct octet_table *table)
{
	struct octet_table *parent = table->parent;

	octet_table_set(parent, table->index, 0);
	parent->used--;
	table->round = pt->round;
	list_add_tail(&table->node, &pt->unlinked);
}

/* The table of level 0 for @va, made with those above it if need be. */
static struct octet_table *octet_pt_leaf(struct octet_pt *pt, u64 va)
{
	struct octet_table *table = pt->root;
	u32 level;

	for (level = OCTET_ROOT_LEVEL; level; level--) {
		u32 i = octet_pt_index(va, level);
		struct octet_table *next = table->child[i];

		if (!next) {
			next = octet_table_add(pt, table, i, level - 1);
			if (IS_ERR(next))
				return next;
			octet_table_link(next);
		} else if (octet_table_unlinked(next)) {
			octet_table_link(next);
		}
		table = next;
	}
	return table;
}

/* Unlinks from the table of level 0 upwards what has become empty. */
static void octet_pt_prune(struct octet_pt *pt, u64 va)
{
	struct octet_table *path[OCTET_PT_LEVELS];
	u32 level;

	path[OCTET_ROOT_LEVEL] = pt->root;
	for (level = OCTET_ROOT_LEVEL; level; level--) {
		path[level - 1] = path[level]->child[octet_pt_index(va, level)];
		if (!path[level - 1])
			break;
	}

	for (; level < OCTET_ROOT_LEVEL && !path[level]->used; level++)
		if (!octet_table_unlinked(path[level]))
			octet_table_unlink(pt, path[level]);
}

/**
 * octet_pt_map - map a piece of contiguous DMA memory
 * @pt: page tables
 * @va: page-aligned address, nothing is mapped there
 * @dma: page-aligned
 * @size: multiple of the page size
 * @writable: whether the device may write
 *
 * On failure a first part may be mapped; octet_pt_unmap() of the whole undoes it.
 *
 * Return: 0, -ENOMEM, or -ENOSPC over the cap on tables.
 */
int octet_pt_map(struct octet_pt *pt, u64 va, dma_addr_t dma, u64 size,
		 bool writable)
{
	u64 bits = OCTET_PTE_R | (writable ? OCTET_PTE_W : 0);
	struct octet_table *leaf = NULL;
	u64 off;

	for (off = 0; off < size; off += OCTET_PAGE_SIZE) {
		u32 i = octet_pt_index(va + off, 0);

		if (!leaf || !i) {
			leaf = octet_pt_leaf(pt, va + off);
			if (IS_ERR(leaf)) {
				octet_pt_prune(pt, va + off);
				return PTR_ERR(leaf);
			}
		}
		octet_table_set(leaf, i, octet_pte(dma + off, bits));
		leaf->used++;
	}
	/* Pairs with the doorbell: who publishes the address comes later. */
	dma_wmb();
	return 0;
}

/* Clears one leaf table's part of a range, and the table if that empties it. */
static void octet_pt_unmap_leaf(struct octet_pt *pt, u64 va, u64 end)
{
	struct octet_table *leaf = pt->root;
	u32 level;
	u64 at;

	for (level = OCTET_ROOT_LEVEL; level && leaf; level--)
		leaf = leaf->child[octet_pt_index(va, level)];
	if (!leaf)
		return;

	for (at = va; at < end; at += OCTET_PAGE_SIZE) {
		u32 i = octet_pt_index(at, 0);

		if (leaf->ptes[i]) {
			octet_table_set(leaf, i, 0);
			leaf->used--;
		}
	}
	octet_pt_prune(pt, va);
}

/**
 * octet_pt_unmap - remove mappings
 * @pt: page tables
 * @va: page-aligned
 * @size: multiple of the page size; parts that are not mapped are skipped
 *
 * The caller ends the round, invalidates, then calls octet_pt_free_until().
 */
void octet_pt_unmap(struct octet_pt *pt, u64 va, u64 size)
{
	u64 end = va + size;

	while (va < end) {
		u64 next = min(end, ALIGN(va + 1, BIT_ULL(OCTET_PT_SHIFT(1))));

		octet_pt_unmap_leaf(pt, va, next);
		va = next;
	}
	dma_wmb();
}

/* Only after an invalidation of the whole ASID that began after @round. */
void octet_pt_free_until(struct octet_pt *pt, u64 round)
{
	struct octet_table *table, *tmp;

	list_for_each_entry_safe(table, tmp, &pt->unlinked, node) {
		if (table->round > round)
			break;
		list_del(&table->node);
		table->parent->child[table->index] = NULL;
		octet_table_free(pt, table);
	}
}

/* The same with nobody else unmapping, or when no device is there. */
void octet_pt_free_unlinked(struct octet_pt *pt)
{
	octet_pt_free_until(pt, U64_MAX);
}

int octet_pt_init(struct octet_pt *pt, struct device *dev, u32 max_tables)
{
	struct octet_table *root;

	pt->dev = dev;
	pt->tables = 0;
	pt->max_tables = max_tables;
	INIT_LIST_HEAD(&pt->unlinked);
	pt->round = 0;

	root = octet_table_alloc(pt, OCTET_ROOT_LEVEL);
	if (IS_ERR(root))
		return PTR_ERR(root);
	pt->root = root;
	return 0;
}

/* Everything is unmapped and invalidated, so that only the root is left. */
void octet_pt_fini(struct octet_pt *pt)
{
	octet_pt_free_unlinked(pt);
	octet_table_free(pt, pt->root);
	pt->root = NULL;
}

static void octet_table_destroy(struct octet_pt *pt, struct octet_table *table)
{
	u32 i;

	for (i = 0; table->child && i < OCTET_PT_ENTRIES; i++)
		if (table->child[i])
			octet_table_destroy(pt, table->child[i]);
	octet_table_free(pt, table);
}

/* Frees all tables, mapped or not; only when no device is there any more. */
void octet_pt_destroy(struct octet_pt *pt)
{
	octet_pt_free_unlinked(pt);
	octet_table_destroy(pt, pt->root);
	pt->root = NULL;
}

int octet_mmu_init(struct octet_mmu *mmu, struct device *dev,
		   const struct octet_mmu_ops *ops, u32 count)
{
	mmu->dev = dev;
	mmu->ops = ops;
	mmu->count = count;
	mmu->table = dma_alloc_coherent(dev, count * sizeof(*mmu->table),
					&mmu->table_dma, GFP_KERNEL);
	if (!mmu->table)
		return -ENOMEM;
	ida_init(&mmu->ida);
	init_rwsem(&mmu->gate);
	mmu->closed = false;
	mutex_init(&mmu->lock);
	INIT_LIST_HEAD(&mmu->bos);
	INIT_LIST_HEAD(&mmu->vms);
	return 0;
}

/* The lists and their lock serve who comes later. */
void octet_mmu_fini(struct octet_mmu *mmu)
{
	ida_destroy(&mmu->ida);
	dma_free_coherent(mmu->dev, mmu->count * sizeof(*mmu->table),
			  mmu->table, mmu->table_dma);
}

/*
 * Around all that maps memory for the device. Not drm_dev_enter(): removal waits
 * for who is in there before it stops the device, and an invalidation in here
 * waits for the device to be stopped.
 *
 * Return: 0, or -ENODEV after octet_mmu_close()
 */
int octet_mmu_enter(struct octet_mmu *mmu)
{
	down_read(&mmu->gate);
	if (!mmu->closed)
		return 0;
	up_read(&mmu->gate);
	return -ENODEV;
}

void octet_mmu_exit(struct octet_mmu *mmu)
{
	up_read(&mmu->gate);
}

/* At removal, when the device is stopped: waits for who is inside. */
void octet_mmu_close(struct octet_mmu *mmu)
{
	down_write(&mmu->gate);
	mmu->closed = true;
	up_write(&mmu->gate);
}

/* Publishes a root table. Return: its ASID, or -ENOSPC when all are in use. */
int octet_mmu_asid_get(struct octet_mmu *mmu, dma_addr_t root)
{
	int asid = ida_alloc_range(&mmu->ida, 1, mmu->count - 1, GFP_KERNEL);

	if (asid < 0)
		return asid;

	dma_wmb();
	WRITE_ONCE(mmu->table[asid],
		   cpu_to_le64((u64)root | OCTET_ASID_VALID));
	return asid;
}

/* Takes the root away; the number stays taken until octet_mmu_asid_put(). */
void octet_mmu_asid_clear(struct octet_mmu *mmu, u32 asid)
{
	WRITE_ONCE(mmu->table[asid], 0);
	dma_wmb();
}

void octet_mmu_asid_put(struct octet_mmu *mmu, u32 asid)
{
	ida_free(&mmu->ida, asid);
}
