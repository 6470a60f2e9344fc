// SPDX-License-Identifier: MIT
/*
 * Old translations and recycled address-space numbers. Each attack returns
 * whether it was stopped, so that it can be repeated with the guarantee broken;
 * what a broken device could write to stays allocated meanwhile.
 *
 * usage: isolation-tlb same | stale | recycled | numbers
 */
#include <sys/resource.h>

#include "isolation.h"

#define CLIENTS 4096

static bool run_right(void *arg, uint32_t queue)
{
	struct gemm *g = arg;

	gemm_clear(g);
	return !gemm_run(g, queue) && gemm_right(g);
}

/* Two clients whose buffers lie at the same addresses take turns on all cores. */
static bool same_addresses(void)
{
	struct gemm g[2];
	bool ok = true;

	for (uint32_t i = 0; i < 2; i++)
		gemm_new(&g[i], dev_open(), 40 + i);
	if (g[0].buf.va != g[1].buf.va)
		printf("# their buffers are not at the same address\n");
	for (int round = 0; round < 6; round++)
		ok &= on_all_cores(g[round % 2].fd, run_right, &g[round % 2]);
	for (int i = 0; i < 2; i++) {
		gemm_free(&g[i]);
		close(g[i].fd);
	}
	return ok;
}

static void same(void)
{
	check(same_addresses(), "two clients with the same addresses each read and write their own");
	host_control("break-tlb-tags", "tags of the address space", same_addresses);
	check(same_addresses(), "  with tags back each its own again");
}

/* Before a client ends: its number must not come back with old translations. */
static void mend(void)
{
	if (!host_set("break-tlb-invalidation", "false"))
		bail("the device keeps its invalidations broken");
}

/* How a job ended in one new queue. */
struct probe {
	struct gemm g;
	int ret;
	struct drm_octet_queue_query q;
};

static bool probe_unmapped(void *arg, uint32_t queue)
{
	struct probe *p = arg;

	gemm_clear(&p->g);
	p->ret = gemm_run(&p->g, queue);
	p->q = queue_query(p->g.fd, queue);
	return p->ret == -EFAULT && p->q.status == OCTET_STATUS_UNMAPPED &&
	       p->q.fault_va == gemm_cmd(&p->g, 0)->src.addr && gemm_untouched(&p->g);
}

#define PAGES 1024	/* what the next client takes: among it the pages given back */

/* The other client's new memory, with bytes that the result would show. */
static struct buf next_owner(int fd, int8_t byte)
{
	struct buf b = buf_new(fd, PAGES * 4096, 0);

	memset(b.map, byte, b.size);
	return b;
}

static bool result_of(const struct gemm *g, int8_t byte)
{
	const int8_t *b = (int8_t *)(g->buf.map + g->b_at);
	const int32_t *c = (int32_t *)(g->buf.map + g->c_at);
	int32_t sum = 0;

	for (uint32_t k = 0; k < g->k; k++)
		sum += byte * b[k * g->n];
	return c[0] == sum;
}

/*
 * A client reads a buffer on all cores and gives it back; its memory goes to
 * another client, and the first reads the old address again.
 */
static bool stale_address(void)
{
	struct probe p = { 0 };
	int next = dev_open();
	struct buf old, secret;
	struct gemm g;
	bool stopped, owner;

	gemm_new(&p.g, dev_open(), 9);
	old = buf_new(p.g.fd, 4096, 0);
	memcpy(old.map, p.g.buf.map + p.g.a_at, p.g.m * p.g.k);
	gemm_cmd(&p.g, 0)->src.addr = gemm_cmd(&p.g, 1)->src.addr = old.va;
	if (!on_all_cores(p.g.fd, run_right, &p.g))
		bail("the owner does not read its buffer");
	buf_free(p.g.fd, &old);
	if (!client_shrinks(p.g.fd, 1))
		bail("the buffer is never unmapped");
	secret = next_owner(next, 0x77);

	stopped = on_all_cores(p.g.fd, probe_unmapped, &p);
	if (!stopped)
		printf("# the old address %s\n", result_of(&p.g, 0x77) ?
		       "shows the other client's bytes" : "is still readable");

	gemm_new(&g, next, 9);
	gemm_cmd(&g, 0)->src.addr = gemm_cmd(&g, 1)->src.addr = secret.va;
	memcpy(secret.map, g.buf.map + g.a_at, g.m * g.k);
	owner = on_all_cores(next, run_right, &g);
	if (!owner)
		printf("# the new owner cannot read its own buffer\n");
	mend();
	gemm_free(&g);
	gemm_free(&p.g);
	close(p.g.fd);
	close(next);
	return stopped && owner;
}

static void stale(void)
{
	check(stale_address(), "memory given back and now another's: the old address is unmapped");
	host_control("break-tlb-invalidation", "invalidation", stale_address);
	check(stale_address(), "  with invalidation back it is unmapped again");
}

