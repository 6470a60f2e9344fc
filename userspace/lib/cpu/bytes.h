/* SPDX-License-Identifier: MIT */
/*
 * Kernels that multiply bytes: inputs as they lie in memory, weights in panels made
 * once (panels.c). An input byte becomes unsigned by XOR (flip), which moves its zero
 * point; what zero points add is part of what each sum starts from. Sums wrap modulo
 * 2^32, so these levels give the bits of all others.
 *
 * Wide levels, which have no such instruction, take inputs that are made int16 once a
 * block, less their zero point, and weights that were made so when they were packed.
 * Of four inputs x and weights w they need two products, not four:
 *
 *	x0 w0 + x2 w2 = (x0 + w2) (x2 + w0) - x0 x2 - w0 w2,	x1 and x3 alike
 *
 * where what is subtracted depends on the row alone, or on the channel alone.
 */
#ifndef OCTET_CPU_BYTES_H
#define OCTET_CPU_BYTES_H

#include "kernels.h"

#define CPU_PANEL	16u	/* channels of a panel */
#define CPU_LINE	64u	/* bytes of a line: four inputs of each of them */
#define CPU_WIDE_LINE	128u	/* of wide levels: for 8 channels w2, w3, then w0, w1 */
#define CPU_ROWS	16u	/* at most, of a tile */
#define CPU_DEPTH	64u	/* channels of a depthwise block */

struct cpu_tail;

/**
 * struct cpu_tile - one tile of a product: rows x panels, over all inputs
 *
 * @rows, @panels: within the level's bounds
 * @taps, @lines: of each row, @taps runs of 4 * @lines bytes
 * @x: run t of row i is at x[t * @step + i]
 * @flip: inputs are to be made unsigned by this, 0: they are
 * @negative: inputs are signed, where the level takes both
 * @w: the first panel; the next is @ldw bytes further
 * @start: of each channel, what its sums start from
 * @skip: wide levels: inputs of each run to pass over
 * @less: wide levels: of each row, what is subtracted from that; NULL: nor is that
 *	added. Inputs are int16 there, 4 * @lines of them
 * @from: wide levels: sums like @acc that are added; may be NULL, or @acc
 * @next, @next_bytes: wide levels: weights that come next, to be fetched; NULL: none
 * @acc: rows of CPU_PANEL * @panels sums
 * @tail, @channel, @channels, @y: the output stage, which may be done at once, then
 *	there are no sums: of @channels channels from @channel on; rows go to @y[i] +
 *	@channel. NULL: sums are wanted
 */
struct cpu_tile {
	size_t rows, panels;
	size_t taps, lines, skip;
	const uint8_t *const *x;
	size_t step;
	uint32_t flip;
	bool negative;
	const int8_t *w;
	size_t ldw;
	const int32_t *start;
	const int32_t *less;
	const int32_t *from;
	const int8_t *next;
	size_t next_bytes;
	int32_t *acc;
	const struct cpu_tail *tail;
	size_t channel, channels;
	uint8_t *const *y;
};

/**
 * struct cpu_tail - output stage of sums that have their biases
 *
 * @stage: its arrays have room for a whole panel (64 channels: depthwise); biases
 *	are zeros
 * @quick: FIX_DBL or FIX_DBL_UP of sums below 2^30, shifts 31..61: the product's
 *	upper half fits 32 bits, so that all that follows does
 * @half, @right, @ties: quick: 2^(right - 1) or 0, shift - 31, all ones where
 *	negative ties go down
 */
struct cpu_tail {
	struct cpu_stage stage;
	bool quick;
	const int32_t *half;
	const int32_t *right;
	const int32_t *ties;
};

/**
 * struct cpu_dw - a block of up to CPU_DEPTH channels of a depthwise convolution
 *
 * Sums lie in the order that interleaving bytes gives: place 16 v + 4 l + j has
 * channel 16 l + 4 v + j. @w, @start and the arrays of @tail are in this order.
 *
 * Wide levels have all this in the channels' order.
 *
 * @n: channels; 32 or less: they are there twice, for two pixels, but on wide levels
 * @taps: pointers of a pixel; weights are [(taps + 3) / 4][CPU_DEPTH][4] bytes, on
 *	wide levels [(taps + 1) / 2][CPU_DEPTH][2] int16
 * @negative: inputs are signed, wide levels
 */
struct cpu_dw {
	size_t n, taps;
	uint32_t flip;
	bool negative;
	const int8_t *w;
	const int32_t *start;
	struct cpu_tail tail;
};

/** struct cpu_scale - FIX_DBL or FIX_DBL_UP as in struct cpu_tail, for all alike */
struct cpu_scale {
	int32_t mult, half, right, ties;
};

/**
 * struct cpu_sum - the sum of two tensors of bytes
 *
 * @left: shift of what codes count, before they are scaled
 * @zero: of the addends
 * @negative: codes of the addends are signed
 * @side, @out: scales of the addends and of the sum
 * @lo, @hi, @zero_point: of results
 */
struct cpu_sum {
	unsigned int left;
	int32_t zero[2];
	bool negative[2];
	struct cpu_scale side[2], out;
	int32_t lo, hi, zero_point;
};

