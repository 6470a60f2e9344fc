// SPDX-License-Identifier: GPL-2.0-only
#include <kunit/test.h>

#include <linux/scatterlist.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_kunit_helpers.h>
#include <drm/drm_managed.h>

#include "../octet_device.h"
#include "../octet_gem.h"
#include "../octet_vm.h"

/* An address space on a device that only counts. */
struct octet_vm_test {
	struct octet_mmu mmu;
	struct workqueue_struct *wq;
	struct drm_device *drm;
	struct octet_vm *vm;
	u32 ranges;	/* invalidations by range */
	u32 alls;	/* of a whole address space */
	u32 stuck;
	int fail;
	void (*meanwhile)(struct octet_vm_test *t);
	struct drm_mm_node node;
};

static int octet_vm_test_invalidate(struct octet_mmu *mmu, u32 asid, u64 va,
				    u32 pages)
{
	struct octet_vm_test *t = container_of(mmu, struct octet_vm_test, mmu);

	if (pages)
		t->ranges++;
	else
		t->alls++;
	if (t->meanwhile)
		t->meanwhile(t);
	return t->fail;
}

static const struct octet_mmu_ops octet_vm_test_ops = {
	.invalidate = octet_vm_test_invalidate,
};

static void octet_vm_test_stuck(void *data)
{
	struct octet_vm_test *t = data;

	t->stuck++;
}

static const struct drm_driver octet_vm_test_driver = {
	.driver_features = DRIVER_GEM | DRIVER_COMPUTE_ACCEL,
	.gem_create_object = octet_gem_create_object,
};

static struct octet_vm *octet_vm_test_create(struct kunit *test)
{
	struct octet_vm_test *t = test->priv;
	struct octet_vm *vm;

	vm = octet_vm_create(&t->mmu, t->wq, octet_vm_test_stuck, t);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vm);
	return vm;
}

static int octet_vm_test_init(struct kunit *test)
{
	struct octet_vm_test *t;
	struct octet_device *odev;
	struct device *dev;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	dev = drm_kunit_helper_alloc_device(test);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	t->drm = __drm_kunit_helper_alloc_drm_device_with_driver(test, dev,
								 sizeof(*odev),
								 offsetof(struct octet_device, drm),
								 &octet_vm_test_driver);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->drm);
	/* Where buffers are listed. */
	odev = to_octet_device(t->drm);
	INIT_LIST_HEAD(&odev->bos);
	KUNIT_ASSERT_EQ(test, drmm_mutex_init(t->drm, &odev->bos_lock), 0);
	KUNIT_ASSERT_EQ(test, octet_mmu_init(&t->mmu, dev, &octet_vm_test_ops, 16), 0);
	t->wq = alloc_workqueue("octet-test", WQ_UNBOUND, 0);
	KUNIT_ASSERT_NOT_NULL(test, t->wq);
	test->priv = t;
	t->vm = octet_vm_test_create(test);
	return 0;
}

static void octet_vm_test_exit(struct kunit *test)
{
	struct octet_vm_test *t = test->priv;

	if (!t)
		return;
	octet_vm_put(t->vm);
	destroy_workqueue(t->wq);
	KUNIT_EXPECT_TRUE(test, ida_is_empty(&t->mmu.ida));
	octet_mmu_fini(&t->mmu);
}

/* Pretended DMA memory in pieces of @piece bytes with holes between them. */
static void octet_vm_test_sgt(struct kunit *test, struct sg_table *sgt, u32 pieces,
			      u32 piece)
{
	struct scatterlist *sg;
	u32 i;

	KUNIT_ASSERT_EQ(test, sg_alloc_table(sgt, pieces, GFP_KERNEL), 0);
	for_each_sgtable_sg(sgt, sg, i) {
		sg->length = piece;
		sg_dma_address(sg) = 0x10000000 + i * 2ULL * PAGE_ALIGN(piece);
		sg_dma_len(sg) = piece;
	}
}

