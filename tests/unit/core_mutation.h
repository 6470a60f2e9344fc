/* SPDX-License-Identifier: MIT */
/*
 * One field changed in a command that is otherwise right, the status and the operand
 * that the completion must name.
 */
#ifndef OCTET_CORE_MUTATION_H
#define OCTET_CORE_MUTATION_H

#include <string.h>

#include "unit.h"
#include "core_fake_host.h"

#define CMD	OCTET_OPERAND_CMD
#define SRC	OCTET_OPERAND_SRC
#define SRC2	OCTET_OPERAND_SRC2
#define WGT	OCTET_OPERAND_WGT
#define PRM	OCTET_OPERAND_PRM
#define CHN	OCTET_OPERAND_CHN
#define DST	OCTET_OPERAND_DST
#define TABLE	OCTET_OPERAND_TABLE

struct mutation {
	const char *what;
	int base;
	size_t offset, size;
	int64_t value;
	unsigned int status, operand;
};

#define M(base, field, value, status, operand)				\
	{ #base " " #field " = " #value, base,				\
	  offsetof(struct octet_cmd, field),				\
	  sizeof(((struct octet_cmd *)0)->field), value,		\
	  OCTET_STATUS_##status, operand }

static inline void mutation_apply(struct octet_cmd *cmd, const struct mutation *m)
{
	memcpy((uint8_t *)cmd + m->offset, &m->value, m->size);
}

/* Runs a command; checks status and operand, and that a refusal writes nothing. */
static inline void mutation_check(struct fake *f, const struct octet_cmd *cmd, const char *what,
				  unsigned int status, unsigned int operand)
{
	uint8_t *dst = fake_va(f, VA_DST);
	struct octet_completion c;

	memset(dst, 0x5a, 4096);
	c = fake_job(f, cmd, 1);
	if (c.status != status)
		fail_msg("%s: status 0x%x, want 0x%x", what, c.status, status);
	if (!status)
		return;
	if ((c.detail & OCTET_CQ_DETAIL_OPERAND) != operand)
		fail_msg("%s: operand %u, want %u", what, c.detail & 0xff, operand);
	for (int i = 0; i < 4096; i++)
		if (dst[i] != 0x5a)
			fail_msg("%s: refused, but byte %d is written", what, i);
}

#endif /* OCTET_CORE_MUTATION_H */
