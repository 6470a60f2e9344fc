// SPDX-License-Identifier: MIT
/* What a guest has in memory. Valid at first, then changed as the input says. */
#include <string.h>

#include "fuzz.h"

#define PTR	OCTET_PTE_V
#define RW	(OCTET_PTE_V | OCTET_PTE_R | OCTET_PTE_W)

/* A number as software might write it: small, a power of two, or anything. */
uint32_t fuzz_value(struct fuzz *f)
{
	uint8_t kind = fuzz_byte(f);

	switch (kind >> 6) {
	case 0:
		return kind & 63;
	case 1:
		return (1u << (kind & 31)) - (kind >> 5 & 1);
	case 2:
		return -(uint32_t)(kind & 63);
	default:
		return fuzz_word(f);
	}
}

static void put64(uint64_t addr, uint64_t v)
{
	fuzz_store(addr, &v, sizeof(v));
}

static uint64_t entry(uint64_t addr, uint64_t flags)
{
	return OCTET_FIELD_PREP(OCTET_PTE_PPN, addr >> OCTET_PAGE_SHIFT) | flags;
}

/* ASID 1: pages of 4 KiB; 2: one of 2 MiB; 3: the data read-only. */
static void address_space(unsigned int asid)
{
	uint64_t root = FUZZ_TABLES + asid * 0x4000, middle = root + 0x1000;
	uint64_t low = root + 0x2000, data = root + 0x3000;
	uint64_t flags = asid == 3 ? RW & ~OCTET_PTE_W : RW;

	put64(FUZZ_ASIDS + 8 * asid, root | OCTET_ASID_VALID);
	put64(root + 8 * (FUZZ_VA >> OCTET_PT_SHIFT(2) & 511), entry(middle, PTR));
	put64(middle + 8 * (FUZZ_VA_CMDS >> OCTET_PT_SHIFT(1) & 511), entry(low, PTR));
	put64(middle + 8 * (FUZZ_VA >> OCTET_PT_SHIFT(1) & 511),
	      asid == 2 ? entry(FUZZ_DATA, RW) : entry(data, PTR));
	for (unsigned int i = 0; i < 64; i++)
		put64(low + 8 * (512 - 64 + i), entry(FUZZ_CMDS + 4096 * i, RW));
	for (unsigned int i = 0; i < 512 && asid != 2; i++)
		put64(data + 8 * i, entry(FUZZ_DATA + 4096 * i, flags));
}

static void core_up(struct fuzz *f, unsigned int c)
{
	uint32_t ring = (uint32_t)FUZZ_RINGS + c * 0x4000, page = OCTET_CORE(c);
	static const uint8_t zero[64 << FUZZ_ORDER];

	fuzz_store(ring + 0x2000, zero, sizeof(zero));
	octet_machine_write(f->m, page + OCTET_CORE_RING_LO, ring);
	octet_machine_write(f->m, page + OCTET_CORE_RING_ORDER, FUZZ_ORDER);
	octet_machine_write(f->m, page + OCTET_CORE_CQ_LO, ring + 0x2000);
	octet_machine_write(f->m, page + OCTET_CORE_CQ_ORDER, FUZZ_ORDER);
	octet_machine_write(f->m, page + OCTET_CORE_IRQ_ENABLE, 7);
	octet_machine_write(f->m, page + OCTET_CORE_CTRL, OCTET_CORE_CTRL_ENABLE);
}

void fuzz_setup(struct fuzz *f)
{
	uint32_t noise[1024], x = 1;

	for (size_t i = 0; i < 1024; i++)
		noise[i] = x = x * 1664525 + 1013904223;
	for (unsigned int i = 0; i < 4; i++)
		fuzz_store(FUZZ_DATA + 4096 * i, noise, sizeof(noise));
	for (unsigned int asid = 1; asid <= 3; asid++)
		address_space(asid);
	octet_machine_write(f->m, OCTET_REG_ASID_TABLE_LO, (uint32_t)FUZZ_ASIDS);
	octet_machine_write(f->m, OCTET_REG_ASID_COUNT, 16);
	for (unsigned int c = 0; c < octet_machine_config(f->m)->cores; c++)
		core_up(f, c);
}

void fuzz_edit_tables(struct fuzz *f)
{
	uint64_t addr = FUZZ_TABLES + (1 + fuzz_byte(f) % 3) * 0x4000;
	uint8_t how = fuzz_byte(f), bit = fuzz_byte(f) % 64;
	uint64_t v = 0;

	f->faults = true;
	addr += 0x1000 * (how & 3) + 8 * (fuzz_byte(f) + (how & 4 ? 256 : 0));
	memcpy(&v, fuzz_load(addr, 8), 8);
	if (how & 8)
		v ^= UINT64_C(1) << bit;
	else if (how & 16)
		v = 0;
	else
		v = entry((uint64_t)fuzz_value(f) << 12, RW);
	put64(addr, v);
}

