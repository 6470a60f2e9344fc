/* SPDX-License-Identifier: MIT */
/*
 * Weights to panels of bytes, and what follows from them by channel: where sums
 * start, and the output stage's parameters.
 *
 * With inputs x' = x - z' that are unsigned bytes and weights w that are signed
 * ones, zero points z and v: sum (x' - z)(w - v) = sum x' w - z sum w - v sum x'
 * + K z v. The last term and the second are known beforehand.
 */
#include <errno.h>
#include <string.h>

#include "strassen.h"
#include "winograd.h"

/** struct arrays - by channel, before they are constant */
struct arrays {
	int8_t *w;
	int32_t *start, *zw, *mult, *shift, *half, *right, *ties, *zeros;
};

#define ARRAYS 8

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

static int reserve(struct cpu_packed *p, size_t w_bytes, struct arrays *a,
		   uint64_t *bytes)
{
	const size_t n = p->groups * p->wide;
	uint8_t *at;

	*bytes = w_bytes + ARRAYS * n * sizeof(int32_t);
	at = octet_cpu_grow(&p->memory, *bytes);
	if (!at)
		return -ENOMEM;
	memset(at + w_bytes, 0, *bytes - w_bytes);
	a->w = (int8_t *)at;
	a->start = (int32_t *)(void *)(at + w_bytes);
	a->zw = a->start + n;
	a->mult = a->zw + n;
	a->shift = a->mult + n;
	a->half = a->shift + n;
	a->right = a->half + n;
	a->ties = a->right + n;
	a->zeros = a->ties + n;
	p->w = a->w;
	p->start = a->start;
	return 0;
}

/* Zero point of the inputs as the kernels take them. */
static int32_t input_zero(const struct cpu_work *work,
			  const struct cpu_packed *p)
{
	return work->cmd->src.zero_point + (p->flip ? 128 : 0);
}

/* Whether an upper half of 32 bits does for channels [0, n). */
static bool quick(const struct cpu_work *work, size_t n, uint64_t k)
{
	const struct cpu_stage *st = &work->stage;
	const uint64_t end = UINT64_C(1) << 30;

	if (st->stage != OCTET_STAGE_FIX_DBL &&
	    st->stage != OCTET_STAGE_FIX_DBL_UP)
		return false;
	for (size_t c = 0; c < n; c++) {
		const int64_t bias = st->bias[c];

		if (st->shift[c] < 31 || st->shift[c] > 61 ||
		    k * 255 * 255 + (uint64_t)(bias < 0 ? -bias : bias) >= end)
			return false;
	}
	return true;
}

static void stage_of(const struct cpu_work *work, size_t c, size_t at,
		     const struct arrays *a)
{
	const struct cpu_stage *st = &work->stage;
	const int32_t right = (int32_t)st->shift[c] - 31;

	a->mult[at] = (int32_t)st->mult[c];
	a->shift[at] = (int32_t)st->shift[c];
	if (right > 0 && right < 31) {
		a->right[at] = right;
		a->half[at] = 1 << (right - 1);
		a->ties[at] = st->stage == OCTET_STAGE_FIX_DBL ? -1 : 0;
	}
}

static void publish(struct cpu_packed *p, const struct cpu_work *work,
		    const struct arrays *a, uint64_t k)
{
	p->tail = (struct cpu_tail) {
		.stage = work->stage,
		.quick = quick(work, p->groups * p->channels, k),
		.half = a->half,
		.right = a->right,
		.ties = a->ties,
	};
	p->tail.stage.bias = a->zeros;
	p->tail.stage.mult = (const uint32_t *)a->mult;
	p->tail.stage.shift = (const uint32_t *)a->shift;
	p->zw = NULL;
	for (size_t i = 0; i < p->groups * p->wide; i++)
		if (a->zw[i])
			p->zw = a->zw;
}

/** struct filter - the weights of a channel: runs of bytes, or a column */
struct filter {
	const uint8_t *at;
	uint64_t run, columns, row_step, tap_step, step;
};

