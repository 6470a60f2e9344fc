/* SPDX-License-Identifier: MIT */
/*
 * EW: two tensors, element by element, and TAIL_ADD, an ADD in place. A
 * rescaled 8-bit operand has 256 values at most: they are looked up.
 */
#include "bytes.h"
#include "op.h"

/**
 * struct side - an addend or factor
 * @step: bytes from element to element, set for each walk
 * @wide: int16
 * @negative: codes are signed
 * @value: 8-bit: what each code counts, by its byte
 */
struct side {
	uint64_t step;
	bool wide;
	bool negative;
	int32_t zero_point;
	uint32_t mult;
	uint32_t shift;
	int32_t value[256];
};

/**
 * struct ew - one command
 * @sum_stage: the one of the addends
 * @whole: a sum rescaled never wraps, the kernels apply
 * @residual: ADD of bytes side by side
 * @quick: a kernel has it as a whole, see @total
 * @y_step: bytes from result to result
 * @row: results, where these are not side by side
 */
struct ew {
	const struct octet_cpu *cpu;
	const struct octet_cmd *cmd;
	unsigned int sub;
	unsigned int sum_stage;
	bool wide;
	bool whole;
	bool residual;
	bool quick;
	uint64_t y_step;
	struct cpu_sum total;
	struct side side[2];
	struct cpu_uniform out;
	uint8_t row[2 * CPU_RUN];
	int32_t acc[CPU_RUN];
	int32_t other[CPU_RUN];
};

static int32_t addend(const struct ew *ew, const struct side *s, int32_t code)
{
	const uint32_t v = (uint32_t)(code - s->zero_point)
			   << ew->cmd->left_shift;

	return octet_cpu_rescale(ew->sum_stage, (int32_t)v, s->mult, s->shift);
}

static bool rescales(unsigned int sub)
{
	return sub == OCTET_EW_ADD || sub == OCTET_EW_SUB ||
	       sub == OCTET_EW_SQDIFF;
}

static int32_t counts(const struct ew *ew, const struct side *s, int32_t code)
{
	if (rescales(ew->sub))
		return addend(ew, s, code);
	return ew->sub == OCTET_EW_MUL ? code - s->zero_point : code;
}

static void fill_values(const struct ew *ew, struct side *s)
{
	for (unsigned int i = 0; i < 256 && !s->wide; i++)
		s->value[i] = counts(ew, s, octet_cpu_code((uint8_t)i,
							   s->negative));
}

static void load(const struct ew *ew, const struct side *s, const uint8_t *p,
		 size_t n, int32_t *to)
{
	if (s->wide)
		for (size_t i = 0; i < n; i++)
			to[i] = counts(ew, s, octet_cpu_load16(p + i * s->step));
	else if (s->step)
		for (size_t i = 0; i < n; i++)
			to[i] = s->value[p[i * s->step]];
	else
		for (size_t i = 0; i < n; i++)
			to[i] = s->value[*p];
}

/* Both bytes side by side and nothing but their sum: a residual. */
static void add_bytes(struct ew *ew, const uint8_t *a, const uint8_t *b,
		      size_t n)
{
	const int32_t *va = ew->side[0].value, *vb = ew->side[1].value;
	int32_t *restrict acc = ew->acc;

	for (size_t i = 0; i < n; i++)
		acc[i] = (int32_t)((uint32_t)va[a[i]] + (uint32_t)vb[b[i]]);
}

/* acc = acc op other, modulo 2^32 */
static void combine(struct ew *ew, size_t n)
{
	const int32_t *restrict b = ew->other;
	int32_t *restrict a = ew->acc;

	switch (ew->sub) {
	case OCTET_EW_ADD:
		for (size_t i = 0; i < n; i++)
			a[i] = (int32_t)((uint32_t)a[i] + (uint32_t)b[i]);
		break;
	case OCTET_EW_SUB:
		for (size_t i = 0; i < n; i++)
			a[i] = (int32_t)((uint32_t)a[i] - (uint32_t)b[i]);
		break;
	case OCTET_EW_SQDIFF:
		for (size_t i = 0; i < n; i++) {
			const uint32_t d = (uint32_t)a[i] - (uint32_t)b[i];

			a[i] = (int32_t)(d * d);
		}
		break;
	case OCTET_EW_MUL:
		for (size_t i = 0; i < n; i++)
			a[i] = (int32_t)((uint32_t)a[i] * (uint32_t)b[i]);
		break;
	case OCTET_EW_MIN:
		for (size_t i = 0; i < n; i++)
			a[i] = a[i] < b[i] ? a[i] : b[i];
		break;
	case OCTET_EW_MAX:
		for (size_t i = 0; i < n; i++)
			a[i] = a[i] > b[i] ? a[i] : b[i];
		break;
	}
}

