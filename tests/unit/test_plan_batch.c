// SPDX-License-Identifier: MIT
/* Batches in parts: the same bits as one sample at a time, never dearer than smaller ones. */
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"

#include "libtest.h"
#include "models.h"
#include "net.h"

static int conv(struct mb *m, int x, uint32_t cout, uint32_t k, uint32_t stride)
{
	return mb_conv2d(m, x, &(struct mb_conv){ .cout = cout, .kh = k, .kw = k,
						  .stride = stride });
}

static int depthwise(struct mb *m, int x, uint32_t channels, uint32_t stride)
{
	return mb_depthwise(m, x, &(struct mb_conv){ .cout = channels, .kh = 3, .kw = 3,
						     .stride = stride });
}

/* Activations that many samples of do not fit the SRAM, additions, a classifier. */
static void residual(struct mb *m)
{
	int x = conv(m, mb_input(m, "x", OCTET_INT8, MB(1, 32, 32, 3), 0.05f, 1), 16, 3, 1);

	x = mb_arith(m, OCTET_G_ADD, x, conv(m, conv(m, x, 16, 3, 1), 16, 3, 1),
		     OCTET_G_ACT_RELU, 0.1f, 0);
	x = conv(m, x, 64, 3, 4);
	x = mb_pool(m, OCTET_G_AVERAGE_POOL_2D, x, &(struct mb_conv){ .kh = 8, .kw = 8,
								      .stride = 8 });
	x = mb_fc(m, mb_reshape(m, x, MB(1, 64)), &(struct mb_conv){ .cout = 10 });
	mb_output(m, mb_softmax(m, x, 1));
}

/* Large at the beginning, heavy weights at the end. */
static void separable(struct mb *m)
{
	int x = conv(m, mb_input(m, "x", OCTET_INT8, MB(1, 96, 96, 3), 0.05f, 1), 8, 3, 2);

	x = conv(m, depthwise(m, x, 8, 1), 16, 1, 1);
	x = conv(m, depthwise(m, x, 16, 2), 32, 1, 1);
	x = conv(m, depthwise(m, x, 32, 2), 64, 1, 1);
	x = conv(m, depthwise(m, x, 64, 2), 256, 1, 1);
	x = conv(m, depthwise(m, x, 256, 1), 256, 1, 1);
	mb_output(m, conv(m, depthwise(m, x, 256, 2), 512, 1, 1));
}

/* An operator of the CPU in the middle; what it reads and writes has all samples. */
static void with_host(struct mb *m)
{
	int x = conv(m, mb_input(m, "x", OCTET_INT8, MB(1, 24, 24, 4), 0.05f, 1), 16, 3, 1);

	x = mb_requant(m, conv(m, x, 8, 3, 2), OCTET_FLOAT32, 0, 0);
	x = mb_unary(m, OCTET_G_LOGISTIC, x, 0, 0);
	x = mb_requant(m, x, OCTET_INT8, 1.0f / 256, -128);
	mb_output(m, conv(m, conv(m, x, 16, 3, 1), 4, 3, 1));
}

/* Views: parts of tensors written in place, and a result that is read twice. */
static void branches(struct mb *m)
{
	int x = conv(m, mb_input(m, "x", OCTET_INT8, MB(1, 16, 16, 4), 0.05f, 1), 8, 3, 1);
	const int part[2] = { conv(m, x, 8, 1, 1), conv(m, x, 8, 3, 1) };
	int y;

	mb_set_quant(m, part[1], mb_get(m, part[0])->scale[0], mb_get(m, part[0])->zero_point[0]);
	y = mb_concat(m, 3, 2, part);
	y = mb_resize(m, OCTET_G_RESIZE_BILINEAR, y, 32, 32, false, true);
	mb_output(m, conv(m, y, 4, 3, 2));
	mb_output(m, mb_pool(m, OCTET_G_MAX_POOL_2D, x, &(struct mb_conv){ .kh = 2, .kw = 2,
									   .stride = 2 }));
}

