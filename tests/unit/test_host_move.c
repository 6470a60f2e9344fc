// SPDX-License-Identifier: MIT
/* Cases of operators that move elements without changing them. */

#include <string.h>

#include "test_host_cases.h"

static const enum octet_dtype movable[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT32, OCTET_FLOAT32,
					    OCTET_INT64, OCTET_INT16 };

/* A filled input; what leaves the operator has the same scale. */
static int32_t source(struct one *o, enum octet_dtype type, uint32_t rank, const uint32_t *dims)
{
	bool codes = type == OCTET_INT8 || type == OCTET_UINT8 || type == OCTET_INT16;
	int32_t t = one_tensor(o, type, rank, dims, codes ? 0.5f : 0,
			       type == OCTET_INT16 ? 0 : 3);

	one_fill(o, t);
	return t;
}

static int32_t result(struct one *o, enum octet_dtype type, uint32_t rank, const uint32_t *dims)
{
	int32_t t = source(o, type, rank, dims);

	memset(o->buffers[t], 0, o->t[t].bytes);
	o->given[t] = false;
	return t;
}

static void transpose(struct one *o)
{
	enum octet_dtype type = case_pick(o, 6, movable);
	uint32_t rank = 1 + one_random(o, 5), dims[8], out[8];
	int32_t perm[8];

	case_dims(o, rank, 5, dims);
	for (uint32_t d = 0; d < rank; d++)
		perm[d] = (int32_t)d;
	for (uint32_t d = 0; d < rank; d++) {
		uint32_t k = one_random(o, rank);
		int32_t v = perm[d];

		perm[d] = perm[k];
		perm[k] = v;
	}
	for (uint32_t d = 0; d < rank; d++)
		out[d] = dims[perm[d]];
	one_input(o, source(o, type, rank, dims));
	one_input(o, one_ints(o, rank, perm));
	one_output(o, result(o, type, rank, out));
}

static void concatenation(struct one *o)
{
	enum octet_dtype type = case_pick(o, 6, movable);
	uint32_t rank = 1 + one_random(o, 4), n = 1 + one_random(o, 4), dims[8];
	uint32_t axis = one_random(o, rank), sum = 0;
	int32_t t;

	case_dims(o, rank, 5, dims);
	o->op.opt.concat.axis = one_random(o, 2) ? (int32_t)axis : (int32_t)axis - (int32_t)rank;
	for (uint32_t i = 0; i < n; i++) {
		dims[axis] = 1 + one_random(o, 4);
		sum += dims[axis];
		t = source(o, type, rank, dims);
		one_input(o, t);
		if (type == OCTET_UINT8 && one_random(o, 2)) {
			*(float *)(uintptr_t)o->t[t].scale = case_scale(o);
			*(int32_t *)(uintptr_t)o->t[t].zero_point = case_zp(o, type);
		}
	}
	dims[axis] = sum;
	one_output(o, result(o, type, rank, dims));
}

static void pack(struct one *o)
{
	enum octet_dtype type = case_pick(o, 6, movable);
	uint32_t rank = 1 + one_random(o, 3), n = 1 + one_random(o, 4), dims[8], out[8];
	uint32_t axis = one_random(o, rank + 1), k = 0;
	bool forth = o->op.code == OCTET_G_PACK;

	/* UNPACK of TFLite has no int64. */
	if (!forth && type == OCTET_INT64)
		type = OCTET_INT8;
	case_dims(o, rank, 4, dims);
	for (uint32_t d = 0; d <= rank; d++)
		out[d] = d == axis ? n : dims[k++];
	o->op.opt.pack.count = (int32_t)n;
	o->op.opt.pack.axis = one_random(o, 2) ? (int32_t)axis : (int32_t)axis - (int32_t)rank - 1;
	if (!forth)
		one_input(o, source(o, type, rank + 1, out));
	for (uint32_t i = 0; i < n; i++) {
		if (forth)
			one_input(o, source(o, type, rank, dims));
		else
			one_output(o, result(o, type, rank, dims));
	}
	if (forth)
		one_output(o, result(o, type, rank + 1, out));
}

