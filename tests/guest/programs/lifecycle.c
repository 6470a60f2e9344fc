// SPDX-License-Identifier: MIT
/*
 * Clients of a device that sleeps, is reset, or comes and goes.
 *
 * usage: lifecycle stream STOP		jobs in a row; none may be lost or wrong
 *	  lifecycle busy READY		jobs in a row until the device goes away
 *	  lifecycle churn STOP		a client after the other, of whatever device is there
 *	  lifecycle share		buffers of one device in another that goes away
 * STOP and READY are files: one ends the program, the other says that it is at work.
 */
#include <dirent.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#include "count.h"
#include "stream.h"

#define DEPTH 6
#define DRIVER "/sys/bus/pci/drivers/octet/"

static bool exists(const char *file)
{
	return !access(file, F_OK);
}

static void touch(const char *file)
{
	close(open(file, O_CREAT | O_WRONLY, 0600));
}

/* Jobs that count in place, several in flight. */
static unsigned long count_until(const char *stop, int fd, struct count *c, int *error)
{
	uint32_t queue = queue_new(fd), sync[DEPTH];
	unsigned long n = 0, done = 0;

	for (int i = 0; i < DEPTH; i++)
		sync[i] = sync_new(fd);
	while (!*error && (!exists(stop) || done < n)) {
		while (!*error && n < done + DEPTH && !exists(stop)) {
			*error = count_submit(c, queue, sync[n % DEPTH]);
			n += !*error;
		}
		if (done < n)
			*error = *error ? *error : sync_result(fd, sync[done++ % DEPTH]);
	}
	queue_free(fd, queue);
	return n;
}

static void stream(const char *stop)
{
	int fd = dev_open(), error = 0;
	struct stream others[2];
	struct count c;
	unsigned long n;

	count_new(&c, fd, 128, 300);
	stream_start(&others[0], 100);
	stream_start(&others[1], 200);
	n = count_until(stop, fd, &c, &error);
	check(n > 0 && !error, "%lu jobs that count in place, the last ended with %d", n, error);
	check(!count_wrong(&c), "each of their commands ran exactly once");
	stream_stop(&others[0], "client 1");
	stream_stop(&others[1], "client 2");
	count_free(&c);
	close(fd);
}

/* What waits inside the kernel when the device goes. */
struct waiter {
	pthread_t thread;
	int fd;
	const struct buf *buf;
	uint32_t sync;
	int ret;
};

static void *wait_buf(void *arg)
{
	struct waiter *w = arg;

	w->ret = buf_wait(w->fd, w->buf, 0, now_ns() + 600 * SECOND);
	return NULL;
}

static void *wait_sync(void *arg)
{
	struct waiter *w = arg;

	w->ret = sync_wait(w->fd, w->sync, 600 * SECOND);
	return NULL;
}

/* A job that the device has fetched and not finished, by the device's counters. */
static bool job_runs(int fd)
{
	struct drm_octet_core_counters c = dev_counters(fd);

	return c.entries > c.jobs + c.errors;
}

struct busy {
	int fd, file[DEPTH];
	uint32_t queue;
	struct gemm g, other;
	unsigned long n, fine;
};

/* The device may go between any two calls. */
static int busy_submit(struct busy *b)
{
	int ret, file = -1;
	uint32_t sync;

	if (drmSyncobjCreate(b->fd, 0, &sync))
		return -errno;
	ret = gemm_submit(&b->g, b->queue, sync);
	if (!ret && drmSyncobjExportSyncFile(b->fd, sync, &file))
		ret = -errno;
	if (!ret)
		b->file[b->n++ % DEPTH] = file;
	drmSyncobjDestroy(b->fd, sync);
	return ret;
}

/* Keeps jobs on the way until the first one fails. Return: its error. */
static int busy_run(struct busy *b, const char *ready)
{
	bool told = false;
	int ret = 0;

	for (;;) {
		while (!ret && b->n < b->fine + DEPTH)
			ret = busy_submit(b);
		if (!told && job_runs(b->fd)) {
			told = true;
			touch(ready);
		}
		if (b->n == b->fine)
			return ret;
		int end = sync_file_wait(b->file[b->fine % DEPTH], 60000);

		if (end)
			return end;
		close(b->file[b->fine++ % DEPTH]);
	}
}

/* From the first fence with an error on, all have the same one. */
static void busy_check(struct busy *b, int first)
{
	unsigned long rest = b->n - b->fine, same = 0;

	for (unsigned long i = b->fine; i < b->n; i++) {
		same += sync_file_wait(b->file[i % DEPTH], 60000) == -ENODEV;
		close(b->file[i % DEPTH]);
	}
	check(first == -ENODEV && same == rest && (rest > 0 || b->fine > 0),
	      "%lu jobs ended well; then %lu fences, of the job that ran and of those behind it, "
	      "all with -ENODEV", b->fine, rest);
	check(!b->fine || gemm_right(&b->g), "the results of those that ended well are right");
}

