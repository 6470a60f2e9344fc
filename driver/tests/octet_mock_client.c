// SPDX-License-Identifier: GPL-2.0-only
/* Clients of a mock device: what an open file, its ioctls and its memory are. */
#include <linux/mman.h>
#include <linux/uaccess.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_syncobj.h>

#include "../octet_compat.h"
#include "../octet_drv.h"
#include "../octet_gem.h"
#include "../octet_job.h"
#include "../octet_submit.h"
#include "../octet_queue.h"
#include "octet_mock.h"

/* A file as drm_file_alloc() makes it, which is not for modules. */
static struct drm_file *octet_mock_file(struct kunit *test, struct octet_mock *mock)
{
	struct drm_file *file = kzalloc_obj(*file);

	KUNIT_ASSERT_NOT_NULL(test, file);
	file->minor = mock->odev->drm.accel;
	file->client_id = 1;
	file->object_idr = (struct idr)IDR_INIT_BASE(file->object_idr, 1);
	spin_lock_init(&file->table_lock);
	xa_init_flags(&file->syncobj_xa, XA_FLAGS_ALLOC1);
	mutex_init(&file->prime.lock);
	mutex_init(&file->client_name_lock);
	file->prime.dmabufs = RB_ROOT;
	file->prime.handles = RB_ROOT;
	return file;
}

static void octet_mock_free_file(struct drm_file *file)
{
	struct drm_syncobj *syncobj;
	unsigned long index;

	xa_for_each(&file->syncobj_xa, index, syncobj)
		drm_syncobj_put(syncobj);
	xa_destroy(&file->syncobj_xa);
	idr_destroy(&file->object_idr);
	mutex_destroy(&file->prime.lock);
	mutex_destroy(&file->client_name_lock);
	kfree(file);
}

static void octet_mock_release_file(void *data)
{
	struct drm_file *file = data;
	struct drm_device *drm = file->minor->dev;
	u32 handle;
	int id = 1;

	while (idr_get_next(&file->object_idr, &id)) {
		handle = id;
		drm_gem_handle_delete(file, handle);
	}
	drm->driver->postclose(drm, file);
	octet_mock_free_file(file);
}

/* Opens the device; the file closes with the test if not before. */
struct drm_file *octet_mock_open(struct kunit *test, struct octet_mock *mock)
{
	struct drm_device *drm = &mock->odev->drm;
	struct drm_file *file = octet_mock_file(test, mock);
	int ret;

	ret = drm->driver->open(drm, file);
	if (ret) {
		octet_mock_free_file(file);
		return ERR_PTR(ret);
	}
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, octet_mock_release_file,
						  file));
	return file;
}

void octet_mock_close(struct kunit *test, struct drm_file *file)
{
	kunit_release_action(test, octet_mock_release_file, file);
}

u32 octet_mock_queue(struct kunit *test, struct octet_mock *mock,
		     struct drm_file *file)
{
	struct drm_octet_queue_create args = {
		.priority = DRM_OCTET_PRIORITY_NORMAL,
	};

	KUNIT_ASSERT_EQ(test, 0, octet_ioctl_queue_create(&mock->odev->drm, &args,
							  file));
	return args.queue;
}

int octet_mock_client_init(struct kunit *test)
{
	struct octet_mock_client *t;

	t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->mock = octet_mock_create(test, 1);
	t->file = octet_mock_open(test, t->mock);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, t->file);
	t->queue = octet_mock_queue(test, t->mock, t->file);
	return 0;
}

u32 octet_mock_bo(struct kunit *test, struct octet_mock *mock,
		  struct drm_file *file, u64 size)
{
	struct drm_octet_bo_create args = { .size = size };

	KUNIT_ASSERT_EQ(test, 0, octet_ioctl_bo_create(&mock->odev->drm, &args, file));
	return args.handle;
}

u32 octet_mock_syncobj(struct kunit *test, struct drm_file *file)
{
	struct drm_syncobj *syncobj;
	u32 handle = 0;
	int ret;

	KUNIT_ASSERT_EQ(test, drm_syncobj_create(&syncobj, 0, NULL), 0);
	ret = drm_syncobj_get_handle(file, syncobj, &handle);
	drm_syncobj_put(syncobj);
	KUNIT_ASSERT_EQ(test, ret, 0);
	return handle;
}

/* Memory of user space with @data at its beginning. */
void __user *octet_mock_user(struct kunit *test, const void *data, size_t size)
{
	unsigned long at;

	at = kunit_vm_mmap(test, NULL, 0, PAGE_ALIGN(size), PROT_READ | PROT_WRITE,
			   MAP_ANONYMOUS | MAP_PRIVATE, 0);
	KUNIT_ASSERT_NE_MSG(test, at, 0, "no memory of user space");
	KUNIT_ASSERT_LT(test, at, TASK_SIZE);
	KUNIT_ASSERT_EQ(test, copy_to_user((void __user *)at, data, size), 0);
	return (void __user *)at;
}

