// SPDX-License-Identifier: MIT
/* Rectangular moves of any rank as strided COPY and FILL commands. */
#include <string.h>

#include "lower_priv.h"

/** struct move - dimensions with the strides of both sides */
struct move {
	uint32_t count;
	uint32_t e[16];
	uint64_t d[16], s[16];
};

static void swap(void *a, void *b, size_t size)
{
	uint64_t t = 0;

	memcpy(&t, a, size);
	memmove(a, b, size);
	memcpy(b, &t, size);
}

/* As elements that COPY knows. 0: none. */
static uint8_t copy_type(enum octet_dtype type)
{
	switch (lower_type_size(type)) {
	case 1:
		return type == OCTET_INT8 ? OCTET_TYPE_INT8 : OCTET_TYPE_UINT8;
	case 2:
		return OCTET_TYPE_INT16;
	case 4:
	case 8:
		return OCTET_TYPE_INT32;
	default:
		return OCTET_TYPE_NONE;
	}
}

/* An extent over the limit becomes two. */
static bool push(struct move *m, uint64_t e, uint64_t d, uint64_t s)
{
	uint64_t part = 1;

	while (e / part > LOWER_EXTENT || e % part)
		if (++part > LOWER_EXTENT)
			return false;
	if (m->count + 2 > 16)
		return false;
	if (part > 1) {
		m->e[m->count] = (uint32_t)part;
		m->d[m->count] = d * (e / part);
		m->s[m->count++] = s * (e / part);
	}
	m->e[m->count] = (uint32_t)(e / part);
	m->d[m->count] = d;
	m->s[m->count++] = s;
	return true;
}

/* Without extents of 1, neighbours merged. */
static bool simplify(struct move *m)
{
	struct move out = { .count = 0 };
	uint64_t e = 0, d = 0, s = 0;

	for (uint32_t i = 0; i < m->count; i++) {
		if (m->e[i] == 1)
			continue;
		if (e && d == m->d[i] * m->e[i] && s == m->s[i] * m->e[i]) {
			e *= m->e[i];
		} else {
			if (e && !push(&out, e, d, s))
				return false;
			e = m->e[i];
		}
		d = m->d[i];
		s = m->s[i];
	}
	if (e && !push(&out, e, d, s))
		return false;
	*m = out;
	return true;
}

/* Images as they are, so that other commands see the same rows. */
static bool natural(const struct move *m, uint32_t size)
{
	uint64_t row = size;

	if (m->count != 4)
		return false;
	for (int i = 0; i < 4; i++) {
		if (m->e[i] > LOWER_EXTENT)
			return false;
		row *= i == 1 ? 1 : m->e[i];
	}
	return row <= 2 * LOWER_ROW;
}

/*
 * The machine holds whole rows of all images: the longest dimension but the
 * innermost becomes the rows, and a long innermost one is cut in two.
 */
static void rows_first(struct move *m, uint32_t size)
{
	uint32_t in = m->count - 1, part = LOWER_ROW / size, most = 0;

	if (m->count && m->count < 4 && m->e[in] > part) {
		while (m->e[in] % part)
			part--;
		m->e[in + 1] = part;
		m->d[in + 1] = m->d[in];
		m->s[in + 1] = m->s[in];
		m->e[in] /= part;
		m->d[in] *= part;
		m->s[in] *= part;
		m->count++;
	}
	if (m->count < 3 || m->count > 4)
		return;
	for (uint32_t i = 1; i + 1 < m->count; i++)
		most = m->e[i] > m->e[most] ? i : most;
	/* of three dimensions the first is the rows, of four the second */
	in = m->count - 3;
	swap(&m->e[most], &m->e[in], sizeof(m->e[0]));
	swap(&m->d[most], &m->d[in], sizeof(m->d[0]));
	swap(&m->s[most], &m->s[in], sizeof(m->s[0]));
}

