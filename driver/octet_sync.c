// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Synchronisation
 *
 * A submit looks up every fence it waits for, and allocates every chain link it
 * will publish, before anything is armed: publishing cannot fail.
 */
#include <linux/dma-fence-chain.h>
#include <linux/slab.h>

#include <drm/drm_syncobj.h>
#include <drm/octet_accel.h>

#include "octet_arena.h"
#include "octet_drv.h"
#include "octet_submit.h"
#include "octet_sync.h"

/*
 * Return: 0, or -EINVAL for flags, a point that a binary syncobj has not, or
 * point 0 of a timeline as a target.
 */
int octet_sync_check(const struct drm_octet_sync *sync, bool out)
{
	bool timeline = sync->flags & DRM_OCTET_SYNC_TIMELINE;

	if (sync->flags & ~DRM_OCTET_SYNC_TIMELINE)
		return -EINVAL;
	if (!timeline && sync->point)
		return -EINVAL;
	if (timeline && out && !sync->point)
		return -EINVAL;
	return 0;
}

static int octet_sync_add_in(struct octet_syncs *syncs, struct drm_file *file,
			     const struct drm_octet_sync *arg, u32 job)
{
	struct octet_sync_in *in = &syncs->in[syncs->num_in];
	int ret;

	ret = octet_sync_check(arg, false);
	if (ret)
		return ret;

	/* Without a fence there yet: -EINVAL. */
	ret = drm_syncobj_find_fence(file, arg->handle, arg->point, 0, &in->fence);
	if (ret)
		return ret;
	/* A timeline that is past the point. */
	if (!in->fence)
		return 0;
	in->job = job;
	syncs->num_in++;
	return 0;
}

static int octet_sync_add_out(struct octet_syncs *syncs, struct drm_file *file,
			      const struct drm_octet_sync *arg, u32 job)
{
	struct octet_sync_out *out = &syncs->out[syncs->num_out];
	int ret;

	ret = octet_sync_check(arg, true);
	if (ret)
		return ret;

	*out = (struct octet_sync_out) { .point = arg->point, .job = job };
	if (arg->flags & DRM_OCTET_SYNC_TIMELINE) {
		out->chain = dma_fence_chain_alloc();
		if (!out->chain)
			return -ENOMEM;
	}
	out->syncobj = drm_syncobj_find(file, arg->handle);
	if (!out->syncobj) {
		dma_fence_chain_free(out->chain);
		return -ENOENT;
	}
	syncs->num_out++;
	return 0;
}

typedef int (*octet_sync_add)(struct octet_syncs *syncs, struct drm_file *file,
			      const struct drm_octet_sync *arg, u32 job);

static int octet_sync_add_array(struct octet_syncs *syncs,
				struct octet_arena *arena, struct drm_file *file,
				const struct drm_octet_array *array, u32 job,
				octet_sync_add add)
{
	struct drm_octet_sync *args;
	u32 i;
	int ret = 0;

	if (!array->count)
		return 0;

	args = octet_job_copy_array(arena, array, sizeof(*args), OCTET_MAX_SYNCS);
	if (IS_ERR(args))
		return PTR_ERR(args);
	for (i = 0; i < array->count && !ret; i++)
		ret = add(syncs, file, &args[i], job);
	return ret;
}

static int octet_sync_alloc(struct octet_syncs *syncs, struct octet_arena *arena,
			    const struct drm_octet_job *jobs, u32 count)
{
	size_t in = 0, out = 0;
	u32 i;

	for (i = 0; i < count; i++) {
		if (jobs[i].in_syncs.count > OCTET_MAX_SYNCS ||
		    jobs[i].out_syncs.count > OCTET_MAX_SYNCS)
			return -EINVAL;
		in += jobs[i].in_syncs.count;
		out += jobs[i].out_syncs.count;
	}
	if (in) {
		syncs->in = octet_arena_alloc(arena, in, sizeof(*syncs->in));
		if (!syncs->in)
			return -ENOMEM;
	}
	if (out) {
		syncs->out = octet_arena_alloc(arena, out, sizeof(*syncs->out));
		if (!syncs->out)
			return -ENOMEM;
	}
	return 0;
}

/* On failure too, octet_sync_fini() is due. */
int octet_sync_prepare(struct octet_syncs *syncs, struct octet_arena *arena,
		       struct drm_file *file, const struct drm_octet_job *jobs, u32 count)
{
	u32 i;
	int ret;

	ret = octet_sync_alloc(syncs, arena, jobs, count);
	for (i = 0; i < count && !ret; i++) {
		ret = octet_sync_add_array(syncs, arena, file, &jobs[i].in_syncs, i,
					   octet_sync_add_in);
		if (!ret)
			ret = octet_sync_add_array(syncs, arena, file,
						   &jobs[i].out_syncs, i,
						   octet_sync_add_out);
	}
	return ret;
}

/* Publishes @fences, one per job. */
void octet_sync_attach(struct octet_syncs *syncs, struct dma_fence **fences)
{
	u32 i;

	for (i = 0; i < syncs->num_out; i++) {
		struct octet_sync_out *out = &syncs->out[i];

		if (out->chain) {
			drm_syncobj_add_point(out->syncobj, out->chain,
					      fences[out->job], out->point);
			out->chain = NULL;	/* the timeline has it now */
		} else {
			drm_syncobj_replace_fence(out->syncobj,
						  fences[out->job]);
		}
	}
}

void octet_sync_fini(struct octet_syncs *syncs)
{
	u32 i;

	for (i = 0; i < syncs->num_in; i++)
		dma_fence_put(syncs->in[i].fence);
	for (i = 0; i < syncs->num_out; i++) {
		dma_fence_chain_free(syncs->out[i].chain);
		drm_syncobj_put(syncs->out[i].syncobj);
	}
}
