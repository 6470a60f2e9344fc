// SPDX-License-Identifier: MIT
/* Shapes: operators that take parts of a tensor, or deal it out. */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "check.h"

/* Room for axes that STRIDED_SLICE adds or drops. */
#define SPEC_MAX 16u

int check_shape_split(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 1);
	uint32_t dims[OCTET_GRAPH_RANK], count, at, parts = c->op->output_count;
	int64_t axis;
	int rc = check_ints(c, 0, &axis, 1, &count);

	if (!rc)
		rc = check_axis(c, axis, x->rank, &at);
	if (!rc)
		rc = check_option(c, "num_splits", c->op->opt.split.count, parts, parts);
	if (!rc && x->dims[at] % parts)
		rc = check_fail(c, -EINVAL, "%u parts do not divide an extent of %u", parts,
				x->dims[at]);
	if (rc)
		return rc;
	memcpy(dims, x->dims, sizeof(dims));
	dims[at] /= parts;
	for (uint32_t i = 0; i < parts && !rc; i++)
		rc = check_result(c, i, x->rank, dims);
	return rc;
}

/* One of the sizes may be -1: what the others leave. */
int check_shape_split_v(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0), *s = check_in(c, 1);
	uint32_t dims[OCTET_GRAPH_RANK], count, at, parts = c->op->output_count;
	int64_t axis, sum = 0, rest = -1;
	int rc = check_ints(c, 2, &axis, 1, &count);

	if (!rc)
		rc = check_axis(c, axis, x->rank, &at);
	if (!rc && (!s->data || s->type != OCTET_INT32 || s->elements != parts))
		rc = check_fail_at(c, -EINVAL, c->op->inputs[1],
				   "the sizes must be %u constants of int32, one for each output",
				   parts);
	if (rc)
		return rc;
	memcpy(dims, x->dims, sizeof(dims));
	for (uint32_t i = 0; i < parts; i++) {
		int32_t size = ((const int32_t *)s->data)[i];

		if (size == -1 && rest < 0)
			rest = i;
		else if (size < 1)
			return check_fail_at(c, -EINVAL, c->op->inputs[1],
					     "size %d must be at least 1", size);
		else
			sum += size;
	}
	if (rest < 0 ? sum != x->dims[at] : sum >= x->dims[at])
		return check_fail_at(c, -EINVAL, c->op->inputs[1],
				     "sizes sum up to %" PRId64 ", but the extent is %u", sum,
				     x->dims[at]);
	for (uint32_t i = 0; i < parts && !rc; i++) {
		dims[at] = i == rest ? (uint32_t)(x->dims[at] - sum) :
			   (uint32_t)((const int32_t *)s->data)[i];
		rc = check_result(c, i, x->rank, dims);
	}
	return rc;
}

int check_shape_slice(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0);
	int64_t begin[OCTET_GRAPH_RANK], size[OCTET_GRAPH_RANK];
	uint32_t dims[OCTET_GRAPH_RANK], nb, ns;
	int rc = check_ints(c, 1, begin, OCTET_GRAPH_RANK, &nb);

	if (!rc)
		rc = check_ints(c, 2, size, OCTET_GRAPH_RANK, &ns);
	if (!rc)
		rc = check_option(c, "the number of begins", nb, x->rank, x->rank);
	if (!rc)
		rc = check_option(c, "the number of sizes", ns, x->rank, x->rank);
	for (uint32_t i = 0; i < x->rank && !rc; i++) {
		rc = check_option(c, "a begin", begin[i], 0, (int64_t)x->dims[i] - 1);
		if (!rc && size[i] == -1)
			size[i] = x->dims[i] - begin[i];
		if (!rc)
			rc = check_option(c, "a size", size[i], 1, x->dims[i] - begin[i]);
		dims[i] = (uint32_t)size[i];
	}
	return rc ? rc : check_result(c, 0, x->rank, dims);
}

/** struct cut - begin, end, stride of one axis of STRIDED_SLICE */
struct cut {
	int64_t begin, end, stride;
	bool from_start, to_end, shrink;
};