void fuzz_scribble(struct fuzz *f)
{
	uint64_t addr = (uint64_t)(fuzz_word(f) % FUZZ_RAM);
	uint32_t v = fuzz_word(f);

	f->faults = true;
	fuzz_store(addr, &v, sizeof(v));
}

static uint32_t few(struct fuzz *f, uint32_t most)
{
	return 1 + fuzz_byte(f) % most;
}

/* Dense strides from the innermost of @ext on, with gaps or broadcasts now and then. */
static void layout(struct fuzz *f, struct octet_operand *o, const uint32_t ext[4], uint64_t run)
{
	uint8_t gap = fuzz_byte(f);
	uint64_t stride = run;

	for (int i = 3; i >= 0; i--) {
		if (!ext[i])
			continue;
		if ((gap >> i & 1) && gap < 64)
			stride += 4 * (gap & 15);
		o->stride[i] = stride;
		if ((gap >> i & 1) && gap >= 64 && gap < 96)
			o->stride[i] = 0;
		stride *= ext[i];
	}
}

static void operand(struct fuzz *f, struct octet_operand *o, uint32_t at)
{
	uint8_t how = fuzz_byte(f);

	o->type = how & 1 ? OCTET_TYPE_UINT8 : OCTET_TYPE_INT8;
	o->space = (how & 0xe) == 2 ? OCTET_SPACE_SRAM : OCTET_SPACE_VA;
	o->addr = o->space == OCTET_SPACE_SRAM ? at / 16 : FUZZ_VA + at;
	o->addr += how & 0x10 ? 4076 : 0;
	o->flags = how & 0x20 ? OCTET_OPERAND_CONST : 0;
	o->zero_point = how & 1 ? how : (int8_t)how;
}

static void shape_conv(struct fuzz *f, struct octet_cmd *c)
{
	uint8_t how = fuzz_byte(f);

	c->n = how & 8 ? 2 : 1;
	c->groups = 1 + (how & 1);
	c->cin = c->groups * few(f, 20);
	c->cout = c->groups * few(f, 40);
	if (c->op == OCTET_OP_DEPTHWISE) {
		c->groups = 1;
		c->cout = c->cin * (1 + (how & 1));
	}
	c->h = few(f, 9);
	c->w = few(f, 9);
	c->r = (__u16)few(f, 4);
	c->s = (__u16)few(f, 4);
	c->sh = how & 2 ? 2 : 1;
	c->sw = how & 4 ? 2 : 1;
	c->dh = how & 16 ? 2 : 1;
	c->dw = how & 32 ? 2 : 1;
	c->pt = how >> 6 & 1;
	c->pl = how >> 7 & 1;
	c->oh = few(f, 7);
	c->ow = few(f, 7);
	c->pad_value = c->src.zero_point;
	layout(f, &c->src, (uint32_t[]){ 0, c->n, c->h, c->w }, c->cin);
	if (c->op == OCTET_OP_CONV2D)
		layout(f, &c->wgt, (uint32_t[]){ 0, c->cout, c->r, c->s }, c->cin / c->groups);
	else
		layout(f, &c->wgt, (uint32_t[]){ 0, 0, c->r, c->s }, c->cout);
	layout(f, &c->dst, (uint32_t[]){ 0, c->n, c->oh, c->ow },
	       c->cout * (c->dst.type == OCTET_TYPE_INT32 ? 4 : 1));
}

static void shape_gemm(struct fuzz *f, struct octet_cmd *c)
{
	uint8_t how = fuzz_byte(f);
	uint32_t m = few(f, 40), k = few(f, 255), n = few(f, 40);

	c->n = 1 + (how & 1);
	c->n2 = 1 + (how >> 1 & 1);
	c->h = c->oh = m;
	c->cin = k;
	c->cout = n;
	c->src.flags |= how & 4 ? OCTET_OPERAND_TRANSPOSED : 0;
	c->wgt.flags |= how & 8 ? OCTET_OPERAND_TRANSPOSED : 0;
	layout(f, &c->src, (uint32_t[]){ c->n2, c->n, how & 4 ? k : m, 0 }, how & 4 ? m : k);
	layout(f, &c->wgt, (uint32_t[]){ c->n2, c->n, how & 8 ? n : k, 0 }, how & 8 ? k : n);
	layout(f, &c->dst, (uint32_t[]){ c->n2, c->n, m, 0 },
	       n * (c->dst.type == OCTET_TYPE_INT32 ? 4 : 1));
}

static uint32_t multiplier(struct fuzz *f, uint8_t stage)
{
	uint32_t v = fuzz_word(f);

	if (stage == OCTET_STAGE_RAW)
		return 0;
	if (stage == OCTET_STAGE_FP32_RNE)
		return OCTET_FP32_SCALE_MIN +
		       v % (OCTET_FP32_SCALE_END - OCTET_FP32_SCALE_MIN);
	return v & OCTET_MULT_MAX;
}

