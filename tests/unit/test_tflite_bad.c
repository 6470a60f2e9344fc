// SPDX-License-Identifier: MIT
/*
 * Files that are wrong: each refusal of the reader has its error and its words,
 * and no change of any file, however made, does worse than that. The second part
 * means most in build/tests/asan.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model_files.h"
#include "models.h"
#include "tflite/fb.h"
#include "tflite/tflite.h"
#include "unit.h"

#define ERR 256
#define FLIPS 100000
#define SMALL (64u << 10)

/* A file that tests may change, in a block of exactly its size. */
struct file {
	uint8_t *bytes;
	size_t size;
};

static struct file build(const struct mb_sample *sample)
{
	struct mb *m = mb_new(11);
	struct file f;

	sample->build(m);
	mb_finish(m, (void **)&f.bytes, &f.size);
	f.bytes = realloc(f.bytes, f.size);
	mb_free(m);
	return f;
}

/* ---- Refusals, one by one ---- */

static struct fb_table root(struct fb *fb, const struct file *f)
{
	struct fb_table t;

	*fb = (struct fb){ 0 };
	assert_int_equal(fb_open(fb, f->bytes, f->size, TFL_Model, &t), 0);
	return t;
}

/* Table @i of a list of tables. */
static struct fb_table element(struct fb *fb, const struct fb_table *t, enum tfl_field f,
			       uint32_t i, enum tfl_table kind)
{
	struct fb_vector v;
	struct fb_table out;

	assert_int_equal(fb_vector(fb, t, f, &v), 0);
	assert_int_equal(fb_element(fb, &v, i, kind, &out), 0);
	return out;
}

static struct fb_table child(struct fb *fb, const struct fb_table *t, enum tfl_field f,
			     enum tfl_table kind)
{
	struct fb_table out;
	bool present;

	assert_int_equal(fb_table(fb, t, f, kind, &out, &present), 0);
	assert_true(present);
	return out;
}

/* The vtable's entry of a field. */
static uint8_t *entry(const struct file *f, const struct fb_table *t, enum tfl_field field)
{
	size_t at = 4 + 2u * tfl_fields[field].number;

	assert_true(at + 2 <= t->vtable_size);
	return f->bytes + t->vtable + at;
}

/* The field's own bytes. */
static uint8_t *place(const struct file *f, const struct fb_table *t, enum tfl_field field)
{
	uint16_t at;

	memcpy(&at, entry(f, t, field), sizeof(at));
	assert_true(at);
	return f->bytes + t->pos + at;
}

/* What a field of offset type refers to. */
static uint8_t *target(const struct file *f, const struct fb_table *t, enum tfl_field field)
{
	uint8_t *at = place(f, t, field);
	uint32_t offset;

	memcpy(&offset, at, sizeof(offset));
	return at + offset;
}

static void put(uint8_t *at, int64_t value, size_t bytes)
{
	memcpy(at, &value, bytes);
}

/**
 * struct refusal - a change of a network, and what comes of it
 *
 * @list: model's or subgraph's list, @index its table; @inner: a table in that
 * @vector: change element @at of what the field refers to (-1: its count)
 * @alias: give the field another field's place
 */
struct refusal {
	const char *what;
	enum tfl_table table;
	uint32_t index;
	enum tfl_field field;
	bool vector, alias;
	int32_t at;
	int64_t value;
	int error;
	const char *words;
};

