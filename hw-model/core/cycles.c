// SPDX-License-Identifier: MIT
/* A job: its groups one after the other, and CONST bytes fetched ahead of use. */
#include <stdlib.h>

#include "cycles_priv.h"

static uint64_t idle_bytes(struct octet_cyc_run *r, uint64_t cycles)
{
	return octet_cyc_cut(&r->x, (octet_u128)cycles * 17 * r->x.m->dram_bpc / 20);
}

static void prefetch(struct octet_cyc_run *r, uint64_t cycles, uint64_t room)
{
	uint64_t n = octet_min(idle_bytes(r, cycles), r->left);

	room = room > r->have ? room - r->have : 0;
	n = octet_min(n, room);
	r->have += n;
	r->left -= n;
}

/* E d / D, rounded down */
static uint64_t share(uint64_t excess, uint64_t part, uint64_t all)
{
	return all ? (uint64_t)((octet_u128)excess * part / all) : 0;
}

struct octet_cyc_dma octet_cyc_step(struct octet_cyc_run *r, const struct octet_cyc_group *g)
{
	struct octet_cyc_dma d;
	uint64_t mine;

	prefetch(r, (uint64_t)g->count * OCTET_CYCLES_COMMAND, r->x.staging);
	mine = octet_min(r->have, g->fixed);
	r->have -= mine;
	r->left -= g->fixed - mine;
	d = octet_cyc_dma(&r->x, g, mine);
	prefetch(r, g->cycles > d.mid ? g->cycles - d.mid : 0,
		 r->x.staging > g->hold ? r->x.staging - g->hold : 0);
	return d;
}

static void run_group(struct octet_cyc_run *r, const struct octet_cyc_group *g, bool first,
		      struct octet_report *report)
{
	struct octet_cyc_dma d = octet_cyc_step(r, g);
	uint64_t excess, part = 0, before = 0;

	excess = d.mid > g->cycles ? d.mid - g->cycles : 0;
	for (unsigned int i = 0; i < g->count; i++) {
		struct octet_report *p = &report[i];

		part += g->reads[i] + g->writes[i];
		p->dma_stall = share(excess, part, g->dram) - before;
		before += p->dma_stall;
		if (i == 0)
			p->dma_stall += d.head;
		if (i + 1 == g->count)
			p->dma_stall += d.tail;
		p->compute = g->work[i].mac;
		p->output_stall = g->work[i].cycles - g->work[i].mac;
		p->overhead = OCTET_CYCLES_COMMAND + (first && i == 0 ? OCTET_CYCLES_JOB : 0);
		p->total = p->compute + p->dma_stall + p->output_stall + p->overhead;
		p->dram_read = g->reads[i];
		p->dram_write = g->writes[i];
		p->sram = g->work[i].sram;
	}
}

static const char *check_sizes(const struct octet_cycles_cmd *c)
{
	const uint32_t extent[] = {
		c->h, c->w, c->cin, c->oh, c->ow, c->cout, c->groups, c->r, c->s, c->sh, c->sw,
		c->dh, c->dw,
	};

	for (size_t i = 0; i < sizeof(extent) / sizeof(extent[0]); i++)
		if (!extent[i] || extent[i] > OCTET_CYCLES_EXTENT)
			return "an extent is not 1..2^20";
	if (c->pt > OCTET_CYCLES_EXTENT || c->pl > OCTET_CYCLES_EXTENT)
		return "padding is over 2^20";
	if (!c->n || c->cin < c->groups || c->cout < c->groups)
		return "no image, or more groups than channels";
	if (c->abytes - 1 > 3 || c->obytes - 1 > 3 || c->wbits > 32)
		return "an element has no size of the format";
	switch (c->op) {
	default:
		return "an operation without timing";
	case OCTET_OP_CONV2D:
	case OCTET_OP_DEPTHWISE:
	case OCTET_OP_GEMM:
	case OCTET_OP_EW:
	case OCTET_OP_LUT:
	case OCTET_OP_POOL:
	case OCTET_OP_COPY:
	case OCTET_OP_SOFTMAX:
	case OCTET_OP_RESIZE:
	case OCTET_OP_REDUCE:
	case OCTET_OP_TCONV2D:
		return NULL;
	}
}

/* the group of @count commands from the start; 0 if it does not end */
static size_t group_length(const struct octet_cycles_cmd *cmds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!cmds[i].chain)
			return i + 1;
	return 0;
}

/* all groups, one pass to choose and one to run */
static int plan(struct octet_cyc_run *r, const struct octet_cycles_cmd *cmds, size_t count,
		struct octet_cyc_group *groups, size_t *n, size_t *bad, const char **why)
{
	size_t length;
	int status;

	for (size_t i = 0; i < count; i += length, ++*n) {
		length = group_length(cmds + i, count - i);
		*bad = i;
		*why = "a chain has 2 to 8 commands and ends inside its job";
		if (!length || length > OCTET_CYCLES_CHAIN)
			return OCTET_STATUS_BAD_CHAIN;
		for (; *bad < i + length; ++*bad) {
			*why = check_sizes(&cmds[*bad]);
			if (*why)
				return OCTET_STATUS_NO_FIT;
		}
		*bad = i + length - 1;
		status = octet_cyc_choose(&r->x, cmds + i, (unsigned int)length, &groups[*n],
					  why);
		if (status)
			return status;
		r->left = octet_cyc_add(&r->x, r->left, groups[*n].fixed);
	}
	return 0;
}

