// SPDX-License-Identifier: GPL-2.0-only
/* Ioctls of an open file that make no job: queries, buffers, queues. */
#include <kunit/test.h>

#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_ioctl.h>

#include "../octet_drv.h"
#include "../octet_gem.h"
#include "../octet_job.h"
#include "../octet_queue.h"
#include "../octet_vm.h"
#include "octet_mock.h"

struct octet_client_test {
	struct octet_mock *mock;
	struct drm_file *file;
};

static int octet_client_test_init(struct kunit *test)
{
	struct octet_client_test *t;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->mock = octet_mock_create(test, 2);
	t->file = octet_mock_open(test, t->mock);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->file);
	return 0;
}

/* Through the driver's table, as from user space. */
static int octet_client_test_call(struct kunit *test, u32 nr, void *args)
{
	struct octet_client_test *t = test->priv;
	struct drm_device *drm = &t->mock->odev->drm;

	KUNIT_ASSERT_LT(test, nr, drm->driver->num_ioctls);
	return drm->driver->ioctls[nr].func(drm, args, t->file);
}

static int octet_client_test_query(struct kunit *test, u32 query, u32 index,
				   u32 size, void *to)
{
	struct drm_octet_dev_query args = {
		.query = query, .index = index, .size = size,
	};
	u8 pattern[512];
	int ret;

	KUNIT_ASSERT_LE(test, size, sizeof(pattern));
	memset(pattern, 0x5a, sizeof(pattern));
	args.ptr = (u64)octet_mock_user(test, pattern, sizeof(pattern));
	ret = octet_client_test_call(test, DRM_OCTET_DEV_QUERY, &args);
	if (!ret && size)
		KUNIT_ASSERT_EQ(test, 0, copy_from_user(to, (void __user *)args.ptr, size));
	return ret ?: args.size;
}

static void octet_client_test_queries(struct kunit *test)
{
	struct octet_client_test *t = test->priv;
	struct drm_octet_dev_query bad = { .pad = 1 };
	struct drm_octet_device_info info;
	struct drm_octet_client_info client;
	struct drm_octet_core_counters core;
	u8 longer[sizeof(info) + 8];

	KUNIT_EXPECT_EQ(test, sizeof(info),
			octet_client_test_query(test, DRM_OCTET_QUERY_DEVICE, 0,
						sizeof(info), &info));
	KUNIT_EXPECT_EQ(test, info.cores, 2);
	KUNIT_EXPECT_EQ(test, info.sram_size, 1 << 20);
	KUNIT_EXPECT_EQ(test, info.job_timeout_ms, t->mock->odev->timeout_ms);
	KUNIT_EXPECT_EQ(test, info.va_end, BIT_ULL(38));
	KUNIT_EXPECT_EQ(test, sizeof(core),
			octet_client_test_query(test, DRM_OCTET_QUERY_CORE, 1,
						sizeof(core), &core));
	KUNIT_EXPECT_EQ(test, core.submitted, 0);
	KUNIT_EXPECT_EQ(test, sizeof(client),
			octet_client_test_query(test, DRM_OCTET_QUERY_CLIENT, 0,
						sizeof(client), &client));
	KUNIT_EXPECT_EQ(test, client.bos, 0);
	KUNIT_EXPECT_NE(test, client.asid, 0);

	/* Only the size; a longer buffer, whose rest is zeroed. */
	KUNIT_EXPECT_EQ(test, sizeof(info),
			octet_client_test_query(test, DRM_OCTET_QUERY_DEVICE, 0, 0, NULL));
	KUNIT_EXPECT_EQ(test, sizeof(info),
			octet_client_test_query(test, DRM_OCTET_QUERY_DEVICE, 0,
						sizeof(longer), longer));
	KUNIT_EXPECT_EQ(test, longer[sizeof(info)], 0);
	KUNIT_EXPECT_EQ(test, longer[sizeof(info) + 7], 0);

	KUNIT_EXPECT_EQ(test, octet_client_test_query(test, 3, 0, 0, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			octet_client_test_query(test, DRM_OCTET_QUERY_DEVICE, 1, 0, NULL));
	KUNIT_EXPECT_EQ(test, -ENOENT,
			octet_client_test_query(test, DRM_OCTET_QUERY_CORE, 2, 0, NULL));
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_DEV_QUERY, &bad),
			-EINVAL);
	bad.pad = 0;
	bad.size = 8;
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_DEV_QUERY, &bad),
			-EFAULT);

	octet_device_remove(t->mock->odev);
	KUNIT_EXPECT_EQ(test, -ENODEV,
			octet_client_test_query(test, DRM_OCTET_QUERY_CORE, 0, 0, NULL));
}

