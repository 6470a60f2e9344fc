// SPDX-License-Identifier: MIT
#include <string.h>

#include "compute.h"
#include "output_stage.h"
#include "simd.h"

OCTET_VECTOR_LOOPS

static void fill(void *to, const uint8_t *from, size_t n, uint8_t flip)
{
	uint8_t *t = to;

	for (size_t i = 0; i < n; i++) {
		uint16_t x = from[i] ^ flip;

		memcpy(t + 2 * i, &x, 2);
	}
}

static void fill_rows(void *to, size_t to_step, const uint8_t *from, size_t from_step, size_t n,
		      size_t count, uint8_t flip)
{
	for (size_t i = 0; i < count; i++)
		fill((uint8_t *)to + i * to_step, from + i * from_step, n, flip);
}

static int32_t sum(const uint32_t *a, size_t words)
{
	uint32_t s = 0;

	/* inputs are not negative, so the halves need no sign */
	for (size_t i = 0; i < words; i++)
		s += (a[i] & 0xffff) + (a[i] >> 16);
	return (int32_t)s;
}

static void words(uint32_t *s, const uint32_t *a, const uint32_t *b, size_t count)
{
	for (size_t k = 0; k < count; k++, b += OCTET_PANEL) {
		int32_t a0 = (int32_t)(a[k] & 0xffff), a1 = (int32_t)(a[k] >> 16);

		for (size_t j = 0; j < OCTET_PANEL; j++) {
			s[j] += (uint32_t)(a0 * (int16_t)b[j]);
			s[j] += (uint32_t)(a1 * (int16_t)(b[j] >> 16));
		}
	}
}

static void row(const struct octet_product *m, size_t i, size_t p)
{
	const uint32_t *a = m->a + i * m->lda, *b = m->b + p * m->ldb;
	uint32_t s[OCTET_PANEL];

	memcpy(s, m->from + i * m->ldfrom + p * OCTET_PANEL, sizeof(s));
	for (size_t k = 0; k < m->parts; k++, a += m->step, b += m->words * OCTET_PANEL)
		words(s, a, b, m->words);
	memcpy(m->acc + i * m->ldacc + p * OCTET_PANEL, s, sizeof(s));
}

static void mm(const struct octet_product *m)
{
	for (size_t p = 0; p < m->panels; p++)
		for (size_t i = 0; i < m->rows; i++)
			row(m, i, p);
}

static void dw(int32_t *acc, const int32_t *start, const uint8_t *const *tap, size_t pairs,
	       size_t c0, size_t chunks, const int16_t *w, uint8_t flip)
{
	size_t end = c0 + chunks * OCTET_PANEL;

	memcpy(acc, start, chunks * OCTET_PANEL * sizeof(*acc));
	for (; c0 < end; c0 += OCTET_PANEL, acc += OCTET_PANEL)
		for (size_t t = 0; t < pairs; t++, w += 2 * OCTET_PANEL) {
			const uint8_t *x = tap[2 * t] + c0, *y = tap[2 * t + 1] + c0;

			for (size_t c = 0; c < OCTET_PANEL; c++) {
				int32_t s = (x[c] ^ flip) * w[2 * c] +
					    (y[c] ^ flip) * w[2 * c + 1];

				acc[c] = (int32_t)((uint32_t)acc[c] + (uint32_t)s);
			}
		}
}

static void dw_columns(void *to, size_t next, const struct octet_dw_input *in, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const uint8_t *x = in->row[0] + (i * in->step & in->inside[0]);
		const uint8_t *y = in->row[1] + (i * in->step & in->inside[1]);
		int16_t *t = (int16_t *)(void *)((uint8_t *)to + i * next);

		for (size_t c = 0; c < OCTET_PANEL; c++) {
			t[2 * c] = x[c] ^ in->flip;
			t[2 * c + 1] = y[c] ^ in->flip;
		}
	}
}

static void dw_line(uint32_t *s, const int16_t *x, const int16_t *w)
{
	for (size_t c = 0; c < OCTET_PANEL; c++)
		s[c] += (uint32_t)(x[2 * c] * w[2 * c] + x[2 * c + 1] * w[2 * c + 1]);
}

static void dw_dot(int32_t *acc, const int32_t *start, const struct octet_dw_rows *k,
		   const void *columns, size_t count)
{
	const int16_t *x = columns;
	size_t line = 2 * OCTET_PANEL, column = k->groups * line;
	uint32_t s[OCTET_PANEL];

	for (size_t i = 0; i < count; i++, x += k->pixel_step * column) {
		const int16_t *w = k->w;

		memcpy(s, start, sizeof(s));
		for (size_t c = 0; c < k->across; c++)
			for (size_t g = 0; g < k->groups; g++, w += line)
				dw_line(s, x + c * k->across_step * column + g * line, w);
		memcpy(acc + i * OCTET_PANEL, s, sizeof(s));
	}
}

static void narrow(const struct octet_requant *rq, const int32_t *acc, size_t o0, size_t n,
		   uint8_t *to)
{
	OCTET_SCRATCH int32_t y[64];

	for (size_t i = 0; i < n; i += 64) {
		size_t part = n - i < 64 ? n - i : 64;

		octet_requant_scalar(rq, acc + i, o0 + i, part, y);
		for (size_t j = 0; j < part; j++)
			to[i + j] = (uint8_t)y[j];
	}
}

static void narrow_rows(const struct octet_requant *rq, const int32_t *acc, size_t ldacc, size_t o0,
			size_t n, size_t rows, uint8_t *to, size_t ldd)
{
	for (size_t i = 0; i < rows; i++)
		narrow(rq, acc + i * ldacc, o0, n, to + i * ldd);
}

/* 256 products of 2^22 stay below 2^31 */
static int64_t dot16(const int16_t *x, const uint8_t *w, size_t n, uint8_t flip)
{
	int64_t sum = 0;

	while (n) {
		size_t part = n < 256 ? n : 256;
		int32_t s = 0;

		for (size_t i = 0; i < part; i++)
			s += x[i] * (int16_t)(int8_t)(w[i] ^ flip);
		sum += s;
		n -= part;
		x += part;
		w += part;
	}
	return sum;
}

const struct octet_simd octet_simd_portable = {
	.name = "portable",
	.lanes = 2,
	.tile = 1,
	.brief = 64 << 10,
	.fill = fill,
	.fill_rows = fill_rows,
	.sum = sum,
	.mm = mm,
	.dw = dw,
	.dw_unit = 16,
	.dw_columns = dw_columns,
	.dw_dot = dw_dot,
	.requant = octet_requant_scalar,
	.narrow = narrow,
	.narrow_rows = narrow_rows,
	.dot16 = dot16,
};
