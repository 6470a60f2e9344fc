// SPDX-License-Identifier: MIT
/* The builder's operators without weights: element by element, shapes, rows. */

#include <math.h>
#include <string.h>

#include "models_priv.h"
#include "tflite/schema.h"

static const char *lower(struct mb *m, uint32_t code)
{
	const char *name = tfl_op(code) ? tfl_op(code)->name : "op";
	char *out = mb_copy(m, name, strlen(name) + 1);

	for (char *c = out; *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
	return out;
}

/* Extents that are 1 stretch; rows of the shorter shape come last. */
static struct mb_shape broadcast(struct mb *m, int a, int b)
{
	struct mb_shape s = mb_shape_of(m, a), t = mb_shape_of(m, b);

	if (t.rank > s.rank)
		return broadcast(m, b, a);
	for (uint32_t i = 0; i < t.rank; i++) {
		uint32_t *d = &s.dims[s.rank - 1 - i], e = t.dims[t.rank - 1 - i];

		if (*d != e && *d != 1 && e != 1)
			mb_die("shapes of tensors %d and %d do not go together", a, b);
		*d = *d == 1 ? e : *d;
	}
	return s;
}

int mb_arith(struct mb *m, uint32_t code, int a, int b, enum octet_graph_act act, float scale,
	     int32_t zero_point)
{
	struct octet_graph_tensor s = *mb_get(m, a), t = *mb_get(m, b);
	bool sums = code == OCTET_G_ADD || code == OCTET_G_SUB;
	union octet_graph_options opt = { .arith = { .activation = (int32_t)act,
						     .pot_scale = sums } };
	int y = mb_alike(m, lower(m, code), a, broadcast(m, a, b));
	double sa, sb, out;

	if (code == OCTET_G_MAXIMUM || code == OCTET_G_MINIMUM) {
		mb_op(m, code, NULL, MB_LIST(a, b), MB_LIST(y));
		return y;
	}
	if (s.quants && t.quants) {
		sa = s.scale[0] * m->spread[a];
		sb = t.scale[0] * m->spread[b];
		out = sums ? hypot(sa, sb) : code == OCTET_G_DIV ? sa / sb : sa * sb;
		out /= s.type == OCTET_INT16 ? 8192 : 32;
		mb_set_quant(m, y, scale > 0 ? scale : (float)out, zero_point);
		m->spread[y] = s.type == OCTET_INT16 ? 8192 : 32;
		/* Sums of 16 bits take powers of two where they can; general scales else. */
		opt.arith.pot_scale = 0;
	}
	mb_op(m, code, code == OCTET_G_SQUARED_DIFFERENCE ? NULL : &opt, MB_LIST(a, b),
	      MB_LIST(y));
	return y;
}

/* What TFLite demands of a result; false: nothing. */
static bool fixed_quant(uint32_t code, enum octet_dtype type, float *scale, int32_t *zero)
{
	bool wide = type == OCTET_INT16;

	switch (code) {
	case OCTET_G_LOGISTIC:
	case OCTET_G_SOFTMAX:
		*scale = wide ? 1.0f / 32768 : 1.0f / 256;
		*zero = type == OCTET_INT8 ? -128 : 0;
		return true;
	case OCTET_G_TANH:
	case OCTET_G_L2_NORMALIZATION:
		*scale = wide ? 1.0f / 32768 : 1.0f / 128;
		*zero = type == OCTET_UINT8 ? 128 : 0;
		return true;
	case OCTET_G_LOG_SOFTMAX:
		*scale = 16.0f / 256;
		*zero = type == OCTET_UINT8 ? 255 : 127;
		return true;
	default:
		return false;
	}
}

int mb_unary(struct mb *m, uint32_t code, int x, float scale, int32_t zero_point)
{
	int y = mb_alike(m, lower(m, code), x, mb_shape_of(m, x));
	union octet_graph_options opt = { 0 };
	enum octet_dtype type = mb_get(m, x)->type;
	bool real = mb_is_float(m, x);

	if (code == OCTET_G_LEAKY_RELU)
		opt.leaky.alpha = 0.1f;
	if (code == OCTET_G_SOFTMAX)
		opt.softmax.beta = 1;
	if (!real && fixed_quant(code, type, &scale, &zero_point))
		m->spread[y] = type == OCTET_INT16 ? 16384 : 100;
	if (!real && scale > 0)
		mb_set_quant(m, y, scale, zero_point);
	mb_op(m, code, &opt, MB_LIST(x), MB_LIST(y));
	return y;
}

int mb_softmax(struct mb *m, int x, float beta)
{
	int y = mb_unary(m, OCTET_G_SOFTMAX, x, 0, 0);

	m->ops[m->g->op_count - 1].opt.softmax.beta = beta;
	return y;
}

int mb_requant(struct mb *m, int x, enum octet_dtype type, float scale, int32_t zero_point)
{
	enum octet_dtype from = mb_get(m, x)->type;
	bool quants = mb_get(m, x)->quants != 0, real = type == OCTET_FLOAT32;
	union octet_graph_options opt = { 0 };
	uint32_t code = scale > 0 ? OCTET_G_QUANTIZE : quants && real ? OCTET_G_DEQUANTIZE :
			OCTET_G_CAST;
	int y = mb_tensor(m, lower(m, code), type, mb_shape_of(m, x), scale, zero_point);

	if (code == OCTET_G_CAST)
		opt.cast = (struct octet_opt_cast){ tfl_type_of(from), tfl_type_of(type) };
	mb_op(m, code, &opt, MB_LIST(x), MB_LIST(y));
	return y;
}

static uint32_t axis_of(struct mb *m, int x, int axis)
{
	int rank = (int)mb_get(m, x)->rank, at = axis < 0 ? axis + rank : axis;

	if (at < 0 || at >= rank)
		mb_die("tensor %d of rank %d has no axis %d", x, rank, axis);
	return (uint32_t)at;
}

int mb_concat(struct mb *m, int axis, uint32_t count, const int *x)
{
	uint32_t at = axis_of(m, x[0], axis);
	union octet_graph_options opt = { .concat = { .axis = axis } };
	struct mb_shape s = mb_shape_of(m, x[0]);
	int y;

	for (uint32_t i = 1; i < count; i++)
		s.dims[at] += mb_get(m, x[i])->dims[at];
	y = mb_alike(m, "concat", x[0], s);
	mb_op(m, OCTET_G_CONCATENATION, &opt, count, x, MB_LIST(y));
	return y;
}

void mb_split(struct mb *m, int axis, int x, uint32_t count, int *y)
{
	uint32_t at = axis_of(m, x, axis);
	union octet_graph_options opt = { .split = { .count = (int32_t)count } };
	struct mb_shape s = mb_shape_of(m, x);
	int a = mb_const(m, "axis", OCTET_INT32, MB(), 0, 0, &(int32_t){ axis });

	s.dims[at] /= count;
	for (uint32_t i = 0; i < count; i++)
		y[i] = mb_alike(m, "split", x, s);
	mb_op(m, OCTET_G_SPLIT, &opt, MB_LIST(a, x), count, y);
}

int mb_reshape(struct mb *m, int x, struct mb_shape shape)
{
	int y = mb_alike(m, "reshape", x, shape);
	int s = mb_ints(m, shape.rank, (const int32_t *)shape.dims);

	mb_op(m, OCTET_G_RESHAPE, NULL, MB_LIST(x, s), MB_LIST(y));
	return y;
}

int mb_pad(struct mb *m, int x, const int32_t *paddings)
{
	struct mb_shape s = mb_shape_of(m, x);
	int p = mb_const(m, "paddings", OCTET_INT32, MB(s.rank, 2), 0, 0, paddings), y;

	for (uint32_t i = 0; i < s.rank; i++)
		s.dims[i] += (uint32_t)(paddings[2 * i] + paddings[2 * i + 1]);
	y = mb_alike(m, "pad", x, s);
	mb_op(m, OCTET_G_PAD, NULL, MB_LIST(x, p), MB_LIST(y));
	return y;
}

int mb_transpose(struct mb *m, int x, const int32_t *perm)
{
	struct mb_shape s = mb_shape_of(m, x), t = s;
	int p = mb_ints(m, s.rank, perm), y;

	for (uint32_t i = 0; i < s.rank; i++)
		t.dims[i] = s.dims[axis_of(m, x, perm[i])];
	y = mb_alike(m, "transpose", x, t);
	mb_op(m, OCTET_G_TRANSPOSE, NULL, MB_LIST(x, p), MB_LIST(y));
	return y;
}

int mb_slice(struct mb *m, int x, const int32_t *begin, const int32_t *end,
	     const int32_t *stride)
{
	struct mb_shape s = mb_shape_of(m, x);
	int b = mb_ints(m, s.rank, begin), e = mb_ints(m, s.rank, end);
	int t = mb_ints(m, s.rank, stride), y;

	for (uint32_t i = 0; i < s.rank; i++)
		s.dims[i] = (uint32_t)((end[i] - begin[i] + stride[i] - 1) / stride[i]);
	y = mb_alike(m, "strided_slice", x, s);
	mb_op(m, OCTET_G_STRIDED_SLICE, NULL, MB_LIST(x, b, e, t), MB_LIST(y));
	return y;
}

int mb_reduce(struct mb *m, uint32_t code, int x, uint32_t count, const int32_t *axes,
	      bool keep_dims, float scale, int32_t zero_point)
{
	union octet_graph_options opt = { .reduce = { .keep_dims = keep_dims } };
	struct mb_shape s = mb_shape_of(m, x), t = { 0 };
	int a = mb_ints(m, count, axes), y;
	bool gone[OCTET_GRAPH_RANK] = { false };

	for (uint32_t i = 0; i < count; i++)
		gone[axis_of(m, x, axes[i])] = true;
	for (uint32_t i = 0; i < s.rank; i++)
		if (!gone[i] || keep_dims)
			t.dims[t.rank++] = gone[i] ? 1 : s.dims[i];
	y = mb_alike(m, lower(m, code), x, t);
	if (scale > 0 && !mb_is_float(m, x))
		mb_set_quant(m, y, scale, zero_point);
	mb_op(m, code, &opt, MB_LIST(x, a), MB_LIST(y));
	return y;
}

int mb_resize(struct mb *m, uint32_t code, int x, uint32_t h, uint32_t w, bool align_corners,
	      bool half_pixel)
{
	union octet_graph_options opt = { .resize = { align_corners, half_pixel } };
	struct mb_shape s = mb_shape_of(m, x);
	int size = MB_INTS(m, (int32_t)h, (int32_t)w), y;

	s.dims[1] = h;
	s.dims[2] = w;
	y = mb_alike(m, lower(m, code), x, s);
	mb_op(m, code, &opt, MB_LIST(x, size), MB_LIST(y));
	return y;
}
