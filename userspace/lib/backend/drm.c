// SPDX-License-Identifier: MIT
/* The DRM backend: finding and opening the device, buffers, counters. */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>

#include "drm.h"

#define ACCEL_DIR "/dev/accel"

int drm_call(int fd, unsigned long request, void *arg)
{
	return drmIoctl(fd, request, arg) ? -errno : 0;
}

/* Open @path if its driver is Octet's; -ENXIO: another driver. */
static int open_path(const char *path, int *out, char *why, size_t size)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), ret = 0;
	drmVersionPtr version;

	if (fd < 0) {
		ret = -errno;
		snprintf(why, size, "%s cannot be opened: %s", path, strerror(-ret));
		return ret == -EPERM ? -EACCES : ret;
	}
	version = drmGetVersion(fd);
	if (!version || strcmp(version->name, "octet")) {
		ret = -ENXIO;
		snprintf(why, size, "%s is not an Octet device (driver '%s')", path,
			 version ? version->name : "?");
	} else if (version->version_major != DRM_OCTET_MAJOR) {
		ret = -EPROTO;
		snprintf(
			why, size,
			"%s: the driver is version %d.%d, this library speaks %d.x: update the older one",
			path, version->version_major, version->version_minor, DRM_OCTET_MAJOR);
	} else {
		snprintf(why, size, "%s is an Octet device", path);
	}
	drmFreeVersion(version);
	if (ret)
		close(fd);
	else
		*out = fd;
	return ret;
}

/* The first Octet device; else the most telling of the errors. */
static int scan(int *fd, char *path, size_t path_size, char *why, size_t size)
{
	struct dirent **names = NULL;
	int count = scandir(ACCEL_DIR, &names, NULL, alphasort);
	int best = -ENODEV, ret = -ENODEV;
	char text[160];

	snprintf(why, size, "there is no Octet device in " ACCEL_DIR
		 "; is there one in lspci (1234:0c7e), and is octet.ko loaded?");
	for (int i = 0; i < count; i++) {
		if (ret && !strncmp(names[i]->d_name, "accel", 5)) {
			snprintf(path, path_size, ACCEL_DIR "/%.32s", names[i]->d_name);
			ret = open_path(path, fd, text, sizeof(text));
			if (!ret || (ret != -ENXIO && best == -ENODEV)) {
				snprintf(why, size, "%s", text);
				best = ret;
			}
		}
		free(names[i]);
	}
	free(names);
	return ret ? best : 0;
}

static int open_device(const char *device, int *fd, char *path, size_t path_size, char *why,
		       size_t size)
{
	int ret;

	if (!device)
		return scan(fd, path, path_size, why, size);
	snprintf(path, path_size, "%s", device);
	ret = open_path(device, fd, why, size);
	return ret == -ENXIO || ret == -ENOENT ? -ENODEV : ret;
}

bool octet_drm_probe(const char *device, char *why, size_t size)
{
	char path[256];
	int fd;

	if (open_device(device, &fd, path, sizeof(path), why, size))
		return false;
	close(fd);
	return true;
}

static int query(int fd, uint32_t what, uint32_t index, void *out, uint32_t size)
{
	struct drm_octet_dev_query q = {
		.query = what,
		.index = index,
		.size = size,
		.ptr = (uintptr_t)out,
	};

	return drm_call(fd, DRM_IOCTL_OCTET_DEV_QUERY, &q);
}

static int fill_info(struct octet_ctx *ctx, const char *path)
{
	struct drm_state *drm = ctx->priv;
	struct octet_info *info = &ctx->info;
	struct drm_octet_device_info d = { 0 };
	int ret = query(drm->fd, DRM_OCTET_QUERY_DEVICE, 0, &d, sizeof(d));

	if (ret)
		return octet_set_error(ctx, ret, "octet_open: %s does not tell what it is: %s",
				       path, strerror(-ret));
	info->cores = d.cores;
	info->p = d.array_p;
	info->k = d.array_k;
	info->c = d.array_c;
	info->sram = d.sram_size;
	info->clock_hz = (uint64_t)d.clock_khz * 1000;
	info->dram_bpc = d.dram_bpc;
	info->ops = d.ops;
	info->stages = d.stages;
	info->features = d.features;
	info->max_cmds = d.max_cmds;
	info->ring_entries = d.ring_entries;
	snprintf(info->name, sizeof(info->name), "Octet %u.%u at %.48s", d.version >> 16,
		 d.version & 0xffff, path);
	drm->max_jobs = d.max_jobs;
	return 0;
}

static void drm_close(struct octet_ctx *ctx)
{
	struct drm_state *drm = ctx->priv;

	close(drm->fd);
	free(drm->jobs);
	free(drm->outs);
	free(drm->waits);
	free(drm);
}

/* What a submit needs, so that it allocates nothing. */
static int scratch(struct octet_ctx *ctx)
{
	struct drm_state *drm = ctx->priv;

	drm->jobs = calloc(drm->max_jobs, sizeof(*drm->jobs));
	drm->outs = calloc(drm->max_jobs, sizeof(*drm->outs));
	drm->waits = calloc(DRM_WAITS, sizeof(*drm->waits));
	if (drm->jobs && drm->outs && drm->waits)
		return 0;
	return octet_set_error(ctx, -ENOMEM, "octet_open: out of memory");
}

