// SPDX-License-Identifier: MIT
/* Random jobs: which commands, where their operands live. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "randop_priv.h"

#define pick randop_pick
#define BLOCK_SHIFT 40
#define SRAM_MOST 65536u /* bytes of a result that goes to SRAM */
#define ALIASES 12	 /* percent of operands that share a block */

struct octet_operand *randop_operand(struct octet_cmd *cmd, unsigned int index)
{
	return &cmd->src + index;
}

int randop_block(uint64_t addr)
{
	return (int)(addr >> BLOCK_SHIFT) - 1;
}

uint64_t randop_address(int block, uint64_t offset)
{
	return ((uint64_t)(block + 1) << BLOCK_SHIFT) + offset;
}

static bool block_fill(struct randop_block *b, struct tool_random *r)
{
	b->data = malloc(b->bytes ? b->bytes : 1);
	if (b->data)
		tool_fill(r, b->data, b->bytes);
	return b->data;
}

int randop_block_new(struct randop_maker *m, size_t bytes, bool plain)
{
	struct randop_block *b = &m->op->block[m->op->blocks];

	if (m->op->blocks == RANDOP_BLOCKS)
		return -1;
	*b = (struct randop_block){ .bytes = bytes, .plain = plain };
	/* Plain ones may yet grow. */
	if (!plain && !block_fill(b, m->r))
		return -1;
	return (int)m->op->blocks++;
}

/* A plain block for @bytes: mostly a new one. */
static int block_shared(struct randop_maker *m, size_t bytes)
{
	uint32_t i = m->op->blocks ? tool_below(m->r, m->op->blocks) : 0;
	struct randop_block *b = &m->op->block[i];

	if (!m->op->blocks || !b->plain || !chance(m->r, ALIASES))
		return randop_block_new(m, bytes, true);
	if (b->bytes < bytes)
		b->bytes = bytes;
	return (int)i;
}

/* Memory for an operand of the command; false if there is none left. */
static bool in_memory(struct randop_maker *m, unsigned int operand)
{
	struct octet_operand *o = randop_operand(m->c, operand);
	size_t bytes;
	int block;

	o->space = OCTET_SPACE_VA;
	bytes = randop_strides(m, operand, false);
	if (operand == OCTET_OPERAND_WGT && o->flags & OCTET_OPERAND_CONST)
		block = randop_block_new(m, bytes, false);
	else
		block = block_shared(m, bytes);
	o->addr = randop_address(block, o->addr);
	return block >= 0;
}

static bool in_records(struct randop_maker *m, struct octet_operand *o, size_t bytes)
{
	int block = randop_block_new(m, bytes, false);

	o->space = OCTET_SPACE_VA;
	o->addr = randop_address(block, 0);
	return block >= 0;
}

/* The newest result of the chain, if the command reads another tensor of its size. */
static const struct randop_tensor *sibling(const struct randop_maker *m)
{
	const struct randop_tensor *newest;

	if (!m->in || m->link_count < 2)
		return NULL;
	newest = &m->links[m->link_count - 1];
	if (m->in == newest || m->in->n != newest->n || m->in->h != newest->h ||
	    m->in->w * m->in->c != newest->w * newest->c)
		return NULL;
	return m->in->type == newest->type || (randop_is8(m->in->type) && randop_is8(newest->type)) ?
	       newest : NULL;
}

