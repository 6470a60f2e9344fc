// SPDX-License-Identifier: MIT
/* Models and plans: every small network of models_ready.c, on every executor. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "libtest.h"
#include "models.h"
#include "net.h"

#define SAMPLES 3

/* The same bytes for the same slot, whoever runs. Floats are small and exact. */
static void fill(struct octet_plan *plan, const struct octet_model *model, uint32_t slot,
		 uint32_t seed)
{
	for (uint32_t i = 0; i < octet_model_inputs(model); i++) {
		OCTET_OPTS(octet_tensor_info, t);
		size_t bytes;
		uint8_t *to = octet_plan_input(plan, slot, i, &bytes);

		octet_model_tensor(model, (uint32_t)octet_model_input(model, i), &t);
		assert_non_null(to);
		for (size_t k = 0; k < bytes; k++)
			to[k] = (uint8_t)((k * 2654435761u + seed * 40503u + i) >> 13);
		for (size_t k = 0; t.type == OCTET_FLOAT32 && k < bytes / 4; k++)
			((float *)(void *)to)[k] = (float)((int)(k * 7 + seed) % 64 - 32) / 16;
		for (size_t k = 0; t.type == OCTET_INT32 && k < bytes / 4; k++)
			((int32_t *)(void *)to)[k] = (int32_t)((k + seed) % 2);
	}
}

static void run(struct octet_ctx *ctx, struct octet_plan *plan, const char *name)
{
	if (octet_plan_start(plan, 0) || octet_plan_wait(plan, 0, -1))
		fail_msg("%s: %s", name, octet_last_error(ctx));
}

static void compare(const char *name, const char *how, struct octet_plan *a, struct octet_plan *b,
		    const struct octet_model *model)
{
	for (uint32_t i = 0; i < octet_model_outputs(model); i++) {
		size_t bytes, same;
		const uint8_t *x = octet_plan_output(a, 0, i, &bytes);
		const uint8_t *y = octet_plan_output(b, 0, i, &same);

		assert_int_equal(bytes, same);
		for (size_t k = 0; k < bytes; k++)
			if (x[k] != y[k])
				fail_msg("%s, %s: output %u, byte %zu is %u, not %u", name, how, i, k,
					 x[k], y[k]);
	}
}

static struct octet_plan *plan(struct octet_ctx *ctx, const struct net *n, bool keep, bool no_sram,
			       const char *name)
{
	OCTET_OPTS(octet_plan_opts, opts);
	struct octet_plan *p;

	opts.keep = keep;
	opts.no_sram = no_sram;
	if (octet_plan_new(ctx, n->model, &opts, &p))
		fail_msg("%s: %s", name, octet_last_error(ctx));
	return p;
}

/* An operator without its inputs runs nowhere: no plan, and the message says so. */
static bool runs(struct octet_ctx *ctx, const struct net *n)
{
	struct octet_plan *p;
	int ret = octet_plan_new(ctx, n->model, NULL, &p);

	if (ret == -ENOTSUP && strstr(octet_last_error(ctx), "an input is missing"))
		return false;
	if (!ret)
		octet_plan_free(p);
	return true;
}

/* Fused and chained, in DRAM, and layer by layer: all three on both executors. */
static void test_equal(void **state)
{
	struct octet_ctx *sim = lt_open(lt_machine(), NULL);
	struct octet_ctx *cpu = lt_open(OCTET_BACKEND_CPU, NULL);

	(void)state;
	for (const struct mb_sample *s = mb_samples; s->name; s++) {
		struct octet_plan *ref, *p[4];
		struct net n;

		load(&n, s, 7);
		if (!runs(cpu, &n)) {
			unload(&n);
			continue;
		}
		ref = plan(cpu, &n, true, false, s->name);
		p[0] = plan(sim, &n, false, false, s->name);
		p[1] = plan(sim, &n, false, true, s->name);
		p[2] = plan(sim, &n, true, false, s->name);
		p[3] = plan(cpu, &n, false, false, s->name);
		for (uint32_t k = 0; k < SAMPLES; k++) {
			static const char *const how[] = { "sim", "sim in DRAM", "sim, layers",
							   "cpu, fused" };

			fill(ref, n.model, 0, k);
			run(cpu, ref, s->name);
			for (int i = 0; i < 4; i++) {
				fill(p[i], n.model, 0, k);
				run(i == 3 ? cpu : sim, p[i], s->name);
				compare(s->name, how[i], p[i], ref, n.model);
			}
		}
		octet_plan_free(ref);
		for (int i = 0; i < 4; i++)
			octet_plan_free(p[i]);
		unload(&n);
	}
	octet_close(sim);
	octet_close(cpu);
}

