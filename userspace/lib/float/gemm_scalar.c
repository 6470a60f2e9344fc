// SPDX-License-Identifier: MIT
/* The product for any machine: what the compiler makes of four floats. */

#define GEMM octet_float_gemm_scalar
#define WIDTH 16
#define ROWS 2

#include "gemm.inc"
