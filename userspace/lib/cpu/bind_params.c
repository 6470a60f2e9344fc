/* SPDX-License-Identifier: MIT */
/*
 * Parameter and channel records to arrays by channel, whatever the command
 * gave; and its table, copied. Each is checked as it is read.
 */
#include <errno.h>
#include <fenv.h>
#include <string.h>

#include "cpu_priv.h"

/* Parameters by channel. */
struct channels {
	int64_t *bias16;
	int32_t *bias;
	uint32_t *mult;
	uint32_t *shift;
	int32_t *zw;
};

#define BAD_PRM(fault, ...)						\
	octet_cpu_refuse(fault, OCTET_STATUS_BAD_QUANT,			\
			 OCTET_OPERAND_PRM, 0, __VA_ARGS__)

static int read_params(const struct octet_cmd *cmd, const uint8_t *prm,
		       const struct channels *ch,
		       struct octet_cpu_fault *fault)
{
	struct octet_param p;

	for (uint32_t c = 0; c < cmd->cout; c++) {
		memcpy(&p, prm + c * sizeof(p), sizeof(p));
		ch->bias[c] = p.bias;
		if (cmd->flags & OCTET_CMD_PER_TENSOR)
			continue;
		if (!octet_cpu_mult_ok(cmd->stage, p.mult, OCTET_MULT_MAX))
			return BAD_PRM(fault,
				       "prm: channel %u: mult 0x%x is out of bounds for stage %u",
				       c, p.mult, cmd->stage);
		ch->mult[c] = p.mult;
	}
	return 0;
}

static int read_params16(const struct octet_cmd *cmd, const uint8_t *prm,
			 const struct channels *ch,
			 struct octet_cpu_fault *fault)
{
	const int64_t end = INT64_C(1) << 47;
	struct octet_param16 p;

	for (uint32_t c = 0; c < cmd->cout; c++) {
		memcpy(&p, prm + c * sizeof(p), sizeof(p));
		if (p.bias < -end || p.bias >= end)
			return BAD_PRM(fault,
				       "prm: channel %u: bias %lld needs more than 48 bits",
				       c, (long long)p.bias);
		ch->bias16[c] = p.bias;
		if (!(cmd->flags & OCTET_CMD_PER_TENSOR)) {
			if (!octet_cpu_mult_ok(cmd->stage, p.mult,
					       OCTET_MULT16_MAX) ||
			    !octet_cpu_shift_ok(cmd->stage, p.shift,
						OCTET_SHIFT_MIN))
				return BAD_PRM(fault,
					       "prm: channel %u: mult 0x%x, shift %u: at most 0x%x, 1..62",
					       c, p.mult, p.shift,
					       OCTET_MULT16_MAX);
			ch->mult[c] = p.mult;
			ch->shift[c] = p.shift;
		}
		if (p.reserved[0] || p.reserved[1] || p.reserved[2])
			return octet_cpu_refuse(fault, OCTET_STATUS_RESERVED,
						OCTET_OPERAND_PRM, 0,
						"prm: channel %u: reserved bytes are not 0",
						c);
	}
	return 0;
}

static int read_channels(const struct octet_cmd *cmd, const uint8_t *chn,
			 const struct channels *ch,
			 struct octet_cpu_fault *fault)
{
	struct octet_channel r;
	int32_t lo, hi;

