// SPDX-License-Identifier: MIT
/* Shapes: operators that move data, and make more of it or as much. */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "check.h"

static int same_elements(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0), *y = check_out(c, 0);

	if (x->elements == y->elements)
		return 0;
	return check_fail_at(c, -EINVAL, c->op->outputs[0],
			     "it has %" PRIu64 " elements, but the input has %" PRIu64,
			     y->elements, x->elements);
}

/* The wanted shape may be computed: the file's own one is then what is known. */
int check_shape_reshape(struct check *c)
{
	const struct octet_graph_tensor *y = check_out(c, 0);
	int64_t want[OCTET_GRAPH_RANK];
	uint32_t count;
	int rc = same_elements(c);

	if (rc || !check_in(c, 1) || !check_in(c, 1)->data)
		return rc;
	rc = check_ints(c, 1, want, OCTET_GRAPH_RANK, &count);
	/* An old way to write a scalar. */
	if (!rc && count == 1 && !want[0] && !y->rank)
		return 0;
	if (!rc && count != y->rank)
		rc = check_fail_at(c, -EINVAL, c->op->outputs[0],
				   "its rank is %u, but the shape asked for has %u extents",
				   y->rank, count);
	for (uint32_t i = 0; i < count && !rc; i++)
		if (want[i] != -1 && want[i] != y->dims[i])
			rc = check_fail_at(c, -EINVAL, c->op->outputs[0],
					   "extent %u is %u, but %" PRId64 " is asked for", i,
					   y->dims[i], want[i]);
	return rc;
}

/* The result has the extents of the input, in order, but for some that are 1. */
int check_shape_squeeze(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0), *y = check_out(c, 0);
	uint32_t at = 0;

	for (uint32_t i = 0; i < x->rank; i++) {
		if (at < y->rank && y->dims[at] == x->dims[i])
			at++;
		else if (x->dims[i] != 1)
			break;
	}
	if (at == y->rank && x->elements == y->elements)
		return 0;
	return check_fail_at(c, -EINVAL, c->op->outputs[0],
			     "its shape is not that of the input without extents of 1");
}

int check_shape_expand(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0);
	uint32_t dims[OCTET_GRAPH_RANK], count, at;
	int64_t axis;
	int rc = check_ints(c, 1, &axis, 1, &count);

	if (!rc)
		rc = check_rank(c, 0, 0, OCTET_GRAPH_RANK - 1);
	if (!rc)
		rc = check_axis(c, axis, x->rank + 1, &at);
	if (rc)
		return rc;
	for (uint32_t i = 0; i < x->rank; i++)
		dims[i + (i >= at)] = x->dims[i];
	dims[at] = 1;
	return check_result(c, 0, x->rank + 1, dims);
}

int check_shape_transpose(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0);
	uint32_t dims[OCTET_GRAPH_RANK], count, at, seen = 0;
	int64_t perm[OCTET_GRAPH_RANK];
	int rc = check_ints(c, 1, perm, OCTET_GRAPH_RANK, &count);

	if (!rc)
		rc = check_option(c, "the number of axes", count, x->rank, x->rank);
	for (uint32_t i = 0; i < count && !rc; i++) {
		rc = check_axis(c, perm[i], x->rank, &at);
		if (!rc && seen >> at & 1)
			rc = check_fail_at(c, -EINVAL, c->op->inputs[1], "axis %u is there twice",
					   at);
		if (rc)
			break;
		seen |= 1u << at;
		dims[i] = x->dims[at];
	}
	return rc ? rc : check_result(c, 0, x->rank, dims);
}

int check_shape_concat(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0);
	const struct octet_opt_concat *o = &c->op->opt.concat;
	uint32_t dims[OCTET_GRAPH_RANK], at;
	uint64_t sum = 0;
	int rc = check_axis(c, o->axis, x->rank, &at);

	if (!rc)
		rc = check_option(c, "fused_activation_function", o->activation,
				  OCTET_G_ACT_NONE, OCTET_G_ACT_NONE);
	if (rc)
		return rc;
	memcpy(dims, x->dims, sizeof(dims));
	for (uint32_t i = 0; i < c->op->input_count; i++) {
		const struct octet_graph_tensor *t = check_in(c, i);

		sum += t->rank == x->rank ? t->dims[at] : 0;
		for (uint32_t d = 0; d < x->rank; d++)
			if (t->rank != x->rank || (d != at && t->dims[d] != x->dims[d]))
				return check_fail_at(c, -EINVAL, c->op->inputs[i],
						     "its shape differs from the first input's in "
						     "more than axis %u", at);
	}
	dims[at] = sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
	return check_result(c, 0, x->rank, dims);
}

