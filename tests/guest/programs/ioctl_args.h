/* SPDX-License-Identifier: MIT */
/* The arguments of the fuzzer's calls: right ones, and odd values to put into them. */
#ifndef OCTET_TEST_IOCTL_ARGS_H
#define OCTET_TEST_IOCTL_ARGS_H

#include <stdatomic.h>

#include "ioctl_fuzz.h"

#define THINGS	12	/* of each kind, of a file or of a process */
#define JOBS	4
#define SYNCS	4
#define SMALL	(1u << 22)

/* What threads share, and close and destroy under each other. */
struct file {
	_Atomic int fd;
	struct gemm g;
	_Atomic uint32_t handle[THINGS], queue[THINGS], sync[THINGS];
};

/* What a submit points to. */
struct package {
	struct drm_octet_job job[JOBS];
	struct drm_octet_bo_ref ref[JOBS];
	struct drm_octet_sync in[SYNCS], out[SYNCS];
	uint32_t handle[SYNCS];
	uint64_t point[SYNCS];
	char name[160];
};

static _Atomic int fds[THINGS];	/* dma-bufs, sync_files, syncobjs */
static uint8_t *odd_page;	/* its end: the next page cannot be read */
static const uint8_t read_only[4096] = { 1 };

static _Thread_local uint32_t seed;
static _Thread_local struct package package;

static inline uint32_t rnd(uint32_t n)
{
	return gemm_random(&seed) % n;
}

static inline bool once_in(uint32_t n)
{
	return rnd(n) == 0;
}

/* Odd values */

static inline uint64_t odd_pointer(void)
{
	switch (rnd(7)) {
	case 0: return 0;
	case 1: return 8;
	case 2: return (uintptr_t)odd_page + 4096;
	case 3: return (uintptr_t)odd_page + 4096 - rnd(64);
	case 4: return (uintptr_t)read_only;
	case 5: return 0xffff888000000000ull + rnd(1 << 20);
	default: return (uintptr_t)odd_page + rnd(4000);
	}
}

static inline uint64_t odd_value(uint64_t old)
{
	static const uint64_t edges[] = {
		0, 1, 2, 3, 4, 7, 8, 12, 16, 32, 33, 63, 64, 65, 255, 512, 4095, 4096, 4097, 65535,
		65536, INT32_MAX, 1ull << 31, UINT32_MAX, 1ull << 32, 1ull << 38, 1ull << 39,
		INT64_MAX, 1ull << 63, UINT64_MAX,
	};

	switch (rnd(5)) {
	case 0: return old ^ 1ull << rnd(64);
	case 1: return old + rnd(9) - 4;
	case 2: return ((uint64_t)gemm_random(&seed) << 40) ^ gemm_random(&seed);
	default: return edges[rnd(sizeof(edges) / sizeof(*edges))];
	}
}

/* One field of a struct, given the widths of its fields. */
static inline void mutate(void *at, const char *widths)
{
	uint32_t field = rnd(strlen(widths)), offset = 0, bytes = widths[field] - '0';
	uint64_t value = 0;

	for (uint32_t i = 0; i < field; i++)
		offset += widths[i] - '0';
	memcpy(&value, (uint8_t *)at + offset, bytes);
	value = bytes == 8 && once_in(2) ? odd_pointer() : odd_value(value);
	/* The kernel must not write into this program's own memory. */
	if (value >> 40 && value >> 47 == 0)
		value = odd_pointer();
	memcpy((uint8_t *)at + offset, &value, bytes);
}

/* One that exists, if there are some. */
static inline uint32_t some(_Atomic uint32_t *things)
{
	uint32_t thing = 0;

	for (int i = 0; i < THINGS && !thing; i++)
		thing = atomic_load(&things[rnd(THINGS)]);
	return thing;
}

static inline int some_fd(void)
{
	return atomic_load(&fds[rnd(THINGS)]);
}

/* Arguments that are right, unless another thread has just changed something. */

static inline uint64_t soon(void)
{
	return once_in(2) ? 0 : now_ns() + rnd(20000000);
}

static inline void fill_syncs(struct file *f, struct drm_octet_sync *syncs, struct drm_octet_array *array)
{
	uint32_t count = once_in(4) ? rnd(SYNCS + 1) : 1;

	for (uint32_t i = 0; i < count; i++) {
		syncs[i] = (struct drm_octet_sync){ .handle = some(f->sync) };
		if (once_in(4)) {
			syncs[i].flags = DRM_OCTET_SYNC_TIMELINE;
			syncs[i].point = rnd(100) + 1;
		}
		if (once_in(20))
			mutate(&syncs[i], "448");
	}
	*array = (struct drm_octet_array)ARRAY(syncs, count);
	if (once_in(30))
		mutate(array, "844");
}

