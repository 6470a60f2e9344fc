/* SPDX-License-Identifier: MIT */
/*
 * Products of large matrices in seven products of their quarters instead of eight:
 * Strassen's algorithm, as Winograd writes it. Inputs A in quarters by rows and by
 * depth, weights B by depth and, since any halves will do, by even and odd panels:
 *
 *	S1 = A21 + A22	S2 = S1 - A11	S3 = A11 - A21	S4 = A12 - S2
 *	T1 = B12 - B11	T2 = B22 - T1	T3 = B22 - B12	T4 = T2 - B21
 *	U = A11 B11 + S2 T2	V = U + S3 T3
 *	C11 = A11 B11 + A12 B21	C12 = U + S1 T1 + S4 B22
 *	C21 = V - A22 T4	C22 = V + S1 T1
 *
 * Operands stay below 2^11, their products are exact, and sums wrap modulo 2^32 in
 * any order, so results are those of eight products.
 */
#ifndef OCTET_CPU_STRASSEN_H
#define OCTET_CPU_STRASSEN_H

#include "product.h"

#define CPU_PRODUCTS	7u

/* Their order, that of what is computed: inputs and weights (the last one: -T4). */
enum {
	CPU_A11_B11, CPU_A12_B21, CPU_S2_T2, CPU_S3_T3, CPU_S1_T1, CPU_S4_B22,
	CPU_A22_T4,
};

/* Whether the level does the command so, and it pays. */
bool octet_cpu_strassen_fits(const struct octet_cpu *cpu,
			     const struct cpu_work *work);

/* Weights of the products, @step apart, from B11, B12, B21, B22. */
void octet_cpu_strassen_weights(const int32_t *b, int32_t *to, size_t step);

/* Biases of an even and an odd panel's channel to what products start from. */
void octet_cpu_strassen_bias(int32_t even, int32_t odd, int32_t *to, size_t step);

/* Rows of a block; and its product, once its outputs are found. */
size_t octet_cpu_strassen_rows(const struct cpu_packed *p);
void octet_cpu_strassen(struct cpu_block *b);

#endif
