// SPDX-License-Identifier: MIT
/* EW: a block of both operands becomes int32, is combined, and leaves by the output stage. */
#include <errno.h>

#include "compute.h"
#include "tail.h"

OCTET_VECTOR_LOOPS

/**
 * struct input - one of the two operands
 *
 * @codes: 8-bit types: what each code stands for, negative for a subtrahend
 * @scale: int16: of the addend
 */
struct input {
	unsigned int type;
	const uint8_t *data;
	bool rescale;
	struct octet_addend addend;
	int32_t codes[256];
	struct octet_requant scale;
};

static int input_init(struct input *in, const struct octet_work *work,
		      const struct octet_operand *operand, const uint8_t *data)
{
	const struct octet_cmd *cmd = &work->cmd;

	*in = (struct input) {
		.type = operand->type, .data = data, .rescale = cmd->sub != OCTET_EW_MUL,
		.addend = {
			.fix = octet_fix_init(cmd->stage, operand->mult, operand->shift,
					      work->break_rounding),
			.zero_point = operand->zero_point, .left = cmd->left_shift,
		},
	};
	if (in->type == OCTET_TYPE_INT16) {
		if (!in->rescale)
			return 0;
		if (octet_requant_init_sum(&in->scale, work, cmd->stage, operand->mult,
					   operand->shift))
			return -ENOMEM;
		in->scale.zero_point = 0;
		in->scale.lo = INT32_MIN;
		in->scale.hi = INT32_MAX;
		return 0;
	}
	for (unsigned int i = 0; i < 256; i++)
		in->codes[i] = octet_code(in->type, (uint8_t)i) - operand->zero_point;
	if (in->rescale)
		octet_addend_codes(&in->addend, in->type, in->codes);
	return 0;
}

static void negate(struct input *in)
{
	for (unsigned int i = 0; i < 256; i++)
		in->codes[i] = (int32_t)(0 - (uint32_t)in->codes[i]);
}

static void load(const struct input *in, size_t at, size_t n, int32_t *restrict to)
{
	const int16_t *x = (const int16_t *)in->data + at;
	const uint8_t *code = in->data + at;
	const int32_t zero_point = in->addend.zero_point;
	const uint32_t left = in->addend.left;
	OCTET_SCRATCH int32_t wide[OCTET_BLOCK];

	if (in->type != OCTET_TYPE_INT16) {
		for (size_t i = 0; i < n; i++)
			to[i] = in->codes[code[i]];
	} else if (in->rescale) {
		for (size_t i = 0; i < n; i++)
			wide[i] = (int32_t)((uint32_t)(x[i] - zero_point) << left);
		octet_requant_run(&in->scale, wide, 0, n, to);
	} else {
		for (size_t i = 0; i < n; i++)
			to[i] = x[i] - zero_point;
	}
}

/* sums, differences and products modulo 2^32 */
static void combine(unsigned int sub, uint32_t *restrict a, const uint32_t *restrict b, size_t n)
{
	if (sub == OCTET_EW_ADD)
		for (size_t i = 0; i < n; i++)
			a[i] += b[i];
	else if (sub == OCTET_EW_MUL)
		for (size_t i = 0; i < n; i++)
			a[i] *= b[i];
	else
		for (size_t i = 0; i < n; i++)
			a[i] -= b[i];
}

static void square(uint32_t *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		a[i] *= a[i];
}

static int blocks(const struct octet_work *work, const struct octet_requant *rq,
		  const struct input *x, const struct input *y, size_t n)
{
	const struct octet_cmd *cmd = &work->cmd;
	struct octet_pacer pacer = { .work = work };
	OCTET_SCRATCH int32_t a[OCTET_BLOCK], b[OCTET_BLOCK];
	size_t size = octet_type_size(cmd->dst.type);

	for (size_t at = 0; at < n; at += OCTET_BLOCK) {
		size_t part = n - at < OCTET_BLOCK ? n - at : OCTET_BLOCK;

		if (octet_pace(&pacer, part))
			return -ECANCELED;
		if (x->rescale && x->type != OCTET_TYPE_INT16) {
			octet_addend_sum(x->codes, y->codes, x->data + at, y->data + at, part, a);
		} else {
			load(x, at, part, a);
			load(y, at, part, b);
			combine(cmd->sub, (uint32_t *)a, (uint32_t *)b, part);
		}
		if (cmd->sub == OCTET_EW_SQDIFF)
			square((uint32_t *)a, part);
		octet_requant_store(rq, a, 0, part, work->dst + at * size);
	}
	return 0;
}

