// SPDX-License-Identifier: MIT
/* Packing of weights into panels of sixteen outputs, and weights that come so. */
#include <errno.h>
#include <string.h>

#include "matmul.h"

static uint32_t widen(uint8_t lo, uint8_t hi)
{
	return (uint16_t)(int8_t)lo | (uint32_t)(uint16_t)(int8_t)hi << 16;
}

/* one panel whose inputs are contiguous: OHWI weights, transposed B */
static void panel_contiguous(struct octet_matmul *mm, uint32_t *b, const uint8_t *w, size_t so,
			     size_t outs)
{
	unsigned int lanes = mm->simd->lanes;
	size_t whole = mm->k / lanes, done = 0;
	uint8_t f = mm->flip_w;

	if (mm->simd->panel && outs == OCTET_PANEL) {
		mm->simd->panel(b, w, so, whole, f);
		done = whole;
	}
	for (size_t j = 0; j < outs; j++) {
		const uint8_t *x = w + j * so;
		uint32_t *to = b + done * OCTET_PANEL + j;
		size_t k = done * lanes;

		for (; k + lanes <= mm->k; k += lanes, to += OCTET_PANEL) {
			if (lanes == 4) {
				memcpy(to, x + k, 4);
				*to ^= f * 0x01010101u;
			} else {
				*to = widen(x[k] ^ f, x[k + 1] ^ f);
			}
		}
		if (k == mm->k)
			continue;
		if (lanes == 2) {
			*to = widen(x[k] ^ f, 0);
			continue;
		}
		for (size_t i = 0; k + i < mm->k; i++)
			((uint8_t *)to)[i] = x[k + i] ^ f;
	}
}

/* one panel whose outputs are contiguous: row-major B */
static void panel_rows(struct octet_matmul *mm, uint32_t *b, const uint8_t *w, size_t sk,
		       size_t outs)
{
	unsigned int lanes = mm->simd->lanes;
	size_t whole = mm->k / lanes, k = 0;
	uint8_t f = mm->flip_w;

	if (mm->simd->panel_rows && outs == OCTET_PANEL) {
		mm->simd->panel_rows(b, w, sk, whole, f);
		k = whole * lanes;
	}
	for (; k < mm->k; k++) {
		const uint8_t *x = w + k * sk;
		uint32_t *to = b + k / lanes * OCTET_PANEL;

		if (lanes == 4) {
			uint8_t *byte = (uint8_t *)to + k % 4;

			for (size_t j = 0; j < outs; j++)
				byte[4 * j] = x[j] ^ f;
		} else {
			for (size_t j = 0; j < outs; j++)
				to[j] |= widen(x[j] ^ f, 0) << (k % 2 * 16);
		}
	}
}

/* zero points of the outputs from @o0 on */
static void zero_points(struct octet_matmul *mm, size_t o0)
{
	const struct octet_work *work = mm->work;

	mm->o0 = o0;
	mm->any_zw = false;
	mm->started = false;
	for (size_t j = 0; j < mm->n; j++) {
		int32_t zw = work->chn ? work->chn[o0 + j].zero_point :
					 work->cmd.wgt.zero_point;

		mm->zw[j] = zw - mm->flip_w;
		mm->any_zw |= mm->zw[j] != 0;
	}
}

/* @words words of ones from word @at on; what lies beyond the inputs does not count */
static void ones(const struct octet_matmul *mm, uint32_t *to, size_t at, size_t words)
{
	unsigned int lanes = mm->simd->lanes, rest = (unsigned int)(mm->k % lanes);
	uint32_t all = lanes == 4 ? 0x01010101 : 0x00010001;

	for (size_t i = 0; i < words; i++)
		to[i] = all;
	if (rest && at + words == mm->words)
		to[words - 1] = all >> (lanes - rest) * (32 / lanes);
}

