/* SPDX-License-Identifier: MIT */
/* What the driver shows of a device and its clients: sysfs, debugfs, fdinfo. */
#ifndef OCTET_TEST_LOOK_H
#define OCTET_TEST_LOOK_H

#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "dev.h"

/* A whole file that is made as it is read; the next call overwrites it. */
static inline const char *look_file(const char *path)
{
	static char text[1 << 20];
	FILE *f = fopen(path, "r");
	size_t size;

	if (!f)
		bail("%s: %s", path, strerror(errno));
	size = fread(text, 1, sizeof(text) - 1, f);
	text[size] = 0;
	fclose(f);
	return text;
}

/* The folder of @fd's device in sysfs, and its PCI address. */
static inline const char *look_device(int fd, char path[PATH_MAX])
{
	char link[64];
	struct stat st;

	if (fstat(fd, &st))
		bail("fstat: %s", strerror(errno));
	snprintf(link, sizeof(link), "/sys/dev/char/%u:%u/device", major(st.st_rdev),
		 minor(st.st_rdev));
	if (!realpath(link, path))
		bail("%s: %s", link, strerror(errno));
	return strrchr(path, '/') + 1;
}

static inline const char *look_debugfs(int fd, const char *name)
{
	char device[PATH_MAX], path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "/sys/kernel/debug/accel/%s/%s", look_device(fd, device), name);
	return look_file(path);
}

static inline uint64_t look_sysfs(int fd, const char *name)
{
	char device[PATH_MAX], path[PATH_MAX + 64];
	const char *text;
	char *end;
	uint64_t value;

	look_device(fd, device);
	snprintf(path, sizeof(path), "%s/%s", device, name);
	text = look_file(path);
	value = strtoull(text, &end, 10);
	if (end == text || strcmp(end, "\n"))
		bail("%s is not one number: '%s'", path, text);
	return value;
}

static inline uint64_t look_sysfs_core(int fd, uint32_t core, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "core%u/%s", core, name);
	return look_sysfs(fd, path);
}

/* "KEY: NUMBER" in a text of such lines; -1: not there. */
static inline int64_t look_key(const char *text, const char *key)
{
	size_t size = strlen(key);

	for (const char *line = text; *line; line++) {
		if (!strncmp(line, key, size) && line[size] == ':')
			return strtoll(line + size + 1, NULL, 10);
		line = strchr(line, '\n');
		if (!line)
			break;
	}
	return -1;
}

static inline const char *look_fdinfo(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return look_file(path);
}

/* drm-KIND-octetCORE of one file, -1: not there. */
static inline int64_t look_engine(int fd, const char *kind, uint32_t core)
{
	char key[64];

	snprintf(key, sizeof(key), "drm-%s-octet%u", kind, core);
	return look_key(look_fdinfo(fd), key);
}

#endif
