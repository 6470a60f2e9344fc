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
#include "model_files.h"

/* Of a model with one output: all samples one behind the other. */
struct run {
	uint8_t *out;
	size_t bytes;
};

static void run(enum octet_backend backend, const struct float_net *n, const struct float_net *of,
		unsigned int samples, struct run *r)
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
	r->bytes = bytes * samples;
	r->out = malloc(r->bytes);
	for (uint64_t s = 0; s < samples; s++) {
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

/* The machine's simulation is slow: @samples there, all on the CPU. */
static double one(const struct float_net *n, const struct run *want, const struct float_format *f,
		  unsigned int samples)
{
	struct float_net q;
	struct run sim, cpu;
	double db;

	float_net_quantize(n, f, true, &q);
	run(OCTET_BACKEND_SIM, &q, n, samples, &sim);
	run(OCTET_BACKEND_CPU, &q, n, FLOAT_NET_SAMPLES, &cpu);
	assert_true(sim.bytes <= cpu.bytes);
	assert_memory_equal(sim.out, cpu.out, sim.bytes);
	db = sqnr(want, &cpu);
	fprintf(stderr, "# %-24s %-14s SQNR %6.1f dB, %7zu bytes, 1/%.2f of float\n", n->name,
		f->name, db, q.size, (double)n->size / (double)q.size);
	free(sim.out);
	free(cpu.out);
	float_net_close(&q);
	return db;
}

static void all(const struct float_net *n, unsigned int samples, bool bounds)
{
	unsigned int low = 0;
	struct run want;

	run(OCTET_BACKEND_CPU, n, n, FLOAT_NET_SAMPLES, &want);
	for (const struct float_format *f = float_formats; f->name; f++) {
		if (one(n, &want, f, samples) >= f->sqnr_min || !bounds)
			continue;
		low++;
		fprintf(stderr, "%s as %s: below %g dB\n", n->name, f->name, f->sqnr_min);
	}
	free(want.out);
	assert_int_equal(low, 0);
}

static void test_formats(void **state)
{
	struct float_net n;

	(void)state;
	for (unsigned int i = 0; float_net_open(&n, i); i++) {
		all(&n, FLOAT_NET_SAMPLES, true);
		float_net_close(&n);
	}
}

/* Noise is no image, and their decibels are but printed. */
static void public(const char *path)
{
	struct float_net n;

	float_net_load(&n, path);
	all(&n, 1, false);
	float_net_close(&n);
}

static void test_public(void **state)
{
	(void)state;
	if (!model_folder() || !model_each("float/" "*" ".tflite", public))
		unit_skip("no float models in OCTET_DATA or ../shared/data");
}

/* What octet_model_quantize() says to @o. */
static void expect(const struct float_net *n, struct octet_quantize_opts *o, int error,
		   const char *word)
{
	struct octet_model *model = NULL;
	char err[256] = "";
	int ret;

	o->errbuf = err;
	o->errbuf_size = sizeof(err);
	ret = octet_model_quantize(&model, n->model, o, float_net_sample, (void *)(uintptr_t)n);
	if (ret != error || (word && !strstr(err, word)))
		fail_msg("%d instead of %d: %s", ret, error, err);
	octet_model_free(model);
}

static void test_refused(void **state)
{
	OCTET_OPTS(octet_quantize_opts, o);
	struct float_net n;

	(void)state;
	assert_true(float_net_open(&n, 0));
	o.format = (enum octet_quantize_format)9;
	expect(&n, &o, -EINVAL, "format is 9");
	o.format = OCTET_FORMAT_INT16X8;
	o.activations = OCTET_UINT8;
	expect(&n, &o, -EINVAL, "activations of int16, not uint8");
	o.activations = OCTET_INT16;
	expect(&n, &o, 0, NULL);
	o.weights = OCTET_INT4;
	expect(&n, &o, -EINVAL, "int4 go with");
	o.weights = OCTET_INT16;
	expect(&n, &o, -EINVAL, "int8 or int4, not int16");
	o.weights = 0;
	o.activations = 0;
	o.format = OCTET_FORMAT_FLOAT16;
	o.keep_worst = 1;
	expect(&n, &o, -EINVAL, "keep_worst");
	float_net_close(&n);
}

/* One operator, and a constant where the format takes it. */
static void alone(struct float_net *n, uint32_t code, const float *weights)
{
	struct mb *m = mb_new(3);
	int x = mb_input(m, "x", OCTET_FLOAT32, MB(1, 4), 0, 0), y;

	if (code == OCTET_G_FULLY_CONNECTED) {
		int w = mb_const(m, "w", OCTET_FLOAT32, MB(2, 4), 0, 0, weights);

		y = mb_tensor(m, "y", OCTET_FLOAT32, MB(1, 2), 0, 0);
		MB_OP(m, code, NULL, MB_LIST(x, w, -1), MB_LIST(y));
	} else {
		y = mb_unary(m, code, x, 0, 0);
	}
	mb_output(m, y);
	mb_finish(m, &n->bytes, &n->size);
	mb_free(m);
	n->name = "alone";
	assert_int_equal(octet_model_load_memory(&n->model, n->bytes, n->size, NULL), 0);
}

static void test_operators(void **state)
{
	OCTET_OPTS(octet_quantize_opts, o);
	struct float_net n;

	(void)state;
	alone(&n, OCTET_G_HARD_SWISH, NULL);
	expect(&n, &o, 0, NULL);
	o.format = OCTET_FORMAT_INT16X8;
	expect(&n, &o, -ENOTSUP, "HARD_SWISH has no form with activations of int16: exclude");
	o.exclude = (const char *const[]){ "HARD_SWISH" };
	o.exclude_count = 1;
	expect(&n, &o, 0, NULL);
	float_net_close(&n);
	alone(&n, OCTET_G_EXP, NULL);
	o.format = OCTET_FORMAT_INT8;
	o.activations = OCTET_UINT8;
	o.exclude_count = 0;
	expect(&n, &o, -ENOTSUP, "EXP has no form with activations of uint8");
	float_net_close(&n);
}

/* Of the constant that the new model has in place of the weights. */
static const void *stored(const struct octet_model *q, enum octet_dtype type)
{
	for (uint32_t i = 0; i < q->graph->tensor_count; i++)
		if (q->graph->tensors[i].data && q->graph->tensors[i].type == type)
			return q->graph->tensors[i].data;
	fail_msg("no constant of %s", octet_dtype_name(type));
	return NULL;
}

static void test_values(void **state)
{
	/* Ties, the smallest numbers, both ends. */
	static const float reals[8] = {
		1 + 0x1p-11f, 1 + 0x3p-11f, -0x1p-24f, 0x1p-25f, 0x3p-25f, 65519, -65504, -0.0f,
	};
	static const uint16_t halves[8] = {
		0x3c00, 0x3c02, 0x8001, 0, 0x0002, 0x7bff, 0xfbff, 0x8000,
	};
	static const float steps[8] = { 7, -7, 0.6f, -1.4f, 3, 2.4f, 0, -6 };
	static const uint8_t nibbles[4] = { 0x97, 0xf1, 0x23, 0xa0 };
	static const struct float_format f16 = { "float16", OCTET_FORMAT_FLOAT16, 0, 0, 0 };
	static const struct float_format int4 = { "int4", 0, OCTET_INT8, OCTET_INT4, 0 };
	OCTET_OPTS(octet_quantize_opts, o);
	float large[8] = { 65520 };
	struct float_net n, q;

	(void)state;
	alone(&n, OCTET_G_FULLY_CONNECTED, reals);
	float_net_quantize(&n, &f16, true, &q);
	assert_memory_equal(stored(q.model, OCTET_FLOAT16), halves, sizeof(halves));
	float_net_close(&q);
	float_net_close(&n);
	alone(&n, OCTET_G_FULLY_CONNECTED, steps);
	float_net_quantize(&n, &int4, true, &q);
	assert_memory_equal(stored(q.model, OCTET_INT4), nibbles, sizeof(nibbles));
	float_net_close(&q);
	float_net_close(&n);
	alone(&n, OCTET_G_FULLY_CONNECTED, large);
	o.format = OCTET_FORMAT_FLOAT16;
	expect(&n, &o, -ERANGE, "float16 ends at 65504");
	float_net_close(&n);
}

static void test_names(void **state)
{
	enum octet_quantize_format format;

	(void)state;
	for (int i = 0; i <= OCTET_FORMAT_FLOAT16; i++) {
		assert_int_equal(octet_format_parse(octet_format_name(i), &format), 0);
		assert_int_equal(format, i);
	}
	assert_int_equal(octet_format_parse("int7", &format), -EINVAL);
	assert_string_equal(octet_format_name(77), "?");
}

UNIT_MAIN(unit_case(test_formats), unit_case(test_public), unit_case(test_refused),
	  unit_case(test_operators), unit_case(test_values), unit_case(test_names))
