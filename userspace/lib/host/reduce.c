// SPDX-License-Identifier: MIT
/* SUM, MEAN, REDUCE_MAX, REDUCE_MIN over any axes. */

#include <float.h>

#include "host_priv.h"

/* @count: elements that become one; @w: tensor 0 is the input, 1 the output */
struct reduction {
	struct octet_host_walk w;
	uint64_t count;
	uint32_t axes;
};

/* -EINVAL: axes or shapes are not right; -ENOTSUP: axes are computed */
static int reduction_of(const struct octet_graph *g, const struct octet_graph_op *op,
			struct reduction *r)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	int64_t axes[OCTET_GRAPH_RANK], step = 1;
	bool keep = op->opt.reduce.keep_dims;
	uint32_t n, d, k;

	if (!octet_host_ints(octet_graph_input(g, op, 1), OCTET_GRAPH_RANK, axes, &n))
		return -ENOTSUP;
	memset(r, 0, sizeof(*r));
	for (uint32_t i = 0; i < n; i++) {
		if (!octet_host_axis(axes[i], in->rank, &d))
			return -EINVAL;
		r->axes |= 1u << d;
	}
	octet_host_walk_begin(&r->w, in);
	octet_host_strides(in, r->w.stride[0]);
	r->count = 1;
	k = out->rank;
	for (d = in->rank; d-- > 0;) {
		bool gone = r->axes >> d & 1;
		uint32_t expected = gone ? 1 : in->dims[d];

		if (gone)
			r->count *= in->dims[d];
		if (gone && !keep)
			continue;
		if (!k || out->dims[--k] != expected)
			return -EINVAL;
		r->w.stride[1][d] = gone ? 0 : step;
		step *= expected;
	}
	return k ? -EINVAL : 0;
}

static int check(const struct octet_graph *g, const struct octet_graph_op *op, const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	struct reduction r;
	int ret = reduction_of(g, op, &r);

	OCTET_HOST_NEED(ret != -ENOTSUP, ret, "the axes are not a constant of int32");
	OCTET_HOST_NEED(!ret, ret, "axes and shapes contradict each other");
	OCTET_HOST_NEED(in->type == out->type, -EINVAL, "input and output differ in type");
	return 0;
}

static bool adds(const struct octet_graph_op *op)
{
	return op->code == OCTET_G_SUM || op->code == OCTET_G_MEAN;
}

/* ---- Quantized sums -------------------------------------------------------------- */

static void rescale_of(const struct octet_graph *g, const struct octet_graph_op *op,
		       uint64_t count, int32_t *mult, int *shift)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);

	octet_fx_multiplier((double)in->scale[0] / (double)out->scale[0], mult, shift);
	/* 1 / count goes into the multiplier, with as many bits as there is room for. */
	if (op->code == OCTET_G_MEAN) {
		int room = 63 - __builtin_clzll(count);

		room = room < 32 ? room : 32;
		room = room < 31 + *shift ? room : 31 + *shift;
		*mult = (int32_t)(((int64_t)*mult << room) / (int64_t)count);
		*shift -= room;
	}
}

static int quantized_check(const struct octet_graph *g, const struct octet_graph_op *op,
			   const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	int ret = check(g, op, why), shift;
	struct reduction r;
	double most;
	int32_t mult;

	if (ret)
		return ret;
	OCTET_HOST_NEED(octet_host_is8(in) || (octet_host_is16(in) && op->code == OCTET_G_MEAN),
			-ENOTSUP, "the host has this operator for other types only");
	OCTET_HOST_NEED(octet_host_quantized(in) && octet_host_quantized(out), -EINVAL,
			"input and output need one valid scale and zero point each");
	OCTET_HOST_NEED(!octet_host_is16(in) || (!in->zero_point[0] && !out->zero_point[0]),
			-EINVAL, "zero points of int16 tensors must be 0");
	reduction_of(g, op, &r);
	rescale_of(g, op, r.count, &mult, &shift);
	most = (double)r.count * (octet_host_is16(in) ? 32768 : 255);
	OCTET_HOST_NEED(most * ldexp(1, shift > 0 ? shift : 0) < 0x1p31 && shift >= -31, -EINVAL,
			"the sum does not fit 32 bits with these scales");
	return 0;
}

static size_t sums(const struct octet_graph *g, const struct octet_graph_op *op)
{
	return octet_graph_output(g, op, 0)->elements * sizeof(int64_t);
}

static void accumulate(const struct octet_host_call *c, struct reduction *r, int64_t *sum)
{
	enum octet_dtype type = octet_host_tin(c, 0)->type;
	const void *x = octet_host_in(c, 0);

	memset(sum, 0, octet_host_tout(c, 0)->elements * sizeof(*sum));
	do {
		int64_t *to = &sum[r->w.at[1]], v = octet_host_load(type, x, (size_t)r->w.at[0]);

		*to = (int64_t)((uint64_t)*to + (uint64_t)v);
	} while (octet_host_walk_next(&r->w));
}