static struct filter filter_of(const struct cpu_work *work, const uint8_t *w,
			       uint64_t o, size_t k)
{
	const struct cpu_shape *s = &work->wgt;

	if (work->cmd->op != OCTET_OP_GEMM)
		return (struct filter){ w + o * s->stride[1], s->inner,
					s->extent[3], s->stride[2],
					s->stride[3], 1 };
	if (work->cmd->wgt.flags & OCTET_OPERAND_TRANSPOSED)
		return (struct filter){ w + o * s->stride[2], k, 1, 0, 0, 1 };
	return (struct filter){ w + o, k, 1, 0, 0, s->stride[2] };
}

/* Weight @k of channel @o, all of whose weights are one run. */
static int32_t weight(const struct cpu_work *work, const struct filter *f,
		      size_t o, size_t k)
{
	const uint8_t b = f->at[k * f->step];

	return (work->w_signed ? (int8_t)b : b) - work->zw[o];
}

/*
 * All of a channel's weights into its places of the lines, @row of them for each row of
 * a kernel (0: one after the other); returns their sum.
 */
static int32_t scatter(const struct filter *f, size_t k, size_t row,
		       uint8_t flip, int8_t *to)
{
	int32_t sum = 0;
	size_t i = 0;

	for (uint64_t tap = 0; k; tap++) {
		const uint8_t *from = f->at + tap / f->columns * f->row_step +
				      tap % f->columns * f->tap_step;

		for (uint64_t c = 0; c < f->run && k; c++, i++, k--) {
			const int8_t v = (int8_t)(from[c * f->step] ^ flip);

			to[i / 4 * CPU_LINE + i % 4] = v;
			sum += v;
		}
		if (k && (!row || (tap + 1) % f->columns))
			continue;
		for (; i % 4; i++)
			to[i / 4 * CPU_LINE + i % 4] = 0;
	}
	return sum;
}

/* Takes the zero point from the weights themselves, if bytes hold the rest. */
static bool absorb(int8_t *w, size_t k, int32_t zw)
{
	int32_t lo = 127, hi = -128;

	for (size_t i = 0; i < k; i++) {
		const int8_t v = w[i / 4 * CPU_LINE + i % 4];

		lo = v < lo ? v : lo;
		hi = v > hi ? v : hi;
	}
	if (lo - zw < -128 || hi - zw > 127)
		return false;
	for (size_t i = 0; i < k; i++)
		w[i / 4 * CPU_LINE + i % 4] -= (int8_t)zw;
	return true;
}

static void channel(const struct cpu_work *work, const struct filter *f,
		    const struct cpu_packed *p, const struct arrays *a,
		    size_t group, size_t c)
{
	const size_t o = group * p->channels + c, at = group * p->wide + c;
	const int32_t zx = input_zero(work, p);
	int32_t zw = work->zw[o] - (work->w_signed ? 0 : 128);
	int8_t *to = a->w + ((group * p->panels + c / CPU_PANEL) * p->lines *
			     CPU_PANEL + c % CPU_PANEL) * 4;
	uint32_t sum = (uint32_t)scatter(f, p->k, p->row,
					 work->w_signed ? 0 : 0x80, to);

	if (zw && absorb(to, p->k, zw)) {
		sum -= (uint32_t)p->k * (uint32_t)zw;
		zw = 0;
	}
	a->zw[at] = zw;
	a->start[at] = (int32_t)((uint32_t)work->stage.bias[o] -
				 (uint32_t)zx * sum +
				 (uint32_t)p->k * (uint32_t)zx * (uint32_t)zw);
	stage_of(work, o, at, a);
}

/* Places of channels that do not exist. */
static void clear_rest(const struct cpu_packed *p, int8_t *panel)
{
	const size_t first = p->channels % CPU_PANEL;

	for (size_t l = 0; l < p->lines && first; l++)
		memset(panel + l * CPU_LINE + first * 4, 0,
		       CPU_LINE - first * 4);
}