void octet_matmul_start(struct octet_matmul *mm, size_t p, size_t panels)
{
	const struct octet_work *work = mm->work;
	size_t first = p * OCTET_PANEL, outs = panels * OCTET_PANEL;
	int32_t sum[OCTET_MATMUL_COLUMNS] = { 0 };
	OCTET_SCRATCH uint32_t one[256];
	struct octet_product m = {
		.acc = sum, .from = sum, .a = one, .b = mm->b + p * mm->words * OCTET_PANEL,
		.ldb = mm->words * OCTET_PANEL, .rows = 1, .parts = 1, .panels = panels,
	};
	uint32_t zx = (uint32_t)mm->zx;

	for (size_t k = 0; k < mm->words; k += 256) {
		m.words = mm->words - k < 256 ? mm->words - k : 256;
		ones(mm, one, k, m.words);
		mm->simd->mm(&m);
		m.b += m.words * OCTET_PANEL;
	}
	outs = mm->n - first < outs ? mm->n - first : outs;
	for (size_t j = 0; j < outs; j++) {
		uint32_t v = work->prm ? (uint32_t)work->prm[mm->o0 + first + j].bias : 0;

		v += (uint32_t)mm->k * zx * (uint32_t)mm->zw[first + j] - zx * (uint32_t)sum[j];
		mm->start[first + j] = (int32_t)v;
	}
}

static int pack_panel(void *arg, unsigned int lane, size_t p)
{
	struct octet_matmul *mm = arg;
	uint32_t *b = mm->room + p * mm->words * OCTET_PANEL;
	size_t first = p * OCTET_PANEL;
	size_t outs = mm->n - first < OCTET_PANEL ? mm->n - first : OCTET_PANEL;

	(void)lane;
	if (octet_work_tick(mm->work))
		return -ECANCELED;
	/* the last line may have no weight for each place, and a panel not each output */
	if (outs < OCTET_PANEL || (mm->sk != 1 && !mm->simd->panel_rows))
		memset(b, 0, mm->words * OCTET_PANEL * sizeof(*b));
	else
		memset(b + (mm->words - 1) * OCTET_PANEL, 0, OCTET_PACKED_LINE);
	if (mm->sk == 1)
		panel_contiguous(mm, b, mm->w + first * mm->so, mm->so, outs);
	else
		panel_rows(mm, b, mm->w + first, mm->sk, outs);
	octet_matmul_start(mm, p, 1);
	return 0;
}

int octet_matmul_weights(struct octet_matmul *mm, const uint8_t *w, size_t so, size_t sk,
			 size_t o0)
{
	int err;

	if (mm->direct) {
		octet_direct_weights(mm, w, so, o0);
		return 0;
	}
	zero_points(mm, o0);
	mm->w = w;
	mm->so = so;
	mm->sk = sk;
	err = octet_parts(mm->work, mm->lanes, mm->panels, pack_panel, mm);
	mm->started = !err;
	return err;
}

/* one packed panel, from lines of four inputs to lines of two */
static void panel_halves(struct octet_matmul *mm, uint32_t *b, const uint8_t *w)
{
	uint8_t f = mm->flip_w;

	for (size_t k = 0; k < mm->words; k++, b += OCTET_PANEL) {
		const uint8_t *x = w + k / 2 * OCTET_PACKED_LINE + k % 2 * 2;

		for (size_t j = 0; j < OCTET_PANEL; j++)
			b[j] = widen(x[4 * j] ^ f, x[4 * j + 1] ^ f);
	}
}

static int unpack_panel(void *arg, unsigned int lane, size_t p)
{
	struct octet_matmul *mm = arg;
	size_t size = (mm->k + 3) / 4 * OCTET_PACKED_LINE;
	uint32_t *b = mm->room + p * mm->words * OCTET_PANEL;

	(void)lane;
	if (octet_work_tick(mm->work))
		return -ECANCELED;
	if (mm->simd->lanes == 4)
		mm->simd->fill(b, mm->w + p * size, size, mm->flip_w);
	else if (mm->simd->halves)
		mm->simd->halves(b, mm->w + p * size, mm->words, mm->flip_w);
	else
		panel_halves(mm, b, mm->w + p * size);
	return 0;
}

int octet_matmul_panels(struct octet_matmul *mm, size_t group, size_t o0)
{
	size_t size = (mm->k + 3) / 4 * OCTET_PACKED_LINE;

	zero_points(mm, o0);
	mm->w = mm->work->wgt + group * mm->panels * size;
	if (mm->room)
		return octet_parts(mm->work, mm->lanes, mm->panels, unpack_panel, mm);
	mm->b = (const uint32_t *)(const void *)mm->w;
	return 0;
}
