// SPDX-License-Identifier: MIT
/* Lowering of what moves data, and of whole small networks, against the host. */
#include <string.h>

#include "lower_run.h"
#include "unit.h"

#define SEEDS	40

static uint32_t pick(struct mb *m, uint32_t low, uint32_t high)
{
	return low + mb_random(m) % (high - low + 1);
}

static enum octet_dtype any(struct mb *m)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT16,
						  OCTET_FLOAT32 };

	return types[pick(m, 0, 3)];
}

static int input(struct mb *m, enum octet_dtype type, struct mb_shape s)
{
	int32_t zero = type == OCTET_INT8 ? -5 : type == OCTET_UINT8 ? 99 : 0;

	return mb_input(m, "x", type, s, type == OCTET_FLOAT32 ? 0 : 0.02f, zero);
}

/* A result of an operator, so that it may be moved: ends of the graph must not. */
static int computed(struct mb *m, enum octet_dtype type, struct mb_shape s)
{
	int x = input(m, type, s);

	if (type == OCTET_FLOAT32)
		return mb_requant(m, mb_requant(m, x, OCTET_INT8, 0.02f, 0), OCTET_FLOAT32, 0, 0);
	return mb_arith(m, OCTET_G_MAXIMUM, x, x, 0, 0.02f, mb_get(m, x)->zero_point[0]);
}

static struct mb_shape shape(struct mb *m, uint32_t rank)
{
	struct mb_shape s = { .rank = rank };

	for (uint32_t d = 0; d < rank; d++)
		s.dims[d] = pick(m, 0, 3) ? pick(m, 1, 5) : 1;
	return s;
}

static void concat(struct mb *m)
{
	enum octet_dtype type = pick(m, 0, 1) ? OCTET_INT8 : OCTET_INT16;
	struct mb_shape s = shape(m, pick(m, 1, 4));
	int axis = (int)pick(m, 0, s.rank - 1), x[3], y;

	for (int i = 0; i < 3; i++) {
		s.dims[axis] = pick(m, 1, 4);
		x[i] = computed(m, type, s);
	}
	if (pick(m, 0, 1))
		x[2] = x[0];
	y = mb_concat(m, pick(m, 0, 1) ? axis - (int)s.rank : axis, 3, x);
	if (pick(m, 0, 1))
		mb_output(m, x[1]);
	if (pick(m, 0, 1))
		y = mb_arith(m, OCTET_G_ADD, y, y, 0, 0.05f, 0);
	mb_output(m, y);
}

static void concat_uint8(struct mb *m)
{
	struct mb_shape s = shape(m, 3);
	int x[2], y, axis = (int)pick(m, 0, 2);

	x[0] = mb_input(m, "a", OCTET_UINT8, s, 0.031f, 120);
	x[1] = mb_input(m, "b", OCTET_UINT8, s, 0.02f, 77);
	y = mb_concat(m, axis, 2, x);
	mb_set_quant(m, y, 0.02f, 77);
	mb_output(m, y);
}

static void split(struct mb *m)
{
	enum octet_dtype type = any(m);
	struct mb_shape s = shape(m, pick(m, 1, 4));
	int axis = (int)pick(m, 0, s.rank - 1), y[3];

	s.dims[axis] = 3 * pick(m, 1, 3);
	mb_split(m, axis, computed(m, type, s), 3, y);
	for (int i = 0; i < 3; i++)
		mb_output(m, i == 1 && type == OCTET_INT8 ?
			  mb_arith(m, OCTET_G_MUL, y[i], y[i], 0, 0.05f, 0) : y[i]);
}

static void split_v(struct mb *m)
{
	struct mb_shape s = MB(3, 7, 4);
	int x = input(m, any(m), s), y[2];
	int in[] = { x, MB_INTS(m, 2, 5), MB_INTS(m, 1) };

	for (int i = 0; i < 2; i++) {
		s.dims[1] = i ? 5 : 2;
		y[i] = mb_tensor(m, "part", mb_get(m, x)->type, s,
				 mb_get(m, x)->quants ? 0.02f : 0,
				 mb_get(m, x)->quants ? mb_get(m, x)->zero_point[0] : 0);
	}
	mb_op(m, OCTET_G_SPLIT_V, &(union octet_graph_options){ .split = { 2 } }, 3, in, 2, y);
	mb_output(m, y[0]);
	mb_output(m, y[1]);
}

