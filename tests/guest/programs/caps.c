// SPDX-License-Identifier: MIT
/*
 * One client takes as much as it may: mappings, bytes, queues, jobs. It is told when
 * it has reached a cap, can use what it has, and gets more when it gives some back;
 * another client does not notice.
 *
 * usage: caps mappings | bytes | jobs
 */
#include <linux/udmabuf.h>

#include "gemm.h"

/* As in the driver's octet_vm.h and octet_drv.h. */
#define MAX_BYTES (8ull << 30)
#define MAX_MAPPINGS 65536u
#define MAX_QUEUES 64u
#define MAX_QUEUED 4096u

#define PIECE (64ull << 20)	/* the largest udmabuf, unless it is told otherwise */
#define PAGE 4096u

static struct {
	int greedy, other;
	struct gemm g;		/* the greedy client's, from before */
	uint32_t queue;
} t;

static void set_up(void)
{
	t.greedy = dev_open();
	t.other = dev_open();
	t.queue = queue_new(t.greedy);
	gemm_new(&t.g, t.greedy, 3);
	check(gemm_works(t.other), "another client works");
}

static int create(int fd, uint64_t size, uint32_t *handle)
{
	struct drm_octet_bo_create c = { .size = size };
	int ret = dev_ioctl(fd, DRM_IOCTL_OCTET_BO_CREATE, &c);

	*handle = c.handle;
	return ret;
}

static int import(int fd, int dmabuf, uint32_t *handle)
{
	struct drm_prime_handle p = { .fd = dmabuf };
	int ret = dev_ioctl(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &p);

	*handle = p.handle;
	return ret;
}

static int give_back(int fd, uint32_t handle)
{
	return buf_close(fd, &(struct buf){ .handle = handle });
}

/* Each way to a page more. */
static void no_page_more(void)
{
	struct buf theirs = buf_new(t.other, PAGE, 0);
	uint32_t handle;
	int dmabuf;

	check_ret(create(t.greedy, PAGE, &handle), -ENOSPC, "  BO_CREATE of a page more");
	if (drmPrimeHandleToFD(t.other, theirs.handle, DRM_CLOEXEC | DRM_RDWR, &dmabuf))
		bail("exporting a buffer: %s", strerror(errno));
	check_ret(import(t.greedy, dmabuf, &handle), -ENOSPC, "  PRIME_FD_TO_HANDLE of a page more");
	close(dmabuf);
	buf_free(t.other, &theirs);
}

/* What both clients can do when one is at a cap. */
static void at_the_cap(void)
{
	gemm_clear(&t.g);
	check(!gemm_run(&t.g, t.queue) && gemm_right(&t.g), "  a job on buffers that it has runs");
	check(gemm_works(t.other), "  another client gets buffers, a queue and right bits");
}

/* A buffer goes a moment after its handle. */
static void one_back(uint32_t given)
{
	int64_t end = now_ns() + 20 * SECOND;
	uint32_t handle;
	int ret;

	check_ret(give_back(t.greedy, given), 0, "  it gives a buffer back");
	do
		ret = create(t.greedy, PAGE, &handle);
	while (ret == -ENOSPC && now_ns() < end);
	check_ret(ret, 0, "  and gets another one");
}

/* The greedy client goes, with all that it has. */
static void closed(void)
{
	gemm_free(&t.g);
	close(t.greedy);
	check(gemm_works(t.other), "  the other works while it goes");
	t.greedy = dev_open();
	check(gemm_works(t.greedy), "  whoever comes next works");
	close(t.greedy);
}

static void mappings(void)
{
	uint32_t handle = 0, last = 0, before = dev_client(t.greedy).bos, more = 0;
	struct drm_octet_client_info info;
	int ret = 0;

	while (more <= MAX_MAPPINGS) {
		ret = create(t.greedy, PAGE, &handle);
		if (ret)
			break;
		last = handle;
		more++;
	}
	info = dev_client(t.greedy);
	check_ret(ret, -ENOSPC, "BO_CREATE over the cap on mappings");
	check(before + more == MAX_MAPPINGS && info.bos == MAX_MAPPINGS,
	      "  %u before and %u more, by query %u", before, more, info.bos);
	no_page_more();
	check(dev_client(t.greedy).bos == MAX_MAPPINGS, "  none is counted for what was refused");
	at_the_cap();
	one_back(last);
	closed();
}

