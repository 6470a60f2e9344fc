// SPDX-License-Identifier: MIT
/*
 * Rounding that looks at the data (after Nagel et al., Up or down? AdaRound), in a
 * simple form: for a channel with weights W, codes q and scale s the squared error
 * of its sums is d' H d, d = W - s q, H = sum x x' over the inputs x that the layer
 * sees. From rounding to nearest on, each code in turn goes to the other neighbour
 * of its weight if that makes the error smaller, until nothing changes or a few
 * sweeps are done. With bias correction H is that of x - E[x], and the bias takes
 * d' E[x]. Inputs are those of the float model, so many of them, evenly spread over
 * each sample. CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED; not TRANSPOSE_CONV,
 * and not sums of very many taps, whose H would be too large.
 *
 * The layer's weights become s q, from which the same scale and codes follow: the
 * largest code of a scale stays where it is.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quantize.h"

#define PATCHES		4096u	/* of a layer */
#define PER_SAMPLE	64u
#define TAPS		2048u
#define ROOM		(1u << 24)
#define SWEEPS		4

/** struct gram - inputs of a layer: @h: [groups][taps][taps], @mean: [groups][taps] */
struct gram {
	size_t groups, taps;
	float *h;
	double *mean;
	uint64_t patches;
};

/** struct window - how a layer walks over its input */
struct window {
	size_t positions, in_h, in_w, in_c, kh, kw, out_h, out_w, per_group;
	int32_t stride_h, stride_w, dilation_h, dilation_w, top, left;
};

/** struct gather - @gram: [ops]; @patch: room for one */
struct gather {
	struct gram *gram;
	float *patch;
};

static int32_t before(int32_t padding, size_t in, size_t out, size_t k, int32_t stride,
		      int32_t dilation)
{
	int64_t need = (int64_t)(out - 1) * stride + (int64_t)(k - 1) * dilation + 1 - (int64_t)in;

	return padding == OCTET_G_SAME && need > 0 ? (int32_t)(need / 2) : 0;
}

static bool window_of(const struct quantizer *z, uint32_t i, struct window *w)
{
	const struct octet_graph_op *op = &z->g->ops[i];
	const struct octet_graph_tensor *x = octet_graph_input(z->g, op, 0);
	const struct octet_graph_tensor *f = octet_graph_input(z->g, op, 1);
	const struct octet_graph_tensor *y = octet_graph_output(z->g, op, 0);
	const struct octet_opt_depthwise *d = &op->opt.depthwise;
	const struct octet_opt_conv2d *c = &op->opt.conv2d;
	bool deep = op->code == OCTET_G_DEPTHWISE_CONV_2D;
	int32_t padding = deep ? d->padding : c->padding;

	*w = (struct window){ .in_h = 1, .in_w = 1, .kh = 1, .kw = 1, .out_h = 1, .out_w = 1,
			      .stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1 };
	if (op->code == OCTET_G_FULLY_CONNECTED) {
		w->in_c = w->per_group = f->dims[1];
		w->positions = x->elements / f->dims[1];
		return true;
	}
	if ((op->code != OCTET_G_CONV_2D && !deep) || x->rank != 4 || f->rank != 4 || y->rank != 4)
		return false;
	w->in_h = x->dims[1];
	w->in_w = x->dims[2];
	w->in_c = x->dims[3];
	w->kh = f->dims[1];
	w->kw = f->dims[2];
	w->out_h = y->dims[1];
	w->out_w = y->dims[2];
	w->positions = (size_t)y->dims[0] * w->out_h * w->out_w;
	w->per_group = deep ? 1 : f->dims[3];
	w->stride_h = deep ? d->stride_h : c->stride_h;
	w->stride_w = deep ? d->stride_w : c->stride_w;
	w->dilation_h = deep ? d->dilation_h : c->dilation_h;
	w->dilation_w = deep ? d->dilation_w : c->dilation_w;
	w->top = before(padding, w->in_h, w->out_h, w->kh, w->stride_h, w->dilation_h);
	w->left = before(padding, w->in_w, w->out_w, w->kw, w->stride_w, w->dilation_w);
	return true;
}

