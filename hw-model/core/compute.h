/* SPDX-License-Identifier: MIT */
/* What the files of the arithmetic share: one function per operation. */
#ifndef OCTET_COMPUTE_H
#define OCTET_COMPUTE_H

#include <stddef.h>

#include "simd.h"
#include "vector.h"
#include "work.h"

/*
 * Arrays that are written before they are read. Builds that clear all variables, as
 * QEMU's does, would spend more time on them than the arithmetic takes.
 */
#if defined(__has_attribute)
#if __has_attribute(uninitialized)
#define OCTET_SCRATCH	__attribute__((uninitialized))
#endif
#endif
#ifndef OCTET_SCRATCH
#define OCTET_SCRATCH
#endif

struct octet_requant;

/** Elements that a loop handles at a time: its buffers stay in the cache. */
#define OCTET_BLOCK 256

/** Products of one result from which on a single result may take long. */
#define OCTET_LONG_SUM 16384

/** octet_work_tick() - count progress; true if the work is cancelled. */
static inline bool octet_work_tick(const struct octet_work *work)
{
	if (work->progress)
		atomic_fetch_add_explicit(work->progress, 1, memory_order_relaxed);
	return work->cancel && atomic_load_explicit(work->cancel, memory_order_relaxed);
}

/**
 * struct octet_pacer - ticks once in a while
 *
 * @left: elements until the next tick
 */
struct octet_pacer {
	const struct octet_work *work;
	size_t left;
};

/** octet_pace() - account for @cost elements; true if the work is cancelled. */
static inline bool octet_pace(struct octet_pacer *p, size_t cost)
{
	if (p->left > cost) {
		p->left -= cost;
		return false;
	}
	p->left = 1 << 20;
	return octet_work_tick(p->work);
}

/** Threads that one compute makes use of at most. */
#define OCTET_LANES_MAX 16

/** octet_part_fn - part @part of a compute, by thread @lane: 0 or an error that ends all */
typedef int octet_part_fn(void *arg, unsigned int lane, size_t part);

/** octet_lanes() - how many threads a compute of @cost products is worth, at least 1. */
unsigned int octet_lanes(const struct octet_work *work, double cost);

/**
 * octet_parts() - @count parts by @lanes threads, which take them in turn
 *
 * Return: 0 or the first error.
 */
int octet_parts(const struct octet_work *work, unsigned int lanes, size_t count,
		octet_part_fn *fn, void *arg);

/** octet_type_size() - bytes of an element. */
static inline size_t octet_type_size(unsigned int type)
{
	return type == OCTET_TYPE_INT32 ? 4 : type == OCTET_TYPE_INT16 ? 2 : 1;
}

static inline int32_t octet_clamp(int32_t v, int32_t lo, int32_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

/** octet_code() - value of an 8-bit code. */
static inline int32_t octet_code(unsigned int type, uint8_t code)
{
	return type == OCTET_TYPE_UINT8 ? code : (int8_t)code;
}

/** octet_pixels() - pixels of the result. */
static inline size_t octet_pixels(const struct octet_cmd *cmd)
{
	return (size_t)cmd->n * cmd->oh * cmd->ow;
}

int octet_compute_conv(const struct octet_work *work, const struct octet_requant *rq);
int octet_compute_depthwise(const struct octet_work *work, const struct octet_requant *rq);
int octet_compute_gemm(const struct octet_work *work, const struct octet_requant *rq);
int octet_compute_tconv(const struct octet_work *work, const struct octet_requant *rq);
int octet_compute_pool(const struct octet_work *work, const struct octet_requant *rq);
int octet_compute_ew(const struct octet_work *work);
int octet_compute_lut(const struct octet_work *work);
int octet_compute_copy(const struct octet_work *work);
int octet_compute_softmax(const struct octet_work *work);
int octet_compute_reduce(const struct octet_work *work);
int octet_compute_resize(const struct octet_work *work);

#endif /* OCTET_COMPUTE_H */