/* The operation and its variant, for inputs of a type (0: any). */
static void choose(struct randop_maker *m, bool first)
{
	struct octet_cmd *c = m->c;
	uint32_t type = m->in ? m->in->type : 0;
	static const uint8_t subs[] = {
		[OCTET_OP_EW] = 6, [OCTET_OP_POOL] = 3, [OCTET_OP_COPY] = 2,
		[OCTET_OP_SOFTMAX] = 2, [OCTET_OP_REDUCE] = 4, [OCTET_OP_TCONV2D] = 1,
	};

	if (type == OCTET_TYPE_INT32) {
		c->op = OCTET_OP_COPY;
		c->src.type = OCTET_TYPE_INT32;
		return;
	}
	do {
		/* Those with weights more often. */
		c->op = (uint8_t)pick(m->r, OCTET_OP_CONV2D, OCTET_OP_TCONV2D + 2);
		if (c->op > OCTET_OP_TCONV2D)
			c->op -= OCTET_OP_TCONV2D;
	} while (type == OCTET_TYPE_INT16 && c->op == OCTET_OP_SOFTMAX);
	/* Branches of a chain meet. */
	if (sibling(m) && chance(m->r, 70))
		c->op = OCTET_OP_EW;
	c->sub = (uint8_t)(subs[c->op] ? tool_below(m->r, subs[c->op]) : 0);
	if (type == OCTET_TYPE_INT16 && c->op == OCTET_OP_POOL && c->sub == OCTET_POOL_SUM)
		c->sub = OCTET_POOL_AVERAGE;
	if (c->op == OCTET_OP_COPY && (type || !first))
		c->sub = OCTET_COPY_COPY;
	c->src.type = (uint8_t)(type ? type : pick(m->r, OCTET_TYPE_INT8, OCTET_TYPE_UINT8));
	if (type || c->op == OCTET_OP_SOFTMAX ||
	    (c->op == OCTET_OP_POOL && c->sub == OCTET_POOL_SUM))
		return;
	if (chance(m->r, 20))
		c->src.type = OCTET_TYPE_INT16;
	if (c->op == OCTET_OP_COPY && chance(m->r, 15))
		c->src.type = OCTET_TYPE_INT32;
}

static void choose_stage(struct randop_maker *m)
{
	struct octet_cmd *c = m->c;
	bool wide = c->src.type == OCTET_TYPE_INT16;

	if (randop_weighted(c))
		c->stage = wide ? OCTET_STAGE_FIX_UP : (uint8_t)tool_below(m->r, 6);
	else if (c->op == OCTET_OP_POOL && c->sub == OCTET_POOL_SUM)
		c->stage = (uint8_t)tool_below(m->r, 6);
	else if (c->op == OCTET_OP_EW && c->sub == OCTET_EW_MUL)
		c->stage = (uint8_t)pick(m->r, OCTET_STAGE_FIX_DBL, OCTET_STAGE_FP32_RNE);
	else if (c->op == OCTET_OP_EW && c->sub != OCTET_EW_MIN && c->sub != OCTET_EW_MAX)
		c->stage = (uint8_t)pick(m->r, OCTET_STAGE_FIX_DBL, OCTET_STAGE_FIX_AWAY);
}

static uint8_t byte_type(struct randop_maker *m)
{
	return (uint8_t)pick(m->r, OCTET_TYPE_INT8, OCTET_TYPE_UINT8);
}

static uint8_t dst_type(struct randop_maker *m)
{
	const struct octet_cmd *c = m->c;
	bool sum = c->op == OCTET_OP_POOL && c->sub == OCTET_POOL_SUM;

	if ((randop_weighted(c) || sum) && c->stage == OCTET_STAGE_RAW)
		return OCTET_TYPE_INT32;
	if (c->op == OCTET_OP_REDUCE && c->sub >= OCTET_REDUCE_ARGMAX)
		return OCTET_TYPE_INT32;
	if (c->op == OCTET_OP_COPY || c->op == OCTET_OP_REDUCE || c->op == OCTET_OP_RESIZE ||
	    (c->op == OCTET_OP_POOL && !sum) || c->src.type == OCTET_TYPE_INT16 ||
	    (c->op == OCTET_OP_EW && (c->sub == OCTET_EW_MIN || c->sub == OCTET_EW_MAX)))
		return c->src.type;
	return byte_type(m);
}

static void choose_tails(struct randop_maker *m)
{
	struct octet_cmd *c = m->c;
	bool raw = c->stage == OCTET_STAGE_RAW;
	bool sum = c->op == OCTET_OP_POOL && c->sub == OCTET_POOL_SUM;

	if (!randop_is8(c->src.type) || !randop_is8(c->dst.type))
		return;
	if (randop_weighted(c) && !raw && chance(m->r, 30))
		c->tail |= OCTET_TAIL_ADD;
	if (((randop_weighted(c) || sum) ? !raw : c->op == OCTET_OP_EW) && chance(m->r, 25))
		c->tail |= OCTET_TAIL_LUT;
}

