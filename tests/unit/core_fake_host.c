// SPDX-License-Identifier: MIT
/* See core_fake_host.h. Misuse by a test ends it with a message. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core_fake_host.h"

static void die(const char *what)
{
	fprintf(stderr, "fake host: %s\n", what);
	abort();
}

static int dma_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
	struct fake *f = opaque;

	f->dma++;
	if (len > FAKE_RAM || addr > FAKE_RAM - len)
		return -1;
	memcpy(buf, f->ram + addr, len);
	return 0;
}

static int dma_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
	struct fake *f = opaque;

	f->dma++;
	if (len > FAKE_RAM || addr > FAKE_RAM - len)
		return -1;
	memcpy(f->ram + addr, buf, len);
	return 0;
}

static void kick(void *opaque, unsigned int core)
{
	((struct fake *)opaque)->kicked[core] = true;
}

static void irq(void *opaque, unsigned int vector)
{
	if (vector >= FAKE_VECTORS)
		die("message of a vector that is not there");
	((struct fake *)opaque)->irqs[vector]++;
}

static uint64_t clock_ns(void *opaque)
{
	return ((struct fake *)opaque)->now;
}

static void guest_error(void *opaque, const char *text)
{
	struct fake *f = opaque;

	f->errors++;
	snprintf(f->error, sizeof(f->error), "%s", text);
}

/* Any order will do: the last part first. */
static void parallel(void *opaque, unsigned int count, void (*run)(void *arg, unsigned int i),
		     void *arg)
{
	(void)opaque;
	while (count--)
		run(arg, count);
}

struct fake *fake_new(const char *config)
{
	struct fake *f = calloc(1, sizeof(*f));
	struct octet_host host = {
		f, dma_read, dma_write, kick, irq, clock_ns, guest_error, NULL, 3, parallel
	};
	struct octet_config cfg;
	char err[200] = "";

	octet_config_default(&cfg);
	if (!f || octet_config_parse(&cfg, config, err, sizeof(err)))
		die(err);
	f->ram = calloc(1, FAKE_RAM);
	f->m = octet_machine_new(&cfg, &host, err, sizeof(err));
	if (!f->ram || !f->m)
		die(err);
	f->next = 4096;
	f->now = 1000;
	f->asid_table = fake_alloc(f, 4096, 4096);
	fake_write(f, OCTET_REG_ASID_TABLE_LO, (uint32_t)f->asid_table);
	fake_write(f, OCTET_REG_ASID_COUNT, 512);
	return f;
}

void fake_free(struct fake *f)
{
	octet_machine_free(f->m);
	free(f->ram);
	free(f);
}

uint64_t fake_alloc(struct fake *f, uint64_t size, uint64_t align)
{
	uint64_t addr = (f->next + align - 1) & ~(align - 1);

	if (addr + size > FAKE_RAM)
		die("out of memory");
	f->next = addr + size;
	return addr;
}

void *fake_at(struct fake *f, uint64_t addr)
{
	if (addr >= FAKE_RAM)
		die("address outside the memory");
	return f->ram + addr;
}

static uint64_t pte(uint64_t addr, uint64_t flags)
{
	return OCTET_FIELD_PREP(OCTET_PTE_PPN, addr >> OCTET_PAGE_SHIFT) | flags;
}

void fake_asid(struct fake *f, unsigned int asid)
{
	uint64_t *table = fake_at(f, f->asid_table);

	table[asid] = fake_alloc(f, 4096, 4096) | OCTET_ASID_VALID;
}

uint64_t *fake_pte(struct fake *f, unsigned int asid, uint64_t va, int level)
{
	uint64_t *asids = fake_at(f, f->asid_table);
	uint64_t table = asids[asid] & OCTET_ASID_ROOT;

	for (int l = OCTET_PT_LEVELS - 1; ; l--) {
		uint64_t *entry = (uint64_t *)fake_at(f, table) +
				  (va >> OCTET_PT_SHIFT(l) & (OCTET_PT_ENTRIES - 1));

		if (l == level)
			return entry;
		if (!*entry)
			*entry = pte(fake_alloc(f, 4096, 4096), FAKE_PTR);
		table = OCTET_FIELD_GET(OCTET_PTE_PPN, *entry) << OCTET_PAGE_SHIFT;
	}
}