static void octet_client_test_buffers(struct kunit *test)
{
	static const struct drm_octet_bo_create bad[] = {
		{ .size = 0 },
		{ .size = SZ_4K, .flags = 2 },
		{ .size = SZ_4K, .vm_id = 1 },
		{ .size = SZ_4K, .pad = 1 },
	};
	struct drm_octet_bo_create args, huge = { .size = OCTET_MAX_BO_BYTES + 1 };
	struct drm_octet_bo_info info = { .handle = 99 };
	struct octet_client_test *t = test->priv;
	struct octet_client *client = t->file->driver_priv;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		args = bad[i];
		KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_BO_CREATE,
							     &args), -EINVAL);
	}
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_BO_CREATE, &huge),
			-ENOSPC);
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_BO_INFO, &info),
			-ENOENT);

	args = (struct drm_octet_bo_create){ .size = 1, .flags = DRM_OCTET_BO_READONLY };
	KUNIT_ASSERT_EQ(test, octet_client_test_call(test, DRM_OCTET_BO_CREATE, &args), 0);
	KUNIT_EXPECT_EQ(test, args.size, PAGE_SIZE);
	KUNIT_EXPECT_GE(test, args.va, OCTET_VA_START);
	info.handle = args.handle;
	KUNIT_ASSERT_EQ(test, octet_client_test_call(test, DRM_OCTET_BO_INFO, &info), 0);
	KUNIT_EXPECT_EQ(test, info.va, args.va);
	KUNIT_EXPECT_EQ(test, info.size, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, info.flags, DRM_OCTET_BO_READONLY);
	KUNIT_EXPECT_EQ(test, info.mmap_offset, args.mmap_offset);

	/* Over the client's cap, counted with what it has. */
	client->vm->bytes += OCTET_MAX_BO_BYTES - SZ_8K;
	args = (struct drm_octet_bo_create){ .size = SZ_8K };
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_BO_CREATE, &args),
			-ENOSPC);
	client->vm->bytes -= OCTET_MAX_BO_BYTES - SZ_8K;
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_BO_CREATE, &args), 0);
	KUNIT_EXPECT_EQ(test, client->vm->mappings, 2);

	octet_device_remove(t->mock->odev);
	args = (struct drm_octet_bo_create){ .size = SZ_4K };
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_BO_CREATE, &args),
			-ENODEV);
}

/* What has no handle any more and lives, as when it was exported, still counts. */
static void octet_client_test_exported(struct kunit *test)
{
	struct octet_client_test *t = test->priv;
	struct octet_client *client = t->file->driver_priv;
	struct octet_quota *quota = client->quota;
	u32 handle = octet_mock_bo(test, t->mock, t->file, SZ_16K);
	struct drm_gem_object *obj = drm_gem_object_lookup(t->file, handle);
	struct drm_octet_bo_create args = { .size = SZ_8K + 1 };

	KUNIT_ASSERT_NOT_NULL(test, obj);
	KUNIT_EXPECT_EQ(test, drm_gem_handle_delete(t->file, handle), 0);
	flush_workqueue(t->mock->odev->vm_wq);
	KUNIT_EXPECT_EQ(test, client->vm->bytes, 0);
	KUNIT_EXPECT_EQ(test, atomic64_read(&quota->bytes), SZ_16K);

	atomic64_add(OCTET_MAX_BO_BYTES - SZ_16K - SZ_8K, &quota->bytes);
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_BO_CREATE, &args),
			-ENOSPC);
	KUNIT_EXPECT_EQ(test, atomic64_read(&quota->bytes), OCTET_MAX_BO_BYTES - SZ_8K);
	drm_gem_object_put(obj);
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_BO_CREATE, &args), 0);
	atomic64_sub(OCTET_MAX_BO_BYTES - SZ_16K - SZ_8K, &quota->bytes);
	KUNIT_EXPECT_EQ(test, atomic64_read(&quota->bytes), 3 * SZ_4K);

	/* It outlives the client, and what it is counted in does too. */
	obj = drm_gem_object_lookup(t->file, args.handle);
	KUNIT_ASSERT_NOT_NULL(test, obj);
	kref_get(&quota->kref);
	octet_mock_close(test, t->file);
	flush_workqueue(t->mock->odev->vm_wq);
	KUNIT_EXPECT_EQ(test, atomic64_read(&quota->bytes), 3 * SZ_4K);
	KUNIT_EXPECT_EQ(test, kref_read(&quota->kref), 2);
	drm_gem_object_put(obj);
	KUNIT_EXPECT_EQ(test, atomic64_read(&quota->bytes), 0);
	KUNIT_EXPECT_EQ(test, kref_read(&quota->kref), 1);
	octet_quota_put(quota);
}

