// SPDX-License-Identifier: MIT
/* Tensors of any rank as the four dimensions of a command. */
#include <string.h>

#include "lower_priv.h"

uint32_t lower_type_size(enum octet_dtype type)
{
	switch (type) {
	case OCTET_INT8:
	case OCTET_UINT8:
	case OCTET_BOOL:
		return 1;
	case OCTET_INT16:
	case OCTET_FLOAT16:
		return 2;
	case OCTET_INT32:
	case OCTET_FLOAT32:
		return 4;
	case OCTET_INT64:
		return 8;
	default:
		return 0;
	}
}

void lower_strides(const struct lower *l, int32_t tensor, uint64_t out[OCTET_GRAPH_RANK])
{
	const struct octet_graph_tensor *t = &l->g->tensors[tensor];
	uint64_t step = lower_type_size(t->type);

	if (l->low->tensors[tensor].strided) {
		memcpy(out, l->stride[tensor], sizeof(l->stride[tensor]));
		return;
	}
	for (uint32_t d = t->rank; d--;) {
		out[d] = step;
		step *= t->dims[d];
	}
}

bool lower_is_dense(const struct lower *l, int32_t tensor)
{
	return !l->low->tensors[tensor].strided;
}

/* Dimensions first..last-1 as one: their extent, and the stride that it has. */
static bool merge(const struct octet_graph_tensor *t, const uint64_t *strides, uint32_t first,
		  uint32_t last, uint64_t *extent, uint64_t *stride)
{
	*extent = 1;
	*stride = 0;
	for (uint32_t d = last; d-- > first;) {
		if (t->dims[d] == 1)
			continue;
		if (*extent == 1)
			*stride = strides[d];
		else if (strides[d] != *stride * *extent)
			return false;
		*extent *= t->dims[d];
	}
	return *extent <= UINT32_MAX;
}

/* An extent over the limit is spread over two dimensions. */
static bool spread(struct lower_shape *s)
{
	uint32_t rows = s->e[1];

	if (rows <= LOWER_EXTENT || s->e[2] != 1)
		return rows <= LOWER_EXTENT;
	for (uint32_t w = 2; w <= LOWER_EXTENT && w <= rows; w++) {
		if (rows % w || rows / w > LOWER_EXTENT)
			continue;
		s->e[1] = rows / w;
		s->e[2] = w;
		s->s[2] = s->s[1];
		s->s[1] = s->s[2] * w;
		return true;
	}
	return false;
}

bool lower_shape(const struct lower *l, int32_t tensor, struct lower_shape *s)
{
	const struct octet_graph_tensor *t = &l->g->tensors[tensor];
	uint64_t strides[OCTET_GRAPH_RANK], extent, size = lower_type_size(t->type);
	uint32_t r = t->rank;

	*s = (struct lower_shape){ { 1, 1, 1, 1 }, { 0, 0, 0, size } };
	lower_strides(l, tensor, strides);
	if (!r)
		return true;
	s->e[3] = t->dims[r - 1];
	if (t->dims[r - 1] > 1 && strides[r - 1] != size)
		return false;
	if (r < 4) {
		if (!merge(t, strides, 0, r - 1, &extent, &s->s[1]))
			return false;
		s->e[1] = (uint32_t)extent;
		return spread(s);
	}
	if (!merge(t, strides, 0, r - 3, &extent, &s->s[0]))
		return false;
	s->e[0] = (uint32_t)extent;
	s->e[1] = t->dims[r - 3];
	s->e[2] = t->dims[r - 2];
	s->s[1] = strides[r - 3];
	s->s[2] = strides[r - 2];
	return true;
}