/* Of cnn_int8. */
static const struct refusal refusals[] = {
	{ "version", TFL_Model, 0, TFL_Model_version, false, false, 0, 2, -EINVAL, "version 2" },
	{ "newer version", TFL_Model, 0, TFL_Model_version, false, false, 0, 4, -ENOTSUP,
	  "version 4" },
	{ "two subgraphs", TFL_Model, 0, TFL_Model_subgraphs, true, false, -1, 2, -ENOTSUP,
	  "2 subgraphs" },
	{ "no subgraph", TFL_Model, 0, TFL_Model_subgraphs, true, false, -1, 0, -EINVAL,
	  "0 subgraphs" },
	{ "endless list", TFL_SubGraph, 0, TFL_SubGraph_tensors, true, false, -1, 0x7fffffff,
	  -EINVAL, "SubGraph 0, at byte" },
	{ "type FLOAT64", TFL_Tensor, 1, TFL_Tensor_type, false, false, 0, 10, -ENOTSUP,
	  "tensor 1 'c1': element type 10 (FLOAT64)" },
	{ "type 99", TFL_Tensor, 1, TFL_Tensor_type, false, false, 0, 99, -EINVAL,
	  "tensor 1 'c1': element type 99 (?)" },
	{ "dynamic", TFL_Tensor, 1, TFL_Tensor_shape, true, false, 0, -1, -ENOTSUP,
	  "tensor 1 'c1': dimension 0 is -1" },
	{ "negative extent", TFL_Tensor, 1, TFL_Tensor_shape, true, false, 2, -5, -EINVAL,
	  "tensor 1 'c1': dimension 2 is -5" },
	{ "empty", TFL_Tensor, 1, TFL_Tensor_shape, true, false, 2, 0, -ENOTSUP,
	  "(CONV_2D): tensor 1 'c1' has a dimension of 0" },
	{ "too large", TFL_Tensor, 1, TFL_Tensor_shape, true, false, 2, 0x7fffffff, -EFBIG,
	  "tensor 1 'c1': more than 2147483647 elements" },
	{ "sparse", TFL_Tensor, 2, TFL_Tensor_sparsity, false, true, TFL_Tensor_quantization, 0,
	  -ENOTSUP, "': sparse tensors are not supported" },
	{ "buffer", TFL_Tensor, 2, TFL_Tensor_buffer, false, false, 0, 1000, -EINVAL,
	  "tensor 2 'c1/w': buffer 1000 of " },
	{ "contents", TFL_Buffer, 1, TFL_Buffer_data, true, false, -1, 4, -EINVAL,
	  "tensor 2 'c1/w': buffer 1 has 4 bytes, but 216 elements of int8 take 216" },
	{ "variable", TFL_Tensor, 2, TFL_Tensor_is_variable, false, true, TFL_Tensor_has_rank, 0,
	  -EINVAL, "tensor 2 'c1/w': a variable has contents" },
	{ "zero points", TFL_QuantizationParameters, 2, TFL_QuantizationParameters_zero_point, true,
	  false, -1, 7, -EINVAL, "tensor 2 'c1/w': 8 scales, but 7 zero points" },
	{ "scales", TFL_QuantizationParameters, 2, TFL_QuantizationParameters_scale, true, false,
	  -1, 7, -EINVAL, "tensor 2 'c1/w': 7 scales, but 8 zero points" },
	{ "huge zero point", TFL_QuantizationParameters, 1, TFL_QuantizationParameters_zero_point,
	  true, false, 1, 5, -EINVAL, "tensor 1 'c1': zero point 25" },
	{ "opcode", TFL_Operator, 1, TFL_Operator_opcode_index, false, false, 0, 50, -EINVAL,
	  "operator 1: opcode_index 50 of 5 does not exist" },
	{ "input", TFL_Operator, 0, TFL_Operator_inputs, true, false, 1, 99, -EINVAL,
	  "operator 0 (CONV_2D): inputs[1] is tensor 99" },
	{ "input -2", TFL_Operator, 0, TFL_Operator_inputs, true, false, 1, -2, -EINVAL,
	  "operator 0 (CONV_2D): inputs[1] is tensor -2" },
	{ "output -1", TFL_Operator, 0, TFL_Operator_outputs, true, false, 0, -1, -EINVAL,
	  "operator 0 (CONV_2D): outputs[0] is tensor -1" },
	{ "options", TFL_Operator, 0, TFL_Operator_builtin_options_type, false, false, 0, 5,
	  -EINVAL, "operator 0 (CONV_2D): options of kind 5 do not belong to it; kind 1 "
	  "(Conv2DOptions)" },
	{ "graph's input", TFL_SubGraph, 0, TFL_SubGraph_inputs, true, false, 0, 1000, -EINVAL,
	  "the graph: inputs[0] is tensor 1000" },
	{ "name", TFL_Tensor, 1, TFL_Tensor_name, true, false, -1, 1, -EINVAL,
	  "Tensor 1, at byte " },
};

