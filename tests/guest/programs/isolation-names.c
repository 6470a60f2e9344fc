// SPDX-License-Identifier: MIT
/*
 * Names and numbers of others: handles, queues, syncobjs, mmap offsets; and what a
 * client is told: usage, fdinfo, how queues ended.
 *
 * usage: isolation-names handles | queues | syncobjs | mmap | told | reports
 */
#include <sys/wait.h>

#include "isolation.h"

#define GUESSES 256

static char text[128];

static const char *guess(const char *what, uint64_t number)
{
	snprintf(text, sizeof(text), "%s %#llx", what, (unsigned long long)number);
	return text;
}

static int bo_info(int fd, uint32_t handle)
{
	struct drm_octet_bo_info i = { .handle = handle };

	return dev_ioctl(fd, DRM_IOCTL_OCTET_BO_INFO, &i);
}

static int bo_wait(int fd, uint32_t handle)
{
	struct drm_octet_bo_wait w = { .handle = handle };

	return dev_ioctl(fd, DRM_IOCTL_OCTET_BO_WAIT, &w);
}

static int bo_listed(int fd, uint32_t handle)
{
	struct drm_octet_bo_ref ref = { handle, DRM_OCTET_BO_READ };
	uint32_t queue = queue_new(fd), sync = sync_new(fd);
	struct drm_octet_sync out = { .handle = sync };
	struct drm_octet_job job;
	struct gemm g;
	int ret;

	gemm_new(&g, fd, handle);
	job = gemm_job_sync(&g, NULL, &out);
	ret = submit(fd, queue, &job, 1, &ref, 1);
	if (!ret)
		ret = sync_result(fd, sync);
	drmSyncobjDestroy(fd, sync);
	queue_free(fd, queue);
	gemm_free(&g);
	return ret;
}

static int bo_export(int fd, uint32_t handle)
{
	int file = -1;
	int ret = drmPrimeHandleToFD(fd, handle, DRM_CLOEXEC, &file) ? -errno : 0;

	if (!ret)
		close(file);
	return ret;
}

static int bo_close(int fd, uint32_t handle)
{
	struct drm_gem_close c = { .handle = handle };

	return dev_ioctl(fd, DRM_IOCTL_GEM_CLOSE, &c);
}

/* @other has no buffer, so that no number can be its own. */
static void handles(void)
{
	static const struct {
		const char *name;
		int (*call)(int fd, uint32_t handle);
		bool last;
	} calls[] = {
		{ "BO_INFO", bo_info, false }, { "BO_WAIT", bo_wait, false },
		{ "PRIME_HANDLE_TO_FD", bo_export, false }, { "GEM_CLOSE", bo_close, true },
	};
	int owner = dev_open(), other = dev_open();
	struct tally t = { 0 };
	struct buf b[8];

	for (int i = 0; i < 8; i++)
		b[i] = buf_new(owner, 4096, 0);
	for (size_t c = 0; c < sizeof(calls) / sizeof(calls[0]); c++) {
		for (uint32_t h = 0; h < GUESSES; h++)
			tally_stopped(&t, calls[c].call(other, h) < 0, guess(calls[c].name, h));
		for (int i = 0; i < 8 && !calls[c].last; i++)
			tally_owner(&t, !calls[c].call(owner, b[i].handle),
				    guess(calls[c].name, b[i].handle));
	}
	/* Its own job's buffer has a number too: one beyond all that it has. */
	tally_stopped(&t, bo_listed(other, b[7].handle) == -ENOENT, "SUBMIT with a buffer");
	tally_owner(&t, !bo_listed(owner, b[7].handle), "SUBMIT with a buffer");
	for (int i = 0; i < 8; i++)
		tally_owner(&t, !bo_close(owner, b[i].handle), guess("GEM_CLOSE", b[i].handle));
	tally_check(&t, "guessed numbers of buffers");
	close(owner);
	close(other);
}

static int queue_state(int fd, uint32_t queue)
{
	struct drm_octet_queue_query q = { .queue = queue };

	return dev_ioctl(fd, DRM_IOCTL_OCTET_QUEUE_QUERY, &q);
}

static int fail_queue(int fd, uint32_t queue)
{
	struct gemm g;
	int ret;

	gemm_new(&g, fd, 3);
	gemm_cmd(&g, 0)->op = 99;
	ret = gemm_run(&g, queue);
	gemm_free(&g);
	return ret;
}

