// SPDX-License-Identifier: MIT
/*
 * Every rejection of DRM_OCTET_SUBMIT that uapi/drm/octet_accel.h documents.
 * Each case starts from a submit that is accepted and changes one thing.
 */
#include "gemm.h"

/* A submit with everything that can be wrong in it; three equal jobs. */
struct attempt {
	struct drm_octet_submit s;
	struct drm_octet_job job[3];
	struct drm_octet_bo_ref ref[2];
	struct drm_octet_sync in[1], out[2];
};

static struct {
	int fd;
	uint32_t queue;
	struct gemm g;
	uint32_t in, out, timeline, blank;
	struct drm_octet_device_info info;
} t;

static void fresh(struct attempt *a)
{
	*a = (struct attempt){ .s = { .queue = t.queue } };
	for (int i = 0; i < 3; i++)
		a->job[i] = gemm_job(&t.g);
	a->ref[0] = gemm_ref(&t.g);
	a->ref[1] = gemm_ref(&t.g);
	a->in[0] = (struct drm_octet_sync){ .handle = t.in };
	a->out[0] = (struct drm_octet_sync){ .handle = t.out };
	a->out[1] = (struct drm_octet_sync){ t.timeline, DRM_OCTET_SYNC_TIMELINE, 0 };
	a->job[1].in_syncs = (struct drm_octet_array)ARRAY(a->in, 1);
	a->job[1].out_syncs = (struct drm_octet_array)ARRAY(a->out, 1);
	a->s.jobs = (struct drm_octet_array)ARRAY(a->job, 3);
	a->s.bos = (struct drm_octet_array)ARRAY(a->ref, 1);
}

static void try(struct attempt *a, int want, const char *text)
{
	gemm_clear(&t.g);
	check_ret(dev_ioctl(t.fd, DRM_IOCTL_OCTET_SUBMIT, &a->s), want, text);
	if (!want)
		check(!sync_wait(t.fd, t.out, 20 * SECOND) &&
		      !buf_wait(t.fd, &t.g.buf, 0, now_ns() + 20 * SECOND) && gemm_right(&t.g),
		      "  its result is right");
	fresh(a);
}

static void set_up(void)
{
	t.fd = dev_open();
	t.info = dev_info(t.fd);
	t.queue = queue_new(t.fd);
	gemm_new(&t.g, t.fd, 5);
	t.in = sync_new(t.fd);
	t.out = sync_new(t.fd);
	t.timeline = sync_new(t.fd);
	t.blank = sync_new(t.fd);
	if (drmSyncobjSignal(t.fd, &t.in, 1))
		bail("a signalled syncobj: %s", strerror(errno));
}

static void whole_submit(struct attempt *a)
{
	try(a, 0, "SUBMIT");
	a->s.queue = t.queue + 1000;
	try(a, -ENOENT, "SUBMIT unknown queue");
	a->s.queue = 0;
	try(a, -ENOENT, "SUBMIT queue 0");
	a->s.flags = 1;
	try(a, -EINVAL, "SUBMIT unknown flag");
	a->s.jobs.count = 0;
	try(a, -EINVAL, "SUBMIT without jobs");
	a->s.jobs.stride = sizeof(struct drm_octet_job) - 8;
	try(a, -EINVAL, "SUBMIT jobs shorter than version 1.0 had them");
	a->s.jobs.stride = 0;
	try(a, -EINVAL, "SUBMIT jobs of stride 0");
	a->s.jobs.ptr = 64;
	try(a, -EFAULT, "SUBMIT jobs at a bad pointer");
	a->s.bos.count = 0;
	a->s.bos.ptr = 0;
	a->job[2].out_syncs = a->job[1].out_syncs;
	try(a, 0, "SUBMIT without a BO list");
}

