/* SPDX-License-Identifier: MIT */
/* Shared by the tests of the CPU fallback: memory, and a naive reference. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test_cpu.h"

uint64_t tc_next(uint64_t *rng)
{
	uint64_t z = *rng += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

int64_t tc_between(uint64_t *rng, int64_t lo, int64_t hi)
{
	return lo + (int64_t)(tc_next(rng) % (uint64_t)(hi - lo + 1));
}

void tc_bytes(uint64_t *rng, void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)p)[i] = (uint8_t)(tc_next(rng) >> 32);
}

void tc_guard_new(struct tc_guard *g, size_t size, bool at_end)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t inside = (size + page - 1) / page * page;

	g->size = size;
	g->mapped = inside + 2 * page;
	g->map = mmap(NULL, g->mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	if (g->map == MAP_FAILED ||
	    (inside && mprotect(g->map + page, inside, PROT_READ | PROT_WRITE))) {
		perror("mmap");
		abort();
	}
	g->p = g->map + page + (at_end ? inside - size : 0);
}

void tc_guard_free(struct tc_guard *g)
{
	munmap(g->map, g->mapped);
}

void tc_map(struct tc_memory *m, uint64_t va, uint64_t size, void *host,
	    bool writable)
{
	m->region[m->count].va = va;
	m->region[m->count].size = size;
	m->region[m->count].host = host;
	m->region[m->count++].writable = writable;
}

void *tc_at(void *opaque, uint64_t va, uint64_t size, bool write)
{
	struct tc_memory *m = opaque;

	for (unsigned int i = 0; i < m->count; i++) {
		const uint64_t off = va - m->region[i].va;

		if (va >= m->region[i].va && off <= m->region[i].size &&
		    size <= m->region[i].size - off &&
		    (m->region[i].writable || !write))
			return m->region[i].host + off;
	}
	return NULL;
}

int32_t tc_stage(unsigned int stage, int32_t acc, int32_t bias, uint32_t mult,
		 uint32_t shift, int32_t zp, int32_t lo, int32_t hi)
{
	const int32_t v = (int32_t)((uint32_t)acc + (uint32_t)bias);
	int64_t y = v, round = 0;
	float scale;

	if (stage == OCTET_STAGE_FP32_RNE) {
		memcpy(&scale, &mult, 4);
		/* the product of two floats is exact in double */
		y = (int64_t)nearbyint((float)((double)(float)v * scale));
	} else if (stage != OCTET_STAGE_RAW) {
		round = INT64_C(1) << (shift - 1);
		if (stage == OCTET_STAGE_FIX_DBL && shift > 31)
			round += v >= 0 ? 1 << 30 : -(1 << 30);
		if (stage == OCTET_STAGE_FIX_DBL_UP && shift > 31)
			round += 1 << 30;
		if (stage == OCTET_STAGE_FIX_AWAY)
			round -= v < 0;
		y = ((int64_t)v * mult + round) >> shift;
	}
	y += zp;
	return (int32_t)(y < lo ? lo : y > hi ? hi : y);
}

static int32_t element(const uint8_t *p, unsigned int type)
{
	return type == OCTET_TYPE_INT8 ? (int8_t)*p : *p;
}

static void store(const struct octet_cmd *cmd, const struct octet_param *prm,
		  const struct octet_channel *chn, uint32_t o, int32_t acc,
		  uint8_t *to)
{
	const bool per_tensor = cmd->flags & OCTET_CMD_PER_TENSOR;
	const uint32_t mult = prm && !per_tensor ? prm[o].mult : cmd->dst.mult;
	const uint32_t shift = chn && !per_tensor ? chn[o].shift :
						    cmd->dst.shift;
	int32_t y = tc_stage(cmd->stage, acc, prm ? prm[o].bias : 0, mult,
			     shift, cmd->dst.zero_point, cmd->act_min,
			     cmd->act_max);

	if (cmd->dst.type == OCTET_TYPE_INT32)
		memcpy(to, &y, 4);
	else
		*to = (uint8_t)y;
}

static int64_t step(const struct octet_operand *op, int dim, uint32_t extent)
{
	return extent > 1 ? (int64_t)op->stride[dim] : 0;
}

