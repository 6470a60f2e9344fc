// SPDX-License-Identifier: MIT
/*
 * Products and windows of float32 against plain loops: bit for bit in the order
 * that userspace/lib/float/float.h names, and close to sums of doubles.
 */
#pragma GCC optimize("fp-contract=off")

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "float/product.h"
#include "test_host.h"
#include "unit.h"

#define CASES 150

/** struct sum - the same sum twice, and how large its parts are */
struct sum {
	float exact;
	double close, size;
};

static void add(struct sum *s, float x, float w)
{
	s->exact += x * w;
	s->close += (double)x * (double)w;
	s->size += fabs((double)x * (double)w);
}

static void finish(struct sum *s, const float *bias, uint32_t channel, int32_t activation)
{
	static const float low[] = { -INFINITY, 0, -1, 0 };
	static const float high[] = { INFINITY, INFINITY, 1, 6 };

	if (bias) {
		s->exact += bias[channel];
		s->close += (double)bias[channel];
	}
	s->exact = fminf(fmaxf(s->exact, low[activation]), high[activation]);
	s->close = fmin(fmax(s->close, (double)low[activation]), (double)high[activation]);
}

/** struct work - one case: weights as float32 as the test itself reads them */
struct work {
	struct one o;
	int32_t x, w, b, y;
	float *weights;
	uint32_t seed;
};

static void expect(struct work *k, size_t at, const struct sum *s, uint32_t count)
{
	float y = ((const float *)k->o.buffers[k->y])[at];

	if (memcmp(&y, &s->exact, 4) && !(y == 0 && s->exact == 0))
		fail_msg("%s, seed %u: element %zu is %.9g, not %.9g", k->o.op.name, k->seed, at,
			 (double)y, (double)s->exact);
	if (!(fabs((double)y - s->close) <= (s->size + 1e-30) * (count + 2) * 0x1p-24 + 1e-6))
		fail_msg("%s, seed %u: element %zu is %.9g, far from %.9g", k->o.op.name, k->seed,
			 at, (double)y, s->close);
}

static void begin(struct work *k, uint32_t code, const char *name, uint32_t seed)
{
	memset(k, 0, sizeof(*k));
	k->seed = seed;
	k->x = k->w = k->b = k->y = -1;
	one_begin(&k->o, code, name, seed);
}

static void end(struct work *k)
{
	free(k->weights);
	one_end(&k->o);
}

static void run(struct work *k)
{
	int ret;

	one_output(&k->o, k->y);
	memset(k->o.buffers[k->y], 0xff, k->o.t[k->y].bytes);
	ret = one_run(&k->o);
	if (ret)
		fail_msg("%s, seed %u: %d: %s %s", k->o.op.name, k->seed, ret,
			 k->o.why_not ? k->o.why_not : "", k->o.err);
}

static int32_t reals(struct one *o, uint32_t rank, const uint32_t *dims)
{
	int32_t t = one_tensor(o, OCTET_FLOAT32, rank, dims, 0, 0);

	one_fill(o, t);
	return t;
}

static float half_of(uint16_t h)
{
	int e = h >> 10 & 31, m = h & 1023;
	double v = e == 31 ? (m ? NAN : INFINITY) : e ? ldexp(m + 1024, e - 25) : ldexp(m, -24);

	return (float)(h >> 15 ? -v : v);
}

/* What weight number @i means. */
static float meaning(const struct octet_graph_tensor *t, const void *data, size_t i)
{
	size_t inner = 1, channel = 0;
	int q;

	for (uint32_t d = t->axis + 1; d < t->rank; d++)
		inner *= t->dims[d];
	if (t->quants > 1)
		channel = i / inner % t->dims[t->axis];
	switch (t->type) {
	case OCTET_FLOAT32:
		return ((const float *)data)[i];
	case OCTET_FLOAT16:
		return half_of(((const uint16_t *)data)[i]);
	case OCTET_INT8:
		q = ((const int8_t *)data)[i];
		break;
	case OCTET_UINT8:
		q = ((const uint8_t *)data)[i];
		break;
	default:
		q = (int8_t)(((const uint8_t *)data)[i / 2] << (i & 1 ? 0 : 4)) >> 4;
	}
	return (float)(q - t->zero_point[channel]) * t->scale[channel];
}

