/* SPDX-License-Identifier: MIT */
/*
 * The runner of the unit tests: cmocka, quiet unless something fails, and
 * the last line that every test of this project prints. Include it once, in
 * the test program itself:
 *
 *	static void test_x(void **state) { (void)state; assert_true(1); }
 *	UNIT_MAIN(unit_case(test_x), unit_case(test_y))
 */
#ifndef OCTET_TESTS_UNIT_H
#define OCTET_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#define unit_case(f)	cmocka_unit_test(f)

static int unit_skipped;

/* Ends a test without a verdict; the reason is printed. */
static inline void unit_skip(const char *why)
{
	fprintf(stderr, "skipped: %s\n", why);
	unit_skipped++;
	skip();
}

/* The messages of passing tests go nowhere, those of failing ones to stderr. */
static inline int unit_run(const struct CMUnitTest *tests, int count)
{
	FILE *nowhere = fopen("/dev/null", "w");
	int out, failed;

	fflush(stdout);
	out = dup(1);
	if (nowhere)
		dup2(fileno(nowhere), 1);
	failed = _cmocka_run_group_tests("unit", tests, (size_t)count, NULL, NULL);
	fflush(stdout);
	if (out >= 0) {
		dup2(out, 1);
		close(out);
	}
	if (nowhere)
		fclose(nowhere);
	printf("%d passed, %d failed, %d skipped\n", count - failed - unit_skipped, failed,
	       unit_skipped);
	return failed ? 1 : 0;
}

#define UNIT_MAIN(...)							\
int main(void)								\
{									\
	const struct CMUnitTest tests[] = { __VA_ARGS__ };		\
									\
	return unit_run(tests, (int)(sizeof(tests) / sizeof(tests[0])));	\
}

#endif /* OCTET_TESTS_UNIT_H */
