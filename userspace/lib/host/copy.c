// SPDX-License-Identifier: MIT
/* Whole tensors moved: TRANSPOSE, CONCATENATION, SPLIT, PACK, TILE, RESHAPE, FILL, SHAPE. */

#include "host_priv.h"

static int same_type(octet_tensor_t *in, octet_tensor_t *out, const char **why)
{
	OCTET_HOST_NEED(in->type == out->type, -EINVAL, "input and output differ in type");
	OCTET_HOST_NEED(octet_host_size(in->type), -ENOTSUP,
			"int4 elements cannot be moved one by one");
	return 0;
}

/* ---- RESHAPE ----------------------------------------------------------------- */

static int reshape_check(const struct octet_graph *g, const struct octet_graph_op *op,
			 const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);

	OCTET_HOST_NEED(in->type == out->type, -EINVAL, "input and output differ in type");
	OCTET_HOST_NEED(in->elements == out->elements && in->bytes == out->bytes, -EINVAL,
			"input and output differ in their number of elements");
	return 0;
}

static int reshape(const struct octet_host_call *c)
{
	memcpy(octet_host_out(c, 0), octet_host_in(c, 0), octet_host_tout(c, 0)->bytes);
	return 0;
}

/* ---- TRANSPOSE --------------------------------------------------------------- */

static int transpose_check(const struct octet_graph *g, const struct octet_graph_op *op,
			   const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	int ret = same_type(in, out, why);
	int64_t perm[OCTET_GRAPH_RANK];
	uint32_t n, seen = 0, d;

	if (ret)
		return ret;
	OCTET_HOST_NEED(octet_host_ints(octet_graph_input(g, op, 1), OCTET_GRAPH_RANK, perm, &n),
			-ENOTSUP, "the permutation is not a constant of int32");
	OCTET_HOST_NEED(n == in->rank && n == out->rank, -EINVAL,
			"the permutation does not have one entry per dimension");
	for (uint32_t i = 0; i < n; i++) {
		OCTET_HOST_NEED(octet_host_axis(perm[i], n, &d), -EINVAL,
				"the permutation names a dimension that is not there");
		OCTET_HOST_NEED(out->dims[i] == in->dims[d], -EINVAL,
				"the output's shape is not the permuted one");
		seen |= 1u << d;
	}
	OCTET_HOST_NEED(seen == (1u << n) - 1, -EINVAL, "the permutation names a dimension twice");
	return 0;
}

static int transpose(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *out = octet_host_tout(c, 0);
	int64_t perm[OCTET_GRAPH_RANK], from[OCTET_GRAPH_RANK], to[OCTET_GRAPH_RANK];
	struct octet_strided s = { .size = octet_host_size(in->type) };
	uint32_t n, d = 0;

	octet_host_ints(octet_host_tin(c, 1), OCTET_GRAPH_RANK, perm, &n);
	octet_host_strides(in, from);
	octet_host_strides(out, to);
	for (uint32_t i = 0; i < n; i++) {
		octet_host_axis(perm[i], n, &d);
		octet_copy_dim(&s, out->dims[i], to[i], from[d]);
	}
	octet_copy_run(&s, octet_host_out(c, 0), octet_host_in(c, 0));
	return 0;
}

/* ---- Pieces along an axis: CONCATENATION, PACK, SPLIT, UNPACK ------------------ */

/*
 * @whole is [outer][n][inner]; the pieces lie in its middle one after the
 * other, @part[i] each. PACK and UNPACK have pieces without the axis.
 */
struct pieces {
	uint64_t outer, inner;
	uint32_t axis;
	bool stacked;
};

static bool pieces_of(octet_tensor_t *whole, int64_t axis, bool stacked, struct pieces *p)
{
	if (!octet_host_axis(axis, whole->rank, &p->axis))
		return false;
	p->outer = octet_host_product(whole, 0, p->axis);
	p->inner = octet_host_product(whole, p->axis + 1, whole->rank);
	p->stacked = stacked;
	return true;
}