/* A batch is as many single runs. */
static void test_batch(void **state)
{
	struct octet_ctx *ctx = lt_open(lt_machine(), NULL);
	OCTET_OPTS(octet_plan_opts, opts);
	struct octet_plan *one, *four;
	size_t in, out;
	struct net n;

	(void)state;
	load(&n, &mb_samples[0], 11);
	one = plan(ctx, &n, false, false, "one");
	opts.batch = 4;
	if (octet_plan_new(ctx, n.model, &opts, &four))
		fail_msg("batch: %s", octet_last_error(ctx));
	fill(four, n.model, 0, 5);
	run(ctx, four, "batch");
	octet_plan_input(one, 0, 0, &in);
	octet_plan_output(one, 0, 0, &out);
	for (size_t k = 0; k < 4; k++) {
		memcpy(octet_plan_input(one, 0, 0, NULL),
		       (uint8_t *)octet_plan_input(four, 0, 0, NULL) + k * in, in);
		run(ctx, one, "one");
		assert_memory_equal(octet_plan_output(one, 0, 0, NULL),
				    (const uint8_t *)octet_plan_output(four, 0, 0, NULL) + k * out,
				    out);
	}
	octet_close(ctx);
	unload(&n);
}

/* Slots run at the same time, each with its own samples; a descriptor tells when. */
static void slots(enum octet_backend backend, const struct mb_sample *sample)
{
	struct octet_ctx *ctx = lt_open(backend, NULL);
	OCTET_OPTS(octet_plan_opts, opts);
	struct octet_plan *many, *one;
	struct pollfd poll_fd = { .events = POLLIN };
	struct net n;

	load(&n, sample, 3);
	one = plan(ctx, &n, false, false, sample->name);
	opts.slots = 3;
	if (octet_plan_new(ctx, n.model, &opts, &many))
		fail_msg("%s: %s", sample->name, octet_last_error(ctx));
	for (int round = 0; round < 3; round++) {
		for (uint32_t k = 0; k < 3; k++) {
			fill(many, n.model, k, 10 * (uint32_t)round + k);
			assert_int_equal(octet_plan_start(many, k), 0);
		}
		assert_int_equal(octet_plan_fd(many, 2, &poll_fd.fd), 0);
		assert_int_equal(poll(&poll_fd, 1, 60000), 1);
		close(poll_fd.fd);
		for (uint32_t k = 0; k < 3; k++) {
			size_t bytes;

			assert_int_equal(octet_plan_wait(many, k, -1), 0);
			fill(one, n.model, 0, 10 * (uint32_t)round + k);
			run(ctx, one, sample->name);
			octet_plan_output(one, 0, 0, &bytes);
			assert_memory_equal(octet_plan_output(one, 0, 0, NULL),
					    octet_plan_output(many, k, 0, NULL), bytes);
		}
	}
	octet_plan_free(many);
	octet_plan_free(one);
	octet_close(ctx);
	unload(&n);
}

static void test_slots(void **state)
{
	(void)state;
	slots(lt_machine(), &mb_samples[0]);
	slots(OCTET_BACKEND_CPU, &mb_samples[0]);
}

static const struct mb_sample *with_host_op(void)
{
	struct octet_ctx *ctx = lt_open(lt_machine(), NULL);
	const struct mb_sample *found = NULL;

	for (const struct mb_sample *s = mb_samples; s->name && !found; s++) {
		OCTET_OPTS(octet_plan_info, info);
		struct octet_plan *p;
		struct net n;

		load(&n, s, 1);
		p = plan(ctx, &n, false, false, s->name);
		octet_plan_info(p, &info);
		if (info.host_ops && info.commands)
			found = s;
		octet_plan_free(p);
		unload(&n);
	}
	octet_close(ctx);
	assert_non_null(found);
	return found;
}

static void test_slots_host(void **state)
{
	(void)state;
	slots(lt_machine(), with_host_op());
}