/* A buffer of the same memory each time. */
static int piece(int dev, int memfd, uint64_t size, uint32_t *handle)
{
	struct udmabuf_create c = { .memfd = memfd, .flags = UDMABUF_FLAGS_CLOEXEC, .size = size };
	int dmabuf = ioctl(dev, UDMABUF_CREATE, &c), ret;

	if (dmabuf < 0)
		bail("a udmabuf of %llu bytes: %s", (unsigned long long)size, strerror(errno));
	ret = import(t.greedy, dmabuf, handle);
	close(dmabuf);
	return ret;
}

static void bytes(void)
{
	int dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int memfd = memfd_create("piece", MFD_ALLOW_SEALING | MFD_CLOEXEC), ret = 0;
	struct drm_octet_client_info info;
	uint32_t last = 0, handle;
	uint64_t left;

	if (dev < 0 || memfd < 0 || ftruncate(memfd, PIECE) ||
	    fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		bail("a memfd and /dev/udmabuf: %s", strerror(errno));
	check_ret(create(t.greedy, MAX_BYTES + PAGE, &handle), -ENOSPC, "a buffer over the cap on bytes");
	while (!ret && (left = MAX_BYTES - dev_client(t.greedy).bo_bytes) > PIECE)
		ret = piece(dev, memfd, PIECE, &last);
	check_ret(ret, 0, "the same 64 MiB again and again");
	check_ret(piece(dev, memfd, PIECE, &handle), -ENOSPC, "  once more would be over the cap");
	check_ret(create(t.greedy, left + PAGE, &handle), -ENOSPC, "  as a page more than what is left");
	check_ret(piece(dev, memfd, left, &handle), 0, "  all that is left");
	info = dev_client(t.greedy);
	check(info.bo_bytes == MAX_BYTES, "  by query %llu bytes in %u mappings, %llu of tables",
	      (unsigned long long)info.bo_bytes, info.bos, (unsigned long long)info.table_bytes);
	no_page_more();
	at_the_cap();
	one_back(last);
	closed();
	close(memfd);
	close(dev);
}

/* Every queue it can have, and every job; the other's job is not the last one. */
static void jobs(void)
{
	struct drm_octet_job *jobs = calloc(64, sizeof(*jobs));
	struct drm_octet_bo_ref ref = gemm_ref(&t.g);
	uint32_t queue[MAX_QUEUES] = { t.queue }, n = 1, more = 0, slow_sync = sync_new(t.greedy);
	uint32_t submits = 0;
	struct gemm slow;
	int ret = 0;

	if (!jobs)
		bail("out of memory");
	while (n < MAX_QUEUES && !ret)
		ret = queue_create(t.greedy, DRM_OCTET_PRIORITY_NORMAL, &queue[n++]);
	check_ret(ret, 0, "as many queues as it may have");
	check_ret(queue_create(t.greedy, DRM_OCTET_PRIORITY_NORMAL, &n), -EMFILE, "  one more");

	gemm_new_slow(&slow, t.greedy, 6);
	for (uint32_t i = 0; i < MAX_QUEUES; i++)
		if (gemm_submit(&slow, queue[i], slow_sync))
			bail("a slow job: %s", strerror(errno));
	for (uint32_t i = 0; i < 64; i++)
		jobs[i] = gemm_job(&t.g);
	/* On a slow machine some end meanwhile. */
	while (more < 10 * MAX_QUEUED) {
		ret = submit(t.greedy, queue[submits++ % MAX_QUEUES], jobs, 64, &ref, 1);
		if (ret)
			break;
		more += 64;
	}
	check_ret(ret, -EBUSY, "SUBMIT over the cap on jobs");
	check(more >= MAX_QUEUED - MAX_QUEUES, "  %u slow ones, and %u more", MAX_QUEUES, more);
	check(gemm_works(t.other), "  another client gets a buffer, a queue and right bits");
	for (uint32_t i = 0; i < MAX_QUEUES; i++)
		queue_free(t.greedy, queue[i]);
	check_ret(buf_wait(t.greedy, &t.g.buf, 0, now_ns() + 120 * SECOND), 0, "  all come to an end");
	t.queue = queue_new(t.greedy);
	at_the_cap();
	gemm_free(&slow);
	free(jobs);
	closed();
}

int main(int argc, char **argv)
{
	tap_start(300);
	if (argc < 2) {
		fputs("usage: caps mappings | bytes | jobs\n", stderr);
		return 2;
	}
	set_up();
	if (!strcmp(argv[1], "mappings"))
		mappings();
	else if (!strcmp(argv[1], "bytes"))
		bytes();
	else
		jobs();
	return tap_end();
}
