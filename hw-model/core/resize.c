// SPDX-License-Identifier: MIT
/* RESIZE: the table says which two rows and columns a result mixes. */
#include <errno.h>

#include "compute.h"

OCTET_VECTOR_LOOPS

/** struct corners - four input pixels and their weights, in 2^-20 */
struct corners {
	size_t at[4];
	int32_t weight[4];
};

/* @sum: an integer that holds 5 * 2^20 times the largest code, both weights being -1 */
#define MIX(name, type, sum)								\
static void name(const struct octet_work *work, const struct corners *q, size_t p)	\
{											\
	const struct octet_cmd *cmd = &work->cmd;					\
	const type *src = (const type *)work->src;					\
	const type *a = src + q->at[0], *b = src + q->at[1];				\
	const type *c = src + q->at[2], *d = src + q->at[3];				\
	type *restrict to = (type *)work->dst + p * cmd->cout;				\
	const sum wa = q->weight[0], wb = q->weight[1];					\
	const sum wc = q->weight[2], wd = q->weight[3];					\
	const int32_t lo = cmd->act_min, hi = cmd->act_max;				\
											\
	for (size_t i = 0; i < cmd->cout; i++) {					\
		sum v = wa * a[i] + wb * b[i] + wc * c[i] + wd * d[i];			\
		int32_t y = (int32_t)((v + (v > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));	\
											\
		to[i] = (type)(y < lo ? lo : y > hi ? hi : y);				\
	}										\
}

MIX(mix_s8, int8_t, int32_t)
MIX(mix_u8, uint8_t, int32_t)
MIX(mix_s16, int16_t, int64_t)

static struct corners corners(const struct octet_cmd *cmd, size_t image,
			      const struct octet_tap *row, const struct octet_tap *column)
{
	size_t lo = (image * cmd->h + row->lo) * cmd->w, hi = (image * cmd->h + row->hi) * cmd->w;
	int32_t below = OCTET_TAP_ONE - row->weight, left = OCTET_TAP_ONE - column->weight;

	return (struct corners) {
		.at = {
			(lo + column->lo) * cmd->cin, (lo + column->hi) * cmd->cin,
			(hi + column->lo) * cmd->cin, (hi + column->hi) * cmd->cin,
		},
		.weight = {
			below * left, below * column->weight,
			row->weight * left, row->weight * column->weight,
		},
	};
}

int octet_compute_resize(const struct octet_work *work)
{
	const struct octet_cmd *cmd = &work->cmd;
	struct octet_pacer pacer = { .work = work };
	const struct octet_tap *tap = work->table;
	size_t per_image = (size_t)cmd->oh * cmd->ow;

	for (size_t p = 0; p < octet_pixels(cmd); p++) {
		struct corners q = corners(cmd, p / per_image, &tap[p % per_image / cmd->ow],
					   &tap[cmd->oh + p % cmd->ow]);

		if (octet_pace(&pacer, 4 * (size_t)cmd->cout + 8))
			return -ECANCELED;
		if (cmd->src.type == OCTET_TYPE_INT8)
			mix_s8(work, &q, p);
		else if (cmd->src.type == OCTET_TYPE_UINT8)
			mix_u8(work, &q, p);
		else
			mix_s16(work, &q, p);
	}
	return 0;
}
