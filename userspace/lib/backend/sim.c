// SPDX-License-Identifier: MIT
/* The simulator backend: opening, buffers, counters. See sim.h. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

static int dma_read(void *opaque, uint64_t addr, void *buf, size_t len)
{
	const struct sim *sim = opaque;

	if (!sim_memory_reaches(&sim->memory, addr, len))
		return -1;
	memcpy(buf, (const void *)(uintptr_t)addr, len);
	return 0;
}

static int dma_write(void *opaque, uint64_t addr, const void *buf, size_t len)
{
	const struct sim *sim = opaque;

	if (!sim_memory_reaches(&sim->memory, addr, len))
		return -1;
	memcpy((void *)(uintptr_t)addr, buf, len);
	return 0;
}

static void kick(void *opaque, unsigned int core)
{
	struct sim *sim = opaque;

	sim->cores[core].kicked = true;
	pthread_cond_signal(&sim->cores[core].wake);
}

/* Vector 1 + core, as after a reset. */
static void irq(void *opaque, unsigned int vector)
{
	struct sim *sim = opaque;

	if (!vector || vector > sim->core_count)
		return;
	sim->cores[vector - 1].irq = true;
	pthread_cond_signal(&sim->cores[vector - 1].wake);
}

static uint64_t clock_ns(void *opaque)
{
	(void)opaque;
	return (uint64_t)octet_now();
}

/* The registers are written by sim_core.c alone, so nobody can be told better. */
static void guest_error(void *opaque, const char *text)
{
	(void)opaque;
	(void)text;
}

static void fill_info(struct sim *sim, struct octet_info *info)
{
	const struct octet_config *config = octet_machine_config(sim->machine);
	uint32_t array = sim_read(sim, OCTET_REG_ARRAY);
	uint32_t version = sim_read(sim, OCTET_REG_VERSION);

	info->cores = sim_read(sim, OCTET_REG_CORES);
	info->p = OCTET_FIELD_GET(OCTET_ARRAY_P, array);
	info->k = OCTET_FIELD_GET(OCTET_ARRAY_K, array);
	info->c = OCTET_FIELD_GET(OCTET_ARRAY_C, array);
	info->sram = sim_read(sim, OCTET_REG_SRAM_SIZE);
	info->clock_hz = config->clock_hz;
	info->dram_bpc = sim_read(sim, OCTET_REG_DRAM_BPC);
	info->ops = sim_read(sim, OCTET_REG_OPS);
	info->stages = sim_read(sim, OCTET_REG_STAGES);
	info->features = sim_read(sim, OCTET_REG_FEATURES);
	info->max_cmds = sim_read(sim, OCTET_REG_MAX_CMDS);
	info->ring_entries = SIM_RING;
	snprintf(info->simd, sizeof(info->simd), "%s", octet_machine_simd());
	snprintf(info->name, sizeof(info->name), "Octet %u.%u simulator, %s", version >> 16,
		 version & 0xffff, config->array);
}

static int machine_new(struct sim *sim, const struct octet_open_opts *opts)
{
	const struct octet_host host = {
		.opaque = sim,
		.dma_read = dma_read,
		.dma_write = dma_write,
		.kick = kick,
		.irq = irq,
		.clock_ns = clock_ns,
		.guest_error = guest_error,
	};
	struct octet_config config;
	char err[440] = "";

	octet_config_default(&config);
	if (opts->machine && octet_config_parse(&config, opts->machine, err, sizeof(err)))
		return octet_set_error(sim->ctx, -EINVAL, "octet_open: machine '%.150s': %s",
				       opts->machine, err);
	sim->machine = octet_machine_new(&config, &host, err, sizeof(err));
	if (!sim->machine)
		return octet_set_error(sim->ctx, -EINVAL, "octet_open: %s", err);
	if (sim_read(sim, OCTET_REG_ID) != OCTET_ID_MAGIC)
		return octet_set_error(
			sim->ctx, -ENODEV,
			"octet_open: the machine is gone, its registers read all ones");
	return 0;
}

static int power_up(struct sim *sim)
{
	uint64_t table;
	int ret = sim_memory_init(&sim->memory);

	if (ret)
		return ret;
	table = (uintptr_t)sim->memory.asids;
	sim_write(sim, OCTET_REG_ASID_TABLE_LO, (uint32_t)table);
	sim_write(sim, OCTET_REG_ASID_TABLE_HI, (uint32_t)(table >> 32));
	sim_write(sim, OCTET_REG_ASID_COUNT, SIM_ASIDS);
	for (unsigned int i = 0; i < sim->core_count && !ret; i++)
		ret = sim_core_start(&sim->cores[i]);
	return ret;
}