static int arithmetic(const struct octet_work *work, size_t n)
{
	const struct octet_cmd *cmd = &work->cmd;
	struct input x, y = { 0 };
	struct octet_requant rq;
	int err;

	err = octet_requant_init_flat(&rq, work);
	if (err)
		return err;
	/* the stage of MUL is that of accumulators, the others rescale a sum */
	rq.wrap = cmd->sub != OCTET_EW_MUL && cmd->dst.shift < 31;
	err = input_init(&x, work, &cmd->src, work->src);
	if (!err)
		err = input_init(&y, work, &cmd->src2, work->src2);
	if (cmd->sub == OCTET_EW_SUB || cmd->sub == OCTET_EW_SQDIFF)
		negate(&y);
	if (!err)
		err = blocks(work, &rq, &x, &y, n);
	octet_requant_free(&x.scale);
	octet_requant_free(&y.scale);
	octet_requant_free(&rq);
	return err;
}

#define MIN_MAX(name, type)								\
static void name(const struct octet_cmd *cmd, const void *src, const void *src2, size_t at,	\
		 size_t n, void *dst)							\
{											\
	const type *a = (const type *)src + at, *b = (const type *)src2 + at;		\
	type *restrict to = (type *)dst + at, lo = (type)cmd->act_min;			\
	type hi = (type)cmd->act_max;							\
											\
	if (cmd->sub == OCTET_EW_MIN)							\
		for (size_t i = 0; i < n; i++)						\
			to[i] = a[i] < b[i] ? a[i] : b[i];				\
	else										\
		for (size_t i = 0; i < n; i++)						\
			to[i] = a[i] > b[i] ? a[i] : b[i];				\
	for (size_t i = 0; i < n; i++)							\
		to[i] = to[i] < lo ? lo : to[i] > hi ? hi : to[i];			\
}

MIN_MAX(min_max_s8, int8_t)
MIN_MAX(min_max_u8, uint8_t)
MIN_MAX(min_max_s16, int16_t)

static int min_max(const struct octet_work *work, size_t n)
{
	const struct octet_cmd *cmd = &work->cmd;
	struct octet_pacer pacer = { .work = work };
	uint8_t *dst = work->dst;

	for (size_t at = 0; at < n; at += OCTET_BLOCK) {
		size_t part = n - at < OCTET_BLOCK ? n - at : OCTET_BLOCK;

		if (octet_pace(&pacer, part))
			return -ECANCELED;
		switch (cmd->src.type) {
		case OCTET_TYPE_INT8:
			min_max_s8(cmd, work->src, work->src2, at, part, dst);
			break;
		case OCTET_TYPE_UINT8:
			min_max_u8(cmd, work->src, work->src2, at, part, dst);
			break;
		default:
			min_max_s16(cmd, work->src, work->src2, at, part, dst);
			break;
		}
		if (cmd->tail & OCTET_TAIL_LUT)
			for (size_t i = at; i < at + part; i++)
				dst[i] = ((const uint8_t *)work->table)[dst[i]];
	}
	return 0;
}

int octet_compute_ew(const struct octet_work *work)
{
	const struct octet_cmd *cmd = &work->cmd;
	size_t n = octet_pixels(cmd) * cmd->cout;

	if (cmd->sub == OCTET_EW_MIN || cmd->sub == OCTET_EW_MAX)
		return min_max(work, n);
	return arithmetic(work, n);
}
