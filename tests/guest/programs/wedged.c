// SPDX-License-Identifier: MIT
/*
 * The steps after a core's reset: with a core that is stuck the device is reset, with
 * a device that is stuck it is lost, and user space is told by an event. A function
 * level reset brings it back, for files that are open too. What a job that hangs
 * says of itself does no harm.
 *
 * usage: wedged address | core | device | flr RESET | asleep RESET
 */
#include <linux/netlink.h>
#include <sys/socket.h>

#include "gemm.h"
#include "host.h"

static int uevents_open(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		bail("a socket for uevents: %s", strerror(errno));
	return fd;
}

/* Strings one after the other, each with its zero. */
static const char *uevent_value(const char *event, size_t size, const char *key)
{
	for (const char *at = event; at < event + size; at += strlen(at) + 1)
		if (!strncmp(at, key, strlen(key)))
			return at + strlen(key);
	return NULL;
}

/* The WEDGED= of the next event that has one, and whose it is; else NULL. */
static const char *uevent_wedged(int fd, int timeout_ms, const char **devname)
{
	static char event[4096];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t end = now_ns() + timeout_ms * 1000000ll;

	while (now_ns() < end && poll(&p, 1, 100) >= 0) {
		ssize_t n = recv(fd, event, sizeof(event) - 1, MSG_DONTWAIT);
		const char *wedged;

		if (n <= 0)
			continue;
		event[n] = '\0';
		wedged = uevent_value(event, (size_t)n, "WEDGED=");
		*devname = uevent_value(event, (size_t)n, "DEVNAME=");
		if (wedged)
			return wedged;
	}
	return NULL;
}

/* A job that hangs on a core whose reset does not end: how its fence ends. */
static int hang(struct gemm *g, uint32_t queue)
{
	if (!host_set("inject-stuck-core", "1") || !host_set("inject-hang", "1"))
		bail("the device has no such fault to inject");
	return gemm_run(g, queue);
}

/* Commands where no buffer can be: whoever dumps the job looks there. */
static void addresses(int fd)
{
	static const uint64_t at[] = { 0, 0xffff000, 1ull << 38, 1ull << 63, ~0ull << 6 };

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		struct drm_octet_sync out = { .handle = sync_new(fd) };
		struct drm_octet_job job;
		struct gemm g;
		int ret;

		gemm_new(&g, fd, 1);
		job = gemm_job_sync(&g, NULL, &out);
		job.cmd_va = at[i];
		if (!host_set("inject-hang", "1"))
			bail("the device has no inject-hang");
		if (submit(fd, queue_new(fd), &job, 1, NULL, 0))
			bail("a submit: %s", strerror(errno));
		ret = sync_result(fd, out.handle);
		check(ret == -ETIME, "a job hangs whose commands are at %#llx: %d",
		      (unsigned long long)at[i], ret);
		gemm_free(&g);
	}
	check(gemm_works(fd), "afterwards a job gives right bits");
}

static void stuck_core(int fd)
{
	struct drm_octet_core_counters before = dev_counters(fd), after;
	uint32_t queue = queue_new(fd), other = queue_new(fd);
	struct drm_octet_queue_query q;
	struct gemm g, innocent;
	uint32_t sync = sync_new(fd);

	gemm_new(&g, fd, 1);
	gemm_new(&innocent, fd, 2);
	check_ret(hang(&g, queue), -ETIME, "a job hangs, and the reset of its core does not end");
	q = queue_query(fd, queue);
	check(q.flags == DRM_OCTET_QUEUE_BANNED && q.error == -ETIME && q.resets == 1,
	      "  its queue is banned, for one reset: error %d, resets %llu", q.error,
	      (unsigned long long)q.resets);
	after = dev_counters(fd);
	check(after.device_resets == before.device_resets + 1 && after.timeouts == before.timeouts + 1,
	      "  the device was reset");
	check(after.core_resets > before.core_resets && after.jobs >= before.jobs &&
	      after.cycles >= before.cycles, "  its counters went on: %llu core resets",
	      (unsigned long long)after.core_resets);
	check_ret(gemm_submit(&innocent, other, sync), 0, "another queue of the client");
	check(!sync_result(fd, sync) && gemm_right(&innocent), "  goes on, with right bits");
}

static void stuck_device(int fd)
{
	int uevents = uevents_open(), state;
	const char *wedged, *devname = NULL;
	uint32_t queue = queue_new(fd), other = queue_new(fd), sync = sync_new(fd);
	struct gemm g, innocent;

	gemm_new(&g, fd, 3);
	gemm_new(&innocent, fd, 4);
	check(host_set("inject-stuck-device", "1"), "the device's next reset does not end");
	check_ret(hang(&g, queue), -ETIME, "a job hangs, and its core is stuck");
	wedged = uevent_wedged(uevents, 20000, &devname);
	check(wedged && !strcmp(wedged, "rebind,bus-reset"), "an event says WEDGED=%s",
	      wedged ? wedged : "(none came)");
	check(devname && !strncmp(devname, "accel/accel", 11), "  of DEVNAME=%s", devname ? devname : "");
	state = gemm_submit(&innocent, other, sync);
	check_ret(state, -EIO, "a submit afterwards");
	state = open(dev_path(), O_RDWR);
	check(state < 0 && errno == EIO, "  and open(): %s", strerror(errno));
	close(uevents);
}

static bool asleep(void)
{
	char path[128], text[16] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/accel/%s/device/power/runtime_status",
		 strrchr(dev_path(), '/') + 1);
	f = fopen(path, "r");
	if (!f || !fgets(text, sizeof(text), f))
		bail("%s: %s", path, strerror(errno));
	fclose(f);
	return !strncmp(text, "suspended", 9);
}

/* That it is lost is found out by who wakes it up. */
static void stuck_asleep(int fd)
{
	uint32_t queue = queue_new(fd), sync = sync_new(fd);
	struct gemm g;

	gemm_new(&g, fd, 5);
	dev_power("auto");
	for (int i = 0; i < 200 && !asleep(); i++)
		sleep_ms(100);
	check(asleep(), "the device sleeps");
	check(host_set("inject-stuck-device", "1"), "  its next reset does not end");
	check_ret(gemm_submit(&g, queue, sync), -EIO, "  a submit wakes it up");
	check_ret(gemm_submit(&g, queue, sync), -EIO, "  another submit");
	dev_power("on");
	gemm_free(&g);
}

static void come_back(int fd, const char *reset)
{
	FILE *f = fopen(reset, "w");

	check(f && fputs("1", f) >= 0 && !fclose(f), "a function level reset");
	check(gemm_works(fd), "  brings it back: a job of the same file gives right bits");
	for (int i = 0; i < 4; i++)
		check(gemm_works(fd), "  and another");
}

int main(int argc, char **argv)
{
	int fd;

	tap_start(120);
	if (argc < 2) {
		fputs("usage: wedged address | core | device | flr RESET | asleep RESET\n", stderr);
		return 2;
	}
	fd = dev_open();
	/* To wake up takes a reset, which would be the one that does not end. */
	dev_power("on");
	if (!strcmp(argv[1], "address"))
		addresses(fd);
	else if (!strcmp(argv[1], "core"))
		stuck_core(fd);
	else if (!strcmp(argv[1], "asleep"))
		stuck_asleep(fd);
	else
		stuck_device(fd);
	if (argc == 3)
		come_back(fd, argv[2]);
	dev_power("auto");
	return tap_end();
}
