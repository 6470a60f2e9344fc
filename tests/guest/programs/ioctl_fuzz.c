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

#include "ioctl_fuzz.h"
#include "stream.h"

#define WORKERS	3
#define THREADS	3
#define FILES	3	/* the first one is shared by all processes */
#define THINGS	12	/* of each kind, of a file or of a process */
#define JOBS	4
#define SYNCS	4
#define ERRNOS	140
#define SMALL	(1u << 22)

struct file {
	_Atomic int fd;
	struct gemm g;
	_Atomic uint32_t handle[THINGS], queue[THINGS], sync[THINGS];
};

/* What all processes count in. */
struct shared {
	atomic_ulong made[OPS], failed[OPS][ERRNOS];
	atomic_ulong jobs, odd_fences, lives;
	_Atomic uint32_t said;
	char text[8][120];
};

/* What a submit points to. */
struct package {
	struct drm_octet_job job[JOBS];
	struct drm_octet_bo_ref ref[JOBS];
	struct drm_octet_sync in[SYNCS], out[SYNCS];
	uint32_t handle[SYNCS];
	uint64_t point[SYNCS];
	char name[160];
};

static struct shared *shared;
static struct file files[FILES];
static _Atomic int fds[THINGS];	/* dma-bufs, sync_files, syncobjs */
static uint8_t *odd_page;	/* its end: the next page cannot be read */
static const uint8_t read_only[4096] = { 1 };
static int forbidden = -1, job_errors[] = { 0, -EFAULT, -ETIME, -ECANCELED };

static _Thread_local uint32_t seed;
static _Thread_local struct package package;

static uint32_t rnd(uint32_t n)
{
	return gemm_random(&seed) % n;
}

static bool once_in(uint32_t n)
{
	return rnd(n) == 0;
}

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

/* Odd values */

static uint64_t odd_pointer(void)
{
	switch (rnd(7)) {
	case 0: return 0;
	case 1: return 8;
	case 2: return (uintptr_t)odd_page + 4096;
	case 3: return (uintptr_t)odd_page + 4096 - rnd(64);
	case 4: return (uintptr_t)read_only;
	case 5: return 0xffff888000000000ull + rnd(1 << 20);
	default: return (uintptr_t)odd_page + rnd(4000);
	}
}

static uint64_t odd_value(uint64_t old)
{
	static const uint64_t edges[] = {
		0, 1, 2, 3, 4, 7, 8, 12, 16, 32, 33, 63, 64, 65, 255, 512, 4095, 4096, 4097, 65535,
		65536, INT32_MAX, 1ull << 31, UINT32_MAX, 1ull << 32, 1ull << 38, 1ull << 39,
		INT64_MAX, 1ull << 63, UINT64_MAX,
	};

	switch (rnd(5)) {
	case 0: return old ^ 1ull << rnd(64);
	case 1: return old + rnd(9) - 4;
	case 2: return ((uint64_t)gemm_random(&seed) << 40) ^ gemm_random(&seed);
	default: return edges[rnd(sizeof(edges) / sizeof(*edges))];
	}
}

/* One field of a struct, given the widths of its fields. */
static void mutate(void *at, const char *widths)
{
	uint32_t field = rnd(strlen(widths)), offset = 0, bytes = widths[field] - '0';
	uint64_t value = 0;

	for (uint32_t i = 0; i < field; i++)
		offset += widths[i] - '0';
	memcpy(&value, (uint8_t *)at + offset, bytes);
	value = bytes == 8 && once_in(2) ? odd_pointer() : odd_value(value);
	/* The kernel must not write into this program's own memory. */
	if (value >> 40 && value >> 47 == 0)
		value = odd_pointer();
	memcpy((uint8_t *)at + offset, &value, bytes);
}

/* One that exists, if there are some. */
static uint32_t some(_Atomic uint32_t *things)
{
	uint32_t thing = 0;

	for (int i = 0; i < THINGS && !thing; i++)
		thing = atomic_load(&things[rnd(THINGS)]);
	return thing;
}

static int some_fd(void)
{
	return atomic_load(&fds[rnd(THINGS)]);
}

static void keep_fd(int fd)
{
	int old = atomic_exchange(&fds[rnd(THINGS)], fd);

	if (old > 2)
		close(old);
}

/* Arguments that are right, unless another thread has just changed something. */

static uint64_t soon(void)
{
	return once_in(2) ? 0 : now_ns() + rnd(20000000);
}

static void fill_syncs(struct file *f, struct drm_octet_sync *syncs, struct drm_octet_array *array)
{
	uint32_t count = once_in(4) ? rnd(SYNCS + 1) : 1;

	for (uint32_t i = 0; i < count; i++) {
		syncs[i] = (struct drm_octet_sync){ .handle = some(f->sync) };
		if (once_in(4)) {
			syncs[i].flags = DRM_OCTET_SYNC_TIMELINE;
			syncs[i].point = rnd(100) + 1;
		}
		if (once_in(20))
			mutate(&syncs[i], "448");
	}
	*array = (struct drm_octet_array)ARRAY(syncs, count);
	if (once_in(30))
		mutate(array, "844");
}