/**
 * struct cpu_bytes - the byte kernels of a level
 *
 * @most: panels of a tile by its rows, from 1 row on; 0 ends the list. Wide levels: a
 *	panel and any number of rows
 * @any_sign: of inputs; else they are made unsigned
 * @flips: whether tiles flip inputs at no cost; where they do not, copies are flipped
 * @take: @count runs of @n bytes, @step apart, to bytes XOR @flip side by side, maybe in
 *	place; NULL on wide levels
 * @widen: wide levels, else NULL: @count runs of @n bytes, @step apart, to int16 less
 *	@zero side by side; @less of a run is the sum of its products x0 x2 + x1 x3.
 *	@n is a multiple of 4; up to 15 elements behind the last run are written too
 * @patch, @unpatch: wide levels, may be NULL, see winograd.h. The 16 inputs at @x, each
 *	of @n channels, a multiple of 16, to places @step apart; @less of place e is
 *	at e * @less_step. And sums of @count patches, places @step apart, to four
 *	results each, at @to[4 i] ..., from @start on
 * @quarters: wide levels, may be NULL, see strassen.h. Of two rows of 2 * @n inputs, @n a
 *	multiple of 16, the seven combinations of their halves, @step apart; @less of each
 *	is @less_step apart
 * @begin, @end: around the tiles of a product; NULL: nothing
 * @tile: see struct cpu_tile; whether the output stage is done
 * @finish: output stage of @rows rows of @n sums, @lda apart, channels from
 *	@channel on; row i goes to y[i] + channel * (1 byte; 4 with RAW)
 * @add: n results
 * @depthwise: @pixels pixels; their taps are x[t] + pixel * x_step
 */
struct cpu_bytes {
	unsigned char most[CPU_ROWS + 1];
	bool any_sign;
	bool (*flips)(void);
	void (*take)(uint8_t *to, const uint8_t *from, size_t n, size_t count,
		     size_t step, uint8_t flip);
	void (*widen)(int16_t *to, const uint8_t *from, size_t n, size_t count,
		      size_t step, bool is_signed, int32_t zero, int32_t *less);
	void (*patch)(int16_t *to, size_t step, const uint8_t *const *x, size_t n,
		      bool is_signed, int32_t zero, int32_t *less,
		      size_t less_step);
	void (*unpatch)(const int32_t *sums, size_t step, size_t count,
			const int32_t *start, int32_t *const *to);
	void (*quarters)(int16_t *to, size_t step, const uint8_t *top,
			 const uint8_t *bottom, size_t n, bool is_signed,
			 int32_t zero, int32_t *less, size_t less_step);
	void (*begin)(void);
	void (*end)(void);
	bool (*tile)(const struct cpu_tile *t);
	void (*finish)(const struct cpu_tail *tail, size_t channel,
		       const int32_t *acc, size_t lda, size_t rows, size_t n,
		       uint8_t *const *y);
	void (*depthwise)(const struct cpu_dw *dw, size_t pixels,
			  const uint8_t *const *x, size_t x_step, uint8_t *y,
			  size_t y_step);
	void (*add)(const struct cpu_sum *sum, const uint8_t *a,
		    const uint8_t *b, size_t n, uint8_t *y);
};

extern const struct cpu_bytes octet_cpu_bytes_avx2;
extern const struct cpu_bytes octet_cpu_bytes_avx512vnni, octet_cpu_bytes_amx;

void octet_cpu_finish_avx2(const struct cpu_tail *tail, size_t channel,
			   const int32_t *acc, size_t lda, size_t rows,
			   size_t n, uint8_t *const *y);
void octet_cpu_dw_avx2(const struct cpu_dw *dw, size_t pixels,
		       const uint8_t *const *x, size_t x_step, uint8_t *y,
		       size_t y_step);
void octet_cpu_add_avx2(const struct cpu_sum *sum, const uint8_t *a,
			const uint8_t *b, size_t n, uint8_t *y);
void octet_cpu_rows_wide_avx2(int16_t *to, const uint8_t *from, size_t n,
			      size_t count, size_t step, bool is_signed,
			      int32_t zero, int32_t *less);
void octet_cpu_patch_avx2(int16_t *to, size_t step, const uint8_t *const *x,
			  size_t n, bool is_signed, int32_t zero, int32_t *less,
			  size_t less_step);
void octet_cpu_unpatch_avx2(const int32_t *sums, size_t step, size_t count,
			    const int32_t *start, int32_t *const *to);
void octet_cpu_quarters_avx2(int16_t *to, size_t step, const uint8_t *top,
			     const uint8_t *bottom, size_t n, bool is_signed,
			     int32_t zero, int32_t *less, size_t less_step);

void octet_cpu_take_avx512vnni(uint8_t *to, const uint8_t *from, size_t n,
			       size_t count, size_t step, uint8_t flip);
void octet_cpu_finish_avx512vnni(const struct cpu_tail *tail, size_t channel,
				 const int32_t *acc, size_t lda, size_t rows,
				 size_t n, uint8_t *const *y);
void octet_cpu_dw_avx512vnni(const struct cpu_dw *dw, size_t pixels,
			     const uint8_t *const *x, size_t x_step, uint8_t *y,
			     size_t y_step);

void octet_cpu_add_avx512vnni(const struct cpu_sum *sum, const uint8_t *a,
			      const uint8_t *b, size_t n, uint8_t *y);

#endif