/* Four weights of a channel into their line; returns what sums are less by them. */
static uint32_t put_wide(int16_t *line, const int32_t *v)
{
	line[0] = (int16_t)v[2];
	line[1] = (int16_t)v[3];
	line[16] = (int16_t)v[0];
	line[17] = (int16_t)v[1];
	return (uint32_t)(v[0] * v[2] + v[1] * v[3]);
}

static void wide_channel(const struct cpu_work *work, const struct filter *f,
			 const struct cpu_packed *p, const struct arrays *a,
			 size_t group, size_t c)
{
	const size_t o = group * p->channels + c, at = group * p->wide + c;
	const int32_t zw = work->zw[o];
	int16_t *to = (int16_t *)(void *)(a->w +
		(group * p->panels + c / CPU_PANEL) * p->lines * CPU_WIDE_LINE) +
		c % CPU_PANEL / 8 * 32 + c % 8 * 2;
	uint32_t less = 0;
	int32_t v[4];
	size_t i = 0;

	for (uint64_t tap = 0; i < p->k; tap++) {
		const uint8_t *from = f->at + tap / f->columns * f->row_step +
				      tap % f->columns * f->tap_step;

		for (uint64_t n = 0; n < f->run && i < p->k; n++) {
			const uint8_t b = from[n * f->step];

			v[i++ % 4] = (work->w_signed ? (int8_t)b : b) - zw;
			if (i % 4)
				continue;
			less += put_wide(to, v);
			to += CPU_WIDE_LINE / sizeof(*to);
		}
	}
	for (; i % 4; i++) {
		v[i % 4] = 0;
		if (i % 4 == 3)
			less += put_wide(to, v);
	}
	a->start[at] = (int32_t)((uint32_t)work->stage.bias[o] - less);
	stage_of(work, o, at, a);
}

/* The 16 places of a channel's kernels; weights of four input channels at a time. */
static void winograd_channel(const struct cpu_work *work, const uint8_t *w,
			     const struct cpu_packed *p, const struct arrays *a,
			     int32_t *less, size_t group, size_t c)
{
	const struct cpu_shape *s = &work->wgt;
	const size_t o = group * p->channels + c, at = group * p->wide + c;
	const size_t panel = at / CPU_PANEL * CPU_PLACES;
	const size_t place = p->lines * CPU_WIDE_LINE / sizeof(int16_t);
	int16_t *to = (int16_t *)(void *)a->w + panel * place +
		      c % CPU_PANEL / 8 * 32 + c % 8 * 2;
	int16_t u[4][CPU_PLACES];
	int32_t g[9], four[4];

	less += panel * CPU_PANEL + c % CPU_PANEL;
	for (size_t k = 0; k < s->inner; k++) {
		for (size_t t = 0; t < 9; t++) {
			const uint8_t b = w[o * s->stride[1] +
					    t / 3 * s->stride[2] +
					    t % 3 * s->stride[3] + k];

			g[t] = (work->w_signed ? (int8_t)b : b) - work->zw[o];
		}
		octet_cpu_winograd_weights(g, u[k % 4]);
		for (size_t e = 0; k % 4 == 3 && e < CPU_PLACES; e++) {
			for (size_t i = 0; i < 4; i++)
				four[i] = u[i][e];
			less[e * CPU_PANEL] = (int32_t)(
				(uint32_t)less[e * CPU_PANEL] -
				put_wide(to + e * place + k / 4 * 64, four));
		}
	}
	a->start[at] = work->stage.bias[o];
	stage_of(work, o, at, a);
}

static int pack_winograd(const struct cpu_work *work, const uint8_t *w,
			 struct cpu_packed *to, uint64_t *bytes)
{
	const size_t places = to->groups * to->panels * CPU_PLACES;
	const size_t less = places * CPU_PANEL * sizeof(int32_t);
	struct arrays a;
	size_t all;

