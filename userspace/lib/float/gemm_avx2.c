// SPDX-License-Identifier: MIT
/* The product for AVX2. */

#define GEMM octet_float_gemm_avx2
#define WIDTH 32
#define ROWS 4

#include "gemm.inc"
