/* SPDX-License-Identifier: MIT */
/* Command validation: chains, the last of a command's checks. */
#include "check.h"

#define BAD_CHAIN(fault, operand, ...)					\
	octet_cpu_refuse(fault, OCTET_STATUS_BAD_CHAIN, operand, 0, __VA_ARGS__)

/** struct tensor - what a link and its reader must agree about */
struct tensor {
	unsigned int type;
	uint64_t images;
	uint32_t rows;
	uint64_t row_bytes;
};

static struct tensor input(const struct octet_cmd *cmd)
{
	return (struct tensor) {
		cmd->src.type, (uint64_t)cmd->n * cmd->n2, cmd->h,
		(uint64_t)cmd->w * cmd->cin * octet_cpu_type_size(cmd->src.type)
	};
}

/* Also that of the second input, but for its type. */
static struct tensor output(const struct octet_cmd *cmd, unsigned int type)
{
	return (struct tensor) {
		type, (uint64_t)cmd->n * cmd->n2, cmd->oh,
		(uint64_t)cmd->ow * cmd->cout * octet_cpu_type_size(type)
	};
}

static int check_link(const struct cpu_job *job, unsigned int operand,
		      struct octet_cpu_fault *fault)
{
	const char *name = octet_cpu_operand_names[operand];
	const struct octet_cmd *first = &job->cmds[job->start];
	const struct octet_cmd *cmd = &job->cmds[job->index];
	const struct octet_operand *op = octet_cpu_operand(cmd, operand);
	const uint32_t link = octet_cpu_link(job, op);
	struct tensor have, want;

	if (link > job->index - job->start)
		return BAD_CHAIN(fault, operand,
				 "%s: link %u: there are tensors 0..%u by then",
				 name, op->link, job->index - job->start);
	if (!link && (first->src.space != OCTET_SPACE_VA ||
		      first->src.flags & (OCTET_OPERAND_TRANSPOSED |
					  OCTET_OPERAND_REPEAT)))
		return BAD_CHAIN(fault, operand,
				 "%s: link 0: src of the chain is not in VA, or TRANSPOSED or REPEAT",
				 name);
	have = link ? output(&first[link - 1], first[link - 1].dst.type) :
		      input(first);
	want = operand == OCTET_OPERAND_SRC ? input(cmd) :
					      output(cmd, op->type);
	if (operand == OCTET_OPERAND_SRC &&
	    op->flags & OCTET_OPERAND_TRANSPOSED)
		return BAD_CHAIN(fault, operand, "src: a link is not TRANSPOSED");
	if (have.type == want.type && have.images == want.images &&
	    have.rows == want.rows && have.row_bytes == want.row_bytes)
		return 0;
	return BAD_CHAIN(fault, operand,
			 "%s: wants type %u, %llu x %u rows of %llu bytes; link %u has type %u, %llu x %u of %llu",
			 name, want.type, (unsigned long long)want.images,
			 want.rows, (unsigned long long)want.row_bytes, link,
			 have.type, (unsigned long long)have.images, have.rows,
			 (unsigned long long)have.row_bytes);
}

static int check_flag(const struct cpu_job *job, struct octet_cpu_fault *fault)
{
	const struct octet_cmd *cmd = &job->cmds[job->index];
	const bool chain = cmd->flags & OCTET_CMD_CHAIN;

	if (chain && job->index + 1 == job->count)
		return BAD_CHAIN(fault, OCTET_OPERAND_CMD,
				 "flag CHAIN on the last command of the job");
	if (chain && job->index - job->start + 1 == OCTET_CHAIN_MAX)
		return BAD_CHAIN(fault, OCTET_OPERAND_CMD,
				 "flag CHAIN on the %uth command of a chain, the most there can be",
				 OCTET_CHAIN_MAX);
	if (chain && cmd->policy != OCTET_POLICY_AUTO)
		return BAD_CHAIN(fault, OCTET_OPERAND_CMD,
				 "policy %u with flag CHAIN: it must be AUTO",
				 cmd->policy);
	if ((cmd->dst.space == OCTET_SPACE_LINK) != chain)
		return BAD_CHAIN(fault, OCTET_OPERAND_DST,
				 "dst: space %u %s flag CHAIN: LINK goes with it",
				 cmd->dst.space, chain ? "with" : "without");
	if (chain && cmd->dst.link)
		return BAD_CHAIN(fault, OCTET_OPERAND_DST,
				 "dst: link %u must be 0", cmd->dst.link);
	return 0;
}

/* The last command of a chain: nothing has been computed for nobody. */
static int check_named(const struct cpu_job *job,
		       struct octet_cpu_fault *fault)
{
	const uint32_t results = job->index - job->start;
	uint32_t named = 0;

	for (uint32_t i = 1; i <= results; i++) {
		const struct cpu_job reader = {
			job->cmds, job->count, job->start + i, job->start
		};
		const struct octet_cmd *cmd = &job->cmds[reader.index];

		for (unsigned int k = 0; k <= OCTET_OPERAND_SRC2; k++) {
			const struct octet_operand *op =
				octet_cpu_operand(cmd, k);

			if (op->space == OCTET_SPACE_LINK)
				named |= 1u << octet_cpu_link(&reader, op);
		}
	}
	for (uint32_t i = 1; i <= results; i++)
		if (!(named >> i & 1))
			return BAD_CHAIN(fault, OCTET_OPERAND_CMD,
					 "link %u: no command of the chain reads it",
					 i);
	return 0;
}

uint32_t octet_cpu_link(const struct cpu_job *job,
			const struct octet_operand *op)
{
	return op->link == OCTET_OPERAND_LINK_NEWEST ? job->index - job->start :
						       op->link;
}

int octet_cpu_check_chain(const struct cpu_job *job,
			  struct octet_cpu_fault *fault)
{
	const struct octet_cmd *cmd = &job->cmds[job->index];
	const bool first = job->index == job->start;
	int err = check_flag(job, fault);

	for (unsigned int i = 0; !err && i <= OCTET_OPERAND_SRC2; i++)
		if (first &&
		    octet_cpu_operand(cmd, i)->space == OCTET_SPACE_LINK)
			err = BAD_CHAIN(fault, i,
					"%s: space LINK, but no command is chained to this one",
					octet_cpu_operand_names[i]);
	if (!err && !first && cmd->src.space != OCTET_SPACE_LINK &&
	    cmd->src.space != OCTET_SPACE_SRAM)
		err = BAD_CHAIN(fault, OCTET_OPERAND_SRC,
				"src: space %u: LINK or SRAM within a chain",
				cmd->src.space);
	for (unsigned int i = 0; !err && i <= OCTET_OPERAND_SRC2; i++)
		if (octet_cpu_operand(cmd, i)->space == OCTET_SPACE_LINK)
			err = check_link(job, i, fault);
	if (!err && !first && !(cmd->flags & OCTET_CMD_CHAIN))
		err = check_named(job, fault);
	return err;
}
