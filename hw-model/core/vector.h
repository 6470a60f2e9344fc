/* SPDX-License-Identifier: MIT */
/*
 * gcc's -O2 vectorises next to nothing before version 14; files of plain loops
 * over elements begin with this.
 */
#ifndef OCTET_VECTOR_H
#define OCTET_VECTOR_H

#if defined(__GNUC__) && !defined(__clang__)
#define OCTET_VECTOR_LOOPS	_Pragma("GCC optimize(\"O3\")")
#else
#define OCTET_VECTOR_LOOPS
#endif

#endif /* OCTET_VECTOR_H */
