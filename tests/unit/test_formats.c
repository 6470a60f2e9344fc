// SPDX-License-Identifier: MIT
/*
 * Formats of quantized models: each is written, read, checked, and gives the same
 * bytes on the machine's simulation and on the CPU; what it costs in decibels and
 * what it saves in bytes is printed and has bounds.
 */
#include <math.h>

#include "float_nets.h"
#include "libtest.h"
#include "model/model.h"

/* Of a model with one output: all samples one behind the other. */
struct run {
	uint8_t *out;
	size_t bytes;
};

static void run(enum octet_backend backend, const struct float_net *n, const struct float_net *of,
		struct run *r)
{
	struct octet_ctx *ctx = lt_open(backend, NULL);
	struct octet_plan *plan;
	void *inputs[4];
	size_t bytes;

	if (octet_plan_new(ctx, n->model, NULL, &plan))
		fail_msg("%s of %s: %s", n->name, of->name, octet_last_error(ctx));
	for (uint32_t i = 0; i < octet_model_inputs(n->model); i++)
		inputs[i] = octet_plan_input(plan, 0, i, NULL);
	octet_plan_output(plan, 0, 0, &bytes);
	r->bytes = bytes * FLOAT_NET_SAMPLES;
	r->out = malloc(r->bytes);
	for (uint64_t s = 0; s < FLOAT_NET_SAMPLES; s++) {
		float_net_sample((void *)(uintptr_t)of, s, inputs);
		if (octet_plan_start(plan, 0) || octet_plan_wait(plan, 0, -1))
			fail_msg("%s of %s: %s", n->name, of->name, octet_last_error(ctx));
		memcpy(r->out + s * bytes, octet_plan_output(plan, 0, 0, NULL), bytes);
	}
	octet_plan_free(plan);
	octet_close(ctx);
}

static double sqnr(const struct run *want, const struct run *have)
{
	const float *a = (const float *)(const void *)want->out;
	const float *b = (const float *)(const void *)have->out;
	double signal = 0, noise = 1e-300;

	for (size_t i = 0; i < want->bytes / sizeof(float); i++) {
		signal += (double)a[i] * (double)a[i];
		noise += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
	}
	return 10 * log10(signal / noise);
}

static double one(const struct float_net *n, const struct run *want, const struct float_format *f)
{
	struct float_net q;
	struct run sim, cpu;
	double db;

	float_net_quantize(n, f, true, &q);
	run(OCTET_BACKEND_SIM, &q, n, &sim);
	run(OCTET_BACKEND_CPU, &q, n, &cpu);
	assert_int_equal(sim.bytes, cpu.bytes);
	assert_memory_equal(sim.out, cpu.out, sim.bytes);
	db = sqnr(want, &cpu);
	fprintf(stderr, "# %-8s %-14s SQNR %6.1f dB, %6zu bytes, 1/%.2f of float\n", n->name,
		f->name, db, q.size, (double)n->size / (double)q.size);
	free(sim.out);
	free(cpu.out);
	float_net_close(&q);
	return db;
}

static void test_formats(void **state)
{
	unsigned int low = 0;
	struct float_net n;

	(void)state;
	for (unsigned int i = 0; float_net_open(&n, i); i++) {
		struct run want;

		run(OCTET_BACKEND_CPU, &n, &n, &want);
		for (const struct float_format *f = float_formats; f->name; f++)
			if (!(one(&n, &want, f) >= f->sqnr_min)) {
				low++;
				fprintf(stderr, "%s as %s: below %g dB\n", n.name, f->name,
					f->sqnr_min);
			}
		free(want.out);
		float_net_close(&n);
	}
	assert_int_equal(low, 0);
}

UNIT_MAIN(unit_case(test_formats))