	to->lines = work->wgt.inner / 4;
	to->line = CPU_PLACES * CPU_WIDE_LINE;
	all = places * to->lines * CPU_WIDE_LINE;
	if (reserve(to, all + less, &a, bytes))
		return -ENOMEM;
	if (to->wide > to->channels)
		memset(a.w, 0, all);
	to->less = memset(a.w + all, 0, less);
	to->less_each = CPU_PLACES;
	for (size_t g = 0; g < to->groups; g++)
		for (size_t c = 0; c < to->channels; c++)
			winograd_channel(work, w, to, &a,
					 (int32_t *)(void *)(a.w + all), g, c);
	publish(to, work, &a, to->k);
	return 0;
}

/* Column @lane of a pair of panels: two channels. */
static void strassen_column(const struct cpu_work *work, const uint8_t *w,
			    const struct cpu_packed *p, size_t o, int16_t *to,
			    int32_t *less)
{
	const struct filter left = filter_of(work, w, o, p->k);
	const struct filter right = filter_of(work, w, o + CPU_PANEL, p->k);
	const size_t half = p->k / 2, place = p->lines / 2 * CPU_WIDE_LINE;
	int32_t v[CPU_PRODUCTS][4];

	for (size_t k = 0; k < half; k++) {
		const int32_t b[4] = {
			weight(work, &left, o, k),
			weight(work, &right, o + CPU_PANEL, k),
			weight(work, &left, o, k + half),
			weight(work, &right, o + CPU_PANEL, k + half),
		};

		octet_cpu_strassen_weights(b, &v[0][k % 4], 4);
		for (size_t e = 0; k % 4 == 3 && e < CPU_PRODUCTS; e++)
			less[e * CPU_PANEL] = (int32_t)(
				(uint32_t)less[e * CPU_PANEL] -
				put_wide(to + (e * place + k / 4 * CPU_WIDE_LINE) /
					 sizeof(*to), v[e]));
	}
}

static int pack_strassen(const struct cpu_work *work, const uint8_t *w,
			 struct cpu_packed *to, uint64_t *bytes)
{
	const size_t pair = CPU_PRODUCTS * to->lines / 2 * CPU_WIDE_LINE;
	const size_t pairs = to->groups * to->panels / 2;
	const size_t ints = (CPU_PRODUCTS + 1) * CPU_PANEL;
	struct arrays a;
	int32_t *less;

	to->strassen = true;
	to->line = CPU_PRODUCTS * CPU_WIDE_LINE / 4;
	to->less_each = ints / (2 * CPU_PANEL);
	if (reserve(to, pairs * (pair + ints * sizeof(*less)), &a, bytes))
		return -ENOMEM;
	less = (int32_t *)(void *)(a.w + pairs * pair);
	to->less = memset(less, 0, pairs * ints * sizeof(*less));
	for (size_t i = 0; i < pairs * CPU_PANEL; i++) {
		const size_t n = i / CPU_PANEL, c = i % CPU_PANEL;
		const size_t o = n * 2 * CPU_PANEL + c;
		const int32_t *bias = work->stage.bias + o;

		strassen_column(work, w, to, o, (int16_t *)(void *)
				(a.w + n * pair) + c / 8 * 32 + c % 8 * 2,
				less + n * ints + c);
		octet_cpu_strassen_bias(bias[0], bias[CPU_PANEL],
					less + n * ints + c, CPU_PANEL);
		stage_of(work, o, o, &a);
		stage_of(work, o + CPU_PANEL, o + CPU_PANEL, &a);
	}
	publish(to, work, &a, to->k);
	return 0;
}

static int pack_wide(const struct cpu_work *work, const uint8_t *w,
		     struct cpu_packed *to, uint64_t *bytes)
{
	const size_t all = to->groups * to->panels * to->lines * CPU_WIDE_LINE;
	struct arrays a;