/* Every 4th time a field of the second command is odd, until the next one. */
static inline void mutate_command(struct gemm *g)
{
	gemm_write_cmd(g, 1);
	if (!once_in(4))
		return;
	switch (rnd(3)) {
	case 0:
		mutate(gemm_cmd(g, 1),
		       "1111" "4444444" "8" "44444" "1111" "444444444" "22222222" "444");
		break;
	case 1:
		mutate(&gemm_cmd(g, 1)->src + rnd(6), "81111488884444");
		break;
	default:
		gemm_cmd(g, 1)->dst.addr = odd_value(g->buf.va);
	}
}

static inline void fill_job(struct file *f, struct drm_octet_job *job)
{
	*job = gemm_job(&f->g);
	job->budget = 1 << 20;
	if (once_in(4))
		fill_syncs(f, package.in, &job->in_syncs);
	if (once_in(2))
		fill_syncs(f, package.out, &job->out_syncs);
	if (once_in(8))
		mutate(job, "844448" "8" "844844");
	if (!job->budget || job->budget > 1 << 24)
		job->budget = 1 << 24;	/* what runs for seconds tells nothing more */
}

static inline void fill_submit(struct file *f, union argument *a)
{
	uint32_t jobs = rnd(JOBS) + 1, refs = rnd(JOBS + 1);

	mutate_command(&f->g);
	for (uint32_t i = 0; i < jobs; i++)
		fill_job(f, &package.job[i]);
	for (uint32_t i = 0; i < refs; i++) {
		package.ref[i] = (struct drm_octet_bo_ref){
			i ? some(f->handle) : f->g.buf.handle, rnd(7) + 1,
		};
		if (once_in(20))
			mutate(&package.ref[i], "44");
	}
	a->submit = (struct drm_octet_submit){
		.queue = some(f->queue), .jobs = ARRAY(package.job, jobs),
		.bos = ARRAY(package.ref, refs),
	};
}

static inline void fill_name(struct file *f, union argument *a)
{
	uint32_t size = rnd(140);

	memset(package.name, 'a' + rnd(26), sizeof(package.name));
	if (once_in(8))
		package.name[rnd(100)] = rnd(256);
	a->bo_set_name = (struct drm_octet_bo_set_name){
		.handle = some(f->handle), .size = size, .ptr = (uintptr_t)package.name,
	};
}

static inline void fill_buffers(struct file *f, enum op op, union argument *a)
{
	switch (op) {
	case DEV_QUERY:
		a->query = (struct drm_octet_dev_query){
			.query = rnd(3), .size = rnd(300), .ptr = (uintptr_t)odd_page,
		};
		a->query.index = a->query.query == DRM_OCTET_QUERY_CORE ? rnd(3) : 0;
		break;
	case BO_CREATE:
		a->bo_create = (struct drm_octet_bo_create){ .size = rnd(1 << 17), .flags = rnd(2) };
		break;
	case BO_INFO:
		a->bo_info.handle = some(f->handle);
		break;
	case BO_WAIT:
		a->bo_wait = (struct drm_octet_bo_wait){
			.handle = once_in(2) ? f->g.buf.handle : some(f->handle),
			.flags = rnd(2), .timeout_ns = soon(),
		};
		break;
	case BO_SET_NAME:
		fill_name(f, a);
		break;
	case GEM_CLOSE:
		a->gem_close.handle = some(f->handle);
		break;
	case PRIME_EXPORT:
		a->prime.handle = some(f->handle);
		a->prime.flags = once_in(2) ? DRM_CLOEXEC : DRM_CLOEXEC | DRM_RDWR;
		break;
	default:	/* PRIME_IMPORT */
		a->prime.fd = some_fd();
	}
}

static inline void fill_queues(struct file *f, enum op op, union argument *a)
{
	switch (op) {
	case QUEUE_CREATE:
		a->queue_create.priority = rnd(3);
		break;
	case QUEUE_DESTROY:
		a->queue_destroy.queue = some(f->queue);
		break;
	case QUEUE_QUERY:
		a->queue_query.queue = some(f->queue);
		break;
	default:	/* SUBMIT, UNKNOWN */
		fill_submit(f, a);
	}
}