static void busy_check_dead(struct busy *b, int dma_buf, const struct buf *closed)
{
	struct drm_octet_job job = gemm_job(&b->g);
	struct drm_octet_core_counters core;
	struct buf other;
	uint8_t *map;

	check_ret(submit(b->fd, b->queue, &job, 1, NULL, 0), -ENODEV, "SUBMIT");
	check_ret(buf_create(b->fd, 4096, 0, &other), -ENODEV, "BO_CREATE");
	check_ret(dev_query(b->fd, DRM_OCTET_QUERY_CORE, 0, &core, sizeof(core)), -ENODEV,
		  "DEV_QUERY of the counters");
	gemm_clear(&b->g);
	check(gemm_untouched(&b->g), "a mapped buffer can be read and written");
	map = mmap(NULL, closed->size, PROT_READ, MAP_SHARED, dma_buf, 0);
	check(map != MAP_FAILED && map[0] == 0x77, "so can a dma-buf that is mapped only now");
	munmap(map, closed->size);
}

static void busy(const char *ready)
{
	struct busy b = { .fd = dev_open() };
	struct waiter w[2] = { { .fd = b.fd }, { .fd = b.fd } };
	struct buf shared = buf_new(b.fd, 65536, 0);
	uint32_t queue = queue_new(b.fd), never = sync_new(b.fd);
	struct drm_octet_sync in = { .handle = never }, out = { .handle = sync_new(b.fd) };
	struct drm_octet_job blocked;
	int dma_buf, ret;

	b.queue = queue_new(b.fd);
	gemm_new_slow(&b.g, b.fd, 4);
	gemm_new(&b.other, b.fd, 5);
	memset(shared.map, 0x77, shared.size);
	if (drmPrimeHandleToFD(b.fd, shared.handle, DRM_CLOEXEC | DRM_RDWR, &dma_buf))
		bail("PRIME export: %s", strerror(errno));
	buf_free(b.fd, &shared);

	/* One job waits for the jobs that the waiter waits for as well. */
	ret = gemm_submit(&b.g, b.queue, never);
	blocked = gemm_job_sync(&b.other, &in, &out);
	if (ret || submit(b.fd, queue, &blocked, 1, NULL, 0))
		bail("the first jobs: %s", strerror(-ret));
	w[0].buf = &b.g.buf;
	w[1].sync = out.handle;
	pthread_create(&w[0].thread, NULL, wait_buf, &w[0]);
	pthread_create(&w[1].thread, NULL, wait_sync, &w[1]);

	ret = busy_run(&b, ready);
	busy_check(&b, ret);
	pthread_join(w[0].thread, NULL);
	pthread_join(w[1].thread, NULL);
	check(!w[0].ret || w[0].ret == -ENODEV, "BO_WAIT in progress comes back: %d", w[0].ret);
	check(!w[1].ret || w[1].ret == -ENODEV, "so does a wait for a syncobj: %d", w[1].ret);
	busy_check_dead(&b, dma_buf, &shared);
	close(dma_buf);
	gemm_free(&b.g);
	gemm_free(&b.other);
	close(b.fd);
	check(true, "the client closes its file");
}

static int open_any(void)
{
	DIR *dir = opendir("/dev/accel");
	struct dirent *e;
	int fd = -1;

	if (!dir)
		return -1;
	while (fd < 0 && (e = readdir(dir)))
		if (e->d_name[0] == 'a')
			fd = openat(dirfd(dir), e->d_name, O_RDWR | O_CLOEXEC);
	closedir(dir);
	return fd;
}

/* Return: 1 for jobs that ended well and right, 0 if the device went, -1 if wrong. */
static int churn_once(int fd, unsigned int seed)
{
	struct drm_octet_queue_create q = { .priority = DRM_OCTET_PRIORITY_NORMAL };
	struct drm_octet_bo_create probe = { .size = 4096 };
	struct count c = { .fd = fd };
	uint32_t sync;
	int ret;

	if (dev_ioctl(fd, DRM_IOCTL_OCTET_QUEUE_CREATE, &q) ||
	    dev_ioctl(fd, DRM_IOCTL_OCTET_BO_CREATE, &probe) || drmSyncobjCreate(fd, 0, &sync))
		return 0;
	c.side = 16;
	c.commands = 4 + seed % 60;
	c.table_at = (uint64_t)c.commands * OCTET_CMD_SIZE;
	c.data_at = c.table_at + COUNT_TABLE;
	if (buf_create(fd, c.data_at + c.side * c.side, 0, &c.buf))
		return 0;
	for (uint32_t i = 0; i < COUNT_TABLE; i++)
		c.buf.map[c.table_at + i] = (uint8_t)(i + 1);
	for (uint32_t i = 0; i < c.commands; i++)
		count_write_cmd(&c, i);
	ret = count_submit(&c, q.queue, sync);
	if (!ret) {
		int file = -1;

		ret = drmSyncobjExportSyncFile(fd, sync, &file) ? -ENODEV :
							      sync_file_wait(file, 60000);
		if (file >= 0)
			close(file);
		if (!ret && count_wrong(&c))
			ret = 1;
	}
	munmap(c.buf.map, c.buf.size);
	return ret == 1 ? -1 : !ret;
}