void fake_map(struct fake *f, unsigned int asid, uint64_t va, uint64_t pa, uint64_t size,
	      uint64_t flags)
{
	for (uint64_t at = 0; at < size; at += OCTET_PAGE_SIZE)
		*fake_pte(f, asid, va + at, 0) = pte(pa + at, flags);
}

void *fake_buffer(struct fake *f, unsigned int asid, uint64_t va, uint64_t size)
{
	uint64_t pa = fake_alloc(f, size, 4096);

	fake_map(f, asid, va, pa, size, FAKE_RW);
	return fake_at(f, pa);
}

uint32_t fake_read(struct fake *f, uint32_t offset)
{
	return octet_machine_read(f->m, offset);
}

void fake_write(struct fake *f, uint32_t offset, uint32_t value)
{
	octet_machine_write(f->m, offset, value);
}

uint32_t fake_cread(struct fake *f, unsigned int core, uint32_t offset)
{
	return fake_read(f, OCTET_CORE(core) + offset);
}

void fake_cwrite(struct fake *f, unsigned int core, uint32_t offset, uint32_t value)
{
	fake_write(f, OCTET_CORE(core) + offset, value);
}

uint64_t fake_counter(struct fake *f, unsigned int core, unsigned int counter)
{
	return fake_cread(f, core, OCTET_CORE_COUNTER(counter)) |
	       (uint64_t)fake_cread(f, core, OCTET_CORE_COUNTER(counter) + 4) << 32;
}

uint32_t fake_state(struct fake *f, unsigned int core)
{
	return fake_cread(f, core, OCTET_CORE_STATUS) & OCTET_CORE_STATUS_STATE;
}

void fake_invalidate(struct fake *f, uint32_t command, unsigned int asid, uint64_t va,
		     uint32_t pages)
{
	fake_write(f, OCTET_REG_TLB_ASID, asid);
	fake_write(f, OCTET_REG_TLB_VA_LO, (uint32_t)va);
	fake_write(f, OCTET_REG_TLB_VA_HI, (uint32_t)(va >> 32));
	fake_write(f, OCTET_REG_TLB_PAGES, pages);
	fake_write(f, OCTET_REG_TLB_CMD, command);
}

void fake_enable(struct fake *f, unsigned int core)
{
	struct fake_core *c = &f->core[core];

	if (!c->ring) {
		c->ring = fake_alloc(f, 64u << FAKE_ORDER, 64);
		c->cq = fake_alloc(f, 64u << FAKE_ORDER, 64);
	}
	memset(fake_at(f, c->cq), 0, 64u << FAKE_ORDER);
	c->tail = 0;
	c->cq_head = 0;
	fake_cwrite(f, core, OCTET_CORE_RING_LO, (uint32_t)c->ring);
	fake_cwrite(f, core, OCTET_CORE_RING_ORDER, FAKE_ORDER);
	fake_cwrite(f, core, OCTET_CORE_CQ_LO, (uint32_t)c->cq);
	fake_cwrite(f, core, OCTET_CORE_CQ_ORDER, FAKE_ORDER);
	fake_cwrite(f, core, OCTET_CORE_IRQ_ENABLE, 7);
	fake_cwrite(f, core, OCTET_CORE_CTRL, OCTET_CORE_CTRL_ENABLE);
}

struct octet_ring_entry *fake_push(struct fake *f, unsigned int core, uint64_t seq)
{
	struct fake_core *c = &f->core[core];
	struct octet_ring_entry *e = fake_at(f, c->ring +
					     64 * (c->tail++ & (BIT(FAKE_ORDER) - 1)));

	memset(e, 0, sizeof(*e));
	e->opcode = OCTET_RING_NOP;
	e->seq = seq;
	return e;
}

void fake_doorbell(struct fake *f, unsigned int core)
{
	fake_cwrite(f, core, OCTET_CORE_RING_TAIL, f->core[core].tail);
}

void fake_run(struct fake *f)
{
	for (unsigned int c = 0; c < octet_machine_config(f->m)->cores; c++) {
		while (octet_core_step(f->m, c).kind == OCTET_STEP_COMPUTE)
			octet_core_compute(f->m, c);
		f->kicked[c] = false;
		if (f->m->core[c].phase == OCTET_PHASE_FETCH && f->m->core[c].charged)
			die("a core at rest has copies of operands");
	}
}

