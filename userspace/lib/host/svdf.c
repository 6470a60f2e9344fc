// SPDX-License-Identifier: MIT
/* SVDF: a filter over features, then one over time. */

#include "host_priv.h"

struct svdf {
	uint32_t batch, input, filters, units, memory, rank;
};

static int sizes(const struct octet_graph *g, const struct octet_graph_op *op, struct svdf *s,
		 const char **why)
{
	octet_tensor_t *in = octet_graph_input(g, op, 0), *features = octet_graph_input(g, op, 1);
	octet_tensor_t *time = octet_graph_input(g, op, 2), *bias = octet_graph_input(g, op, 3);
	octet_tensor_t *state = octet_graph_input(g, op, 4), *out = octet_graph_output(g, op, 0);

	OCTET_HOST_NEED(state, -EINVAL, "the state is left out");
	OCTET_HOST_NEED(in->rank == 2 && features->rank == 2 && time->rank == 2, -EINVAL,
			"input and weights must have rank 2");
	OCTET_HOST_NEED(op->opt.svdf.rank > 0, -EINVAL, "the rank must be positive");
	*s = (struct svdf){ .batch = in->dims[0], .input = in->dims[1],
			    .filters = features->dims[0], .memory = time->dims[1],
			    .rank = (uint32_t)op->opt.svdf.rank };
	OCTET_HOST_NEED(s->filters % s->rank == 0, -EINVAL,
			"the filters are not a multiple of the rank");
	s->units = s->filters / s->rank;
	OCTET_HOST_NEED(features->dims[1] == s->input && time->dims[0] == s->filters, -EINVAL,
			"the weights have the wrong shape");
	OCTET_HOST_NEED(state->variable &&
				state->elements == (uint64_t)s->batch * s->filters * s->memory,
			-EINVAL, "the state is not a variable of the right size");
	OCTET_HOST_NEED((!bias || bias->elements == s->units) &&
				out->elements == (uint64_t)s->batch * s->units,
			-EINVAL, "bias or output have the wrong size");
	return 0;
}

static int types_check(const struct octet_graph *g, const struct octet_graph_op *op,
		       const enum octet_dtype types[6], const char **why)
{
	for (uint32_t i = 0; i < 5; i++) {
		octet_tensor_t *t = octet_graph_input(g, op, i);

		OCTET_HOST_NEED(!t || t->type == types[i], -ENOTSUP,
				"only SVDF of float32 and of int8 with int16 state is on the host");
	}
	OCTET_HOST_NEED(octet_graph_output(g, op, 0)->type == types[5], -EINVAL,
			"the output has the wrong type");
	return 0;
}

/* The window moves by one; the newest column is written. */
static void shift(void *state, size_t bytes, size_t element)
{
	memmove(state, (char *)state + element, bytes - element);
}

/* ---- int8 ------------------------------------------------------------------------------ */

static void factors(const struct octet_graph *g, const struct octet_graph_op *op, float f[2])
{
	float in = octet_graph_input(g, op, 0)->scale[0];
	float features = octet_graph_input(g, op, 1)->scale[0];
	float time = octet_graph_input(g, op, 2)->scale[0];
	float state = octet_graph_input(g, op, 4)->scale[0];

	f[0] = in * features / state;
	f[1] = state * time / octet_graph_output(g, op, 0)->scale[0];
}

static int integer_check(const struct octet_graph *g, const struct octet_graph_op *op,
			 const char **why)
{
	static const enum octet_dtype types[] = { OCTET_INT8, OCTET_INT8, OCTET_INT16,
						  OCTET_INT32, OCTET_INT16, OCTET_INT8 };
	static const uint32_t scaled[] = { 0, 1, 2, 4 };
	int ret = types_check(g, op, types, why);
	struct svdf s;
	float f[2];

	if (!ret)
		ret = sizes(g, op, &s, why);
	if (ret)
		return ret;
	for (uint32_t i = 0; i < 4; i++)
		OCTET_HOST_NEED(octet_host_quantized(octet_graph_input(g, op, scaled[i])), -EINVAL,
				"an input of SVDF has no valid scale");
	OCTET_HOST_NEED(octet_host_quantized(octet_graph_output(g, op, 0)), -EINVAL,
			"the output has no valid scale");
	factors(g, op, f);
	OCTET_HOST_NEED(f[0] < 0x1p15f && f[1] < 0x1p15f, -EINVAL,
			"the scales of SVDF are too far apart");
	return 0;
}