static void octet_client_test_names(struct kunit *test)
{
	struct octet_client_test *t = test->priv;
	u32 handle = octet_mock_bo(test, t->mock, t->file, SZ_4K);
	struct drm_gem_object *obj = drm_gem_object_lookup(t->file, handle);
	struct drm_octet_bo_set_name args = {
		.handle = handle,
		.size = 7,
		.ptr = (u64)octet_mock_user(test, "weights\n", 9),
	};
	char name[DRM_OCTET_BO_NAME_MAX + 1];

	KUNIT_ASSERT_NOT_NULL(test, obj);
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_BO_SET_NAME, &args), 0);
	octet_gem_name(to_octet_bo(obj), name);
	KUNIT_EXPECT_STREQ(test, name, "weights");
	args.size = 8;
	KUNIT_EXPECT_EQ_MSG(test, octet_client_test_call(test, DRM_OCTET_BO_SET_NAME, &args),
			    -EINVAL, "a line feed");
	args.size = DRM_OCTET_BO_NAME_MAX + 1;
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_BO_SET_NAME, &args),
			-E2BIG);
	args.size = 7;
	args.handle = 99;
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_BO_SET_NAME, &args),
			-ENOENT);
	args.ptr = 0;
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_BO_SET_NAME, &args),
			-EFAULT);
	octet_gem_name(to_octet_bo(obj), name);
	KUNIT_EXPECT_STREQ(test, name, "weights");
	args.handle = handle;
	args.size = 0;
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_BO_SET_NAME, &args), 0);
	octet_gem_name(to_octet_bo(obj), name);
	KUNIT_EXPECT_STREQ(test, name, "");
	drm_gem_object_put(obj);
}

static void octet_client_test_queues(struct kunit *test)
{
	struct drm_octet_queue_create create = { .flags = 1 };
	struct drm_octet_queue_destroy destroy = { .pad = 1 };
	struct drm_octet_queue_query query = { .queue = 1 };
	u32 i;

	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_QUEUE_CREATE, &create),
			-EINVAL);
	create = (struct drm_octet_queue_create){ .pad = 1 };
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_QUEUE_CREATE, &create),
			-EINVAL);
	create = (struct drm_octet_queue_create){ .priority = 3 };
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_QUEUE_CREATE, &create),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_QUEUE_QUERY, &query),
			-ENOENT);
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_QUEUE_DESTROY, &destroy),
			-EINVAL);
	destroy.pad = 0;
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_QUEUE_DESTROY, &destroy),
			-ENOENT);

	/* Up to the cap, and again when one has gone. */
	for (i = 0; i < OCTET_MAX_QUEUES; i++) {
		create = (struct drm_octet_queue_create){ .priority = i % 3 };
		KUNIT_ASSERT_EQ(test, 0, octet_client_test_call(test, DRM_OCTET_QUEUE_CREATE,
								&create));
		KUNIT_EXPECT_EQ(test, create.queue, i + 1);
	}
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_QUEUE_CREATE, &create),
			-EMFILE);
	destroy.queue = 5;
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_QUEUE_DESTROY, &destroy),
			0);
	KUNIT_EXPECT_EQ(test, octet_client_test_call(test, DRM_OCTET_QUEUE_CREATE, &create),
			0);
	KUNIT_EXPECT_EQ(test, create.queue, 5);
}

