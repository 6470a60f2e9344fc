// SPDX-License-Identifier: MIT
/*
 * Trains the demo's network on the UCI digits and writes the float model.
 *
 * Plain C, one thread, fixed seed: the same file comes out everywhere. The
 * last 360 images are never looked at before the final figure; what the
 * constants below are was chosen with --validate, which leaves out the last
 * of the other images instead.
 */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "digits/data.h"
#include "digits/distort.h"
#include "digits/net.h"
#include "digits_model.h"

#define BATCH 32u
#define PEAK_RATE 3e-3f
#define WEIGHT_DECAY 0.02f
#define MEAN_KEEP 0.99f
#define EXIT_INACCURATE 3

struct options {
	const char *data, *out;
	unsigned int epochs, validate;
	unsigned long long seed;
	double min_accuracy;
};

static const struct digits_layer shapes[] = {
	{ .kind = DIGITS_CONV, .in_h = 8, .in_w = 8, .in_c = 1, .out_h = 8,
	  .out_w = 8, .out_c = 16, .kernel = 3, .stride = 1, .pad = 1, .relu = 1 },
	{ .kind = DIGITS_CONV, .in_h = 8, .in_w = 8, .in_c = 16, .out_h = 4,
	  .out_w = 4, .out_c = 32, .kernel = 3, .stride = 2, .pad = 1, .relu = 1 },
	{ .kind = DIGITS_CONV, .in_h = 4, .in_w = 4, .in_c = 32, .out_h = 2,
	  .out_w = 2, .out_c = 64, .kernel = 3, .stride = 2, .pad = 1, .relu = 1 },
	{ .kind = DIGITS_DENSE, .in_h = 1, .in_w = 1, .in_c = 256, .out_h = 1,
	  .out_w = 1, .out_c = 10, .kernel = 1, .stride = 1 },
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void progress(unsigned int epoch, unsigned int epochs, double right,
		     int final)
{
	static double last;
	static unsigned int last_tenth;
	int tty = isatty(STDERR_FILENO);
	double t = now();

	if (tty && (final || t - last >= 0.1)) {
		fprintf(stderr, "\rtrain_digits: epoch %u/%u, %.1f%% of the"
			" distorted images right%s", epoch, epochs, right,
			final ? "\n" : "");
		last = t;
	} else if (!tty && epoch * 10 / epochs != last_tenth) {
		last_tenth = epoch * 10 / epochs;
		fprintf(stderr, "train_digits: epoch %u/%u, %.1f%% of the"
			" distorted images right\n", epoch, epochs, right);
	}
}

/* Up over the first tenth, then down in a straight line to nearly 0. */
static float rate_at(float done)
{
	float up = done * 10, down = (1.001f - done) / 0.9f;

	return PEAK_RATE * (up < down ? up + 0.01f : down);
}

static int train(struct net *net, const struct digits_data *d, size_t n,
		 unsigned int epochs)
{
	float in[DIGITS_PIXELS], bent[DIGITS_PIXELS];
	struct net_rates r = { 0, WEIGHT_DECAY, MEAN_KEEP };
	size_t *order = malloc(n * sizeof(*order));

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	for (unsigned int e = 0; e < epochs; e++) {
		size_t right = 0, pending = 0;

		for (size_t i = 0; i < n; i++) {
			size_t j = i + rng_below(&net->rng, (uint32_t)(n - i));
			size_t pick = order[j];

			order[j] = order[i];
			order[i] = pick;
			digits_data_input(d, pick, in);
			digits_distort(&net->rng, in, bent);
			right += (size_t)net_learn(net, bent, d->labels[pick]);
			if (++pending < BATCH && i + 1 < n)
				continue;
			r.lr = rate_at(((float)e + (float)i / (float)n) /
				       (float)epochs);
			net_step(net, &r, (uint32_t)pending);
			pending = 0;
		}
		progress(e + 1, epochs, 100.0 * (double)right / (double)n,
			 e + 1 == epochs);
	}
	net_export(net);
	free(order);
	return 0;
}

/* Images [from, to) that the float reference answers right. */
static size_t count_right(const struct digits_model *m,
			  const struct digits_data *d, size_t from, size_t to)
{
	float *acts = malloc(digits_model_acts(m) * sizeof(float));
	float in[DIGITS_PIXELS];
	size_t right = 0;

	for (size_t i = from; acts && i < to; i++) {
		digits_data_input(d, i, in);
		right += digits_argmax(digits_model_forward(m, in, acts),
				       DIGITS_CLASSES) == d->labels[i];
	}
	free(acts);
	return right;
}

static int run(const struct options *o, struct digits_data *d,
	       struct digits_model *m, struct net *net)
{
	size_t n = d->n_train - o->validate, end = o->validate ? d->n_train : d->n;
	const char *what = o->validate ? "validation" : "held-out";
	double start = now(), accuracy;
	char err[512];
	size_t right;

	if (net_create(net, m, o->seed) || train(net, d, n, o->epochs)) {
		fprintf(stderr, "train_digits: error: no memory\n");
		return 1;
	}
	right = count_right(m, d, n, end);
	accuracy = 100.0 * (double)right / (double)(end - n);
	if (!o->validate && accuracy < o->min_accuracy) {
		fprintf(stderr, "train_digits: error: %.2f%% of the held-out images"
			" right, %.2f%% are needed; nothing written; more --epochs"
			" or a lower --min-accuracy help\n", accuracy,
			o->min_accuracy);
		return EXIT_INACCURATE;
	}
	if (!o->validate && digits_model_save(m, o->out, err, sizeof(err))) {
		fprintf(stderr, "train_digits: error: %s\n", err);
		return 1;
	}
	printf("train_digits: %zu %s images, %zu right, accuracy %.2f%%, %zu"
	       " parameters, %.1f s%s%s\n", end - n, what, right, accuracy,
	       digits_model_params(m), now() - start, o->validate ? "" : " -> ",
	       o->validate ? "" : o->out);
	return 0;
}

static void usage(FILE *f)
{
	fputs("Usage: train_digits [options]\n\n"
	      "  --data FILE        the images (build/data/digits.csv)\n"
	      "  --out FILE         the float model (build/data/digits.f32)\n"
	      "  --epochs N         rounds over the images, 1..10000 (120)\n"
	      "  --seed N           of weights, order and distortion (1)\n"
	      "  --min-accuracy P   write nothing below P percent (96)\n"
	      "  --validate N       leave out the last N training images, print\n"
	      "                     the accuracy on those, write nothing\n"
	      "  --help             this text\n\n"
	      "Exit code: 0 done, 1 a file or memory, 2 wrong usage, 3 accuracy\n"
	      "below --min-accuracy.\n", f);
}

static int number(const char *name, const char *s, unsigned long long lo,
		  unsigned long long hi, unsigned long long *out)
{
	char *end;

	errno = 0;
	*out = strtoull(s, &end, 10);
	if (*s >= '0' && *s <= '9' && !*end && !errno && *out >= lo && *out <= hi)
		return 0;
	fprintf(stderr, "train_digits: error: --%s is '%s', must be a number"
		" %llu..%llu\n", name, s, lo, hi);
	return -1;
}

/* Returns -1 to go on, else the exit code. */
static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "data", 1, NULL, 'd' }, { "out", 1, NULL, 'o' },
		{ "epochs", 1, NULL, 'e' }, { "seed", 1, NULL, 's' },
		{ "min-accuracy", 1, NULL, 'm' }, { "validate", 1, NULL, 'v' },
		{ "help", 0, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	unsigned long long v = 0;
	int c, bad = 0;

	while (!bad && (c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		if (c == 'd') {
			o->data = optarg;
		} else if (c == 'o') {
			o->out = optarg;
		} else if (c == 'e') {
			bad = number("epochs", optarg, 1, 10000, &v);
			o->epochs = (unsigned int)v;
		} else if (c == 's') {
			bad = number("seed", optarg, 0, ~0ull, &o->seed);
		} else if (c == 'm') {
			bad = number("min-accuracy", optarg, 0, 100, &v);
			o->min_accuracy = (double)v;
		} else if (c == 'v') {
			bad = number("validate", optarg, 1, DIGITS_HELD_OUT - 1, &v);
			o->validate = (unsigned int)v;
		} else {
			usage(c == 'h' ? stdout : stderr);
			return c == 'h' ? 0 : 2;
		}
	}
	if (!bad && optind < argc) {
		fprintf(stderr, "train_digits: error: unexpected '%s'\n",
			argv[optind]);
		bad = 1;
	}
	return bad ? 2 : -1;
}

int main(int argc, char **argv)
{
	struct options o = { "build/data/digits.csv", "build/data/digits.f32", 120, 0,
			     1, 96 };
	struct digits_data d;
	struct digits_model m;
	struct net net = { 0 };
	char err[512];
	int ret = parse_options(argc, argv, &o);

	if (ret >= 0)
		return ret;
	if (digits_data_load(&d, o.data, err, sizeof(err)) ||
	    digits_model_create(&m, shapes, sizeof(shapes) / sizeof(shapes[0]),
				err, sizeof(err))) {
		fprintf(stderr, "train_digits: error: %s\n", err);
		return 1;
	}
	ret = run(&o, &d, &m, &net);
	net_free(&net);
	digits_model_free(&m);
	digits_data_free(&d);
	return ret;
}