static void octet_vm_test_addresses(struct kunit *test)
{
	struct octet_vm_test *t = test->priv;
	struct drm_mm_node nodes[8] = { };
	struct sg_table sgt;
	u32 i, j;

	octet_vm_test_sgt(test, &sgt, 3, SZ_8K);
	for (i = 0; i < ARRAY_SIZE(nodes); i++)
		KUNIT_ASSERT_EQ(test, 0, octet_vm_insert(t->vm, &nodes[i], &sgt,
							 3 * SZ_8K, true));

	for (i = 0; i < ARRAY_SIZE(nodes); i++) {
		u64 start = nodes[i].start, end = start + nodes[i].size;

		KUNIT_EXPECT_TRUE(test, IS_ALIGNED(start, SZ_4K));
		KUNIT_EXPECT_GE(test, start, SZ_64K);
		KUNIT_EXPECT_LE(test, end, BIT_ULL(38));
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_TRUE(test, end <= nodes[j].start ||
					  start >= nodes[j].start + nodes[j].size);
	}
	KUNIT_EXPECT_EQ(test, t->vm->mappings, 8);
	KUNIT_EXPECT_EQ(test, t->vm->bytes, 8 * 3 * SZ_8K);
	/* Mapping needs no invalidation. */
	KUNIT_EXPECT_EQ(test, t->ranges + t->alls, 0);

	for (i = 0; i < ARRAY_SIZE(nodes); i++)
		KUNIT_EXPECT_EQ(test, octet_vm_remove(t->vm, &nodes[i]), 0);
	KUNIT_EXPECT_EQ(test, t->vm->mappings, 0);
	KUNIT_EXPECT_EQ(test, t->vm->bytes, 0);
	/* The last one emptied the tables: their pages need a whole one. */
	KUNIT_EXPECT_EQ(test, t->ranges, 7);
	KUNIT_EXPECT_EQ(test, t->alls, 1);
	KUNIT_EXPECT_EQ(test, t->vm->pt.tables, 1);
	sg_free_table(&sgt);
}

static void octet_vm_test_caps(struct kunit *test)
{
	struct octet_vm_test *t = test->priv;
	struct octet_vm *other = octet_vm_test_create(test);
	struct drm_mm_node node = { }, theirs = { };
	struct sg_table sgt;

	octet_vm_test_sgt(test, &sgt, 1, SZ_4K);

	t->vm->bytes = OCTET_MAX_BO_BYTES - SZ_4K + 1;
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			octet_vm_insert(t->vm, &node, &sgt, SZ_4K, true));
	t->vm->bytes = 0;

	t->vm->mappings = OCTET_MAX_MAPPINGS;
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			octet_vm_insert(t->vm, &node, &sgt, SZ_4K, true));
	t->vm->mappings = 0;

	t->vm->pt.max_tables = 2;
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			octet_vm_insert(t->vm, &node, &sgt, SZ_4K, true));
	KUNIT_EXPECT_FALSE(test, drm_mm_node_allocated(&node));
	KUNIT_EXPECT_EQ(test, t->vm->bytes, 0);
	KUNIT_EXPECT_EQ(test, t->vm->pt.tables, 1);

	/* Another client has caps of its own. */
	KUNIT_EXPECT_EQ(test, octet_vm_insert(other, &theirs, &sgt, SZ_4K, true), 0);
	KUNIT_EXPECT_EQ(test, octet_vm_remove(other, &theirs), 0);
	octet_vm_put(other);
	t->vm->pt.max_tables = OCTET_MAX_TABLES;

	KUNIT_EXPECT_EQ(test, octet_vm_insert(t->vm, &node, &sgt, SZ_4K, true), 0);
	KUNIT_EXPECT_EQ(test, octet_vm_remove(t->vm, &node), 0);
	sg_free_table(&sgt);
}