static void integer_features(const struct octet_host_call *c, const struct svdf *s, int16_t *state)
{
	const int8_t *x = octet_host_in(c, 0), *w = octet_host_in(c, 1);
	int32_t zp = octet_host_tin(c, 0)->zero_point[0], mult;
	float f[2];
	int left;

	factors(c->g, c->op, f);
	octet_fx_multiplier((double)f[0], &mult, &left);
	for (uint32_t b = 0; b < s->batch; b++) {
		for (uint32_t r = 0; r < s->filters; r++) {
			int32_t sum = 0;

			for (uint32_t i = 0; i < s->input; i++)
				sum += w[(size_t)r * s->input + i] *
				       (x[(size_t)b * s->input + i] - zp);
			sum = octet_fx_scale(sum, mult, left);
			state[((size_t)b * s->filters + r) * s->memory + s->memory - 1] =
				(int16_t)octet_host_clamp(sum, INT16_MIN, INT16_MAX);
		}
	}
}

static int integer(const struct octet_host_call *c)
{
	octet_tensor_t *out = octet_host_tout(c, 0);
	int16_t *state = octet_host_state(c, 4);
	const int16_t *time = octet_host_in(c, 2);
	const int32_t *bias = octet_host_in(c, 3);
	int8_t *y = octet_host_out(c, 0);
	const char *why;
	struct svdf s;
	int32_t mult;
	float f[2];
	int left;

	sizes(c->g, c->op, &s, &why);
	shift(state, octet_host_tin(c, 4)->bytes, sizeof(*state));
	integer_features(c, &s, state);
	factors(c->g, c->op, f);
	octet_fx_multiplier((double)f[1], &mult, &left);
	for (uint32_t b = 0; b < s.batch; b++) {
		for (uint32_t u = 0; u < s.units; u++) {
			uint32_t sum = bias ? (uint32_t)bias[u] : 0;
			int64_t v;

			for (uint32_t i = 0; i < s.rank * s.memory; i++) {
				size_t at = (size_t)u * s.rank * s.memory + i;

				sum += (uint32_t)(time[at] *
						  state[(size_t)b * s.filters * s.memory + at]);
			}
			v = (int64_t)octet_fx_scale((int32_t)sum, mult, left) + out->zero_point[0];
			*y++ = (int8_t)octet_host_clamp(v, INT8_MIN, INT8_MAX);
		}
	}
	return 0;
}

/* ---- float32 ------------------------------------------------------------------------------ */

static int real_check(const struct octet_graph *g, const struct octet_graph_op *op,
		      const char **why)
{
	static const enum octet_dtype types[] = { OCTET_FLOAT32, OCTET_FLOAT32, OCTET_FLOAT32,
						  OCTET_FLOAT32, OCTET_FLOAT32, OCTET_FLOAT32 };
	int ret = types_check(g, op, types, why);
	struct svdf s;
	float min, max;

	if (!ret)
		ret = sizes(g, op, &s, why);
	if (ret)
		return ret;
	OCTET_HOST_NEED(octet_host_activation_float(op->opt.svdf.activation, &min, &max), -ENOTSUP,
			"the activation is not on the host");
	return 0;
}

static int real(const struct octet_host_call *c)
{
	const float *x = octet_host_in(c, 0), *w = octet_host_in(c, 1), *time = octet_host_in(c, 2);
	const float *bias = octet_host_in(c, 3);
	float *state = octet_host_state(c, 4), *y = octet_host_out(c, 0), min, max;
	const char *why;
	struct svdf s;

	sizes(c->g, c->op, &s, &why);
	octet_host_activation_float(c->op->opt.svdf.activation, &min, &max);
	shift(state, octet_host_tin(c, 4)->bytes, sizeof(*state));
	for (uint32_t b = 0; b < s.batch; b++) {
		float *window = state + (size_t)b * s.filters * s.memory;

		for (uint32_t r = 0; r < s.filters; r++) {
			float sum = 0;

			for (uint32_t i = 0; i < s.input; i++)
				sum += w[(size_t)r * s.input + i] * x[(size_t)b * s.input + i];
			window[(size_t)(r + 1) * s.memory - 1] = sum;
		}
		for (uint32_t u = 0; u < s.units; u++) {
			float sum = bias ? bias[u] : 0;

			for (uint32_t r = u * s.rank; r < (u + 1) * s.rank; r++) {
				float part = 0;

				for (uint32_t i = 0; i < s.memory; i++)
					part += time[(size_t)r * s.memory + i] *
						window[(size_t)r * s.memory + i];
				sum += part;
			}
			*y++ = fminf(fmaxf(sum, min), max);
		}
	}
	return 0;
}

const struct octet_host_kernel octet_host_svdf[] = {
	{ OCTET_G_SVDF, 3, 5, 1, integer_check, integer, NULL },
	{ OCTET_G_SVDF, 3, 5, 1, real_check, real, NULL },
	{ 0 },
};