static void split(struct one *o)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT32,
						  OCTET_FLOAT32, OCTET_INT16 };
	bool vary = o->op.code == OCTET_G_SPLIT_V;
	enum octet_dtype type = case_pick(o, 5, types);
	uint32_t rank = 1 + one_random(o, 4), n = 1 + one_random(o, 4), dims[8], part[4];
	uint32_t axis = one_random(o, rank), sum = 0;
	int32_t where, sizes[4];

	case_dims(o, rank, 4, dims);
	for (uint32_t i = 0; i < n; i++) {
		part[i] = vary || !i ? 1 + one_random(o, 3) : part[0];
		sizes[i] = (int32_t)part[i];
		sum += part[i];
	}
	o->op.opt.split.count = (int32_t)n;
	where = one_random(o, 2) ? (int32_t)axis : (int32_t)axis - (int32_t)rank;
	where = one_ints(o, vary ? 1 : 0, &where);
	dims[axis] = sum;
	if (!vary)
		one_input(o, where);
	one_input(o, source(o, type, rank, dims));
	if (vary) {
		one_input(o, one_ints(o, n, sizes));
		one_input(o, where);
	}
	for (uint32_t i = 0; i < n; i++) {
		dims[axis] = part[i];
		one_output(o, result(o, type, rank, dims));
	}
}

static void tile(struct one *o)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT32,
						  OCTET_FLOAT32, OCTET_INT64 };
	enum octet_dtype type = case_pick(o, 5, types);
	uint32_t rank = 1 + one_random(o, 4), dims[8], out[8];
	int32_t times[8];

	case_dims(o, rank, 4, dims);
	for (uint32_t d = 0; d < rank; d++) {
		times[d] = 1 + (int32_t)one_random(o, 3);
		out[d] = dims[d] * (uint32_t)times[d];
	}
	one_input(o, source(o, type, rank, dims));
	one_input(o, one_ints(o, rank, times));
	one_output(o, result(o, type, rank, out));
}

static void broadcast(struct one *o)
{
	enum octet_dtype type = case_pick(o, 6, movable);
	uint32_t rank = 1 + one_random(o, 5), skip = one_random(o, rank), dims[8], small[8];
	int32_t shape[8];

	case_dims(o, rank, 4, dims);
	o->op.version = 2;
	for (uint32_t d = 0; d < rank; d++)
		shape[d] = (int32_t)dims[d];
	for (uint32_t d = skip; d < rank; d++)
		small[d - skip] = one_random(o, 2) ? 1 : dims[d];
	one_input(o, source(o, type, rank - skip, small));
	one_input(o, one_ints(o, rank, shape));
	one_output(o, result(o, type, rank, dims));
}

static void fill(struct one *o)
{
	enum octet_dtype type = case_pick(o, 5, movable);
	uint32_t rank = 1 + one_random(o, 4), dims[8];
	int32_t shape[8];

	case_dims(o, rank, 4, dims);
	for (uint32_t d = 0; d < rank; d++)
		shape[d] = (int32_t)dims[d];
	if (type == OCTET_UINT8)
		type = OCTET_INT8;
	one_input(o, one_ints(o, rank, shape));
	one_input(o, source(o, type, 0, NULL));
	one_output(o, result(o, type, rank, dims));
}

static void shape(struct one *o)
{
	enum octet_dtype type = one_random(o, 2) ? OCTET_INT32 : OCTET_INT64;
	uint32_t rank = 1 + one_random(o, 5), dims[8];

	case_dims(o, rank, 5, dims);
	o->op.opt.arg.output_type = (int32_t)type;
	one_input(o, source(o, OCTET_INT8, rank, dims));
	one_output(o, one_tensor(o, type, 1, &rank, 0, 0));
}

