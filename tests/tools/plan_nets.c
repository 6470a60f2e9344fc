// SPDX-License-Identifier: MIT
/*
 * Plans well-known networks, described by shape, and shows what they come to.
 *
 *	plan_nets [MACHINE...]	a table per machine; a1024 a512 a256
 *	--net NAME		only this network (part of its name)
 *	--level none|sram|full	how much the planner may do
 *	--batch N		N samples in each command
 *	--parts N		the commands N times in one job, as a batch in parts
 *	--json DIR		also each job, as DIR/MACHINE-NUMBER.json, in the
 *				format of the timing's specification, and its reports
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "plan/place.h"

#define LAYERS 128

/** struct net - tensor 0 is the input, tensor i + 1 the result of layer i */
struct net {
	const char *name;
	struct octet_place_layer layer[LAYERS];
	struct octet_place_tensor tensor[LAYERS + 1];
	struct { uint32_t h, w, c; } shape[LAYERS + 1];
	uint32_t count;
};

static uint32_t ceil_div(uint32_t a, uint32_t b)
{
	return (a + b - 1) / b;
}

static void begin(struct net *n, const char *name, uint32_t h, uint32_t w, uint32_t c)
{
	memset(n, 0, sizeof(*n));
	n->name = name;
	n->shape[0].h = h;
	n->shape[0].w = w;
	n->shape[0].c = c;
	n->tensor[0] = (struct octet_place_tensor) {
		.bytes = (uint64_t)h * w * c, .external = true, .alias_of = -1,
	};
}

/* adds a layer; its result */
static int put(struct net *n, struct octet_cycles_cmd c, int src, int src2, int b)
{
	uint32_t i = n->count++;

	if (i >= LAYERS) {
		fprintf(stderr, "plan_nets: %s has more than %d layers\n", n->name, LAYERS);
		exit(1);
	}
	c.abytes = c.obytes = 1;
	c.wbits = 8;
	if (!c.n)
		c.n = 1;
	if (!c.r)
		c.r = c.s = 1;
	if (!c.sh)
		c.sh = c.sw = 1;
	c.groups = c.dh = c.dw = 1;
	c.params = c.op == OCTET_OP_CONV2D || c.op == OCTET_OP_DEPTHWISE || c.op == OCTET_OP_GEMM;
	c.weights = c.params ? OCTET_CYCLES_DRAM : OCTET_CYCLES_NONE;
	c.weights_const = c.params && b < 0;
	n->layer[i] = (struct octet_place_layer) {
		.cost = c, .src = src, .src2 = src2, .b = b, .dst = (int)i + 1,
	};
	n->tensor[i].external = i == 0;
	n->tensor[i + 1] = (struct octet_place_tensor) {
		.bytes = (uint64_t)c.n * c.oh * c.ow * c.cout, .external = true, .alias_of = -1,
	};
	n->shape[i + 1].h = c.oh;
	n->shape[i + 1].w = c.ow;
	n->shape[i + 1].c = c.cout;
	return (int)i + 1;
}

static int last(const struct net *n)
{
	return (int)n->count;
}

static uint32_t before(uint32_t in, uint32_t out, uint32_t stride, uint32_t kernel)
{
	uint32_t reach = (out - 1) * stride + kernel;

	return reach > in ? (reach - in) / 2 : 0;
}

/* SAME padding */
static int window(struct net *n, uint32_t op, uint32_t k, uint32_t r, uint32_t s, uint32_t stride,
		  int src, int residual)
{
	uint32_t h = n->shape[src].h, w = n->shape[src].w, c = n->shape[src].c;
	uint32_t oh = ceil_div(h, stride), ow = ceil_div(w, stride);

	return put(n, (struct octet_cycles_cmd) {
		.op = op, .h = h, .w = w, .cin = c, .oh = oh, .ow = ow, .cout = k ? k : c,
		.r = r, .s = s, .sh = stride, .sw = stride,
		.pt = before(h, oh, stride, r), .pl = before(w, ow, stride, s),
	}, src, residual, -1);
}

static int conv(struct net *n, uint32_t k, uint32_t r, uint32_t stride)
{
	return window(n, OCTET_OP_CONV2D, k, r, r, stride, last(n), -1);
}