static int drm_open(struct octet_ctx *ctx, const struct octet_open_opts *opts)
{
	struct drm_state *drm = calloc(1, sizeof(*drm));
	char path[256], why[160];
	int ret;

	if (!drm)
		return octet_set_error(ctx, -ENOMEM, "octet_open: out of memory");
	ret = open_device(opts->device, &drm->fd, path, sizeof(path), why, sizeof(why));
	if (ret) {
		free(drm);
		return octet_set_error(ctx, ret, "octet_open: no device: %s", why);
	}
	ctx->priv = drm;
	ret = fill_info(ctx, path);
	if (!ret)
		ret = scratch(ctx);
	if (ret)
		drm_close(ctx);
	return ret;
}

static int drm_counters(struct octet_ctx *ctx, uint32_t core, struct octet_counters *c)
{
	struct drm_state *drm = ctx->priv;
	struct drm_octet_core_counters d = { 0 };
	int ret = query(drm->fd, DRM_OCTET_QUERY_CORE, core, &d, sizeof(d));

	if (ret)
		return octet_set_error(ctx, ret, "octet_get_counters: core %u: %s", core,
				       strerror(-ret));
	c->cycles = d.cycles;
	c->compute = d.compute;
	c->dma_stall = d.dma_stall;
	c->output_stall = d.output_stall;
	c->overhead = d.overhead;
	c->macs = d.macs;
	c->dram_read = d.dram_read;
	c->dram_write = d.dram_write;
	c->sram = d.sram;
	c->jobs = d.jobs;
	c->commands = d.commands;
	c->entries = d.entries;
	c->doorbells = d.doorbells;
	c->irqs = d.irqs;
	c->errors = d.errors;
	c->tlb_misses = d.tlb_misses;
	c->doorbell_cycles = d.doorbell_cycles;
	c->fetch_cycles = d.fetch_cycles;
	c->irq_cycles = d.irq_cycles;
	c->core_resets = d.core_resets;
	return 0;
}

static int drm_usage(struct octet_ctx *ctx, struct octet_usage *usage)
{
	struct drm_state *drm = ctx->priv;
	struct drm_octet_client_info client = { 0 };
	int ret = query(drm->fd, DRM_OCTET_QUERY_CLIENT, 0, &client, sizeof(client));

	if (ret)
		return octet_set_error(ctx, ret, "octet_get_usage: %s", strerror(-ret));
	usage->buffer_bytes = client.bo_bytes;
	usage->table_bytes = client.table_bytes;
	usage->buffers = client.bos;
	usage->queues = client.queues;
	return 0;
}

static int drm_buffer_new(struct octet_buffer *buffer)
{
	struct drm_state *drm = buffer->ctx->priv;
	struct drm_octet_bo_create create = {
		.size = buffer->size,
		.flags = buffer->read_only ? DRM_OCTET_BO_READONLY : 0,
	};
	int ret = drm_call(drm->fd, DRM_IOCTL_OCTET_BO_CREATE, &create);

	if (ret)
		return octet_set_error(buffer->ctx, ret, "no buffer of %zu bytes: %s", buffer->size,
				       octet_strerror(ret));
	buffer->map = mmap(NULL, create.size, PROT_READ | PROT_WRITE, MAP_SHARED, drm->fd,
			   (off_t)create.mmap_offset);
	if (buffer->map == MAP_FAILED) {
		ret = -errno;
		drmCloseBufferHandle(drm->fd, create.handle);
		return octet_set_error(buffer->ctx, ret,
				       "a buffer of %zu bytes cannot be mapped: %s", buffer->size,
				       strerror(-ret));
	}
	buffer->size = create.size;
	buffer->va = create.va;
	buffer->handle = create.handle;
	return 0;
}

static void drm_buffer_free(struct octet_buffer *buffer)
{
	struct drm_state *drm = buffer->ctx->priv;

	munmap(buffer->map, buffer->size);
	drmCloseBufferHandle(drm->fd, (uint32_t)buffer->handle);
}

/* A kernel that has no names (1.0) refuses it: they are only for people. */
static void drm_buffer_name(struct octet_buffer *buffer, const char *name)
{
	struct drm_state *drm = buffer->ctx->priv;
	struct drm_octet_bo_set_name set = {
		.handle = (uint32_t)buffer->handle,
		.size = (uint32_t)strlen(name),
		.ptr = (uintptr_t)name,
	};

	drm_call(drm->fd, DRM_IOCTL_OCTET_BO_SET_NAME, &set);
}

const struct octet_backend_ops octet_drm_ops = {
	.open = drm_open,
	.close = drm_close,
	.counters = drm_counters,
	.usage = drm_usage,
	.buffer_new = drm_buffer_new,
	.buffer_free = drm_buffer_free,
	.buffer_name = drm_buffer_name,
	.queue_new = drm_queue_new,
	.queue_free = drm_queue_free,
	.submit = drm_submit,
	.wait = drm_wait,
	.state = drm_state,
	.fence_fd = drm_fence_fd,
};
