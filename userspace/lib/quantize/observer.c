// SPDX-License-Identifier: MIT
/* Observers: what they see, and the range that follows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "observer.h"

static const char *const names[] = {
	[OCTET_OBSERVE_MINMAX] = "minmax",	   [OCTET_OBSERVE_MOVING] = "moving",
	[OCTET_OBSERVE_PERCENTILE] = "percentile", [OCTET_OBSERVE_HISTOGRAM] = "histogram",
	[OCTET_OBSERVE_MSE] = "mse",		   [OCTET_OBSERVE_ENTROPY] = "entropy",
};

#define KINDS (sizeof(names) / sizeof(names[0]))

const char *octet_observer_name(enum octet_observer_kind kind)
{
	return (size_t)kind < KINDS ? names[kind] : "?";
}

int octet_observer_parse(const char *name, enum octet_observer_kind *kind)
{
	for (size_t i = 0; name && kind && i < KINDS; i++) {
		if (strcmp(name, names[i]))
			continue;
		*kind = (enum octet_observer_kind)i;
		return 0;
	}
	return -EINVAL;
}

static bool per_channel(const struct octet_observer_opts *o)
{
	return o->kind == OCTET_OBSERVE_MINMAX || o->kind == OCTET_OBSERVE_MOVING;
}

static int options(const struct octet_observer_opts *user, struct octet_observer_opts *o)
{
	int ret = octet_opts_in(NULL, "octet_observer_opts", user, sizeof(*o), o);

	if (ret)
		return ret;
	if (!o->channels)
		o->channels = 1;
	if (!o->bins)
		o->bins = 2048;
	if (o->momentum == 0)
		o->momentum = 0.01;
	if (o->percentile == 0)
		o->percentile = 99.999;
	if ((size_t)o->kind >= KINDS || !(o->momentum > 0 && o->momentum <= 1) ||
	    !(o->percentile > 50 && o->percentile <= 100) || o->bins < 16 || o->bins > 65536)
		return -EINVAL;
	if (o->levels && (o->levels < 4 || o->levels > 65536))
		return -EINVAL;
	return o->channels > 1 && !per_channel(o) ? -EINVAL : 0;
}

/* Min-max clips nothing, and channels have no histogram of their own. */
static bool has_histogram(const struct octet_observer *w)
{
	return w->o.kind != OCTET_OBSERVE_MINMAX && w->o.channels == 1;
}

int octet_observer_new(struct octet_observer **out, const struct octet_observer_opts *opts)
{
	struct octet_observer_opts o;
	struct octet_observer *w;
	int ret = options(opts, &o);

	if (ret)
		return ret;
	if (!out)
		return -EINVAL;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->o = o;
	w->min = calloc(o.channels, sizeof(*w->min));
	w->max = calloc(o.channels, sizeof(*w->max));
	if (!w->min || !w->max || (has_histogram(w) && histogram_init(&w->h, o.bins)) ||
	    (o.kind == OCTET_OBSERVE_HISTOGRAM && torch_histogram_init(&w->torch, o.bins))) {
		octet_observer_free(w);
		return -ENOMEM;
	}
	*out = w;
	return 0;
}

void octet_observer_free(struct octet_observer *w)
{
	if (!w)
		return;
	histogram_free(&w->h);
	torch_histogram_free(&w->torch);
	free(w->min);
	free(w->max);
	free(w);
}

/* Comparisons, not fminf(): that is a call for each value. */
static inline void extend(float x, float *min, float *max)
{
	*min = x < *min ? x : *min;
	*max = x > *max ? x : *max;
}

/* Smallest and largest of finite values. */
static int scan(const float *data, size_t count, float *min, float *max)
{
	float lo = data[0], hi = data[0];
	bool good = true;

	for (size_t i = 0; i < count; i++) {
		/* Of what is not finite the difference is NaN. */
		good &= data[i] - data[i] == 0;
		extend(data[i], &lo, &hi);
	}
	*min = lo;
	*max = hi;
	return good ? 0 : -EINVAL;
}