static uint32_t shift(struct fuzz *f, uint8_t stage)
{
	uint8_t v = fuzz_byte(f);

	if (stage == OCTET_STAGE_RAW || stage == OCTET_STAGE_FP32_RNE)
		return 0;
	return OCTET_SHIFT_MIN + v % OCTET_SHIFT_MAX;
}

static void records(struct fuzz *f, struct octet_cmd *c, uint32_t at)
{
	uint8_t how = fuzz_byte(f);

	if (how & 1)
		c->prm = (struct octet_operand){ .addr = FUZZ_VA + at, .space = OCTET_SPACE_VA };
	if (how & 2)
		c->chn = (struct octet_operand){ .addr = FUZZ_VA + at + 0x1000,
						 .space = OCTET_SPACE_VA };
	if (how & 4)
		c->flags |= OCTET_CMD_PER_TENSOR;
	for (uint32_t i = 0; i < c->cout && (how & 3); i++) {
		struct octet_param p = { (int32_t)fuzz_word(f), multiplier(f, c->stage) };
		struct octet_channel n = { (uint8_t)shift(f, c->stage), 0, 0 };

		n.zero_point = (__s16)(fuzz_byte(f) & 0x7f);
		fuzz_store(FUZZ_DATA + at + 8 * i, &p, sizeof(p));
		fuzz_store(FUZZ_DATA + at + 0x1000 + 4 * i, &n, sizeof(n));
	}
}

static void mutate(struct fuzz *f, void *record, size_t size)
{
	uint8_t times = fuzz_byte(f);

	if (times < 0xc0)
		return;
	for (times &= 3; times != 0xff; times--) {
		size_t at = (fuzz_byte(f) | (size_t)fuzz_byte(f) << 8) % (size / 4) * 4;
		uint32_t v = fuzz_value(f);

		memcpy((uint8_t *)record + at, &v, sizeof(v));
	}
}

static struct octet_cmd command(struct fuzz *f)
{
	struct octet_cmd c = { .n = 1, .n2 = 1, .h = 1, .w = 1, .cin = 1, .oh = 1, .ow = 1,
			       .cout = 1, .groups = 1, .r = 1, .s = 1, .sh = 1, .sw = 1, .dh = 1,
			       .dw = 1, .act_max = 127 };
	uint8_t how = fuzz_byte(f);

	c.op = (__u8)(OCTET_OP_CONV2D + how % 3);
	c.stage = (how >> 2) % 6;
	operand(f, &c.src, 0);
	operand(f, &c.wgt, 0x2000);
	operand(f, &c.dst, 0x8000 + 0x100 * fuzz_byte(f));
	c.dst.flags = 0;
	c.act_min = c.dst.type == OCTET_TYPE_UINT8 ? 0 : -100;
	if (c.stage == OCTET_STAGE_RAW) {
		c.dst.type = OCTET_TYPE_INT32;
		c.dst.zero_point = 0;
		c.act_min = INT32_MIN;
		c.act_max = INT32_MAX;
	}
	if (c.op == OCTET_OP_GEMM)
		shape_gemm(f, &c);
	else
		shape_conv(f, &c);
	c.dst.mult = multiplier(f, c.stage);
	c.dst.shift = shift(f, c.stage);
	records(f, &c, 0x100000);
	c.policy = fuzz_byte(f) % 8 == 0 ? OCTET_POLICY_STRIPE : OCTET_POLICY_AUTO;
	c.rows = c.policy ? few(f, c.oh) : 0;
	mutate(f, &c, sizeof(c));
	return c;
}

void fuzz_push_job(struct fuzz *f, unsigned int core)
{
	uint32_t page = OCTET_CORE(core);
	uint32_t tail = octet_machine_read(f->m, page + OCTET_CORE_RING_TAIL);
	uint64_t at = FUZZ_RINGS + core * 0x4000 + 64 * (tail & ((1u << FUZZ_ORDER) - 1));
	uint8_t how = fuzz_byte(f);
	struct octet_ring_entry e = {
		.opcode = (how & 0x3f) == 0x3f ? OCTET_RING_NOP : OCTET_RING_RUN,
		.flags = how >> 7, .seq = ++f->seq, .asid = 1 + (how & 0x30 ? 0 : (how & 15) % 3),
		.cmd_count = 1 + (how >> 2 & 1) + (how >> 3 & 1),
		.sw = 0x4000, .lb = 0x8000,
	};

	e.cmd_va = FUZZ_VA_CMDS + 0x8000 * core + 0x800 * (tail & 7);
	e.report_va = how & 1 ? FUZZ_VA + 0x180000 + 8 * fuzz_byte(f) : 0;
	for (uint32_t i = 0; i < e.cmd_count; i++) {
		struct octet_cmd c = command(f);

		fuzz_store(e.cmd_va - FUZZ_VA_CMDS + FUZZ_CMDS + i * sizeof(c), &c, sizeof(c));
	}
	mutate(f, &e, sizeof(e));
	fuzz_store(at, &e, sizeof(e));
	octet_machine_write(f->m, page + OCTET_CORE_RING_TAIL, tail + 1);
}