/* Does the shape of a piece fit? @length: of it along the axis. */
static bool piece_fits(octet_tensor_t *whole, octet_tensor_t *piece, const struct pieces *p,
		       uint64_t *length)
{
	uint32_t k = 0;

	*length = 1;
	if (piece->rank + p->stacked != whole->rank || piece->type != whole->type)
		return false;
	for (uint32_t d = 0; d < whole->rank; d++) {
		if (d == p->axis && p->stacked)
			continue;
		if (d == p->axis)
			*length = piece->dims[k];
		else if (piece->dims[k] != whole->dims[d])
			return false;
		k++;
	}
	return true;
}

static int pieces_check(octet_tensor_t *whole, const struct pieces *p, const struct octet_graph *g,
			const int32_t *list, uint32_t count, const char **why)
{
	uint64_t sum = 0, length;

	for (uint32_t i = 0; i < count; i++) {
		OCTET_HOST_NEED(list[i] >= 0, -EINVAL, "an input is left out");
		OCTET_HOST_NEED(piece_fits(whole, &g->tensors[list[i]], p, &length), -EINVAL,
				"a part does not fit the whole in type or shape");
		sum += length;
	}
	OCTET_HOST_NEED(sum == whole->dims[p->axis], -EINVAL,
			"the parts together are not as long as the whole");
	return 0;
}

static int64_t join_axis(const struct octet_graph_op *op)
{
	return op->code == OCTET_G_PACK ? op->opt.pack.axis : op->opt.concat.axis;
}

static int join_check(const struct octet_graph *g, const struct octet_graph_op *op,
		      const char **why)
{
	octet_tensor_t *out = octet_graph_output(g, op, 0), *in = octet_graph_input(g, op, 0);
	bool pack = op->code == OCTET_G_PACK;
	int ret = same_type(in, out, why);
	struct pieces p;

	if (ret)
		return ret;
	OCTET_HOST_NEED(pieces_of(out, join_axis(op), pack, &p), -EINVAL,
			"the axis is none of the output's");
	OCTET_HOST_NEED(pack || op->opt.concat.activation == OCTET_G_ACT_NONE, -ENOTSUP,
			"CONCATENATION with an activation");
	ret = pieces_check(out, &p, g, op->inputs, op->input_count, why);
	for (uint32_t i = 0; !ret && !pack && i < op->input_count; i++) {
		octet_tensor_t *t = octet_graph_input(g, op, i);

		if (t->type == OCTET_INT8)
			OCTET_HOST_NEED(octet_host_same_quant(t, out), -EINVAL,
					"int8 inputs must have the output's scale and zero point");
		if (t->type == OCTET_UINT8 && (t->quants || out->quants))
			OCTET_HOST_NEED(octet_host_quantized(t) && octet_host_quantized(out),
					-EINVAL, "a scale or zero point is not valid");
	}
	return ret;
}

/* The old uint8 kernel brings each input to the output's scale, in float32. */
static void rescale8(octet_tensor_t *in, octet_tensor_t *out, uint8_t table[256])
{
	float inverse = 1.f / out->scale[0];
	float scale = in->scale[0] * inverse;
	float bias = (float)-in->zero_point[0] * scale;

	for (int x = 0; x < 256; x++) {
		float product = (float)x * scale;
		float steps = roundf(product + bias);

		steps = fminf(fmaxf(steps, -0x1p30f), 0x1p30f);
		table[x] = (uint8_t)octet_host_clamp((int64_t)steps + out->zero_point[0], 0, 255);
	}
}

static void apply(uint8_t *v, uint64_t n, const uint8_t table[256])
{
	for (uint64_t i = 0; i < n; i++)
		v[i] = table[v[i]];
}