/* Of mobile, which has weights along another axis than 0. */
static const struct refusal mobile_refusals[] = {
	{ "details", TFL_QuantizationParameters, 8, TFL_QuantizationParameters_details_type, false,
	  true, TFL_QuantizationParameters_scale, 0, -ENOTSUP,
	  "tensor 8 'dw/w': quantization details of kind" },
};

static struct fb_table find_table(struct fb *fb, const struct file *f, const struct refusal *r)
{
	struct fb_table model = root(fb, f), graph, tensor;

	switch (r->table) {
	case TFL_Model:
		return model;
	case TFL_OperatorCode:
		return element(fb, &model, TFL_Model_operator_codes, r->index, r->table);
	case TFL_Buffer:
		return element(fb, &model, TFL_Model_buffers, r->index, r->table);
	default:
		break;
	}
	graph = element(fb, &model, TFL_Model_subgraphs, 0, TFL_SubGraph);
	if (r->table == TFL_SubGraph)
		return graph;
	if (r->table == TFL_Operator)
		return element(fb, &graph, TFL_SubGraph_operators, r->index, r->table);
	tensor = element(fb, &graph, TFL_SubGraph_tensors, r->index, TFL_Tensor);
	if (r->table == TFL_Tensor)
		return tensor;
	return child(fb, &tensor, TFL_Tensor_quantization, r->table);
}

static void change(const struct file *f, const struct fb_table *t, const struct refusal *r)
{
	size_t width = tfl_width(tfl_fields[r->field].kind);

	if (r->alias)
		memcpy(entry(f, t, r->field), entry(f, t, (enum tfl_field)r->at), 2);
	else if (r->vector)
		put(target(f, t, r->field) + 4 + 4 * r->at, r->value, 4);
	else
		put(place(f, t, r->field), r->value, width);
}

static void try_refusals(int sample, const struct refusal *list, size_t count)
{
	struct octet_graph *none = (struct octet_graph *)1;

	for (const struct refusal *r = list; r < list + count; r++) {
		struct file f = build(&mb_samples[sample]);
		struct octet_graph *g = none;
		char err[ERR] = "";
		struct fb_table t;
		struct fb fb;
		int rc;

		t = find_table(&fb, &f, r);
		change(&f, &t, r);
		rc = octet_tflite_read(f.bytes, f.size, &g, err, sizeof(err));
		if (rc != r->error || !strstr(err, r->words) || g != none)
			fail_msg("%s: %d, \"%s\"", r->what, rc, err);
		free(f.bytes);
	}
}

static void test_refusals(void **state)
{
	(void)state;
	try_refusals(0, refusals, sizeof(refusals) / sizeof(refusals[0]));
	try_refusals(4, mobile_refusals, sizeof(mobile_refusals) / sizeof(mobile_refusals[0]));
}

static void refuse_bytes(const void *bytes, size_t size, const char *words)
{
	struct octet_graph *g = NULL;
	char err[ERR] = "";
	void *copy = malloc(size + !size);

	memcpy(copy, bytes, size);
	assert_int_equal(octet_tflite_read(copy, size, &g, err, sizeof(err)), -EINVAL);
	if (!strstr(err, words))
		fail_msg("\"%s\" does not say \"%s\"", err, words);
	/* A caller need not want the words. */
	assert_int_equal(octet_tflite_read(copy, size, &g, NULL, 0), -EINVAL);
	assert_int_equal(octet_tflite_read(copy, size, &g, err, 1), -EINVAL);
	free(copy);
}

