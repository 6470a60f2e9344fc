// SPDX-License-Identifier: MIT
/*
 * Constant weights in the packed layout, once, for machines that take it: they
 * have no packing to do per command then. The last step: everything before it
 * sees weights as they lie in the graph.
 */
#include <stdlib.h>
#include <string.h>

#include "lower_priv.h"

#define PANEL	16u	/* outputs */
#define FOUR	4u	/* inputs of a line */

/**
 * struct filter - weights of a command: @k inputs of @co outputs in each group
 *
 * @flip: 128: uint8 becomes int8, the zero point moves along. The array's weights
 *	are signed, so these are used as they lie too
 */
struct filter {
	const struct octet_cmd *cmd;
	const uint8_t *at;
	uint64_t k, co;
	uint8_t flip;
};

static bool fits(const struct octet_cmd *c)
{
	if (c->src.type != OCTET_TYPE_INT8 && c->src.type != OCTET_TYPE_UINT8)
		return false;
	if (c->wgt.type != OCTET_TYPE_INT8 && c->wgt.type != OCTET_TYPE_UINT8)
		return false;
	return c->op == OCTET_OP_CONV2D || (c->op == OCTET_OP_GEMM && c->n == 1 && c->n2 == 1);
}

static uint64_t packed_bytes(const struct filter *f)
{
	uint64_t lines = (f->k + FOUR - 1) / FOUR * ((f->co + PANEL - 1) / PANEL);

	return f->cmd->groups * lines * OCTET_PACKED_LINE;
}

/*
 * Filling up takes memory and bandwidth: at most as much as the weights
 * themselves. So a few inputs or outputs stay as they are.
 */
static bool pays(const struct filter *f)
{
	uint64_t bytes = packed_bytes(f);

	return bytes <= 2 * f->cmd->groups * f->k * f->co && bytes <= LOWER_SIZE;
}

/* Bytes from element 0 to input @k of output @o, of all groups. */
static uint64_t element(const struct octet_cmd *c, uint64_t o, uint64_t k)
{
	const __u64 *s = c->wgt.stride;
	uint64_t channels = c->cin / c->groups, tap = k / channels;

	if (c->op == OCTET_OP_GEMM)
		return c->wgt.flags & OCTET_OPERAND_TRANSPOSED ? o * s[2] + k : k * s[2] + o;
	return o * s[1] + tap / c->s * s[2] + tap % c->s * s[3] + k % channels;
}

/* Whether the inputs of an output lie side by side. */
static bool side_by_side(const struct octet_cmd *c)
{
	uint64_t channels = c->cin / c->groups;

	if (c->op == OCTET_OP_GEMM)
		return c->wgt.flags & OCTET_OPERAND_TRANSPOSED;
	return (c->s == 1 || c->wgt.stride[3] == channels) &&
	       (c->r == 1 || c->wgt.stride[2] == c->s * channels);
}

static uint8_t *pack(const struct filter *f)
{
	uint64_t lines = (f->k + FOUR - 1) / FOUR, outputs = f->co * f->cmd->groups;
	uint64_t panels = (f->co + PANEL - 1) / PANEL;
	uint8_t *bytes = calloc(1, packed_bytes(f));
	bool dense = side_by_side(f->cmd);

	for (uint64_t o = 0; bytes && o < outputs; o++) {
		uint64_t in_group = o % f->co;
		uint64_t panel = o / f->co * panels + in_group / PANEL;
		uint8_t *to = bytes + panel * lines * OCTET_PACKED_LINE + in_group % PANEL * FOUR;

		const uint8_t *from = f->at + element(f->cmd, o, 0);

		for (uint64_t k = 0; k < f->k; k++)
			to[k / FOUR * OCTET_PACKED_LINE + k % FOUR] =
				(dense ? from[k] : f->at[element(f->cmd, o, k)]) ^ f->flip;
	}
	return bytes;
}

/* Do two commands, as they were, have the same weights of the same shape? */
static bool same(const struct octet_low_cmd *a, const struct octet_low_cmd *b)
{
	const struct octet_cmd *x = &a->cmd, *y = &b->cmd;

	return a->tensor[OCTET_OPERAND_WGT] == b->tensor[OCTET_OPERAND_WGT] &&
	       x->op == y->op && x->wgt.addr == y->wgt.addr && x->wgt.flags == y->wgt.flags &&
	       !memcmp(x->wgt.stride, y->wgt.stride, sizeof(x->wgt.stride)) &&
	       x->r == y->r && x->s == y->s && x->cin == y->cin && x->cout == y->cout &&
	       x->groups == y->groups && x->chn.space == y->chn.space;
}

/* Command @i; @was: the commands before any was changed. */
static int one(struct lower *l, uint32_t i, const struct octet_low_cmd *was)
{
	struct octet_low_cmd *c = &l->low->cmds[i];
	const uint8_t *data = lower_data(l, c->tensor[OCTET_OPERAND_WGT]);
	const struct octet_cmd *cmd = &was[i].cmd;
	struct filter f = { .cmd = cmd, .co = cmd->cout / cmd->groups };
	int32_t tensor = -1;
	int ret = 0;

	if (!fits(cmd) || !data)
		return 0;
	f.at = data + cmd->wgt.addr;
	f.k = (uint64_t)cmd->r * cmd->s * (cmd->cin / cmd->groups);
	/* Zero points of channels stay with their records. */
	if (cmd->wgt.type == OCTET_TYPE_UINT8 && !cmd->chn.space)
		f.flip = 128;
	if (!pays(&f))
		return 0;
	for (uint32_t j = 0; j < i && tensor < 0; j++)
		if (fits(&was[j].cmd) && same(&was[j], &was[i]))
			tensor = l->low->cmds[j].tensor[OCTET_OPERAND_WGT];
	if (tensor < 0) {
		uint8_t *bytes = pack(&f);

		ret = bytes ? lower_tensor(l, packed_bytes(&f), bytes, &tensor) : -ENOMEM;
	}
	if (ret)
		return ret;
	c->tensor[OCTET_OPERAND_WGT] = tensor;
	c->cmd.wgt.layout = OCTET_LAYOUT_PACKED;
	if (f.flip) {
		c->cmd.wgt.type = OCTET_TYPE_INT8;
		c->cmd.wgt.zero_point -= 128;
	}
	c->cmd.wgt.flags &= ~OCTET_OPERAND_TRANSPOSED;
	c->cmd.wgt.addr = 0;
	memset(c->cmd.wgt.stride, 0, sizeof(c->cmd.wgt.stride));
	return 0;
}

int lower_panels(struct lower *l)
{
	uint32_t count = l->low->cmd_count;
	struct octet_low_cmd *was;
	int ret = 0;

	if (!l->o.packed || !count)
		return 0;
	was = malloc(count * sizeof(*was));
	if (!was)
		return -ENOMEM;
	memcpy(was, l->low->cmds, count * sizeof(*was));
	for (uint32_t i = 0; !ret && i < count; i++)
		ret = one(l, i, was);
	free(was);
	return ret;
}
