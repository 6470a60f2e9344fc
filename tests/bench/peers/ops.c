// SPDX-License-Identifier: MIT
/* The operations that are compared, and their numbers: the same in every program. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peer.h"

#define CONV(group, kind, h, cin, cout, kernel, stride) \
	{ group, kind, 0, 0, 0, h, cin, cout, kernel, stride }
#define GEMM(s) { "gemm", PEER_GEMM, s, s, s, 0, 0, 0, 0, 0 }
#define R3(h, c, s) CONV("resnet 3x3", PEER_CONV, h, c, c, 3, s)
#define R1(h, cin, cout, s) CONV("resnet 1x1", PEER_CONV, h, cin, cout, 1, s)
#define DW(h, c, s) CONV("mobilenet depthwise", PEER_DEPTHWISE, h, c, c, 3, s)

const struct peer_op peer_ops[] = {
	GEMM(128), GEMM(256), GEMM(512), GEMM(1024), GEMM(2048),
	R3(56, 64, 1), R3(56, 128, 2), R3(28, 128, 1), R3(28, 256, 2), R3(14, 256, 1),
	R3(14, 512, 2), R3(7, 512, 1),
	R1(56, 64, 64, 1), R1(56, 64, 256, 1), R1(56, 256, 64, 1), R1(56, 256, 512, 2),
	R1(28, 512, 128, 1), R1(28, 128, 512, 1), R1(14, 1024, 256, 1), R1(14, 256, 1024, 1),
	R1(7, 2048, 512, 1), R1(7, 512, 2048, 1),
	DW(112, 32, 1), DW(112, 96, 2), DW(56, 144, 1), DW(56, 144, 2), DW(28, 192, 1),
	DW(28, 192, 2), DW(14, 384, 1), DW(14, 576, 2), DW(7, 960, 1),
};

const size_t peer_ops_count = sizeof(peer_ops) / sizeof(peer_ops[0]);

void peer_die(const char *format, ...)
{
	va_list args;

	fputs("bench ops: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static uint32_t random_bits(void)
{
	static uint64_t x = 1;

	x = x * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(x >> 33);
}

static void fill(int8_t **to, size_t bytes)
{
	*to = malloc(bytes);
	if (!*to)
		peer_die("out of memory");
	for (size_t i = 0; i < bytes; i++)
		(*to)[i] = (int8_t)((int)(random_bits() % 255) - 127);
}

/* Real networks have a zero point on each activation, and scales by channel. */
void peer_numbers(const struct peer_op *op, struct peer_data *d)
{
	const uint32_t k = op->kernel;
	size_t depth = op->kind == PEER_GEMM ? op->k : (size_t)k * k * op->cin;

	memset(d, 0, sizeof(*d));
	d->channels = op->kind == PEER_GEMM ? op->n : op->cout;
	d->oh = op->kind == PEER_GEMM ? 0 : (op->h + 2 * (k / 2) - k) / op->stride + 1;
	d->x_bytes = op->kind == PEER_GEMM ? (size_t)op->m * op->k :
					     (size_t)op->h * op->h * op->cin;
	d->y_bytes = op->kind == PEER_GEMM ? (size_t)op->m * op->n :
					     (size_t)d->oh * d->oh * op->cout;
	if (op->kind == PEER_DEPTHWISE)
		depth = (size_t)k * k;
	d->w_bytes = d->channels * depth;
	d->macs = (double)d->y_bytes * (double)depth;
	fill(&d->x, d->x_bytes);
	fill(&d->w, d->w_bytes);
	d->bias = malloc(d->channels * sizeof(*d->bias));
	d->w_scale = malloc(d->channels * sizeof(*d->w_scale));
	if (!d->bias || !d->w_scale)
		peer_die("out of memory");
	for (uint32_t c = 0; c < d->channels; c++) {
		d->bias[c] = (int32_t)(random_bits() % 2001) - 1000;
		d->w_scale[c] = 0.001f + (float)(random_bits() % 1000) * 1e-6f;
	}
	d->x_scale = 0.05f;
	/* results all over the range */
	d->y_scale = 0.05f * 0.0015f * 73 * sqrtf((float)depth) * 73 / 60;
	d->x_zero = -5;
	d->y_zero = 3;
}

void peer_numbers_free(struct peer_data *d)
{
	free(d->x);
	free(d->w);
	free(d->bias);
	free(d->w_scale);
}

void peer_name(const struct peer_op *op, char *to, size_t n)
{
	if (op->kind == PEER_GEMM)
		snprintf(to, n, "gemm %u", op->m);
	else
		snprintf(to, n, "%s %ux%ux%u -> %u /%u", op->group, op->h, op->h, op->cin,
			 op->cout, op->stride);
}
