// SPDX-License-Identifier: MIT
/* The reader and the writer of .tflite files: what is right comes through unchanged. */

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "model_files.h"
#include "models.h"
#include "tflite/fb.h"
#include "tflite/tflite.h"
#include "unit.h"

#define ERR 256

static struct octet_graph *read_good(const void *bytes, size_t size, const char *what)
{
	struct octet_graph *g = NULL;
	char err[ERR] = "";

	if (octet_tflite_read(bytes, size, &g, err, sizeof(err)))
		fail_msg("%s: octet_tflite_read: %s", what, err);
	if (octet_graph_check(g, err, sizeof(err)))
		fail_msg("%s: octet_graph_check: %s", what, err);
	return g;
}

static void assert_same(const struct octet_graph *a, const struct octet_graph *b, const char *what)
{
	char out[128];
	const char *differs = graph_differs(a, b, out);

	if (differs)
		fail_msg("%s: %s", what, differs);
}

/* Written and read again it is the same; written once more, byte for byte. */
static void round_trip(const struct octet_graph *g, const char *what)
{
	void *bytes, *again;
	size_t size, size2;
	struct octet_graph *h;

	assert_int_equal(octet_tflite_write(g, &bytes, &size, NULL, 0), 0);
	h = read_good(bytes, size, what);
	assert_same(g, h, what);
	assert_int_equal(octet_tflite_write(h, &again, &size2, NULL, 0), 0);
	assert_int_equal(size, size2);
	assert_memory_equal(bytes, again, size);
	octet_graph_free(h);
	free(bytes);
	free(again);
}

static void built(const struct mb_sample *samples)
{
	for (const struct mb_sample *s = samples; s->name; s++) {
		struct mb *m = mb_new(7);

		s->build(m);
		round_trip(mb_graph(m), s->name);
		mb_free(m);
	}
}

static void test_built(void **state)
{
	(void)state;
	built(mb_samples);
	built(mb_odd);
}

/* The same seed gives the same bytes, another one others. */
static void test_seeds(void **state)
{
	void *bytes[3];
	size_t size[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct mb *m = mb_new(i == 2 ? 2 : 1);

		mb_samples[0].build(m);
		mb_finish(m, &bytes[i], &size[i]);
		mb_free(m);
	}
	assert_int_equal(size[0], size[1]);
	assert_memory_equal(bytes[0], bytes[1], size[0]);
	assert_true(size[0] != size[2] || memcmp(bytes[0], bytes[2], size[0]));
	for (int i = 0; i < 3; i++)
		free(bytes[i]);
}

/* Constants are those of the mapping where that is aligned, copies where it is not. */
static void test_alignment(void **state)
{
	struct octet_graph *g, *h;
	uint8_t *bytes, *odd;
	uint32_t inside = 0;
	struct mb *m = mb_new(3);
	size_t size;

	(void)state;
	mb_samples[0].build(m);
	mb_finish(m, (void **)&bytes, &size);
	g = read_good(bytes, size, "aligned");
	for (uint32_t i = 0; i < g->tensor_count; i++) {
		const uint8_t *data = g->tensors[i].data;

		if (!data)
			continue;
		assert_true(data > bytes && data < bytes + size);
		assert_int_equal((data - bytes) % 16, 0);
		inside++;
	}
	assert_true(inside);
	odd = malloc(size + 1);
	memcpy(odd + 1, bytes, size);
	h = read_good(odd + 1, size, "misaligned");
	for (uint32_t i = 0; i < h->tensor_count; i++)
		assert_int_equal((uintptr_t)h->tensors[i].data %
				 octet_graph_bytes(h->tensors[i].type, 1), 0);
	assert_same(g, h, "misaligned");
	octet_graph_free(g);
	octet_graph_free(h);
	free(odd);
	free(bytes);
	mb_free(m);
}

/* Where entry @i of the model's buffers has its offset. */
static uint64_t buffer_entry(const void *bytes, size_t size, uint32_t i)
{
	struct fb fb = { 0 };
	struct fb_table model;
	struct fb_vector buffers;

	assert_int_equal(fb_open(&fb, bytes, size, TFL_Model, &model), 0);
	assert_int_equal(fb_vector(&fb, &model, TFL_Model_buffers, &buffers), 0);
	assert_true(i < buffers.count);
	return buffers.pos + 4 * (uint64_t)i;
}

/*
 * Constants behind the flatbuffer: the last buffer gets a table that says where.
 * @shift: how far its contents are moved beyond the end of the file
 */
