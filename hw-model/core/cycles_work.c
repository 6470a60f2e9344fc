// SPDX-License-Identifier: MIT
/* One command: its bytes, the input rows it needs, its array work. */
#include "cycles_priv.h"

bool octet_cyc_has_weights(const struct octet_cycles_cmd *c)
{
	return c->op == OCTET_OP_CONV2D || c->op == OCTET_OP_DEPTHWISE ||
	       c->op == OCTET_OP_GEMM || c->op == OCTET_OP_TCONV2D;
}

bool octet_cyc_on_array(const struct octet_cycles_cmd *c)
{
	return octet_cyc_has_weights(c) || c->op == OCTET_OP_POOL;
}

struct octet_cyc_shape octet_cyc_shape(const struct octet_cycles_machine *m, unsigned int i)
{
	struct octet_cyc_shape base = { m->p, m->k }, remap = { m->p / 4, 4 * m->k };

	return i ? remap : base;
}

uint64_t octet_cyc_in_row(struct octet_cyc *x, const struct octet_cycles_cmd *c)
{
	if (c->op == OCTET_OP_COPY && c->src == OCTET_CYCLES_NONE)
		return 0;	/* FILL */
	return octet_cyc_mul(x, octet_cyc_mul(x, c->n, (uint64_t)c->w * c->cin), c->abytes);
}

uint64_t octet_cyc_out_row(struct octet_cyc *x, const struct octet_cycles_cmd *c)
{
	return octet_cyc_mul(x, octet_cyc_mul(x, c->n, (uint64_t)c->ow * c->cout), c->obytes);
}

uint64_t octet_cyc_src2(struct octet_cyc *x, const struct octet_cycles_cmd *c)
{
	if (c->src2 == OCTET_CYCLES_NONE)
		return 0;
	return c->src2_bytes ? c->src2_bytes : octet_cyc_mul(x, c->oh, octet_cyc_out_row(x, c));
}

uint64_t octet_cyc_weights(struct octet_cyc *x, const struct octet_cycles_cmd *c)
{
	uint64_t v;

	if (!octet_cyc_has_weights(c))
		return 0;
	v = octet_cyc_mul(x, (uint64_t)c->r * c->s, c->cout);
	if (c->op != OCTET_OP_DEPTHWISE)
		v = octet_cyc_mul(x, v, c->cin / c->groups);
	if (c->op == OCTET_OP_GEMM)
		v = octet_cyc_mul(x, v, c->n);
	return octet_ceil(octet_cyc_mul(x, v, c->wbits), 8);
}

uint64_t octet_cyc_const(struct octet_cyc *x, const struct octet_cycles_cmd *c)
{
	uint64_t params = octet_cyc_has_weights(c) && c->params ? 8ull * c->cout : 0;

	if (c->weights != OCTET_CYCLES_DRAM || !c->weights_const)
		return params;
	return octet_cyc_add(x, params, octet_cyc_weights(x, c));
}

uint64_t octet_cyc_stream(struct octet_cyc *x, const struct octet_cycles_cmd *c)
{
	uint64_t v = octet_cyc_const(x, c);

	if (c->weights == OCTET_CYCLES_DRAM && !c->weights_const)
		v = octet_cyc_add(x, v, octet_cyc_weights(x, c));
	return v;
}

static int64_t clip(int64_t v, uint32_t h)
{
	return v < 0 ? 0 : v > h ? h : v;
}

/* input rows [0, hi) are needed for output rows [0, b); all of them for b = oh */
int64_t octet_cyc_hi(const struct octet_cycles_cmd *c, int64_t b)
{
	if (b <= 0)
		return 0;
	if (b >= c->oh)
		return c->h;
	switch (c->op) {
	case OCTET_OP_CONV2D:
	case OCTET_OP_DEPTHWISE:
	case OCTET_OP_POOL:
		return clip((b - 1) * c->sh + (int64_t)(c->r - 1) * c->dh + 1 - c->pt, c->h);
	case OCTET_OP_TCONV2D:
		return clip((b - 1 + c->pt) / c->sh + 1, c->h);
	case OCTET_OP_RESIZE:
		return clip((int64_t)octet_ceil((uint64_t)b * c->h, c->oh) + 1, c->h);
	}
	return clip(b, c->h);
}

/* first input row needed for output rows from a on */
int64_t octet_cyc_lo(const struct octet_cycles_cmd *c, int64_t a)
{
	int64_t v;

	if (a >= c->oh)
		return c->h;
	switch (c->op) {
	case OCTET_OP_CONV2D:
	case OCTET_OP_DEPTHWISE:
	case OCTET_OP_POOL:
		return clip(a * c->sh - c->pt, c->h);
	case OCTET_OP_TCONV2D:
		v = a + c->pt - c->r + 1;
		return v <= 0 ? 0 : clip((int64_t)octet_ceil((uint64_t)v, c->sh), c->h);
	case OCTET_OP_RESIZE:
		return clip(a * c->h / c->oh - 1, c->h);
	}
	return clip(a, c->h);
}

static uint64_t folded(struct octet_cyc *x, uint64_t r, uint64_t s, uint64_t ci)
{
	uint64_t c = x->m->c;

	return octet_min(octet_cyc_mul(x, r * s, octet_ceil(ci, c)),
			 octet_cyc_mul(x, r, octet_ceil(octet_cyc_mul(x, s, ci), c)));
}

/**
 * struct phases - one dimension of a transposed convolution
 *
 * Phases that have as many taps and as many pixels are one piece; there
 * are at most four.
 */
struct phases {
	unsigned int count;
	struct {
		uint64_t many, taps, pixels;
	} piece[4];
};