	if (reserve(to, all, &a, bytes))
		return -ENOMEM;
	if (to->wide > to->channels)
		memset(a.w, 0, all);
	for (size_t g = 0; g < to->groups; g++) {
		for (size_t c = 0; c < to->channels; c++) {
			const struct filter f = filter_of(work, w,
				g * to->channels + c, to->k);

			wide_channel(work, &f, to, &a, g, c);
		}
	}
	publish(to, work, &a, to->k);
	return 0;
}

/*
 * Whether rows of a kernel that are no whole fours are filled up, so that they meet
 * image rows as they lie, with what follows there, and patches need not be copied.
 */
static bool whole_rows(const struct cpu_work *work)
{
	const struct octet_cmd *cmd = work->cmd;
	const uint64_t run = cmd->s * work->wgt.inner;

	if (cmd->op != OCTET_OP_CONV2D || cmd->dw != 1 || cmd->r == 1 ||
	    run % 4 == 0 || run < 6 || !octet_cpu_image_rows_fit(work))
		return false;
	for (uint32_t o = 0; o < cmd->cout; o++)
		if (work->zw[o] || !work->w_signed)
			return false;
	return true;
}

int octet_cpu_pack_panels(const struct octet_cpu *cpu,
			  const struct cpu_work *work, const uint8_t *w,
			  struct cpu_packed *to, uint64_t *bytes)
{
	const struct octet_cmd *cmd = work->cmd;
	const bool gemm = cmd->op == OCTET_OP_GEMM;
	struct arrays a;

	to->negative = cpu->k->bytes->any_sign && work->x_signed;
	to->flip = work->x_signed && !to->negative ? 0x80808080 : 0;
	to->groups = gemm ? 1 : cmd->groups;
	to->channels = cmd->cout / to->groups;
	to->k = gemm ? cmd->cin : (size_t)cmd->r * cmd->s * work->wgt.inner;
	to->panels = (to->channels + CPU_PANEL - 1) / CPU_PANEL;
	to->lines = (to->k + 3) / 4;
	to->line = cpu->k->bytes->widen ? CPU_WIDE_LINE : CPU_LINE;
	to->wide = to->panels * CPU_PANEL;
	to->less = NULL;
	to->strassen = false;
	if (octet_cpu_winograd_fits(cpu, work))
		return pack_winograd(work, w, to, bytes);
	to->row = 0;
	if (octet_cpu_strassen_fits(cpu, work))
		return pack_strassen(work, w, to, bytes);
	if (cpu->k->bytes->widen)
		return pack_wide(work, w, to, bytes);
	if (whole_rows(work)) {
		to->row = (cmd->s * work->wgt.inner + 3) / 4;
		to->lines = cmd->r * to->row;
	}
	if (reserve(to, to->groups * to->panels * to->lines * CPU_LINE, &a,
		    bytes))
		return -ENOMEM;
	for (size_t g = 0; g < to->groups; g++) {
		for (size_t c = 0; c < to->channels; c++) {
			const struct filter f = filter_of(work, w,
				g * to->channels + c, to->k);

			channel(work, &f, to, &a, g, c);
		}
		clear_rest(to, a.w + ((g + 1) * to->panels - 1) * to->lines *
				     CPU_LINE);
	}
	publish(to, work, &a, to->k);
	return 0;
}

/* Where channel c of a depthwise block lies, see struct cpu_dw. */
static size_t place(size_t c)
{
	return c / 4 % 4 * 16 + c / 16 * 4 + c % 4;
}

/* The weight of tap @t of channel @c, without its zero point. */
static int32_t depth_tap(const struct cpu_work *work, size_t c, size_t t)
{
	const struct cpu_shape *s = &work->wgt;
	const uint8_t *from = work->w + c +
			      t / work->cmd->s * s->stride[2] +
			      t % work->cmd->s * s->stride[3];

	return (work->w_signed ? (int8_t)*from : *from) - work->zw[c];
}

