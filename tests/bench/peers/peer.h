/* SPDX-License-Identifier: MIT */
/*
 * One operation, made ready by Octet's CPU fallback and by other people's libraries, so
 * that their runs can alternate. One thread each; weights are packed when it is made.
 */
#ifndef PEER_H
#define PEER_H

#include <stddef.h>
#include <stdint.h>

enum peer_kind { PEER_GEMM, PEER_CONV, PEER_DEPTHWISE };

/**
 * struct peer_op - an operation by its shape
 *
 * @m, @n, @k: GEMM
 * @h, @cin, @cout, @kernel, @stride: convolution of a square image, padded by kernel / 2
 */
struct peer_op {
	const char *group;
	enum peer_kind kind;
	uint32_t m, n, k;
	uint32_t h, cin, cout, kernel, stride;
};

/**
 * struct peer_data - its numbers, int8 with one scale per output channel
 *
 * @w: [n][k]; convolution [cout][kernel][kernel][cin]; depthwise [cout][kernel][kernel]
 */
struct peer_data {
	int8_t *x, *w;
	int32_t *bias;
	float *w_scale;
	float x_scale, y_scale;
	int32_t x_zero, y_zero;
	size_t x_bytes, w_bytes, y_bytes;
	uint32_t oh, channels;
	double macs;
};

/**
 * struct peer - a library
 *
 * @begin: before all else, at a level of Octet's; NULL: it does not have that level
 * @make: an operation ready to run, NULL if it has none such
 * @run: once, all of it
 * @result: y_bytes of the newest run
 * @how: words about the implementation chosen; may be NULL
 */
struct peer {
	const char *name;
	const char *(*begin)(const char *level);
	void *(*make)(const struct peer_op *op, const struct peer_data *d);
	void (*run)(void *state);
	const int8_t *(*result)(void *state);
	const char *(*how)(void *state);
	void (*free)(void *state);
};

/*
 * Octet with XNNPACK's rounding, and with its own default, TFLite's; oneDNN with int8 and
 * with uint8 inputs, which it is quicker with on some processors.
 */
extern const struct peer peer_octet, peer_octet_dbl, peer_onednn, peer_onednn_u8, peer_xnnpack;

/* What Octet's operations run on, once it has begun. */
struct octet_ctx *peer_octet_context(void);

/* The job of what one of Octet's peers has made. */
struct octet_job *peer_octet_job(void *state);

/* All operations. */
extern const struct peer_op peer_ops[];
extern const size_t peer_ops_count;

/* Its name for people, at most @n bytes. */
void peer_name(const struct peer_op *op, char *to, size_t n);

/* Its numbers, from one generator for all operations: programs that make all of them, in
 * order, have equal ones. */
void peer_numbers(const struct peer_op *op, struct peer_data *d);
void peer_numbers_free(struct peer_data *d);

/* Says why and ends the program. */
void peer_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