/* Results of a sum, which wrap before the zero point is added. */
static int32_t wrapped(const struct cpu_stage *st, int32_t v)
{
	const int64_t y = (int64_t)octet_cpu_rescale(st->stage, v, st->mult[0],
						     st->shift[0]) +
			  st->zero_point;

	return (int32_t)(y < st->lo ? st->lo : y > st->hi ? st->hi : y);
}

static void one_by_one(const struct ew *ew, uint8_t *y, size_t n)
{
	const struct cpu_stage *st = &ew->out.stage;

	for (size_t i = 0; i < n; i++) {
		int32_t v = ew->acc[i];

		if (rescales(ew->sub))
			v = wrapped(st, v);
		else
			v = octet_cpu_stage_one(st->stage, v, 0, st->mult[0],
						st->shift[0], st->zero_point,
						st->lo, st->hi);
		if (ew->wide)
			octet_cpu_store16(y + 2 * i, v);
		else
			y[i] = (uint8_t)v;
	}
}

static void clamped(const struct ew *ew, uint8_t *y, size_t n)
{
	const int32_t lo = ew->out.stage.lo, hi = ew->out.stage.hi;

	for (size_t i = 0; i < n; i++)
		y[i] = (uint8_t)octet_cpu_clamp(ew->acc[i], lo, hi);
}

static void results(struct ew *ew, uint8_t *y, size_t n)
{
	const struct cpu_stage *st = &ew->out.stage;

	if (!ew->wide && st->stage == OCTET_STAGE_RAW)
		clamped(ew, y, n);
	else if (!ew->wide && ew->whole)
		ew->cpu->k->requant(st, 0, ew->acc, n, y);
	else
		one_by_one(ew, y, n);
}

static void run(void *context, uint8_t *const *p, size_t n)
{
	struct ew *ew = context;
	const unsigned int size = ew->wide ? 2 : 1;

	if (ew->quick) {
		ew->cpu->k->bytes->add(&ew->total, p[0], p[1], n, p[2]);
		return;
	}
	if (ew->residual) {
		add_bytes(ew, p[0], p[1], n);
	} else {
		load(ew, &ew->side[0], p[0], n, ew->acc);
		load(ew, &ew->side[1], p[1], n, ew->other);
		combine(ew, n);
	}
	if (ew->y_step == size) {
		results(ew, p[2], n);
		return;
	}
	results(ew, ew->row, n);
	for (size_t i = 0; i < n; i++)
		memcpy(p[2] + i * ew->y_step, ew->row + i * size, size);
}

/* Whether 32 bits do after the product, see struct cpu_tail. */
static bool narrow(unsigned int stage, uint32_t mult, uint32_t shift,
		   struct cpu_scale *to)
{
	const int32_t right = (int32_t)shift - 31;

	if ((stage != OCTET_STAGE_FIX_DBL && stage != OCTET_STAGE_FIX_DBL_UP) ||
	    right < 0 || right > 30)
		return false;
	*to = (struct cpu_scale) {
		.mult = (int32_t)mult,
		.half = right ? 1 << (right - 1) : 0,
		.right = right,
		.ties = right && stage == OCTET_STAGE_FIX_DBL ? -1 : 0,
	};
	return true;
}

