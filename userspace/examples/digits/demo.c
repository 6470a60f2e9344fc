// SPDX-License-Identifier: MIT
/*
 * The main job, on real input: handwritten digits, quantized to int8 and run
 * through the driver on the device, every layer's output compared with the CPU
 * fallback, bit for bit.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "demo.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

static void usage(FILE *f)
{
	fputs("usage: digits_demo [--backend drm|sim] [--data FILE] [--model FILE]\n"
	      "Quantizes the digits network to int8, runs the held-out images on the\n"
	      "device and compares every output with the CPU fallback.\n"
	      "  --backend B   drm (default): the device; sim: the hardware model\n"
	      "  --data FILE   images, build/data/digits.csv\n"
	      "  --model FILE  float model, build/data/digits.f32\n"
	      "  --calibrate N training images that give the ranges (200)\n"
	      "  --batch N     images of a batch, a divisor of 90 (30)\n"
	      "Exit: 0 all outputs equal, 1 not, 2 it could not run.\n", f);
}

/* A number of digits alone; 0, which no option allows, for anything else. */
static uint32_t number(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && digits < 9 && !text[digits] ? (uint32_t)strtoul(text, NULL, 10) : 0;
}

static int parse(int argc, char **argv, struct demo *d)
{
	static const struct option options[] = {
		{ "backend", required_argument, NULL, 'b' },
		{ "data", required_argument, NULL, 'd' },
		{ "model", required_argument, NULL, 'm' },
		{ "calibrate", required_argument, NULL, 'c' },
		{ "batch", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'b':
			if (octet_backend_parse(optarg, &d->backend) ||
			    (d->backend != OCTET_BACKEND_DRM && d->backend != OCTET_BACKEND_SIM)) {
				fprintf(stderr, "digits_demo: --backend %s: drm or sim\n", optarg);
				return -EINVAL;
			}
			break;
		case 'd':
			d->data_path = optarg;
			break;
		case 'm':
			d->model_path = optarg;
			break;
		case 'c':
			d->calibrate = number(optarg);
			break;
		case 'n':
			d->batch = number(optarg);
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			return -EINVAL;
		}
	}
	if (optind != argc) {
		fprintf(stderr, "digits_demo: '%s' is one argument too many\n", argv[optind]);
		return -EINVAL;
	}
	if (d->batch < 1 || d->batch > 90 || 90 % d->batch || !d->calibrate) {
		fputs("digits_demo: --batch must be a divisor of 90,"
		      " --calibrate a number of images\n", stderr);
		return -EINVAL;
	}
	return 0;
}

static int prepare(struct demo *d)
{
	OCTET_OPTS(octet_open_opts, o);
	char err[256] = "";
	int ret;

	ret = digits_data_load(&d->data, d->data_path, err, sizeof(err));
	if (!ret)
		ret = digits_model_load(&d->model, d->model_path, err, sizeof(err));
	if (!ret)
		ret = digits_qmodel_make(&d->qmodel, &d->model, &d->data, d->calibrate, err,
					 sizeof(err));
	o.errbuf = err;
	o.errbuf_size = sizeof(err);
	o.backend = d->backend;
	if (!ret)
		ret = octet_open(&d->device.ctx, &o);
	o.backend = OCTET_BACKEND_CPU;
	if (!ret)
		ret = octet_open(&d->cpu.ctx, &o);
	if (ret)
		fprintf(stderr, "digits_demo: %s\n", err);
	/* The library never changes a backend that was asked for; make sure of it. */
	if (!ret && octet_get_backend(d->device.ctx) != d->backend) {
		fputs("digits_demo: this is not the backend that was asked for\n", stderr);
		ret = -ENODEV;
	}
	return ret;
}

static int complain(const struct side *s, const char *what, int ret)
{
	fprintf(stderr, "digits_demo: %s: %s: %s\n",
		octet_backend_name(octet_get_backend(s->ctx)), what, octet_last_error(s->ctx));
	return ret;
}

/* One submit of all nets of a side, waits, and keeps the time. */
static int run_side(struct side *s, uint32_t nets)
{
	struct octet_job *jobs[DEMO_NETS];
	struct octet_fence *fence = NULL;
	double start = now();
	int ret;

	for (uint32_t i = 0; i < nets; i++)
		jobs[i] = s->net[i].job;
	ret = octet_submit(s->ctx, NULL, jobs, nets, NULL, &fence);
	if (ret)
		return complain(s, "submit", ret);
	ret = octet_fence_wait(fence, 60 * 1000000000ll);
	octet_fence_free(fence);
	if (ret)
		return complain(s, "a job failed", ret);
	s->seconds += now() - start;
	for (uint32_t i = 0; i < nets; i++) {
		s->jobs++;
		s->macs += octet_job_macs(jobs[i]);
	}
	return 0;
}