static void too_many(struct attempt *a)
{
	struct drm_octet_job *jobs = calloc(t.info.max_jobs + 1, sizeof(*jobs));
	struct drm_octet_bo_ref *refs = calloc(t.info.max_bos + 1ul, sizeof(*refs));

	if (!jobs || !refs)
		bail("out of memory");
	for (uint32_t i = 0; i <= t.info.max_jobs; i++)
		jobs[i] = gemm_job(&t.g);
	for (uint32_t i = 0; i <= t.info.max_bos; i++)
		refs[i] = gemm_ref(&t.g);
	a->s.jobs = (struct drm_octet_array)ARRAY(jobs, t.info.max_jobs + 1);
	try(a, -EINVAL, "SUBMIT max_jobs + 1 jobs");
	a->s.jobs = (struct drm_octet_array)ARRAY(jobs, t.info.max_jobs);
	try(a, 0, "SUBMIT max_jobs jobs");
	a->s.bos = (struct drm_octet_array)ARRAY(refs, t.info.max_bos + 1);
	try(a, -EINVAL, "SUBMIT max_bos + 1 buffers");
	a->s.bos = (struct drm_octet_array)ARRAY(refs, 3);
	try(a, 0, "SUBMIT a buffer listed three times");
	free(jobs);
	free(refs);
}

static void one_job(struct attempt *a)
{
	a->job[2].flags = 1;
	try(a, -EINVAL, "SUBMIT job with an unknown flag");
	a->job[2].cmd_va += 32;
	try(a, -EINVAL, "SUBMIT cmd_va not aligned to 64");
	a->job[2].report_va += 4;
	try(a, -EINVAL, "SUBMIT report_va not aligned to 8");
	a->job[2].report_va = 0;
	try(a, 0, "SUBMIT without a report");
	a->job[2].cmd_count = 0;
	try(a, -EINVAL, "SUBMIT cmd_count 0");
	a->job[2].cmd_count = t.info.max_cmds + 1;
	try(a, -EINVAL, "SUBMIT cmd_count above max_cmds");
	a->job[2].cmd_count = UINT32_MAX;
	try(a, -EINVAL, "SUBMIT cmd_count 2^32 - 1");
	a->job[2].sw = t.info.sram_size / 2;
	a->job[2].lb = t.info.sram_size / 2 + 1;
	try(a, -EINVAL, "SUBMIT sw + lb one byte larger than the SRAM");
	a->job[2].sw = UINT32_MAX;
	a->job[2].lb = 2;
	try(a, -EINVAL, "SUBMIT sw + lb that overflow 32 bits");
	a->job[2].sw = 4096;
	try(a, 0, "SUBMIT sw + lb inside the SRAM");
	a->job[2].budget = UINT32_MAX;
	try(a, 0, "SUBMIT with a budget");
}

static void buffers(struct attempt *a)
{
	struct buf b = buf_new(t.fd, 4096, 0);

	a->ref[1] = (struct drm_octet_bo_ref){ b.handle, DRM_OCTET_BO_READ | DRM_OCTET_BO_IMPLICIT };
	a->s.bos.count = 2;
	try(a, 0, "SUBMIT with two buffers");
	a->ref[0].flags = 0;
	try(a, -EINVAL, "SUBMIT buffer neither read nor written");
	a->ref[0].flags = DRM_OCTET_BO_IMPLICIT;
	try(a, -EINVAL, "SUBMIT buffer with IMPLICIT alone");
	a->ref[0].flags |= 1 << 3;
	try(a, -EINVAL, "SUBMIT buffer with an unknown flag");
	a->ref[0].handle += 1000;
	try(a, -ENOENT, "SUBMIT unknown buffer");
	a->ref[0].handle = 0;
	try(a, -ENOENT, "SUBMIT buffer 0");
	a->s.bos.stride = 4;
	try(a, -EINVAL, "SUBMIT buffer elements too short");
	a->s.bos.ptr = 64;
	try(a, -EFAULT, "SUBMIT buffers at a bad pointer");
	buf_free(t.fd, &b);
	a->ref[0].handle = b.handle;
	try(a, -ENOENT, "SUBMIT closed buffer");
}

static void in_syncs(struct attempt *a)
{
	a->in[0].handle = t.blank;
	try(a, -EINVAL, "SUBMIT in-sync without a fence");
	a->in[0] = (struct drm_octet_sync){ t.timeline, DRM_OCTET_SYNC_TIMELINE, 1000 };
	try(a, -EINVAL, "SUBMIT in-sync: timeline point that does not exist");
	a->in[0].handle = 12345;
	try(a, -ENOENT, "SUBMIT unknown in-sync");
	a->in[0].flags = 1 << 1;
	try(a, -EINVAL, "SUBMIT in-sync with an unknown flag");
	a->in[0].point = 1;
	try(a, -EINVAL, "SUBMIT binary in-sync with a point");
	a->job[1].in_syncs.stride = 8;
	try(a, -EINVAL, "SUBMIT in-sync elements too short");
	a->job[1].in_syncs.ptr = 64;
	try(a, -EFAULT, "SUBMIT in-syncs at a bad pointer");
}

