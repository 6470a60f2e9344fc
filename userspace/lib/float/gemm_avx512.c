// SPDX-License-Identifier: MIT
/* The product for AVX-512. */

#define GEMM octet_float_gemm_avx512
#define WIDTH 64
#define ROWS 8

#include "gemm.inc"
