/* SPDX-License-Identifier: MIT */
/* Properties of the emulated device, set from a program: the case's line to the host. */
#ifndef OCTET_TEST_HOST_H
#define OCTET_TEST_HOST_H

#include "tap.h"

#define HOST_FD 3	/* see case.sh */

/* One line there, one line back: whether it begins with "ok". */
static inline bool host_answer(const char *line, char *answer, size_t size)
{
	size_t n = 0;

	if (dprintf(HOST_FD, "%s\n", line) < 0)
		return false;
	while (n + 1 < size && read(HOST_FD, answer + n, 1) == 1 && answer[n] != '\n')
		n++;
	answer[n] = '\0';
	return !strncmp(answer, "ok", 2);
}

static inline bool host_ask(const char *line)
{
	char answer[512];

	if (host_answer(line, answer, sizeof(answer)))
		return true;
	printf("# host: %s\n", answer);
	return false;
}

/* @value: as in JSON */
static inline bool host_set(const char *property, const char *value)
{
	char line[256];

	snprintf(line, sizeof(line),
		 "qmp {\"execute\":\"qom-set\",\"arguments\":{\"path\":\"/machine/peripheral/octet0\","
		 "\"property\":\"%s\",\"value\":%s}}", property, value);
	return host_ask(line);
}

/* A property that is a number; 0 too if there is none. */
static inline unsigned long host_get(const char *property)
{
	char line[256], answer[512];

	snprintf(line, sizeof(line),
		 "qmp {\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/machine/peripheral/octet0\","
		 "\"property\":\"%s\"}}", property);
	return host_answer(line, answer, sizeof(answer)) ? strtoul(answer + 2, NULL, 10) : 0;
}

/*
 * A test must notice that a guarantee is broken: @attack returns whether it was
 * stopped, which it must not be while @property is set.
 */
static inline void host_control(const char *property, const char *guarantee,
				bool (*attack)(void))
{
	bool stopped;

	if (!host_set(property, "true")) {
		check(false, "the device has no switch %s", property);
		return;
	}
	stopped = attack();
	host_set(property, "false");
	check(!stopped, "  control: with %s that gets through, without %s", property, guarantee);
}

#endif