/* Pieces that are not whole pages, or too few of them. */
static void octet_vm_test_bad_pages(struct kunit *test)
{
	struct octet_vm_test *t = test->priv;
	struct drm_mm_node node = { };
	struct sg_table sgt;

	octet_vm_test_sgt(test, &sgt, 2, SZ_4K + 512);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			octet_vm_insert(t->vm, &node, &sgt, SZ_8K, true));
	sg_free_table(&sgt);
	octet_vm_test_sgt(test, &sgt, 2, SZ_4K);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			octet_vm_insert(t->vm, &node, &sgt, 3 * SZ_4K, true));
	sg_free_table(&sgt);

	KUNIT_EXPECT_FALSE(test, drm_mm_node_allocated(&node));
	KUNIT_EXPECT_EQ(test, t->vm->bytes, 0);
	KUNIT_EXPECT_EQ(test, t->vm->mappings, 0);
	KUNIT_EXPECT_EQ(test, t->vm->pt.tables, 1);
}

/* Nothing comes back to the system while the device may use it. */
static void octet_vm_test_stuck_invalidate(struct kunit *test)
{
	struct octet_vm_test *t = test->priv;
	struct drm_mm_node node = { }, other = { };
	struct sg_table sgt;

	octet_vm_test_sgt(test, &sgt, 1, SZ_4K);
	KUNIT_ASSERT_EQ(test, octet_vm_insert(t->vm, &node, &sgt, SZ_4K, true), 0);

	t->fail = -ETIMEDOUT;
	KUNIT_EXPECT_EQ(test, octet_vm_remove(t->vm, &node), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, t->stuck, 1);
	KUNIT_EXPECT_TRUE(test, t->vm->banned);
	KUNIT_EXPECT_TRUE(test, drm_mm_node_allocated(&node));
	KUNIT_EXPECT_EQ(test, t->vm->bytes, SZ_4K);
	KUNIT_EXPECT_EQ(test, t->vm->pt.tables, 3);
	KUNIT_EXPECT_EQ(test, -EIO,
			octet_vm_insert(t->vm, &other, &sgt, SZ_4K, true));

	/* So that the test itself leaks nothing. */
	t->fail = 0;
	KUNIT_EXPECT_EQ(test, octet_vm_remove(t->vm, &node), 0);
	sg_free_table(&sgt);
}

/* The client goes on while the device takes its time over an invalidation. */
static void octet_vm_test_map_more(struct octet_vm_test *t)
{
	struct scatterlist sg;
	struct sg_table sgt = { .sgl = &sg, .nents = 1, .orig_nents = 1 };

	t->meanwhile = NULL;
	sg_init_table(&sg, 1);
	sg_dma_address(&sg) = 0x20000000;
	sg_dma_len(&sg) = SZ_4K;
	t->fail = mutex_is_locked(&t->vm->lock) ? -EBUSY :
		  octet_vm_insert(t->vm, &t->node, &sgt, SZ_4K, true);
}

static void octet_vm_test_concurrent(struct kunit *test)
{
	struct octet_vm_test *t = test->priv;
	struct drm_mm_node node = { };
	struct sg_table sgt;

	octet_vm_test_sgt(test, &sgt, 1, SZ_4K);
	KUNIT_ASSERT_EQ(test, 0, octet_vm_insert(t->vm, &node, &sgt, SZ_4K, true));
	t->meanwhile = octet_vm_test_map_more;
	KUNIT_ASSERT_EQ(test, octet_vm_remove(t->vm, &node), 0);
	KUNIT_EXPECT_FALSE(test, drm_mm_node_allocated(&node));
	/* At an address of its own, in tables that stay. */
	KUNIT_ASSERT_TRUE(test, drm_mm_node_allocated(&t->node));
	KUNIT_EXPECT_EQ(test, t->node.start, SZ_64K + SZ_4K);
	KUNIT_EXPECT_EQ(test, t->vm->pt.tables, 3);
	KUNIT_EXPECT_EQ(test, t->vm->mappings, 1);
	KUNIT_EXPECT_EQ(test, octet_vm_remove(t->vm, &t->node), 0);
	KUNIT_EXPECT_EQ(test, t->vm->pt.tables, 1);
	KUNIT_EXPECT_EQ(test, t->vm->bytes, 0);
	sg_free_table(&sgt);
}