static void sim_close(struct octet_ctx *ctx)
{
	struct sim *sim = ctx->priv;

	pthread_mutex_lock(&sim->lock);
	sim->stop = true;
	for (unsigned int i = 0; i < OCTET_CORE_MAX; i++) {
		pthread_cond_signal(&sim->cores[i].wake);
		if (sim->cores[i].threaded)
			octet_core_cancel(sim->machine, i);
	}
	pthread_mutex_unlock(&sim->lock);
	for (unsigned int i = 0; i < OCTET_CORE_MAX; i++) {
		sim_core_stop(&sim->cores[i]);
		pthread_cond_destroy(&sim->cores[i].wake);
	}
	octet_machine_free(sim->machine);
	sim_memory_free(&sim->memory);
	pthread_cond_destroy(&sim->done);
	pthread_mutex_destroy(&sim->lock);
	free(sim);
}

static struct sim *sim_alloc(struct octet_ctx *ctx)
{
	struct sim *sim = calloc(1, sizeof(*sim));
	pthread_condattr_t attr;

	if (!sim)
		return NULL;
	sim->ctx = ctx;
	pthread_mutex_init(&sim->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&sim->done, &attr);
	for (unsigned int i = 0; i < OCTET_CORE_MAX; i++) {
		sim->cores[i].sim = sim;
		sim->cores[i].index = i;
		pthread_cond_init(&sim->cores[i].wake, &attr);
	}
	pthread_condattr_destroy(&attr);
	return sim;
}

static int sim_open(struct octet_ctx *ctx, const struct octet_open_opts *opts)
{
	struct sim *sim = sim_alloc(ctx);
	int ret;

	if (!sim)
		return octet_set_error(ctx, -ENOMEM, "octet_open: out of memory");
	ctx->priv = sim;
	ret = machine_new(sim, opts);
	if (!ret) {
		sim->core_count = sim_read(sim, OCTET_REG_CORES);
		fill_info(sim, &ctx->info);
		pthread_mutex_lock(&sim->lock);
		ret = power_up(sim);
		pthread_mutex_unlock(&sim->lock);
		if (ret)
			octet_set_error(ctx, ret, "octet_open: out of memory");
	}
	if (ret)
		sim_close(ctx);
	return ret;
}

static uint64_t counter(struct sim *sim, uint32_t core, uint32_t number)
{
	uint64_t lo_at = OCTET_CORE(core) + OCTET_CORE_COUNTER(number);
	uint32_t high, low, again = sim_read(sim, lo_at + 4);

	do {
		high = again;
		low = sim_read(sim, lo_at);
		again = sim_read(sim, lo_at + 4);
	} while (high != again);
	return (uint64_t)high << 32 | low;
}

static int sim_counters(struct octet_ctx *ctx, uint32_t core, struct octet_counters *c)
{
	uint64_t *const fields[OCTET_COUNTERS] = {
		[OCTET_COUNTER_CYCLES] = &c->cycles,
		[OCTET_COUNTER_COMPUTE] = &c->compute,
		[OCTET_COUNTER_DMA_STALL] = &c->dma_stall,
		[OCTET_COUNTER_OUTPUT_STALL] = &c->output_stall,
		[OCTET_COUNTER_OVERHEAD] = &c->overhead,
		[OCTET_COUNTER_MACS] = &c->macs,
		[OCTET_COUNTER_DRAM_READ] = &c->dram_read,
		[OCTET_COUNTER_DRAM_WRITE] = &c->dram_write,
		[OCTET_COUNTER_SRAM] = &c->sram,
		[OCTET_COUNTER_JOBS] = &c->jobs,
		[OCTET_COUNTER_COMMANDS] = &c->commands,
		[OCTET_COUNTER_ENTRIES] = &c->entries,
		[OCTET_COUNTER_DOORBELLS] = &c->doorbells,
		[OCTET_COUNTER_IRQS] = &c->irqs,
		[OCTET_COUNTER_ERRORS] = &c->errors,
		[OCTET_COUNTER_TLB_MISSES] = &c->tlb_misses,
		[OCTET_COUNTER_DOORBELL_CYCLES] = &c->doorbell_cycles,
		[OCTET_COUNTER_FETCH_CYCLES] = &c->fetch_cycles,
		[OCTET_COUNTER_IRQ_CYCLES] = &c->irq_cycles,
		[OCTET_COUNTER_RESETS] = &c->core_resets,
	};
	struct sim *sim = ctx->priv;

	pthread_mutex_lock(&sim->lock);
	for (uint32_t i = 0; i < OCTET_COUNTERS; i++)
		*fields[i] = counter(sim, core, i);
	pthread_mutex_unlock(&sim->lock);
	return 0;
}