static void reference_gemm(const struct octet_cmd *c, const uint8_t *a,
			   const uint8_t *b, const struct octet_param *prm,
			   const struct octet_channel *chn, uint8_t *dst)
{
	const bool ta = c->src.flags & OCTET_OPERAND_TRANSPOSED;
	const bool tb = c->wgt.flags & OCTET_OPERAND_TRANSPOSED;
	const size_t size = c->dst.type == OCTET_TYPE_INT32 ? 4 : 1;
	const int64_t as = step(&c->src, 2, ta ? c->cin : c->h);
	const int64_t bs = step(&c->wgt, 2, tb ? c->cout : c->cin);

	for (uint32_t at = 0; at < c->n2 * c->n * c->h * c->cout; at++) {
		const uint32_t j = at % c->cout, i = at / c->cout % c->h;
		const uint32_t q = at / c->cout / c->h % c->n;
		const uint32_t q2 = at / c->cout / c->h / c->n;
		const uint8_t *x = a + q2 * step(&c->src, 0, c->n2) +
				   q * step(&c->src, 1, c->n);
		const uint8_t *w = b + q2 * step(&c->wgt, 0, c->n2) +
				   q * step(&c->wgt, 1, c->n);
		const int32_t zw = chn ? chn[j].zero_point : c->wgt.zero_point;
		uint32_t acc = 0;

		for (uint32_t k = 0; k < c->cin; k++) {
			const uint8_t *p = ta ? x + k * as + i : x + i * as + k;
			const uint8_t *r = tb ? w + j * bs + k : w + k * bs + j;

			acc += (uint32_t)((element(p, c->src.type) -
					   c->src.zero_point) *
					  (element(r, c->wgt.type) - zw));
		}
		store(c, prm, chn, j, (int32_t)acc,
		      dst + q2 * step(&c->dst, 0, c->n2) +
		      q * step(&c->dst, 1, c->n) +
		      i * step(&c->dst, 2, c->h) + j * size);
	}
}

/* One output element of a convolution. */
static int32_t conv_one(const struct octet_cmd *c, const uint8_t *src,
			const uint8_t *wgt, int32_t zw, uint32_t y, uint32_t x,
			uint32_t o)
{
	const bool dw = c->op == OCTET_OP_DEPTHWISE;
	const uint32_t cg = dw ? 1 : c->cin / c->groups;
	const uint32_t c0 = dw ? o / (c->cout / c->cin) :
				 o / (c->cout / c->groups) * cg;
	uint32_t acc = 0;

	for (uint32_t t = 0; t < (uint32_t)c->r * c->s * cg; t++) {
		const uint32_t k = t % cg, j = t / cg % c->s, i = t / cg / c->s;
		const int64_t iy = (int64_t)y * c->sh - c->pt + i * c->dh;
		const int64_t ix = (int64_t)x * c->sw - c->pl + j * c->dw;
		int32_t v = c->pad_value, u;

		if (iy >= 0 && iy < c->h && ix >= 0 && ix < c->w)
			v = element(src + iy * step(&c->src, 2, c->h) +
				    ix * step(&c->src, 3, c->w) + c0 + k,
				    c->src.type);
		u = element(wgt + i * step(&c->wgt, 2, c->r) +
			    j * step(&c->wgt, 3, c->s) +
			    (dw ? o : o * step(&c->wgt, 1, c->cout) + k),
			    c->wgt.type);
		acc += (uint32_t)((v - c->src.zero_point) * (u - zw));
	}
	return (int32_t)acc;
}

void tc_reference(const struct octet_cmd *c, const uint8_t *src,
		  const uint8_t *wgt, const struct octet_param *prm,
		  const struct octet_channel *chn, uint8_t *dst)
{
	const size_t size = c->dst.type == OCTET_TYPE_INT32 ? 4 : 1;

	if (c->op == OCTET_OP_GEMM) {
		reference_gemm(c, src, wgt, prm, chn, dst);
		return;
	}
	for (uint32_t at = 0; at < c->n * c->oh * c->ow * c->cout; at++) {
		const uint32_t o = at % c->cout, x = at / c->cout % c->ow;
		const uint32_t y = at / c->cout / c->ow % c->oh;
		const uint32_t n = at / c->cout / c->ow / c->oh;
		const int32_t zw = chn ? chn[o].zero_point : c->wgt.zero_point;
		const int32_t acc = conv_one(c, src + n * step(&c->src, 1, c->n),
					     wgt, zw, y, x, o);

		store(c, prm, chn, o, acc, dst + n * step(&c->dst, 1, c->n) +
		      y * step(&c->dst, 2, c->oh) +
		      x * step(&c->dst, 3, c->ow) + o * size);
	}
}

