/* SPDX-License-Identifier: MIT */
/*
 * The n-th allocation of this thread fails: the kernel's fail-nth, for failslab and
 * fail_page_alloc, where it has that.
 */
#ifndef OCTET_TEST_FAIL_NTH_H
#define OCTET_TEST_FAIL_NTH_H

#include "gemm.h"

struct fail_sweep {
	unsigned int hits, refused, survived;
	bool complete;	/* the last round had no allocation left to fail */
};

static int fail_fd = -1;

static inline void fail_setting(const char *name, const char *value)
{
	FILE *f = fopen(name, "w");

	if (!f)
		return;
	fputs(value, f);
	fclose(f);
}

/*
 * Nothing fails in @function. drm_minor_alloc() of Linux 6.12 and of 7.2 gives its
 * error path what drm_sysfs_minor_alloc() returns as if it were a device, and crashes.
 */
static inline void fail_spare(const char *function)
{
	static const char *const kinds[] = { "failslab", "fail_page_alloc" };
	unsigned long long at, start = 0, end = ~0ull;
	char line[256], name[128], path[64], text[32];
	FILE *f;

	for (int pass = 0; pass < 2; pass++) {
		f = fopen("/proc/kallsyms", "r");
		while (f && fgets(line, sizeof(line), f)) {
			if (sscanf(line, "%llx %*c %127s", &at, name) != 2)
				continue;
			if (!pass && !strcmp(name, function))
				start = at;
			else if (pass && at > start && at < end)
				end = at;
		}
		if (f)
			fclose(f);
	}
	if (!start)
		bail("/proc/kallsyms has no %s", function);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/stacktrace-depth", kinds[i]);
		fail_setting(path, "32");
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/reject-start", kinds[i]);
		snprintf(text, sizeof(text), "%#llx", start);
		fail_setting(path, text);
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/reject-end", kinds[i]);
		snprintf(text, sizeof(text), "%#llx", end);
		fail_setting(path, text);
	}
}

/* Return: whether allocations can be made to fail here. */
static inline bool fail_start(void)
{
	static const char *const paths[] = {
		"/proc/thread-self/fail-nth", "/sys/kernel/debug/octet-fail-nth",
	};

	for (size_t i = 0; i < 2 && fail_fd < 0; i++)
		fail_fd = open(paths[i], O_RDWR | O_CLOEXEC);
	if (fail_fd < 0)
		return false;
	fail_spare("drm_sysfs_minor_alloc");
	/* Allocations that may sleep too, of any order, without a stack trace each. */
	fail_setting("/sys/kernel/debug/failslab/ignore-gfp-wait", "N");
	fail_setting("/sys/kernel/debug/failslab/verbose", "0");
	fail_setting("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
	fail_setting("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N");
	fail_setting("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	fail_setting("/sys/kernel/debug/fail_page_alloc/verbose", "0");
	return true;
}

static inline void fail_arm(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(fail_fd, text, len, 0) != len)
		bail("fail-nth: %s", strerror(errno));
}

/* Return: whether an allocation has failed since fail_arm(). */
static inline bool fail_disarm(void)
{
	char text[16] = "";

	if (pread(fail_fd, text, sizeof(text) - 1, 0) <= 0)
		bail("fail-nth: %s", strerror(errno));
	fail_arm(0);
	return atoi(text) == 0;
}

#endif