static void out_syncs(struct attempt *a)
{
	a->out[0].handle = 12345;
	try(a, -ENOENT, "SUBMIT unknown out-sync");
	a->out[0].flags = 1 << 1;
	try(a, -EINVAL, "SUBMIT out-sync with an unknown flag");
	a->out[0].point = 1;
	try(a, -EINVAL, "SUBMIT binary out-sync with a point");
	a->job[1].out_syncs.stride = 8;
	try(a, -EINVAL, "SUBMIT out-sync elements too short");
	a->job[1].out_syncs.ptr = 64;
	try(a, -EFAULT, "SUBMIT out-syncs at a bad pointer");
	a->job[1].out_syncs.count = 2;
	a->out[1].point = 1;
	try(a, 0, "SUBMIT binary and timeline out-sync");
	check_ret(sync_wait_point(t.fd, t.timeline, 1, 10 * SECOND), 0, "  the point is signalled");
}

/* Elements longer than this kernel knows: fine while the rest is zero. */
static void longer_elements(struct attempt *a)
{
	struct { struct drm_octet_job job; uint64_t tail[2]; } job[2] = { 0 };
	struct { struct drm_octet_bo_ref ref; uint64_t tail; } ref[1] = { 0 };
	struct { struct drm_octet_sync sync; uint64_t tail; } out[1] = { 0 };

	job[0].job = job[1].job = gemm_job(&t.g);
	job[0].job.out_syncs = (struct drm_octet_array)ARRAY(out, 1);
	ref[0].ref = gemm_ref(&t.g);
	out[0].sync = (struct drm_octet_sync){ .handle = t.out };
	for (int which = 0; which < 4; which++) {
		static const char *const text[] = {
			"SUBMIT longer elements with zero tails",
			"SUBMIT longer job with a tail that is not zero",
			"SUBMIT longer buffer with a tail that is not zero",
			"SUBMIT longer out-sync with a tail that is not zero",
		};

		job[1].tail[1] = which == 1;
		ref[0].tail = which == 2;
		out[0].tail = which == 3;
		a->s.jobs = (struct drm_octet_array)ARRAY(job, 2);
		a->s.bos = (struct drm_octet_array)ARRAY(ref, 1);
		try(a, which ? -E2BIG : 0, text[which]);
	}
}

/* Jobs pile up behind a slow one until the client's cap. */
static void too_much_queued(void)
{
	struct drm_octet_job *jobs = calloc(t.info.max_jobs, sizeof(*jobs));
	uint32_t queue = queue_new(t.fd), sync = sync_new(t.fd), queued = 0;
	struct drm_octet_bo_ref ref = gemm_ref(&t.g);
	struct gemm slow;
	int ret = 0;

	if (!jobs)
		bail("out of memory");
	gemm_new_slow(&slow, t.fd, 6);
	for (uint32_t i = 0; i < t.info.max_jobs; i++)
		jobs[i] = gemm_job(&t.g);
	for (int i = 0; i < 8; i++)
		gemm_submit(&slow, queue, sync);
	while (queued < 100000) {
		ret = submit(t.fd, queue, jobs, t.info.max_jobs, &ref, 1);
		if (ret)
			break;
		queued += t.info.max_jobs;
	}
	check_ret(ret, -EBUSY, "SUBMIT with too many jobs queued");
	check(sync_wait(t.fd, sync, 0) == -ETIME, "  %u jobs wait behind slow ones", queued);
	check_ret(queue_free(t.fd, queue), 0, "QUEUE_DESTROY with jobs queued");
	check_ret(buf_wait(t.fd, &t.g.buf, 0, now_ns() + 60 * SECOND), 0, "  they all come to an end");
	drmSyncobjDestroy(t.fd, sync);
	gemm_free(&slow);
	free(jobs);
}

int main(void)
{
	struct attempt a;

	tap_start(110);
	set_up();
	fresh(&a);
	whole_submit(&a);
	too_many(&a);
	one_job(&a);
	buffers(&a);
	in_syncs(&a);
	out_syncs(&a);
	longer_elements(&a);
	too_much_queued();
	check(gemm_works(t.fd), "after all that a job runs and gives right bits");
	return tap_end();
}