static void test_short(void **state)
{
	(void)state;
	refuse_bytes("", 0, "0 bytes are no .tflite file");
	refuse_bytes("\x18\0\0", 3, "3 bytes are no .tflite file");
	refuse_bytes("\x18\0\0\0TFL2", 8, "bytes 4 to 7 are not \"TFL3\"");
	/* Eight bytes that made TFLite itself read outside of them. */
	refuse_bytes("\x18\0\0\0TFL3", 8, "Model, at byte 24: the table lies outside the file");
	refuse_bytes("\x04\0\0\0TFL3", 8, "Model, at byte 4");
	refuse_bytes("\xff\xff\xff\xffTFL3", 8, "a table lies at a multiple of 4");
	refuse_bytes("\xfc\xff\xff\xffTFL3", 8, "the table lies outside the file");
	/* A vtable at the very end that claims more than is there. */
	refuse_bytes("\x0c\0\0\0TFL3\0\0\0\0\xf8\xff\xff\xff\0\0\0\0\xc8\0\x08\0", 24,
		     "the size of its vtable is odd, below 4 or leads out of the file");
	refuse_bytes("\x0c\0\0\0TFL3\0\0\0\0\xf8\xff\xff\xff\0\0\0\0\x04\0\xff\xff", 24,
		     "its size is below 4 or leads out of the file");
}

/*
 * A small file that stands for a large one: operators that are all the same
 * table, whose inputs are all in the same long list.
 */
static void test_bomb(void **state)
{
	enum { COUNT = 3000, LIST = 4, VTABLE = LIST + 4 * COUNT, TABLE = VTABLE + 12,
	       INPUTS = TABLE + 16, OUTPUTS = INPUTS + 4 + 4 * COUNT, END = OUTPUTS + 8 };
	const uint16_t vtable[5] = { 10, 16, 4, 8, 12 };
	struct octet_graph *g = NULL;
	struct file f = build(&mb_samples[0]);
	struct fb fb;
	struct fb_table model = root(&fb, &f);
	struct fb_table graph = element(&fb, &model, TFL_Model_subgraphs, 0, TFL_SubGraph);
	size_t base = (f.size + 3) / 4 * 4;
	char err[ERR] = "";
	uint8_t *more;

	(void)state;
	f.bytes = realloc(f.bytes, base + END);
	memset(f.bytes + f.size, 0, base + END - f.size);
	f.size = base + END;
	more = f.bytes + base;
	put(place(&f, &graph, TFL_SubGraph_operators),
	    more - place(&f, &graph, TFL_SubGraph_operators), 4);
	put(more, COUNT, 4);
	for (int i = 0; i < COUNT; i++)
		put(more + LIST + 4 * i, TABLE - (LIST + 4 * i), 4);
	memcpy(more + VTABLE, vtable, sizeof(vtable));
	put(more + TABLE, TABLE - VTABLE, 4);
	put(more + TABLE + 8, INPUTS - (TABLE + 8), 4);
	put(more + TABLE + 12, OUTPUTS - (TABLE + 12), 4);
	put(more + INPUTS, COUNT, 4);
	put(more + OUTPUTS, 1, 4);
	put(more + OUTPUTS + 4, 1, 4);
	assert_int_equal(octet_tflite_read(f.bytes, f.size, &g, err, sizeof(err)), -EINVAL);
	if (!strstr(err, "offsets of the file share so much"))
		fail_msg("\"%s\"", err);
	free(f.bytes);
}

/* ---- Any change at all ---- */

static unsigned long accepted, refused;

