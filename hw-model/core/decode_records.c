// SPDX-License-Identifier: MIT
/* Records and tables: checked when they have been copied, entry by entry. */
#include <string.h>

#include "core_priv.h"
#include "vector.h"

OCTET_VECTOR_LOOPS

#define BIAS16_MIN	(-(INT64_C(1) << 47))
#define BIAS16_MAX	((INT64_C(1) << 47) - 1)

static bool per_tensor(const struct octet_cmd *cmd)
{
	return cmd->flags & OCTET_CMD_PER_TENSOR;
}

/* Bounds as 32-bit numbers: the fields that they are for have no others. */
struct narrow {
	int32_t lo, hi;
};

static struct narrow narrow(struct octet_bounds b)
{
	return (struct narrow) {
		b.lo < INT32_MIN ? INT32_MIN : (int32_t)b.lo,
		b.hi > INT32_MAX ? INT32_MAX : (int32_t)b.hi,
	};
}

int octet_decode_params(const struct octet_cmd *cmd, const struct octet_param *prm,
			struct octet_fault *fault)
{
	struct narrow mult = narrow(octet_mult_bounds(cmd->stage, false));
	uint32_t wrong = 0;

	if (per_tensor(cmd))
		return 0;
	/* No bound is above INT32_MAX: what is, is below all as int32. */
	for (uint32_t i = 0; i < cmd->cout; i++)
		wrong |= ((int32_t)prm[i].mult < mult.lo) | ((int32_t)prm[i].mult > mult.hi);
	return wrong ? octet_bad(fault, OCTET_STATUS_BAD_QUANT, OCTET_OPERAND_PRM) : 0;
}

int octet_decode_params16(const struct octet_cmd *cmd, const struct octet_param16 *prm,
			  struct octet_fault *fault)
{
	for (uint32_t i = 0; i < cmd->cout; i++) {
		const struct octet_param16 *p = &prm[i];

		if (p->bias < BIAS16_MIN || p->bias > BIAS16_MAX ||
		    (!per_tensor(cmd) && (!octet_mult_ok(cmd->stage, p->mult, true) ||
					  !octet_shift_ok(cmd->stage, p->shift))))
			return octet_bad(fault, OCTET_STATUS_BAD_QUANT, OCTET_OPERAND_PRM);
		if (p->reserved[0] || p->reserved[1] || p->reserved[2])
			return octet_bad(fault, OCTET_STATUS_RESERVED, OCTET_OPERAND_PRM);
	}
	return 0;
}

/* Of the first channel that has something wrong: what. */
static int wrong_channel(const struct octet_cmd *cmd, const struct octet_channel *chn,
			 struct octet_fault *fault)
{
	for (uint32_t i = 0; i < cmd->cout; i++) {
		if (chn[i].reserved)
			return octet_bad(fault, OCTET_STATUS_RESERVED, OCTET_OPERAND_CHN);
		if ((!per_tensor(cmd) && !octet_shift_ok(cmd->stage, chn[i].shift)) ||
		    !octet_in_type(cmd->wgt.type, chn[i].zero_point))
			return octet_bad(fault, OCTET_STATUS_BAD_QUANT, OCTET_OPERAND_CHN);
	}
	return 0;
}

int octet_decode_channels(const struct octet_cmd *cmd, const struct octet_channel *chn,
			  struct octet_fault *fault)
{
	struct narrow shift = narrow(octet_shift_bounds(cmd->stage));
	struct narrow zero = narrow(octet_type_bounds(cmd->wgt.type));
	int32_t wrong = 0;

	if (per_tensor(cmd))
		shift = (struct narrow) { 0, UINT8_MAX };
	for (uint32_t i = 0; i < cmd->cout; i++) {
		int32_t word, s, z;

		/* A record at once, as in memory: shift, reserved, zero_point. */
		memcpy(&word, &chn[i], sizeof(word));
		s = word & 0xff;
		z = word >> 16;
		wrong |= (word & 0xff00) | (s < shift.lo) | (s > shift.hi) | (z < zero.lo) |
			 (z > zero.hi);
	}
	return wrong ? wrong_channel(cmd, chn, fault) : 0;
}

static int check_taps(const struct octet_tap *tap, uint32_t count, uint32_t extent,
		      struct octet_fault *fault)
{
	for (uint32_t i = 0; i < count; i++) {
		if (tap[i].lo >= extent || tap[i].hi >= extent)
			return octet_bad(fault, OCTET_STATUS_BAD_SHAPE, OCTET_OPERAND_TABLE);
		if (tap[i].weight < -OCTET_TAP_ONE || tap[i].weight > OCTET_TAP_ONE)
			return octet_bad(fault, OCTET_STATUS_BAD_QUANT, OCTET_OPERAND_TABLE);
		if (tap[i].reserved)
			return octet_bad(fault, OCTET_STATUS_RESERVED, OCTET_OPERAND_TABLE);
	}
	return 0;
}

static int check_exponentials(const int32_t *t, struct octet_fault *fault)
{
	for (int i = 0; i < OCTET_SOFTMAX_ENTRIES; i++)
		if (t[i] < 0)
			return octet_bad(fault, OCTET_STATUS_BAD_QUANT, OCTET_OPERAND_TABLE);
	return 0;
}

int octet_decode_table(const struct octet_cmd *cmd, const void *table,
		       struct octet_fault *fault)
{
	const struct octet_tap *taps = table;
	int status;

	switch (octet_cmd_table(cmd, octet_op_info(cmd))) {
	case OCTET_TABLE_SOFTMAX:
		return check_exponentials(table, fault);
	case OCTET_TABLE_TAPS:
		status = check_taps(taps, cmd->oh, cmd->h, fault);
		return status ? status : check_taps(taps + cmd->oh, cmd->ow, cmd->w, fault);
	default:
		return 0;
	}
}
