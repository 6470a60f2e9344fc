/* SPDX-License-Identifier: MIT */
/* Small matrix products as jobs, with the result worked out by three plain loops. */
#ifndef OCTET_TEST_GEMM_H
#define OCTET_TEST_GEMM_H

#include "dev.h"

#define GEMM_CMDS 2	/* commands of an ordinary job: the second repeats the first */

/*
 * One product C = A B, int8 to int32. Its commands, report, matrices and result
 * share a buffer unless the test puts an address of its own into a command.
 */
struct gemm {
	int fd;
	uint32_t m, k, n, commands;
	struct buf buf;
	uint64_t report_at, a_at, b_at, c_at;
	int32_t *expected;
};

static inline uint32_t gemm_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static inline struct octet_cmd *gemm_cmd(struct gemm *g, uint32_t i)
{
	return (struct octet_cmd *)g->buf.map + i;
}

static inline int32_t *gemm_result(struct gemm *g)
{
	return (int32_t *)(g->buf.map + g->c_at);
}

static inline const struct octet_report *gemm_report(struct gemm *g, uint32_t i)
{
	return (struct octet_report *)(g->buf.map + g->report_at) + i;
}

static inline size_t gemm_result_bytes(const struct gemm *g)
{
	return 4ul * g->m * g->n;
}

static inline void gemm_write_cmd(struct gemm *g, uint32_t i)
{
	struct octet_cmd *cmd = gemm_cmd(g, i);

	*cmd = (struct octet_cmd){
		.op = OCTET_OP_GEMM, .stage = OCTET_STAGE_RAW,
		.act_min = INT32_MIN, .act_max = INT32_MAX,
		.n = 1, .n2 = 1, .h = g->m, .w = 1, .cin = g->k,
		.oh = g->m, .ow = 1, .cout = g->n, .groups = 1,
		.r = 1, .s = 1, .sh = 1, .sw = 1, .dh = 1, .dw = 1,
	};
	cmd->src = (struct octet_operand){
		.addr = g->buf.va + g->a_at, .space = OCTET_SPACE_VA, .type = OCTET_TYPE_INT8,
		.stride = { 0, 0, g->k, 0 },
	};
	cmd->wgt = (struct octet_operand){
		.addr = g->buf.va + g->b_at, .space = OCTET_SPACE_VA, .type = OCTET_TYPE_INT8,
		.stride = { 0, 0, g->n, 0 },
	};
	cmd->dst = (struct octet_operand){
		.addr = g->buf.va + g->c_at, .space = OCTET_SPACE_VA, .type = OCTET_TYPE_INT32,
		.stride = { 0, 0, 4ul * g->n, 0 },
	};
}

/* Result and report back to what no job leaves behind. */
static inline void gemm_clear(struct gemm *g)
{
	memset(gemm_result(g), 0x5a, gemm_result_bytes(g));
	memset(g->buf.map + g->report_at, 0, g->commands * sizeof(struct octet_report));
}

static inline bool gemm_untouched(struct gemm *g)
{
	const uint8_t *c = (const uint8_t *)gemm_result(g);

	for (size_t i = 0; i < gemm_result_bytes(g); i++)
		if (c[i] != 0x5a)
			return false;
	return true;
}

static inline bool gemm_right(struct gemm *g)
{
	return !memcmp(gemm_result(g), g->expected, gemm_result_bytes(g));
}

static inline void gemm_fill(struct gemm *g, uint32_t seed)
{
	int8_t *a = (int8_t *)(g->buf.map + g->a_at), *b = (int8_t *)(g->buf.map + g->b_at);

	for (uint32_t i = 0; i < g->m * g->k; i++)
		a[i] = (int8_t)gemm_random(&seed);
	for (uint32_t i = 0; i < g->k * g->n; i++)
		b[i] = (int8_t)gemm_random(&seed);
	for (uint32_t i = 0; i < g->m; i++)
		for (uint32_t j = 0; j < g->n; j++) {
			int32_t sum = 0;

			for (uint32_t k = 0; k < g->k; k++)
				sum += a[i * g->k + k] * b[k * g->n + j];
			g->expected[i * g->n + j] = sum;
		}
}

static inline uint64_t gemm_align(uint64_t at)
{
	return (at + 63) & ~63ull;
}

static inline void gemm_new_sized(struct gemm *g, int fd, uint32_t m, uint32_t k, uint32_t n,
				  uint32_t commands, uint32_t seed)
{
	*g = (struct gemm){ .fd = fd, .m = m, .k = k, .n = n, .commands = commands };
	g->report_at = (uint64_t)commands * OCTET_CMD_SIZE;
	g->a_at = gemm_align(g->report_at + commands * sizeof(struct octet_report));
	g->b_at = gemm_align(g->a_at + m * k);
	g->c_at = gemm_align(g->b_at + k * n);
	g->buf = buf_new(fd, g->c_at + gemm_result_bytes(g), 0);
	g->expected = malloc(gemm_result_bytes(g));
	if (!g->expected)
		bail("out of memory");
	gemm_fill(g, seed);
	gemm_clear(g);
	for (uint32_t i = 0; i < commands; i++)
		gemm_write_cmd(g, i);
}

