// SPDX-License-Identifier: MIT
/* PAD, PADV2 and MIRROR_PAD. */

#include "host_priv.h"

static bool paddings(const struct octet_graph *g, const struct octet_graph_op *op,
		     int64_t pad[OCTET_GRAPH_RANK][2])
{
	int64_t v[2 * OCTET_GRAPH_RANK];
	uint32_t n;

	if (!octet_host_ints(octet_graph_input(g, op, 1), 2 * OCTET_GRAPH_RANK, v, &n))
		return false;
	for (uint32_t i = 0; i < n; i++)
		pad[i / 2][i & 1] = v[i];
	return n == 2 * octet_graph_input(g, op, 0)->rank;
}

static int shape_check(const struct octet_graph *g, const struct octet_graph_op *op,
		       const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	int64_t pad[OCTET_GRAPH_RANK][2];

	OCTET_HOST_NEED(in->type == out->type && in->rank == out->rank, -EINVAL,
			"input and output differ in type or rank");
	OCTET_HOST_NEED(octet_host_size(in->type), -ENOTSUP, "padding int4 is not on the host");
	OCTET_HOST_NEED(paddings(g, op, pad), -ENOTSUP,
			"the paddings are not a constant of two int32 per dimension");
	for (uint32_t d = 0; d < in->rank; d++)
		OCTET_HOST_NEED(pad[d][0] >= 0 && pad[d][1] >= 0 &&
					pad[d][0] + pad[d][1] + in->dims[d] == out->dims[d],
				-EINVAL, "the output is not as large as input and paddings");
	return 0;
}

static int pad_check(const struct octet_graph *g, const struct octet_graph_op *op,
		     const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	octet_tensor_t *value = octet_graph_input(g, op, 2);
	int ret = shape_check(g, op, why);

	if (ret)
		return ret;
	OCTET_HOST_NEED(!value || (value->type == in->type && value->elements == 1), -EINVAL,
			"the value to pad with must be one element of the input's type");
	if (octet_host_is8(in) && in->quants)
		OCTET_HOST_NEED(octet_host_quantized(out), -EINVAL,
				"the output has no valid scale and zero point");
	return 0;
}

static int pad_run(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *out = octet_host_tout(c, 0);
	struct octet_strided s = { .size = octet_host_size(in->type) };
	int64_t pad[OCTET_GRAPH_RANK][2], from[OCTET_GRAPH_RANK], to[OCTET_GRAPH_RANK];
	const void *value = octet_host_in(c, 2);
	char *y = octet_host_out(c, 0);
	int64_t offset = 0, zero = 0;

	/* Without a value it is the one that stands for 0. */
	if (!value) {
		octet_host_store(out->type, &zero, 0, octet_host_zp(out));
		value = &zero;
	}
	for (uint64_t i = 0; i < out->elements; i++)
		memcpy(y + i * s.size, value, s.size);
	paddings(c->g, c->op, pad);
	octet_host_strides(in, from);
	octet_host_strides(out, to);
	for (uint32_t d = 0; d < in->rank; d++) {
		offset += pad[d][0] * to[d];
		octet_copy_dim(&s, in->dims[d], to[d], from[d]);
	}
	octet_copy_run(&s, y + offset * (int64_t)s.size, octet_host_in(c, 0));
	return 0;
}

/* ---- MIRROR_PAD ---------------------------------------------------------------- */

enum { REFLECT = 0, SYMMETRIC = 1 };

static int mirror_check(const struct octet_graph *g, const struct octet_graph_op *op,
			const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0);
	int ret = shape_check(g, op, why);
	int64_t pad[OCTET_GRAPH_RANK][2];

	if (ret)
		return ret;
	OCTET_HOST_NEED(op->opt.mirror.mode == REFLECT || op->opt.mirror.mode == SYMMETRIC,
			-EINVAL, "the mode is neither REFLECT nor SYMMETRIC");
	paddings(g, op, pad);
	for (uint32_t d = 0; d < in->rank; d++) {
		int64_t most = in->dims[d] - (op->opt.mirror.mode == REFLECT);

		OCTET_HOST_NEED(pad[d][0] <= most && pad[d][1] <= most, -EINVAL,
				"a padding is wider than what there is to mirror");
	}
	return 0;
}

static int64_t mirrored(int64_t i, int64_t size, bool reflect)
{
	if (i < 0)
		return reflect ? -i : -i - 1;
	if (i >= size)
		return 2 * size - i - (reflect ? 2 : 1);
	return i;
}

static int mirror(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *out = octet_host_tout(c, 0);
	bool reflect = c->op->opt.mirror.mode == REFLECT;
	int64_t pad[OCTET_GRAPH_RANK][2], from[OCTET_GRAPH_RANK];
	size_t size = octet_host_size(in->type);
	const char *x = octet_host_in(c, 0);
	char *y = octet_host_out(c, 0);
	struct octet_host_walk w;

	paddings(c->g, c->op, pad);
	octet_host_strides(in, from);
	octet_host_walk_begin(&w, out);
	do {
		int64_t at = 0;

		for (uint32_t d = 0; d < in->rank; d++)
			at += from[d] * mirrored((int64_t)w.index[d] - pad[d][0], in->dims[d],
						 reflect);
		memcpy(y, x + (size_t)at * size, size);
		y += size;
	} while (octet_host_walk_next(&w));
	return 0;
}

const struct octet_host_kernel octet_host_pad[] = {
	{ OCTET_G_PAD, 2, 2, 1, pad_check, pad_run, NULL },
	{ OCTET_G_PADV2, 2, 3, 1, pad_check, pad_run, NULL },
	{ OCTET_G_MIRROR_PAD, 2, 2, 1, mirror_check, mirror, NULL },
	{ 0 },
};