static void many_files(void)
{
	struct rlimit limit = { CLIENTS + 256, CLIENTS + 256 };

	if (setrlimit(RLIMIT_NOFILE, &limit))
		bail("room for %u files: %s", CLIENTS, strerror(errno));
}

/* Opens files into @fds until one has number @asid, or there are no more. */
static int open_number(int *fds, uint32_t *count, uint32_t asid)
{
	for (*count = 0; *count < CLIENTS; ++*count) {
		int fd = open(dev_path(), O_RDWR | O_CLOEXEC);

		if (fd < 0)
			return -1;
		if (dev_client(fd).asid == asid)
			return fd;
		fds[*count] = fd;
	}
	return -1;
}

/* A number is free a moment after its file: the release is work of the driver's. */
static int client_with(uint32_t asid)
{
	static int fds[CLIENTS];
	uint32_t count;
	int fd = -1;

	for (int i = 0; i < 20 && fd < 0; i++) {
		fd = open_number(fds, &count, asid);
		while (count)
			close(fds[--count]);
		if (fd < 0)
			sleep_ms(200);
	}
	if (fd < 0)
		bail("address-space number %u does not come back", asid);
	return fd;
}

static int keep(int fd, const struct buf *b)
{
	int file = -1;

	if (drmPrimeHandleToFD(fd, b->handle, DRM_CLOEXEC, &file))
		bail("exporting a buffer: %s", strerror(errno));
	return file;
}

/* A client goes, the next one has its number and its addresses, not its memory. */
static bool recycled_number(void)
{
	struct probe p = { 0 };
	struct gemm old, new;
	struct buf pad, far;
	int fd = dev_open(), kept[2];
	uint32_t asid = dev_client(fd).asid;
	bool own, stopped;

	gemm_new(&old, fd, 50);
	pad = buf_new(fd, 1 << 20, 0);
	far = buf_new(fd, 65536, 0);
	memcpy(far.map, old.buf.map + old.a_at, old.m * old.k);
	gemm_cmd(&old, 1)->src.addr = far.va;
	kept[0] = keep(fd, &old.buf);
	kept[1] = keep(fd, &far);
	if (!on_all_cores(fd, run_right, &old))
		bail("the first client's own job fails");
	/* A mapping holds the file open. */
	buf_unmap(&old.buf);
	buf_unmap(&pad);
	buf_unmap(&far);
	free(old.expected);
	close(fd);

	fd = client_with(asid);
	gemm_new(&new, fd, 51);
	own = on_all_cores(fd, run_right, &new);
	if (!own)
		printf("# the new client's own job is not what it wrote\n");
	gemm_new(&p.g, fd, 52);
	gemm_cmd(&p.g, 0)->src.addr = far.va;
	stopped = on_all_cores(fd, probe_unmapped, &p);
	if (!stopped)
		printf("# the new client's read of the old address ended with %d, status %#x\n", p.ret,
		       p.q.status);
	gemm_free(&new);
	gemm_free(&p.g);
	mend();
	close(fd);
	close(kept[0]);
	close(kept[1]);
	/* Its invalidation is done when the number is back: before the next break. */
	close(client_with(asid));
	return own && stopped;
}

static void recycled(void)
{
	many_files();
	check(recycled_number(), "a recycled address-space number: nothing of its last client is left");
	host_control("break-tlb-invalidation", "invalidation", recycled_number);
	check(recycled_number(), "  with invalidation back nothing is left again");
}

/* As many clients as there are numbers, each with its own. */
static void numbers(void)
{
	static int fds[CLIENTS];
	static bool used[65536];
	uint32_t count = 0, twice = 0, zero = 0, wrong = 0, jobs = 0;
	int error = 0;

	many_files();
	while (count < CLIENTS) {
		uint32_t asid;

		fds[count] = open(dev_path(), O_RDWR | O_CLOEXEC);
		error = errno;
		if (fds[count] < 0)
			break;
		asid = dev_client(fds[count++]).asid;
		zero += !asid;
		twice += used[asid & 0xffff];
		used[asid & 0xffff] = true;
	}
	check(count && count < CLIENTS && error == ENOSPC, "%u clients at once, then: %s", count,
	      strerror(error));
	check(!twice && !zero, "  no number is given twice: %u, none is 0: %u", twice, zero);
	for (uint32_t i = 0; i < count; i += 64, jobs++)
		wrong += !gemm_works(fds[i]);
	check(!wrong, "  jobs of %u of them give right bits", jobs);
	for (uint32_t i = 0; i < count; i++)
		close(fds[i]);
	close(client_with(1));
	check(true, "  they go, the numbers come back");
}

int main(int argc, char **argv)
{
	static const struct subject subjects[] = {
		{ "same", same }, { "stale", stale }, { "recycled", recycled }, { "numbers", numbers },
		{ NULL, NULL },
	};

	return run_subject("isolation-tlb", argc, argv, subjects);
}