static inline void gemm_new(struct gemm *g, int fd, uint32_t seed)
{
	gemm_new_sized(g, fd, 8 + seed % 9, 12 + seed % 7, 10 + seed % 5, GEMM_CMDS, seed);
}

/* A job that keeps a core busy for a while: 40 ms on a fast host, far below any timeout. */
static inline void gemm_new_slow(struct gemm *g, int fd, uint32_t seed)
{
	gemm_new_sized(g, fd, 192, 256, 192, 1500, seed);
}

static inline void gemm_free(struct gemm *g)
{
	if (g->buf.map)
		buf_free(g->fd, &g->buf);
	free(g->expected);
	g->expected = NULL;
}

static inline struct drm_octet_job gemm_job(const struct gemm *g)
{
	return (struct drm_octet_job){
		.cmd_va = g->buf.va, .cmd_count = g->commands, .lb = 256 * 1024,
		.report_va = g->buf.va + g->report_at,
	};
}

static inline struct drm_octet_bo_ref gemm_ref(const struct gemm *g)
{
	return (struct drm_octet_bo_ref){ g->buf.handle, DRM_OCTET_BO_READ | DRM_OCTET_BO_WRITE };
}

/* A job with one in- and one out-sync; either may be NULL. */
static inline struct drm_octet_job gemm_job_sync(const struct gemm *g,
						 const struct drm_octet_sync *in,
						 const struct drm_octet_sync *out)
{
	struct drm_octet_job job = gemm_job(g);

	if (in)
		job.in_syncs = (struct drm_octet_array)ARRAY(in, 1);
	if (out)
		job.out_syncs = (struct drm_octet_array)ARRAY(out, 1);
	return job;
}

/* Submits one job that signals @handle. */
static inline int gemm_submit(struct gemm *g, uint32_t queue, uint32_t handle)
{
	struct drm_octet_sync out = { .handle = handle };
	struct drm_octet_job job = gemm_job_sync(g, NULL, &out);
	struct drm_octet_bo_ref ref = gemm_ref(g);

	return submit(g->fd, queue, &job, 1, &ref, 1);
}

/* Submits one job and waits: 0, an error of the submit, or of the fence; 1: no end. */
static inline int gemm_run(struct gemm *g, uint32_t queue)
{
	uint32_t sync = sync_new(g->fd);
	int ret = gemm_submit(g, queue, sync);

	if (!ret)
		ret = sync_result(g->fd, sync);
	drmSyncobjDestroy(g->fd, sync);
	return ret;
}

#define EVERYWHERE_JOBS 8

/*
 * The same job again and again in two queues until every core has had it. @right
 * judges the result of each round. Return: 0, 1 for a wrong result, or the error of
 * the last job of a queue.
 */
static inline int gemm_everywhere(struct gemm *g, const struct drm_octet_job *job,
				  const uint32_t queues[2], bool (*right)(struct gemm *g))
{
	uint32_t cores = dev_info(g->fd).cores, reached = 0, sync[2];
	struct drm_octet_job jobs[EVERYWHERE_JOBS];
	uint64_t before[8];
	int ret = 0;

	for (uint32_t c = 0; c < cores; c++)
		before[c] = dev_core(g->fd, c).jobs;
	for (int round = 0; round < 50 && reached < cores && !ret; round++) {
		gemm_clear(g);
		for (int q = 0; q < 2; q++) {
			struct drm_octet_sync out = { .handle = sync[q] = sync_new(g->fd) };

			for (int i = 0; i < EVERYWHERE_JOBS; i++)
				jobs[i] = *job;
			jobs[EVERYWHERE_JOBS - 1].out_syncs = (struct drm_octet_array)ARRAY(&out, 1);
			ret = submit(g->fd, queues[q], jobs, EVERYWHERE_JOBS, NULL, 0);
			if (ret)
				return ret;
		}
		for (int q = 0; q < 2; q++) {
			int end = sync_result(g->fd, sync[q]);

			ret = ret ? ret : end;
			drmSyncobjDestroy(g->fd, sync[q]);
		}
		/* Both queues write the same bytes to the same place. */
		if (!ret)
			ret = !right(g);
		reached = 0;
		for (uint32_t c = 0; c < cores; c++)
			reached += dev_core(g->fd, c).jobs > before[c];
	}
	printf("# ran on %u of %u cores\n", reached, cores);
	return ret;
}

/* The control behind each test: a new queue of this client gives right bits. */
static inline bool gemm_works(int fd)
{
	static uint32_t seed = 77;
	uint32_t queue = queue_new(fd);
	struct gemm g;
	bool ok;

	gemm_new(&g, fd, seed++);
	ok = !gemm_run(&g, queue) && gemm_right(&g);
	gemm_free(&g);
	queue_free(fd, queue);
	return ok;
}

#endif