/* Every 4th time a field of the second command is odd, until the next one. */
static void mutate_command(struct gemm *g)
{
	gemm_write_cmd(g, 1);
	if (!once_in(4))
		return;
	switch (rnd(3)) {
	case 0:
		mutate(gemm_cmd(g, 1), 
		       "1111" "4444444" "8" "44444" "1111" "444444444" "22222222" "444");
		break;
	case 1:
		mutate(&gemm_cmd(g, 1)->src + rnd(6), "81111488884444");
		break;
	default:
		gemm_cmd(g, 1)->dst.addr = odd_value(g->buf.va);
	}
}

static void fill_job(struct file *f, struct drm_octet_job *job)
{
	*job = gemm_job(&f->g);
	job->budget = 1 << 20;
	if (once_in(4))
		fill_syncs(f, package.in, &job->in_syncs);
	if (once_in(2))
		fill_syncs(f, package.out, &job->out_syncs);
	if (once_in(8))
		mutate(job, "844448" "8" "844844");
	if (!job->budget || job->budget > 1 << 24)
		job->budget = 1 << 24;	/* what runs for seconds tells nothing more */
}

static void fill_submit(struct file *f, union argument *a)
{
	uint32_t jobs = rnd(JOBS) + 1, refs = rnd(JOBS + 1);

	mutate_command(&f->g);
	for (uint32_t i = 0; i < jobs; i++)
		fill_job(f, &package.job[i]);
	for (uint32_t i = 0; i < refs; i++) {
		package.ref[i] = (struct drm_octet_bo_ref){
			i ? some(f->handle) : f->g.buf.handle, rnd(7) + 1,
		};
		if (once_in(20))
			mutate(&package.ref[i], "44");
	}
	a->submit = (struct drm_octet_submit){
		.queue = some(f->queue), .jobs = ARRAY(package.job, jobs),
		.bos = ARRAY(package.ref, refs),
	};
}

static void fill_name(struct file *f, union argument *a)
{
	uint32_t size = rnd(140);

	memset(package.name, 'a' + rnd(26), sizeof(package.name));
	if (once_in(8))
		package.name[rnd(100)] = rnd(256);
	a->bo_set_name = (struct drm_octet_bo_set_name){
		.handle = some(f->handle), .size = size, .ptr = (uintptr_t)package.name,
	};
}

static void fill_buffers(struct file *f, enum op op, union argument *a)
{
	switch (op) {
	case DEV_QUERY:
		a->query = (struct drm_octet_dev_query){
			.query = rnd(3), .size = rnd(300), .ptr = (uintptr_t)odd_page,
		};
		a->query.index = a->query.query == DRM_OCTET_QUERY_CORE ? rnd(3) : 0;
		break;
	case BO_CREATE:
		a->bo_create = (struct drm_octet_bo_create){ .size = rnd(1 << 17), .flags = rnd(2) };
		break;
	case BO_INFO:
		a->bo_info.handle = some(f->handle);
		break;
	case BO_WAIT:
		a->bo_wait = (struct drm_octet_bo_wait){
			.handle = once_in(2) ? f->g.buf.handle : some(f->handle),
			.flags = rnd(2), .timeout_ns = soon(),
		};
		break;
	case BO_SET_NAME:
		fill_name(f, a);
		break;
	case GEM_CLOSE:
		a->gem_close.handle = some(f->handle);
		break;
	case PRIME_EXPORT:
		a->prime.handle = some(f->handle);
		a->prime.flags = once_in(2) ? DRM_CLOEXEC : DRM_CLOEXEC | DRM_RDWR;
		break;
	default:	/* PRIME_IMPORT */
		a->prime.fd = some_fd();
	}
}

static void fill_queues(struct file *f, enum op op, union argument *a)
{
	switch (op) {
	case QUEUE_CREATE:
		a->queue_create.priority = rnd(3);
		break;
	case QUEUE_DESTROY:
		a->queue_destroy.queue = some(f->queue);
		break;
	case QUEUE_QUERY:
		a->queue_query.queue = some(f->queue);
		break;
	default:	/* SUBMIT, UNKNOWN */
		fill_submit(f, a);
	}
}

static uint32_t fill_handles(struct file *f)
{
	for (uint32_t i = 0; i < SYNCS; i++) {
		package.handle[i] = some(f->sync);
		package.point[i] = rnd(100) + 1;
	}
	return rnd(SYNCS) + 1;
}