/* Weights of one type after the other, and what they mean. */
static void weights(struct work *k, uint32_t rank, const uint32_t *dims, uint32_t axis)
{
	static const enum octet_dtype types[] = {
		OCTET_FLOAT32, OCTET_FLOAT32, OCTET_FLOAT16, OCTET_INT8, OCTET_INT8,
		OCTET_UINT8, OCTET_INT4,
	};
	uint32_t kind = one_random(&k->o, sizeof(types) / sizeof(types[0]));
	enum octet_dtype type = types[kind];
	bool scaled = type != OCTET_FLOAT32 && type != OCTET_FLOAT16;
	float scale[256];

	k->w = one_tensor(&k->o, type, rank, dims, scaled ? 0.03f : 0,
			  type == OCTET_UINT8 ? 117 : 0);
	if (kind == 4 || type == OCTET_INT4) {
		for (uint32_t i = 0; i < dims[axis]; i++)
			scale[i] = (float)one_real(&k->o, 0.001, 0.1);
		one_channels(&k->o, k->w, axis, scale, NULL);
	}
	one_fill(&k->o, k->w);
	k->weights = calloc(k->o.t[k->w].elements, sizeof(float));
	for (size_t i = 0; i < k->o.t[k->w].elements; i++)
		k->weights[i] = meaning(&k->o.t[k->w], k->o.buffers[k->w], i);
	if (one_random(&k->o, 4))
		one_const(&k->o, k->w);
}

static const float *bias(struct work *k, uint32_t channels)
{
	if (!one_random(&k->o, 3))
		return NULL;
	k->b = reals(&k->o, 1, &channels);
	return k->o.buffers[k->b];
}

/** struct geometry - of a window; index 0: rows, 1: columns */
struct geometry {
	int size[2], stride[2], dilation[2], in[2], out[2], pad[2];
	int32_t padding, activation;
};

static void geometry(struct one *o, struct geometry *g, int dilations, int most)
{
	g->padding = (int32_t)one_random(o, 2);
	g->activation = (int32_t)one_random(o, 4);
	for (int d = 0; d < 2; d++) {
		int reach, total;

		g->size[d] = 1 + (int)one_random(o, 4);
		g->stride[d] = 1 + (int)one_random(o, 3);
		g->dilation[d] = 1 + (int)one_random(o, (uint32_t)dilations);
		reach = (g->size[d] - 1) * g->dilation[d] + 1;
		g->in[d] = (g->padding ? reach : 1) + (int)one_random(o, (uint32_t)most);
		g->out[d] = g->padding ? (g->in[d] - reach) / g->stride[d] + 1 :
					 (g->in[d] + g->stride[d] - 1) / g->stride[d];
		total = (g->out[d] - 1) * g->stride[d] + reach - g->in[d];
		g->pad[d] = total > 0 ? total / 2 : 0;
	}
	/* Products of one pixel take another way. */
	if (!one_random(o, 5))
		*g = (struct geometry){ { 1, 1 }, { 1, 1 }, { 1, 1 }, { 5, 7 }, { 5, 7 },
					{ 0, 0 }, 0, g->activation };
}

/* Input pixel of a tap, -1 beyond the image. */
static int at(const struct geometry *g, int d, int out, int tap)
{
	int i = out * g->stride[d] - g->pad[d] + tap * g->dilation[d];

	return i < 0 || i >= g->in[d] ? -1 : i;
}

static void conv_case(uint32_t seed, int most)
{
	struct work k;
	struct one *o = &k.o;
	struct geometry g;
	uint32_t groups, depth, cout, n;
	const float *x, *b;

	begin(&k, OCTET_G_CONV_2D, "CONV_2D", seed);
	geometry(o, &g, 2, most);
	groups = 1 + (one_random(o, 3) ? 0 : one_random(o, 3));
	depth = 1 + one_random(o, 6);
	cout = groups * (1 + one_random(o, 40));
	n = 1 + one_random(o, 2);
	k.x = reals(o, 4, (uint32_t[]){ n, (uint32_t)g.in[0], (uint32_t)g.in[1], groups * depth });
	weights(&k, 4, (uint32_t[]){ cout, (uint32_t)g.size[0], (uint32_t)g.size[1], depth }, 0);
	b = bias(&k, cout);
	one_input(o, k.x);
	one_input(o, k.w);
	one_input(o, k.b);
	o->op.opt.conv2d = (struct octet_opt_conv2d){
		g.padding, g.stride[1], g.stride[0], g.activation, g.dilation[1], g.dilation[0], 0 };
	k.y = one_tensor(o, OCTET_FLOAT32, 4,
			 (uint32_t[]){ n, (uint32_t)g.out[0], (uint32_t)g.out[1], cout }, 0, 0);
	run(&k);
	x = o->buffers[k.x];
	for (size_t i = 0; i < o->t[k.y].elements; i++) {
		uint32_t c = (uint32_t)(i % cout);
		int ox = (int)(i / cout) % g.out[1], oy = (int)(i / cout) / g.out[1] % g.out[0];
		size_t image = i / cout / (size_t)(g.out[0] * g.out[1]);
		const float *w = k.weights + c * (o->t[k.w].elements / cout);
		struct sum s = { 0 };

		for (int fy = 0; fy < g.size[0]; fy++)
			for (int fx = 0; fx < g.size[1]; fx++)
				for (uint32_t d = 0; d < depth; d++, w++) {
					int y = at(&g, 0, oy, fy), px = at(&g, 1, ox, fx);
					size_t p = (image * (size_t)g.in[0] + (size_t)y) *
						   (size_t)g.in[1] + (size_t)px;

					if (y >= 0 && px >= 0)
						add(&s, x[p * groups * depth +
							  c / (cout / groups) * depth + d], *w);
				}
		finish(&s, b, c, g.activation);
		expect(&k, i, &s, (uint32_t)o->t[k.w].elements / cout);
	}
	end(&k);
}

