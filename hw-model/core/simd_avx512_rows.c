// SPDX-License-Identifier: MIT
/* Weights and depthwise rows, for simd_avx512.c. */
#if defined(__x86_64__)

#include <immintrin.h>

#include "simd.h"

#define VNNI __attribute__((target("avx2,avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx512vnni")))

/* Sixteen rows of sixteen words, turned. */
VNNI static inline __attribute__((always_inline)) void turn16(__m512i *r)
{
	__m512i t[16];

#pragma GCC unroll 8
	for (int i = 0; i < 16; i += 2) {
		t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
		t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
	}
	/* r[4 q + j]: words j, j + 4, .. of rows 4 q to 4 q + 3, one in each lane */
#pragma GCC unroll 4
	for (int i = 0; i < 16; i += 4) {
		r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
		r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
		r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
		r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
	}
#pragma GCC unroll 4
	for (int j = 0; j < 4; j++) {
		__m512i a = _mm512_shuffle_i32x4(r[j], r[4 + j], 0x44);
		__m512i b = _mm512_shuffle_i32x4(r[j], r[4 + j], 0xee);
		__m512i c = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0x44);
		__m512i d = _mm512_shuffle_i32x4(r[8 + j], r[12 + j], 0xee);

		t[j] = _mm512_shuffle_i32x4(a, c, 0x88);
		t[4 + j] = _mm512_shuffle_i32x4(a, c, 0xdd);
		t[8 + j] = _mm512_shuffle_i32x4(b, d, 0x88);
		t[12 + j] = _mm512_shuffle_i32x4(b, d, 0xdd);
	}
#pragma GCC unroll 16
	for (int i = 0; i < 16; i++)
		r[i] = t[i];
}

VNNI void octet_avx512_panel(uint32_t *to, const uint8_t *w, size_t so, size_t lines,
			     uint8_t flip)
{
	const __m512i f = _mm512_set1_epi8((char)flip);

	for (size_t k = 0; k < lines; k += 16) {
		size_t n = lines - k < 16 ? lines - k : 16;
		__mmask16 m = (__mmask16)(0xffff >> (16 - n));
		__m512i r[16];

#pragma GCC unroll 16
		for (size_t j = 0; j < 16; j++)
			r[j] = _mm512_maskz_loadu_epi32(m, w + j * so + 4 * k);
		turn16(r);
#pragma GCC unroll 16
		for (size_t j = 0; j < 16; j++)
			if (j < n)
				_mm512_storeu_si512(to + (k + j) * OCTET_PANEL,
						    _mm512_xor_si512(r[j], f));
	}
}

VNNI void octet_avx512_panel_rows(uint32_t *to, const uint8_t *w, size_t sk, size_t lines,
				  uint8_t flip)
{
	/* four rows of sixteen weights: to lanes of four outputs, then output by output */
	const __m512i lanes = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11,
						15);
	const __m512i turn = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6,
								  10, 14, 3, 7, 11, 15));
	const __m512i f = _mm512_set1_epi8((char)flip);

	for (size_t k = 0; k < lines; k++, w += 4 * sk, to += OCTET_PANEL) {
		__m512i x = _mm512_castsi128_si512(_mm_loadu_si128((const void *)w));

		x = _mm512_inserti32x4(x, _mm_loadu_si128((const void *)(w + sk)), 1);
		x = _mm512_inserti32x4(x, _mm_loadu_si128((const void *)(w + 2 * sk)), 2);
		x = _mm512_inserti32x4(x, _mm_loadu_si128((const void *)(w + 3 * sk)), 3);
		x = _mm512_shuffle_epi8(_mm512_permutexvar_epi32(lanes, x), turn);
		_mm512_storeu_si512(to, _mm512_xor_si512(x, f));
	}
}

/* 64 bytes of a row: of one column, or of several strips */
VNNI static inline __attribute__((always_inline)) __m512i
strips_of(const uint8_t *const *row, const size_t *inside, size_t at, const int strips)
{
	const uint8_t *p0 = row[0] + (at & inside[0]), *p1, *p2, *p3;
	__m512i x;

	if (strips == 1)
		return _mm512_loadu_si512(p0);
	p1 = row[1] + (at & inside[1]);
	if (strips == 2) {
		x = _mm512_castsi256_si512(_mm256_loadu_si256((const void *)p0));
		return _mm512_inserti64x4(x, _mm256_loadu_si256((const void *)p1), 1);
	}
	p2 = row[2] + (at & inside[2]);
	p3 = row[3] + (at & inside[3]);
	x = _mm512_castsi128_si512(_mm_loadu_si128((const void *)p0));
	x = _mm512_inserti32x4(x, _mm_loadu_si128((const void *)p1), 1);
	x = _mm512_inserti32x4(x, _mm_loadu_si128((const void *)p2), 2);
	return _mm512_inserti32x4(x, _mm_loadu_si128((const void *)p3), 3);
}