static int sim_usage(struct octet_ctx *ctx, struct octet_usage *usage)
{
	struct sim *sim = ctx->priv;

	pthread_mutex_lock(&sim->lock);
	for (size_t i = 0; i < sim->memory.va.count; i++)
		usage->buffer_bytes += sim->memory.va.at[i].size;
	usage->buffers = (uint32_t)sim->memory.va.count;
	usage->table_bytes = sim->memory.tables * OCTET_PAGE_SIZE;
	for (unsigned int i = 0; i < sim->core_count; i++)
		usage->queues += sim->cores[i].queue_count;
	pthread_mutex_unlock(&sim->lock);
	return 0;
}

static int sim_buffer_new(struct octet_buffer *buffer)
{
	struct sim *sim = buffer->ctx->priv;
	size_t bytes = (buffer->size + OCTET_PAGE_SIZE - 1) / OCTET_PAGE_SIZE * OCTET_PAGE_SIZE;
	int ret = -ENOMEM;

	pthread_mutex_lock(&sim->lock);
	buffer->map = sim_memory_dma(&sim->memory, bytes);
	if (buffer->map) {
		ret = sim_memory_map(&sim->memory, buffer->map, bytes, !buffer->read_only,
				     &buffer->va);
		if (ret)
			sim_memory_dma_free(&sim->memory, buffer->map, bytes);
	}
	pthread_mutex_unlock(&sim->lock);
	if (ret)
		return octet_set_error(buffer->ctx, ret, "no memory for a buffer of %zu bytes: %s",
				       buffer->size, octet_strerror(ret));
	buffer->size = bytes;
	return 0;
}

/* A page goes back to its system only when no translation of it is left. */
static void invalidate(struct sim *sim, uint64_t va, size_t bytes)
{
	sim->invalidating++;
	while (sim_read(sim, OCTET_REG_TLB_STATUS) & OCTET_TLB_STATUS_BUSY && !sim->gone)
		pthread_cond_wait(&sim->done, &sim->lock);
	sim_write(sim, OCTET_REG_TLB_ASID, SIM_ASID);
	sim_write(sim, OCTET_REG_TLB_VA_LO, (uint32_t)va);
	sim_write(sim, OCTET_REG_TLB_VA_HI, (uint32_t)(va >> 32));
	sim_write(sim, OCTET_REG_TLB_PAGES, (uint32_t)(bytes / OCTET_PAGE_SIZE));
	sim_write(sim, OCTET_REG_TLB_CMD, OCTET_TLB_CMD_RANGE);
	while (sim_read(sim, OCTET_REG_TLB_STATUS) & OCTET_TLB_STATUS_BUSY && !sim->gone)
		pthread_cond_wait(&sim->done, &sim->lock);
	sim->invalidating--;
}

static void sim_buffer_free(struct octet_buffer *buffer)
{
	struct sim *sim = buffer->ctx->priv;

	pthread_mutex_lock(&sim->lock);
	sim_memory_unmap(&sim->memory, buffer->va, buffer->size);
	if (sim_read(sim, OCTET_REG_ID) == OCTET_ID_MAGIC)
		invalidate(sim, buffer->va, buffer->size);
	sim_memory_dma_free(&sim->memory, buffer->map, buffer->size);
	pthread_mutex_unlock(&sim->lock);
}

const struct octet_backend_ops octet_sim_ops = {
	.open = sim_open,
	.close = sim_close,
	.counters = sim_counters,
	.usage = sim_usage,
	.buffer_new = sim_buffer_new,
	.buffer_free = sim_buffer_free,
	.queue_new = sim_queue_new,
	.queue_free = sim_queue_free,
	.submit = sim_submit,
	.wait = sim_queue_wait,
	.state = sim_queue_state,
	.fence_fd = sim_fence_fd,
};
