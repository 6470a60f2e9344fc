/* SPDX-License-Identifier: MIT */
/*
 * Tile of a product of bytes, AMX: 16 rows by up to 64 columns in four tile
 * registers. A panel's sixteen lines are a tile as they lie; so are sixteen rows of
 * inputs that are equally far apart. All else is copied, filled up with zeros, so
 * that one configuration of the registers does for everything.
 */
#ifndef OCTET_AMX_EMULATED	/* tests/tools/amx_emulated.c */
#include <immintrin.h>
#endif
#include <string.h>

#include "bytes.h"

#define ROWS	16u
#define BYTES	64u	/* of a row of a tile */
#define LINES	16u	/* of a panel, at a time */

/*
 * The intrinsics of some compilers do not say which memory they read and write: what
 * was stored before has to be there, and nothing is kept in registers beyond.
 */
#define MEMORY(at) __asm__ volatile("" : : "r"(at) : "memory")
#define AT_MEMORY(at, access)				\
	do {						\
		MEMORY(at);				\
		access;					\
		MEMORY(at);				\
	} while (0)
#define LOAD(tile, from, step) AT_MEMORY(from, _tile_loadd(tile, from, step))
#define STORE(tile, to) AT_MEMORY(to, _tile_stored(tile, to, BYTES))

/* Registers: 0-3 sums, 4 inputs, 5 weights. */
struct config {
	uint8_t palette, start_row, reserved[14];
	uint16_t row_bytes[16];
	uint8_t rows[16];
};

static void begin(void)
{
	struct config c = { .palette = 1 };

	for (int i = 0; i < 6; i++) {
		c.row_bytes[i] = BYTES;
		c.rows[i] = ROWS;
	}
	AT_MEMORY(&c, _tile_loadconfig(&c));
}

static void end(void)
{
	_tile_release();
}

/* Bytes between rows if they are equally far apart, else 0. */
static ptrdiff_t apart(const uint8_t *const *x, size_t rows)
{
	const ptrdiff_t by = rows < ROWS ? 0 : x[1] - x[0];

	for (size_t i = 1; i < rows; i++)
		if (x[i] - x[i - 1] != by)
			return 0;
	return by;
}

static void load_inputs(const uint8_t *const *x, size_t rows, size_t at,
			size_t bytes, ptrdiff_t by)
{
	uint8_t copy[ROWS * BYTES] __attribute__((aligned(64)));

	if (by && bytes == BYTES) {
		LOAD(4, x[0] + at, by);
		return;
	}
	memset(copy, 0, sizeof(copy));
	for (size_t i = 0; i < rows; i++)
		memcpy(copy + i * BYTES, x[i] + at, bytes);
	LOAD(4, copy, BYTES);
}

static void load_weights(const int8_t *w, size_t lines)
{
	int8_t copy[LINES * CPU_LINE] __attribute__((aligned(64)));

	if (lines == LINES) {
		LOAD(5, w, CPU_LINE);
		return;
	}
	memset(copy, 0, sizeof(copy));
	memcpy(copy, w, lines * CPU_LINE);
	LOAD(5, copy, CPU_LINE);
}

#define MULTIPLY(n, w, lines, negative)			\
	do {						\
		load_weights(w, lines);			\
		if (negative)				\
			_tile_dpbssd(n, 4, 5);		\
		else					\
			_tile_dpbusd(n, 4, 5);		\
	} while (0)

/* All inputs of a tile; weights of further panels are ldw apart. */
static void multiply(const struct cpu_tile *t)
{
	const int8_t *w = t->w;

	for (size_t n = 0; n < t->taps; n++) {
		const uint8_t *const *x = t->x + n * t->step;
		const ptrdiff_t by = apart(x, t->rows);

		for (size_t l = 0; l < t->lines; l += LINES) {
			const size_t left = t->lines - l;
			const size_t lines = left < LINES ? left : LINES;

			load_inputs(x, t->rows, 4 * l, 4 * lines, by);
			MULTIPLY(0, w, lines, t->negative);
			if (t->panels > 1)
				MULTIPLY(1, w + t->ldw, lines, t->negative);
			if (t->panels > 2)
				MULTIPLY(2, w + 2 * t->ldw, lines, t->negative);
			if (t->panels > 3)
				MULTIPLY(3, w + 3 * t->ldw, lines, t->negative);
			w += lines * CPU_LINE;
		}
	}
}

static bool tile(const struct cpu_tile *t)
{
	int32_t sums[4][ROWS * CPU_PANEL] __attribute__((aligned(64)));

	_tile_zero(0);
	_tile_zero(1);
	_tile_zero(2);
	_tile_zero(3);
	multiply(t);
	STORE(0, sums[0]);
	STORE(1, sums[1]);
	STORE(2, sums[2]);
	STORE(3, sums[3]);
	for (size_t i = 0; i < t->rows; i++)
		for (size_t p = 0; p < t->panels; p++)
			for (size_t c = 0; c < CPU_PANEL; c++)
				t->acc[(i * t->panels + p) * CPU_PANEL + c] =
					(int32_t)((uint32_t)sums[p][i * CPU_PANEL + c] +
						  (uint32_t)t->start[p * CPU_PANEL + c]);
	return false;
}

const struct cpu_bytes octet_cpu_bytes_amx = {
	.most = { 0, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4 },
	.any_sign = true,
	.begin = begin,
	.end = end,
	.take = octet_cpu_take_avx512vnni,
	.tile = tile,
	.finish = octet_cpu_finish_avx512vnni,
	.depthwise = octet_cpu_dw_avx512vnni,
	.add = octet_cpu_add_avx512vnni,
};