/* Compares every layer of one batch; `first` is its first image. */
static void compare(struct demo *d, uint32_t net, size_t first, size_t held_out)
{
	const struct digits_qnet *a = &d->device.net[net], *b = &d->cpu.net[net];

	for (uint32_t l = 0; l < d->qmodel.n_layers; l++) {
		const int8_t *x = digits_qnet_output(a, l), *y = digits_qnet_output(b, l);
		size_t n = digits_qnet_outputs(a, l);

		d->outputs += n;
		for (size_t i = 0; i < n; i++) {
			if (x[i] == y[i])
				continue;
			if (!d->mismatches++)
				d->first = (struct mismatch){ first - held_out + i / (n / a->batch),
							      l, i % (n / a->batch), x[i], y[i] };
		}
	}
}

static void count_right(struct demo *d, const struct digits_qnet *net, size_t first)
{
	const int8_t *logits = digits_qnet_output(net, d->qmodel.n_layers - 1);

	for (uint32_t i = 0; i < net->batch; i++) {
		const int8_t *v = logits + (size_t)i * DIGITS_CLASSES;
		uint32_t best = 0;

		for (uint32_t c = 1; c < DIGITS_CLASSES; c++)
			if (v[c] > v[best])
				best = c;
		d->right += best == d->data.labels[first + i];
	}
}

/* Same images on both sides, in groups of `nets` jobs of `batch` images. */
static int run_images(struct demo *d, uint32_t nets, uint32_t batch, bool count)
{
	size_t begin = d->data.n_train;
	int ret;

	for (size_t at = begin; at < d->data.n; at += (size_t)nets * batch) {
		for (uint32_t i = 0; i < nets; i++) {
			ret = digits_qnet_load(&d->device.net[i], &d->data, at + i * batch);
			if (!ret)
				ret = digits_qnet_load(&d->cpu.net[i], &d->data, at + i * batch);
			if (ret)
				return ret;
		}
		ret = run_side(&d->device, nets);
		if (!ret)
			ret = run_side(&d->cpu, nets);
		if (ret)
			return ret;
		for (uint32_t i = 0; i < nets; i++) {
			compare(d, i, at + i * batch, begin);
			if (count)
				count_right(d, &d->device.net[i], at + i * batch);
		}
	}
	return 0;
}

static void free_nets(struct side *s)
{
	for (uint32_t i = 0; i < DEMO_NETS; i++)
		if (s->net[i].ctx)
			digits_qnet_free(&s->net[i]);
}

/* A pass over all held-out images with fresh tensors on both sides. */
static int run_pass(struct demo *d, uint32_t nets, uint32_t batch, double *images_per_second)
{
	double before = d->device.seconds;
	int ret = 0;

	for (uint32_t i = 0; !ret && i < nets; i++) {
		ret = digits_qnet_new(&d->device.net[i], d->device.ctx, &d->qmodel, batch);
		if (ret) {
			complain(&d->device, "network", ret);
			break;
		}
		ret = digits_qnet_new(&d->cpu.net[i], d->cpu.ctx, &d->qmodel, batch);
		if (ret)
			complain(&d->cpu, "network", ret);
	}
	if (!ret)
		ret = run_images(d, nets, batch, batch == 1);
	if (!ret) {
		*images_per_second = (d->data.n - d->data.n_train) / (d->device.seconds - before);
		demo_keep_reports(d, batch);
	}
	free_nets(&d->device);
	free_nets(&d->cpu);
	return ret;
}

static void float_accuracy(struct demo *d)
{
	float in[DIGITS_PIXELS];
	float *acts = calloc(digits_model_acts(&d->model), sizeof(*acts));

	for (size_t i = d->data.n_train; acts && i < d->data.n; i++) {
		digits_data_input(&d->data, i, in);
		d->float_right += digits_argmax(digits_model_forward(&d->model, in, acts),
						DIGITS_CLASSES) == d->data.labels[i];
	}
	free(acts);
}

/* The device's own counters must tell the same as the plan. */
static int check_counters(struct demo *d)
{
	uint64_t jobs, macs;

	if (demo_read_counters(d, &jobs, &macs))
		return complain(&d->device, "counters", -EIO);
	d->counted_jobs = jobs - d->jobs_before;
	d->counted_macs = macs - d->macs_before;
	return 0;
}

static int run(struct demo *d)
{
	int ret;

	float_accuracy(d);
	if (demo_read_counters(d, &d->jobs_before, &d->macs_before))
		return complain(&d->device, "counters", -EIO);
	ret = run_pass(d, 1, 1, &d->single_rate);
	if (!ret)
		ret = run_pass(d, DEMO_NETS, d->batch, &d->batch_rate);
	if (!ret)
		ret = check_counters(d);
	return ret;
}

int main(int argc, char **argv)
{
	struct demo d = {
		.backend = OCTET_BACKEND_DRM,
		.data_path = "build/data/digits.csv",
		.model_path = "build/data/digits.f32",
		.calibrate = 200,
		.batch = 30,
	};
	int ret = parse(argc, argv, &d), verdict = 2;

	if (ret)
		return 2;
	ret = prepare(&d);
	if (!ret)
		ret = run(&d);
	if (!ret)
		verdict = demo_print(&d);
	octet_close(d.device.ctx);
	octet_close(d.cpu.ctx);
	digits_qmodel_free(&d.qmodel);
	digits_model_free(&d.model);
	digits_data_free(&d.data);
	if (ret)
		puts("demo: FAIL it could not run, see above");
	return verdict;
}
