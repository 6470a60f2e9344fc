// SPDX-License-Identifier: MIT
/*
 * The three operations by loops over Documentation/hardware.rst's formulas, and
 * operands in memory by their strides. Shares no code with the arithmetic.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

static void differ(const char *what, const struct octet_cmd *c, uint64_t index)
{
	fprintf(stderr, "%s differs at %llu: op %u stage %u n %u,%u h %u w %u cin %u oh %u ow %u "
		"cout %u groups %u r %u s %u\n", what, (unsigned long long)index, c->op, c->stage,
		c->n2, c->n, c->h, c->w, c->cin, c->oh, c->ow, c->cout, c->groups, c->r, c->s);
	abort();
}

static int64_t element(const struct octet_operand *o, const uint8_t *p, uint64_t i)
{
	return o->type == OCTET_TYPE_INT8 ? (int8_t)p[i] : p[i];
}

static __int128 floor_div(__int128 v, unsigned int shift)
{
	__int128 d = (__int128)1 << shift, q = v / d;

	return q - (v % d < 0);
}

/* v rounded to @bits significant bits, half to even; *e: power of two taken out */
static uint64_t significant(uint64_t v, int bits, int *e)
{
	while (v >> bits) {
		int drop = 0;
		uint64_t half, rest;

		while (v >> bits >> drop)
			drop++;
		half = UINT64_C(1) << (drop - 1);
		rest = v & (2 * half - 1);
		v >>= drop;
		*e += drop;
		v += rest > half || (rest == half && (v & 1));
	}
	return v;
}

static int64_t float_scale(int32_t v, uint32_t bits)
{
	int e = (int)(bits >> 23) - 150, sign = v < 0;
	uint64_t a = sign ? -(uint64_t)(int64_t)v : (uint64_t)v;
	__int128 y;

	a = significant(a, 24, &e) * ((bits & 0x7fffff) | 0x800000);
	a = significant(a, 24, &e);
	if (e >= 0) {
		y = (__int128)a << e;
	} else if (e < -100) {
		y = 0;
	} else {
		__int128 unit = (__int128)1 << -e, rest = a % unit;

		y = a / unit;
		if (2 * rest > unit || (2 * rest == unit && (y & 1)))
			y++;
	}
	return (int64_t)(sign ? -y : y);
}

static int64_t stage(const struct octet_work *w, int32_t v, uint32_t mult, uint32_t shift)
{
	__int128 rnd, big = shift > 31 ? (__int128)1 << 30 : 0;

	if (w->cmd.stage == OCTET_STAGE_RAW)
		return v;
	if (w->cmd.stage == OCTET_STAGE_FP32_RNE)
		return float_scale(v, mult);
	rnd = (__int128)1 << (shift - 1);
	if (w->cmd.stage == OCTET_STAGE_FIX_DBL)
		rnd += v >= 0 ? big : -big;
	else if (w->cmd.stage == OCTET_STAGE_FIX_DBL_UP)
		rnd += big;
	else if (w->cmd.stage == OCTET_STAGE_FIX_AWAY)
		rnd -= v < 0;
	return (int64_t)floor_div((__int128)v * mult + rnd, shift);
}

static int32_t result(const struct octet_work *w, uint32_t o, int64_t acc)
{
	const struct octet_cmd *c = &w->cmd;
	bool tensor = c->flags & OCTET_CMD_PER_TENSOR;
	uint32_t mult = w->prm && !tensor ? w->prm[o].mult : c->dst.mult;
	uint32_t shift = w->chn && !tensor ? w->chn[o].shift : c->dst.shift;
	int32_t bias = w->prm ? w->prm[o].bias : 0;
	int64_t y = stage(w, (int32_t)((uint32_t)acc + (uint32_t)bias), mult, shift);

	y += c->dst.zero_point;
	return (int32_t)(y < c->act_min ? c->act_min : y > c->act_max ? c->act_max : y);
}

static int64_t weight_zero(const struct octet_work *w, uint32_t o)
{
	return w->chn ? w->chn[o].zero_point : w->cmd.wgt.zero_point;
}

/* @pixel: image, row, column in one */
static int64_t conv(const struct octet_work *w, uint64_t pixel, uint32_t o)
{
	const struct octet_cmd *c = &w->cmd;
	bool dw = c->op == OCTET_OP_DEPTHWISE;
	uint64_t x = pixel % c->ow, y = pixel / c->ow % c->oh, n = pixel / c->ow / c->oh;
	uint32_t ci = dw ? 1 : c->cin / c->groups;
	uint32_t c0 = dw ? o / (c->cout / c->cin) : o / (c->cout / c->groups) * ci;
	int64_t sum = 0;

	for (uint32_t i = 0; i < c->r; i++)
	for (uint32_t j = 0; j < c->s; j++)
	for (uint32_t k = 0; k < ci; k++) {
		int64_t iy = (int64_t)y * c->sh - c->pt + (int64_t)i * c->dh;
		int64_t ix = (int64_t)x * c->sw - c->pl + (int64_t)j * c->dw;
		uint64_t tap = (uint64_t)i * c->s + j;
		uint64_t at = dw ? tap * c->cout + o : ((uint64_t)o * c->r * c->s + tap) * ci + k;
		int64_t v = c->pad_value;

		if (iy >= 0 && iy < c->h && ix >= 0 && ix < c->w)
			v = element(&c->src, w->src, ((n * c->h + (uint64_t)iy) * c->w +
						      (uint64_t)ix) * c->cin + c0 + k);
		sum += (v - c->src.zero_point) * (element(&c->wgt, w->wgt, at) - weight_zero(w, o));
	}
	return sum;
}

