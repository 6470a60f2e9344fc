// SPDX-License-Identifier: MIT
/* octet bench: operations of well-known networks. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum kind { GEMM, CONV, DEPTHWISE };

/* h x w x cin -> cout; GEMM: h x cin by cin x cout */
struct shape {
	const char *name;
	enum kind kind;
	uint32_t h, w, cin, cout, kernel, stride;
};

static const struct shape shapes[] = {
	{ "gemm-128", GEMM, 128, 1, 128, 128, 1, 1 },
	{ "gemm-256", GEMM, 256, 1, 256, 256, 1, 1 },
	{ "gemm-512", GEMM, 512, 1, 512, 512, 1, 1 },
	{ "gemm-1024", GEMM, 1024, 1, 1024, 1024, 1, 1 },
	{ "gemm-2048", GEMM, 2048, 1, 2048, 2048, 1, 1 },
	{ "gemm-4096", GEMM, 4096, 1, 4096, 4096, 1, 1 },
	{ "conv1x1-56x56x64-256", CONV, 56, 56, 64, 256, 1, 1 },
	{ "conv1x1-28x28x512-128", CONV, 28, 28, 512, 128, 1, 1 },
	{ "conv1x1-14x14x1024-256", CONV, 14, 14, 1024, 256, 1, 1 },
	{ "conv3x3-56x56x64", CONV, 56, 56, 64, 64, 3, 1 },
	{ "conv3x3-28x28x128", CONV, 28, 28, 128, 128, 3, 1 },
	{ "conv3x3-14x14x256", CONV, 14, 14, 256, 256, 3, 1 },
	{ "conv3x3-7x7x512", CONV, 7, 7, 512, 512, 3, 1 },
	{ "depthwise3x3-112x112x32", DEPTHWISE, 112, 112, 32, 32, 3, 1 },
	{ "depthwise3x3-56x56x128", DEPTHWISE, 56, 56, 128, 128, 3, 1 },
	{ "depthwise3x3-28x28x256", DEPTHWISE, 28, 28, 256, 256, 3, 1 },
	{ "depthwise3x3-14x14x512", DEPTHWISE, 14, 14, 512, 512, 3, 1 },
};

#define N_SHAPES (sizeof(shapes) / sizeof(shapes[0]))

struct operation {
	struct octet_tensor *x, *w, *bias, *y;
	struct octet_job *job;
};

static void free_operation(struct operation *op)
{
	octet_job_free(op->job);
	octet_tensor_free(op->x);
	octet_tensor_free(op->w);
	octet_tensor_free(op->bias);
	octet_tensor_free(op->y);
}

static int make_tensors(struct octet_ctx *ctx, const struct shape *s, struct operation *op)
{
	uint32_t out = s->h / s->stride;
	uint32_t x[4] = { 1, s->h, s->w, s->cin }, y[4] = { 1, out, s->w / s->stride, s->cout };
	uint32_t w[4] = { s->cout, s->kernel, s->kernel, s->cin };
	uint32_t rank_x = 4, rank_w = 4;
	int ret;

	if (s->kind == GEMM) {
		rank_x = rank_w = 2;
		memcpy(x, (uint32_t[2]){ s->h, s->cin }, 8);
		memcpy(w, (uint32_t[2]){ s->cout, s->cin }, 8);
		memcpy(y, (uint32_t[2]){ s->h, s->cout }, 8);
	} else if (s->kind == DEPTHWISE) {
		rank_w = 3;
		memcpy(w, (uint32_t[3]){ s->kernel, s->kernel, s->cout }, 12);
	}
	ret = octet_tensor_new(ctx, OCTET_INT8, rank_x, x, &op->x);
	if (!ret)
		ret = octet_tensor_new(ctx, OCTET_INT8, rank_w, w, &op->w);
	if (!ret)
		ret = octet_tensor_new(ctx, OCTET_INT32, 1, &s->cout, &op->bias);
	if (!ret)
		ret = octet_tensor_new(ctx, OCTET_INT8, rank_x, y, &op->y);
	if (ret)
		return ret;
	octet_tensor_set_quant(op->x, 0.02f, -5);
	octet_tensor_set_quant(op->w, 0.01f, 0);
	return octet_tensor_set_quant(op->y, s->kind == DEPTHWISE ? 0.1f : 0.5f, 3);
}

static int make_operation(struct octet_ctx *ctx, const struct shape *s, struct tool_random r,
			  struct operation *op)
{
	OCTET_OPTS(octet_conv_opts, conv);
	OCTET_OPTS(octet_gemm_opts, gemm);
	OCTET_OPTS(octet_job_opts, ready);
	int ret = make_tensors(ctx, s, op);