static void choose_flags(struct randop_maker *m)
{
	struct octet_cmd *c = m->c;

	if (c->op == OCTET_OP_GEMM) {
		if (!m->in && chance(m->r, 30))
			c->src.flags |= OCTET_OPERAND_TRANSPOSED;
		if (chance(m->r, 50))
			c->wgt.flags |= OCTET_OPERAND_TRANSPOSED;
	}
	if (randop_weighted(c) && chance(m->r, 70))
		c->wgt.flags |= OCTET_OPERAND_CONST;
	if (c->op == OCTET_OP_EW && !m->in && chance(m->r, 10))
		c->src.flags |= OCTET_OPERAND_REPEAT;
}

static void choose_types(struct randop_maker *m)
{
	struct octet_cmd *c = m->c;

	choose_stage(m);
	c->dst.type = dst_type(m);
	choose_tails(m);
	if (randop_weighted(c)) {
		c->wgt.type = c->src.type == OCTET_TYPE_INT16 ? OCTET_TYPE_INT8 : byte_type(m);
		if (chance(m->r, 20))
			c->wgt.type = OCTET_TYPE_INT4;
	}
	if (c->op == OCTET_OP_EW)
		c->src2.type = c->sub == OCTET_EW_MIN || c->sub == OCTET_EW_MAX ||
			       c->src.type == OCTET_TYPE_INT16 ? c->src.type :
			       sibling(m) ? sibling(m)->type : byte_type(m);
	if (c->tail & OCTET_TAIL_ADD)
		c->src2.type = m->in && chance(m->r, 50) ? m->in->type : byte_type(m);
}

/* Whether the second input can be a tensor that is there. */
static bool matches(const struct octet_cmd *c, const struct randop_tensor *t)
{
	return t->type == c->src2.type && t->n == c->n * c->n2 && t->h == c->oh &&
	       t->w * t->c == c->ow * c->cout;
}

/* The second input: the result's own place, a link, SRAM, or memory. */
static bool place_src2(struct randop_maker *m)
{
	struct octet_cmd *c = m->c;
	uint32_t i;

	if (c->tail & OCTET_TAIL_ADD && c->src2.type == c->dst.type &&
	    c->dst.space == OCTET_SPACE_VA && chance(m->r, 25)) {
		c->src2.space = OCTET_SPACE_VA;
		c->src2.addr = c->dst.addr;
		memcpy(c->src2.stride, c->dst.stride, sizeof(c->src2.stride));
		return true;
	}
	for (i = m->link_count > 1 ? m->link_count : 0; i-- > 0; ) {
		if (!matches(c, &m->links[i]) || chance(m->r, 20))
			continue;
		m->read |= 1u << i;
		c->src2.space = OCTET_SPACE_LINK;
		c->src2.link = (uint8_t)i;
		return true;
	}
	for (i = 0; i < m->sram_count; i++) {
		if (!matches(c, &m->sram[i]) || chance(m->r, 50))
			continue;
		randop_strides(m, OCTET_OPERAND_SRC2, true);
		c->src2.space = OCTET_SPACE_SRAM;
		c->src2.addr = m->sram[i].addr;
		return true;
	}
	if (c->op == OCTET_OP_EW && chance(m->r, 15))
		c->src2.flags |= OCTET_OPERAND_REPEAT;
	return in_memory(m, OCTET_OPERAND_SRC2);
}

static bool place_src(struct randop_maker *m)
{
	struct octet_cmd *c = m->c;

	if (c->op == OCTET_OP_COPY && c->sub == OCTET_COPY_FILL) {
		memset(&c->src, 0, sizeof(c->src));
		return true;
	}
	if (!m->in)
		return in_memory(m, OCTET_OPERAND_SRC);
	if (m->in < m->links || m->in >= m->links + OCTET_CHAIN_MAX) {
		randop_strides(m, OCTET_OPERAND_SRC, true);
		c->src.space = OCTET_SPACE_SRAM;
		c->src.addr = m->in->addr;
		return true;
	}
	c->src.space = OCTET_SPACE_LINK;
	c->src.link = (uint8_t)(m->in - m->links);
	m->read |= 1u << c->src.link;
	if (c->src.link + 1u == m->link_count && c->src.link && chance(m->r, 50))
		c->src.link = OCTET_OPERAND_LINK_NEWEST;
	return true;
}