static int64_t clamp(int64_t v, int64_t lo, int64_t hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

/* How many elements of an extent of @dim remain; shrunk: its one index is checked. */
static int cut_axis(struct check *c, const struct cut *k, int64_t dim, uint32_t *out)
{
	int64_t lo = k->stride > 0 ? 0 : -1, hi = k->stride > 0 ? dim : dim - 1;
	int64_t begin = k->begin < 0 ? k->begin + dim : k->begin;
	int64_t end = k->end < 0 ? k->end + dim : k->end;
	int64_t step = k->stride > 0 ? k->stride : -k->stride, length;

	if (c->op->opt.slice.offset)
		end = k->begin + k->end;
	if (k->shrink && (begin < 0 || begin >= dim))
		return check_fail(c, -EINVAL, "index %" PRId64 " is outside an extent of %" PRId64,
				  k->begin, dim);
	begin = k->from_start ? (k->stride > 0 ? 0 : dim - 1) : clamp(begin, lo, hi);
	end = k->to_end ? (k->stride > 0 ? dim : -1) : clamp(end, lo, hi);
	length = k->stride > 0 ? end - begin : begin - end;
	if (!k->shrink && length < 1)
		return check_fail(c, -EINVAL, "from %" PRId64 " to %" PRId64 " by %" PRId64
				  " nothing of an extent of %" PRId64 " remains", k->begin, k->end,
				  k->stride, dim);
	*out = (uint32_t)((length + step - 1) / step);
	return 0;
}

/* begins, ends, strides; as many of each. */
static int read_cuts(struct check *c, struct cut *cuts, uint32_t *count)
{
	const struct octet_opt_slice *o = &c->op->opt.slice;
	int64_t values[3][SPEC_MAX];
	uint32_t counts[3];
	int rc = 0;

	for (uint32_t i = 0; i < 3 && !rc; i++)
		rc = check_ints(c, i + 1, values[i], SPEC_MAX, &counts[i]);
	if (!rc && (counts[1] != counts[0] || counts[2] != counts[0]))
		rc = check_fail(c, -EINVAL, "%u begins, %u ends and %u strides: as many of each "
				"belong there", counts[0], counts[1], counts[2]);
	if (rc)
		return rc;
	*count = counts[0];
	for (uint32_t i = 0; i < *count && !rc; i++) {
		cuts[i] = (struct cut){
			values[0][i], values[1][i], values[2][i], o->begin_mask >> i & 1,
			o->end_mask >> i & 1, o->shrink_axis_mask >> i & 1 };
		rc = check_option(c, "a stride", cuts[i].stride, -INT32_MAX, INT32_MAX);
		if (!rc && !cuts[i].stride)
			rc = check_fail(c, -EINVAL, "stride %u is 0", i);
		if (!rc)
			rc = check_option(c, "a begin", cuts[i].begin, INT32_MIN, INT32_MAX);
		if (!rc)
			rc = check_option(c, "an end", cuts[i].end, INT32_MIN, INT32_MAX);
	}
	return rc;
}

int check_shape_strided(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0);
	const struct octet_opt_slice *o = &c->op->opt.slice;
	uint32_t dims[SPEC_MAX + OCTET_GRAPH_RANK], rank = 0, axis = 0, count, taken = 0;
	uint32_t ellipsis = (uint32_t)o->ellipsis_mask;
	struct cut cuts[SPEC_MAX];
	int rc = read_cuts(c, cuts, &count);

	for (uint32_t i = 0; i < count && !rc; i++)
		taken += !((o->ellipsis_mask | o->new_axis_mask) >> i & 1);
	if (!rc && (taken > x->rank || (ellipsis & (ellipsis - 1))))
		rc = check_fail(c, -EINVAL, "%u axes of a tensor of rank %u, or more than one "
				"ellipsis", taken, x->rank);
	for (uint32_t i = 0; i < count && !rc; i++) {
		if (ellipsis >> i & 1) {
			for (uint32_t d = taken; d < x->rank; d++)
				dims[rank++] = x->dims[axis++];
			taken = x->rank;
		} else if (o->new_axis_mask >> i & 1) {
			dims[rank++] = 1;
		} else {
			rc = cut_axis(c, &cuts[i], x->dims[axis++], &dims[rank]);
			rank += !cuts[i].shrink;
		}
	}
	while (axis < x->rank && !rc)
		dims[rank++] = x->dims[axis++];
	if (!rc)
		rc = check_option(c, "the rank of the result", rank, 0, OCTET_GRAPH_RANK);
	return rc ? rc : check_result(c, 0, rank, dims);
}