static void churn(const char *stop)
{
	unsigned long fine = 0, gone = 0, wrong = 0;

	while (!exists(stop)) {
		int fd = open_any(), ret;

		if (fd < 0) {
			sleep_ms(1);
			continue;
		}
		ret = churn_once(fd, fine + gone);
		fine += ret > 0;
		gone += !ret;
		wrong += ret < 0;
		close(fd);
	}
	check(fine > 0 && !wrong, "%lu clients had right bits, %lu lost their device, %lu were wrong",
	      fine, gone, wrong);
}

static void write_name(const char *file, const char *name)
{
	int fd = open(file, O_WRONLY);

	if (fd < 0 || write(fd, name, strlen(name)) < 0)
		bail("%s: %s", file, strerror(errno));
	close(fd);
}

static uint32_t import(int from, const struct buf *b, int to, struct drm_octet_bo_info *info)
{
	uint32_t handle;
	int file;

	if (drmPrimeHandleToFD(from, b->handle, DRM_CLOEXEC | DRM_RDWR, &file) ||
	    drmPrimeFDToHandle(to, file, &handle))
		bail("PRIME: %s", strerror(errno));
	close(file);
	*info = (struct drm_octet_bo_info){ .handle = handle };
	if (dev_ioctl(to, DRM_IOCTL_OCTET_BO_INFO, info))
		bail("BO_INFO: %s", strerror(errno));
	return handle;
}

/* A product of @g's device whose result goes to a foreign buffer. */
static bool writes_there(struct gemm *g, uint64_t va, uint8_t *map)
{
	uint32_t queue = queue_new(g->fd);
	bool ok;

	for (uint32_t i = 0; i < g->commands; i++)
		gemm_cmd(g, i)->dst.addr = va;
	memset(map, 0, gemm_result_bytes(g));
	ok = !gemm_run(g, queue) && !memcmp(map, g->expected, gemm_result_bytes(g));
	queue_free(g->fd, queue);
	return ok;
}

static void share(void)
{
	char path[PATH_MAX];
	struct drm_octet_bo_info there, here;
	int going = open("/dev/accel/accel0", O_RDWR), staying = open("/dev/accel/accel1", O_RDWR);
	struct buf of_going, of_staying;
	struct gemm g, h;
	const char *address;

	if (going < 0 || staying < 0 || !realpath("/sys/class/accel/accel0/device", path))
		bail("two devices: %s", strerror(errno));
	address = basename(path);
	of_going = buf_new(going, 65536, 0);
	of_staying = buf_new(staying, 65536, 0);
	import(going, &of_going, staying, &there);
	import(staying, &of_staying, going, &here);
	gemm_new(&g, going, 1);
	gemm_new(&h, staying, 2);
	check(writes_there(&g, here.va, of_staying.map), "a device writes to a buffer of another");
	check(writes_there(&h, there.va, of_going.map), "  and the other to one of the first");

	write_name(DRIVER "unbind", address);
	check(true, "the first one is unbound");
	check(writes_there(&h, there.va, of_going.map), "  the other writes to its buffer as before");
	check(writes_there(&h, of_staying.va, of_staying.map), "  and to what the first had imported");
	gemm_free(&g);
	buf_free(going, &of_going);
	close(going);
	check(writes_there(&h, of_staying.va, of_staying.map), "  and when its file is closed");
	write_name(DRIVER "bind", address);
	gemm_free(&h);
	close(staying);
}

int main(int argc, char **argv)
{
	tap_start(300);
	if (argc == 3 && !strcmp(argv[1], "stream"))
		stream(argv[2]);
	else if (argc == 3 && !strcmp(argv[1], "busy"))
		busy(argv[2]);
	else if (argc == 3 && !strcmp(argv[1], "churn"))
		churn(argv[2]);
	else if (argc == 2 && !strcmp(argv[1], "share"))
		share();
	else
		return fputs("usage: lifecycle stream|churn STOP | busy READY | share\n", stderr), 2;
	return tap_end();
}