static void slices(struct mb *m)
{
	struct mb_shape s = { .rank = pick(m, 1, 4) };
	int32_t begin[4], end[4], step[4];
	int x, y;

	for (uint32_t d = 0; d < s.rank; d++) {
		s.dims[d] = pick(m, 2, 8);
		begin[d] = (int32_t)pick(m, 0, s.dims[d] - 1);
		end[d] = (int32_t)pick(m, (uint32_t)begin[d] + 1, s.dims[d]);
		step[d] = pick(m, 0, 1) ? 1 : (int32_t)pick(m, 1, 3);
	}
	x = computed(m, any(m), s);
	y = mb_slice(m, x, begin, end, step);
	mb_output(m, mb_get(m, y)->type == OCTET_INT8 ?
		  mb_arith(m, OCTET_G_MUL, y, y, 0, 0.05f, 0) : y);
}

static void pads(struct mb *m)
{
	struct mb_shape s = shape(m, pick(m, 1, 4));
	int32_t p[8];

	for (uint32_t d = 0; d < 2 * s.rank; d++)
		p[d] = (int32_t)pick(m, 0, 2);
	mb_output(m, mb_pad(m, computed(m, any(m), s), p));
}

static void transposes(struct mb *m)
{
	struct mb_shape s = shape(m, pick(m, 2, 5));
	int32_t p[5] = { 0, 1, 2, 3, 4 };

	for (uint32_t d = s.rank; d-- > 1;) {
		uint32_t k = pick(m, 0, d);
		int32_t t = p[d];

		p[d] = p[k];
		p[k] = t;
	}
	mb_output(m, mb_transpose(m, input(m, any(m), s), p));
}

static int alike(struct mb *m, int x, struct mb_shape s)
{
	bool q = mb_get(m, x)->quants;

	return mb_tensor(m, "y", mb_get(m, x)->type, s, q ? mb_get(m, x)->scale[0] : 0,
			 q ? mb_get(m, x)->zero_point[0] : 0);
}

static void packs(struct mb *m)
{
	union octet_graph_options o = { .pack = { 2, (int)pick(m, 0, 2) } };
	enum octet_dtype type = any(m);
	int x[2] = { computed(m, type, MB(3, 4)), input(m, type, MB(3, 4)) }, y, z[2];
	struct mb_shape s = MB(3, 4, 1);

	for (int d = 2; d > o.pack.axis; d--)
		s.dims[d] = s.dims[d - 1];
	s.dims[o.pack.axis] = 2;
	y = alike(m, x[0], s);
	mb_op(m, OCTET_G_PACK, &o, 2, x, 1, &y);
	mb_output(m, y);
	z[0] = alike(m, x[0], MB(3, 4));
	z[1] = alike(m, x[0], MB(3, 4));
	mb_op(m, OCTET_G_UNPACK, &o, 1, &y, 2, z);
	mb_output(m, z[0]);
	mb_output(m, z[1]);
}

static void batches(struct mb *m)
{
	int bh = (int)pick(m, 1, 3), bw = (int)pick(m, 1, 3), p[4], x, y, z;
	uint32_t n = pick(m, 1, 2), h = pick(m, 1, 5), w = pick(m, 1, 5), c = pick(m, 1, 4);
	struct mb_shape s;

	for (int i = 0; i < 4; i++)
		p[i] = (int)pick(m, 0, 2);
	p[1] += (int)((uint32_t)bh - (h + (uint32_t)p[0] + (uint32_t)p[1]) % (uint32_t)bh) % bh;
	p[3] += (int)((uint32_t)bw - (w + (uint32_t)p[2] + (uint32_t)p[3]) % (uint32_t)bw) % bw;
	s = MB(n * (uint32_t)(bh * bw), (h + (uint32_t)(p[0] + p[1])) / (uint32_t)bh,
	       (w + (uint32_t)(p[2] + p[3])) / (uint32_t)bw, c);
	x = input(m, pick(m, 0, 1) ? OCTET_INT8 : OCTET_UINT8, MB(n, h, w, c));
	y = alike(m, x, s);
	z = alike(m, x, MB(n, h, w, c));
	int to[] = { x, MB_INTS(m, bh, bw), mb_ints(m, 4, p) };
	int back[] = { y, to[1], to[2] };
	mb_get(m, to[2])->rank = 2;
	mb_get(m, to[2])->dims[0] = 2;
	mb_get(m, to[2])->dims[1] = 2;
	mb_op(m, OCTET_G_SPACE_TO_BATCH_ND, NULL, 3, to, 1, &y);
	mb_op(m, OCTET_G_BATCH_TO_SPACE_ND, NULL, 3, back, 1, &z);
	mb_output(m, y);
	mb_output(m, z);
}

