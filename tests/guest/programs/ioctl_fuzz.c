// SPDX-License-Identifier: MIT
/*
 * Random calls that are nearly right: processes with threads on shared files make
 * every ioctl with arguments of which some fields are odd, submit jobs whose commands
 * are odd, close and kill in the middle of all that. A client beside them must not
 * notice, no call may end with an error that is not documented, and nothing may be
 * left at the end.
 *
 * usage: ioctl_fuzz SECONDS [SEED [FORBIDDEN-ERRNO]]
 */
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "ioctl_args.h"
#include "stream.h"

#define WORKERS	3
#define THREADS	3
#define FILES	3	/* the first one is shared by all processes */
#define ERRNOS	140

/* What all processes count in. */
struct shared {
	atomic_ulong made[OPS], failed[OPS][ERRNOS];
	atomic_ulong jobs, odd_fences, lives;
	_Atomic uint32_t said;
	char text[8][120];
};

static struct shared *shared;
static struct file files[FILES];
static int forbidden = -1, job_errors[] = { 0, -EFAULT, -ETIME, -ECANCELED };

static void say(const char *name, const char *text, long value)
{
	uint32_t i = atomic_fetch_add(&shared->said, 1);

	if (i < 8)
		snprintf(shared->text[i], sizeof(shared->text[i]), "%s: %s %ld", name, text, value);
}

static int record(enum op op, int ret)
{
	int error = ret < 0 ? errno : 0;

	atomic_fetch_add(&shared->made[op], 1);
	if (error >= 0 && error < ERRNOS)
		atomic_fetch_add(&shared->failed[op][error], 1);
	if (!fuzz_allowed(op, error, forbidden))
		say(fuzz_calls[op].name, strerror(error), error);
	return error;
}

static void keep_fd(int fd)
{
	int old = atomic_exchange(&fds[rnd(THINGS)], fd);

	if (old > 2)
		close(old);
}

/* Results */

/* The state of a sync_file's fences: pending, or with an error that is documented. */
static void judge_sync_file(int fd)
{
	struct sync_file_info info = { 0 };
	bool known = false;

	if (ioctl(fd, SYNC_IOC_FILE_INFO, &info) || info.status >= 0)
		return;
	for (size_t i = 0; i < sizeof(job_errors) / sizeof(*job_errors); i++)
		known |= job_errors[i] == info.status;
	atomic_fetch_add(&shared->odd_fences, 1);
	if (!known)
		say("fence", strerror(-info.status), info.status);
}

static void judge_queue(const struct drm_octet_queue_query *q)
{
	bool known = false;

	for (size_t i = 0; i < sizeof(job_errors) / sizeof(*job_errors); i++)
		known |= job_errors[i] == q->error;
	if (!known)
		say("QUEUE_QUERY", "error", q->error);
	if (!(q->flags & DRM_OCTET_QUEUE_BANNED) != !q->error)
		say("QUEUE_QUERY", "flags with another error", q->flags);
}

static void keep_handle(struct file *f, uint32_t handle)
{
	struct drm_gem_close old = { .handle = atomic_exchange(&f->handle[rnd(THINGS)], handle) };

	if (old.handle && old.handle != handle && old.handle != f->g.buf.handle)
		ioctl(atomic_load(&f->fd), DRM_IOCTL_GEM_CLOSE, &old);
}

static void keep_sync(struct file *f, uint32_t handle)
{
	struct drm_syncobj_destroy old = { atomic_exchange(&f->sync[rnd(THINGS)], handle), 0 };

	if (old.handle && old.handle != handle)
		ioctl(atomic_load(&f->fd), DRM_IOCTL_SYNCOBJ_DESTROY, &old);
}

static void keep_queue(struct file *f, uint32_t queue)
{
	struct drm_octet_queue_destroy old = { atomic_exchange(&f->queue[rnd(THINGS)], queue), 0 };

	if (old.queue)
		ioctl(atomic_load(&f->fd), DRM_IOCTL_OCTET_QUEUE_DESTROY, &old);
}

static void keep(struct file *f, enum op op, const union argument *a)
{
	switch (op) {
	case BO_CREATE:
		keep_handle(f, a->bo_create.handle);
		break;
	case PRIME_IMPORT:
		keep_handle(f, a->prime.handle);
		break;
	case QUEUE_CREATE:
		keep_queue(f, a->queue_create.queue);
		break;
	case QUEUE_QUERY:
		judge_queue(&a->queue_query);
		break;
	case SUBMIT:
		atomic_fetch_add(&shared->jobs, a->submit.jobs.count);
		break;
	case PRIME_EXPORT:
		keep_fd(a->prime.fd);
		break;
	case SYNC_CREATE:
		keep_sync(f, a->sync_create.handle);
		break;
	case SYNC_IMPORT:
		keep_sync(f, a->sync_handle.handle);
		break;
	case SYNC_EXPORT:
		judge_sync_file(a->sync_handle.fd);
		keep_fd(a->sync_handle.fd);
		break;
	case DMA_BUF_EXPORT:
		judge_sync_file(a->dma_buf_export.fd);
		keep_fd(a->dma_buf_export.fd);
		break;
	case SYNC_MERGE:
		keep_fd(a->sync_merge.fence);
		break;
	default:
		break;
	}
}

