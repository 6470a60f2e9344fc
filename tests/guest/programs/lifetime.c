// SPDX-License-Identifier: MIT
/*
 * What ends before what: buffers, files, processes.
 *
 * usage: lifetime buffers | reuse | files | hold | exec-child FD
 */
#include <sys/wait.h>

#include "gemm.h"

/* Until every job that reached a ring has its fence signalled. */
static bool all_settled(int fd)
{
	struct drm_octet_core_counters c;

	for (int i = 0; i < 1000; i++) {
		c = dev_counters(fd);
		if (c.submitted == c.completed + c.failed)
			return true;
		sleep_ms(10);
	}
	return false;
}

/* The unmapping is the driver's to do, some time after the close. */
static bool client_shrinks(int fd, uint32_t bos)
{
	for (int i = 0; i < 500; i++) {
		if (dev_client(fd).bos <= bos)
			return true;
		sleep_ms(10);
	}
	return false;
}

/* A job keeps what it lists mapped, a mapping keeps the memory. */
static void closed_while_used(void)
{
	int fd = dev_open();
	uint32_t queue = queue_new(fd), sync = sync_new(fd);
	struct gemm g;

	gemm_new_slow(&g, fd, 1);
	check_ret(gemm_submit(&g, queue, sync), 0, "a slow job");
	check_ret(buf_close(fd, &g.buf), 0, "  its buffer's handle is closed at once");
	check(sync_wait(fd, sync, 0) == -ETIME, "  while it runs");
	check_ret(sync_result(fd, sync), 0, "  it ends well");
	check(gemm_right(&g), "  its result is right, seen through the mapping that outlives the handle");
	check(client_shrinks(fd, 0), "  then nothing of it is mapped on the device");
	g.buf.map[0] ^= 1;
	buf_unmap(&g.buf);
	gemm_free(&g);
	close(fd);
}

static void usage_returns(void)
{
	struct drm_octet_client_info info;
	int fd = dev_open();
	uint32_t queues[8];
	struct buf b[40];

	info = dev_client(fd);
	check(!info.bo_bytes && !info.bos && !info.queues, "a new client holds nothing");
	for (int i = 0; i < 40; i++)
		b[i] = buf_new(fd, 8192, i & 1);
	for (int i = 0; i < 8; i++)
		queues[i] = queue_new(fd);
	info = dev_client(fd);
	check(info.bo_bytes == 40 * 8192 && info.bos == 40 && info.queues == 8 && info.table_bytes,
	      "it holds 40 buffers, 8 queues and page tables: %llu bytes",
	      (unsigned long long)info.table_bytes);
	for (int i = 0; i < 40; i++)
		buf_free(fd, &b[i]);
	for (int i = 0; i < 8; i++)
		queue_free(fd, queues[i]);
	check(client_shrinks(fd, 0), "then no buffer");
	info = dev_client(fd);
	check(!info.bo_bytes && !info.queues && info.table_bytes <= 4096,
	      "no byte and no queue; %llu bytes of page tables", (unsigned long long)info.table_bytes);
	close(fd);
}

static int read_everywhere(struct gemm *g, const uint32_t *queues)
{
	struct drm_octet_job job = gemm_job(g);

	return gemm_everywhere(g, &job, queues, gemm_right);
}

static struct buf same_address(int fd, uint64_t va)
{
	struct buf other[64];
	int count = 0;

	while (count < 64) {
		other[count] = buf_new(fd, 4096, 0);
		if (other[count].va == va)
			break;
		count++;
	}
	if (count == 64)
		bail("address %#llx is never handed out again", (unsigned long long)va);
	for (int i = 0; i < count; i++)
		buf_free(fd, &other[i]);
	return other[count];
}

static void fill_input(struct gemm *g, struct buf *input, uint32_t seed)
{
	gemm_fill(g, seed);
	memcpy(input->map, g->buf.map + g->a_at, g->m * g->k);
}

/*
 * An address is given back and handed out again. The old pages live on in a
 * mapping of this process, so that a core that still knew the old translation
 * would be caught reading them.
 */
