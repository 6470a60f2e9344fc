// SPDX-License-Identifier: MIT
/* octet selftest: random operations on a backend, each against the CPU fallback. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "randop.h"
#include "tool.h"

#define DEFAULT_COUNT 300
#define TIMEOUT_NS 60000000000ll

/* One executor of an operation. */
struct run {
	struct octet_ctx *ctx;
	struct octet_tensor *tensor[RANDOP_BLOCKS];
	struct octet_job *job;
	int result;
};

/* Bytes of a line of the memory. */
#define LINE	64u

struct tally {
	unsigned long passed, failed;
	uint64_t outputs;
};

/* Memory as bytes, in lines: an extent has a limit. The commands say what they mean. */
static int make_tensor(struct octet_ctx *ctx, const void *data, size_t bytes,
		       struct octet_tensor **t)
{
	const uint32_t dims[] = { (uint32_t)(bytes + LINE - 1) / LINE, LINE };
	int ret = octet_tensor_new(ctx, OCTET_UINT8, 2, dims, t);

	if (!ret)
		memcpy(octet_tensor_map(*t), data, bytes);
	return ret;
}

static void free_run(struct run *run)
{
	octet_job_free(run->job);
	for (unsigned int i = 0; i < RANDOP_BLOCKS; i++)
		octet_tensor_free(run->tensor[i]);
}

static int add_commands(struct run *run, const struct randop *op)
{
	struct octet_cmd cmds[RANDOP_CMDS];
	uint64_t base[RANDOP_BLOCKS];
	int ret = 0;

	for (uint32_t i = 0; i < op->blocks; i++)
		base[i] = octet_tensor_address(run->tensor[i]);
	randop_place(op, base, cmds);
	for (uint32_t i = 0; !ret && i < op->count; i++)
		ret = octet_job_command(run->job, &cmds[i], sizeof(cmds[i]), run->tensor,
					op->blocks);
	return ret;
}

static int prepare(struct run *run, const struct randop *op)
{
	OCTET_OPTS(octet_job_opts, opts);
	int ret = 0;

	for (uint32_t i = 0; !ret && i < op->blocks; i++)
		ret = make_tensor(run->ctx, op->block[i].data, op->block[i].bytes,
				  &run->tensor[i]);
	if (!ret)
		ret = octet_job_new(run->ctx, &run->job);
	if (!ret)
		ret = add_commands(run, op);
	opts.sram_software = op->sram;
	return ret ? ret : octet_job_ready(run->job, &opts);
}

/* What the job came to: 0, or the error of its fence. */
static int execute(struct run *run)
{
	struct octet_fence *fence;
	int ret = octet_submit(run->ctx, NULL, &run->job, 1, NULL, &fence);

	if (ret)
		return ret;
	ret = octet_fence_wait(fence, TIMEOUT_NS);
	octet_fence_free(fence);
	return ret;
}

static void report(const struct randop *op, unsigned long number, uint64_t seed, const char *what)
{
	char text[4000];

	randop_describe(op, text, sizeof(text));
	tool_progress_end();
	printf("FAIL operation %lu: %s\n  %s\n  repeat: octet selftest --seed %" PRIu64
	       " --count %lu\n", number, what, text, seed, number + 1);
}

static bool same(const struct run *a, const struct run *b, const struct randop *op, char *why,
		 size_t size)
{
	if ((a->result != 0) != (b->result != 0) ||
	    (a->result != 0) != (op->invalid != NULL)) {
		snprintf(why, size, "ended with %d (%s), fallback with %d (%s)", a->result,
			 a->result ? octet_last_error(a->ctx) : "fine", b->result,
			 b->result ? octet_last_error(b->ctx) : "fine");
		return false;
	}
	for (uint32_t k = 0; k < op->blocks; k++) {
		const uint8_t *x = octet_tensor_map(a->tensor[k]);
		const uint8_t *y = octet_tensor_map(b->tensor[k]);

		for (size_t i = 0; i < op->block[k].bytes; i++) {
			if (x[i] == y[i])
				continue;
			snprintf(why, size, "byte %zu of memory %u is %u, fallback %u", i, k, x[i],
				 y[i]);
			return false;
		}
	}
	return true;
}

