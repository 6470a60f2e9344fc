/* SPDX-License-Identifier: MIT */
/*
 * The kernels: what each level provides. Operands are int16 with the zero
 * point already subtracted (-255 .. 255), so a product of two and the sum of
 * two products are exact in 32 bits, and every further sum wraps modulo 2^32:
 * all orders of summation, hence all levels, give equal bits.
 */
#ifndef OCTET_CPU_KERNELS_H
#define OCTET_CPU_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Features of processor and operating system, octet_cpu_features() */
#define CPU_AVX2	(1u << 0)
#define CPU_AVX512VNNI	(1u << 1)	/* F, BW, DQ, VL and VNNI */
#define CPU_AMX		(1u << 2)	/* TILE and INT8, and the kernel's leave */

unsigned int octet_cpu_features(void);

/**
 * struct cpu_stage - output stage of a command, parameters by channel
 *
 * @nearest: the processor rounds to nearest even (else floats are not used)
 */
struct cpu_stage {
	unsigned int stage;
	bool nearest;
	int32_t zero_point;
	int32_t lo;
	int32_t hi;
	const int32_t *bias;
	const uint32_t *mult;
	const uint32_t *shift;
};

struct cpu_bytes;

/**
 * struct cpu_kernels - the kernels of one level
 *
 * @gemm: c[i][j] += sum over k < 2 * pairs of a[i][k] * b[k][j], for i < m,
 *	j < n. a has lda elements a row. b is one or more panels, each
 *	tile_n columns wide (the last one filled up with zeros):
 *
 *	panel p, k even:  b[k][p*T]  b[k+1][p*T]  b[k][p*T+1]  b[k+1][p*T+1] ...
 *	then k + 2 ...    (T = tile_n)
 *
 *	panels are ldb elements apart. n is a multiple of tile_n.
 * @rows: acc[i] = sum over k < n of x[k] * w[i * ldw + k], for i < count. w are
 *	bytes of the signedness given, as they are
 * @depthwise: acc[c] += sum over t < taps of (x[t][c] - zx) * w[t][c], for
 *	c < n. x[t] are bytes of the signedness given. w holds pairs of taps:
 *	w[t/2][c][t%2]; an odd count is filled up with a tap of zeros, for
 *	which x need not exist. w rows are 2 * n elements.
 * @requant: bias, output stage and clamp of n accumulators whose channels
 *	start at channel; dst is bytes, int32 with the RAW code
 * @widen: dst[i] = src[i] - zp
 * @bytes: kernels that multiply bytes; NULL: none
 */
struct cpu_kernels {
	const char *name;
	unsigned int features;
	unsigned int tile_m;
	unsigned int tile_n;
	void (*gemm)(size_t m, size_t n, size_t pairs, const int16_t *a,
		     size_t lda, const int16_t *b, size_t ldb, int32_t *c,
		     size_t ldc);
	void (*rows)(size_t count, size_t n, const int16_t *x,
		     const uint8_t *w, size_t ldw, bool is_signed,
		     int32_t *acc);
	void (*depthwise)(size_t n, size_t taps, const uint8_t *const *x,
			  bool is_signed, int32_t zx, const int16_t *w,
			  int32_t *acc);
	void (*requant)(const struct cpu_stage *st, size_t channel,
			const int32_t *acc, size_t n, void *dst);
	void (*widen)(int16_t *dst, const uint8_t *src, size_t n,
		      bool is_signed, int32_t zp);
	const struct cpu_bytes *bytes;
};

/* Kernels of a level, by name; NULL if there is none. */
const struct cpu_kernels *octet_cpu_kernels(unsigned int index);

/* But for its tiles AMX is AVX-512 VNNI. */
#define octet_cpu_gemm_amx octet_cpu_gemm_avx512vnni
#define octet_cpu_rows_amx octet_cpu_rows_avx512vnni
#define octet_cpu_depthwise_amx octet_cpu_depthwise_avx512vnni
#define octet_cpu_requant_amx octet_cpu_requant_avx512vnni
#define octet_cpu_widen_amx octet_cpu_widen_avx512vnni

#define CPU_LEVEL(level, features, m, n)				\
	void octet_cpu_gemm_##level(size_t m_, size_t n_, size_t pairs,	\
				    const int16_t *a, size_t lda,	\
				    const int16_t *b, size_t ldb,	\
				    int32_t *c, size_t ldc);		\
	void octet_cpu_rows_##level(size_t count, size_t n_,		\
				    const int16_t *x, const uint8_t *w,	\
				    size_t ldw, bool is_signed,		\
				    int32_t *acc);			\
	void octet_cpu_depthwise_##level(size_t n_, size_t taps,	\
					 const uint8_t *const *x,	\
					 bool is_signed, int32_t zx,	\
					 const int16_t *w, int32_t *acc); \
	void octet_cpu_requant_##level(const struct cpu_stage *st,	\
				       size_t channel, const int32_t *acc, \
				       size_t n_, void *dst);		\
	void octet_cpu_widen_##level(int16_t *dst, const uint8_t *src,	\
				     size_t n_, bool is_signed, int32_t zp);
#include "kernels.inc"
#undef CPU_LEVEL

#endif
