/* SPDX-License-Identifier: MIT */
/*
 * One command on private copies: the border between the part of the core that
 * talks to memory (decode, gather, scatter) and the arithmetic (compute).
 */
#ifndef OCTET_WORK_H
#define OCTET_WORK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <drm/octet_isa.h>

#include "octet_core.h"

/**
 * struct octet_work - a validated command and dense copies of its operands
 *
 * All tensors are dense and row-major here, without strides, broadcasts
 * expanded: strides and spaces are the business of gather and scatter. A compute
 * reads its inputs and no more: later commands of a chain may have the same
 * ones, and a compute that was cancelled is done again.
 *
 * @cmd: the device's private copy, already validated
 * @src: [n][h][w][cin]; GEMM: [n2][n][M][K], TRANSPOSED: [n2][n][K][M]; FILL: NULL
 * @src2: EW [n][h][w][cin], a REPEAT expanded; TAIL_ADD: as @dst; else NULL
 * @wgt: CONV2D, TCONV2D [cout][r][s][cin/groups]; DEPTHWISE [r][s][cout];
 *	GEMM [n2][n][K][N], TRANSPOSED: [n2][n][N][K]; int4 is unpacked to one
 *	int8 per element. Layout PACKED: as it is in memory, aligned to 4
 * @prm: [cout] or NULL; with int16 inputs NULL
 * @prm16: [cout] or NULL; with int16 inputs only
 * @chn: [cout] or NULL
 * @table: octet_cmd.table: LUT, TAIL_LUT 256 bytes, int16 LUT int16[513];
 *	SOFTMAX int32[256]; RESIZE struct octet_tap[oh + ow]; else NULL
 * @dst: [n][oh][ow][cout] elements of dst's type; GEMM [n2][n][M][N]
 * @break_rounding: the injected fault of struct octet_inject
 * @cancel: give up soon when set
 * @progress: count up now and then
 * @threads: how many @parallel has; the bits of a result do not depend on it
 * @parallel: as in struct octet_host, or NULL
 * @opaque: for @parallel
 */
struct octet_work {
	struct octet_cmd cmd;
	uint8_t *src;
	uint8_t *src2;
	uint8_t *wgt;
	struct octet_param *prm;
	struct octet_param16 *prm16;
	struct octet_channel *chn;
	void *table;
	uint8_t *dst;
	bool break_rounding;
	atomic_bool *cancel;
	atomic_uint *progress;
	unsigned int threads;
	octet_parallel_fn *parallel;
	void *opaque;
};

/**
 * octet_work_compute() - do the arithmetic of any operation, its output stage and
 * tails; fill @dst
 *
 * Return: 0, -ECANCELED, or -ENOMEM.
 */
int octet_work_compute(struct octet_work *work);

/** octet_work_packed() - bytes, at most, that the compute makes of @weights weights */
uint64_t octet_work_packed(const struct octet_cmd *cmd, uint64_t weights);

/** octet_work_is_brief() - will the compute take microseconds? A guess, mostly too high. */
bool octet_work_is_brief(const struct octet_work *work);

#endif /* OCTET_WORK_H */