static struct octet_cmd plain(enum octet_op op)
{
	struct octet_cmd c;

	memset(&c, 0, sizeof(c));
	c.op = (uint8_t)op;
	c.stage = OCTET_STAGE_FIX_DBL;
	c.act_min = INT8_MIN;
	c.act_max = INT8_MAX;
	c.n = c.n2 = c.h = c.w = c.cin = c.oh = c.ow = c.cout = c.groups = 1;
	c.r = c.s = c.sh = c.sw = c.dh = c.dw = 1;
	c.src.space = c.wgt.space = c.dst.space = OCTET_SPACE_VA;
	c.src.type = c.wgt.type = c.dst.type = OCTET_TYPE_INT8;
	c.dst.mult = 1u << 30;
	c.dst.shift = 40;
	return c;
}

struct octet_cmd tc_gemm(uint32_t m, uint32_t n, uint32_t k)
{
	struct octet_cmd c = plain(OCTET_OP_GEMM);

	c.h = c.oh = m;
	c.cin = k;
	c.cout = n;
	c.src.stride[2] = k;
	c.wgt.stride[2] = n;
	c.dst.stride[2] = n;
	return c;
}

struct octet_cmd tc_conv(enum octet_op op, uint32_t n, uint32_t h, uint32_t w,
			 uint32_t cin, uint32_t cout, uint32_t k)
{
	struct octet_cmd c = plain(op);
	const bool dw = op == OCTET_OP_DEPTHWISE;

	c.n = n;
	c.h = c.oh = h;
	c.w = c.ow = w;
	c.cin = cin;
	c.cout = cout;
	c.r = c.s = (uint16_t)k;
	c.pt = c.pl = (uint16_t)(k / 2);
	c.src.stride[3] = cin;
	c.src.stride[2] = (uint64_t)w * cin;
	c.src.stride[1] = (uint64_t)h * w * cin;
	c.wgt.stride[3] = dw ? cout : cin;
	c.wgt.stride[2] = k * c.wgt.stride[3];
	c.wgt.stride[1] = dw ? 0 : k * c.wgt.stride[2];
	c.dst.stride[3] = cout;
	c.dst.stride[2] = (uint64_t)w * cout;
	c.dst.stride[1] = (uint64_t)h * w * cout;
	return c;
}

uint32_t tc_extents(const struct octet_cmd *c, unsigned int operand,
		    uint32_t e[4])
{
	const bool dw = c->op == OCTET_OP_DEPTHWISE;
	const struct octet_operand *op = &(&c->src)[operand];
	const uint32_t unit = op->type == OCTET_TYPE_INT32 ? 4 : 1;

	e[0] = e[1] = e[2] = e[3] = 1;
	if (c->op == OCTET_OP_GEMM) {
		const uint32_t rows = operand == OCTET_OPERAND_WGT ? c->cin : c->h;
		const uint32_t columns = operand == OCTET_OPERAND_SRC ? c->cin :
									c->cout;
		const bool t = op->flags & OCTET_OPERAND_TRANSPOSED;

		e[0] = c->n2;
		e[1] = c->n;
		e[2] = t ? columns : rows;
		return (t ? rows : columns) * unit;
	}
	if (operand == OCTET_OPERAND_WGT) {
		e[1] = dw ? 1 : c->cout;
		e[2] = c->r;
		e[3] = c->s;
		return dw ? c->cout : c->cin / c->groups;
	}
	e[1] = c->n;
	e[2] = operand == OCTET_OPERAND_DST ? c->oh : c->h;
	e[3] = operand == OCTET_OPERAND_DST ? c->ow : c->w;
	return (operand == OCTET_OPERAND_DST ? c->cout : c->cin) * unit;
}

uint64_t tc_bytes_of(const struct octet_cmd *c, unsigned int operand)
{
	const struct octet_operand *op = &(&c->src)[operand];
	uint32_t e[4];
	uint64_t bytes = tc_extents(c, operand, e);

	for (int d = 0; d < 4; d++)
		bytes += (e[d] - 1) * op->stride[d];
	return bytes;
}