/* What is on the hardware ends, what waits is cancelled; both before the file. */
static void octet_client_test_destroy_busy(struct kunit *test)
{
	struct octet_client_test *t = test->priv;
	u32 queue = octet_mock_queue(test, t->mock, t->file);
	struct dma_fence *fence[12];
	u32 core, i, ended = 0, cancelled = 0;

	for (core = 0; core < 2; core++)
		octet_mock_script(t->mock, core, OCTET_MOCK_SLOW, 0);
	for (i = 0; i < ARRAY_SIZE(fence); i++)
		fence[i] = octet_mock_job(test, t->mock, t->file, queue);
	while (!octet_mock_logged(t->mock, 0) && !octet_mock_logged(t->mock, 1))
		schedule_timeout_uninterruptible(1);
	octet_mock_close(test, t->file);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(fence[0]));
	for (core = 0; core < 2; core++)
		octet_mock_finish(t->mock, core, 0);

	for (i = 0; i < ARRAY_SIZE(fence); i++) {
		int end = octet_mock_wait(test, fence[i]);

		ended += !end;
		cancelled += end == -ECANCELED;
		KUNIT_EXPECT_TRUE(test, !end || end == -ECANCELED);
	}
	KUNIT_EXPECT_EQ(test, dma_fence_get_status(fence[0]), 1);
	KUNIT_EXPECT_GE(test, ended, 1);
	KUNIT_EXPECT_GE(test, cancelled, 1);
	KUNIT_EXPECT_EQ(test, ended + cancelled, ARRAY_SIZE(fence));
}

/* Queues of one client use all cores, each of them one at a time. */
static void octet_client_test_balance(struct kunit *test)
{
	struct octet_client_test *t = test->priv;
	struct dma_fence *fence[2];
	u32 core, i;

	for (core = 0; core < 2; core++)
		octet_mock_script(t->mock, core, OCTET_MOCK_SLOW, 0);
	for (i = 0; i < 2; i++)
		fence[i] = octet_mock_job(test, t->mock, t->file,
					  octet_mock_queue(test, t->mock, t->file));
	for (core = 0; core < 2; core++)
		octet_mock_fetched(test, t->mock, core, 1);
	for (core = 0; core < 2; core++)
		octet_mock_finish(t->mock, core, 0);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, octet_mock_wait(test, fence[i]), 0);
}

/* A device that this driver does not know is refused, with a reason. */
static void octet_client_test_caps(struct kunit *test)
{
	static const struct {
		u32 reg;
		u32 value;
	} bad[] = {
		{ OCTET_REG_ID, U32_MAX },
		{ OCTET_REG_ID, 0 },
		{ OCTET_REG_VERSION, 2 << 16 },
		{ OCTET_REG_VERSION, 0 },
		{ OCTET_REG_CORES, 0 },
		{ OCTET_REG_CORES, OCTET_MAX_CORES + 1 },
		{ OCTET_REG_ADDR_BITS, 48 | 56 << 8 },
		{ OCTET_REG_ADDR_BITS, 39 | 31 << 8 },
		{ OCTET_REG_ADDR_BITS, 39 | 57 << 8 },
		{ OCTET_REG_CLOCK_KHZ, 0 },
		{ OCTET_REG_MAX_CMDS, 0 },
		{ OCTET_REG_LIMITS, 7 | 4 << 8 },
		{ OCTET_REG_LIMITS, 10 },
		{ OCTET_REG_LIMITS, 10 | 17 << 8 },
	};
	struct octet_client_test *t = test->priv;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		u32 was = t->mock->regs[bad[i].reg / 4];

		t->mock->regs[bad[i].reg / 4] = bad[i].value;
		KUNIT_EXPECT_EQ_MSG(test, octet_device_read_caps(t->mock->odev), -ENODEV,
				    "register %#x = %#x", bad[i].reg, bad[i].value);
		t->mock->regs[bad[i].reg / 4] = was;
		KUNIT_EXPECT_EQ(test, octet_device_read_caps(t->mock->odev), 0);
	}
}

static struct kunit_case octet_client_tests[] = {
	KUNIT_CASE(octet_client_test_queries),
	KUNIT_CASE(octet_client_test_buffers),
	KUNIT_CASE(octet_client_test_exported),
	KUNIT_CASE(octet_client_test_names),
	KUNIT_CASE(octet_client_test_queues),
	KUNIT_CASE(octet_client_test_destroy_busy),
	KUNIT_CASE(octet_client_test_balance),
	KUNIT_CASE(octet_client_test_caps),
	{ }
};

static struct kunit_suite octet_client_suite = {
	.name = "octet_client",
	.init = octet_client_test_init,
	.test_cases = octet_client_tests,
};

kunit_test_suite(octet_client_suite);