VNNI static inline __attribute__((always_inline)) void
columns(uint8_t *to, size_t next, const struct octet_dw_input *in, size_t count, const int strips)
{
	const __m512i f = _mm512_set1_epi8((char)in->flip);
	const uint8_t *row[16];
	size_t inside[16], step = in->step, at = 0;

#pragma GCC unroll 16
	for (int i = 0; i < 4 * strips; i++) {
		row[i] = in->row[i];
		inside[i] = in->inside[i];
	}
	for (size_t i = 0; i < count; i++, at += step, to += next) {
		__m512i r[4], a, b, c, d;

#pragma GCC unroll 4
		for (int k = 0; k < 4; k++)
			r[k] = _mm512_xor_si512(f, strips_of(row + k * strips, inside + k * strips,
							     at, strips));
		a = _mm512_unpacklo_epi8(r[0], r[1]);
		b = _mm512_unpackhi_epi8(r[0], r[1]);
		c = _mm512_unpacklo_epi8(r[2], r[3]);
		d = _mm512_unpackhi_epi8(r[2], r[3]);
		_mm512_store_si512(to, _mm512_unpacklo_epi16(a, c));
		_mm512_store_si512(to + OCTET_DW_LINE, _mm512_unpackhi_epi16(a, c));
		_mm512_store_si512(to + 2 * OCTET_DW_LINE, _mm512_unpacklo_epi16(b, d));
		_mm512_store_si512(to + 3 * OCTET_DW_LINE, _mm512_unpackhi_epi16(b, d));
	}
}

VNNI void octet_avx512_dw_columns(void *to, size_t next, const struct octet_dw_input *in,
				  size_t count)
{
	if (in->strips == 1)
		columns(to, next, in, count, 1);
	else if (in->strips == 2)
		columns(to, next, in, count, 2);
	else
		columns(to, next, in, count, 4);
}

/* lines of a unit */
#define LINES	4

/* @taps lines a column of the kernel, @across columns, all weights in registers */
VNNI static inline __attribute__((always_inline)) void
dot_few(int32_t *acc, const int32_t *start, const struct octet_dw_rows *k, const uint8_t *x,
	size_t count, const int across, const int taps)
{
	const size_t column = (size_t)taps * LINES * OCTET_DW_LINE, next = k->across_step * column;
	const __m512i s0 = _mm512_loadu_si512(start);
	__m512i w[10];

#pragma GCC unroll 10
	for (int i = 0; i < across * taps; i++)
		w[i] = _mm512_loadu_si512((const uint8_t *)k->w + i * LINES * OCTET_DW_LINE);
	for (size_t i = 0; i < count; i++, x += k->pixel_step * column) {
		__m512i s = s0;

#pragma GCC unroll 5
		for (int c = 0; c < across; c++)
#pragma GCC unroll 2
			for (int g = 0; g < taps; g++)
				s = _mm512_dpbusd_epi32(s, _mm512_load_si512(
							x + c * next +
							g * LINES * OCTET_DW_LINE),
							w[c * taps + g]);
		_mm512_storeu_si512(acc + i * LINES * OCTET_PANEL, s);
	}
}

VNNI static void dot_any(int32_t *acc, const int32_t *start, const struct octet_dw_rows *k,
			 const uint8_t *x, size_t count)
{
	const size_t unit = LINES * OCTET_DW_LINE, column = k->groups * unit;

	for (size_t i = 0; i < count; i++, x += k->pixel_step * column) {
		const uint8_t *w = k->w;
		__m512i s = _mm512_loadu_si512(start);

		for (size_t c = 0; c < k->across; c++)
			for (size_t g = 0; g < column; g += unit, w += unit)
				s = _mm512_dpbusd_epi32(s, _mm512_load_si512(
							x + c * k->across_step * column + g),
							_mm512_loadu_si512(w));
		_mm512_storeu_si512(acc + i * LINES * OCTET_PANEL, s);
	}
}

VNNI void octet_avx512_dw_dot(int32_t *acc, const int32_t *start, const struct octet_dw_rows *k,
			      const void *columns, size_t count)
{
	struct octet_dw_rows line = *k;

	for (size_t i = 0; i < LINES; i++) {
		const uint8_t *x = (const uint8_t *)columns + i * OCTET_DW_LINE;

		line.w = (const uint8_t *)k->w + i * OCTET_DW_LINE;
		if (k->across == 3 && k->groups == 1)
			dot_few(acc + i * OCTET_PANEL, start + i * OCTET_PANEL, &line, x, count,
				3, 1);
		else if (k->across == 5 && k->groups == 2)
			dot_few(acc + i * OCTET_PANEL, start + i * OCTET_PANEL, &line, x, count,
				5, 2);
		else
			dot_any(acc + i * OCTET_PANEL, start + i * OCTET_PANEL, &line, x, count);
	}
}

#else
typedef int octet_simd_avx512_rows_absent;
#endif