int octet_mock_submit(struct kunit *test, struct octet_mock *mock,
		      struct drm_file *file, u32 queue,
		      const struct drm_octet_job *jobs, u32 count)
{
	struct drm_octet_submit args = {
		.queue = queue,
		.jobs = {
			.ptr = (u64)octet_mock_user(test, jobs, count * sizeof(*jobs)),
			.count = count,
			.stride = sizeof(*jobs),
		},
	};

	return octet_ioctl_submit(&mock->odev->drm, &args, file);
}

static void octet_mock_put_fence(void *fence)
{
	dma_fence_put(fence);
}

static struct dma_fence *octet_mock_fence_of(struct kunit *test,
					     struct drm_file *file, u32 handle)
{
	struct dma_fence *fence;

	KUNIT_ASSERT_EQ(test, drm_syncobj_find_fence(file, handle, 0, 0, &fence), 0);
	KUNIT_ASSERT_EQ(test, 0,
			kunit_add_action_or_reset(test, octet_mock_put_fence, fence));
	return fence;
}

static int octet_mock_jobs_at(struct kunit *test, struct octet_mock *mock,
			      struct drm_file *file, u32 queue, u64 cmd_va,
			      struct dma_fence **fences, u32 count)
{
	struct drm_octet_job jobs[8] = { };
	struct drm_octet_sync out[8] = { };
	struct drm_octet_sync *user;
	u32 i;
	int ret;

	KUNIT_ASSERT_LE(test, count, ARRAY_SIZE(jobs));
	for (i = 0; i < count; i++)
		out[i].handle = octet_mock_syncobj(test, file);
	user = (void __force *)octet_mock_user(test, out, sizeof(out));
	for (i = 0; i < count; i++) {
		jobs[i].cmd_va = cmd_va;
		jobs[i].cmd_count = 3;
		jobs[i].out_syncs.ptr = (u64)&user[i];
		jobs[i].out_syncs.count = 1;
		jobs[i].out_syncs.stride = sizeof(*user);
	}
	ret = octet_mock_submit(test, mock, file, queue, jobs, count);
	for (i = 0; i < count && !ret; i++)
		fences[i] = octet_mock_fence_of(test, file, out[i].handle);
	return ret;
}

/* Submits @count jobs at once; @fences get theirs. Return: what the ioctl says */
int octet_mock_jobs(struct kunit *test, struct octet_mock *mock,
		    struct drm_file *file, u32 queue, struct dma_fence **fences,
		    u32 count)
{
	return octet_mock_jobs_at(test, mock, file, queue, 0x10000, fences, count);
}

/* One job that must be taken, with its commands anywhere. */
struct dma_fence *octet_mock_job_at(struct kunit *test, struct octet_mock *mock,
				    struct drm_file *file, u32 queue, u64 cmd_va)
{
	struct dma_fence *fence = NULL;

	KUNIT_ASSERT_EQ(test, 0, octet_mock_jobs_at(test, mock, file, queue, cmd_va,
						    &fence, 1));
	return fence;
}

/* One job that must be taken. */
struct dma_fence *octet_mock_job(struct kunit *test, struct octet_mock *mock,
				 struct drm_file *file, u32 queue)
{
	struct dma_fence *fence = NULL;

	KUNIT_ASSERT_EQ(test, octet_mock_jobs(test, mock, file, queue, &fence, 1), 0);
	return fence;
}

/* Return: how it signals, 0 or its error */
int octet_mock_wait(struct kunit *test, struct dma_fence *fence)
{
	int status;

	KUNIT_ASSERT_GT_MSG(test, dma_fence_wait_timeout(fence, false, OCTET_MOCK_WAIT),
			    0, "a fence never signals");
	status = dma_fence_get_status(fence);
	return status == 1 ? 0 : status;
}

/* Until @core has fetched @entries in all. */
void octet_mock_fetched(struct kunit *test, struct octet_mock *mock, u32 core,
			u32 entries)
{
	unsigned long end = jiffies + OCTET_MOCK_WAIT;

	while (octet_mock_logged(mock, core) < entries && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	KUNIT_ASSERT_GE_MSG(test, octet_mock_logged(mock, core), entries,
			    "core %u does not fetch entry %u", core, entries);
}

/* The watchdog looks now. */
void octet_mock_watch(struct octet_mock *mock, u32 core)
{
	struct octet_device *odev = mock->odev;

	mod_delayed_work(odev->reset_wq, &odev->cores[core].watchdog, 0);
	flush_delayed_work(&odev->cores[core].watchdog);
}

/* The same, when the running job has had all its time. */
void octet_mock_late(struct octet_mock *mock, u32 core)
{
	struct octet_device *odev = mock->odev;
	unsigned long flags;

	spin_lock_irqsave(&odev->cores[core].lock, flags);
	odev->cores[core].head_ns -= (odev->timeout_ms + 1ULL) * NSEC_PER_MSEC;
	spin_unlock_irqrestore(&odev->cores[core].lock, flags);
	octet_mock_watch(mock, core);
}

/* How the queue is; it must exist. */
struct drm_octet_queue_query octet_mock_query(struct kunit *test,
					      struct octet_mock *mock,
					      struct drm_file *file, u32 queue)
{
	struct drm_octet_queue_query args = { .queue = queue };

	KUNIT_ASSERT_EQ(test, 0, octet_ioctl_queue_query(&mock->odev->drm, &args, file));
	return args;
}