static void address_reused(void)
{
	int fd = dev_open(), ret;
	uint32_t queues[2] = { queue_new(fd), queue_new(fd) };
	struct buf old = buf_new(fd, 4096, 0), new;
	struct drm_octet_queue_query q;
	struct gemm g;

	gemm_new(&g, fd, 9);
	gemm_cmd(&g, 0)->src.addr = gemm_cmd(&g, 1)->src.addr = old.va;
	fill_input(&g, &old, 1000);
	check(read_everywhere(&g, queues) == 0, "all cores read a buffer");

	buf_close(fd, &old);
	check(client_shrinks(fd, 1), "the buffer is closed, its address given back");
	new = same_address(fd, old.va);
	fill_input(&g, &new, 2000);
	ret = read_everywhere(&g, queues);
	check(ret == 0, "a new buffer has that address and is what cores read, no old translation: %d",
	      ret);

	buf_free(fd, &new);
	check(client_shrinks(fd, 1), "that one is closed too");
	ret = read_everywhere(&g, queues);
	q = queue_query(fd, queues[0]);
	check(ret == -ECANCELED && q.error == -EFAULT && q.status == OCTET_STATUS_UNMAPPED &&
	      q.fault_va == old.va, "then nothing is there, no old translation: %d, status %#x", ret,
	      q.status);
	gemm_free(&g);
	close(fd);
}

