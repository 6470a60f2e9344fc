/* SPDX-License-Identifier: MIT */
/* Checks as TAP lines: `ok N - text`, `not ok N - text`, and a count at the end. */
#ifndef OCTET_TEST_TAP_H
#define OCTET_TEST_TAP_H

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
	int passed, failed;
} tap;

static inline int tap_number(void)
{
	return tap.passed + tap.failed + 1;
}

__attribute__((format(printf, 2, 3))) static inline bool check(bool ok, const char *text, ...)
{
	va_list ap;

	printf("%sok %d - ", ok ? "" : "not ", tap_number());
	va_start(ap, text);
	vprintf(text, ap);
	va_end(ap);
	putchar('\n');
	if (ok)
		tap.passed++;
	else
		tap.failed++;
	return ok;
}

/* A call that shall end with @want: 0 or a negative errno. */
static inline bool check_ret(int got, int want, const char *text)
{
	if (got == want)
		return check(true, "%s%s%s", text, want ? ": " : "", want ? strerrorname_np(-want) : "");
	return check(false, "%s: got %d (%s), expected %d (%s)", text, got, strerror(abs(got)), want,
		     strerror(-want));
}

__attribute__((noreturn, format(printf, 1, 2))) static inline void bail(const char *text, ...)
{
	va_list ap;

	printf("not ok %d - ", tap_number());
	va_start(ap, text);
	vprintf(text, ap);
	va_end(ap);
	putchar('\n');
	exit(1);
}

static inline void tap_alarm(int sig)
{
	static const char text[] = "not ok 999 - the program took too long: something hangs\n";

	(void)sig;
	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(1);
}

/* Init says by how much this kernel is slower than others. */
static inline void tap_start(unsigned int seconds)
{
	const char *slow = getenv("OCTET_SLOW");

	if (slow && atoi(slow) > 1)
		seconds *= atoi(slow);
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGALRM, tap_alarm);
	alarm(seconds);
}

static inline int tap_end(void)
{
	printf("# %d passed, %d failed, 0 skipped\n", tap.passed, tap.failed);
	return tap.failed != 0;
}

#endif