/* Queues of two clients have the same numbers and are different queues. */
static void queues(void)
{
	int owner = dev_open(), other = dev_open();
	struct tally t = { 0 };
	uint32_t q[8], mine;
	struct gemm g;

	for (int i = 0; i < 8; i++)
		q[i] = queue_new(owner);
	gemm_new(&g, other, 1);
	for (uint32_t n = 0; n < GUESSES; n++) {
		tally_stopped(&t, queue_state(other, n) == -ENOENT, guess("QUEUE_QUERY", n));
		tally_stopped(&t, gemm_run(&g, n) == -ENOENT && gemm_untouched(&g),
			      guess("SUBMIT", n));
		tally_stopped(&t, queue_free(other, n) == -ENOENT, guess("QUEUE_DESTROY", n));
	}
	gemm_free(&g);
	gemm_new(&g, owner, 1);
	for (int i = 0; i < 8; i++)
		tally_owner(&t, !queue_state(owner, q[i]) && !gemm_run(&g, q[i]),
			    guess("queue", q[i]));
	tally_check(&t, "guessed numbers of queues");

	t = (struct tally){ 0 };
	mine = queue_new(other);
	tally_owner(&t, mine == q[0], "the first queues have the same number");
	tally_stopped(&t, fail_queue(other, mine) == -EFAULT &&
		      queue_query(other, mine).flags == DRM_OCTET_QUEUE_BANNED &&
		      !queue_query(owner, mine).flags, "a queue of the same number is banned too");
	tally_owner(&t, !gemm_run(&g, q[0]) && gemm_right(&g), "the owner's queue runs on");
	tally_stopped(&t, !queue_free(other, mine) && !queue_state(owner, q[0]),
		      "a queue of the same number is destroyed too");
	tally_owner(&t, !gemm_run(&g, q[0]), "the owner's queue runs on");
	tally_check(&t, "what is done to a queue of the same number");
	gemm_free(&g);
	close(owner);
	close(other);
}

static int sync_listed(int fd, uint32_t handle, bool in)
{
	struct drm_octet_sync sync = { .handle = handle };
	uint32_t queue = queue_new(fd);
	struct drm_octet_job job;
	struct gemm g;
	int ret;

	gemm_new(&g, fd, handle);
	job = gemm_job_sync(&g, in ? &sync : NULL, in ? NULL : &sync);
	ret = submit(fd, queue, &job, 1, NULL, 0);
	buf_wait(fd, &g.buf, 0, now_ns() + 20 * SECOND);
	queue_free(fd, queue);
	gemm_free(&g);
	return ret;
}

static int sync_waited(int fd, uint32_t handle)
{
	return sync_wait(fd, handle, SECOND);
}

static int sync_file_of(int fd, uint32_t handle)
{
	int file = -1;
	int ret = drmSyncobjExportSyncFile(fd, handle, &file) ? -errno : 0;

	if (!ret)
		close(file);
	return ret;
}

static int sync_signal(int fd, uint32_t handle)
{
	return drmSyncobjSignal(fd, &handle, 1) ? -errno : 0;
}

static int sync_in(int fd, uint32_t handle)
{
	return sync_listed(fd, handle, true);
}

static int sync_out(int fd, uint32_t handle)
{
	return sync_listed(fd, handle, false);
}

static void syncobjs(void)
{
	static const struct {
		const char *name;
		int (*call)(int fd, uint32_t handle);
		uint32_t guesses;
	} calls[] = {
		{ "SYNCOBJ_SIGNAL", sync_signal, GUESSES }, { "SYNCOBJ_WAIT", sync_waited, GUESSES },
		{ "export of a sync_file", sync_file_of, GUESSES }, { "an in-sync", sync_in, 16 },
		{ "an out-sync", sync_out, 16 },
	};
	int owner = dev_open(), other = dev_open();
	struct tally t = { 0 };
	uint32_t h[8];

	for (int i = 0; i < 8; i++)
		h[i] = sync_new(owner);
	for (size_t c = 0; c < sizeof(calls) / sizeof(calls[0]); c++) {
		for (uint32_t n = 0; n < calls[c].guesses; n++)
			tally_stopped(&t, calls[c].call(other, n) < 0, guess(calls[c].name, n));
		for (int i = 0; i < 8; i++)
			tally_owner(&t, !calls[c].call(owner, h[i]), guess(calls[c].name, h[i]));
	}
	for (uint32_t n = 0; n < GUESSES; n++)
		tally_stopped(&t, drmSyncobjDestroy(other, n) != 0, guess("SYNCOBJ_DESTROY", n));
	for (int i = 0; i < 8; i++)
		tally_owner(&t, !drmSyncobjDestroy(owner, h[i]), guess("SYNCOBJ_DESTROY", h[i]));
	tally_check(&t, "guessed numbers of syncobjs");
	close(owner);
	close(other);
}

static bool maps(int fd, uint64_t offset)
{
	uint8_t *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);

	if (p == MAP_FAILED)
		return false;
	munmap(p, 4096);
	return true;
}

#define MMAP_PAGES 64

