// SPDX-License-Identifier: MIT
/*
 * A command's place in a chain. Tensor 0 of a chain is the src of its first
 * command, tensor j the result of its j-th.
 */
#include "core_priv.h"

/* What a link has to be like: the same for every operand that names it. */
struct tensor {
	uint8_t type;
	uint64_t images, row;
	uint32_t rows;
};

static bool linked(const struct octet_operand *o)
{
	return o->space == OCTET_SPACE_LINK;
}

/* The tensor that a link names, for the command at @position of its chain. */
unsigned int octet_chain_tensor(const struct octet_operand *o, unsigned int position)
{
	return o->link == OCTET_OPERAND_LINK_NEWEST ? position : o->link;
}

/* Does one of the commands @first to @last of a chain read it? */
bool octet_chain_reads(const struct octet_cmd *cmds, uint32_t first, uint32_t last,
		       unsigned int tensor)
{
	for (uint32_t i = first; i <= last; i++) {
		if (linked(&cmds[i].src) && octet_chain_tensor(&cmds[i].src, i) == tensor)
			return true;
		if (linked(&cmds[i].src2) && octet_chain_tensor(&cmds[i].src2, i) == tensor)
			return true;
	}
	return false;
}

static uint64_t images(const struct octet_cmd *cmd)
{
	return (uint64_t)cmd->n * cmd->n2;
}

static struct tensor input(const struct octet_cmd *cmd)
{
	return (struct tensor) {
		cmd->src.type, images(cmd), (uint64_t)cmd->w * cmd->cin, cmd->h
	};
}

/* The result, or an operand of its shape. */
static struct tensor output(const struct octet_cmd *cmd, uint8_t type)
{
	return (struct tensor) { type, images(cmd), (uint64_t)cmd->ow * cmd->cout, cmd->oh };
}

static bool names_one(const struct octet_cmd *chain, uint32_t position,
		      const struct octet_operand *o, struct tensor want)
{
	const uint32_t not_plain = OCTET_OPERAND_TRANSPOSED | OCTET_OPERAND_REPEAT;
	unsigned int k = octet_chain_tensor(o, position);
	struct tensor t;

	if (k > position)
		return false;
	if (k == 0 && (chain->src.space != OCTET_SPACE_VA || (chain->src.flags & not_plain)))
		return false;
	t = k ? output(&chain[k - 1], chain[k - 1].dst.type) : input(chain);
	return t.type == want.type && t.images == want.images && t.row == want.row &&
	       t.rows == want.rows;
}

static int check_src(const struct octet_cmd *chain, uint32_t position, struct octet_fault *fault)
{
	const struct octet_cmd *cmd = &chain[position];
	bool ok;

	if (position == 0)
		ok = !linked(&cmd->src);
	else if (linked(&cmd->src))
		ok = !(cmd->src.flags & OCTET_OPERAND_TRANSPOSED) &&
		     names_one(chain, position, &cmd->src, input(cmd));
	else
		ok = cmd->src.space == OCTET_SPACE_SRAM;
	return ok ? 0 : octet_bad(fault, OCTET_STATUS_BAD_CHAIN, OCTET_OPERAND_SRC);
}

static int check_src2(const struct octet_cmd *chain, uint32_t position,
		      struct octet_fault *fault)
{
	const struct octet_cmd *cmd = &chain[position];

	if (!linked(&cmd->src2) ||
	    (position && names_one(chain, position, &cmd->src2, output(cmd, cmd->src2.type))))
		return 0;
	return octet_bad(fault, OCTET_STATUS_BAD_CHAIN, OCTET_OPERAND_SRC2);
}

/* Command @at of a job; its chain begins at @start. All before it are right. */
int octet_decode_chain(const struct octet_cmd *cmds, uint32_t count, uint32_t at,
		       uint32_t start, struct octet_fault *fault)
{
	const struct octet_cmd *cmd = &cmds[at], *chain = &cmds[start];
	bool more = cmd->flags & OCTET_CMD_CHAIN;
	uint32_t position = at - start;
	int status;

	if (more && (at + 1 == count || position + 1 >= OCTET_CHAIN_MAX ||
		     cmd->policy != OCTET_POLICY_AUTO))
		return octet_bad(fault, OCTET_STATUS_BAD_CHAIN, OCTET_OPERAND_CMD);
	if (linked(&cmd->dst) != more || cmd->dst.link)
		return octet_bad(fault, OCTET_STATUS_BAD_CHAIN, OCTET_OPERAND_DST);
	status = check_src(chain, position, fault);
	if (!status)
		status = check_src2(chain, position, fault);
	for (uint32_t j = 1; !status && !more && j <= position; j++)
		if (!octet_chain_reads(chain, 0, position, j))
			status = octet_bad(fault, OCTET_STATUS_BAD_CHAIN, OCTET_OPERAND_CMD);
	return status;
}
