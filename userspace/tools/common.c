// SPDX-License-Identifier: MIT
/* What the subcommands share: contexts, progress, random numbers, JSON. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <json-c/json.h>

#include "tool.h"

static struct octet_ctx *open_backend(const struct tool_options *o, enum octet_backend backend)
{
	OCTET_OPTS(octet_open_opts, opts);
	struct octet_ctx *ctx;
	char err[512] = "";

	opts.backend = backend;
	opts.device = backend == OCTET_BACKEND_CPU ? NULL : o->device;
	opts.machine = backend == OCTET_BACKEND_CPU ? NULL : o->machine;
	opts.cpu_level = o->cpu_level;
	opts.cpu_threads = o->cpu_threads;
	opts.errbuf = err;
	opts.errbuf_size = sizeof(err);
	if (!octet_open(&ctx, &opts))
		return ctx;
	fprintf(stderr, "octet: %s: %s\n", octet_backend_name(backend), err);
	return NULL;
}

struct octet_ctx *tool_open(const struct tool_options *o)
{
	return open_backend(o, o->backend);
}

struct octet_ctx *tool_open_cpu(const struct tool_options *o)
{
	return open_backend(o, OCTET_BACKEND_CPU);
}

int tool_fail(const struct octet_ctx *ctx, const char *what)
{
	tool_progress_end();
	fprintf(stderr, "octet: %s: %s\n", what, octet_last_error(ctx));
	return EXIT_FAILED;
}

double tool_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static double shown_at;
static bool shown;

void tool_progress(const char *what, unsigned long done, unsigned long all)
{
	double t = tool_now();

	if (!isatty(STDERR_FILENO) || (t - shown_at < 0.1 && done != all))
		return;
	shown_at = t;
	shown = true;
	fprintf(stderr, "\r%s %lu of %lu\033[K", what, done, all);
}

void tool_progress_end(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = false;
}

uint64_t tool_random(struct tool_random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u; /* splitmix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint32_t tool_below(struct tool_random *r, uint32_t n)
{
	return (uint32_t)((tool_random(r) >> 32) * n >> 32);
}

int32_t tool_between(struct tool_random *r, int32_t lo, int32_t hi)
{
	uint64_t span = (uint64_t)((int64_t)hi - lo) + 1;

	return (int32_t)(lo + (int64_t)((tool_random(r) >> 32) * span >> 32));
}

void tool_fill(struct tool_random *r, void *p, size_t bytes)
{
	uint8_t *b = p;
	uint64_t v;

	for (size_t i = 0; i < bytes; i += 8) {
		v = tool_random(r);
		memcpy(b + i, &v, bytes - i < 8 ? bytes - i : 8);
	}
}

/* Where JSON for "-" goes: standard output, while the text goes to the other. */
static FILE *json_stdout;

int tool_prepare_json(const char *path)
{
	FILE *f;
	int fd;

	if (!path)
		return EXIT_OK;
	if (strcmp(path, "-")) {
		/* Before the work, not after it; and what is there stays. */
		f = fopen(path, "a");
		if (f && !fclose(f))
			return EXIT_OK;
	} else {
		fd = dup(STDOUT_FILENO);
		json_stdout = fd < 0 ? NULL : fdopen(fd, "w");
		if (json_stdout && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
			return EXIT_OK;
	}
	fprintf(stderr, "octet: --json %s: %s\n", path, strerror(errno));
	return EXIT_FAILED;
}

int tool_write_json(struct json_object *root, const char *path)
{
	const char *text = json_object_to_json_string_ext(
		root, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
	FILE *f = strcmp(path, "-") ? fopen(path, "w") : json_stdout;
	int ret = EXIT_OK;

	if (!f || fprintf(f, "%s\n", text) < 0 || fflush(f)) {
		fprintf(stderr, "octet: --json %s: %s\n", path, strerror(errno));
		ret = EXIT_FAILED;
	}
	if (f)
		fclose(f);
	json_object_put(root);
	return ret;
}
