// SPDX-License-Identifier: GPL-2.0-only
/* From the ioctl to the fence: what a submit refuses, waits for and leaves behind. */
#include <kunit/test.h>

#include <linux/dma-resv.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_syncobj.h>

#include "../octet_arena.h"
#include "../octet_compat.h"
#include "../octet_drv.h"
#include "../octet_gem.h"
#include "../octet_job.h"
#include "../octet_submit.h"
#include "../octet_queue.h"
#include "../octet_vm.h"
#include "octet_mock.h"

struct octet_submit_test {
	struct octet_mock *mock;
	struct drm_file *file;
	u32 queue;
	struct drm_octet_job job;
	struct drm_octet_submit args;
};

static int octet_submit_test_init(struct kunit *test)
{
	struct octet_submit_test *t;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->mock = octet_mock_create(test, 1);
	t->file = octet_mock_open(test, t->mock);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->file);
	t->queue = octet_mock_queue(test, t->mock, t->file);
	t->job = (struct drm_octet_job){ .cmd_va = 0x10000, .cmd_count = 1 };
	return 0;
}

static struct drm_octet_array octet_submit_test_array(struct kunit *test,
						      const void *data, u32 count,
						      u32 stride)
{
	return (struct drm_octet_array){
		.ptr = (u64)octet_mock_user(test, data, (size_t)count * stride),
		.count = count,
		.stride = stride,
	};
}

static int octet_submit_test_call(struct kunit *test)
{
	struct octet_submit_test *t = test->priv;

	return octet_ioctl_submit(&t->mock->odev->drm, &t->args, t->file);
}

/* A good submit of one job; the cases spoil it. */
static void octet_submit_test_good(struct kunit *test)
{
	struct octet_submit_test *t = test->priv;

	t->args = (struct drm_octet_submit){
		.queue = t->queue,
		.jobs = octet_submit_test_array(test, &t->job, 1, sizeof(t->job)),
	};
}

/* Nothing is left of a submit that is refused. */
static void octet_submit_test_nothing(struct kunit *test)
{
	struct octet_submit_test *t = test->priv;
	struct octet_client *client = t->file->driver_priv;

	KUNIT_EXPECT_EQ(test, atomic_read(&client->queued), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->mock->odev->batches), 0);
	KUNIT_EXPECT_EQ(test, octet_mock_logged(t->mock, 0), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&t->mock->odev->cores[0].load), 0);
}

static void octet_submit_test_arrays(struct kunit *test)
{
	struct octet_submit_test *t = test->priv;
	struct {
		struct drm_octet_job job;
		u64 more;
	} longer = { .job = t->job };

	octet_submit_test_good(test);
	t->args.flags = 1;
	KUNIT_EXPECT_EQ(test, octet_submit_test_call(test), -EINVAL);
	octet_submit_test_good(test);
	t->args.jobs.count = 0;
	KUNIT_EXPECT_EQ(test, octet_submit_test_call(test), -EINVAL);
	octet_submit_test_good(test);
	t->args.jobs.count = OCTET_MAX_JOBS + 1;
	KUNIT_EXPECT_EQ(test, octet_submit_test_call(test), -EINVAL);
	octet_submit_test_good(test);
	t->args.jobs.ptr = 0;
	KUNIT_EXPECT_EQ(test, octet_submit_test_call(test), -EFAULT);
	octet_submit_test_good(test);
	t->args.bos = (struct drm_octet_array){ .count = 1, .stride = 8 };
	KUNIT_EXPECT_EQ(test, octet_submit_test_call(test), -EFAULT);
	octet_submit_test_good(test);
	t->args.bos.count = OCTET_MAX_BOS + 1;
	t->args.bos.stride = 8;
	KUNIT_EXPECT_EQ(test, octet_submit_test_call(test), -EINVAL);

	longer.more = 1;
	octet_submit_test_good(test);
	t->args.jobs = octet_submit_test_array(test, &longer, 1, sizeof(longer));
	KUNIT_EXPECT_EQ(test, octet_submit_test_call(test), -E2BIG);
	octet_submit_test_nothing(test);
	longer.more = 0;
	t->args.jobs = octet_submit_test_array(test, &longer, 1, sizeof(longer));
	KUNIT_EXPECT_EQ(test, octet_submit_test_call(test), 0);
}

