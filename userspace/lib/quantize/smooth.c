// SPDX-License-Identifier: MIT
/*
 * SmoothQuant (Xiao et al.): channels of an activation that stand out take most of
 * its codes, while weights have codes to spare. So channel c is divided by
 *
 *	s = max |x|^alpha / max |w|^(1 - alpha)
 *
 * and the weights that read it are multiplied by s. For activations that fully
 * connected layers alone read, behind what absorbs 1 / s without loss: a product
 * with a constant (and a sum), such as the end of a layer norm, or a layer with NONE
 * or RELU whose weights have a scale per output channel. One scale for all weights
 * would only move the trouble from the activation to the weights before it.
 */
#include <math.h>
#include <stdlib.h>

#include "quantize.h"

#define FARTHEST	1024.0f

/** struct peaks - per tensor largest |x| per channel; NULL: not a place for it */
struct peaks {
	float **max;
};

static int look(struct quantizer *z, struct octet_plan *plan, uint64_t sample, void *arg)
{
	struct peaks *p = arg;

	(void)sample;
	for (uint32_t t = 0; t < z->given; t++) {
		uint32_t channels = z->g->tensors[t].rank ?
				    z->g->tensors[t].dims[z->g->tensors[t].rank - 1] : 1;
		const void *data;
		const float *v;
		size_t bytes;

		if (!p->max[t] || octet_plan_tensor(plan, t, &data, &bytes))
			continue;
		v = data;
		for (size_t i = 0; i < bytes / sizeof(*v); i++)
			p->max[t][i % channels] = fmaxf(p->max[t][i % channels], fabsf(v[i]));
	}
	return 0;
}

static bool for_products(const struct quantizer *z, int32_t tensor)
{
	for (uint32_t i = 0; i < z->g->op_count; i++)
		for (uint32_t k = 0; k < z->g->ops[i].input_count; k++)
			if (z->g->ops[i].inputs[k] == tensor &&
			    z->g->ops[i].code != OCTET_G_FULLY_CONNECTED)
				return false;
	return true;
}

static bool absorbs(struct quantizer *z, int32_t tensor, struct quantize_site *site)
{
	struct quantize_layer l;

	if (!for_products(z, tensor) || !quantize_site(z, tensor, site))
		return false;
	if (!quantize_layer(z, (uint32_t)(site->writer - z->w->ops), &l))
		return true;
	return !z->o.per_tensor && l.rule->axis < l.weights->rank;
}

static int move(struct quantizer *z, const struct quantize_site *site, const float *x)
{
	float *s = calloc(site->channels, sizeof(*s)), alpha = z->o.smooth_alpha;
	int ret = s ? quantize_site_in(z, site, s) : -ENOMEM;

	for (uint32_t c = 0; c < site->channels && !ret; c++) {
		float f = s[c] > 0 && x[c] > 0 ? powf(x[c], alpha) / powf(s[c], 1 - alpha) : 1;

		s[c] = isfinite(f) ? fminf(fmaxf(f, 1 / FARTHEST), FARTHEST) : 1;
	}
	if (!ret)
		ret = quantize_site_move(z, site, s);
	free(s);
	return ret;
}

int quantize_smooth(struct quantizer *z, octet_samples_fn *samples, void *opaque)
{
	struct peaks p = { .max = calloc(z->given + 1, sizeof(*p.max)) };
	struct quantize_site site;
	int ret = p.max ? 0 : -ENOMEM;

	for (uint32_t t = 0; t < z->given && !ret; t++)
		if (absorbs(z, (int32_t)t, &site)) {
			p.max[t] = calloc(site.channels, sizeof(float));
			ret = p.max[t] ? 0 : -ENOMEM;
		}
	if (!ret)
		ret = quantize_watch(z, z->model, samples, opaque, 0, look, &p);
	for (uint32_t t = 0; t < z->given && !ret; t++)
		if (p.max[t] && quantize_site(z, (int32_t)t, &site))
			ret = move(z, &site, p.max[t]);
	for (uint32_t t = 0; p.max && t < z->given; t++)
		free(p.max[t]);
	free(p.max);
	return ret;
}