static void slice(struct one *o)
{
	enum octet_dtype type = case_pick(o, 6, movable);
	uint32_t rank = 1 + one_random(o, 5), dims[8], out[8];
	int32_t begin[8], size[8];

	case_dims(o, rank, 6, dims);
	for (uint32_t d = 0; d < rank; d++) {
		begin[d] = (int32_t)one_random(o, dims[d]);
		out[d] = 1 + one_random(o, dims[d] - (uint32_t)begin[d]);
		size[d] = (int32_t)out[d];
		if (!one_random(o, 4)) {
			out[d] = dims[d] - (uint32_t)begin[d];
			size[d] = -1;
		}
	}
	one_input(o, source(o, type, rank, dims));
	one_input(o, one_ints(o, rank, begin));
	one_input(o, one_ints(o, rank, size));
	one_output(o, result(o, type, rank, out));
}

/* Lists of entries; the output's shape is worked out as Python would. */
static void strided(struct one *o)
{
	enum octet_dtype type = case_pick(o, 6, movable);
	struct octet_opt_slice *s = &o->op.opt.slice;
	uint32_t rank = 1 + one_random(o, 4), n = 1 + one_random(o, rank), dims[8], out[8];
	uint32_t gap = one_random(o, 2) ? one_random(o, n) : 8, fresh = 8, k = 0, d = 0;
	int32_t begin[8] = { 0 }, end[8] = { 0 }, step[8];
	uint32_t entries = n;

	case_dims(o, rank, 6, dims);
	if (rank < 4 && !one_random(o, 3))
		fresh = one_random(o, n);
	if (gap < n)
		s->ellipsis_mask = 1 << gap;
	if (fresh < n && fresh != gap)
		s->new_axis_mask = 1 << fresh;
	else
		fresh = 8;
	/* Dimensions that the entries do not name belong to the gap, or to the end. */
	uint32_t named = n - (gap < n) - (fresh < n), rest = rank - named;

	for (uint32_t i = 0; i < n; i++) {
		step[i] = 1;
		if (i == gap) {
			for (uint32_t j = 0; j < rest; j++)
				out[k++] = dims[d++];
			continue;
		}
		if (i == fresh) {
			out[k++] = 1;
			continue;
		}
		int32_t size = (int32_t)dims[d++], from = (int32_t)one_random(o, (uint32_t)size);
		int32_t to = from + 1 + (int32_t)one_random(o, (uint32_t)(size - from)), count;

		step[i] = 1 + (int32_t)one_random(o, 3);
		count = (to - from + step[i] - 1) / step[i];
		begin[i] = one_random(o, 2) ? from : from - size;
		end[i] = to < size && one_random(o, 2) ? to - size : to;
		switch (one_random(o, 5)) {
		case 0:
			s->shrink_axis_mask |= 1 << i;
			step[i] = 1;
			continue;
		case 1:
			s->begin_mask |= 1 << i;
			count = (to + step[i] - 1) / step[i];
			break;
		case 2:
			s->end_mask |= 1 << i;
			count = (size - from + step[i] - 1) / step[i];
			break;
		case 3:
			/* Backwards, from the end of the range to its start. */
			step[i] = -step[i];
			begin[i] = to - 1;
			end[i] = from - 1;
			if (from == 0)
				s->end_mask |= 1 << i;
			break;
		default:
			break;
		}
		out[k++] = (uint32_t)count;
	}
	if (gap >= n)
		while (d < rank)
			out[k++] = dims[d++];
	one_input(o, source(o, type, rank, dims));
	one_input(o, one_ints(o, entries, begin));
	one_input(o, one_ints(o, entries, end));
	one_input(o, one_ints(o, entries, step));
	one_output(o, result(o, type, k, out));
}

