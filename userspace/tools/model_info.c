// SPDX-License-Identifier: MIT
/* octet info MODEL: each operator, where it runs and why, its size and its cycles. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "model_info.h"
#include "network.h"

/* Bytes that an operator reads and writes, its constants among them. */
static uint64_t bytes_of(const struct tool_network *n, const struct octet_plan_op *op)
{
	OCTET_OPTS(octet_tensor_info, t);
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < op->input_count; i++)
		if (op->inputs[i] >= 0 && !octet_model_tensor(n->model, (uint32_t)op->inputs[i], &t))
			bytes += t.bytes;
	for (uint32_t i = 0; i < op->output_count; i++)
		if (!octet_model_tensor(n->model, (uint32_t)op->outputs[i], &t))
			bytes += t.bytes;
	return bytes;
}

static void note(const struct octet_plan_op *op, char *out, size_t size)
{
	char place[24] = "";

	if (op->chain)
		snprintf(place, sizeof(place), "chain %u", op->chain);
	else if (op->in_sram)
		snprintf(place, sizeof(place), "SRAM");
	snprintf(out, size, "%s%s%s%s%s", place, place[0] && !op->exact ? "; " : "",
		 op->exact ? "" : "not claimed exact",
		 op->why[0] && (place[0] || !op->exact) ? "; " : "", op->why);
}

/* Columns that are as wide as what they have. */
struct widths {
	int name, result, params;
};

/* The shape of an operator's first result; @t and @dims describe it. */
static void result_of(const struct tool_network *n, const struct octet_plan_op *op,
		      struct octet_tensor_info *t, char *dims, size_t size)
{
	dims[0] = '\0';
	if (op->output_count)
		octet_model_tensor(n->model, (uint32_t)op->outputs[0], t);
	tool_dims(t, dims, size);
}

static struct widths widths_of(const struct tool_network *n)
{
	struct widths w = { tool_name_width(n), (int)strlen("result"), (int)strlen("parameters") };

	for (uint32_t i = 0; i < octet_model_ops(n->model); i++) {
		OCTET_OPTS(octet_tensor_info, t);
		OCTET_OPTS(octet_plan_op, op);
		char dims[96];

		if (octet_plan_op(n->plan, i, &op))
			continue;
		result_of(n, &op, &t, dims, sizeof(dims));
		if ((int)strlen(dims) > w.result)
			w.result = (int)strlen(dims);
		if ((int)strlen(op.params) > w.params)
			w.params = (int)strlen(op.params);
	}
	return w;
}

static void print_op(const struct tool_network *n, const struct octet_plan_op *op, uint32_t index,
		     const struct widths *w)
{
	OCTET_OPTS(octet_tensor_info, t);
	char dims[96], text[256];

	result_of(n, op, &t, dims, sizeof(dims));
	note(op, text, sizeof(text));
	printf("  %3u  %-*s %-7s %-*s %-7s %-*s %10.3f %9" PRIu64 " %8" PRIu64 "%s%s\n", index,
	       w->name, op->name, tool_where(op), w->result, dims, octet_dtype_name(t.type),
	       w->params, op->params, (double)op->macs * 1e-3, bytes_of(n, op),
	       op->predicted.total, text[0] ? "  " : "", text);
}

static void print_edges(const struct tool_network *n)
{
	OCTET_OPTS(octet_tensor_info, t);
	char dims[96];

	for (uint32_t i = 0; i < n->inputs + n->outputs; i++) {
		bool in = i < n->inputs;

		octet_model_tensor(n->model, (uint32_t)(in ? octet_model_input(n->model, i) :
							     octet_model_output(n->model,
										i - n->inputs)), &t);
		printf("  %-11s '%s' %s %s", in ? "input" : "output", t.name,
		       octet_dtype_name(t.type), tool_dims(&t, dims, sizeof(dims)));
		if (t.quants == 1)
			printf(", scale %.9g, zero point %d", (double)t.scale[0], t.zero_point[0]);
		putchar('\n');
	}
}

static struct json_object *report_json(const struct octet_op_report *r)
{
	struct json_object *o = json_object_new_object();

#define NUMBER(f) json_object_object_add(o, #f, json_object_new_int64((int64_t)r->f))
	NUMBER(total);
	NUMBER(compute);
	NUMBER(dma_stall);
	NUMBER(output_stall);
	NUMBER(overhead);
	NUMBER(dram_read);
	NUMBER(dram_write);
	NUMBER(sram);
	NUMBER(macs);
#undef NUMBER
	return o;
}

static struct json_object *op_json(const struct tool_network *n, const struct octet_plan_op *op)
{
	struct json_object *o = json_object_new_object(), *shape = json_object_new_array();
	OCTET_OPTS(octet_tensor_info, t);

