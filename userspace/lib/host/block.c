// SPDX-License-Identifier: MIT
/* SPACE_TO_DEPTH, DEPTH_TO_SPACE, SPACE_TO_BATCH_ND, BATCH_TO_SPACE_ND. */

#include "host_priv.h"

static int depth_check(const struct octet_graph *g, const struct octet_graph_op *op,
		       const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	bool forth = op->code == OCTET_G_SPACE_TO_DEPTH;
	octet_tensor_t *fine = forth ? in : out, *deep = forth ? out : in;
	int64_t block = op->opt.block.block_size;

	OCTET_HOST_NEED(in->type == out->type && in->rank == 4 && out->rank == 4, -EINVAL,
			"input and output must have rank 4 and one type");
	OCTET_HOST_NEED(octet_host_size(in->type), -ENOTSUP, "int4 is not on the host");
	OCTET_HOST_NEED(block > 0 && block < 1 << 15, -EINVAL, "the block size is not valid");
	OCTET_HOST_NEED(fine->dims[0] == deep->dims[0] && fine->dims[1] == deep->dims[1] * block &&
				fine->dims[2] == deep->dims[2] * block &&
				deep->dims[3] == fine->dims[3] * block * block,
			-EINVAL, "the shapes do not fit the block size");
	return 0;
}

/* Rows of blocks, blocks, rows in a block, pixels in a row, channels. */
static int depth_run(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *out = octet_host_tout(c, 0);
	bool forth = c->op->code == OCTET_G_SPACE_TO_DEPTH;
	octet_tensor_t *fine = forth ? in : out, *deep = forth ? out : in;
	uint32_t block = (uint32_t)c->op->opt.block.block_size, depth = fine->dims[3];
	struct octet_strided s = { .size = octet_host_size(in->type) };
	int64_t f[OCTET_GRAPH_RANK], p[OCTET_GRAPH_RANK], steps[6][2];

	octet_host_strides(fine, f);
	octet_host_strides(deep, p);
	steps[0][0] = f[0];
	steps[0][1] = p[0];
	steps[1][0] = f[1] * block;
	steps[1][1] = p[1];
	steps[2][0] = f[2] * block;
	steps[2][1] = p[2];
	steps[3][0] = f[1];
	steps[3][1] = (int64_t)block * depth;
	steps[4][0] = f[2];
	steps[4][1] = depth;
	steps[5][0] = 1;
	steps[5][1] = 1;
	for (uint32_t d = 0; d < 6; d++) {
		uint32_t dims[6] = { deep->dims[0], deep->dims[1], deep->dims[2], block, block,
				     depth };

		octet_copy_dim(&s, dims[d], steps[d][forth], steps[d][!forth]);
	}
	octet_copy_run(&s, octet_host_out(c, 0), octet_host_in(c, 0));
	return 0;
}

/* ---- Batch -------------------------------------------------------------------- */

/* Up to two dimensions of space; the other is 1. */
struct batch {
	int64_t block[2], pad[2][2];
	uint32_t n;
};

static bool batch_options(const struct octet_graph *g, const struct octet_graph_op *op,
			  struct batch *b)
{
	int64_t pad[4];
	uint32_t n;

	memset(b, 0, sizeof(*b));
	b->block[0] = b->block[1] = 1;
	if (!octet_host_ints(octet_graph_input(g, op, 1), 2, b->block, &b->n) ||
	    !octet_host_ints(octet_graph_input(g, op, 2), 4, pad, &n) || n != 2 * b->n || !b->n)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		if (pad[i] < 0)
			return false;
		b->pad[i / 2][i & 1] = pad[i];
	}
	return b->block[0] > 0 && b->block[1] > 0 && b->block[0] < 1 << 15 && b->block[1] < 1 << 15;
}

/* @many has the blocks in its batch, @one has them in space. */
static int batch_check(const struct octet_graph *g, const struct octet_graph_op *op,
		       const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *out = octet_graph_output(g, op, 0);
	bool forth = op->code == OCTET_G_SPACE_TO_BATCH_ND;
	octet_tensor_t *one = forth ? in : out, *many = forth ? out : in;
	struct batch b;

	OCTET_HOST_NEED(in->type == out->type && in->rank == out->rank, -EINVAL,
			"input and output differ in type or rank");
	OCTET_HOST_NEED(octet_host_size(in->type), -ENOTSUP, "int4 is not on the host");
	OCTET_HOST_NEED(batch_options(g, op, &b), -ENOTSUP,
			"block shape and paddings are not constants for one or two dimensions");
	OCTET_HOST_NEED(in->rank == b.n + 2, -EINVAL, "the block shape does not fit the rank");
	OCTET_HOST_NEED(many->dims[0] == one->dims[0] * b.block[0] * b.block[1] &&
				many->dims[in->rank - 1] == one->dims[in->rank - 1],
			-EINVAL, "the shapes do not fit the block shape");
	for (uint32_t d = 0; d < b.n; d++)
		OCTET_HOST_NEED(many->dims[1 + d] * b.block[d] ==
					one->dims[1 + d] + b.pad[d][0] + b.pad[d][1],
				-EINVAL, "the shapes do not fit the block shape and paddings");
	return 0;
}

static int batch_run(const struct octet_host_call *c)
{
	octet_tensor_t *in = octet_host_tin(c, 0), *out = octet_host_tout(c, 0);
	bool forth = c->op->code == OCTET_G_SPACE_TO_BATCH_ND;
	octet_tensor_t *one = forth ? in : out, *many = forth ? out : in;
	size_t size = octet_host_size(in->type);
	const char *x = octet_host_in(c, 0);
	char *y = octet_host_out(c, 0);
	int64_t h = one->dims[1], w, many_w, depth = one->dims[one->rank - 1];
	struct batch b;

	batch_options(c->g, c->op, &b);
	w = b.n > 1 ? one->dims[2] : 1;
	many_w = b.n > 1 ? many->dims[2] : 1;
	/* What lies in the padding stands for 0. */
	if (forth)
		for (uint64_t i = 0; i < out->elements; i++)
			octet_host_store(out->type == OCTET_FLOAT32 ? OCTET_INT32 : out->type, y, i,
					 octet_host_zp(out));
	for (int64_t n = 0; n < many->dims[0]; n++) {
		int64_t image = n % one->dims[0], phase = n / one->dims[0];

		for (int64_t r = 0; r < many->dims[1]; r++) {
			int64_t row = r * b.block[0] + phase / b.block[1] - b.pad[0][0];

			for (int64_t s = 0; s < many_w; s++) {
				int64_t col = s * b.block[1] + phase % b.block[1] - b.pad[1][0];
				size_t at, far;

				if (row < 0 || row >= h || col < 0 || col >= w)
					continue;
				at = (size_t)(((image * h + row) * w + col) * depth) * size;
				far = (size_t)(((n * many->dims[1] + r) * many_w + s) * depth) *
				      size;
				memcpy(y + (forth ? far : at), x + (forth ? at : far),
				       (size_t)depth * size);
			}
		}
	}
	return 0;
}

const struct octet_host_kernel octet_host_block[] = {
	{ OCTET_G_SPACE_TO_DEPTH, 1, 1, 1, depth_check, depth_run, NULL },
	{ OCTET_G_DEPTH_TO_SPACE, 1, 1, 1, depth_check, depth_run, NULL },
	{ OCTET_G_SPACE_TO_BATCH_ND, 3, 3, 1, batch_check, batch_run, NULL },
	{ OCTET_G_BATCH_TO_SPACE_ND, 3, 3, 1, batch_check, batch_run, NULL },
	{ 0 },
};