static int depthwise(struct net *n, uint32_t stride)
{
	return window(n, OCTET_OP_DEPTHWISE, 0, 3, 3, stride, last(n), -1);
}

static int gemm(struct net *n, uint32_t m, uint32_t k, uint32_t cout, uint32_t batch, int src, int b,
		int residual)
{
	return put(n, (struct octet_cycles_cmd) {
		.op = OCTET_OP_GEMM, .n = batch, .h = m, .w = 1, .cin = k, .oh = m, .ow = 1,
		.cout = cout,
	}, src, residual, b);
}

static int dense(struct net *n, uint32_t cout)
{
	int x = last(n);

	return gemm(n, 1, n->shape[x].h * n->shape[x].w * n->shape[x].c, cout, 1, x, -1, -1);
}

static int softmax(struct net *n, uint32_t batch)
{
	int x = last(n);
	uint32_t h = n->shape[x].h, w = n->shape[x].w, c = n->shape[x].c;

	return put(n, (struct octet_cycles_cmd) {
		.op = OCTET_OP_SOFTMAX, .n = batch, .h = h, .w = w, .cin = c, .oh = h, .ow = w,
		.cout = c,
	}, x, -1, -1);
}

/* mean, fully connected, softmax */
static void classify(struct net *n, uint32_t classes)
{
	int x = last(n);
	uint32_t h = n->shape[x].h, w = n->shape[x].w, c = n->shape[x].c;

	put(n, (struct octet_cycles_cmd) {
		.op = OCTET_OP_POOL, .h = h, .w = w, .cin = c, .oh = 1, .ow = 1, .cout = c,
		.r = h, .s = w,
	}, x, -1, -1);
	dense(n, classes);
	softmax(n, 1);
}

/* MobileNetV1 at a width of @k channels in its first layer */
static void mobilenet_v1(struct net *n, const char *name, uint32_t size, uint32_t k,
			 uint32_t classes)
{
	static const uint32_t out[] = { 2, 4, 4, 8, 8, 16, 16, 16, 16, 16, 16, 32, 32 };
	static const uint32_t stride[] = { 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1 };

	begin(n, name, size, size, 3);
	conv(n, k, 3, 2);
	for (int i = 0; i < 13; i++) {
		depthwise(n, stride[i]);
		conv(n, k * out[i], 1, 1);
	}
	classify(n, classes);
}

static void mobilenet_v2(struct net *n)
{
	static const uint32_t part[][4] = {	/* expansion, channels, repeats, stride */
		{ 1, 16, 1, 1 }, { 6, 24, 2, 2 }, { 6, 32, 3, 2 }, { 6, 64, 4, 2 },
		{ 6, 96, 3, 1 }, { 6, 160, 3, 2 }, { 6, 320, 1, 1 },
	};

	begin(n, "MobileNetV2", 224, 224, 3);
	conv(n, 32, 3, 2);
	for (int p = 0; p < 7; p++)
		for (uint32_t i = 0; i < part[p][2]; i++) {
			uint32_t stride = i ? 1 : part[p][3], k = part[p][1];
			int in = last(n);
			bool add = stride == 1 && n->shape[in].c == k;

			if (part[p][0] > 1)
				conv(n, n->shape[in].c * part[p][0], 1, 1);
			depthwise(n, stride);
			window(n, OCTET_OP_CONV2D, k, 1, 1, 1, last(n), add ? in : -1);
		}
	conv(n, 1280, 1, 1);
	classify(n, 1001);
}

static void resnet50(struct net *n)
{
	static const uint32_t part[][3] = {
		{ 3, 64, 1 }, { 4, 128, 2 }, { 6, 256, 2 }, { 3, 512, 2 },
	};

	begin(n, "ResNet-50", 224, 224, 3);
	conv(n, 64, 7, 2);
	window(n, OCTET_OP_POOL, 0, 3, 3, 2, last(n), -1);
	for (int p = 0; p < 4; p++)
		for (uint32_t i = 0; i < part[p][0]; i++) {
			uint32_t k = part[p][1], stride = i ? 1 : part[p][2];
			int in = last(n), side = i ? in : conv(n, 4 * k, 1, stride);

			window(n, OCTET_OP_CONV2D, k, 1, 1, 1, in, -1);
			conv(n, k, 3, stride);
			window(n, OCTET_OP_CONV2D, 4 * k, 1, 1, 1, last(n), side);
		}
	classify(n, 1000);
}