bool lower_rows(const struct lower *l, int32_t tensor, uint64_t columns, uint64_t *rows,
		uint64_t *stride)
{
	const struct octet_graph_tensor *t = &l->g->tensors[tensor];
	uint64_t strides[OCTET_GRAPH_RANK];

	if (!columns || t->elements % columns)
		return false;
	*rows = t->elements / columns;
	*stride = columns * lower_type_size(t->type);
	if (lower_is_dense(l, tensor))
		return true;
	lower_strides(l, tensor, strides);
	return t->rank && t->dims[t->rank - 1] == columns &&
	       strides[t->rank - 1] == lower_type_size(t->type) &&
	       merge(t, strides, 0, t->rank - 1, rows, stride);
}

void lower_block(const struct octet_graph_tensor *t, uint32_t first, uint32_t last,
		 uint64_t *outer, uint64_t *block, uint64_t *inner)
{
	*outer = 1;
	*block = 1;
	*inner = 1;
	for (uint32_t d = 0; d < t->rank; d++)
		*(d < first ? outer : d <= last ? block : inner) *= t->dims[d];
}

void lower_dense(struct lower_shape *s, uint32_t size)
{
	s->s[3] = size;
	s->s[2] = (uint64_t)s->e[3] * size;
	s->s[1] = s->e[2] * s->s[2];
	s->s[0] = s->e[1] * s->s[1];
}

void lower_tall(struct lower_shape *s, uint32_t size)
{
	uint64_t row = (uint64_t)s->e[0] * s->e[2] * s->e[3], all = row * s->e[1];
	uint64_t part = LOWER_ROW / size;

	if (row * size <= 8 * LOWER_ROW)
		return;
	while (part > 1 && (all % part || all / part > LOWER_EXTENT))
		part--;
	if (part == 1)
		return;
	*s = (struct lower_shape){ { 1, (uint32_t)(all / part), 1, (uint32_t)part }, { 0 } };
	lower_dense(s, size);
}

void lower_put(const struct lower *l, struct octet_low_cmd *c, enum octet_operand_index i,
	       int32_t tensor, const struct lower_shape *s)
{
	struct octet_operand *o = &(&c->cmd.src)[i];

	c->tensor[i] = tensor;
	o->space = OCTET_SPACE_VA;
	if ((uint32_t)tensor < l->g->tensor_count)
		o->type = (uint8_t)l->g->tensors[tensor].type;
	o->stride[1] = s->s[0];
	o->stride[2] = s->s[1];
	o->stride[3] = s->s[2];
	if (i == OCTET_OPERAND_DST) {
		c->cmd.oh = s->e[1];
		c->cmd.ow = s->e[2];
		c->cmd.cout = s->e[3];
	} else if (i == OCTET_OPERAND_SRC) {
		c->cmd.n = s->e[0];
		c->cmd.h = s->e[1];
		c->cmd.w = s->e[2];
		c->cmd.cin = s->e[3];
	}
}

int lower_pointwise(struct lower *l, struct octet_low_cmd *c, int32_t x, int32_t y)
{
	struct lower_shape sx, sy;

	if (!lower_shape(l, x, &sx) || !lower_shape(l, y, &sy) ||
	    memcmp(sx.e, sy.e, sizeof(sx.e)))
		return lower_refuse(l, "input and result are laid out differently");
	if (lower_is_dense(l, x) && lower_is_dense(l, y) && c->cmd.op != OCTET_OP_SOFTMAX) {
		lower_tall(&sx, lower_type_size(lower_of(l, x)->type));
		lower_tall(&sy, lower_type_size(lower_of(l, y)->type));
		if (memcmp(sx.e, sy.e, sizeof(sx.e)))
			return lower_refuse(l, "input and result are laid out differently");
	}
	lower_put(l, c, OCTET_OPERAND_SRC, x, &sx);
	lower_put(l, c, OCTET_OPERAND_DST, y, &sy);
	return 0;
}

bool lower_same(const struct octet_graph_tensor *a, const struct octet_graph_tensor *b)
{
	return a->type == b->type && a->quants == b->quants && a->quants <= 1 &&
	       lower_scale(a) == lower_scale(b) && lower_zero(a) == lower_zero(b);
}
