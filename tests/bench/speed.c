// SPDX-License-Identifier: MIT
/*
 * Operations and whole networks on one backend, each for a while, in rounds: the device's
 * half in the guest, the CPU fallback's on the host (tests/bench/device).
 *
 *	speed drm|sim|cpu SECONDS MODELS [ROUNDS BETWEEN [PART]]
 *
 * Seconds are from the call that submits to the signalled fence: of one, and of several at
 * once, by their number; operations as an array of jobs, networks as slots of the plan.
 * The command BETWEEN runs before each round. A line for each: name, group, products,
 * microseconds of one, median and least, of one of several, median and least, and a sum
 * of the result's bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <octet.h>

#include "peers/peer.h"
#include "turns.h"

#define RUNS	1000
#define ITEMS	64
#define SEVERAL	16
/* Each slot has a queue, of which a process may have 64. */
#define SLOTS	8

static const char *const nets[] = {
	"tf2_mobilenet_v2_1.0_224_ptq", "ic01_resnet_int8", "kws01_int8", "vww01_int8",
	"ad01_int8", "sww01_int8",
};

/** struct item - an operation, or a network as @plan */
struct item {
	char name[64];
	const char *group;
	double macs;
	size_t bytes;
	void *op;
	struct octet_model *model;
	struct octet_plan *plan;
};

static struct octet_ctx *ctx;

static void make_op(struct item *it, const struct peer_op *op)
{
	struct peer_data d;

	peer_name(op, it->name, sizeof(it->name));
	it->group = op->group;
	peer_numbers(op, &d);
	it->macs = d.macs;
	it->bytes = d.y_bytes;
	it->op = peer_octet_dbl.make(op, &d);
	peer_numbers_free(&d);
}

static bool make_net(struct item *it, const char *folder, const char *name)
{
	OCTET_OPTS(octet_model_opts, o);
	OCTET_OPTS(octet_plan_opts, plan);
	char path[512];
	size_t n;
	uint8_t *x;

	plan.slots = SLOTS;
	snprintf(path, sizeof(path), "%s/%s/model.tflite", folder, name);
	if (octet_model_load(&it->model, path, &o))
		return false;
	if (octet_plan_new(ctx, it->model, &plan, &it->plan))
		peer_die("%s: %s", name, octet_last_error(ctx));
	snprintf(it->name, sizeof(it->name), "%s", name);
	it->group = "networks";
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		x = octet_plan_input(it->plan, slot, 0, &n);
		for (size_t i = 0; i < n; i++)
			x[i] = (uint8_t)(i * 7 + i / 256 * 31);
	}
	return true;
}

static void check(const struct item *it, int error)
{
	if (error)
		peer_die("%s: %s", it->name, octet_last_error(ctx));
}

static const uint8_t *run(struct item *it, uint32_t times)
{
	struct octet_job *jobs[SEVERAL];
	struct octet_fence *fence;

	if (it->op) {
		for (uint32_t i = 0; i < times; i++)
			jobs[i] = peer_octet_job(it->op);
		check(it, octet_submit(ctx, NULL, jobs, times, NULL, &fence));
		check(it, octet_fence_wait(fence, -1));
		octet_fence_free(fence);
		return (const uint8_t *)peer_octet_dbl.result(it->op);
	}
	for (uint32_t i = 0; i < times; i++)
		check(it, octet_plan_start(it->plan, i));
	for (uint32_t i = 0; i < times; i++)
		check(it, octet_plan_wait(it->plan, i, -1));
	return octet_plan_output(it->plan, times - 1, 0, &it->bytes);
}

/* Median and least microseconds; a sum of the result. */
static uint32_t measure(struct item *it, double seconds, uint32_t times, double *us)
{
	static double took[RUNS];
	uint32_t sum = 2166136261u;
	double end = now() + seconds;
	const uint8_t *y;
	int n = 0;

	y = run(it, times);
	while (n < 3 || (n < RUNS && now() < end)) {
		double start = now();

		y = run(it, times);
		took[n++] = (now() - start) / times;
	}
	for (size_t i = 0; i < it->bytes; i++)
		sum = (sum ^ y[i]) * 16777619u;
	qsort(took, (size_t)n, sizeof(*took), by_size);
	us[0] = took[n / 2] * 1e6;
	us[1] = took[0] * 1e6;
	return sum;
}

static void row(struct item *it, double seconds)
{
	double one[2], each[2];
	uint32_t sum = measure(it, seconds, 1, one), times = it->op ? SEVERAL : SLOTS;

	/* of what takes long the submission is next to nothing, and so few will do */
	if (measure(it, seconds, one[0] > 2000 ? times / 4 : times, each) != sum)
		peer_die("%s: other results of several at once", it->name);
	printf("%s\t%s\t%.0f\t%.2f\t%.2f\t%.2f\t%.2f\t%08x\n", it->name, it->group, it->macs,
	       one[0], one[1], each[0], each[1], sum);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static struct item items[ITEMS];
	int rounds = argc > 4 ? atoi(argv[4]) : 1;
	const char *part = argc > 6 ? argv[6] : "";
	size_t count = 0;

	if (argc < 4)
		peer_die("usage: speed drm|sim|cpu SECONDS MODELS [ROUNDS BETWEEN [PART]]");
	if (!peer_octet_dbl.begin(argv[1]))
		peer_die("no backend %s here", argv[1]);
	ctx = peer_octet_context();
	for (size_t i = 0; i < peer_ops_count; i++) {
		char name[64];

		peer_name(&peer_ops[i], name, sizeof(name));
		if (strstr(peer_ops[i].group, part) || strstr(name, part))
			make_op(&items[count++], &peer_ops[i]);
	}
	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++)
		if (strstr("networks", part) || strstr(nets[i], part))
			count += make_net(&items[count], argv[3], nets[i]);
	for (int r = 0; r < rounds; r++) {
		if (argc > 5 && system(argv[5]))
			peer_die("%s failed", argv[5]);
		for (size_t i = 0; i < count; i++)
			row(&items[i], atof(argv[2]));
	}
	return 0;
}