/* Calls */

static int target(struct file *f, enum op op)
{
	if (once_in(64) || (op >= DMA_BUF_EXPORT && op <= SYNC_MERGE))
		return some_fd();
	return atomic_load(&f->fd);
}

static void make_ioctl(struct file *f, enum op op)
{
	const struct call *call = &fuzz_calls[op];
	unsigned long request = call->request;
	union argument a;
	void *at = &a;
	bool whole = true;

	fill(f, op, &a);
	while (once_in(3))
		mutate(&a, call->widths);
	tame(op, &a);
	if (once_in(64)) {	/* another length of the same call */
		request = _IOC(_IOC_DIR(request), _IOC_TYPE(request), _IOC_NR(request),
			       rnd(sizeof(a)));
		whole = false;
	}
	/* What is at an odd place is not tame. */
	if (once_in(64) && !syncobjs(op, &a)) {
		at = (void *)(uintptr_t)odd_pointer();
		whole = false;
	}
	if (!record(op, ioctl(target(f, op), request, at)) && whole)
		keep(f, op, &a);
}

static void make_map(struct file *f)
{
	struct drm_octet_bo_info info = { .handle = some(f->handle) };
	volatile uint8_t *map;
	uint64_t size;

	if (ioctl(atomic_load(&f->fd), DRM_IOCTL_OCTET_BO_INFO, &info))
		return;
	size = once_in(4) ? (info.size + 4096) * (rnd(2) + 1) : info.size;
	if (once_in(8))
		info.mmap_offset = odd_value(info.mmap_offset);
	map = mmap(NULL, size ? size : 4096, PROT_READ | PROT_WRITE,
		   once_in(8) ? MAP_PRIVATE : MAP_SHARED, atomic_load(&f->fd),
		   info.mmap_offset & ~4095ull);
	if (record(MAP, map == MAP_FAILED ? -1 : 0))
		return;
	if (size == info.size)
		map[rnd(size)] = 1;
	munmap((void *)map, size);
}

