// SPDX-License-Identifier: MIT
/*
 * What a hostile or careless client does to the driver: buffers listed many
 * times, everything closed under running jobs, processes killed.
 *
 * usage: stress twice | storm SECONDS | busy SECONDS
 */
#include <pthread.h>
#include <sys/wait.h>

#include "gemm.h"

#define QUEUES 16
#define CLIENTS 8

/*
 * One buffer listed as written and as read by jobs of many queues: each fence takes
 * two places in the buffer's list of fences.
 */
static void listed_twice(void)
{
	int fd = dev_open(), ret = 0;
	struct drm_octet_bo_ref refs[4];
	struct drm_octet_job job;
	struct gemm g;

	gemm_new_slow(&g, fd, 1);
	job = gemm_job(&g);
	for (int i = 0; i < 4; i++)
		refs[i] = (struct drm_octet_bo_ref){
			.handle = g.buf.handle,
			.flags = i & 1 ? DRM_OCTET_BO_READ : DRM_OCTET_BO_WRITE,
		};
	for (int i = 0; i < QUEUES && !ret; i++)
		ret = submit(fd, queue_new(fd), &job, 1, refs, 4);
	check_ret(ret, 0, "a buffer is listed four times by jobs of many queues");
	check_ret(buf_wait(fd, &g.buf, 0, now_ns() + 60 * SECOND), 0, "  they end");
	gemm_free(&g);
	close(fd);
}

/* Random numbers of handles and queues: most are wrong, some are in use by a thread. */
struct mess {
	int fd;
	uint32_t seed, calls;
	int64_t until;
	struct gemm *g;
};

static void mess_submit(struct mess *m)
{
	struct drm_octet_job jobs[8], job = gemm_job(m->g);
	struct drm_octet_sync out = { .handle = gemm_random(&m->seed) % 8 + 1 };
	struct drm_octet_bo_ref refs[8];
	uint32_t count = gemm_random(&m->seed) % 8 + 1;

	if (gemm_random(&m->seed) % 4 == 0)
		job.cmd_va = gemm_random(&m->seed) * 64ull;
	for (uint32_t i = 0; i < 8; i++) {
		jobs[i] = job;
		if (gemm_random(&m->seed) % 4 == 0)
			jobs[i].out_syncs = (struct drm_octet_array)ARRAY(&out, 1);
		if (gemm_random(&m->seed) % 8 == 0)
			jobs[i].in_syncs = (struct drm_octet_array)ARRAY(&out, 1);
		refs[i].handle = gemm_random(&m->seed) % 12 + 1;
		refs[i].flags = gemm_random(&m->seed) % 7 + 1;
	}
	refs[0].handle = m->g->buf.handle;
	submit(m->fd, gemm_random(&m->seed) % 4 + 1, jobs, count, refs, gemm_random(&m->seed) % 4);
}

static void *mess_run(void *arg)
{
	struct mess *m = arg;
	struct drm_octet_bo_create c;
	struct drm_gem_close gone;
	uint32_t queue;
	int prime;

	for (; now_ns() < m->until; m->calls++) {
		switch (gemm_random(&m->seed) % 12) {
		case 0:
			c = (struct drm_octet_bo_create){ .size = 4096 << gemm_random(&m->seed) % 6 };
			dev_ioctl(m->fd, DRM_IOCTL_OCTET_BO_CREATE, &c);
			break;
		case 1:
			gone = (struct drm_gem_close){ .handle = gemm_random(&m->seed) % 12 + 1 };
			if (gone.handle != m->g->buf.handle)
				dev_ioctl(m->fd, DRM_IOCTL_GEM_CLOSE, &gone);
			break;
		case 2:
			queue_create(m->fd, DRM_OCTET_PRIORITY_NORMAL, &queue);
			break;
		case 3:
			queue_free(m->fd, gemm_random(&m->seed) % 4 + 1);
			break;
		case 4:
			if (!drmPrimeHandleToFD(m->fd, gemm_random(&m->seed) % 12 + 1,
						DRM_CLOEXEC | DRM_RDWR, &prime)) {
				drmPrimeFDToHandle(m->fd, prime, &queue);
				close(prime);
			}
			break;
		default:
			mess_submit(m);
		}
	}
	return NULL;
}

/* One client, three threads on one file; ends by _exit() with all in use. */
static void client(uint32_t seed, int64_t until)
{
	struct mess mess[3];
	pthread_t threads[3];
	struct gemm g;
	int fd = dev_open();

	gemm_new(&g, fd, seed);
	for (int i = 0; i < 8; i++)
		sync_new(fd);
	for (int i = 0; i < 3; i++) {
		mess[i] = (struct mess){ fd, seed * 31 + i, 0, until, &g };
		pthread_create(&threads[i], NULL, mess_run, &mess[i]);
	}
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	_exit(mess[0].calls && mess[1].calls && mess[2].calls ? 0 : 1);
}

/* Clients come and are killed at random moments: enough of them also on a slow machine. */
static void storm(int seconds)
{
	int64_t until = now_ns() + seconds * SECOND;
	uint32_t seed = 1, clients = 0;
	pid_t pid[CLIENTS] = { 0 };

	while (now_ns() < until || clients <= CLIENTS) {
		uint32_t i = gemm_random(&seed) % CLIENTS;

		if (pid[i]) {
			kill(pid[i], SIGKILL);
			waitpid(pid[i], NULL, 0);
		}
		clients++;
		pid[i] = fork();
		if (!pid[i])
			client(clients, now_ns() + 2 * SECOND);
		sleep_ms(gemm_random(&seed) % 100);
	}
	for (int i = 0; i < CLIENTS; i++)
		if (pid[i]) {
			kill(pid[i], SIGKILL);
			waitpid(pid[i], NULL, 0);
		}
	check(clients > CLIENTS, "%u clients make a mess and are killed", clients);
}

static void after_storm(void)
{
	struct drm_octet_core_counters c;
	int fd = dev_open(), i;

	for (i = 0; i < 2000; i++) {
		c = dev_counters(fd);
		if (c.submitted == c.completed + c.failed)
			break;
		sleep_ms(10);
	}
	check(c.submitted == c.completed + c.failed,
	      "all fences of %llu jobs are signalled, %llu with an error, %llu late, %llu resets",
	      (unsigned long long)c.submitted, (unsigned long long)c.failed,
	      (unsigned long long)c.timeouts, (unsigned long long)c.device_resets);
	check(gemm_works(fd), "a new client's job gives right bits");
	close(fd);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	tap_start(120);
	if (!strcmp(what, "twice")) {
		listed_twice();
	} else if (!strcmp(what, "storm") && argc == 3) {
		storm(atoi(argv[2]));
		after_storm();
	} else if (!strcmp(what, "busy") && argc == 3) {
		storm(atoi(argv[2]));	/* the device may go meanwhile */
	} else {
		fputs("usage: stress twice | storm SECONDS | busy SECONDS\n", stderr);
		return 2;
	}
	return tap_end();
}