	if (op->output_count)
		octet_model_tensor(n->model, (uint32_t)op->outputs[0], &t);
	for (uint32_t i = 0; i < t.rank; i++)
		json_object_array_add(shape, json_object_new_int64(t.dims[i]));
	json_object_object_add(o, "name", json_object_new_string(op->name));
	json_object_object_add(o, "where", json_object_new_string(tool_where(op)));
	json_object_object_add(o, "why", json_object_new_string(op->why));
	json_object_object_add(o, "exact", json_object_new_boolean(op->exact));
	json_object_object_add(o, "params", json_object_new_string(op->params));
	json_object_object_add(o, "result", shape);
	json_object_object_add(o, "type", json_object_new_string(octet_dtype_name(t.type)));
	json_object_object_add(o, "macs", json_object_new_int64((int64_t)op->macs));
	json_object_object_add(o, "bytes", json_object_new_int64((int64_t)bytes_of(n, op)));
	json_object_object_add(o, "commands", json_object_new_int64(op->commands));
	json_object_object_add(o, "chain", json_object_new_int64(op->chain));
	json_object_object_add(o, "in_sram", json_object_new_boolean(op->in_sram));
	json_object_object_add(o, "predicted", report_json(&op->predicted));
	json_object_object_add(o, "measured", report_json(&op->measured));
	json_object_object_add(o, "host_ns", json_object_new_int64((int64_t)op->host_ns));
	return o;
}

struct json_object *tool_ops_json(const struct tool_network *n)
{
	struct json_object *list = json_object_new_array();

	for (uint32_t i = 0; i < octet_model_ops(n->model); i++) {
		OCTET_OPTS(octet_plan_op, op);

		if (!octet_plan_op(n->plan, i, &op))
			json_object_array_add(list, op_json(n, &op));
	}
	return list;
}

static const char *s(uint32_t count)
{
	return count == 1 ? "" : "s";
}

static void print_sums(const struct tool_options *o, const struct tool_network *n,
		       const struct octet_plan_info *info)
{
	printf("model: %s: %u operator%s, %.3f MMAC, %.1f %% of them on the device; flavour %s\n",
	       o->model, octet_model_ops(n->model), s(octet_model_ops(n->model)), (double)info->macs * 1e-6,
	       info->macs ? 100.0 * (double)info->device_macs / (double)info->macs : 100.0,
	       octet_flavour_name(o->flavour));
	printf("model: %u command%s in %u job%s, %u chain%s, %u CPU operator%s; %" PRIu64
	       " cycles, %.3f MB of DRAM traffic\n", info->commands, s(info->commands),
	       info->segments, s(info->segments), info->chains, s(info->chains), info->host_ops,
	       s(info->host_ops), info->cycles,
	       (double)(info->dram_read + info->dram_write) * 1e-6);
	if (octet_get_backend(n->ctx) == OCTET_BACKEND_CPU)
		puts("model: planned for the CPU fallback: \"device\" is what it does in the device's "
		     "place, without SRAM and chains; cycles are those of such a plan");
	printf("model: constants %" PRIu64 " bytes, activations %" PRIu64 ", SRAM %u + %u; load %.1f ms, "
	       "plan %.1f ms\n", info->const_bytes, info->arena_bytes, info->sram, info->lines,
	       n->load_s * 1e3, n->plan_s * 1e3);
}

static int print_model(const struct tool_options *o, const struct tool_network *n)
{
	OCTET_OPTS(octet_plan_info, info);
	struct widths w = widths_of(n);
	struct json_object *root;

	octet_plan_info(n->plan, &info);
	print_edges(n);
	printf("  %3s  %-*s %-7s %-*s %-7s %-*s %10s %9s %8s  %s\n", "#", w.name, "operator",
	       "runs on", w.result, "result", "type", w.params, "parameters", "KMAC", "bytes",
	       "cycles", "note");
	for (uint32_t i = 0; i < octet_model_ops(n->model); i++) {
		OCTET_OPTS(octet_plan_op, op);

		if (octet_plan_op(n->plan, i, &op))
			return tool_fail(n->ctx, o->model);
		print_op(n, &op, i, &w);
	}
	print_sums(o, n, &info);
	if (!o->json)
		return EXIT_OK;
	root = json_object_new_object();
	json_object_object_add(root, "model", json_object_new_string(o->model));
	json_object_object_add(root, "macs", json_object_new_int64((int64_t)info.macs));
	json_object_object_add(root, "device_macs", json_object_new_int64((int64_t)info.device_macs));
	json_object_object_add(root, "cycles", json_object_new_int64((int64_t)info.cycles));
	json_object_object_add(root, "const_bytes", json_object_new_int64((int64_t)info.const_bytes));
	json_object_object_add(root, "operators", tool_ops_json(n));
	return tool_write_json(root, o->json);
}

int tool_model_info(const struct tool_options *o)
{
	OCTET_OPTS(octet_plan_opts, opts);
	struct tool_network n;
	int ret;

	opts.flavour = o->flavour;
	opts.batch = o->batch;
	opts.no_sram = o->no_sram;
	opts.keep = o->keep;
	ret = tool_network_open(&n, o, &opts);
	if (ret)
		return ret;
	ret = print_model(o, &n);
	tool_network_close(&n);
	return ret;
}