/* A child with its own file; returns when it has jobs on the way. */
static pid_t busy_child(struct gemm *g)
{
	int ready[2];
	char byte = 0;
	pid_t pid;

	if (pipe(ready))
		bail("a pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		bail("fork: %s", strerror(errno));
	if (pid == 0) {
		int fd = dev_open();
		uint32_t queue = queue_new(fd), sync = sync_new(fd);

		gemm_new_slow(g, fd, 2);
		for (int i = 0; i < 4; i++)
			gemm_submit(g, queue, sync);
		byte = sync_wait(fd, sync, 0) == -ETIME ? 'b' : 'i';
		if (write(ready[1], &byte, 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	if (read(ready[0], &byte, 1) != 1 || byte != 'b')
		bail("the child has no jobs on the way");
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void killed(int fd)
{
	struct gemm g = { 0 };
	pid_t pid = busy_child(&g);
	int status = 0;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "a client is killed in mid-job");
	check(gemm_works(fd), "  another's job gives right bits");
	check(all_settled(fd), "  all fences of jobs that reached a ring are signalled");
}

static void closed_with_jobs(int fd)
{
	int other = dev_open();
	uint32_t queue = queue_new(other), sync = sync_new(other);
	struct gemm g;
	int file, end;

	gemm_new_slow(&g, other, 3);
	for (int i = 0; i < 6; i++)
		gemm_submit(&g, queue, sync);
	file = sync_export(other, sync);
	check(sync_file_wait(file, 0) == 1, "a client closes its file with jobs queued");
	close(other);
	check(gemm_works(fd), "  another's job gives right bits");
	end = sync_file_wait(file, 20000);
	check(end <= 0, "  its last fence signals, with %d", end);
	check(all_settled(fd), "  all fences of jobs that reached a ring are signalled");
	close(file);
	gemm_free(&g);
}

/*
 * A queue destroyed with jobs queued must leave nothing behind that makes its core
 * look busy: two queues use two cores after it as before.
 */
static void balance(int fd)
{
	uint32_t cores = dev_info(fd).cores, used = 0, queues[2], sync = sync_new(fd);
	uint64_t jobs[8];
	struct gemm g;

	gemm_new_slow(&g, fd, 4);
	queues[0] = queue_new(fd);
	for (int i = 0; i < 40; i++)
		gemm_submit(&g, queues[0], sync);
	queue_free(fd, queues[0]);
	buf_wait(fd, &g.buf, 0, now_ns() + 20 * SECOND);
	for (uint32_t c = 0; c < cores; c++)
		jobs[c] = dev_core(fd, c).jobs;
	for (int q = 0; q < 2; q++) {
		queues[q] = queue_new(fd);
		gemm_submit(&g, queues[q], sync);
		gemm_submit(&g, queues[q], sync);
	}
	buf_wait(fd, &g.buf, 0, now_ns() + 20 * SECOND);
	for (uint32_t c = 0; c < cores; c++)
		used += dev_core(fd, c).jobs > jobs[c];
	check(used == (cores > 1 ? 2 : 1),
	      "after a queue is destroyed with jobs queued two queues use %u cores", used);
	queue_free(fd, queues[0]);
	queue_free(fd, queues[1]);
	gemm_free(&g);
}

/* Each is destroyed at the moment in which a core takes its jobs. */
static void queues_destroyed(int fd)
{
	uint32_t sync = sync_new(fd), count = 1000, lost = 0;
	struct gemm g;

	gemm_new(&g, fd, 5);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t queue = queue_new(fd);
		int64_t until;

		for (uint32_t k = 0; k < 8 + i % 7; k++)
			gemm_submit(&g, queue, sync);
		for (until = now_ns() + i % 61 * 5000; now_ns() < until;)
			;
		queue_free(fd, queue);
		lost += sync_result(fd, sync) > 0;
	}
	check(!lost, "%u queues destroyed while a core takes their jobs: all fences end", count);
	check(gemm_works(fd), "  a new queue's job gives right bits");
	gemm_free(&g);
}

/* What a child process says about one thing, by its exit code. */
static bool in_child(bool (*say)(int fd), int fd)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(say(fd) ? 0 : 1);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool execs(int fd)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", fd);
	execl("/proc/self/exe", "lifetime", "exec-child", number, NULL);
	return false;
}

static void forked(int fd)
{
	check(in_child(gemm_works, fd), "a forked child uses the file that it inherited");
	check(gemm_works(fd), "  its parent goes on");
	check(in_child(execs, fd), "a child that executes a program has lost the file, opens its own");
	check(gemm_works(fd), "  its parent goes on");
}

static int exec_child(int fd)
{
	if (fcntl(fd, F_GETFD) != -1 || errno != EBADF)
		return 1;
	return gemm_works(dev_open()) ? 0 : 1;
}

/* More cycles than a leak of any of the small numbers would survive. */
static void many_cycles(void)
{
	uint32_t highest = 0, cycles = 200, wrong = 0;

	for (uint32_t i = 0; i < cycles; i++) {
		int fd = dev_open();
		uint32_t asid = dev_client(fd).asid;
		struct gemm g;

		highest = asid > highest ? asid : highest;
		gemm_new(&g, fd, i);
		if (i % 2)
			wrong += gemm_run(&g, queue_new(fd)) || !gemm_right(&g);
		else
			gemm_submit(&g, queue_new(fd), sync_new(fd));
		if (i % 4 > 1)
			gemm_free(&g);
		else
			free(g.expected);
		close(fd);
		if (g.buf.map && i % 4 <= 1)
			buf_unmap(&g.buf);
	}
	check(!wrong, "%u clients come, run a job and go, half of them before it ends", cycles);
	check(highest < 64, "  address-space numbers are used again: the highest is %u", highest);
}

static void buffers(void)
{
	closed_while_used();
	usage_returns();
}

static void files(void)
{
	int fd = dev_open();

	killed(fd);
	closed_with_jobs(fd);
	queues_destroyed(fd);
	balance(fd);
	forked(fd);
	many_cycles();
	check(all_settled(fd), "all fences of jobs that reached a ring are signalled");
	check(gemm_works(fd), "after all that a job runs and gives right bits");
	close(fd);
}

/* Keeps the file open and busy until it is told to end. */
static void hold(void)
{
	int fd = dev_open();

	check(gemm_works(fd), "a client has the device open");
	pause();
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	tap_start(90);
	if (!strcmp(what, "exec-child") && argc == 3)
		return exec_child(atoi(argv[2]));
	if (!strcmp(what, "buffers")) {
		buffers();
	} else if (!strcmp(what, "reuse")) {
		address_reused();
	} else if (!strcmp(what, "files")) {
		files();
	} else if (!strcmp(what, "hold")) {
		hold();
	} else {
		fputs("usage: lifetime buffers | reuse | files | hold\n", stderr);
		return 2;
	}
	return tap_end();
}
