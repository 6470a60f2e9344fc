// SPDX-License-Identifier: MIT
/* Programs without plan or machine. */
#include <stdlib.h>
#include <string.h>

#include "cpu/cpu.h"
#include "host/host.h"
#include "lower_run.h"
#include "unit.h"

#define SRAM	(1u << 20)
#define ALL_OPS	0xffeu

static int32_t root_of(const struct octet_low *low, int32_t t, uint64_t *offset)
{
	for (*offset = 0; low->tensors[t].alias >= 0; t = low->tensors[t].alias)
		*offset += low->tensors[t].offset;
	return t;
}

void lower_run_new(struct lower_run *run, const struct octet_graph *g,
		   const struct octet_low_opts *opts, const char *name)
{
	char err[512] = "";
	const struct octet_low *low;

	if (octet_lower(g, opts, &run->low, err, sizeof(err)))
		fail_msg("%s: %s", name, err);
	low = run->low;
	run->memory = calloc(low->tensor_count + 1, sizeof(*run->memory));
	run->at = calloc(low->tensor_count + 1, sizeof(*run->at));
	for (uint32_t i = 0; i < low->tensor_count; i++) {
		if (low->tensors[i].alias >= 0)
			continue;
		run->memory[i] = aligned_alloc(64, (low->tensors[i].bytes + 127) / 64 * 64);
		memset(run->memory[i], 0xa5, low->tensors[i].bytes);
		if (low->tensors[i].data)
			memcpy(run->memory[i], low->tensors[i].data, low->tensors[i].bytes);
	}
	for (uint32_t i = 0; i < low->tensor_count; i++) {
		uint64_t offset;
		int32_t root = root_of(low, (int32_t)i, &offset);

		run->at[i] = run->memory[root] + offset;
	}
}

void lower_run_fill(struct lower_run *run, uint32_t seed)
{
	const struct octet_graph *g = run->low->graph;
	uint64_t state = seed * 0x9e3779b97f4a7c15u + 1;

	for (uint32_t i = 0; i < g->input_count; i++) {
		const struct octet_graph_tensor *t = &g->tensors[g->inputs[i]];
		uint8_t *to = run->at[g->inputs[i]];

		for (uint64_t k = 0; k < t->bytes; k++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			to[k] = (uint8_t)(state >> 56);
		}
		for (uint64_t k = 0; t->type == OCTET_FLOAT32 && k < t->elements; k++)
			((float *)(void *)to)[k] = (float)((int8_t)to[4 * k]) / 32;
	}
}

/* What a command may touch: one tensor's memory as a whole. */
static void *at(void *opaque, uint64_t va, uint64_t size, bool write)
{
	struct lower_run *run = opaque;

	for (uint32_t i = 0; i < run->low->tensor_count; i++) {
		uint64_t first = (uint64_t)(uintptr_t)run->memory[i];

		if (!run->memory[i] || (write && run->low->tensors[i].data))
			continue;
		if (va >= first && va - first + size <= run->low->tensors[i].bytes)
			return (void *)(uintptr_t)va;
	}
	return NULL;
}

static bool command(struct lower_run *run, struct octet_cpu *cpu, uint32_t index,
		    const char *name)
{
	const struct octet_cpu_memory memory = { .opaque = run, .at = at };
	const struct octet_low_cmd *c = &run->low->cmds[index];
	struct octet_cpu_fault fault = { 0 };
	struct octet_cmd cmd = c->cmd;

	for (int i = 0; i < OCTET_LOW_OPERANDS; i++) {
		uint64_t base = c->tensor[i] < 0 ? 0 : (uint64_t)(uintptr_t)run->at[c->tensor[i]];

		if (i == OCTET_OPERAND_TABLE)
			cmd.table += base;
		else if (i < OCTET_OPERAND_CMD)
			(&cmd.src)[i].addr += base;
	}
	if (!octet_cpu_run(cpu, &memory, &cmd, 1, SRAM, 0, NULL, &fault))
		return true;
	fprintf(stderr, "%s: command %u of operator %u (%s): %s\n", name, index, c->op,
		run->low->graph->ops[c->op].name, fault.text);
	return false;
}

