// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "trace.h"

/* Tracks of the trace. */
enum track {
	TRACK_OPERATORS = 1,
	TRACK_PARTS = 2,
	TRACK_DRAM = 3,
	TRACK_CPU = 4,
};

struct trace {
	struct json_object *events;
	double us_per_cycle;
};

static struct json_object *event(const char *phase, enum track track, const char *name, double ts)
{
	struct json_object *e = json_object_new_object();

	json_object_object_add(e, "ph", json_object_new_string(phase));
	json_object_object_add(e, "pid", json_object_new_int(1));
	json_object_object_add(e, "tid", json_object_new_int(track));
	json_object_object_add(e, "name", json_object_new_string(name));
	json_object_object_add(e, "ts", json_object_new_double(ts));
	return e;
}

static void name_track(struct trace *t, enum track track, const char *name)
{
	struct json_object *e = event("M", track, "thread_name", 0), *args;

	args = json_object_new_object();
	json_object_object_add(args, "name", json_object_new_string(name));
	json_object_object_add(e, "args", args);
	json_object_array_add(t->events, e);
}

/* @from, @us: microseconds */
static struct json_object *slice(struct trace *t, enum track track, const char *name, double from,
				 double us)
{
	struct json_object *e = event("X", track, name, from);

	json_object_object_add(e, "dur", json_object_new_double(us));
	json_object_array_add(t->events, e);
	return e;
}

static void args(struct json_object *e, const struct octet_plan_op *op, uint32_t index)
{
	const struct octet_op_report *r = &op->measured;
	struct json_object *a = json_object_new_object();

	json_object_object_add(a, "operator", json_object_new_int64(index));
	json_object_object_add(a, "params", json_object_new_string(op->params));
	if (op->why[0])
		json_object_object_add(a, "why", json_object_new_string(op->why));
	json_object_object_add(a, "cycles", json_object_new_int64((int64_t)r->total));
	json_object_object_add(a, "macs", json_object_new_int64((int64_t)r->macs));
	json_object_object_add(a, "dram_read", json_object_new_int64((int64_t)r->dram_read));
	json_object_object_add(a, "dram_write", json_object_new_int64((int64_t)r->dram_write));
	json_object_object_add(a, "chain", json_object_new_int64(op->chain));
	json_object_object_add(e, "args", a);
}

static void dram(struct trace *t, const struct octet_op_report *r, double at)
{
	struct json_object *e = event("C", TRACK_DRAM, "DRAM bytes per cycle", at), *a;

	a = json_object_new_object();
	json_object_object_add(a, "read", json_object_new_double(
			       r->total ? (double)r->dram_read / (double)r->total : 0));
	json_object_object_add(a, "write", json_object_new_double(
			       r->total ? (double)r->dram_write / (double)r->total : 0));
	json_object_object_add(e, "args", a);
	json_object_array_add(t->events, e);
}

/*
 * An operator: its whole, and below the parts that its cycles are charged to; on the CPU
 * the time that it took.
 */
static double add_op(struct trace *t, const struct octet_plan_op *op, uint32_t index, double at)
{
	const struct octet_op_report *r = &op->measured;
	const struct {
		const char *name;
		uint64_t cycles;
	} parts[] = {
		{ "overhead", r->overhead }, { "compute", r->compute },
		{ "output stall", r->output_stall }, { "DMA stall", r->dma_stall },
	};

	if (op->where == OCTET_ON_CPU) {
		args(slice(t, TRACK_CPU, op->name, at, (double)op->host_ns * 1e-3), op, index);
		return at + (double)op->host_ns * 1e-3;
	}
	if (!r->total)
		return at;
	args(slice(t, TRACK_OPERATORS, op->name, at, (double)r->total * t->us_per_cycle), op, index);
	dram(t, r, at);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!parts[i].cycles)
			continue;
		slice(t, TRACK_PARTS, parts[i].name, at,
		      (double)parts[i].cycles * t->us_per_cycle);
		at += (double)parts[i].cycles * t->us_per_cycle;
	}
	return at;
}

int tool_trace_write(const struct tool_network *n, const char *path)
{
	OCTET_OPTS(octet_info, info);
	struct trace t = { .events = json_object_new_array() };
	struct json_object *root = json_object_new_object();
	int ret = EXIT_OK;
	double at = 0;

	octet_get_info(n->ctx, &info);
	t.us_per_cycle = info.clock_hz ? 1e6 / (double)info.clock_hz : 1e-3;
	name_track(&t, TRACK_OPERATORS, "operators");
	name_track(&t, TRACK_PARTS, "where the cycles go");
	name_track(&t, TRACK_CPU, "CPU, as measured");
	for (uint32_t i = 0; i < octet_model_ops(n->model); i++) {
		OCTET_OPTS(octet_plan_op, op);

		if (!octet_plan_op(n->plan, i, &op))
			at = add_op(&t, &op, i, at);
	}
	json_object_object_add(root, "displayTimeUnit", json_object_new_string("ns"));
	json_object_object_add(root, "traceEvents", t.events);
	if (json_object_to_file_ext(path, root, JSON_C_TO_STRING_PLAIN)) {
		fprintf(stderr, "octet: --trace %s: %s\n", path, strerror(errno));
		ret = EXIT_FAILED;
	}
	json_object_put(root);
	return ret;
}