static void octet_submit_test_names(struct kunit *test)
{
	struct octet_submit_test *t = test->priv;
	struct drm_octet_bo_ref ref = { .handle = 77, .flags = DRM_OCTET_BO_READ };

	octet_submit_test_good(test);
	t->args.queue = t->queue + 1;
	KUNIT_EXPECT_EQ(test, octet_submit_test_call(test), -ENOENT);
	octet_submit_test_good(test);
	t->args.bos = octet_submit_test_array(test, &ref, 1, sizeof(ref));
	KUNIT_EXPECT_EQ(test, octet_submit_test_call(test), -ENOENT);
	ref.flags = 0;
	t->args.bos = octet_submit_test_array(test, &ref, 1, sizeof(ref));
	KUNIT_EXPECT_EQ(test, octet_submit_test_call(test), -EINVAL);
	octet_submit_test_nothing(test);
}

static int octet_submit_test_syncs(struct kunit *test,
				   const struct drm_octet_sync *in, u32 ins,
				   const struct drm_octet_sync *out, u32 outs)
{
	struct octet_submit_test *t = test->priv;
	struct drm_octet_job job = t->job;

	if (ins)
		job.in_syncs = octet_submit_test_array(test, in, ins, sizeof(*in));
	if (outs)
		job.out_syncs = octet_submit_test_array(test, out, outs, sizeof(*out));
	return octet_mock_submit(test, t->mock, t->file, t->queue, &job, 1);
}

static void octet_submit_test_sync_refusals(struct kunit *test)
{
	struct octet_submit_test *t = test->priv;
	struct drm_octet_sync sync = { .handle = octet_mock_syncobj(test, t->file) };
	struct drm_octet_sync none = { .handle = 1234 };
	struct drm_octet_job job = t->job;

	KUNIT_EXPECT_EQ_MSG(test, octet_submit_test_syncs(test, &sync, 1, NULL, 0), -EINVAL,
			    "an in-sync without a fence");
	KUNIT_EXPECT_EQ(test, octet_submit_test_syncs(test, &none, 1, NULL, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, octet_submit_test_syncs(test, NULL, 0, &none, 1), -ENOENT);
	sync.flags = 1U << 31;
	KUNIT_EXPECT_EQ(test, octet_submit_test_syncs(test, &sync, 1, NULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, octet_submit_test_syncs(test, NULL, 0, &sync, 1), -EINVAL);
	sync.flags = DRM_OCTET_SYNC_TIMELINE;
	KUNIT_EXPECT_EQ_MSG(test, octet_submit_test_syncs(test, NULL, 0, &sync, 1), -EINVAL,
			    "point 0 of a timeline");

	job.in_syncs.count = OCTET_MAX_SYNCS + 1;
	job.in_syncs.stride = sizeof(sync);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			octet_mock_submit(test, t->mock, t->file, t->queue, &job, 1));
	job.in_syncs.count = 1;
	KUNIT_EXPECT_EQ(test, -EFAULT,
			octet_mock_submit(test, t->mock, t->file, t->queue, &job, 1));
	octet_submit_test_nothing(test);
}

/* A fence of the test's own, to wait for. */
static const char *octet_submit_test_name(struct dma_fence *fence)
{
	return "octet-test";
}

static const struct dma_fence_ops octet_submit_test_fence_ops = {
	.get_driver_name = octet_submit_test_name,
	.get_timeline_name = octet_submit_test_name,
};

struct octet_submit_test_fence {
	struct dma_fence base;
	spinlock_t lock;	/* of @base */
};

static struct dma_fence *octet_submit_test_fence(struct kunit *test)
{
	struct octet_submit_test_fence *fence = kzalloc_obj(*fence);

	KUNIT_ASSERT_NOT_NULL(test, fence);
	spin_lock_init(&fence->lock);
	dma_fence_init(&fence->base, &octet_submit_test_fence_ops, &fence->lock,
		       dma_fence_context_alloc(1), 1);
	return &fence->base;
}

/* Nothing of a job reaches the ring before what it waits for; then all does. */
static void octet_submit_test_waits(struct kunit *test)
{
	struct octet_submit_test *t = test->priv;
	struct drm_octet_sync in = { .handle = octet_mock_syncobj(test, t->file) };
	struct drm_octet_sync out[2] = {
		{ .handle = octet_mock_syncobj(test, t->file) },
		{ .handle = octet_mock_syncobj(test, t->file),
		  .flags = DRM_OCTET_SYNC_TIMELINE, .point = 7 },
	};
	struct dma_fence *before = octet_submit_test_fence(test), *after[2];
	struct drm_syncobj *syncobj = drm_syncobj_find(t->file, in.handle);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, syncobj);
	drm_syncobj_replace_fence(syncobj, before);
	drm_syncobj_put(syncobj);
	KUNIT_ASSERT_EQ(test, octet_submit_test_syncs(test, &in, 1, out, 2), 0);
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, 0, drm_syncobj_find_fence(t->file, out[i].handle,
								out[i].point, 0,
								&after[i]));
	flush_workqueue(t->mock->odev->cores[0].sched.submit_wq);
	KUNIT_EXPECT_EQ(test, octet_mock_logged(t->mock, 0), 0);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(after[0]));
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(after[1]));

	dma_fence_signal(before);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, after[0]), 0);
	KUNIT_EXPECT_EQ(test, octet_mock_wait(test, after[1]), 0);
	KUNIT_EXPECT_EQ(test, octet_mock_logged(t->mock, 0), 1);
	dma_fence_put(after[0]);
	dma_fence_put(after[1]);
	dma_fence_put(before);
}

