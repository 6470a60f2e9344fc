// SPDX-License-Identifier: MIT
/* The SRAM starts each job as zeros: what one client leaves there another never sees. */
#include "gemm.h"

#define PLACED 4096	/* bytes of SRAM that the jobs place data in */

static bool all_zero(struct gemm *g)
{
	const int32_t *c = gemm_result(g);

	for (uint32_t i = 0; i < g->m * g->n; i++)
		if (c[i])
			return false;
	return true;
}

static bool untouched(struct gemm *g)
{
	return gemm_untouched(g);
}

static struct drm_octet_job placed(struct gemm *g)
{
	struct drm_octet_job job = gemm_job(g);

	job.sw = PLACED;
	return job;
}

#define SIDE 16

/* The result of the second command: the first one's bytes times B. */
static void expect_second(struct gemm *g)
{
	const int8_t *b = (int8_t *)(g->buf.map + g->b_at);
	int8_t first[SIDE * SIDE * 4];

	memcpy(first, g->expected, sizeof(first));
	for (uint32_t i = 0; i < SIDE; i++)
		for (uint32_t j = 0; j < SIDE; j++) {
			int32_t sum = 0;

			for (uint32_t k = 0; k < SIDE; k++)
				sum += first[i * SIDE * 4 + k] * b[k * SIDE + j];
			g->expected[i * SIDE + j] = sum;
		}
}

static void within_a_job(int fd)
{
	uint32_t queues[2] = { queue_new(fd), queue_new(fd) };
	struct drm_octet_job job;
	struct gemm g;

	gemm_new_sized(&g, fd, SIDE, SIDE, SIDE, 2, 1);
	expect_second(&g);
	job = placed(&g);
	gemm_cmd(&g, 0)->dst.space = gemm_cmd(&g, 1)->src.space = OCTET_SPACE_SRAM;
	gemm_cmd(&g, 0)->dst.addr = gemm_cmd(&g, 1)->src.addr = 0;
	gemm_cmd(&g, 1)->src.stride[2] = SIDE * 4;
	check_ret(gemm_everywhere(&g, &job, queues, gemm_right), 0,
		  "a command reads from the SRAM what the one before it put there");
	gemm_free(&g);
	queue_free(fd, queues[0]);
	queue_free(fd, queues[1]);
}

static void fill(int fd)
{
	uint32_t queues[2] = { queue_new(fd), queue_new(fd) };
	struct drm_octet_job job;
	struct gemm g;

	gemm_new_sized(&g, fd, SIDE, SIDE, SIDE, 1, 2);
	job = placed(&g);
	gemm_cmd(&g, 0)->dst.space = OCTET_SPACE_SRAM;
	gemm_cmd(&g, 0)->dst.addr = 0;
	check_ret(gemm_everywhere(&g, &job, queues, untouched), 0,
		  "one client fills the SRAM of all cores");
	gemm_free(&g);
}

static void look(int fd)
{
	uint32_t queues[2] = { queue_new(fd), queue_new(fd) };
	struct drm_octet_job job;
	struct gemm g;

	gemm_new_sized(&g, fd, SIDE, SIDE, SIDE, 1, 3);
	job = placed(&g);
	gemm_cmd(&g, 0)->src.space = OCTET_SPACE_SRAM;
	gemm_cmd(&g, 0)->src.addr = 0;
	check_ret(gemm_everywhere(&g, &job, queues, all_zero), 0,
		  "another client reads zeros there");
	gemm_free(&g);
}

int main(void)
{
	int one, two;

	tap_start(60);
	one = dev_open();
	two = dev_open();
	within_a_job(one);
	fill(one);
	look(two);
	return tap_end();
}
