// SPDX-License-Identifier: MIT
/*
 * Operations and whole networks on one backend, each for a while, in rounds: the device's
 * half in the guest, the CPU fallback's on the host (tests/bench/device).
 *
 *	speed drm|sim|cpu SECONDS MODELS [ROUNDS BETWEEN [PART]]
 *
 * Seconds are from the call that submits to the signalled fence: of one, and of several at
 * once, by their number: operations as an array of jobs, on a device of several cores as
 * one for each core; networks as a batch, shared out to slots likewise.
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
#define SEVERAL	64
#define QUEUES	4

static const char *const nets[] = {
	"tf2_mobilenet_v2_1.0_224_ptq", "ic01_resnet_int8", "kws01_int8", "vww01_int8",
	"ad01_int8", "sww01_int8",
};

/** struct item - an operation, one for each queue, or a network as @plan, and as @batch */
struct item {
	char name[64];
	const char *group;
	double macs;
	size_t bytes;
	void *op[QUEUES];
	struct octet_model *model;
	struct octet_plan *plan, *batch;
};

static struct octet_ctx *ctx;
static struct octet_queue *queue[QUEUES];
static uint32_t queues;

static void make_queues(bool device)
{
	struct octet_info info = { .size = sizeof(info) };

	if (octet_get_info(ctx, &info))
		peer_die("%s", octet_last_error(ctx));
	/* The fallback is to have one thread, not one for each queue. */
	for (queues = 1; device && queues < QUEUES && queues * 2 <= info.cores;)
		queues *= 2;
	for (uint32_t i = 0; i < queues; i++)
		if (octet_queue_new(ctx, OCTET_PRIORITY_NORMAL, &queue[i]))
			peer_die("%s", octet_last_error(ctx));
}

/* The less there is to do in one, the more at once: some milliseconds of the fallback's. */
static uint32_t several(double macs)
{
	return macs < 64e6 ? SEVERAL : macs < 1e9 ? SEVERAL / 4 : SEVERAL / 16;
}

static void make_op(struct item *it, const struct peer_op *op)
{
	struct peer_data d;

	peer_name(op, it->name, sizeof(it->name));
	it->group = op->group;
	peer_numbers(op, &d);
	it->macs = d.macs;
	it->bytes = d.y_bytes;
	for (uint32_t i = 0; i < queues; i++)
		it->op[i] = peer_octet_dbl.make(op, &d);
	peer_numbers_free(&d);
}

static struct octet_plan *make_plan(struct item *it, uint32_t slots, uint32_t batch)
{
	OCTET_OPTS(octet_plan_opts, o);
	struct octet_plan *plan;
	uint8_t *x;
	size_t n;

	o.slots = slots;
	o.batch = batch;
	if (octet_plan_new(ctx, it->model, &o, &plan))
		peer_die("%s: %s", it->name, octet_last_error(ctx));
	for (uint32_t slot = 0; slot < slots; slot++) {
		x = octet_plan_input(plan, slot, 0, &n);
		for (size_t i = 0; i < n; i++)
			x[i] = (uint8_t)(i % (n / batch) * 7 + i % (n / batch) / 256 * 31);
	}
	return plan;
}

static bool make_net(struct item *it, const char *folder, const char *name)
{
	struct octet_plan_info info = { .size = sizeof(info) };
	OCTET_OPTS(octet_model_opts, o);
	char path[512];

	snprintf(path, sizeof(path), "%s/%s/model.tflite", folder, name);
	if (octet_model_load(&it->model, path, &o))
		return false;
	snprintf(it->name, sizeof(it->name), "%s", name);
	it->group = "networks";
	it->plan = make_plan(it, 1, 1);
	if (octet_plan_info(it->plan, &info))
		peer_die("%s: %s", it->name, octet_last_error(ctx));
	it->macs = (double)info.macs;
	it->batch = make_plan(it, queues, several(it->macs) / queues);
	return true;
}

static void check(const struct item *it, int error)
{
	if (error)
		peer_die("%s: %s", it->name, octet_last_error(ctx));
}

static const uint8_t *run_net(struct item *it, uint32_t samples)
{
	struct octet_plan *plan = samples == 1 ? it->plan : it->batch;
	uint32_t slots = samples == 1 ? 1 : queues;
	const uint8_t *y;

	for (uint32_t slot = 0; slot < slots; slot++)
		check(it, octet_plan_start(plan, slot));
	for (uint32_t slot = 0; slot < slots; slot++)
		check(it, octet_plan_wait(plan, slot, -1));
	y = octet_plan_output(plan, slots - 1, 0, &it->bytes);
	it->bytes /= samples / slots;
	return y + (samples / slots - 1) * it->bytes;
}

static const uint8_t *run(struct item *it, uint32_t times)
{
	uint32_t used = times < queues ? times : queues, each = times / used;
	struct octet_job *jobs[SEVERAL];
	struct octet_fence *fence[QUEUES];

	if (it->plan)
		return run_net(it, times);
	for (uint32_t q = 0; q < used; q++) {
		for (uint32_t i = 0; i < each; i++)
			jobs[i] = peer_octet_job(it->op[q]);
		check(it, octet_submit(ctx, queue[q], jobs, each, NULL, &fence[q]));
	}
	for (uint32_t q = 0; q < used; q++) {
		check(it, octet_fence_wait(fence[q], -1));
		octet_fence_free(fence[q]);
	}
	return (const uint8_t *)peer_octet_dbl.result(it->op[used - 1]);
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
	uint32_t sum = measure(it, seconds, 1, one);

	if (measure(it, seconds, several(it->macs), each) != sum)
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
	make_queues(!strcmp(argv[1], "drm"));
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