/* A buffer gets the submit's fence, as its flags say, and keeps its mapping. */
static void octet_submit_test_buffers(struct kunit *test)
{
	struct octet_submit_test *t = test->priv;
	struct octet_client *client = t->file->driver_priv;
	struct drm_octet_bo_ref ref[2] = {
		{ octet_mock_bo(test, t->mock, t->file, SZ_8K), DRM_OCTET_BO_READ },
		{ octet_mock_bo(test, t->mock, t->file, SZ_4K), DRM_OCTET_BO_WRITE },
	};
	struct drm_octet_bo_wait wait = { .flags = DRM_OCTET_BO_WAIT_WRITERS };
	struct drm_device *drm = &t->mock->odev->drm;

	octet_mock_script(t->mock, 0, OCTET_MOCK_SLOW, 0);
	octet_submit_test_good(test);
	t->args.bos = octet_submit_test_array(test, ref, 2, sizeof(ref[0]));
	KUNIT_ASSERT_EQ(test, octet_submit_test_call(test), 0);
	octet_mock_fetched(test, t->mock, 0, 1);

	wait.handle = ref[0].handle;
	KUNIT_EXPECT_EQ_MSG(test, octet_ioctl_bo_wait(drm, &wait, t->file), 0, "read only");
	wait.flags = 0;
	KUNIT_EXPECT_EQ(test, octet_ioctl_bo_wait(drm, &wait, t->file), -ETIMEDOUT);
	wait.handle = ref[1].handle;
	wait.flags = DRM_OCTET_BO_WAIT_WRITERS;
	KUNIT_EXPECT_EQ(test, octet_ioctl_bo_wait(drm, &wait, t->file), -ETIMEDOUT);
	wait.flags = 2;
	KUNIT_EXPECT_EQ(test, octet_ioctl_bo_wait(drm, &wait, t->file), -EINVAL);
	wait.flags = 0;
	wait.handle = 99;
	KUNIT_EXPECT_EQ(test, octet_ioctl_bo_wait(drm, &wait, t->file), -ENOENT);

	/* The handle goes, the mapping stays until the job has ended. */
	KUNIT_EXPECT_EQ(test, drm_gem_handle_delete(t->file, ref[1].handle), 0);
	flush_workqueue(t->mock->odev->vm_wq);
	KUNIT_EXPECT_EQ(test, client->vm->mappings, 2);
	octet_mock_finish(t->mock, 0, 0);
	wait.handle = ref[0].handle;
	wait.timeout_ns = S64_MAX;
	KUNIT_EXPECT_EQ(test, octet_ioctl_bo_wait(drm, &wait, t->file), 0);
}