static struct randop_tensor result_of(const struct octet_cmd *c)
{
	return (struct randop_tensor){
		.type = c->dst.type, .n = c->n * c->n2, .h = c->oh, .w = c->ow, .c = c->cout,
	};
}

static bool place_dst(struct randop_maker *m, bool last)
{
	struct octet_cmd *c = m->c;
	uint64_t bytes = (uint64_t)c->n * c->n2 * c->oh * c->ow * c->cout * 4;
	struct randop_tensor *t = &m->sram[m->sram_count];

	if (!last) {
		c->flags |= OCTET_CMD_CHAIN;
		c->dst.space = OCTET_SPACE_LINK;
		return true;
	}
	if (bytes > SRAM_MOST || m->op->count + 1 >= RANDOP_CMDS || !chance(m->r, 15))
		return in_memory(m, OCTET_OPERAND_DST);
	randop_strides(m, OCTET_OPERAND_DST, true);
	*t = result_of(c);
	t->addr = m->sram_bytes + 4 * pick(m->r, 0, 15);
	m->sram_bytes = t->addr + (uint32_t)bytes;
	m->sram_count++;
	c->dst.space = OCTET_SPACE_SRAM;
	c->dst.addr = t->addr;
	return true;
}

/* Whether its weights may be packed. */
static bool packable(const struct octet_cmd *c)
{
	if (!randop_is8(c->src.type) || !randop_is8(c->wgt.type))
		return false;
	return c->op == OCTET_OP_CONV2D ||
	       (c->op == OCTET_OP_GEMM && c->n == 1 && c->n2 == 1 &&
		!(c->wgt.flags & OCTET_OPERAND_TRANSPOSED));
}

static bool place_rest(struct randop_maker *m)
{
	struct octet_cmd *c = m->c;
	bool wide = c->src.type == OCTET_TYPE_INT16, ok = true;
	size_t table = 0;
	int block;

	if (randop_weighted(c)) {
		if (m->packed && packable(c) && chance(m->r, 40))
			c->wgt.layout = OCTET_LAYOUT_PACKED;
		ok = in_memory(m, OCTET_OPERAND_WGT);
		if (ok && chance(m->r, 80)) {
			ok = in_records(m, &c->prm, c->cout * (wide ? sizeof(struct octet_param16) :
							       sizeof(struct octet_param)));
			c->flags |= chance(m->r, 30) ? OCTET_CMD_PER_TENSOR : 0;
		}
		if (ok && !wide && chance(m->r, 50))
			ok = in_records(m, &c->chn, c->cout * sizeof(struct octet_channel));
	}
	if (c->op == OCTET_OP_LUT)
		table = wide ? OCTET_LUT16_ENTRIES * 2 : OCTET_LUT8_SIZE;
	else if (c->op == OCTET_OP_SOFTMAX)
		table = OCTET_SOFTMAX_ENTRIES * 4;
	else if (c->op == OCTET_OP_RESIZE)
		table = (c->oh + c->ow) * sizeof(struct octet_tap);
	else if (c->tail & OCTET_TAIL_LUT)
		table = OCTET_LUT8_SIZE;
	if (!ok || !table)
		return ok;
	block = randop_block_new(m, table, false);
	c->table = randop_address(block, 0);
	return block >= 0;
}

/* What the next command reads: NULL for memory of its own. */
static const struct randop_tensor *choose_input(struct randop_maker *m, bool first)
{
	uint32_t i;

	if (m->sram_count && !m->tame && (first ? chance(m->r, 50) : chance(m->r, 5)))
		return &m->sram[tool_below(m->r, m->sram_count)];
	if (first)
		return NULL;
	i = m->tame || chance(m->r, 60) ? m->link_count - 1 : tool_below(m->r, m->link_count);
	return m->links[i].type ? &m->links[i] : &m->links[m->link_count - 1];
}