/* Read and check; whatever is refused has words, whatever is not can be written. */
static void try_bytes(const uint8_t *bytes, size_t size)
{
	struct octet_graph *g = NULL;
	char err[ERR] = "";
	size_t out_size;
	void *out;
	int rc = octet_tflite_read(bytes, size, &g, err, sizeof(err));

	if (!rc)
		rc = octet_graph_check(g, err, sizeof(err));
	if (rc && strlen(err) < 10)
		fail_msg("error %d without words", rc);
	if (!rc && !octet_tflite_write(g, &out, &out_size, NULL, 0))
		free(out);
	accepted += !rc;
	refused += rc != 0;
	octet_graph_free(g);
}

static void truncate_each(const struct mb_sample *samples)
{
	for (const struct mb_sample *s = samples; s->name; s++) {
		struct file f = build(s);

		for (size_t size = 0; size < f.size; size += 4) {
			uint8_t *part = malloc(size + !size);

			memcpy(part, f.bytes, size);
			try_bytes(part, size);
			free(part);
		}
		free(f.bytes);
	}
}

static void test_truncated(void **state)
{
	(void)state;
	truncate_each(mb_samples);
	truncate_each(mb_odd);
	assert_true(refused > 1000);
}

/* Every word of the file: offsets that lead anywhere, counts that are anything. */
static void words_of(const struct mb_sample *samples)
{
	for (const struct mb_sample *s = samples; s->name; s++) {
		struct file f = build(s);
		const uint32_t values[] = { 0, 1, 0xffffffff, 0x7fffffff, 0x80000000,
					    (uint32_t)f.size, (uint32_t)f.size / 2, 0x40000000,
					    0x00010001, 4 };

		for (size_t at = 0; at + 4 <= f.size; at += 4) {
			uint32_t old;

			memcpy(&old, f.bytes + at, sizeof(old));
			for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
				put(f.bytes + at, values[i], 4);
				try_bytes(f.bytes, f.size);
			}
			put(f.bytes + at, old, 4);
		}
		free(f.bytes);
	}
}

static void test_words(void **state)
{
	(void)state;
	words_of(mb_samples);
	words_of(mb_odd);
}

static uint64_t random_state = 1;

static uint32_t any(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33);
}

/* A few bytes at a time; of most files the start is what matters. */
static void flip(struct file f, unsigned int times)
{
	uint8_t *old = malloc(f.size);

	memcpy(old, f.bytes, f.size);
	for (unsigned int i = 0; i < times; i++) {
		unsigned int count = 1 + any() % 4;
		size_t at[4];

		for (unsigned int k = 0; k < count; k++) {
			at[k] = any() % f.size;
			f.bytes[at[k]] = (uint8_t)(any() % 3 ? f.bytes[at[k]] ^ 1u << any() % 8 :
						   any());
		}
		try_bytes(f.bytes, f.size);
		for (unsigned int k = 0; k < count; k++)
			f.bytes[at[k]] = old[at[k]];
	}
	free(old);
}

static void test_flips(void **state)
{
	unsigned int count = 0;

	(void)state;
	while (mb_samples[count].name)
		count++;
	for (unsigned int i = 0; i < count; i++) {
		struct file f = build(&mb_samples[i]);

		flip(f, FLIPS / count);
		free(f.bytes);
	}
	/* Most bytes are weights, whose change is fine; the rest is not. */
	assert_true(accepted > FLIPS / 10);
	assert_true(refused > FLIPS / 10);
}

static unsigned int files;

static void flip_file(const char *path)
{
	struct file f;

	f.bytes = model_load(path, &f.size);
	if (f.size <= SMALL) {
		flip(f, FLIPS / 10);
		files++;
	}
	free(f.bytes);
}

static void test_public_flips(void **state)
{
	(void)state;
	model_each("models/*/model.tflite", flip_file);
	if (!files)
		unit_skip("no folder of public models (OCTET_DATA)");
}

UNIT_MAIN(unit_case(test_refusals), unit_case(test_short), unit_case(test_bomb),
	  unit_case(test_truncated), unit_case(test_words), unit_case(test_flips),
	  unit_case(test_public_flips))
