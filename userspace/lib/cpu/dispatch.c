/* SPDX-License-Identifier: MIT */
/* The table of kernel levels. */
#include "cpu.h"
#include "bytes.h"

/* Levels with byte kernels. */
#define octet_cpu_bytes_scalar_at NULL
#define octet_cpu_bytes_avx2_at &octet_cpu_bytes_avx2
#define octet_cpu_bytes_avx512vnni_at &octet_cpu_bytes_avx512vnni
#define octet_cpu_bytes_amx_at &octet_cpu_bytes_amx

#define CPU_LEVEL(level, need, m, n)				\
	{							\
		.name = #level,					\
		.features = need,				\
		.tile_m = m,					\
		.tile_n = n,					\
		.gemm = octet_cpu_gemm_##level,			\
		.rows = octet_cpu_rows_##level,			\
		.depthwise = octet_cpu_depthwise_##level,	\
		.requant = octet_cpu_requant_##level,		\
		.widen = octet_cpu_widen_##level,		\
		.bytes = octet_cpu_bytes_##level##_at,		\
	},
static const struct cpu_kernels levels[] = {
#include "kernels.inc"
};
#undef CPU_LEVEL

const struct cpu_kernels *octet_cpu_kernels(unsigned int index)
{
	if (index >= sizeof(levels) / sizeof(levels[0]))
		return NULL;
	return &levels[index];
}

const char *octet_cpu_level_name(unsigned int index, bool *available)
{
	const struct cpu_kernels *k = octet_cpu_kernels(index);

	if (!k)
		return NULL;
	if (available)
		*available = !(k->features & ~octet_cpu_features());
	return k->name;
}
