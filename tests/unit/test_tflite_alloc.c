// SPDX-License-Identifier: MIT
/*
 * Reading, checking and writing models when memory runs out: each allocation
 * fails once; the answer is -ENOMEM with words, nothing leaks, results stay
 * untouched. The linker sends malloc() and its kin here (see tests/build.mk).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "models.h"
#include "tflite/tflite.h"
#include "unit.h"

#define ERR 256
#define NEVER -1

/* How many more succeed; blocks that are not freed. */
static int left = NEVER;
static int blocks;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);

static bool fails(void)
{
	if (left == NEVER)
		return false;
	if (!left)
		return true;
	left--;
	return false;
}

void *__wrap_malloc(size_t size)
{
	void *p = fails() ? NULL : __real_malloc(size);

	blocks += p != NULL;
	return p;
}

void *__wrap_calloc(size_t n, size_t size)
{
	void *p = fails() ? NULL : __real_calloc(n, size);

	blocks += p != NULL;
	return p;
}

void *__wrap_realloc(void *old, size_t size)
{
	void *p = fails() ? NULL : __real_realloc(old, size);

	blocks += p && !old;
	return p;
}

void __wrap_free(void *p)
{
	blocks -= p != NULL;
	__real_free(p);
}

/* Check or write. */
static int call(bool write, const struct octet_graph *g, char *err)
{
	void *out = NULL;
	size_t size = 7;
	int rc;

	if (!write)
		return octet_graph_check(g, err, ERR);
	rc = octet_tflite_write(g, &out, &size, err, ERR);
	if (rc) {
		assert_null(out);
		assert_int_equal(size, 7);
	}
	free(out);
	return rc;
}

/* Fail the first, the second, ... allocation until none fails. */
static void run_out(bool write, const struct octet_graph *g)
{
	int failed = 0, before = blocks, rc;

	do {
		char err[ERR] = "";

		left = failed;
		rc = call(write, g, err);
		left = NEVER;
		if (rc) {
			assert_int_equal(rc, -ENOMEM);
			assert_string_equal(err, "out of memory");
			failed++;
		}
		assert_int_equal(blocks, before);
	} while (rc);
	assert_in_range(failed, 2, 10000);
}

static void test_check_and_write(void **state)
{
	(void)state;
	for (const struct mb_sample *s = mb_samples; s->name; s++) {
		struct mb *m = mb_new(1);

		s->build(m);
		run_out(false, mb_graph(m));
		run_out(true, mb_graph(m));
		mb_free(m);
	}
}

/* Misaligned, so that constants are copied. The graph is the caller's to free. */
static void test_read(void **state)
{
	(void)state;
	for (const struct mb_sample *s = mb_samples; s->name; s++) {
		struct mb *m = mb_new(1);
		int before, failed = 0, rc;
		uint8_t *odd;
		void *bytes;
		size_t size;

		s->build(m);
		mb_finish(m, &bytes, &size);
		odd = malloc(size + 1);
		memcpy(odd + 1, bytes, size);
		before = blocks;
		do {
			struct octet_graph *g = NULL;
			char err[ERR] = "";

			left = failed;
			rc = octet_tflite_read(odd + 1, size, &g, err, sizeof(err));
			left = NEVER;
			if (rc) {
				assert_int_equal(rc, -ENOMEM);
				assert_string_equal(err, "out of memory");
				assert_null(g);
				failed++;
			}
			octet_graph_free(g);
			assert_int_equal(blocks, before);
		} while (rc);
		assert_in_range(failed, 4, 10000);
		free(odd);
		free(bytes);
		mb_free(m);
	}
}

UNIT_MAIN(unit_case(test_check_and_write), unit_case(test_read))
