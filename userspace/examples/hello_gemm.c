// SPDX-License-Identifier: MIT
/*
 * The shortest complete program: C = A B on int8, raw int32 sums. Device
 * if there is one, else the simulator; an argument names a backend.
 *
 *	hello_gemm [drm|sim|cpu]
 */

#include <stdio.h>

#include <octet.h>

#define M 2
#define K 4
#define N 3

static const int8_t data_a[M][K] = { { 1, 2, 3, 4 }, { -1, 0, 1, 127 } };
static const int8_t data_b[K][N] = { { 1, 0, 2 }, { 0, 1, 2 }, { 1, 1, 2 }, { -1, 0, 127 } };

static int fail(struct octet_ctx *ctx, int error)
{
	fprintf(stderr, "hello_gemm: %s: %s\n", octet_strerror(error), octet_last_error(ctx));
	octet_close(ctx);
	return 1;
}

static int multiply(struct octet_ctx *ctx, int32_t result[M][N])
{
	struct octet_tensor *a, *b, *c;
	OCTET_OPTS(octet_gemm_opts, o);
	int ret;

	o.stage = OCTET_RAW;
	if ((ret = octet_tensor_new(ctx, OCTET_INT8, 2, (uint32_t[]){ M, K }, &a)) ||
	    (ret = octet_tensor_new(ctx, OCTET_INT8, 2, (uint32_t[]){ K, N }, &b)) ||
	    (ret = octet_tensor_new(ctx, OCTET_INT32, 2, (uint32_t[]){ M, N }, &c)) ||
	    (ret = octet_tensor_write(a, data_a, sizeof(data_a))) ||
	    (ret = octet_tensor_write(b, data_b, sizeof(data_b))) ||
	    (ret = octet_gemm(ctx, a, b, NULL, c, &o, NULL)))
		return ret;
	return octet_tensor_read(c, result, sizeof(int32_t[M][N]));
}

int main(int argc, char **argv)
{
	OCTET_OPTS(octet_open_opts, open);
	struct octet_ctx *ctx;
	int32_t c[M][N];
	char err[256];
	int ret, bad = 0;

	if (argc > 2 || (argc == 2 && octet_backend_parse(argv[1], &open.backend))) {
		fputs("usage: hello_gemm [drm|sim|cpu]\n", stderr);
		return 2;
	}
	open.errbuf = err;
	open.errbuf_size = sizeof(err);
	if (octet_open(&ctx, &open)) {
		fprintf(stderr, "hello_gemm: %s\n", err);
		return 1;
	}
	printf("%s: %s\n", octet_backend_name(octet_get_backend(ctx)), octet_backend_reason(ctx));
	ret = multiply(ctx, c);
	if (ret)
		return fail(ctx, ret);
	for (int i = 0; i < M; i++) {
		for (int j = 0; j < N; j++) {
			int32_t sum = 0;

			for (int k = 0; k < K; k++)
				sum += data_a[i][k] * data_b[k][j];
			bad += c[i][j] != sum;
			printf("%8d", c[i][j]);
		}
		putchar('\n');
	}
	printf("hello_gemm: %s\n", bad ? "FAIL" : "PASS");
	octet_close(ctx);
	return bad != 0;
}
