// SPDX-License-Identifier: MIT
/* Small float networks of the kinds that people quantize. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "float_nets.h"
#include "model/model.h"
#include "model_files.h"
#include "tflite/tflite.h"

#define RELU	OCTET_G_ACT_RELU
#define RELU6	OCTET_G_ACT_RELU6
#define NONE	OCTET_G_ACT_NONE

/* Depthwise and pointwise, a residual, a mean. */
static void mobile(struct mb *m)
{
	int x = mb_input(m, "image", OCTET_FLOAT32, MB(1, 16, 16, 3), 0, 0), y;

	x = mb_conv2d(m, x, &(struct mb_conv){ .name = "stem", .cout = 16, .kh = 3, .stride = 2,
					       .act = RELU6 });
	y = mb_conv2d(m, x, &(struct mb_conv){ .name = "expand", .cout = 32, .act = RELU6 });
	y = mb_depthwise(m, y, &(struct mb_conv){ .name = "dw", .kh = 3, .act = RELU6 });
	y = mb_conv2d(m, y, &(struct mb_conv){ .name = "project", .cout = 16 });
	x = mb_arith(m, OCTET_G_ADD, x, y, NONE, 0, 0);
	x = mb_reduce(m, OCTET_G_MEAN, x, 2, (int32_t[]){ 1, 2 }, false, 0, 0);
	x = mb_fc(m, x, &(struct mb_conv){ .name = "classes", .cout = 10 });
	mb_output(m, mb_softmax(m, x, 1));
}

/* Gates as in a recurrent cell. */
static void gates(struct mb *m)
{
	int x = mb_input(m, "features", OCTET_FLOAT32, MB(2, 40), 0, 0), a, b;

	x = mb_fc(m, x, &(struct mb_conv){ .name = "f1", .cout = 33, .act = RELU });
	a = mb_fc(m, x, &(struct mb_conv){ .name = "f2", .cout = 20, .no_bias = true });
	b = mb_fc(m, x, &(struct mb_conv){ .name = "f3", .cout = 20 });
	a = mb_unary(m, OCTET_G_TANH, a, 0, 0);
	b = mb_unary(m, OCTET_G_LOGISTIC, b, 0, 0);
	a = mb_arith(m, OCTET_G_MUL, a, b, NONE, 0, 0);
	x = mb_concat(m, 1, 2, (int[]){ a, b });
	mb_output(m, mb_fc(m, x, &(struct mb_conv){ .name = "f4", .cout = 7 }));
}

/* Down and up again. */
static void unet(struct mb *m)
{
	int x = mb_input(m, "image", OCTET_FLOAT32, MB(1, 8, 8, 4), 0, 0), d, u;

	d = mb_conv2d(m, x, &(struct mb_conv){ .name = "down", .cout = 8, .kh = 3, .act = RELU });
	d = mb_pool(m, OCTET_G_MAX_POOL_2D, d, &(struct mb_conv){ .kh = 2, .stride = 2 });
	u = mb_tconv2d(m, d, &(struct mb_conv){ .name = "up", .cout = 4, .kh = 3, .stride = 2 });
	x = mb_concat(m, 3, 2, (int[]){ x, u });
	d = mb_resize(m, OCTET_G_RESIZE_BILINEAR, d, 8, 8, false, true);
	x = mb_concat(m, 3, 2, (int[]){ x, d });
	x = mb_unary(m, OCTET_G_LEAKY_RELU, x, 0, 0);
	x = mb_pad(m, x, (int32_t[]){ 0, 0, 1, 1, 1, 1, 0, 0 });
	x = mb_pool(m, OCTET_G_AVERAGE_POOL_2D, x, &(struct mb_conv){ .kh = 3, .stride = 1,
								     .padding = OCTET_G_VALID });
	mb_output(m, mb_conv2d(m, x, &(struct mb_conv){ .name = "last", .cout = 5 }));
}

/* Attention, and operators that move and compare. */
static void tokens(struct mb *m)
{
	int x = mb_input(m, "tokens", OCTET_FLOAT32, MB(1, 6, 16), 0, 0), k, v, y[2], c;

	c = mb_const(m, "position", OCTET_FLOAT32, MB(1, 6, 16), 0, 0, NULL);
	x = mb_arith(m, OCTET_G_ADD, x, c, NONE, 0, 0);
	k = mb_fc(m, x, &(struct mb_conv){ .name = "k", .cout = 16, .keep_num_dims = true });
	v = mb_fc(m, x, &(struct mb_conv){ .name = "v", .cout = 16, .keep_num_dims = true });
	k = mb_transpose(m, k, (int32_t[]){ 0, 2, 1 });
	k = mb_softmax(m, mb_matmul(m, x, k, false, false, 0, 0), 1);
	v = mb_matmul(m, k, v, false, false, 0, 0);
	x = mb_arith(m, OCTET_G_SUB, x, v, NONE, 0, 0);
	mb_split(m, 2, x, 2, y);
	x = mb_arith(m, OCTET_G_MAXIMUM, y[0], mb_unary(m, OCTET_G_RELU, y[1], 0, 0), NONE, 0, 0);
	x = mb_slice(m, x, (int32_t[]){ 0, 1, 0 }, (int32_t[]){ 1, 5, 8 }, (int32_t[]){ 1, 1, 1 });
	x = mb_reduce(m, OCTET_G_REDUCE_MAX, x, 1, (int32_t[]){ 1 }, false, 0, 0);
	mb_output(m, x);
}

