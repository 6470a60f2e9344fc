// SPDX-License-Identifier: MIT
/*
 * What the machine did against fuzz_arith.c and the manual: every result, every
 * private copy, every byte of memory by its strides; links by what they name.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

static void differ(const char *what, const struct octet_cmd *c, uint64_t index)
{
	fprintf(stderr, "%s differs at %llu: op %u sub %u stage %u tail %u types %u %u %u %u n %u,%u "
		"h %u w %u cin %u oh %u ow %u cout %u groups %u r %u s %u\n", what,
		(unsigned long long)index, c->op, c->sub, c->stage, c->tail, c->src.type,
		c->src2.type, c->wgt.type, c->dst.type, c->n2, c->n, c->h, c->w, c->cin, c->oh,
		c->ow, c->cout, c->groups, c->r, c->s);
	abort();
}

static uint64_t times(uint64_t a, uint64_t b)
{
	return __builtin_mul_overflow(a, b, &a) ? UINT64_MAX : a;
}

/* Loops that the model takes, about; the machine takes fewer. */
uint64_t fuzz_work(const struct octet_cmd *c)
{
	uint64_t in = times(times((uint64_t)c->n * c->n2, (uint64_t)c->h * c->w), c->cin);
	uint64_t out = times(times((uint64_t)c->n * c->n2, (uint64_t)c->oh * c->ow), c->cout);
	uint64_t each = (uint64_t)c->r * c->s;

	if (c->op == OCTET_OP_SOFTMAX || c->op == OCTET_OP_REDUCE)
		each = c->cin;
	else if (c->op != OCTET_OP_DEPTHWISE && c->op != OCTET_OP_POOL && c->groups)
		each = times(each, c->op == OCTET_OP_CONV2D || c->op == OCTET_OP_TCONV2D ||
			     c->op == OCTET_OP_GEMM ? c->cin / c->groups : 1);
	out = times(out, each);
	return in > out ? in : out;
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

			if (fuzz_result(w, p, o) != fuzz_element(c->dst.type, w->dst, at))
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

/* A byte where an operand says, or NULL. */
static const uint8_t *byte_at(const struct octet_core *core, const struct octet_cmd *c,
			      uint8_t space, uint64_t addr)
{
	if (space != OCTET_SPACE_SRAM)
		return at_va(addr);
	if (addr >= core->job.entry.sw)
		differ("SRAM bound", c, addr);
	return core->sram + addr;
}

/* An operand as loops: four strides, then runs of bytes beside each other. */
struct loops {
	uint32_t ext[4];
	uint64_t stride[4];
	uint64_t run;
};

static struct loops matrix(const struct octet_cmd *c, const struct octet_operand *o,
			   uint32_t rows, uint32_t columns)
{
	bool t = o != &c->dst && (o->flags & OCTET_OPERAND_TRANSPOSED);

	return (struct loops) {
		{ c->n2, c->n, t ? columns : rows, 1 },
		{ o->stride[0], o->stride[1], o->stride[2], 0 }, t ? rows : columns
	};
}

static struct loops image(const struct octet_cmd *c, const struct octet_operand *o, uint32_t h,
			  uint32_t w, uint32_t channels)
{
	if (c->op == OCTET_OP_COPY)
		return (struct loops) {
			{ c->n, h, w, channels },
			{ o->stride[0], o->stride[1], o->stride[2], o->stride[3] }, 1
		};
	if (o->flags & OCTET_OPERAND_REPEAT)
		return (struct loops) {
			{ c->n, h, w, channels },
			{ o->stride[1], o->stride[2], o->stride[3], 0 }, 1
		};
	return (struct loops) {
		{ 1, c->n, h, w }, { 0, o->stride[1], o->stride[2], o->stride[3] }, channels
	};
}

static struct loops weights(const struct octet_cmd *c)
{
	const struct octet_operand *o = &c->wgt;

	if (c->op == OCTET_OP_GEMM)
		return matrix(c, o, c->cin, c->cout);
	if (c->op == OCTET_OP_DEPTHWISE)
		return (struct loops) {
			{ 1, 1, c->r, c->s }, { 0, 0, o->stride[2], o->stride[3] }, c->cout
		};
	return (struct loops) {
		{ 1, c->cout, c->r, c->s }, { 0, o->stride[1], o->stride[2], o->stride[3] },
		c->cin / c->groups
	};
}

static struct loops result(const struct octet_cmd *c, const struct octet_operand *o)
{
	return c->op == OCTET_OP_GEMM ? matrix(c, o, c->oh, c->cout) :
					image(c, o, c->oh, c->ow, c->cout);
}

/* Every byte of operand @o where its strides say, against the dense copy. */
static void compare(const struct octet_core *core, const struct octet_cmd *c,
		    const struct octet_operand *o, struct loops l, const uint8_t *dense,
		    const char *what)
{
	uint64_t index = 0, run = l.run * octet_type_size(o->type);

	for (int k = 0; k < 4; k++)
		if (l.ext[k] == 1)
			l.stride[k] = 0;
	for (uint32_t a = 0; a < l.ext[0]; a++)
	for (uint32_t b = 0; b < l.ext[1]; b++)
	for (uint32_t d = 0; d < l.ext[2]; d++)
	for (uint32_t e = 0; e < l.ext[3]; e++)
	for (uint64_t i = 0; i < run; i++, index++) {
		const uint8_t *p = byte_at(core, c, o->space, o->addr + i + a * l.stride[0] +
					   b * l.stride[1] + d * l.stride[2] + e * l.stride[3]);

		if (!p || *p != dense[index])
			differ(what, c, index);
	}
}

static uint64_t elements(struct loops l)
{
	return (uint64_t)l.ext[0] * l.ext[1] * l.ext[2] * l.ext[3] * l.run;
}

static void compare_nibbles(const struct octet_core *core, const struct octet_cmd *c,
			    uint64_t count, const uint8_t *dense)
{
	for (uint64_t i = 0; i < count; i++) {
		const uint8_t *p = byte_at(core, c, c->wgt.space, c->wgt.addr + i / 2);
		int v = p ? *p >> 4 * (i & 1) & 15 : 0;

		if (!p || (int8_t)dense[i] != (v > 7 ? v - 16 : v))
			differ("nibble", c, i);
	}
}

static uint64_t hash(const uint8_t *p, uint64_t n)
{
	uint64_t h = n;

	for (uint64_t i = 0; i < n; i++)
		h = (h ^ p[i]) * UINT64_C(1099511628211);
	return h;
}

/* A copy from memory, or the tensor of the chain that the operand names. */
static void input(struct fuzz *f, const struct octet_core *core, const struct octet_operand *o,
		  struct loops l, const uint8_t *dense, const char *what)
{
	const struct octet_cmd *c = &core->work.cmd;
	unsigned int position = core->job.next - core->job.chain;
	uint64_t *links = f->link[core->index];

	if (o->space == OCTET_SPACE_LINK) {
		unsigned int k = o->link == OCTET_OPERAND_LINK_NEWEST ? position : o->link;

		if (links[k] && hash(dense, elements(l) * octet_type_size(o->type)) != links[k])
			differ("link", c, k);
		fuzz_seen.links += links[k] != 0;
	} else if (o->space != OCTET_SPACE_NONE && !f->faults) {
		compare(core, c, o, l, dense, what);
	}
}

static void table(struct fuzz *f, const struct octet_core *core)
{
	static const uint64_t size[] = { 0, 256, 1024, 0 };
	const struct octet_cmd *c = &core->work.cmd;
	enum octet_table kind = octet_cmd_table(c, octet_op_info(c));
	uint64_t n = size[kind];

	if (kind == OCTET_TABLE_TAPS)
		n = 16 * ((uint64_t)c->oh + c->ow);
	if (kind == OCTET_TABLE_LUT && c->src.type == OCTET_TYPE_INT16)
		n = 1026;
	for (uint64_t i = 0; i < n && !f->faults; i++) {
		const uint8_t *p = at_va(c->table + i);

		if (!p || *p != ((const uint8_t *)core->work.table)[i])
			differ("table", c, i);
	}
}

void fuzz_check_inputs(struct fuzz *f, const struct octet_core *core)
{
	const struct octet_work *w = &core->work;
	const struct octet_cmd *c = &w->cmd;
	struct loops src = c->op == OCTET_OP_GEMM ? matrix(c, &c->src, c->h, c->cin) :
						    image(c, &c->src, c->h, c->w, c->cin);

	input(f, core, &c->src, src, w->src, "src");
	/* The first of a chain: what link 0 is, whatever becomes of memory. */
	if (core->job.next == core->job.chain && c->src.space)
		f->link[core->index][0] = hash(w->src, elements(src) * octet_type_size(c->src.type));
	input(f, core, &c->src2, result(c, &c->src2), w->src2, "src2");
	table(f, core);
	if (f->faults || c->wgt.space == OCTET_SPACE_NONE)
		return;
	if (c->wgt.type == OCTET_TYPE_INT4)
		compare_nibbles(core, c, elements(weights(c)), w->wgt);
	else
		compare(core, c, &c->wgt, weights(c), w->wgt, "wgt");
}

/* The result of a command, before the machine stores it. */
void fuzz_note_link(struct fuzz *f, const struct octet_core *core, bool known)
{
	const struct octet_cmd *c = &core->work.cmd;
	uint64_t n = elements(result(c, &c->dst)) * octet_type_size(c->dst.type);

	if (c->flags & OCTET_CMD_CHAIN)
		f->link[core->index][core->job.next - core->job.chain + 1] =
			known ? hash(core->work.dst, n) : 0;
}

void fuzz_check_memory(struct fuzz *f, const struct octet_core *core,
		       const struct octet_cmd *c)
{
	if (f->faults || c->dst.space == OCTET_SPACE_LINK)
		return;
	/* ASID 3 has the data read-only. */
	if (core->job.entry.asid == 3 && c->dst.space == OCTET_SPACE_VA && c->dst.addr >= FUZZ_VA)
		differ("permission", c, 0);
	compare(core, c, &c->dst, result(c, &c->dst), core->out.data, "dst");
}