static int join(const struct octet_host_call *c)
{
	octet_tensor_t *out = octet_host_tout(c, 0);
	size_t size = octet_host_size(out->type);
	char *y = octet_host_out(c, 0);
	bool pack = c->op->code == OCTET_G_PACK;
	struct pieces p;

	pieces_of(out, join_axis(c->op), pack, &p);
	for (uint32_t i = 0; i < c->op->input_count; i++) {
		octet_tensor_t *in = octet_host_tin(c, i);
		uint64_t run = (pack ? 1 : in->dims[p.axis]) * p.inner * size;
		const char *x = octet_host_in(c, i);
		bool scaled = !pack && in->type == OCTET_UINT8 && in->quants &&
			      !octet_host_same_quant(in, out);
		uint8_t table[256];

		if (scaled)
			rescale8(in, out, table);
		for (uint64_t k = 0; k < p.outer; k++) {
			char *to = y + k * out->dims[p.axis] * p.inner * size;

			memcpy(to, x + k * run, run);
			if (scaled)
				apply((uint8_t *)to, run, table);
		}
		y += run;
	}
	return 0;
}

/* The whole and the axis of SPLIT, SPLIT_V and UNPACK. */
static octet_tensor_t *cut_whole(const struct octet_graph *g, const struct octet_graph_op *op,
				 int64_t *axis, uint32_t *input)
{
	octet_tensor_t *where;
	uint32_t n;

	*input = op->code == OCTET_G_SPLIT;
	if (op->code == OCTET_G_UNPACK) {
		*axis = op->opt.pack.axis;
		return octet_graph_input(g, op, 0);
	}
	where = octet_graph_input(g, op, op->code == OCTET_G_SPLIT ? 0 : 2);
	if (!octet_host_ints(where, 1, axis, &n) || n != 1)
		return NULL;
	return octet_graph_input(g, op, *input);
}

static int cut_check(const struct octet_graph *g, const struct octet_graph_op *op, const char **why)
{
	octet_tensor_t *whole;
	struct pieces p;
	uint32_t input;
	int64_t axis;
	int ret;

	whole = cut_whole(g, op, &axis, &input);
	OCTET_HOST_NEED(whole, -ENOTSUP, "the axis is not a constant");
	ret = same_type(whole, octet_graph_output(g, op, 0), why);
	if (ret)
		return ret;
	OCTET_HOST_NEED(pieces_of(whole, axis, op->code == OCTET_G_UNPACK, &p), -EINVAL,
			"the axis is none of the input's");
	return pieces_check(whole, &p, g, op->outputs, op->output_count, why);
}

static int cut(const struct octet_host_call *c)
{
	bool unpack = c->op->code == OCTET_G_UNPACK;
	octet_tensor_t *whole;
	struct pieces p;
	uint32_t input;
	const char *x;
	int64_t axis;
	size_t size;

	whole = cut_whole(c->g, c->op, &axis, &input);
	size = octet_host_size(whole->type);
	x = octet_host_in(c, input);
	pieces_of(whole, axis, unpack, &p);
	for (uint32_t i = 0; i < c->op->output_count; i++) {
		octet_tensor_t *out = octet_host_tout(c, i);
		uint64_t run = (unpack ? 1 : out->dims[p.axis]) * p.inner * size;
		char *y = octet_host_out(c, i);

		for (uint64_t k = 0; k < p.outer; k++)
			memcpy(y + k * run, x + k * whole->dims[p.axis] * p.inner * size, run);
		x += run;
	}
	return 0;
}

/* ---- TILE, BROADCAST_TO, FILL, SHAPE -------------------------------------------- */

static int tile_check(const struct octet_graph *g, const struct octet_graph_op *op,
		      const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	int ret = same_type(in, out, why);
	struct octet_host_walk w;

	if (ret)
		return ret;
	octet_host_walk_begin(&w, out);
	if (op->code == OCTET_G_BROADCAST_TO) {
		OCTET_HOST_NEED(octet_host_walk_add(&w, 0, in), -EINVAL,
				"the input cannot be broadcast to the output's shape");
		return 0;
	}
	OCTET_HOST_NEED(in->rank == out->rank, -EINVAL, "input and output differ in rank");
	for (uint32_t d = 0; d < in->rank; d++)
		OCTET_HOST_NEED(out->dims[d] % in->dims[d] == 0, -EINVAL,
				"the output is not a multiple of the input");
	return 0;
}