/* Codes count less than 2^28, so that no sum reaches 2^30. */
static bool quick(struct ew *ew)
{
	const struct cpu_stage *st = &ew->out.stage;
	struct cpu_sum *t = &ew->total;

	if (!ew->residual || !ew->cpu->k->bytes || ew->y_step != 1 ||
	    ew->cmd->left_shift > 20)
		return false;
	for (int i = 0; i < 2; i++) {
		const struct side *s = &ew->side[i];

		if (!narrow(ew->sum_stage, s->mult, s->shift, &t->side[i]))
			return false;
		t->zero[i] = s->zero_point;
		t->negative[i] = s->negative;
	}
	t->left = ew->cmd->left_shift;
	t->lo = st->lo;
	t->hi = st->hi;
	t->zero_point = st->zero_point;
	return narrow(st->stage, st->mult[0], st->shift[0], &t->out);
}

static int walk(struct ew *ew, struct cpu_walk *w)
{
	octet_cpu_walk_join(w);
	ew->side[0].step = w->stride[0][3];
	ew->side[1].step = w->stride[1][3];
	ew->y_step = w->stride[2][3];
	ew->residual = ew->sub == OCTET_EW_ADD && !ew->wide &&
		       ew->side[0].step == 1 && ew->side[1].step == 1;
	ew->quick = quick(ew);
	for (int i = 0; i < 2 && !ew->quick; i++)
		fill_values(ew, &ew->side[i]);
	return octet_cpu_walk(ew->cpu, w, run, ew);
}

int octet_cpu_op_ew(struct octet_cpu *cpu, const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	struct cpu_walk w = { .operands = 3, .extent[3] = cmd->cout };
	struct ew ew = {
		.cpu = cpu,
		.cmd = cmd,
		.sub = cmd->sub,
		.sum_stage = cmd->stage,
		.wide = work->y_size == 2,
		/* 32 bits times less than 1 */
		.whole = !rescales(cmd->sub) || cmd->dst.shift >= 31,
		.side = {
			{ .wide = work->x_size == 2,
			  .zero_point = cmd->src.zero_point,
			  .mult = cmd->src.mult, .shift = cmd->src.shift },
			{ .wide = work->x2_size == 2,
			  .zero_point = cmd->src2.zero_point,
			  .mult = cmd->src2.mult, .shift = cmd->src2.shift },
		},
	};

	ew.side[0].negative = work->x_signed;
	ew.side[1].negative = work->x2_signed;
	octet_cpu_uniform(&ew.out, cmd->stage, cmd->dst.mult, cmd->dst.shift,
			  cmd->dst.zero_point, cmd->act_min, cmd->act_max);
	octet_cpu_walk_set(&w, 0, work, work->x, &work->src,
			   work->repeat ? 0 : work->x_size);
	octet_cpu_walk_set(&w, 1, work, work->x2, &work->src2,
			   work->repeat2 ? 0 : work->x2_size);
	octet_cpu_walk_set(&w, 2, work, work->y, &work->dst, work->y_size);
	return walk(&ew, &w);
}

int octet_cpu_tail_add(struct octet_cpu *cpu, const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	struct cpu_walk w = { .operands = 3, .extent[3] = cmd->cout };
	struct ew ew = {
		.cpu = cpu,
		.cmd = cmd,
		.sub = OCTET_EW_ADD,
		.sum_stage = cmd->sum_stage,
		.whole = cmd->sum_shift >= 31,
		.side = {
			{ .zero_point = cmd->mid_zero_point,
			  .mult = cmd->mid_mult, .shift = cmd->mid_shift },
			{ .zero_point = cmd->src2.zero_point,
			  .mult = cmd->src2.mult, .shift = cmd->src2.shift },
		},
	};

	ew.side[0].negative = cmd->dst.type == OCTET_TYPE_INT8;
	ew.side[1].negative = work->x2_signed;
	octet_cpu_uniform(&ew.out, cmd->sum_stage, cmd->sum_mult,
			  cmd->sum_shift, cmd->dst.zero_point, cmd->act_min,
			  cmd->act_max);
	octet_cpu_walk_set(&w, 0, work, work->y, &work->dst, 1);
	octet_cpu_walk_set(&w, 1, work, work->x2, &work->src2, 1);
	octet_cpu_walk_set(&w, 2, work, work->y, &work->dst, 1);
	return walk(&ew, &w);
}
