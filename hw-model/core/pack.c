// SPDX-License-Identifier: MIT
/* Packing of weights into panels of sixteen outputs. */
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
	uint8_t f = mm->flip_w;

	for (size_t j = 0; j < outs; j++) {
		const uint8_t *x = w + j * so;
		uint32_t *to = b + j;
		size_t k = 0;

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
	uint8_t f = mm->flip_w;

	for (size_t k = 0; k < mm->k; k++) {
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

/* what the sums of one panel start from */
static void panel_start(struct octet_matmul *mm, const uint32_t *b, size_t first, size_t outs,
			size_t o0, const uint32_t *ones)
{
	const struct octet_work *work = mm->work;
	int32_t sum[OCTET_PANEL] = { 0 };
	uint32_t zx = (uint32_t)mm->zx;

	for (size_t k = 0; k < mm->words; k += 256) {
		size_t words = mm->words - k < 256 ? mm->words - k : 256;

		mm->simd->mm(sum, OCTET_PANEL, ones, 256, b + k * OCTET_PANEL, 0, words, 1, 1);
	}
	for (size_t j = 0; j < outs; j++) {
		size_t o = o0 + first + j;
		int32_t zw = work->chn ? work->chn[o].zero_point : work->cmd.wgt.zero_point;
		uint32_t v = work->prm ? (uint32_t)work->prm[o].bias : 0;

		zw -= mm->flip_w;
		mm->any_zw |= zw != 0;
		mm->zw[first + j] = zw;
		v += (uint32_t)mm->k * zx * (uint32_t)zw - zx * (uint32_t)sum[j];
		mm->start[first + j] = (int32_t)v;
	}
}

int octet_matmul_weights(struct octet_matmul *mm, const uint8_t *w, size_t so, size_t sk,
			 size_t o0)
{
	uint32_t ones[256];

	if (mm->direct) {
		octet_direct_weights(mm, w, so, o0);
		return 0;
	}
	for (size_t i = 0; i < 256; i++)
		ones[i] = mm->simd->lanes == 4 ? 0x01010101 : 0x00010001;
	mm->any_zw = false;
	for (size_t p = 0; p < mm->panels; p++) {
		uint32_t *b = mm->b + p * mm->words * OCTET_PANEL;
		size_t first = p * OCTET_PANEL;
		size_t outs = mm->n - first < OCTET_PANEL ? mm->n - first : OCTET_PANEL;

		if (octet_work_tick(mm->work))
			return -ECANCELED;
		memset(b, 0, mm->words * OCTET_PANEL * sizeof(*b));
		if (sk == 1)
			panel_contiguous(mm, b, w + first * so, so, outs);
		else
			panel_rows(mm, b, w + first, sk, outs);
		panel_start(mm, b, first, outs, o0, ones);
	}
	return 0;
}