/* Both repeat: whole dimensions. How often follows from the shapes. */
static int tile(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *out = octet_host_tout(c, 0);
	struct octet_strided s = { .size = octet_host_size(in->type) };
	int64_t from[OCTET_GRAPH_RANK], to[OCTET_GRAPH_RANK];
	uint32_t skip = out->rank - in->rank;

	octet_host_strides(in, from);
	octet_host_strides(out, to);
	for (uint32_t d = 0; d < out->rank; d++) {
		uint32_t part = d < skip ? 1 : in->dims[d - skip];

		octet_copy_dim(&s, out->dims[d] / part, to[d] * part, 0);
		octet_copy_dim(&s, part, to[d], d < skip ? 0 : from[d - skip]);
	}
	octet_copy_run(&s, octet_host_out(c, 0), octet_host_in(c, 0));
	return 0;
}

static int fill_check(const struct octet_graph *g, const struct octet_graph_op *op,
		      const char **why)
{
	octet_tensor_t *value = octet_graph_input(g, op, 1);
	int ret = same_type(value, octet_graph_output(g, op, 0), why);

	if (ret)
		return ret;
	OCTET_HOST_NEED(value->elements == 1, -EINVAL, "FILL takes one value");
	return 0;
}

static int fill(const struct octet_host_call *c)
{
	octet_tensor_t *out = octet_host_tout(c, 0);
	size_t size = octet_host_size(out->type);
	char *y = octet_host_out(c, 0);

	for (uint64_t i = 0; i < out->elements; i++)
		memcpy(y + i * size, octet_host_in(c, 1), size);
	return 0;
}

static int shape_check(const struct octet_graph *g, const struct octet_graph_op *op,
		       const char **why)
{
	octet_tensor_t *out = octet_graph_output(g, op, 0);

	OCTET_HOST_NEED(out->type == OCTET_INT32 || out->type == OCTET_INT64, -EINVAL,
			"the output must be int32 or int64");
	OCTET_HOST_NEED(out->elements == octet_graph_input(g, op, 0)->rank, -EINVAL,
			"the output does not have one entry per dimension");
	return 0;
}

static int shape(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *out = octet_host_tout(c, 0);

	for (uint32_t d = 0; d < in->rank; d++)
		octet_host_store(out->type, octet_host_out(c, 0), d, in->dims[d]);
	return 0;
}

const struct octet_host_kernel octet_host_copy[] = {
	{ OCTET_G_RESHAPE, 1, 2, 1, reshape_check, reshape, NULL },
	{ OCTET_G_SQUEEZE, 1, 1, 1, reshape_check, reshape, NULL },
	{ OCTET_G_EXPAND_DIMS, 1, 2, 1, reshape_check, reshape, NULL },
	{ OCTET_G_TRANSPOSE, 2, 2, 1, transpose_check, transpose, NULL },
	{ OCTET_G_CONCATENATION, 1, OCTET_HOST_MANY, 1, join_check, join, NULL },
	{ OCTET_G_PACK, 1, OCTET_HOST_MANY, 1, join_check, join, NULL },
	{ OCTET_G_SPLIT, 2, 2, OCTET_HOST_MANY, cut_check, cut, NULL },
	{ OCTET_G_SPLIT_V, 3, 3, OCTET_HOST_MANY, cut_check, cut, NULL },
	{ OCTET_G_UNPACK, 1, 1, OCTET_HOST_MANY, cut_check, cut, NULL },
	{ OCTET_G_TILE, 2, 2, 1, tile_check, tile, NULL },
	{ OCTET_G_BROADCAST_TO, 2, 2, 1, tile_check, tile, NULL },
	{ OCTET_G_FILL, 2, 2, 1, fill_check, fill, NULL },
	{ OCTET_G_SHAPE, 1, 1, 1, shape_check, shape, NULL },
	{ 0 },
};
