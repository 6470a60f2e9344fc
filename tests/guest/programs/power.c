// SPDX-License-Identifier: MIT
/*
 * A device that sleeps when it is idle: what wakes it up and what must not, that
 * nothing is lost.
 *
 * usage: power FOLDER		the PCI function's in sysfs; its power/control is auto
 */
#include <limits.h>

#include "count.h"
#include "gemm.h"

#define ROUNDS 12

static const char *folder;

static void sysfs_read(const char *name, char *text, size_t size)
{
	char path[PATH_MAX];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, text, size - 1);
	if (n < 0)
		bail("%s: %s", path, strerror(errno));
	text[n] = 0;
	text[strcspn(text, "\n")] = 0;
	close(fd);
}

static bool sysfs_is(const char *name, const char *want)
{
	char text[64];

	sysfs_read(name, text, sizeof(text));
	return !strcmp(text, want);
}

static bool asleep(void)
{
	return sysfs_is("power/runtime_status", "suspended");
}

static bool falls_asleep(void)
{
	for (int i = 0; i < 3000 && !asleep(); i++)
		sleep_ms(10);
	return asleep();
}

static unsigned long long active_ms(void)
{
	char text[64];

	sysfs_read("power/runtime_active_time", text, sizeof(text));
	return strtoull(text, NULL, 10);
}

/* Calls that say or free something; none of them may need the device. */
static void check_rest(int fd)
{
	unsigned long long before = active_ms();
	char line[4096];
	FILE *f;
	struct buf b;

	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", fd);
	for (int i = 0; i < 5; i++) {
		b = buf_new(fd, 1 << 20, 0);
		buf_free(fd, &b);
		queue_free(fd, queue_new(fd));
		dev_counters(fd);
		dev_client(fd);
		f = fopen(line, "r");
		if (!f || !fread(line + 64, 1, sizeof(line) - 64, f))
			bail("fdinfo: %s", strerror(errno));
		fclose(f);
		close(dev_open());
	}
	sleep_ms(100);
	check(asleep() && active_ms() == before,
	      "buffers, queues, files, counters and fdinfo do not wake it up");
}

static void check_rounds(int fd)
{
	struct drm_octet_core_counters before = dev_counters(fd), after;
	uint32_t queue = queue_new(fd);
	int slept = 0, fine = 0, ret = 0, first = 0;
	struct count c;

	count_new(&c, fd, 64, 20);
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t sync = sync_new(fd);

		slept += falls_asleep();
		ret = count_submit(&c, queue, sync);
		ret = ret ? ret : sync_result(fd, sync);
		fine += !ret;
		first = first ? first : ret;
		drmSyncobjDestroy(fd, sync);
	}
	check(slept == ROUNDS, "it fell asleep %d of %d times", slept, ROUNDS);
	check(fine == ROUNDS, "its first job ended well %d times, the first error is %d", fine, first);
	check(!count_wrong(&c), "  each of their commands ran exactly once");
	check(falls_asleep(), "it sleeps");
	after = dev_counters(fd);
	check(after.jobs - before.jobs == ROUNDS && after.completed - before.completed == ROUNDS &&
	      after.commands - before.commands == ROUNDS * 20,
	      "its counters went with it: %llu jobs, %llu commands",
	      (unsigned long long)(after.jobs - before.jobs),
	      (unsigned long long)(after.commands - before.commands));
	check(after.device_resets == before.device_resets, "to wake up is no reset");
	check(asleep(), "the counters were read while it slept");
	count_free(&c);
}

static void check_busy(int fd)
{
	uint32_t queue = queue_new(fd), sync = sync_new(fd), last = sync_new(fd), never = sync_new(fd);
	struct drm_octet_sync in = { .handle = never }, out = { .handle = sync };
	struct drm_octet_job blocked;
	struct gemm g, other;

	gemm_new_slow(&g, fd, 9);
	gemm_new(&other, fd, 3);
	for (int i = 0; i < 8; i++)
		gemm_submit(&g, queue, i < 7 ? sync : last);
	check(!sync_wait(fd, last, 60 * SECOND) && !asleep() && gemm_right(&g),
	      "it is awake while jobs are on the way");

	/* A job that waits for a fence keeps it awake: it could not wake it up itself. */
	gemm_submit(&g, queue_new(fd), never);
	blocked = gemm_job_sync(&other, &in, &out);
	check(!submit(fd, queue_new(fd), &blocked, 1, NULL, 0) && !asleep(),
	      "and while one waits for another's fence");
	check(!sync_result(fd, sync) && gemm_right(&other), "  which then runs");
	gemm_free(&g);
	gemm_free(&other);
}

int main(int argc, char **argv)
{
	int fd;

	tap_start(200);
	if (argc != 2)
		return fputs("usage: power FOLDER\n", stderr), 2;
	folder = argv[1];
	fd = dev_open();
	check(falls_asleep(), "an idle device falls asleep, with a file open");
	check(sysfs_is("power_state", "D3hot"), "  in D3hot");
	check_rest(fd);
	check_busy(fd);
	check_rounds(fd);
	close(fd);
	check(falls_asleep() && sysfs_is("power_state", "D3hot"), "without a file it sleeps");
	return tap_end();
}
