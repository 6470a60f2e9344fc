// SPDX-License-Identifier: MIT
/*
 * What the driver tells about known work: names of buffers, and counters that
 * say exactly what was done, in every place where they are shown.
 *
 * usage: observe names | fine | failed | hang | irq | quiet
 * hang and irq need the fault injected beforehand.
 */
#include <sys/klog.h>

#include "gemm.h"
#include "look.h"

static int fd;

static int set_name(const struct buf *b, const char *name)
{
	struct drm_octet_bo_set_name n = { b->handle, strlen(name), (uintptr_t)name };

	return dev_ioctl(fd, DRM_IOCTL_OCTET_BO_SET_NAME, &n);
}

/* The line of debugfs' gem that ends with @name in quotes, or "". */
static const char *gem_line(const char *name)
{
	static char line[512];
	char quoted[160];
	const char *text = look_debugfs(fd, "gem"), *at, *start;

	snprintf(quoted, sizeof(quoted), "\"%s\"\n", name);
	at = strstr(text + strcspn(text, "\n"), quoted);
	if (!at)
		return "";
	for (start = at; start > text && start[-1] != '\n';)
		start--;
	snprintf(line, sizeof(line), "%.*s", (int)(at - start) + (int)strlen(quoted) - 1, start);
	return line;
}

static void names(void)
{
	struct buf a = buf_new(fd, 8192, DRM_OCTET_BO_READONLY), b = buf_new(fd, 4096, 0);
	char va[64], pid[32];
	uint32_t again;
	const char *line;
	int dmabuf, other = dev_open();

	check_ret(set_name(&a, "first weights"), 0, "a name");
	line = gem_line("first weights");
	snprintf(va, sizeof(va), "%u:%#llx ", dev_client(fd).asid, (unsigned long long)a.va);
	snprintf(pid, sizeof(pid), " %d observe ", getpid());
	check(strstr(line, "8192 ") && strstr(line, " readonly "), "  size and access: %s", line);
	check(strstr(line, va) && strstr(line, pid), "  address, process: %s%s", va, pid);
	check(strstr(look_debugfs(fd, "vms"), "\"first weights\"") != NULL, "  in the address space");

	check_ret(set_name(&a, "other weights"), 0, "another name for it");
	check(!*gem_line("first weights") && *gem_line("other weights"), "  it replaces the first");
	check(!strstr(gem_line("other weights"), "exported"), "  nobody shares it");
	if (drmPrimeHandleToFD(fd, a.handle, DRM_CLOEXEC, &dmabuf) ||
	    drmPrimeFDToHandle(other, dmabuf, &again))
		bail("sharing a buffer: %s", strerror(errno));
	line = gem_line("other weights");
	snprintf(va, sizeof(va), " %u:0x", dev_client(other).asid);
	check(strstr(line, " exported ") && strstr(line, va), "shared: two addresses: %s", line);
	check_ret(set_name(&b, "other"), 0, "a second buffer");
	check(*gem_line("other") != 0, "  is shown too");
	check_ret(set_name(&b, ""), 0, "  its name is taken away");
	check(!*gem_line("other"), "  and not shown any more");

	buf_free(fd, &a);
	check(*gem_line("other weights") != 0, "the creator closes it: it is still shown");
	close(other);
	close(dmabuf);
	sleep_ms(300);
	check(!*gem_line("other weights"), "the other closes it too: it is gone");
	buf_free(fd, &b);
}

/* struct totals - of all cores, from each place */
struct totals {
	uint64_t submitted, completed, failed, faults, interrupts, timeouts, resets, busy_us;
	uint64_t device_jobs, device_errors, device_irqs, device_resets, cycles;
};

static uint64_t driver_line(const char *text, uint32_t core, const char *side, const char *name)
{
	char key[64];
	int64_t value;

	snprintf(key, sizeof(key), "core%u.%s.%s", core, side, name);
	value = look_key(text, key);
	if (value < 0)
		bail("debugfs has no %s", key);
	return value;
}

static struct totals totals_debugfs(void)
{
	const char *text = look_debugfs(fd, "counters");
	uint32_t cores = dev_info(fd).cores;
	struct totals t = { 0 };

	for (uint32_t c = 0; c < cores; c++) {
		t.submitted += driver_line(text, c, "driver", "submitted");
		t.completed += driver_line(text, c, "driver", "completed");
		t.failed += driver_line(text, c, "driver", "failed");
		t.faults += driver_line(text, c, "driver", "faults");
		t.interrupts += driver_line(text, c, "driver", "interrupts");
		t.timeouts += driver_line(text, c, "driver", "timeouts");
		t.resets += driver_line(text, c, "driver", "resets");
		t.busy_us += driver_line(text, c, "driver", "busy_ns") / 1000;
		t.device_jobs += driver_line(text, c, "device", "jobs");
		t.device_errors += driver_line(text, c, "device", "errors");
		t.device_irqs += driver_line(text, c, "device", "irqs");
		t.device_resets += driver_line(text, c, "device", "core_resets");
		t.cycles += driver_line(text, c, "device", "cycles");
	}
	return t;
}

