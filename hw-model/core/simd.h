/* SPDX-License-Identifier: MIT */
/*
 * The inner loops, once per instruction set. All levels give equal bits.
 *
 * Matrix products work on unsigned inputs and signed weights, packed into
 * 32-bit words: four bytes (a VPDPBUSD lane) or two 16-bit integers (a VPMADDWD
 * lane). Both instructions are exact; those that saturate are never used.
 */
#ifndef OCTET_SIMD_H
#define OCTET_SIMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Output channels of a weight panel; parameter arrays are padded by as many. */
#define OCTET_PANEL 16

/** Bytes of a line of depthwise inputs or weights: OCTET_PANEL words. */
#define OCTET_DW_LINE 64

struct octet_requant;

/**
 * struct octet_dw_input - where columns of inputs come from: those of a word's rows
 *
 * @row: the first column, of each row each strip
 * @inside: all bits; or none: all columns are the first one
 * @step: bytes from a column to the next
 * @strips: 1; 2 or 4 with units of 64: lanes of a column come from so many columns
 */
struct octet_dw_input {
	const uint8_t *const *row;
	const size_t *inside;
	size_t step, strips;
	uint8_t flip;
};

/**
 * struct octet_dw_rows - a depthwise kernel over a unit of channels
 *
 * A column of inputs is @groups times the words of a unit, each of as many rows as a word
 * has elements. Words of sixteen channels are in their order; with units of 64, 16 words are
 * four of each quarter of the unit, then come the next four.
 *
 * @across: columns of the kernel
 * @across_step: columns of inputs from one to the next
 * @pixel_step: columns of inputs from a result to the next
 * @w: [across][groups] words of weights
 */
struct octet_dw_rows {
	size_t across, groups;
	size_t across_step, pixel_step;
	const void *w;
};

/**
 * struct octet_dw_output - where results of units of 64 go
 *
 * @to: the first channel of the first result
 * @step: bytes from a result to the next, and @line from one row to the next
 * @o: place of the unit among the parameters
 * @n: channels
 * @count: units of a row
 * @pixels: results of a row: strip i has those from i * @count on
 */
struct octet_dw_output {
	uint8_t *to;
	size_t step, line;
	size_t o, n, strips, count, pixels, rows;
};

/**
 * struct octet_product - acc[i][j] = from[i][j] + a[i] . b[j], of rows and panels
 *
 * @from: what sums start from, rows @ldfrom sums apart: may be @acc, or one row for all
 * @a: rows, @lda words apart, of @parts times @words words, @step words apart
 * @b: panels, @ldb words apart, each as many lines of OCTET_PANEL without a gap
 */
struct octet_product {
	int32_t *acc;
	const int32_t *from;
	const uint32_t *a, *b;
	size_t ldacc, ldfrom, lda, ldb;
	size_t words, parts, step, rows, panels;
};

/**
 * struct octet_simd - one level
 *
 * @name: as octet_machine_simd() gives it
 * @lanes: elements per word, 4 or 2
 * @brief: products that take some 30 us, with all that belongs to them
 * @tile: rows that mm() likes to have at once
 * @fill: pack @n elements of the input, each exclusive-ored with @flip
 * @fill_rows: the same @count times, @to_step and @from_step bytes apart
 * @panel: pack weights of sixteen outputs, @so bytes apart, @lines lines of a word each,
 *	exclusive-ored with @flip; NULL: element by element
 * @panel_rows: the same of weights of sixteen outputs side by side, @sk bytes apart from one
 *	input to the next
 * @halves: a panel of @words lines of two elements from lines of four, of layout PACKED; NULL:
 *	element by element
 * @sum: sum of the elements of @words words
 * @mm: a product
 * @dw: @chunks times 16 channels of a depthwise pixel: acc[c] = start[c] + sum over
 *	taps of (tap[t][c0 + c] ^ flip) * w; @w as [chunk][pair][16][2]
 * @dw_unit: channels that depthwise rows handle at a time, 16 or 64
 * @dw_columns: @count columns, @next bytes apart and aligned, of one of the groups of a
 *	column; a unit of bytes is read of each
 * @dw_dot: @count units of sums
 * @dw_narrow: the same as @narrow_rows from units of 64, whose parameters are in their order;
 *	NULL where units are of 16
 * @requant: @n accumulators of channels from @o0 on, n rounded up to 8 may be
 *	read and written
 * @narrow: the same to @n codes of 8 bits; n rounded up to 16 may be read, and
 *	nothing past n is written
 * @narrow_rows: the same for @rows rows, @ldacc sums and @ldd codes apart; a row of
 *	sums is readable up to a multiple of 16
 * @near: for @narrow_rows, near_scale and so on of @n channels; NULL, or false: there is no
 *	quicker way for them
 * @dot16: sum of @n products of int16 and int8, whose bits are exchanged by @flip
 */
