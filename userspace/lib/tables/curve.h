/* SPDX-License-Identifier: MIT */
/* Real functions behind tables, shared by the 8 and 16 bit generators. */
#ifndef OCTET_CURVE_H
#define OCTET_CURVE_H

#include "../model/graph.h"

/**
 * struct octet_curve - a function of float32, as TFLite writes it down
 *
 * @low: what LOG gives for values without logarithm
 * @high: the same of RSQRT
 */
struct octet_curve {
	float (*f)(const struct octet_curve *c, float x);
	float low, high;
};

/** octet_curve_find() - of @code; false: none */
bool octet_curve_find(uint32_t code, const union octet_graph_options *opt, struct octet_curve *c);

/**
 * octet_curve_table16() - LUTPopulateInt16 with @f in FloatT double
 *
 * SOFTMAX's tables: ranges in double.
 */
void octet_curve_table16(double in_scale, int32_t in_zp, double out_scale, int32_t out_zp,
			 double (*f)(double), int16_t *table);

#endif /* OCTET_CURVE_H */
