// SPDX-License-Identifier: MIT
/* /proc/PID/fdinfo of a client: the keys are there and grow with its work. */
#include "gemm.h"

static int fd;

/* The value of @key in the file's fdinfo, added up over keys that begin so; -1: none. */
static long long fdinfo(const char *key, char *text, size_t size)
{
	long long sum = -1, value;
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	if (!f)
		bail("%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':');

		if (!colon || strncmp(line, key, strlen(key)))
			continue;
		line[strcspn(line, "\n")] = 0;
		if (text)
			snprintf(text, size, "%s", colon + 1 + strspn(colon + 1, " \t"));
		if (sscanf(colon + 1, "%lld", &value) == 1)
			sum = (sum < 0 ? 0 : sum) + value;
	}
	fclose(f);
	return sum;
}

static void identity(void)
{
	char text[128] = "";
	int other = dev_open(), mine = fd;
	long long id = fdinfo("drm-client-id", NULL, 0), theirs;

	fdinfo("drm-driver", text, sizeof(text));
	check(!strcmp(text, "octet"), "drm-driver: %s", text);
	fdinfo("drm-pdev", text, sizeof(text));
	check(strchr(text, ':') != NULL, "drm-pdev: %s", text);
	fd = other;
	theirs = fdinfo("drm-client-id", NULL, 0);
	fd = mine;
	check(id > 0 && theirs > 0 && id != theirs, "drm-client-id: %lld, another file's %lld", id,
	      theirs);
	close(other);
}

static void engines(void)
{
	uint32_t queue = queue_new(fd), cores = dev_info(fd).cores;
	long long ns, cycles, capacity = fdinfo("drm-engine-capacity-", NULL, 0), reported = 0;
	char key[32];
	struct gemm g;
	int present = 0;

	for (uint32_t i = 0; i < cores; i++) {
		snprintf(key, sizeof(key), "drm-engine-octet%u", i);
		present += fdinfo(key, NULL, 0) == 0;
		snprintf(key, sizeof(key), "drm-cycles-octet%u", i);
		present += fdinfo(key, NULL, 0) == 0;
	}
	check(present == 2 * (int)cores, "an idle client has drm-engine and drm-cycles 0 per core: %d",
	      present);
	check(capacity < 0 || capacity == (long long)cores, "drm-engine-capacity adds up to the cores");

	gemm_new_slow(&g, fd, 5);
	check_ret(gemm_run(&g, queue), 0, "a job");
	for (uint32_t i = 0; i < g.commands; i++)
		reported += (long long)gemm_report(&g, i)->total;
	cycles = fdinfo("drm-cycles-octet", NULL, 0);
	check(cycles == reported, "drm-cycles grew to %lld, the job's reports add up to %lld", cycles,
	      reported);
	ns = fdinfo("drm-engine-octet", NULL, 0);
	check(ns > 0, "drm-engine grew to %lld ns", ns);
	check_ret(gemm_run(&g, queue), 0, "the job again");
	check(fdinfo("drm-cycles-octet", NULL, 0) == 2 * reported, "  twice the cycles");
	check(fdinfo("drm-engine-octet", NULL, 0) > ns, "  more time");
	gemm_free(&g);
	queue_free(fd, queue);
}

static void memory(void)
{
	char text[128] = "", key[40] = "drm-total-memory";
	long long before, after;
	struct buf b;

	if (fdinfo(key, text, sizeof(text)) < 0) {
		check(false, "drm-total-memory is missing");
		return;
	}
	sleep_ms(200);
	before = fdinfo(key, NULL, 0);
	b = buf_new(fd, 8 << 20, 0);
	after = fdinfo(key, text, sizeof(text));
	check(after > before, "drm-total-memory grows with an 8 MiB buffer: %s", text);
	check(fdinfo("drm-resident-memory", text, sizeof(text)) > 0, "drm-resident-memory: %s", text);
	buf_free(fd, &b);
}

int main(void)
{
	tap_start(60);
	fd = dev_open();
	identity();
	engines();
	memory();
	return tap_end();
}