	if (!ret)
		ret = octet_job_new(ctx, &op->job);
	if (ret)
		return ret;
	tool_fill(&r, octet_tensor_map(op->x), octet_tensor_bytes(op->x));
	tool_fill(&r, octet_tensor_map(op->w), octet_tensor_bytes(op->w));
	memset(octet_tensor_map(op->bias), 0, octet_tensor_bytes(op->bias));
	conv.stage = gemm.stage = OCTET_FIX_DBL;
	conv.stride_h = conv.stride_w = s->stride;
	conv.pad_top = conv.pad_left = conv.pad_bottom = conv.pad_right = s->kernel / 2;
	gemm.transpose_b = gemm.const_b = ready.const_weights = true;
	if (s->kind == GEMM)
		ret = octet_job_gemm(op->job, op->x, op->w, op->bias, op->y, &gemm);
	else if (s->kind == CONV)
		ret = octet_job_conv2d(op->job, op->x, op->w, op->bias, op->y, &conv);
	else
		ret = octet_job_depthwise(op->job, op->x, op->w, op->bias, op->y, &conv);
	return ret ? ret : octet_job_ready(op->job, &ready);
}

/* The same operation on the fallback; its bits are the right ones. */
static int check(struct bench *b, const struct shape *s, struct tool_random r,
		 const struct operation *op)
{
	struct operation ref = { 0 };
	double seconds;
	int ret = EXIT_OK;

	if (make_operation(b->cpu, s, r, &ref) ||
	    bench_run_once(b->cpu, &ref.job, 1, NULL, &seconds)) {
		ret = tool_fail(b->cpu, s->name);
	} else if (memcmp(octet_tensor_map(op->y), octet_tensor_map(ref.y),
			  octet_tensor_bytes(ref.y))) {
		fprintf(stderr, "octet: %s: results differ from the CPU fallback's\n", s->name);
		ret = EXIT_DIFFERS;
	}
	free_operation(&ref);
	return ret;
}

static void print_row(struct bench *b, const struct shape *s, const struct operation *op,
		      double seconds)
{
	OCTET_OPTS(octet_op_report, report);
	OCTET_OPTS(octet_info, info);
	uint64_t macs = octet_job_macs(op->job);
	double peak, rate = (double)macs / seconds * 1e-9;
	char row[96];

	snprintf(row, sizeof(row), "%s/gmac-per-second", s->name);
	bench_add(b, row, rate, "GMAC/s");
	printf("  %-30s %12.2f GMAC/s  %9.3f ms", s->name, rate, seconds * 1e3);
	if (!octet_job_report(op->job, 0, &report) && report.total &&
	    !octet_get_info(b->ctx, &info)) {
		peak = (double)info.p * info.k * info.c;
		snprintf(row, sizeof(row), "%s/cycles", s->name);
		bench_add(b, row, (double)report.total, "cycles");
		printf("  %9" PRIu64 " cycles, %.1f %% of the array", report.total,
		       100.0 * (double)macs / (peak * (double)report.total));
	}
	putchar('\n');
	fflush(stdout);
}

static int bench_shape(struct bench *b, const struct shape *s)
{
	/* A product of 4096 by 4096 takes a second. */
	unsigned int rounds = b->quick || s->h >= 2048 ? 5 : 25;
	struct tool_random r = { tool_random(&b->seed) };
	struct operation op = { 0 };
	double seconds[25];
	int ret = EXIT_OK;

	if (make_operation(b->ctx, s, r, &op))
		ret = tool_fail(b->ctx, s->name);
	/* One more than is counted: the first one warms up. */
	for (unsigned int i = 0; ret == EXIT_OK && i <= rounds; i++) {
		tool_progress(s->name, i, rounds);
		if (bench_run_once(b->ctx, &op.job, 1, NULL, &seconds[i ? i - 1 : 0]))
			ret = tool_fail(b->ctx, s->name);
	}
	tool_progress_end();
	if (ret == EXIT_OK) {
		print_row(b, s, &op, bench_median(seconds, rounds));
		ret = check(b, s, r, &op);
	}
	free_operation(&op);
	return ret;
}

int bench_operations(struct bench *b)
{
	for (size_t i = 0; i < N_SHAPES; i++) {
		int ret = bench_shape(b, &shapes[i]);

		if (ret != EXIT_OK)
			return ret;
	}
	return EXIT_OK;
}