	octet_cpu_type_range(cmd->wgt.type, &lo, &hi);
	for (uint32_t c = 0; c < cmd->cout; c++) {
		memcpy(&r, chn + c * sizeof(r), sizeof(r));
		if (r.reserved)
			return octet_cpu_refuse(fault, OCTET_STATUS_RESERVED,
						OCTET_OPERAND_CHN, 0,
						"chn: channel %u: reserved byte is %u, not 0",
						c, r.reserved);
		if (r.zero_point < lo || r.zero_point > hi)
			return octet_cpu_refuse(fault, OCTET_STATUS_BAD_QUANT,
						OCTET_OPERAND_CHN, 0,
						"chn: channel %u: weight zero point %d is outside %d..%d",
						c, r.zero_point, lo, hi);
		ch->zw[c] = r.zero_point;
		if (cmd->flags & OCTET_CMD_PER_TENSOR)
			continue;
		if (!octet_cpu_shift_ok(cmd->stage, r.shift, OCTET_SHIFT_MIN))
			return octet_cpu_refuse(fault, OCTET_STATUS_BAD_QUANT,
						OCTET_OPERAND_CHN, 0,
						"chn: channel %u: shift %u is out of bounds for stage %u",
						c, r.shift, cmd->stage);
		ch->shift[c] = r.shift;
	}
	return 0;
}

/* What applies where there are no records. */
static int defaults(struct octet_cpu *cpu, struct cpu_work *work,
		    struct channels *ch, struct octet_cpu_fault *fault)
{
	const struct octet_cmd *cmd = work->cmd;
	const size_t n = cmd->cout;
	const size_t bytes = n * (sizeof(int64_t) + 4 * sizeof(int32_t));

	ch->bias16 = octet_cpu_grow(&cpu->params, bytes);
	if (!ch->bias16) {
		fault->va = bytes;
		return -ENOMEM;
	}
	ch->bias = (int32_t *)(ch->bias16 + n);
	ch->mult = (uint32_t *)ch->bias + n;
	ch->shift = ch->mult + n;
	ch->zw = (int32_t *)ch->shift + n;
	for (size_t c = 0; c < n; c++) {
		ch->bias16[c] = 0;
		ch->bias[c] = 0;
		ch->mult[c] = cmd->dst.mult;
		ch->shift[c] = cmd->dst.shift;
		ch->zw[c] = cmd->wgt.zero_point;
	}
	return 0;
}

static int records(const struct octet_cpu_memory *memory,
		   const struct octet_cmd *cmd, const struct channels *ch,
		   struct octet_cpu_fault *fault)
{
	const bool wide = cmd->src.type == OCTET_TYPE_INT16;
	struct cpu_shape s;
	void *at;
	int err = 0;

	if (cmd->prm.space) {
		octet_cpu_shape(cmd, OCTET_OPERAND_PRM, &s);
		err = octet_cpu_find(memory, OCTET_OPERAND_PRM, cmd->prm.addr,
				     s.bytes, &at, fault);
		if (!err)
			err = wide ? read_params16(cmd, at, ch, fault) :
				     read_params(cmd, at, ch, fault);
	}
	if (!err && cmd->chn.space) {
		octet_cpu_shape(cmd, OCTET_OPERAND_CHN, &s);
		err = octet_cpu_find(memory, OCTET_OPERAND_CHN, cmd->chn.addr,
				     s.bytes, &at, fault);
		if (!err)
			err = read_channels(cmd, at, ch, fault);
	}
	return err;
}

int octet_cpu_bind_params(struct octet_cpu *cpu,
			  const struct octet_cpu_memory *memory,
			  struct cpu_work *work, struct octet_cpu_fault *fault)
{
	const struct octet_cmd *cmd = work->cmd;
	const bool add = cmd->tail & OCTET_TAIL_ADD;
	struct channels ch = { 0 };
	int err = 0;

	if (octet_cpu_weighted(cmd) || (cmd->op == OCTET_OP_POOL &&
					cmd->sub == OCTET_POOL_SUM)) {
		err = defaults(cpu, work, &ch, fault);
		if (!err)
			err = records(memory, cmd, &ch, fault);
	}
	if (octet_cpu_weighted(cmd))
		work->zw = ch.zw;
	work->bias16 = ch.bias16;
	work->stage = (struct cpu_stage) {
		.stage = cmd->stage,
		.nearest = fegetround() == FE_TONEAREST,
		.zero_point = add ? cmd->mid_zero_point : cmd->dst.zero_point,
		.lo = add ? cmd->mid_min : cmd->act_min,
		.hi = add ? cmd->mid_max : cmd->act_max,
		.bias = ch.bias,
		.mult = ch.mult,
		.shift = ch.shift,
	};
	return err;
}