/* What link 0 of the chain that begins with this command is. */
static struct randop_tensor link_zero(const struct octet_cmd *c)
{
	struct randop_tensor t = {
		.type = c->src.type, .n = c->n * c->n2, .h = c->h, .w = c->w, .c = c->cin,
	};

	if (c->src.space != OCTET_SPACE_VA ||
	    c->src.flags & (OCTET_OPERAND_TRANSPOSED | OCTET_OPERAND_REPEAT))
		t.type = 0;
	return t;
}

static bool one_command(struct randop_maker *m, bool first, bool last)
{
	struct octet_cmd *c = m->c = &m->op->cmd[m->op->count];

	m->in = choose_input(m, first);
	choose(m, first);
	choose_types(m);
	choose_flags(m);
	randop_shape(m);
	if (!place_dst(m, last) || !place_src(m) || (c->src2.type && !place_src2(m)) ||
	    !place_rest(m))
		return false;
	randop_numbers(m);
	if (first) {
		m->links[0] = link_zero(c);
		m->link_count = 1;
	}
	if (!last)
		m->links[m->link_count++] = result_of(c);
	m->op->count++;
	return true;
}

/* Commands joined by links, each of which is read; or a single one. */
static bool chain(struct randop_maker *m, uint32_t length)
{
	const struct randop_maker before = *m;
	const uint32_t count = m->op->count, blocks = m->op->blocks;

	for (int tries = 0; ; tries++) {
		bool ok = true;

		m->small = length > 1;
		m->tame = tries == 3;
		m->link_count = m->read = 0;
		for (uint32_t i = 0; ok && i < length; i++)
			ok = one_command(m, !i, i + 1 == length);
		if (!ok || (m->read | 1) == (1u << length) - 1)
			return ok;
		while (m->op->blocks > blocks) {
			struct randop_block *b = &m->op->block[--m->op->blocks];

			free(b->data);
			memset(b, 0, sizeof(*b));
		}
		memset(&m->op->cmd[count], 0, (m->op->count - count) * sizeof(m->op->cmd[0]));
		m->op->count = count;
		*m = before;
	}
}

static int finish(struct randop_maker *m)
{
	for (uint32_t i = 0; i < m->op->blocks; i++) {
		struct randop_block *b = &m->op->block[i];

		if (!b->data && !block_fill(b, m->r))
			return -ENOMEM;
	}
	m->op->sram = (m->sram_bytes + 4095) & ~4095u;
	return 0;
}

int randop_make(struct randop *op, struct tool_random *r, bool packed)
{
	struct randop_maker m = { .op = op, .r = r, .packed = packed };
	uint32_t groups = chance(r, 70) ? 1 : pick(r, 2, 3);
	bool ok = true;

	memset(op, 0, sizeof(*op));
	for (uint32_t g = 0; ok && g < groups; g++) {
		uint32_t length = !chance(r, 30) ? 1 : chance(r, 80) ? pick(r, 2, 4) : 8;

		if (op->count + length > RANDOP_CMDS)
			break;
		ok = chain(&m, length);
	}
	if (ok && !finish(&m))
		return 0;
	randop_free(op);
	return -ENOMEM;
}

void randop_free(struct randop *op)
{
	for (uint32_t i = 0; i < op->blocks; i++)
		free(op->block[i].data);
	memset(op, 0, sizeof(*op));
}

void randop_place(const struct randop *op, const uint64_t *base, struct octet_cmd *cmds)
{
	const uint64_t offset = (UINT64_C(1) << BLOCK_SHIFT) - 1;

	for (uint32_t i = 0; i < op->count; i++) {
		cmds[i] = op->cmd[i];
		for (unsigned int k = 0; k < RANDOP_OPERANDS; k++) {
			struct octet_operand *o = randop_operand(&cmds[i], k);
			int block = randop_block(o->addr);

			if (o->space == OCTET_SPACE_VA && block >= 0)
				o->addr = base[block] + (o->addr & offset);
		}
		if (randop_block(cmds[i].table) >= 0)
			cmds[i].table = base[randop_block(cmds[i].table)] +
					(cmds[i].table & offset);
	}
}

