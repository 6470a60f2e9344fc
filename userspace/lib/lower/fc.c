// SPDX-License-Identifier: MIT
/* FULLY_CONNECTED, BATCH_MATMUL: matrix products. */
#include "lower_priv.h"

static void matrix(const struct lower *l, struct octet_low_cmd *c, enum octet_operand_index i,
		   int32_t tensor, uint64_t row)
{
	struct octet_operand *o = &(&c->cmd.src)[i];

	c->tensor[i] = tensor;
	o->space = OCTET_SPACE_VA;
	o->type = (uint8_t)lower_of(l, tensor)->type;
	o->stride[2] = o->type == OCTET_TYPE_INT4 ? 0 : row;
}

int lower_fc(struct lower *l, const struct octet_graph_op *op)
{
	const struct octet_opt_fc *o = &op->opt.fc;
	struct lower_weighted w = { lower_in(op, 0), lower_in(op, 1), lower_in(op, 2),
				    op->outputs[0], 0, 0, o->activation, true, o->bias_type };
	const struct octet_graph_tensor *k = lower_of(l, w.w);
	uint64_t rows, out_rows, x_row, y_row;
	struct octet_low_cmd c;
	int ret;

	if (!lower_of(l, w.x) || !k || k->rank != 2 || o->weights_format)
		return lower_refuse(l, "its weights are no matrix as they lie");
	if (!lower_is_dense(l, w.w) || !lower_rows(l, w.x, k->dims[1], &rows, &x_row) ||
	    !lower_rows(l, w.y, k->dims[0], &out_rows, &y_row) || rows != out_rows)
		return lower_refuse(l, "its rows do not lie one after the other");
	if (rows > LOWER_EXTENT)
		return lower_refuse(l, "it has %llu rows", (unsigned long long)rows);
	lower_init(&c, OCTET_OP_GEMM);
	c.cmd.h = (uint32_t)rows;
	c.cmd.oh = (uint32_t)rows;
	c.cmd.cin = k->dims[1];
	c.cmd.cout = k->dims[0];
	matrix(l, &c, OCTET_OPERAND_SRC, w.x, x_row);
	matrix(l, &c, OCTET_OPERAND_WGT, w.w, k->dims[1]);
	matrix(l, &c, OCTET_OPERAND_DST, w.y, y_row);
	c.cmd.wgt.flags |= OCTET_OPERAND_TRANSPOSED;
	w.channels = k->dims[0];
	ret = lower_output(l, &c, &w);
	return ret ? ret : lower_emit(l, &c);
}

/** struct batch - extents and strides of matrices, outer batch first */
struct batch {
	uint32_t count;
	uint32_t ext[OCTET_GRAPH_RANK];
	uint64_t s[3][OCTET_GRAPH_RANK];
};

/* Dimension @d of the result counted from the outside; 0 where @t repeats. */
static uint64_t batch_stride(const struct lower *l, int32_t tensor, uint32_t rank, uint32_t d)
{
	const struct octet_graph_tensor *t = lower_of(l, tensor);
	uint64_t strides[OCTET_GRAPH_RANK];

	if (d + t->rank < rank || t->dims[d + t->rank - rank] == 1)
		return 0;
	lower_strides(l, tensor, strides);
	return strides[d + t->rank - rank];
}

/* Neighbours that all operands step over alike become one. */
static void merge(struct batch *b)
{
	for (uint32_t i = b->count; i-- > 1;) {
		bool one = true;

		for (int j = 0; j < 3; j++)
			one = one && b->s[j][i - 1] == b->s[j][i] * b->ext[i];
		if (!one || (uint64_t)b->ext[i - 1] * b->ext[i] > LOWER_EXTENT)
			continue;
		b->ext[i - 1] *= b->ext[i];
		for (uint32_t k = i; k < b->count; k++) {
			for (int j = 0; j < 3; j++)
				b->s[j][k - 1] = b->s[j][k];
			if (k + 1 < b->count)
				b->ext[k] = b->ext[k + 1];
		}
		b->count--;
	}
}

static int batches(struct lower *l, struct octet_cmd *cmd, const int32_t tensors[3])
{
	struct octet_operand *o[3] = { &cmd->src, &cmd->wgt, &cmd->dst };
	const struct octet_graph_tensor *y = lower_of(l, tensors[2]);
	struct batch b = { .count = 0 };

	for (uint32_t d = 0; d + 2 < y->rank; d++) {
		if (y->dims[d] == 1)
			continue;
		b.ext[b.count] = y->dims[d];
		for (int j = 0; j < 3; j++)
			b.s[j][b.count] = batch_stride(l, tensors[j], y->rank, d);
		b.count++;
	}
	merge(&b);
	if (b.count > 2)
		return lower_refuse(l, "it has more than two batch dimensions");
	for (uint32_t i = 0; i < b.count; i++) {
		uint32_t at = 2 - b.count + i;

		*(at ? &cmd->n : &cmd->n2) = b.ext[i];
		for (int j = 0; j < 3; j++)
			o[j]->stride[at] = b.s[j][i];
	}
	return 0;
}

int lower_matmul(struct lower *l, const struct octet_graph_op *op)
{
	const struct octet_opt_matmul *o = &op->opt.matmul;
	struct lower_weighted w = { lower_in(op, 0), lower_in(op, 1), -1, op->outputs[0],
				    0, 0, OCTET_G_ACT_NONE, true, 0 };
	const int32_t tensors[3] = { w.x, w.w, w.y };
	const struct octet_graph_tensor *x = lower_of(l, w.x), *b = lower_of(l, w.w);
	const struct octet_graph_tensor *y = lower_of(l, w.y);
	uint64_t s[3][OCTET_GRAPH_RANK];
	struct octet_low_cmd c;
	int ret;

	if (!x || !b || x->rank < 2 || b->rank < 2 || y->rank < 2)
		return lower_refuse(l, "its tensors are no matrices");
	if (x->type != b->type || !lower_is8(x) || b->quants != 1)
		return lower_refuse(l, "it multiplies %s by %s", octet_graph_type_name(x->type),
				    octet_graph_type_name(b->type));
	for (int j = 0; j < 3; j++) {
		const struct octet_graph_tensor *t = lower_of(l, tensors[j]);

		lower_strides(l, tensors[j], s[j]);
		if (t->dims[t->rank - 1] > 1 && s[j][t->rank - 1] != 1)
			return lower_refuse(l, "its columns do not lie side by side");
	}
	lower_init(&c, OCTET_OP_GEMM);
	c.cmd.h = y->dims[y->rank - 2];
	c.cmd.oh = c.cmd.h;
	c.cmd.cin = x->dims[x->rank - (o->adj_x ? 2 : 1)];
	c.cmd.cout = y->dims[y->rank - 1];
	matrix(l, &c, OCTET_OPERAND_SRC, w.x, s[0][x->rank - 2]);
	matrix(l, &c, OCTET_OPERAND_WGT, w.w, s[1][b->rank - 2]);
	matrix(l, &c, OCTET_OPERAND_DST, w.y, s[2][y->rank - 2]);
	if (o->adj_x)
		c.cmd.src.flags |= OCTET_OPERAND_TRANSPOSED;
	if (o->adj_y)
		c.cmd.wgt.flags |= OCTET_OPERAND_TRANSPOSED;
	ret = batches(l, &c.cmd, tensors);
	w.channels = c.cmd.cout;
	if (!ret)
		ret = lower_output(l, &c, &w);
	return ret ? ret : lower_emit(l, &c);
}