/* All offsets are the device's, but each opens only to those who have a handle. */
static void mmap_offsets(void)
{
	int owner = dev_open(), other = dev_open();
	uint64_t first = ~0ull, last = 0;
	struct tally t = { 0 };

	for (int i = 0; i < MMAP_PAGES; i++) {
		struct drm_octet_bo_create c = { .size = 4096 };

		if (dev_ioctl(owner, DRM_IOCTL_OCTET_BO_CREATE, &c))
			bail("a buffer: %s", strerror(errno));
		first = c.mmap_offset < first ? c.mmap_offset : first;
		last = c.mmap_offset > last ? c.mmap_offset : last;
		tally_owner(&t, maps(owner, c.mmap_offset), guess("offset", c.mmap_offset));
	}
	for (uint64_t at = first - 16 * 4096; at <= last + 64 * 4096; at += 4096)
		tally_stopped(&t, !maps(other, at), guess("offset", at));
	/* Registers, rings and completion queues have no offset at all. */
	for (uint64_t at = 0; at < 512 * 4096; at += 4096)
		tally_stopped(&t, !maps(other, at), guess("low offset", at));
	tally_check(&t, "guessed mmap offsets");
	close(owner);
	close(other);
}

/* What the kernel says of a file, without the lines that are the same for all. */
static void fdinfo(int fd, char *out, size_t size)
{
	char path[64];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	if (!f)
		bail("%s: %s", path, strerror(errno));
	n = fread(out, 1, size - 1, f);
	out[n] = '\0';
	fclose(f);
}

/* Another client's work changes nothing of what a client is told of itself. */
static void told(void)
{
	int owner = dev_open(), other = dev_open();
	struct drm_octet_client_info before, after, own;
	char was[4096], is[4096], owns[4096], owned[4096];
	struct drm_octet_queue_query q;
	struct tally t = { 0 };
	struct gemm g;
	uint32_t queue;

	queue = queue_new(other);
	before = dev_client(other);
	fdinfo(other, was, sizeof(was));
	own = dev_client(owner);
	fdinfo(owner, owns, sizeof(owns));
	for (int i = 0; i < 20; i++)
		buf_new(owner, 65536, 0);
	gemm_new_slow(&g, owner, 2);
	if (gemm_run(&g, queue_new(owner)))
		bail("the owner's job fails");
	fail_queue(owner, queue_new(owner));
	after = dev_client(other);
	tally_stopped(&t, !memcmp(&before, &after, sizeof(before)), "QUERY_CLIENT");
	after = dev_client(owner);
	tally_owner(&t, memcmp(&own, &after, sizeof(own)), "QUERY_CLIENT");
	fdinfo(other, is, sizeof(is));
	tally_stopped(&t, !strcmp(was, is), "fdinfo");
	fdinfo(owner, owned, sizeof(owned));
	tally_owner(&t, strcmp(owns, owned), "fdinfo");
	q = queue_query(other, queue);
	tally_stopped(&t, !q.flags && !q.error && !q.status && !q.fault_va && !q.completed,
		      "QUEUE_QUERY");
	tally_check(&t, "what a client is told after another's work");
	gemm_free(&g);
	close(owner);
	close(other);
}

/* A report tells of its own job alone, whatever else the device does meanwhile. */
static void reports(void)
{
	int owner = dev_open(), other = dev_open();
	uint32_t sync = sync_new(owner), queues[2] = { queue_new(owner), queue_new(owner) };
	struct octet_report alone;
	struct tally t = { 0 };
	struct gemm g, slow;

	gemm_new(&g, other, 5);
	gemm_new_slow(&slow, owner, 2);
	tally_owner(&t, gemm_works(other) && !gemm_run(&g, queue_new(other)), "a job alone");
	alone = *gemm_report(&g, 0);
	for (int i = 0; i < 10; i++) {
		for (int q = 0; q < 2; q++)
			gemm_submit(&slow, queues[q], sync);
		gemm_clear(&g);
		tally_owner(&t, !gemm_run(&g, queue_new(other)) && gemm_right(&g), "a job");
		tally_stopped(&t, !memcmp(&alone, gemm_report(&g, 0), sizeof(alone)),
			      "another's work in a report");
	}
	buf_wait(owner, &slow.buf, 0, now_ns() + 60 * SECOND);
	tally_check(&t, "reports while another client works");
	gemm_free(&g);
	gemm_free(&slow);
	close(owner);
	close(other);
}

int main(int argc, char **argv)
{
	static const struct subject subjects[] = {
		{ "handles", handles }, { "queues", queues }, { "syncobjs", syncobjs },
		{ "mmap", mmap_offsets }, { "told", told },
		{ "reports", reports },
		{ NULL, NULL },
	};

	return run_subject("isolation-names", argc, argv, subjects);
}
