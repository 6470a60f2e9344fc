/* SPDX-License-Identifier: MIT */
/* What the library's unit tests share. */
#ifndef OCTET_LIBTEST_H
#define OCTET_LIBTEST_H

#include "unit.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <octet.h>

/** lt_open() - a context of @backend, which must open; @machine may be NULL */
struct octet_ctx *lt_open(enum octet_backend backend, const char *machine);

/** lt_machine() - DRM where a device is, as in the guest, else SIM */
enum octet_backend lt_machine(void);

/** lt_random() - the next number of a generator that starts at @*state */
uint32_t lt_random(uint64_t *state);
static inline uint32_t lt_below(uint64_t *state, uint32_t n)
{
	return lt_random(state) % n;
}

/** lt_tensor() - a tensor, named, filled with random bytes unless @state is NULL */
struct octet_tensor *lt_tensor(struct octet_ctx *ctx, const char *name, enum octet_dtype type,
			       uint32_t rank, const uint32_t *dims, uint64_t *state);
#define LT_DIMS(...)	(uint32_t)(sizeof((uint32_t[]){ __VA_ARGS__ }) / 4), (uint32_t[]){ __VA_ARGS__ }

/** lt_expect() - the call failed with @error, and the message has all of the words */
#define lt_expect(ctx, ret, error, ...)						\
	lt_expect_at((ctx), (ret), (error), (const char *const[]){ __VA_ARGS__, NULL }, \
		     __FILE__, __LINE__)
void lt_expect_at(struct octet_ctx *ctx, int ret, int error, const char *const *words,
		  const char *file, int line);

/** lt_gemm_job() - a ready job y = a b of n x n matrices, with tensors of its own */
struct octet_job *lt_gemm_job(struct octet_ctx *ctx, uint32_t n, struct octet_tensor **y);
/** lt_bad_job() - a ready job whose source is not mapped */
struct octet_job *lt_bad_job(struct octet_ctx *ctx);

#endif /* OCTET_LIBTEST_H */