static void test_conv(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < CASES; seed++)
		conv_case(seed, 8);
	/* Several blocks of rows. */
	for (uint32_t seed = 0; seed < 12; seed++)
		conv_case(1000 + seed, 60);
}

static void depthwise_case(uint32_t seed)
{
	struct work k;
	struct one *o = &k.o;
	struct geometry g;
	uint32_t depth, times, cout, n;
	const float *x, *b;

	begin(&k, OCTET_G_DEPTHWISE_CONV_2D, "DEPTHWISE_CONV_2D", seed);
	geometry(o, &g, 2, 8);
	depth = 1 + one_random(o, 40);
	times = 1 + (one_random(o, 2) ? 0 : one_random(o, 5));
	cout = depth * times;
	n = 1 + one_random(o, 2);
	k.x = reals(o, 4, (uint32_t[]){ n, (uint32_t)g.in[0], (uint32_t)g.in[1], depth });
	weights(&k, 4, (uint32_t[]){ 1, (uint32_t)g.size[0], (uint32_t)g.size[1], cout }, 3);
	b = bias(&k, cout);
	one_input(o, k.x);
	one_input(o, k.w);
	one_input(o, k.b);
	o->op.opt.depthwise = (struct octet_opt_depthwise){
		g.padding, g.stride[1], g.stride[0], (int32_t)times, g.activation, g.dilation[1],
		g.dilation[0] };
	k.y = one_tensor(o, OCTET_FLOAT32, 4,
			 (uint32_t[]){ n, (uint32_t)g.out[0], (uint32_t)g.out[1], cout }, 0, 0);
	run(&k);
	x = o->buffers[k.x];
	for (size_t i = 0; i < o->t[k.y].elements; i++) {
		uint32_t c = (uint32_t)(i % cout);
		int ox = (int)(i / cout) % g.out[1], oy = (int)(i / cout) / g.out[1] % g.out[0];
		size_t image = i / cout / (size_t)(g.out[0] * g.out[1]);
		struct sum s = { 0 };

		for (int tap = 0; tap < g.size[0] * g.size[1]; tap++) {
			int y = at(&g, 0, oy, tap / g.size[1]), px = at(&g, 1, ox, tap % g.size[1]);
			size_t p = (image * (size_t)g.in[0] + (size_t)y) * (size_t)g.in[1] +
				   (size_t)px;

			if (y >= 0 && px >= 0)
				add(&s, x[p * depth + c / times],
				    k.weights[(size_t)tap * cout + c]);
		}
		finish(&s, b, c, g.activation);
		expect(&k, i, &s, 16);
	}
	end(&k);
}

static void test_depthwise(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < CASES; seed++)
		depthwise_case(seed);
}