struct octet_simd {
	const char *name;
	unsigned int lanes;
	unsigned int tile;
	unsigned int brief;
	void (*fill)(void *to, const uint8_t *from, size_t n, uint8_t flip);
	void (*fill_rows)(void *to, size_t to_step, const uint8_t *from, size_t from_step, size_t n,
			  size_t count, uint8_t flip);
	void (*panel)(uint32_t *to, const uint8_t *w, size_t so, size_t lines, uint8_t flip);
	void (*panel_rows)(uint32_t *to, const uint8_t *w, size_t sk, size_t lines, uint8_t flip);
	void (*halves)(uint32_t *to, const uint8_t *w, size_t words, uint8_t flip);
	int32_t (*sum)(const uint32_t *a, size_t words);
	void (*mm)(const struct octet_product *m);
	void (*dw)(int32_t *acc, const int32_t *start, const uint8_t *const *tap,
		   size_t pairs, size_t c0, size_t chunks, const int16_t *w, uint8_t flip);
	unsigned int dw_unit;
	void (*dw_columns)(void *to, size_t next, const struct octet_dw_input *in, size_t count);
	void (*dw_dot)(int32_t *acc, const int32_t *start, const struct octet_dw_rows *k,
		       const void *columns, size_t count);
	void (*dw_narrow)(const struct octet_requant *rq, const int32_t *acc,
			  const struct octet_dw_output *out);
	void (*requant)(const struct octet_requant *rq, const int32_t *acc, size_t o0,
			size_t n, int32_t *y);
	void (*narrow)(const struct octet_requant *rq, const int32_t *acc, size_t o0,
		       size_t n, uint8_t *y);
	void (*narrow_rows)(const struct octet_requant *rq, const int32_t *acc, size_t ldacc,
			    size_t o0, size_t n, size_t rows, uint8_t *to, size_t ldd);
	bool (*near)(struct octet_requant *rq, size_t n);
	int64_t (*dot16)(const int16_t *x, const uint8_t *w, size_t n, uint8_t flip);
};

/** octet_simd_get() - the level in use, by default the best this CPU has. */
const struct octet_simd *octet_simd_get(void);

/**
 * octet_simd_force() - use "portable", "avx2", "avx512vnni", "amx"; NULL: the best
 *
 * For tests, before anything computes.
 *
 * Return: 0, or -ENOTSUP if this CPU or build lacks it.
 */
int octet_simd_force(const char *level);

extern const struct octet_simd octet_simd_portable;
extern const struct octet_simd octet_simd_avx2;
extern const struct octet_simd octet_simd_avx512;
extern const struct octet_simd octet_simd_amx;

#define OCTET_SIMD_ROWS(level)								\
void octet_##level##_dw_columns(void *to, size_t next, const struct octet_dw_input *in,	\
				size_t count);						\
void octet_##level##_dw_dot(int32_t *acc, const int32_t *start,				\
			    const struct octet_dw_rows *k, const void *columns,		\
			    size_t count);						\
void octet_##level##_narrow_rows(const struct octet_requant *rq, const int32_t *acc,	\
				 size_t ldacc, size_t o0, size_t n, size_t rows,	\
				 uint8_t *to, size_t ldd)

/* simd_avx512_stage.c */
void octet_avx512_dw_narrow(const struct octet_requant *rq, const int32_t *acc,
			    const struct octet_dw_output *out);
bool octet_avx512_near(struct octet_requant *rq, size_t n);

/* simd_avx512_rows.c */
void octet_avx512_panel(uint32_t *to, const uint8_t *w, size_t so, size_t lines, uint8_t flip);
void octet_avx512_panel_rows(uint32_t *to, const uint8_t *w, size_t sk, size_t lines,
			     uint8_t flip);

/* simd_avx2_rows.c */
void octet_avx2_panel_rows(uint32_t *to, const uint8_t *w, size_t sk, size_t lines, uint8_t flip);
void octet_avx2_halves(uint32_t *to, const uint8_t *w, size_t words, uint8_t flip);

/* simd_avx2_stage.c */
bool octet_avx2_near(struct octet_requant *rq, size_t n);
void octet_avx2_near_rows(const struct octet_requant *rq, const int32_t *acc, size_t ldacc,
			  size_t o, size_t n, size_t rows, uint8_t *to, size_t ldd);

/* simd_avx2_rows.c, simd_avx512_rows.c, simd_avx512_stage.c */
OCTET_SIMD_ROWS(avx2);
OCTET_SIMD_ROWS(avx512);

/** Rows and words from which on octet_amx_mm() uses tiles. */
#define OCTET_AMX_LEAST 4

/** octet_amx_mm() - octet_simd.mm of AMX; leaves no tile in use */
void octet_amx_mm(const struct octet_product *m);

/**
 * octet_amx_usable() - is there AMX, and the operating system's leave for it?
 *
 * Asks for that leave, for the whole process.
 */
bool octet_amx_usable(void);

#endif /* OCTET_SIMD_H */