static void depths(struct mb *m)
{
	uint32_t b = pick(m, 1, 3), h = pick(m, 1, 3), w = pick(m, 1, 3), c = pick(m, 1, 3);
	union octet_graph_options o = { .block = { (int32_t)b } };
	int x = input(m, any(m), MB(2, h * b, w * b, c));
	int y = alike(m, x, MB(2, h, w, c * b * b)), z = alike(m, x, MB(2, h * b, w * b, c));

	mb_op(m, OCTET_G_SPACE_TO_DEPTH, &o, 1, &x, 1, &y);
	mb_op(m, OCTET_G_DEPTH_TO_SPACE, &o, 1, &y, 1, &z);
	mb_output(m, y);
	mb_output(m, z);
}

static void tiles(struct mb *m)
{
	struct mb_shape s = shape(m, 3), r = s, b;
	int x = input(m, any(m), s), times[3], y, z, full[4] = { 2 };

	for (uint32_t d = 0; d < 3; d++) {
		times[d] = (int)pick(m, 1, 3);
		r.dims[d] *= (uint32_t)times[d];
		full[d + 1] = (int)(s.dims[d] == 1 ? pick(m, 1, 3) : s.dims[d]);
	}
	b = MB(2, (uint32_t)full[1], (uint32_t)full[2], (uint32_t)full[3]);
	y = alike(m, x, r);
	z = alike(m, x, b);
	mb_op(m, OCTET_G_TILE, NULL, 2, (int[]){ x, mb_ints(m, 3, times) }, 1, &y);
	mb_op(m, OCTET_G_BROADCAST_TO, NULL, 2, (int[]){ x, mb_ints(m, 4, full) }, 1, &z);
	mb_output(m, y);
	mb_output(m, z);
}

/* Inputs and outputs keep memory of their own. */
static void reshapes(struct mb *m)
{
	int x = input(m, any(m), MB(2, 6)), y = mb_reshape(m, x, MB(3, 4)), z;

	mb_output(m, y);
	z = computed(m, OCTET_INT8, MB(4, 3));
	mb_output(m, mb_reshape(m, z, MB(12)));
	mb_output(m, mb_reshape(m, z, MB(2, 6)));
	mb_output(m, mb_softmax(m, mb_reshape(m, mb_reshape(m, z, MB(6, 2)), MB(3, 4)), 1));
}

/* Pieces within pieces. */
static void nested(struct mb *m)
{
	int a = computed(m, OCTET_INT8, MB(1, 4, 6)), b = mb_reshape(m, a, MB(1, 24)), y[2], z;

	z = mb_concat(m, 1, 2, (int[]){ b, computed(m, OCTET_INT8, MB(1, 8)) });
	z = mb_concat(m, 0, 2, (int[]){ z, z });
	mb_split(m, 0, z, 2, y);
	mb_output(m, mb_arith(m, OCTET_G_ADD, y[0], y[1], 0, 0.05f, 0));
	mb_output(m, mb_softmax(m, a, 1));
}

#define EACH(build, host)					\
static void test_##build(void **state)				\
{								\
	(void)state;						\
	lower_run_each(build, #build, SEEDS, host);		\
}

EACH(concat, 0)
EACH(concat_uint8, 0)
EACH(split, 0)
EACH(split_v, 0)
EACH(slices, 0)
EACH(pads, 0)
EACH(transposes, 0)
EACH(packs, 0)
EACH(batches, 0)
EACH(depths, 0)
EACH(tiles, 0)
EACH(reshapes, 0)
EACH(nested, 0)

static void test_networks(void **state)
{
	(void)state;
	for (const struct mb_sample *s = mb_samples; s->name; s++)
		if (strcmp(s->name, "int4_custom") && strcmp(s->name, "cnn_float"))
			lower_run_each(s->build, s->name, 4, 99);
}

UNIT_MAIN(unit_case(test_concat), unit_case(test_concat_uint8), unit_case(test_split),
	  unit_case(test_split_v), unit_case(test_slices), unit_case(test_pads),
	  unit_case(test_transposes), unit_case(test_packs), unit_case(test_batches),
	  unit_case(test_depths), unit_case(test_tiles), unit_case(test_reshapes),
	  unit_case(test_nested), unit_case(test_networks))