static void fc_case(uint32_t seed)
{
	struct work k;
	struct one *o = &k.o;
	uint32_t rows, depth, cout, keep, rank;
	const float *x, *b;
	int32_t act;

	begin(&k, OCTET_G_FULLY_CONNECTED, "FULLY_CONNECTED", seed);
	rows = 1 + (one_random(o, 2) ? 0 : one_random(o, 20));
	depth = 1 + one_random(o, 200);
	cout = 1 + one_random(o, 100);
	keep = one_random(o, 2);
	act = (int32_t)one_random(o, 4);
	rank = keep ? 3 : 2;
	k.x = reals(o, rank, keep ? (uint32_t[]){ 1, rows, depth } : (uint32_t[]){ rows, depth });
	weights(&k, 2, (uint32_t[]){ cout, depth }, 0);
	b = bias(&k, cout);
	one_input(o, k.x);
	one_input(o, k.w);
	one_input(o, k.b);
	o->op.opt.fc.activation = act;
	o->op.opt.fc.keep_num_dims = (int32_t)keep;
	k.y = one_tensor(o, OCTET_FLOAT32, rank,
			 keep ? (uint32_t[]){ 1, rows, cout } : (uint32_t[]){ rows, cout }, 0, 0);
	run(&k);
	x = o->buffers[k.x];
	for (size_t i = 0; i < o->t[k.y].elements; i++) {
		struct sum s = { 0 };

		for (uint32_t d = 0; d < depth; d++)
			add(&s, x[i / cout * depth + d], k.weights[i % cout * depth + d]);
		finish(&s, b, (uint32_t)(i % cout), act);
		expect(&k, i, &s, depth);
	}
	end(&k);
}

static void test_fc(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < CASES; seed++)
		fc_case(seed);
}

/* The output is the larger image: geometry's input. */
static void tconv_case(uint32_t seed)
{
	struct work k;
	struct one *o = &k.o;
	struct geometry g;
	uint32_t depth, cout, n;
	struct sum *sums;
	const float *x, *b;

	begin(&k, OCTET_G_TRANSPOSE_CONV, "TRANSPOSE_CONV", seed);
	geometry(o, &g, 1, 8);
	depth = 1 + one_random(o, 20);
	cout = 1 + one_random(o, 20);
	n = 1 + one_random(o, 2);
	one_input(o, one_ints(o, 4, (int32_t[]){ (int32_t)n, g.in[0], g.in[1], (int32_t)cout }));
	weights(&k, 4, (uint32_t[]){ cout, (uint32_t)g.size[0], (uint32_t)g.size[1], depth }, 0);
	k.x = reals(o, 4, (uint32_t[]){ n, (uint32_t)g.out[0], (uint32_t)g.out[1], depth });
	b = bias(&k, cout);
	one_input(o, k.w);
	one_input(o, k.x);
	if (b)
		one_input(o, k.b);
	o->op.opt.tconv = (struct octet_opt_tconv){ g.padding, g.stride[1], g.stride[0],
						    g.activation, 0 };
	k.y = one_tensor(o, OCTET_FLOAT32, 4,
			 (uint32_t[]){ n, (uint32_t)g.in[0], (uint32_t)g.in[1], cout }, 0, 0);
	run(&k);
	x = o->buffers[k.x];
	sums = calloc(o->t[k.y].elements, sizeof(*sums));
	for (size_t i = 0; i < o->t[k.x].elements / depth * cout; i++) {
		size_t p = i / cout, c = i % cout, image = p / (size_t)(g.out[0] * g.out[1]);
		int ox = (int)p % g.out[1], oy = (int)p / g.out[1] % g.out[0];

		for (int tap = 0; tap < g.size[0] * g.size[1]; tap++) {
			int y = at(&g, 0, oy, tap / g.size[1]), px = at(&g, 1, ox, tap % g.size[1]);
			struct sum s = { 0 }, *to;

			if (y < 0 || px < 0)
				continue;
			to = &sums[((image * (size_t)g.in[0] + (size_t)y) * (size_t)g.in[1] +
				    (size_t)px) * cout + c];
			for (uint32_t d = 0; d < depth; d++)
				add(&s, x[p * depth + d],
				    k.weights[(c * (size_t)(g.size[0] * g.size[1]) +
					       (size_t)tap) * depth + d]);
			to->exact += s.exact;
			to->close += s.close;
			to->size += s.size;
		}
	}
	for (size_t i = 0; i < o->t[k.y].elements; i++) {
		finish(&sums[i], b, (uint32_t)(i % cout), g.activation);
		expect(&k, i, &sums[i], depth * 16);
	}
	free(sums);
	end(&k);
}

static void test_tconv(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < CASES; seed++)
		tconv_case(seed);
}