static const struct mb_sample nets[] = {
	{ "mobile", mobile }, { "gates", gates }, { "unet", unet }, { "tokens", tokens },
};

const struct float_format float_formats[] = {
	{ "int8", OCTET_FORMAT_INT8, OCTET_INT8, 0, 20 },
	{ "uint8", OCTET_FORMAT_INT8, OCTET_UINT8, 0, 20 },
	{ "int4", OCTET_FORMAT_INT8, OCTET_INT8, OCTET_INT4, 8 },
	{ "int16x8", OCTET_FORMAT_INT16X8, OCTET_INT16, 0, 30 },
	{ "dynamic-range", OCTET_FORMAT_DYNAMIC_RANGE, 0, 0, 30 },
	{ "weight-only", OCTET_FORMAT_WEIGHT_ONLY, 0, 0, 30 },
	{ "float16", OCTET_FORMAT_FLOAT16, 0, 0, 60 },
	{ 0 },
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "float_nets: %s: %s\n", what, why);
	exit(2);
}

static void load(struct float_net *n)
{
	OCTET_OPTS(octet_model_opts, o);
	char err[256] = "";

	o.errbuf = err;
	o.errbuf_size = sizeof(err);
	if (octet_model_load_memory(&n->model, n->bytes, n->size, &o))
		die(n->name, err);
}

bool float_net_open(struct float_net *n, unsigned int i)
{
	struct mb *m;

	if (i >= sizeof(nets) / sizeof(nets[0]))
		return false;
	m = mb_new(17 + i);
	n->name = nets[i].name;
	nets[i].build(m);
	mb_finish(m, &n->bytes, &n->size);
	mb_free(m);
	load(n);
	return true;
}

void float_net_load(struct float_net *n, const char *path)
{
	const char *slash = strrchr(path, '/');

	n->name = slash ? slash + 1 : path;
	n->bytes = model_load(path, &n->size);
	load(n);
}

void float_net_close(struct float_net *n)
{
	octet_model_free(n->model);
	free(n->bytes);
}

/* Sums of three uniform numbers: some are far out, as in real data. */
static float noise(uint64_t *state)
{
	double sum = 0;

	for (int i = 0; i < 3; i++) {
		*state = *state * 6364136223846793005u + 1442695040888963407u;
		sum += (double)(*state >> 40) / 16777216.0 * 2 - 1;
	}
	return (float)sum;
}

int float_net_sample(void *opaque, uint64_t index, void *const *inputs)
{
	const struct float_net *n = opaque;
	const struct octet_graph *g = n->model->graph;
	uint64_t state = index * 977 + 5;

	if (index >= FLOAT_NET_SAMPLES)
		return 0;
	for (uint32_t i = 0; i < g->input_count; i++)
		for (uint64_t k = 0; k < g->tensors[g->inputs[i]].elements; k++)
			((float *)inputs[i])[k] = noise(&state);
	return 1;
}

void float_net_quantize(const struct float_net *from, const struct float_format *f, bool real_io,
			struct float_net *to)
{
	OCTET_OPTS(octet_quantize_opts, o);
	bool real = f->format >= OCTET_FORMAT_DYNAMIC_RANGE;
	struct octet_model *model;
	char err[256] = "";

	/* TFLite has it for int8 and int16 only. */
	for (uint32_t i = 0; i < from->model->graph->op_count; i++)
		if (f->activations == OCTET_UINT8 &&
		    from->model->graph->ops[i].code == OCTET_G_BATCH_MATMUL)
			o.exclude_count = 1;
	o.exclude = (const char *const[]){ "BATCH_MATMUL" };
	o.format = f->format;
	o.activations = f->activations;
	o.weights = f->weights;
	o.real_io = real_io;
	o.errbuf = err;
	o.errbuf_size = sizeof(err);
	if (octet_model_quantize(&model, from->model, &o, real ? NULL : float_net_sample,
				 (void *)(uintptr_t)from))
		die(f->name, err);
	to->name = f->name;
	if (octet_tflite_write(model->graph, &to->bytes, &to->size, err, sizeof(err)))
		die(f->name, err);
	octet_model_free(model);
	/* Which checks it. */
	load(to);
}