static struct octet_bo *octet_vm_test_bo(struct kunit *test, size_t size)
{
	struct octet_vm_test *t = test->priv;
	struct drm_gem_shmem_object *shmem;

	shmem = drm_gem_shmem_create(t->drm, size);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, shmem);
	return to_octet_bo(&shmem->base);
}

/* One mapping per pair, however many handles and jobs; gone with the last. */
static void octet_vm_test_mapping(struct kunit *test)
{
	struct octet_vm_test *t = test->priv;
	struct octet_bo *bo = octet_vm_test_bo(test, SZ_64K);
	struct octet_mapping *handle, *job;
	u64 va;

	KUNIT_EXPECT_NULL(test, octet_mapping_find(t->vm, bo));
	handle = octet_mapping_get(t->vm, bo);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, handle);
	va = octet_mapping_va(handle);
	KUNIT_EXPECT_PTR_EQ(test, octet_mapping_get(t->vm, bo), handle);
	octet_mapping_put(handle);

	/* The handle goes, the job keeps it mapped. */
	job = octet_mapping_find(t->vm, bo);
	KUNIT_EXPECT_PTR_EQ(test, job, handle);
	octet_mapping_put(handle);
	flush_workqueue(t->wq);
	KUNIT_EXPECT_EQ(test, t->vm->mappings, 1);
	KUNIT_EXPECT_EQ(test, octet_mapping_va(job), va);

	octet_mapping_put(job);
	flush_workqueue(t->wq);
	KUNIT_EXPECT_EQ(test, t->vm->mappings, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&bo->mappings));
	KUNIT_EXPECT_GT(test, t->ranges + t->alls, 0);
	drm_gem_object_put(&bo->base.base);
}

/* A shared buffer has its own mapping in each address space. */
static void octet_vm_test_shared(struct kunit *test)
{
	struct octet_vm_test *t = test->priv;
	struct octet_vm *other = octet_vm_test_create(test);
	struct octet_bo *bo = octet_vm_test_bo(test, SZ_4K);
	struct octet_mapping *a, *b;

	a = octet_mapping_get(t->vm, bo);
	b = octet_mapping_get(other, bo);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, a);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, b);
	KUNIT_EXPECT_PTR_NE(test, a, b);
	KUNIT_EXPECT_NE(test, t->vm->asid, other->asid);

	/* The creator goes first: address space and buffer live on. */
	drm_gem_object_put(&bo->base.base);
	octet_mapping_put(a);
	flush_workqueue(t->wq);
	KUNIT_EXPECT_EQ(test, t->vm->mappings, 0);
	KUNIT_EXPECT_EQ(test, other->mappings, 1);

	/* The address space goes with its last mapping. */
	octet_vm_put(other);
	flush_workqueue(t->wq);
	octet_mapping_put(b);
	flush_workqueue(t->wq);
}

static struct kunit_case octet_vm_tests[] = {
	KUNIT_CASE(octet_vm_test_addresses),
	KUNIT_CASE(octet_vm_test_caps),
	KUNIT_CASE(octet_vm_test_bad_pages),
	KUNIT_CASE(octet_vm_test_stuck_invalidate),
	KUNIT_CASE(octet_vm_test_concurrent),
	KUNIT_CASE(octet_vm_test_mapping),
	KUNIT_CASE(octet_vm_test_shared),
	{ }
};

static struct kunit_suite octet_vm_suite = {
	.name = "octet_vm",
	.init = octet_vm_test_init,
	.exit = octet_vm_test_exit,
	.test_cases = octet_vm_tests,
};

kunit_test_suite(octet_vm_suite);