static void matmul_case(uint32_t seed)
{
	struct work k;
	struct one *o = &k.o;
	uint32_t rows, cols, depth, batch[2], adj_x, adj_y, axis;
	bool own[2];
	const float *x;

	begin(&k, OCTET_G_BATCH_MATMUL, "BATCH_MATMUL", seed);
	rows = 1 + one_random(o, 20);
	cols = 1 + one_random(o, 40);
	depth = 1 + one_random(o, 40);
	adj_x = one_random(o, 2);
	adj_y = one_random(o, 2);
	for (int i = 0; i < 2; i++) {
		batch[i] = 1 + one_random(o, 3);
		own[i] = one_random(o, 2);
	}
	k.x = reals(o, 4, (uint32_t[]){ batch[0], own[0] ? batch[1] : 1, adj_x ? depth : rows,
					adj_x ? rows : depth });
	axis = one_random(o, 3);
	if (axis) {
		k.w = reals(o, 3, (uint32_t[]){ own[1] ? batch[1] : 1, adj_y ? cols : depth,
						adj_y ? depth : cols });
	} else {
		k.w = one_tensor(o, OCTET_INT8, 3,
				 (uint32_t[]){ own[1] ? batch[1] : 1, adj_y ? cols : depth,
					       adj_y ? depth : cols }, 0.02f, 0);
		one_fill(o, k.w);
	}
	one_input(o, k.x);
	one_input(o, k.w);
	o->op.opt.matmul.adj_x = (int32_t)adj_x;
	o->op.opt.matmul.adj_y = (int32_t)adj_y;
	batch[1] = own[0] || own[1] ? batch[1] : 1;
	k.y = one_tensor(o, OCTET_FLOAT32, 4, (uint32_t[]){ batch[0], batch[1], rows, cols }, 0, 0);
	run(&k);
	x = o->buffers[k.x];
	for (size_t i = 0; i < o->t[k.y].elements; i++) {
		size_t c = i % cols, r = i / cols % rows, b1 = i / cols / rows % batch[1];
		size_t b0 = i / cols / rows / batch[1];
		size_t ma = (b0 * (own[0] ? batch[1] : 1) + (own[0] ? b1 : 0)) * rows * depth;
		size_t mb = (own[1] ? b1 : 0) * depth * cols;
		struct sum s = { 0 };

		for (size_t d = 0; d < depth; d++)
			add(&s, x[ma + (adj_x ? d * rows + r : r * depth + d)],
			    meaning(&o->t[k.w], o->buffers[k.w],
				    mb + (adj_y ? c * depth + d : d * cols + c)));
		expect(&k, i, &s, depth);
	}
	end(&k);
}

static void test_matmul(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < CASES; seed++)
		matmul_case(seed);
}

static void pool_case(uint32_t seed, bool mean)
{
	struct work k;
	struct one *o = &k.o;
	struct geometry g;
	uint32_t depth, n;
	const float *x;

	begin(&k, mean ? OCTET_G_AVERAGE_POOL_2D : OCTET_G_MAX_POOL_2D,
	      mean ? "AVERAGE_POOL_2D" : "MAX_POOL_2D", seed);
	geometry(o, &g, 1, 8);
	depth = 1 + one_random(o, 40);
	n = 1 + one_random(o, 2);
	k.x = reals(o, 4, (uint32_t[]){ n, (uint32_t)g.in[0], (uint32_t)g.in[1], depth });
	one_input(o, k.x);
	o->op.opt.pool = (struct octet_opt_pool){ g.padding, g.stride[1], g.stride[0], g.size[1],
						  g.size[0], g.activation };
	k.y = one_tensor(o, OCTET_FLOAT32, 4,
			 (uint32_t[]){ n, (uint32_t)g.out[0], (uint32_t)g.out[1], depth }, 0, 0);
	run(&k);
	x = o->buffers[k.x];
	for (size_t i = 0; i < o->t[k.y].elements; i++) {
		int ox = (int)(i / depth) % g.out[1], oy = (int)(i / depth) / g.out[1] % g.out[0];
		size_t image = i / depth / (size_t)(g.out[0] * g.out[1]);
		struct sum s = { 0 };
		float max = -FLT_MAX;
		int count = 0;

		for (int tap = 0; tap < g.size[0] * g.size[1]; tap++) {
			int y = at(&g, 0, oy, tap / g.size[1]), px = at(&g, 1, ox, tap % g.size[1]);
			float v;

			if (y < 0 || px < 0)
				continue;
			v = x[((image * (size_t)g.in[0] + (size_t)y) * (size_t)g.in[1] +
			       (size_t)px) * depth + i % depth];
			add(&s, v, 1);
			max = fmaxf(max, v);
			count++;
		}
		if (mean)
			s = (struct sum){ s.exact / (float)count, s.close / count,
					  s.size / count };
		else
			s = (struct sum){ max, (double)max, fabs((double)max) };
		finish(&s, NULL, 0, g.activation);
		expect(&k, i, &s, 16);
	}
	end(&k);
}

