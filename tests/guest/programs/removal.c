// SPDX-License-Identifier: MIT
/*
 * The device goes away under a client: the driver is unbound, or the hardware
 * stops answering. Fences end, ioctls say -ENODEV, memory stays.
 *
 * usage: removal unbind	unbinds the driver and binds it again
 *	  removal gone FILE	makes FILE when busy; the device is gone soon after
 */
#include <libgen.h>
#include <limits.h>

#include "gemm.h"

#define JOBS 4
#define DRIVER "/sys/bus/pci/drivers/octet/"

struct busy {
	int fd;
	uint32_t queue;
	struct gemm g;
	int file[JOBS];
};

static void busy_start(struct busy *b)
{
	b->fd = dev_open();
	b->queue = queue_new(b->fd);
	gemm_new_slow(&b->g, b->fd, 4);
	for (int i = 0; i < JOBS; i++) {
		uint32_t sync = sync_new(b->fd);

		gemm_submit(&b->g, b->queue, sync);
		b->file[i] = sync_export(b->fd, sync);
	}
	check(sync_file_wait(b->file[JOBS - 1], 0) == 1, "a client has jobs on the way");
}

static void write_name(const char *file, const char *name)
{
	int fd = open(file, O_WRONLY);

	if (fd < 0 || write(fd, name, strlen(name)) < 0)
		bail("%s: %s", file, strerror(errno));
	close(fd);
}

static void check_fences(struct busy *b)
{
	int fine = 0, gone = 0, end[JOBS];

	for (int i = 0; i < JOBS; i++) {
		end[i] = sync_file_wait(b->file[i], 20000);
		fine += end[i] == 0;
		gone += end[i] == -ENODEV || end[i] == -ECANCELED;
		close(b->file[i]);
	}
	check(fine + gone == JOBS && gone > 0,
	      "all fences end: %d with 0, %d with -ENODEV or -ECANCELED; the last with %d", fine, gone,
	      end[JOBS - 1]);
}

static void check_ioctls(struct busy *b)
{
	struct drm_octet_job job = gemm_job(&b->g);
	struct drm_octet_device_info info;
	struct drm_octet_queue_create c = { 0 };
	struct buf other;

	check_ret(submit(b->fd, b->queue, &job, 1, NULL, 0), -ENODEV, "SUBMIT");
	check_ret(buf_create(b->fd, 4096, 0, &other), -ENODEV, "BO_CREATE");
	check_ret(dev_query(b->fd, DRM_OCTET_QUERY_DEVICE, 0, &info, sizeof(info)), -ENODEV,
		  "DEV_QUERY");
	check_ret(dev_ioctl(b->fd, DRM_IOCTL_OCTET_QUEUE_CREATE, &c), -ENODEV, "QUEUE_CREATE");
}

static void check_memory(struct busy *b)
{
	uint32_t op = gemm_cmd(&b->g, 0)->op;

	gemm_clear(&b->g);
	check(op == OCTET_OP_GEMM && gemm_untouched(&b->g), "a mapped buffer can be read and written");
}

static bool node_comes_back(void)
{
	for (int i = 0; i < 500; i++) {
		if (!access(dev_path(), R_OK | W_OK))
			return true;
		sleep_ms(10);
	}
	return false;
}

static void unbind(void)
{
	char link[PATH_MAX], path[PATH_MAX];
	const char *address;
	struct busy b;
	int fd;

	snprintf(link, sizeof(link), "/sys/class/accel/%s/device", strrchr(dev_path(), '/') + 1);
	if (!realpath(link, path))
		bail("%s: %s", link, strerror(errno));
	address = basename(path);
	busy_start(&b);
	write_name(DRIVER "unbind", address);
	check(true, "the driver is unbound from %s while a client has it open", address);
	check_fences(&b);
	check_ioctls(&b);
	check_memory(&b);
	gemm_free(&b.g);
	close(b.fd);
	write_name(DRIVER "bind", address);
	check(node_comes_back(), "the driver is bound again, the device node is back");
	fd = dev_open();
	check(gemm_works(fd), "a new client's job gives right bits");
	close(fd);
}

static void gone(const char *ready)
{
	struct busy b;
	int ret;

	busy_start(&b);
	close(open(ready, O_CREAT | O_WRONLY, 0600));
	check_fences(&b);
	ret = gemm_run(&b.g, b.queue);
	check(ret == -ENODEV || ret == -EIO || ret == -ECANCELED, "a new job ends with %d", ret);
	check_memory(&b);
	gemm_free(&b.g);
	close(b.fd);
	check(true, "the client can close its file");
}

int main(int argc, char **argv)
{
	tap_start(60);
	if (argc == 2 && !strcmp(argv[1], "unbind")) {
		unbind();
	} else if (argc == 3 && !strcmp(argv[1], "gone")) {
		gone(argv[2]);
	} else {
		fputs("usage: removal unbind | gone FILE\n", stderr);
		return 2;
	}
	return tap_end();
}