static void resnet8(struct net *n)
{
	static const uint32_t part[][2] = { { 16, 1 }, { 32, 2 }, { 64, 2 } };

	begin(n, "ResNet-8", 32, 32, 3);
	conv(n, 16, 3, 1);
	for (int p = 0; p < 3; p++) {
		uint32_t k = part[p][0], stride = part[p][1];
		int in = last(n), side = stride == 1 ? in : conv(n, k, 1, 2);

		window(n, OCTET_OP_CONV2D, k, 3, 3, stride, in, -1);
		window(n, OCTET_OP_CONV2D, k, 3, 3, 1, last(n), side);
	}
	classify(n, 10);
}

static void keywords(struct net *n)
{
	begin(n, "DS-CNN keywords", 49, 10, 1);
	window(n, OCTET_OP_CONV2D, 64, 10, 4, 2, 0, -1);
	for (int i = 0; i < 4; i++) {
		depthwise(n, 1);
		conv(n, 64, 1, 1);
	}
	classify(n, 12);
}

static void autoencoder(struct net *n)
{
	static const uint32_t k[] = { 128, 128, 128, 128, 8, 128, 128, 128, 128, 640 };

	begin(n, "auto-encoder", 1, 1, 640);
	for (int i = 0; i < 10; i++)
		dense(n, k[i]);
}

/* GELU is a tail of its product; layer normalisation is not counted */
static void bert(struct net *n)
{
	const uint32_t t = 128, d = 768;

	begin(n, "BERT-base 128", t, 1, d);
	for (int i = 0; i < 12; i++) {
		int in = last(n), mid;
		int q = gemm(n, t, d, d, 1, in, -1, -1);
		int k = gemm(n, t, d, d, 1, in, -1, -1);
		int v = gemm(n, t, d, d, 1, in, -1, -1);

		gemm(n, t, 64, t, 12, q, k, -1);
		softmax(n, 12);
		gemm(n, t, t, 64, 12, last(n), v, -1);
		mid = gemm(n, t, d, d, 1, last(n), -1, in);
		gemm(n, t, d, 4 * d, 1, mid, -1, -1);
		gemm(n, t, 4 * d, d, 1, last(n), -1, mid);
	}
}

static void product(struct net *n, const char *name, uint32_t m, uint32_t k, uint32_t cout)
{
	begin(n, name, m, 1, k);
	gemm(n, m, k, cout, 1, 0, -1, -1);
}

#define NETS 10
static struct net nets[NETS];

static void make_nets(void)
{
	mobilenet_v1(&nets[0], "MobileNetV1", 224, 32, 1001);
	mobilenet_v2(&nets[1]);
	resnet50(&nets[2]);
	resnet8(&nets[3]);
	keywords(&nets[4]);
	mobilenet_v1(&nets[5], "Visual wake words", 96, 8, 2);
	autoencoder(&nets[6]);
	bert(&nets[7]);
	product(&nets[8], "GEMM 512", 512, 512, 512);
	product(&nets[9], "matrix-vector", 1, 1024, 1024);
}

static const char *op_name(uint32_t op)
{
	switch (op) {
	case OCTET_OP_CONV2D:
		return "conv";
	case OCTET_OP_DEPTHWISE:
		return "dw";
	case OCTET_OP_GEMM:
		return "gemm";
	case OCTET_OP_POOL:
		return "pool";
	}
	return "softmax";
}

