// SPDX-License-Identifier: MIT
/*
 * What TFLite's converter made of published networks: the preset gives the same
 * scales, and codes but for ties that its versions break in two ways. Skipped where
 * the networks are not there.
 */
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <octet.h>
#include <octet_model.h>
#include <octet_quantize.h>

#include <internal.h>
#include <model/model.h>

/* Channels without weights to speak of have the scale that their bias needs. */
#define DEAD 1e-12f

/** struct tally - of channels and codes: how many, and how many equal */
struct tally {
	size_t scales, same_scales, codes, same_codes;
};

/** struct pair - a quantized tensor and a float one of the same shape */
struct pair {
	const struct octet_graph_tensor *q, *f;
	size_t outer, channels, inner;
};

static bool shaped(struct pair *p)
{
	p->outer = p->inner = 1;
	p->channels = p->q->quants > 1 ? p->q->dims[p->q->axis] : 1;
	if (p->f->type != OCTET_FLOAT32 || !p->f->data || p->f->rank != p->q->rank ||
	    memcmp(p->f->dims, p->q->dims, p->q->rank * sizeof(p->q->dims[0])))
		return false;
	for (uint32_t i = 0; i < p->q->rank; i++) {
		if (p->q->quants <= 1 || i > p->q->axis)
			p->inner *= p->q->dims[i];
		else if (i < p->q->axis)
			p->outer *= p->q->dims[i];
	}
	return true;
}

static struct tally compare(const struct pair *p)
{
	float *scale = calloc(p->channels, sizeof(*scale));
	int32_t *zero = calloc(p->channels, sizeof(*zero));
	int8_t *codes = calloc(p->q->elements, 1);
	OCTET_OPTS(octet_quant_opts, o);
	struct tally t = { 0 };

	assert_true(scale && zero && codes);
	assert_int_equal(octet_preset_get(OCTET_PRESET_TFLITE, OCTET_ROLE_WEIGHTS, &o, NULL, NULL),
			 0);
	assert_int_equal(octet_quant_params_channel(&o, p->f->data, p->outer, p->channels, p->inner,
						    scale, zero), 0);
	assert_int_equal(octet_quantize_channel(&o, scale, zero, p->f->data, p->outer, p->channels,
						p->inner, codes), 0);
	for (size_t i = 0; i < p->q->elements; i++) {
		size_t c = i / p->inner % p->channels;

		if (scale[c] < DEAD)
			continue;
		t.codes++;
		t.same_codes += codes[i] == ((const int8_t *)p->q->data)[i];
	}
	for (size_t c = 0; c < p->channels; c++) {
		t.scales += scale[c] >= DEAD;
		t.same_scales += scale[c] >= DEAD && scale[c] == p->q->scale[c];
	}
	free(scale);
	free(zero);
	free(codes);
	return t;
}

/* Most names change on the way; then the tensor of its shape with most codes is it. */
static struct tally closest(const struct octet_graph *f, const struct octet_graph_tensor *q)
{
	struct tally best = { 0 };

	for (uint32_t i = 0; i < f->tensor_count; i++) {
		struct pair p = { .q = q, .f = &f->tensors[i] };
		struct tally t;

		if (!shaped(&p))
			continue;
		t = compare(&p);
		if (!strcmp(p.f->name, q->name))
			return t;
		if (!best.codes || t.same_codes > best.same_codes)
			best = t;
	}
	return best;
}

static struct octet_model *load(const char *path)
{
	struct octet_model *m;
	FILE *f = fopen(path, "r");

	if (!f)
		unit_skip("the published networks are not there");
	fclose(f);
	assert_int_equal(octet_model_load(&m, path, NULL), 0);
	return m;
}

static void check(const char *real, const char *quantized)
{
	const char *data = getenv("OCTET_DATA");
	struct octet_model *f, *q;
	struct tally sum = { 0 };
	char path[512];

	snprintf(path, sizeof(path), "%s/float/%s.tflite", data ? data : "../shared/data", real);
	f = load(path);
	snprintf(path, sizeof(path), "%s/models/%s/model.tflite", data ? data : "../shared/data",
		 quantized);
	q = load(path);
	for (uint32_t i = 0; i < q->graph->tensor_count; i++) {
		const struct octet_graph_tensor *t = &q->graph->tensors[i];
		struct tally one;

		if (t->type != OCTET_INT8 || !t->data || !t->quants)
			continue;
		one = closest(f->graph, t);
		sum.scales += one.scales;
		sum.same_scales += one.same_scales;
		sum.codes += one.codes;
		sum.same_codes += one.same_codes;
	}
	fprintf(stderr, "TFLite's %s: %zu of %zu scales equal, %zu of %zu codes\n", quantized,
		sum.same_scales, sum.scales, sum.same_codes, sum.codes);
	assert_true(sum.codes > 50000);
	assert_int_equal(sum.same_scales, sum.scales);
	assert_true((double)sum.same_codes >= 0.9999 * (double)sum.codes);
	octet_model_free(f);
	octet_model_free(q);
}

static void test_ad01(void **state)
{
	(void)state;
	check("ad01_fp32", "ad01_int8");
}

static void test_ic01(void **state)
{
	(void)state;
	check("ic01_resnet_fp32", "ic01_resnet_int8");
}

static void test_vww01(void **state)
{
	(void)state;
	check("vww01_fp32", "vww01_int8");
}

UNIT_MAIN(unit_case(test_ad01), unit_case(test_ic01), unit_case(test_vww01))