static int make_gram(struct quantizer *z, uint32_t i, struct gram *g)
{
	struct quantize_layer l;
	struct window w;

	if (!quantize_layer(z, i, &l) || z->g->tensors[z->g->ops[i].inputs[l.rule->data]].data ||
	    !window_of(z, i, &w))
		return 0;
	g->taps = w.kh * w.kw * w.per_group;
	g->groups = w.in_c / w.per_group;
	if (g->taps > TAPS || g->groups * g->taps * g->taps > ROOM) {
		g->taps = 0;
		return 0;
	}
	g->h = calloc(g->groups * g->taps * g->taps, sizeof(*g->h));
	g->mean = calloc(g->groups * g->taps, sizeof(*g->mean));
	return g->h && g->mean ? 0 : -ENOMEM;
}

/* What the sum of a group reads at a position; zeros in the padding. */
static void take(const struct window *w, const float *x, size_t position, size_t group, float *patch)
{
	size_t n = position / (w->out_h * w->out_w), oy = position / w->out_w % w->out_h;
	size_t ox = position % w->out_w, bytes = w->per_group * sizeof(*patch);

	for (size_t k = 0; k < w->kh * w->kw; k++, patch += w->per_group) {
		int64_t y = (int64_t)oy * w->stride_h + (int64_t)(k / w->kw) * w->dilation_h - w->top;
		int64_t c = (int64_t)ox * w->stride_w + (int64_t)(k % w->kw) * w->dilation_w - w->left;

		if (y < 0 || c < 0 || y >= (int64_t)w->in_h || c >= (int64_t)w->in_w)
			memset(patch, 0, bytes);
		else
			memcpy(patch, x + ((n * w->in_h + (size_t)y) * w->in_w + (size_t)c) *
				       w->in_c + group * w->per_group, bytes);
	}
}

/* Lower triangle. */
static void add_patch(struct gram *g, size_t group, const float *p)
{
	float *h = g->h + group * g->taps * g->taps;

	for (size_t i = 0; i < g->taps; i++, h += g->taps) {
		g->mean[group * g->taps + i] += (double)p[i];
		if (p[i] != 0)
			for (size_t k = 0; k <= i; k++)
				h[k] += p[i] * p[k];
	}
}

static int look(struct quantizer *z, struct octet_plan *plan, uint64_t sample, void *arg)
{
	struct gather *a = arg;

	(void)sample;
	for (uint32_t i = 0; i < z->g->op_count; i++) {
		struct gram *g = &a->gram[i];
		const void *x;
		struct window w;
		size_t bytes, step;
		int ret;

		if (!g->taps || g->patches >= PATCHES || !window_of(z, i, &w))
			continue;
		ret = octet_plan_tensor(plan, (uint32_t)z->g->ops[i].inputs[0], &x, &bytes);
		if (ret)
			return ret;
		step = w.positions / PER_SAMPLE + 1;
		/* Not the same column in every row. */
		step += step > 1 && w.out_w % step == 0;
		for (size_t p = 0; p < w.positions; p += step, g->patches++)
			for (size_t k = 0; k < g->groups; k++) {
				take(&w, x, p, k, a->patch);
				add_patch(g, k, a->patch);
			}
	}
	return 0;
}

/*
 * Means instead of sums, both triangles, and without the mean where the bias takes it.
 * The fewer inputs for the taps, the more their squares alone count: few samples do
 * not say what others have in common.
 */
static void finish(struct gram *g, bool centre)
{
	double part = (double)g->taps / (double)(g->taps + g->patches);

	for (size_t k = 0; k < g->groups; k++) {
		float *h = g->h + k * g->taps * g->taps;
		double *mean = g->mean + k * g->taps, sum = 0;

		for (size_t i = 0; i < g->taps; i++)
			mean[i] /= (double)g->patches;
		for (size_t i = 0; i < g->taps; i++)
			for (size_t j = 0; j <= i; j++) {
				double v = (double)h[i * g->taps + j] / (double)g->patches;

				v -= centre ? mean[i] * mean[j] : 0;
				h[i * g->taps + j] = h[j * g->taps + i] = (float)v;
				sum += i == j ? v : 0;
			}
		for (size_t i = 0; i < g->taps; i++)
			h[i * g->taps + i] += (float)(part * sum / (double)g->taps);
	}
}

/** struct row - weights of an output channel, [taps]; @g: H d */
struct row {
	double *d, *g;
	int32_t *q;
	const float **w;
};