bool fake_pop(struct fake *f, unsigned int core, struct octet_completion *c)
{
	struct fake_core *k = &f->core[core];
	uint32_t phase = ~(k->cq_head >> FAKE_ORDER) & 1;

	memcpy(c, fake_at(f, k->cq + 64 * (k->cq_head & (BIT(FAKE_ORDER) - 1))), sizeof(*c));
	if ((c->flags & OCTET_CQ_PHASE) != phase)
		return false;
	fake_cwrite(f, core, OCTET_CORE_CQ_HEAD, ++k->cq_head);
	return true;
}

static struct octet_cmd blank(uint8_t op)
{
	return (struct octet_cmd) {
		.op = op, .stage = OCTET_STAGE_FIX_DBL, .policy = OCTET_POLICY_AUTO,
		.act_min = -128, .act_max = 127,
		.n = 1, .n2 = 1, .h = 1, .w = 1, .cin = 1, .oh = 1, .ow = 1, .cout = 1,
		.groups = 1, .r = 1, .s = 1, .sh = 1, .sw = 1, .dh = 1, .dw = 1,
		.src = { .addr = VA_SRC, .space = OCTET_SPACE_VA, .type = OCTET_TYPE_INT8 },
		.wgt = { .addr = VA_WGT, .space = OCTET_SPACE_VA, .type = OCTET_TYPE_INT8,
			 .flags = OCTET_OPERAND_CONST },
		.dst = { .addr = VA_DST, .space = OCTET_SPACE_VA, .type = OCTET_TYPE_INT8,
			 .mult = 0x40000000, .shift = 31 },
	};
}

static void strides(struct octet_operand *o, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	o->stride[0] = a;
	o->stride[1] = b;
	o->stride[2] = c;
	o->stride[3] = d;
}

/* int32 results, the raw sums. */
struct octet_cmd fake_gemm(uint32_t m, uint32_t k, uint32_t n)
{
	struct octet_cmd cmd = blank(OCTET_OP_GEMM);

	cmd.stage = OCTET_STAGE_RAW;
	cmd.act_min = INT32_MIN;
	cmd.act_max = INT32_MAX;
	cmd.h = m;
	cmd.oh = m;
	cmd.cin = k;
	cmd.cout = n;
	cmd.dst.type = OCTET_TYPE_INT32;
	cmd.dst.mult = 0;
	cmd.dst.shift = 0;
	strides(&cmd.src, 0, 0, k, 0);
	strides(&cmd.wgt, 0, 0, n, 0);
	strides(&cmd.dst, 0, 0, 4ull * n, 0);
	return cmd;
}

/* 2 images 4x4x4, 3x3 kernel, 8 channels in 2 groups, parameter and channel records. */
struct octet_cmd fake_conv(void)
{
	struct octet_cmd cmd = blank(OCTET_OP_CONV2D);

	cmd.n = 2;
	cmd.h = cmd.w = cmd.oh = cmd.ow = 4;
	cmd.cin = 4;
	cmd.cout = 8;
	cmd.groups = 2;
	cmd.r = cmd.s = 3;
	cmd.pt = cmd.pl = 1;
	strides(&cmd.src, 0, 64, 16, 4);
	strides(&cmd.wgt, 0, 18, 6, 2);
	strides(&cmd.dst, 0, 128, 32, 8);
	cmd.prm = (struct octet_operand) { .addr = VA_PRM, .space = OCTET_SPACE_VA };
	cmd.chn = (struct octet_operand) { .addr = VA_CHN, .space = OCTET_SPACE_VA };
	cmd.dst.mult = 0;
	cmd.dst.shift = 0;
	return cmd;
}

/* 4x4x4, 3x3, multiplier 2. */
struct octet_cmd fake_depthwise(void)
{
	struct octet_cmd cmd = blank(OCTET_OP_DEPTHWISE);

	cmd.h = cmd.w = cmd.oh = cmd.ow = 4;
	cmd.cin = 4;
	cmd.cout = 8;
	cmd.r = cmd.s = 3;
	cmd.pt = cmd.pl = 1;
	strides(&cmd.src, 0, 64, 16, 4);
	strides(&cmd.wgt, 0, 0, 24, 8);
	strides(&cmd.dst, 0, 128, 32, 8);
	return cmd;
}