/* Predicted cycles are those that the machine reports. */
static void test_cycles(void **state)
{
	struct octet_ctx *ctx = lt_open(lt_machine(), NULL);

	(void)state;
	for (const struct mb_sample *s = mb_samples; s->name; s++) {
		OCTET_OPTS(octet_plan_info, info);
		uint64_t measured = 0, read = 0, written = 0;
		struct octet_plan *p;
		struct net n;

		load(&n, s, 2);
		if (!runs(ctx, &n)) {
			unload(&n);
			continue;
		}
		p = plan(ctx, &n, false, false, s->name);
		fill(p, n.model, 0, 0);
		run(ctx, p, s->name);
		octet_plan_info(p, &info);
		for (uint32_t i = 0; i < octet_model_ops(n.model); i++) {
			OCTET_OPTS(octet_plan_op, op);

			assert_int_equal(octet_plan_op(p, i, &op), 0);
			measured += op.measured.total;
			assert_int_equal(op.measured.total, op.predicted.total);
			assert_int_equal(op.measured.total,
					 op.measured.compute + op.measured.dma_stall +
						 op.measured.output_stall + op.measured.overhead);
			read += op.measured.dram_read;
			written += op.measured.dram_write;
		}
		assert_int_equal(measured, info.cycles);
		assert_int_equal(read, info.dram_read);
		assert_int_equal(written, info.dram_write);
		octet_plan_free(p);
		unload(&n);
	}
	octet_close(ctx);
}

static void test_errors(void **state)
{
	struct octet_ctx *ctx = lt_open(lt_machine(), NULL);
	OCTET_OPTS(octet_plan_opts, opts);
	OCTET_OPTS(octet_plan_op, op);
	OCTET_OPTS(octet_model_opts, load_opts);
	struct octet_model *model;
	struct octet_plan *p = NULL;
	char err[128] = "";
	const void *data;
	struct net n;

	(void)state;
	load(&n, &mb_samples[0], 1);
	opts.slots = 65;
	assert_int_equal(octet_plan_new(ctx, n.model, &opts, &p), -EINVAL);
	assert_non_null(strstr(octet_last_error(ctx), "65 slots"));
	opts.slots = 0;
	opts.flavour = (enum octet_flavour)9;
	assert_int_equal(octet_plan_new(ctx, n.model, &opts, &p), -EINVAL);
	assert_int_equal(octet_plan_new(ctx, NULL, NULL, &p), -EINVAL);
	assert_int_equal(octet_plan_new(ctx, n.model, NULL, &p), 0);
	assert_int_equal(octet_plan_start(p, 1), -EINVAL);
	assert_int_equal(octet_plan_wait(p, 0, 0), -EINVAL);
	assert_int_equal(octet_plan_op(p, 4711, &op), -ENOENT);
	assert_int_equal(octet_plan_tensor(p, 0, &data, NULL), -ENOENT);
	assert_null(octet_plan_input(p, 0, 99, NULL));
	assert_int_equal(octet_plan_run(p, NULL, NULL), -EINVAL);
	load_opts.errbuf = err;
	load_opts.errbuf_size = sizeof(err);
	assert_int_equal(octet_model_load(&model, "/no/such/file", &load_opts), -ENOENT);
	assert_non_null(strstr(err, "/no/such/file"));
	assert_int_equal(octet_model_load(&model, "/", &load_opts), -EINVAL);
	assert_int_equal(octet_model_load_memory(&model, n.bytes, n.size / 2, &load_opts), -EINVAL);
	assert_true(strlen(err) > 10);
	/* Plans end with their context. */
	octet_close(ctx);
	unload(&n);
}

static void test_names(void **state)
{
	enum octet_flavour f;

	(void)state;
	assert_int_equal(octet_flavour_parse("xnnpack", &f), 0);
	assert_string_equal(octet_flavour_name(f), "xnnpack");
	assert_int_equal(octet_flavour_parse("tflite-slow", &f), -EINVAL);
	assert_string_equal(octet_dtype_name(OCTET_INT4), "int4");
}

UNIT_MAIN(unit_case(test_equal), unit_case(test_batch), unit_case(test_slots),
	  unit_case(test_slots_host), unit_case(test_cycles), unit_case(test_errors),
	  unit_case(test_names))
