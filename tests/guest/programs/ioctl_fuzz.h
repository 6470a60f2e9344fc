/* SPDX-License-Identifier: MIT */
/*
 * What the fuzzer of ioctls knows of each call: its number, the widths of its
 * fields and the errors that it may end with.
 */
#ifndef OCTET_TEST_IOCTL_FUZZ_H
#define OCTET_TEST_IOCTL_FUZZ_H

#include <linux/dma-buf.h>

#include "gemm.h"

#ifndef DMA_BUF_IOCTL_EXPORT_SYNC_FILE
#error "linux/dma-buf.h is too old: Linux 6.0 has the calls for sync_files"
#endif

union argument {
	struct drm_octet_dev_query query;
	struct drm_octet_bo_create bo_create;
	struct drm_octet_bo_info bo_info;
	struct drm_octet_bo_wait bo_wait;
	struct drm_octet_bo_set_name bo_set_name;
	struct drm_octet_queue_create queue_create;
	struct drm_octet_queue_destroy queue_destroy;
	struct drm_octet_queue_query queue_query;
	struct drm_octet_submit submit;
	struct drm_gem_close gem_close;
	struct drm_prime_handle prime;
	struct drm_syncobj_create sync_create;
	struct drm_syncobj_destroy sync_destroy;
	struct drm_syncobj_handle sync_handle;
	struct drm_syncobj_wait sync_wait;
	struct drm_syncobj_timeline_wait sync_timeline_wait;
	struct drm_syncobj_array sync_array;
	struct drm_syncobj_timeline_array sync_timeline_array;
	struct drm_syncobj_transfer sync_transfer;
	struct dma_buf_export_sync_file dma_buf_export;
	struct dma_buf_import_sync_file dma_buf_import;
	struct dma_buf_sync dma_buf_sync;
	struct sync_merge_data sync_merge;
	uint8_t bytes[512];	/* a longer number of the same call reads more */
};

enum op {
	DEV_QUERY, BO_CREATE, BO_INFO, BO_WAIT, BO_SET_NAME, QUEUE_CREATE, QUEUE_DESTROY,
	QUEUE_QUERY, SUBMIT, GEM_CLOSE, PRIME_EXPORT, PRIME_IMPORT, SYNC_CREATE, SYNC_DESTROY,
	SYNC_EXPORT, SYNC_IMPORT, SYNC_WAIT, SYNC_TIMELINE_WAIT, SYNC_RESET, SYNC_SIGNAL,
	SYNC_TIMELINE_SIGNAL, SYNC_QUERY, SYNC_TRANSFER, DMA_BUF_EXPORT, DMA_BUF_IMPORT,
	DMA_BUF_SYNC, SYNC_MERGE, UNKNOWN, IOCTLS,
	/* not ioctls */
	MAP = IOCTLS, REOPEN, FORK, DUP, OPS,
};

/**
 * struct call - an ioctl
 *
 * @name: for people
 * @request: its number
 * @widths: of its fields, in order, a digit each; no struct has a hole
 * @often: how often it is made
 * @errors: what it may end with besides fuzz_always[]
 */
struct call {
	const char *name;
	unsigned long request;
	const char *widths;
	int often;
	int errors[10];
};

/*
 * A bad pointer, no memory, a signal; a file that another thread has closed, or
 * that is of another kind.
 */
static const int fuzz_always[] = { EFAULT, ENOMEM, EINTR, EBADF, ENOTTY };

#define SYNC_ERRORS { EINVAL, ENOENT, ETIME, EOVERFLOW }

