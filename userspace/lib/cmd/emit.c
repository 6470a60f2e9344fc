// SPDX-License-Identifier: MIT
/*
 * The command buffer of a job: its commands, then for each the parameter
 * and channel records, every array on a 64-byte boundary.
 */

#include <string.h>

#include "cmd.h"

void octet_point_operand(struct octet_operand *operand, const struct octet_tensor *tensor)
{
	operand->addr = tensor->buffer->va;
	operand->space = OCTET_SPACE_VA;
	operand->type = (uint8_t)tensor->type;
}

static size_t align(size_t bytes)
{
	return (bytes + OCTET_CMD_ALIGN - 1) / OCTET_CMD_ALIGN * OCTET_CMD_ALIGN;
}

size_t octet_cmd_bytes(const struct octet_job *job)
{
	size_t bytes = (size_t)job->count * OCTET_CMD_SIZE;

	for (uint32_t i = 0; i < job->count; i++) {
		const struct octet_planned *p = &job->planned[i];

		if (p->raw)
			continue;
		bytes += align(p->channels * sizeof(struct octet_param));
		bytes += align(p->channels * sizeof(struct octet_channel));
	}
	return bytes;
}

static void record_operand(struct octet_operand *operand, uint64_t addr)
{
	operand->addr = addr;
	operand->space = OCTET_SPACE_VA;
	operand->flags = OCTET_OPERAND_CONST;
}

static size_t emit_records(struct octet_planned *p, struct octet_buffer *to, size_t at)
{
	struct octet_param *prm = (void *)(to->map + at);
	const int32_t *bias = p->bias ? (const void *)p->bias->map : NULL;

	record_operand(&p->cmd.prm, to->va + at);
	for (uint32_t c = 0; c < p->channels; c++) {
		prm[c].bias = bias ? bias[c] : 0;
		prm[c].mult = p->mult[c];
	}
	at += align(p->channels * sizeof(*prm));
	record_operand(&p->cmd.chn, to->va + at);
	memcpy(to->map + at, p->chn, p->channels * sizeof(*p->chn));
	return at + align(p->channels * sizeof(*p->chn));
}

void octet_cmd_emit(struct octet_job *job)
{
	struct octet_buffer *to = job->commands;
	size_t at = (size_t)job->count * OCTET_CMD_SIZE;

	for (uint32_t i = 0; i < job->count; i++) {
		struct octet_planned *p = &job->planned[i];

		if (!p->raw)
			at = emit_records(p, to, at);
		memcpy(to->map + (size_t)i * OCTET_CMD_SIZE, &p->cmd, sizeof(p->cmd));
	}
}

_Static_assert(sizeof(struct octet_cmd) == OCTET_CMD_SIZE, "command record");
/* The public header includes no other, so it has these numbers once more. */
_Static_assert((int)OCTET_RAW == OCTET_STAGE_RAW && (int)OCTET_FIX_DBL == OCTET_STAGE_FIX_DBL &&
	       (int)OCTET_FIX_DBL_UP == OCTET_STAGE_FIX_DBL_UP &&
	       (int)OCTET_FIX_UP == OCTET_STAGE_FIX_UP &&
	       (int)OCTET_FIX_AWAY == OCTET_STAGE_FIX_AWAY &&
	       (int)OCTET_FP32_RNE == OCTET_STAGE_FP32_RNE, "output stage codes");
_Static_assert((int)OCTET_INT8 == OCTET_TYPE_INT8 && (int)OCTET_UINT8 == OCTET_TYPE_UINT8 &&
	       (int)OCTET_INT32 == OCTET_TYPE_INT32, "element types");