/* Nothing but weights. */
static void layers(struct mb *m)
{
	int x = mb_input(m, "x", OCTET_INT8, MB(1, 640), 0.05f, 1);

	for (int i = 0; i < 5; i++)
		x = mb_fc(m, x, &(struct mb_conv){ .cout = i == 2 ? 8 : 128 });
	mb_output(m, mb_fc(m, x, &(struct mb_conv){ .cout = 640 }));
}

static const struct mb_sample nets[] = {
	{ "residual", residual },
	{ "separable", separable },
	{ "with_host", with_host },
	{ "branches", branches },
	{ "layers", layers },
	{ 0 }
};

/* NULL: the network takes no batch, or does not run at all. */
static struct octet_plan *plan(struct octet_ctx *ctx, const struct net *n, uint32_t batch,
			       bool keep, bool no_sram)
{
	OCTET_OPTS(octet_plan_opts, opts);
	struct octet_plan *p = NULL;
	int ret;

	opts.batch = batch;
	opts.keep = keep;
	opts.no_sram = no_sram;
	ret = octet_plan_new(ctx, n->model, &opts, &p);
	if (ret && ret != -ENOTSUP)
		fail_msg("%s", octet_last_error(ctx));
	return p;
}

/* ---- Cycles ---- */

/* Also nothing leaves the device because of a batch. */
static void never_dearer(const char *machine, const struct mb_sample *s)
{
	struct octet_ctx *ctx = lt_open(OCTET_BACKEND_SIM, machine);
	uint64_t before = 0;
	uint32_t host_ops = 0;
	struct net n;

	load(&n, s, 23);
	for (uint32_t batch = 1; batch <= 64; batch *= 2) {
		struct octet_plan *p = plan(ctx, &n, batch, false, false);
		OCTET_OPTS(octet_plan_info, info);

		assert_non_null(p);
		octet_plan_info(p, &info);
		if (batch > 1 && info.cycles > 2 * before)
			fail_msg("%s on %s: %llu cycles with a batch of %u, %llu with half of it",
				 s->name, machine, (unsigned long long)info.cycles, batch,
				 (unsigned long long)before);
		if (batch > 1)
			assert_int_equal(info.host_ops, host_ops);
		before = info.cycles;
		host_ops = info.host_ops;
		octet_plan_free(p);
	}
	octet_close(ctx);
	unload(&n);
}