static inline uint32_t fill_handles(struct file *f)
{
	for (uint32_t i = 0; i < SYNCS; i++) {
		package.handle[i] = some(f->sync);
		package.point[i] = rnd(100) + 1;
	}
	return rnd(SYNCS) + 1;
}

static inline void fill_sync_waits(struct file *f, enum op op, union argument *a)
{
	uint64_t handles = (uintptr_t)package.handle, points = (uintptr_t)package.point;
	uint32_t count = fill_handles(f);

	switch (op) {
	case SYNC_WAIT:
		a->sync_wait = (struct drm_syncobj_wait){
			.handles = handles, .count_handles = count, .flags = rnd(4),
			.timeout_nsec = soon(),
		};
		break;
	case SYNC_TIMELINE_WAIT:
		a->sync_timeline_wait = (struct drm_syncobj_timeline_wait){
			.handles = handles, .points = points, .count_handles = count,
			.flags = rnd(8), .timeout_nsec = soon(),
		};
		break;
	case SYNC_RESET:
	case SYNC_SIGNAL:
		a->sync_array = (struct drm_syncobj_array){ handles, count, 0 };
		break;
	case SYNC_TIMELINE_SIGNAL:
	case SYNC_QUERY:
		a->sync_timeline_array =
			(struct drm_syncobj_timeline_array){ handles, points, count, 0 };
		break;
	default:	/* SYNC_TRANSFER */
		a->sync_transfer = (struct drm_syncobj_transfer){
			package.handle[0], package.handle[1], rnd(20), rnd(20), 0, 0,
		};
	}
}

static inline void fill_syncobjs(struct file *f, enum op op, union argument *a)
{
	switch (op) {
	case SYNC_CREATE:
		a->sync_create.flags = rnd(2);
		break;
	case SYNC_DESTROY:
		a->sync_destroy.handle = some(f->sync);
		break;
	case SYNC_EXPORT:
		a->sync_handle = (struct drm_syncobj_handle){ some(f->sync), rnd(2), -1, 0 };
		break;
	case SYNC_IMPORT:
		a->sync_handle = (struct drm_syncobj_handle){ 0, rnd(2), some_fd(), 0 };
		if (a->sync_handle.flags)	/* a sync_file, into one that exists */
			a->sync_handle.handle = some(f->sync);
		break;
	case DMA_BUF_EXPORT:
		a->dma_buf_export.flags = rnd(4);
		break;
	case DMA_BUF_IMPORT:
		a->dma_buf_import = (struct dma_buf_import_sync_file){ rnd(4), some_fd() };
		break;
	case DMA_BUF_SYNC:
		a->dma_buf_sync.flags = rnd(8);
		break;
	case SYNC_MERGE:
		a->sync_merge.fd2 = some_fd();
		break;
	default:
		fill_sync_waits(f, op, a);
	}
}

static inline void fill(struct file *f, enum op op, union argument *a)
{
	memset(a, 0, sizeof(*a));
	switch (op) {
	case DEV_QUERY: case BO_CREATE: case BO_INFO: case BO_WAIT: case BO_SET_NAME:
	case GEM_CLOSE: case PRIME_EXPORT: case PRIME_IMPORT:
		fill_buffers(f, op, a);
		break;
	case QUEUE_CREATE: case QUEUE_DESTROY: case QUEUE_QUERY: case SUBMIT: case UNKNOWN:
		fill_queues(f, op, a);
		break;
	default:
		fill_syncobjs(f, op, a);
	}
}

/* How many syncobjs a call is about; NULL if it has no such field. */
static inline __u32 *syncobjs(enum op op, union argument *a)
{
	switch (op) {
	case SYNC_WAIT:
		return &a->sync_wait.count_handles;
	case SYNC_TIMELINE_WAIT:
		return &a->sync_timeline_wait.count_handles;
	case SYNC_RESET: case SYNC_SIGNAL:
		return &a->sync_array.count_handles;
	case SYNC_TIMELINE_SIGNAL: case SYNC_QUERY:
		return &a->sync_timeline_array.count_handles;
	default:
		return NULL;
	}
}

/*
 * A guest has little memory, and buffers are kept for a while. For a huge number of
 * syncobjs DRM's own code has the allocator warn (drm_syncobj_array_find).
 */
static inline void tame(enum op op, union argument *a)
{
	__u32 *count = syncobjs(op, a);

	if (op == BO_CREATE && a->bo_create.size > SMALL && a->bo_create.size < 1ull << 36)
		a->bo_create.size %= SMALL;
	if (count && *count > 65536)
		*count %= 65536;
}

#endif
