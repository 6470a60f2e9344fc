/* SPDX-License-Identifier: MIT */
/*
 * SOFTMAX of each pixel, as TFLite's reference kernel writes it with the fixed
 * point types of gemmlowp, or as an exact quotient. The exponentials come from
 * the command's table.
 */
#include <errno.h>

#include "op.h"

/* gemmlowp's types by their integer bits: F0 has 31 fractional ones, F2 29. */
typedef int32_t f0;
typedef int32_t f2;

static int32_t saturate(int64_t x)
{
	return (int32_t)(x < INT32_MIN ? INT32_MIN :
			 x > INT32_MAX ? INT32_MAX : x);
}

/* SaturatingRoundingDoublingHighMul */
static int32_t srdhm(int32_t a, int32_t b)
{
	const int64_t ab = (int64_t)a * b;
	const int64_t nudge = ab >= 0 ? INT64_C(1) << 30 :
					1 - (INT64_C(1) << 30);

	if (a == INT32_MIN && b == INT32_MIN)
		return INT32_MAX;
	return (int32_t)((ab + nudge) / (INT64_C(1) << 31));
}

/* SaturatingRoundingMultiplyByPOT, of an exponent that is not negative */
static int32_t shift_left(int32_t x, int exponent)
{
	return saturate((int64_t)x * (INT64_C(1) << exponent));
}

/* RoundingDivideByPOT, of what is not negative */
static int64_t divide_by_pot(int64_t x, int exponent)
{
	const int64_t mask = (INT64_C(1) << exponent) - 1;

	return (x >> exponent) + ((x & mask) > mask >> 1 ? 1 : 0);
}

/* RoundingHalfSum, of a sum that is not negative */
static f0 half_sum(f0 a, f0 b)
{
	return (f0)(((int64_t)a + b + 1) / 2);
}

/* one_over_one_plus_x_for_x_in_0_1: Newton and Raphson's three steps */
static f0 one_over_one_plus(f0 a)
{
	const f2 constant_48_over_17 = 1515870810;
	const f2 constant_neg_32_over_17 = -1010580540;
	const f2 one = 1 << 29;
	const f0 half_denominator = half_sum(a, INT32_MAX);
	f2 x = constant_48_over_17 +
	       srdhm(half_denominator, constant_neg_32_over_17);

	for (int i = 0; i < 3; i++) {
		const f2 rest = one - srdhm(half_denominator, x);

		x = saturate((int64_t)x + shift_left(srdhm(x, rest), 2));
	}
	return shift_left(x, 1);
}

/**
 * struct row - one command's rows
 * @x_signed: of the input
 */
struct row {
	const struct octet_cmd *cmd;
	const int32_t *exps;
	bool x_signed;
	size_t n;
};

static int32_t largest(const struct row *r, const uint8_t *x)
{
	int32_t most = octet_cpu_code(x[0], r->x_signed);

	for (size_t c = 1; c < r->n; c++) {
		const int32_t v = octet_cpu_code(x[c], r->x_signed);

		most = v > most ? v : most;
	}
	return most;
}

static uint8_t result(const struct row *r, int64_t v)
{
	const int64_t y = v + r->cmd->dst.zero_point;

	return (uint8_t)(y < r->cmd->act_min ? r->cmd->act_min :
			 y > r->cmd->act_max ? r->cmd->act_max : y);
}

static void reciprocal(const struct row *r, const uint8_t *x, uint8_t *y)
{
	const int32_t most = largest(r, x);
	int headroom_plus_one = 0;
	int64_t sum = 0;
	f0 scale = 0;

	for (size_t c = 0; c < r->n; c++)
		sum += divide_by_pot(r->exps[most - octet_cpu_code(x[c],
						r->x_signed)], 12);
	if (sum) {
		headroom_plus_one = __builtin_clz((uint32_t)sum);
		scale = one_over_one_plus((f0)(((uint32_t)sum <<
						headroom_plus_one) -
					       (UINT32_C(1) << 31)));
	}
	for (size_t c = 0; c < r->n; c++) {
		const f0 e = r->exps[most - octet_cpu_code(x[c], r->x_signed)];

		y[c] = result(r, divide_by_pot(srdhm(scale, e), 12 -
					       headroom_plus_one + 31 - 8));
	}
}

/* The quotient in units of 1/256: half of the divisor is added first. */
static void quotient(const struct row *r, const uint8_t *x, uint8_t *y)
{
	const int32_t most = largest(r, x);
	int64_t sum = 0;

	for (size_t c = 0; c < r->n; c++)
		sum += r->exps[most - octet_cpu_code(x[c], r->x_signed)];
	for (size_t c = 0; c < r->n; c++) {
		const int64_t e = r->exps[most - octet_cpu_code(x[c],
								r->x_signed)];
		const int64_t whole = sum ? 256 * e / sum : 0;
		const int64_t rest = sum ? 256 * e % sum : 0;

		y[c] = result(r, whole + (sum && 2 * rest >= sum));
	}
}

int octet_cpu_op_softmax(struct octet_cpu *cpu, const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	const uint64_t *in = work->src.stride, *out = work->dst.stride;
	const struct row r = {
		.cmd = cmd,
		.exps = work->table,
		.x_signed = work->x_signed,
		.n = cmd->cin,
	};

	for (uint64_t n = 0; n < cmd->n; n++)
		for (uint64_t at = 0; at < (uint64_t)cmd->h * cmd->w; at++) {
			const uint64_t i = at / cmd->w, j = at % cmd->w;
			const uint8_t *x = work->x + n * in[1] + i * in[2] +
					   j * in[3];
			uint8_t *y = work->y + n * out[1] + i * out[2] +
				     j * out[3];

			if (octet_cpu_canceled(cpu))
				return -ECANCELED;
			if (cmd->sub == OCTET_SOFTMAX_RECIPROCAL)
				reciprocal(&r, x, y);
			else
				quotient(&r, x, y);
		}
	return 0;
}