/* pixels [a, b) with padding @pad; kernel @r, stride @st */
static struct phases phases(uint64_t a, uint64_t b, uint32_t pad, uint32_t r, uint32_t st)
{
	uint64_t first = (a + pad) % st, rest = (b - a) % st, last = (first + rest) % st;
	uint64_t cut[5] = { 0, r % st, first, last, st };
	struct phases ph = { 0 };

	for (int i = 1; i < 4; i++)
		for (int j = i; j > 1 && cut[j] < cut[j - 1]; j--) {
			uint64_t t = cut[j];

			cut[j] = cut[j - 1];
			cut[j - 1] = t;
		}
	for (int i = 0; i < 4; i++) {
		uint64_t at = cut[i];
		unsigned int n = ph.count;

		if (at == cut[i + 1])
			continue;
		ph.piece[n].many = cut[i + 1] - at;
		ph.piece[n].taps = r > at ? octet_ceil(r - at, st) : 0;
		ph.piece[n].pixels = (b - a) / st + ((at + st - first) % st < rest);
		ph.count++;
	}
	return ph;
}

static uint64_t transposed(struct octet_cyc *x, const struct octet_cycles_cmd *c, int64_t a,
			   int64_t b, struct octet_cyc_shape shape)
{
	struct phases ys = phases((uint64_t)a, (uint64_t)b, c->pt, c->r, c->sh);
	struct phases xs = phases(0, c->ow, c->pl, c->s, c->sw);
	uint64_t blocks, sum = 0;

	blocks = octet_cyc_mul(x, octet_cyc_mul(x, c->n, c->groups),
			       octet_ceil(c->cout / c->groups, shape.k));
	for (unsigned int i = 0; i < ys.count; i++)
		for (unsigned int j = 0; j < xs.count; j++) {
			uint64_t v;

			v = octet_ceil(ys.piece[i].pixels * xs.piece[j].pixels, shape.p);
			v = octet_cyc_mul(x, v, folded(x, ys.piece[i].taps, xs.piece[j].taps,
						       c->cin / c->groups));
			v = octet_cyc_mul(x, v, ys.piece[i].many * xs.piece[j].many);
			sum = octet_cyc_add(x, sum, octet_cyc_mul(x, v, blocks));
		}
	return sum;
}

static uint64_t array_mac(struct octet_cyc *x, const struct octet_cycles_cmd *c, int64_t a,
			  int64_t b, struct octet_cyc_shape shape)
{
	uint64_t px = (uint64_t)(b - a) * c->ow, v;

	if (c->op == OCTET_OP_TCONV2D)
		return transposed(x, c, a, b, shape);
	v = octet_cyc_mul(x, c->n, octet_ceil(px, shape.p));
	if (c->op == OCTET_OP_DEPTHWISE || c->op == OCTET_OP_POOL) {
		v = octet_cyc_mul(x, v, octet_ceil(c->cout, shape.k));
		return octet_cyc_mul(x, v, octet_ceil((uint64_t)c->r * c->s, x->m->c));
	}
	v = octet_cyc_mul(x, v, c->groups);
	v = octet_cyc_mul(x, v, octet_ceil(c->cout / c->groups, shape.k));
	return octet_cyc_mul(x, v, folded(x, c->r, c->s, c->cin / c->groups));
}

static uint64_t largest(uint64_t a, uint64_t b, uint64_t c)
{
	a = a > b ? a : b;
	return a > c ? a : c;
}

struct octet_cyc_work octet_cyc_work(struct octet_cyc *x, const struct octet_cycles_cmd *c,
				     int64_t a, int64_t b, struct octet_cyc_shape shape)
{
	uint64_t macs = (uint64_t)x->m->p * x->m->k * x->m->c, px = (uint64_t)(b - a) * c->ow;
	uint64_t results = octet_cyc_mul(x, octet_cyc_mul(x, c->n, px), c->cout);
	uint64_t new = (uint64_t)(octet_cyc_hi(c, b) - octet_cyc_hi(c, a)), sram, s2, acts;
	struct octet_cyc_work w = { 0 };

	new = octet_cyc_mul(x, new, octet_cyc_in_row(x, c));
	s2 = octet_ceil(octet_cyc_mul(x, octet_cyc_src2(x, c), (uint64_t)(b - a)), c->oh);
	sram = octet_cyc_add(x, s2, octet_cyc_mul(x, results, c->obytes));
	if (!octet_cyc_on_array(c)) {
		w.mac = octet_ceil(c->op == OCTET_OP_REDUCE ?
				   octet_cyc_mul(x, octet_cyc_mul(x, c->n, px), c->cin) :
				   results, macs / 16);
		if (c->op == OCTET_OP_SOFTMAX) {
			w.mac = octet_cyc_mul(x, octet_cyc_mul(x, c->n, px),
					      3 * octet_ceil(c->cout, macs / 16)) + 40;
			new = octet_cyc_mul(x, new, 3);
		}
		w.sram = octet_cyc_add(x, new, sram);
		w.cycles = largest(w.mac, octet_ceil(w.sram, macs / 4), 0);
		return w;
	}
	w.mac = octet_cyc_mul(x, array_mac(x, c, a, b, shape), c->abytes);
	acts = new;
	if (c->op != OCTET_OP_DEPTHWISE && c->op != OCTET_OP_POOL)
		acts = octet_cyc_mul(x, w.mac, (uint64_t)shape.p * x->m->c);
	sram = octet_cyc_add(x, sram, acts);
	w.sram = octet_cyc_add(x, sram, octet_cyc_mul(x, octet_cyc_weights(x, c),
						      octet_ceil(px, 8ull * shape.p)));
	if (c->src2 != OCTET_CYCLES_NONE)
		results = octet_cyc_mul(x, results, 2);
	w.cycles = largest(w.mac, octet_ceil(results, macs / 16), octet_ceil(w.sram, macs / 4));
	return w;
}