static int check_softmax(const int32_t *table, struct octet_cpu_fault *fault)
{
	for (int i = 0; i < OCTET_SOFTMAX_ENTRIES; i++)
		if (table[i] < 0)
			return octet_cpu_refuse(fault, OCTET_STATUS_BAD_QUANT,
						OCTET_OPERAND_TABLE, 0,
						"table: entry %d is %d, less than 0",
						i, table[i]);
	return 0;
}

static int check_tap(const struct octet_tap *tap, const char *of, uint32_t i,
		     uint32_t extent, struct octet_cpu_fault *fault)
{
	if (tap->lo >= extent || tap->hi >= extent)
		return octet_cpu_refuse(fault, OCTET_STATUS_BAD_SHAPE,
					OCTET_OPERAND_TABLE, 0,
					"table: %s %u: taps %u and %u, but there are %u",
					of, i, tap->lo, tap->hi, extent);
	if (tap->weight < -OCTET_TAP_ONE || tap->weight > OCTET_TAP_ONE)
		return octet_cpu_refuse(fault, OCTET_STATUS_BAD_QUANT,
					OCTET_OPERAND_TABLE, 0,
					"table: %s %u: weight %d is outside +-%d",
					of, i, tap->weight, OCTET_TAP_ONE);
	if (tap->reserved)
		return octet_cpu_refuse(fault, OCTET_STATUS_RESERVED,
					OCTET_OPERAND_TABLE, 0,
					"table: %s %u: reserved is 0x%x, not 0",
					of, i, tap->reserved);
	return 0;
}

static int check_taps(const struct octet_cmd *cmd, const struct octet_tap *taps,
		      struct octet_cpu_fault *fault)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < cmd->oh; i++)
		err = check_tap(&taps[i], "row", i, cmd->h, fault);
	taps += cmd->oh;
	for (uint32_t i = 0; !err && i < cmd->ow; i++)
		err = check_tap(&taps[i], "column", i, cmd->w, fault);
	return err;
}

uint64_t octet_cpu_table_bytes(const struct octet_cmd *cmd)
{
	switch (cmd->op) {
	case OCTET_OP_LUT:
		if (cmd->src.type == OCTET_TYPE_INT16)
			return OCTET_LUT16_ENTRIES * sizeof(int16_t);
		return OCTET_LUT8_SIZE;
	case OCTET_OP_SOFTMAX:
		return OCTET_SOFTMAX_ENTRIES * sizeof(int32_t);
	case OCTET_OP_RESIZE:
		return ((uint64_t)cmd->oh + cmd->ow) *
		       sizeof(struct octet_tap);
	}
	return cmd->tail & OCTET_TAIL_LUT ? OCTET_LUT8_SIZE : 0;
}

int octet_cpu_bind_table(struct octet_cpu *cpu,
			 const struct octet_cpu_memory *memory,
			 struct cpu_work *work, struct octet_cpu_fault *fault)
{
	const struct octet_cmd *cmd = work->cmd;
	const uint64_t bytes = octet_cpu_table_bytes(cmd);
	void *from, *to;
	int err;

	if (!bytes)
		return 0;
	err = octet_cpu_find(memory, OCTET_OPERAND_TABLE, cmd->table, bytes,
			     &from, fault);
	if (err)
		return err;
	to = octet_cpu_grow(&cpu->table, bytes);
	if (!to) {
		fault->va = bytes;
		return -ENOMEM;
	}
	work->table = memcpy(to, from, bytes);
	if (cmd->op == OCTET_OP_SOFTMAX)
		return check_softmax(to, fault);
	return cmd->op == OCTET_OP_RESIZE ? check_taps(cmd, to, fault) : 0;
}