static struct totals totals_sysfs(void)
{
	uint32_t cores = look_sysfs(fd, "octet/cores");
	struct totals t = { 0 };

	for (uint32_t c = 0; c < cores; c++) {
		t.submitted += look_sysfs_core(fd, c, "submitted");
		t.completed += look_sysfs_core(fd, c, "completed");
		t.failed += look_sysfs_core(fd, c, "failed");
		t.faults += look_sysfs_core(fd, c, "faults");
		t.interrupts += look_sysfs_core(fd, c, "interrupts");
		t.timeouts += look_sysfs_core(fd, c, "timeouts");
		t.resets += look_sysfs_core(fd, c, "resets");
		t.busy_us += look_sysfs_core(fd, c, "busy_time_us");
	}
	return t;
}

/* struct work - what a test did, and what each counter must have grown by */
struct work {
	struct totals before;
	struct drm_octet_core_counters query;
	int64_t engine_ns, engine_cycles;
};

static int64_t engines(const char *kind)
{
	uint32_t cores = dev_info(fd).cores;
	int64_t sum = 0;

	for (uint32_t c = 0; c < cores; c++)
		sum += look_engine(fd, kind, c);
	return sum;
}

static void work_begin(struct work *w)
{
	w->before = totals_debugfs();
	w->query = dev_counters(fd);
	w->engine_ns = engines("engine");
	w->engine_cycles = engines("cycles");
}

static void same(const char *what, uint64_t want, uint64_t debugfs, uint64_t sysfs, uint64_t query)
{
	check(debugfs == want && sysfs == want && query == want,
	      "  %s: %llu; debugfs %llu, sysfs %llu, query %llu", what, (unsigned long long)want,
	      (unsigned long long)debugfs, (unsigned long long)sysfs, (unsigned long long)query);
}

/* The driver's own counters, in three places, and the device's beside them. */
static void work_end(const struct work *w, uint64_t fine, uint64_t faulty, uint64_t hung,
		     uint64_t canceled)
{
	struct totals d, s = totals_sysfs();
	struct drm_octet_core_counters q = dev_counters(fd);
	const struct totals *b = &w->before;
	uint64_t bad = faulty + hung + canceled, busy;

	d = totals_debugfs();
	same("submitted", fine + bad, d.submitted - b->submitted, s.submitted - b->submitted,
	     q.submitted - w->query.submitted);
	same("completed", fine, d.completed - b->completed, s.completed - b->completed,
	     q.completed - w->query.completed);
	same("failed", bad, d.failed - b->failed, s.failed - b->failed, q.failed - w->query.failed);
	same("timeouts", hung, d.timeouts - b->timeouts, s.timeouts - b->timeouts,
	     q.timeouts - w->query.timeouts);
	same("faults, the device's errors", faulty, d.faults - b->faults, s.faults - b->faults,
	     q.errors - w->query.errors);
	same("core resets, the device's too", hung, d.resets - b->resets, s.resets - b->resets,
	     q.core_resets - w->query.core_resets);
	check(d.device_jobs - b->device_jobs == fine && q.jobs - w->query.jobs == fine,
	      "  the device ran %llu jobs to their end", (unsigned long long)fine);
	check(d.interrupts == s.interrupts && d.interrupts == q.interrupts &&
	      d.interrupts - b->interrupts <= q.irqs - w->query.irqs,
	      "  %llu interrupts handled of %llu messages",
	      (unsigned long long)(d.interrupts - b->interrupts),
	      (unsigned long long)(q.irqs - w->query.irqs));
	check(engines("cycles") - w->engine_cycles == (int64_t)(q.cycles - w->query.cycles),
	      "  fdinfo's cycles are the device's: %lld",
	      (long long)(engines("cycles") - w->engine_cycles));
	busy = engines("engine") - w->engine_ns;
	check(busy / 1000 - (d.busy_us - b->busy_us) + 16 <= 32,
	      "  fdinfo's time is the cores': %llu us, %llu us", (unsigned long long)busy / 1000,
	      (unsigned long long)(d.busy_us - b->busy_us));
}

#define JOBS 24

static void fine(void)
{
	uint32_t queue = queue_new(fd);
	struct work w;
	struct gemm g;
	int bad = 0;

	gemm_new(&g, fd, 5);
	work_begin(&w);
	for (int i = 0; i < JOBS; i++)
		bad += gemm_run(&g, queue) != 0;
	check(!bad, "%d jobs", JOBS);
	work_end(&w, JOBS, 0, 0, 0);
	gemm_free(&g);
}

