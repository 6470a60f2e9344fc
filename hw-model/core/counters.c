// SPDX-License-Identifier: MIT
/* Event counters of a core. They survive a core reset. */
#include "core_priv.h"

void octet_count(struct octet_core *core, unsigned int counter, uint64_t n)
{
	core->counter[counter] += n;
}

void octet_count_command(struct octet_core *core, const struct octet_report *report, uint64_t macs)
{
	octet_count(core, OCTET_COUNTER_CYCLES, report->total);
	octet_count(core, OCTET_COUNTER_COMPUTE, report->compute);
	octet_count(core, OCTET_COUNTER_DMA_STALL, report->dma_stall);
	octet_count(core, OCTET_COUNTER_OUTPUT_STALL, report->output_stall);
	octet_count(core, OCTET_COUNTER_OVERHEAD, report->overhead);
	octet_count(core, OCTET_COUNTER_MACS, macs);
	octet_count(core, OCTET_COUNTER_DRAM_READ, report->dram_read);
	octet_count(core, OCTET_COUNTER_DRAM_WRITE, report->dram_write);
	octet_count(core, OCTET_COUNTER_SRAM, report->sram);
	octet_count(core, OCTET_COUNTER_COMMANDS, 1);
}

/* @offset: within the core's page, known to be a counter's. */
uint32_t octet_counter_read(const struct octet_core *core, uint32_t offset)
{
	uint64_t v = core->counter[(offset - OCTET_CORE_COUNTER(0)) / 8];

	return (uint32_t)(offset & 4 ? v >> 32 : v);
}