struct octet_cmd fake_tconv(void)
{
	struct octet_cmd cmd = fake_conv();

	cmd.op = OCTET_OP_TCONV2D;
	return cmd;
}

/* 4x4x4 in and out, without weights, scales and zero points. */
static struct octet_cmd image(uint8_t op, uint8_t sub)
{
	struct octet_cmd cmd = blank(op);

	cmd.sub = sub;
	cmd.stage = OCTET_STAGE_RAW;
	cmd.h = cmd.w = cmd.oh = cmd.ow = cmd.cin = cmd.cout = 4;
	memset(&cmd.wgt, 0, sizeof(cmd.wgt));
	cmd.dst.mult = 0;
	cmd.dst.shift = 0;
	strides(&cmd.src, 0, 64, 16, 4);
	strides(&cmd.dst, 0, 64, 16, 4);
	return cmd;
}

static void scale(struct octet_operand *o, uint32_t mult, uint32_t shift)
{
	o->mult = mult;
	o->shift = shift;
}

struct octet_cmd fake_ew(uint8_t sub)
{
	struct octet_cmd cmd = image(OCTET_OP_EW, sub);

	cmd.src2 = cmd.src;
	cmd.src2.addr = VA_SRC2;
	if (sub == OCTET_EW_MIN || sub == OCTET_EW_MAX)
		return cmd;
	cmd.stage = OCTET_STAGE_FIX_DBL;
	scale(&cmd.dst, 0x40000000, 31);
	if (sub == OCTET_EW_MUL)
		return cmd;
	cmd.left_shift = 4;
	scale(&cmd.src, 0x40000000, 30);
	scale(&cmd.src2, 0x40000000, 30);
	return cmd;
}

struct octet_cmd fake_lut(void)
{
	struct octet_cmd cmd = image(OCTET_OP_LUT, 0);

	cmd.table = VA_TABLE;
	return cmd;
}

/* 2x2, padding above and to the left. */
struct octet_cmd fake_pool(uint8_t sub)
{
	struct octet_cmd cmd = image(OCTET_OP_POOL, sub);

	cmd.r = cmd.s = 2;
	cmd.pt = cmd.pl = 1;
	if (sub == OCTET_POOL_SUM) {
		cmd.stage = OCTET_STAGE_FIX_DBL;
		scale(&cmd.dst, 0x40000000, 31);
	}
	return cmd;
}

struct octet_cmd fake_copy(void)
{
	struct octet_cmd cmd = image(OCTET_OP_COPY, OCTET_COPY_COPY);

	cmd.act_min = cmd.act_max = 0;
	strides(&cmd.src, 64, 16, 4, 1);
	strides(&cmd.dst, 64, 16, 4, 1);
	return cmd;
}

struct octet_cmd fake_fill(void)
{
	struct octet_cmd cmd = fake_copy();

	cmd.sub = OCTET_COPY_FILL;
	memset(&cmd.src, 0, sizeof(cmd.src));
	cmd.pad_value = 7;
	return cmd;
}

struct octet_cmd fake_softmax(void)
{
	struct octet_cmd cmd = image(OCTET_OP_SOFTMAX, OCTET_SOFTMAX_RECIPROCAL);

	cmd.table = VA_TABLE;
	cmd.dst.zero_point = -128;
	return cmd;
}

struct octet_cmd fake_reduce(uint8_t sub)
{
	struct octet_cmd cmd = image(OCTET_OP_REDUCE, sub);

	cmd.cout = 1;
	strides(&cmd.dst, 0, 16, 4, 1);
	if (sub == OCTET_REDUCE_ARGMAX || sub == OCTET_REDUCE_ARGMIN) {
		cmd.dst.type = OCTET_TYPE_INT32;
		strides(&cmd.dst, 0, 64, 16, 4);
	}
	return cmd;
}

struct octet_cmd fake_resize(void)
{
	struct octet_cmd cmd = image(OCTET_OP_RESIZE, 0);

	cmd.table = VA_TABLE;
	cmd.oh = cmd.ow = 8;
	strides(&cmd.dst, 0, 256, 32, 4);
	return cmd;
}