static void fill_sync_waits(struct file *f, enum op op, union argument *a)
{
	uint64_t handles = (uintptr_t)package.handle, points = (uintptr_t)package.point;
	uint32_t count = fill_handles(f);

	switch (op) {
	case SYNC_WAIT:
		a->sync_wait = (struct drm_syncobj_wait){
			.handles = handles, .count_handles = count, .flags = rnd(4),
			.timeout_nsec = soon(),
		};
		break;
	case SYNC_TIMELINE_WAIT:
		a->sync_timeline_wait = (struct drm_syncobj_timeline_wait){
			.handles = handles, .points = points, .count_handles = count,
			.flags = rnd(8), .timeout_nsec = soon(),
		};
		break;
	case SYNC_RESET:
	case SYNC_SIGNAL:
		a->sync_array = (struct drm_syncobj_array){ handles, count, 0 };
		break;
	case SYNC_TIMELINE_SIGNAL:
	case SYNC_QUERY:
		a->sync_timeline_array =
			(struct drm_syncobj_timeline_array){ handles, points, count, 0 };
		break;
	default:	/* SYNC_TRANSFER */
		a->sync_transfer = (struct drm_syncobj_transfer){
			package.handle[0], package.handle[1], rnd(20), rnd(20), 0, 0,
		};
	}
}

static void fill_syncobjs(struct file *f, enum op op, union argument *a)
{
	switch (op) {
	case SYNC_CREATE:
		a->sync_create.flags = rnd(2);
		break;
	case SYNC_DESTROY:
		a->sync_destroy.handle = some(f->sync);
		break;
	case SYNC_EXPORT:
		a->sync_handle = (struct drm_syncobj_handle){ some(f->sync), rnd(2), -1, 0 };
		break;
	case SYNC_IMPORT:
		a->sync_handle = (struct drm_syncobj_handle){ 0, rnd(2), some_fd(), 0 };
		if (a->sync_handle.flags)	/* a sync_file, into one that exists */
			a->sync_handle.handle = some(f->sync);
		break;
	case DMA_BUF_EXPORT:
		a->dma_buf_export.flags = rnd(4);
		break;
	case DMA_BUF_IMPORT:
		a->dma_buf_import = (struct dma_buf_import_sync_file){ rnd(4), some_fd() };
		break;
	case DMA_BUF_SYNC:
		a->dma_buf_sync.flags = rnd(8);
		break;
	case SYNC_MERGE:
		a->sync_merge.fd2 = some_fd();
		break;
	default:
		fill_sync_waits(f, op, a);
	}
}

static void fill(struct file *f, enum op op, union argument *a)
{
	memset(a, 0, sizeof(*a));
	switch (op) {
	case DEV_QUERY: case BO_CREATE: case BO_INFO: case BO_WAIT: case BO_SET_NAME:
	case GEM_CLOSE: case PRIME_EXPORT: case PRIME_IMPORT:
		fill_buffers(f, op, a);
		break;
	case QUEUE_CREATE: case QUEUE_DESTROY: case QUEUE_QUERY: case SUBMIT: case UNKNOWN:
		fill_queues(f, op, a);
		break;
	default:
		fill_syncobjs(f, op, a);
	}
}

/*
 * A guest has little memory, and buffers are kept for a while. For a huge number of
 * syncobjs DRM's own code has the allocator warn (drm_syncobj_array_find).
 */
static void tame(enum op op, union argument *a)
{
	__u32 *count = op == SYNC_WAIT ? &a->sync_wait.count_handles :
		       op == SYNC_TIMELINE_WAIT ? &a->sync_timeline_wait.count_handles :
		       op == SYNC_RESET || op == SYNC_SIGNAL ? &a->sync_array.count_handles :
		       op == SYNC_TIMELINE_SIGNAL || op == SYNC_QUERY ?
		       &a->sync_timeline_array.count_handles : NULL;

	if (op == BO_CREATE && a->bo_create.size > SMALL && a->bo_create.size < 1ull << 36)
		a->bo_create.size %= SMALL;
	if (count && *count > 65536)
		*count %= 65536;
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
	if (once_in(64)) {
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

static void watch(int seconds, uint32_t from)
{
	int64_t until = now_ns() + seconds * SECOND;
	pid_t pid[WORKERS] = { 0 };

	while (now_ns() < until) {
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
	for (uint32_t i = 0; i < 8 && i < atomic_load(&shared->said); i++)
		printf("# %s\n", shared->text[i]);
	check(sum > 1000, "at least a thousand calls");
	check(atomic_load(&shared->jobs) > 10, "jobs among them were right and taken");
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
	printf("# innocent jobs: %lu, lost %lu\n", canary.jobs, canary.lost + canary.wrong);
	close(atomic_load(&files[0].fd));
	show();
	afterwards();
	return tap_end();
}