int check_shape_gather(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0), *k = check_in(c, 1);
	const struct octet_opt_gather *o = &c->op->opt.gather;
	uint32_t dims[2 * OCTET_GRAPH_RANK], rank = 0, at, batch;
	int64_t wanted = o->batch_dims < 0 ? o->batch_dims + (int64_t)k->rank : o->batch_dims;
	int rc = check_axis(c, o->axis, x->rank, &at);

	if (!rc)
		rc = check_option(c, "batch_dims", wanted, 0, at < k->rank ? at : k->rank);
	if (rc)
		return rc;
	batch = (uint32_t)wanted;
	for (uint32_t i = 0; i < batch; i++)
		if (x->dims[i] != k->dims[i])
			return check_fail(c, -EINVAL, "batches of %u and %u do not go together",
					  x->dims[i], k->dims[i]);
	for (uint32_t i = 0; i < at; i++)
		dims[rank++] = x->dims[i];
	for (uint32_t i = batch; i < k->rank; i++)
		dims[rank++] = k->dims[i];
	for (uint32_t i = at + 1; i < x->rank; i++)
		dims[rank++] = x->dims[i];
	rc = check_option(c, "the rank of the result", rank, 0, OCTET_GRAPH_RANK);
	return rc ? rc : check_result(c, 0, rank, dims);
}

int check_shape_gather_nd(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0), *k = check_in(c, 1);
	uint32_t dims[2 * OCTET_GRAPH_RANK], rank = 0;
	int rc = check_rank(c, 1, 1, OCTET_GRAPH_RANK);

	if (!rc)
		rc = check_option(c, "the number of indexes", k->dims[k->rank - 1], 1, x->rank);
	if (rc)
		return rc;
	for (uint32_t i = 0; i + 1 < k->rank; i++)
		dims[rank++] = k->dims[i];
	for (uint32_t i = k->dims[k->rank - 1]; i < x->rank; i++)
		dims[rank++] = x->dims[i];
	rc = check_option(c, "the rank of the result", rank, 0, OCTET_GRAPH_RANK);
	return rc ? rc : check_result(c, 0, rank, dims);
}

/* Block shape and paddings (or crops) of the axes after the batch. */
static int read_blocks(struct check *c, int64_t *block, int64_t *edges, uint32_t *count)
{
	const struct octet_graph_tensor *x = check_in(c, 0);
	uint32_t pairs;
	int rc = check_rank(c, 0, 3, 4);

	if (!rc)
		rc = check_ints(c, 1, block, OCTET_GRAPH_RANK, count);
	if (!rc)
		rc = check_ints(c, 2, edges, 2 * OCTET_GRAPH_RANK, &pairs);
	if (!rc)
		rc = check_option(c, "the number of blocks", *count, 1, x->rank - 1);
	if (!rc)
		rc = check_option(c, "the number of paddings or crops", pairs, 2 * *count,
				  2 * *count);
	for (uint32_t i = 0; i < *count && !rc; i++)
		rc = check_option(c, "a block", block[i], 1, INT16_MAX);
	for (uint32_t i = 0; i < 2 * *count && !rc; i++)
		rc = check_option(c, "a padding or crop", edges[i], 0, INT32_MAX / 4);
	return rc;
}

int check_shape_space_to_batch(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0);
	int64_t block[OCTET_GRAPH_RANK], pads[2 * OCTET_GRAPH_RANK], batch = x->dims[0];
	uint32_t dims[OCTET_GRAPH_RANK], count = 0;
	int rc = read_blocks(c, block, pads, &count);

	memcpy(dims, x->dims, sizeof(dims));
	for (uint32_t i = 0; i < count && !rc; i++) {
		int64_t extent = x->dims[i + 1] + pads[2 * i] + pads[2 * i + 1];

		if (extent % block[i])
			rc = check_fail(c, -EINVAL,
					"a block of %" PRId64 " does not divide an extent of %"
					PRId64, block[i], extent);
		dims[i + 1] = (uint32_t)(extent / block[i]);
		batch = clamp(batch * block[i], 1, UINT32_MAX);
	}
	dims[0] = (uint32_t)batch;
	return rc ? rc : check_result(c, 0, x->rank, dims);
}

int check_shape_batch_to_space(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0);
	int64_t block[OCTET_GRAPH_RANK], crops[2 * OCTET_GRAPH_RANK], product = 1;
	uint32_t dims[OCTET_GRAPH_RANK], count = 0;
	int rc = read_blocks(c, block, crops, &count);

	memcpy(dims, x->dims, sizeof(dims));
	for (uint32_t i = 0; i < count && !rc; i++) {
		int64_t extent = x->dims[i + 1] * block[i] - crops[2 * i] - crops[2 * i + 1];

		rc = check_option(c, "an extent of the result", extent, 1, INT32_MAX);
		dims[i + 1] = (uint32_t)extent;
		product = clamp(product * block[i], 1, UINT32_MAX);
	}
	if (!rc && x->dims[0] % product)
		rc = check_fail(c, -EINVAL, "blocks of %" PRId64 " do not divide a batch of %u",
				product, x->dims[0]);
	dims[0] = (uint32_t)(x->dims[0] / product);
	return rc ? rc : check_result(c, 0, x->rank, dims);
}