static void *outside(const void *bytes, size_t size, uint32_t buffer, const void *data,
		     uint64_t data_size, uint64_t shift, size_t *total)
{
	/* vtable: 10 bytes, table of 24; offset at 8, size at 16 */
	const uint16_t vtable[5] = { 10, 24, 0, 8, 16 };
	size_t base = (size + 15) / 16 * 16, table = base + 16;
	uint8_t *out = calloc(1, table + 32 + data_size);
	uint64_t entry = buffer_entry(bytes, size, buffer), from = table + 32 + shift;

	memcpy(out, bytes, size);
	memcpy(out + base, vtable, sizeof(vtable));
	memcpy(out + table, &(int32_t){ (int32_t)(table - base) }, 4);
	memcpy(out + table + 8, &from, 8);
	memcpy(out + table + 16, &data_size, 8);
	memcpy(out + table + 32, data, data_size);
	memcpy(out + entry, &(uint32_t){ (uint32_t)(table - entry) }, 4);
	*total = table + 32 + data_size;
	return out;
}

static void test_outside(void **state)
{
	struct octet_graph *g, *bad = NULL;
	struct mb *m = mb_new(5);
	char err[ERR] = "";
	void *bytes, *moved;
	size_t size, total;
	int x = mb_input(m, "x", OCTET_INT8, MB(1, 8), 0.02f, 0);

	(void)state;
	mb_output(m, mb_fc(m, x, &(struct mb_conv){ .name = "fc", .cout = 4, .no_bias = true }));
	mb_finish(m, &bytes, &size);
	/* Buffer 1 holds the weights. */
	moved = outside(bytes, size, 1, mb_get(m, 2)->data, 32, 0, &total);
	g = read_good(moved, total, "outside");
	assert_same(mb_graph(m), g, "outside");
	assert_ptr_equal(g->tensors[2].data, (uint8_t *)moved + total - 32);
	octet_graph_free(g);
	free(moved);
	moved = outside(bytes, size, 1, mb_get(m, 2)->data, 32, 1, &total);
	assert_int_equal(octet_tflite_read(moved, total, &bad, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "Buffer 1: offset"));
	free(moved);
	free(bytes);
	mb_free(m);
}

/* ---- Public models ---- */

static void round_trip_file(const char *path)
{
	size_t size;
	void *bytes = model_load(path, &size);
	struct octet_graph *g = read_good(bytes, size, path);

	round_trip(g, path);
	octet_graph_free(g);
	free(bytes);
}

static void test_public(void **state)
{
	size_t count = model_each("models/*/model.tflite", round_trip_file) +
		       model_each("float/*.tflite", round_trip_file);

	(void)state;
	if (!count)
		unit_skip("no folder of public models (OCTET_DATA)");
}

static json_object *get(json_object *o, const char *key)
{
	return json_object_object_get(o, key);
}

static int64_t number(json_object *list, size_t i)
{
	return json_object_get_int64(json_object_array_get_idx(list, i));
}

static const char *upper(const char *type, char *out)
{
	size_t i = 0;

	for (; type[i]; i++)
		out[i] = (char)(type[i] >= 'a' && type[i] <= 'z' ? type[i] - 32 : type[i]);
	out[i] = 0;
	return out;
}

static void assert_tensor(const struct octet_graph_tensor *t, json_object *o)
{
	json_object *shape = get(o, "shape"), *count = get(o, "nscale");
	char type[16];

	assert_string_equal(t->name, json_object_get_string(get(o, "name")));
	assert_string_equal(upper(octet_graph_type_name(t->type), type),
			    json_object_get_string(get(o, "type")));
	assert_int_equal(t->rank, json_object_array_length(shape));
	for (uint32_t i = 0; i < t->rank; i++)
		assert_int_equal(t->dims[i], number(shape, i));
	assert_int_equal(t->quants, count ? json_object_get_int64(count) : 0);
	if (!count)
		return;
	assert_float_equal(t->scale[0], json_object_get_double(get(o, "scale")),
			   1e-6f * t->scale[0]);
	assert_int_equal(t->zero_point[0], json_object_get_int64(get(o, "zp")));
	/* Of many scales; a vector's axis is 0 whatever the file says. */
	if (t->quants > 1 && t->rank > 1)
		assert_int_equal(t->axis, json_object_get_int64(get(o, "qdim")));
}

