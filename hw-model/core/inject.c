// SPDX-License-Identifier: MIT
/*
 * Injected faults, and the one way to guest memory, where two of them act.
 */
#include "core_priv.h"

/* Counts one event; true if it is the one that shall fail. */
bool octet_inject_fires(struct octet_core *core, uint64_t *count)
{
	int only = core->m->inject.core;

	if (!*count || (only >= 0 && (unsigned int)only != core->index))
		return false;
	return --*count == 0;
}

static bool refused(struct octet_core *core, uint64_t addr, size_t len)
{
	struct octet_machine *m = core->m;

	if (m->inject.gone || octet_inject_fires(core, &m->inject.dma_error))
		return true;
	return len > BIT_ULL(OCTET_DMA_BITS) || addr > BIT_ULL(OCTET_DMA_BITS) - len;
}

int octet_dma_read(struct octet_core *core, uint64_t addr, void *buf, size_t len)
{
	if (refused(core, addr, len))
		return -1;
	return core->m->host.dma_read(core->m->host.opaque, addr, buf, len);
}

int octet_dma_write(struct octet_core *core, uint64_t addr, const void *buf, size_t len)
{
	if (refused(core, addr, len))
		return -1;
	return core->m->host.dma_write(core->m->host.opaque, addr, buf, len);
}

struct octet_inject *octet_machine_inject(struct octet_machine *m)
{
	return &m->inject;
}
