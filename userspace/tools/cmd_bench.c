// SPDX-License-Identifier: MIT
/*
 * octet bench: speed of operations and of submission.
 *
 * Wall clock from the submit call to the signalled fence, medians; results are
 * checked against the CPU fallback after timing. Cycles and counters beside
 * them are the machine's own and do not depend on this computer.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "bench.h"

static int compare_seconds(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare_seconds);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

void bench_add(struct bench *b, const char *name, double value, const char *unit)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "name", json_object_new_string(name));
	json_object_object_add(o, "backend", json_object_new_string(
			       octet_backend_name(octet_get_backend(b->ctx))));
	json_object_object_add(o, "value", json_object_new_double(value));
	json_object_object_add(o, "unit", json_object_new_string(unit));
	json_object_array_add(b->rows, o);
}

int bench_run_once(struct octet_ctx *ctx, struct octet_job *const *jobs, size_t count,
		   struct octet_fence **each, double *seconds)
{
	OCTET_OPTS(octet_submit_opts, opts);
	struct octet_fence *fence;
	double start = tool_now();
	int ret;

	opts.each = each;
	ret = octet_submit(ctx, NULL, jobs, count, &opts, &fence);
	if (ret)
		return ret;
	ret = octet_fence_wait(fence, 120000000000ll);
	*seconds = tool_now() - start;
	octet_fence_free(fence);
	for (size_t i = 0; each && i < count; i++)
		octet_fence_free(each[i]);
	return ret;
}

static int sum_counters(struct bench *b, struct octet_counters *sum)
{
	OCTET_OPTS(octet_info, info);
	OCTET_OPTS(octet_counters, c);

	memset(sum, 0, sizeof(*sum));
	if (octet_get_info(b->ctx, &info))
		return tool_fail(b->ctx, "info");
	for (uint32_t i = 0; i < info.cores; i++) {
		if (octet_get_counters(b->ctx, i, &c))
			return tool_fail(b->ctx, "counters");
		sum->entries += c.entries;
		sum->doorbells += c.doorbells;
		sum->irqs += c.irqs;
		sum->jobs += c.jobs;
	}
	return EXIT_OK;
}

/* The smallest job there is: one product of one by one. */
static int tiny_job(struct octet_ctx *ctx, struct octet_job **job)
{
	struct octet_tensor *t[3] = { 0 };
	const uint32_t one[2] = { 1, 1 };
	OCTET_OPTS(octet_gemm_opts, o);
	int ret = octet_job_new(ctx, job);

	for (int i = 0; !ret && i < 3; i++)
		ret = octet_tensor_new(ctx, i == 2 ? OCTET_INT32 : OCTET_INT8, 2, one, &t[i]);
	o.stage = OCTET_RAW;
	if (!ret)
		ret = octet_job_gemm(*job, t[0], t[1], NULL, t[2], &o);
	if (!ret)
		ret = octet_job_ready(*job, NULL);
	for (int i = 0; i < 3; i++)
		octet_tensor_free(t[i]);
	return ret;
}

/* Runs arrays of `count` tiny jobs and tells what a job costs. */
static int bench_arrays(struct bench *b, struct octet_job *const *jobs, size_t count,
			const char *name)
{
	struct octet_fence *each[BENCH_ARRAY];
	struct octet_counters before, after;
	unsigned int rounds = b->quick ? 50 : 300;
	double *seconds = calloc(rounds, sizeof(*seconds)), median;
	char row[96];

	if (!seconds || sum_counters(b, &before)) {
		free(seconds);
		return EXIT_FAILED;
	}
	for (unsigned int i = 0; i < rounds; i++) {
		if (bench_run_once(b->ctx, jobs, count, each, &seconds[i])) {
			free(seconds);
			return tool_fail(b->ctx, name);
		}
	}
	median = bench_median(seconds, rounds);
	free(seconds);
	snprintf(row, sizeof(row), "%s/jobs-per-second", name);
	bench_add(b, row, (double)count / median, "1/s");
	printf("  %-30s %12.0f jobs/s", name, (double)count / median);
	if (sum_counters(b, &after))
		return EXIT_FAILED;
	if (after.jobs > before.jobs) {
		double n = (double)(after.jobs - before.jobs);

#define PER_JOB(f) do {							\
		snprintf(row, sizeof(row), "%s/" #f "-per-job", name);	\
		bench_add(b, row, (double)(after.f - before.f) / n, "1");\
		printf("  %.3f " #f, (double)(after.f - before.f) / n);	\
	} while (0)
		PER_JOB(entries);
		PER_JOB(doorbells);
		PER_JOB(irqs);
		fputs(" per job", stdout);
	}
	putchar('\n');
	return EXIT_OK;
}

static int bench_submission(struct bench *b)
{
	struct octet_job *jobs[BENCH_ARRAY] = { 0 };
	int ret = EXIT_OK;

	for (int i = 0; ret == EXIT_OK && i < BENCH_ARRAY; i++)
		if (tiny_job(b->ctx, &jobs[i]))
			ret = tool_fail(b->ctx, "empty job");
	if (ret == EXIT_OK)
		ret = bench_arrays(b, jobs, 1, "empty-job");
	if (ret == EXIT_OK)
		ret = bench_arrays(b, jobs, BENCH_ARRAY, "empty-job-array-32");
	for (int i = 0; i < BENCH_ARRAY; i++)
		octet_job_free(jobs[i]);
	return ret;
}

/* Pages of this process in memory, as bytes; 0 where the system does not tell. */
static double resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	double pages = 0;

	if (f && fscanf(f, "%*s %lf", &pages) != 1)
		pages = 0;
	if (f)
		fclose(f);
	return pages * (double)sysconf(_SC_PAGESIZE);
}

/* What an open context holds, in the device's memory and in the process. */
static int measure_idle(struct bench *b, double before)
{
	double process = resident() - before;
	OCTET_OPTS(octet_usage, idle);

	if (octet_get_usage(b->ctx, &idle))
		return tool_fail(b->ctx, "usage");
	bench_add(b, "idle-client/buffer-bytes", (double)idle.buffer_bytes, "bytes");
	bench_add(b, "idle-client/table-bytes", (double)idle.table_bytes, "bytes");
	bench_add(b, "idle-client/process-bytes", process, "bytes");
	printf("  %-30s %12" PRIu64 " bytes of buffers, %" PRIu64 " of page tables, %.0f of the"
	       " process\n", "idle client", idle.buffer_bytes, idle.table_bytes, process);
	return EXIT_OK;
}

int cmd_bench(const struct tool_options *o)
{
	struct bench b = { .quick = o->quick, .seed = { o->seed } };
	OCTET_OPTS(octet_info, info);
	double before = resident();
	int ret;

	b.ctx = tool_open(o);
	if (!b.ctx)
		return EXIT_FAILED;
	b.rows = json_object_new_array();
	octet_get_info(b.ctx, &info);
	printf("bench: %s, seed %" PRIu64 "\n", info.name, o->seed);
	ret = measure_idle(&b, before);
	b.cpu = tool_open_cpu(o);
	if (!b.cpu)
		ret = EXIT_FAILED;
	if (ret == EXIT_OK)
		ret = bench_operations(&b);
	if (ret == EXIT_OK)
		ret = bench_submission(&b);
	if (ret == EXIT_OK && o->json)
		ret = tool_write_json(b.rows, o->json);
	else
		json_object_put(b.rows);
	octet_close(b.ctx);
	octet_close(b.cpu);
	return ret;
}