static void pad(struct one *o)
{
	enum octet_dtype type = case_pick(o, 5, movable);
	uint32_t rank = 1 + one_random(o, 4), dims[8], out[8], shape[2];
	int32_t by[16], t;
	bool mirror = o->op.code == OCTET_G_MIRROR_PAD;

	case_dims(o, rank, 5, dims);
	o->op.opt.mirror.mode = (int32_t)one_random(o, 2);
	for (uint32_t d = 0; d < 2 * rank; d++) {
		uint32_t most = dims[d / 2] + (o->op.opt.mirror.mode == 1);

		by[d] = (int32_t)one_random(o, mirror ? most : 4);
	}
	if (!mirror)
		o->op.opt.mirror.mode = 0;
	for (uint32_t d = 0; d < rank; d++)
		out[d] = dims[d] + (uint32_t)by[2 * d] + (uint32_t)by[2 * d + 1];
	one_input(o, source(o, type, rank, dims));
	shape[0] = rank;
	shape[1] = 2;
	t = one_tensor(o, OCTET_INT32, 2, shape, 0, 0);
	memcpy(o->buffers[t], by, 8 * rank);
	one_const(o, t);
	one_input(o, t);
	if (o->op.code == OCTET_G_PADV2) {
		t = source(o, type, 0, NULL);
		one_const(o, t);
		one_input(o, t);
	}
	one_output(o, result(o, type, rank, out));
}

static void depth(struct one *o)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT32,
						  OCTET_FLOAT32, OCTET_INT64 };
	enum octet_dtype type = case_pick(o, 5, types);
	uint32_t block = 1 + one_random(o, 3), fine[4], deep[4];

	case_dims(o, 4, 4, deep);
	memcpy(fine, deep, sizeof(fine));
	fine[1] *= block;
	fine[2] *= block;
	deep[3] *= block * block;
	o->op.opt.block.block_size = (int32_t)block;
	if (o->op.code == OCTET_G_SPACE_TO_DEPTH) {
		one_input(o, source(o, type, 4, fine));
		one_output(o, result(o, type, 4, deep));
	} else {
		one_input(o, source(o, type, 4, deep));
		one_output(o, result(o, type, 4, fine));
	}
}

static void batch(struct one *o)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT32,
						  OCTET_FLOAT32, OCTET_INT64 };
	bool forth = o->op.code == OCTET_G_SPACE_TO_BATCH_ND;
	enum octet_dtype type = case_pick(o, 5, types);
	uint32_t space = 1 + one_random(o, 2), many[4], one[4], shape[2] = { space, 2 };
	int32_t block[2], by[4], t;

	case_dims(o, space + 2, 4, one);
	memcpy(many, one, sizeof(many));
	for (uint32_t d = 0; d < space; d++) {
		uint32_t size;

		block[d] = 1 + (int32_t)one_random(o, 3);
		by[2 * d] = (int32_t)one_random(o, 3);
		size = one[1 + d] + (uint32_t)by[2 * d];
		by[2 * d + 1] = (int32_t)((uint32_t)block[d] - size % (uint32_t)block[d]) %
				block[d];
		many[1 + d] = (size + (uint32_t)by[2 * d + 1]) / (uint32_t)block[d];
		many[0] *= (uint32_t)block[d];
	}
	one_input(o, source(o, type, space + 2, forth ? one : many));
	one_input(o, one_ints(o, space, block));
	t = one_tensor(o, OCTET_INT32, 2, shape, 0, 0);
	memcpy(o->buffers[t], by, 8 * space);
	one_const(o, t);
	one_input(o, t);
	one_output(o, result(o, type, space + 2, forth ? many : one));
	/* TFLite fills int32 and int64 with bytes of the zero point: none here. */
}

