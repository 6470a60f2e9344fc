// SPDX-License-Identifier: MIT
/* Observers: what they see, and the range that follows. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "quantize.h"

static const char *const names[] = {
	[OCTET_OBSERVE_MINMAX] = "minmax",	   [OCTET_OBSERVE_MOVING] = "moving",
	[OCTET_OBSERVE_PERCENTILE] = "percentile", [OCTET_OBSERVE_HISTOGRAM] = "histogram",
	[OCTET_OBSERVE_MSE] = "mse",		   [OCTET_OBSERVE_ENTROPY] = "entropy",
};

#define KINDS (sizeof(names) / sizeof(names[0]))

/**
 * struct octet_observer
 *
 * @seen: values per channel
 * @min: @max: [channels]
 */
struct octet_observer {
	struct octet_observer_opts o;
	uint64_t seen;
	float *min, *max;
};

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

static int options(const struct octet_observer_opts *user, struct octet_observer_opts *o)
{
	int ret = octet_opts_in(NULL, "octet_observer_opts", user, sizeof(*o), o);

	if (ret)
		return ret;
	if (!o->channels)
		o->channels = 1;
	if (o->momentum == 0)
		o->momentum = 0.01;
	if ((size_t)o->kind >= KINDS || !(o->momentum > 0 && o->momentum <= 1))
		return -EINVAL;
	if (o->channels > 1 && o->kind != OCTET_OBSERVE_MINMAX)
		return -EINVAL;
	return o->kind > OCTET_OBSERVE_MOVING ? -ENOTSUP : 0;
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
	if (!w->min || !w->max) {
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
	free(w->min);
	free(w->max);
	free(w);
}

static void widen(struct octet_observer *w, const float *data, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t c = i % w->o.channels;
		bool first = !w->seen && i < w->o.channels;

		w->min[c] = first ? data[i] : fminf(w->min[c], data[i]);
		w->max[c] = first ? data[i] : fmaxf(w->max[c], data[i]);
	}
}

static void move(struct octet_observer *w, const float *data, size_t count)
{
	float min = data[0], max = data[0], m = (float)w->o.momentum;

	for (size_t i = 1; i < count; i++) {
		min = fminf(min, data[i]);
		max = fmaxf(max, data[i]);
	}
	w->min[0] = w->seen ? w->min[0] + m * (min - w->min[0]) : min;
	w->max[0] = w->seen ? w->max[0] + m * (max - w->max[0]) : max;
}

int octet_observer_add(struct octet_observer *w, const float *data, size_t count)
{
	if (!w || (count && !data) || count % w->o.channels)
		return -EINVAL;
	for (size_t i = 0; i < count; i++)
		if (!isfinite(data[i]))
			return -EINVAL;
	if (!count)
		return 0;
	if (w->o.kind == OCTET_OBSERVE_MOVING)
		move(w, data, count);
	else
		widen(w, data, count);
	w->seen += count / w->o.channels;
	return 0;
}

int octet_observer_range(const struct octet_observer *w, const struct octet_quant_opts *opts,
			 uint32_t channel, float *min, float *max, double *clipped)
{
	(void)opts;
	if (!w || !min || !max || channel >= w->o.channels)
		return -EINVAL;
	if (!w->seen)
		return -ENODATA;
	/* Values of one sign begin at 0, which is then exact. */
	*min = fminf(w->min[channel], 0);
	*max = fmaxf(w->max[channel], 0);
	if (clipped)
		*clipped = 0;
	return 0;
}