static int one(struct lower *l, uint8_t type, const struct move *m, uint32_t first,
	       const struct lower_box *dst, uint64_t dst_at, const struct lower_box *src,
	       uint64_t src_at, int32_t value)
{
	uint32_t e[4] = { 1, 1, 1, 1 }, count = m->count - first, lead = 4 - count;
	struct octet_low_cmd c;

	lower_init(&c, OCTET_OP_COPY);
	for (uint32_t k = 0; k < count; k++) {
		/* two dimensions: rows and channels */
		uint32_t i = count == 2 && !k ? 1 : lead + k;

		e[i] = m->e[first + k];
		c.cmd.dst.stride[i] = m->d[first + k];
		c.cmd.src.stride[i] = src ? m->s[first + k] : 0;
	}
	c.cmd.n = e[0];
	c.cmd.h = e[1];
	c.cmd.w = e[2];
	c.cmd.cin = e[3];
	c.cmd.oh = e[1];
	c.cmd.ow = e[2];
	c.cmd.cout = e[3];
	c.cmd.dst.space = OCTET_SPACE_VA;
	c.cmd.dst.type = type;
	c.cmd.dst.addr = dst->offset + dst_at;
	c.tensor[OCTET_OPERAND_DST] = dst->tensor;
	if (src) {
		c.cmd.src.space = OCTET_SPACE_VA;
		c.cmd.src.type = type;
		c.cmd.src.addr = src->offset + src_at;
		c.tensor[OCTET_OPERAND_SRC] = src->tensor;
	} else {
		c.cmd.sub = OCTET_COPY_FILL;
		c.cmd.pad_value = value;
	}
	return lower_emit(l, &c);
}

int lower_copy(struct lower *l, enum octet_dtype type, uint32_t rank, const uint32_t *dims,
	       const struct lower_box *dst, const struct lower_box *src, int32_t value)
{
	uint8_t as = copy_type(type);
	struct move m = { .count = 0 };
	uint64_t times = 1;
	uint32_t first;
	int ret = 0;

	if (!as)
		return lower_refuse(l, "elements of type %s cannot be moved",
				    octet_graph_type_name(type));
	if (rank > 15)
		return lower_refuse(l, "it has too many dimensions");
	for (uint32_t i = 0; i < rank; i++) {
		if (!dims[i])
			return 0;
		m.e[i] = dims[i];
		m.d[i] = dst->s[i];
		m.s[i] = src ? src->s[i] : m.d[i];
	}
	m.count = rank;
	if (lower_type_size(type) == 8) {
		if (!src && value)
			return lower_refuse(l, "it fills with int64");
		m.e[rank] = 2;
		m.d[rank] = 4;
		m.s[m.count++] = 4;
	}
	if (natural(&m, lower_type_size(type)))
		return one(l, as, &m, 0, dst, 0, src, 0, value);
	if (!simplify(&m))
		return lower_refuse(l, "its extents are too large");
	rows_first(&m, lower_type_size(type));
	first = m.count > 4 ? m.count - 4 : 0;
	for (uint32_t i = 0; i < first; i++)
		times *= m.e[i];
	if (times > LOWER_COPIES)
		return lower_refuse(l, "it would take %llu copies", (unsigned long long)times);
	for (uint64_t i = 0; i < times && !ret; i++) {
		uint64_t rest = i, d = 0, s = 0;

		for (uint32_t k = first; k--;) {
			d += rest % m.e[k] * m.d[k];
			s += rest % m.e[k] * m.s[k];
			rest /= m.e[k];
		}
		ret = one(l, as, &m, first, dst, d, src, s, value);
	}
	return ret;
}

struct lower_box lower_whole(const struct lower *l, int32_t tensor)
{
	struct lower_box box = { .tensor = tensor };

	lower_strides(l, tensor, box.s);
	return box;
}

int lower_copy_tensor(struct lower *l, int32_t dst, int32_t src)
{
	const struct octet_graph_tensor *x = lower_of(l, src), *y = lower_of(l, dst);
	struct lower_box to = lower_whole(l, dst), from = lower_whole(l, src);
	uint32_t elements;

	if (x->elements != y->elements || x->type != y->type || x->elements > UINT32_MAX)
		return lower_refuse(l, "input and result differ in size or type");
	if (!lower_is_dense(l, dst) || !lower_is_dense(l, src)) {
		if (x->rank != y->rank)
			return lower_refuse(l, "a tensor is a part of another one");
		for (uint32_t d = 0; d < x->rank; d++)
			if (x->dims[d] != y->dims[d])
				return lower_refuse(l, "a tensor is a part of another one");
		return lower_copy(l, x->type, x->rank, x->dims, &to, &from, 0);
	}
	elements = (uint32_t)x->elements;
	to.s[0] = lower_type_size(x->type);
	from.s[0] = to.s[0];
	return lower_copy(l, x->type, 1, &elements, &to, &from, 0);
}
