// SPDX-License-Identifier: MIT
/* octet profile: cycles and stalls of each operator, as the machine reports them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "trace.h"

static double utilisation(const struct octet_info *info, uint64_t macs, uint64_t cycles)
{
	double peak = (double)info->p * info->k * info->c * (double)cycles;

	return peak > 0 ? 100.0 * (double)macs / peak : 0;
}

static void add(struct octet_op_report *sum, const struct octet_op_report *r)
{
	sum->total += r->total;
	sum->compute += r->compute;
	sum->dma_stall += r->dma_stall;
	sum->output_stall += r->output_stall;
	sum->overhead += r->overhead;
	sum->dram_read += r->dram_read;
	sum->dram_write += r->dram_write;
	sum->sram += r->sram;
	sum->macs += r->macs;
}

static void print_row(const char *label, const char *name, int width,
		      const struct octet_op_report *r, const struct octet_info *info)
{
	printf("  %6s  %-*s %11" PRIu64 " %11" PRIu64 " %10" PRIu64 " %10" PRIu64 " %9" PRIu64
	       " %10" PRIu64 " %10" PRIu64 " %6.1f\n", label, width, name, r->total, r->compute,
	       r->dma_stall, r->output_stall, r->overhead, r->dram_read, r->dram_write,
	       utilisation(info, r->macs, r->total));
}

static int print_ops(const struct tool_network *n, const struct octet_info *info,
		     struct octet_op_report *sum)
{
	int width = tool_name_width(n);

	printf("  %6s  %-*s %11s %11s %10s %10s %9s %10s %10s %6s\n", "#", width, "operator", "cycles",
	       "compute", "DMA", "output", "overhead", "DRAM read", "written", "util %");
	for (uint32_t i = 0; i < octet_model_ops(n->model); i++) {
		OCTET_OPTS(octet_plan_op, op);
		char label[16];

		if (octet_plan_op(n->plan, i, &op))
			return tool_fail(n->ctx, "profile");
		snprintf(label, sizeof(label), op.chain ? "%u.%u" : "%u", i, op.chain);
		if (op.where == OCTET_ON_CPU)
			printf("  %6u  %-*s on the CPU, %.3f ms: %s\n", i, width, op.name,
			       (double)op.host_ns * 1e-6, op.why);
		else if (op.measured.total)
			print_row(label, op.name, width, &op.measured, info);
		add(sum, &op.measured);
	}
	print_row("all", "", width, sum, info);
	return EXIT_OK;
}

static int report(const struct tool_options *o, const struct tool_network *n)
{
	OCTET_OPTS(octet_plan_info, plan);
	OCTET_OPTS(octet_info, info);
	struct octet_op_report sum = { 0 };
	struct json_object *root;
	int ret;

	octet_get_info(n->ctx, &info);
	octet_plan_info(n->plan, &plan);
	ret = print_ops(n, &info, &sum);
	if (ret)
		return ret;
	if (plan.chains)
		printf("(after a number, .K: command of chain K)\n");
	printf("profile: %" PRIu64 " cycles, %.3f ms at %.0f MHz; predicted %" PRIu64
	       "; utilisation %.1f %%; DRAM %.3f MB; %u command%s in %u job%s; SRAM %u + %u bytes\n",
	       sum.total, (double)sum.total / (double)info.clock_hz * 1e3,
	       (double)info.clock_hz * 1e-6, plan.cycles, utilisation(&info, sum.macs, sum.total),
	       (double)(sum.dram_read + sum.dram_write) * 1e-6, plan.commands,
	       plan.commands == 1 ? "" : "s", plan.segments, plan.segments == 1 ? "" : "s",
	       plan.sram, plan.lines);
	if (o->trace && tool_trace_write(n, o->trace))
		return EXIT_FAILED;
	if (!o->json)
		return EXIT_OK;
	root = json_object_new_object();
	json_object_object_add(root, "cycles", json_object_new_int64((int64_t)sum.total));
	json_object_object_add(root, "predicted", json_object_new_int64((int64_t)plan.cycles));
	json_object_object_add(root, "utilisation_percent",
			       json_object_new_double(utilisation(&info, sum.macs, sum.total)));
	json_object_object_add(root, "dram_bytes",
			       json_object_new_int64((int64_t)(sum.dram_read + sum.dram_write)));
	json_object_object_add(root, "operators", tool_ops_json(n));
	return tool_write_json(root, o->json);
}

static int profile(const struct tool_options *o, struct tool_network *n)
{
	struct tool_samples s;
	int ret;

	if (o->input_count)
		ret = tool_samples_read(n, o, o->inputs, o->input_count, &s);
	else
		ret = tool_samples_random(n, o->seed, n->batch, &s);
	if (ret)
		return ret;
	ret = tool_run_samples(n, &s, "profile", NULL, NULL, NULL);
	tool_samples_free(&s);
	return ret ? ret : report(o, n);
}

int cmd_profile(const struct tool_options *o)
{
	OCTET_OPTS(octet_plan_opts, opts);
	struct tool_network n;
	int ret;

	if (o->backend == OCTET_BACKEND_CPU) {
		fputs("octet profile: the CPU fallback counts no cycles: --backend drm or sim\n", stderr);
		return EXIT_USAGE;
	}
	opts.flavour = o->flavour;
	opts.batch = o->batch;
	opts.no_sram = o->no_sram;
	ret = tool_network_open(&n, o, &opts);
	if (ret)
		return ret;
	ret = profile(o, &n);
	tool_network_close(&n);
	return ret;
}
