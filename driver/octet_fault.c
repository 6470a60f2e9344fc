// SPDX-License-Identifier: GPL-2.0-only
/*
 * DOC: Faults
 *
 * What a failed job leaves in the log: one line, decoded. What a client can bring
 * about by itself, with commands or addresses of its own making, stays below
 * the default level, so that nobody can fill the log.
 */
#include <linux/bitfield.h>

#include <drm/drm_print.h>
#include <drm/octet_isa.h>

#include "octet_compat.h"
#include "octet_device.h"
#include "octet_drv.h"
#include "octet_fault.h"
#include "octet_job.h"
#include "octet_queue.h"

static const char * const octet_statuses[] = {
	[OCTET_STATUS_OK] = "ok",
	[OCTET_STATUS_BAD_ENTRY] = "bad ring entry",
	[OCTET_STATUS_BAD_ASID] = "bad address space",
	[OCTET_STATUS_BAD_SPLIT] = "bad SRAM split",
	[OCTET_STATUS_UNMAPPED] = "unmapped address",
	[OCTET_STATUS_PERMISSION] = "no permission",
	[OCTET_STATUS_BAD_PTE] = "bad page-table entry",
	[OCTET_STATUS_NON_CANONICAL] = "non-canonical address",
	[OCTET_STATUS_BUS_ERROR] = "bus error",
	[OCTET_STATUS_BAD_OP] = "bad operation",
	[OCTET_STATUS_BAD_FLAGS] = "bad flags",
	[OCTET_STATUS_RESERVED] = "reserved field not zero",
	[OCTET_STATUS_BAD_SHAPE] = "bad shape",
	[OCTET_STATUS_BAD_TYPE] = "bad type",
	[OCTET_STATUS_BAD_LAYOUT] = "bad layout",
	[OCTET_STATUS_BAD_SPACE] = "bad address kind",
	[OCTET_STATUS_BAD_QUANT] = "bad quantization",
	[OCTET_STATUS_BAD_SRAM] = "operand outside the SRAM",
	[OCTET_STATUS_NO_FIT] = "no tiling fits",
	[OCTET_STATUS_TOO_LARGE] = "operand too large",
	[OCTET_STATUS_BAD_CHAIN] = "bad chain",
	[OCTET_STATUS_BUDGET] = "over its budget",
	[OCTET_STATUS_INJECTED] = "injected fault",
	[OCTET_STATUS_NO_MEMORY] = "device out of memory",
};

static const char * const octet_operands[] = {
	[OCTET_OPERAND_SRC] = "src",
	[OCTET_OPERAND_SRC2] = "src2",
	[OCTET_OPERAND_WGT] = "weights",
	[OCTET_OPERAND_PRM] = "parameters",
	[OCTET_OPERAND_CHN] = "channels",
	[OCTET_OPERAND_DST] = "dst",
	[OCTET_OPERAND_CMD] = "command",
	[OCTET_OPERAND_REPORT] = "report",
	[OCTET_OPERAND_TABLE] = "table",
};

static const char * const octet_accesses[] = {
	[OCTET_ACCESS_NONE] = "none",
	[OCTET_ACCESS_READ] = "read",
	[OCTET_ACCESS_WRITE] = "write",
	[OCTET_ACCESS_FETCH] = "fetch",
};

static const char *octet_name(const char * const *names, size_t count, u32 value)
{
	return value < count && names[value] ? names[value] : "unknown";
}

const char *octet_status_name(u32 status)
{
	return octet_name(octet_statuses, ARRAY_SIZE(octet_statuses), status);
}

/* @detail as in a completion, both functions. */
const char *octet_operand_name(u32 detail)
{
	return octet_name(octet_operands, ARRAY_SIZE(octet_operands),
			  FIELD_GET(OCTET_CQ_DETAIL_OPERAND, detail));
}

const char *octet_access_name(u32 detail)
{
	return octet_name(octet_accesses, ARRAY_SIZE(octet_accesses),
			  FIELD_GET(OCTET_CQ_DETAIL_ACCESS, detail));
}

/*
 * Whether it follows from what the client wrote into its buffers: NO_MEMORY too,
 * for operands may be larger than what the device can copy.
 */
bool octet_fault_is_clients(u32 status)
{
	switch (status) {
	case OCTET_STATUS_UNMAPPED:
	case OCTET_STATUS_PERMISSION:
	case OCTET_STATUS_NON_CANONICAL:
	case OCTET_STATUS_NO_MEMORY:
		return true;
	default:
		return status >= OCTET_STATUS_BAD_OP &&
		       status <= OCTET_STATUS_BUDGET;
	}
}

void octet_fault_report(struct octet_core *core, const struct octet_job *job,
			const struct octet_fault *fault)
{
	const struct octet_batch *batch = job->batch;
	struct drm_device *drm = &core->odev->drm;
	char text[192];

	snprintf(text, sizeof(text),
		 "core %u: client %llu: queue %u: job %llu: command %u: %s, operand %s, access %s, va %#llx",
		 core->index, batch->client->id, batch->queue->id,
		 job->fence->seqno, fault->command,
		 octet_status_name(fault->status),
		 octet_operand_name(fault->detail),
		 octet_access_name(fault->detail), fault->va);
	if (octet_fault_is_clients(fault->status))
		drm_dbg(drm, "%s\n", text);
	else
		drm_err_ratelimited(drm, "%s\n", text);
}