void randop_break(struct randop *op, struct tool_random *r)
{
	struct octet_cmd *c = &op->cmd[tool_below(r, op->count)];

#define BREAK(n, text, what) case n: what; op->invalid = text; break
	switch (tool_below(r, 21)) {
	BREAK(0, "unknown operation", c->op = 77);
	BREAK(1, "unknown variant", c->sub = 6);
	BREAK(2, "unknown output stage", c->stage = 6);
	BREAK(3, "reserved byte", c->reserved0[2] = 1);
	BREAK(4, "unknown flag", c->flags |= 1u << 30);
	BREAK(5, "chain flag on the last command", op->cmd[op->count - 1].flags |= OCTET_CMD_CHAIN);
	BREAK(6, "no input channels", c->cin = 0);
	BREAK(7, "no groups", c->groups = 0);
	BREAK(8, "stride 0", c->sh = 0);
	BREAK(9, "clamp upside down", (c->act_min = 5, c->act_max = 4));
	BREAK(10, "zero point outside its type", c->src.zero_point = 1 << 20);
	BREAK(11, "int4 input", c->src.type = OCTET_TYPE_INT4);
	BREAK(12, "no result", memset(&c->dst, 0, sizeof(c->dst)));
	BREAK(13, "parameter records in SRAM", c->prm.space = OCTET_SPACE_SRAM);
	BREAK(14, "packed input", c->src.layout = OCTET_LAYOUT_PACKED);
	BREAK(15, "constant result", c->dst.flags |= OCTET_OPERAND_CONST);
	BREAK(16, "extent over the limit", c->w = 1u << 21);
	BREAK(17, "SRAM operand outside the software part",
	      (c->src.space = OCTET_SPACE_SRAM, c->src.addr = 1u << 30));
	BREAK(18, "unknown tail", c->tail |= 1u << 2);
	BREAK(19, "unaligned table", c->table |= 2);
	BREAK(20, "scale of weights", c->wgt.shift = 1);
	}
#undef BREAK
}

static int describe_one(const struct octet_cmd *c, char *text, size_t size)
{
	return snprintf(text, size,
		 "%s.%u %s n %u,%u in %ux%ux%u out %ux%ux%u kernel %ux%u stride %u,%u dilation %u,%u "
		 "pad %u,%u groups %u types %u,%u,%u,%u spaces %u,%u,%u%s%s%s%s%s%s%s",
		 octet_op_name(c->op), c->sub,
		 octet_stage_name((enum octet_stage_code)c->stage), c->n2, c->n, c->h, c->w,
		 c->cin, c->oh, c->ow, c->cout, c->r, c->s, c->sh, c->sw, c->dh, c->dw, c->pt,
		 c->pl, c->groups, c->src.type, c->src2.type, c->wgt.type, c->dst.type,
		 c->src.space, c->src2.space, c->dst.space,
		 c->prm.space ? " records" : "",
		 c->wgt.layout ? " packed" : "", c->chn.space ? " side-records" : "",
		 c->flags & OCTET_CMD_PER_TENSOR ? " per-tensor" : "",
		 c->tail & OCTET_TAIL_ADD ? " add" : "", c->tail & OCTET_TAIL_LUT ? " lut" : "",
		 c->flags & OCTET_CMD_CHAIN ? " chain" : "");
}

void randop_describe(const struct randop *op, char *text, size_t size)
{
	size_t n = 0;

	for (uint32_t i = 0; i < op->count && n < size; i++) {
		n += (size_t)snprintf(text + n, size - n, "%s", i ? "\n  " : "");
		if (n < size)
			n += (size_t)describe_one(&op->cmd[i], text + n, size - n);
	}
	if (op->invalid && n < size)
		snprintf(text + n, size - n, "\n  broken: %s", op->invalid);
}