/* @row: batch and row in one */
static int64_t gemm(const struct octet_work *w, uint64_t row, uint32_t o)
{
	const struct octet_cmd *c = &w->cmd;
	uint64_t batch = row / c->h, i = row % c->h, m = c->h, n = c->cout, kk = c->cin;
	int64_t sum = 0;

	for (uint64_t k = 0; k < kk; k++) {
		bool ta = c->src.flags & OCTET_OPERAND_TRANSPOSED;
		bool tb = c->wgt.flags & OCTET_OPERAND_TRANSPOSED;
		int64_t a = element(&c->src, w->src, batch * m * kk + (ta ? k * m + i : i * kk + k));
		int64_t b = element(&c->wgt, w->wgt, batch * n * kk + (tb ? o * kk + k : k * n + o));

		sum += (a - c->src.zero_point) * (b - weight_zero(w, o));
	}
	return sum;
}

void fuzz_check_result(const struct octet_core *core)
{
	const struct octet_work *w = &core->work;
	const struct octet_cmd *c = &w->cmd;
	uint64_t rows = (uint64_t)c->n * c->n2 * c->oh * c->ow;

	if (w->break_rounding)
		return;
	for (uint64_t p = 0; p < rows; p++)
		for (uint32_t o = 0; o < c->cout; o++) {
			uint64_t at = p * c->cout + o;
			int32_t want = result(w, o, c->op == OCTET_OP_GEMM ? gemm(w, p, o) :
									     conv(w, p, o));
			int32_t got = c->dst.type == OCTET_TYPE_INT32 ?
				((const int32_t *)(const void *)w->dst)[at] :
				(int32_t)element(&c->dst, w->dst, at);

			if (want != got)
				differ("result", c, at);
		}
}

/* The tables are as fuzz_guest.c made them. */
static const uint8_t *at_va(uint64_t va)
{
	if (va < FUZZ_VA_CMDS || va >= FUZZ_VA + 0x200000)
		return NULL;
	return fuzz_load(va >= FUZZ_VA ? va - FUZZ_VA + FUZZ_DATA : va - FUZZ_VA_CMDS + FUZZ_CMDS, 1);
}

/* Every byte of operand @o where its strides say, against the dense copy. */
static void compare(const struct octet_core *core, const struct octet_cmd *c,
		    const struct octet_operand *o, const uint32_t ext[4], uint64_t run,
		    const uint8_t *dense, const char *what)
{
	uint64_t index = 0;

	for (uint32_t a = 0; a < ext[0]; a++)
	for (uint32_t b = 0; b < ext[1]; b++)
	for (uint32_t d = 0; d < ext[2]; d++)
	for (uint32_t e = 0; e < ext[3]; e++)
	for (uint64_t i = 0; i < run; i++, index++) {
		uint64_t addr = o->addr + i + (ext[0] > 1 ? a * o->stride[0] : 0) +
				(ext[1] > 1 ? b * o->stride[1] : 0) +
				(ext[2] > 1 ? d * o->stride[2] : 0) +
				(ext[3] > 1 ? e * o->stride[3] : 0);
		bool sram = o->space == OCTET_SPACE_SRAM;
		const uint8_t *p = sram ? core->sram + addr : at_va(addr);

		if (sram && addr >= core->job.entry.sw)
			differ("SRAM bound", c, index);
		if (!p || *p != dense[index])
			differ(what, c, index);
	}
}

void fuzz_check_inputs(struct fuzz *f, const struct octet_core *core)
{
	const struct octet_work *w = &core->work;
	const struct octet_cmd *c = &w->cmd;
	bool ta = c->src.flags & OCTET_OPERAND_TRANSPOSED, tb = c->wgt.flags & OCTET_OPERAND_TRANSPOSED;

	if (f->faults)
		return;
	if (c->op == OCTET_OP_GEMM) {
		compare(core, c, &c->src, (uint32_t[]){ c->n2, c->n, ta ? c->cin : c->h, 1 },
			ta ? c->h : c->cin, w->src, "src");
		compare(core, c, &c->wgt, (uint32_t[]){ c->n2, c->n, tb ? c->cout : c->cin, 1 },
			tb ? c->cin : c->cout, w->wgt, "wgt");
		return;
	}
	compare(core, c, &c->src, (uint32_t[]){ 1, c->n, c->h, c->w }, c->cin, w->src, "src");
	if (c->op == OCTET_OP_CONV2D)
		compare(core, c, &c->wgt, (uint32_t[]){ 1, c->cout, c->r, c->s },
			c->cin / c->groups, w->wgt, "wgt");
	else
		compare(core, c, &c->wgt, (uint32_t[]){ 1, 1, c->r, c->s }, c->cout, w->wgt, "wgt");
}

void fuzz_check_memory(struct fuzz *f, const struct octet_core *core,
		       const struct octet_cmd *c)
{
	uint64_t run = (uint64_t)c->cout * (c->dst.type == OCTET_TYPE_INT32 ? 4 : 1);

	if (f->faults)
		return;
	/* ASID 3 has the data read-only. */
	if (core->job.entry.asid == 3 && c->dst.space == OCTET_SPACE_VA && c->dst.addr >= FUZZ_VA)
		differ("permission", c, 0);
	if (c->op == OCTET_OP_GEMM)
		compare(core, c, &c->dst, (uint32_t[]){ c->n2, c->n, c->oh, 1 }, run, core->out.data,
			"dst");
	else
		compare(core, c, &c->dst, (uint32_t[]){ 1, c->n, c->oh, c->ow }, run, core->out.data,
			"dst");
}