static bool host(struct lower_run *run, uint32_t op, const char *name)
{
	const struct octet_graph *g = run->low->graph;
	size_t bytes = octet_host_scratch(g, op);
	char err[256] = "";
	const char *why;
	octet_host_fn *fn;
	struct octet_host_call call = {
		.g = g, .op = &g->ops[op], .buffers = (void *const *)run->at,
		.scratch = malloc(bytes + 1), .scratch_bytes = bytes,
		.err = err, .err_size = sizeof(err),
	};
	int ret = octet_host_find(g, op, &fn, &why);

	if (!ret)
		ret = fn(&call);
	if (ret)
		fprintf(stderr, "%s: operator %u on the host: %s\n", name, op, err);
	free(call.scratch);
	return !ret;
}

bool lower_run_go(struct lower_run *run, const char *name)
{
	struct octet_cpu *cpu;
	char err[128] = "";
	bool good = true;

	if (octet_cpu_new(&cpu, NULL, 0, err, sizeof(err)))
		fail_msg("%s", err);
	for (uint32_t i = 0; good && i < run->low->step_count; i++) {
		const struct octet_low_step *s = &run->low->steps[i];

		good = s->kind == OCTET_LOW_CMD ? command(run, cpu, s->index, name)
						: host(run, s->index, name);
	}
	octet_cpu_free(cpu);
	return good;
}

void lower_run_free(struct lower_run *run)
{
	for (uint32_t i = 0; i < run->low->tensor_count; i++)
		free(run->memory[i]);
	free(run->memory);
	free(run->at);
	octet_low_free(run->low);
}

/* Floats come and go on the host, always. */
static bool at_host(const struct octet_low *low, uint32_t i)
{
	const struct octet_graph *g = low->graph;
	const struct octet_graph_tensor *x = octet_graph_input(g, &g->ops[i], 0);
	const struct octet_graph_tensor *y = octet_graph_output(g, &g->ops[i], 0);

	return low->ops[i].where == OCTET_LOW_ON_HOST &&
	       (x->type == OCTET_FLOAT32) == (y->type == OCTET_FLOAT32);
}

static int device_ops(const struct octet_low *low)
{
	int n = 0;

	for (uint32_t i = 0; i < low->graph->op_count; i++)
		n += !at_host(low, i);
	return n;
}

static const char *first_host(const struct octet_low *low)
{
	for (uint32_t i = 0; i < low->graph->op_count; i++)
		if (at_host(low, i))
			return low->ops[i].why;
	return "";
}

static void same_outputs(const struct lower_run *a, const struct lower_run *b, const char *name,
			 uint32_t seed)
{
	const struct octet_graph *g = a->low->graph;

	for (uint32_t i = 0; i < g->output_count; i++) {
		int32_t t = g->outputs[i];

		for (uint64_t k = 0; k < g->tensors[t].bytes; k++)
			if (a->at[t][k] != b->at[t][k])
				fail_msg("%s, seed %u: output %u, byte %llu of %llu: device %d, host %d",
					 name, seed, i, (unsigned long long)k,
					 (unsigned long long)g->tensors[t].bytes, (int8_t)a->at[t][k],
					 (int8_t)b->at[t][k]);
	}
}

/* @host: operators that may be on the host; others must not. */
static void check(struct mb *m, const char *name, uint32_t seed, int host, bool keep)
{
	const struct octet_graph *g = mb_graph(m);
	const struct octet_low_opts device = {
		.ops = ALL_OPS, .keep_all = keep, .packed = seed & 2,
	};
	const struct octet_low_opts none = { .ops = 0 };
	struct lower_run a, b;

	lower_run_new(&a, g, &device, name);
	if (device_ops(a.low) < (int)g->op_count - host)
		fail_msg("%s: on the host: %s", name, first_host(a.low));
	lower_run_new(&b, g, &none, name);
	lower_run_fill(&a, seed);
	lower_run_fill(&b, seed);
	assert_true(lower_run_go(&a, name));
	assert_true(lower_run_go(&b, name));
	same_outputs(&a, &b, name, seed);
	lower_run_free(&a);
	lower_run_free(&b);
}

void lower_run_each(void (*build)(struct mb *m), const char *name, uint32_t seeds, int host)
{
	for (uint32_t seed = 1; seed <= seeds; seed++) {
		struct mb *m = mb_new(seed * 77 + 5);

		build(m);
		check(m, name, seed, host, seed & 1);
		mb_free(m);
	}
}
