// SPDX-License-Identifier: MIT
/*
 * The cases that are compared with TFLite, as the lowering makes commands of
 * them: whatever goes to the device has the host's bits, which are TFLite's.
 */

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "lower_run.h"
#include "test_host_cases.h"

#define CASES	60
#define ALL_OPS	0xffeu

static struct one o;
static int32_t inputs[ONE_TENSORS], outputs[ONE_TENSORS];

/* The graph's own inputs and outputs, which the host alone does not ask for. */
static void complete(void)
{
	o.g.inputs = inputs;
	o.g.outputs = outputs;
	for (uint32_t i = 0; i < o.g.tensor_count; i++)
		if (o.given[i] && !o.t[i].data)
			inputs[o.g.input_count++] = (int32_t)i;
	for (uint32_t i = 0; i < o.op.output_count; i++)
		outputs[o.g.output_count++] = o.out[i];
}

static void compare(const struct lower_run *run, const char *name, uint64_t seed)
{
	for (uint32_t i = 0; i < o.op.output_count; i++) {
		int32_t t = o.out[i];
		const uint8_t *host = o.buffers[t];

		for (uint64_t k = 0; k < o.t[t].bytes; k++)
			if (run->at[t][k] != host[k])
				fail_msg("%s case %llu: output %u, byte %llu: commands %d, host %d",
					 name, (unsigned long long)seed, i, (unsigned long long)k,
					 run->at[t][k], host[k]);
	}
}

/* Whether commands ran it. */
static bool one_case(const struct host_group *g, uint64_t seed)
{
	const struct octet_low_opts opts = { .ops = ALL_OPS };
	struct lower_run run;
	bool device;

	one_begin(&o, g->code, g->name, seed);
	g->build(&o);
	complete();
	assert_int_equal(one_run(&o), 0);
	lower_run_new(&run, &o.g, &opts, g->name);
	for (uint32_t i = 0; i < o.g.input_count; i++)
		memcpy(run.at[inputs[i]], o.buffers[inputs[i]], o.t[inputs[i]].bytes);
	assert_true(lower_run_go(&run, g->name));
	compare(&run, g->name, seed);
	device = run.low->cmd_count;
	lower_run_free(&run);
	one_end(&o);
	return device;
}

static void each(const struct host_group *g, int *device)
{
	for (; g->name; g++) {
		/* Commands have no float32, and no plain integers. */
		if (strstr(g->name, "/float") || strstr(g->name, "/plain"))
			continue;
		for (uint64_t seed = 0; seed < CASES; seed++)
			*device += one_case(g, seed);
	}
}

static void test_lowered(void **state)
{
	int device = 0;

	(void)state;
	each(host_groups_value, &device);
	each(host_groups_move, &device);
	each(host_groups_rows, &device);
	each(host_groups_heavy, &device);
	/* Most of them; how many exactly is the lowering's affair. */
	assert_true(device > 2000);
}

UNIT_MAIN(unit_case(test_lowered))