/* Returns an exit code; EXIT_DIFFERS is counted, EXIT_FAILED ends the run. */
static int one(struct octet_ctx *ctx, struct octet_ctx *cpu, const struct randop *op,
	       char *why, size_t size)
{
	struct run a = { .ctx = ctx }, b = { .ctx = cpu };
	int ret = EXIT_OK;

	if (prepare(&a, op)) {
		ret = tool_fail(ctx, "operation");
	} else if (prepare(&b, op)) {
		ret = tool_fail(cpu, "operation");
	} else {
		a.result = execute(&a);
		b.result = execute(&b);
		if (!same(&a, &b, op, why, size))
			ret = EXIT_DIFFERS;
	}
	free_run(&a);
	free_run(&b);
	return ret;
}

static int run_all(const struct tool_options *o, struct octet_ctx *ctx, struct octet_ctx *cpu,
		   bool packed, struct tally *t)
{
	unsigned long count = o->count ? o->count : DEFAULT_COUNT;
	char why[320];

	for (unsigned long i = 0; i < count; i++) {
		struct tool_random r = { o->seed * 1000003u + i };
		struct randop op;
		int ret;

		tool_progress("selftest: operation", i, count);
		if (randop_make(&op, &r, packed)) {
			fputs("octet: out of memory\n", stderr);
			return EXIT_FAILED;
		}
		if (tool_below(&r, 16) == 0)
			randop_break(&op, &r);
		ret = one(ctx, cpu, &op, why, sizeof(why));
		if (ret == EXIT_DIFFERS)
			report(&op, i, o->seed, why);
		t->failed += ret == EXIT_DIFFERS;
		t->passed += ret == EXIT_OK;
		for (uint32_t k = 0; k < op.blocks; k++)
			t->outputs += op.block[k].plain ? op.block[k].bytes : 0;
		randop_free(&op);
		if (ret == EXIT_FAILED)
			return ret;
	}
	tool_progress_end();
	return t->failed ? EXIT_DIFFERS : EXIT_OK;
}

static int write_result(const struct tool_options *o, const struct octet_ctx *ctx,
			const struct octet_info *info, const struct tally *t)
{
	struct json_object *root = json_object_new_object();

	json_object_object_add(root, "backend", json_object_new_string(
			       octet_backend_name(octet_get_backend(ctx))));
	json_object_object_add(root, "name", json_object_new_string(info->name));
	json_object_object_add(root, "seed", json_object_new_uint64(o->seed));
	json_object_object_add(root, "passed", json_object_new_uint64(t->passed));
	json_object_object_add(root, "failed", json_object_new_uint64(t->failed));
	json_object_object_add(root, "bytes", json_object_new_uint64(t->outputs));
	return tool_write_json(root, o->json);
}

int cmd_selftest(const struct tool_options *o)
{
	struct octet_ctx *ctx = tool_open(o), *cpu = ctx ? tool_open_cpu(o) : NULL;
	OCTET_OPTS(octet_info, info);
	struct tally t = { 0 };
	int ret = EXIT_FAILED;

	if (cpu) {
		octet_get_info(ctx, &info);
		printf("selftest: %s against the CPU fallback, seed %" PRIu64 "\n", info.name,
		       o->seed);
		ret = run_all(o, ctx, cpu, info.features & OCTET_FEATURE_PACKED, &t);
		printf("%" PRIu64 " bytes of memory compared\n", t.outputs);
		t.failed += ret == EXIT_FAILED;
		printf("%lu passed, %lu failed, 0 skipped\n", t.passed, t.failed);
		if (o->json && write_result(o, ctx, &info, &t))
			ret = EXIT_FAILED;
	}
	octet_close(ctx);
	octet_close(cpu);
	return ret;
}
