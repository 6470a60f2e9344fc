// SPDX-License-Identifier: MIT
/* Contexts: who executes, and why. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"

static const char *const backend_names[] = { "auto", "drm", "sim", "cpu" };

const char *octet_backend_name(enum octet_backend backend)
{
	return (unsigned int)backend <= OCTET_BACKEND_CPU ? backend_names[backend] : "?";
}

int octet_backend_parse(const char *name, enum octet_backend *backend)
{
	for (unsigned int i = 0; name && backend && i <= OCTET_BACKEND_CPU; i++) {
		if (!strcmp(name, backend_names[i])) {
			*backend = (enum octet_backend)i;
			return 0;
		}
	}
	return -EINVAL;
}

/* AUTO becomes a backend here; the reason is a sentence that names the facts. */
static int choose(struct octet_ctx *ctx, const struct octet_open_opts *o)
{
	char why[160];

	ctx->backend = o->backend;
	if (o->backend == OCTET_BACKEND_AUTO) {
		if (octet_drm_probe(o->device, why, sizeof(why))) {
			ctx->backend = OCTET_BACKEND_DRM;
			snprintf(ctx->reason, sizeof(ctx->reason), "%s", why);
		} else if (o->device) {
			return octet_set_error(ctx, -ENODEV, "octet_open: device '%s': %s",
					       o->device, why);
		} else {
			ctx->backend = OCTET_BACKEND_SIM;
			snprintf(ctx->reason, sizeof(ctx->reason), "%s", why);
		}
	} else {
		snprintf(ctx->reason, sizeof(ctx->reason), "the caller asked for it");
	}
	switch (ctx->backend) {
	case OCTET_BACKEND_DRM:
		ctx->ops = &octet_drm_ops;
		return 0;
	case OCTET_BACKEND_SIM:
		ctx->ops = &octet_sim_ops;
		return 0;
	case OCTET_BACKEND_CPU:
		ctx->ops = &octet_cpu_ops;
		return 0;
	default:
		return octet_set_error(ctx, -EINVAL,
				       "octet_open: backend %d is unknown, 0 to %d are", o->backend,
				       OCTET_BACKEND_CPU);
	}
}

static int start(struct octet_ctx *ctx, const struct octet_open_opts *o)
{
	int ret = choose(ctx, o);

	if (ret)
		return ret;
	ctx->info.size = sizeof(ctx->info);
	ret = ctx->ops->open(ctx, o);
	if (ret)
		return ret;
	ret = octet_queue_make(ctx, OCTET_PRIORITY_NORMAL, &ctx->own);
	if (ret)
		ctx->ops->close(ctx);
	return ret;
}

static void tell(const struct octet_open_opts *o, const char *text)
{
	if (o->errbuf && o->errbuf_size)
		snprintf(o->errbuf, o->errbuf_size, "%s", text);
}

int octet_open(struct octet_ctx **out, const struct octet_open_opts *opts)
{
	struct octet_open_opts o;
	struct octet_ctx *ctx = calloc(1, sizeof(*ctx));
	int ret;

	if (!ctx)
		return -ENOMEM;
	pthread_mutex_init(&ctx->lock, NULL);
	pthread_mutex_init(&ctx->submit_lock, NULL);
	octet_link_init(&ctx->plans);
	octet_link_init(&ctx->panels);
	octet_link_init(&ctx->tensors);
	octet_link_init(&ctx->jobs);
	octet_link_init(&ctx->queues);
	octet_link_init(&ctx->fences);
	ret = octet_opts_in(ctx, "octet_open_opts", opts, sizeof(o), &o);
	if (!ret && !out)
		ret = octet_set_error(ctx, -EINVAL, "octet_open: ctx is NULL");
	if (!ret)
		ret = start(ctx, &o);
	if (ret) {
		tell(&o, ctx->error);
		pthread_mutex_destroy(&ctx->submit_lock);
		pthread_mutex_destroy(&ctx->lock);
		free(ctx);
		return ret;
	}
	*out = ctx;
	return 0;
}

/* Objects in the order of who holds whom. */
static void free_all(struct octet_ctx *ctx)
{
	while (!octet_link_empty(&ctx->fences))
		octet_fence_free(octet_entry(ctx->fences.next, struct octet_fence, link));
	while (!octet_link_empty(&ctx->jobs))
		octet_job_destroy(octet_entry(ctx->jobs.next, struct octet_job, link));
	while (!octet_link_empty(&ctx->queues))
		octet_queue_put(octet_entry(ctx->queues.next, struct octet_queue, link));
	while (!octet_link_empty(&ctx->tensors))
		octet_tensor_free(octet_entry(ctx->tensors.next, struct octet_tensor, link));
}

void octet_close(struct octet_ctx *ctx)
{
	if (!ctx)
		return;
	while (!octet_link_empty(&ctx->plans))
		octet_plan_free_first(ctx);
	for (struct octet_link *l = ctx->queues.next; l != &ctx->queues; l = l->next) {
		struct octet_queue *queue = octet_entry(l, struct octet_queue, link);

		ctx->ops->wait(queue, queue->submitted, INT64_MAX);
	}
	free_all(ctx);
	ctx->ops->close(ctx);
	pthread_mutex_destroy(&ctx->submit_lock);
	pthread_mutex_destroy(&ctx->lock);
	free(ctx);
}

enum octet_backend octet_get_backend(const struct octet_ctx *ctx)
{
	return ctx ? ctx->backend : OCTET_BACKEND_AUTO;
}

const char *octet_backend_reason(const struct octet_ctx *ctx)
{
	return ctx ? ctx->reason : "no context";
}

int octet_get_info(const struct octet_ctx *ctx, struct octet_info *info)
{
	if (!ctx)
		return -EINVAL;
	/* Only the message changes, behind its lock. */
	return octet_opts_out((struct octet_ctx *)ctx, "octet_info", &ctx->info, sizeof(ctx->info),
			      info);
}

int octet_get_counters(struct octet_ctx *ctx, uint32_t core, struct octet_counters *out)
{
	struct octet_counters counters = { 0 };
	int ret;

	if (!ctx)
		return -EINVAL;
	if (core >= (ctx->info.cores ? ctx->info.cores : 1))
		return octet_set_error(ctx, -ENOENT, "octet_get_counters: no core %u, there are %u",
				       core, ctx->info.cores);
	ret = ctx->ops->counters ? ctx->ops->counters(ctx, core, &counters) : 0;
	if (ret)
		return ret;
	return octet_opts_out(ctx, "octet_counters", &counters, sizeof(counters), out);
}

int octet_get_usage(struct octet_ctx *ctx, struct octet_usage *out)
{
	struct octet_usage usage = { 0 };
	int ret;

	if (!ctx)
		return -EINVAL;
	ret = ctx->ops->usage(ctx, &usage);
	if (ret)
		return ret;
	return octet_opts_out(ctx, "octet_usage", &usage, sizeof(usage), out);
}
