// SPDX-License-Identifier: MIT
/* Blocks of pixels: SPACE_TO_BATCH_ND, BATCH_TO_SPACE_ND, SPACE_TO_DEPTH, DEPTH_TO_SPACE. */
#include "lower_priv.h"

/**
 * struct phase - the pixels of an image that have the same place in their blocks
 *
 * Along one axis: big = small * block + offset - before, for small in first..first+count-1.
 */
struct phase {
	int64_t first, count, big;
};

static struct phase phase(int64_t block, int64_t offset, int64_t before, int64_t small,
			  int64_t big)
{
	struct phase p = { 0, 0, 0 };
	int64_t end;

	/* first small with big >= 0, and the first one beyond */
	p.first = before > offset ? (before - offset + block - 1) / block : 0;
	end = (big + before - offset + block - 1) / block;
	end = end > small ? small : end;
	p.count = end > p.first ? end - p.first : 0;
	if (!p.count)
		p.first = 0;
	p.big = p.first * block + offset - before;
	return p;
}

/** struct blocks - one operator of the four, seen from the image */
struct blocks {
	int32_t big, small;
	int64_t b[2], before[2];
	bool to_small;
};

/* Paddings of SPACE_TO_BATCH are zero points. */
static int edges(struct lower *l, const struct blocks *k, uint64_t at, const uint64_t *s,
		 const struct phase *py, const struct phase *px)
{
	const struct octet_graph_tensor *t = lower_of(l, k->small);
	uint32_t n = lower_of(l, k->big)->dims[0], h = t->dims[1], w = t->dims[2];
	uint64_t below = (uint64_t)(py->first + py->count), right = (uint64_t)(px->first + px->count);
	const struct { uint64_t y, x, h, w; } parts[] = {
		{ 0, 0, (uint64_t)py->first, w },
		{ below, 0, h - below, w },
		{ (uint64_t)py->first, 0, (uint64_t)py->count, (uint64_t)px->first },
		{ (uint64_t)py->first, right, (uint64_t)py->count, w - right },
	};
	int ret = 0;

	for (int i = 0; i < 4 && !ret; i++) {
		const uint32_t dims[] = { n, (uint32_t)parts[i].h, (uint32_t)parts[i].w,
					  t->dims[3] };
		const struct lower_box box = { k->small, at + parts[i].y * s[1] + parts[i].x * s[2],
					       { s[0], s[1], s[2], s[3] } };

		ret = lower_copy(l, t->type, 4, dims, &box, NULL, lower_zero(t));
	}
	return ret;
}

/* Block @by, @bx: images of the small tensor from number (by bw + bx) n on. */
static int batch_block(struct lower *l, const struct blocks *k, int64_t by, int64_t bx)
{
	const struct octet_graph_tensor *big = lower_of(l, k->big), *small = lower_of(l, k->small);
	struct phase py = phase(k->b[0], by, k->before[0], small->dims[1], big->dims[1]);
	struct phase px = phase(k->b[1], bx, k->before[1], small->dims[2], big->dims[2]);
	const uint32_t dims[] = { big->dims[0], (uint32_t)py.count, (uint32_t)px.count,
				  big->dims[3] };
	struct lower_box b = lower_whole(l, k->big), s = lower_whole(l, k->small);
	uint64_t at = (uint64_t)(by * k->b[1] + bx) * big->dims[0] * s.s[0];
	int ret = 0;

	s.offset = at + (uint64_t)py.first * s.s[1] + (uint64_t)px.first * s.s[2];
	if (py.count && px.count) {
		b.offset = (uint64_t)py.big * b.s[1] + (uint64_t)px.big * b.s[2];
		b.s[1] *= (uint64_t)k->b[0];
		b.s[2] *= (uint64_t)k->b[1];
		ret = lower_copy(l, big->type, 4, dims, k->to_small ? &s : &b,
				 k->to_small ? &b : &s, 0);
	}
	if (!ret && k->to_small)
		ret = edges(l, k, at, s.s, &py, &px);
	return ret;
}

