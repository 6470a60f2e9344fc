// SPDX-License-Identifier: MIT
/* See libtest.h. */

#include "libtest.h"

#include <drm/octet_isa.h>

struct octet_ctx *lt_open(enum octet_backend backend, const char *machine)
{
	OCTET_OPTS(octet_open_opts, o);
	struct octet_ctx *ctx;
	char err[256] = "";

	o.backend = backend;
	o.machine = machine;
	o.errbuf = err;
	o.errbuf_size = sizeof(err);
	if (octet_open(&ctx, &o)) {
		fprintf(stderr, "libtest: %s\n", err);
		fail();
	}
	return ctx;
}

enum octet_backend lt_machine(void)
{
	struct octet_ctx *ctx = lt_open(OCTET_BACKEND_AUTO, NULL);
	enum octet_backend backend = octet_get_backend(ctx);

	octet_close(ctx);
	return backend;
}

uint32_t lt_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

struct octet_tensor *lt_tensor(struct octet_ctx *ctx, const char *name, enum octet_dtype type,
			       uint32_t rank, const uint32_t *dims, uint64_t *state)
{
	struct octet_tensor *t;
	uint8_t *bytes;

	if (octet_tensor_new(ctx, type, rank, dims, &t)) {
		fprintf(stderr, "libtest: %s\n", octet_last_error(ctx));
		fail();
	}
	if (name)
		assert_int_equal(octet_tensor_set_name(t, name), 0);
	bytes = octet_tensor_map(t);
	for (size_t i = 0; state && i < octet_tensor_bytes(t); i++)
		bytes[i] = (uint8_t)lt_random(state);
	return t;
}

void lt_expect_at(struct octet_ctx *ctx, int ret, int error, const char *const *words,
		  const char *file, int line)
{
	const char *text = octet_last_error(ctx);

	if (ret != error) {
		fprintf(stderr, "returned %d, expected %d: %s\n", ret, error, text);
		_fail(file, line);
	}
	for (; *words; words++) {
		if (!strstr(text, *words)) {
			fprintf(stderr, "'%s' is not in: %s\n", *words, text);
			_fail(file, line);
		}
	}
}

struct octet_job *lt_gemm_job(struct octet_ctx *ctx, uint32_t n, struct octet_tensor **y)
{
	OCTET_OPTS(octet_gemm_opts, o);
	struct octet_tensor *a, *b, *c;
	struct octet_job *job;
	uint64_t seed = n;

	a = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(n, n), &seed);
	b = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(n, n), &seed);
	c = lt_tensor(ctx, NULL, OCTET_INT32, LT_DIMS(n, n), NULL);
	o.stage = OCTET_RAW;
	assert_int_equal(octet_job_new(ctx, &job), 0);
	assert_int_equal(octet_job_gemm(job, a, b, NULL, c, &o), 0);
	assert_int_equal(octet_job_ready(job, NULL), 0);
	octet_tensor_free(a);
	octet_tensor_free(b);
	if (y)
		*y = c;
	else
		octet_tensor_free(c);
	return job;
}

struct octet_job *lt_bad_job(struct octet_ctx *ctx)
{
	struct octet_tensor *t = lt_tensor(ctx, NULL, OCTET_INT8, LT_DIMS(64), NULL);
	struct octet_cmd cmd = {
		.op = OCTET_OP_GEMM,
		.act_min = INT32_MIN,
		.act_max = INT32_MAX,
		.n = 1,
		.n2 = 1,
		.h = 2,
		.w = 1,
		.cin = 2,
		.oh = 2,
		.ow = 1,
		.cout = 2,
		.groups = 1,
		.r = 1,
		.s = 1,
		.sh = 1,
		.sw = 1,
		.dh = 1,
		.dw = 1,
		.src = { .addr = 0x1000,
			 .space = OCTET_SPACE_VA,
			 .type = OCTET_TYPE_INT8,
			 .stride = { 0, 0, 2, 0 } },
		.wgt = { .addr = octet_tensor_address(t),
			 .space = OCTET_SPACE_VA,
			 .type = OCTET_TYPE_INT8,
			 .stride = { 0, 0, 2, 0 } },
		.dst = { .addr = octet_tensor_address(t),
			 .space = OCTET_SPACE_VA,
			 .type = OCTET_TYPE_INT32,
			 .stride = { 0, 0, 8, 0 } },
	};
	struct octet_job *job;

	assert_int_equal(octet_job_new(ctx, &job), 0);
	assert_int_equal(octet_job_command(job, &cmd, sizeof(cmd), &t, 1), 0);
	assert_int_equal(octet_job_ready(job, NULL), 0);
	octet_tensor_free(t);
	return job;
}
