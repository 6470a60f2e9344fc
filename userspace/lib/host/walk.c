// SPDX-License-Identifier: MIT
/* Orders in which tensors are gone through. */

#include "host_priv.h"

void octet_host_strides(octet_tensor_t *t, int64_t stride[OCTET_GRAPH_RANK])
{
	int64_t step = 1;

	for (uint32_t d = t->rank; d-- > 0;) {
		stride[d] = step;
		step *= t->dims[d];
	}
}

uint64_t octet_host_product(octet_tensor_t *t, uint32_t from, uint32_t to)
{
	uint64_t n = 1;

	for (uint32_t d = from; d < to; d++)
		n *= t->dims[d];
	return n;
}

void octet_host_walk_begin(struct octet_host_walk *w, octet_tensor_t *shape)
{
	memset(w, 0, sizeof(*w));
	w->rank = shape->rank;
	memcpy(w->dims, shape->dims, sizeof(w->dims));
}

bool octet_host_walk_add(struct octet_host_walk *w, uint32_t i, octet_tensor_t *t)
{
	int64_t stride[OCTET_GRAPH_RANK];
	uint32_t skip;

	if (t->rank > w->rank)
		return false;
	skip = w->rank - t->rank;
	octet_host_strides(t, stride);
	for (uint32_t d = 0; d < t->rank; d++) {
		if (t->dims[d] != 1 && t->dims[d] != w->dims[skip + d])
			return false;
		w->stride[i][skip + d] = t->dims[d] == 1 ? 0 : stride[d];
	}
	return true;
}

void octet_copy_dim(struct octet_strided *c, uint32_t dim, int64_t to, int64_t from)
{
	c->dims[c->rank] = dim;
	c->to[c->rank] = to;
	c->from[c->rank++] = from;
}

static void copy_row(size_t size, uint32_t n, char *to, int64_t to_step, const char *from,
		     int64_t from_step)
{
	if (to_step == 1 && from_step == 1) {
		memcpy(to, from, n * size);
		return;
	}
	to_step *= (int64_t)size;
	from_step *= (int64_t)size;
	for (uint32_t i = 0; i < n; i++, to += to_step, from += from_step) {
		/* Constant sizes become moves. */
		if (size == 1)
			*to = *from;
		else if (size == 4)
			memcpy(to, from, 4);
		else
			memcpy(to, from, size);
	}
}

void octet_copy_run(const struct octet_strided *c, void *to, const void *from)
{
	uint32_t index[OCTET_WALK_RANK] = { 0 }, last = c->rank - 1, d;
	int64_t t = 0, f = 0, size = (int64_t)c->size;

	if (!c->rank) {
		memcpy(to, from, c->size);
		return;
	}
	do {
		copy_row(c->size, c->dims[last], (char *)to + t * size, c->to[last],
			 (const char *)from + f * size, c->from[last]);
		for (d = last; d-- > 0;) {
			t += c->to[d];
			f += c->from[d];
			if (++index[d] < c->dims[d])
				break;
			t -= c->to[d] * c->dims[d];
			f -= c->from[d] * c->dims[d];
			index[d] = 0;
		}
	} while (d != UINT32_MAX);
}