static const struct call fuzz_calls[OPS] = {
	[DEV_QUERY] = { "DEV_QUERY", DRM_IOCTL_OCTET_DEV_QUERY, "44448", 6, { EINVAL, ENOENT } },
	[BO_CREATE] = { "BO_CREATE", DRM_IOCTL_OCTET_BO_CREATE, "8444488", 6, { EINVAL, ENOSPC } },
	[BO_INFO] = { "BO_INFO", DRM_IOCTL_OCTET_BO_INFO, "44888", 4, { ENOENT } },
	[BO_WAIT] = { "BO_WAIT", DRM_IOCTL_OCTET_BO_WAIT, "448", 6, { EINVAL, ENOENT, ETIMEDOUT } },
	[BO_SET_NAME] = { "BO_SET_NAME", DRM_IOCTL_OCTET_BO_SET_NAME, "448", 4,
			  { EINVAL, ENOENT, E2BIG } },
	[QUEUE_CREATE] = { "QUEUE_CREATE", DRM_IOCTL_OCTET_QUEUE_CREATE, "4444", 6,
			   { EINVAL, EACCES, EMFILE } },
	[QUEUE_DESTROY] = { "QUEUE_DESTROY", DRM_IOCTL_OCTET_QUEUE_DESTROY, "44", 4,
			    { EINVAL, ENOENT } },
	[QUEUE_QUERY] = { "QUEUE_QUERY", DRM_IOCTL_OCTET_QUEUE_QUERY, "444444888", 4,
			  { EINVAL, ENOENT } },
	[SUBMIT] = { "SUBMIT", DRM_IOCTL_OCTET_SUBMIT, "44844844", 40,
		     { EINVAL, ENOENT, ECANCELED, EBUSY, E2BIG } },
	[GEM_CLOSE] = { "GEM_CLOSE", DRM_IOCTL_GEM_CLOSE, "44", 4, { EINVAL } },
	[PRIME_EXPORT] = { "PRIME_HANDLE_TO_FD", DRM_IOCTL_PRIME_HANDLE_TO_FD, "444", 4,
			   { EINVAL, ENOENT, EMFILE } },
	[PRIME_IMPORT] = { "PRIME_FD_TO_HANDLE", DRM_IOCTL_PRIME_FD_TO_HANDLE, "444", 4,
			   { EINVAL, ENOENT, ENOSPC } },
	[SYNC_CREATE] = { "SYNCOBJ_CREATE", DRM_IOCTL_SYNCOBJ_CREATE, "44", 4, SYNC_ERRORS },
	[SYNC_DESTROY] = { "SYNCOBJ_DESTROY", DRM_IOCTL_SYNCOBJ_DESTROY, "44", 2, SYNC_ERRORS },
	[SYNC_EXPORT] = { "SYNCOBJ_HANDLE_TO_FD", DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, "4444", 4,
			  { EINVAL, ENOENT, EMFILE } },
	[SYNC_IMPORT] = { "SYNCOBJ_FD_TO_HANDLE", DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, "4444", 4,
			  SYNC_ERRORS },
	[SYNC_WAIT] = { "SYNCOBJ_WAIT", DRM_IOCTL_SYNCOBJ_WAIT, "884448", 4, SYNC_ERRORS },
	[SYNC_TIMELINE_WAIT] = { "SYNCOBJ_TIMELINE_WAIT", DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT,
				 "8884448", 4, SYNC_ERRORS },
	[SYNC_RESET] = { "SYNCOBJ_RESET", DRM_IOCTL_SYNCOBJ_RESET, "844", 2, SYNC_ERRORS },
	[SYNC_SIGNAL] = { "SYNCOBJ_SIGNAL", DRM_IOCTL_SYNCOBJ_SIGNAL, "844", 2, SYNC_ERRORS },
	[SYNC_TIMELINE_SIGNAL] = { "SYNCOBJ_TIMELINE_SIGNAL", DRM_IOCTL_SYNCOBJ_TIMELINE_SIGNAL,
				   "8844", 2, SYNC_ERRORS },
	[SYNC_QUERY] = { "SYNCOBJ_QUERY", DRM_IOCTL_SYNCOBJ_QUERY, "8844", 2, SYNC_ERRORS },
	[SYNC_TRANSFER] = { "SYNCOBJ_TRANSFER", DRM_IOCTL_SYNCOBJ_TRANSFER, "448844", 2,
			    SYNC_ERRORS },
	[DMA_BUF_EXPORT] = { "DMA_BUF_EXPORT_SYNC_FILE", DMA_BUF_IOCTL_EXPORT_SYNC_FILE, "44", 2,
			     { EINVAL, EMFILE } },
	[DMA_BUF_IMPORT] = { "DMA_BUF_IMPORT_SYNC_FILE", DMA_BUF_IOCTL_IMPORT_SYNC_FILE, "44", 2,
			     { EINVAL } },
	[DMA_BUF_SYNC] = { "DMA_BUF_SYNC", DMA_BUF_IOCTL_SYNC, "8", 2, { EINVAL } },
	[SYNC_MERGE] = { "SYNC_MERGE", SYNC_IOC_MERGE, "88888", 2, { EINVAL, ENOENT, EMFILE } },
	[UNKNOWN] = { "unknown number", DRM_IOWR(DRM_COMMAND_BASE + 9, struct drm_octet_submit),
		      "44844844", 1, { EINVAL, EACCES, EPERM, EOPNOTSUPP } },
	[MAP] = { .name = "mmap", .often = 4, .errors = { EINVAL, EACCES, EOVERFLOW } },
	[REOPEN] = { .name = "close, open", .often = 1, .errors = { EMFILE } },
	[FORK] = { .name = "fork", .often = 1, .errors = { EAGAIN } },
	[DUP] = { .name = "dup, close", .often = 1, .errors = { EMFILE } },
};

static inline bool fuzz_allowed(enum op op, int error, int forbidden)
{
	const struct call *call = &fuzz_calls[op];

	if (!error)
		return true;
	if (error == forbidden)
		return false;
	for (size_t i = 0; i < sizeof(fuzz_always) / sizeof(*fuzz_always); i++)
		if (fuzz_always[i] == error)
			return true;
	for (size_t i = 0; i < sizeof(call->errors) / sizeof(*call->errors); i++)
		if (call->errors[i] == error)
			return true;
	return false;
}

#endif