int lower_space_batch(struct lower *l, const struct octet_graph_op *op)
{
	struct blocks k = { .to_small = op->code == OCTET_G_SPACE_TO_BATCH_ND };
	const struct octet_graph_tensor *big, *small;
	uint32_t blocks, pads;
	int64_t block[16], pad[16];
	int ret = 0;

	k.big = k.to_small ? lower_in(op, 0) : op->outputs[0];
	k.small = k.to_small ? op->outputs[0] : lower_in(op, 0);
	big = lower_of(l, k.big);
	small = lower_of(l, k.small);
	if (!big || !small || big->rank != 4 || small->rank != 4 || big->type != small->type)
		return lower_refuse(l, "its tensors do not have rank 4");
	if (!lower_const_ints(l, lower_in(op, 1), &blocks, block) || blocks != 2 ||
	    !lower_const_ints(l, lower_in(op, 2), &pads, pad) || pads != 4)
		return lower_refuse(l, "its blocks or paddings are computed");
	for (int i = 0; i < 2; i++) {
		k.b[i] = block[i];
		k.before[i] = pad[2 * i];
		if (block[i] < 1 || block[i] > 64 || pad[2 * i] < 0 || pad[2 * i] > 1 << 20)
			return lower_refuse(l, "its block is %lld", (long long)block[i]);
	}
	if (block[0] * block[1] > 64 ||
	    (uint64_t)block[0] * (uint64_t)block[1] * big->dims[0] != small->dims[0])
		return lower_refuse(l, "it has %lld blocks", (long long)(block[0] * block[1]));
	for (int64_t by = 0; by < k.b[0] && !ret; by++)
		for (int64_t bx = 0; bx < k.b[1] && !ret; bx++)
			ret = batch_block(l, &k, by, bx);
	return ret;
}

/* [n, y, by, x, bx, c] of the image are [n, y, x, by, bx, c] of the depth. */
int lower_space_depth(struct lower *l, const struct octet_graph_op *op)
{
	bool to_depth = op->code == OCTET_G_SPACE_TO_DEPTH;
	int32_t in = lower_in(op, 0), out = op->outputs[0];
	const struct octet_graph_tensor *x = lower_of(l, in), *y = lower_of(l, out);
	const struct octet_graph_tensor *big = to_depth ? x : y, *small = to_depth ? y : x;
	int32_t b = op->opt.block.block_size;
	uint64_t size;

	if (!x || x->rank != 4 || y->rank != 4 || x->type != y->type || !lower_is_dense(l, in) ||
	    !lower_is_dense(l, out))
		return lower_refuse(l, "its tensors do not have rank 4");
	if (b < 1 || (uint64_t)b * b * big->dims[3] != small->dims[3] ||
	    (uint64_t)b * small->dims[1] != big->dims[1] ||
	    (uint64_t)b * small->dims[2] != big->dims[2])
		return lower_refuse(l, "its block of %d does not fit its shapes", b);
	size = lower_type_size(x->type);

	const uint32_t dims[] = { big->dims[0], small->dims[1], (uint32_t)b, small->dims[2],
				  (uint32_t)b, big->dims[3] };
	const uint64_t c = big->dims[3] * size, row = big->dims[2] * c, deep = small->dims[3] * size;
	const uint64_t wide = small->dims[2] * deep;
	const struct lower_box image = { to_depth ? in : out, 0,
		{ big->dims[1] * row, (uint64_t)b * row, row, (uint64_t)b * c, c, size } };
	const struct lower_box depth = { to_depth ? out : in, 0,
		{ small->dims[1] * wide, wide, (uint64_t)b * c, deep, c, size } };

	return lower_copy(l, x->type, 6, dims, to_depth ? &depth : &image,
			  to_depth ? &image : &depth, 0);
}
