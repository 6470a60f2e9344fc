// SPDX-License-Identifier: MIT
/*
 * Constant weights in the packed layout, once, for machines that take it: they
 * have no packing to do per command then. The last step: everything before it
 * sees weights as they lie in the graph.
 */
#include <stdlib.h>
#include <string.h>

#include "../cmd/panels.h"
#include "lower_priv.h"

/* Do two commands, as they were, have the same weights of the same shape? */
static bool same(const struct octet_low_cmd *a, const struct octet_low_cmd *b)
{
	return a->tensor[OCTET_OPERAND_WGT] == b->tensor[OCTET_OPERAND_WGT] &&
	       octet_panels_same(&a->cmd, &b->cmd) && a->cmd.chn.space == b->cmd.chn.space;
}

static int pack(struct lower *l, const struct octet_cmd *cmd, const uint8_t *from, uint8_t flip,
		int32_t *tensor)
{
	uint64_t size = octet_panels_bytes(cmd);
	uint8_t *bytes = calloc(1, size);

	if (!bytes)
		return -ENOMEM;
	octet_panels_pack(cmd, from, bytes, flip);
	return lower_tensor(l, size, bytes, tensor);
}

/* Command @i; @was: the commands before any was changed. */
static int one(struct lower *l, uint32_t i, const struct octet_low_cmd *was)
{
	struct octet_low_cmd *c = &l->low->cmds[i];
	const uint8_t *data = lower_data(l, c->tensor[OCTET_OPERAND_WGT]);
	const struct octet_cmd *cmd = &was[i].cmd;
	uint8_t flip = 0;
	int32_t tensor = -1;
	int ret = 0;

	if (!data || !octet_panels_pay(cmd))
		return 0;
	/* Zero points of channels stay with their records. */
	if (cmd->wgt.type == OCTET_TYPE_UINT8 && !cmd->chn.space)
		flip = 128;
	for (uint32_t j = 0; j < i && tensor < 0; j++)
		if (octet_panels_pay(&was[j].cmd) && same(&was[j], &was[i]))
			tensor = l->low->cmds[j].tensor[OCTET_OPERAND_WGT];
	if (tensor < 0)
		ret = pack(l, cmd, data + cmd->wgt.addr, flip, &tensor);
	if (ret)
		return ret;
	c->tensor[OCTET_OPERAND_WGT] = tensor;
	octet_panels_use(&c->cmd, 0, flip);
	c->cmd.wgt.zero_point -= flip;
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
