// SPDX-License-Identifier: MIT
/* Parts of models: every operator of the small networks, alone, gives what it gives in the whole. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <octet.h>

#include "models.h"
#include "unit.h"

static struct octet_ctx *ctx;

static void *bytes_of_input(uint32_t i, size_t bytes, enum octet_dtype type, uint8_t *to)
{
	for (size_t k = 0; k < bytes; k++)
		to[k] = (uint8_t)((k * 2654435761u + i) >> 13);
	for (size_t k = 0; type == OCTET_FLOAT32 && k < bytes / 4; k++)
		((float *)(void *)to)[k] = (float)((int)(k * 7 + i) % 64 - 32) / 16;
	for (size_t k = 0; type == OCTET_INT32 && k < bytes / 4; k++)
		((int32_t *)(void *)to)[k] = (int32_t)(k % 2);
	return to;
}

static struct octet_plan *run_whole(struct octet_model *model)
{
	OCTET_OPTS(octet_plan_opts, opts);
	struct octet_plan *plan;

	opts.keep = true;
	if (octet_plan_new(ctx, model, &opts, &plan))
		return NULL;
	for (uint32_t i = 0; i < octet_model_inputs(model); i++) {
		OCTET_OPTS(octet_tensor_info, t);
		size_t bytes;
		uint8_t *to = octet_plan_input(plan, 0, i, &bytes);

		octet_model_tensor(model, (uint32_t)octet_model_input(model, i), &t);
		bytes_of_input(i, bytes, t.type, to);
	}
	assert_int_equal(octet_plan_start(plan, 0), 0);
	assert_int_equal(octet_plan_wait(plan, 0, -1), 0);
	return plan;
}

/* Inputs of a part from the whole, and its results against the whole's. */
static void compare_part(struct octet_plan *whole, struct octet_model *part, struct octet_plan *plan,
			 const char *name, uint32_t op)
{
	const void *data;
	size_t bytes;

	for (uint32_t i = 0; i < octet_model_inputs(part); i++) {
		uint32_t t = (uint32_t)octet_model_input(part, i);

		assert_int_equal(octet_plan_tensor(whole, t, &data, &bytes), 0);
		memcpy(octet_plan_input(plan, 0, i, NULL), data, bytes);
	}
	assert_int_equal(octet_plan_start(plan, 0), 0);
	assert_int_equal(octet_plan_wait(plan, 0, -1), 0);
	for (uint32_t i = 0; i < octet_model_outputs(part); i++) {
		uint32_t t = (uint32_t)octet_model_output(part, i);

		assert_int_equal(octet_plan_tensor(whole, t, &data, &bytes), 0);
		if (memcmp(octet_plan_output(plan, 0, i, NULL), data, bytes))
			fail_msg("%s: operator %u by itself has another result", name, op);
	}
}

static void each_operator(struct octet_model *model, const char *name)
{
	struct octet_plan *whole = run_whole(model), *plan;
	uint32_t n = octet_model_ops(model);
	struct octet_model *part;

	/* One of the networks has an operator that nothing runs. */
	for (uint32_t i = 0; whole && i < n; i++) {
		assert_int_equal(octet_model_part(&part, model, i, 1), 0);
		assert_int_equal(octet_model_ops(part), 1);
		assert_int_equal(octet_model_tensors(part), octet_model_tensors(model));
		if (octet_plan_new(ctx, part, NULL, &plan))
			fail_msg("%s: operator %u: %s", name, i, octet_last_error(ctx));
		compare_part(whole, part, plan, name, i);
		octet_plan_free(plan);
		octet_model_free(part);
	}
	/* And the second half in one. */
	if (whole && n > 1) {
		assert_int_equal(octet_model_part(&part, model, n / 2, n - n / 2), 0);
		assert_int_equal(octet_plan_new(ctx, part, NULL, &plan), 0);
		compare_part(whole, part, plan, name, n / 2);
		octet_plan_free(plan);
		octet_model_free(part);
	}
	octet_plan_free(whole);
}

static struct octet_model *load(const struct mb_sample *s, void **bytes)
{
	struct mb *m = mb_new(3);
	struct octet_model *model;
	size_t size;

	s->build(m);
	mb_finish(m, bytes, &size);
	mb_free(m);
	assert_int_equal(octet_model_load_memory(&model, *bytes, size, NULL), 0);
	return model;
}

static void test_operators(void **state)
{
	OCTET_OPTS(octet_open_opts, opts);

	(void)state;
	opts.backend = OCTET_BACKEND_CPU;
	assert_int_equal(octet_open(&ctx, &opts), 0);
	for (const struct mb_sample *s = mb_samples; s->name; s++) {
		void *bytes;
		struct octet_model *model = load(s, &bytes);

		each_operator(model, s->name);
		octet_model_free(model);
		free(bytes);
	}
	octet_close(ctx);
}

static void test_refused(void **state)
{
	struct octet_model *part;
	void *bytes;
	struct octet_model *model = load(&mb_samples[0], &bytes);
	uint32_t n = octet_model_ops(model);

	(void)state;
	assert_int_equal(octet_model_part(&part, model, n, 1), -ENOENT);
	assert_int_equal(octet_model_part(&part, model, 0, n + 1), -ENOENT);
	assert_int_equal(octet_model_part(&part, model, 1, UINT32_MAX), -ENOENT);
	assert_int_equal(octet_model_part(&part, model, 0, 0), -ENOENT);
	assert_int_equal(octet_model_part(NULL, model, 0, 1), -EINVAL);
	assert_int_equal(octet_model_part(&part, NULL, 0, 1), -EINVAL);
	assert_int_equal(octet_model_part(&part, model, 0, n), 0);
	assert_int_equal(octet_model_inputs(part), octet_model_inputs(model));
	octet_model_free(part);
	octet_model_free(model);
	free(bytes);
}

UNIT_MAIN(unit_case(test_operators), unit_case(test_refused))