static int quantized_run(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *out = octet_host_tout(c, 0);
	int64_t *sum = c->scratch;
	int32_t mult, min, max;
	struct reduction r;
	int shift;

	reduction_of(c->g, c->op, &r);
	rescale_of(c->g, c->op, r.count, &mult, &shift);
	octet_host_range(out->type, &min, &max);
	accumulate(c, &r, sum);
	for (uint64_t i = 0; i < out->elements; i++) {
		int64_t v = sum[i] - (int64_t)in->zero_point[0] * (int64_t)r.count;

		v = (int64_t)octet_fx_scale((int32_t)v, mult, shift) + out->zero_point[0];
		octet_host_store(out->type, octet_host_out(c, 0), i,
				 octet_host_clamp(v, min, max));
	}
	return 0;
}

/* ---- Plain integers ---------------------------------------------------------------- */

static int plain_check(const struct octet_graph *g, const struct octet_graph_op *op,
		       const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0);
	int ret = check(g, op, why);

	if (ret)
		return ret;
	OCTET_HOST_NEED(in->type == OCTET_INT32 || in->type == OCTET_INT64 ||
				(!adds(op) && (octet_host_is8(in) || octet_host_is16(in))),
			-ENOTSUP, "the host has this operator for other types only");
	return 0;
}

static int64_t better(const struct octet_graph_op *op, int64_t a, int64_t b)
{
	if (op->code == OCTET_G_REDUCE_MAX)
		return a > b ? a : b;
	return a < b ? a : b;
}

static int plain_run(const struct octet_host_call *c)
{
	octet_tensor_t *out = octet_host_tout(c, 0);
	const void *x = octet_host_in(c, 0);
	int64_t *v = c->scratch;
	struct reduction r;

	reduction_of(c->g, c->op, &r);
	if (adds(c->op)) {
		accumulate(c, &r, v);
	} else {
		bool max = c->op->code == OCTET_G_REDUCE_MAX;

		for (uint64_t i = 0; i < out->elements; i++)
			v[i] = max ? INT64_MIN : INT64_MAX;
		do {
			int64_t here = octet_host_load(out->type, x, (size_t)r.w.at[0]);

			v[r.w.at[1]] = better(c->op, v[r.w.at[1]], here);
		} while (octet_host_walk_next(&r.w));
	}
	for (uint64_t i = 0; i < out->elements; i++)
		octet_host_store(out->type, octet_host_out(c, 0), i,
				 c->op->code == OCTET_G_MEAN ? v[i] / (int64_t)r.count : v[i]);
	return 0;
}

/* ---- float32 ------------------------------------------------------------------------ */

static int real_check(const struct octet_graph *g, const struct octet_graph_op *op,
		      const char **why)
{
	int ret = check(g, op, why);

	if (ret)
		return ret;
	OCTET_HOST_NEED(octet_graph_input(g, op, 0)->type == OCTET_FLOAT32, -ENOTSUP,
			"the host has this operator for other types only");
	return 0;
}

static int real_run(const struct octet_host_call *c)
{
	uint64_t n = octet_host_tout(c, 0)->elements;
	const float *x = octet_host_in(c, 0);
	float *y = octet_host_out(c, 0), first = 0;
	struct reduction r;

	reduction_of(c->g, c->op, &r);
	if (!adds(c->op))
		first = c->op->code == OCTET_G_REDUCE_MAX ? -FLT_MAX : FLT_MAX;
	for (uint64_t i = 0; i < n; i++)
		y[i] = first;
	do {
		float v = x[r.w.at[0]], *to = &y[r.w.at[1]];

		if (adds(c->op))
			*to += v;
		else if (c->op->code == OCTET_G_REDUCE_MAX)
			*to = v > *to ? v : *to;
		else
			*to = v < *to ? v : *to;
	} while (octet_host_walk_next(&r.w));
	for (uint64_t i = 0; i < n && c->op->code == OCTET_G_MEAN; i++)
		y[i] /= (float)r.count;
	return 0;
}

#define REDUCE(code)							\
	{ code, 2, 2, 1, plain_check, plain_run, sums },		\
	{ code, 2, 2, 1, real_check, real_run, NULL }

const struct octet_host_kernel octet_host_reduce[] = {
	{ OCTET_G_SUM, 2, 2, 1, quantized_check, quantized_run, sums },
	{ OCTET_G_MEAN, 2, 2, 1, quantized_check, quantized_run, sums },
	REDUCE(OCTET_G_SUM), REDUCE(OCTET_G_MEAN), REDUCE(OCTET_G_REDUCE_MAX),
	REDUCE(OCTET_G_REDUCE_MIN),
	{ 0 },
};
