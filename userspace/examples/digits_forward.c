// SPDX-License-Identifier: MIT
/* The float reference of the digits model, plain loops in a fixed order. */

#include "digits_model.h"

size_t digits_model_act_offset(const struct digits_model *m, uint32_t layer)
{
	size_t at = 0;

	for (uint32_t i = 0; i < layer && i < m->n_layers; i++)
		at += digits_layer_outputs(&m->layers[i]);
	return at;
}

size_t digits_model_acts(const struct digits_model *m)
{
	return digits_model_act_offset(m, m->n_layers);
}

/* The dot product of one output pixel and one filter; padding adds nothing. */
static float filter_at(const struct digits_layer *l, const float *in,
		       const float *w, uint32_t oy, uint32_t ox)
{
	float sum = 0;

	for (uint32_t ky = 0; ky < l->kernel; ky++) {
		uint32_t y = oy * l->stride + ky - l->pad;

		/* Above the image y wraps, and is too large as well. */
		if (y >= l->in_h)
			continue;
		for (uint32_t kx = 0; kx < l->kernel; kx++) {
			uint32_t x = ox * l->stride + kx - l->pad;
			const float *a, *b;

			if (x >= l->in_w)
				continue;
			a = in + ((size_t)y * l->in_w + x) * l->in_c;
			b = w + ((size_t)ky * l->kernel + kx) * l->in_c;
			for (uint32_t c = 0; c < l->in_c; c++)
				sum += a[c] * b[c];
		}
	}
	return sum;
}

void digits_layer_forward(const struct digits_layer *l, const float *in,
			  float *out)
{
	size_t filter = (size_t)l->kernel * l->kernel * l->in_c;

	for (uint32_t y = 0; y < l->out_h; y++)
		for (uint32_t x = 0; x < l->out_w; x++)
			for (uint32_t o = 0; o < l->out_c; o++) {
				float v = filter_at(l, in, l->weights + o * filter,
						    y, x) + l->bias[o];

				*out++ = l->relu && v < 0 ? 0 : v;
			}
}

const float *digits_model_forward(const struct digits_model *m, const float *in,
				  float *acts)
{
	for (uint32_t i = 0; i < m->n_layers; i++) {
		digits_layer_forward(&m->layers[i], in, acts);
		in = acts;
		acts += digits_layer_outputs(&m->layers[i]);
	}
	return in;
}

uint32_t digits_argmax(const float *v, size_t n)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < n; i++)
		if (v[i] > v[best])
			best = i;
	return best;
}
