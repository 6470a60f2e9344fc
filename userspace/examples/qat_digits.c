// SPDX-License-Identifier: MIT
/*
 * Quantization-aware training, complete: the digits network in float, quantized to
 * 8, 4 and 3 bits after training, then trained with fake quantization, and what each
 * way costs. All accuracies but the float one are those of integers on the device,
 * where every output of every layer is compared with the CPU fallback.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "digits/net.h"
#include "digits/qat_net.h"
#include "digits/qat_run.h"

#define VALIDATE (5 * QAT_BATCH)
#define CALIBRATE 200u

/* What a row of the table has. */
enum way { MINMAX, MSE, OBSERVED, LEARNED, WAYS };

static const char *const way_names[WAYS] = { "PTQ min-max", "PTQ mse", "QAT observed",
					     "QAT learned" };

struct row {
	uint32_t bits;
	struct qat_result way[WAYS];
};

struct example {
	const char *data_path, *model_path;
	enum octet_backend backend;
	unsigned int epochs, delay, train;
	bool validate;
	float lr;
	struct digits_data data;
	struct digits_model model;
	struct octet_ctx *device, *cpu;
	size_t n_train, end; /* images to train on; then those that are judged */
	size_t float_right;
	uint64_t seed;
	struct row rows[3];
	size_t n_rows;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void usage(FILE *f)
{
	fputs("usage: qat_digits [options]\n"
	      "Quantizes the digits network to 8, 4 and 3 bits, after training and by\n"
	      "quantization-aware training, and runs both on the device.\n"
	      "  --backend B   drm (default): the device; sim: the hardware model\n"
	      "  --data FILE   images, build/data/digits.csv\n"
	      "  --model FILE  float model, build/data/digits.f32\n"
	      "  --bits B      2 to 8: this width alone\n"
	      "  --train N     train the float model here, N epochs, instead of reading it\n"
	      "  --epochs N    of quantization-aware training (24)\n"
	      "  --delay N     of these in float, while observers watch (2)\n"
	      "  --rate R      largest learning rate (0.003)\n"
	      "  --seed N      of order, distortion and weights (1)\n"
	      "  --validate    judge by the last 300 training images, which are left out\n"
	      "Exit: 0 PASS, 1 FAIL, 2 it could not run.\n", f);
}

/* A number of digits alone; 0, which no option allows, for anything else. */
static unsigned int number(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && digits < 9 && !text[digits] ? (unsigned int)strtoul(text, NULL, 10) : 0;
}

static int wrong(const char *what, const char *value, const char *rule)
{
	fprintf(stderr, "qat_digits: %s %s: %s\n", what, value, rule);
	return -EINVAL;
}

static int set_number(const char *name, const char *text, unsigned int *to)
{
	*to = number(text);
	return *to ? 0 : wrong(name, text, "must be a number of at least 1");
}

static int set_backend(struct example *x)
{
	if (octet_backend_parse(optarg, &x->backend) ||
	    (x->backend != OCTET_BACKEND_DRM && x->backend != OCTET_BACKEND_SIM))
		return wrong("--backend", optarg, "drm or sim");
	return 0;
}

static int set_option(struct example *x, int c)
{
	unsigned int v = 0;
	char *end;
	int ret = 0;

	switch (c) {
	case 'b':
		return set_backend(x);
	case 'd':
		x->data_path = optarg;
		return 0;
	case 'm':
		x->model_path = optarg;
		return 0;
	case 't':
		return set_number("--train", optarg, &x->train);
	case 'e':
		return set_number("--epochs", optarg, &x->epochs);
	case 'y':
		return set_number("--delay", optarg, &x->delay);
	case 'w':
		x->rows[0].bits = number(optarg);
		x->n_rows = 1;
		return x->rows[0].bits >= 2 && x->rows[0].bits <= 8 ?
		       0 : wrong("--bits", optarg, "must be 2 to 8");
	case 's':
		ret = set_number("--seed", optarg, &v);
		x->seed = v;
		return ret;
	case 'r':
		x->lr = strtof(optarg, &end);
		if (*end || !(x->lr > 0 && x->lr < 1))
			return wrong("--rate", optarg, "must lie between 0 and 1");
		return 0;
	case 'v':
		x->validate = true;
		return 0;
	case 'h':
		usage(stdout);
		exit(0);
	}
	usage(stderr);
	return -EINVAL;
}

static int parse(int argc, char **argv, struct example *x)
{
	static const struct option options[] = {
		{ "backend", required_argument, NULL, 'b' },
		{ "data", required_argument, NULL, 'd' },
		{ "model", required_argument, NULL, 'm' },
		{ "bits", required_argument, NULL, 'w' },
		{ "train", required_argument, NULL, 't' },
		{ "epochs", required_argument, NULL, 'e' },
		{ "delay", required_argument, NULL, 'y' },
		{ "rate", required_argument, NULL, 'r' },
		{ "seed", required_argument, NULL, 's' },
		{ "validate", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c, ret = 0;

	while (!ret && (c = getopt_long(argc, argv, "h", options, NULL)) != -1)
		ret = set_option(x, c);
	if (!ret && optind != argc)
		ret = wrong("argument", argv[optind], "is one too many");
	if (!ret && x->delay >= x->epochs)
		ret = wrong("--delay", "and --epochs", "the delay must be shorter");
	return ret;
}

/* Random weights in the shapes of the model, trained in float by the same graph. */
static int train_float(struct example *x)
{
	struct qat_plan p = { .bits = 8, .epochs = x->train, .delay = x->train + 1, .lr = 3e-3f,
			      .seed = x->seed, .n = x->n_train };
	uint64_t rng = x->seed + 1;
	struct qat_net net;
	int ret;

	for (uint32_t i = 0; i < x->model.n_layers; i++) {
		struct digits_layer *l = &x->model.layers[i];
		size_t n = digits_layer_weights(l);
		float limit = sqrtf(6.0f * (float)l->out_c / (float)n);

		for (size_t k = 0; k < n; k++)
			l->weights[k] = (2 * rng_unit(&rng) - 1) * limit;
		memset(l->bias, 0, l->out_c * sizeof(float));
	}
	ret = qat_net_new(&net, &x->model, 8, QAT_LEARNED);
	if (ret)
		return ret;
	ret = qat_train(&net, &x->data, &p);
	for (uint32_t i = 0; !ret && i < net.n_layers; i++) {
		memcpy(x->model.layers[i].weights, net.layers[i].w.v,
		       net.layers[i].w.n * sizeof(float));
		memcpy(x->model.layers[i].bias, net.layers[i].b.v,
		       net.layers[i].b.n * sizeof(float));
	}
	qat_net_free(&net);
	return ret;
}

static int float_accuracy(struct example *x)
{
	float in[DIGITS_PIXELS];
	float *acts = calloc(digits_model_acts(&x->model), sizeof(*acts));

	if (!acts)
		return -ENOMEM;
	for (size_t i = x->n_train; i < x->end; i++) {
		digits_data_input(&x->data, i, in);
		x->float_right += digits_argmax(digits_model_forward(&x->model, in, acts),
						DIGITS_CLASSES) == x->data.labels[i];
	}
	free(acts);
	return 0;
}

static int prepare(struct example *x)
{
	OCTET_OPTS(octet_open_opts, o);
	char err[256] = "";
	int ret = digits_data_load(&x->data, x->data_path, err, sizeof(err));

	if (!ret)
		ret = digits_model_load(&x->model, x->model_path, err, sizeof(err));
	o.errbuf = err;
	o.errbuf_size = sizeof(err);
	o.backend = x->backend;
	if (!ret)
		ret = octet_open(&x->device, &o);
	o.backend = OCTET_BACKEND_CPU;
	if (!ret)
		ret = octet_open(&x->cpu, &o);
	if (ret) {
		fprintf(stderr, "qat_digits: %s\n", err);
		return ret;
	}
	x->n_train = x->data.n_train - (x->validate ? VALIDATE : 0);
	x->end = x->validate ? x->data.n_train : x->data.n;
	ret = x->train ? train_float(x) : 0;
	return ret ? ret : float_accuracy(x);
}

static int run_way(struct example *x, uint32_t bits, enum way way, struct qat_result *r)
{
	struct qat_plan p = { .bits = bits, .epochs = x->epochs, .delay = x->delay, .lr = x->lr,
			      .ranges = way == OBSERVED ? QAT_OBSERVED : QAT_LEARNED,
			      .seed = x->seed, .n = x->n_train };
	struct qat_net net;
	int ret = qat_net_new(&net, &x->model, bits, p.ranges);

	if (ret)
		return ret;
	if (way == OBSERVED || way == LEARNED)
		ret = qat_train(&net, &x->data, &p);
	else
		ret = qat_post_training(&net, &x->data, CALIBRATE,
					way == MSE ? OCTET_OBSERVE_MSE : OCTET_OBSERVE_MINMAX);
	if (ret)
		fprintf(stderr, "qat_digits: %u bits, %s: %s\n", bits, way_names[way],
			octet_strerror(ret));
	if (!ret)
		ret = qat_run(x->device, x->cpu, &net, &x->data, x->n_train, x->end, r);
	qat_net_free(&net);
	return ret;
}

static int run(struct example *x)
{
	int ret = 0;

	for (size_t i = 0; i < x->n_rows; i++)
		for (int w = 0; !ret && w < WAYS; w++)
			ret = run_way(x, x->rows[i].bits, (enum way)w, &x->rows[i].way[w]);
	return ret;
}

static double percent(size_t part, size_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static size_t best_ptq(const struct row *r)
{
	return r->way[MSE].right > r->way[MINMAX].right ? r->way[MSE].right :
							  r->way[MINMAX].right;
}

/*
 * Learned ranges against the better of the two without training. Of 8 bits they may lose
 * one image in a hundred; of fewer they win back half of what is lost, at least.
 */
static bool row_good(const struct example *x, const struct row *r)
{
	size_t ptq = best_ptq(r), qat = r->way[LEARNED].right;
	bool good = true;

	for (int w = 0; w < WAYS; w++)
		good = good && !r->way[w].mismatches;
	if (r->bits >= 8 || ptq >= x->float_right)
		return good && qat + r->way[LEARNED].images / 100 >= ptq;
	return good && qat >= ptq + (x->float_right - ptq + 1) / 2;
}

static int print(const struct example *x, double seconds)
{
	size_t images = x->end - x->n_train;
	uint64_t outputs = 0, mismatches = 0, off = 0;
	bool pass = true;

	printf("%zu %s images, percent right\n\n  bits    float", images,
	       x->validate ? "validation" : "held-out");
	for (int w = 0; w < WAYS; w++)
		printf("  %12s", way_names[w]);
	puts("   codes off (at most)");
	for (size_t i = 0; i < x->n_rows; i++) {
		const struct row *r = &x->rows[i];

		printf("  %4u  %7.2f", r->bits, percent(x->float_right, images));
		for (int w = 0; w < WAYS; w++) {
			printf("  %12.2f", percent(r->way[w].right, images));
			outputs += r->way[w].outputs;
			mismatches += r->way[w].mismatches;
			off += r->way[w].off;
		}
		printf("   %" PRIu64 " (%d), answers %zu\n", r->way[LEARNED].off,
		       r->way[LEARNED].most, r->way[LEARNED].answers_off);
		pass = pass && row_good(x, r);
	}
	printf("\n  All but float: integers on %s. Codes off: of QAT learned, between these and\n"
	       "  the floats of the training graph, all layers. %" PRIu64 " of %" PRIu64
	       " in all. %.0f s\n\n", octet_backend_name(x->backend), off, outputs, seconds);
	printf("qat%s: %s float=%.2f%%", x->backend == OCTET_BACKEND_DRM ? "" : " (sim)",
	       pass ? "PASS" : "FAIL", percent(x->float_right, images));
	for (size_t i = 0; i < x->n_rows; i++)
		printf(" ptq%u=%.2f%% qat%u=%.2f%%", x->rows[i].bits,
		       percent(best_ptq(&x->rows[i]), images), x->rows[i].bits,
		       percent(x->rows[i].way[LEARNED].right, images));
	printf(" outputs=%" PRIu64 " mismatches=%" PRIu64 "\n", outputs, mismatches);
	return pass ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct example x = {
		.data_path = "build/data/digits.csv",
		.model_path = "build/data/digits.f32",
		.backend = OCTET_BACKEND_DRM,
		.epochs = 24, .delay = 2, .lr = 3e-3f, .seed = 1,
		.rows = { { .bits = 8 }, { .bits = 4 }, { .bits = 3 } },
		.n_rows = 3,
	};
	double start = now();
	int ret = parse(argc, argv, &x), verdict = 2;

	if (ret)
		return 2;
	ret = prepare(&x);
	if (!ret)
		ret = run(&x);
	if (!ret)
		verdict = print(&x, now() - start);
	else
		puts("qat: FAIL it could not run, see above");
	octet_close(x.device);
	octet_close(x.cpu);
	digits_model_free(&x.model);
	digits_data_free(&x.data);
	return verdict;
}