static void write_command(FILE *f, const struct octet_cycles_cmd *c)
{
	static const char *const space[] = { "none", "dram", "sram", "link" };
	static const char *const policy[] = { "auto", "resident", "weight", "stripe" };

	fprintf(f, "{\"op\": \"%s\", \"n\": %u, \"h\": %u, \"w\": %u, \"cin\": %u, \"oh\": %u, "
		"\"ow\": %u, \"cout\": %u, \"r\": %u, \"s\": %u, \"sh\": %u, \"sw\": %u, "
		"\"pt\": %u, \"pl\": %u", op_name(c->op), c->n, c->h, c->w, c->cin, c->oh, c->ow,
		c->cout, c->r, c->s, c->sh, c->sw, c->pt, c->pl);
	fprintf(f, ", \"src\": \"%s\", \"src2\": \"%s\", \"dst\": \"%s\", \"weights\": \"%s\"",
		space[c->src], space[c->src2], space[c->dst],
		c->weights == OCTET_CYCLES_DRAM && c->weights_const ? "const" : space[c->weights]);
	if (c->src == OCTET_CYCLES_LINK && c->src_link != OCTET_OPERAND_LINK_NEWEST)
		fprintf(f, ", \"src_from\": %u", c->src_link);
	if (c->src2 == OCTET_CYCLES_LINK && c->src2_link != OCTET_OPERAND_LINK_NEWEST)
		fprintf(f, ", \"src2_from\": %u", c->src2_link);
	fprintf(f, ", \"chain\": %s, \"policy\": \"%s\", \"rows\": %u}",
		c->chain ? "true" : "false", policy[c->policy], c->rows);
}

static void write_report(FILE *f, const struct octet_report *r)
{
	fprintf(f, "{\"total\": %llu, \"compute\": %llu, \"dma_stall\": %llu, "
		"\"output_stall\": %llu, \"overhead\": %llu, \"dram_read\": %llu, "
		"\"dram_write\": %llu, \"sram\": %llu}",
		(unsigned long long)r->total, (unsigned long long)r->compute,
		(unsigned long long)r->dma_stall, (unsigned long long)r->output_stall,
		(unsigned long long)r->overhead, (unsigned long long)r->dram_read,
		(unsigned long long)r->dram_write, (unsigned long long)r->sram);
}

/** An array, as the specification names it. */
struct array {
	const char *name;
	struct octet_cycles_machine machine;
};

static int write_job(const char *dir, const struct array *a, const struct net *net, int number,
		     const struct octet_place *plan, double macs, double seconds)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s-%d.json", dir, a->name, number);
	f = fopen(path, "w");
	if (!f) {
		perror(path);
		return 1;
	}
	fprintf(f, "{\"machine\": \"%s\", \"network\": \"%s\", \"sw\": %u, \"lb\": %u, "
		"\"seconds\": %.6f, \"macs\": %.0f,\n\"commands\": [\n", a->name, net->name,
		plan->sw, plan->lb, seconds, macs);
	for (uint32_t i = 0; i < net->count; i++) {
		write_command(f, &plan->cmds[i]);
		fprintf(f, i + 1 < net->count ? ",\n" : "],\n\"reports\": [\n");
	}
	for (uint32_t i = 0; i < net->count; i++) {
		write_report(f, &plan->reports[i]);
		fprintf(f, i + 1 < net->count ? ",\n" : "]}\n");
	}
	return fclose(f) ? 1 : 0;
}