static void gather(struct one *o)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_UINT8, OCTET_INT32,
						  OCTET_FLOAT32, OCTET_INT64 };
	enum octet_dtype type = case_pick(o, 5, types);
	uint32_t rank = 1 + one_random(o, 4), axis = one_random(o, rank), dims[8], out[8], k = 0;
	uint32_t shared = one_random(o, axis + 1), more = one_random(o, 3), at[8];
	int32_t t;

	case_dims(o, rank, 5, dims);
	if (one_random(o, 2))
		shared = 0;
	for (uint32_t d = 0; d < shared; d++)
		at[d] = dims[d];
	case_dims(o, more, 4, at + shared);
	for (uint32_t d = 0; d < axis; d++)
		out[k++] = dims[d];
	for (uint32_t d = 0; d < more; d++)
		out[k++] = at[shared + d];
	for (uint32_t d = axis + 1; d < rank; d++)
		out[k++] = dims[d];
	o->op.opt.gather.axis = one_random(o, 2) ? (int32_t)axis : (int32_t)axis - (int32_t)rank;
	o->op.opt.gather.batch_dims = (int32_t)shared;
	one_input(o, source(o, type, rank, dims));
	t = one_tensor(o, OCTET_INT32, shared + more, at, 0, 0);
	one_fill(o, t);
	for (uint64_t i = 0; i < o->t[t].elements; i++)
		((int32_t *)o->buffers[t])[i] = (int32_t)one_random(o, dims[axis]);
	one_input(o, t);
	one_output(o, result(o, type, k, out));
}

static void gather_nd(struct one *o)
{
	enum octet_dtype type = case_pick(o, 5, movable);
	uint32_t rank = 1 + one_random(o, 4), depth = 1 + one_random(o, rank), dims[8], out[8];
	uint32_t more = 1 + one_random(o, 2), at[8], k = 0;
	int32_t t;

	case_dims(o, rank, 4, dims);
	case_dims(o, more, 4, at);
	for (uint32_t d = 0; d < more; d++)
		out[k++] = at[d];
	for (uint32_t d = depth; d < rank; d++)
		out[k++] = dims[d];
	at[more] = depth;
	one_input(o, source(o, type, rank, dims));
	t = one_tensor(o, OCTET_INT32, more + 1, at, 0, 0);
	one_fill(o, t);
	for (uint64_t i = 0; i < o->t[t].elements; i++)
		((int32_t *)o->buffers[t])[i] = (int32_t)one_random(o, dims[i % depth]);
	one_input(o, t);
	one_output(o, result(o, type, k, out));
}

const struct host_group host_groups_move[] = {
	{ "TRANSPOSE", OCTET_G_TRANSPOSE, transpose },
	{ "CONCATENATION", OCTET_G_CONCATENATION, concatenation },
	{ "PACK", OCTET_G_PACK, pack }, { "UNPACK", OCTET_G_UNPACK, pack },
	{ "SPLIT", OCTET_G_SPLIT, split }, { "SPLIT_V", OCTET_G_SPLIT_V, split },
	{ "TILE", OCTET_G_TILE, tile }, { "BROADCAST_TO", OCTET_G_BROADCAST_TO, broadcast },
	{ "FILL", OCTET_G_FILL, fill }, { "SHAPE", OCTET_G_SHAPE, shape },
	{ "SLICE", OCTET_G_SLICE, slice },
	{ "STRIDED_SLICE", OCTET_G_STRIDED_SLICE, strided },
	{ "PAD", OCTET_G_PAD, pad }, { "PADV2", OCTET_G_PADV2, pad },
	{ "MIRROR_PAD", OCTET_G_MIRROR_PAD, pad },
	{ "SPACE_TO_DEPTH", OCTET_G_SPACE_TO_DEPTH, depth },
	{ "DEPTH_TO_SPACE", OCTET_G_DEPTH_TO_SPACE, depth },
	{ "SPACE_TO_BATCH_ND", OCTET_G_SPACE_TO_BATCH_ND, batch },
	{ "BATCH_TO_SPACE_ND", OCTET_G_BATCH_TO_SPACE_ND, batch },
	{ "GATHER", OCTET_G_GATHER, gather }, { "GATHER_ND", OCTET_G_GATHER_ND, gather_nd },
	{ 0 },
};
