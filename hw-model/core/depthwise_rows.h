/* SPDX-License-Identifier: MIT */
/*
 * DEPTHWISE by rows of results: what its two files share.
 *
 * A unit is so many channels of a pixel as octet_simd.dw_unit says. Of 64, and where a command
 * has fewer left, it is half or a quarter of them of two or four pixels: those of as many
 * strips of a row of results.
 *
 * The rows of a word are four, a kernel often has three: then words serve two rows of
 * results, the second with weights that are moved down.
 */
#ifndef OCTET_DEPTHWISE_ROWS_H
#define OCTET_DEPTHWISE_ROWS_H

#include "compute.h"
#include "output_stage.h"

/** Columns that are laid out at once. */
#define OCTET_DW_COLUMNS 256

/** Channels of a unit at most. */
#define OCTET_DW_CHANNELS 64

/**
 * struct octet_dw_place - columns of the input for some results of a row
 *
 * @x: of the first, of the first strip; may be outside
 * @apart: columns from a strip to the next
 * @count: columns of a strip
 */
struct octet_dw_place {
	int64_t x;
	size_t apart, count, strips;
};

/**
 * struct octet_depthwise - packed weights and scratch of a command
 *
 * @unit: sums of a unit, all strips of it
 * @most: results of a row that are worked on at once
 * @chunks: of up to @unit channels, of which the last may have several strips
 * @down: rows of results that words serve
 * @kernel: bytes of the weights of a unit
 * @lines: weights, [chunk][down][s][groups][unit]; then kernels of ones
 * @start: bias - zx' sum (w' - zw')
 * @all_zw: zero points of the weights
 * @any_zw: they are not in the weights, which have no room for them
 * @order: channel of each sum of a unit; and of the last one, which may have strips
 * @own: the output stage, channels as those of units; empty if they are so anyway
 * @stage: @own, or that of the command
 * @columns: aligned to a line
 * @row: where the rows of the words are, at pixel 0 and channel 0; NULL: outside
 * @at: the same for some columns, of each strip
 * @inside: all bits, or none where @at is padding
 * @laid: the columns whose padding is there already
 * @acc: sums; @ones: those of inputs alone
 * @pad: a unit of padding
 * @last: a copy of the last row of the input, which may be read past its end
 */
struct octet_depthwise {
	const struct octet_work *work;
	const struct octet_cmd *cmd;
	const struct octet_requant *rq, *stage;
	const struct octet_simd *simd;
	size_t lanes, unit, most, chunks, down, kernel;
	uint8_t flip_x, flip_w;
	struct octet_dw_rows k;
	uint8_t *lines;
	int32_t *start, *all_zw;
	bool any_zw;
	uint8_t order[2][OCTET_DW_CHANNELS];
	struct octet_requant own;
	uint8_t *columns;
	const uint8_t **row, **at;
	size_t *inside;
	struct octet_dw_place laid;
	int32_t *acc, *ones;
	uint8_t pad[OCTET_DW_CHANNELS];
	uint8_t *last;
	struct octet_pacer pacer;
};

/** octet_depthwise_strips() - of a unit of @chunk */
static inline size_t octet_depthwise_strips(const struct octet_depthwise *d, size_t chunk)
{
	size_t left = d->cmd->cout - chunk * d->unit;

	return d->unit == 16 || left > 32 ? 1 : left > 16 ? 2 : 4;
}

/** octet_depthwise_order() - which channel of @chunk each sum of its unit is of */
static inline const uint8_t *octet_depthwise_order(const struct octet_depthwise *d, size_t chunk)
{
	return d->order[octet_depthwise_strips(d, chunk) > 1];
}

/** octet_depthwise_pack() - weights, what sums start from, the output stage */
int octet_depthwise_pack(struct octet_depthwise *d);

#endif /* OCTET_DEPTHWISE_ROWS_H */