int octet_cycles_job(const struct octet_cycles_machine *machine, const struct octet_cycles_cmd *cmds,
		     size_t count, uint64_t sw, uint64_t lb, struct octet_report *report, size_t *bad,
		     const char **why)
{
	return octet_cycles_job_until(machine, cmds, count, sw, lb, report, bad, why, NULL);
}

int octet_cycles_job_until(const struct octet_cycles_machine *machine,
			   const struct octet_cycles_cmd *cmds, size_t count, uint64_t sw,
			   uint64_t lb, struct octet_report *report, size_t *bad,
			   const char **why, const atomic_bool *cancel)
{
	struct octet_cyc_run r = { .x = { .m = machine, .lb = lb, .cancel = cancel } };
	struct octet_cyc_group *groups;
	const char *text = NULL;
	size_t n = 0, at = 0, index = 0;
	int status;

	if (!bad)
		bad = &index;
	if (!why)
		why = &text;
	*bad = 0;
	if (sw > machine->sram || lb > machine->sram - sw) {
		*why = "sw + lb is larger than the SRAM";
		return OCTET_STATUS_BAD_SPLIT;
	}
	r.x.staging = machine->sram - sw - lb;
	groups = malloc((count ? count : 1) * sizeof(*groups));
	if (!groups) {
		*why = "out of memory";
		return OCTET_STATUS_NO_MEMORY;
	}
	status = plan(&r, cmds, count, groups, &n, bad, why);
	for (size_t i = 0; !status && i < n; at += groups[i++].count)
		run_group(&r, &groups[i], i == 0, report + at);
	free(groups);
	if (!status && r.x.over) {
		*why = "a count of the timing is beyond 62 bits";
		status = OCTET_STATUS_NO_FIT;
	}
	return status;
}

static enum octet_cycles_space space(const struct octet_operand *o)
{
	static const enum octet_cycles_space map[] = {
		[OCTET_SPACE_NONE] = OCTET_CYCLES_NONE,
		[OCTET_SPACE_VA] = OCTET_CYCLES_DRAM,
		[OCTET_SPACE_SRAM] = OCTET_CYCLES_SRAM,
		[OCTET_SPACE_LINK] = OCTET_CYCLES_LINK,
	};

	return map[o->space & 3];
}

static uint32_t bits(const struct octet_operand *o)
{
	switch (o->type) {
	case OCTET_TYPE_INT4:
		return 4;
	case OCTET_TYPE_INT16:
		return 16;
	case OCTET_TYPE_INT32:
		return 32;
	}
	return 8;
}

/* Bytes of src2 where its elements and those of the result differ in size; else 0. */
static uint64_t src2_bytes(const struct octet_cmd *cmd)
{
	struct octet_cyc x = { 0 };
	uint64_t v;

	if (cmd->src2.space == OCTET_SPACE_NONE || bits(&cmd->src2) == bits(&cmd->dst))
		return 0;
	v = octet_cyc_mul(&x, (uint64_t)cmd->n * cmd->n2, (uint64_t)cmd->oh * cmd->ow);
	v = octet_cyc_mul(&x, v, (uint64_t)cmd->cout * (bits(&cmd->src2) / 8));
	return x.over ? UINT64_MAX >> 2 : v;
}

void octet_cycles_from_cmd(struct octet_cycles_cmd *out, const struct octet_cmd *cmd)
{
	uint64_t n = (uint64_t)cmd->n * (cmd->n2 ? cmd->n2 : 1);

	*out = (struct octet_cycles_cmd) {
		.op = cmd->op, .n = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n,
		.h = cmd->h, .w = cmd->w, .cin = cmd->cin, .oh = cmd->oh, .ow = cmd->ow,
		.cout = cmd->cout, .groups = cmd->groups, .r = cmd->r, .s = cmd->s,
		.sh = cmd->sh, .sw = cmd->sw, .dh = cmd->dh, .dw = cmd->dw, .pt = cmd->pt,
		.pl = cmd->pl, .src = space(&cmd->src), .src2 = space(&cmd->src2),
		.weights = space(&cmd->wgt), .dst = space(&cmd->dst),
		.src_link = cmd->src.link, .src2_link = cmd->src2.link,
		.src2_bytes = src2_bytes(cmd),
		.weights_const = cmd->wgt.flags & OCTET_OPERAND_CONST,
		.params = cmd->prm.space != OCTET_SPACE_NONE,
		.chain = cmd->flags & OCTET_CMD_CHAIN, .policy = cmd->policy,
		.rows = cmd->rows, .abytes = (bits(&cmd->src) + 7) / 8,
		.obytes = (bits(&cmd->dst) + 7) / 8, .wbits = bits(&cmd->wgt),
	};
}

uint64_t octet_cycles_macs(const struct octet_cycles_cmd *cmd)
{
	struct octet_cyc x = { 0 };
	uint64_t v;

	if (!octet_cyc_has_weights(cmd) || !cmd->groups)
		return 0;
	v = cmd->op == OCTET_OP_TCONV2D ? (uint64_t)cmd->h * cmd->w :
					  (uint64_t)cmd->oh * cmd->ow;
	v = octet_cyc_mul(&x, octet_cyc_mul(&x, v, cmd->n), cmd->cout);
	v = octet_cyc_mul(&x, v, (uint64_t)cmd->r * cmd->s);
	if (cmd->op != OCTET_OP_DEPTHWISE)
		v = octet_cyc_mul(&x, v, cmd->cin / cmd->groups);
	return x.over ? UINT64_MAX : v;
}