static int open_file(struct file *f)
{
	int fd = open(dev_path(), O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -1;
	/* The buffer of before stays mapped until the process ends. */
	f->g.expected = NULL;
	gemm_new(&f->g, fd, rnd(1000));
	free(f->g.expected);
	for (int i = 0; i < THINGS; i++) {
		uint32_t queue = 0, sync = 0;

		atomic_store(&f->handle[i], 0);
		if (i < 3)
			queue_create(fd, DRM_OCTET_PRIORITY_NORMAL, &queue);
		atomic_store(&f->queue[i], queue);
		drmSyncobjCreate(fd, i & 1, &sync);
		atomic_store(&f->sync[i], sync);
	}
	atomic_store(&f->fd, fd);
	return 0;
}

/* Threads that are in the middle of a call have their file closed. */
static void make_reopen(void)
{
	int fd = atomic_exchange(&files[2].fd, -1);

	if (fd < 0)	/* another thread is at it */
		return;
	close(fd);
	record(REOPEN, open_file(&files[2]));
}

static void make_fork(void)
{
	static const struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
	pid_t pid = fork();

	if (!pid) {
		setitimer(ITIMER_REAL, &often, NULL);
		for (uint32_t i = rnd(8); i; i--)
			make_ioctl(&files[rnd(FILES)], SUBMIT);
		_exit(0);
	}
	record(FORK, pid);
}

static void make_dup(struct file *f)
{
	int fd = dup(atomic_load(&f->fd));

	if (!record(DUP, fd))
		keep_fd(fd);
}

static enum op some_op(void)
{
	static int sum;
	int at;

	if (!sum)
		for (int i = 0; i < OPS; i++)
			sum += fuzz_calls[i].often;
	at = rnd(sum);
	for (int i = 0; i < OPS; i++) {
		at -= fuzz_calls[i].often;
		if (at < 0)
			return i;
	}
	return SUBMIT;
}

static void step(void)
{
	struct file *f = &files[rnd(FILES)];
	enum op op = some_op();

	if (op < IOCTLS)
		make_ioctl(f, op);
	else if (op == MAP)
		make_map(f);
	else if (op == REOPEN && once_in(8))
		make_reopen();
	else if (op == FORK && once_in(8))
		make_fork();
	else
		make_dup(f);
}

/* Processes and threads */

struct thread {
	pthread_t id;
	uint32_t seed;
	int64_t until;
};

static void no_op(int sig)
{
	(void)sig;
}

/* A signal every now and then, so that no wait is for ever. */
static void interrupt_me(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
	struct itimerspec often = { { 0, 10000000 }, { 0, 10000000 } };
	timer_t timer;

	event._sigev_un._tid = syscall(SYS_gettid);
	if (!timer_create(CLOCK_MONOTONIC, &event, &timer))
		timer_settime(timer, 0, &often, NULL);
}

static void *thread_main(void *arg)
{
	struct thread *t = arg;

	seed = t->seed;
	interrupt_me();
	while (now_ns() < t->until)
		step();
	return NULL;
}

/* One process; it ends with everything in use, its threads in the middle of calls. */
static void worker(uint32_t from, int64_t until)
{
	struct sigaction quiet = { .sa_handler = no_op };
	struct thread threads[THREADS];

	alarm(0);
	sigaction(SIGUSR1, &quiet, NULL);
	sigaction(SIGALRM, &quiet, NULL);
	signal(SIGCHLD, SIG_IGN);
	seed = from;
	for (int i = 1; i < FILES; i++)
		if (open_file(&files[i]))
			_exit(2);
	for (int i = 0; i < THREADS; i++) {
		threads[i] = (struct thread){ .seed = from * 7 + i, .until = until };
		if (pthread_create(&threads[i].id, NULL, thread_main, &threads[i]))
			_exit(2);
	}
	pthread_join(threads[from % THREADS].id, NULL);
	_exit(0);
}

/* Also on a slow machine. */
static bool enough(void)
{
	unsigned long sum = 0;

	for (int op = 0; op < OPS; op++)
		sum += atomic_load(&shared->made[op]);
	return sum > 1000 && atomic_load(&shared->jobs) > 10;
}

static void watch(int seconds, uint32_t from)
{
	int64_t until = now_ns() + seconds * SECOND;
	pid_t pid[WORKERS] = { 0 };

	while (now_ns() < until || !enough()) {
		uint32_t i = rnd(WORKERS);

		if (pid[i] && once_in(8))
			kill(pid[i], SIGKILL);
		sleep_ms(rnd(200));
		if (pid[i] && waitpid(pid[i], NULL, WNOHANG) != pid[i])
			continue;
		atomic_fetch_add(&shared->lives, 1);
		pid[i] = fork();
		if (!pid[i])
			worker(from * 1000 + gemm_random(&seed), now_ns() + (rnd(3) + 1) * SECOND);
	}
	for (int i = 0; i < WORKERS; i++)
		if (pid[i])
			waitpid(pid[i], NULL, 0);
}

static void show(void)
{
	unsigned long sum = 0;

	for (int op = 0; op < OPS; op++) {
		printf("# %-24s %8lu:", fuzz_calls[op].name, atomic_load(&shared->made[op]));
		sum += atomic_load(&shared->made[op]);
		for (int e = 0; e < ERRNOS; e++)
			if (atomic_load(&shared->failed[op][e]))
				printf(" %s %lu", e ? strerrorname_np(e) : "ok",
				       atomic_load(&shared->failed[op][e]));
		putchar('\n');
	}
	printf("# ioctl fuzz executions: %lu; %lu jobs submitted, %lu fences with an error, "
	       "%lu processes\n", sum, atomic_load(&shared->jobs),
	       atomic_load(&shared->odd_fences), atomic_load(&shared->lives));
	printf("# figure: ioctl fuzz executions: %lu\n", sum);
	for (uint32_t i = 0; i < 8 && i < atomic_load(&shared->said); i++)
		printf("# %s\n", shared->text[i]);
	check(enough(), "at least a thousand calls, and jobs that were right and taken");
	check(atomic_load(&shared->said) == 0, "every error is documented: %u are not",
	      atomic_load(&shared->said));
}

static void afterwards(void)
{
	struct drm_octet_core_counters c;
	struct drm_octet_client_info info;
	int fd = dev_open();

	for (int i = 0; i < 3000; i++) {
		c = dev_counters(fd);
		if (c.submitted == c.completed + c.failed)
			break;
		sleep_ms(10);
	}
	check(c.submitted == c.completed + c.failed,
	      "all fences of %llu jobs are signalled, %llu with an error",
	      (unsigned long long)c.submitted, (unsigned long long)c.failed);
	info = dev_client(fd);
	check(!info.bos && !info.bo_bytes && !info.queues, "a new client holds nothing");
	check(gemm_works(fd), "its job gives right bits");
	close(fd);
}

int main(int argc, char **argv)
{
	int seconds = argc > 1 ? atoi(argv[1]) : 0;
	uint32_t from = argc > 2 ? strtoul(argv[2], NULL, 0) : (uint32_t)now_ns();
	struct stream canary;

	if (seconds < 1) {
		fputs("usage: ioctl_fuzz SECONDS [SEED [FORBIDDEN-ERRNO]]\n", stderr);
		return 2;
	}
	forbidden = argc > 3 ? atoi(argv[3]) : -1;
	tap_start(seconds + 180);
	printf("# seed %u\n", from);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	odd_page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || odd_page == MAP_FAILED || mprotect(odd_page + 4096, 4096, 0))
		bail("memory: %s", strerror(errno));
	seed = from;
	if (open_file(&files[0]))
		bail("%s: %s", dev_path(), strerror(errno));
	stream_start(&canary, 99);
	watch(seconds, from);
	stream_more(&canary, STREAM_BATCH);
	stream_stop(&canary, "fuzzing");
	close(atomic_load(&files[0].fd));
	show();
	afterwards();
	return tap_end();
}