/* of this process, so that others do not count */
static double seconds_used(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct options {
	const char *only, *json;
	enum octet_place_level level;
	uint32_t batch, parts;
};

/* Every command with so many samples; of products the rows. */
static void grow(struct net *n, uint32_t batch)
{
	for (uint32_t i = 0; i < n->count; i++) {
		struct octet_cycles_cmd *c = &n->layer[i].cost;

		if (c->op == OCTET_OP_GEMM) {
			c->h *= batch;
			c->oh *= batch;
		} else {
			c->n *= batch;
		}
	}
	for (uint32_t i = 0; i <= n->count; i++)
		n->tensor[i].bytes *= batch;
}

/* All commands again for each part, timed as one job. */
static int repeat(const struct array *a, struct net *net, struct octet_place *p, uint32_t parts)
{
	uint32_t one = net->count;

	net->count *= parts;
	p->cmds = realloc(p->cmds, net->count * sizeof(*p->cmds));
	p->reports = realloc(p->reports, net->count * sizeof(*p->reports));
	if (!p->cmds || !p->reports)
		return -1;
	for (uint32_t i = one; i < net->count; i++)
		p->cmds[i] = p->cmds[i - one];
	p->dram_read *= parts;
	p->dram_write *= parts;
	p->cycles = 0;
	if (octet_cycles_job(&a->machine, p->cmds, net->count, p->sw, p->lb, p->reports, NULL,
			     NULL))
		return -1;
	for (uint32_t i = 0; i < net->count; i++)
		p->cycles += p->reports[i].total;
	return 0;
}

static int show(const struct array *a, const struct net *from, int number, const struct options *opt)
{
	static struct net scaled;
	struct net *net = &scaled;
	const struct octet_place_net view = {
		net->layer, net->tensor, from->count, from->count + 1,
	};
	double peak = (double)a->machine.p * a->machine.k * a->machine.c, macs = 0, t;
	struct octet_place plan;
	int err;

	scaled = *from;
	grow(net, opt->batch);
	t = seconds_used();
	err = octet_place(&a->machine, &view, opt->level, &plan);
	t = seconds_used() - t;
	for (uint32_t i = 0; i < net->count; i++)
		macs += (double)octet_cycles_macs(&net->layer[i].cost) * opt->parts;
	if (!err && opt->parts > 1)
		err = repeat(a, net, &plan, opt->parts);
	if (err)
		printf("| %s | - | layer %u: %s |\n", net->name, plan.bad, plan.error);
	else
		printf("| %s | %.2f | %u | %llu | %.1f | %.3f | %u+%u | %.1f |\n", net->name,
		       macs / 1e6, net->count, (unsigned long long)plan.cycles,
		       100 * macs / (double)plan.cycles / peak,
		       (double)(plan.dram_read + plan.dram_write) / 1e6, plan.sw / 1024,
		       plan.lb / 1024, t * 1e3);
	if (!err && opt->json)
		err = write_job(opt->json, a, net, number, &plan, macs, t);
	octet_place_free(&plan);
	return err;
}

static int show_machine(const struct array *a, const struct options *opt)
{
	int err = 0;

	printf("%s, %u B/cycle, SRAM %u KiB\n\n", a->name, a->machine.dram_bpc,
	       (uint32_t)(a->machine.sram / 1024));
	printf("| network | MMAC | commands | cycles | util %% | DRAM MB | sw+lb KiB | plan ms |\n");
	printf("|---|---:|---:|---:|---:|---:|---:|---:|\n");
	for (int i = 0; i < NETS; i++)
		if (!opt->only || strstr(nets[i].name, opt->only))
			err |= show(a, &nets[i], i, opt);
	printf("\n");
	return err ? 1 : 0;
}

static int usage(const char *word)
{
	fprintf(stderr, "plan_nets: %s? usage: plan_nets [--net NAME] [--level none|sram|full] "
		"[--batch N] [--parts N] [--json DIR] [a256|a512|a1024|a2048]...\n", word);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct array arrays[] = {
		{ "a1024", { 8, 16, 8, 32, 1 << 20 } }, { "a512", { 8, 8, 8, 12, 1 << 20 } },
		{ "a256", { 4, 8, 8, 8, 1 << 20 } }, { "a2048", { 16, 16, 8, 64, 1 << 20 } },
	};
	static const char *const levels[] = { "none", "sram", "full" };
	struct options opt = { .level = OCTET_PLACE_FULL, .batch = 1, .parts = 1 };
	unsigned int chosen = 0;
	int err = 0;

	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";
		unsigned int known = chosen;

		for (int k = 0; k < 4; k++)
			chosen |= (unsigned int)!strcmp(argv[i], arrays[k].name) << k;
		if (known != chosen)
			continue;
		if (!strcmp(argv[i], "--net"))
			opt.only = value;
		else if (!strcmp(argv[i], "--json"))
			opt.json = value;
		else if (!strcmp(argv[i], "--batch") && atoi(value) > 0)
			opt.batch = (uint32_t)atoi(value);
		else if (!strcmp(argv[i], "--parts") && atoi(value) > 0)
			opt.parts = (uint32_t)atoi(value);
		else if (strcmp(argv[i], "--level"))
			return usage(argv[i]);
		for (int k = 0; k < 3 && !strcmp(argv[i], "--level"); k++)
			if (!strcmp(value, levels[k]))
				opt.level = (enum octet_place_level)k;
		i++;
	}
	make_nets();
	for (int k = 0; k < 4; k++)
		if ((chosen ? chosen : 7) >> k & 1)
			err |= show_machine(&arrays[k], &opt);
	return err;
}