static void test_pool(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < CASES; seed++)
		pool_case(seed, seed & 1);
}

/* Vectors of any width give the same bits. */
static void test_widths(void **state)
{
	struct octet_float_block b = { .low = -100, .high = 90 };
	float x[70 * 90], panel[90 * OCTET_FLOAT_PANEL], bias[OCTET_FLOAT_PANEL], y[3][70 * 20];
	struct one o;

	(void)state;
	one_begin(&o, OCTET_G_CONV_2D, "", 5);
	for (uint32_t n = 0; n < 60; n++) {
		for (size_t i = 0; i < sizeof(x) / 4; i++)
			x[i] = (float)one_real(&o, -4, 4);
		for (size_t i = 0; i < sizeof(panel) / 4; i++)
			panel[i] = (float)one_real(&o, -4, 4);
		for (size_t i = 0; i < OCTET_FLOAT_PANEL; i++)
			bias[i] = (float)one_real(&o, -4, 4);
		b.rows = 1 + one_random(&o, 70);
		b.depth = 1 + one_random(&o, 90);
		b.cols = 1 + one_random(&o, OCTET_FLOAT_PANEL);
		b.x = x;
		b.x_row = b.depth;
		b.panel = panel;
		b.bias = n & 1 ? bias : NULL;
		b.y_row = 20;
		memset(y, 0, sizeof(y));
		b.y = y[0];
		octet_float_gemm_scalar(&b);
		b.y = y[1];
		if (__builtin_cpu_supports("avx2"))
			octet_float_gemm_avx2(&b);
		else
			octet_float_gemm_scalar(&b);
		b.y = y[2];
		if (__builtin_cpu_supports("avx512f"))
			octet_float_gemm_avx512(&b);
		else
			octet_float_gemm_scalar(&b);
		assert_memory_equal(y[0], y[1], sizeof(y[0]));
		assert_memory_equal(y[0], y[2], sizeof(y[0]));
	}
	one_end(&o);
}

static void test_half(void **state)
{
	(void)state;
	for (uint32_t h = 0; h < 65536; h++) {
		float have = octet_float_of_half((uint16_t)h), want = half_of((uint16_t)h);

		if (isnan(want) ? !isnan(have) : memcmp(&have, &want, 4))
			fail_msg("half %04x is %g, not %g", h, (double)have, (double)want);
	}
}

/* What contradicts itself is named, whatever other types the operator has. */
static void test_refused(void **state)
{
	static const char *const words[] = { "scale", "axis", "bias", "output", "activation" };
	static const char *const says[] = { "one scale", "one scale", "bias", "float32 output",
					    "activation" };

	(void)state;
	for (uint32_t i = 0; i < 5; i++) {
		uint32_t four = 4;
		struct one o;
		int32_t w;

		one_begin(&o, OCTET_G_FULLY_CONNECTED, "FULLY_CONNECTED", i);
		one_input(&o, reals(&o, 2, (uint32_t[]){ 2, 4 }));
		w = one_tensor(&o, OCTET_INT8, 2, (uint32_t[]){ 4, 4 }, i ? 0.1f : 0, 0);
		if (i == 1)
			one_channels(&o, w, 1, (float[]){ 1, 1, 1, 1 }, NULL);
		one_input(&o, w);
		one_input(&o, one_tensor(&o, i == 2 ? OCTET_INT32 : OCTET_FLOAT32, 1, &four, 0, 0));
		one_output(&o, one_tensor(&o, i == 3 ? OCTET_INT8 : OCTET_FLOAT32, 2,
					  (uint32_t[]){ 2, 4 }, 0.1f, 0));
		if (i == 4)
			o.op.opt.fc.activation = OCTET_G_ACT_TANH;
		if (one_run(&o) != -EINVAL || !strstr(o.why_not, says[i]))
			fail_msg("%s: %s", words[i], o.why_not);
		one_end(&o);
	}
}

UNIT_MAIN(unit_case(test_conv), unit_case(test_depthwise), unit_case(test_fc),
	  unit_case(test_tconv), unit_case(test_matmul), unit_case(test_pool),
	  unit_case(test_widths), unit_case(test_half), unit_case(test_refused))