/* Each fails in a queue of its own, after one that does not. */
static void failed(void)
{
	struct work w;
	struct gemm good, bad;
	int wrong = 0;

	gemm_new(&good, fd, 5);
	gemm_new(&bad, fd, 6);
	gemm_cmd(&bad, 1)->src.addr = 0x40;
	work_begin(&w);
	for (int i = 0; i < JOBS; i++) {
		uint32_t queue = queue_new(fd);

		wrong += gemm_run(&good, queue) != 0;
		wrong += gemm_run(&bad, queue) != -EFAULT;
		queue_free(fd, queue);
	}
	check(!wrong, "%d jobs that end well, %d that fault", JOBS, JOBS);
	work_end(&w, JOBS, JOBS, 0, 0);
	gemm_free(&good);
	gemm_free(&bad);
}

/* The first job hangs; what is behind it in the ring is cancelled. */
static void hang(void)
{
	uint32_t queue = queue_new(fd), syncs[3];
	int64_t ns, before, later;
	struct gemm g[3];
	struct work w;

	for (uint32_t i = 0; i < 3; i++) {
		gemm_new(&g[i], fd, 5 + i);
		syncs[i] = sync_new(fd);
	}
	work_begin(&w);
	for (uint32_t i = 0; i < 3; i++)
		gemm_submit(&g[i], queue, syncs[i]);
	before = engines("engine");
	sleep_ms(100);
	later = engines("engine");
	check(later - before >= 100 * 1000 * 1000, "a job hangs: its time grows, %lld ms in 100",
	      (long long)(later - before) / 1000000);
	check_ret(sync_result(fd, syncs[0]), -ETIME, "  it is ended");
	for (int i = 1; i < 3; i++)
		check_ret(sync_result(fd, syncs[i]), -ECANCELED, "  the next is cancelled");
	ns = engines("engine");
	check(ns - w.engine_ns >= dev_info(fd).job_timeout_ms * 1000000ll,
	      "  it took %lld ms of a core", (long long)(ns - w.engine_ns) / 1000000);
	sleep_ms(50);
	check(engines("engine") == ns, "  which grows no more");
	work_end(&w, 0, 0, 1, 2);
	check(strstr(look_debugfs(fd, "queues"), "banned: error -62") != NULL,
	      "  debugfs shows the queue with its error");
	for (int i = 0; i < 3; i++)
		gemm_free(&g[i]);
}

/* An interrupt is lost: the watchdog finds what is complete, and nothing fails. */
static void irq(void)
{
	uint32_t queue = queue_new(fd);
	struct drm_octet_core_counters q = dev_counters(fd);
	struct work w;
	struct gemm g;

	gemm_new(&g, fd, 5);
	work_begin(&w);
	check_ret(gemm_run(&g, queue), 0, "a job whose interrupt is lost");
	check(dev_counters(fd).interrupts == q.interrupts, "  no interrupt was handled");
	work_end(&w, 1, 0, 0, 0);
	check_ret(gemm_run(&g, queue), 0, "  and one more");
	check(dev_counters(fd).interrupts > q.interrupts, "  with its interrupt");
	gemm_free(&g);
}

/* Lines of the kernel's log above the debug level. */
static int log_lines(void)
{
	static char log[1 << 20];
	int size = klogctl(3, log, sizeof(log) - 1), lines = 0;

	if (size < 0)
		bail("the kernel's log: %s", strerror(errno));
	log[size] = 0;
	for (char *line = log; *line; line++) {
		lines += line[0] == '<' && (atoi(line + 1) & 7) < 7 && strstr(line, "octet") != NULL;
		line = strchr(line, '\n');
		if (!line)
			break;
	}
	return lines;
}

/* What any client can do as often as it likes leaves no line. */
static void quiet(void)
{
	int before = log_lines(), wrong = 0;
	uint32_t made = queue_new(fd);
	struct drm_octet_job job;
	struct gemm g;

	check(before > 0, "the log has %d lines of the driver", before);
	gemm_new(&g, fd, 5);
	job = gemm_job(&g);
	job.cmd_va++;
	for (int i = 0; i < 1000; i++)
		wrong += submit(fd, made + i % 2, &job, 1, NULL, 0) != (i % 2 ? -ENOENT : -EINVAL);
	queue_free(fd, made);
	gemm_cmd(&g, 0)->src.addr = 0x40;
	for (int i = 0; i < 200; i++) {
		uint32_t queue = queue_new(fd);

		if (i == 100) {
			gemm_write_cmd(&g, 0);
			gemm_cmd(&g, 0)->op = 200;
		}
		wrong += gemm_run(&g, queue) != -EFAULT;
		queue_free(fd, queue);
	}
	check(!wrong, "1000 bad submits, 100 unmapped addresses, 100 bad commands");
	check(log_lines() == before, "  the log has %d lines as before: %d", before, log_lines());
	gemm_free(&g);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {
		{ "names", names }, { "fine", fine },	{ "failed", failed },
		{ "hang", hang },   { "irq", irq },	{ "quiet", quiet },
	};

	tap_start(60);
	fd = dev_open();
	for (size_t i = 0; argc == 2 && i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(argv[1], parts[i].name))
			continue;
		parts[i].run();
		return tap_end();
	}
	fputs("usage: observe names | fine | failed | hang | irq | quiet\n", stderr);
	return 2;
}