static int32_t name_index(json_object *o, const char *key, const char *const *names)
{
	int32_t i = 0;

	while (strcmp(names[i], json_object_get_string(get(o, key))))
		i++;
	return i;
}

static const char *const pads[] = { "SAME", "VALID", "" };
static const char *const acts[] = { "NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "" };

/* Height first. */
static void assert_pair(json_object *o, const char *key, int32_t h, int32_t w)
{
	assert_int_equal(h, number(get(o, key), 0));
	assert_int_equal(w, number(get(o, key), 1));
}

static void assert_options(const struct octet_graph_op *op, json_object *o)
{
	const union octet_graph_options *p = &op->opt;

	switch (op->code) {
	case OCTET_G_CONV_2D:
		assert_int_equal(p->conv2d.padding, name_index(o, "pad", pads));
		assert_int_equal(p->conv2d.activation, name_index(o, "act", acts));
		assert_pair(o, "stride", p->conv2d.stride_h, p->conv2d.stride_w);
		assert_pair(o, "dil", p->conv2d.dilation_h, p->conv2d.dilation_w);
		break;
	case OCTET_G_DEPTHWISE_CONV_2D:
		assert_int_equal(p->depthwise.padding, name_index(o, "pad", pads));
		assert_int_equal(p->depthwise.activation, name_index(o, "act", acts));
		assert_pair(o, "stride", p->depthwise.stride_h, p->depthwise.stride_w);
		assert_pair(o, "dil", p->depthwise.dilation_h, p->depthwise.dilation_w);
		assert_int_equal(p->depthwise.multiplier, json_object_get_int(get(o, "mult")));
		break;
	case OCTET_G_AVERAGE_POOL_2D:
	case OCTET_G_MAX_POOL_2D:
		assert_int_equal(p->pool.padding, name_index(o, "pad", pads));
		assert_int_equal(p->pool.activation, name_index(o, "act", acts));
		assert_pair(o, "stride", p->pool.stride_h, p->pool.stride_w);
		assert_pair(o, "filter", p->pool.filter_h, p->pool.filter_w);
		break;
	case OCTET_G_FULLY_CONNECTED:
		assert_int_equal(p->fc.activation, name_index(o, "act", acts));
		assert_int_equal(p->fc.keep_num_dims, json_object_get_int(get(o, "keep_dims")));
		break;
	case OCTET_G_SOFTMAX:
		assert_float_equal(p->softmax.beta, json_object_get_double(get(o, "beta")), 1e-6);
		break;
	case OCTET_G_ADD:
		assert_int_equal(p->arith.activation, name_index(o, "act", acts));
		break;
	default:
		break;
	}
}

static void assert_list(uint32_t count, const int32_t *list, json_object *o)
{
	assert_int_equal(count, json_object_array_length(o));
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(list[i], number(o, i));
}

static void compare_json(const char *path)
{
	json_object *truth = json_object_from_file(path), *ops, *tensors;
	char model[512];
	struct octet_graph *g;
	void *bytes;
	size_t size;

	assert_non_null(truth);
	snprintf(model, sizeof(model), "%.*smodel.tflite", (int)(strlen(path) - 10), path);
	bytes = model_load(model, &size);
	g = read_good(bytes, size, model);
	ops = get(truth, "ops");
	tensors = get(truth, "tensors");
	assert_int_equal(g->op_count, json_object_array_length(ops));
	assert_int_equal(g->tensor_count, json_object_array_length(tensors));
	for (uint32_t i = 0; i < g->tensor_count; i++)
		assert_tensor(&g->tensors[i], json_object_array_get_idx(tensors, i));
	for (uint32_t i = 0; i < g->op_count; i++) {
		const struct octet_graph_op *op = &g->ops[i];
		json_object *o = json_object_array_get_idx(ops, i);

		assert_string_equal(op->name, json_object_get_string(get(o, "op")));
		assert_int_equal(op->version, json_object_get_int(get(o, "v")));
		assert_list(op->input_count, op->inputs, get(o, "in"));
		assert_list(op->output_count, op->outputs, get(o, "out"));
		assert_options(op, o);
	}
	octet_graph_free(g);
	free(bytes);
	json_object_put(truth);
}

static void test_json(void **state)
{
	(void)state;
	if (!model_each("models/*/graph.json", compare_json))
		unit_skip("no folder of public models (OCTET_DATA)");
}

UNIT_MAIN(unit_case(test_built), unit_case(test_seeds), unit_case(test_alignment),
	  unit_case(test_outside), unit_case(test_public), unit_case(test_json))
