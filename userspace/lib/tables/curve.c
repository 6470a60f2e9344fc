// SPDX-License-Identifier: MIT
/* The functions: float32 steps as TFLite takes them, libm's part in double. */

#include <math.h>

#include "curve.h"

static float logistic(const struct octet_curve *c, float x)
{
	(void)c;
	return 1.0f / (1.0f + (float)exp((double)-x));
}

static float tangent(const struct octet_curve *c, float x)
{
	(void)c;
	return (float)tanh((double)x);
}

static float elu(const struct octet_curve *c, float x)
{
	(void)c;
	return x < 0 ? (float)expm1((double)x) : x;
}

static float gelu(const struct octet_curve *c, float x)
{
	float half = 0.5f * x;

	(void)c;
	return half * (float)erfc((double)(x * (float)-M_SQRT1_2));
}

static float gelu_tanh(const struct octet_curve *c, float x)
{
	float slope = (float)(M_2_SQRTPI * M_SQRT1_2);
	float cube = 0.044715f * x * x * x;
	float inner = slope * (x + cube);

	(void)c;
	return 0.5f * x * (1.0f + (float)tanh((double)inner));
}

static float power(const struct octet_curve *c, float x)
{
	(void)c;
	return (float)exp((double)x);
}

static float logarithm(const struct octet_curve *c, float x)
{
	return x <= 0 ? c->low : (float)log((double)x);
}

static float inverse_root(const struct octet_curve *c, float x)
{
	return x <= 0 ? c->high : 1.0f / sqrtf(x);
}

bool octet_curve_find(uint32_t code, const union octet_graph_options *opt, struct octet_curve *c)
{
	switch (code) {
	case OCTET_G_LOGISTIC:
		c->f = logistic;
		return true;
	case OCTET_G_TANH:
		c->f = tangent;
		return true;
	case OCTET_G_ELU:
		c->f = elu;
		return true;
	case OCTET_G_GELU:
		c->f = opt && opt->gelu.approximate ? gelu_tanh : gelu;
		return true;
	case OCTET_G_EXP:
		c->f = power;
		return true;
	case OCTET_G_LOG:
		c->f = logarithm;
		return true;
	case OCTET_G_RSQRT:
		c->f = inverse_root;
		return true;
	default:
		return false;
	}
}