static void widen(struct octet_observer *w, const float *data, size_t count)
{
	size_t channels = w->o.channels;

	if (!w->seen) {
		memcpy(w->min, data, channels * sizeof(*data));
		memcpy(w->max, data, channels * sizeof(*data));
	}
	for (size_t i = 0; i < count; i += channels)
		for (size_t c = 0; c < channels; c++)
			extend(data[i + c], &w->min[c], &w->max[c]);
}

static float average(float old, float new, float momentum)
{
	/* The difference of two floats may be none. */
	if (!isfinite(new - old))
		return old * (1 - momentum) + momentum * new;
	return old + momentum * (new - old);
}

/* As PyTorch's MovingAverageMinMaxObserver: in float32, the first call as it is. */
static void move(struct octet_observer *w, const float *data, size_t count)
{
	float m = (float)w->o.momentum;

	for (size_t c = 0; c < w->o.channels; c++) {
		float min = data[c], max = data[c];

		for (size_t i = c; i < count; i += w->o.channels)
			extend(data[i], &min, &max);
		w->min[c] = w->seen ? average(w->min[c], min, m) : min;
		w->max[c] = w->seen ? average(w->max[c], max, m) : max;
	}
}

static bool one_range(const struct octet_observer *w)
{
	return w->o.kind != OCTET_OBSERVE_MOVING && w->o.channels == 1;
}

int octet_observer_add(struct octet_observer *w, const float *data, size_t count)
{
	float min, max;

	if (!w || (count && !data) || count % w->o.channels)
		return -EINVAL;
	if (!count)
		return 0;
	if (scan(data, count, &min, &max))
		return -EINVAL;
	w->lowest = w->seen ? fminf(w->lowest, min) : min;
	w->highest = w->seen ? fmaxf(w->highest, max) : max;
	if (w->o.kind == OCTET_OBSERVE_MOVING) {
		move(w, data, count);
	} else if (one_range(w)) {
		w->min[0] = w->lowest;
		w->max[0] = w->highest;
	} else {
		widen(w, data, count);
	}
	if (has_histogram(w))
		histogram_add(&w->h, data, count, fmaxf(-min, max));
	if (w->o.kind == OCTET_OBSERVE_HISTOGRAM)
		torch_histogram_add(&w->torch, data, count, min, max);
	w->seen += count / w->o.channels;
	return 0;
}

static int search(struct search *s)
{
	switch (s->w->o.kind) {
	case OCTET_OBSERVE_PERCENTILE:
		return search_percentile(s);
	case OCTET_OBSERVE_HISTOGRAM:
		return search_l2(s);
	case OCTET_OBSERVE_MSE:
		return search_mse(s);
	case OCTET_OBSERVE_ENTROPY:
		return search_entropy(s);
	default:
		return 0;
	}
}

int octet_observer_range(const struct octet_observer *w, const struct octet_quant_opts *opts,
			 uint32_t channel, float *min, float *max, double *clipped)
{
	struct octet_codes codes;
	struct search s = { .w = w, .codes = &codes };
	int ret = octet_codes_get(opts, &codes);

	if (ret)
		return ret;
	if (!w || !min || !max || channel >= w->o.channels)
		return -EINVAL;
	if (!w->seen)
		return -ENODATA;
	s.min = (double)(per_channel(&w->o) ? w->min[channel] : w->lowest);
	s.max = (double)(per_channel(&w->o) ? w->max[channel] : w->highest);
	/* Values of one sign begin at 0, which is then exact. */
	s.min = fmin(s.min, 0);
	s.max = fmax(s.max, 0);
	ret = search(&s);
	if (ret)
		return ret;
	/* Not -0. */
	*min = (float)(s.min + 0.0);
	*max = (float)(s.max + 0.0);
	if (!clipped)
		return 0;
	*clipped = w->o.kind == OCTET_OBSERVE_MINMAX ? 0 : -1;
	if (has_histogram(w)) {
		double lo = s.min <= (double)w->lowest ? -INFINITY : s.min;
		double hi = s.max >= (double)w->highest ? INFINITY : s.max;

		*clipped = histogram_outside(&w->h, lo, hi) / (double)w->h.total;
	}
	return 0;
}