struct octet_cmd fake_conv16(void)
{
	struct octet_cmd cmd = fake_conv();

	cmd.stage = OCTET_STAGE_FIX_UP;
	cmd.src.type = cmd.dst.type = OCTET_TYPE_INT16;
	strides(&cmd.src, 0, 128, 32, 8);
	strides(&cmd.dst, 0, 256, 64, 16);
	memset(&cmd.chn, 0, sizeof(cmd.chn));
	return cmd;
}

struct octet_cmd fake_residual(void)
{
	struct octet_cmd cmd = fake_depthwise();

	cmd.tail = OCTET_TAIL_ADD;
	cmd.left_shift = 4;
	cmd.src2 = cmd.dst;
	cmd.src2.addr = VA_SRC2;
	scale(&cmd.src2, 0x40000000, 30);
	cmd.mid_mult = 0x40000000;
	cmd.mid_shift = 30;
	cmd.mid_min = -128;
	cmd.mid_max = 127;
	cmd.sum_stage = OCTET_STAGE_FIX_DBL;
	cmd.sum_mult = 0x40000000;
	cmd.sum_shift = 34;
	return cmd;
}

void fake_link_operand(struct octet_operand *o, uint8_t link)
{
	o->space = OCTET_SPACE_LINK;
	o->link = link;
	o->addr = 0;
	o->flags = 0;
	memset(o->stride, 0, sizeof(o->stride));
}

void fake_link(struct octet_cmd *cmd, int from, bool last)
{
	if (from >= 0)
		fake_link_operand(&cmd->src, (uint8_t)from);
	if (last)
		return;
	fake_link_operand(&cmd->dst, 0);
	cmd->flags |= OCTET_CMD_CHAIN;
}

struct fake *fake_ready(const char *config)
{
	static const uint64_t vas[] = {
		VA_CMD, VA_SRC, VA_WGT, VA_PRM, VA_CHN, VA_DST, VA_REPORT, VA_SRC2, VA_TABLE,
	};
	struct fake *f = fake_new(config);
	struct octet_param *prm;
	struct octet_channel *chn;

	fake_asid(f, 1);
	for (size_t i = 0; i < sizeof(vas) / sizeof(vas[0]); i++)
		fake_buffer(f, 1, vas[i], VA_SIZE);
	prm = fake_va(f, VA_PRM);
	chn = fake_va(f, VA_CHN);
	for (int i = 0; i < 16; i++) {
		prm[i] = (struct octet_param) { .bias = i, .mult = 0x40000000 };
		chn[i] = (struct octet_channel) { .shift = 31 };
	}
	fake_enable(f, 0);
	return f;
}

void *fake_va(struct fake *f, uint64_t va)
{
	uint64_t entry = *fake_pte(f, 1, va, 0);

	return fake_at(f, (OCTET_FIELD_GET(OCTET_PTE_PPN, entry) << OCTET_PAGE_SHIFT) +
			  (va & (OCTET_PAGE_SIZE - 1)));
}

struct octet_ring_entry *fake_queue(struct fake *f, unsigned int core,
				    const struct octet_cmd *cmds, uint32_t count)
{
	struct octet_ring_entry *e = fake_push(f, core, f->core[core].tail + 100);

	/* The buffer of the commands is contiguous in memory. */
	if (count * sizeof(*cmds) > VA_SIZE)
		die("too many commands");
	memcpy(fake_va(f, VA_CMD), cmds, count * sizeof(*cmds));
	e->opcode = OCTET_RING_RUN;
	e->asid = 1;
	e->cmd_va = VA_CMD;
	e->cmd_count = count;
	e->lb = 256 << 10;
	return e;
}

struct octet_completion fake_job(struct fake *f, const struct octet_cmd *cmds, uint32_t count)
{
	struct octet_completion c;

	fake_queue(f, 0, cmds, count);
	fake_doorbell(f, 0);
	fake_run(f);
	if (!fake_pop(f, 0, &c))
		die("the job did not complete");
	if (c.status)
		fake_cwrite(f, 0, OCTET_CORE_CTRL, OCTET_CORE_CTRL_ENABLE | OCTET_CORE_CTRL_RESUME);
	return c;
}