static void test_cycles(void **state)
{
	static const char *const machines[] = {
		"array=a1024", "array=a256,dram-bytes-per-cycle=8", "array=a512,sram=262144",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		for (const struct mb_sample *s = nets; s->name; s++)
			never_dearer(machines[i], s);
}

/* ---- Bits ---- */

static void run(struct octet_ctx *ctx, struct octet_plan *p, const char *name)
{
	if (octet_plan_start(p, 0) || octet_plan_wait(p, 0, -1))
		fail_msg("%s: %s", name, octet_last_error(ctx));
}

/* Sample @k of an input; floats are small and exact. */
static void fill(uint8_t *to, size_t bytes, enum octet_dtype type, uint32_t k)
{
	uint64_t state = k + 1;

	for (size_t i = 0; i < bytes; i++)
		to[i] = (uint8_t)lt_random(&state);
	for (size_t i = 0; type == OCTET_FLOAT32 && i < bytes / 4; i++)
		((float *)(void *)to)[i] = (float)(int)(lt_below(&state, 64) - 32) / 16;
	for (size_t i = 0; type == OCTET_INT32 && i < bytes / 4; i++)
		((int32_t *)(void *)to)[i] = (int32_t)lt_below(&state, 2);
}

static void fill_sample(const struct net *n, struct octet_plan *p, uint32_t at, uint32_t batch,
			uint32_t k)
{
	for (uint32_t i = 0; i < octet_model_inputs(n->model); i++) {
		OCTET_OPTS(octet_tensor_info, t);
		size_t bytes;
		uint8_t *to = octet_plan_input(p, 0, i, &bytes);

		octet_model_tensor(n->model, (uint32_t)octet_model_input(n->model, i), &t);
		bytes /= batch;
		fill(to + at * bytes, bytes, t.type, k);
	}
}

static void same_sample(const struct net *n, struct octet_plan *p, uint32_t at,
			struct octet_plan *one, const char *name, const char *how)
{
	for (uint32_t i = 0; i < octet_model_outputs(n->model); i++) {
		size_t bytes;
		const uint8_t *want = octet_plan_output(one, 0, i, &bytes);
		const uint8_t *got = octet_plan_output(p, 0, i, NULL);

		got += at * bytes;
		for (size_t k = 0; k < bytes; k++)
			if (got[k] != want[k])
				fail_msg("%s, %s: sample %u, output %u, byte %zu is %u, not %u",
					 name, how, at, i, k, got[k], want[k]);
	}
}

/* What was predicted is what the machine reported. */
static void same_cycles(const struct net *n, struct octet_plan *p, const char *name)
{
	OCTET_OPTS(octet_plan_info, info);
	uint64_t total = 0;

	octet_plan_info(p, &info);
	for (uint32_t i = 0; i < octet_model_ops(n->model); i++) {
		OCTET_OPTS(octet_plan_op, op);

		assert_int_equal(octet_plan_op(p, i, &op), 0);
		if (op.measured.total != op.predicted.total)
			fail_msg("%s: operator %u took %llu cycles, not %llu", name, i,
				 (unsigned long long)op.measured.total,
				 (unsigned long long)op.predicted.total);
		total += op.measured.total;
	}
	assert_int_equal(total, info.cycles);
}

struct way {
	const char *name;
	uint32_t batch, max_cmds;
	bool keep, no_sram;
};

/* Parts of many sizes, several jobs of parts, everything in memory, layer by layer. */
static const struct way ways[] = {
	{ .name = "12", .batch = 12 },
	{ .name = "7", .batch = 7 },
	{ .name = "12, short jobs", .batch = 12, .max_cmds = 30 },
	{ .name = "4, jobs of one command", .batch = 4, .max_cmds = 1 },
	{ .name = "6, in memory", .batch = 6, .no_sram = true },
	{ .name = "6, kept", .batch = 6, .keep = true },
	{ .name = "40", .batch = 40 },
};

static void one_way(enum octet_backend backend, const struct mb_sample *s, const struct net *n,
		    const struct way *way, struct octet_ctx *cpu, struct octet_plan *one)
{
	/* Little SRAM: most batches come in parts. */
	struct octet_ctx *ctx = lt_open(backend, backend == OCTET_BACKEND_SIM ? "sram=131072" :
										NULL);
	struct octet_plan *p;

	if (way->max_cmds)
		ctx->info.max_cmds = way->max_cmds;
	p = plan(ctx, n, way->batch, way->keep, way->no_sram);
	if (!p) {
		octet_close(ctx);
		return;
	}
	for (int again = 0; again < 2; again++) {
		for (uint32_t k = 0; k < way->batch; k++)
			fill_sample(n, p, k, way->batch, k);
		run(ctx, p, s->name);
		for (uint32_t k = 0; k < way->batch; k++) {
			fill_sample(n, one, 0, 1, k);
			run(cpu, one, s->name);
			same_sample(n, p, k, one, s->name, way->name);
		}
	}
	if (backend == OCTET_BACKEND_SIM)
		same_cycles(n, p, s->name);
	octet_close(ctx);
}

static void bits(enum octet_backend backend, const struct mb_sample *list)
{
	struct octet_ctx *cpu = lt_open(OCTET_BACKEND_CPU, NULL);

	for (const struct mb_sample *s = list; s->name; s++) {
		struct octet_plan *one;
		struct net n;

		load(&n, s, 23);
		one = plan(cpu, &n, 1, false, false);
		for (size_t i = 0; one && i < sizeof(ways) / sizeof(ways[0]); i++)
			one_way(backend, s, &n, &ways[i], cpu, one);
		if (one)
			octet_plan_free(one);
		unload(&n);
	}
	octet_close(cpu);
}

static void test_bits_sim(void **state)
{
	(void)state;
	bits(OCTET_BACKEND_SIM, nets);
	bits(OCTET_BACKEND_SIM, mb_samples);
}

static void test_bits_cpu(void **state)
{
	(void)state;
	bits(OCTET_BACKEND_CPU, nets);
	bits(OCTET_BACKEND_CPU, mb_samples);
}

UNIT_MAIN(unit_case(test_cycles), unit_case(test_bits_sim), unit_case(test_bits_cpu))