int check_shape_pack(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0);
	const struct octet_opt_pack *o = &c->op->opt.pack;
	uint32_t dims[OCTET_GRAPH_RANK], at;
	int rc = check_rank(c, 0, 0, OCTET_GRAPH_RANK - 1);

	if (!rc)
		rc = check_axis(c, o->axis, x->rank + 1, &at);
	if (!rc)
		rc = check_option(c, "values_count", o->count, c->op->input_count,
				  c->op->input_count);
	for (uint32_t i = 1; i < c->op->input_count && !rc; i++) {
		const struct octet_graph_tensor *t = check_in(c, i);

		if (t->rank != x->rank || memcmp(t->dims, x->dims, x->rank * sizeof(*x->dims)))
			rc = check_fail_at(c, -EINVAL, c->op->inputs[i],
					   "its shape differs from the first input's");
	}
	if (rc)
		return rc;
	for (uint32_t i = 0; i < x->rank; i++)
		dims[i + (i >= at)] = x->dims[i];
	dims[at] = c->op->input_count;
	return check_result(c, 0, x->rank + 1, dims);
}

int check_shape_unpack(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0);
	const struct octet_opt_pack *o = &c->op->opt.pack;
	uint32_t dims[OCTET_GRAPH_RANK], rank = 0, at;
	int rc = check_axis(c, o->axis, x->rank, &at);

	if (!rc)
		rc = check_option(c, "num", o->count, x->dims[at], x->dims[at]);
	if (!rc)
		rc = check_option(c, "the number of outputs", c->op->output_count, x->dims[at],
				  x->dims[at]);
	if (rc)
		return rc;
	for (uint32_t i = 0; i < x->rank; i++)
		if (i != at)
			dims[rank++] = x->dims[i];
	for (uint32_t i = 0; i < c->op->output_count && !rc; i++)
		rc = check_result(c, i, rank, dims);
	return rc;
}

int check_shape_pad(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0);
	bool mirror = c->op->code == OCTET_G_MIRROR_PAD;
	uint32_t dims[OCTET_GRAPH_RANK], count;
	int64_t pads[2 * OCTET_GRAPH_RANK];
	int rc = check_ints(c, 1, pads, 2 * OCTET_GRAPH_RANK, &count);

	if (!rc)
		rc = check_option(c, "the number of paddings", count, 2 * (int64_t)x->rank,
				  2 * (int64_t)x->rank);
	if (!rc && mirror)
		rc = check_option(c, "mode", c->op->opt.mirror.mode, 0, 1);
	for (uint32_t i = 0; i < count && !rc; i++) {
		int64_t max = INT32_MAX / 4;

		/* REFLECT leaves the border itself out. */
		if (mirror)
			max = x->dims[i / 2] - (c->op->opt.mirror.mode ? 0 : 1);
		rc = check_option(c, "a padding", pads[i], 0, max);
	}
	for (uint32_t i = 0; i < x->rank && !rc; i++)
		dims[i] = (uint32_t)(x->dims[i] + pads[2 * i] + pads[2 * i + 1]);
	if (!rc && c->op->code == OCTET_G_PADV2 && check_in(c, 2)->elements != 1)
		rc = check_fail_at(c, -EINVAL, c->op->inputs[2],
				   "the value to pad with has %" PRIu64 " elements, not 1",
				   check_in(c, 2)->elements);
	return rc ? rc : check_result(c, 0, x->rank, dims);
}

int check_shape_tile(struct check *c)
{
	const struct octet_graph_tensor *x = check_in(c, 0);
	uint32_t dims[OCTET_GRAPH_RANK], count;
	int64_t times[OCTET_GRAPH_RANK];
	int rc = check_ints(c, 1, times, OCTET_GRAPH_RANK, &count);

	if (!rc)
		rc = check_option(c, "the number of multiples", count, x->rank, x->rank);
	for (uint32_t i = 0; i < count && !rc; i++) {
		rc = check_option(c, "a multiple", times[i], 1, INT32_MAX / x->dims[i]);
		dims[i] = (uint32_t)(x->dims[i] * times[i]);
	}
	return rc ? rc : check_result(c, 0, x->rank, dims);
}

/* FILL(shape, value), BROADCAST_TO(x, shape); the shape may be computed. */
int check_shape_fill(struct check *c)
{
	bool fill = c->op->code == OCTET_G_FILL;
	const struct octet_graph_tensor *x = check_in(c, fill ? 1 : 0), *y = check_out(c, 0);
	uint32_t count = 0, dims[OCTET_GRAPH_RANK];
	int64_t want[OCTET_GRAPH_RANK];
	int rc = 0;

	for (uint32_t i = 1; i <= x->rank; i++)
		if (i > y->rank || (x->dims[x->rank - i] != 1 &&
				    x->dims[x->rank - i] != y->dims[y->rank - i]))
			return check_fail(c, -EINVAL,
					  "the input's shape does not stretch to the result's");
	if (!check_in(c, fill ? 0 : 1)->data)
		return 0;
	rc = check_ints(c, fill ? 0 : 1, want, OCTET_GRAPH_RANK, &count);
	for (uint32_t i = 0; i < count && !rc; i++) {
		rc = check_option(c, "an extent of the shape", want[i], 1, INT32_MAX);
		dims[i] = (uint32_t)want[i];
	}
	return rc ? rc : check_result(c, 0, count, dims);
}

int check_shape_shape(struct check *c)
{
	return check_result(c, 0, 1, &check_in(c, 0)->rank);
}