/* Channel @c, as if it were channel @as; false if bytes do not hold its weights. */
static bool depth_channel(const struct cpu_work *work,
			  const struct cpu_packed *p, const struct arrays *a,
			  size_t c, size_t as)
{
	const size_t block = as / CPU_DEPTH, in = place(as % CPU_DEPTH);
	int8_t *w = a->w + (block * p->lines * CPU_DEPTH + in) * 4;
	int32_t sum = 0;

	for (size_t t = 0; t < p->k; t++) {
		const int32_t v = depth_tap(work, c, t);

		if (v < -128 || v > 127)
			return false;
		w[t / 4 * CPU_DEPTH * 4 + t % 4] = (int8_t)v;
		sum += v;
	}
	a->start[block * CPU_DEPTH + in] =
		(int32_t)((uint32_t)work->stage.bias[c] -
			  (uint32_t)(input_zero(work, p) * sum));
	stage_of(work, c, block * CPU_DEPTH + in, a);
	return true;
}

/* Channels in order, pairs of taps of each. */
static void wide_depth(const struct cpu_work *work, const struct cpu_packed *p,
		       const struct arrays *a, size_t c)
{
	const size_t in = c % CPU_DEPTH;
	int16_t *w = (int16_t *)(void *)a->w +
		     (c / CPU_DEPTH * p->lines * CPU_DEPTH + in) * 2;
	uint32_t sum = 0;

	for (size_t t = 0; t < p->k; t++) {
		const int32_t v = depth_tap(work, c, t);

		w[t / 2 * CPU_DEPTH * 2 + t % 2] = (int16_t)v;
		sum += (uint32_t)v;
	}
	a->start[c] = (int32_t)((uint32_t)work->stage.bias[c] -
				(uint32_t)work->cmd->src.zero_point * sum);
	stage_of(work, c, c, a);
}

static int pack_wide_depth(const struct cpu_work *work, struct cpu_packed *to,
			   uint64_t *bytes)
{
	size_t w_bytes;
	struct arrays a;

	to->negative = work->x_signed;
	to->flip = 0;
	to->lines = (to->k + 1) / 2;
	w_bytes = to->panels * to->lines * CPU_DEPTH * 2 * sizeof(int16_t);
	if (reserve(to, w_bytes, &a, bytes))
		return -ENOMEM;
	memset(a.w, 0, w_bytes);
	for (size_t c = 0; c < to->channels; c++)
		wide_depth(work, to, &a, c);
	publish(to, work, &a, to->k);
	return 0;
}

int octet_cpu_pack_depth(const struct octet_cpu *cpu,
			 const struct cpu_work *work, struct cpu_packed *to,
			 uint64_t *bytes)
{
	struct arrays a;
	size_t w_bytes, first;

	to->negative = false;
	to->flip = work->x_signed ? 0x80808080 : 0;
	to->groups = 1;
	to->channels = work->cmd->cout;
	to->k = (size_t)work->cmd->r * work->cmd->s;
	to->panels = (to->channels + CPU_DEPTH - 1) / CPU_DEPTH;
	to->lines = (to->k + 3) / 4;
	to->line = 4 * CPU_DEPTH;
	to->wide = to->panels * CPU_DEPTH;
	if (cpu->k->bytes->widen)
		return pack_wide_depth(work, to, bytes);
	first = (to->panels - 1) * CPU_DEPTH;
	w_bytes = round_up(to->panels * to->lines * CPU_DEPTH * 4, 64);
	if (reserve(to, w_bytes, &a, bytes))
		return -ENOMEM;
	memset(a.w, 0, w_bytes);
	for (size_t c = 0; c < to->channels; c++)
		if (!depth_channel(work, to, &a, c, c))
			return -ENOTSUP;
	/* a half block is there twice, for two pixels */
	for (size_t c = first; to->channels - first <= CPU_DEPTH / 2 &&
	     c < to->channels; c++)
		depth_channel(work, to, &a, c, c + CPU_DEPTH / 2);
	publish(to, work, &a, to->k);
	return 0;
}