/* One sweep: how many codes went to their other neighbour. */
static size_t sweep(const struct gram *g, const float *h, struct row *r, double s, int32_t most)
{
	size_t moved = 0;

	for (size_t i = 0; i < g->taps; i++) {
		double exact = (double)*r->w[i] / s, e;
		int32_t other = (double)r->q[i] > exact ? r->q[i] - 1 : r->q[i] + 1;

		/* The largest code of the scale must remain, and none may be larger. */
		if (abs(r->q[i]) >= most || abs(other) > most)
			continue;
		e = s * (r->q[i] - other);
		if (2 * e * r->g[i] + e * e * (double)h[i * g->taps + i] >= -1e-12 * fabs(e))
			continue;
		r->q[i] = other;
		r->d[i] += e;
		for (size_t k = 0; k < g->taps; k++)
			r->g[k] += e * (double)h[i * g->taps + k];
		moved++;
	}
	return moved;
}

static void round_row(const struct gram *g, const float *h, struct row *r, double s, int32_t most)
{
	for (size_t i = 0; i < g->taps; i++) {
		r->d[i] = (double)*r->w[i] - s * r->q[i];
		r->g[i] = 0;
	}
	for (size_t i = 0; i < g->taps; i++)
		for (size_t k = 0; k < g->taps; k++)
			r->g[k] += r->d[i] * (double)h[i * g->taps + k];
	for (uint32_t n = 0; n < SWEEPS; n++)
		if (!sweep(g, h, r, s, most))
			break;
}

/* Largest code of those with the scale of channel @c, or of all with one scale. */
static int32_t largest(const struct quantize_codes *c, size_t elements, size_t channel)
{
	int32_t most = 0;

	for (size_t i = 0; i < elements; i++)
		if ((c->whole || i / c->inner % c->channels == channel) && abs(c->codes[i]) > most)
			most = abs(c->codes[i]);
	return most;
}

static int round_layer(struct quantizer *z, uint32_t i, const struct gram *g, struct row *r)
{
	struct octet_graph_op *op = &z->w->ops[i];
	struct quantize_codes c;
	struct quantize_layer l;
	float *w, *b = NULL;
	int ret;

	if (!quantize_layer(z, i, &l))
		return 0;
	ret = quantize_codes(z, op, l.rule,
			     z->params[quantize_root(z, op->inputs[l.rule->data])].scale, &c);
	w = quantize_own(z, op, l.rule->weights);
	if (z->o.correct_bias)
		b = quantize_own_bias(z, op);
	if (ret || !w || (z->o.correct_bias && !b))
		return ret ? ret : -ENOMEM;
	for (size_t o = 0; o < l.channels; o++) {
		size_t group = o / (l.channels / g->groups), at = l.outer == 1 ? o * l.inner : o;
		size_t step = l.outer == 1 ? 1 : l.channels;
		float s = c.scale[c.whole ? 0 : o];

		for (size_t k = 0; k < g->taps; k++) {
			r->w[k] = &w[at + k * step];
			r->q[k] = c.codes[at + k * step];
		}
		round_row(g, g->h + group * g->taps * g->taps, r, (double)s,
			  largest(&c, l.weights->elements, o));
		for (size_t k = 0; k < g->taps; k++) {
			if (b)
				b[o] += (float)(r->d[k] * g->mean[group * g->taps + k]);
			w[at + k * step] = s * (float)r->q[k];
		}
	}
	return 0;
}

static int round_all(struct quantizer *z, struct gram *gram)
{
	struct row r = {
		calloc(TAPS, sizeof(*r.d)), calloc(TAPS, sizeof(*r.g)),
		calloc(TAPS, sizeof(*r.q)), calloc(TAPS, sizeof(*r.w)),
	};
	int ret = r.d && r.g && r.q && r.w ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < z->g->op_count && !ret; i++) {
		if (!gram[i].taps || !gram[i].patches)
			continue;
		finish(&gram[i], z->o.correct_bias);
		ret = round_layer(z, i, &gram[i], &r);
	}
	free(r.d);
	free(r.g);
	free(r.q);
	free(r.w);
	return ret;
}

int quantize_adaround(struct quantizer *z, octet_samples_fn *samples, void *opaque)
{
	struct gather a = { calloc(z->g->op_count + 1, sizeof(*a.gram)),
			    calloc(TAPS, sizeof(*a.patch)) };
	int ret = a.gram && a.patch ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < z->g->op_count && !ret; i++)
		ret = make_gram(z, i, &a.gram[i]);
	if (!ret)
		ret = quantize_watch(z, z->model, samples, opaque, 0, look, &a);
	if (!ret)
		ret = round_all(z, a.gram);
	for (uint32_t i = 0; a.gram && i < z->g->op_count; i++) {
		free(a.gram[i].h);
		free(a.gram[i].mean);
	}
	free(a.gram);
	free(a.patch);
	return ret;
}
