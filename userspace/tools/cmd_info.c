// SPDX-License-Identifier: MIT
/* octet info: the backend, the machine behind it, its counters. */
#include <inttypes.h>
#include <stdio.h>

#include <json-c/json.h>

#include "model_info.h"
#include "tool.h"

static const struct {
	const char *name;
	size_t offset;
} counters[] = {
#define COUNTER(f) { #f, offsetof(struct octet_counters, f) }
	COUNTER(cycles), COUNTER(compute), COUNTER(dma_stall), COUNTER(output_stall),
	COUNTER(overhead), COUNTER(macs), COUNTER(dram_read), COUNTER(dram_write),
	COUNTER(sram), COUNTER(jobs), COUNTER(commands), COUNTER(entries),
	COUNTER(doorbells), COUNTER(irqs), COUNTER(errors), COUNTER(tlb_misses),
	COUNTER(doorbell_cycles), COUNTER(fetch_cycles), COUNTER(irq_cycles),
	COUNTER(core_resets),
};

#define N_COUNTERS (sizeof(counters) / sizeof(counters[0]))

static uint64_t counter(const struct octet_counters *c, size_t i)
{
	return *(const uint64_t *)((const char *)c + counters[i].offset);
}

static void print_machine(const struct octet_ctx *ctx, const struct octet_info *info)
{
	printf("octet %s\n", octet_version());
	printf("  backend     %s: %s\n", octet_backend_name(octet_get_backend(ctx)),
	       octet_backend_reason(ctx));
	printf("  machine     %s\n", info->name);
	if (info->cores) {
		printf("  cores       %u, array %u x %u x %u = %u MACs each, %u KiB SRAM\n",
		       info->cores, info->p, info->k, info->c, info->p * info->k * info->c,
		       info->sram / 1024);
		printf("  clock       %.3f MHz, %u DRAM bytes a cycle, %u ring entries\n",
		       info->clock_hz * 1e-6, info->dram_bpc, info->ring_entries);
	}
	if (info->simd[0])
		printf("  arithmetic  %s\n", info->simd);
	printf("  operations ");
	for (uint32_t op = 0; op < 32; op++)
		if (info->ops >> op & 1)
			printf(" %s", octet_op_name(op));
	printf("\n  stages     ");
	for (unsigned int i = 0; i < 32; i++)
		if (info->stages >> i & 1)
			printf(" %s", octet_stage_name((enum octet_stage_code)i));
	putchar('\n');
}

static struct json_object *machine_json(const struct octet_ctx *ctx, const struct octet_info *info)
{
	struct json_object *o = json_object_new_object();

#define NUMBER(f) json_object_object_add(o, #f, json_object_new_int64(info->f))
	json_object_object_add(o, "version", json_object_new_string(octet_version()));
	json_object_object_add(o, "backend", json_object_new_string(
			       octet_backend_name(octet_get_backend(ctx))));
	json_object_object_add(o, "reason", json_object_new_string(octet_backend_reason(ctx)));
	json_object_object_add(o, "name", json_object_new_string(info->name));
	json_object_object_add(o, "simd", json_object_new_string(info->simd));
	NUMBER(cores);
	NUMBER(p);
	NUMBER(k);
	NUMBER(c);
	NUMBER(sram);
	NUMBER(clock_hz);
	NUMBER(dram_bpc);
	NUMBER(ops);
	NUMBER(stages);
	NUMBER(features);
	NUMBER(max_cmds);
	NUMBER(ring_entries);
	return o;
}

static int print_counters(struct octet_ctx *ctx, const struct octet_info *info,
			  struct json_object *list)
{
	OCTET_OPTS(octet_counters, c);

	for (uint32_t core = 0; core < info->cores; core++) {
		struct json_object *o = json_object_new_object();

		if (octet_get_counters(ctx, core, &c)) {
			json_object_put(o);
			return tool_fail(ctx, "counters");
		}
		printf("  core %u     ", core);
		for (size_t i = 0; i < N_COUNTERS; i++) {
			if (counter(&c, i))
				printf(" %s %" PRIu64, counters[i].name, counter(&c, i));
			json_object_object_add(o, counters[i].name,
					       json_object_new_int64(counter(&c, i)));
		}
		puts(counter(&c, 0) ? "" : " no jobs yet");
		json_object_array_add(list, o);
	}
	return EXIT_OK;
}

static int machine_info(const struct tool_options *o)
{
	struct octet_ctx *ctx = tool_open(o);
	struct json_object *root, *list;
	OCTET_OPTS(octet_info, info);
	int ret;

	if (!ctx)
		return EXIT_FAILED;
	if (octet_get_info(ctx, &info)) {
		ret = tool_fail(ctx, "info");
		octet_close(ctx);
		return ret;
	}
	print_machine(ctx, &info);
	root = machine_json(ctx, &info);
	list = json_object_new_array();
	json_object_object_add(root, "counters", list);
	ret = print_counters(ctx, &info, list);
	if (o->json && ret == EXIT_OK)
		ret = tool_write_json(root, o->json);
	else
		json_object_put(root);
	octet_close(ctx);
	return ret;
}

int cmd_info(const struct tool_options *o)
{
	return o->model ? tool_model_info(o) : machine_info(o);
}