/* One buffer twice, and implicit waits for who used it before. */
static void octet_submit_test_implicit(struct kunit *test)
{
	struct octet_submit_test *t = test->priv;
	u32 other = octet_mock_queue(test, t->mock, t->file);
	u32 handle = octet_mock_bo(test, t->mock, t->file, SZ_4K);
	struct drm_octet_bo_ref ref[2] = {
		{ handle, DRM_OCTET_BO_WRITE | DRM_OCTET_BO_IMPLICIT },
		{ handle, DRM_OCTET_BO_READ | DRM_OCTET_BO_IMPLICIT },
	};
	struct drm_gem_object *obj = drm_gem_object_lookup(t->file, handle);
	struct dma_fence *before = octet_submit_test_fence(test);
	struct drm_octet_bo_wait wait = { .handle = handle, .timeout_ns = S64_MAX };

	KUNIT_ASSERT_NOT_NULL(test, obj);
	dma_resv_lock(obj->resv, NULL);
	KUNIT_ASSERT_EQ(test, dma_resv_reserve_fences(obj->resv, 1), 0);
	dma_resv_add_fence(obj->resv, before, DMA_RESV_USAGE_WRITE);
	dma_resv_unlock(obj->resv);

	octet_submit_test_good(test);
	t->args.bos = octet_submit_test_array(test, ref, 2, sizeof(ref[0]));
	KUNIT_ASSERT_EQ(test, octet_submit_test_call(test), 0);
	t->args.queue = other;
	KUNIT_ASSERT_EQ(test, octet_submit_test_call(test), 0);
	flush_workqueue(t->mock->odev->cores[0].sched.submit_wq);
	KUNIT_EXPECT_EQ(test, octet_mock_logged(t->mock, 0), 0);
	dma_fence_signal(before);
	KUNIT_EXPECT_EQ(test, 0, octet_ioctl_bo_wait(&t->mock->odev->drm, &wait, t->file));
	KUNIT_EXPECT_EQ(test, octet_mock_logged(t->mock, 0), 2);
	dma_fence_put(before);
	drm_gem_object_put(obj);
}

/* Memory for a submit: what no submit can need is refused, not cut. */
static void octet_submit_test_arena(struct kunit *test)
{
	static const struct {
		size_t n;
		size_t elem;
	} huge[] = {
		{ SIZE_MAX, 1 }, { SIZE_MAX, 2 }, { SIZE_MAX / 2, 4 },
		{ SIZE_MAX - 7, 1 }, { (size_t)INT_MAX + 1, 1 },
	};
	struct octet_arena *slot = NULL, *arena;
	u32 i;

	arena = octet_arena_take(&slot);
	KUNIT_ASSERT_NOT_NULL(test, arena);
	for (i = 0; i < ARRAY_SIZE(huge); i++)
		KUNIT_EXPECT_NULL(test, octet_arena_alloc(arena, huge[i].n,
							  huge[i].elem));
	KUNIT_EXPECT_NOT_NULL(test, octet_arena_alloc(arena, 3, 5));
	KUNIT_EXPECT_EQ(test, arena->used, 16);
	octet_arena_give(&slot, arena);
	octet_arena_free(slot);
}

/* Over the cap of one client: refused, and room again when jobs have ended. */
static void octet_submit_test_cap(struct kunit *test)
{
	struct octet_submit_test *t = test->priv;
	struct octet_client *client = t->file->driver_priv;

	atomic_set(&client->queued, OCTET_MAX_QUEUED);
	KUNIT_EXPECT_EQ(test, -EBUSY, octet_mock_submit(test, t->mock, t->file, t->queue,
							&t->job, 1));
	KUNIT_EXPECT_EQ(test, atomic_read(&client->queued), OCTET_MAX_QUEUED);
	atomic_set(&client->queued, 0);
	octet_submit_test_nothing(test);
	KUNIT_EXPECT_EQ(test, 0, octet_mock_submit(test, t->mock, t->file, t->queue,
						   &t->job, 1));
}

/* Nothing runs in an address space that the device may still use. */
static void octet_submit_test_banned_vm(struct kunit *test)
{
	struct octet_submit_test *t = test->priv;
	struct octet_client *client = t->file->driver_priv;

	client->vm->banned = true;
	KUNIT_EXPECT_EQ(test, -EIO, octet_mock_submit(test, t->mock, t->file, t->queue,
						      &t->job, 1));
	octet_submit_test_nothing(test);
	client->vm->banned = false;
}

static struct kunit_case octet_submit_tests[] = {
	KUNIT_CASE(octet_submit_test_arrays),
	KUNIT_CASE(octet_submit_test_names),
	KUNIT_CASE(octet_submit_test_sync_refusals),
	KUNIT_CASE(octet_submit_test_waits),
	KUNIT_CASE(octet_submit_test_buffers),
	KUNIT_CASE(octet_submit_test_implicit),
	KUNIT_CASE(octet_submit_test_arena),
	KUNIT_CASE(octet_submit_test_cap),
	KUNIT_CASE(octet_submit_test_banned_vm),
	{ }
};

static struct kunit_suite octet_submit_suite = {
	.name = "octet_submit",
	.init = octet_submit_test_init,
	.test_cases = octet_submit_tests,
};

kunit_test_suite(octet_submit_suite);
